// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/flow.h"

#include <string.h>

#include "base/cursor.h"
#include "base/rng.h"

#define FIRST_PORT 32768 // Linux' ephemeral ports: 32768 to 60999
#define N_PORTS    28232
#define PORT_STEP  7919 // a prime that does not divide N_PORTS: steps visit every port
#define N_CLIENTS  (1u << 24)

#define TCP       6
#define UDP       17
#define FCS_SIZE  4
#define FRAME_MAX 1518

// Services and how often flows use them, of 100.
static const struct {
	uint8_t share;
	uint8_t protocol;
	uint16_t port;
} services[] = {
	{40, TCP, 443}, {14, UDP, 443},  {10, TCP, 80}, {9, UDP, 53},   {6, TCP, 8080},
	{5, TCP, 22},   {4, TCP, 5432},  {3, TCP, 25},  {3, UDP, 4500}, {2, TCP, 3306},
	{2, UDP, 123},  {1, TCP, 11211}, {1, TCP, 993},
};

// Frames of a flow: of 100 flows, so many have lengths between these.
static const struct {
	uint8_t share;
	uint16_t min, max;
} sizes[] = {{24, 64, 90}, {14, 120, 640}, {22, 700, 1400}, {40, 1500, 1518}};

static void regular(const struct flow_space *space, struct flow *f);
static void elephant(const struct flow_space *space, struct flow *f);
static void flood(const struct flow_space *space, struct flow *f);

static uint64_t n_clients_of(const struct options *o)
{
	const uint64_t n = o->flows / 4;
	return n < 1 ? 1 : n > N_CLIENTS ? N_CLIENTS : n;
}

struct flow_space flow_space_of(const struct options *o)
{
	const uint64_t n_servers = o->flows / 64;
	uint64_t state = o->seed;
	return (struct flow_space){
		.o = o,
		.secret = rng_splitmix(&state),
		.n_clients = n_clients_of(o),
		.n_servers = n_servers < 16       ? 16
			     : n_servers > 131072 ? 131072
						  : (uint32_t)n_servers,
	};
}

double flow_ids(const struct options *o)
{
	// A flow lives half its mean life at least, and one was there before the first second.
	const double lives = o->life != 0 ? o->duration / (o->life / 2) + 2 : 1;
	return (double)o->flows * lives;
}

double flow_capacity(const struct options *o)
{
	return (double)n_clients_of(o) * N_PORTS;
}

void flow_of(const struct flow_space *space, uint64_t id, struct flow *f)
{
	*f = (struct flow){.id = id};
	if (id & FLOW_FLOOD)
		flood(space, f);
	else if (id & FLOW_ELEPHANT)
		elephant(space, f);
	else
		regular(space, f);
}

// A number from 0 to n-1, from a hash.
static uint32_t pick(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rng_splitmix(state) >> 32) * n >> 32);
}

static bool chance(uint64_t *state, double fraction)
{
	return (double)(rng_splitmix(state) >> 11) * 0x1p-53 < fraction;
}

static void set_place(const struct flow_space *space, uint64_t *state, struct flow *f)
{
	const uint32_t n_ports = space->o->ports;
	f->agent = pick(state, space->o->agents);
	f->in = pick(state, n_ports);
	f->out = n_ports == 1 ? 0 : (f->in + 1 + pick(state, n_ports - 1)) % n_ports;
}

static void put_ip4(uint8_t out[16], uint32_t address)
{
	store_be32(out, address);
}

static void put_ip6(uint8_t out[16], uint16_t subnet, uint32_t host)
{
	static const uint8_t doc[4] = {0x20, 0x01, 0x0d, 0xb8};
	memcpy(out, doc, 4);
	store_be16(out + 4, subnet);
	store_be32(out + 12, host);
}

static void put_client(struct flow *f, uint8_t out[16], uint32_t slot)
{
	// An odd factor permutes the 2^24 addresses, so that neighbours look unrelated.
	const uint32_t host = (slot * 0x9e3779b1u + 0x010203u) & (N_CLIENTS - 1);
	if (f->v6)
		put_ip6(out, 1, host);
	else
		put_ip4(out, 0x0a000000 | host);
}

static void put_server(const struct flow_space *space, struct flow *f, uint8_t out[16],
		       uint32_t server)
{
	if (f->v6)
		put_ip6(out, 2, server + 1);
	else if (space->n_servers <= 250)
		put_ip4(out, 0xcb007100 + 1 + server); // 203.0.113.0/24
	else
		put_ip4(out, 0xc6120000 + server); // 198.18.0.0/15
}

static void set_service(uint64_t *state, struct flow *f, uint16_t *port)
{
	uint32_t at = pick(state, 100);
	size_t i = 0;
	while (at >= services[i].share)
		at -= services[i++].share;
	f->protocol = services[i].protocol;
	*port = services[i].port;
}

struct addr flow_agent_address(const struct options *o, uint32_t agent)
{
	struct addr a = {.family = o->transport6 ? ADDR_IP6 : ADDR_IP4};
	if (o->transport6)
		put_ip6(a.bytes, 0, agent + 1);
	else
		put_ip4(a.bytes, 0xac100001 + agent); // 172.16.0.1
	return a;
}

static void set_sizes(uint64_t *state, struct flow *f)
{
	uint32_t at = pick(state, 100);
	size_t i = 0;
	while (at >= sizes[i].share)
		at -= sizes[i++].share;
	// An IPv6 frame with TCP, a tag and the frame check sequence does not fit 64 bytes.
	const uint32_t more = (f->v6 ? 20 : 0) + (f->vlan != 0 ? 4 : 0);
	const uint32_t min = sizes[i].min + more, limit = FRAME_MAX + (f->vlan != 0 ? 4 : 0);
	f->len_min = min < limit ? min : limit;
	f->len_max = sizes[i].max + more < limit ? sizes[i].max + more : limit;
}

static void regular(const struct flow_space *space, struct flow *f)
{
	uint64_t state = space->secret ^ (f->id * 0xd6e8feb86659fd93u);
	const uint32_t slot = (uint32_t)(f->id % space->n_clients);
	const uint64_t round = f->id / space->n_clients;
	set_place(space, &state, f);
	f->v6 = chance(&state, space->o->ipv6);
	f->vlan = chance(&state, space->o->vlan) ? (uint16_t)(10 * (1 + pick(&state, 12))) : 0;
	uint16_t service;
	set_service(&state, f, &service);
	set_sizes(&state, f);
	const uint16_t port = (uint16_t)(FIRST_PORT + (round * PORT_STEP + slot) % N_PORTS);
	const uint32_t server = pick(&state, space->n_servers);
	const bool answer = pick(&state, 2);
	put_client(f, answer ? f->destination : f->source, slot);
	put_server(space, f, answer ? f->source : f->destination, server);
	f->source_port = answer ? service : port;
	f->destination_port = answer ? port : service;
}

static void elephant(const struct flow_space *space, struct flow *f)
{
	const uint32_t k = (uint32_t)f->id;
	uint64_t state = space->secret ^ f->id;
	set_place(space, &state, f);
	f->protocol = TCP;
	put_ip4(f->source, 0xc0a80a01 + k); // 192.168.10.1
	put_ip4(f->destination, 0xcb007101 + k % 200);
	f->source_port = (uint16_t)(50000 + k % 10000);
	f->destination_port = 873;
	f->len_min = f->len_max = FRAME_MAX;
}

// Spoofed sources: the counter permuted, its high part in the port.
static void flood(const struct flow_space *space, struct flow *f)
{
	uint64_t state = space->secret ^ f->id;
	set_place(space, &state, f);
	f->protocol = UDP;
	put_ip4(f->source, (uint32_t)f->id * 0x9e3779b1u);
	put_ip4(f->destination, 0xc0000242); // 192.0.2.66
	f->source_port = (uint16_t)(1024 + (f->id >> 32 & 0xffff));
	f->destination_port = 53;
	f->len_min = f->len_max = 128;
}

static void ethernet(const struct flow *f, uint8_t *p)
{
	// Locally administered: the last byte of the source's and of the destination's address.
	const uint8_t *source = f->v6 ? f->source + 12 : f->source;
	const uint8_t *destination = f->v6 ? f->destination + 12 : f->destination;
	p[0] = p[6] = 0x02;
	p[1] = p[7] = 0x00;
	memcpy(p + 2, destination, 4);
	memcpy(p + 8, source, 4);
	const uint16_t type = f->v6 ? 0x86dd : 0x0800;
	if (f->vlan != 0) {
		store_be16(p + 12, 0x8100);
		store_be16(p + 14, f->vlan);
	}
	store_be16(p + (f->vlan != 0 ? 16 : 12), type);
}

static void ip4(const struct flow *f, uint32_t len, uint8_t *p)
{
	static const uint8_t fixed[12] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 62, 0, 0, 0};
	memcpy(p, fixed, sizeof(fixed));
	store_be16(p + 2, (uint16_t)len);
	p[9] = f->protocol;
	memcpy(p + 12, f->source, 4);
	memcpy(p + 16, f->destination, 4);
	uint32_t sum = 0;
	for (int i = 0; i < 20; i += 2)
		sum += load_be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	store_be16(p + 10, (uint16_t) ~(sum + (sum >> 16)));
}

static void ip6(const struct flow *f, uint32_t payload_len, uint8_t *p)
{
	store_be32(p, 0x60000000);
	store_be16(p + 4, (uint16_t)payload_len);
	p[6] = f->protocol;
	p[7] = 62;
	memcpy(p + 8, f->source, 16);
	memcpy(p + 24, f->destination, 16);
}

// The checksums stay zero: they cover payload that a sampled header does not hold.
static size_t layer4(const struct flow *f, uint32_t len, uint8_t *p)
{
	store_be16(p, f->source_port);
	store_be16(p + 2, f->destination_port);
	if (f->protocol == UDP) {
		store_be16(p + 4, (uint16_t)len);
		store_be16(p + 6, 0);
		return 8;
	}
	static const uint8_t rest[16] = {0,    0,    0,    1,    0, 0, 0, 1,
					 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0};
	memcpy(p + 4, rest, sizeof(rest));
	return 20;
}

size_t flow_header(const struct flow *f, uint32_t frame_len, uint8_t *out, size_t size)
{
	// Headers take at most 78 bytes (Ethernet with a tag, IPv6, TCP).
	uint8_t headers[80];
	const size_t link = f->vlan != 0 ? 18 : 14;
	const uint32_t ip_len = frame_len - FCS_SIZE - (uint32_t)link;
	const uint32_t ip_header = f->v6 ? 40 : 20;
	ethernet(f, headers);
	if (f->v6)
		ip6(f, ip_len - ip_header, headers + link);
	else
		ip4(f, ip_len, headers + link);
	size_t n = link + ip_header;
	n += layer4(f, ip_len - ip_header, headers + n);
	const size_t present = frame_len - FCS_SIZE < size ? frame_len - FCS_SIZE : size;
	if (n > present)
		n = present;
	memcpy(out, headers, n);
	memset(out + n, 'w', present - n);
	return present;
}
