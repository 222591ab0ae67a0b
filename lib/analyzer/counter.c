// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/counter.h"

#include <string.h>

#include "sflow/datagram.h"

// An XDR string: length, bytes. An empty one says nothing and changes nothing. True when the name
// is another one now.
static bool read_name(struct cursor *c, char name[SOURCE_NAME_SIZE])
{
	char now[SOURCE_NAME_SIZE] = {0};
	const uint32_t said = cursor_u32(c);
	const uint8_t *text = cursor_bytes(c, said);
	const uint32_t len = said < SOURCE_NAME_SIZE ? said : SOURCE_NAME_SIZE - 1;
	if (text == NULL || len == 0)
		return false;
	for (uint32_t i = 0; i < len && text[i] != 0; i++)
		now[i] = text[i] >= 0x20 && text[i] < 0x7f ? (char)text[i] : '?';
	const bool is_new = memcmp(name, now, SOURCE_NAME_SIZE) != 0;
	memcpy(name, now, SOURCE_NAME_SIZE);
	return is_new;
}

// if_counters: ifIndex, ifType, ifSpeed (64 bits), ifDirection, ifStatus, ifInOctets (64 bits), six
// of 32 bits, ifOutOctets (64 bits), ...
static void read_interface(const struct sources *s, struct port *port, struct cursor *c)
{
	cursor_skip(c, 8);
	const uint64_t speed = cursor_u64(c);
	if (!c->bad)
		port->speed = speed;
	cursor_skip(c, 8);
	const uint64_t in = cursor_u64(c);
	cursor_skip(c, 24);
	const uint64_t out = cursor_u64(c);
	if (!c->bad)
		audit_counters(s, port, in, out);
}

static void read_record(struct sources *s, struct agent *agent, struct port *port,
			const struct sflow_record *r)
{
	struct cursor c = cursor_of(r->body, r->len);
	switch (r->tag) {
	case SFLOW_PORT_NAME: s->named += read_name(&c, port->name); break;
	case SFLOW_IF_COUNTERS: read_interface(s, port, &c); break;
	case SFLOW_HOST_DESCR:
		s->named += read_name(&c, port->ds_class == SFLOW_DS_LOGICAL ? port->name
									     : agent->name);
		break;
	default: break;
	}
}

static void merge_sample(struct metrics *m, struct sources *s, uint32_t worker,
			 const struct log_entry *e, struct unknown_tags *unknown)
{
	const uint32_t i = sources_translate(s, worker, e->source);
	if (i == 0)
		return;
	struct metric_said said = {
		.port = sources_at(s, i)->port,
		.sampler = s->worker[worker].sampler[e->source],
		.uptime = e->uptime,
		.time = e->time,
	};
	struct port *port = sources_port(s, said.port);
	struct agent *agent = sources_agent(s, port->agent);
	const bool fresh = metrics_sample(m, port->agent, e->sequence, &said);
	struct cursor rest = cursor_of((const uint8_t *)(e + 1), e->len);
	struct sflow_record r;
	int got;
	while ((got = sflow_item(&rest, &r)) > 0) {
		if (fresh) {
			read_record(s, agent, port, &r);
			if (!metrics_record(m, s, &said, &r))
				unknown_add(unknown, RECORD_COUNTERS, &r, &agent->addr);
		} else {
			m->stats.records++;
			m->stats.stale++;
		}
	}
	m->stats.records += got < 0;
	m->stats.bad += got < 0;
}

static void merge_custom(struct metrics *m, struct sources *s, uint32_t worker,
			 const struct log_entry *e)
{
	const struct translation *t = &s->worker[worker];
	const uint32_t sub = e->source < t->n_agents ? t->sub_agent[e->source] : 0;
	if (sub != 0)
		metrics_custom(m, s, sources_sub_agent(s, sub)->agent, e->uptime, e->time,
			       (const uint8_t *)(e + 1), e->len);
}

void counter_merge(struct metrics *m, struct sources *s, uint32_t worker, const struct bank *bank,
		   struct unknown_tags *unknown, struct event_fields *fields)
{
	const struct log_entry *e = NULL;
	while ((e = bank_log_next(bank, e)) != NULL) {
		if (e->tag == SFLOW_RTMETRIC)
			merge_custom(m, s, worker, e);
		else if (e->tag == SFLOW_RTFLOW)
			event_fields_note(fields, (const uint8_t *)(e + 1), e->len, s->now);
		else
			merge_sample(m, s, worker, e, unknown);
	}
}
