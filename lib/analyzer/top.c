// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The order of a store's entries: its top heap and sorted selections. store.h says why no tick
// walks the store.

#include "analyzer/store.h"

static double stored(const struct store *s, uint32_t i)
{
	const struct store_entry *e = store_entry(s, i);
	if (s->figure != NULL)
		return s->figure[i];
	return e->value * decay_shift(&s->decay, e->gen);
}

static int compare_ties(const struct store *s, uint32_t a, uint32_t b)
{
	const int key = memcmp(store_entry(s, a)->key + PROGRAM_KEY_SOURCE,
			       store_entry(s, b)->key + PROGRAM_KEY_SOURCE,
			       (size_t)s->def->key_size - PROGRAM_KEY_SOURCE);
	if (key != 0)
		return key;
	const uint32_t x = store_source(s, a), y = store_source(s, b);
	if (s->config.order != NULL)
		return s->config.order(s->config.order_ctx, x, y);
	return (x > y) - (x < y);
}

bool store_before(const struct store *s, uint32_t a, uint32_t b)
{
	const double va = stored(s, a), vb = stored(s, b);
	if (__builtin_expect(va != vb, 1))
		return va > vb;
	return compare_ties(s, a, b) < 0;
}

// --- the heap that follows the ticks: the last in order on top -----------------------------------

static void place(struct store *s, uint32_t at, uint32_t i)
{
	s->top[at] = i;
	s->rank[i] = at + 1;
}

static void sift_up(struct store *s, uint32_t at)
{
	const uint32_t i = s->top[at];
	for (; at > 0 && store_before(s, s->top[(at - 1) / 2], i); at = (at - 1) / 2)
		place(s, at, s->top[(at - 1) / 2]);
	place(s, at, i);
}

static void sift_down(struct store *s, uint32_t at)
{
	const uint32_t i = s->top[at];
	for (uint32_t child; (child = 2 * at + 1) < s->n_top; at = child) {
		if (child + 1 < s->n_top && store_before(s, s->top[child], s->top[child + 1]))
			child++;
		if (!store_before(s, i, s->top[child]))
			break;
		place(s, at, s->top[child]);
	}
	place(s, at, i);
}

void top_update(struct store *s, uint32_t entry)
{
	const uint32_t rank = s->rank[entry];
	if (s->figure != NULL) // falls beside the others: no heap holds them in order
		return;
	if (rank != 0) { // a touched value never falls beside the others
		sift_down(s, rank - 1);
	} else if (s->n_top < s->top_size) {
		s->top[s->n_top++] = entry;
		sift_up(s, s->n_top - 1);
	} else if (store_before(s, entry, s->top[0])) {
		s->rank[s->top[0]] = 0;
		s->top[0] = entry;
		sift_down(s, 0);
	}
}

void top_remove(struct store *s, uint32_t entry)
{
	const uint32_t rank = s->rank[entry];
	if (rank == 0)
		return;
	s->rank[entry] = 0;
	const uint32_t last = s->top[--s->n_top];
	if (last == entry)
		return;
	place(s, rank - 1, last);
	sift_up(s, rank - 1);
	sift_down(s, s->rank[last] - 1);
}

void top_refill(struct store *s)
{
	for (uint32_t i = 1; i < s->n_slots; i++)
		if (store_entry(s, i)->ref != 0 && s->rank[i] == 0 && store_visible(s, i))
			top_update(s, i);
}

// --- selections: a heap with the first in order on top, popped n times ---------------------------

static void pick_down(const struct store *s, uint32_t *heap, uint32_t len, uint32_t at)
{
	const uint32_t i = heap[at];
	for (uint32_t child; (child = 2 * at + 1) < len; at = child) {
		if (child + 1 < len && store_before(s, heap[child + 1], heap[child]))
			child++;
		if (!store_before(s, heap[child], i))
			break;
		heap[at] = heap[child];
	}
	heap[at] = i;
}

// The n first of len entries to the front, in order.
static uint32_t pick(const struct store *s, uint32_t *out, uint32_t len, uint32_t n)
{
	n = n < len ? n : len;
	for (uint32_t i = len / 2; i-- > 0;)
		pick_down(s, out, len, i);
	// Popped entries gather at the end, in order from the end on.
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t first = out[0];
		out[0] = out[len - 1 - i];
		pick_down(s, out, len - 1 - i, 0);
		out[len - 1 - i] = first;
	}
	for (uint32_t i = 0; i < len / 2; i++) {
		const uint32_t swap = out[i];
		out[i] = out[len - 1 - i];
		out[len - 1 - i] = swap;
	}
	return n;
}

uint32_t store_top(const struct store *s, uint32_t *out, uint32_t n)
{
	uint32_t len = 0;
	if (n <= s->config.top && s->figure == NULL) {
		for (; len < s->n_top; len++)
			out[len] = s->top[len];
	} else {
		for (uint32_t i = 1; i < s->n_slots; i++)
			if (store_entry(s, i)->ref != 0 && store_visible(s, i))
				out[len++] = i;
	}
	return pick(s, out, len, n);
}

uint32_t store_top_of(const struct store *s, const uint32_t *sources, uint32_t n_sources,
		      uint32_t *out, uint32_t n)
{
	uint32_t len = 0;
	for (uint32_t k = 0; k < n_sources; k++)
		for (uint32_t c = s->chain[sources[k]].head; c != 0; c = s->chunk[c].next)
			for (uint32_t i = 0; i < s->chunk[c].n; i++)
				if (store_visible(s, s->chunk[c].entry[i]))
					out[len++] = s->chunk[c].entry[i];
	return pick(s, out, len, n);
}
