// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_plan.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/join.h"
#include "weir/config/config_tables.h"
#include "weir/config/database.h"
#include "program/map.h"
#include "weir/config/resolver.h"

enum {
	SIZE_TEXT = 32,
	BANKS = 2, // of a worker: the one that it fills, and the one that is being merged
};

// program_compile() says `flow "NAME": MEMBER: what`. The file, the line and the column of that
// member say more.
static int place_error(const struct config *c, size_t i, const struct err_msg *found,
		       struct err_msg *msg)
{
	if (c->flow_nodes[i] == NULL)
		return err_set(msg, ERR_INVALID, "%s", found->text);
	const char *what = strstr(found->text, "\": ");
	const char *colon = what != NULL ? strchr(what + 3, ':') : NULL;
	if (colon == NULL)
		return node_error(c->flow_nodes[i], msg, ERR_INVALID, "%s", found->text);
	char member[SIZE_TEXT];
	snprintf(member, sizeof(member), "%.*s", (int)(colon - what - 3), what + 3);
	const struct node *n = node_get(c->flow_nodes[i], member);
	if (n == NULL)
		return node_error(c->flow_nodes[i], msg, ERR_INVALID, "%s", what + 3);
	return node_error(n, msg, ERR_INVALID, "%s", colon + 2);
}

static int load_learned(const struct config *c, const char *function, const char *name,
			struct program_table *out, struct err_msg *msg)
{
	const int err = strcmp(function, "host") == 0 ? join_check_metric(name, msg) : 0;
	if (err != 0)
		return err;
	if (c->learn != NULL)
		return c->learn(c->learned, function, name, out, msg);
	*out = (struct program_table){.function = function, .name = name, .map = map_create()};
	return out->map != NULL ? 0 : err_set(msg, ERR_MEMORY, "out of memory");
}

// What functions look up beside groups and maps.
static int load_table(void *ctx, const char *function, const char *name, struct program_table *out,
		      struct err_msg *msg)
{
	const struct config *c = ctx;
	const struct database_paths paths = {c->country_database, c->asn_database, c->oui_list};
	if (strcmp(function, "rtflow") == 0)
		return c->learn != NULL ? c->learn(c->learned, function, name, out, msg)
					: ERR_UNKNOWN;
	if (strcmp(function, "host") == 0 || strcmp(function, "link") == 0)
		return load_learned(c, function, name, out, msg);
	if (strcmp(function, "dns") != 0)
		return database_load(&paths, function, name, out, msg);
	if (!c->dns)
		return ERR_UNKNOWN;
	*out = (struct program_table){
		.function = "dns", .name = "", .resolver = resolver_program()};
	return 0;
}

struct program *config_compile(const struct config *c, struct err_msg *msg)
{
	struct err_msg found = {0};
	const struct program_tables tables = {
		.at = c->tables,
		.n = c->n_tables,
		.load = load_table,
		.ctx = (void *)(uintptr_t)c,
		.former = c->former,
	};
	struct program *all = program_compile_with(c->flows, c->n_flows, &tables, &found);
	if (all != NULL)
		return all;
	for (size_t i = 0; i < c->n_flows; i++) {
		struct program *one = program_compile_with(&c->flows[i], 1, &tables, &found);
		if (one == NULL) {
			place_error(c, i, &found, msg);
			return NULL;
		}
		program_free(one);
	}
	err_set(msg, ERR_INVALID, "%s", found.text);
	return NULL;
}

bool config_awaits(const struct flow_def *def, struct err_msg *msg)
{
	char names[256];
	struct strbuf b = strbuf_of(names, sizeof(names));
	if (!flow_def_awaits(def, &b))
		return false;
	err_set(msg, 0, "flow \"%s\": there is no %s: what it says is absent until there is",
		def->name, names);
	return true;
}

void config_bank(const struct config *c, struct bank_config *out)
{
	out->entries = c->entries;
	out->max_agents = c->agents;
	out->max_sources = c->sources;
	out->log_size = (uint32_t)c->counter_log;
	out->sketches = c->sketches;
}

void config_analyzer(const struct config *c, struct analyzer_config *out)
{
	out->n_workers = config_workers(c);
	out->store_entries = c->store;
	out->max_agents = c->agents;
	out->max_sources = c->sources;
	out->metrics = c->metrics;
	out->top = c->top;
	out->max_triggered = c->triggered;
	out->max_events = c->events;
	out->sketches = 2 * c->sketches; // two generations
	out->retention = c->retention;
	out->correct_loss = c->correct_loss;
}

static bool allow(void *ctx, const struct addr *agent)
{
	return config_agent_allowed(ctx, agent);
}

static uint32_t sampling_rate(void *ctx, const struct addr *agent)
{
	const struct config_sampling *s = config_sampling_of(ctx, agent);
	return s != NULL ? s->override : 0;
}

static uint32_t default_rate(void *ctx, const struct addr *agent)
{
	const struct config_sampling *s = config_sampling_of(ctx, agent);
	return s != NULL ? s->fallback : 0;
}

void config_policy(const struct config *c, struct intake_policy *out)
{
	*out = (struct intake_policy){
		.allow = allow,
		.sampling_rate = sampling_rate,
		.default_rate = default_rate,
		.ctx = (void *)(uintptr_t)c,
		.max_datagram_rate = c->agent_rate,
	};
}

struct sizes {
	uint64_t worker;   // banks and intake of one worker
	uint64_t analyzer; // bytes
	uint64_t tables;   // groups and maps, learned ones among them, and patterns
};

static struct sizes sizes_of(const struct config *c, const struct program *program)
{
	struct bank_config bank = {0};
	struct analyzer_config analyzer = {0};
	config_bank(c, &bank);
	config_analyzer(c, &analyzer);
	return (struct sizes){
		.worker = BANKS * (uint64_t)bank_size(program, &bank) + intake_size(&bank),
		.analyzer = analyzer_size(&analyzer, program, c->thresholds, c->n_thresholds),
		.tables = config_tables_size(c) + c->learned_size + program_patterns_size(program),
	};
}

uint64_t config_memory(const struct config *c, const struct program *program)
{
	const struct sizes s = sizes_of(c, program);
	return config_workers(c) * s.worker + s.analyzer + s.tables;
}

// In MiB, as much as a person wants to know.
static const char *mebibytes(uint64_t bytes, char text[SIZE_TEXT])
{
	snprintf(text, SIZE_TEXT, "%.1fMiB", (double)bytes / 0x1p20);
	return text;
}

int config_check_memory(const struct config *c, const struct program *program, struct err_msg *msg)
{
	const struct sizes s = sizes_of(c, program);
	const uint64_t need = config_memory(c, program);
	char total[SIZE_TEXT], budget[SIZE_TEXT], worker[SIZE_TEXT], analyzer[SIZE_TEXT];
	char tables[SIZE_TEXT];
	if (need <= c->memory)
		return 0;
	return err_set(
		msg, ERR_FULL,
		"memory: %s allowed, %s needed (flows: %zu, workers: %u of %s, merged: %s, "
		"groups, maps and patterns: %s); raise memory, or lower entries, store, triggered, "
		"sources or agents",
		mebibytes(c->memory, budget), mebibytes(need, total), c->n_flows, config_workers(c),
		mebibytes(s.worker, worker), mebibytes(s.analyzer, analyzer),
		mebibytes(s.tables, tables));
}
