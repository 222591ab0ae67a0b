// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/view_item.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct item_shape item_shape_of(const struct flow_def *def)
{
	struct item_shape shape = {
		.key = sizeof(struct item) + def->n_cell * sizeof(struct cell),
		.key_size = def->key_size,
		.n_cell = def->n_cell,
		.n_value = def->n_value,
		.figure = !flow_def_is_rate(def),
	};
	shape.size = shape.key + def->key_size;
	for (unsigned k = 0; k < def->n_cell; k++) {
		const uint8_t kind = def->cell[k].kind;
		shape.kind[k] = kind == CELL_COUNT ? (uint8_t)CELL_MAX : kind;
	}
	return shape;
}

static uint8_t *key_of(const struct item_shape *shape, const struct item *item)
{
	return (uint8_t *)item + shape->key;
}

void item_read(struct item *item, const struct item_shape *shape, const struct analyzer *a,
	       const struct store *s, uint32_t entry)
{
	const struct source *o = sources_at(&a->sources, store_source(s, entry));
	const struct port *p = sources_port(&a->sources, o->port);
	const struct store_rate rate = store_rate(s, entry);
	const struct store_past *past = store_past(s, entry);
	*item = (struct item){
		.agent = sources_agent(&a->sources, p->agent)->addr,
		.ds_class = p->ds_class,
		.ds_index = p->ds_index,
		.direction = o->direction,
		.port = o->port,
		.n_sources = 1,
		.largest = rate.value,
		.value = rate.value,
		.q = rate.q,
		.inherited = rate.inherited,
		.uncorrected = rate.value / sources_correction(&a->sources, store_source(s, entry)),
		.n_effective = rate.n_effective,
		.last = past->last,
		.samples = past->n,
	};
	for (unsigned k = 0; k < shape->n_cell; k++)
		item->cell[k] = store_cell_now(s, entry, k);
	if (shape->figure && rate.value == 0) // its samples are too old to count
		item->cell[shape->n_value] = (struct cell){0};
	uint8_t *key = key_of(shape, item);
	memset(key, 0, PROGRAM_KEY_SOURCE);
	memcpy(key + PROGRAM_KEY_SOURCE, store_entry(s, entry)->key + PROGRAM_KEY_SOURCE,
	       (size_t)shape->key_size - PROGRAM_KEY_SOURCE);
}

static void add_sums(struct item *to, const struct item_shape *shape, const struct item *from)
{
	to->value += from->value;
	to->q += from->q;
	to->inherited += from->inherited;
	to->uncorrected += from->uncorrected;
	to->samples += from->samples;
	to->last = from->last > to->last ? from->last : to->last;
	for (unsigned k = 0; k < shape->n_cell; k++)
		cell_merge(&to->cell[k], shape->kind[k], &from->cell[k], 1);
	if (!shape->figure)
		return;
	to->value = cell_value(&to->cell[shape->n_value], shape->kind[shape->n_value]);
	to->n_effective += from->n_effective;
}

void item_join(struct item *to, const struct item_shape *shape, const struct item *from)
{
	add_sums(to, shape, from);
	to->direction = DIRECTION_UNKNOWN;
	to->largest = to->value;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_place(const struct item *a, const struct item *b)
{
	int c = compare_u32(a->agent.family, b->agent.family);
	if (c == 0)
		c = memcmp(a->agent.bytes, b->agent.bytes, sizeof(a->agent.bytes));
	if (c == 0)
		c = compare_u32(a->ds_class, b->ds_class);
	if (c == 0)
		c = compare_u32(a->ds_index, b->ds_index);
	if (c == 0)
		c = compare_u32(a->port, b->port); // both have names
	return c != 0 ? c : compare_u32(a->direction, b->direction);
}

bool item_before(const struct item *a, const struct item *b, const struct item_shape *shape)
{
	if (a->value != b->value)
		return a->value > b->value;
	const int c = memcmp(key_of(shape, a), key_of(shape, b), shape->key_size);
	return c != 0 ? c < 0 : compare_place(a, b) < 0;
}

static void set_place(struct item *to, const struct item *from)
{
	to->agent = from->agent;
	to->ds_class = from->ds_class;
	to->ds_index = from->ds_index;
	to->direction = from->direction;
	to->port = from->port;
	to->largest = from->largest;
}

static void join(struct item *to, const struct item_shape *shape, const struct item *from,
		 enum view_mode mode)
{
	const uint32_t n_sources = to->n_sources + 1;
	const bool is_largest = from->largest != to->largest ? from->largest > to->largest
							     : compare_place(from, to) < 0;
	if (mode == VIEW_MAX) {
		if (is_largest)
			memcpy(to, from, shape->size);
	} else {
		add_sums(to, shape, from);
		if (is_largest)
			set_place(to, from);
	}
	to->n_sources = n_sources;
}

// --- the set ------------------------------------------------------------------------------------

static uint32_t hash_of(const struct item_set *set, const struct item_shape *shape,
			const struct item *item)
{
	return (uint32_t)(hash_words(set->secret, key_of(shape, item), shape->key_size / 8) >> 32);
}

static void enter(struct item_set *set, const struct item_shape *shape, uint32_t i)
{
	uint32_t at = hash_of(set, shape, item_at(shape, set->mem, i)) & set->mask;
	while (set->slot[at] != 0)
		at = (at + 1) & set->mask;
	set->slot[at] = i + 1;
}

// Twice the room, and the index made anew: at most half full.
static int grow(struct item_set *set, const struct item_shape *shape)
{
	const uint32_t max = set->max != 0 ? 2 * set->max : 1024;
	uint32_t *slot = calloc(2 * (size_t)max, sizeof(*slot));
	uint8_t *mem = slot != NULL ? reallocarray(set->mem, max, shape->size) : NULL;
	if (mem == NULL) {
		free(slot);
		return ERR_MEMORY;
	}
	free(set->slot);
	set->mem = mem;
	set->slot = slot;
	set->max = max;
	set->mask = 2 * max - 1;
	for (uint32_t i = 0; i < set->n; i++)
		enter(set, shape, i);
	return 0;
}

static struct item *find(const struct item_set *set, const struct item_shape *shape,
			 const struct item *item)
{
	for (uint32_t at = hash_of(set, shape, item) & set->mask; set->slot[at] != 0;
	     at = (at + 1) & set->mask) {
		struct item *i = item_at(shape, set->mem, set->slot[at] - 1);
		if (memcmp(key_of(shape, i), key_of(shape, item), shape->key_size) == 0)
			return i;
	}
	return NULL;
}

int item_set_add(struct item_set *set, const struct item_shape *shape, const struct item *item,
		 enum view_mode mode)
{
	if (set->n == set->max && grow(set, shape) != 0)
		return ERR_MEMORY;
	struct item *known = mode != VIEW_ROWS ? find(set, shape, item) : NULL;
	if (known != NULL) {
		join(known, shape, item, mode);
		return 0;
	}
	memcpy(item_at(shape, set->mem, set->n), item, shape->size);
	if (mode != VIEW_ROWS)
		enter(set, shape, set->n);
	set->n++;
	return 0;
}

void item_set_free(struct item_set *set)
{
	free(set->mem);
	free(set->slot);
}

// --- rows ---------------------------------------------------------------------------------------

void item_average(struct item *item, const struct item_shape *shape)
{
	if (shape->figure)
		return;
	const double n = item->n_sources;
	item->value /= n;
	item->q /= n * n;
	item->inherited /= n;
	item->uncorrected /= n;
}

void item_row(const struct item *item, const struct item_shape *shape, bool average,
	      struct view_row *row)
{
	*row = (struct view_row){
		.flow =
			{
				.agent = item->agent,
				.ds_class = item->ds_class,
				.ds_index = item->ds_index,
				.direction = item->direction,
				.key_size = shape->key_size,
				.value = item->value,
				.error = QUERY_Z95 * sqrt(item->q),
				.n_effective = shape->figure ? item->n_effective
					       : item->q > 0 ? item->value * item->value / item->q
							     : 0,
				.inherited = item->inherited,
				.uncorrected = item->uncorrected,
				.samples = item->samples,
				.last = item->last,
				.n_values = shape->n_value,
			},
		.n_sources = item->n_sources,
	};
	memcpy(row->flow.key, key_of(shape, item), shape->key_size);
	for (unsigned k = 0; k < shape->n_value; k++) {
		const bool is_sum = shape->kind[k] == CELL_SUM;
		row->flow.values[k] = cell_value(&item->cell[k], shape->kind[k]) /
				      (average && is_sum ? item->n_sources : 1);
	}
}
