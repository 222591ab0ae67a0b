// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_SIZE 1024 // rows; a power of two

// The cell that holds @p id, or the free one where it belongs. The index is half empty at least.
static uint32_t *find(const struct tally *t, uint64_t id)
{
	const size_t mask = 2 * t->size - 1;
	size_t at = (id * 0x9e3779b97f4a7c15u) >> 20 & mask;
	while (t->index[at] != 0 && t->rows[t->index[at] - 1].id != id)
		at = (at + 1) & mask;
	return &t->index[at];
}

static int grow(struct tally *t)
{
	const size_t size = t->size != 0 ? 2 * t->size : FIRST_SIZE;
	struct tally_row *rows = realloc(t->rows, size * sizeof(*rows));
	if (rows == NULL)
		return ERR_MEMORY;
	t->rows = rows;
	uint32_t *index = calloc(2 * size, sizeof(*index));
	if (index == NULL)
		return ERR_MEMORY;
	free(t->index);
	t->index = index;
	t->size = size;
	for (size_t i = 0; i < t->n_rows; i++)
		*find(t, rows[i].id) = (uint32_t)i + 1;
	return 0;
}

void tally_count(struct tally_row *row, uint32_t bytes, bool lost)
{
	row->sent.samples++;
	row->sent.bytes += bytes;
	row->arrived.samples += !lost;
	row->arrived.bytes += lost ? 0 : bytes;
}

int tally_add(struct tally *t, uint64_t id, uint32_t bytes, bool lost)
{
	if (t->n_rows == t->size && grow(t) != 0)
		return ERR_MEMORY;
	uint32_t *cell = find(t, id);
	if (*cell == 0) {
		t->rows[t->n_rows] = (struct tally_row){.id = id};
		*cell = (uint32_t)++t->n_rows;
	}
	tally_count(&t->rows[*cell - 1], bytes, lost);
	return 0;
}

void tally_clear(struct tally *t)
{
	if (t->n_rows != 0)
		memset(t->index, 0, 2 * t->size * sizeof(*t->index));
	t->n_rows = 0;
}

void tally_free(struct tally *t)
{
	free(t->rows);
	free(t->index);
	*t = (struct tally){0};
}
