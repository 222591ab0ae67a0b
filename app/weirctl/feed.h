// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The reference subscriber: messages of the feed, and what of it did not arrive.
///
///     struct feed *feed = feed_open(url, topics, n_topics, true, &msg);
///     struct feed_message m;
///     while (poll(... feed_fd(feed) ...) >= 0)
///             while (feed_next(feed, &m)) {
///                     ... m.flows, m.event, m.completed, m.stats, m.final, by m.kind ...
///                     feed_message_free(&m);
///             }
///     feed_close(feed);
///
/// Losses: each topic numbers its messages, and Stats and Final tell the latest number of each.
/// What was published before this subscriber came is no loss of its own. A collector that starts
/// anew begins anew.
///
/// Thread-safety: one thread. Memory: a message belongs to the caller until it is freed; a topic
/// takes some bytes, and there are as many as the collector has definitions and thresholds.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "common/weir.pb-c.h"

enum feed_kind {
	FEED_FLOWS,
	FEED_EVENT,
	FEED_COMPLETED,
	FEED_STATS,
	FEED_FINAL,
};

struct feed_message {
	enum feed_kind kind;
	char *topic;
	uint64_t lost; ///< messages of this topic that this subscriber lost so far
	union {
		ProtobufCMessage *any; ///< NULL once the caller has taken it
		Weir__FlowSet *flows;
		Weir__Event *event;
		Weir__CompletedSet *completed;
		Weir__Stats *stats;
		Weir__Final *final;
	};
};

struct feed;

/// Subscribe to @p topics ("flow." is all that begin so, "flow.pair" just that one); `stats` and
/// `final` are always received. With @p wait the collector may come later, and come back; else NULL
/// and a message when nobody is there.
struct feed *feed_open(const char *url, const char *const *topics, size_t n_topics, bool wait,
		       struct err_msg *msg);
void feed_close(struct feed *f);

/// Readable when feed_next() has something.
int feed_fd(const struct feed *f);

/// The next message, if one is there. Whatever cannot be read is counted and left out.
bool feed_next(struct feed *f, struct feed_message *m);
void feed_message_free(struct feed_message *m);

/// True while the collector is connected.
bool feed_connected(const struct feed *f);

/// Messages lost so far, over all topics that were subscribed to.
uint64_t feed_lost(const struct feed *f);

/// Messages that were no feed's.
uint64_t feed_malformed(const struct feed *f);
