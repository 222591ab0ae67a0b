// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/unknown.h"

#include <string.h>

// The row of a tag, an empty new one, or NULL when there is no room.
static struct unknown_tag *find(struct unknown_tags *u, uint8_t kind, uint32_t tag)
{
	const uint64_t key = (uint64_t)kind << 32 | tag;
	for (uint32_t i = 0; i < u->n_tags; i++)
		if (u->key[i] == key)
			return &u->tag[i];
	if (u->n_tags == UNKNOWN_TAGS)
		return NULL;
	u->key[u->n_tags] = key;
	struct unknown_tag *t = &u->tag[u->n_tags++];
	*t = (struct unknown_tag){.tag = tag, .kind = kind};
	return t;
}

void unknown_add(struct unknown_tags *u, enum record_kind kind, const struct sflow_record *r,
		 const struct addr *agent)
{
	struct unknown_tag *t = find(u, (uint8_t)kind, r->tag);
	if (t == NULL) {
		u->n_other++;
		return;
	}
	if (t->n++ > 0)
		return;
	t->len = r->len;
	t->agent = *agent;
	memcpy(t->example, r->body, unknown_shown(t));
}

void unknown_merge(struct unknown_tags *u, const struct unknown_tags *from)
{
	u->n_other += from->n_other;
	for (uint32_t i = 0; i < from->n_tags; i++) {
		const struct unknown_tag *f = &from->tag[i];
		struct unknown_tag *t = find(u, f->kind, f->tag);
		if (t == NULL) {
			u->n_other += f->n;
			continue;
		}
		const uint64_t n = t->n + f->n;
		if (t->n == 0)
			*t = *f;
		t->n = n;
	}
}

uint64_t unknown_total(const struct unknown_tags *u)
{
	uint64_t n = u->n_other;
	for (uint32_t i = 0; i < u->n_tags; i++)
		n += u->tag[i].n;
	return n;
}

const char *unknown_kind_text(uint8_t kind)
{
	return kind == RECORD_SAMPLE ? "sample" : kind == RECORD_FLOW ? "flow" : "counter";
}
