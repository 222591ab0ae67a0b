// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Secondary values of a flow: sum, minimum, maximum, average of an attribute over its samples.
///
/// A cell is two doubles. All bits zero means "no sample", so that a relabelled entry's cells are
/// reset by clearing them. Cells merge by cell_merge(), in any order.
///
/// Thread-safety: as the table that holds the cell.

enum cell_kind {
	CELL_SUM, ///< sum of rate x attribute
	CELL_MIN, ///< smallest attribute
	CELL_MAX, ///< largest attribute
	CELL_AVG, ///< mean attribute per sample
	/// Distinct values of the attribute. Its cell stays empty; the set (distinct.h) lies
	/// behind all cells of the entry.
	CELL_COUNT,
};

struct cell {
	double v; ///< sum (SUM, AVG), minimum or maximum
	double n; ///< samples; 0 = none
};

/// A sample: @p value of the attribute, seen with sampling rate @p rate.
static inline void cell_add(struct cell *c, enum cell_kind kind, double value, double rate)
{
	if (kind == CELL_SUM)
		c->v += value * rate;
	else if (kind == CELL_AVG)
		c->v += value;
	else if (c->n == 0 || (kind == CELL_MIN ? value < c->v : value > c->v))
		c->v = value;
	c->n += 1;
}

/// Add @p from to @p c, its sums (SUM, AVG) multiplied by @p weight.
static inline void cell_merge(struct cell *c, enum cell_kind kind, const struct cell *from,
			      double weight)
{
	if (from->n == 0)
		return;
	if (kind == CELL_SUM || kind == CELL_AVG)
		c->v += from->v * weight;
	else if (c->n == 0 || (kind == CELL_MIN ? from->v < c->v : from->v > c->v))
		c->v = from->v;
	c->n += kind == CELL_AVG ? from->n * weight : from->n;
}

/// What is reported: 0 when there was no sample.
static inline double cell_value(const struct cell *c, enum cell_kind kind)
{
	if (c->n == 0)
		return 0;
	return kind == CELL_AVG ? c->v / c->n : c->v;
}
