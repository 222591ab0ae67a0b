// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flow definitions compiled into a program: what is measured.
///
/// A definition says, in text, which attributes make a flow key, which value is summed, and which
/// packets count. Compilation resolves every name once; what is left for each sample is a short
/// list of copies (`struct gather`), a forward-only list of tests (filter.h) and one number to add.
///
///     struct flow_spec spec = {.name = "pair", .keys = "ipsource,ipdestination",
///                              .value = "bytes", .fs = ",", .n = 5, .t = 2.0};
///     struct program *prog = program_compile(&spec, 1, &msg);
///     ...
///     uint8_t key[PROGRAM_KEY_MAX];
///     if (flow_def_key(&prog->def[0], packet, source, key)) ...
///
/// A key is, in this order: the index of the data source in the worker's registry (4 bytes, host
/// order; the aggregator translates it), then the components as they lie on the wire, then zeros up
/// to a whole number of 8-byte words. A component that may be absent (`null:`) or may come from
/// attributes of different kinds (`or:`) is preceded by one byte: 0 = absent, i = the i-th
/// alternative.
///
/// Thread-safety: a program is immutable once compiled; any thread may read it. It is freed by
/// whoever compiled it, after the grace period that retires the last bank that carries it.
/// Limits: a key has at most PROGRAM_KEY_MAX bytes; the number of definitions is bounded only by
/// the memory that their tables take (bank.h).

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "packet/field.h"
#include "packet/packet.h"

/// Longest key in bytes, source prefix and padding included.
#define PROGRAM_KEY_MAX 256

/// Bytes of the data source prefix.
#define PROGRAM_KEY_SOURCE 4

/// A flow definition as users write it, validated for form by the configuration. Strings are never
/// NULL; they belong to the caller and are copied by program_compile().
struct flow_spec {
	const char *name;
	const char *keys;   ///< key expressions, comma separated; "" = one flow per data source
	const char *value;  ///< what is summed: "bytes", "frames"
	const char *values; ///< secondary values, comma separated; "" = none
	const char *filter; ///< "" = every packet
	const char *fs;     ///< separator of key components in text
	uint32_t n;         ///< largest flows guaranteed per data source
	double t;           ///< smoothing time constant, s
	bool dropped;       ///< measure discarded-packet samples instead of flow samples
};

/// One copy from the packet into the key.
struct gather {
	uint8_t kind;    ///< enum gather_kind
	uint8_t space;   ///< enum packet_space of `layer`
	uint8_t layer;   ///< enum packet_layer
	uint8_t alt;     ///< used when `layer` is absent; LAYER_NONE = none
	uint16_t offset; ///< from the start of the layer
	uint8_t len;     ///< bytes copied
	uint8_t dst;     ///< where in the key
	uint16_t part;   ///< GATHER_PART: index into `part`
};

enum gather_kind {
	GATHER_COPY, ///< `len` bytes as they are
	GATHER_PART, ///< anything else: by the component
};

/// An attribute and which occurrence of it.
struct key_field {
	const struct field *field;
	uint8_t occurrence; ///< 0 = outermost
};

/// A component of a key: how to find it and how to write it.
struct key_part {
	char *text;            ///< the expression as written
	struct key_field *alt; ///< alternatives, first present wins
	uint8_t n_alt;
	bool tagged;    ///< preceded by the byte that says which alternative
	bool optional;  ///< may be absent (then `absent` is printed)
	char *absent;   ///< text for an absent value
	uint8_t offset; ///< in the key, of the tag byte if there is one
	uint8_t size;   ///< bytes of the longest alternative, without the tag
};

struct cell_def {
	uint8_t kind;            ///< enum cell_kind of table/cell.h
	struct key_field source; ///< the attribute
	char *text;              ///< as written: "count:ipsource"
};

/// The value of a definition.
enum value_kind {
	VALUE_BYTES,  ///< frame length x sampling rate
	VALUE_FRAMES, ///< sampling rate
	VALUE_FIELD,  ///< attribute x sampling rate
};

struct filter;

struct flow_def {
	char *name;
	char *keys, *value, *values, *filter_text, *fs; ///< as written
	uint32_t n;
	double t;
	bool dropped;
	uint64_t id; ///< hash of the text: equal text keeps its state over a change

	uint16_t key_size; ///< bytes, a multiple of 8
	uint16_t n_gather;
	struct gather *gather; ///< adjacent copies are fused
	uint16_t n_part;
	struct key_part *part;

	uint8_t value_kind; ///< enum value_kind
	struct key_field value_field;
	uint8_t n_cell;
	struct cell_def *cell;
	struct filter *filter; ///< NULL = every packet
};

struct program {
	uint32_t n_def;
	bool inner; ///< somebody wants what is behind the first transport header
	struct flow_def *def;
};

/// Compile @p n definitions. NULL and a message "flow "pair": keys: unknown attribute "ipsorce"
/// (did you mean "ipsource"?)" when one of them is wrong; nothing is kept then.
struct program *program_compile(const struct flow_spec *specs, size_t n, struct err_msg *msg);
void program_free(struct program *p);

/// The definition called @p name, or NULL.
const struct flow_def *program_find(const struct program *p, const char *name);

/// Gather the key of @p p into @p key (at least def->key_size bytes, 8-byte aligned). False when an
/// attribute that must be there is not: the packet is not measured by this definition.
bool flow_def_key(const struct flow_def *def, const struct packet *p, uint32_t source,
		  uint8_t *key);

/// True when the packet passes the filter.
bool flow_def_match(const struct flow_def *def, const struct packet *p);

/// What one sample of the packet adds, before it is multiplied by the sampling rate.
/// False when the attribute is absent.
bool flow_def_value(const struct flow_def *def, const struct packet *p, double *value);

/// Write the key as text, components joined by the definition's separator; "" for a keyless one.
void flow_def_key_format(const struct flow_def *def, const uint8_t *key, struct strbuf *b);

/// The i-th component: its field (kind, size, bits) or NULL when absent, and its bytes in @p key.
const struct field *flow_def_key_part(const struct flow_def *def, const uint8_t *key, unsigned i,
				      const uint8_t **value);
