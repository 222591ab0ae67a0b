// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The aggregator: takes every worker's bank at once and merges them into the analyzer.
///
///     struct aggregator *a = aggregator_new(&config, &msg);
///     aggregator_start(a, &msg);          // before the workers run: it opens the first interval
///     ... the workers run ...
///     ... worker_stop() and join all of them ...
///     aggregator_stop(a);                 // one last collect, published as `final`
///     aggregator_free(a);
///
/// A tick is: replace the bank of every worker by its spare, wait one RCU grace period (the only
/// one in the tree), merge the retired banks, let the analyzer find events, publish, and keep the
/// retired banks as the next spares. The first thread leads; with more than one, all merge: thread
/// k takes the definitions d with d mod K = k, once all data sources are merged.
///
/// Another program comes with the next tick: the spares that are published carry it, and once the
/// retired banks are merged and published, the analyzer and these follow. Between the two the
/// workers measure already what nobody shows yet. Flows of definitions that go end there.
///
/// Two clocks. Live: absolute deadlines on the monotonic clock; a tick that starts more than one
/// tick late skips the missed ones and counts them, and the interval is what was measured, not what
/// was planned. Replay: the interval is exact in capture time, and is over when every worker has
/// read its part; `speed` only makes the aggregator wait before it opens the next one. A silence of
/// more than AGGREGATOR_GAP in the capture passes in one tick.
///
/// Thread-safety: the analyzer may be queried by any thread between aggregator_lock() and
/// aggregator_unlock(); hold it at most 100 us at a time, and less when aggregator_wanted() says
/// that the tick waits. Formatting happens outside. Uses no DPDK, so that the stress test runs this
/// very file under sanitizers. Memory: aggregator_new() only.

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "analyzer/analyzer.h"
#include "base/error.h"
#include "bank/bank.h"
#include "bank/trace.h"
#include "weir/util/histogram.h"
#include "weir/core/worker.h"

/// Replay: longest silence that passes tick by tick, ns.
#define AGGREGATOR_GAP UINT64_C(3600000000000)

/// What one tick found; valid during the call of `publish`.
struct tick {
	uint64_t number; ///< from 1
	uint64_t start;  ///< ns on the analyzer's clock: monotonic, or capture time in a replay
	uint64_t end;
	uint64_t wall; ///< ns since 1970 at `end`, for display: capture time in a replay
	const struct threshold_event *events;
	size_t n_events;
	bool final; ///< the last one
};

struct aggregator_config {
	uint32_t n_workers;
	struct worker **worker;    ///< initialised, each with its first bank; borrowed
	struct bank **spare;       ///< the second bank of each; borrowed
	struct analyzer *analyzer; ///< borrowed
	/// Where each worker keeps datagrams while there are thresholds (trace.h); NULL = nowhere.
	/// Readable during the call of `publish`.
	struct trace_ring **trace;
	uint32_t n_threads;  ///< at least 1
	uint64_t tick;       ///< ns
	uint32_t max_events; ///< per tick; the analyzer counts those beyond
	bool replay;
	uint64_t start;        ///< replay: capture time of the first datagram, ns
	double speed;          ///< replay: capture seconds per second; 0 = as fast as it goes
	const cpu_set_t *cpus; ///< where the threads may run; NULL = where their creator may
	/// Called by the leading thread after every tick; the lock is not held, and the analyzer
	/// does not change before it returns.
	void (*publish)(void *ctx, const struct tick *tick);
	/// Definition @p def completed flows (query_completed()); as `publish`, and after it. When
	/// a definition goes, or all do at the end, it is called as often as it takes until no flow
	/// of it is open. May be NULL.
	void (*completed)(void *ctx, uint32_t def, const struct tick *tick);
	/// Another program is in force from the next tick on; as `publish`. May be NULL.
	void (*changed)(void *ctx, const struct program *program);
	/// Replay: all inputs have ended and the final tick is published. Called once, by the
	/// leading thread.
	void (*ended)(void *ctx);
	void *ctx;
};

/// Parts of a tick, in order, and all of it.
#define AGGREGATOR_TIMES(X)                                               \
	X(late, "from when it was due to its begin; not in a replay")     \
	X(grace, "from the swap of banks to the end of the grace period") \
	X(lock, "until those who ask let go of what is merged")           \
	X(merge, "merging all banks, and finding events")                 \
	X(publish, "feed, logs and journal")                              \
	X(tick, "all of it, from when it was due; in a replay: its begin")

/// Written by the leading thread, read by anybody (relaxed, each number whole).
struct aggregator_stats {
	uint64_t ticks;
	uint64_t missed; ///< ticks skipped because an earlier one took too long
	uint64_t events;
#define X(name, help) struct histogram name; ///< ns
	AGGREGATOR_TIMES(X)
#undef X
};

/// Another program, with all that it needs. Made and freed by who asks for it (control.c).
struct change {
	const struct program *program;
	const int32_t *from; ///< program_match() with the present one
	/// Two for each worker, with the tables that are new (bank_bind()). Once it is applied:
	/// what the banks had before.
	struct bank_kit *kit;
	struct analyzer_change *analyzer;
	bool rename;         ///< exchange the analyzer's names, too:
	struct names *names; ///< for these; once it is applied: the former ones
	sem_t done;          ///< lead posts: applied or refused
	bool refused;        ///< lead: w before `done`
};

struct aggregator;

/// NULL and a message when memory or threads are short.
struct aggregator *aggregator_new(const struct aggregator_config *config, struct err_msg *msg);
/// Open the first interval and start the threads. 0 or negative with a message.
int aggregator_start(struct aggregator *a, struct err_msg *msg);
/// What workers post when they arrive or leave; for worker_config.wake.
sem_t *aggregator_wake(struct aggregator *a);
/// Collect once more, publish that as final, and join the threads. The workers have left. Does
/// nothing when the replay ended by itself, or when the threads were never started.
void aggregator_stop(struct aggregator *a);
void aggregator_free(struct aggregator *a);

/// Put @p c in force: at once when the threads do not run, not yet or no more; else with the next
/// tick, and wait for that. 0, or ERR_IO and a message: the tick did not begin within @p seconds,
/// or the last one is under way; nothing has changed then. One at a time.
int aggregator_change(struct aggregator *a, struct change *c, unsigned seconds,
		      struct err_msg *msg);

void aggregator_lock(struct aggregator *a);
void aggregator_unlock(struct aggregator *a);
/// True while a tick waits for the lock: the holder should let go.
bool aggregator_wanted(const struct aggregator *a);

const struct aggregator_stats *aggregator_stats(const struct aggregator *a);
/// What the leading thread does at the moment ("grace period"), and since when (monotonic ns).
const char *aggregator_phase(const struct aggregator *a, uint64_t *since);
