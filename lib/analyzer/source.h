// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Who sends, over all workers: agents and data sources, their exact sums and what they lost.
///
///     sources_begin(s, start, end);                       // each tick
///     for each worker: sources_merge(s, worker, registry, bank);
///     sources_end(s);
///
/// A worker numbers what it met (bank/registry.h); here each gets one number for all workers, and
/// an array per worker translates. The way from the inside out:
///
///     sub_agent  (agent, sub-agent id): sequence of datagrams
///     sampler    (port, sub-agent): sequence, pool and drops of flow samples
///     port       (agent, class, index): name and speed
///     source     (port, direction): exact sums; its number is the prefix of flow keys
///     agent      (address): name, sums
///
/// Sub-agents that report the same data source are kept apart by their samplers, because their
/// sequences differ, and are one port and one source outside; such a port counts as a conflict.
/// Data sources that have names instead of numbers (rtmetric, rtflow) do not number their samples:
/// they have no sampler, and what was lost of their samples is not known.
///
/// Both directions of a port share the sampler, because the agent numbers their samples in one
/// sequence. Discarded-packet samples have a sequence of their own, and so a sampler of their own,
/// from when there is one. There is room for twice as many samplers as sources.
///
/// **Loss** is the growth of the highest sequence number, over all workers, minus what was
/// received: right however an agent's datagrams are spread over workers, and healed when late ones
/// arrive. At first contact and at a restart counting begins anew. What a restart is, is judged by
/// the state at the end of the tick before, not by the order of workers: a worker noticed one and
/// the number went back or the uptime did, or both went back far. A worker that learns of a
/// restart late does not make a second one. More received than were sent means duplicates that
/// came through different workers.
///
/// **Effective rate**: growth of the sample pool / samples received, since the first interval or
/// the latest restart or change of rate.
///
/// **Correction** for datagrams lost on the way, if it is asked for: what an agent's samples add is
/// multiplied by datagrams numbered / received of its sub-agents, of late (the last
/// SOURCE_LOSS_WINDOW/2 to SOURCE_LOSS_WINDOW of them), as known at the tick before; at most
/// SOURCE_CORRECTION_MAX, since a sender chooses the numbers. Squares follow, so that error bars
/// widen as they must. The factor is known whether or not it is asked for.
///
/// **Doubts** about a source are looked at whenever it has samples: see DOUBT_* of query.h.
///
/// When the roster is full, sums and flows of what does not fit go to source 0, which no agent
/// has; counted. A source whose sampler found no room is counted, too: what was lost of its samples
/// is not known.
///
/// Thread-safety: one thread merges; between sources_end() and the next sources_merge() anybody
/// may read. While flows are merged (after all sources_merge() of a tick) many threads may read
/// the translation. Memory: the caller's, sources_size() bytes. Limits: as configured.

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/audit.h"
#include "analyzer/decay.h"
#include "analyzer/roster.h"
#include "analyzer/text.h"
#include "bank/bank.h"

/// Time constant of the rates of agents and sources, s.
#define SOURCE_T 2.0

#define SOURCE_NAME_SIZE 64

#define SOURCE_LOSS_WINDOW    1024
#define SOURCE_CORRECTION_MAX 16

/// An address.
struct agent {
	struct addr addr;
	uint32_t pad; ///< zero; ends the identity
	char name[SOURCE_NAME_SIZE];
	struct addr via;
	uint32_t uptime;
	uint32_t n_subs;
	uint32_t n_ports;               ///< with flow samples
	uint32_t first_port, last_port; ///< list of all, in order of their numbers; 0 = none
	uint32_t n_discarding;          ///< ports with discarded-packet samples
	uint64_t datagrams, bytes, duplicates, late;
	uint64_t flow_samples, counters_samples, discards;
	uint64_t flow_duplicates, flow_late, discard_duplicates, discard_late;
	uint64_t first, last; ///< ns
	uint32_t first_sub;   ///< list; 0 = none
	uint32_t source;      ///< stands for all of its data sources; 0 = none (yet)
	double correction;    ///< for datagrams lost lately, see above; 0 = not known, as good as 1
};

/// A place in a sequence of numbers.
struct sight {
	bool valid;
	uint32_t sequence;
	uint32_t uptime;      ///< of agents
	uint32_t pool, drops; ///< of samplers
};

/// Sequence accounting over workers.
struct tally {
	struct sight high; ///< at the end of the latest tick with news
	uint64_t since;    ///< ns: when counting began anew
	uint64_t lost;     ///< not received, as far as known
	uint64_t surplus;  ///< received more than were sent
	uint64_t restarts;
	// This tick:
	uint32_t received;
	struct sight same;  ///< highest of the sequence that is known
	struct sight fresh; ///< highest after a restart
};

struct sub_agent {
	uint32_t agent, id;
	uint32_t next; ///< of the same agent
	uint32_t tick; ///< when `tally` was touched last
	/// Over its samplers: samples lost on the way, and growth of the agent's counts of drops.
	uint64_t lost_samples, drops;
	uint64_t lost_discards, discard_drops; ///< the same of discarded-packet samples
	double due, got;                       ///< datagrams of late: numbered, received
	struct tally tally;
};

struct port {
	uint32_t agent, ds_class, ds_index;
	uint32_t named; ///< text of a custom data source (metric.h), else 0; ends the identity
	char name[SOURCE_NAME_SIZE];
	uint64_t speed; ///< bit/s
	uint32_t next;  ///< of the same agent
	uint32_t first_sampler;
	uint32_t n_samplers; ///< with flow samples
	bool discarding;     ///< had discarded-packet samples
	bool inner;          ///< no edge of the network: left out where `aggMode` is edge
	uint32_t source[3];  ///< by direction (enum packet_direction); 0 = none
	struct audit audit;
};

/// Marks the sampler of discarded-packet samples.
#define SAMPLER_DISCARDS (1u << 31)

struct sampler {
	uint32_t port;
	uint32_t sub_agent;          ///< with SAMPLER_DISCARDS, perhaps; ends the identity
	uint32_t next;               ///< of the same port; not of discards
	uint32_t tick;               ///< when `tally` was touched last
	uint32_t restarts;           ///< of the sub-agent, when the tally was right
	bool used;                   ///< had flow samples
	bool rate_changed;           ///< in this tick
	bool no_discards;            ///< the port's sampler of discards found no room
	uint64_t drops;              ///< growth of the agent's count
	uint64_t pool, pool_samples; ///< growth, and samples received meanwhile
	struct tally tally;
};

/// Two sums, bytes and frames, and their squares.
struct source_sums {
	double bytes, frames, q_bytes, q_frames;
};

struct source {
	uint32_t port, direction;
	uint32_t tick; ///< when `added` was touched last
	uint32_t gen;  ///< of `rate`, see decay.h
	uint32_t sampling_rate;
	uint32_t flags;    ///< SOURCE_* of bank.h
	uint32_t doubts;   ///< DOUBT_*
	double correction; ///< with which its sums are scaled now; 0 = 1
	uint64_t samples, discards;
	uint64_t last;            ///< ns
	struct source_sums total; ///< since the start
	struct source_sums rate;  ///< smoothed, stored as decay.h says
	struct source_sums added; ///< in this tick
};

struct source_config {
	uint32_t n_workers, max_agents, max_sources;
	bool correct_loss;   ///< scale by `correction`
	struct texts *texts; ///< for names of data sources
	struct hash_secret secret;
};

/// One worker's numbers -> ours.
struct translation {
	uint32_t n_agents, n_sources; ///< known so far
	uint32_t *sub_agent;
	uint32_t *sampler;
	uint32_t *source; ///< read for every flow
};

struct sources {
	struct source_config config;
	struct roster agent, sub_agent, port, sampler, source;
	struct translation *worker;
	struct decay decay;
	uint64_t start, now; ///< the interval, ns
	uint32_t tick;
	uint32_t *touched; ///< sources of this tick; then samplers, then sub-agents (three arrays)
	uint32_t *touched_samplers, *touched_subs;
	uint32_t n_touched, n_touched_samplers, n_touched_subs;
	uint64_t received, lost;                  ///< datagrams, as found out in this tick
	uint64_t missing;                         ///< those lost, since the start
	uint32_t n_by_agent;                      ///< agents that sources_by_agent() has seen
	uint64_t named;                           ///< how often an agent or port was named anew
	uint64_t conflicts;                       ///< ports with more than one sampler
	uint64_t doubtful;                        ///< sources with a doubt
	double most_correction;                   ///< of the agents of the latest tick
	uint64_t agents_refused, sources_refused; ///< of workers, because a roster is full
};

size_t sources_size(const struct source_config *config);
/// @p mem: zeroed, aligned to CARVE_ALIGN.
void sources_init(struct sources *s, void *mem, const struct source_config *config);

void sources_begin(struct sources *s, uint64_t start, uint64_t end);
/// Translate what is new to the worker, then add its cells. The counter log is counter.h's.
void sources_merge(struct sources *s, uint32_t worker, const struct registry *registry,
		   const struct bank *bank);
void sources_end(struct sources *s);

/// Give every agent a source that stands for all of it, data source "0", for definitions that
/// measure by agent. Cheap when there is no new agent.
void sources_by_agent(struct sources *s);

/// The port of an agent's data source that has a name; a new one is entered. 0 = full (counted).
uint32_t sources_named_port(struct sources *s, uint32_t agent, const char *name, uint32_t len);

/// Its name, which lives as long as the sources; NULL: its class and index tell.
const char *sources_port_name(const struct sources *s, const struct port *p);

/// Our number of a worker's source; 0 = it did not fit.
static inline uint32_t sources_translate(const struct sources *s, uint32_t worker, uint32_t source)
{
	const struct translation *t = &s->worker[worker];
	return source < t->n_sources ? t->source[source] : 0;
}

static inline struct agent *sources_agent(const struct sources *s, uint32_t i)
{
	return roster_at(&s->agent, i);
}

static inline struct sub_agent *sources_sub_agent(const struct sources *s, uint32_t i)
{
	return roster_at(&s->sub_agent, i);
}

static inline struct port *sources_port(const struct sources *s, uint32_t i)
{
	return roster_at(&s->port, i);
}

static inline struct sampler *sources_sampler(const struct sources *s, uint32_t i)
{
	return roster_at(&s->sampler, i);
}

static inline struct source *sources_at(const struct sources *s, uint32_t i)
{
	return roster_at(&s->source, i);
}

/// What additions of a source are multiplied by in this tick.
static inline double sources_correction(const struct sources *s, uint32_t source)
{
	const double f = s->config.correct_loss ? sources_at(s, source)->correction : 1;
	return f > 0 ? f : 1;
}

/// The largest of them that there may be.
static inline double sources_most_correction(const struct sources *s)
{
	return s->config.correct_loss && s->most_correction > 1 ? s->most_correction : 1;
}

/// Pool / samples of a port's samplers, those counted that were lost on the way; 0 = unknown.
double sources_effective(const struct sources *s, const struct port *p, double *n_samples);

/// Sources of a port, one per direction, into @p out; returns how many (0: port not known).
uint32_t sources_of(const struct sources *s, const struct addr *agent, uint32_t ds_class,
		    uint32_t ds_index, uint32_t out[3]);

/// Smoothed rates per second.
struct source_sums sources_rate(const struct sources *s, uint32_t i);

/// Order by agent address, class, index, direction: < 0, 0, > 0. @p ctx: the struct sources.
int sources_order(const void *ctx, uint32_t a, uint32_t b);
