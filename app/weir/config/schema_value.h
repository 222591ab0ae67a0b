// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Texts to values and back, for schema.h: numbers with units, lists, prefixes.
///
///     double s;
///     if (value_number("250ms", UNITS_SECONDS, &s) == 0) ... // 0.25
///
/// Thread-safety: functions of their arguments.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/// Which units may follow a number.
enum value_units {
	UNITS_DECIMAL, ///< k, M, G, T: powers of 1000
	UNITS_BYTES,   ///< the same, of 1024
	UNITS_SECONDS, ///< us, ms, s, m, h, d
};

/// Read a number and its unit; ERR_INVALID.
int value_number(const char *text, enum value_units units, double *out);

/// Write it so that value_number() reads the same: the largest unit that leaves a whole number.
void value_format(struct strbuf *b, double value, enum value_units units);

/// "true", "yes", "false", "no"; ERR_INVALID.
int value_bool(const char *text, bool *out);
