// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <string.h>

#include "bank/passage.h"
#include "bank/rtflow.h"

// Keep a sample for the aggregator to read; false when the log is full.
static bool keep_sample(struct passage *ps, const struct log_entry *head, const uint8_t *bytes)
{
	struct bank *b = ps->bank;
	const size_t need = sizeof(struct log_entry) + (((size_t)head->len + 7) & ~(size_t)7);
	if (need > b->log_size - b->log_len)
		return false;
	struct log_entry *e = (struct log_entry *)(void *)(b->log + b->log_len);
	*e = *head;
	e->uptime = ps->from->known->uptime;
	e->time = ps->from->time;
	memcpy(e + 1, bytes, head->len);
	b->log_len += (uint32_t)need;
	return true;
}

static bool log_sample(struct passage *ps, const struct log_entry *head, const uint8_t *bytes)
{
	const bool kept = keep_sample(ps, head, bytes);
	if (!kept)
		stats_add(ps->in->stats, STAT_sample_log_full, 1);
	return kept;
}

void counters_ingest(struct passage *ps, const struct sflow_sample *s)
{
	struct counters_sample cs;
	if (counters_sample_open(s, &cs) != SFLOW_OK) {
		stats_add(ps->in->stats, STAT_sample_short, 1);
		return;
	}
	const struct source_id id = {
		.agent = ps->from->agent,
		.ds_class = cs.ds_class,
		.ds_index = cs.ds_index,
		.direction = DIRECTION_UNKNOWN,
	};
	struct registry *r = &ps->in->registry;
	const uint32_t source = registry_source(r, &id);
	if (source == 0) {
		stats_add(ps->in->stats, STAT_sample_sources_full, 1);
		return;
	}
	const struct log_entry head = {
		.tag = SFLOW_COUNTERS_SAMPLE,
		.source = source,
		.len = (uint32_t)cursor_left(&cs.records.rest),
		.sequence = cs.sequence,
	};
	if (!log_sample(ps, &head, cs.records.rest.p))
		return;
	ps->from->cell->counters_samples++;
	stats_add(ps->in->stats, STAT_used_counters_samples, 1);
}

void custom_ingest(struct passage *ps, const struct sflow_sample *s)
{
	const struct log_entry head = {
		.tag = SFLOW_RTMETRIC, .source = ps->from->agent, .len = s->len};
	if (log_sample(ps, &head, s->body))
		stats_add(ps->in->stats, STAT_used_custom_samples, 1);
}

// Its names are worth a place, if there is one.
void rtflow_log(struct passage *ps, const struct rtflow *f, uint32_t size)
{
	const struct log_entry head = {.tag = SFLOW_RTFLOW, .source = ps->from->agent, .len = size};
	if (ps->bank->rtflow_looks > 0 && keep_sample(ps, &head, f->fields))
		ps->bank->rtflow_looks--;
}
