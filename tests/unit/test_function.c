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
		{"\n[prefix:stack:.:1]\r\n,\nbytes\n", "eth,1518", "eth,1518"},
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
		{"if:[first:stack:.:ip:ip6]:ip:ipsource:ip6source=10.0.0.1,2001:db8::1", true,
		 true},
		{"if:[first:stack:.:ip:ip6]:ip:ipsource:ip6source=2001:db8:0::2", false, false},
		{"mask:[or:ipsource:ip6source]:16=2001:0::", false, true},
		{"if:vlan:100:[if:vlan:7:ipsource:macsource]:stack=66:77:88:99:aa:bb", true, false},
		{"if:vlan:100:[if:vlan:7:ipsource:macsource]:stack=eth.ip6.udp", false, true},
		{"'group:ipsource:campus'='lab'", true, false},
		{"tcpflags~....1..1.", true, false},
		{"tcpflags~.......1.", true, false},
		{"tcpflags~.......0.", false, false},
		{"tcpflags!~.......0.", true, true},
		{"stack~eth\\.(vlan|x)\\..*", true, false},
		{"stack~eth.(vlan|ip6).*&vlan=null", false, true},
		{"(stack~.*tcp)&vlan=100", true, false},
		{"stack~\"eth.*udp\"", false, true},
		{"stack~'x.*', \"eth.*udp\"", false, true},
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
		{"group:ipsource:", "keys: at character 1: group: it needs a group of that name"},
		{"asn:ipsource",
		 "keys: at character 1: asn: \"number\" is not known; it needs a database of "
		 "autonomous systems (asn_database)"},
		{"group:macsource:campus",
		 "keys: at character 1: group: \"macsource\" is no IP address"},
		{"mask:ipsource:33",
		 "keys: at character 1: mask: got \"33\", expected a whole number from 0 to 32"},
		{"mask:ipsource",
		 "keys: at character 1: mask: got 1 arguments, expected mask:K:BITS"},
		{"prefix:stack::1",
		 "keys: at character 1: prefix: the delimiter is empty, expected "
		 "prefix:K:DELIMITER:N"},
		{"range:ip6source:1", "keys: at character 1: range: \"ip6source\" is no number"},
		{"range:bytes:5:4", "keys: at character 1: range: it ends before it begins"},
		{"eq:vlan:x", "keys: at character 1: eq: \"x\" is no value of its first argument"},
		{"suffix:[stck]:.:1",
		 "keys: at character 9: unknown attribute \"stck\" (did you mean \"stack\"?)"},
		{"dns:ipsource", "keys: at character 1: dns: it needs a resolver (dns)"},
		{"link:inputifindex",
		 "keys: at character 1: link: it needs a collector that knows the topology"},
		{"link:vlan", "keys: at character 1: link: \"vlan\" is no port of a sample"},
		{"[vlan]:[vlan]", "keys: at character 1: \"[vlan]:[vlan]\": expected ] at the end"},
		{"or:[null:vlan]:vln",
		 "keys: at character 16: unknown attribute \"vln\" (did you mean \"vlan\"?)"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[300] = "flow \"f\": ";
		strcat(text, cases[i].text);
		assert_string_equal(TCP(cases[i].keys), text);
	}
	assert_non_null(strstr(TCP("grup:ipsource:campus"),
			       "unknown function \"grup\" (did you mean \"group\"?)"));
	struct err_msg msg = {0};
	assert_null(filter_compile("vlan=1&stack~a(b", NULL, &msg));
	assert_string_equal(msg.text,
			    "at character 14: pattern, character 2: there is no ) for this (");
}

// Whoever defines flows before groups gets what there is until then: nothing.
static void groups_and_maps_may_come_later(void **state)
{
	(void)state;
	assert_string_equal(TCP("group:ipsource:later"), "(none)");
	assert_string_equal(TCP("map:vlan:later,vlan"), "(none)");
	assert_string_equal(TCP("group:ipsource:later:campus"), "lab");
	assert_string_equal(TCP("null:[group:ipsource:later]:none,vlan"), "none,100");
	assert_false(matches("group:ipsource:later=lab", &tables, tcp_frame, sizeof(tcp_frame)));
	assert_true(matches("group:ipsource:later!=lab", &tables, tcp_frame, sizeof(tcp_frame)));
	struct flow_spec s = spec("group:ipsource:camps,if:vlan:100:[map:vlan:m:people]:vlan",
				  "bytes", "group:ipdestination:x=y");
	struct err_msg msg = {0};
	struct program *p = program_compile_with(&s, 1, &tables, &msg);
	char text[200];
	struct strbuf b = strbuf_of(text, sizeof(text));
	assert_non_null(p);
	assert_true(flow_def_awaits(&p->def[0], &b));
	assert_string_equal(text,
			    "group \"camps\" (did you mean \"campus\"?), map \"m\", group \"x\"");
	program_free(p);
	s = spec("group:ipsource:campus", "bytes", "");
	p = program_compile_with(&s, 1, &tables, &msg);
	b = strbuf_of(text, sizeof(text));
	assert_false(flow_def_awaits(&p->def[0], &b));
	program_free(p);
}

// A datagram from 10.0.0.9 around an Ethernet frame that came in at port 7.
static struct packet datagram_packet(uint8_t out[24 + sizeof(tcp_frame)])
{
	memset(out, 0, 24);
	out[3] = 5;
	out[7] = 1;
	memcpy(out + 8, (const uint8_t[]){10, 0, 0, 9}, 4);
	memcpy(out + 24, tcp_frame, sizeof(tcp_frame));
	struct packet p;
	memset(&p, 0, sizeof(p));
	packet_reset(&p, out, 24 + sizeof(tcp_frame));
	packet_dissect(&p, HEADER_ETHERNET, 25, sizeof(tcp_frame) - 1, DISSECT_ALL);
	p.meta = (struct packet_meta){.input = __builtin_bswap32(7),
				      .output = __builtin_bswap32(PACKET_PORT_MULTIPLE)};
	return p;
}

static const char *datagram_key(const char *keys, const struct program_tables *from)
{
	static char text[256];
	const struct flow_spec s = spec(keys, "bytes", "");
	struct err_msg msg = {0};
	struct program *prog = program_compile_with(&s, 1, from, &msg);
	if (prog == NULL)
		fail_msg("%s", msg.text);
	uint8_t bytes[24 + sizeof(tcp_frame)];
	struct packet p = datagram_packet(bytes);
	p.base[SPACE_META] = (const uint8_t *)&p;
	uint64_t key[PROGRAM_KEY_MAX / 8];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (flow_def_key(&prog->def[0], &p, 1, (uint8_t *)key))
		flow_def_key_format(&prog->def[0], (uint8_t *)key, &b);
	else
		strbuf_str(&b, "(none)");
	program_free(prog);
	return text;
}

// A port is one of the agent that sent the sample.
static void links_are_those_of_the_agent(void **state)
{
	(void)state;
	struct map *links = map_create();
	const struct addr agent = addr_ip4((const uint8_t[]){10, 0, 0, 9});
	const struct addr other = addr_ip4((const uint8_t[]){10, 0, 0, 8});
	map_add_source(links, &other, "7", "wrong", NULL);
	const struct program_table row = {.function = "link", .name = "", .map = links};
	const struct program_tables all = {&row, 1};
	assert_string_equal(datagram_key("link:inputifindex", &all), "(none)");
	map_add_source(links, &agent, "7", "leaf1-spine1", NULL);
	assert_string_equal(datagram_key("link:inputifindex", &all), "leaf1-spine1");
	assert_string_equal(datagram_key("null:[link:outputifindex]:edge", &all), "edge");
	map_free(links);
}

static void ports_are_those_of_the_agent(void **state)
{
	(void)state;
	struct map *names = map_create();
	const struct addr agent = addr_ip4((const uint8_t[]){10, 0, 0, 9});
	const struct addr other = addr_ip4((const uint8_t[]){10, 0, 0, 8});
	map_add_source(names, &other, "7", "wrong", NULL);
	map_add(names, "7", "no port", NULL);
	const struct program_table row = {.function = "host", .name = "ifname", .map = names};
	const struct program_tables all = {&row, 1};
	assert_string_equal(datagram_key("host:inputifindex:ifname", &all), "(none)");
	map_add_source(names, &agent, "7", "swp7", NULL);
	assert_string_equal(datagram_key("host:inputifindex:ifname", &all), "swp7");
	assert_string_equal(datagram_key("host:outputifindex:ifname", &all), "(none)");
	map_free(names);
}

static bool name_of(void *ctx, const struct addr *addr, struct strbuf *b)
{
	char text[ADDR_TEXT_SIZE];
	if (strcmp(addr_text(addr, text), ctx) != 0)
		return false;
	strbuf_str(b, "host.example");
	return true;
}

// The key is the address; its name is asked for when it is written.
static void names_come_late(void **state)
{
	(void)state;
	const struct program_resolver resolver = {.ctx = "10.0.0.2", .name = name_of};
	const struct program_table row = {.function = "dns", .name = "", .resolver = &resolver};
	const struct program_tables all = {&row, 1};
#define NAME(keys) key_text(keys, &all, tcp_frame, sizeof(tcp_frame))
	assert_string_equal(NAME("dns:ipsource,dns:ipdestination,vlan"),
			    "10.0.0.1,host.example,100");
	assert_string_equal(
		NAME("if:[first:stack:.:ip:ip6]:ip:[dns:ipdestination]:[dns:ip6source]"),
		"host.example");
	assert_string_equal(
		NAME("null:[dns:ip6source]:none,or:[dns:ip6source]:[dns:ipdestination]"),
		"none,host.example");
	assert_string_equal(
		NAME("suffix:[dns:ipsource]:.:2"),
		"flow \"f\": keys: at character 1: suffix: a name of dns: comes too late "
		"for that, expected dns: as a key, or as what if:, or: and null: choose "
		"from");
	struct err_msg msg = {0};
	assert_null(filter_compile("vlan=1&dns:ipsource=a", &all, &msg));
	assert_string_equal(msg.text, "at character 8: a name of dns: comes too late for a filter");
}

static int load(void *ctx, const char *function, const char *name, struct program_table *out,
		struct err_msg *msg)
{
	unsigned *n = ctx;
	if (strcmp(function, "oui") != 0)
		return ERR_UNKNOWN;
	if (strcmp(name, "name") != 0)
		return err_set(msg, ERR_IO, "the list cannot be read");
	++*n;
	*out = (struct program_table){.map = map_ref(people)};
	return 0;
}

// What is not in the list is asked for; a program keeps what it uses.
static void tables_are_loaded_and_kept(void **state)
{
	(void)state;
	unsigned n = 0;
	struct group *own = group_create();
	struct addr a;
	unsigned bits;
	addr_parse_prefix("10.0.0.0/8", &a, &bits);
	group_add(own, &a, bits, "ten", NULL);
	group_build(own, NULL);
	const struct program_table row = {.function = "group", .name = "own", .group = own};
	const struct program_tables all = {.at = &row, .n = 1, .load = load, .ctx = &n};
	const struct flow_spec s = spec("oui:macsource,group:ipsource:own", "bytes", "");
	struct program *prog = program_compile_with(&s, 1, &all, NULL);
	group_free(own); // the program's reference is left
	assert_int_equal(n, 1);
	struct packet p = dissected(tcp_frame, sizeof(tcp_frame));
	uint64_t key[PROGRAM_KEY_MAX / 8];
	char text[64];
	struct strbuf b = strbuf_of(text, sizeof(text));
	assert_true(flow_def_key(&prog->def[0], &p, 1, (uint8_t *)key));
	flow_def_key_format(&prog->def[0], (uint8_t *)key, &b);
	assert_string_equal(text, "Acme,ten");
	program_free(prog);
	assert_string_equal(key_text("oui:macsource:number", &all, tcp_frame, sizeof(tcp_frame)),
			    "flow \"f\": keys: at character 1: oui: the list cannot be read");
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
		cmocka_unit_test(functions_are_evaluated),
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(filters_use_functions),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(groups_and_maps_may_come_later),
		cmocka_unit_test(what_is_read_is_known),
		cmocka_unit_test(links_are_those_of_the_agent),
		cmocka_unit_test(ports_are_those_of_the_agent),
		cmocka_unit_test(names_come_late),
		cmocka_unit_test(tables_are_loaded_and_kept),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
