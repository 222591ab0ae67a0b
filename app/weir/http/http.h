// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// HTTP/1.1 for programs and people: a table of routes, and handlers that answer.
///
///     static void get_flow(const struct http_request *r, struct http_answer *a)
///     {
///             const char *name = r->value[0];          // "/flow/{name}/json"
///             const char *n = uri_query(&r->uri, "maxFlows", NULL);
///             ...
///             http_answer_json(a, 200, json);          // takes the reference
///     }
///     static const struct http_row rows[] = {
///             {HTTP_GET, "/flow/{name}/json", get_flow},
///             {HTTP_PUT | HTTP_POST, "/flow/{name}/json", put_flow, HTTP_SLOW},
///     };
///
/// A handler is of three parts: look at the request, call a query or a verb, answer. It answers
/// once, by one of the functions below: JSON, text, nothing, an error, a stream, or "later".
///
/// - **Stream**, for what is large: `more` appends a slice at a time and is only called when the
///   client has taken what was there, hence a dump of a million rows takes one slice of memory.
/// - **Later** (long poll): http_answer_wait() parks the connection, off all threads, until
///   http_wake() of the channel, or until the time is over; then the handler runs again, the last
///   time with `last` set. A client that goes away meanwhile is noticed within a second.
/// - **Slow** rows (HTTP_SLOW) run on threads of their own and may block, as verbs do that wait for
///   the next tick. All others share a few threads: they must not block, and hold no lock while
///   they format: copy rows in slices, let go, then make the answer.
///
/// Before a handler runs: the path is matched (404) and the method (405), who asks is checked
/// (401), so is a browser's origin (403) and the read-only mode (403), and the body is whole and
/// within its limit (413). HEAD is GET without a body.
///
/// Everything is bounded by struct config_http: connections, those of one client, parked ones,
/// requests per second of one client (429), bytes of a body, of all bodies and of all answers that
/// are not taken yet. Each phase of a connection (idle, header, body, answer) has
/// `timeout` and as long as 8 kB/s take for what was moved; then it is cut, so slow readers and
/// writers hold nothing. When connections run short the one that is idle for the longest goes.
///
/// Thread-safety: http_wake() from any thread, never blocks; the rest from main. Handlers run on
/// several threads at once. Memory: what configuration bounds; a request's arena lives until it is
/// answered in full.

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "weir/util/arena.h"
#include "base/error.h"
#include "weir/config/config_http.h"
#include "weir/http/uri.h"

enum http_method {
	HTTP_GET = 1,
	HTTP_PUT = 2,
	HTTP_POST = 4,
	HTTP_DELETE = 8,
};

/// What a row may ask for.
enum {
	HTTP_SLOW = 1,    ///< may block: runs on a thread for that
	HTTP_BIG = 2,     ///< its body may be as large as `max_table` instead of `max_body`
	HTTP_OPEN = 4,    ///< needs no token: says nothing but whether weir is well
	HTTP_CHANGES = 8, ///< its GET changes something, too: no page of another origin may ask
};

/// What parked requests wait for.
enum http_channel {
	HTTP_EVENTS,
	HTTP_FLOWS,
	N_HTTP_CHANNELS,
};

struct http_answer;

struct http_request {
	enum http_method method;
	const char *value[URI_SEGMENTS_MAX]; ///< of the placeholders, in order, decoded
	struct uri uri;
	const char *body; ///< NULL when there is none; a NUL follows, which does not count
	size_t body_size;
	struct arena *arena; ///< for what the answer needs; lives until it is sent
	void *ctx;           ///< of http_config
	bool last;           ///< it was parked and the time is over: answer now
};

typedef void http_handler(const struct http_request *r, struct http_answer *a);

struct http_row {
	unsigned methods; ///< enum http_method, or-ed
	const char *pattern;
	http_handler *handle;
	unsigned flags;
};

struct http_rows {
	const struct http_row *at;
	size_t n;
};

struct http_config {
	const struct config_http *config;
	/// Looked through in order; the first that matches counts. Constant, not copied.
	const struct http_rows *const *tables;
	size_t n_tables;
	void *ctx;             ///< for handlers
	const cpu_set_t *cpus; ///< where its threads may run; NULL = where their creator may
};

/// Since the start; each number whole, not all of one instant.
struct http_stats {
	uint64_t requests, answers_2xx, answers_4xx, answers_5xx;
	uint64_t connections; ///< open now
	uint64_t active;      ///< requests that are not answered in full, parked ones too
	uint64_t parked;      ///< long polls now
	uint64_t cut;         ///< connections ended because they were too slow, or to make room
	uint64_t bodies;      ///< bytes of bodies held now
	uint64_t answers;     ///< bytes of answers held now
	uint64_t accepted;    ///< connections ever
	uint64_t bytes_in;    ///< of bodies
	uint64_t bytes_out;   ///< of answers, without headers
	uint64_t limited;     ///< requests refused because their client made too many
};

struct http;

/// Listen. NULL and a message that names the address and the remedy.
struct http *http_open(const struct http_config *config, struct err_msg *msg);
/// The port that it listens on.
uint32_t http_port(const struct http *h);
/// Something came on @p channel: its parked requests are looked at again.
void http_wake(struct http *h, enum http_channel channel);
void http_stats(const struct http *h, struct http_stats *out);
/// Parked requests are answered with what there is, those at work end, connections close.
void http_close(struct http *h);

/// Answer with @p json, whose reference it takes; NULL = memory was short: 500.
void http_answer_json(struct http_answer *a, unsigned status, json_t *json);
/// Answer with @p size bytes, which are copied; @p type is a content type.
void http_answer_bytes(struct http_answer *a, unsigned status, const char *type, const void *bytes,
		       size_t size);
/// The same from memory that is constant as long as the process lives.
void http_answer_static(struct http_answer *a, const char *type, const void *bytes, size_t size);
/// Answer with one text/plain.
void http_answer_text(struct http_answer *a, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/// Answer with a status alone, 204 as a rule.
void http_answer_empty(struct http_answer *a, unsigned status);
/// Refuse: {"error": "..."}.
void http_answer_error(struct http_answer *a, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/// Refuse with a message and the status that belongs to @p err: 400, 404 (ERR_UNKNOWN), 403, 503.
void http_answer_err(struct http_answer *a, int err, const struct err_msg *msg);
/// Add a header line; before the answer itself.
void http_answer_header(struct http_answer *a, const char *name, const char *value);
/// Park until http_wake() of @p channel, for @p seconds in all; only while !request->last.
void http_answer_wait(struct http_answer *a, enum http_channel channel, double seconds);

/// Text in the making; grows, and remembers when memory was short.
struct http_out {
	char *text;
	size_t len, size;
	bool failed;
};

void http_out_bytes(struct http_out *o, const void *bytes, size_t len);
void http_out_str(struct http_out *o, const char *s);
void http_out_fmt(struct http_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/// Answer 200 with the text made so far, which is taken; a failure becomes 503.
void http_answer_out(struct http_answer *a, const char *type, struct http_out *o);
/// Append @p json in compact form and take its reference; NULL counts as a failure.
void http_out_json(struct http_out *o, json_t *json);

/// A stream: what appends to it, and what frees it.
struct http_stream {
	/// Append the next slice; false when that was the last.
	bool (*more)(void *ctx, struct http_out *out);
	void (*end)(void *ctx); ///< called once, however the stream ends; may be NULL. The
				///< request's arena is gone by then
	void *ctx;
	size_t memory; ///< bytes that it holds until then
};

/// Answer 200 with a stream. Whatever happens, stream->end is called.
void http_answer_stream(struct http_answer *a, const char *type, const struct http_stream *stream);

/// A whole number from a query parameter: @p def when it is absent. False and a 400 when it is not
/// a number from @p min to @p max.
bool http_query_count(const struct http_request *r, struct http_answer *a, const char *name,
		      int64_t def, int64_t min, int64_t max, int64_t *out);
/// The same for a finite number.
bool http_query_real(const struct http_request *r, struct http_answer *a, const char *name,
		     double def, double min, double max, double *out);
