// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/http/http_rate.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	WAYS = 4,
	SETS = HTTP_RATE_CLIENTS / WAYS,
	NETWORK_BYTES = 8, // of an IPv6 address
};

struct bucket {
	uint64_t network[2]; // family and address
	double tokens;       // at `filled`
	uint64_t filled;     // ns; 0 = nobody's
};

struct http_rate {
	pthread_mutex_t lock;
	double rate;
	struct hash_secret secret;
	struct bucket set[SETS][WAYS];
};

struct http_rate *http_rate_new(double rate, uint64_t seed)
{
	struct http_rate *limit = calloc(1, sizeof(*limit));
	if (limit == NULL)
		return NULL;
	pthread_mutex_init(&limit->lock, NULL);
	limit->rate = rate;
	hash_secret_init(&limit->secret, seed);
	return limit;
}

void http_rate_free(struct http_rate *limit)
{
	if (limit == NULL)
		return;
	pthread_mutex_destroy(&limit->lock);
	free(limit);
}

static void network_of(const struct addr *client, uint64_t network[2])
{
	network[0] = client->family;
	network[1] = 0;
	memcpy(&network[1], client->bytes, client->family == ADDR_IP4 ? 4 : NETWORK_BYTES);
}

static double tokens_at(const struct http_rate *limit, const struct bucket *b, uint64_t now)
{
	const double since = now > b->filled ? (double)(now - b->filled) * 1e-9 : 0;
	return b->filled == 0 ? limit->rate : fmin(limit->rate, b->tokens + since * limit->rate);
}

// The bucket of a network, or the one that it takes over.
static struct bucket *find(struct http_rate *limit, const uint64_t network[2], uint64_t now)
{
	struct bucket *set = limit->set[hash_pair(&limit->secret, network[0], network[1]) % SETS];
	struct bucket *fullest = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].filled != 0 && memcmp(set[i].network, network, 16) == 0)
			return &set[i];
		if (tokens_at(limit, &set[i], now) > tokens_at(limit, fullest, now))
			fullest = &set[i];
	}
	memcpy(fullest->network, network, 16);
	return fullest;
}

bool http_rate_take(struct http_rate *limit, const struct addr *client, uint64_t now)
{
	uint64_t network[2];
	network_of(client, network);
	pthread_mutex_lock(&limit->lock);
	// One that is taken over goes on with what was in it: never more than its owner had.
	struct bucket *b = find(limit, network, now);
	b->tokens = tokens_at(limit, b, now);
	b->filled = now;
	const bool may = b->tokens >= 1;
	b->tokens -= may;
	pthread_mutex_unlock(&limit->lock);
	return may;
}
