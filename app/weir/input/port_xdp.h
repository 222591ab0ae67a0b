// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// net_af_xdp with weir's own XDP program (app/xdp): sFlow comes to weir, the rest goes its way.
///
///     struct port_xdp x;
///     const struct port_xdp_choice c = {.udp_port = 6343};
///     if (port_xdp_prepare(&x, "net_af_xdp0,iface=eth0", &c, &msg) != 0) ...
///     ... probe x.device: the driver loads the program and takes it off when it closes ...
///     port_xdp_done(&x);
///
/// The driver loads a program from a file and cannot tell it anything. So the compiled program is
/// copied with the UDP port filled in, and the driver gets the copy.
///
/// Thread-safety: main. Memory: the texts are allocated. Files: one in the temporary directory,
/// readable by its owner alone, until port_xdp_done().

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/// What comes to weir.
struct port_xdp_choice {
	uint16_t udp_port; ///< of sFlow
	bool fragments;    ///< of UDP, too
	bool all;          ///< whatever it is
};

struct port_xdp {
	char *device; ///< with the program among its arguments
	char *path;   ///< of the copy
};

/// 0, or negative with a message: the device is not net_af_xdp, or there is no program.
int port_xdp_prepare(struct port_xdp *x, const char *device, const struct port_xdp_choice *choice,
		     struct err_msg *msg);
void port_xdp_done(struct port_xdp *x);
