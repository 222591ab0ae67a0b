// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ring.h>

enum {
	INBOX = 1024,       // frames; a worker that naps for 0.5 ms is sent some 500 in between
	OVERLOADED = 64,    // full bursts in a row, after which a queue counts as overloaded
	RELIEVED = 1 << 14, // bursts in a row that were not, after which it does not any more
};

// One worker. Dealers read the first line, which it writes seldom: when `overloaded` changes.
struct seat {
	struct rte_ring *inbox;
	bool overloaded; // its worker: w; dealers: r (relaxed: a hint)
	bool has_queue;
	// What its worker alone reads and writes, at every burst.
	uint32_t full __attribute__((aligned(64))); // full bursts in a row
	uint32_t relieved;                          // bursts since that were not full
	uint16_t next;                              // whom it deals to first
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct seat) == 128, "what dealers read, and what its worker writes");

struct spread {
	uint16_t n;
	bool has_helpers; // some have no queue
	enum spread_mode mode;
	struct seat seat[];
};

uint32_t spread_inbox(void)
{
	return INBOX;
}

struct spread *spread_new(const char *name, uint16_t n, uint16_t n_queues, enum spread_mode mode,
			  int socket, struct err_msg *msg)
{
	char ring[RTE_RING_NAMESIZE];
	const size_t size = sizeof(struct spread) + n * sizeof(struct seat);
	struct spread *s = aligned_alloc(64, RTE_ALIGN_CEIL(size, 64u));
	if (s == NULL) {
		err_set(msg, ERR_MEMORY, "%s: out of memory", name);
		return NULL;
	}
	memset(s, 0, size);
	s->n = n;
	s->mode = mode;
	s->has_helpers = n > n_queues;
	for (uint16_t i = 0; i < n; i++) {
		snprintf(ring, sizeof(ring), "%.16s-in%u", name, i);
		s->seat[i].has_queue = i < n_queues;
		s->seat[i].inbox = rte_ring_create(ring, INBOX, socket, RING_F_SC_DEQ);
		if (s->seat[i].inbox != NULL)
			continue;
		err_set(msg, ERR_MEMORY, "%s: no memory for a ring of %u frames: %s", name, INBOX,
			rte_strerror(rte_errno));
		spread_free(s);
		return NULL;
	}
	return s;
}

void spread_drain(struct spread *s)
{
	struct rte_mbuf *m;
	for (uint16_t i = 0; s != NULL && i < s->n; i++) {
		struct rte_ring *inbox = s->seat[i].inbox;
		while (inbox != NULL && rte_ring_dequeue(inbox, (void **)&m) == 0)
			rte_pktmbuf_free(m);
	}
}

void spread_free(struct spread *s)
{
	if (s == NULL)
		return;
	spread_drain(s);
	for (uint16_t i = 0; i < s->n; i++)
		rte_ring_free(s->seat[i].inbox);
	free(s);
}

uint16_t spread_workers(const struct spread *s)
{
	return s->n;
}

double spread_fill(const struct spread *s, uint16_t me)
{
	return (double)rte_ring_count(s->seat[me].inbox) / INBOX;
}

uint16_t spread_collect(struct spread *s, uint16_t me, struct rte_mbuf **m, uint16_t most)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(s->seat[me].inbox, (void **)m, most, NULL);
}

static void set_overloaded(struct seat *seat, bool overloaded)
{
	__atomic_store_n(&seat->overloaded, overloaded, __ATOMIC_RELAXED);
	seat->full = 0;
	seat->relieved = 0;
}

bool spread_look(struct spread *s, uint16_t me, uint16_t n, uint16_t most)
{
	struct seat *seat = &s->seat[me];
	const bool full = n >= most / 2; // some drivers give no more than 32 at once
	if (s->mode != SPREAD_AUTO)
		return s->mode == SPREAD_ALWAYS;
	if (!seat->overloaded) {
		seat->full = full ? seat->full + 1 : 0;
		if (seat->full >= OVERLOADED)
			set_overloaded(seat, true);
	} else {
		seat->relieved = full ? 0 : seat->relieved + 1;
		if (seat->relieved >= RELIEVED)
			set_overloaded(seat, false);
	}
	return seat->overloaded;
}

// Does a dealer give to this seat? Helpers first; who is in the same plight gets nothing.
static bool takes(const struct spread *s, uint16_t me, uint16_t i)
{
	const struct seat *seat = &s->seat[i];
	if (i == me || (s->mode == SPREAD_ALWAYS && s->has_helpers && seat->has_queue))
		return false;
	return !__atomic_load_n(&seat->overloaded, __ATOMIC_RELAXED);
}

uint16_t spread_deal(struct spread *s, uint16_t me, struct rte_mbuf **m, uint16_t n)
{
	struct seat *seat = &s->seat[me];
	uint16_t takers = 0;
	for (uint16_t i = 0; i < s->n; i++)
		takers += takes(s, me, i);
	if (takers == 0 || n == 0)
		return n;
	// A dealer whose helpers have nothing else to do keeps no part for itself.
	const uint16_t parts = takers + !(s->mode == SPREAD_ALWAYS && s->has_helpers);
	const uint16_t part = (uint16_t)((n + parts - 1) / parts);
	for (uint16_t k = 0; k < s->n && takers > 0; k++) {
		const uint16_t to = (uint16_t)((seat->next + k) % s->n);
		if (!takes(s, me, to))
			continue;
		const uint16_t give = part < n ? part : n;
		takers--;
		// From the end, so that what stays is at the front.
		const unsigned taken = rte_ring_mp_enqueue_burst(s->seat[to].inbox,
								 (void **)&m[n - give], give, NULL);
		// What was not taken lies behind what was: close the gap.
		memmove(&m[n - give], &m[n - give + taken],
			(give - taken) * sizeof(struct rte_mbuf *));
		n = (uint16_t)(n - taken);
		if (n == 0)
			break;
	}
	seat->next = (uint16_t)((seat->next + 1) % s->n);
	return n;
}

bool spread_give(struct spread *s, uint16_t to, struct rte_mbuf *m)
{
	return rte_ring_mp_enqueue(s->seat[to].inbox, m) == 0;
}
