// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/control/learned.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/join.h"
#include "analyzer/query.h"
#include "program/map.h"
#include "weir/core/aggregator.h"

struct frozen {
	char *metric; // "" = links
	const struct map *map;
	uint64_t version; // of the analyzer's news that are in it
	uint64_t asked;   // the latest compilation that asked for it
	uint64_t made;    // the first one that gets it as it is
	struct frozen *next;
};

struct learned {
	struct aggregator *aggregator;
	const struct analyzer *analyzer;
	struct frozen *first;
	uint64_t round, settled;
};

// Rows of a walk, in the order in which they came.
struct rows {
	struct row {
		struct join_row is;
		size_t at;
	} * row;
	size_t n, max;
};

struct learned *learned_new(struct aggregator *aggregator, const struct analyzer *analyzer)
{
	struct learned *l = calloc(1, sizeof(*l));
	if (l != NULL)
		*l = (struct learned){.aggregator = aggregator, .analyzer = analyzer};
	return l;
}

static void free_frozen(struct frozen *t)
{
	if (t == NULL)
		return;
	map_free(t->map);
	free(t->metric);
	free(t);
}

void learned_free(struct learned *l)
{
	for (struct frozen *t = l != NULL ? l->first : NULL, *next; t != NULL; t = next) {
		next = t->next;
		free_frozen(t);
	}
	free(l);
}

uint64_t learned_begin(struct learned *l)
{
	return ++l->round;
}

static int out_of_memory(struct err_msg *msg)
{
	return err_set(msg, ERR_MEMORY, "out of memory");
}

static int append(struct rows *r, const struct join *j, struct err_msg *msg)
{
	if (r->n + j->n > r->max) {
		const size_t max = 2 * r->max + j->n;
		struct row *grown = reallocarray(r->row, max, sizeof(*grown));
		if (grown == NULL)
			return out_of_memory(msg);
		r->row = grown;
		r->max = max;
	}
	for (size_t i = 0; i < j->n; i++, r->n++)
		r->row[r->n] = (struct row){.is = j->row[i], .at = r->n};
	return 0;
}

static const char *metric_of(const struct frozen *t)
{
	return t->metric[0] != '\0' ? t->metric : NULL;
}

static int walk(struct learned *l, const struct frozen *t, struct rows *rows, struct err_msg *msg)
{
	struct join *j = calloc(1, sizeof(*j));
	if (j == NULL)
		return out_of_memory(msg);
	j->metric = metric_of(t);
	int err;
	bool more;
	do {
		aggregator_lock(l->aggregator);
		more = join_next(l->analyzer, j);
		aggregator_unlock(l->aggregator);
		err = append(rows, j, msg);
	} while (more && err == 0);
	free(j);
	return err;
}

// The latest first.
static int compare(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	if (a->is.time != b->is.time)
		return a->is.time < b->is.time ? 1 : -1;
	return a->at < b->at ? -1 : 1;
}

static int add(struct map *m, const struct join_row *row, struct err_msg *msg)
{
	const int err = row->agent.family == ADDR_NONE
				? map_add(m, row->value, row->label, msg)
				: map_add_source(m, &row->agent, row->value, row->label, msg);
	return err == ERR_EXISTS ? 0 : err; // an earlier row had more to say
}

static const struct map *build(struct rows *rows, struct err_msg *msg)
{
	struct map *m = map_create();
	int err = m != NULL ? 0 : out_of_memory(msg);
	if (rows->n > 0)
		qsort(rows->row, rows->n, sizeof(*rows->row), compare);
	for (size_t i = 0; i < rows->n && err == 0; i++)
		err = add(m, &rows->row[i].is, msg);
	if (err == 0)
		return m;
	map_free(m);
	return NULL;
}

// Bring a table up to date, for compilation @p round and those that follow.
static int refresh(struct learned *l, struct frozen *t, uint64_t round, struct err_msg *msg)
{
	aggregator_lock(l->aggregator);
	const uint64_t version = join_version(l->analyzer, metric_of(t));
	aggregator_unlock(l->aggregator);
	if (t->map != NULL && version == t->version)
		return 0;
	struct rows rows = {0};
	const int err = walk(l, t, &rows, msg);
	const struct map *m = err == 0 ? build(&rows, msg) : NULL;
	free(rows.row);
	if (m == NULL)
		return ERR_MEMORY;
	t->version = version;
	if (t->map != NULL && map_equal(t->map, m)) {
		map_free(m);
		return 0;
	}
	map_free(t->map);
	t->map = m;
	t->made = round;
	return 0;
}

static struct frozen *find(struct learned *l, const char *metric)
{
	for (struct frozen *t = l->first; t != NULL; t = t->next)
		if (strcmp(t->metric, metric) == 0)
			return t;
	struct frozen *t = calloc(1, sizeof(*t));
	if (t == NULL || (t->metric = strdup(metric)) == NULL) {
		free_frozen(t);
		return NULL;
	}
	t->next = l->first;
	return l->first = t;
}

static bool has_event_field(const struct learned *l, const char *name)
{
	aggregator_lock(l->aggregator);
	const bool has = query_has_event_field(l->analyzer, name);
	aggregator_unlock(l->aggregator);
	return has;
}

int learned_load(void *learned, const char *function, const char *name, struct program_table *out,
		 struct err_msg *msg)
{
	struct learned *l = learned;
	if (strcmp(function, "rtflow") == 0)
		return has_event_field(l, name) ? 0 : ERR_UNKNOWN;
	struct frozen *t = find(l, name);
	const int err = t != NULL ? refresh(l, t, l->round, msg) : out_of_memory(msg);
	if (err != 0)
		return err;
	t->asked = l->round;
	*out = (struct program_table){.function = function, .name = name, .map = map_ref(t->map)};
	return 0;
}

uint64_t learned_size(const struct learned *l, uint64_t round)
{
	uint64_t size = 0;
	for (const struct frozen *t = l->first; t != NULL; t = t->next)
		size += t->asked >= round && t->map != NULL ? map_size(t->map) : 0;
	return size;
}

void learned_settle(struct learned *l, uint64_t round)
{
	l->settled = round;
	for (struct frozen **link = &l->first; *link != NULL;) {
		struct frozen *t = *link;
		if (t->asked >= round) {
			link = &t->next;
			continue;
		}
		*link = t->next;
		free_frozen(t);
	}
}

int learned_look(struct learned *l, struct err_msg *msg)
{
	bool due = false;
	for (struct frozen *t = l->first; t != NULL; t = t->next) {
		const int err = refresh(l, t, l->round + 1, msg);
		if (err != 0)
			return err;
		due |= t->made > l->settled;
	}
	return due;
}
