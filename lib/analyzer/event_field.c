// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/event_field.h"

#include <string.h>

#include "sflow/rt.h"
#include "sflow/sflow.h"

struct event_field *event_fields_find(struct event_fields *f, const char *name, size_t len)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (strncmp(f->at[i].name, name, len) == 0 && f->at[i].name[len] == '\0')
			return &f->at[i];
	return NULL;
}

static void note(struct event_fields *f, const struct rt_value *v, uint64_t now)
{
	struct event_field *known = event_fields_find(f, v->name, v->name_len);
	if (known == NULL) {
		if (f->n == EVENT_FIELDS_MAX)
			return;
		known = &f->at[f->n++];
		memcpy(known->name, v->name, v->name_len);
	}
	known->time = now;
}

void event_fields_note(struct event_fields *f, const uint8_t *fields, size_t size, uint64_t now)
{
	struct cursor c = cursor_of(fields, size);
	struct record_value list = {.u = cursor_u32(&c)};
	list.bytes = c.p;
	list.len = (uint32_t)cursor_left(&c);
	struct rt_walk w = rt_open(&list, SFLOW_RTFLOW);
	struct rt_value v;
	while (rt_next(&w, &v) > 0)
		if (custom_name_ok(v.name, v.name_len, false))
			note(f, &v, now);
}
