// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What an expression is worth for one packet: a value with its form, as text, as a number.
///
/// Thread-safety: values only.

#include "program/function.h"

/// Room for the text of any value, the NUL included.
#define VALUE_TEXT_SIZE (FIELD_VALUE_MAX + 1)

/// The value of @p e; the text of `null:` where it is absent. False when there is none.
bool value_of(const struct key_expr *e, const struct packet *p, struct key_value *out);

/// Its text into @p text (VALUE_TEXT_SIZE bytes); returns the length.
size_t value_text(const struct key_value *v, char *text);

/// As a number: of at most 8 bytes, or of decimal digits. False when it is none.
bool value_to_number(const struct key_value *v, uint64_t *out);

/// The longest text of a value of that form.
size_t value_width(const struct field *form);

/// The form of a text of at most @p size bytes.
struct field value_text_form(size_t size);

/// The form that @p n expressions share, or else that of a text which holds any of them.
struct field value_common_form(const struct key_expr *e, unsigned n);

/// Write a value in a form of value_common_form(); returns the bytes.
size_t value_put(const struct field *form, const struct key_value *v, uint8_t *out);
