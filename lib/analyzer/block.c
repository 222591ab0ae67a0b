// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/block.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/addr.h"
#include "sflow/rt.h"

struct reader {
	const struct catalog *catalog;
	const struct texts *texts;
	const struct block *block;
};

// A value of one or two words; false when it is absent.
static bool read_words(const struct block *b, uint32_t at, uint32_t words, uint64_t *out)
{
	if (at + words > b->n_words)
		return false;
	*out = b->word[at];
	if (words == 2)
		*out |= (uint64_t)b->word[at + 1] << 32;
	return *out != (words == 2 ? UINT64_MAX : UINT32_MAX);
}

static bool growth(const struct reader *r, const struct catalog_def *d, double *out)
{
	uint64_t now, before;
	const uint32_t back = r->catalog->layout[r->block->layout].n_counters;
	if (r->block->dt == 0 || !read_words(r->block, d->at, d->words, &now) ||
	    !read_words(r->block, d->at + back, d->words, &before))
		return false;
	uint64_t grown = now - before;
	if (d->words == 1)
		grown &= UINT32_MAX;
	// Far back: reset, not wrapped.
	if (now < before && grown >= (d->words == 1 ? UINT64_C(1) << 31 : UINT64_C(1) << 63))
		return false;
	*out = (double)grown;
	return true;
}

static bool read_float(const struct block *b, uint32_t at, double *out)
{
	uint64_t bits;
	if (!read_words(b, at, 1, &bits))
		return false;
	const uint32_t word = (uint32_t)bits;
	float f;
	memcpy(&f, &word, sizeof(f));
	*out = (double)f;
	return isfinite(f) && f != -1.0f; // -1: the agent does not know
}

// Rates of counters, levels of all else.
static bool number(const struct reader *r, const struct catalog_def *d, double *out)
{
	uint64_t bits;
	switch (d->form) {
	case CATALOG_COUNTER32:
	case CATALOG_COUNTER64:
		if (!growth(r, d, out))
			return false;
		*out = *out * 1000 / r->block->dt;
		return true;
	case CATALOG_F32: return read_float(r->block, d->at, out);
	default: break;
	}
	if (!read_words(r->block, d->at, d->words, &bits))
		return false;
	switch (d->form) {
	case CATALOG_I32: *out = (double)(int32_t)bits; break;
	case CATALOG_PERCENT: *out = (double)(int32_t)bits / 100; break;
	default: *out = (double)bits; break;
	}
	return true;
}

// --- derived ones -------------------------------------------------------------------------------

static const struct catalog_def *arg(const struct reader *r, const struct catalog_def *d,
				     unsigned i)
{
	return &r->catalog->def[d->arg[i]];
}

static bool arg_number(const struct reader *r, const struct catalog_def *d, unsigned i, double *out)
{
	return i < d->n_args && number(r, arg(r, d, i), out);
}

static bool arg_growth(const struct reader *r, const struct catalog_def *d, unsigned i, double *out)
{
	return i < d->n_args && growth(r, arg(r, d, i), out);
}

static bool quotient(double a, double b, double factor, double *out)
{
	*out = factor * a / b;
	return b > 0;
}

static bool sum(const struct reader *r, const struct catalog_def *d, double *out)
{
	if (!arg_number(r, d, 0, out))
		return false;
	for (unsigned i = 1; i < d->n_args; i++) {
		double more;
		if (arg_number(r, d, i, &more))
			*out += more;
	}
	return true;
}

static bool share(const struct reader *r, const struct catalog_def *d, double *out)
{
	double one, all = 0;
	if (!arg_growth(r, d, 0, &one))
		return false;
	for (unsigned i = 1; i < d->n_args; i++) {
		double more;
		if (arg_growth(r, d, i, &more))
			all += more;
	}
	return quotient(one, all, 100, out);
}

static bool used(const struct reader *r, const struct catalog_def *d, double *total, double *out)
{
	double left;
	if (!arg_number(r, d, 0, total) || !arg_number(r, d, 1, &left))
		return false;
	*out = *total - left;
	for (unsigned i = 2; i < d->n_args; i++)
		if (arg_number(r, d, i, &left))
			*out -= left;
	*out = fmax(0, *out);
	return true;
}

static bool misses(const struct reader *r, const struct catalog_def *d, double *out)
{
	double a, b;
	return arg_growth(r, d, 0, &a) && arg_growth(r, d, 1, &b) && quotient(a, a + b, 100, out);
}

static bool formula(const struct reader *r, const struct catalog_def *d, double *out)
{
	double a = 0, b = 0;
	switch ((enum derive_formula)d->formula) {
	case DERIVE_SUM: return sum(r, d, out);
	case DERIVE_SHARE: return share(r, d, out);
	case DERIVE_REST_OF_SHARE:
		if (!share(r, d, &a))
			return false;
		*out = 100 - a;
		return true;
	case DERIVE_USED: return used(r, d, &a, out);
	case DERIVE_USED_PERCENT: return used(r, d, &a, &b) && quotient(b, a, 100, out);
	case DERIVE_MISSES: return misses(r, d, out);
	default: break;
	}
	if (!arg_number(r, d, 0, &a) || !arg_number(r, d, 1, &b))
		return false;
	switch ((enum derive_formula)d->formula) {
	case DERIVE_UTILIZATION: return quotient(a, b, 800, out);
	case DERIVE_PERCENT: return quotient(a, b, 100, out);
	case DERIVE_QUOTIENT: return quotient(a, b, 1, out);
	case DERIVE_VCPU: return quotient(a, b, 0.1, out); // 1000 ms/s are 100 %
	default: return false;
	}
}

// --- texts --------------------------------------------------------------------------------------

static void say(struct metric_value *v, const char *text, size_t len)
{
	if (len == 0)
		return;
	v->kind = METRIC_TEXT;
	v->text = text;
	v->len = (uint32_t)len;
}

static void status(const struct reader *r, const struct catalog_def *d, unsigned bit,
		   struct metric_value *v)
{
	uint64_t bits;
	if (!read_words(r->block, arg(r, d, 0)->at, 1, &bits))
		return;
	const char *text = bits >> bit & 1 ? "up" : "down";
	say(v, text, strlen(text));
}

// The i-th part between underscores.
static void name_part(const char *name, unsigned i, struct metric_value *v)
{
	for (; i > 0 && name != NULL; i--) {
		name = strchr(name, '_');
		name = name != NULL ? name + 1 : NULL;
	}
	if (name != NULL)
		say(v, name, strcspn(name, "_"));
}

// SERVICE.SLOT.TASK, the last of 25 letters and digits.
static size_t swarm_service(const char *name)
{
	const char *task = strrchr(name, '.');
	if (task == NULL || strlen(task + 1) != 25 ||
	    strspn(task + 1, "abcdefghijklmnopqrstuvwxyz"
			     "0123456789") != 25)
		return 0;
	const char *slot = task;
	while (slot > name && isdigit((unsigned char)slot[-1]))
		slot--;
	return slot > name + 1 && slot < task && slot[-1] == '.' ? (size_t)(slot - 1 - name) : 0;
}

// How the orchestrators name what they run, and agents pass on as the host's name.
static void orchestrated(const struct reader *r, const struct catalog_def *d,
			 struct metric_value *v)
{
	uint64_t text;
	if (!read_words(r->block, arg(r, d, 0)->at, 1, &text))
		return;
	const char *name = texts_str(r->texts, (uint32_t)text);
	const size_t len = strlen(name);
	const bool k8s = strncmp(name, "k8s_", 4) == 0; // k8s_CONTAINER_POD_NAMESPACE_UID_N
	const bool unit = len > 8 && strcmp(name + len - 8, ".service") == 0;
	if (d->formula == DERIVE_K8S_POD && k8s)
		name_part(name, 2, v);
	else if (d->formula == DERIVE_K8S_NAMESPACE && k8s)
		name_part(name, 3, v);
	else if (d->formula == DERIVE_SYSTEMD_UNIT && unit)
		say(v, name, len);
	else if (d->formula == DERIVE_SWARM_SERVICE && !k8s)
		say(v, name, swarm_service(name));
	else if (d->formula == DERIVE_DOCKER_CONTAINER && !k8s && !unit &&
		 swarm_service(name) == 0 && read_words(r->block, arg(r, d, 1)->at, 1, &text) &&
		 text != 0)
		say(v, name, len);
}

static void put_hex(struct metric_value *v, const uint8_t *bytes, size_t n, const char *digits)
{
	for (size_t i = 0; i < n; i++) {
		v->scratch[v->len++] = digits[bytes[i] >> 4];
		v->scratch[v->len++] = digits[bytes[i] & 15];
	}
}

static void uuid(const uint8_t *bytes, struct metric_value *v)
{
	static const uint8_t parts[] = {4, 2, 2, 2, 6};
	v->len = 0;
	for (size_t i = 0; i < sizeof(parts); bytes += parts[i++]) {
		if (i > 0)
			v->scratch[v->len++] = '-';
		put_hex(v, bytes, parts[i], "0123456789abcdef");
	}
}

// Addresses and identifiers, kept as the bytes of the wire.
static void identifier(const struct block *b, const struct catalog_def *d, struct metric_value *v)
{
	static const uint8_t absent[16] = {255, 255, 255, 255, 255, 255, 255, 255,
					   255, 255, 255, 255, 255, 255, 255, 255};
	if (d->at + d->words > b->n_words ||
	    memcmp(&b->word[d->at], absent, d->words * sizeof(uint32_t)) == 0)
		return;
	const uint8_t *bytes = (const uint8_t *)&b->word[d->at];
	v->len = 0;
	if (d->form == CATALOG_MAC)
		put_hex(v, bytes, 6, "0123456789ABCDEF");
	else if (d->form == CATALOG_HEX64)
		put_hex(v, bytes, 8, "0123456789abcdef");
	else
		uuid(bytes, v);
	say(v, v->scratch, v->len);
}

static void text(const struct reader *r, uint32_t number, struct metric_value *v)
{
	if (number != 0)
		say(v, texts_at(r->texts, number)->text, texts_at(r->texts, number)->len);
}

static bool is_text(const struct reader *r, const struct catalog_def *d, struct metric_value *v)
{
	uint64_t bits;
	switch (d->form) {
	case CATALOG_MAC:
	case CATALOG_UUID:
	case CATALOG_HEX64: identifier(r->block, d, v); return true;
	case CATALOG_TEXT:
		if (read_words(r->block, d->at, 1, &bits))
			text(r, (uint32_t)bits, v);
		return true;
	case CATALOG_U32:
		if (d->enumeration == SFLOW_ENUM_none || !read_words(r->block, d->at, 1, &bits))
			return false;
		v->text = sflow_enum_text(d->enumeration, (uint32_t)bits);
		if (v->text == NULL)
			return false;
		say(v, v->text, strlen(v->text));
		return true;
	case CATALOG_DERIVED: break;
	default: return false;
	}
	if (d->formula >= DERIVE_K8S_POD)
		orchestrated(r, d, v);
	else if (d->formula <= DERIVE_UP_BIT_1)
		status(r, d, d->formula == DERIVE_UP_BIT_1, v);
	return d->formula >= DERIVE_K8S_POD || d->formula <= DERIVE_UP_BIT_1;
}

void block_value(const struct catalog *c, const struct texts *texts, const struct block *b,
		 const struct catalog_def *d, struct metric_value *v)
{
	const struct reader r = {c, texts, b};
	v->kind = METRIC_NONE;
	if (is_text(&r, d, v))
		return;
	const bool there =
		d->form == CATALOG_DERIVED ? formula(&r, d, &v->number) : number(&r, d, &v->number);
	if (there)
		v->kind = METRIC_NUMBER;
}

// --- custom metrics -----------------------------------------------------------------------------

const struct block_custom *block_custom(const struct block *b, uint32_t i)
{
	return (const struct block_custom *)(const void *)b->word + i;
}

static bool custom_rate(const struct block *b, const struct block_custom *m, double *out)
{
	const bool narrow = m->type == RT_METRIC_COUNTER32;
	const uint64_t all = narrow ? UINT32_MAX : UINT64_MAX;
	const uint64_t grown = (m->now - m->before) & all;
	if (b->dt == 0 || m->now == all || m->before == UINT64_MAX || m->before == all ||
	    (m->now < m->before && grown > all / 2))
		return false;
	*out = (double)grown * 1000 / b->dt;
	return true;
}

static bool custom_number(const struct block *b, const struct block_custom *m, double *out)
{
	switch (m->type) {
	case RT_METRIC_COUNTER32:
	case RT_METRIC_COUNTER64: return custom_rate(b, m, out);
	case RT_METRIC_FLOAT:
	case RT_METRIC_DOUBLE: memcpy(out, &m->now, sizeof(*out)); return isfinite(*out);
	default: *out = (double)m->now; return true;
	}
}

void block_custom_value(const struct texts *texts, const struct block *b,
			const struct block_custom *m, struct metric_value *v)
{
	const struct reader r = {.texts = texts, .block = b};
	v->kind = METRIC_NONE;
	if (m->type == RT_METRIC_TEXT)
		text(&r, (uint32_t)m->now, v);
	else if (custom_number(b, m, &v->number))
		v->kind = METRIC_NUMBER;
}
