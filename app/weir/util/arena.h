// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Memory that is given back all at once: what a document or a configuration consists of.
///
///     struct arena a = {0};
///     char *s = arena_strndup(&a, text, len);
///     ...
///     arena_free(&a);
///
/// Thread-safety: one arena belongs to one thread. Memory: blocks from malloc(3), each twice as
/// large as the one before up to 1 MiB; all of it is zeroed. Limits: none of its own, whoever
/// fills it bounds the input. Never used on the data path.

#include <stddef.h>

struct arena_block;

/// Zero initialised is empty.
struct arena {
	struct arena_block *head;
};

/// @p size zeroed bytes, aligned for any type; NULL when malloc(3) refuses.
void *arena_alloc(struct arena *a, size_t size);
/// An array of @p n items of @p size bytes; NULL also when the product overflows.
void *arena_array(struct arena *a, size_t n, size_t size);
/// A copy of @p len bytes with a NUL behind them; NULL when malloc(3) refuses.
char *arena_strndup(struct arena *a, const char *text, size_t len);
/// Give everything back; the arena is empty and may be used again.
void arena_free(struct arena *a);
