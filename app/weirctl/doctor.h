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

#include <stdint.h>
#include <stdio.h>

#include "common/weir.pb-c.h"

struct doctor {
	FILE *out;
	const char *root; ///< before /sys and /proc; "" = this machine
	uint16_t udp_port;
	unsigned good, fixes;
};

void doctor_machine(struct doctor *d);
void doctor_collector(struct doctor *d, const Weir__Stats *stats);
