// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/function.h"

#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "program/group.h"
#include "program/key.h"
#include "program/map.h"
#include "program/value.h"

static const struct function_row *row_find(const char *name, size_t len)
{
	for (size_t i = 0; i < function_n_rows; i++)
		if (strncmp(function_rows[i].name, name, len) == 0 &&
		    function_rows[i].name[len] == '\0')
			return &function_rows[i];
	return NULL;
}

static const char *row_name(const void *ctx, size_t i)
{
	(void)ctx;
	return function_rows[i].name;
}

static int unknown(const char *name, size_t len, struct err_msg *msg)
{
	const char *near = suggest(name, len, function_n_rows, row_name, NULL);
	if (near != NULL)
		return err_set(msg, ERR_UNKNOWN, "unknown function \"%.*s\" (did you mean \"%s\"?)",
			       (int)len, name, near);
	char all[256];
	struct strbuf b = strbuf_of(all, sizeof(all));
	for (size_t i = 0; i < function_n_rows; i++) {
		strbuf_str(&b, i == 0 ? "" : ", ");
		strbuf_str(&b, function_rows[i].name);
	}
	return err_set(msg, ERR_UNKNOWN, "unknown function \"%.*s\", expected one of %s", (int)len,
		       name, all);
}

static unsigned count_args(const char *text, size_t len)
{
	unsigned n = 1;
	for (size_t at; (at = key_split(text, len, ':')) < len; n++) {
		text += at + 1;
		len -= at + 1;
	}
	return n;
}

// The letter of the i-th argument.
static char arg_type(const struct function_row *row, unsigned i)
{
	const size_t n = strlen(row->args);
	return row->args[i < n ? i : n - 1];
}

// The name of an address is not known when a packet is measured: nothing may be made of it then.
static int check_late(struct function *f, struct err_msg *msg)
{
	const bool passes = strcmp(f->row->name, "if") == 0;
	for (unsigned i = 0; i < f->n_expr; i++) {
		if (!key_expr_late(&f->expr[i]))
			continue;
		if (!passes || i == 0)
			return err_set(msg, ERR_INVALID,
				       "%s: a name of dns: comes too late for that, expected dns: "
				       "as a key, or as what if:, or: and null: choose from",
				       f->row->name);
		f->late = true;
		for (unsigned k = 0; k < f->expr[i].n_alt; k++)
			if (f->expr[i].alt[k].function != NULL && f->expr[i].alt[k].function->late)
				f->resolver = f->expr[i].alt[k].function->resolver;
	}
	return 0;
}

static int compile_arg(struct key_scope *sc, struct function *f, char type, const char *text,
		       size_t len, unsigned depth)
{
	if (type == 'e') {
		const int err = key_expr_compile_at(sc, text, len, depth + 1, &f->expr[f->n_expr]);
		f->n_expr += err == 0;
		return err;
	}
	f->text[f->n_text] = key_unescape(text, len);
	return f->text[f->n_text++] != NULL ? 0 : err_set(sc->msg, ERR_MEMORY, "out of memory");
}

static int compile_args(struct key_scope *sc, struct function *f, const char *text, size_t len,
			unsigned depth)
{
	const unsigned n = count_args(text, len);
	const struct function_row *row = f->row;
	if (n < row->n_min || (row->n_max != 0 && n > row->n_max))
		return err_set(sc->msg, ERR_INVALID, "%s: got %u arguments, expected %s", row->name,
			       n, row->usage);
	f->expr = calloc(n, sizeof(*f->expr));
	f->text = calloc(n, sizeof(*f->text));
	if (f->expr == NULL || f->text == NULL)
		return err_set(sc->msg, ERR_MEMORY, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		const size_t at = key_split(text, len, ':');
		const int err = compile_arg(sc, f, arg_type(row, i), text, at, depth);
		if (err != 0)
			return err;
		text += at == len ? at : at + 1;
		len -= at == len ? at : at + 1;
	}
	return 0;
}

int function_compile(struct key_scope *sc, const char *text, size_t len, size_t name_len,
		     unsigned depth, struct function **out)
{
	const struct function_row *row = row_find(text, name_len);
	if (row == NULL)
		return unknown(text, name_len, sc->msg);
	struct function *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_set(sc->msg, ERR_MEMORY, "out of memory");
	f->row = row;
	int err = compile_args(sc, f, text + name_len + 1, len - name_len - 1, depth);
	if (err == 0)
		err = row->compile(f, sc->tables, sc->msg);
	if (err == 0)
		err = check_late(f, sc->msg);
	f->form.name = row->name;
	if (err == 0)
		*out = f;
	else
		function_free(f);
	return err;
}

void function_free(struct function *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->n_expr; i++)
		key_expr_clear(&f->expr[i]);
	for (unsigned i = 0; i < f->n_text; i++)
		free(f->text[i]);
	for (unsigned i = 0; i < f->n_table; i++) {
		group_free(f->table[i].group);
		map_free(f->table[i].map);
	}
	free(f->expr);
	free(f->text);
	free(f->table);
	free(f->literal);
	free(f->awaits);
	free(f);
}

void function_format(const struct function *f, const uint8_t *value, struct strbuf *b)
{
	struct addr a = {0};
	char text[ADDR_TEXT_SIZE];
	if (f->form.kind == KIND_IP4) {
		a = addr_ip4(value);
	} else if (f->form.kind == KIND_IP6) {
		a = addr_ip6(value);
	} else if (strnlen((const char *)value, f->form.size) < sizeof(text)) {
		struct strbuf t = strbuf_of(text, sizeof(text));
		strbuf_bytes(&t, (const char *)value, strnlen((const char *)value, f->form.size));
		addr_parse(text, &a);
	}
	const struct program_resolver *r = f->resolver;
	if (a.family == ADDR_NONE || !r->name(r->ctx, &a, b))
		field_format(b, (enum field_kind)f->form.kind, value, f->form.size, f->form.bits);
}

bool function_any(const struct function *f, field_test is, void *ctx)
{
	const struct key_field self = {.field = &f->form, .function = (struct function *)f};
	if (is(&self, ctx))
		return true;
	for (unsigned i = 0; i < f->n_expr; i++)
		if (key_expr_any(&f->expr[i], is, ctx))
			return true;
	return false;
}

static size_t spell(const struct key_field *alt, const char *text, size_t len, char *out)
{
	if (alt->function != NULL && alt->field->kind == KIND_TEXT)
		return function_spell(alt->function, text, len, out);
	struct key_value v = {.form = alt->field, .size = alt->field->size};
	if (alt->field->kind == KIND_TEXT || field_parse((enum field_kind)v.form->kind, text, len,
							 v.bytes, v.form->size, v.form->bits) != 0)
		return 0;
	char whole[VALUE_TEXT_SIZE];
	const size_t n = value_text(&v, whole);
	memcpy(out, whole, n < FUNCTION_TEXT_MAX ? n : FUNCTION_TEXT_MAX);
	return n < FUNCTION_TEXT_MAX ? n : FUNCTION_TEXT_MAX;
}

size_t function_spell(const struct function *f, const char *text, size_t len, char *out)
{
	const bool chooses = strcmp(f->row->name, "if") == 0;
	if (!chooses && strcmp(f->row->name, "mask") != 0)
		return 0;
	for (unsigned i = chooses; i < f->n_expr; i++)
		for (unsigned k = 0; k < f->expr[i].n_alt; k++) {
			const size_t n = spell(&f->expr[i].alt[k], text, len, out);
			if (n > 0)
				return n;
		}
	return 0;
}
