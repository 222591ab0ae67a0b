// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Which data sources a question is about: `ALL`, agents by address or host name, or what the
/// topology says.
///
///     struct selector *s = selector_new(a, "10.0.0.1,leaf2", &msg);
///     ... under the analyzer's lock, any number of times:
///     if (selector_flags(s, a, port) & SELECTOR_IN) ...
///     selector_free(s);
///
/// The text is sFlow-RT's (an element of a path): a list separated by `,` or `;` of addresses and
/// host names, or one of the words `ALL`, `TOPOLOGY` (agents that are nodes of the topology),
/// `EDGE` (their ports that are no end of a link) and `CORE` (ports that are). An agent that nobody
/// knows selects nothing; without a topology the last three words select nothing.
///
/// What was decided about a port stands for the life of the selector, so that one question is
/// answered by one set of ports though the names that the telemetry brings change meanwhile.
///
/// Thread-safety: a selector belongs to one thread; selector_flags() under the analyzer's lock.
/// Memory: one byte per source that the analyzer has room for, and the texts.
/// Limits: SELECTOR_AGENTS in a list.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

#define SELECTOR_AGENTS 10000

enum selector_flags {
	SELECTOR_KNOWN = 1, ///< decided
	SELECTOR_IN = 2,    ///< the question is about this port
	SELECTOR_EDGE = 4,  ///< of a node of the topology, no end of a link
	SELECTOR_CORE = 8,  ///< end of a link
};

struct analyzer;
struct selector;

/// NULL and a message when the text is empty or too long. Reads nothing of @p a that changes.
struct selector *selector_new(const struct analyzer *a, const char *text, struct err_msg *msg);
void selector_free(struct selector *s);

/// Where a walk over selected ports stands; start with zeros.
struct selector_walk {
	uint32_t port;  ///< the one at hand; 0 = none
	uint32_t agent; ///< how many agents were looked at
	bool in;        ///< the question is about this port
};

/// One step, under the analyzer's lock; false at the end. An agent that is told by its address
/// costs what its own ports cost, one that is told by its name a look at every agent. Ports that
/// are new meanwhile may be left out. @p s: NULL = all.
bool selector_next(struct selector *s, const struct analyzer *a, struct selector_walk *walk);

/// SELECTOR_* of a port (number in sources.port).
unsigned selector_flags(struct selector *s, const struct analyzer *a, uint32_t port);

/// The text of a data source: "4", or "2.1" where the class is not 0 (ifIndex).
void data_source_format(struct strbuf *b, uint32_t ds_class, uint32_t ds_index);
/// The reverse; 0 or ERR_INVALID.
int data_source_parse(const char *text, size_t len, uint32_t *ds_class, uint32_t *ds_index);
