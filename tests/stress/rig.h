// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The real workers and the real aggregator on inputs that make their own datagrams.
///
///     struct rig *r = rig_new(&config);
///     r->maker[i].quota = ...;
///     rig_start(r);
///     rig_wait_ticks(r, 2000);
///     rig_stop(r);                 // workers first, in the middle of whatever they do
///     rig_check_totals(r);         // nothing lost, nothing counted twice
///     rig_free(r);

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank/trace.h"
#include "weir/config/config.h"
#include "weir/core/aggregator.h"
#include "weir/control/control.h"
#include "weir/core/worker.h"

#define CHECKF(condition, ...)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__);                                   \
			fputc('\n', stderr);                                            \
			exit(1);                                                        \
		}                                                                       \
	} while (0)

#define CHECK(condition) CHECKF(condition, "does not hold")

enum {
	RIG_WORKERS = 4,
	RIG_SAMPLES = 3, // in a datagram
	RIG_SIZE = 1000, // bytes of a datagram, at most
	RIG_BLOCKS = 4 * RIG_WORKERS + 1,
};

/// What a maker's input does between bursts.
enum maker_mood {
	MAKER_BUSY,   ///< always has more
	MAKER_SLEEPY, ///< a burst, then nothing for a thousand polls
	MAKER_IDLE,   ///< never has anything
};

/// An input that encodes datagrams: its own agent, and one that all makers share.
struct maker {
	struct input input; // first
	enum maker_mood mood;
	uint32_t index;
	uint64_t sequence; // datagrams made
	uint64_t quota;    // replay: datagrams in all
	uint64_t step;     // replay: ns from one datagram to the next; 0 = live
	uint32_t polls;
	uint64_t samples, bytes, frames; // truth, as scaled by the sampling rate
	struct rng rng;
	uint8_t data[INPUT_BURST][RIG_SIZE];
};

struct rig_config {
	enum maker_mood mood[RIG_WORKERS];
	uint32_t n_threads; ///< that merge
	uint64_t tick;      ///< ns
	bool replay;
	double speed;
	uint64_t quota, step; ///< of each maker, in a replay
	uint64_t memory;      ///< bytes: the budget; 0 = plenty
};

struct rig {
	struct config config;
	struct control *control;
	struct analyzer *analyzer;
	struct aggregator *aggregator;
	struct worker *worker[RIG_WORKERS];
	struct maker *maker[RIG_WORKERS];
	struct bank *spare[RIG_WORKERS];
	struct trace_ring *trace[RIG_WORKERS];
	struct trace_reader *reader;
	uint64_t traced; // samples that were read back; as `ticks`
	void *memory[RIG_BLOCKS];
	pthread_t thread[RIG_WORKERS];
	uint64_t ticks;       // published; r and w by the lead, r by others after it ended
	uint64_t fingerprint; // of everything that was published
	bool final;
	sem_t ended; // posted at the end of a replay
};

struct rig *rig_new(const struct rig_config *config);
void rig_start(struct rig *r);
void rig_wait_ticks(const struct rig *r, uint64_t n);
/// Replay: wait for the end and join all threads.
void rig_finish(struct rig *r);
/// Stop the workers in whatever they do, and join all threads.
void rig_stop(struct rig *r);
void rig_check_totals(struct rig *r);
void rig_free(struct rig *r);
