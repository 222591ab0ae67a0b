// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "program/group.h"
#include "program/map.h"
#include "weir/config/config.h"
#include "weir/config/config_plan.h"
#include "weir/config/json.h"
#include "weir/config/schema_value.h"

struct sample {
	const char *text;
	const char *want;
};

// What is wrong with a file, or "".
static const char *file_error(const char *text)
{
	static struct err_msg msg;
	struct config c;
	msg.text[0] = '\0';
	assert_int_equal(config_init(&c, &msg), 0);
	int err = config_read_text(&c, "f", text, &msg);
	if (err == 0)
		err = config_finish(&c, &msg);
	assert_int_equal(err != 0, msg.text[0] != '\0');
	config_free(&c);
	return msg.text;
}

static void read_config(struct config *c, const char *text)
{
	struct err_msg msg = {0};
	assert_int_equal(config_init(c, &msg), 0);
	if (config_read_text(c, "f", text, &msg) != 0)
		fail_msg("%s", msg.text);
}

// The same with `inputs` in front, for what is not about inputs.
static const char *error_beside_input(const char *text)
{
	char whole[4096];
	snprintf(whole, sizeof(whole), "inputs: [{pcap: x}]\n%s", text);
	return file_error(whole);
}

#define CHECK(errors, samples) check(errors, samples, sizeof(samples) / sizeof((samples)[0]))

static void check(const char *(*error_of)(const char *), const struct sample *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_string_equal(error_of(s[i].text), s[i].want);
}

static void numbers_have_units(void **state)
{
	static const struct {
		const char *text;
		enum value_units units;
		double want; // NAN: refused
		const char *again;
	} samples[] = {
		{"0", UNITS_DECIMAL, 0, "0"},           {"12", UNITS_DECIMAL, 12, "12"},
		{"64k", UNITS_DECIMAL, 64000, "64k"},   {"1.5M", UNITS_DECIMAL, 1.5e6, "1500k"},
		{"1e3", UNITS_DECIMAL, 1000, "1k"},     {"-5", UNITS_DECIMAL, -5, "-5"},
		{"64k", UNITS_BYTES, 65536, "64KiB"},   {"2GiB", UNITS_BYTES, 2147483648, "2GiB"},
		{"3 MB", UNITS_BYTES, 3145728, "3MiB"}, {"1000", UNITS_BYTES, 1000, "1000"},
		{"100ms", UNITS_SECONDS, 0.1, "100ms"}, {"0.1", UNITS_SECONDS, 0.1, "100ms"},
		{"2", UNITS_SECONDS, 2, "2s"},          {"2s", UNITS_SECONDS, 2, "2s"},
		{"1.5m", UNITS_SECONDS, 90, "90s"},     {"90min", UNITS_SECONDS, 5400, "90m"},
		{"1d", UNITS_SECONDS, 86400, "1d"},     {"250us", UNITS_SECONDS, 0.00025, "250us"},
		{"", UNITS_SECONDS, NAN, NULL},         {"ms", UNITS_SECONDS, NAN, NULL},
		{"1x", UNITS_SECONDS, NAN, NULL},       {"1..2", UNITS_DECIMAL, NAN, NULL},
		{"0x10", UNITS_DECIMAL, NAN, NULL},     {"nan", UNITS_DECIMAL, NAN, NULL},
		{"1e999", UNITS_DECIMAL, NAN, NULL},    {"10ms", UNITS_BYTES, NAN, NULL},
	};
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		double v = 77;
		char text[64];
		struct strbuf b = strbuf_of(text, sizeof(text));
		const int err = value_number(samples[i].text, samples[i].units, &v);
		assert_int_equal(err, isnan(samples[i].want) ? ERR_INVALID : 0);
		if (err != 0)
			continue;
		assert_true(v == samples[i].want);
		value_format(&b, v, samples[i].units);
		assert_string_equal(text, samples[i].again);
	}
}

static void defaults_are_those_of_the_table(void **state)
{
	struct config c;
	struct err_msg msg = {0};
	assert_int_equal(config_init(&c, &msg), 0);
	assert_true(c.tick == 0.1);
	assert_true(c.hugepages);
	assert_int_equal(c.entries, 16384);
	assert_int_equal(c.store, 65536);
	assert_int_equal(c.aggregators, 1);
	assert_true(c.memory == 1 << 30);
	assert_int_equal(c.log_level, CONFIG_LOG_INFO);
	assert_string_equal(c.file_prefix, "weir");
	assert_int_equal(c.feed.n, 1);
	assert_int_equal(c.n_inputs + c.n_flows + c.n_thresholds, 0);
	config_free(&c);
	config_free(&c); // nothing left: no harm
}

static void a_file_is_read(void **state)
{
	struct config c;
	read_config(&c, "inputs:\n"
			"- port: \"0000:01:00.0\"\n"
			"  queues: 2\n"
			"  lcores: [2, \"3\"]\n"
			"  addresses: 192.0.2.1, 2001:db8::1/64\n"
			"- {socket: '[::1]:7000', workers: 3, rcvbuf: 8M}\n"
			"- {socket: 0.0.0.0}\n"
			"- {pcap: a.pcap, speed: max, loop: yes}\n"
			"- {pcap: b.pcap, speed: 2.5, udp_port: 0}\n"
			"eal: --log-level=8 --vdev=net_null0,size=64\n"
			"lcores: 0,2-4\n"
			"tick: 50ms\n"
			"agents_allow: [10.0.0.0/8, \"fc00::/7\"]\n"
			"sampling:\n"
			"- {agents: 10.0.0.1, override: 512}\n"
			"- {agents: [10.0.0.0/8], default: 1000}\n"
			"feed: [\"ipc:///run/x\", \"tcp://0.0.0.0:5343\", \"ws://[::1]:80/f\"]\n"
			"log_level: debug\n");
	assert_int_equal(c.n_inputs, 5);
	const struct config_input *in = c.inputs;
	assert_int_equal(in[0].kind, CONFIG_PORT);
	assert_string_equal(in[0].name, "0000:01:00.0");
	assert_int_equal(in[0].queues, 2);
	assert_int_equal(in[0].lcores.n, 2);
	assert_int_equal(in[0].lcores.at[1], 3);
	assert_int_equal(in[0].udp_port, 6343);
	assert_int_equal(in[0].addresses.n, 2);
	assert_string_equal(in[0].addresses.at[1], "2001:db8::1/64");
	assert_int_equal(in[1].kind, CONFIG_SOCKET);
	assert_int_equal(in[1].addr.family, ADDR_IP6);
	assert_int_equal(in[1].udp_port, 7000);
	assert_int_equal(in[1].workers, 3);
	assert_true(in[1].rcvbuf == 8 << 20);
	assert_int_equal(in[2].addr.family, ADDR_IP4);
	assert_int_equal(in[2].udp_port, 6343);
	assert_int_equal(in[3].kind, CONFIG_PCAP);
	assert_true(in[3].speed == 0 && in[3].loop);
	assert_true(in[4].speed == 2.5 && !in[4].loop);
	assert_int_equal(in[4].udp_port, 0);
	assert_int_equal(config_workers(&c), 2 + 3 + 1 + 1 + 1);
	assert_int_equal(c.eal.n, 2);
	assert_string_equal(c.eal.at[1], "--vdev=net_null0,size=64");
	assert_int_equal(c.lcores.n, 4);
	assert_int_equal(c.lcores.at[3], 4);
	assert_true(c.tick == 0.05);
	assert_int_equal(c.feed.n, 3);
	assert_int_equal(c.log_level, CONFIG_LOG_DEBUG);
	config_free(&c);
}

static void agents_are_found_by_prefix(void **state)
{
	struct config c;
	struct addr a;
	read_config(&c, "agents_allow: 10.0.0.0/8\n"
			"sampling:\n- {agents: 10.0.0.1, override: 512}\n"
			"- {agents: [10.0.0.0/8, \"::/0\"], default: 1000}\n");
	addr_parse("10.0.0.1", &a);
	assert_true(config_agent_allowed(&c, &a));
	assert_int_equal(config_sampling_of(&c, &a)->override, 512);
	addr_parse("10.0.0.2", &a);
	assert_int_equal(config_sampling_of(&c, &a)->override, 0);
	assert_int_equal(config_sampling_of(&c, &a)->fallback, 1000);
	addr_parse("192.0.2.1", &a);
	assert_false(config_agent_allowed(&c, &a));
	assert_null(config_sampling_of(&c, &a));
	config_free(&c);
	read_config(&c, "");
	assert_true(config_agent_allowed(&c, &a));
	config_free(&c);
}

static void errors_name_place_value_and_expectation(void **state)
{
	static const struct sample samples[] = {
		{"", ""},
		{"flows:\n  pair:\n    value: bytes\n    n: many\n",
		 "f:5:8: flows.pair.n: got \"many\", expected a whole number from 1 to 100000"},
		{"tick: 5ms\n", "f:2:7: tick: got \"5ms\", expected a duration from 10ms to 10s"},
		{"tick: 11\n", "f:2:7: tick: got \"11\", expected a duration from 10ms to 10s"},
		{"tick: [1]\n", "f:2:7: tick: got a list, expected a duration from 10ms to 10s"},
		{"entries: 4\n",
		 "f:2:10: entries: got \"4\", expected a whole number from 8 to 268435456"},
		{"entries: 100.5\n",
		 "f:2:10: entries: got \"100.5\", expected a whole number from 8 to 268435456"},
		{"memory: lots\n",
		 "f:2:9: memory: got \"lots\", expected a size from 1MiB to 1024TiB"},
		{"hugepages: maybe\n", "f:2:12: hugepages: got \"maybe\", expected true or false"},
		{"log_level: loud\n", "f:2:12: log_level: got \"loud\", expected one of error, "
				      "warning, notice, info, debug"},
		{"lcores: [1, x]\n", "f:2:13: lcores[1]: got \"x\", expected a list of whole "
				     "numbers from 0 to 4095, such as 2-5,8"},
		{"lcores: 5-2\n", "f:2:9: lcores: got \"5-2\", expected a list of whole "
				  "numbers from 0 to 4095, such as 2-5,8"},
		{"lcores: {a: b}\n", "f:2:9: lcores: got a map, expected a list of whole "
				     "numbers from 0 to 4095, such as 2-5,8"},
		{"agents_allow: [10.0.0.0/8, 10.0.0.0/33]\n",
		 "f:2:28: agents_allow[1]: got \"10.0.0.0/33\", expected a list of addresses "
		 "or prefixes"},
		{"file_prefix: a/b\n", "f:2:14: file_prefix: got \"a/b\", expected a text of 1 to "
				       "64 letters, digits, - and _"},
		{"eal: [[1]]\n", "f:2:7: eal[0]: got a list, expected a text or a list of texts"},
		{"flows: [1]\n", "f:2:8: flows: got a list, expected a map of flow definitions "
				 "by name"},
		{"flows: {a: 1}\n", "f:2:12: flows.a: got \"1\", expected a map of members"},
		{"flows: {'': {value: bytes}}\n",
		 "f:2:13: flows.: expected a name of 1 to 255 bytes, got 0"},
		{"sampling: {a: b}\n", "f:2:11: sampling: got a map, expected a list of maps with "
				       "agents, override, default"},
		{"sampling: [{override: 5}]\n", "f:2:12: sampling[0]: \"agents\" is missing, "
						"expected a list of addresses or prefixes"},
	};
	CHECK(error_beside_input, samples);
	assert_string_equal(file_error("[1, 2]"), "f:1:1: got a list, expected a map of members");
	assert_string_equal(file_error("a: [\n"),
			    "f:2:1: while parsing a flow node: did not find expected node content");
}

static void unknown_members_get_a_suggestion(void **state)
{
	static const struct sample samples[] = {
		{"tikc: 1s\n", "f:2:1: tikc: unknown member, did you mean \"tick\"?"},
		{"flows:\n  a: {value: bytes, filtre: x}\n",
		 "f:3:21: flows.a.filtre: unknown member, did you mean \"filter\"?"},
		{"flows:\n  a: {value: bytes, xyzzy: 1}\n",
		 "f:3:21: flows.a.xyzzy: unknown member, expected one of keys, value, values, "
		 "filter, n, t, dropped, fs, log, flowStart, activeTimeout, ipfixCollectors, "
		 "aggMode"},
		{"thresholds:\n  a: {metric: x, value: 1, byflow: true}\n",
		 "f:3:28: thresholds.a.byflow: unknown member, did you mean \"byFlow\"?"},
	};
	CHECK(error_beside_input, samples);
	assert_string_equal(
		file_error("inputs: [{socket: 0.0.0.0, queues: 2}]"),
		"f:1:28: inputs[0].queues: unknown member, expected one of socket, workers, "
		"lcores, rcvbuf");
}

static void inputs_are_checked(void **state)
{
	static const struct sample samples[] = {
		{"", "inputs: expected at least one input: a port, a socket, or a pcap"},
		{"inputs: []", "inputs: expected at least one input: a port, a socket, or a pcap"},
		{"inputs: x", "f:1:9: inputs: got \"x\", expected a list of inputs"},
		{"inputs: [x]", "f:1:10: inputs[0]: got \"x\", expected a map with one of port, "
				"socket, pcap, relay"},
		{"inputs: [{queues: 1}]", "f:1:10: inputs[0]: expected exactly one of the members "
					  "port, socket, pcap, relay"},
		{"inputs: [{port: a, pcap: b}]", "f:1:10: inputs[0]: expected exactly one of the "
						 "members port, socket, pcap, relay"},
		{"inputs: [{socket: '127.0.0.1:0'}]",
		 "f:1:19: inputs[0].socket: got \"127.0.0.1:0\", expected ADDRESS:PORT, such as "
		 "0.0.0.0:6343 or [::]:6343"},
		{"{inputs: [{socket: '[::]:1'}], store: 16, flows: {f: {value: bytes, n: 17}}}",
		 "f:1:72: flows.f.n: got 17, expected at most what `store` holds, 16"},
		{"inputs: [{socket: '::1'}]",
		 "f:1:19: inputs[0].socket: got \"::1\", expected ADDRESS:PORT, such as "
		 "0.0.0.0:6343 or [::]:6343"},
		{"inputs: [{socket: 0.0.0.0:66000}]",
		 "f:1:19: inputs[0].socket: got \"0.0.0.0:66000\", expected ADDRESS:PORT, such "
		 "as 0.0.0.0:6343 or [::]:6343"},
		{"inputs: [{socket: host:6343}]",
		 "f:1:19: inputs[0].socket: got \"host:6343\", expected ADDRESS:PORT, such as "
		 "0.0.0.0:6343 or [::]:6343"},
		{"inputs: [{port: a, queues: 0}]", "f:1:28: inputs[0].queues: got \"0\", expected "
						   "a whole number from 1 to 1024"},
		{"inputs: [{pcap: a, speed: 0}]", "f:1:27: inputs[0].speed: got \"0\", expected "
						  "a number from 0.001 to 1000000, or max"},
		{"inputs: [{pcap: a, speed: [1]}]", "f:1:27: inputs[0].speed: got a list, expected "
						    "a number from 0.001 to 1000000, or max"},
		{"inputs: [{port: a, queues: 2, lcores: 3}]",
		 "inputs: a: 1 lcores for 2 workers, expected one each"},
		{"inputs: [{port: a, queues: 2, lcores: '3,3'}]",
		 "inputs: a: lcore 3 already has a worker"},
		{"inputs: [{port: net_bonding0, members: [a, b], steer: isolate}]",
		 "inputs: net_bonding0: steer: `isolate` keeps out what the switch says of the "
		 "bond; expected `sflow` or `none` with `bond: lacp`"},
		{"inputs: [{port: a, lcores: 3}, {port: b, queues: 2, lcores: '2-3'}]",
		 "inputs: b: lcore 3 already has a worker"},
	};
	CHECK(file_error, samples);
}

static void feeds_are_checked(void **state)
{
	static const struct sample samples[] = {
		{"feed: []", ""},
		{"feed: tcp://[::1]:5343, ipc:///tmp/x", ""},
		{"feed: [ws://127.0.0.1:8009/feed, ws://localhost:8009]", ""},
		{"feed: ws://192.0.2.1:80/\n",
		 "f:2:7: feed: got \"ws://192.0.2.1:80/\", expected ipc:///PATH, tcp://HOST:PORT, "
		 "tls+tcp://HOST:PORT, or ws://LOOPBACK:PORT/PATH"},
		{"feed: [http://x:1]\n",
		 "f:2:8: feed[0]: got \"http://x:1\", expected ipc:///PATH, tcp://HOST:PORT, "
		 "tls+tcp://HOST:PORT, or ws://LOOPBACK:PORT/PATH"},
		{"feed: [tcp://x]\n",
		 "f:2:8: feed[0]: got \"tcp://x\", expected ipc:///PATH, tcp://HOST:PORT, "
		 "tls+tcp://HOST:PORT, or ws://LOOPBACK:PORT/PATH"},
		{"feed: [tcp://x:0]\n",
		 "f:2:8: feed[0]: got \"tcp://x:0\", expected ipc:///PATH, tcp://HOST:PORT, "
		 "tls+tcp://HOST:PORT, or ws://LOOPBACK:PORT/PATH"},
		{"feed: [ipc://x]\n",
		 "f:2:8: feed[0]: got \"ipc://x\", expected ipc:///PATH, tcp://HOST:PORT, "
		 "tls+tcp://HOST:PORT, or ws://LOOPBACK:PORT/PATH"},
	};
	CHECK(error_beside_input, samples);
}

static void long_values_are_cut_between_characters(void **state)
{
	assert_string_equal(
		error_beside_input("tick: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				   "xxx\xe2\x82\xac\xe2\x82\xac\n"),
		"f:2:7: tick: got \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"...\", expected a duration from 10ms to 10s");
}

static void thresholds_name_flows(void **state)
{
	static const struct sample samples[] = {
		{"flows: {pair: {value: bytes}}\nthresholds: {a: {metric: pair, value: 10}}", ""},
		{"flows: {pair: {value: bytes}}\nthresholds: {a: {metric: pari, value: 10}}",
		 "f:3:26: thresholds.a.metric: got \"pari\", expected the name of a flow or of a "
		 "metric of counters (did you mean \"pair\"?)"},
		{"thresholds: {a: {metric: load_one, value: 10}}", ""},
		{"thresholds: {a: {metric: loadone, value: 10}}",
		 "f:2:26: thresholds.a.metric: got \"loadone\", expected the name of a flow or of "
		 "a metric of counters (did you mean \"load_one\"?)"},
		{"thresholds: {a: {metric: temperature_of_rack, value: 10}}", ""}, // a custom one
		{"thresholds: {a: {metric: 'max:xyzzyxyzzy', value: 10}}",
		 "f:2:26: thresholds.a.metric: got \"max:xyzzyxyzzy\", expected the name of a flow "
		 "or of a metric of counters"},
		{"thresholds: {a: {metric: x}}", "f:2:14: thresholds.a: \"value\" is missing, "
						 "expected a number of at least 0"},
		{"thresholds: {a: {metric: x, value: -1}}",
		 "f:2:36: thresholds.a.value: got \"-1\", expected a number of at least 0"},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {}}}", ""},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {ifspeed: 1}}}", ""},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {os_name: [linux, 'w*']}}}",
		 ""},
		{"thresholds: {a: {metric: load_one, value: 1, filter: 5}}",
		 "f:2:54: thresholds.a.filter: got \"5\", expected a map from metrics of counters "
		 "to "
		 "a text, a number or a list of them"},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {'max:x': 1}}}",
		 "f:2:55: thresholds.a.filter.max:x: expected the name of a metric of counters"},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {x: []}}}",
		 "f:2:58: thresholds.a.filter.x: got a list, expected a text, a number or a list "
		 "of "
		 "them, not empty"},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {x: [[1]]}}}",
		 "f:2:59: thresholds.a.filter.x[0]: got a list, expected a text"},
		{"thresholds: {a: {metric: load_one, value: 1, filter: {x: \"a\\tb\"}}}",
		 "f:2:58: thresholds.a.filter.x: got \"a\tb\", expected a text, a number or a list "
		 "of "
		 "them, not empty"},
		{"thresholds: []", "f:2:13: thresholds: got a list, expected a map of thresholds "
				   "by name"},
	};
	CHECK(error_beside_input, samples);
}

static void flows_must_compile(void **state)
{
	static const struct sample samples[] = {
		{"flows:\n  a: {keys: 'ipsorce,ipdestination', value: bytes}\n",
		 "f:3:13: flows.a.keys: at character 1: unknown attribute \"ipsorce\" (did you "
		 "mean "
		 "\"ipsource\"?)"},
		{"groups: {g: {lab: 10.0.0.0/33}}\n",
		 "f:2:19: groups.g.lab: got \"10.0.0.0/33\", expected an address or prefix"},
		{"groups: {g: {lab: 10.0.0.0/8, x: 10.0.0.0/8}}\n",
		 "f:2:13: groups.g: 10.0.0.0/8 is in \"lab\" and in \"x\""},
		{"maps: {m: {a: [1, 2], b: '3,2'}}\n",
		 "f:2:26: maps.m.b: 2 is in \"a\" and in \"b\""},
		{"maps: {m: 7}\n",
		 "f:2:11: maps.m: got \"7\", expected a map from labels to lists"},
		{"flows:\n  ok: {value: bytes}\n  b: {value: ip6source}\n",
		 "f:4:14: flows.b.value: at character 1: \"ip6source\" is not a number"},
		{"flows:\n  'a: b': {value: bytes, filter: 'ipprotocol=x'}\n",
		 "f:3:34: flows.a: b.filter: at character 12: \"x\" is no value of \"ipprotocol\""},
	};
	CHECK(error_beside_input, samples);
}

static void tables_must_fit_the_budget(void **state)
{
	struct config c;
	struct err_msg msg = {0};
	read_config(&c, "inputs: [{socket: 0.0.0.0, workers: 2}]\n"
			"flows: {a: {keys: ipsource, value: bytes}}\n");
	assert_int_equal(config_finish(&c, &msg), 0);
	struct program *p = config_compile(&c, &msg);
	const uint64_t need = config_memory(&c, p);
	struct bank_config bank = {0};
	struct analyzer_config analyzer = {0};
	config_bank(&c, &bank);
	config_analyzer(&c, &analyzer);
	assert_int_equal(bank.entries, c.entries);
	assert_int_equal(analyzer.n_workers, 2);
	assert_int_equal(need, 2 * (2 * bank_size(p, &bank) + intake_size(&bank)) +
				       analyzer_size(&analyzer, p, NULL, 0));
	c.memory = need;
	assert_int_equal(config_check_memory(&c, p, &msg), 0);
	c.memory = need - 1;
	assert_int_equal(config_finish(&c, &msg), ERR_FULL);
	assert_non_null(strstr(msg.text, "MiB needed (flows: 1, workers: 2 of "));
	c.memory = need;
	c.learned_size = 3 << 20; // maps of host: and link: count, too
	assert_int_equal(config_check_memory(&c, p, &msg), ERR_FULL);
	assert_non_null(strstr(msg.text, ", groups, maps and patterns: 3.0MiB); raise memory"));
	c.learned_size = 0;
	c.entries *= 2;
	assert_true(config_memory(&c, p) > need);
	program_free(p);
	config_free(&c);
}

static void a_policy_follows_the_configuration(void **state)
{
	struct config c;
	struct intake_policy policy;
	struct addr a;
	read_config(&c, "agents_allow: 10.0.0.0/8\nagent_rate: 50\n"
			"sampling: [{agents: 10.0.0.1, override: 7, default: 9}]\n");
	config_policy(&c, &policy);
	addr_parse("10.0.0.1", &a);
	assert_true(policy.allow(policy.ctx, &a));
	assert_int_equal(policy.sampling_rate(policy.ctx, &a), 7);
	assert_int_equal(policy.default_rate(policy.ctx, &a), 9);
	addr_parse("192.0.2.1", &a);
	assert_false(policy.allow(policy.ctx, &a));
	assert_int_equal(policy.sampling_rate(policy.ctx, &a), 0);
	assert_int_equal(policy.max_datagram_rate, 50);
	config_free(&c);
}

// One body as a request would bring it; @p out lies in @p arena.
static int read_flow(struct arena *arena, const char *text, bool lenient, struct flow_spec *out,
		     struct err_msg *msg)
{
	const struct schema_context ctx = {.arena = arena, .lenient = lenient, .msg = msg};
	const struct node *n = json_read(arena, "body", text, strlen(text), &json_body_limits, msg);
	return n != NULL ? config_flow(&ctx, n, "pair", out) : ERR_INVALID;
}

static void a_request_is_read_leniently(void **state)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	struct flow_spec s;
	assert_int_equal(read_flow(&arena,
				   "{keys:['ipsource','ipdestination'],value:'bytes',n:'20',"
				   "t:'0.5',filter:null,scale:7,dropped:'true',log:false,"
				   "ipfixCollectors:[],aggMode:null,activeTimeout:5}",
				   true, &s, &msg),
			 0);
	assert_string_equal(s.name, "pair");
	assert_string_equal(s.keys, "ipsource,ipdestination");
	assert_string_equal(s.value, "bytes");
	assert_string_equal(s.values, "");
	assert_string_equal(s.filter, "");
	assert_string_equal(s.fs, ",");
	assert_int_equal(s.n, 20);
	assert_true(s.t == 0.5);
	assert_true(s.dropped);
	assert_int_equal(read_flow(&arena, "{value:'frames'}", true, &s, &msg), 0);
	assert_string_equal(s.keys, "");
	assert_int_equal(s.n, 5);
	assert_true(s.t == 2);
	assert_false(s.dropped);
	arena_free(&arena);
}

static void a_request_is_refused_clearly(void **state)
{
	static const struct sample samples[] = {
		{"{}", "body:1:1: \"value\" is missing, expected a value such as bytes or frames"},
		{"{value:null}",
		 "body:1:1: \"value\" is missing, expected a value such as bytes or frames"},
		{"{value:{}}", "body:1:8: value: got a map, expected a value such as bytes or "
			       "frames"},
		{"{value:''}", "body:1:8: value: got \"\", expected a value such as bytes or "
			       "frames"},
		{"{value:'bytes',keys:[['a']]}",
		 "body:1:22: keys[0]: got a list, expected a text or a list of texts"},
		{"{value:'bytes',t:'1ms'}",
		 "body:1:18: t: got \"1ms\", expected a duration from 10ms to 1d"},
		{"{value:'bytes',fs:''}",
		 "body:1:19: fs: got \"\", expected a text of 1 to 64 bytes"},
		{"{value:'bytes',log:7}", "body:1:20: log: got \"7\", expected true or false"},
		{"{value:'bytes',flowStart:[]}",
		 "body:1:26: flowStart: got a list, expected true or false"},
		{"{value:'bytes',ipfixCollectors:['192.0.2.9','a']}",
		 "body:1:45: ipfixCollectors[1]: got \"a\", expected addresses, perhaps with a "
		 "port, "
		 "such as 192.0.2.9 or [2001:db8::9]:2055"},
		{"{value:'bytes',ipfixCollectors:'192.0.2.9:0'}",
		 "body:1:32: ipfixCollectors: got \"192.0.2.9:0\", expected addresses, perhaps "
		 "with a "
		 "port, such as 192.0.2.9 or [2001:db8::9]:2055"},
		{"{value:'bytes',aggMode:'edges'}",
		 "body:1:24: aggMode: got \"edges\", expected agent, edge, or an empty text"},
		{"[]", "body:1:1: got a list, expected a map of members"},
	};
	struct arena arena = {0};
	struct err_msg msg = {0};
	struct flow_spec s;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		assert_int_not_equal(read_flow(&arena, samples[i].text, true, &s, &msg), 0);
		assert_string_equal(msg.text, samples[i].want);
	}
	assert_int_equal(read_flow(&arena, "{value:'bytes',filtre:7}", false, &s, &msg),
			 ERR_UNKNOWN);
	assert_string_equal(msg.text,
			    "body:1:16: filtre: unknown member, did you mean \"filter\"?");
	arena_free(&arena);
}

static void a_threshold_request_is_read(void **state)
{
	static const char text[] = "{metric:'pair',value:'1.5M',byFlow:true,timeout:0,"
				   "filter:{ifspeed:[1e9,\"10\"],os_name:'lin*'}}";
	struct arena arena = {0};
	struct err_msg msg = {0};
	struct threshold_spec s;
	const struct schema_context ctx = {.arena = &arena, .lenient = true, .msg = &msg};
	const struct node *n =
		json_read(&arena, "body", text, sizeof(text) - 1, &json_body_limits, &msg);
	assert_int_equal(config_threshold(&ctx, n, "big", &s), 0);
	assert_string_equal(s.name, "big");
	assert_string_equal(s.metric, "pair");
	assert_true(s.value == 1.5e6);
	assert_true(s.by_flow);
	assert_true(s.timeout == 1); // 0 means no particular one
	assert_string_equal(s.filter, "ifspeed\t1e9\t10\nos_name\tlin*\n");
	arena_free(&arena);
}

// What the definitions of public clients look up; empty, as only the names matter.
static const char *const client_groups[] = {"ddos_blackhole", "flowgraph",   "fv",
					    "ix_member",      "ixp_member",  "ixp_bogon",
					    "phish",          "particle_sd", "viz"};
static const char *const client_maps[] = {"scitag", "ix_member", "ixp_member", "ovn"};

struct client_tables {
	struct group *group;
	struct map *map;
	struct program_table row[16];
	struct program_tables all;
};

static void client_tables_init(struct client_tables *t)
{
	*t = (struct client_tables){.group = group_create(), .map = map_create(), .all.at = t->row};
	assert_int_equal(group_build(t->group, NULL), 0);
	size_t *n = &t->all.n;
	for (size_t i = 0; i < sizeof(client_groups) / sizeof(client_groups[0]); i++)
		t->row[(*n)++] = (struct program_table){"group", client_groups[i], t->group, NULL};
	for (size_t i = 0; i < sizeof(client_maps) / sizeof(client_maps[0]); i++)
		t->row[(*n)++] = (struct program_table){"map", client_maps[i], NULL, t->map};
	t->row[(*n)++] = (struct program_table){"country", "code", t->group, NULL};
	t->row[(*n)++] = (struct program_table){"host", "vir_host_name", NULL, t->map};
	t->row[(*n)++] = (struct program_table){"link", "", NULL, t->map};
}

// 0, or a message: why the flow of a client is refused.
static int compile_client_flow(const struct schema_context *ctx, const struct node *n,
			       const struct client_tables *tables)
{
	struct flow_spec flow;
	const int err = config_flow(ctx, node_get(n, "spec"), node_get(n, "name")->text, &flow);
	if (err != 0)
		return err;
	struct program *p = program_compile_with(&flow, 1, &tables->all, ctx->msg);
	program_free(p);
	return p != NULL ? 0 : ERR_INVALID;
}

// Known reason: two filters whose variables were lost.
static bool is_known_reason(const char *text)
{
	return strstr(text, "filter: at character 1: unknown attribute \"2\"") != NULL;
}

// The flow definitions of public clients, where they are at hand.
static void definitions_of_clients_compile(void **state)
{
	char path[4096], line[65536];
	const char *shared = getenv("WEIR_SHARED");
	snprintf(path, sizeof(path), "%s/flowdefs.jsonl", shared != NULL ? shared : ".");
	FILE *f = fopen(path, "re");
	if (f == NULL)
		skip();
	struct client_tables tables;
	client_tables_init(&tables);
	unsigned n_flows = 0, n_refused = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		struct arena arena = {0};
		struct err_msg msg = {0};
		const struct schema_context ctx = {.arena = &arena, .lenient = true, .msg = &msg};
		const struct node *n =
			json_read(&arena, "line", line, strlen(line), &json_body_limits, &msg);
		assert_non_null(n);
		const bool is_flow = strcmp(node_get(n, "kind")->text, "flow") == 0;
		n_flows += is_flow;
		if (is_flow && compile_client_flow(&ctx, n, &tables) != 0) {
			print_message("refused: %s\n", msg.text);
			assert_true(is_known_reason(msg.text));
			n_refused++;
		}
		arena_free(&arena);
	}
	fclose(f);
	print_message("%u of %u flows compile\n", n_flows - n_refused, n_flows);
	assert_in_range(n_refused, 0, 2);
	group_free(tables.group);
	map_free(tables.map);
}

// The definitions of public clients, where they are at hand: all but templates whose application
// fills in the value.
static void definitions_of_clients_are_understood(void **state)
{
	char path[4096], line[65536];
	const char *shared = getenv("WEIR_SHARED");
	snprintf(path, sizeof(path), "%s/flowdefs.jsonl", shared != NULL ? shared : ".");
	FILE *f = fopen(path, "re");
	if (f == NULL)
		skip();
	unsigned n_read = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		struct arena arena = {0};
		struct err_msg msg = {0};
		struct flow_spec flow;
		struct threshold_spec threshold;
		const struct schema_context ctx = {.arena = &arena, .lenient = true, .msg = &msg};
		const struct node *n =
			json_read(&arena, "line", line, strlen(line), &json_body_limits, &msg);
		assert_non_null(n);
		const bool is_flow = strcmp(node_get(n, "kind")->text, "flow") == 0;
		const struct node *spec = node_get(n, "spec");
		const struct node *value = node_get(spec, "value");
		const bool open = value != NULL && value->kind == NODE_NULL;
		const int err = is_flow ? config_flow(&ctx, spec, "name", &flow)
					: config_threshold(&ctx, spec, "name", &threshold);
		if (err != 0 && !(open && strstr(msg.text, "\"value\" is missing") != NULL))
			fail_msg("%s%s", line, msg.text);
		n_read += err == 0;
		arena_free(&arena);
	}
	fclose(f);
	assert_in_range(n_read, 50, 1000);
}

static char *print(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	config_print(c, f);
	fclose(f);
	return text;
}

// What is logged as the effective configuration is one, and the same.
static void the_printed_configuration_reads_the_same(void **state)
{
	struct config c, again;
	read_config(
		&c,
		"inputs:\n"
		"- {port: net_ring0, queues: 2, lcores: 2-3, addresses: 192.0.2.1/24}\n"
		"- {socket: '[::]:6343', rcvbuf: 0}\n"
		"- {pcap: \"a \\\" b\\n\\x9f\\N\\L\\uFEFF\xc3\xa4\\U0001F600.pcap\", speed: max}\n"
		"- {pcap: b, speed: 2.5}\n"
		"eal: ['--vdev=a,b', '-v']\n"
		"sampling: [{agents: 10.0.0.1, override: 512}]\n"
		"tick: 250ms\n"
		"retention: 90\n"
		"memory: 1500M\n"
		"groups: {campus: {lab: '10.1.0.0/16, 10.3.0.0/16', office: [10.2.0.0/16, "
		"'2001:db8::/32']}, none: {}}\n"
		"maps: {people: {alice: 'd8:d3:85:b2:dd:2b'}}\n"
		"flows:\n"
		"  'a, b': {keys: [ipsource, ipdestination], value: bytes, t: 0.1}\n"
		"  tot: {value: frames, filter: 'ipprotocol=6', fs: '_SEP_'}\n"
		"  g: {keys: 'group:ipsource:campus:none,map:macsource:people', value: bytes}\n"
		"thresholds: {big: {metric: tot, value: 1234567.5, byFlow: yes, "
		"filter: {ifspeed: [1000, 10G], \"os_name\": linux}}}\n");
	char *text = print(&c);
	read_config(&again, text);
	char *text_again = print(&again);
	assert_string_equal(text, text_again);
	assert_non_null(strstr(text, "tick: 250ms\nnap"));
	assert_non_null(strstr(text, "\n  speed: max\n"));
	assert_non_null(strstr(text, "    t: 100ms\n"));
	assert_int_equal(again.n_inputs, 4);
	assert_true(again.inputs[3].speed == 2.5);
	assert_string_equal(
		again.inputs[2].name,
		"a \" b\n\xc2\x9f\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\xc3\xa4\xf0\x9f\x98\x80.pcap");
	assert_string_equal(again.flows[0].name, "a, b");
	assert_true(again.thresholds[0].value == 1234567.5);
	assert_string_equal(again.thresholds[0].filter, "ifspeed\t1000\t10G\nos_name\tlinux\n");
	free(text);
	free(text_again);
	config_free(&c);
	config_free(&again);
}

static void layers_replace_what_is_below(void **state)
{
	struct config c;
	struct err_msg msg = {0};
	read_config(&c, "tick: 1s\ninputs: [{pcap: a}]\nflows: {x: {value: bytes, n: 7}}\n");
	assert_int_equal(config_set(&c, "tick", "--tick", "20ms", &msg), 0);
	assert_true(c.tick == 0.02);
	assert_int_not_equal(config_set(&c, "tick", "--tick", "1ms", &msg), 0);
	assert_string_equal(msg.text, "--tick: got \"1ms\", expected a duration from 10ms to 10s");
	assert_int_not_equal(config_set(&c, "tock", "--set", "1", &msg), 0);
	assert_string_equal(msg.text, "--set: unknown member, did you mean \"tick\"?");
	assert_int_equal(config_add_input(&c, CONFIG_SOCKET, "--socket", "127.0.0.1:1", &msg), 0);
	assert_int_equal(c.n_inputs, 2);
	assert_int_equal(c.inputs[1].udp_port, 1);
	assert_int_equal(config_set_input(&c, &c.inputs[1], "workers", "--workers", "4", &msg), 0);
	assert_int_equal(config_workers(&c), 5);
	assert_int_not_equal(config_add_input(&c, CONFIG_SOCKET, "--socket", "nowhere", &msg), 0);
	assert_string_equal(msg.text, "--socket: got \"nowhere\", expected ADDRESS:PORT, such as "
				      "0.0.0.0:6343 or [::]:6343");
	assert_int_equal(config_set_flow(&c, "--flow", "x", "{value:'frames'}", &msg), 0);
	assert_int_equal(config_set_flow(&c, "--flow", "y", "{value:'bytes'}", &msg), 0);
	assert_int_equal(c.n_flows, 2);
	assert_string_equal(c.flows[0].value, "frames");
	assert_int_equal(c.flows[0].n, 5);
	assert_string_equal(c.flows[1].name, "y");
	assert_int_not_equal(config_set_flow(&c, "--flow", "y", "{n:1}", &msg), 0);
	assert_string_equal(msg.text, "--flow:1:1: \"value\" is missing, expected a value such as "
				      "bytes or frames");
	config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_units),
		cmocka_unit_test(defaults_are_those_of_the_table),
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(agents_are_found_by_prefix),
		cmocka_unit_test(errors_name_place_value_and_expectation),
		cmocka_unit_test(unknown_members_get_a_suggestion),
		cmocka_unit_test(inputs_are_checked),
		cmocka_unit_test(feeds_are_checked),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(thresholds_name_flows),
		cmocka_unit_test(flows_must_compile),
		cmocka_unit_test(tables_must_fit_the_budget),
		cmocka_unit_test(a_policy_follows_the_configuration),
		cmocka_unit_test(a_request_is_read_leniently),
		cmocka_unit_test(a_request_is_refused_clearly),
		cmocka_unit_test(a_threshold_request_is_read),
		cmocka_unit_test(definitions_of_clients_are_understood),
		cmocka_unit_test(definitions_of_clients_compile),
		cmocka_unit_test(the_printed_configuration_reads_the_same),
		cmocka_unit_test(layers_replace_what_is_below),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
