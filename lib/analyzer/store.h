// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The merged store of one flow definition: what all workers found, smoothed, bounded, fair to
/// every data source.
///
///     store_begin(s, start, end);               // everything decays: O(1)
///     store_add(s, adds, n);                    // for each worker, in batches
///     for (uint32_t i = 0; i < s->n_touched; i++)
///             entry = store_settle(s, i);       // entries that the tick touched, once each
///     store_end(s);
///
/// An entry is one flow on one data source: a key whose first four bytes are the source's number.
/// Found by a hash index. What a tick adds is summed apart in the entry and enters its rate once,
/// in store_settle(): so the result does not depend on how many workers the samples came through,
/// and compaction, thresholds and the top list see whole ticks.
///
/// **When the pool is full** a newcomer still gets an entry, and then two entries of one source
/// become one: of eight neighbours in the source's chain, at a hand that goes round it, the two
/// smallest. The survivor has value a + b and keeps label a with probability a / (a + b), which
/// leaves every expectation and the total as they were (Ting, SIGMOD 2018; table.h). The lot adds
/// ab to the variance of either; the survivor's q becomes (qa + ab) (a + b) / a, that is divided by
/// the chance of surviving, and so q stays an unbiased estimate of the variance for every key. The
/// loser's value is added to what is inherited.
///
/// **Which source pays**: one with most entries beyond n, found in O(1): sources are kept in lists
/// by the logarithm of what they have beyond n, or of what they have if that is less. A source
/// with at most n entries pays only when none has more than n, which is when n x sources exceed
/// the pool. So elephants do not push out the flows of a small port. Only when every source has a
/// single entry are flows of different sources merged.
///
/// **floor**: about the largest rate that a flow without an entry may have: what the tables of the
/// workers may have dropped (the sum of their floors, smoothed like any flow) plus the largest
/// value that lost its entry here (decayed). It is 0 while nothing was lost, and a flow above it
/// is listed. Not a strict bound: a flow that lost its entry again and again may have had more.
///
/// **Top**: a heap of the largest entries, fed by touched ones. Decay keeps the order of all
/// others, hence nobody below can rise without being touched, and no tick walks the store. The
/// heap has twice the wanted size, because a merge may take a member away. What is turned away
/// raises a bound: no entry outside is above it, and where there is room only those above it come
/// in, so that members are the largest of all. When a quarter is missing, a walk over some of the
/// entries in each tick fills the heap anew and finds a new bound; until then members above the old
/// one are sure, and who asks for more gets the answer from all entries. Ties go to the smaller
/// key, then to the source that `order` puts first: results do not depend on addresses or on the
/// secret of the hash.
///
/// **Figures**. A definition whose value is avg:, min:, max: or count: (VALUE_CELL) adds frames;
/// these decide which flows are kept, as above, and how sure a figure is (n_effective). What it
/// shows, sorts by and compares with thresholds is the figure of its last cell. A figure neither
/// adds up nor decays, and may fall while others stay. So it is worked out when its entry is
/// touched and, for all entries, in the first ticks of a period of length t, some in each; before
/// its turn, when somebody asks. There is no heap, and the top is picked from all entries when
/// somebody asks. A flow without a sample in this period and the one before has the figure 0.
///
/// **Minimum and maximum** are those of the current period of length t and the one before: workers'
/// cells merge by min and max, and what is older is forgotten, lest one strange sample stay for
/// ever. **Averages** are weighted by the decay of the rates.
///
/// **Distinct values** (`count:`) have no decay. An entry keeps two sets, of the current period of
/// length t and of the one before; the answer is the count of their union. Sketches come from a
/// pool; when it is used up they are taken back from entries whose sets are out of date.
///
/// Thread-safety: one thread at a time. Memory: the caller's, store_size() bytes; nothing is
/// allocated later. An entry takes one cache line for keys of up to 24 bytes (two up to 88), a
/// second for what is smoothed once a tick, and about 30 bytes elsewhere. Cost: an addition touches
/// the entry's line and a slot of the index, both prefetched. Limits: entries, sources and top as
/// configured; weights are finite and >= 0.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/decay.h"
#include "analyzer/lookup.h"
#include "analyzer/span.h"
#include "base/carve.h"
#include "base/hash.h"
#include "base/rng.h"
#include "program/program.h"
#include "table/cell.h"
#include "table/distinct.h"

/// Additions per batch: enough to hide the latency of memory, few enough to stay in the L1 cache.
#define STORE_BATCH 32

struct store_config {
	uint32_t entries;     ///< kept at most; at least 16
	uint32_t max_sources; ///< highest number of a source
	uint32_t top;         ///< entries kept ready in order, at least 1
	uint64_t retention;   ///< ns: forget what was idle for longer, and for 30 t
	uint32_t sketches;    ///< for counts of distinct values (table/distinct.h)
	struct hash_secret secret;
	uint64_t seed;
	/// Which of two sources comes first (< 0, 0, > 0) where value and key tie; NULL: by number.
	int (*order)(const void *ctx, uint32_t a, uint32_t b);
	const void *order_ctx;
};

#define STORE_LISTED 0x80000000u

/// One entry; its key follows. The value is stored as decay.h says, of generation `gen`.
struct store_entry {
	double value;
	double fresh, fresh_q; ///< what this tick added, not smoothed yet, and its squares
	uint32_t gen;
	uint32_t n;    ///< samples that it added, and STORE_LISTED while it is in store.touched
	uint32_t last; ///< ms from the tick's start to the latest; free entry: the next free one
	uint32_t ref;  ///< place in the chain: chunk x 16 + position; 0 = free
	uint8_t key[];
};

/// Distinct values of the latest two periods.
struct store_set {
	struct distinct now, before;
	uint64_t period; ///< number of the one that `now` belongs to
};

/// A minimum or maximum of the period before `period`, to which the cell belongs.
struct store_before {
	struct cell cell;
	uint64_t period;
};

/// The part of an entry that an addition does not need; its cells follow, then its sets, then one
/// store_before for each cell if some of them are minima or maxima.
struct store_past {
	uint64_t n;             ///< samples of this key
	uint64_t first;         ///< ns: start of the interval in which it was entered
	uint64_t last;          ///< ns: latest sample
	double q, inherited;    ///< stored as the value
	double fresh_inherited; ///< what this tick added
	uint32_t rank;          ///< its place in the top heap + 1; 0 = not in it
	uint32_t period;        ///< VALUE_CELL: of which its figure is
	struct cell cell[];
};

/// Entries of one source, fourteen to a cache line. All chunks but the first are full.
struct store_chunk {
	uint32_t next; ///< 0 = last (also: next free chunk)
	uint32_t n;
	uint32_t entry[14];
};

/// One source's part of the store.
struct store_chain {
	uint32_t head; ///< chunk; 0 = none
	uint32_t hand; ///< chunk where the next compaction looks; 0 = head
	uint32_t turn; ///< position in it
	uint32_t count;
	uint32_t prev, next; ///< sources in the same class; 0 = none
};

#define STORE_CLASSES 64

struct store {
	const struct flow_def *def;
	struct store_config config;
	struct decay decay;
	uint64_t start, now; ///< the interval, ns
	struct rng rng;

	uint32_t entry_size, past_size;
	uint32_t before_offset; ///< in the past; 0 = no minima, no maxima
	double *figure;         ///< VALUE_CELL: per entry, of past.period; else NULL
	uint32_t figure_hand;   ///< where working them out goes on; 0 = done for this period
	uint8_t *entry;         ///< entries + 1 of them, from 1 on (one more than is kept)
	uint8_t *past;
	uint32_t used, n_slots; ///< in use; ever used
	uint32_t free;          ///< list of free entries; 0 = none
	struct lookup lookup;

	struct store_chunk *chunk;
	uint32_t n_chunks, free_chunk;
	struct store_chain *chain;
	uint32_t n_sources; ///< with an entry

	struct distinct_pool sketches;
	uint32_t *sketch_owner; ///< entry that took each sketch last
	uint32_t sketch_hand;   ///< where the next search for one begins
	uint64_t period;        ///< number of the current period of length t
	uint64_t classes;       ///< bit i: class_first[i] is not empty
	uint32_t class_first[STORE_CLASSES];

	uint32_t *touched; ///< entries that this tick added to, and such as are gone since
	uint32_t n_touched;

	struct spans spans; ///< completed flows, where the definition wants them

	uint32_t *top; ///< heap, the last in order on top
	uint32_t n_top, top_size;
	double top_bound;  ///< no entry outside has more; < 0 = there was none
	double walk_bound; ///< none outside that were walked over
	uint32_t top_gen;  ///< generation of the two, which are stored as values
	uint32_t top_hand; ///< where filling it anew goes on; 0 = it is not
	uint32_t sweep;    ///< where expiry goes on

	// Sums over all entries, stored as decay.h says, of the present generation.
	double total, inherited;
	double floor_tables, floor_lost;
	double tick_total, tick_inherited; ///< this interval, not smoothed yet
	uint64_t evicted;                  ///< entries merged into others
};

/// One addition.
struct store_add {
	const void *key; ///< def->key_size bytes, the source's number in front, 8-byte aligned
	double value;    ///< sum over the interval
	double q;        ///< of squares
	double inherited;
	uint32_t last;                    ///< ms since the interval began, of the latest
	uint32_t n;                       ///< samples, below STORE_LISTED in a tick
	const struct cell *cell;          ///< def->n_cell of them; may be NULL
	const struct distinct *set;       ///< def->n_set of them
	const struct distinct_pool *pool; ///< where their sketches lie
};

size_t store_size(const struct flow_def *def, const struct store_config *config);
/// @p mem: zeroed, aligned to CARVE_ALIGN. @p def must outlive the store.
void store_init(struct store *s, void *mem, const struct flow_def *def,
		const struct store_config *config);

/// The interval [start, end) ns is over: everything decays; additions that follow belong to it.
void store_begin(struct store *s, uint64_t start, uint64_t end);
/// Add @p n values (any number; in batches of STORE_BATCH inside).
void store_add(struct store *s, const struct store_add *a, uint32_t n);
/// What a worker's table may have dropped in this interval (table.floor).
void store_floor(struct store *s, double value);
/// Smooth what the tick added to the i-th of touched; returns the entry, 0 when it was merged away
/// meanwhile. To be called once for each.
uint32_t store_settle(struct store *s, uint32_t i);
/// All are settled: sums, the top list, expiry of idle entries.
void store_end(struct store *s);
/// Between ticks, when nothing is measured any more: end flows that are open, as many as there are
/// reports; s->spans.n_done of them. To be called until that is 0.
void store_end_spans(struct store *s);

/// The entry of a key; 0 = none. @p tag is lookup_tag() of its hash.
uint32_t store_find(const struct store *s, const void *key, uint32_t tag);
uint32_t store_tag(const struct store *s, const void *key);

static inline struct store_entry *store_entry(const struct store *s, uint32_t i)
{
	return (struct store_entry *)(void *)(s->entry + (size_t)i * s->entry_size);
}

static inline struct store_past *store_past(const struct store *s, uint32_t i)
{
	return (struct store_past *)(void *)(s->past + (size_t)i * s->past_size);
}

static inline uint32_t store_source(const struct store *s, uint32_t i)
{
	uint32_t source;
	memcpy(&source, store_entry(s, i)->key, sizeof(source));
	return source;
}

/// An entry's rate per second, its variance and the inherited part, as at the latest tick. A figure
/// has neither of the two; how many samples it rests on is known of it, too.
struct store_rate {
	double value, q, inherited;
	double n_effective; ///< V^2 / q of what was added
};
struct store_rate store_rate(const struct store *s, uint32_t i);

/// The part of the rate that is the key's own: never more than what its samples gave.
double store_own(const struct store *s, uint32_t i);

/// The k-th cell: a sum as smoothed rate, an average weighted by the same decay, minimum and
/// maximum of the latest two periods.
double store_cell(const struct store *s, uint32_t i, unsigned k);
/// The same so that it can be merged with that of another entry (cell_merge(), weight 1): sums as
/// rates, weights as they have faded; a count as if it were a maximum.
struct cell store_cell_now(const struct store *s, uint32_t i, unsigned k);
/// Sketches (table/distinct.h) that store_cell_now() of the entry reads.
uint32_t store_sketches(const struct store *s, uint32_t i);

/// True when entry @p a comes before @p b: larger, or equal and first by key and source.
bool store_before(const struct store *s, uint32_t a, uint32_t b);

/// True unless the entry was idle for so long that it is about to be forgotten.
bool store_visible(const struct store *s, uint32_t i);

/// The @p n first entries in order into @p out, which has room for n. Of rates up to config.top,
/// nearly always: O(top log n); beyond, and of figures, which no heap holds in order: O(entries
/// log n). Returns how many.
uint32_t store_top(const struct store *s, uint32_t *out, uint32_t n);

/// The first entries in order among those of some sources, found in steps: a source may have them
/// all. Set what is above the line and leave the rest zero.
struct store_pick {
	uint32_t source[3]; ///< as many as a port has directions
	uint32_t n_sources;
	uint32_t max;   ///< wanted
	uint32_t *best; ///< room for them
	// --- the store's
	uint32_t n;             ///< found
	uint32_t at, chunk;     ///< the source after the one that is walked, and where in it
	uint64_t begun, latest; ///< ns: the ticks of the first and the latest step
};

/// Look at about @p left entries, and take as many from it. True: that was all of them. Ticks may
/// pass between two steps: what is there from the first step to the end is found, if it did not
/// rise only after the walk had passed it.
bool store_pick_step(const struct store *s, struct store_pick *p, uint32_t *left);
/// best[0 .. n) in order, with what is gone by now left out. They stand until the next tick.
void store_pick_end(const struct store *s, struct store_pick *p);
/// Where values are figures: the entry of a source with the largest one; 0 = it has none.
uint32_t store_largest(const struct store *s, uint32_t source);

/// Entries that each source is sure to keep.
uint32_t store_kept(const struct store *s);

// For top.c, store_cell.c and store.c alone.
void cells_layout(struct store *s, const struct flow_def *def);
void cells_begin(struct store *s);
void cells_merge(struct store *s, uint32_t entry, const struct store_add *a);
void cells_scale(struct store *s, uint32_t entry, double factor);
void cells_settle(struct store *s, uint32_t entry);
void cells_drop(struct store *s, uint32_t entry);
void top_update(struct store *s, uint32_t entry);
void top_remove(struct store *s, uint32_t entry);
void top_walk(struct store *s);
double cells_figure(const struct store *s, uint32_t entry);
void cells_walk(struct store *s);
