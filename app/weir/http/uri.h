// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The target of a request, taken apart: "/flow/a%2Cb/json?x=1&x=2".
///
///     struct uri u;
///     if (uri_parse(&arena, target, &u, &msg) != 0) ...            // 400
///     const char *name[URI_SEGMENTS_MAX];
///     if (uri_match(&u, "/flow/{name}/json", name)) ...            // name[0] is "a,b"
///     for (const char *x = NULL; (x = uri_query(&u, "x", x)) != NULL;) ... // "1", "2"
///
/// Segments are parted before they are decoded, so a name may contain an encoded slash. In the
/// query "+" is a space, as forms are sent; in the path it is itself (RFC 3986). Both are UTF-8
/// without NUL once decoded, or refused.
///
/// Thread-safety: functions of their arguments. Memory: what is decoded lies in the caller's arena
/// and takes no more than the target. Limits: 16 segments, 256 parameters.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/util/arena.h"
#include "base/error.h"

enum {
	URI_SEGMENTS_MAX = 16,
	URI_PARAMS_MAX = 256,
};

struct uri_param {
	const char *name;
	const char *value; ///< "" when there is none
};

struct uri {
	const char *segment[URI_SEGMENTS_MAX];
	uint32_t n_segments; ///< "/" has none
	const struct uri_param *param;
	uint32_t n_params;
};

/// Take @p target apart. 0, or ERR_INVALID, ERR_RANGE, ERR_MEMORY with a message.
int uri_parse(struct arena *arena, const char *target, struct uri *out, struct err_msg *msg);

/// True when @p u has as many segments as @p pattern and each is the same, or stands for a
/// placeholder in braces; those are written to @p value in their order.
bool uri_match(const struct uri *u, const char *pattern, const char **value);

/// The first value of a parameter, or the one behind @p after (a value that this returned); NULL
/// when there is none.
const char *uri_query(const struct uri *u, const char *name, const char *after);

/// Part @p text at each of @p separators; empty parts are left out. Returns how many there are, or
/// ERR_MEMORY.
int uri_split(struct arena *arena, const char *text, const char *separators, const char ***out);
