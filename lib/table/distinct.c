// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "table/distinct.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(sizeof(struct distinct) == 64, "one cache line");

// Ranks of a hash whose upper DISTINCT_BITS bits choose the register: 1 to this.
#define MAX_RANK (64 - DISTINCT_BITS + 1)

size_t distinct_pool_size(uint32_t n)
{
	return (size_t)n * DISTINCT_REGISTERS + (size_t)n * sizeof(uint32_t);
}

void distinct_pool_init(struct distinct_pool *p, void *mem, uint32_t n)
{
	*p = (struct distinct_pool){
		.registers = mem,
		.free = (uint32_t *)(void *)((uint8_t *)mem + (size_t)n * DISTINCT_REGISTERS),
		.n = n,
	};
}

void distinct_pool_clear(struct distinct_pool *p)
{
	p->used = 0;
	p->n_free = 0;
	p->refused = 0;
}

static uint8_t *registers_of(const struct distinct_pool *p, uint32_t sketch)
{
	return p->registers + (size_t)(sketch - 1) * DISTINCT_REGISTERS;
}

static void sketch_add(uint8_t *registers, uint64_t hash)
{
	const uint64_t rest = hash << DISTINCT_BITS;
	const uint8_t rank = rest == 0 ? MAX_RANK : (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &registers[hash >> (64 - DISTINCT_BITS)];
	if (rank > *r)
		*r = rank;
}

static void sketch_merge(uint8_t *to, const uint8_t *from)
{
	for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
		to[i] = from[i] > to[i] ? from[i] : to[i];
}

// Move the hashes into a sketch; false when the pool has none.
static bool take_sketch(struct distinct_pool *p, struct distinct *d)
{
	if (p->n_free > 0)
		d->sketch = p->free[--p->n_free];
	else if (p->used < p->n)
		d->sketch = ++p->used;
	if (d->sketch == 0) {
		p->refused++;
		return false;
	}
	uint8_t *registers = registers_of(p, d->sketch);
	memset(registers, 0, DISTINCT_REGISTERS);
	for (unsigned i = 0; i < d->n; i++)
		sketch_add(registers, d->hash[i]);
	return true;
}

// Keep the smallest; the set is larger than what is kept.
static void keep_smallest(struct distinct *d, uint64_t hash)
{
	unsigned largest = 0;
	for (unsigned i = 1; i < DISTINCT_EXACT; i++)
		if (d->hash[i] > d->hash[largest])
			largest = i;
	if (hash < d->hash[largest])
		d->hash[largest] = hash;
	d->over = 1;
}

void distinct_add(struct distinct_pool *p, struct distinct *d, uint64_t hash)
{
	if (d->sketch != 0) {
		sketch_add(registers_of(p, d->sketch), hash);
		return;
	}
	for (unsigned i = 0; i < d->n; i++)
		if (d->hash[i] == hash)
			return;
	if (d->n < DISTINCT_EXACT) {
		d->hash[d->n++] = hash;
		return;
	}
	// Once hashes were let go a sketch would miss them.
	if (!d->over && take_sketch(p, d))
		sketch_add(registers_of(p, d->sketch), hash);
	else
		keep_smallest(d, hash);
}

void distinct_merge(struct distinct_pool *p, struct distinct *d,
		    const struct distinct_pool *from_pool, const struct distinct *from)
{
	if (from->least > d->least)
		d->least = from->least;
	if (from->sketch == 0) {
		for (unsigned i = 0; i < from->n; i++)
			distinct_add(p, d, from->hash[i]);
		d->over |= from->over && d->sketch == 0;
		if (from->over && d->sketch != 0)
			d->least = fmax(d->least, distinct_count(from_pool, from));
		return;
	}
	if (d->sketch == 0 && (d->over || !take_sketch(p, d))) {
		d->least = fmax(d->least, distinct_count(from_pool, from));
		return;
	}
	sketch_merge(registers_of(p, d->sketch), registers_of(from_pool, from->sketch));
}

// Ertl 2017, equations for sigma and tau: the share of registers at the two ends of the range.
static double sigma(double x)
{
	double y = 1, z = x, before;
	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;
	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

static double estimate(const uint32_t count[MAX_RANK + 1])
{
	const double m = DISTINCT_REGISTERS;
	double z = m * tau(1 - count[MAX_RANK] / m);
	for (int k = MAX_RANK - 1; k >= 1; k--)
		z = 0.5 * (z + count[k]);
	z += m * sigma(count[0] / m);
	return m * m / (2 * M_LN2 * z);
}

static double sketch_count(const uint8_t *a, const uint8_t *b)
{
	uint32_t count[MAX_RANK + 1] = {0};
	for (size_t i = 0; i < DISTINCT_REGISTERS; i++)
		count[b != NULL && b[i] > a[i] ? b[i] : a[i]]++;
	return estimate(count);
}

double distinct_count(const struct distinct_pool *p, const struct distinct *d)
{
	double n = d->n;
	if (d->sketch != 0) {
		n = sketch_count(registers_of(p, d->sketch), NULL);
	} else if (d->over) {
		uint64_t largest = 1;
		for (unsigned i = 0; i < d->n; i++)
			largest = d->hash[i] > largest ? d->hash[i] : largest;
		n = (DISTINCT_EXACT - 1) / ((double)largest * 0x1p-64);
	}
	return fmax(n, d->least);
}

// Two sets without a sketch: their union in one without a pool.
static double count_small_union(const struct distinct_pool *p, const struct distinct *a,
				const struct distinct *b)
{
	struct distinct u = *a;
	unsigned n = a->n;
	for (unsigned i = 0; i < b->n; i++) {
		bool known = false;
		for (unsigned k = 0; k < a->n; k++)
			known |= a->hash[k] == b->hash[i];
		if (known)
			continue;
		n++;
		if (u.n < DISTINCT_EXACT)
			u.hash[u.n++] = b->hash[i];
		else
			keep_smallest(&u, b->hash[i]);
	}
	u.over = a->over | b->over;
	u.least = fmax(a->least, b->least);
	return u.over ? distinct_count(p, &u) : fmax(n, u.least);
}

double distinct_count_union(const struct distinct_pool *p, const struct distinct *a,
			    const struct distinct *b)
{
	if (a->sketch == 0 && b->sketch == 0)
		return count_small_union(p, a, b);
	if (a->sketch != 0 && b->sketch != 0)
		return fmax(sketch_count(registers_of(p, a->sketch), registers_of(p, b->sketch)),
			    fmax(a->least, b->least));
	// A few hashes against a sketch: those that the sketch has not seen are new.
	const struct distinct *large = a->sketch != 0 ? a : b, *small = a->sketch != 0 ? b : a;
	uint8_t registers[DISTINCT_REGISTERS];
	memcpy(registers, registers_of(p, large->sketch), sizeof(registers));
	for (unsigned i = 0; i < small->n; i++)
		sketch_add(registers, small->hash[i]);
	const double known = small->over ? distinct_count(p, small) : 0;
	return fmax(sketch_count(registers, NULL), fmax(known, fmax(a->least, b->least)));
}

void distinct_drop(struct distinct_pool *p, struct distinct *d)
{
	if (d->sketch != 0)
		p->free[p->n_free++] = d->sketch;
	*d = (struct distinct){0};
}
