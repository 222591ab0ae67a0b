// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What the files of the HTTP server share; for http*.c alone.
///
/// One struct request lives from the first line of a request until it is answered in full; one
/// struct peer as long as the connection.
///
/// Thread-safety: a request belongs to the thread that handles its connection, and while it is
/// parked or queued to the lists below, under `lock`. MHD resumes a connection on its own thread,
/// so a request never has two owners. A peer is in the list under `lock`; its deadline is atomic.

#include <pthread.h>
#include <semaphore.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "weir/http/http.h"
#include "weir/http/http_rate.h"

#define HTTP_FOREVER UINT64_MAX
/// Bytes per second that a client must move.
#define HTTP_SLOWEST 8192

enum {
	HTTP_VERB_THREADS = 4,
	HTTP_HEADERS_MAX = 4, // of one answer, own headers apart
};

struct http_header {
	const char *name, *value;
};

struct http_answer {
	struct request *request;
	struct MHD_Response *response; ///< NULL until answered
	unsigned status;
	struct http_header header[HTTP_HEADERS_MAX];
	unsigned n_headers;
	size_t size; ///< bytes, where known
	size_t held; ///< bytes of memory until it is over
	bool wait;   ///< park instead
	enum http_channel channel;
	double seconds;
};

/// A connection.
struct peer {
	struct peer *next, **link;
	int fd;
	uint64_t deadline; ///< ns, monotonic: when the present phase must be over; atomic
	uint64_t idle;     ///< ns, monotonic: since when it has no request; 0 = it has; atomic
};

struct request {
	struct http *http;
	struct MHD_Connection *connection;
	struct peer *peer;
	struct arena arena;
	const struct http_row *row;
	struct http_request view; ///< what the handler sees
	struct http_answer answer;

	char *target;
	char *body;
	size_t size, room, limit; ///< of the body: bytes, allocated, allowed
	bool begun;               ///< headers are looked at
	bool ran;                 ///< an HTTP_SLOW handler has had its say
	size_t held;              ///< bytes of its answer that count in stats.answers
	uint64_t since;           ///< ns, monotonic: when the present phase began

	uint64_t until;               ///< ns, monotonic: end of the wait; 0 = never parked
	uint64_t turn;                ///< of all channels, before the handler looked
	struct request *next, **link; ///< parked, or queued for a verb thread
};

struct http {
	struct http_config config;
	const struct config_http *set; ///< config.config
	struct MHD_Daemon *daemon;
	int listener;
	struct http_rate *rate; ///< NULL = no limit
	char *key, *cert, *ca;  ///< PEM
	char *token;
	char host[256]; ///< this machine's name

	pthread_mutex_t lock;   ///< of the lists and what they hold
	struct peer *peers;     ///< under lock
	struct request *parked; ///< under lock
	struct request *verbs;  ///< under lock: queued, oldest first
	struct request **verbs_end;
	bool stop; ///< under lock

	pthread_t keeper; ///< looks after parked requests and slow peers
	bool keeper_runs;
	sem_t wake;                     ///< keeper: something came
	uint64_t turn[N_HTTP_CHANNELS]; ///< http_wake(): atomic increment
	pthread_t verb[HTTP_VERB_THREADS];
	unsigned n_verbs;
	sem_t work;

	struct http_stats stats; ///< atomic, relaxed
};

// http.c
void http_count(uint64_t *counter, int64_t n);
/// Open another phase of a connection: it may take `timeout` from now.
void http_phase(struct request *r);
/// @p moved bytes of the present phase are over.
void http_progress(struct request *r, uint64_t moved);
/// The answer takes @p n bytes more from now on; returns what all take.
uint64_t http_hold(struct request *r, size_t n);
/// It takes nothing any more.
void http_let_go(struct request *r);
/// Let the handler have its say: an answer, or the wish to wait.
void http_handle(struct request *r);

// http_answer.c
enum MHD_Result http_send(struct request *r);
void http_answer_drop(struct http_answer *a);

// http_guard.c: who may ask for what
/// 0, or the status of a refusal, which is answered then.
unsigned http_guard(struct request *r);
/// Answer the question of a browser whether a page of another origin may ask.
void http_preflight(struct request *r, unsigned methods);
/// Headers that every answer has.
void http_guard_headers(const struct request *r, struct MHD_Response *response);
int http_guard_open(struct http *h, struct err_msg *msg);
void http_guard_close(struct http *h);

// http_wait.c: parked requests, verbs, slow peers
int http_wait_open(struct http *h, struct err_msg *msg);
/// Everything parked is handed back; nothing is parked from then on.
void http_wait_stop(struct http *h);
void http_wait_close(struct http *h);
/// Off all threads until it is woken. False when there are too many, which is answered then.
bool http_park(struct request *r);
/// For a thread that may block. False when there is none any more, which is answered then.
bool http_queue_verb(struct request *r);
void http_peer_add(struct http *h, struct peer *p);
void http_peer_remove(struct http *h, struct peer *p);
