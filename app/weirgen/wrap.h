// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The headers around a datagram on its way from an agent to the collector: Ethernet, IP, UDP, all
/// checksums right.

#include "weirgen/output.h"

/// Bytes of the longest headers: Ethernet, IPv6, UDP.
#define WRAP_MAX 62

/// Write the headers for @p d; returns their size, at most WRAP_MAX.
size_t wrap_headers(const struct datagram_out *d, uint8_t out[WRAP_MAX]);
