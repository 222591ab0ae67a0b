// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyzer/selector.h"
#include "analyzer/state.h"
#include "analyzer/view_item.h"
#include "program/pattern.h"

// What things cost under the lock, in units of VIEW_SLICE.
enum {
	COST_PASS = 10,
	COST_COPY = 24,
	COST_TEXT = 64,
	COST_SKETCH = 2048,
};

// Keys written as text in one slice, and entries copied: more do not fit the units.
#define TEXTS  (VIEW_SLICE / COST_TEXT)
#define COPIES (VIEW_SLICE / COST_COPY + 1)

enum phase {
	PHASE_BEGIN, // nothing read yet
	PHASE_WALK,  // entries are copied
	PHASE_TEXT,  // chosen keys are written
	PHASE_DONE,
};

struct view {
	// The question.
	char *flow, *key, *source;
	struct selector *selector;
	struct pattern *filter;
	struct hs_scratch *scratch; // to match it in
	struct view_query query;

	enum phase phase;
	enum view_mode mode;  // as the topology allows
	uint64_t def_id;      // of the definition when the view began
	uint64_t begin;       // ns: end of the latest tick then
	uint32_t cursor, end; // slots of the store
	bool walked;          // to the end
	bool key_known;       // the bytes of query.key
	uint64_t key_bytes[PROGRAM_KEY_MAX / 8];

	struct item_shape shape;
	uint8_t *batch; // COPIES items
	uint32_t n_batch;
	struct item_set items;
	uint32_t *heap; // items by order, the first on top
	uint32_t heap_len;
	uint32_t chosen[TEXTS];
	uint32_t n_chosen;

	struct view_row *row;
	size_t n_rows, max_rows;
	struct flow_summary summary;
};

int view_mode_parse(const char *text, enum view_mode *mode)
{
	static const char *const name[] = {"max", "sum", "avg", "edge", "core"};
	for (unsigned i = 0; i < sizeof(name) / sizeof(*name); i++) {
		if (strcasecmp(text, name[i]) == 0) {
			*mode = (enum view_mode)i;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

static int compile_filter(struct view *v, const char *text, struct err_msg *msg)
{
	if (text == NULL || *text == '\0')
		return 0;
	v->filter = pattern_compile(text, strlen(text), msg);
	if (v->filter != NULL)
		return pattern_reserve(v->filter, &v->scratch, msg);
	err_prefix(msg, "filter");
	return ERR_INVALID;
}

struct view *view_new(const struct analyzer *a, const struct view_query *query, struct err_msg *msg)
{
	struct view *v = calloc(1, sizeof(*v));
	if (v == NULL)
		goto no_memory;
	v->query = *query;
	v->flow = strdup(query->flow);
	v->key = query->key != NULL ? strdup(query->key) : NULL;
	v->source = query->source != NULL ? strdup(query->source) : NULL;
	if (v->flow == NULL || (query->key != NULL && v->key == NULL) ||
	    (query->source != NULL && v->source == NULL))
		goto no_memory;
	v->selector = selector_new(a, query->agents != NULL ? query->agents : "ALL", msg);
	if (v->selector == NULL || compile_filter(v, query->filter, msg) != 0) {
		view_free(v);
		return NULL;
	}
	return v;
no_memory:
	err_set(msg, ERR_MEMORY, "view: out of memory");
	view_free(v);
	return NULL;
}

// What finds the rows; they may have to wait long for their reader.
static void drop_scratch(struct view *v)
{
	free(v->batch);
	item_set_free(&v->items);
	free(v->heap);
	v->batch = NULL;
	v->items = (struct item_set){0};
	v->heap = NULL;
}

void view_free(struct view *v)
{
	if (v == NULL)
		return;
	free(v->flow);
	free(v->key);
	free(v->source);
	selector_free(v->selector);
	pattern_scratch_free(v->scratch);
	pattern_free(v->filter);
	drop_scratch(v);
	free(v->row);
	free(v);
}

// --- under the lock: the walk -------------------------------------------------------------------

static const struct flow *find_flow(const struct analyzer *a, const char *name)
{
	uint32_t def;
	return query_find(a, name, &def) ? a->set.flow[def] : NULL;
}

static int begin(struct view *v, const struct analyzer *a, const struct flow *f,
		 struct err_msg *msg)
{
	const struct store *s = &f->store;
	const bool by_place = v->query.mode == VIEW_EDGE || v->query.mode == VIEW_CORE;
	v->mode = by_place && a->topology == NULL ? VIEW_MAX : v->query.mode;
	v->def_id = f->def->id;
	v->begin = s->now;
	v->cursor = 1;
	v->end = s->n_slots;
	v->shape = item_shape_of(f->def);
	v->items.secret = &a->config.secret;
	v->batch = calloc(COPIES, v->shape.size);
	if (v->batch == NULL)
		return err_set(msg, ERR_MEMORY, "view: out of memory");
	query_summary(f, &v->summary);
	v->phase = PHASE_WALK;
	return 0;
}

static bool is_source(const struct view *v, const struct analyzer *a, const struct port *p)
{
	const char *name = sources_port_name(&a->sources, p);
	if (name != NULL || v->source != NULL)
		return name != NULL && v->source != NULL && strcmp(name, v->source) == 0;
	return p->ds_class == v->query.ds_class && p->ds_index == v->query.ds_index;
}

// Of a source that the view is about; which one of its port's it speaks for.
static bool wants_source(struct view *v, const struct analyzer *a, const struct source *o)
{
	const struct port *p = sources_port(&a->sources, o->port);
	const unsigned flags = selector_flags(v->selector, a, o->port);
	if ((flags & SELECTOR_IN) == 0)
		return false;
	if (v->query.one_source && !is_source(v, a, p))
		return false;
	if (v->mode == VIEW_CORE)
		return (flags & SELECTOR_CORE) != 0;
	if (v->mode != VIEW_EDGE)
		return true;
	// A packet is counted where it enters, if that is sampled.
	return (flags & SELECTOR_EDGE) != 0 &&
	       (o->direction == DIRECTION_INGRESS || p->source[DIRECTION_INGRESS] == 0);
}

// Not forgotten, and there since before the view began.
static bool is_seen(const struct view *v, const struct store *s, uint32_t i)
{
	return store_visible(s, i) && store_past(s, i)->first < v->begin;
}

static bool is_key(struct view *v, const struct flow_def *def, const uint8_t *key)
{
	const size_t len = (size_t)def->key_size - PROGRAM_KEY_SOURCE;
	uint8_t *known = (uint8_t *)v->key_bytes + PROGRAM_KEY_SOURCE;
	if (v->key_known)
		return memcmp(known, key + PROGRAM_KEY_SOURCE, len) == 0;
	char text[1024];
	struct strbuf b = strbuf_of(text, sizeof(text));
	flow_def_key_format(def, key, &b);
	v->key_known = strcmp(text, v->key) == 0;
	if (v->key_known)
		memcpy(known, key + PROGRAM_KEY_SOURCE, len);
	return v->key_known;
}

// The same key in the other directions of its port; false when the entry of a lower source stands
// for both, so that each port is taken once.
static bool find_siblings(const struct view *v, const struct analyzer *a, const struct store *s,
			  uint32_t entry, uint32_t sibling[3])
{
	const uint32_t source = store_source(s, entry);
	const struct port *p = sources_port(&a->sources, sources_at(&a->sources, source)->port);
	uint64_t key[PROGRAM_KEY_MAX / 8];
	memcpy(key, store_entry(s, entry)->key, s->def->key_size);
	for (unsigned d = 0; d < 3; d++) {
		sibling[d] = 0;
		if (p->source[d] == 0 || p->source[d] == source || v->mode == VIEW_EDGE)
			continue;
		memcpy(key, &p->source[d], sizeof(p->source[d]));
		const uint32_t i = store_find(s, key, store_tag(s, key));
		if (i == 0 || !is_seen(v, s, i))
			continue;
		if (p->source[d] < source)
			return false;
		sibling[d] = i;
	}
	return true;
}

static struct item *copy(struct view *v, const struct analyzer *a, const struct store *s,
			 uint32_t entry)
{
	struct item *item = item_at(&v->shape, v->batch, v->n_batch);
	item_read(item, &v->shape, a, s, entry);
	return item;
}

// Copy an entry, with what its port has of the key in the other direction; returns the cost.
static int take(struct view *v, const struct analyzer *a, const struct store *s, uint32_t entry)
{
	uint32_t sibling[3];
	int cost = COST_COPY;
	if (!find_siblings(v, a, s, entry, sibling))
		return cost;
	struct item *item = copy(v, a, s, entry);
	cost += (int)store_sketches(s, entry) * COST_SKETCH;
	v->n_batch++;
	for (unsigned d = 0; d < 3; d++) {
		if (sibling[d] == 0)
			continue;
		item_join(item, &v->shape, copy(v, a, s, sibling[d]));
		cost += COST_COPY + (int)store_sketches(s, sibling[d]) * COST_SKETCH;
	}
	return cost;
}

static int visit(struct view *v, const struct analyzer *a, const struct store *s, uint32_t entry)
{
	const struct store_entry *e = store_entry(s, entry);
	if (e->ref == 0 || !wants_source(v, a, sources_at(&a->sources, store_source(s, entry))) ||
	    !is_seen(v, s, entry))
		return COST_PASS;
	if (v->key != NULL) {
		const int cost = v->key_known ? COST_PASS : COST_TEXT;
		if (!is_key(v, s->def, e->key))
			return cost;
	}
	return take(v, a, s, entry);
}

static void walk(struct view *v, const struct analyzer *a, const struct store *s)
{
	// A definition that was taken away and put back has a smaller store.
	const uint32_t end = v->end < s->n_slots ? v->end : s->n_slots;
	v->n_batch = 0;
	// One more copy than was counted is where the other direction is read.
	for (int left = VIEW_SLICE; left > 0 && v->cursor < end && v->n_batch + 1 < COPIES;)
		left -= visit(v, a, s, v->cursor++);
	v->walked = v->cursor >= end;
}

// --- under the lock: texts of chosen rows -------------------------------------------------------

static void write_row(const struct view *v, const struct analyzer *a, const struct flow_def *def,
		      const struct item *item, struct view_row *row)
{
	const struct known known = query_known(a, item->port);
	item_row(item, &v->shape, v->mode == VIEW_AVG, row);
	row->flow.source = sources_port_name(&a->sources, sources_port(&a->sources, item->port));
	memcpy(row->flow.agent_name, known.agent, strnlen(known.agent, SOURCE_NAME_SIZE - 1));
	memcpy(row->flow.port_name, known.port, strnlen(known.port, SOURCE_NAME_SIZE - 1));
	struct strbuf text = strbuf_of(row->flow.key_text, sizeof(row->flow.key_text));
	flow_def_key_format(def, row->flow.key, &text);
}

static void write_texts(struct view *v, const struct analyzer *a, const struct flow_def *def)
{
	for (uint32_t i = 0; i < v->n_chosen; i++)
		write_row(v, a, def, item_at(&v->shape, v->items.mem, v->chosen[i]),
			  &v->row[v->n_rows + i]);
}

int view_read(struct view *v, const struct analyzer *a, struct err_msg *msg)
{
	const struct flow *f = find_flow(a, v->flow);
	if (f == NULL)
		return err_set(msg, ERR_UNKNOWN, "no flow \"%s\"", v->flow);
	if (v->phase == PHASE_BEGIN) {
		const int err = begin(v, a, f, msg);
		if (err != 0)
			return err;
	}
	if (f->def->id != v->def_id)
		return err_set(msg, ERR_UNKNOWN, "flow \"%s\" was changed meanwhile", v->flow);
	if (v->phase == PHASE_WALK)
		walk(v, a, &f->store);
	else if (v->phase == PHASE_TEXT)
		write_texts(v, a, f->def);
	return 0;
}

// --- without the lock ---------------------------------------------------------------------------

static int add_batch(struct view *v)
{
	for (uint32_t i = 0; i < v->n_batch; i++)
		if (item_set_add(&v->items, &v->shape, item_at(&v->shape, v->batch, i), v->mode) !=
		    0)
			return ERR_MEMORY;
	v->n_batch = 0;
	return 0;
}

static bool comes_before(const struct view *v, uint32_t a, uint32_t b)
{
	return item_before(item_at(&v->shape, v->items.mem, a), item_at(&v->shape, v->items.mem, b),
			   &v->shape);
}

static void sift_down(struct view *v, uint32_t at)
{
	uint32_t *heap = v->heap;
	const uint32_t i = heap[at];
	for (uint32_t child; (child = 2 * at + 1) < v->heap_len; at = child) {
		if (child + 1 < v->heap_len && comes_before(v, heap[child + 1], heap[child]))
			child++;
		if (!comes_before(v, heap[child], i))
			break;
		heap[at] = heap[child];
	}
	heap[at] = i;
}

static int build_heap(struct view *v)
{
	v->heap = calloc((size_t)v->items.n + 1, sizeof(*v->heap));
	if (v->heap == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < v->items.n; i++) {
		struct item *item = item_at(&v->shape, v->items.mem, i);
		if (v->mode == VIEW_AVG)
			item_average(item, &v->shape);
		if (item->value >= v->query.min_value)
			v->heap[v->heap_len++] = i;
	}
	for (uint32_t i = v->heap_len / 2; i-- > 0;)
		sift_down(v, i);
	return 0;
}

// The next rows to write, and room for them.
static int choose(struct view *v)
{
	v->n_chosen = 0;
	while (v->n_chosen < TEXTS && v->heap_len > 0 &&
	       v->n_rows + v->n_chosen < v->query.max_flows) {
		v->chosen[v->n_chosen++] = v->heap[0];
		v->heap[0] = v->heap[--v->heap_len];
		if (v->heap_len > 0)
			sift_down(v, 0);
	}
	const size_t want = v->n_rows + v->n_chosen;
	if (want > v->max_rows) {
		const size_t max = want > 2 * v->max_rows ? want : 2 * v->max_rows;
		struct view_row *row = reallocarray(v->row, max, sizeof(*row));
		if (row == NULL)
			return ERR_MEMORY;
		v->row = row;
		v->max_rows = max;
	}
	v->phase = v->n_chosen > 0 ? PHASE_TEXT : PHASE_DONE;
	return 0;
}

// Of the rows just written those stay that the filter lets through.
static void keep_rows(struct view *v)
{
	size_t kept = v->n_rows;
	for (uint32_t i = 0; i < v->n_chosen; i++) {
		const struct view_row *row = &v->row[v->n_rows + i];
		if (v->filter != NULL && !pattern_match(v->filter, v->scratch, row->flow.key_text,
							strlen(row->flow.key_text)))
			continue;
		if (kept != v->n_rows + i)
			v->row[kept] = *row;
		kept++;
	}
	v->n_rows = kept;
}

int view_digest(struct view *v, struct err_msg *msg)
{
	int err = 0;
	if (v->phase == PHASE_WALK) {
		err = add_batch(v);
		if (err == 0 && v->walked) {
			err = build_heap(v);
			if (err == 0)
				err = choose(v);
		}
	} else if (v->phase == PHASE_TEXT) {
		keep_rows(v);
		err = choose(v);
	}
	if (err != 0)
		return err_set(msg, err, "view: out of memory");
	if (v->phase == PHASE_DONE)
		drop_scratch(v);
	return v->phase != PHASE_DONE;
}

size_t view_memory(const struct view *v)
{
	return sizeof(*v) + v->max_rows * sizeof(*v->row);
}

const struct view_row *view_rows(const struct view *v, size_t *n)
{
	*n = v->phase == PHASE_DONE ? v->n_rows : 0;
	return v->row;
}

const struct flow_summary *view_summary(const struct view *v)
{
	return &v->summary;
}

uint64_t view_time(const struct view *v)
{
	return v->begin;
}
