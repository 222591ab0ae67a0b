// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Frames to a host: two bytes of room for the answer, two of time, then the frame. Every frame gets
// one verdict; an answer goes back to a single sender and fits.

#include <stdlib.h>

#include "fuzz.h"
#include "weir/input/host.h"

static struct host *make(void)
{
	static const struct frame_address a[] = {
		{.addr = {.family = ADDR_IP4, .bytes = {192, 0, 2, 10}}, .vlan = FRAME_ANY_VLAN},
		{.addr = {.family = ADDR_IP6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 10}}, .vlan = 0},
	};
	const struct host_config c = {.mac = {2, 0, 0, 0, 0, 1},
				      .address = a,
				      .n_address = 2,
				      .udp_port = 6343,
				      .unreachable = true,
				      .rate = 1000};
	struct host *h = host_new(&c, NULL);
	FUZZ_CHECK(h != NULL);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t timer[2048];
	if (size < 4 || size > 65536)
		return 0;
	struct host *h = make();
	host_link(h, 1, true);
	// An even time: the addresses are in use; an odd one: they are still checked.
	for (uint64_t t = 1; data[3] % 2 == 0 && t < 5000000000; t += 125000000)
		while (host_timer(h, t, timer, sizeof(timer)) > 0)
			continue;
	// Neighbours that were asked for.
	const struct addr four = addr_ip4((const uint8_t[4]){192, 0, 2, 1});
	const struct addr six = addr_ip6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1});
	host_seek(h, 5000000000, &four, 0);
	host_seek(h, 5000000000, &six, 0);
	while (host_timer(h, 5500000000, timer, sizeof(timer)) > 0)
		continue;
	const uint32_t room = data[0] * 256u + data[1], len = (uint32_t)size - 4;
	const uint64_t now = 6000000000 + data[2] * 100000000ull;
	uint8_t *out = malloc(room + !room);
	FUZZ_CHECK(out != NULL);
	for (unsigned v = 0; v < N_STATS; v++)
		host_wants(h, v, data + 4, len);
	const uint32_t answer = host_answer(h, now, data + 4, len, out, room);
	FUZZ_CHECK(answer <= room && (answer == 0 || answer >= 42));
	FUZZ_CHECK(host_count(h, HOST_received) == 1);
	uint64_t verdicts = 0;
	for (unsigned k = 0; k < N_HOST_STATS; k++)
		if (host_stat_info[k].role != STAT_ROLE_INFO &&
		    host_stat_info[k].role != STAT_ROLE_RECEIVED)
			verdicts += host_count(h, k);
	FUZZ_CHECK(verdicts == 1);
	while (host_timer(h, now, timer, sizeof(timer)) > 0)
		continue;
	free(out);
	host_free(h);
	return 0;
}
