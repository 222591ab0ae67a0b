// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Which port is an edge, and one flow through five switches.
#include "analyzer_rig.h"

#include <stdio.h>

#include "analyzer/topology.h"

static struct topology *sealed(struct topology *t)
{
	struct err_msg msg = {0};
	if (topology_seal(t, &msg) != 0)
		fail_msg("%s", msg.text);
	return t;
}

static int node(struct topology *t, const char *name, const char *agent)
{
	return topology_node(t, &(struct topology_node){.name = name, .agent = agent});
}

static void port(struct topology *t, int node, const char *name, const char *ifindex)
{
	assert_true(topology_port(t, node,
				  &(struct topology_port){.name = name, .ifindex = ifindex}) >= 0);
}

static void link_ports(struct topology *t, const char *name, const char *node1, const char *port1,
		       const char *node2, const char *port2)
{
	const struct topology_link l = {
		.name = name, .node1 = node1, .port1 = port1, .node2 = node2, .port2 = port2};
	assert_true(topology_link(t, &l) >= 0);
}

static struct topology_place find(const struct topology *t, uint32_t agent, const char *name,
				  uint32_t ifindex, const char *port_name)
{
	const struct addr addr = agent_addr(agent);
	const struct topology_sight sight = {
		.agent = &addr, .agent_name = name, .ds_index = ifindex, .port_name = port_name};
	return topology_find(t, &sight);
}

static void nodes_and_ports_are_given(void **state)
{
	struct topology *t = topology_new();
	const int leaf = node(t, "leaf", "192.0.0.1"), spine = node(t, "spine", "192.0.0.2");
	port(t, leaf, "swp1", "1");
	port(t, leaf, "swp2", "2");
	port(t, spine, "swp1", "11");
	link_ports(t, "up", "leaf", "swp2", "spine", "swp1");
	sealed(t);
	struct topology_place p = find(t, 1, "", 2, "");
	assert_int_equal(p.role, TOPOLOGY_CORE);
	assert_string_equal(p.link->name, "up");
	assert_string_equal(p.node, "leaf");
	assert_false(p.second);
	assert_true(find(t, 2, "", 11, "").second);
	assert_int_equal(find(t, 1, "", 1, "").role, TOPOLOGY_EDGE);
	// A port that is not listed may be known by the name that the telemetry has for it.
	assert_int_equal(find(t, 1, "", 9, "").role, TOPOLOGY_EDGE);
	assert_int_equal(find(t, 2, "", 9, "swp1").role, TOPOLOGY_CORE);
	assert_int_equal(find(t, 3, "", 1, "swp1").role, TOPOLOGY_OUTSIDE);
	// Another agent that calls itself like a node with an address is none.
	assert_int_equal(find(t, 3, "leaf", 1, "swp1").role, TOPOLOGY_OUTSIDE);
	const struct addr addr = agent_addr(1), none = {0};
	struct topology_sight sight = {
		.agent = &addr, .agent_name = "", .ds_class = 2, .ds_index = 1, .port_name = ""};
	assert_int_equal(topology_find(t, &sight).role, TOPOLOGY_NODE);
	sight.agent = &none;
	assert_int_equal(topology_find(t, &sight).role, TOPOLOGY_OUTSIDE);
	assert_int_equal(topology_find(NULL, &sight).role, TOPOLOGY_OUTSIDE);
	topology_free(t);
}

static void links_alone_are_enough(void **state)
{
	struct topology *t = topology_new();
	link_ports(t, "a", "leaf1", "swp1", "spine1", "swp1");
	link_ports(t, "b", "leaf2", "swp1", "spine1", "swp2");
	sealed(t);
	assert_int_equal(find(t, 1, "leaf1", 3, "swp1").role, TOPOLOGY_CORE);
	assert_int_equal(find(t, 1, "leaf1", 4, "swp2").role, TOPOLOGY_EDGE);
	assert_int_equal(find(t, 5, "spine1", 4, "swp2").role, TOPOLOGY_CORE);
	assert_string_equal(find(t, 5, "spine1", 4, "swp2").link->name, "b");
	assert_int_equal(find(t, 1, "", 3, "swp1").role, TOPOLOGY_OUTSIDE);
	assert_int_equal(find(t, 1, "leaf", 3, "swp1").role, TOPOLOGY_OUTSIDE);
	assert_int_equal(find(t, 1, "leaf1", 3, "").role, TOPOLOGY_EDGE);
	topology_free(t);
}

// Mininet: all switches speak with one address, and are told apart by ifIndex.
static void switches_share_an_address(void **state)
{
	struct topology *t = topology_new();
	const int s1 = node(t, "s1", "192.0.0.1"), s2 = node(t, "s2", "192.0.0.1");
	port(t, s1, "s1-eth1", "101");
	port(t, s1, "s1-eth2", "102");
	port(t, s2, "s2-eth1", "201");
	link_ports(t, "l", "s1", "s1-eth2", "s2", "s2-eth1");
	sealed(t);
	assert_string_equal(find(t, 1, "mininet", 101, "").node, "s1");
	assert_int_equal(find(t, 1, "mininet", 101, "").role, TOPOLOGY_EDGE);
	assert_int_equal(find(t, 1, "mininet", 102, "").role, TOPOLOGY_CORE);
	assert_string_equal(find(t, 1, "mininet", 201, "").node, "s2");
	assert_int_equal(find(t, 1, "mininet", 201, "").role, TOPOLOGY_CORE);
	// Nobody lists it: it may be anybody's, a packet on it may be counted elsewhere.
	assert_int_equal(find(t, 1, "mininet", 7, "").role, TOPOLOGY_NODE);
	topology_free(t);
}

static void agents_by_host_name(void **state)
{
	struct topology *t = topology_new();
	const int n = node(t, "s1", "leaf1.example");
	port(t, n, "p1", "1");
	port(t, n, "p2", "2");
	link_ports(t, "l", "s1", "p2", "s2", "p1");
	sealed(t);
	assert_int_equal(find(t, 1, "leaf1.example", 1, "").role, TOPOLOGY_EDGE);
	assert_int_equal(find(t, 1, "leaf1.example", 2, "").role, TOPOLOGY_CORE);
	topology_free(t);
}

static void wrong_topologies(void **state)
{
	struct err_msg msg = {0};
	struct topology *t = topology_new();
	port(t, node(t, "a", "192.0.0.1"), "p", "eth0");
	assert_int_equal(topology_seal(t, &msg), ERR_INVALID);
	assert_string_equal(msg.text, "nodes.a.ports.p.ifindex: got \"eth0\", expected a number");
	topology_free(t);
	t = topology_new();
	port(t, node(t, "a", "192.0.0.1"), "p", "5");
	port(t, node(t, "b", "192.0.0.1"), "q", "5");
	assert_int_equal(topology_seal(t, &msg), ERR_EXISTS);
	topology_free(t);
	t = topology_new();
	node(t, "a", NULL);
	node(t, "a", NULL);
	assert_int_equal(topology_seal(t, &msg), ERR_EXISTS);
	assert_string_equal(msg.text, "nodes: \"a\" is there twice");
	topology_free(t);
}

static void texts_are_kept(void **state)
{
	struct topology *t = topology_new();
	const struct topology_tag tag = {"rack", "7"};
	const struct topology_tags tags = {&tag, 1};
	const int n = topology_node(
		t, &(struct topology_node){.name = "a", .agent = "192.0.0.1", .tags = tags});
	for (unsigned i = 0; i < 20; i++) {
		char text[8];
		snprintf(text, sizeof(text), "%u", i);
		topology_port(t, n,
			      &(struct topology_port){
				      .name = text, .ifindex = text, .ofport = text, .tags = tags});
	}
	sealed(t);
	assert_int_equal(topology_n_nodes(t), 1);
	assert_int_equal(topology_n_ports(t, 0), 20);
	assert_int_equal(topology_n_links(t), 0);
	assert_string_equal(topology_node_at(t, 0)->tags.at[0].value, "7");
	assert_null(topology_node_at(t, 0)->dpid);
	assert_string_equal(topology_port_at(t, 0, 13)->ofport, "13");
	assert_string_equal(topology_port_at(t, 0, 13)->tags.at[0].name, "rack");
	topology_free(t);
}

// --- one flow through five switches -------------------------------------------------------------

#define HOPS 5

static uint32_t sequence[HOPS + 2];

// Enters a switch by port 1 and leaves it by port 2; the last leaves to a host. Every switch
// samples what enters; the first also what leaves.
static void hop(struct rig *r, uint32_t agent, uint16_t src, uint32_t bytes)
{
	sample(r, (int)(agent % WORKERS), agent, ++sequence[agent], 1, src, bytes);
}

static void name_agent(struct rig *r, uint32_t agent, const char *host, const char *port_name,
		       uint32_t ifindex)
{
	struct shot s;
	shot_begin(&s, (struct from){.agent = agent,
				     .sequence = ++sequence[agent],
				     .uptime = sequence[agent] * 10});
	if (host != NULL) {
		encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE,
				       &(struct counters_sample){.ds_class = 2, .ds_index = 1});
		encode_host_descr(&s.e, &(struct host_descr){.hostname = host, .os_release = ""});
		encode_sample_end(&s.e);
	}
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE,
			       &(struct counters_sample){.ds_index = ifindex});
	encode_port_name(&s.e, port_name);
	encode_sample_end(&s.e);
	fire(r, (int)(agent % WORKERS), &s, 10 * MS);
}

static double one(struct rig *r, const char *agents, enum view_mode mode, uint32_t *n_sources)
{
	const struct view_query query = {
		.flow = "pair", .agents = agents, .mode = mode, .max_flows = 10};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	const double value = n > 0 ? row[0].flow.value / gain(0.1, 2) : 0;
	*n_sources = n > 0 ? row[0].n_sources : 0;
	view_free(v);
	return value;
}

static void check(struct rig *r, const char *agents, enum view_mode mode, double want,
		  uint32_t want_sources)
{
	uint32_t n_sources;
	assert_float_equal(one(r, agents, mode, &n_sources), want, want * 1e-12);
	assert_int_equal(n_sources, want_sources);
}

// Switches 1 to 5 in a row; two edge ports see the flow in its two halves: it enters at switch 1,
// and at switch 3 by a second host (multipath), as far as the test is concerned.
static void five_switches(void **state)
{
	static const char *const host[] = {NULL, "s1", "s2", "s3", "s4", "s5"};
	struct rig *r = rig_of(&pair);
	for (uint32_t agent = 1; agent <= HOPS; agent++) {
		hop(r, agent, 1, 1000 + agent);
		name_agent(r, agent, host[agent], "in", 1);
	}
	sample(r, 3, 3, ++sequence[3], 7, 1, 500);
	name_agent(r, 3, NULL, "host", 7);
	tick(r);
	const double sum = (1001 + 1002 + 1003 + 1004 + 1005 + 500) * 1e3;
	check(r, "ALL", VIEW_MAX, 1005e3, 6);
	check(r, "ALL", VIEW_SUM, sum, 6);
	check(r, "ALL", VIEW_AVG, sum / 6, 6);
	check(r, "ALL", VIEW_EDGE, 1005e3, 6); // nobody knows an edge
	check(r, "TOPOLOGY", VIEW_MAX, 0, 0);
	struct topology *t = topology_new();
	for (uint32_t i = 1; i < HOPS; i++)
		link_ports(t, host[i], host[i], "out", host[i + 1], "in");
	assert_null(analyzer_set_topology(r->analyzer, sealed(t)));
	check(r, "ALL", VIEW_MAX, 1005e3, 6);
	check(r, "ALL", VIEW_EDGE, 1501e3, 2);
	check(r, "ALL", VIEW_CORE, (1002 + 1003 + 1004 + 1005) * 1e3, 4);
	check(r, "EDGE", VIEW_MAX, 1001e3, 2);
	check(r, "CORE", VIEW_MAX, 1005e3, 4);
	check(r, "TOPOLOGY", VIEW_SUM, sum, 6);
	check(r, "s3", VIEW_EDGE, 500e3, 1);
	uint32_t version;
	assert_ptr_equal(query_topology(r->analyzer, &version), t);
	assert_int_equal(version, 1);
	struct place_row row[20];
	unsigned edges = 0, links = 0;
	const size_t n = query_places(r->analyzer, 0, row, 20);
	for (size_t i = 0; i < n; i++) {
		edges += row[i].edge;
		links += row[i].link != NULL;
	}
	assert_int_equal(edges, 2);
	assert_int_equal(links, 4);
	t = analyzer_set_topology(r->analyzer, NULL);
	topology_free(t);
	check(r, "ALL", VIEW_EDGE, 1005e3, 6);
	rig_free(r);
}

// What every port of the row has of the flow that goes along it: a bit for each hop.
static unsigned hops_seen(struct rig *r)
{
	struct flow_row row[2 * HOPS];
	const size_t n = query_top(r->analyzer, 0, row, 2 * HOPS, NULL);
	unsigned seen = 0;
	for (size_t i = 0; i < n; i++)
		seen |= row[i].value > 1e5 ? 1u << row[i].agent.bytes[3] : 0;
	return seen;
}

static void all_hops(struct rig *r)
{
	for (uint32_t agent = 1; agent <= HOPS; agent++)
		hop(r, agent, 1, 1000);
	tick(r);
}

// A definition that measures at the edge: by the topology of the moment, which may come and go, and
// be learned from names. Without keys, too.
static void edges_alone_are_measured(void **state)
{
	static const char *const host[] = {NULL, "s1", "s2", "s3", "s4", "s5"};
	static const char *const keys[] = {"ipsource", ""};
	const unsigned every = 0x3e, edge = 0x02;
	for (unsigned i = 0; i < 2; i++) {
		struct flow_spec spec = pair;
		spec.keys = keys[i];
		spec.agg_mode = FLOW_AGG_EDGE;
		spec.t = 0.01; // what is past is forgotten
		struct rig *r = rig_of(&spec);
		all_hops(r);
		assert_int_equal(hops_seen(r), every); // nobody knows an edge
		struct topology *t = topology_new();
		for (uint32_t k = 1; k < HOPS; k++)
			link_ports(t, host[k], host[k], "out", host[k + 1], "in");
		analyzer_set_topology(r->analyzer, sealed(t));
		all_hops(r);
		assert_int_equal(hops_seen(r), 0); // nobody knows these agents, either
		for (uint32_t agent = 1; agent <= HOPS; agent++)
			name_agent(r, agent, host[agent], "in", 1);
		for (unsigned k = 0; k < 100; k++) // names are looked at in turn
			tick(r);
		all_hops(r);
		assert_int_equal(hops_seen(r), edge);
		topology_free(analyzer_set_topology(r->analyzer, NULL));
		all_hops(r);
		assert_int_equal(hops_seen(r), every);
		rig_free(r);
	}
}

// What is sampled in both directions at an edge is counted where it enters.
static void edges_count_what_enters(void **state)
{
	struct rig *r = rig_of(&pair);
	struct topology *t = topology_new();
	node(t, "s", "192.0.0.1");
	analyzer_set_topology(r->analyzer, sealed(t));
	const uint8_t h[42] = {[12] = 8, [14] = 0x45, [23] = 17, [26] = 10, [30] = 10};
	for (uint32_t i = 1; i <= 3; i++) { // ports 5 and 6 in and out, port 7 only out
		struct shot s;
		shot_begin(&s, (struct from){.agent = 1, .sequence = i, .uptime = i});
		const struct flow_sample fs = {.sequence = i,
					       .ds_index = i == 1 ? 5 : 5 + i - 1,
					       .sampling_rate = RATE,
					       .input = 5,
					       .output = 5 + i - 1};
		encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
		encode_sampled_header(&s.e, 1, 1000 * i, 4, h, sizeof(h));
		encode_sample_end(&s.e);
		fire(r, 0, &s, 20 * MS);
		sample(r, 1, 1, 100 + i, 6, 1, 100);
	}
	tick(r);
	const struct view_query query = {
		.flow = "pair", .mode = VIEW_EDGE, .key = "10.0.0.0,10.0.0.0", .max_flows = 10};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	assert_int_equal(n, 1);
	// 5: entered; 6: has an ingress side, so what left by it is not counted; 7: has none.
	assert_float_equal(row->flow.value, 4000e3 * gain(0.1, 2), 1e-3);
	assert_int_equal(row->n_sources, 2);
	view_free(v);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_and_ports_are_given),
		cmocka_unit_test(links_alone_are_enough),
		cmocka_unit_test(switches_share_an_address),
		cmocka_unit_test(agents_by_host_name),
		cmocka_unit_test(wrong_topologies),
		cmocka_unit_test(texts_are_kept),
		cmocka_unit_test(five_switches),
		cmocka_unit_test(edges_alone_are_measured),
		cmocka_unit_test(edges_count_what_enters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
