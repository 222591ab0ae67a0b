// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "program/pattern.h"

static int match(const char *pattern, const char *text)
{
	struct err_msg msg = {0};
	struct pattern *p = pattern_compile(pattern, strlen(pattern), &msg);
	if (p == NULL)
		return -1;
	const bool is = pattern_match(p, text, strlen(text));
	pattern_free(p);
	return is;
}

static void the_whole_text_is_matched(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool is;
	} cases[] = {
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"abc", "xabc", false},
		{"^abc$", "abc", true},
		{"a\\$", "a$", true},
		{"", "", true},
		{"", "a", false},
		{"a|", "", true},
		{"a*", "aaaa", true},
		{"(ab)+", "ababab", true},
		{"(ab)+", "aba", false},
		{"a{2,3}", "aaaa", false},
		{"a{2,3}", "aa", true},
		{"a{2,}", "aaaaa", true},
		{"a{2}", "a", false},
		{"a{0}b", "b", true},
		{"(a|b){3}c", "abac", true},
		{"[^a-c]x", "dx", true},
		{"[^a-c]x", "bx", false},
		{"[]a]+", "a]", true},
		{"[a-]+", "a-a", true},
		{"\\d+\\.\\w*", "12.x_", true},
		{"\\S\\s\\D", "a b", true},
		{".*?b", "aab", true},
		{"(?:a|bc)*d", "abcad", true},
		{"(?i)www\\.[a-c]x{2}", "WwW.BXx", true},
		{"(?i)www\\.[a-c]x{2}", "WwW.DXx", false},
		{"^(?i)[^a]z@\\[", "bZ@[", true},
		{"(?i)^[^a]z@\\[", "AZ@[", false},
		{"(?i)z@\\[", "z`[", false},
		{"(?i)z@\\[", "z@{", false},
		{"a(?:b)", "AB", false},
		{"(a?){3}", "aa", true},
		{"(a?){3}", "aaaa", false},
		{"(a*)*b", "aaab", true},
		{"[\\d.]+", "1.2", true},
		{"x[\\]]y", "x]y", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (match(cases[i].pattern, cases[i].text) != cases[i].is)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
}

static void what_is_no_pattern_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"(",   ")",      "a)",  "[a",   "[z-a]",       "*",
					  "a**", "a{3,2}", "a{",  "a{x}", "a{1000}",     "\\1",
					  "\\b", "(?=a)",  "a|*", "x$y",  "(a{500}){2}", "\\"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (match(bad[i], "") != -1)
			fail_msg("accepted: %s", bad[i]);
	// Neither positions nor nesting bound what empty groups repeat.
	assert_int_equal(match("((((){500}){500}){500}){500}", ""), -1);
}

// What takes a backtracking matcher forever.
static void no_text_is_slow(void **state)
{
	(void)state;
	char text[256];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(match("(a|aa|a*)*b", text), 0);
	assert_int_equal(match("(a?){200}(a){55}", text), 1);
}

static void make_pattern(struct rng *rng, char *out, unsigned depth)
{
	static const char *const atoms[] = {"a", "b", ".", "[ab]", "[^a]", "c"};
	static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}", "{1,3}"};
	const unsigned n = 1 + (unsigned)(rng_u64(rng) % 3);
	for (unsigned i = 0; i < n; i++) {
		if (depth > 0 && rng_u64(rng) % 3 == 0) {
			strcat(out, "(");
			make_pattern(rng, out, depth - 1);
			strcat(out, rng_u64(rng) % 2 ? "|" : "");
			make_pattern(rng, out, depth - 1);
			strcat(out, ")");
		} else {
			strcat(out, atoms[rng_u64(rng) % 6]);
		}
		strcat(out, repeats[rng_u64(rng) % 8]);
	}
}

// The C library's matcher agrees on all that both know.
static void the_library_agrees(void **state)
{
	(void)state;
	struct rng rng = rng_seeded(1);
	unsigned n = 0;
	for (unsigned i = 0; i < 2000; i++) {
		char pattern[4096] = "", whole[4104];
		make_pattern(&rng, pattern, 2);
		snprintf(whole, sizeof(whole), "^(%s)$", pattern);
		regex_t re;
		struct pattern *p = pattern_compile(pattern, strlen(pattern), NULL);
		if (p == NULL || strlen(pattern) > 60 || regcomp(&re, whole, REG_EXTENDED) != 0) {
			pattern_free(p);
			continue;
		}
		for (unsigned k = 0; k < 20; k++) {
			char text[9] = "";
			for (size_t c = rng_u64(&rng) % 9; c-- > 0;)
				text[c] = (char)('a' + rng_u64(&rng) % 3);
			const bool is = regexec(&re, text, 0, NULL, 0) == 0;
			if (is != pattern_match(p, text, strlen(text)))
				fail_msg("%s on \"%s\": expected %d", pattern, text, is);
			n++;
		}
		regfree(&re);
		pattern_free(p);
	}
	assert_in_range(n, 1000, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_text_is_matched),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(no_text_is_slow),
		cmocka_unit_test(the_library_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
