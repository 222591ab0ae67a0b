// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The latest records of a kind, numbered: events, completed flows. What long polls read.
///
///     struct record_log *log = record_log_new(1000, 0);
///     const uint64_t id = record_log_next(log);            // the one writer
///     record_log_add(log, "elephant", text);               // one JSON object as text; taken
///     ...
///     struct record_query q = {.after = cursor, .max = 10};
///     size_t n = record_log_read(log, &q, append, ctx);    // anybody
///
/// Numbers rise by one, without end; readers keep the last that they saw as their cursor. When the
/// log is full the oldest record makes room.
///
/// Thread-safety: one thread writes, any may read. A mutex guards the ring; it is held for copies
/// of pointers, never while something is formatted, written or allocated: texts are counted
/// references. Memory: @p capacity records; their texts live until the last reader lets go.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A text shared between the log, its readers and the journal.
struct record {
	uint64_t id;
	unsigned refs; ///< atomic
	char *name;    ///< what it belongs to: a threshold, a flow definition
	size_t size;   ///< of `text`
	char text[];   ///< NUL-terminated
};

struct record_log;

/// The first record gets the number @p last + 1. NULL when memory is short.
struct record_log *record_log_new(size_t capacity, uint64_t last);
void record_log_free(struct record_log *log);

/// The number that the next record gets.
uint64_t record_log_next(const struct record_log *log);
/// Append a record and return it, for who wants to hold it (record_hold()). NULL when memory is
/// short: the number is used up all the same, a reader sees a gap.
const struct record *record_log_add(struct record_log *log, const char *name, const char *text);
/// Put back a record of an earlier life, before anybody reads: @p id rises from call to call.
const struct record *record_log_restore(struct record_log *log, uint64_t id, const char *name,
					const char *text);

void record_hold(const struct record *r);
void record_drop(const struct record *r);

struct record_query {
	int64_t after;            ///< only records with a larger number; -1 = all
	size_t max;               ///< at most so many, the newest
	const char *const *names; ///< only records that belong to one of these
	size_t n_names;           ///< 0 = all
};

/// The newest records that @p q asks for, newest first, each held: the caller drops them. Returns
/// how many were written to @p out (at least q->max long).
size_t record_log_read(struct record_log *log, const struct record_query *q,
		       const struct record **out);
