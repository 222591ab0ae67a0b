// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What ThreadSanitizer cannot see is told to it: nothing in any other build.
///
///     tsan_release(&w->bank);                        // what was written before ...
///     old = rcu_xchg_pointer(&w->bank, new);
///                                   bank = rcu_dereference(w->bank);
///                                   tsan_acquire(&w->bank); // ... is there after
///
/// Two things are hidden from it. liburcu (0.13) orders memory by instructions of its own, in a
/// library that is not instrumented: the exchange of a pointer happens before its use, and what a
/// reader did before a quiescent state happens before the grace period's end. And
/// sem_clockwait(), unlike its brothers, is unknown to the sanitizer's runtime, which takes
/// sem_post() for a release of the semaphore. Each call stands beside the one that it speaks for,
/// and claims no more than that promises: so a use of RCU against its rules is still found.
///
/// scripts/test --threads runs the stress tests so.

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif

#ifdef TSAN
#include <sanitizer/tsan_interface.h>

/// What was done before happens before tsan_acquire() of the same address.
static inline void tsan_release(const volatile void *addr)
{
	__tsan_release((void *)(uintptr_t)addr);
}

static inline void tsan_acquire(const volatile void *addr)
{
	__tsan_acquire((void *)(uintptr_t)addr);
}
#else
static inline void tsan_release(const volatile void *addr)
{
	(void)addr;
}

static inline void tsan_acquire(const volatile void *addr)
{
	(void)addr;
}
#endif
