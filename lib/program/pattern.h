// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Regular expressions for the `~` of filters: does the pattern match the whole text?
///
///     struct pattern *p = pattern_compile("eth\\.(ip|ip6)\\..*", 18, &msg);
///     struct hs_scratch *s = NULL;
///     pattern_reserve(p, &s, &msg);                // and for each other pattern matched with s
///     if (pattern_match(p, s, text, len)) ...
///
/// They are vectorscan's: Perl's syntax without what takes more than linear time (references back,
/// looking around, possessive repeats), which is refused. A leading `^` and a trailing `$` say what
/// is so anyway. Bytes are matched, not characters: `.` is any one byte, `(?i)` knows the case of
/// ASCII letters. Refused on top of that, because the library reads them otherwise than Java does
/// or because they hide what a pattern costs: `&&` and `\Q` in brackets, `(?x)`, comments.
///
/// **Cost.** No text, however made, takes longer than in proportion to its length, and nothing is
/// allocated. Compiling takes a millisecond as a rule; what a hostile pattern can cost is bounded
/// by the limits below (doc/design.md): some tenths of a second at worst, PATTERN_SIZE_MAX bytes.
///
/// Thread-safety: a pattern is immutable once compiled, with counted references. The scratch memory
/// that it is matched in belongs to one thread at a time.
/// Limits: PATTERN_POSITIONS characters and classes, repetitions counted out; PATTERN_REPEATS
/// repetitions of no fixed number (`*` `+` `?` `{2,3}`).

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define PATTERN_POSITIONS 512
#define PATTERN_REPEATS   24
/// Bytes of a compiled pattern.
#define PATTERN_SIZE_MAX ((size_t)1 << 20)

struct pattern;
/// Where a thread matches: the library's, a few kB.
struct hs_scratch;

/// With one reference. NULL and a message "pattern, character 3: ..." when @p text is wrong.
struct pattern *pattern_compile(const char *text, size_t len, struct err_msg *msg);
/// One more reference.
struct pattern *pattern_ref(struct pattern *p);
/// Give one reference back; the last one frees the pattern.
void pattern_free(struct pattern *p);
/// True when it was compiled from this text.
bool pattern_is(const struct pattern *p, const char *text, size_t len);

/// Bytes that it takes.
size_t pattern_size(const struct pattern *p);

/// Make @p s enough for @p p, too; NULL at first. 0, or ERR_MEMORY with a message.
int pattern_reserve(const struct pattern *p, struct hs_scratch **s, struct err_msg *msg);
/// Another one for the same patterns, or NULL; nobody matches with @p s meanwhile.
struct hs_scratch *pattern_scratch_copy(const struct hs_scratch *s);
void pattern_scratch_free(struct hs_scratch *s);

bool pattern_match(const struct pattern *p, struct hs_scratch *s, const char *text, size_t len);
