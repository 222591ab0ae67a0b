// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Who sends: the agents and data sources that one worker has met.
///
/// An agent is (agent address of the payload, sub-agent); a source is (agent, data source,
/// direction). A data source with a name (rtflow) has the class REGISTRY_NAMED and the number that
/// its name has among all names of data sources. All get a small index, for life: keys of flows
/// and cells of banks carry the index, and the aggregator keeps one array per worker that
/// translates it to its own. The registry outlives the banks; it only grows.
///
/// Index 0 of each is reserved: "no such".
///
/// Spoofed agents cannot fill the table: once it is half full a new agent must be seen
/// REGISTRY_SIGHTINGS times before it gets a place, among the latest newcomers: there are as many
/// candidates as agents at least, so that honest ones get in however many come at once.
///
/// Threading: the worker alone calls and writes. `agent[i].id`, `source[i].id` and `name[i]` never
/// change once the index was given out; the aggregator reads them for indices below the counts
/// that a retired bank carries (the grace period orders the two). Memory: the caller's,
/// registry_size() bytes, no allocation later. Limits: set at registry_init(); beyond, a datagram
/// or sample is refused under a named reason.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/custom_name.h"
#include "base/hash.h"

/// Sightings that a newcomer needs while the agent table is more than half full.
#define REGISTRY_SIGHTINGS 3

struct agent_id {
	struct addr addr;
	uint32_t sub_agent;
};

/// Sequence numbers seen lately: the highest and which of the 64 before it (RFC 6479's idea).
struct seq_window {
	uint64_t seen; ///< bit i: (high - i) was seen
	uint32_t high;
	bool started;
};

enum seq_verdict {
	SEQ_NEW,       ///< ahead of all seen
	SEQ_LATE,      ///< behind the highest, not seen before
	SEQ_DUPLICATE, ///< seen before
	SEQ_RESTART,   ///< too far away to be either: the sender started anew
};

/// Judge @p seq and remember it. Numbers are compared modulo 2^32; 64 or more behind the highest or
/// 2^24 and more ahead, is a restart.
enum seq_verdict seq_window_slow(struct seq_window *w, uint32_t seq);

static inline enum seq_verdict seq_window_check(struct seq_window *w, uint32_t seq)
{
	const uint32_t ahead = seq - w->high;
	if (__builtin_expect(w->started && ahead - 1 < 63, 1)) {
		w->seen = w->seen << ahead | 1;
		w->high = seq;
		return SEQ_NEW;
	}
	return seq_window_slow(w, seq);
}

/// One agent. worker: rw; `id` as said above.
struct registry_agent {
	struct agent_id id;
	uint32_t uptime;          ///< of its latest datagram, ms
	struct seq_window window; ///< of datagrams
	uint32_t restarts;        ///< times it began anew; sources compare theirs with it
	uint32_t rate_override;   ///< sampling rate to use instead of the sent one; 0 = as sent
	uint32_t rate_default;    ///< sampling rate where a sample says 0; 0 = 1
	uint64_t rate_second;     ///< second in which `rate_count` counts
	uint32_t rate_count;      ///< datagrams in that second
	bool denied;              ///< not on the allow-list
};

struct source_id {
	uint32_t agent;    ///< index of the registry_agent
	uint32_t ds_class; ///< enum sflow_ds_class, or what was sent
	uint32_t ds_index;
	uint32_t direction; ///< enum packet_direction
};

struct registry_source {
	struct source_id id;
	struct seq_window window; ///< of flow samples (and discarded-packet samples apart, below)
	struct seq_window discards;
	uint32_t restarts; ///< of the agent, when `window` was last valid
	uint32_t rate;     ///< sampling rate of the latest sample
	double weight;     ///< what such a sample stands for, unless `rate` is 0
} __attribute__((aligned(64)));

/// A place in the hash index of sources; index 0 = free.
struct registry_slot {
	uint32_t tag; ///< upper half of the hash
	uint32_t index;
};

/// Class of data sources that have names instead of numbers. An agent that sends it means one of
/// its own.
#define REGISTRY_NAMED UINT32_MAX
/// Different names of data sources, at most. An application on many hosts has one.
#define REGISTRY_NAMES 4096

struct registry_name {
	uint32_t len;
	char text[CUSTOM_NAME_MAX];
};

/// Sources of an agent and a direction that are found without a look at the hash index.
#define REGISTRY_RECENT 64

/// A candidate for a place among the agents.
struct registry_newcomer {
	uint32_t fingerprint;
	uint32_t sightings;
};

/// Places in the probation pool, at least.
#define REGISTRY_NEWCOMERS 4096
/// Places of a set of it, a cache line: one candidate more sends another away, by lot.
#define REGISTRY_NEWCOMER_SET 8

struct registry {
	uint32_t max_agents, max_sources; ///< given out at most, index 0 apart
	uint32_t n_agents, n_sources;     ///< given out, index 0 included
	uint32_t n_names;                 ///< likewise
	struct registry_agent *agent;
	struct registry_source *source;
	uint32_t *agent_slot;              ///< open addressing: hash -> index
	struct registry_slot *source_slot; ///< likewise
	struct registry_name *name;
	uint32_t *name_slot;        ///< hash -> index
	uint32_t *recent;           ///< REGISTRY_RECENT of each agent and direction; 0 = none
	uint32_t recent_agent[256]; ///< those met last; 0 = none
	uint32_t agent_mask, source_mask;
	uint32_t newcomer_mask;             ///< sets of the probation pool, less 1
	struct registry_newcomer *newcomer; ///< the pool, sets side by side
	uint64_t lot;
	struct hash_secret secret;
};

enum registry_verdict {
	REGISTRY_FOUND,
	REGISTRY_NEW,
	REGISTRY_HELD, ///< not believed yet
	REGISTRY_FULL,
};

/// Bytes that registry_init() needs for so many agents and sources.
size_t registry_size(uint32_t max_agents, uint32_t max_sources);
/// @p mem is zeroed memory, aligned to 64 bytes.
void registry_init(struct registry *r, void *mem, uint32_t max_agents, uint32_t max_sources,
		   const struct hash_secret *secret);

/// The index of an agent; a newcomer is entered. 0 when @p verdict is HELD or FULL.
uint32_t registry_agent(struct registry *r, const struct agent_id *id,
			enum registry_verdict *verdict);

static inline bool source_is(const struct source_id *a, const struct source_id *b)
{
	uint64_t x[2], y[2];
	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/// Where the index of a source is kept, if it was among those met last. Ports are numbered one
/// after the other, hence those of a switch do not push each other out.
static inline uint32_t *registry_recent(const struct registry *r, const struct source_id *id)
{
	const size_t row = (size_t)id->agent * 3 + id->direction;
	return &r->recent[row * REGISTRY_RECENT + id->ds_index % REGISTRY_RECENT];
}

/// The index of a data source's name of at most CUSTOM_NAME_MAX bytes; a new one is entered. 0 =
/// table full.
uint32_t registry_name(struct registry *r, const char *text, uint32_t len);

/// The index of a source; a new one is entered. 0 = table full.
uint32_t registry_source(struct registry *r, const struct source_id *id);
