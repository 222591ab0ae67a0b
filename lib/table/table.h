// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The one table: bounded, exact until a bucket is full, then unbiased.
///
/// A key lives in one bucket of eight entries. Found: add. A free entry: insert. Full: let m be the
/// smallest value of the bucket; that entry becomes m + w, and with probability w / (m + w) it is
/// given to the new key. This is Space-Saving (Metwally et al. 2005) within a bucket, with the
/// probabilistic label that makes it unbiased (Ting, "Data Sketches for Disaggregated Subset Sum",
/// SIGMOD 2018): E[estimate of a key] is its true sum, whether it is tracked or not, and the sum of
/// all entries is exactly the sum of all that was added. Merging two such tables by adding the
/// entries of one to the other keeps both properties.
///
/// Beside its value an entry carries
///  - q, the variance of the value as an estimate: the sum of squares of what was added (Poisson
///    sampling). The lot of a replacement adds m * w to the variance of either key; divided by the
///    chance of the label that won, as what survives speaks for what does not, q stays an unbiased
///    estimate of it. A key that has just taken an entry has q = (m + w)^2: the information of one
///    sample. 1.96 sqrt(q) is the half width of the 95 % interval, V^2 / q the effective number of
///    samples;
///  - inherited, the part of the value that came from other keys. value - inherited is a lower
///    bound of what the key really sent since it was entered: events fire on that, never on
///    borrowed weight;
///  - n, the samples of the key itself, and the time of the last one;
///  - cells for secondary values, where the definition asks for them.
///
/// Layout: a bucket is its head and the eight entries behind it, so that both lines of an addition
/// nearly always lie in one page. The head is one cache line, eight 16-bit tags, eight float hints
/// of the values (to find the smallest without touching the entries) and the epoch; an entry is one
/// line when the key has at most 32 bytes, two when it has at most 96, and so on. A hit touches two
/// lines, a miss in a full bucket the same two: a flood of unique keys costs what normal traffic
/// costs.
///
/// Clearing is O(1): a bucket whose epoch is not the table's is empty. The list of touched buckets
/// makes a merge cost what was used.
///
/// Threading: one thread at a time. Memory: the caller's, table_size() bytes; nothing is allocated
/// later. Limits: entries fixed at init; weights are finite and >= 0.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/rng.h"

#define TABLE_WAYS 8

/// Shape of the entries, from the definition.
struct table_shape {
	uint32_t entries;    ///< wanted; rounded up to a power of two, at least TABLE_WAYS
	uint16_t key_size;   ///< bytes, a multiple of 8, at most 256
	uint16_t cells_size; ///< bytes of secondary values behind the key, a multiple of 8
};

/// An entry. `key` and then the cells follow; the whole is a multiple of 64 bytes.
struct table_entry {
	double value;
	double q;
	double inherited;
	uint32_t n;    ///< samples of this key
	uint32_t last; ///< ms, of the latest
	uint8_t key[];
};

struct table_head {
	uint16_t tag[TABLE_WAYS]; ///< upper bits of the hash; 0 = free
	float hint[TABLE_WAYS];   ///< about the value; +infinity when free
	uint32_t epoch;           ///< differs from the table's: the bucket is empty
	uint32_t pad[3];
} __attribute__((aligned(64)));

struct table {
	uint32_t mask; ///< buckets - 1
	uint32_t epoch;
	uint32_t key_words;
	uint32_t entry_size;
	uint32_t cells_offset; ///< from the entry
	uint32_t cells_size;
	uint8_t *bucket; ///< bucket_size bytes each: head, TABLE_WAYS entries of entry_size
	uint32_t bucket_size;
	uint32_t n_touched;
	uint32_t *touched;   ///< buckets in use
	uint32_t used;       ///< entries in use
	uint64_t added;      ///< additions
	uint64_t relabelled; ///< entries given to another key
	double total;        ///< exact sum of all that was added
	double floor;        ///< what a key without an entry may have, at most
	struct rng rng;
};

/// One addition.
struct table_add {
	const void *key;  ///< key_size bytes, 8-byte aligned
	uint64_t hash;    ///< table_hash() of the key
	double value;     ///< w >= 0
	double q;         ///< w^2 for one sample
	double inherited; ///< 0 for a sample
	uint32_t n;       ///< 1 for a sample
	uint32_t last;    ///< ms
};

size_t table_size(const struct table_shape *shape);
/// @p mem: zeroed, aligned to 64 bytes.
void table_init(struct table *t, void *mem, const struct table_shape *shape, uint64_t seed);
/// O(1).
void table_clear(struct table *t);

static inline uint64_t table_hash(const struct hash_secret *secret, const void *key,
				  uint32_t key_size)
{
	return hash_words(secret, key, key_size / 8);
}

static inline uint32_t table_bucket(const struct table *t, uint64_t hash)
{
	return (uint32_t)hash & t->mask;
}

static inline uint16_t table_tag(uint64_t hash)
{
	const uint16_t tag = (uint16_t)(hash >> 48);
	return tag != 0 ? tag : 1;
}

static inline struct table_head *table_head_at(const struct table *t, uint32_t bucket)
{
	return (struct table_head *)(void *)(t->bucket + (size_t)bucket * t->bucket_size);
}

static inline struct table_entry *table_entry_at(const struct table *t, uint32_t bucket,
						 uint32_t way)
{
	uint8_t *head = t->bucket + (size_t)bucket * t->bucket_size;
	return (struct table_entry *)(void *)(head + sizeof(struct table_head) +
					      (size_t)way * t->entry_size);
}

/// Samples on their way to one table.
#define TABLE_BATCH 32
struct table_batch {
	uint32_t n;
	uint32_t stride;            ///< bytes from one key to the next
	const uint8_t *key;         ///< of the first; 8-byte aligned
	double value[TABLE_BATCH];  ///< each is one sample: q is its square
	uint32_t last[TABLE_BATCH]; ///< ms
	uint64_t hash[TABLE_BATCH]; ///< by table_batch_hash()
	struct table_place {
		struct table_head *head;
		struct table_entry *entry; ///< that of the key, probably
		uint32_t way;
		uint16_t tag;
	} place[TABLE_BATCH]; ///< by table_batch_find()
};

/// Called for each sample @p k of a batch whose key has entry @p e when all before it were added.
typedef void table_added_fn(void *ctx, uint32_t k, struct table_entry *e);

/// As table_add() for one sample after the other, but faster, in three steps: with something else
/// to do between them the cache lines of all are there when they are needed. Other batches may be
/// added meanwhile, but no table_clear(); their order is that of table_batch_add(). The first: hash
/// the keys, ask for the heads of their buckets.
void table_batch_hash(const struct table *t, struct table_batch *batch,
		      const struct hash_secret *secret);
/// The second: find the probable entry of each key and ask for it.
void table_batch_find(const struct table *t, struct table_batch *batch);
/// The third: add. @p added may be NULL.
void table_batch_add(struct table *t, const struct table_batch *batch, table_added_fn *added,
		     void *ctx);

/// All three.
void table_add_batch(struct table *t, struct table_batch *batch, const struct hash_secret *secret,
		     table_added_fn *added, void *ctx);

/// Add; returns the entry that now carries the key, or NULL when a full bucket kept its label (the
/// weight was added to an entry of another key).
struct table_entry *table_add(struct table *t, const struct table_add *a);

/// The entry of a key, or NULL.
const struct table_entry *table_find(const struct table *t, const void *key, uint64_t hash);

/// Add every entry of @p from to @p t; shapes must agree, @p secret is the one that t's hashes use.
/// Cells are not merged.
void table_merge(struct table *t, const struct table *from, const struct hash_secret *secret);

/// Multiply values and inherited by @p s, q by s^2; costs what is in use.
void table_scale(struct table *t, double s);

/// The @p n largest values, descending, into @p out; returns how many there are.
size_t table_top(const struct table *t, const struct table_entry **out, size_t n);

/// Iterate over all used entries: `for (struct table_iter i = {0}; (e = table_next(t, &i));)`.
struct table_iter {
	uint32_t bucket; ///< position in touched
	uint32_t way;
};
const struct table_entry *table_next(const struct table *t, struct table_iter *i);

/// The next of all used entries into @p out, at most @p max of them (at least TABLE_WAYS), their
/// lines asked for; 0 when there are no more. What table_next() would give, but faster.
uint32_t table_gather(const struct table *t, struct table_iter *i, const struct table_entry **out,
		      uint32_t max);

/// The cells of an entry.
static inline void *table_cells(const struct table *t, const struct table_entry *e)
{
	return (uint8_t *)(uintptr_t)e + t->cells_offset;
}
