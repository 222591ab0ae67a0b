// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Private to packet/: the functions behind the COMPUTED rows of fields.def.
///
/// Each reads the @p occurrence-th layer of its kind from @p p, writes a value of the size that its
/// row states (a TEXT: at most that, without a NUL) to @p out and returns the bytes written, or 0
/// when the value is absent or not whole in the header. Numbers are big-endian.

#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/strbuf.h"
#include "packet/packet.h"

#define FIELD(name, layer, offset, width, shift, bits, kind)
#define COMPUTED(name, function, size, kind) \
	size_t field_compute_##function(const struct packet *p, unsigned occurrence, uint8_t *out);
#include "packet/fields.def"
#undef FIELD
#undef COMPUTED

/// The @p len bytes that lie @p at bytes into the @p occurrence-th @p layer, or NULL.
static inline const uint8_t *compute_bytes(const struct packet *p, enum packet_layer layer,
					   unsigned occurrence, uint32_t at, uint32_t len)
{
	const uint32_t off = packet_layer_at(p, layer, occurrence);
	return off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, off + at, len);
}

static inline size_t compute_u8(uint8_t *out, uint8_t v)
{
	out[0] = v;
	return 1;
}

static inline size_t compute_u16(uint8_t *out, uint16_t v)
{
	store_be16(out, v);
	return 2;
}

static inline size_t compute_u32(uint8_t *out, uint32_t v)
{
	store_be32(out, v);
	return 4;
}

/// A text is made in a strbuf with room for a NUL behind it, and copied without.
static inline size_t compute_text(uint8_t *out, const struct strbuf *b)
{
	memcpy(out, b->text, b->len);
	return b->len;
}

/// A list: where it was cut, the item that is not whole goes too.
static inline size_t compute_list(uint8_t *out, struct strbuf *b, char separator)
{
	while (b->cut && b->len > 0 && b->text[--b->len] != separator)
		continue;
	return compute_text(out, b);
}
