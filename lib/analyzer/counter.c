// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/counter.h"

#include <string.h>

#include "sflow/datagram.h"

// An XDR string: length, bytes. An empty one says nothing and changes nothing.
static void read_name(struct cursor *c, char name[SOURCE_NAME_SIZE])
{
	const uint32_t said = cursor_u32(c);
	const uint8_t *text = cursor_bytes(c, said);
	const uint32_t len = said < SOURCE_NAME_SIZE ? said : SOURCE_NAME_SIZE - 1;
	if (text == NULL || len == 0)
		return;
	memset(name, 0, SOURCE_NAME_SIZE);
	for (uint32_t i = 0; i < len && text[i] != 0; i++)
		name[i] = text[i] >= 0x20 && text[i] < 0x7f ? (char)text[i] : '?';
}

// if_counters: ifIndex, ifType, ifSpeed (64 bits), ...
static void read_speed(struct cursor *c, uint64_t *speed)
{
	cursor_skip(c, 8);
	const uint64_t said = cursor_u64(c);
	if (!c->bad)
		*speed = said;
}

static void read_record(struct agent *agent, struct port *port, const struct sflow_record *r)
{
	struct cursor c = cursor_of(r->body, r->len);
	switch (r->tag) {
	case SFLOW_PORT_NAME: read_name(&c, port->name); break;
	case SFLOW_IF_COUNTERS: read_speed(&c, &port->speed); break;
	case SFLOW_HOST_DESCR:
		read_name(&c, port->ds_class == SFLOW_DS_LOGICAL ? port->name : agent->name);
		break;
	default: break;
	}
}

void counter_merge(struct sources *s, uint32_t worker, const struct bank *bank,
		   struct unknown_tags *unknown)
{
	const struct log_entry *e = NULL;
	while ((e = bank_log_next(bank, e)) != NULL) {
		const uint32_t i = sources_translate(s, worker, e->source);
		if (i == 0)
			continue;
		struct port *port = sources_port(s, sources_at(s, i)->port);
		struct agent *agent = sources_agent(s, port->agent);
		struct cursor rest = cursor_of((const uint8_t *)(e + 1), e->len);
		struct sflow_record r;
		while (sflow_item(&rest, &r) > 0) {
			read_record(agent, port, &r);
			if (record_find(RECORD_COUNTERS, r.tag) == NULL)
				unknown_add(unknown, RECORD_COUNTERS, &r, &agent->addr);
		}
	}
}
