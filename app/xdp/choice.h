// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What weir tells its XDP program: which datagrams are sFlow, or that it takes all. Shared by the
/// program, which is compiled for BPF, and by app/weir/input/port_xdp.c, which finds this
/// structure in the compiled file by its mark and fills it in before the driver loads it.
///
/// Thread-safety: constant once loaded. Memory: in the program's read-only data.

#define WEIR_XDP_MARK "weir-xdp-choice"

struct weir_xdp_choice {
	char mark[16];
	unsigned short udp_port;  ///< in network order
	unsigned short fragments; ///< 1 = fragments of UDP too, of which the port is not known
	unsigned short all;       ///< 1 = whatever comes, sFlow or not
};
