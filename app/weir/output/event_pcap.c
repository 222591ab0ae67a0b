// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/event_pcap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "packet/dissect.h"

// Link types of captures (https://www.tcpdump.org/linktypes.html).
enum {
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW = 101,
	LINK_80211 = 105,
};

// A header that was found.
struct found {
	uint64_t time;  // ns
	uint32_t order; // of those with the same time
	uint32_t bytes; // of the frame
	uint32_t len;
	uint8_t header[EVENT_PCAP_HEADER];
};

// An event of the tick.
struct target {
	const struct threshold_event *event;
	const struct flow_def *def; // NULL: of a metric of counters
	uint64_t since;             // ns: what is older does not count
	uint32_t link;              // 0 = no header yet
	uint32_t n;
	struct found found[EVENT_PCAP_HEADERS];
};

struct capture {
	uint64_t id;
	uint8_t *data;
	size_t size;
};

struct event_pcap {
	struct trace_ring *const *ring;
	uint32_t n_workers;
	struct target *target;
	uint32_t n_targets;
	uint32_t n_keys; // made for this tick
	void *reader;

	pthread_mutex_t lock; // of what follows
	struct capture *kept; // [i % capacity]
	uint64_t head, tail;  // taken out, entered
	uint32_t capacity;
	size_t size; // bytes of all captures
};

struct event_pcap *event_pcap_new(struct trace_ring *const *ring, uint32_t n_workers,
				  uint32_t n_events, struct err_msg *msg)
{
	struct event_pcap *e = calloc(1, sizeof(*e));
	if (e != NULL) {
		pthread_mutex_init(&e->lock, NULL);
		e->ring = ring;
		e->n_workers = n_workers;
		e->capacity = n_events;
		e->target = calloc(EVENT_PCAP_EVENTS, sizeof(*e->target));
		e->kept = calloc(n_events, sizeof(*e->kept));
		e->reader = aligned_alloc(64, trace_reader_size());
		if (e->target != NULL && e->kept != NULL && e->reader != NULL)
			return e;
	}
	event_pcap_free(e);
	err_set(msg, ERR_MEMORY, "headers of events: out of memory");
	return NULL;
}

static void drop_oldest(struct event_pcap *e)
{
	struct capture *c = &e->kept[e->head++ % e->capacity];
	e->size -= c->size;
	free(c->data);
	*c = (struct capture){0};
}

void event_pcap_free(struct event_pcap *e)
{
	if (e == NULL)
		return;
	while (e->kept != NULL && e->head < e->tail)
		drop_oldest(e);
	pthread_mutex_destroy(&e->lock);
	free(e->target);
	free(e->kept);
	free(e->reader);
	free(e);
}

// --- what belongs to an event -------------------------------------------------------------------

static void add_target(struct event_pcap *e, const struct analyzer *a,
		       const struct threshold_event *event)
{
	struct target *t = &e->target[e->n_targets++];
	uint32_t def;
	t->event = event;
	t->def = !event->counter && query_find(a, event->metric, &def) ? query_flow(a, def) : NULL;
	const double age =
		t->def != NULL ? EVENT_PCAP_AGE * t->def->t * 1e9 : (double)EVENT_PCAP_COUNTER_AGE;
	t->since = (double)event->time > age ? event->time - (uint64_t)age : 0;
	t->link = t->n = 0;
}

static uint32_t link_of(uint32_t protocol)
{
	switch (protocol) {
	case HEADER_ETHERNET: return LINK_ETHERNET;
	case HEADER_IP4:
	case HEADER_IP6: return LINK_RAW;
	case HEADER_PPP: return LINK_PPP;
	case HEADER_80211_MAC: return LINK_80211;
	default: return 0;
	}
}

// One data source, or one agent.
static bool is_of_source(const struct target *t, const struct trace_sample *s)
{
	const struct flow_row *row = t->event->row;
	if (memcmp(&row->agent, &s->agent, sizeof(s->agent)) != 0)
		return false;
	if (t->def != NULL && t->def->agg_mode == FLOW_AGG_AGENT)
		return true;
	return row->source == NULL && row->ds_class == s->ds_class &&
	       row->ds_index == s->ds_index && (t->def == NULL || row->direction == s->direction);
}

static void take(struct target *t, const struct trace_sample *s, uint32_t order)
{
	const uint32_t link = link_of(s->protocol);
	if (link == 0 || (t->link != 0 && link != t->link))
		return;
	struct found *f = &t->found[t->n++];
	t->link = link;
	f->time = s->time;
	f->order = order;
	f->len = s->header_len < EVENT_PCAP_HEADER ? s->header_len : EVENT_PCAP_HEADER;
	f->bytes = s->bytes > f->len ? s->bytes : f->len;
	memcpy(f->header, s->header, f->len);
}

// Give a sample to the events that it belongs to; how many of them still want some and may have it.
static uint32_t deal(struct event_pcap *e, const struct trace_sample *s, uint32_t order)
{
	uint8_t key[PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK];
	const struct flow_def *keyed =
		NULL; // whose key it is: events of one definition are neighbours
	bool measured = false;
	uint32_t wanting = 0;
	for (uint32_t i = 0; i < e->n_targets; i++) {
		struct target *t = &e->target[i];
		if (t->n == EVENT_PCAP_HEADERS)
			continue;
		wanting++;
		if (s->header == NULL || s->time < t->since || !is_of_source(t, s))
			continue;
		if (t->def != NULL && t->def != keyed) {
			if (++e->n_keys > EVENT_PCAP_KEYS)
				return 0;
			measured = trace_key(s, t->def, key);
			keyed = t->def;
		}
		const size_t size =
			t->def != NULL ? (size_t)t->def->key_size - PROGRAM_KEY_SOURCE : 0;
		if (t->def == NULL ||
		    (measured && memcmp(key + PROGRAM_KEY_SOURCE,
					t->event->row->key + PROGRAM_KEY_SOURCE, size) == 0))
			take(t, s, order);
	}
	return wanting;
}

// The latest traces of all workers, then those before.
static void look(struct event_pcap *e, const struct program *program)
{
	memset(e->reader, 0, trace_reader_size());
	struct trace_reader *reader = trace_reader_init(e->reader, program);
	struct trace_sample s;
	uint32_t n = 0;
	e->n_keys = 0;
	const struct trace *t;
	for (uint32_t i = 0; trace_ring_past(e->ring[0], i) != NULL; i++) {
		for (uint32_t w = 0; w < e->n_workers; w++) {
			t = trace_ring_past(e->ring[w], i);
			trace_reader_open(reader, t);
			while (trace_next(reader, &s))
				if (++n > EVENT_PCAP_LOOK || deal(e, &s, n) == 0)
					return;
		}
	}
}

// --- captures -----------------------------------------------------------------------------------

static int compare_found(const void *x, const void *y)
{
	const struct found *a = x, *b = y;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static uint8_t *put_words(uint8_t *at, const uint32_t *word, size_t n)
{
	memcpy(at, word, n * sizeof(*word));
	return at + n * sizeof(*word);
}

// A capture in the order of bytes of this machine, which readers tell by its first word.
static struct capture capture_of(struct target *t, int64_t offset)
{
	const uint32_t head[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, t->link};
	struct capture c = {.id = t->event->id, .size = sizeof(head)};
	qsort(t->found, t->n, sizeof(t->found[0]), compare_found);
	for (uint32_t i = 0; i < t->n; i++)
		c.size += 16 + t->found[i].len;
	c.data = malloc(c.size);
	if (c.data == NULL)
		return c;
	uint8_t *at = put_words(c.data, head, 6);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct found *f = &t->found[i];
		const uint64_t wall = f->time + (uint64_t)offset;
		const uint32_t record[4] = {(uint32_t)(wall / 1000000000),
					    (uint32_t)(wall % 1000000000), f->len, f->bytes};
		at = put_words(at, record, 4);
		memcpy(at, f->header, f->len);
		at += f->len;
	}
	return c;
}

static void keep(struct event_pcap *e, const struct capture *c)
{
	pthread_mutex_lock(&e->lock);
	while (e->head < e->tail &&
	       (e->tail - e->head == e->capacity || e->size + c->size > EVENT_PCAP_KEEP))
		drop_oldest(e);
	e->kept[e->tail++ % e->capacity] = *c;
	e->size += c->size;
	pthread_mutex_unlock(&e->lock);
}

void event_pcap_tick(struct event_pcap *e, const struct analyzer *a, const struct tick *tick)
{
	e->n_targets = 0;
	for (size_t i = 0; i < tick->n_events && i < EVENT_PCAP_EVENTS; i++)
		add_target(e, a, &tick->events[i]);
	if (e->n_targets == 0)
		return;
	look(e, query_program(a));
	for (uint32_t i = 0; i < e->n_targets; i++) {
		struct target *t = &e->target[i];
		if (t->n == 0)
			continue;
		const struct capture c = capture_of(t, (int64_t)(tick->wall - tick->end));
		if (c.data != NULL)
			keep(e, &c);
		else
			t->n = 0;
	}
}

uint32_t event_pcap_count(const struct event_pcap *e, size_t i)
{
	return e != NULL && i < e->n_targets ? e->target[i].n : 0;
}

uint8_t *event_pcap_get(struct event_pcap *e, uint64_t id, size_t *size)
{
	uint8_t *copy = NULL;
	pthread_mutex_lock(&e->lock);
	for (uint64_t i = e->head; i < e->tail && copy == NULL; i++) {
		const struct capture *c = &e->kept[i % e->capacity];
		if (c->id != id)
			continue;
		copy = malloc(c->size);
		if (copy == NULL)
			break;
		memcpy(copy, c->data, c->size);
		*size = c->size;
	}
	pthread_mutex_unlock(&e->lock);
	return copy;
}
