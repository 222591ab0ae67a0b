// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What is defined: from a file, from requests, and how a changed file meets both.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "weir/config/json.h"
#include "weir/control/definition.h"

static const char first[] = "inputs: [{socket: 127.0.0.1}]\n"
			    "flows:\n"
			    "  kept: {keys: ipsource, value: bytes}\n"
			    "  changed: {keys: ipsource, value: bytes}\n"
			    "  gone: {keys: 'group:ipsource:net', value: bytes}\n"
			    "  replaced: {keys: ipsource, value: bytes}\n"
			    "thresholds: {big: {metric: kept, value: 1}}\n"
			    "groups: {net: {a: 10.0.0.0/8}}\n";
static const char second[] = "tick: 200ms\n"
			     "inputs: [{socket: 127.0.0.1}]\n"
			     "flows:\n"
			     "  replaced: {keys: ipsource, value: bytes}\n"
			     "  new: {keys: ipsource, value: frames}\n"
			     "  changed: {keys: ipsource, value: frames}\n"
			     "  kept: {keys: ipsource, value: bytes}\n"
			     "thresholds: {big: {metric: kept, value: 2}}\n"
			     "groups: {net: {a: [10.0.0.0/8, 192.0.2.0/24]}}\n"
			     "maps: {who: {x: 10.0.0.1}}\n";

static void read_config(struct config *c, struct definitions *set, const char *text)
{
	struct err_msg msg = {0};
	assert_int_equal(config_init(c, &msg), 0);
	if (config_read_text(c, "text", text, &msg) != 0 || config_finish(c, &msg) != 0)
		fail_msg("%s", msg.text);
	assert_int_equal(definitions_of(set, c, &msg), 0);
}

static void put_flow(struct definitions *set, const char *name, const char *text)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct node *n =
		json_read(&arena, "body", text, strlen(text), &json_body_limits, &msg);
	struct definition *d = definition_read(CONTROL_FLOW, name, n, &msg);
	if (d == NULL)
		fail_msg("%s", msg.text);
	arena_free(&arena); // the body is not kept
	assert_int_equal(definitions_put(set, d, &msg), 0);
}

static const char *value_of(const struct definitions *set, const char *name)
{
	const struct definition *d = definitions_find(set, CONTROL_FLOW, name);
	return d != NULL ? d->flow.value : NULL;
}

static void a_changed_file_meets_requests(void **state)
{
	struct config c, d;
	struct definitions file = {0}, next = {0}, now = {0};
	struct err_msg msg = {0};
	read_config(&c, &file, first);
	read_config(&d, &next, second);
	assert_int_equal(definitions_copy(&now, &file, &msg), 0);
	put_flow(&now, "asked", "{keys:'ipdestination',value:'bytes'}");
	put_flow(&now, "replaced", "{keys:'ipsource',value:'frames'}");
	const struct definition *kept = definitions_find(&now, CONTROL_FLOW, "kept");

	assert_int_equal(definitions_merge(&now, &file, &next, &msg), 0);
	assert_ptr_equal(definitions_find(&now, CONTROL_FLOW, "kept"), kept);
	assert_string_equal(value_of(&now, "changed"), "frames");
	assert_string_equal(value_of(&now, "new"), "frames");
	assert_null(value_of(&now, "gone"));
	assert_string_equal(value_of(&now, "asked"), "bytes");     // in neither file
	assert_string_equal(value_of(&now, "replaced"), "frames"); // the file says what it said
	assert_true(definitions_find(&now, CONTROL_THRESHOLD, "big")->threshold.value == 2);
	const struct definition *net = definitions_find(&now, CONTROL_GROUP, "net");
	assert_int_equal(node_get(net->body, "a")->n_children, 2);
	assert_non_null(definitions_find(&now, CONTROL_MAP, "who"));
	config_free(&d); // what is defined does not need it
	definitions_clear(&next);

	struct arena arena = {0};
	struct config view;
	assert_int_equal(definitions_view(&now, &c, &arena, &view, &msg), 0);
	assert_int_equal(view.n_flows, 5);
	assert_int_equal(view.n_tables, 2);
	arena_free(&arena);
	definitions_clear(&now);
	definitions_clear(&file);
	config_free(&c);
}

static void what_needs_a_restart_is_named(void **state)
{
	struct config c, d;
	struct definitions a = {0}, b = {0};
	char text[64];
	struct strbuf names = strbuf_of(text, sizeof(text));
	read_config(&c, &a, first);
	read_config(&d, &b, second);
	assert_true(config_differences(&c, &c, &names));
	assert_string_equal(text, "");
	assert_true(config_differences(&c, &d, &names));
	assert_string_equal(text, "tick");
	definitions_clear(&a);
	definitions_clear(&b);
	config_free(&c);
	config_free(&d);
}

static void trees_are_copied_and_compared(void **state)
{
	struct arena one = {0}, two = {0};
	struct err_msg msg = {0};
	const char text[] = "{a:{b:[1,'x',{c:null}],d:true},e:[]}";
	const struct node *n = json_read(&one, "t", text, strlen(text), &json_body_limits, &msg);
	const struct node *copy = node_copy(&two, n);
	assert_non_null(copy);
	assert_true(node_equal(n, copy));
	const struct node *b = node_get(node_get(copy, "a"), "b");
	assert_int_equal(b->n_children, 3);
	assert_int_equal(b->last->child->kind, NODE_NULL);
	const char *const others[] = {"{a:{b:[1,'x',{c:null}],d:true},e:[1]}",
				      "{a:{b:[1,'x',{c:null}]},d:true,e:[]}",
				      "{a:{b:[1,'y',{c:null}],d:true},e:[]}", "{}",
				      "{a:{b:[1,'x',{c:null}],d:true},f:[]}"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(node_equal(copy, json_read(&one, "t", others[i], strlen(others[i]),
							&json_body_limits, &msg)));
	arena_free(&one);
	assert_string_equal(b->child->next->text, "x");
	arena_free(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_file_meets_requests),
		cmocka_unit_test(what_needs_a_restart_is_named),
		cmocka_unit_test(trees_are_copied_and_compared),
	};
	return cmocka_run_group_tests_name("definition", tests, NULL, NULL);
}
