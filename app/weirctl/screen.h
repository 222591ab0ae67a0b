// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A terminal that shows one frame after another, without flicker, and is as before afterwards.
///
/// A frame is written in one go over the last one, line by line; the screen is never cleared as a
/// whole. Lines are cut at the right edge. The alternate screen is used, hence what was there comes
/// back.
///
/// Thread-safety: one thread; there is one terminal.

#include <stdbool.h>
#include <stddef.h>

struct screen_size {
	size_t columns, rows;
};

/// The size of the terminal at standard output; 80 x 24 where it does not say.
struct screen_size screen_size(void);

/// Take the terminal, if standard output is one: alternate screen, no cursor, keys without Enter.
/// It is given back by screen_leave(), and in any case at exit.
bool screen_enter(void);
void screen_leave(void);

/// Show @p lines (text with newlines): as many as there are rows.
void screen_show(const char *lines, struct screen_size size);
