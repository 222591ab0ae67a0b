// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/port_queue.h"

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "weir/clock.h"
#include "weir/port_host.h"

// Frames whose headers are on their way into the cache while one is checked: the check takes some
// 20 ns, a line from memory some 100 ns.
#define PREFETCH_AHEAD 4

static enum input_state burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void wait_for_frames(struct input *in, uint64_t ns);

void port_queue_init(struct port_queue *q, uint16_t port, uint16_t queue,
		     const struct frame_policy *policy, struct port_host *host)
{
	*q = (struct port_queue){
		.input = {.burst = burst, .release = release, .wait = wait_for_frames},
		.policy = policy,
		.host = host,
		.port = port,
		.queue = queue,
	};
}

// Good only if the card verified both; a card that knows nothing leaves it to the policy.
static enum frame_checksum card_says(const struct rte_mbuf *m)
{
	const uint64_t ip = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint64_t udp = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD || udp == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return FRAME_CHECKSUM_BAD;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN || udp == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN)
		return FRAME_CHECKSUM_UNKNOWN;
	return FRAME_CHECKSUM_GOOD; // or NONE: it never left the host that made it
}

static enum stat_id take(const struct port_queue *q, const struct rte_mbuf *m, struct payload *p)
{
	if (m->nb_segs > 1)
		return STAT_frame_truncated;
	return frame_take(q->policy, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
			  card_says(m), p);
}

// A frame that is no datagram for us: the host's, or nobody's. Who hands it over has no more to do
// with its buffer.
static void put_aside(struct port_queue *q, uint16_t i, enum stat_id verdict, bool *wake)
{
	if (q->host != NULL && port_host_take(q->host, verdict, q->mbuf[i])) {
		q->mbuf[i] = NULL; // rte_pktmbuf_free_bulk() steps over it
		verdict = STAT_frame_host;
		*wake = true;
	}
	stats_add(q->input.stats, verdict, 1);
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct port_queue *q = (struct port_queue *)in;
	bool wake = false;
	uint64_t bytes = 0;
	q->n = rte_eth_rx_burst(q->port, q->queue, q->mbuf, INPUT_BURST);
	b->n = 0;
	b->n_frames = q->n;
	if (q->n == 0)
		return INPUT_IDLE;
	const uint64_t now = clock_monotonic();
	for (uint16_t i = 0; i < PREFETCH_AHEAD && i < q->n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(q->mbuf[i], const void *));
	for (uint16_t i = 0; i < q->n; i++) {
		if (i + PREFETCH_AHEAD < q->n)
			rte_prefetch0(rte_pktmbuf_mtod(q->mbuf[i + PREFETCH_AHEAD], const void *));
		struct payload *p = &b->payload[b->n];
		const enum stat_id verdict = take(q, q->mbuf[i], p);
		bytes += q->mbuf[i]->pkt_len;
		p->time = now;
		if (verdict == STAT_frame_datagrams)
			b->n++;
		else
			put_aside(q, i, verdict, &wake);
	}
	if (wake)
		port_host_wake(q->host);
	stats_add(in->stats, STAT_rx_frames, q->n);
	stats_add(in->stats, STAT_rx_bytes, bytes);
	stats_add(in->stats, STAT_frame_datagrams, b->n);
	return INPUT_READY;
}

static void release(struct input *in)
{
	struct port_queue *q = (struct port_queue *)in;
	rte_pktmbuf_free_bulk(q->mbuf, q->n);
	q->n = 0;
}

// A driver in poll mode has nothing to wait on: the ring of descriptors holds what comes meanwhile.
static void wait_for_frames(struct input *in, uint64_t ns)
{
	const struct timespec ts = clock_timespec(ns);
	nanosleep(&ts, NULL);
}
