// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Remember which samples and records nobody could read: each tag, how often, and the first bytes
/// of one of them and who sent it, so that an operator can tell a vendor what to document.
///
///     struct unknown_tags *u = ...;                  // zeroed
///     if (record_open(&w, RECORD_FLOW, &r) == SFLOW_UNKNOWN)
///             unknown_add(u, RECORD_FLOW, &r, &agent);
///     unknown_merge(all, u);
///     for (uint32_t i = 0; i < all->n_tags; i++)
///             ... all->tag[i] ...
///
/// A sender can invent four thousand million tags: the first UNKNOWN_TAGS are kept, the rest is
/// counted together. A record costs its sender's victim one walk over 512 bytes at most.
///
/// Thread-safety: one thread at a time. Memory: the caller's; sizeof(struct unknown_tags) is all.
/// Limits: UNKNOWN_TAGS tags, UNKNOWN_EXAMPLE bytes of each.

#include <stdint.h>

#include "base/addr.h"
#include "sflow/datagram.h"
#include "sflow/record.h"

#define UNKNOWN_TAGS    64
#define UNKNOWN_EXAMPLE 60 // in hexadecimal it fits a text of DPDK's telemetry

struct unknown_tag {
	uint64_t n;
	uint32_t tag;
	uint32_t len; ///< bytes of the one that is the example
	uint8_t kind; ///< enum record_kind
	uint8_t example[UNKNOWN_EXAMPLE];
	struct addr agent; ///< that sent it
};

/// Zero is empty.
struct unknown_tags {
	uint64_t n_other; ///< of tags beyond UNKNOWN_TAGS
	uint32_t n_tags;
	uint64_t key[UNKNOWN_TAGS];           ///< kind and tag of each: what is searched
	struct unknown_tag tag[UNKNOWN_TAGS]; ///< in order of appearance
};

/// Count one that @p agent sent.
void unknown_add(struct unknown_tags *u, enum record_kind kind, const struct sflow_record *r,
		 const struct addr *agent);

/// Add what @p from has; examples that are here already stay.
void unknown_merge(struct unknown_tags *u, const struct unknown_tags *from);

/// All that were added.
uint64_t unknown_total(const struct unknown_tags *u);

/// Forget all; O(1).
static inline void unknown_clear(struct unknown_tags *u)
{
	u->n_other = 0;
	u->n_tags = 0;
}

/// Bytes of the example that are kept.
static inline uint32_t unknown_shown(const struct unknown_tag *t)
{
	return t->len < UNKNOWN_EXAMPLE ? t->len : UNKNOWN_EXAMPLE;
}

/// "sample", "flow" or "counter".
const char *unknown_kind_text(uint8_t kind);
