// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One row per member: what a configuration, a flow definition or a threshold consists of.
///
/// A table of rows says which members a map may have, where each goes in a struct, its range and
/// its default. Reading, defaults, command line, printing and the reference in doc/ all follow the
/// table, so that they cannot disagree:
///
///     static const struct member rows[] = {
///             {.name = "n", .type = MEMBER_COUNT, .offset = offsetof(struct flow_spec, n),
///              .min = 1, .max = 100000, .def = "5", .help = "flows kept per data source"},
///     };
///     static const struct schema schema = {rows, 1};
///     schema_defaults(&ctx, &schema, &spec);
///     err = schema_read(&ctx, &schema, node, &spec);
///     // weir.yaml:12:9: flows.pair.n: got "many", expected a whole number from 1 to 100000
///
/// Numbers may come as strings, lists as one text with commas, and null is the same as absent: what
/// clients send is a matter of types here, not of special cases there.
///
/// Thread-safety: tables are constant; a context belongs to one thread. Memory: texts and lists are
/// copied into the context's arena. Limits: those of the rows.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "weir/util/arena.h"
#include "base/addr.h"
#include "base/error.h"
#include "weir/util/node.h"

/// How a member is written, and the C type of its field.
enum member_type {
	MEMBER_BOOL,     ///< bool: true, false, yes, no
	MEMBER_COUNT,    ///< uint32_t: whole number; k, M, G are powers of 1000
	MEMBER_BYTES,    ///< uint64_t: size; k, M, G, T (also KiB, kB) are powers of 1024
	MEMBER_REAL,     ///< double: number; k, M, G, T are powers of 1000
	MEMBER_SECONDS,  ///< double, s: duration; us, ms, s, m, h, d; s without a unit
	MEMBER_TEXT,     ///< const char *: 0 to `max` bytes
	MEMBER_WORD,     ///< uint32_t: index into `words`
	MEMBER_JOINED,   ///< const char *: a text, or a list joined with commas
	MEMBER_TEXTS,    ///< struct text_list: a list, or a text with commas
	MEMBER_COUNTS,   ///< struct count_list: a list, or a text such as "2-5,8"
	MEMBER_PREFIXES, ///< struct prefix_list: a list, or a text with commas
	MEMBER_OTHER,    ///< by `read` and `print`
};

struct text_list {
	const char **at;
	uint32_t n;
};

struct count_list {
	uint32_t *at;
	uint32_t n;
};

struct prefix {
	struct addr addr;
	uint32_t bits;
};

struct prefix_list {
	struct prefix *at;
	uint32_t n;
};

bool prefix_list_has(const struct prefix_list *list, const struct addr *addr);

struct schema_context {
	struct arena *arena; ///< takes texts and lists
	bool lenient;        ///< a request: unknown members are ignored (a file: refused)
	struct err_msg *msg;
};

struct member {
	const char *name;
	enum member_type type;
	bool required;
	bool hidden;              ///< checked, but without effect: not printed
	uint32_t offset;          ///< of the field in the struct
	double min, max;          ///< COUNT, BYTES, REAL, SECONDS, COUNTS: range; TEXT: `max` bytes
	const char *def;          ///< default, as it would be written; NULL = zero or empty
	const char *const *words; ///< WORD: NULL-terminated
	const char *separators;   ///< TEXTS: what parts one text; NULL = commas
	const char *expect;       ///< in a message, instead of what follows from the type
	const char *help;         ///< one line for the reference, without a full stop
	/// TEXT, TEXTS, JOINED: false refuses a text that is well formed but means nothing.
	bool (*check)(const char *text);
	int (*read)(const struct schema_context *ctx, const struct member *m, const struct node *n,
		    void *object);
	void (*print)(FILE *f, const void *object, unsigned indent); ///< OTHER: NULL = not printed
};

struct schema {
	const struct member *at;
	size_t n;
};

/// Fill the fields of @p object that have a default. 0 or ERR_MEMORY.
int schema_defaults(const struct schema_context *ctx, const struct schema *s, void *object);

/// Read the map @p n into @p object; fields of absent members stay as they are. 0, or a negative
/// enum err and a message that names the place, the value and what was expected.
int schema_read(const struct schema_context *ctx, const struct schema *s, const struct node *n,
		void *object);

/// Read one member from a text of the command line or the environment; @p origin ("--tick") stands
/// for the place in messages. ERR_UNKNOWN when there is no such member.
int schema_set(const struct schema_context *ctx, const struct schema *s, void *object,
	       const char *member, const char *origin, const char *text);

const struct member *schema_find(const struct schema *s, const char *name);

/// "a whole number from 1 to 100000".
void schema_expected(const struct member *m, struct strbuf *b);

/// "got "many", expected a whole number from 1 to 100000", with the place of @p n; ERR_INVALID.
int schema_refuse(const struct schema_context *ctx, const struct member *m, const struct node *n);
/// As schema_refuse(), with what was expected in the caller's words.
int schema_refuse_as(const struct schema_context *ctx, const struct node *n, const char *expected);

/// Print all members as YAML, @p indent spaces deep, so that schema_read() reads them again.
void schema_print(FILE *f, const struct schema *s, const void *object, unsigned indent);
/// As schema_print(), as the element of a list.
void schema_print_item(FILE *f, const struct schema *s, const void *object, unsigned indent);
/// A text in double quotes.
void schema_print_text(FILE *f, const char *text);

/// Letters left out, added, replaced, neighbours swapped: how many make one of the other. Texts of
/// 64 bytes at most.
unsigned schema_distance(const char *a, const char *b);
/// The nearest of @p n names (the i-th is name(ctx, i)) by edit distance; NULL when none is near.
const char *schema_suggest(const char *wrong, size_t n, const char *(*name)(const void *, size_t),
			   const void *ctx);
