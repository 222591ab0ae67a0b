// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A document as a tree: what JSON and YAML have in common, and where each part of it stood.
///
/// Readers (json.h) build it; the validator (schema.h) walks it:
///
///     for (const struct node *e = list->child; e != NULL; e = e->next)
///             if (e->kind != NODE_STRING)
///                     return node_error(e, msg, ERR_INVALID, "expected a string");
///
/// Thread-safety: constant once read. Memory: nodes and texts lie in the arena of whoever read
/// them, about 100 bytes per node. Limits: those of the reader. Nothing here recurses.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/util/arena.h"
#include "base/error.h"
#include "base/strbuf.h"

enum node_kind {
	NODE_NULL,
	NODE_BOOL,
	NODE_NUMBER,
	NODE_STRING,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	enum node_kind kind;
	uint32_t n_children;
	const char *source;  ///< name of the file or body that it was read from
	const char *name;    ///< in a map: its name there; else NULL
	const char *text;    ///< scalar: as written, escapes resolved, valid UTF-8 without NUL
	struct node *parent; ///< NULL for the root
	struct node *child;  ///< list, map: the first element
	struct node *last;   ///< list, map: the last element
	struct node *next;   ///< the next element of the parent
	uint32_t line;       ///< where the value begins, from 1
	uint32_t column;     ///< in characters, from 1
	uint32_t name_line;  ///< where the name begins; as the value where there is none
	uint32_t name_column;
};

/// The member @p name of a map, or NULL; NULL also where @p map is no map.
const struct node *node_get(const struct node *map, const char *name);

/// "flows.pair.n", "inputs[1].port"; nothing for the root.
void node_path(const struct node *n, struct strbuf *b);

/// What a person calls the kind: "a number", "a list".
const char *node_kind_str(enum node_kind kind);

/// Fill in "SOURCE:LINE:COLUMN: PATH: " and the formatted text; returns @p err. The place is that
/// of the value; a node without a line (a default, a flag) has only its source.
int node_error(const struct node *n, struct err_msg *msg, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/// As node_error(), with the place of the name.
int node_name_error(const struct node *n, struct err_msg *msg, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/// A copy of the tree in @p arena, places included; a root of its own. NULL when memory is short.
struct node *node_copy(struct arena *arena, const struct node *n);
/// The same kinds, names and texts in the same order; places do not matter.
bool node_equal(const struct node *a, const struct node *b);

/// For readers: append an element to @p parent (NULL makes a root). NULL when memory is short.
struct node *node_add(struct arena *arena, struct node *parent, enum node_kind kind);

/// For readers: @p map is complete. 0, or ERR_EXISTS when a name was given twice, or ERR_MEMORY.
/// Takes n log n steps: a hostile map of many names costs no more than its length.
int node_check_names(const struct node *map, struct err_msg *msg);

/// For readers: valid UTF-8 (RFC 3629: shortest form, no surrogates) without NUL.
int node_check_text(const char *text, size_t len);

/// A decimal number as JSON writes it; a leading "+" and a bare leading or trailing "." are
/// tolerated.
bool node_is_number(const char *text);
