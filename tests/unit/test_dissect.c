// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Every kind of header: its stack, its fields, cut at every byte, with every byte spoilt.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packet_sample.h"

static const struct header {
	const char *name;
	uint32_t protocol;
	const char *hex;
	const char *stack;
} headers[] = {
#define HEADER(name, protocol, hex, stack) {#name, protocol, hex, stack},
#include "headers.def"
#undef HEADER
};

enum {
	N_HEADERS = sizeof(headers) / sizeof(headers[0]),
	OCCURRENCES = 3
};

static void stacks_are_named(void **state)
{
	for (size_t i = 0; i < N_HEADERS; i++) {
		const struct sample s = sample_of(headers[i].hex);
		struct packet p;
		sample_dissect(&p, &s, headers[i].protocol, DISSECT_ALL);
		if (strcmp(text_of(&p, "stack"), headers[i].stack) != 0)
			fail_msg("%s: %s, expected %s", headers[i].name, text_of(&p, "stack"),
				 headers[i].stack);
		assert_false(p.clipped);
	}
}

// ---- what a header yields whatever its bytes are

static void check_offsets(const struct packet *p, uint32_t len)
{
	uint32_t last = SAMPLE_OFF;
	const uint32_t end = p->end[SPACE_HEADER];
	assert_in_range(end, SAMPLE_OFF, SAMPLE_OFF + len);
	assert_in_range(p->n_stack, 0, PACKET_DEPTH);
	for (unsigned i = 0; i < p->n_stack; i++) {
		const struct packet_place *place = &p->stack[i];
		assert_in_range(place->layer, LAYER_ETH, LAYER_IBBT);
		assert_in_range(place->off, SAMPLE_OFF, SAMPLE_OFF + len - 1);
		// IP6NEXT may lie in the header before, GTP-U's and all others lie further on
		assert_true(place->off >= last || place->layer == LAYER_IP6NEXT);
		last = place->off > last ? place->off : last;
	}
}

// What is kept without the stack is what is kept with it, and the common case decided at once is
// what the walk would have found.
static void check_depths(const struct sample *s, uint32_t protocol)
{
	struct packet all, outer, walked;
	sample_dissect(&all, s, protocol, DISSECT_ALL);
	sample_dissect(&outer, s, protocol, DISSECT_OUTER);
	packet_reset(&walked, s->data, SAMPLE_ROOM);
	packet_walk(&walked, protocol, SAMPLE_OFF, s->len, DISSECT_ALL);
	check_offsets(&all, s->len);
	assert_memory_equal(all.first, outer.first, sizeof(all.first));
	assert_memory_equal(all.first, walked.first, sizeof(all.first));
	assert_int_equal(all.n_stack, walked.n_stack);
	for (unsigned i = 0; i < all.n_stack; i++) {
		assert_int_equal(all.stack[i].layer, walked.stack[i].layer);
		assert_int_equal(all.stack[i].off, walked.stack[i].off);
	}
	assert_int_equal(all.clipped, outer.clipped);
	assert_int_equal(all.end[SPACE_HEADER], outer.end[SPACE_HEADER]);
	// the walk also cuts what is behind a UDP datagram, where the common case knows no field
	if (all.first[LAYER_UDP] == 0)
		assert_int_equal(all.end[SPACE_HEADER], walked.end[SPACE_HEADER]);
	assert_true(all.end[SPACE_HEADER] >= walked.end[SPACE_HEADER]);
	assert_int_equal(outer.n_stack, 0);
	assert_int_equal(all.start, SAMPLE_OFF);
}

static void depths_agree_on_every_spoilt_byte(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x06, 0x11, 0x29, 0x40,
					 0x45, 0x60, 0x7f, 0x80, 0xff};
	for (size_t i = 0; i < N_HEADERS; i++) {
		struct sample s = sample_of(headers[i].hex);
		for (uint32_t at = SAMPLE_OFF; at < SAMPLE_OFF + s.len; at++) {
			const uint8_t was = s.data[at];
			for (size_t v = 0; v < sizeof(values); v++) {
				s.data[at] = values[v];
				check_depths(&s, headers[i].protocol);
			}
			s.data[at] = was;
		}
	}
}

static char *repeat(const char *before, const char *part, unsigned n, const char *after)
{
	static char hex[4 * SAMPLE_ROOM];
	struct strbuf b = strbuf_of(hex, sizeof(hex));
	strbuf_str(&b, before);
	while (n-- > 0)
		strbuf_str(&b, part);
	strbuf_str(&b, after);
	assert_false(b.cut);
	return hex;
}

static struct packet dissected(uint32_t protocol, const char *hex)
{
	static struct sample s;
	struct packet p;
	s = sample_of(hex);
	check_depths(&s, protocol);
	sample_dissect(&p, &s, protocol, DISSECT_ALL);
	return p;
}

// ---- cut headers

// A field is a place that is not whole.
static bool is_cut(const struct packet *whole, const struct field *f, unsigned occurrence,
		   uint32_t len)
{
	const uint32_t layer = packet_layer_at(whole, f->layer, occurrence);
	return layer + f->offset + f->width > SAMPLE_OFF + len;
}

// Behind MPLS labels what lies there may show only in the EtherType.
static bool is_undecided(const struct packet *cut)
{
	return cut->n_stack > 0 && cut->stack[cut->n_stack - 1].layer == LAYER_MPLS;
}

static void check_cut(const struct header *h, const struct packet *whole, const struct packet *cut,
		      uint32_t len)
{
	for (size_t i = 0; i < field_count(); i++) {
		const struct field *f = field_at(i);
		for (unsigned n = 0; n < OCCURRENCES && f->space == SPACE_HEADER; n++) {
			uint8_t a[FIELD_VALUE_MAX], b[FIELD_VALUE_MAX];
			const size_t size = field_read(f, n, whole, a);
			const size_t cut_size = field_read(f, n, cut, b);
			// the stack of a cut header is shorter
			if (strcmp(f->name, "stack") == 0)
				assert_true(cut_size <= size);
			else if (cut_size > 0)
				assert_int_equal(cut_size, size);
			assert_memory_equal(a, b, cut_size);
			if (size > 0 && cut_size == 0 && f->compute == NULL &&
			    !is_cut(whole, f, n, len) && !is_undecided(cut))
				fail_msg("%s cut at %u: no %s.%u", h->name, len, f->name, n);
		}
	}
}

static void cut_headers_yield_the_fields_that_are_whole(void **state)
{
	for (size_t i = 0; i < N_HEADERS; i++) {
		const struct header *h = &headers[i];
		const struct sample s = sample_of(h->hex);
		struct packet whole, cut;
		sample_dissect(&whole, &s, h->protocol, DISSECT_ALL);
		for (uint32_t len = 0; len < s.len; len++) {
			// memory of just that size, so that a sanitizer sees what reads beyond
			uint8_t *data = malloc(SAMPLE_OFF + len);
			memcpy(data, s.data, SAMPLE_OFF + len);
			packet_reset(&cut, data, SAMPLE_OFF + len);
			packet_dissect(&cut, h->protocol, SAMPLE_OFF, len, DISSECT_ALL);
			check_offsets(&cut, len);
			check_cut(h, &whole, &cut, len);
			free(data);
		}
	}
}

// ---- fields of what is carried inside

static void tunnels_have_occurrences(void **state)
{
	check_header(HEADER_ETHERNET,
		     MACS "0800" IP4("11") UDP_TO("12b5") "08000000 00123400" MACS2
							  "8100 0064 0800" IP4_INNER("06") TCP,
		     (struct expect[]){ETH_EXPECT,
				       IP4_EXPECT,
				       {"vxlanvni", "4660"},
				       {"vni", "4660"},
				       {"macsource.1", "0200000000A2"},
				       {"ipsource.1", "172.16.0.1"},
				       {"ipdestination.1", "172.16.0.2"},
				       {"ipprotocol", "17"},
				       {"ipprotocol.1", "6"},
				       {"ip_offset", "14"},
				       {"ip_offset.1", "68"},
				       {"ethernetprotocol", "2048"},
				       {"ethernetprotocol.1", "2048"},
				       {"ethernetprotocol.2", "-"},
				       {"vlan", "100"},
				       {"tcpdestinationport", "443"},
				       {"ipsource.2", "-"},
				       END});
	check_header(HEADER_IP4,
		     IP4("2f") "2000 6558 00123401" MACS "0800" IP4("11")
			     UDP_TO("17c1") "0000 0800 00567800" IP4_INNER("11")
				     UDP_TO("12b5") "08000000 00777700" MACS2
						    "86dd" IP6("3a") "8000",
		     (struct expect[]){{"grevsid", "4660"},
				       {"grekey", "1192961"},
				       {"greprotocol", "25944"},
				       {"genevevni", "22136"},
				       {"vxlanvni", "30583"},
				       {"vni", "4660"},
				       {"vni.1", "22136"},
				       {"vni.2", "30583"},
				       {"vni.3", "-"},
				       {"ipsource.2", "172.16.0.1"},
				       {"udpdestinationport.1", "4789"},
				       {"icmp6type", "128"},
				       END});
}

static void tunnel_headers_are_read(void **state)
{
	check_header(HEADER_ETHERNET, MACS "8847 00010a40 00020b3f" IP4("06") TCP,
		     (struct expect[]){{"mplslabel", "16"},
				       {"mplstc", "5"},
				       {"mplsttl", "64"},
				       {"mplslabel.1", "32"},
				       {"mplsttl.1", "63"},
				       {"ethernetprotocol", "34887"},
				       END});
	check_header(HEADER_ETHERNET, MACS "8864 1100 1234 0100 0021" IP4("06") TCP,
		     (struct expect[]){IP4_EXPECT, {"pppoesession", "4660"}, END});
	check_header(HEADER_IP4,
		     IP4("2f") "1000 88be 00000001 1064 03ff 00000000" MACS2 "0800" IP4("06") TCP,
		     (struct expect[]){{"erspanvlan", "100"}, {"erspansession", "1023"}, END});
	check_header(HEADER_IP4, IP4("11") UDP_TO("0868") "30ff 0100 00001234" IP4_INNER("06") TCP,
		     (struct expect[]){{"gtpteid", "4660"}, {"ipsource.1", "172.16.0.1"}, END});
	check_header(HEADER_IP4, IP4("32") "11223344 00000001",
		     (struct expect[]){{"espspi", "287454020"}, {"ipprotocol", "50"}, END});
	check_header(HEADER_IP4,
		     IP4("33") "0604 0000 11223344 00000001 000000000000000000000000" TCP,
		     (struct expect[]){{"ahspi", "287454020"}, TCP_EXPECT, END});
	check_header(HEADER_IP4, IP4("2f") "b000 0800 12340000 00000063 00000001" IP4_INNER("06"),
		     (struct expect[]){{"grekey", "99"}, {"grevsid", "-"}, {"ipttl.1", "64"}, END});
}

static void dns_questions_are_read(void **state)
{
	check_header(HEADER_IP4,
		     IP4("11") UDP_TO("0035") "abcd 0100 0001 0000 0000 0000 "
					      "03 777757 07 6578616d706c65 03 636f6d 00 001c 0001",
		     (struct expect[]){{"dnsqname", "www.example.com"},
				       {"dnsqr", "false"},
				       {"dnsqtype", "28"},
				       {"dnsqtypename", "AAAA"},
				       {"dnsid", "43981"},
				       {"dnsrcode", "0"},
				       END});
	check_header(HEADER_IP4,
		     IP4("11") "0035 d431 0080 0000 abcd 8583 0001 0000 0000 0000 00 0fff 0001",
		     (struct expect[]){{"dnsqname", "."},
				       {"dnsqr", "true"},
				       {"dnsrcode", "3"},
				       {"dnsqtypename", "TYPE4095"},
				       END});
	// no question; a pointer; a label that is cut; odd bytes in a label
	check_header(
		HEADER_IP4, IP4("11") UDP_TO("0035") "abcd 0100 0000 0000 0000 0000 00 0001 0001",
		(struct expect[]){{"dnsqname", "-"}, {"dnsqtype", "-"}, {"dnsqr", "false"}, END});
	check_header(HEADER_IP4,
		     IP4("11") UDP_TO("0035") "abcd 0100 0001 0000 0000 0000 c00c 0001 0001",
		     (struct expect[]){{"dnsqname", "-"}, END});
	check_header(HEADER_IP4, IP4("11") UDP_TO("0035") "abcd 0100 0001 0000 0000 0000 05 777777",
		     (struct expect[]){{"dnsqname", "-"}, END});
	check_header(HEADER_IP4,
		     IP4("11") UDP_TO("0035") "abcd 0100 0001 0000 0000 0000 04 612e005c 00 0001",
		     (struct expect[]){{"dnsqname", "a\\.\\000\\\\"}, {"dnsqtypename", "A"}, END});
}

// A name has at most 255 bytes on the wire (RFC 1035 section 3.1); what a key holds is fewer still.
static void long_dns_names_are_cut_or_refused(void **state)
{
	static const char label[] =
		"3f616161616161616161616161616161616161616161616161616161616161616161"
		"616161616161616161616161616161616161616161616161616161616161";
	const char *const before = IP4("11") UDP_TO("0035") "abcd 0100 0001 0000 0000 0000";
	struct packet p = dissected(HEADER_IP4, repeat(before, label, 4, "00 0001 0001"));
	assert_string_equal(text_of(&p, "dnsqname"), "-");
	p = dissected(HEADER_IP4, repeat(before, label, 3, "01 62 00 001c 0001"));
	assert_int_equal(strlen(text_of(&p, "dnsqname")), 193);
	assert_string_equal(text_of(&p, "dnsqtypename"), "AAAA");
	p = dissected(HEADER_IP4,
		      repeat(before, label, 3,
			     "32 6262626262626262626262626262626262626262626262626262"
			     "626262626262626262626262626262626262626262626262 00 001c 0001"));
	assert_int_equal(strlen(text_of(&p, "dnsqname")), 240);
	assert_string_equal(text_of(&p, "dnsqtypename"), "AAAA");
}

static void infiniband_is_read(void **state)
{
	check_header(HEADER_ETHERNET,
		     MACS "0800" IP4("11") UDP_TO("12b7") "0ac1 ffff c0000017 80abcdef "
							  "1122334455667788 99aabbcc 00001000",
		     (struct expect[]){{"ibbtopcode", "10"},
				       {"ibbtoptransport", "RC"},
				       {"ibbtopname", "RDMA_WRITE_ONLY"},
				       {"ibbt_offset", "42"},
				       {"ibbtse", "true"},
				       {"ibbtm", "true"},
				       {"ibbttver", "1"},
				       {"ibbtpkey", "65535"},
				       {"ibbtfecn", "true"},
				       {"ibbtbecn", "true"},
				       {"ibbtdestqp", "23"},
				       {"ibbtack", "true"},
				       {"ibbtpsn", "11259375"},
				       {"ibbtrdmalen", "4096"},
				       {"ibbtaethack", "-"},
				       END});
	check_header(HEADER_IP4, IP4("11") UDP_TO("12b7") "1100 ffff 00000017 00abcdef 1f000001",
		     (struct expect[]){{"ibbtopname", "ACKNOWLEDGE"},
				       {"ibbtaethack", "31"},
				       {"ibbtrdmalen", "-"},
				       {"ibbtse", "false"},
				       END});
	// a negative acknowledgement has no credits; a congestion notification; XRC
	check_header(HEADER_IP4, IP4("11") UDP_TO("12b7") "1100 ffff 00000017 00abcdef 60000001",
		     (struct expect[]){{"ibbtaethack", "-"}, END});
	check_header(HEADER_IP4, IP4("11") UDP_TO("12b7") "8100 ffff 40000017 00000000",
		     (struct expect[]){{"ibbtopcode", "129"},
				       {"ibbtoptransport", "CNP"},
				       {"ibbtopname", "CNP"},
				       {"ibbtbecn", "true"},
				       {"ibbtfecn", "false"},
				       END});
	check_header(HEADER_IP4,
		     IP4("11") UDP_TO("12b7") "ac00 ffff 00000017 00000000 00000099 "
					      "1122334455667788 99aabbcc 00000200",
		     (struct expect[]){{"ibbtoptransport", "XRC"},
				       {"ibbtopname", "RDMA_READ_REQUEST"},
				       {"ibbtrdmalen", "512"},
				       END});
	check_header(
		HEADER_IP4, IP4("11") UDP_TO("12b7") "ff00 ffff 00000017 00000000",
		(struct expect[]){{"ibbtoptransport", "unknown"}, {"ibbtopname", "unknown"}, END});
}

static void icmp_complaints_name_their_target(void **state)
{
	check_header(HEADER_IP4, IP4("01") "0303 0000 00000000 " IP4_INNER("11") UDP_TO("0035"),
		     (struct expect[]){{"icmpunreachableport", "udp_53"},
				       {"icmpunreachablehost", "-"},
				       {"icmpseqno", "-"},
				       {"ipsource.1", "-"},
				       END});
	check_header(HEADER_IP4, IP4("01") "0301 0000 00000000 " IP4_INNER("06") TCP,
		     (struct expect[]){{"icmpunreachablehost", "172.16.0.2"},
				       {"icmpunreachableport", "-"},
				       END});
	check_header(HEADER_IP4, IP4("01") "0300 0000 00000000 " IP4_INNER("06") TCP,
		     (struct expect[]){{"icmpunreachablenet", "172.16.0.2"}, END});
	check_header(HEADER_IP4, IP4("01") "0302 0000 00000000 " IP4_INNER("84") TCP,
		     (struct expect[]){{"icmpunreachableprotocol", "132"}, END});
	check_header(HEADER_IP6, IP6("3a") "0104 0000 00000000 " IP6("3c") "0600000000000000" TCP,
		     (struct expect[]){{"icmpunreachableport", "tcp_443"}, END});
	check_header(HEADER_IP6, IP6("3a") "0103 0000 00000000 " IP6("06") TCP,
		     (struct expect[]){{"icmpunreachablehost", "FE80::ABCD"}, END});
	check_header(HEADER_IP6, IP6("3a") "0401 0000 00000006 " IP6("fd") TCP,
		     (struct expect[]){{"icmpunreachableprotocol", "253"}, END});
	check_header(HEADER_IP4, IP4("01") "0800 0000 1234 0007",
		     (struct expect[]){{"icmpseqno", "7"}, {"icmpunreachablenet", "-"}, END});
	check_header(HEADER_IP6, IP6("3a") "8000 0000 1234 0008",
		     (struct expect[]){{"icmpseqno", "8"}, {"icmp6type", "128"}, END});
	check_header(HEADER_IP6, IP6("3a") "8000 0000 1234",
		     (struct expect[]){{"icmpseqno", "-"}, {"icmp6type", "128"}, END});
	check_header(HEADER_IP6, IP6("3a") "8200 0000 1234 0008",
		     (struct expect[]){{"icmpseqno", "-"}, END});
}

static void addresses_have_a_cast(void **state)
{
	check_header(HEADER_ETHERNET, "ffffffffffff 0200000000a1 0806",
		     (struct expect[]){{"isbroadcast", "true"},
				       {"ismulticast", "false"},
				       {"isunicast", "false"},
				       END});
	check_header(HEADER_ETHERNET, "01005e000001 0200000000a1 0806",
		     (struct expect[]){{"isbroadcast", "false"},
				       {"ismulticast", "true"},
				       {"isunicast", "false"},
				       END});
	check_header(HEADER_ETHERNET, MACS "0806",
		     (struct expect[]){{"isbroadcast", "false"},
				       {"ismulticast", "false"},
				       {"isunicast", "true"},
				       END});
	check_header(HEADER_ETHERNET, "0200000000", (struct expect[]){{"isunicast", "-"}, END});
}

static void code_points_have_names(void **state)
{
	static const struct {
		const char *byte, *name;
	} cases[] = {
		{"00", "be(0)"},       {"04", "le(1)"},       {"20", "cs1(8)"},
		{"28", "af11(10)"},    {"98", "af43(38)"},    {"b0", "va(44)"},
		{"b8", "ef(46)"},      {"e0", "cs7(56)"},     {"08", "unknown(2)"},
		{"ac", "unknown(43)"}, {"fc", "unknown(63)"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char hex[16] = "45";
		strcat(hex, cases[i].byte);
		check_header(HEADER_IP4, hex,
			     (struct expect[]){{"ipdscpname", cases[i].name}, END});
	}
}

static void ip6_extensions_are_listed(void **state)
{
	check_header(HEADER_IP6, IP6("11") UDP,
		     (struct expect[]){{"ip6extensions", "-"},
				       {"ip6fragm", "false"},
				       {"ip6fragoffset", "0"},
				       {"ip6nexthdr", "17"},
				       END});
	check_header(
		HEADER_IP6, IP6("00") "1100000000000000" UDP,
		(struct expect[]){
			{"ip6extensions", "0"}, {"ip6nexthdr", "17"}, {"ip6fragm", "false"}, END});
	check_header(HEADER_IP6, IP6("00") "2c00000000000000 3c00000100000000 0600000000000000" TCP,
		     (struct expect[]){{"ip6extensions", "0.44.60"},
				       {"ip6fragm", "true"},
				       {"ip6fragoffset", "0"},
				       TCP_EXPECT,
				       END});
	// behind a later fragment nothing is known
	check_header(HEADER_IP6, IP6("2c") "3c00 0109 00000000 0600000000000000" TCP,
		     (struct expect[]){{"ip6extensions", "44"},
				       {"ip6fragm", "true"},
				       {"ip6fragoffset", "33"},
				       {"ip6nexthdr", "60"},
				       {"tcpsourceport", "-"},
				       END});
	// an inner header's fragment is not the outer's
	check_header(HEADER_IP6, IP6("29") IP6("2c") "0600000100000000" TCP,
		     (struct expect[]){{"ip6extensions", "-"},
				       {"ip6fragm", "false"},
				       {"ip6fragm.1", "true"},
				       {"ip6extensions.1", "44"},
				       {"ip6nexthdr", "41"},
				       {"ip6nexthdr.1", "6"},
				       END});
}

// ---- hostile headers

static void deep_stacks_are_followed(void **state)
{
	struct packet p =
		dissected(HEADER_ETHERNET, repeat(MACS, "8100 0007", 29, "0800" IP4("06") TCP));
	assert_false(p.clipped);
	assert_string_equal(text_of(&p, "vlan.28"), "7");
	assert_string_equal(text_of(&p, "tcpdestinationport"), "443");
	p = dissected(HEADER_ETHERNET, repeat(MACS "8847", "00010040", 28, ""));
	assert_false(p.clipped);
	assert_string_equal(text_of(&p, "mplslabel.27"), "16");
	assert_string_equal(text_of(&p, "mplslabel.28"), "-");
	p = dissected(HEADER_IP4, repeat("", IP4("04"), 10, IP4("06") TCP));
	assert_string_equal(text_of(&p, "ipprotocol.10"), "6");
	assert_string_equal(text_of(&p, "tcpdestinationport"), "443");
}

static void stacks_are_clipped(void **state)
{
	struct packet p =
		dissected(HEADER_ETHERNET, repeat(MACS, "8100 0007", 60, "0800" IP4("06") TCP));
	assert_true(p.clipped);
	assert_int_equal(p.n_stack, PACKET_DEPTH);
	assert_string_equal(text_of(&p, "tcpdestinationport"), "-");
	p = dissected(HEADER_MPLS, repeat("", "00010040", 200, ""));
	assert_true(p.clipped);
	p = dissected(HEADER_IP6, repeat(IP6("00"), "0000000000000000", 100, ""));
	assert_true(p.clipped);
	assert_string_equal(text_of(&p, "ip6extensions"), "-");
	p = dissected(HEADER_IP4, repeat(IP4("11") UDP_TO("0868") "34ff 0100 00001234 000000 85",
					 "01000085", 100, ""));
	assert_true(p.clipped);
	// a text that is too long loses whole names
	p = dissected(HEADER_IP4, repeat("", IP4("2f") "0000 0800", 18, IP4("06") TCP));
	assert_false(p.clipped);
	assert_string_equal(text_of(&p, "tcpdestinationport"), "443");
	assert_int_equal(strlen(text_of(&p, "stack")), 93);
	assert_string_equal(text_of(&p, "stack") + 84, "ip.gre.ip");
}

static void extension_lengths_do_not_wrap(void **state)
{
	struct packet p = dissected(HEADER_IP6, IP6("00") "061f000000000000" TCP TCP);
	assert_string_equal(text_of(&p, "tcpsourceport"), "-");
	p = dissected(HEADER_IP6, IP6("00") "00ff000000000000" TCP TCP);
	assert_string_equal(text_of(&p, "tcpsourceport"), "-");
	p = dissected(HEADER_IP6, IP6("33") "06ff000000000000" TCP TCP);
	assert_string_equal(text_of(&p, "tcpsourceport"), "-");
	p = dissected(HEADER_IP4,
		      IP4("11") UDP_TO("0868") "34ff 0100 00001234 000000 85 00000085" TCP);
	assert_string_equal(text_of(&p, "stack"), "ip.udp.gtp");
}

static void lying_lengths_are_no_header(void **state)
{
	struct packet p = dissected(HEADER_ETHERNET, MACS "0800 4000 03e8" TCP TCP TCP);
	assert_string_equal(text_of(&p, "stack"), "eth");
	p = dissected(HEADER_IP4, "4f00 03e8 0000 0000 4006 0000 0a000001 0a000002" TCP);
	assert_string_equal(text_of(&p, "stack"), "ip");
	p = dissected(HEADER_ETHERNET, MACS "0800 9500 03e8" TCP TCP TCP);
	assert_string_equal(text_of(&p, "stack"), "eth");
	p = dissected(HEADER_ETHERNET, MACS "0800" IP4("2f") "0007 0800" IP4_INNER("06") TCP);
	assert_string_equal(text_of(&p, "stack"), "eth.ip.gre");
	p = dissected(HEADER_ETHERNET,
		      MACS "0800" IP4("11") UDP_TO("12b5") "00000000 00123400" MACS2 "0800");
	assert_string_equal(text_of(&p, "stack"), "eth.ip.udp");
	p = dissected(HEADER_ETHERNET,
		      MACS "0800" IP4("11") UDP_TO("17c1") "c000 6558 00567800" MACS2 "0800");
	assert_string_equal(text_of(&p, "stack"), "eth.ip.udp");
	// a UDP datagram too short for the tunnel that its port announces: what follows is padding
	p = dissected(HEADER_ETHERNET,
		      MACS "0800" IP4("11") "3039 12b5 0008 0000 08000000 00123400" MACS2 "0800");
	assert_string_equal(text_of(&p, "stack"), "eth.ip.udp");
	// so is what follows an 802.3 frame or a PPPoE payload
	p = dissected(HEADER_ETHERNET, MACS "0006 aaaa03 000000 0800" IP4("06") TCP);
	assert_string_equal(text_of(&p, "stack"), "eth.llc");
	p = dissected(HEADER_ETHERNET, MACS "8864 1100 1234 0002 0021" IP4("06") TCP);
	assert_string_equal(text_of(&p, "stack"), "eth.pppoe.ppp");
	// no packet of a user: an error indication of GTP-U, a payload of PPPoE discovery
	p = dissected(HEADER_IP4,
		      IP4("11") UDP_TO("0868") "301a 0100 00001234" IP4_INNER("06") TCP);
	assert_string_equal(text_of(&p, "stack"), "ip.udp.gtp");
}

static void wireless_frames_without_a_packet(void **state)
{
	// from and to the distribution system, no fourth address; encrypted; empty; a fragment
	struct packet p = dissected(HEADER_80211_MAC,
				    "0803 0000 020000000001 020000000002 020000000003 0010");
	assert_string_equal(text_of(&p, "stack"), "wlan");
	p = dissected(HEADER_80211_MAC,
		      "0841 0000 020000000001 020000000002 020000000003 0010 aaaa03000000 0800" IP4(
			      "06"));
	assert_string_equal(text_of(&p, "stack"), "wlan");
	p = dissected(HEADER_80211_MAC,
		      "4801 0000 020000000001 020000000002 020000000003 0010 aaaa03000000 0800" IP4(
			      "06"));
	assert_string_equal(text_of(&p, "stack"), "wlan");
	p = dissected(HEADER_80211_MAC,
		      "0801 0000 020000000001 020000000002 020000000003 0100 aaaa03000000 0800" IP4(
			      "06"));
	assert_string_equal(text_of(&p, "stack"), "wlan");
	p = dissected(HEADER_80211_MAC, "80");
	assert_string_equal(text_of(&p, "stack"), "wlan");
}

static void header_protocols_that_lie_or_are_unknown(void **state)
{
	struct packet p = dissected(HEADER_IP4, MACS "0800" IP4("06") TCP);
	assert_int_equal(p.n_stack, 0);
	p = dissected(HEADER_IP4, IP6("06") TCP); // the version field knows better
	assert_string_equal(text_of(&p, "stack"), "ip6.tcp");
	for (uint32_t protocol = 0; protocol < 32; protocol++)
		for (size_t i = 0; i < N_HEADERS; i++)
			dissected(protocol, headers[i].hex);
	p = dissected(UINT32_MAX, headers[0].hex);
	assert_int_equal(p.n_stack, 0);
	p = dissected(0, headers[0].hex);
	assert_int_equal(p.n_stack, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_are_named),
		cmocka_unit_test(depths_agree_on_every_spoilt_byte),
		cmocka_unit_test(cut_headers_yield_the_fields_that_are_whole),
		cmocka_unit_test(tunnels_have_occurrences),
		cmocka_unit_test(tunnel_headers_are_read),
		cmocka_unit_test(dns_questions_are_read),
		cmocka_unit_test(long_dns_names_are_cut_or_refused),
		cmocka_unit_test(infiniband_is_read),
		cmocka_unit_test(icmp_complaints_name_their_target),
		cmocka_unit_test(addresses_have_a_cast),
		cmocka_unit_test(code_points_have_names),
		cmocka_unit_test(ip6_extensions_are_listed),
		cmocka_unit_test(deep_stacks_are_followed),
		cmocka_unit_test(stacks_are_clipped),
		cmocka_unit_test(extension_lengths_do_not_wrap),
		cmocka_unit_test(lying_lengths_are_no_header),
		cmocka_unit_test(wireless_frames_without_a_packet),
		cmocka_unit_test(header_protocols_that_lie_or_are_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
