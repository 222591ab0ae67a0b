// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Inside of the host (host.c, host_ip4.c, host_ip6.c): its state, and how frames begin.
///
/// Thread-safety: as host.h says. Memory: an answer is written where the caller has at least the
/// bytes that the writer asked for with host_fits().

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "weir/input/host.h"

enum {
	HOST_LINK_MAX = 14 + 4 * 8, ///< Ethernet and as many tags as are answered
	HOST_PROTOCOL_ICMP = 1,
	HOST_PROTOCOL_ICMP6 = 58,
	HOST_TYPE_IP4 = 0x0800,
	HOST_TYPE_ARP = 0x0806,
	HOST_TYPE_IP6 = 0x86dd,
};

/// What is limited together.
enum host_kind {
	HOST_RESOLUTION, ///< ARP, neighbour discovery
	HOST_ECHO,
	HOST_ERROR,
	N_HOST_KINDS,
};

struct host_bucket {
	double tokens;
	uint64_t filled; ///< ns
};

struct host_entry {
	struct addr addr;
	uint16_t vlan;
	enum host_state state;
	uint8_t step;      ///< of the plan that checks and announces it
	uint64_t due;      ///< ns: next step; UINT64_MAX = none
	uint64_t report;   ///< ns: next report of its group; UINT64_MAX = none
	uint64_t defended; ///< ns: latest defence; 0 = never
	uint8_t other[6];
};

/// A neighbour that is asked for.
struct host_seek {
	struct addr addr; ///< none = the place is free
	uint16_t vlan;
	uint16_t users;
	uint8_t tries; ///< questions since the latest answer
	bool known;
	uint8_t mac[6];
	uint64_t due; ///< ns: next question
};

struct host {
	uint8_t mac[6];
	uint16_t udp_port;
	bool unreachable;
	uint32_t rate;
	struct host_bucket bucket[N_HOST_KINDS];
	uint64_t stats[N_HOST_STATS];
	struct host_seek seek[HOST_SEEKS];
	uint32_t n_seeks; ///< places that were ever used
	uint32_t n;
	struct host_entry entry[];
};

/// A frame taken apart as far as the network layer.
struct host_frame {
	const uint8_t *bytes;
	uint32_t link_size; ///< of addresses, tags and type
	uint16_t type;
	uint16_t vlan;   ///< 0 = untagged
	struct cursor c; ///< behind the type
	uint64_t now;
	uint8_t *out;
	uint32_t size; ///< of out
};

/// An answer: how long, and how the question is counted.
struct host_reply {
	enum host_stat verdict;
	uint32_t len;
};

static inline struct host_reply host_no_reply(enum host_stat verdict)
{
	return (struct host_reply){.verdict = verdict};
}

static inline bool host_is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

/// Was the frame sent to us alone?
static inline bool host_is_unicast(const struct host *h, const struct host_frame *f)
{
	return memcmp(f->bytes, h->mac, 6) == 0;
}

/// Begin an answer to @p f: back to its sender, with its tags. What follows goes behind it.
static inline uint8_t *host_write_back(const struct host *h, const struct host_frame *f)
{
	memcpy(f->out, f->bytes + 6, 6);
	memcpy(f->out + 6, h->mac, 6);
	memcpy(f->out + 12, f->bytes + 12, f->link_size - 12);
	return f->out + f->link_size;
}

/// Bytes before the network layer of a frame that host_write_link() begins.
static inline uint32_t host_link_size(uint16_t vlan)
{
	return vlan == 0 || vlan == FRAME_ANY_VLAN ? 14 : 18;
}

/// Begin a frame of our own on a VLAN.
static inline uint8_t *host_write_link(const struct host *h, uint8_t *out, const uint8_t to[6],
				       uint16_t vlan, uint16_t type)
{
	memcpy(out, to, 6);
	memcpy(out + 6, h->mac, 6);
	if (host_link_size(vlan) == 18) {
		store_be16(out + 12, 0x8100);
		store_be16(out + 14, vlan);
		out += 4;
	}
	store_be16(out + 12, type);
	return out + 14;
}

/// The entry of an address on a VLAN, or NULL.
struct host_entry *host_find(struct host *h, const struct addr *a, uint16_t vlan);
/// An address of ours that is in use, of that family and VLAN; NULL = none.
const struct host_entry *host_source(const struct host *h, enum addr_family family, uint16_t vlan);
/// A neighbour says where it is. True when it was asked for.
bool host_learn(struct host *h, const struct addr *a, uint16_t vlan, const uint8_t mac[6],
		uint64_t now);
/// May one more answer of this kind be given?
bool host_allow(struct host *h, enum host_kind kind, uint64_t now);
/// HOST_used verdict of a question for an entry, or why it is not answered.
bool host_is_used(const struct host_entry *e, enum host_stat *why);
/// Somebody else (@p mac) uses the address: true when it is time to defend it.
bool host_conflict(struct host *h, struct host_entry *e, const uint8_t mac[6], uint64_t now);

struct host_reply host_arp(struct host *h, struct host_frame *f);
struct host_reply host_ip4(struct host *h, struct host_frame *f);
struct host_reply host_ip6(struct host *h, struct host_frame *f);

/// Frames sent unasked; their lengths, 0 when @p size is too small.
uint32_t host_arp_probe(const struct host *h, const struct host_entry *e, bool announce,
			uint8_t *out, uint32_t size);
uint32_t host_neighbour_probe(const struct host *h, const struct host_entry *e, uint8_t *out,
			      uint32_t size);
uint32_t host_neighbour_announce(const struct host *h, const struct host_entry *e, uint8_t *out,
				 uint32_t size);
/// The question where @p s is, from an address of ours.
uint32_t host_arp_question(const struct host *h, const struct host_entry *from,
			   const struct host_seek *s, uint8_t *out, uint32_t size);
uint32_t host_neighbour_question(const struct host *h, const struct host_entry *from,
				 const struct host_seek *s, uint8_t *out, uint32_t size);
uint32_t host_group_report(struct host *h, const struct host_entry *e, uint8_t *out, uint32_t size);

/// ff02::1:ffXX:XXXX, the solicited-node group of an address (RFC 4291 section 2.7.1).
void host_solicited_node(const uint8_t address[16], uint8_t group[16]);
