// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How many requests a client may make: a token bucket for each address.
///
///     struct http_rate *limit = http_rate_new(10000, seed); // requests/s, and as many at once
///     if (!http_rate_take(limit, &client, now))
///             ... 429 ...
///     http_rate_free(limit);
///
/// Of IPv6 the network counts (64 bits): a host has as many addresses there as it likes. Memory is
/// constant: HTTP_RATE_CLIENTS buckets, four to a set that a keyed hash picks. A newcomer to a full
/// set takes the fullest bucket, whose owner has asked for least: nobody can push out a bucket that
/// is being emptied without emptying another.
///
/// Thread-safety: any thread (a mutex, held for some instructions).

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define HTTP_RATE_CLIENTS 4096

struct http_rate;

/// @p rate: requests per second, at least 1; @p seed: nobody's guess. NULL: out of memory.
struct http_rate *http_rate_new(double rate, uint64_t seed);
/// True when the client may have another request answered. @p now: ns, monotonic.
bool http_rate_take(struct http_rate *limit, const struct addr *client, uint64_t now);
void http_rate_free(struct http_rate *limit);
