// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/legacy.h"

#include "sflow/encode.h"
#include "sflow/sflow.h"

// RFC 3176 section 4, enum packet_data_type and extended_data_type.
#define PACKET_TYPES   3
#define EXTENDED_TYPES 5
#define BLOCK_TYPES    7

uint32_t legacy_version(const uint8_t *data, size_t len)
{
	const uint32_t version = len >= 4 ? load_be32(data) : 0;
	return version == 2 || version == 4 ? version : 0;
}

enum sflow_reason legacy_open(struct legacy_datagram *dg, const uint8_t *data, size_t len)
{
	static const uint8_t address_size[] = {0, 4, 16};
	struct cursor c = cursor_of(data, len);
	*dg = (struct legacy_datagram){.version = cursor_u32(&c), .agent_type = cursor_u32(&c)};
	if (legacy_version(data, len) == 0)
		return c.bad ? SFLOW_SHORT_HEADER : SFLOW_BAD_VERSION;
	if (dg->agent_type > ADDR_IP6)
		return SFLOW_BAD_ADDRESS;
	dg->agent = cursor_bytes(&c, address_size[dg->agent_type]);
	dg->sequence = cursor_u32(&c);
	dg->uptime = cursor_u32(&c);
	dg->n_samples = cursor_u32(&c);
	if (c.bad)
		return SFLOW_SHORT_HEADER;
	dg->n_left = dg->n_samples;
	dg->rest = c;
	return SFLOW_OK;
}

static void read_flow(struct cursor *c, struct flow_sample *fs)
{
	fs->sequence = cursor_u32(c);
	const uint32_t source = cursor_u32(c);
	fs->ds_class = source >> 24;
	fs->ds_index = source & 0xffffff;
	fs->sampling_rate = cursor_u32(c);
	fs->sample_pool = cursor_u32(c);
	fs->drops = cursor_u32(c);
	fs->input = sflow_port_word(SFLOW_IF_INDEX, cursor_u32(c));
	const uint32_t output = cursor_u32(c);
	fs->output = sflow_port_word(output >> 31 ? SFLOW_IF_MULTIPLE : SFLOW_IF_INDEX,
				     output & 0x7fffffff);
}

static void read_counters(struct cursor *c, struct legacy_sample *s)
{
	s->fs.sequence = cursor_u32(c);
	const uint32_t source = cursor_u32(c);
	s->fs.ds_class = source >> 24;
	s->fs.ds_index = source & 0xffffff;
	s->interval = cursor_u32(c);
	s->counters_type = cursor_u32(c);
}

// The items have no length: find out where they end.
static bool skip_items(struct cursor *c, struct legacy_items items)
{
	struct record_walk w;
	int got;
	while ((got = legacy_item_next(&items, &w)) > 0)
		;
	*c = items.c;
	return got == 0;
}

static bool read_sample(struct cursor *c, uint32_t version, struct legacy_sample *s)
{
	const uint32_t type = cursor_u32(c);
	const uint8_t *start = c->p;
	if (type == 1)
		read_flow(c, &s->fs);
	else if (type == 2)
		read_counters(c, s);
	if (c->bad || (type != 1 && type != 2))
		return false;
	if (type == 2 && (s->counters_type == 0 || s->counters_type > BLOCK_TYPES))
		return false;
	s->tag = type == 1 ? SFLOW_FLOW_SAMPLE : SFLOW_COUNTERS_SAMPLE;
	s->fixed = cursor_of(start, (size_t)(c->p - start));
	s->items = (struct legacy_items){.c = *c, .version = version, .block = s->counters_type};
	return skip_items(c, s->items);
}

int legacy_next(struct legacy_datagram *dg, struct legacy_sample *s)
{
	*s = (struct legacy_sample){0};
	if (dg->n_left == 0)
		return 0;
	if (read_sample(&dg->rest, dg->version, s)) {
		dg->n_left--;
		return 1;
	}
	*s = (struct legacy_sample){0};
	dg->n_left = 0;
	dg->rest = cursor_of(dg->rest.end, 0);
	return -1;
}

static const struct record_layout *flow_layout(uint32_t version, uint32_t tag)
{
	const struct record_layout *l = NULL;
	if (version == 2)
		l = record_find(RECORD_V2_FLOW, tag);
	if (l == NULL)
		l = record_find(RECORD_V4_FLOW, tag);
	return l != NULL ? l : record_find(RECORD_FLOW, tag);
}

static const struct record_layout *next_flow_item(struct legacy_items *items)
{
	static const uint32_t packet_tags[PACKET_TYPES + 1] = {
		0, SFLOW_SAMPLED_HEADER, SFLOW_SAMPLED_IPV4, SFLOW_SAMPLED_IPV6};
	const uint32_t type = cursor_u32(&items->c);
	if (type == 0 || type > (items->stage == 0 ? PACKET_TYPES : EXTENDED_TYPES))
		return NULL;
	const uint32_t tag = items->stage == 0 ? packet_tags[type] : SFLOW_TAG(0, 1000 + type);
	return flow_layout(items->version, tag);
}

static const struct record_layout *next_counters(const struct legacy_items *items)
{
	// Format of the block behind the generic one; 0 = none.
	static const uint8_t specific[BLOCK_TYPES + 1] = {[2] = 2, [3] = 3, [5] = 4, [7] = 5};
	const uint32_t format = items->stage == 0 && items->block != 7 ? 1 : specific[items->block];
	return record_find(RECORD_COUNTERS, SFLOW_TAG(0, format));
}

static bool items_left(struct legacy_items *items)
{
	if (items->block != 0)
		return items->stage == 0 ||
		       (items->stage == 1 && items->block != 7 && next_counters(items) != NULL);
	if (items->stage == 1) {
		items->n_left = cursor_u32(&items->c);
		items->stage = 2;
	}
	return items->stage == 0 || items->n_left > 0;
}

int legacy_item_next(struct legacy_items *items, struct record_walk *w)
{
	if (!items_left(items))
		return items->c.bad ? -1 : 0;
	const struct record_layout *l =
		items->block != 0 ? next_counters(items) : next_flow_item(items);
	if (l == NULL || record_open_unsized(w, l, &items->c) != SFLOW_OK)
		return -1;
	if (items->block != 0 || items->stage == 0)
		items->stage++;
	else
		items->n_left--;
	return 1;
}

static void upgrade_path(struct encoder *e, struct cursor *c)
{
	const uint32_t n = cursor_u32(c);
	encode_u32(e, n > 0);
	if (n > 0) {
		encode_u32(e, 2); // AS_SEQUENCE
		encode_u32(e, n);
		encode_bytes(e, c->p, cursor_left(c));
	}
	encode_u64(e, 0); // no communities, no local preference
}

// What version 5 added to a structure, in its place.
static void upgrade_body(struct encoder *e, const struct record_layout *l, struct cursor c)
{
	const uint32_t tag = l->kind == RECORD_FLOW ? 0 : l->tag;
	switch (tag) {
	case SFLOW_SAMPLED_HEADER: // stripped
		encode_bytes(e, cursor_bytes(&c, 8), 8);
		encode_u32(e, 0);
		break;
	case SFLOW_EXTENDED_GATEWAY: // next hop
		encode_u32(e, ADDR_NONE);
		if (l->kind == RECORD_V2_FLOW) {
			encode_bytes(e, cursor_bytes(&c, 12), 12);
			upgrade_path(e, &c);
			return;
		}
		break;
	case SFLOW_EXTENDED_USER: { // character sets
		const size_t padded = (size_t)xdr_padded(load_be32(c.p)) + 4;
		encode_u32(e, 0);
		encode_bytes(e, cursor_bytes(&c, padded), padded);
		encode_u32(e, 0);
		break;
	}
	default: break;
	}
	encode_padded(e, c.p, cursor_left(&c)); // at the end of a datagram padding may be missing
	if (tag == SFLOW_EXTENDED_URL)          // host
		encode_u32(e, 0);
}

static void upgrade_sample(struct encoder *e, const struct legacy_sample *s)
{
	if (s->tag == SFLOW_FLOW_SAMPLE) {
		encode_flow_sample(e, s->tag, &s->fs);
	} else {
		const struct counters_sample cs = {.sequence = s->fs.sequence,
						   .ds_class = s->fs.ds_class,
						   .ds_index = s->fs.ds_index};
		encode_counters_sample(e, s->tag, &cs);
	}
	struct legacy_items items = s->items;
	struct record_walk w;
	while (legacy_item_next(&items, &w) > 0) {
		encode_record(e, w.layout->tag);
		if (w.layout->kind == RECORD_COUNTERS)
			encode_bytes(e, w.c.p, cursor_left(&w.c));
		else
			upgrade_body(e, w.layout, w.c);
		encode_record_end(e);
	}
	encode_sample_end(e);
}

size_t legacy_upgrade(const uint8_t *data, size_t len, uint8_t *out, size_t size,
		      enum sflow_reason *reason)
{
	struct legacy_datagram dg;
	*reason = legacy_open(&dg, data, len);
	if (*reason != SFLOW_OK)
		return 0;
	const struct addr agent = dg.agent_type == ADDR_IP6   ? addr_ip6(dg.agent)
				  : dg.agent_type == ADDR_IP4 ? addr_ip4(dg.agent)
							      : (struct addr){0};
	struct encoder e = encode_begin(out, size, &agent, 0, dg.sequence, dg.uptime);
	struct legacy_sample s;
	int got;
	while ((got = legacy_next(&dg, &s)) > 0) {
		const struct encoder mark = e;
		upgrade_sample(&e, &s);
		if (e.bad) {
			e = mark;
			*reason = SFLOW_ITEMS_MISSING;
			break;
		}
	}
	if (got < 0)
		*reason = SFLOW_RECORD_SHORT;
	return encode_end(&e);
}
