// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The ring between a worker and who passes its datagrams on: nothing changes on the way, full is
// counted, and two threads agree.
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "weir/core/tap.h"

enum {
	SIZE = 4096,
	LONGEST = 1400,
	N = 20000,
};

// The i-th payload: its length and bytes follow from i.
static struct payload make(uint32_t i, uint8_t *mem)
{
	const uint32_t len = i * 7919 % LONGEST;
	for (uint32_t k = 0; k < len; k++)
		mem[k] = (uint8_t)(i + k);
	return (struct payload){.data = mem, .len = len};
}

static void check(uint32_t i, const uint8_t *data, uint32_t len)
{
	uint8_t mem[LONGEST];
	const struct payload p = make(i, mem);
	assert_int_equal(len, p.len);
	assert_memory_equal(data, mem, len);
}

static void test_what_goes_in_comes_out(void **state)
{
	struct tap *t = tap_new(SIZE);
	uint8_t mem[LONGEST];
	uint32_t len;
	assert_null(tap_peek(t, &len));
	for (uint32_t i = 0; i < 5000; i++) {
		const struct payload p = make(i, mem);
		tap_push(t, &p, 1);
		const uint8_t *data = tap_peek(t, &len);
		assert_non_null(data);
		check(i, data, len);
		tap_pop(t);
		assert_null(tap_peek(t, &len));
	}
	assert_int_equal(tap_dropped(t), 0);
	tap_free(t);
}

static void test_full_is_counted(void **state)
{
	struct tap *t = tap_new(SIZE);
	uint8_t mem[LONGEST] = {0};
	const struct payload p[] = {{.data = mem, .len = 1000},
				    {.data = mem, .len = 1000},
				    {.data = mem, .len = 1000},
				    {.data = mem, .len = 1000},
				    {.data = mem, .len = 1000}};
	uint32_t len, n = 0;
	tap_push(t, p, 5);
	assert_int_equal(tap_dropped(t), 1);
	while (tap_peek(t, &len) != NULL) {
		assert_int_equal(len, 1000);
		tap_pop(t);
		n++;
	}
	assert_int_equal(n, 4);
	tap_push(t, p, 1);
	assert_int_equal(tap_dropped(t), 1);
	tap_free(t);
}

static void *push_all(void *tap)
{
	uint8_t mem[LONGEST];
	for (uint32_t i = 0; i < N; i++) {
		const struct payload p = make(i, mem);
		tap_push(tap, &p, 1);
		if (i % 16 == 0) // seldom: on a busy machine each costs a turn of all others
			sched_yield();
	}
	return NULL;
}

static void test_two_threads_agree(void **state)
{
	struct tap *t = tap_new(SIZE);
	pthread_t thread;
	uint64_t n = 0;
	uint32_t i = 0, len;
	pthread_create(&thread, NULL, push_all, t);
	while (n + tap_dropped(t) < N) {
		const uint8_t *data = tap_peek(t, &len);
		if (data == NULL) {
			sched_yield(); // both may have one CPU
			continue;
		}
		// Some were dropped: this is a later one.
		uint8_t mem[LONGEST];
		while (i < N && (make(i, mem).len != len || memcmp(mem, data, len) != 0))
			i++;
		assert_true(i < N);
		tap_pop(t);
		n++;
		i++;
	}
	pthread_join(thread, NULL);
	assert_true(n > 0);
	tap_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_full_is_counted),
		cmocka_unit_test(test_two_threads_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
