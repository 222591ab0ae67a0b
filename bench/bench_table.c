// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The table alone: ns per addition by size, key length, load, and way of asking for memory. The
// layout in table.h was chosen by these rows (doc/design.md).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench.h"
#include "table/table.h"

#define N_ADDS 1000000
#define N_KEYS 1000000

enum traffic {
	ZIPF,
	UNIFORM,
	FLOOD
};

struct rig {
	struct table t;
	struct hash_secret secret;
	uint8_t *keys; // N_ADDS, in order of use
	uint32_t key_size;
};

static void *pages(size_t size, const struct bench_options *o)
{
	size_t mapped;
	enum load_pages kind;
	void *mem = pages_map(size, o->small_pages, &mapped, &kind);
	if (mem == NULL) {
		fprintf(stderr, "bench_table: out of memory\n");
		exit(1);
	}
	return mem;
}

// Ranks by the inverse of the continuous Zipf 1.0: rank = N^u.
static uint64_t draw(struct rng *r, enum traffic traffic, uint64_t i)
{
	if (traffic == FLOOD)
		return i + N_KEYS;
	if (traffic == UNIFORM)
		return rng_below(r, N_KEYS);
	double rank = 1;
	double u = rng_double(r) * 20; // log2 of N_KEYS
	for (; u >= 1; u -= 1)
		rank *= 2;
	return (uint64_t)(rank * (1 + u));
}

static struct rig *rig_new(uint32_t entries, uint32_t key_size, enum traffic traffic,
			   const struct bench_options *o)
{
	const struct table_shape shape = {.entries = entries, .key_size = (uint16_t)key_size};
	struct rig *r = calloc(1, sizeof(*r));
	struct rng rng = rng_seeded(7);
	hash_secret_init(&r->secret, 1);
	table_init(&r->t, pages(table_size(&shape), o), &shape, 1);
	r->key_size = key_size;
	r->keys = pages((size_t)N_ADDS * key_size, o);
	for (uint64_t i = 0; i < N_ADDS; i++) {
		const uint64_t id = draw(&rng, traffic, i);
		memcpy(r->keys + i * key_size, &id, sizeof(id));
	}
	return r;
}

static struct table_add addition(const struct rig *r, size_t i)
{
	const void *key = r->keys + i * r->key_size;
	return (struct table_add){.key = key,
				  .hash = table_hash(&r->secret, key, r->key_size),
				  .value = 1500,
				  .q = 1500 * 1500,
				  .n = 1};
}

static double one_by_one(struct rig *r)
{
	table_clear(&r->t);
	const uint64_t start = bench_now();
	for (size_t i = 0; i < N_ADDS; i++) {
		const struct table_add a = addition(r, i);
		table_add(&r->t, &a);
	}
	return (double)(bench_now() - start) / N_ADDS;
}

static double batched(struct rig *r)
{
	struct table_batch batch = {.n = TABLE_BATCH, .stride = r->key_size};
	for (size_t k = 0; k < TABLE_BATCH; k++)
		batch.value[k] = 1500;
	table_clear(&r->t);
	const uint64_t start = bench_now();
	for (size_t i = 0; i < N_ADDS; i += TABLE_BATCH) {
		batch.key = r->keys + i * r->key_size;
		table_add_batch(&r->t, &batch, &r->secret, NULL, NULL);
	}
	return (double)(bench_now() - start) / N_ADDS;
}

static void rig_free(struct rig *r, uint32_t entries)
{
	const struct table_shape shape = {.entries = entries, .key_size = (uint16_t)r->key_size};
	pages_unmap(r->t.bucket, table_size(&shape));
	pages_unmap(r->keys, (size_t)N_ADDS * r->key_size);
	free(r);
}

static void run_case(struct bench_report *report, const struct bench_options *o, const char *name,
		     uint32_t entries, uint32_t key_size, enum traffic traffic,
		     double (*pass)(struct rig *))
{
	static double ns[BENCH_MAX_RUNS];
	struct rig *r = rig_new(entries, key_size, traffic, o);
	pass(r);
	for (unsigned i = 0; i < o->runs; i++)
		ns[i] = pass(r);
	bench_report_add(report, name, ns, NULL, o->runs);
	rig_free(r, entries);
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	static const struct {
		const char *name;
		uint32_t entries, key_size;
		enum traffic traffic;
		double (*pass)(struct rig *);
	} cases[] = {
		{"table_zipf_4k", 1 << 12, 24, ZIPF, batched},
		{"table_zipf_16k", 1 << 14, 24, ZIPF, batched},
		{"table_zipf_64k", 1 << 16, 24, ZIPF, batched},
		{"table_zipf_1m", 1 << 20, 24, ZIPF, batched},
		{"table_zipf_16k_single", 1 << 14, 24, ZIPF, one_by_one},
		{"table_zipf_1m_single", 1 << 20, 24, ZIPF, one_by_one},
		{"table_zipf_16k_key40", 1 << 14, 40, ZIPF, batched},
		{"table_zipf_1m_key40", 1 << 20, 40, ZIPF, batched},
		{"table_uniform_16k", 1 << 14, 24, UNIFORM, batched},
		{"table_uniform_1m", 1 << 20, 24, UNIFORM, batched},
		{"table_flood_16k", 1 << 14, 24, FLOOD, batched},
		{"table_flood_1m", 1 << 20, 24, FLOOD, batched},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&report, &o, cases[i].name, cases[i].entries, cases[i].key_size,
			 cases[i].traffic, cases[i].pass);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
