// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_names.h"

#include <stdlib.h>
#include <string.h>

#include "weir/config/json.h"
#include "weir/config/schema.h"

// A port as it is written.
struct port_text {
	const char *name, *link;
	double speed;
};

static const struct member rows[] = {
	{.name = "name",
	 .type = MEMBER_TEXT,
	 .offset = offsetof(struct port_text, name),
	 .max = NAMES_TEXT - 1},
	{.name = "speed",
	 .type = MEMBER_REAL,
	 .offset = offsetof(struct port_text, speed),
	 .max = 1e18},
	{.name = "link",
	 .type = MEMBER_TEXT,
	 .offset = offsetof(struct port_text, link),
	 .max = NAMES_TEXT - 1},
};
static const struct schema schema = {rows, sizeof(rows) / sizeof(rows[0])};

// What is being read.
struct reader {
	struct names *names;
	struct schema_context ctx;
};

static int add(struct reader *r, const struct names_row *row)
{
	if (names_add(r->names, row) == 0)
		return 0;
	return err_set(r->ctx.msg, ERR_MEMORY, "names: out of memory");
}

static void set_text(char to[NAMES_TEXT], const char *from)
{
	if (from != NULL)
		strncpy(to, from, NAMES_TEXT - 1); // the row was zeroed
}

static int read_port(struct reader *r, const struct addr *agent, const struct node *n)
{
	struct names_row row = {.agent = *agent, .is_port = true};
	struct port_text text = {0};
	char *end = NULL;
	const unsigned long ifindex =
		n->name[0] >= '0' && n->name[0] <= '9' ? strtoul(n->name, &end, 10) : 0;
	if (end == NULL || *end != '\0' || ifindex > UINT32_MAX)
		return node_name_error(n, r->ctx.msg, ERR_INVALID, "expected an ifIndex");
	row.ifindex = (uint32_t)ifindex;
	if (n->kind == NODE_STRING || n->kind == NODE_NUMBER) {
		if (strlen(n->text) >= NAMES_TEXT)
			return node_error(n, r->ctx.msg, ERR_RANGE, "expected at most %d bytes",
					  NAMES_TEXT - 1);
		text.name = n->text;
	} else {
		const int err = schema_read(&r->ctx, &schema, n, &text);
		if (err != 0)
			return err;
	}
	set_text(row.name, text.name);
	set_text(row.link, text.link);
	row.speed = (uint64_t)text.speed;
	return add(r, &row);
}

static int read_agent(struct reader *r, const struct node *n)
{
	struct names_row row = {0};
	if (addr_parse(n->name, &row.agent) != 0)
		return node_name_error(n, r->ctx.msg, ERR_INVALID, "expected an address");
	if (n->kind != NODE_MAP)
		return node_error(n, r->ctx.msg, ERR_INVALID, "got %s, expected name and ports",
				  node_kind_str(n->kind));
	const struct node *name = node_get(n, "name"), *ports = node_get(n, "ports");
	if (name != NULL && (name->text == NULL || strlen(name->text) >= NAMES_TEXT))
		return node_error(name, r->ctx.msg, ERR_INVALID,
				  "expected a text of at most %d bytes", NAMES_TEXT - 1);
	if (ports != NULL && ports->kind != NODE_MAP)
		return node_error(ports, r->ctx.msg, ERR_INVALID, "got %s, expected a map",
				  node_kind_str(ports->kind));
	set_text(row.name, name != NULL ? name->text : NULL);
	int err = name != NULL ? add(r, &row) : 0;
	for (const struct node *p = ports != NULL ? ports->child : NULL; p != NULL && err == 0;
	     p = p->next)
		err = read_port(r, &row.agent, p);
	return err;
}

static int read_all(struct reader *r, const struct node *root)
{
	if (root->kind != NODE_MAP)
		return node_error(root, r->ctx.msg, ERR_INVALID,
				  "got %s, expected a map of agent addresses",
				  node_kind_str(root->kind));
	for (const struct node *n = root->child; n != NULL; n = n->next) {
		const int err = read_agent(r, n);
		if (err != 0)
			return err;
	}
	const int err = names_seal(r->names, r->ctx.msg);
	if (err != 0)
		err_prefix(r->ctx.msg, root->source);
	return err;
}

struct names *config_names(const char *path, struct err_msg *msg)
{
	struct arena arena = {0};
	struct reader r = {.names = names_new(), .ctx = {.arena = &arena, .msg = msg}};
	const struct node *root = json_load_yaml(&arena, path, &json_file_limits, msg);
	if (r.names == NULL)
		err_set(msg, ERR_MEMORY, "names: out of memory");
	if (root == NULL || r.names == NULL || read_all(&r, root) != 0) {
		names_free(r.names);
		r.names = NULL;
	}
	arena_free(&arena);
	return r.names;
}
