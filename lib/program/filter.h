// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Filters: which packets a definition measures.
///
///     filter := and { '|' and } ; and := term { '&' term } ; term := '(' filter ')' | test
///     test   := expr ( '=' | '!=' | '~' | '!~' ) value { ',' value }
///
/// `=` is any of the values, `!=` none of them; `=null` is absence, `!=null` presence. `~` is any
/// of the patterns (pattern.h), which match the whole text of the attribute, `!~` none. What is
/// absent passes `!=` and `!~` and fails `=` and `~`. Values and expressions may stand in quotes;
/// a quoted list of values is a list, quoted patterns are one pattern. Without quotes a pattern
/// ends where a value does, but not inside of its own parentheses, brackets and braces.
///
/// Compiled into a list of tests, each with the index of the next test for either outcome; jumps go
/// forward only, so evaluation ends after at most as many steps as there are tests.
///
/// Thread-safety: immutable once compiled; patterns are matched in scratch memory that whoever
/// evaluates the filter has for itself.

#include <stdbool.h>

#include "base/error.h"
#include "packet/packet.h"

struct filter;
struct hs_scratch;
struct key_field;
struct pattern;

/// A question about an attribute or function.
typedef bool (*field_test)(const struct key_field *f, void *ctx);
struct program_tables;

/// NULL and a message that points at the character when @p text is wrong.
struct filter *filter_compile(const char *text, const struct program_tables *tables,
			      struct err_msg *msg);
void filter_free(struct filter *f);
/// Make @p scratch (pattern.h) enough for its patterns, too; it stays NULL when there is none. 0 or
/// ERR_MEMORY with a message.
int filter_reserve(const struct filter *f, struct hs_scratch **scratch, struct err_msg *msg);
bool filter_match(const struct filter *f, const struct packet *p, struct hs_scratch *scratch);
/// The pattern that was compiled from this text, or NULL.
struct pattern *filter_pattern(const struct filter *f, const char *text, size_t len);
/// Bytes that its patterns take.
size_t filter_size(const struct filter *f);
/// True when @p is holds for an attribute of some test.
bool filter_any_field(const struct filter *f, field_test is, void *ctx);
