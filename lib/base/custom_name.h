// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names in custom samples (rtmetric, rtflow), as whoever invented them allows them: letters,
/// digits, `-` and `_`, at most CUSTOM_NAME_MAX bytes. A data source may have dots, and does not
/// begin with a digit; one without a name is called CUSTOM_NAME_NONE.
///
/// Thread-safety: values only.

#include <stdbool.h>
#include <stdint.h>

#define CUSTOM_NAME_MAX  64
#define CUSTOM_NAME_NONE "custom"

static inline bool custom_name_ok(const char *name, uint32_t len, bool source)
{
	for (uint32_t i = 0; i < len && len <= CUSTOM_NAME_MAX; i++) {
		const char c = name[i];
		const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		const bool digit = c >= '0' && c <= '9';
		if (!letter && !digit && c != '-' && c != '_' && !(source && c == '.'))
			return false;
		if (source && i == 0 && digit)
			return false;
	}
	return len > 0 && len <= CUSTOM_NAME_MAX;
}
