// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// usage: pcap_same FILE [FILE]
//
// Succeeds when the captures are whole, hold sFlow and nothing else, and carry the same datagrams
// from the same agents in the same order. Times may differ. "-" is standard input.

#include <stdio.h>
#include <string.h>

#include "common/capture.h"
#include "sflow/sflow.h"

static struct capture *open_or_complain(const char *path)
{
	struct err_msg msg = {0};
	struct capture *c = capture_open(path, SFLOW_PORT, &msg);
	if (c == NULL)
		fprintf(stderr, "%s\n", msg.text);
	return c;
}

static bool same(const struct datagram *a, const struct datagram *b)
{
	return addr_equal(&a->source, &b->source) && a->source_port == b->source_port &&
	       a->len == b->len && memcmp(a->payload, b->payload, a->len) == 0;
}

static bool whole(const struct capture *c, const char *path)
{
	const struct capture_stats *s = capture_stats(c);
	if (!s->cut_short && s->frames == s->datagrams && s->datagrams != 0)
		return true;
	fprintf(stderr, "%s: %lu frames, %lu datagrams; %s\n", path, s->frames, s->datagrams,
		s->why);
	return false;
}

static bool compare(struct capture *a, struct capture *b)
{
	struct datagram da, db;
	int got_a, got_b;
	do {
		got_a = capture_next(a, &da);
		got_b = b != NULL ? capture_next(b, &db) : got_a;
		if (got_a != got_b || (got_a > 0 && b != NULL && !same(&da, &db))) {
			fprintf(stderr, "datagram %lu differs\n", capture_stats(a)->datagrams);
			return false;
		}
	} while (got_a > 0);
	return true;
}

int main(int argc, char **argv)
{
	struct capture *a = argc > 1 ? open_or_complain(argv[1]) : NULL;
	struct capture *b = argc > 2 ? open_or_complain(argv[2]) : NULL;
	const bool ok = a != NULL && (argc < 3 || b != NULL) && compare(a, b) &&
			whole(a, argv[1]) && (b == NULL || whole(b, argv[2]));
	capture_close(a);
	capture_close(b);
	return ok ? 0 : 1;
}
