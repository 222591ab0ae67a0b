// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Completed flows as rows.

#include "analyzer/query.h"

#include <string.h>

#include "analyzer/state.h"

static void fill(const struct analyzer *a, const struct flow *f, const struct span_report *report,
		 struct completed_row *row)
{
	const struct flow_def *def = f->def;
	uint32_t source;
	memcpy(&source, report->key, sizeof(source));
	*row = (struct completed_row){
		.flow = {.key_size = def->key_size, .value = report->total, .last = report->end},
		.start = report->start,
		.end = report->end,
	};
	query_fill_source(a, source, &row->flow);
	// Our number of the source means nothing outside.
	memcpy(row->flow.key + PROGRAM_KEY_SOURCE, report->key + PROGRAM_KEY_SOURCE,
	       (size_t)def->key_size - PROGRAM_KEY_SOURCE);
	struct strbuf text = strbuf_of(row->flow.key_text, sizeof(row->flow.key_text));
	flow_def_key_format(def, row->flow.key, &text);
}

bool query_completes(const struct analyzer *a, uint32_t def)
{
	return a->set.flow[def]->store.spans.n_done > 0;
}

size_t query_completed(const struct analyzer *a, uint32_t def, size_t from,
		       struct completed_row *rows, size_t n)
{
	const struct flow *f = a->set.flow[def];
	const struct spans *sp = &f->store.spans;
	size_t len = 0;
	for (size_t i = from; i < sp->n_done && len < n; i++)
		fill(a, f, span_done(sp, (uint32_t)i), &rows[len++]);
	return len;
}
