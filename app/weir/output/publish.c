// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/publish.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>

#include "common/paths.h"

enum {
	DEFAULT_IPC_MODE = 0660,
	DEFAULT_QUEUE = 1024,
	MAX_QUEUE = 8192, // nng's own
	LINGER_MS = 300,
};

struct publish {
	nng_socket socket;
	bool open;
	const struct program *program;
	uint64_t interval;            // ns
	uint64_t next;                // ns on the analyzer's clock: when flow sets are due
	struct message_head head;     // of the current tick
	struct message_topic *topics; // all but `stats` and `final`
	size_t n_topics;
	uint64_t stats_sequence;
	struct arena arena; // of the message in the making
	struct message_publisher report;

	pthread_mutex_t mutex;  // of what follows
	pthread_cond_t changed; // one of these did
	unsigned subscribers;   // connected now; nng threads: rw, this thread: ro
	unsigned joined;        // ever got as far as receiving messages; same
};

static int check_config(const struct publish_config *config, struct err_msg *msg);
static int open_socket(struct publish *p, const struct publish_config *config, struct err_msg *msg);
static int listen_on(nng_socket socket, const char *url, uint32_t ipc_mode,
		     const struct feed_tls *files, struct err_msg *msg);
static void count_subscriber(nng_pipe pipe, nng_pipe_ev event, void *arg);
static struct message_topic *topic_of(struct publish *p, const char *kind, const char *name);
static void forget_topics(struct publish *p, const struct message_stats *stats);
static void send_message(struct publish *p, const char *topic, const ProtobufCMessage *message);
static bool wait_until(struct publish *p, bool (*reached)(const struct publish *p, unsigned n),
		       unsigned n, unsigned timeout);
static uint64_t now_ns(void);

struct publish *publish_open(const struct publish_config *config, const struct program *program,
			     struct err_msg *msg)
{
	if (check_config(config, msg) != 0)
		return NULL;
	struct publish *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		err_set(msg, ERR_MEMORY, "feed: out of memory");
		return NULL;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&p->mutex, NULL);
	p->program = program;
	p->interval = config->interval;
	p->head.run = config->run;
	if (config->n_urls > 0 && open_socket(p, config, msg) != 0) {
		publish_close(p, NULL);
		return NULL;
	}
	return p;
}

int publish_listen(uint32_t socket, const char *url, const struct feed_tls *tls,
		   struct err_msg *msg)
{
	return listen_on((nng_socket){.id = socket}, url, DEFAULT_IPC_MODE, tls, msg);
}

void publish_program(struct publish *p, const struct program *program)
{
	p->program = program;
}

bool publish_tick(struct publish *p, uint64_t tick, uint64_t time, int64_t offset)
{
	p->head.tick = tick;
	p->head.time = time;
	p->head.offset = offset;
	if (time < p->next)
		return false;
	// On a grid of the analyzer's clock: a replay publishes at the same instants at any speed.
	p->next = p->interval > 0 ? time - time % p->interval + p->interval : 0;
	return true;
}

void publish_events(struct publish *p, const struct threshold_event *events, size_t n)
{
	for (size_t i = 0; i < n && p->open; i++) {
		const bool counter = events[i].counter;
		const struct flow_def *def =
			counter ? NULL : program_find(p->program, events[i].metric);
		struct message_topic *topic = topic_of(p, "event", events[i].threshold);
		Weir__Event *m = (def != NULL || counter) && topic != NULL
					 ? message_event(&p->arena, &p->head, def, &events[i])
					 : NULL;
		if (m != NULL)
			m->sequence = ++topic->sequence;
		send_message(p, topic != NULL ? topic->text : NULL, m != NULL ? &m->base : NULL);
	}
}

void publish_flows(struct publish *p, uint32_t def, const struct flow_row *rows, size_t n,
		   const struct flow_summary *summary)
{
	const struct message_flows flows = {
		.def = &p->program->def[def],
		.rows = rows,
		.n_rows = n,
		.summary = *summary,
		.interval = p->interval,
	};
	if (!p->open)
		return;
	struct message_topic *topic = topic_of(p, "flow", flows.def->name);
	Weir__FlowSet *m = topic != NULL ? message_flow_set(&p->arena, &p->head, &flows) : NULL;
	if (m != NULL)
		m->sequence = ++topic->sequence;
	send_message(p, topic != NULL ? topic->text : NULL, m != NULL ? &m->base : NULL);
}

void publish_completed(struct publish *p, uint32_t def, const struct completed_row *rows, size_t n)
{
	const struct flow_def *d = &p->program->def[def];
	if (!p->open)
		return;
	struct message_topic *topic = topic_of(p, "completed", d->name);
	Weir__CompletedSet *m =
		topic != NULL ? message_completed(&p->arena, &p->head, d, rows, n) : NULL;
	if (m != NULL)
		m->sequence = ++topic->sequence;
	send_message(p, topic != NULL ? topic->text : NULL, m != NULL ? &m->base : NULL);
}

void publish_stats(struct publish *p, const struct message_stats *stats)
{
	struct message_stats all = *stats;
	all.program = p->program;
	if (!p->open)
		return;
	forget_topics(p, &all);
	const struct message_publisher report = publish_report(p);
	Weir__Stats *m = message_stats(&p->arena, &p->head, &all, &report, p->topics, p->n_topics);
	if (m != NULL)
		m->sequence = ++p->stats_sequence;
	send_message(p, "stats", m != NULL ? &m->base : NULL);
}

static bool all_left(const struct publish *p, unsigned n)
{
	(void)n;
	return p->subscribers == 0;
}

static void send_final(struct publish *p, const char *reason)
{
	Weir__Final *m = message_final(&p->arena, &p->head, reason, p->topics, p->n_topics);
	if (m != NULL)
		m->sequence = 1;
	send_message(p, "final", m != NULL ? &m->base : NULL);
	// A socket that is closed forgets what it has not sent. Who knows `final` leaves.
	wait_until(p, all_left, 0, LINGER_MS);
}

void publish_close(struct publish *p, const char *reason)
{
	if (p == NULL)
		return;
	if (p->open) {
		if (reason != NULL)
			send_final(p, reason);
		nng_close(p->socket);
	}
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->mutex);
	for (size_t i = 0; i < p->n_topics; i++)
		free(p->topics[i].text);
	free(p->topics);
	free(p);
}

static bool have_joined(const struct publish *p, unsigned n)
{
	return p->joined >= n;
}

bool publish_wait(struct publish *p, unsigned n, unsigned timeout)
{
	return wait_until(p, have_joined, n, timeout);
}

struct message_publisher publish_report(struct publish *p)
{
	struct message_publisher report = p->report;
	pthread_mutex_lock(&p->mutex);
	report.subscribers = p->subscribers;
	pthread_mutex_unlock(&p->mutex);
	return report;
}

static int check_config(const struct publish_config *config, struct err_msg *msg)
{
	if (config->queue > MAX_QUEUE)
		return err_set(msg, ERR_RANGE, "feed: queue: got %u, expected at most %d messages",
			       config->queue, MAX_QUEUE);
	if ((config->ipc_mode & ~0777u) != 0)
		return err_set(msg, ERR_RANGE, "feed: mode: got %#o, expected permission bits",
			       config->ipc_mode);
	return 0;
}

static int open_socket(struct publish *p, const struct publish_config *config, struct err_msg *msg)
{
	int err = nng_pub0_open(&p->socket);
	if (err != 0)
		return err_set(msg, ERR_MEMORY, "feed: %s", nng_strerror(err));
	p->open = true;
	const uint32_t queue = config->queue != 0 ? config->queue : DEFAULT_QUEUE;
	err = nng_socket_set_int(p->socket, NNG_OPT_SENDBUF, (int)queue);
	for (int event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST && err == 0; event++)
		err = nng_pipe_notify(p->socket, (nng_pipe_ev)event, count_subscriber, p);
	if (err != 0)
		return err_set(msg, ERR_IO, "feed: %s", nng_strerror(err));
	const uint32_t mode = config->ipc_mode != 0 ? config->ipc_mode : DEFAULT_IPC_MODE;
	for (size_t i = 0; i < config->n_urls; i++) {
		err = listen_on(p->socket, config->urls[i], mode, &config->tls, msg);
		if (err != 0)
			return err;
	}
	return 0;
}

// nng removes whatever stands in the way of an ipc socket and does not answer: it must be a socket.
static int check_ipc_path(const char *path, struct err_msg *msg)
{
	struct stat st;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return err_set(msg, ERR_EXISTS, "feed: %s: is there and is no socket; remove it",
			       path);
	return 0;
}

// Make the directory of an ipc socket where that is the programs' meeting place.
static int make_ipc_dir(const char *path, struct err_msg *msg)
{
	char dir[PATHS_SIZE];
	const char *slash = strrchr(path, '/');
	if (slash == NULL || paths_run_dir(dir, sizeof(dir), NULL) != 0)
		return 0;
	const size_t len = strlen(dir);
	if ((size_t)(slash - path) != len || memcmp(path, dir, len) != 0)
		return 0;
	const int err = paths_make_dir(dir, strcmp(dir, PATHS_SYSTEM_DIR) == 0 ? 0755 : 0700, msg);
	if (err != 0)
		err_prefix(msg, "feed");
	return err;
}

static int listen_error(const char *url, int err, struct err_msg *msg)
{
	switch (err) {
	case NNG_EADDRINUSE:
		return err_set(msg, ERR_EXISTS,
			       "feed: %s: address in use; is another collector running?", url);
	case NNG_EPERM: return err_set(msg, ERR_PERMISSION, "feed: %s: permission denied", url);
	case NNG_EADDRINVAL:
	case NNG_EINVAL:
	case NNG_ENOTSUP:
		return err_set(
			msg, ERR_INVALID,
			"feed: %s: expected ipc:///PATH, tcp://HOST:PORT, tls+tcp://HOST:PORT or "
			"ws://HOST:PORT/PATH with an address of this host",
			url);
	case NNG_ENOENT:
		return err_set(msg, ERR_IO, "feed: %s: no such directory; make it first", url);
	default: return err_set(msg, ERR_IO, "feed: %s: %s", url, nng_strerror(err));
	}
}

static int listen_on(nng_socket socket, const char *url, uint32_t ipc_mode,
		     const struct feed_tls *files, struct err_msg *msg)
{
	static const char ipc[] = "ipc://";
	const bool is_ipc = strncmp(url, ipc, strlen(ipc)) == 0;
	const char *path = is_ipc ? url + strlen(ipc) : NULL;
	int err = 0;
	if (is_ipc && (err = make_ipc_dir(path, msg)) == 0)
		err = check_ipc_path(path, msg);
	if (err != 0)
		return err;
	nng_tls_config *tls;
	err = feed_tls_config(url, true, files, &tls, msg);
	if (err != 0) {
		err_prefix(msg, "feed");
		return err;
	}
	nng_listener listener;
	err = nng_listener_create(&listener, socket, url);
	if (err == 0 && tls != NULL)
		err = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, tls);
	if (err == 0 && is_ipc)
		err = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, (int)ipc_mode);
	if (err == 0)
		err = nng_listener_start(listener, 0);
	if (tls != NULL)
		nng_tls_config_free(tls);
	return err == 0 ? 0 : listen_error(url, err, msg);
}

// On one of nng's threads. A peer that speaks another protocol is gone before ADD_POST, and
// REM_POST may overtake ADD_POST: only ADD_PRE and REM_POST balance.
static void count_subscriber(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	(void)pipe;
	struct publish *p = arg;
	pthread_mutex_lock(&p->mutex);
	p->subscribers += event == NNG_PIPE_EV_ADD_PRE;
	p->subscribers -= event == NNG_PIPE_EV_REM_POST;
	p->joined += event == NNG_PIPE_EV_ADD_POST;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->mutex);
}

static bool wait_until(struct publish *p, bool (*reached)(const struct publish *p, unsigned n),
		       unsigned n, unsigned timeout)
{
	const uint64_t end = now_ns() + timeout * UINT64_C(1000000);
	const struct timespec until = {
		.tv_sec = (time_t)(end / 1000000000),
		.tv_nsec = (long)(end % 1000000000),
	};
	pthread_mutex_lock(&p->mutex);
	while (!reached(p, n) && pthread_cond_timedwait(&p->changed, &p->mutex, &until) == 0)
		;
	const bool done = reached(p, n);
	pthread_mutex_unlock(&p->mutex);
	return done;
}

static struct message_topic *add_topic(struct publish *p, const char *kind, const char *name)
{
	struct message_topic *grown = reallocarray(p->topics, p->n_topics + 1, sizeof(*p->topics));
	if (grown == NULL)
		return NULL;
	p->topics = grown;
	struct message_topic *topic = &p->topics[p->n_topics];
	*topic = (struct message_topic){0};
	if (asprintf(&topic->text, "%s.%s", kind, name) < 0)
		return NULL;
	p->n_topics++;
	return topic;
}

// The topic "KIND.NAME", new if need be; NULL when memory is short.
static struct message_topic *topic_of(struct publish *p, const char *kind, const char *name)
{
	const size_t len = strlen(kind);
	for (size_t i = 0; i < p->n_topics; i++) {
		const char *text = p->topics[i].text;
		if (strncmp(text, kind, len) == 0 && text[len] == '.' &&
		    strcmp(text + len + 1, name) == 0)
			return &p->topics[i];
	}
	return add_topic(p, kind, name);
}

static bool is_defined(const struct message_stats *stats, const char *topic)
{
	const char *name = strchr(topic, '.') + 1;
	if (strncmp(topic, "event.", strlen("event.")) != 0)
		return program_find(stats->program, name) != NULL;
	for (size_t i = 0; i < stats->n_thresholds; i++)
		if (strcmp(stats->thresholds[i].name, name) == 0)
			return true;
	return false;
}

// Names come and go, as many as clients can think of. One that nobody has any more is listed once
// more, for those who lost its last messages, and then no more: with that list a subscriber forgets
// its number too. Until then a name that comes back goes on where it was.
static void forget_topics(struct publish *p, const struct message_stats *stats)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_topics; i++) {
		struct message_topic *t = &p->topics[i];
		const bool used = t->sequence != t->listed || is_defined(stats, t->text);
		if (!used && t->last) {
			free(t->text);
			continue;
		}
		t->listed = t->sequence;
		t->last = !used;
		p->topics[n++] = *t;
	}
	p->n_topics = n;
}

// Topic, NUL, protobuf. NULL when memory is short.
static nng_msg *pack(const char *topic, const ProtobufCMessage *message)
{
	const size_t head = strlen(topic) + 1;
	nng_msg *m;
	if (nng_msg_alloc(&m, head + protobuf_c_message_get_packed_size(message)) != 0)
		return NULL;
	uint8_t *body = nng_msg_body(m);
	memcpy(body, topic, head);
	protobuf_c_message_pack(message, body + head);
	return m;
}

// Hand over and forget. Never blocks: PUB drops the oldest message of a full queue.
static void send_message(struct publish *p, const char *topic, const ProtobufCMessage *message)
{
	const uint64_t start = now_ns();
	nng_msg *m = message != NULL ? pack(topic, message) : NULL;
	const size_t size = m != NULL ? nng_msg_len(m) : 0;
	if (m != NULL && nng_sendmsg(p->socket, m, NNG_FLAG_NONBLOCK) != 0) {
		nng_msg_free(m);
		m = NULL;
	}
	p->report.failed += m == NULL;
	p->report.messages += m != NULL;
	p->report.bytes += size;
	const uint64_t took = now_ns() - start;
	if (took > p->report.longest)
		p->report.longest = took;
	arena_free(&p->arena);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
