// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "loss.h"

#include <stdlib.h>
#include <string.h>

static void start_anew(struct loss *l, uint64_t run)
{
	for (size_t i = 0; i < l->n_topics; i++)
		free(l->topics[i].text);
	l->n_topics = 0;
	l->listed = false;
	l->run = run;
}

static struct loss_topic *find(struct loss *l, const char *text)
{
	for (size_t i = 0; i < l->n_topics; i++)
		if (strcmp(l->topics[i].text, text) == 0)
			return &l->topics[i];
	return NULL;
}

// The topic, or a new one that stands at @p sequence; NULL when memory is short.
static struct loss_topic *find_or_add(struct loss *l, const char *text, uint64_t sequence)
{
	struct loss_topic *t = find(l, text);
	if (t != NULL)
		return t;
	struct loss_topic *grown = reallocarray(l->topics, l->n_topics + 1, sizeof(*grown));
	char *copy = strdup(text);
	if (grown != NULL)
		l->topics = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return NULL;
	}
	t = &l->topics[l->n_topics++];
	*t = (struct loss_topic){.text = copy, .sequence = sequence};
	return t;
}

static void add_lost(struct loss *l, struct loss_topic *t, uint64_t n)
{
	t->lost += n;
	l->total += n;
}

uint64_t loss_message(struct loss *l, uint64_t run, const char *topic, uint64_t sequence)
{
	const struct loss_topic *known = find(l, topic);
	if (run != l->run || (known != NULL && sequence <= known->sequence))
		start_anew(l, run);
	struct loss_topic *t = find_or_add(l, topic, l->listed ? 0 : sequence - 1);
	if (t == NULL)
		return 0;
	add_lost(l, t, sequence - t->sequence - 1);
	t->sequence = sequence;
	return t->lost;
}

void loss_topic(struct loss *l, const char *topic, uint64_t sequence)
{
	struct loss_topic *t = find_or_add(l, topic, l->listed ? 0 : sequence);
	if (t == NULL)
		return;
	t->told = true;
	if (sequence <= t->sequence)
		return;
	add_lost(l, t, sequence - t->sequence);
	t->sequence = sequence;
}

static bool is_on_lists(const char *topic)
{
	return strchr(topic, '.') != NULL; // not `stats`, `final`
}

void loss_listed(struct loss *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n_topics; i++) {
		struct loss_topic *t = &l->topics[i];
		if (!t->told && is_on_lists(t->text)) {
			free(t->text);
			continue;
		}
		t->told = false;
		l->topics[n++] = *t;
	}
	l->n_topics = n;
	l->listed = true;
}

void loss_free(struct loss *l)
{
	start_anew(l, 0);
	free(l->topics);
	*l = (struct loss){0};
}
