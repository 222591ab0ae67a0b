// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dial.h"

static const struct option_row {
	const char *name;
	char key;
	const char *value; // what it takes, NULL = nothing
	unsigned taken;    // OPTION_*: who takes it; 0 = all
	const char *help;
} rows[] = {
	{"flow", 'f', "NAME", OPTION_FLOW, "only this flow definition"},
	{"threshold", 't', "NAME", OPTION_THRESHOLD, "only events of this threshold"},
	{"since", 'i', "ID", OPTION_SINCE, "first what came after event ID; 0: all there is"},
	{"n", 'n', "N", OPTION_N, "at most N rows for each definition"},
	{"once", '1', NULL, OPTION_ONCE, "show one complete round and end"},
	{"follow", 'F', NULL, OPTION_FOLLOW, "go on instead of ending after the first"},
	{"json", 'j', NULL, 0, "one JSON object per line, with every field"},
	{"seconds", 's', "N", 0, "end after N seconds"},
	{"no-wait", 'w', NULL, 0, "fail when the collector is not there, or goes away"},
	{"feed", 'u', "URL", 0, "where the collector publishes"},
	{"ca", 'A', "FILE", 0, "certificates that the collector's must be signed by"},
	{"cert", 'C', "FILE", 0, "certificate to show to the collector"},
	{"key", 'K', "FILE", 0, "key of that certificate"},
	{"help", 'h', NULL, 0, "this text"},
};

enum {
	N_ROWS = sizeof(rows) / sizeof(rows[0]),
};

static bool is_taken(const struct option_row *row, unsigned taken)
{
	return row->taken == 0 || (row->taken & taken) != 0;
}

static int usage(FILE *out, const struct options *o, const char *command, unsigned taken,
		 const char *help)
{
	fprintf(out, "usage: weirctl %s [OPTION...]\n%s\n\n", command, help);
	for (size_t i = 0; i < N_ROWS; i++) {
		char text[32];
		const char *value = rows[i].value;
		if (!is_taken(&rows[i], taken))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", rows[i].name, value != NULL ? " " : "",
			 value != NULL ? value : "");
		fprintf(out, "  %-18s %s\n", text, rows[i].help);
	}
	fprintf(out, "\nThe feed is %s unless --feed is given.\n", o->default_url);
	return out == stdout ? 0 : 2;
}

static bool parse_count(const char *text, uint32_t *out)
{
	char *end;
	errno = 0;
	const unsigned long v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v == 0 ||
	    v > UINT32_MAX) {
		fprintf(stderr, "weirctl: --n: got \"%s\", expected a whole number from 1 on\n",
			text);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

static bool parse_id(struct options *o, const char *text)
{
	char *end;
	errno = 0;
	o->last = strtoull(text, &end, 10);
	o->since = true;
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0)
		return true;
	fprintf(stderr, "weirctl: --since: got \"%s\", expected the number of an event\n", text);
	return false;
}

static bool parse_seconds(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	if (end != text && *end == '\0' && isfinite(*out) && *out > 0)
		return true;
	fprintf(stderr, "weirctl: --seconds: got \"%s\", expected a number above 0\n", text);
	return false;
}

static bool apply(struct options *o, int key, const char *value)
{
	switch (key) {
	case 'f': o->flow = value; return true;
	case 't': o->threshold = value; return true;
	case 'n': return parse_count(value, &o->n);
	case 'i': return parse_id(o, value);
	case '1': o->once = true; return true;
	case 'F': o->follow = true; return true;
	case 'j': o->json = true; return true;
	case 's': return parse_seconds(value, &o->seconds);
	case 'w': o->no_wait = true; return true;
	case 'u': o->feed = value; return true;
	case 'A': o->tls.ca = value; return true;
	case 'C': o->tls.cert = value; return true;
	case 'K': o->tls.key = value; return true;
	default: return false;
	}
}

int options_parse(struct options *o, int argc, char **argv, unsigned taken, const char *help)
{
	struct option list[N_ROWS + 1] = {0};
	struct err_msg msg = {0};
	size_t n = 0;
	int key;
	for (size_t i = 0; i < N_ROWS; i++)
		if (is_taken(&rows[i], taken))
			list[n++] = (struct option){.name = rows[i].name,
						    .has_arg = rows[i].value != NULL,
						    .val = rows[i].key};
	*o = (struct options){0};
	if (paths_find_feed_url(o->default_url, sizeof(o->default_url), &msg) != 0) {
		fprintf(stderr, "weirctl: %s\n", msg.text);
		return 1;
	}
	o->feed = o->default_url;
	while ((key = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (key == 'h')
			return usage(stdout, o, argv[0], taken, help);
		if (!apply(o, key, optarg))
			return usage(stderr, o, argv[0], taken, help);
	}
	dial_set(&o->tls);
	if (optind < argc) {
		fprintf(stderr, "weirctl: unexpected argument \"%s\"\n", argv[optind]);
		return usage(stderr, o, argv[0], taken, help);
	}
	return -1;
}
