// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "base/suggest.h"

#include <stdbool.h>
#include <string.h>

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	const unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

// Both at most SUGGEST_MAX long. ipsorce and ipsoruce are both one away from ipsource.
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][SUGGEST_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			const unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = min3(last[j] + 1, row[j - 1] + 1, replaced);
			const bool swapped =
				i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
			if (swapped && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *const free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b_len];
}

const char *suggest(const char *wrong, size_t len, size_t n,
		    const char *(*name)(const void *, size_t), const void *ctx)
{
	if (len == 0 || len > SUGGEST_MAX)
		return NULL;
	const char *nearest = NULL;
	unsigned least = (unsigned)(len + 2) / 3 + 1; // nearer than that: a third may be wrong
	for (size_t i = 0; i < n; i++) {
		const char *candidate = name(ctx, i);
		const size_t candidate_len = strlen(candidate);
		const unsigned d = candidate_len > SUGGEST_MAX
					   ? least
					   : edit_distance(wrong, len, candidate, candidate_len);
		if (d < least) {
			least = d;
			nearest = candidate;
		}
	}
	return nearest;
}
