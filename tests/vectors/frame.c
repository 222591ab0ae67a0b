// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cursor.h"

struct frame frame_of(size_t total)
{
	return (struct frame){.total = total};
}

void frame_put(struct frame *f, const void *bytes, size_t len)
{
	if (len > FRAME_SIZE - f->len)
		abort();
	memcpy(f->data + f->len, bytes, len);
	f->len += len;
}

void frame_u16(struct frame *f, uint16_t v)
{
	uint8_t bytes[2];
	store_be16(bytes, v);
	frame_put(f, bytes, 2);
}

void frame_u32(struct frame *f, uint32_t v)
{
	uint8_t bytes[4];
	store_be32(bytes, v);
	frame_put(f, bytes, 4);
}

void frame_fill(struct frame *f, size_t len)
{
	while (f->len < len && f->len < f->total)
		frame_put(f, "", 1);
}

// Bytes of the packet from here on.
static uint16_t left(const struct frame *f)
{
	return (uint16_t)(f->total - f->len);
}

static void put_address(struct frame *f, const char *text, size_t len)
{
	struct addr a;
	if (addr_parse(text, &a) != 0)
		abort();
	frame_put(f, a.bytes, len);
}

void frame_ethernet(struct frame *f, uint16_t type)
{
	frame_put(f, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	frame_u16(f, type);
}

void frame_tag(struct frame *f, uint16_t tci, uint16_t type)
{
	frame_u16(f, tci);
	frame_u16(f, type);
}

void frame_mpls(struct frame *f, uint32_t label, int bottom)
{
	frame_u32(f, label << 12 | (bottom ? 0x100u : 0) | 64);
}

void frame_pppoe(struct frame *f, uint16_t session, uint16_t protocol)
{
	frame_u16(f, 0x1100);
	frame_u16(f, session);
	frame_u16(f, (uint16_t)(left(f) - 2));
	frame_u16(f, protocol);
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i += 2)
		sum += load_be16(bytes + i);
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

void frame_ip4(struct frame *f, uint8_t protocol, const char *source, const char *destination)
{
	uint8_t *start = f->data + f->len;
	frame_u16(f, 0x4500);
	frame_u16(f, (uint16_t)(left(f) + 2));
	frame_u32(f, 0x12344000); // identification, do not fragment
	frame_u16(f, (uint16_t)(64 << 8 | protocol));
	frame_u16(f, 0);
	put_address(f, source, 4);
	put_address(f, destination, 4);
	store_be16(start + 10, checksum(start, 20));
}

void frame_ip6(struct frame *f, uint8_t next, const char *source, const char *destination)
{
	frame_u32(f, 0x60012345);
	frame_u16(f, (uint16_t)(left(f) - 36));
	frame_u16(f, (uint16_t)(next << 8 | 64));
	put_address(f, source, 16);
	put_address(f, destination, 16);
}

void frame_ip6_options(struct frame *f, uint8_t next)
{
	frame_u16(f, (uint16_t)(next << 8));
	frame_put(f, "\x01\x04\0\0\0\0", 6); // PadN
}

void frame_ip6_fragment(struct frame *f, uint8_t next, uint16_t offset, int more)
{
	frame_u16(f, (uint16_t)(next << 8));
	frame_u16(f, (uint16_t)(offset << 3 | (more != 0)));
	frame_u32(f, 0x12345678);
}

void frame_gre(struct frame *f, uint16_t type)
{
	frame_u16(f, 0);
	frame_u16(f, type);
}

void frame_udp(struct frame *f, uint16_t source, uint16_t destination)
{
	frame_u16(f, source);
	frame_u16(f, destination);
	frame_u16(f, (uint16_t)(left(f) + 4));
	frame_u16(f, 0);
}

void frame_vxlan(struct frame *f, uint32_t vni)
{
	frame_u32(f, 0x08000000);
	frame_u32(f, vni << 8);
}

void frame_tcp(struct frame *f, uint16_t source, uint16_t destination)
{
	frame_u16(f, source);
	frame_u16(f, destination);
	frame_u32(f, 0x11111111);
	frame_u32(f, 0x22222222);
	frame_u32(f, 0x5012ffff);
	frame_u32(f, 0);
}
