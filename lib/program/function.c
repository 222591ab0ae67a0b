// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/function.h"

#include <stdlib.h>
#include <string.h>

#include "program/key.h"

static const struct function_row *row_find(const char *name, size_t len)
{
	for (size_t i = 0; i < function_n_rows; i++)
		if (strncmp(function_rows[i].name, name, len) == 0 &&
		    function_rows[i].name[len] == '\0')
			return &function_rows[i];
	return NULL;
}

static int unknown(const char *name, size_t len, struct err_msg *msg)
{
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

static int compile_arg(struct function *f, char type, const char *text, size_t len, unsigned depth,
		       const struct program_tables *tables, struct err_msg *msg)
{
	if (type == 'e') {
		const int err =
			key_expr_compile_at(text, len, depth + 1, tables, &f->expr[f->n_expr], msg);
		f->n_expr += err == 0;
		return err;
	}
	f->text[f->n_text] = key_unescape(text, len);
	return f->text[f->n_text++] != NULL ? 0 : err_set(msg, ERR_MEMORY, "out of memory");
}

static int compile_args(struct function *f, const char *text, size_t len, unsigned depth,
			const struct program_tables *tables, struct err_msg *msg)
{
	const unsigned n = count_args(text, len);
	const struct function_row *row = f->row;
	if (n < row->n_min || (row->n_max != 0 && n > row->n_max))
		return err_set(msg, ERR_INVALID, "%s: got %u arguments, expected %s", row->name, n,
			       row->usage);
	f->expr = calloc(n, sizeof(*f->expr));
	f->text = calloc(n, sizeof(*f->text));
	if (f->expr == NULL || f->text == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		const size_t at = key_split(text, len, ':');
		const int err = compile_arg(f, arg_type(row, i), text, at, depth, tables, msg);
		if (err != 0)
			return err;
		text += at == len ? at : at + 1;
		len -= at == len ? at : at + 1;
	}
	return 0;
}

int function_compile(const char *text, size_t len, size_t name_len, unsigned depth,
		     const struct program_tables *tables, struct function **out,
		     struct err_msg *msg)
{
	const struct function_row *row = row_find(text, name_len);
	if (row == NULL)
		return unknown(text, name_len, msg);
	struct function *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	f->row = row;
	int err = compile_args(f, text + name_len + 1, len - name_len - 1, depth, tables, msg);
	if (err == 0)
		err = row->compile(f, tables, msg);
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
	free(f->expr);
	free(f->text);
	free(f->table);
	free(f->literal);
	free(f);
}

bool function_any(const struct function *f, bool (*is)(const struct key_field *))
{
	for (unsigned i = 0; i < f->n_expr; i++)
		if (key_expr_any(&f->expr[i], is))
			return true;
	return false;
}
