// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What a fuzz target is: one function per surface where input from outside comes in. libFuzzer
/// calls it (`scripts/fuzz NAME`), and so does replay.c, which `scripts/test` runs over the corpus.
/// A target aborts when a promise of the code under test is broken.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// Promise @p what holds, also in a build without assertions.
#define FUZZ_CHECK(what)         \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)
