// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Where datagrams go. A kind of output is one file with one constructor; each embeds this struct
/// first. send() may keep datagrams back for a batch; close() sends what is left.
///
/// Thread-safety: one thread.

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "weirgen/options.h"

struct datagram_out {
	uint64_t time;            ///< virtual, ns since 1970
	const struct addr *agent; ///< the sender
	uint16_t source_port;
	const uint8_t *payload; ///< valid during the call
	size_t len;
};

struct output {
	/// 0, or an error in @p msg.
	int (*send)(struct output *out, const struct datagram_out *d, struct err_msg *msg);
	/// Also frees. 0, or an error in @p msg.
	int (*close)(struct output *out, struct err_msg *msg);
};

/// A pcap file with nanoseconds, the datagrams inside Ethernet, IP and UDP.
struct output *output_pcap_open(const struct options *o, struct err_msg *msg);
/// A connected UDP socket, paced by the clock.
struct output *output_udp_open(const struct options *o, struct err_msg *msg);
/// The first DPDK port, paced by the clock.
struct output *output_dpdk_open(const struct options *o, struct err_msg *msg);
