// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Tell systemd how the daemon is: the protocol of sd_notify(3), without its library.
///
///     sd_notify("READY=1");
///     sd_notify("STOPPING=1");
///     const uint64_t every = sd_watchdog();     // ns; 0 = not watched
///     ... sd_notify("WATCHDOG=1") at least twice in that time ...
///
/// Where nobody listens (no NOTIFY_SOCKET) all of it does nothing. Thread-safety: any thread; reads
/// the environment.

#include <stdint.h>

/// Send one or more lines ("READY=1\nSTATUS=..."). 0, or a negative enum err when somebody should
/// listen but cannot be reached.
int sd_notify(const char *state);

/// How often the service manager wants to hear WATCHDOG=1, ns; 0 = it does not watch this process.
uint64_t sd_watchdog(void);
