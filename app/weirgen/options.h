// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What to generate and where to send it. doc/weirgen.md explains every option.
///
/// Thread-safety: read-only after options_parse(). Memory: options_free() releases the elephants;
/// texts point into argv.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/// A flow of a known rate that comes and goes: on for `on` seconds in every `period`, first at
/// `offset`.
struct elephant {
	double bits_per_second; ///< of Ethernet frames, frame check sequence included
	double on;
	double period; ///< 0: once
	double offset;
};

struct options {
	// The network.
	uint64_t seed;
	uint32_t agents;
	uint32_t subagents; ///< per agent
	uint32_t ports;     ///< per agent
	uint64_t if_speed;  ///< of each port, bit/s
	double uptime;      ///< of each agent at the start, seconds

	// The traffic.
	uint64_t flows;
	double zipf;
	double life; ///< mean seconds until a flow gives way to a new one; 0: never
	double ipv6;
	double vlan;
	double flood; ///< fraction of samples, each with a key of its own
	struct elephant *elephants;
	size_t n_elephants;

	// The sampling.
	double rate;          ///< flow samples per second, elephants apart
	double datagram_rate; ///< instead of rate, 0: unset
	uint32_t sampling_rate;
	uint32_t header_size;          ///< bytes of each frame that are sampled, at most
	uint32_t samples_per_datagram; ///< 0: as many as fit
	uint32_t datagram_size;        ///< bytes, at most
	double flush;                  ///< seconds that a sample waits for others, at most
	double expanded;               ///< fraction of data sources that send expanded samples
	double counters;               ///< seconds between the counters of a port; 0: none
	double loss;                   ///< fraction of datagrams lost after numbering

	// The extent. 0: no such end.
	double start;    ///< seconds since 1970
	double duration; ///< seconds
	uint64_t max_samples;
	uint64_t max_datagrams;

	// Outputs.
	const char *pcap; ///< a path, or "-"
	const char *udp;  ///< HOST:PORT
	bool dpdk;
	bool transport6; ///< agents and transport speak IPv6
	double speed;    ///< of virtual time, for udp and dpdk; 0: as fast as possible
	const char *truth;
	double truth_interval; ///< seconds; 0: totals only
	int eal_argc;          ///< what came after "--"
	char **eal_argv;
};

/// Defaults, then what @p argv says. 0, ERR_END when a help text was asked for, or an error in
/// @p msg.
int options_parse(struct options *o, int argc, char **argv, struct err_msg *msg);
void options_free(struct options *o);
/// The help text, on standard output.
void options_help(void);
