// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Events that outlive the process: an append-only file, one JSON object a line.
///
///     const struct journal_config config = {.path = "/var/lib/weir/events", .size = 64 << 20,
///                                           .id = "eventID", .name = "thresholdID"};
///     struct journal *j = journal_open(&config, log, &msg);   // fills the log with what was
///     ...
///     journal_add(j, record);                   // the writer of the log; returns at once
///     ...
///     journal_close(j);
///
/// Lines are written by a thread of their own as soon as they come. What was written survives the
/// process (kill -9), though not a loss of power; a line that was being written when the process
/// died is cut off at the next start. When half of `size` is reached the file becomes PATH.1 and a
/// new one begins, so both together stay below `size` and hold at least half of it.
///
/// A disk that is full or fails stops nothing: the records are dropped from the journal (not from
/// the log), counted, and the next ones are tried again; part of a line is taken back.
///
/// Thread-safety: journal_add() from one thread, never blocks; journal_stats() from any. Memory: a
/// queue of JOURNAL_QUEUE records that are not written yet; what comes beyond is dropped and
/// counted. Limits: a path of PATH_MAX - 3 bytes.

#include <stdint.h>

#include "base/error.h"
#include "weir/output/record_log.h"

/// Records that wait for the disk at most.
#define JOURNAL_QUEUE 4096

struct journal_config {
	const char *path;
	uint64_t size;    ///< bytes of both files together
	const char *id;   ///< member with the number of a record
	const char *name; ///< member with what it belongs to
};

struct journal_stats {
	uint64_t written; ///< records
	uint64_t last;    ///< number of the latest that is written; 0 = none
	uint64_t dropped; ///< records that the disk did not take in time, or not at all
	uint64_t skipped; ///< lines that made no sense when it was opened
	int error;        ///< errno of the latest failure; 0 when the latest write succeeded
};

struct journal;

/// Open or make the file, take up its records in @p log, and start the thread. NULL and a message.
struct journal *journal_open(const struct journal_config *config, struct record_log *log,
			     struct err_msg *msg);
void journal_add(struct journal *j, const struct record *r);
void journal_stats(const struct journal *j, struct journal_stats *out);
/// Write what waits, and end.
void journal_close(struct journal *j);
