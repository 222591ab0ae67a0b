// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What a collector measures of a datagram, as text: each flow key that the samples have, with the
/// sum of bytes and frames, and what was counted as lost. By the same code as the daemon
/// (bank_ingest()), one flow definition for each attribute.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/// Write lines "ATTRIBUTE VALUE BYTES FRAMES" and "counter NAME N" to @p out. Aborts when the
/// attributes cannot be compiled.
void measure_datagram(FILE *out, const uint8_t *data, size_t len);
