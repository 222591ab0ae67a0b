// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Which metrics there are: the fields of all counter records (sflow/counter_records.def) and what
/// is derived from them (derived.def), and how a counter record is kept in memory.
///
/// A **block** (block.h) holds what one data source said in one kind of record: an array of 32-bit
/// words. Counters come first, the latest values of all of them, then the values before; the rest
/// follows, only the latest. All ones mean absent. A **layout** is the plan of such a block, a
/// **def** one metric of it: where its words lie, or from which others it is computed.
///
/// Data sources of class 3 (virtual machines, containers) describe themselves in records that hosts
/// use too; there the metrics of host_descr and nvidia_gpu have the prefix `vir_`, and are a layout
/// of their own. Things that repeat inside a record (lanes of an optical module, queues) carry
/// their place, from 1 on: `opt_lane_tx_power_2`; at most CATALOG_LANES.
///
/// Thread-safety: constant after catalog_layout(). Memory: the caller's, about 100 kB.

#include <stdbool.h>
#include <stdint.h>

#include "base/carve.h"
#include "base/strbuf.h"
#include "sflow/record.h"

/// Repetitions that become metrics; counted when there are more.
#define CATALOG_LANES 16
/// Longest name, NUL included.
#define CATALOG_NAME 56
/// Fields that one derived metric is computed from.
#define CATALOG_ARGS 9
/// Fields of a record at most.
#define CATALOG_FIELDS 48
/// Name of a field that is kept for others but is no metric itself.
#define CATALOG_HIDDEN UINT16_MAX

enum catalog_form {
	CATALOG_COUNTER32,
	CATALOG_COUNTER64,
	CATALOG_U32,
	CATALOG_U64,
	CATALOG_I32,
	CATALOG_F32,
	CATALOG_PERCENT,
	CATALOG_TEXT, ///< number of a text (text.h)
	CATALOG_MAC,
	CATALOG_UUID,
	CATALOG_HEX64,
	CATALOG_DERIVED,
};

enum derive_formula {
	DERIVE_UP_BIT_0,      ///< "up" or "down"
	DERIVE_UP_BIT_1,      ///< the same of the next bit
	DERIVE_UTILIZATION,   ///< percent: octets/s x 800 / (bit/s)
	DERIVE_SUM,           ///< of rates
	DERIVE_SHARE,         ///< percent: growth of the first / growth of all others together
	DERIVE_REST_OF_SHARE, ///< 100 - SHARE
	DERIVE_USED,          ///< the first - all others
	DERIVE_USED_PERCENT,  ///< the same in percent of the first
	DERIVE_PERCENT,       ///< 100 x a / b
	DERIVE_QUOTIENT,      ///< a / b
	DERIVE_MISSES,        ///< percent: growth of a / growth of (a + b)
	DERIVE_VCPU,          ///< percent: ms per second of b CPUs
	DERIVE_K8S_POD,       ///< parts of a container's name
	DERIVE_K8S_NAMESPACE,
	DERIVE_SWARM_SERVICE,
	DERIVE_SYSTEMD_UNIT,
	DERIVE_DOCKER_CONTAINER,
};

struct catalog_def {
	uint16_t name;   ///< number of its name, or CATALOG_HIDDEN
	uint16_t layout; ///< number of its layout
	uint16_t at;     ///< first word (of the latest value)
	uint16_t next;   ///< next def of the same name + 1; 0 = none
	uint8_t form;    ///< enum catalog_form
	uint8_t words;
	uint8_t enumeration; ///< enum sflow_enumeration
	uint8_t formula;     ///< enum derive_formula
	uint8_t n_args;
	uint16_t arg[CATALOG_ARGS];       ///< defs
	const struct record_field *field; ///< NULL of derived ones
	const char *help;                 ///< of derived ones
};

struct catalog_layout {
	const struct record_layout *record;
	bool logical;        ///< the one for data sources of class 3
	bool texts;          ///< has CATALOG_TEXT
	uint16_t first, n;   ///< defs
	uint16_t n_counters; ///< words of latest values of counters; as many before follow
	uint16_t n_words;    ///< at most
	/// Per field of the record its first def + 1; 0 = not kept.
	uint16_t field[CATALOG_FIELDS];
	uint16_t stride; ///< defs per repetition
};

struct catalog {
	struct catalog_def *def;
	struct catalog_layout *layout;
	char (*name)[CATALOG_NAME];
	uint16_t *sorted;   ///< numbers of names in order of the name
	uint16_t *name_def; ///< first def of a name + 1
	uint16_t n_defs, n_layouts, n_names;
	uint16_t n_records;                ///< layouts that are not logical, in order of their tags
	const struct record_layout *first; ///< their first record
};

/// Measure or, with memory, build.
void catalog_layout(struct catalog *c, struct carve *carve);

/// The layout of a record on a data source of this class; -1 when no metric comes from it.
int catalog_find(const struct catalog *c, uint32_t tag, uint32_t ds_class);

/// The number of a name, or -1.
int catalog_name(const struct catalog *c, const char *name, size_t len);

/// True of metrics that are texts.
bool catalog_is_text(const struct catalog_def *d);
/// True of metrics that are what a counter grows by per second.
bool catalog_is_rate(const struct catalog_def *d);
/// The unit of a metric that is a number (units.def); of a rate the unit of what is counted. NULL =
/// there is no such metric.
const char *catalog_unit(const char *name);
/// What a metric is, one line for people: "bytes per second: ifInOctets of if_counters".
void catalog_describe(const struct catalog *c, const struct catalog_def *d, struct strbuf *b);
