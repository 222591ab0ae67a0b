// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "view.h"

#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "format.h"

enum {
	TITLE_LINES = 2,
	SMALL = 16,       // rows of the screen: fewer, and no ledgers are shown
	LARGE = 30,       // as many, and all of them are
	SET_LINES = 4,    // of a flow set beside its rows: two of title, one of columns, a blank
	MAX_EVENTS = 5,   // lines
	MAX_LEDGERS = 4,  // lines
	TEXT_SIZE = 1024, // of one line's part
	RATE_COLUMNS = 9,
	SAMPLES_COLUMNS = 7,
	AGENT_COLUMNS = 24, // at most
	PORT_COLUMNS = 20,  // at most
	NARROW = 80,        // columns: below this the number of samples is left out
};

// How many lines go where.
struct plan {
	size_t events, ledgers;
	size_t sets; // lines for all flow sets together
};

static struct plan make_plan(const struct view *v, size_t rows);
static void write_title(FILE *out, const struct view *v);
static void write_sets(FILE *out, const struct view *v, size_t lines, size_t columns);
static void write_events(FILE *out, const struct view *v, size_t n);
static void write_ledgers(FILE *out, const struct view *v, size_t n);
static void write_losses(FILE *out, const Weir__Stats *stats);

void view_write(FILE *out, const struct view *v, struct screen_size size)
{
	const struct plan plan = make_plan(v, size.rows != 0 ? size.rows : SIZE_MAX);
	write_title(out, v);
	write_sets(out, v, plan.sets, size.columns != 0 ? size.columns : SIZE_MAX);
	write_events(out, v, plan.events);
	write_ledgers(out, v, plan.ledgers);
}

void view_event(FILE *out, const Weir__Event *event)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const Weir__Flow *f = event->flow;
	const struct format_unit unit = format_unit(event->unit);
	format_clock(&b, event->time);
	strbuf_fmt(&b, " #%" PRIu64 " %s: %s ", event->id, event->threshold, event->metric);
	format_si(&b, f->value * unit.scale);
	if (!event->counter) { // nothing is estimated there
		strbuf_str(&b, " +/- ");
		format_si(&b, f->error * unit.scale);
	}
	strbuf_str(&b, " >= ");
	format_si(&b, event->limit * unit.scale);
	strbuf_fmt(&b, " %s  %s ", unit.text, format_agent(f));
	format_port(&b, f);
	if (!event->counter)
		strbuf_fmt(&b, "  %s", f->key);
	fprintf(out, "%s\n", text);
}

void view_completed(FILE *out, const Weir__CompletedSet *set)
{
	for (size_t i = 0; i < set->n_flows; i++) {
		char text[TEXT_SIZE];
		struct strbuf b = strbuf_of(text, sizeof(text));
		const Weir__CompletedFlow *c = set->flows[i];
		format_clock(&b, c->start);
		strbuf_fmt(&b, " %s: ", set->name);
		format_si(&b, c->flow->value);
		strbuf_fmt(&b, " %s", set->unit);
		if (!set->at_start) {
			strbuf_str(&b, " in ");
			format_duration(&b, c->end > c->start ? c->end - c->start : 0);
		}
		strbuf_fmt(&b, "  %s ", format_agent(c->flow));
		format_port(&b, c->flow);
		strbuf_fmt(&b, "  %s", c->flow->key);
		fprintf(out, "%s\n", text);
	}
}

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

// The flows get what is left. On a small screen one ledger must do, on a very small one none, and
// events take a sixth at most.
static struct plan make_plan(const struct view *v, size_t rows)
{
	struct plan plan = {0};
	if (v->stats != NULL && rows >= SMALL)
		plan.ledgers = rows >= LARGE ? min_of(v->stats->n_ledgers, MAX_LEDGERS) : 1;
	plan.events = min_of(min_of(v->n_events, MAX_EVENTS), rows / 6);
	const size_t others = TITLE_LINES + (plan.ledgers > 0 ? plan.ledgers + 1 : 0) +
			      (plan.events > 0 ? plan.events + 1 : 0);
	plan.sets = rows - min_of(rows, others);
	return plan;
}

static void write_title(FILE *out, const struct view *v)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const Weir__Stats *s = v->stats;
	strbuf_fmt(&b, "weir %s  ", s != NULL ? s->version : "");
	if (s != NULL)
		format_time(&b, s->time);
	if (!v->connected)
		strbuf_str(&b, "  waiting for the collector");
	strbuf_fmt(&b, "  lost here %" PRIu64, v->lost);
	if (s != NULL && s->analyzer != NULL)
		strbuf_fmt(&b, "  agents %" PRIu64 "  sources %" PRIu64, s->analyzer->agents,
			   s->analyzer->sources);
	strbuf_fmt(&b, "  %s", v->url);
	fprintf(out, "%s\n\n", text);
}

static void write_cell(FILE *out, const char *text, size_t columns)
{
	const size_t cut = text_cut(text, columns);
	fwrite(text, 1, cut, out);
	for (size_t n = text_columns(text); n < columns; n++)
		putc(' ', out);
	fputs("  ", out);
}

// Widths of the columns whose contents vary.
struct widths {
	size_t agent, port;
	bool samples;
};

static struct widths measure(const Weir__FlowSet *set, size_t n, size_t columns)
{
	struct widths w = {.agent = strlen("agent"), .port = strlen("port")};
	for (size_t i = 0; i < n; i++) {
		char text[TEXT_SIZE];
		struct strbuf port = strbuf_of(text, sizeof(text));
		format_port(&port, set->flows[i]);
		const size_t a = text_columns(format_agent(set->flows[i])), p = text_columns(text);
		w.agent = a > w.agent ? a : w.agent;
		w.port = p > w.port ? p : w.port;
	}
	w.agent = min_of(w.agent, AGENT_COLUMNS);
	w.port = min_of(w.port, PORT_COLUMNS);
	w.samples = columns >= NARROW;
	return w;
}

static void write_flow(FILE *out, const Weir__Flow *f, const struct widths *w, double scale)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	// More than the error bar of it may belong to other keys: not to be taken at its word.
	if (f->inherited > f->error)
		strbuf_char(&b, '~');
	format_si(&b, f->value * scale);
	fprintf(out, "%*s", RATE_COLUMNS, text);
	b = strbuf_of(text, sizeof(text));
	format_si(&b, f->error * scale);
	fprintf(out, "%*s", RATE_COLUMNS, text);
	if (w->samples) {
		b = strbuf_of(text, sizeof(text));
		format_si(&b, f->n_effective);
		fprintf(out, "%*s", SAMPLES_COLUMNS, text);
	}
	fputs("  ", out);
	write_cell(out, format_agent(f), w->agent);
	b = strbuf_of(text, sizeof(text));
	format_port(&b, f);
	write_cell(out, text, w->port);
	fprintf(out, "%s\n", f->key);
}

static void write_set_title(FILE *out, const Weir__FlowSet *set)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const struct format_unit unit = format_unit(set->unit);
	strbuf_fmt(&b, "%s  %s%s%s  t=%gs%s\n  total ", set->name, set->keys,
		   set->filter[0] != '\0' ? "  filter " : "", set->filter, set->t,
		   set->dropped ? "  discarded packets" : "");
	format_si(&b, set->total * unit.scale);
	strbuf_fmt(&b, " %s  tracked ", unit.text);
	format_si(&b, set->tracked * unit.scale);
	if (set->total > 0)
		strbuf_fmt(&b, " (%.0f%%)", 100 * set->tracked / set->total);
	strbuf_str(&b, "  floor ");
	format_si(&b, set->floor * unit.scale);
	strbuf_fmt(&b, "  entries %" PRIu64 "/%" PRIu64 "  evicted %" PRIu64, set->entries,
		   set->capacity, set->evicted);
	fprintf(out, "%s\n", text);
}

static void write_set(FILE *out, const Weir__FlowSet *set, size_t rows, size_t columns)
{
	const struct format_unit unit = format_unit(set->unit);
	const struct widths w = measure(set, rows, columns);
	write_set_title(out, set);
	fprintf(out, "%*s%*s", RATE_COLUMNS, unit.text, RATE_COLUMNS, "+/-");
	if (w.samples)
		fprintf(out, "%*s", SAMPLES_COLUMNS, "n_eff");
	fputs("  ", out);
	write_cell(out, "agent", w.agent);
	write_cell(out, "port", w.port);
	fputs("key\n", out);
	for (size_t i = 0; i < rows; i++)
		write_flow(out, set->flows[i], &w, unit.scale);
	fputc('\n', out);
}

static void write_sets(FILE *out, const struct view *v, size_t lines, size_t columns)
{
	for (size_t i = 0; i < v->n_sets; i++) {
		const Weir__FlowSet *set = v->sets[i];
		const size_t share = lines / (v->n_sets - i);
		// One row at least for each, even if not all of the sets are to be seen then.
		const size_t fits = share > SET_LINES ? share - SET_LINES : 1;
		const size_t want = v->n != 0 ? min_of(v->n, set->n_flows) : set->n_flows;
		const size_t rows = min_of(want, fits);
		if (lines < SET_LINES + 1) {
			if (lines > 0)
				fprintf(out, "%zu more: --flow NAME\n", v->n_sets - i);
			return;
		}
		write_set(out, set, rows, columns);
		lines -= min_of(lines, rows + SET_LINES);
	}
	if (v->n_sets == 0 && v->flow != NULL)
		fprintf(out, "no flow definition \"%s\" yet\n\n", v->flow);
}

static void write_events(FILE *out, const struct view *v, size_t n)
{
	for (size_t i = v->n_events - n; i < v->n_events; i++)
		view_event(out, v->events[i]);
	if (n > 0)
		fputc('\n', out);
}

static void write_ledgers(FILE *out, const struct view *v, size_t n)
{
	const Weir__Stats *stats = v->stats;
	if (n == 0)
		return;
	for (size_t i = 0; i < stats->n_ledgers; i++) {
		char text[TEXT_SIZE];
		struct strbuf b = strbuf_of(text, sizeof(text));
		if (n == 1 && strcmp(stats->ledgers[i]->name, "datagrams") != 0)
			continue;
		format_ledger(&b, stats, stats->ledgers[i]);
		fprintf(out, "%s\n", text);
	}
	write_losses(out, stats);
}

// What never reached a worker.
static void write_losses(FILE *out, const Weir__Stats *stats)
{
	uint64_t missed = 0, no_buffer = 0, kernel = 0;
	for (size_t i = 0; i < stats->n_inputs; i++) {
		missed += stats->inputs[i]->missed;
		no_buffer += stats->inputs[i]->no_buffer;
		kernel += stats->inputs[i]->kernel_drops;
	}
	fprintf(out, "lost before: NIC %" PRIu64 ", no buffer %" PRIu64 ", kernel %" PRIu64 "\n",
		missed, no_buffer, kernel);
}
