// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// `weirctl doctor`: what of this machine keeps weir from running well, each with what to do.
///
///     struct doctor d = {.out = stdout, .root = "", .udp_port = 6343};
///     doctor_machine(&d);              // reads /sys and /proc
///     doctor_collector(&d, stats);     // what a running collector says of itself
///     return d.fixes > 0;
///
/// A line is "good", "info", or "fix" with the remedy behind a colon. Nothing is changed:
/// scripts/setup-host does that.
///
/// Thread-safety: one thread. Memory: none kept. Everything is read below `root`, so that a test
/// can make up a machine.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/weir.pb-c.h"

struct doctor {
	FILE *out;
	const char *root; ///< before /sys and /proc; "" = this machine
	uint16_t udp_port;
	unsigned good, fixes;
};

enum doctor_kind {
	DOCTOR_GOOD,
	DOCTOR_INFO,
	DOCTOR_FIX,
};

/// What an agent has sent, from the collector's stats socket.
struct doctor_agent {
	const char *address, *name; ///< name: "" = none is known
	uint64_t datagrams, duplicates, restarts, late;
	uint64_t silent; ///< ms since its latest datagram
};

/// One line of the report.
void doctor_say(struct doctor *d, enum doctor_kind kind, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

void doctor_machine(struct doctor *d);
/// Which lcores each NIC's workers should have: of its own NUMA node, one per physical core, none
/// that a NIC before it has, isolated ones if there are any, and the machine's first CPU left for
/// all other threads. Part of doctor_machine().
void doctor_layout(struct doctor *d);
void doctor_collector(struct doctor *d, const Weir__Stats *stats);
/// Agents that fell silent, whose datagrams come twice, or that share an address.
void doctor_agents(struct doctor *d, const struct doctor_agent *agents, size_t n);
/// doctor_agents() of the collector on this machine whose files have this prefix, if it runs.
void doctor_ask_agents(struct doctor *d, const char *prefix);
