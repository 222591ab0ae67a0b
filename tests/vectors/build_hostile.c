// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Vectors of what is broken, absurd or made to harm: each is something that decoders are publicly
// known to have failed at, or that real agents send against the rules.
#include "base/cursor.h"
#include "building.h"
#include "sflow/sflow.h"

// The raw header of a plain frame, whose record then says that it holds @p len bytes of header.
static void put_lying_header(struct building *b, uint32_t len)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	const size_t record = b->e.len;
	put_header(b, &f);
	store_be32(b->e.data + record + 8 + 12, len);
	encode_sample_end(&b->e);
}

static void build_header_too_long(struct building *b)
{
	put_lying_header(b, 1000);
}

static void build_header_huge(struct building *b)
{
	put_lying_header(b, UINT32_MAX);
}

static void build_header_empty(struct building *b)
{
	begin_sample(b, 1);
	encode_sampled_header(&b->e, 1, FRAME_LENGTH, 4, NULL, 0);
	encode_sample_end(&b->e);
}

static void build_header_lies(struct building *b)
{
	struct frame f = plain_frame();
	frame_fill(&f, HEADER_LENGTH);
	begin_sample(b, 1);
	encode_sampled_header(&b->e, 11, FRAME_LENGTH, 4, f.data, f.len);
	encode_sample_end(&b->e);
}

static void build_header_unknown(struct building *b)
{
	struct frame f = plain_frame();
	frame_fill(&f, HEADER_LENGTH);
	begin_sample(b, 1);
	encode_sampled_header(&b->e, 4711, FRAME_LENGTH, 4, f.data, f.len);
	encode_sample_end(&b->e);
}

static void build_two_headers(struct building *b)
{
	struct frame first = plain_frame(), second = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&second, 0x0800);
	frame_ip4(&second, 17, "203.0.113.1", "203.0.113.2");
	frame_udp(&second, 53, 53);
	begin_sample(b, 1);
	put_header(b, &first);
	put_header(b, &second);
	encode_sample_end(&b->e);
}

static void build_record_odd(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	encode_record_bytes(&b->e, SFLOW_TAG(4242, 7), "12345", 5);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_record_empty(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	encode_record_bytes(&b->e, SFLOW_EXTENDED_SWITCH, NULL, 0);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_record_huge(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	put_header(b, &f);
	const size_t record = b->e.len;
	encode_extended_switch(&b->e, 10, 0, 20, 0);
	encode_sample_end(&b->e);
	store_be32(b->e.data + record + 4, UINT32_MAX);
}

static void build_samples_empty(struct building *b)
{
	struct frame f = plain_frame();
	for (int i = 0; i < 40; i++) {
		encode_sample(&b->e, b->tag);
		encode_sample_end(&b->e);
	}
	put_sample(b, &f);
}

static void build_rate_absurd(struct building *b)
{
	struct frame f = plain_frame();
	struct flow_sample fs = sample_of(1);
	fs.sampling_rate = UINT32_MAX;
	encode_flow_sample(&b->e, b->tag, &fs);
	frame_fill(&f, HEADER_LENGTH);
	encode_sampled_header(&b->e, 1, UINT32_MAX, 4, f.data, f.len);
	encode_sample_end(&b->e);
}

static void build_stripped_absurd(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	frame_fill(&f, HEADER_LENGTH);
	encode_sampled_header(&b->e, 1, 64, 1458, f.data, f.len);
	encode_sample_end(&b->e);
}

static void build_reason_unknown(struct building *b)
{
	struct frame f = plain_frame();
	struct flow_sample fs = sample_of(1);
	fs.output = 0;
	fs.reason = 987654321;
	encode_flow_sample(&b->e, SFLOW_DISCARDED_PACKET, &fs);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_vlans_deep(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x8100);
	for (uint16_t i = 1; i <= 28; i++)
		frame_tag(&f, i, i < 28 ? 0x8100 : 0x0800);
	put_sample(b, &f);
}

static void build_mpls_endless(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x8847);
	for (uint32_t i = 0; i < 28; i++)
		frame_mpls(&f, 16 + i, 0);
	put_sample(b, &f);
}

static void build_ip6_option_long(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x86dd);
	frame_ip6(&f, 0, "2001:db8::1", "2001:db8::2");
	frame_u32(&f, 0x00ff0000); // hop-by-hop again, 2048 bytes on
	put_sample(b, &f);
}

static void build_ip4_no_length(struct building *b)
{
	struct frame f = plain_frame();
	f.data[14] = 0x40;
	put_sample(b, &f);
}

static void build_ip4_options(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x0800);
	frame_ip4(&f, 6, "192.0.2.1", "198.51.100.2");
	f.data[14] = 0x4f;
	for (int i = 0; i < 40; i++)
		frame_put(&f, "\1", 1); // no operation
	frame_tcp(&f, 49152, 443);
	put_sample(b, &f);
}

static void put_gateway(struct building *b, uint32_t n_segments, uint32_t n_communities)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	encode_record(&b->e, SFLOW_EXTENDED_GATEWAY);
	const uint32_t words[] = {ADDR_IP4, 0xcb007101, 64496, 64497, 64498};
	for (int i = 0; i < 5; i++)
		encode_u32(&b->e, words[i]);
	encode_u32(&b->e, n_segments);
	const uint32_t path[] = {2, 2, 64500, 64501, 1, 1, 64502}; // a sequence and a set
	for (int i = 0; i < 7; i++)
		encode_u32(&b->e, path[i]);
	encode_u32(&b->e, n_communities);
	encode_u32(&b->e, 0xfbf00064);
	encode_u32(&b->e, 150);
	encode_record_end(&b->e);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_as_path(struct building *b)
{
	put_gateway(b, 2, 1);
}

static void build_as_path_huge(struct building *b)
{
	put_gateway(b, UINT32_MAX, 1);
}

static void build_communities_huge(struct building *b)
{
	put_gateway(b, 2, UINT32_MAX);
}

// A next hop of type 0, first as the specification says, then with four bytes of filler.
static void build_next_hop_unknown(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	for (int filler = 0; filler < 2; filler++) {
		encode_record(&b->e, SFLOW_EXTENDED_ROUTER);
		for (int i = 0; i <= filler; i++)
			encode_u32(&b->e, 0);
		encode_u32(&b->e, 24);
		encode_u32(&b->e, 16);
		encode_record_end(&b->e);
	}
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_string_huge(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	encode_record(&b->e, SFLOW_TAG(0, 1038));
	encode_u32(&b->e, UINT32_MAX - 2); // rounded up it would be 0
	encode_u32(&b->e, 0x66756e63);
	encode_record_end(&b->e);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_adapters_huge(struct building *b)
{
	const uint32_t tag = b->tag == SFLOW_FLOW_SAMPLE ? SFLOW_COUNTERS_SAMPLE
							 : SFLOW_COUNTERS_SAMPLE_EXPANDED;
	encode_counters_sample(&b->e, tag, &(struct counters_sample){.sequence = 1, .ds_index = 1});
	encode_record(&b->e, SFLOW_TAG(0, 2001));
	encode_u32(&b->e, 0x10000000);
	encode_u32(&b->e, 2);
	encode_u32(&b->e, 0x20000000);
	encode_record_end(&b->e);
	encode_port_name(&b->e, "eth0");
	encode_sample_end(&b->e);
}

const struct recipe hostile_recipes[] = {
	{"header_too_long", "a header says it is longer than its record: cut",
	 build_header_too_long},
	{"header_huge", "the same, 2^32-1 bytes", build_header_huge},
	{"header_empty", "a header of no bytes", build_header_empty},
	{"header_lies", "header_protocol 11, and an Ethernet frame", build_header_lies},
	{"header_unknown", "a header_protocol that nobody knows", build_header_unknown},
	{"two_headers", "two raw headers: the first counts", build_two_headers},
	{"record_odd", "an unknown record of five bytes, padded to eight", build_record_odd},
	{"record_empty", "a record of a known type without a body", build_record_empty},
	{"record_huge", "a record of 2^32-1 bytes: the sample keeps what is before it",
	 build_record_huge},
	{"samples_empty", "forty samples without a body before a flow sample", build_samples_empty},
	{"rate_absurd", "rate and length 2^32-1: kept, and flagged", build_rate_absurd},
	{"stripped_absurd", "more bytes stripped than the frame has", build_stripped_absurd},
	{"reason_unknown", "a drop reason without a name", build_reason_unknown, true},
	{"vlans_deep", "28 VLAN tags", build_vlans_deep},
	{"mpls_endless", "28 MPLS labels, none of them the last", build_mpls_endless},
	{"ip6_option_long", "a hop-by-hop header of 2048 bytes that names itself as the next",
	 build_ip6_option_long},
	{"ip4_no_length", "an IPv4 header that says it has no length", build_ip4_no_length},
	{"ip4_options", "an IPv4 header of 60 bytes", build_ip4_options},
	{"as_path", "an AS path of two segments", build_as_path},
	{"as_path_huge", "an AS path of 2^32-1 segments, as it says", build_as_path_huge},
	{"communities_huge", "2^32-1 communities, as it says", build_communities_huge},
	{"next_hop_unknown", "a next hop of type 0, without and with filler",
	 build_next_hop_unknown},
	{"string_huge", "a string of 2^32-3 bytes, as it says", build_string_huge},
	{"adapters_huge", "2^28 adapters with 2^29 addresses, as it says", build_adapters_huge},
};

const size_t n_hostile_recipes = sizeof(hostile_recipes) / sizeof(hostile_recipes[0]);
