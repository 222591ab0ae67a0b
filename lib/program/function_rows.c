// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The functions: each a compile and an evaluate, and its row at the end.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/suggest.h"
#include "packet/compute.h"
#include "program/function.h"
#include "program/function_rtflow.h"
#include "program/group.h"
#include "program/key.h"
#include "program/map.h"
#include "program/value.h"

// Arguments ---------------------------------------------------------------------------------------

static int parse_whole(const char *text, uint64_t *out)
{
	const struct field form = {.kind = KIND_TEXT, .size = FUNCTION_TEXT_MAX};
	struct key_value v = {.form = &form, .size = strlen(text)};
	if (v.size > sizeof(v.bytes))
		return ERR_RANGE;
	memcpy(v.bytes, text, v.size);
	return value_to_number(&v, out) ? 0 : ERR_INVALID;
}

static int expect_whole(const struct function *f, const char *text, uint64_t min, uint64_t max,
			uint64_t *out, struct err_msg *msg)
{
	if (parse_whole(text, out) == 0 && *out >= min && *out <= max)
		return 0;
	return err_set(msg, ERR_INVALID,
		       "%s: got \"%s\", expected a whole number from %llu to %llu", f->row->name,
		       text, (unsigned long long)min, (unsigned long long)max);
}

// Every alternative must be of one of two kinds.
static int expect_kind(const struct function *f, enum field_kind a, enum field_kind b,
		       const char *what, struct err_msg *msg)
{
	for (unsigned i = 0; i < f->expr[0].n_alt; i++) {
		const struct field *form = f->expr[0].alt[i].field;
		if (form->kind != a && form->kind != b)
			return err_set(msg, ERR_INVALID, "%s: \"%s\" is no %s", f->row->name,
				       form->name, what);
	}
	return 0;
}

// An attribute that cannot be a number is refused; a text may be one.
static int expect_number(const struct function *f, struct err_msg *msg)
{
	for (unsigned i = 0; i < f->expr[0].n_alt; i++) {
		const struct field *form = f->expr[0].alt[i].field;
		if (form->kind != KIND_TEXT && form->size > 8)
			return err_set(msg, ERR_INVALID, "%s: \"%s\" is no number", f->row->name,
				       form->name);
	}
	return 0;
}

static const struct field bool_form = {.kind = KIND_BOOL, .size = 1, .bits = 8};

// Tables ------------------------------------------------------------------------------------------

struct table_names {
	const struct program_tables *tables;
	const char *function;
};

// The i-th table that the function could use.
static const struct program_table *table_at(const struct table_names *t, size_t i)
{
	for (size_t k = 0; t->tables != NULL && k < t->tables->n; k++)
		if (strcmp(t->tables->at[k].function, t->function) == 0 && i-- == 0)
			return &t->tables->at[k];
	return NULL;
}

static const char *table_name(const void *ctx, size_t i)
{
	return table_at(ctx, i)->name;
}

static int no_table(const struct function *f, const struct program_tables *tables, const char *name,
		    struct err_msg *msg)
{
	const struct table_names names = {tables, f->row->name};
	char known[160];
	struct strbuf b = strbuf_of(known, sizeof(known));
	size_t n = 0;
	for (const struct program_table *t; (t = table_at(&names, n)) != NULL; n++)
		strbuf_fmt(&b, "%s%s", n > 0 ? ", " : "", t->name);
	if (name[0] == '\0')
		return err_set(msg, ERR_UNKNOWN, "%s: it needs %s", f->row->name, f->row->needs);
	if (n == 0)
		return err_set(msg, ERR_UNKNOWN, "%s: \"%s\" is not known; it needs %s",
			       f->row->name, name, f->row->needs);
	const char *near = suggest(name, strlen(name), n, table_name, &names);
	if (near != NULL)
		return err_set(msg, ERR_UNKNOWN, "%s: unknown \"%s\" (did you mean \"%s\"?)",
			       f->row->name, name, near);
	return err_set(msg, ERR_UNKNOWN, "%s: unknown \"%s\", expected one of %s", f->row->name,
		       name, known);
}

// A group or map may come later: what is looked up in it is absent until then.
static int await_table(struct function *f, const struct program_tables *tables, const char *name)
{
	const struct table_names names = {tables, f->row->name};
	size_t n = 0;
	while (table_at(&names, n) != NULL)
		n++;
	const char *near = suggest(name, strlen(name), n, table_name, &names);
	char *awaits = NULL;
	const int len = asprintf(&awaits, "%s%s%s \"%s\"%s%s%s", f->awaits != NULL ? f->awaits : "",
				 f->awaits != NULL ? ", " : "", f->row->name, name,
				 near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
				 near != NULL ? "\"?)" : "");
	if (len < 0)
		return ERR_MEMORY;
	free(f->awaits);
	f->awaits = awaits;
	return 0;
}

static bool may_come_later(const struct function *f, const char *name)
{
	return name[0] != '\0' &&
	       (strcmp(f->row->name, "group") == 0 || strcmp(f->row->name, "map") == 0);
}

// The table of a name, with references of the function's own.
static int table_take(struct function *f, const struct program_tables *tables, const char *name,
		      struct program_table *out, struct err_msg *msg)
{
	const struct table_names names = {tables, f->row->name};
	const struct program_table *t;
	for (size_t i = 0; (t = table_at(&names, i)) != NULL; i++) {
		if (strcmp(t->name, name) != 0)
			continue;
		*out = *t;
		group_ref(t->group);
		map_ref(t->map);
		return 0;
	}
	struct err_msg found = {0};
	const int err = tables != NULL && tables->load != NULL
				? tables->load(tables->ctx, f->row->name, name, out, &found)
				: ERR_UNKNOWN;
	if (err == 0)
		return 0;
	if (found.text[0] == '\0' && may_come_later(f, name))
		return await_table(f, tables, name);
	return found.text[0] == '\0' ? no_table(f, tables, name, msg)
				     : err_set(msg, err, "%s: %s", f->row->name, found.text);
}

static int use_tables(struct function *f, const struct program_tables *tables,
		      const char *const *names, unsigned n, struct err_msg *msg)
{
	f->form = value_text_form(PROGRAM_LABEL_MAX);
	f->table = calloc(n, sizeof(*f->table));
	if (f->table == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		const int err = table_take(f, tables, names[i], &f->table[i], msg);
		if (err != 0)
			return err;
		f->n_table++;
	}
	return 0;
}

static int compile_map(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	return use_tables(f, tables, (const char *const *)f->text, f->n_text, msg);
}

static int compile_group(struct function *f, const struct program_tables *tables,
			 struct err_msg *msg)
{
	const int err = expect_kind(f, KIND_IP4, KIND_IP6, "IP address", msg);
	return err != 0 ? err : compile_map(f, tables, msg);
}

// The second argument chooses the table; @p otherwise without one.
static int compile_database(struct function *f, const struct program_tables *tables,
			    const char *otherwise, struct err_msg *msg)
{
	const char *name = f->n_text > 0 ? f->text[0] : otherwise;
	return use_tables(f, tables, &name, 1, msg);
}

static int compile_country(struct function *f, const struct program_tables *tables,
			   struct err_msg *msg)
{
	const int err = expect_kind(f, KIND_IP4, KIND_IP6, "IP address", msg);
	return err != 0 ? err : compile_database(f, tables, "code", msg);
}

static int compile_asn(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	const int err = expect_kind(f, KIND_IP4, KIND_IP6, "IP address", msg);
	return err != 0 ? err : compile_database(f, tables, "number", msg);
}

static int compile_oui(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	const int err = expect_kind(f, KIND_MAC, KIND_MAC, "MAC address", msg);
	return err != 0 ? err : compile_database(f, tables, "name", msg);
}

static int compile_link(struct function *f, const struct program_tables *tables,
			struct err_msg *msg)
{
	const int err = expect_kind(f, KIND_IFINDEX, KIND_IFINDEX, "port of a sample", msg);
	return err != 0 ? err : compile_database(f, tables, "", msg);
}

// The value is the address; what it is called is looked up when it is written.
static int compile_dns(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	int err = expect_kind(f, KIND_IP4, KIND_IP6, "IP address", msg);
	if (err == 0)
		err = compile_database(f, tables, "", msg);
	if (err != 0)
		return err;
	f->form = value_common_form(&f->expr[0], 1);
	f->late = true;
	f->resolver = f->table[0].resolver;
	return 0;
}

static size_t eval_same(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	return value_of(&f->expr[0], p, &v) ? value_put(&f->form, &v, out) : 0;
}

static size_t put_label(const char *label, uint8_t *out)
{
	const size_t n = label != NULL ? strnlen(label, PROGRAM_LABEL_MAX) : 0;
	if (n > 0)
		memcpy(out, label, n);
	return n;
}

static size_t eval_group(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	if (!value_of(&f->expr[0], p, &v) || v.form->kind == KIND_TEXT)
		return 0;
	const enum addr_family family = v.form->kind == KIND_IP6 ? ADDR_IP6 : ADDR_IP4;
	const char *label = NULL;
	for (unsigned i = 0; label == NULL && i < f->n_table; i++)
		if (f->table[i].group != NULL)
			label = group_find(f->table[i].group, family, v.bytes);
	return put_label(label, out);
}

static size_t lookup_text(const struct function *f, const struct packet *p, size_t longest,
			  uint8_t *out)
{
	struct key_value v;
	char text[VALUE_TEXT_SIZE];
	if (!value_of(&f->expr[0], p, &v))
		return 0;
	const size_t len = value_text(&v, text);
	const char *label = NULL;
	for (unsigned i = 0; label == NULL && i < f->n_table; i++)
		if (f->table[i].map != NULL)
			label = map_find(f->table[i].map, text, len < longest ? len : longest);
	return put_label(label, out);
}

static size_t eval_map(const struct function *f, const struct packet *p, uint8_t *out)
{
	return lookup_text(f, p, VALUE_TEXT_SIZE, out);
}

static size_t eval_oui(const struct function *f, const struct packet *p, uint8_t *out)
{
	return lookup_text(f, p, 6, out);
}

// Who sent the datagram that the packet was sampled in; false where there is no datagram.
static bool agent_of(const struct packet *p, struct addr *agent)
{
	const uint8_t *head = packet_bytes(p, SPACE_RECORD, 0, 24);
	const uint32_t family = head != NULL ? load_be32(head + 4) : ADDR_NONE;
	if (family != ADDR_IP4 && family != ADDR_IP6)
		return false;
	*agent = family == ADDR_IP4 ? addr_ip4(head + 8) : addr_ip6(head + 8);
	return true;
}

// The label of a data source of the agent that sent the sample.
static size_t lookup_source(const struct function *f, const struct packet *p, const char *source,
			    size_t len, uint8_t *out)
{
	char text[MAP_VALUE_MAX + 1];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct addr agent;
	if (!agent_of(p, &agent))
		return 0;
	map_source_format(&b, &agent, source, len);
	return f->table[0].map != NULL ? put_label(map_find(f->table[0].map, text, b.len), out) : 0;
}

// A reference to a data source, and the number of a port, mean one of the agent that sends it.
static bool is_reference(const struct field *form)
{
	return form->kind == KIND_IFINDEX || form->compute == field_compute_dssource ||
	       form->compute == field_compute_dsdestination;
}

static size_t eval_host(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	char text[VALUE_TEXT_SIZE];
	if (!value_of(&f->expr[0], p, &v))
		return 0;
	if (!is_reference(v.form))
		return lookup_text(f, p, VALUE_TEXT_SIZE, out);
	return lookup_source(f, p, text, value_text(&v, text), out);
}

static size_t eval_link(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	char text[VALUE_TEXT_SIZE];
	if (!value_of(&f->expr[0], p, &v))
		return 0;
	return lookup_source(f, p, text, value_text(&v, text), out);
}

// Comparisons -------------------------------------------------------------------------------------

// What the expression is compared with, in the form of each of its alternatives that can have it.
// None at all is left for "null": only absence is equal to that.
static int compile_literal(struct function *f, const char *text, struct err_msg *msg)
{
	const struct key_expr *e = &f->expr[0];
	const size_t len = strlen(text);
	const bool null = strcmp(text, "null") == 0;
	f->literal = calloc(e->n_alt + 1u, sizeof(*f->literal));
	if (f->literal == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	bool any = null || (e->optional && strcmp(text, e->absent) == 0);
	for (unsigned i = 0; i < e->n_alt && !null; i++) {
		struct key_value *v = &f->literal[f->n_literal++];
		v->form = e->alt[i].field;
		if (field_parse((enum field_kind)v->form->kind, text, len, v->bytes, v->form->size,
				v->form->bits) == 0)
			v->size = v->form->size;
		any |= v->size > 0;
	}
	if (any)
		return 0;
	return err_set(msg, ERR_INVALID, "%s: \"%s\" is no value of its first argument",
		       f->row->name, text);
}

static bool is_literal(const struct function *f, const char *text, const struct packet *p)
{
	const struct key_expr *e = &f->expr[0];
	uint8_t bytes[FIELD_VALUE_MAX];
	const unsigned alt = key_expr_read(e, p, bytes);
	if (alt == 0)
		return e->optional ? strcmp(text, e->absent) == 0 : f->n_literal == 0;
	if (f->n_literal == 0)
		return false;
	const struct key_value *v = &f->literal[alt - 1];
	return v->size > 0 && memcmp(v->bytes, bytes, v->size) == 0;
}

static bool is_known(const char *text)
{
	const char *dot = strchr(text, '.');
	return strchr(text, ':') != NULL || text[0] == '[' ||
	       field_find(text, dot != NULL ? (size_t)(dot - text) : strlen(text)) != NULL;
}

// The second argument is an expression when it is the name of an attribute or stands in brackets.
static int compile_eq(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	f->form = bool_form;
	if (!is_known(f->text[0]))
		return compile_literal(f, f->text[0], msg);
	struct key_scope sc = {.tables = tables, .msg = msg};
	const int err = key_expr_compile_at(&sc, f->text[0], strlen(f->text[0]), 1, &f->expr[1]);
	f->n_expr += err == 0;
	return err;
}

static size_t eval_eq(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value a, b;
	if (f->n_expr == 1) {
		if (f->n_literal > 0 && !value_of(&f->expr[0], p, &a))
			return 0;
		*out = is_literal(f, f->text[0], p);
		return 1;
	}
	if (!value_of(&f->expr[0], p, &a) || !value_of(&f->expr[1], p, &b))
		return 0;
	if (a.form->kind == b.form->kind && a.form->kind != KIND_UINT) {
		*out = a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
		return 1;
	}
	char x[VALUE_TEXT_SIZE], y[VALUE_TEXT_SIZE];
	const size_t n = value_text(&a, x);
	*out = n == value_text(&b, y) && memcmp(x, y, n) == 0;
	return 1;
}

static int compile_if(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	(void)tables;
	f->form = value_common_form(&f->expr[1], 2);
	return compile_literal(f, f->text[0], msg);
}

static size_t eval_if(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	const struct key_expr *chosen = &f->expr[is_literal(f, f->text[0], p) ? 1 : 2];
	return value_of(chosen, p, &v) ? value_put(&f->form, &v, out) : 0;
}

static int compile_range(struct function *f, const struct program_tables *tables,
			 struct err_msg *msg)
{
	(void)tables;
	f->form = bool_form;
	f->high = UINT64_MAX;
	int err = expect_number(f, msg);
	if (err == 0 && f->text[0][0] != '\0')
		err = expect_whole(f, f->text[0], 0, UINT64_MAX, &f->low, msg);
	if (err == 0 && f->n_text > 1 && f->text[1][0] != '\0')
		err = expect_whole(f, f->text[1], 0, UINT64_MAX, &f->high, msg);
	if (err == 0 && f->high < f->low)
		err = err_set(msg, ERR_RANGE, "range: it ends before it begins");
	return err;
}

static size_t eval_range(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	uint64_t n;
	if (!value_of(&f->expr[0], p, &v) || !value_to_number(&v, &n))
		return 0;
	*out = n >= f->low && n <= f->high;
	return 1;
}

// Numbers and addresses ---------------------------------------------------------------------------

static int compile_bits(struct function *f, const struct program_tables *tables,
			struct err_msg *msg)
{
	(void)tables;
	f->form = (struct field){.kind = KIND_UINT, .size = 1, .bits = 8};
	for (unsigned i = 0; i < f->expr[0].n_alt; i++) {
		const struct field *form = f->expr[0].alt[i].field;
		const uint16_t size = form->kind == KIND_TEXT ? 8 : form->size;
		if (size > f->form.size)
			f->form.size = size;
	}
	f->form.bits = (uint8_t)(8 * (f->form.size & 15));
	const int err = expect_number(f, msg);
	return err != 0 ? err : expect_whole(f, f->text[0], 0, UINT64_MAX, &f->low, msg);
}

static size_t eval_bits(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	uint64_t n;
	if (!value_of(&f->expr[0], p, &v) || !value_to_number(&v, &n))
		return 0;
	n &= f->low;
	for (unsigned i = f->form.size; i-- > 0; n >>= 8)
		out[i] = (uint8_t)n;
	return f->form.size;
}

static int compile_mask(struct function *f, const struct program_tables *tables,
			struct err_msg *msg)
{
	(void)tables;
	const int err = expect_kind(f, KIND_IP4, KIND_IP6, "IP address", msg);
	if (err != 0)
		return err;
	f->form = value_common_form(&f->expr[0], 1);
	bool six = false;
	for (unsigned i = 0; i < f->expr[0].n_alt; i++)
		six |= f->expr[0].alt[i].field->kind == KIND_IP6;
	return expect_whole(f, f->text[0], 0, six ? 128 : 32, &f->low, msg);
}

static size_t eval_mask(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct key_value v;
	if (!value_of(&f->expr[0], p, &v))
		return 0;
	for (unsigned i = 0; v.form->kind != KIND_TEXT && i < v.size; i++) {
		const uint64_t before = 8 * (uint64_t)i;
		if (before + 8 > f->low)
			v.bytes[i] &= before >= f->low ? 0 : (uint8_t)(0xff00 >> (f->low - before));
	}
	return value_put(&f->form, &v, out);
}

// Texts -------------------------------------------------------------------------------------------

static bool text_of(const struct function *f, const struct packet *p, char *text, size_t *len)
{
	struct key_value v;
	if (!value_of(&f->expr[0], p, &v))
		return false;
	*len = value_text(&v, text);
	return true;
}

// Where @p what begins in the text from @p at on; @p len when it does not.
static size_t find(const char *text, size_t len, size_t at, const char *what, size_t n)
{
	for (; at + n <= len; at++)
		if (memcmp(text + at, what, n) == 0)
			return at;
	return len;
}

static int expect_delimiter(const struct function *f, struct err_msg *msg)
{
	if (f->text[0][0] != '\0')
		return 0;
	return err_set(msg, ERR_INVALID, "%s: the delimiter is empty, expected %s", f->row->name,
		       f->row->usage);
}

static int compile_fields(struct function *f, const struct program_tables *tables,
			  struct err_msg *msg)
{
	(void)tables;
	const struct field form = value_common_form(&f->expr[0], 1);
	f->form = value_text_form(value_width(&form));
	const int err = expect_delimiter(f, msg);
	return err != 0 ? err : expect_whole(f, f->text[1], 1, FUNCTION_TEXT_MAX, &f->low, msg);
}

// A text that begins with the delimiter has an empty field in front: of "/metrics/load",
// prefix:K:/:2 is "/metrics".
static size_t eval_prefix(const struct function *f, const struct packet *p, uint8_t *out)
{
	char text[VALUE_TEXT_SIZE];
	size_t len;
	if (!text_of(f, p, text, &len))
		return 0;
	const size_t n = strlen(f->text[0]);
	size_t at = 0, end = 0;
	for (uint64_t i = 0; i < f->low && at <= len; i++) {
		end = find(text, len, at, f->text[0], n);
		at = end + n;
	}
	memcpy(out, text, end < f->form.size ? end : f->form.size);
	return end < f->form.size ? end : f->form.size;
}

static size_t eval_suffix(const struct function *f, const struct packet *p, uint8_t *out)
{
	char text[VALUE_TEXT_SIZE];
	size_t len;
	if (!text_of(f, p, text, &len))
		return 0;
	const size_t n = strlen(f->text[0]);
	size_t start = len + n; // as if a delimiter followed
	for (uint64_t i = 0; i < f->low && start > 0; i++) {
		start -= n; // the end of the field in front
		while (start >= n && memcmp(text + start - n, f->text[0], n) != 0)
			start--;
		start = start >= n ? start : 0;
	}
	const size_t size = len - start < f->form.size ? len - start : f->form.size;
	memcpy(out, text + start, size);
	return size;
}

static int compile_first(struct function *f, const struct program_tables *tables,
			 struct err_msg *msg)
{
	(void)tables;
	size_t longest = 1;
	for (unsigned i = 1; i < f->n_text; i++)
		if (strlen(f->text[i]) > longest)
			longest = strlen(f->text[i]);
	f->form = value_text_form(longest);
	return expect_delimiter(f, msg);
}

static size_t eval_first(const struct function *f, const struct packet *p, uint8_t *out)
{
	char text[VALUE_TEXT_SIZE];
	size_t len;
	if (!text_of(f, p, text, &len))
		return 0;
	const size_t n = strlen(f->text[0]);
	for (size_t at = 0; at <= len;) {
		const size_t end = find(text, len, at, f->text[0], n);
		for (unsigned i = 1; i < f->n_text; i++)
			if (strlen(f->text[i]) == end - at &&
			    memcmp(f->text[i], text + at, end - at) == 0) {
				const size_t size =
					end - at < f->form.size ? end - at : f->form.size;
				memcpy(out, text + at, size);
				return size;
			}
		at = end + n;
	}
	return 0;
}

static int compile_concat(struct function *f, const struct program_tables *tables,
			  struct err_msg *msg)
{
	(void)tables;
	(void)msg;
	size_t width = (f->n_expr - 1) * strlen(f->text[0]);
	for (unsigned i = 0; i < f->n_expr; i++) {
		const struct field form = value_common_form(&f->expr[i], 1);
		width += value_width(&form);
	}
	f->form = value_text_form(width);
	return 0;
}

static size_t eval_concat(const struct function *f, const struct packet *p, uint8_t *out)
{
	char all[VALUE_TEXT_SIZE], text[VALUE_TEXT_SIZE];
	struct strbuf b = strbuf_of(all, f->form.size + 1u);
	for (unsigned i = 0; i < f->n_expr; i++) {
		struct key_value v;
		if (!value_of(&f->expr[i], p, &v))
			return 0;
		if (i > 0)
			strbuf_str(&b, f->text[0]);
		strbuf_bytes(&b, text, value_text(&v, text));
	}
	memcpy(out, all, b.len);
	return b.len;
}

// Parts of a URL ----------------------------------------------------------------------------------

enum uri_part {
	URI_SCHEME,
	URI_HOST,
	URI_PORT,
	URI_PATH,
	URI_QUERY,
	URI_FRAGMENT,
	N_URI_PARTS,
};

static const char *const uri_names[N_URI_PARTS] = {"scheme", "host",  "port",
						   "path",   "query", "fragment"};

static int compile_uri(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	(void)tables;
	const struct field form = value_common_form(&f->expr[0], 1);
	f->form = value_text_form(value_width(&form));
	for (f->low = 0; f->low < N_URI_PARTS; f->low++)
		if (strcmp(f->text[0], uri_names[f->low]) == 0)
			return 0;
	return err_set(msg, ERR_UNKNOWN,
		       "uri: got \"%s\", expected scheme, host, port, path, query or fragment",
		       f->text[0]);
}

struct span {
	const char *at;
	size_t len;
};

// What lies behind the last of @p mark leaves @p rest and is the result.
static struct span cut_tail(struct span *rest, char mark)
{
	const char *m = memchr(rest->at, mark, rest->len);
	if (m == NULL)
		return (struct span){rest->at, 0};
	const struct span tail = {m + 1, rest->len - (size_t)(m + 1 - rest->at)};
	rest->len = (size_t)(m - rest->at);
	return tail;
}

// "user@host:port", "[::1]:port".
static void split_authority(struct span authority, struct span *part)
{
	const char *at = memchr(authority.at, '@', authority.len);
	if (at != NULL) {
		authority.len -= (size_t)(at + 1 - authority.at);
		authority.at = at + 1;
	}
	const char *close = memchr(authority.at, ']', authority.len);
	const size_t skip = close != NULL ? (size_t)(close - authority.at) : 0;
	struct span rest = {authority.at + skip, authority.len - skip};
	part[URI_PORT] = cut_tail(&rest, ':');
	part[URI_HOST] = (struct span){authority.at, skip + rest.len};
}

// RFC 3986, section 3; a path alone ("/a?b") is what requests carry.
static void split_uri(struct span rest, struct span part[N_URI_PARTS])
{
	part[URI_FRAGMENT] = cut_tail(&rest, '#');
	part[URI_QUERY] = cut_tail(&rest, '?');
	const size_t scheme = find(rest.at, rest.len, 0, "://", 3);
	if (scheme < rest.len) {
		part[URI_SCHEME] = (struct span){rest.at, scheme};
		const size_t path = find(rest.at, rest.len, scheme + 3, "/", 1);
		split_authority((struct span){rest.at + scheme + 3, path - scheme - 3}, part);
		rest = (struct span){rest.at + path, rest.len - path};
	}
	part[URI_PATH] = rest;
}

static size_t eval_uri(const struct function *f, const struct packet *p, uint8_t *out)
{
	char text[VALUE_TEXT_SIZE];
	size_t len;
	if (!text_of(f, p, text, &len))
		return 0;
	struct span part[N_URI_PARTS] = {{0}};
	split_uri((struct span){text, len}, part);
	const struct span *s = &part[f->low];
	const size_t n = s->len < f->form.size ? s->len : f->form.size;
	if (n > 0)
		memcpy(out, s->at, n);
	return n;
}

const struct function_row function_rows[] = {
	{"or", "e", 1, 0, NULL, NULL, "or:K1:K2...", NULL},
	{"null", "et", 1, 2, NULL, NULL, "null:K:TEXT", NULL},
	{"if", "etee", 4, 4, compile_if, eval_if, "if:K:VALUE:THEN:ELSE", NULL},
	{"eq", "et", 2, 2, compile_eq, eval_eq, "eq:K:VALUE", NULL},
	{"range", "et", 2, 3, compile_range, eval_range, "range:K:LOW:HIGH", NULL},
	{"bits", "et", 2, 2, compile_bits, eval_bits, "bits:K:MASK", NULL},
	{"mask", "et", 2, 2, compile_mask, eval_mask, "mask:K:BITS", NULL},
	{"prefix", "ett", 3, 3, compile_fields, eval_prefix, "prefix:K:DELIMITER:N", NULL},
	{"suffix", "ett", 3, 3, compile_fields, eval_suffix, "suffix:K:DELIMITER:N", NULL},
	{"first", "ettt", 3, 0, compile_first, eval_first, "first:K:DELIMITER:A:B...", NULL},
	{"concat", "te", 2, 0, compile_concat, eval_concat, "concat:DELIMITER:K1:K2...", NULL},
	{"uri", "et", 2, 2, compile_uri, eval_uri, "uri:K:PART", NULL},
	{"group", "et", 2, 0, compile_group, eval_group, "group:K:GROUP...",
	 "a group of that name"},
	{"map", "et", 2, 0, compile_map, eval_map, "map:K:MAP...", "a map of that name"},
	{"country", "et", 1, 2, compile_country, eval_group, "country:K:code|name|continent",
	 "a database of countries (country_database)"},
	{"asn", "et", 1, 2, compile_asn, eval_group, "asn:K:number|descr|both",
	 "a database of autonomous systems (asn_database)"},
	{"oui", "et", 1, 2, compile_oui, eval_oui, "oui:K:name|number",
	 "a list of makers (oui_list)"},
	{"host", "et", 2, 2, compile_map, eval_host, "host:K:METRIC",
	 "a collector that keeps the metrics of hosts"},
	{"link", "e", 1, 1, compile_link, eval_link, "link:PORT",
	 "a collector that knows the topology"},
	{"dns", "e", 1, 1, compile_dns, eval_same, "dns:K", "a resolver (dns)"},
	{"rtflow", "t", 1, 2, rtflow_compile, rtflow_evaluate, "rtflow:NAME:mac|ip|ip6|BYTES", NULL,
	 rtflow_number},
};

const size_t function_n_rows = sizeof(function_rows) / sizeof(function_rows[0]);
