// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Numbered records: cursors, names, what is pushed out, and who holds what.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "weir/output/record_log.h"

static size_t read_ids(struct record_log *log, int64_t after, size_t max, const char *name,
		       uint64_t *ids)
{
	const struct record *r[16];
	const struct record_query q = {
		.after = after, .max = max, .names = &name, .n_names = name != NULL};
	const size_t n = record_log_read(log, &q, r);
	for (size_t i = 0; i < n; i++) {
		char text[32];
		snprintf(text, sizeof(text), "record %lu", (unsigned long)r[i]->id);
		assert_string_equal(r[i]->text, text);
		ids[i] = r[i]->id;
		record_drop(r[i]);
	}
	return n;
}

static void add(struct record_log *log, const char *name)
{
	char text[32];
	snprintf(text, sizeof(text), "record %lu", (unsigned long)record_log_next(log));
	assert_non_null(record_log_add(log, name, text));
}

static void test_newest_first_up_to_the_cursor(void **state)
{
	struct record_log *log = record_log_new(4, 10);
	uint64_t ids[16];
	assert_int_equal(record_log_next(log), 11);
	assert_int_equal(read_ids(log, -1, 10, NULL, ids), 0);
	add(log, "a");
	add(log, "b");
	add(log, "a");
	assert_int_equal(read_ids(log, -1, 10, NULL, ids), 3);
	assert_int_equal(ids[0], 13);
	assert_int_equal(ids[2], 11);
	assert_int_equal(read_ids(log, 12, 10, NULL, ids), 1);
	assert_int_equal(read_ids(log, 13, 10, NULL, ids), 0);
	assert_int_equal(read_ids(log, -1, 2, NULL, ids), 2);
	assert_int_equal(ids[1], 12);
	assert_int_equal(read_ids(log, -1, 10, "b", ids), 1);
	assert_int_equal(ids[0], 12);
	assert_int_equal(read_ids(log, -1, 10, "c", ids), 0);
	record_log_free(log);
}

static void test_the_oldest_make_room_but_live_while_held(void **state)
{
	struct record_log *log = record_log_new(2, 0);
	const struct record *held[2];
	uint64_t ids[16];
	add(log, "a");
	const struct record_query q = {.after = -1, .max = 2};
	assert_int_equal(record_log_read(log, &q, held), 1);
	for (int i = 0; i < 5; i++)
		add(log, "a");
	assert_int_equal(read_ids(log, -1, 10, NULL, ids), 2);
	assert_int_equal(ids[0], 6);
	assert_int_equal(ids[1], 5);
	record_log_free(log);
	assert_string_equal(held[0]->text, "record 1");
	record_drop(held[0]);
}

static void test_numbers_go_on_after_what_is_restored(void **state)
{
	struct record_log *log = record_log_new(4, 0);
	uint64_t ids[16];
	record_log_restore(log, 7, "a", "record 7");
	record_log_restore(log, 9, "a", "record 9");
	add(log, "a");
	assert_int_equal(read_ids(log, -1, 10, NULL, ids), 3);
	assert_int_equal(ids[0], 10);
	assert_int_equal(ids[1], 9);
	assert_int_equal(ids[2], 7);
	record_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_first_up_to_the_cursor),
		cmocka_unit_test(test_the_oldest_make_room_but_live_while_held),
		cmocka_unit_test(test_numbers_go_on_after_what_is_restored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
