// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What the kernel shall know of an interface that weir made: set by rtnetlink, which works in any
/// network namespace, whatever /sys shows there.
///
/// Threading: any; each call opens and closes a socket of its own. Errors: 0 or -errno.

#include <stdbool.h>
#include <stdint.h>

/// Administratively up, with this MTU.
int link_set_up(const char *interface, uint32_t mtu);
/// Its carrier: is there a cable?
int link_set_carrier(const char *interface, bool carrier);
