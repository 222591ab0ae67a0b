// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/counter_trigger.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/metric_row.h"
#include "analyzer/state.h"

static void layout(struct counter_triggers *t, struct carve *c, uint32_t max)
{
	*t = (struct counter_triggers){.max = max};
	t->item = carve(c, (size_t)max + 1, sizeof(*t->item));
	lookup_layout(&t->lookup, c, max);
	t->event = carve(c, max, sizeof(*t->event));
}

size_t counter_triggers_size(uint32_t max)
{
	struct counter_triggers t;
	struct carve c = {0};
	layout(&t, &c, max);
	return c.used;
}

void counter_triggers_init(struct counter_triggers *t, void *mem, const struct threshold_spec *spec,
			   uint32_t max)
{
	struct carve c = {.base = mem};
	layout(t, &c, max);
	t->limit = spec->value;
	t->timeout = (uint64_t)(spec->timeout * 1e9);
}

// Ports are numbered by us: nobody chooses how they spread.
static uint32_t tag_of(uint32_t port)
{
	return port * UINT32_C(2654435761);
}

static bool has_fired(const struct counter_triggers *t, uint32_t port)
{
	for (uint32_t at = tag_of(port), i; (i = lookup_next(&t->lookup, tag_of(port), &at)) != 0;)
		if (t->item[i].port == port)
			return true;
	return false;
}

static void fire(struct counter_triggers *t, uint32_t port, const struct row_value *v)
{
	if (t->n == t->max) {
		t->full++;
		return;
	}
	t->item[++t->n] = (struct counter_trigger){.port = port};
	lookup_insert(&t->lookup, tag_of(port), t->n);
	t->event[t->n_events++] =
		(struct counter_event){.port = port, .value = v->value.number, .time = v->time};
	t->events++;
}

// The last one takes the place of the one that is armed again.
static void rearm(struct counter_triggers *t, uint32_t i)
{
	const struct counter_trigger last = t->item[t->n];
	lookup_remove(&t->lookup, tag_of(t->item[i].port), i);
	if (i != t->n) {
		lookup_remove(&t->lookup, tag_of(last.port), t->n);
		t->item[i] = last;
		lookup_insert(&t->lookup, tag_of(last.port), i);
	}
	t->n--;
}

static bool is_above(const struct counter_triggers *t, const struct analyzer *a,
		     const struct row_counter *metric, uint32_t port, struct row_value *v)
{
	const struct row_reader r = {.a = a, .port = port};
	return row_counter(&r, metric, v) && v->value.kind == METRIC_NUMBER &&
	       v->value.number >= t->limit;
}

static int compare_events(const void *x, const void *y, void *analyzer)
{
	const struct sources *s = &((const struct analyzer *)analyzer)->sources;
	const struct counter_event *a = x, *b = y;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	const struct port *p = sources_port(s, a->port), *q = sources_port(s, b->port);
	const int by_agent = memcmp(&sources_agent(s, p->agent)->addr,
				    &sources_agent(s, q->agent)->addr, sizeof(struct addr));
	if (by_agent != 0)
		return by_agent;
	if (p->ds_class != q->ds_class)
		return p->ds_class < q->ds_class ? -1 : 1;
	if (p->ds_index != q->ds_index)
		return p->ds_index < q->ds_index ? -1 : 1;
	return a->port < b->port ? -1 : a->port > b->port;
}

void counter_triggers_tick(struct counter_triggers *t, const struct analyzer *a, const char *name,
			   struct source_filter *filter)
{
	const struct row_counter metric = row_counter_of(a, name, strlen(name));
	const struct metrics *m = &a->metrics;
	const bool is_known = metric.number >= 0 || metric.text != 0;
	struct row_value v;
	t->n_events = 0;
	for (uint32_t i = 0; is_known && i < m->n_touched; i++) {
		const uint32_t port = m->touched[i];
		if (is_above(t, a, &metric, port, &v) && !has_fired(t, port) &&
		    source_filter_passes(filter, port))
			fire(t, port, &v);
	}
	for (uint32_t i = t->n; i > 0; i--) { // downward: rearm() moves what was looked at
		if (is_above(t, a, &metric, t->item[i].port, &v))
			t->item[i].above = a->now;
		else if (a->now - t->item[i].above >= t->timeout)
			rearm(t, i);
	}
	qsort_r(t->event, t->n_events, sizeof(*t->event), compare_events, (void *)(uintptr_t)a);
}
