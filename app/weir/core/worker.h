// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A worker: one thread that turns the datagrams of one input into the bank of the interval.
///
///     worker_init(w, &(struct worker_config){.input = in, .intake = intake, .bank = bank, ...});
///     rte_eal_remote_launch(worker_run, w, lcore);     // or any thread
///     ...
///     worker_stop(w);                                  // from any thread; then join it
///     worker_fini(w);
///
/// The loop: take the bank pointer, take a burst, ingest it, give the buffers back, report a
/// quiescent state. No lock, no allocation, no log and no atomic read-modify-write; no system call
/// on a port that has traffic. What a worker shares with others, in full: `bank`, `stop` and the
/// hint `losing`, which others write; `stats` and the meeting of a replay, which the worker writes.
///
/// Sleep: after some polls that found nothing (one, where an arrival ends the sleep) the worker
/// naps, off-line for RCU, so that it neither burns a core nor holds up a grace period. Naps double
/// up to the configured length; the first datagram ends that. The bank pointer is read anew after
/// every nap, since the aggregator may have replaced it meanwhile.
///
/// Overload: a worker that falls behind keeps some of the flow samples only (shed.h). Events,
/// counters samples and the ledger are spared.
///
/// Lock-step: an input that replays a capture ends its part of an interval by saying so. The worker
/// then goes off-line, tells the aggregator (`meeting`, `wake`) and waits for its `turn`. Because
/// all workers of a replay meet at the end of every interval, which datagram falls into which
/// interval depends on the capture alone, never on the speed.
///
/// Memory: the caller's, WORKER_ALIGN aligned, on the worker's NUMA socket. Uses no DPDK, so that
/// the stress test runs this very file under sanitizers.

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "bank/bank.h"
#include "weir/input/input.h"
#include "weir/core/gap.h"
#include "weir/core/shed.h"
#include "weir/core/tap.h"

#define WORKER_ALIGN 64

/// Where a worker of a replay stands.
enum worker_meeting {
	WORKER_RUNNING, ///< reads its part of the interval
	WORKER_ARRIVED, ///< has read all of it and waits for its turn
	WORKER_ENDED,   ///< left the loop
};

struct worker_config {
	uint32_t id;           ///< index among the workers, from 0
	struct input *input;   ///< borrowed
	struct intake *intake; ///< borrowed; made with worker_stats()
	struct bank *bank;     ///< the first one
	sem_t *wake;           ///< the aggregator's; posted when `meeting` changes
	uint64_t max_nap;      ///< ns; 0 = never sleep
	uint64_t cycles_hz;    ///< of clock_cycles(), for gaps in ns; 0 = do not measure them
	bool sheds;            ///< step over samples when it falls behind; never in a replay
};

struct worker {
	// Line 0: written by others, ten times a second; read by the worker once per burst.
	struct bank *bank; ///< RCU. aggregator: rcu_xchg_pointer; worker: rcu_dereference
	bool stop;         ///< main: w; worker: r (both relaxed: nothing else hangs on it)
	bool losing;       ///< datagrams were lost in the latest tick. aggregator: w; worker: r
	struct tap *tap; ///< forward.c: w, release; worker: r, acquire. NULL = nobody wants copies

	// Line 1: constant after worker_init(), or the worker's own.
	struct input *input __attribute__((aligned(WORKER_ALIGN)));
	struct intake *intake;
	sem_t *wake;
	uint64_t max_nap; ///< ns
	uint64_t nap;     ///< ns, the latest; worker: rw
	uint64_t cycles;  ///< at the end of the latest burst; worker: rw
	uint32_t idle;    ///< polls in a row that found nothing; worker: rw
	uint32_t id;
	bool sheds;

	// Line 2: the meeting of a replay, once per interval.
	sem_t turn
		__attribute__((aligned(WORKER_ALIGN))); ///< aggregator and main post; worker waits
	uint32_t meeting; ///< enum worker_meeting. worker: rw; aggregator: r, and w while it waits

	// Line 3 on: written by the worker for every burst, read by anybody with stats_read().
	struct stats stats __attribute__((aligned(WORKER_ALIGN)));

	struct burst burst __attribute__((aligned(WORKER_ALIGN))); ///< worker: rw
	struct shed shed;                                          ///< worker: rw
	struct gap gap;                                            ///< worker: rw; anybody: r
};

/// The counters that intake_init() needs before the worker itself can be made.
static inline struct stats *worker_stats(struct worker *w)
{
	return &w->stats;
}

/// @p w is zeroed memory.
void worker_init(struct worker *w, const struct worker_config *config);
/// Run until worker_stop() or the end of the input. @p worker is a struct worker. Returns 0.
int worker_run(void *worker);
/// Ask the worker to leave; it does so after the burst in hand.
void worker_stop(struct worker *w);
void worker_fini(struct worker *w);

/// Where the worker stands; aggregator.
enum worker_meeting worker_meeting(const struct worker *w);
/// Replay: the next interval is open, go on; aggregator, after it has replaced the bank.
void worker_turn(struct worker *w);
