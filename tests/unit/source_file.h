// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Files of the source tree, for tests that hold documents to the code.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/// A document as it should be: as it is, with every block between a marker line, for which
/// @p print_block prints what must follow, and the line `<!-- end -->` made anew.
static inline char *renew(const char *text, bool (*print_block)(FILE *f, const char *line),
			  size_t *n_blocks)
{
	static const char end[] = "<!-- end -->\n";
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	for (const char *line = text; *line != '\0';) {
		const size_t len = strcspn(line, "\n") + 1;
		fwrite(line, 1, len, f);
		if (print_block(f, line)) {
			(*n_blocks)++;
			line = strstr(line, end);
			assert_non_null(line);
			continue;
		}
		line += len;
	}
	fclose(f);
	return out;
}

/// The document @p name is as its @p n_blocks blocks should be; WEIR_UPDATE_DOC=1 makes it so.
static inline void check_reference(const char *name, bool (*print_block)(FILE *f, const char *line),
				   size_t n_blocks)
{
	size_t n = 0;
	char *text = read_file(source_path(name));
	char *want = renew(text, print_block, &n);
	if (getenv("WEIR_UPDATE_DOC") != NULL) {
		FILE *f = fopen(source_path(name), "we");
		assert_non_null(f);
		fputs(want, f);
		fclose(f);
	} else {
		assert_string_equal(text, want);
	}
	assert_int_equal(n, n_blocks);
	free(text);
	free(want);
}
