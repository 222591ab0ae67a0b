// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Which definitions can be exported as IPFIX, and what their parts are called there.
///
///     const struct element *e = element_of(field);     // field of a key
///     if (element_check(def, &msg) != 0) ...           // a definition with `ipfixCollectors`
///
/// Only attributes with an information element of IANA's registry (elements.def) are exported: an
/// element of our own would be a riddle to every collector. Functions have none, whatever they look
/// up; `null:` and `or:` are alternatives of attributes and do.
///
/// Thread-safety: constant. Memory: nothing is allocated.

#include <stdint.h>

#include "base/error.h"
#include "packet/field.h"
#include "program/program.h"

struct element {
	uint16_t id;   ///< of IANA's registry of IPFIX information elements
	uint8_t size;  ///< bytes
	uint8_t shift; ///< bits that a value is moved left by
};

/// NULL when the attribute has none.
const struct element *element_of(const struct field *f);

/// The element of a definition's total; NULL unless that is bytes or frames. Those of packets that
/// were dropped have elements of their own.
const struct element *element_of_value(const struct flow_def *def);

/// 0, or ERR_INVALID and a message `flow "f": keys: "stack" ...` when @p def cannot be exported.
int element_check(const struct flow_def *def, struct err_msg *msg);
