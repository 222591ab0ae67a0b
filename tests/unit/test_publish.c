// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The feed end to end, in one process: rows in, publish.h, nng, the client's subscriber (feed.h).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed.h"
#include "feed_fixture.h"
#include "weir/output/publish.h"

enum {
	PATIENCE_MS = 20000, // how long anything may take on a machine that does something else
	URL_SIZE = 100,      // shorter than sun_path
};

static struct program *program;
static char dir[] = "/tmp/weir-feed-XXXXXX";

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

// A TCP port of the loopback that was free a moment ago.
static unsigned free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static const char *ipc_url(const char *name)
{
	static char url[URL_SIZE];
	snprintf(url, sizeof(url), "ipc://%s/%s", dir, name);
	return url;
}

static struct publish *open_feed(const char *url, uint32_t queue)
{
	const struct publish_config config = {
		.urls = &url,
		.n_urls = 1,
		.queue = queue,
		.interval = 1000000000,
		.run = 5,
	};
	struct err_msg msg = {0};
	struct publish *p = publish_open(&config, program, &msg);
	if (p == NULL)
		fail_msg("%s", msg.text);
	publish_tick(p, 1, FIXTURE_TIME, 0);
	return p;
}

static struct feed *subscribe(const char *url, const char *topic)
{
	struct err_msg msg = {0};
	struct feed *f = feed_open(url, &topic, 1, false, &msg);
	if (f == NULL)
		fail_msg("%s", msg.text);
	return f;
}

static void receive(struct feed *f, struct feed_message *m)
{
	const uint64_t end = now_ms() + PATIENCE_MS;
	while (!feed_next(f, m)) {
		struct pollfd fd = {.fd = feed_fd(f), .events = POLLIN};
		poll(&fd, 1, 1000);
		if (now_ms() > end)
			fail_msg("no message came");
	}
}

static void send_pairs(struct publish *p, unsigned n_rows)
{
	struct flow_row rows[8];
	const struct flow_summary summary = fixture_summary();
	for (unsigned i = 0; i < n_rows; i++)
		rows[i] = fixture_pair(program, i);
	publish_flows(p, FIXTURE_PAIR, rows, n_rows, &summary);
}

static void send_event(struct publish *p, uint64_t id, const char *threshold)
{
	const struct flow_row row = fixture_pair(program, 0);
	const struct threshold_event event = fixture_event(id, threshold, &row);
	publish_events(p, &event, 1);
}

static void send_stats(struct publish *p)
{
	static struct stats stats;
	const struct message_worker worker = {.lcore = 1, .input = "fixture", .stats = &stats};
	publish_stats(p, &(struct message_stats){.workers = &worker, .n_workers = 1});
}

// One socket, three transports, the same messages.
static void all_transports_at_once(void **state)
{
	(void)state;
	char urls[3][URL_SIZE];
	snprintf(urls[0], URL_SIZE, "%s", ipc_url("three.ipc"));
	snprintf(urls[1], URL_SIZE, "tcp://127.0.0.1:%u", free_port());
	snprintf(urls[2], URL_SIZE, "ws://127.0.0.1:%u/feed", free_port());
	const char *const list[] = {urls[0], urls[1], urls[2]};
	const struct publish_config config = {.urls = list, .n_urls = 3, .run = 5};
	struct err_msg msg = {0};
	struct publish *p = publish_open(&config, program, &msg);
	if (p == NULL)
		fail_msg("%s", msg.text);
	struct feed *feeds[3];
	for (unsigned i = 0; i < 3; i++)
		feeds[i] = subscribe(urls[i], "flow.");
	assert_true(publish_wait(p, 3, PATIENCE_MS));
	assert_int_equal(publish_report(p).subscribers, 3);
	assert_true(publish_tick(p, 9, FIXTURE_TIME, 0));
	send_pairs(p, 2);
	for (unsigned i = 0; i < 3; i++) {
		struct feed_message m;
		receive(feeds[i], &m);
		assert_int_equal(m.kind, FEED_FLOWS);
		assert_string_equal(m.topic, "flow.pair");
		assert_int_equal(m.flows->run, 5);
		assert_int_equal(m.flows->sequence, 1);
		assert_int_equal(m.flows->tick, 9);
		assert_int_equal(m.flows->n_flows, 2);
		assert_string_equal(m.flows->flows[1]->key, "10.0.0.1,10.0.1.1");
		feed_message_free(&m);
		feed_close(feeds[i]);
	}
	publish_close(p, "test");
	assert_int_equal(access(urls[0] + strlen("ipc://"), F_OK), -1);
}

// Each topic counts for itself, and a subscriber to one of them sees no loss in it.
static void topics_are_numbered_apart(void **state)
{
	(void)state;
	struct publish *p = open_feed(ipc_url("apart.ipc"), 0);
	struct feed *f = subscribe(ipc_url("apart.ipc"), "event.big");
	struct feed_message m;
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	send_event(p, 1, "big");
	send_pairs(p, 1);
	send_event(p, 2, "bigger"); // another topic, though it begins the same
	send_event(p, 3, "big");
	send_stats(p);
	for (uint64_t sequence = 1; sequence <= 2; sequence++) {
		receive(f, &m);
		assert_string_equal(m.topic, "event.big");
		assert_int_equal(m.event->sequence, sequence);
		assert_string_equal(m.event->threshold, "big");
		feed_message_free(&m);
	}
	receive(f, &m);
	assert_int_equal(m.kind, FEED_STATS);
	assert_int_equal(m.stats->n_topics, 3);
	assert_string_equal(m.stats->topics[0]->text, "event.big");
	assert_int_equal(m.stats->topics[0]->sequence, 2);
	assert_int_equal(m.stats->n_flows, 2);
	assert_int_equal(m.stats->publisher->messages, 4);
	feed_message_free(&m);
	assert_int_equal(feed_lost(f), 0);
	feed_close(f);
	publish_close(p, "test");
}

// The topics that the next Stats lists, as "NAME:SEQUENCE ...".
static const char *listed(struct publish *p, struct feed *f)
{
	static char text[256];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct feed_message m;
	send_stats(p);
	do
		receive(f, &m);
	while (m.kind != FEED_STATS && (feed_message_free(&m), true));
	for (size_t i = 0; i < m.stats->n_topics; i++)
		strbuf_fmt(&b, "%s%s:%u", i > 0 ? " " : "", m.stats->topics[i]->text,
			   (unsigned)m.stats->topics[i]->sequence);
	feed_message_free(&m);
	return text;
}

// Clients may define and delete under ever new names: what the feed keeps does not grow with them.
static void names_that_are_gone_are_forgotten(void **state)
{
	(void)state;
	struct publish *p = open_feed(ipc_url("gone.ipc"), 0);
	struct feed *f = subscribe(ipc_url("gone.ipc"), "event.");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	send_pairs(p, 1);
	send_event(p, 1, "a"); // no threshold of this name is among those of send_stats()
	assert_string_equal(listed(p, f), "flow.pair:1 event.a:1");
	assert_string_equal(listed(p, f), "flow.pair:1 event.a:1"); // the last time
	send_event(p, 2, "a");                                      // but its name is back
	assert_string_equal(listed(p, f), "flow.pair:1 event.a:2");
	assert_string_equal(listed(p, f), "flow.pair:1 event.a:2");
	assert_string_equal(listed(p, f), "flow.pair:1");
	send_event(p, 3, "a");
	assert_string_equal(listed(p, f), "flow.pair:1 event.a:1");
	for (uint64_t i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof(name), "name%u", (unsigned)i);
		send_event(p, 4 + i, name);
		listed(p, f);
	}
	assert_string_equal(listed(p, f), "flow.pair:1 event.name99:1");
	assert_int_equal(feed_lost(f), 0);
	feed_close(f);
	publish_close(p, "test");
}

// The scalability protocols' greeting and framing over ipc, by hand: a subscriber that connects and
// then does not read is not to be had from nng.
static int connect_by_hand(const char *url)
{
	static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x21, 0, 0}; // SUB
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	uint8_t answer[8];
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", url + strlen("ipc://"));
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(write(fd, hello, sizeof(hello)), sizeof(hello));
	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
	assert_int_equal(answer[5], 0x20); // PUB
	return fd;
}

// The next message: one byte of type, eight of length, the body. False at the end.
static bool read_by_hand(int fd, uint8_t *body, size_t size, size_t *len)
{
	uint8_t head[9];
	if (recv(fd, head, sizeof(head), MSG_WAITALL) != (ssize_t)sizeof(head))
		return false;
	*len = 0;
	for (unsigned i = 1; i < 9; i++)
		*len = *len << 8 | head[i];
	assert_true(*len <= size);
	return recv(fd, body, *len, MSG_WAITALL) == (ssize_t)*len;
}

// What a subscriber that does not read loses is what its numbers say; meanwhile another one, which
// does, gets everything, and the collector is never held up.
static void a_stalled_subscriber_harms_only_itself(void **state)
{
	(void)state;
	enum {
		MESSAGES = 20000,
		QUEUE = 64
	};
	const char *url = ipc_url("stalled.ipc");
	struct publish *p = open_feed(url, QUEUE);
	const int stalled = connect_by_hand(url);
	struct feed *reader = subscribe(url, "flow.");
	assert_true(publish_wait(p, 2, PATIENCE_MS));
	for (uint64_t i = 1; i <= MESSAGES; i++) {
		struct feed_message m;
		send_pairs(p, 1);
		if (i % (QUEUE / 2) != 0)
			continue;
		for (uint64_t k = i - QUEUE / 2 + 1; k <= i; k++) {
			receive(reader, &m);
			assert_int_equal(m.flows->sequence, k);
			assert_int_equal(m.lost, 0);
			feed_message_free(&m);
		}
	}
	assert_int_equal(publish_report(p).messages, MESSAGES);
	assert_true(publish_report(p).longest < UINT64_C(1000000000));
	feed_close(reader);

	// Now it reads what is left; the newest is always among it.
	static uint8_t body[1 << 16];
	uint64_t got = 0, lost = 0, last = 0;
	size_t len;
	while (last < MESSAGES && read_by_hand(stalled, body, sizeof(body), &len)) {
		const size_t topic = strlen((const char *)body) + 1;
		Weir__Head *head = weir__head__unpack(NULL, len - topic, body + topic);
		assert_non_null(head);
		lost += head->sequence - last - 1;
		last = head->sequence;
		got++;
		weir__head__free_unpacked(head, NULL);
	}
	assert_int_equal(last, MESSAGES);
	assert_int_equal(got + lost, MESSAGES);
	// The queue and what the kernel took.
	assert_true(lost > 0 && got > QUEUE && got < MESSAGES / 4);
	close(stalled);
	publish_close(p, "test");
}

static void final_is_the_last_word(void **state)
{
	(void)state;
	struct publish *p = open_feed(ipc_url("final.ipc"), 0);
	struct feed *f = subscribe(ipc_url("final.ipc"), "flow.");
	struct feed_message m;
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	send_pairs(p, 1);
	const uint64_t start = now_ms();
	publish_close(p, "end of the capture");
	// This subscriber stays: the collector waits for it, but not for ever.
	assert_true(now_ms() - start >= 290);
	assert_true(now_ms() - start < PATIENCE_MS);
	receive(f, &m);
	assert_int_equal(m.kind, FEED_FLOWS);
	feed_message_free(&m);
	receive(f, &m);
	assert_int_equal(m.kind, FEED_FINAL);
	assert_string_equal(m.final->reason, "end of the capture");
	assert_int_equal(m.final->n_topics, 1);
	assert_int_equal(m.final->topics[0]->sequence, 1);
	feed_message_free(&m);
	assert_int_equal(feed_lost(f), 0);
	feed_close(f);
}

static void rounds_are_on_a_grid(void **state)
{
	(void)state;
	struct publish *p = open_feed(ipc_url("grid.ipc"), 0);
	const uint64_t s = 1000000000, t = FIXTURE_TIME; // 24.7 s
	assert_false(publish_tick(p, 2, t + 200000000, 0));
	assert_true(publish_tick(p, 3, t + 300000000, 0));
	assert_false(publish_tick(p, 4, t + 400000000, 0));
	assert_true(publish_tick(p, 5, t + 300000000 + 7 * s + 1, 0));
	assert_false(publish_tick(p, 6, t + 300000000 + 7 * s + 2, 0));
	assert_true(publish_tick(p, 7, t + 300000000 + 8 * s, 0));
	publish_close(p, NULL);
}

static void without_urls_there_is_no_feed(void **state)
{
	(void)state;
	const struct publish_config config = {0};
	struct err_msg msg = {0};
	struct publish *p = publish_open(&config, program, &msg);
	assert_non_null(p);
	assert_true(publish_tick(p, 1, FIXTURE_TIME, 0));
	send_pairs(p, 1);
	send_event(p, 1, "big");
	send_stats(p);
	assert_int_equal(publish_report(p).messages, 0);
	publish_close(p, "test");
}

static void refuse(const char *url, int words, const char *const *expected)
{
	const struct publish_config config = {.urls = &url, .n_urls = 1};
	struct err_msg msg = {0};
	assert_null(publish_open(&config, program, &msg));
	for (int i = 0; i < words; i++)
		if (strstr(msg.text, expected[i]) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", msg.text, expected[i]);
}

#define REFUSE(url, ...)                                                           \
	refuse(url, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
	       (const char *[]){__VA_ARGS__})

static void errors_name_the_remedy(void **state)
{
	(void)state;
	char path[URL_SIZE], tcp[URL_SIZE];
	struct publish *p = open_feed(ipc_url("twice.ipc"), 0);
	REFUSE(ipc_url("twice.ipc"), "twice.ipc", "address in use", "another collector");
	publish_close(p, "test");
	snprintf(tcp, sizeof(tcp), "tcp://127.0.0.1:%u", free_port());
	p = open_feed(tcp, 0);
	REFUSE(tcp, tcp, "address in use");
	publish_close(p, "test");
	REFUSE(ipc_url("none/feed.ipc"), "none/feed.ipc", "no such directory");
	REFUSE("carrier://pigeon", "carrier://pigeon", "expected ipc:///PATH");

	// What is no socket is somebody's.
	snprintf(path, sizeof(path), "%s/file", dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	REFUSE(ipc_url("file"), path, "no socket");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);

	const struct publish_config much = {.queue = 8193};
	const struct publish_config mode = {.ipc_mode = 01777};
	struct err_msg msg = {0};
	assert_null(publish_open(&much, program, &msg));
	assert_non_null(strstr(msg.text, "8192"));
	assert_null(publish_open(&mode, program, &msg));
	assert_non_null(strstr(msg.text, "permission bits"));
}

// A collector that was killed leaves its socket; the next one takes its place.
static void a_stale_socket_is_replaced(void **state)
{
	(void)state;
	const char *url = ipc_url("stale.ipc");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", url + strlen("ipc://"));
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	struct publish *p = open_feed(url, 0);
	assert_int_equal(stat(a.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	struct feed *f = subscribe(url, "flow.");
	assert_true(publish_wait(p, 1, PATIENCE_MS));
	feed_close(f);
	publish_close(p, "test");
}

static int set_up(void **state)
{
	(void)state;
	program = fixture_program();
	return program != NULL && mkdtemp(dir) != NULL ? 0 : -1;
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
		cmocka_unit_test(all_transports_at_once),
		cmocka_unit_test(topics_are_numbered_apart),
		cmocka_unit_test(names_that_are_gone_are_forgotten),
		cmocka_unit_test(a_stalled_subscriber_harms_only_itself),
		cmocka_unit_test(final_is_the_last_word),
		cmocka_unit_test(rounds_are_on_a_grid),
		cmocka_unit_test(without_urls_there_is_no_feed),
		cmocka_unit_test(errors_name_the_remedy),
		cmocka_unit_test(a_stale_socket_is_replaced),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
