// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What members answers have, for the OpenAPI document.
///
/// A schema is written in a few letters:
///
///     s i n b     a text, a whole number, a number, true or false
///     N v o       a number or null; a text or a number; an object of any kind
///     [S] <S>     a list of S; an object whose members are all S
///     {a:S b?:S}  an object with these members, the second one perhaps; no others
///
/// Thread-safety: functions of their arguments.

#include <jansson.h>

/// The schema of a text like that, or NULL when it is none.
json_t *rest_schema(const char *text);

/// What is written about the answer to GET of a route; NULL = nothing.
const char *rest_schema_of(const char *pattern);
