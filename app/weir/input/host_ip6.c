// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The IPv6 half of a host: neighbour discovery, ICMPv6 echo, port unreachable, group reports.
#include "weir/input/host_frame.h"

#include "weir/input/checksum.h"

enum {
	IP_SIZE = 40,
	ICMP_SIZE = 8,
	HOP_LIMIT = 64,
	ND_HOP_LIMIT = 255,
	UNREACHABLE = 1,
	UNREACHABLE_PORT = 4,
	ECHO_REQUEST = 128,
	ECHO_REPLY = 129,
	LISTENER_QUERY = 130,
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
	LISTENER_REPORT = 143,
	ND_SIZE = 24,    // ICMPv6 header and target
	OPTION_SIZE = 8, // a link-layer address
	OPTION_SOURCE = 1,
	OPTION_TARGET = 2,
	REPORT_SIZE = 28, // one record without sources
	ROUTER_ALERT_SIZE = 8,
	SOLICITED = 0x40,
	OVERRIDE = 0x20,
	SMALLEST_MTU = 1280, // RFC 4443 section 2.4: an error is at most so long
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_UDP = 17,
};

static const uint8_t unspecified[16];
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t all_listeners[16] = {0xff, 2, [15] = 0x16}; // RFC 3810 section 5.2.14

void host_solicited_node(const uint8_t address[16], uint8_t group[16])
{
	static const uint8_t prefix[13] = {0xff, 2, [11] = 1, [12] = 0xff};
	memcpy(group, prefix, 13);
	memcpy(group + 13, address + 13, 3);
}

static void group_mac(const uint8_t group[16], uint8_t mac[6])
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, group + 12, 4);
}

// Sum of the pseudo header (RFC 8200 section 8.1) and the @p len bytes of ICMPv6.
static uint64_t icmp_sum(const uint8_t *addresses, const uint8_t *icmp, uint32_t len)
{
	uint64_t sum = checksum_add(0, addresses, 32);
	sum = checksum_add_u16(checksum_add_u16(sum, (uint16_t)len), HOST_PROTOCOL_ICMP6);
	return checksum_add(sum, icmp, len);
}

static uint8_t *write_ip6(uint8_t *p, uint32_t body_size, uint8_t protocol, uint8_t hop_limit,
			  const uint8_t from[16], const uint8_t to[16])
{
	memset(p, 0, 8);
	p[0] = 0x60;
	store_be16(p + 4, (uint16_t)body_size);
	p[6] = protocol;
	p[7] = hop_limit;
	memcpy(p + 8, from, 16);
	memcpy(p + 24, to, 16);
	return p + IP_SIZE;
}

// Set the checksum of an ICMPv6 message whose addresses stand at @p addresses.
static void seal(uint8_t *icmp, uint32_t len, const uint8_t *addresses)
{
	memset(icmp + 2, 0, 2);
	checksum_store(icmp + 2, icmp_sum(addresses, icmp, len));
}

static void write_option(uint8_t *p, uint8_t type, const uint8_t mac[6])
{
	p[0] = type;
	p[1] = 1; // of 8 bytes
	memcpy(p + 2, mac, 6);
}

static void write_advertisement(const struct host *h, uint8_t *icmp, const uint8_t target[16],
				uint8_t flags)
{
	memset(icmp, 0, 8);
	icmp[0] = ADVERTISEMENT;
	icmp[4] = flags;
	memcpy(icmp + 8, target, 16);
	write_option(icmp + ND_SIZE, OPTION_TARGET, h->mac);
}

// Who has @p target? Asked by @p from, to whom the answer goes; NULL: a probe, from nobody yet,
// whose answer goes to all (RFC 4862 section 5.4.2).
static uint32_t solicit(const struct host *h, uint16_t vlan, const uint8_t target[16],
			const uint8_t *from, uint8_t *out, uint32_t size)
{
	const uint32_t body = ND_SIZE + (from != NULL ? OPTION_SIZE : 0);
	const uint32_t len = host_link_size(vlan) + IP_SIZE + body;
	uint8_t group[16], mac[6];
	if (len > size)
		return 0;
	host_solicited_node(target, group);
	group_mac(group, mac);
	uint8_t *ip = host_write_link(h, out, mac, vlan, HOST_TYPE_IP6);
	uint8_t *icmp = write_ip6(ip, body, HOST_PROTOCOL_ICMP6, ND_HOP_LIMIT,
				  from != NULL ? from : unspecified, group);
	memset(icmp, 0, 8);
	icmp[0] = SOLICITATION;
	memcpy(icmp + 8, target, 16);
	if (from != NULL)
		write_option(icmp + ND_SIZE, OPTION_SOURCE, h->mac);
	seal(icmp, body, ip + 8);
	return len;
}

uint32_t host_neighbour_probe(const struct host *h, const struct host_entry *e, uint8_t *out,
			      uint32_t size)
{
	return solicit(h, e->vlan, e->addr.bytes, NULL, out, size);
}

uint32_t host_neighbour_question(const struct host *h, const struct host_entry *from,
				 const struct host_seek *s, uint8_t *out, uint32_t size)
{
	return solicit(h, s->vlan, s->addr.bytes, from->addr.bytes, out, size);
}

uint32_t host_neighbour_announce(const struct host *h, const struct host_entry *e, uint8_t *out,
				 uint32_t size)
{
	const uint32_t body = ND_SIZE + OPTION_SIZE;
	const uint32_t len = host_link_size(e->vlan) + IP_SIZE + body;
	uint8_t mac[6];
	if (len > size)
		return 0;
	group_mac(all_nodes, mac);
	uint8_t *ip = host_write_link(h, out, mac, e->vlan, HOST_TYPE_IP6);
	uint8_t *icmp =
		write_ip6(ip, body, HOST_PROTOCOL_ICMP6, ND_HOP_LIMIT, e->addr.bytes, all_nodes);
	write_advertisement(h, icmp, e->addr.bytes, OVERRIDE);
	seal(icmp, body, ip + 8);
	return len;
}

// The address that a report is sent from: link-local, or none as long as there is none (RFC 3590).
static const uint8_t *report_source(const struct host *h, uint16_t vlan)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct host_entry *e = &h->entry[i];
		if (e->vlan == vlan && e->state == HOST_USED && e->addr.family == ADDR_IP6 &&
		    e->addr.bytes[0] == 0xfe && (e->addr.bytes[1] & 0xc0) == 0x80)
			return e->addr.bytes;
	}
	return unspecified;
}

// RFC 3810 section 5.2: one record, "everybody may send to this group", behind a router alert.
uint32_t host_group_report(struct host *h, const struct host_entry *e, uint8_t *out, uint32_t size)
{
	static const uint8_t alert[ROUTER_ALERT_SIZE] = {HOST_PROTOCOL_ICMP6, 0, 5, 2, 0, 0, 1, 0};
	const uint32_t body = ROUTER_ALERT_SIZE + REPORT_SIZE;
	const uint32_t len = host_link_size(e->vlan) + IP_SIZE + body;
	uint8_t mac[6];
	if (len > size)
		return 0;
	group_mac(all_listeners, mac);
	uint8_t *ip = host_write_link(h, out, mac, e->vlan, HOST_TYPE_IP6);
	uint8_t *p = write_ip6(ip, body, PROTOCOL_HOP_BY_HOP, 1, report_source(h, e->vlan),
			       all_listeners);
	memcpy(p, alert, ROUTER_ALERT_SIZE);
	uint8_t *icmp = p + ROUTER_ALERT_SIZE;
	memset(icmp, 0, REPORT_SIZE);
	icmp[0] = LISTENER_REPORT;
	icmp[7] = 1; // records
	icmp[8] = 4; // CHANGE_TO_EXCLUDE_MODE
	host_solicited_node(e->addr.bytes, icmp + 12);
	seal(icmp, REPORT_SIZE, ip + 8);
	return len;
}

// What an IPv6 header says, once its lengths are right. One hop-by-hop header is stepped over.
struct ip6 {
	const uint8_t *header;
	uint8_t protocol;
	const uint8_t *body;
	uint32_t body_size;
};

static bool read_ip6(struct host_frame *f, struct ip6 *ip)
{
	const uint8_t *h = cursor_bytes(&f->c, IP_SIZE);
	if (h == NULL || h[0] >> 4 != 6)
		return false;
	ip->header = h;
	ip->protocol = h[6];
	ip->body_size = load_be16(h + 4);
	ip->body = cursor_bytes(&f->c, ip->body_size);
	if (ip->body == NULL)
		return false;
	if (ip->protocol != PROTOCOL_HOP_BY_HOP)
		return true;
	const uint32_t size = ip->body_size < 8 ? UINT32_MAX : 8 + ip->body[1] * 8u;
	if (size > ip->body_size)
		return false;
	ip->protocol = ip->body[0];
	ip->body += size;
	ip->body_size -= size;
	return true;
}

// Options of neighbour discovery: none may be empty (RFC 4861 section 4.6). @p source and @p target
// are the link-layer addresses that they say, or NULL.
static bool read_options(const uint8_t *p, uint32_t len, const uint8_t **source,
			 const uint8_t **target)
{
	*source = *target = NULL;
	while (len > 0) {
		const uint32_t size = len < 2 ? 0 : p[1] * 8u;
		if (size == 0 || size > len)
			return false;
		if (p[0] == OPTION_SOURCE)
			*source = p + 2;
		if (p[0] == OPTION_TARGET)
			*target = p + 2;
		p += size;
		len -= size;
	}
	return true;
}

static struct host_reply advertise(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	const uint8_t *target = ip->body + 8, *from = ip->header + 8;
	const bool asked_by_nobody = memcmp(from, unspecified, 16) == 0;
	const uint32_t body = ND_SIZE + OPTION_SIZE;
	const uint32_t len = f->link_size + IP_SIZE + body;
	if (len > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_RESOLUTION, f->now))
		return host_no_reply(HOST_rate_limited);
	uint8_t *p = host_write_back(h, f);
	// Whoever checks an address has none yet: all must hear that it is taken.
	if (asked_by_nobody)
		group_mac(all_nodes, f->out);
	uint8_t *icmp = write_ip6(p, body, HOST_PROTOCOL_ICMP6, ND_HOP_LIMIT, target,
				  asked_by_nobody ? all_nodes : from);
	write_advertisement(h, icmp, target, OVERRIDE | (asked_by_nobody ? 0 : SOLICITED));
	seal(icmp, body, p + 8);
	return (struct host_reply){.verdict = HOST_neighbour_replies, .len = len};
}

static struct host_reply solicited(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	const uint8_t *source, *other;
	enum host_stat why;
	uint8_t group[16];
	if (ip->body_size < ND_SIZE || ip->body[8] == 0xff ||
	    !read_options(ip->body + ND_SIZE, ip->body_size - ND_SIZE, &source, &other))
		return host_no_reply(HOST_malformed);
	const bool nobody = memcmp(ip->header + 8, unspecified, 16) == 0;
	const struct addr target = addr_ip6(ip->body + 8);
	host_solicited_node(target.bytes, group);
	// RFC 4861 section 7.1.1.
	if (nobody && (source != NULL || memcmp(ip->header + 24, group, 16) != 0))
		return host_no_reply(HOST_malformed);
	struct host_entry *e = host_find(h, &target, f->vlan);
	if (nobody && e != NULL && e->state == HOST_CHECKING)
		host_conflict(h, e, f->bytes + 6, f->now);
	if (!host_is_used(e, &why))
		return host_no_reply(why);
	return advertise(h, f, ip);
}

static struct host_reply advertised(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	const uint8_t *other, *mac;
	if (ip->body_size < ND_SIZE ||
	    !read_options(ip->body + ND_SIZE, ip->body_size - ND_SIZE, &other, &mac))
		return host_no_reply(HOST_malformed);
	const struct addr target = addr_ip6(ip->body + 8);
	struct host_entry *e = host_find(h, &target, f->vlan);
	if (e == NULL)
		return host_no_reply(
			host_learn(h, &target, f->vlan, mac != NULL ? mac : f->bytes + 6, f->now)
				? HOST_neighbours
				: HOST_no_answer);
	if (!host_conflict(h, e, f->bytes + 6, f->now))
		return host_no_reply(HOST_not_ready);
	const uint32_t len = host_neighbour_announce(h, e, f->out, f->size);
	return (struct host_reply){.verdict = len > 0 ? HOST_defences : HOST_no_room, .len = len};
}

static struct host_reply echo(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	const uint32_t len = f->link_size + IP_SIZE + ip->body_size;
	if (len > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_ECHO, f->now))
		return host_no_reply(HOST_rate_limited);
	uint8_t *p = host_write_back(h, f);
	uint8_t *icmp = write_ip6(p, ip->body_size, HOST_PROTOCOL_ICMP6, HOP_LIMIT, ip->header + 24,
				  ip->header + 8);
	memcpy(icmp, ip->body, ip->body_size);
	icmp[0] = ECHO_REPLY;
	seal(icmp, ip->body_size, p + 8);
	return (struct host_reply){.verdict = HOST_echo6_replies, .len = len};
}

static struct host_reply unreachable(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	const uint32_t room = SMALLEST_MTU - IP_SIZE - ICMP_SIZE;
	const uint32_t whole = (uint32_t)(ip->body - ip->header) + ip->body_size;
	const uint32_t quoted = whole < room ? whole : room;
	const uint32_t len = f->link_size + IP_SIZE + ICMP_SIZE + quoted;
	if (!h->unreachable || ip->body_size < 8 || load_be16(ip->body + 2) == h->udp_port)
		return host_no_reply(HOST_no_answer);
	if (len > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_ERROR, f->now))
		return host_no_reply(HOST_rate_limited);
	uint8_t *p = host_write_back(h, f);
	uint8_t *icmp = write_ip6(p, ICMP_SIZE + quoted, HOST_PROTOCOL_ICMP6, HOP_LIMIT,
				  ip->header + 24, ip->header + 8);
	memset(icmp, 0, ICMP_SIZE);
	icmp[0] = UNREACHABLE;
	icmp[1] = UNREACHABLE_PORT;
	memcpy(icmp + ICMP_SIZE, ip->header, quoted);
	seal(icmp, ICMP_SIZE + quoted, p + 8);
	return (struct host_reply){.verdict = HOST_unreachables, .len = len};
}

// Queries come from a router's link-local address and no further than one hop (RFC 3810 section
// 5.1.14). Each address reports its group by itself, as host_timer() comes to it.
static struct host_reply query(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	if (ip->header[7] != 1 || ip->header[8] != 0xfe || (ip->header[9] & 0xc0) != 0x80)
		return host_no_reply(HOST_malformed);
	if (!host_allow(h, HOST_RESOLUTION, f->now))
		return host_no_reply(HOST_rate_limited);
	for (uint32_t i = 0; i < h->n; i++) {
		struct host_entry *e = &h->entry[i];
		const bool here = e->vlan == f->vlan || (e->vlan == FRAME_ANY_VLAN && f->vlan == 0);
		if (e->addr.family == ADDR_IP6 && here && e->state != HOST_DOWN)
			e->report = f->now;
	}
	return host_no_reply(HOST_mld_replies);
}

static struct host_reply icmp(struct host *h, struct host_frame *f, const struct ip6 *ip)
{
	enum host_stat why;
	const struct addr to = addr_ip6(ip->header + 24);
	if (ip->body_size < ICMP_SIZE ||
	    checksum_fold(icmp_sum(ip->header + 8, ip->body, ip->body_size)) != 0xffff)
		return host_no_reply(HOST_malformed);
	const bool discovery = ip->body[0] == SOLICITATION || ip->body[0] == ADVERTISEMENT;
	if (discovery && (ip->header[7] != ND_HOP_LIMIT || ip->body[1] != 0))
		return host_no_reply(HOST_malformed); // it came from another link
	switch (ip->body[0]) {
	case SOLICITATION: return solicited(h, f, ip);
	case ADVERTISEMENT: return advertised(h, f, ip);
	case LISTENER_QUERY: return query(h, f, ip);
	case ECHO_REQUEST: break;
	default: return host_no_reply(HOST_no_answer);
	}
	if (!host_is_unicast(h, f) || memcmp(ip->header + 8, unspecified, 16) == 0)
		return host_no_reply(HOST_no_answer);
	if (!host_is_used(host_find(h, &to, f->vlan), &why))
		return host_no_reply(why);
	return echo(h, f, ip);
}

struct host_reply host_ip6(struct host *h, struct host_frame *f)
{
	struct ip6 ip;
	enum host_stat why;
	if (!read_ip6(f, &ip) || ip.header[8] == 0xff)
		return host_no_reply(HOST_malformed);
	if (ip.protocol == HOST_PROTOCOL_ICMP6)
		return icmp(h, f, &ip);
	if (ip.protocol != PROTOCOL_UDP || !host_is_unicast(h, f) ||
	    memcmp(ip.header + 8, unspecified, 16) == 0)
		return host_no_reply(HOST_no_answer);
	const struct addr to = addr_ip6(ip.header + 24);
	if (!host_is_used(host_find(h, &to, f->vlan), &why))
		return host_no_reply(why);
	return unreachable(h, f, &ip);
}
