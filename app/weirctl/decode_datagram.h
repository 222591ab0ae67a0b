// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Print one datagram: header, samples, records.
///
///     struct decoder d = {.out = {.file = stdout, .format = OUT_JSON}};
///     decoder_datagram(&d, payload, len, &when);
///     ... d.stats ...
///
/// Members and lines are those of sflowtool. Where something cannot be read it is skipped, what
/// follows is read, and the member `decodeError` says why in the object (in text: at the place)
/// that suffers; sflowtool ends the datagram there. Each damage is counted.
///
/// Thread-safety: one decoder at a time in a process (see decode_out.h). Memory: the decoder.

#include "decode_flow.h"
#include "decode_out.h"
#include "sflow/datagram.h"
#include "sflow/record.h"
#include "sflow/unknown.h"

struct decoder_stats {
	uint64_t datagrams;                ///< all
	uint64_t samples, records;         ///< of known type and whole
	uint64_t reasons[SFLOW_N_REASONS]; ///< damage, by enum sflow_reason
	struct unknown_tags unknown;       ///< samples and records of unknown type
};

/// When and whence. Files have a capture time, sockets a time of arrival and a sender.
struct arrival {
	uint64_t time; ///< ns since 1970
	bool captured; ///< `time` is the capture's
	struct addr source;
};

struct decoder {
	struct out out;
	/// Called behind each sample that was read; may be NULL. @p flow of a counters sample is
	/// empty, @p if_counters of a flow sample NULL.
	void (*sample)(void *ctx, const struct decoder *d, const struct flow *flow,
		       const struct record_value *if_counters);
	void *ctx;
	struct decoder_stats stats;

	// Of the datagram at work:
	const struct arrival *arrival;
	uint32_t version;
	struct addr agent;
	// Of the sample at work:
	uint32_t tag;
	uint32_t input, output; ///< interface values without their format
	uint32_t sampling_rate;
};

/// Fields of an if_counters record, as many as decoder.sample gets.
#define DECODER_IF_COUNTERS 19

void decoder_datagram(struct decoder *d, const uint8_t *data, size_t len,
		      const struct arrival *arrival);
