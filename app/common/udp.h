// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A socket that sends datagrams to one place and never waits.
///
///     int fd = udp_connect(&addr, 4739);      // -1: errno says why
///     send(fd, data, len, MSG_NOSIGNAL);
///     close(fd);
///
/// Thread-safety: none needed. Memory: the kernel's, UDP_SNDBUF bytes of what was sent at most
/// (`net.core.wmem_max` may grant less).

#include <stdint.h>

#include "base/addr.h"

#define UDP_SNDBUF (4 << 20)

/// Connected and non-blocking; @p port in host order. -1 and errno when there is no route, no
/// descriptor, or no right.
int udp_connect(const struct addr *addr, uint32_t port);
