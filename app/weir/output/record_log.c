// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/record_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct record_log {
	size_t capacity;
	uint64_t last;            // writer: rw; record_log_next(): ro, relaxed
	pthread_mutex_t lock;     // of what follows
	uint64_t n;               // ever entered
	const struct record **at; // [i % capacity]
};

struct record_log *record_log_new(size_t capacity, uint64_t last)
{
	struct record_log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return NULL;
	log->at = calloc(capacity, sizeof(*log->at));
	if (log->at == NULL) {
		free(log);
		return NULL;
	}
	log->capacity = capacity;
	log->last = last;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

void record_log_free(struct record_log *log)
{
	if (log == NULL)
		return;
	for (size_t i = 0; i < log->capacity; i++)
		record_drop(log->at[i]);
	pthread_mutex_destroy(&log->lock);
	free(log->at);
	free(log);
}

void record_hold(const struct record *r)
{
	__atomic_fetch_add(&((struct record *)(uintptr_t)r)->refs, 1, __ATOMIC_RELAXED);
}

void record_drop(const struct record *r)
{
	struct record *mine = (struct record *)(uintptr_t)r;
	// Whoever drops the last reference sees what the others did.
	if (mine == NULL || __atomic_sub_fetch(&mine->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(mine->name);
	free(mine);
}

static struct record *new_record(uint64_t id, const char *name, const char *text)
{
	const size_t size = strlen(text);
	struct record *r = malloc(sizeof(*r) + size + 1);
	if (r == NULL)
		return NULL;
	*r = (struct record){.id = id, .refs = 1, .name = strdup(name), .size = size};
	memcpy(r->text, text, size + 1);
	if (r->name != NULL)
		return r;
	free(r);
	return NULL;
}

static void enter(struct record_log *log, const struct record *r)
{
	pthread_mutex_lock(&log->lock);
	const struct record **place = &log->at[log->n++ % log->capacity];
	const struct record *old = *place;
	*place = r;
	pthread_mutex_unlock(&log->lock);
	record_drop(old);
}

uint64_t record_log_next(const struct record_log *log)
{
	return __atomic_load_n(&log->last, __ATOMIC_RELAXED) + 1;
}

const struct record *record_log_add(struct record_log *log, const char *name, const char *text)
{
	return record_log_restore(log, log->last + 1, name, text);
}

const struct record *record_log_restore(struct record_log *log, uint64_t id, const char *name,
					const char *text)
{
	struct record *r = new_record(id, name, text);
	__atomic_store_n(&log->last, id, __ATOMIC_RELAXED);
	if (r != NULL)
		enter(log, r);
	return r;
}

static bool is_wanted(const struct record_query *q, const struct record *r)
{
	for (size_t i = 0; i < q->n_names; i++)
		if (strcmp(q->names[i], r->name) == 0)
			return true;
	return q->n_names == 0;
}

size_t record_log_read(struct record_log *log, const struct record_query *q,
		       const struct record **out)
{
	size_t n = 0;
	pthread_mutex_lock(&log->lock);
	const uint64_t kept = log->n < log->capacity ? log->n : log->capacity;
	for (uint64_t i = 0; i < kept && n < q->max; i++) {
		const struct record *r = log->at[(log->n - 1 - i) % log->capacity];
		if (q->after >= 0 && r->id <= (uint64_t)q->after)
			break;
		if (!is_wanted(q, r))
			continue;
		record_hold(r);
		out[n++] = r;
	}
	pthread_mutex_unlock(&log->lock);
	return n;
}
