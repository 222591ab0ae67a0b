// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The secondary values of a store's entries, and values that are figures of them: store.h says how
// they merge, fade and are forgotten.

#include "analyzer/store.h"

#include <string.h>

#define RECLAIM    8 // owners of sketches that are looked at
#define WALK_TICKS 8 // within which all figures are worked out

static bool is_extreme(const struct cell_def *cell)
{
	return cell->kind == CELL_MIN || cell->kind == CELL_MAX;
}

static bool has_extremes(const struct flow_def *def)
{
	for (unsigned k = 0; k < def->n_cell; k++)
		if (is_extreme(&def->cell[k]))
			return true;
	return false;
}

// What lies behind an entry's struct store_past.
void cells_layout(struct store *s, const struct flow_def *def)
{
	s->past_size = (uint32_t)(sizeof(struct store_past) + def->n_cell * sizeof(struct cell) +
				  def->n_set * sizeof(struct store_set));
	if (def->n_cell == 0)
		s->past_size = CARVE_ALIGN;
	if (!has_extremes(def))
		return;
	s->before_offset = s->past_size;
	s->past_size += (uint32_t)(def->n_cell * sizeof(struct store_before));
}

static uint64_t period_of(const struct store *s, uint64_t time)
{
	return (uint64_t)((double)time * 1e-9 / s->def->t);
}

static void scale_cell(struct cell *c, enum cell_kind kind, double f)
{
	if (kind == CELL_SUM || kind == CELL_AVG)
		c->v *= f;
	if (kind == CELL_AVG)
		c->n *= f;
}

// --- sets of distinct values --------------------------------------------------------------------

static struct store_set *sets_of(const struct store *s, uint32_t i)
{
	return (struct store_set *)(void *)(store_past(s, i)->cell + s->def->n_cell);
}

void cells_drop(struct store *s, uint32_t i)
{
	if (s->figure != NULL)
		s->figure[i] = 0;
	struct store_set *set = sets_of(s, i);
	for (unsigned k = 0; k < s->def->n_set; k++) {
		distinct_drop(&s->sketches, &set[k].now);
		distinct_drop(&s->sketches, &set[k].before);
	}
}

// Bring a set to the current period.
static void rotate(struct store *s, struct store_set *set)
{
	if (set->period == s->period)
		return;
	distinct_drop(&s->sketches, &set->before);
	if (set->period + 1 == s->period) {
		set->before = set->now;
		set->now = (struct distinct){0};
	} else {
		distinct_drop(&s->sketches, &set->now);
	}
	set->period = s->period;
}

// When all sketches are given out: look at a few owners, whose sets may be out of date.
static void reclaim_sketches(struct store *s)
{
	if (s->sketches.used < s->sketches.n || s->sketches.n_free > 0 || s->sketches.n == 0)
		return;
	for (unsigned n = 0; n < RECLAIM; n++) {
		s->sketch_hand = s->sketch_hand % s->sketches.n + 1;
		const uint32_t owner = s->sketch_owner[s->sketch_hand];
		if (store_entry(s, owner)->ref == 0)
			continue;
		for (unsigned k = 0; k < s->def->n_set; k++)
			rotate(s, &sets_of(s, owner)[k]);
	}
}

static void merge_sets(struct store *s, uint32_t i, const struct store_add *a)
{
	reclaim_sketches(s);
	for (unsigned k = 0; k < s->def->n_set; k++) {
		struct store_set *set = &sets_of(s, i)[k];
		rotate(s, set);
		distinct_merge(&s->sketches, &set->now, a->pool, &a->set[k]);
		s->sketch_owner[set->now.sketch] = i;
	}
}

static double count_set(const struct store *s, const struct store_set *set)
{
	if (set->period == s->period)
		return distinct_count_union(&s->sketches, &set->now, &set->before);
	return set->period + 1 == s->period ? distinct_count(&s->sketches, &set->now) : 0;
}

// --- minima, maxima, figures --------------------------------------------------------------------

static struct store_before *before_of(const struct store *s, uint32_t i)
{
	return (struct store_before *)(void *)((uint8_t *)store_past(s, i) + s->before_offset);
}

// Bring a minimum or maximum to the current period.
static void rotate_cell(struct store *s, struct cell *cell, struct store_before *b)
{
	if (b->period == s->period)
		return;
	b->cell = b->period + 1 == s->period ? *cell : (struct cell){0};
	b->period = s->period;
	*cell = (struct cell){0};
}

static void merge_values(struct store *s, uint32_t i, const struct cell *from)
{
	struct cell *cell = store_past(s, i)->cell;
	struct store_before *before = s->before_offset != 0 ? before_of(s, i) : NULL;
	for (unsigned k = 0; k < s->def->n_cell; k++) {
		if (is_extreme(&s->def->cell[k]))
			rotate_cell(s, &cell[k], &before[k]);
		cell_merge(&cell[k], s->def->cell[k].kind, &from[k], s->decay.add);
	}
}

static struct cell extreme(const struct store *s, uint32_t i, unsigned k)
{
	const enum cell_kind kind = s->def->cell[k].kind;
	const struct store_before *before = &before_of(s, i)[k];
	struct cell c = {0};
	if (before->period + 1 >= s->period)
		c = store_past(s, i)->cell[k];
	if (before->period == s->period)
		cell_merge(&c, kind, &before->cell, 1);
	return c;
}

// The value of an entry whose value is a figure.
static double figure_of(const struct store *s, uint32_t i)
{
	if (period_of(s, store_past(s, i)->last) + 1 < s->period)
		return 0;
	return store_cell(s, i, s->def->n_value);
}

// Those of former periods are not kept: before its turn it is worked out for who asks.
double cells_figure(const struct store *s, uint32_t i)
{
	return store_past(s, i)->period == (uint32_t)s->period ? s->figure[i] : figure_of(s, i);
}

// --- the tick, the end of an entry ---------------------------------------------------------------

void cells_begin(struct store *s)
{
	const uint64_t period = period_of(s, s->now);
	if (period != s->period && s->figure != NULL)
		s->figure_hand = 1;
	s->period = period;
}

void cells_settle(struct store *s, uint32_t i)
{
	s->figure[i] = figure_of(s, i);
	store_past(s, i)->period = (uint32_t)s->period;
}

// All figures are those of the new period within WALK_TICKS.
void cells_walk(struct store *s)
{
	if (s->figure_hand == 0)
		return;
	for (uint32_t n = s->n_slots / WALK_TICKS + 1; n > 0 && s->figure_hand < s->n_slots;
	     n--, s->figure_hand++)
		if (store_entry(s, s->figure_hand)->ref != 0)
			cells_settle(s, s->figure_hand);
	if (s->figure_hand >= s->n_slots)
		s->figure_hand = 0;
}

void cells_merge(struct store *s, uint32_t i, const struct store_add *a)
{
	if (a->cell != NULL)
		merge_values(s, i, a->cell);
	if (s->def->n_set != 0 && a->set != NULL)
		merge_sets(s, i, a);
}

void cells_scale(struct store *s, uint32_t i, double f)
{
	struct cell *cell = store_past(s, i)->cell;
	for (unsigned k = 0; k < s->def->n_cell; k++)
		scale_cell(&cell[k], s->def->cell[k].kind, f);
}

// --- reading ------------------------------------------------------------------------------------

struct cell store_cell_now(const struct store *s, uint32_t i, unsigned k)
{
	const enum cell_kind kind = s->def->cell[k].kind;
	if (kind == CELL_COUNT)
		return (struct cell){count_set(s, &sets_of(s, i)[s->def->cell[k].set]), 1};
	if (kind == CELL_MIN || kind == CELL_MAX)
		return extreme(s, i, k);
	struct cell c = store_past(s, i)->cell[k];
	// A sum is a rate like the value itself; of an average both parts fade alike.
	scale_cell(&c, kind, decay_shift(&s->decay, store_entry(s, i)->gen) * s->decay.scale);
	return c;
}

double store_cell(const struct store *s, uint32_t i, unsigned k)
{
	const enum cell_kind kind = s->def->cell[k].kind;
	if (kind == CELL_AVG) // the scale cancels out, however small it is
		return cell_value(&store_past(s, i)->cell[k], kind);
	const struct cell c = store_cell_now(s, i, k);
	return kind == CELL_COUNT ? c.v : cell_value(&c, kind);
}

uint32_t store_sketches(const struct store *s, uint32_t i)
{
	uint32_t n = 0;
	for (unsigned k = 0; k < s->def->n_set; k++)
		n += (sets_of(s, i)[k].now.sketch != 0) + (sets_of(s, i)[k].before.sketch != 0);
	return n;
}
