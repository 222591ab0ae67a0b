// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <stdlib.h>

#include "program/group.h"
#include "program/map.h"
#include "program_rig.h"

static struct group *campus;
static struct map *people;
static struct program_table rows[5];
static struct program_tables tables = {rows, 5};

#define TCP(keys)  key_text(keys, &tables, tcp_frame, sizeof(tcp_frame))
#define UDP6(keys) key_text(keys, &tables, udp6_frame, sizeof(udp6_frame))

static int set_up(void **state)
{
	(void)state;
	campus = group_create();
	people = map_create();
	struct addr a;
	unsigned bits;
	addr_parse_prefix("10.0.0.0/31", &a, &bits);
	group_add(campus, &a, bits, "lab", NULL);
	addr_parse_prefix("2001:db8::/32", &a, &bits);
	group_add(campus, &a, bits, "office", NULL);
	map_add(people, "66:77:88:99:aa:bb", "alice", NULL);
	map_add(people, "64", "hundred", NULL);
	map_add(people, "667788", "Acme", NULL);
	rows[0] = (struct program_table){"group", "campus", campus, NULL};
	rows[1] = (struct program_table){"map", "people", NULL, people};
	rows[2] = (struct program_table){"country", "code", campus, NULL};
	rows[3] = (struct program_table){"oui", "name", NULL, people};
	rows[4] = (struct program_table){"host", "vir_host_name", NULL, people};
	return group_build(campus, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	group_free(campus);
	map_free(people);
	return 0;
}

static void functions_are_evaluated(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *tcp, *udp6;
	} cases[] = {
		{"stack", "eth.vlan.ip.tcp", "eth.ip6.udp"},
		{"prefix:stack:.:1", "eth", "eth"},
		{"prefix:stack:.:2", "eth.vlan", "eth.ip6"},
		{"prefix:stack:.:9", "eth.vlan.ip.tcp", "eth.ip6.udp"},
		{"prefix:stack:h.:1", "et", "et"},
		{"suffix:stack:.:1", "tcp", "udp"},
		{"suffix:stack:.:2", "ip.tcp", "ip6.udp"},
		{"suffix:stack:.:9", "eth.vlan.ip.tcp", "eth.ip6.udp"},
		{"first:stack:.:ip:ip6", "ip", "ip6"},
		{"first:stack:.:vlan:eth", "eth", "eth"},
		{"first:stack:.:vxlan", "(none)", "(none)"},
		{"if:[first:stack:.:ip:ip6]:ip:ipsource:ip6source", "10.0.0.1", "2001:DB8::1"},
		{"if:vlan:100:vlan:ip6nexthdr", "100", "17"},
		{"if:vlan:null:ip6nexthdr:vlan", "100", "17"},
		{"eq:vlan:100", "true", "(none)"},
		{"eq:vlan:null", "false", "true"},
		{"eq:[null:vlan:none]:none", "false", "true"},
		{"eq:ipsource:ipdestination", "false", "(none)"},
		{"eq:[mask:ipsource:24]:[mask:ipdestination:24]", "true", "(none)"},
		{"range:vlan:100:100", "true", "(none)"},
		{"range:vlan:101", "false", "(none)"},
		{"range:vlan::99", "false", "(none)"},
		{"null:[range:vlan:1]", "true", "null"},
		{"range:bytes:1518:1518,range:bytes:1519", "true,false", "true,false"},
		{"bits:vlan:96", "96", "(none)"},
		{"mask:ipdestination:31", "10.0.0.2", "(none)"},
		{"mask:ipdestination:30", "10.0.0.0", "(none)"},
		{"mask:ipdestination:7", "10.0.0.0", "(none)"},
		{"mask:ip6source:30", "(none)", "2001:DB8::"},
		{"mask:[or:ipsource:ip6source]:16", "10.0.0.0", "2001::"},
		{"concat:-:ipsource:vlan", "10.0.0.1-100", "(none)"},
		{"concat:\\::macsource:[null:vlan:x\\:y]", "66778899AABB:100", "66778899AABB:x:y"},
		{"group:ipsource:campus", "lab", "(none)"},
		{"group:ipdestination:campus", "(none)", "(none)"},
		{"or:[group:ipdestination:campus]:[group:ip6source:campus]", "(none)", "office"},
		{"or:[map:vlan:people]:[map:macsource:people]", "alice", "alice"},
		{"null:[map:[bits:vlan:64]:people]:unknown,bytes", "hundred,1518", "unknown,1518"},
		{"country:ipsource", "lab", "(none)"},
		{"oui:macsource", "Acme", "Acme"},
		{"host:macsource:vir_host_name", "alice", "alice"},
		{"[prefix:stack:.:1]", "eth", "eth"},
		{"or:[null:vlan:x]:ip6nexthdr", "100", "x"},
		{"or:vlan:[group:ip6source:campus]", "100", "office"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = TCP(cases[i].keys);
		if (strcmp(text, cases[i].tcp) != 0)
			fail_msg("%s: got %s, expected %s", cases[i].keys, text, cases[i].tcp);
		text = UDP6(cases[i].keys);
		if (strcmp(text, cases[i].udp6) != 0)
			fail_msg("%s: got %s, expected %s", cases[i].keys, text, cases[i].udp6);
	}
}

// A URL of a packet is hard to come by; the function takes any text.
static void urls_are_taken_apart(void **state)
{
	(void)state;
#define URI(url, part) TCP("uri:[null:arpoperation:" url "]:" part)
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "scheme"), "http");
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "host"), "a.com");
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "port"), "80");
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "path"), "/m/n");
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "query"), "q=1");
	assert_string_equal(URI("http\\://u@a.com\\:80/m/n?q=1#f", "fragment"), "f");
	assert_string_equal(URI("http\\://\\[\\:\\:1\\]\\:8080", "host"), "[::1]");
	assert_string_equal(URI("http\\://\\[\\:\\:1\\]\\:8080", "port"), "8080");
	assert_string_equal(URI("/metrics/load?x", "path"), "/metrics/load");
	assert_string_equal(URI("/metrics/load?x", "host"), "(none)");
	assert_string_equal(TCP("prefix:[uri:[null:arpoperation:/metrics/load]:path]:/:2"),
			    "/metrics");
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	char keys[700] = "concat:";
	memset(keys + 7, 'x', 300);
	strcpy(keys + 307, ":vlan:vlan");
	const char *text = TCP(keys);
	assert_int_equal(strlen(text), 240);
	assert_memory_equal(text, "100xxx", 6);
}

static void filters_use_functions(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool tcp, udp6;
	} cases[] = {
		{"suffix:stack:.:1=tcp", true, false},
		{"first:stack:.:ip:ip6=ip6", false, true},
		{"(ipflags=001|range:vlan:1=true)&vlan=100", true, false},
		{"range:vlan:1=yes", true, false},
		{"map:macsource:people=null", false, false},
		{"group:ipsource:campus=null", false, true},
		{"group:ipsource:campus!=lab,office", false, true},
		{"null:vlan:none=none", false, true},
		{"'group:ipsource:campus'='lab'", true, false},
		{"tcpflags~....1..1.", true, false},
		{"tcpflags~.......1.", true, false},
		{"tcpflags~.......0.", false, false},
		{"tcpflags!~.......0.", true, true},
		{"stack~eth\\.(vlan|x)\\..*", true, false},
		{"stack~eth.(vlan|ip6).*&vlan=null", false, true},
		{"(stack~.*tcp)&vlan=100", true, false},
		{"stack~\"eth.*udp\"", false, true},
		{"stack~eth,.*udp", false, true},
		{"stack ~ .*[,|]x , eth\\.v.* & vlan=100", true, false},
		{"bytes~[0-9]{4}", true, true},
		{"bytes~1.{1,2}", false, false},
		{"null:vlan:none~n.*", false, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches(cases[i].text, &tables, tcp_frame, sizeof(tcp_frame)) != cases[i].tcp ||
		    matches(cases[i].text, &tables, udp6_frame, sizeof(udp6_frame)) !=
			    cases[i].udp6)
			fail_msg("wrong: %s", cases[i].text);
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *text;
	} cases[] = {
		{"group:ipsource:camps", "keys: group: unknown \"camps\", expected one of campus"},
		{"asn:ipsource", "keys: asn: no asn is configured, \"number\" is asked for"},
		{"group:macsource:campus", "keys: group: \"macsource\" is no IP address"},
		{"mask:ipsource:33",
		 "keys: mask: got \"33\", expected a whole number from 0 to 32"},
		{"mask:ipsource", "keys: mask: got 1 arguments, expected mask:K:BITS"},
		{"prefix:stack::1", "keys: prefix: the delimiter is empty, expected "
				    "prefix:K:DELIMITER:N"},
		{"range:ip6source:1", "keys: range: \"ip6source\" is no number"},
		{"range:bytes:5:4", "keys: range: it ends before it begins"},
		{"eq:vlan:x", "keys: eq: \"x\" is no value of its first argument"},
		{"suffix:[stck]:.:1", "keys: unknown attribute \"stck\" (did you mean \"stack\"?)"},
		{"dns:ipsource", "keys: dns: there is no resolver to ask in this version"},
		{"[vlan]:[vlan]", "keys: \"[vlan]:[vlan]\": expected ] at the end"},
		{"or:[null:vlan]:vln", "keys: unknown attribute \"vln\" (did you mean \"vlan\"?)"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300] = "flow \"f\": ";
		strcat(text, cases[i].text);
		assert_string_equal(TCP(cases[i].keys), text);
	}
	assert_non_null(strstr(TCP("grup:ipsource:campus"), "unknown function \"grup\""));
	struct err_msg msg = {0};
	assert_null(filter_compile("vlan=1&stack~a(b", NULL, &msg));
	assert_string_equal(msg.text, "at character 14: pattern, character 4: expected )");
}

static void what_is_read_is_known(void **state)
{
	(void)state;
	struct flow_spec s = spec("suffix:[or:[null:vlan]:ipsource]:.:1", "bytes", "");
	struct program *p = program_compile(&s, 1, NULL);
	assert_false(p->inner);
	assert_false(p->meta);
	program_free(p);
	s = spec("suffix:stack:.:1", "bytes", "range:bytes:1=true");
	p = program_compile(&s, 1, NULL);
	assert_true(p->inner);
	assert_true(p->meta);
	program_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_evaluated), cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(long_texts_are_cut),      cmocka_unit_test(filters_use_functions),
		cmocka_unit_test(mistakes_are_explained),  cmocka_unit_test(what_is_read_is_known),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
