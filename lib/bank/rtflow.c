// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Custom events: rtflow samples. They are staged and measured like flow samples, have a data source
// with a name, and neither a packet nor a number in a sequence.

#include "bank/rtflow.h"

#include "sflow/rt.h"

bool rtflow_read(const uint8_t *body, uint32_t len, struct rtflow *out)
{
	struct cursor c = cursor_of(body, len);
	out->name_len = cursor_u32(&c);
	out->name = (const char *)cursor_bytes(&c, out->name_len);
	cursor_skip(&c, -out->name_len & 3);
	out->rate = cursor_u32(&c);
	cursor_skip(&c, 4); // reserved
	out->fields = c.p;
	struct record_value list = {.u = cursor_u32(&c)};
	list.bytes = c.p;
	list.len = (uint32_t)cursor_left(&c);
	if (c.bad)
		return false;
	if (out->name_len == 0) {
		out->name = CUSTOM_NAME_NONE;
		out->name_len = sizeof(CUSTOM_NAME_NONE) - 1;
	}
	struct rt_walk w = rt_open(&list, SFLOW_RTFLOW);
	struct rt_value v;
	int got;
	while ((got = rt_next(&w, &v)) > 0 && custom_name_ok(v.name, v.name_len, false))
		continue;
	return got == 0 && custom_name_ok(out->name, out->name_len, true);
}

bool rtflow_stage(struct passage *ps, const struct sflow_sample *wire)
{
	struct intake *in = ps->in;
	struct rtflow f;
	if (!rtflow_read(wire->body, wire->len, &f)) {
		stats_add(in->stats, STAT_sample_rtflow_bad, 1);
		return false;
	}
	const uint32_t name = registry_name(&in->registry, f.name, f.name_len);
	if (name == 0) {
		stats_add(in->stats, STAT_sample_sources_full, 1);
		return false;
	}
	struct sample *s = &in->sample[in->n_samples];
	s->id = (struct source_id){
		.agent = ps->from->agent,
		.ds_class = REGISTRY_NAMED,
		.ds_index = name,
		.direction = DIRECTION_UNKNOWN,
	};
	s->source = *registry_recent(&in->registry, &s->id);
	s->from = ps->from;
	s->body = wire->body;
	s->packet = false;
	s->has = 0;
	rtflow_log(ps, &f, (uint32_t)(wire->body + wire->len - f.fields));
	in->n_samples++;
	if (in->n_samples == SAMPLES)
		samples_flush(ps);
	return true;
}
