// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_header.h"

#include <inttypes.h>
#include <string.h>

#include "base/cursor.h"

enum {
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd
};

// Below this an EtherType is the length of an IEEE 802.3 frame.
#define MAX_8023_LEN 1500

static void put_mac(struct out *o, const char *name, const uint8_t *mac)
{
	out_format(o, name, "%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		   mac[5]);
}

static void print_ports(struct out *o, struct flow *f, const char *protocol, struct cursor *c)
{
	char name[16];
	f->port_source = cursor_u16(c);
	f->port_destination = cursor_u16(c);
	snprintf(name, sizeof(name), "%sSrcPort", protocol);
	out_number(o, name, f->port_source);
	snprintf(name, sizeof(name), "%sDstPort", protocol);
	out_number(o, name, f->port_destination);
}

static uint32_t offset(const struct flow *f, const uint8_t *at)
{
	return (uint32_t)(at - f->header);
}

static void print_tcp(struct out *o, struct flow *f, struct cursor *c)
{
	const uint8_t *start = c->p;
	print_ports(o, f, "TCP", c);
	cursor_skip(c, 8);
	const uint32_t len = cursor_u8(c) >> 4;
	f->tcp_flags = cursor_u8(c);
	if (c->bad)
		return;
	out_number(o, "TCPFlags", f->tcp_flags);
	f->payload_offset = offset(f, start) + len * 4;
}

static void print_udp(struct out *o, struct flow *f, struct cursor *c)
{
	print_ports(o, f, "UDP", c);
	out_number(o, "UDPBytes", cursor_u16(c));
	cursor_skip(c, 2);
	f->payload_offset = offset(f, c->p);
}

static void print_icmp(struct out *o, struct flow *f, struct cursor *c)
{
	f->port_source = cursor_u8(c);
	f->port_destination = cursor_u8(c);
	out_number(o, "ICMPType", f->port_source);
	out_number(o, "ICMPCode", f->port_destination);
	f->payload_offset = offset(f, c->p);
}

static void print_transport(struct out *o, struct flow *f, struct cursor *c)
{
	if (cursor_left(c) < 8)
		return;
	switch (f->ip_protocol) {
	case 1: print_icmp(o, f, c); break;
	case 6: print_tcp(o, f, c); break;
	case 17: print_udp(o, f, c); break;
	default: f->payload_offset = offset(f, c->p); break;
	}
}

static void print_ip_size(struct out *o, const struct flow *f, const struct cursor *c)
{
	const uint32_t size = f->packet_size - f->stripped - offset(f, c->p);
	out_format(o, "IPSize", "%" PRId32, (int32_t)size);
}

static void print_ip4(struct out *o, struct flow *f, struct cursor *c)
{
	print_ip_size(o, f, c);
	if (cursor_left(c) < 20)
		return;
	const uint8_t *ip = cursor_bytes(c, 20);
	f->ip_source = addr_ip4(ip + 12);
	f->ip_destination = addr_ip4(ip + 16);
	f->ip_protocol = ip[9];
	f->ip_tos = ip[1];
	f->ip_ttl = ip[8];
	out_number(o, "ip.tot_len", load_be16(ip + 2));
	out_address(o, "srcIP", ip + 12, 4);
	out_address(o, "dstIP", ip + 16, 4);
	out_number(o, "IPProtocol", f->ip_protocol);
	out_number(o, "IPTOS", f->ip_tos);
	out_number(o, "IPTTL", f->ip_ttl);
	out_number(o, "IPID", load_be16(ip + 4));
	const uint32_t fragment = load_be16(ip + 6) & 0x1fff;
	const uint32_t len = (ip[0] & 15) * 4;
	if (fragment > 0)
		out_number(o, "IPFragmentOffset", fragment);
	else if (len >= 20 && len - 20 <= cursor_left(c)) {
		cursor_skip(c, len - 20);
		print_transport(o, f, c);
	}
}

// Hop-by-hop, routing, fragment, authentication, destination options: what can be stepped over.
static bool is_extension(uint8_t header)
{
	return header == 0 || header == 43 || header == 44 || header == 51 || header == 60;
}

// Step over extension headers. False when the bytes end, or in a fragment other than the first.
static bool skip_extensions(struct out *o, struct cursor *c, uint8_t *next)
{
	while (is_extension(*next)) {
		const uint8_t kind = *next;
		out_number(o, "IP6HeaderExtension", kind);
		*next = cursor_u8(c);
		const uint32_t len = cursor_u8(c);
		const uint16_t fragment = cursor_u16(c) >> 3;
		cursor_skip(c, (kind == 51 ? (len + 2) * 4 : kind == 44 ? 8 : (len + 1) * 8) - 4);
		if (c->bad || (kind == 44 && fragment != 0))
			return false;
	}
	return true;
}

static void print_ip6(struct out *o, struct flow *f, struct cursor *c)
{
	print_ip_size(o, f, c);
	if (cursor_left(c) < 40)
		return;
	const uint8_t *ip = cursor_bytes(c, 40);
	if (ip[0] >> 4 != 6) {
		out_line(o, "header decode error: unexpected IP version: %d", ip[0] >> 4);
		return;
	}
	const uint32_t word = load_be32(ip), len = load_be16(ip + 4);
	f->ip_tos = word >> 20 & 255;
	f->ip_ttl = ip[7];
	f->ip_source = addr_ip6(ip + 8);
	f->ip_destination = addr_ip6(ip + 24);
	out_number(o, "IPTOS", f->ip_tos);
	out_format(o, "IP6_label", "0x%x", word & 0xfffff);
	if (len == 0)
		out_text(o, "IPV6_payloadLen", "<jumbo>");
	else
		out_number(o, "IPV6_payloadLen", len);
	out_number(o, "IPTTL", f->ip_ttl);
	out_address(o, "srcIP6", ip + 8, 16);
	out_address(o, "dstIP6", ip + 24, 16);
	uint8_t next = ip[6];
	const bool whole = skip_extensions(o, c, &next);
	if (c->bad)
		return;
	f->ip_protocol = next;
	out_number(o, "IPProtocol", next);
	if (whole)
		print_transport(o, f, c);
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 ||
	       type == 0x9300;
}

static bool print_vlans(struct out *o, struct flow *f, struct cursor *c, uint16_t *type)
{
	for (unsigned depth = 0; is_vlan(*type); depth++) {
		if (cursor_left(c) < 4)
			return false;
		const uint16_t tci = cursor_u16(c);
		char suffix[16] = "", name[32];
		if (depth > 0)
			snprintf(suffix, sizeof(suffix), ".%u", depth);
		snprintf(name, sizeof(name), "decodedVLAN%s", suffix);
		out_number(o, name, tci & 0xfff);
		snprintf(name, sizeof(name), "decodedPriority%s", suffix);
		out_number(o, name, tci >> 13);
		if (!f->have_vlans)
			f->vlan_in = tci & 0xfff;
		*type = cursor_u16(c);
	}
	return true;
}

// Novell's raw IPX: no LLC behind the length.
static bool is_ipx(uint16_t type, struct cursor c)
{
	if (type != 0x0200 && type != 0x0201 && type != 0x0600)
		return false;
	const uint16_t checksum = cursor_u16(&c), len = cursor_u16(&c);
	return checksum == 0xffff && len >= 30 && len <= 30 + 546;
}

// IEEE 802.2: the EtherType is in SNAP, or there is IP behind a service access point of its own.
static bool unwrap_llc(struct out *o, struct cursor *c, uint16_t *type)
{
	const uint8_t dsap = cursor_u8(c), ssap = cursor_u8(c), control = cursor_u8(c);
	if (dsap == 0xaa && ssap == 0xaa && control == 3) {
		const uint8_t *oui = cursor_bytes(c, 3);
		if (oui == NULL)
			return false;
		if ((oui[0] | oui[1] | oui[2]) != 0) {
			out_format(o, "VSNAP_OUI", "%02X-%02X-%02X", oui[0], oui[1], oui[2]);
			return false;
		}
		*type = cursor_u16(c);
		return !c->bad;
	}
	*type = TYPE_IP4;
	return dsap == 6 && ssap == 6 && (control & 1) != 0;
}

static void print_ethernet(struct out *o, struct flow *f, struct cursor *c)
{
	if (cursor_left(c) < 14)
		return;
	const uint8_t *eth = cursor_bytes(c, 14);
	memcpy(f->eth_destination, eth, 6);
	memcpy(f->eth_source, eth + 6, 6);
	put_mac(o, "dstMAC", eth);
	put_mac(o, "srcMAC", eth + 6);
	uint16_t type = load_be16(eth + 12);
	if (!print_vlans(o, f, c, &type) || f->header_len < 20 || is_ipx(type, *c))
		return;
	if (type <= MAX_8023_LEN && !unwrap_llc(o, c, &type))
		return;
	f->eth_type = type;
	out_number(o, "ethernet_type", type);
	const uint8_t first = cursor_left(c) > 0 ? *c->p : 0;
	if (type == TYPE_IP4 && cursor_left(c) >= 20 && first >> 4 == 4 && (first & 15) >= 5) {
		f->ip_offset = offset(f, c->p);
		print_ip4(o, f, c);
	} else if (type == TYPE_IP6 && first >> 4 == 6) {
		print_ip6(o, f, c);
	}
}

// Data frames only: source, destination, transmitter, receiver by the DS bits.
static void print_80211(struct out *o, struct flow *f, struct cursor *c)
{
	if (cursor_left(c) < 24)
		return;
	const uint8_t *mac = cursor_bytes(c, 24);
	const bool data = (mac[0] >> 2 & 3) == 2, to_ds = mac[1] & 1, from_ds = mac[1] & 2;
	const uint8_t *a1 = mac + 4, *a2 = mac + 10, *a3 = mac + 16;
	const uint8_t *a4 = to_ds && from_ds ? cursor_bytes(c, 6) : NULL;
	if (!data)
		return;
	const uint8_t *source = to_ds ? (from_ds ? a4 : a2) : (from_ds ? a3 : a2);
	const uint8_t *destination = to_ds ? a3 : a1;
	if (source != NULL) {
		put_mac(o, "srcMAC", source);
		memcpy(f->eth_source, source, 6);
	}
	put_mac(o, "dstMAC", destination);
	memcpy(f->eth_destination, destination, 6);
	put_mac(o, "txMAC", a2);
	put_mac(o, "rxMAC", a1);
}

void header_print(struct out *o, struct flow *f)
{
	struct cursor c = cursor_of(f->header, f->header_len);
	switch (f->header_protocol) {
	case HEADER_ETHERNET: print_ethernet(o, f, &c); break;
	case HEADER_IP4: print_ip4(o, f, &c); break;
	case HEADER_IP6: print_ip6(o, f, &c); break;
	case HEADER_80211: print_80211(o, f, &c); break;
	default:
		out_line(o, "%s headerProtocol=%" PRIu32,
			 f->header_protocol <= 17 ? "NO_DECODE" : "UNKNOWN", f->header_protocol);
		break;
	}
}
