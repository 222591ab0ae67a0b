// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Another program and other thresholds for an analyzer that goes on ticking meanwhile.
#include <stdlib.h>
#include <string.h>

#include "analyzer/state.h"

struct analyzer_change {
	struct analyzer_set set;   // the next one; once applied: the one before
	struct analyzer_set other; // the other of the two, to tell what both have
	bool applied;
	const int32_t *from; // during analyzer_prepare()
};

struct store_config analyzer_store_config(const struct analyzer *a, uint32_t def)
{
	const struct analyzer_config *config = &a->config;
	return (struct store_config){
		.entries = config->store_entries > 16 ? config->store_entries : 16,
		.max_sources = config->max_sources,
		.top = config->top > 0 ? config->top : 1,
		.retention = (uint64_t)(config->retention * 1e9),
		.sketches = config->sketches,
		.secret = config->secret,
		.seed = config->seed + def,
		.order = sources_order,
		.order_ctx = &a->sources,
	};
}

// Rows of query_top() at most.
static size_t pick_len(const struct analyzer *a)
{
	return (size_t)analyzer_store_config(a, 0).top + 1;
}

static size_t text_size(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

// The threshold and its texts, which lie in one block.
static size_t threshold_block_size(const struct threshold_spec *spec)
{
	return sizeof(struct threshold) + text_size(spec->name) + text_size(spec->metric) +
	       text_size(spec->filter);
}

// Its filter and so many bytes of triggers.
static size_t threshold_memory_size(const struct threshold_spec *spec, size_t triggers)
{
	return source_filter_size(spec->filter) + triggers + 2 * CARVE_ALIGN;
}

size_t analyzer_threshold_size(const struct analyzer *a, const struct program *program,
			       const struct threshold_spec *spec)
{
	size_t largest = counter_triggers_size(a->config.max_triggered);
	for (uint32_t i = 0; i < program->n_def; i++) {
		const size_t triggers = triggers_size(&program->def[i], a->config.max_triggered);
		largest = triggers > largest ? triggers : largest;
	}
	return threshold_block_size(spec) + threshold_memory_size(spec, largest) +
	       sizeof(struct threshold *) + sizeof(struct triggers *);
}

size_t analyzer_set_size(const struct analyzer *a, const struct program *program)
{
	size_t size = pick_len(a) * sizeof(uint32_t);
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct flow_def *def = &program->def[i];
		const struct store_config config = analyzer_store_config(a, i);
		size += flow_size(def, &config) + CARVE_ALIGN;
	}
	return size;
}

static void threshold_free(struct threshold *t)
{
	if (t != NULL)
		free(t->memory);
	free(t);
}

void analyzer_set_clear(struct analyzer_set *set)
{
	for (uint32_t i = 0; set->flow != NULL && i < set->n_flows; i++)
		flow_free(set->flow[i]);
	for (uint32_t i = 0; set->threshold != NULL && i < set->n_thresholds; i++)
		threshold_free(set->threshold[i]);
	free(set->flow);
	free(set->threshold);
	free(set->triggers);
	free(set->pick);
	*set = (struct analyzer_set){0};
}

static struct threshold *threshold_alloc(const struct threshold_spec *spec)
{
	const size_t name = text_size(spec->name), metric = text_size(spec->metric);
	const size_t filter = text_size(spec->filter);
	struct threshold *t = calloc(1, threshold_block_size(spec));
	if (t == NULL)
		return NULL;
	char *text = (char *)(t + 1);
	t->spec = *spec;
	t->spec.name = memcpy(text, spec->name, name);
	t->spec.metric = memcpy(text + name, spec->metric, metric);
	if (filter > 0)
		t->spec.filter = memcpy(text + name + metric, spec->filter, filter);
	return t;
}

static bool passes(void *threshold, uint32_t source)
{
	const struct threshold *t = threshold;
	return source_filter_passes(t->filter,
				    sources_at(&t->filter->analyzer->sources, source)->port);
}

// @p flow NULL: a metric of counters.
static struct threshold *threshold_new(const struct analyzer *a, const struct threshold_spec *spec,
				       const struct flow *flow)
{
	const uint32_t max = a->config.max_triggered;
	const size_t size =
		flow != NULL ? triggers_size(flow->def, max) : counter_triggers_size(max);
	struct threshold *t = threshold_alloc(spec);
	if (t == NULL)
		return NULL;
	t->flow = flow;
	t->memory = calloc(1, threshold_memory_size(spec, size));
	if (t->memory == NULL) {
		threshold_free(t);
		return NULL;
	}
	struct carve c = {.base = carve_start(t->memory)};
	void *filter = carve(&c, 1, source_filter_size(spec->filter));
	void *triggers = carve(&c, 1, size);
	t->filter = source_filter_init(filter, a, spec->filter);
	if (flow == NULL) {
		counter_triggers_init(&t->counters, triggers, spec, max);
		return t;
	}
	triggers_init(&t->triggers, triggers, &flow->store, spec, max);
	if (t->filter->n > 0) {
		t->triggers.passes = passes;
		t->triggers.ctx = t;
	}
	return t;
}

static bool equal_spec(const struct threshold_spec *a, const struct threshold_spec *b)
{
	return a->serial == b->serial && a->by_flow == b->by_flow && a->value == b->value &&
	       a->timeout == b->timeout && strcmp(a->metric, b->metric) == 0 &&
	       threshold_same_filter(a, b);
}

static struct threshold *find_threshold(const struct analyzer_set *set, const char *name)
{
	for (uint32_t i = 0; i < set->n_thresholds; i++)
		if (strcmp(set->threshold[i]->spec.name, name) == 0)
			return set->threshold[i];
	return NULL;
}

static bool has_flow(const struct analyzer_set *set, const struct flow *flow)
{
	for (uint32_t i = 0; i < set->n_flows; i++)
		if (set->flow[i] == flow)
			return true;
	return false;
}

static bool has_threshold(const struct analyzer_set *set, const struct threshold *t)
{
	for (uint32_t i = 0; i < set->n_thresholds; i++)
		if (set->threshold[i] == t)
			return true;
	return false;
}

static int add_flows(struct analyzer_change *c, const struct analyzer *a)
{
	const struct program *program = c->set.program;
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct store_config config = analyzer_store_config(a, i);
		c->set.flow[i] = c->from[i] >= 0 ? c->other.flow[c->from[i]]
						 : flow_new(&program->def[i], &a->sources, &config,
							    a->config.advise);
		if (c->set.flow[i] == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

static int add_threshold(struct analyzer_change *c, const struct analyzer *a,
			 const struct threshold_spec *spec)
{
	const struct program *program = c->set.program;
	const struct flow_def *def = program_find(program, spec->metric);
	const struct flow *flow = def != NULL ? c->set.flow[def - program->def] : NULL;
	struct threshold *before = find_threshold(&c->other, spec->name), *t = NULL;
	const bool equal = before != NULL && equal_spec(&before->spec, spec);
	if (equal && before->flow == flow)
		t = before;
	else
		t = threshold_new(a, spec, flow);
	if (t == NULL)
		return ERR_MEMORY;
	c->set.threshold[c->set.n_thresholds++] = t;
	return 0;
}

// The triggers of each flow, one flow after the other; the flows find theirs in apply().
static void list_triggers(struct analyzer_set *set)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < set->program->n_def; i++)
		for (uint32_t k = 0; k < set->n_thresholds; k++)
			if (set->threshold[k]->flow == set->flow[i])
				set->triggers[n++] = &set->threshold[k]->triggers;
}

static int fill(struct analyzer_change *c, const struct analyzer *a,
		const struct threshold_spec *thresholds, size_t n)
{
	struct analyzer_set *set = &c->set;
	set->n_flows = set->program->n_def;
	set->flow = calloc(set->program->n_def + 1, sizeof(struct flow *));
	set->threshold = calloc(n + 1, sizeof(struct threshold *));
	set->triggers = calloc(n + 1, sizeof(struct triggers *));
	set->pick = calloc(pick_len(a), sizeof(*set->pick));
	if (set->flow == NULL || set->threshold == NULL || set->triggers == NULL ||
	    set->pick == NULL || add_flows(c, a) != 0)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		if (add_threshold(c, a, &thresholds[i]) != 0)
			return ERR_MEMORY;
	list_triggers(set);
	return 0;
}

struct analyzer_change *analyzer_prepare(const struct analyzer *a, const struct program *program,
					 const int32_t *from,
					 const struct threshold_spec *thresholds,
					 size_t n_thresholds, struct err_msg *msg)
{
	struct analyzer_change *c = calloc(1, sizeof(*c));
	if (c != NULL) {
		c->set.program = program;
		c->other = a->set;
		c->from = from;
		if (fill(c, a, thresholds, n_thresholds) == 0)
			return c;
	}
	analyzer_change_free(c);
	err_set(msg, ERR_MEMORY, "analyzer: out of memory for %u definitions, %zu thresholds",
		program->n_def, n_thresholds);
	return NULL;
}

// What a threshold that goes counted lives on in its next life, or in the sum.
static void take_counts(struct analyzer *a, const struct analyzer_set *before)
{
	for (uint32_t i = 0; i < before->n_thresholds; i++) {
		const struct threshold *t = before->threshold[i];
		struct threshold *next = find_threshold(&a->set, t->spec.name);
		if (next == t)
			continue;
		const struct threshold_tally tally = threshold_tally(t);
		a->triggered_full += tally.full;
		if (next != NULL && equal_spec(&next->spec, &t->spec))
			next->events = t->events + tally.events;
	}
}

void analyzer_apply(struct analyzer *a, struct analyzer_change *c)
{
	const struct analyzer_set before = a->set;
	struct triggers **triggers = c->set.triggers;
	a->set = c->set;
	for (uint32_t i = 0; i < a->set.program->n_def; i++) {
		struct flow *f = a->set.flow[i];
		flow_rebind(f, &a->set.program->def[i]);
		f->triggers = triggers;
		f->n_triggers = 0;
		for (uint32_t k = 0; k < a->set.n_thresholds; k++)
			f->n_triggers += a->set.threshold[k]->flow == f;
		triggers += f->n_triggers;
	}
	take_counts(a, &before);
	c->other = a->set;
	c->set = before;
	c->applied = true;
}

void analyzer_change_free(struct analyzer_change *c)
{
	if (c == NULL)
		return;
	struct analyzer_set *set = &c->set;
	// Only what the other one does not have.
	for (uint32_t i = 0; set->flow != NULL && i < set->n_flows; i++)
		if (has_flow(&c->other, set->flow[i]))
			set->flow[i] = NULL;
	for (uint32_t i = 0; i < set->n_thresholds; i++)
		if (has_threshold(&c->other, set->threshold[i]))
			set->threshold[i] = NULL;
	analyzer_set_clear(set);
	free(c);
}
