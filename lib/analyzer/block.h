// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What one data source said in one kind of counter record, and the metrics that follow from it.
///
/// Rates are computed when they are read, from the latest two values and the time between them on
/// the agent's own clock: growth / dt. A counter that went back by less than half its range has
/// wrapped; further back, it was reset, and its rate is absent until the next sample. So is a rate
/// after a restart of the agent (dt = 0), and everything that the agent says it does not know.
///
/// Thread-safety: values and readers only. Memory: a block lies in a slab (slab.h); texts that a
/// value points to live as long as the block is not changed.

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/catalog.h"
#include "analyzer/text.h"

/// Layout number of custom metrics (rtmetric): `word` holds struct block_custom.
#define BLOCK_CUSTOM UINT16_MAX
/// Of the adapters of a host (record 0:2001), no metrics: `word` holds their addresses, two words
/// each.
#define BLOCK_ADAPTERS (UINT16_MAX - 1)

struct block {
	uint32_t next;     ///< of the same data source; 0 = last
	uint16_t layout;   ///< number in the catalogue, BLOCK_CUSTOM or BLOCK_ADAPTERS
	uint16_t n_words;  ///< of `word` that were said; behind them all is absent
	uint32_t sampler;  ///< who said it (source.h)
	uint32_t uptime;   ///< of the agent, ms
	uint32_t dt;       ///< ms between the latest two; 0 = no rate
	uint32_t interval; ///< ms between samples as seen here, about the longest lately
	uint64_t time;     ///< ns, of the latest
	uint32_t word[];
};

/// One custom metric.
struct block_custom {
	uint32_t name;        ///< text
	uint32_t type;        ///< enum rt_metric_type
	uint64_t now, before; ///< bits of the value; a text's number
};

enum metric_kind {
	METRIC_NONE,
	METRIC_NUMBER,
	METRIC_TEXT,
};

struct metric_value {
	enum metric_kind kind;
	double number;
	const char *text; ///< `len` bytes, may point to `scratch`; not always followed by NUL
	uint32_t len;
	char scratch[40];
};

/// The metric of a def that belongs to the block's layout; METRIC_NONE when it is absent.
void block_value(const struct catalog *c, const struct texts *texts, const struct block *b,
		 const struct catalog_def *d, struct metric_value *v);

static inline uint32_t block_n_custom(const struct block *b)
{
	return b->n_words / (uint32_t)(sizeof(struct block_custom) / sizeof(uint32_t));
}

/// The i-th custom metric of a block.
const struct block_custom *block_custom(const struct block *b, uint32_t i);
void block_custom_value(const struct texts *texts, const struct block *b,
			const struct block_custom *m, struct metric_value *v);
