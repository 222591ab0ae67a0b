// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The whole collector: what there is, in the order of its birth.
///
///     struct collector c;
///     if (collector_open(&c, &config, &msg) != 0) ...       // EAL, inputs, memory
///     if (collector_start(&c, &msg) != 0) ...               // threads
///     ... until a signal, or c.ended becomes readable ...
///     collector_stop(&c, "signal");                         // the last interval is published
///     collector_close(&c);
///
/// Death is birth in reverse: the workers leave their loops, the aggregator collects once more and
/// publishes that as the last interval and completes the flows that are open, REST answers whoever
/// waits, the feed says `final`, ports and sockets close, EAL cleans up. Whatever of it had not
/// begun is skipped, hence collector_stop() and collector_close() may follow a failure at any
/// point.
///
/// Thread-safety: main. Others may read what is constant between start and stop: everything here
/// but what the structs themselves say otherwise.

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/config/config.h"
#include "weir/core/aggregator.h"
#include "weir/control/control.h"
#include "weir/input/eal.h"
#include "weir/input/inputs.h"
#include "weir/memory.h"
#include "weir/rights.h"
#include "weir/output/telemetry.h"
#include "weir/core/worker.h"

/// Purposes that memory is told by.
#define COLLECTOR_PARTS 4

struct collector {
	const struct config *config;
	bool replay;
	uint64_t run;   ///< identifies this start in the feed; 0 in a replay
	uint64_t start; ///< ns on the analyzer's clock: when the first interval began

	struct rights rights; ///< who we are once everything runs
	struct memory_plan memory;
	struct telemetry_memory part[COLLECTOR_PARTS]; ///< the same by purpose
	struct eal eal;
	struct inputs *inputs;

	uint32_t n_workers;
	struct worker **worker;
	struct bank **spare; ///< second bank of each worker, as handed to the aggregator
	void **taken;        ///< memory from EAL, to be given back
	uint32_t n_taken;

	struct trace_ring **trace; ///< where each worker keeps datagrams; NULL = nowhere
	void *trace_memory;        ///< of all of them
	struct event_pcap *pcap;   ///< what events get of them; NULL = nothing
	struct analyzer *analyzer;
	struct publish *publish;
	struct exporter *exporter;
	struct report *report;
	struct rest *rest;
	struct feed_replay *replayer; ///< NULL = none
	struct forward *forward;
	struct aggregator *aggregator;
	struct control *control;           ///< what is defined
	struct telemetry_config telemetry; ///< what the stats socket answers from

	uint32_t n_launched; ///< workers whose lcore runs
	bool started;        ///< the aggregator runs
	int ended;           ///< eventfd: readable once a replay has come to its end
};

/// How the configuration is read anew (control.h).
struct collector_loader {
	int (*load)(void *ctx, struct config *c, struct err_msg *msg);
	void *ctx;
};

/// Everything but the threads. 0, or negative and one line that says what to do.
int collector_open(struct collector *c, const struct config *config,
		   const struct collector_loader *loader, struct err_msg *msg);
int collector_start(struct collector *c, struct err_msg *msg);
/// @p reason goes to the subscribers ("signal", "end of the capture"). False when a worker could
/// not be stopped; then nothing may be freed, the process should just end.
bool collector_stop(struct collector *c, const char *reason);
void collector_close(struct collector *c);
