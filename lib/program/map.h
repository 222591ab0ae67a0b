// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A map: exact values with labels, and the labels that maps and groups share.
///
///     struct map *m = map_create();
///     map_add(m, "00:11:22:33:44:55", "alice", &msg);
///     const char *label = map_find(m, "001122334455", 12);
///
/// Values are compared as text, in the form in which attributes are written; an address or a MAC
/// address added in another form ("2001:db8::1", "d8:d3:85:b2:dd:2b") is put into that form.
///
/// The maps of `host:` and `link:` also have values that name a data source or a port of an agent,
/// map_add_source(): "10.0.0.1>3.105", "10.0.0.1>4".
///
/// Thread-safety: filled by one thread, constant after that; then any thread may look up, and take
/// or give back a reference. A change makes a new map.
/// Memory: each value and each label once, and 16 bytes for each two thirds of an entry.
/// Limits: a value has 1 to MAP_VALUE_MAX bytes, a label 1 to PROGRAM_LABEL_MAX.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/strbuf.h"

#define MAP_VALUE_MAX 255

struct map;

/// With one reference.
struct map *map_create(void);
/// One more reference; NULL stays NULL.
const struct map *map_ref(const struct map *m);
/// Give one reference back; the last one frees the map.
void map_free(const struct map *m);

/// ERR_EXISTS when the value has another label already; the message names it.
int map_add(struct map *m, const char *value, const char *label, struct err_msg *msg);
/// As map_add(); the value is a data source of an agent, its text as elsewhere ("4", "3.105").
int map_add_source(struct map *m, const struct addr *agent, const char *source, const char *label,
		   struct err_msg *msg);
/// The value that map_add_source() adds.
void map_source_format(struct strbuf *b, const struct addr *agent, const char *source, size_t len);
/// The label of a value, or NULL.
const char *map_find(const struct map *m, const char *value, size_t len);
/// Values added.
size_t map_len(const struct map *m);
size_t map_size(const struct map *m);
/// The same values with the same labels.
bool map_equal(const struct map *a, const struct map *b);

/// Texts by number, each kept once.
struct labels {
	char *text; ///< all of them, each with its NUL
	size_t size, room;
	uint32_t *at;   ///< by number: where in `text`
	uint32_t *slot; ///< hash table of numbers + 1; 0 = free
	uint32_t n, n_slots;
};

/// The number of a text, new or known. ERR_RANGE: not 1 to PROGRAM_LABEL_MAX bytes.
int labels_intern(struct labels *l, const char *text, uint32_t *number, struct err_msg *msg);
static inline const char *labels_text(const struct labels *l, uint32_t number)
{
	return l->text + l->at[number];
}
size_t labels_size(const struct labels *l);
void labels_free(struct labels *l);
