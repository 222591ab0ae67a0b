// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The metric store: the latest two values of every counter record of every data source.
///
///     metrics_begin(m, now);                              // each tick
///     counter_merge(m, sources, worker, bank);            // counter.h, calls what follows
///     metrics_end(m, sources);                            // forgets what fell silent
///
///     for (uint32_t b = metrics_first(m, port); b != 0; b = block->next) ...  // readers
///
/// A data source has a chain of blocks (block.h), one per kind of record (and per sub-agent, should
/// two report the same data source). Nothing is computed when a sample comes but where the counters
/// stood before: rates and derived metrics are the reader's.
///
/// **Custom metrics** (sFlow-RT's rtmetric samples) belong to a data source that has a name instead
/// of a class and an index; it is a port (source.h) whose `named` is a text. Samples that begin
/// with the same metric replace each other; so several programs may feed one data source.
///
/// **Sequence**: counters samples of a (port, sub-agent) are numbered; what was lost, came twice or
/// late is counted per agent. Duplicates and late ones change nothing. An agent whose uptime went
/// back by more than 10 s has restarted.
///
/// **Retention**: a block is forgotten when its data source was silent for METRIC_INTERVALS times
/// what usually passed between its samples, and for METRIC_SILENCE at least. Readers skip such
/// blocks at once; their memory comes back within some 512 ticks.
///
/// Thread-safety: the aggregator writes; readers hold the lock as for the rest of the analyzer.
/// Memory: the caller's, metrics_size(): `bytes` for blocks and texts, 12 + 32 bytes per data
/// source and 16 to 32 for its share of the index of texts, 40 per agent, 0.2 MB. A switch port
/// with if_counters, ethernet_counters and a name takes 352 bytes of blocks (192 + 128 + 32); a
/// host with the eight usual records about 1.5 kB. Full: samples of further records are counted
/// in `room`.

#include <stdint.h>

#include "analyzer/block.h"
#include "analyzer/catalog.h"
#include "analyzer/slab.h"
#include "analyzer/source.h"
#include "analyzer/text.h"
#include "bank/registry.h"

#define METRIC_INTERVALS 5
/// ns.
#define METRIC_SILENCE UINT64_C(120000000000)
/// ns: an agent that was silent for so long is not listed any more.
#define METRIC_AGENT_SILENCE UINT64_C(86400000000000)
/// Words of a block at most.
#define METRIC_WORDS ((SLAB_PAGE - sizeof(struct block)) / sizeof(uint32_t))

struct metrics_config {
	uint64_t bytes; ///< for blocks and texts
	uint32_t max_agents, max_sources;
	struct hash_secret secret;
};

/// Counters samples of one (port, sub-agent).
struct metric_sampler {
	struct seq_window window;
	uint32_t uptime; ///< of the latest sample, ms
};

struct metric_agent {
	uint32_t host;  ///< port that described the host; 0 = none
	uint32_t ports; ///< with counters
	uint64_t lost, duplicates, late;
};

/// What became of the counter records that were logged: records = used + all the rest. Rows of
/// (name, help), `custom` apart: each is one metric of an rtmetric sample.
#define METRIC_STATS(X)                                                        \
	X(records, "counter records found in counters samples")                \
	X(used, "records kept as metrics")                                     \
	X(unknown, "records of unknown enterprise or format")                  \
	X(unused, "known, but no metric comes from them")                      \
	X(bad, "records that end too early, or run past their sample")         \
	X(repeated, "second records of one kind in a sample")                  \
	X(stale, "records of samples that came late or twice")                 \
	X(room, "records that found no memory: raise `metrics`")               \
	X(samples, "custom-metric (rtmetric) samples")                         \
	X(samples_used, "custom-metric samples kept")                          \
	X(samples_bad, "custom-metric samples that end early or name badly")   \
	X(samples_room, "custom-metric samples that found no memory or place") \
	X(lanes, "repetitions in a record beyond those that become metrics")

struct metric_stats {
#define X(name, help) uint64_t name;
	METRIC_STATS(X)
#undef X
};

struct metrics {
	struct metrics_config config;
	struct catalog catalog;
	struct slab slab;
	struct texts texts;
	uint32_t *first; ///< per port: its first block; 0 = none
	struct metric_sampler *sampler;
	struct metric_agent *agent;
	uint32_t *scratch;    ///< METRIC_WORDS: the record at hand
	uint32_t *touched;    ///< ports that sent counters in this tick, each once
	uint32_t *touched_in; ///< per port: the tick in which it did last
	uint32_t n_touched, tick;
	uint64_t now;       ///< ns
	uint64_t described; ///< how often a text, an address or whose it is changed
	uint32_t sweep;     ///< port where forgetting goes on
	struct metric_stats stats;
};

size_t metrics_size(const struct metrics_config *config);
/// @p mem: zeroed, aligned to CARVE_ALIGN.
void metrics_init(struct metrics *m, void *mem, const struct metrics_config *config);

/// What was said when, as the log has it.
struct metric_said {
	uint32_t port, sampler;
	uint32_t uptime; ///< ms
	uint64_t time;   ///< ns
	bool restarted;
};

void metrics_begin(struct metrics *m, uint64_t now);
/// False: a duplicate, or late: its records are not to be taken. Fills in said->restarted.
bool metrics_sample(struct metrics *m, uint32_t agent, uint32_t sequence, struct metric_said *said);
/// Keep one record; false: of an unknown type. @p sources: to know the port.
bool metrics_record(struct metrics *m, const struct sources *sources,
		    const struct metric_said *said, const struct sflow_record *r);
/// Keep the metrics of one rtmetric sample of an agent.
void metrics_custom(struct metrics *m, struct sources *sources, uint32_t agent, uint32_t uptime,
		    uint64_t time, const uint8_t *body, uint32_t len);
void metrics_end(struct metrics *m, const struct sources *sources);

static inline struct block *metrics_block(const struct metrics *m, uint32_t block)
{
	return slab_at(&m->slab, block);
}

static inline bool metrics_visible(const struct metrics *m, const struct block *b)
{
	const uint64_t interval = (uint64_t)b->interval * METRIC_INTERVALS * 1000000;
	const uint64_t most = interval > METRIC_SILENCE ? interval : METRIC_SILENCE;
	return b->time + most >= m->now;
}

/// The block itself or the next one in its chain that is not out of date; NULL at the end.
static inline const struct block *metrics_seek(const struct metrics *m, uint32_t block)
{
	while (block != 0) {
		const struct block *b = metrics_block(m, block);
		if (metrics_visible(m, b))
			return b;
		block = b->next;
	}
	return NULL;
}

static inline const struct block *metrics_first(const struct metrics *m, uint32_t port)
{
	return metrics_seek(m, m->first[port]);
}

static inline const struct block *metrics_next(const struct metrics *m, const struct block *b)
{
	return metrics_seek(m, b->next);
}
