// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Write the sampled headers as a packet capture, for tcpdump and Wireshark.
///
///     struct pcap_out *p = pcap_out_open("-", &msg);
///     p->...; d.sample = pcap_out_sample; d.ctx = p;
///     pcap_out_close(p);
///
/// The capture is of Ethernet, as that of sflowtool. Headers that begin with IP get an Ethernet
/// header of zeros in front; other protocols are left out and counted.
///
/// Thread-safety: one thread.

#include "base/error.h"
#include "decode_datagram.h"

struct pcap_out;

struct pcap_out_options {
	bool discards;   ///< those of discarded-packet samples, instead of flow samples
	bool no_payload; ///< end behind TCP, UDP or ICMP
};

/// A file, or standard output for "-". NULL and @p msg.
struct pcap_out *pcap_out_open(const char *path, const struct pcap_out_options *options,
			       struct err_msg *msg);
/// 0, or ERR_IO when something could not be written.
int pcap_out_close(struct pcap_out *p);

/// A decoder.sample; @p ctx is a struct pcap_out.
void pcap_out_sample(void *ctx, const struct decoder *d, const struct flow *flow,
		     const struct record_value *if_counters);

/// Headers that were left out because their protocol is neither Ethernet nor IP.
uint64_t pcap_out_left_out(const struct pcap_out *p);
