// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz datagrams of versions 2 and 4, whose items have no length. The first bit chooses which.
//
// Whatever the bytes: what comes out of legacy_upgrade() is a datagram of version 5 without any
// damage, with the samples that legacy_next() finds.

#include <string.h>

#include "base/cursor.h"
#include "fuzz.h"
#include "sflow/flow_sample.h"
#include "sflow/legacy.h"
#include "sflow/sflow.h"

#define MAX_SIZE 65536

static uint32_t count_samples(const uint8_t *data, size_t size)
{
	struct legacy_datagram dg;
	struct legacy_sample s;
	uint32_t n = 0;
	if (legacy_open(&dg, data, size) != SFLOW_OK)
		return 0;
	while (legacy_next(&dg, &s) > 0)
		n++;
	FUZZ_CHECK(n <= dg.n_samples);
	return n;
}

static void check_records(struct sflow_items items, enum record_kind kind)
{
	struct sflow_record r;
	struct record_walk w;
	struct record_value v;
	int got;
	while ((got = sflow_record_next(&items, &r)) > 0) {
		FUZZ_CHECK(record_open(&w, kind, &r) == SFLOW_OK);
		while (record_next(&w, &v))
			;
	}
	FUZZ_CHECK(got == 0 && sflow_items_end(&items) == SFLOW_OK);
}

static uint32_t check_v5(const uint8_t *data, size_t size)
{
	struct sflow_datagram dg;
	struct sflow_sample s;
	struct flow_sample fs;
	struct counters_sample cs;
	uint32_t n = 0;
	int got;
	FUZZ_CHECK(sflow_open(&dg, data, size) == SFLOW_OK);
	for (; (got = sflow_next(&dg, &s)) > 0; n++) {
		if (s.tag == SFLOW_FLOW_SAMPLE) {
			FUZZ_CHECK(flow_sample_open(&s, &fs) == SFLOW_OK);
			check_records(fs.records, RECORD_FLOW);
		} else {
			FUZZ_CHECK(s.tag == SFLOW_COUNTERS_SAMPLE);
			FUZZ_CHECK(counters_sample_open(&s, &cs) == SFLOW_OK);
			check_records(cs.records, RECORD_COUNTERS);
		}
	}
	FUZZ_CHECK(got == 0 && sflow_items_end(&dg.samples) == SFLOW_OK);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[3 * MAX_SIZE];
	enum sflow_reason reason;
	if (size < 4 || size > MAX_SIZE)
		return 0;
	uint8_t *in = malloc(size);
	memcpy(in, data, size);
	store_be32(in, data[0] & 0x80 ? 2 : 4);
	const size_t len = legacy_upgrade(in, size, out, sizeof(out), &reason);
	const uint32_t n = count_samples(in, size);
	FUZZ_CHECK(reason != SFLOW_ITEMS_MISSING);
	FUZZ_CHECK(len > 0 || n == 0);
	if (len > 0)
		FUZZ_CHECK(check_v5(out, len) == n);
	free(in);
	return 0;
}
