// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/relay.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>

#include "weir/util/clock.h"

enum {
	LONGEST_WAIT = 100, // ms; how late the worker may notice that it is to stop
	LONGEST = 65535,    // bytes of a datagram
};

struct relay {
	struct input input; // first, so that the worker's pointer is ours
	nng_socket socket;
	bool open;
	int fd; // readable when there are messages
	unsigned n;
	nng_msg *message[INPUT_BURST]; // lent
	nng_sockaddr from[INPUT_BURST];
};

static enum input_state burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void wait_for_messages(struct input *in, uint64_t ns);

static int listen_on(struct relay *r, const char *url, nng_tls_config *tls)
{
	nng_listener listener;
	int err = nng_pull0_open(&r->socket);
	r->open = err == 0;
	if (err == 0)
		err = nng_socket_set_int(r->socket, NNG_OPT_RECVBUF, RELAY_QUEUE);
	if (err == 0)
		err = nng_socket_set_size(r->socket, NNG_OPT_RECVMAXSZ, LONGEST);
	if (err == 0)
		err = nng_socket_get_int(r->socket, NNG_OPT_RECVFD, &r->fd);
	if (err == 0)
		err = nng_listener_create(&listener, r->socket, url);
	if (err == 0)
		err = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, tls);
	return err == 0 ? nng_listener_start(listener, 0) : err;
}

static int open_tls(struct relay *r, const char *url, const struct feed_tls *files,
		    struct err_msg *msg)
{
	nng_tls_config *tls;
	if (files->cert == NULL || files->cert[0] == '\0')
		return err_set(msg, ERR_INVALID, "relay: %s: needs relay_certificate and relay_key",
			       url);
	int err = feed_tls_config(url, true, files, &tls, msg);
	if (err != 0)
		return err;
	err = listen_on(r, url, tls);
	nng_tls_config_free(tls);
	return err == 0 ? 0
			: err_set(msg, err == NNG_EADDRINUSE ? ERR_EXISTS : ERR_IO, "relay: %s: %s",
				  url, nng_strerror(err));
}

struct relay *relay_open(const char *url, const struct feed_tls *tls, struct err_msg *msg)
{
	struct relay *r = calloc(1, sizeof(*r));
	if (r == NULL) {
		err_set(msg, ERR_MEMORY, "relay: out of memory");
		return NULL;
	}
	r->input = (struct input){.burst = burst, .release = release, .wait = wait_for_messages};
	if (open_tls(r, url, tls, msg) == 0)
		return r;
	relay_close(r);
	return NULL;
}

struct input *relay_input(struct relay *r)
{
	return &r->input;
}

void relay_close(struct relay *r)
{
	if (r == NULL)
		return;
	release(&r->input);
	if (r->open)
		nng_close(r->socket);
	free(r);
}

static void set_via(nng_msg *m, nng_sockaddr *from, struct payload *p)
{
	if (nng_pipe_get_addr(nng_msg_get_pipe(m), NNG_OPT_REMADDR, from) != 0)
		from->s_family = NNG_AF_UNSPEC; // it has gone
	if (from->s_family == NNG_AF_INET) {
		p->via_family = ADDR_IP4;
		p->via = (const uint8_t *)&from->s_in.sa_addr;
	} else if (from->s_family == NNG_AF_INET6) {
		p->via_family = ADDR_IP6;
		p->via = from->s_in6.sa_addr;
	}
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct relay *r = (struct relay *)in;
	uint64_t bytes = 0;
	const uint64_t now = clock_monotonic();
	r->n = 0;
	while (r->n < INPUT_BURST &&
	       nng_recvmsg(r->socket, &r->message[r->n], NNG_FLAG_NONBLOCK) == 0) {
		nng_msg *m = r->message[r->n];
		struct payload *p = &b->payload[r->n];
		*p = (struct payload){
			.data = nng_msg_body(m), .len = (uint32_t)nng_msg_len(m), .time = now};
		set_via(m, &r->from[r->n], p);
		bytes += p->len;
		r->n++;
	}
	b->n = b->n_frames = r->n;
	if (r->n == 0)
		return INPUT_IDLE;
	stats_add(in->stats, STAT_rx_frames, r->n);
	stats_add(in->stats, STAT_rx_bytes, bytes);
	stats_add(in->stats, STAT_frame_datagrams, r->n);
	return INPUT_READY;
}

static void release(struct input *in)
{
	struct relay *r = (struct relay *)in;
	for (unsigned i = 0; i < r->n; i++)
		nng_msg_free(r->message[i]);
	r->n = 0;
}

// A message ends the wait.
static void wait_for_messages(struct input *in, uint64_t ns)
{
	struct relay *r = (struct relay *)in;
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	poll(&p, 1, LONGEST_WAIT);
}
