// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Whole datagrams to other collectors, over UDP or TLS (outlet.h), and samples to tenants'.
///
///     struct forward *f = forward_new(worker, n_workers, &tls);
///     const struct forward_target t = {.name = "backup", .addr = addr, .port = 6343};
///     forward_put(f, &t, &msg);
///     ...
///     forward_delete(f, false, "backup");
///     forward_free(f);                       // the workers have left
///
/// A target that is reached `through` a port gets what came by that port without a copy
/// (port_out.h): the port's host thread sends it. What came by other inputs is handed to it.
///
/// While there is another target, each worker copies what it takes in to a ring of its own (tap.h),
/// and one thread sends from there to every target whose `agents` have the agent of the datagram; a
/// tenant gets a datagram of the samples that its filters select, if there are any (tenant.h). A
/// target that is dead or slow loses datagrams, which are counted, and hurts nobody: sending never
/// waits. Without targets there is no ring, and no thread works.
///
/// Thread-safety: any thread may put, delete, and read; a mutex guards the targets, which the
/// sending thread holds for a batch at most. Memory: FORWARD_RING bytes per worker from the first
/// target on; targets as they are put. Limits: FORWARD_TARGETS.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "common/feed_tls.h"
#include "weir/config/config_forward.h"

#define FORWARD_RING    (4 << 20)
#define FORWARD_TARGETS 256

struct forward;
struct inputs;
struct worker;

struct forward_stats {
	uint64_t sent, bytes;
	/// Refused by the kernel: no room, no route, nobody there; over TLS: no connection, or its
	/// queue is full.
	uint64_t failed;
	uint64_t samples; ///< of a tenant, sent
	/// Through a port: sent from a copy; and why some failed, among those.
	uint64_t copied, unresolved, too_long;
};

/// @p tls is for targets that have a URL; its texts outlive the forward. NULL when memory or
/// threads are short. @p inputs: whose workers they are, in that order; they live longer. NULL =
/// none.
struct forward *forward_new(struct worker **worker, uint32_t n_workers, struct inputs *inputs,
			    const struct feed_tls *tls);
void forward_free(struct forward *f);

/// Add a target, or replace it; those of tenants have names of their own. 0, or ERR_FULL,
/// ERR_MEMORY, ERR_INVALID (no such port) or ERR_IO with a message.
int forward_put(struct forward *f, const struct forward_target *target, struct err_msg *msg);
/// 0 or ERR_UNKNOWN.
int forward_delete(struct forward *f, bool tenant, const char *name);

/// Call @p row for each target that is a tenant's or is none, in the order of their names; under
/// the mutex: be short.
void forward_each(struct forward *f, bool tenants,
		  void (*row)(void *ctx, const struct forward_target *target,
			      const struct forward_stats *stats),
		  void *ctx);
/// Datagrams that the rings had no room for, those of ports among them.
uint64_t forward_dropped(struct forward *f);
