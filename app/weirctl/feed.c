// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>

#include "dial.h"
#include "loss.h"

enum {
	RECEIVE_QUEUE = 4096,   // messages that wait for a slow terminal
	RECEIVE_MAX = 64 << 20, // bytes of one message; nng's default is 1 MiB
	RECONNECT_FIRST_MS = 20,
	RECONNECT_LAST_MS = 100,
};

struct feed {
	nng_socket socket;
	bool open;
	int fd;
	unsigned connected; // nng threads: rw (atomic), ours: ro
	char **topics;
	size_t n_topics;
	struct loss loss;
	uint64_t malformed;
};

static int copy_topics(struct feed *f, const char *const *topics, size_t n);
static int open_socket(struct feed *f, const char *url, bool wait);
static int subscribe(const struct feed *f);
static void count_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg);
static bool decode(const char *body, size_t size, struct feed_message *m);
static void note_losses(struct feed *f, struct feed_message *m);

struct feed *feed_open(const char *url, const char *const *topics, size_t n_topics, bool wait,
		       struct err_msg *msg)
{
	struct feed *f = calloc(1, sizeof(*f));
	if (f == NULL || copy_topics(f, topics, n_topics) != 0) {
		feed_close(f);
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	const int err = open_socket(f, url, wait);
	if (err == 0)
		return f;
	if (err == NNG_ECONNREFUSED || err == NNG_ENOENT || err == NNG_ETIMEDOUT)
		err_set(msg, ERR_IO, "%s: no collector is there", url);
	else if (err == NNG_EINVAL || err == NNG_EADDRINVAL || err == NNG_ENOTSUP)
		err_set(msg, ERR_INVALID,
			"%s: expected ipc:///PATH, tcp://HOST:PORT, tls+tcp://HOST:PORT or "
			"ws://HOST:PORT/PATH",
			url);
	else if (err == NNG_EPEERAUTH || err == NNG_ECRYPTO)
		err_set(msg, ERR_PERMISSION,
			"%s: the certificates of both ends do not go together: see --ca, --cert, "
			"--key",
			url);
	else
		err_set(msg, ERR_IO, "%s: %s", url, nng_strerror(err));
	feed_close(f);
	return NULL;
}

void feed_close(struct feed *f)
{
	if (f == NULL)
		return;
	if (f->open)
		nng_close(f->socket);
	for (size_t i = 0; i < f->n_topics; i++)
		free(f->topics[i]);
	free(f->topics);
	loss_free(&f->loss);
	free(f);
}

int feed_fd(const struct feed *f)
{
	return f->fd;
}

bool feed_next(struct feed *f, struct feed_message *m)
{
	nng_msg *msg;
	while (nng_recvmsg(f->socket, &msg, NNG_FLAG_NONBLOCK) == 0) {
		const bool good = decode(nng_msg_body(msg), nng_msg_len(msg), m);
		nng_msg_free(msg);
		if (good) {
			note_losses(f, m);
			return true;
		}
		f->malformed++;
	}
	return false;
}

void feed_message_free(struct feed_message *m)
{
	if (m->any != NULL)
		protobuf_c_message_free_unpacked(m->any, NULL);
	free(m->topic);
	*m = (struct feed_message){0};
}

bool feed_connected(const struct feed *f)
{
	return __atomic_load_n(&f->connected, __ATOMIC_RELAXED) > 0;
}

uint64_t feed_lost(const struct feed *f)
{
	return f->loss.total;
}

uint64_t feed_malformed(const struct feed *f)
{
	return f->malformed;
}

static int copy_topics(struct feed *f, const char *const *topics, size_t n)
{
	f->topics = calloc(n + 1, sizeof(*f->topics));
	if (f->topics == NULL)
		return ERR_MEMORY;
	for (; f->n_topics < n; f->n_topics++)
		if ((f->topics[f->n_topics] = strdup(topics[f->n_topics])) == NULL)
			return ERR_MEMORY;
	return 0;
}

static int open_socket(struct feed *f, const char *url, bool wait)
{
	int err = nng_sub0_open(&f->socket);
	if (err != 0)
		return err;
	f->open = true;
	const nng_socket s = f->socket;
	if ((err = subscribe(f)) != 0 ||
	    (err = nng_socket_set_int(s, NNG_OPT_RECVBUF, RECEIVE_QUEUE)) != 0 ||
	    (err = nng_socket_set_size(s, NNG_OPT_RECVMAXSZ, RECEIVE_MAX)) != 0 ||
	    (err = nng_socket_set_ms(s, NNG_OPT_RECONNMINT, RECONNECT_FIRST_MS)) != 0 ||
	    (err = nng_socket_set_ms(s, NNG_OPT_RECONNMAXT, RECONNECT_LAST_MS)) != 0 ||
	    (err = nng_pipe_notify(s, NNG_PIPE_EV_ADD_PRE, count_pipe, f)) != 0 ||
	    (err = nng_pipe_notify(s, NNG_PIPE_EV_REM_POST, count_pipe, f)) != 0 ||
	    (err = nng_socket_get_int(s, NNG_OPT_RECVFD, &f->fd)) != 0)
		return err;
	return dial(s, url, wait ? DIAL_WAIT : DIAL_ONCE);
}

static bool is_prefix(const char *topic)
{
	const size_t len = strlen(topic);
	return len > 0 && topic[len - 1] == '.';
}

// The NUL after a topic is part of what nng compares: with it "flow.a" is not a beginning of
// "flow.ab".
static int subscribe_to(nng_socket s, const char *topic)
{
	return nng_socket_set(s, NNG_OPT_SUB_SUBSCRIBE, topic, strlen(topic) + !is_prefix(topic));
}

static int subscribe(const struct feed *f)
{
	int err = subscribe_to(f->socket, "stats");
	if (err == 0)
		err = subscribe_to(f->socket, "final");
	for (size_t i = 0; i < f->n_topics && err == 0; i++)
		err = subscribe_to(f->socket, f->topics[i]);
	return err;
}

static bool is_subscribed(const struct feed *f, const char *topic)
{
	for (size_t i = 0; i < f->n_topics; i++) {
		const char *t = f->topics[i];
		if (is_prefix(t) ? strncmp(topic, t, strlen(t)) == 0 : strcmp(topic, t) == 0)
			return true;
	}
	return false;
}

// On one of nng's threads.
static void count_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	(void)pipe;
	struct feed *f = arg;
	if (event == NNG_PIPE_EV_ADD_PRE)
		__atomic_fetch_add(&f->connected, 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_sub(&f->connected, 1, __ATOMIC_RELAXED);
}

static const ProtobufCMessageDescriptor *kind_of(const char *topic, enum feed_kind *kind)
{
	static const struct {
		const char *topic;
		const ProtobufCMessageDescriptor *descriptor;
	} kinds[] = {
		[FEED_FLOWS] = {"flow.", &weir__flow_set__descriptor},
		[FEED_EVENT] = {"event.", &weir__event__descriptor},
		[FEED_COMPLETED] = {"completed.", &weir__completed_set__descriptor},
		[FEED_STATS] = {"stats", &weir__stats__descriptor},
		[FEED_FINAL] = {"final", &weir__final__descriptor},
	};
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *t = kinds[i].topic;
		*kind = (enum feed_kind)i;
		if (is_prefix(t) ? strncmp(topic, t, strlen(t)) == 0 : strcmp(topic, t) == 0)
			return kinds[i].descriptor;
	}
	return NULL;
}

// Every flow that the readers count on is there.
static bool is_whole(const struct feed_message *m)
{
	if (m->kind == FEED_EVENT)
		return m->event->flow != NULL;
	for (size_t i = 0; m->kind == FEED_COMPLETED && i < m->completed->n_flows; i++)
		if (m->completed->flows[i]->flow == NULL)
			return false;
	return true;
}

static bool decode(const char *body, size_t size, struct feed_message *m)
{
	const char *nul = memchr(body, '\0', size);
	*m = (struct feed_message){0};
	if (nul == NULL)
		return false;
	const ProtobufCMessageDescriptor *descriptor = kind_of(body, &m->kind);
	if (descriptor == NULL || (m->topic = strdup(body)) == NULL)
		return false;
	const size_t head = (size_t)(nul - body) + 1;
	m->any = protobuf_c_message_unpack(descriptor, NULL, size - head,
					   (const uint8_t *)body + head);
	if (m->any == NULL || !is_whole(m)) {
		feed_message_free(m);
		return false;
	}
	return true;
}

static void note_topics(struct feed *f, Weir__Topic **topics, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_subscribed(f, topics[i]->text))
			loss_topic(&f->loss, topics[i]->text, topics[i]->sequence);
	loss_listed(&f->loss);
}

static void note_losses(struct feed *f, struct feed_message *m)
{
	uint64_t run = 0, sequence = 0;
	switch (m->kind) {
	case FEED_FLOWS: run = m->flows->run, sequence = m->flows->sequence; break;
	case FEED_EVENT: run = m->event->run, sequence = m->event->sequence; break;
	case FEED_COMPLETED: run = m->completed->run, sequence = m->completed->sequence; break;
	case FEED_STATS: run = m->stats->run, sequence = m->stats->sequence; break;
	case FEED_FINAL: run = m->final->run, sequence = m->final->sequence; break;
	}
	m->lost = loss_message(&f->loss, run, m->topic, sequence);
	if (m->kind == FEED_STATS)
		note_topics(f, m->stats->topics, m->stats->n_topics);
	else if (m->kind == FEED_FINAL)
		note_topics(f, m->final->topics, m->final->n_topics);
}
