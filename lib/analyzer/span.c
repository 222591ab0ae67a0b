// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/span.h"

#include <string.h>

void span_layout(struct spans *sp, struct carve *c, uint32_t n_entries, uint32_t key_size,
		 double active, bool at_start)
{
	const uint64_t ns = (uint64_t)(active * 1e9);
	*sp = (struct spans){
		.active = ns,
		.idle = ns < SPAN_IDLE ? ns : SPAN_IDLE,
		.at_start = at_start,
		.key_size = key_size,
		.report_size = (uint32_t)(sizeof(struct span_report) + key_size),
	};
	sp->span = carve(c, n_entries, sizeof(*sp->span));
	sp->done = carve(c, SPAN_DONE, sp->report_size);
}

void span_begin(struct spans *sp)
{
	sp->n_done = 0;
}

static void take_out(struct spans *sp, uint32_t entry, enum span_order order)
{
	const struct span *s = &sp->span[entry];
	const uint32_t prev = s->prev[order], next = s->next[order];
	if (prev != 0)
		sp->span[prev].next[order] = next;
	else
		sp->first[order] = next;
	if (next != 0)
		sp->span[next].prev[order] = prev;
	else
		sp->last[order] = prev;
}

static void append(struct spans *sp, uint32_t entry, enum span_order order)
{
	struct span *s = &sp->span[entry];
	s->prev[order] = sp->last[order];
	s->next[order] = 0;
	if (s->prev[order] != 0)
		sp->span[s->prev[order]].next[order] = entry;
	else
		sp->first[order] = entry;
	sp->last[order] = entry;
}

static void report(struct spans *sp, uint32_t entry, const uint8_t *key)
{
	const struct span *s = &sp->span[entry];
	if (sp->n_done == SPAN_DONE) {
		sp->lost++;
		return;
	}
	struct span_report *r = (struct span_report *)(uintptr_t)span_done(sp, sp->n_done++);
	*r = (struct span_report){
		.total = s->total, .start = s->start, .end = sp->at_start ? s->start : s->last};
	memcpy(r->key, key, sp->key_size);
}

static void close_span(struct spans *sp, uint32_t entry)
{
	take_out(sp, entry, SPAN_BY_START);
	take_out(sp, entry, SPAN_BY_LAST);
	sp->span[entry] = (struct span){0};
}

void span_add(struct spans *sp, uint32_t entry, const uint8_t *key, double own, uint64_t first,
	      uint64_t last)
{
	struct span *s = &sp->span[entry];
	const bool is_new = !s->open;
	if (is_new) {
		*s = (struct span){.open = true, .start = first};
		append(sp, entry, SPAN_BY_START);
	} else {
		take_out(sp, entry, SPAN_BY_LAST);
	}
	s->total += own;
	s->last = last > s->last ? last : s->last;
	append(sp, entry, SPAN_BY_LAST);
	if (is_new && sp->at_start)
		report(sp, entry, key);
}

void span_drop(struct spans *sp, uint32_t entry, const uint8_t *key)
{
	if (!sp->span[entry].open)
		return;
	if (!sp->at_start)
		report(sp, entry, key);
	close_span(sp, entry);
}

// The first of a list, when its time has come.
static uint32_t ended(const struct spans *sp, uint64_t now)
{
	const uint32_t oldest = sp->first[SPAN_BY_START], idlest = sp->first[SPAN_BY_LAST];
	if (oldest != 0 && now >= sp->span[oldest].start + sp->active)
		return oldest;
	if (idlest != 0 && !sp->at_start && now >= sp->span[idlest].last + sp->idle)
		return idlest;
	return 0;
}

// False: there is no room, the next tick goes on.
static bool end_span(struct spans *sp, uint32_t entry,
		     const uint8_t *(*key_of)(const void *ctx, uint32_t entry), const void *ctx)
{
	if (!sp->at_start) {
		if (sp->n_done == SPAN_DONE)
			return false;
		report(sp, entry, key_of(ctx, entry));
	}
	close_span(sp, entry);
	return true;
}

void span_tick(struct spans *sp, uint64_t now,
	       const uint8_t *(*key_of)(const void *ctx, uint32_t entry), const void *ctx)
{
	uint32_t entry;
	while ((entry = ended(sp, now)) != 0 && end_span(sp, entry, key_of, ctx))
		continue;
}

void span_end(struct spans *sp, const uint8_t *(*key_of)(const void *ctx, uint32_t entry),
	      const void *ctx)
{
	uint32_t entry;
	while ((entry = sp->first[SPAN_BY_START]) != 0 && end_span(sp, entry, key_of, ctx))
		continue;
}
