// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The functions of key expressions: `mask:ipsource:24`, `group:ipsource:campus`.
///
/// One row per function says what arguments it takes, compiles it and evaluates it. To the rest of
/// the program, a function is one more attribute: it has a form (`struct field`: kind and size of
/// its value) and is read into the key like one. An argument may be any expression.
///
/// Absence propagates: a function whose expression is absent is absent, unless its row says
/// otherwise. An empty text is absent, too.
///
/// `dns:` is the one whose text comes late: its value is the address, which function_format()
/// writes as a name. So it may be a part of a key, or in `or:`, `null:` or `if:`, and nowhere else.
///
/// Thread-safety: immutable once compiled. Memory: freed by function_free(), which gives back its
/// references to tables.
/// Limits: a value has at most FUNCTION_TEXT_MAX bytes, longer texts (`concat:`) are cut there.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/field.h"
#include "program/program.h"

#define FUNCTION_TEXT_MAX 240

struct function_row;

struct function {
	const struct function_row *row;
	struct field form;     ///< of the value
	struct key_expr *expr; ///< the arguments that are expressions, in order
	unsigned n_expr;
	char **text; ///< the other arguments, in order
	unsigned n_text;
	struct program_table *table; ///< what it looks up, in order; it holds references
	unsigned n_table;
	char *awaits; ///< of them, those that are not there: `group "campus"`; NULL = none
	bool late;    ///< an address that is written as a name (dns:, or if: of dns:) ...
	const struct program_resolver *resolver; ///< ... by this one
	uint64_t low, high; ///< range:, bits:, mask:, prefix:, suffix: numbers among the arguments
	struct key_value *literal; ///< eq:, if: what is compared with, in each form; NULL: null
	unsigned n_literal;
};

/// A value and its form; texts without NUL.
struct key_value {
	const struct field *form;
	size_t size;
	uint8_t bytes[FIELD_VALUE_MAX];
};

struct function_row {
	const char *name;
	/// One letter per argument: e expression, t text; the last one repeats up to n_max.
	const char *args;
	uint8_t n_min, n_max; ///< arguments; n_max 0 = any number
	/// The rest of the compilation, after the arguments: numbers, tables, the form.
	int (*compile)(struct function *f, const struct program_tables *tables,
		       struct err_msg *msg);
	/// Writes at most form.size bytes; returns how many, 0 when absent.
	size_t (*evaluate)(const struct function *f, const struct packet *p, uint8_t *out);
	const char *usage; ///< "mask:K:BITS"
	const char *needs; ///< what must be configured for it; NULL = nothing
	/// The value as a number, for `value` and `values`; false when it is none. NULL: it is a
	/// key only.
	bool (*number)(const struct function *f, const struct packet *p, double *value);
};

/// All functions, or: and null: included, which have neither compile nor evaluate (key.c).
extern const struct function_row function_rows[];
extern const size_t function_n_rows;

struct key_scope;

/// Compile "NAME:ARG:...", whose name has @p name_len bytes. 0 or a negative error and a message.
int function_compile(struct key_scope *sc, const char *text, size_t len, size_t name_len,
		     unsigned depth, struct function **out);
void function_free(struct function *f);

/// As field_read().
static inline size_t function_read(const struct function *f, const struct packet *p, uint8_t *out)
{
	return f->row->evaluate(f, p, out);
}

/// Write a value of a function that is `late`.
void function_format(const struct function *f, const uint8_t *value, struct strbuf *b);

/// How the value that is written as @p text looks in a function whose value is a text because it
/// comes from attributes of several kinds (mask:, if: of IPv4 and IPv6): "2001:db8::" is
/// "2001:DB8::". At most FUNCTION_TEXT_MAX bytes to @p out; 0: as it is written.
size_t function_spell(const struct function *f, const char *text, size_t len, char *out);

/// True when @p is holds for the function itself, or an attribute or function that it reads.
bool function_any(const struct function *f, field_test is, void *ctx);
