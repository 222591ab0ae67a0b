// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// A worker at more than it can bear. The real loop on an input whose clock is what the worker's
// work is said to cost, so that three times the sustainable rate is that on any machine: a datagram
// costs COST_DATAGRAM, a flow sample COST_SAMPLE when it is measured and COST_STEP when it is
// stepped over; what arrives meanwhile waits in a queue of QUEUE, and is lost when that is full.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "sflow/encode.h"
#include "sflow/sflow.h"
#include "weir/core/worker.h"

enum {
	KEYS = 2000,
	QUEUE = 1024,
	PER_DATAGRAM = 6,
	COUNTERS_EVERY = 8, // datagrams
	RATE = 1000,
	SIZE = 1000, // bytes of a datagram, at most
	SEEDS = 10,
};

// ns
static const double COST_DATAGRAM = 100, COST_SAMPLE = 100, COST_STEP = 10, COST_POLL = 100;

// Datagrams per ns that the worker can just bear when it measures every sample.
static double sustainable(void)
{
	return 1 / (COST_DATAGRAM + PER_DATAGRAM * COST_SAMPLE);
}

struct world {
	struct input input; // first
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct worker *worker;
	struct rng rng;
	double now, rate; // ns; datagrams per ns
	double begun;     // when `rate` began
	uint64_t arrived; // since then
	uint64_t left;    // datagrams that arrive at this rate
	uint64_t relief;  // and then, at half the sustainable rate
	uint64_t offered, delivered, lost, lost_before;
	double look;         // when the loss was looked at
	uint64_t used, shed; // as last charged
	double worst;        // the least probability
	uint32_t at, depth;  // of the queue
	uint32_t queue[QUEUE];
	uint8_t data[INPUT_BURST][SIZE];
};

static double cumulative[KEYS];

static uint32_t bytes_of(uint32_t key)
{
	return 64 + key * 37 % 1400;
}

static uint32_t draw(struct rng *rng)
{
	const double u = rng_double(rng);
	uint32_t low = 0, high = KEYS - 1;
	while (low < high) {
		const uint32_t mid = (low + high) / 2;
		if (cumulative[mid] < u)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void add_sample(struct world *w, struct encoder *e, uint32_t number)
{
	uint8_t h[42] = {[12] = 8, [14] = 0x45, [17] = 200, [22] = 64, [23] = 17, [30] = 10};
	const uint32_t key = draw(&w->rng);
	h[28] = (uint8_t)(key >> 8), h[29] = (uint8_t)key;
	const struct flow_sample fs = {.sequence = number,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .sample_pool = number * RATE,
				       .input = 5,
				       .output = 6};
	const uint32_t tag = number % 5 == 0 ? SFLOW_FLOW_SAMPLE_EXPANDED : SFLOW_FLOW_SAMPLE;
	encode_flow_sample(e, tag, &fs);
	encode_sampled_header(e, 1, bytes_of(key), 4, h, sizeof(h));
	encode_sample_end(e);
}

static uint32_t make_datagram(struct world *w, uint32_t sequence, uint8_t *data)
{
	const struct addr agent = addr_ip4((const uint8_t[4]){192, 0, 2, 1});
	struct encoder e = encode_begin(data, SIZE, &agent, 0, sequence, sequence);
	for (uint32_t i = 0; i < PER_DATAGRAM; i++)
		add_sample(w, &e, sequence * PER_DATAGRAM + i);
	if (sequence % COUNTERS_EVERY == 0) {
		const struct counters_sample cs = {.sequence = sequence, .ds_index = 5};
		encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE, &cs);
		encode_sample_end(&e);
	}
	const size_t len = encode_end(&e);
	assert_true(len > 0);
	return (uint32_t)len;
}

// What arrives until now.
static void arrive(struct world *w)
{
	uint64_t due = (uint64_t)((w->now - w->begun) * w->rate);
	due = due < w->left ? due : w->left;
	for (; w->arrived < due; w->arrived++, w->offered++) {
		if (w->depth < QUEUE)
			w->queue[(w->at + w->depth++) % QUEUE] = (uint32_t)w->offered + 1;
		else
			w->lost++;
	}
	if (w->arrived < w->left || w->relief == 0)
		return;
	w->rate = sustainable() / 2;
	w->begun = w->now;
	w->left = w->relief;
	w->arrived = w->relief = 0;
}

static void charge(struct world *w, unsigned n_datagrams)
{
	const uint64_t used = stats_read(&w->worker->stats, STAT_used_flow_samples);
	const uint64_t shed = stats_read(&w->worker->stats, STAT_sample_shed);
	w->now += COST_POLL + n_datagrams * COST_DATAGRAM + (double)(used - w->used) * COST_SAMPLE +
		  (double)(shed - w->shed) * COST_STEP;
	w->used = used;
	w->shed = shed;
	w->worst = fmin(w->worst, w->worker->shed.keep);
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct world *w = (struct world *)in;
	charge(w, b->n);
	arrive(w);
	if (w->now - w->look > 1e6) { // a tick of a millisecond
		w->worker->losing = w->lost > w->lost_before;
		w->lost_before = w->lost;
		w->look = w->now;
	}
	b->n = 0;
	for (; b->n < INPUT_BURST && w->depth > 0; w->depth--, w->at = (w->at + 1) % QUEUE) {
		struct payload *p = &b->payload[b->n];
		*p = (struct payload){.data = w->data[b->n], .time = (uint64_t)w->now};
		p->len = make_datagram(w, w->queue[w->at], w->data[b->n]);
		b->n++;
	}
	b->n_frames = b->n;
	w->delivered += b->n;
	if (b->n == 0)
		return w->arrived == w->left && w->relief == 0 ? INPUT_ENDED : INPUT_IDLE;
	return INPUT_READY;
}

static void release(struct input *in)
{
}

static void nap(struct input *in, uint64_t ns)
{
	((struct world *)in)->now += (double)ns;
}

static double fill(struct input *in)
{
	return (double)((struct world *)in)->depth / QUEUE;
}

static void *zeroed(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_non_null(mem);
	return memset(mem, 0, size);
}

static struct world *world_new(uint64_t seed, double load, uint64_t datagrams)
{
	static const struct flow_spec spec = {.name = "source",
					      .keys = "ipsource",
					      .value = "bytes",
					      .values = "",
					      .filter = "",
					      .fs = ",",
					      .n = 5,
					      .t = 2};
	struct err_msg msg = {0};
	struct world *w = calloc(1, sizeof(*w));
	struct bank_config config = {.entries = 16384,
				     .max_agents = 8,
				     .max_sources = 8,
				     .log_size = 8 << 20,
				     .seed = seed};
	*w = (struct world){
		.input = {.burst = burst, .release = release, .wait = nap, .fill = fill},
		.rng = rng_seeded(seed),
		.rate = load * sustainable(),
		.left = datagrams,
		.worst = 1};
	hash_secret_init(&config.secret, seed);
	w->program = program_compile(&spec, 1, &msg);
	assert_non_null(w->program);
	w->bank = bank_init(zeroed(bank_size(w->program, &config)), w->program, &config);
	w->worker = zeroed(sizeof(*w->worker));
	w->intake = intake_init(zeroed(intake_size(&config)), &config, NULL, &w->worker->stats);
	const struct worker_config wc = {.input = &w->input,
					 .intake = w->intake,
					 .bank = w->bank,
					 .max_nap = 100000,
					 .sheds = true};
	worker_init(w->worker, &wc);
	return w;
}

static void world_free(struct world *w)
{
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
		assert_true(stats_ledger_closes(&w->worker->stats, (enum stat_group)g));
	worker_fini(w->worker);
	free(w->worker);
	free(w->bank);
	free(w->intake);
	program_free(w->program);
	free(w);
}

// Nothing but flow samples is stepped over, and none of those is lost from any count.
static void check_ledger(const struct world *w)
{
	const struct stats *s = &w->worker->stats;
	const uint64_t flows = w->delivered * PER_DATAGRAM;
	const uint64_t shed = stats_read(s, STAT_sample_shed);
	assert_int_equal(w->offered, w->delivered + w->lost);
	assert_int_equal(stats_read(s, STAT_used_datagrams), w->delivered);
	assert_int_equal(stats_read(s, STAT_used_flow_samples) + shed, flows);
	assert_int_equal(stats_read(s, STAT_used_counters_samples) + flows,
			 stats_read(s, STAT_rx_samples));
	const struct source_cell *cell = bank_source(w->bank, 1);
	assert_int_equal(cell->samples, flows);
	assert_int_equal(cell->sequence, w->offered * PER_DATAGRAM + PER_DATAGRAM - 1);
	assert_int_equal(cell->pool, cell->sequence * RATE);
	assert_int_equal(bank_agent(w->bank, 1)->flow_samples, flows);
	assert_int_equal(bank_agent(w->bank, 1)->flow_late, 0);
	assert_int_equal(cell->flags, 0);
}

struct score {
	unsigned n, inside;
	double deviation; // of the sum of all keys, in standard deviations
};

// Truth is the law that keys are drawn by, for what was delivered.
static void judge(const struct world *w, struct score *score)
{
	const double n = (double)w->delivered * PER_DATAGRAM * RATE;
	double got = 0, want = 0, q = 0;
	struct table_iter i = {0};
	for (const struct table_entry *e;
	     (e = table_next(&w->bank->table[0]->table, &i)) != NULL;) {
		const uint8_t *p = e->key + PROGRAM_KEY_SOURCE;
		const uint32_t key = (uint32_t)p[2] << 8 | p[3];
		const double share = cumulative[key] - (key > 0 ? cumulative[key - 1] : 0);
		const double truth = n * share * bytes_of(key);
		got += e->value;
		q += e->q;
		if (e->value * e->value / e->q < 30)
			continue;
		score->n++;
		score->inside += fabs(e->value - truth) <= 1.96 * sqrt(e->q);
	}
	for (uint32_t key = 0; key < KEYS; key++)
		want += n * (cumulative[key] - (key > 0 ? cumulative[key - 1] : 0)) * bytes_of(key);
	score->deviation += (got - want) / sqrt(q);
	assert_float_equal(got, bank_source(w->bank, 1)->bytes, 1e-9 * got);
}

// Half of what it can bear: nothing is stepped over.
static void all_is_measured_at_half_the_rate(void **state)
{
	struct world *w = world_new(1, 0.5, 50000);
	worker_run(w->worker);
	check_ledger(w);
	assert_int_equal(w->lost, 0);
	assert_int_equal(stats_read(&w->worker->stats, STAT_sample_shed), 0);
	assert_true(w->worst == 1);
	world_free(w);
}

// Three times that: hardly a datagram is lost, and what is measured is within its error bars.
static void estimates_hold_at_three_times_the_rate(void **state)
{
	struct score score = {0};
	uint64_t lost = 0, offered = 0;
	double kept = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world *w = world_new(seed, 3, 100000);
		worker_run(w->worker);
		check_ledger(w);
		judge(w, &score);
		lost += w->lost;
		offered += w->offered;
		kept += (double)stats_read(&w->worker->stats, STAT_used_flow_samples) /
			(double)(w->delivered * PER_DATAGRAM) / SEEDS;
		world_free(w);
	}
	const double covered = 100.0 * score.inside / score.n;
	print_message("%.2f %% of %u keys inside, %.3f of samples kept, %.2f %% datagrams lost\n",
		      covered, score.n, kept, 100.0 * (double)lost / (double)offered);
	assert_true(score.n > 1000);
	assert_true(covered >= 93 && covered <= 97);
	assert_true(fabs(score.deviation / sqrt(SEEDS)) < 3); // a mean of SEEDS
	assert_true(lost < offered / 100);
	// (1 / 3 - (datagram + steps)) / (sample - step) of the cost is what may be kept.
	const double whole = COST_DATAGRAM + PER_DATAGRAM * COST_SAMPLE;
	const double most = (whole / 3 - COST_DATAGRAM - PER_DATAGRAM * COST_STEP) /
			    (PER_DATAGRAM * (COST_SAMPLE - COST_STEP));
	assert_true(kept < 1.1 * most && kept > 0.6 * most);
}

static void all_is_measured_again_afterwards(void **state)
{
	struct world *w = world_new(3, 3, 50000);
	w->relief = 100000;
	worker_run(w->worker);
	check_ledger(w);
	assert_true(w->worst < 0.5);
	assert_true(w->worker->shed.keep == 1);
	world_free(w);
}

// Full bursts say nothing by themselves; full bursts and losses do.
static void input_that_cannot_tell(void **state)
{
	struct world *w = world_new(1, 3, 200000);
	struct score score = {0};
	w->input.fill = NULL;
	worker_run(w->worker);
	check_ledger(w);
	judge(w, &score);
	print_message("%.1f %% of datagrams lost\n", 100.0 * (double)w->lost / (double)w->offered);
	assert_true(w->lost < w->offered / 10);
	assert_true(score.inside > 0.9 * score.n);
	world_free(w);
}

static uint64_t endless;

static enum input_state endless_burst(struct input *in, uint64_t until, struct burst *b)
{
	struct world *w = (struct world *)in;
	w->depth = INPUT_BURST;
	for (uint32_t i = 0; i < INPUT_BURST; i++)
		w->queue[(w->at + i) % QUEUE] = (uint32_t)++endless;
	w->left = w->arrived = endless >= 50000 ? 0 : 1;
	w->rate = 0;
	return endless >= 50000 ? INPUT_ENDED : burst(in, until, b);
}

static void endless_input_loses_nothing(void **state)
{
	struct world *w = world_new(1, 1, 1);
	w->input.fill = NULL;
	w->input.burst = endless_burst;
	worker_run(w->worker);
	assert_true(endless >= 50000);
	assert_int_equal(stats_read(&w->worker->stats, STAT_sample_shed), 0);
	world_free(w);
}

int main(void)
{
	double sum = 0;
	for (uint32_t k = 0; k < KEYS; k++)
		cumulative[k] = sum += 1.0 / (k + 1);
	for (uint32_t k = 0; k < KEYS; k++)
		cumulative[k] /= sum;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_measured_at_half_the_rate),
		cmocka_unit_test(estimates_hold_at_three_times_the_rate),
		cmocka_unit_test(all_is_measured_again_afterwards),
		cmocka_unit_test(input_that_cannot_tell),
		cmocka_unit_test(endless_input_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
