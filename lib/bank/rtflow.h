// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Custom events (rtflow samples); private to this folder.

#include "bank/passage.h"

/// An rtflow sample; borrows its bytes.
struct rtflow {
	const char *name; ///< of its data source
	uint32_t name_len;
	uint32_t rate;
	const uint8_t *fields; ///< their count, and the fields up to the end of the sample
};

/// Read the body of one. False unless all of it is there, and names are names.
bool rtflow_read(const uint8_t *body, uint32_t len, struct rtflow *out);

/// Log the @p size bytes of its fields, if the interval still wants some.
void rtflow_log(struct passage *ps, const struct rtflow *f, uint32_t size);
