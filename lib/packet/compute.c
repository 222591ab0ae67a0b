// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Values worked out of the sampled header, but for the application layer (compute_app.c).

#include "packet/compute.h"

#include "base/addr.h"
#include "packet/dissect.h"
#include "packet/walk.h"

// ---- the header as a whole

static const char *const layer_names[] = {
	[LAYER_NONE] = "",
#define LAYER(id, name, space) [LAYER_##id] = name,
#include "packet/layers.def"
#undef LAYER
};

size_t field_compute_stack(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[97];
	struct strbuf b = strbuf_of(text, sizeof(text));
	for (unsigned i = 0; i < p->n_stack && occurrence == 0; i++) {
		const char *name = layer_names[p->stack[i].layer];
		if (*name == '\0')
			continue;
		if (b.len > 0)
			strbuf_char(&b, '.');
		strbuf_str(&b, name);
	}
	return compute_list(out, &b, '.');
}

static size_t compute_offset(const struct packet *p, enum packet_layer layer, unsigned occurrence,
			     uint8_t *out)
{
	const uint32_t off = packet_layer_at(p, layer, occurrence);
	return off == 0 ? 0 : compute_u16(out, (uint16_t)(off - p->start));
}

size_t field_compute_ip_offset(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_offset(p, LAYER_IP, occurrence, out);
}

size_t field_compute_ip6_offset(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_offset(p, LAYER_IP6, occurrence, out);
}

size_t field_compute_ibbt_offset(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_offset(p, LAYER_IBBT, occurrence, out);
}

// ---- Ethernet

enum cast {
	UNICAST,
	MULTICAST,
	BROADCAST
};

static size_t compute_cast(const struct packet *p, unsigned occurrence, enum cast wanted,
			   uint8_t *out)
{
	static const uint8_t all_ones[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const uint8_t *mac = compute_bytes(p, LAYER_ETH, occurrence, 0, 6);
	if (mac == NULL)
		return 0;
	const bool group = mac[0] & 1;
	const enum cast cast = !group                          ? UNICAST
			       : memcmp(mac, all_ones, 6) == 0 ? BROADCAST
							       : MULTICAST;
	return compute_u8(out, cast == wanted);
}

size_t field_compute_isunicast(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_cast(p, occurrence, UNICAST, out);
}

size_t field_compute_ismulticast(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_cast(p, occurrence, MULTICAST, out);
}

size_t field_compute_isbroadcast(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_cast(p, occurrence, BROADCAST, out);
}

// ---- IPv4 and IPv6

// "be(0)", "cs1(8)", "af11(10)", "ef(46)": RFC 2474, 2597, 3246, 5865, 8622.
static size_t compute_dscp_name(unsigned dscp, uint8_t *out)
{
	char text[17];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const unsigned class = dscp >> 3, precedence = dscp >> 1 & 3;
	if (dscp == 0)
		strbuf_str(&b, "be");
	else if (dscp == 1)
		strbuf_str(&b, "le");
	else if (dscp == 44)
		strbuf_str(&b, "va");
	else if (dscp == 46)
		strbuf_str(&b, "ef");
	else if ((dscp & 7) == 0)
		strbuf_fmt(&b, "cs%u", class);
	else if ((dscp & 1) == 0 && class >= 1 && class <= 4)
		strbuf_fmt(&b, "af%u%u", class, precedence);
	else
		strbuf_str(&b, "unknown");
	strbuf_fmt(&b, "(%u)", dscp);
	return compute_text(out, &b);
}

size_t field_compute_ipdscpname(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IP, occurrence, 1, 1);
	return b == NULL ? 0 : compute_dscp_name(b[0] >> 2, out);
}

size_t field_compute_ip6dscpname(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IP6, occurrence, 0, 2);
	return b == NULL ? 0 : compute_dscp_name(load_be16(b) >> 6 & 63, out);
}

// A place in a chain of extension headers: `type` names what lies at `off`.
struct chain {
	const struct packet *packet;
	uint32_t off;
	uint32_t left; // headers that may still be passed
	uint8_t type;
};

enum {
	PROTOCOL_NONE = 59
};

static bool chain_open(struct chain *c, const struct packet *p, uint32_t ip6_off)
{
	const uint8_t *b = ip6_off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, ip6_off + 6, 1);
	if (b == NULL)
		return false;
	*c = (struct chain){.packet = p, .off = ip6_off + 40, .left = PACKET_DEPTH, .type = b[0]};
	return true;
}

// Pass an extension header. False when what follows cannot be known. The type that follows may be
// known although its place is cut off: then off is the end of the sampled header.
static bool chain_pass(struct chain *c)
{
	const struct packet *p = c->packet;
	const bool fragment = c->type == PROTOCOL_FRAGMENT;
	const uint8_t *next = packet_bytes(p, SPACE_HEADER, c->off, 1);
	const uint8_t *rest = packet_bytes(p, SPACE_HEADER, c->off, fragment ? 4 : 2);
	if (next == NULL || c->left-- == 0 || (rest == NULL && ip6_is_extension(next[0])))
		return false;
	const bool later = fragment && rest != NULL && (load_be16(rest + 2) & 0xfff8) != 0;
	c->off =
		rest == NULL ? p->end[SPACE_HEADER] : c->off + ip6_extension_size(c->type, rest[1]);
	c->type = later ? PROTOCOL_NONE : next[0];
	return true;
}

size_t field_compute_ip6extensions(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	struct chain c;
	char text[33];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (!chain_open(&c, p, packet_layer_at(p, LAYER_IP6, occurrence)))
		return 0;
	while (ip6_is_extension(c.type)) {
		if (b.len > 0)
			strbuf_char(&b, '.');
		strbuf_u64(&b, c.type);
		if (!chain_pass(&c))
			return 0;
	}
	return compute_list(out, &b, '.');
}

// The word of the fragment header with offset and M flag; 0 without one. False when not known.
static bool ip6_fragment_word(const struct packet *p, unsigned occurrence, uint16_t *word)
{
	struct chain c;
	if (!chain_open(&c, p, packet_layer_at(p, LAYER_IP6, occurrence)))
		return false;
	*word = 0;
	while (ip6_is_extension(c.type)) {
		if (c.type == PROTOCOL_FRAGMENT) {
			const uint8_t *b = packet_bytes(p, SPACE_HEADER, c.off, 4);
			if (b == NULL)
				return false;
			*word = load_be16(b + 2);
			return true;
		}
		if (!chain_pass(&c))
			return false;
	}
	return true;
}

size_t field_compute_ip6fragm(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	uint16_t word;
	return ip6_fragment_word(p, occurrence, &word) ? compute_u8(out, word & 1) : 0;
}

size_t field_compute_ip6fragoffset(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	uint16_t word;
	return ip6_fragment_word(p, occurrence, &word) ? compute_u16(out, word >> 3) : 0;
}

// ---- ICMP and ICMPv6

// Echo, timestamp, information and mask messages, and their replies (RFC 792, RFC 950); echo of
// ICMPv6 (RFC 4443).
size_t field_compute_icmpseqno(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_ICMP, occurrence, 0, 8);
	if (b != NULL)
		return b[0] == 0 || b[0] == 8 || (b[0] >= 13 && b[0] <= 18)
			       ? compute_u16(out, load_be16(b + 6))
			       : 0;
	b = compute_bytes(p, LAYER_ICMP6, occurrence, 0, 8);
	return b != NULL && (b[0] == 128 || b[0] == 129) ? compute_u16(out, load_be16(b + 6)) : 0;
}

enum unreachable {
	NOT_UNREACHABLE,
	NET,
	HOST,
	PROTOCOL,
	PORT
};

static enum unreachable icmp_unreachable(uint8_t type, uint8_t code)
{
	if (type != 3)
		return NOT_UNREACHABLE;
	switch (code) {
	case 0:
	case 6:
	case 9:
	case 11: return NET;
	case 1:
	case 7:
	case 8:
	case 10:
	case 12: return HOST;
	case 2: return PROTOCOL;
	case 3: return PORT;
	default: return NOT_UNREACHABLE;
	}
}

static enum unreachable icmp6_unreachable(uint8_t type, uint8_t code)
{
	if (type == 4)
		return code == 1 ? PROTOCOL : NOT_UNREACHABLE;
	if (type != 1)
		return NOT_UNREACHABLE;
	switch (code) {
	case 0: return NET;
	case 3: return HOST;
	case 4: return PORT;
	default: return NOT_UNREACHABLE;
	}
}

// Where the packet lies that a message of kind @p wanted complains of; 0 for any other message.
static uint32_t unreachable_packet(const struct packet *p, unsigned occurrence,
				   enum unreachable wanted)
{
	const uint32_t icmp = packet_layer_at(p, LAYER_ICMP, occurrence);
	const uint32_t icmp6 = packet_layer_at(p, LAYER_ICMP6, occurrence);
	const uint32_t off = icmp != 0 ? icmp : icmp6;
	const uint8_t *b = off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, off, 2);
	if (b == NULL)
		return 0;
	const enum unreachable kind =
		icmp != 0 ? icmp_unreachable(b[0], b[1]) : icmp6_unreachable(b[0], b[1]);
	return kind == wanted ? off + 8 : 0;
}

static size_t compute_destination(const struct packet *p, uint32_t off, uint8_t *out)
{
	char text[ADDR_TEXT_SIZE + 1];
	struct strbuf s = strbuf_of(text, sizeof(text));
	const uint8_t *b = off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, off, 20);
	if (b != NULL && b[0] >> 4 == 4)
		addr_ip4_format(&s, b + 16);
	b = off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, off, 40);
	if (b != NULL && b[0] >> 4 == 6)
		addr_ip6_format(&s, b + 24);
	return compute_text(out, &s);
}

size_t field_compute_icmpunreachablenet(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_destination(p, unreachable_packet(p, occurrence, NET), out);
}

size_t field_compute_icmpunreachablehost(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_destination(p, unreachable_packet(p, occurrence, HOST), out);
}

// The upper-layer protocol of the IP packet at @p off and where it begins. False when cut off.
static bool upper_layer(const struct packet *p, uint32_t off, uint8_t *protocol, uint32_t *at)
{
	const uint8_t *b = off == 0 ? NULL : packet_bytes(p, SPACE_HEADER, off, 10);
	if (b == NULL)
		return false;
	if (b[0] >> 4 == 4) {
		*protocol = b[9];
		*at = off + (b[0] & 15) * 4u;
		return true;
	}
	struct chain c;
	if (b[0] >> 4 != 6 || !chain_open(&c, p, off))
		return false;
	while (ip6_is_extension(c.type))
		if (!chain_pass(&c))
			return false;
	*protocol = c.type;
	*at = c.off;
	return true;
}

size_t field_compute_icmpunreachableprotocol(const struct packet *p, unsigned occurrence,
					     uint8_t *out)
{
	uint32_t at;
	const uint32_t off = unreachable_packet(p, occurrence, PROTOCOL);
	return upper_layer(p, off, out, &at) ? 1 : 0;
}

static const char *port_protocol(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP: return "tcp";
	case PROTOCOL_UDP: return "udp";
	case PROTOCOL_SCTP: return "sctp";
	default: return NULL;
	}
}

size_t field_compute_icmpunreachableport(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	uint8_t protocol;
	uint32_t at;
	if (!upper_layer(p, unreachable_packet(p, occurrence, PORT), &protocol, &at))
		return 0;
	const char *name = port_protocol(protocol);
	const uint8_t *ports = packet_bytes(p, SPACE_HEADER, at, 4);
	if (name == NULL || ports == NULL)
		return 0;
	char text[17];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_fmt(&b, "%s_%u", name, load_be16(ports + 2));
	return compute_text(out, &b);
}

// ---- tunnels

static uint32_t vni_field_of(uint8_t layer)
{
	switch (layer) {
	case LAYER_VXLAN:
	case LAYER_GENEVE: return 4;
	case LAYER_NVGRE: return 0;
	default: return UINT32_MAX;
	}
}

static uint32_t outermost_vni(const struct packet *p)
{
	static const uint8_t layers[] = {LAYER_VXLAN, LAYER_GENEVE, LAYER_NVGRE};
	uint32_t place = 0;
	for (size_t i = 0; i < sizeof(layers); i++) {
		const uint32_t off = p->first[layers[i]];
		if (off != 0 && (place == 0 || off < place))
			place = off + vni_field_of(layers[i]);
	}
	return place;
}

// The place of the VNI in the n-th header that has one; 0 when there is none.
static uint32_t vni_place(const struct packet *p, unsigned n)
{
	if (n == 0)
		return outermost_vni(p);
	for (unsigned i = 0; i < p->n_stack; i++) {
		const uint32_t field = vni_field_of(p->stack[i].layer);
		if (field != UINT32_MAX && n-- == 0)
			return p->stack[i].off + field;
	}
	return 0;
}

// A record says the VNI of a header that the agent removes or adds.
static uint32_t vni_of_record(const struct packet *p)
{
	const uint32_t off =
		p->first[p->first[LAYER_VNIINGRESS] != 0 ? LAYER_VNIINGRESS : LAYER_VNIEGRESS];
	const uint8_t *b = off == 0 ? NULL : packet_bytes(p, SPACE_RECORD, off, 4);
	return b == NULL ? UINT32_MAX : load_be32(b);
}

size_t field_compute_vni(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint32_t place = vni_place(p, occurrence);
	if (place != 0) {
		const uint8_t *b = packet_bytes(p, SPACE_HEADER, place, 3);
		if (b == NULL)
			return 0;
		memcpy(out, b, 3);
		return 3;
	}
	const uint32_t vni = occurrence == 0 ? vni_of_record(p) : UINT32_MAX;
	if (vni > 0xffffff)
		return 0;
	out[0] = (uint8_t)(vni >> 16);
	out[1] = (uint8_t)(vni >> 8);
	out[2] = (uint8_t)vni;
	return 3;
}
