// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A load behind DPDK ports, for benchmarks of the whole chain from rx_burst on.
///
///     chain_start(chain_memory(load.n_datagrams));   // EAL
///     struct frames *frames = frames_new(&load, 0);  // datagrams in Ethernet, IPv4, UDP
///     struct port *p = chain_ring_port(frames);      // mbufs are handed over without a copy
///     struct port *p = chain_pcap_port(frames);      // net_pcap, infinite_rx: each is copied
///
/// The port without a copy is net_ring over the very ring in which the pool of the mbufs keeps what
/// is free: an mbuf that is given back goes to the back of the queue, with its frame, and comes
/// again when all others have been. A card does the same with memory that it has written itself.
///
/// Both ports repeat the load without end, in its order but for what the pool's cache holds back.
///
/// Thread-safety: main. Errors end the program.

#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "weir/input/port.h"

/// EAL without devices, on hugepages if there are @p bytes of them free, else on plain pages.
/// Later calls do nothing.
void chain_start(size_t bytes);
/// What the packet buffers of EAL lie on.
const char *chain_pages(void);

/// Frames on pages of their own.
struct frames {
	uint8_t *bytes;
	size_t mapped;
	size_t n;
	struct frame {
		uint8_t *data; ///< where the Ethernet header begins, on a cache line
		uint16_t len;  ///< bytes
	} * frame;
	enum load_pages pages;
};

struct frames *frames_new(const struct load *l, int small_pages);
void frames_free(struct frames *f);

/// Ports as the daemon opens them, started. They borrow @p f, and live until the program ends.
struct port *chain_ring_port(const struct frames *f);
struct port *chain_pcap_port(const struct frames *f);
/// Bytes of EAL's memory that both take for @p n datagrams.
size_t chain_memory(size_t n);
