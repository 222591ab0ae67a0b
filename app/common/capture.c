// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "common/reassembly.h"
#include "common/unwrap.h"

struct capture {
	pcap_t *pcap;
	char *path;
	bool regular; // can be read again
	uint16_t udp_port;
	enum unwrap_link link;
	struct reassembly *reassembly; // NULL until the first fragment
	struct capture_stats stats;
};

static int open_file(struct capture *c, struct err_msg *msg);
static int find_link(int link_type, enum unwrap_link *link);
static enum capture_reason take_frame(struct capture *c, const struct pcap_pkthdr *header,
				      const uint8_t *frame, struct datagram *d);
static void note_end(struct capture *c, int result);

struct capture *capture_open(const char *path, uint16_t udp_port, struct err_msg *msg)
{
	struct capture *c = calloc(1, sizeof(*c));
	char *copy = strdup(path);
	if (c == NULL || copy == NULL) {
		free(c);
		free(copy);
		err_set(msg, ERR_MEMORY, "%s: out of memory", path);
		return NULL;
	}
	c->path = copy;
	c->udp_port = udp_port;
	if (open_file(c, msg) != 0) {
		capture_close(c);
		return NULL;
	}
	return c;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	reassembly_destroy(c->reassembly);
	free(c->path);
	free(c);
}

int capture_next(struct capture *c, struct datagram *d)
{
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	int result;
	while ((result = pcap_next_ex(c->pcap, &header, &frame)) == 1) {
		const enum capture_reason reason = take_frame(c, header, frame, d);
		c->stats.frames++;
		if (reason == CAPTURE_OK) {
			c->stats.datagrams++;
			c->stats.cut += d->cut;
			return 1;
		}
		c->stats.reasons[reason]++;
	}
	note_end(c, result);
	return 0;
}

int capture_rewind(struct capture *c, struct err_msg *msg)
{
	if (!c->regular)
		return err_set(msg, ERR_INVALID, "%s: a pipe cannot be read again, expected a file",
			       c->path);
	pcap_t *old = c->pcap;
	const int err = open_file(c, msg);
	if (err != 0)
		return err;
	pcap_close(old);
	if (c->reassembly != NULL)
		reassembly_clear(c->reassembly);
	return 0;
}

const struct capture_stats *capture_stats(const struct capture *c)
{
	return &c->stats;
}

const char *capture_reason_name(enum capture_reason reason)
{
	static const char *const names[] = {[CAPTURE_OK] = "ok",
#define X(constant, name, text) [constant] = name,
					    CAPTURE_REASONS(X)
#undef X
	};
	return (unsigned)reason < CAPTURE_N_REASONS ? names[reason] : "unknown";
}

const char *capture_reason_text(enum capture_reason reason)
{
	static const char *const texts[] = {[CAPTURE_OK] = "a datagram",
#define X(constant, name, text) [constant] = text,
					    CAPTURE_REASONS(X)
#undef X
	};
	return (unsigned)reason < CAPTURE_N_REASONS ? texts[reason] : "unknown";
}

static FILE *open_stream(struct capture *c)
{
	// libpcap closes what it is given; a copy leaves standard input to its owner.
	FILE *file =
		strcmp(c->path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "rb") : fopen(c->path, "rb");
	struct stat st;
	c->regular = file != NULL && file != stdin && strcmp(c->path, "-") != 0 &&
		     fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode);
	return file;
}

// Sets c->pcap and c->link; on failure both are as before.
static int open_file(struct capture *c, struct err_msg *msg)
{
	char why[PCAP_ERRBUF_SIZE];
	FILE *file = open_stream(c);
	if (file == NULL)
		return err_set(msg, ERR_IO, "%s: %s", c->path, strerror(errno));
	pcap_t *pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (pcap == NULL) {
		fclose(file);
		return err_set(msg, ERR_INVALID,
			       "%s: %s, expected an uncompressed pcap or pcapng capture", c->path,
			       why);
	}
	const int link_type = pcap_datalink(pcap);
	if (find_link(link_type, &c->link) != 0) {
		const char *name = pcap_datalink_val_to_name(link_type);
		pcap_close(pcap);
		return err_set(msg, ERR_UNKNOWN,
			       "%s: link type %d (%s), expected Ethernet, raw IP, Linux cooked, "
			       "null or loop",
			       c->path, link_type, name != NULL ? name : "unnamed");
	}
	c->pcap = pcap;
	return 0;
}

static int find_link(int link_type, enum unwrap_link *link)
{
	static const struct {
		int type;
		enum unwrap_link link;
	} known[] = {
		{DLT_EN10MB, UNWRAP_ETHERNET},
		{DLT_RAW, UNWRAP_IP},
		{DLT_IPV4, UNWRAP_IP},
		{DLT_IPV6, UNWRAP_IP},
		{DLT_LINUX_SLL, UNWRAP_COOKED_V1},
		{DLT_LINUX_SLL2, UNWRAP_COOKED_V2},
		{DLT_NULL, UNWRAP_FAMILY},
		{DLT_LOOP, UNWRAP_FAMILY},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].type == link_type) {
			*link = known[i].link;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

static enum capture_reason reassemble(struct capture *c, uint64_t time, struct ip_packet *ip)
{
	if (c->reassembly == NULL)
		c->reassembly = reassembly_create(CAPTURE_FRAGMENT_SETS);
	if (c->reassembly == NULL)
		return CAPTURE_FRAGMENT;
	reassembly_release(c->reassembly); // what was read before has been used
	return reassembly_add(c->reassembly, time, ip);
}

static enum capture_reason take_frame(struct capture *c, const struct pcap_pkthdr *header,
				      const uint8_t *frame, struct datagram *d)
{
	// With nanosecond precision libpcap keeps nanoseconds in the member for microseconds.
	const uint64_t time =
		(uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	struct ip_packet ip;
	enum capture_reason reason = unwrap_ip(c->link, frame, header->caplen, &ip);
	if (reason != CAPTURE_OK)
		return reason;
	const bool fragment = ip.fragment;
	if (fragment && (reason = reassemble(c, time, &ip)) != CAPTURE_OK)
		return reason;
	reason = unwrap_udp(&ip, d);
	if (reason != CAPTURE_OK)
		return reason;
	if (c->udp_port != 0 && d->destination_port != c->udp_port)
		return CAPTURE_OTHER_PORT;
	d->time = time;
	c->stats.reassembled += fragment;
	return CAPTURE_OK;
}

static void note_end(struct capture *c, int result)
{
	if (result != PCAP_ERROR)
		return;
	c->stats.cut_short = true;
	snprintf(c->stats.why, sizeof(c->stats.why), "%s", pcap_geterr(c->pcap));
}
