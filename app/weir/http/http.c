// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The server itself: libmicrohttpd, connections, requests from their first line to their body.
#include "weir/http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weir/http/http_server.h"
#include "weir/util/clock.h"

enum {
	BACKLOG = 1024,
	SEND_BUFFER = 256 << 10,      // bytes of an answer that the kernel takes from us at most
	CONNECTION_MEMORY = 32 << 10, // bytes: headers of a request, buffers of its connection
	STACK = 256 << 10,            // bytes: of each of MHD's threads
	DISCARD = 4 << 20,            // bytes of a refused body that are read for politeness
	SPARE_FILES = 64,             // descriptors that are not connections
	FIRST_ROOM = 4096,
	LINGER_MS = 300, // for answers in the making at the end
};

static int open_listener(const struct config_http *set, struct err_msg *msg);
static int start_daemon(struct http *h, struct err_msg *msg);

// One descriptor for each connection; the usual soft limit is below that.
static void allow_files(uint32_t connections)
{
	struct rlimit limit;
	const rlim_t wanted = (rlim_t)connections + SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int limit_rate(struct http *h, struct err_msg *msg)
{
	uint64_t seed;
	if (h->set->rate == 0)
		return 0;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_set(msg, ERR_IO, "http: no random number: %s", strerror(errno));
	h->rate = http_rate_new(h->set->rate, seed);
	return h->rate != NULL ? 0 : err_set(msg, ERR_MEMORY, "http: out of memory");
}

struct http *http_open(const struct http_config *config, struct err_msg *msg)
{
	struct http *h = calloc(1, sizeof(*h));
	cpu_set_t before;
	if (h == NULL) {
		err_set(msg, ERR_MEMORY, "http: out of memory");
		return NULL;
	}
	h->config = *config;
	h->set = config->config;
	h->listener = -1;
	pthread_mutex_init(&h->lock, NULL);
	allow_files(h->set->connections);
	// Threads inherit the mask of the one that makes them.
	pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
	if (config->cpus != NULL)
		pthread_setaffinity_np(pthread_self(), sizeof(*config->cpus), config->cpus);
	int err = http_guard_open(h, msg);
	if (err == 0)
		err = limit_rate(h, msg);
	if (err == 0) {
		h->listener = open_listener(h->set, msg);
		err = h->listener < 0 ? ERR_IO : http_wait_open(h, msg);
	}
	if (err == 0)
		err = start_daemon(h, msg);
	pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
	if (err == 0)
		return h;
	http_close(h);
	return NULL;
}

// Those that were parked get their answers, and whoever is in the middle of one a moment.
static void let_finish(const struct http *h)
{
	const uint64_t end = clock_monotonic() + LINGER_MS * CLOCK_NS_PER_MS;
	const struct timespec nap = clock_timespec(CLOCK_NS_PER_MS);
	while (__atomic_load_n(&h->stats.active, __ATOMIC_RELAXED) > 0 && clock_monotonic() < end)
		nanosleep(&nap, NULL);
}

void http_close(struct http *h)
{
	if (h == NULL)
		return;
	if (h->daemon != NULL)
		MHD_quiesce_daemon(h->daemon); // nobody new
	http_wait_stop(h);
	let_finish(h);
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	if (h->listener >= 0)
		close(h->listener);
	http_wait_close(h);
	http_guard_close(h);
	http_rate_free(h->rate);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

uint32_t http_port(const struct http *h)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	if (getsockname(h->listener, (struct sockaddr *)&address, &size) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
						  : ((struct sockaddr_in6 *)&address)->sin6_port);
}

void http_count(uint64_t *counter, int64_t n)
{
	__atomic_fetch_add(counter, (uint64_t)n, __ATOMIC_RELAXED);
}

void http_stats(const struct http *h, struct http_stats *out)
{
	const uint64_t *from = (const uint64_t *)&h->stats;
	uint64_t *to = (uint64_t *)out;
	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static socklen_t fill_address(const struct config_http *set, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	*out = (struct sockaddr_storage){0};
	if (set->addr.family == ADDR_IP4) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)set->port);
		memcpy(&in->sin_addr, set->addr.bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)set->port);
	memcpy(&in6->sin6_addr, set->addr.bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static int listen_error(const struct config_http *set, struct err_msg *msg)
{
	const char *remedy = errno == EADDRINUSE
				     ? "; is another collector running? Set http to another "
				       "address, or to off"
				     : "";
	return err_set(msg, errno == EADDRINUSE ? ERR_EXISTS : ERR_IO, "http: %s: %s%s",
		       set->listen, strerror(errno), remedy);
}

static int open_listener(const struct config_http *set, struct err_msg *msg)
{
	struct sockaddr_storage address;
	const socklen_t size = fill_address(set, &address);
	const int on = 1, off = 0, buffer = SEND_BUFFER;
	const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		// Of each connection, too: else a client that reads nothing has megabytes of the
		// kernel, and as much longer until it is too slow.
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
		if (address.ss_family == AF_INET6) // [::] takes IPv4 too
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		if (bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0)
			return fd;
	}
	listen_error(set, msg);
	if (fd >= 0)
		close(fd);
	return -1;
}

void http_phase(struct request *r)
{
	r->since = clock_monotonic();
	http_progress(r, 0);
}

void http_progress(struct request *r, uint64_t moved)
{
	const uint64_t timeout = (uint64_t)(r->http->set->timeout * 1e9);
	const uint64_t deadline = r->since + timeout + moved * CLOCK_NS_PER_S / HTTP_SLOWEST;
	__atomic_store_n(&r->peer->deadline, deadline, __ATOMIC_RELAXED);
}

uint64_t http_hold(struct request *r, size_t n)
{
	r->held += n;
	return __atomic_add_fetch(&r->http->stats.answers, n, __ATOMIC_RELAXED);
}

void http_let_go(struct request *r)
{
	http_count(&r->http->stats.answers, -(int64_t)r->held);
	r->held = 0;
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

// A connection is idle from now on.
static void idle(const struct http *h, struct peer *p)
{
	const uint64_t now = clock_monotonic();
	__atomic_store_n(&p->deadline, now + (uint64_t)(h->set->timeout * 1e9), __ATOMIC_RELAXED);
	__atomic_store_n(&p->idle, now, __ATOMIC_RELAXED);
}

static void on_connection(void *http, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *h = http;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		http_peer_remove(h, *context);
		free(*context);
		return;
	}
	struct peer *p = *context = calloc(1, sizeof(*p));
	if (p == NULL)
		return;
	p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	idle(h, p);
	http_peer_add(h, p);
}

// The first line is there.
static void *on_target(void *http, const char *target, struct MHD_Connection *connection)
{
	struct request *r = calloc(1, sizeof(*r));
	struct peer *p = peer_of(connection);
	if (r == NULL || p == NULL || (r->target = strdup(target)) == NULL) {
		free(r);
		return NULL;
	}
	r->http = http;
	r->connection = connection;
	r->peer = p;
	r->answer.request = r;
	r->view.arena = &r->arena;
	r->view.ctx = r->http->config.ctx;
	__atomic_store_n(&p->idle, 0, __ATOMIC_RELAXED);
	http_phase(r);
	http_count(&r->http->stats.requests, 1);
	http_count(&r->http->stats.active, 1);
	return r;
}

static void on_completed(void *http, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;
	(void)connection;
	(void)code;
	if (r == NULL)
		return;
	idle(http, r->peer);
	http_count(&r->http->stats.active, -1);
	http_answer_drop(&r->answer);
	http_let_go(r);
	http_count(&r->http->stats.bodies, -(int64_t)r->room);
	arena_free(&r->arena);
	free(r->body);
	free(r->target);
	free(r);
	*state = NULL;
}

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
	{"GET", HTTP_GET},   {"HEAD", HTTP_GET},      {"PUT", HTTP_PUT},
	{"POST", HTTP_POST}, {"DELETE", HTTP_DELETE}, {"OPTIONS", 0},
};

// The row of the path and method; else the methods that the path would take.
static const struct http_row *find_row(struct request *r, unsigned *others)
{
	const struct http_config *c = &r->http->config;
	*others = 0;
	for (size_t t = 0; t < c->n_tables; t++) {
		for (size_t i = 0; i < c->tables[t]->n; i++) {
			const struct http_row *row = &c->tables[t]->at[i];
			if (!uri_match(&r->view.uri, row->pattern, r->view.value))
				continue;
			if ((row->methods & r->view.method) != 0)
				return row;
			*others |= row->methods;
		}
	}
	return NULL;
}

static void refuse_method(struct request *r, unsigned others)
{
	char allow[64] = "OPTIONS";
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((methods[i].method & others) == 0)
			continue;
		strcat(allow, ", ");
		strcat(allow, methods[i].name);
	}
	const char *text = arena_strndup(&r->arena, allow, strlen(allow));
	http_answer_header(&r->answer, MHD_HTTP_HEADER_ALLOW, text != NULL ? text : "GET");
	http_answer_error(&r->answer, 405, "expected one of the methods %s", allow);
}

static void check_length(struct request *r)
{
	const char *text =
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");
	r->limit =
		(r->row->flags & HTTP_BIG) != 0 ? r->http->set->max_table : r->http->set->max_body;
	if (text != NULL && strtoull(text, NULL, 10) > r->limit)
		http_answer_error(&r->answer, 413, "body: got %s bytes, expected at most %zu", text,
				  r->limit);
}

static struct addr client_of(const struct request *r)
{
	const struct sockaddr *a =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr;
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)a)->sin6_addr;
	if (a->sa_family == AF_INET)
		return addr_ip4((const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr.s_addr);
	return IN6_IS_ADDR_V4MAPPED(in6) ? addr_ip4(in6->s6_addr + 12) : addr_ip6(in6->s6_addr);
}

// False, and a refusal, when the client asks too often.
static bool within_rate(struct request *r)
{
	struct http *h = r->http;
	if (h->rate == NULL)
		return true;
	const struct addr client = client_of(r);
	if (http_rate_take(h->rate, &client, clock_monotonic()))
		return true;
	http_count(&h->stats.limited, 1);
	http_answer_header(&r->answer, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	http_answer_error(&r->answer, 429, "expected at most %u requests a second from an address",
			  h->set->rate);
	return false;
}

// The headers are there: who asks for what? An answer, if there is one now, is a refusal.
static void look_at_headers(struct request *r, const char *method)
{
	struct err_msg msg = {0};
	size_t m = 0;
	unsigned others;
	if (!within_rate(r))
		return;
	while (m < sizeof(methods) / sizeof(methods[0]) && strcmp(methods[m].name, method) != 0)
		m++;
	if (m == sizeof(methods) / sizeof(methods[0])) {
		http_answer_error(&r->answer, 501, "unknown method");
		return;
	}
	r->view.method = methods[m].method;
	const int err = uri_parse(&r->arena, r->target, &r->view.uri, &msg);
	if (err != 0) {
		http_answer_err(&r->answer, err, &msg);
		return;
	}
	r->row = find_row(r, &others);
	if (r->row == NULL && r->view.method == 0 && others != 0)
		http_preflight(r, others);
	else if (r->row == NULL && others != 0)
		refuse_method(r, others);
	else if (r->row == NULL)
		http_answer_error(&r->answer, 404, "no such resource");
	else if (http_guard(r) == 0)
		check_length(r);
}

// True when a refusal can go out at once: nothing is coming, or too much to read it all.
static bool may_refuse_now(struct request *r)
{
	const char *text =
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");
	const char *chunked =
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Transfer-Encoding");
	return chunked == NULL && (text == NULL || strtoull(text, NULL, 10) > DISCARD);
}

static bool grow_body(struct request *r, size_t wanted)
{
	struct http *h = r->http;
	size_t room = r->room > 0 ? r->room : FIRST_ROOM;
	while (room < wanted)
		room *= 2;
	if (__atomic_load_n(&h->stats.bodies, __ATOMIC_RELAXED) + room - r->room > h->set->bodies) {
		http_answer_error(&r->answer, 503, "too many bodies at once, try again");
		return false;
	}
	char *grown = realloc(r->body, room);
	if (grown == NULL) {
		http_answer_error(&r->answer, 503, "out of memory");
		return false;
	}
	http_count(&h->stats.bodies, (int64_t)(room - r->room));
	r->body = grown;
	r->room = room;
	return true;
}

// Keep a piece of the body, or read it away when it is refused. False: enough of that.
static bool take_body(struct request *r, const char *data, size_t size)
{
	r->size += size;
	http_count(&r->http->stats.bytes_in, (int64_t)size);
	http_progress(r, r->size);
	if (r->answer.response == NULL && r->size > r->limit)
		http_answer_error(&r->answer, 413, "body: expected at most %zu bytes", r->limit);
	if (r->answer.response != NULL)
		return r->size <= r->limit + DISCARD;
	if (r->size + 1 > r->room && !grow_body(r, r->size + 1))
		return true;
	memcpy(r->body + r->size - size, data, size);
	r->body[r->size] = '\0';
	return true;
}

static uint64_t turns(const struct http *h)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < N_HTTP_CHANNELS; i++)
		sum += __atomic_load_n(&h->turn[i], __ATOMIC_ACQUIRE);
	return sum;
}

void http_handle(struct request *r)
{
	const bool over = r->until != 0 && clock_monotonic() >= r->until;
	r->view.last = over || __atomic_load_n(&r->http->stop, __ATOMIC_RELAXED);
	r->turn = turns(r->http);
	r->answer.wait = false;
	r->row->handle(&r->view, &r->answer);
	if (r->answer.response == NULL && (!r->answer.wait || r->view.last))
		http_answer_error(&r->answer, 500, "no answer");
}

// The request is whole: have it answered, now or later.
static enum MHD_Result serve(struct request *r)
{
	const bool open = r->answer.response == NULL && !r->ran;
	if (open && (r->row->flags & HTTP_SLOW) != 0) {
		if (http_queue_verb(r))
			return MHD_YES; // it belongs to another thread now
	} else if (open) {
		do
			http_handle(r);
		while (r->answer.response == NULL && turns(r->http) != r->turn);
		if (r->answer.response == NULL && http_park(r))
			return MHD_YES;
	}
	return http_send(r);
}

static enum MHD_Result on_request(void *http, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct request *r = *state;
	(void)http, (void)connection, (void)url, (void)version;
	if (r == NULL)
		return MHD_NO;
	if (!r->begun) {
		r->begun = true;
		look_at_headers(r, method);
		http_phase(r);
		return r->answer.response != NULL && may_refuse_now(r) ? http_send(r) : MHD_YES;
	}
	if (*size > 0) {
		const bool go_on = take_body(r, data, *size);
		*size = 0;
		return go_on ? MHD_YES : MHD_NO;
	}
	r->view.body = r->body;
	r->view.body_size = r->body != NULL ? r->size : 0;
	return serve(r);
}

// Paths are decoded by uri.c, which knows where they part.
static size_t keep_escapes(void *http, struct MHD_Connection *connection, char *text)
{
	(void)http;
	(void)connection;
	return strlen(text);
}

// What a client does wrong is told to the client.
static void say_nothing(void *http, const char *fmt, va_list ap)
{
	(void)http;
	(void)fmt;
	(void)ap;
}

static int start_daemon(struct http *h, struct err_msg *msg)
{
	const struct config_http *set = h->set;
	const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			       MHD_USE_ERROR_LOG | (h->cert != NULL ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_KEY, 0, h->key},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert},
		{h->ca != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, h->ca},
		{MHD_OPTION_END, 0, NULL},
	};
	static const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	// Of MHD's own: the limits that it knows. Its limit of connections holds for all threads.
	h->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, h,
		MHD_OPTION_LISTEN_SOCKET, h->listener, MHD_OPTION_URI_LOG_CALLBACK, on_target, h,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, h, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, h,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)set->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)set->per_client,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)(set->threads > 1 ? set->threads : 0), MHD_OPTION_ARRAY,
		h->cert != NULL ? tls : none, MHD_OPTION_END);
	if (h->daemon != NULL)
		return 0;
	return err_set(msg, ERR_IO, "http: %s: cannot start%s", set->listen,
		       h->cert != NULL ? "; do certificate and key belong together?" : "");
}
