// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "format.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

void format_si(struct strbuf *b, double v)
{
	static const char prefixes[] = "\0kMGTPE";
	unsigned i = 0;
	if (!isfinite(v)) {
		strbuf_char(b, '-');
		return;
	}
	if (v < 0) {
		strbuf_char(b, '-');
		v = -v;
	}
	// 999.5 would be rounded to four digits.
	for (; v >= 999.5 && i + 2 < sizeof(prefixes); i++)
		v /= 1000;
	if (v == 0)
		strbuf_char(b, '0');
	else
		strbuf_fmt(b, "%.*f", v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v);
	if (prefixes[i] != '\0')
		strbuf_char(b, prefixes[i]);
}

struct format_unit format_unit(const char *unit)
{
	return strcmp(unit, "bytes/s") == 0 ? (struct format_unit){8, "bit/s"}
					    : (struct format_unit){1, unit};
}

static void format_local(struct strbuf *b, uint64_t time, const char *how)
{
	const time_t seconds = (time_t)(time / 1000000000);
	char text[64];
	struct tm tm;
	if (time == 0 || localtime_r(&seconds, &tm) == NULL) {
		strbuf_char(b, '-');
		return;
	}
	strftime(text, sizeof(text), how, &tm);
	strbuf_fmt(b, "%s.%u", text, (unsigned)(time / 100000000 % 10));
}

void format_time(struct strbuf *b, uint64_t time)
{
	format_local(b, time, "%Y-%m-%d %H:%M:%S");
}

void format_clock(struct strbuf *b, uint64_t time)
{
	format_local(b, time, "%H:%M:%S");
}

void format_duration(struct strbuf *b, uint64_t ns)
{
	if (ns < 999500)
		strbuf_fmt(b, "%.*f us", ns < 99950 ? 1 : 0, (double)ns / 1e3);
	else if (ns < 999500000)
		strbuf_fmt(b, "%.*f ms", ns < 99950000 ? 2 : 0, (double)ns / 1e6);
	else
		strbuf_fmt(b, "%.2f s", (double)ns / 1e9);
}

const char *format_agent(const Weir__Flow *flow)
{
	return flow->agent_name[0] != '\0' ? flow->agent_name : flow->agent;
}

void format_port(struct strbuf *b, const Weir__Flow *flow)
{
	strbuf_str(b, flow->port_name[0] != '\0' ? flow->port_name : flow->data_source);
	if (flow->direction == WEIR__DIRECTION__DIRECTION_EGRESS)
		strbuf_str(b, "/out");
}

// Counters of the ledger "datagrams" are called "datagram_short"; once is enough.
static const char *reason_name(const Weir__Counter *counter, const char *ledger)
{
	const size_t len = strlen(ledger) > 0 ? strlen(ledger) - 1 : 0;
	return strncmp(counter->name, ledger, len) == 0 && counter->name[len] == '_'
		       ? counter->name + len + 1
		       : counter->name;
}

void format_ledger(struct strbuf *b, const Weir__Stats *stats, const Weir__Ledger *ledger)
{
	const char *separator = ": ";
	strbuf_fmt(b, "%s %" PRIu64 " = %" PRIu64 " used + %" PRIu64, ledger->name,
		   ledger->received, ledger->used, ledger->reasons);
	for (size_t i = 0; i < stats->n_counters && i < stats->n_total; i++) {
		const Weir__Counter *c = stats->counters[i];
		if (c->role != WEIR__ROLE__ROLE_REASON || stats->total[i] == 0 ||
		    strcmp(c->group, ledger->name) != 0)
			continue;
		strbuf_fmt(b, "%s%s %" PRIu64, separator, reason_name(c, ledger->name),
			   stats->total[i]);
		separator = ", ";
	}
	const uint64_t known = ledger->used + ledger->reasons;
	if (ledger->received > known)
		strbuf_fmt(b, " (+ %" PRIu64 " in work)", ledger->received - known);
}

void format_make_printable(ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *base = (char *)message;
		const bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
		void **items =
			repeated ? *(void ***)(base + f->offset) : (void **)(base + f->offset);
		const size_t n = repeated ? *(size_t *)(base + f->quantifier_offset) : 1;
		for (size_t k = 0; k < n; k++) {
			if (f->type == PROTOBUF_C_TYPE_STRING) {
				text_make_utf8(items[k]);
				text_make_printable(items[k]);
			} else if (f->type == PROTOBUF_C_TYPE_MESSAGE && items[k] != NULL) {
				format_make_printable(items[k]);
			}
		}
	}
}
