// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/analyzer.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/counter.h"
#include "analyzer/state.h"

static struct source_config source_config(const struct analyzer_config *config)
{
	return (struct source_config){
		.n_workers = config->n_workers,
		.max_agents = config->max_agents,
		.max_sources = config->max_sources,
		.secret = config->secret,
	};
}

static struct store_config store_config(const struct analyzer *a, uint32_t def)
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

// How many of the thresholds are on definition @p def; without a list, as many as there can be.
static uint32_t count_rules(const struct analyzer *a, uint32_t def, size_t n_thresholds)
{
	uint32_t n = 0;
	if (a->threshold == NULL)
		return (uint32_t)n_thresholds;
	for (uint32_t i = 0; i < a->n_thresholds; i++)
		n += a->threshold[i].def == def;
	return n;
}

// One block for all. Without a base it only measures.
static void layout(struct analyzer *a, struct carve *c, const struct program *program,
		   size_t n_thresholds)
{
	const struct source_config sources = source_config(&a->config);
	void *mem = carve(c, 1, sources_size(&sources));
	if (c->base != NULL)
		sources_init(&a->sources, mem, &sources);
	a->flow = carve(c, program->n_def, sizeof(*a->flow));
	uint64_t entries = 0, triggers = 0;
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct flow_def *def = &program->def[i];
		const struct store_config config = store_config(a, i);
		const uint32_t n_rules = count_rules(a, i, n_thresholds);
		mem = carve(c, 1, flow_size(def, &config, n_rules, a->config.max_triggered));
		if (c->base != NULL)
			flow_init(&a->flow[i], mem, def, &a->sources, &config, n_rules,
				  a->config.max_triggered);
		triggers += n_rules > 0 ? a->config.max_triggered : 0;
		const uint64_t most = (uint64_t)config.entries + config.max_sources;
		entries = most > entries ? most : entries;
	}
	a->found = carve(c, triggers, sizeof(*a->found));
	a->row = carve(c, a->config.max_events, sizeof(*a->row));
	a->pick = carve(c, entries + 2, sizeof(*a->pick));
}

size_t analyzer_size(const struct analyzer_config *config, const struct program *program,
		     size_t n_thresholds)
{
	struct analyzer a = {.config = *config};
	struct carve c = {0};
	layout(&a, &c, program, n_thresholds);
	return sizeof(a) + n_thresholds * sizeof(struct threshold) + c.used + CARVE_ALIGN;
}

static int add_threshold(struct analyzer *a, const struct threshold_spec *spec, struct err_msg *msg)
{
	const struct flow_def *def = program_find(a->program, spec->metric);
	struct threshold *t = &a->threshold[a->n_thresholds];
	if (def == NULL)
		return err_set(msg, ERR_UNKNOWN, "threshold \"%s\": metric: no flow \"%s\"",
			       spec->name, spec->metric);
	*t = (struct threshold){.spec = *spec, .def = (uint32_t)(def - a->program->def)};
	for (uint32_t i = 0; i < a->n_thresholds; i++)
		t->rule += a->threshold[i].def == t->def;
	a->n_thresholds++;
	t->spec.name = t->name = strdup(spec->name);
	t->spec.metric = t->metric = strdup(spec->metric);
	if (t->name == NULL || t->metric == NULL)
		return err_set(msg, ERR_MEMORY, "analyzer: out of memory");
	return 0;
}

static int allocate(struct analyzer *a, struct err_msg *msg)
{
	struct analyzer measured = *a;
	struct carve c = {0};
	layout(&measured, &c, a->program, a->n_thresholds);
	a->memory = calloc(1, c.used + CARVE_ALIGN);
	if (a->memory == NULL)
		return err_set(msg, ERR_MEMORY, "analyzer: %zu bytes are not to be had", c.used);
	const size_t off = CARVE_ALIGN - (uintptr_t)a->memory % CARVE_ALIGN;
	c = (struct carve){.base = (uint8_t *)a->memory + off};
	layout(a, &c, a->program, a->n_thresholds);
	return 0;
}

static void set_rules(struct analyzer *a)
{
	for (uint32_t i = 0; i < a->n_thresholds; i++) {
		const struct threshold *t = &a->threshold[i];
		a->flow[t->def].triggers.rule[t->rule] = (struct trigger_rule){
			.index = i,
			.by_flow = t->spec.by_flow,
			.limit = t->spec.value,
			.timeout = (uint64_t)(t->spec.timeout * 1e9),
		};
	}
}

struct analyzer *analyzer_new(const struct analyzer_config *config, const struct program *program,
			      const struct threshold_spec *thresholds, size_t n_thresholds,
			      struct err_msg *msg)
{
	struct analyzer *a = calloc(1, sizeof(*a));
	struct threshold *list = calloc(n_thresholds + 1, sizeof(*list));
	if (a == NULL || list == NULL) {
		err_set(msg, ERR_MEMORY, "analyzer: out of memory");
		free(list);
		free(a);
		return NULL;
	}
	a->config = *config;
	a->program = program;
	a->threshold = list;
	for (size_t i = 0; i < n_thresholds; i++) {
		if (add_threshold(a, &thresholds[i], msg) != 0)
			goto fail;
	}
	if (allocate(a, msg) != 0)
		goto fail;
	set_rules(a);
	return a;
fail:
	analyzer_free(a);
	return NULL;
}

void analyzer_free(struct analyzer *a)
{
	if (a == NULL)
		return;
	for (uint32_t i = 0; i < a->n_thresholds; i++) {
		free(a->threshold[i].name);
		free(a->threshold[i].metric);
	}
	free(a->threshold);
	topology_free(a->topology);
	free(a->memory);
	free(a);
}

void analyzer_tick_begin(struct analyzer *a, uint64_t start, uint64_t end)
{
	a->ticks++;
	a->now = end;
	sources_begin(&a->sources, start, end);
	for (uint32_t i = 0; i < a->program->n_def; i++)
		flow_begin(&a->flow[i], start, end);
}

void analyzer_merge_sources(struct analyzer *a, uint32_t worker, const struct registry *registry,
			    const struct bank *bank)
{
	sources_merge(&a->sources, worker, registry, bank);
	counter_merge(&a->sources, worker, bank, &a->unknown);
	unknown_merge(&a->unknown, bank->unknown);
}

void analyzer_merge_flow(struct analyzer *a, uint32_t def, uint32_t worker, const struct bank *bank)
{
	flow_merge(&a->flow[def], worker, bank, &bank->table[def]);
}

void analyzer_tick_flow(struct analyzer *a, uint32_t def)
{
	flow_end(&a->flow[def]);
}

// By threshold, then largest own part first, then as in the store.
static int compare_found(const void *x, const void *y)
{
	const struct found *a = x, *b = y;
	if (a->threshold != b->threshold)
		return a->threshold < b->threshold ? -1 : 1;
	if (a->own != b->own)
		return a->own > b->own ? -1 : 1;
	if (a->entry == b->entry)
		return 0;
	return store_before(&a->flow->store, a->entry, b->entry) ? -1 : 1;
}

static uint32_t collect(struct analyzer *a)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < a->program->n_def; i++) {
		struct triggers *t = &a->flow[i].triggers;
		for (uint32_t k = 0; k < t->n_events; k++)
			a->found[n++] = (struct found){
				.flow = &a->flow[i],
				.threshold = t->rule[t->event[k].rule].index,
				.entry = t->event[k].entry,
				.own = t->event[k].own,
			};
		t->n_events = 0;
	}
	qsort(a->found, n, sizeof(*a->found), compare_found);
	return n;
}

size_t analyzer_tick_end(struct analyzer *a, struct threshold_event *events, size_t max)
{
	sources_end(&a->sources);
	const uint32_t n_found = collect(a);
	uint32_t n = 0;
	for (; n < n_found && n < max && n < a->config.max_events; n++) {
		const struct found *f = &a->found[n];
		const struct threshold_spec *spec = &a->threshold[f->threshold].spec;
		query_row(a, f->flow, f->entry, &a->row[n]);
		events[n] = (struct threshold_event){
			.id = a->config.last_event + a->events + n + 1,
			.threshold = spec->name,
			.metric = spec->metric,
			.limit = spec->value,
			.time = a->now,
			.row = &a->row[n],
		};
	}
	// Lost ones have numbers too, so that who reads them sees the gap.
	a->events += n_found;
	a->events_lost += n_found - n;
	return n;
}

struct topology *analyzer_set_topology(struct analyzer *a, struct topology *t)
{
	struct topology *before = a->topology;
	a->topology = t;
	a->topology_version++;
	return before;
}

uint64_t analyzer_ticks(const struct analyzer *a)
{
	return a->ticks;
}

uint64_t analyzer_now(const struct analyzer *a)
{
	return a->now;
}

uint64_t analyzer_events_lost(const struct analyzer *a)
{
	return a->events_lost;
}
