// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "building.h"
#include "sflow/sflow.h"
#include "vectors.h"

struct flow_sample sample_of(uint32_t sequence)
{
	return (struct flow_sample){.sequence = sequence,
				    .ds_index = 3,
				    .sampling_rate = 1000,
				    .sample_pool = sequence * 1000,
				    .input = 3,
				    .output = 4};
}

void begin_sample(struct building *b, uint32_t sequence)
{
	const struct flow_sample fs = sample_of(sequence);
	encode_flow_sample(&b->e, b->tag, &fs);
}

void put_header(struct building *b, struct frame *f)
{
	frame_fill(f, HEADER_LENGTH);
	encode_sampled_header(&b->e, 1, FRAME_LENGTH, 4, f->data, f->len);
}

static void put_switch(struct building *b)
{
	encode_extended_switch(&b->e, 10, 0, 20, 0);
}

void put_sample(struct building *b, struct frame *f)
{
	begin_sample(b, 1);
	put_header(b, f);
	put_switch(b);
	encode_sample_end(&b->e);
}

static void tcp4(struct frame *f)
{
	frame_ip4(f, 6, "192.0.2.1", "198.51.100.2");
	frame_tcp(f, 49152, 443);
}

static void tcp6(struct frame *f)
{
	frame_ip6(f, 6, "2001:db8::1", "2001:db8::2");
	frame_tcp(f, 49152, 443);
}

struct frame plain_frame(void)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x0800);
	tcp4(&f);
	return f;
}

static void build_plain(struct building *b)
{
	struct frame f = plain_frame();
	put_sample(b, &f);
}

static void put_qinq(struct building *b, uint16_t outer)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, outer);
	frame_tag(&f, 0x6064, 0x8100); // priority 3, VLAN 100
	frame_tag(&f, 0x00c8, 0x0800); // VLAN 200
	tcp4(&f);
	put_sample(b, &f);
}

static void build_qinq(struct building *b)
{
	put_qinq(b, 0x88a8);
}

static void build_qinq_9100(struct building *b)
{
	put_qinq(b, 0x9100);
}

static struct frame mpls_frame(void)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x8847);
	frame_mpls(&f, 16, 0);
	frame_mpls(&f, 1000, 1);
	return f;
}

static void build_mpls_ip4(struct building *b)
{
	struct frame f = mpls_frame();
	tcp4(&f);
	put_sample(b, &f);
}

static void build_mpls_ip6(struct building *b)
{
	struct frame f = mpls_frame();
	tcp6(&f);
	put_sample(b, &f);
}

static struct frame gre_frame(uint16_t type)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x0800);
	frame_ip4(&f, 47, "203.0.113.1", "203.0.113.2");
	frame_gre(&f, type);
	return f;
}

static void build_gre_ip4(struct building *b)
{
	struct frame f = gre_frame(0x0800);
	tcp4(&f);
	put_sample(b, &f);
}

static void build_gre_ip6(struct building *b)
{
	struct frame f = gre_frame(0x86dd);
	tcp6(&f);
	put_sample(b, &f);
}

static void build_vxlan(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x0800);
	frame_ip4(&f, 17, "203.0.113.1", "203.0.113.2");
	frame_udp(&f, 50000, 4789);
	frame_vxlan(&f, 123456);
	frame_ethernet(&f, 0x0800);
	tcp4(&f);
	put_sample(b, &f);
}

static struct frame ip6_frame(uint8_t next)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x86dd);
	frame_ip6(&f, next, "2001:db8::1", "2001:db8::2");
	return f;
}

static void build_ip6_destination(struct building *b)
{
	struct frame f = ip6_frame(60);
	frame_ip6_options(&f, 6);
	frame_tcp(&f, 49152, 443);
	put_sample(b, &f);
}

static void build_ip6_hop_by_hop(struct building *b)
{
	struct frame f = ip6_frame(0);
	frame_ip6_options(&f, 17);
	frame_udp(&f, 49152, 514);
	put_sample(b, &f);
}

static void build_ip6_fragment(struct building *b)
{
	struct frame f = ip6_frame(44);
	frame_ip6_fragment(&f, 17, 0, 1);
	frame_udp(&f, 49152, 514);
	put_sample(b, &f);
}

static void build_ip6_later_fragment(struct building *b)
{
	struct frame f = ip6_frame(44);
	frame_ip6_fragment(&f, 17, 181, 0);
	frame_udp(&f, 49152, 514); // in truth the middle of the payload
	put_sample(b, &f);
}

static void build_pppoe(struct building *b)
{
	struct frame f = frame_of(FRAME_LENGTH - 4);
	frame_ethernet(&f, 0x8864);
	frame_pppoe(&f, 7, 0x0021);
	tcp4(&f);
	put_sample(b, &f);
}

static void build_header_ip4(struct building *b)
{
	struct frame f = frame_of(1500);
	tcp4(&f);
	frame_fill(&f, HEADER_LENGTH);
	begin_sample(b, 1);
	encode_sampled_header(&b->e, 11, 1500, 0, f.data, f.len);
	encode_sample_end(&b->e);
}

static void build_after_discard(struct building *b)
{
	struct frame dropped = plain_frame();
	struct flow_sample fs = sample_of(1);
	fs.output = 0;
	fs.reason = 258;
	encode_flow_sample(&b->e, SFLOW_DISCARDED_PACKET, &fs);
	put_header(b, &dropped);
	encode_sample_end(&b->e);
	build_plain(b);
}

static void build_after_unknown(struct building *b)
{
	encode_sample(&b->e, SFLOW_TAG(0, 6));
	encode_string(&b->e, "a sample that is not known yet");
	encode_sample_end(&b->e);
	build_plain(b);
}

static void build_after_enterprise(struct building *b)
{
	encode_sample(&b->e, SFLOW_TAG(4242, 1));
	encode_u64(&b->e, 0x0000000100000002); // looks like a sample, is none
	encode_u64(&b->e, 0);
	encode_sample_end(&b->e);
	build_plain(b);
}

// The raw header first, an unknown record, then extended_switch: whose length is a lie.
static void put_lie(struct building *b, int by)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	put_header(b, &f);
	const size_t length_at = b->e.len + 4;
	encode_record_bytes(&b->e, SFLOW_TAG(4242, 7), "12345678", 8);
	put_switch(b);
	encode_sample_end(&b->e);
	store_be32(b->e.data + length_at, (uint32_t)(8 + by));
}

static void build_record_short(struct building *b)
{
	put_lie(b, -1);
}

static void build_record_long(struct building *b)
{
	put_lie(b, 1);
}

static void build_rate_zero(struct building *b)
{
	struct frame f = plain_frame();
	struct flow_sample fs = sample_of(1);
	fs.sampling_rate = 0;
	encode_flow_sample(&b->e, b->tag, &fs);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

// Says 1400 bytes and other ports than the raw header.
static void put_sampled_ip4(struct building *b)
{
	struct sampled_ip ip = {.length = 1400,
				.protocol = 6,
				.src_port = 1111,
				.dst_port = 2222,
				.tcp_flags = 0x10,
				.tos = 0xb8};
	if (addr_parse("192.0.2.1", &ip.src) != 0 || addr_parse("198.51.100.2", &ip.dst) != 0)
		abort();
	encode_sampled_ip(&b->e, &ip);
}

static void build_sampled_ip4(struct building *b)
{
	begin_sample(b, 1);
	put_sampled_ip4(b);
	encode_sample_end(&b->e);
}

static void build_raw_then_ip4(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	put_header(b, &f);
	put_sampled_ip4(b);
	encode_sample_end(&b->e);
}

static void build_ip4_then_raw(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	put_sampled_ip4(b);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_padded(struct building *b)
{
	struct frame f = plain_frame();
	begin_sample(b, 1);
	put_header(b, &f);
	encode_u32(&b->e, 0); // behind the last record, inside the sample
	encode_sample_end(&b->e);
	begin_sample(b, 2);
	put_header(b, &f);
	encode_sample_end(&b->e);
}

static void build_counts_too_large(struct building *b)
{
	const size_t sample = b->e.len;
	build_plain(b);
	const size_t fixed = b->tag == SFLOW_FLOW_SAMPLE ? 32 : 44;
	store_be32(b->e.data + sample + 8 + fixed - 4, 0xffffffff);
	b->e.n_samples = 0x7fffffff;
}

static void build_wrapped(struct building *b)
{
	encode_sample(&b->e, SFLOW_ACL_PREFIX);
	encode_u64(&b->e, 0x0000000100000065); // flags 1, access list 101
	struct building inner = *b;            // samples do not nest in the encoder
	inner.e.sample_at = 0;
	build_plain(&inner);
	b->e.len = inner.e.len;
	encode_sample_end(&b->e);
}

static void build_special_ports(struct building *b)
{
	static const uint32_t outputs[] = {
		SFLOW_IF_INTERNAL, // the device itself
		0x40000102,        // dropped: access list
		0x80000003,        // three ports
		0x80000000,        // several ports
	};
	for (uint32_t i = 0; i < 4; i++) {
		struct frame f = plain_frame();
		struct flow_sample fs = sample_of(i + 1);
		fs.output = outputs[i];
		encode_flow_sample(&b->e, b->tag, &fs);
		put_header(b, &f);
		encode_sample_end(&b->e);
	}
}

static void build_hostile_names(struct building *b)
{
	static const char name[] = "eth0\"\\\n\x1b[31m\xff\0tail";
	const uint32_t tag = b->tag == SFLOW_FLOW_SAMPLE ? SFLOW_COUNTERS_SAMPLE
							 : SFLOW_COUNTERS_SAMPLE_EXPANDED;
	encode_counters_sample(&b->e, tag, &(struct counters_sample){.sequence = 1, .ds_index = 3});
	encode_record(&b->e, SFLOW_PORT_NAME);
	encode_opaque(&b->e, name, sizeof(name) - 1);
	encode_record_end(&b->e);
	encode_sample_end(&b->e);
}

// One field more than the structure has, and all ones, which is "unknown", in others.
static void build_counters(struct building *b)
{
	const uint32_t tag = b->tag == SFLOW_FLOW_SAMPLE ? SFLOW_COUNTERS_SAMPLE
							 : SFLOW_COUNTERS_SAMPLE_EXPANDED;
	const struct if_counters c = {.if_index = 3,
				      .if_type = 6,
				      .if_speed = 10000000000,
				      .if_direction = 1,
				      .if_status = 3,
				      .in_octets = 1ull << 40,
				      .in_ucast = 1000,
				      .in_multicast = UINT32_MAX,
				      .in_unknown_protos = UINT32_MAX,
				      .out_octets = UINT64_MAX};
	encode_counters_sample(&b->e, tag,
			       &(struct counters_sample){.sequence = 1, .ds_index = 44});
	const size_t record = b->e.len;
	encode_if_counters(&b->e, &c);
	encode_u32(&b->e, 77);
	store_be32(b->e.data + record + 4, 92);
	encode_port_name(&b->e, "swp3");
	encode_sample_end(&b->e);
}

// A datagram of version 2 or 4: a raw header, switch, router, gateway; Ethernet counters.
static void put_legacy(struct building *b, uint32_t version)
{
	struct encoder *e = &b->e;
	struct frame f = plain_frame();
	frame_fill(&f, 64);
	e->len = 0;
	const uint32_t head[] = {version, ADDR_IP4, 0xc00002fe, 42, 123456, 2};
	for (int i = 0; i < 6; i++)
		encode_u32(e, head[i]);
	const uint32_t flow[] = {1, 1, 3, 1000, 1000, 0, 3, 4, 1, 1, FRAME_LENGTH};
	for (int i = 0; i < 11; i++)
		encode_u32(e, flow[i]);
	encode_opaque(e, f.data, f.len);
	const uint32_t extended[] = {3,          1,  10, 0, 20,    0,     2,    ADDR_IP4,
				     0xcb007101, 24, 16, 3, 64496, 64497, 64498};
	for (int i = 0; i < 15; i++)
		encode_u32(e, extended[i]);
	if (version == 4)
		encode_u64(e, 1ull << 32 | 2); // one segment, a sequence
	const uint32_t path[] = {2, 64500, 64501, 1, 0xfbf00064, 150};
	for (int i = 0; i < (version == 4 ? 6 : 3); i++)
		encode_u32(e, path[i]);
	const uint32_t counters[] = {2, 1, 3, 30, 2};
	for (int i = 0; i < 5; i++)
		encode_u32(e, counters[i]);
	for (uint32_t i = 0; i < 22 + 13; i++) // if_counters and ethernet_counters, any values
		encode_u32(e, 100 + i);
	e->samples_at = 20;
	e->n_samples = 2;
}

static void build_version_2(struct building *b)
{
	put_legacy(b, 2);
}

static void build_version_4(struct building *b)
{
	put_legacy(b, 4);
}

static const struct recipe recipes[] = {
	{"plain", "Ethernet, IPv4, TCP, and extended_switch", build_plain},
	{"qinq", "two VLAN tags, the outer one 0x88a8", build_qinq},
	{"qinq_9100", "two VLAN tags, the outer one 0x9100", build_qinq_9100},
	{"mpls_ip4", "two MPLS labels, IPv4 inside", build_mpls_ip4},
	{"mpls_ip6", "two MPLS labels, IPv6 inside", build_mpls_ip6},
	{"gre_ip4", "GRE over IPv4, IPv4 inside", build_gre_ip4},
	{"gre_ip6", "GRE over IPv4, IPv6 inside", build_gre_ip6},
	{"vxlan", "VXLAN, Ethernet and IPv4 inside", build_vxlan},
	{"ip6_destination", "IPv6 with destination options", build_ip6_destination},
	{"ip6_hop_by_hop", "IPv6 with hop-by-hop options", build_ip6_hop_by_hop},
	{"ip6_fragment", "IPv6, the first fragment: it has ports", build_ip6_fragment},
	{"ip6_later_fragment", "IPv6, another fragment: it has none", build_ip6_later_fragment},
	{"pppoe", "PPPoE session, IPv4 inside", build_pppoe},
	{"header_ip4", "header_protocol 11: no Ethernet", build_header_ip4},
	{"after_discard", "a discarded-packet sample before a flow sample", build_after_discard},
	{"after_unknown", "an unknown standard sample before a flow sample", build_after_unknown},
	{"after_enterprise", "an enterprise's sample before a flow sample", build_after_enterprise},
	{"record_short", "a record says one byte too few: harmless, it is padded",
	 build_record_short},
	{"record_long", "a record says one byte too many: the next one is lost", build_record_long},
	{"rate_zero", "sampling rate 0: counts as 1", build_rate_zero},
	{"sampled_ip4", "sampled_ipv4, no raw header", build_sampled_ip4},
	{"raw_then_ip4", "raw header, then sampled_ipv4 that differs: raw wins",
	 build_raw_then_ip4},
	{"ip4_then_raw", "sampled_ipv4 that differs, then raw header: raw wins",
	 build_ip4_then_raw},
	{"padded", "padding inside a sample, behind its last record", build_padded},
	{"counts_too_large", "more samples and records announced than there are",
	 build_counts_too_large},
	{"wrapped", "a flow sample inside a Foundry ACL sample (1991:1)", build_wrapped},
	{"special_ports", "output internal, dropped, three ports, several", build_special_ports},
	{"hostile_names", "a port name with quote, backslash, controls, NUL, bad UTF-8",
	 build_hostile_names},
	{"counters", "if_counters with an appended field and unknown values", build_counters},
	{"version_2", "sFlow version 2: flow sample and counters", build_version_2, true},
	{"version_4", "sFlow version 4: flow sample and counters", build_version_4, true},
};

#define N_RECIPES (sizeof(recipes) / sizeof(recipes[0]))

// Those above, then those of build_hostile.c.
static const struct recipe *recipe_at(size_t i)
{
	return i < N_RECIPES ? &recipes[i] : &hostile_recipes[i - N_RECIPES];
}

const struct vector *vector_list(size_t *n)
{
	static struct vector list[128];
	static char names[64][64];
	const size_t n_recipes = N_RECIPES + n_hostile_recipes;
	*n = 0;
	if (n_recipes > sizeof(names) / sizeof(names[0]))
		abort();
	for (size_t i = 0; i < n_recipes; i++) {
		const struct recipe *r = recipe_at(i);
		list[(*n)++] = (struct vector){r->name, r->about, i, false};
		if (r->single)
			continue;
		strcpy(names[i], r->name);
		strcat(names[i], "_expanded");
		list[(*n)++] = (struct vector){names[i], "the same, expanded", i, true};
	}
	return list;
}

size_t vector_build(const struct vector *v, uint8_t data[VECTOR_SIZE])
{
	struct addr agent;
	if (addr_parse("192.0.2.254", &agent) != 0)
		abort();
	struct building b = {.e = encode_begin(data, VECTOR_SIZE, &agent, 7, 42, 123456),
			     .tag = v->expanded ? SFLOW_FLOW_SAMPLE_EXPANDED : SFLOW_FLOW_SAMPLE};
	recipe_at(v->recipe)->build(&b);
	const size_t len = encode_end(&b.e);
	if (len == 0)
		abort();
	return len;
}
