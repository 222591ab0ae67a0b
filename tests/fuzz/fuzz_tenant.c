// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What tenants get of datagrams that anybody can send. The input is taken twice: names of ports may
// be known the second time, and numbers go on.
//
// Whatever the bytes: what is selected is a datagram of the same agent that reads to its end, with
// as many samples as were told, none longer than what it came from.

#include <string.h>

#include "fuzz.h"
#include "sflow/flow_sample.h"
#include "weir/output/tenant.h"

static struct tenant *make_tenant(void)
{
	static const char *index[] = {"10.1.0.1_1", "10.1.0.1_5", "10.9.9.9_4", "192.0.2.254_1"};
	static const char *name[] = {"10.1.0.1_eth0", "10.9.9.9_eth0", "192.0.2.254_eth0"};
	static const char *mac[] = {"020000000001", "000000000000"};
	static struct prefix cidr[] = {{{ADDR_IP4, {10}}, 8}, {{ADDR_IP6, {0xfe, 0x80}}, 10}};
	const struct tenant_filters f = {
		.ifindex = {index, 4}, .ifname = {name, 3}, .mac = {mac, 2}, .cidr = {cidr, 2}};
	struct err_msg msg = {0};
	struct tenant *t = tenant_new(&f, &msg);
	FUZZ_CHECK(t != NULL);
	return t;
}

static void check(const uint8_t *data, size_t size, const uint8_t *out, size_t len, uint32_t n)
{
	struct sflow_datagram from, to;
	struct sflow_sample s;
	uint32_t got = 0;
	FUZZ_CHECK(sflow_open(&from, data, size) == SFLOW_OK);
	FUZZ_CHECK(sflow_open(&to, out, len) == SFLOW_OK && to.n_samples == n);
	FUZZ_CHECK(to.agent_type == from.agent_type && to.sub_agent == from.sub_agent);
	FUZZ_CHECK(memcmp(to.agent, from.agent, from.agent_type == ADDR_IP4 ? 4 : 16) == 0);
	while (sflow_next(&to, &s) > 0)
		got++;
	FUZZ_CHECK(got == n && sflow_items_end(&to.samples) == SFLOW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tenant *t;
	if (size > UINT16_MAX)
		return 0;
	if (t == NULL)
		t = make_tenant();
	uint8_t *out = malloc(size + 8); // so that a sanitizer sees the first byte beyond
	for (int i = 0; i < 2; i++) {
		size_t len = 0;
		const uint32_t n = tenant_select(t, data, (uint32_t)size, out, &len);
		FUZZ_CHECK((n > 0) == (len > 0) && len <= size + 8);
		if (n > 0)
			check(data, size, out, len, n);
	}
	free(out);
	return 0;
}
