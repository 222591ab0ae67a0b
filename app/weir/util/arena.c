// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/util/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SIZE = 4096,
	LAST_SIZE = 1 << 20,
	ALIGN = _Alignof(max_align_t),
};

struct arena_block {
	struct arena_block *next;
	size_t size; // bytes of data
	size_t used; // bytes of data handed out, a multiple of ALIGN
	_Alignas(max_align_t) char data[];
};

static struct arena_block *add_block(struct arena *a, size_t need)
{
	size_t size = a->head != NULL ? a->head->size * 2 : FIRST_SIZE;
	if (size > LAST_SIZE)
		size = LAST_SIZE;
	if (size < need)
		size = need;
	if (size > SIZE_MAX - sizeof(struct arena_block))
		return NULL;
	struct arena_block *b = calloc(1, sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->size = size;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct arena_block *b = a->head;
	if (b == NULL || b->size - b->used < size) {
		b = add_block(a, size);
		if (b == NULL)
			return NULL;
	}
	void *p = b->data + b->used;
	b->used += size;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	if (len == SIZE_MAX)
		return NULL;
	char *s = arena_alloc(a, len + 1);
	if (s != NULL)
		memcpy(s, text, len);
	return s;
}

void arena_free(struct arena *a)
{
	while (a->head != NULL) {
		struct arena_block *next = a->head->next;
		free(a->head);
		a->head = next;
	}
}
