// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_queue.h"

#include <math.h>

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "weir/util/clock.h"
#include "weir/input/fragments.h"
#include "weir/input/port_host.h"
#include "weir/input/port_kernel.h"
#include "weir/input/port_out.h"
#include "weir/input/port_spread.h"

_Static_assert(sizeof(struct port_queue) % 64 == 0, "no two workers' shares on one cache line");

// Frames whose headers are on their way into the cache while one is checked: the check takes some
// 20 ns, a line from memory some 100 ns.
#define PREFETCH_AHEAD 4

// Whether it is to stop, a worker sees only after its wait.
#define LONGEST_WAIT_MS 100

static enum input_state burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void wait_for_frames(struct input *in, uint64_t ns);
static double fill(struct input *in);

void port_queue_init(struct port_queue *q, const struct port_queue_config *config)
{
	*q = (struct port_queue){
		.input = {.burst = burst,
			  .release = release,
			  .wait = wait_for_frames,
			  .fill = fill},
		.config = *config,
		.intr = {.epoll = -1},
	};
}

void port_queue_shut(struct port_queue *q, uint32_t number)
{
	__atomic_store_n(&q->shut, number, __ATOMIC_RELEASE);
}

bool port_queue_is_away(const struct port_queue *q)
{
	return __atomic_load_n(&q->away, __ATOMIC_ACQUIRE) == q->shut;
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
	return frame_take(q->config.policy, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
			  card_says(m), p);
}

// What a burst makes, beside payloads.
struct outcome {
	uint64_t now;   // ns
	uint64_t bytes; // of the frames that were judged
	uint16_t dealt; // frames that are another worker's now
	bool wake;      // the host or the kernel has something to do
};

// A fragment of a datagram: ours, or the owner's, who judges it. True when it was given away.
static bool give_to_owner(struct port_queue *q, uint16_t i, enum stat_id *verdict)
{
	struct rte_mbuf *m = q->mbuf[i];
	const uint32_t n = q->config.spread != NULL ? spread_workers(q->config.spread) : 1;
	const uint32_t owner =
		fragments_owner(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, n);
	if (owner == q->config.worker)
		return false;
	if (spread_give(q->config.spread, (uint16_t)owner, m)) {
		q->mbuf[i] = NULL; // rte_pktmbuf_free_bulk() steps over it
		return true;
	}
	*verdict = STAT_frame_inbox_full;
	return false;
}

static enum stat_id take_fragment(struct port_queue *q, const struct rte_mbuf *m, uint64_t now,
				  struct payload *p)
{
	struct fragments *f = q->config.fragments;
	struct stats *stats = q->input.stats;
	const enum stat_id verdict =
		fragments_take(f, now, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, p);
	const uint64_t given_up = fragments_given_up(f);
	stats_add(stats, STAT_reassembled, verdict == STAT_frame_datagrams);
	stats_add(stats, STAT_fragments_given_up, given_up - q->given_up);
	q->given_up = given_up;
	return verdict;
}

// Not for weir: the host's, the kernel's, or nobody's. How it is counted.
static enum stat_id give_away(struct port_queue *q, uint16_t i, enum stat_id verdict,
			      struct outcome *o)
{
	const struct port_queue_config *c = &q->config;
	const bool host = c->host != NULL && port_host_take(c->host, verdict, q->mbuf[i]);
	if (!host) {
		if (c->kernel == NULL ||
		    !port_kernel_wants(verdict, q->mbuf[i], c->fragments != NULL))
			return verdict;
		if (!port_kernel_take(c->kernel, q->mbuf[i]))
			return STAT_frame_kernel_full;
	}
	q->mbuf[i] = NULL; // rte_pktmbuf_free_bulk() steps over it
	o->wake = true;
	return host ? STAT_frame_host : STAT_frame_kernel;
}

static bool is_ours(const struct port_queue *q, uint16_t i)
{
	return q->config.fragments != NULL &&
	       (q->config.kernel == NULL ||
		!port_kernel_wants(STAT_frame_fragment, q->mbuf[i], true));
}

// A frame that is no datagram for us by itself: a part of one, or somebody else's. Returns the
// payloads that it makes. Kept out of the loop over plain frames.
static __attribute__((noinline)) unsigned take_other(struct port_queue *q, uint16_t i,
						     enum stat_id verdict, struct payload *p,
						     struct outcome *o)
{
	const uint32_t len = q->mbuf[i]->pkt_len;
	if (verdict == STAT_frame_fragment && is_ours(q, i)) {
		if (give_to_owner(q, i, &verdict)) {
			o->dealt++;
			o->bytes -= len;
			return 0;
		}
		if (verdict == STAT_frame_fragment)
			verdict = take_fragment(q, q->mbuf[i], o->now, p);
		if (verdict == STAT_frame_datagrams)
			return 1;
	}
	stats_add(q->input.stats, give_away(q, i, verdict, o), 1);
	return 0;
}

// What others dealt comes first, up to half a burst, so that nobody waits for a busy worker for
// long. Then the queue; when it is overloaded, a part of what came is dealt to others. Returns how
// many were.
static uint16_t collect(struct port_queue *q)
{
	const struct port_queue_config *c = &q->config;
	const uint16_t most = c->receives ? INPUT_BURST / 2 : INPUT_BURST;
	q->n = spread_collect(c->spread, c->worker, q->mbuf, most);
	if (!c->receives)
		return 0;
	struct rte_mbuf **m = &q->mbuf[q->n];
	const uint16_t room = INPUT_BURST - q->n;
	const uint16_t n = rte_eth_rx_burst(c->port, c->worker, m, room);
	uint16_t left = n;
	if (spread_look(c->spread, c->worker, n, room)) {
		left = spread_deal(c->spread, c->worker, m, n);
		stats_add(q->input.stats, STAT_dealt, n - left);
	}
	q->n += left;
	return n - left;
}

static __attribute__((noinline)) enum input_state keep_away(struct port_queue *q, uint32_t outage,
							    struct burst *b)
{
	q->n = 0;
	b->n = 0;
	b->n_frames = 0;
	__atomic_store_n(&q->away, outage, __ATOMIC_RELEASE);
	return INPUT_IDLE;
}

// The buffer that a payload lies in, cut down to it, with one more reference; or a copy of what was
// put together from fragments. NULL: there is no buffer for that.
static struct rte_mbuf *lend(const struct port_queue *q, const struct payload *p, uint16_t *from)
{
	for (uint16_t i = *from; i < q->n; i++) {
		struct rte_mbuf *m = q->mbuf[i];
		const uint8_t *begin = m != NULL ? rte_pktmbuf_mtod(m, const uint8_t *) : NULL;
		if (m == NULL || p->data < begin || p->data + p->len > begin + m->data_len)
			continue;
		*from = i + 1;
		m->data_off = (uint16_t)(m->data_off + (p->data - begin));
		m->data_len = (uint16_t)p->len;
		m->pkt_len = p->len;
		m->hash.usr = 0;
		rte_mbuf_refcnt_update(m, 1);
		return m;
	}
	for (uint16_t i = 0; i < q->n; i++)
		if (q->mbuf[i] != NULL)
			return port_out_copy(q->mbuf[i]->pool, p->data, p->len);
	return NULL;
}

// Other collectors get what this burst brought. Payloads come in the order of their buffers.
static __attribute__((noinline)) void pass_on(struct port_queue *q, const struct burst *b)
{
	struct rte_mbuf *m[INPUT_BURST];
	uint16_t n = 0, from = 0;
	for (unsigned i = 0; i < b->n; i++) {
		m[n] = lend(q, &b->payload[i], &from);
		if (m[n] != NULL)
			n++;
		else
			port_out_lose(q->config.out, 1);
	}
	port_out_give(q->config.out, m, n);
	port_host_wake(q->config.host);
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct port_queue *q = (struct port_queue *)in;
	struct outcome o = {0};
	const uint32_t outage = __atomic_load_n(&q->shut, __ATOMIC_ACQUIRE);
	if (__builtin_expect(outage != 0, 0))
		return keep_away(q, outage, b);
	uint16_t dealt = 0;
	if (q->config.spread == NULL)
		q->n = rte_eth_rx_burst(q->config.port, q->config.worker, q->mbuf, INPUT_BURST);
	else
		dealt = collect(q);
	b->n = 0;
	b->n_frames = q->n + dealt; // who gave all away may not nap: there is more in the queue
	if (b->n_frames == 0)
		return INPUT_IDLE;
	o.now = clock_monotonic();
	for (uint16_t i = 0; i < PREFETCH_AHEAD && i < q->n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(q->mbuf[i], const void *));
	for (uint16_t i = 0; i < q->n; i++) {
		if (i + PREFETCH_AHEAD < q->n)
			rte_prefetch0(rte_pktmbuf_mtod(q->mbuf[i + PREFETCH_AHEAD], const void *));
		struct payload *p = &b->payload[b->n];
		const enum stat_id verdict = take(q, q->mbuf[i], p);
		o.bytes += q->mbuf[i]->pkt_len;
		p->time = o.now;
		if (__builtin_expect(verdict == STAT_frame_datagrams, 1))
			b->n++;
		else
			b->n += take_other(q, i, verdict, p, &o);
	}
	if (q->config.out != NULL && b->n > 0 && port_out_wanted(q->config.out))
		pass_on(q, b);
	if (o.wake && q->config.host != NULL)
		port_host_wake(q->config.host);
	if (o.wake && q->config.kernel != NULL)
		port_kernel_wake(q->config.kernel);
	if (o.dealt > 0)
		stats_add(in->stats, STAT_dealt, o.dealt);
	stats_add(in->stats, STAT_rx_frames, q->n - o.dealt);
	stats_add(in->stats, STAT_rx_bytes, o.bytes);
	stats_add(in->stats, STAT_frame_datagrams, b->n);
	return INPUT_READY;
}

static void release(struct input *in)
{
	struct port_queue *q = (struct port_queue *)in;
	rte_pktmbuf_free_bulk(q->mbuf, q->n);
	q->n = 0;
	if (q->config.fragments != NULL)
		fragments_release(q->config.fragments);
}

// Of the fuller one: the card's queue, where the driver can tell, or the inbox.
static double fill(struct input *in)
{
	const struct port_queue *q = (struct port_queue *)in;
	const struct port_queue_config *c = &q->config;
	const double inbox = c->spread != NULL ? spread_fill(c->spread, c->worker) : 0;
	if (!c->receives)
		return inbox;
	const int n = rte_eth_rx_queue_count(c->port, c->worker);
	return n < 0 ? -1 : fmax(inbox, (double)n / c->descriptors);
}

// A driver in poll mode has nothing to wait on: the ring of descriptors holds what comes meanwhile.
// With an interrupt the wait may be long, but for what others deal, which raises none.
static void wait_for_frames(struct input *in, uint64_t ns)
{
	struct port_queue *q = (struct port_queue *)in;
	if (__atomic_load_n(&q->shut, __ATOMIC_ACQUIRE) == 0 && q->intr.epoll >= 0) {
		const uint64_t ms = ns / CLOCK_NS_PER_MS + 1;
		port_intr_wait(&q->intr, q->config.spread != NULL ? (int)ms : LONGEST_WAIT_MS);
		return;
	}
	const struct timespec ts = clock_timespec(ns);
	nanosleep(&ts, NULL);
}
