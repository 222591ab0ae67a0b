// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Completed flows to collectors of IPFIX, over UDP (RFC 7011).
///
///     struct exporter *x = exporter_new();
///     exporter_program(x, program);                  // who gets something; when that changes
///     exporter_flows(x, analyzer, def, offset, now); // when a definition completed some
///     exporter_tick(x, now);                         // with each tick: templates anew
///     exporter_each(x, row, ctx);                    // statistics
///     exporter_free(x);
///
/// Each collector that a definition names has one socket, connected and never waited for: one UDP
/// transport session and one sequence of data records, in observation domain 0. All flows of a tick
/// leave with it, in as few messages as the route's MTU lets hold them.
///
/// Templates belong to what a definition measures (its name, keys, value) and to the layout of its
/// records. One is sent in front of its first record, and again every EXPORTER_TEMPLATES; one in a
/// message that the kernel refused comes again in front of the next record. An id passes to another
/// template only when all others had their turn: 65,280 of them.
///
/// Records that were not sent are counted by reason. Their numbers are taken all the same if they
/// were refused by the kernel, so that the collector, too, knows that they are missing.
///
/// Thread-safety: exporter_program(), _flows() and _tick() are the leading aggregator thread's; any
/// thread may call exporter_each(). A mutex guards the list, which is held for a tick's messages.
/// Memory: about 5 kB for each collector and a layout for each template.

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/query.h"
#include "base/addr.h"
#include "program/program.h"

/// ns between two times that a template is sent.
#define EXPORTER_TEMPLATES UINT64_C(20000000000)

struct exporter;

/// X(name, help): why records were not sent.
#define EXPORTER_REASONS(X)                                                  \
	X(no_room, "the kernel had no room for them in the socket's buffer") \
	X(unreachable, "no route, or nobody who listens")                    \
	X(no_socket, "the collector's socket could not be opened")           \
	X(no_template, "more layouts than there are template ids, or no memory")

struct exporter_stats {
	uint64_t messages, templates, records; ///< sent
#define X(name, help) uint64_t name;
	EXPORTER_REASONS(X)
#undef X
};

/// NULL when memory is short.
struct exporter *exporter_new(void);
void exporter_free(struct exporter *x);

/// From now on @p program is what query_completed() speaks of: its collectors are opened, those
/// that it does not name are closed, and each forgets the templates of definitions that do not name
/// it. @p program is not kept.
void exporter_program(struct exporter *x, const struct program *program);

/// Send the flows of definition @p def that @p a completed; @p offset: ns from the analyzer's clock
/// to Unix time; @p now: ns, monotonic. Nothing is kept back.
void exporter_flows(struct exporter *x, const struct analyzer *a, uint32_t def, int64_t offset,
		    uint64_t now);

/// Send templates that are due again; open what could not be opened.
void exporter_tick(struct exporter *x, uint64_t now);

/// Call @p row for each collector, and once with a @p port of 0 for all that were named before.
void exporter_each(struct exporter *x,
		   void (*row)(void *ctx, const struct addr *addr, uint32_t port,
			       const struct exporter_stats *stats),
		   void *ctx);

/// The sum over all collectors, present and former.
void exporter_sum(struct exporter *x, struct exporter_stats *sum);
