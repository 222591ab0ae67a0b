// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The datagrams of late: what is kept, what makes room, what is read back.
#include "bank_rig.h"

#include "bank/trace.h"
#include "packet/dissect.h"

#define MS    UINT64_C(1000000)
#define BYTES (64 * 4096) // a half of a trace holds 4 KiB

static struct trace_ring *ring_new(void)
{
	return trace_ring_init(zeroed(trace_ring_size(BYTES)), BYTES);
}

// A datagram with one sample of a packet from 10.0.0.SRC; its number is that of the agent.
// @p further: the tag of another record of the sample; 0 = none.
static size_t datagram(uint8_t *data, uint32_t number, uint8_t src, uint32_t tag, uint32_t further)
{
	static const uint8_t a[4] = {192, 0, 2, 1};
	const struct addr agent = addr_ip4(a);
	uint8_t h[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	memcpy(h + 26, (const uint8_t[]){10, 0, 0, src, 10, 1, 0, 1}, 8);
	h[22] = 64;
	h[23] = 17;
	h[17] = 200;
	struct encoder e = encode_begin(data, 1500, &agent, 0, number, number);
	const struct flow_sample fs = {.sequence = number,
				       .ds_index = 7,
				       .sampling_rate = RATE,
				       .input = 7,
				       .output = 9,
				       .reason = 3};
	encode_flow_sample(&e, tag, &fs);
	encode_sampled_header(&e, HEADER_ETHERNET, 1000 + src, 4, h, sizeof(h));
	if (further != 0)
		encode_record_bytes(&e, further, h, 4);
	encode_sample_end(&e);
	return encode_end(&e);
}

static void push(struct trace *t, uint32_t number, uint8_t src, uint64_t time)
{
	uint8_t data[1500];
	const size_t len = datagram(data, number, src, SFLOW_FLOW_SAMPLE, 0);
	const struct payload p = {.data = data, .len = (uint32_t)len, .time = time};
	trace_push(t, &p, 1);
}

// The times of all that a trace holds, in the order in which it is read.
static size_t times(struct trace_reader *reader, const struct trace *t, uint64_t *out)
{
	struct trace_sample s;
	size_t n = 0;
	trace_reader_open(reader, t);
	while (trace_next(reader, &s))
		out[n++] = s.time;
	return n;
}

static void samples_are_read_as_they_came(void **state)
{
	struct err_msg msg = {0};
	struct flow_spec spec = pair;
	spec.filter = "ipsource~10\\..*";
	struct program *p = program_compile(&spec, 1, &msg);
	struct trace_ring *r = ring_new();
	struct trace_reader *reader = trace_reader_init(zeroed(trace_reader_size()), p);
	struct trace *t = trace_ring_turn(r, 0);
	uint8_t data[1500], key[PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK];
	push(t, 1, 5, 100 * MS);
	static const uint8_t noise[64] = {0, 0, 0, 5, 0, 0, 0, 1};
	const struct payload bad = {.data = noise, .len = sizeof(noise), .time = 1};
	trace_push(t, &bad, 1); // not even sFlow: passed over
	const size_t len = datagram(data, 2, 6, SFLOW_DISCARDED_PACKET, 0);
	const struct payload drop = {.data = data, .len = (uint32_t)len, .time = 101 * MS};
	trace_push(t, &drop, 1);
	struct trace_sample s;
	trace_reader_open(reader, t);
	assert_true(trace_next(reader, &s));
	assert_true(s.time == 100 * MS && s.bytes == 1005 && !s.discarded);
	assert_int_equal(s.ds_index, 7);
	assert_int_equal(s.direction, DIRECTION_INGRESS);
	assert_int_equal(s.protocol, HEADER_ETHERNET);
	assert_int_equal(s.header_len, 42);
	assert_int_equal(s.header[29], 5);
	assert_true(trace_key(&s, &p->def[0], key));
	struct strbuf text = strbuf_of((char *)data, sizeof(data));
	flow_def_key_format(&p->def[0], key, &text);
	assert_string_equal((char *)data, "10.0.0.5,10.1.0.1");
	assert_true(trace_next(reader, &s));
	assert_true(s.discarded && s.bytes == 1006);
	assert_false(trace_key(&s, &p->def[0], key)); // measures what was forwarded
	assert_false(trace_next(reader, &s));
	free(reader);
	free(r);
	program_free(p);
}

// A record that no decoder knows is passed over, as when it came.
static void unknown_records_are_passed_over(void **state)
{
	struct err_msg msg = {0};
	struct program *p = program_compile(&pair, 1, &msg);
	struct trace_ring *r = ring_new();
	struct trace_reader *reader = trace_reader_init(zeroed(trace_reader_size()), p);
	struct trace *t = trace_ring_turn(r, 0);
	uint8_t data[1500], key[PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK];
	const size_t len = datagram(data, 1, 5, SFLOW_FLOW_SAMPLE, SFLOW_TAG(4095, 1));
	const struct payload strange = {.data = data, .len = (uint32_t)len, .time = 100 * MS};
	trace_push(t, &strange, 1);
	push(t, 2, 6, 101 * MS);
	struct trace_sample s;
	trace_reader_open(reader, t);
	assert_true(trace_next(reader, &s));
	assert_true(s.time == 100 * MS && s.bytes == 1005);
	assert_int_equal(s.header[29], 5);
	assert_true(trace_key(&s, &p->def[0], key));
	assert_true(trace_next(reader, &s));
	assert_true(s.time == 101 * MS && s.bytes == 1006);
	assert_false(trace_next(reader, &s));
	free(reader);
	free(r);
	program_free(p);
}

// The latest stay, at least half of what fits; nothing is written outside.
static void old_ones_make_room(void **state)
{
	static const struct program nothing;
	struct trace_ring *r = ring_new();
	struct trace_reader *reader = trace_reader_init(zeroed(trace_reader_size()), &nothing);
	struct trace *t = trace_ring_turn(r, 0);
	uint64_t time[256];
	uint8_t huge[5000] = {0};
	const struct payload p = {.data = huge, .len = sizeof(huge)};
	for (uint32_t i = 1; i <= 1000; i++) {
		push(t, i, 1, i);
		if (i % 100 == 0)
			trace_push(t, &p, 1); // larger than a half: not kept
		const size_t n = times(reader, t, time);
		assert_int_equal(time[n - 1], i);
		for (size_t k = 1; k < n; k++)
			assert_int_equal(time[k], time[k - 1] + 1);
		assert_true(n >= 20 || n == i); // 4096 / (16 + 152) and more
		assert_true(n <= 60);
		assert_true(t->used[0] <= t->size && t->used[1] <= t->size);
	}
	free(reader);
	free(r);
}

// Each interval another trace; where little comes the same two in turn.
static void traces_take_turns(void **state)
{
	struct trace_ring *r = ring_new();
	struct trace *a = trace_ring_turn(r, 0), *b = trace_ring_turn(r, 100 * MS);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(trace_ring_past(r, 0), a);
	for (uint64_t i = 2; i < 50; i++) {
		push(i % 2 == 0 ? b : a, 1, 1, i);
		assert_ptr_equal(trace_ring_turn(r, i * 100 * MS), i % 2 == 0 ? a : b);
	}
	// Much comes: the oldest is cleared and used again when all others were.
	const struct trace *used[TRACE_SEGMENTS];
	uint64_t now = 5000 * MS;
	for (unsigned i = 0; i < 200; i++, now += 100 * MS) {
		struct trace *t = trace_ring_turn(r, now);
		for (unsigned k = 0; k < i && k < TRACE_SEGMENTS - 1; k++)
			assert_ptr_not_equal(t, used[(i - 1 - k) % TRACE_SEGMENTS]);
		if (i > TRACE_SEGMENTS)
			assert_int_equal(t->used[0] + t->used[1], 0);
		for (uint32_t k = 0; k < 60; k++)
			push(t, k, 1, now);
		used[i % TRACE_SEGMENTS] = t;
		bool seen[TRACE_SEGMENTS] = {0};
		uint32_t n = 0;
		for (const struct trace *p; (p = trace_ring_past(r, n)) != NULL; n++) {
			assert_ptr_not_equal(p, t);
			assert_false(seen[p - r->trace]);
			seen[p - r->trace] = true;
		}
		assert_int_equal(n, TRACE_SEGMENTS - 1);
	}
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_read_as_they_came),
		cmocka_unit_test(unknown_records_are_passed_over),
		cmocka_unit_test(old_ones_make_room),
		cmocka_unit_test(traces_take_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
