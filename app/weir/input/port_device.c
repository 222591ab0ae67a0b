// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_device.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "base/strbuf.h"
#include "weir/util/clock.h"
#include "weir/input/eal.h"
#include "weir/input/port_out.h"
#include "weir/util/log.h"

enum {
	FRAME_OVERHEAD = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN,
	BUFFER_SMALLEST = 2048,                      // what many cards ask for at least
	BUFFER_HEAD = sizeof(struct rte_mbuf) + 128, // and what the pool adds
	TX_DESCRIPTORS = 64,
	OUT_DESCRIPTORS = 512, // where datagrams are passed on
	POOL_CACHE = 256,      // buffers that an lcore may hold back
	RING_LEAST = 2048, // net_af_xdp's fill ring, whatever number of descriptors is asked for
};

static int find(struct port_device *d, struct err_msg *msg);
static int agree(struct port_device *d, struct err_msg *msg);
static int make_pool(struct port_device *d, struct err_msg *msg);
static int set_up_queues(struct port_device *d, struct err_msg *msg);
static int refuse(const struct port_device *d, const char *what, int err,
		  const struct log_hold *said, struct err_msg *msg);
static void listen_to(struct port_device *d);
static void listen_no_more(struct port_device *d);
static void listen_to_one(struct port_device *d, uint16_t id);
static void listen_no_more_to(struct port_device *d, uint16_t id);
static void keep_address(const struct port_device *d);
static int on_link(uint16_t id, enum rte_eth_event_type type, void *device, void *ret);

// Main, the aggregator and the stats socket ask. Where reading clears a card's registers, the
// driver adds them up without a lock of its own.
static pthread_mutex_t stats_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t buffer_size(const struct port_config *c)
{
	const uint32_t frame = RTE_ALIGN_CEIL(c->mtu + FRAME_OVERHEAD, 64u);
	return RTE_PKTMBUF_HEADROOM + (frame > BUFFER_SMALLEST ? frame : BUFFER_SMALLEST);
}

// Does a host of ours send by it, and so what others are to get?
static bool passes_on(const struct port_config *c)
{
	return c->policy.n_address > 0 && c->kernel == NULL && !c->xdp;
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
	const uint32_t kernel = c->kernel != NULL ? port_kernel_held() : 0;
	const uint32_t rings = c->queues * (c->n_members > 0 ? c->n_members : 1);
	const uint32_t out = passes_on(c) ? PORT_OUT_HELD + 2 * OUT_DESCRIPTORS : 0;
	return rings * ring + workers * (INPUT_BURST + 2 * POOL_CACHE) + inboxes + kernel + out;
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

size_t port_device_memory(const struct port_config *config, size_t page)
{
	const size_t own = config->kernel != NULL ? port_kernel_own() : 0;
	const size_t n = buffer_count(config) + own, size = buffer_size(config) + BUFFER_HEAD;
	if (!is_hardware(config))
		return RTE_ALIGN_CEIL(n * size, page) + page;
	// The pool lets no buffer cross the border of a page, so that a device could write it.
	if (size > page)
		return n * RTE_ALIGN_CEIL(size, page);
	return (n / (page / size) + 1) * page;
}

int port_device_open(struct port_device *d, const struct port_config *config, struct err_msg *msg)
{
	*d = (struct port_device){.config = *config, .id = RTE_MAX_ETHPORTS};
	// A vdev goes by what stands before its arguments.
	snprintf(d->name, sizeof(d->name), "%.*s", (int)strcspn(config->device, ","),
		 config->device);
	d->config.promiscuous &= !config->xdp; // others' frames are the kernel's affair
	int err = find(d, msg);
	if (err == 0)
		err = agree(d, msg);
	if (err == 0)
		err = make_pool(d, msg);
	if (err == 0)
		err = set_up_queues(d, msg);
	d->interface = port_bond_interface(config->device);
	return err;
}

int port_device_start(struct port_device *d, struct err_msg *msg)
{
	struct rte_eth_link link;
	struct log_hold hold;
	log_hold(&hold);
	const int err = rte_eth_dev_start(d->id);
	log_release(&hold);
	if (err != 0)
		refuse(d, "cannot start", err, &hold, msg);
	free(hold.text);
	if (err != 0)
		return ERR_IO;
	d->started = true;
	port_xdp_done(&d->xdp); // the driver has loaded it
	pthread_mutex_lock(&stats_lock);
	rte_eth_stats_reset(d->id);
	d->counts = true;
	pthread_mutex_unlock(&stats_lock);
	port_bond_started(&d->bond);
	if (d->config.steer != STEER_NONE)
		port_steer_start(d->id, d->name, d->config.policy.udp_port, d->queues);
	if (d->config.promiscuous && !d->isolated && rte_eth_promiscuous_enable(d->id) != 0)
		LOG(WARNING, PORT, "%s: cannot go promiscuous: only frames to its own address come",
		    d->name);
	if (rte_eth_link_get_nowait(d->id, &link) == 0)
		LOG(INFO, PORT, "%s: started, link %s", d->name, link.link_status ? "up" : "down");
	return 0;
}

void port_device_close(struct port_device *d)
{
	listen_no_more(d);
	port_xdp_done(&d->xdp);
	if (d->started)
		rte_eth_dev_stop(d->id);
	if (rte_eth_dev_is_valid_port(d->id))
		rte_eth_dev_close(d->id);
	port_bond_close(&d->bond);
	rte_mempool_free(d->pool);
}

bool port_device_answers(const struct port_device *d)
{
	return !d->isolated && d->config.policy.n_address > 0;
}

void port_device_stats(const struct port_device *d, struct port_stats *s)
{
	struct rte_eth_stats e = {0};
	pthread_mutex_lock(&stats_lock);
	if (d->counts)
		rte_eth_stats_get(d->id, &e);
	*s = d->past;
	pthread_mutex_unlock(&stats_lock);
	s->frames += e.ipackets;
	s->missed += e.imissed;
	s->errors += e.ierrors;
	s->no_buffer += e.rx_nombuf;
}

// Lost and found ----------------------------------------------------------------------------------

enum port_trouble port_device_trouble(struct port_device *d)
{
	// What the driver says comes once; that the interface is another one we see as long as it
	// is so.
	const uint64_t gone = __atomic_exchange_n(&d->gone, 0, __ATOMIC_ACQUIRE);
	if ((gone & 1) != 0 || port_bond_interface(d->config.device) != d->interface)
		return PORT_GONE;
	if (port_bond_look(&d->bond, gone >> 1, clock_monotonic()))
		return PORT_MEMBERS;
	return __atomic_load_n(&d->reset, __ATOMIC_ACQUIRE) != 0 ? PORT_RESET : PORT_FINE;
}

// A bond counts what its members count, those that it has now.
static void begin_counts_anew(struct port_device *d)
{
	struct port_stats now;
	port_device_stats(d, &now);
	pthread_mutex_lock(&stats_lock);
	d->past = now;
	rte_eth_stats_reset(d->id);
	pthread_mutex_unlock(&stats_lock);
}

void port_device_change_members(struct port_device *d)
{
	const uint64_t coming = d->bond.coming;
	begin_counts_anew(d);
	for (uint16_t i = 0; i < d->bond.n; i++)
		if ((d->bond.going >> i & 1) != 0)
			listen_no_more_to(d, d->bond.member[i]);
	port_bond_change(&d->bond);
	for (uint16_t i = 0; i < d->bond.n; i++)
		if ((coming >> i & 1) != 0 && d->bond.member[i] != RTE_MAX_ETHPORTS)
			listen_to_one(d, d->bond.member[i]);
}

// What it counted is kept; from here on nothing of it is read.
static void remember_counts(struct port_device *d)
{
	struct port_stats now;
	port_device_stats(d, &now);
	pthread_mutex_lock(&stats_lock);
	d->past = now;
	d->counts = false;
	pthread_mutex_unlock(&stats_lock);
}

void port_device_leave(struct port_device *d, enum port_trouble trouble)
{
	struct rte_eth_dev_info info = {0};
	struct log_hold hold; // it complains of what is gone
	log_hold(&hold);
	if (d->started)
		rte_eth_dev_stop(d->id);
	d->started = false;
	port_xdp_done(&d->xdp);
	remember_counts(d);
	if (trouble == PORT_GONE) {
		rte_eth_dev_info_get(d->id, &info);
		listen_no_more(d);
		if (info.device == NULL || rte_dev_remove(info.device) != 0)
			rte_eth_dev_close(d->id);
		d->id = RTE_MAX_ETHPORTS;
	}
	log_release(&hold);
	free(hold.text);
}

// Drivers that know of resets begin anew: all is to be said again. Others take up where they were.
static int begin_anew(struct port_device *d, struct err_msg *msg)
{
	const uint64_t reset = __atomic_exchange_n(&d->reset, 0, __ATOMIC_ACQUIRE);
	int err = 0;
	bool anew = false;
	for (uint16_t i = 0; i < d->bond.n; i++)
		if ((reset >> (i + 1) & 1) != 0)
			rte_eth_dev_reset(d->bond.member[i]); // the bond tells it all at its start
	if ((reset & 1) != 0) {
		err = rte_eth_dev_reset(d->id);
		anew = err == 0;
	}
	if (err != 0 && err != -ENOTSUP) {
		__atomic_fetch_or(&d->reset, reset, __ATOMIC_RELAXED);
		return err_set(msg, ERR_IO, "port %s: cannot be reset: %s", d->name,
			       rte_strerror(-err));
	}
	if (anew)
		err = agree(d, msg);
	return anew && err == 0 ? set_up_queues(d, msg) : err == -ENOTSUP ? 0 : err;
}

// net_af_xdp keeps what lay in its fill ring. All others have given back all buffers: what the
// pool lacks now is lost.
static int renew_pool(struct port_device *d, struct err_msg *msg)
{
	if (d->pool != NULL && rte_mempool_in_use_count(d->pool) == 0)
		return 0;
	rte_mempool_free(d->pool);
	d->pool = NULL;
	return make_pool(d, msg);
}

static int come_again(struct port_device *d, struct err_msg *msg)
{
	const unsigned interface = port_bond_interface(d->config.device);
	if (d->interface != 0 && interface == 0)
		return err_set(msg, ERR_UNKNOWN, "port %s: it is not there yet", d->name);
	int err = find(d, msg);
	if (err == 0)
		err = agree(d, msg);
	if (err == 0)
		err = renew_pool(d, msg);
	if (err == 0)
		err = set_up_queues(d, msg);
	if (err != 0) {
		port_device_leave(d, PORT_GONE);
		return err;
	}
	d->interface = interface;
	__atomic_store_n(&d->reset, 0, __ATOMIC_RELAXED);
	keep_address(d);
	return 0;
}

int port_device_return(struct port_device *d, struct err_msg *msg)
{
	return d->id == RTE_MAX_ETHPORTS ? come_again(d, msg) : begin_anew(d, msg);
}

// Its neighbours and the kernel know it by the address that it had.
static void keep_address(const struct port_device *d)
{
	struct rte_ether_addr mac, had = d->mac;
	if (d->config.xdp || rte_eth_macaddr_get(d->id, &mac) != 0 ||
	    rte_is_same_ether_addr(&mac, &had) ||
	    rte_eth_dev_default_mac_addr_set(d->id, &had) == 0)
		return;
	if (rte_eth_promiscuous_enable(d->id) != 0)
		LOG(WARNING, PORT,
		    "%s: it came back with another MAC address: what is for the old one may not "
		    "come until neighbours ask again",
		    d->name);
}

static int on_link(uint16_t id, enum rte_eth_event_type type, void *device, void *ret)
{
	const struct port_device *d = device;
	struct rte_eth_link link;
	if (rte_eth_link_get_nowait(id, &link) == 0)
		LOG(NOTICE, PORT, "%s: link %s", d->name, link.link_status ? "up" : "down");
	return 0;
}

static int on_trouble(uint16_t id, enum rte_eth_event_type type, void *device, void *ret)
{
	struct port_device *d = device;
	uint64_t bits = id == d->id ? 1 : 0;
	for (uint16_t i = 0; i < d->bond.n; i++)
		bits |= (uint64_t)(d->bond.member[i] == id) << (i + 1);
	__atomic_fetch_or(type == RTE_ETH_EVENT_INTR_RMV ? &d->gone : &d->reset, bits,
			  __ATOMIC_RELEASE);
	return 0;
}

static void listen_to_one(struct port_device *d, uint16_t id)
{
	rte_eth_dev_callback_register(id, RTE_ETH_EVENT_INTR_RESET, on_trouble, d);
	rte_eth_dev_callback_register(id, RTE_ETH_EVENT_INTR_RMV, on_trouble, d);
}

static void listen_to(struct port_device *d)
{
	listen_to_one(d, d->id);
	for (uint16_t i = 0; i < d->bond.n; i++)
		listen_to_one(d, d->bond.member[i]);
}

static void listen_no_more_to(struct port_device *d, uint16_t id)
{
	rte_eth_dev_callback_unregister(id, RTE_ETH_EVENT_INTR_RESET, on_trouble, d);
	rte_eth_dev_callback_unregister(id, RTE_ETH_EVENT_INTR_RMV, on_trouble, d);
}

static void listen_no_more(struct port_device *d)
{
	if (!rte_eth_dev_is_valid_port(d->id))
		return;
	if (d->link_events)
		rte_eth_dev_callback_unregister(d->id, RTE_ETH_EVENT_INTR_LSC, on_link, d);
	d->link_events = false;
	listen_no_more_to(d, d->id);
	for (uint16_t i = 0; i < d->bond.n; i++)
		listen_no_more_to(d, d->bond.member[i]);
}

// Finding it --------------------------------------------------------------------------------------

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

// The program that net_af_xdp brings wants CAP_SYS_ADMIN, ours does not. Where ours was not built
// theirs will have to do, unless some is to stay with the kernel.
static int choose_program(struct port_device *d, struct err_msg *msg)
{
	const struct port_config *c = &d->config;
	const struct port_xdp_choice choice = {
		.udp_port = c->policy.udp_port, .fragments = c->xdp_fragments, .all = !c->xdp};
	struct err_msg why = {0};
	if (c->xdp)
		return port_xdp_prepare(&d->xdp, c->device, &choice, msg);
	if (is_af_xdp(c) && c->n_members == 0 && strstr(c->device, ",xdp_prog=") == NULL &&
	    port_xdp_prepare(&d->xdp, c->device, &choice, &why) != 0)
		LOG(INFO, PORT, "%s: %s; it takes CAP_SYS_ADMIN without", d->name, why.text);
	return 0;
}

// A device that EAL already knows (PCI, or --vdev), or a vdev that comes to be here.
static int find(struct port_device *d, struct err_msg *msg)
{
	d->id = RTE_MAX_ETHPORTS;
	if (d->config.n_members > 0) {
		const struct port_bond_config bond = {.member = d->config.member,
						      .n_members = d->config.n_members,
						      .mode = d->config.bond,
						      .socket = (int)rte_socket_id()};
		const int made = port_bond_make(&d->bond, d->name, &bond, msg);
		d->id = d->bond.id;
		return made;
	}
	if (choose_program(d, msg) != 0)
		return ERR_IO;
	if (rte_eth_dev_get_port_by_name(d->name, &d->id) == 0)
		return 0;
	struct log_hold hold;
	log_hold(&hold);
	const int err = rte_dev_probe(d->xdp.device != NULL ? d->xdp.device : d->config.device);
	log_release(&hold);
	int result = 0;
	if (err != 0 || rte_eth_dev_get_port_by_name(d->name, &d->id) != 0) {
		d->id = RTE_MAX_ETHPORTS;
		result =
			explain_missing(d->config.device, err != 0 ? err : -ENODEV, hold.text, msg);
	}
	free(hold.text);
	return result;
}

static uint16_t negotiate(struct port_device *d, const char *what, uint16_t wanted, uint16_t most)
{
	if (wanted <= most || most == 0)
		return wanted;
	LOG(WARNING, PORT, "%s: %u %s instead of %u: the device has no more", d->name, most, what,
	    wanted);
	return most;
}

static struct rte_eth_conf choose_features(struct port_device *d,
					   const struct rte_eth_dev_info *info)
{
	const uint64_t checksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	const uint64_t hash = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
	struct rte_eth_conf c = {0};
	c.rxmode.mtu = d->config.mtu;
	c.rxmode.offloads = info->rx_offload_capa & checksums;
	if (passes_on(&d->config))
		c.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	d->chains = c.txmode.offloads != 0;
	// A bond hears of its members' links only so, whatever it says of itself.
	c.intr_conf.lsc = (*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0 || d->config.n_members > 0;
	c.intr_conf.rxq = d->config.interrupt;
	if (d->queues > 1 && (info->flow_type_rss_offloads & hash) != 0) {
		c.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		c.rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & hash;
	}
	LOG(INFO, PORT, "%s: driver %s, %u queues, RSS %s, checksums %s", d->name,
	    info->driver_name, d->queues, c.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS ? "on" : "none",
	    c.rxmode.offloads == checksums ? "by the card"
	    : d->config.policy.checksums   ? "by the workers"
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
static void tell_agreement(const struct port_device *d, const struct rte_eth_dev_info *info,
			   const struct rte_eth_conf *c)
{
	char taken[512], left[512];
	LOG(INFO, PORT, "%s: receive offloads:%s; not asked for:%s; link events %s, interrupts %s",
	    d->name, offload_names(c->rxmode.offloads, taken, sizeof(taken)),
	    offload_names(info->rx_offload_capa & ~c->rxmode.offloads, left, sizeof(left)),
	    c->intr_conf.lsc ? "yes" : "no", c->intr_conf.rxq ? "asked for" : "no");
	LOG(INFO, PORT, "%s: %u descriptors per queue, MTU %u, RSS types 0x%lx of 0x%lx", d->name,
	    d->descriptors, d->config.mtu, (unsigned long)c->rx_adv_conf.rss_conf.rss_hf,
	    (unsigned long)info->flow_type_rss_offloads);
}

// What cannot be done, and the first thing that the driver said about it.
static int refuse(const struct port_device *d, const char *what, int err,
		  const struct log_hold *said, struct err_msg *msg)
{
	const char *text = said->text != NULL ? said->text : "";
	return err_set(msg, ERR_IO, "port %s: %s: %s%s%.*s", d->name, what, rte_strerror(-err),
		       *text != '\0' ? ": " : "", (int)strcspn(text, "\n"), text);
}

// One queue to send with is what the host needs, and what dpdk-dumpcap asks for. Devices whose
// queues come in pairs (net_af_xdp) want as many as we receive with; others have none to give.
static int configure_queues(struct port_device *d, const struct rte_eth_conf *conf,
			    struct err_msg *msg)
{
	const uint16_t choice[] = {1, d->queues, 0};
	struct log_hold hold;
	char what[80];
	int err = -EINVAL;
	log_hold(&hold);
	for (unsigned i = 0; i < 3 && err != 0; i++) {
		d->tx_queues = choice[i];
		err = rte_eth_dev_configure(d->id, d->queues, d->tx_queues, conf);
	}
	log_release(&hold);
	snprintf(what, sizeof(what), "refuses %u queues with an MTU of %u", d->queues,
		 d->config.mtu);
	if (err != 0)
		err = refuse(d, what, err, &hold, msg);
	free(hold.text);
	return err;
}

static void choose_descriptors(struct port_device *d)
{
	d->descriptors = d->config.descriptors;
	// The kernel drops what finds its ring full, and the driver counts only what finds no
	// buffer: with a ring for all buffers of the fill ring nothing else happens.
	if (is_af_xdp(&d->config) && d->descriptors < RING_LEAST)
		d->descriptors = RING_LEAST;
	d->tx_descriptors = passes_on(&d->config) ? OUT_DESCRIPTORS : TX_DESCRIPTORS;
	rte_eth_dev_adjust_nb_rx_tx_desc(d->id, &d->descriptors, &d->tx_descriptors);
	negotiate(d, "descriptors", d->config.descriptors, d->descriptors);
}

// What the device can do of what is wanted. When it has been lost: what was agreed on before.
static int agree(struct port_device *d, struct err_msg *msg)
{
	struct rte_eth_dev_info info;
	const uint16_t before = d->queues;
	if (rte_eth_dev_info_get(d->id, &info) != 0)
		return err_set(msg, ERR_IO, "port %s: gives no information", d->name);
	d->queues =
		negotiate(d, "queues", before > 0 ? before : d->config.queues, info.max_rx_queues);
	if (info.max_mtu > 0 && d->config.mtu > info.max_mtu)
		return err_set(msg, ERR_RANGE, "port %s: mtu %u, the device takes at most %u",
			       d->name, d->config.mtu, info.max_mtu);
	if (d->config.steer == STEER_ISOLATE)
		d->isolated = port_steer_isolate(d->id, d->name);
	struct rte_eth_conf conf = choose_features(d, &info);
	int err = configure_queues(d, &conf, msg);
	while (err != 0 && d->queues > 1) {
		LOG(WARNING, PORT, "%s: trying half as many queues", msg->text);
		d->queues /= 2;
		conf = choose_features(d, &info);
		err = configure_queues(d, &conf, msg);
	}
	if (err == 0 && d->queues < before) {
		err = err_set(msg, ERR_IO, "port %s: it has %u queues now, it had %u", d->name,
			      d->queues, before);
		d->queues = before;
	}
	if (err != 0)
		return err;
	if (conf.intr_conf.lsc &&
	    rte_eth_dev_callback_register(d->id, RTE_ETH_EVENT_INTR_LSC, on_link, d) == 0)
		d->link_events = true;
	listen_to(d);
	choose_descriptors(d);
	tell_agreement(d, &info, &conf);
	if (before == 0)
		rte_eth_macaddr_get(d->id, &d->mac);
	return 0;
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

static int make_pool(struct port_device *d, struct err_msg *msg)
{
	struct rte_eth_dev_info info;
	const int socket = rte_eth_dev_socket_id(d->id);
	char name[RTE_MEMPOOL_NAMESIZE];
	const uint32_t n = buffer_count(&d->config);
	uint32_t size = buffer_size(&d->config);
	if (rte_eth_dev_info_get(d->id, &info) == 0 &&
	    size < info.min_rx_bufsize + RTE_PKTMBUF_HEADROOM &&
	    info.min_rx_bufsize <= UINT16_MAX - RTE_PKTMBUF_HEADROOM)
		size = info.min_rx_bufsize + RTE_PKTMBUF_HEADROOM;
	snprintf(name, sizeof(name), "weir-port%u", d->id);
	d->pool = is_hardware(&d->config)
			  ? rte_pktmbuf_pool_create(name, n, POOL_CACHE, 0, (uint16_t)size, socket)
			  : make_dense_pool(name, n, (uint16_t)size, socket);
	if (d->pool == NULL)
		return err_set(
			msg, ERR_MEMORY,
			"port %s: no memory for %u buffers of %u bytes: %s: lower `queues` or "
			"`descriptors`, or give more memory",
			d->name, n, size, rte_strerror(rte_errno));
	return 0;
}

static int set_up_queues(struct port_device *d, struct err_msg *msg)
{
	const int socket = rte_eth_dev_socket_id(d->id);
	int err = 0;
	for (uint16_t q = 0; q < d->queues && err == 0; q++) {
		err = rte_eth_rx_queue_setup(d->id, q, d->descriptors, socket, NULL, d->pool);
		if (err == 0 && q < d->tx_queues)
			err = rte_eth_tx_queue_setup(d->id, q, d->tx_descriptors, socket, NULL);
	}
	if (err != 0)
		return err_set(
			msg, ERR_IO,
			"port %s: cannot set up %u queues of %u descriptors with %u buffers: "
			"%s: raise `buffers`, or lower `queues` or `descriptors`",
			d->name, d->queues, d->descriptors, buffer_count(&d->config),
			rte_strerror(-err));
	struct rte_eth_rxq_info info;
	if (rte_eth_rx_queue_info_get(d->id, 0, &info) == 0 && info.scattered_rx)
		return err_set(msg, ERR_RANGE,
			       "port %s: frames would be scattered over buffers: lower `mtu`",
			       d->name);
	return 0;
}
