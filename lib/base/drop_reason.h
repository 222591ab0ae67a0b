// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names of the reasons why packets are dropped (drop_reasons.def). The same code stands in the
/// `reason` of a discarded-packet sample and in an output port word of format 1.
///
/// Thread-safety: constant.

#include <stddef.h>
#include <stdint.h>

/// "ttl_exceeded" for 257; NULL for a code without a name.
const char *drop_reason_name(uint32_t code);

/// The code of a name of @p len bytes. 0 or ERR_UNKNOWN.
int drop_reason_parse(const char *name, size_t len, uint32_t *code);
