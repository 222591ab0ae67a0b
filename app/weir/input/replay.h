// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A packet capture as an input: its datagrams with the times at which they were captured.
///
///     struct replay *r = replay_open(&config, &msg);
///     start = replay_first(r);                      // where virtual time begins
///     replay_bind(r, intake);                       // what a new round restarts
///     ... replay_input(r) is a worker's input ...
///     replay_close(r);                              // says how the file ended
///
/// A burst ends before the first datagram that belongs to a later interval (worker.h, lock-step),
/// so the results follow from the capture alone and are the same at every speed.
///
/// Time never runs backwards: a datagram that was captured "before" its predecessor gets the time
/// of that one. With `loop` the capture is played again and again, each round right after the one
/// before, and every agent counts as restarted, since its numbers begin anew.
///
/// Threading: open, bind, close by main; the input by its worker. Memory: one buffer of 1 MB.

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/input/input.h"

struct replay_config {
	const char *path;  ///< pcap or pcapng; "-" = standard input
	uint16_t udp_port; ///< that sFlow was sent to; 0 = any
	bool loop;
};

struct replay;

/// NULL and a message when the file cannot be read, or not again and again.
struct replay *replay_open(const struct replay_config *config, struct err_msg *msg);
void replay_close(struct replay *r);
struct input *replay_input(struct replay *r);

/// Capture time of the first datagram, ns since 1970; UINT64_MAX when there is none.
uint64_t replay_first(const struct replay *r);
/// @p intake: the worker's; restarted at the begin of every round but the first.
void replay_bind(struct replay *r, struct intake *intake);
