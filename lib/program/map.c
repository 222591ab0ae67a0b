// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "program/group.h"

// Values and labels come from configuration, by whoever may configure: a fixed secret will do.
static uint64_t hash_of(const char *text, size_t len)
{
	struct hash_secret secret;
	hash_secret_init(&secret, 0);
	return hash_bytes(&secret, text, len);
}

static int out_of_memory(struct err_msg *msg)
{
	return err_set(msg, ERR_MEMORY, "out of memory");
}

// The slot of a text: the one that has it, or the free one where it belongs.
static uint32_t slot_of(const struct labels *l, const char *text, size_t len)
{
	uint32_t i = (uint32_t)hash_of(text, len) & (l->n_slots - 1);
	for (; l->slot[i] != 0; i = (i + 1) & (l->n_slots - 1)) {
		const char *there = labels_text(l, l->slot[i] - 1);
		if (strncmp(there, text, len) == 0 && there[len] == '\0')
			break;
	}
	return i;
}

static bool grow_slots(struct labels *l)
{
	const uint32_t n = l->n_slots != 0 ? 2 * l->n_slots : 16;
	uint32_t *at = realloc(l->at, n * sizeof(*at));
	if (at == NULL)
		return false;
	l->at = at;
	uint32_t *slot = calloc(n, sizeof(*slot));
	if (slot == NULL)
		return false;
	free(l->slot);
	l->slot = slot;
	l->n_slots = n;
	for (uint32_t i = 0; i < l->n; i++)
		l->slot[slot_of(l, labels_text(l, i), strlen(labels_text(l, i)))] = i + 1;
	return true;
}

static bool grow_text(struct labels *l, size_t len)
{
	if (l->size + len + 1 <= l->room)
		return true;
	const size_t room = 2 * l->room + len + 64;
	char *text = room <= UINT32_MAX ? realloc(l->text, room) : NULL;
	if (text == NULL)
		return false;
	l->text = text;
	l->room = room;
	return true;
}

static int intern(struct labels *l, const char *text, size_t len, uint32_t *number,
		  struct err_msg *msg)
{
	if (3 * (uint64_t)l->n >= 2 * (uint64_t)l->n_slots && !grow_slots(l))
		return out_of_memory(msg);
	const uint32_t i = slot_of(l, text, len);
	if (l->slot[i] == 0) {
		if (!grow_text(l, len))
			return out_of_memory(msg);
		l->at[l->n] = (uint32_t)l->size;
		memcpy(l->text + l->size, text, len + 1);
		l->size += len + 1;
		l->slot[i] = ++l->n;
	}
	*number = l->slot[i] - 1;
	return 0;
}

int labels_intern(struct labels *l, const char *text, uint32_t *number, struct err_msg *msg)
{
	const size_t len = strlen(text);
	if (len == 0 || len > PROGRAM_LABEL_MAX)
		return err_set(msg, ERR_RANGE, "got \"%s\", expected a label of 1 to %d bytes",
			       text, PROGRAM_LABEL_MAX);
	return intern(l, text, len, number, msg);
}

size_t labels_size(const struct labels *l)
{
	return l->room + l->n_slots * (sizeof(*l->at) + sizeof(*l->slot));
}

void labels_free(struct labels *l)
{
	free(l->text);
	free(l->at);
	free(l->slot);
	*l = (struct labels){0};
}

// The i-th value has the i-th label.
struct map {
	uint32_t refs;
	struct labels values, labels;
	uint32_t *label;
	uint32_t room;
};

struct map *map_create(void)
{
	struct map *m = calloc(1, sizeof(*m));
	if (m != NULL)
		m->refs = 1;
	return m;
}

const struct map *map_ref(const struct map *shared)
{
	struct map *m = (struct map *)(uintptr_t)shared;
	if (m != NULL)
		__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return shared;
}

void map_free(const struct map *shared)
{
	struct map *m = (struct map *)(uintptr_t)shared;
	// Acquire and release: what others did with it comes before it is freed.
	if (m == NULL || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	labels_free(&m->values);
	labels_free(&m->labels);
	free(m->label);
	free(m);
}

// The form in which attributes are written.
static void normalize(const char *value, struct strbuf *b)
{
	struct addr a;
	uint8_t mac[6];
	if (addr_parse(value, &a) == 0)
		addr_format(b, &a);
	else if (addr_mac_parse(value, mac) == 0)
		addr_mac_format(b, mac);
	else
		strbuf_str(b, value);
}

int map_add(struct map *m, const char *value, const char *label, struct err_msg *msg)
{
	char text[MAP_VALUE_MAX + 1];
	struct strbuf b = strbuf_of(text, sizeof(text));
	normalize(value, &b);
	if (b.cut || b.len == 0)
		return err_set(msg, ERR_RANGE, "expected a value of 1 to %d bytes", MAP_VALUE_MAX);
	uint32_t v, l;
	int err = labels_intern(&m->labels, label, &l, msg);
	const uint32_t before = m->values.n;
	if (err == 0 && m->room == before) {
		const uint32_t room = 2 * m->room + 16;
		uint32_t *grown = realloc(m->label, room * sizeof(*grown));
		if (grown == NULL)
			return out_of_memory(msg);
		m->label = grown;
		m->room = room;
	}
	if (err == 0)
		err = intern(&m->values, text, b.len, &v, msg);
	if (err != 0)
		return err;
	if (m->values.n > before)
		m->label[v] = l;
	else if (m->label[v] != l)
		return err_set(msg, ERR_EXISTS, "%s is in \"%s\" and in \"%s\"", text,
			       labels_text(&m->labels, m->label[v]), label);
	return 0;
}

void map_source_format(struct strbuf *b, const struct addr *agent, const char *source, size_t len)
{
	addr_format(b, agent);
	strbuf_char(b, '>');
	strbuf_bytes(b, source, len);
}

int map_add_source(struct map *m, const struct addr *agent, const char *source, const char *label,
		   struct err_msg *msg)
{
	char text[MAP_VALUE_MAX + 1];
	struct strbuf b = strbuf_of(text, sizeof(text));
	map_source_format(&b, agent, source, strlen(source));
	return map_add(m, text, label, msg);
}

const char *map_find(const struct map *m, const char *value, size_t len)
{
	if (m->values.n == 0 || memchr(value, '\0', len) != NULL)
		return NULL;
	const uint32_t i = m->values.slot[slot_of(&m->values, value, len)];
	return i == 0 ? NULL : labels_text(&m->labels, m->label[i - 1]);
}

size_t map_len(const struct map *m)
{
	return m->values.n;
}

size_t map_size(const struct map *m)
{
	return sizeof(*m) + labels_size(&m->values) + labels_size(&m->labels) +
	       m->room * sizeof(*m->label);
}

bool map_equal(const struct map *a, const struct map *b)
{
	if (a->values.n != b->values.n)
		return false;
	for (uint32_t i = 0; i < a->values.n; i++) {
		const char *value = labels_text(&a->values, i);
		const char *label = map_find(b, value, strlen(value));
		if (label == NULL || strcmp(label, labels_text(&a->labels, a->label[i])) != 0)
			return false;
	}
	return true;
}
