// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Short forms for the rows of schema.h; for config*.c alone.
///
///     static const struct member rows[] = {
///             COUNT("threads", .offset = offsetof(struct x, threads), 1, 64, "2", "threads"),
///     };
///     static const struct schema schema = ROWS(rows);
///
/// Thread-safety: nothing but initialisers.

#include "weir/config/schema.h"

/// Bytes of the name of a flow or threshold.
#define CONFIG_NAME_LONGEST 255

/// Names are topics of the feed and parts of a path: any text, but not without end.
int config_check_name(const struct schema_context *ctx, const struct node *n, const char *name);

#define ROWS(rows)                                            \
	{                                                     \
		.at = rows, .n = sizeof(rows) / sizeof(*rows) \
	}

// A row of each type: name, field, range, default, help, and what few rows have.
#define BOOL(name_, field, def_, help_, ...)                                                       \
	{                                                                                          \
		.name = name_, .type = MEMBER_BOOL, field, .def = def_, .help = help_, __VA_ARGS__ \
	}
#define RANGED(type_, name_, field, min_, max_, def_, help_, ...)                           \
	{                                                                                   \
		.name = name_, .type = type_, field, .min = min_, .max = max_, .def = def_, \
		.help = help_, __VA_ARGS__                                                  \
	}
#define COUNT(...)   RANGED(MEMBER_COUNT, __VA_ARGS__)
#define BYTES(...)   RANGED(MEMBER_BYTES, __VA_ARGS__)
#define SECONDS(...) RANGED(MEMBER_SECONDS, __VA_ARGS__)
#define REAL(...)    RANGED(MEMBER_REAL, __VA_ARGS__)
#define TEXT(...)    RANGED(MEMBER_TEXT, __VA_ARGS__)
#define JOINED(name_, field, max_, help_, ...)                                       \
	{                                                                            \
		.name = name_, .type = MEMBER_JOINED, field, .max = max_, .def = "", \
		.help = help_, __VA_ARGS__                                           \
	}
#define TEXTS(name_, field, help_, ...)                                                \
	{                                                                              \
		.name = name_, .type = MEMBER_TEXTS, field, .help = help_, __VA_ARGS__ \
	}
#define COUNTS(name_, field, max_, help_)                                               \
	{                                                                               \
		.name = name_, .type = MEMBER_COUNTS, field, .max = max_, .help = help_ \
	}
#define LCORES(name_, field, help_) COUNTS(name_, field, 4095, help_)
#define PREFIXES(name_, field, help_, ...)                                                \
	{                                                                                 \
		.name = name_, .type = MEMBER_PREFIXES, field, .help = help_, __VA_ARGS__ \
	}
#define OTHER(name_, read_, print_, expect_, help_, ...)                             \
	{                                                                            \
		.name = name_, .type = MEMBER_OTHER, .read = read_, .print = print_, \
		.expect = expect_, .help = help_, __VA_ARGS__                        \
	}
