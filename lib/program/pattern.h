// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Regular expressions for the `~` of filters: does the pattern match the whole text?
///
///     struct pattern *p = pattern_compile("eth\\.(ip|ip6)\\..*", 18, &msg);
///     if (pattern_match(p, text, len)) ...
///
/// Known: `.` `[a-z]` `[^a-z]` `\d \w \s \D \W \S \t \n`, `\` before punctuation, `()` `(?:)` `|`,
/// `* + ? {m} {m,} {m,n}`, a leading `^` and a trailing `$` (both say what is so anyway), `(?i)` in
/// front: the case of ASCII letters does not matter. What cannot be decided in linear time
/// (references back, looking ahead) is refused. Bytes are matched, not characters: `.` is one byte.
/// Why it is no library's: doc/design.md.
///
/// Every position of the pattern is a bit (Glushkov's automaton); a byte of text costs one pass
/// over the bits that are set. No text, however made, takes longer than its length times the
/// pattern's.
///
/// Thread-safety: immutable once compiled.
/// Memory: 48 kB each, whatever its length.
/// Limits: PATTERN_POSITIONS characters and classes, repetitions counted out.

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PATTERN_POSITIONS 512

struct pattern;

/// NULL and a message "pattern, character 3: ..." when @p text is wrong.
struct pattern *pattern_compile(const char *text, size_t len, struct err_msg *msg);
void pattern_free(struct pattern *p);

bool pattern_match(const struct pattern *p, const char *text, size_t len);
