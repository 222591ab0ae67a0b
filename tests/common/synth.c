// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "synth.h"

#include <stdio.h>
#include <string.h>

#include "sflow/rt.h"

static void put_text(struct encoder *e, const struct record_field *f, uint32_t seed)
{
	char text[64];
	snprintf(text, sizeof(text), "%s-%u", f->name != NULL ? f->name : "text", seed);
	encode_string(e, text);
}

static void put_bytes(struct encoder *e, uint32_t seed, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const uint8_t byte = (uint8_t)(seed + i);
		encode_bytes(e, &byte, 1);
	}
}

static void put_words(struct encoder *e, uint32_t seed, uint32_t n)
{
	encode_u32(e, n);
	for (uint32_t i = 0; i < n; i++)
		encode_u32(e, seed + i);
}

// A sequence of n, then a set of two.
static void put_as_path(struct encoder *e, uint32_t seed, uint32_t n)
{
	encode_u32(e, 2);
	encode_u32(e, 2);
	put_words(e, 64496 + seed, n);
	encode_u32(e, 1);
	put_words(e, 65000 + seed, 2);
}

static void put_opaque(struct encoder *e, uint32_t seed, uint32_t len)
{
	uint8_t bytes[256];
	for (uint32_t i = 0; i < len && i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(seed + i);
	encode_opaque(e, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
}

static void put_metrics(struct encoder *e, const struct record_layout *layout, uint32_t seed)
{
	const bool flow = layout->tag == SFLOW_RTFLOW;
	const uint32_t n = flow ? RT_FLOW_TYPES : RT_METRIC_TYPES;
	encode_u32(e, n);
	for (uint32_t type = 0; type < n; type++) {
		char name[16];
		snprintf(name, sizeof(name), "m%u", type);
		encode_string(e, name);
		encode_u32(e, type);
		if (type == 0)
			encode_string(e, "some text");
		else
			put_bytes(e, seed, rt_value_size(flow, type));
	}
}

static void put_field(struct encoder *e, const struct record_layout *layout,
		      const struct record_field *f, uint32_t seed, uint32_t n)
{
	switch ((enum record_type)f->type) {
	case RECORD_U8: put_bytes(e, seed, 1); break;
	case RECORD_U64:
	case RECORD_HEX64: encode_u64(e, (uint64_t)seed << 32 | seed); break;
	case RECORD_F32: encode_f32(e, (float)seed / 8); break;
	case RECORD_IP6:
	case RECORD_UUID: put_bytes(e, seed, 16); break;
	case RECORD_MAC: put_bytes(e, seed, 8); break;
	case RECORD_ADDR:
		encode_u32(e, ADDR_IP4);
		put_bytes(e, seed, 4);
		break;
	case RECORD_TEXT:
	case RECORD_KEY: put_text(e, f, seed); break;
	case RECORD_CHARS16: encode_bytes(e, "class-of-flow\0\0", 16); break;
	case RECORD_OPAQUE:
	case RECORD_HEADER: put_opaque(e, seed, 20 + n); break;
	case RECORD_REST: put_bytes(e, seed, 20); break;
	case RECORD_U32_LIST:
	case RECORD_PERCENTS:
	case RECORD_LABELS:
	case RECORD_VLANS: put_words(e, seed, n); break;
	case RECORD_MACS:
		encode_u32(e, n);
		put_bytes(e, seed, (size_t)n * 8);
		break;
	case RECORD_AS_PATH: put_as_path(e, seed, n); break;
	case RECORD_METRICS: put_metrics(e, layout, seed); break;
	case RECORD_SOURCE_EXPANDED:
	case RECORD_PORT_EXPANDED:
		encode_u32(e, seed & 1);
		encode_u32(e, seed);
		break;
	case RECORD_FLOW_RECORDS:
	case RECORD_COUNTER_RECORDS:
	case RECORD_OPTIONAL: break;
	case RECORD_REPEAT: encode_u32(e, n); break;
	default: encode_u32(e, seed); break;
	}
}

void synth_body(struct encoder *e, const struct record_layout *layout, uint32_t seed, uint32_t n,
		bool optional)
{
	for (uint16_t i = 0; i < layout->n_fields; i++) {
		const struct record_field *f = &layout->fields[i];
		if (f->type == RECORD_OPTIONAL && !optional)
			return;
		put_field(e, layout, f, seed + i, n);
		if (f->type != RECORD_REPEAT)
			continue;
		for (uint32_t k = 0; k < n * f->n; k++)
			put_field(e, layout, &f[1 + k % f->n], seed + i + k + 1, n);
		i = (uint16_t)(i + f->n);
	}
}
