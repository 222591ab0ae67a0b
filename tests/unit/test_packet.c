// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "packet/dissect.h"
#include "packet/field.h"

// Headers are written as hex with blanks. OFF bytes of other data lie before them, as in life.
enum {
	OFF = 4,
	ROOM = 1024
};

struct sample {
	uint8_t data[ROOM];
	uint32_t len; // of the header
};

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static struct sample sample_of(const char *hex)
{
	struct sample s = {.data = {0xff, 0xff, 0xff, 0xff}};
	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(OFF + s.len < ROOM);
		s.data[OFF + s.len++] = (uint8_t)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
		hex++;
	}
	return s;
}

static void dissect(struct packet *p, const struct sample *s, uint32_t len, uint32_t protocol,
		    enum dissect_depth depth)
{
	packet_reset(p, s->data, ROOM);
	packet_dissect(p, protocol, OFF, len, depth);
}

// The value of "name" or "name.occurrence" as text, "-" when it is absent.
static const char *text_of(const struct packet *p, const char *name)
{
	static char text[FIELD_VALUE_MAX * 2];
	const char *dot = strchr(name, '.');
	const size_t len = dot == NULL ? strlen(name) : (size_t)(dot - name);
	const struct field *f = field_find(name, len);
	uint8_t value[FIELD_VALUE_MAX];
	assert_non_null(f);
	const unsigned occurrence = dot == NULL ? 0 : (unsigned)atoi(dot + 1);
	const size_t size = field_read(f, occurrence, p, value);
	if (size == 0)
		return "-";
	struct strbuf b = strbuf_of(text, sizeof(text));
	field_format(&b, f->kind, value, size, f->bits);
	return text;
}

struct expect {
	const char *name, *text;
};

static void check_header(uint32_t protocol, const char *hex, const struct expect *e)
{
	const struct sample s = sample_of(hex);
	for (unsigned depth = DISSECT_OUTER; depth <= DISSECT_ALL; depth++) {
		struct packet p;
		dissect(&p, &s, s.len, protocol, depth);
		for (const struct expect *x = e; x->name != NULL; x++)
			if (depth == DISSECT_ALL || strchr(x->name, '.') == NULL)
				assert_string_equal(text_of(&p, x->name), x->text);
	}
}

#define MACS          "0200000000b1 0200000000a1 "
#define IP4(protocol) "45b8 0064 1234 4000 3f" protocol " 0000 0a000001 c0000202 "
#define IP4_EXPECT                                                                         \
	{"ipsource", "10.0.0.1"}, {"ipdestination", "192.0.2.2"}, {"ipbytes", "100"},      \
		{"ipdscp", "46"}, {"iptos", "10111000"}, {"ipecn", "00"}, {"ipttl", "63"}, \
		{"ipid", "4660"}, {"ipflags", "010"},                                      \
	{                                                                                  \
		"ipfragoffset", "0"                                                        \
	}
#define IP6(next, length)                                                  \
	"62efffff " length " " next "3f 20010db8000000000000000000000001 " \
	"fe80000000000000000000000000abcd "
#define IP6_EXPECT                                                                        \
	{"ip6source", "2001:DB8::1"}, {"ip6destination", "FE80::ABCD"}, {"ip6ttl", "63"}, \
		{"ip6dscp", "11"}, {"ip6tos", "00101110"}, {"ip6ecn", "10"},              \
	{                                                                                 \
		"ip6flowlabel", "1048575"                                                 \
	}
#define TCP "d431 01bb 11111111 22222222 5112 ffff 0000 0000 "
#define TCP_EXPECT                                                 \
	{"tcpsourceport", "54321"}, {"tcpdestinationport", "443"}, \
	{                                                          \
		"tcpflags", "100010010"                            \
	}
#define UDP "3039 0202 0048 0000 "
#define UDP_EXPECT                                                 \
	{"udpsourceport", "12345"}, {"udpdestinationport", "514"}, \
	{                                                          \
		"udpbytes", "72"                                   \
	}
#define END                \
	{                  \
		NULL, NULL \
	}
#define ETH_EXPECT                          \
	{"macdestination", "0200000000B1"}, \
	{                                   \
		"macsource", "0200000000A1" \
	}

static void plain_headers_are_read(void **state)
{
	check_header(HEADER_ETHERNET, MACS "0800" IP4("06") TCP,
		     (struct expect[]){ETH_EXPECT,
				       IP4_EXPECT,
				       TCP_EXPECT,
				       {"ethernetprotocol", "2048"},
				       {"ipprotocol", "6"},
				       {"udpsourceport", "-"},
				       {"vlan", "-"},
				       {"ip6source", "-"},
				       {"ipsource.1", "-"},
				       END});
	check_header(HEADER_ETHERNET, MACS "0800" IP4("11") UDP,
		     (struct expect[]){ETH_EXPECT, IP4_EXPECT, UDP_EXPECT, {"tcpflags", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6("06", "0014") TCP,
		     (struct expect[]){ETH_EXPECT,
				       IP6_EXPECT,
				       TCP_EXPECT,
				       {"ip6bytes", "20"},
				       {"ethernetprotocol", "34525"},
				       {"ip6nexthdr", "6"},
				       END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6("11", "0048") UDP,
		     (struct expect[]){IP6_EXPECT, UDP_EXPECT, {"ip6nexthdr", "17"}, END});
	check_header(HEADER_ETHERNET, MACS "0800" IP4("84") "0bb8 0bb9 00000001 00000000",
		     (struct expect[]){{"sctpsourceport", "3000"},
				       {"sctpdestinationport", "3001"},
				       {"ipprotocol", "132"},
				       END});
	check_header(HEADER_ETHERNET, MACS "0800" IP4("01") "0b01 0000 00000000",
		     (struct expect[]){{"icmptype", "11"}, {"icmpcode", "1"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6("3a", "0008") "8800 0000 00000000",
		     (struct expect[]){{"icmp6type", "136"}, {"icmp6code", "0"}, END});
}

static void headers_without_ethernet_are_read(void **state)
{
	check_header(HEADER_IP4, IP4("06") TCP,
		     (struct expect[]){IP4_EXPECT,
				       TCP_EXPECT,
				       {"macsource", "-"},
				       {"ethernetprotocol", "-"},
				       END});
	check_header(HEADER_IP6, IP6("11", "0048") UDP,
		     (struct expect[]){IP6_EXPECT, UDP_EXPECT, {"macsource", "-"}, END});
	check_header(9999, IP4("06") TCP,
		     (struct expect[]){{"ipsource", "-"}, {"macsource", "-"}, END});
}

static void tags_are_passed(void **state)
{
	check_header(HEADER_ETHERNET, MACS "8100 a064 0800" IP4("06") TCP,
		     (struct expect[]){ETH_EXPECT,
				       IP4_EXPECT,
				       TCP_EXPECT,
				       {"vlan", "100"},
				       {"priority", "5"},
				       {"ethernetprotocol", "2048"},
				       {"vlan.1", "-"},
				       END});
	check_header(HEADER_ETHERNET,
		     MACS "88a8 2005 9100 4006 8100 6fff 86dd" IP6("06", "0014") TCP,
		     (struct expect[]){IP6_EXPECT,
				       TCP_EXPECT,
				       {"vlan", "5"},
				       {"vlan.1", "6"},
				       {"vlan.2", "4095"},
				       {"priority.2", "3"},
				       {"vlan.3", "-"},
				       {"ethernetprotocol", "34525"},
				       END});
}

static void arp_is_read(void **state)
{
	check_header(HEADER_ETHERNET,
		     "ffffffffffff 0200000000a1 0806 0001 0800 06 04 0001 0200000000a1 0a000001 "
		     "000000000000 0a000002",
		     (struct expect[]){{"arpoperation", "1"},
				       {"arpmacsender", "0200000000A1"},
				       {"arpipsender", "10.0.0.1"},
				       {"arpiptarget", "10.0.0.2"},
				       {"arpmactarget", "000000000000"},
				       {"ethernetprotocol", "2054"},
				       END});
	check_header(HEADER_ETHERNET, MACS "0806 0001 0800 08 04 0002 0200000000a1 0a000001",
		     (struct expect[]){{"arpoperation", "2"}, {"arpipsender", "-"}, END});
}

static void ip4_options_and_fragments(void **state)
{
	check_header(HEADER_IP4,
		     "4700 0064 1234 2000 4006 0000 0a000001 0a000002 0101010101010101" TCP,
		     (struct expect[]){TCP_EXPECT, {"ipflags", "001"}, END});
	check_header(HEADER_ETHERNET,
		     MACS "0800 4500 0064 1234 0001 4006 0000 0a000001 0a000002" TCP,
		     (struct expect[]){{"ipsource", "10.0.0.1"},
				       {"ipfragoffset", "1"},
				       {"ipprotocol", "6"},
				       {"tcpsourceport", "-"},
				       END});
	check_header(HEADER_IP4, "4f00 0064 0000 0000 4006 0000 0a000001 0a000002" TCP,
		     (struct expect[]){{"ipsource", "10.0.0.1"}, {"tcpsourceport", "-"}, END});
}

static void ip6_extension_headers(void **state)
{
	// hop-by-hop, routing (two units longer), fragment, AH, destination options, mobility
	check_header(
		HEADER_IP6,
		IP6("00",
		    "0068") "2b00000000000000 2c02000000000000 0000000000000000 0000000000000000 "
			    "3300000100000000 3c01000000000000 00000000 8700000000000000 "
			    "0600000000000000" TCP,
		(struct expect[]){IP6_EXPECT, TCP_EXPECT, {"ip6nexthdr", "6"}, END});
	check_header(HEADER_IP6, IP6("2c", "0020") "0600000800000000" TCP,
		     (struct expect[]){{"ip6nexthdr", "6"}, {"tcpsourceport", "-"}, END});
	check_header(HEADER_IP6, IP6("3c", "0020") "3aff000000000000" TCP,
		     (struct expect[]){{"ip6nexthdr", "58"}, {"icmp6type", "-"}, END});
	check_header(HEADER_IP6, IP6("3b", "0000") TCP,
		     (struct expect[]){{"ip6nexthdr", "59"}, {"tcpsourceport", "-"}, END});
}

// What lies behind the IP packet is padding of the frame.
static void padding_is_no_field(void **state)
{
	check_header(
		HEADER_ETHERNET, MACS "0800 4500 0016 0000 0000 4006 0000 0a000001 0a000002" TCP,
		(struct expect[]){{"tcpsourceport", "54321"}, {"tcpdestinationport", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6("11", "0002") UDP,
		     (struct expect[]){{"udpsourceport", "12345"}, {"udpbytes", "-"}, END});
	// segmentation offload leaves no length
	check_header(HEADER_ETHERNET,
		     MACS "0800 4500 0000 0000 0000 4006 0000 0a000001 0a000002" TCP,
		     (struct expect[]){TCP_EXPECT, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6("06", "0000") TCP,
		     (struct expect[]){TCP_EXPECT, END});
}

static void lying_versions_are_no_packet(void **state)
{
	check_header(HEADER_ETHERNET, MACS "0800 9500" TCP TCP TCP,
		     (struct expect[]){{"ethernetprotocol", "2048"}, {"ipttl", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "0800 4400" TCP TCP TCP,
		     (struct expect[]){{"ipttl", "-"}, {"tcpsourceport", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd 4500" TCP TCP TCP,
		     (struct expect[]){{"ip6ttl", "-"}, END});
}

static void meta_is_read(void **state)
{
	const struct sample s = sample_of(MACS "0800");
	struct packet p;
	dissect(&p, &s, s.len, HEADER_ETHERNET, DISSECT_OUTER);
	p.meta = (struct packet_meta){
		.input = __builtin_bswap32(packet_port(7)),
		.output = __builtin_bswap32(packet_port(0x40000102)),
		.bytes = __builtin_bswap32(1518),
		.frames = __builtin_bswap32(1),
		.sampling_rate = __builtin_bswap32(400),
		.stripped = __builtin_bswap32(4),
		.direction = DIRECTION_INGRESS,
	};
	assert_string_equal(text_of(&p, "inputifindex"), "7");
	assert_string_equal(text_of(&p, "outputifindex"), "discard");
	assert_string_equal(text_of(&p, "bytes"), "1518");
	assert_string_equal(text_of(&p, "frames"), "1");
	assert_string_equal(text_of(&p, "samplingrate"), "400");
	assert_string_equal(text_of(&p, "stripped"), "4");
	assert_string_equal(text_of(&p, "direction"), "ingress");
	uint64_t n;
	assert_true(field_number(field_find("bytes", 5), 0, &p, &n));
	assert_int_equal(n, 1518);
	assert_false(field_number(field_find("ipttl", 5), 0, &p, &n));
}

static void names_are_found(void **state)
{
	assert_string_equal(field_find("ipsource", 8)->name, "ipsource");
	assert_null(field_find("ipsourc", 7));
	assert_null(field_find("ipsources", 9));
	assert_string_equal(field_find("ipsource.1", 8)->name, "ipsource");
	assert_null(field_find("", 0));
	assert_string_equal(field_suggest("ipsorce", 7), "ipsource");
	assert_string_equal(field_suggest("tcpdestinatoinprt", 17), "tcpdestinationport");
	assert_string_equal(field_suggest("valn", 4), "vlan");
	assert_null(field_suggest("zzzzzz", 6));
	assert_null(field_suggest("", 0));
	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at(i);
		assert_ptr_equal(field_find(f->name, strlen(f->name)), f); // no name twice
		assert_string_equal(field_suggest(f->name, strlen(f->name)), f->name);
		assert_in_range(f->size, 1, FIELD_VALUE_MAX);
	}
}

static void check_parse(enum field_kind kind, unsigned bits, const char *text, const char *written)
{
	uint8_t value[16] = {0};
	char out[64];
	const size_t size = kind == KIND_TEXT ? 8 : (bits + 7) / 8;
	assert_int_equal(field_parse(kind, text, strlen(text), value, size, bits), 0);
	struct strbuf b = strbuf_of(out, sizeof(out));
	field_format(&b, kind, value, size, bits);
	assert_string_equal(out, written);
}

static void values_are_parsed(void **state)
{
	check_parse(KIND_UINT, 16, "65535", "65535");
	check_parse(KIND_UINT, 3, "007", "7");
	check_parse(KIND_UINT, 64, "18446744073709551615", "18446744073709551615");
	check_parse(KIND_IP4, 32, "192.0.2.1", "192.0.2.1");
	check_parse(KIND_IP6, 128, "fe80::1", "FE80::1");
	check_parse(KIND_MAC, 48, "d8:d3:85:b2:dd:2b", "D8D385B2DD2B");
	check_parse(KIND_BOOL, 1, "true", "true");
	check_parse(KIND_BOOL, 1, "no", "false");
	check_parse(KIND_FLAGS, 9, "000000010", "000000010");
	check_parse(KIND_IFINDEX, 32, "12", "12");
	check_parse(KIND_IFINDEX, 32, "0", "unknown");
	check_parse(KIND_IFINDEX, 32, "discard", "discard");
	check_parse(KIND_IFINDEX, 32, "multiple", "multiple");
	check_parse(KIND_IFINDEX, 32, "internal", "internal");
	check_parse(KIND_DIRECTION, 8, "egress", "egress");
	check_parse(KIND_TEXT, 0, "eth.ip", "eth.ip");
	check_parse(KIND_TEXT, 0, "", "");
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		enum field_kind kind;
		unsigned bits;
		const char *text;
		int err;
	} cases[] = {
		{KIND_UINT, 16, "65536", ERR_RANGE},
		{KIND_UINT, 3, "8", ERR_RANGE},
		{KIND_UINT, 64, "18446744073709551616", ERR_RANGE},
		{KIND_UINT, 16, "", ERR_INVALID},
		{KIND_UINT, 16, "-1", ERR_INVALID},
		{KIND_UINT, 16, "1 ", ERR_INVALID},
		{KIND_IP4, 32, "1.2.3", ERR_INVALID},
		{KIND_IP4, 32, "::1", ERR_INVALID},
		{KIND_IP6, 128, "1.2.3.4", ERR_INVALID},
		{KIND_MAC, 48, "d8:d3:85:b2:dd", ERR_INVALID},
		{KIND_BOOL, 1, "1", ERR_INVALID},
		{KIND_FLAGS, 9, "00000001", ERR_INVALID},
		{KIND_FLAGS, 2, "12", ERR_INVALID},
		{KIND_IFINDEX, 32, "1073741824", ERR_RANGE},
		{KIND_IFINDEX, 32, "eth0", ERR_INVALID},
		{KIND_DIRECTION, 8, "in", ERR_INVALID},
		{KIND_TEXT, 0, "too long a text", ERR_RANGE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t value[16];
		const size_t size = cases[i].bits == 0 ? 8 : (cases[i].bits + 7) / 8;
		assert_int_equal(field_parse(cases[i].kind, cases[i].text, strlen(cases[i].text),
					     value, size, cases[i].bits),
				 cases[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_headers_are_read),
		cmocka_unit_test(headers_without_ethernet_are_read),
		cmocka_unit_test(tags_are_passed),
		cmocka_unit_test(arp_is_read),
		cmocka_unit_test(ip4_options_and_fragments),
		cmocka_unit_test(ip6_extension_headers),
		cmocka_unit_test(padding_is_no_field),
		cmocka_unit_test(lying_versions_are_no_packet),
		cmocka_unit_test(meta_is_read),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(values_are_parsed),
		cmocka_unit_test(bad_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
