// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One line of comma-separated values for each flow sample and each counters sample, as `sflowtool
/// -l` writes them:
///
///     FLOW,agent,input,output,src MAC,dst MAC,type,in VLAN,out VLAN,src IP,dst IP,protocol,
///          tos,ttl,src port,dst port,TCP flags,packet size,IP size,sampling rate
///     CNTR,agent,ifIndex,ifType,ifSpeed,ifDirection,ifStatus, then the counters of if_counters

#include "decode_datagram.h"

/// A decoder.sample; @p ctx is the FILE to write to.
void line_sample(void *ctx, const struct decoder *d, const struct flow *flow,
		 const struct record_value *if_counters);
