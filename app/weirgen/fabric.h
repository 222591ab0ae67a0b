// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The agents of the network: their ports and counters, their sequence numbers, the datagrams they
/// are filling. Samples and counters go in, numbered datagrams come out, some of them lost on the
/// way when asked.
///
/// A datagram leaves when the next sample does not fit, when it holds as many as allowed, or when
/// its first sample has waited for `flush`.
///
/// Thread-safety: one thread. Memory: for each sub-agent one datagram, for each port 56 bytes.

#include "weirgen/flow.h"
#include "weirgen/output.h"
#include "weirgen/truth.h"

struct fabric_stats {
	uint64_t datagrams; ///< numbered, lost or not
	uint64_t lost;      ///< of them
	uint64_t flow_samples;
	uint64_t counters_samples;
	uint64_t bytes; ///< of UDP payload, lost or not
};

struct fabric;

/// @p truth may be NULL. NULL and @p msg when out of memory.
struct fabric *fabric_create(const struct options *o, struct truth *truth, struct output *out,
			     struct err_msg *msg);
void fabric_destroy(struct fabric *f);

/// A frame of @p flow is sampled at @p time (ns).
int fabric_sample(struct fabric *f, uint64_t time, const struct flow *flow, uint32_t frame_len,
		  struct err_msg *msg);
/// Port @p port of @p agent reports its counters; port 0 has the agent describe itself too.
int fabric_counters(struct fabric *f, uint64_t time, uint32_t agent, uint32_t port,
		    struct err_msg *msg);
/// Send all datagrams whose time has come at @p time.
int fabric_flush(struct fabric *f, uint64_t time, struct err_msg *msg);
/// Send all datagrams, as far as `max_datagrams` allows.
int fabric_finish(struct fabric *f, uint64_t time, struct err_msg *msg);

/// As many samples or datagrams as the options ask for?
bool fabric_done(const struct fabric *f);

/// What was sent.
const struct fabric_stats *fabric_stats(const struct fabric *f);
