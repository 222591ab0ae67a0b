// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Answers: from values to libmicrohttpd's responses.
#include "weir/http/http_server.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	STREAM_BLOCK = 32 << 10, // bytes that MHD takes from a stream at a time
	REAL_DIGITS = 15,        // the shortest text of most numbers; the values are estimates
	MESSAGE_SIZE = 1024,
	SMALL_ANSWER = 16 << 10, // bytes: always has room, as a connection has
};

static const char type_json[] = "application/json";
static const char type_text[] = "text/plain; charset=utf-8";

// The first answer stands.
static void set_response(struct http_answer *a, unsigned status, const char *type,
			 struct MHD_Response *response, size_t size)
{
	if (response == NULL)
		return;
	if (a->response != NULL) {
		MHD_destroy_response(response);
		return;
	}
	if (type != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	a->response = response;
	a->status = status;
	a->size = a->held = size;
}

// @p text is from malloc(3), and is taken.
static void answer_text(struct http_answer *a, unsigned status, const char *type, char *text,
			size_t size)
{
	struct MHD_Response *response =
		text != NULL ? MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE)
			     : NULL;
	if (response == NULL)
		free(text);
	set_response(a, status, type, response, size);
}

void http_answer_json(struct http_answer *a, unsigned status, json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY |
							     JSON_REAL_PRECISION(REAL_DIGITS))
				  : NULL;
	json_decref(json);
	if (text == NULL)
		http_answer_static(a, type_text, "out of memory\n", 14);
	else
		answer_text(a, status, type_json, text, strlen(text));
	if (text == NULL && a->response != NULL)
		a->status = 500;
}

void http_answer_bytes(struct http_answer *a, unsigned status, const char *type, const void *bytes,
		       size_t size)
{
	set_response(a, status, type,
		     MHD_create_response_from_buffer(size, (void *)(uintptr_t)bytes,
						     MHD_RESPMEM_MUST_COPY),
		     size);
}

void http_answer_static(struct http_answer *a, const char *type, const void *bytes, size_t size)
{
	set_response(a, 200, type,
		     MHD_create_response_from_buffer(size, (void *)(uintptr_t)bytes,
						     MHD_RESPMEM_PERSISTENT),
		     size);
	a->held = 0;
}

void http_answer_text(struct http_answer *a, unsigned status, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;
	va_start(ap, fmt);
	const int size = vasprintf(&text, fmt, ap);
	va_end(ap);
	answer_text(a, status, type_text, size >= 0 ? text : NULL, size >= 0 ? (size_t)size : 0);
}

void http_answer_empty(struct http_answer *a, unsigned status)
{
	http_answer_bytes(a, status, NULL, "", 0);
}

void http_answer_error(struct http_answer *a, unsigned status, const char *fmt, ...)
{
	char text[MESSAGE_SIZE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_t *error = json_string(text); // NULL where the text was cut inside a character
	http_answer_json(
		a, status,
		json_pack("{s:o}", "error", error != NULL ? error : json_string("refused")));
}

void http_answer_err(struct http_answer *a, int err, const struct err_msg *msg)
{
	const char *text = msg != NULL && msg->text[0] != '\0' ? msg->text : err_str(err);
	unsigned status = 400;
	if (err == ERR_UNKNOWN)
		status = 404;
	else if (err == ERR_PERMISSION)
		status = 403;
	else if (err == ERR_FULL || err == ERR_MEMORY || err == ERR_IO)
		status = 503;
	http_answer_error(a, status, "%s", text);
}

void http_answer_header(struct http_answer *a, const char *name, const char *value)
{
	if (a->n_headers < HTTP_HEADERS_MAX)
		a->header[a->n_headers++] = (struct http_header){name, value};
}

void http_answer_wait(struct http_answer *a, enum http_channel channel, double seconds)
{
	a->wait = true;
	a->channel = channel;
	a->seconds = seconds;
}

// Clients that ask for much and take nothing do not fill the memory: others of theirs are refused.
static void find_room(struct request *r)
{
	struct http_answer *a = &r->answer;
	const uint64_t all = http_hold(r, a->held);
	if (a->held <= SMALL_ANSWER || all <= r->http->set->answers)
		return;
	http_let_go(r);
	http_answer_drop(a);
	http_answer_header(a, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	http_answer_error(a, 503, "too many answers are on their way, try again");
}

enum MHD_Result http_send(struct request *r)
{
	struct http_answer *a = &r->answer;
	struct http_stats *stats = &r->http->stats;
	if (a->response != NULL)
		find_room(r);
	if (a->response == NULL)
		return MHD_NO; // memory was short: the connection is closed
	http_guard_headers(r, a->response);
	for (unsigned i = 0; i < a->n_headers; i++)
		MHD_add_response_header(a->response, a->header[i].name, a->header[i].value);
	http_count(a->status < 400   ? &stats->answers_2xx
		   : a->status < 500 ? &stats->answers_4xx
				     : &stats->answers_5xx,
		   1);
	http_count(&stats->bytes_out, (int64_t)a->size);
	http_phase(r);
	http_progress(r, a->size);
	return MHD_queue_response(r->connection, a->status, a->response);
}

void http_answer_drop(struct http_answer *a)
{
	if (a->response != NULL)
		MHD_destroy_response(a->response);
	a->response = NULL;
}

// Texts in the making -----------------------------------------------------------------------------

static bool out_room(struct http_out *o, size_t more)
{
	if (o->failed)
		return false;
	if (o->size - o->len > more)
		return true;
	size_t size = o->size > 0 ? o->size : STREAM_BLOCK;
	while (size - o->len <= more)
		size *= 2;
	char *grown = realloc(o->text, size);
	if (grown == NULL) {
		o->failed = true;
		return false;
	}
	o->text = grown;
	o->size = size;
	return true;
}

void http_out_bytes(struct http_out *o, const void *bytes, size_t len)
{
	if (!out_room(o, len))
		return;
	memcpy(o->text + o->len, bytes, len);
	o->len += len;
	o->text[o->len] = '\0';
}

void http_out_str(struct http_out *o, const char *s)
{
	http_out_bytes(o, s, strlen(s));
}

void http_out_fmt(struct http_out *o, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	const int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		o->failed = true;
	else if (out_room(o, (size_t)len)) {
		vsnprintf(o->text + o->len, (size_t)len + 1, fmt, again);
		o->len += (size_t)len;
	}
	va_end(again);
}

void http_answer_out(struct http_answer *a, const char *type, struct http_out *o)
{
	if (o->text == NULL)
		http_out_bytes(o, "", 0); // nothing to say is an answer, too
	if (!o->failed)
		answer_text(a, 200, type, o->text, o->len);
	else
		http_answer_error(a, 503, "out of memory");
	if (o->failed)
		free(o->text);
	*o = (struct http_out){0};
}

static int out_dump(const char *text, size_t len, void *out)
{
	struct http_out *o = out;
	http_out_bytes(o, text, len);
	return o->failed ? -1 : 0;
}

void http_out_json(struct http_out *o, json_t *json)
{
	if (json == NULL || json_dump_callback(json, out_dump, o,
					       JSON_COMPACT | JSON_ENCODE_ANY |
						       JSON_REAL_PRECISION(REAL_DIGITS)) != 0)
		o->failed = true;
	json_decref(json);
}

// Streams -----------------------------------------------------------------------------------------

struct flow_out {
	struct http_stream stream;
	struct request *request;
	struct http_out out;
	size_t sent; // of out
	bool over;
};

static ssize_t read_stream(void *ctx, uint64_t moved, char *to, size_t room)
{
	struct flow_out *f = ctx;
	http_progress(f->request, moved);
	while (f->sent == f->out.len && !f->over && !f->out.failed) {
		const size_t before = f->out.size;
		f->out.len = f->sent = 0;
		f->over = !f->stream.more(f->stream.ctx, &f->out);
		http_hold(f->request, f->out.size - before);
	}
	if (f->out.failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t n = f->out.len - f->sent;
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = n < room ? n : room;
	memcpy(to, f->out.text + f->sent, n);
	f->sent += n;
	http_count(&f->request->http->stats.bytes_out, (int64_t)n);
	return (ssize_t)n;
}

static void end_stream(void *ctx)
{
	struct flow_out *f = ctx;
	if (f->stream.end != NULL)
		f->stream.end(f->stream.ctx);
	free(f->out.text);
	free(f);
}

void http_answer_stream(struct http_answer *a, const char *type, const struct http_stream *stream)
{
	struct flow_out *f = calloc(1, sizeof(*f));
	struct MHD_Response *response = NULL;
	if (f != NULL) {
		f->stream = *stream;
		f->request = a->request;
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
							     read_stream, f, end_stream);
	}
	if (response == NULL) {
		if (stream->end != NULL)
			stream->end(stream->ctx);
		free(f);
		http_answer_error(a, 503, "out of memory");
		return;
	}
	set_response(a, 200, type, response, 0);
	a->held = sizeof(*f) + stream->memory;
}

// Parameters --------------------------------------------------------------------------------------

bool http_query_real(const struct http_request *r, struct http_answer *a, const char *name,
		     double def, double min, double max, double *out)
{
	const char *text = uri_query(&r->uri, name, NULL);
	char *end;
	*out = def;
	if (text == NULL || text[0] == '\0')
		return true;
	*out = strtod(text, &end);
	if (*end == '\0' && isfinite(*out) && *out >= min && *out <= max)
		return true;
	http_answer_error(a, 400, "%s: got \"%s\", expected a number from %.15g to %.15g", name,
			  text, min, max);
	return false;
}

bool http_query_count(const struct http_request *r, struct http_answer *a, const char *name,
		      int64_t def, int64_t min, int64_t max, int64_t *out)
{
	const char *text = uri_query(&r->uri, name, NULL);
	char *end;
	*out = def;
	if (text == NULL || text[0] == '\0')
		return true;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0 && *out >= min && *out <= max)
		return true;
	http_answer_error(a, 400, "%s: got \"%s\", expected a whole number from %lld to %lld", name,
			  text, (long long)min, (long long)max);
	return false;
}
