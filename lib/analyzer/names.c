// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/names.h"

#include <stdlib.h>
#include <string.h>

struct names {
	struct names_row *row; // sealed: in order
	size_t n, max;
};

struct names *names_new(void)
{
	return calloc(1, sizeof(struct names));
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	free(n->row);
	free(n);
}

int names_add(struct names *n, const struct names_row *row)
{
	if (n->n == n->max) {
		const size_t max = n->max != 0 ? 2 * n->max : 64;
		struct names_row *grown = reallocarray(n->row, max, sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		n->row = grown;
		n->max = max;
	}
	n->row[n->n++] = *row;
	return 0;
}

static int compare(const void *x, const void *y)
{
	const struct names_row *a = x, *b = y;
	int c = memcmp(&a->agent, &b->agent, sizeof(a->agent));
	if (c == 0)
		c = a->is_port - b->is_port;
	return c != 0 ? c : (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

int names_seal(struct names *n, struct err_msg *msg)
{
	char text[ADDR_TEXT_SIZE];
	if (n->n > 0)
		qsort(n->row, n->n, sizeof(*n->row), compare);
	for (size_t i = 1; i < n->n; i++) {
		const struct names_row *r = &n->row[i];
		if (compare(r - 1, r) != 0)
			continue;
		addr_text(&r->agent, text);
		return r->is_port ? err_set(msg, ERR_EXISTS, "port %u of agent %s is named twice",
					    r->ifindex, text)
				  : err_set(msg, ERR_EXISTS, "agent %s is named twice", text);
	}
	return 0;
}

size_t names_len(const struct names *n)
{
	return n != NULL ? n->n : 0;
}

const struct names_row *names_at(const struct names *n, size_t i)
{
	return &n->row[i];
}

static const struct names_row *find(const struct names *n, const struct names_row *want)
{
	return n != NULL && n->n > 0 ? bsearch(want, n->row, n->n, sizeof(*n->row), compare) : NULL;
}

const struct names_row *names_agent(const struct names *n, const struct addr *agent)
{
	return find(n, &(struct names_row){.agent = *agent});
}

const struct names_row *names_port(const struct names *n, const struct addr *agent,
				   uint32_t ifindex)
{
	return find(n, &(struct names_row){.agent = *agent, .is_port = true, .ifindex = ifindex});
}
