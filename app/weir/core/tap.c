// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/core/tap.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// What stands before each payload; a payload begins at a multiple of it.
struct head {
	uint32_t len;  // bytes that follow
	uint32_t skip; // nothing follows: the next payload is at the beginning of the ring
};

struct tap {
	uint8_t *mem;
	uint64_t size; // a power of two
	// Bytes ever written and ever read; the pusher's and the popper's line.
	uint64_t tail __attribute__((aligned(64))); // pusher: rw, release; popper: r, acquire
	uint64_t seen;                              // pusher: head as last looked at
	uint64_t dropped;                           // pusher: rw, relaxed
	uint64_t head __attribute__((aligned(64))); // popper: rw, release; pusher: r, acquire
};
_Static_assert(offsetof(struct tap, tail) == 64 && offsetof(struct tap, head) == 128 &&
		       sizeof(struct tap) == 192,
	       "the pusher's line, the popper's line, and nothing of others on either");

struct tap *tap_new(size_t size)
{
	struct tap *t = aligned_alloc(64, sizeof(*t));
	if (t == NULL)
		return NULL;
	*t = (struct tap){.size = 4096};
	while (t->size < size)
		t->size *= 2;
	t->mem = malloc(t->size);
	if (t->mem != NULL)
		return t;
	free(t);
	return NULL;
}

void tap_free(struct tap *t)
{
	if (t == NULL)
		return;
	free(t->mem);
	free(t);
}

static uint64_t padded(uint32_t len)
{
	return sizeof(struct head) + ((uint64_t)len + sizeof(struct head) - 1) /
					     sizeof(struct head) * sizeof(struct head);
}

// Room for @p wanted bytes from @p tail on. Asks the other side only when it must.
static bool has_room(struct tap *t, uint64_t tail, uint64_t wanted)
{
	if (tail + wanted - t->seen <= t->size)
		return true;
	t->seen = __atomic_load_n(&t->head, __ATOMIC_ACQUIRE); // pairs with tap_pop()
	return tail + wanted - t->seen <= t->size;
}

static bool push_one(struct tap *t, uint64_t *tail, const struct payload *p)
{
	const uint64_t wanted = padded(p->len), at = *tail & (t->size - 1);
	const uint64_t rest = at + wanted > t->size ? t->size - at : 0;
	if (!has_room(t, *tail, rest + wanted))
		return false;
	if (rest > 0)
		*(struct head *)(t->mem + at) = (struct head){.skip = 1};
	struct head *h = (struct head *)(t->mem + (rest > 0 ? 0 : at));
	*h = (struct head){.len = p->len};
	memcpy(h + 1, p->data, p->len);
	*tail += rest + wanted;
	return true;
}

void tap_push(struct tap *t, const struct payload *p, uint32_t n)
{
	uint64_t tail = t->tail;
	uint32_t dropped = 0;
	for (uint32_t i = 0; i < n; i++)
		dropped += !push_one(t, &tail, &p[i]);
	if (dropped > 0)
		__atomic_store_n(&t->dropped, t->dropped + dropped, __ATOMIC_RELAXED);
	__atomic_store_n(&t->tail, tail, __ATOMIC_RELEASE); // pairs with tap_peek()
}

const uint8_t *tap_peek(struct tap *t, uint32_t *len)
{
	for (;;) {
		if (t->head == __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE)) // pairs with tap_push()
			return NULL;
		const uint64_t at = t->head & (t->size - 1);
		const struct head *h = (const struct head *)(t->mem + at);
		if (h->skip == 0) {
			*len = h->len;
			return (const uint8_t *)(h + 1);
		}
		t->head += t->size - at;
	}
}

void tap_pop(struct tap *t)
{
	const struct head *h = (const struct head *)(t->mem + (t->head & (t->size - 1)));
	__atomic_store_n(&t->head, t->head + padded(h->len), __ATOMIC_RELEASE); // see has_room()
}

uint64_t tap_dropped(const struct tap *t)
{
	return __atomic_load_n(&t->dropped, __ATOMIC_RELAXED);
}
