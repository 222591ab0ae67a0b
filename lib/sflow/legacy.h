// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// sFlow versions 2 and 4 (RFC 3176), which agents of that age still send.
///
/// Nothing in them has a length: an item that is not known ends the datagram. Whoever measures need
/// not care, because the whole datagram can be put into the words of version 5:
///
///     if (legacy_version(data, len))
///             len = legacy_upgrade(data, len, scratch, sizeof(scratch), &reason), data = scratch;
///
/// Whoever shows what was sent walks it as it is:
///
///     struct legacy_datagram dg;
///     if (legacy_open(&dg, data, len) == SFLOW_OK)
///             while (legacy_next(&dg, &s) > 0)
///                     while (legacy_item_next(&s.items, &walk) > 0)
///                             ... record_next(&walk, &value) ...
///
/// Thread-safety: values only. Memory: borrows the datagram. Limits: none.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "sflow/flow_sample.h"
#include "sflow/record.h"

struct legacy_datagram {
	uint32_t version; ///< 2 or 4
	uint32_t agent_type;
	const uint8_t *agent; ///< 0, 4 or 16 bytes
	uint32_t sequence;
	uint32_t uptime;    ///< ms
	uint32_t n_samples; ///< as the datagram says: not to be trusted
	uint32_t n_left;
	struct cursor rest; ///< samples not yet read
};

/// The parts of a sample: of a flow sample the packet, then extended data; of a counters sample one
/// or two blocks of counters.
struct legacy_items {
	struct cursor c;
	uint32_t version;
	uint32_t block;  ///< counters version; 0: a flow sample
	uint32_t stage;  ///< 0 nothing read; 1 the first item; flow samples: 2 the count behind it
	uint32_t n_left; ///< extended data that the count promises: not to be trusted
};

struct legacy_sample {
	uint32_t tag;           ///< SFLOW_FLOW_SAMPLE or SFLOW_COUNTERS_SAMPLE
	struct cursor fixed;    ///< the fixed part, for a walk by RECORD_V4_SAMPLE
	struct flow_sample fs;  ///< of a flow sample; ports as port words of version 5, no records
	uint32_t interval;      ///< of a counters sample: seconds between two of them
	uint32_t counters_type; ///< of a counters sample: 1 generic, 2 Ethernet, ... 7 VLAN
	struct legacy_items items;
};

/// 2 or 4, or 0 when this is no datagram of these versions.
uint32_t legacy_version(const uint8_t *data, size_t len);

/// Read the header. SFLOW_OK or the reason; then there are no samples.
enum sflow_reason legacy_open(struct legacy_datagram *dg, const uint8_t *data, size_t len);

/// The next sample: 1 = read and whole, 0 = no more, -1 = cut off, or with something that is not
/// known: nothing behind it can be read.
int legacy_next(struct legacy_datagram *dg, struct legacy_sample *s);

/// Open the next item of a sample that legacy_next() returned; w->layout says what it is. 1, 0 = no
/// more, -1.
int legacy_item_next(struct legacy_items *items, struct record_walk *w);

/// Write the datagram as one of version 5 to @p out: the length, or 0. @p reason is SFLOW_OK, or
/// why it, or what follows the samples taken, could not be read. At most three times the length
/// comes out; samples that do not fit are left out, SFLOW_ITEMS_MISSING.
size_t legacy_upgrade(const uint8_t *data, size_t len, uint8_t *out, size_t size,
		      enum sflow_reason *reason);
