// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "packet/record.h"

#include "base/cursor.h"

// Records of enterprise 0, by format (sFlow v5 section 5 and the later structures of sflow.org).
enum {
	RECORD_ROUTER = 1002,
	RECORD_GATEWAY = 1003,
};

// Records whose fields lie at fixed places: format, least size of the body, layer. Those with
// strings (memcache, application, HTTP) are read with a cursor; their least size is that of empty
// strings.
static const struct fixed_record {
	uint16_t format, size;
	uint8_t layer;
} fixed_records[] = {
	{1001, 16, LAYER_SWITCH},     {1023, 32, LAYER_OUTTUNNEL},  {1024, 32, LAYER_INTUNNEL},
	{1025, 56, LAYER_OUTTUNNEL6}, {1026, 56, LAYER_INTUNNEL6},  {1029, 4, LAYER_VNIEGRESS},
	{1030, 4, LAYER_VNIINGRESS},  {1036, 4, LAYER_EGRESSQUEUE}, {1039, 4, LAYER_TRANSIT},
	{1040, 4, LAYER_QUEUE},       {2200, 28, LAYER_MEMCACHE},   {2202, 40, LAYER_APP},
	{2206, 60, LAYER_HTTP},       {2209, 48, LAYER_TCPINFO},    {2210, 16, LAYER_ENTITIES},
};

static enum packet_record_result note(struct packet *p, enum packet_layer layer, uint32_t off)
{
	if (p->first[layer] != 0)
		return PACKET_RECORD_UNUSED;
	p->first[layer] = (uint16_t)off;
	return PACKET_RECORD_NOTED;
}

static enum packet_record_result note_fixed(struct packet *p, uint32_t format, uint32_t off,
					    uint32_t len)
{
	for (size_t i = 0; i < sizeof(fixed_records) / sizeof(fixed_records[0]); i++) {
		const struct fixed_record *r = &fixed_records[i];
		if (r->format == format)
			return len < r->size ? PACKET_RECORD_SHORT : note(p, r->layer, off);
	}
	return PACKET_RECORD_UNUSED;
}

enum {
	ADDRESS_NONE = 4,
	ADDRESS_IP4 = 8,
	ADDRESS_IP6 = 20
}; // bytes with their type

// Bytes of the sFlow `address` that a body begins with; too many for any body when it is none.
static uint32_t address_size(const uint8_t *body, uint32_t len)
{
	switch (len < 4 ? UINT32_MAX : load_be32(body)) {
	case 0: return ADDRESS_NONE;
	case 1: return ADDRESS_IP4;
	case 2: return ADDRESS_IP6;
	default: return UINT16_MAX;
	}
}

static enum packet_record_result note_router(struct packet *p, uint32_t off, uint32_t len)
{
	const uint32_t address = address_size(p->base[SPACE_RECORD] + off, len);
	if (len < address + 8)
		return PACKET_RECORD_SHORT;
	if (p->first[LAYER_ROUTERMASK] != 0)
		return PACKET_RECORD_UNUSED;
	if (address == ADDRESS_IP4)
		note(p, LAYER_ROUTER, off);
	if (address == ADDRESS_IP6)
		note(p, LAYER_ROUTER6, off);
	return note(p, LAYER_ROUTERMASK, off + address);
}

static enum packet_record_result note_gateway(struct packet *p, uint32_t off, uint32_t len)
{
	const uint32_t address = address_size(p->base[SPACE_RECORD] + off, len);
	if (len < address + 12)
		return PACKET_RECORD_SHORT;
	if (p->first[LAYER_GATEWAY] != 0)
		return PACKET_RECORD_UNUSED;
	if (address == ADDRESS_IP4)
		note(p, LAYER_GATEWAYIP, off);
	if (address == ADDRESS_IP6)
		note(p, LAYER_GATEWAYIP6, off);
	note(p, LAYER_GATEWAYAS, off + address);
	return note(p, LAYER_GATEWAY, off);
}

enum packet_record_result packet_record_any(struct packet *p, uint32_t tag, uint32_t off,
					    uint32_t len)
{
	switch (tag) { // enterprise 0: the tag is the format
	case RECORD_ROUTER: return note_router(p, off, len);
	case RECORD_GATEWAY: return note_gateway(p, off, len);
	default: return note_fixed(p, tag, off, len);
	}
}
