// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A load: sFlow datagrams in memory, as a worker meets them in a burst.
///
/// The standard load is made here, deterministic by seed: 64 agents of 48 ports, datagrams of six
/// flow samples (raw header of 128 bytes, extended_switch), one in eight with a counters sample
/// (if_counters), IPv4 TCP and UDP frames of flows drawn from a population of one million by a
/// Zipf law. `s` = 1 is the shape of real traffic, s = 0 (uniform) is the worst case for a cache.
///
/// Thread-safety: read-only once made. Memory: one mapping for the bytes, one for the list.

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum load_pages {
	PAGES_4K,          ///< plain pages
	PAGES_TRANSPARENT, ///< madvise(MADV_HUGEPAGE): the kernel may give 2 MB pages
	PAGES_HUGETLB,     ///< reserved huge pages
};

struct load_datagram {
	const uint8_t *data; ///< UDP payload
	uint32_t len;        ///< bytes
	uint32_t source;     ///< IPv4 address of the sender, host order; 0 = not IPv4
	uint64_t time_ns;    ///< capture time since the epoch
};

struct load {
	struct load_datagram *datagrams;
	size_t n_datagrams;
	size_t n_samples; ///< flow samples in all of them
	uint8_t *bytes;
	size_t size;           ///< bytes used
	size_t mapped;         ///< bytes mapped
	size_t capacity;       ///< datagrams that fit the list
	enum load_pages pages; ///< of `bytes`
};

struct load_params {
	uint64_t seed;
	size_t n_datagrams;
	size_t n_flows; ///< population
	double zipf_s;  ///< exponent; 0 = uniform
	int small_pages;
};

/// Zeroed memory on the largest pages that the machine gives; NULL when there is none.
void *pages_map(size_t size, int small_pages, size_t *mapped, enum load_pages *kind);
void pages_unmap(void *p, size_t mapped);
const char *pages_str(enum load_pages kind);

/// Make the standard load. 0 or ERR_MEMORY.
int load_generate(struct load *l, const struct load_params *params);

/// Read the UDP payloads of a capture (pcap or pcapng, Ethernet or raw IP, port 6343).
/// 0, or a negative enum err with a message.
int load_read(struct load *l, const char *path, int small_pages, struct err_msg *msg);

void load_free(struct load *l);
