// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl decode: print what is in sFlow datagrams, from a capture or as they arrive, in the
// formats of sflowtool. doc/decode.md lists where the output differs from sflowtool's.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "commands.h"
#include "common/capture.h"
#include "common/text.h"
#include "decode_datagram.h"
#include "decode_line.h"
#include "decode_pcap.h"
#include "sflow/sflow.h"

// The largest UDP payload.
#define DATAGRAM_SIZE 65536

struct options {
	enum out_format format;
	bool line;
	const char *pcap; // path; NULL: none
	struct pcap_out_options pcap_options;
	bool summary;
	uint16_t port; // of the datagrams in a capture; 0: all
	const char *input;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int usage(FILE *f)
{
	fputs("usage: weirctl decode [OPTION...] FILE|-|:PORT\n"
	      "\n"
	      "Print the sFlow datagrams (versions 2, 4 and 5) of a capture (pcap, pcapng; - is\n"
	      "standard input), or those that arrive on a UDP port, as sflowtool does.\n"
	      "\n"
	      "  -j        JSON, one datagram a line\n"
	      "  -J        JSON, indented\n"
	      "  -l        comma-separated values, a line for each flow and counters sample\n"
	      "  -t FILE   write the sampled headers as a capture (- is standard output)\n"
	      "  -T FILE   the same of discarded packets\n"
	      "  -x        with -t or -T: without payload\n"
	      "  -p PORT   decode datagrams of a capture to this port only (6343; 0: any)\n"
	      "  -s        when done, say on standard error what was found\n"
	      "\n"
	      "Without -j, -J, -l, -t and -T: a line for each field.\n",
	      f);
	return f == stdout ? 0 : 2;
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	errno = 0;
	const unsigned long v = strtoul(text, &end, 10);
	*port = (uint16_t)v;
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && v <= UINT16_MAX;
}

// 0, or the exit status + 1.
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {0}};
	*o = (struct options){.format = OUT_TEXT, .port = SFLOW_PORT};
	int c;
	optind = 1;
	while ((c = getopt_long(argc, argv, "jJlt:T:xp:sh", longs, NULL)) != -1) {
		switch (c) {
		case 'j': o->format = OUT_JSON; break;
		case 'J': o->format = OUT_JSON_INDENTED; break;
		case 'l': o->line = true; break;
		case 'T': o->pcap_options.discards = true; // fall through
		case 't': o->pcap = optarg; break;
		case 'x': o->pcap_options.no_payload = true; break;
		case 's': o->summary = true; break;
		case 'p':
			if (parse_port(optarg, &o->port))
				break;
			fprintf(stderr, "weirctl decode: -p: got \"%s\", expected 0 to 65535\n",
				optarg);
			return 3;
		case 'h': return usage(stdout) + 1;
		default: return usage(stderr) + 1;
		}
	}
	if (optind + 1 != argc)
		return usage(stderr) + 1;
	o->input = argv[optind];
	if (o->line || o->pcap != NULL)
		o->format = OUT_NONE;
	return 0;
}

static int read_capture(struct decoder *d, const struct options *o)
{
	struct err_msg msg = {0};
	struct datagram dg;
	struct capture *c = capture_open(o->input, o->port, &msg);
	if (c == NULL) {
		fprintf(stderr, "weirctl decode: %s\n", msg.text);
		return 1;
	}
	while (!stopped && !ferror(stdout) && capture_next(c, &dg) > 0) {
		const struct arrival a = {.time = dg.time, .captured = true, .source = dg.source};
		decoder_datagram(d, dg.payload, dg.len, &a);
	}
	const struct capture_stats *s = capture_stats(c);
	if (s->cut_short)
		fprintf(stderr, "weirctl decode: %s: %s\n", o->input, s->why);
	if (s->datagrams == 0 && s->frames > 0)
		fprintf(stderr, "weirctl decode: %s: %" PRIu64 " frames, no datagram to port %u\n",
			o->input, s->frames, o->port);
	capture_close(c);
	return 0;
}

// A socket for both families; IPv4 senders then look like ::ffff:192.0.2.1.
static int open_socket(uint16_t port)
{
	const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int off = 0;
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct addr sender(const struct sockaddr_in6 *from)
{
	const uint8_t *bytes = from->sin6_addr.s6_addr;
	return IN6_IS_ADDR_V4MAPPED(&from->sin6_addr) ? addr_ip4(bytes + 12) : addr_ip6(bytes);
}

static int read_socket(struct decoder *d, uint16_t port)
{
	static uint8_t data[DATAGRAM_SIZE];
	const int fd = open_socket(port);
	if (fd < 0) {
		fprintf(stderr, "weirctl decode: UDP port %u: %s\n", port, strerror(errno));
		return 1;
	}
	while (!stopped && !ferror(stdout)) {
		struct sockaddr_in6 from = {0};
		socklen_t from_len = sizeof(from);
		const ssize_t len =
			recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_len);
		if (len < 0)
			continue; // a signal, or a report about an earlier datagram
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		const struct arrival a = {.time = (uint64_t)now.tv_sec * 1000000000 +
						  (uint64_t)now.tv_nsec,
					  .source = sender(&from)};
		decoder_datagram(d, data, (size_t)len, &a);
		fflush(stdout);
	}
	close(fd);
	return 0;
}

static void print_unknown(const struct unknown_tag *t)
{
	char agent[ADDR_TEXT_SIZE], dump[1024];
	struct strbuf b = strbuf_of(dump, sizeof(dump));
	text_hexdump(&b, "    ", t->example, unknown_shown(t));
	fprintf(stderr, "  unknown %s %u:%u: %" PRIu64 ", one of %" PRIu32 " bytes from %s\n%s",
		unknown_kind_text(t->kind), SFLOW_ENTERPRISE(t->tag), SFLOW_FORMAT(t->tag), t->n,
		t->len, addr_text(&t->agent, agent), dump);
}

static void print_summary(const struct decoder_stats *s)
{
	fprintf(stderr,
		"%" PRIu64 " datagrams, %" PRIu64 " samples, %" PRIu64 " records, %" PRIu64
		" of unknown type\n",
		s->datagrams, s->samples, s->records, unknown_total(&s->unknown));
	for (uint32_t i = 0; i < s->unknown.n_tags; i++)
		print_unknown(&s->unknown.tag[i]);
	if (s->unknown.n_other > 0)
		fprintf(stderr, "  of other unknown types: %" PRIu64 "\n", s->unknown.n_other);
	for (int i = SFLOW_OK + 1; i < SFLOW_N_REASONS; i++)
		if (s->reasons[i] > 0)
			fprintf(stderr, "  %s: %" PRIu64 "\n", sflow_reason_text(i), s->reasons[i]);
}

static int run(struct decoder *d, const struct options *o)
{
	uint16_t port;
	if (o->input[0] != ':')
		return read_capture(d, o);
	if (parse_port(o->input + 1, &port) && port != 0)
		return read_socket(d, port);
	fprintf(stderr, "weirctl decode: got \"%s\", expected : and a UDP port\n", o->input);
	return 2;
}

// Without SA_RESTART, so that a signal ends recvfrom().
static void catch_signals(void)
{
	const struct sigaction sa = {.sa_handler = stop};
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

int decode_main(int argc, char **argv)
{
	static struct decoder d;
	struct options o;
	struct err_msg msg = {0};
	struct pcap_out *pcap = NULL;
	const int wrong = parse_options(argc, argv, &o);
	if (wrong != 0)
		return wrong - 1;
	d.out = (struct out){.file = stdout, .format = o.format};
	if (o.pcap != NULL) {
		pcap = pcap_out_open(o.pcap, &o.pcap_options, &msg);
		if (pcap == NULL) {
			fprintf(stderr, "weirctl decode: %s: %s\n", o.pcap, msg.text);
			return 1;
		}
		d.sample = pcap_out_sample;
		d.ctx = pcap;
	} else if (o.line) {
		d.sample = line_sample;
		d.ctx = stdout;
	}
	catch_signals();
	int status = run(&d, &o);
	if (pcap != NULL && pcap_out_left_out(pcap) > 0)
		fprintf(stderr, "weirctl decode: %" PRIu64 " headers are neither Ethernet nor IP\n",
			pcap_out_left_out(pcap));
	if (pcap_out_close(pcap) < 0 || fflush(stdout) != 0)
		status = 1;
	if (o.summary)
		print_summary(&d.stats);
	return status;
}
