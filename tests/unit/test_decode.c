// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "decode_datagram.h"
#include "decode_header.h"
#include "decode_line.h"
#include "sflow/encode.h"
#include "sflow/flow_sample.h"
#include "sflow/sflow.h"
#include "synth.h"

static const struct flow_sample some_flow = {
	.sequence = 9,
	.ds_index = 3,
	.sampling_rate = 1024,
	.sample_pool = 9216,
	.input = 3,
	.output = 0x40000102,
};

static struct encoder begin(uint8_t *data, size_t size)
{
	struct addr agent;
	assert_int_equal(addr_parse("192.0.2.1", &agent), 0);
	return encode_begin(data, size, &agent, 7, 42, 1000);
}

// What is printed for a datagram, without the members that come before datagramVersion; the caller
// frees it.
static char *decode(const uint8_t *data, size_t len, enum out_format format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	static struct decoder d;
	d = (struct decoder){.out = {.file = f, .format = format}};
	const struct arrival a = {.time = 1234567890123456789, .captured = true};
	decoder_datagram(&d, data, len, &a);
	fclose(f);
	char *start = strstr(text, format == OUT_TEXT ? "datagramVersion" : "\"datagramVersion");
	if (start != NULL)
		memmove(text, start, strlen(start) + 1);
	return text;
}

static void assert_decodes(const uint8_t *data, struct encoder *e, enum out_format format,
			   const char *want)
{
	const size_t len = encode_end(e);
	assert_true(len > 0);
	char *text = decode(data, len, format);
	assert_string_equal(text, want);
	free(text);
}

#define DATAGRAM                                                                        \
	"\"datagramVersion\":\"5\",\"agentSubId\":\"7\",\"agent\":\"192.0.2.1\","       \
	"\"packetSequenceNo\":\"42\",\"sysUpTime\":\"1000\",\"samplesInPacket\":\"1\"," \
	"\"samples\":["
#define FLOW_SAMPLE                                                                   \
	"{\"sampleType_tag\":\"0:1\",\"sampleType\":\"FLOWSAMPLE\","                  \
	"\"sampleSequenceNo\":\"9\",\"sourceId\":\"0:3\",\"meanSkipCount\":\"1024\"," \
	"\"samplePool\":\"9216\",\"dropEvents\":\"0\",\"inputPort\":\"3\","           \
	"\"outputPort\":\"dropCode 258\",\"elements\":["

static void json_is_one_line(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
	encode_extended_switch(&e, 1, 2, 3, 4);
	encode_record_bytes(&e, SFLOW_TAG(9999, 1), "12345", 5);
	encode_sample_end(&e);
	assert_decodes(data, &e, OUT_JSON,
		       DATAGRAM FLOW_SAMPLE
		       "{\"flowBlock_tag\":\"0:1001\",\"extendedType\":\"SWITCH\","
		       "\"in_vlan\":\"1\",\"in_priority\":\"2\",\"out_vlan\":\"3\","
		       "\"out_priority\":\"4\"},{\"flowBlock_tag\":\"9999:1\"}]}]}\n");
}

static void json_can_be_indented(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE,
			       &(struct counters_sample){.sequence = 1, .ds_index = 2});
	encode_port_name(&e, "eth0");
	encode_port_name(&e, "eth1");
	encode_sample_end(&e);
	assert_decodes(
		data, &e, OUT_JSON_INDENTED,
		"\"datagramVersion\":\"5\",\n \"agentSubId\":\"7\",\n \"agent\":\"192.0.2.1\","
		"\n \"packetSequenceNo\":\"42\",\n \"sysUpTime\":\"1000\","
		"\n \"samplesInPacket\":\"1\",\n \"samples\":[{"
		"\n   \"sampleType_tag\":\"0:2\",\n   \"sampleType\":\"COUNTERSSAMPLE\","
		"\n   \"sampleSequenceNo\":\"1\",\n   \"sourceId\":\"0:2\","
		"\n   \"elements\":[{"
		"\n     \"counterBlock_tag\":\"0:1005\",\n     \"ifName\":\"eth0\"\n    },"
		"\n    {\n     \"counterBlock_tag\":\"0:1005\",\n     \"ifName\":\"eth1\""
		"\n    }\n   ]\n  }\n ]\n}\n\n");
}

static void text_is_a_line_for_each_field(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	struct flow_sample fs = some_flow;
	fs.reason = 366;
	encode_flow_sample(&e, SFLOW_DISCARDED_PACKET, &fs);
	encode_record(&e, SFLOW_TAG(0, 1038));
	encode_string(&e, "tcp_v4_rcv");
	encode_record_end(&e);
	encode_sample_end(&e);
	assert_decodes(data, &e, OUT_TEXT,
		       "datagramVersion 5\nagentSubId 7\nagent 192.0.2.1\npacketSequenceNo 42\n"
		       "sysUpTime 1000\nsamplesInPacket 1\nstartSample ----------------------\n"
		       "sampleType_tag 0:5\nsampleType DISCARD\nsampleSequenceNo 9\nsourceId 0:3\n"
		       "dropEvents 0\ninputPort 3\noutputPort 258\ndiscardCode 366\n"
		       "discardReason tc_egress\ndiscarded_flowBlock_tag 0:1038\n"
		       "discarded_extendedType function\ndiscarded_symbol tcp_v4_rcv\n"
		       "endSample   ----------------------\n"
		       "endDatagram   =================================\n");
}

// What an agent puts into a name must neither break the JSON nor the terminal.
static void hostile_strings_are_escaped(void **state)
{
	static const struct {
		const char *in, *json, *text;
		uint32_t len;
	} cases[] = {
		{"a\"b\\c", "a\\\"b\\\\c", "a\"b\\c", 5},
		{"a\nb\x1b[31m", "a\\u000ab\\u001b[31m", "a\\x0ab\\x1b[31m", 8},
		{"a\0b", "a\\u0000b", "a\\x00b", 3},
		{"caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9", 5},
		{"\xe9t\xe9", "\\u00e9t\\u00e9", "\xe9t\xe9", 3},
		{"\xc0\x80", "\\u00c0\\u0080", "\xc0\x80", 2},                // too long a form
		{"\xed\xa0\x80", "\\u00ed\\u00a0\\u0080", "\xed\xa0\x80", 3}, // surrogate
		{"\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080", "\xf4\x90\x80\x80", 4},
		{"\xf0\x9f\x8c\x8a", "\xf0\x9f\x8c\x8a", "\xf0\x9f\x8c\x8a", 4},
		{"ab\xe2\x82", "ab\\u00e2\\u0082", "ab\xe2\x82", 4}, // cut
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int format = OUT_TEXT; format <= OUT_JSON; format++) {
			uint8_t data[256];
			char want[128];
			struct encoder e = begin(data, sizeof(data));
			encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE,
					       &(struct counters_sample){0});
			encode_record(&e, SFLOW_PORT_NAME);
			encode_opaque(&e, cases[i].in, cases[i].len);
			encode_record_end(&e);
			encode_sample_end(&e);
			char *text = decode(data, encode_end(&e), format);
			if (format == OUT_TEXT)
				snprintf(want, sizeof(want), "ifName %s\n", cases[i].text);
			else
				snprintf(want, sizeof(want), "\"ifName\":\"%s\"}", cases[i].json);
			if (strstr(text, want) == NULL)
				fail_msg("%s is not in %s", want, text);
			free(text);
		}
	}
}

static void damage_costs_only_what_is_damaged(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
	encode_record_bytes(&e, SFLOW_EXTENDED_ROUTER, "short", 5);
	encode_record(&e, SFLOW_TAG(0, 1036));
	encode_u32(&e, 6);
	encode_record_end(&e);
	const size_t overrun = e.len + 4;
	encode_record_bytes(&e, SFLOW_TAG(0, 1029), "1234", 4);
	encode_sample_end(&e);
	encode_sample(&e, SFLOW_FLOW_SAMPLE);
	encode_u32(&e, 1);
	encode_sample_end(&e);
	encode_sample(&e, SFLOW_TAG(0, 99));
	encode_sample_end(&e);
	const size_t len = encode_end(&e);
	store_be32(data + overrun, 5);
	store_be32(data + 24, 4); // one more than there are
	char *text = decode(data, len, OUT_JSON);
	const char *samples = strstr(text, "\"elements\"");
	assert_string_equal(
		samples,
		"\"elements\":[{\"flowBlock_tag\":\"0:1002\",\"decodeError\":\"a record ends "
		"inside "
		"its fixed part\"},{\"flowBlock_tag\":\"0:1036\",\"extendedType\":\"egress_queue\","
		"\"egress_queue_id\":\"6\"},{\"flowBlock_tag\":\"0:1029\",\"decodeError\":\"a "
		"record "
		"is longer than what is left of its sample\"}]},{\"sampleType_tag\":\"0:1\","
		"\"sampleType\":\"FLOWSAMPLE\",\"decodeError\":\"a sample ends inside its fixed "
		"part\"},{\"sampleType_tag\":\"0:99\"}],\"decodeError\":\"fewer samples or records "
		"than their count says\"}\n");
	free(text);
}

static void foreign_datagrams_are_named(void **state)
{
	const uint8_t netflow[24] = {0, 5, 0, 1};
	char *text = decode(netflow, sizeof(netflow), OUT_JSON);
	assert_string_equal(text,
			    "\"datagramVersion\":\"327681\",\"decodeError\":\"not a version of "
			    "sFlow\"}\n");
	free(text);
	text = decode(netflow, 0, OUT_JSON);
	assert_non_null(strstr(text,
			       "\"pcapTimestamp_uS\":\"123456\",\"decodeError\":\"the datagram "
			       "ends inside its header\"}\n"));
	free(text);
}

static void wrapped_samples_follow_their_wrapper(void **state)
{
	uint8_t data[256];
	struct encoder e = begin(data, sizeof(data));
	encode_sample(&e, SFLOW_ACL_PREFIX);
	encode_u64(&e, 0x100000002);
	struct encoder inner = e; // samples do not nest in the encoder
	inner.sample_at = 0;
	encode_counters_sample(&inner, SFLOW_COUNTERS_SAMPLE, &(struct counters_sample){0});
	encode_sample_end(&inner);
	e.len = inner.len;
	encode_sample_end(&e);
	assert_decodes(data, &e, OUT_JSON,
		       DATAGRAM "{\"sampleType_tag\":\"1991:1\",\"sampleType\":\"ACL_PREFIX\","
				"\"acl_flags\":\"1\",\"acl_id\":\"2\"},"
				"{\"sampleType_tag\":\"0:2\",\"sampleType\":\"COUNTERSSAMPLE\","
				"\"sampleSequenceNo\":\"0\",\"sourceId\":\"0:0\",\"elements\":[]}]"
				"}\n");
}

static void lists_nest(void **state)
{
	uint8_t data[256];
	struct encoder e = begin(data, sizeof(data));
	encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE, &(struct counters_sample){0});
	encode_record(&e, SFLOW_TAG(0, 2001));
	encode_u32(&e, 2);
	encode_u64(&e, 3ull << 32 | 1);
	encode_u64(&e, 0x0011223344550000);
	encode_u64(&e, 4ull << 32);
	encode_record_end(&e);
	encode_record(&e, SFLOW_TAG(0, 10));
	for (int i = 0; i < 5; i++)
		encode_u32(&e, 0);
	encode_record_end(&e);
	encode_sample_end(&e);
	const size_t len = encode_end(&e);
	char *text = decode(data, len, OUT_JSON);
	assert_non_null(strstr(text, "\"adaptor_list\":[{\"ifIndex\":\"3\",\"MACs\":\"1\","
				     "\"mac_list\":[\"001122334455\"]},{\"ifIndex\":\"4\","
				     "\"MACs\":\"0\",\"mac_list\":[]}]}"));
	assert_non_null(strstr(text, "\"sfp_module_active_lanes\":\"0\",\"sfp_lanes\":[]}"));
	free(text);
	text = decode(data, len, OUT_TEXT);
	assert_non_null(strstr(text, "\nadaptor_0_ifIndex 3\nadaptor_0_MACs 1\nadaptor_0_MAC_0 "
				     "001122334455\nadaptor_1_ifIndex 4\nadaptor_1_MACs 0\n"));
	free(text);
}

// Version 2: no sub-agent, no tags of records, a path without segments.
static void old_versions_are_printed(void **state)
{
	static const uint32_t words[] = {
		2, ADDR_IP4, 0xc0000201, 42,   1000,       2,                   // header
		1, 9,        3,          1024, 9216,       0,  3,   0x80000000, // flow sample
		1, 11,       60,         4,    0x45000000,                      // packet
		1, 3,        100,        200,  300,        2,  400, 500,        // gateway
		2, 5,        3,          30,   7,          10, 0,   1000,
		1, 2,        3,          4, // counters sample, VLAN
	};
	uint8_t data[sizeof(words)];
	for (size_t i = 0; i < sizeof(words) / 4; i++)
		store_be32(data + i * 4, words[i]);
	char *text = decode(data, sizeof(data), OUT_JSON);
	assert_string_equal(
		text,
		"\"datagramVersion\":\"2\",\"agent\":\"192.0.2.1\",\"packetSequenceNo\":\"42\","
		"\"sysUpTime\":\"1000\",\"samplesInPacket\":\"2\",\"samples\":[{\"sampleType_tag\":"
		"\"0:1\",\"sampleType\":\"FLOWSAMPLE\",\"sampleSequenceNo\":\"9\",\"sourceId\":\"0:"
		"3\""
		",\"meanSkipCount\":\"1024\",\"samplePool\":\"9216\",\"dropEvents\":\"0\","
		"\"inputPort\":\"3\",\"outputPort\":\"multiple >1\",\"elements\":["
		"{\"flowSampleType\":\"HEADER\",\"headerProtocol\":\"11\",\"sampledPacketSize\":"
		"\"60\","
		"\"headerLen\":\"4\",\"headerBytes\":\"45-00-00-00\",\"IPSize\":\"60\"},"
		"{\"extendedType\":\"GATEWAY\",\"my_as\":\"100\",\"src_as\":\"200\",\"src_peer_"
		"as\":"
		"\"300\",\"dst_as\":\"500\",\"dst_peer_as\":\"400\",\"dst_as_path_len\":\"2\","
		"\"dst_as_path\":\"400-500\"}]},{\"sampleType_tag\":\"0:2\",\"sampleType\":"
		"\"COUNTERSSAMPLE\",\"sampleSequenceNo\":\"5\",\"sourceId\":\"0:3\","
		"\"statsSamplingInterval\":\"30\",\"counterBlockVersion\":\"7\",\"elements\":["
		"{\"in_vlan\":\"10\",\"octets\":\"1000\",\"ucastPkts\":\"1\",\"multicastPkts\":"
		"\"2\","
		"\"broadcastPkts\":\"3\",\"discards\":\"4\"}]}]}\n");
	free(text);
}

static char *lines(const uint8_t *data, size_t len)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	static struct decoder d;
	d = (struct decoder){
		.out = {.file = f, .format = OUT_NONE}, .sample = line_sample, .ctx = f};
	decoder_datagram(&d, data, len, &(struct arrival){.captured = true});
	fclose(f);
	return text;
}

// Ethernet, 802.1Q, IPv4, TCP.
static const uint8_t tcp_frame[] = {
	0x00, 0x1b, 0x21, 0x3c, 0x9d, 0xf8, 0x00, 0x24, 0x81, 0xdf, 0x14, 0x7e, 0x81, 0x00, 0x60,
	0x64, 0x08, 0x00, 0x45, 0x08, 0x00, 0x34, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00,
	0xc0, 0x00, 0x02, 0x0a, 0xc6, 0x33, 0x64, 0x14, 0xc3, 0x50, 0x01, 0xbb, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x02, 0x80, 0x18, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
};

// The raw header wins over sampled_ipv4 in either order; VLANs of the switch over those of the tag.
static void lines_say_what_sflowtool_says(void **state)
{
	const struct sampled_ip other = {.length = 40,
					 .protocol = 17,
					 .src = addr_ip4((uint8_t[]){10, 0, 0, 1}),
					 .dst = addr_ip4((uint8_t[]){10, 0, 0, 2})};
	for (int header_first = 0; header_first < 2; header_first++) {
		uint8_t data[512];
		struct encoder e = begin(data, sizeof(data));
		encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
		if (header_first)
			encode_sampled_header(&e, 1, 1518, 4, tcp_frame, sizeof(tcp_frame));
		encode_sampled_ip(&e, &other);
		encode_extended_switch(&e, 10, 0, 20, 0);
		if (!header_first)
			encode_sampled_header(&e, 1, 1518, 4, tcp_frame, sizeof(tcp_frame));
		encode_sample_end(&e);
		encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE, &(struct counters_sample){0});
		encode_if_counters(&e, &(struct if_counters){.if_index = 3,
							     .if_type = 6,
							     .if_speed = 10000000000,
							     .in_octets = 1ull << 40,
							     .promiscuous_mode = 2});
		encode_sample_end(&e);
		char *text = lines(data, encode_end(&e));
		assert_string_equal(
			text,
			"FLOW,192.0.2.1,3,258,002481df147e,001b213c9df8,0x0800,10,20,"
			"192.0.2.10,198.51.100.20,6,0x08,64,50000,443,0x18,1518,1496,1024\n"
			"CNTR,192.0.2.1,3,6,10000000000,0,0,1099511627776,0,0,0,0,0,0,0,0,0,0,"
			"0,0,2\n");
		free(text);
	}
}

// Print a header that is cut to len; exact memory, so that a sanitizer sees one byte too many.
static char *header_text(const uint8_t *frame, uint32_t len, uint32_t protocol)
{
	char *text = NULL;
	size_t size = 0;
	uint8_t *exact = malloc(len + 1);
	memcpy(exact, frame, len);
	struct flow flow = {.header = exact,
			    .header_len = len,
			    .header_protocol = protocol,
			    .packet_size = 1518,
			    .stripped = 4};
	struct out o = {.file = open_memstream(&text, &size)};
	header_print(&o, &flow);
	fclose(o.file);
	free(exact);
	return text;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (; *text != '\0'; text = strchr(text, '\n') + 1)
		if (strncmp(text, line, len) == 0 && text[len] == '\n')
			return true;
	return false;
}

// Whatever is printed of a cut header is printed of the whole one, and all of that one is printed.
static void assert_cuts(const uint8_t *frame, uint32_t len, uint32_t protocol, const char *last)
{
	char *whole = header_text(frame, len, protocol);
	assert_non_null(strstr(whole, last));
	for (uint32_t cut = 0; cut < len; cut++) {
		char *text = header_text(frame, cut, protocol);
		for (const char *line = text; *line != '\0';) {
			const size_t n = (size_t)(strchr(line, '\n') - line);
			if (!has_line(whole, line, n))
				fail_msg("cut at %u: %.*s", cut, (int)n, line);
			line += n + 1;
		}
		free(text);
	}
	free(whole);
}

static void cut_headers_give_what_is_whole(void **state)
{
	assert_cuts(tcp_frame, sizeof(tcp_frame), HEADER_ETHERNET, "TCPFlags 24\n");
	assert_cuts(tcp_frame + 18, sizeof(tcp_frame) - 18, HEADER_IP4, "TCPFlags 24\n");

	// IPv6: hop-by-hop, authentication, fragment (the first), destination options, UDP.
	uint8_t ip6[40 + 8 + 12 + 8 + 8 + 8] = {0x6a, 0xb1, 0x23, 0x45, 0, 44, 0, 64};
	ip6[40] = 51;
	ip6[48] = 44;
	ip6[49] = 1;
	ip6[60] = 60;
	ip6[68] = 17;
	store_be16(ip6 + 76, 5353);
	store_be16(ip6 + 78, 53);
	store_be16(ip6 + 80, 20);
	assert_cuts(ip6, sizeof(ip6), HEADER_IP6, "UDPBytes 20\n");
	char *text = header_text(ip6, sizeof(ip6), HEADER_IP6);
	assert_non_null(strstr(text, "IPTOS 171\nIP6_label 0x12345\nIPV6_payloadLen 44\n"));
	free(text);
	store_be16(ip6 + 62, 8 << 3); // not the first fragment: no ports
	text = header_text(ip6, sizeof(ip6), HEADER_IP6);
	assert_null(strstr(text, "UDP"));
	assert_non_null(strstr(text, "IPProtocol 60\n"));
	free(text);

	// 802.11 between two access points: four addresses.
	uint8_t wifi[30] = {0x08, 0x03};
	for (uint8_t i = 0; i < 6; i++)
		wifi[24 + i] = (uint8_t)(i + 1);
	assert_cuts(wifi, sizeof(wifi), HEADER_80211, "srcMAC 010203040506\n");
}

static void link_layers_are_stepped_over(void **state)
{
	uint8_t frame[64] = {0};
	store_be16(frame + 12, 46); // IEEE 802.3, SNAP, IPv6
	memcpy(frame + 14, "\xaa\xaa\x03\0\0\0\x86\xdd\x60", 9);
	char *text = header_text(frame, 62, HEADER_ETHERNET);
	assert_non_null(strstr(text, "ethernet_type 34525\nIPSize 1492\n"));
	free(text);
	memcpy(frame + 14, "\xaa\xaa\x03\0\0\x0c\x20\0", 8); // Cisco
	text = header_text(frame, 62, HEADER_ETHERNET);
	assert_non_null(strstr(text, "VSNAP_OUI 00-00-0C\n"));
	assert_null(strstr(text, "ethernet_type"));
	free(text);
	for (size_t at = 12; at < 60; at += 4) // tags to the end
		store_be32(frame + at, 0x88a80001);
	text = header_text(frame, 64, HEADER_ETHERNET);
	assert_non_null(strstr(text, "decodedVLAN 1\ndecodedPriority 0\ndecodedVLAN.1 1\n"));
	assert_non_null(strstr(text, "decodedVLAN.11 1\n"));
	free(text);
}

// Any layout, printed in any format.
static void every_record_is_printed(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++) {
		if (l[i].kind != RECORD_FLOW && l[i].kind != RECORD_COUNTERS)
			continue;
		uint8_t data[2048];
		struct encoder e = begin(data, sizeof(data));
		if (l[i].kind == RECORD_FLOW)
			encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
		else
			encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE,
					       &(struct counters_sample){0});
		encode_record(&e, l[i].tag);
		synth_body(&e, &l[i], 100, 3, true);
		encode_record_end(&e);
		encode_sample_end(&e);
		const size_t len = encode_end(&e);
		for (int format = OUT_TEXT; format <= OUT_NONE; format++) {
			char *text = decode(data, len, format);
			assert_null(strstr(text, "decodeError"));
			free(text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_one_line),
		cmocka_unit_test(json_can_be_indented),
		cmocka_unit_test(text_is_a_line_for_each_field),
		cmocka_unit_test(hostile_strings_are_escaped),
		cmocka_unit_test(damage_costs_only_what_is_damaged),
		cmocka_unit_test(foreign_datagrams_are_named),
		cmocka_unit_test(wrapped_samples_follow_their_wrapper),
		cmocka_unit_test(lists_nest),
		cmocka_unit_test(old_versions_are_printed),
		cmocka_unit_test(lines_say_what_sflowtool_says),
		cmocka_unit_test(cut_headers_give_what_is_whole),
		cmocka_unit_test(link_layers_are_stepped_over),
		cmocka_unit_test(every_record_is_printed),
	};
	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
