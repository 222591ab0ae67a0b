// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// DPDK's environment: its arguments, which CPU does what, and clear words when it does not start.
///
///     struct eal eal;
///     if (eal_start(&eal, &config, &msg) != 0) ...     // "no free hugepages: run ..."
///     eal_launch(&eal, i, worker_run, worker);
///     eal_join(&eal, i, timeout);
///     eal_stop(&eal);
///
/// Roles. Every worker gets an EAL lcore on a CPU of its own as long as there are enough; the main
/// lcore, the aggregator and all control threads share the CPUs that are left over. With fewer CPUs
/// than workers several lcores share one. A worker whose CPU nobody names gets one that is near its
/// device, as long as there is one. lcores are numbered as their CPUs where that is possible.
///
/// Memory. With hugepages EAL runs `--in-memory`: nothing to mount, nothing left behind, no rights
/// needed beyond the pages. Without, it gets `memory` bytes of ordinary pages. Arguments that weir
/// does not know go to EAL as they are and come last; with --huge-dir or --proc-type among them EAL
/// keeps shared files, so that secondary processes (dpdk-dumpcap) can attach.
///
/// Thread-safety: main alone. Limits: RTE_MAX_LCORE lcores.

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/// A worker that may run on any CPU.
#define EAL_ANY_CPU UINT32_MAX

struct eal_config {
	const char *file_prefix; ///< of run-time files, the stats socket's too
	bool hugepages;
	uint64_t memory;      ///< bytes that will be taken from EAL
	const uint32_t *cpus; ///< that may be used; none = all that the process may run on
	uint32_t n_cpus;
	const uint32_t *wish; ///< CPU of each worker, or EAL_ANY_CPU
	const cpu_set_t
		*near; ///< of each worker: what its device is near to, empty = any; NULL = any
	uint32_t n_workers;
	const char *const *device; ///< names of ports; PCI addresses among them are probed
	uint32_t n_devices;
	const char *const *extra; ///< further arguments
	uint32_t n_extra;
};

struct eal_lcore {
	uint32_t id;
	uint32_t cpu;
};

struct eal {
	bool started;
	uint32_t n_workers;
	struct eal_lcore *worker;
	uint32_t main_lcore;
	cpu_set_t control;  ///< where everything but the workers runs
	uint32_t n_control; ///< CPUs in it
	char **arguments;   ///< as given to EAL, NULL at the end
};

/// 0, or negative and one line with the remedy. May be called once in a process.
int eal_start(struct eal *e, const struct eal_config *config, struct err_msg *msg);
/// Run @p function on the lcore of worker @p index.
int eal_launch(const struct eal *e, uint32_t index, int (*function)(void *), void *arg);
/// Wait until the worker's function has returned, @p timeout ns at most; true when it has.
bool eal_join(const struct eal *e, uint32_t index, uint64_t timeout);
void eal_stop(struct eal *e);

/// True for the name of a device on a PCI bus ("0000:01:00.0").
bool eal_is_pci(const char *device);
/// Bytes of hugepages that nobody uses, on the whole machine.
uint64_t eal_free_hugepages(void);
/// True when hugepages are told to a card by their physical addresses, as there is no IOMMU: only
/// root can take more of them then.
bool eal_memory_takes_root(const struct eal *e);

/// NUMA socket of the worker's CPU.
int eal_socket(const struct eal *e, uint32_t index);

/// Which CPU each worker gets and what is left for control: fills worker, main_lcore and control
/// for the CPUs in @p allowed. What eal_start() does first; by itself for tests.
int eal_plan(struct eal *e, const struct eal_config *config, const cpu_set_t *allowed,
	     struct err_msg *msg);
