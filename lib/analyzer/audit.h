// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Do the samples of a port add up to what its counters say?
///
///     audit_counters(&port->audit, s, port, in, out);   // each counters sample (if_counters)
///     verdict = audit_judge(&audit, direction, &evidence, &row);
///
/// An agent that samples also sends the interface counters of its ports. Between two counters
/// samples the octets counted and the bytes scaled up from samples must agree, within the error of
/// sampling. That checks what nobody else can: the sampling rate as the agent says it against what
/// it does. Intervals are added up, and the sums are halved after AUDIT_INTERVALS, so that a
/// mistake that is mended fades.
///
/// Counters that go back begin anew. All ones is "not known" and ignored.
///
/// Thread-safety: as source.h. Memory: values; one per port.

#include <stdbool.h>
#include <stdint.h>

/// Intervals after which the sums are halved.
#define AUDIT_INTERVALS 16
/// Deviation that is no finding, beside the error of sampling: counters are read a little before
/// or after they are sent.
#define AUDIT_TOLERANCE 0.1
/// Samples that must have been due before their absence says anything.
#define AUDIT_SAMPLES 30

struct sources;
struct port;

/// Bytes sampled in one direction, and their variance.
struct audit_sum {
	double bytes, q;
};

/// Kept per port. Directions as enum packet_direction; samples of unknown direction are compared
/// with both counters together.
struct audit {
	uint64_t at; ///< ns of the latest counters; 0 = none
	uint64_t in, out;
	struct audit_sum before[3]; ///< totals then
	uint32_t intervals;
	double seconds; ///< of the intervals added up
	double counted_in, counted_out;
	struct audit_sum sampled[3];
};

enum audit_verdict {
	AUDIT_TOO_LITTLE, ///< traffic or time, to say anything
	AUDIT_AGREES,
	AUDIT_NOT_SAMPLED, ///< counted, and no samples at all
	AUDIT_LOSS,        ///< datagrams lost on the way explain it
	AUDIT_CLIPPING,    ///< the agent drops samples: its effective rate explains it
	AUDIT_RATE,        ///< the sampling rate is not what the agent says
};

/// What else is known about the port.
struct audit_evidence {
	uint32_t sampling_rate; ///< as sent
	double effective_rate;  ///< growth of pool / samples that arrived or were lost; 0 = unknown
	double correction;      ///< for datagrams lost, if the sums are without it; else 1
};

/// The sums of one direction.
struct audit_finding {
	double seconds;
	double counted, sampled, error; ///< bytes/s; half width of the 95 % interval of `sampled`
	double implied_rate;            ///< sampling rate with which both would agree; 0 = unknown
	enum audit_verdict verdict;
};

/// "agrees", "sampling rate wrong"; for people.
const char *audit_text(enum audit_verdict verdict);

/// Counters of a port came, in the present tick.
void audit_counters(const struct sources *s, struct port *port, uint64_t in, uint64_t out);
struct audit_finding audit_judge(const struct audit *a, uint32_t direction,
				 const struct audit_evidence *evidence);
