// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A flow as a view keeps it: copied out of a store, joined by key. Private to view.c.
///
/// An item is its head, then its cells, then its key, whose source is zero; all items of a view
/// have one shape. A set of items is an array that grows and an index by key.
///
/// Thread-safety: values; item_read() under the analyzer's lock. Memory: item_set_add() allocates.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/state.h"
#include "analyzer/view.h"

struct item_shape {
	size_t size; ///< bytes of an item
	size_t key;  ///< offset of the key
	uint16_t key_size;
	uint16_t n_cell;
	uint16_t n_value;                     ///< secondary values: the first cells
	bool figure;                          ///< the value is that of the last cell (store.h)
	uint8_t kind[PROGRAM_VALUES_MAX + 1]; ///< how cells are merged
};

struct item {
	struct addr agent; ///< of the largest entry
	uint32_t ds_class, ds_index, direction;
	uint32_t port;
	uint32_t n_sources;
	double largest; ///< of the entries in it
	double value, q, inherited, uncorrected;
	double n_effective; ///< of figures
	uint64_t last, samples;
	struct cell cell[];
};

struct item_set {
	uint8_t *mem;
	uint32_t n, max;
	const struct hash_secret *secret;
	uint32_t *slot; ///< open addressing; 0 = free, else index + 1
	uint32_t mask;
};

struct item_shape item_shape_of(const struct flow_def *def);

static inline struct item *item_at(const struct item_shape *shape, uint8_t *mem, size_t i)
{
	return (struct item *)(void *)(mem + i * shape->size);
}

/// Copy an entry.
void item_read(struct item *item, const struct item_shape *shape, const struct analyzer *a,
	       const struct store *s, uint32_t entry);
/// Add the other direction of the same port.
void item_join(struct item *to, const struct item_shape *shape, const struct item *from);
/// Enter an item: a row of its own (VIEW_ROWS), or joined with the others of its key. 0 or
/// ERR_MEMORY.
int item_set_add(struct item_set *set, const struct item_shape *shape, const struct item *item,
		 enum view_mode mode);
void item_set_free(struct item_set *set);
/// From a sum to a mean over data sources; figures stay what they are.
void item_average(struct item *item, const struct item_shape *shape);
/// True when @p a comes first: larger; ties by key, agent, data source.
bool item_before(const struct item *a, const struct item *b, const struct item_shape *shape);
/// All of a row but its texts. @p average: sums of cells are to be means.
void item_row(const struct item *item, const struct item_shape *shape, bool average,
	      struct view_row *row);
