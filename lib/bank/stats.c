// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/stats.h"

const struct stat_info stat_info[N_STATS] = {
#define STAT(name, group, role, help) {#name, STAT_GROUP_##group, STAT_ROLE_##role, help},
#include "bank/stats.def"
#undef STAT
};

const char *const stat_group_name[N_STAT_GROUPS] = {
	[STAT_GROUP_FRAME] = "frames",   [STAT_GROUP_DATAGRAM] = "datagrams",
	[STAT_GROUP_SAMPLE] = "samples", [STAT_GROUP_RECORD] = "records",
	[STAT_GROUP_WORKER] = "worker",
};

void stats_sum(struct stats *sum, const struct stats *from)
{
	for (unsigned i = 0; i < N_STATS; i++)
		sum->v[i] += stats_read(from, (enum stat_id)i);
}

struct ledger stats_ledger(const struct stats *s, enum stat_group group)
{
	struct ledger l = {0};
	for (unsigned i = 0; i < N_STATS; i++) {
		if (stat_info[i].group != group)
			continue;
		const uint64_t v = stats_read(s, (enum stat_id)i);
		if (stat_info[i].role == STAT_ROLE_RECEIVED)
			l.received += v;
		else if (stat_info[i].role == STAT_ROLE_USED)
			l.used += v;
		else if (stat_info[i].role == STAT_ROLE_REASON)
			l.reasons += v;
	}
	return l;
}

bool stats_ledger_closes(const struct stats *s, enum stat_group group)
{
	const struct ledger l = stats_ledger(s, group);
	return l.received == l.used + l.reasons;
}
