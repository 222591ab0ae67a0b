// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What host: and link: look up: rows, and when they change.
#include "analyzer_rig.h"

#include <stdio.h>

#include "analyzer/join.h"
#include "analyzer/state.h"

// A counters sample of a data source that is numbered by itself.
static void tell(struct shot *s, uint32_t agent, uint32_t ds_class, uint32_t ds_index)
{
	static uint32_t sequence;
	sequence++;
	shot_counters(s, (struct from){.agent = agent, .sequence = sequence, .uptime = sequence},
		      ds_class, ds_index);
}

static void done(struct rig *r, struct shot *s)
{
	fire_counters(r, 0, s);
	tick(r);
}

// 02:00:00:00:HH:LL of @p first and those that follow.
static void encode_adapters(struct encoder *e, uint32_t first, uint32_t n)
{
	encode_record(e, SFLOW_HOST_ADAPTERS);
	encode_u32(e, n);
	for (uint32_t i = first; i < first + n; i++) {
		encode_u32(e, i); // ifIndex
		encode_u32(e, 1);
		encode_u32(e, 0x02000000);
		encode_u32(e, i << 16);
	}
	encode_record_end(e);
}

static void host(struct rig *r, uint32_t agent, uint32_t ds_class, const char *name, uint32_t first,
		 uint32_t n)
{
	const struct host_descr h = {.hostname = name, .uuid = {[15] = 7}, .os_release = "5"};
	struct shot s;
	tell(&s, agent, ds_class, ds_class == 3 ? 105 : 1);
	encode_host_descr(&s.e, &h);
	if (n > 0)
		encode_adapters(&s.e, first, n);
	done(r, &s);
}

static void cpu(struct rig *r, uint32_t agent, uint32_t n_cpus)
{
	struct shot s;
	tell(&s, agent, 2, 1);
	encode_record(&s.e, SFLOW_TAG(0, 2003));
	for (uint32_t i = 0; i < 17; i++)
		encode_u32(&s.e, i == 5 ? n_cpus : 0);
	encode_record_end(&s.e);
	done(r, &s);
}

static struct join *walk_of(struct rig *r, const char *metric)
{
	struct join *j = calloc(1, sizeof(*j));
	j->metric = metric;
	assert_false(join_next(r->analyzer, j));
	return j;
}

// The label of a value in the walk; NULL: not there.
static const char *label(struct rig *r, const char *metric, uint32_t agent, const char *value)
{
	static char text[PROGRAM_LABEL_MAX + 1];
	struct join *j = walk_of(r, metric);
	const struct addr addr = agent != 0 ? agent_addr(agent) : (struct addr){0};
	const char *found = NULL;
	for (size_t i = 0; i < j->n && found == NULL; i++)
		if (strcmp(j->row[i].value, value) == 0 &&
		    memcmp(&j->row[i].agent, &addr, sizeof(addr)) == 0)
			found = memcpy(text, j->row[i].label, sizeof(text));
	free(j);
	return found;
}

static void hosts_are_found(void **state)
{
	struct rig *r = rig_of(&pair);
	host(r, 1, 2, "server", 1, 2);
	host(r, 1, 3, "vm", 3, 1);
	assert_string_equal(label(r, "host_name", 0, "020000000001"), "server");
	assert_string_equal(label(r, "host_name", 0, "020000000002"), "server");
	assert_string_equal(label(r, "host_name", 0, "192.0.0.1"), "server");
	assert_string_equal(label(r, "host_name", 0, "00000000-0000-0000-0000-000000000007"),
			    "server");
	assert_string_equal(label(r, "host_name", 1, "2.1"), "server");
	// Where the machine runs; and its own.
	assert_string_equal(label(r, "host_name", 0, "020000000003"), "server");
	assert_string_equal(label(r, "vir_host_name", 0, "020000000003"), "vm");
	assert_string_equal(label(r, "vir_host_name", 1, "3.105"), "vm");
	assert_null(label(r, "vir_host_name", 0, "020000000001"));
	assert_null(label(r, "vir_host_name", 0, "192.0.0.1"));
	assert_null(label(r, "vir_host_name", 2, "3.105"));
	assert_null(label(r, "load_one", 0, "192.0.0.1"));
	rig_free(r);
}

static void hosts_change(void **state)
{
	struct rig *r = rig_of(&pair);
	const struct analyzer *a = r->analyzer;
	host(r, 1, 2, "server", 1, 2);
	uint64_t before = join_version(a, "host_name");
	host(r, 1, 2, "server", 1, 2);
	assert_int_equal(join_version(a, "host_name"), before);
	host(r, 1, 2, "server", 1, 0); // it does not say
	assert_int_equal(join_version(a, "host_name"), before);
	host(r, 1, 2, "server", 2, 2);
	assert_int_not_equal(join_version(a, "host_name"), before);
	assert_null(label(r, "host_name", 0, "020000000001"));
	assert_non_null(label(r, "host_name", 0, "020000000003"));
	before = join_version(a, "host_name");
	cpu(r, 1, 4);
	assert_int_equal(join_version(a, "host_name"), before);
	assert_string_equal(label(r, "cpu_num", 0, "192.0.0.1"), "4");
	before = join_version(a, "cpu_num");
	cpu(r, 1, 8);
	assert_int_not_equal(join_version(a, "cpu_num"), before);
	host(r, 1, 2, "renamed", 2, 2);
	assert_string_equal(label(r, "host_name", 0, "020000000003"), "renamed");
	rig_free(r);
}

// A flow of a data source that is called like a metric does not stand before its host's text.
static void flows_are_no_labels(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[0].name = "host_name";
	struct rig *r = rig_new(&set);
	host(r, 1, 2, "server", 1, 2);
	host(r, 1, 3, "vm", 3, 1);
	const struct flow_sample fs = {.sequence = 1,
				       .ds_class = 3,
				       .ds_index = 105,
				       .sampling_rate = RATE,
				       .input = 1,
				       .output = 2};
	static const uint8_t h[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	struct shot s;
	shot_begin(&s, (struct from){.agent = 1, .sequence = 1000, .uptime = 1000});
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE_EXPANDED, &fs);
	encode_sampled_header(&s.e, 1, 1000, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 0, &s, 10 * MS);
	tick(r);
	struct flow_summary summary;
	query_top(r->analyzer, 0, NULL, 0, &summary);
	assert_int_equal(summary.samples, 1);
	assert_string_equal(label(r, "host_name", 0, "020000000003"), "server");
	rig_free(r);
}

static void operations(struct rig *r, uint32_t n)
{
	struct shot s;
	tell(&s, 1, 3, 105);
	encode_record(&s.e, SFLOW_TAG(0, 2202));
	encode_string(&s.e, "shop");
	for (uint32_t i = 0; i < 11; i++)
		encode_u32(&s.e, n);
	encode_record_end(&s.e);
	done(r, &s);
}

// Counters that stand beside a name do not stay, as it does.
static void counters_are_not_lasting(void **state)
{
	struct rig *r = rig_of(&pair);
	const struct analyzer *a = r->analyzer;
	operations(r, 1);
	const uint64_t name = join_version(a, "app_name"), count = join_version(a, "app_success");
	operations(r, 2);
	assert_int_equal(join_version(a, "app_name"), name);
	assert_int_not_equal(join_version(a, "app_success"), count);
	rig_free(r);
}

// An agent that says no address: what it tells of adapters is found, its data sources are not.
static void agents_without_address(void **state)
{
	struct rig *r = rig_of(&pair);
	static const struct addr none;
	const struct counters_sample cs = {.sequence = 1, .ds_class = 2, .ds_index = 1};
	const struct host_descr h = {.hostname = "server", .os_release = "5"};
	struct shot s = {0};
	s.e = encode_begin(s.data, sizeof(s.data), &none, 0, 1, 1);
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE_EXPANDED, &cs);
	encode_host_descr(&s.e, &h);
	encode_adapters(&s.e, 1, 1);
	done(r, &s);
	assert_string_equal(label(r, "host_name", 0, "020000000001"), "server");
	struct join *j = walk_of(r, "host_name");
	for (size_t i = 0; i < j->n; i++)
		assert_true(strlen(j->row[i].value) == 12 || strlen(j->row[i].value) == 36);
	free(j);
	rig_free(r);
}

// More adapters than metrics ever repeat.
static void many_adapters(void **state)
{
	struct rig *r = rig_of(&pair);
	host(r, 1, 2, "server", 1, 80);
	for (uint32_t i = 1; i <= 80; i++) {
		char mac[16];
		snprintf(mac, sizeof(mac), "02000000%04X", i);
		assert_non_null(label(r, "host_name", 0, mac));
	}
	assert_int_equal(r->analyzer->metrics.stats.lanes, 0);
	assert_int_equal(r->analyzer->metrics.stats.unused, 0);
	rig_free(r);
}

static void named(struct rig *r, uint32_t agent, uint32_t ds, const char *port)
{
	struct shot s;
	tell(&s, agent, 0, ds);
	encode_port_name(&s.e, port);
	done(r, &s);
}

static struct topology *wire(const char *link, const char *agent)
{
	struct err_msg msg = {0};
	struct topology *t = topology_new();
	const struct topology_link l = {link, "leaf1", "swp1", "spine1", "swp4", {0}};
	topology_link(t, &l);
	if (agent != NULL) {
		const int n =
			topology_node(t, &(struct topology_node){.name = "leaf1", .agent = agent});
		topology_port(t, n, &(struct topology_port){.name = "swp1", .ifindex = "9"});
		topology_port(t, n, &(struct topology_port){.name = "swp2", .ifindex = "10"});
	}
	assert_int_equal(topology_seal(t, &msg), 0);
	return t;
}

static void links_are_found(void **state)
{
	struct rig *r = rig_of(&pair);
	const struct analyzer *a = r->analyzer;
	host(r, 1, 2, "leaf1", 0, 0);
	analyzer_set_topology(r->analyzer, wire("up1", NULL));
	assert_null(label(r, NULL, 1, "5"));
	uint64_t before = join_version(a, NULL);
	named(r, 1, 5, "swp1");
	assert_int_not_equal(join_version(a, NULL), before);
	assert_string_equal(label(r, NULL, 1, "5"), "up1");
	before = join_version(a, NULL);
	named(r, 1, 5, "swp1");
	assert_int_equal(join_version(a, NULL), before);
	named(r, 1, 5, "swp2");
	assert_int_not_equal(join_version(a, NULL), before);
	assert_null(label(r, NULL, 1, "5"));
	// A port that is listed by number, of an agent that has not said anything.
	topology_free(analyzer_set_topology(r->analyzer, wire("up2", "192.0.0.2")));
	assert_int_not_equal(join_version(a, NULL), before);
	assert_string_equal(label(r, NULL, 2, "9"), "up2");
	assert_null(label(r, NULL, 2, "10"));
	// A link whose name is empty is none.
	topology_free(analyzer_set_topology(r->analyzer, wire("", "192.0.0.2")));
	named(r, 1, 5, "swp1");
	struct join *j = walk_of(r, NULL);
	assert_int_equal(j->n, 0);
	free(j);
	rig_free(r);
}

static void people_name_links(void **state)
{
	struct rig *r = rig_of(&pair);
	struct err_msg msg = {0};
	struct names *names = names_new();
	const struct names_row rows[] = {
		{.agent = agent_addr(3), .is_port = true, .ifindex = 6, .link = "said"},
		{.agent = agent_addr(3), .is_port = true, .ifindex = 7, .name = "swp7"},
		{.agent = agent_addr(3), .name = "leaf1"},
	};
	for (unsigned i = 0; i < 3; i++)
		names_add(names, &rows[i]);
	names_seal(names, &msg);
	const uint64_t before = join_version(r->analyzer, NULL);
	analyzer_set_names(r->analyzer, names);
	assert_int_not_equal(join_version(r->analyzer, NULL), before);
	assert_string_equal(label(r, NULL, 3, "6"), "said");
	assert_null(label(r, NULL, 3, "7"));
	// Ports are called as they say, once they are there.
	assert_null(label(r, "ifname", 3, "7"));
	const uint64_t unseen = join_version(r->analyzer, "ifname");
	sample(r, 0, 3, 1, 7, 1, 1000);
	tick(r);
	assert_int_not_equal(join_version(r->analyzer, "ifname"), unseen);
	assert_string_equal(label(r, "ifname", 3, "7"), "swp7");
	rig_free(r);
}

static void metrics_are_checked(void **state)
{
	struct err_msg msg = {0};
	assert_int_equal(join_check_metric("vir_host_name", &msg), 0);
	assert_int_equal(join_check_metric("ifname", &msg), 0);
	assert_int_equal(join_check_metric("vir_hostname", &msg), ERR_UNKNOWN);
	assert_string_equal(msg.text,
			    "unknown metric \"vir_hostname\" (did you mean \"vir_host_name\"?)");
	assert_int_equal(join_check_metric("", &msg), ERR_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_found),
		cmocka_unit_test(hosts_change),
		cmocka_unit_test(flows_are_no_labels),
		cmocka_unit_test(counters_are_not_lasting),
		cmocka_unit_test(agents_without_address),
		cmocka_unit_test(many_adapters),
		cmocka_unit_test(links_are_found),
		cmocka_unit_test(people_name_links),
		cmocka_unit_test(metrics_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
