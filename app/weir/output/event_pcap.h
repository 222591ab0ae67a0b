// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The sampled headers that made an event, as a packet capture.
///
///     struct event_pcap *e = event_pcap_new(ring, n_workers, event_log, &msg);
///     event_pcap_tick(e, analyzer, tick);              // the aggregator, once they are found
///     n = event_pcap_count(e, i);                      // headers of the tick's i-th event
///     ...
///     uint8_t *capture = event_pcap_get(e, id, &size); // anybody; free(3) it
///
/// Looked through are the datagrams that the workers kept of late (bank/trace.h), the latest first:
/// a sample belongs to an event when it is of its data source (of its agent, with `aggMode: agent`)
/// and is measured under its key; to one of a metric of counters when it is of its data source. It
/// is no older than EVENT_PCAP_AGE time constants, since older ones hardly count. So what is found
/// depends on what came alone: a replay finds the same every time.
///
/// The capture has nanoseconds, though those of a datagram's arrival; a frame's length is what the
/// agent said. The link type follows from the header (Ethernet, IP, PPP, 802.11); should an event
/// have more than one, those that are not of the first kind are left out.
///
/// Thread-safety: ticks belong to the aggregator; event_pcap_get() to any thread; a mutex guards
/// what is kept, and is held for copies of one capture. Memory: event_pcap_new(), 2.5 MB; and
/// EVENT_PCAP_KEEP bytes of captures at most, of the `event_log` latest events; the oldest go
/// first. Limits, so that a tick with events takes some ms more and not longer: EVENT_PCAP_EVENTS
/// events of a tick, EVENT_PCAP_HEADERS headers of an event, EVENT_PCAP_HEADER bytes of a header,
/// EVENT_PCAP_LOOK samples looked at and EVENT_PCAP_KEYS keys made of them per tick.

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/core/aggregator.h"

#define EVENT_PCAP_EVENTS  64
#define EVENT_PCAP_HEADERS 128
#define EVENT_PCAP_HEADER  256
#define EVENT_PCAP_LOOK    32768
#define EVENT_PCAP_KEYS    65536
#define EVENT_PCAP_KEEP    (32u << 20)
/// Time constants; of a metric of counters: EVENT_PCAP_COUNTER_AGE ns.
#define EVENT_PCAP_AGE         5
#define EVENT_PCAP_COUNTER_AGE UINT64_C(60000000000)

struct event_pcap;

/// @p ring: that of each worker, borrowed. NULL and a message when memory is short.
struct event_pcap *event_pcap_new(struct trace_ring *const *ring, uint32_t n_workers,
				  uint32_t n_events, struct err_msg *msg);
void event_pcap_free(struct event_pcap *e);

void event_pcap_tick(struct event_pcap *e, const struct analyzer *a, const struct tick *tick);
/// Headers of the i-th event of the latest tick.
uint32_t event_pcap_count(const struct event_pcap *e, size_t i);
/// The capture of an event, or NULL when there is none (any more), or memory is short.
uint8_t *event_pcap_get(struct event_pcap *e, uint64_t id, size_t *size);
