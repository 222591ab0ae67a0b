// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Files of the source tree, for tests that hold documents to the code.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/// The path of a file of the source tree (environment: WEIR_SOURCE); valid until the next call.
static inline const char *source_path(const char *name)
{
	static char path[4096];
	const char *root = getenv("WEIR_SOURCE");
	snprintf(path, sizeof(path), "%s/%s", root != NULL ? root : ".", name);
	return path;
}

/// Its text, to be freed; fails the test when it cannot be read.
static inline char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s cannot be read", path);
	char *text = calloc(1, 1 << 20);
	const size_t n = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	assert_in_range(n, 1, (1 << 20) - 2);
	return text;
}
