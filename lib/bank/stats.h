// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The counters of a worker and the loss ledger: stats.def is the list.
///
/// In each of the four ledgers (frames, datagrams, samples, records) received = used + the sum of
/// the named reasons. stats_ledger() adds them up; tests and `weirctl` assert that it closes.
///
/// Threading: one worker writes its array; readers use stats_read(), which never tears.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stat_id {
#define STAT(name, group, role, help) STAT_##name,
#include "bank/stats.def"
#undef STAT
	N_STATS,
};

enum stat_group {
	STAT_GROUP_FRAME,
	STAT_GROUP_DATAGRAM,
	STAT_GROUP_SAMPLE,
	STAT_GROUP_RECORD,
	STAT_GROUP_WORKER,
	N_STAT_GROUPS,
};

enum stat_role {
	STAT_ROLE_RECEIVED,
	STAT_ROLE_USED,
	STAT_ROLE_REASON,
	STAT_ROLE_INFO,
};

struct stat_info {
	const char *name;
	uint8_t group; ///< enum stat_group
	uint8_t role;  ///< enum stat_role
	const char *help;
};

extern const struct stat_info stat_info[N_STATS];
extern const char *const stat_group_name[N_STAT_GROUPS];

struct stats {
	uint64_t v[N_STATS]; ///< worker: rw; anybody: stats_read()
};

/// Worker only. A relaxed store, so that a reader never sees half a number.
static inline void stats_add(struct stats *s, enum stat_id i, uint64_t n)
{
	__atomic_store_n(&s->v[i], s->v[i] + n, __ATOMIC_RELAXED);
}

static inline uint64_t stats_read(const struct stats *s, enum stat_id i)
{
	return __atomic_load_n(&s->v[i], __ATOMIC_RELAXED);
}

/// Add @p from to @p sum (a private copy of the caller).
void stats_sum(struct stats *sum, const struct stats *from);

struct ledger {
	uint64_t received, used, reasons;
};

/// The sums of one ledger. It closes when received == used + reasons; a worker in the middle of a
/// burst may be ahead by what it holds.
struct ledger stats_ledger(const struct stats *s, enum stat_group group);
bool stats_ledger_closes(const struct stats *s, enum stat_group group);
