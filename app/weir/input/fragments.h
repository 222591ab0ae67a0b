// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Datagrams that came to a port in IP fragments: put together again by the worker that owns them.
///
///     if (verdict == STAT_frame_fragment && fragments_owner(frame, len, n_workers) == me)
///             verdict = fragments_take(f, now, frame, len, &payload);
///     ... payloads of STAT_frame_datagrams are used ...
///     fragments_release(f);
///
/// Only the first fragment carries UDP ports, hence a card spreads the parts of one datagram over
/// queues. All of them have addresses and identification: these say which worker owns the datagram,
/// and whoever else gets a part hands it over.
///
/// The bytes are copied and the frame's buffer is free at once: fragments that never complete cost
/// no buffers, and nothing of what they cost can grow. Overlaps, contradictions and timeouts are
/// what common/reassembly.h says. A fragment that is not for our addresses and VLANs is refused
/// before it takes room; UDP ports and checksum are judged on the whole datagram.
///
/// Threading: its worker alone. Memory: fragments_memory() bytes, from fragments_new() on.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/input/frame.h"

struct fragments;

/// Bytes that @p n datagrams at a time take.
size_t fragments_memory(uint32_t n);
/// @p policy is borrowed. NULL when out of memory.
struct fragments *fragments_new(const struct frame_policy *policy, uint32_t n, struct err_msg *msg);
void fragments_free(struct fragments *f);

/// Which of @p n workers owns the datagram that this frame carries a part of.
uint32_t fragments_owner(const uint8_t *frame, uint32_t len, uint32_t n);

/// Does this frame carry a part of a UDP datagram?
bool fragments_are_udp(const uint8_t *frame, uint32_t len);

/// Take a frame that frame_take() refused as STAT_frame_fragment. STAT_frame_datagrams: it was the
/// last part that was missing, and @p p is the datagram, valid until fragments_release().
/// STAT_frame_fragment: others must come. Else the reason why it cannot be used.
enum stat_id fragments_take(struct fragments *f, uint64_t now, const uint8_t *frame, uint32_t len,
			    struct payload *p);
void fragments_release(struct fragments *f);

/// Datagrams given up so far: a part did not come in time, or the room was needed.
uint64_t fragments_given_up(const struct fragments *f);
