// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

// Packets, and what keys and filters make of them.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "packet/dissect.h"
#include "program/filter.h"
#include "program/pattern.h"
#include "program/program.h"

// Ethernet, VLAN 100 priority 5, IPv4 10.0.0.1 -> 10.0.0.2, TCP 1234 -> 80, SYN+ACK.
static const uint8_t tcp_frame[] = {
	0, // a layer never begins at offset 0
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0x81, 0x00, 0xa0,
	0x64, 0x08, 0x00, 0x45, 0x00, 0x05, 0xdc, 0x00, 0x00, 0x00, 0x00, 0x40, 0x06, 0x00, 0x00,
	10,   0,    0,    1,    10,   0,    0,    2,    0x04, 0xd2, 0x00, 0x50, 0,    0,    0,
	1,    0,    0,    0,    2,    0x50, 0x12, 0,    0,    0,    0,    0,    0,
};

// The same without tag, IPv6 2001:DB8::1 -> ::2, UDP 53 -> 999.
static const uint8_t udp6_frame[] = {
	0, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0x86, 0xdd, 0x60,
	0, 0,    0,    0,    8,    17,   64,   0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    0,    0,
	0, 0,    0,    0,    0,    0,    1,    0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    0,    0,
	0, 0,    0,    0,    0,    0,    2,    0,    53,   0x03, 0xe7, 0,    8,    0,    0,
};

static inline struct packet dissected(const uint8_t *frame, size_t len)
{
	struct packet p;
	memset(&p, 0, sizeof(p));
	packet_reset(&p, frame, (uint32_t)len);
	packet_dissect(&p, HEADER_ETHERNET, 1, (uint32_t)len - 1, DISSECT_ALL);
	p.meta = (struct packet_meta){.input = __builtin_bswap32(7),
				      .output = __builtin_bswap32(9),
				      .bytes = __builtin_bswap32(1518),
				      .frames = __builtin_bswap32(1)};
	return p;
}

static inline struct flow_spec spec(const char *keys, const char *value, const char *filter)
{
	return (struct flow_spec){.name = "f",
				  .keys = keys,
				  .value = value,
				  .values = "",
				  .filter = filter,
				  .fs = ",",
				  .n = 5,
				  .t = 2};
}

// The key's text; a packet points into itself, so it is read where it lies.
static inline const char *key_text(const char *keys, const struct program_tables *tables,
				   const uint8_t *frame, size_t len)
{
	static char text[512];
	const struct flow_spec s = spec(keys, "bytes", "");
	struct err_msg msg = {0};
	struct program *prog = program_compile_with(&s, 1, tables, &msg);
	if (prog == NULL)
		return strcpy(text, msg.text);
	struct packet p;
	p = dissected(frame, len);
	p.base[SPACE_META] = (const uint8_t *)&p;
	uint64_t key[PROGRAM_KEY_MAX / 8];
	memset(key, 0xee, sizeof(key));
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (flow_def_key(&prog->def[0], &p, 77, (uint8_t *)key)) {
		uint32_t source;
		memcpy(&source, key, 4);
		assert_int_equal(source, 77);
		flow_def_key_format(&prog->def[0], (uint8_t *)key, &b);
	} else {
		strbuf_str(&b, "(none)");
	}
	program_free(prog);
	return text;
}

static inline bool matches(const char *filter, const struct program_tables *tables,
			   const uint8_t *frame, size_t len)
{
	struct err_msg msg = {0};
	struct filter *f = filter_compile(filter, tables, &msg);
	if (f == NULL)
		fail_msg("%s: %s", filter, msg.text);
	struct packet p = dissected(frame, len);
	p.base[SPACE_META] = (const uint8_t *)&p;
	struct hs_scratch *scratch = NULL;
	assert_int_equal(filter_reserve(f, &scratch, &msg), 0);
	const bool is = filter_match(f, &p, scratch);
	pattern_scratch_free(scratch);
	filter_free(f);
	return is;
}
