// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What the kernel is told about large blocks of ordinary memory.
///
/// Tables are met at random: on pages of 4 kB nearly each look-up also waits for a translation.
/// Transparent huge pages (`/sys/kernel/mm/transparent_hugepage/enabled`: madvise or always) are
/// asked for, before the block is used for the first time; where there are none it is slower. An
/// appliance has its pages from the start, so that nothing waits for one at rate.
///
/// Thread-safety: pure functions. Errors: none, it is advice.

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGES_SMALL 4096

/// Give @p mem large pages as it is used.
static inline void pages_advise(void *mem, size_t size)
{
	const uintptr_t first = ((uintptr_t)mem + PAGES_SMALL - 1) & ~(uintptr_t)(PAGES_SMALL - 1);
	const uintptr_t end = ((uintptr_t)mem + size) & ~(uintptr_t)(PAGES_SMALL - 1);
	if (end > first)
		madvise((void *)first, end - first, MADV_HUGEPAGE);
}

/// The same, and have all of them now. @p mem is zeroed.
static inline void pages_populate(void *mem, size_t size)
{
	pages_advise(mem, size);
	for (size_t i = 0; i < size; i += PAGES_SMALL)
		((volatile uint8_t *)mem)[i] = 0;
}
