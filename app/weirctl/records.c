// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl records: types of samples and records that the collector does not know, with the bytes of
// one of each, for whoever asks a vendor what they are.
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "common/text.h"
#include "format.h"
#include "jsonline.h"
#include "options.h"
#include "watch.h"

enum {
	TEXT_SIZE = 1024,
};

static void print_record(const Weir__UnknownRecord *r)
{
	char dump[TEXT_SIZE];
	struct strbuf b = strbuf_of(dump, sizeof(dump));
	text_hexdump(&b, "    ", r->example.data, r->example.len);
	printf("%s %u:%u  %" PRIu64 ", one of %u bytes from %s\n%s", r->kind, r->enterprise,
	       r->format, r->n, r->length, r->agent, dump);
}

static void print_records(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_unknown_records; i++)
		print_record(s->unknown_records[i]);
	if (s->unknown_other > 0)
		printf("of other types  %" PRIu64 "\n", s->unknown_other);
	if (s->n_unknown_records == 0)
		puts("every sample and record was of a known type");
	fflush(stdout);
}

static bool records_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	const struct options *o = ctx;
	(void)feed;
	if (m->kind != FEED_STATS)
		return true;
	for (size_t i = 0; o->json && i < m->stats->n_unknown_records; i++)
		jsonline_print(m->topic, m->lost, &m->stats->unknown_records[i]->base);
	if (!o->json) {
		format_make_printable(m->any);
		print_records(m->stats);
	}
	return o->follow;
}

int records_main(int argc, char **argv)
{
	struct options o;
	const int status =
		options_parse(&o, argc, argv, OPTION_FOLLOW,
			      "Types of samples and records that the collector does not know.");
	if (status >= 0)
		return status;
	o.once = !o.follow; // the time being over before anything came is a failure
	const struct watch_ops ops = {.message = records_message};
	return watch_run(&o, NULL, 0, &ops, &o);
}
