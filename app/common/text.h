// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Text that came from the network, made fit for others. Names of agents and ports and some keys
/// are bytes that anybody may have sent: not always UTF-8, which protobuf and JSON demand, and
/// perhaps with escape sequences, which a terminal obeys.
///
/// Thread-safety: no state.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/// The bytes of the UTF-8 character at @p s, of which @p size bytes are there; 0 when they are
/// none: RFC 3629, shortest form only, no surrogates.
size_t text_char(const char *s, size_t size);

/// True when the whole of @p s is UTF-8.
bool text_is_utf8(const char *s);

/// Replace in place every byte that is no part of a UTF-8 character by "?".
void text_make_utf8(char *s);

/// Replace in place, in UTF-8, every control character (C0, DEL, C1) by "?", byte for byte.
void text_make_printable(char *s);

/// Columns that UTF-8 text takes, one for each character.
size_t text_columns(const char *s);

/// Bytes of the longest beginning of @p s that takes at most @p columns columns.
size_t text_cut(const char *s, size_t columns);

/// Bytes as a person looks at them: lines of sixteen, each with @p indent, offset, hexadecimal
/// digits, and what is printable in them.
void text_hexdump(struct strbuf *b, const char *indent, const uint8_t *bytes, size_t len);
