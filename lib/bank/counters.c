// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <string.h>

#include "bank/passage.h"

void counters_ingest(struct passage *ps, const struct sflow_sample *s)
{
	struct bank *b = ps->bank;
	struct counters_sample cs;
	if (counters_sample_open(s, &cs) != SFLOW_OK) {
		stats_add(ps->in->stats, STAT_sample_short, 1);
		return;
	}
	const struct source_id id = {
		.agent = ps->sender.index,
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
	const uint32_t len = (uint32_t)cursor_left(&cs.records.rest);
	const size_t need = sizeof(struct log_entry) + ((len + 7u) & ~7u);
	if (need > b->log_size - b->log_len) {
		stats_add(ps->in->stats, STAT_sample_log_full, 1);
		return;
	}
	struct log_entry *e = (struct log_entry *)(void *)(b->log + b->log_len);
	*e = (struct log_entry){
		.source = source,
		.len = len,
		.sequence = cs.sequence,
		.uptime = ps->sender.agent->uptime,
		.time = ps->time,
	};
	memcpy(e + 1, cs.records.rest.p, len);
	b->log_len += (uint32_t)need;
	ps->cell->counters_samples++;
	stats_add(ps->in->stats, STAT_used_counters_samples, 1);
}
