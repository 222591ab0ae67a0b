// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/eal.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_pdump.h>

#include "base/strbuf.h"
#include "weir/util/clock.h"
#include "weir/util/log.h"

enum {
	MEGABYTE = 1 << 20,
	ARGUMENTS = 32, // of our own, at most, beside two per device
};

// Arguments for EAL, each a string of its own: EAL only reorders the array.
struct arguments {
	char **at;
	int n;
	int max;
	bool failed;
};

static bool is_shared(const struct eal_config *c);
static int check_hugepages(uint64_t needed, struct err_msg *msg);
static int build_arguments(struct eal *e, const struct eal_config *c, struct err_msg *msg);
static int init(struct eal *e, const struct eal_config *c, struct err_msg *msg);

int eal_start(struct eal *e, const struct eal_config *config, struct err_msg *msg)
{
	cpu_set_t may;
	*e = (struct eal){0};
	CPU_ZERO(&may);
	sched_getaffinity(0, sizeof(may), &may);
	int err = eal_plan(e, config, &may, msg);
	if (err == 0 && config->hugepages)
		err = check_hugepages(config->memory, msg);
	if (err == 0)
		err = build_arguments(e, config, msg);
	if (err == 0)
		err = init(e, config, msg);
	if (err != 0) {
		eal_stop(e);
		return err;
	}
	if (is_shared(config) && rte_pdump_init() != 0)
		LOG(WARNING, EAL, "dpdk-dumpcap cannot attach: %s", rte_strerror(rte_errno));
	return 0;
}

int eal_launch(const struct eal *e, uint32_t index, int (*function)(void *), void *arg)
{
	return rte_eal_remote_launch(function, arg, e->worker[index].id) == 0 ? 0 : ERR_INVALID;
}

bool eal_join(const struct eal *e, uint32_t index, uint64_t timeout)
{
	static const struct timespec nap = {.tv_nsec = 1000000};
	const uint64_t deadline = clock_monotonic() + timeout;
	while (rte_eal_get_lcore_state(e->worker[index].id) != WAIT) {
		if (clock_monotonic() > deadline)
			return false;
		nanosleep(&nap, NULL);
	}
	rte_eal_wait_lcore(e->worker[index].id);
	return true;
}

void eal_stop(struct eal *e)
{
	if (e->started)
		rte_eal_cleanup();
	e->started = false;
	for (char **a = e->arguments; a != NULL && *a != NULL; a++)
		free(*a);
	free(e->arguments);
	free(e->worker);
	e->arguments = NULL;
	e->worker = NULL;
}

bool eal_memory_takes_root(const struct eal *e)
{
	return e->started && rte_eal_has_hugepages() != 0 && rte_eal_iova_mode() == RTE_IOVA_PA;
}

int eal_socket(const struct eal *e, uint32_t index)
{
	return (int)rte_lcore_to_socket_id(e->worker[index].id);
}

// Free pages of one size ("hugepages-2048kB") in bytes.
static uint64_t free_hugepages(const char *name)
{
	char path[300];
	unsigned long n = 0;
	const unsigned long size = strtoul(name + strlen("hugepages-"), NULL, 10);
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/free_hugepages", name);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return (uint64_t)n * size * 1024;
}

uint64_t eal_free_hugepages(void)
{
	uint64_t found = 0;
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;)
		if (strncmp(d->d_name, "hugepages-", 10) == 0)
			found += free_hugepages(d->d_name);
	if (dir != NULL)
		closedir(dir);
	return found;
}

static int check_hugepages(uint64_t needed, struct err_msg *msg)
{
	const uint64_t found = eal_free_hugepages();
	if (found >= needed)
		return 0;
	return err_set(msg, ERR_MEMORY,
		       "hugepages: %lu MB free, %lu MB needed: run `sysctl -w vm.nr_hugepages=%lu` "
		       "as root",
		       (unsigned long)(found / MEGABYTE), (unsigned long)(needed / MEGABYTE) + 1,
		       (unsigned long)(needed / (2 * MEGABYTE)) + 1);
}

static void add(struct arguments *a, const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL || a->n == a->max) {
		free(copy);
		a->failed = true;
		return;
	}
	a->at[a->n++] = copy;
}

__attribute__((format(printf, 2, 3))) static void add_fmt(struct arguments *a, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(a, text);
}

bool eal_is_pci(const char *device)
{
	return strspn(device, "0123456789abcdefABCDEF:.") == strlen(device);
}

static bool mentions(const struct eal_config *c, const char *option)
{
	for (uint32_t i = 0; i < c->n_extra; i++)
		if (strncmp(c->extra[i], option, strlen(option)) == 0)
			return true;
	return false;
}

static void add_lcores(struct arguments *a, const struct eal *e)
{
	// "0@(0,3),1@1,": at most 11 characters for each CPU and 23 for each lcore.
	const size_t size = 32 + (size_t)e->n_control * 12 + (size_t)e->n_workers * 24;
	char *text = malloc(size);
	if (text == NULL) {
		a->failed = true;
		return;
	}
	struct strbuf b = strbuf_of(text, size);
	strbuf_fmt(&b, "--lcores=%u@(", e->main_lcore);
	for (uint32_t cpu = 0, n = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &e->control))
			strbuf_fmt(&b, "%s%u", n++ > 0 ? "," : "", cpu);
	strbuf_char(&b, ')');
	for (uint32_t i = 0; i < e->n_workers; i++)
		strbuf_fmt(&b, ",%u@%u", e->worker[i].id, e->worker[i].cpu);
	add(a, text);
	free(text);
	add_fmt(a, "--main-lcore=%u", e->main_lcore);
}

// True when secondary processes shall be able to attach.
static bool is_shared(const struct eal_config *c)
{
	return mentions(c, "--huge-dir") || mentions(c, "--proc-type");
}

static void add_memory(struct arguments *a, const struct eal_config *c)
{
	const bool shared = is_shared(c);
	if (c->hugepages) {
		if (!shared)
			add(a, "--in-memory");
		return;
	}
	add(a, "--no-huge");
	if (!shared)
		add(a, "--no-shconf");
	// EAL's own needs, the heap's overhead and what alignment wastes.
	add(a, "-m");
	add_fmt(a, "%lu", (unsigned long)(c->memory + c->memory / 16) / MEGABYTE + 64);
}

static void add_devices(struct arguments *a, const struct eal_config *c)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->n_devices; i++) {
		if (!eal_is_pci(c->device[i]))
			continue;
		add(a, "-a");
		add(a, c->device[i]);
		n++;
	}
	if (n > 0 || mentions(c, "-a") || mentions(c, "--allow"))
		return;
	add(a, "--no-pci");
	// Nobody needs physical addresses, which only root may ask the kernel for.
	if (!mentions(c, "--iova-mode"))
		add(a, "--iova-mode=va");
}

static int build_arguments(struct eal *e, const struct eal_config *c, struct err_msg *msg)
{
	struct arguments a = {.max = (int)(ARGUMENTS + 2 * c->n_devices + c->n_extra)};
	a.at = calloc((size_t)a.max + 1, sizeof(*a.at));
	e->arguments = a.at;
	if (a.at == NULL)
		return err_set(msg, ERR_MEMORY, "EAL: out of memory");
	add(&a, "weir");
	add_fmt(&a, "--file-prefix=%s", c->file_prefix);
	add_lcores(&a, e);
	add_memory(&a, c);
	add_devices(&a, c);
	for (uint32_t i = 0; i < c->n_extra; i++)
		add(&a, c->extra[i]);
	return a.failed ? err_set(msg, ERR_MEMORY, "EAL: out of memory for its arguments") : 0;
}

// The last line that EAL complained with, without its "EAL: ".
static void last_complaint(char *text, char *out, size_t size)
{
	const char *found = "no reason given";
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (strncmp(line, "EAL: ", 5) == 0 && strstr(line, "Error - exiting") == NULL)
			found = line + 5;
	snprintf(out, size, "%s", found);
}

static int explain(char *log, int why, struct err_msg *msg)
{
	char complaint[256];
	if (strstr(log, "Is another primary process running") != NULL)
		return err_set(msg, ERR_EXISTS,
			       "EAL: another process uses this file prefix: end it, or choose "
			       "another one (file_prefix)");
	last_complaint(log, complaint, sizeof(complaint));
	if (why == EACCES || why == EPERM)
		return err_set(
			msg, ERR_PERMISSION,
			"EAL: rights are missing: %s: run as root, or give the user rights on "
			"/dev/vfio and the hugepages",
			complaint);
	return err_set(msg, ERR_IO, "EAL does not start: %s (log_level: debug shows its lines)",
		       complaint);
}

static int init(struct eal *e, const struct eal_config *c, struct err_msg *msg)
{
	struct log_hold hold;
	int argc = 0;
	while (e->arguments[argc] != NULL)
		argc++;
	// EAL moves and replaces what it is given: it gets an array of its own.
	char **given = calloc((size_t)argc + 1, sizeof(*given));
	if (given == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	memcpy(given, e->arguments, (size_t)argc * sizeof(*given));
	log_hold(&hold);
	const int result = rte_eal_init(argc, given);
	const int why = rte_errno;
	log_release(&hold);
	e->started = result >= 0;
	char none[] = "";
	const int err = result >= 0 ? 0 : explain(hold.text != NULL ? hold.text : none, why, msg);
	free(hold.text);
	free(given);
	return err;
}
