// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A bank is everything that one worker learned in one interval, measured by one program.
///
///     struct intake *in = ...;                       // one per worker, outlives the banks
///     struct payload p[64]; ...                      // a burst of UDP payloads
///     bank_ingest(bank, in, p, n);                   // worker
///     ... the aggregator swaps in another bank and waits for a grace period ...
///     for each table, cell and log entry: merge;     // aggregator
///     bank_clear(bank);                              // O(1)
///
/// Contents: one table per flow definition (table.h), one exact cell per data source and one for
/// its discarded-packet samples, one cell per agent, a log of raw counters samples, which fields
/// the first samples of the interval had (`seen`, of SEEN_SAMPLES of them), and which types of
/// samples and flow records nobody could read. The `trace`, where the worker keeps datagrams as
/// they came, is borrowed: bank_clear() leaves it, and the aggregator sets it before it publishes
/// the bank.
///
/// The tables are objects of their own, so that another program costs only the tables of what
/// is new: bank_bind(). The cells are never evicted: a port's total is not a lottery. `intake` is
/// what must survive a swap: the registry of agents and sources with their sequence windows, the
/// counters, and scratch memory.
///
/// Threading: a published bank and the intake belong to their worker. A retired bank belongs to the
/// aggregator, which may also read intake->registry ids below bank->n_agents and bank->n_sources.
/// Memory: caller's (hugepages of the worker's socket in the daemon), bank_shell_size() bytes and
/// bank_table_size() for each definition; nothing is allocated later. Limits: those of bank_config;
/// whatever does not fit is counted.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bank/registry.h"
#include "bank/stats.h"
#include "program/program.h"
#include "sflow/unknown.h"
#include "table/cell.h"
#include "table/distinct.h"
#include "table/table.h"

/// A UDP payload that should be sFlow. All inputs hand over these.
struct payload {
	const uint8_t *data;
	uint32_t len;       ///< bytes
	uint8_t via_family; ///< enum addr_family of `via`
	const uint8_t *via; ///< UDP source address, 0, 4 or 16 bytes; for display only
	uint64_t time;      ///< ns: monotonic, or the capture's clock in a replay
};

/// Sizes, fixed at start.
struct bank_config {
	uint32_t entries; ///< per table, rounded up to a power of two of buckets
	uint32_t max_agents;
	uint32_t max_sources;
	uint32_t log_size; ///< bytes of counters samples per interval
	uint32_t sketches; ///< per table whose definition counts distinct values (table/distinct.h)
	struct hash_secret secret;
	uint64_t seed; ///< of the tables' random choices
};

/// Sums of one data source over one interval; exact. 64 bytes.
struct source_cell {
	double bytes;      ///< sum of rate x frame length
	double frames;     ///< sum of rate
	double q_bytes;    ///< sum of (rate x frame length)^2
	double q_frames;   ///< sum of rate^2
	uint32_t epoch;    ///< equals the bank's when in use
	uint32_t samples;  ///< flow samples, those stepped over among them
	uint32_t rate;     ///< sampling rate of the latest sample, as sent
	uint32_t sequence; ///< highest flow-sample sequence number
	uint32_t pool;     ///< highest sample_pool
	uint32_t drops;    ///< latest drops
	uint16_t discards; ///< discarded-packet samples (at most 65535, then stays)
	uint16_t flags;    ///< SOURCE_*
	uint32_t last;     ///< ms since the bank's `start`
};

enum {
	SOURCE_RESTARTED = 1 << 0, ///< sequence began anew in this interval
	SOURCE_RATE_ZERO = 1 << 1, ///< a sample said rate 0
	SOURCE_RATE_CHANGED = 1 << 2,
	SOURCE_RATE_ABSURD = 1 << 3, ///< a sample said a rate above SANE_RATE
	SOURCE_EVENTS = 1 << 4,      ///< the samples are custom events: no packets
};

/// Sampling rates beyond are believed, but flagged and counted: no agent is known to sample one in
/// sixteen million.
#define SANE_RATE (1u << 24)

/// The discarded-packet samples of one data source over one interval, which have a sequence of
/// their own. Meaningful where source_cell.discards is not 0.
struct discard_cell {
	uint32_t samples;
	uint32_t sequence; ///< highest sequence number
	uint32_t drops;    ///< latest drops
};

/// Sums of one agent over one interval.
struct agent_cell {
	uint32_t epoch;
	uint32_t datagrams; ///< used
	uint64_t bytes;     ///< of payload
	/// Flow samples: those stepped over among them.
	uint32_t flow_samples, counters_samples, discards;
	uint32_t duplicates, late;
	uint32_t flow_duplicates, flow_late;       ///< flow samples
	uint32_t discard_duplicates, discard_late; ///< discarded-packet samples
	uint32_t sequence;                         ///< highest datagram sequence number
	uint32_t uptime;                           ///< ms, of the latest datagram
	uint32_t flags;                            ///< AGENT_*
	uint64_t last;                             ///< payload.time of the latest datagram, ns
	struct addr via;                           ///< UDP source of the latest datagram
};

enum {
	AGENT_RESTARTED = 1 << 0, ///< uptime or sequence went back in this interval
};

/// A counters sample in the log: this header, then `len` bytes of counter records, then padding
/// to 8 bytes. Of a custom-metric sample (rtmetric) the bytes are its whole body. Of some rtflow
/// samples the fields are there, from their count on, for whoever wants to know their names.
struct log_entry {
	uint32_t tag;    ///< SFLOW_COUNTERS_SAMPLE (of either form), SFLOW_RTMETRIC or SFLOW_RTFLOW
	uint32_t source; ///< index in the registry, direction 0; of custom samples the agent's
	uint32_t len;
	uint32_t sequence; ///< 0 for custom samples, which have none
	uint32_t uptime;   ///< of the agent, ms
	uint64_t time;     ///< payload.time, ns
};

/// What a bank holds for one definition.
struct bank_table {
	struct table table;
	struct distinct_pool pool; ///< empty where nothing distinct is counted
};

/// Occurrences of a field that are told apart (`ipsource`, `ipsource.1`, `ipsource.2`).
#define SEEN_OCCURRENCES 3
#define SEEN_WORDS       ((N_FIELDS * SEEN_OCCURRENCES + 63) / 64)
/// Samples of an interval that are looked at for what they have: all of a quiet network's.
#define SEEN_SAMPLES 64
/// Likewise rtflow samples, whose fields have names.
#define SEEN_RTFLOWS 8

struct bank {
	const struct program *program;
	uint64_t until;      ///< replay: first time that no longer belongs here; live: UINT64_MAX
	uint64_t start;      ///< ns; time base of the `last` fields
	struct trace *trace; ///< where the worker keeps datagrams (trace.h); NULL = nowhere
	uint32_t epoch;
	uint32_t n_agents; ///< registry counts when the bank was last used
	uint32_t n_sources;
	uint32_t n_names;
	uint32_t n_touched_agents, n_touched_sources;
	uint32_t *touched_agents, *touched_sources; ///< indices of cells in use
	struct agent_cell *agent;
	struct source_cell *source;
	struct discard_cell *discard; ///< of the sources, by the same index
	uint8_t *log;
	uint32_t log_size, log_len;
	/// Which fields samples had: bit (field x SEEN_OCCURRENCES + occurrence). Only the first
	/// samples of an interval are looked at, so that it costs no more where there are many.
	uint64_t seen[SEEN_WORDS];
	uint32_t looks;               ///< samples that are still to be looked at
	uint32_t rtflow_looks;        ///< rtflow samples that are still to be logged
	struct unknown_tags *unknown; ///< samples and flow records; counter records: see the log
	struct bank_table **table;    ///< one per definition
	struct hs_scratch *scratch;   ///< what filters match in (pattern.h)
	struct bank_config config;
};

struct intake;

/// Bytes of a bank without tables.
size_t bank_shell_size(const struct bank_config *config);
/// Lay out a bank in @p mem (zeroed, aligned to 64 bytes) and return it. It measures the program of
/// no definitions.
struct bank *bank_shell_init(void *mem, const struct bank_config *config);

/// Bytes of one table of a bank.
size_t bank_table_size(const struct flow_def *def, const struct bank_config *config);
/// Lay out an empty one in @p mem (zeroed, aligned to 64 bytes); @p seed of its random choices.
struct bank_table *bank_table_init(void *mem, const struct flow_def *def,
				   const struct bank_config *config, uint64_t seed);

/// What a bank needs to measure a program.
struct bank_kit {
	struct bank_table **table;  ///< one per definition
	struct hs_scratch *scratch; ///< a copy of the program's (pattern.h); NULL where it has none
};

/// Measure @p program from now on. Its i-th table is the present one of number from[i]; where that
/// is negative (program_match()), kit->table[i] as the caller has filled it in. The bank keeps what
/// is in @p kit and leaves there what it had: that, and the tables that were not taken over, are
/// the caller's again. The bank is retired or not published yet. Cannot fail.
void bank_bind(struct bank *b, const struct program *program, const int32_t *from,
	       struct bank_kit *kit);

/// For a program that never changes, a bank and its tables in one block: bytes of it. It matches
/// patterns in the program's scratch memory: such banks are of one thread.
size_t bank_size(const struct program *program, const struct bank_config *config);
/// Lay out such a bank in @p mem (zeroed, aligned to 64 bytes) and return it.
struct bank *bank_init(void *mem, const struct program *program, const struct bank_config *config);
/// Forget everything and start an interval at @p start ns that ends before @p until ns. O(1).
void bank_clear(struct bank *b, uint64_t start, uint64_t until);

/// Per-agent policy; asked once, when an agent is first met.
struct intake_policy {
	/// False: drop its datagrams. May be NULL.
	bool (*allow)(void *ctx, const struct addr *agent);
	/// Sampling rate that replaces what this agent sends; 0 = none. May be NULL.
	uint32_t (*sampling_rate)(void *ctx, const struct addr *agent);
	/// Sampling rate of samples that say 0; 0 = 1. May be NULL.
	uint32_t (*default_rate)(void *ctx, const struct addr *agent);
	void *ctx;
	uint32_t max_datagram_rate; ///< datagrams per second and agent; 0 = any
};

size_t intake_size(const struct bank_config *config);
/// @p mem is zeroed, aligned to 64 bytes. @p stats belongs to the worker.
struct intake *intake_init(void *mem, const struct bank_config *config,
			   const struct intake_policy *policy, struct stats *stats);
const struct registry *intake_registry(const struct intake *in);
/// Every agent begins anew: a capture is played once more. Worker only.
void intake_restart(struct intake *in);

/// Least probability that intake_keep() takes.
#define INTAKE_KEEP_MIN (1.0 / 1024)

/// From the next bank_ingest() on, measure each flow sample with probability @p p only, which is
/// put between INTAKE_KEEP_MIN and 1, and let it stand for 1/p of them; step over the others. Sums
/// stay unbiased: each sample adds its value on average, by a lot of its own. The squares are those
/// of what is added, so error bars widen as they must. A sample that is stepped over counts in its
/// source's and agent's `samples` and in their sequences, so that neither loss nor the effective
/// rate is mistaken, and as `sample_shed`; nothing of the packet is read. Counters samples, custom
/// metrics and discarded-packet samples are never stepped over. What does not sum up is that of the
/// samples that are measured: numbers of distinct values, smallest and largest. Worker only.
void intake_keep(struct intake *in, double p);

/// The sets of an entry of table @p def, in the order of its CELL_COUNT cells; they lie behind the
/// cells.
static inline struct distinct *bank_sets(const struct bank *b, uint32_t def,
					 const struct table_entry *e)
{
	struct cell *cells = table_cells(&b->table[def]->table, e);
	return (struct distinct *)(void *)(cells + b->program->def[def].n_cell);
}

/// Decode @p n payloads and measure them. Never fails: what cannot be used is counted.
void bank_ingest(struct bank *b, struct intake *in, const struct payload *p, unsigned n);

/// The cell of a source if this bank used it, else NULL; for the aggregator and tests.
const struct source_cell *bank_source(const struct bank *b, uint32_t index);
const struct agent_cell *bank_agent(const struct bank *b, uint32_t index);
/// Iterate the log: NULL first, then what was returned; NULL at the end.
const struct log_entry *bank_log_next(const struct bank *b, const struct log_entry *e);
