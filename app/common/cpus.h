// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Which CPUs are near a NIC, as the kernel says in /sys: what weir places its workers by, and what
/// `weirctl doctor` proposes.
///
///     cpu_set_t near;
///     if (cpus_near("", "0000:81:00.0", &near)) ... CPU_ISSET(4, &near) ...
///
/// Thread-safety: none needed. Memory: none. `root` stands before /sys; "" = this machine. Limits:
/// CPU_SETSIZE CPUs; higher ones are left out.

#include <sched.h>
#include <stdbool.h>

/// First line of ROOT/sys/NAME in @p text, without its end; "" and false when there is none.
bool cpus_sys_line(const char *root, const char *name, char *text, int size);
/// "0-3,8": what the kernel calls a list of CPUs.
void cpus_parse(const char *text, cpu_set_t *set);
/// CPUs of the NUMA node of @p device: a PCI address, or a vdev with the kernel's interface among
/// its arguments ("net_af_xdp0,iface=eth0"). False when the kernel does not know of one.
bool cpus_near(const char *root, const char *device, cpu_set_t *near);
