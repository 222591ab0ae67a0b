// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "program/group.h"
#include "program_rig.h"
#include "table/cell.h"

#define TCP(keys)  key_text(keys, NULL, tcp_frame, sizeof(tcp_frame))
#define UDP6(keys) key_text(keys, NULL, udp6_frame, sizeof(udp6_frame))

static void keys_are_gathered_and_written(void **state)
{
	assert_string_equal(TCP("ipsource,ipdestination"), "10.0.0.1,10.0.0.2");
	assert_string_equal(TCP("ipdestination,ipsource"), "10.0.0.2,10.0.0.1");
	assert_string_equal(TCP("ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport,"
				"or:tcpdestinationport:udpdestinationport"),
			    "10.0.0.1,10.0.0.2,6,1234,80");
	assert_string_equal(TCP("macsource,vlan,priority"), "66778899AABB,100,5");
	assert_string_equal(TCP("tcpflags,inputifindex,outputifindex"), "000010010,7,9");
	assert_string_equal(UDP6("ip6source,ip6destination"), "2001:DB8::1,2001:DB8::2");
	assert_string_equal(UDP6("or:tcpsourceport:udpsourceport"), "53");
	assert_string_equal(TCP(""), "");
}

static void absent_attributes_do_not_match(void **state)
{
	assert_string_equal(UDP6("ipsource"), "(none)");
	assert_string_equal(TCP("ipsource,udpsourceport"), "(none)");
	assert_string_equal(TCP("vlan.1"), "(none)");
	assert_string_equal(TCP("vlan.0"), "100");
}

static void absence_can_be_allowed(void **state)
{
	assert_string_equal(UDP6("null:vlan,ip6source"), "null,2001:DB8::1");
	assert_string_equal(UDP6("null:vlan:untagged,ip6source"), "untagged,2001:DB8::1");
	assert_string_equal(TCP("null:[or:ipsource:ip6source]:x"), "10.0.0.1");
	assert_string_equal(UDP6("null:[or:ipsource:ip6source]:x"), "2001:DB8::1");
	assert_string_equal(UDP6("or:ipsource:ip6source,or:[ipdestination]:[ip6destination]"),
			    "2001:DB8::1,2001:DB8::2");
}

static void headers_cut_short_lose_their_keys(void **state)
{
	// Up to and including the IPv4 destination; the ports are gone.
	assert_string_equal(key_text("ipsource,ipdestination", NULL, tcp_frame, 1 + 18 + 20),
			    "10.0.0.1,10.0.0.2");
	assert_string_equal(key_text("ipsource,ipdestination", NULL, tcp_frame, 1 + 18 + 19),
			    "(none)");
	assert_string_equal(key_text("ipsource", NULL, tcp_frame, 1 + 18 + 16), "10.0.0.1");
	assert_string_equal(key_text("tcpsourceport", NULL, tcp_frame, 1 + 18 + 22), "1234");
	assert_string_equal(key_text("tcpdestinationport", NULL, tcp_frame, 1 + 18 + 22), "(none)");
}

static void filters_choose(void **state)
{
	static const struct {
		const char *text;
		bool tcp, udp6;
	} cases[] = {
		{"ipprotocol=6", true, false},
		{"ipprotocol=17", false, false},
		{"ipprotocol=6,17", true, false},
		{"ipprotocol!=6", false, true}, // absent passes !=
		{"ipsource=10.0.0.1&ipdestination=10.0.0.2", true, false},
		{"ipsource=10.0.0.1&ipdestination=10.0.0.3", false, false},
		{"ipsource=10.0.0.9|ip6source=2001:db8::1", false, true},
		{"ipsource=10.0.0.1|ip6source=2001:DB8::1", true, true},
		{"vlan=null", false, true},
		{"vlan!=null", true, false},
		{"vlan=null,100", true, true},
		{"vlan!=null,100", false, false},
		{"(ipprotocol=17|vlan=100)&tcpdestinationport=80", true, false},
		{"ipprotocol=17|vlan=100&tcpdestinationport=81", false, false},
		{"udpsourceport=53|ipprotocol=6&vlan=100", true, true},
		{"(udpsourceport=53|vlan=7)&(ip6nexthdr=17&ip6source!=::)", false, true},
		{" 'ipprotocol' = \"6,17\" & vlan = 100 ", true, false},
		{"!(vlan=100)", false, true}, // as vlan!=100: absent passes
		{"!vlan=100", false, true},
		{"! ( ! vlan = 100 )", true, false},
		{"!(ipprotocol=6&vlan=100)|vlan=7", false, true},
		{"ip6nexthdr=17|!(ipprotocol=17|vlan=7)&tcpdestinationport=80", true, true},
		{"!(ipprotocol=17|vlan=100)&udpsourceport=53", false, true},
		{"ipprotocol='17','6'", true, false},
		{"ipprotocol = \"17\" , 6&vlan=100", true, false},
		{"ipprotocol=17,'6,1'|ip6nexthdr=\"17\"", true, true},
		{"ipprotocol=6\n & vlan\r\n= 100\n", true, false},
		{"(\nudpsourceport=53 |\n vlan=7\n)", false, true},
		{"or:tcpdestinationport:udpdestinationport=80,999", true, true},
		{"tcpflags=000010010", true, false},
		{"((((vlan=100))))", true, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (matches(cases[i].text, NULL, tcp_frame, sizeof(tcp_frame)) != cases[i].tcp ||
		    matches(cases[i].text, NULL, udp6_frame, sizeof(udp6_frame)) != cases[i].udp6)
			fail_msg("wrong: %s", cases[i].text);
	}
}

static const struct {
	struct flow_spec s;
	const char *text;
} mistakes[] = {
	{{.keys = "ipsorce", .value = "bytes", .filter = ""},
	 "flow \"f\": keys: at character 1: unknown attribute \"ipsorce\" (did you mean "
	 "\"ipsource\"?)"},
	{{.keys = "ipsource,sourcegroup", .value = "bytes"},
	 "flow \"f\": keys: at character 10: unknown attribute \"sourcegroup\" (did you "
	 "mean \"group:ipsource:GROUP\"?)"},
	{{.keys = "ipsource,", .value = "bytes", .filter = ""},
	 "flow \"f\": keys: at character 9: expected an attribute after the last comma"},
	{{.keys = "", .value = "byte", .filter = ""},
	 "flow \"f\": value: at character 1: unknown attribute \"byte\" (did you mean "
	 "\"bytes\"?)"},
	{{.keys = "", .value = "ip6source", .filter = ""},
	 "flow \"f\": value: at character 1: \"ip6source\" is not a number"},
	{{.keys = "", .value = "bytes", .filter = "vlan=x"},
	 "flow \"f\": filter: at character 6: \"x\" is no value of \"vlan\""},
	{{.keys = "", .value = "bytes", .filter = "(vlan=1"},
	 "flow \"f\": filter: at character 8: expected )"},
	{{.keys = "", .value = "bytes", .filter = "vlan='1','2"},
	 "flow \"f\": filter: at character 12: expected the closing quote"},
	{{.keys = "", .value = "bytes", .filter = "vlan='1','x'"},
	 "flow \"f\": filter: at character 11: \"x\" is no value of \"vlan\""},
	{{.keys = "", .value = "bytes", .filter = "vlan='1',"},
	 "flow \"f\": filter: at character 10: expected a value"},
	{{.keys = "", .value = "bytes", .filter = "vlan=1)"},
	 "flow \"f\": filter: at character 7: expected & or |"},
	{{.keys = "", .value = "bytes", .filter = "vlan"},
	 "flow \"f\": filter: at character 5: expected =, !=, ~ or !~"},
	{{.keys = "", .value = "bytes", .filter = "vlan=1&vlna=2"},
	 "flow \"f\": filter: at character 8: unknown attribute \"vlna\" (did you mean "
	 "\"vlan\"?)"},
	{{.keys = "ipsource.x", .value = "bytes", .filter = ""},
	 "flow \"f\": keys: at character 1: \"ipsource.x\": expected digits after the dot"},
	{{.keys = "ipsource, or:vlan:[null:[bits:ip6flowlable:3]]", .value = "bytes"},
	 "flow \"f\": keys: at character 31: unknown attribute \"ip6flowlable\" (did you "
	 "mean \"ip6flowlabel\"?)"},
	{{.keys = "", .value = "avgg:bytes"},
	 "flow \"f\": value: at character 1: unknown \"avgg:\" (did you mean \"avg:\"?), "
	 "expected rate:, sum:, avg:, min:, max: or count:"},
	{{.keys = "", .value = "avg:byte"},
	 "flow \"f\": value: at character 5: unknown attribute \"byte\" (did you mean "
	 "\"bytes\"?)"},
	{{.keys = "", .value = "bytes", .values = "avg:bytes, max:stack"},
	 "flow \"f\": values: at character 16: \"stack\" is not a number"},
	{{.keys = "", .value = "avg:bytes", .log = true},
	 "flow \"f\": value: \"avg:bytes\" has no total, and completed flows are reported "
	 "with theirs; expected bytes, frames or another sum"},
	{{.keys = "ipsource, stack,vlan", .value = "bytes", .ipfix = "192.0.2.9"},
	 "flow \"f\": keys: \"stack\" is nothing that IPFIX has a name for; with "
	 "ipfixCollectors, expected MAC or IP addresses, protocols, ports, VLANs, "
	 "interfaces "
	 "and the like, without functions but null: and or:"},
	{{.keys = "mask:ipsource:24", .value = "bytes", .ipfix = "192.0.2.9"},
	 "flow \"f\": keys: \"mask:ipsource:24\" is nothing that IPFIX has a name for; "
	 "with "
	 "ipfixCollectors, expected MAC or IP addresses, protocols, ports, VLANs, "
	 "interfaces "
	 "and the like, without functions but null: and or:"},
	{{.keys = "or:ipsource:ipdestination", .value = "bytes", .ipfix = "192.0.2.9"},
	 "flow \"f\": keys: \"or:ipsource:ipdestination\" is nothing that IPFIX has a name "
	 "for; with ipfixCollectors, expected MAC or IP addresses, protocols, ports, "
	 "VLANs, "
	 "interfaces and the like, without functions but null: and or:"},
	{{.keys = "ipsource", .value = "tcprtt", .ipfix = "192.0.2.9"},
	 "flow \"f\": value: got \"tcprtt\", expected bytes or frames where there are "
	 "ipfixCollectors"},
};

static void errors_point_at_the_mistake(void **state)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct flow_spec s = mistakes[i].s;
		s.name = "f";
		s.fs = ",";
		s.values = s.values != NULL ? s.values : "";
		s.filter = s.filter != NULL ? s.filter : "";
		s.t = 1;
		struct err_msg msg = {0};
		assert_null(program_compile(&s, 1, &msg));
		assert_string_equal(msg.text, mistakes[i].text);
	}
}

static void hostile_texts_are_refused(void **state)
{
	char deep[5000];
	struct err_msg msg = {0};
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	struct flow_spec s = spec(deep, "bytes", "");
	assert_null(program_compile(&s, 1, &msg));
	memset(deep, '(', sizeof(deep) - 1);
	assert_null(filter_compile(deep, NULL, &msg));
	memset(deep, '!', sizeof(deep) - 1);
	assert_null(filter_compile(deep, NULL, &msg));
	static const char *const bad[] = {"",        "=",       "&",       "!",
					  "'",       "vlan='1", "vlan=1&", "vlan=,1",
					  "vlan=1,", "[",       "vlan==1", "\\"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (filter_compile(bad[i], NULL, &msg) != NULL)
			fail_msg("accepted: %s", bad[i]);
}

static void adjacent_copies_are_fused(void **state)
{
	struct flow_spec s =
		spec("ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport,"
		     "or:tcpdestinationport:udpdestinationport",
		     "bytes", "");
	struct program *p = program_compile(&s, 1, NULL);
	assert_int_equal(p->def[0].n_gather, 3);
	assert_int_equal(p->def[0].key_size, 24);
	assert_false(p->inner);
	program_free(p);
	s = spec("ipsource.1", "bytes", "");
	p = program_compile(&s, 1, NULL);
	assert_true(p->inner);
	program_free(p);
}

static void identity_follows_the_text(void **state)
{
	struct flow_spec a = spec("ipsource", "bytes", ""), b = a, c = a;
	b.name = "g";
	c.filter = "vlan=1";
	struct flow_spec all[] = {a, b, c};
	all[2].name = "h";
	struct program *p = program_compile(all, 3, NULL);
	assert_true(p->def[0].id == p->def[1].id);
	assert_true(p->def[0].id != p->def[2].id);
	assert_ptr_equal(program_find(p, "h"), &p->def[2]);
	assert_null(program_find(p, "x"));
	program_free(p);
	all[1].name = "f";
	struct err_msg msg;
	assert_null(program_compile(all, 2, &msg));
	assert_string_equal(msg.text, "flow \"f\": defined twice");
}

static void equal_definitions_keep_their_state(void **state)
{
	struct flow_spec a = spec("ipsource", "bytes", ""),
			 b = spec("group:ipsource:lan", "bytes", "");
	b.name = "b";
	struct group *one = group_create(), *two = group_create();
	const struct program_table row[] = {{.function = "group", .name = "lan", .group = one},
					    {.function = "group", .name = "lan", .group = two}};
	struct flow_spec before[] = {a, b}, after[] = {b, a, a};
	after[1].filter = "vlan=1"; // another text
	after[2].name = "new";
	struct program *p =
		program_compile_with(before, 2, &(struct program_tables){&row[0], 1}, NULL);
	struct program *q =
		program_compile_with(after, 3, &(struct program_tables){&row[1], 1}, NULL);
	int32_t from[3];
	program_match(p, q, from);
	assert_int_equal(from[0], 1); // the group changed, the text did not
	assert_int_equal(from[1], -1);
	assert_int_equal(from[2], -1);
	program_free(p);
	program_free(q);
	group_free(one);
	group_free(two);
}

// Compiling a pattern takes a thousand times longer than the rest of a definition.
static void equal_patterns_are_compiled_once(void **state)
{
	struct flow_spec a = spec("ipsource", "bytes", "stack~.*tcp&ipsource~10\\..*"),
			 b = spec("ipdestination", "bytes", "stack~.*tcp");
	struct program *p = program_compile(&a, 1, NULL);
	struct program *q =
		program_compile_with(&b, 1, &(struct program_tables){.former = p}, NULL);
	struct pattern *tcp = filter_pattern(p->def[0].filter, ".*tcp", 5);
	assert_non_null(tcp);
	assert_null(filter_pattern(p->def[0].filter, ".*", 2));
	assert_ptr_equal(filter_pattern(q->def[0].filter, ".*tcp", 5), tcp);
	assert_true(program_patterns_size(p) > program_patterns_size(q));
	assert_ptr_not_equal(p->scratch, q->scratch);
	program_free(p); // and what is shared stays
	struct packet packet = dissected(tcp_frame, sizeof(tcp_frame));
	packet.base[SPACE_META] = (const uint8_t *)&packet;
	assert_true(flow_def_match(&q->def[0], &packet, q->scratch));
	program_free(q);
}

static void values_are_read(void **state)
{
	struct flow_spec s = spec("", "ipbytes", "");
	s.values = "avg:ipttl,max:ipbytes, bytes";
	struct err_msg msg = {0};
	struct program *prog = program_compile(&s, 1, &msg);
	assert_non_null(prog);
	struct packet p = dissected(tcp_frame, sizeof(tcp_frame));
	p.base[SPACE_META] = (const uint8_t *)&p;
	double v;
	assert_true(flow_def_value(&prog->def[0], &p, 1518, &v));
	assert_true(v == 1500);
	assert_int_equal(prog->def[0].n_cell, 3);
	assert_int_equal(prog->def[0].cell[0].kind, CELL_AVG);
	assert_int_equal(prog->def[0].cell[2].kind, CELL_SUM);
	assert_true(flow_def_number(&prog->def[0].cell[2].source, &p, &v));
	assert_true(v == 1518);
	program_free(prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_gathered_and_written),
		cmocka_unit_test(absent_attributes_do_not_match),
		cmocka_unit_test(absence_can_be_allowed),
		cmocka_unit_test(headers_cut_short_lose_their_keys),
		cmocka_unit_test(filters_choose),
		cmocka_unit_test(errors_point_at_the_mistake),
		cmocka_unit_test(hostile_texts_are_refused),
		cmocka_unit_test(adjacent_copies_are_fused),
		cmocka_unit_test(identity_follows_the_text),
		cmocka_unit_test(equal_definitions_keep_their_state),
		cmocka_unit_test(equal_patterns_are_compiled_once),
		cmocka_unit_test(values_are_read),
	};
	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
