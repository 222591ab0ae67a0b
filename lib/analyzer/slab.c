// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/slab.h"

#include <stdbool.h>
#include <string.h>

#define PAGE_UNITS (SLAB_PAGE / SLAB_UNIT)

void slab_layout(struct slab *s, struct carve *c, uint64_t bytes)
{
	const uint64_t pages = (bytes + SLAB_PAGE - 1) / SLAB_PAGE;
	*s = (struct slab){.n_pages = (uint32_t)pages};
	s->page = carve(c, pages, sizeof(*s->page));
	s->base = carve(c, pages, SLAB_PAGE);
}

static void unlink_page(struct slab *s, uint32_t i)
{
	struct slab_page *p = &s->page[i];
	if (p->prev != 0)
		s->page[p->prev - 1].next = p->next;
	else
		s->partial[p->units] = p->next;
	if (p->next != 0)
		s->page[p->next - 1].prev = p->prev;
	p->next = p->prev = 0;
}

static void link_page(struct slab *s, uint32_t i)
{
	struct slab_page *p = &s->page[i];
	p->prev = 0;
	p->next = s->partial[p->units];
	if (p->next != 0)
		s->page[p->next - 1].prev = i + 1;
	s->partial[p->units] = i + 1;
}

static bool is_full(const struct slab_page *p)
{
	return p->free == 0 && p->made == PAGE_UNITS / p->units;
}

// A page for blocks of so many units: its number + 1; 0 = none left.
static uint32_t open_page(struct slab *s, uint32_t units)
{
	uint32_t i = s->empty;
	if (i != 0)
		s->empty = s->page[i - 1].next;
	else if (s->n_fresh < s->n_pages)
		i = ++s->n_fresh;
	else
		return 0;
	s->page[i - 1] = (struct slab_page){.units = (uint16_t)units};
	link_page(s, i - 1);
	return i;
}

uint32_t slab_take(struct slab *s, uint32_t size)
{
	const uint32_t units = size == 0 ? 1 : (size + SLAB_UNIT - 1) / SLAB_UNIT;
	uint32_t i = units <= PAGE_UNITS ? s->partial[units] : 0;
	if (i == 0 && units <= PAGE_UNITS)
		i = open_page(s, units);
	if (i == 0) {
		s->refused++;
		return 0;
	}
	struct slab_page *p = &s->page[--i];
	const uint64_t first = (uint64_t)i * PAGE_UNITS;
	const uint32_t at = p->free != 0 ? p->free - 1u : (uint32_t)p->made * units;
	const uint32_t block = (uint32_t)(first + at) + 1;
	if (p->free != 0)
		memcpy(&p->free, slab_at(s, block), sizeof(p->free));
	else
		p->made++;
	p->used++;
	if (is_full(p))
		unlink_page(s, i);
	memset(slab_at(s, block), 0, (size_t)units * SLAB_UNIT);
	s->used += (uint64_t)units * SLAB_UNIT;
	return block;
}

void slab_give(struct slab *s, uint32_t block)
{
	if (block == 0)
		return;
	const uint32_t i = (block - 1) / PAGE_UNITS;
	struct slab_page *p = &s->page[i];
	const bool was_full = is_full(p);
	memcpy(slab_at(s, block), &p->free, sizeof(p->free));
	p->free = (uint16_t)((block - 1) % PAGE_UNITS + 1);
	p->used--;
	s->used -= (uint64_t)p->units * SLAB_UNIT;
	if (was_full)
		link_page(s, i);
	if (p->used > 0)
		return;
	unlink_page(s, i);
	p->units = 0;
	p->next = s->empty;
	s->empty = i + 1;
}

uint32_t slab_block_size(const struct slab *s, uint32_t block)
{
	return s->page[(block - 1) / PAGE_UNITS].units * (uint32_t)SLAB_UNIT;
}
