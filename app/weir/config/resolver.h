// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names of addresses, looked up behind everybody's back, for the function dns:.
///
///     resolver_start(NULL, &msg);               // NULL: the system's resolver
///     const struct program_resolver *r = resolver_program();
///     if (r->name(r->ctx, &addr, &text)) ...    // never waits: the name, or "not yet"
///     resolver_stop();
///
/// A name that is not known is asked for on a thread of its own, one after the other; until the
/// answer is there, and where there is none, callers show the address. Answers are kept for an
/// hour, "there is none" for five minutes.
///
/// Thread-safety: any thread may ask; a mutex guards the cache, held for one look. start and
/// stop: one thread. Memory: RESOLVER_CACHE names, at start. Limits: RESOLVER_QUEUE questions wait
/// at once; what is asked beyond is asked again by whoever next shows the address. A place of the
/// cache holds one address: two that share it take turns.

#include "base/addr.h"
#include "base/error.h"
#include "program/program.h"

#define RESOLVER_CACHE 16384 ///< a power of two
#define RESOLVER_QUEUE 256

/// Bytes of a name, the NUL included.
#define RESOLVER_NAME 256

/// Write the name of an address (RESOLVER_NAME bytes); false where there is none. May take long.
typedef bool resolver_lookup(const struct addr *addr, char *name);

/// What programs are compiled with, started or not.
const struct program_resolver *resolver_program(void);
/// 0 or negative with a message.
int resolver_start(resolver_lookup *lookup, struct err_msg *msg);
/// Forget everything. Waits for the question that is being asked.
void resolver_stop(void);
