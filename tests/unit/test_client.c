// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl as its users meet it: a process, beside a collector that is this test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "feed_fixture.h"
#include "weir/output/publish.h"

enum {
	PATIENCE_MS = 20000, // how long anything may take on a machine that does something else
	OUTPUT_SIZE = 1 << 20,
};

// A running weirctl.
struct client {
	pid_t pid;
	int fd;                   // its output, standard error too
	char output[OUTPUT_SIZE]; // so far
	size_t len;
};

static struct program *program;
static char dir[] = "/tmp/weir-client-XXXXXX";
static char url[64];
static uint64_t tick;

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct publish *collector; // of the test that runs
static struct client client;

static struct publish *open_feed(void)
{
	const char *const urls[] = {url};
	const struct publish_config config = {.urls = urls, .n_urls = 1, .run = 3};
	struct err_msg msg = {0};
	struct publish *p = publish_open(&config, program, &msg);
	if (p == NULL)
		fail_msg("%s", msg.text);
	tick = 0;
	return collector = p;
}

static void close_feed(const char *reason)
{
	publish_close(collector, reason);
	collector = NULL;
}

// One round: an event, both flow sets, the statistics.
static void publish_round(struct publish *p)
{
	static struct stats stats;
	const struct message_worker worker = {.lcore = 1, .input = "fixture", .stats = &stats};
	const struct flow_row pairs[] = {fixture_pair(program, 0), fixture_pair(program, 1)};
	const struct flow_row port = fixture_port(program, true);
	const struct flow_summary summary = fixture_summary();
	tick++;
	struct threshold_event event = fixture_event(tick, "big", &pairs[0]);
	event.time = FIXTURE_TIME + tick * 1000000000;
	publish_tick(p, tick, FIXTURE_TIME + tick * 1000000000, 0);
	publish_events(p, &event, 1);
	publish_flows(p, FIXTURE_PAIR, pairs, 2, &summary);
	publish_flows(p, FIXTURE_PORT, &port, 1, &summary);
	const struct completed_row over[] = {fixture_completed(program, 0),
					     fixture_completed(program, 1)};
	publish_completed(p, FIXTURE_PAIR, over, 2);
	publish_stats(p, &(struct message_stats){.workers = &worker, .n_workers = 1});
}

enum terminal {
	PIPE,
	TERMINAL,
};

static void run_child(const char *program_path, const char *const *args)
{
	const char *argv[16] = {program_path};
	for (unsigned i = 0; args[i] != NULL; i++)
		argv[i + 1] = args[i];
	setenv("TZ", "UTC", 1);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static struct client *start(const char *path, enum terminal terminal, const char *const *args)
{
	struct client *c = &client;
	const struct winsize size = {.ws_row = 20, .ws_col = 90};
	int pipes[2];
	c->len = 0;
	if (terminal == TERMINAL) {
		c->pid = forkpty(&c->fd, NULL, NULL, &size);
		if (c->pid == 0)
			run_child(path, args);
	} else {
		assert_int_equal(pipe(pipes), 0);
		c->fd = pipes[0];
		c->pid = fork();
		if (c->pid == 0) {
			dup2(pipes[1], STDOUT_FILENO);
			dup2(pipes[1], STDERR_FILENO);
			close(pipes[0]);
			run_child(path, args);
		}
		close(pipes[1]);
	}
	assert_true(c->pid > 0);
	return c;
}

#define START(terminal, ...) \
	start(getenv("WEIRCTL"), terminal, (const char *const[]){__VA_ARGS__, NULL})

// Read on; false at the end of the output.
static bool read_some(struct client *c)
{
	struct pollfd fd = {.fd = c->fd, .events = POLLIN};
	assert_true(c->len < OUTPUT_SIZE - 1);
	if (poll(&fd, 1, PATIENCE_MS) != 1)
		fail_msg("no output any more after: %s", c->output);
	const ssize_t n = read(c->fd, c->output + c->len, OUTPUT_SIZE - 1 - c->len);
	if (n <= 0) // a terminal ends with EIO
		return false;
	c->len += (size_t)n;
	c->output[c->len] = '\0';
	return true;
}

static void read_until(struct client *c, const char *text)
{
	c->output[c->len] = '\0';
	while (strstr(c->output, text) == NULL)
		if (!read_some(c))
			fail_msg("ended before \"%s\": %s", text, c->output);
}

static int finish(struct client *c)
{
	int status;
	c->output[c->len] = '\0';
	while (read_some(c))
		;
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	c->pid = 0;
	close(c->fd);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

// The n-th line of the output as JSON.
static json_t *line_of(const struct client *c, unsigned n)
{
	const char *p = c->output;
	for (; n > 0; n--)
		p = strchr(p, '\n') + 1;
	json_error_t error;
	json_t *json = json_loadb(p, strcspn(p, "\n"), 0, &error);
	if (json == NULL)
		fail_msg("%s: %s", error.text, p);
	return json;
}

static const char *text_in(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static unsigned lines_of(const struct client *c)
{
	unsigned n = 0;
	for (const char *p = c->output; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

static void top_once_json_is_one_round(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "top", "--feed", url, "--once", "--json", "--n", "1");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	assert_int_equal(finish(c), 0);
	assert_int_equal(lines_of(c), 2);
	json_t *pair = line_of(c, 0), *port = line_of(c, 1);
	assert_string_equal(text_in(pair, "topic"), "flow.pair");
	assert_string_equal(text_in(pair, "unit"), "bytes/s");
	assert_string_equal(text_in(port, "topic"), "flow.port");
	assert_int_equal(json_array_size(json_object_get(pair, "flows")), 1);
	const json_t *flow = json_array_get(json_object_get(pair, "flows"), 0);
	assert_string_equal(text_in(flow, "key"), "10.0.0.0,10.0.1.0");
	assert_string_equal(text_in(flow, "agent"), "192.0.2.1");
	assert_true(json_real_value(json_object_get(flow, "value")) == 1e8);
	assert_true(json_real_value(json_object_get(flow, "error")) == 1e6);
	json_decref(pair);
	json_decref(port);
	close_feed("test");
}

static void final_ends_every_command(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "top", "--feed", url, "--json", "--flow", "pair");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	publish_round(p);
	close_feed("signal");
	assert_int_equal(finish(c), 0);
	assert_int_equal(lines_of(c), 3);
	json_t *second = line_of(c, 1);
	assert_string_equal(text_in(second, "topic"), "flow.pair");
	assert_int_equal(json_integer_value(json_object_get(second, "sequence")), 2);
	assert_int_equal(json_integer_value(json_object_get(second, "lost")), 0);
	json_decref(second);
	assert_non_null(strstr(c->output, "the collector has ended: signal"));
}

static void events_are_lines(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "events", "--feed", url);
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	read_until(c, "\n"); // at once, not at the end
	assert_string_equal(c->output, "10:00:25.7 #1 big: pair 800M +/- 8.00M >= 400M bit/s"
				       "  leaf1 swp0  10.0.0.0,10.0.1.0\n");
	close_feed("test");
	assert_int_equal(finish(c), 0);

	p = open_feed();
	c = START(PIPE, "events", "--feed", url, "--json", "--threshold", "big");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	read_until(c, "\n");
	json_t *event = line_of(c, 0);
	assert_string_equal(text_in(event, "topic"), "event.big");
	assert_int_equal(json_integer_value(json_object_get(event, "id")), 1);
	assert_string_equal(text_in(json_object_get(event, "flow"), "port_name"), "swp0");
	json_decref(event);
	close_feed("test");
	assert_int_equal(finish(c), 0);
}

static void completed_flows_are_lines(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "flows", "--feed", url);
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	read_until(c, "10.0.1.1\n");
	assert_string_equal(
		c->output, "10:00:14.7 pair: 8.00M bytes in 9.99 s  leaf1 swp0  10.0.0.0,10.0.1.0\n"
			   "10:00:14.7 pair: 4.00M bytes in 9.99 s  leaf1 swp1/out"
			   "  10.0.0.1,10.0.1.1\n");
	close_feed("test");
	assert_int_equal(finish(c), 0);

	p = open_feed();
	c = START(PIPE, "flows", "--feed", url, "--json", "--flow", "pair");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	read_until(c, "\n");
	json_t *set = line_of(c, 0);
	assert_string_equal(text_in(set, "topic"), "completed.pair");
	assert_int_equal(json_array_size(json_object_get(set, "flows")), 2);
	json_decref(set);
	close_feed("test");
	assert_int_equal(finish(c), 0);
}

static void stats_show_ledgers(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "stats", "--feed", url);
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	assert_int_equal(finish(c), 0);
	assert_non_null(strstr(c->output, "datagrams 0 = 0 used + 0"));
	assert_non_null(strstr(c->output, "rx_datagrams"));
	close_feed("test");
}

static void client_may_come_first(void **state)
{
	(void)state;
	struct client *c = START(PIPE, "top", "--feed", url, "--once");
	read_until(c, "waiting for the collector at");
	struct publish *p = open_feed();
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	assert_int_equal(finish(c), 0);
	assert_non_null(strstr(c->output, "10.0.0.1,10.0.1.1"));
	close_feed("test");
}

static void no_wait_fails_at_once(void **state)
{
	(void)state;
	struct client *c = START(PIPE, "top", "--feed", url, "--no-wait");
	assert_int_equal(finish(c), 1);
	assert_non_null(strstr(c->output, "no collector is there"));
	c = START(PIPE, "top", "--feed", "pigeon://x", "--no-wait");
	assert_int_equal(finish(c), 1);
	assert_non_null(strstr(c->output, "expected ipc:///PATH"));
}

static void time_over_without_a_word_is_a_failure(void **state)
{
	(void)state;
	struct client *c = START(PIPE, "events", "--feed", url, "--seconds", "0.2");
	assert_int_equal(finish(c), 1);
	struct publish *p = open_feed();
	c = START(PIPE, "events", "--feed", url, "--seconds", "2");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	assert_int_equal(finish(c), 0);
	close_feed("test");
}

static void unknown_flow_is_told(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "top", "--feed", url, "--once", "--flow", "pear");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	assert_int_equal(finish(c), 1);
	assert_non_null(
		strstr(c->output, "no flow definition \"pear\", expected one of: pair port"));
	close_feed("test");
}

static void wrong_usage_is_refused(void **state)
{
	(void)state;
	struct client *c = START(PIPE, "top", "--n", "0");
	assert_int_equal(finish(c), 2);
	c = START(PIPE, "top", "--threshold", "x"); // only `events` takes that
	assert_int_equal(finish(c), 2);
	c = START(PIPE, "tip");
	assert_int_equal(finish(c), 2);
	assert_non_null(strstr(c->output, "unknown command \"tip\""));
	c = START(PIPE, "events", "--help");
	assert_int_equal(finish(c), 0);
	assert_non_null(strstr(c->output, "--threshold NAME"));
}

// On a terminal: the alternate screen, one frame in one piece, and all as before afterwards.
static void terminal_is_given_back(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(TERMINAL, "top", "--feed", url);
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	read_until(c, "lost before");
	assert_non_null(strstr(c->output, "\x1b[?1049h"));
	assert_null(strstr(c->output, "\x1b[?1049l"));
	assert_non_null(strstr(c->output, "10.0.0.1,10.0.1.1"));
	const uint64_t before = now_ms();
	assert_int_equal(kill(c->pid, SIGINT), 0);
	assert_int_equal(finish(c), 0);
	assert_true(now_ms() - before < PATIENCE_MS);
	const char *after = strstr(c->output, "\x1b[?25h\x1b[?1049l");
	assert_non_null(after);
	// The last table stays.
	assert_non_null(strstr(after, "10.0.0.1,10.0.1.1"));
	assert_null(strchr(after + strlen("\x1b[?25h\x1b[?1049l"), '\x1b'));
	close_feed("test");
}

static void q_ends_it_too(void **state)
{
	(void)state;
	struct client *c = START(TERMINAL, "top", "--feed", url);
	read_until(c, "waiting for the collector");
	assert_int_equal(write(c->fd, "q", 1), 1);
	assert_int_equal(finish(c), 0);
}

// Nobody reads what it writes, and still Ctrl-C ends it.
static void a_full_pipe_does_not_hold_it(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = START(PIPE, "top", "--feed", url, "--json");
	int held = 0;
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	for (unsigned i = 0; i < 400;
	     i++) // two lines of 1 kB and more each; a pipe holds 64 kB at most
		publish_round(p);
	// Until it writes no more: what is in the pipe stays the same for a while.
	const uint64_t end = now_ms() + PATIENCE_MS;
	for (int before = -1, same = 0; same < 5 && now_ms() < end;) {
		before = held;
		poll(NULL, 0, 50);
		assert_int_equal(ioctl(c->fd, FIONREAD, &held), 0);
		same = held > 16384 && held == before ? same + 1 : 0;
	}
	assert_true(held > 16384);
	assert_int_equal(kill(c->pid, SIGINT), 0);
	int status;
	const uint64_t start_ms = now_ms();
	while (waitpid(c->pid, &status, WNOHANG) == 0) {
		poll(NULL, 0, 10);
		assert_true(now_ms() - start_ms < PATIENCE_MS);
	}
	c->pid = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(c->fd);
	close_feed("test");
}

// doc/feed.md shows it.
static void the_documented_subscriber_works(void **state)
{
	(void)state;
	struct publish *p = open_feed();
	struct client *c = start(getenv("FEED_EXAMPLE"), PIPE, (const char *const[]){url, NULL});
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	publish_round(p);
	close_feed("test");
	assert_int_equal(finish(c), 0);
	assert_string_equal(c->output,
			    "192.0.2.1 4 10.0.0.0,10.0.1.0 100000000 +/- 1000000 bytes/s\n"
			    "192.0.2.1 5 10.0.0.1,10.0.1.1 50000000 +/- 1000000 bytes/s\n"
			    "2001:DB8::1 2.1 020000000001_SEP_42_SEP_000010010 1234 +/- 70"
			    " frames/s\n");
}

// A test that failed leaves nothing to the next one.
static int clean_up(void **state)
{
	(void)state;
	if (client.pid > 0) {
		kill(client.pid, SIGKILL);
		waitpid(client.pid, NULL, 0);
		client.pid = 0;
	}
	close_feed(NULL);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	program = fixture_program();
	if (program == NULL || mkdtemp(dir) == NULL)
		return -1;
	snprintf(url, sizeof(url), "ipc://%s/feed.ipc", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	program_free(program);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(top_once_json_is_one_round, clean_up),
		cmocka_unit_test_teardown(final_ends_every_command, clean_up),
		cmocka_unit_test_teardown(events_are_lines, clean_up),
		cmocka_unit_test_teardown(completed_flows_are_lines, clean_up),
		cmocka_unit_test_teardown(stats_show_ledgers, clean_up),
		cmocka_unit_test_teardown(client_may_come_first, clean_up),
		cmocka_unit_test_teardown(no_wait_fails_at_once, clean_up),
		cmocka_unit_test_teardown(time_over_without_a_word_is_a_failure, clean_up),
		cmocka_unit_test_teardown(unknown_flow_is_told, clean_up),
		cmocka_unit_test_teardown(wrong_usage_is_refused, clean_up),
		cmocka_unit_test_teardown(terminal_is_given_back, clean_up),
		cmocka_unit_test_teardown(q_ends_it_too, clean_up),
		cmocka_unit_test_teardown(a_full_pipe_does_not_hold_it, clean_up),
		cmocka_unit_test_teardown(the_documented_subscriber_works, clean_up),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
