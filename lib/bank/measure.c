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
	const size_t n = key_field_read(f, p, value);
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
static __attribute__((noinline)) bool gather_sample(const struct bank *b, struct intake *in,
						    struct batch *batch, uint32_t k, uint32_t n,
						    uint8_t *key, struct missed *missed)
{
	const struct flow_def *def = &b->program->def[batch->def];
	const struct sample *s = &in->sample[k];
	const struct packet *p = packet_of(b, in, k);
	double value;
	if (!flow_def_match(def, p, b->scratch)) {
		missed->filtered++;
		return false;
	}
	if (!flow_def_key(def, p, s->source, key) || !flow_def_value(def, p, s->bytes, &value)) {
		missed->no_key++;
		return false;
	}
	if (def->n_cell != 0)
		read_cells(b, def, p, batch->values[n]);
	batch->rate[n] = s->rate;
	batch->add.value[n] = s->rate * value;
	return true;
}

// Gather the keys and values of all samples that the definition of @p batch measures: those that
// are plain by loads alone, @p n_vectors for a key (0 = none are), the rest by their packets. What
// a key writes too far ends before the next.
static inline __attribute__((always_inline)) struct missed gather_all(const struct bank *b,
								      struct intake *in,
								      struct batch *batch,
								      unsigned n_vectors)
{
	const struct flow_def *def = &b->program->def[batch->def];
	const struct plain_key *plain = def->plain;
	const uint8_t kind = def->rtflow    ? SAMPLE_RTFLOW
			     : def->dropped ? SAMPLE_DISCARDED
					    : SAMPLE_FLOW;
	const uint32_t needs = def->filter == NULL ? def->plain_needs : 0;
	const uint32_t wants = plain->wants | needs | PLAIN_ETH;
	const bool is_bytes = def->value_kind == VALUE_BYTES;
	const uint32_t n_samples = in->n_samples, stride = batch->add.stride;
	const unsigned n_windows = plain->n_windows, n_bits = plain->n_bits;
	struct missed missed = {0};
	uint8_t *key = batch->key;
	uint32_t n = 0;
	for (uint32_t k = 0; k < n_samples; k++) {
		const struct sample *s = &in->sample[k];
		const uint32_t has = s->has;
		if (n_vectors > 0 && (has & wants) == wants) {
			flow_def_plain_key(plain, s->body, s->at, s->source, key, n_vectors,
					   n_windows);
			if (__builtin_expect(n_bits > 0, 0))
				flow_def_plain_bits(plain, s->body, s->at, key);
			batch->add.value[n] = is_bytes ? s->volume : s->rate;
		} else if (s->kind != kind) {
			continue;
		} else if (has != 0 && (has & needs) != needs) {
			missed.no_key++; // a plain header has no more than it says
			continue;
		} else if (!gather_sample(b, in, batch, k, n, key, &missed)) {
			continue;
		}
		batch->add.last[n] = s->from->ms;
		key += stride;
		n++;
	}
	batch->add.n = n;
	return missed;
}

static struct missed gather(const struct bank *b, struct intake *in, struct batch *batch)
{
	const struct flow_def *def = &b->program->def[batch->def];
	const bool is_plain = def->filter == NULL && def->n_cell == 0 && !def->rtflow &&
			      def->value_kind <= VALUE_FRAMES && !def->dropped;
	batch->add.key = batch->key;
	batch->add.stride = ((def->key_size + 15u) & ~15u) + PROGRAM_KEY_SLACK;
	switch (is_plain ? def->plain->n_vectors : 0) {
	case 1: return gather_all(b, in, batch, 1);
	case 2: return gather_all(b, in, batch, 2);
	case 3: return gather_all(b, in, batch, 3);
	case 4: return gather_all(b, in, batch, 4);
	default: return gather_all(b, in, batch, 0);
	}
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
		if (in->sample[k].kind == SAMPLE_REFUSED || in->sample[k].kind == SAMPLE_RTFLOW)
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
