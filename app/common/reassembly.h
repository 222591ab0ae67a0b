// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Put IP fragments together again, with bounded memory, on the clock of the capture.
///
/// A set is what has come of one packet, found by source, destination and identification. A
/// duplicate is ignored; a fragment that overlaps others partly, or contradicts the known end,
/// discards its set (RFC 5722 demands it for IPv6, and there is no honest reason to in IPv4). A set
/// is given up after 30 seconds (RFC 8200 section 4.5), or when a new one needs the oldest's place.
///
/// A whole packet is lent: its bytes stay until reassembly_release().
///
/// Thread-safety: one instance belongs to one thread. Memory: reassembly_size() bytes at once,
/// 64 kB and a record for each set, which the system backs with pages as they are used.

#include "common/unwrap.h"

struct reassembly;

/// Bytes that @p n_sets take.
size_t reassembly_size(unsigned n_sets);
/// NULL when out of memory.
struct reassembly *reassembly_create(unsigned n_sets);
void reassembly_destroy(struct reassembly *r);
/// Forget all sets, keep the memory.
void reassembly_clear(struct reassembly *r);

/// Take a fragment seen at @p time (ns). CAPTURE_OK: it was the last missing one, and @p ip is now
/// the whole packet, valid until reassembly_release(). CAPTURE_FRAGMENT: more must come, or
/// it came twice. CAPTURE_BAD_FRAGMENT or CAPTURE_TRUNCATED: it cannot be used.
enum capture_reason reassembly_add(struct reassembly *r, uint64_t time, struct ip_packet *ip);
/// Take back the bytes of all packets that were whole.
void reassembly_release(struct reassembly *r);

/// Packets given up so far: contradictory, too late, or out of their place.
uint64_t reassembly_given_up(const struct reassembly *r);
