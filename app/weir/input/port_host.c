// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_host.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "base/strbuf.h"
#include "weir/util/clock.h"
#include "weir/util/log.h"
#include "weir/input/port_bond.h"
#include "weir/input/port_out.h"

#define LINK_LOOK (100 * CLOCK_NS_PER_MS)

enum {
	RING_SIZE = 512,
	SEND_QUEUE = 0,
	SHORTEST_FRAME = 60, // without the checksum; not every driver pads
};

struct port_host {
	struct port_host_config config;
	struct host *host;
	struct rte_ring *ring; // workers: enqueue; thread: dequeue
	sem_t wake;
	bool stop; // main: w; thread: r
	bool running;
	pthread_t thread;
	bool link;              // thread: rw
	enum host_state *state; // of each address, as last told; thread: rw
};

static void *run(void *port_host);

struct port_host *port_host_new(const struct port_host_config *config, struct err_msg *msg)
{
	char name[RTE_RING_NAMESIZE];
	struct port_host *ph = calloc(1, sizeof(*ph));
	if (ph == NULL) {
		err_set(msg, ERR_MEMORY, "port %s: out of memory", config->name);
		return NULL;
	}
	sem_init(&ph->wake, 0, 0);
	ph->config = *config;
	ph->host = host_new(&config->host, msg);
	snprintf(name, sizeof(name), "weir-host%u", config->port);
	ph->ring = rte_ring_create(name, RING_SIZE, config->socket, RING_F_SC_DEQ);
	// Each address may bring a link-local one.
	ph->state = calloc(2 * config->host.n_address + 1, sizeof(*ph->state));
	if (ph->ring == NULL || ph->state == NULL)
		err_set(msg, ERR_MEMORY, "port %s: out of memory", config->name);
	if (ph->host == NULL || ph->ring == NULL || ph->state == NULL) {
		port_host_free(ph);
		return NULL;
	}
	return ph;
}

int port_host_start(struct port_host *ph, struct err_msg *msg)
{
	char name[16];
	snprintf(name, sizeof(name), "weir-host%u", ph->config.port);
	ph->stop = false;
	ph->link = false; // that it comes is news to the host: it announces its addresses
	const int err = rte_ctrl_thread_create(&ph->thread, name, NULL, run, ph);
	if (err != 0)
		return err_set(msg, ERR_IO, "port %s: cannot start a thread: %s", ph->config.name,
			       strerror(-err));
	ph->running = true;
	return 0;
}

void port_host_stop(struct port_host *ph)
{
	if (ph == NULL || !ph->running)
		return;
	__atomic_store_n(&ph->stop, true, __ATOMIC_RELAXED);
	sem_post(&ph->wake);
	pthread_join(ph->thread, NULL);
	ph->running = false;
}

void port_host_drain(struct port_host *ph)
{
	struct rte_mbuf *m;
	while (ph != NULL && ph->ring != NULL && rte_ring_dequeue(ph->ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

void port_host_use(struct port_host *ph, uint16_t port, struct rte_mempool *pool)
{
	ph->config.port = port;
	ph->config.pool = pool;
}

void port_host_free(struct port_host *ph)
{
	if (ph == NULL)
		return;
	port_host_stop(ph);
	port_host_drain(ph);
	rte_ring_free(ph->ring);
	host_free(ph->host);
	sem_destroy(&ph->wake);
	free(ph->state);
	free(ph);
}

bool port_host_take(struct port_host *ph, enum stat_id verdict, struct rte_mbuf *m)
{
	return host_wants(ph->host, verdict, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len) &&
	       rte_ring_enqueue(ph->ring, m) == 0;
}

void port_host_wake(struct port_host *ph)
{
	sem_post(&ph->wake);
}

const struct host *port_host_host(const struct port_host *ph)
{
	return ph->host;
}

// Send @p len bytes that were written to @p m.
static void send_frame(struct port_host *ph, struct rte_mbuf *m, uint32_t len)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	const uint32_t size = len < SHORTEST_FRAME ? SHORTEST_FRAME : len;
	memset(frame + len, 0, size - len);
	m->data_len = (uint16_t)size;
	m->pkt_len = size;
	if (rte_eth_tx_burst(ph->config.port, SEND_QUEUE, &m, 1) == 1)
		return;
	rte_pktmbuf_free(m);
	host_add(ph->host, HOST_unsent, 1);
}

static uint32_t room(const struct rte_mbuf *m)
{
	return (uint32_t)m->buf_len - m->data_off;
}

static void answer(struct port_host *ph, struct rte_mbuf *question)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ph->config.pool);
	if (m == NULL) {
		host_add(ph->host, HOST_received, 1);
		host_add(ph->host, HOST_no_room, 1);
	} else {
		const uint32_t len = host_answer(
			ph->host, clock_monotonic(), rte_pktmbuf_mtod(question, const uint8_t *),
			question->data_len, rte_pktmbuf_mtod(m, uint8_t *), room(m));
		if (len > 0)
			send_frame(ph, m, len);
		else
			rte_pktmbuf_free(m);
	}
	rte_pktmbuf_free(question);
}

static void announce(struct port_host *ph)
{
	for (;;) {
		const uint64_t now = clock_monotonic();
		if (host_next(ph->host) > now)
			return;
		struct rte_mbuf *m = rte_pktmbuf_alloc(ph->config.pool);
		if (m == NULL)
			return;
		const uint32_t len =
			host_timer(ph->host, now, rte_pktmbuf_mtod(m, uint8_t *), room(m));
		if (len > 0)
			send_frame(ph, m, len);
		else
			rte_pktmbuf_free(m);
	}
}

static void look_at_link(struct port_host *ph)
{
	struct rte_eth_link link = {0};
	if (rte_eth_link_get_nowait(ph->config.port, &link) != 0)
		link.link_status = RTE_ETH_LINK_UP; // a device that has none is always there
	const bool up = link.link_status == RTE_ETH_LINK_UP;
	if (up != ph->link)
		host_link(ph->host, clock_monotonic(), up);
	ph->link = up;
}

// What became of the addresses, told once.
static void tell(struct port_host *ph)
{
	struct host_view v;
	char text[ADDR_TEXT_SIZE], tag[16] = "", mac[16];
	for (uint32_t i = 0; host_view(ph->host, i, &v); i++) {
		if (v.state == ph->state[i])
			continue;
		ph->state[i] = v.state;
		addr_text(&v.addr, text);
		tag[0] = '\0';
		if (v.vlan != 0 && v.vlan != FRAME_ANY_VLAN)
			snprintf(tag, sizeof(tag), " on VLAN %u", v.vlan);
		if (v.state == HOST_USED)
			LOG(NOTICE, PORT, "%s: answers for %s%s", ph->config.name, text, tag);
		if (v.state != HOST_DUPLICATE)
			continue;
		struct strbuf b = strbuf_of(mac, sizeof(mac));
		addr_mac_format(&b, v.other);
		LOG(ERR, PORT, "%s: %s%s is in use by %s: not answering for it", ph->config.name,
		    text, tag, mac);
	}
}

static void rest(struct port_host *ph)
{
	const uint64_t longest = ph->config.bond != NULL ? PORT_BOND_BEAT : LINK_LOOK;
	const uint64_t look = clock_monotonic() + longest, next = host_next(ph->host);
	const struct timespec until = clock_timespec(next < look ? next : look);
	while (sem_clockwait(&ph->wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
		continue;
	// However often it was called meanwhile, once is enough: the ring is read to its end.
	while (sem_trywait(&ph->wake) == 0)
		continue;
}

static void *run(void *port_host)
{
	struct port_host *ph = port_host;
	struct rte_mbuf *m;
	while (!__atomic_load_n(&ph->stop, __ATOMIC_RELAXED)) {
		look_at_link(ph);
		if (ph->config.bond != NULL && port_bond_beat(ph->config.bond, clock_monotonic()))
			host_moved(ph->host, clock_monotonic());
		for (unsigned n = 0; n < RING_SIZE && rte_ring_dequeue(ph->ring, (void **)&m) == 0;
		     n++)
			answer(ph, m);
		const bool more = ph->config.out != NULL &&
				  port_out_send(ph->config.out, ph->host, clock_monotonic());
		announce(ph);
		tell(ph);
		if (!more && rte_ring_empty(ph->ring))
			rest(ph);
	}
	return NULL;
}
