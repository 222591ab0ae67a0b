// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One threshold on one flow definition: who crossed, who has fired, who is armed again.
///
///     for each entry that the tick touched: triggers_touch(t, entry);   // after store_settle()
///     triggers_end(t);                                                  // before store_end()
///     ... t->event[0 .. t->n_events), largest first ...
///
/// Only a touched entry can cross upward, since the others decay; only what has fired can be armed
/// again. So a tick costs the touched entries and the fired ones, never the store.
///
/// What fired is a `trigger`: a data source, or a flow (by_flow).
/// It keeps the key of the flow that it watches by value, so that it survives the flow's eviction:
/// a flow that comes back within the timeout does not fire again. With by_flow = false the trigger
/// watches the largest flow of the data source. While that one is below the limit so are all
/// others, because decay keeps their order. Where values are figures (store.h) it does not, and the
/// data source's entries are looked at instead.
///
/// What counts is value - inherited: weight that an entry took over from other keys never fires.
///
/// Thread-safety: as the store. Memory: the caller's, triggers_size(). Limits: `max` triggers; a
/// crossing beyond fires nothing and is counted, since it could not be kept from firing every
/// tick.

#include "analyzer/store.h"
#include "analyzer/threshold.h"

/// Something that fired. `key` is that of the flow it watches.
struct trigger {
	uint32_t tag;     ///< identity: the key, or its source
	uint32_t key_tag; ///< store_tag() of `key`
	uint32_t best;    ///< by_flow = false: largest entry above the limit in this tick; 0 = none
	bool fresh;       ///< fired in this tick
	uint64_t above;   ///< ns: when it was last seen at or above the limit
	uint8_t key[];
};

struct trigger_event {
	uint32_t entry;
	double own; ///< value - inherited
};

struct triggers {
	const struct store *store;
	/// May this data source fire? NULL = each may.
	bool (*passes)(void *ctx, uint32_t source);
	void *ctx;
	bool by_flow;
	bool below_floor; ///< as at the latest tick
	double limit;
	uint64_t timeout; ///< ns
	uint64_t events;  ///< so far
	uint32_t size;    ///< bytes of a trigger
	uint8_t *item;    ///< from 1 on
	uint32_t n, max;
	struct lookup lookup;
	struct trigger_event *event; ///< of this tick, at most `max`
	uint32_t n_events;
	uint64_t full; ///< crossings that found no room
};

size_t triggers_size(const struct flow_def *def, uint32_t max);
/// @p mem: zeroed, aligned to CARVE_ALIGN.
void triggers_init(struct triggers *t, void *mem, const struct store *store,
		   const struct threshold_spec *spec, uint32_t max);

void triggers_touch(struct triggers *t, uint32_t entry);
void triggers_end(struct triggers *t);
