// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Rules for the card (rte_flow): UDP to the port that agents send to goes to weir's queues.
///
///     const bool alone = port_steer_isolate(port, name);      // before the port is configured
///     port_steer_start(port, name, udp_port, n_queues);       // the port runs
///
/// One rule for each of IPv4 and IPv6, untagged and with one VLAN tag: spread over all queues by
/// addresses and ports, or to the only queue. Isolated, the card gives weir nothing but what rules
/// say; with drivers that share the card with the kernel (mlx5) the kernel keeps the rest. Rules
/// go with the port.
///
/// What the driver refuses is said once in the log and done by the workers, which judge every frame
/// anyhow (frame.h): a rule changes who does the work and never what is measured.
///
/// Threading: main. Memory: the driver's.

#include <stdbool.h>
#include <stdint.h>

enum steer_mode {
	STEER_NONE,
	STEER_SFLOW,   ///< rules
	STEER_ISOLATE, ///< rules, and nothing that no rule is about
};

/// True when weir gets nothing but by rules from now on.
bool port_steer_isolate(uint16_t port, const char *name);
/// How many of the rules the driver took.
unsigned port_steer_start(uint16_t port, const char *name, uint16_t udp_port, uint16_t n_queues);
