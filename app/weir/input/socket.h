// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A UDP socket of the kernel as an input, for machines and networks without a port of our own.
///
///     struct socket_input *s = socket_open(&config, &msg);
///     struct input *in = socket_input(s);
///     ...
///     socket_close(s);
///
/// Each worker has its own socket; with SO_REUSEPORT the kernel spreads agents over them by address
/// and port. Datagrams come by recvmmsg(2), a burst per call. A socket bound to [::] takes IPv4
/// too, and gives such agents' addresses as IPv4.
///
/// The receive buffer is set, with SO_RCVBUFFORCE where the system's limit is lower and we may, and
/// what came of it is checked and said. Datagrams that the kernel dropped because it was full
/// (SO_RXQ_OVFL) are read with every burst, datagrams cut by a buffer are refused and counted.
///
/// Threading: open and close by main, the input by its worker, socket_drops() by any thread.
/// Memory: INPUT_BURST buffers of 64 kB, of which only touched pages are real.

#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "weir/input/input.h"

/// Whether several workers bind to the same port, each with a socket of its own.
enum socket_group {
	SOCKET_ALONE,
	SOCKET_FIRST, ///< opens the port to the others; fails when another program has it
	SOCKET_NEXT,
};

struct socket_config {
	struct addr addr; ///< to bind to; ADDR_NONE = any, IPv4 and IPv6
	uint16_t udp_port;
	uint64_t rcvbuf; ///< bytes; 0 = the system's default
	enum socket_group group;
};

struct socket_input;

/// NULL and a message with the remedy when the port is taken or rights are missing.
struct socket_input *socket_open(const struct socket_config *config, struct err_msg *msg);
struct input *socket_input(struct socket_input *s);
void socket_close(struct socket_input *s);

/// Datagrams that the kernel dropped because the receive buffer was full, as of the latest one
/// read.
uint64_t socket_drops(const struct socket_input *s);
/// The UDP port really bound to; for tests that bind to port 0.
uint16_t socket_port(const struct socket_input *s);
