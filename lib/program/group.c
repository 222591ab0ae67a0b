// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/group.h"

#include <stdlib.h>
#include <string.h>

#include "program/map.h"

enum {
	NO_LABEL = UINT32_MAX,
	INDEX_BITS_MAX = 20,
};

// An address as a number that sorts as its prefixes do; IPv4 in the lower 32 bits.
typedef unsigned __int128 number;

struct entry {
	number from, to; // both in the prefix
	uint32_t label;
	uint8_t bits;
};

// The ranges of one family: the i-th begins at its start and ends before the next one.
struct ranges {
	unsigned width; // bits of an address
	uint32_t n;
	uint32_t *start4; // one of the two
	number *start6;
	uint32_t *label;
	number low, high; // the second range begins, the last one begins: same leading bits between
	number rest;      // mask of the bits behind those
	unsigned index_bits, index_shift;
	uint32_t *index; // by the bits that follow: the last range that begins there or before
};

struct group {
	uint32_t refs;
	struct entry *entry[2]; // until group_build(): IPv4, IPv6
	size_t n_entry[2], room[2];
	size_t n;
	struct ranges ranges[2];
	struct labels labels;
};

struct group *group_create(void)
{
	struct group *g = calloc(1, sizeof(*g));
	if (g != NULL)
		g->refs = 1;
	return g;
}

const struct group *group_ref(const struct group *shared)
{
	struct group *g = (struct group *)(uintptr_t)shared;
	if (g != NULL)
		__atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
	return shared;
}

void group_free(const struct group *shared)
{
	struct group *g = (struct group *)(uintptr_t)shared;
	// Acquire and release: what others did with it comes before it is freed.
	if (g == NULL || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		free(g->entry[i]);
		free(g->ranges[i].start4);
		free(g->ranges[i].start6);
		free(g->ranges[i].label);
		free(g->ranges[i].index);
	}
	labels_free(&g->labels);
	free(g);
}

static number number_of(const uint8_t *bytes, unsigned width)
{
	number v = 0;
	for (unsigned i = 0; i < width / 8; i++)
		v = v << 8 | bytes[i];
	return v;
}

static number ones(unsigned bits)
{
	return bits == 128 ? ~(number)0 : ((number)1 << bits) - 1;
}

int group_add(struct group *g, const struct addr *addr, unsigned bits, const char *label,
	      struct err_msg *msg)
{
	const unsigned which = addr->family == ADDR_IP6, width = which ? 128 : 32;
	if (addr->family == ADDR_NONE || bits > width)
		return err_set(msg, ERR_RANGE, "no prefix: %u bits", bits);
	uint32_t id;
	const int err = labels_intern(&g->labels, label, &id, msg);
	if (err != 0)
		return err;
	if (g->n_entry[which] == g->room[which]) {
		const size_t room = g->room[which] != 0 ? 2 * g->room[which] : 16;
		struct entry *grown = realloc(g->entry[which], room * sizeof(*grown));
		if (grown == NULL)
			return err_set(msg, ERR_MEMORY, "out of memory");
		g->entry[which] = grown;
		g->room[which] = room;
	}
	const number rest = ones(width - bits), v = number_of(addr->bytes, width) & ~rest;
	g->entry[which][g->n_entry[which]++] = (struct entry){v, v | rest, id, (uint8_t)bits};
	g->n++;
	return 0;
}

// By start, and the wider first.
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (int)x->bits - (int)y->bits;
}

static void entry_text(const struct entry *e, unsigned width, struct strbuf *b)
{
	uint8_t bytes[16];
	number v = e->from;
	for (unsigned i = width / 8; i-- > 0; v >>= 8)
		bytes[i] = (uint8_t)v;
	if (width == 32)
		addr_ip4_format(b, bytes);
	else
		addr_ip6_format(b, bytes);
	strbuf_fmt(b, "/%u", e->bits);
}

// Leaves one entry of each prefix.
static int unique(struct group *g, unsigned which, struct err_msg *msg)
{
	struct entry *e = g->entry[which];
	size_t n = 0;
	for (size_t i = 0; i < g->n_entry[which]; i++) {
		if (n == 0 || compare(&e[n - 1], &e[i]) != 0) {
			e[n++] = e[i];
			continue;
		}
		if (e[n - 1].label == e[i].label)
			continue;
		char text[ADDR_TEXT_SIZE + 4];
		struct strbuf b = strbuf_of(text, sizeof(text));
		entry_text(&e[i], g->ranges[which].width, &b);
		return err_set(msg, ERR_EXISTS, "%s is in \"%s\" and in \"%s\"", text,
			       labels_text(&g->labels, e[n - 1].label),
			       labels_text(&g->labels, e[i].label));
	}
	g->n_entry[which] = n;
	return 0;
}

static number start_of(const struct ranges *r, uint32_t i)
{
	return r->start4 != NULL ? r->start4[i] : r->start6[i];
}

// From @p start on, addresses have @p label.
static void put(struct ranges *r, number start, uint32_t label)
{
	if (r->n > 0 && start_of(r, r->n - 1) == start)
		r->n--; // the range before turned out to be empty
	if (r->n > 0 && r->label[r->n - 1] == label)
		return;
	if (r->start4 != NULL)
		r->start4[r->n] = (uint32_t)start;
	else
		r->start6[r->n] = start;
	r->label[r->n++] = label;
}

// Prefixes nest or are disjoint: a stack holds those that the sweep is inside of, and each gets its
// addresses back when the inner one ends.
static void sweep(struct ranges *r, const struct entry *e, size_t n)
{
	const struct entry *open[129];
	unsigned depth = 0;
	const number last = ones(r->width);
	put(r, 0, NO_LABEL);
	for (size_t i = 0; i <= n; i++) {
		while (depth > 0 && (i == n || open[depth - 1]->to < e[i].from)) {
			const struct entry *done = open[--depth];
			if (done->to != last)
				put(r, done->to + 1, depth > 0 ? open[depth - 1]->label : NO_LABEL);
		}
		if (i == n)
			break;
		put(r, e[i].from, e[i].label);
		open[depth++] = &e[i];
	}
}

// IPv6 in use has its first bits in common: the index begins behind them, and has as many bits as
// there are ranges to tell apart. Real prefixes are spread unevenly; the search takes the rest.
static bool make_index(struct ranges *r)
{
	r->low = start_of(r, r->n > 1);
	r->high = start_of(r, r->n - 1);
	unsigned left = r->width; // bits that differ
	while (left > 0 && ((r->low ^ r->high) >> (left - 1)) == 0)
		left--;
	r->rest = ones(left);
	while (r->index_bits < INDEX_BITS_MAX && r->index_bits < left && r->n >> r->index_bits > 1)
		r->index_bits++;
	r->index_shift = left - r->index_bits;
	const uint32_t n = (uint32_t)1 << r->index_bits;
	r->index = malloc((n + 1) * sizeof(*r->index));
	if (r->index == NULL)
		return false;
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++) {
		const number first = (r->low & ~r->rest) | (number)i << r->index_shift;
		while (at + 1 < r->n && start_of(r, at + 1) <= first)
			at++;
		r->index[i] = at;
	}
	r->index[n] = r->n - 1;
	return true;
}

static int build(struct group *g, unsigned which, struct err_msg *msg)
{
	struct ranges *r = &g->ranges[which];
	r->width = which ? 128 : 32;
	if (g->n_entry[which] == 0)
		return 0;
	qsort(g->entry[which], g->n_entry[which], sizeof(struct entry), compare);
	const int err = unique(g, which, msg);
	if (err != 0)
		return err;
	const size_t room = 2 * g->n_entry[which] + 1;
	if (room > UINT32_MAX / 2)
		return err_set(msg, ERR_RANGE, "more than %u prefixes", UINT32_MAX / 4);
	r->label = malloc(room * sizeof(*r->label));
	if (which)
		r->start6 = malloc(room * sizeof(*r->start6));
	else
		r->start4 = malloc(room * sizeof(*r->start4));
	if (r->label == NULL || (r->start4 == NULL && r->start6 == NULL))
		return err_set(msg, ERR_MEMORY, "out of memory");
	sweep(r, g->entry[which], g->n_entry[which]);
	free(g->entry[which]);
	g->entry[which] = NULL;
	return make_index(r) ? 0 : err_set(msg, ERR_MEMORY, "out of memory");
}

int group_build(struct group *g, struct err_msg *msg)
{
	const int err = build(g, 0, msg);
	return err != 0 ? err : build(g, 1, msg);
}

static const char *label_at(const struct group *g, const struct ranges *r, uint32_t i)
{
	return r->label[i] == NO_LABEL ? NULL : labels_text(&g->labels, r->label[i]);
}

const char *group_find(const struct group *g, enum addr_family family, const uint8_t *bytes)
{
	const struct ranges *r = &g->ranges[family == ADDR_IP6];
	if (r->index == NULL)
		return NULL;
	const number v = number_of(bytes, r->width);
	if (v < r->low)
		return label_at(g, r, 0);
	if (v >= r->high)
		return label_at(g, r, r->n - 1);
	const uint32_t slot = (uint32_t)((v & r->rest) >> r->index_shift);
	uint32_t low = r->index[slot], n = r->index[slot + 1] - low + 1;
	// The last range that does not begin behind v; the first of them never does.
	while (n > 1) {
		const uint32_t half = n / 2;
		if (start_of(r, low + half) <= v)
			low += half;
		n -= half;
	}
	return label_at(g, r, low);
}

size_t group_len(const struct group *g)
{
	return g->n;
}

size_t group_size(const struct group *g)
{
	size_t size = sizeof(*g) + labels_size(&g->labels);
	for (unsigned i = 0; i < 2; i++) {
		const struct ranges *r = &g->ranges[i];
		size += g->room[i] * (g->entry[i] != NULL ? sizeof(struct entry) : 0);
		if (r->index == NULL)
			continue;
		const size_t start = i ? sizeof(number) : sizeof(uint32_t);
		size += (2 * g->n_entry[i] + 1) * (start + sizeof(uint32_t));
		size += (((size_t)1 << r->index_bits) + 1) * sizeof(uint32_t);
	}
	return size;
}
