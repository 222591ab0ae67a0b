// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Samples without a raw header: the header written anew from what the agent tells; private to this
/// folder. One dissector and one set of fields then serve sampled_ethernet, sampled_ipv4 and
/// sampled_ipv6 (sFlow v5 section 5.3) too.

#include "packet/dissect.h"
#include "sflow/datagram.h"

/// Which records of a sample describe the packet; their order does not matter, the raw header wins.
/// body == NULL: not there. Each is at least as long as its structure.
struct headers {
	struct sflow_record raw, ethernet, ip4, ip6;
};

static inline void headers_clear(struct headers *h)
{
	h->raw.body = h->ethernet.body = h->ip4.body = h->ip6.body = NULL;
}

/// Write the header of h->ethernet and h->ip4 or h->ip6 (one of them is there) into p->synth and
/// note its layers.
void synth_dissect(struct packet *p, const struct headers *h, enum dissect_depth depth);
