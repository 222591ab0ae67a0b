// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// What is staged goes through the definitions: filter, gather, add. Additions are on their way
// while the next definition, or the next samples, are gathered: a table's lines arrive meanwhile.

#include <math.h>

#include "bank/passage.h"
#include "table/cell.h"

// The hash of an attribute of any kind, never 0; 0 when it is absent.
static uint64_t attribute_hash(const struct hash_secret *secret, const struct key_field *f,
			       const struct packet *p)
{
	uint8_t value[FIELD_VALUE_MAX];
	const size_t n = field_read(f->field, f->occurrence, p, value);
	return n == 0 ? 0 : hash_bytes(secret, value, n) | 1;
}

static void read_cells(const struct bank *b, const struct flow_def *def, const struct packet *p,
		       union attribute *out)
{
	for (unsigned c = 0; c < def->n_cell; c++) {
		const struct cell_def *cell = &def->cell[c];
		if (cell->kind == CELL_COUNT)
			out[c].hash = attribute_hash(&b->config.secret, &cell->source, p);
		else if (!flow_def_number(&cell->source, p, &out[c].number))
			out[c].number = NAN;
	}
}

// What add_cells() needs to know of the definition at hand.
struct cells {
	struct bank *bank;
	const struct batch *batch;
};

static void add_cells(void *ctx, uint32_t k, struct table_entry *e)
{
	const struct cells *cells = ctx;
	struct bank *b = cells->bank;
	const uint32_t i = cells->batch->def;
	const struct flow_def *def = &b->program->def[i];
	const union attribute *value = cells->batch->values[k];
	struct cell *cell = table_cells(&b->table[i]->table, e);
	struct distinct *set = bank_sets(b, i, e);
	for (unsigned c = 0; c < def->n_cell; c++) {
		const enum cell_kind kind = (enum cell_kind)def->cell[c].kind;
		if (kind == CELL_COUNT) {
			if (value[c].hash != 0)
				distinct_add(&b->table[i]->pool, &set[def->cell[c].set],
					     value[c].hash);
		} else if (!isnan(value[c].number)) {
			cell_add(&cell[c], kind, value[c].number, cells->batch->rate[k]);
		}
	}
}

// Samples that a definition did not measure.
struct missed {
	uint32_t filtered, no_key;
};

static const struct packet *packet_of(const struct bank *b, struct intake *in, uint32_t k)
{
	if (!in->sample[k].packet) {
		sample_packet(dissect_depth_of(b), &in->sample[k], &in->packet[k]);
		in->sample[k].packet = true;
	}
	return &in->packet[k];
}

// Gather one sample into place @p n, whose key is @p key.
static bool gather_sample(const struct bank *b, struct intake *in, struct batch *batch, uint32_t k,
			  uint32_t n, uint8_t *key, struct missed *missed)
{
	const struct flow_def *def = &b->program->def[batch->def];
	const struct sample *s = &in->sample[k];
	const struct packet *p = packet_of(b, in, k);
	double value;
	if (!flow_def_match(def, p)) {
		missed->filtered++;
		return false;
	}
	if (!flow_def_key(def, p, s->source, key) || !flow_def_value(def, p, s->bytes, &value)) {
		missed->no_key++;
		return false;
	}
	if (def->n_cell != 0)
		read_cells(b, def, p, batch->values[n]);
	batch->add.value[n] = s->rate * value;
	return true;
}

// Gather the keys and values of all samples that the definition of @p batch measures. What a key
// writes too far ends before the next.
static struct missed gather(const struct bank *b, struct intake *in, struct batch *batch)
{
	const struct flow_def *def = &b->program->def[batch->def];
	struct plain_batch plain;
	struct missed missed = {0};
	uint8_t *key = batch->key;
	const uint32_t stride = def->key_size + PROGRAM_KEY_SLACK, n_samples = in->n_samples;
	const uint32_t needs = def->plain_needs;
	const bool is_plain = needs != 0 && def->filter == NULL && def->n_cell == 0 &&
			      def->value_kind <= VALUE_FRAMES && !def->dropped;
	const uint8_t kind = def->dropped ? SAMPLE_DISCARDED : SAMPLE_FLOW;
	uint32_t n = 0;
	plain.n = 0;
	for (uint32_t k = 0; k < n_samples; k++) {
		const struct sample *s = &in->sample[k];
		if (is_plain && (s->has & needs) == needs) {
			memcpy(key, &s->source, sizeof(s->source));
			plain.at[plain.n] = s->at;
			plain.key[plain.n++] = key;
			batch->add.value[n] =
				s->rate * (def->value_kind == VALUE_BYTES ? s->bytes : 1);
		} else if (is_plain && (s->has & PLAIN_ROOM) != 0) {
			missed.no_key++; // a plain header has no more than it says
			continue;
		} else if (s->kind != kind || !gather_sample(b, in, batch, k, n, key, &missed)) {
			continue;
		}
		batch->add.last[n] = s->from->ms;
		batch->rate[n] = s->rate;
		key += stride;
		n++;
	}
	if (plain.n > 0)
		flow_def_plain_keys(def, plain.at, plain.key, plain.n);
	batch->add.n = n;
	batch->add.stride = stride;
	batch->add.key = batch->key;
	return missed;
}

static void add(struct bank *b, struct intake *in, const struct batch *batch)
{
	struct table *t = &b->table[batch->def]->table;
	struct cells cells = {.bank = b, .batch = batch};
	const uint64_t relabelled = t->relabelled;
	const bool has_cells = b->program->def[batch->def].n_cell != 0;
	table_batch_add(t, &batch->add, has_cells ? add_cells : NULL, &cells);
	stats_add(in->stats, STAT_added, batch->add.n);
	stats_add(in->stats, STAT_relabelled, t->relabelled - relabelled);
}

// Everything on its way moves a step on; @p next is hashed.
static void advance(struct bank *b, struct intake *in, struct batch *next)
{
	if (in->found != NULL)
		add(b, in, in->found);
	in->found = in->hashed;
	if (in->found != NULL)
		table_batch_find(&b->table[in->found->def]->table, &in->found->add);
	in->hashed = next;
}

static void measure(struct bank *b, struct intake *in, uint32_t i)
{
	struct batch *batch = &in->batch[in->turn];
	batch->def = i;
	const struct missed missed = gather(b, in, batch);
	stats_add(in->stats, STAT_filtered, missed.filtered);
	stats_add(in->stats, STAT_no_key, missed.no_key);
	if (batch->add.n == 0)
		return;
	table_batch_hash(&b->table[i]->table, &batch->add, &b->config.secret);
	advance(b, in, batch);
	in->turn = in->turn < 2 ? in->turn + 1 : 0;
}

static void look(struct bank *b, const struct packet *p)
{
	uint8_t value[FIELD_VALUE_MAX];
	for (unsigned i = 0; i < N_FIELDS; i++) {
		for (unsigned n = 0; n < SEEN_OCCURRENCES; n++) {
			const unsigned bit = i * SEEN_OCCURRENCES + n;
			uint64_t *word = &b->seen[bit / 64];
			const uint64_t mask = UINT64_C(1) << bit % 64;
			if ((*word & mask) == 0 && field_read(field_at(i), n, p, value) == 0)
				break;
			*word |= mask;
		}
	}
}

// What the samples have, for whoever wants to know what could be measured.
static void look_staged(struct bank *b, struct intake *in)
{
	for (uint32_t k = 0; k < in->n_samples && b->looks > 0; k++) {
		if (in->sample[k].kind == SAMPLE_REFUSED)
			continue;
		look(b, packet_of(b, in, k));
		b->looks--;
	}
}

void measure_staged(struct bank *b, struct intake *in)
{
	if (b->looks > 0)
		look_staged(b, in);
	const uint32_t n_def = b->program->n_def;
	for (uint32_t i = 0; i < n_def; i++)
		measure(b, in, i);
	in->n_samples = 0;
}

void measure_finish(struct bank *b, struct intake *in)
{
	advance(b, in, NULL);
	advance(b, in, NULL);
}
