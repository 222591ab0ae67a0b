// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Distinct values in the merged store: two generations, sketches that come back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/store.h"
#include "base/rng.h"

#define SECOND   1000000000ull
#define SKETCHES 8

struct rig {
	struct program *program;
	struct store store;
	void *mem;
	struct distinct_pool pool; // of the bank that the additions come from
	uint64_t now;
};

static struct rig *rig_new(void)
{
	static const struct flow_spec spec = {.name = "f",
					      .keys = "ipdestination",
					      .value = "frames",
					      .values = "count:ipsource",
					      .filter = "",
					      .fs = ",",
					      .n = 5,
					      .t = 2};
	struct rig *r = calloc(1, sizeof(*r));
	struct store_config config = {.entries = 64,
				      .max_sources = 4,
				      .top = 8,
				      .retention = 300 * SECOND,
				      .sketches = SKETCHES};
	hash_secret_init(&config.secret, 1);
	r->program = program_compile(&spec, 1, NULL);
	const size_t size = (store_size(&r->program->def[0], &config) + 63) & ~(size_t)63;
	r->mem = memset(aligned_alloc(64, size), 0, size);
	store_init(&r->store, r->mem, &r->program->def[0], &config);
	distinct_pool_init(&r->pool, malloc(distinct_pool_size(4)), 4);
	r->now = 1000 * SECOND;
	store_begin(&r->store, r->now - SECOND, r->now);
	return r;
}

static void rig_free(struct rig *r)
{
	program_free(r->program);
	free(r->pool.registers);
	free(r->mem);
	free(r);
}

static void tick(struct rig *r, uint64_t ns)
{
	for (uint32_t i = 0; i < r->store.n_touched; i++)
		store_settle(&r->store, i);
	store_end(&r->store);
	r->now += ns;
	store_begin(&r->store, r->now - ns, r->now);
}

// Flow @p id sees the values first .. first + n - 1.
static void see(struct rig *r, uint32_t id, uint64_t first, uint64_t n)
{
	const uint32_t key[2] = {1, id};
	struct distinct set = {0};
	for (uint64_t i = 0; i < n; i++) {
		uint64_t v = first + i;
		distinct_add(&r->pool, &set, rng_splitmix(&v) | 1);
	}
	const struct cell cell = {0};
	const struct store_add add = {.key = key,
				      .value = 1,
				      .q = 1,
				      .last = 0,
				      .n = 1,
				      .cell = &cell,
				      .set = &set,
				      .pool = &r->pool};
	store_add(&r->store, &add, 1);
	distinct_drop(&r->pool, &set);
}

static double count(struct rig *r, uint32_t id)
{
	const uint32_t key[2] = {1, id};
	const uint32_t i = store_find(&r->store, key, store_tag(&r->store, key));
	assert_int_not_equal(i, 0);
	return store_cell(&r->store, i, 0);
}

static void one_source_is_exactly_one(void **state)
{
	struct rig *r = rig_new();
	for (unsigned i = 0; i < 100; i++) {
		see(r, 7, 42, 1);
		assert_true(count(r, 7) == 1);
		tick(r, SECOND / 10);
	}
	rig_free(r);
}

static void values_are_forgotten_after_two_periods(void **state)
{
	struct rig *r = rig_new();
	see(r, 7, 0, 5);
	tick(r, 2 * SECOND); // the next period
	see(r, 7, 3, 5);
	assert_true(count(r, 7) == 8); // 0 to 7, over both
	tick(r, 2 * SECOND);
	assert_true(count(r, 7) == 5); // 3 to 7
	tick(r, 2 * SECOND);
	assert_true(count(r, 7) == 0);
	see(r, 7, 3, 2);
	assert_true(count(r, 7) == 2);
	rig_free(r);
}

static void a_million_is_close(void **state)
{
	struct rig *r = rig_new();
	for (uint64_t i = 0; i < 10; i++) {
		see(r, 7, i * 100000, 100000);
		tick(r, SECOND / 10);
	}
	const double n = count(r, 7);
	assert_true(n > 980000 && n < 1020000);
	rig_free(r);
}

// Far more flows than sketches, one after the other: each gets one, since those of flows that fell
// silent come back.
static void sketches_come_back(void **state)
{
	struct rig *r = rig_new();
	for (uint32_t id = 1; id <= 200; id++) {
		see(r, id, id * 1000, 500);
		const double n = count(r, id);
		assert_true(n > 470 && n < 530);
		tick(r, 2 * SECOND);
	}
	assert_int_equal(r->store.sketches.refused, 0);
	rig_free(r);
}

static void too_many_at_once_are_rough_and_counted(void **state)
{
	struct rig *r = rig_new();
	for (uint32_t id = 1; id <= 2 * SKETCHES; id++)
		see(r, id, id * 1000, 500);
	for (uint32_t id = 1; id <= 2 * SKETCHES; id++)
		assert_true(count(r, id) > 470 && count(r, id) < 530); // as the bank saw it
	assert_true(r->store.sketches.refused >= SKETCHES);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_exactly_one),
		cmocka_unit_test(values_are_forgotten_after_two_periods),
		cmocka_unit_test(a_million_is_close),
		cmocka_unit_test(sketches_come_back),
		cmocka_unit_test(too_many_at_once_are_rough_and_counted),
	};
	return cmocka_run_group_tests_name("count", tests, NULL, NULL);
}
