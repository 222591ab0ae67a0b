// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What a worker keeps over bank swaps; private to this folder.

#include "bank/bank.h"
#include "bank/batch.h"
#include "base/rng.h"
#include "packet/packet.h"

struct intake {
	struct registry registry;
	struct intake_policy policy;
	struct stats *stats;
	double keep;        ///< probability with which flow samples are measured
	double scale;       ///< what each of them stands for: 1 / keep
	uint32_t ahead;     ///< flow samples to be stepped over before the next that is measured
	struct rng rng;     ///< draws `ahead`
	uint32_t n_samples; ///< staged
	uint32_t n_settled; ///< of them; other than 0 only where samples are stepped over
	uint32_t n_stepped;
	struct stepped stepped[SAMPLES]; ///< of the datagram at hand
	struct sample sample[SAMPLES] __attribute__((aligned(64)));
	struct packet packet[SAMPLES] __attribute__((aligned(64)));
	/// A ring: of the datagrams of staged samples, at most SAMPLES, and of the one at hand.
	struct origin origin[2 * SAMPLES];
	uint32_t n_origins; ///< ever
	/// A ring: what is gathered, what waits for heads of buckets, what waits for entries.
	struct batch batch[3];
	uint32_t turn;                ///< of the batch to be gathered
	struct batch *hashed, *found; ///< NULL = none
	uint8_t upgraded[UINT16_MAX]; ///< scratch: a datagram of version 2 or 4 in words of 5
};

/// How many flow samples come before the next that is measured, when each is with probability
/// `keep`: geometrically distributed.
uint32_t intake_draw(struct intake *in);

/// The agent of a datagram as ingest sees it.
struct sender {
	uint32_t index; ///< 0 = not in the registry
	struct registry_agent *agent;
	enum seq_verdict verdict; ///< of the datagram's sequence number
};

/// Find or enter the agent, ask the policy, judge the sequence number. False when the datagram is
/// not to be used; the reason was counted.
bool intake_admit(struct intake *in, const struct agent_id *id, uint32_t sequence, uint32_t uptime,
		  uint64_t time, struct sender *out);
