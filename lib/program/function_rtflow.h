// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// `rtflow:NAME`, the field of that name of an rtflow sample; private to this folder.
///
/// What type a field has is known when a sample comes: the value is the text of any, unless the
/// definition names a type. As a number it is an integer or a floating point number that is not
/// negative.
///
/// Thread-safety: as function.h says. Memory: none of its own.

#include "program/function.h"

int rtflow_compile(struct function *f, const struct program_tables *tables, struct err_msg *msg);
size_t rtflow_evaluate(const struct function *f, const struct packet *p, uint8_t *out);
bool rtflow_number(const struct function *f, const struct packet *p, double *value);
