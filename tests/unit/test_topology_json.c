// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Topologies as programs send them, and what they get back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "weir/config/json.h"
#include "weir/rest/topology_json.h"

static struct topology *read_text(const char *text, struct err_msg *msg)
{
	struct arena arena = {0};
	const struct node *body =
		json_read(&arena, "request", text, strlen(text), &json_body_limits, msg);
	struct topology *t = body != NULL ? topology_read(body, msg) : NULL;
	arena_free(&arena);
	return t;
}

static void goes_and_comes_back(void **state)
{
	static const char want[] =
		"{\"version\":7,\"nodes\":{"
		"\"leaf1\":{\"agent\":\"10.0.0.1\",\"dpid\":\"0003\",\"tags\":{\"rack\":\"7\"},"
		"\"ports\":{\"eth1\":{\"ifindex\":\"2\",\"ofport\":\"1\",\"dpid\":\"0003\","
		"\"tags\":{\"a\":\"b\"}}}},"
		"\"spine1\":{\"ports\":{}}},"
		"\"links\":{\"l\":{\"node1\":\"leaf1\",\"port1\":\"eth1\",\"node2\":\"spine1\","
		"\"port2\":\"2\"}}}";
	struct err_msg msg = {0};
	struct topology *t =
		read_text("{nodes:{leaf1:{agent:'10.0.0.1', dpid:'0003', tags:{rack:7}, other:[1],"
			  "ports:{eth1:{ifindex:2, ofport:'1', dpid:'0003', tags:{a:'b'}}}},"
			  "spine1:{ports:null, tags:{}}},"
			  "links:{l:{node1:'leaf1',port1:'eth1',node2:'spine1',port2:2}}}",
			  &msg);
	if (t == NULL)
		fail_msg("%s", msg.text);
	json_t *json = topology_json(t, 7);
	char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(json);
	topology_free(t);
	json = topology_json(NULL, 0);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, "{\"version\":0,\"nodes\":{},\"links\":{}}");
	free(text);
	json_decref(json);
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *message;
	} c[] = {
		{"[]", "request:1:1: got a list, expected a map"},
		{"{links:[]}", "request:1:8: links: got a list, expected a map"},
		{"{links:{a:1}}", "request:1:11: links.a: got a number, expected a map"},
		{"{links:{a:{node1:'x',port1:'y',node2:'z'}}}",
		 "request:1:11: links.a: expected a member port2"},
		{"{nodes:{a:{agent:[]}}}",
		 "request:1:18: nodes.a.agent: got a list, expected a text"},
		{"{nodes:{a:{ports:{p:3}}}}",
		 "request:1:21: nodes.a.ports.p: got a number, expected a map"},
		{"{nodes:{a:{tags:{p:{}}}}}",
		 "request:1:20: nodes.a.tags.p: got a map, expected a text"},
		{"{nodes:{a:{ports:{p:{ifindex:'eth0'}}}}}",
		 "request: nodes.a.ports.p.ifindex: got \"eth0\", expected a number"},
	};
	for (unsigned i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct err_msg msg = {0};
		assert_null(read_text(c[i].text, &msg));
		assert_string_equal(msg.text, c[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_and_comes_back),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
