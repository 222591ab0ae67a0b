// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The floor: what a program written by hand for one job alone needs per flow sample.
///
/// It knows one sample format, one header and one key (IPv4 5-tuple), counts bytes and frames in
/// one open-addressed table that never fills, and reports nothing. It shares no code with lib/ and
/// is built with -O3 -march=native: the collector is measured against it, in the same run.
///
///     struct floor *f = floor_create(21, 0);
///     floor_update(f, &load, 0, load.n_datagrams, 1);             // warm-up: inserts the keys
///     double ns = floor_update(f, &load, 0, load.n_datagrams, 1); // ns per flow sample
///     floor_destroy(f);
///
/// A "pass" walks the given datagrams once, in order.
///
/// Thread-safety: one thread per struct floor. Memory: 32 bytes a slot, on huge pages if it can.
/// Limits: the table must hold more slots than the load has keys (floor_update() says when not).

#include <stddef.h>

#include "load.h"

struct floor;

/// How a pass over the datagrams reads them.
enum floor_fetch {
	FETCH_PLAIN, ///< as they come
	FETCH_AHEAD, ///< all lines of the datagram after the next one are prefetched
};

/// A table of 2^@p bits slots. NULL when there is no memory.
struct floor *floor_create(unsigned bits, int small_pages);
void floor_destroy(struct floor *f);
enum load_pages floor_pages(const struct floor *f);
/// Keys in the table.
size_t floor_keys(const struct floor *f);
/// Flow samples counted in the table, over all passes: a floor that misses some is no floor.
size_t floor_frames(const struct floor *f);

/// Parse only: ns per flow sample of one pass over @p n datagrams from @p first, done @p times.
double floor_parse(const struct load *l, size_t first, size_t n, size_t times,
		   enum floor_fetch fetch);
/// Parse, crc32, update of the table, with datagrams and slots prefetched.
double floor_update(struct floor *f, const struct load *l, size_t first, size_t n, size_t times);
/// The same for a burst of @p n datagrams, whose bytes the caller may take back; returns its flow
/// samples. The last of them are counted by the next burst, or by floor_flush().
size_t floor_burst(struct floor *f, const struct load_datagram *datagrams, size_t n);
void floor_flush(struct floor *f);
/// As floor_update(), with nothing prefetched.
double floor_update_plain(struct floor *f, const struct load *l, size_t first, size_t n,
			  size_t times);
/// Read every byte once: ns per flow sample. What the memory alone asks for.
double floor_read(const struct load *l);
