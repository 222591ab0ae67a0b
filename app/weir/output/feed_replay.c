// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/feed_replay.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>

#include "common/paths.h"
#include "common/weir.pb-c.h"
#include "weir/output/publish.h"
#include "weir/util/log.h"

enum {
	REQUEST_MAX = 4096, // bytes
	SEND_MS = 20,
};

struct feed_replay {
	struct feed_replay_config config;
	nng_socket socket;
	bool open, running;
	pthread_t thread;
	const struct record **record; // room for the whole log
	char **text;                  // of one answer
};

static void *serve(void *replay);

static void listen_beside(struct feed_replay *f, const char *feed)
{
	char url[PATHS_SIZE];
	struct err_msg why = {0};
	if (paths_replay_url(url, sizeof(url), feed, &why) != 0 ||
	    publish_listen(f->socket.id, url, &f->config.tls, &why) != 0)
		LOG(WARNING, MAIN, "%s; no replay of events there", why.text);
}

struct feed_replay *feed_replay_open(const struct feed_replay_config *config, struct err_msg *msg)
{
	struct feed_replay *f = calloc(1, sizeof(*f));
	if (f == NULL)
		goto no_memory;
	f->config = *config;
	if (config->n_urls == 0)
		return f;
	f->record = calloc(config->capacity, sizeof(*f->record));
	f->text = calloc(FEED_REPLAY_EVENTS, sizeof(*f->text));
	if (f->record == NULL || f->text == NULL || nng_rep0_open(&f->socket) != 0)
		goto no_memory;
	f->open = true;
	nng_socket_set_size(f->socket, NNG_OPT_RECVMAXSZ, REQUEST_MAX);
	// nng takes an answer at once when the one before it has left. Its word of that may be
	// late; who asks again and does not read what came is not waited for.
	nng_socket_set_ms(f->socket, NNG_OPT_SENDTIMEO, SEND_MS);
	for (size_t i = 0; i < config->n_urls; i++)
		listen_beside(f, config->urls[i]);
	f->running = pthread_create(&f->thread, NULL, serve, f) == 0;
	if (f->running) {
		pthread_setname_np(f->thread, "weir-replay");
		return f;
	}

no_memory:
	feed_replay_close(f);
	err_set(msg, ERR_MEMORY, "replay of events: out of memory");
	return NULL;
}

void feed_replay_close(struct feed_replay *f)
{
	if (f == NULL)
		return;
	if (f->open)
		nng_close(f->socket); // wakes the thread
	if (f->running)
		pthread_join(f->thread, NULL);
	free(f->record);
	free(f->text);
	free(f);
}

static void send_answer(struct feed_replay *f, const Weir__Missed *m)
{
	nng_msg *msg;
	if (nng_msg_alloc(&msg, weir__missed__get_packed_size(m)) != 0)
		return;
	weir__missed__pack(m, nng_msg_body(msg));
	if (nng_sendmsg(f->socket, msg, 0) != 0)
		nng_msg_free(msg);
}

static void answer(struct feed_replay *f, const Weir__Missing *q)
{
	const uint64_t next = record_log_next(f->config.events);
	const char *name = q->threshold;
	const struct record_query query = {
		.after = q->after < next ? (int64_t)q->after : 0,
		.max = f->config.capacity,
		.names = &name,
		.n_names = name[0] != '\0',
	};
	const size_t n = record_log_read(f->config.events, &query, f->record);
	const size_t wanted =
		q->max > 0 && q->max < FEED_REPLAY_EVENTS ? q->max : FEED_REPLAY_EVENTS;
	Weir__Missed m = WEIR__MISSED__INIT;
	m.life = f->config.run;
	m.last = next - 1;
	m.events = f->text;
	m.n_events = n < wanted ? n : wanted;
	m.more = n > wanted;
	for (size_t i = 0; i < m.n_events; i++) // the log reads the newest first
		f->text[i] = (char *)(uintptr_t)f->record[n - 1 - i]->text;
	send_answer(f, &m);
	for (size_t i = 0; i < n; i++)
		record_drop(f->record[i]);
}

static void *serve(void *replay)
{
	struct feed_replay *f = replay;
	nng_msg *msg;
	for (int err; (err = nng_recvmsg(f->socket, &msg, 0)) != NNG_ECLOSED;) {
		if (err != 0)
			continue;
		Weir__Missing *q = weir__missing__unpack(NULL, nng_msg_len(msg), nng_msg_body(msg));
		nng_msg_free(msg);
		const Weir__Missed nothing = WEIR__MISSED__INIT;
		if (q != NULL)
			answer(f, q);
		else
			send_answer(f, &nothing);
		if (q != NULL)
			weir__missing__free_unpacked(q, NULL);
	}
	return NULL;
}
