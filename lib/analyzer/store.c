// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/store.h"

#include <string.h>

_Static_assert(sizeof(struct store_entry) == 40, "24 bytes of key share the entry's line");
_Static_assert(sizeof(struct store_chunk) == 64, "a chunk is one cache line");
_Static_assert(sizeof(struct store_past) == 56, "it fits a cache line");

#define CHUNK_LEN  14
#define NEIGHBOURS 8
#define NS_PER_MS  UINT64_C(1000000)

static uint32_t round_up(uint32_t n, uint32_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static void layout(struct store *s, struct carve *c, const struct flow_def *def,
		   const struct store_config *config)
{
	const size_t slots = (size_t)config->entries + 2; // 0 is none, one is for the newcomer
	// Full chunks, and one that is not for each source that has entries.
	const size_t some =
		config->max_sources < config->entries ? config->max_sources + (size_t)1 : slots;
	*s = (struct store){.def = def, .config = *config};
	s->entry_size = round_up((uint32_t)sizeof(struct store_entry) + def->key_size, 64);
	cells_layout(s, def);
	s->top_size = 2 * config->top < config->entries + 1 ? 2 * config->top : config->entries + 1;
	s->entry = carve(c, slots, s->entry_size);
	s->past = carve(c, slots, s->past_size);
	lookup_layout(&s->lookup, c, config->entries + 1);
	if (def->completes)
		span_layout(&s->spans, c, (uint32_t)slots, def->key_size, def->active_timeout,
			    def->flow_start);
	s->chunk = carve(c, slots / CHUNK_LEN + some + 2, sizeof(*s->chunk));
	s->chain = carve(c, (size_t)config->max_sources + 1, sizeof(*s->chain));
	s->touched = carve(c, slots, sizeof(*s->touched));
	s->top = carve(c, s->top_size, sizeof(*s->top));
	if (!flow_def_is_rate(def))
		s->figure = carve(c, slots, sizeof(*s->figure));
	if (def->n_set == 0)
		return;
	s->sketches.registers = carve(c, 1, distinct_pool_size(config->sketches));
	s->sketch_owner = carve(c, (size_t)config->sketches + 1, sizeof(*s->sketch_owner));
}

size_t store_size(const struct flow_def *def, const struct store_config *config)
{
	struct store s;
	struct carve c = {0};
	layout(&s, &c, def, config);
	return c.used;
}

void store_init(struct store *s, void *mem, const struct flow_def *def,
		const struct store_config *config)
{
	struct carve c = {.base = mem};
	layout(s, &c, def, config);
	if (def->n_set > 0)
		distinct_pool_init(&s->sketches, s->sketches.registers, config->sketches);
	s->decay = decay_of(def->t);
	s->rng = rng_seeded(config->seed);
	s->n_slots = 1;
	s->n_chunks = 1;
	s->sweep = 1;
	s->top_bound = -1;
}

static double max_of(double a, double b)
{
	return a > b ? a : b;
}

static double square(double x)
{
	return x * x;
}

// Bring an entry to the present generation.
static void refresh(struct store *s, struct store_entry *e, uint32_t i)
{
	const double f = decay_shift(&s->decay, e->gen);
	if (__builtin_expect(f == 1, 1))
		return;
	struct store_past *p = store_past(s, i);
	e->value *= f;
	p->inherited *= f;
	p->q *= square(f);
	e->gen = s->decay.gen;
	if (s->def->n_cell != 0)
		cells_scale(s, i, f);
}

void store_begin(struct store *s, uint64_t start, uint64_t end)
{
	const uint32_t gen = s->decay.gen;
	decay_tick(&s->decay, (double)(end - start) * 1e-9);
	const double f = decay_shift(&s->decay, gen);
	s->total *= f;
	s->inherited *= f;
	s->floor_tables *= f;
	s->floor_lost *= f;
	s->start = start;
	s->now = end;
	s->n_touched = 0;
	span_begin(&s->spans);
	s->tick_total = 0;
	s->tick_inherited = 0;
	cells_begin(s);
}

static inline void touch(struct store *s, struct store_entry *e, uint32_t i)
{
	if (e->n & STORE_LISTED)
		return;
	e->n = STORE_LISTED;
	s->touched[s->n_touched++] = i;
}

// --- chains -------------------------------------------------------------------------------------

static unsigned log2_floor(uint32_t x)
{
	return 31 - (unsigned)__builtin_clz(x);
}

// Classes from 32 on: sources with more than n entries.
static unsigned class_of(const struct store *s, uint32_t count)
{
	return count > s->def->n ? 32 + log2_floor(count - s->def->n) : log2_floor(count);
}

static void class_leave(struct store *s, uint32_t source, unsigned class)
{
	const struct store_chain *c = &s->chain[source];
	if (c->next != 0)
		s->chain[c->next].prev = c->prev;
	if (c->prev != 0)
		s->chain[c->prev].next = c->next;
	else
		s->class_first[class] = c->next;
	if (s->class_first[class] == 0)
		s->classes &= ~((uint64_t)1 << class);
}

static void class_enter(struct store *s, uint32_t source, unsigned class)
{
	struct store_chain *c = &s->chain[source];
	c->prev = 0;
	c->next = s->class_first[class];
	if (c->next != 0)
		s->chain[c->next].prev = source;
	s->class_first[class] = source;
	s->classes |= (uint64_t)1 << class;
}

static void chain_count(struct store *s, uint32_t source, uint32_t count)
{
	struct store_chain *c = &s->chain[source];
	const unsigned before = c->count != 0 ? class_of(s, c->count) : STORE_CLASSES;
	const unsigned after = count != 0 ? class_of(s, count) : STORE_CLASSES;
	s->n_sources += (c->count == 0) - (count == 0);
	c->count = count;
	if (before == after)
		return;
	if (before != STORE_CLASSES)
		class_leave(s, source, before);
	if (after != STORE_CLASSES)
		class_enter(s, source, after);
}

static void chain_add(struct store *s, uint32_t source, uint32_t i)
{
	struct store_chain *c = &s->chain[source];
	struct store_chunk *k = &s->chunk[c->head];
	if (c->head == 0 || k->n == CHUNK_LEN) {
		const uint32_t next = c->head;
		c->head = s->free_chunk;
		if (c->head != 0)
			s->free_chunk = s->chunk[c->head].next;
		else
			c->head = s->n_chunks++;
		k = &s->chunk[c->head];
		k->next = next;
		k->n = 0;
	}
	store_entry(s, i)->ref = c->head << 4 | k->n;
	k->entry[k->n++] = i;
	chain_count(s, source, c->count + 1);
}

// The last entry of the first chunk takes the vacated place, so that no other chunk has a gap.
static void chain_remove(struct store *s, uint32_t source, uint32_t i)
{
	struct store_chain *c = &s->chain[source];
	struct store_chunk *first = &s->chunk[c->head];
	const uint32_t ref = store_entry(s, i)->ref, moved = first->entry[--first->n];
	s->chunk[ref >> 4].entry[ref & 15] = moved;
	store_entry(s, moved)->ref = ref;
	store_entry(s, i)->ref = 0;
	if (first->n == 0) {
		const uint32_t empty = c->head;
		c->head = first->next;
		if (c->hand == empty) {
			c->hand = c->head;
			c->turn = 0;
		}
		first->next = s->free_chunk;
		s->free_chunk = empty;
	}
	chain_count(s, source, c->count - 1);
}

// --- entries ------------------------------------------------------------------------------------

static inline __attribute__((always_inline)) bool key_equal(const uint8_t *a, const uint8_t *b,
							    uint32_t words)
{
	uint64_t diff = 0;
	for (uint32_t k = 0; k < 8 * words; k += 8) {
		uint64_t x, y;
		memcpy(&x, a + k, 8);
		memcpy(&y, b + k, 8);
		diff |= x ^ y;
	}
	return diff == 0;
}

static uint32_t key_words(const struct store *s)
{
	return s->def->key_size / 8u;
}

uint32_t store_tag(const struct store *s, const void *key)
{
	return lookup_tag(hash_words(&s->config.secret, key, s->def->key_size / 8));
}

uint32_t store_find(const struct store *s, const void *key, uint32_t tag)
{
	for (uint32_t at = tag, i; (i = lookup_next(&s->lookup, tag, &at)) != 0;)
		if (key_equal(store_entry(s, i)->key, key, key_words(s)))
			return i;
	return 0;
}

static uint32_t key_source(const void *key)
{
	uint32_t source;
	memcpy(&source, key, sizeof(source));
	return source;
}

static uint32_t take_entry(struct store *s, const void *key, uint32_t tag)
{
	uint32_t i = s->free;
	if (i != 0)
		s->free = store_entry(s, i)->last;
	else
		i = s->n_slots++;
	struct store_entry *e = store_entry(s, i);
	// It may be in the tick's list already, from a former life.
	*e = (struct store_entry){.gen = s->decay.gen, .n = e->n & STORE_LISTED};
	memcpy(e->key, key, s->def->key_size);
	memset(store_past(s, i), 0, s->past_size);
	store_past(s, i)->first = s->start;
	lookup_insert(&s->lookup, tag, i);
	chain_add(s, key_source(key), i);
	s->used++;
	return i;
}

static void drop_entry(struct store *s, uint32_t i)
{
	struct store_entry *e = store_entry(s, i);
	cells_drop(s, i);
	if (s->spans.span != NULL)
		span_drop(&s->spans, i, e->key);
	top_remove(s, i);
	lookup_remove(&s->lookup, store_tag(s, e->key), i);
	chain_remove(s, store_source(s, i), i);
	e->last = s->free;
	s->free = i;
	s->used--;
}

// --- compaction ---------------------------------------------------------------------------------

// The stored value with what this tick adds to it.
static double expected(const struct store *s, uint32_t i)
{
	const struct store_entry *e = store_entry(s, i);
	return e->value * decay_shift(&s->decay, e->gen) + e->fresh * s->decay.add;
}

/// A place in a chain where compaction looks.
struct hand {
	uint32_t chunk, turn;
};

// Where the hand of a chain stands, or, if there is a single entry, the next place.
static struct hand hand_of(const struct store *s, const struct store_chain *c)
{
	const struct hand h = {.chunk = c->hand != 0 ? c->hand : c->head, .turn = c->turn};
	const struct store_chunk *k = &s->chunk[h.chunk];
	if (k->n > 1) // only the first chunk can have a single entry; then there is a second
		return h;
	return (struct hand){.chunk = k->next != 0 ? k->next : c->head};
}

// Up to NEIGHBOURS entries from the hand on, which moves on.
static unsigned neighbours(const struct store *s, struct hand *h, uint32_t *out)
{
	const struct store_chunk *k = &s->chunk[h->chunk];
	const unsigned n = k->n < NEIGHBOURS ? k->n : NEIGHBOURS;
	uint32_t at = h->turn < k->n ? h->turn : 0;
	for (unsigned i = 0; i < n; i++) {
		out[i] = k->entry[at];
		__builtin_prefetch(store_entry(s, out[i]));
		at = at + 1 < k->n ? at + 1 : 0;
	}
	h->turn += n;
	if (h->turn >= k->n)
		*h = (struct hand){.chunk = k->next}; // 0: from the head again
	return n;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// Which of at most eight values that are not negative: doubles order like integers then, and the
// lowest three bits of each can say whose it is. Without branches, as these would be lots too.
static void smallest_two(const struct store *s, const uint32_t *near, unsigned n, uint32_t pair[2])
{
	uint64_t least = UINT64_MAX, second = UINT64_MAX;
	for (unsigned i = 0; i < n; i++) {
		const double v = expected(s, near[i]);
		uint64_t key;
		memcpy(&key, &v, sizeof(key));
		key = (key & ~(uint64_t)7) | i;
		second = min_u64(second, least > key ? least : key);
		least = min_u64(least, key);
	}
	pair[0] = near[least & 7];
	pair[1] = near[second & 7];
}

// Two entries of a chain that has two at least.
static void choose_pair(struct store *s, struct store_chain *c, uint32_t pair[2])
{
	uint32_t near[NEIGHBOURS];
	struct hand hand = hand_of(s, c);
	const unsigned n = neighbours(s, &hand, near);
	c->hand = hand.chunk;
	c->turn = hand.turn;
	smallest_two(s, near, n, pair);
}

static uint64_t latest(const struct store *s, const struct store_entry *e)
{
	return s->start + e->last * NS_PER_MS;
}

// Smooth what the tick added.
static void absorb(struct store *s, struct store_entry *e, struct store_past *p, uint32_t i)
{
	refresh(s, e, i);
	if (s->spans.span != NULL && (e->n & STORE_LISTED))
		span_add(&s->spans, i, e->key, max_of(0, e->fresh - p->fresh_inherited),
			 e->n == STORE_LISTED + 1 ? latest(s, e) : s->start, latest(s, e));
	e->value += e->fresh * s->decay.add;
	p->inherited += p->fresh_inherited * s->decay.add;
	p->q += e->fresh_q * square(s->decay.add);
	e->fresh = e->fresh_q = p->fresh_inherited = 0; // compaction may come before store_settle()
}

// Take the loser out; returns its value.
static double remove_loser(struct store *s, uint32_t loser)
{
	struct store_entry *e = store_entry(s, loser);
	struct store_past *p = store_past(s, loser);
	absorb(s, e, p, loser);
	const double value = e->value;
	s->inherited += max_of(0, value - p->inherited);
	s->floor_lost = max_of(s->floor_lost, value);
	s->evicted++;
	drop_entry(s, loser);
	return value;
}

static void merge_pair(struct store *s, uint32_t a, uint32_t b)
{
	const double va = expected(s, a), vb = expected(s, b);
	const bool keep_a = rng_double(&s->rng) * (va + vb) < va;
	const uint32_t winner = keep_a ? a : b;
	const double lost = remove_loser(s, keep_a ? b : a);
	struct store_entry *e = store_entry(s, winner);
	struct store_past *p = store_past(s, winner);
	absorb(s, e, p, winner);
	// The lot adds ab to the variance of either label; divided by its chance, as what survives
	// speaks for what does not, the expectation of q stays the variance of the estimate.
	if (e->value > 0)
		p->q = (p->q + va * vb) * (va + vb) / e->value;
	e->value += lost;
	p->inherited += lost;
	top_update(s, winner);
}

// The source that pays for an entry of @p newcomer.
static uint32_t payer(const struct store *s, uint32_t newcomer)
{
	const unsigned class = 63 - (unsigned)__builtin_clzll(s->classes);
	const uint32_t count = s->chain[newcomer].count;
	return count > 0 && class_of(s, count) == class ? newcomer : s->class_first[class];
}

// Make two entries one, after an entry of @p newcomer was added.
static void compact(struct store *s, uint32_t newcomer)
{
	struct store_chain *c = &s->chain[payer(s, newcomer)];
	uint32_t pair[2];
	if (c->count > 1) {
		choose_pair(s, c, pair);
	} else { // every source has a single entry
		const uint32_t other = c->next != 0 ? c->next : c->prev;
		pair[0] = s->chunk[c->head].entry[0];
		pair[1] = s->chunk[s->chain[other].head].entry[0];
	}
	merge_pair(s, pair[0], pair[1]);
}

// --- the tick -----------------------------------------------------------------------------------

static inline __attribute__((always_inline)) void add_one(struct store *s,
							  const struct store_add *a, uint32_t tag,
							  uint32_t probable, uint32_t words)
{
	uint32_t i = probable;
	struct store_entry *e = store_entry(s, i);
	if (__builtin_expect(i == 0 || e->ref == 0 || !key_equal(e->key, a->key, words), 0)) {
		i = store_find(s, a->key, tag);
		if (i == 0)
			i = take_entry(s, a->key, tag);
		e = store_entry(s, i);
	}
	touch(s, e, i);
	e->fresh += a->value;
	e->fresh_q += a->q;
	e->n += a->n;
	e->last = a->last > e->last ? a->last : e->last;
	if (a->inherited != 0)
		store_past(s, i)->fresh_inherited += a->inherited;
	if (s->def->n_cell != 0) {
		refresh(s, e, i);
		cells_merge(s, i, a);
	}
	if (__builtin_expect(s->used > s->config.entries, 0))
		compact(s, key_source(a->key));
}

// The entry that a key probably has, the first with its tag; its line is asked for. 0: none has it.
static inline __attribute__((always_inline)) uint32_t prefetch_entry(const struct store *s,
								     uint32_t tag, uint32_t size)
{
	uint32_t at = tag;
	const uint32_t i = lookup_next(&s->lookup, tag, &at);
	const uint8_t *p = s->entry + (size_t)i * size;
	for (uint32_t line = 0; line < size; line += 64)
		__builtin_prefetch(p + line, 1);
	return i;
}

// Newcomers of a batch to a full pool: each will have two entries merged. Ask for those that will
// be compared, as the hand will go round the payer's chain; then for what taking one of them out
// touches. What earlier newcomers of the batch change beyond that is not foreseen.
struct foresight {
	uint32_t n;
	uint32_t source; // who paid for the latest
	struct hand hand;
	unsigned len[STORE_BATCH];
	uint32_t near[STORE_BATCH][NEIGHBOURS];
};

static void foresee(const struct store *s, struct foresight *f, const void *key)
{
	const uint32_t source = payer(s, key_source(key));
	if (f->n == 0 || source != f->source || f->hand.chunk == 0)
		f->hand = hand_of(s, &s->chain[source]);
	f->source = source;
	f->len[f->n] = neighbours(s, &f->hand, f->near[f->n]);
	f->n++;
}

static void prefetch_pair(const struct store *s, const struct foresight *f, uint32_t i)
{
	uint32_t pair[2];
	if (f->len[i] < 2)
		return;
	smallest_two(s, f->near[i], f->len[i], pair);
	for (unsigned k = 0; k < 2; k++) {
		__builtin_prefetch(store_past(s, pair[k]), 1);
		lookup_prefetch(&s->lookup, store_tag(s, store_entry(s, pair[k])->key));
	}
}

static inline __attribute__((always_inline)) void add_batch(struct store *s,
							    const struct store_add *a, uint32_t n,
							    uint32_t words)
{
	uint32_t tag[STORE_BATCH], probable[STORE_BATCH];
	struct foresight newcomers;
	newcomers.n = 0;
	for (uint32_t i = 0; i < n; i++) {
		tag[i] = lookup_tag(hash_words(&s->config.secret, a[i].key, words));
		lookup_prefetch(&s->lookup, tag[i]);
	}
	const uint32_t size = words <= 3 ? 64 : s->entry_size;
	const bool is_full = s->used > 0 && s->used + n > s->config.entries;
	for (uint32_t i = 0; i < n; i++) {
		probable[i] = prefetch_entry(s, tag[i], size);
		if (__builtin_expect(probable[i] != 0 || !is_full, 1))
			continue;
		foresee(s, &newcomers, a[i].key);
	}
	for (uint32_t i = 0; i < newcomers.n; i++)
		prefetch_pair(s, &newcomers, i);
	for (uint32_t i = 0; i < n; i++) {
		s->tick_total += a[i].value;
		s->tick_inherited += a[i].inherited;
		add_one(s, &a[i], tag[i], probable[i], words);
	}
}

// Keys of the commonest lengths get code of their own.
static void add_some(struct store *s, const struct store_add *a, uint32_t n)
{
	switch (key_words(s)) {
	case 1: add_batch(s, a, n, 1); break;
	case 2: add_batch(s, a, n, 2); break;
	case 3: add_batch(s, a, n, 3); break;
	default: add_batch(s, a, n, key_words(s));
	}
}

void store_add(struct store *s, const struct store_add *a, uint32_t n)
{
	for (uint32_t len; n > 0; a += len, n -= len) {
		len = n < STORE_BATCH ? n : STORE_BATCH;
		add_some(s, a, len);
	}
}

void store_floor(struct store *s, double value)
{
	s->floor_tables += value * s->decay.add;
}

static void prefetch_settle(const struct store *s, uint32_t i)
{
	if (i >= s->n_touched)
		return;
	__builtin_prefetch(store_entry(s, s->touched[i]), 1);
	__builtin_prefetch(store_past(s, s->touched[i]), 1);
}

uint32_t store_settle(struct store *s, uint32_t i)
{
	prefetch_settle(s, i + 8);
	const uint32_t entry = s->touched[i];
	struct store_entry *e = store_entry(s, entry);
	struct store_past *p = store_past(s, entry);
	if (__builtin_expect(e->ref == 0, 0)) {
		e->n = 0;
		return 0;
	}
	absorb(s, e, p, entry);
	const uint64_t last = latest(s, e);
	p->n += e->n & ~STORE_LISTED;
	p->last = last > p->last ? last : p->last;
	e->n = 0;
	e->last = 0;
	if (s->figure != NULL)
		cells_settle(s, entry);
	else
		top_update(s, entry);
	return entry;
}

// An entry without samples for so long holds less than 1e-13 of what it had.
static uint64_t idle_limit(const struct store *s)
{
	const uint64_t faded = (uint64_t)(30e9 * s->def->t);
	return faded > s->config.retention ? faded : s->config.retention;
}

bool store_visible(const struct store *s, uint32_t i)
{
	const uint64_t last = store_past(s, i)->last;
	return last >= s->now || s->now - last <= idle_limit(s);
}

// Look at all of the top list, lest it be a list of the dead, and at a part of the entries, so that
// all are seen within 128 ticks.
static void expire(struct store *s)
{
	for (uint32_t rank = 0; rank < s->n_top;) {
		if (store_visible(s, s->top[rank]))
			rank++;
		else
			drop_entry(s, s->top[rank]); // another takes its place
	}
	for (uint32_t n = s->n_slots / 128 + 1; n > 0; n--, s->sweep++) {
		if (s->sweep >= s->n_slots)
			s->sweep = 1;
		if (s->sweep < s->n_slots && store_entry(s, s->sweep)->ref != 0 &&
		    !store_visible(s, s->sweep))
			drop_entry(s, s->sweep);
	}
}

static const uint8_t *key_of(const void *store, uint32_t i)
{
	return store_entry(store, i)->key;
}

void store_end(struct store *s)
{
	s->total += s->tick_total * s->decay.add;
	s->inherited += s->tick_inherited * s->decay.add;
	if (s->spans.span != NULL)
		span_tick(&s->spans, s->now, key_of, s);
	expire(s);
	if (s->figure != NULL)
		cells_walk(s);
	else
		top_walk(s);
	s->n_touched = 0;
}

void store_end_spans(struct store *s)
{
	if (s->spans.span == NULL)
		return;
	span_begin(&s->spans);
	span_end(&s->spans, key_of, s);
}

// --- reading ------------------------------------------------------------------------------------

struct store_rate store_rate(const struct store *s, uint32_t i)
{
	const struct store_entry *e = store_entry(s, i);
	const double f = decay_shift(&s->decay, e->gen) * s->decay.scale;
	const struct store_past *p = store_past(s, i);
	const double n_effective = p->q > 0 ? square(e->value) / p->q : 0;
	if (s->figure != NULL)
		return (struct store_rate){.value = cells_figure(s, i), .n_effective = n_effective};
	return (struct store_rate){.value = e->value * f,
				   .q = p->q * f * f,
				   .inherited = p->inherited * f,
				   .n_effective = n_effective};
}

double store_own(const struct store *s, uint32_t i)
{
	const struct store_entry *e = store_entry(s, i);
	if (s->figure != NULL) // cells are the key's own
		return cells_figure(s, i);
	return max_of(0, e->value - store_past(s, i)->inherited) * decay_shift(&s->decay, e->gen) *
	       s->decay.scale;
}

uint32_t store_largest(const struct store *s, uint32_t source)
{
	uint32_t best = 0;
	for (uint32_t c = s->chain[source].head; c != 0; c = s->chunk[c].next)
		for (uint32_t i = 0; i < s->chunk[c].n; i++)
			if (best == 0 || store_before(s, s->chunk[c].entry[i], best))
				best = s->chunk[c].entry[i];
	return best;
}

uint32_t store_kept(const struct store *s)
{
	const uint64_t asked = (uint64_t)s->def->n * s->n_sources;
	if (asked <= s->config.entries)
		return s->def->n;
	// Who pays is chosen by the logarithm: no source has less than half of another.
	const uint32_t share = s->config.entries / s->n_sources / 2;
	return share > 1 ? share : 1;
}
