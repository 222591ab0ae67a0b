// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_tables.h"

#include <stdlib.h>
#include <string.h>

#include "program/group.h"
#include "program/map.h"

enum {
	VALUE_SIZE = 256, // of one prefix or value in text, the NUL included
};

// One of the tables while it is filled.
struct filler {
	const struct schema_context *ctx;
	struct group *group; // one of the two
	struct map *map;
};

static int add_group_value(struct filler *to, const struct node *n, const char *value,
			   const char *label, struct err_msg *found)
{
	struct addr prefix;
	unsigned bits;
	if (addr_parse_prefix(value, &prefix, &bits) != 0)
		return node_error(n, to->ctx->msg, ERR_INVALID,
				  "got \"%s\", expected an address or prefix", value);
	return group_add(to->group, &prefix, bits, label, found);
}

static int add_value(struct filler *to, const struct node *n, const char *text, size_t len,
		     const char *label)
{
	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	char value[VALUE_SIZE];
	if (len >= sizeof(value))
		return node_error(n, to->ctx->msg, ERR_RANGE, "expected at most %d bytes",
				  VALUE_SIZE - 1);
	memcpy(value, text, len);
	value[len] = '\0';
	struct err_msg found = {0};
	const int err = to->group != NULL ? add_group_value(to, n, value, label, &found)
					  : map_add(to->map, value, label, &found);
	return found.text[0] == '\0' ? err : node_error(n, to->ctx->msg, err, "%s", found.text);
}

// A text with commas.
static int add_values(struct filler *to, const struct node *n, const char *label)
{
	if (n->text == NULL)
		return schema_refuse_as(to->ctx, n, "a text, or a list of texts");
	for (const char *text = n->text;;) {
		const size_t len = strcspn(text, ",");
		const int err = add_value(to, n, text, len, label);
		if (err != 0 || text[len] == '\0')
			return err;
		text += len + 1;
	}
}

static int add_label(struct filler *to, const struct node *n)
{
	if (n->kind != NODE_LIST)
		return add_values(to, n, n->name);
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const int err = add_values(to, e, n->name);
		if (err != 0)
			return err;
	}
	return 0;
}

// The table @p row from the map @p n of labels. What was made so far is freed with the others.
int config_table(const struct schema_context *ctx, const struct node *n, bool is_group,
		 struct program_table *row)
{
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n, "a map from labels to lists");
	struct filler to = {.ctx = ctx};
	if (is_group)
		row->group = to.group = group_create();
	else
		row->map = to.map = map_create();
	if (to.group == NULL && to.map == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const int err = add_label(&to, e);
		if (err != 0)
			return err;
	}
	struct err_msg found = {0};
	const int err = is_group ? group_build(to.group, &found) : 0;
	return err == 0 ? 0 : node_error(n, ctx->msg, err, "%s", found.text);
}

void config_table_free(struct program_table *t)
{
	group_free(t->group);
	map_free(t->map);
}

// Those of the other member stay, those of this one make room.
static size_t keep_others(struct config *c, const char *function, struct program_table *rows)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_tables; i++) {
		if (strcmp(c->tables[i].function, function) == 0)
			config_table_free(&c->tables[i]);
		else
			rows[n++] = c->tables[i];
	}
	return n;
}

static int read_tables(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, struct config *c, const char *function)
{
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	struct program_table *rows =
		arena_array(ctx->arena, c->n_tables + n->n_children + 1, sizeof(*rows));
	if (rows == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	c->n_tables = keep_others(c, function, rows);
	c->tables = rows;
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		struct program_table *row = &rows[c->n_tables++];
		*row = (struct program_table){.function = function, .name = e->name};
		const int err = config_table(ctx, e, strcmp(function, "group") == 0, row);
		if (err != 0)
			return err;
	}
	return 0;
}

int config_read_groups(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, void *object)
{
	struct config *c = object;
	c->group_nodes = n;
	return read_tables(ctx, m, n, c, "group");
}

int config_read_maps(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *object)
{
	struct config *c = object;
	c->map_nodes = n;
	return read_tables(ctx, m, n, c, "map");
}

static void print_values(FILE *f, const struct node *n)
{
	if (n->kind != NODE_LIST) {
		schema_print_text(f, n->text);
		return;
	}
	fputs("[", f);
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		schema_print_text(f, e->text);
		fputs(e->next != NULL ? ", " : "", f);
	}
	fputs("]", f);
}

static void print_tables(FILE *f, const struct node *tables, unsigned indent)
{
	fputs(tables == NULL || tables->child == NULL ? " {}\n" : "\n", f);
	for (const struct node *t = tables != NULL ? tables->child : NULL; t != NULL; t = t->next) {
		fprintf(f, "%*s", (int)indent + 2, "");
		schema_print_text(f, t->name);
		fputs(t->child == NULL ? ": {}\n" : ":\n", f);
		for (const struct node *e = t->child; e != NULL; e = e->next) {
			fprintf(f, "%*s", (int)indent + 4, "");
			schema_print_text(f, e->name);
			fputs(": ", f);
			print_values(f, e);
			fputs("\n", f);
		}
	}
}

void config_print_groups(FILE *f, const void *object, unsigned indent)
{
	print_tables(f, ((const struct config *)object)->group_nodes, indent);
}

void config_print_maps(FILE *f, const void *object, unsigned indent)
{
	print_tables(f, ((const struct config *)object)->map_nodes, indent);
}

void config_tables_free(struct config *c)
{
	for (size_t i = 0; i < c->n_tables; i++)
		config_table_free(&c->tables[i]);
	c->n_tables = 0;
}

uint64_t config_tables_size(const struct config *c)
{
	uint64_t size = 0;
	for (size_t i = 0; i < c->n_tables; i++)
		size += c->tables[i].group != NULL ? group_size(c->tables[i].group)
						   : map_size(c->tables[i].map);
	return size;
}
