// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/flow.h"

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

static void layout(struct carve *c, void **store, void **triggers, const struct flow_def *def,
		   const struct store_config *config, uint32_t n_rules, uint32_t max_triggered)
{
	const struct store_config full = config_of(def, config);
	*store = carve(c, 1, store_size(def, &full));
	*triggers = carve(c, 1, triggers_size(def, n_rules, max_triggered));
}

size_t flow_size(const struct flow_def *def, const struct store_config *config, uint32_t n_rules,
		 uint32_t max_triggered)
{
	struct carve c = {0};
	void *store, *triggers;
	layout(&c, &store, &triggers, def, config, n_rules, max_triggered);
	return c.used;
}

void flow_init(struct flow *f, void *mem, const struct flow_def *def, const struct sources *sources,
	       const struct store_config *config, uint32_t n_rules, uint32_t max_triggered)
{
	struct carve c = {.base = mem};
	void *store, *triggers;
	layout(&c, &store, &triggers, def, config, n_rules, max_triggered);
	*f = (struct flow){.def = def, .sources = sources, .exact = is_exact(def)};
	const struct store_config full = config_of(def, config);
	store_init(&f->store, store, def, &full);
	triggers_init(&f->triggers, triggers, &f->store, n_rules, max_triggered);
}

void flow_begin(struct flow *f, uint64_t start, uint64_t end)
{
	store_begin(&f->store, start, end);
}

static uint64_t time_of(const struct bank *bank, uint32_t ms)
{
	return bank->start + ms * (uint64_t)1000000;
}

static void set_source(uint64_t *key, uint32_t source)
{
	memcpy(key, &source, sizeof(source));
}

// The additions that lie in a bank's source cells.
static void merge_cells(struct flow *f, uint32_t worker, const struct bank *bank)
{
	const bool bytes = f->def->value_kind == VALUE_BYTES;
	uint64_t key[PROGRAM_KEY_MAX / 8] = {0};
	for (uint32_t i = 0; i < bank->n_touched_sources; i++) {
		const struct source_cell *cell = &bank->source[bank->touched_sources[i]];
		if (cell->samples == 0)
			continue;
		set_source(key, sources_translate(f->sources, worker, bank->touched_sources[i]));
		const struct store_add add = {
			.key = key,
			.value = bytes ? cell->bytes : cell->frames,
			.q = bytes ? cell->q_bytes : cell->q_frames,
			.last = time_of(bank, cell->last),
			.n = cell->samples,
		};
		store_add(&f->store, &add, 1);
		f->samples += cell->samples;
	}
}

// Up to STORE_BATCH entries of the table, asked for before the first is read.
static uint32_t gather(const struct table *t, struct table_iter *it, const struct table_entry **out)
{
	uint32_t n = 0;
	while (n < STORE_BATCH && (out[n] = table_next(t, it)) != NULL) {
		for (uint32_t line = 0; line < t->entry_size; line += 64)
			__builtin_prefetch((const uint8_t *)out[n] + line);
		n++;
	}
	return n;
}

static void translate(const struct flow *f, uint32_t worker, const struct bank *bank,
		      const struct table *t, const struct table_entry *e, uint64_t *key,
		      struct store_add *add)
{
	uint32_t source;
	memcpy(&source, e->key, sizeof(source));
	memcpy(key, e->key, f->def->key_size);
	set_source(key, sources_translate(f->sources, worker, source));
	*add = (struct store_add){
		.key = key,
		.value = e->value,
		.q = e->q,
		.inherited = e->inherited,
		.last = time_of(bank, e->last),
		.n = e->n,
	};
	if (f->def->n_cell == 0)
		return;
	const uint32_t def = (uint32_t)(t - bank->table);
	add->cell = table_cells(t, e);
	add->set = bank_sets(bank, def, e);
	add->pool = &bank->pool[def];
}

static void merge_table(struct flow *f, uint32_t worker, const struct bank *bank,
			const struct table *t)
{
	const struct table_entry *entry[STORE_BATCH];
	struct batch batch;
	struct table_iter it = {0};
	while ((batch.n = gather(t, &it, entry)) > 0) {
		for (uint32_t i = 0; i < batch.n; i++)
			translate(f, worker, bank, t, entry[i], batch.key[i], &batch.add[i]);
		store_add(&f->store, batch.add, batch.n);
	}
	store_floor(&f->store, t->floor);
	f->samples += t->added;
	f->relabelled += t->relabelled;
}

void flow_merge(struct flow *f, uint32_t worker, const struct bank *bank, const struct table *t)
{
	if (f->exact)
		merge_cells(f, worker, bank);
	else
		merge_table(f, worker, bank, t);
}

void flow_end(struct flow *f)
{
	for (uint32_t i = 0; i < f->store.n_delta; i++) {
		const uint32_t entry = store_settle(&f->store, i);
		if (entry != 0)
			triggers_touch(&f->triggers, entry);
	}
	triggers_end(&f->triggers);
	store_end(&f->store);
}
