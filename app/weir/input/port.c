// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port.h"

#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "weir/util/clock.h"
#include "weir/input/fragments.h"
#include "weir/util/log.h"
#include "weir/input/port_device.h"
#include "weir/input/port_host.h"
#include "weir/input/port_out.h"
#include "weir/input/port_queue.h"

#define TRY_AGAIN  CLOCK_NS_PER_S
#define TELL_AGAIN (60 * CLOCK_NS_PER_S)
#define AWAY_SOON  (20 * CLOCK_NS_PER_MS)

struct port {
	struct port_device device;
	uint16_t n_workers;
	struct port_queue *queue;   // one per worker
	struct spread *spread;      // NULL = there is one worker
	struct port_host *host;     // NULL = it answers nothing
	struct port_out *out;       // NULL = nothing can be passed on by it
	struct port_kernel *kernel; // NULL = it has no interface of the kernel

	enum port_trouble trouble; // being mended; main: rw
	uint32_t turn;             // of sending workers away; main: rw
	uint32_t outages;          // main: w
	bool left;                 // nobody uses the device; main: rw
	uint64_t since;            // ns: when the outage began; main: rw
	uint64_t next_try, next_word;
};

static int make_host(struct port *p, struct err_msg *msg);
static int make_kernel(struct port *p, struct err_msg *msg);
static int make_workers(struct port *p, struct err_msg *msg);
static void open_interrupts(struct port *p);
static int open_ways(struct port *p, struct err_msg *msg);
static void receive_all_groups(const struct port_device *d);
static void receive_groups(const struct port_device *d, const struct host *host);

size_t port_memory(const struct port_config *config, size_t page)
{
	return port_device_memory(config, page);
}

struct port *port_open(const struct port_config *config, struct err_msg *msg)
{
	struct port *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		err_set(msg, ERR_MEMORY, "port %s: out of memory", config->device);
		return NULL;
	}
	int err = port_device_open(&p->device, config, msg);
	if (err == 0 && config->kernel != NULL)
		err = make_kernel(p, msg);
	// With an XDP program the kernel answers, as for any NIC of its own. So it does for a port
	// that is isolated. A bond's beat needs a thread, whoever answers.
	else if (err == 0 && !config->xdp &&
		 (port_device_answers(&p->device) || config->n_members > 0))
		err = make_host(p, msg);
	if (err == 0)
		err = make_workers(p, msg);
	if (err == 0)
		return p;
	port_close(p);
	return NULL;
}

int port_start(struct port *p, struct err_msg *msg)
{
	const int err = port_device_start(&p->device, msg);
	return err != 0 ? err : open_ways(p, msg);
}

// What its threads and workers will use.
static int open_ways(struct port *p, struct err_msg *msg)
{
	if (p->out != NULL)
		port_out_use(p->out, p->device.id, p->device.pool, p->device.chains);
	if (p->device.config.interrupt)
		open_interrupts(p);
	if (p->host != NULL)
		receive_groups(&p->device, port_host_host(p->host));
	if (p->kernel == NULL)
		return 0;
	receive_all_groups(&p->device);
	return port_kernel_up(p->kernel, msg);
}

int port_begin(struct port *p, struct err_msg *msg)
{
	if (p->kernel != NULL)
		return port_kernel_start(p->kernel, msg);
	return p->host != NULL ? port_host_start(p->host, msg) : 0;
}

// Nothing but the workers uses the device any more.
static void halt(struct port *p)
{
	for (uint16_t i = 0; p->queue != NULL && i < p->device.queues; i++)
		port_intr_close(&p->queue[i].intr);
	port_host_stop(p->host);
	port_kernel_stop(p->kernel);
}

void port_close(struct port *p)
{
	if (p == NULL)
		return;
	halt(p);
	port_kernel_free(p->kernel);
	port_host_free(p->host);
	port_out_free(p->out);
	for (uint16_t i = 0; p->queue != NULL && i < p->n_workers; i++)
		fragments_free(p->queue[i].config.fragments);
	spread_free(p->spread);
	port_device_close(&p->device);
	free(p->queue);
	free(p);
}

uint16_t port_queues(const struct port *p)
{
	return p->device.queues;
}

uint16_t port_workers(const struct port *p)
{
	return p->n_workers;
}

struct input *port_input(struct port *p, uint16_t worker)
{
	return &p->queue[worker].input;
}

const char *port_name(const struct port *p)
{
	return p->device.name;
}

int port_socket(const struct port *p)
{
	return rte_eth_dev_socket_id(p->device.id);
}

void port_stats(const struct port *p, struct port_stats *s)
{
	port_device_stats(&p->device, s);
	s->outages = __atomic_load_n(&p->outages, __ATOMIC_RELAXED);
}

// What befalls the device -------------------------------------------------------------------------

static void send_workers_away(struct port *p)
{
	p->turn++;
	for (uint16_t i = 0; i < p->n_workers; i++)
		port_queue_shut(&p->queue[i], p->turn);
}

static bool workers_are_away(const struct port *p)
{
	for (uint16_t i = 0; i < p->n_workers; i++)
		if (!port_queue_is_away(&p->queue[i]))
			return false;
	return true;
}

static void call_workers_back(struct port *p)
{
	for (uint16_t i = 0; i < p->n_workers; i++)
		port_queue_shut(&p->queue[i], 0);
	p->trouble = PORT_FINE;
}

// All buffers go home: their pool may not outlive the device.
static void leave(struct port *p)
{
	halt(p);
	port_kernel_down(p->kernel);
	port_host_drain(p->host);
	if (p->out != NULL)
		port_out_use(p->out, 0, NULL, false);
	port_kernel_drain(p->kernel);
	spread_drain(p->spread);
	port_device_leave(&p->device, p->trouble);
	p->left = true;
}

static void use_device(struct port *p)
{
	const struct port_device *d = &p->device;
	if (p->host != NULL)
		port_host_use(p->host, d->id, d->pool);
	if (p->kernel != NULL)
		port_kernel_use(p->kernel, d->id);
	for (uint16_t i = 0; i < p->n_workers; i++)
		p->queue[i].config.port = d->id;
}

static int come_back(struct port *p, struct err_msg *msg)
{
	int err = port_device_return(&p->device, msg);
	if (err != 0)
		return err;
	use_device(p);
	err = port_start(p, msg);
	if (err == 0)
		err = port_begin(p, msg);
	if (err != 0) {
		leave(p);
		return err;
	}
	p->left = false;
	call_workers_back(p);
	return 0;
}

static void notice(struct port *p, uint64_t now)
{
	p->trouble = port_device_trouble(&p->device);
	if (p->trouble == PORT_FINE)
		return;
	p->since = now;
	p->next_try = 0;
	p->next_word = now + TELL_AGAIN;
	send_workers_away(p);
	if (p->trouble == PORT_MEMBERS)
		return;
	__atomic_store_n(&p->outages, p->outages + 1, __ATOMIC_RELAXED);
	LOG(ERR, PORT, "%s: the device %s: its workers wait until it is back", p->device.name,
	    p->trouble == PORT_GONE ? "is gone" : "was reset");
}

// The other members go on receiving into their rings, which are short: no time is to be lost.
static bool wait_for_workers(struct port *p)
{
	static const struct timespec nap = {.tv_nsec = 100000};
	const uint64_t end = clock_monotonic() + AWAY_SOON;
	while (!workers_are_away(p)) {
		if (clock_monotonic() > end)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

// With no member left the workers stay away.
static void change_members(struct port *p)
{
	struct err_msg msg = {0};
	if (!wait_for_workers(p))
		return;
	halt(p);
	port_device_change_members(&p->device);
	if (port_bond_is_empty(&p->device.bond)) {
		port_kernel_down(p->kernel);
		port_bond_forget(&p->device.bond);
		return;
	}
	int err = open_ways(p, &msg);
	if (err == 0)
		err = port_begin(p, &msg);
	call_workers_back(p);
	port_bond_forget(&p->device.bond);
	if (err != 0)
		LOG(ERR, PORT, "%s", msg.text);
}

void port_mend(struct port *p)
{
	struct err_msg msg = {0};
	const uint64_t now = clock_monotonic();
	if (p->trouble == PORT_FINE)
		notice(p, now);
	if (p->trouble == PORT_MEMBERS && port_bond_look(&p->device.bond, 0, now))
		change_members(p);
	if (p->trouble == PORT_MEMBERS)
		return;
	if (p->trouble == PORT_FINE || now < p->next_try || (!p->left && !workers_are_away(p)))
		return;
	if (!p->left)
		leave(p);
	if (come_back(p, &msg) == 0) {
		LOG(NOTICE, PORT, "%s: the device is back after %.1f s", p->device.name,
		    (double)(clock_monotonic() - p->since) / 1e9);
		return;
	}
	p->next_try = now + TRY_AGAIN;
	if (now < p->next_word)
		return;
	p->next_word = now + TELL_AGAIN;
	LOG(ERR, PORT, "%s; trying again every second", msg.text);
}

// Set-up ------------------------------------------------------------------------------------------

static void open_interrupts(struct port *p)
{
	uint16_t n = 0;
	int err = 0;
	struct log_hold hold;
	log_hold(&hold);
	while (n < p->device.queues &&
	       (err = port_intr_open(&p->queue[n].intr, p->device.id, n)) == 0)
		n++;
	log_release(&hold);
	free(hold.text);
	if (n == p->device.queues)
		LOG(INFO, PORT, "%s: idle workers wait for its interrupt", p->device.name);
	else
		LOG(WARNING, PORT, "%s: no interrupt on queue %u: %s: its worker naps when idle",
		    p->device.name, n, rte_strerror(-err));
}

static int make_workers(struct port *p, struct err_msg *msg)
{
	// Queues that the device lacks are made up for: their workers live from what others deal.
	p->n_workers = p->device.config.workers > p->device.config.queues ? p->device.config.workers
									  : p->device.config.queues;
	const size_t size = p->n_workers * sizeof(*p->queue);
	p->queue = aligned_alloc(64, size);
	if (p->queue == NULL)
		return err_set(msg, ERR_MEMORY, "port %s: out of memory", p->device.name);
	memset(p->queue, 0, size);
	for (uint16_t i = 0; i < p->n_workers; i++)
		p->queue[i].intr.epoll = -1;
	if (p->n_workers > 1) {
		p->spread = spread_new(p->device.name, p->n_workers, p->device.queues,
				       p->device.config.spread, port_socket(p), msg);
		if (p->spread == NULL)
			return ERR_MEMORY;
	}
	for (uint16_t i = 0; i < p->n_workers; i++) {
		struct port_queue_config c = {.port = p->device.id,
					      .worker = i,
					      .receives = i < p->device.queues,
					      .descriptors = p->device.descriptors,
					      .policy = &p->device.config.policy,
					      .host = p->host,
					      .out = p->out,
					      .kernel = p->kernel,
					      .spread = p->spread};
		if (p->device.config.fragments > 0) {
			c.fragments = fragments_new(&p->device.config.policy,
						    p->device.config.fragments, msg);
			if (c.fragments == NULL)
				return ERR_MEMORY;
		}
		port_queue_init(&p->queue[i], &c);
	}
	return 0;
}

static int make_host(struct port *p, struct err_msg *msg)
{
	struct rte_ether_addr mac;
	if (p->device.tx_queues == 0 || rte_eth_macaddr_get(p->device.id, &mac) != 0) {
		LOG(WARNING, PORT, "%s: the device cannot send: nobody answers for `addresses`",
		    p->device.name);
		return 0;
	}
	if (port_device_answers(&p->device)) {
		p->out = port_out_new(p->device.name, &p->device.config.policy,
				      p->device.config.mtu, port_socket(p), msg);
		if (p->out == NULL)
			return ERR_MEMORY;
	}
	struct port_host_config c = {
		.out = p->out,
		.port = p->device.id,
		.name = p->device.name,
		.pool = p->device.pool,
		.socket = port_socket(p),
		.bond = p->device.config.n_members > 0 ? &p->device.bond : NULL,
		.host = {.address = p->device.config.policy.address,
			 .n_address = port_device_answers(&p->device)
					      ? p->device.config.policy.n_address
					      : 0,
			 .udp_port = p->device.config.policy.udp_port,
			 .unreachable = p->device.config.unreachable,
			 .rate = p->device.config.answer_rate},
	};
	memcpy(c.host.mac, mac.addr_bytes, 6);
	p->host = port_host_new(&c, msg);
	return p->host != NULL ? 0 : ERR_MEMORY;
}

static int make_kernel(struct port *p, struct err_msg *msg)
{
	if (p->device.tx_queues == 0)
		return err_set(msg, ERR_INVALID,
			       "port %s: kernel: the device cannot send what the kernel says",
			       p->device.name);
	const struct port_kernel_config c = {
		.port = p->device.id,
		.name = p->device.name,
		.interface = p->device.config.kernel,
		.mtu = p->device.config.mtu,
		.pool = p->device.pool,
		.socket = port_socket(p),
		.bond = p->device.config.n_members > 0 ? &p->device.bond : NULL};
	p->kernel = port_kernel_new(&c, msg);
	return p->kernel != NULL ? 0 : ERR_IO;
}

struct port_out *port_out(const struct port *p)
{
	return p->out;
}

void port_kernel_counts(const struct port *p, struct port_kernel_stats *s)
{
	*s = (struct port_kernel_stats){0};
	if (p->kernel != NULL)
		port_kernel_stats(p->kernel, s);
}

const struct host *port_host(const struct port *p)
{
	return p->host != NULL ? port_host_host(p->host) : NULL;
}

// The kernel's daemons join groups that we know nothing of.
static void receive_all_groups(const struct port_device *d)
{
	if (!d->config.promiscuous && rte_eth_allmulticast_enable(d->id) != 0)
		LOG(WARNING, PORT,
		    "%s: the device takes no groups: LLDP, IPv6 and the like do not reach the "
		    "kernel; `promiscuous: true` may help",
		    d->name);
}

// Solicitations go to groups: a card that filters by address must let those through.
static void receive_groups(const struct port_device *d, const struct host *host)
{
	struct rte_ether_addr mac;
	uint32_t n = 0;
	if (d->config.promiscuous || rte_eth_promiscuous_get(d->id) == 1)
		return;
	while (host_group(host, n, mac.addr_bytes))
		n++;
	struct rte_ether_addr *all = calloc(n + 1, sizeof(*all));
	for (uint32_t i = 0; all != NULL && i < n; i++)
		host_group(host, i, all[i].addr_bytes);
	if (n > 0 && (all == NULL || rte_eth_dev_set_mc_addr_list(d->id, all, n) != 0) &&
	    rte_eth_allmulticast_enable(d->id) != 0)
		LOG(WARNING, PORT,
		    "%s: the device takes no groups: neighbours cannot resolve its IPv6 addresses; "
		    "`promiscuous: true` may help",
		    d->name);
	free(all);
}
