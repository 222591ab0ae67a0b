// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/analyzer.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/counter.h"
#include "analyzer/state.h"

// Ticks within which what a port is in the topology is looked at again.
#define MARK_TICKS 16

static struct source_config source_config(const struct analyzer_config *config)
{
	return (struct source_config){
		.n_workers = config->n_workers,
		.max_agents = config->max_agents,
		.max_sources = config->max_sources,
		.correct_loss = config->correct_loss,
		.secret = config->secret,
	};
}

static struct metrics_config metrics_config(const struct analyzer_config *config)
{
	return (struct metrics_config){
		.bytes = config->metrics,
		.max_agents = config->max_agents,
		.max_sources = config->max_sources,
		.secret = config->secret,
	};
}

// What lies in one block for the life of the analyzer. Without a base it only measures.
static void layout(struct analyzer *a, struct carve *c)
{
	const struct source_config sources = source_config(&a->config);
	void *mem = carve(c, 1, sources_size(&sources));
	if (c->base != NULL)
		sources_init(&a->sources, mem, &sources);
	a->sources.config.texts = &a->metrics.texts;
	const struct metrics_config metrics = metrics_config(&a->config);
	mem = carve(c, 1, metrics_size(&metrics));
	if (c->base != NULL)
		metrics_init(&a->metrics, mem, &metrics);
	a->row = carve(c, a->config.max_events, sizeof(*a->row));
}

// Without thresholds.
static size_t base_size(const struct analyzer_config *config, const struct program *program)
{
	struct analyzer a = {.config = *config};
	struct carve c = {0};
	layout(&a, &c);
	return sizeof(a) + c.used + CARVE_ALIGN + analyzer_set_size(&a, program);
}

size_t analyzer_size(const struct analyzer_config *config, const struct program *program,
		     const struct threshold_spec *thresholds, size_t n_thresholds)
{
	const struct analyzer a = {.config = *config};
	size_t size = base_size(config, program);
	for (size_t i = 0; i < n_thresholds; i++)
		size += analyzer_threshold_size(&a, program, &thresholds[i]);
	return size;
}

size_t analyzer_memory(const struct analyzer *a)
{
	size_t size = base_size(&a->config, a->set.program);
	for (uint32_t i = 0; i < a->set.n_thresholds; i++)
		size += analyzer_threshold_size(a, a->set.program, &a->set.threshold[i]->spec);
	return size;
}

static int allocate(struct analyzer *a, struct err_msg *msg)
{
	struct analyzer measured = *a;
	struct carve c = {0};
	layout(&measured, &c);
	a->memory = calloc(1, c.used + CARVE_ALIGN);
	if (a->memory == NULL)
		return err_set(msg, ERR_MEMORY, "analyzer: %zu bytes are not to be had", c.used);
	if (a->config.advise != NULL)
		a->config.advise(a->memory, c.used + CARVE_ALIGN);
	c = (struct carve){.base = carve_start(a->memory)};
	layout(a, &c);
	return 0;
}

struct analyzer *analyzer_new(const struct analyzer_config *config, const struct program *program,
			      const struct threshold_spec *thresholds, size_t n_thresholds,
			      struct err_msg *msg)
{
	static const struct program nothing;
	struct analyzer *a = calloc(1, sizeof(*a));
	int32_t *from = calloc(program->n_def + 1, sizeof(*from));
	struct analyzer_change *first = NULL;
	if (a == NULL || from == NULL) {
		err_set(msg, ERR_MEMORY, "analyzer: out of memory");
	} else {
		a->config = *config;
		a->set.program = &nothing;
		program_match(&nothing, program, from);
		if (allocate(a, msg) == 0)
			first = analyzer_prepare(a, program, from, thresholds, n_thresholds, msg);
	}
	free(from);
	if (first == NULL) {
		analyzer_free(a);
		return NULL;
	}
	analyzer_apply(a, first);
	analyzer_change_free(first);
	return a;
}

void analyzer_free(struct analyzer *a)
{
	if (a == NULL)
		return;
	analyzer_set_clear(&a->set);
	topology_free(a->topology);
	names_free(a->names);
	free(a->memory);
	free(a);
}

void analyzer_tick_begin(struct analyzer *a, uint64_t start, uint64_t end)
{
	a->ticks++;
	a->now = end;
	sources_begin(&a->sources, start, end);
	metrics_begin(&a->metrics, end);
	for (uint32_t i = 0; i < a->set.program->n_def; i++)
		flow_begin(a->set.flow[i], start, end);
}

// What the topology says of ports: all when it changed, else those that are new and some of the
// others, whose names may have been learned, so that all are seen within MARK_TICKS.
static void mark_edges(struct analyzer *a)
{
	const uint32_t n = a->sources.port.n;
	const bool all = a->marked_version != a->topology_version;
	const uint32_t some = all ? n : n / MARK_TICKS + 1;
	for (uint32_t i = 0; i < some && n > 0; i++) {
		a->mark_hand = a->mark_hand % n + 1;
		sources_port(&a->sources, a->mark_hand)->inner =
			a->topology != NULL &&
			query_place_of(a, a->mark_hand).role != TOPOLOGY_EDGE;
	}
	for (; a->marked_ports < n; a->marked_ports++)
		sources_port(&a->sources, a->marked_ports + 1)->inner =
			a->topology != NULL &&
			query_place_of(a, a->marked_ports + 1).role != TOPOLOGY_EDGE;
	a->marked_version = a->topology_version;
}

static void note_mode(struct analyzer *a, enum flow_agg mode)
{
	if (mode == FLOW_AGG_AGENT)
		sources_by_agent(&a->sources);
	else if (mode == FLOW_AGG_EDGE)
		mark_edges(a);
}

static void merge_seen(struct analyzer *a, const struct bank *bank)
{
	for (unsigned i = 0; i < SEEN_WORDS; i++)
		for (uint64_t left = bank->seen[i]; left != 0; left &= left - 1)
			a->seen[i * 64 + (unsigned)__builtin_ctzll(left)] = a->sources.now;
}

void analyzer_merge_sources(struct analyzer *a, uint32_t worker, const struct registry *registry,
			    const struct bank *bank)
{
	sources_merge(&a->sources, worker, registry, bank);
	for (uint32_t i = 0; i < a->set.program->n_def; i++)
		note_mode(a, a->set.program->def[i].agg_mode);
	counter_merge(&a->metrics, &a->sources, worker, bank, &a->unknown, &a->event_fields);
	unknown_merge(&a->unknown, bank->unknown);
	merge_seen(a, bank);
}

void analyzer_merge_flow(struct analyzer *a, uint32_t def, uint32_t worker, const struct bank *bank)
{
	flow_merge(a->set.flow[def], worker, bank, def);
}

void analyzer_tick_flow(struct analyzer *a, uint32_t def)
{
	flow_end(a->set.flow[def]);
}

// The row of the i-th event of a threshold; returns the name of its data source if it has one.
static const char *event_row(const struct analyzer *a, const struct threshold *t, size_t i,
			     struct flow_row *row)
{
	if (t->flow != NULL) {
		query_row(a, t->flow, t->triggers.event[i].entry, row);
		return row->source;
	}
	query_counter_row(a, &t->counters.event[i], row);
	return row->source;
}

// Hand over what one threshold found; returns how many of @p max were written.
static size_t hand_over(struct analyzer *a, struct threshold *t, size_t at,
			struct threshold_event *events, size_t max)
{
	uint32_t *found = t->flow != NULL ? &t->triggers.n_events : &t->counters.n_events;
	size_t n = 0;
	for (; n < *found && n < max; n++) {
		struct flow_row *row = &a->row[at + n];
		const char *source = event_row(a, t, n, row);
		events[n] = (struct threshold_event){
			.id = a->config.last_event + a->events + n + 1,
			.threshold = t->spec.name,
			.metric = t->spec.metric,
			.limit = t->spec.value,
			.time = a->now,
			.row = row,
			.counter = t->flow == NULL,
			.source = source,
		};
	}
	// Lost ones have numbers too, so that who reads them sees the gap.
	a->events += *found;
	a->events_lost += *found - n;
	*found = 0;
	return n;
}

static void find_events(const struct analyzer *a, struct threshold *t)
{
	if (t->flow == NULL) // those of flows were found when the flow was merged
		counter_triggers_tick(&t->counters, a, t->spec.metric, t->filter);
}

size_t analyzer_tick_end(struct analyzer *a, struct threshold_event *events, size_t max)
{
	sources_end(&a->sources);
	metrics_end(&a->metrics, &a->sources);
	if (max > a->config.max_events)
		max = a->config.max_events;
	size_t n = 0;
	for (uint32_t i = 0; i < a->set.n_thresholds; i++) {
		find_events(a, a->set.threshold[i]);
		n += hand_over(a, a->set.threshold[i], n, events + n, max - n);
	}
	return n;
}

bool analyzer_end_flow(struct analyzer *a, uint32_t def)
{
	struct store *s = &a->set.flow[def]->store;
	store_end_spans(s);
	return s->spans.n_done > 0;
}

struct names *analyzer_set_names(struct analyzer *a, struct names *n)
{
	struct names *before = a->names;
	a->names = n;
	a->names_version++;
	return before;
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

bool analyzer_losing(const struct analyzer *a)
{
	return a->sources.lost > a->sources.received / 1000;
}

uint64_t analyzer_events_lost(const struct analyzer *a)
{
	return a->events_lost;
}
