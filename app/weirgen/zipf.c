// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/zipf.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

static double weight(uint64_t rank, double s)
{
	const double r = (double)(rank + 1);
	return s == 1 ? 1 / r : s == 2 ? 1 / (r * r) : pow(r, -s);
}

// Scale so that the mean cell is 1.
static void fill_shares(double *share, uint64_t n, double s)
{
	double sum = 0;
	for (uint64_t i = n; i-- > 0;) // the small ones first: less rounding
		sum += share[i] = weight(i, s);
	for (uint64_t i = 0; i < n; i++)
		share[i] *= (double)n / sum;
}

static uint32_t threshold(double share)
{
	const double t = share * 0x1p32;
	return t >= 0xffffffff ? 0xffffffff : t <= 0 ? 0 : (uint32_t)t;
}

// Each cell below 1 is filled up from a cell above 1. Weights fall with the rank, so those above
// come first: `rich` walks up while `poor` walks up behind the last of them, and a cell that gave
// too much becomes the next poor one. No work lists are needed.
static void fill_cells(struct zipf_cell *cells, double *share, uint64_t n)
{
	uint64_t rich = 0, next = 0;
	while (next < n && share[next] >= 1)
		next++;
	uint64_t poor = next;
	while (poor < n && rich < n && share[rich] >= 1) {
		cells[poor] = (struct zipf_cell){threshold(share[poor]), (uint32_t)rich};
		share[rich] -= 1 - share[poor];
		share[poor] = -1; // done
		if (share[rich] < 1) {
			poor = rich++;
			continue;
		}
		poor = ++next;
	}
}

int zipf_init(struct zipf *z, uint64_t n, double s)
{
	*z = (struct zipf){.n = n};
	if (s == 0)
		return 0;
	double *share = malloc(n * sizeof(*share));
	z->cells = malloc(n * sizeof(*z->cells));
	if (share == NULL || z->cells == NULL) {
		free(share);
		zipf_free(z);
		return ERR_MEMORY;
	}
	fill_shares(share, n, s);
	// What rounding leaves over keeps its own rank.
	for (uint64_t i = 0; i < n; i++)
		z->cells[i] = (struct zipf_cell){0xffffffff, (uint32_t)i};
	fill_cells(z->cells, share, n);
	free(share);
	return 0;
}

void zipf_free(struct zipf *z)
{
	free(z->cells);
	z->cells = NULL;
}
