// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Which rows of the table of metrics a question is about, and how a flow shows on them.
#include "analyzer_rig.h"

#include <stdio.h>

#include "analyzer/metric_query.h"
#include "analyzer/selector.h"
#include "analyzer/topology.h"

static struct metric_page page;

// "AGENT:SOURCE " of each row that has @p metric.
static const char *rows_of(struct rig *r, const char *agents, const char *metric)
{
	static char text[1024];
	struct err_msg msg = {0};
	struct metric_column c;
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct selector *s = selector_new(r->analyzer, agents, &msg);
	assert_non_null(s);
	assert_int_equal(metric_column_parse(metric, &c, &msg), 0);
	const struct metric_request q = {.selector = s, .column = &c, .n_columns = 1, .keys = true};
	struct metric_scan scan = {.request = &q};
	bool more;
	do {
		more = metric_scan_next(r->analyzer, &scan, &page);
		for (uint32_t i = 0; i < page.n_rows; i++)
			strbuf_fmt(&b, "%u:%s ", page.row[i].agent.bytes[3], page.row[i].source);
	} while (more);
	selector_free(s);
	return text;
}

// Steps of a walk.
static uint32_t steps_of(struct rig *r, const char *agents)
{
	struct err_msg msg = {0};
	struct selector_walk walk = {0};
	struct selector *s = selector_new(r->analyzer, agents, &msg);
	uint32_t n = 0;
	while (selector_next(s, r->analyzer, &walk))
		n++;
	selector_free(s);
	return n;
}

static void speaks(struct rig *r, uint32_t agent, uint32_t port, const char *host)
{
	static uint32_t sequence;
	struct shot s;
	const struct counters_sample cs = {
		.sequence = ++sequence, .ds_class = host != NULL ? 2 : 0, .ds_index = port};
	shot_begin(&s, (struct from){.agent = agent, .sequence = sequence});
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE, &cs);
	if (host != NULL)
		encode_host_descr(&s.e, &(struct host_descr){.hostname = host, .os_release = ""});
	else
		encode_if_counters(&s.e,
				   &(struct if_counters){.if_index = port, .if_speed = 1000000000});
	encode_sample_end(&s.e);
	fire(r, 0, &s, 10 * MS);
}

// Three agents of two ports and a host each, said in turns.
static struct rig *network(void)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t port = 1; port <= 2; port++)
		for (uint32_t agent = 1; agent <= 3; agent++)
			speaks(r, agent, port, NULL);
	speaks(r, 1, 1, "leaf1");
	speaks(r, 2, 1, "leaf2");
	speaks(r, 3, 1, "leaf1"); // as two may be called
	tick(r);
	return r;
}

static void agents_are_selected(void **state)
{
	struct rig *r = network();
	assert_string_equal(rows_of(r, "ALL", "ifspeed"), "1:1 2:1 3:1 1:2 2:2 3:2 ");
	assert_string_equal(rows_of(r, "192.0.0.2", "ifspeed"), "2:1 2:2 ");
	assert_string_equal(rows_of(r, "192.0.0.3;192.0.0.1,192.0.0.3", "ifspeed"),
			    "1:1 1:2 3:1 3:2 ");
	assert_string_equal(rows_of(r, "leaf1", "ifspeed"), "1:1 1:2 3:1 3:2 ");
	assert_string_equal(rows_of(r, "leaf2,192.0.0.2", "host_name"), "2:2.1 ");
	assert_string_equal(rows_of(r, "nobody,10.9.9.9", "ifspeed"), "");
	assert_string_equal(rows_of(r, "10.9.9.9", "ifspeed"), "");
	rig_free(r);
}

// An agent's rows are found from the agent, not among those of all others.
static void one_agent_costs_its_own_ports(void **state)
{
	struct rig *r = network();
	for (uint32_t port = 1; port <= 200; port++)
		speaks(r, 4, port, NULL);
	tick(r);
	assert_int_equal(steps_of(r, "ALL"), 209);
	assert_int_equal(steps_of(r, "192.0.0.2"), 3);
	assert_int_equal(steps_of(r, "192.0.0.2,192.0.0.2"), 4);
	assert_int_equal(steps_of(r, "leaf2"), 3 + 3); // the other agents, one step each
	rig_free(r);
}

static void topology_selects(void **state)
{
	struct rig *r = network();
	static const char *const words[] = {"TOPOLOGY", "EDGE", "CORE"};
	for (int i = 0; i < 3; i++)
		assert_string_equal(rows_of(r, words[i], "ifspeed"), "");
	struct topology *t = topology_new();
	struct err_msg msg = {0};
	const int n1 = topology_node(t, &(struct topology_node){.name = "a", .agent = "192.0.0.1"});
	const int n2 = topology_node(t, &(struct topology_node){.name = "b", .agent = "leaf2"});
	topology_port(t, n1, &(struct topology_port){.name = "swp2", .ifindex = "2"});
	topology_port(t, n2, &(struct topology_port){.name = "swp1", .ifindex = "1"});
	topology_link(
		t,
		&(struct topology_link){
			.name = "l", .node1 = "a", .port1 = "swp2", .node2 = "b", .port2 = "swp1"});
	assert_int_equal(topology_seal(t, &msg), 0);
	analyzer_set_topology(r->analyzer, t);
	assert_string_equal(rows_of(r, "TOPOLOGY", "ifspeed"), "1:1 2:1 1:2 2:2 ");
	assert_string_equal(rows_of(r, "TOPOLOGY", "host_name"), "1:2.1 2:2.1 ");
	assert_string_equal(rows_of(r, "EDGE", "ifspeed"), "1:1 2:2 ");
	assert_string_equal(rows_of(r, "CORE", "ifspeed"), "2:1 1:2 ");
	assert_string_equal(rows_of(r, "CORE", "host_name"), "");
	assert_ptr_equal(topology_release(analyzer_set_topology(r->analyzer, NULL)), t);
	topology_free(t);
	rig_free(r);
}

// A flow sampled where it enters port 5 (or leaves by it).
static void flow_at_5(struct rig *r, bool leaves, uint8_t host, uint32_t bytes)
{
	static uint32_t sequence;
	struct shot s;
	const struct flow_sample fs = {.sequence = ++sequence,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .input = leaves ? 6 : 5,
				       .output = leaves ? 5 : 6};
	const struct sampled_ip ip = {.length = bytes,
				      .protocol = 17,
				      .src = addr_ip4((uint8_t[]){10, 0, 0, host}),
				      .dst = addr_ip4((uint8_t[]){10, 1, 0, 1})};
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence});
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_ip(&s.e, &ip);
	encode_sample_end(&s.e);
	fire(r, 0, &s, 10 * MS);
}

static struct rig *crossed(const char *value)
{
	struct flow_spec spec = pair;
	spec.value = value;
	spec.n = 3;
	struct rig *r = rig_of(&spec);
	flow_at_5(r, false, 1, 1000);
	flow_at_5(r, true, 1, 500);
	flow_at_5(r, true, 2, 1200); // larger than either, smaller than their sum
	flow_at_5(r, false, 3, 100);
	flow_at_5(r, false, 4, 50);
	tick(r);
	assert_string_equal(rows_of(r, "ALL", "pair"), "1:5 ");
	return r;
}

static void both_directions_are_one_flow(void **state)
{
	struct rig *r = crossed("bytes");
	const struct metric_cell *c = page.row[0].cell;
	assert_int_equal(c->n_keys, 3);
	static const char *const keys[] = {"10.0.0.1,10.1.0.1", "10.0.0.2,10.1.0.1",
					   "10.0.0.3,10.1.0.1"};
	for (int i = 0; i < 3; i++)
		assert_string_equal(c->key[i].key, keys[i]);
	assert_float_equal(c->key[0].value / c->key[1].value, 1500.0 / 1200, 1e-9);
	assert_float_equal(c->number, c->key[0].value, 0);
	rig_free(r);
	r = crossed("avg:bytes"); // a figure is that of all samples, no sum
	assert_float_equal(page.row[0].cell->key[0].value, 1200, 1e-9);
	assert_float_equal(page.row[0].cell->key[1].value, 750, 1e-9);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agents_are_selected),
		cmocka_unit_test(one_agent_costs_its_own_ports),
		cmocka_unit_test(topology_selects),
		cmocka_unit_test(both_directions_are_one_flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
