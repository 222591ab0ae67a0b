// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What a subscriber lost, worked out from the numbers of the messages that came.
///
///     struct loss l = {0};
///     lost = loss_message(&l, run, "flow.pair", 17);  // a message came
///     loss_topic(&l, "event.big", 4);                 // Stats or Final says so much was sent ...
///     loss_listed(&l);                                // ... and that was the whole list
///     loss_free(&l);
///
/// The first number of a topic is no loss, whatever it is, as long as no list was seen: it may have
/// been published before we came. Once a list was seen, a topic that was not on it began after: one
/// that was known before, too, since its name is gone and a new one counts from 1. `stats` and
/// `final` are on no list.
///
/// Thread-safety: one thread. Memory: some bytes for each topic that the collector has.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loss_topic {
	char *text;
	uint64_t sequence; ///< latest that came or was told of
	uint64_t lost;
	bool told; ///< on the list that is being read
};

/// Zero initialised is empty.
struct loss {
	struct loss_topic *topics;
	size_t n_topics;
	uint64_t run;
	bool listed;    ///< a list was seen: topics not on it began later
	uint64_t total; ///< lost, in all topics and runs
};

/// Message @p sequence of @p topic came; returns how many of this topic were lost so far. A run
/// that is not the latest, or a number no higher than the last: the collector started anew.
uint64_t loss_message(struct loss *l, uint64_t run, const char *topic, uint64_t sequence);

/// The collector says that @p sequence is the latest of @p topic.
void loss_topic(struct loss *l, const char *topic, uint64_t sequence);

/// All topics were told; what is known of others is forgotten.
void loss_listed(struct loss *l);

void loss_free(struct loss *l);
