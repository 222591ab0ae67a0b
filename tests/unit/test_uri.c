// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Targets of requests: what parts where, what is decoded, what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "weir/http/uri.h"

struct rig {
	struct arena arena;
	struct uri uri;
	struct err_msg msg;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct rig));
	return *state == NULL;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	arena_free(&r->arena);
	free(r);
	return 0;
}

static struct uri *parse(struct rig *r, const char *target)
{
	r->msg.text[0] = '\0';
	assert_int_equal(uri_parse(&r->arena, target, &r->uri, &r->msg), 0);
	return &r->uri;
}

static void refuse(struct rig *r, const char *target, const char *says)
{
	assert_true(uri_parse(&r->arena, target, &r->uri, &r->msg) < 0);
	if (strstr(r->msg.text, says) == NULL)
		fail_msg("%s: \"%s\" does not say \"%s\"", target, r->msg.text, says);
}

static void test_segments_part_before_they_are_decoded(void **state)
{
	const struct uri *u = parse(*state, "/flow/a%2Fb%2cc+d/json");
	assert_int_equal(u->n_segments, 3);
	assert_string_equal(u->segment[0], "flow");
	assert_string_equal(u->segment[1], "a/b,c+d");
	assert_string_equal(u->segment[2], "json");
	assert_int_equal(parse(*state, "/")->n_segments, 0);
	u = parse(*state, "/a/");
	assert_int_equal(u->n_segments, 2);
	assert_string_equal(u->segment[1], "");
	assert_int_equal(parse(*state, "//")->n_segments, 2);
	assert_int_equal(parse(*state, "/a#b/c?d")->n_segments, 1);
}

static void test_queries_repeat_and_decode_like_forms(void **state)
{
	const struct uri *u = parse(*state, "/m?os=linux&os=win+10&&flag&k=a%3Db%26&os=");
	assert_int_equal(u->n_params, 5);
	const char *v = uri_query(u, "os", NULL);
	assert_string_equal(v, "linux");
	v = uri_query(u, "os", v);
	assert_string_equal(v, "win 10");
	v = uri_query(u, "os", v);
	assert_string_equal(v, "");
	assert_null(uri_query(u, "os", v));
	assert_string_equal(uri_query(u, "flag", NULL), "");
	assert_string_equal(uri_query(u, "k", NULL), "a=b&");
	assert_null(uri_query(u, "none", NULL));
	assert_null(uri_query(parse(*state, "/m?"), "", NULL));
}

static void test_malformed_targets_are_refused(void **state)
{
	struct rig *r = *state;
	refuse(r, "", "begins with");
	refuse(r, "http://host/", "begins with");
	refuse(r, "*", "begins with");
	refuse(r, "/%", "escape");
	refuse(r, "/%4", "escape");
	refuse(r, "/%4g", "escape");
	refuse(r, "/a?b=%zz", "query: malformed escape");
	refuse(r, "/%00", "UTF-8 without NUL");
	refuse(r, "/%ff", "UTF-8");
	refuse(r, "/a?%c3=1", "UTF-8");
	refuse(r, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "at most 16");
	char many[1024] = "/a?";
	for (int i = 0; i < URI_PARAMS_MAX; i++)
		strcat(many, "&x");
	refuse(r, many, "at most 256");
}

static void test_patterns_match_whole_segments(void **state)
{
	struct rig *r = *state;
	const char *value[URI_SEGMENTS_MAX] = {0};
	assert_true(uri_match(parse(r, "/"), "/", value));
	assert_false(uri_match(parse(r, "/a"), "/", value));
	assert_true(uri_match(parse(r, "/flow/json"), "/flow/json", value));
	assert_false(uri_match(parse(r, "/flow/jsonx"), "/flow/json", value));
	assert_false(uri_match(parse(r, "/flow/jso"), "/flow/json", value));
	assert_false(uri_match(parse(r, "/flow/json/"), "/flow/json", value));
	assert_true(uri_match(parse(r, "/metric/10.0.0.1/max%3Aload_one;b/json"),
			      "/metric/{agent}/{metric}/json", value));
	assert_string_equal(value[0], "10.0.0.1");
	assert_string_equal(value[1], "max:load_one;b");
	assert_false(
		uri_match(parse(r, "/metric//b/json"), "/metric/{agent}/{metric}/json", value));
	assert_false(uri_match(parse(r, "/metric/a/json"), "/metric/{agent}/{metric}/json", value));
}

static void test_lists_part_at_any_separator(void **state)
{
	struct rig *r = *state;
	const char **part;
	assert_int_equal(uri_split(&r->arena, "a,b;;c,", ",;", &part), 3);
	assert_string_equal(part[0], "a");
	assert_string_equal(part[1], "b");
	assert_string_equal(part[2], "c");
	assert_int_equal(uri_split(&r->arena, "", ",;", &part), 0);
	assert_int_equal(uri_split(&r->arena, ",", ",;", &part), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_segments_part_before_they_are_decoded),
		TEST(test_queries_repeat_and_decode_like_forms),
		TEST(test_malformed_targets_are_refused),
		TEST(test_patterns_match_whole_segments),
		TEST(test_lists_part_at_any_separator),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
