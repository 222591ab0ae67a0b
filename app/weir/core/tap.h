// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A copy of what a worker takes in, for who passes it on (forward.h): a ring of bytes between two
/// threads that never wait for each other.
///
///     tap_push(tap, payload, n);                     // worker, once per burst
///     while ((data = tap_peek(tap, &len)) != NULL) { // the other thread
///             ... use it ...
///             tap_pop(tap);
///     }
///
/// A full ring drops what comes, and counts it. A worker without a tap pays one load per burst.
///
/// Thread-safety: one pushes, one peeks and pops; tap_dropped() from any. Memory: tap_new(), @p
/// size bytes rounded up to a power of two.

#include <stddef.h>
#include <stdint.h>

#include "bank/bank.h"

/// Longest payload that there is: what a UDP datagram can carry.
#define TAP_LONGEST 65535

struct tap;

struct tap *tap_new(size_t size);
void tap_free(struct tap *t);
/// Copy @p n payloads.
void tap_push(struct tap *t, const struct payload *p, uint32_t n);
/// The oldest payload, or NULL; stays until tap_pop().
const uint8_t *tap_peek(struct tap *t, uint32_t *len);
void tap_pop(struct tap *t);
/// Payloads that did not fit.
uint64_t tap_dropped(const struct tap *t);
