// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <math.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "weirgen/flow.h"
#include "weirgen/wrap.h"
#include "weirgen/zipf.h"
#include "weirgen_args.h"

// The table itself gives the probabilities: no need to draw.
static void zipf_is_exact(void **state)
{
	static const double skews[] = {0.5, 1, 1.3, 2};
	enum {
		N = 1000
	};
	for (size_t k = 0; k < sizeof(skews) / sizeof(skews[0]); k++) {
		struct zipf z;
		static double p[N];
		double sum = 0;
		memset(p, 0, sizeof(p));
		assert_int_equal(zipf_init(&z, N, skews[k]), 0);
		for (uint32_t i = 0; i < N; i++) {
			const double own = z.cells[i].threshold / 0x1p32;
			p[i] += own / N;
			p[z.cells[i].alias] += (1 - own) / N;
			sum += pow(i + 1, -skews[k]);
		}
		for (uint32_t i = 0; i < N; i++)
			assert_true(fabs(p[i] - pow(i + 1, -skews[k]) / sum) < 1e-9);
		zipf_free(&z);
	}
}

static void zipf_draws_follow_the_table(void **state)
{
	static const double skews[] = {0, 1};
	enum {
		N = 20,
		DRAWS = 200000
	};
	for (size_t k = 0; k < sizeof(skews) / sizeof(skews[0]); k++) {
		struct zipf z;
		struct rng rng = rng_seeded(7);
		unsigned count[N] = {0};
		double sum = 0, chi2 = 0;
		assert_int_equal(zipf_init(&z, N, skews[k]), 0);
		for (int i = 0; i < DRAWS; i++)
			count[zipf_draw(&z, &rng)]++;
		for (int i = 0; i < N; i++)
			sum += pow(i + 1, -skews[k]);
		for (int i = 0; i < N; i++) {
			const double want = DRAWS * pow(i + 1, -skews[k]) / sum;
			chi2 += (count[i] - want) * (count[i] - want) / want;
		}
		assert_true(chi2 < 43.8); // 19 degrees of freedom, p = 0.001
		zipf_free(&z);
	}
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 40);
}

static void flows_have_keys_of_their_own(void **state)
{
	struct options o;
	enum {
		N = 200000
	};
	uint8_t(*keys)[40] = calloc(N, 40);
	assert_non_null(keys);
	assert_int_equal(
		parse(&o, "--pcap - --flows 40 --ipv6 0.3 --vlan 0.3", &(struct err_msg){0}), 0);
	const struct flow_space space = flow_space_of(&o);
	for (uint64_t id = 0; id < N; id++) { // 5000 generations of the 40
		struct flow f;
		const uint64_t kinds[] = {id, FLOW_FLOOD | id, FLOW_ELEPHANT | id / 40};
		flow_of(&space, kinds[id % 20 == 0 ? 1 + (id % 40 == 0) : 0], &f);
		memcpy(keys[id], f.source, 16);
		memcpy(keys[id] + 16, f.destination, 16);
		memcpy(keys[id] + 32, &f.source_port, 2);
		memcpy(keys[id] + 34, &f.destination_port, 2);
		assert_true(f.len_min <= f.len_max && f.len_max <= 1522 && f.len_min >= 64);
		assert_true(f.agent < o.agents && f.in < o.ports && f.out < o.ports);
	}
	qsort(keys, N, 40, by_bytes);
	size_t n_same = 0;
	for (size_t i = 1; i < N; i++)
		n_same += memcmp(keys[i - 1], keys[i], 40) == 0;
	assert_int_equal(n_same, 0);
	free(keys);
}

static uint16_t plain_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += (i & 1) ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void checksums_are_right(void **state)
{
	uint8_t frame[WRAP_MAX + 64];
	for (size_t len = 0; len < 64; len++) {
		for (int v6 = 0; v6 < 2; v6++) {
			const uint8_t bytes[16] = {172, 16, 0, 9, 200, (uint8_t)len};
			const struct addr agent = v6 ? addr_ip6(bytes) : addr_ip4(bytes);
			uint8_t payload[64];
			memset(payload, 0xe7, sizeof(payload));
			const struct datagram_out d = {
				.agent = &agent, .payload = payload, .len = len};
			const size_t size = wrap_headers(&d, frame);
			memcpy(frame + size, payload, len);
			assert_int_equal(size, v6 ? 62 : 42);
			const uint8_t *udp = frame + size - 8;
			const size_t addresses = v6 ? 32 : 8;
			if (!v6)
				assert_int_equal(plain_sum(frame + 14, 20, 0), 0xffff);
			assert_int_equal(plain_sum(udp - addresses, addresses + 8 + len,
						   (uint32_t)(17 + 8 + len)),
					 0xffff);
		}
	}
}

static void expect_error(const char *text, const char *message)
{
	struct options o;
	struct err_msg msg = {0};
	assert_true(parse(&o, text, &msg) < 0);
	assert_string_equal(msg.text, message);
	options_free(&o);
}

static void options_say_what_they_expect(void **state)
{
	struct options o;
	expect_error("--zipf x --pcap -", "--zipf: got \"x\", expected a number from 0 to 10");
	expect_error("--agents 1.5 --pcap -",
		     "--agents: got \"1.5\", expected a whole number from 1 to 1.04858e+06");
	expect_error("--ipv6 2 --pcap -", "--ipv6: got \"2\", expected a number from 0 to 1");
	expect_error("--sped 1", "--sped: no such option, see --help");
	expect_error("x", "x: no such option, see --help");
	expect_error("--rate", "--rate: expected N");
	expect_error("--rate 5", "got 0 outputs, expected one of --pcap, --udp, --dpdk");
	expect_error("--pcap - --duration 0", "--pcap: the run has no end, expected --duration, "
					      "--samples or --datagrams");
	expect_error("--elephant 1G", "--elephant: got \"1G\", expected BITS,ON[,PERIOD[,OFFSET]] "
				      "with PERIOD 0 or at least ON");
	assert_int_equal(parse(&o, "--pcap=- --rate=2k --seed 0", &(struct err_msg){0}), 0);
	assert_true(o.rate == 2000 && o.seed == 0);
	assert_int_equal(parse(&o, "--help", NULL), ERR_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zipf_is_exact),
		cmocka_unit_test(zipf_draws_follow_the_table),
		cmocka_unit_test(flows_have_keys_of_their_own),
		cmocka_unit_test(checksums_are_right),
		cmocka_unit_test(options_say_what_they_expect),
	};
	return cmocka_run_group_tests_name("weirgen_parts", tests, NULL, NULL);
}
