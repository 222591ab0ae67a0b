// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Order: the ready list against a walk, whatever the order of additions; and the hash index.
#include "store_rig.h"

static int compare_order(const void *ctx, uint32_t a, uint32_t b)
{
	return (a < b) - (a > b); // the higher number first
}

// The ready list against a walk of all entries, through floods, evictions and silence.
static void top_is_the_top(void **state)
{
	const struct flow_def def = def_of(3, 1);
	struct store_config config = config_of(60, 30, 1);
	config.order = compare_order;
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(7);
	uint32_t ready[60], all[60];
	for (int i = 0; i < 3000; i++) {
		const uint64_t burst = rng_below(&rng, 40);
		begin(s, 100 * MS);
		for (uint64_t k = 0; k < burst; k++) // small whole numbers: ties
			put(s, 1 + (uint32_t)rng_below(&rng, 30), (uint32_t)rng_below(&rng, 9),
			    (double)rng_below(&rng, 4));
		end(s);
		const uint32_t n = store_top(s, ready, 10);
		const uint32_t m = store_top(s, all, 60);
		assert_int_equal(m, s->used);
		assert_int_equal(n, m < 10 ? m : 10);
		assert_memory_equal(ready, all, n * sizeof(ready[0]));
		for (uint32_t k = 1; k < m; k++)
			assert_true(store_before(s, all[k - 1], all[k]));
	}
	assert_true(s->evicted > 1000);
	assert_sound(s);
	store_delete(s);
}

static void put_some(struct store *s, uint32_t source, uint32_t first, uint32_t n, double value)
{
	begin(s, SEC);
	for (uint32_t id = first; id < first + n; id++)
		put(s, source, id, value * (1 + id));
	end(s);
}

// Small flows do not take the places that become free in the heap while larger ones are outside.
static void small_ones_fill_no_gaps(void **state)
{
	const struct flow_def def = def_of(1, 1);
	const struct store_config config = config_of(200, 2, 1);
	struct store *s = store_new(&def, &config);
	uint32_t ready[10], all[200];
	for (uint32_t k = 0; k < 5; k++) // the heap: it has room for 20
		put_some(s, 1, 4 * k, 4, pow(10, 145 - k));
	put_some(s, 1, 20, 80, 1e136);
	for (int i = 6; i < 301; i++)
		put_some(s, 1, 0, 0, 0);
	assert_int_equal(s->used, 100);
	for (uint32_t k = 0; k < 5; k++) { // four leave, four come
		put_some(s, 2, 4 * k, 4, 1);
		assert_int_equal(s->used, 100);
		assert_int_equal(store_top(s, ready, 10), 10);
		store_top(s, all, 200);
		assert_memory_equal(ready, all, sizeof(ready));
	}
	assert_sound(s);
	store_delete(s);
}

// What a pick holds at its end: in order, of its sources, nothing twice.
static void assert_pick(const struct store *s, const struct store_pick *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const uint32_t source = store_source(s, p->best[i]);
		assert_true(store_entry(s, p->best[i])->ref != 0);
		assert_true(source == p->source[0] || source == p->source[1]);
		assert_true(i == 0 || store_before(s, p->best[i - 1], p->best[i]));
	}
}

// Of those that stay as they are while a pick goes on, none is missed: what is larger than the last
// one picked has been picked, unless it rose meanwhile.
static void assert_complete(const struct store *s, const struct store_pick *p, uint64_t since)
{
	for (uint32_t i = 1; i < s->n_slots; i++) {
		const uint32_t source = store_source(s, i);
		if (store_entry(s, i)->ref == 0 || !store_visible(s, i) ||
		    store_past(s, i)->last >= since ||
		    (source != p->source[0] && source != p->source[1]))
			continue;
		uint32_t k = 0;
		while (k < p->n && p->best[k] != i)
			k++;
		assert_true(k < p->n || (p->n > 0 && store_before(s, p->best[p->n - 1], i)));
	}
}

static void some_traffic(struct store *s, struct rng *rng, uint32_t ids)
{
	const uint64_t burst = rng_below(rng, 60);
	begin(s, rng_below(rng, 4) == 0 ? (1 + rng_below(rng, 150)) * SEC : 100 * MS);
	for (uint64_t k = 0; k < burst; k++)
		put(s, 1 + (uint32_t)rng_below(rng, 3), (uint32_t)rng_below(rng, ids),
		    (double)rng_below(rng, 1000));
	end(s);
}

// In steps of any size, with ticks between them: the chains grow, shrink and are given back.
static void picks_go_in_steps(void **state)
{
	const struct flow_def def = def_of(3, 1);
	const struct store_config config = config_of(400, 4, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(21);
	unsigned interrupted = 0;
	for (int i = 0; i < 4000; i++) {
		uint32_t best[8], all[400];
		struct store_pick p = {.source = {1, 2}, .n_sources = 2, .max = 8, .best = best};
		const uint64_t since = s->now, evicted = s->evicted;
		for (uint32_t left = 1; !store_pick_step(s, &p, &left);) {
			left = 1 + (uint32_t)rng_below(&rng, 60);
			if (rng_below(&rng, 4) == 0)
				some_traffic(s, &rng, i % 1000 < 500 ? 600 : 40);
		}
		store_pick_end(s, &p);
		assert_pick(s, &p);
		// An entry that takes another in rises, one that is gone leaves a place.
		if (s->evicted == evicted && p.n == p.max)
			assert_complete(s, &p, since != s->now ? since : UINT64_MAX);
		if (since != s->now) {
			interrupted++;
			continue;
		}
		const uint32_t n = store_top(s, all, 400);
		uint32_t there = 0;
		for (uint32_t k = 0; k < n; k++)
			if (store_source(s, all[k]) <= 2 && there++ < p.n)
				assert_int_equal(p.best[there - 1], all[k]);
		assert_int_equal(p.n, there < p.max ? there : p.max);
		some_traffic(s, &rng, 600);
	}
	assert_true(interrupted > 500);
	store_delete(s);
}

// The chunk where a pick stands is given back, and perhaps taken by another source: what lay behind
// it is found all the same.
static void a_pick_loses_its_place(void **state)
{
	const struct flow_def def = def_of(3, 1);
	const struct store_config config = config_of(400, 4, 1);
	for (int taken = 0; taken < 2; taken++) {
		struct store *s = store_new(&def, &config);
		uint32_t best[8], left = 2;
		struct store_pick p = {.source = {1}, .n_sources = 1, .max = 8, .best = best};
		begin(s, 100 * MS);
		for (uint32_t id = 0; id < 42; id++) // three chunks, the latest first
			put(s, 1, id, 1000);
		end(s);
		assert_false(store_pick_step(s, &p, &left)); // past the first
		for (int i = 0; s->used > 14 && i < 400; i++) {
			begin(s, 100 * SEC);
			for (uint32_t id = 0; id < 14; id++)
				put(s, 1, id, 1000);
			end(s);
		}
		assert_int_equal(s->used, 14);
		begin(s, 100 * MS);
		for (uint32_t id = 0; id < 42 && taken; id++)
			put(s, 2, id, 1e6);
		end(s);
		left = UINT32_MAX;
		assert_true(store_pick_step(s, &p, &left));
		store_pick_end(s, &p);
		assert_int_equal(p.n, 8);
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(store_source(s, best[i]), 1);
		store_delete(s);
	}
}

// Elephants fade for 30 t and are forgotten while they are still the largest: mice, not touched in
// that tick, take their places.
static void top_is_filled_anew(void **state)
{
	const struct flow_def def = def_of(50, 10);
	const struct store_config config = config_of(100, 2, 1);
	struct store *s = store_new(&def, &config);
	uint32_t ready[100], all[100];
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 20; id++)
		put(s, 1, id, 1e17 + id);
	end(s);
	begin(s, 100 * MS);
	for (uint32_t id = 20; id < 60; id++)
		put(s, 1, id, 1 + id);
	end(s);
	for (int i = 0; i < 299 * 10; i++) {
		begin(s, 100 * MS);
		for (uint32_t id = 20; id < 60 && i == 2900; id++)
			put(s, 1, id, 1 + id);
		end(s);
	}
	assert_int_equal(store_source(s, s->top[0]), 1);
	assert_true(find(s, 1, 0) != 0);
	for (int i = 0; i < 20; i++) {
		begin(s, SEC);
		end(s);
		const uint32_t n = store_top(s, ready, 10);
		assert_int_equal(n, 10);
		assert_true(store_top(s, all, 100) >= 40);
		assert_memory_equal(ready, all, n * sizeof(ready[0]));
	}
	store_delete(s);
}

// The same samples in another order and under another secret: the same answer, bit for bit.
static void order_and_secret_do_not_matter(void **state)
{
	const struct flow_def def = def_of(5, 2);
	struct store_config config = config_of(512, 8, 1);
	struct store *a = store_new(&def, &config);
	hash_secret_init(&config.secret, 99);
	config.seed = 99;
	struct store *b = store_new(&def, &config);
	struct rng rng = rng_seeded(8);
	for (int i = 0; i < 200; i++) {
		uint32_t id[100];
		begin(a, 100 * MS);
		begin(b, 100 * MS);
		for (int k = 0; k < 100; k++) {
			id[k] = (uint32_t)rng_below(&rng, 400);
			put(a, 1 + id[k] % 7, id[k], 20000 * (1 + id[k] % 13));
		}
		for (int k = 100; k-- > 0;)
			put(b, 1 + id[k] % 7, id[k], 20000 * (1 + id[k] % 13));
		end(a);
		end(b);
		uint32_t x[512], y[512];
		const uint32_t n = store_top(a, x, 10);
		assert_int_equal(store_top(b, y, 10), n);
		for (uint32_t k = 0; k < n; k++) {
			const struct store_rate p = store_rate(a, x[k]), q = store_rate(b, y[k]);
			assert_memory_equal(store_entry(a, x[k])->key, store_entry(b, y[k])->key,
					    16);
			assert_memory_equal(&p, &q, sizeof(p));
		}
		assert_true(a->total == b->total);
	}
	store_delete(a);
	store_delete(b);
}

static void lookup_is_a_map(void **state)
{
	enum {
		ITEMS = 200
	};
	static uint8_t mem[8192] __attribute__((aligned(64)));
	struct carve c = {.base = mem};
	struct lookup l;
	lookup_layout(&l, &c, ITEMS);
	assert_true(c.used <= sizeof(mem));
	struct rng rng = rng_seeded(10);
	uint32_t tag[ITEMS + 1];
	bool is_in[ITEMS + 1] = {false};
	for (int i = 0; i < 100000; i++) {
		const uint32_t item = 1 + (uint32_t)rng_below(&rng, ITEMS);
		if (is_in[item]) {
			lookup_remove(&l, tag[item], item);
		} else {
			tag[item] = (uint32_t)rng_below(&rng, 64) * 7; // long runs, equal tags
			lookup_insert(&l, tag[item], item);
		}
		is_in[item] = !is_in[item];
		if (i % 100 != 0)
			continue;
		for (uint32_t k = 1; k <= ITEMS; k++) {
			uint32_t found = 0;
			for (uint32_t at = tag[k], j;
			     is_in[k] && (j = lookup_next(&l, tag[k], &at)) != 0;)
				found += j == k;
			assert_int_equal(found, is_in[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(top_is_the_top),
		cmocka_unit_test(small_ones_fill_no_gaps),
		cmocka_unit_test(top_is_filled_anew),
		cmocka_unit_test(picks_go_in_steps),
		cmocka_unit_test(a_pick_loses_its_place),
		cmocka_unit_test(order_and_secret_do_not_matter),
		cmocka_unit_test(lookup_is_a_map),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
