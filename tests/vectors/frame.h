// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Build the first bytes of a packet, layer by layer, with true lengths and checksums.
///
///     struct frame f = frame_of(1514);               // bytes of the whole packet, no FCS
///     frame_ethernet(&f, 0x0800);
///     frame_ip4(&f, 6, "192.0.2.1", "198.51.100.2");
///     frame_tcp(&f, 49152, 443);
///     frame_fill(&f, 128);                           // payload of zeros, up to so many bytes
///
/// A length in a header covers all that comes behind it. For tests: what does not fit aborts.

#include <stddef.h>
#include <stdint.h>

#define FRAME_SIZE 256

struct frame {
	uint8_t data[FRAME_SIZE];
	size_t len;   ///< bytes here
	size_t total; ///< bytes of the whole packet
};

struct frame frame_of(size_t total);
void frame_put(struct frame *f, const void *bytes, size_t len);
void frame_u16(struct frame *f, uint16_t v);
void frame_u32(struct frame *f, uint32_t v);
void frame_fill(struct frame *f, size_t len);

/// 02:00:00:00:00:01 -> 02:00:00:00:00:02; @p type is what comes next, also a TPID.
void frame_ethernet(struct frame *f, uint16_t type);
/// The TCI of a tag and the type behind it.
void frame_tag(struct frame *f, uint16_t tci, uint16_t type);
void frame_mpls(struct frame *f, uint32_t label, int bottom);
void frame_pppoe(struct frame *f, uint16_t session, uint16_t protocol);
void frame_ip4(struct frame *f, uint8_t protocol, const char *source, const char *destination);
void frame_ip6(struct frame *f, uint8_t next, const char *source, const char *destination);
/// Hop-by-hop or destination options of eight bytes, all padding.
void frame_ip6_options(struct frame *f, uint8_t next);
/// A fragment header; @p offset in units of eight bytes.
void frame_ip6_fragment(struct frame *f, uint8_t next, uint16_t offset, int more);
void frame_gre(struct frame *f, uint16_t type);
void frame_udp(struct frame *f, uint16_t source, uint16_t destination);
void frame_vxlan(struct frame *f, uint32_t vni);
/// SYN and ACK, no options.
void frame_tcp(struct frame *f, uint16_t source, uint16_t destination);
