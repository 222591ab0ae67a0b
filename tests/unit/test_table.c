// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Every promise of table.h. Built twice: with the vector path and with its scalar twin.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/cell.h"
#include "table/table.h"

#define KEY_WORDS 3

static struct hash_secret secret;

struct box {
	struct table t;
	void *mem;
};

static struct box box_new(uint32_t entries, uint64_t seed)
{
	const struct table_shape shape = {.entries = entries, .key_size = KEY_WORDS * 8};
	struct box b = {.mem = aligned_alloc(64, (table_size(&shape) + 63) & ~(size_t)63)};
	memset(b.mem, 0, table_size(&shape));
	table_init(&b.t, b.mem, &shape, seed);
	return b;
}

static struct table_entry *add(struct table *t, uint64_t id, double w)
{
	const uint64_t key[KEY_WORDS] = {id, ~id, 7};
	const struct table_add a = {
		.key = key,
		.hash = table_hash(&secret, key, sizeof(key)),
		.value = w,
		.q = w * w,
		.n = 1,
		.last = (uint32_t)id,
	};
	return table_add(t, &a);
}

static const struct table_entry *find(const struct table *t, uint64_t id)
{
	const uint64_t key[KEY_WORDS] = {id, ~id, 7};
	return table_find(t, key, table_hash(&secret, key, sizeof(key)));
}

static double mass(const struct table *t)
{
	double sum = 0;
	struct table_iter i = {0};
	for (const struct table_entry *e; (e = table_next(t, &i)) != NULL;)
		sum += e->value;
	return sum;
}

static void exact_below_capacity(void **state)
{
	struct box b = box_new(65536, 1);
	for (unsigned round = 1; round <= 3; round++)
		for (uint64_t id = 1; id <= 4000; id++)
			assert_non_null(add(&b.t, id, (double)(id * round)));
	assert_int_equal(b.t.used, 4000);
	assert_int_equal(b.t.relabelled, 0);
	for (uint64_t id = 1; id <= 4000; id++) {
		const struct table_entry *e = find(&b.t, id);
		assert_non_null(e);
		assert_true(e->value == (double)(id * 6));
		assert_true(e->q == (double)(id * id * 14));
		assert_true(e->inherited == 0);
		assert_int_equal(e->n, 3);
	}
	assert_null(find(&b.t, 4001));
	free(b.mem);
}

static void mass_is_conserved_under_a_flood(void **state)
{
	struct box b = box_new(256, 2);
	double sum = 0;
	for (uint64_t id = 1; id <= 200000; id++) {
		const double w = (double)(id % 1500 + 64) * 1000;
		add(&b.t, id, w);
		sum += w;
	}
	assert_int_equal(b.t.used, 256);
	assert_true(mass(&b.t) == sum);
	assert_true(b.t.total == sum);
	assert_true(b.t.relabelled > 1000);
	free(b.mem);
}

static void clearing_forgets_everything(void **state)
{
	struct box b = box_new(256, 3);
	for (uint64_t id = 1; id <= 1000; id++)
		add(&b.t, id, 1);
	table_clear(&b.t);
	assert_int_equal(b.t.used, 0);
	assert_true(mass(&b.t) == 0);
	assert_null(find(&b.t, 1));
	add(&b.t, 1, 5);
	assert_true(find(&b.t, 1)->value == 5);
	assert_true(mass(&b.t) == 5);
	b.t.epoch = UINT32_MAX; // the epoch wraps: what was there must not come back
	table_clear(&b.t);
	assert_null(find(&b.t, 1));
	free(b.mem);
}

static void merge_equals_adding_everything(void **state)
{
	struct box a = box_new(32768, 4), b = box_new(32768, 5), all = box_new(32768, 6);
	struct rng r = rng_seeded(9);
	for (unsigned i = 0; i < 20000; i++) {
		const uint64_t id = rng_below(&r, 1500);
		const double w = (double)rng_below(&r, 100000);
		add(i & 1 ? &a.t : &b.t, id, w);
		add(&all.t, id, w);
	}
	table_merge(&a.t, &b.t, &secret);
	assert_true(a.t.total == all.t.total);
	for (uint64_t id = 0; id < 1500; id++) {
		const struct table_entry *x = find(&a.t, id), *y = find(&all.t, id);
		assert_true((x == NULL) == (y == NULL));
		if (x == NULL)
			continue;
		assert_true(x->value == y->value && x->q == y->q);
		assert_int_equal(x->n, y->n);
	}
	free(a.mem);
	free(b.mem);
	free(all.mem);
}

// 2000 keys into 128 entries, 3000 seeds: the mean estimate of a key is its true sum.
static void estimates_are_unbiased(void **state)
{
	enum {
		KEYS = 2000,
		SEEDS = 3000
	};
	static double sum[KEYS];
	memset(sum, 0, sizeof(sum));
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct box a = box_new(128, seed * 2 + 1), b = box_new(128, seed * 2 + 2);
		hash_secret_init(&secret, seed);
		for (uint64_t id = 0; id < KEYS; id++) {
			const double w = 100000.0 / (double)(id + 10);
			add(id & 1 ? &a.t : &b.t, id, w * 0.5);
			add(id & 2 ? &a.t : &b.t, id, w * 0.5);
		}
		table_merge(&a.t, &b.t, &secret);
		for (uint64_t id = 0; id < KEYS; id++) {
			const struct table_entry *e = find(&a.t, id);
			if (e != NULL)
				sum[id] += e->value;
		}
		free(a.mem);
		free(b.mem);
	}
	// Groups of ranks, so that the standard error is small: about 2 % for the last.
	static const unsigned edges[] = {0, 10, 100, 500, KEYS};
	for (unsigned g = 0; g + 1 < sizeof(edges) / sizeof(edges[0]); g++) {
		double estimate = 0, truth = 0;
		for (unsigned id = edges[g]; id < edges[g + 1]; id++) {
			estimate += sum[id] / SEEDS;
			truth += 100000.0 / (id + 10);
		}
		const double ratio = estimate / truth;
		assert_true(ratio > 0.97 && ratio < 1.03);
	}
	hash_secret_init(&secret, 42);
}

// The mean of q over seeds is the variance of the estimate, also for keys that lose their entries.
static void q_is_the_variance(void **state)
{
	enum {
		KEYS = 24,
		SEEDS = 200000
	};
	double mean[KEYS] = {0}, square[KEYS] = {0}, q[KEYS] = {0};
	struct box b = box_new(8, 1);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		b.t.rng = rng_seeded(seed);
		table_clear(&b.t);
		for (uint64_t id = 0; id < KEYS; id++) {
			const uint64_t key[KEY_WORDS] = {id, ~id, 7};
			const struct table_add a = {
				.key = key,
				.hash = table_hash(&secret, key, sizeof(key)),
				.value = (double)(10 + id % 7), // known exactly: q = 0
				.n = 1,
			};
			table_add(&b.t, &a);
		}
		for (uint64_t id = 0; id < KEYS; id++) {
			const struct table_entry *e = find(&b.t, id);
			if (e == NULL)
				continue;
			mean[id] += e->value / SEEDS;
			square[id] += e->value * e->value / SEEDS;
			q[id] += e->q / SEEDS;
		}
	}
	double ratio = 0;
	for (unsigned id = 0; id < KEYS; id++)
		ratio += q[id] / (square[id] - mean[id] * mean[id]) / KEYS;
	assert_true(ratio > 0.95 && ratio < 1.05);
	free(b.mem);
}

// An elephant among unique keys keeps its entry and owes nothing to others.
/// A batch on its way, with its keys; and how many additions found their key in the table.
struct way {
	uint64_t key[TABLE_BATCH][KEY_WORDS];
	struct table_batch batch;
	uint32_t found;
};

enum {
	POOL = 40
};

// Pairs of keys of one bucket and one tag.
static void find_twins(const struct table *t, uint64_t pool[POOL])
{
	static uint64_t seen[2 * 65536]; // by tag and bucket; 0 = none
	uint32_t n = 0;
	for (uint64_t id = 1; n < POOL; id++) {
		const uint64_t key[KEY_WORDS] = {id, ~id, 7};
		const uint64_t hash = table_hash(&secret, key, sizeof(key));
		uint64_t *twin = &seen[2 * table_tag(hash) + table_bucket(t, hash)];
		if (*twin != 0) {
			pool[n++] = *twin;
			pool[n++] = id;
		}
		*twin = *twin != 0 ? 0 : id;
	}
}

// @p least: of a value; it grows, so that what comes later can still take an entry.
static void way_fill(struct way *w, struct rng *rng, const uint64_t pool[POOL], double least)
{
	w->batch.n = 1 + (uint32_t)rng_below(rng, TABLE_BATCH);
	w->batch.stride = sizeof(w->key[0]);
	w->batch.key = (const uint8_t *)w->key;
	w->found = 0;
	for (uint32_t k = 0; k < w->batch.n; k++) {
		const uint64_t id = pool[rng_below(rng, POOL)];
		memcpy(w->key[k], (const uint64_t[]){id, ~id, 7}, sizeof(w->key[k]));
		w->batch.value[k] = least + (double)rng_below(rng, 1000);
		w->batch.last[k] = (uint32_t)id;
	}
}

static void count_found(void *ctx, uint32_t k, struct table_entry *e)
{
	struct way *w = ctx;
	assert_memory_equal(e->key, w->key[k], sizeof(w->key[k]));
	w->found++;
}

static uint32_t add_singly(struct table *t, const struct way *w)
{
	uint32_t found = 0;
	for (uint32_t k = 0; k < w->batch.n; k++)
		found += add(t, w->key[k][0], w->batch.value[k]) != NULL;
	return found;
}

static void same_tables(const struct table *a, const struct table *b)
{
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->n_touched, b->n_touched);
	assert_memory_equal(a->touched, b->touched, a->n_touched * sizeof(*a->touched));
	assert_int_equal(a->added, b->added);
	assert_int_equal(a->relabelled, b->relabelled);
	assert_true(a->total == b->total && a->floor == b->floor);
	assert_memory_equal(a->bucket, b->bucket, (a->mask + 1) * (size_t)a->bucket_size);
}

// While a batch is on its way two others are: their keys are the same in part, and take the entries
// of each other. All is as if each sample had been added singly, in the order in which batches are
// added.
static void batches_on_their_way_change_nothing(void **state)
{
	struct box on_its_way = box_new(16, 5), singly = box_new(16, 5);
	struct rng rng = rng_seeded(11);
	double least = 1;
	uint64_t pool[POOL];
	static struct way way[3];
	find_twins(&singly.t, pool);
	for (uint32_t i = 0; i < 600; i++, least *= 1.05) {
		struct way *newest = &way[i % 3], *oldest = &way[(i + 1) % 3];
		way_fill(newest, &rng, pool, least);
		table_batch_hash(&on_its_way.t, &newest->batch, &secret);
		if (i >= 1)
			table_batch_find(&on_its_way.t, &way[(i + 2) % 3].batch);
		if (i < 2)
			continue;
		const bool tell = i % 2 != 0;
		table_batch_add(&on_its_way.t, &oldest->batch, tell ? count_found : NULL, oldest);
		const uint32_t found = add_singly(&singly.t, oldest);
		assert_int_equal(oldest->found, tell ? found : 0);
		same_tables(&on_its_way.t, &singly.t);
	}
	assert_int_equal(singly.t.used, 16);
	assert_true(singly.t.relabelled > 100);
	free(on_its_way.mem);
	free(singly.mem);
}

static void elephants_survive_a_flood(void **state)
{
	struct box b = box_new(4096, 7);
	double truth = 0;
	for (uint64_t i = 0; i < 1000000; i++) {
		add(&b.t, 1000 + i, 1000);
		if (i % 100 == 0) {
			add(&b.t, 1, 1500);
			truth += 1500;
		}
	}
	const struct table_entry *e = find(&b.t, 1);
	assert_non_null(e);
	assert_true(e->value - e->inherited <= truth);
	assert_true(e->value - e->inherited > truth * 0.95);
	free(b.mem);
}

// What a relabelled entry carries from its predecessors is never taken for its own.
static void own_part_never_exceeds_the_truth(void **state)
{
	struct box b = box_new(64, 8);
	static double truth[5000];
	memset(truth, 0, sizeof(truth));
	struct rng r = rng_seeded(3);
	for (unsigned i = 0; i < 50000; i++) {
		const uint64_t id = rng_below(&r, 5000);
		const double w = (double)(64 + rng_below(&r, 1400));
		add(&b.t, id, w);
		truth[id] += w;
	}
	struct table_iter it = {0};
	for (const struct table_entry *e; (e = table_next(&b.t, &it)) != NULL;) {
		uint64_t id;
		memcpy(&id, e->key, 8);
		assert_true(e->value - e->inherited <= truth[id] + 1e-6);
	}
	free(b.mem);
}

static void scaling_commutes_with_merging(void **state)
{
	struct box a = box_new(8192, 9), b = box_new(8192, 10);
	struct box c = box_new(8192, 9), d = box_new(8192, 10);
	for (uint64_t id = 0; id < 500; id++) {
		add(&a.t, id, (double)id);
		add(&c.t, id, (double)id);
		add(&b.t, id / 2, 3);
		add(&d.t, id / 2, 3);
	}
	table_scale(&a.t, 0.5);
	table_scale(&b.t, 0.5);
	table_merge(&a.t, &b.t, &secret);
	table_merge(&c.t, &d.t, &secret);
	table_scale(&c.t, 0.5);
	for (uint64_t id = 0; id < 500; id++) {
		assert_true(find(&a.t, id)->value == find(&c.t, id)->value);
		assert_true(find(&a.t, id)->q == find(&c.t, id)->q);
	}
	free(a.mem);
	free(b.mem);
	free(c.mem);
	free(d.mem);
}

static void top_is_sorted_and_right(void **state)
{
	struct box b = box_new(16384, 11);
	for (uint64_t id = 0; id < 5000; id++)
		add(&b.t, id, (double)(id * 7919 % 5000));
	const struct table_entry *out[20];
	assert_int_equal(table_top(&b.t, out, 20), 20);
	for (unsigned i = 0; i < 20; i++)
		assert_true(out[i]->value == 4999 - i);
	struct box small = box_new(64, 12);
	add(&small.t, 1, 1);
	add(&small.t, 2, 3);
	add(&small.t, 3, 2);
	assert_int_equal(table_top(&small.t, out, 20), 3);
	assert_true(out[0]->value == 3 && out[1]->value == 2 && out[2]->value == 1);
	assert_int_equal(table_top(&small.t, out, 0), 0);
	free(b.mem);
	free(small.mem);
}

static void gathering_is_iterating(void **state)
{
	struct box b = box_new(1024, 14);
	const struct table_entry *some[TABLE_WAYS + 5];
	for (uint64_t id = 0; id < 700; id++)
		add(&b.t, id, 1);
	struct table_iter one = {0}, all = {0};
	uint32_t seen = 0;
	for (uint32_t n; (n = table_gather(&b.t, &all, some, TABLE_WAYS + 5)) > 0; seen += n)
		for (uint32_t i = 0; i < n; i++)
			assert_ptr_equal(table_next(&b.t, &one), some[i]);
	assert_null(table_next(&b.t, &one));
	assert_int_equal(seen, b.t.used);
	free(b.mem);
}

static void weights_of_zero_do_no_harm(void **state)
{
	struct box b = box_new(8, 13);
	for (uint64_t id = 0; id < 100; id++)
		add(&b.t, id, 0);
	assert_true(mass(&b.t) == 0);
	struct table_iter i = {0};
	for (const struct table_entry *e; (e = table_next(&b.t, &i)) != NULL;)
		assert_true(e->value == 0 && e->q == 0);
	free(b.mem);
}

static void cells_follow_their_kind(void **state)
{
	struct cell c[4] = {0}, d[4] = {0};
	for (int kind = CELL_SUM; kind <= CELL_AVG; kind++) {
		assert_true(cell_value(&c[kind], kind) == 0);
		cell_add(&c[kind], kind, 5, 10);
		cell_add(&c[kind], kind, 3, 10);
		cell_add(&d[kind], kind, 10, 10);
		cell_merge(&c[kind], kind, &d[kind], 1);
	}
	assert_true(cell_value(&c[CELL_SUM], CELL_SUM) == 180);
	assert_true(cell_value(&c[CELL_MIN], CELL_MIN) == 3);
	assert_true(cell_value(&c[CELL_MAX], CELL_MAX) == 10);
	assert_true(cell_value(&c[CELL_AVG], CELL_AVG) == 6);
}

int main(void)
{
	hash_secret_init(&secret, 42);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_below_capacity),
		cmocka_unit_test(mass_is_conserved_under_a_flood),
		cmocka_unit_test(clearing_forgets_everything),
		cmocka_unit_test(merge_equals_adding_everything),
		cmocka_unit_test(estimates_are_unbiased),
		cmocka_unit_test(q_is_the_variance),
		cmocka_unit_test(batches_on_their_way_change_nothing),
		cmocka_unit_test(elephants_survive_a_flood),
		cmocka_unit_test(own_part_never_exceeds_the_truth),
		cmocka_unit_test(scaling_commutes_with_merging),
		cmocka_unit_test(top_is_sorted_and_right),
		cmocka_unit_test(gathering_is_iterating),
		cmocka_unit_test(weights_of_zero_do_no_harm),
		cmocka_unit_test(cells_follow_their_kind),
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
