// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Append text to a fixed buffer of the caller. Never overruns: what does not fit is left out and
/// `cut` is set; the buffer always ends in NUL (size > 0).
///
/// Thread-safety: one buffer belongs to one thread. Memory: borrows the caller's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *text;  ///< caller's memory, NUL-terminated
	size_t size; ///< bytes of memory, the NUL included
	size_t len;  ///< bytes of text
	bool cut;    ///< something did not fit
};

/// Start with an empty text in @p size bytes (at least 1) at @p text.
struct strbuf strbuf_of(char *text, size_t size);
void strbuf_char(struct strbuf *b, char c);
void strbuf_str(struct strbuf *b, const char *s);
void strbuf_bytes(struct strbuf *b, const char *s, size_t len);
void strbuf_u64(struct strbuf *b, uint64_t v);
void strbuf_fmt(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
