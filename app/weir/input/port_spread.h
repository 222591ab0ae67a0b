// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Frames from one worker of a port to another: a ring per worker, its inbox.
///
///     n += spread_collect(s, me, mbufs, most);        // what others dealt to me
///     if (spread_look(s, me, n_received))             // my queue is overloaded
///             n = spread_deal(s, me, mbufs, n);       // give others their share
///     sent = spread_give(s, owner, mbuf);             // a fragment goes to its owner
///
/// A card spreads by addresses and ports, so that one agent behind one 5-tuple fills one queue,
/// however many there are. What counts is additive: any worker may take any datagram. A worker that
/// finds its queue full again and again therefore deals its bursts in equal parts to itself and to
/// those that are not in the same plight, until its queue has been short for a while. Workers
/// without a queue of their own (`workers` above `queues`) live from that; with SPREAD_ALWAYS the
/// others are dealers first, and keep only what nobody has room for.
///
/// Order: datagrams of one agent may overtake one another; sequence numbers are judged by the
/// aggregator over all workers. Duplicates are found only where both come to the same worker.
///
/// Threading: each worker calls with its own index; an inbox has many writers (lock-free) and one
/// reader. Memory: spread_inbox() pointers per worker; frames beyond stay with the dealer.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"

enum spread_mode {
	SPREAD_AUTO, ///< when a queue is overloaded
	SPREAD_ALWAYS,
	SPREAD_NEVER, ///< fragments still go to their owner
};

struct spread;

/// Frames that an inbox holds at most.
uint32_t spread_inbox(void);

/// For @p n workers, of which the first @p n_queues have a queue. NULL with a message.
struct spread *spread_new(const char *name, uint16_t n, uint16_t n_queues, enum spread_mode mode,
			  int socket, struct err_msg *msg);
/// Frees what lies in the inboxes. NULL does nothing.
void spread_free(struct spread *s);

/// Give back what lies in the inboxes; no worker is there. NULL does nothing.
void spread_drain(struct spread *s);

uint16_t spread_workers(const struct spread *s);

/// How full the inbox of @p me is, of 1.
double spread_fill(const struct spread *s, uint16_t me);
/// Take up to @p most frames out of the inbox of @p me.
uint16_t spread_collect(struct spread *s, uint16_t me, struct rte_mbuf **m, uint16_t most);
/// Note that @p n of @p most frames came from the queue of @p me. True while frames shall be dealt.
bool spread_look(struct spread *s, uint16_t me, uint16_t n, uint16_t most);
/// Deal @p n frames; those that are left for @p me are the first of @p m. Returns how many.
uint16_t spread_deal(struct spread *s, uint16_t me, struct rte_mbuf **m, uint16_t n);
/// Give one frame to worker @p to; false = its inbox is full.
bool spread_give(struct spread *s, uint16_t to, struct rte_mbuf *m);
