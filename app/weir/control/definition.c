// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/control/definition.h"

#include <stdlib.h>
#include <string.h>

#include "weir/config/config_tables.h"
#include "program/group.h"
#include "program/map.h"

static int out_of_memory(struct err_msg *msg)
{
	return err_set(msg, ERR_MEMORY, "out of memory");
}

static bool copy_text(struct arena *arena, const char **text)
{
	if (*text != NULL)
		*text = arena_strndup(arena, *text, strlen(*text));
	return *text != NULL;
}

bool flow_spec_copy(struct arena *arena, const struct flow_spec *from, struct flow_spec *to)
{
	*to = *from;
	if (to->ipfix == NULL)
		to->ipfix = "";
	return copy_text(arena, &to->name) && copy_text(arena, &to->keys) &&
	       copy_text(arena, &to->value) && copy_text(arena, &to->values) &&
	       copy_text(arena, &to->filter) && copy_text(arena, &to->fs) &&
	       copy_text(arena, &to->ipfix);
}

bool threshold_spec_copy(struct arena *arena, const struct threshold_spec *from,
			 struct threshold_spec *to)
{
	*to = *from;
	if (to->filter == NULL)
		to->filter = "";
	return copy_text(arena, &to->name) && copy_text(arena, &to->metric) &&
	       copy_text(arena, &to->filter);
}

static struct definition *definition_new(enum control_kind kind, const char *name)
{
	struct definition *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->refs = 1;
	d->kind = kind;
	d->name = arena_strndup(&d->arena, name, strlen(name));
	if (d->name != NULL)
		return d;
	free(d);
	return NULL;
}

struct definition *definition_ref(struct definition *d)
{
	__atomic_add_fetch(&d->refs, 1, __ATOMIC_RELAXED);
	return d;
}

void definition_free(struct definition *d)
{
	// Whoever frees must see all that the others did before they let go.
	if (d == NULL || __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	config_table_free(&d->table);
	arena_free(&d->arena);
	free(d);
}

static int read_body(struct definition *d, const struct node *body, struct err_msg *msg)
{
	const struct schema_context ctx = {.arena = &d->arena, .lenient = true, .msg = msg};
	switch (d->kind) {
	case CONTROL_FLOW: return config_flow(&ctx, body, d->name, &d->flow);
	case CONTROL_THRESHOLD: return config_threshold(&ctx, body, d->name, &d->threshold);
	case CONTROL_GROUP:
	case CONTROL_MAP: break;
	case CONTROL_KINDS: return err_set(msg, ERR_INVALID, "no such kind of definition");
	}
	const bool is_group = d->kind == CONTROL_GROUP;
	d->table.function = is_group ? "group" : "map";
	d->table.name = d->name;
	const int err = config_table(&ctx, body, is_group, &d->table);
	if (err != 0)
		return err;
	d->body = node_copy(&d->arena, body);
	return d->body != NULL ? 0 : out_of_memory(msg);
}

struct definition *definition_read(enum control_kind kind, const char *name,
				   const struct node *body, struct err_msg *msg)
{
	struct definition *d = definition_new(kind, name);
	if (d == NULL) {
		out_of_memory(msg);
		return NULL;
	}
	if (read_body(d, body, msg) == 0)
		return d;
	definition_free(d);
	return NULL;
}

static bool equal_flow(const struct flow_spec *a, const struct flow_spec *b)
{
	return strcmp(a->keys, b->keys) == 0 && strcmp(a->value, b->value) == 0 &&
	       strcmp(a->values, b->values) == 0 && strcmp(a->filter, b->filter) == 0 &&
	       strcmp(a->fs, b->fs) == 0 && strcmp(a->ipfix, b->ipfix) == 0 && a->n == b->n &&
	       a->t == b->t && a->dropped == b->dropped && a->agg_mode == b->agg_mode &&
	       a->log == b->log && a->flow_start == b->flow_start &&
	       a->active_timeout == b->active_timeout;
}

bool definition_equal(const struct definition *a, const struct definition *b)
{
	const struct threshold_spec *x = &a->threshold, *y = &b->threshold;
	if (a == b)
		return true;
	if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
		return false;
	switch (a->kind) {
	case CONTROL_FLOW: return equal_flow(&a->flow, &b->flow);
	case CONTROL_THRESHOLD:
		return x->value == y->value && x->timeout == y->timeout &&
		       x->by_flow == y->by_flow && strcmp(x->metric, y->metric) == 0 &&
		       threshold_same_filter(x, y);
	default: return node_equal(a->body, b->body);
	}
}

static int add_flow(struct definitions *set, const struct flow_spec *spec, struct err_msg *msg)
{
	struct definition *d = definition_new(CONTROL_FLOW, spec->name);
	if (d == NULL || !flow_spec_copy(&d->arena, spec, &d->flow)) {
		definition_free(d);
		return out_of_memory(msg);
	}
	return definitions_put(set, d, msg);
}

static int add_threshold(struct definitions *set, const struct threshold_spec *spec,
			 struct err_msg *msg)
{
	struct definition *d = definition_new(CONTROL_THRESHOLD, spec->name);
	if (d == NULL || !threshold_spec_copy(&d->arena, spec, &d->threshold)) {
		definition_free(d);
		return out_of_memory(msg);
	}
	return definitions_put(set, d, msg);
}

// Group and map are shared with the configuration.
static int add_table(struct definitions *set, const struct config *c,
		     const struct program_table *row, struct err_msg *msg)
{
	const bool is_group = strcmp(row->function, "group") == 0;
	const struct node *body = node_get(is_group ? c->group_nodes : c->map_nodes, row->name);
	struct definition *d = definition_new(is_group ? CONTROL_GROUP : CONTROL_MAP, row->name);
	if (d == NULL)
		return out_of_memory(msg);
	d->table = *row;
	d->table.name = d->name;
	d->table.group = group_ref(row->group);
	d->table.map = map_ref(row->map);
	d->body = body != NULL ? node_copy(&d->arena, body) : NULL;
	if (d->body == NULL) {
		definition_free(d);
		return out_of_memory(msg);
	}
	return definitions_put(set, d, msg);
}

int definitions_of(struct definitions *set, const struct config *c, struct err_msg *msg)
{
	int err = 0;
	for (size_t i = 0; i < c->n_flows && err == 0; i++)
		err = add_flow(set, &c->flows[i], msg);
	for (size_t i = 0; i < c->n_thresholds && err == 0; i++)
		err = add_threshold(set, &c->thresholds[i], msg);
	for (size_t i = 0; i < c->n_tables && err == 0; i++)
		err = add_table(set, c, &c->tables[i], msg);
	return err;
}

int definitions_copy(struct definitions *to, const struct definitions *from, struct err_msg *msg)
{
	for (int k = 0; k < CONTROL_KINDS; k++) {
		const size_t n = from->n[k];
		to->at[k] = n > 0 ? calloc(n, sizeof(struct definition *)) : NULL;
		if (n > 0 && to->at[k] == NULL)
			return out_of_memory(msg);
		for (size_t i = 0; i < n; i++)
			to->at[k][i] = definition_ref(from->at[k][i]);
		to->n[k] = n;
	}
	return 0;
}

void definitions_clear(struct definitions *set)
{
	for (int k = 0; k < CONTROL_KINDS; k++) {
		for (size_t i = 0; i < set->n[k]; i++)
			definition_free(set->at[k][i]);
		free(set->at[k]);
	}
	*set = (struct definitions){0};
}

static size_t find(const struct definitions *set, enum control_kind kind, const char *name)
{
	size_t i = 0;
	while (i < set->n[kind] && strcmp(set->at[kind][i]->name, name) != 0)
		i++;
	return i;
}

struct definition *definitions_find(const struct definitions *set, enum control_kind kind,
				    const char *name)
{
	const size_t i = find(set, kind, name);
	return i < set->n[kind] ? set->at[kind][i] : NULL;
}

int definitions_put(struct definitions *set, struct definition *d, struct err_msg *msg)
{
	const enum control_kind kind = d->kind;
	const size_t i = find(set, kind, d->name);
	if (i < set->n[kind]) {
		definition_free(set->at[kind][i]);
		set->at[kind][i] = d;
		return 0;
	}
	struct definition **grown = reallocarray(set->at[kind], i + 1, sizeof(struct definition *));
	if (grown == NULL) {
		definition_free(d);
		return out_of_memory(msg);
	}
	grown[i] = d;
	set->at[kind] = grown;
	set->n[kind]++;
	return 0;
}

bool definitions_remove(struct definitions *set, enum control_kind kind, const char *name)
{
	const size_t i = find(set, kind, name);
	if (i == set->n[kind])
		return false;
	definition_free(set->at[kind][i]);
	set->n[kind]--;
	memmove(&set->at[kind][i], &set->at[kind][i + 1],
		(set->n[kind] - i) * sizeof(struct definition *));
	return true;
}

int definitions_merge(struct definitions *set, const struct definitions *before,
		      const struct definitions *after, struct err_msg *msg)
{
	for (int k = 0; k < CONTROL_KINDS; k++) {
		const enum control_kind kind = (enum control_kind)k;
		for (size_t i = 0; i < before->n[k]; i++)
			if (definitions_find(after, kind, before->at[k][i]->name) == NULL)
				definitions_remove(set, kind, before->at[k][i]->name);
		for (size_t i = 0; i < after->n[k]; i++) {
			struct definition *d = after->at[k][i];
			const struct definition *was = definitions_find(before, kind, d->name);
			if (was != NULL && definition_equal(was, d))
				continue;
			const int err = definitions_put(set, definition_ref(d), msg);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

int definitions_view(const struct definitions *set, const struct config *c, struct arena *arena,
		     struct config *view, struct err_msg *msg)
{
	const size_t n_groups = set->n[CONTROL_GROUP], n_maps = set->n[CONTROL_MAP];
	*view = *c;
	view->n_flows = set->n[CONTROL_FLOW];
	view->n_thresholds = set->n[CONTROL_THRESHOLD];
	view->n_tables = n_groups + n_maps;
	view->flows = arena_array(arena, view->n_flows + 1, sizeof(*view->flows));
	view->flow_nodes = arena_array(arena, view->n_flows + 1, sizeof(*view->flow_nodes));
	view->thresholds = arena_array(arena, view->n_thresholds + 1, sizeof(*view->thresholds));
	view->tables = arena_array(arena, view->n_tables + 1, sizeof(*view->tables));
	if (view->flows == NULL || view->flow_nodes == NULL || view->thresholds == NULL ||
	    view->tables == NULL)
		return out_of_memory(msg);
	for (size_t i = 0; i < view->n_flows; i++)
		view->flows[i] = set->at[CONTROL_FLOW][i]->flow;
	for (size_t i = 0; i < view->n_thresholds; i++)
		view->thresholds[i] = set->at[CONTROL_THRESHOLD][i]->threshold;
	for (size_t i = 0; i < n_groups; i++)
		view->tables[i] = set->at[CONTROL_GROUP][i]->table;
	for (size_t i = 0; i < n_maps; i++)
		view->tables[n_groups + i] = set->at[CONTROL_MAP][i]->table;
	return 0;
}
