// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The list of test vectors: datagrams built by the encoder, each about one thing that decoders get
/// wrong. vectors.c turns them into files and compares.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector {
	const char *name;
	const char *about; ///< a line for the README
	size_t recipe;     ///< how it is built
	bool expanded;     ///< with expanded samples
};

/// A datagram of this many bytes holds every vector.
#define VECTOR_SIZE 1400

/// All vectors: those with a flow sample stand twice, compact and expanded.
const struct vector *vector_list(size_t *n);

/// Build a vector. Bytes of the datagram.
size_t vector_build(const struct vector *v, uint8_t data[VECTOR_SIZE]);
