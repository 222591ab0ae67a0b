// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

enum {
	KEEP_NAME = 3600, // s
	KEEP_NONE = 300,
};

struct answer {
	struct addr addr;
	time_t until; // s, monotonic; 0 = being asked for
	char name[RESOLVER_NAME];
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	pthread_t thread;
	resolver_lookup *lookup;
	struct answer *cache; // NULL = not started
	struct addr queue[RESOLVER_QUEUE];
	unsigned head, n; // of the queue
	bool stop;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .asked = PTHREAD_COND_INITIALIZER};

static time_t now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + 1; // never 0
}

// Which addresses share a place is nobody's secret: they only take turns.
static struct answer *place_of(const struct addr *addr)
{
	struct hash_secret secret;
	hash_secret_init(&secret, 0);
	return &self.cache[hash_bytes(&secret, addr, sizeof(*addr)) % RESOLVER_CACHE];
}

static bool ask_system(const struct addr *addr, char *name)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	memcpy(&in.sin_addr, addr->bytes, 4);
	memcpy(&in6.sin6_addr, addr->bytes, 16);
	const bool six = addr->family == ADDR_IP6;
	return getnameinfo(six ? (const struct sockaddr *)&in6 : (const struct sockaddr *)&in,
			   six ? sizeof(in6) : sizeof(in), name, RESOLVER_NAME, NULL, 0,
			   NI_NAMEREQD) == 0;
}

// Under the lock. What finds no room is asked for another time.
static void ask(struct answer *a, const struct addr *addr)
{
	if (self.n == RESOLVER_QUEUE)
		return;
	*a = (struct answer){.addr = *addr};
	self.queue[(self.head + self.n++) % RESOLVER_QUEUE] = *addr;
	pthread_cond_signal(&self.asked);
}

static bool find_name(void *ctx, const struct addr *addr, struct strbuf *b)
{
	(void)ctx;
	bool found = false;
	pthread_mutex_lock(&self.lock);
	if (self.cache != NULL) {
		struct answer *a = place_of(addr);
		const bool known = addr_equal(&a->addr, addr);
		if (!known || (a->until != 0 && a->until < now()))
			ask(a, addr);
		found = known && a->name[0] != '\0';
		if (found)
			strbuf_str(b, a->name);
	}
	pthread_mutex_unlock(&self.lock);
	return found;
}

static void *resolver_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&self.lock);
	for (;;) {
		while (self.n == 0 && !self.stop)
			pthread_cond_wait(&self.asked, &self.lock);
		if (self.stop)
			break;
		const struct addr addr = self.queue[self.head];
		self.head = (self.head + 1) % RESOLVER_QUEUE;
		self.n--;
		pthread_mutex_unlock(&self.lock);
		char name[RESOLVER_NAME] = "";
		const bool found = self.lookup(&addr, name);
		pthread_mutex_lock(&self.lock);
		struct answer *a = place_of(&addr);
		if (!addr_equal(&a->addr, &addr))
			continue; // another one has the place
		a->until = now() + (found ? KEEP_NAME : KEEP_NONE);
		memcpy(a->name, found ? name : "", found ? sizeof(name) : 1);
		a->name[RESOLVER_NAME - 1] = '\0';
	}
	pthread_mutex_unlock(&self.lock);
	return NULL;
}

const struct program_resolver *resolver_program(void)
{
	static const struct program_resolver program = {.name = find_name};
	return &program;
}

int resolver_start(resolver_lookup *lookup, struct err_msg *msg)
{
	struct answer *cache = calloc(RESOLVER_CACHE, sizeof(*cache));
	if (cache == NULL)
		return err_set(msg, ERR_MEMORY, "dns: out of memory");
	pthread_mutex_lock(&self.lock);
	self.lookup = lookup != NULL ? lookup : ask_system;
	self.cache = cache;
	self.stop = false;
	pthread_mutex_unlock(&self.lock);
	if (pthread_create(&self.thread, NULL, resolver_main, NULL) == 0) {
		pthread_setname_np(self.thread, "weir-dns");
		return 0;
	}
	self.cache = NULL;
	free(cache);
	return err_set(msg, ERR_IO, "dns: no thread to be had");
}

void resolver_stop(void)
{
	if (self.cache == NULL)
		return;
	pthread_mutex_lock(&self.lock);
	self.stop = true;
	pthread_cond_signal(&self.asked);
	pthread_mutex_unlock(&self.lock);
	pthread_join(self.thread, NULL);
	free(self.cache);
	self.cache = NULL;
	self.n = 0;
}
