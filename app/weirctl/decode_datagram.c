// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_datagram.h"

#include <string.h>
#include <time.h>

#include "decode_record.h"
#include "sflow/legacy.h"
#include "sflow/sflow.h"

static void complain(struct decoder *d, enum sflow_reason reason)
{
	d->stats.reasons[reason]++;
	out_text(&d->out, "decodeError", sflow_reason_text(reason));
}

static void put_tag(struct decoder *d, const char *name, uint32_t tag)
{
	out_format(&d->out, name, "%u:%u", SFLOW_ENTERPRISE(tag), SFLOW_FORMAT(tag));
}

static void put_unknown(struct decoder *d, enum record_kind kind, const char *what,
			const struct sflow_record *r)
{
	unknown_add(&d->stats.unknown, kind, r, &d->agent);
	out_line(&d->out, "skipping unknown %s: %u:%u len=%u", what, SFLOW_ENTERPRISE(r->tag),
		 SFLOW_FORMAT(r->tag), r->len);
}

// Keep the values of an if_counters record for the one-line format.
static void keep_if_counters(struct record_walk w, struct record_value *values)
{
	for (int i = 0; i < DECODER_IF_COUNTERS && record_next(&w, &values[i]); i++)
		;
}

struct elements {
	enum record_kind kind;
	const char *tag_name;
	const char *what;
	struct flow flow;
	struct record_value if_counters[DECODER_IF_COUNTERS];
};

static void print_record(struct decoder *d, struct elements *el, const struct sflow_record *r)
{
	struct record_walk w;
	const enum sflow_reason reason = record_open(&w, el->kind, r);
	put_tag(d, el->tag_name, r->tag);
	if (reason == SFLOW_UNKNOWN) {
		put_unknown(d, el->kind, el->what, r);
	} else if (reason != SFLOW_OK) {
		complain(d, reason);
	} else {
		d->stats.records++;
		if (el->kind == RECORD_COUNTERS && r->tag == SFLOW_IF_COUNTERS)
			keep_if_counters(w, el->if_counters);
		record_print(&d->out, &w, d->version, &el->flow);
	}
}

static void print_elements(struct decoder *d, struct elements *el, struct sflow_items items)
{
	struct sflow_record r;
	int got;
	out_array(&d->out, "elements");
	while ((got = sflow_record_next(&items, &r)) != 0) {
		out_object(&d->out);
		if (got > 0) {
			print_record(d, el, &r);
		} else {
			put_tag(d, el->tag_name, r.tag);
			complain(d, SFLOW_RECORD_OVERRUN);
			items.n_left = 0;
		}
		out_close(&d->out);
		if (got < 0)
			break;
	}
	out_close(&d->out);
	const enum sflow_reason end = sflow_items_end(&items);
	if (end == SFLOW_ITEMS_MISSING)
		complain(d, end);
	else if (end == SFLOW_SLACK && got == 0)
		d->stats.reasons[end]++;
}

static void sample_done(struct decoder *d, const struct elements *el)
{
	if (d->sample != NULL)
		d->sample(d->ctx, d, &el->flow,
			  el->kind == RECORD_COUNTERS ? el->if_counters : NULL);
}

static void print_sample_records(struct decoder *d, const struct record_value *v)
{
	struct elements el = {
		.kind = RECORD_FLOW, .tag_name = "flowBlock_tag", .what = "flow_sample_element"};
	if (v->field->type == RECORD_COUNTER_RECORDS) {
		el.kind = RECORD_COUNTERS;
		el.tag_name = "counterBlock_tag";
		el.what = "counters_sample_element";
	}
	if (d->tag == SFLOW_DISCARDED_PACKET)
		d->out.prefix = "discarded_";
	const struct sflow_items items = {.rest = cursor_of(v->bytes, v->len),
					  .n_left = (uint32_t)v->u};
	print_elements(d, &el, items);
	d->out.prefix = NULL;
	sample_done(d, &el);
}

static void keep_sample_value(struct decoder *d, const struct record_value *v)
{
	const uint8_t type = v->field->type;
	const bool port =
		type == RECORD_PORT || type == RECORD_PORT_EXPANDED || type == RECORD_V4_OUTPUT;
	const uint32_t value = port ? (uint32_t)v->i : (uint32_t)v->u;
	if (strcmp(v->field->name, "inputPort") == 0)
		d->input = value;
	else if (strcmp(v->field->name, "outputPort") == 0)
		d->output = value;
	else if (strcmp(v->field->name, "meanSkipCount") == 0)
		d->sampling_rate = value;
}

static void print_drop_reason(struct out *o, const struct record_value *v)
{
	const char *text = sflow_enum_text(SFLOW_ENUM_drop_reason, (uint32_t)v->u);
	out_value(o, v->field->name, v);
	out_text(o, "discardReason", text != NULL ? text : "NotFound");
}

static void print_sample_fields(struct decoder *d, struct record_walk *w)
{
	struct record_value v;
	while (record_next(w, &v)) {
		switch ((enum record_type)v.field->type) {
		case RECORD_FLOW_RECORDS:
		case RECORD_COUNTER_RECORDS: print_sample_records(d, &v); break;
		case RECORD_METRICS:
			if (!metrics_print(&d->out, &v, w->layout->tag))
				complain(d, SFLOW_RECORD_SHORT);
			break;
		case RECORD_REST: break; // the sample inside a wrapper is printed by itself
		default:
			keep_sample_value(d, &v);
			if (v.field->enumeration == SFLOW_ENUM_drop_reason)
				print_drop_reason(&d->out, &v);
			else if (v.field->type != RECORD_TEXT || v.len > 0)
				out_value(&d->out, v.field->name, &v);
			break;
		}
	}
}

static void begin_sample(struct decoder *d, uint32_t tag)
{
	d->tag = tag;
	d->input = d->output = d->sampling_rate = 0;
	out_object(&d->out);
	out_line(&d->out, "startSample ----------------------");
	put_tag(d, "sampleType_tag", tag);
}

static void end_sample(struct decoder *d)
{
	out_line(&d->out, "endSample   ----------------------");
	out_close(&d->out);
}

static void print_one_sample(struct decoder *d, const struct sflow_record *s)
{
	struct record_walk w;
	const enum sflow_reason reason = record_open(&w, RECORD_SAMPLE, s);
	begin_sample(d, s->tag);
	if (reason == SFLOW_UNKNOWN) {
		put_unknown(d, RECORD_SAMPLE, "sample", s);
	} else {
		out_text(&d->out, "sampleType", w.layout->label);
		if (reason == SFLOW_OK)
			print_sample_fields(d, &w);
		else
			complain(d, SFLOW_SAMPLE_SHORT);
		d->stats.samples += reason == SFLOW_OK;
	}
	end_sample(d);
}

// A wrapper, then what is in it.
static void print_sample(struct decoder *d, const struct sflow_record *s)
{
	struct sflow_record inner = *s;
	print_one_sample(d, s);
	if (s->tag == SFLOW_ACL_PREFIX)
		sflow_unwrap(&inner);
	if (inner.body != s->body)
		print_one_sample(d, &inner);
}

static void print_samples(struct decoder *d, struct sflow_datagram *dg)
{
	struct sflow_record s;
	int got;
	out_array(&d->out, "samples");
	while ((got = sflow_record_next(&dg->samples, &s)) > 0)
		print_sample(d, &s);
	if (got < 0) {
		begin_sample(d, s.tag);
		complain(d, SFLOW_SAMPLE_OVERRUN);
		end_sample(d);
		dg->samples.n_left = 0;
	}
	out_close(&d->out);
	const enum sflow_reason end = sflow_items_end(&dg->samples);
	if (end == SFLOW_ITEMS_MISSING)
		complain(d, end);
	else if (end == SFLOW_SLACK)
		d->stats.reasons[end]++;
}

// Versions 2 and 4 have no tags of records, and their counters are up to two blocks.
static void print_legacy_items(struct decoder *d, struct legacy_sample *s)
{
	struct elements el = {.kind = s->tag == SFLOW_FLOW_SAMPLE ? RECORD_FLOW : RECORD_COUNTERS};
	struct record_walk w;
	out_array(&d->out, "elements");
	while (legacy_item_next(&s->items, &w) > 0) {
		out_object(&d->out);
		d->stats.records++;
		if (w.layout->kind == RECORD_COUNTERS && w.layout->tag == SFLOW_IF_COUNTERS)
			keep_if_counters(w, el.if_counters);
		record_print(&d->out, &w, d->version, &el.flow);
		out_close(&d->out);
	}
	out_close(&d->out);
	sample_done(d, &el);
}

static void print_legacy_sample(struct decoder *d, struct legacy_sample *s)
{
	struct record_walk w;
	const struct record_layout *l = record_find(RECORD_V4_SAMPLE, s->tag);
	begin_sample(d, s->tag);
	out_text(&d->out, "sampleType", l->label);
	if (record_open_unsized(&w, l, &s->fixed) == SFLOW_OK)
		print_sample_fields(d, &w);
	print_legacy_items(d, s);
	d->stats.samples++;
	end_sample(d);
}

static void print_legacy_samples(struct decoder *d, struct legacy_datagram *dg)
{
	struct legacy_sample s;
	int got;
	out_array(&d->out, "samples");
	while ((got = legacy_next(dg, &s)) > 0)
		print_legacy_sample(d, &s);
	out_close(&d->out);
	if (got < 0)
		complain(d, SFLOW_RECORD_SHORT);
	else if (dg->n_left == 0 && cursor_left(&dg->rest) > 0)
		d->stats.reasons[SFLOW_SLACK]++;
}

static void put_time(struct out *o, const char *name, time_t seconds)
{
	char text[64];
	struct tm tm;
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	out_text(o, name, text);
}

// sflowtool knows neither sender nor time of arrival of what it reads from a file.
static void print_arrival(struct decoder *d, size_t len)
{
	struct out *o = &d->out;
	const struct arrival *a = d->arrival;
	const uint64_t seconds = a->time / 1000000000, us = a->time / 1000 % 1000000;
	const uint32_t source_len = a->captured ? 0 : a->source.family == ADDR_IP4 ? 4 : 16;
	out_address(o, "datagramSourceIP", a->source.bytes, source_len);
	out_number(o, "datagramSize", len);
	out_number(o, "unixSecondsUTC", a->captured ? 0 : seconds);
	out_number(o, "unixSecondsUTC_uS", a->captured ? 0 : us);
	put_time(o, "localtime", a->captured ? 0 : (time_t)seconds);
	if (!a->captured)
		return;
	put_time(o, "pcapTimestamp", (time_t)seconds);
	out_number(o, "pcapTimestamp_uS", us);
}

static void print_agent(struct decoder *d, uint32_t type, const uint8_t *agent)
{
	d->agent = type == ADDR_IP4   ? addr_ip4(agent)
		   : type == ADDR_IP6 ? addr_ip6(agent)
				      : (struct addr){0};
	out_address(&d->out, "agent", agent, type == ADDR_IP4 ? 4 : type == ADDR_IP6 ? 16 : 0);
}

static void print_v5(struct decoder *d, const uint8_t *data, size_t len)
{
	struct sflow_datagram dg;
	const enum sflow_reason reason = sflow_open(&dg, data, len);
	if (reason != SFLOW_SHORT_HEADER || len >= 4)
		out_number(&d->out, "datagramVersion", dg.version);
	if (reason != SFLOW_OK) {
		complain(d, reason);
		return;
	}
	out_number(&d->out, "agentSubId", dg.sub_agent);
	print_agent(d, dg.agent_type, dg.agent);
	out_number(&d->out, "packetSequenceNo", dg.sequence);
	out_number(&d->out, "sysUpTime", dg.uptime);
	out_number(&d->out, "samplesInPacket", dg.n_samples);
	print_samples(d, &dg);
}

static void print_legacy(struct decoder *d, const uint8_t *data, size_t len)
{
	struct legacy_datagram dg;
	const enum sflow_reason reason = legacy_open(&dg, data, len);
	out_number(&d->out, "datagramVersion", dg.version);
	if (reason != SFLOW_OK) {
		complain(d, reason);
		return;
	}
	print_agent(d, dg.agent_type, dg.agent);
	out_number(&d->out, "packetSequenceNo", dg.sequence);
	out_number(&d->out, "sysUpTime", dg.uptime);
	out_number(&d->out, "samplesInPacket", dg.n_samples);
	print_legacy_samples(d, &dg);
}

void decoder_datagram(struct decoder *d, const uint8_t *data, size_t len,
		      const struct arrival *arrival)
{
	d->arrival = arrival;
	d->stats.datagrams++;
	out_begin(&d->out);
	print_arrival(d, len);
	d->version = legacy_version(data, len);
	if (d->version != 0) {
		print_legacy(d, data, len);
	} else {
		d->version = 5;
		print_v5(d, data, len);
	}
	out_end(&d->out);
}
