// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The only file of weirgen that knows DPDK.

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "weirgen/pace.h"
#include "weirgen/wrap.h"

#define BATCH         32
#define N_DESCRIPTORS 1024
#define N_MBUFS       4095 // 2^n - 1 suits a mempool best
#define LINK_WAIT_NS  (10 * 1000000000ull)
#define LINK_POLL_NS  10000000
#define STUCK_WAIT_NS (5 * 1000000000ull)
#define RETRY_NS      20000
#define DRAIN_NS      200000000
#define MAX_DATAGRAM  (UINT16_MAX - RTE_PKTMBUF_HEADROOM - WRAP_MAX)

struct out_dpdk {
	struct output base;
	uint16_t port;
	struct rte_mempool *pool;
	struct pace pace;
	uint16_t n;
	struct rte_mbuf *batch[BATCH];
};

static int transmit(struct out_dpdk *d, struct err_msg *msg)
{
	uint16_t done = 0;
	uint64_t stuck = 0; // since when the port takes nothing
	while (done < d->n) {
		const uint16_t sent = rte_eth_tx_burst(d->port, 0, d->batch + done, d->n - done);
		done += sent;
		if (sent != 0 || stuck == 0)
			stuck = sent != 0 ? 0 : pace_clock();
		else if (pace_clock() - stuck > STUCK_WAIT_NS)
			break;
		else
			pace_sleep(RETRY_NS);
	}
	const uint16_t left = d->n - done;
	rte_pktmbuf_free_bulk(d->batch + done, left);
	d->n = 0;
	return left == 0 ? 0 : err_set(msg, ERR_IO, "--dpdk: port %u takes no packets", d->port);
}

static int send_datagram(struct output *out, const struct datagram_out *dg, struct err_msg *msg)
{
	struct out_dpdk *d = (struct out_dpdk *)out;
	const uint64_t wait = pace_wait(&d->pace, dg->time);
	if (wait != 0 || d->n == BATCH) {
		const int err = transmit(d, msg);
		if (err != 0)
			return err;
	}
	if (wait != 0)
		pace_sleep(wait);
	struct rte_mbuf *m = rte_pktmbuf_alloc(d->pool);
	if (m == NULL)
		return err_set(msg, ERR_MEMORY, "--dpdk: port %u keeps all mbufs", d->port);
	uint8_t headers[WRAP_MAX];
	const size_t size = wrap_headers(dg, headers);
	char *data = rte_pktmbuf_append(m, (uint16_t)(size + dg->len));
	memcpy(data, headers, size);
	memcpy(data + size, dg->payload, dg->len);
	d->batch[d->n++] = m;
	return wait != 0 ? transmit(d, msg) : 0;
}

static int close_port(struct output *out, struct err_msg *msg)
{
	struct out_dpdk *d = (struct out_dpdk *)out;
	const int err = transmit(d, msg);
	// Virtual links (memif, ring) hold packets that the peer has not fetched, and forget them
	// with the port; none can say when they are through.
	pace_sleep(DRAIN_NS);
	rte_eth_dev_stop(d->port);
	rte_eth_dev_close(d->port);
	rte_eal_cleanup();
	free(d);
	return err;
}

static int start_eal(const struct options *o, struct err_msg *msg)
{
	static char name[] = "weirgen";
	// eal_argv[0] is the "--": the program's name takes its place.
	char **argv = calloc((size_t)o->eal_argc + 2, sizeof(*argv));
	if (argv == NULL)
		return err_set(msg, ERR_MEMORY, "--dpdk: out of memory");
	argv[0] = name;
	for (int i = 1; i < o->eal_argc; i++)
		argv[i] = o->eal_argv[i];
	const int got = rte_eal_init(o->eal_argc > 0 ? o->eal_argc : 1, argv);
	// EAL keeps pointers into argv until its end: it is not freed.
	if (got < 0)
		return err_set(msg, ERR_IO, "--dpdk: EAL: %s", rte_strerror(rte_errno));
	return 0;
}

static int configure_port(struct out_dpdk *d, struct err_msg *msg)
{
	const struct rte_eth_conf conf = {0};
	uint16_t n_rx = N_DESCRIPTORS, n_tx = N_DESCRIPTORS;
	int err = rte_eth_dev_configure(d->port, 1, 1, &conf);
	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(d->port, &n_rx, &n_tx);
	if (err == 0)
		err = rte_eth_rx_queue_setup(d->port, 0, n_rx, SOCKET_ID_ANY, NULL, d->pool);
	if (err == 0)
		err = rte_eth_tx_queue_setup(d->port, 0, n_tx, SOCKET_ID_ANY, NULL);
	if (err == 0)
		err = rte_eth_dev_start(d->port);
	if (err != 0)
		return err_set(msg, ERR_IO, "--dpdk: port %u: %s", d->port, rte_strerror(-err));
	return 0;
}

static int await_link(const struct out_dpdk *d, struct err_msg *msg)
{
	const uint64_t begin = pace_clock();
	struct rte_eth_link link = {0};
	while (pace_clock() - begin < LINK_WAIT_NS) {
		if (rte_eth_link_get_nowait(d->port, &link) == 0 && link.link_status != 0)
			return 0;
		pace_sleep(LINK_POLL_NS);
	}
	return err_set(msg, ERR_IO, "--dpdk: port %u: the link stays down", d->port);
}

static int open_port(struct out_dpdk *d, const struct options *o, struct err_msg *msg)
{
	if (rte_eth_dev_count_avail() == 0)
		return err_set(msg, ERR_UNKNOWN,
			       "--dpdk: no port, expected -- with --vdev=NAME or -a PCI-ADDRESS");
	d->port = (uint16_t)rte_eth_find_next(0);
	d->pool = rte_pktmbuf_pool_create(
		"weirgen", N_MBUFS, 0, 0,
		(uint16_t)(RTE_PKTMBUF_HEADROOM + WRAP_MAX + o->datagram_size), SOCKET_ID_ANY);
	if (d->pool == NULL)
		return err_set(msg, ERR_MEMORY, "--dpdk: mbufs: %s", rte_strerror(rte_errno));
	const int err = configure_port(d, msg);
	return err != 0 ? err : await_link(d, msg);
}

struct output *output_dpdk_open(const struct options *o, struct err_msg *msg)
{
	if (o->datagram_size > MAX_DATAGRAM) {
		err_set(msg, ERR_RANGE, "--datagram-size: got %u, expected at most %u with --dpdk",
			o->datagram_size, (unsigned)MAX_DATAGRAM);
		return NULL;
	}
	struct out_dpdk *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		err_set(msg, ERR_MEMORY, "--dpdk: out of memory");
		return NULL;
	}
	d->base = (struct output){.send = send_datagram, .close = close_port};
	d->pace.speed = o->speed;
	if (start_eal(o, msg) != 0) {
		free(d);
		return NULL;
	}
	if (open_port(d, o, msg) != 0) {
		rte_eal_cleanup();
		free(d);
		return NULL;
	}
	return &d->base;
}
