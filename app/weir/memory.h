// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The memory of the daemon: what it adds up to, said at start, and where it comes from.
///
/// What workers touch (banks, registries, packet buffers) comes from EAL, on the worker's NUMA
/// socket, in hugepages where there are some. The analyzer's is ordinary memory, on large pages
/// where the kernel has some to give (pages.h). All of it is taken at start, but for the tables of
/// definitions that come later; a shortage is one line that says what was asked for. With
/// `populate` every page is there then: what is stated is what the process has, it does not grow,
/// and no worker waits for a page.
///
/// Thread-safety: main; tables are taken and given back by any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/config/config.h"
#include "program/program.h"

struct analyzer;

/// Bytes of each part.
struct memory_plan {
	uint32_t n_workers;
	size_t bank;     ///< one of the two of a worker
	size_t intake;   ///< registry of agents and sources, scratch
	size_t worker;   ///< the worker itself
	size_t buffers;  ///< packet buffers of all ports
	size_t analyzer; ///< merged state
	size_t tables;   ///< groups and maps, as they were at start
	size_t headers;  ///< datagrams of late, for events, and:
	size_t captures; ///< of events, as these come, at most
	bool populate;   ///< all pages at start
	bool hugepages;  ///< for what comes from EAL
};

/// Add up. Where hugepages are wanted but not to be had, and no NIC needs them, the plan goes
/// without, and a warning says so.
void memory_plan(struct memory_plan *plan, const struct config *c, const struct program *program);
/// Banks, registries and the workers themselves.
uint64_t memory_of_workers(const struct memory_plan *plan);
/// What comes from EAL: the workers' and the packet buffers.
uint64_t memory_of_eal(const struct memory_plan *plan);
/// The sums and the formula behind them, as log lines.
void memory_log(const struct memory_plan *plan, const struct config *c,
		const struct program *program);

/// Zeroed memory on a NUMA socket, WORKER_ALIGN aligned; @p what names it in the message. NULL and
/// a message when there is not enough.
void *memory_take(const struct memory_plan *plan, size_t size, int socket, const char *what,
		  struct err_msg *msg);
void memory_give(void *mem);

/// What is to be done to a block before it is used (struct analyzer_config).
void (*memory_advice(const struct memory_plan *plan))(void *mem, size_t size);

/// The plan for another program, which the analyzer measures from now on.
void memory_change(struct memory_plan *plan, const struct config *c, const struct program *program,
		   const struct analyzer *analyzer);
/// Zeroed memory for one table of a bank, WORKER_ALIGN aligned: as all else of a worker where there
/// are hugepages; without, of the system, which takes it back. NULL and a message.
void *memory_take_table(const struct memory_plan *plan, size_t size, int socket,
			struct err_msg *msg);
void memory_give_table(const struct memory_plan *plan, void *mem);
