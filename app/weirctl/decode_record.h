// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Print one record of a sample. Most are printed by records.def alone; those that sflowtool prints
/// in another order, with other names or with values made from others have a function here.

#include "decode_flow.h"
#include "decode_out.h"
#include "sflow/record.h"

/// @p w is fresh from record_open(); @p version is that of the datagram.
void record_print(struct out *o, struct record_walk *w, uint32_t version, struct flow *flow);

/// The values of an rtmetric or rtflow. False when one of them could not be read.
bool metrics_print(struct out *o, const struct record_value *metrics, uint32_t tag);
