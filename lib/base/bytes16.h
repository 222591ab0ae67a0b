// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Sixteen bytes in a register.
///
/// SSSE3 on x86-64, which DPDK asks for too, NEON on aarch64, else plain C.
///
/// Thread-safety: values only.

#include <stdint.h>
#include <string.h>
#if defined(__SSSE3__)
#include <tmmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef uint8_t bytes16 __attribute__((vector_size(16)));

/// What bytes16_pick() makes 0.
#define BYTES16_NONE 0x80

static inline bytes16 bytes16_load(const void *p)
{
	bytes16 v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void bytes16_store(void *p, bytes16 v)
{
	memcpy(p, &v, sizeof(v));
}

/// @p n in the first four bytes as memory has it, then zeros.
static inline bytes16 bytes16_of(uint32_t n)
{
	typedef uint32_t words __attribute__((vector_size(16)));
	return (bytes16)(words){n, 0, 0, 0};
}

/// Byte i of the result is byte which[i] of @p v, or 0 where that is BYTES16_NONE; nothing else
/// above 15 is allowed.
static inline bytes16 bytes16_pick(bytes16 v, bytes16 which)
{
#if defined(__SSSE3__)
	return (bytes16)_mm_shuffle_epi8((__m128i)v, (__m128i)which);
#elif defined(__aarch64__)
	return (bytes16)vqtbl1q_u8((uint8x16_t)v, (uint8x16_t)which);
#else
	bytes16 out;
	for (int i = 0; i < 16; i++)
		out[i] = which[i] < 16 ? v[which[i]] : 0;
	return out;
#endif
}
