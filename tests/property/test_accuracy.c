// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Answers against the truth: traffic of known rates, floods, and a published capture.
#include "analyzer_rig.h"

#include <stdio.h>

#include "common/capture.h"

// --- ground truth: keys by Zipf's law on 64 agents ----------------------------------------------

enum {
	KEYS = 1000000,
	AGENTS = 64,
	PER_TICK = 12000, // samples
	TICKS = 60,       // up to the first reading
	STEP = 40,        // up to the next: twice the time constant, so they have little in common
	READINGS = 4,     // one alone scatters by a hundredth
	PER_DATAGRAM = 6,
};

struct zipf {
	double *cumulative;
};

static struct zipf zipf_new(void)
{
	struct zipf z = {malloc(KEYS * sizeof(double))};
	double sum = 0;
	for (uint32_t k = 0; k < KEYS; k++)
		z.cumulative[k] = sum += 1.0 / (k + 1);
	for (uint32_t k = 0; k < KEYS; k++)
		z.cumulative[k] /= sum;
	return z;
}

static double share(const struct zipf *z, uint32_t k)
{
	return z->cumulative[k] - (k > 0 ? z->cumulative[k - 1] : 0);
}

static uint32_t draw(const struct zipf *z, struct rng *rng)
{
	const double u = rng_double(rng);
	uint32_t low = 0, high = KEYS - 1;
	while (low < high) {
		const uint32_t mid = (low + high) / 2;
		if (z->cumulative[mid] < u)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void add_key(struct shot *s, uint32_t sequence, uint32_t key, uint32_t bytes)
{
	uint8_t h[42] = {[12] = 8, [14] = 0x45, [17] = 200, [22] = 64, [23] = 17, [30] = 10};
	const uint32_t src = key + 1;
	h[26] = (uint8_t)(src >> 24), h[27] = (uint8_t)(src >> 16);
	h[28] = (uint8_t)(src >> 8), h[29] = (uint8_t)src;
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .sample_pool = sequence * RATE,
				       .input = 5,
				       .output = 6};
	encode_flow_sample(&s->e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s->e, 1, bytes, 4, h, sizeof(h));
	encode_sample_end(&s->e);
}

static uint32_t bytes_of(uint32_t key)
{
	return 64 + key * 37 % 1400;
}

// All of an agent's datagrams of a tick; a key stays with its agent.
struct exporter {
	struct shot shot;
	uint32_t in_shot, sequence, samples;
};

static void export(struct rig *r, struct exporter *e, uint32_t agent, struct rng *rng, double loss)
{
	if (e->in_shot == 0)
		return;
	e->in_shot = 0;
	if (rng_double(rng) >= loss)
		fire(r, (int)(agent % WORKERS), &e->shot, 10 * MS);
}

static void traffic(struct rig *r, struct exporter *e, const struct zipf *z, struct rng *rng,
		    double loss)
{
	for (uint32_t i = 0; i < PER_TICK; i++) {
		const uint32_t key = draw(z, rng), agent = key % AGENTS;
		struct exporter *x = &e[agent];
		if (x->in_shot == 0)
			shot_begin(&x->shot, (struct from){.agent = agent,
							   .sequence = ++x->sequence,
							   .uptime = x->sequence});
		add_key(&x->shot, ++x->samples, key, bytes_of(key));
		if (++x->in_shot == PER_DATAGRAM)
			export(r, x, agent, rng, loss);
	}
	for (uint32_t agent = 0; agent < AGENTS; agent++)
		export(r, &e[agent], agent, rng, loss);
}

// The rank of a row's key, from its source address.
static uint32_t key_of(const struct flow_row *row)
{
	const uint8_t *p = row->key + PROGRAM_KEY_SOURCE;
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) - 1;
}

struct score {
	unsigned n, inside;
};

// What @p r says after @p ticks.
static void judge(struct rig *r, const char *flow, const struct zipf *z, bool bytes, unsigned ticks,
		  struct score *score)
{
	const struct view_query query = {.flow = flow, .mode = VIEW_ROWS, .max_flows = 4000};
	struct view *v = view_of(r, &query, NULL);
	unsigned top = 0;
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	// The rate settles as 1 - e^(-T/t).
	const double per_second = (double)PER_TICK * 10 * RATE * -expm1(-(double)ticks / 10 / 2);
	for (size_t i = 0; i < n; i++) {
		const uint32_t key = key_of(&row[i].flow);
		const double truth = per_second * share(z, key) * (bytes ? bytes_of(key) : 1);
		top += key < 100;
		if (row[i].flow.n_effective < 30)
			continue;
		score->n++;
		score->inside += fabs(row[i].flow.value - truth) <= row[i].flow.error;
	}
	view_free(v);
	assert_int_equal(top, 100);
}

// What is stepped over is neither lost nor a wrong sampling rate.
static void check_sources(struct rig *r, bool lossy)
{
	struct source_row row[AGENTS];
	const size_t n = query_sources(r->analyzer, 0, row, AGENTS);
	assert_int_equal(n, AGENTS);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(row[i].lost_samples > 0, lossy);
		assert_int_equal(row[i].doubts, 0);
		if (!lossy)
			assert_true(row[i].effective_rate == RATE);
	}
}

static void truth_is_within_the_bar(void **state)
{
	static const double loss[] = {0, 0.3, 0}, keep[] = {1, 1, 0.4};
	const struct zipf z = zipf_new();
	for (unsigned c = 0; c < 3; c++) {
		struct settings set = settings_of(&pair);
		set.spec[0].name = "bytes";
		set.spec[1] = pair;
		set.spec[1].name = "frames";
		set.spec[1].value = "frames";
		set.n_specs = 2;
		set.bank_entries = set.store_entries = 16384;
		set.correct_loss = true;
		struct rig *r = rig_new(&set);
		struct rng rng = rng_seeded(11 + c);
		for (int w = 0; w < WORKERS; w++)
			intake_keep(r->worker[w].intake, keep[c]);
		struct exporter *e = calloc(AGENTS, sizeof(*e));
		struct score score[2] = {0};
		for (unsigned t = 1; t <= TICKS + (READINGS - 1) * STEP; t++) {
			traffic(r, e, &z, &rng, loss[c]);
			tick(r);
			for (unsigned i = 0; i < 2 && t >= TICKS && (t - TICKS) % STEP == 0; i++)
				judge(r, i ? "bytes" : "frames", &z, i, t, &score[i]);
		}
		for (unsigned i = 0; i < 2; i++) {
			const double covered = 100.0 * score[i].inside / score[i].n;
			print_message("loss %.0f %%, %.0f %% measured, %s: %.1f %% of %u keys\n",
				      loss[c] * 100, keep[c] * 100, i ? "bytes" : "frames", covered,
				      score[i].n);
			assert_true(score[i].n > READINGS * 300 * keep[c]);
			assert_true(covered >= 93 && covered <= 97);
		}
		check_sources(r, loss[c] > 0);
		free(e);
		rig_free(r);
	}
	free(z.cumulative);
}

// --- a flood of unique keys ---------------------------------------------------------------------

// Nine of ten samples are of keys that never come again. Twenty flows stay, to within a hundredth
// of what their samples sum up to, and nothing that did not send that much fires.
static void flood_leaves_the_elephants(void **state)
{
	struct settings set = settings_of(&pair);
	set.bank_entries = set.store_entries = 4096;
	set.top = 20;
	set.max_triggered = 4096;
	set.n_thresholds = 1;
	set.threshold[0] = (struct threshold_spec){
		.name = "big", .metric = "pair", .value = 3e6, .by_flow = true, .timeout = 1};
	struct rig *r = rig_new(&set);
	struct rng rng = rng_seeded(5);
	double sum[20] = {0};
	uint32_t sequence = 0, stranger = 1000;
	unsigned events = 0;
	for (unsigned t = 0; t < 60; t++) {
		for (unsigned k = 0; k < 20; k++)
			sum[k] *= exp(-0.05);
		for (unsigned i = 0; i < 2000; i++) {
			struct shot s;
			sequence++;
			shot_begin(&s, (struct from){.agent = 1,
						     .sequence = sequence,
						     .uptime = sequence});
			for (unsigned j = 0; j < PER_DATAGRAM; j++) {
				const bool elephant = rng_below(&rng, 10) == 0;
				const uint32_t k =
					elephant ? (uint32_t)rng_below(&rng, 20) : stranger++;
				add_key(&s, sequence * PER_DATAGRAM + j, k, 1000);
				if (elephant)
					sum[k] += 1e6 * gain(0.1, 2);
			}
			fire(r, (int)(i % WORKERS), &s, 10 * MS);
		}
		tick(r);
		for (size_t i = 0; i < r->n_events; i++, events++)
			assert_true(key_of(r->event[i].row) < 20);
	}
	struct flow_row row[20];
	assert_int_equal(query_top(r->analyzer, 0, row, 20, NULL), 20);
	for (unsigned i = 0; i < 20; i++) {
		const uint32_t k = key_of(&row[i]);
		assert_true(k < 20);
		assert_float_equal(row[i].value, sum[k], 0.01 * sum[k]);
	}
	assert_int_equal(events, 20);
	rig_free(r);
}

// --- smoothing ----------------------------------------------------------------------------------

// 1.25 MB/s, 30 s on and 30 s off, in closed form: where the rate is at @p seconds.
static double square(double seconds, double t)
{
	double v = 0;
	const double full = 1.25e6;
	for (; seconds > 30; seconds -= 60) {
		v = full + (v - full) * exp(-30 / t);
		v *= exp(-fmin(seconds - 30, 30) / t);
		if (seconds <= 60)
			return v;
	}
	return full + (v - full) * exp(-seconds / t);
}

// A short time constant draws the square, a long one its mean.
static void square_wave_follows_the_closed_form(void **state)
{
	enum {
		SHORT,
		LONG,
		TICKS_HERE = 36000, // of 0.1 s: an hour
	};
	struct settings set = settings_of(&total);
	set.spec[set.n_specs++] = total;
	set.spec[SHORT].t = 1;
	set.spec[LONG].t = 500;
	set.spec[LONG].name = "long";
	struct rig *r = rig_new(&set);
	for (uint32_t i = 0; i < TICKS_HERE; i++) {
		if (i / 300 % 2 == 0) // 125 bytes of a packet in 1000 are 125 kB
			sample(r, (int)(i % WORKERS), 1, i + 1, 5, 1, 125);
		tick(r);
		for (uint32_t def = SHORT; def <= LONG; def++) {
			struct flow_row row;
			const double want = square((i + 1) / 10.0, set.spec[def].t);
			assert_int_equal(query_top(r->analyzer, def, &row, 1, NULL), 1);
			assert_float_equal(row.value, want, 0.01 * want);
			if (def == LONG && i > TICKS_HERE - 600) // it swings by tanh(15 s / t)
				assert_float_equal(row.value, 625e3, 0.031 * 625e3);
			const bool low = i % 600 == 599, high = i % 600 == 299;
			if (def == SHORT && (low || high))
				assert_true(fabs(row.value - (high ? 1.25e6 : 0)) < 1);
		}
	}
	rig_free(r);
}

// --- a published capture ------------------------------------------------------------------------

static struct view *ask(struct rig *r, double seconds)
{
	const struct view_query query = {.flow = "pair", .max_flows = 10};
	print_message("  after %.1f s\n", seconds);
	return view_of(r, &query, NULL);
}

static const struct view_row *find(const struct view *v, const char *key)
{
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(row[i].flow.key_text, key) == 0)
			return &row[i];
	fail_msg("no row %s", key);
	return NULL;
}

static const char *const keys[] = {"10.4.1.2,10.4.2.2", "10.4.3.2,10.4.4.2", "10.4.4.2,10.4.3.2",
				   "10.4.2.2,10.4.1.2"};

static void check_n(const struct view *v, const uint32_t want[4])
{
	size_t n;
	view_rows(v, &n);
	assert_int_equal(n, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(find(v, keys[i])->n_sources, want[i]);
}

// A flow on one data source.
static void check_at(struct rig *r, const char *agent, uint32_t ds, const char *key, double want)
{
	const struct view_query query = {.flow = "pair",
					 .agents = agent,
					 .one_source = true,
					 .ds_index = ds,
					 .mode = VIEW_ROWS,
					 .key = key,
					 .max_flows = 10};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	assert_int_equal(n, 1);
	assert_float_equal(row->flow.value, want, want * 0.25);
	view_free(v);
}

// What sFlow-RT's tutorial shows of this capture (2020-05-12), at the instants that fit it.
static void tutorial(void **state)
{
	static const double rate[] = {5.54e8, 5.10e8, 1.47e6, 1.31e6};
	const char *shared = getenv("WEIR_SHARED");
	char path[512];
	snprintf(path, sizeof(path), "%s/captures/ecmp.pcap",
		 shared != NULL ? shared : "../shared");
	struct err_msg msg = {0};
	struct capture *c = capture_open(path, 6343, &msg);
	if (c == NULL)
		skip();
	struct settings set = settings_of(&pair);
	set.retention = 900; // the default
	struct rig *r = rig_new(&set);
	struct datagram d;
	uint64_t first = 0;
	int stage = 0;
	while (capture_next(c, &d) > 0) {
		if (first == 0) {
			first = d.time;
			r->now = d.time;
		}
		while (d.time >= r->now + TICK) {
			tick(r);
			const double at = (double)(r->now - first) * 1e-9;
			struct view *v = NULL;
			if (stage == 0 && at >= 32) { // the end of the first burst
				struct flow_summary summary;
				query_top(r->analyzer, 0, NULL, 0, &summary);
				assert_int_equal(summary.sources, 10);
				v = ask(r, at);
			} else if (stage == 1 && at >= 191) {
				v = ask(r, at);
				check_n(v, (const uint32_t[]){7, 6, 6, 7});
			} else if (stage == 2 && at >= 224.7) {
				v = ask(r, at);
				check_n(v, (const uint32_t[]){7, 6, 6, 7});
				for (unsigned i = 0; i < 4; i++)
					assert_float_equal(find(v, keys[i])->flow.value, rate[i],
							   rate[i] * 0.25);
				check_at(r, "192.168.0.12", 4, keys[0], rate[0]);
				check_at(r, "192.168.0.11", 38, keys[1], rate[1]);
			} else if (stage == 3 && at >= 449) {
				v = ask(r, at);
				check_n(v, (const uint32_t[]){7, 6, 6, 7});
			} else if (stage == 4 && at >= 535) {
				v = ask(r, at);
				check_n(v, (const uint32_t[]){7, 6, 7, 7});
			} else if (stage == 5 && at >= 590) {
				v = ask(r, at);
				check_n(v, (const uint32_t[]){7, 7, 7, 7});
			}
			stage += v != NULL;
			view_free(v);
		}
		const struct payload p = {.data = d.payload,
					  .len = (uint32_t)d.len,
					  .via_family = d.source.family,
					  .via = d.source.bytes,
					  .time = d.time};
		bank_ingest(r->worker[stage % WORKERS].bank, r->worker[stage % WORKERS].intake, &p,
			    1);
	}
	assert_int_equal(stage, 6);
	capture_close(c);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_is_within_the_bar),
		cmocka_unit_test(flood_leaves_the_elephants),
		cmocka_unit_test(square_wave_follows_the_closed_form),
		cmocka_unit_test(tutorial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
