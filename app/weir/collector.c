// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/collector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "weir/config/config_plan.h"
#include "base/carve.h"
#include "weir/config/database.h"
#include "weir/output/event_pcap.h"
#include "weir/output/exporter.h"
#include "weir/output/feed_replay.h"
#include "weir/output/forward.h"
#include "weir/output/publish.h"
#include "weir/config/resolver.h"
#include "weir/rest/rest.h"
#include "weir/util/clock.h"
#include "weir/util/log.h"
#include "weir/input/replay.h"
#include "weir/report.h"

// A worker leaves within the longest wait of its input (0.1 s); an lcore that has not come back
// after so long hangs.
#define JOIN_TIMEOUT (2 * CLOCK_NS_PER_S)

// The same secrets on every run make a replay the same, bit for bit. A capture is nobody's attack.
#define REPLAY_SEED UINT64_C(0x7765697220302e31)

static int plan_memory(struct collector *c, struct err_msg *msg);
static int start_eal(struct collector *c, struct err_msg *msg);
static int make_workers(struct collector *c, uint64_t seed, struct err_msg *msg);
static int make_analyzer(struct collector *c, uint64_t seed, struct err_msg *msg);
static int make_traces(struct collector *c, struct err_msg *msg);
static int open_feed(struct collector *c, struct err_msg *msg);
// Read by the stats socket at any time.
static void tell_memory(struct collector *c)
{
	const uint64_t bytes[COLLECTOR_PARTS] = {memory_of_workers(&c->memory), c->memory.buffers,
						 c->memory.analyzer, c->memory.headers};
	static const char *const names[COLLECTOR_PARTS] = {"workers", "packet_buffers", "analyzer",
							   "event_headers"};
	for (unsigned i = 0; i < COLLECTOR_PARTS; i++) {
		c->part[i].name = names[i];
		__atomic_store_n(&c->part[i].bytes, bytes[i], __ATOMIC_RELAXED);
	}
}

static void on_change(void *collector, const struct program *program)
{
	struct collector *c = collector;
	if (c->publish != NULL)
		publish_program(c->publish, program);
	exporter_program(c->exporter, program);
	memory_change(&c->memory, c->config, program, c->analyzer);
	tell_memory(c);
}

static int make_aggregator(struct collector *c, struct err_msg *msg);
static int make_control(struct collector *c, const struct collector_loader *loader, uint64_t seed,
			struct err_msg *msg);
static int open_stats_socket(struct collector *c, struct err_msg *msg);

static uint64_t choose_seed(const struct collector *c)
{
	uint64_t seed = REPLAY_SEED;
	if (!c->replay && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed ^= clock_realtime();
	return seed;
}

static void set_log_level(const struct config *config)
{
	static const uint32_t levels[] = {
		[CONFIG_LOG_ERROR] = RTE_LOG_ERR,     [CONFIG_LOG_WARNING] = RTE_LOG_WARNING,
		[CONFIG_LOG_NOTICE] = RTE_LOG_NOTICE, [CONFIG_LOG_INFO] = RTE_LOG_INFO,
		[CONFIG_LOG_DEBUG] = RTE_LOG_DEBUG,
	};
	log_set_level(levels[config->log_level]);
}

int collector_open(struct collector *c, const struct config *config,
		   const struct collector_loader *loader, struct err_msg *msg)
{
	*c = (struct collector){.config = config, .ended = -1};
	set_log_level(config);
	c->replay = inputs_are_replay(config);
	c->run = c->replay ? 0 : clock_realtime();
	c->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const uint64_t seed = choose_seed(c);
	int err = rights_plan(&c->rights, config, msg);
	if (err == 0)
		err = plan_memory(c, msg);
	if (err != 0)
		return err;
	c->inputs = inputs_open(config, msg);
	if (c->inputs == NULL)
		return ERR_IO;
	c->n_workers = inputs_workers(c->inputs);
	err = make_workers(c, seed, msg);
	if (err == 0) {
		c->rest = rest_new(c, msg); // knows how far the numbers of events are
		err = c->rest != NULL ? make_analyzer(c, seed, msg) : ERR_IO;
	}
	if (err == 0 && config->event_headers > 0)
		err = make_traces(c, msg);
	if (err == 0)
		err = open_feed(c, msg);
	if (err == 0)
		err = make_aggregator(c, msg);
	if (err == 0)
		err = make_control(c, loader, seed, msg);
	return err == 0 ? open_stats_socket(c, msg) : err;
}

static int put_targets(struct forward *f, const struct forward_target *targets, size_t n,
		       const char *what, struct err_msg *msg)
{
	int err = 0;
	for (size_t i = 0; i < n && err == 0; i++)
		err = forward_put(f, &targets[i], msg);
	if (err != 0)
		err_prefix(msg, what);
	return err;
}

static int start_forwarding(struct collector *c, struct err_msg *msg)
{
	const struct config *set = c->config;
	c->forward = forward_new(
		c->worker, c->n_workers, c->inputs,
		&(struct feed_tls){set->relay_certificate, set->relay_key, set->relay_ca});
	if (c->forward == NULL)
		return err_set(msg, ERR_MEMORY, "forwarding: out of memory");
	const int err =
		put_targets(c->forward, set->forwarding, set->n_forwarding, "forwarding", msg);
	return err == 0 ? put_targets(c->forward, set->tenants, set->n_tenants, "tenants", msg)
			: err;
}

// The aggregator first: it opens the interval that the workers fill. Last what works on devices
// beside them, with what rights are left then.
int collector_start(struct collector *c, struct err_msg *msg)
{
	if (c->config->dns && resolver_start(NULL, msg) != 0)
		return ERR_IO;
	int err = inputs_start(c->inputs, msg);
	if (err == 0)
		err = aggregator_start(c->aggregator, msg);
	if (err != 0)
		return err;
	c->started = true;
	for (uint32_t i = 0; i < c->n_workers; i++) {
		const struct worker_input *in = inputs_worker(c->inputs, i);
		if (eal_launch(&c->eal, in->slot, worker_run, c->worker[i]) != 0)
			return err_set(msg, ERR_IO, "cannot launch lcore %u",
				       c->eal.worker[in->slot].id);
		c->n_launched++;
		LOG(INFO, MAIN, "worker %u on lcore %u (CPU %u): %s", i, c->eal.worker[in->slot].id,
		    c->eal.worker[in->slot].cpu, in->name);
	}
	err = start_forwarding(c, msg);
	if (err == 0)
		err = rest_start(c->rest, msg);
	if (err == 0)
		err = rights_give_up(&c->rights, c->config, msg);
	return err == 0 ? inputs_begin(c->inputs, msg) : err;
}

bool collector_stop(struct collector *c, const char *reason)
{
	for (uint32_t i = 0; i < c->n_launched; i++)
		worker_stop(c->worker[i]);
	for (uint32_t i = 0; i < c->n_launched; i++) {
		const struct worker_input *in = inputs_worker(c->inputs, i);
		if (eal_join(&c->eal, in->slot, JOIN_TIMEOUT))
			continue;
		LOG(ERR, MAIN, "worker %u (%s) does not leave its loop", i, in->name);
		return false;
	}
	c->n_launched = 0;
	if (c->started)
		aggregator_stop(c->aggregator);
	c->started = false;
	rest_stop(c->rest);
	forward_free(c->forward);
	c->forward = NULL;
	if (c->publish != NULL)
		publish_close(c->publish, reason);
	c->publish = NULL;
	return true;
}

void collector_close(struct collector *c)
{
	telemetry_stop();
	feed_replay_close(c->replayer);
	control_free(c->control);
	aggregator_free(c->aggregator);
	exporter_free(c->exporter);
	report_free(c->report);
	rest_free(c->rest);
	event_pcap_free(c->pcap);
	free(c->trace);
	free(c->trace_memory);
	analyzer_free(c->analyzer);
	for (uint32_t i = 0; c->worker != NULL && i < c->n_workers; i++)
		if (c->worker[i] != NULL)
			worker_fini(c->worker[i]);
	inputs_close(c->inputs);
	for (uint32_t i = 0; i < c->n_taken; i++)
		memory_give(c->taken[i]);
	free(c->taken);
	free(c->worker);
	free(c->spare);
	eal_stop(&c->eal);
	resolver_stop();
	database_clear();
	if (c->ended >= 0)
		close(c->ended);
}

static int plan_memory(struct collector *c, struct err_msg *msg)
{
	struct program *program = config_compile(c->config, msg);
	if (program == NULL)
		return ERR_INVALID;
	memory_plan(&c->memory, c->config, program);
	int err = start_eal(c, msg);
	if (err == 0 && c->rights.user != NULL && eal_memory_takes_root(&c->eal))
		err = err_set(msg, ERR_PERMISSION,
			      "user: without an IOMMU only root can take hugepages for new "
			      "definitions: enable it (`weirctl doctor`), or leave `user` out");
	if (err == 0)
		memory_log(&c->memory, c->config, program);
	program_free(program);
	return err;
}

static int start_eal(struct collector *c, struct err_msg *msg)
{
	const struct config *config = c->config;
	uint32_t *wish = calloc(config_workers(config), sizeof(*wish));
	cpu_set_t *near = calloc(config_workers(config), sizeof(*near));
	uint32_t n_devices = 0;
	while (inputs_device(config, n_devices) != NULL)
		n_devices++;
	const char **device = calloc(n_devices + 1, sizeof(*device));
	struct eal_config e = {
		.file_prefix = config->file_prefix,
		.hugepages = c->memory.hugepages,
		.memory = memory_of_eal(&c->memory),
		.cpus = config->lcores.at,
		.n_cpus = config->lcores.n,
		.wish = wish,
		.near = near,
		.n_workers = config_workers(config),
		.device = device,
		.extra = config->eal.at,
		.n_extra = config->eal.n,
	};
	int err = ERR_MEMORY;
	if (wish != NULL && near != NULL && device != NULL) {
		inputs_wishes(config, wish);
		inputs_near(config, near);
		for (uint32_t i = 0; i < n_devices; i++)
			device[e.n_devices++] = inputs_device(config, i);
		err = eal_start(&c->eal, &e, msg);
	}
	free(wish);
	free(near);
	free(device);
	return err;
}

// Memory on a socket, remembered so that it can be given back. NULL with a message.
static void *take(struct collector *c, size_t size, int socket, const char *what,
		  struct err_msg *msg)
{
	void *mem = memory_take(&c->memory, size, socket, what, msg);
	if (mem != NULL)
		c->taken[c->n_taken++] = mem;
	return mem;
}

static int make_worker(struct collector *c, uint32_t i, struct bank_config *bank,
		       const struct intake_policy *policy, struct err_msg *msg)
{
	const struct worker_input *in = inputs_worker(c->inputs, i);
	const int socket = eal_socket(&c->eal, in->slot);
	if (in->socket >= 0 && in->socket != socket)
		LOG(WARNING, MAIN, "%s is on NUMA socket %d, its worker on %d: slower", in->name,
		    in->socket, socket);
	void *worker = take(c, c->memory.worker, socket, "worker", msg);
	void *intake = take(c, c->memory.intake, socket, "registry", msg);
	void *first = take(c, bank_shell_size(bank), socket, "bank", msg);
	void *second = take(c, bank_shell_size(bank), socket, "bank", msg);
	if (worker == NULL || intake == NULL || first == NULL || second == NULL)
		return ERR_MEMORY;
	c->worker[i] = worker;
	const struct worker_config w = {
		.id = i,
		.input = in->input,
		.intake = intake_init(intake, bank, policy, worker_stats(worker)),
		.bank = bank_shell_init(first, bank),
		.cycles_hz = rte_get_tsc_hz(),
		.max_nap = (uint64_t)llround(c->config->nap * 1e9),
		.sheds = c->config->shedding,
	};
	worker_init(worker, &w);
	c->spare[i] = bank_shell_init(second, bank);
	if (in->replay != NULL)
		replay_bind(in->replay, w.intake);
	return 0;
}

static int make_workers(struct collector *c, uint64_t seed, struct err_msg *msg)
{
	struct bank_config bank = {0};
	struct intake_policy policy;
	config_bank(c->config, &bank);
	config_policy(c->config, &policy);
	hash_secret_init(&bank.secret, seed);
	c->worker = calloc(c->n_workers, sizeof(struct worker *));
	c->spare = calloc(c->n_workers, sizeof(struct bank *));
	c->taken = calloc(c->n_workers, 4 * sizeof(void *));
	if (c->worker == NULL || c->spare == NULL || c->taken == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (uint32_t i = 0; i < c->n_workers; i++) {
		bank.seed = seed + i;
		const int err = make_worker(c, i, &bank, &policy, msg);
		if (err != 0)
			return err;
	}
	return 0;
}

static int make_analyzer(struct collector *c, uint64_t seed, struct err_msg *msg)
{
	struct analyzer_config a = {0};
	config_analyzer(c->config, &a);
	hash_secret_init(&a.secret, seed);
	a.n_workers = c->n_workers;
	a.seed = seed;
	a.advise = memory_advice(&c->memory);
	a.last_event = record_log_next(c->rest->events) - 1;
	static const struct program nothing; // control_new() says what
	c->analyzer = analyzer_new(&a, &nothing, NULL, 0, msg);
	return c->analyzer != NULL ? 0 : ERR_MEMORY;
}

static int make_traces(struct collector *c, struct err_msg *msg)
{
	const size_t size = trace_ring_size(c->config->event_headers);
	c->trace_memory = calloc(1, c->n_workers * size + CARVE_ALIGN);
	c->trace = calloc(c->n_workers, sizeof(struct trace_ring *));
	if (c->trace_memory == NULL || c->trace == NULL)
		return err_set(msg, ERR_MEMORY, "event_headers: %zu bytes are not to be had",
			       c->n_workers * size);
	memory_advice (&c->memory)(c->trace_memory, c->n_workers * size);
	uint8_t *at = carve_start(c->trace_memory);
	for (uint32_t i = 0; i < c->n_workers; i++, at += size)
		c->trace[i] = trace_ring_init(at, c->config->event_headers);
	c->pcap = event_pcap_new(c->trace, c->n_workers, c->config->event_log, msg);
	return c->pcap != NULL ? 0 : ERR_MEMORY;
}

static int open_feed(struct collector *c, struct err_msg *msg)
{
	const struct config *config = c->config;
	const struct publish_config p = {
		.urls = config->feed.at,
		.n_urls = config->feed.n,
		.tls = {config->feed_certificate, config->feed_key, config->feed_client_ca},
		.queue = config->feed_queue,
		.interval = (uint64_t)llround(config->feed_interval * 1e9),
		.run = c->run,
	};
	c->publish = publish_open(&p, NULL, msg);
	if (c->publish == NULL)
		return ERR_IO;
	const struct feed_replay_config f = {.urls = p.urls,
					     .n_urls = p.n_urls,
					     .tls = p.tls,
					     .run = c->run,
					     .events = c->rest->events,
					     .capacity = config->event_log};
	c->replayer = feed_replay_open(&f, msg);
	if (c->replayer == NULL)
		return ERR_IO;
	c->report = report_new(c, msg);
	c->exporter = exporter_new();
	if (c->exporter == NULL)
		err_set(msg, ERR_MEMORY, "IPFIX: out of memory");
	return c->report != NULL && c->exporter != NULL ? 0 : ERR_MEMORY;
}

static void on_end(void *collector)
{
	const struct collector *c = collector;
	eventfd_write(c->ended, 1);
}

static void on_tick(void *collector, const struct tick *tick)
{
	struct collector *c = collector;
	if (c->pcap != NULL)
		event_pcap_tick(c->pcap, c->analyzer, tick); // the record of an event counts them
	// Logged before it is published: who subscribes and then asks what he missed gets every
	// event by one way or both, and tells them apart by their numbers.
	rest_tick(c->rest, tick);
	report_tick(c->report, tick);
	exporter_tick(c->exporter, clock_monotonic());
}

static void on_completed(void *collector, uint32_t def, const struct tick *tick)
{
	struct collector *c = collector;
	report_completed(c->report, def);
	rest_completed(c->rest, def, tick);
	exporter_flows(c->exporter, c->analyzer, def, (int64_t)(tick->wall - tick->end),
		       clock_monotonic());
}

static int make_aggregator(struct collector *c, struct err_msg *msg)
{
	const struct config *config = c->config;
	c->start = c->replay ? inputs_first(c->inputs) : clock_monotonic();
	const struct aggregator_config a = {
		.n_workers = c->n_workers,
		.worker = c->worker,
		.spare = c->spare,
		.analyzer = c->analyzer,
		.trace = c->trace,
		.n_threads = config->aggregators,
		.tick = (uint64_t)llround(config->tick * 1e9),
		.max_events = config->events,
		.replay = c->replay,
		.start = c->start,
		.speed = c->replay ? config->inputs[0].speed : 0,
		.cpus = &c->eal.control,
		.publish = on_tick,
		.completed = on_completed,
		.changed = on_change,
		.ended = on_end,
		.ctx = c,
	};
	c->aggregator = aggregator_new(&a, msg);
	if (c->aggregator == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < c->n_workers; i++)
		c->worker[i]->wake = aggregator_wake(c->aggregator);
	return 0;
}

static void *take_table(void *collector, uint32_t worker, size_t size, struct err_msg *msg)
{
	const struct collector *c = collector;
	const int socket = eal_socket(&c->eal, inputs_worker(c->inputs, worker)->slot);
	return memory_take_table(&c->memory, size, socket, msg);
}

static void give_table(void *collector, void *mem)
{
	const struct collector *c = collector;
	memory_give_table(&c->memory, mem);
}

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	LOG(WARNING, MAIN, "%s", text);
}

static int make_control(struct collector *c, const struct collector_loader *loader, uint64_t seed,
			struct err_msg *msg)
{
	struct control_config k = {
		.config = c->config,
		.aggregator = c->aggregator,
		.analyzer = c->analyzer,
		.n_workers = c->n_workers,
		.take = take_table,
		.give = give_table,
		.warn = warn,
		.load = loader->load,
		.ctx = c,
		.load_ctx = loader->ctx,
	};
	config_bank(c->config, &k.bank);
	hash_secret_init(&k.bank.secret, seed);
	k.bank.seed = seed;
	c->control = control_new(&k, msg);
	return c->control != NULL ? 0 : ERR_MEMORY;
}

static int open_stats_socket(struct collector *c, struct err_msg *msg)
{
	c->telemetry = (struct telemetry_config){
		.analyzer = c->analyzer,
		.aggregator = c->aggregator,
		.worker = c->worker,
		.n_workers = c->n_workers,
		.inputs = c->inputs,
		.exporter = c->exporter,
		.memory = c->part,
		.n_memory = COLLECTOR_PARTS,
	};
	return telemetry_start(&c->telemetry, msg);
}
