// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The IPv4 half of a host: ARP, ICMP echo, port unreachable.
#include "weir/input/host_frame.h"

#include "weir/input/checksum.h"

enum {
	ARP_SIZE = 28,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
	IP_SIZE = 20,
	TTL = 64,
	DONT_FRAGMENT = 0x4000,
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	UNREACHABLE_PORT = 3,
	ECHO_REQUEST = 8,
	ICMP_SIZE = 8,
	ERROR_SIZE = 576, // RFC 1812 section 4.3.2.3: an error is at most so long
	PROTOCOL_UDP = 17,
};

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t nobody[6];

// An ARP packet for Ethernet and IPv4 (RFC 826). Padded by who sends it.
static void write_arp(uint8_t *p, uint16_t operation, const uint8_t sender[6],
		      const uint8_t sender_ip[4], const uint8_t target[6],
		      const uint8_t target_ip[4])
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};
	memcpy(p, head, 6);
	store_be16(p + 6, operation);
	memcpy(p + 8, sender, 6);
	memcpy(p + 14, sender_ip, 4);
	memcpy(p + 18, target, 6);
	memcpy(p + 24, target_ip, 4);
}

uint32_t host_arp_probe(const struct host *h, const struct host_entry *e, bool announce,
			uint8_t *out, uint32_t size)
{
	static const uint8_t any[4];
	const uint32_t len = host_link_size(e->vlan) + ARP_SIZE;
	if (len > size)
		return 0;
	uint8_t *p = host_write_link(h, out, broadcast, e->vlan, HOST_TYPE_ARP);
	// RFC 5227 section 2: a probe does not say who asks, an announcement is about the sender.
	write_arp(p, ARP_REQUEST, h->mac, announce ? e->addr.bytes : any, nobody, e->addr.bytes);
	return len;
}

uint32_t host_arp_question(const struct host *h, const struct host_entry *from,
			   const struct host_seek *s, uint8_t *out, uint32_t size)
{
	const uint32_t len = host_link_size(s->vlan) + ARP_SIZE;
	if (len > size)
		return 0;
	uint8_t *p = host_write_link(h, out, broadcast, s->vlan, HOST_TYPE_ARP);
	write_arp(p, ARP_REQUEST, h->mac, from->addr.bytes, nobody, s->addr.bytes);
	return len;
}

// Somebody speaks for an address of ours; the frame that says whose it is, when that is due.
static struct host_reply contest(struct host *h, struct host_frame *f, struct host_entry *e,
				 const uint8_t mac[6])
{
	if (!host_conflict(h, e, mac, f->now))
		return host_no_reply(HOST_not_ready);
	const uint32_t len = host_arp_probe(h, e, true, f->out, f->size);
	return (struct host_reply){.verdict = len > 0 ? HOST_defences : HOST_no_room, .len = len};
}

static struct host_reply resolve(struct host *h, struct host_frame *f, const uint8_t *arp)
{
	const struct addr target = addr_ip4(arp + 24);
	const struct host_entry *e = host_find(h, &target, f->vlan);
	enum host_stat why;
	if (!host_is_used(e, &why))
		return host_no_reply(why);
	if (f->link_size + ARP_SIZE > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_RESOLUTION, f->now))
		return host_no_reply(HOST_rate_limited);
	write_arp(host_write_back(h, f), ARP_REPLY, h->mac, arp + 24, arp + 8, arp + 14);
	return (struct host_reply){.verdict = HOST_arp_replies, .len = f->link_size + ARP_SIZE};
}

struct host_reply host_arp(struct host *h, struct host_frame *f)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4}, any[4];
	const uint8_t *arp = cursor_bytes(&f->c, ARP_SIZE);
	if (arp == NULL || memcmp(arp, head, 6) != 0 || host_is_group(arp + 8))
		return host_no_reply(HOST_malformed);
	const uint16_t operation = load_be16(arp + 6);
	if (operation != ARP_REQUEST && operation != ARP_REPLY)
		return host_no_reply(HOST_no_answer);
	const struct addr sender = addr_ip4(arp + 14), target = addr_ip4(arp + 24);
	struct host_entry *claimed = host_find(h, &sender, f->vlan);
	if (claimed != NULL && memcmp(arp + 8, h->mac, 6) != 0)
		return contest(h, f, claimed, arp + 8);
	if (operation != ARP_REQUEST)
		return host_no_reply(host_learn(h, &sender, f->vlan, arp + 8, f->now)
					     ? HOST_neighbours
					     : HOST_no_answer);
	// Two that check the same address at once: neither may have it (RFC 5227 section 2.1.1).
	struct host_entry *wanted = host_find(h, &target, f->vlan);
	if (wanted != NULL && wanted->state == HOST_CHECKING && memcmp(arp + 14, any, 4) == 0 &&
	    memcmp(arp + 8, h->mac, 6) != 0)
		return contest(h, f, wanted, arp + 8);
	return resolve(h, f, arp);
}

// What an IPv4 header says, once its lengths and checksum are right.
struct ip4 {
	const uint8_t *header;
	uint32_t header_size;
	const uint8_t *body;
	uint32_t body_size;
};

static bool read_ip4(struct host_frame *f, struct ip4 *ip)
{
	const uint8_t *h = cursor_bytes(&f->c, IP_SIZE);
	if (h == NULL || h[0] >> 4 != 4)
		return false;
	const uint32_t header_size = (h[0] & 15u) * 4, total = load_be16(h + 2);
	if (header_size < IP_SIZE || total < header_size)
		return false;
	cursor_skip(&f->c, header_size - IP_SIZE);
	ip->body = cursor_bytes(&f->c, total - header_size);
	if (ip->body == NULL || checksum_fold(checksum_add(0, h, header_size)) != 0xffff)
		return false;
	ip->header = h;
	ip->header_size = header_size;
	ip->body_size = total - header_size;
	return true;
}

// Addresses that nobody may send from: this network, loopback, groups, broadcast.
static bool is_sender(const uint8_t a[4])
{
	return a[0] != 0 && a[0] != 127 && a[0] < 224;
}

// The headers of an answer that carries @p body_size bytes of ICMP; where those begin.
static uint8_t *write_ip4(const struct host *h, const struct host_frame *f, const struct ip4 *ip,
			  uint32_t body_size)
{
	uint8_t *p = host_write_back(h, f);
	memset(p, 0, IP_SIZE);
	p[0] = 0x45;
	store_be16(p + 2, (uint16_t)(IP_SIZE + body_size));
	store_be16(p + 6, DONT_FRAGMENT);
	p[8] = TTL;
	p[9] = HOST_PROTOCOL_ICMP;
	memcpy(p + 12, ip->header + 16, 4);
	memcpy(p + 16, ip->header + 12, 4);
	checksum_store(p + 10, checksum_add(0, p, IP_SIZE));
	return p + IP_SIZE;
}

static struct host_reply echo(struct host *h, struct host_frame *f, const struct ip4 *ip)
{
	const uint32_t len = f->link_size + IP_SIZE + ip->body_size;
	if (len > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_ECHO, f->now))
		return host_no_reply(HOST_rate_limited);
	uint8_t *p = write_ip4(h, f, ip, ip->body_size);
	memcpy(p, ip->body, ip->body_size);
	p[0] = ECHO_REPLY;
	memset(p + 2, 0, 2);
	checksum_store(p + 2, checksum_add(0, p, ip->body_size));
	return (struct host_reply){.verdict = HOST_echo_replies, .len = len};
}

static struct host_reply icmp(struct host *h, struct host_frame *f, const struct ip4 *ip)
{
	if (ip->body_size < ICMP_SIZE ||
	    checksum_fold(checksum_add(0, ip->body, ip->body_size)) != 0xffff)
		return host_no_reply(HOST_malformed);
	if (ip->body[0] != ECHO_REQUEST || ip->body[1] != 0)
		return host_no_reply(HOST_no_answer);
	return echo(h, f, ip);
}

static struct host_reply unreachable(struct host *h, struct host_frame *f, const struct ip4 *ip)
{
	const uint32_t room = ERROR_SIZE - IP_SIZE - ICMP_SIZE;
	const uint32_t whole = ip->header_size + ip->body_size;
	const uint32_t quoted = whole < room ? whole : room;
	const uint32_t len = f->link_size + IP_SIZE + ICMP_SIZE + quoted;
	if (!h->unreachable || ip->body_size < 8 || load_be16(ip->body + 2) == h->udp_port)
		return host_no_reply(HOST_no_answer);
	if (len > f->size)
		return host_no_reply(HOST_no_room);
	if (!host_allow(h, HOST_ERROR, f->now))
		return host_no_reply(HOST_rate_limited);
	uint8_t *p = write_ip4(h, f, ip, ICMP_SIZE + quoted);
	memset(p, 0, ICMP_SIZE);
	p[0] = UNREACHABLE;
	p[1] = UNREACHABLE_PORT;
	memcpy(p + ICMP_SIZE, ip->header, quoted);
	checksum_store(p + 2, checksum_add(0, p, ICMP_SIZE + quoted));
	return (struct host_reply){.verdict = HOST_unreachables, .len = len};
}

struct host_reply host_ip4(struct host *h, struct host_frame *f)
{
	struct ip4 ip;
	enum host_stat why;
	if (!read_ip4(f, &ip) || !is_sender(ip.header + 12))
		return host_no_reply(HOST_malformed);
	const struct addr to = addr_ip4(ip.header + 16);
	if (!host_is_unicast(h, f))
		return host_no_reply(HOST_no_answer); // neither broadcast nor groups get one
	if (!host_is_used(host_find(h, &to, f->vlan), &why))
		return host_no_reply(why);
	if ((load_be16(ip.header + 6) & 0x3fff) != 0)
		return host_no_reply(HOST_fragments);
	if (ip.header[9] == HOST_PROTOCOL_ICMP)
		return icmp(h, f, &ip);
	return ip.header[9] == PROTOCOL_UDP ? unreachable(h, f, &ip)
					    : host_no_reply(HOST_no_answer);
}
