// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/port.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "base/strbuf.h"
#include "weir/eal.h"
#include "weir/fragments.h"
#include "weir/log.h"
#include "weir/port_bond.h"
#include "weir/port_host.h"
#include "weir/port_kernel.h"
#include "weir/port_queue.h"
#include "weir/port_xdp.h"

enum {
	FRAME_OVERHEAD = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN,
	BUFFER_SMALLEST = 2048,                      // what many cards ask for at least
	BUFFER_HEAD = sizeof(struct rte_mbuf) + 128, // and what the pool adds
	TX_DESCRIPTORS = 64,
	POOL_CACHE = 256,  // buffers that an lcore may hold back
	RING_LEAST = 2048, // net_af_xdp's fill ring, whatever number of descriptors is asked for
};

struct port {
	char name[RTE_ETH_NAME_MAX_LEN];
	struct port_config config;
	struct frame_policy policy;
	uint16_t id;
	uint16_t queues;
	uint16_t descriptors;
	uint16_t tx_descriptors;
	bool started;
	bool link_events;
	bool isolated; // nothing comes but what rules let in: the kernel has the rest
	struct rte_mempool *pool;
	uint16_t n_workers;
	struct port_queue *queue;   // one per worker
	struct spread *spread;      // NULL = there is one worker
	struct port_host *host;     // NULL = it answers nothing
	struct port_kernel *kernel; // NULL = it has no interface of the kernel
	struct port_bond bond;      // without members when it is no bond
	struct port_xdp xdp;        // until the port has started
};

static int refuse(const struct port *p, const char *what, int err, const struct log_hold *said,
		  struct err_msg *msg);
static int find_device(struct port *p, struct err_msg *msg);
static int configure(struct port *p, struct err_msg *msg);
static int make_pool(struct port *p, const struct rte_eth_dev_info *info, struct err_msg *msg);
static int make_workers(struct port *p, struct err_msg *msg);
static int set_up_queues(struct port *p, uint16_t tx_queues, struct err_msg *msg);
static int make_host(struct port *p, uint16_t tx_queues, struct err_msg *msg);
static int make_kernel(struct port *p, uint16_t tx_queues, struct err_msg *msg);
static void receive_all_groups(const struct port *p);
static void receive_groups(const struct port *p);
static int on_link(uint16_t id, enum rte_eth_event_type type, void *port, void *ret);
static int on_trouble(uint16_t id, enum rte_eth_event_type type, void *port, void *ret);

static uint32_t buffer_size(const struct port_config *c)
{
	const uint32_t frame = RTE_ALIGN_CEIL(c->mtu + FRAME_OVERHEAD, 64u);
	return RTE_PKTMBUF_HEADROOM + (frame > BUFFER_SMALLEST ? frame : BUFFER_SMALLEST);
}

// Every queue may hold all of its descriptors and a burst while the caches of two lcores (the
// worker and main, which fills the ring) keep some back.
static uint32_t buffer_count(const struct port_config *c)
{
	if (c->buffers > 0)
		return c->buffers;
	const uint32_t ring = c->descriptors > RING_LEAST ? c->descriptors : RING_LEAST;
	const uint32_t workers = c->workers > c->queues ? c->workers : c->queues;
	const uint32_t inboxes = workers > 1 ? workers * spread_inbox() : 0;
	const uint32_t kernel = c->kernel != NULL ? port_kernel_buffers() : 0;
	const uint32_t rings = c->queues * (c->n_members > 0 ? c->n_members : 1);
	return rings * ring + workers * (INPUT_BURST + 2 * POOL_CACHE) + inboxes + kernel;
}

// Does a card write to its buffers?
static bool is_hardware(const struct port_config *c)
{
	bool pci = eal_is_pci(c->device);
	for (uint32_t i = 0; i < c->n_members; i++)
		pci = pci || eal_is_pci(c->member[i]);
	return pci;
}

static bool is_af_xdp(const struct port_config *c)
{
	bool is = strncmp(c->device, "net_af_xdp", 10) == 0;
	for (uint32_t i = 0; i < c->n_members; i++)
		is = is || strncmp(c->member[i], "net_af_xdp", 10) == 0;
	return is;
}

size_t port_memory(const struct port_config *config, size_t page)
{
	const size_t n = buffer_count(config), size = buffer_size(config) + BUFFER_HEAD;
	if (!is_hardware(config))
		return RTE_ALIGN_CEIL(n * size, page) + page;
	// The pool lets no buffer cross the border of a page, so that a device could write it.
	if (size > page)
		return n * RTE_ALIGN_CEIL(size, page);
	return (n / (page / size) + 1) * page;
}

struct port *port_open(const struct port_config *config, struct err_msg *msg)
{
	struct port *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		err_set(msg, ERR_MEMORY, "port %s: out of memory", config->device);
		return NULL;
	}
	p->config = *config;
	p->policy = config->policy;
	// A vdev goes by what stands before its arguments.
	snprintf(p->name, sizeof(p->name), "%.*s", (int)strcspn(config->device, ","),
		 config->device);
	int err = 0;
	if (config->xdp) {
		err = port_xdp_prepare(&p->xdp, config->device, config->policy.udp_port,
				       config->xdp_fragments, msg);
		p->config.device = p->xdp.device;
		p->config.promiscuous = false; // others' frames are the kernel's affair
	}
	if (err != 0 || find_device(p, msg) != 0 || configure(p, msg) != 0) {
		port_close(p);
		return NULL;
	}
	return p;
}

static void open_interrupts(struct port *p)
{
	uint16_t n = 0;
	int err = 0;
	struct log_hold hold;
	log_hold(&hold);
	while (n < p->queues && (err = port_intr_open(&p->queue[n].intr, p->id, n)) == 0)
		n++;
	log_release(&hold);
	free(hold.text);
	if (n == p->queues)
		LOG(INFO, PORT, "%s: idle workers wait for its interrupt", p->name);
	else
		LOG(WARNING, PORT, "%s: no interrupt on queue %u: %s: its worker naps when idle",
		    p->name, n, rte_strerror(-err));
}

int port_start(struct port *p, struct err_msg *msg)
{
	struct rte_eth_link link;
	struct log_hold hold;
	log_hold(&hold);
	const int err = rte_eth_dev_start(p->id);
	log_release(&hold);
	if (err != 0)
		refuse(p, "cannot start", err, &hold, msg);
	free(hold.text);
	if (err != 0)
		return ERR_IO;
	p->started = true;
	port_xdp_done(&p->xdp); // the driver has loaded it
	p->config.device = p->name;
	rte_eth_stats_reset(p->id);
	port_bond_started(&p->bond);
	if (p->config.steer != STEER_NONE)
		port_steer_start(p->id, p->name, p->policy.udp_port, p->queues);
	if (p->config.interrupt)
		open_interrupts(p);
	if (p->config.promiscuous && !p->isolated && rte_eth_promiscuous_enable(p->id) != 0)
		LOG(WARNING, PORT, "%s: cannot go promiscuous: only frames to its own address come",
		    p->name);
	if (rte_eth_link_get_nowait(p->id, &link) == 0)
		LOG(INFO, PORT, "%s: started, link %s", p->name, link.link_status ? "up" : "down");
	if (p->kernel != NULL) {
		receive_all_groups(p);
		return port_kernel_start(p->kernel, msg);
	}
	if (p->host == NULL)
		return 0;
	receive_groups(p);
	return port_host_start(p->host, msg);
}

void port_close(struct port *p)
{
	if (p == NULL)
		return;
	if (p->link_events)
		rte_eth_dev_callback_unregister(p->id, RTE_ETH_EVENT_INTR_LSC, on_link, p);
	if (p->id < RTE_MAX_ETHPORTS) {
		rte_eth_dev_callback_unregister(p->id, RTE_ETH_EVENT_INTR_RESET, on_trouble, p);
		rte_eth_dev_callback_unregister(p->id, RTE_ETH_EVENT_INTR_RMV, on_trouble, p);
	}
	for (uint16_t i = 0; p->queue != NULL && i < p->queues; i++)
		port_intr_close(&p->queue[i].intr);
	port_host_stop(p->host);
	port_kernel_stop(p->kernel);
	port_xdp_done(&p->xdp);
	if (p->started)
		rte_eth_dev_stop(p->id);
	if (rte_eth_dev_is_valid_port(p->id))
		rte_eth_dev_close(p->id);
	port_bond_close(&p->bond);
	port_host_free(p->host);
	port_kernel_free(p->kernel);
	for (uint16_t i = 0; p->queue != NULL && i < p->n_workers; i++)
		fragments_free(p->queue[i].config.fragments);
	spread_free(p->spread);
	rte_mempool_free(p->pool);
	free(p->queue);
	free(p);
}

uint16_t port_queues(const struct port *p)
{
	return p->queues;
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
	return p->name;
}

int port_socket(const struct port *p)
{
	return rte_eth_dev_socket_id(p->id);
}

void port_stats(const struct port *p, struct port_stats *s)
{
	// Main, the aggregator and the stats socket ask. Where reading clears a card's registers,
	// the driver adds them up without a lock of its own.
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct rte_eth_stats e = {0};
	pthread_mutex_lock(&lock);
	rte_eth_stats_get(p->id, &e);
	pthread_mutex_unlock(&lock);
	*s = (struct port_stats){.frames = e.ipackets,
				 .missed = e.imissed,
				 .errors = e.ierrors,
				 .no_buffer = e.rx_nombuf};
}

// True when the kernel has handed the PCI device over to vfio.
static bool bound_to_vfio(const char *device)
{
	char link[PATH_MAX], target[PATH_MAX];
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", device);
	const ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	const char *driver = strrchr(target, '/');
	return driver != NULL && strncmp(driver, "/vfio", 5) == 0;
}

// @p said: what the driver wrote to the log; its first line is the cause, the others follow from
// it.
static int explain_missing(const char *device, int err, const char *said, struct err_msg *msg)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", device);
	const bool pci = strspn(device, "0123456789abcdefABCDEF:.") == strlen(device);
	if (!pci && said != NULL && *said != '\0')
		return err_set(msg, ERR_IO, "port %s: %.*s", device, (int)strcspn(said, "\n"),
			       said);
	if (!pci)
		return err_set(msg, ERR_UNKNOWN,
			       "port %s: %s: expected a PCI address (0000:01:00.0) or a vdev with "
			       "its arguments (net_af_packet0,iface=eth1)",
			       device, rte_strerror(-err));
	if (access(path, F_OK) != 0)
		return err_set(msg, ERR_UNKNOWN,
			       "port %s: no such PCI device: `dpdk-devbind.py --status` lists them",
			       device);
	if (!bound_to_vfio(device))
		return err_set(msg, ERR_IO,
			       "port %s: not bound to a driver for user space: run "
			       "`dpdk-devbind.py -b vfio-pci %s`",
			       device, device);
	return err_set(msg, ERR_PERMISSION,
		       "port %s: %s: is it in use, or are rights on /dev/vfio missing?", device,
		       rte_strerror(-err));
}

// A device that EAL already knows (PCI, or --vdev), or a vdev that comes to be here.
static int find_device(struct port *p, struct err_msg *msg)
{
	p->id = RTE_MAX_ETHPORTS;
	if (p->config.n_members > 0) {
		const struct port_bond_config bond = {.member = p->config.member,
						      .n_members = p->config.n_members,
						      .mode = p->config.bond,
						      .socket = (int)rte_socket_id()};
		const int made = port_bond_make(&p->bond, p->name, &bond, msg);
		p->id = p->bond.id;
		return made;
	}
	if (rte_eth_dev_get_port_by_name(p->name, &p->id) == 0)
		return 0;
	struct log_hold hold;
	log_hold(&hold);
	const int err = rte_dev_probe(p->config.device);
	log_release(&hold);
	int result = 0;
	if (err != 0 || rte_eth_dev_get_port_by_name(p->name, &p->id) != 0) {
		p->id = RTE_MAX_ETHPORTS;
		result =
			explain_missing(p->config.device, err != 0 ? err : -ENODEV, hold.text, msg);
	}
	free(hold.text);
	return result;
}

static uint16_t negotiate(struct port *p, const char *what, uint16_t wanted, uint16_t most)
{
	if (wanted <= most || most == 0)
		return wanted;
	LOG(WARNING, PORT, "%s: %u %s instead of %u: the device has no more", p->name, most, what,
	    wanted);
	return most;
}

static struct rte_eth_conf choose_features(struct port *p, const struct rte_eth_dev_info *info)
{
	const uint64_t checksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	const uint64_t hash = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
	struct rte_eth_conf c = {0};
	c.rxmode.mtu = p->config.mtu;
	c.rxmode.offloads = info->rx_offload_capa & checksums;
	// A bond hears of its members' links only so, whatever it says of itself.
	c.intr_conf.lsc = (*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0 || p->config.n_members > 0;
	c.intr_conf.rxq = p->config.interrupt;
	if (p->queues > 1 && (info->flow_type_rss_offloads & hash) != 0) {
		c.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		c.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & hash;
	}
	LOG(INFO, PORT, "%s: driver %s, %u queues, RSS %s, checksums %s", p->name,
	    info->driver_name, p->queues, c.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS ? "on" : "none",
	    c.rxmode.offloads == checksums ? "by the card"
	    : p->policy.checksums          ? "by the workers"
					   : "not verified");
	return c;
}

static const char *offload_names(uint64_t offloads, char *text, size_t size)
{
	struct strbuf b = strbuf_of(text, size);
	for (unsigned bit = 0; bit < 64; bit++)
		if (offloads >> bit & 1)
			strbuf_fmt(&b, " %s", rte_eth_dev_rx_offload_name(UINT64_C(1) << bit));
	return b.len > 0 ? text : " none";
}

// What was agreed on in the end, and what the device could do beside.
static void tell_agreement(const struct port *p, const struct rte_eth_dev_info *info,
			   const struct rte_eth_conf *c)
{
	char taken[512], left[512];
	LOG(INFO, PORT, "%s: receive offloads:%s; not asked for:%s; link events %s, interrupts %s",
	    p->name, offload_names(c->rxmode.offloads, taken, sizeof(taken)),
	    offload_names(info->rx_offload_capa & ~c->rxmode.offloads, left, sizeof(left)),
	    c->intr_conf.lsc ? "yes" : "no", c->intr_conf.rxq ? "asked for" : "no");
	LOG(INFO, PORT, "%s: %u descriptors per queue, MTU %u, RSS types 0x%lx of 0x%lx", p->name,
	    p->descriptors, p->config.mtu, (unsigned long)c->rx_adv_conf.rss_conf.rss_hf,
	    (unsigned long)info->flow_type_rss_offloads);
}

// What cannot be done, and the first thing that the driver said about it.
static int refuse(const struct port *p, const char *what, int err, const struct log_hold *said,
		  struct err_msg *msg)
{
	const char *text = said->text != NULL ? said->text : "";
	return err_set(msg, ERR_IO, "port %s: %s: %s%s%.*s", p->name, what, rte_strerror(-err),
		       *text != '\0' ? ": " : "", (int)strcspn(text, "\n"), text);
}

// One queue to send with is what the host needs, and what dpdk-dumpcap asks for. Devices whose
// queues come in pairs (net_af_xdp) want as many as we receive with; others have none to give.
static int configure_queues(struct port *p, const struct rte_eth_conf *conf, uint16_t *tx_queues,
			    struct err_msg *msg)
{
	const uint16_t choice[] = {1, p->queues, 0};
	struct log_hold hold;
	char what[80];
	int err = -EINVAL;
	log_hold(&hold);
	for (unsigned i = 0; i < 3 && err != 0; i++) {
		*tx_queues = choice[i];
		err = rte_eth_dev_configure(p->id, p->queues, *tx_queues, conf);
	}
	log_release(&hold);
	snprintf(what, sizeof(what), "refuses %u queues with an MTU of %u", p->queues,
		 p->config.mtu);
	if (err != 0)
		err = refuse(p, what, err, &hold, msg);
	free(hold.text);
	return err;
}

// What asks for its addresses gets through to it.
static bool answers(const struct port *p)
{
	return !p->isolated && p->policy.n_address > 0;
}

static int configure(struct port *p, struct err_msg *msg)
{
	struct rte_eth_dev_info info;
	if (rte_eth_dev_info_get(p->id, &info) != 0)
		return err_set(msg, ERR_IO, "port %s: gives no information", p->name);
	p->queues = negotiate(p, "queues", p->config.queues, info.max_rx_queues);
	if (info.max_mtu > 0 && p->config.mtu > info.max_mtu)
		return err_set(msg, ERR_RANGE, "port %s: mtu %u, the device takes at most %u",
			       p->name, p->config.mtu, info.max_mtu);
	if (p->config.steer == STEER_ISOLATE)
		p->isolated = port_steer_isolate(p->id, p->name);
	struct rte_eth_conf conf = choose_features(p, &info);
	uint16_t tx_queues;
	int err = configure_queues(p, &conf, &tx_queues, msg);
	while (err != 0 && p->queues > 1) {
		LOG(WARNING, PORT, "%s: trying half as many queues", msg->text);
		p->queues /= 2;
		conf = choose_features(p, &info);
		err = configure_queues(p, &conf, &tx_queues, msg);
	}
	if (err != 0)
		return err;
	if (conf.intr_conf.lsc &&
	    rte_eth_dev_callback_register(p->id, RTE_ETH_EVENT_INTR_LSC, on_link, p) == 0)
		p->link_events = true;
	rte_eth_dev_callback_register(p->id, RTE_ETH_EVENT_INTR_RESET, on_trouble, p);
	rte_eth_dev_callback_register(p->id, RTE_ETH_EVENT_INTR_RMV, on_trouble, p);
	p->descriptors = p->config.descriptors;
	// The kernel drops what finds its ring full, and the driver counts only what finds no
	// buffer: with a ring for all buffers of the fill ring nothing else happens.
	if (is_af_xdp(&p->config) && p->descriptors < RING_LEAST)
		p->descriptors = RING_LEAST;
	p->tx_descriptors = TX_DESCRIPTORS;
	rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &p->descriptors, &p->tx_descriptors);
	negotiate(p, "descriptors", p->config.descriptors, p->descriptors);
	tell_agreement(p, &info, &conf);
	err = make_pool(p, &info, msg);
	if (err == 0 && p->config.kernel != NULL)
		err = make_kernel(p, tx_queues, msg);
	// With an XDP program the kernel answers, as for any NIC of its own.
	// So it does for a port that is isolated. A bond's beat needs a thread, whoever answers.
	else if (err == 0 && !p->config.xdp && (answers(p) || p->config.n_members > 0))
		err = make_host(p, tx_queues, msg);
	if (err == 0)
		err = make_workers(p, msg);
	return err != 0 ? err : set_up_queues(p, tx_queues, msg);
}

// Buffers without gaps. rte_pktmbuf_pool_create() leaves some, so that no buffer crosses the border
// of a page and a device may write it. No device writes those of a vdev, and net_af_xdp shares with
// the kernel as many bytes as buffers without gaps take: what lies beyond could not be used.
static struct rte_mempool *make_dense_pool(const char *name, uint32_t n, uint16_t size, int socket)
{
	struct rte_pktmbuf_pool_private head = {.mbuf_data_room_size = size};
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, n, sizeof(struct rte_mbuf) + size, POOL_CACHE,
					 sizeof(head), socket, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	if (pool == NULL)
		return NULL;
	const int err = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	rte_pktmbuf_pool_init(pool, &head);
	const int got = err == 0 ? rte_mempool_populate_default(pool) : err;
	if (got < 0) {
		rte_mempool_free(pool);
		rte_errno = -got;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static int make_pool(struct port *p, const struct rte_eth_dev_info *info, struct err_msg *msg)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	const uint32_t n = buffer_count(&p->config);
	uint32_t size = buffer_size(&p->config);
	if (size < info->min_rx_bufsize + RTE_PKTMBUF_HEADROOM &&
	    info->min_rx_bufsize <= UINT16_MAX - RTE_PKTMBUF_HEADROOM)
		size = info->min_rx_bufsize + RTE_PKTMBUF_HEADROOM;
	snprintf(name, sizeof(name), "weir-port%u", p->id);
	p->pool = is_hardware(&p->config)
			  ? rte_pktmbuf_pool_create(name, n, POOL_CACHE, 0, (uint16_t)size,
						    port_socket(p))
			  : make_dense_pool(name, n, (uint16_t)size, port_socket(p));
	if (p->pool == NULL)
		return err_set(
			msg, ERR_MEMORY,
			"port %s: no memory for %u buffers of %u bytes: %s: lower `queues` or "
			"`descriptors`, or give more memory",
			p->name, n, size, rte_strerror(rte_errno));
	return 0;
}

static int make_workers(struct port *p, struct err_msg *msg)
{
	// Queues that the device lacks are made up for: their workers live from what others deal.
	p->n_workers = p->config.workers > p->config.queues ? p->config.workers : p->config.queues;
	const size_t size = p->n_workers * sizeof(*p->queue);
	p->queue = aligned_alloc(64, size);
	if (p->queue == NULL)
		return err_set(msg, ERR_MEMORY, "port %s: out of memory", p->name);
	memset(p->queue, 0, size);
	for (uint16_t i = 0; i < p->n_workers; i++)
		p->queue[i].intr.epoll = -1;
	if (p->n_workers > 1) {
		p->spread = spread_new(p->name, p->n_workers, p->queues, p->config.spread,
				       port_socket(p), msg);
		if (p->spread == NULL)
			return ERR_MEMORY;
	}
	for (uint16_t i = 0; i < p->n_workers; i++) {
		struct port_queue_config c = {.port = p->id,
					      .worker = i,
					      .receives = i < p->queues,
					      .policy = &p->policy,
					      .host = p->host,
					      .kernel = p->kernel,
					      .spread = p->spread};
		if (p->config.fragments > 0) {
			c.fragments = fragments_new(&p->policy, p->config.fragments, msg);
			if (c.fragments == NULL)
				return ERR_MEMORY;
		}
		port_queue_init(&p->queue[i], &c);
	}
	return 0;
}

static int set_up_queues(struct port *p, uint16_t tx_queues, struct err_msg *msg)
{
	const int socket = port_socket(p);
	int err = 0;
	for (uint16_t q = 0; q < p->queues && err == 0; q++) {
		err = rte_eth_rx_queue_setup(p->id, q, p->descriptors, socket, NULL, p->pool);
		if (err == 0 && q < tx_queues)
			err = rte_eth_tx_queue_setup(p->id, q, p->tx_descriptors, socket, NULL);
	}
	if (err != 0)
		return err_set(
			msg, ERR_IO,
			"port %s: cannot set up %u queues of %u descriptors with %u buffers: "
			"%s: raise `buffers`, or lower `queues` or `descriptors`",
			p->name, p->queues, p->descriptors, buffer_count(&p->config),
			rte_strerror(-err));
	struct rte_eth_rxq_info info;
	if (rte_eth_rx_queue_info_get(p->id, 0, &info) == 0 && info.scattered_rx)
		return err_set(msg, ERR_RANGE,
			       "port %s: frames would be scattered over buffers: lower `mtu`",
			       p->name);
	return 0;
}

static int make_host(struct port *p, uint16_t tx_queues, struct err_msg *msg)
{
	struct rte_ether_addr mac;
	if (tx_queues == 0 || rte_eth_macaddr_get(p->id, &mac) != 0) {
		LOG(WARNING, PORT, "%s: the device cannot send: nobody answers for `addresses`",
		    p->name);
		return 0;
	}
	struct port_host_config c = {
		.port = p->id,
		.name = p->name,
		.pool = p->pool,
		.socket = port_socket(p),
		.bond = p->config.n_members > 0 ? &p->bond : NULL,
		.host = {.address = p->policy.address,
			 .n_address = answers(p) ? p->policy.n_address : 0,
			 .udp_port = p->policy.udp_port,
			 .unreachable = p->config.unreachable,
			 .rate = p->config.answer_rate},
	};
	memcpy(c.host.mac, mac.addr_bytes, 6);
	p->host = port_host_new(&c, msg);
	return p->host != NULL ? 0 : ERR_MEMORY;
}

static int make_kernel(struct port *p, uint16_t tx_queues, struct err_msg *msg)
{
	if (tx_queues == 0)
		return err_set(msg, ERR_INVALID,
			       "port %s: kernel: the device cannot send what the kernel says",
			       p->name);
	const struct port_kernel_config c = {.port = p->id,
					     .name = p->name,
					     .interface = p->config.kernel,
					     .mtu = p->config.mtu,
					     .pool = p->pool,
					     .socket = port_socket(p),
					     .bond = p->config.n_members > 0 ? &p->bond : NULL};
	p->kernel = port_kernel_new(&c, msg);
	return p->kernel != NULL ? 0 : ERR_IO;
}

void port_kernel_counts(const struct port *p, struct port_kernel_stats *s)
{
	*s = (struct port_kernel_stats){0};
	if (p->kernel != NULL)
		port_kernel_stats(p->kernel, s);
}

// The kernel's daemons join groups that we know nothing of.
static void receive_all_groups(const struct port *p)
{
	if (!p->config.promiscuous && rte_eth_allmulticast_enable(p->id) != 0)
		LOG(WARNING, PORT,
		    "%s: the device takes no groups: LLDP, IPv6 and the like do not reach the "
		    "kernel; `promiscuous: true` may help",
		    p->name);
}

const struct host *port_host(const struct port *p)
{
	return p->host != NULL ? port_host_host(p->host) : NULL;
}

// Solicitations go to groups: a card that filters by address must let those through.
static void receive_groups(const struct port *p)
{
	const struct host *host = port_host_host(p->host);
	struct rte_ether_addr mac;
	uint32_t n = 0;
	if (p->config.promiscuous || rte_eth_promiscuous_get(p->id) == 1)
		return;
	while (host_group(host, n, mac.addr_bytes))
		n++;
	struct rte_ether_addr *all = calloc(n + 1, sizeof(*all));
	for (uint32_t i = 0; all != NULL && i < n; i++)
		host_group(host, i, all[i].addr_bytes);
	if (n > 0 && (all == NULL || rte_eth_dev_set_mc_addr_list(p->id, all, n) != 0) &&
	    rte_eth_allmulticast_enable(p->id) != 0)
		LOG(WARNING, PORT,
		    "%s: the device takes no groups: neighbours cannot resolve its IPv6 addresses; "
		    "`promiscuous: true` may help",
		    p->name);
	free(all);
}

static int on_link(uint16_t id, enum rte_eth_event_type type, void *port, void *ret)
{
	const struct port *p = port;
	struct rte_eth_link link;
	if (rte_eth_link_get_nowait(id, &link) == 0)
		LOG(NOTICE, PORT, "%s: link %s", p->name, link.link_status ? "up" : "down");
	return 0;
}

// A virtual function that its host resets, or a card that is pulled: the queues are dead, and only
// a start can set them up again.
static int on_trouble(uint16_t id, enum rte_eth_event_type type, void *port, void *ret)
{
	const struct port *p = port;
	LOG(ERR, PORT, "%s: the device %s: nothing comes from it until weir is started again",
	    p->name, type == RTE_ETH_EVENT_INTR_RMV ? "is gone" : "was reset by its host");
	return 0;
}
