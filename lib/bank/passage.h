// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A datagram on its way through, and what is staged on that way; private to this folder.
///
/// Three stages, each a file. ingest.c opens the datagrams of a burst and admits their agents.
/// sample.c reads the samples of one datagram: sources, records, layers of the sampled header; each
/// becomes a `struct sample` and a `struct packet` of the intake. When SAMPLES of them are staged,
/// or when the burst ends, measure.c goes through the definitions, one after the other, with all
/// that is staged.

#include "bank/intake.h"
#include "sflow/flow_sample.h"

/// Counted while a burst is on its way, added to the worker's counters at its end.
struct tally {
	uint32_t datagrams, used_datagrams;
	uint32_t samples, flow_samples;
	uint32_t used_records;
};

struct passage {
	struct bank *bank;
	struct intake *in;
	struct tally tally;
	struct sender sender;
	struct agent_cell *cell;
	const uint8_t *data;
	uint32_t len;
	uint32_t ms; ///< since the bank's start
	uint64_t time;
	bool cut; ///< an older version's datagram, of which not all could be read
};

/// A flow sample whose fixed part is whole.
struct staged {
	struct sflow_sample sample;
	struct source_id id;
	uint32_t *recent; ///< where the registry keeps the index of such a source; 0 = none
};

static inline bool is_later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/// Read the samples of a datagram whose agent is known.
void samples_ingest(struct passage *ps, struct sflow_datagram *dg);

/// Read any flow sample into the next place of the intake, if it is to be used.
void sample_ingest(struct passage *ps, const struct staged *st);

/// Count a sample of a kind that is not measured.
void sample_refuse(struct passage *ps, const struct sflow_sample *s);

/// Log a counters sample.
void counters_ingest(struct passage *ps, const struct sflow_sample *s);
/// An rtmetric sample.
void custom_ingest(struct passage *ps, const struct sflow_sample *s);

/// Let every definition measure what is staged; nothing is staged then.
void measure_staged(struct bank *b, struct intake *in);
