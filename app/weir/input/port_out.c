// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_out.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ring.h>

#include "weir/config/config_forward.h"
#include "weir/input/checksum.h"

enum {
	BATCH = 64, // datagrams under the mutex
	SEND_QUEUE = 0,
	IP4_SIZE = 20,
	IP6_SIZE = 40,
	UDP_SIZE = 8,
	TTL = 64,
	DONT_FRAGMENT = 0x4000,
	PROTOCOL_UDP = 17,
	LONGEST_HEAD = 14 + 4 + IP6_SIZE + UDP_SIZE,
	SHORTEST_FRAME = 60, // without the checksum; not every driver pads
};

struct port_way {
	struct port_out_target target;
	struct frame_address from; // ours
	int seek;                  // of the next hop; -1 = not asked for yet. Host's thread: rw
	struct port_way_stats stats;
};

struct port_out {
	const char *name;
	const struct frame_policy *policy;
	uint16_t mtu;
	struct rte_ring *ring;
	uint32_t n_ways; // atomic; workers look once per burst

	uint64_t dropped __attribute__((aligned(64))); // atomic

	pthread_mutex_t lock __attribute__((aligned(64))); // of what follows
	uint16_t port;
	struct rte_mempool *pool; // NULL = the device is away
	bool chains;
	struct port_way *way[PORT_OUT_WAYS];
	struct port_way *gone[PORT_OUT_WAYS]; // whose neighbours are to be forgotten
	uint32_t n_gone;
};

struct port_out *port_out_new(const char *name, const struct frame_policy *policy, uint16_t mtu,
			      int socket, struct err_msg *msg)
{
	char ring[RTE_RING_NAMESIZE];
	struct port_out *out = aligned_alloc(64, sizeof(*out));
	if (out != NULL) {
		*out = (struct port_out){.name = name, .policy = policy, .mtu = mtu};
		snprintf(ring, sizeof(ring), "weir-out-%.16s", name);
		out->ring = rte_ring_create(ring, PORT_OUT_HELD, socket, RING_F_SC_DEQ);
	}
	if (out != NULL && out->ring != NULL) {
		pthread_mutex_init(&out->lock, NULL);
		return out;
	}
	free(out);
	err_set(msg, ERR_MEMORY, "port %s: out of memory", name);
	return NULL;
}

static void drain(struct port_out *out)
{
	struct rte_mbuf *m;
	while (rte_ring_dequeue(out->ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

void port_out_free(struct port_out *out)
{
	if (out == NULL)
		return;
	drain(out);
	for (uint32_t i = 0; i < PORT_OUT_WAYS; i++) {
		free(out->way[i]);
		free(i < out->n_gone ? out->gone[i] : NULL);
	}
	rte_ring_free(out->ring);
	pthread_mutex_destroy(&out->lock);
	free(out);
}

void port_out_use(struct port_out *out, uint16_t port, struct rte_mempool *pool, bool chains)
{
	pthread_mutex_lock(&out->lock);
	out->port = port;
	out->pool = pool;
	out->chains = chains;
	if (pool == NULL)
		drain(out);
	pthread_mutex_unlock(&out->lock);
}

// Targets -----------------------------------------------------------------------------------------

static bool is_link_local(const struct addr *a)
{
	return a->family == ADDR_IP6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static const struct frame_address *source_for(const struct port_out *out, const struct addr *target)
{
	for (uint32_t i = 0; i < out->policy->n_address; i++) {
		const struct frame_address *a = &out->policy->address[i];
		if (a->addr.family == target->family &&
		    (!is_link_local(&a->addr) || is_link_local(target)))
			return a;
	}
	return NULL;
}

struct port_way *port_out_open(struct port_out *out, const struct port_out_target *target,
			       struct err_msg *msg)
{
	const struct frame_address *from = source_for(out, &target->addr);
	if (from == NULL) {
		err_set(msg, ERR_INVALID, "port %s has no %s among its `addresses`", out->name,
			target->addr.family == ADDR_IP6 ? "IPv6 address" : "IPv4 address");
		return NULL;
	}
	struct port_way *way = calloc(1, sizeof(*way));
	if (way == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	*way = (struct port_way){.target = *target, .from = *from, .seek = -1};
	if (way->from.vlan == FRAME_ANY_VLAN)
		way->from.vlan = 0;
	uint32_t i = 0;
	pthread_mutex_lock(&out->lock);
	while (i < PORT_OUT_WAYS && out->way[i] != NULL)
		i++;
	// Those that are gone hold their neighbours until the host's thread has come by.
	const bool full = out->n_ways + out->n_gone >= PORT_OUT_WAYS;
	if (!full) {
		out->way[i] = way;
		__atomic_store_n(&out->n_ways, out->n_ways + 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&out->lock);
	if (!full)
		return way;
	free(way);
	err_set(msg, ERR_FULL, "port %s: expected at most %d targets", out->name, PORT_OUT_WAYS);
	return NULL;
}

void port_out_close(struct port_out *out, struct port_way *way)
{
	pthread_mutex_lock(&out->lock);
	for (uint32_t i = 0; i < PORT_OUT_WAYS; i++) {
		if (out->way[i] != way)
			continue;
		out->way[i] = NULL;
		out->gone[out->n_gone++] = way;
		__atomic_store_n(&out->n_ways, out->n_ways - 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&out->lock);
}

void port_out_stats(struct port_out *out, const struct port_way *way, struct port_way_stats *s)
{
	pthread_mutex_lock(&out->lock);
	*s = way->stats;
	pthread_mutex_unlock(&out->lock);
}

bool port_out_waits(const struct port_out *out)
{
	return !rte_ring_empty(out->ring);
}

uint64_t port_out_dropped(const struct port_out *out)
{
	return __atomic_load_n(&out->dropped, __ATOMIC_RELAXED);
}

// The way in --------------------------------------------------------------------------------------

bool port_out_wanted(const struct port_out *out)
{
	return __atomic_load_n(&out->n_ways, __ATOMIC_RELAXED) > 0;
}

void port_out_give(struct port_out *out, struct rte_mbuf **m, uint16_t n)
{
	const unsigned taken = rte_ring_enqueue_burst(out->ring, (void **)m, n, NULL);
	if (taken == n)
		return;
	rte_pktmbuf_free_bulk(m + taken, n - taken);
	port_out_lose(out, n - taken);
}

void port_out_lose(struct port_out *out, unsigned n)
{
	__atomic_fetch_add(&out->dropped, n, __ATOMIC_RELAXED);
}

struct rte_mbuf *port_out_copy(struct rte_mempool *pool, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	if (m == NULL || len > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), data, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	m->hash.usr = PORT_OUT_COPIED;
	return m;
}

bool port_out_pass(struct port_out *out, const uint8_t *data, uint32_t len)
{
	pthread_mutex_lock(&out->lock);
	struct rte_mbuf *m = out->pool != NULL ? port_out_copy(out->pool, data, len) : NULL;
	if (m != NULL)
		port_out_give(out, &m, 1);
	else
		port_out_lose(out, 1);
	pthread_mutex_unlock(&out->lock);
	return m != NULL;
}

// The way out -------------------------------------------------------------------------------------

// What all targets of a batch share.
struct batch {
	struct rte_mbuf *m[BATCH];
	struct addr agent[BATCH];
	uint64_t sum[BATCH]; // of the payload
	uint16_t n;
};

static uint32_t ip_size(const struct port_way *way)
{
	return way->from.addr.family == ADDR_IP4 ? IP4_SIZE : IP6_SIZE;
}

static uint8_t *write_ip(const struct port_way *way, uint8_t *p, uint32_t udp_len)
{
	const struct addr *from = &way->from.addr, *to = &way->target.addr;
	if (from->family == ADDR_IP4) {
		memset(p, 0, IP4_SIZE);
		p[0] = 0x45;
		store_be16(p + 2, (uint16_t)(IP4_SIZE + udp_len));
		store_be16(p + 6, DONT_FRAGMENT);
		p[8] = TTL;
		p[9] = PROTOCOL_UDP;
		memcpy(p + 12, from->bytes, 4);
		memcpy(p + 16, to->bytes, 4);
		checksum_store(p + 10, checksum_add(0, p, IP4_SIZE));
		return p + IP4_SIZE;
	}
	memset(p, 0, 8);
	p[0] = 0x60;
	store_be16(p + 4, (uint16_t)udp_len);
	p[6] = PROTOCOL_UDP;
	p[7] = TTL;
	memcpy(p + 8, from->bytes, 16);
	memcpy(p + 24, to->bytes, 16);
	return p + IP6_SIZE;
}

// All that stands before the payload, whose sum is known; returns the length.
static uint32_t write_head(const struct port_out *out, const struct port_way *way,
			   const struct host *host, uint8_t *p, uint32_t len, uint64_t sum)
{
	const uint32_t size = way->from.addr.family == ADDR_IP4 ? 4 : 16, udp_len = UDP_SIZE + len;
	uint8_t *at = p;
	memcpy(at, host_found(host, way->seek), 6);
	memcpy(at + 6, host_mac(host), 6);
	if (way->from.vlan != 0) {
		store_be16(at + 12, 0x8100);
		store_be16(at + 14, way->from.vlan);
		at += 4;
	}
	store_be16(at + 12, size == 4 ? 0x0800 : 0x86dd);
	at = write_ip(way, at + 14, udp_len);
	store_be16(at, out->policy->udp_port);
	store_be16(at + 2, way->target.port);
	store_be16(at + 4, (uint16_t)udp_len);
	memset(at + 6, 0, 2);
	sum = checksum_add(checksum_add(sum, way->from.addr.bytes, size), way->target.addr.bytes,
			   size);
	sum = checksum_add_u16(checksum_add_u16(sum, PROTOCOL_UDP), (uint16_t)udp_len);
	checksum_store(at + 6, checksum_add(sum, at, UDP_SIZE));
	if (load_be16(at + 6) == 0) // which would say that there is none
		store_be16(at + 6, 0xffff);
	return (uint32_t)(at + UDP_SIZE - p);
}

// A frame for a target: headers, and behind them the payload's buffer, or a copy. NULL: there is no
// buffer for it.
static struct rte_mbuf *frame_for(const struct port_out *out, const struct port_way *way,
				  const struct host *host, struct rte_mbuf *m, uint64_t sum)
{
	struct rte_mbuf *h = rte_pktmbuf_alloc(out->pool);
	if (h == NULL)
		return NULL;
	const uint32_t len = m->data_len;
	uint8_t *p = rte_pktmbuf_mtod(h, uint8_t *);
	const uint32_t head = write_head(out, way, host, p, len, sum);
	h->data_len = (uint16_t)head;
	h->pkt_len = head + len;
	if (out->chains && head + len >= SHORTEST_FRAME) {
		rte_mbuf_refcnt_update(m, 1);
		h->next = m;
		h->nb_segs = 2;
		return h;
	}
	if (len > rte_pktmbuf_tailroom(h)) {
		rte_pktmbuf_free(h);
		return NULL;
	}
	memcpy(p + head, rte_pktmbuf_mtod(m, const uint8_t *), len);
	const uint32_t size = head + len < SHORTEST_FRAME ? SHORTEST_FRAME : head + len;
	memset(p + head + len, 0, size - head - len);
	h->data_len = (uint16_t)size;
	h->pkt_len = size;
	return h;
}

static bool resolve(struct port_way *way, struct host *host, uint64_t now)
{
	const struct addr *via = &way->target.via;
	if (way->seek < 0)
		way->seek = host_seek(host, now, via, way->from.vlan);
	return way->seek >= 0 && host_found(host, way->seek) != NULL &&
	       host_has(host, &way->from.addr, way->from.vlan);
}

// Frames for one target, as the card takes them; what it does not take is lost.
static void send_to(struct port_out *out, struct port_way *way, struct host *host,
		    const struct batch *b, uint64_t now)
{
	struct rte_mbuf *frame[BATCH];
	uint32_t len[BATCH];
	bool copied[BATCH];
	uint16_t n = 0;
	struct port_way_stats *s = &way->stats;
	const bool known = resolve(way, host, now);
	for (uint16_t i = 0; i < b->n; i++) {
		if (!forward_wants(way->target.agents, &b->agent[i]))
			continue;
		struct rte_mbuf *m = b->m[i];
		len[n] = m->data_len;
		copied[n] = m->hash.usr == PORT_OUT_COPIED || !out->chains;
		if (!known)
			s->unresolved++;
		else if (ip_size(way) + UDP_SIZE + m->data_len > out->mtu)
			s->too_long++;
		else if ((frame[n] = frame_for(out, way, host, m, b->sum[i])) == NULL)
			s->refused++;
		else
			n++;
	}
	const uint16_t sent = n > 0 ? rte_eth_tx_burst(out->port, SEND_QUEUE, frame, n) : 0;
	for (uint16_t i = 0; i < sent; i++) {
		s->bytes += len[i];
		s->copied += copied[i];
	}
	s->sent += sent;
	s->refused += n - sent;
	for (uint16_t i = sent; i < n; i++)
		rte_pktmbuf_free(frame[i]);
}

static void forget(struct port_out *out, struct host *host)
{
	for (; out->n_gone > 0; out->n_gone--) {
		struct port_way *way = out->gone[out->n_gone - 1];
		if (way->seek >= 0)
			host_forget(host, way->seek);
		free(way);
	}
}

// Whoever is to get something is asked for before anything comes.
static void seek_all(struct port_out *out, struct host *host, uint64_t now)
{
	for (uint32_t i = 0; i < PORT_OUT_WAYS; i++)
		if (out->way[i] != NULL)
			resolve(out->way[i], host, now);
}

bool port_out_send(struct port_out *out, struct host *host, uint64_t now)
{
	struct batch b;
	pthread_mutex_lock(&out->lock);
	forget(out, host);
	seek_all(out, host, now);
	b.n = out->pool == NULL
		      ? 0
		      : (uint16_t)rte_ring_dequeue_burst(out->ring, (void **)b.m, BATCH, NULL);
	for (uint16_t i = 0; i < b.n; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(b.m[i], const uint8_t *);
		b.agent[i] = forward_agent(data, b.m[i]->data_len);
		b.sum[i] = checksum_add(0, data, b.m[i]->data_len);
	}
	for (uint32_t i = 0; i < PORT_OUT_WAYS && b.n > 0; i++)
		if (out->way[i] != NULL)
			send_to(out, out->way[i], host, &b, now);
	pthread_mutex_unlock(&out->lock);
	rte_pktmbuf_free_bulk(b.m, b.n);
	return b.n == BATCH;
}
