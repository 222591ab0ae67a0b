// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The order of a store's entries: its top heap and sorted selections. store.h says why no tick
// walks the store.

#include "analyzer/store.h"

#define WALK_TICKS 16 // within which the heap is filled anew

static double stored(const struct store *s, uint32_t i)
{
	const struct store_entry *e = store_entry(s, i);
	if (s->figure != NULL)
		return cells_figure(s, i);
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
	store_past(s, i)->rank = at + 1;
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

static double bound(const struct store *s)
{
	return s->top_bound * decay_shift(&s->decay, s->top_gen);
}

// Before an entry is turned away: bring both bounds to the present generation, and above it.
static void raise_bounds(struct store *s, double value)
{
	const double f = decay_shift(&s->decay, s->top_gen);
	s->top_gen = s->decay.gen;
	s->top_bound = fmax(s->top_bound * f, value);
	s->walk_bound = fmax(s->walk_bound * f, value);
}

// An entry that is not in the heap. Where there is room, one that may come after others outside
// does not come in, unless these are still to be walked over.
static void offer(struct store *s, uint32_t entry)
{
	const bool is_before = s->n_top > 0 && store_before(s, entry, s->top[0]);
	if (s->n_top == s->top_size) {
		raise_bounds(s, stored(s, is_before ? s->top[0] : entry));
		if (!is_before)
			return;
		store_past(s, s->top[0])->rank = 0;
		s->top[0] = entry;
		sift_down(s, 0);
		return;
	}
	const double least = s->top_hand != 0 ? s->walk_bound : s->top_bound;
	if (!is_before && stored(s, entry) <= least * decay_shift(&s->decay, s->top_gen))
		return;
	s->top[s->n_top++] = entry;
	sift_up(s, s->n_top - 1);
}

void top_update(struct store *s, uint32_t entry)
{
	const uint32_t rank = store_past(s, entry)->rank;
	if (s->figure != NULL) // falls beside the others: no heap holds them in order
		return;
	if (rank != 0) // a touched value never falls beside the others
		sift_down(s, rank - 1);
	else
		offer(s, entry);
}

void top_remove(struct store *s, uint32_t entry)
{
	const uint32_t rank = store_past(s, entry)->rank;
	if (rank == 0)
		return;
	store_past(s, entry)->rank = 0;
	const uint32_t last = s->top[--s->n_top];
	if (last != entry) {
		place(s, rank - 1, last);
		sift_up(s, rank - 1);
		sift_down(s, store_past(s, last)->rank - 1);
	}
}

// Some of the entries, lest the heap run short of those that store_top() wants.
void top_walk(struct store *s)
{
	const bool is_short = s->n_top < s->top_size - s->top_size / 4 && s->n_top < s->used;
	if (s->top_hand == 0 && is_short) {
		s->top_hand = 1;
		s->walk_bound = -1;
	}
	if (s->top_hand == 0)
		return;
	for (uint32_t n = s->n_slots / WALK_TICKS + 1; n > 0 && s->top_hand < s->n_slots;
	     n--, s->top_hand++) {
		const uint32_t i = s->top_hand;
		if (store_entry(s, i)->ref != 0 && store_past(s, i)->rank == 0 &&
		    store_visible(s, i))
			offer(s, i);
	}
	if (s->top_hand < s->n_slots)
		return;
	s->top_hand = 0;
	s->top_bound = s->walk_bound;
}

// --- selections: a heap of those found so far, the last in order on top --------------------------

static void best_down(const struct store *s, uint32_t *best, uint32_t n, uint32_t at)
{
	const uint32_t i = best[at];
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && store_before(s, best[child], best[child + 1]))
			child++;
		if (!store_before(s, i, best[child]))
			break;
		best[at] = best[child];
	}
	best[at] = i;
}

// Whether an entry that is not among them is one of the best.
static bool best_takes(const struct store *s, const uint32_t *best, uint32_t n, uint32_t max,
		       uint32_t i)
{
	return n < max || (max > 0 && store_before(s, i, best[0]));
}

static void best_offer(const struct store *s, uint32_t *best, uint32_t *n, uint32_t max, uint32_t i)
{
	if (!best_takes(s, best, *n, max, i))
		return;
	if (*n == max) {
		best[0] = i;
		best_down(s, best, max, 0);
		return;
	}
	uint32_t at = (*n)++;
	for (; at > 0 && store_before(s, best[(at - 1) / 2], i); at = (at - 1) / 2)
		best[at] = best[(at - 1) / 2];
	best[at] = i;
}

// The last goes to the end, and so on.
static void best_sort(const struct store *s, uint32_t *best, uint32_t n)
{
	while (n-- > 1) {
		const uint32_t last = best[0];
		best[0] = best[n];
		best[n] = last;
		best_down(s, best, n, 0);
	}
}

// Whether the first of the heap are the first of all. While it is filled anew those above the bound
// are.
static bool is_sure(const struct store *s, const uint32_t *first, uint32_t len, uint32_t n)
{
	if (s->n_top == s->used)
		return true;
	return len == n && (s->top_hand == 0 || stored(s, first[n - 1]) > bound(s));
}

uint32_t store_top(const struct store *s, uint32_t *out, uint32_t n)
{
	uint32_t len = 0;
	if (n == 0) // who asks for a summary alone
		return 0;
	if (s->figure == NULL) {
		for (uint32_t i = 0; i < s->n_top; i++)
			best_offer(s, out, &len, n, s->top[i]);
		best_sort(s, out, len);
		if (is_sure(s, out, len, n))
			return len;
	}
	len = 0;
	for (uint32_t i = 1; i < s->n_slots; i++)
		if (store_entry(s, i)->ref != 0 && store_visible(s, i))
			best_offer(s, out, &len, n, i);
	best_sort(s, out, len);
	return len;
}

static bool holds(const struct store_pick *p, uint32_t i)
{
	uint32_t k = 0;
	while (k < p->n && p->best[k] != i)
		k++;
	return k < p->n;
}

static void pick_chunk(const struct store *s, struct store_pick *p)
{
	const struct store_chunk *c = &s->chunk[p->chunk];
	const uint32_t source = p->source[p->at - 1];
	if (c->n == 0 || store_source(s, c->entry[0]) != source) { // it has been given back
		p->chunk = s->chain[source].head;
		return;
	}
	for (uint32_t k = 0; k < c->n; k++) {
		const uint32_t i = c->entry[k];
		// When an entry goes, one that was seen may take its place further on. To look for
		// it among the candidates costs most: only for the few that would be one.
		if (store_visible(s, i) &&
		    (p->begun == s->now ||
		     (best_takes(s, p->best, p->n, p->max, i) && !holds(p, i))))
			best_offer(s, p->best, &p->n, p->max, i);
	}
	p->chunk = c->next;
}

static bool is_of(const struct store *s, uint32_t i, uint32_t source)
{
	return store_entry(s, i)->ref != 0 && store_source(s, i) == source && store_visible(s, i);
}

// Entries found before the latest tick may have gone, or have risen.
static void renew(const struct store *s, struct store_pick *p)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		bool is_there = false;
		for (uint32_t k = 0; k < p->n_sources && !is_there; k++)
			is_there = is_of(s, p->best[i], p->source[k]);
		if (is_there)
			p->best[n++] = p->best[i];
	}
	p->n = n;
	for (uint32_t i = n / 2; i-- > 0;)
		best_down(s, p->best, n, i);
	p->latest = s->now;
}

bool store_pick_step(const struct store *s, struct store_pick *p, uint32_t *left)
{
	if (p->at == 0)
		p->begun = p->latest = s->now;
	if (p->latest != s->now)
		renew(s, p);
	while (*left > 0) {
		if (p->chunk != 0) {
			const uint32_t n = s->chunk[p->chunk].n;
			*left -= n < *left ? n : *left;
			pick_chunk(s, p);
		} else if (p->at < p->n_sources) {
			p->chunk = s->chain[p->source[p->at++]].head;
		} else {
			return true;
		}
	}
	return false;
}

void store_pick_end(const struct store *s, struct store_pick *p)
{
	if (p->latest != s->now)
		renew(s, p);
	best_sort(s, p->best, p->n);
}
