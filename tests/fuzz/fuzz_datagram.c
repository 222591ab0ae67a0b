// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz a whole datagram, any version: what anybody can send to UDP port 6343. It is walked as the
// collector does and printed as `weirctl decode` does.
//
// Whatever the bytes: each sample and record lies inside, behind the one before; an iteration ends
// with its count or with the bytes; what is printed is one line of JSON.

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "decode_datagram.h"
#include "decode_line.h"
#include "fuzz.h"
#include "sflow/datagram.h"
#include "sflow/flow_sample.h"
#include "sflow/sflow.h"

static void check_inside(const uint8_t *data, size_t size, const uint8_t *body, uint32_t len)
{
	FUZZ_CHECK(body >= data && body <= data + size && len <= (size_t)(data + size - body));
}

static void check_records(const struct sflow_sample *s, struct sflow_items items)
{
	struct sflow_record r;
	const uint8_t *last = s->body;
	uint32_t n = 0;
	while (sflow_record_next(&items, &r) > 0) {
		check_inside(s->body, s->len, r.body, r.len);
		FUZZ_CHECK(r.body >= last + 8);
		last = r.body;
		n++;
	}
	FUZZ_CHECK(n <= s->len / 8);
}

static void check_sample(const struct sflow_sample *s)
{
	struct flow_sample fs;
	struct counters_sample cs;
	switch (s->tag) {
	case SFLOW_FLOW_SAMPLE:
	case SFLOW_FLOW_SAMPLE_EXPANDED:
	case SFLOW_DISCARDED_PACKET:
		if (flow_sample_open(s, &fs) == SFLOW_OK)
			check_records(s, fs.records);
		break;
	case SFLOW_COUNTERS_SAMPLE:
	case SFLOW_COUNTERS_SAMPLE_EXPANDED:
		if (counters_sample_open(s, &cs) == SFLOW_OK)
			check_records(s, cs.records);
		break;
	default: break;
	}
}

static void check_walk(const uint8_t *data, size_t size)
{
	struct sflow_datagram dg;
	struct sflow_sample s;
	uint32_t n = 0;
	const enum sflow_reason reason = sflow_open(&dg, data, size);
	FUZZ_CHECK(reason == SFLOW_OK || dg.samples.n_left == 0);
	while (sflow_next(&dg, &s) > 0) {
		check_inside(data, size, s.body, s.len);
		check_sample(&s);
		n++;
	}
	FUZZ_CHECK(n <= dg.n_samples && n <= size / 8);
}

static void check_print(const uint8_t *data, size_t size, enum out_format format)
{
	static struct decoder d;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	d = (struct decoder){.out = {.file = f, .format = format}, .sample = NULL, .ctx = f};
	if (format == OUT_NONE)
		d.sample = line_sample;
	decoder_datagram(&d, data, size, &(struct arrival){.captured = true});
	fclose(f);
	if (format == OUT_JSON) {
		json_t *json = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
		FUZZ_CHECK(json != NULL && memchr(text, '\n', len) == text + len - 1);
		json_decref(json);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_walk(data, size);
	check_print(data, size, OUT_JSON);
	check_print(data, size, OUT_TEXT);
	check_print(data, size, OUT_NONE);
	return 0;
}
