// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Invent a well-formed body for any layout of records.def: for tests, vectors and fuzz corpora.
/// Deterministic: values depend on @p seed and on the place of the field only.

#include <stdint.h>

#include "sflow/encode.h"
#include "sflow/record.h"

/// Write the fields of @p layout to @p e, in a record or sample that the caller has begun; those
/// behind RECORD_OPTIONAL only when @p optional. Repetitions and lists have @p n items.
/// RECORD_FLOW_RECORDS and RECORD_COUNTER_RECORDS are left out.
void synth_body(struct encoder *e, const struct record_layout *layout, uint32_t seed, uint32_t n,
		bool optional);
