// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "config_forward.h"

#include "config.h"
#include "config_row.h"

static bool is_address(const char *text)
{
	struct addr addr;
	return addr_parse(text, &addr) == 0;
}

#define TARGET(field) .offset = offsetof(struct forward_target, field)

static const struct member rows[] = {
	TEXT("address", TARGET(address), 1, 64, NULL, "address of the other collector",
	     .required = true, .check = is_address, .expect = "an IP address"),
	COUNT("port", TARGET(port), 1, 65535, "6343", "UDP port of the other collector"),
	PREFIXES("agents", TARGET(agents), "agents whose datagrams it gets; none: all"),
};

const struct schema forward_members = ROWS(rows);

int config_forward(const struct schema_context *ctx, const struct node *n, const char *name,
		   struct forward_target *out)
{
	struct forward_target t = {.name = name};
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n, "a map with address, port, agents");
	int err = schema_defaults(ctx, &forward_members, &t);
	if (err == 0)
		err = schema_read(ctx, &forward_members, n, &t);
	if (err == 0)
		err = addr_parse(t.address, &t.addr);
	if (err == 0)
		*out = t;
	return err;
}

int config_read_forwarding(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object)
{
	struct config *c = object;
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	struct forward_target *at = arena_array(ctx->arena, n->n_children, sizeof(*at));
	if (at == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const int err = config_forward(ctx, e, e->name, &at[i++]);
		if (err != 0)
			return err;
	}
	c->forwarding = at;
	c->n_forwarding = i;
	return 0;
}

void config_print_forwarding(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs(c->n_forwarding == 0 ? " {}\n" : "\n", f);
	for (size_t i = 0; i < c->n_forwarding; i++) {
		fprintf(f, "%*s", (int)indent + 2, "");
		schema_print_text(f, c->forwarding[i].name);
		fputs(":\n", f);
		schema_print(f, &forward_members, &c->forwarding[i], indent + 4);
	}
}
