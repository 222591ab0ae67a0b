// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "floor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#include "bench.h"

// Samples between the prefetch of a slot and its use: enough misses in flight to fill the line
// fill buffers of the core, few enough to stay in L1.
#define DISTANCE   32
#define MAX_BURST  256 // flow samples of one datagram that are looked at
#define CACHE_LINE 64

struct key {
	uint64_t addresses; // as they lie in the header
	uint64_t rest;      // ports and protocol
};

struct sample {
	struct key key;
	uint32_t bytes; // frame length times sampling rate
	uint32_t slot;
};

struct slot {
	struct key key; // rest = 0: empty
	uint64_t bytes;
	uint64_t frames;
};
_Static_assert(sizeof(struct slot) == 32, "two slots to a cache line");

// A queue of parsed samples whose slots are on their way from memory.
struct pipe {
	struct sample samples[DISTANCE + MAX_BURST];
	size_t n;
};

struct floor {
	struct slot *slots;
	uint64_t mask;
	size_t mapped;
	size_t n_keys;
	enum load_pages pages;
	struct pipe pipe;
};

// What the passes computed; printing nothing, it keeps the compiler from dropping the work.
static volatile uint64_t sink;

static inline uint32_t be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint32_t hash(struct key k)
{
#if defined(__SSE4_2__)
	return (uint32_t)_mm_crc32_u64(_mm_crc32_u64(0, k.addresses), k.rest);
#elif defined(__ARM_FEATURE_CRC32)
	return __crc32cd(__crc32cd(0, k.addresses), k.rest);
#else
	const unsigned __int128 p =
		(unsigned __int128)(k.addresses ^ 0x9e3779b97f4a7c15u) * (k.rest | 1u << 31);
	return (uint32_t)(p ^ p >> 64);
#endif
}

// Ethernet with at most one VLAN tag, IPv4, TCP or UDP; anything else is no sample.
static inline bool parse_header(const uint8_t *h, uint32_t len, struct key *key)
{
	if (len < 42)
		return false;
	const uint8_t *ip = h + 14;
	if (h[12] == 0x81 && h[13] == 0x00)
		ip += 4;
	if (ip[-2] != 0x08 || ip[-1] != 0x00)
		return false;
	const uint8_t *l4 = ip + (ip[0] & 15) * 4;
	if (l4 + 4 > h + len || (ip[9] != 6 && ip[9] != 17))
		return false;
	uint32_t ports;
	memcpy(&key->addresses, ip + 12, 8);
	memcpy(&ports, l4, 4);
	key->rest = (uint64_t)ip[9] << 32 | ports;
	return true;
}

// The raw header among the records of a flow sample.
static inline bool parse_flow_sample(const uint8_t *p, const uint8_t *end, struct sample *s)
{
	if (p + 32 > end)
		return false;
	const uint32_t rate = be32(p + 8);
	for (p += 32; p + 8 <= end;) {
		const uint32_t tag = be32(p), len = be32(p + 4);
		if (len > (size_t)(end - p - 8))
			return false;
		if (tag == 1 && len >= 16) {
			const uint32_t header_len = be32(p + 20);
			s->bytes = be32(p + 12) * rate;
			return be32(p + 8) == 1 && header_len <= len - 16 &&
			       parse_header(p + 24, header_len, &s->key);
		}
		p += 8 + (((size_t)len + 3) & ~(size_t)3);
	}
	return false;
}

// Write the flow samples of a datagram to @p out; returns how many.
static inline size_t parse_datagram(const uint8_t *p, size_t size, struct sample *out)
{
	const uint8_t *end = p + size;
	if (size < 28 || be32(p) != 5 || be32(p + 4) != 1)
		return 0;
	size_t n = 0;
	for (p += 28; p + 8 <= end && n < MAX_BURST;) {
		const uint32_t tag = be32(p), len = be32(p + 4);
		if (len > (size_t)(end - p - 8))
			break;
		if (tag == 1 && parse_flow_sample(p + 8, p + 8 + len, &out[n]))
			n++;
		p += 8 + (((size_t)len + 3) & ~(size_t)3);
	}
	return n;
}

static inline void prefetch_datagram(const struct load *l, size_t i, size_t end)
{
	if (i >= end)
		return;
	const struct load_datagram *d = &l->datagrams[i];
	for (uint32_t off = 0; off < d->len; off += CACHE_LINE)
		__builtin_prefetch(d->data + off);
}

static inline void update(struct floor *f, const struct sample *s)
{
	uint64_t i = s->slot;
	struct slot *slot = &f->slots[i];
	while (slot->key.addresses != s->key.addresses || slot->key.rest != s->key.rest) {
		if (slot->key.rest == 0) {
			if (++f->n_keys > f->mask - f->mask / 8) {
				fprintf(stderr, "floor: more keys than the table holds\n");
				exit(1);
			}
			slot->key = s->key;
			break;
		}
		i = (i + 1) & f->mask;
		slot = &f->slots[i];
	}
	slot->bytes += s->bytes;
	slot->frames++;
}

static inline void pipe_drain(struct floor *f, size_t keep)
{
	struct pipe *pipe = &f->pipe;
	const size_t n = pipe->n > keep ? pipe->n - keep : 0;
	for (size_t i = 0; i < n; i++)
		update(f, &pipe->samples[i]);
	pipe->n -= n;
	memmove(pipe->samples, pipe->samples + n, pipe->n * sizeof(*pipe->samples));
}

// Leaves samples in the pipe.
static inline size_t pass_update(struct floor *f, const struct load *l, size_t first, size_t end,
				 bool ahead)
{
	struct pipe *pipe = &f->pipe;
	size_t n_samples = 0;
	for (size_t i = first; i < end; i++) {
		if (ahead)
			prefetch_datagram(l, i + 2, end);
		struct sample *s = &pipe->samples[pipe->n];
		const size_t n = parse_datagram(l->datagrams[i].data, l->datagrams[i].len, s);
		for (size_t k = 0; k < n; k++) {
			s[k].slot = (uint32_t)(hash(s[k].key) & f->mask);
			if (ahead)
				__builtin_prefetch(&f->slots[s[k].slot], 1);
		}
		pipe->n += n;
		n_samples += n;
		if (!ahead || pipe->n >= 2 * DISTANCE)
			pipe_drain(f, ahead ? DISTANCE : 0);
	}
	return n_samples;
}

static size_t pass_parse(const struct load *l, size_t first, size_t end, bool ahead)
{
	struct sample samples[MAX_BURST];
	uint64_t sum = 0;
	size_t n_samples = 0;
	for (size_t i = first; i < end; i++) {
		if (ahead)
			prefetch_datagram(l, i + 2, end);
		const size_t n = parse_datagram(l->datagrams[i].data, l->datagrams[i].len, samples);
		for (size_t k = 0; k < n; k++)
			sum += samples[k].key.addresses ^ samples[k].key.rest ^ samples[k].bytes;
		n_samples += n;
	}
	sink += sum;
	return n_samples;
}

static double per_sample(uint64_t start, size_t n_samples)
{
	return n_samples > 0 ? (double)(bench_now() - start) / (double)n_samples : 0;
}

void floor_flush(struct floor *f)
{
	pipe_drain(f, 0);
}

size_t floor_burst(struct floor *f, const struct load_datagram *datagrams, size_t n)
{
	const struct load l = {.datagrams = (struct load_datagram *)datagrams, .n_datagrams = n};
	return pass_update(f, &l, 0, n, true);
}

double floor_parse(const struct load *l, size_t first, size_t n, size_t times,
		   enum floor_fetch fetch)
{
	size_t n_samples = 0;
	const uint64_t start = bench_now();
	for (size_t t = 0; t < times; t++)
		n_samples += pass_parse(l, first, first + n, fetch == FETCH_AHEAD);
	return per_sample(start, n_samples);
}

double floor_update(struct floor *f, const struct load *l, size_t first, size_t n, size_t times)
{
	size_t n_samples = 0;
	const uint64_t start = bench_now();
	for (size_t t = 0; t < times; t++)
		n_samples += pass_update(f, l, first, first + n, true);
	floor_flush(f);
	return per_sample(start, n_samples);
}

double floor_update_plain(struct floor *f, const struct load *l, size_t first, size_t n,
			  size_t times)
{
	size_t n_samples = 0;
	const uint64_t start = bench_now();
	for (size_t t = 0; t < times; t++)
		n_samples += pass_update(f, l, first, first + n, false);
	floor_flush(f);
	return per_sample(start, n_samples);
}

double floor_read(const struct load *l)
{
	uint64_t sum[4] = {0};
	const uint64_t start = bench_now();
	for (size_t i = 0; i + 32 <= l->size; i += 32) {
		uint64_t w[4];
		memcpy(w, l->bytes + i, sizeof(w));
		for (int k = 0; k < 4; k++)
			sum[k] += w[k];
	}
	sink += sum[0] + sum[1] + sum[2] + sum[3];
	return per_sample(start, l->n_samples);
}

struct floor *floor_create(unsigned bits, int small_pages)
{
	struct floor *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->mask = (1ull << bits) - 1;
	f->slots = pages_map((f->mask + 1) * sizeof(*f->slots), small_pages, &f->mapped, &f->pages);
	if (f->slots == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void floor_destroy(struct floor *f)
{
	if (f == NULL)
		return;
	pages_unmap(f->slots, f->mapped);
	free(f);
}

enum load_pages floor_pages(const struct floor *f)
{
	return f->pages;
}

size_t floor_keys(const struct floor *f)
{
	return f->n_keys;
}

size_t floor_frames(const struct floor *f)
{
	size_t sum = 0;
	for (uint64_t i = 0; i <= f->mask; i++)
		sum += f->slots[i].frames;
	return sum;
}
