// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Captured frames: one byte of link type, then frames behind a 16-bit length each, a second apart.
// What comes out lies inside the frame, or inside a reassembled packet of at most 64 kB.

#include "common/reassembly.h"
#include "fuzz.h"

static void take(struct reassembly *r, enum unwrap_link link, uint64_t time, struct cursor frame)
{
	struct ip_packet ip;
	struct datagram d;
	if (unwrap_ip(link, frame.p, (uint32_t)cursor_left(&frame), &ip) != CAPTURE_OK)
		return;
	FUZZ_CHECK(ip.captured <= ip.len && ip.len <= UINT16_MAX);
	FUZZ_CHECK(ip.payload >= frame.p && ip.payload + ip.captured <= frame.end);
	reassembly_release(r);
	if (ip.fragment && reassembly_add(r, time, &ip) != CAPTURE_OK)
		return;
	const uint8_t *begin = ip.payload, *end = ip.payload + ip.captured;
	if (unwrap_udp(&ip, &d) != CAPTURE_OK)
		return;
	FUZZ_CHECK(d.payload >= begin + 8 && d.payload + d.len <= end);
	// The sanitizers see to it that each byte may be read.
	for (size_t i = 0; i < d.len; i++)
		(void)*(const volatile uint8_t *)&d.payload[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reassembly *r = reassembly_create(4);
	struct cursor c = cursor_of(data, size);
	const enum unwrap_link link = cursor_u8(&c) % UNWRAP_N_LINKS;
	FUZZ_CHECK(r != NULL);
	for (uint64_t time = 1; cursor_left(&c) > 2; time += 1000000000) {
		const uint16_t len = cursor_u16(&c);
		const size_t left = cursor_left(&c);
		take(r, link, time, cursor_sub(&c, len < left ? len : left));
	}
	reassembly_destroy(r);
	return 0;
}
