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
	struct hs_scratch *s = NULL;
	assert_int_equal(pattern_reserve(p, &s, &msg), 0);
	const bool is = pattern_match(p, s, text, strlen(text));
	pattern_scratch_free(s);
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
		{"\\ba\\b.b", "a b", true},
		{"\\p{Lu}\\p{L}+", "Abc", true},
		{"\\p{Lu}\\p{L}+", "abc", false},
		{"[[:alpha:]]{2}", "ab", true},
		{"\\x41\\x{42}", "AB", true},
		{"\\Qa.b|(c\\E|d", "a.b|(c", true},
		{"\\Qa.b", "a.b", true},
		{"\\Qa.b", "axb", false},
		{"a{", "a{", true},
		{"a{x}", "a{x}", true},
		{"a|b$|^c", "c", true},
		{"a|b$|^c", "ac", false},
		{"a$", "a\n", false},
		{"a.b", "a\nb", true},
		{"(?i:a)b", "Ab", true},
		{"(?i:a)b", "AB", false},
		{"(?<name>a)b", "ab", true},
		{".{3}", "\xc3\xa4x", true}, // bytes
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (match(cases[i].pattern, cases[i].text) != cases[i].is)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
}

static void what_is_no_pattern_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *says;
	} bad[] = {
		{"(", "pattern, character 1: there is no ) for this ("},
		{"ab(c", "pattern, character 3: there is no ) for this ("},
		{")", "pattern, character 1: there is no ( for this )"},
		{"a)|(?:b", "pattern, character 2: there is no ( for this )"},
		{"x[a", "pattern, character 2: Unterminated character class"},
		{"a[z-a]", "pattern, character 5: Range out of order"},
		{"*", "pattern, character 1: Invalid repeat"},
		{"a**", "pattern, character 3: Invalid repeat"},
		{"a{3,2}", "pattern, character 2: Invalid repeat"},
		{"a{0}b", "pattern, character 2: Invalid repeat"},
		{"(a)\\1", "pattern: Back-references are unsupported."},
		{"(?=a)", "pattern: Zero-width assertions are not supported."},
		{"a(?!b)", "pattern: Zero-width assertions are not supported."},
		{"(?<=a)b", "pattern: Zero-width assertions are not supported."},
		{"a++", "pattern: Possessive quantifiers are not supported."},
		{"a|*", "pattern, character 3: Invalid repeat"},
		{"x$y", "pattern: Embedded end anchors not supported."},
		{"ab\\", "pattern, character 3: Unescaped \\ at end of input."},
		{"a\\u0041", "pattern, character 2: '\\u' not supported."},
		{"(*UTF8)a", "pattern, character 3: (*UTF8) must be at start of expression"},
		// What the library reads otherwise than Java, or what hides a cost.
		{"[a-z&&[^b]]", "pattern, character 5: && in brackets is not known"},
		{"[\\Qa]", "pattern, character 2: \\Q in brackets"},
		{"a(?x)b c", "pattern, character 2: (?x) is not known"},
		{"(?i-x:b c)", "pattern, character 1: (?x) is not known"},
		{"(?#)){9}", "pattern, character 1: comments are not known"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err_msg msg = {0};
		const char *text = bad[i].pattern;
		struct pattern *p = pattern_compile(text, strlen(text), &msg);
		if (p != NULL || strncmp(msg.text, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", text, msg.text, bad[i].says);
	}
}

// Compiling them would take the library minutes, or gigabytes.
static void what_costs_too_much_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"a{1000}",
		"a{1,32767}",
		"a{999999999999999999999}",
		"(a{500}){2}",
		"(a{1,500}b{1,500}){1,30}",
		"((((){500}){500}){500}){500}",
		"(?:\\Qabcdefgh\\E{1}ab){60}",
		"((a)b){,300}",
		"a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err_msg msg = {0};
		if (pattern_compile(bad[i], strlen(bad[i]), &msg) != NULL ||
		    strncmp(msg.text, "pattern ", 8) != 0)
			fail_msg("accepted: %s (%s)", bad[i], msg.text);
	}
	char text[PATTERN_POSITIONS + 2];
	memset(text, 'a', sizeof(text));
	struct pattern *p = pattern_compile(text, PATTERN_POSITIONS, NULL);
	assert_non_null(p);
	pattern_free(p);
	assert_null(pattern_compile(text, PATTERN_POSITIONS + 1, NULL));
	assert_int_equal(match("a{512}", ""), 0);
	assert_int_equal(match("(\\d{1,3}\\.){3}\\d{1,3}", "10.0.0.255"), 1);
}

// One scratch for several patterns, and copies of it.
static void patterns_share_scratch(void **state)
{
	(void)state;
	struct pattern *a = pattern_compile("a*(b|c)+", 8, NULL);
	struct pattern *b = pattern_compile("(.*x.{12}){5}", 13, NULL);
	struct hs_scratch *s = NULL;
	assert_int_equal(pattern_reserve(a, &s, NULL), 0);
	assert_int_equal(pattern_reserve(b, &s, NULL), 0);
	struct hs_scratch *copy = pattern_scratch_copy(s);
	assert_non_null(copy);
	struct hs_scratch *const each[] = {s, copy};
	for (unsigned i = 0; i < 2; i++) {
		assert_true(pattern_match(a, each[i], "aabc", 4));
		assert_false(pattern_match(b, each[i], "aabc", 4));
	}
	assert_true(pattern_is(a, "a*(b|c)+", 8));
	assert_false(pattern_is(a, "a*(b|c)+", 7));
	assert_true(pattern_size(b) > 1000);
	struct pattern *same = pattern_ref(a);
	pattern_free(a);
	assert_true(pattern_match(same, s, "b", 1));
	pattern_free(same);
	pattern_free(b);
	pattern_scratch_free(s);
	pattern_scratch_free(copy);
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
	assert_int_equal(match("(.*a.*b){8}", text), 0);
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
static void the_c_library_agrees(void **state)
{
	(void)state;
	struct rng rng = rng_seeded(1);
	unsigned n = 0;
	for (unsigned i = 0; i < 400; i++) {
		char pattern[4096] = "", whole[4104];
		make_pattern(&rng, pattern, 2);
		snprintf(whole, sizeof(whole), "^(%s)$", pattern);
		regex_t re;
		struct hs_scratch *s = NULL;
		struct pattern *p = pattern_compile(pattern, strlen(pattern), NULL);
		if (p == NULL || strlen(pattern) > 60 || regcomp(&re, whole, REG_EXTENDED) != 0) {
			pattern_free(p);
			continue;
		}
		assert_int_equal(pattern_reserve(p, &s, NULL), 0);
		for (unsigned k = 0; k < 20; k++) {
			char text[9] = "";
			for (size_t c = rng_u64(&rng) % 9; c-- > 0;)
				text[c] = (char)('a' + rng_u64(&rng) % 3);
			const bool is = regexec(&re, text, 0, NULL, 0) == 0;
			if (is != pattern_match(p, s, text, strlen(text)))
				fail_msg("%s on \"%s\": expected %d", pattern, text, is);
			n++;
		}
		regfree(&re);
		pattern_scratch_free(s);
		pattern_free(p);
	}
	assert_in_range(n, 1000, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_text_is_matched),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(what_costs_too_much_is_refused),
		cmocka_unit_test(patterns_share_scratch),
		cmocka_unit_test(no_text_is_slow),
		cmocka_unit_test(the_c_library_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
