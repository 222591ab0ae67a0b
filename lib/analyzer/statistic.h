// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One number from the values of many rows: max, min, sum, avg, var, sdev, quartiles, any.
///
///     struct statistic s = {.aggregate = METRIC_MED};
///     for each row: if (statistic_add(&s, cell, row) != 0) ... out of memory ...
///     if (statistic_end(&s))
///             ... s.value, s.n, s.youngest, s.oldest ...
///     statistic_free(&s);
///
/// max, min and any select a row and remember which; a number comes before a text, and of texts the
/// first or last in the order of the bytes is taken. Variance is that of the population. Quartiles
/// interpolate between neighbours (Hyndman and Fan 1996, type 7).
///
/// Thread-safety: a value. Memory: quartiles keep all values (8 bytes each) in memory of their own;
/// the selected row's texts are copied.

#include "analyzer/metric_query.h"

struct statistic {
	enum metric_aggregate aggregate;
	uint64_t n;                ///< rows
	uint64_t youngest, oldest; ///< ns: latest and earliest time of the rows
	double value;
	double min, q1, med, q3, max; ///< of quartile aggregators

	bool selected; ///< the rest tells the row
	struct addr agent;
	char source[256]; ///< its data source
	char text[256];   ///< its value if kind is METRIC_TEXT
	enum metric_kind kind;
	uint64_t time;
	uint32_t ds_class, ds_index;
	bool flow; ///< it is a flow metric's

	double mean, m2, sum; // of Welford's recurrence
	uint64_t n_numbers;
	double *all;
	uint64_t n_all, room;
};

/// 0 or ERR_MEMORY.
int statistic_add(struct statistic *s, const struct metric_cell *cell,
		  const struct metric_row *row);
/// All rows are in: fill in `value`. False when there is none.
bool statistic_end(struct statistic *s);
void statistic_free(struct statistic *s);
