// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Sampled headers for the tests of lib/packet: written as hex with blanks, read as text. Include
/// after <cmocka.h>.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "packet/dissect.h"
#include "packet/field.h"

/// SAMPLE_OFF bytes of other data lie before a header, as in a datagram.
enum {
	SAMPLE_OFF = 4,
	SAMPLE_ROOM = 1024
};

struct sample {
	uint8_t data[SAMPLE_ROOM];
	uint32_t len; // of the header
};

static inline unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static inline struct sample sample_of(const char *hex)
{
	struct sample s = {.data = {0xff, 0xff, 0xff, 0xff}};
	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(SAMPLE_OFF + s.len < SAMPLE_ROOM);
		s.data[SAMPLE_OFF + s.len++] =
			(uint8_t)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
		hex++;
	}
	return s;
}

static inline void sample_dissect(struct packet *p, const struct sample *s, uint32_t protocol,
				  enum dissect_depth depth)
{
	packet_reset(p, s->data, SAMPLE_ROOM);
	packet_dissect(p, protocol, SAMPLE_OFF, s->len, depth);
}

/// The value of a field as text, "-" when it is absent. Overwritten by the next call.
static inline const char *field_text(const struct packet *p, const struct field *f,
				     unsigned occurrence)
{
	static char text[FIELD_VALUE_MAX * 4];
	uint8_t value[FIELD_VALUE_MAX];
	const size_t size = field_read(f, occurrence, p, value);
	assert_true(size <= f->size);
	if (size == 0)
		return "-";
	struct strbuf b = strbuf_of(text, sizeof(text));
	field_format(&b, f->kind, value, size, f->bits);
	return text;
}

/// As field_text(), by "name" or "name.occurrence".
static inline const char *text_of(const struct packet *p, const char *name)
{
	const char *dot = strchr(name, '.');
	const size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);
	const struct field *f = field_find(name, len);
	if (f == NULL)
		fail_msg("no field %s", name);
	return field_text(p, f, dot == NULL ? 0 : (unsigned)atoi(dot + 1));
}

struct expect {
	const char *name, *text;
};

/// Check fields of a header at both depths; @p e ends with END.
static inline void check_header(uint32_t protocol, const char *hex, const struct expect *e)
{
	const struct sample s = sample_of(hex);
	for (unsigned depth = DISSECT_OUTER; depth <= DISSECT_ALL; depth++) {
		struct packet p;
		sample_dissect(&p, &s, protocol, depth);
		for (const struct expect *x = e; x->name != NULL; x++) {
			const size_t len = strcspn(x->name, ".");
			const unsigned occurrence = x->name[len] == '.';
			if (depth == DISSECT_ALL ||
			    !field_needs_stack(field_find(x->name, len), occurrence))
				if (strcmp(text_of(&p, x->name), x->text) != 0)
					fail_msg("%s: %s, expected %s", x->name,
						 text_of(&p, x->name), x->text);
		}
	}
}

#define END                \
	{                  \
		NULL, NULL \
	}

// Headers by name. Lengths that a header states cover whatever the tests put behind it, unless they
// are given.
#define MACS  "0200000000b1 0200000000a1 "
#define MACS2 "0200000000b2 0200000000a2 "
#define ETH_EXPECT                          \
	{"macdestination", "0200000000B1"}, \
	{                                   \
		"macsource", "0200000000A1" \
	}
#define IP4(protocol)       "45b8 03e8 1234 4000 3f" protocol " 0000 0a000001 c0000202 "
#define IP4_INNER(protocol) "4500 03e8 0000 0000 40" protocol " 0000 ac100001 ac100002 "
#define IP4_EXPECT                                                                         \
	{"ipsource", "10.0.0.1"}, {"ipdestination", "192.0.2.2"}, {"ipbytes", "1000"},     \
		{"ipdscp", "46"}, {"iptos", "10111000"}, {"ipecn", "00"}, {"ipttl", "63"}, \
		{"ipid", "4660"}, {"ipflags", "010"}, {"ipfragoffset", "0"},               \
	{                                                                                  \
		"ipdscpname", "ef(46)"                                                     \
	}
#define IP6_LEN(next, length)                                              \
	"62efffff " length " " next "3f 20010db8000000000000000000000001 " \
	"fe80000000000000000000000000abcd "
#define IP6(next) IP6_LEN(next, "03e8")
#define IP6_EXPECT                                                                         \
	{"ip6source", "2001:DB8::1"}, {"ip6destination", "FE80::ABCD"}, {"ip6ttl", "63"},  \
		{"ip6dscp", "11"}, {"ip6dscpname", "unknown(11)"}, {"ip6tos", "00101110"}, \
		{"ip6ecn", "10"},                                                          \
	{                                                                                  \
		"ip6flowlabel", "1048575"                                                  \
	}
#define TCP "d431 01bb 11111111 22222222 5112 ffff 0000 0000 "
#define TCP_EXPECT                                                 \
	{"tcpsourceport", "54321"}, {"tcpdestinationport", "443"}, \
	{                                                          \
		"tcpflags", "100010010"                            \
	}
#define UDP_TO(port) "3039 " port " 03d4 0000 "
#define UDP          UDP_TO("0202")
#define UDP_EXPECT                                                 \
	{"udpsourceport", "12345"}, {"udpdestinationport", "514"}, \
	{                                                          \
		"udpbytes", "980"                                  \
	}
