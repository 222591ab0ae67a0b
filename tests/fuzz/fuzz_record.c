// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz one sample, flow record or counter record. The input is a byte that chooses the layout, of
// records.def, and the body.
//
// Whatever the bytes: a record that opens can be read to its end, each value lies inside it and can
// be written as text; one that does not open gives no value.

#include <string.h>

#include "fuzz.h"
#include "sflow/record.h"
#include "sflow/rt.h"

static void check_metrics(const struct record_value *v, uint32_t tag)
{
	struct rt_walk w = rt_open(v, tag);
	struct rt_value m;
	const uint8_t *end = v->bytes + v->len;
	while (rt_next(&w, &m) > 0) {
		FUZZ_CHECK((const uint8_t *)m.name >= v->bytes &&
			   m.name_len <= (size_t)(end - (const uint8_t *)m.name));
		FUZZ_CHECK(m.bytes >= v->bytes && m.len <= (size_t)(end - m.bytes));
		FUZZ_CHECK(rt_type_text(w.flow, m.type) != NULL);
	}
}

static void check_value(const struct record_value *v, const struct sflow_record *r)
{
	static char text[4096];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (v->len > 0)
		FUZZ_CHECK(v->bytes >= r->body && v->len <= (size_t)(r->body + r->len - v->bytes));
	record_format(&b, v);
	FUZZ_CHECK(b.len < sizeof(text) && text[b.len] == '\0');
	(void)record_number(v);
	if (v->field->type == RECORD_METRICS)
		check_metrics(v, r->tag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n;
	const struct record_layout *layouts = record_layouts(&n);
	if (size == 0)
		return 0;
	const struct record_layout *l = &layouts[data[0] % n];
	const struct sflow_record r = {
		.tag = l->tag, .len = (uint32_t)(size - 1), .body = data + 1};
	struct record_walk w;
	struct record_value v;
	size_t values = 0;
	const enum sflow_reason reason = record_open(&w, l->kind, &r);
	FUZZ_CHECK(reason == SFLOW_OK || reason == SFLOW_RECORD_SHORT);
	while (record_next(&w, &v)) {
		check_value(&v, &r);
		values++;
	}
	FUZZ_CHECK(reason == SFLOW_OK || values == 0);
	FUZZ_CHECK(values <= l->n_fields + size);
	FUZZ_CHECK(record_appended(&w) <= r.len);
	return 0;
}
