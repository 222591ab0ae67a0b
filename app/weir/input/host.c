// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/host.h"

#include <stdlib.h>

#include "weir/input/host_frame.h"

#define SECOND              UINT64_C(1000000000)
#define NEVER               UINT64_MAX
#define RECHECK             (60 * SECOND) // until an address that was taken is tried again
#define DEFENCE             (10 * SECOND) // RFC 5227 section 2.4: DEFEND_INTERVAL
#define PROTOCOL_HOP_BY_HOP 0
// A neighbour that is asked for.
#define SEEK_AGAIN   SECOND        // no answer yet
#define SEEK_TRIES   3             // then it counts as unknown ...
#define SEEK_SELDOM  (10 * SECOND) // ... and is asked for less often
#define SEEK_REFRESH (30 * SECOND) // known
#define SEEK_WAIT    (SECOND / 5)  // until an address of ours is in use

const struct host_stat_info host_stat_info[N_HOST_STATS] = {
#define HOST_STAT(name, role, help) [HOST_##name] = {#name, STAT_ROLE_##role, help},
#include "weir/input/host.def"
#undef HOST_STAT
};

// What happens to an address from link-up on, and the time that passes after each step. RFC 5227
// allows a link that is known to be fast to probe faster than its second; RFC 4862 asks for one
// solicitation and a second. An IPv6 address joins its group before it is checked, or switches that
// snoop would keep the other's answer from us.
enum action {
	ACT_JOIN,
	ACT_PROBE,
	ACT_ANNOUNCE,
};

struct step {
	enum action action;
	uint64_t wait; // ns
};

static const struct step plan4[] = {
	{ACT_PROBE, SECOND / 4},    {ACT_PROBE, SECOND / 4}, {ACT_PROBE, SECOND / 4},
	{ACT_ANNOUNCE, 2 * SECOND}, {ACT_ANNOUNCE, NEVER},
};
static const struct step plan6[] = {
	{ACT_JOIN, 0},          {ACT_PROBE, SECOND}, {ACT_ANNOUNCE, SECOND},
	{ACT_ANNOUNCE, SECOND}, {ACT_JOIN, NEVER},
};

static uint32_t add_link_locals(const struct host_config *c, struct host *h, uint32_t n);
static bool read_link(struct host_frame *f, uint32_t len);

struct host *host_new(const struct host_config *config, struct err_msg *msg)
{
	// Each may bring a link-local one.
	const size_t most = 2 * (size_t)config->n_address;
	struct host *h = calloc(1, sizeof(*h) + most * sizeof(h->entry[0]));
	if (h == NULL) {
		err_set(msg, ERR_MEMORY, "host: out of memory");
		return NULL;
	}
	memcpy(h->mac, config->mac, 6);
	h->udp_port = config->udp_port;
	h->unreachable = config->unreachable;
	h->rate = config->rate;
	for (unsigned k = 0; k < N_HOST_KINDS; k++)
		h->bucket[k].tokens = config->rate;
	for (uint32_t i = 0; i < config->n_address; i++)
		h->entry[i] = (struct host_entry){.addr = config->address[i].addr,
						  .vlan = config->address[i].vlan};
	h->n = add_link_locals(config, h, config->n_address);
	host_link(h, 0, false);
	return h;
}

void host_free(struct host *h)
{
	free(h);
}

// RFC 4291 appendix A: the MAC address with ff:fe in its middle and the universal bit inverted.
static struct addr link_local(const uint8_t mac[6])
{
	const uint8_t bytes[16] = {
		0xfe,   0x80,   0,    0,    0,      0,      0,     0, (uint8_t)(mac[0] ^ 2),
		mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
	return addr_ip6(bytes);
}

static uint32_t add_link_locals(const struct host_config *c, struct host *h, uint32_t n)
{
	const struct addr local = link_local(c->mac);
	for (uint32_t i = 0; i < c->n_address; i++) {
		const uint16_t vlan = c->address[i].vlan;
		bool there = c->address[i].addr.family != ADDR_IP6;
		for (uint32_t k = 0; k < n && !there; k++)
			there = h->entry[k].vlan == vlan && addr_equal(&h->entry[k].addr, &local);
		if (!there)
			h->entry[n++] = (struct host_entry){.addr = local, .vlan = vlan};
	}
	return n;
}

bool host_wants(const struct host *h, enum stat_id verdict, const uint8_t *frame, uint32_t len)
{
	struct host_frame f = {.bytes = frame};
	if (verdict == STAT_frame_other_port)
		return h->unreachable;
	if (verdict != STAT_frame_not_ip && verdict != STAT_frame_not_udp)
		return false;
	if (!read_link(&f, len))
		return false;
	if (f.type != HOST_TYPE_IP4 && f.type != HOST_TYPE_IP6)
		return f.type == HOST_TYPE_ARP;
	const uint8_t *ip = cursor_bytes(&f.c, 20);
	if (ip == NULL)
		return false;
	if (f.type == HOST_TYPE_IP4)
		return ip[9] == HOST_PROTOCOL_ICMP;
	const uint8_t *behind = cursor_bytes(&f.c, 21); // the first header after that of IPv6
	return ip[6] == HOST_PROTOCOL_ICMP6 || (ip[6] == PROTOCOL_HOP_BY_HOP && behind != NULL &&
						behind[20] == HOST_PROTOCOL_ICMP6);
}

static struct host_reply answer(struct host *h, struct host_frame *f, uint32_t len)
{
	if (!read_link(f, len) || host_is_group(f->bytes + 6))
		return host_no_reply(HOST_malformed);
	// Our own frames, if a switch or a driver sends them back, and those for others.
	if (memcmp(f->bytes + 6, h->mac, 6) == 0 ||
	    (!host_is_group(f->bytes) && !host_is_unicast(h, f)))
		return host_no_reply(HOST_other_host);
	switch (f->type) {
	case HOST_TYPE_ARP: return host_arp(h, f);
	case HOST_TYPE_IP4: return host_ip4(h, f);
	case HOST_TYPE_IP6: return host_ip6(h, f);
	default: return host_no_reply(HOST_no_answer);
	}
}

uint32_t host_answer(struct host *h, uint64_t now, const uint8_t *frame, uint32_t len, uint8_t *out,
		     uint32_t size)
{
	struct host_frame f = {.bytes = frame, .now = now, .out = out, .size = size};
	const struct host_reply reply = answer(h, &f, len);
	host_add(h, HOST_received, 1);
	host_add(h, reply.verdict, 1);
	return reply.len;
}

void host_link(struct host *h, uint64_t now, bool up)
{
	for (uint32_t i = 0; i < h->n_seeks; i++) {
		h->seek[i].known = false;
		h->seek[i].tries = 0;
		h->seek[i].due = up && h->seek[i].users > 0 ? now : NEVER;
	}
	for (uint32_t i = 0; i < h->n; i++) {
		struct host_entry *e = &h->entry[i];
		e->state = up ? HOST_CHECKING : HOST_DOWN;
		e->step = 0;
		e->due = up ? now : NEVER;
		e->report = NEVER;
	}
}

static uint8_t first_announcement(const struct host_entry *e)
{
	const struct step *plan = e->addr.family == ADDR_IP4 ? plan4 : plan6;
	uint8_t i = 0;
	while (plan[i].action != ACT_ANNOUNCE)
		i++;
	return i;
}

void host_moved(struct host *h, uint64_t now)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct host_entry *e = &h->entry[i];
		if (e->state != HOST_USED)
			continue;
		e->step = first_announcement(e);
		e->due = now;
	}
}

uint64_t host_next(const struct host *h)
{
	uint64_t next = NEVER;
	for (uint32_t i = 0; i < h->n; i++) {
		const struct host_entry *e = &h->entry[i];
		const uint64_t due = e->due < e->report ? e->due : e->report;
		next = due < next ? due : next;
	}
	for (uint32_t i = 0; i < h->n_seeks; i++)
		next = h->seek[i].due < next ? h->seek[i].due : next;
	return next;
}

// Neighbours --------------------------------------------------------------------------------------

const struct host_entry *host_source(const struct host *h, enum addr_family family, uint16_t vlan)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct host_entry *e = &h->entry[i];
		const bool here = e->vlan == vlan || (e->vlan == FRAME_ANY_VLAN && vlan == 0);
		if (here && e->addr.family == family && e->state == HOST_USED)
			return e;
	}
	return NULL;
}

bool host_has(const struct host *h, const struct addr *addr, uint16_t vlan)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct host_entry *e = &h->entry[i];
		const bool here = e->vlan == vlan || (e->vlan == FRAME_ANY_VLAN && vlan == 0);
		if (here && e->state == HOST_USED && addr_equal(&e->addr, addr))
			return true;
	}
	return false;
}

const uint8_t *host_mac(const struct host *h)
{
	return h->mac;
}

static struct host_seek *find_seek(struct host *h, const struct addr *addr, uint16_t vlan)
{
	for (uint32_t i = 0; i < h->n_seeks; i++) {
		struct host_seek *s = &h->seek[i];
		if (s->users > 0 && s->vlan == vlan && addr_equal(&s->addr, addr))
			return s;
	}
	return NULL;
}

static struct host_seek *free_seek(struct host *h)
{
	for (uint32_t i = 0; i < h->n_seeks; i++)
		if (h->seek[i].users == 0)
			return &h->seek[i];
	return h->n_seeks < HOST_SEEKS ? &h->seek[h->n_seeks++] : NULL;
}

int host_seek(struct host *h, uint64_t now, const struct addr *addr, uint16_t vlan)
{
	struct host_seek *s = find_seek(h, addr, vlan);
	if (s == NULL) {
		s = free_seek(h);
		if (s == NULL)
			return ERR_FULL;
		*s = (struct host_seek){.addr = *addr, .vlan = vlan, .due = now};
	}
	s->users++;
	return (int)(s - h->seek);
}

const uint8_t *host_found(const struct host *h, int seek)
{
	return h->seek[seek].known ? h->seek[seek].mac : NULL;
}

void host_forget(struct host *h, int seek)
{
	struct host_seek *s = &h->seek[seek];
	if (--s->users == 0)
		*s = (struct host_seek){.due = NEVER};
}

bool host_learn(struct host *h, const struct addr *a, uint16_t vlan, const uint8_t mac[6],
		uint64_t now)
{
	struct host_seek *s = find_seek(h, a, vlan);
	if (s == NULL || s->tries == 0 || host_is_group(mac))
		return false;
	memcpy(s->mac, mac, 6);
	s->known = true;
	s->tries = 0;
	s->due = now + SEEK_REFRESH;
	return true;
}

static uint32_t ask(struct host *h, struct host_seek *s, uint64_t now, uint8_t *out, uint32_t size)
{
	const struct host_entry *from = host_source(h, (enum addr_family)s->addr.family, s->vlan);
	s->due = now + SEEK_WAIT;
	if (from == NULL)
		return 0;
	s->known &= s->tries < SEEK_TRIES;
	s->due = now + (s->tries < SEEK_TRIES ? SEEK_AGAIN : SEEK_SELDOM);
	s->tries += s->tries < SEEK_TRIES;
	host_add(h, HOST_questions, 1);
	return from->addr.family == ADDR_IP4 ? host_arp_question(h, from, s, out, size)
					     : host_neighbour_question(h, from, s, out, size);
}

static uint32_t act(struct host *h, struct host_entry *e, enum action action, uint8_t *out,
		    uint32_t size)
{
	const bool v4 = e->addr.family == ADDR_IP4;
	if (action == ACT_JOIN)
		return host_group_report(h, e, out, size);
	if (v4)
		return host_arp_probe(h, e, action == ACT_ANNOUNCE, out, size);
	return action == ACT_PROBE ? host_neighbour_probe(h, e, out, size)
				   : host_neighbour_announce(h, e, out, size);
}

// The next step of an address. Who was a duplicate begins anew.
static uint32_t go_on(struct host *h, struct host_entry *e, uint64_t now, uint8_t *out,
		      uint32_t size)
{
	const bool v4 = e->addr.family == ADDR_IP4;
	if (e->state == HOST_DUPLICATE) {
		e->state = HOST_CHECKING;
		e->step = 0;
	}
	const struct step *s = v4 ? &plan4[e->step] : &plan6[e->step];
	e->step++;
	e->due = s->wait == NEVER ? NEVER : now + s->wait;
	if (s->action == ACT_ANNOUNCE)
		e->state = HOST_USED;
	return act(h, e, s->action, out, size);
}

uint32_t host_timer(struct host *h, uint64_t now, uint8_t *out, uint32_t size)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct host_entry *e = &h->entry[i];
		uint32_t len = 0;
		if (e->report <= now) {
			e->report = NEVER;
			len = host_group_report(h, e, out, size);
		} else if (e->due <= now) {
			len = go_on(h, e, now, out, size);
		}
		if (len == 0)
			continue;
		host_add(h, HOST_announcements, 1);
		return len;
	}
	for (uint32_t i = 0; i < h->n_seeks; i++) {
		const uint32_t len =
			h->seek[i].due <= now ? ask(h, &h->seek[i], now, out, size) : 0;
		if (len > 0)
			return len;
	}
	return 0;
}

bool host_group(const struct host *h, uint32_t i, uint8_t mac[6])
{
	uint32_t n = 0;
	for (uint32_t k = 0; k < h->n; k++) {
		uint8_t group[16];
		if (h->entry[k].addr.family != ADDR_IP6)
			continue;
		host_solicited_node(h->entry[k].addr.bytes, group);
		if (i == 0) // all nodes: queries and other hosts' announcements go there
			memcpy(group + 12, (const uint8_t[4]){0, 0, 0, 1}, 4);
		memcpy(mac, (const uint8_t[2]){0x33, 0x33}, 2);
		memcpy(mac + 2, group + 12, 4);
		if (i == 0 || ++n == i)
			return true;
	}
	return false;
}

bool host_view(const struct host *h, uint32_t i, struct host_view *view)
{
	if (i >= h->n)
		return false;
	const struct host_entry *e = &h->entry[i];
	*view = (struct host_view){.addr = e->addr, .vlan = e->vlan, .state = e->state};
	memcpy(view->other, e->other, 6);
	return true;
}

uint64_t host_count(const struct host *h, enum host_stat i)
{
	return __atomic_load_n(&h->stats[i], __ATOMIC_RELAXED);
}

void host_add(struct host *h, enum host_stat i, uint64_t n)
{
	__atomic_store_n(&h->stats[i], h->stats[i] + n, __ATOMIC_RELAXED);
}

// Leave the cursor behind the type. False when there is none, or more tags than are answered.
static bool read_link(struct host_frame *f, uint32_t len)
{
	f->c = cursor_of(f->bytes, len);
	cursor_skip(&f->c, 12);
	f->type = cursor_u16(&f->c);
	f->link_size = 14;
	f->vlan = 0;
	for (; f->type == 0x8100 || f->type == 0x88a8; f->link_size += 4) {
		const uint16_t tag = cursor_u16(&f->c) & 0xfff;
		f->vlan = f->link_size == 14 ? tag : f->vlan;
		f->type = cursor_u16(&f->c);
		if (f->link_size + 4 > HOST_LINK_MAX)
			return false;
	}
	return !f->c.bad;
}

struct host_entry *host_find(struct host *h, const struct addr *a, uint16_t vlan)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct host_entry *e = &h->entry[i];
		if ((e->vlan == vlan || e->vlan == FRAME_ANY_VLAN) && addr_equal(&e->addr, a))
			return e;
	}
	return NULL;
}

// A bucket holds what may be sent in a second.
bool host_allow(struct host *h, enum host_kind kind, uint64_t now)
{
	struct host_bucket *b = &h->bucket[kind];
	if (now > b->filled) {
		b->tokens += (double)(now - b->filled) / SECOND * h->rate;
		b->filled = now;
		if (b->tokens > h->rate)
			b->tokens = h->rate;
	}
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}

bool host_is_used(const struct host_entry *e, enum host_stat *why)
{
	*why = e == NULL ? HOST_other_host : HOST_not_ready;
	return e != NULL && e->state == HOST_USED;
}

bool host_conflict(struct host *h, struct host_entry *e, const uint8_t mac[6], uint64_t now)
{
	memcpy(e->other, mac, 6);
	host_add(h, HOST_conflicts, 1);
	if (e->state == HOST_CHECKING) {
		host_add(h, HOST_duplicates, 1);
		e->state = HOST_DUPLICATE;
		e->due = now + RECHECK;
	}
	if (e->state != HOST_USED || (e->defended != 0 && now - e->defended < DEFENCE))
		return false;
	e->defended = now;
	return true;
}
