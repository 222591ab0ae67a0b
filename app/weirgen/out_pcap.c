// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weirgen/wrap.h"

// Large writes: at a million samples a second the file grows by 200 MB/s.
#define BUFFER_SIZE (1 << 20)

struct out_pcap {
	struct output base;
	const char *path;
	int fd;
	size_t len;
	uint8_t buffer[BUFFER_SIZE];
};

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_len, link_type;
};

struct frame_header {
	uint32_t sec, nsec, captured, len;
};

static int write_out(struct out_pcap *p, struct err_msg *msg)
{
	for (size_t done = 0; done < p->len;) {
		const ssize_t n = write(p->fd, p->buffer + done, p->len - done);
		if (n < 0 && errno != EINTR)
			return err_set(msg, ERR_IO, "--pcap: %s: %s", p->path, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	p->len = 0;
	return 0;
}

static void put(struct out_pcap *p, const void *data, size_t len)
{
	memcpy(p->buffer + p->len, data, len);
	p->len += len;
}

static int send_datagram(struct output *out, const struct datagram_out *d, struct err_msg *msg)
{
	struct out_pcap *p = (struct out_pcap *)out;
	if (p->len + sizeof(struct frame_header) + WRAP_MAX + d->len > BUFFER_SIZE) {
		const int err = write_out(p, msg);
		if (err != 0)
			return err;
	}
	uint8_t headers[WRAP_MAX];
	const size_t size = wrap_headers(d, headers);
	const struct frame_header head = {
		.sec = (uint32_t)(d->time / 1000000000),
		.nsec = (uint32_t)(d->time % 1000000000),
		.captured = (uint32_t)(size + d->len),
		.len = (uint32_t)(size + d->len),
	};
	put(p, &head, sizeof(head));
	put(p, headers, size);
	put(p, d->payload, d->len);
	return 0;
}

static int close_file(struct output *out, struct err_msg *msg)
{
	struct out_pcap *p = (struct out_pcap *)out;
	int err = write_out(p, msg);
	if (close(p->fd) != 0 && err == 0)
		err = err_set(msg, ERR_IO, "--pcap: %s: %s", p->path, strerror(errno));
	free(p);
	return err;
}

struct output *output_pcap_open(const struct options *o, struct err_msg *msg)
{
	struct out_pcap *p = malloc(sizeof(*p));
	if (p == NULL) {
		err_set(msg, ERR_MEMORY, "--pcap: out of memory");
		return NULL;
	}
	p->base = (struct output){.send = send_datagram, .close = close_file};
	p->path = o->pcap;
	p->len = 0;
	p->fd = strcmp(o->pcap, "-") == 0 ? dup(STDOUT_FILENO)
					  : open(o->pcap, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (p->fd < 0) {
		err_set(msg, ERR_IO, "--pcap: %s: %s", o->pcap, strerror(errno));
		free(p);
		return NULL;
	}
	const struct file_header head = {
		.magic = 0xa1b23c4d, // nanoseconds, in the byte order of this machine
		.major = 2,
		.minor = 4,
		.snap_len = 262144,
		.link_type = 1, // Ethernet
	};
	put(p, &head, sizeof(head));
	return &p->base;
}
