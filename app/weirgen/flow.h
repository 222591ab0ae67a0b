// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flows by number: everything about a flow is computed from its id and the seed, nothing is kept.
/// A population of 10^9 flows costs no memory, and the truth can name a flow long after.
///
/// Two ids never share a 5-tuple: an id fixes one client address and one client port (a bijection),
/// servers live in another range. Elephants and the flood have ranges of their own.
///
///     10.0.0.0/8            2001:db8:1::/64   clients
///     203.0.113.0/24, else
///     198.18.0.0/15         2001:db8:2::/64   servers
///     192.168.10.0/24                         elephants, to 203.0.113.0/24 port 873
///     any                                     flood, to 192.0.2.66 port 53
///     172.16.0.0/12         2001:db8::/64     agents
///
/// Thread-safety: values only.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "weirgen/options.h"

/// The kind of a flow is in the top bits of its id.
#define FLOW_ELEPHANT (1ull << 62)
#define FLOW_FLOOD    (1ull << 63)

struct flow {
	uint64_t id;
	uint32_t agent;   ///< from 0
	uint32_t in, out; ///< ports, from 0
	bool v6;
	uint8_t protocol; ///< 6 or 17
	uint16_t vlan;    ///< 0: untagged
	uint16_t source_port, destination_port;
	uint8_t source[16], destination[16]; ///< IPv4 in the first four
	uint32_t len_min, len_max; ///< of its Ethernet frames, frame check sequence included
};

/// What flow_of() needs of the options, worked out once.
struct flow_space {
	const struct options *o;
	uint64_t secret;
	uint64_t n_clients;
	uint32_t n_servers;
};

/// Largest sampled header that flow_header() can be asked for.
#define FLOW_HEADER_MAX 1500

struct flow_space flow_space_of(const struct options *o);

/// Describe flow @p id.
void flow_of(const struct flow_space *space, uint64_t id, struct flow *f);

/// Write the first bytes of one of its frames, at most @p size; returns how many. Lengths and the
/// IPv4 checksum are those of a frame of @p frame_len bytes.
size_t flow_header(const struct flow *f, uint32_t frame_len, uint8_t *out, size_t size);

/// The address of an agent, counted from 0.
struct addr flow_agent_address(const struct options *o, uint32_t agent);

/// How many flow ids a run uses, and how many are told apart.
double flow_ids(const struct options *o);
double flow_capacity(const struct options *o);
