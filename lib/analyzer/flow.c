// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/flow.h"

#include <stdlib.h>
#include <string.h>

// Additions of a batch, and the keys that they point to.
struct batch {
	uint32_t n;
	struct store_add add[STORE_BATCH];
	uint64_t key[STORE_BATCH][PROGRAM_KEY_MAX / 8];
};

// What the source cells of a bank answer.
static bool is_exact(const struct flow_def *def)
{
	return def->n_part == 0 && def->filter == NULL && def->n_cell == 0 && !def->dropped &&
	       (def->value_kind == VALUE_BYTES || def->value_kind == VALUE_FRAMES);
}

// Without keys there is one flow per source: room for all of them.
static struct store_config config_of(const struct flow_def *def, const struct store_config *config)
{
	struct store_config c = *config;
	if (is_exact(def) && c.entries < c.max_sources + 1)
		c.entries = c.max_sources + 1;
	return c;
}

static size_t self_size(void)
{
	return (sizeof(struct flow) + CARVE_ALIGN - 1) / CARVE_ALIGN * CARVE_ALIGN;
}

size_t flow_size(const struct flow_def *def, const struct store_config *config)
{
	const struct store_config full = config_of(def, config);
	return self_size() + store_size(def, &full);
}

// From calloc(3), whose pages are not there before they are used.
struct flow *flow_new(const struct flow_def *def, const struct sources *sources,
		      const struct store_config *config, void (*advise)(void *mem, size_t size))
{
	const struct store_config full = config_of(def, config);
	const size_t size = flow_size(def, config) + CARVE_ALIGN;
	void *memory = calloc(1, size);
	if (memory == NULL)
		return NULL;
	if (advise != NULL)
		advise(memory, size);
	uint8_t *base = carve_start(memory);
	struct flow *f = (struct flow *)(void *)base;
	*f = (struct flow){
		.memory = memory, .def = def, .sources = sources, .exact = is_exact(def)};
	store_init(&f->store, base + self_size(), def, &full);
	return f;
}

void flow_free(struct flow *f)
{
	if (f != NULL)
		free(f->memory);
}

void flow_rebind(struct flow *f, const struct flow_def *def)
{
	f->def = def;
	f->store.def = def;
}

void flow_begin(struct flow *f, uint64_t start, uint64_t end)
{
	store_begin(&f->store, start, end);
}

static void set_source(uint64_t *key, uint32_t source)
{
	memcpy(key, &source, sizeof(source));
}

// The source that a flow belongs to, as the definition wants them told apart.
static uint32_t source_of(const struct flow *f, uint32_t worker, uint32_t index)
{
	const uint32_t i = sources_translate(f->sources, worker, index);
	if (__builtin_expect(f->def->agg_mode != FLOW_AGG_AGENT, 1))
		return i;
	const struct port *p = sources_port(f->sources, sources_at(f->sources, i)->port);
	return sources_agent(f->sources, p->agent)->source;
}

// By what its additions are multiplied for datagrams lost on the way.
static double correction_of(const struct flow *f, uint32_t worker, uint32_t index)
{
	return sources_correction(f->sources, sources_translate(f->sources, worker, index));
}

// A definition that measures at the edge leaves out what the topology says is none.
static bool is_left_out(const struct flow *f, uint32_t worker, uint32_t index)
{
	if (__builtin_expect(f->def->agg_mode != FLOW_AGG_EDGE, 1))
		return false;
	const uint32_t i = sources_translate(f->sources, worker, index);
	return sources_port(f->sources, sources_at(f->sources, i)->port)->inner;
}

// The additions that lie in a bank's source cells.
static void merge_cells(struct flow *f, uint32_t worker, const struct bank *bank)
{
	const bool bytes = f->def->value_kind == VALUE_BYTES;
	uint64_t key[PROGRAM_KEY_MAX / 8] = {0};
	for (uint32_t i = 0; i < bank->n_touched_sources; i++) {
		const struct source_cell *cell = &bank->source[bank->touched_sources[i]];
		if (cell->samples == 0 || (cell->flags & SOURCE_EVENTS) != 0 ||
		    is_left_out(f, worker, bank->touched_sources[i]))
			continue;
		const uint32_t index = bank->touched_sources[i];
		const double lost = correction_of(f, worker, index);
		set_source(key, source_of(f, worker, index));
		const struct store_add add = {
			.key = key,
			.value = (bytes ? cell->bytes : cell->frames) * lost,
			.q = (bytes ? cell->q_bytes : cell->q_frames) * lost * lost,
			.last = cell->last,
			.n = cell->samples,
		};
		store_add(&f->store, &add, 1);
		f->samples += cell->samples;
	}
}

static inline __attribute__((always_inline)) void translate(
	const struct flow *f, const struct bank *bank, uint32_t def, const struct table_entry *e,
	uint32_t source, double lost, uint32_t words, uint64_t *key, struct store_add *add)
{
	for (uint32_t k = 0; k < 8 * words; k += 8)
		memcpy((uint8_t *)key + k, e->key + k, 8);
	set_source(key, source);
	add->key = key;
	add->value = e->value * lost;
	add->q = e->q * lost * lost;
	add->inherited = e->inherited * lost;
	add->last = e->last;
	add->n = e->n;
	if (f->def->n_cell == 0)
		return;
	add->cell = table_cells(&bank->table[def]->table, e);
	add->set = bank_sets(bank, def, e);
	add->pool = &bank->table[def]->pool;
}

static inline __attribute__((always_inline)) void merge_entries(struct flow *f, uint32_t worker,
								const struct bank *bank,
								uint32_t def, uint32_t words)
{
	const struct table *t = &bank->table[def]->table;
	const struct table_entry *entry[STORE_BATCH];
	struct batch batch;
	struct table_iter it = {0};
	uint32_t found;
	while ((found = table_gather(t, &it, entry, STORE_BATCH)) > 0) {
		batch.n = 0;
		for (uint32_t i = 0; i < found; i++) {
			const uint32_t k = batch.n;
			uint32_t source;
			memcpy(&source, entry[i]->key, sizeof(source));
			if (is_left_out(f, worker, source))
				continue;
			translate(f, bank, def, entry[i], source_of(f, worker, source),
				  correction_of(f, worker, source), words, batch.key[k],
				  &batch.add[k]);
			batch.n++;
		}
		store_add(&f->store, batch.add, batch.n);
	}
}

// Keys of the commonest lengths get code of their own.
static void merge_table(struct flow *f, uint32_t worker, const struct bank *bank, uint32_t def)
{
	const struct table *t = &bank->table[def]->table;
	switch (f->def->key_size / 8) {
	case 2: merge_entries(f, worker, bank, def, 2); break;
	case 3: merge_entries(f, worker, bank, def, 3); break;
	default: merge_entries(f, worker, bank, def, f->def->key_size / 8u);
	}
	store_floor(&f->store, t->floor * sources_most_correction(f->sources));
	f->samples += t->added;
	f->relabelled += t->relabelled;
}

void flow_merge(struct flow *f, uint32_t worker, const struct bank *bank, uint32_t def)
{
	if (f->exact)
		merge_cells(f, worker, bank);
	else
		merge_table(f, worker, bank, def);
}

void flow_end(struct flow *f)
{
	for (uint32_t i = 0; i < f->store.n_touched; i++) {
		const uint32_t entry = store_settle(&f->store, i);
		for (uint32_t k = 0; k < f->n_triggers && entry != 0; k++)
			triggers_touch(f->triggers[k], entry);
	}
	for (uint32_t k = 0; k < f->n_triggers; k++)
		triggers_end(f->triggers[k]);
	store_end(&f->store);
}
