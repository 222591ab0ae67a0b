// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "weir/config/config_plan.h"
#include "weir/config/config_tables.h"
#include "weir/output/event_pcap.h"
#include "weir/input/eal.h"
#include "weir/input/inputs.h"
#include "weir/util/log.h"
#include "weir/util/pages.h"
#include "weir/core/worker.h"

#define MEGABYTES(bytes) ((double)(bytes) / 0x1p20)

// Hardware writes to memory that must stay where it is.
static bool needs_hugepages(const struct config *c)
{
	const char *device;
	for (uint32_t i = 0; (device = inputs_device(c, i)) != NULL; i++)
		if (eal_is_pci(device))
			return true;
	return false;
}

void memory_plan(struct memory_plan *plan, const struct config *c, const struct program *program)
{
	struct bank_config bank = {0};
	struct analyzer_config analyzer = {0};
	config_bank(c, &bank);
	config_analyzer(c, &analyzer);
	*plan = (struct memory_plan){
		.n_workers = config_workers(c),
		.bank = bank_size(program, &bank),
		.intake = intake_size(&bank),
		.worker = sizeof(struct worker),
		.analyzer = analyzer_size(&analyzer, program, c->thresholds, c->n_thresholds),
		.tables = config_tables_size(c),
	};
	if (c->event_headers > 0)
		plan->captures = EVENT_PCAP_KEEP;
	if (c->event_headers > 0)
		plan->headers = plan->n_workers * c->event_headers + plan->captures;
	plan->populate = c->populate;
	plan->hugepages = c->hugepages;
	plan->buffers = inputs_memory(c, plan->hugepages);
	if (!c->hugepages || needs_hugepages(c) || eal_free_hugepages() >= memory_of_eal(plan))
		return;
	LOG(WARNING, MEMORY,
	    "no %.0f MB of free hugepages: going on without, slower; `sysctl -w "
	    "vm.nr_hugepages=%.0f` as root sets them aside, `hugepages: false` silences this",
	    MEGABYTES(memory_of_eal(plan)) + 1, MEGABYTES(memory_of_eal(plan)) / 2 + 1);
	plan->hugepages = false;
	plan->buffers = inputs_memory(c, false);
}

uint64_t memory_of_workers(const struct memory_plan *p)
{
	return p->n_workers * (uint64_t)(2 * p->bank + p->intake + p->worker);
}

uint64_t memory_of_eal(const struct memory_plan *plan)
{
	return memory_of_workers(plan) + plan->buffers;
}

// Bytes that the process has now; 0 when the kernel does not tell.
static uint64_t resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f == NULL)
		return 0;
	const int n = fscanf(f, "%*u %llu", &pages);
	fclose(f);
	return n == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void memory_log(const struct memory_plan *p, const struct config *c, const struct program *program)
{
	LOG(INFO, MEMORY, "%u workers x (2 banks of %.1f MB + registry of %.1f MB) = %.1f MB",
	    p->n_workers, MEGABYTES(p->bank), MEGABYTES(p->intake),
	    MEGABYTES(memory_of_workers(p)));
	LOG(INFO, MEMORY,
	    "a bank: %u definitions x %u entries, %u agents, %u sources, %.1f MB of counters "
	    "samples",
	    program->n_def, c->entries, c->agents, c->sources, MEGABYTES(c->counter_log));
	LOG(INFO, MEMORY, "merged: %u definitions x %u entries and the rest = %.1f MB",
	    program->n_def, c->store, MEGABYTES(p->analyzer));
	const size_t late = p->headers - p->captures;
	LOG(INFO, MEMORY,
	    "packet buffers %.1f MB, datagrams of late %.1f MB, groups and maps %.1f MB; in all "
	    "%.1f MB%s, %s",
	    MEGABYTES(p->buffers), MEGABYTES(late), MEGABYTES(p->tables),
	    MEGABYTES(memory_of_eal(p) + p->analyzer + late + p->tables),
	    p->hugepages ? "" : ", no hugepages",
	    p->populate ? "from the start" : "ordinary memory as it is used");
	LOG(INFO, MEMORY,
	    "beside, program, libraries and threads %.1f MB, captures of events at most %.1f MB",
	    MEGABYTES(resident()), MEGABYTES(p->captures));
}

void (*memory_advice(const struct memory_plan *plan))(void *mem, size_t size)
{
	return plan->populate ? pages_populate : pages_advise;
}

void *memory_take(const struct memory_plan *plan, size_t size, int socket, const char *what,
		  struct err_msg *msg)
{
	void *mem = rte_zmalloc_socket(what, size, WORKER_ALIGN, socket);
	if (mem == NULL)
		err_set(msg, ERR_MEMORY,
			"no %.1f MB for a %s on NUMA socket %d: %s: lower `entries`, `agents` or "
			"`sources`, or set more hugepages aside",
			MEGABYTES(size), what, socket, rte_strerror(rte_errno));
	else if (!plan->hugepages)
		memory_advice(plan)(mem, size);
	return mem;
}

void memory_give(void *mem)
{
	rte_free(mem);
}

void memory_change(struct memory_plan *plan, const struct config *c, const struct program *program,
		   const struct analyzer *analyzer)
{
	struct bank_config bank = {0};
	config_bank(c, &bank);
	plan->bank = bank_size(program, &bank);
	plan->analyzer = analyzer_memory(analyzer);
}

void *memory_take_table(const struct memory_plan *plan, size_t size, int socket,
			struct err_msg *msg)
{
	if (plan->hugepages)
		return memory_take(plan, size, socket, "table", msg);
	// calloc(3) takes large blocks zeroed from the system, page by page as they are used.
	uint8_t *block = calloc(1, size + 2 * WORKER_ALIGN);
	if (block == NULL) {
		err_set(msg, ERR_MEMORY, "no %.1f MB for a table: lower `entries`",
			MEGABYTES(size));
		return NULL;
	}
	memory_advice(plan)(block, size + 2 * WORKER_ALIGN);
	void **mem = (void **)(void *)(block + 2 * WORKER_ALIGN - (uintptr_t)block % WORKER_ALIGN);
	mem[-1] = block;
	return mem;
}

void memory_give_table(const struct memory_plan *plan, void *mem)
{
	if (plan->hugepages)
		memory_give(mem);
	else
		free(((void **)mem)[-1]);
}
