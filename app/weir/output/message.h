// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The collector's results as messages of the feed (common/weir.proto): what publish.h sends.
///
///     struct arena arena = {0};
///     Weir__FlowSet *m = message_flow_set(&arena, &head, &set);
///     if (m != NULL) ... pack and send ...
///     arena_free(&arena);
///
/// Pure: rows in, message out; no clock, no socket, no lock. Names from the network become UTF-8 on
/// the way, since protobuf asks for it.
///
/// Thread-safety: none is needed. Memory: a message lies in the caller's arena and borrows the
/// texts of its input; both must outlive it. NULL is returned when memory is short.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/query.h"
#include "analyzer/threshold.h"
#include "weir/util/arena.h"
#include "bank/stats.h"
#include "common/weir.pb-c.h"
#include "program/program.h"

/// What all messages begin with, but for the sequence number, which publish.c fills in.
struct message_head {
	uint64_t run;   ///< Head.run
	uint64_t tick;  ///< number of the tick
	uint64_t time;  ///< ns on the analyzer's clock: end of the tick
	int64_t offset; ///< ns from the analyzer's clock to Unix time; 0 in a replay
};

/// The largest flows of one definition, as query_top() gave them.
struct message_flows {
	const struct flow_def *def;
	const struct flow_row *rows;
	size_t n_rows;
	struct flow_summary summary;
	uint64_t interval; ///< ns between flow sets
};

/// See Timing in weir.proto: ns.
struct message_timing {
	uint64_t n, sum, max, p50, p99, p999, p9999;
};

/// One worker's counters.
struct message_worker {
	uint32_t lcore;
	const char *input;         ///< what it reads
	const struct stats *stats; ///< may be live: read with relaxed loads
	struct message_timing gap, taken;
};

/// Losses before the workers; see Input in weir.proto.
struct message_input {
	const char *name;
	uint64_t received, missed, errors, no_buffer, kernel_drops, outages;
};

struct message_memory {
	const char *name;
	uint64_t bytes;
};

/// See Aggregator in weir.proto.
struct message_aggregator {
	uint64_t interval; ///< ns
	uint64_t missed;   ///< ticks
	struct message_timing grace, merge, late, lock, publish, tick;
};

/// See Publisher in weir.proto.
struct message_publisher {
	uint32_t subscribers;
	uint64_t messages, bytes, failed;
	uint64_t longest; ///< ns
};

/// A topic and the sequence number of its latest message.
struct message_topic {
	char *text;
	uint64_t sequence;
	uint64_t listed; ///< publish.c: what the latest Stats said
	bool last;       ///< publish.c: nobody has its name; that was the last time
};

/// What the collector says about itself.
struct message_stats {
	uint64_t start; ///< ns on the analyzer's clock
	const struct program *program;
	const struct threshold_row *thresholds; ///< query_thresholds()
	size_t n_thresholds;
	const struct message_worker *workers;
	size_t n_workers;
	const struct message_input *inputs;
	size_t n_inputs;
	const struct message_memory *memory;
	size_t n_memory;
	struct message_aggregator aggregator;
	struct analyzer_stats analyzer;     ///< query_stats()
	const struct unknown_tags *unknown; ///< query_unknown(); NULL = none
};

Weir__FlowSet *message_flow_set(struct arena *a, const struct message_head *head,
				const struct message_flows *flows);

/// @p def is the definition that the event's metric names; NULL: it is one of counters.
Weir__Event *message_event(struct arena *a, const struct message_head *head,
			   const struct flow_def *def, const struct threshold_event *event);

/// Flows that @p def completed.
Weir__CompletedSet *message_completed(struct arena *a, const struct message_head *head,
				      const struct flow_def *def, const struct completed_row *rows,
				      size_t n);

Weir__Stats *message_stats(struct arena *a, const struct message_head *head,
			   const struct message_stats *stats,
			   const struct message_publisher *publisher,
			   const struct message_topic *topics, size_t n_topics);

Weir__Final *message_final(struct arena *a, const struct message_head *head, const char *reason,
			   const struct message_topic *topics, size_t n_topics);
