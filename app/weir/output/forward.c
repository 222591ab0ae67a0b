// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/forward.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "weir/util/clock.h"
#include "weir/output/outlet.h"
#include "weir/core/tap.h"
#include "weir/output/tenant.h"
#include "weir/core/worker.h"

enum {
	BATCH = 256,  // datagrams of a ring before the next one has its turn
	NAP_US = 500, // of the thread when all rings are empty
};

struct target {
	char *name;
	struct forward_target as_told; // texts and lists in `arena`
	struct arena arena;
	struct outlet *outlet;
	struct tenant *tenant; // NULL = whole datagrams
	struct forward_stats stats;
};

struct forward {
	struct worker **worker;
	uint32_t n_workers;
	struct feed_tls tls;
	struct tap **tap; // of each worker; NULL before the first target
	pthread_t thread;
	sem_t work; // posted when there are targets, or for the end
	bool stop;  // atomic

	pthread_mutex_t lock;                   // of what follows
	struct target *target[FORWARD_TARGETS]; // in the order of names, those of tenants last
	size_t n_targets;
	uint8_t out[TAP_LONGEST + 8]; // a tenant's datagram in the making; of the thread
};

static void *forward_main(void *forward);

// Birth and death ---------------------------------------------------------------------------------

struct forward *forward_new(struct worker **worker, uint32_t n_workers, const struct feed_tls *tls)
{
	struct forward *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->worker = worker;
	f->n_workers = n_workers;
	f->tls = *tls;
	f->tap = calloc(n_workers, sizeof(struct tap *));
	sem_init(&f->work, 0, 0);
	pthread_mutex_init(&f->lock, NULL);
	if (f->tap != NULL && pthread_create(&f->thread, NULL, forward_main, f) == 0) {
		pthread_setname_np(f->thread, "weir-forward");
		return f;
	}
	free(f->tap);
	free(f);
	return NULL;
}

static void target_free(struct target *t)
{
	if (t == NULL)
		return;
	outlet_close(t->outlet);
	tenant_free(t->tenant);
	arena_free(&t->arena);
	free(t->name);
	free(t);
}

void forward_free(struct forward *f)
{
	if (f == NULL)
		return;
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	sem_post(&f->work);
	pthread_join(f->thread, NULL);
	for (size_t i = 0; i < f->n_targets; i++)
		target_free(f->target[i]);
	for (uint32_t i = 0; i < f->n_workers; i++)
		tap_free(f->tap[i]);
	free(f->tap);
	pthread_mutex_destroy(&f->lock);
	sem_destroy(&f->work);
	free(f);
}

// Targets -----------------------------------------------------------------------------------------

static bool copy_texts(struct arena *arena, struct text_list *list)
{
	const char **at = arena_array(arena, list->n + 1, sizeof(*at));
	for (uint32_t i = 0; i < list->n && at != NULL; i++) {
		at[i] = arena_strndup(arena, list->at[i], strlen(list->at[i]));
		if (at[i] == NULL)
			return false;
	}
	list->at = at;
	return at != NULL;
}

static bool copy_prefixes(struct arena *arena, struct prefix_list *list)
{
	struct prefix *at = arena_array(arena, list->n + 1, sizeof(*at));
	for (uint32_t i = 0; i < list->n && at != NULL; i++)
		at[i] = list->at[i];
	list->at = at;
	return at != NULL;
}

static bool copy_told(struct target *t, const struct forward_target *told)
{
	struct forward_target *c = &t->as_told;
	*c = *told;
	c->name = t->name = strdup(told->name);
	c->address = arena_strndup(&t->arena, told->address, strlen(told->address));
	if (told->url != NULL)
		c->url = arena_strndup(&t->arena, told->url, strlen(told->url));
	return c->name != NULL && c->address != NULL && (c->url != NULL) == (told->url != NULL) &&
	       copy_prefixes(&t->arena, &c->agents) && copy_prefixes(&t->arena, &c->filters.cidr) &&
	       copy_texts(&t->arena, &c->filters.ifindex) &&
	       copy_texts(&t->arena, &c->filters.ifname) && copy_texts(&t->arena, &c->filters.mac);
}

static struct target *target_new(const struct forward *f, const struct forward_target *told,
				 struct err_msg *msg)
{
	struct target *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	if (!copy_told(t, told))
		err_set(msg, ERR_MEMORY, "out of memory");
	else if (told->tenant && (t->tenant = tenant_new(&told->filters, msg)) == NULL)
		; // it has said why
	else if ((t->outlet = outlet_open(told, &f->tls, msg)) != NULL)
		return t;
	target_free(t);
	return NULL;
}

// Where @p name is, or belongs.
static size_t place_of(const struct forward *f, bool tenant, const char *name, bool *there)
{
	size_t i = 0;
	int order = -1;
	for (; i < f->n_targets && order < 0; i++) {
		order = (int)f->target[i]->as_told.tenant - (int)tenant;
		if (order == 0)
			order = strcmp(f->target[i]->name, name);
	}
	*there = order == 0;
	return order < 0 ? i : i - 1;
}

// Workers copy what they take in as long as there are targets. Rings stay: a worker may be in one.
static int open_taps(struct forward *f)
{
	for (uint32_t i = 0; i < f->n_workers; i++) {
		if (f->tap[i] == NULL)
			f->tap[i] = tap_new(FORWARD_RING);
		if (f->tap[i] == NULL)
			return ERR_MEMORY;
	}
	for (uint32_t i = 0; i < f->n_workers; i++)
		__atomic_store_n(&f->worker[i]->tap, f->tap[i], __ATOMIC_RELEASE);
	return 0;
}

static void close_taps(struct forward *f)
{
	for (uint32_t i = 0; i < f->n_workers; i++)
		__atomic_store_n(&f->worker[i]->tap, NULL, __ATOMIC_RELEASE);
}

// @p before: the target that it replaces.
static int enter(struct forward *f, struct target *t, struct target **before, struct err_msg *msg)
{
	bool there;
	const size_t i = place_of(f, t->as_told.tenant, t->name, &there);
	if (there) {
		*before = f->target[i];
		f->target[i] = t;
		return 0;
	}
	if (f->n_targets == FORWARD_TARGETS)
		return err_set(msg, ERR_FULL, "expected at most %d targets", FORWARD_TARGETS);
	if (open_taps(f) != 0)
		return err_set(msg, ERR_MEMORY, "out of memory");
	memmove(&f->target[i + 1], &f->target[i], (f->n_targets - i) * sizeof(struct target *));
	f->target[i] = t;
	f->n_targets++;
	return 0;
}

int forward_put(struct forward *f, const struct forward_target *target, struct err_msg *msg)
{
	struct target *t = target_new(f, target, msg), *before = NULL;
	if (t == NULL)
		return ERR_IO;
	pthread_mutex_lock(&f->lock);
	const int err = enter(f, t, &before, msg);
	pthread_mutex_unlock(&f->lock);
	target_free(before); // its end may take a while
	if (err != 0)
		target_free(t);
	else
		sem_post(&f->work);
	return err;
}

int forward_delete(struct forward *f, bool tenant, const char *name)
{
	bool there;
	struct target *gone = NULL;
	pthread_mutex_lock(&f->lock);
	const size_t i = place_of(f, tenant, name, &there);
	if (there) {
		gone = f->target[i];
		f->n_targets--;
		memmove(&f->target[i], &f->target[i + 1],
			(f->n_targets - i) * sizeof(struct target *));
		if (f->n_targets == 0)
			close_taps(f);
	}
	pthread_mutex_unlock(&f->lock);
	target_free(gone);
	return there ? 0 : ERR_UNKNOWN;
}

void forward_each(struct forward *f, bool tenants,
		  void (*row)(void *ctx, const struct forward_target *target,
			      const struct forward_stats *stats),
		  void *ctx)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n_targets; i++)
		if (f->target[i]->as_told.tenant == tenants)
			row(ctx, &f->target[i]->as_told, &f->target[i]->stats);
	pthread_mutex_unlock(&f->lock);
}

uint64_t forward_dropped(struct forward *f)
{
	uint64_t sum = 0;
	pthread_mutex_lock(&f->lock);
	for (uint32_t i = 0; i < f->n_workers; i++)
		if (f->tap[i] != NULL)
			sum += tap_dropped(f->tap[i]);
	pthread_mutex_unlock(&f->lock);
	return sum;
}

// Sending -----------------------------------------------------------------------------------------

// The agent of a datagram: version, type of address, address, in all versions of sFlow.
static struct addr agent_of(const uint8_t *data, uint32_t len)
{
	struct cursor c = cursor_of(data, len);
	struct addr none = {0};
	cursor_u32(&c);
	const uint32_t family = cursor_u32(&c);
	const uint8_t *bytes = cursor_bytes(&c, family == ADDR_IP6 ? 16 : 4);
	if (bytes == NULL || (family != ADDR_IP4 && family != ADDR_IP6))
		return none;
	return family == ADDR_IP4 ? addr_ip4(bytes) : addr_ip6(bytes);
}

static bool wants(const struct forward_target *t, const struct addr *agent)
{
	for (uint32_t i = 0; i < t->agents.n; i++)
		if (addr_in_prefix(agent, &t->agents.at[i].addr, t->agents.at[i].bits))
			return true;
	return t->agents.n == 0;
}

static bool send_to(struct target *t, const uint8_t *data, size_t len)
{
	const bool sent = outlet_send(t->outlet, data, len);
	t->stats.failed += !sent;
	t->stats.sent += sent;
	t->stats.bytes += sent ? len : 0;
	return sent;
}

static void send_to_tenant(struct forward *f, struct target *t, const uint8_t *data, uint32_t len)
{
	size_t size;
	const uint32_t n = tenant_select(t->tenant, data, len, f->out, &size);
	if (n > 0 && send_to(t, f->out, size))
		t->stats.samples += n;
}

static void send_to_all(struct forward *f, const uint8_t *data, uint32_t len)
{
	const struct addr agent = agent_of(data, len);
	for (size_t i = 0; i < f->n_targets; i++) {
		struct target *t = f->target[i];
		if (t->tenant != NULL)
			send_to_tenant(f, t, data, len);
		else if (wants(&t->as_told, &agent))
			send_to(t, data, len);
	}
}

// A batch of each ring; how many there were. Without targets what is left in the rings goes.
static uint32_t pass_on(struct forward *f, bool *wanted)
{
	uint32_t n = 0, len;
	pthread_mutex_lock(&f->lock);
	for (uint32_t i = 0; i < f->n_workers; i++) {
		const uint8_t *data;
		for (uint32_t k = 0;
		     k < BATCH && f->tap[i] != NULL && (data = tap_peek(f->tap[i], &len)) != NULL;
		     k++, n++) {
			send_to_all(f, data, len);
			tap_pop(f->tap[i]);
		}
	}
	*wanted = f->n_targets > 0;
	pthread_mutex_unlock(&f->lock);
	return n;
}

static void *forward_main(void *forward)
{
	struct forward *f = forward;
	const struct timespec nap = clock_timespec(NAP_US * CLOCK_NS_PER_US);
	bool wanted = false;
	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		if (pass_on(f, &wanted) > 0)
			continue;
		if (wanted)
			nanosleep(&nap, NULL);
		else
			while (sem_wait(&f->work) != 0 && errno == EINTR)
				continue;
	}
	while (pass_on(f, &wanted) > 0) // what the workers left
		continue;
	return NULL;
}
