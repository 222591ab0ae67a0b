// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A datagram on its way through, and what is staged on that way; private to this folder.
///
/// Four stages. ingest.c opens the datagrams of a burst and admits their agents. sample.c reads the
/// flow samples of one datagram, each into a `struct sample` of the intake. When SAMPLES of them
/// are staged, or when the burst ends, they are settled, one after the other: counted for their
/// data sources, which were asked for meanwhile. Then measure.c goes through the definitions, one
/// after the other, with all that is staged.
///
/// A sample that is stepped over (intake_keep()) is settled when its datagram ends, after all that
/// came before it: sequence numbers are judged in the order in which they came.

#include "bank/intake.h"
#include "sflow/flow_sample.h"

/// Counted while a burst is on its way, added to the worker's counters at its end.
struct tally {
	uint32_t datagrams, used_datagrams;
	uint32_t samples, flow_samples, shed;
	uint32_t used_records;
};

struct passage {
	struct bank *bank;
	struct intake *in;
	struct tally tally;
	struct origin *from;              ///< the datagram at hand
	bool cut;                         ///< an older version's, of which not all could be read
	const uint8_t *ahead, *ahead_end; ///< of a datagram to come: lines not asked for yet
};

/// Ask for some lines of the datagram to come, as many as a sample has. With each sample of the
/// datagram at hand: asking for all of them at once waits for places to ask from.
static inline void ask_ahead(struct passage *ps)
{
	const uint8_t *at = ps->ahead;
	if (at >= ps->ahead_end)
		return;
	__builtin_prefetch(at);
	__builtin_prefetch(at + 64);
	__builtin_prefetch(at + 128);
	__builtin_prefetch(at + 192);
	ps->ahead = at + 256;
}

static inline bool is_later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/// The data source saw the packet come in when it is the input port, go out when it is the output
/// port. Sources that are no ports (a whole switch or bridge) sample what comes in.
static inline enum packet_direction direction_of(const struct flow_sample *fs)
{
	if (fs->ds_class != SFLOW_DS_IFINDEX)
		return fs->input >> 30 == SFLOW_IF_INDEX && fs->input != 0 ? DIRECTION_INGRESS
									   : DIRECTION_UNKNOWN;
	if (fs->input == fs->ds_index)
		return DIRECTION_INGRESS;
	return fs->output == fs->ds_index ? DIRECTION_EGRESS : DIRECTION_UNKNOWN;
}

/// How deep packets are looked into.
static inline enum dissect_depth dissect_depth_of(const struct bank *b)
{
	return b->program->inner || b->looks > 0 ? DISSECT_ALL : DISSECT_OUTER;
}

/// Read the samples of a datagram whose agent is known.
void samples_ingest(struct passage *ps, struct sflow_datagram *dg);

/// Settle any staged flow sample of ps->from, step by step: read its records into packet @p p.
void sample_settle(struct passage *ps, struct sample *s, struct packet *p);

/// Settle any flow sample of ps->from that is stepped over, step by step.
void sample_step(struct passage *ps, const struct stepped *step);

/// Read the records of a flow sample into @p p; returns the frame's length on the wire. @p raw: the
/// raw header's record, whose body is NULL when there is none.
uint32_t sample_read(struct passage *ps, struct packet *p, struct flow_sample *fs,
		     uint32_t direction, bool discarded, struct sflow_record *raw);

/// Count a sample of a kind that is not measured.
void sample_refuse(struct passage *ps, const struct sflow_sample *s);

/// Log a counters sample.
void counters_ingest(struct passage *ps, const struct sflow_sample *s);
/// Stage an rtflow sample; false when it is refused, and counted.
bool rtflow_stage(struct passage *ps, const struct sflow_sample *s);

/// An rtmetric sample.
void custom_ingest(struct passage *ps, const struct sflow_sample *s);

/// Settle what is staged or stepped over and let every definition measure it; nothing is staged
/// then.
void samples_flush(struct passage *ps);

/// Let every definition measure what is settled. The last two batches of additions stay on their
/// way.
void measure_staged(struct bank *b, struct intake *in);
/// Add them.
void measure_finish(struct bank *b, struct intake *in);
