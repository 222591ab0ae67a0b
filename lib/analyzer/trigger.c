// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/trigger.h"

#include <stdlib.h>
#include <string.h>

static void layout(struct triggers *t, struct carve *c, const struct flow_def *def, uint32_t max)
{
	const size_t size = (sizeof(struct trigger) + def->key_size + 7) / 8 * 8;
	*t = (struct triggers){.size = (uint32_t)size, .max = max};
	t->item = carve(c, (size_t)max + 1, size);
	lookup_layout(&t->lookup, c, max);
	t->event = carve(c, max, sizeof(*t->event));
}

size_t triggers_size(const struct flow_def *def, uint32_t max)
{
	struct triggers t;
	struct carve c = {0};
	layout(&t, &c, def, max);
	return c.used;
}

void triggers_init(struct triggers *t, void *mem, const struct store *store,
		   const struct threshold_spec *spec, uint32_t max)
{
	struct carve c = {.base = mem};
	layout(t, &c, store->def, max);
	t->store = store;
	t->by_flow = spec->by_flow;
	t->limit = spec->value;
	t->timeout = (uint64_t)(spec->timeout * 1e9);
}

static struct trigger *trigger_at(const struct triggers *t, uint32_t i)
{
	return (struct trigger *)(void *)(t->item + (size_t)i * t->size);
}

// What tells triggers apart: of the key, the source alone or all.
static uint32_t id_size(const struct triggers *t)
{
	return t->by_flow ? t->store->def->key_size : PROGRAM_KEY_SOURCE;
}

static uint32_t id_tag(const struct triggers *t, uint32_t entry)
{
	const uint32_t what = t->by_flow ? store_tag(t->store, store_entry(t->store, entry)->key)
					 : store_source(t->store, entry);
	return lookup_tag(hash_fold((uint64_t)what << 32, t->store->config.secret.word[0]));
}

static struct trigger *find(const struct triggers *t, uint32_t tag, const uint8_t *key)
{
	for (uint32_t at = tag, i; (i = lookup_next(&t->lookup, tag, &at)) != 0;) {
		struct trigger *g = trigger_at(t, i);
		if (memcmp(g->key, key, id_size(t)) == 0)
			return g;
	}
	return NULL;
}

static void watch(struct triggers *t, struct trigger *g, uint32_t entry)
{
	memcpy(g->key, store_entry(t->store, entry)->key, t->store->def->key_size);
	g->key_tag = store_tag(t->store, g->key);
}

static struct trigger *fire(struct triggers *t, uint32_t tag, uint32_t entry)
{
	if (t->n == t->max) {
		t->full++;
		return NULL;
	}
	struct trigger *g = trigger_at(t, ++t->n);
	*g = (struct trigger){.tag = tag, .fresh = true};
	watch(t, g, entry);
	lookup_insert(&t->lookup, tag, t->n);
	t->events++;
	return g;
}

// The last trigger takes the place of the one that is armed again.
static void rearm(struct triggers *t, uint32_t i)
{
	struct trigger *g = trigger_at(t, i), *last = trigger_at(t, t->n);
	lookup_remove(&t->lookup, g->tag, i);
	if (i != t->n) {
		lookup_remove(&t->lookup, last->tag, t->n);
		memcpy(g, last, t->size);
		lookup_insert(&t->lookup, g->tag, i);
	}
	t->n--;
}

// The larger own part; equal ones in the order of the store.
static bool is_larger(const struct triggers *t, uint32_t a, uint32_t b)
{
	const double x = store_own(t->store, a), y = store_own(t->store, b);
	return x > y || (x == y && store_before(t->store, a, b));
}

void triggers_touch(struct triggers *t, uint32_t entry)
{
	if (store_own(t->store, entry) < t->limit)
		return;
	const uint32_t tag = id_tag(t, entry);
	struct trigger *g = find(t, tag, store_entry(t->store, entry)->key);
	if (g == NULL && (t->passes == NULL || t->passes(t->ctx, store_source(t->store, entry))))
		g = fire(t, tag, entry);
	if (g != NULL && (g->best == 0 || is_larger(t, entry, g->best)))
		g->best = entry;
}

// The entry that the trigger watches from now on: the one so far or this tick's largest.
static uint32_t watched(struct triggers *t, struct trigger *g)
{
	uint32_t entry = store_find(t->store, g->key, g->key_tag);
	if (g->best != 0 && g->best != entry && (entry == 0 || is_larger(t, g->best, entry))) {
		entry = g->best;
		watch(t, g, entry);
	}
	g->best = 0;
	return entry;
}

// Figures do not keep their order: when the one that was watched fell, another may be above.
static uint32_t watched_figure(struct triggers *t, struct trigger *g)
{
	const uint32_t entry = watched(t, g);
	if (t->store->figure == NULL || t->by_flow)
		return entry;
	if (!g->fresh && entry != 0 && store_own(t->store, entry) >= t->limit)
		return entry;
	uint32_t source;
	memcpy(&source, g->key, sizeof(source));
	const uint32_t largest = store_largest(t->store, source);
	if (largest != 0 && largest != entry)
		watch(t, g, largest);
	return largest;
}

// Largest own part first, then as in the store.
static int compare_events(const void *x, const void *y, void *triggers)
{
	const struct triggers *t = triggers;
	const struct trigger_event *a = x, *b = y;
	if (a->own != b->own)
		return a->own > b->own ? -1 : 1;
	if (a->entry == b->entry)
		return 0;
	return store_before(t->store, a->entry, b->entry) ? -1 : 1;
}

void triggers_end(struct triggers *t)
{
	t->n_events = 0;
	for (uint32_t i = t->n; i > 0; i--) { // downward: rearm() moves what was looked at
		struct trigger *g = trigger_at(t, i);
		const uint32_t entry = watched_figure(t, g);
		const double own = entry != 0 ? store_own(t->store, entry) : 0;
		if (g->fresh)
			t->event[t->n_events++] =
				(struct trigger_event){.entry = entry, .own = own};
		g->fresh = false;
		if (own >= t->limit)
			g->above = t->store->now;
		else if (t->store->now - g->above >= t->timeout)
			rearm(t, i);
	}
	qsort_r(t->event, t->n_events, sizeof(*t->event), compare_events, t);
	const struct store *s = t->store;
	t->below_floor =
		s->figure == NULL && t->limit < (s->floor_tables + s->floor_lost) * s->decay.scale;
}
