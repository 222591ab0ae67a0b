// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What is wired to what: nodes, their ports, and links between ports.
///
///     struct topology *t = topology_new();
///     node = topology_node(t, &(struct topology_node){.name = "leaf1", .agent = "10.0.0.1"});
///     topology_port(t, node, &(struct topology_port){.name = "swp1", .ifindex = "1"});
///     topology_link(t, &(struct topology_link){.name = "a", .node1 = "leaf1", .port1 = "swp1",
///                                              .node2 = "spine1", .port2 = "swp4"});
///     if (topology_seal(t, &msg) != 0) ...
///     last = topology_release(analyzer_set_topology(a, t)); // under the analyzer's lock
///     ... let go of the lock ...
///     topology_free(last);
///
/// A port of telemetry, (agent, data source), finds its place in it as follows. The node is the one
/// that lists the port's ifIndex under the agent's address; else the only one with that address;
/// else the one called what the agent calls itself (host name, record 0:2000), unless it is said to
/// have another address. The port is the one with that ifIndex, or of that name (record 0:1005). So
/// links alone are enough where the telemetry has names, and several switches behind one address
/// (Mininet) are told apart by their ports.
///
/// A port that ends a link is **core**. Another port of a node is **edge**, if it is an interface
/// (class 0) and, where nodes share an address, one of them lists it. All else is **outside**: a
/// host that is no node neither counts packets twice nor adds any.
///
/// Thread-safety: immutable once sealed; whoever reads it without the analyzer's lock holds it. The
/// count of holders is changed under that lock. Memory: its own, as much as the texts and some 100
/// bytes for each thing. Limits: memory. Lookups take O(log n).

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/// What users hang on nodes, ports and links; nothing here looks at it.
struct topology_tag {
	const char *name, *value;
};

struct topology_tags {
	const struct topology_tag *at;
	size_t n;
};

/// Absent texts are NULL.
struct topology_port {
	const char *name;
	const char *ifindex; ///< a number in text
	const char *ofport, *dpid;
	struct topology_tags tags;
};

struct topology_node {
	const char *name;
	const char *agent; ///< address, or host name
	const char *dpid;
	struct topology_tags tags;
};

struct topology_link {
	const char *name;
	const char *node1, *port1, *node2, *port2;
	struct topology_tags tags;
};

struct topology;

struct topology *topology_new(void);
void topology_free(struct topology *t);

/// One more reader; the one who made it is the first. Under the analyzer's lock, as the next.
void topology_hold(struct topology *t);
/// One reader less. The topology when that was the last, to be freed without the lock; else NULL.
/// @p t may be NULL.
struct topology *topology_release(struct topology *t);

/// Add; texts are copied. A number from 0 on, or ERR_MEMORY.
int topology_node(struct topology *t, const struct topology_node *node);
int topology_port(struct topology *t, int node, const struct topology_port *port);
int topology_link(struct topology *t, const struct topology_link *link);
/// All is added. ERR_INVALID or ERR_EXISTS and a message "nodes.leaf1.ports.swp1.ifindex: got
/// "x", expected a number" when it is wrong; ERR_MEMORY.
int topology_seal(struct topology *t, struct err_msg *msg);

/// What was added, in that order.
size_t topology_n_nodes(const struct topology *t);
size_t topology_n_ports(const struct topology *t, size_t node);
size_t topology_n_links(const struct topology *t);
const struct topology_node *topology_node_at(const struct topology *t, size_t node);
const struct topology_port *topology_port_at(const struct topology *t, size_t node, size_t port);
const struct topology_link *topology_link_at(const struct topology *t, size_t link);

/// What the telemetry says about a port.
struct topology_sight {
	const struct addr *agent;
	const char *agent_name; ///< "" = not known
	uint32_t ds_class, ds_index;
	const char *port_name; ///< "" = not known
};

enum topology_role {
	TOPOLOGY_OUTSIDE, ///< of no node
	TOPOLOGY_NODE,    ///< of a node, and neither of the next two
	TOPOLOGY_EDGE,
	TOPOLOGY_CORE,
};

/// Where a port is. Texts live as long as the topology and what the telemetry said.
struct topology_place {
	enum topology_role role;
	const char *node; ///< NULL = outside, or not known which of those that share the address
	const char *port; ///< NULL = not known
	const struct topology_link *link; ///< CORE: that it ends
	bool second;                      ///< it is the link's node2, port2
};

/// @p t may be NULL: outside.
struct topology_place topology_find(const struct topology *t, const struct topology_sight *sight);
