// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The clocks of the daemon. lib/ never reads one: time is an argument there.
///
/// Rates, ages and timeouts run on the monotonic clock, so that a stepped wall clock changes none
/// of them; the wall clock is for display only. Thread-safety: pure functions.

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S  UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_NS_PER_US UINT64_C(1000)

static inline uint64_t clock_of(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/// ns since some fixed moment; never steps. No system call where the kernel offers a vDSO.
static inline uint64_t clock_monotonic(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/// ns since 1970; may step.
static inline uint64_t clock_realtime(void)
{
	return clock_of(CLOCK_REALTIME);
}

static inline struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / CLOCK_NS_PER_S),
				 .tv_nsec = (long)(ns % CLOCK_NS_PER_S)};
}

/// The cheapest counter that the CPU has, for busy and idle shares; only their ratio means
/// something.
static inline uint64_t clock_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	return clock_monotonic();
#endif
}

/// Tell the CPU that this is a spin loop.
static inline void clock_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}
