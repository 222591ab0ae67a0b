// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "program/element.h"
#include "program/filter.h"
#include "program/function.h"
#include "program/key.h"
#include "program/pattern.h"
#include "table/cell.h"

// s, where a definition does not say.
#define ACTIVE_TIMEOUT 60

// Names the definition and the member in front of what went wrong below.
static int blame(struct err_msg *msg, int err, const char *flow, const char *member)
{
	char where[128];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "flow \"%s\": %s", flow, member);
	err_prefix(msg, where);
	return err;
}

static int copy_text(struct flow_def *def, const struct flow_spec *s)
{
	def->name = strdup(s->name);
	def->keys = strdup(s->keys);
	def->value = strdup(s->value);
	def->values = strdup(s->values);
	def->filter_text = strdup(s->filter);
	def->fs = strdup(s->fs);
	def->ipfix = strdup(s->ipfix != NULL ? s->ipfix : "");
	def->n = s->n;
	def->t = s->t;
	def->dropped = s->dropped;
	def->agg_mode = s->agg_mode;
	def->log = s->log;
	def->flow_start = s->flow_start;
	def->active_timeout = s->active_timeout > 0 ? s->active_timeout : ACTIVE_TIMEOUT;
	return def->name && def->keys && def->value && def->values && def->filter_text && def->fs &&
			       def->ipfix
		       ? 0
		       : ERR_MEMORY;
}

// A fixed secret: the identity of a text does not guard anything.
static uint64_t text_id(const struct flow_def *def)
{
	struct hash_secret secret;
	hash_secret_init(&secret, 0);
	const char *const texts[] = {def->keys, def->value, def->values, def->filter_text};
	const double numbers[] = {def->t, def->active_timeout};
	// What is sent to collectors is not measured otherwise; whether anything is sent, is.
	const uint64_t flags = (uint64_t)def->n << 8 | (uint64_t)def->agg_mode << 4 |
			       (uint64_t)(def->ipfix[0] != '\0') << 3 |
			       (uint64_t)def->flow_start << 2 | (uint64_t)def->log << 1 |
			       def->dropped;
	uint64_t id = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		id = hash_fold(id + i + 1, hash_bytes(&secret, texts[i], strlen(texts[i])) | 1);
	id = hash_fold(id + 1, hash_bytes(&secret, numbers, sizeof(numbers)) | 1);
	return hash_fold(id + 1, (flags << 1) | 1);
}

static bool is_rtflow(const char *text, size_t len)
{
	return len > 7 && memcmp(text, "rtflow:", 7) == 0;
}

// An attribute, or the field of an rtflow sample: no other function is a value.
static int value_field(struct key_scope *sc, const char *text, size_t len, struct key_field *out)
{
	if (!is_rtflow(text, len))
		return key_field_compile(sc, text, len, out);
	const int err = function_compile(sc, text, len, 6, 0, &out->function);
	if (err == 0)
		out->field = &out->function->form;
	return err;
}

static int number_field(struct key_scope *sc, const char *text, size_t len, struct key_field *out)
{
	const int err = value_field(sc, text, len, out);
	if (err != 0 || out->function != NULL)
		return err;
	if (out->field->kind == KIND_TEXT || out->field->size > 8)
		return err_set(sc->msg, ERR_INVALID, "\"%.*s\" is not a number", (int)len, text);
	return 0;
}

// In front of an attribute; without one it is a rate.
static const struct value_prefix {
	const char *text;
	enum cell_kind kind;
} value_prefixes[] = {
	{"rate:", CELL_SUM}, {"sum:", CELL_SUM}, {"avg:", CELL_AVG},
	{"min:", CELL_MIN},  {"max:", CELL_MAX}, {"count:", CELL_COUNT},
};

enum {
	N_PREFIXES = sizeof(value_prefixes) / sizeof(value_prefixes[0])
};

static const char *prefix_name(const void *ctx, size_t i)
{
	(void)ctx;
	return value_prefixes[i].text;
}

// Length of the prefix of a value expression; its kind. A negative error for an unknown one.
static int parse_prefix(const char *text, size_t len, enum cell_kind *kind, struct err_msg *msg)
{
	const size_t n = key_split(text, len, ':') + 1;
	*kind = CELL_SUM;
	if (n > len || is_rtflow(text, len))
		return 0;
	for (size_t i = 0; i < N_PREFIXES; i++) {
		if (strlen(value_prefixes[i].text) != n ||
		    memcmp(value_prefixes[i].text, text, n) != 0)
			continue;
		*kind = value_prefixes[i].kind;
		return (int)n;
	}
	const char *near = suggest(text, n, N_PREFIXES, prefix_name, NULL);
	return err_set(msg, ERR_UNKNOWN,
		       "unknown \"%.*s\"%s%s%s, expected rate:, sum:, avg:, min:, max: or count:",
		       (int)n, text, near != NULL ? " (did you mean \"" : "",
		       near != NULL ? near : "", near != NULL ? "\"?)" : "");
}

static int compile_cell(struct key_scope *sc, const char *text, size_t len, struct cell_def *cell)
{
	enum cell_kind kind;
	key_trim(&text, &len);
	const int skip = parse_prefix(text, len, &kind, sc->msg);
	if (skip < 0)
		return key_locate(sc, skip, text);
	cell->kind = (uint8_t)kind;
	cell->text = strndup(text, len);
	if (cell->text == NULL)
		return err_set(sc->msg, ERR_MEMORY, "out of memory");
	text += skip;
	len -= (size_t)skip;
	return key_locate(sc,
			  kind == CELL_COUNT ? value_field(sc, text, len, &cell->source)
					     : number_field(sc, text, len, &cell->source),
			  text);
}

static int add_cell(struct key_scope *sc, struct flow_def *def, const char *text, size_t len)
{
	struct cell_def *cell = realloc(def->cell, (def->n_cell + 1u) * sizeof(*cell));
	if (cell == NULL)
		return err_set(sc->msg, ERR_MEMORY, "out of memory");
	def->cell = cell;
	cell[def->n_cell] = (struct cell_def){0};
	cell += def->n_cell++;
	const int err = compile_cell(sc, text, len, cell);
	if (err == 0 && cell->kind == CELL_COUNT)
		cell->set = def->n_set++;
	return err;
}

static int compile_cells(struct flow_def *def, const struct program_tables *tables,
			 struct err_msg *msg)
{
	struct key_scope sc = {.tables = tables, .msg = msg, .origin = def->values};
	const char *text = def->values;
	size_t len = strlen(text);
	while (len > 0) {
		const size_t n = key_split(text, len, ',');
		if (def->n_cell == PROGRAM_VALUES_MAX)
			return err_set(msg, ERR_RANGE, "more than %d values", PROGRAM_VALUES_MAX);
		const int err = add_cell(&sc, def, text, n);
		if (err != 0)
			return err;
		text += n == len ? n : n + 1;
		len -= n == len ? n : n + 1;
	}
	def->n_value = def->n_cell;
	return 0;
}

// After the secondary values: the cell of the first one is the last.
static int compile_value(struct flow_def *def, const struct program_tables *tables,
			 struct err_msg *msg)
{
	struct key_scope sc = {.tables = tables, .msg = msg, .origin = def->value};
	const char *text = def->value;
	size_t len = strlen(text);
	enum cell_kind kind;
	key_trim(&text, &len);
	const int skip = parse_prefix(text, len, &kind, msg);
	if (skip < 0)
		return key_locate(&sc, skip, text);
	if (kind != CELL_SUM) {
		def->value_kind = VALUE_CELL;
		return add_cell(&sc, def, text, len);
	}
	text += skip;
	len -= (size_t)skip;
	if (len == 5 && memcmp(text, "bytes", 5) == 0) {
		def->value_kind = VALUE_BYTES;
		return 0;
	}
	if (len == 6 && memcmp(text, "frames", 6) == 0) {
		def->value_kind = VALUE_FRAMES;
		return 0;
	}
	def->value_kind = VALUE_FIELD;
	return key_locate(&sc, number_field(&sc, text, len, &def->value_field), text);
}

// What a completed flow reports is the sum of its samples.
static int check_log(const struct flow_def *def, struct err_msg *msg)
{
	if (def->value_kind == VALUE_CELL && (def->log || def->ipfix[0] != '\0'))
		return err_set(msg, ERR_INVALID,
			       "flow \"%s\": value: \"%s\" has no total, and completed flows are "
			       "reported with theirs; expected bytes, frames or another sum",
			       def->name, def->value);
	return 0;
}

// True when @p is holds for an attribute that the definition reads.
static bool def_any_field(const struct flow_def *def, field_test is, void *ctx)
{
	for (unsigned i = 0; i < def->n_part; i++)
		if (key_expr_any(&def->part[i].expr, is, ctx))
			return true;
	for (unsigned i = 0; i < def->n_cell; i++)
		if (is(&def->cell[i].source, ctx))
			return true;
	if (def->value_kind == VALUE_FIELD && is(&def->value_field, ctx))
		return true;
	return def->filter != NULL && filter_any_field(def->filter, is, ctx);
}

// A sample is a packet or an event. What all samples have: the rate, and that they are one.
static bool is_of_packet(const struct key_field *f, void *ctx)
{
	return f->function == NULL && f->field != field_at(FIELD_samplingrate) &&
	       f->field != field_at(FIELD_frames) && f->field != field_at(FIELD_requests);
}

static int check_rtflow(struct flow_def *def, struct err_msg *msg)
{
	def->rtflow = def_any_field(def, key_field_is_rtflow, NULL);
	if (!def->rtflow)
		return 0;
	if (def->value_kind == VALUE_BYTES)
		return err_set(msg, ERR_INVALID,
			       "flow \"%s\": value: got \"%s\", expected frames, requests or "
			       "rtflow:NAME where fields of rtflow samples are read",
			       def->name, def->value);
	if (!def->dropped && !def_any_field(def, is_of_packet, NULL))
		return 0;
	return err_set(msg, ERR_INVALID,
		       "flow \"%s\": it reads fields of rtflow samples and attributes of packets, "
		       "which no sample has both of",
		       def->name);
}

static int compile_def(struct flow_def *def, const struct flow_spec *s,
		       const struct program_tables *tables, struct err_msg *msg)
{
	if (copy_text(def, s) != 0)
		return err_set(msg, ERR_MEMORY, "flow \"%s\": out of memory", s->name);
	if (!(s->t > 0) || s->t > 1e9)
		return err_set(msg, ERR_RANGE, "flow \"%s\": t: got %g, expected seconds above 0",
			       s->name, s->t);
	int err = key_compile(def, tables, msg);
	if (err != 0)
		return blame(msg, err, s->name, "keys");
	err = compile_cells(def, tables, msg);
	if (err != 0)
		return blame(msg, err, s->name, "values");
	err = compile_value(def, tables, msg);
	if (err != 0)
		return blame(msg, err, s->name, "value");
	def->completes = def->log || def->ipfix[0] != '\0';
	err = check_log(def, msg);
	if (err == 0 && def->ipfix[0] != '\0')
		err = element_check(def, msg);
	if (err != 0)
		return err;
	if (s->filter[0] != '\0') {
		def->filter = filter_compile(s->filter, tables, msg);
		if (def->filter == NULL)
			return blame(msg, ERR_INVALID, s->name, "filter");
	}
	def->id = text_id(def);
	return check_rtflow(def, msg);
}

struct program *program_compile(const struct flow_spec *specs, size_t n, struct err_msg *msg)
{
	return program_compile_with(specs, n, NULL, msg);
}

struct program *program_compile_with(const struct flow_spec *specs, size_t n,
				     const struct program_tables *tables, struct err_msg *msg)
{
	struct program *p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->def = calloc(n > 0 ? n : 1, sizeof(*p->def));
	if (p == NULL || p->def == NULL) {
		free(p);
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (program_find(p, specs[i].name) != NULL) {
			err_set(msg, ERR_EXISTS, "flow \"%s\": defined twice", specs[i].name);
			goto fail;
		}
		p->n_def++; // first, so that a half-made definition is freed too
		if (compile_def(&p->def[i], &specs[i], tables, msg) != 0)
			goto fail;
		const struct filter *f = p->def[i].filter;
		if (f != NULL && filter_reserve(f, &p->scratch, msg) != 0)
			goto fail;
		p->inner |= def_any_field(&p->def[i], key_field_is_inner, NULL);
		p->meta |= def_any_field(&p->def[i], key_field_is_meta, NULL);
	}
	return p;
fail:
	program_free(p);
	return NULL;
}

static void clear_cell(struct cell_def *cell)
{
	free(cell->text);
	function_free(cell->source.function);
}

static void def_clear(struct flow_def *def)
{
	free(def->name);
	free(def->keys);
	free(def->value);
	free(def->values);
	free(def->filter_text);
	free(def->fs);
	free(def->ipfix);
	free(def->gather);
	free(def->plain);
	for (unsigned i = 0; i < def->n_part; i++)
		key_expr_clear(&def->part[i].expr);
	free(def->part);
	for (unsigned i = 0; i < def->n_cell; i++)
		clear_cell(&def->cell[i]);
	free(def->cell);
	function_free(def->value_field.function);
	filter_free(def->filter);
}

void program_free(struct program *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i < p->n_def; i++)
		def_clear(&p->def[i]);
	pattern_scratch_free(p->scratch);
	free(p->def);
	free(p);
}

static bool note_awaited(const struct key_field *f, void *ctx)
{
	struct strbuf *b = ctx;
	if (f->function != NULL && f->function->awaits != NULL)
		strbuf_fmt(b, "%s%s", b->len > 0 ? ", " : "", f->function->awaits);
	return false;
}

bool flow_def_awaits(const struct flow_def *def, struct strbuf *b)
{
	def_any_field(def, note_awaited, b);
	return b->len > 0;
}

size_t program_patterns_size(const struct program *p)
{
	size_t size = 0;
	for (uint32_t i = 0; i < p->n_def; i++)
		size += p->def[i].filter != NULL ? filter_size(p->def[i].filter) : 0;
	return size;
}

// Keys that were gathered by one can be read by the other. The form of a key follows from its text,
// but for what a function looks up.
static bool same_form(const struct flow_def *a, const struct flow_def *b)
{
	if (a->key_size != b->key_size || a->n_part != b->n_part || a->n_cell != b->n_cell ||
	    a->n_set != b->n_set)
		return false;
	for (unsigned i = 0; i < a->n_part; i++)
		if (a->part[i].offset != b->part[i].offset || a->part[i].size != b->part[i].size ||
		    a->part[i].tagged != b->part[i].tagged)
			return false;
	return true;
}

void program_match(const struct program *from, const struct program *to, int32_t *out)
{
	for (uint32_t i = 0; i < to->n_def; i++) {
		const struct flow_def *before = program_find(from, to->def[i].name);
		out[i] = -1;
		if (before != NULL && before->id == to->def[i].id && same_form(before, &to->def[i]))
			out[i] = (int32_t)(before - from->def);
	}
}

const struct flow_def *program_find(const struct program *p, const char *name)
{
	for (uint32_t i = 0; i < p->n_def; i++)
		if (p->def[i].name != NULL && strcmp(p->def[i].name, name) == 0)
			return &p->def[i];
	return NULL;
}

bool flow_def_part(const struct flow_def *def, const struct packet *p, const struct gather *g,
		   uint8_t *key)
{
	const struct key_part *part = &def->part[g->part];
	uint8_t *to = key + part->offset;
	const unsigned alt = key_expr_read(&part->expr, p, to + part->tagged);
	if (alt == 0 && !part->expr.optional)
		return false;
	// A shorter alternative must not leave bytes of another packet behind it.
	const size_t n = alt != 0 ? part->expr.alt[alt - 1].field->size : 0;
	memset(to + part->tagged + n, 0, part->size - n);
	if (part->tagged)
		*to = (uint8_t)alt;
	return true;
}

size_t key_field_read(const struct key_field *f, const struct packet *p, uint8_t *out)
{
	return f->function != NULL ? function_read(f->function, p, out)
				   : field_read(f->field, f->occurrence, p, out);
}

bool flow_def_number(const struct key_field *f, const struct packet *p, double *value)
{
	uint64_t v;
	if (f->function != NULL)
		return f->function->row->number(f->function, p, value);
	if (!field_number(f->field, f->occurrence, p, &v))
		return false;
	*value = (double)v;
	return true;
}

// False where the cell that is the value would have nothing to read.
static bool has_figure(const struct flow_def *def, const struct packet *p)
{
	const struct cell_def *cell = &def->cell[def->n_value];
	uint8_t value[FIELD_VALUE_MAX];
	double number;
	return cell->kind == CELL_COUNT ? key_field_read(&cell->source, p, value) > 0
					: flow_def_number(&cell->source, p, &number);
}

bool flow_def_other(const struct flow_def *def, const struct packet *p, double *value)
{
	if (def->value_kind == VALUE_FIELD)
		return flow_def_number(&def->value_field, p, value);
	*value = 1;
	return has_figure(def, p);
}

const struct field *flow_def_key_part(const struct flow_def *def, const uint8_t *key, unsigned i,
				      const uint8_t **value)
{
	const struct key_part *part = &def->part[i];
	const uint8_t *p = key + part->offset;
	*value = p + part->tagged;
	const unsigned alt = part->tagged ? *p : 1;
	return alt == 0 ? NULL : part->expr.alt[alt - 1].field;
}

// One that is written late, or NULL.
static const struct function *late_part(const struct key_part *part, const uint8_t *at)
{
	const unsigned alt = part->tagged ? *at : 1;
	const struct function *f = alt > 0 ? part->expr.alt[alt - 1].function : NULL;
	return f != NULL && f->late ? f : NULL;
}

void flow_def_key_format(const struct flow_def *def, const uint8_t *key, struct strbuf *b)
{
	for (unsigned i = 0; i < def->n_part; i++) {
		if (i > 0)
			strbuf_str(b, def->fs);
		const uint8_t *value;
		const struct field *f = flow_def_key_part(def, key, i, &value);
		const struct function *late = late_part(&def->part[i], key + def->part[i].offset);
		if (f == NULL)
			strbuf_str(b, def->part[i].expr.absent);
		else if (late != NULL)
			function_format(late, value, b);
		else
			field_format(b, (enum field_kind)f->kind, value, f->size, f->bits);
	}
}
