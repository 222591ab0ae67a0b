// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/forward.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/util/clock.h"
#include "weir/input/inputs.h"
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
	struct outlet *outlet; // NULL = through a port:
	struct port_out *out;
	struct port_way *way;
	struct tenant *tenant; // NULL = whole datagrams
	struct forward_stats stats;
};

struct forward {
	struct worker **worker;
	uint32_t n_workers;
	const struct inputs *inputs;
	struct feed_tls tls;
	struct tap **tap; // of each worker; NULL before the first target
	pthread_t thread;
	sem_t work; // posted when there are targets, or for the end
	bool stop;  // atomic

	pthread_mutex_t lock;                   // of what follows
	struct target *target[FORWARD_TARGETS]; // in the order of names, those of tenants last
	size_t n_targets;
	struct port_out *out_by[FORWARD_TARGETS]; // ports that targets are reached through
	size_t n_outs;
	uint8_t out[TAP_LONGEST + 8]; // a tenant's datagram in the making; of the thread
};

static void *forward_main(void *forward);

// Birth and death ---------------------------------------------------------------------------------

struct forward *forward_new(struct worker **worker, uint32_t n_workers, struct inputs *inputs,
			    const struct feed_tls *tls)
{
	struct forward *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->worker = worker;
	f->n_workers = n_workers;
	f->inputs = inputs;
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
	if (t->way != NULL)
		port_out_close(t->out, t->way);
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

static bool copy_text(struct arena *arena, const char **text)
{
	if (*text == NULL)
		return true;
	*text = arena_strndup(arena, *text, strlen(*text));
	return *text != NULL;
}

static bool copy_told(struct target *t, const struct forward_target *told)
{
	struct forward_target *c = &t->as_told;
	*c = *told;
	c->name = t->name = strdup(told->name);
	c->address = arena_strndup(&t->arena, told->address, strlen(told->address));
	return c->name != NULL && c->address != NULL && copy_text(&t->arena, &c->url) &&
	       copy_text(&t->arena, &c->through) && copy_text(&t->arena, &c->via) &&
	       copy_prefixes(&t->arena, &c->agents) && copy_prefixes(&t->arena, &c->filters.cidr) &&
	       copy_texts(&t->arena, &c->filters.ifindex) &&
	       copy_texts(&t->arena, &c->filters.ifname) && copy_texts(&t->arena, &c->filters.mac);
}

static bool is_through(const struct forward_target *t)
{
	return t->through != NULL && t->through[0] != '\0';
}

static int open_way(const struct forward *f, struct target *t, struct err_msg *msg)
{
	const struct forward_target *told = &t->as_told;
	struct port_out_target target = {.addr = told->addr,
					 .port = (uint16_t)told->port,
					 .via = told->addr,
					 .agents = &told->agents};
	if (told->via != NULL && told->via[0] != '\0')
		addr_parse(told->via, &target.via);
	t->out = inputs_out(f->inputs, told->through);
	if (t->out == NULL)
		return err_set(
			msg, ERR_INVALID,
			"through: got \"%s\", expected the port of an input with `addresses`, "
			"and without `kernel`",
			told->through);
	t->way = port_out_open(t->out, &target, msg);
	if (t->way == NULL)
		err_prefix(msg, "through");
	return t->way != NULL ? 0 : ERR_INVALID;
}

static int open_target(const struct forward *f, struct target *t, struct err_msg *msg)
{
	const struct forward_target *told = &t->as_told;
	if (is_through(told))
		return open_way(f, t, msg);
	t->outlet = outlet_open(told, &f->tls, msg);
	return t->outlet != NULL ? 0 : ERR_IO;
}

static int target_new(const struct forward *f, const struct forward_target *told,
		      struct target **out, struct err_msg *msg)
{
	struct target *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	int err = copy_told(t, told) ? 0 : err_set(msg, ERR_MEMORY, "out of memory");
	if (err == 0 && told->tenant && (t->tenant = tenant_new(&told->filters, msg)) == NULL)
		err = ERR_IO;
	if (err == 0)
		err = open_target(f, t, msg);
	if (err == 0)
		*out = t;
	else
		target_free(t);
	return err;
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

// Rings stay: a worker may be in one.
static int make_taps(struct forward *f)
{
	for (uint32_t i = 0; i < f->n_workers; i++) {
		if (f->tap[i] == NULL)
			f->tap[i] = tap_new(FORWARD_RING);
		if (f->tap[i] == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

// Does somebody get what this worker takes in, but for what its port itself passes on?
static bool is_tapped(const struct forward *f, uint32_t worker)
{
	const struct port_out *own = inputs_worker_out(f->inputs, worker);
	for (size_t i = 0; i < f->n_targets; i++)
		if (f->target[i]->way == NULL || f->target[i]->out != own)
			return true;
	return false;
}

// Workers copy what they take in as long as there are targets for it.
static void turn_taps(struct forward *f)
{
	f->n_outs = 0;
	for (size_t i = 0; i < f->n_targets; i++) {
		size_t k = 0;
		while (k < f->n_outs && f->out_by[k] != f->target[i]->out)
			k++;
		if (f->target[i]->way != NULL && k == f->n_outs)
			f->out_by[f->n_outs++] = f->target[i]->out;
	}
	for (uint32_t i = 0; i < f->n_workers; i++)
		__atomic_store_n(&f->worker[i]->tap, is_tapped(f, i) ? f->tap[i] : NULL,
				 __ATOMIC_RELEASE);
}

// @p before: the target that it replaces.
static int enter(struct forward *f, struct target *t, struct target **before, struct err_msg *msg)
{
	bool there;
	const size_t i = place_of(f, t->as_told.tenant, t->name, &there);
	if (there) {
		*before = f->target[i];
		f->target[i] = t;
		turn_taps(f);
		return 0;
	}
	if (f->n_targets == FORWARD_TARGETS)
		return err_set(msg, ERR_FULL, "expected at most %d targets", FORWARD_TARGETS);
	if (make_taps(f) != 0)
		return err_set(msg, ERR_MEMORY, "out of memory");
	memmove(&f->target[i + 1], &f->target[i], (f->n_targets - i) * sizeof(struct target *));
	f->target[i] = t;
	f->n_targets++;
	turn_taps(f);
	return 0;
}

int forward_put(struct forward *f, const struct forward_target *target, struct err_msg *msg)
{
	struct target *t = NULL, *before = NULL;
	int err = target_new(f, target, &t, msg);
	if (err != 0)
		return err;
	pthread_mutex_lock(&f->lock);
	err = enter(f, t, &before, msg);
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
		turn_taps(f);
	}
	pthread_mutex_unlock(&f->lock);
	target_free(gone);
	return there ? 0 : ERR_UNKNOWN;
}

static const struct forward_stats *stats_of(struct target *t)
{
	struct port_way_stats s;
	if (t->way == NULL)
		return &t->stats;
	port_out_stats(t->out, t->way, &s);
	t->stats = (struct forward_stats){
		.sent = s.sent,
		.bytes = s.bytes,
		.failed = s.unresolved + s.too_long + s.refused,
		.copied = s.copied,
		.unresolved = s.unresolved,
		.too_long = s.too_long,
	};
	return &t->stats;
}

void forward_each(struct forward *f, bool tenants,
		  void (*row)(void *ctx, const struct forward_target *target,
			      const struct forward_stats *stats),
		  void *ctx)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n_targets; i++)
		if (f->target[i]->as_told.tenant == tenants)
			row(ctx, &f->target[i]->as_told, stats_of(f->target[i]));
	pthread_mutex_unlock(&f->lock);
}

uint64_t forward_dropped(struct forward *f)
{
	uint64_t sum = 0;
	pthread_mutex_lock(&f->lock);
	for (uint32_t i = 0; i < f->n_workers; i++)
		if (f->tap[i] != NULL)
			sum += tap_dropped(f->tap[i]);
	for (size_t i = 0; i < f->n_outs; i++)
		sum += port_out_dropped(f->out_by[i]);
	pthread_mutex_unlock(&f->lock);
	return sum;
}

// Sending -----------------------------------------------------------------------------------------

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

// What worker @p from took in. Its own port has what is to go through it.
static void send_to_all(struct forward *f, uint32_t from, const uint8_t *data, uint32_t len)
{
	const struct addr agent = forward_agent(data, len);
	const struct port_out *own = f->n_outs > 0 ? inputs_worker_out(f->inputs, from) : NULL;
	for (size_t i = 0; i < f->n_outs; i++)
		if (f->out_by[i] != own)
			port_out_pass(f->out_by[i], data, len);
	for (size_t i = 0; i < f->n_targets; i++) {
		struct target *t = f->target[i];
		if (t->way != NULL)
			continue;
		if (t->tenant != NULL)
			send_to_tenant(f, t, data, len);
		else if (forward_wants(&t->as_told.agents, &agent))
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
			send_to_all(f, i, data, len);
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
