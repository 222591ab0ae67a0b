// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "weirgen/tally.h"

struct port_truth {
	struct tally_row in, out;
};

struct truth {
	const struct options *o;
	struct flow_space space;
	FILE *file;
	uint64_t interval; // ns; 0: totals only
	uint64_t begin;    // of the interval, ns
	struct tally now, run;
	struct tally_row flood_now, flood_run, all;
	uint64_t datagrams, datagrams_lost;
	struct port_truth *ports; // agent * ports + port
};

static void write_run(struct truth *t);
static void write_interval(struct truth *t);
static void write_totals(struct truth *t);

struct truth *truth_open(const struct options *o, struct err_msg *msg)
{
	struct truth *t = calloc(1, sizeof(*t));
	struct port_truth *ports = calloc((size_t)o->agents * o->ports, sizeof(*ports));
	FILE *file = fopen(o->truth, "w");
	if (t == NULL || ports == NULL || file == NULL) {
		err_set(msg, ERR_IO, "--truth: %s: %s", o->truth, strerror(errno));
		if (file != NULL)
			fclose(file);
		free(ports);
		free(t);
		return NULL;
	}
	t->o = o;
	t->space = flow_space_of(o);
	t->file = file;
	t->ports = ports;
	t->interval = (uint64_t)(o->truth_interval * 1e9);
	t->begin = (uint64_t)(o->start * 1e9);
	write_run(t);
	return t;
}

static int take_sample(struct truth *t, const struct truth_sample *s, bool lost)
{
	struct flow f;
	flow_of(&t->space, s->flow, &f);
	struct port_truth *agent = t->ports + (size_t)f.agent * t->o->ports;
	tally_count(&agent[f.in].in, s->frame_len, lost);
	tally_count(&agent[f.out].out, s->frame_len, lost);
	tally_count(&t->all, s->frame_len, lost);
	if (s->flow & FLOW_FLOOD) {
		tally_count(&t->flood_now, s->frame_len, lost);
		tally_count(&t->flood_run, s->frame_len, lost);
		return 0;
	}
	if (t->interval != 0 && tally_add(&t->now, s->flow, s->frame_len, lost) != 0)
		return ERR_MEMORY;
	return tally_add(&t->run, s->flow, s->frame_len, lost);
}

int truth_datagram(struct truth *t, uint64_t time, const struct truth_sample *samples,
		   uint32_t n_samples, bool lost, struct err_msg *msg)
{
	if (t == NULL)
		return 0;
	if (t->interval != 0 && time >= t->begin + t->interval) {
		write_interval(t);
		t->begin += (time - t->begin) / t->interval * t->interval;
	}
	t->datagrams++;
	t->datagrams_lost += lost;
	for (uint32_t i = 0; i < n_samples; i++)
		if (take_sample(t, &samples[i], lost) != 0)
			return err_set(msg, ERR_MEMORY, "--truth: out of memory");
	return 0;
}

int truth_close(struct truth *t, struct err_msg *msg)
{
	if (t == NULL)
		return 0;
	if (t->interval != 0)
		write_interval(t);
	write_totals(t);
	const bool failed = ferror(t->file);
	int err = 0;
	if (fclose(t->file) != 0 || failed)
		err = err_set(msg, ERR_IO, "--truth: %s: %s", t->o->truth, strerror(errno));
	tally_free(&t->now);
	tally_free(&t->run);
	free(t->ports);
	free(t);
	return err;
}

static void write_sum(struct strbuf *b, const struct truth *t, const char *name,
		      const struct sum *s)
{
	const uint64_t rate = t->o->sampling_rate;
	strbuf_fmt(b,
		   ",\"%s\":{\"samples\":%" PRIu64 ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
		   name, s->samples, s->samples * rate, s->bytes * rate);
}

static void write_sums(struct strbuf *b, const struct truth *t, const struct tally_row *row)
{
	write_sum(b, t, "sent", &row->sent);
	write_sum(b, t, "arrived", &row->arrived);
}

static void write_agent(struct strbuf *b, const struct truth *t, uint32_t agent, uint32_t port)
{
	const struct addr address = flow_agent_address(t->o, agent);
	strbuf_str(b, ",\"agent\":\"");
	addr_format(b, &address);
	strbuf_fmt(b, "\",\"sub_agent\":%u,\"port\":%u", port % t->o->subagents, port + 1);
}

static void write_address(struct strbuf *b, const char *name, bool v6, const uint8_t bytes[16])
{
	const struct addr a = v6 ? addr_ip6(bytes) : addr_ip4(bytes);
	strbuf_fmt(b, ",\"%s\":\"", name);
	addr_format(b, &a);
	strbuf_char(b, '"');
}

static void write_key(struct strbuf *b, const struct truth *t, const struct flow *f)
{
	write_agent(b, t, f->agent, f->in);
	strbuf_fmt(b, ",\"output\":%u,\"vlan\":%u,\"protocol\":%u", f->out + 1, f->vlan,
		   f->protocol);
	write_address(b, "source", f->v6, f->source);
	write_address(b, "destination", f->v6, f->destination);
	strbuf_fmt(b, ",\"source_port\":%u,\"destination_port\":%u", f->source_port,
		   f->destination_port);
}

static void end_line(struct truth *t, struct strbuf *b)
{
	strbuf_str(b, "}\n");
	fwrite(b->text, 1, b->len, t->file);
}

static void write_flow(struct truth *t, const char *record, bool timed, const struct tally_row *row)
{
	char text[1024];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct flow f;
	flow_of(&t->space, row->id, &f);
	strbuf_fmt(&b, "{\"record\":\"%s\"", record);
	if (timed)
		strbuf_fmt(&b, ",\"time_ms\":%" PRIu64, t->begin / 1000000);
	write_key(&b, t, &f);
	write_sums(&b, t, row);
	end_line(t, &b);
}

static void write_flood(struct truth *t, const char *record, bool timed,
			const struct tally_row *row)
{
	if (row->sent.samples == 0)
		return;
	char text[512];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_fmt(&b, "{\"record\":\"%s\"", record);
	if (timed)
		strbuf_fmt(&b, ",\"time_ms\":%" PRIu64, t->begin / 1000000);
	strbuf_str(&b, ",\"protocol\":17,\"destination\":\"192.0.2.66\",\"destination_port\":53");
	write_sums(&b, t, row);
	end_line(t, &b);
}

static void write_interval(struct truth *t)
{
	for (size_t i = 0; i < t->now.n_rows; i++)
		write_flow(t, "flow", true, &t->now.rows[i]);
	tally_clear(&t->now);
	write_flood(t, "flood", true, &t->flood_now);
	t->flood_now = (struct tally_row){0};
}

static void write_port(struct truth *t, uint32_t agent, uint32_t port)
{
	const struct port_truth *p = &t->ports[(size_t)agent * t->o->ports + port];
	if (p->in.sent.samples + p->out.sent.samples == 0)
		return;
	char text[1024];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_str(&b, "{\"record\":\"port_total\"");
	write_agent(&b, t, agent, port);
	write_sum(&b, t, "sent_in", &p->in.sent);
	write_sum(&b, t, "arrived_in", &p->in.arrived);
	write_sum(&b, t, "sent_out", &p->out.sent);
	write_sum(&b, t, "arrived_out", &p->out.arrived);
	end_line(t, &b);
}

static void write_elephant(struct truth *t, size_t k)
{
	const struct elephant *e = &t->o->elephants[k];
	char text[1024];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct flow f;
	flow_of(&t->space, FLOW_ELEPHANT | k, &f);
	strbuf_fmt(&b,
		   "{\"record\":\"elephant\",\"bits_per_second\":%.17g,\"on\":%.17g,"
		   "\"period\":%.17g,\"offset\":%.17g",
		   e->bits_per_second, e->on, e->period, e->offset);
	write_key(&b, t, &f);
	end_line(t, &b);
}

static void write_run(struct truth *t)
{
	const struct options *o = t->o;
	fprintf(t->file,
		"{\"record\":\"run\",\"seed\":%" PRIu64 ",\"agents\":%u,\"subagents\":%u,"
		"\"ports\":%u,\"flows\":%" PRIu64 ",\"zipf\":%.17g,\"sampling_rate\":%u,"
		"\"start_ms\":%" PRIu64 ",\"interval_ms\":%" PRIu64 "}\n",
		o->seed, o->agents, o->subagents, o->ports, o->flows, o->zipf, o->sampling_rate,
		t->begin / 1000000, t->interval / 1000000);
	for (size_t k = 0; k < o->n_elephants; k++)
		write_elephant(t, k);
}

static void write_totals(struct truth *t)
{
	for (size_t i = 0; i < t->run.n_rows; i++)
		write_flow(t, "flow_total", false, &t->run.rows[i]);
	write_flood(t, "flood_total", false, &t->flood_run);
	for (uint32_t agent = 0; agent < t->o->agents; agent++)
		for (uint32_t port = 0; port < t->o->ports; port++)
			write_port(t, agent, port);
	char text[512];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_fmt(&b,
		   "{\"record\":\"total\",\"datagrams_sent\":%" PRIu64
		   ",\"datagrams_arrived\":%" PRIu64,
		   t->datagrams, t->datagrams - t->datagrams_lost);
	write_sums(&b, t, &t->all);
	end_line(t, &b);
}
