// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/trace.h"

#include <string.h>

#include "bank/passage.h"
#include "sflow/legacy.h"

// What stands before each datagram.
struct head {
	uint64_t time;
	uint32_t len;
	uint32_t pad;
};

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static size_t half_size(size_t bytes)
{
	const size_t half = bytes / (2 * TRACE_SEGMENTS) & ~(size_t)63;
	return half < UINT32_MAX / 2 ? half : UINT32_MAX / 2 & ~(size_t)63;
}

size_t trace_ring_size(size_t bytes)
{
	return round_up(sizeof(struct trace_ring)) + half_size(bytes) * 2 * TRACE_SEGMENTS;
}

struct trace_ring *trace_ring_init(void *mem, size_t bytes)
{
	struct trace_ring *r = mem;
	uint8_t *at = (uint8_t *)mem + round_up(sizeof(*r));
	for (unsigned i = 0; i < TRACE_SEGMENTS; i++) {
		r->trace[i].size = (uint32_t)half_size(bytes);
		for (unsigned k = 0; k < 2; k++, at += half_size(bytes))
			r->trace[i].half[k] = at;
	}
	return r;
}

static void clear(struct trace *t)
{
	t->used[0] = t->used[1] = t->at = 0;
}

static uint32_t used(const struct trace *t)
{
	return t->used[0] + t->used[1];
}

struct trace *trace_ring_turn(struct trace_ring *r, uint64_t now)
{
	struct trace *pair = &r->trace[2 * (size_t)r->pair];
	// Of the two only the one that the worker does not have may be looked at.
	const bool full = used(&pair[!r->side]) > pair->size;
	r->side = !r->side;
	// The next pair is begun with its first trace, while the worker still has one of this pair.
	if (!r->started || (full && now - r->turned >= TRACE_TURN)) {
		r->pair = r->started ? (r->pair + 1) % (TRACE_SEGMENTS / 2) : 0;
		r->side = 0;
		r->started = true;
		r->turned = now;
		pair = &r->trace[2 * (size_t)r->pair];
		clear(&pair[0]);
		clear(&pair[1]);
	}
	return &pair[r->side];
}

const struct trace *trace_ring_past(const struct trace_ring *r, uint32_t i)
{
	if (i == 0) // the other of the pair, then pair by pair back
		return &r->trace[2 * (size_t)r->pair + !r->side];
	if (i >= TRACE_SEGMENTS - 1)
		return NULL;
	const uint32_t back = (i - 1) / 2 + 1, side = 1 - (i - 1) % 2;
	const uint32_t pair = (r->pair + TRACE_SEGMENTS / 2 - back) % (TRACE_SEGMENTS / 2);
	return &r->trace[2 * (size_t)pair + side];
}

void trace_push(struct trace *t, const struct payload *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t len = p[i].len <= UINT16_MAX ? p[i].len : UINT16_MAX;
		const uint32_t wanted = (uint32_t)sizeof(struct head) + ((len + 7) & ~7u);
		if (wanted > t->size)
			continue;
		if (wanted > t->size - t->used[t->at]) {
			t->at = !t->at;
			t->used[t->at] = 0;
		}
		struct head *h = (struct head *)(void *)(t->half[t->at] + t->used[t->at]);
		*h = (struct head){.time = p[i].time, .len = len};
		memcpy(h + 1, p[i].data, len);
		t->used[t->at] += wanted;
	}
}

// --- reading ------------------------------------------------------------------------------------

struct trace_reader {
	const struct trace *trace;
	uint32_t left; // halves that are still to be read
	uint32_t half, at;
	uint64_t time;
	struct sflow_datagram datagram; // at hand
	bool open;
	struct registry_agent agent; // who sent it
	struct origin origin;
	struct passage passage;
	// What decoding needs, and nobody looks at.
	struct bank bank;
	struct unknown_tags unknown;
	struct stats stats;
	struct intake intake;
};

size_t trace_reader_size(void)
{
	return round_up(sizeof(struct trace_reader));
}

struct trace_reader *trace_reader_init(void *mem, const struct program *program)
{
	struct trace_reader *r = mem;
	r->bank.program = program;
	r->bank.scratch = program->scratch;
	r->bank.unknown = &r->unknown;
	r->intake.stats = &r->stats;
	r->origin.known = &r->agent;
	r->passage = (struct passage){.bank = &r->bank, .in = &r->intake, .from = &r->origin};
	return r;
}

void trace_reader_open(struct trace_reader *r, const struct trace *t)
{
	r->trace = t;
	r->left = 2;
	r->half = !t->at; // the older one first
	r->at = 0;
	r->open = false;
}

static void set_agent(struct trace_reader *r)
{
	const struct sflow_datagram *dg = &r->datagram;
	r->agent.id = (struct agent_id){.addr.family = dg->agent_type};
	memcpy(r->agent.id.addr.bytes, dg->agent,
	       dg->agent_type == ADDR_IP4   ? 4
	       : dg->agent_type == ADDR_IP6 ? 16
					    : 0);
}

// Versions 2 and 4 are put into the words of version 5, as when they came.
static bool open_datagram(struct trace_reader *r, const uint8_t *data, uint32_t len)
{
	struct origin *from = &r->origin;
	from->data = data;
	from->len = len;
	if (sflow_open(&r->datagram, data, len) == SFLOW_OK)
		return true;
	enum sflow_reason rest;
	if (legacy_version(data, len) == 0)
		return false;
	from->len = (uint32_t)legacy_upgrade(data, len, r->intake.upgraded,
					     sizeof(r->intake.upgraded), &rest);
	from->data = r->intake.upgraded;
	return from->len > 0 && sflow_open(&r->datagram, from->data, from->len) == SFLOW_OK;
}

static bool next_datagram(struct trace_reader *r)
{
	while (r->left > 0) {
		if (r->at >= r->trace->used[r->half]) {
			r->left--;
			r->half = !r->half;
			r->at = 0;
			continue;
		}
		const uint8_t *at = r->trace->half[r->half] + r->at;
		const struct head *h = (const struct head *)(const void *)at;
		r->at += (uint32_t)sizeof(*h) + ((h->len + 7) & ~7u);
		if (!open_datagram(r, (const uint8_t *)(h + 1), h->len))
			continue;
		r->time = h->time;
		set_agent(r);
		return true;
	}
	return false;
}

static bool read_sample(struct trace_reader *r, const struct sflow_sample *s,
			struct trace_sample *out)
{
	struct flow_sample fs;
	struct sflow_record raw;
	if ((s->tag != SFLOW_FLOW_SAMPLE && s->tag != SFLOW_FLOW_SAMPLE_EXPANDED &&
	     s->tag != SFLOW_DISCARDED_PACKET) ||
	    flow_sample_open(s, &fs) != SFLOW_OK)
		return false;
	struct packet *p = &r->intake.packet[0];
	*out = (struct trace_sample){
		.time = r->time,
		.agent = r->agent.id.addr,
		.ds_class = fs.ds_class,
		.ds_index = fs.ds_index,
		.direction = direction_of(&fs),
		.discarded = s->tag == SFLOW_DISCARDED_PACKET,
		.packet = p,
		.scratch = r->bank.scratch,
	};
	out->bytes = sample_read(&r->passage, p, &fs, out->direction, out->discarded, &raw);
	if (raw.body == NULL)
		return true;
	const uint32_t room = raw.len - 16, said = load_be32(raw.body + 12);
	out->protocol = load_be32(raw.body);
	out->header = raw.body + 16;
	out->header_len = said < room ? said : room;
	return true;
}

bool trace_next(struct trace_reader *r, struct trace_sample *out)
{
	struct sflow_sample s;
	for (;;) {
		if (!r->open && !next_datagram(r))
			return false;
		r->open = sflow_next(&r->datagram, &s) > 0;
		if (r->open && read_sample(r, &s, out))
			return true;
	}
}

bool trace_key(const struct trace_sample *s, const struct flow_def *def, uint8_t *key)
{
	return s->discarded == def->dropped && flow_def_match(def, s->packet, s->scratch) &&
	       flow_def_key(def, s->packet, 0, key);
}
