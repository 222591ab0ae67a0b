// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The feed: results go out on an nng PUB socket that listens on any number of URLs at once.
///
///     struct publish *feed = publish_open(&config, program, &msg);   // after narrowing CPUs
///     ...
///     bool due = publish_tick(feed, analyzer_ticks(a), analyzer_now(a), offset);
///     publish_events(feed, events, n_events);                        // at once
///     if (due) {
///             for (uint32_t d = 0; d < program->n_def; d++) {
///                     ... take the lock, n = query_top(a, d, rows, max, &summary), release ...
///                     publish_flows(feed, d, rows, n, &summary);
///             }
///             publish_stats(feed, &stats);                           // closes the round
///     }
///     ...
///     publish_close(feed, "signal");                                 // `final`
///
/// Nothing here blocks: every subscriber has a queue of its own, and when it is full the oldest
/// message is dropped, silently as far as nng is concerned. Hence each topic numbers its messages,
/// and `stats` and `final` say how far every topic is: a subscriber knows what it lost.
///
/// Topics are "flow.NAME", "event.NAME", "completed.NAME", "stats", "final"; the body follows after
/// one NUL byte.
/// doc/feed.md tells the rest to the author of a subscriber.
///
/// Thread-safety: one thread, the aggregator's, calls everything here; messages leave on nng's
/// threads. Those inherit the CPU mask of the thread that makes the first socket of the process:
/// narrow it before. Shared with them: the count of subscribers, under a mutex of its own.
/// Memory: a number for each topic; one message at a time; nng holds at most `queue` messages per
/// subscriber, shared among them. A topic whose definition or threshold is gone is listed in one
/// more `stats` and forgotten with the next, unless its name is back by then: what is kept does not
/// grow with names that were. Limits: `queue` is at most 8192, by nng.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "common/feed_tls.h"
#include "weir/output/message.h"

struct publish;

struct publish_config {
	const char *const *urls; ///< "ipc:///path", "tcp://host:port", ...
	size_t n_urls;           ///< 0: there is no feed and all of this does nothing
	struct feed_tls tls;     ///< of tls+tcp://
	uint32_t ipc_mode;       ///< permission bits of ipc sockets; 0 = 0660
	uint32_t queue;          ///< messages kept for a slow subscriber; 0 = 1024
	uint64_t interval;       ///< ns between flow sets; 0 = with every tick
	uint64_t run;            ///< identifies this start of the collector; 0 in a replay
};

/// Listen on all URLs. NULL and a message that names the URL and the remedy when one of them cannot
/// be had. @p program must outlive the feed, or be replaced by publish_program().
///
/// The directory of an ipc socket is made when it is the run directory (common/paths.h); a socket
/// that a dead collector left is replaced, a file that is no socket never is.
struct publish *publish_open(const struct publish_config *config, const struct program *program,
			     struct err_msg *msg);

/// Listen on one more URL, for another socket of nng (its id), as publish_open() does.
int publish_listen(uint32_t socket, const char *url, const struct feed_tls *tls,
		   struct err_msg *msg);

/// The definitions changed; topics that keep their name keep their numbers.
void publish_program(struct publish *p, const struct program *program);

/// A tick is over: its number, its end in ns on the analyzer's clock, and what to add to that clock
/// for Unix time (0 in a replay). True when flow sets and stats are due.
bool publish_tick(struct publish *p, uint64_t tick, uint64_t time, int64_t offset);

/// Send the tick's events.
void publish_events(struct publish *p, const struct threshold_event *events, size_t n);

/// Send the largest flows of definition @p def of the program.
void publish_flows(struct publish *p, uint32_t def, const struct flow_row *rows, size_t n,
		   const struct flow_summary *summary);

/// Send flows that definition @p def completed in the tick.
void publish_completed(struct publish *p, uint32_t def, const struct completed_row *rows, size_t n);

/// Send the statistics; after the flow sets, since they close the round. Fills in stats->program.
void publish_stats(struct publish *p, const struct message_stats *stats);

/// Send `final`, wait until all subscribers have gone, but at most 300 ms, and close the sockets.
void publish_close(struct publish *p, const char *reason);

/// Wait until @p n subscribers have joined since the start, but at most @p timeout ms; true when
/// they have. For starting a replay together with its viewer: what is sent later reaches them.
bool publish_wait(struct publish *p, unsigned n, unsigned timeout);

/// What the feed did so far.
struct message_publisher publish_report(struct publish *p);
