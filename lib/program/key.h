// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Key expressions: text -> where in the packet, shared by keys, filters and values.
///
///     expr := NAME [ '.' DIGITS ] | FUNCTION ':' arg { ':' arg } | '[' expr ']'
///
/// `or:` and `null:` are alternatives of the expression itself, the other functions are rows of
/// function.h. A nested expression stands in brackets; `\` takes the next character as it is.
///
/// Thread-safety: compile time only. Memory: results are freed by key_expr_clear().

#include "program/program.h"

/// What the compilation of an expression hands down.
struct key_scope {
	const struct program_tables *tables;
	struct err_msg *msg;
	const char *origin; ///< what messages count characters from; NULL = they do not
	bool located;       ///< the message names a character
};

/// Put "at character N" in front of the message of @p err, unless it names a character; returns
/// @p err.
int key_locate(struct key_scope *sc, int err, const char *at);

/// Compile the @p len bytes at @p text. 0 or a negative error with a message that names the
/// expression and where it stands; @p out is empty then.
int key_expr_compile(struct key_scope *sc, const char *text, size_t len, struct key_expr *out);
void key_expr_clear(struct key_expr *e);

/// As key_expr_compile(), for an argument that is @p depth brackets deep.
int key_expr_compile_at(struct key_scope *sc, const char *text, size_t len, unsigned depth,
			struct key_expr *out);

/// An attribute with its occurrence: "ipsource.1"; or the name of a field that rtflow samples had,
/// which is short for the function `rtflow:` then. @p out owns the function.
int key_field_compile(struct key_scope *sc, const char *text, size_t len, struct key_field *out);

/// True when the attribute is read from the stack of DISSECT_ALL.
bool key_field_is_inner(const struct key_field *f, void *ctx);

/// True when the attribute is one of struct packet_meta.
bool key_field_is_meta(const struct key_field *f, void *ctx);

/// True for a field of rtflow samples.
bool key_field_is_rtflow(const struct key_field *f, void *ctx);

/// Read the first alternative that is there into @p out (key_expr_size() bytes, zero padded).
/// Returns its number from 1 on, or 0 when none is.
unsigned key_expr_read(const struct key_expr *e, const struct packet *p, uint8_t *out);

/// True when @p is holds for an attribute that the expression reads, in a function's arguments too.
bool key_expr_any(const struct key_expr *e, field_test is, void *ctx);

/// True when an alternative is written as a name that comes late (function.h).
bool key_expr_late(const struct key_expr *e);

/// Values of one form are written alike.
bool key_form_equal(const struct field *a, const struct field *b);

/// The longest alternative in bytes.
size_t key_expr_size(const struct key_expr *e);

/// Cut @p text at the next @p separator outside brackets; returns the length before it.
size_t key_split(const char *text, size_t len, char separator);

/// Blanks, tabs and ends of lines, which long definitions are parted by.
bool key_is_blank(char c);

/// Leave out blanks on both sides.
void key_trim(const char **text, size_t *len);

/// Compile keys into def->part, def->gather, def->key_size.
int key_compile(struct flow_def *def, const struct program_tables *tables, struct err_msg *msg);

/// A text without its escapes; NULL when there is no memory.
char *key_unescape(const char *text, size_t len);
