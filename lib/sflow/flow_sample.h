// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The fixed part of flow samples, compact (0:1) and expanded (0:3), of discarded-packet samples
/// (0:5) and of counters samples (0:2, 0:4), in one shape each. sFlow v5 section 5, and "sFlow
/// Dropped Packet Notification Structures" for 0:5.

#include <stdint.h>

#include "sflow/datagram.h"

struct flow_sample {
	uint32_t sequence; ///< per data source and sample kind
	uint32_t ds_class; ///< enum sflow_ds_class
	uint32_t ds_index;
	uint32_t sampling_rate;     ///< 1 in so many packets; 0:5: 1
	uint32_t sample_pool;       ///< packets that could have been sampled; 0:5: 0
	uint32_t drops;             ///< samples lost in the agent
	uint32_t input;             ///< port word: format in the top two bits, 30-bit value
	uint32_t output;            ///< port word
	uint32_t reason;            ///< 0:5: why the packet was dropped
	struct sflow_items records; ///< flow records
};

struct counters_sample {
	uint32_t sequence;
	uint32_t ds_class;
	uint32_t ds_index;
	struct sflow_items records; ///< counter records
};

/// The records of a sample whose count is the last word of its @p fixed bytes.
static inline struct sflow_items sflow_records(const struct sflow_sample *s, uint32_t fixed)
{
	return (struct sflow_items){.rest = cursor_of(s->body + fixed, s->len - fixed),
				    .n_left = load_be32(s->body + fixed - 4)};
}

/// Fold the expanded (format, value) pair into one word. 0xffffffff, which some agents send for the
/// device itself, and whatever else does not fit 30 bits become SFLOW_IF_INTERNAL.
static inline uint32_t sflow_port_word(uint32_t format, uint32_t value)
{
	if (value > SFLOW_IF_INTERNAL)
		value = SFLOW_IF_INTERNAL;
	return (format & 3) << 30 | value;
}

/// Read the fixed part of a sample tagged 0:1, 0:3 or 0:5. SFLOW_OK or
/// SFLOW_SAMPLE_SHORT; then all is zero and there are no records.
static inline enum sflow_reason flow_sample_open(const struct sflow_sample *s,
						 struct flow_sample *fs)
{
	const uint8_t *b = s->body;
	const uint32_t fixed = s->tag == SFLOW_FLOW_SAMPLE_EXPANDED ? 44 : 32;
	if (s->len < fixed) {
		*fs = (struct flow_sample){0};
		return SFLOW_SAMPLE_SHORT;
	}
	fs->reason = 0;
	fs->records = sflow_records(s, fixed);
	if (s->tag == SFLOW_FLOW_SAMPLE) {
		const uint32_t source = load_be32(b + 4);
		fs->sequence = load_be32(b);
		fs->ds_class = source >> 24;
		fs->ds_index = source & 0xffffff;
		fs->sampling_rate = load_be32(b + 8);
		fs->sample_pool = load_be32(b + 12);
		fs->drops = load_be32(b + 16);
		fs->input = load_be32(b + 20);
		fs->output = load_be32(b + 24);
		return SFLOW_OK;
	}
	fs->sequence = load_be32(b);
	fs->ds_class = load_be32(b + 4);
	fs->ds_index = load_be32(b + 8);
	if (s->tag == SFLOW_DISCARDED_PACKET) {
		fs->sampling_rate = 1;
		fs->sample_pool = 0;
		fs->drops = load_be32(b + 12);
		fs->input = sflow_port_word(SFLOW_IF_INDEX, load_be32(b + 16));
		fs->output = sflow_port_word(SFLOW_IF_INDEX, load_be32(b + 20));
		fs->reason = load_be32(b + 24);
	} else {
		fs->sampling_rate = load_be32(b + 12);
		fs->sample_pool = load_be32(b + 16);
		fs->drops = load_be32(b + 20);
		fs->input = sflow_port_word(load_be32(b + 24), load_be32(b + 28));
		fs->output = sflow_port_word(load_be32(b + 32), load_be32(b + 36));
	}
	return SFLOW_OK;
}

/// Read the fixed part of a sample tagged 0:2 or 0:4. SFLOW_OK or
/// SFLOW_SAMPLE_SHORT; then all is zero and there are no records.
static inline enum sflow_reason counters_sample_open(const struct sflow_sample *s,
						     struct counters_sample *cs)
{
	const bool expanded = s->tag == SFLOW_COUNTERS_SAMPLE_EXPANDED;
	const uint32_t fixed = expanded ? 16 : 12;
	*cs = (struct counters_sample){0};
	if (s->len < fixed)
		return SFLOW_SAMPLE_SHORT;
	const uint32_t source = load_be32(s->body + 4);
	cs->sequence = load_be32(s->body);
	cs->ds_class = expanded ? source : source >> 24;
	cs->ds_index = expanded ? load_be32(s->body + 8) : source & 0xffffff;
	cs->records = sflow_records(s, fixed);
	return SFLOW_OK;
}

/// The raw packet header of flow record 0:1.
struct sampled_header {
	uint32_t protocol;     ///< header_protocol: 1 Ethernet, 11 IPv4, 12 IPv6, ...
	uint32_t frame_length; ///< bytes on the wire, those stripped included
	uint32_t stripped;     ///< bytes taken off before sampling: the FCS and more
	uint32_t len;          ///< bytes of header that are there
	const uint8_t *header;
};

/// Read a record tagged 0:1. SFLOW_OK or SFLOW_RECORD_SHORT. A header that says it is longer than
/// its record is cut: the bytes that are there are good.
static inline enum sflow_reason sampled_header_open(const struct sflow_record *r,
						    struct sampled_header *h)
{
	if (r->len < 16) {
		*h = (struct sampled_header){0};
		return SFLOW_RECORD_SHORT;
	}
	const uint32_t len = load_be32(r->body + 12);
	h->protocol = load_be32(r->body);
	h->frame_length = load_be32(r->body + 4);
	h->stripped = load_be32(r->body + 8);
	h->len = len < r->len - 16 ? len : r->len - 16;
	h->header = r->body + 16;
	return SFLOW_OK;
}
