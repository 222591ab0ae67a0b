// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "packet/dissect.h"
#include "program/group.h"
#include "sflow/encode.h"
#include "sflow/flow_sample.h"

// A port; compares as a whole.
struct port {
	struct addr agent;
	uint32_t index; // ifIndex; 0 = not known yet
};

struct port_name {
	struct port port;
	const char *name; // in `arena`
};

// What has numbers of its own: whole words, no padding.
struct sampler {
	struct addr agent; // family 0: a free place
	uint32_t sub_agent;
	uint32_t kind; // 0: datagrams; else the tag of its samples
	uint32_t ds_class, ds_index;
	uint32_t sequence; // the latest
};
#define KEY_WORDS (offsetof(struct sampler, sequence) / sizeof(uint64_t))
_Static_assert(offsetof(struct sampler, sequence) % sizeof(uint64_t) == 4, "see hash_of()");

struct tenant {
	struct arena arena;
	struct port *port; // sorted; with room for all names
	size_t n_ports;
	struct port_name *named;
	size_t n_named;
	uint8_t (*mac)[6]; // sorted
	size_t n_macs;
	struct group *cidr; // NULL = none
	struct sampler *sampler;
	size_t n_samplers, room; // room is a power of two, at most half of it is used
	struct hash_secret secret;
	struct packet packet;
};

// Lists ------------------------------------------------------------------------------------------

static int compare_ports(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct port));
}

static int compare_macs(const void *a, const void *b)
{
	return memcmp(a, b, 6);
}

static bool has_port(const struct tenant *t, const struct addr *agent, uint32_t index)
{
	const struct port port = {.agent = *agent, .index = index};
	return index != 0 &&
	       bsearch(&port, t->port, t->n_ports, sizeof(port), compare_ports) != NULL;
}

static bool has_mac(const struct tenant *t, const uint8_t *mac)
{
	return bsearch(mac, t->mac, t->n_macs, 6, compare_macs) != NULL;
}

// Those by number, and those by name that are known.
static void add_port(struct tenant *t, const struct port *port)
{
	t->port[t->n_ports++] = *port;
	qsort(t->port, t->n_ports, sizeof(*t->port), compare_ports);
}

static void remove_port(struct tenant *t, const struct port *port)
{
	struct port *at = bsearch(port, t->port, t->n_ports, sizeof(*port), compare_ports);
	if (at == NULL)
		return;
	memmove(at, at + 1, (size_t)(t->port + t->n_ports - at - 1) * sizeof(*at));
	t->n_ports--;
}

static void learn_name(struct tenant *t, const struct port *port, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < t->n_named; i++) {
		struct port_name *n = &t->named[i];
		if (strlen(n->name) != len || memcmp(n->name, name, len) != 0 ||
		    !addr_equal(&n->port.agent, &port->agent) || n->port.index == port->index)
			continue;
		if (n->port.index != 0) // it has moved
			remove_port(t, &n->port);
		n->port.index = port->index;
		add_port(t, port);
	}
}

static int take_ports(struct tenant *t, const struct tenant_filters *f)
{
	t->port = arena_array(&t->arena, f->ifindex.n + f->ifname.n + 1, sizeof(*t->port));
	t->named = arena_array(&t->arena, f->ifname.n + 1, sizeof(*t->named));
	if (t->port == NULL || t->named == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < f->ifindex.n; i++) {
		struct port *p = &t->port[t->n_ports++];
		tenant_port_index(f->ifindex.at[i], &p->agent, &p->index);
	}
	qsort(t->port, t->n_ports, sizeof(*t->port), compare_ports);
	for (uint32_t i = 0; i < f->ifname.n; i++) {
		struct port_name *n = &t->named[t->n_named++];
		const char *name = tenant_port(f->ifname.at[i], &n->port.agent);
		n->name = arena_strndup(&t->arena, name, strlen(name));
		if (n->name == NULL)
			return ERR_MEMORY;
	}
	return 0;
}

static int take_macs(struct tenant *t, const struct tenant_filters *f)
{
	t->mac = arena_array(&t->arena, f->mac.n + 1, sizeof(*t->mac));
	if (t->mac == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < f->mac.n; i++)
		addr_mac_parse(f->mac.at[i], t->mac[t->n_macs++]);
	qsort(t->mac, t->n_macs, sizeof(*t->mac), compare_macs);
	return 0;
}

static int take_prefixes(struct tenant *t, const struct tenant_filters *f, struct err_msg *msg)
{
	int err = 0;
	if (f->cidr.n == 0)
		return 0;
	t->cidr = group_create();
	if (t->cidr == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < f->cidr.n && err == 0; i++)
		err = group_add(t->cidr, &f->cidr.at[i].addr, f->cidr.at[i].bits, "in", msg);
	return err == 0 ? group_build(t->cidr, msg) : err;
}

struct tenant *tenant_new(const struct tenant_filters *filters, struct err_msg *msg)
{
	struct tenant *t = calloc(1, sizeof(*t));
	if (t != NULL && take_ports(t, filters) == 0 && take_macs(t, filters) == 0 &&
	    take_prefixes(t, filters, msg) == 0) {
		hash_secret_init(&t->secret, (uintptr_t)t);
		return t;
	}
	tenant_free(t);
	err_set(msg, ERR_MEMORY, "out of memory");
	return NULL;
}

void tenant_free(struct tenant *t)
{
	if (t == NULL)
		return;
	group_free(t->cidr);
	arena_free(&t->arena);
	free(t->sampler);
	free(t);
}

// Numbers ----------------------------------------------------------------------------------------

static struct sampler *place_of(const struct tenant *t, const struct sampler *key)
{
	// The last word is half key, half zero.
	uint64_t word[KEY_WORDS + 1] = {0};
	memcpy(word, key, offsetof(struct sampler, sequence));
	size_t i = hash_words(&t->secret, word, KEY_WORDS + 1) & (t->room - 1);
	while (t->sampler[i].agent.family != 0 &&
	       memcmp(&t->sampler[i], key, offsetof(struct sampler, sequence)) != 0)
		i = (i + 1) & (t->room - 1);
	return &t->sampler[i];
}

static bool grow(struct tenant *t)
{
	const struct sampler *old = t->sampler;
	const size_t old_room = t->room, room = old_room > 0 ? 2 * old_room : 64;
	struct sampler *grown = calloc(room, sizeof(*grown));
	if (room > 2 * TENANT_SAMPLERS || grown == NULL) {
		free(grown);
		return false;
	}
	t->sampler = grown;
	t->room = room;
	for (size_t i = 0; i < old_room; i++)
		if (old[i].agent.family != 0)
			*place_of(t, &old[i]) = old[i];
	free((void *)(uintptr_t)old);
	return true;
}

// The next number of @p key; @p own when there is no room for one more.
static uint32_t next_number(struct tenant *t, const struct sampler *key, uint32_t own)
{
	struct sampler *s = t->room > 0 ? place_of(t, key) : NULL;
	if (s == NULL || s->agent.family == 0) {
		if (2 * (t->n_samplers + 1) > t->room && !grow(t))
			return own;
		s = place_of(t, key);
		*s = *key;
		t->n_samplers++;
	}
	return ++s->sequence;
}

// Selection --------------------------------------------------------------------------------------

static bool is_inside(const struct tenant *t, enum addr_family family, const uint8_t *bytes)
{
	return bytes != NULL && t->cidr != NULL && group_find(t->cidr, family, bytes) != NULL;
}

// Two addresses side by side.
static bool has_address(const struct tenant *t, enum addr_family family, const uint8_t *pair)
{
	const uint32_t size = family == ADDR_IP4 ? 4 : 16;
	return pair != NULL && (is_inside(t, family, pair) || is_inside(t, family, pair + size));
}

static const uint8_t *header_bytes(const struct packet *p, unsigned layer, uint32_t off,
				   uint32_t len)
{
	return p->first[layer] != 0 ? packet_bytes(p, SPACE_HEADER, p->first[layer] + off, len)
				    : NULL;
}

static bool header_concerns(struct tenant *t, const uint8_t *data, uint32_t len,
			    const struct sflow_record *r)
{
	struct sampled_header h;
	struct packet *p = &t->packet;
	if (sampled_header_open(r, &h) != SFLOW_OK || h.header + h.len - data > UINT16_MAX)
		return false;
	packet_reset(p, data, len);
	packet_dissect(p, h.protocol, (uint32_t)(h.header - data), h.len, DISSECT_OUTER);
	const uint8_t *mac = header_bytes(p, LAYER_ETH, 0, 12);
	return (mac != NULL && (has_mac(t, mac) || has_mac(t, mac + 6))) ||
	       has_address(t, ADDR_IP4, header_bytes(p, LAYER_IP, 12, 8)) ||
	       has_address(t, ADDR_IP6, header_bytes(p, LAYER_IP6, 8, 32));
}

static bool record_concerns(struct tenant *t, const uint8_t *data, uint32_t len,
			    const struct sflow_record *r)
{
	switch (r->tag) {
	case SFLOW_SAMPLED_HEADER: return header_concerns(t, data, len, r);
	case SFLOW_SAMPLED_ETHERNET:
		return r->len >= 24 && (has_mac(t, r->body + 4) || has_mac(t, r->body + 12));
	case SFLOW_SAMPLED_IPV4: return r->len >= 16 && has_address(t, ADDR_IP4, r->body + 8);
	case SFLOW_SAMPLED_IPV6: return r->len >= 40 && has_address(t, ADDR_IP6, r->body + 8);
	default: return false;
	}
}

// An ifIndex of a port word; 0 = none.
static uint32_t index_of(uint32_t word)
{
	return word >> 30 == SFLOW_IF_INDEX && word != SFLOW_IF_INTERNAL ? word : 0;
}

static bool flow_concerns(struct tenant *t, const uint8_t *data, uint32_t len,
			  const struct addr *agent, struct flow_sample *fs)
{
	if ((fs->ds_class == SFLOW_DS_IFINDEX && has_port(t, agent, fs->ds_index)) ||
	    has_port(t, agent, index_of(fs->input)) || has_port(t, agent, index_of(fs->output)))
		return true;
	struct sflow_record r;
	while (sflow_record_next(&fs->records, &r) > 0)
		if (record_concerns(t, data, len, &r))
			return true;
	return false;
}

static bool counters_concern(struct tenant *t, const struct addr *agent, struct counters_sample *cs)
{
	const struct port port = {.agent = *agent, .index = cs->ds_index};
	struct sflow_record r;
	if (cs->ds_class != SFLOW_DS_IFINDEX)
		return false;
	while (t->n_named > 0 && sflow_record_next(&cs->records, &r) > 0)
		if (r.tag == SFLOW_PORT_NAME && r.len >= 4 && load_be32(r.body) <= r.len - 4)
			learn_name(t, &port, r.body + 4, load_be32(r.body));
	return has_port(t, agent, cs->ds_index);
}

// Whether a sample is the tenant's; then also what numbers it, and its own number.
static bool concerns(struct tenant *t, const uint8_t *data, uint32_t len, const struct addr *agent,
		     const struct sflow_sample *s, struct sampler *key, uint32_t *own)
{
	struct flow_sample fs;
	struct counters_sample cs;
	switch (s->tag) {
	case SFLOW_FLOW_SAMPLE:
	case SFLOW_FLOW_SAMPLE_EXPANDED:
	case SFLOW_DISCARDED_PACKET:
		if (flow_sample_open(s, &fs) != SFLOW_OK)
			return false;
		key->kind = s->tag == SFLOW_DISCARDED_PACKET ? s->tag : SFLOW_FLOW_SAMPLE;
		key->ds_class = fs.ds_class;
		key->ds_index = fs.ds_index;
		*own = fs.sequence;
		return flow_concerns(t, data, len, agent, &fs);
	case SFLOW_COUNTERS_SAMPLE:
	case SFLOW_COUNTERS_SAMPLE_EXPANDED:
		if (counters_sample_open(s, &cs) != SFLOW_OK)
			return false;
		key->kind = SFLOW_COUNTERS_SAMPLE;
		key->ds_class = cs.ds_class;
		key->ds_index = cs.ds_index;
		*own = cs.sequence;
		return counters_concern(t, agent, &cs);
	default: return false;
	}
}

uint32_t tenant_select(struct tenant *t, const uint8_t *data, uint32_t len, uint8_t *out,
		       size_t *size)
{
	struct sflow_datagram dg;
	struct sflow_sample s;
	struct encoder e;
	uint32_t n = 0, own;
	if (sflow_open(&dg, data, len) != SFLOW_OK || dg.agent_type == ADDR_NONE)
		return 0;
	const struct addr agent =
		dg.agent_type == ADDR_IP4 ? addr_ip4(dg.agent) : addr_ip6(dg.agent);
	const struct sampler sender = {.agent = agent, .sub_agent = dg.sub_agent};
	struct sampler key = sender;
	while (sflow_next(&dg, &s) > 0) {
		if (!concerns(t, data, len, &agent, &s, &key, &own))
			continue;
		if (n++ == 0)
			e = encode_begin(out, (size_t)len + 8, &agent, dg.sub_agent,
					 next_number(t, &sender, dg.sequence), dg.uptime);
		encode_sample(&e, s.tag);
		encode_u32(&e, next_number(t, &key, own));
		encode_padded(&e, s.body + 4, s.len - 4);
		encode_sample_end(&e);
	}
	*size = n > 0 ? encode_end(&e) : 0;
	return *size > 0 ? n : 0;
}
