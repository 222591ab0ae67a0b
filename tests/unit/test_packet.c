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
#include "packet/record.h"
#include "packet_sample.h"

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
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("06", "0014") TCP,
		     (struct expect[]){ETH_EXPECT,
				       IP6_EXPECT,
				       TCP_EXPECT,
				       {"ip6bytes", "20"},
				       {"ethernetprotocol", "34525"},
				       {"ip6nexthdr", "6"},
				       END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("11", "0048") UDP,
		     (struct expect[]){IP6_EXPECT, UDP_EXPECT, {"ip6nexthdr", "17"}, END});
	check_header(HEADER_ETHERNET, MACS "0800" IP4("84") "0bb8 0bb9 00000001 00000000",
		     (struct expect[]){{"sctpsourceport", "3000"},
				       {"sctpdestinationport", "3001"},
				       {"ipprotocol", "132"},
				       END});
	check_header(HEADER_ETHERNET, MACS "0800" IP4("01") "0b01 0000 00000000",
		     (struct expect[]){{"icmptype", "11"}, {"icmpcode", "1"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("3a", "0008") "8800 0000 00000000",
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
	check_header(HEADER_IP6, IP6_LEN("11", "0048") UDP,
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
		     MACS "88a8 2005 9100 4006 8100 6fff 86dd" IP6_LEN("06", "0014") TCP,
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
		IP6_LEN("00", "0068") "2b00000000000000 2c02000000000000 0000000000000000 "
				      "0000000000000000 "
				      "3300000100000000 3c01000000000000 00000000 8700000000000000 "
				      "0600000000000000" TCP,
		(struct expect[]){IP6_EXPECT, TCP_EXPECT, {"ip6nexthdr", "6"}, END});
	check_header(HEADER_IP6, IP6_LEN("2c", "0020") "0600000800000000" TCP,
		     (struct expect[]){{"ip6nexthdr", "6"}, {"tcpsourceport", "-"}, END});
	check_header(HEADER_IP6, IP6_LEN("3c", "0020") "3aff000000000000" TCP,
		     (struct expect[]){{"ip6nexthdr", "58"}, {"icmp6type", "-"}, END});
	check_header(HEADER_IP6, IP6_LEN("3b", "0000") TCP,
		     (struct expect[]){{"ip6nexthdr", "59"}, {"tcpsourceport", "-"}, END});
}

// What lies behind the IP packet is padding of the frame.
static void padding_is_no_field(void **state)
{
	check_header(
		HEADER_ETHERNET, MACS "0800 4500 0016 0000 0000 4006 0000 0a000001 0a000002" TCP,
		(struct expect[]){{"tcpsourceport", "54321"}, {"tcpdestinationport", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("11", "0002") UDP,
		     (struct expect[]){{"udpsourceport", "12345"}, {"udpbytes", "-"}, END});
	check_header(HEADER_ETHERNET,
		     MACS "0800 4500 001e 0000 0000 4006 0000 0a000001 0a000002" TCP,
		     (struct expect[]){{"tcpdestinationport", "443"}, {"tcpflags", "-"}, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("06", "000d") TCP,
		     (struct expect[]){{"tcpdestinationport", "443"}, {"tcpflags", "-"}, END});
	// segmentation offload leaves no length
	check_header(HEADER_ETHERNET,
		     MACS "0800 4500 0000 0000 0000 4006 0000 0a000001 0a000002" TCP,
		     (struct expect[]){TCP_EXPECT, END});
	check_header(HEADER_ETHERNET, MACS "86dd" IP6_LEN("06", "0000") TCP,
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
	sample_dissect(&p, &s, HEADER_ETHERNET, DISSECT_OUTER);
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

// ---- flow records

// A datagram that holds one record behind its tag and length; noted if it is one of ours.
static enum packet_record_result record(struct packet *p, struct sample *s, uint32_t tag,
					const char *hex)
{
	char tlv[4 * SAMPLE_ROOM];
	const uint32_t len = sample_of(hex).len;
	struct strbuf b = strbuf_of(tlv, sizeof(tlv));
	strbuf_fmt(&b, "%08x %08x %s ffffffff", tag, len, hex);
	*s = sample_of(tlv);
	packet_reset(p, s->data, SAMPLE_OFF + s->len);
	return packet_record(p, tag, SAMPLE_OFF + 8, len);
}

static void check_record(uint32_t tag, const char *hex, const struct expect *e)
{
	struct packet p;
	struct sample s;
	assert_int_equal(record(&p, &s, tag, hex), PACKET_RECORD_NOTED);
	for (; e->name != NULL; e++)
		if (strcmp(text_of(&p, e->name), e->text) != 0)
			fail_msg("%s: %s, expected %s", e->name, text_of(&p, e->name), e->text);
}

static void switch_and_router_records_are_read(void **state)
{
	check_record(1001, "0000000a 00000001 0000000b 00000002",
		     (struct expect[]){{"vlansource", "10"},
				       {"prioritysource", "1"},
				       {"vlansourcepriority", "1"},
				       {"vlandestination", "11"},
				       {"prioritydestination", "2"},
				       {"vlandestinationpriority", "2"},
				       {"vlansource.1", "-"},
				       END});
	check_record(1001, "ffffffff 00000001 0000000b ffffffff",
		     (struct expect[]){{"vlansource", "-"},
				       {"prioritysource", "1"},
				       {"vlansourcepriority", "1"},
				       {"vlandestination", "11"},
				       {"prioritydestination", "-"},
				       {"vlandestinationpriority", "-"},
				       END});
	check_record(1002, "00000001 c0000201 00000018 00000010",
		     (struct expect[]){{"ipnexthoprouter", "192.0.2.1"},
				       {"ip6nexthoprouter", "-"},
				       {"ipsourcemaskbits", "24"},
				       {"ipdestinationmaskbits", "16"},
				       END});
	check_record(1002, "00000002 20010db8000000000000000000000001 00000030 00000040",
		     (struct expect[]){{"ipnexthoprouter", "-"},
				       {"ip6nexthoprouter", "2001:DB8::1"},
				       {"ipsourcemaskbits", "48"},
				       {"ipdestinationmaskbits", "64"},
				       END});
	check_record(1002, "00000000 00000018 00000010",
		     (struct expect[]){{"ipnexthoprouter", "-"}, {"ipsourcemaskbits", "24"}, END});
}

static void gateway_records_are_read(void **state)
{
	// two segments, 64512 64513 {64514}; two communities; local preference 100
	check_record(1003,
		     "00000001 c0000201 0000fbf0 0000fbf1 0000fbf2 00000002 "
		     "00000002 00000002 0000fc00 0000fc01 00000001 00000001 0000fc02 "
		     "00000002 ffff029a fc000001 00000064",
		     (struct expect[]){{"bgpnexthop", "192.0.2.1"},
				       {"bgpnexthop6", "-"},
				       {"bgpas", "64496"},
				       {"bgpsourceas", "64497"},
				       {"bgpsourcepeeras", "64498"},
				       {"bgpdestinationpeeras", "64512"},
				       {"bgpdestinationas", "64514"},
				       {"bgpdestinationaspath", "64512-64513-64514"},
				       {"bgpcommunities", "65535:666-64512:1"},
				       {"bgplocalpref", "100"},
				       END});
	check_record(1003,
		     "00000002 20010db8000000000000000000000001 0000fbf0 0000fbf1 0000fbf2 "
		     "00000000 00000000 00000007",
		     (struct expect[]){{"bgpnexthop", "-"},
				       {"bgpnexthop6", "2001:DB8::1"},
				       {"bgpas", "64496"},
				       {"bgpdestinationas", "-"},
				       {"bgpdestinationaspath", "-"},
				       {"bgpcommunities", "-"},
				       {"bgplocalpref", "7"},
				       END});
	check_record(
		1003, "00000000 0000fbf0 0000fbf1 0000fbf2 00000000 00000000 00000007",
		(struct expect[]){
			{"bgpnexthop", "-"}, {"bgpsourceas", "64497"}, {"bgplocalpref", "7"}, END});
}

// Counts that do not fit, or wrap when multiplied, cost what lies behind them.
static void gateway_counts_are_bounded(void **state)
{
	static const char *const counts[] = {
		"40000001 00000002",          "ffffffff 00000002", "00000001 00000002 40000001",
		"00000001 00000002 ffffffff", "00000000 40000001", "00000000 80000000"};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		char hex[512];
		struct strbuf b = strbuf_of(hex, sizeof(hex));
		strbuf_fmt(&b, "00000001 c0000201 0000fbf0 0000fbf1 0000fbf2 %s 0000fc00",
			   counts[i]);
		check_record(1003, hex,
			     (struct expect[]){{"bgpas", "64496"},
					       {"bgpdestinationaspath", "-"},
					       {"bgpcommunities", "-"},
					       {"bgplocalpref", "-"},
					       END});
	}
}

static void tunnel_and_queue_records_are_read(void **state)
{
#define TUNNEL4 "00000064 00000011 0a000001 0a000002 00000035 00000036 00000000 00000000"
#define TUNNEL6                                                                                \
	"00000064 00000011 20010db8000000000000000000000001 20010db8000000000000000000000002 " \
	"00000035 00000036 00000000 00000000"
	check_record(1023, TUNNEL4,
		     (struct expect[]){{"outputipsource", "10.0.0.1"},
				       {"outputipdestination", "10.0.0.2"},
				       {"inputipsource", "-"},
				       END});
	check_record(1024, TUNNEL4,
		     (struct expect[]){{"inputipsource", "10.0.0.1"},
				       {"inputipdestination", "10.0.0.2"},
				       END});
	check_record(1025, TUNNEL6,
		     (struct expect[]){{"outputip6source", "2001:DB8::1"},
				       {"outputip6destination", "2001:DB8::2"},
				       END});
	check_record(1026, TUNNEL6,
		     (struct expect[]){{"inputip6source", "2001:DB8::1"},
				       {"inputip6destination", "2001:DB8::2"},
				       END});
	check_record(1029, "00001234",
		     (struct expect[]){{"outputvni", "4660"}, {"vni", "4660"}, END});
	check_record(1030, "00001234",
		     (struct expect[]){{"inputvni", "4660"}, {"vni", "4660"}, END});
	check_record(1030, "01000000",
		     (struct expect[]){{"inputvni", "16777216"}, {"vni", "-"}, END});
	check_record(1036, "00000007", (struct expect[]){{"queueindex", "7"}, END});
	check_record(1039, "000003e8", (struct expect[]){{"transitdelay", "1000"}, END});
	check_record(1040, "00010000", (struct expect[]){{"queuedepth", "65536"}, END});
}

static void host_records_are_read(void **state)
{
	check_record(2209,
		     "00000001 000005b4 000005b5 00000001 00000002 00000003 000005dc 00000fa0 "
		     "000001f4 0000000a 00000003 000003e8",
		     (struct expect[]){{"tcpmsssnd", "1460"},
				       {"tcpmssrcv", "1461"},
				       {"tcpunacked", "1"},
				       {"tcplost", "2"},
				       {"tcpretrans", "3"},
				       {"tcppmtu", "1500"},
				       {"tcprtt", "4000"},
				       {"tcprttsdev", "500"},
				       {"tcprttvar", "500"},
				       {"tcpcwndsnd", "10"},
				       {"tcpwindow", "10"},
				       {"tcpreorder", "3"},
				       {"tcprttmin", "1000"},
				       {"tcprttwait", "3000"},
				       END});
	check_record(2209,
		     "00000001 000005b4 000005b5 00000001 00000002 00000003 000005dc 00000fa0 "
		     "000001f4 0000000a 00000003 ffffffff",
		     (struct expect[]){{"tcprttwait", "-"}, END});
	check_record(2210, "00000003 00000069 00000000 00000007",
		     (struct expect[]){{"dssource", "3.105"}, {"dsdestination", "7"}, END});
}

static void application_records_are_read(void **state)
{
	// "/a?b" at "h", no other strings
	check_record(
		2206,
		"00000002 000003e9 00000004 2f613f62 00000001 68000000 00000000 00000000 "
		"00000000 00000000 00000000 0000000000000010 0000000000000020 00000063 000000c8",
		(struct expect[]){{"httpurl", "http://h/a?b"},
				  {"uripath", "/a"},
				  {"duration", "99"},
				  {"memcachekey", "-"},
				  END});
	// "http://p:8/a#x" asked of a proxy; "http://p" alone
	check_record(
		2206,
		"00000002 000003e9 0000000e 687474703a2f2f703a382f6123780000 00000001 68000000 "
		"00000000 00000000 00000000 00000000 00000000 0000000000000010 "
		"0000000000000020 00000063 000000c8",
		(struct expect[]){{"httpurl", "http://p:8/a#x"}, {"uripath", "/a"}, END});
	check_record(2206,
		     "00000002 000003e9 00000008 687474703a2f2f70 00000001 68000000 "
		     "00000000 00000000 00000000 00000000 00000000 0000000000000010 "
		     "0000000000000020 00000063 000000c8",
		     (struct expect[]){{"httpurl", "http://p"}, {"uripath", "-"}, END});
	check_record(2200,
		     "00000001 00000002 00000003 6b657900 00000001 00000010 00000063 00000008",
		     (struct expect[]){{"memcachekey", "key"},
				       {"memcachestatus", "NOT_FOUND"},
				       {"duration", "99"},
				       {"httpurl", "-"},
				       END});
	check_record(2202,
		     "00000001 61000000 00000000 00000000 00000002 6f6b0000 0000000000000010 "
		     "0000000000000020 00000063 00000000",
		     (struct expect[]){{"duration", "99"}, END});
	// a string longer than the record, and one whose padding would wrap
	check_record(
		2200, "00000001 00000002 00000100 6b657900 00000001 00000010 00000063 00000008",
		(struct expect[]){
			{"memcachekey", "-"}, {"memcachestatus", "-"}, {"duration", "-"}, END});
	check_record(2200,
		     "00000001 00000002 fffffffd 6b657900 00000001 00000010 00000063 00000008",
		     (struct expect[]){{"memcachekey", "-"}, {"duration", "-"}, END});
}

static void check_short(uint32_t tag, const char *hex)
{
	struct packet p;
	struct sample s;
	assert_int_equal(record(&p, &s, tag, hex), PACKET_RECORD_SHORT);
	for (unsigned i = LAYER_SWITCH; i < N_LAYERS; i++)
		assert_int_equal(p.first[i], 0);
}

static void records_must_be_whole(void **state)
{
	struct packet p;
	struct sample s;
	check_short(1001, "0000000a 00000001 0000000b 000000");
	check_short(1002, "00000001 c0000201 00000018 000000");
	check_short(1002, "00000003 c0000201 00000018 00000010");
	check_short(1002, "000000");
	check_short(1003, "00000001 c0000201 0000fbf0 0000fbf1 0000fb");
	check_short(2209, "00000001");
	assert_int_equal(record(&p, &s, 1, "00000001 00000001"), PACKET_RECORD_UNUSED);
	assert_int_equal(record(&p, &s, 4413 << 12 | 1036, "00000001"), PACKET_RECORD_UNUSED);
	// appended fields are allowed; the first record of a kind wins
	assert_int_equal(record(&p, &s, 1001, "0000000a 00000001 0000000b 00000002 0000000c"),
			 PACKET_RECORD_NOTED);
	assert_int_equal(packet_record(&p, 1001, SAMPLE_OFF + 12, 16), PACKET_RECORD_UNUSED);
	assert_string_equal(text_of(&p, "vlansource"), "10");
	record(&p, &s, 1002, "00000001 c0000201 00000018 00000010");
	assert_int_equal(packet_record(&p, 1002, SAMPLE_OFF + 8, 16), PACKET_RECORD_UNUSED);
}

static void reasons_are_named(void **state)
{
	const struct sample s = sample_of(MACS "0800");
	struct packet p;
	sample_dissect(&p, &s, HEADER_ETHERNET, DISSECT_OUTER);
	assert_string_equal(text_of(&p, "reason"), "-");
	packet_reason(&p, 257);
	assert_string_equal(text_of(&p, "reason"), "ttl_exceeded");
	packet_reason(&p, 0xfffffffe);
	assert_string_equal(text_of(&p, "reason"), "4294967294");
	packet_reset(&p, s.data, SAMPLE_ROOM);
	assert_string_equal(text_of(&p, "reason"), "-");
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
	check_parse(KIND_REASON, 32, "acl", "acl");
	check_parse(KIND_REASON, 32, "332", "dev_hdr");
	check_parse(KIND_REASON, 32, "33", "33");
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
		{KIND_REASON, 32, "acls", ERR_INVALID},
		{KIND_REASON, 32, "4294967296", ERR_RANGE},
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
		cmocka_unit_test(switch_and_router_records_are_read),
		cmocka_unit_test(gateway_records_are_read),
		cmocka_unit_test(gateway_counts_are_bounded),
		cmocka_unit_test(tunnel_and_queue_records_are_read),
		cmocka_unit_test(host_records_are_read),
		cmocka_unit_test(application_records_are_read),
		cmocka_unit_test(records_must_be_whole),
		cmocka_unit_test(reasons_are_named),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(values_are_parsed),
		cmocka_unit_test(bad_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
