// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// All inputs of the daemon: from what the configuration says to one `struct input` per worker.
///
///     eal_start() with inputs_wishes(), inputs_memory() ...
///     struct inputs *all = inputs_open(&config, &msg);
///     for (uint32_t i = 0; i < inputs_workers(all); i++)
///             ... inputs_worker(all, i)->input ...
///     inputs_start(all, &msg);       // ports begin to receive
///     inputs_begin(all, &msg);       // and to answer: the threads of hosts
///     ...
///     inputs_close(all);             // the workers have left
///
/// Live inputs run on the wall clock, captures on their own: one process has either. `slot` says
/// which of the planned workers (config_workers()) each one is.
///
/// Thread-safety: main, but inputs_losses(), their sum, and inputs_stats(), which any thread may
/// call.

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/config/config.h"
#include "weir/input/host.h"
#include "weir/input/input.h"
#include "weir/input/port_kernel.h"
#include "weir/input/port_out.h"

/// One worker's share.
struct worker_input {
	struct input *input;
	char name[80];         ///< "0000:01:00.0 queue 1", "socket 0.0.0.0:6343", "pcap FILE"
	uint32_t slot;         ///< among config_workers()
	int socket;            ///< NUMA socket of the device; SOCKET_ID_ANY (-1) when it has none
	struct replay *replay; ///< NULL = live
};

/// What came to an input, and what of it no worker could see.
#define INPUT_LOSSES(X)                                                                   \
	X(received, "frames or datagrams, as the device, the kernel or weir counts them") \
	X(missed, "dropped by the card: no free descriptor")                              \
	X(errors, "erroneous frames")                                                     \
	X(no_buffer, "dropped: the packet pool was empty")                                \
	X(kernel_drops, "dropped by the kernel: socket buffer full")                      \
	X(outages, "times that the device was lost")

/// Counts since the start, as said there.
struct input_losses {
	const char *name;
#define X(name, help) uint64_t name;
	INPUT_LOSSES(X)
#undef X
};

struct inputs;

/// The @p i-th device of all ports, members of bonds among them; NULL = there are fewer.
const char *inputs_device(const struct config *c, uint32_t i);
/// CPU that each of the config_workers() wishes for (eal.h).
void inputs_wishes(const struct config *c, uint32_t *wish);
/// CPUs near the device of each of them; empty where that is not known, or for no device.
void inputs_near(const struct config *c, cpu_set_t *near);
/// Bytes of packet buffers that they take from EAL.
uint64_t inputs_memory(const struct config *c, bool hugepages);
/// Capabilities (bits) that it takes to open their devices again; VFIO takes none.
uint64_t inputs_capabilities(const struct config *c);
/// True when they are captures.
bool inputs_are_replay(const struct config *c);

/// NULL and a message with the remedy.
struct inputs *inputs_open(const struct config *c, struct err_msg *msg);
int inputs_start(struct inputs *all, struct err_msg *msg);
/// The threads of ports; they have the capabilities that main has now.
int inputs_begin(struct inputs *all, struct err_msg *msg);
/// Bring lost devices back (port_mend()).
void inputs_mend(struct inputs *all);
void inputs_close(struct inputs *all);

uint32_t inputs_workers(const struct inputs *all);
const struct worker_input *inputs_worker(const struct inputs *all, uint32_t i);
/// Replay: capture time of the first datagram of all, ns; 0 when there is none.
uint64_t inputs_first(const struct inputs *all);

/// How many inputs there are (a port is one, whatever its queues), and the @p i-th of them.
uint32_t inputs_n_losses(const struct inputs *all);
void inputs_losses(const struct inputs *all, uint32_t i, struct input_losses *losses);
/// Over all of them; without a name.
void inputs_losses_sum(const struct inputs *all, struct input_losses *sum);
/// The counters of the workers that serve it, summed: its part of the loss ledger.
void inputs_stats(const struct inputs *all, uint32_t i, struct stats *sum);

/// The way out (port_out.h) by the port of that name, or by the port that worker @p i serves; NULL
/// = there is none.
struct port_out *inputs_out(const struct inputs *all, const char *name);
struct port_out *inputs_worker_out(const struct inputs *all, uint32_t i);

/// What went to the kernel and came from it, over all ports.
void inputs_kernel_sum(const struct inputs *all, struct port_kernel_stats *sum);
/// The host on the port that it is (host_count() is for any thread); NULL = none.
const struct host *inputs_host(const struct inputs *all, uint32_t i);
