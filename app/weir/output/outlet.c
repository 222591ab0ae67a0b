// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/pipeline0/push.h>

#include "common/udp.h"

enum {
	RETRY_FIRST_MS = 100,
	RETRY_LONGEST_MS = 5000,
};

struct outlet {
	int fd; // connected; -1 = over TLS
	nng_socket socket;
	bool open;      // the socket is
	bool connected; // nng's threads: w; sender: r (relaxed)
};

// Without this, what comes in vain would be queued, and be the first thing told hours later.
static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *connected)
{
	(void)pipe;
	__atomic_store_n((bool *)connected, event == NNG_PIPE_EV_ADD_POST, __ATOMIC_RELAXED);
}

static int dial(struct outlet *o, const char *url, nng_tls_config *tls)
{
	nng_dialer dialer;
	int err = nng_push0_open(&o->socket);
	o->open = err == 0;
	if (err == 0)
		err = nng_socket_set_int(o->socket, NNG_OPT_SENDBUF, OUTLET_QUEUE);
	if (err == 0)
		err = nng_socket_set_ms(o->socket, NNG_OPT_RECONNMINT, RETRY_FIRST_MS);
	if (err == 0)
		err = nng_socket_set_ms(o->socket, NNG_OPT_RECONNMAXT, RETRY_LONGEST_MS);
	if (err == 0)
		err = nng_pipe_notify(o->socket, NNG_PIPE_EV_ADD_POST, on_pipe, &o->connected);
	if (err == 0)
		err = nng_pipe_notify(o->socket, NNG_PIPE_EV_REM_POST, on_pipe, &o->connected);
	if (err == 0)
		err = nng_dialer_create(&dialer, o->socket, url);
	if (err == 0)
		err = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, tls);
	return err == 0 ? nng_dialer_start(dialer, NNG_FLAG_NONBLOCK) : err;
}

static int open_tls(struct outlet *o, const char *url, const struct feed_tls *files,
		    struct err_msg *msg)
{
	nng_tls_config *tls;
	int err = feed_tls_config(url, false, files, &tls, msg);
	if (err != 0)
		return err;
	err = dial(o, url, tls);
	nng_tls_config_free(tls);
	return err == 0 ? 0 : err_set(msg, ERR_IO, "url: %s: %s", url, nng_strerror(err));
}

static int open_udp(struct outlet *o, const struct forward_target *t, struct err_msg *msg)
{
	o->fd = udp_connect(&t->addr, t->port);
	return o->fd >= 0 ? 0
			  : err_set(msg, ERR_IO, "address: %s: %s", t->address, strerror(errno));
}

struct outlet *outlet_open(const struct forward_target *target, const struct feed_tls *tls,
			   struct err_msg *msg)
{
	struct outlet *o = calloc(1, sizeof(*o));
	if (o == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	o->fd = -1;
	const bool udp = target->url == NULL || target->url[0] == '\0';
	if ((udp ? open_udp(o, target, msg) : open_tls(o, target->url, tls, msg)) == 0)
		return o;
	outlet_close(o);
	return NULL;
}

void outlet_close(struct outlet *o)
{
	if (o == NULL)
		return;
	if (o->fd >= 0)
		close(o->fd);
	if (o->open)
		nng_close(o->socket);
	free(o);
}

static bool send_udp(const struct outlet *o, const uint8_t *data, size_t len)
{
	ssize_t sent = send(o->fd, data, len, MSG_NOSIGNAL);
	if (sent < 0 && errno == ECONNREFUSED) // of the one before: an ICMP error came
		sent = send(o->fd, data, len, MSG_NOSIGNAL);
	return sent >= 0;
}

bool outlet_send(struct outlet *o, const uint8_t *data, size_t len)
{
	if (o->fd >= 0)
		return send_udp(o, data, len);
	if (!__atomic_load_n(&o->connected, __ATOMIC_RELAXED))
		return false;
	// It copies; the bytes are not written to, whatever the type says.
	return nng_send(o->socket, (void *)(uintptr_t)data, len, NNG_FLAG_NONBLOCK) == 0;
}
