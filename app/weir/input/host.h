// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A host on the wire: what a kernel would answer for its addresses, on a port that has no kernel.
///
///     struct host *h = host_new(&config, &msg);
///     host_link(h, now, true);                        // the checks of all addresses begin
///     len = host_answer(h, now, frame, frame_len, out, sizeof(out));
///     if (len > 0) ... send out ...
///     while (host_next(h) <= now && (len = host_timer(h, now, out, sizeof(out))) > 0)
///             ... send out ...
///
/// It answers ARP (RFC 826), neighbour solicitation (RFC 4861), ICMP and ICMPv6 echo, and, where
/// asked to, datagrams for closed ports with port unreachable. An address is checked before it is
/// used (RFC 5227, RFC 4862 section 5.4) and announced afterwards, whenever the link comes up. The
/// solicited-node groups of IPv6 addresses are reported to multicast routers (RFC 3810), so that
/// switches which snoop let the solicitations through. With the first IPv6 address of a VLAN comes
/// a link-local one.
///
/// The host model is the strong one: an address is answered for only on its own VLAN, and only in
/// frames for our own MAC address (or a group). Echo requests to groups or broadcast, and anything
/// from a group, get no answer: nobody is flooded through us. Answers per second are limited, for
/// each kind apart.
///
/// Who sends from the port asks for neighbours (host_seek()): by ARP and neighbour solicitation,
/// three times in a row, then every ten seconds; what is known is asked anew after half a minute,
/// and forgotten when no answer comes. Only answers to what was asked are believed.
///
/// Frames that are sent say all that their protocol wants and no more than what was asked: an
/// answer is never longer than the question, but for port unreachable, which quotes it.
///
/// Thread-safety: one instance belongs to one thread, but for host_wants(), which only reads what
/// is constant, and the counters. No I/O, no clock: bytes in, bytes out. Memory: allocated by
/// host_new() alone.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "weir/input/frame.h"

enum host_stat {
#define HOST_STAT(name, role, help) HOST_##name,
#include "weir/input/host.def"
#undef HOST_STAT
	N_HOST_STATS,
};

struct host_stat_info {
	const char *name;
	uint8_t role; ///< enum stat_role
	const char *help;
};

extern const struct host_stat_info host_stat_info[N_HOST_STATS];

struct host_config {
	uint8_t mac[6];
	const struct frame_address *address; ///< copied; with FRAME_ANY_VLAN announced untagged
	uint32_t n_address;
	uint16_t udp_port; ///< that is open
	bool unreachable;  ///< say so when another one is asked for
	uint32_t rate;     ///< answers per second, of each kind; 0 = none
};

struct host;

/// NULL when out of memory.
struct host *host_new(const struct host_config *config, struct err_msg *msg);
void host_free(struct host *h);

/// Might this frame, which is no sFlow for us because of @p verdict, be for the host? Any thread.
bool host_wants(const struct host *h, enum stat_id verdict, const uint8_t *frame, uint32_t len);

/// Take a frame; the length of the answer in @p out, 0 = none. Counts one verdict.
uint32_t host_answer(struct host *h, uint64_t now, const uint8_t *frame, uint32_t len, uint8_t *out,
		     uint32_t size);

/// The link came up, so that every address is checked and announced anew, or went down.
void host_link(struct host *h, uint64_t now, bool up);
/// Another cable of the link is in use: addresses are announced anew, without a check, so that
/// switches learn where we are.
void host_moved(struct host *h, uint64_t now);
/// When host_timer() has something to send, ns; UINT64_MAX = nothing is planned.
uint64_t host_next(const struct host *h);
/// The next frame that is due at @p now; its length in @p out, 0 = none is due.
uint32_t host_timer(struct host *h, uint64_t now, uint8_t *out, uint32_t size);

/// Neighbours that are asked for, at most.
#define HOST_SEEKS 64

/// Ask where @p addr is on that VLAN (0 = untagged) from now on, until host_forget(). Its number,
/// or ERR_FULL.
int host_seek(struct host *h, uint64_t now, const struct addr *addr, uint16_t vlan);
/// Its MAC address; NULL = not known, or not any more.
const uint8_t *host_found(const struct host *h, int seek);
void host_forget(struct host *h, int seek);
/// Is this address of ours, on that VLAN, in use?
bool host_has(const struct host *h, const struct addr *addr, uint16_t vlan);
/// Our MAC address.
const uint8_t *host_mac(const struct host *h);

/// The @p i-th of the groups (MAC addresses) that must be received; false = there are fewer.
bool host_group(const struct host *h, uint32_t i, uint8_t mac[6]);

/// Where an address stands, for logs and operators.
enum host_state {
	HOST_DOWN,      ///< no link
	HOST_CHECKING,  ///< not used yet
	HOST_USED,      ///< answered for
	HOST_DUPLICATE, ///< another host has it; checked again now and then
};

struct host_view {
	struct addr addr;
	uint16_t vlan;
	enum host_state state;
	uint8_t other[6]; ///< MAC of the latest host that claimed it
};

/// The @p i-th address; false = there are fewer.
bool host_view(const struct host *h, uint32_t i, struct host_view *view);

/// Any thread.
uint64_t host_count(const struct host *h, enum host_stat i);
/// The host's thread.
void host_add(struct host *h, enum host_stat i, uint64_t n);
