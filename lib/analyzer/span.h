// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Completed flows: from the first packet of a flow to its end, with what it had in total.
///
///     span_add(sp, entry, own, first, last);     // the tick added to an entry of the store
///     span_drop(sp, entry, key);                 // the entry is given away
///     span_tick(sp, now, key_of, ctx);           // who has ended
///     for (uint32_t i = 0; i < sp->n_done; i++)
///             span_done(sp, i) ...               // until span_begin(), at the next tick
///     do {                                       // the measuring ends
///             span_begin(sp);
///             span_end(sp, key_of, ctx);
///             ...
///     } while (sp->n_done > 0);
///
/// A span begins with a sample and ends when SPAN_IDLE passed without one (or `active`, if that is
/// less), when it has lasted for `active`, or when its entry is given to another flow. The next
/// sample begins another. With `at_start` it is reported when it begins, with what the first tick
/// brought, and ends only after `active`, without a word.
///
/// The total is the key's own part: what an entry inherited from others is no traffic of this flow.
/// Times are those of samples; the first one's is known to the tick when several arrive in it.
///
/// Two lists, in the order of the first and of the latest sample, make a tick cost what ends in it.
/// Spans that find no room among those that end in one tick end in the next; only what must be
/// reported at once, an entry given away or a flow that begins, is lost then, and counted.
///
/// Thread-safety: as the store whose entries these are. Memory: the caller's, span_layout(): 56
/// bytes for each entry, and SPAN_DONE reports. Units: ns.

#include <stdbool.h>
#include <stdint.h>

#include "base/carve.h"

/// ns without a sample after which a flow has ended.
#define SPAN_IDLE 15000000000u

/// Reports that one tick has room for.
#define SPAN_DONE 4096

enum span_order {
	SPAN_BY_START,
	SPAN_BY_LAST,
	SPAN_ORDERS,
};

/// An open span, or none.
struct span {
	double total;
	uint64_t start, last;
	uint32_t prev[SPAN_ORDERS], next[SPAN_ORDERS]; ///< entries; 0 = none
	bool open;
	bool ending; ///< at_start: reported
};

/// What is reported; the key follows.
struct span_report {
	double total;
	uint64_t start, end;
	uint8_t key[];
};

struct spans {
	struct span *span; ///< by entry; NULL = nobody asked for spans
	uint32_t first[SPAN_ORDERS], last[SPAN_ORDERS];
	uint64_t active, idle; ///< ns
	bool at_start;
	uint32_t key_size, report_size;
	uint8_t *done;
	uint32_t n_done;
	uint64_t lost; ///< reports that found no room
};

/// @p n_entries: highest number of an entry + 1. @p active: s.
void span_layout(struct spans *sp, struct carve *c, uint32_t n_entries, uint32_t key_size,
		 double active, bool at_start);
/// Forget the reports of the tick before.
void span_begin(struct spans *sp);
/// @p own: what the key's samples of the tick add up to; @p first: time of the first of them, or
/// the best that is known.
void span_add(struct spans *sp, uint32_t entry, const uint8_t *key, double own, uint64_t first,
	      uint64_t last);
void span_drop(struct spans *sp, uint32_t entry, const uint8_t *key);
void span_tick(struct spans *sp, uint64_t now,
	       const uint8_t *(*key_of)(const void *ctx, uint32_t entry), const void *ctx);
/// Nothing is measured any more: end what is open, as far as there is room for reports.
void span_end(struct spans *sp, const uint8_t *(*key_of)(const void *ctx, uint32_t entry),
	      const void *ctx);

static inline const struct span_report *span_done(const struct spans *sp, uint32_t i)
{
	return (const struct span_report *)(const void *)(sp->done + (size_t)i * sp->report_size);
}
