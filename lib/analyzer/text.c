// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/text.h"

#include <string.h>

void texts_layout(struct texts *t, struct carve *c, struct slab *slab, uint32_t max,
		  const struct hash_secret *secret)
{
	*t = (struct texts){.slab = slab, .secret = *secret, .max = max};
	lookup_layout(&t->lookup, c, max);
}

static size_t clean(char out[TEXT_MAX + 1], const uint8_t *bytes, size_t len)
{
	size_t n = 0;
	for (; n < len && n < TEXT_MAX && bytes[n] != 0; n++)
		out[n] = bytes[n] >= 0x20 && bytes[n] < 0x7f ? (char)bytes[n] : '?';
	out[n] = 0;
	return n;
}

static uint32_t find(const struct texts *t, uint32_t tag, const char *text, size_t len)
{
	for (uint32_t at = tag, i; (i = lookup_next(&t->lookup, tag, &at)) != 0;) {
		const struct text *x = texts_at(t, i);
		if (x->len == len && memcmp(x->text, text, len) == 0)
			return i;
	}
	return 0;
}

static uint32_t tag_of(const struct texts *t, const char *text, size_t len)
{
	return lookup_tag(hash_bytes(&t->secret, text, len));
}

uint32_t texts_find(const struct texts *t, const char *text, size_t len)
{
	return find(t, tag_of(t, text, len), text, len);
}

uint32_t texts_enter(struct texts *t, const void *bytes, size_t len)
{
	char text[TEXT_MAX + 1];
	const size_t n = clean(text, bytes, len);
	if (n == 0)
		return 0;
	const uint32_t tag = tag_of(t, text, n);
	uint32_t i = find(t, tag, text, n);
	if (i != 0) {
		((struct text *)slab_at(t->slab, i))->users++;
		return i;
	}
	if (t->n < t->max)
		i = slab_take(t->slab, (uint32_t)(sizeof(struct text) + n + 1));
	if (i == 0) {
		t->refused++;
		return 0;
	}
	struct text *x = slab_at(t->slab, i);
	*x = (struct text){.users = 1, .tag = tag, .len = (uint32_t)n};
	memcpy(x->text, text, n + 1);
	lookup_insert(&t->lookup, tag, i);
	t->n++;
	return i;
}

void texts_drop(struct texts *t, uint32_t text)
{
	if (text == 0)
		return;
	struct text *x = slab_at(t->slab, text);
	if (--x->users > 0)
		return;
	lookup_remove(&t->lookup, x->tag, text);
	slab_give(t->slab, text);
	t->n--;
}
