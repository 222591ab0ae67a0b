// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weir/util/clock.h"
#include "weir/util/log.h"

// For so long datagrams gather after the one that woke the worker up.
#define GATHER (200 * CLOCK_NS_PER_US)

enum {
	// The largest UDP payload is 65,507 bytes. The odd line keeps the buffers of a burst from
	// falling into the same sets of the cache.
	BUFFER_SIZE = 65536 + 64,
	LONGEST_WAIT = 100, // ms; how late the worker may notice that it is to stop
	CONTROL_SIZE = CMSG_SPACE(sizeof(uint32_t)),
};

struct socket_input {
	struct input input; // first, so that the worker's pointer is ours
	int fd;
	uint32_t overflow; // the kernel's counter as last read; worker: rw
	uint64_t drops;    // worker: w; socket_drops(): r
	unsigned n;        // messages that the kernel filled in lately
	uint8_t *buffer;   // INPUT_BURST of BUFFER_SIZE
	struct mmsghdr message[INPUT_BURST];
	struct iovec iov[INPUT_BURST];
	struct sockaddr_in6 from[INPUT_BURST]; // large enough for IPv4 too
	union {
		struct cmsghdr align;
		uint8_t bytes[CONTROL_SIZE];
	} control[INPUT_BURST];
};

static enum input_state burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void wait_for_datagrams(struct input *in, uint64_t ns);
static double fill(struct input *in);
static int open_bound(struct socket_input *s, const struct socket_config *c, struct err_msg *msg);
static void size_buffer(int fd, uint64_t wanted);
static int make_messages(struct socket_input *s, struct err_msg *msg);

struct socket_input *socket_open(const struct socket_config *config, struct err_msg *msg)
{
	struct socket_input *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		err_set(msg, ERR_MEMORY, "socket: out of memory");
		return NULL;
	}
	s->fd = -1;
	s->input = (struct input){.burst = burst,
				  .release = release,
				  .wait = wait_for_datagrams,
				  .fill = fill,
				  .wakes = true};
	if (open_bound(s, config, msg) != 0 || make_messages(s, msg) != 0) {
		socket_close(s);
		return NULL;
	}
	return s;
}

struct input *socket_input(struct socket_input *s)
{
	return &s->input;
}

void socket_close(struct socket_input *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->buffer != NULL)
		munmap(s->buffer, (size_t)INPUT_BURST * BUFFER_SIZE);
	free(s);
}

uint64_t socket_drops(const struct socket_input *s)
{
	return __atomic_load_n(&s->drops, __ATOMIC_RELAXED);
}

uint16_t socket_port(const struct socket_input *s)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);
	// The port is at the same place for both families.
	return getsockname(s->fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin6_port) : 0;
}

static socklen_t address_of(const struct socket_config *c, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){0};
	if (c->addr.family == ADDR_IP4) {
		struct sockaddr_in *a = (struct sockaddr_in *)out;
		a->sin_family = AF_INET;
		a->sin_port = htons(c->udp_port);
		memcpy(&a->sin_addr, c->addr.bytes, 4);
		return sizeof(*a);
	}
	struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
	a->sin6_family = AF_INET6;
	a->sin6_port = htons(c->udp_port);
	memcpy(&a->sin6_addr, c->addr.bytes, 16);
	return sizeof(*a);
}

static int explain_bind(const struct socket_config *c, int why, struct err_msg *msg)
{
	char text[ADDR_TEXT_SIZE];
	addr_text(&c->addr, text);
	if (c->addr.family == ADDR_NONE)
		strcpy(text, "any address");
	if (why == EADDRINUSE)
		return err_set(msg, ERR_EXISTS,
			       "socket: UDP port %u on %s is taken by another program: "
			       "`ss -lnup sport = %u` shows it",
			       c->udp_port, text, c->udp_port);
	if (why == EACCES)
		return err_set(msg, ERR_PERMISSION,
			       "socket: UDP port %u needs rights: use one above 1023, or give the "
			       "program CAP_NET_BIND_SERVICE",
			       c->udp_port);
	if (why == EADDRNOTAVAIL)
		return err_set(msg, ERR_UNKNOWN,
			       "socket: this host has no address %s: `ip address` lists them",
			       text);
	return err_set(msg, ERR_IO, "socket: cannot listen on %s, UDP port %u: %s", text,
		       c->udp_port, strerror(why));
}

static int open_bound(struct socket_input *s, const struct socket_config *c, struct err_msg *msg)
{
	static const int on = 1, off = 0;
	struct sockaddr_storage to;
	struct socket_config bound = *c;
	const socklen_t len = address_of(c, &to);
	s->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 && errno == EAFNOSUPPORT && c->addr.family == ADDR_NONE) {
		// A host without IPv6: any address means any IPv4 address.
		bound.addr = addr_ip4((const uint8_t[4]){0});
		s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		address_of(&bound, &to);
	}
	if (s->fd < 0)
		return err_set(msg, ERR_IO, "socket: %s", strerror(errno));
	if (to.ss_family == AF_INET6)
		setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (c->group == SOCKET_NEXT)
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	size_buffer(s->fd, c->rcvbuf);
	if (bind(s->fd, (const struct sockaddr *)&to, len) != 0)
		return explain_bind(c, errno, msg);
	// Only now, so that the port is refused where another collector of the same user shares it
	// among its own workers: half of the agents would be missing without a word.
	if (c->group == SOCKET_FIRST)
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	return 0;
}

// The kernel doubles what it is asked for, to allow for its own overhead, and reports the double.
static void size_buffer(int fd, uint64_t wanted)
{
	if (wanted == 0)
		return;
	const int size = wanted < INT32_MAX ? (int)wanted : INT32_MAX;
	int got = 0;
	socklen_t len = sizeof(got);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
	if (got / 2 < size) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
	}
	if (got / 2 < size)
		LOG(WARNING, SOCKET,
		    "receive buffer of %d bytes instead of %d: `sysctl net.core.rmem_max=%d` "
		    "allows "
		    "it",
		    got / 2, size, size);
	else
		LOG(INFO, SOCKET, "receive buffer of %d bytes", got / 2);
}

// The kernel writes these lengths, so they must be set anew for every call.
static void reset_messages(struct socket_input *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		s->message[i].msg_hdr.msg_namelen = sizeof(s->from[i]);
		s->message[i].msg_hdr.msg_controllen = sizeof(s->control[i]);
	}
}

static int make_messages(struct socket_input *s, struct err_msg *msg)
{
	void *buffer = mmap(NULL, (size_t)INPUT_BURST * BUFFER_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED)
		return err_set(msg, ERR_MEMORY, "socket: no memory for %d buffers of %d bytes",
			       INPUT_BURST, BUFFER_SIZE);
	s->buffer = buffer;
	for (unsigned i = 0; i < INPUT_BURST; i++) {
		s->iov[i] = (struct iovec){s->buffer + (size_t)i * BUFFER_SIZE, BUFFER_SIZE};
		struct msghdr *m = &s->message[i].msg_hdr;
		m->msg_iov = &s->iov[i];
		m->msg_iovlen = 1;
		m->msg_name = &s->from[i];
		m->msg_control = &s->control[i];
	}
	reset_messages(s, INPUT_BURST);
	return 0;
}

// The kernel's counter is 32 bits wide and wraps. A datagram may bring an older count than the one
// that was asked for after the kernel had queued it.
static void count_drops(struct socket_input *s, uint32_t overflow)
{
	const uint32_t more = overflow - s->overflow;
	if (more > INT32_MAX)
		return;
	__atomic_store_n(&s->drops, s->drops + more, __ATOMIC_RELAXED);
	s->overflow = overflow;
}

// It comes for nothing with a datagram, as it was when the kernel queued that one.
static void read_drops(struct socket_input *s, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		uint32_t overflow;
		memcpy(&overflow, CMSG_DATA(c), sizeof(overflow));
		count_drops(s, overflow);
	}
}

static bool ask_kernel(const struct socket_input *s, uint32_t info[SK_MEMINFO_VARS])
{
	socklen_t len = SK_MEMINFO_VARS * sizeof(*info);
	return getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 &&
	       len == SK_MEMINFO_VARS * sizeof(*info);
}

// What was dropped since the latest datagram was queued comes with none: once all are read, ask.
static void ask_drops(struct socket_input *s)
{
	uint32_t info[SK_MEMINFO_VARS];
	if (ask_kernel(s, info))
		count_drops(s, info[SK_MEMINFO_DROPS]);
}

// Bytes that wait, as the kernel counts them, of those that may.
static double fill(struct input *in)
{
	const struct socket_input *s = (struct socket_input *)in;
	uint32_t info[SK_MEMINFO_VARS];
	if (!ask_kernel(s, info) || info[SK_MEMINFO_RCVBUF] == 0)
		return -1;
	return (double)info[SK_MEMINFO_RMEM_ALLOC] / info[SK_MEMINFO_RCVBUF];
}

static void set_via(const struct sockaddr_in6 *from, struct payload *p)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; // RFC 4291 section 2.5.5.2
	const uint8_t *bytes = from->sin6_addr.s6_addr;
	if (from->sin6_family == AF_INET) {
		p->via_family = ADDR_IP4;
		p->via = (const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr;
	} else if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		p->via_family = ADDR_IP4;
		p->via = bytes + sizeof(mapped);
	} else {
		p->via_family = ADDR_IP6;
		p->via = bytes;
	}
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct socket_input *s = (struct socket_input *)in;
	uint64_t bytes = 0;
	b->n = b->n_frames = 0;
	const int n = recvmmsg(s->fd, s->message, INPUT_BURST, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return INPUT_IDLE;
	const uint64_t now = clock_monotonic();
	for (int i = 0; i < n; i++) {
		struct mmsghdr *m = &s->message[i];
		struct payload *p = &b->payload[b->n];
		bytes += m->msg_len;
		if (m->msg_hdr.msg_flags & MSG_TRUNC)
			continue;
		*p = (struct payload){.data = s->iov[i].iov_base, .len = m->msg_len, .time = now};
		set_via(&s->from[i], p);
		b->n++;
	}
	s->n = (unsigned)n;
	read_drops(s, &s->message[n - 1].msg_hdr);
	b->n_frames = (unsigned)n;
	stats_add(in->stats, STAT_rx_frames, b->n_frames);
	stats_add(in->stats, STAT_rx_bytes, bytes);
	stats_add(in->stats, STAT_frame_datagrams, b->n);
	stats_add(in->stats, STAT_frame_truncated, b->n_frames - b->n);
	return INPUT_READY;
}

static void release(struct input *in)
{
	struct socket_input *s = (struct socket_input *)in;
	reset_messages(s, s->n);
	s->n = 0;
}

// A datagram ends the wait, so there is no need to look before one comes. To wake up costs far more
// than to read it: others may gather meanwhile, who will be read in one call.
static void wait_for_datagrams(struct input *in, uint64_t ns)
{
	struct socket_input *s = (struct socket_input *)in;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	ask_drops(s);
	if (poll(&p, 1, LONGEST_WAIT) <= 0)
		return;
	const struct timespec gather = clock_timespec(ns < GATHER ? ns : GATHER);
	nanosleep(&gather, NULL);
}
