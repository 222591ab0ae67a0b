// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
#pragma once

/// @file
/// A merged store under test: samples in, rates out, and whether it is sound.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/store.h"

#define MS  1000000ull
#define SEC 1000000000ull

static inline struct flow_def def_of(uint32_t n, double t)
{
	return (struct flow_def){.key_size = 16, .n = n, .t = t};
}

static inline struct store_config config_of(uint32_t entries, uint32_t max_sources, uint64_t seed)
{
	struct store_config c = {
		.entries = entries,
		.max_sources = max_sources,
		.top = 10,
		.retention = 300 * SEC,
		.seed = seed,
	};
	hash_secret_init(&c.secret, 1);
	return c;
}

static inline struct store *store_new(const struct flow_def *def, const struct store_config *config)
{
	const size_t size = store_size(def, config);
	struct store *s = malloc(sizeof(*s));
	void *mem = aligned_alloc(CARVE_ALIGN, size);
	assert_non_null(mem);
	store_init(s, memset(mem, 0, size), def, config);
	return s;
}

static inline void store_delete(struct store *s)
{
	free(s->entry); // the first of the block
	free(s);
}

struct key {
	uint32_t source, id;
	uint64_t zero;
};

static inline void put(struct store *s, uint32_t source, uint32_t id, double value)
{
	const struct key key = {.source = source, .id = id};
	const struct store_add a = {.key = &key,
				    .value = value,
				    .q = value * value,
				    .n = 1,
				    .last = (uint32_t)((s->now - s->start) / MS)};
	store_add(s, &a, 1);
}

static inline void begin(struct store *s, uint64_t ns)
{
	store_begin(s, s->now, s->now + ns);
}

static inline void end(struct store *s)
{
	for (uint32_t i = 0; i < s->n_touched; i++)
		store_settle(s, i);
	store_end(s);
}

static inline uint32_t find(const struct store *s, uint32_t source, uint32_t id)
{
	const struct key key = {.source = source, .id = id};
	return store_find(s, &key, store_tag(s, &key));
}

static inline double value(const struct store *s, uint32_t source, uint32_t id)
{
	const uint32_t i = find(s, source, id);
	return i != 0 ? store_rate(s, i).value : 0;
}

static inline double sum_of(const struct store *s, uint32_t source)
{
	double sum = 0;
	for (uint32_t c = s->chain[source].head; c != 0; c = s->chunk[c].next)
		for (uint32_t k = 0; k < s->chunk[c].n; k++)
			sum += store_rate(s, s->chunk[c].entry[k]).value;
	return sum;
}

static inline void assert_close(double got, double want, double relative)
{
	if (fabs(got - want) > relative * fmax(fabs(want), 1e-300))
		fail_msg("got %.17g, want %.17g", got, want);
}

// Every entry is where its chain, the index and the top list say.
static inline void assert_sound(const struct store *s)
{
	uint32_t used = 0, sources = 0, ranked = 0;
	double inherited = 0;
	for (uint32_t source = 0; source <= s->config.max_sources; source++) {
		uint32_t count = 0;
		bool has_hand = s->chain[source].hand == 0;
		for (uint32_t c = s->chain[source].head; c != 0; c = s->chunk[c].next) {
			has_hand |= s->chain[source].hand == c;
			assert_true(s->chunk[c].n > 0);
			assert_true(c == s->chain[source].head || s->chunk[c].n == 14);
			for (uint32_t k = 0; k < s->chunk[c].n; k++, count++) {
				const uint32_t i = s->chunk[c].entry[k];
				const struct store_entry *e = store_entry(s, i);
				assert_int_equal(e->ref, c << 4 | k);
				assert_int_equal(store_source(s, i), source);
				assert_int_equal(store_find(s, e->key, store_tag(s, e->key)), i);
				const uint32_t rank = store_past(s, i)->rank;
				assert_true(rank == 0 || s->top[rank - 1] == i);
				ranked += rank != 0;
				inherited += store_rate(s, i).inherited;
				assert_true(store_rate(s, i).inherited <=
					    store_rate(s, i).value * (1 + 1e-12));
			}
		}
		assert_true(has_hand);
		assert_int_equal(count, s->chain[source].count);
		used += count;
		sources += count > 0;
	}
	assert_int_equal(used, s->used);
	assert_int_equal(sources, s->n_sources);
	assert_int_equal(ranked, s->n_top);
	assert_close(s->inherited * s->decay.scale, inherited, 1e-9);
	for (uint32_t i = 1; i < s->n_top; i++)
		assert_true(store_before(s, s->top[i], s->top[(i - 1) / 2]));
}
