// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Names from a file, where the telemetry has none.
#include "analyzer_rig.h"

#include <stdio.h>
#include <unistd.h>

#include "weir/config/config_names.h"

static char path[] = "/tmp/weir-names-XXXXXX";

static struct names *read_text(const char *text, struct err_msg *msg)
{
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	return config_names(path, msg);
}

static void rows_are_named(void **state)
{
	struct err_msg msg = {0};
	struct names *names = read_text("192.0.0.1:\n"
					"  name: leaf1\n"
					"  ports:\n"
					"    5: {name: swp5, speed: 10G, link: up1}\n"
					"    6: swp6\n"
					"192.0.0.2: {ports: {5: {}}}\n",
					&msg);
	if (names == NULL)
		fail_msg("%s", msg.text);
	struct rig *r = rig_of(&pair);
	assert_null(analyzer_set_names(r->analyzer, names));
	for (uint32_t ds = 5; ds <= 7; ds++)
		sample(r, 0, 1, ds, ds, 1, 1000 * ds);
	sample(r, 0, 2, 1, 5, 1, 100);
	tick(r);
	static const char *const port[] = {"", "swp6", "swp5", ""};
	static const char *const agent[] = {"leaf1", "leaf1", "leaf1", ""};
	struct flow_row row[4];
	assert_int_equal(query_top(r->analyzer, 0, row, 4, NULL), 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_string_equal(row[i].port_name, port[i]);
		assert_string_equal(row[i].agent_name, agent[i]);
	}
	const struct view_query query = {.flow = "pair", .agents = "leaf1", .max_flows = 9};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	assert_int_equal(view_rows(v, &n)->n_sources, 3);
	view_free(v);
	struct source_row source;
	assert_int_equal(query_sources(r->analyzer, 0, &source, 1), 1);
	assert_true(source.speed == 10000000000);
	struct place_row place;
	assert_int_equal(query_places(r->analyzer, 0, &place, 1), 1);
	assert_string_equal(place.link, "up1");
	rig_free(r);
}

static void wrong_files(void **state)
{
	static const struct {
		const char *text, *message;
	} c[] = {
		{"leaf1: {}", ":1:1: leaf1: expected an address"},
		{"[]", ":1:1: got a list, expected a map of agent addresses"},
		{"10.0.0.1: {ports: {eth0: a}}", "eth0: expected an ifIndex"},
		{"10.0.0.1: {ports: {4: {sped: 1}}}", "sped"},
		{"10.0.0.1: {ports: {4: a, 04: b}}", ": port 4 of agent 10.0.0.1 is named twice"},
	};
	for (unsigned i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct err_msg msg = {0};
		assert_null(read_text(c[i].text, &msg));
		if (strstr(msg.text, c[i].message) == NULL)
			fail_msg("%s", msg.text);
	}
	struct err_msg msg = {0};
	assert_null(config_names("/nonexistent", &msg));
	assert_int_not_equal(msg.text[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_named),
		cmocka_unit_test(wrong_files),
	};
	close(mkstemp(path));
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
