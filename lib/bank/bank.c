// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/bank.h"

#include <assert.h>
#include <string.h>

#include "table/cell.h"

_Static_assert(sizeof(struct source_cell) == 64, "a source cell is one cache line");

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static struct table_shape shape_of(const struct flow_def *def, const struct bank_config *config)
{
	return (struct table_shape){
		.entries = config->entries,
		.key_size = def->key_size,
		.cells_size = (uint16_t)(def->n_cell * sizeof(struct cell) +
					 def->n_set * sizeof(struct distinct)),
	};
}

// Bytes of the parts of one table, in the order in which they lie.
struct table_parts {
	size_t self, cells, sketches;
};

static struct table_parts parts_of(const struct flow_def *def, const struct bank_config *config)
{
	const struct table_shape shape = shape_of(def, config);
	return (struct table_parts){
		.self = round_up(sizeof(struct bank_table)),
		.cells = round_up(table_size(&shape)),
		.sketches = def->n_set > 0 ? round_up(distinct_pool_size(config->sketches)) : 0,
	};
}

size_t bank_table_size(const struct flow_def *def, const struct bank_config *config)
{
	const struct table_parts p = parts_of(def, config);
	return p.self + p.cells + p.sketches;
}

static void *take(uint8_t **p, size_t size)
{
	void *mem = *p;
	*p += round_up(size);
	return mem;
}

struct bank_table *bank_table_init(void *mem, const struct flow_def *def,
				   const struct bank_config *config, uint64_t seed)
{
	const struct table_shape shape = shape_of(def, config);
	const struct table_parts parts = parts_of(def, config);
	uint8_t *p = mem;
	struct bank_table *t = take(&p, parts.self);
	table_init(&t->table, take(&p, parts.cells), &shape, seed);
	if (def->n_set > 0)
		distinct_pool_init(&t->pool, take(&p, parts.sketches), config->sketches);
	assert(p == (uint8_t *)mem + bank_table_size(def, config));
	return t;
}

size_t bank_shell_size(const struct bank_config *config)
{
	const size_t agents = (size_t)config->max_agents + 1;
	const size_t sources = (size_t)config->max_sources + 1;
	return round_up(sizeof(struct bank)) + round_up(sizeof(struct unknown_tags)) +
	       round_up(agents * sizeof(struct agent_cell)) + round_up(agents * sizeof(uint32_t)) +
	       round_up(sources * sizeof(struct source_cell)) +
	       round_up(sources * sizeof(struct discard_cell)) +
	       round_up(sources * sizeof(uint32_t)) + round_up(config->log_size);
}

struct bank *bank_shell_init(void *mem, const struct bank_config *config)
{
	static const struct program nothing;
	const size_t agents = (size_t)config->max_agents + 1;
	const size_t sources = (size_t)config->max_sources + 1;
	uint8_t *p = mem;
	struct bank *b = take(&p, sizeof(*b));
	b->program = &nothing;
	b->config = *config;
	b->unknown = take(&p, sizeof(*b->unknown));
	b->agent = take(&p, agents * sizeof(struct agent_cell));
	b->touched_agents = take(&p, agents * sizeof(uint32_t));
	b->source = take(&p, sources * sizeof(struct source_cell));
	b->discard = take(&p, sources * sizeof(struct discard_cell));
	b->touched_sources = take(&p, sources * sizeof(uint32_t));
	b->log = take(&p, config->log_size);
	b->log_size = config->log_size;
	assert(p == (uint8_t *)mem + bank_shell_size(config));
	bank_clear(b, 0, UINT64_MAX);
	return b;
}

void bank_bind(struct bank *b, const struct program *program, const int32_t *from,
	       struct bank_kit *kit)
{
	const struct bank_kit before = {b->table, b->scratch};
	for (uint32_t i = 0; i < program->n_def; i++)
		if (from[i] >= 0)
			kit->table[i] = before.table[from[i]];
	b->program = program;
	b->table = kit->table;
	b->scratch = kit->scratch;
	*kit = before;
}

size_t bank_size(const struct program *program, const struct bank_config *config)
{
	size_t size =
		bank_shell_size(config) + round_up(program->n_def * sizeof(struct bank_table *));
	for (uint32_t i = 0; i < program->n_def; i++)
		size += bank_table_size(&program->def[i], config);
	return size;
}

struct bank *bank_init(void *mem, const struct program *program, const struct bank_config *config)
{
	uint8_t *p = mem;
	struct bank *b = bank_shell_init(take(&p, bank_shell_size(config)), config);
	b->program = program;
	b->scratch = program->scratch;
	b->table = take(&p, program->n_def * sizeof(struct bank_table *));
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct flow_def *def = &program->def[i];
		b->table[i] = bank_table_init(take(&p, bank_table_size(def, config)), def, config,
					      config->seed + i);
	}
	return b;
}

void bank_clear(struct bank *b, uint64_t start, uint64_t until)
{
	b->start = start;
	b->until = until;
	b->n_touched_agents = 0;
	b->n_touched_sources = 0;
	b->n_agents = 0;
	b->n_sources = 0;
	b->n_names = 0;
	b->log_len = 0;
	memset(b->seen, 0, sizeof(b->seen));
	b->looks = SEEN_SAMPLES;
	b->rtflow_looks = SEEN_RTFLOWS;
	unknown_clear(b->unknown);
	for (uint32_t i = 0; i < b->program->n_def; i++) {
		table_clear(&b->table[i]->table);
		distinct_pool_clear(&b->table[i]->pool);
	}
	if (++b->epoch != 0)
		return;
	// 2^32 intervals later: epochs would repeat.
	for (uint32_t i = 0; i <= b->config.max_agents; i++)
		b->agent[i].epoch = 0;
	for (uint32_t i = 0; i <= b->config.max_sources; i++)
		b->source[i].epoch = 0;
	b->epoch = 1;
}

const struct source_cell *bank_source(const struct bank *b, uint32_t index)
{
	return b->source[index].epoch == b->epoch ? &b->source[index] : NULL;
}

const struct agent_cell *bank_agent(const struct bank *b, uint32_t index)
{
	return b->agent[index].epoch == b->epoch ? &b->agent[index] : NULL;
}

const struct log_entry *bank_log_next(const struct bank *b, const struct log_entry *e)
{
	size_t at = 0;
	if (e != NULL)
		at = (size_t)((const uint8_t *)e - b->log) + sizeof(*e) + ((e->len + 7u) & ~7u);
	return at < b->log_len ? (const struct log_entry *)(const void *)(b->log + at) : NULL;
}
