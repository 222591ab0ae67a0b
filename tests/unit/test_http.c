// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The HTTP server as clients meet it: real connections on a port of this host, requests as they
// are sent by curl, Node and Python, and those that mean harm.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "weir/config/config.h"
#include "weir/http/http.h"
#include "weir/http/http_rate.h"

enum {
	DEADLINE_MS = 20000, // of anything that a test waits for
	N_STREAM = 5000,     // lines of the long answer
	HEAP = 16 << 20,     // bytes of a large one
};

// Handlers ----------------------------------------------------------------------------------------

static bool there; // what the parked wait for has come

static void get_echo(const struct http_request *r, struct http_answer *a)
{
	const char *q = uri_query(&r->uri, "q", NULL);
	http_answer_json(a, 200, json_pack("{s:s,s:s*}", "name", r->value[0], "q", q));
}

static void put_echo(const struct http_request *r, struct http_answer *a)
{
	if (r->body == NULL)
		http_answer_empty(a, 204);
	else
		http_answer_bytes(a, 200, "text/plain", r->body, r->body_size);
}

static void wait_for_it(const struct http_request *r, struct http_answer *a)
{
	double timeout;
	if (!http_query_real(r, a, "timeout", 0, 0, 3600, &timeout))
		return;
	if (__atomic_load_n(&there, __ATOMIC_ACQUIRE) || r->last || timeout == 0)
		http_answer_text(a, 200, "%s", there ? "there" : "not there");
	else
		http_answer_wait(a, HTTP_EVENTS, timeout);
}

static bool more_lines(void *ctx, struct http_out *out)
{
	int *n = ctx;
	for (int i = 0; i < 100; i++)
		http_out_fmt(out, "%05d\n", (*n)++);
	return *n < N_STREAM;
}

static void stream_lines(const struct http_request *r, struct http_answer *a)
{
	int *n = calloc(1, sizeof(*n));
	http_answer_stream(a, "text/plain",
			   &(struct http_stream){.more = more_lines, .end = free, .ctx = n});
}

// Nothing to say.
static void say_nothing(const struct http_request *r, struct http_answer *a)
{
	struct http_out out = {0};
	http_answer_out(a, "text/plain", &out);
}

// More than the kernel's buffers of a connection take.
static void heap(const struct http_request *r, struct http_answer *a)
{
	struct http_out out = {.text = calloc(1, HEAP + 1), .len = HEAP, .size = HEAP + 1};
	http_answer_out(a, "text/plain", &out);
}

static void well(const struct http_request *r, struct http_answer *a)
{
	http_answer_text(a, 200, "OK");
}

static const struct http_row rows[] = {
	{HTTP_GET, "/echo/{name}/json", get_echo},
	{HTTP_PUT | HTTP_POST, "/echo/{name}/json", put_echo},
	{HTTP_PUT, "/slow", put_echo, HTTP_SLOW},
	{HTTP_PUT, "/big", put_echo, HTTP_BIG},
	{HTTP_GET, "/wait", wait_for_it},
	{HTTP_GET, "/lines", stream_lines},
	{HTTP_GET, "/nothing", say_nothing},
	{HTTP_GET, "/heap", heap},
	{HTTP_GET, "/define", well, HTTP_CHANGES},
	{HTTP_GET, "/well", well, HTTP_OPEN},
};

// A server and its clients ------------------------------------------------------------------------

struct rig {
	struct config config;
	struct http *http;
};

static struct http *serve(struct rig *r, const char *http)
{
	static const struct http_rows table = {rows, sizeof(rows) / sizeof(rows[0])};
	static const struct http_rows *const tables[] = {&table};
	struct err_msg msg = {0};
	char text[512];
	snprintf(text, sizeof(text), "http: {listen: \"127.0.0.1:1\"%s%s}", *http ? ", " : "",
		 http);
	assert_int_equal(config_init(&r->config, &msg), 0);
	if (config_read_text(&r->config, "test", text, &msg) != 0)
		fail_msg("%s", msg.text);
	r->config.http.port = 0;
	const struct http_config c = {.config = &r->config.http, .tables = tables, .n_tables = 1};
	r->http = http_open(&c, &msg);
	if (r->http == NULL)
		fail_msg("%s", msg.text);
	return r->http;
}

static int setup(void **state)
{
	there = false;
	*state = calloc(1, sizeof(struct rig));
	return *state == NULL;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	http_close(r->http);
	config_free(&r->config);
	free(r);
	return 0;
}

static int dial(const struct rig *r)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons((uint16_t)http_port(r->http)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

// All that comes until the other side closes, or until it ends with @p end.
static char *hear(int fd, const char *end)
{
	static char all[1 << 20];
	size_t n = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (n < sizeof(all) - 1) {
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		const ssize_t got = recv(fd, all + n, sizeof(all) - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		all[n] = '\0';
		if (end != NULL && n >= strlen(end) && strcmp(all + n - strlen(end), end) == 0)
			break;
	}
	all[n] = '\0';
	return all;
}

// One request with "Connection: close", and the whole answer.
static char *ask(const struct rig *r, const char *line, const char *headers, const char *body)
{
	const int fd = dial(r);
	char request[4096];
	snprintf(request, sizeof(request),
		 "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s", line, headers);
	say(fd, request);
	if (body != NULL) {
		snprintf(request, sizeof(request), "Content-Length: %zu\r\n\r\n%s", strlen(body),
			 body);
		say(fd, request);
	} else {
		say(fd, "\r\n");
	}
	char *answer = hear(fd, NULL);
	close(fd);
	return answer;
}

static unsigned status_of(const char *answer)
{
	unsigned status = 0;
	sscanf(answer, "HTTP/1.1 %u", &status);
	return status;
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	return end != NULL ? end + 4 : "";
}

#define ANSWERS(answer, status, text)                                \
	do {                                                         \
		const char *answer_ = answer;                        \
		assert_int_equal(status_of(answer_), status);        \
		if (strstr(answer_, text) == NULL)                   \
			fail_msg("no \"%s\" in: %s", text, answer_); \
	} while (0)

// What is asked and answered ----------------------------------------------------------------------

static void test_routes(void **state)
{
	struct rig *r = *state;
	serve(r, "");
	ANSWERS(ask(r, "GET /echo/a%2Cb/json?q=1%20&q=2", "", NULL), 200,
		"{\"name\":\"a,b\",\"q\":\"1 \"}");
	ANSWERS(ask(r, "GET /echo/a/json", "", NULL), 200, "Content-Type: application/json");
	ANSWERS(ask(r, "GET /echo/a/json", "", NULL), 200, "X-Content-Type-Options: nosniff");
	ANSWERS(ask(r, "GET /echo", "", NULL), 404, "{\"error\":\"no such resource\"}");
	ANSWERS(ask(r, "DELETE /echo/a/json", "", NULL), 405,
		"Allow: OPTIONS, GET, HEAD, PUT, POST");
	ANSWERS(ask(r, "BREW /echo/a/json", "", NULL), 501, "unknown method");
	ANSWERS(ask(r, "GET /echo/%zz/json", "", NULL), 400, "escape");
	ANSWERS(ask(r, "GET /wait?timeout=x", "", NULL), 400, "timeout: got \\\"x\\\"");
	assert_string_equal(body_of(ask(r, "HEAD /echo/a/json", "", NULL)), "");
	ANSWERS(ask(r, "GET /nothing", "", NULL), 200, "Content-Length: 0");
	assert_int_equal(status_of(ask(r, "PUT /slow", "", NULL)), 204);
	ANSWERS(ask(r, "PUT /slow", "", "x=1"), 200, "x=1");
}

static void test_bodies_come_whole_or_in_chunks(void **state)
{
	struct rig *r = *state;
	serve(r, "max_body: 1024, max_table: 2048");
	ANSWERS(ask(r, "PUT /echo/a/json", "", "{keys:'a'}"), 200, "{keys:'a'}");
	int fd = dial(r);
	say(fd,
	    "PUT /echo/a/json HTTP/1.1\r\nHost: [::1]:8008\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "4\r\nabcd\r\n");
	say(fd, "3\r\nefg\r\n0\r\n\r\n");
	ANSWERS(hear(fd, "abcdefg"), 200, "abcdefg");
	// The connection lives on.
	say(fd, "GET /well HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ANSWERS(hear(fd, "OK"), 200, "OK");
	close(fd);
	char body[2050] = {0};
	memset(body, 'x', 1025);
	ANSWERS(ask(r, "PUT /echo/a/json", "", body), 413, "at most 1024");
	ANSWERS(ask(r, "PUT /big", "", body), 200, "xxx");
	memset(body, 'x', 2049);
	ANSWERS(ask(r, "PUT /big", "", body), 413, "at most 2048");
	fd = dial(r);
	say(fd, "PUT /echo/a/json HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
		"800\r\n");
	body[2048] = '\0';
	say(fd, body);
	say(fd, "\r\n0\r\n\r\n");
	ANSWERS(hear(fd, "}"), 413, "at most 1024");
	close(fd);
	// A gigabyte is not even begun.
	fd = dial(r);
	say(fd, "PUT /big HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 1073741824\r\n\r\n");
	ANSWERS(hear(fd, "}"), 413, "at most 2048");
	close(fd);
	struct http_stats stats;
	http_stats(r->http, &stats);
	assert_int_equal(stats.bodies, 0);
}

// Clients that ask and do not read: what is made for them is bounded, and small answers still come.
static void test_answers_on_their_way_are_bounded(void **state)
{
	struct rig *r = *state;
	struct http_stats stats = {0};
	int fd[8];
	serve(r, "answers: 64MiB");
	for (size_t i = 0; i < 8; i++) {
		fd[i] = dial(r);
		say(fd[i], "GET /heap HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	for (int i = 0; i < DEADLINE_MS && stats.answers_2xx + stats.answers_5xx < 8; i++) {
		poll(NULL, 0, 1);
		http_stats(r->http, &stats);
	}
	assert_int_equal(stats.answers_2xx, (64 << 20) / HEAP);
	assert_int_equal(stats.answers_5xx, 8 - (64 << 20) / HEAP);
	ANSWERS(ask(r, "GET /heap", "", NULL), 503, "Retry-After: 1");
	ANSWERS(ask(r, "GET /well", "", NULL), 200, "OK");
	for (size_t i = 0; i < 8; i++)
		close(fd[i]);
	for (int i = 0; i < DEADLINE_MS && stats.answers > 0; i++) {
		poll(NULL, 0, 1);
		http_stats(r->http, &stats);
	}
	assert_int_equal(stats.answers, 0);
}

static void test_streams_come_in_slices(void **state)
{
	struct rig *r = *state;
	serve(r, "");
	const int fd = dial(r);
	say(fd, "GET /lines HTTP/1.0\r\nHost: localhost\r\n\r\n");
	const char *body = body_of(hear(fd, NULL));
	close(fd);
	assert_int_equal(strlen(body), N_STREAM * 6);
	assert_memory_equal(body + (N_STREAM - 1) * 6, "04999\n", 6);
}

static void wait_parked(const struct rig *r, uint64_t n)
{
	struct http_stats stats = {0};
	for (int i = 0; i < DEADLINE_MS; i++) {
		http_stats(r->http, &stats);
		if (stats.parked == n)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("%lu parked, not %lu", (unsigned long)stats.parked, (unsigned long)n);
}

// So many are connected, and nobody asks anything.
static void wait_closed(const struct rig *r, uint64_t n)
{
	struct http_stats stats = {0};
	for (int i = 0; i < DEADLINE_MS; i++) {
		http_stats(r->http, &stats);
		if (stats.connections == n && stats.active == 0)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("%lu connections, not %lu", (unsigned long)stats.connections, (unsigned long)n);
}

static void test_parked_requests_are_woken_or_time_out(void **state)
{
	struct rig *r = *state;
	serve(r, "polls: 2");
	ANSWERS(ask(r, "GET /wait", "", NULL), 200, "not there");
	ANSWERS(ask(r, "GET /wait?timeout=0.05", "", NULL), 200, "not there");
	const char *line = "GET /wait?timeout=600 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	const int a = dial(r), b = dial(r), gone = dial(r);
	say(gone, line);
	wait_parked(r, 1);
	close(gone); // notices itself: nobody asks any more
	wait_parked(r, 0);
	wait_closed(r, 2);
	say(a, line);
	say(b, line);
	wait_parked(r, 2);
	ANSWERS(ask(r, "GET /wait?timeout=9", "", NULL), 503, "at most 2");
	http_wake(r->http, HTTP_EVENTS); // for nothing
	wait_parked(r, 2);
	__atomic_store_n(&there, true, __ATOMIC_RELEASE);
	http_wake(r->http, HTTP_EVENTS);
	ANSWERS(hear(a, "there"), 200, "\r\n\r\nthere");
	ANSWERS(hear(b, "there"), 200, "\r\n\r\nthere");
	close(a);
	close(b);
}

static void test_the_end_answers_the_parked(void **state)
{
	struct rig *r = *state;
	serve(r, "");
	const int fd = dial(r);
	say(fd, "GET /wait?timeout=600 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wait_parked(r, 1);
	http_close(r->http);
	r->http = NULL;
	ANSWERS(hear(fd, NULL), 200, "not there");
	close(fd);
}

// Who is kept out ---------------------------------------------------------------------------------

static void test_read_only(void **state)
{
	struct rig *r = *state;
	serve(r, "readonly: yes");
	ANSWERS(ask(r, "PUT /echo/a/json", "", "x"), 403, "read-only");
	ANSWERS(ask(r, "GET /echo/a/json", "", NULL), 200, "a");
}

static void test_pages_of_other_origins(void **state)
{
	struct rig *r = *state;
	serve(r, "cors: \"http://friend\", hosts: alias");
	ANSWERS(ask(r, "POST /echo/a/json", "Origin: http://evil\r\n", "x"), 403, "origin");
	ANSWERS(ask(r, "POST /echo/a/json", "Origin: http://127.0.0.1\r\n", "x"), 200, "x");
	ANSWERS(ask(r, "POST /echo/a/json", "Origin: http://friend\r\n", "x"), 200,
		"Access-Control-Allow-Origin: http://friend");
	// What an image or a link of another page asks for.
	ANSWERS(ask(r, "GET /define", "Sec-Fetch-Site: cross-site\r\n", NULL), 403, "origin");
	ANSWERS(ask(r, "GET /define", "Sec-Fetch-Site: same-site\r\n", NULL), 403, "origin");
	ANSWERS(ask(r, "GET /define", "Origin: http://evil\r\n", NULL), 403, "origin");
	ANSWERS(ask(r, "GET /define", "", NULL), 200, "OK");
	ANSWERS(ask(r, "GET /define", "Sec-Fetch-Site: none\r\n", NULL), 200, "OK");
	ANSWERS(ask(r, "GET /define", "Sec-Fetch-Site: same-origin\r\n", NULL), 200, "OK");
	ANSWERS(ask(r, "GET /define", "Sec-Fetch-Site: cross-site\r\nOrigin: http://friend\r\n",
		    NULL),
		200, "OK");
	ANSWERS(ask(r, "GET /well", "Sec-Fetch-Site: cross-site\r\n", NULL), 200, "OK");
	assert_null(strstr(ask(r, "GET /echo/a/json", "Origin: http://evil\r\n", NULL),
			   "Access-Control"));
	ANSWERS(ask(r, "OPTIONS /echo/a/json", "Origin: http://friend\r\n", NULL), 204,
		"Access-Control-Allow-Methods: GET, PUT");
	assert_null(strstr(ask(r, "OPTIONS /echo/a/json", "Origin: http://evil\r\n", NULL),
			   "Access-Control"));
	// Names that do not lead here by right (DNS rebinding).
	int fd = dial(r);
	say(fd, "GET /well HTTP/1.1\r\nHost: evil.example:8008\r\n\r\n");
	ANSWERS(hear(fd, "}"), 403, "host: got");
	close(fd);
	fd = dial(r);
	say(fd, "GET /well HTTP/1.1\r\nHost: alias:8008\r\n\r\n");
	ANSWERS(hear(fd, "OK"), 200, "OK");
	close(fd);
}

static void test_token(void **state)
{
	struct rig *r = *state;
	char path[] = "/tmp/weir-token-XXXXXX", http[64];
	const int fd = mkstemp(path);
	assert_int_equal(write(fd, "0123456789abcdef\n", 17), 17);
	close(fd);
	snprintf(http, sizeof(http), "token_file: %s", path);
	serve(r, http);
	unlink(path);
	ANSWERS(ask(r, "GET /echo/a/json", "", NULL), 401, "WWW-Authenticate: Bearer");
	ANSWERS(ask(r, "GET /well", "", NULL), 200, "OK");
	ANSWERS(ask(r, "GET /echo/a/json", "Authorization: Bearer 0123456789abcdef\r\n", NULL), 200,
		"a");
	ANSWERS(ask(r, "GET /echo/a/json", "Authorization: Bearer 0123456789abcdeg\r\n", NULL), 401,
		"token");
	ANSWERS(ask(r, "GET /echo/a/json", "Authorization: Bearer \r\n", NULL), 401, "token");
	// curl -u :0123456789abcdef
	ANSWERS(ask(r, "GET /echo/a/json", "Authorization: Basic OjAxMjM0NTY3ODlhYmNkZWY=\r\n",
		    NULL),
		200, "a");
}

// Nothing is held for ever ------------------------------------------------------------------------

static void test_slow_clients_are_cut(void **state)
{
	struct rig *r = *state;
	serve(r, "timeout: 1s");
	const int idle = dial(r), header = dial(r), body = dial(r);
	say(header, "GET /well HTTP/1.1\r\nHo");
	say(body, "PUT /echo/a/json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
	assert_string_equal(hear(idle, NULL), "");
	assert_string_equal(hear(header, NULL), "");
	assert_string_equal(hear(body, NULL), "");
	close(idle);
	close(header);
	close(body);
}

static void test_the_idle_make_room(void **state)
{
	struct rig *r = *state;
	int fd[64];
	serve(r, "connections: 8, threads: 1");
	for (int i = 0; i < 64; i++)
		fd[i] = dial(r);
	ANSWERS(ask(r, "GET /well", "", NULL), 200, "OK");
	struct http_stats stats;
	http_stats(r->http, &stats);
	assert_true(stats.cut > 0 && stats.connections <= 8);
	for (int i = 0; i < 64; i++)
		close(fd[i]);
}

static void test_a_client_asks_too_often(void **state)
{
	struct rig *r = *state;
	serve(r, "rate: 3");
	for (int i = 0; i < 3; i++)
		ANSWERS(ask(r, "GET /well", "", NULL), 200, "OK");
	// A test that is late by a third of a second may ask once more.
	for (int i = 0; i < 50; i++)
		ask(r, "GET /well", "", NULL);
	ANSWERS(ask(r, "GET /well", "", NULL), 429, "at most 3 requests a second");
	struct http_stats stats;
	http_stats(r->http, &stats);
	assert_true(stats.limited > 0);
}

static struct addr client(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static unsigned granted(struct http_rate *limit, const char *text, uint64_t now, unsigned n)
{
	const struct addr a = client(text);
	unsigned got = 0;
	while (n-- > 0)
		got += http_rate_take(limit, &a, now);
	return got;
}

static void test_buckets(void **state)
{
	const uint64_t second = 1000000000;
	struct http_rate *limit = http_rate_new(10, 1);
	assert_int_equal(granted(limit, "192.0.2.1", second, 100), 10);
	assert_int_equal(granted(limit, "192.0.2.2", second, 100), 10); // each its own
	assert_int_equal(granted(limit, "192.0.2.1", second + second / 2, 100), 5);
	assert_int_equal(granted(limit, "192.0.2.1", 100 * second, 100), 10); // no more than that
	// A host has all of its network's addresses.
	assert_int_equal(granted(limit, "2001:db8::1", 100 * second, 6), 6);
	assert_int_equal(granted(limit, "2001:db8::2:3", 100 * second, 6), 4);
	assert_int_equal(granted(limit, "2001:db8:0:1::1", 100 * second, 6), 6);
	// More clients than buckets: constant memory, and newcomers share what is left.
	unsigned flood = 0;
	for (uint32_t i = 0; i < 100000; i++) {
		const struct addr a = {.family = ADDR_IP4};
		struct addr from = a;
		memcpy(from.bytes, &i, sizeof(i));
		flood += http_rate_take(limit, &from, 200 * second);
	}
	assert_true(flood > HTTP_RATE_CLIENTS && flood <= 10 * HTTP_RATE_CLIENTS);
	http_rate_free(limit);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_routes),
		TEST(test_bodies_come_whole_or_in_chunks),
		TEST(test_answers_on_their_way_are_bounded),
		TEST(test_streams_come_in_slices),
		TEST(test_parked_requests_are_woken_or_time_out),
		TEST(test_the_end_answers_the_parked),
		TEST(test_read_only),
		TEST(test_pages_of_other_origins),
		TEST(test_token),
		TEST(test_slow_clients_are_cut),
		TEST(test_the_idle_make_room),
		TEST(test_a_client_asks_too_often),
		cmocka_unit_test(test_buckets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
