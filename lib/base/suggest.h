// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// "Did you mean": the known name that is nearest to a wrong one.
///
/// Distance is that of optimal string alignment: letters left out, added, replaced, and neighbours
/// swapped. A third of the letters may be wrong.
///
/// Thread-safety: no state. Limits: names longer than SUGGEST_MAX bytes are near to nothing.

#include <stddef.h>

#define SUGGEST_MAX 64

/// The nearest of @p n names, the i-th of which is `name(ctx, i)`, or NULL if none is near.
const char *suggest(const char *wrong, size_t len, size_t n,
		    const char *(*name)(const void *, size_t), const void *ctx);
