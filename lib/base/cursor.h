// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A bounded big-endian reader with a sticky error.
///
/// Every length, count and offset of the wire goes through a cursor, so that no read can pass the
/// end. A read that does not fit returns 0 (or NULL), sets `bad`, and leaves nothing to read: all
/// later reads fail too, hence a whole structure may be read first and checked once:
///
///     struct cursor c = cursor_of(data, len);
///     const uint32_t a = cursor_u32(&c), b = cursor_u32(&c);
///     if (c.bad)
///             return ERR_TRUNCATED;
///
/// Thread-safety: one cursor belongs to one thread. Memory: borrows the bytes, owns nothing.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p;   ///< next byte
	const uint8_t *end; ///< one past the last byte
	bool bad;           ///< sticky: some read did not fit
};

static inline uint16_t load_be16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t load_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

static inline void store_be16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void store_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

static inline struct cursor cursor_of(const uint8_t *data, size_t len)
{
	return (struct cursor){.p = data, .end = data + len, .bad = false};
}

/// Bytes left to read; 0 after a failure.
static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/// @p n bytes, or NULL when fewer are left. @p n may come from the wire.
static inline const uint8_t *cursor_bytes(struct cursor *c, size_t n)
{
	if (__builtin_expect(n > cursor_left(c), 0)) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	const uint8_t *p = c->p;
	c->p += n;
	return p;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_bytes(c, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 1);
	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 2);
	return p ? load_be16(p) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 4);
	return p ? load_be32(p) : 0;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 8);
	return p ? load_be64(p) : 0;
}

/// A cursor over the next @p n bytes; the parent moves past them. Does the parent not hold them,
/// both are bad and the child is empty.
static inline struct cursor cursor_sub(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_bytes(c, n);
	if (p == NULL)
		return (struct cursor){.p = c->end, .end = c->end, .bad = true};
	return cursor_of(p, n);
}

/// @p len rounded up to the XDR unit of four bytes (RFC 4506 section 3); 64 bits wide so that a
/// length of 2^32-1 from the wire does not wrap.
static inline uint64_t xdr_padded(uint32_t len)
{
	return ((uint64_t)len + 3) & ~(uint64_t)3;
}
