// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Frames from a port: a byte of policy, then the frame. What is taken lies inside the frame, and
// the capture reader, which was written apart, finds the same datagram in it.

#include "common/unwrap.h"
#include "fuzz.h"
#include "weir/input/frame.h"

static void check_taken(const uint8_t *frame, uint32_t len, const struct payload *p)
{
	struct ip_packet ip;
	struct datagram d;
	FUZZ_CHECK(p->data >= frame && p->data + p->len <= frame + len);
	FUZZ_CHECK(unwrap_ip(UNWRAP_ETHERNET, frame, len, &ip) == CAPTURE_OK);
	FUZZ_CHECK(!ip.fragment);
	FUZZ_CHECK(unwrap_udp(&ip, &d) == CAPTURE_OK);
	FUZZ_CHECK(d.payload == p->data && d.len == p->len && !d.cut);
	FUZZ_CHECK(d.source.family == p->via_family);
	FUZZ_CHECK(memcmp(d.source.bytes, p->via, p->via_family == ADDR_IP4 ? 4 : 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t vlans[] = {0, 7};
	static const struct frame_address ours = {
		.addr = {.family = ADDR_IP4, .bytes = {10, 0, 0, 1}}, .vlan = FRAME_ANY_VLAN};
	struct payload p;
	if (size < 1 || size > 65536)
		return 0;
	const struct frame_policy policy = {
		.address = &ours,
		.n_address = data[0] & 1,
		.vlan = vlans,
		.n_vlan = data[0] & 2,
		.udp_port = data[0] & 4 ? 6343 : 0,
		.checksums = data[0] & 8,
	};
	const uint8_t *frame = data + 1;
	const uint32_t len = (uint32_t)size - 1;
	const enum stat_id v = frame_take(&policy, frame, len, FRAME_CHECKSUM_UNKNOWN, &p);
	FUZZ_CHECK(stat_info[v].group == STAT_GROUP_FRAME);
	FUZZ_CHECK((v == STAT_frame_datagrams) != (stat_info[v].role == STAT_ROLE_REASON));
	if (v == STAT_frame_datagrams)
		check_taken(frame, len, &p);
	return 0;
}
