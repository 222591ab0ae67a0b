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

#include "weir/config/options.h"

enum {
	MAX_ARGS = 24
};

// Read a command line given as one text; words are parted by blanks.
static int read_line(struct options *o, struct config *c, const char *line, struct err_msg *msg)
{
	static char copy[1024];
	char *argv[MAX_ARGS + 1] = {"weir"};
	int argc = 1;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	assert_in_range(argc, 1, MAX_ARGS);
	msg->text[0] = '\0';
	return options_read(argc, argv, o, c, msg);
}

static void read_valid(struct options *o, struct config *c, const char *line)
{
	struct err_msg msg;
	if (read_line(o, c, line, &msg) != 0)
		fail_msg("%s: %s", line, msg.text);
}

static const char *line_error(const char *line)
{
	static struct err_msg msg;
	struct options o;
	struct config c;
	const int err = read_line(&o, &c, line, &msg);
	assert_int_equal(err != 0, msg.text[0] != '\0');
	config_free(&c);
	return msg.text;
}

static const char *write_file(const char *text)
{
	static char path[64];
	snprintf(path, sizeof(path), "/tmp/weir-test-options-XXXXXX");
	const int fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void flags_make_a_configuration(void **state)
{
	struct options o;
	struct config c;
	read_valid(&o, &c,
		   "--speed max --pcap a.pcap --loop --tick 20ms --no-huge --seconds 1.5 "
		   "--set entries=4096 --feed ipc:///tmp/a --feed tcp://[::1]:5343 "
		   "-- --vdev=net_null0 -v");
	assert_int_equal(o.action, OPTIONS_RUN);
	assert_true(o.seconds == 1.5);
	assert_null(o.config_path);
	assert_int_equal(c.n_inputs, 1);
	assert_int_equal(c.inputs[0].kind, CONFIG_PCAP);
	assert_true(c.inputs[0].speed == 0 && c.inputs[0].loop);
	assert_true(c.tick == 0.02);
	assert_false(c.hugepages);
	assert_int_equal(c.entries, 4096);
	assert_int_equal(c.feed.n, 2);
	assert_string_equal(c.feed.at[1], "tcp://[::1]:5343");
	assert_int_equal(c.eal.n, 2);
	assert_string_equal(c.eal.at[0], "--vdev=net_null0");
	assert_string_equal(c.eal.at[1], "-v");
	config_free(&c);
	read_valid(&o, &c, "--socket [::]:7000 --port net_ring0 --workers 3");
	assert_int_equal(c.n_inputs, 2);
	assert_int_equal(c.inputs[0].workers, 3);
	assert_int_equal(c.inputs[1].queues, 3);
	assert_true(o.seconds == 0);
	config_free(&c);
}

static void without_a_file_something_is_measured(void **state)
{
	struct options o;
	struct config c;
	read_valid(&o, &c, "--pcap a.pcap");
	assert_int_equal(c.n_flows, 2);
	assert_string_equal(c.flows[0].name, "pair");
	assert_string_equal(c.flows[0].keys, "ipsource,ipdestination");
	config_free(&c);
	read_valid(&o, &c, "--pcap a.pcap --flow mine={value:'frames'}");
	assert_int_equal(c.n_flows, 1);
	assert_string_equal(c.flows[0].name, "mine");
	config_free(&c);
}

static void higher_layers_win(void **state)
{
	struct options o;
	struct config c;
	char line[256];
	const char *path = write_file("tick: 1s\n"
				      "entries: 1000\n"
				      "store: 2000\n"
				      "inputs: [{pcap: file.pcap, speed: 4}]\n"
				      "eal: [-a]\n"
				      "feed: ipc:///tmp/file\n"
				      "flows: {x: {value: bytes}, y: {value: bytes}}\n");
	setenv("WEIR_ENTRIES", "3000", 1);
	setenv("WEIR_STORE", "4000", 1);
	setenv("WEIR_FEED", "ipc:///tmp/env", 1);
	snprintf(line, sizeof(line), "--config %s --set store=5000 --flow y={value:'frames'} -- -b",
		 path);
	read_valid(&o, &c, line);
	assert_string_equal(o.config_path, path);
	assert_true(c.tick == 1);
	assert_int_equal(c.entries, 3000);
	assert_int_equal(c.store, 5000);
	assert_int_equal(c.feed.n, 1);
	assert_string_equal(c.feed.at[0], "ipc:///tmp/env");
	assert_string_equal(c.inputs[0].name, "file.pcap");
	assert_true(c.inputs[0].speed == 4);
	assert_int_equal(c.eal.n, 2);
	assert_string_equal(c.eal.at[1], "-b");
	assert_int_equal(c.n_flows, 2);
	assert_string_equal(c.flows[1].value, "frames");
	config_free(&c);

	// Inputs of a layer replace those below; what changes inputs reaches those that remain.
	setenv("WEIR_CONFIG", path, 1);
	setenv("WEIR_PCAP", "env.pcap", 1);
	setenv("WEIR_SPEED", "8", 1);
	read_valid(&o, &c, "");
	assert_int_equal(c.n_inputs, 1);
	assert_string_equal(c.inputs[0].name, "env.pcap");
	assert_true(c.inputs[0].speed == 8);
	config_free(&c);
	read_valid(&o, &c, "--pcap flag.pcap --pcap second.pcap --feed ipc:///tmp/flag");
	assert_int_equal(c.n_inputs, 2);
	assert_string_equal(c.inputs[0].name, "flag.pcap");
	assert_true(c.inputs[1].speed == 8);
	assert_string_equal(c.feed.at[0], "ipc:///tmp/flag");
	config_free(&c);
	setenv("WEIR_TICK", "1ms", 1);
	assert_string_equal(line_error(""),
			    "WEIR_TICK: got \"1ms\", expected a duration from 10ms to 10s");
	unsetenv("WEIR_TICK");
	unsetenv("WEIR_ENTRIES");
	unsetenv("WEIR_STORE");
	unsetenv("WEIR_FEED");
	unsetenv("WEIR_CONFIG");
	unsetenv("WEIR_PCAP");
	unsetenv("WEIR_SPEED");
	unlink(path);
}

static void properties_of_sflow_rt_are_mapped(void **state)
{
	struct options o;
	struct config c;
	read_valid(&o, &c, "-Dsflow.port=6344");
	assert_int_equal(c.inputs[0].kind, CONFIG_SOCKET);
	assert_int_equal(c.inputs[0].udp_port, 6344);
	config_free(&c);
	read_valid(&o, &c, "-Dsflow.port=6344 -D sflow.file=a.pcap");
	assert_int_equal(c.n_inputs, 1);
	assert_int_equal(c.inputs[0].kind, CONFIG_PCAP);
	assert_int_equal(c.inputs[0].udp_port, 6344);
	assert_true(c.inputs[0].speed == 1);
	config_free(&c);
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *line, *want;
	} samples[] = {
		{"", "nothing to do: give --config FILE, or an input: --pcap FILE, "
		     "--socket ADDRESS:PORT, or --port DEVICE (see --help)"},
		{"--tikc 1s", "--tikc: unknown flag, did you mean --tick?"},
		{"--xyzzyxyzzy", "--xyzzyxyzzy: unknown flag, see --help"},
		{"-x", "-x: unknown flag, see --help"},
		{"--tick", "--tick: expected a value, got none"},
		{"--tick 1ms", "--tick: got \"1ms\", expected a duration from 10ms to 10s"},
		{"a.pcap", "\"a.pcap\" is not a flag; arguments for EAL go behind --"},
		{"--socket x",
		 "--socket: got \"x\", expected ADDRESS:PORT, such as 0.0.0.0:6343 or "
		 "[::]:6343"},
		{"--socket 0.0.0.0 --speed 2", "--speed: there is no pcap among the inputs"},
		{"--socket 0.0.0.0 --loop", "--loop: there is no pcap among the inputs"},
		{"--pcap a --workers 2",
		 "--workers: there is no socket and no port among the inputs"},
		{"--pcap a --speed fast", "--speed: got \"fast\", expected a number from 0.001 to "
					  "1000000, or max"},
		{"--port a --workers 0", "--workers: got \"0\", expected a whole number from 1 to "
					 "1024"},
		{"--pcap a --seconds 0", "--seconds: got \"0\", expected a duration up to 30d"},
		{"--pcap a --flow x", "--flow: got \"x\", expected NAME={...}, such as "
				      "pair={keys:\"ipsource\",value:\"bytes\"}"},
		{"--pcap a --flow x={value}", "--flow:1:7: expected ':' behind the name, got '}'"},
		{"--pcap a --set x", "--set: got \"x\", expected MEMBER=VALUE, such as "
				     "entries=65536"},
		{"--pcap a --set entires=1",
		 "--set entires: unknown member, did you mean \"entries\"?"},
		{"--pcap a --set entries=1", "--set entries: got \"1\", expected a whole number "
					     "from 8 to 268435456"},
		{"--pcap a --set inputs=b", "--set inputs: got \"b\", expected a list of inputs"},
		{"--pcap a --feed ftp://x", "--feed: got \"ftp://x\", expected ipc:///PATH, "
					    "tcp://HOST:PORT, tls+tcp://HOST:PORT, or "
					    "ws://LOOPBACK:PORT/PATH"},
		{"-Dhttp.port=80", "-Dhttp.port: not a property of weir; sflow.port and sflow.file "
				   "are, the rest is in its configuration"},
		{"-Dsflow.port", "--define: got \"sflow.port\", expected NAME=VALUE, such as "
				 "sflow.port=6343"},
		{"--config /nonexistent", "/nonexistent: No such file or directory"},
	};
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		assert_string_equal(line_error(samples[i].line), samples[i].want);
}

static void actions_come_before_the_rest(void **state)
{
	struct options o;
	struct config c;
	read_valid(&o, &c, "--config /nonexistent -h");
	assert_int_equal(o.action, OPTIONS_HELP);
	config_free(&c);
	read_valid(&o, &c, "--version");
	assert_int_equal(o.action, OPTIONS_VERSION);
	config_free(&c);
	read_valid(&o, &c, "--check --pcap a");
	assert_int_equal(o.action, OPTIONS_CHECK);
	config_free(&c);
}

static int start(const char *flag, const char *value)
{
	char *argv[] = {"weir", (char *)(uintptr_t)flag, "--pcap", (char *)(uintptr_t)value, NULL};
	struct options o;
	struct config c;
	const int status = options_start(4, argv, &o, &c);
	if (status < 0)
		config_free(&c);
	return status;
}

static void what_needs_no_daemon_ends_at_once(void **state)
{
	assert_int_equal(start("--check", "a.pcap"), 0);
	assert_int_equal(start("--check", ""), OPTIONS_EXIT_INVALID);
	assert_int_equal(start("--version", "a.pcap"), 0);
	assert_int_equal(start("--help", "a.pcap"), 0);
	assert_int_equal(start("--loop", "a.pcap"), -1);
}

static void help_lists_every_flag(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	options_usage(f);
	fclose(f);
	assert_non_null(strstr(text, "  --socket ADDRESS:PORT      receive on"));
	assert_non_null(strstr(text, "\n  --loop "));
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 0, 100);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_make_a_configuration),
		cmocka_unit_test(without_a_file_something_is_measured),
		cmocka_unit_test(higher_layers_win),
		cmocka_unit_test(properties_of_sflow_rt_are_mapped),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(actions_come_before_the_rest),
		cmocka_unit_test(what_needs_no_daemon_ends_at_once),
		cmocka_unit_test(help_lists_every_flag),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
