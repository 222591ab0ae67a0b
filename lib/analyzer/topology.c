// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/topology.h"

#include <stdlib.h>
#include <string.h>

struct port_list {
	struct topology_port *at;
	size_t n, max;
};

struct node {
	struct topology_node is;
	struct addr addr; // of the agent; family ADDR_NONE: a host name, or nothing
	struct port_list ports;
};

// One end of a link.
struct end {
	const char *node, *port;
	const struct topology_link *link;
	bool second;
};

// A port by the address of its agent.
struct spot {
	struct addr addr;
	uint32_t ifindex;
	const struct node *node;
	const struct topology_port *port;
};

struct topology {
	struct node *node;
	size_t n_nodes, max_nodes;
	struct topology_link *link;
	size_t n_links, max_links;
	// Indexes, in order:
	struct end *end; // by node and port
	size_t n_ends;
	struct spot *spot; // by address and ifindex
	size_t n_spots;
	const struct node **by_name, **by_addr;
	unsigned holders;
};

struct topology *topology_new(void)
{
	struct topology *t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->holders = 1;
	return t;
}

void topology_hold(struct topology *t)
{
	t->holders++;
}

struct topology *topology_release(struct topology *t)
{
	return t != NULL && --t->holders == 0 ? t : NULL;
}

// --- copies -------------------------------------------------------------------------------------

static void drop(const char *text)
{
	free((void *)(uintptr_t)text);
}

static void free_tags(struct topology_tags *tags)
{
	for (size_t i = 0; i < tags->n; i++) {
		drop(tags->at[i].name);
		drop(tags->at[i].value);
	}
	free((void *)(uintptr_t)tags->at);
}

static void free_port(struct topology_port *p)
{
	drop(p->name);
	drop(p->ifindex);
	drop(p->ofport);
	drop(p->dpid);
	free_tags(&p->tags);
}

static void free_node(struct node *n)
{
	for (size_t i = 0; i < n->ports.n; i++)
		free_port(&n->ports.at[i]);
	free(n->ports.at);
	drop(n->is.name);
	drop(n->is.agent);
	drop(n->is.dpid);
	free_tags(&n->is.tags);
}

static void free_link(struct topology_link *l)
{
	drop(l->name);
	drop(l->node1);
	drop(l->port1);
	drop(l->node2);
	drop(l->port2);
	free_tags(&l->tags);
}

void topology_free(struct topology *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_nodes; i++)
		free_node(&t->node[i]);
	for (size_t i = 0; i < t->n_links; i++)
		free_link(&t->link[i]);
	free(t->node);
	free(t->link);
	free(t->end);
	free(t->spot);
	free(t->by_name);
	free(t->by_addr);
	free(t);
}

// Replace a borrowed text by a copy; false when memory is short, and then it is NULL.
static bool keep(const char **text)
{
	const char *from = *text;
	*text = from != NULL ? strdup(from) : NULL;
	return from == NULL || *text != NULL;
}

static bool keep_tags(struct topology_tags *tags)
{
	const struct topology_tags from = *tags;
	struct topology_tag *copy = from.n > 0 ? calloc(from.n, sizeof(*copy)) : NULL;
	*tags = (struct topology_tags){copy, copy != NULL ? from.n : 0};
	bool ok = tags->n == from.n;
	for (size_t i = 0; i < tags->n; i++) {
		copy[i] = from.at[i];
		ok &= keep(&copy[i].name);
		ok &= keep(&copy[i].value);
	}
	return ok;
}

// Room for one more item of a list; NULL when memory is short.
static void *grow(void *list, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return list;
	const size_t more = *max != 0 ? 2 * *max : 8;
	void *grown = reallocarray(list, more, size);
	if (grown != NULL)
		*max = more;
	return grown;
}

int topology_node(struct topology *t, const struct topology_node *node)
{
	struct node *list = grow(t->node, t->n_nodes, &t->max_nodes, sizeof(*list));
	if (list == NULL)
		return ERR_MEMORY;
	t->node = list;
	struct node *n = &list[t->n_nodes];
	*n = (struct node){.is = *node};
	bool ok = keep(&n->is.name);
	ok &= keep(&n->is.agent);
	ok &= keep(&n->is.dpid);
	ok &= keep_tags(&n->is.tags);
	return ok ? (int)t->n_nodes++ : (free_node(n), ERR_MEMORY);
}

int topology_port(struct topology *t, int node, const struct topology_port *port)
{
	struct port_list *ports = &t->node[node].ports;
	struct topology_port *list = grow(ports->at, ports->n, &ports->max, sizeof(*list));
	if (list == NULL)
		return ERR_MEMORY;
	ports->at = list;
	struct topology_port *p = &list[ports->n];
	*p = *port;
	bool ok = keep(&p->name);
	ok &= keep(&p->ifindex);
	ok &= keep(&p->ofport);
	ok &= keep(&p->dpid);
	ok &= keep_tags(&p->tags);
	return ok ? (int)ports->n++ : (free_port(p), ERR_MEMORY);
}

int topology_link(struct topology *t, const struct topology_link *link)
{
	struct topology_link *list = grow(t->link, t->n_links, &t->max_links, sizeof(*list));
	if (list == NULL)
		return ERR_MEMORY;
	t->link = list;
	struct topology_link *l = &list[t->n_links];
	*l = *link;
	bool ok = keep(&l->name);
	ok &= keep(&l->node1);
	ok &= keep(&l->port1);
	ok &= keep(&l->node2);
	ok &= keep(&l->port2);
	ok &= keep_tags(&l->tags);
	return ok ? (int)t->n_links++ : (free_link(l), ERR_MEMORY);
}

size_t topology_n_nodes(const struct topology *t)
{
	return t->n_nodes;
}

size_t topology_n_ports(const struct topology *t, size_t node)
{
	return t->node[node].ports.n;
}

size_t topology_n_links(const struct topology *t)
{
	return t->n_links;
}

const struct topology_node *topology_node_at(const struct topology *t, size_t node)
{
	return &t->node[node].is;
}

const struct topology_port *topology_port_at(const struct topology *t, size_t node, size_t port)
{
	return &t->node[node].ports.at[port];
}

const struct topology_link *topology_link_at(const struct topology *t, size_t link)
{
	return &t->link[link];
}

// --- indexes ------------------------------------------------------------------------------------

static int compare_end(const void *x, const void *y)
{
	const struct end *a = x, *b = y;
	const int c = strcmp(a->node, b->node);
	return c != 0 ? c : strcmp(a->port, b->port);
}

static int compare_spot(const void *x, const void *y)
{
	const struct spot *a = x, *b = y;
	const int c = memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return c != 0 ? c : (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

static int compare_name(const void *x, const void *y)
{
	const struct node *const *a = x, *const *b = y;
	return strcmp((*a)->is.name, (*b)->is.name);
}

static int compare_addr(const void *x, const void *y)
{
	const struct node *const *a = x, *const *b = y;
	return memcmp(&(*a)->addr, &(*b)->addr, sizeof((*a)->addr));
}

static int parse_ifindex(const struct node *n, const struct topology_port *p, uint32_t *ifindex,
			 struct err_msg *msg)
{
	char *end = NULL;
	const unsigned long v =
		p->ifindex[0] >= '0' && p->ifindex[0] <= '9' ? strtoul(p->ifindex, &end, 10) : 0;
	if (end == NULL || *end != '\0' || v > UINT32_MAX)
		return err_set(msg, ERR_INVALID,
			       "nodes.%s.ports.%s.ifindex: got \"%s\", expected a number",
			       n->is.name, p->name, p->ifindex);
	*ifindex = (uint32_t)v;
	return 0;
}

static int add_spots(struct topology *t, const struct node *n, struct err_msg *msg)
{
	for (size_t i = 0; i < n->ports.n; i++) {
		const struct topology_port *p = &n->ports.at[i];
		struct spot spot = {.addr = n->addr, .node = n, .port = p};
		if (p->ifindex == NULL || p->ifindex[0] == '\0')
			continue;
		const int err = parse_ifindex(n, p, &spot.ifindex, msg);
		if (err != 0)
			return err;
		if (n->addr.family != ADDR_NONE)
			t->spot[t->n_spots++] = spot;
	}
	return 0;
}

static int check_spots(const struct topology *t, struct err_msg *msg)
{
	for (size_t i = 1; i < t->n_spots; i++) {
		const struct spot *a = &t->spot[i - 1], *b = &t->spot[i];
		if (compare_spot(a, b) == 0)
			return err_set(msg, ERR_EXISTS,
				       "nodes: ifindex %u of agent %s is both %s.%s and %s.%s",
				       a->ifindex, a->node->is.agent, a->node->is.name,
				       a->port->name, b->node->is.name, b->port->name);
	}
	return 0;
}

static int index_nodes(struct topology *t, struct err_msg *msg)
{
	size_t n_ports = 0;
	for (size_t i = 0; i < t->n_nodes; i++) {
		struct node *n = &t->node[i];
		n_ports += n->ports.n;
		t->by_name[i] = t->by_addr[i] = n;
		if (n->is.agent == NULL || addr_parse(n->is.agent, &n->addr) != 0)
			n->addr = (struct addr){0};
	}
	t->spot = calloc(n_ports + 1, sizeof(*t->spot));
	if (t->spot == NULL)
		return err_set(msg, ERR_MEMORY, "topology: out of memory");
	for (size_t i = 0; i < t->n_nodes; i++) {
		const int err = add_spots(t, &t->node[i], msg);
		if (err != 0)
			return err;
	}
	qsort(t->spot, t->n_spots, sizeof(*t->spot), compare_spot);
	qsort(t->by_name, t->n_nodes, sizeof(*t->by_name), compare_name);
	qsort(t->by_addr, t->n_nodes, sizeof(*t->by_addr), compare_addr);
	for (size_t i = 1; i < t->n_nodes; i++)
		if (strcmp(t->by_name[i]->is.name, t->by_name[i - 1]->is.name) == 0)
			return err_set(msg, ERR_EXISTS, "nodes: \"%s\" is there twice",
				       t->by_name[i]->is.name);
	return check_spots(t, msg);
}

static void index_links(struct topology *t)
{
	for (size_t i = 0; i < t->n_links; i++) {
		const struct topology_link *l = &t->link[i];
		t->end[t->n_ends++] = (struct end){l->node1, l->port1, l, false};
		t->end[t->n_ends++] = (struct end){l->node2, l->port2, l, true};
	}
	qsort(t->end, t->n_ends, sizeof(*t->end), compare_end);
}

int topology_seal(struct topology *t, struct err_msg *msg)
{
	t->end = calloc(2 * t->n_links + 1, sizeof(*t->end));
	t->by_name = calloc(t->n_nodes + 1, sizeof(struct node *));
	t->by_addr = calloc(t->n_nodes + 1, sizeof(struct node *));
	if (t->end == NULL || t->by_name == NULL || t->by_addr == NULL)
		return err_set(msg, ERR_MEMORY, "topology: out of memory");
	index_links(t);
	return index_nodes(t, msg);
}

// --- lookups ------------------------------------------------------------------------------------

static const struct node *find_name(const struct topology *t, const char *name)
{
	const struct node want = {.is.name = name}, *key = &want;
	const struct node **found =
		bsearch(&key, t->by_name, t->n_nodes, sizeof(*t->by_name), compare_name);
	return found != NULL ? *found : NULL;
}

// Nodes with that address; the first of them in @p first.
static size_t find_addr(const struct topology *t, const struct addr *addr,
			const struct node **first)
{
	const struct node want = {.addr = *addr}, *key = &want;
	const struct node **found =
		bsearch(&key, t->by_addr, t->n_nodes, sizeof(*t->by_addr), compare_addr);
	if (found == NULL)
		return 0;
	const struct node **last = found;
	while (found > t->by_addr && compare_addr(found - 1, &key) == 0)
		found--;
	while (last + 1 < t->by_addr + t->n_nodes && compare_addr(last + 1, &key) == 0)
		last++;
	*first = *found;
	return (size_t)(last - found) + 1;
}

// The name under which the agent's own name is known: of a node without another address, or of
// the end of a link.
static const char *find_named(const struct topology *t, const char *name)
{
	if (name[0] == '\0')
		return NULL;
	const struct node *n = find_name(t, name);
	if (n != NULL)
		return n->addr.family == ADDR_NONE ? n->is.name : NULL;
	for (size_t i = 0; i < t->n_nodes; i++) // an agent given by its host name
		if (t->node[i].is.agent != NULL && strcmp(t->node[i].is.agent, name) == 0)
			return t->node[i].is.name;
	size_t low = 0, high = t->n_ends;
	while (low < high) { // the first that is not before
		const size_t mid = (low + high) / 2;
		if (strcmp(t->end[mid].node, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->n_ends && strcmp(t->end[low].node, name) == 0 ? t->end[low].node : NULL;
}

static const char *port_of(const struct topology *t, const char *node,
			   const struct topology_sight *sight)
{
	const struct node *n = find_name(t, node);
	for (size_t i = 0; n != NULL && i < n->ports.n; i++) {
		const struct topology_port *p = &n->ports.at[i];
		// By number too: the agent may be known by its name alone.
		if (p->ifindex != NULL && strtoul(p->ifindex, NULL, 10) == sight->ds_index &&
		    p->ifindex[0] != '\0')
			return p->name;
	}
	return sight->port_name[0] != '\0' ? sight->port_name : NULL;
}

static void set_link(const struct topology *t, struct topology_place *place)
{
	const struct end want = {.node = place->node, .port = place->port};
	const struct end *end = bsearch(&want, t->end, t->n_ends, sizeof(*t->end), compare_end);
	if (end == NULL)
		return;
	place->role = TOPOLOGY_CORE;
	place->port = end->port;
	place->link = end->link;
	place->second = end->second;
}

// A port whose node is known.
static struct topology_place place_at(const struct topology *t, const char *node, const char *port)
{
	struct topology_place place = {.role = TOPOLOGY_EDGE, .node = node, .port = port};
	if (port != NULL)
		set_link(t, &place);
	return place;
}

struct topology_place topology_find(const struct topology *t, const struct topology_sight *sight)
{
	const struct topology_place outside = {0};
	if (t == NULL || sight->agent->family == ADDR_NONE)
		return outside;
	const bool is_port = sight->ds_class == 0;
	const struct spot want = {.addr = *sight->agent, .ifindex = sight->ds_index};
	const struct spot *spot =
		is_port ? bsearch(&want, t->spot, t->n_spots, sizeof(*t->spot), compare_spot)
			: NULL;
	if (spot != NULL)
		return place_at(t, spot->node->is.name, spot->port->name);
	const struct node *first = NULL;
	const size_t n = find_addr(t, sight->agent, &first);
	if (n > 1)
		return (struct topology_place){.role = TOPOLOGY_NODE};
	const char *node = n == 1 ? first->is.name : find_named(t, sight->agent_name);
	if (node == NULL)
		return outside;
	if (!is_port)
		return (struct topology_place){.role = TOPOLOGY_NODE, .node = node};
	return place_at(t, node, port_of(t, node, sight));
}
