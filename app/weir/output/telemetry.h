// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The stats socket: DPDK's telemetry, commands under /weir.
///
///     dpdk-telemetry.py -f PREFIX         then: /weir/ledger
///
/// | command            | answer                                                             |
/// |--------------------|--------------------------------------------------------------------|
/// | /weir/version      | name and version                                                   |
/// | /weir/stats        | every counter of stats.def, summed over workers                    |
/// | /weir/workers      | their inputs, by number                                            |
/// | /weir/worker,N     | the counters of one                                                |
/// | /weir/ledger       | received, used, reasons; does each ledger close                    |
/// | /weir/inputs,FROM  | per input: NIC misses, kernel drops, outages, received, reasons    |
/// | /weir/records,FROM | types of samples and records that are not known, with one of each  |
/// | /weir/flows,FROM   | per definition: rates, entries, evictions                          |
/// | /weir/agents,FROM  | a page of agents from the FROM-th on; `next` is the following page |
/// | /weir/sources,FROM | a page of data sources likewise                                    |
/// | /weir/audit,FROM   | samples against counters, by port, likewise                        |
/// | /weir/aggregator   | ticks, and how long their parts take                               |
/// | /weir/host         | what was answered for the addresses of ports, summed               |
/// | /weir/kernel       | frames between ports and the kernel, summed                        |
/// | /weir/ipfix,FROM   | per collector of IPFIX: what was sent, and what not, by reason     |
/// | /weir/memory       | bytes by purpose                                                   |
///
/// A reply holds at most 16 kB (a limit of the library), hence the pages. Rows are told column by
/// column: {"agent": [...], "datagrams": [...], ..., "next": 0}. Counters are read without
/// a lock; rows are copied under the aggregator's lock and formatted outside.
///
/// Threading: telemetry_start() and telemetry_stop() by main; the answers are given by DPDK's own
/// thread. Memory: what @p config points to must live until telemetry_stop().

#include <stdint.h>

#include "analyzer/query.h"
#include "base/error.h"
#include "program/program.h"
#include "weir/core/aggregator.h"
#include "weir/output/exporter.h"
#include "weir/input/inputs.h"
#include "weir/core/worker.h"

struct telemetry_memory {
	const char *name; ///< letters, digits and _
	uint64_t bytes;
};

struct telemetry_config {
	const struct analyzer *analyzer;
	struct aggregator *aggregator;
	struct worker *const *worker;
	uint32_t n_workers;
	const struct inputs *inputs;
	struct exporter *exporter;
	const struct telemetry_memory *memory;
	uint32_t n_memory;
};

/// After rte_eal_init(). 0 or negative with a message.
int telemetry_start(const struct telemetry_config *config, struct err_msg *msg);
/// Later questions are answered with an error.
void telemetry_stop(void);
