// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "weir/config/json.h"

typedef const struct node *reader(struct arena *, const char *, const char *, size_t,
				  const struct json_limits *, struct err_msg *);

// The tree as canonical JSON: what two documents that mean the same have in common.
static void dump(const struct node *n, struct strbuf *b)
{
	if (n->name != NULL)
		strbuf_fmt(b, "\"%s\":", n->name);
	switch (n->kind) {
	case NODE_NULL: strbuf_str(b, "null"); return;
	case NODE_STRING: strbuf_fmt(b, "\"%s\"", n->text); return;
	case NODE_BOOL:
	case NODE_NUMBER: strbuf_str(b, n->text); return;
	default: break;
	}
	strbuf_char(b, n->kind == NODE_MAP ? '{' : '[');
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		dump(e, b);
		if (e->next != NULL)
			strbuf_char(b, ',');
	}
	strbuf_char(b, n->kind == NODE_MAP ? '}' : ']');
}

// Read @p text; its dump, or "error: " and the message.
static const char *read_with(reader *read, const char *text, size_t size)
{
	static char out[8192];
	struct arena arena = {0};
	struct err_msg msg = {0};
	struct strbuf b = strbuf_of(out, sizeof(out));
	const struct node *root = read(&arena, "f", text, size, &json_body_limits, &msg);
	if (root != NULL) {
		assert_string_equal(msg.text, "");
		dump(root, &b);
	} else {
		strbuf_fmt(&b, "error: %s", msg.text);
	}
	arena_free(&arena);
	return out;
}

static const char *json(const char *text)
{
	return read_with(json_read, text, strlen(text));
}

static const char *yaml(const char *text)
{
	return read_with(json_read_yaml, text, strlen(text));
}

struct sample {
	const char *text;
	const char *want;
};

#define CHECK(read, samples) check(read, samples, sizeof(samples) / sizeof((samples)[0]))

static void check(const char *(*read)(const char *), const struct sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_string_equal(read(s[i].text), s[i].want);
}

static void json_reads_what_the_standard_allows(void **state)
{
	static const struct sample samples[] = {
		{"{}", "{}"},
		{" [ ] ", "[]"},
		{"\xef\xbb\xbf{}", "{}"},
		{"[1,-2.5e3,0.1E-7,true,false,null]", "[1,-2.5e3,0.1E-7,true,false,null]"},
		{"{\"a\":{\"b\":[{\"c\":1}]},\"d\":\"e\"}",
		 "{\"a\":{\"b\":[{\"c\":1}]},\"d\":\"e\"}"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\"\\/\b\f\n\r\t\""},
		{"\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"",
		 "\"A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\"\xc3\xa4\"", "\"\xc3\xa4\""},
		{"7", "7"},
	};
	CHECK(json, samples);
}

static void json_tolerates_what_clients_send(void **state)
{
	static const struct sample samples[] = {
		{"{\"keys\":\"ipsource,ipdestination\",value:\"bytes\"}",
		 "{\"keys\":\"ipsource,ipdestination\",\"value\":\"bytes\"}"},
		{"{'keys':'a','filter':'x=\"y\"'}", "{\"keys\":\"a\",\"filter\":\"x=\"y\"\"}"},
		{"{a_b-c.1$:1,}", "{\"a_b-c.1$\":1}"},
		{"[1,2,]", "[1,2]"},
		{"[+1,.5,1.]", "[+1,.5,1.]"},
		{"{'it\\'s':1}", "{\"it's\":1}"},
		{"{filter:null}", "{\"filter\":null}"},
		{"{1:2}", "{\"1\":2}"},
	};
	CHECK(json, samples);
}

static void json_says_where_it_is_malformed(void **state)
{
	static const struct sample samples[] = {
		{"", "error: f:1:1: expected a value, got the end"},
		{"{", "error: f:1:2: expected a name or '}', got the end"},
		{"[", "error: f:1:2: expected a value, got the end"},
		{"[1", "error: f:1:3: expected ',' or ']', got the end"},
		{"[1}", "error: f:1:3: expected ',' or ']', got '}'"},
		{"{a:1 b:2}", "error: f:1:6: expected ',' or '}', got 'b'"},
		{"{a 1}", "error: f:1:4: expected ':' behind the name, got '1'"},
		{"{a:}", "error: f:1:4: expected a value, got '}'"},
		{"{,}", "error: f:1:2: expected a name or '}', got ','"},
		{"[,]", "error: f:1:2: expected a value, got ','"},
		{"[1,,2]", "error: f:1:4: expected a value, got ','"},
		{"{a:1,,}", "error: f:1:6: expected a name or '}', got ','"},
		{"{\n  \"value\": bytes\n}",
		 "error: f:2:12: got bytes, expected a value (a string needs quotes)"},
		{"[1.2.3]", "error: f:1:2: got 1.2.3, expected a value (a string needs quotes)"},
		{"[-]", "error: f:1:2: got -, expected a value (a string needs quotes)"},
		{"[1e]", "error: f:1:2: got 1e, expected a value (a string needs quotes)"},
		{"[NaN]", "error: f:1:2: got NaN, expected a value (a string needs quotes)"},
		{"{} x", "error: f:1:4: expected the end of the document, got 'x'"},
		{"{}{}", "error: f:1:3: expected the end of the document, got '{'"},
		{"]", "error: f:1:1: expected a value, got ']'"},
		{"\x01", "error: f:1:1: expected a value, got 0x01"},
		{"[\"\xc3\xa4\", x]",
		 "error: f:1:7: got x, expected a value (a string needs quotes)"},
	};
	CHECK(json, samples);
}

static void json_refuses_bad_strings(void **state)
{
	static const struct sample samples[] = {
		{"\"abc", "error: f:1:1: a string without its closing \""},
		{"['abc\"]", "error: f:1:2: a string without its closing '"},
		{"\"a\nb\"", "error: f:1:1: a string without its closing \""},
		{"\"\\", "error: f:1:1: a string without its closing \""},
		{"\"\\\"", "error: f:1:1: a string without its closing \""},
		{"\"a\x02\"", "error: f:1:3: expected no control character in a string, got 0x02"},
		{"\"\\x\"", "error: f:1:3: expected one of \" ' \\ / b f n r t u behind the "
			    "backslash, got 'x'"},
		{"\"\\u12g4\"", "error: f:1:6: expected four hex digits, got 'g'"},
		{"\"\\u12\"", "error: f:1:6: expected four hex digits, got '\"'"},
		{"\"\\ud800\"", "error: f:1:8: half of a surrogate pair"},
		{"\"\\ud800\\u0041\"", "error: f:1:14: half of a surrogate pair"},
		{"\"\\udc00\"", "error: f:1:8: half of a surrogate pair"},
		{"\"\\u0000\"", "error: f:1:8: a string must not hold the character NUL"},
		{"[\"\xff\"]", "error: f:1:2: a string that is not valid UTF-8"},
		{"[\"\xc0\x80\"]", "error: f:1:2: a string that is not valid UTF-8"},
		{"[\"\xed\xa0\x80\"]", "error: f:1:2: a string that is not valid UTF-8"},
		{"[\"\xf4\x90\x80\x80\"]", "error: f:1:2: a string that is not valid UTF-8"},
		{"[\"\xe2\x82\"]", "error: f:1:2: a string that is not valid UTF-8"},
	};
	CHECK(json, samples);
}

static void names_given_twice_are_refused(void **state)
{
	assert_string_equal(json("{\"a\":1,\n \"b\":{\"c\":2,'c':3}}"),
			    "error: f:2:13: b.c: given twice, first at line 2, column 7");
	assert_string_equal(yaml("flows:\n  x: 1\n  y: 2\n  x: 3\n"),
			    "error: f:4:3: flows.x: given twice, first at line 2, column 3");
	assert_string_equal(json("[{a:1},{a:2}]"), "[{\"a\":1},{\"a\":2}]");
}

static void limits_hold(void **state)
{
	enum {
		DEEP = 100000
	};
	static char text[2 * DEEP + 1];
	struct arena arena = {0};
	struct err_msg msg = {0};
	memset(text, '[', DEEP);
	memset(text + DEEP, ']', DEEP);
	struct json_limits limits = {.size = sizeof(text), .depth = DEEP};
	assert_non_null(json_read(&arena, "f", text, 2 * DEEP, &limits, &msg));
	limits.depth = 16;
	assert_null(json_read(&arena, "f", text, 2 * DEEP, &limits, &msg));
	assert_string_equal(msg.text, "f:1:17: more than 16 lists and maps inside one another");
	assert_null(json_read_yaml(&arena, "f", text, 2 * DEEP, &limits, &msg));
	assert_string_equal(msg.text, "f:1:17: more than 16 lists and maps inside one another");
	limits.size = 100;
	assert_null(json_read(&arena, "f", text, 101, &limits, &msg));
	assert_string_equal(msg.text, "f: 101 bytes, more than the 100 that are allowed");
	assert_null(json_read_yaml(&arena, "f", text, 101, &limits, &msg));
	assert_string_equal(msg.text, "f: 101 bytes, more than the 100 that are allowed");
	arena_free(&arena);
}

// A square number of comparisons would take minutes here.
static void many_names_are_checked_quickly(void **state)
{
	enum {
		NAMES = 150000
	};
	const size_t size = NAMES * 10 + 16;
	char *text = malloc(size);
	struct strbuf b = strbuf_of(text, size);
	strbuf_char(&b, '{');
	for (unsigned i = 0; i < NAMES; i++)
		strbuf_fmt(&b, "a%u:1,", (i * 7919u) % NAMES);
	strbuf_str(&b, "a77:2}");
	assert_false(b.cut);
	struct arena arena = {0};
	struct err_msg msg = {0};
	assert_null(json_read(&arena, "f", text, b.len, &json_file_limits, &msg));
	assert_non_null(strstr(msg.text, "a77: given twice, first at line 1"));
	arena_free(&arena);
	free(text);
}

// Every prefix of a document ends in an error with a place, never in a read beyond the end.
static void truncated_documents_end_cleanly(void **state)
{
	static const char text[] = "{\"a\":[1,{'b':\"\\u00e4\\ud83d\\ude00\"},null],c:true}";
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		char *copy = malloc(size ? size : 1);
		memcpy(copy, text, size);
		assert_ptr_equal(strstr(read_with(json_read, copy, size), "error: f:1:"),
				 read_with(json_read, copy, size));
		free(copy);
	}
	assert_string_equal(json(text),
			    "{\"a\":[1,{\"b\":\"\xc3\xa4\xf0\x9f\x98\x80\"},null],\"c\":true}");
}

static void yaml_means_the_same(void **state)
{
	static const struct sample samples[] = {
		{"", "{}"},
		{"# only a comment\n", "{}"},
		{"a: 1\nb:\n  - x\n  - {c: d}\n", "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}]}"},
		{"a: ~\nb:\nc: null\n", "{\"a\":null,\"b\":null,\"c\":null}"},
		{"[true, True, false, yes, 'true']", "[true,true,false,\"yes\",\"true\"]"},
		{"[1, 1.5e3, '1', 0x10, 1_000, 1:30]",
		 "[1,1.5e3,\"1\",\"0x10\",\"1_000\",\"1:30\"]"},
		{"a: |\n  two\n  lines\n", "{\"a\":\"two\nlines\n\"}"},
		{"{\"a\":{\"b\":[{\"c\":1}]},\"d\":\"e\"}",
		 "{\"a\":{\"b\":[{\"c\":1}]},\"d\":\"e\"}"},
	};
	CHECK(yaml, samples);
}

// What a REST client may send must mean the same when it is pasted into the file.
static void yaml_flow_style_needs_no_space(void **state)
{
	static const struct sample samples[] = {
		{"{\"keys\":\"ipsource,ipdestination\",value:\"bytes\"}",
		 "{\"keys\":\"ipsource,ipdestination\",\"value\":\"bytes\"}"},
		{"pair: {value:bytes, n:5, filter:'a=b'}",
		 "{\"pair\":{\"value\":\"bytes\",\"n\":5,\"filter\":\"a=b\"}}"},
		{"{a: {b:true}, c:null}", "{\"a\":{\"b\":true},\"c\":null}"},
		{"{a:b:c}", "{\"a\":\"b:c\"}"},
		{"{a:}", "error: f:1:3: while scanning a plain scalar: found unexpected ':'"},
		{"[a:b]", "[\"a:b\"]"},
		{"{'a:b':}", "{\"a:b\":null}"},
		{"a: 1\nb:c: 2\n", "{\"a\":1,\"b:c\":2}"},
		{"{keys:\"a,b\"}", "error: f:1:9: a space is needed behind \"keys:\""},
		{"{keys:\"a\\\"b\"}", "error: f:1:13: a space is needed behind \"keys:\""},
		{"{keys:\"a}", "error: f:1:9: a space is needed behind \"keys:\""},
		{"{keys:[a]}", "error: f:1:6: while scanning a plain scalar: found unexpected ':'"},
	};
	CHECK(yaml, samples);
}

static void yaml_refuses_what_json_has_not(void **state)
{
	static const struct sample samples[] = {
		{"a: &x 1\n", "error: f:1:4: anchors (&) are not supported"},
		{"a: &x [1]\n", "error: f:1:4: anchors (&) are not supported"},
		{"a: &x {b: 1}\n", "error: f:1:4: anchors (&) are not supported"},
		{"a: *x\n", "error: f:1:4: aliases (*x) are not supported"},
		{"a: !!str 1\n", "error: f:1:4: tags are not supported"},
		{"a: !x [1]\n", "error: f:1:4: tags are not supported"},
		{"? [a]\n: 1\n", "error: f:1:3: a name must be a text, not a list"},
		{"a: 1\n---\nb: 2\n", "error: f:2:1: a second document in one file"},
		{"a: 1\n b: 2\n", "error: f:2:3: mapping values are not allowed in this context"},
		{"a: \"\\0\"\n", "error: f:1:4: a text that holds the character NUL"},
		{"a: \xff\n", "error: f: byte 3: invalid leading UTF-8 octet"},
		{"\ta: 1\n", "error: f:1:1: while scanning for the next token: "
			     "found character that cannot start any token"},
	};
	CHECK(yaml, samples);
}

static void nodes_know_their_place(void **state)
{
	static const char text[] = "flows:\n  pair:\n    keys: a\n    n: many\ninputs:\n"
				   "- socket: x\n- {port: y, list: [1, 2]}\n";
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct node *root =
		json_read_yaml(&arena, "weir.yaml", text, strlen(text), &json_file_limits, &msg);
	assert_non_null(root);
	const struct node *n = node_get(node_get(node_get(root, "flows"), "pair"), "n");
	assert_int_equal(node_error(n, &msg, ERR_RANGE, "got \"%s\"", n->text), ERR_RANGE);
	assert_string_equal(msg.text, "weir.yaml:4:8: flows.pair.n: got \"many\"");
	node_name_error(n, &msg, ERR_UNKNOWN, "who?");
	assert_string_equal(msg.text, "weir.yaml:4:5: flows.pair.n: who?");
	n = node_get(node_get(root, "inputs")->child->next, "list")->last;
	node_error(n, &msg, ERR_RANGE, "no");
	assert_string_equal(msg.text, "weir.yaml:7:23: inputs[1].list[1]: no");
	node_error(root, &msg, ERR_RANGE, "no");
	assert_string_equal(msg.text, "weir.yaml:1:1: no");
	assert_null(node_get(root, "nothing"));
	assert_null(node_get(n, "nothing"));
	arena_free(&arena);
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/weir-test-json-XXXXXX";
	const int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	for (unsigned i = 0; i < 5000; i++)
		fprintf(f, "name%u: %u\n", i, i);
	fclose(f);
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct node *root = json_load_yaml(&arena, path, &json_file_limits, &msg);
	assert_non_null(root);
	assert_int_equal(root->n_children, 5000);
	assert_string_equal(root->last->text, "4999");
	assert_null(
		json_load_yaml(&arena, path, &(struct json_limits){.size = 10, .depth = 9}, &msg));
	unlink(path);
	assert_null(json_load_yaml(&arena, "/nonexistent/weir.yaml", &json_file_limits, &msg));
	assert_string_equal(msg.text, "/nonexistent/weir.yaml: No such file or directory");
	assert_null(json_load_yaml(&arena, "/", &json_file_limits, &msg));
	assert_string_equal(msg.text, "/: Is a directory");
	arena_free(&arena);
	arena_free(&arena); // nothing left: no harm
}

static void arena_grows_and_refuses_overflow(void **state)
{
	struct arena arena = {0};
	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		char *p = arena_alloc(&arena, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
	assert_null(arena_alloc(&arena, SIZE_MAX - 3));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_reads_what_the_standard_allows),
		cmocka_unit_test(json_tolerates_what_clients_send),
		cmocka_unit_test(json_says_where_it_is_malformed),
		cmocka_unit_test(json_refuses_bad_strings),
		cmocka_unit_test(names_given_twice_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(many_names_are_checked_quickly),
		cmocka_unit_test(truncated_documents_end_cleanly),
		cmocka_unit_test(yaml_means_the_same),
		cmocka_unit_test(yaml_flow_style_needs_no_space),
		cmocka_unit_test(yaml_refuses_what_json_has_not),
		cmocka_unit_test(nodes_know_their_place),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(arena_grows_and_refuses_overflow),
	};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
