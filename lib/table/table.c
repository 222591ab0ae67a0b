// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "table/table.h"

#include <math.h>
#include <string.h>
#if defined(__SSE2__) && !defined(TABLE_SCALAR)
#include <emmintrin.h>
#endif

_Static_assert(sizeof(struct table_head) == 64, "a bucket head is one cache line");
_Static_assert(sizeof(struct table_entry) == 32, "32 bytes of key share the entry's first line");

#define GATHER_AHEAD 16 // buckets whose heads are asked for before they are read

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint32_t buckets_for(uint32_t entries)
{
	uint32_t n = 1;
	while ((uint64_t)n * TABLE_WAYS < entries)
		n *= 2;
	return n;
}

static size_t entry_size(const struct table_shape *shape)
{
	return round_up(sizeof(struct table_entry) + shape->key_size + shape->cells_size, 64);
}

static size_t bucket_size(const struct table_shape *shape)
{
	return sizeof(struct table_head) + TABLE_WAYS * entry_size(shape);
}

size_t table_size(const struct table_shape *shape)
{
	const size_t buckets = buckets_for(shape->entries);
	return buckets * bucket_size(shape) + round_up(buckets * sizeof(uint32_t), 64);
}

void table_init(struct table *t, void *mem, const struct table_shape *shape, uint64_t seed)
{
	const uint32_t buckets = buckets_for(shape->entries);
	*t = (struct table){
		.mask = buckets - 1,
		.epoch = 1, // zeroed heads have epoch 0: empty
		.key_words = shape->key_size / 8,
		.entry_size = (uint32_t)entry_size(shape),
		.cells_offset = (uint32_t)(sizeof(struct table_entry) + shape->key_size),
		.cells_size = shape->cells_size,
		.bucket = mem,
		.bucket_size = (uint32_t)bucket_size(shape),
		.rng = rng_seeded(seed),
	};
	t->touched = (uint32_t *)(void *)(t->bucket + (size_t)buckets * t->bucket_size);
}

void table_clear(struct table *t)
{
	t->epoch++;
	if (t->epoch == 0) { // 2^32 intervals later: epochs would repeat
		for (uint32_t i = 0; i <= t->mask; i++)
			table_head_at(t, i)->epoch = 0;
		t->epoch = 1;
	}
	t->n_touched = 0;
	t->used = 0;
	t->added = 0;
	t->relabelled = 0;
	t->total = 0;
	t->floor = 0;
}

// Bit i of the result: way i has this tag.
static inline unsigned match_tag(const struct table_head *h, uint16_t tag)
{
#if defined(__SSE2__) && !defined(TABLE_SCALAR)
	const __m128i tags = _mm_load_si128((const __m128i *)(const void *)h->tag);
	const __m128i eq = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));
	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(eq, _mm_setzero_si128()));
#else
	unsigned m = 0;
	for (unsigned i = 0; i < TABLE_WAYS; i++)
		m |= (unsigned)(h->tag[i] == tag) << i;
	return m;
#endif
}

// Free ways are taken in order, and none becomes free again before all do.
static inline bool is_full(const struct table_head *h)
{
	return h->tag[TABLE_WAYS - 1] != 0;
}

// The way with the smallest hint, the first of equals.
static inline unsigned smallest_way(const struct table_head *h)
{
#if defined(__SSE2__) && !defined(TABLE_SCALAR)
	const __m128 lo = _mm_load_ps(h->hint), hi = _mm_load_ps(h->hint + 4);
	__m128 m = _mm_min_ps(lo, hi);
	m = _mm_min_ps(m, _mm_shuffle_ps(m, m, _MM_SHUFFLE(1, 0, 3, 2)));
	m = _mm_min_ps(m, _mm_shuffle_ps(m, m, _MM_SHUFFLE(2, 3, 0, 1)));
	const unsigned mask = (unsigned)_mm_movemask_ps(_mm_cmpeq_ps(lo, m)) |
			      (unsigned)_mm_movemask_ps(_mm_cmpeq_ps(hi, m)) << 4;
	return (unsigned)__builtin_ctz(mask);
#else
	unsigned way = 0;
	for (unsigned i = 1; i < TABLE_WAYS; i++)
		if (h->hint[i] < h->hint[way])
			way = i;
	return way;
#endif
}

static inline uint64_t word_at(const void *p, uint32_t i)
{
	uint64_t w;
	memcpy(&w, (const uint8_t *)p + 8 * i, 8);
	return w;
}

// Three words are what an IPv4 5-tuple takes: no loop for the commonest key.
static inline bool key_equal(const void *a, const void *b, uint32_t words)
{
	if (words == 3)
		return ((word_at(a, 0) ^ word_at(b, 0)) | (word_at(a, 1) ^ word_at(b, 1)) |
			(word_at(a, 2) ^ word_at(b, 2))) == 0;
	uint64_t diff = 0;
	for (uint32_t i = 0; i < words; i++)
		diff |= word_at(a, i) ^ word_at(b, i);
	return diff == 0;
}

static inline void key_copy(void *to, const void *from, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		memcpy((uint8_t *)to + 8 * i, (const uint8_t *)from + 8 * i, 8);
}

static void open_bucket(struct table *t, struct table_head *h, uint32_t bucket)
{
	h->epoch = t->epoch;
	for (unsigned i = 0; i < TABLE_WAYS; i++) {
		h->tag[i] = 0;
		h->hint[i] = INFINITY;
	}
	t->touched[t->n_touched++] = bucket;
}

// Give the entry to the key of @p a; @p inherited of the value came from others.
static void label(struct table *t, struct table_head *h, unsigned way, struct table_entry *e,
		  const struct table_add *a, double inherited)
{
	h->tag[way] = table_tag(a->hash);
	key_copy(e->key, a->key, t->key_words);
	e->inherited = inherited + a->inherited;
	e->n = a->n;
	e->last = a->last;
	if (t->cells_size != 0)
		memset(table_cells(t, e), 0, t->cells_size);
}

static struct table_entry *insert(struct table *t, struct table_head *h, unsigned way,
				  struct table_entry *e, const struct table_add *a)
{
	e->value = a->value;
	e->q = a->q;
	h->hint[way] = (float)a->value;
	label(t, h, way, e, a, 0);
	t->used++;
	return e;
}

// The bucket is full: the smallest entry takes the weight @p w, and by lot the new key takes the
// entry, whose value was @p m. True: it does, and is to be entered.
static inline bool replace(struct table *t, struct table_head *h, unsigned way,
			   struct table_entry *e, double m, double w, double w_q)
{
	const double sum = m + w;
	const bool is_new = rng_double(&t->rng) * sum < w;
	const double own = is_new ? w : m, q = is_new ? w_q : e->q;
	e->value = sum;
	// See table.h; own is 0 only when the sum is.
	e->q = own > 0 ? (q + m * w) * sum / own : q;
	h->hint[way] = (float)sum;
	t->floor = sum > t->floor ? sum : t->floor;
	if (!is_new)
		e->inherited += w;
	t->relabelled += is_new;
	return is_new;
}

// Add what is counted already.
static struct table_entry *add(struct table *t, const struct table_add *a)
{
	const uint32_t bucket = table_bucket(t, a->hash);
	struct table_head *h = table_head_at(t, bucket);
	if (h->epoch != t->epoch)
		open_bucket(t, h, bucket);
	for (unsigned m = match_tag(h, table_tag(a->hash)); m != 0; m &= m - 1) {
		const unsigned way = (unsigned)__builtin_ctz(m);
		struct table_entry *e = table_entry_at(t, bucket, way);
		if (!key_equal(e->key, a->key, t->key_words))
			continue;
		e->value += a->value;
		e->q += a->q;
		e->inherited += a->inherited;
		e->n += a->n;
		e->last = a->last > e->last ? a->last : e->last;
		h->hint[way] = (float)e->value;
		return e;
	}
	const bool full = is_full(h);
	const unsigned way = full ? smallest_way(h) : (unsigned)__builtin_ctz(match_tag(h, 0));
	struct table_entry *e = table_entry_at(t, bucket, way);
	if (!full)
		return insert(t, h, way, e, a);
	const double m = e->value;
	if (!replace(t, h, way, e, m, a->value, a->q))
		return NULL;
	label(t, h, way, e, a, m);
	return e;
}

struct table_entry *table_add(struct table *t, const struct table_add *a)
{
	t->total += a->value;
	t->added++;
	return add(t, a);
}

// Hashing waits until the batch is full: a key that was just put together from pieces is still in
// the store buffer, and reading it by words would wait for it to drain.
static inline __attribute__((always_inline)) void hash_keys(const struct table *t,
							    struct table_batch *batch,
							    const struct hash_secret *secret,
							    uint32_t words)
{
	const uint8_t *key = batch->key;
	for (uint32_t k = 0; k < batch->n; k++, key += batch->stride) {
		const uint64_t hash = hash_words(secret, key, words);
		batch->hash[k] = hash;
		__builtin_prefetch(table_head_at(t, table_bucket(t, hash)), 1, 3);
	}
}

// Keys of the commonest lengths get code of their own, here and in table_batch_add().
void table_batch_hash(const struct table *t, struct table_batch *batch,
		      const struct hash_secret *secret)
{
	switch (t->key_words) {
	case 1: hash_keys(t, batch, secret, 1); break;
	case 2: hash_keys(t, batch, secret, 2); break;
	case 3: hash_keys(t, batch, secret, 3); break;
	case 4: hash_keys(t, batch, secret, 4); break;
	case 5: hash_keys(t, batch, secret, 5); break;
	case 6: hash_keys(t, batch, secret, 6); break;
	default: hash_keys(t, batch, secret, t->key_words);
	}
}

// As table_entry_at(), for who has the head of the bucket and the size of an entry.
static inline struct table_entry *entry_of(struct table_head *h, uint32_t way, size_t size)
{
	return (struct table_entry *)(void *)((uint8_t *)(h + 1) + way * size);
}

// When the heads have arrived: where each key has its entry, or will get it, be it a free one or
// the smallest.
void table_batch_find(const struct table *t, struct table_batch *batch)
{
	uint8_t *const buckets = t->bucket; // the compiler cannot know that they stay what they are
	const size_t bucket_size = t->bucket_size, size = t->entry_size;
	const uint32_t mask = t->mask, epoch = t->epoch, n = batch->n;
	for (uint32_t k = 0; k < n; k++) {
		struct table_place *place = &batch->place[k];
		const uint64_t hash = batch->hash[k];
		uint8_t *at = buckets + ((uint32_t)hash & mask) * bucket_size;
		struct table_head *h = (struct table_head *)(void *)at;
		const uint16_t tag = table_tag(hash);
		unsigned way = 0;
		if (__builtin_expect(h->epoch == epoch, 1)) {
			const unsigned m = match_tag(h, tag);
			if (m == 0 && is_full(h))
				way = smallest_way(h);
			else
				way = (unsigned)__builtin_ctz(m != 0 ? m : match_tag(h, 0));
		}
		struct table_entry *entry = entry_of(h, way, size);
		__builtin_prefetch(entry, 1, 3);
		if (size > 64)
			__builtin_prefetch((const uint8_t *)entry + 64, 1, 3);
		place->head = h;
		place->entry = entry;
		place->way = way;
		place->tag = tag;
	}
}

static __attribute__((noinline)) struct table_entry *add_slowly(struct table *t,
								const struct table_batch *batch,
								uint32_t k, const uint8_t *key)
{
	const double value = batch->value[k];
	const struct table_add a = {
		.key = key,
		.hash = batch->hash[k],
		.value = value,
		.q = value * value,
		.n = 1,
		.last = batch->last[k],
	};
	return add(t, &a);
}

// Give an entry to a key of one sample, the @p k-th; @p inherited of the value came from others.
static inline __attribute__((always_inline)) void enter(struct table *t,
							const struct table_batch *batch, uint32_t k,
							unsigned way, struct table_entry *e,
							const uint8_t *key, uint32_t words,
							double inherited)
{
	batch->place[k].head->tag[way] = batch->place[k].tag;
	e->inherited = inherited;
	e->n = 1;
	e->last = batch->last[k];
	key_copy(e->key, key, words);
	if (__builtin_expect(t->cells_size != 0, 0))
		memset(table_cells(t, e), 0, t->cells_size);
}

// The bucket of the @p k-th key is full, and has no entry with its tag.
static inline __attribute__((always_inline)) struct table_entry *replace_smallest(
	struct table *t, const struct table_batch *batch, uint32_t k, const uint8_t *key,
	uint32_t words, size_t size)
{
	struct table_head *h = batch->place[k].head;
	const double value = batch->value[k];
	const unsigned way = smallest_way(h); // may have changed
	struct table_entry *e = entry_of(h, way, size);
	const double m = e->value;
	if (!replace(t, h, way, e, m, value, value * value))
		return NULL;
	enter(t, batch, k, way, e, key, words, m);
	return e;
}

// Add at the place that was found, if it still is the key's.
static inline __attribute__((always_inline)) struct table_entry *add_at(
	struct table *t, const struct table_batch *batch, uint32_t k, const uint8_t *key,
	uint32_t words, size_t size)
{
	const struct table_place *place = &batch->place[k];
	struct table_head *h = place->head;
	struct table_entry *e = place->entry;
	const double value = batch->value[k];
	if (__builtin_expect(h->epoch != t->epoch, 0))
		open_bucket(t, h, table_bucket(t, batch->hash[k]));
	if (h->tag[place->way] == place->tag && key_equal(e->key, key, words)) {
		e->value += value;
		e->q += value * value;
		e->n++;
		e->last = batch->last[k] > e->last ? batch->last[k] : e->last;
	} else if (h->tag[place->way] == 0) {
		// No way had the tag then, and none was taken since.
		e->value = value;
		e->q = value * value;
		enter(t, batch, k, place->way, e, key, words, 0);
		t->used++;
	} else if (is_full(h) && match_tag(h, place->tag) == 0) {
		return replace_smallest(t, batch, k, key, words, size);
	} else {
		return add_slowly(t, batch, k, key);
	}
	h->hint[place->way] = (float)e->value;
	return e;
}

static inline __attribute__((always_inline)) void add_keys(struct table *t,
							   const struct table_batch *batch,
							   uint32_t words, table_added_fn *added,
							   void *ctx)
{
	const uint8_t *key = batch->key;
	const uint32_t n = batch->n, stride = batch->stride;
	const size_t size = t->entry_size;
	double total = t->total;
	for (uint32_t k = 0; k < n; k++, key += stride) {
		struct table_entry *e = add_at(t, batch, k, key, words, size);
		total += batch->value[k];
		if (added != NULL && e != NULL)
			added(ctx, k, e);
	}
	t->total = total;
	t->added += n;
}

void table_batch_add(struct table *t, const struct table_batch *batch, table_added_fn *added,
		     void *ctx)
{
	switch (added == NULL ? t->key_words : 0) {
	case 1: add_keys(t, batch, 1, NULL, NULL); break;
	case 2: add_keys(t, batch, 2, NULL, NULL); break;
	case 3: add_keys(t, batch, 3, NULL, NULL); break;
	case 4: add_keys(t, batch, 4, NULL, NULL); break;
	default: add_keys(t, batch, t->key_words, added, ctx);
	}
}

void table_add_batch(struct table *t, struct table_batch *batch, const struct hash_secret *secret,
		     table_added_fn *added, void *ctx)
{
	table_batch_hash(t, batch, secret);
	table_batch_find(t, batch);
	table_batch_add(t, batch, added, ctx);
}

const struct table_entry *table_find(const struct table *t, const void *key, uint64_t hash)
{
	const uint32_t bucket = table_bucket(t, hash);
	const struct table_head *h = table_head_at(t, bucket);
	if (h->epoch != t->epoch)
		return NULL;
	for (unsigned m = match_tag(h, table_tag(hash)); m != 0; m &= m - 1) {
		const struct table_entry *e = table_entry_at(t, bucket, (unsigned)__builtin_ctz(m));
		if (key_equal(e->key, key, t->key_words))
			return e;
	}
	return NULL;
}

const struct table_entry *table_next(const struct table *t, struct table_iter *i)
{
	for (; i->bucket < t->n_touched; i->bucket++, i->way = 0) {
		const uint32_t bucket = t->touched[i->bucket];
		while (i->way < TABLE_WAYS) {
			const uint32_t way = i->way++;
			if (table_head_at(t, bucket)->tag[way] != 0)
				return table_entry_at(t, bucket, way);
		}
	}
	return NULL;
}

uint32_t table_gather(const struct table *t, struct table_iter *it, const struct table_entry **out,
		      uint32_t max)
{
	uint32_t n = 0;
	for (; it->bucket < t->n_touched && n + TABLE_WAYS <= max; it->bucket++) {
		if (it->bucket + GATHER_AHEAD < t->n_touched)
			__builtin_prefetch(table_head_at(t, t->touched[it->bucket + GATHER_AHEAD]));
		const uint32_t bucket = t->touched[it->bucket];
		unsigned used = ~match_tag(table_head_at(t, bucket), 0) & 0xff;
		for (; used != 0; used &= used - 1) {
			const uint8_t *e = (const uint8_t *)table_entry_at(
				t, bucket, (unsigned)__builtin_ctz(used));
			for (uint32_t line = 0; line < t->entry_size; line += 64)
				__builtin_prefetch(e + line);
			out[n++] = (const struct table_entry *)(const void *)e;
		}
	}
	return n;
}

void table_merge(struct table *t, const struct table *from, const struct hash_secret *secret)
{
	struct table_iter i = {0};
	for (const struct table_entry *e; (e = table_next(from, &i)) != NULL;) {
		const struct table_add a = {
			.key = e->key,
			.hash = table_hash(secret, e->key, from->key_words * 8),
			.value = e->value,
			.q = e->q,
			.inherited = e->inherited,
			.n = e->n,
			.last = e->last,
		};
		table_add(t, &a);
	}
	t->floor += from->floor;
}

void table_scale(struct table *t, double s)
{
	for (uint32_t i = 0; i < t->n_touched; i++) {
		struct table_head *h = table_head_at(t, t->touched[i]);
		for (unsigned way = 0; way < TABLE_WAYS; way++) {
			struct table_entry *e = table_entry_at(t, t->touched[i], way);
			if (h->tag[way] == 0)
				continue;
			e->value *= s;
			e->inherited *= s;
			e->q *= s * s;
			h->hint[way] = (float)e->value;
		}
	}
	t->total *= s;
	t->floor *= s;
}

// out[0..n) is a heap with the smallest value on top.
static void sift_down(const struct table_entry **out, size_t n, size_t i)
{
	for (;;) {
		size_t least = 2 * i + 1;
		if (least >= n)
			return;
		if (least + 1 < n && out[least + 1]->value < out[least]->value)
			least++;
		if (out[i]->value <= out[least]->value)
			return;
		const struct table_entry *e = out[i];
		out[i] = out[least];
		out[least] = e;
		i = least;
	}
}

size_t table_top(const struct table *t, const struct table_entry **out, size_t n)
{
	size_t len = 0;
	struct table_iter it = {0};
	for (const struct table_entry *e; n > 0 && (e = table_next(t, &it)) != NULL;) {
		if (len < n) {
			out[len++] = e;
			if (len == n)
				for (size_t i = n / 2; i-- > 0;)
					sift_down(out, n, i);
		} else if (e->value > out[0]->value) {
			out[0] = e;
			sift_down(out, n, 0);
		}
	}
	for (size_t i = len / 2; len < n && i-- > 0;)
		sift_down(out, len, i);
	for (size_t end = len; end > 1; end--) { // heap sort: the smallest goes last
		const struct table_entry *e = out[0];
		out[0] = out[end - 1];
		out[end - 1] = e;
		sift_down(out, end - 1, 0);
	}
	return len;
}
