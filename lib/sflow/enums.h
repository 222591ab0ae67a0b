// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names of enumerated values: enums.def is the list, but for drop reasons (base/drop_reason.h).
///
/// Thread-safety: constant tables.

#include <stddef.h>
#include <stdint.h>

enum sflow_enumeration {
	SFLOW_ENUM_none, ///< a number without names
	SFLOW_ENUM_drop_reason,
#define ENUMERATION(name, ...) SFLOW_ENUM_##name,
#include "sflow/enums.def"
#undef ENUMERATION
};

/// The name of @p value, or NULL: then print the number.
const char *sflow_enum_text(enum sflow_enumeration e, uint32_t value);

/// The value called @p text (@p len bytes), for filters. 0 or ERR_UNKNOWN.
int sflow_enum_value(enum sflow_enumeration e, const char *text, size_t len, uint32_t *value);
