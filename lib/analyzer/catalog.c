// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/catalog.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sflow/sflow.h"

// Room for the tables; a test compares it with what there is.
#define MAX_DEFS    1024
#define MAX_LAYOUTS 96

struct derived {
	const char *record, *metric, *help;
	bool logical;
	enum derive_formula formula;
	const char *arg[CATALOG_ARGS];
};

#define ANY     false
#define LOGICAL true
#define ARGS(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define DERIVED(r, w, m, f, a, h) \
	{.record = #r, .metric = m, .help = h, .logical = w, .formula = DERIVE_##f, .arg = a},

static const struct derived derived[] = {
#include "analyzer/derived.def"
};

#define N_DERIVED (sizeof(derived) / sizeof(derived[0]))

static int form_of(const struct record_field *f)
{
	switch ((enum record_type)f->type) {
	case RECORD_U8:
	case RECORD_U32: return f->role == RECORD_COUNTER ? CATALOG_COUNTER32 : CATALOG_U32;
	case RECORD_U64: return f->role == RECORD_COUNTER ? CATALOG_COUNTER64 : CATALOG_U64;
	case RECORD_I32: return CATALOG_I32;
	case RECORD_F32: return CATALOG_F32;
	case RECORD_PERCENT:
	case RECORD_PERCENTS: return CATALOG_PERCENT;
	case RECORD_HEX64: return CATALOG_HEX64;
	case RECORD_TEXT: return CATALOG_TEXT;
	case RECORD_MAC: return CATALOG_MAC;
	case RECORD_UUID: return CATALOG_UUID;
	default: return -1;
	}
}

static uint8_t words_of(int form)
{
	switch (form) {
	case CATALOG_COUNTER64:
	case CATALOG_U64:
	case CATALOG_HEX64:
	case CATALOG_MAC: return 2;
	case CATALOG_UUID: return 4;
	default: return 1;
	}
}

static bool is_counter(int form)
{
	return form == CATALOG_COUNTER32 || form == CATALOG_COUNTER64;
}

static bool feeds_derived(const char *record, const char *field)
{
	for (size_t i = 0; i < N_DERIVED; i++)
		for (size_t k = 0; strcmp(derived[i].record, record) == 0 && k < CATALOG_ARGS; k++)
			if (derived[i].arg[k] != NULL && strcmp(derived[i].arg[k], field) == 0)
				return true;
	return false;
}

static bool is_kept(const struct record_layout *r, const struct record_field *f)
{
	return form_of(f) >= 0 && (f->metric != NULL || feeds_derived(r->name, f->name));
}

static uint16_t enter_name(struct catalog *c, const char *name)
{
	for (uint16_t i = 0; i < c->n_names; i++)
		if (strcmp(c->name[i], name) == 0)
			return i;
	assert(c->n_names < MAX_DEFS && strlen(name) < CATALOG_NAME);
	memcpy(c->name[c->n_names], name, strlen(name) + 1);
	return c->n_names++;
}

static struct catalog_def *add_def(struct catalog *c, const char *name)
{
	assert(c->n_defs < MAX_DEFS);
	struct catalog_def *d = &c->def[c->n_defs++];
	*d = (struct catalog_def){
		.name = name != NULL ? enter_name(c, name) : CATALOG_HIDDEN,
		.layout = c->n_layouts,
	};
	c->layout[c->n_layouts].n++;
	return d;
}

// @p place: of a repetition, from 1; 0 = none.
static void add_field(struct catalog *c, const struct record_field *f, unsigned place)
{
	char name[CATALOG_NAME];
	const bool logical = c->layout[c->n_layouts].logical;
	if (place == 0)
		snprintf(name, sizeof(name), "%s%s", logical ? "vir_" : "",
			 f->metric != NULL ? f->metric : "");
	else
		snprintf(name, sizeof(name), "%s_%u", f->metric, place);
	struct catalog_def *d = add_def(c, f->metric != NULL ? name : NULL);
	d->form = (uint8_t)form_of(f);
	d->words = words_of(d->form);
	d->enumeration = f->enumeration;
	d->field = f;
}

static uint16_t count_kept(const struct record_layout *r, unsigned from, unsigned n)
{
	uint16_t kept = 0;
	for (unsigned i = from; i < from + n; i++)
		kept = (uint16_t)(kept + is_kept(r, &r->fields[i]));
	return kept;
}

// All repetitions of the fields from @p at on.
static void add_repeat(struct catalog *c, struct catalog_layout *l, unsigned at, unsigned n)
{
	const struct record_layout *r = l->record;
	l->stride = count_kept(r, at, n);
	for (unsigned place = 1; place <= CATALOG_LANES && l->stride > 0; place++) {
		for (unsigned i = at; i < at + n; i++) {
			if (!is_kept(r, &r->fields[i]))
				continue;
			if (place == 1)
				l->field[i] = (uint16_t)(c->n_defs + 1);
			add_field(c, &r->fields[i], place);
		}
	}
}

static void add_fields(struct catalog *c, struct catalog_layout *l)
{
	const struct record_layout *r = l->record;
	assert(r->n_fields <= CATALOG_FIELDS);
	for (unsigned i = 0; i < r->n_fields; i++) {
		const struct record_field *f = &r->fields[i];
		if (f->type == RECORD_REPEAT) {
			add_repeat(c, l, i + 1, f->n);
			i += f->n;
			continue;
		}
		if (!is_kept(r, f))
			continue;
		l->field[i] = (uint16_t)(c->n_defs + 1);
		if (f->type != RECORD_PERCENTS)
			add_field(c, f, 0);
		for (unsigned p = 1; p <= CATALOG_LANES && f->type == RECORD_PERCENTS; p++)
			add_field(c, f, p);
	}
}

// Counters first, then room for their values before, then the rest.
static void place(struct catalog *c, struct catalog_layout *l)
{
	struct catalog_def *d = &c->def[l->first];
	uint16_t at = 0;
	for (unsigned i = 0; i < l->n; i++) {
		if (!is_counter(d[i].form))
			continue;
		d[i].at = at;
		at = (uint16_t)(at + d[i].words);
	}
	l->n_counters = at;
	at = (uint16_t)(2 * at);
	for (unsigned i = 0; i < l->n; i++) {
		l->texts |= d[i].form == CATALOG_TEXT;
		if (is_counter(d[i].form))
			continue;
		d[i].at = at;
		at = (uint16_t)(at + d[i].words);
	}
	l->n_words = at;
}

static uint16_t field_def(const struct catalog_layout *l, const char *name)
{
	for (unsigned i = 0; i < l->record->n_fields; i++)
		if (l->record->fields[i].name != NULL &&
		    strcmp(l->record->fields[i].name, name) == 0 && l->field[i] != 0)
			return (uint16_t)(l->field[i] - 1);
	assert(false && "derived.def names a field that the record does not have");
	return 0;
}

static void add_derived(struct catalog *c, struct catalog_layout *l, const struct derived *from)
{
	const uint16_t n_fields = l->n;
	struct catalog_def *d = add_def(c, from->metric);
	d->form = CATALOG_DERIVED;
	d->formula = (uint8_t)from->formula;
	d->help = from->help;
	for (; d->n_args < CATALOG_ARGS && from->arg[d->n_args] != NULL; d->n_args++)
		d->arg[d->n_args] = field_def(l, from->arg[d->n_args]);
	for (uint16_t i = l->first; i < l->first + n_fields; i++)
		if (c->def[i].name == d->name)
			c->def[i].name = CATALOG_HIDDEN;
}

static void add_layout(struct catalog *c, const struct record_layout *r, bool logical)
{
	assert(c->n_layouts < MAX_LAYOUTS);
	struct catalog_layout *l = &c->layout[c->n_layouts];
	*l = (struct catalog_layout){.record = r, .logical = logical, .first = c->n_defs};
	add_fields(c, l);
	place(c, l);
	for (size_t i = 0; i < N_DERIVED; i++)
		if (strcmp(derived[i].record, r->name) == 0 && (!derived[i].logical || logical))
			add_derived(c, l, &derived[i]);
	c->n_layouts++;
}

static bool describes_itself(const struct record_layout *r)
{
	return r->tag == SFLOW_HOST_DESCR || r->tag == SFLOW_TAG(5703, 1);
}

static void link_names(struct catalog *c)
{
	for (uint16_t i = c->n_defs; i-- > 0;) {
		struct catalog_def *d = &c->def[i];
		if (d->name == CATALOG_HIDDEN)
			continue;
		d->next = c->name_def[d->name];
		c->name_def[d->name] = (uint16_t)(i + 1);
	}
	for (uint16_t i = 0; i < c->n_names; i++) { // insertion sort: once, at start
		uint16_t k = i;
		for (; k > 0 && strcmp(c->name[c->sorted[k - 1]], c->name[i]) > 0; k--)
			c->sorted[k] = c->sorted[k - 1];
		c->sorted[k] = i;
	}
}

void catalog_layout(struct catalog *c, struct carve *carve_)
{
	*c = (struct catalog){
		.def = carve(carve_, MAX_DEFS, sizeof(*c->def)),
		.layout = carve(carve_, MAX_LAYOUTS, sizeof(*c->layout)),
		.name = carve(carve_, MAX_DEFS, sizeof(*c->name)),
		.sorted = carve(carve_, MAX_DEFS, sizeof(*c->sorted)),
		.name_def = carve(carve_, MAX_DEFS, sizeof(*c->name_def)),
	};
	if (carve_->base == NULL)
		return;
	size_t n;
	const struct record_layout *r = record_layouts(&n), *end = r + n;
	while (r < end && r->kind != RECORD_COUNTERS)
		r++;
	c->first = r;
	for (; r < end && r->kind == RECORD_COUNTERS; r++)
		add_layout(c, r, false);
	c->n_records = c->n_layouts;
	for (uint16_t i = 0; i < c->n_records; i++)
		if (describes_itself(c->layout[i].record))
			add_layout(c, c->layout[i].record, true);
	link_names(c);
}

int catalog_find(const struct catalog *c, uint32_t tag, uint32_t ds_class)
{
	const struct record_layout *r = record_find(RECORD_COUNTERS, tag);
	if (r == NULL)
		return -1;
	uint16_t i = (uint16_t)(r - c->first);
	if (ds_class == SFLOW_DS_LOGICAL && describes_itself(r))
		for (i = c->n_records; c->layout[i].record != r;)
			i++;
	return c->layout[i].n > 0 ? i : -1;
}

int catalog_name(const struct catalog *c, const char *name, size_t len)
{
	int low = 0, high = c->n_names;
	while (low < high) {
		const int mid = (low + high) / 2;
		const char *at = c->name[c->sorted[mid]];
		int order = strncmp(at, name, len);
		if (order == 0)
			order = at[len] != 0;
		if (order == 0)
			return c->sorted[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}
