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
/// A function's value lies in the key like an attribute's: a number, or a text of at most as many
/// bytes as the function can give, zero padded. Texts that are longer (`concat:`) are cut. What
/// `group:` and the like look up is named by program_compile_with().
///
/// Thread-safety: a program is immutable once compiled; any thread may read it. It is freed by
/// whoever compiled it, after the grace period that retires the last bank that carries it.
/// Limits: a key has at most PROGRAM_KEY_MAX bytes; the number of definitions is bounded only by
/// the memory that their tables take (bank.h).

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/bytes16.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "packet/field.h"
#include "packet/packet.h"
#include "packet/plain.h"
#include "program/filter.h"

/// Longest key in bytes, source prefix and padding included.
#define PROGRAM_KEY_MAX 256

/// Secondary values per definition at most.
#define PROGRAM_VALUES_MAX 16

/// Bytes behind a key that gathering it may write to.
#define PROGRAM_KEY_SLACK 16

/// Bytes of the data source prefix.
#define PROGRAM_KEY_SOURCE 4

/// A flow definition as users write it, validated for form by the configuration. Strings are never
/// NULL; they belong to the caller and are copied by program_compile().
struct flow_spec {
	const char *name;
	const char *keys;      ///< key expressions, comma separated; "" = one flow per data source
	const char *value;     ///< what is measured: "bytes", "frames", "requests", "avg:tcprtt"
	const char *values;    ///< secondary values, comma separated; "" = none
	const char *filter;    ///< "" = every packet
	const char *fs;        ///< separator of key components in text
	uint32_t n;            ///< largest flows guaranteed per data source
	double t;              ///< smoothing time constant, s
	bool dropped;          ///< measure discarded-packet samples instead of flow samples
	uint8_t agg_mode;      ///< enum flow_agg
	bool log;              ///< completed flows go to the flow log
	bool flow_start;       ///< they are logged when they begin, not when they end
	double active_timeout; ///< s: a flow that lasts longer is completed and begun anew; 0 = 60
	const char *ipfix; ///< collectors of completed flows, comma separated; "" or NULL = none
};

/// Over what flows are kept apart when they are measured.
enum flow_agg {
	FLOW_AGG_SOURCE, ///< each data source
	FLOW_AGG_AGENT,  ///< each agent, over all of its data sources
	FLOW_AGG_EDGE,   ///< each data source that is no link between nodes of the topology
};

/// Bytes that one copy of a gather moves.
#define GATHER_MOVE 16

/// Longest key that is gathered from plain headers, in units of sixteen bytes.
#define PLAIN_VECTORS 4
/// Loads that this takes at most, and numbers of a few bits.
#define PLAIN_WINDOWS 8

/// How a gather copies.
enum gather_kind {
	GATHER_COPY, ///< at most GATHER_MOVE bytes
	GATHER_BITS, ///< some bits of a number of at most 8 bytes
	GATHER_PART, ///< anything else: by the component
};

/// One copy from the packet into the key.
struct gather {
	uint8_t kind;    ///< enum gather_kind
	uint8_t space;   ///< enum packet_space of `layer`
	uint8_t layer;   ///< enum packet_layer
	uint8_t alt;     ///< used when `layer` is absent; LAYER_NONE = none
	uint16_t offset; ///< from the start of the layer
	uint16_t reach;  ///< offset + bytes read
	uint16_t dst;    ///< where in the key
	uint16_t part;   ///< GATHER_PART: index into `part`
	uint16_t len;    ///< bytes read
	uint8_t size;    ///< GATHER_BITS: bytes written
	uint8_t shift;   ///< GATHER_BITS
	uint64_t mask;   ///< GATHER_BITS: after the shift
};

/// Bytes of a plain sample (packet/plain.h) and where they go in a key.
struct plain_window {
	bytes16 pick[PLAIN_VECTORS];
	int16_t offset; ///< of the first from its place; all sixteen are there for sure
	uint8_t from;   ///< enum plain_from
};

/// Some bits of a plain sample, by gather_bits().
struct plain_bits {
	const struct gather *gather;
	int16_t offset; ///< from its place
	uint8_t from;   ///< enum plain_from
};

/// How the key of a plain sample is gathered: a few loads, each shuffled to where its bytes go.
struct plain_key {
	uint32_t wants;    ///< bits of enum plain_has; a sample without them is gathered otherwise
	uint8_t n_vectors; ///< 0 = all are
	uint8_t n_windows;
	uint8_t n_bits;
	struct plain_window window[PLAIN_WINDOWS];
	struct plain_bits bits[PLAIN_WINDOWS];
};

struct function;

/// Bytes that the text of an rtflow field has in a key, unless the definition says otherwise.
#define PROGRAM_RTFLOW_SIZE 60

/// An attribute and which occurrence of it, or a function and what its value is like.
struct key_field {
	const struct field *field;
	uint8_t occurrence;        ///< 0 = outermost
	struct function *function; ///< function.h; NULL = an attribute
};

/// A key expression: attributes and functions of which the first present one counts.
struct key_expr {
	struct key_field *alt;
	uint8_t n_alt;
	bool optional; ///< `null:`: may be absent
	char *absent;  ///< text for an absent value; NULL unless optional
};

/// A component of a key: how to find it and how to write it.
struct key_part {
	struct key_expr expr;
	bool tagged;     ///< preceded by the byte that says which alternative
	uint16_t offset; ///< in the key, of the tag byte if there is one
	uint16_t size;   ///< bytes of the longest alternative, without the tag
};

/// A secondary value (table/cell.h).
struct cell_def {
	uint8_t kind; ///< enum cell_kind
	uint8_t set;  ///< CELL_COUNT: index among the definition's sets
	struct key_field source;
	char *text; ///< as written: "avg:tcprtt"
};

/// The value of a definition.
enum value_kind {
	VALUE_BYTES,  ///< frame length x sampling rate
	VALUE_FRAMES, ///< sampling rate
	VALUE_FIELD,  ///< attribute x sampling rate
	/// avg:, min:, max:, count: do not add up. The figure is that of the last cell; what tables
	/// add, to know which flows to keep, are frames.
	VALUE_CELL,
};

struct flow_def {
	char *name;
	char *keys, *value, *values, *filter_text, *fs; ///< as written
	uint32_t n;
	double t;
	bool dropped;
	bool rtflow;      ///< reads a field of rtflow samples: measures those, and no packets
	uint8_t agg_mode; ///< enum flow_agg
	bool log, flow_start;
	bool completes;        ///< somebody wants to know of completed flows (analyzer/span.h)
	double active_timeout; ///< s
	char *ipfix;           ///< "" = none
	uint64_t id;           ///< hash of the text: equal text keeps its state over a change

	uint16_t key_size; ///< bytes, a multiple of 8
	uint16_t key_end;  ///< bytes without the padding
	uint16_t n_gather;
	struct gather *gather; ///< adjacent copies are fused
	uint32_t plain_needs;  ///< bits of enum plain_has: a plain sample without them has no key
	struct plain_key *plain;
	uint16_t n_part;
	struct key_part *part;

	uint8_t value_kind; ///< enum value_kind
	struct key_field value_field;
	uint8_t n_value; ///< secondary values: the first cells
	uint8_t n_cell;  ///< those, and with VALUE_CELL one for the value
	uint8_t n_set;   ///< cells that are CELL_COUNT
	struct cell_def *cell;
	struct filter *filter; ///< NULL = every packet
};

struct program {
	uint32_t n_def;
	bool inner; ///< somebody reads the stack: its text, or an occurrence but the outermost
	bool meta;  ///< somebody reads struct packet_meta
	/// What filters match in: of one thread at a time, in weir of who reads traces (trace.h);
	/// each bank has its own (bank_bind()). NULL where no filter has a pattern.
	struct hs_scratch *scratch;
	struct flow_def *def;
};

/// Compile @p n definitions. NULL and a message "flow "pair": keys: unknown attribute "ipsorce"
/// (did you mean "ipsource"?)" when one of them is wrong; nothing is kept then.
struct program *program_compile(const struct flow_spec *specs, size_t n, struct err_msg *msg);

struct group;
struct map;

/// Names of addresses, for `dns:`. They are asked for when a key is written as text, by any thread;
/// so a name that comes late changes how a flow is shown, never which flow it is.
struct program_resolver {
	void *ctx;
	/// Write the name of @p addr to @p b. False: there is none, or not yet.
	bool (*name)(void *ctx, const struct addr *addr, struct strbuf *b);
};

/// What a function looks up under a name:
///
///     {"group", "campus", .group = g}           group:K:campus
///     {"map", "people", .map = m}               map:K:people
///     {"country", "code", .group = g}           country:K, country:K:code
///     {"asn", "number", .group = g}             asn:K, asn:K:number; "descr", "both" too
///     {"oui", "name", .map = m}                 oui:K, oui:K:name; by the first six digits
///     {"host", "vir_host_name", .map = m}       host:K:vir_host_name; values are MAC, IPv4, IPv6
///                                               addresses, UUIDs, and map_add_source()
///     {"link", "", .map = m}                    link:inputifindex; values are map_add_source()
///     {"dns", "", .resolver = r}                dns:K
///     {"rtflow", "item"}                        item: a field that rtflow samples had; the name
///                                               alone is enough then for rtflow:item
struct program_table {
	const char *function;
	const char *name;
	const struct group *group;               ///< group, country, asn
	const struct map *map;                   ///< map, host, link, oui
	const struct program_resolver *resolver; ///< dns; outlives every program
};

/// Where functions find what they look up. A program holds a reference to each group and map that
/// it uses: the caller may give his back once it is compiled. Groups and maps may be missing: a
/// later program has them (flow_def_awaits()).
struct program_tables {
	const struct program_table *at;
	size_t n;
	/// Asked for what is not in `at`: fills in @p out with references that become the
	/// program's. ERR_UNKNOWN without a message: there is no such thing; any other error with
	/// one. May be NULL.
	int (*load)(void *ctx, const char *function, const char *name, struct program_table *out,
		    struct err_msg *msg);
	void *ctx;
	const struct program *former; ///< shares patterns of the same text; NULL = none
};

/// As program_compile(), with tables for functions to look up; NULL = none.
struct program *program_compile_with(const struct flow_spec *specs, size_t n,
				     const struct program_tables *tables, struct err_msg *msg);
void program_free(struct program *p);
/// Bytes that the patterns of its filters take.
size_t program_patterns_size(const struct program *p);

/// Which definitions of @p to keep the state that they have in @p from: out[i] is the number of the
/// one of the same name and text there, or -1. What they look up may differ: labels lie in keys as
/// text. @p out has room for to->n_def.
void program_match(const struct program *from, const struct program *to, int32_t *out);

/// The definition called @p name, or NULL.
const struct flow_def *program_find(const struct program *p, const char *name);

/// Write to @p b, which is empty, the groups and maps that the definition names and that are not
/// there (yet): `group "campsu" (did you mean "campus"?)`. What is looked up in them is absent.
/// False when all are there.
bool flow_def_awaits(const struct flow_def *def, struct strbuf *b);

/// The slow way to gather one component; for flow_def_key().
bool flow_def_part(const struct flow_def *def, const struct packet *p, const struct gather *g,
		   uint8_t *key);

/// Some bits of a number, as a number of @p g->size bytes; eight bytes are written.
static inline void gather_bits(const struct gather *g, const uint8_t *from, uint8_t *to)
{
	uint64_t v = 0;
	for (unsigned k = 0; k < g->len; k++)
		v = v << 8 | from[k];
	store_be64(to, (v >> g->shift & g->mask) << (64 - 8 * g->size));
}

/// Copy @p g->len bytes. Where the datagram goes on behind them GATHER_MOVE bytes are moved,
/// whatever the size: a copy of constant size is two instructions. A packet's own memory always
/// goes on behind `meta` and `synth`.
static inline void gather_copy(const struct gather *g, const struct packet *p, const uint8_t *from,
			       uint8_t *to)
{
	const uint8_t *end = p->base[SPACE_RECORD] + p->end[SPACE_RECORD];
	if (__builtin_expect((uintptr_t)from + GATHER_MOVE <= (uintptr_t)end, 1))
		memcpy(to, from, GATHER_MOVE);
	else
		memcpy(to, from, g->len);
}

/// Gather the key of @p p into @p key, of def->key_size bytes and PROGRAM_KEY_SLACK more that may
/// be written to: a copy that moves too much is overwritten by the next one or by the padding.
/// False when an attribute that must be there is not: the packet is not measured by this
/// definition.
static inline bool flow_def_key(const struct flow_def *def, const struct packet *p, uint32_t source,
				uint8_t *key)
{
	memcpy(key, &source, sizeof(source));
	const struct gather *end = def->gather + def->n_gather;
	for (const struct gather *g = def->gather; g < end; g++) {
		if (__builtin_expect(g->kind == GATHER_PART, 0)) {
			if (!flow_def_part(def, p, g, key))
				return false;
			continue;
		}
		uint32_t at = p->first[g->layer];
		if (at == 0)
			at = p->first[g->alt]; // first[LAYER_NONE] is always 0
		if (__builtin_expect(at == 0 || at + g->reach > p->end[g->space], 0))
			return false;
		const uint8_t *from = p->base[g->space] + at + g->offset;
		if (__builtin_expect(g->kind == GATHER_BITS, 0))
			gather_bits(g, from, key + g->dst);
		else
			gather_copy(g, p, from, key + g->dst);
	}
	memset(key + def->key_end, 0, 8);
	return true;
}

/// True when the packet passes the filter. @p scratch: a copy of the program's.
static inline bool flow_def_match(const struct flow_def *def, const struct packet *p,
				  struct hs_scratch *scratch)
{
	return def->filter == NULL || filter_match(def->filter, p, scratch);
}

/// As flow_def_key(), for a plain sample that has all that def->plain_needs and @p plain->wants
/// say: nothing is to be checked. Its places (enum plain_from) lie @p at bytes into @p body.
/// @p n_vectors and @p n_windows are those of @p plain, the first a constant where this is inlined;
/// so many times sixteen bytes are written.
static inline __attribute__((always_inline)) void flow_def_plain_key(
	const struct plain_key *plain, const uint8_t *body, const uint8_t at[N_PLAIN_FROM],
	uint32_t source, uint8_t *key, unsigned n_vectors, unsigned n_windows)
{
	bytes16 out[PLAIN_VECTORS] = {bytes16_of(source)};
	const struct plain_window *end = plain->window + n_windows;
	for (const struct plain_window *w = plain->window; w < end; w++) {
		const bytes16 in = bytes16_load(body + at[w->from] + w->offset);
		for (unsigned i = 0; i < n_vectors; i++)
			out[i] |= bytes16_pick(in, w->pick[i]);
	}
	for (unsigned i = 0; i < n_vectors; i++)
		bytes16_store(key + 16 * i, out[i]);
}

/// The rest of a key some of whose numbers have no whole bytes: behind flow_def_plain_key(), where
/// plain->n_bits is not 0.
static inline void flow_def_plain_bits(const struct plain_key *plain, const uint8_t *body,
				       const uint8_t at[N_PLAIN_FROM], uint8_t *key)
{
	for (unsigned i = 0; i < plain->n_bits; i++) {
		const struct plain_bits b = plain->bits[i];
		const struct gather g = *b.gather;
		uint8_t number[8];
		gather_bits(&g, body + at[b.from] + b.offset, number);
		for (unsigned n = 0; n < g.size; n++)
			key[g.dst + n] = number[n];
	}
}

/// Read an attribute or function into @p out (its field->size bytes); returns the bytes, 0 when it
/// is absent.
size_t key_field_read(const struct key_field *f, const struct packet *p, uint8_t *out);

/// A numeric attribute; false when it is absent.
bool flow_def_number(const struct key_field *f, const struct packet *p, double *value);

/// flow_def_value() of what is neither bytes nor frames.
bool flow_def_other(const struct flow_def *def, const struct packet *p, double *value);

/// What one sample of a packet of @p bytes adds, before it is multiplied by the sampling rate.
/// False when the attribute is absent.
static inline bool flow_def_value(const struct flow_def *def, const struct packet *p,
				  uint32_t bytes, double *value)
{
	if (def->value_kind == VALUE_BYTES) {
		*value = bytes;
		return true;
	}
	if (def->value_kind == VALUE_FRAMES) {
		*value = 1;
		return true;
	}
	return flow_def_other(def, p, value);
}

/// True when the value is a rate per second; else it is the figure of a cell, as it is.
static inline bool flow_def_is_rate(const struct flow_def *def)
{
	return def->value_kind != VALUE_CELL;
}

/// Write the key as text, components joined by the definition's separator; "" for a keyless one.
void flow_def_key_format(const struct flow_def *def, const uint8_t *key, struct strbuf *b);

/// The i-th component: its field (kind, size, bits) or NULL when absent, and its bytes in @p key.
const struct field *flow_def_key_part(const struct flow_def *def, const uint8_t *key, unsigned i,
				      const uint8_t **value);
