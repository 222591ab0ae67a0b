// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What the merged store promises when it is full: mass, lack of bias, fairness, honest bars.
#include "store_rig.h"

static void flood_keeps_the_mass(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(40, 8, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(3);
	double want[8] = {0}, total = 0;
	for (int i = 0; i < 300; i++) {
		double added[8] = {0};
		begin(s, 100 * MS);
		for (uint32_t k = 0; k < 200; k++) {
			const uint32_t source = 1 + (uint32_t)rng_below(&rng, 7);
			const double x = (double)(1 + rng_below(&rng, 1500)) * 1000;
			put(s, source, (uint32_t)rng_u64(&rng), x);
			added[source] += x;
		}
		end(s);
		total = 0;
		for (uint32_t source = 1; source < 8; source++) {
			want[source] =
				want[source] * exp(-0.05) + added[source] * -expm1(-0.05) / 0.1;
			// Five entries each: the mass of a source stays with it.
			assert_close(sum_of(s, source), want[source], 1e-11);
			total += want[source];
		}
		assert_close(s->total * s->decay.scale, total, 1e-11);
	}
	assert_int_equal(s->used, 40);
	assert_true(s->evicted > 50000);
	for (uint32_t i = 1; i < s->n_slots; i++) // every key came once
		assert_true(store_entry(s, i)->ref == 0 || store_past(s, i)->n == 1);
	assert_sound(s);
	store_delete(s);
}

// Demand moves from source to source, so that chains grow and shrink: each keeps its mass, and no
// flow is credited with more than it sent.
static void demand_moves(void **state)
{
	enum {
		SOURCES = 12,
		IDS = 100
	};
	const struct flow_def def = def_of(4, 2);
	const struct store_config config = config_of(300, SOURCES, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(4);
	static double sent[SOURCES + 1][IDS];
	for (int i = 0; i < 400; i++) {
		double added[SOURCES + 1][IDS] = {0};
		begin(s, 100 * MS);
		for (uint32_t k = 0; k < 150; k++) {
			const uint32_t source =
				1 + (uint32_t)(i / 20 + rng_below(&rng, 2) * 5) % SOURCES;
			const uint32_t id = (uint32_t)rng_below(&rng, IDS);
			const double x = (double)(1 + rng_below(&rng, 1500)) * 1000;
			put(s, source, id, x);
			added[source][id] += x;
		}
		end(s);
		for (uint32_t source = 1; source <= SOURCES; source++) {
			double mass = 0;
			for (uint32_t id = 0; id < IDS; id++) {
				double *v = &sent[source][id];
				*v = *v * exp(-0.05) + added[source][id] * -expm1(-0.05) / 0.1;
				mass += *v;
				const uint32_t entry = find(s, source, id);
				if (entry != 0)
					assert_true(store_own(s, entry) <= *v * (1 + 1e-9));
			}
			assert_close(sum_of(s, source), mass, 1e-10);
		}
		assert_sound(s);
	}
	assert_true(s->evicted > 1000);
	store_delete(s);
}

// More sources than entries: flows of different sources are merged, the total stays.
static void more_sources_than_entries(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(16, 400, 1);
	struct store *s = store_new(&def, &config);
	begin(s, 100 * MS);
	for (uint32_t source = 1; source <= 400; source++)
		put(s, source, 1, source);
	end(s);
	double sum = 0;
	for (uint32_t source = 1; source <= 400; source++)
		sum += sum_of(s, source);
	assert_close(sum, 400 * 401 / 2 * -expm1(-0.05) / 0.1, 1e-12);
	assert_int_equal(s->used, 16);
	assert_int_equal(store_kept(s), 1);
	assert_sound(s);
	store_delete(s);
}

#define KEYS 300

// One pass over Zipf traffic, in an order of its own, through a store far too small for it.
static void squeeze(uint64_t seed, double *estimate, double *q)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(32, 1, seed);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(seed + 1000000);
	for (int i = 0; i < 3; i++) {
		begin(s, 100 * MS);
		for (int k = 0; k < 3 * KEYS; k++) {
			const uint32_t id = (uint32_t)rng_below(&rng, KEYS);
			put(s, 1, id, 3000.0 / (id + 1));
		}
		end(s);
	}
	for (uint32_t id = 0; id < KEYS; id++) {
		const uint32_t i = find(s, 1, id);
		estimate[id] = i != 0 ? store_rate(s, i).value : 0;
		q[id] += i != 0 ? store_rate(s, i).q : 0;
	}
	store_delete(s);
}

// What squeeze() adds, on average: each key 3 times per tick.
static double expected(uint32_t id)
{
	const double x = 9000.0 / (id + 1) * -expm1(-0.05) / 0.1;
	return x * (1 + exp(-0.05) + exp(-0.1));
}

static void estimates_are_unbiased(void **state)
{
	enum {
		SEEDS = 3000
	};
	double sum[KEYS] = {0}, squares[KEYS] = {0}, q[KEYS] = {0}, estimate[KEYS];
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		squeeze(seed, estimate, q);
		for (uint32_t id = 0; id < KEYS; id++) {
			sum[id] += estimate[id];
			squares[id] += estimate[id] * estimate[id];
		}
	}
	unsigned beyond = 0;
	for (uint32_t id = 0; id < KEYS; id++) {
		const double mean = sum[id] / SEEDS;
		const double deviation = sqrt((squares[id] / SEEDS - mean * mean) / SEEDS);
		const double z = (mean - expected(id)) / deviation;
		if (fabs(z) > 5)
			fail_msg("key %u: mean %g, true %g, z %.1f", id, mean, expected(id), z);
		beyond += fabs(z) > 2;
		// q is the variance: that of the samples and that of the lots.
		const double ratio = q[id] / SEEDS / (deviation * deviation * SEEDS);
		if (id < 10 && (ratio < 0.85 || ratio > 1.15))
			fail_msg("key %u: q is %.2f times the variance", id, ratio);
	}
	assert_true(beyond < KEYS / 8); // about one in 22 if all is well
}

// Elephants flood three sources; a small port has its five flows and keeps them, to the byte.
static void small_ports_keep_their_flows(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(100, 20, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(5);
	for (int i = 0; i < 100; i++) {
		begin(s, 100 * MS);
		for (uint32_t k = 0; k < 300; k++)
			put(s, 1 + k % 3, (uint32_t)rng_u64(&rng), 1e9);
		for (uint32_t source = 4; source <= 20 && i == 50; source++)
			for (uint32_t id = 0; id < 5; id++)
				put(s, source, id, 1 + id);
		end(s);
	}
	assert_int_equal(s->used, 100);
	for (uint32_t source = 4; source <= 20; source++) {
		assert_int_equal(s->chain[source].count, 5);
		for (uint32_t id = 0; id < 5; id++)
			assert_close(value(s, source, id),
				     (1 + id) * -expm1(-0.05) / 0.1 * exp(-49 * 0.05), 1e-9);
	}
	assert_int_equal(store_kept(s), 5);
	assert_sound(s);
	store_delete(s);
}

// n x sources is more than there is: nobody has less than half of his share.
static void scarcity_is_shared(void **state)
{
	const struct flow_def def = def_of(50, 2);
	const struct store_config config = config_of(200, 20, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(6);
	for (int i = 0; i < 200; i++) {
		begin(s, 100 * MS);
		for (uint32_t k = 0; k < 400; k++) // the first has ten times the flows of the last
			put(s, 1 + (uint32_t)(20 * pow(rng_double(&rng), 2)),
			    (uint32_t)rng_u64(&rng), 1000);
		end(s);
	}
	assert_int_equal(store_kept(s), 5);
	for (uint32_t source = 1; source <= 20; source++)
		assert_true(s->chain[source].count >= store_kept(s));
	assert_sound(s);
	store_delete(s);
}

// Compaction stands in the middle of a chunk when all of the chunk's entries are forgotten.
static void hand_outlives_its_chunk(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(16, 4, 1);
	struct store *s = store_new(&def, &config);
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 18; id++)
		put(s, 1, id, 1000);
	end(s);
	assert_int_equal(s->chain[1].turn, 8);
	for (int i = 0; i < 20; i++) {
		begin(s, 301 * SEC);
		end(s);
	}
	assert_int_equal(s->used, 0);
	assert_sound(s);
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 9; id++)
		put(s, 2, id, 1000);
	for (uint32_t id = 0; id < 20; id++)
		put(s, 1, id, 1000);
	end(s);
	assert_close(sum_of(s, 2), 9000 * -expm1(-0.05) / 0.1, 1e-12);
	assert_sound(s);
	store_delete(s);
}

// A lost entry shows in the floor; without loss it is 0; and no absent key of a single interval has
// had more.
static void floor_bounds_what_was_lost(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(16, 2, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(9);
	double x[64];
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 16; id++)
		put(s, 1, id, x[id] = (double)(1 + rng_below(&rng, 1000)));
	assert_true(s->floor_lost == 0);
	for (uint32_t id = 16; id < 64; id++)
		put(s, 1, id, x[id] = (double)(1 + rng_below(&rng, 1000)));
	end(s);
	const double floor = s->floor_lost * s->decay.scale;
	assert_true(floor > 0);
	for (uint32_t id = 0; id < 64; id++)
		if (find(s, 1, id) == 0)
			assert_true(x[id] * -expm1(-0.05) / 0.1 <= floor * (1 + 1e-12));
	begin(s, 2 * SEC);
	end(s);
	assert_close(s->floor_lost * s->decay.scale, floor * exp(-1), 1e-12);
	for (int i = 0; i < 100; i++) { // over a generation
		begin(s, 2 * SEC);
		end(s);
	}
	assert_close(s->floor_lost * s->decay.scale, floor * exp(-101), 1e-12);
	store_delete(s);
}

// One newcomer too many: the one that lost its entry is what the floor says.
static void floor_is_the_loser(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(16, 2, 1);
	struct store *s = store_new(&def, &config);
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 17; id++)
		put(s, 1, id, 1000 + id);
	end(s);
	uint32_t lost = 0, n_lost = 0;
	for (uint32_t id = 0; id < 17; id++)
		if (find(s, 1, id) == 0) {
			lost = id;
			n_lost++;
		}
	assert_int_equal(n_lost, 1);
	assert_close(s->floor_lost * s->decay.scale, (1000 + lost) * -expm1(-0.05) / 0.1, 1e-12);
	store_delete(s);
}

#define COVER_KEYS 400

// Sampled traffic of known rates: how often the bar of 95 % covers the truth, over the keys that
// rest on 30 samples or more.
static void bars_cover_the_truth(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(16384, 4, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(11);
	enum {
		SAMPLING = 100
	};
	static double truth[COVER_KEYS];
	unsigned covered = 0, asked = 0;
	for (int i = 0; i < 600; i++) {
		begin(s, 100 * MS);
		for (uint32_t id = 0; id < COVER_KEYS; id++) {
			const uint32_t packets = 20000 / (id + 1) + 20;
			double sent = 0;
			for (uint32_t p = 0; p < packets; p++) {
				const double len = rng_below(&rng, 3) == 0 ? 1518 : 64;
				sent += len;
				if (rng_below(&rng, SAMPLING) == 0)
					put(s, 1, id, len * SAMPLING);
			}
			truth[id] = truth[id] * exp(-0.05) + sent * -expm1(-0.05) / 0.1;
		}
		end(s);
		if (i < 100 || i % 20 != 0) // settled, and apart enough to be independent
			continue;
		for (uint32_t id = 0; id < COVER_KEYS; id++) {
			const uint32_t k = find(s, 1, id);
			if (k == 0)
				continue;
			const struct store_rate r = store_rate(s, k);
			if (r.value * r.value < 30 * r.q)
				continue;
			asked++;
			covered += fabs(r.value - truth[id]) <= 1.96 * sqrt(r.q);
		}
	}
	const double part = (double)covered / asked;
	assert_true(asked > 2000);
	if (part < 0.93 || part > 0.97)
		fail_msg("%u of %u = %.4f", covered, asked, part);
	store_delete(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flood_keeps_the_mass),
		cmocka_unit_test(demand_moves),
		cmocka_unit_test(more_sources_than_entries),
		cmocka_unit_test(estimates_are_unbiased),
		cmocka_unit_test(small_ports_keep_their_flows),
		cmocka_unit_test(scarcity_is_shared),
		cmocka_unit_test(hand_outlives_its_chunk),
		cmocka_unit_test(floor_bounds_what_was_lost),
		cmocka_unit_test(floor_is_the_loser),
		cmocka_unit_test(bars_cover_the_truth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
