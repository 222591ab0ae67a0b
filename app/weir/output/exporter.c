// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/exporter.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "common/udp.h"
#include "weir/config/config.h"
#include "weir/output/ipfix_message.h"
#include "weir/util/clock.h"

enum {
	HEADERS_IP4 = 28, // of IP and UDP
	HEADERS_IP6 = 48,
};

struct template
{
	uint64_t hash;     // of the next and of the layout
	uint64_t identity; // of what is measured
	uint64_t sent;     // ns, monotonic
	uint64_t message;  // which of the target's had it last; 0 = none that the kernel took
	uint16_t id;
	bool kept; // by a definition of the program that names the target
	struct ipfix_layout layout;
};

struct target {
	struct addr addr;
	uint32_t port;
	int fd;         // connected; -1 = it could not be
	uint64_t tried; // ns, monotonic: when that was
	size_t room;    // bytes of a message
	bool named;     // by a definition of the program
	uint32_t sequence;
	struct template **template; // by hash
	size_t n_templates;
	uint32_t next_id; // less IPFIX_TEMPLATE_FIRST
	struct ipfix_message message;
	uint64_t n_messages;          // with this one, those that were refused, too
	uint32_t n_message_templates; // in it
	struct exporter_stats stats;
};

struct exporter {
	pthread_mutex_t lock; // of what follows
	struct target **target;
	size_t n_targets;
	struct target **to; // those of the definition in hand; room for all
	size_t n_to;
	struct exporter_stats former; // of collectors that are gone
	struct ipfix_record record;   // in the making
};

// Statistics --------------------------------------------------------------------------------------

static void add_stats(struct exporter_stats *sum, const struct exporter_stats *s)
{
	sum->messages += s->messages;
	sum->templates += s->templates;
	sum->records += s->records;
#define X(name, help) sum->name += s->name;
	EXPORTER_REASONS(X)
#undef X
}

void exporter_each(struct exporter *x,
		   void (*row)(void *ctx, const struct addr *addr, uint32_t port,
			       const struct exporter_stats *stats),
		   void *ctx)
{
	static const struct addr nobody;
	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n_targets; i++)
		row(ctx, &x->target[i]->addr, x->target[i]->port, &x->target[i]->stats);
	row(ctx, &nobody, 0, &x->former);
	pthread_mutex_unlock(&x->lock);
}

static void sum_row(void *sum, const struct addr *addr, uint32_t port,
		    const struct exporter_stats *stats)
{
	(void)addr;
	(void)port;
	add_stats(sum, stats);
}

void exporter_sum(struct exporter *x, struct exporter_stats *sum)
{
	*sum = (struct exporter_stats){0};
	exporter_each(x, sum_row, sum);
}

// Targets -----------------------------------------------------------------------------------------

// What the route takes without fragments.
static size_t room_of(const struct target *c)
{
	const bool is4 = c->addr.family == ADDR_IP4;
	int mtu = 0;
	socklen_t len = sizeof(mtu);
	if (c->fd < 0 || getsockopt(c->fd, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_MTU : IPV6_MTU,
				    &mtu, &len) != 0)
		return IPFIX_MESSAGE_MIN;
	const int room = mtu - (is4 ? HEADERS_IP4 : HEADERS_IP6);
	return room < IPFIX_MESSAGE_MIN   ? IPFIX_MESSAGE_MIN
	       : room > IPFIX_MESSAGE_MAX ? IPFIX_MESSAGE_MAX
					  : (size_t)room;
}

static void begin_message(struct target *c)
{
	c->n_messages++;
	c->n_message_templates = 0;
	ipfix_begin(&c->message, c->room);
}

static void open_target(struct target *c, uint64_t now)
{
	c->tried = now;
	c->fd = udp_connect(&c->addr, c->port);
	c->room = room_of(c);
	begin_message(c);
}

static struct target *find_target(const struct exporter *x, const struct addr *addr, uint32_t port)
{
	for (size_t i = 0; i < x->n_targets; i++)
		if (x->target[i]->port == port && addr_equal(&x->target[i]->addr, addr))
			return x->target[i];
	return NULL;
}

static bool grow_lists(struct exporter *x)
{
	const size_t n = x->n_targets + 1;
	struct target **targets = reallocarray(x->target, n, sizeof(struct target *));
	if (targets != NULL)
		x->target = targets;
	struct target **to = reallocarray(x->to, n, sizeof(struct target *));
	if (to != NULL)
		x->to = to;
	return targets != NULL && to != NULL;
}

// NULL when memory is short.
static struct target *add_target(struct exporter *x, const struct addr *addr, uint32_t port)
{
	struct target *c = grow_lists(x) ? calloc(1, sizeof(*c)) : NULL;
	if (c == NULL)
		return NULL;
	c->addr = *addr;
	c->port = port;
	open_target(c, clock_monotonic());
	x->target[x->n_targets++] = c;
	return c;
}

static void target_free(struct target *c)
{
	if (c->fd >= 0)
		close(c->fd);
	for (size_t i = 0; i < c->n_templates; i++)
		free(c->template[i]);
	free(c->template);
	free(c);
}

struct exporter *exporter_new(void)
{
	struct exporter *x = calloc(1, sizeof(*x));
	if (x != NULL)
		pthread_mutex_init(&x->lock, NULL);
	return x;
}

void exporter_free(struct exporter *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->n_targets; i++)
		target_free(x->target[i]);
	free(x->target);
	free(x->to);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

// Templates ---------------------------------------------------------------------------------------

// Of a definition as far as its records say it: another filter, size or time changes no template.
static uint64_t identity_of(const struct flow_def *def)
{
	struct hash_secret secret;
	hash_secret_init(&secret, 0);
	const char *const texts[] = {def->name, def->keys, def->value};
	uint64_t h = def->dropped;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		h = hash_fold(h + i + 1, hash_bytes(&secret, texts[i], strlen(texts[i])) | 1);
	return h;
}

static uint64_t template_hash(uint64_t identity, const struct ipfix_layout *layout)
{
	uint64_t h = identity;
	for (uint32_t i = 0; i < layout->n; i++)
		h = hash_fold(h + 1, (uint64_t)layout->field[i].id << 17 |
					     (uint64_t)layout->field[i].size << 1 | 1);
	return h;
}

// Where the first of this hash is, or belongs.
static size_t place_of(const struct target *c, uint64_t hash)
{
	size_t low = 0, high = c->n_templates;
	while (low < high) {
		const size_t mid = (low + high) / 2;
		if (c->template[mid] -> hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct template *find_template(const struct target *c, uint64_t hash, uint64_t identity,
				      const struct ipfix_layout *layout)
{
	for (size_t i = place_of(c, hash); i < c->n_templates && c->template[i] -> hash == hash;
	     i++)
		if (c->template[i] -> identity == identity &&
					      ipfix_layout_equal(&c->template[i] -> layout, layout))
			return c->template[i];
	return NULL;
}

static bool is_taken(const struct target *c, uint32_t id)
{
	for (size_t i = 0; i < c->n_templates; i++)
		if (c->template[i] -> id == id)
			return true;
	return false;
}

// All have their turn before one comes again: collectors remember for a while.
static uint16_t next_id(struct target *c)
{
	uint32_t id;
	do {
		id = IPFIX_TEMPLATE_FIRST + c->next_id;
		c->next_id = (c->next_id + 1) % IPFIX_TEMPLATES;
	} while (is_taken(c, id));
	return (uint16_t)id;
}

static struct template *template_new(struct target *c, uint64_t hash, uint64_t identity,
				     const struct ipfix_layout *layout)
{
	const size_t fields = layout->n * sizeof(layout->field[0]);
	struct template *t = calloc(1, offsetof(struct template, layout.field) + fields);
	if (t == NULL)
		return NULL;
	t->hash = hash;
	t->identity = identity;
	t->id = next_id(c);
	t->layout.n = layout->n;
	memcpy(t->layout.field, layout->field, fields);
	return t;
}

static struct template *add_template(struct target *c, uint64_t hash, uint64_t identity,
				     const struct ipfix_layout *layout)
{
	if (c->n_templates == IPFIX_TEMPLATES)
		return NULL;
	struct template **grown =
		reallocarray(c->template, c->n_templates + 1, sizeof(struct template *));
	if (grown == NULL)
		return NULL;
	c->template = grown;
	struct template *t = template_new(c, hash, identity, layout);
	if (t == NULL)
		return NULL;
	const size_t at = place_of(c, hash);
	memmove(&c->template[at + 1], &c -> template[at],
		(c->n_templates - at) * sizeof(struct template *));
	c->template[at] = t;
	c->n_templates++;
	return t;
}

static void keep_templates(struct target *c, uint64_t identity)
{
	for (size_t i = 0; i < c->n_templates; i++) {
		struct template *t = c->template[i];
		t->kept |= t->identity == identity;
	}
}

// But those that are kept.
static void forget_templates(struct target *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_templates; i++) {
		struct template *t = c->template[i];
		if (t->kept)
			c->template[n++] = t;
		else
			free(t);
	}
	c->n_templates = n;
}

// The collectors of a definition, each once, into x->to; those that are new are opened if @p add.
static void find_targets(struct exporter *x, const struct flow_def *def, bool add)
{
	const char *list = def->ipfix;
	struct addr addr;
	uint32_t port;
	x->n_to = 0;
	while (config_next_collector(&list, &addr, &port) > 0) {
		struct target *c = find_target(x, &addr, port);
		if (c == NULL && add)
			c = add_target(x, &addr, port);
		size_t i = 0;
		while (i < x->n_to && x->to[i] != c)
			i++;
		if (c != NULL && i == x->n_to)
			x->to[x->n_to++] = c;
	}
}

static void forget_targets(struct exporter *x)
{
	size_t n = 0;
	for (size_t i = 0; i < x->n_targets; i++) {
		struct target *c = x->target[i];
		if (c->named) {
			forget_templates(c);
			x->target[n++] = c;
		} else {
			add_stats(&x->former, &c->stats);
			target_free(c);
		}
	}
	x->n_targets = n;
}

// A definition that has collectors again, or still.
static void name_targets(struct exporter *x, const struct flow_def *def)
{
	const uint64_t identity = identity_of(def);
	find_targets(x, def, true);
	for (size_t i = 0; i < x->n_to; i++) {
		x->to[i]->named = true;
		keep_templates(x->to[i], identity);
	}
}

static void unname_target(struct target *c)
{
	c->named = false;
	for (size_t i = 0; i < c->n_templates; i++) {
		struct template *t = c->template[i];
		t->kept = false;
	}
}

void exporter_program(struct exporter *x, const struct program *program)
{
	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n_targets; i++)
		unname_target(x->target[i]);
	for (uint32_t i = 0; i < program->n_def; i++)
		name_targets(x, &program->def[i]);
	forget_targets(x);
	pthread_mutex_unlock(&x->lock);
}

// Messages ----------------------------------------------------------------------------------------

// 0 or the error. What an earlier message met with is told to the next one, which was not sent
// then: it gets another try.
static int send_message(const struct target *c)
{
	for (int tries = 0; tries < 2; tries++) {
		if (send(c->fd, c->message.data, c->message.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != ECONNREFUSED)
			break;
	}
	return errno;
}

static void count_sent(struct target *c, int err)
{
	const uint32_t n = c->message.n_records;
	if (err == 0) {
		c->stats.messages++;
		c->stats.templates += c->n_message_templates;
		c->stats.records += n;
	} else if (err == EAGAIN || err == EWOULDBLOCK || err == ENOBUFS || err == ENOMEM) {
		c->stats.no_room += n;
	} else {
		c->stats.unreachable += n;
	}
}

// The templates of the message in hand did not leave with it.
static void take_back(struct target *c)
{
	for (size_t i = 0; i < c->n_templates && c->n_message_templates > 0; i++) {
		struct template *t = c->template[i];
		if (t->message == c->n_messages)
			t->message = 0;
	}
}

static void flush(struct target *c)
{
	if (ipfix_is_empty(&c->message))
		return;
	ipfix_end(&c->message, (uint32_t)(clock_realtime() / CLOCK_NS_PER_S), c->sequence);
	const int err = send_message(c);
	count_sent(c, err);
	if (err != 0)
		take_back(c);
	c->sequence += c->message.n_records;
	begin_message(c);
}

static void put_template(struct target *c, struct template *t, uint64_t now)
{
	if (!ipfix_add_template(&c->message, t->id, &t->layout)) {
		flush(c);
		ipfix_add_template(&c->message, t->id, &t->layout);
	}
	c->n_message_templates++;
	t->message = c->n_messages;
	t->sent = now;
}

// In front of the first record, and again when a message with it was refused.
static bool put_with_template(struct target *c, struct template *t, const struct ipfix_record *r,
			      uint64_t now)
{
	if (t->message == 0)
		put_template(c, t, now);
	return ipfix_add_record(&c->message, t->id, r);
}

static void put_record(struct target *c, uint64_t identity, const struct ipfix_record *r,
		       uint64_t now)
{
	if (c->fd < 0) {
		c->stats.no_socket++;
		return;
	}
	const uint64_t hash = template_hash(identity, &r->layout);
	struct template *t = find_template(c, hash, identity, &r->layout);
	if (t == NULL) {
		t = add_template(c, hash, identity, &r->layout);
		if (t == NULL) {
			c->stats.no_template++;
			return;
		}
	}
	for (int tries = 0; tries < 2; tries++) {
		if (put_with_template(c, t, r, now))
			return;
		flush(c);
	}
	ipfix_add_record(&c->message, t->id, r); // the template had filled a message
}

// What a collector may have missed, or not have been there for.
static void renew(struct target *c, uint64_t now)
{
	if (c->fd < 0 && now - c->tried >= EXPORTER_TEMPLATES)
		open_target(c, now);
	for (size_t i = 0; c->fd >= 0 && i < c->n_templates; i++)
		if (now - c->template[i] -> sent >= EXPORTER_TEMPLATES)
			put_template(c, c->template[i], now);
}

void exporter_tick(struct exporter *x, uint64_t now)
{
	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n_targets; i++) {
		renew(x->target[i], now);
		flush(x->target[i]);
	}
	pthread_mutex_unlock(&x->lock);
}

void exporter_flows(struct exporter *x, const struct analyzer *a, uint32_t def, int64_t offset,
		    uint64_t now)
{
	const struct flow_def *d = query_flow(a, def);
	struct completed_row row;
	if (d->ipfix[0] == '\0')
		return;
	const uint64_t identity = identity_of(d);
	pthread_mutex_lock(&x->lock);
	find_targets(x, d, false);
	for (size_t i = 0; query_completed(a, def, i, &row, 1) == 1; i++) {
		ipfix_record(d, &row, offset, &x->record);
		for (size_t k = 0; k < x->n_to; k++)
			put_record(x->to[k], identity, &x->record, now);
	}
	for (size_t k = 0; k < x->n_to; k++)
		flush(x->to[k]);
	pthread_mutex_unlock(&x->lock);
}
