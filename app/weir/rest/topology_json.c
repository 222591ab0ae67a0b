// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/topology_json.h"

#include <stdlib.h>
#include <string.h>

// What is read: the topology, and why it cannot be.
struct reader {
	struct topology *t;
	struct err_msg *msg;
};

static int no_memory(struct reader *r)
{
	return err_set(r->msg, ERR_MEMORY, "topology: out of memory");
}

// The member @p name of a map as a text; NULL when it is absent.
static int read_text(struct reader *r, const struct node *map, const char *name, const char **text)
{
	const struct node *n = node_get(map, name);
	*text = NULL;
	if (n == NULL || n->kind == NODE_NULL)
		return 0;
	if (n->kind != NODE_STRING && n->kind != NODE_NUMBER)
		return node_error(n, r->msg, ERR_INVALID, "got %s, expected a text",
				  node_kind_str(n->kind));
	*text = n->text;
	return 0;
}

// The member @p name, a map; NULL when it is absent.
static int read_map(struct reader *r, const struct node *map, const char *name,
		    const struct node **found)
{
	*found = node_get(map, name);
	if (*found != NULL && (*found)->kind == NODE_NULL)
		*found = NULL;
	if (*found != NULL && (*found)->kind != NODE_MAP)
		return node_error(*found, r->msg, ERR_INVALID, "got %s, expected a map",
				  node_kind_str((*found)->kind));
	return 0;
}

static int check_map(struct reader *r, const struct node *n)
{
	return n->kind == NODE_MAP ? 0
				   : node_error(n, r->msg, ERR_INVALID, "got %s, expected a map",
						node_kind_str(n->kind));
}

// The list of tags is the caller's to free.
static int read_tags(struct reader *r, const struct node *map, struct topology_tags *tags)
{
	const struct node *found;
	*tags = (struct topology_tags){0};
	int err = read_map(r, map, "tags", &found);
	if (err != 0 || found == NULL)
		return err;
	struct topology_tag *at = calloc((size_t)found->n_children + 1, sizeof(*at));
	if (at == NULL)
		return no_memory(r);
	*tags = (struct topology_tags){at, 0};
	for (const struct node *n = found->child; n != NULL && err == 0; n = n->next) {
		if (n->text == NULL)
			err = node_error(n, r->msg, ERR_INVALID, "got %s, expected a text",
					 node_kind_str(n->kind));
		else
			at[tags->n++] = (struct topology_tag){n->name, n->text};
	}
	return err;
}

static void free_tags(struct topology_tags *tags)
{
	free((void *)(uintptr_t)tags->at);
}

static int read_port(struct reader *r, int node, const struct node *map)
{
	struct topology_port p = {.name = map->name};
	int err = check_map(r, map);
	err = err != 0 ? err : read_text(r, map, "ifindex", &p.ifindex);
	err = err != 0 ? err : read_text(r, map, "ofport", &p.ofport);
	err = err != 0 ? err : read_text(r, map, "dpid", &p.dpid);
	err = err != 0 ? err : read_tags(r, map, &p.tags);
	if (err == 0 && topology_port(r->t, node, &p) < 0)
		err = no_memory(r);
	free_tags(&p.tags);
	return err;
}

static int read_node(struct reader *r, const struct node *map)
{
	struct topology_node node = {.name = map->name};
	const struct node *ports = NULL;
	int err = check_map(r, map), number = 0;
	err = err != 0 ? err : read_text(r, map, "agent", &node.agent);
	err = err != 0 ? err : read_text(r, map, "dpid", &node.dpid);
	err = err != 0 ? err : read_map(r, map, "ports", &ports);
	err = err != 0 ? err : read_tags(r, map, &node.tags);
	if (err == 0 && (number = topology_node(r->t, &node)) < 0)
		err = no_memory(r);
	free_tags(&node.tags);
	for (const struct node *n = ports != NULL ? ports->child : NULL; n != NULL && err == 0;
	     n = n->next)
		err = read_port(r, number, n);
	return err;
}

static int read_end(struct reader *r, const struct node *map, const char *name, const char **text)
{
	const int err = read_text(r, map, name, text);
	if (err != 0 || *text != NULL)
		return err;
	return node_error(map, r->msg, ERR_INVALID, "expected a member %s", name);
}

static int read_link(struct reader *r, const struct node *map)
{
	struct topology_link l = {.name = map->name};
	int err = check_map(r, map);
	err = err != 0 ? err : read_end(r, map, "node1", &l.node1);
	err = err != 0 ? err : read_end(r, map, "port1", &l.port1);
	err = err != 0 ? err : read_end(r, map, "node2", &l.node2);
	err = err != 0 ? err : read_end(r, map, "port2", &l.port2);
	err = err != 0 ? err : read_tags(r, map, &l.tags);
	if (err == 0 && topology_link(r->t, &l) < 0)
		err = no_memory(r);
	free_tags(&l.tags);
	return err;
}

static int read_all(struct reader *r, const struct node *body, const char *name,
		    int (*read)(struct reader *, const struct node *))
{
	const struct node *map;
	int err = read_map(r, body, name, &map);
	for (const struct node *n = map != NULL ? map->child : NULL; n != NULL && err == 0;
	     n = n->next)
		err = read(r, n);
	return err;
}

struct topology *topology_read(const struct node *body, struct err_msg *msg)
{
	struct reader r = {.t = topology_new(), .msg = msg};
	int err = r.t == NULL ? no_memory(&r) : check_map(&r, body);
	err = err != 0 ? err : read_all(&r, body, "nodes", read_node);
	err = err != 0 ? err : read_all(&r, body, "links", read_link);
	if (err == 0 && (err = topology_seal(r.t, msg)) != 0)
		err_prefix(msg, body->source);
	if (err == 0)
		return r.t;
	topology_free(r.t);
	return NULL;
}

// --- the way back -------------------------------------------------------------------------------

static void set_text(json_t *to, const char *name, const char *text)
{
	if (text != NULL)
		json_object_set_new(to, name, json_string(text));
}

static void set_tags(json_t *to, const struct topology_tags *tags)
{
	if (tags->n == 0)
		return;
	json_t *j = json_object();
	for (size_t i = 0; i < tags->n; i++)
		set_text(j, tags->at[i].name, tags->at[i].value);
	json_object_set_new(to, "tags", j);
}

static json_t *port_json(const struct topology_port *p)
{
	json_t *j = json_object();
	set_text(j, "ifindex", p->ifindex);
	set_text(j, "ofport", p->ofport);
	set_text(j, "dpid", p->dpid);
	set_tags(j, &p->tags);
	return j;
}

static json_t *node_json(const struct topology *t, size_t i)
{
	const struct topology_node *n = topology_node_at(t, i);
	json_t *j = json_object(), *ports = json_object();
	set_text(j, "agent", n->agent);
	set_text(j, "dpid", n->dpid);
	set_tags(j, &n->tags);
	for (size_t k = 0; k < topology_n_ports(t, i); k++) {
		const struct topology_port *p = topology_port_at(t, i, k);
		json_object_set_new(ports, p->name, port_json(p));
	}
	json_object_set_new(j, "ports", ports);
	return j;
}

static json_t *link_json(const struct topology_link *l)
{
	json_t *j = json_object();
	set_text(j, "node1", l->node1);
	set_text(j, "port1", l->port1);
	set_text(j, "node2", l->node2);
	set_text(j, "port2", l->port2);
	set_tags(j, &l->tags);
	return j;
}

json_t *topology_json(const struct topology *t, uint32_t version)
{
	json_t *nodes = json_object(), *links = json_object();
	for (size_t i = 0; t != NULL && i < topology_n_nodes(t); i++)
		json_object_set_new(nodes, topology_node_at(t, i)->name, node_json(t, i));
	for (size_t i = 0; t != NULL && i < topology_n_links(t); i++)
		json_object_set_new(links, topology_link_at(t, i)->name,
				    link_json(topology_link_at(t, i)));
	return json_pack("{s:I, s:o, s:o}", "version", (json_int_t)version, "nodes", nodes, "links",
			 links);
}
