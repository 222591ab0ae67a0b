// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_kernel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <net/if.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "weir/util/clock.h"
#include "weir/input/fragments.h"
#include "weir/input/link.h"
#include "weir/util/log.h"
#include "weir/input/port_bond.h"
#include "weir/input/port_intr.h"

#define VHOST_NET "/dev/vhost-net"
#define LINK_LOOK (100 * CLOCK_NS_PER_MS)

enum {
	RING_SIZE = 512,
	DESCRIPTORS = 256,   // of the interface, each way
	CARRIED = 32,        // frames that are carried at once
	SHORTEST_FRAME = 60, // without the checksum; not every driver pads
	SLEEP_MS = 50,       // below LINK_LOOK, and PORT_BOND_BEAT
	BLIND_SLEEP_MS = 1,  // on an interface that cannot wake us
};

struct port_kernel {
	struct port_kernel_config config;
	uint16_t id;                // of the interface, as DPDK counts
	struct rte_ring *ring;      // workers: enqueue; thread: dequeue
	struct rte_mempool *pool;   // for what the kernel says
	int event;                  // workers: w; thread: r
	struct port_intr intr;      // of the interface; `own` is added to what it waits for
	struct rte_epoll_event own; // DPDK keeps the state of `event` in there
	bool is_up;                 // main: rw
	bool asleep;                // thread: w; workers: r
	bool stop;                  // main: w; thread: r
	bool running;
	bool link_known;  // thread: rw
	bool link;        // thread: rw
	bool link_failed; // thread: rw; told once
	uint64_t next_look;
	pthread_t thread;
	struct port_kernel_stats stats; // thread: relaxed stores; anybody: relaxed loads
};

static int make_interface(struct port_kernel *k, struct err_msg *msg);
static int set_up(struct port_kernel *k, struct err_msg *msg);
static void *run(void *port_kernel);

uint32_t port_kernel_held(void)
{
	return RING_SIZE + DESCRIPTORS;
}

// What the interface's ring holds, and as much on its way out of the port.
uint32_t port_kernel_own(void)
{
	return 2 * DESCRIPTORS;
}

struct port_kernel *port_kernel_new(const struct port_kernel_config *config, struct err_msg *msg)
{
	char name[RTE_RING_NAMESIZE];
	struct port_kernel *k = calloc(1, sizeof(*k));
	if (k == NULL) {
		err_set(msg, ERR_MEMORY, "port %s: out of memory", config->name);
		return NULL;
	}
	k->config = *config;
	k->id = RTE_MAX_ETHPORTS;
	k->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	k->intr.epoll = -1;
	snprintf(name, sizeof(name), "weir-kernel%u", config->port);
	k->ring = rte_ring_create(name, RING_SIZE, config->socket, RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "weir-kpool%u", config->port);
	k->pool = rte_pktmbuf_pool_create(name, port_kernel_own(), 0, 0,
					  rte_pktmbuf_data_room_size(config->pool), config->socket);
	int err = 0;
	if (k->ring == NULL || k->pool == NULL || k->event < 0)
		err = err_set(msg, ERR_MEMORY, "port %s: no memory or descriptors for `kernel`",
			      config->name);
	if (err != 0 || make_interface(k, msg) != 0) {
		port_kernel_free(k);
		return NULL;
	}
	return k;
}

int port_kernel_up(struct port_kernel *k, struct err_msg *msg)
{
	struct log_hold hold; // net_tap complains of what it can do without
	log_hold(&hold);
	const int err = k->is_up ? 0 : set_up(k, msg);
	log_release(&hold);
	free(hold.text);
	k->is_up = k->is_up || err == 0;
	return err;
}

int port_kernel_start(struct port_kernel *k, struct err_msg *msg)
{
	char name[16];
	k->stop = false;
	k->next_look = 0;
	k->intr.settled = false; // by another thread than the one before
	snprintf(name, sizeof(name), "weir-kern%u", k->config.port);
	const int err = rte_ctrl_thread_create(&k->thread, name, NULL, run, k);
	if (err != 0)
		return err_set(msg, ERR_IO, "port %s: cannot start a thread: %s", k->config.name,
			       strerror(-err));
	k->running = true;
	LOG(INFO, PORT, "%s: all but sFlow goes to the kernel's interface %s", k->config.name,
	    k->config.interface);
	return 0;
}

void port_kernel_stop(struct port_kernel *k)
{
	if (k == NULL || !k->running)
		return;
	__atomic_store_n(&k->stop, true, __ATOMIC_RELAXED);
	eventfd_write(k->event, 1);
	pthread_join(k->thread, NULL);
	k->running = false;
}

void port_kernel_down(struct port_kernel *k)
{
	if (k == NULL)
		return;
	link_set_carrier(k->config.interface, false);
	k->link_known = false;
}

void port_kernel_drain(struct port_kernel *k)
{
	struct rte_mbuf *m;
	if (k == NULL)
		return;
	rte_eth_tx_done_cleanup(k->id, 0, 0); // net_tap keeps none and has no such function
	while (k->ring != NULL && rte_ring_dequeue(k->ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

void port_kernel_use(struct port_kernel *k, uint16_t port)
{
	k->config.port = port;
}

void port_kernel_free(struct port_kernel *k)
{
	if (k == NULL)
		return;
	port_kernel_stop(k);
	port_kernel_drain(k);
	port_intr_close(&k->intr);
	if (rte_eth_dev_is_valid_port(k->id)) {
		rte_eth_dev_stop(k->id);
		rte_eth_dev_close(k->id);
	}
	rte_ring_free(k->ring);
	rte_mempool_free(k->pool);
	if (k->event >= 0)
		close(k->event);
	free(k);
}

bool port_kernel_wants(enum stat_id verdict, const struct rte_mbuf *m, bool reassembles)
{
	switch (verdict) {
	case STAT_frame_not_ip:
	case STAT_frame_not_udp:
	case STAT_frame_other_port:
	case STAT_frame_other_host: return true;
	case STAT_frame_fragment:
		return !reassembles ||
		       !fragments_are_udp(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	default: return false;
	}
}

bool port_kernel_take(struct port_kernel *k, struct rte_mbuf *m)
{
	return rte_ring_enqueue(k->ring, m) == 0;
}

void port_kernel_wake(struct port_kernel *k)
{
	// The frame is on the ring before we look whether the thread sleeps; the thread says that
	// it sleeps before it looks at the ring. So one of the two sees the other.
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&k->asleep, __ATOMIC_RELAXED))
		eventfd_write(k->event, 1);
}

void port_kernel_stats(const struct port_kernel *k, struct port_kernel_stats *s)
{
	s->to_kernel = __atomic_load_n(&k->stats.to_kernel, __ATOMIC_RELAXED);
	s->to_kernel_lost = __atomic_load_n(&k->stats.to_kernel_lost, __ATOMIC_RELAXED);
	s->from_kernel = __atomic_load_n(&k->stats.from_kernel, __ATOMIC_RELAXED);
	s->from_kernel_lost = __atomic_load_n(&k->stats.from_kernel_lost, __ATOMIC_RELAXED);
}

// The interface -----------------------------------------------------------------------------------

static int probe(struct port_kernel *k, const char *name, const char *arguments)
{
	char device[160];
	snprintf(device, sizeof(device), "%s,%s", name, arguments);
	const int err = rte_dev_probe(device);
	if (err != 0)
		return err;
	return rte_eth_dev_get_port_by_name(name, &k->id);
}

static int make_virtio(struct port_kernel *k, const char *mac)
{
	char name[32], arguments[128];
	snprintf(name, sizeof(name), "virtio_user_kernel%u", k->config.port);
	snprintf(arguments, sizeof(arguments), "path=%s,iface=%s,mac=%s,queues=1,queue_size=%u",
		 VHOST_NET, k->config.interface, mac, DESCRIPTORS);
	return probe(k, name, arguments);
}

static int make_tap(struct port_kernel *k, const char *mac)
{
	char name[32], arguments[64];
	snprintf(name, sizeof(name), "net_tap_kernel%u", k->config.port);
	snprintf(arguments, sizeof(arguments), "iface=%s,mac=%s", k->config.interface, mac);
	return probe(k, name, arguments);
}

static int make_interface(struct port_kernel *k, struct err_msg *msg)
{
	struct rte_ether_addr mac;
	char text[RTE_ETHER_ADDR_FMT_SIZE];
	struct log_hold hold;
	if (if_nametoindex(k->config.interface) != 0)
		return err_set(msg, ERR_EXISTS, "port %s: kernel: there is an interface %s already",
			       k->config.name, k->config.interface);
	rte_eth_macaddr_get(k->config.port, &mac);
	rte_ether_format_addr(text, sizeof(text), &mac);
	const bool vhost = access(VHOST_NET, R_OK | W_OK) == 0;
	log_hold(&hold);
	const bool virtio = vhost && make_virtio(k, text) == 0;
	const int err = virtio ? 0 : make_tap(k, text);
	log_release(&hold);
	if (err != 0)
		err_set(msg, ERR_IO,
			"port %s: kernel: cannot make the interface %s: %.*s: it takes "
			"CAP_NET_ADMIN and /dev/net/tun",
			k->config.name, k->config.interface,
			hold.text != NULL ? (int)strcspn(hold.text, "\n") : 0,
			hold.text != NULL ? hold.text : "");
	else
		LOG(INFO, PORT, "%s: %s is made by %s", k->config.name, k->config.interface,
		    virtio  ? "vhost-net"
		    : vhost ? "a TAP device: " VHOST_NET " refuses"
			    : "a TAP device");
	free(hold.text);
	return err == 0 ? 0 : ERR_IO;
}

// The interface wakes us, as our own event does.
static void listen_to(struct port_kernel *k)
{
	if (port_intr_open(&k->intr, k->id, 0) != 0)
		return;
	k->own.epdata.event = EPOLLIN;
	rte_epoll_ctl(k->intr.epoll, EPOLL_CTL_ADD, k->event, &k->own);
}

static int set_up(struct port_kernel *k, struct err_msg *msg)
{
	struct rte_eth_conf conf = {.intr_conf.rxq = 1};
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int err = rte_eth_dev_configure(k->id, 1, 1, &conf);
	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(k->id, &rx, &tx);
	if (err == 0)
		err = rte_eth_rx_queue_setup(k->id, 0, rx, k->config.socket, NULL, k->pool);
	if (err == 0)
		err = rte_eth_tx_queue_setup(k->id, 0, tx, k->config.socket, NULL);
	if (err == 0)
		err = rte_eth_dev_start(k->id);
	if (err == 0)
		err = link_set_up(k->config.interface, k->config.mtu);
	if (err != 0)
		return err_set(msg, ERR_IO, "port %s: kernel: cannot set up %s: %s", k->config.name,
			       k->config.interface, strerror(-err));
	listen_to(k);
	return 0;
}

// The thread --------------------------------------------------------------------------------------

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

// A device that has no link is always there.
static void follow_link(struct port_kernel *k)
{
	struct rte_eth_link link = {0};
	const uint64_t now = clock_monotonic();
	if (now < k->next_look)
		return;
	k->next_look = now + LINK_LOOK;
	if (rte_eth_link_get_nowait(k->config.port, &link) != 0)
		link.link_status = RTE_ETH_LINK_UP;
	const bool up = link.link_status == RTE_ETH_LINK_UP;
	if (k->link_known && up == k->link)
		return;
	const int err = link_set_carrier(k->config.interface, up);
	if (err != 0 && !k->link_failed)
		LOG(WARNING, PORT, "%s: the carrier of %s cannot follow its link: %s",
		    k->config.name, k->config.interface, strerror(-err));
	k->link_failed = err != 0;
	k->link_known = err == 0;
	k->link = up;
}

static void send_all(uint16_t port, struct rte_mbuf **m, uint16_t n, uint64_t *sent, uint64_t *lost)
{
	const uint16_t taken = n > 0 ? rte_eth_tx_burst(port, 0, m, n) : 0;
	count(sent, taken);
	count(lost, n - taken);
	rte_pktmbuf_free_bulk(m + taken, n - taken);
}

static bool to_kernel(struct port_kernel *k)
{
	struct rte_mbuf *m[CARRIED];
	const uint16_t n = (uint16_t)rte_ring_sc_dequeue_burst(k->ring, (void **)m, CARRIED, NULL);
	send_all(k->id, m, n, &k->stats.to_kernel, &k->stats.to_kernel_lost);
	return n > 0;
}

static void pad(struct rte_mbuf *m)
{
	if (m->pkt_len >= SHORTEST_FRAME)
		return;
	const uint16_t missing = (uint16_t)(SHORTEST_FRAME - m->pkt_len);
	char *tail = rte_pktmbuf_append(m, missing);
	if (tail != NULL)
		memset(tail, 0, missing);
}

static bool from_kernel(struct port_kernel *k)
{
	struct rte_mbuf *m[CARRIED];
	const uint16_t n = rte_eth_rx_burst(k->id, 0, m, CARRIED);
	for (uint16_t i = 0; i < n; i++)
		pad(m[i]);
	send_all(k->config.port, m, n, &k->stats.from_kernel, &k->stats.from_kernel_lost);
	return n > 0;
}

static void rest(struct port_kernel *k)
{
	uint64_t woken;
	__atomic_store_n(&k->asleep, true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); // see port_kernel_wake()
	if (rte_ring_empty(k->ring)) {
		struct pollfd event = {.fd = k->event, .events = POLLIN};
		if (k->intr.epoll >= 0)
			port_intr_wait(&k->intr, SLEEP_MS);
		else
			poll(&event, 1, BLIND_SLEEP_MS);
	}
	__atomic_store_n(&k->asleep, false, __ATOMIC_RELAXED);
	eventfd_read(k->event, &woken);
}

static void *run(void *port_kernel)
{
	struct port_kernel *k = port_kernel;
	while (!__atomic_load_n(&k->stop, __ATOMIC_RELAXED)) {
		follow_link(k);
		if (k->config.bond != NULL)
			port_bond_beat(k->config.bond, clock_monotonic());
		const bool out = to_kernel(k), in = from_kernel(k);
		if (!out && !in)
			rest(k);
	}
	return NULL;
}
