// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The registry of flow keys: name <-> place in the packet, and values as text.
///
///     const struct field *f = field_find("vlan", 4);
///     uint8_t value[FIELD_VALUE_MAX];
///     const size_t size = field_read(f, 1, packet, value); // vlan.1: the second tag
///     if (size > 0)
///             field_format(&text, f->kind, value, size, f->bits);
///
/// Most fields are a place in a layer; those that must be worked out (`stack`, `dnsqname`) have a
/// function instead (`compute`). Both are rows of fields.def, and both are read by field_read().
///
/// Formats follow what users of sFlow-RT know: IPv4 dotted, IPv6 upper case, MAC twelve hex digits,
/// numbers decimal, flags as a binary string from the highest bit down (tcpflags: nine characters,
/// NS first, FIN last), ports of a sample by number or as `unknown`, `internal`, `discard`,
/// `multiple`.
///
/// Thread-safety: the registry is constant. Memory: nothing is allocated.

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "packet/packet.h"

/// Numbers of the fields, in the order of fields.def.
enum {
#define FIELD(name, ...)    FIELD_##name,
#define COMPUTED(name, ...) FIELD_##name,
#include "packet/fields.def"
#undef FIELD
#undef COMPUTED
	N_FIELDS,
};

/// No value is longer than this, in bytes; longer texts of the wire are cut.
#define FIELD_VALUE_MAX 256

/// How the bytes of a value are written and read as text.
enum field_kind {
	KIND_UINT, ///< decimal
	KIND_IP4,
	KIND_IP6,
	KIND_MAC,
	KIND_BOOL,      ///< true, false (`yes` and `no` are read too)
	KIND_FLAGS,     ///< binary, `bits` characters
	KIND_IFINDEX,   ///< see struct packet_meta
	KIND_DIRECTION, ///< ingress, egress, unknown
	KIND_REASON,    ///< of a drop: name (base/drop_reason.h), or decimal where there is none
	KIND_TEXT,      ///< bytes up to the first NUL
};

/// The members behind `compute` that describe a place are 0 in a computed field.
struct field {
	const char *name;
	/// NULL for a place. Otherwise writes at most `size` bytes to @p out and returns how many;
	/// 0 when absent or cut off.
	size_t (*compute)(const struct packet *p, unsigned occurrence, uint8_t *out);
	uint8_t layer;   ///< enum packet_layer
	uint8_t space;   ///< enum packet_space of that layer
	uint16_t offset; ///< bytes from the start of the layer
	uint8_t width;   ///< bytes read
	uint8_t shift;   ///< see fields.def
	uint8_t bits;    ///< see fields.def
	uint8_t kind;    ///< enum field_kind
	uint16_t size;   ///< bytes of the value, enough for `bits`; the most for computed text
};

/// Number of fields and the n-th of them, in the order of fields.def.
size_t field_count(void);
const struct field *field_at(size_t i);

/// The field called @p name (@p len bytes, no occurrence suffix), or NULL.
const struct field *field_find(const char *name, size_t len);

/// The known name nearest to @p name by edit distance ("did you mean"), or NULL if none is near.
const char *field_suggest(const char *name, size_t len);

/// Read the @p occurrence-th @p f of @p p (0 = outermost) into @p out (f->size bytes), big-endian.
/// Returns the bytes written: f->size, or fewer for a computed text, which gets no NUL. 0 when the
/// field is absent or cut off.
size_t field_read(const struct field *f, unsigned occurrence, const struct packet *p, uint8_t *out);

/// True when field_read() needs the stack of DISSECT_ALL: for any occurrence but the outermost, and
/// for the text of the stack itself.
bool field_needs_stack(const struct field *f, unsigned occurrence);

/// As field_read(), as a number; only for values of at most 8 bytes.
bool field_number(const struct field *f, unsigned occurrence, const struct packet *p,
		  uint64_t *out);

/// Write a value of @p size bytes as text. @p bits is used by KIND_FLAGS only.
void field_format(struct strbuf *b, enum field_kind kind, const uint8_t *value, size_t size,
		  unsigned bits);

/// The inverse of field_format(), for filters. 0, or ERR_INVALID or ERR_RANGE.
int field_parse(enum field_kind kind, const char *text, size_t len, uint8_t *value, size_t size,
		unsigned bits);
