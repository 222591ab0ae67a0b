// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/custom_name.h"
#include "program/function.h"

// Nesting of brackets; deeper ones serve nobody and would let a text exhaust the stack.
#define EXPR_DEPTH 16

size_t key_split(const char *text, size_t len, char separator)
{
	int depth = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		else if (text[i] == '[')
			depth++;
		else if (text[i] == ']')
			depth--;
		else if (text[i] == separator && depth == 0)
			return i;
	}
	return len;
}

bool key_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void key_trim(const char **text, size_t *len)
{
	while (*len > 0 && key_is_blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && key_is_blank((*text)[*len - 1]))
		(*len)--;
}

// Attributes of sFlow-RT that are expressions here.
static const char *expression_for(const char *name, size_t len)
{
	static const char *const table[][2] = {
		{"ifname", "host:inputifindex:ifname"},
		{"sourcegroup", "group:ipsource:GROUP"},
		{"destinationgroup", "group:ipdestination:GROUP"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i][0]) == len && memcmp(table[i][0], name, len) == 0)
			return table[i][1];
	return NULL;
}

// A name that is no attribute, but that of a field that rtflow samples had.
static int compile_bare(struct key_scope *sc, const char *text, size_t len, struct key_field *out)
{
	const struct program_tables *t = sc->tables;
	char whole[8 + CUSTOM_NAME_MAX];
	struct program_table unused = {0};
	struct err_msg none = {0};
	if (t == NULL || t->load == NULL || !custom_name_ok(text, (uint32_t)len, false))
		return ERR_UNKNOWN;
	const int n = snprintf(whole, sizeof(whole), "rtflow:%.*s", (int)len, text);
	if (t->load(t->ctx, "rtflow", whole + 7, &unused, &none) != 0)
		return ERR_UNKNOWN;
	const int err = function_compile(sc, whole, (size_t)n, 6, 0, &out->function);
	if (err == 0)
		out->field = &out->function->form;
	return err;
}

int key_field_compile(struct key_scope *sc, const char *text, size_t len, struct key_field *out)
{
	struct err_msg *msg = sc->msg;
	size_t name_len = len;
	unsigned occurrence = 0;
	const char *dot = memchr(text, '.', len);
	if (dot != NULL) {
		name_len = (size_t)(dot - text);
		size_t digits = len - name_len - 1;
		if (digits == 0 || digits > 2)
			return err_set(msg, ERR_INVALID,
				       "\"%.*s\": expected NAME.N with N from 1 to 99", (int)len,
				       text);
		for (size_t i = name_len + 1; i < len; i++) {
			if (text[i] < '0' || text[i] > '9')
				return err_set(msg, ERR_INVALID,
					       "\"%.*s\": expected digits after the dot", (int)len,
					       text);
			occurrence = occurrence * 10 + (unsigned)(text[i] - '0');
		}
	}
	out->function = NULL;
	out->field = field_find(text, name_len);
	out->occurrence = (uint8_t)occurrence;
	if (out->field != NULL)
		return 0;
	const int err = compile_bare(sc, text, len, out);
	if (err != ERR_UNKNOWN)
		return err;
	const char *near = expression_for(text, name_len);
	if (near == NULL)
		near = field_suggest(text, name_len);
	if (near == NULL)
		return err_set(msg, ERR_UNKNOWN,
			       "unknown attribute \"%.*s\"; a field of rtflow samples is "
			       "rtflow:NAME",
			       (int)name_len, text);
	return err_set(msg, ERR_UNKNOWN, "unknown attribute \"%.*s\" (did you mean \"%s\"?)",
		       (int)name_len, text, near);
}

static int append(struct key_expr *e, const struct key_field *f, struct err_msg *msg)
{
	if (e->n_alt == UINT8_MAX - 1)
		return err_set(msg, ERR_RANGE, "more than %d alternatives", UINT8_MAX - 1);
	struct key_field *alt = realloc(e->alt, (e->n_alt + 1u) * sizeof(*alt));
	if (alt == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	e->alt = alt;
	e->alt[e->n_alt++] = *f;
	return 0;
}

int key_locate(struct key_scope *sc, int err, const char *at)
{
	if (err == 0 || sc->located || sc->origin == NULL)
		return err;
	char where[40];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "at character %zu", (size_t)(at - sc->origin) + 1);
	err_prefix(sc->msg, where);
	sc->located = true;
	return err;
}

static int compile(struct key_scope *sc, const char *text, size_t len, unsigned depth,
		   struct key_expr *e);

// The arguments of `or:`: each adds its alternatives. Those behind a `null:` are never reached, but
// must be right.
static int compile_or(struct key_scope *sc, const char *text, size_t len, unsigned depth,
		      struct key_expr *e)
{
	for (;;) {
		const size_t n = key_split(text, len, ':');
		struct key_expr unused = {0};
		const int err = compile(sc, text, n, depth + 1, e->optional ? &unused : e);
		key_expr_clear(&unused);
		if (err != 0 || n == len)
			return err;
		text += n + 1;
		len -= n + 1;
	}
}

static int compile_null(struct key_scope *sc, const char *text, size_t len, unsigned depth,
			struct key_expr *e)
{
	const size_t n = key_split(text, len, ':');
	const int err = compile(sc, text, n, depth + 1, e);
	if (err != 0 || e->optional) // an inner `null:` has decided
		return err;
	e->optional = true;
	e->absent = n < len ? key_unescape(text + n + 1, len - n - 1) : strdup("null");
	return e->absent != NULL ? 0 : err_set(sc->msg, ERR_MEMORY, "out of memory");
}

static int compile_function(struct key_scope *sc, const char *text, size_t len, size_t name_len,
			    unsigned depth, struct key_expr *e)
{
	struct key_field f = {0};
	int err = function_compile(sc, text, len, name_len, depth, &f.function);
	if (err != 0)
		return err;
	f.field = &f.function->form;
	err = append(e, &f, sc->msg);
	if (err != 0)
		function_free(f.function);
	return err;
}

// True when the bracket that opens at the start closes at the end, and no sooner.
static bool is_bracketed(const char *text, size_t len)
{
	int open = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			i++;
		else if (text[i] == '[')
			open++;
		else if (text[i] == ']' && --open == 0)
			return i + 1 == len;
	}
	return false;
}

static int compile_one(struct key_scope *sc, const char *text, size_t len, unsigned depth,
		       struct key_expr *e)
{
	if (depth > EXPR_DEPTH)
		return err_set(sc->msg, ERR_RANGE, "brackets nested deeper than %d", EXPR_DEPTH);
	if (len == 0)
		return err_set(sc->msg, ERR_INVALID, "expected an attribute");
	if (text[0] == '[') {
		if (!is_bracketed(text, len))
			return err_set(sc->msg, ERR_INVALID, "\"%.*s\": expected ] at the end",
				       (int)len, text);
		return compile(sc, text + 1, len - 2, depth + 1, e);
	}
	const size_t n = key_split(text, len, ':');
	if (n == 2 && n < len && memcmp(text, "or", 2) == 0)
		return compile_or(sc, text + n + 1, len - n - 1, depth, e);
	if (n == 4 && n < len && memcmp(text, "null", 4) == 0)
		return compile_null(sc, text + n + 1, len - n - 1, depth, e);
	if (n < len)
		return compile_function(sc, text, len, n, depth, e);
	struct key_field f = {0};
	int err = key_field_compile(sc, text, len, &f);
	if (err != 0)
		return err;
	err = append(e, &f, sc->msg);
	if (err != 0)
		function_free(f.function);
	return err;
}

// The innermost expression that is wrong is the one that the message points at.
static int compile(struct key_scope *sc, const char *text, size_t len, unsigned depth,
		   struct key_expr *e)
{
	key_trim(&text, &len);
	return key_locate(sc, compile_one(sc, text, len, depth, e), text);
}

int key_expr_compile_at(struct key_scope *sc, const char *text, size_t len, unsigned depth,
			struct key_expr *out)
{
	*out = (struct key_expr){0};
	const int err = compile(sc, text, len, depth, out);
	if (err != 0)
		key_expr_clear(out);
	return err;
}

int key_expr_compile(struct key_scope *sc, const char *text, size_t len, struct key_expr *out)
{
	return key_expr_compile_at(sc, text, len, 0, out);
}

void key_expr_clear(struct key_expr *e)
{
	for (unsigned i = 0; i < e->n_alt; i++)
		function_free(e->alt[i].function);
	free(e->alt);
	free(e->absent);
	*e = (struct key_expr){0};
}

char *key_unescape(const char *text, size_t len)
{
	char *out = malloc(len + 1), *to = out;
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		i += text[i] == '\\' && i + 1 < len;
		*to++ = text[i];
	}
	*to = '\0';
	return out;
}

bool key_expr_any(const struct key_expr *e, field_test is, void *ctx)
{
	for (unsigned i = 0; i < e->n_alt; i++) {
		const struct key_field *f = &e->alt[i];
		if (f->function != NULL ? function_any(f->function, is, ctx) : is(f, ctx))
			return true;
	}
	return false;
}

bool key_field_is_inner(const struct key_field *f, void *ctx)
{
	return field_needs_stack(f->field, f->occurrence);
}

bool key_field_is_rtflow(const struct key_field *f, void *ctx)
{
	return f->function != NULL && strcmp(f->function->row->name, "rtflow") == 0;
}

bool key_field_is_meta(const struct key_field *f, void *ctx)
{
	return f->field->compute == NULL && f->field->space == SPACE_META;
}

unsigned key_expr_read(const struct key_expr *e, const struct packet *p, uint8_t *out)
{
	for (unsigned i = 0; i < e->n_alt; i++) {
		const struct key_field *f = &e->alt[i];
		const size_t n = key_field_read(f, p, out);
		if (n == 0)
			continue;
		if (n < f->field->size) // a text shorter than the longest
			memset(out + n, 0, f->field->size - n);
		return i + 1;
	}
	return 0;
}

size_t key_expr_size(const struct key_expr *e)
{
	size_t size = 0;
	for (unsigned i = 0; i < e->n_alt; i++)
		if (e->alt[i].field->size > size)
			size = e->alt[i].field->size;
	return size;
}

static bool is_whole(const struct field *f)
{
	return f->compute == NULL && f->shift == 0 && f->bits == 8u * f->width;
}

// Two attributes that read the same bytes of different layers: tcpsourceport, udpsourceport.
static bool is_twin(const struct field *a, const struct field *b)
{
	return a->space == b->space && a->offset == b->offset && a->width == b->width &&
	       a->kind == b->kind && is_whole(a) && is_whole(b);
}

bool key_expr_late(const struct key_expr *e)
{
	for (unsigned i = 0; i < e->n_alt; i++)
		if (e->alt[i].function != NULL && e->alt[i].function->late)
			return true;
	return false;
}

bool key_form_equal(const struct field *a, const struct field *b)
{
	return a->kind == b->kind && a->size == b->size && a->bits == b->bits;
}

// Alternatives of one form need no tag: their text follows from the bytes alone.
static bool needs_tag(const struct key_expr *e)
{
	for (unsigned i = 1; i < e->n_alt; i++)
		if (!key_form_equal(e->alt[0].field, e->alt[i].field))
			return true;
	return e->optional;
}

static void set_gather(struct gather *g, const struct key_part *part, uint16_t index)
{
	const struct key_expr *e = &part->expr;
	const struct field *f = e->alt[0].field;
	*g = (struct gather){
		.kind = GATHER_PART,
		.space = f->space,
		.layer = f->layer,
		.offset = f->offset,
		.len = f->width,
		.reach = (uint16_t)(f->offset + f->width),
		.shift = f->shift,
		.size = (uint8_t)f->size,
		.dst = part->offset,
		.part = index,
	};
	for (unsigned i = 0; i < e->n_alt; i++)
		if (e->alt[i].function != NULL)
			return;
	if (part->tagged || f->compute != NULL || e->n_alt > 2 || e->alt[0].occurrence != 0)
		return;
	if (e->n_alt == 1 && !is_whole(f) && f->width <= 8) {
		g->kind = GATHER_BITS;
		g->mask = f->bits == 64 ? UINT64_MAX : ((uint64_t)1 << f->bits) - 1;
		return;
	}
	if (!is_whole(f))
		return;
	if (e->n_alt == 2) {
		if (e->alt[1].occurrence != 0 || !is_twin(f, e->alt[1].field))
			return;
		g->alt = e->alt[1].field->layer;
	}
	g->kind = GATHER_COPY;
}

// One copy for neighbours in the packet that are neighbours in the key (source and destination
// address, both ports). Two attributes that must both be there are there when their union is.
static bool fuse(struct gather *a, const struct gather *b)
{
	if (a->kind != GATHER_COPY || b->kind != GATHER_COPY || a->layer != b->layer ||
	    a->alt != b->alt || a->reach != b->offset || a->dst + a->len != b->dst ||
	    a->len + b->len > GATHER_MOVE)
		return false;
	a->len = (uint16_t)(a->len + b->len);
	a->reach = b->reach;
	return true;
}

static int append_part(struct key_scope *sc, struct flow_def *def, const char *text, size_t len)
{
	struct key_part *part = realloc(def->part, (def->n_part + 1u) * sizeof(*part));
	if (part == NULL)
		return err_set(sc->msg, ERR_MEMORY, "out of memory");
	def->part = part;
	part += def->n_part;
	const int err = key_expr_compile(sc, text, len, &part->expr);
	if (err != 0)
		return err;
	def->n_part++;
	part->tagged = needs_tag(&part->expr);
	part->offset = def->key_size;
	part->size = (uint16_t)key_expr_size(&part->expr);
	const size_t end = (size_t)part->offset + part->tagged + part->size;
	if (end > PROGRAM_KEY_MAX)
		return key_locate(sc,
				  err_set(sc->msg, ERR_RANGE,
					  "the parts of a key have %zu bytes up to here, expected "
					  "at most %d",
					  end - PROGRAM_KEY_SOURCE,
					  PROGRAM_KEY_MAX - PROGRAM_KEY_SOURCE),
				  text);
	def->key_size = (uint16_t)end;
	return 0;
}

static int make_gather(struct flow_def *def, struct err_msg *msg)
{
	def->gather = calloc(def->n_part + 1u, sizeof(*def->gather));
	if (def->gather == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (uint16_t i = 0; i < def->n_part; i++) {
		struct gather g;
		set_gather(&g, &def->part[i], i);
		if (def->n_gather == 0 || !fuse(&def->gather[def->n_gather - 1], &g))
			def->gather[def->n_gather++] = g;
	}
	return 0;
}

// Where a layer of a plain sample begins, and how many of its bytes are there for sure.
static const struct plain_layer {
	uint8_t layer, alt, from;
	int8_t shift; // from that place
	uint8_t size;
	uint32_t has;   // without which there is no such layer
	uint32_t wants; // without which it is not as it lies there
} plain_layers[] = {
	{LAYER_META, LAYER_NONE, PLAIN_FROM_SAMPLE, PLAIN_PORTS_AT, 8, 0, PLAIN_IFINDEX},
	{LAYER_ETH, LAYER_NONE, PLAIN_FROM_ETH, 0, 14, PLAIN_ETH, 0},
	{LAYER_ETHERTYPE, LAYER_NONE, PLAIN_FROM_NETWORK, -2, 2, PLAIN_ETH, 0},
	{LAYER_VLAN, LAYER_NONE, PLAIN_FROM_ETH, 14, 2, PLAIN_VLAN, 0},
	{LAYER_IP, LAYER_NONE, PLAIN_FROM_NETWORK, 0, 20, PLAIN_IP4, 0},
	{LAYER_IP6, LAYER_NONE, PLAIN_FROM_NETWORK, 0, 40, PLAIN_IP6, 0},
	{LAYER_IP6NEXT, LAYER_NONE, PLAIN_FROM_NETWORK, 6, 1, PLAIN_IP6, 0},
	{LAYER_TCP, LAYER_NONE, PLAIN_FROM_TRANSPORT, 0, 8, PLAIN_TCP, 0},
	{LAYER_UDP, LAYER_NONE, PLAIN_FROM_TRANSPORT, 0, 8, PLAIN_UDP, 0},
	{LAYER_TCP, LAYER_UDP, PLAIN_FROM_TRANSPORT, 0, 8, PLAIN_PORTS, 0},
	{LAYER_UDP, LAYER_TCP, PLAIN_FROM_TRANSPORT, 0, 8, PLAIN_PORTS, 0},
};
_Static_assert(offsetof(struct packet_meta, input) == 0 &&
		       offsetof(struct packet_meta, output) == 4,
	       "lie as in the sample");

static const struct plain_layer *find_plain_layer(const struct gather *g)
{
	if (g->kind == GATHER_PART)
		return NULL;
	for (size_t i = 0; i < sizeof(plain_layers) / sizeof(plain_layers[0]); i++)
		if (plain_layers[i].layer == g->layer && plain_layers[i].alt == g->alt)
			return &plain_layers[i];
	return NULL;
}

// Bytes that a plain sample has for sure, from a place on; the shortest is Ethernet, IPv4 and eight
// bytes of what IPv4 carries. What `needs` says may be longer.
struct plain_extent {
	int from, end;
};

static struct plain_extent extent_of(uint8_t from, uint32_t needs)
{
	const int eth = 14 + (needs & PLAIN_VLAN ? 4 : 0), ip = needs & PLAIN_IP6 ? 40 : 20;
	switch (from) {
	case PLAIN_FROM_SAMPLE: return (struct plain_extent){0, PLAIN_PORTS_AT + 8};
	case PLAIN_FROM_ETH: return (struct plain_extent){0, eth + ip + 8};
	case PLAIN_FROM_NETWORK: return (struct plain_extent){-eth, ip + 8};
	default: return (struct plain_extent){-eth - ip, 8};
	}
}

// Where the i-th copy of a key reads a plain sample. The transport header of one that is known to
// be IPv4 or IPv6 lies a fixed way behind the network header.
static void place_of(const struct flow_def *def, unsigned i, uint8_t *from, int *offset)
{
	const struct gather *g = &def->gather[i];
	const struct plain_layer *l = find_plain_layer(g);
	const uint32_t ip = def->plain_needs & (PLAIN_IP4 | PLAIN_IP6);
	*from = l->from;
	*offset = g->offset + l->shift;
	if (*from == PLAIN_FROM_TRANSPORT && ip != 0) {
		*from = PLAIN_FROM_NETWORK;
		*offset += ip & PLAIN_IP6 ? 40 : 20;
	}
}

// The window that holds that byte, a new one if need be. NULL: there are too many.
static struct plain_window *window_at(struct plain_key *k, uint8_t from, int offset, int last)
{
	for (unsigned i = 0; i < k->n_windows; i++) {
		struct plain_window *w = &k->window[i];
		if (w->from == from && offset >= w->offset && offset < w->offset + 16)
			return w;
	}
	if (k->n_windows == PLAIN_WINDOWS)
		return NULL;
	struct plain_window *w = &k->window[k->n_windows++];
	w->from = from;
	w->offset = (int16_t)(offset < last ? offset : last);
	memset(w->pick, BYTES16_NONE, sizeof(w->pick));
	return w;
}

// The window of the first byte of each place that no window holds yet begins there: fewest windows.
static bool cover(const struct flow_def *def, struct plain_key *k)
{
	for (unsigned from = 0; from < N_PLAIN_FROM; from++) {
		const struct plain_extent e = extent_of((uint8_t)from, def->plain_needs);
		for (int at = e.from; at < e.end; at++)
			for (unsigned i = 0; i < def->n_gather; i++) {
				const struct gather *g = &def->gather[i];
				uint8_t where;
				int offset;
				place_of(def, i, &where, &offset);
				if (g->kind != GATHER_COPY || where != from || at < offset ||
				    at >= offset + g->len)
					continue;
				struct plain_window *w =
					window_at(k, (uint8_t)from, at, e.end - 16);
				if (w == NULL)
					return false;
				const int to = g->dst + at - offset;
				w->pick[to / 16][to % 16] = (uint8_t)(at - w->offset);
			}
	}
	return true;
}

static bool add_bits(const struct flow_def *def, struct plain_key *k)
{
	for (unsigned i = 0; i < def->n_gather; i++) {
		if (def->gather[i].kind != GATHER_BITS)
			continue;
		if (k->n_bits == PLAIN_WINDOWS)
			return false;
		struct plain_bits *b = &k->bits[k->n_bits++];
		int offset;
		place_of(def, i, &b->from, &offset);
		b->gather = &def->gather[i];
		b->offset = (int16_t)offset;
	}
	return true;
}

// How the key is gathered from plain samples, when they have all that is gathered.
static int make_plain(struct flow_def *def, struct err_msg *msg)
{
	def->plain = calloc(1, sizeof(*def->plain));
	if (def->plain == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	bool is_plain = def->key_size <= 16 * PLAIN_VECTORS;
	for (unsigned i = 0; i < def->n_gather; i++) {
		const struct plain_layer *l = find_plain_layer(&def->gather[i]);
		is_plain &= l != NULL && def->gather[i].reach <= l->size;
		if (l == NULL)
			continue;
		def->plain_needs |= l->has;
		def->plain->wants |= l->wants;
	}
	// A packet is not both: no plain sample has such a key.
	is_plain &= (~def->plain_needs & (PLAIN_IP4 | PLAIN_IP6)) != 0;
	if (is_plain && cover(def, def->plain) && add_bits(def, def->plain))
		def->plain->n_vectors = (uint8_t)((def->key_size + 15) / 16);
	return 0;
}

int key_compile(struct flow_def *def, const struct program_tables *tables, struct err_msg *msg)
{
	struct key_scope sc = {.tables = tables, .msg = msg, .origin = def->keys};
	const char *text = def->keys;
	size_t len = strlen(text);
	def->key_size = PROGRAM_KEY_SOURCE;
	while (len > 0) {
		const size_t n = key_split(text, len, ',');
		const int err = append_part(&sc, def, text, n);
		if (err != 0)
			return err;
		if (n + 1 == len)
			return key_locate(&sc,
					  err_set(msg, ERR_INVALID,
						  "expected an attribute after the last comma"),
					  text + n);
		text += n == len ? n : n + 1;
		len -= n == len ? n : n + 1;
	}
	def->key_end = def->key_size;
	def->key_size = (uint16_t)((def->key_size + 7) & ~7);
	const int err = make_gather(def, msg);
	return err != 0 ? err : make_plain(def, msg);
}
