// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "rig.h"

#include <string.h>

#include "weir/config/config_plan.h"
#include "sflow/encode.h"
#include "sflow/sflow.h"
#include "weir/util/clock.h"

enum {
	RATE = 256,
	SOURCES = 5,
	SHARED_AGENT = 99,
	N_DEFS = 3,
	TRACE_BYTES = 64 * 4096, // of a worker
};

// Small tables, so that labels are drawn by lot all the time: totals must hold all the same.
static const char settings[] =
	"inputs: [{socket: 127.0.0.1, workers: 4}]\n"
	"entries: 64\nagents: 64\nsources: 256\ncounter_log: 4096\n"
	"store: 512\ntop: 16\ntriggered: 16\nevents: 16\n"
	"flows:\n"
	"  pair: {keys: 'ipsource,ipdestination', value: bytes, n: 5, t: 2}\n"
	"  source: {keys: ipsource, value: frames, n: 5, t: 1}\n"
	"  port: {keys: '', value: bytes, n: 5, t: 1}\n"
	"thresholds: {most: {metric: pair, value: 1e18}}\n"; // never crossed: datagrams are kept

static const char *const names[N_DEFS] = {"pair", "source", "port"};

static enum input_state make_burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void nap(struct input *in, uint64_t ns);
static uint64_t next_time(const struct input *in);
static void on_tick(void *ctx, const struct tick *tick);
static void on_end(void *ctx);

static void *zeroed(struct rig *r, unsigned i, size_t size)
{
	size = (size + 63) & ~(size_t)63;
	r->memory[i] = aligned_alloc(64, size);
	CHECK(r->memory[i] != NULL);
	return memset(r->memory[i], 0, size);
}

static void make_worker(struct rig *r, const struct rig_config *c, struct bank_config *bc,
			uint32_t i)
{
	const size_t size = bank_shell_size(bc);
	struct worker *w = aligned_alloc(WORKER_ALIGN, sizeof(*w));
	struct maker *m = calloc(1, sizeof(*m));
	CHECK(w != NULL && m != NULL);
	memset(w, 0, sizeof(*w));
	*m = (struct maker){
		.input = {.burst = make_burst, .release = release, .wait = nap},
		.mood = c->mood[i],
		.index = i,
		.quota = c->quota,
		.step = c->step,
		.rng = rng_seeded(i + 1),
	};
	if (c->replay)
		m->input.next = next_time;
	bc->seed = i + 1;
	const struct worker_config wc = {
		.id = i,
		.input = &m->input,
		.intake = intake_init(zeroed(r, 3 * i, intake_size(bc)), bc, NULL, worker_stats(w)),
		.bank = bank_shell_init(zeroed(r, 3 * i + 1, size), bc),
		.max_nap = 200000,
	};
	worker_init(w, &wc);
	r->spare[i] = bank_shell_init(zeroed(r, 3 * i + 2, size), bc);
	r->worker[i] = w;
	r->maker[i] = m;
}

static void make_traces(struct rig *r)
{
	const size_t size = trace_ring_size(TRACE_BYTES);
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		r->trace[i] = trace_ring_init(zeroed(r, 3 * RIG_WORKERS + i, size), TRACE_BYTES);
	r->reader = zeroed(r, 4 * RIG_WORKERS, trace_reader_size());
}

static void *take_table(void *ctx, uint32_t worker, size_t size, struct err_msg *msg)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	return mem != NULL ? memset(mem, 0, size) : NULL;
}

static void give_table(void *ctx, void *mem)
{
	memset(mem, 0xee, 64); // who still uses it must notice
	free(mem);
}

struct rig *rig_new(const struct rig_config *c)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	CHECK(r != NULL);
	sem_init(&r->ended, 0, 0);
	CHECK(config_init(&r->config, &msg) == 0);
	CHECKF(config_read_text(&r->config, "rig", settings, &msg) == 0, "%s", msg.text);
	CHECKF(config_finish(&r->config, &msg) == 0, "%s", msg.text);
	if (c->memory != 0)
		r->config.memory = c->memory;
	struct bank_config bc = {0};
	config_bank(&r->config, &bc);
	hash_secret_init(&bc.secret, 1);
	struct analyzer_config ac = {0};
	config_analyzer(&r->config, &ac);
	ac.secret = bc.secret;
	ac.seed = 1;
	static const struct program nothing;
	r->analyzer = analyzer_new(&ac, &nothing, NULL, 0, &msg);
	CHECKF(r->analyzer != NULL, "%s", msg.text);
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		make_worker(r, c, &bc, i);
	make_traces(r);
	const struct aggregator_config config = {
		.n_workers = RIG_WORKERS,
		.worker = r->worker,
		.spare = r->spare,
		.analyzer = r->analyzer,
		.trace = r->trace,
		.n_threads = c->n_threads,
		.tick = c->tick,
		.max_events = 16,
		.replay = c->replay,
		.start = 1000000000,
		.speed = c->speed,
		.publish = on_tick,
		.ended = on_end,
		.ctx = r,
	};
	r->aggregator = aggregator_new(&config, &msg);
	CHECKF(r->aggregator != NULL, "%s", msg.text);
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		r->worker[i]->wake = aggregator_wake(r->aggregator);
	const struct control_config cc = {
		.config = &r->config,
		.aggregator = r->aggregator,
		.analyzer = r->analyzer,
		.bank = bc,
		.n_workers = RIG_WORKERS,
		.take = take_table,
		.give = give_table,
	};
	r->control = control_new(&cc, &msg);
	CHECKF(r->control != NULL, "%s", msg.text);
	return r;
}

static void *run(void *worker)
{
	worker_run(worker);
	return NULL;
}

void rig_start(struct rig *r)
{
	struct err_msg msg = {0};
	CHECKF(aggregator_start(r->aggregator, &msg) == 0, "%s", msg.text);
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		CHECK(pthread_create(&r->thread[i], NULL, run, r->worker[i]) == 0);
}

void rig_wait_ticks(const struct rig *r, uint64_t n)
{
	const struct aggregator_stats *s = aggregator_stats(r->aggregator);
	const struct timespec look = {.tv_nsec = 1000000};
	while (__atomic_load_n(&s->ticks, __ATOMIC_RELAXED) < n)
		nanosleep(&look, NULL);
}

static void join(struct rig *r)
{
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		pthread_join(r->thread[i], NULL);
	aggregator_stop(r->aggregator);
	CHECK(r->final);
}

void rig_stop(struct rig *r)
{
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		worker_stop(r->worker[i]);
	join(r);
}

void rig_finish(struct rig *r)
{
	sem_wait(&r->ended);
	join(r);
}

void rig_free(struct rig *r)
{
	control_free(r->control);
	aggregator_free(r->aggregator);
	analyzer_free(r->analyzer);
	for (uint32_t i = 0; i < RIG_WORKERS; i++) {
		worker_fini(r->worker[i]);
		free(r->worker[i]);
		free(r->maker[i]);
	}
	for (unsigned i = 0; i < RIG_BLOCKS; i++)
		free(r->memory[i]);
	config_free(&r->config);
	sem_destroy(&r->ended);
	free(r);
}

struct sums {
	uint64_t datagrams, samples, bytes, frames;
};

static struct sums truth(const struct rig *r)
{
	struct sums s = {0};
	for (uint32_t i = 0; i < RIG_WORKERS; i++) {
		s.datagrams += r->maker[i]->sequence;
		s.samples += r->maker[i]->samples;
		s.bytes += r->maker[i]->bytes;
		s.frames += r->maker[i]->frames;
	}
	return s;
}

static struct sums merged(const struct rig *r)
{
	struct sums s = {0};
	struct source_row source[7];
	struct agent_row agent[2];
	size_t n, from;
	for (from = 0; (n = query_sources(r->analyzer, from, source, 7)) > 0; from += n) {
		for (size_t i = 0; i < n; i++) {
			s.samples += source[i].samples;
			s.bytes += (uint64_t)source[i].bytes;
			s.frames += (uint64_t)source[i].frames;
		}
	}
	for (from = 0; (n = query_agents(r->analyzer, from, agent, 2)) > 0; from += n)
		for (size_t i = 0; i < n; i++)
			s.datagrams += agent[i].datagrams;
	return s;
}

void rig_check_totals(struct rig *r)
{
	const struct sums sent = truth(r), got = merged(r);
	CHECKF(sent.datagrams == got.datagrams, "%lu sent, %lu merged", sent.datagrams,
	       got.datagrams);
	CHECKF(sent.samples == got.samples, "%lu sent, %lu merged", sent.samples, got.samples);
	CHECKF(sent.bytes == got.bytes, "%lu sent, %lu merged", sent.bytes, got.bytes);
	CHECKF(sent.frames == got.frames, "%lu sent, %lu merged", sent.frames, got.frames);
	for (uint32_t i = 0; i < N_DEFS; i++) {
		struct flow_summary summary;
		uint32_t d = 0;
		CHECK(query_find(r->analyzer, names[i], &d));
		query_top(r->analyzer, d, NULL, 0, &summary);
		CHECKF(summary.samples == sent.samples, "%s: %lu sent, %lu measured", names[i],
		       sent.samples, summary.samples);
	}
	struct stats all = {0};
	for (uint32_t i = 0; i < RIG_WORKERS; i++)
		stats_sum(&all, &r->worker[i]->stats);
	CHECK(stats_read(&all, STAT_used_datagrams) == sent.datagrams);
	CHECK(stats_read(&all, STAT_used_flow_samples) == sent.samples);
	for (int g = STAT_GROUP_FRAME; g <= STAT_GROUP_RECORD; g++)
		CHECKF(stats_ledger_closes(&all, (enum stat_group)g), "%s", stat_group_name[g]);
}

// FNV-1a, over all that a subscriber would see.
static void mix(struct rig *r, const void *data, size_t size)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < size; i++)
		r->fingerprint = (r->fingerprint ^ p[i]) * 0x100000001b3u;
}

// What a worker kept in the interval before is whole, whatever it writes meanwhile.
static void read_traces(struct rig *r)
{
	for (uint32_t i = 0; i < RIG_WORKERS; i++) {
		struct trace_reader *reader =
			trace_reader_init(r->reader, query_program(r->analyzer));
		struct trace_sample s;
		trace_reader_open(reader, trace_ring_past(r->trace[i], 0));
		for (; trace_next(reader, &s); r->traced++)
			CHECK(s.header_len == 42 && s.bytes >= 64 && s.packet != NULL);
	}
}

static void on_tick(void *ctx, const struct tick *tick)
{
	struct rig *r = ctx;
	static struct flow_row row[16];
	CHECK(tick->number == r->ticks + 1);
	CHECKF(!r->final, "a tick after the final one");
	CHECK(tick->end > tick->start);
	r->ticks = tick->number;
	r->final = tick->final;
	read_traces(r);
	mix(r, &tick->start, sizeof(tick->start));
	mix(r, &tick->end, sizeof(tick->end));
	for (uint32_t d = 0; d < query_n_flows(r->analyzer); d++) {
		struct flow_summary summary;
		const size_t n = query_top(r->analyzer, d, row, 16, &summary);
		mix(r, &summary.total, sizeof(summary.total));
		for (size_t i = 0; i < n; i++) {
			mix(r, row[i].key, row[i].key_size);
			mix(r, &row[i].value, sizeof(row[i].value));
			mix(r, &row[i].error, sizeof(row[i].error));
		}
	}
}

static void on_end(void *ctx)
{
	struct rig *r = ctx;
	sem_post(&r->ended);
}

static void add_sample(struct maker *m, struct encoder *e, uint64_t number)
{
	// Ethernet, IPv4 10.A.B.1 -> 10.0.1.1, UDP: a thousand sources.
	uint8_t h[42] = {2, 0, 0,  0,  0, 1, 2,  0, 0, 0, 0,  2, 8, 0, 0x45, 0,   0, 200, 0, 0,
			 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 1, 1, 3,    232, 7, 208, 0, 180};
	const uint64_t who = rng_below(&m->rng, 1000);
	const uint32_t length = (uint32_t)(64 + rng_below(&m->rng, 1400));
	const uint32_t source = (uint32_t)(number % SOURCES) + 1;
	h[27] = (uint8_t)(who >> 8);
	h[28] = (uint8_t)who;
	const struct flow_sample fs = {.sequence = (uint32_t)(number / SOURCES) + 1,
				       .ds_index = source + m->index * SOURCES,
				       .sampling_rate = RATE,
				       .sample_pool = (uint32_t)(number + 1) * RATE,
				       .input = source + m->index * SOURCES,
				       .output = 77};
	encode_flow_sample(e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(e, 1, length, 4, h, sizeof(h));
	encode_sample_end(e);
	m->samples++;
	m->frames += RATE;
	m->bytes += (uint64_t)RATE * length;
}

// Every other datagram speaks for an agent that all makers share, as when a card moves an agent
// from queue to queue: its sequence numbers are split among the workers.
static uint32_t make_datagram(struct maker *m, uint8_t *data)
{
	const uint64_t n = m->sequence++;
	const bool shared = n % 2;
	const uint8_t ip[4] = {192, 0, 2, (uint8_t)(shared ? SHARED_AGENT : m->index + 1)};
	const struct addr agent = addr_ip4(ip);
	const uint32_t sequence =
		(uint32_t)(shared ? n / 2 * RIG_WORKERS + m->index + 1 : n / 2 + 1);
	struct encoder e = encode_begin(data, RIG_SIZE, &agent, 0, sequence, (uint32_t)n + 1);
	for (uint64_t i = 0; i < RIG_SAMPLES; i++)
		add_sample(m, &e, n / 2 * RIG_SAMPLES + i);
	const size_t len = encode_end(&e);
	CHECK(len > 0);
	return (uint32_t)len;
}

// How many datagrams this poll finds.
static unsigned burst_size(struct maker *m)
{
	if (m->step > 0)
		return INPUT_BURST;
	if (m->mood == MAKER_IDLE || (m->mood == MAKER_SLEEPY && ++m->polls % 100 != 0))
		return 0;
	return (unsigned)rng_below(&m->rng, INPUT_BURST) + 1;
}

static enum input_state make_burst(struct input *in, uint64_t until, struct burst *b)
{
	struct maker *m = (struct maker *)in;
	const unsigned wanted = burst_size(m);
	const uint64_t now = clock_monotonic();
	enum input_state state = wanted > 0 ? INPUT_READY : INPUT_IDLE;
	b->n = 0;
	while (b->n < wanted) {
		if (m->step > 0 && m->sequence == m->quota) {
			state = b->n > 0 ? INPUT_READY : INPUT_ENDED;
			break;
		}
		if (m->step > 0 && next_time(in) >= until) {
			state = INPUT_ARRIVED;
			break;
		}
		const uint64_t time = m->step > 0 ? next_time(in) : now;
		uint8_t *data = m->data[b->n];
		b->payload[b->n++] =
			(struct payload){.data = data, .len = make_datagram(m, data), .time = time};
	}
	b->n_frames = b->n;
	stats_add(in->stats, STAT_rx_frames, b->n);
	stats_add(in->stats, STAT_frame_datagrams, b->n);
	return state;
}

// A use of lent buffers beyond the burst must not go unnoticed.
static void release(struct input *in)
{
	struct maker *m = (struct maker *)in;
	memset(m->data, 0xee, sizeof(m->data));
}

static void nap(struct input *in, uint64_t ns)
{
	const struct timespec ts = clock_timespec(ns);
	nanosleep(&ts, NULL);
}

static uint64_t next_time(const struct input *in)
{
	const struct maker *m = (const struct maker *)in;
	// Makers start at different times and keep different paces.
	return 1000000000 + m->index * 70000000 + m->sequence * (m->step + m->index * 1000);
}
