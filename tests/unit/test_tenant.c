// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What a tenant gets of a datagram: by port, name of a port, address and MAC; copied as it is, and
// numbered anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sflow/encode.h"
#include "sflow/flow_sample.h"
#include "weir/output/tenant.h"

static const uint8_t agent_bytes[4] = {10, 1, 0, 1};
static const uint8_t frame[42] = {2,    0, 0,   0,   0, 1, 2,    0,    0,    0,    0, 2,  8,  0,
				  0x45, 0, 0,   200, 0, 0, 0,    0,    64,   17,   0, 0,  10, 7,
				  0,    9, 192, 0,   2, 1, 0x03, 0xe8, 0x07, 0xd0, 0, 180};

struct shot {
	uint8_t data[1500], out[1508];
	struct encoder e;
	size_t size;
	struct sflow_datagram got;
};

static void begin(struct shot *s, uint32_t sequence)
{
	const struct addr agent = addr_ip4(agent_bytes);
	s->e = encode_begin(s->data, sizeof(s->data), &agent, 7, sequence, 1000);
}

static void add_flow(struct shot *s, uint32_t tag, uint32_t sequence, uint32_t ds, uint32_t output)
{
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = ds,
				       .sampling_rate = 100,
				       .input = ds,
				       .output = output};
	encode_flow_sample(&s->e, tag, &fs);
	encode_sampled_header(&s->e, 1, 218, 4, frame, sizeof(frame));
	encode_sample_end(&s->e);
}

static void add_counters(struct shot *s, uint32_t sequence, uint32_t ds, const char *name)
{
	const struct counters_sample cs = {.sequence = sequence, .ds_index = ds};
	encode_counters_sample(&s->e, SFLOW_COUNTERS_SAMPLE, &cs);
	encode_port_name(&s->e, name);
	encode_sample_end(&s->e);
}

static uint32_t selected(struct tenant *t, struct shot *s)
{
	const uint32_t len = (uint32_t)encode_end(&s->e);
	assert_int_not_equal(len, 0);
	const uint32_t n = tenant_select(t, s->data, len, s->out, &s->size);
	assert_int_equal(n > 0, s->size > 0);
	if (n > 0)
		assert_int_equal(sflow_open(&s->got, s->out, s->size), SFLOW_OK);
	return n;
}

static struct tenant *tenant_of(const struct tenant_filters *f)
{
	struct err_msg msg = {0};
	struct tenant *t = tenant_new(f, &msg);
	if (t == NULL)
		fail_msg("%s", msg.text);
	return t;
}

static struct flow_sample next_flow(struct shot *s)
{
	struct sflow_sample sample = {0};
	struct flow_sample fs;
	assert_int_equal(sflow_next(&s->got, &sample), 1);
	assert_int_equal(flow_sample_open(&sample, &fs), SFLOW_OK);
	return fs;
}

static void test_ports(void **state)
{
	const char *ports[] = {"10.1.0.1_5", "10.1.0.2_6"};
	const struct tenant_filters f = {.ifindex = {ports, 2}};
	struct tenant *t = tenant_of(&f);
	struct shot s;
	begin(&s, 50);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 70, 5, 9);          // taken there
	add_flow(&s, SFLOW_FLOW_SAMPLE_EXPANDED, 80, 9, 5); // goes out there
	add_flow(&s, SFLOW_FLOW_SAMPLE, 90, 6, 9);          // a port of another agent
	add_flow(&s, SFLOW_DISCARDED_PACKET, 95, 5, 0);
	add_counters(&s, 60, 5, "eth5");
	add_counters(&s, 61, 6, "eth6");
	assert_int_equal(selected(t, &s), 4);
	assert_int_equal(s.got.sequence, 1);
	assert_int_equal(s.got.sub_agent, 7);
	assert_int_equal(s.got.uptime, 1000);
	assert_int_equal(s.got.n_samples, 4);
	assert_memory_equal(s.got.agent, agent_bytes, 4);
	struct flow_sample fs = next_flow(&s);
	assert_int_equal(fs.sequence, 1);
	assert_int_equal(fs.ds_index, 5);
	assert_int_equal(fs.sampling_rate, 100);
	struct sflow_record r = {0};
	struct sampled_header h;
	assert_int_equal(sflow_record_next(&fs.records, &r), 1);
	assert_int_equal(sampled_header_open(&r, &h), SFLOW_OK);
	assert_memory_equal(h.header, frame, sizeof(frame));
	fs = next_flow(&s);
	assert_int_equal(fs.sequence, 1); // of another data source
	assert_int_equal(fs.ds_index, 9);
	begin(&s, 51);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 77, 5, 9); // six are lost before us, or not the tenant's
	assert_int_equal(selected(t, &s), 1);
	assert_int_equal(s.got.sequence, 2);
	assert_int_equal(next_flow(&s).sequence, 2);
	begin(&s, 52);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 1, 6, SFLOW_IF_INTERNAL);
	assert_int_equal(selected(t, &s), 0);
	tenant_free(t);
}

// A name is known from the counters sample that tells it, and follows the port.
static void test_names(void **state)
{
	const char *ports[] = {"10.1.0.1_eth_5"};
	const struct tenant_filters f = {.ifname = {ports, 1}};
	struct tenant *t = tenant_of(&f);
	struct shot s;
	begin(&s, 1);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 1, 5, 9);
	assert_int_equal(selected(t, &s), 0);
	begin(&s, 2);
	add_counters(&s, 1, 5, "eth_5");
	add_counters(&s, 2, 6, "eth_6");
	add_flow(&s, SFLOW_FLOW_SAMPLE, 2, 5, 9);
	assert_int_equal(selected(t, &s), 2);
	begin(&s, 3);
	add_counters(&s, 3, 8, "eth_5");
	add_flow(&s, SFLOW_FLOW_SAMPLE, 3, 5, 9);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 3, 8, 9);
	assert_int_equal(selected(t, &s), 2);
	tenant_free(t);
}

static void check_packet(const struct tenant_filters *f, bool wanted)
{
	struct tenant *t = tenant_of(f);
	struct shot s;
	begin(&s, 1);
	add_flow(&s, SFLOW_FLOW_SAMPLE, 1, 3, 4);
	add_counters(&s, 1, 3, "eth3");
	assert_int_equal(selected(t, &s), wanted ? 1 : 0);
	tenant_free(t);
}

static struct prefix prefix_of(const char *text)
{
	struct prefix p;
	unsigned bits;
	assert_int_equal(addr_parse_prefix(text, &p.addr, &bits), 0);
	p.bits = bits;
	return p;
}

static void test_packets(void **state)
{
	static const struct {
		const char *cidr, *mac;
		bool wanted;
	} rows[] = {
		{"10.7.0.0/16", NULL, true},   {"192.0.2.1/32", NULL, true},
		{"10.8.0.0/16", NULL, false},  {"fc00::/7", NULL, false},
		{NULL, "020000000001", true},  {NULL, "02:00:00:00:00:02", true},
		{NULL, "020000000003", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prefix p;
		const char *mac[] = {rows[i].mac};
		struct tenant_filters f = {.mac = {mac, rows[i].mac != NULL}};
		if (rows[i].cidr != NULL) {
			p = prefix_of(rows[i].cidr);
			f.cidr = (struct prefix_list){&p, 1};
		}
		check_packet(&f, rows[i].wanted);
	}
}

// Agents that tell the packet without its header.
static void test_told(void **state)
{
	struct prefix p = prefix_of("2001:db8::/32");
	const struct tenant_filters f = {.cidr = {&p, 1}};
	struct tenant *t = tenant_of(&f);
	struct sampled_ip ip = {.length = 100, .protocol = 6};
	struct shot s;
	assert_int_equal(addr_parse("2001:db8::1", &ip.src), 0);
	assert_int_equal(addr_parse("fe80::1", &ip.dst), 0);
	const struct flow_sample fs = {.sequence = 1, .ds_index = 3, .sampling_rate = 1};
	begin(&s, 1);
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_ip(&s.e, &ip);
	encode_sample_end(&s.e);
	assert_int_equal(selected(t, &s), 1);
	tenant_free(t);
}

// Each data source has numbers of its own, however many there are; cut datagrams hurt nobody.
static void test_many(void **state)
{
	struct prefix p = prefix_of("10.0.0.0/8");
	const struct tenant_filters f = {.cidr = {&p, 1}};
	struct tenant *t = tenant_of(&f);
	struct shot s;
	for (uint32_t round = 1; round <= 3; round++) {
		for (uint32_t ds = 1; ds <= 1000; ds++) {
			begin(&s, 1);
			add_flow(&s, SFLOW_FLOW_SAMPLE, 1000 - round, ds, 0);
			assert_int_equal(selected(t, &s), 1);
			assert_int_equal(s.got.sequence, (round - 1) * 1000 + ds);
			assert_int_equal(next_flow(&s).sequence, round);
		}
	}
	const uint32_t len = (uint32_t)s.e.len;
	for (uint32_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy, s.data, cut);
		assert_true(tenant_select(t, copy, cut, s.out, &s.size) <= 1);
		free(copy);
	}
	tenant_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_packets), cmocka_unit_test(test_told),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
