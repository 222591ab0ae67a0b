// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names that people gave: of agents, and of their ports by ifIndex. They stand in where the
/// telemetry names nothing.
///
///     struct names *n = names_new();
///     names_add(n, &(struct names_row){.agent = addr, .name = "leaf1"});
///     names_add(n, &(struct names_row){.agent = addr, .is_port = true, .ifindex = 4,
///                                      .name = "swp4", .speed = 10000000000, .link = "up1"});
///     if (names_seal(n, &msg) != 0) ...
///     old = analyzer_set_names(a, n);                  // between ticks
///     names_free(old);                                 // without
///
/// Thread-safety: immutable once sealed; read under the analyzer's lock. Memory: its own, about 200
/// bytes a row. Limits: texts as in struct flow_row, cut. Lookups take O(log n).

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

#define NAMES_TEXT 64

struct names_row {
	struct addr agent;
	bool is_port;
	uint32_t ifindex;
	char name[NAMES_TEXT];
	uint64_t speed; ///< bit/s; 0 = not said
	char link[NAMES_TEXT];
};

struct names;

struct names *names_new(void);
void names_free(struct names *n);
/// The row is copied. 0 or ERR_MEMORY.
int names_add(struct names *n, const struct names_row *row);
/// All is added. ERR_EXISTS and a message when something is named twice.
int names_seal(struct names *n, struct err_msg *msg);

/// All rows, in no order that means anything. @p n may be NULL.
size_t names_len(const struct names *n);
const struct names_row *names_at(const struct names *n, size_t i);
/// NULL: not named. @p n may be NULL.
const struct names_row *names_agent(const struct names *n, const struct addr *agent);
const struct names_row *names_port(const struct names *n, const struct addr *agent,
				   uint32_t ifindex);
