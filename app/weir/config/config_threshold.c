// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/metric_query.h"
#include "weir/config/config.h"
#include "weir/config/config_row.h"

// Filters --------------------------------------------------------------------------------------

enum {
	FILTER_LONGEST = 65535, // bytes of one text in it
	MISTAKE = 2,            // letters that a known name was mistyped by
};

static const char filter_expected[] =
	"a map from metrics of counters to a text, a number or a list of them";

// A metric's name alone: no aggregator, no data source.
static bool is_metric(const char *name)
{
	struct metric_column c;
	struct err_msg ignored = {0};
	return metric_column_parse(name, &c, &ignored) == 0 && c.name == name &&
	       c.name_len == strlen(name);
}

// Tabs and ends of lines part the text that a filter becomes.
static bool is_part(const char *text)
{
	const size_t len = text != NULL ? strlen(text) : 0;
	return len > 0 && len <= FILTER_LONGEST && strcspn(text, "\t\n") == len;
}

static int check_patterns(const struct schema_context *ctx, const struct node *n, size_t *size)
{
	if (n->kind == NODE_LIST && n->n_children > 0) {
		for (const struct node *e = n->child; e != NULL; e = e->next) {
			const int err = e->kind != NODE_LIST ? check_patterns(ctx, e, size)
							     : schema_refuse_as(ctx, e, "a text");
			if (err != 0)
				return err;
		}
		return 0;
	}
	if (n->kind == NODE_NULL || !is_part(n->text))
		return schema_refuse_as(ctx, n, "a text, a number or a list of them, not empty");
	*size += strlen(n->text) + 1;
	return 0;
}

static int check_filter(const struct schema_context *ctx, const struct node *n, size_t *size)
{
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		if (!is_metric(e->name) || !is_part(e->name))
			return node_name_error(e, ctx->msg, ERR_INVALID,
					       "expected the name of a metric of counters");
		*size += strlen(e->name) + 1;
		const int err = check_patterns(ctx, e, size);
		if (err != 0)
			return err;
	}
	return 0;
}

static char *add_part(char *at, char before, const char *part)
{
	if (before != '\0')
		*at++ = before;
	const size_t len = strlen(part);
	memcpy(at, part, len);
	return at + len;
}

static int read_filter(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, void *object)
{
	struct threshold_spec *spec = object;
	size_t size = 1;
	if (n->text != NULL && n->text[0] == '\0') // clients send it for none
		return 0;
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	const int err = check_filter(ctx, n, &size);
	if (err != 0)
		return err;
	char *at = arena_alloc(ctx->arena, size), *text = at;
	if (at == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		at = add_part(at, '\0', e->name);
		if (e->text != NULL)
			at = add_part(at, '\t', e->text);
		for (const struct node *p = e->child; p != NULL; p = p->next)
			at = add_part(at, '\t', p->text);
		*at++ = '\n';
	}
	spec->filter = text;
	return 0;
}

static void print_filter(FILE *f, const void *object, unsigned indent)
{
	const char *at = ((const struct threshold_spec *)object)->filter, *before = "";
	struct threshold_part part = {.last = true};
	(void)indent;
	fputs(" {", f);
	while (threshold_filter_next(&at, &part)) {
		char *text = strndup(part.text, part.len);
		fputs(part.metric ? before : "", f);
		schema_print_text(f, text != NULL ? text : "");
		fputs(part.metric ? ": [" : part.last ? "]" : ", ", f);
		before = ", ";
		free(text);
	}
	fputs("}\n", f);
}

// One threshold ----------------------------------------------------------------------------------

#define THRESHOLD(field) .offset = offsetof(struct threshold_spec, field)

static const struct member rows[] = {
	TEXT("metric", THRESHOLD(metric), 1, CONFIG_NAME_LONGEST, NULL,
	     "name of a flow definition, or of a metric of counters", .required = true,
	     .expect = "the name of a flow or of a metric of counters"),
	REAL("value", THRESHOLD(value), 0, INFINITY, NULL,
	     "an event is made when the metric reaches it; in the metric's unit: per second, "
	     "percent",
	     .required = true),
	BOOL("byFlow", THRESHOLD(by_flow), "false",
	     "one event for each flow, not one for each data source"),
	SECONDS("timeout", THRESHOLD(timeout), 0, 86400, "1s",
		"how long the metric must stay below before the next event; 0: 1s"),
	OTHER("filter", read_filter, print_filter, filter_expected,
	      "only data sources of which these metrics of counters have one of these values; `*` "
	      "stands for any characters"),
};

const struct schema threshold_members = ROWS(rows);

int config_threshold(const struct schema_context *ctx, const struct node *n, const char *name,
		     struct threshold_spec *out)
{
	struct threshold_spec spec = {.name = name};
	int err = config_check_name(ctx, n, name);
	if (err == 0)
		err = schema_defaults(ctx, &threshold_members, &spec);
	if (err == 0)
		err = schema_read(ctx, &threshold_members, n, &spec);
	if (err != 0)
		return err;
	if (spec.timeout == 0)
		spec.timeout = 1; // clients that send 0 mean "no particular one"
	*out = spec;
	return 0;
}

// All of them ------------------------------------------------------------------------------------

int config_read_thresholds(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object)
{
	struct config *c = object;
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	struct threshold_spec *at = arena_array(ctx->arena, n->n_children, sizeof(*at));
	const struct node **nodes = arena_array(ctx->arena, n->n_children, sizeof(*nodes));
	if (at == NULL || nodes == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next, i++) {
		const int err = config_threshold(ctx, e, e->name, &at[i]);
		if (err != 0)
			return err;
		nodes[i] = e;
	}
	c->thresholds = at;
	c->threshold_nodes = nodes;
	c->n_thresholds = i;
	return 0;
}

void config_print_thresholds(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs(c->n_thresholds == 0 ? " {}\n" : "\n", f);
	for (size_t i = 0; i < c->n_thresholds; i++) {
		fprintf(f, "%*s", (int)indent + 2, "");
		schema_print_text(f, c->thresholds[i].name);
		fputs(":\n", f);
		schema_print(f, &threshold_members, &c->thresholds[i], indent + 4);
	}
}

// The names that are known: those of flows, then those of the catalogue.
struct known {
	const struct config *config;
	struct catalog catalog;
};

static const char *known_name(const void *known, size_t i)
{
	const struct known *k = known;
	const size_t n = k->config->n_flows;
	return i < n ? k->config->flows[i].name : k->catalog.name[i - n];
}

static int check_metric(const struct known *k, size_t i, struct err_msg *msg)
{
	const char *metric = k->config->thresholds[i].metric;
	const size_t n = k->config->n_flows + k->catalog.n_names;
	for (size_t f = 0; f < n; f++)
		if (strcmp(known_name(k, f), metric) == 0)
			return 0;
	const char *near = schema_suggest(metric, n, known_name, k);
	if (near != NULL && schema_distance(metric, near) > MISTAKE)
		near = NULL;
	if (near == NULL && is_metric(metric))
		return 0;
	return node_error(
		node_get(k->config->threshold_nodes[i], "metric"), msg, ERR_UNKNOWN,
		"got \"%s\", expected the name of a flow or of a metric of counters%s%s%s", metric,
		near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
		near != NULL ? "\"?)" : "");
}

int config_check_thresholds(const struct config *c, struct err_msg *msg)
{
	struct known k = {.config = c};
	struct carve carve = {0};
	if (c->n_thresholds == 0)
		return 0;
	catalog_layout(&k.catalog, &carve);
	void *memory = calloc(1, carve.used + CARVE_ALIGN);
	if (memory == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	carve = (struct carve){.base = carve_start(memory)};
	catalog_layout(&k.catalog, &carve);
	int err = 0;
	for (size_t i = 0; i < c->n_thresholds && err == 0; i++)
		err = check_metric(&k, i, msg);
	free(memory);
	return err;
}
