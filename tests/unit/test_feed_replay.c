// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The replay of events to peers that do not read: nobody else waits for them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "common/weir.pb-c.h"
#include "weir/output/feed_replay.h"

enum {
	EVENTS = 1000,
	EVENT_SIZE = 4000, // a full answer is more than a socket's buffers hold
	DEADLINE_MS = 20000,
};

static char path[64]; // of the replay's socket

static struct feed_replay *serve(struct record_log **log, char url[static 96])
{
	static const char *urls[1];
	struct err_msg msg = {0};
	char text[EVENT_SIZE + 1];
	memset(text, 'x', EVENT_SIZE);
	text[EVENT_SIZE] = '\0';
	*log = record_log_new(EVENTS, 0);
	for (int i = 0; i < EVENTS; i++)
		record_log_add(*log, "t", text);
	snprintf(url, 96, "ipc:///tmp/weir-test-replay-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s.replay", url + strlen("ipc://"));
	urls[0] = url;
	const struct feed_replay_config c = {
		.urls = urls, .n_urls = 1, .run = 7, .events = *log, .capacity = EVENTS};
	struct feed_replay *f = feed_replay_open(&c, &msg);
	if (f == NULL)
		fail_msg("%s", msg.text);
	return f;
}

static void say(int fd, const void *data, size_t size)
{
	assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

// Speaks SP over a stream as nng's ipc:// does, and reads nothing but the greeting.
static int connect_deaf(unsigned questions)
{
	static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30}; // REQ
	// A message of 4 bytes: an id, and a question without members.
	uint8_t question[13] = {1, 0, 0, 0, 0, 0, 0, 0, 4, 0x80};
	const struct timeval limit = {DEADLINE_MS / 1000, 0};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	uint8_t theirs[8];
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	say(fd, greeting, sizeof(greeting));
	assert_int_equal(recv(fd, theirs, sizeof(theirs), MSG_WAITALL), sizeof(theirs));
	for (unsigned i = 0; i < questions; i++) {
		question[12] = (uint8_t)i;
		say(fd, question, sizeof(question));
	}
	// The first of it has come: its questions are being answered.
	assert_int_equal(recv(fd, theirs, 1, MSG_PEEK), 1);
	return fd;
}

static void assert_answers(const char *url)
{
	char replay[128];
	nng_socket s;
	nng_msg *m;
	Weir__Missing q = WEIR__MISSING__INIT;
	q.max = 3;
	snprintf(replay, sizeof(replay), "%s.replay", url);
	assert_int_equal(nng_req0_open(&s), 0);
	nng_socket_set_ms(s, NNG_OPT_RECVTIMEO, DEADLINE_MS);
	assert_int_equal(nng_dial(s, replay, NULL, 0), 0);
	assert_int_equal(nng_msg_alloc(&m, weir__missing__get_packed_size(&q)), 0);
	weir__missing__pack(&q, nng_msg_body(m));
	assert_int_equal(nng_sendmsg(s, m, 0), 0);
	assert_int_equal(nng_recvmsg(s, &m, 0), 0);
	Weir__Missed *a = weir__missed__unpack(NULL, nng_msg_len(m), nng_msg_body(m));
	assert_non_null(a);
	assert_true(a->life == 7 && a->last == EVENTS && a->n_events == 3 && a->more);
	weir__missed__free_unpacked(a, NULL);
	nng_msg_free(m);
	nng_close(s);
}

static void nobody_waits_for_who_does_not_read(void **state)
{
	struct record_log *log;
	char url[96];
	struct feed_replay *f = serve(&log, url);
	assert_answers(url);
	const int fd = connect_deaf(3);
	assert_answers(url);
	close(fd);
	assert_answers(url);
	feed_replay_close(f);
	record_log_free(log);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_for_who_does_not_read),
	};
	return cmocka_run_group_tests_name("feed_replay", tests, NULL, NULL);
}
