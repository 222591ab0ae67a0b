// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

static const char *utf8(const char *text)
{
	static char copy[64];
	strcpy(copy, text);
	text_make_utf8(copy);
	assert_true(text_is_utf8(copy));
	assert_int_equal(text_is_utf8(text), strcmp(text, copy) == 0);
	return copy;
}

static void utf8_keeps_what_is_valid(void **state)
{
	(void)state;
	assert_string_equal(utf8(""), "");
	assert_string_equal(utf8("swp1s1"), "swp1s1");
	assert_string_equal(utf8("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a"),
			    "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a");
	assert_string_equal(utf8("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"),
			    "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void utf8_replaces_what_is_not(void **state)
{
	(void)state;
	assert_string_equal(utf8("a\xff"), "a?");
	assert_string_equal(utf8("\xc3"), "?");                // ends early
	assert_string_equal(utf8("\xe2\x82"), "??");           //
	assert_string_equal(utf8("\xe2\x41\x82"), "?A?");      // broken off
	assert_string_equal(utf8("\xc0\x80"), "??");           // overlong NUL
	assert_string_equal(utf8("\xe0\x9f\xbf"), "???");      // overlong
	assert_string_equal(utf8("\xed\xa0\x80"), "???");      // surrogate
	assert_string_equal(utf8("\xf4\x90\x80\x80"), "????"); // beyond U+10FFFF
	assert_string_equal(utf8("\xf8\x88\x80\x80"), "????"); // no such length
}

static void printable_has_no_controls(void **state)
{
	(void)state;
	char text[] = "\x1b[2Jx\x07\x7f\xc2\x9bm\xc2\xa0\xc3\x9b\n";
	text_make_printable(text);
	assert_string_equal(text, "?[2Jx????m\xc2\xa0\xc3\x9b?");
}

static void columns_are_characters(void **state)
{
	(void)state;
	assert_int_equal(text_columns("a\xc3\xa9\xe2\x82\xac"), 3);
	assert_int_equal(text_cut("a\xc3\xa9\xe2\x82\xac", 2), 3);
	assert_int_equal(text_cut("a\xc3\xa9", 0), 0);
	assert_int_equal(text_cut("a\xc3\xa9", 9), 3);
}

static void bytes_are_dumped(void **state)
{
	(void)state;
	char text[512];
	struct strbuf b = strbuf_of(text, sizeof(text));
	text_hexdump(&b, "  ", (const uint8_t *)"0123456789 abcde\x1b\xff\n", 19);
	assert_string_equal(text, "  0000  30 31 32 33 34 35 36 37  38 39 20 61 62 63 64 65  "
				  "|0123456789 abcde|\n"
				  "  0010  1b ff 0a                                          "
				  "|...|\n");
	b = strbuf_of(text, sizeof(text));
	text_hexdump(&b, "", NULL, 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_keeps_what_is_valid),
		cmocka_unit_test(utf8_replaces_what_is_not),
		cmocka_unit_test(printable_has_no_controls),
		cmocka_unit_test(columns_are_characters),
		cmocka_unit_test(bytes_are_dumped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
