// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Remember which samples and records nobody could read: each tag, how often, and the first bytes
/// of one of them, so that an operator can tell a vendor what to document.
///
///     struct unknown_tags *u = ...;                  // zeroed
///     if (record_open(&w, RECORD_FLOW, &r) == SFLOW_UNKNOWN)
///             unknown_add(u, RECORD_FLOW, &r);
///     unknown_merge(all, u);
///     for (uint32_t i = 0; i < all->n_tags; i++)
///             ... all->tag[i] ...
///
/// A sender can invent four thousand million tags: the first UNKNOWN_TAGS are kept, the rest is
/// counted together.
///
/// Thread-safety: one thread at a time. Memory: the caller's; sizeof(struct unknown_tags) is all.
/// Limits: UNKNOWN_TAGS tags, UNKNOWN_EXAMPLE bytes of each.

#include <stdint.h>

#include "sflow/datagram.h"
#include "sflow/record.h"

#define UNKNOWN_TAGS    64
#define UNKNOWN_EXAMPLE 64

struct unknown_tag {
	uint64_t n;
	uint32_t tag;
	uint32_t len; ///< bytes of the one that is the example
	uint8_t kind; ///< enum record_kind
	uint8_t example[UNKNOWN_EXAMPLE];
};

/// Zero is empty.
struct unknown_tags {
	uint64_t n_other; ///< of tags beyond UNKNOWN_TAGS
	uint32_t n_tags;
	struct unknown_tag tag[UNKNOWN_TAGS]; ///< in order of appearance
};

void unknown_add(struct unknown_tags *u, enum record_kind kind, const struct sflow_record *r);

/// Add what @p from has; examples that are here already stay.
void unknown_merge(struct unknown_tags *u, const struct unknown_tags *from);

/// All that were added.
uint64_t unknown_total(const struct unknown_tags *u);
