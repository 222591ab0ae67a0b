// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weirgen/output.h"
#include "weirgen/pace.h"

#define BATCH 64 // datagrams of one sendmmsg()

struct out_udp {
	struct output base;
	const char *target;
	int fd;
	struct pace pace;
	uint64_t refused; // times that nobody listened
	unsigned n;
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	uint8_t memory[]; // BATCH slots
};

static int flush_batch(struct out_udp *u, struct err_msg *msg)
{
	for (unsigned done = 0; done < u->n;) {
		const int sent = sendmmsg(u->fd, u->messages + done, u->n - done, 0);
		if (sent > 0)
			done += (unsigned)sent;
		else if (errno == ECONNREFUSED)
			u->refused++; // tells of an earlier datagram; this one was not tried yet
		else if (errno != EINTR && errno != ENOBUFS)
			return err_set(msg, ERR_IO, "--udp: %s: %s", u->target, strerror(errno));
	}
	u->n = 0;
	return 0;
}

static int send_datagram(struct output *out, const struct datagram_out *d, struct err_msg *msg)
{
	struct out_udp *u = (struct out_udp *)out;
	const uint64_t wait = pace_wait(&u->pace, d->time);
	if (wait != 0 || u->n == BATCH) {
		const int err = flush_batch(u, msg);
		if (err != 0)
			return err;
	}
	if (wait != 0)
		pace_sleep(wait);
	memcpy(u->vectors[u->n].iov_base, d->payload, d->len);
	u->vectors[u->n].iov_len = d->len;
	u->n++;
	// A paced datagram leaves when it is due, not when the next one is.
	return wait != 0 ? flush_batch(u, msg) : 0;
}

static int close_socket(struct output *out, struct err_msg *msg)
{
	struct out_udp *u = (struct out_udp *)out;
	const int err = flush_batch(u, msg);
	if (u->refused != 0)
		fprintf(stderr, "weirgen: --udp: nobody listens at %s (refused %llu times)\n",
			u->target, (unsigned long long)u->refused);
	close(u->fd);
	free(u);
	return err;
}

// "host:port" or "[host]:port" into @p host; returns the port, or NULL.
static const char *split(const char *target, char host[256])
{
	const char *colon = strrchr(target, ':');
	if (colon == NULL || colon == target || colon[1] == 0)
		return NULL;
	size_t len = (size_t)(colon - target);
	if (*target == '[' && colon[-1] == ']') {
		target++;
		len -= 2;
	}
	if (len >= 256)
		return NULL;
	memcpy(host, target, len);
	host[len] = 0;
	return colon + 1;
}

static int open_socket(const char *target, struct err_msg *msg)
{
	char host[256];
	const char *port = split(target, host);
	if (port == NULL)
		return err_set(msg, ERR_INVALID, "--udp: got \"%s\", expected HOST:PORT", target);
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *list;
	const int failed = getaddrinfo(host, port, &hints, &list);
	if (failed != 0)
		return err_set(msg, ERR_UNKNOWN, "--udp: %s: %s", target, gai_strerror(failed));
	int fd = -1;
	for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		return err_set(msg, ERR_IO, "--udp: %s: %s", target, strerror(errno));
	return fd;
}

struct output *output_udp_open(const struct options *o, struct err_msg *msg)
{
	const int fd = open_socket(o->udp, msg);
	if (fd < 0)
		return NULL;
	struct out_udp *u = calloc(1, sizeof(*u) + (size_t)BATCH * o->datagram_size);
	if (u == NULL) {
		close(fd);
		err_set(msg, ERR_MEMORY, "--udp: out of memory");
		return NULL;
	}
	u->base = (struct output){.send = send_datagram, .close = close_socket};
	u->target = o->udp;
	u->fd = fd;
	u->pace.speed = o->speed;
	for (size_t i = 0; i < BATCH; i++) {
		u->vectors[i].iov_base = u->memory + i * o->datagram_size;
		u->messages[i].msg_hdr.msg_iov = &u->vectors[i];
		u->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return &u->base;
}
