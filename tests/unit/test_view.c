// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// One row per key over many data sources, read in slices.
#include "analyzer_rig.h"

#include "analyzer/selector.h"

static void flow(struct rig *r, uint32_t agent, uint32_t ds, uint16_t src, uint32_t bytes)
{
	static uint32_t sequence[300];
	sample(r, (int)(agent % WORKERS), agent, ++sequence[agent], ds, src, bytes);
}

static struct view *ask(struct rig *r, const char *agents, enum view_mode mode)
{
	const struct view_query query = {
		.flow = "pair", .agents = agents, .mode = mode, .max_flows = 1000};
	return view_of(r, &query, NULL);
}

// One flow on three ports of two switches, another on one.
static struct rig *two_flows(void)
{
	struct rig *r = rig_of(&pair);
	flow(r, 1, 5, 1, 1000);
	flow(r, 1, 6, 1, 3000);
	flow(r, 2, 5, 1, 2000);
	flow(r, 2, 5, 2, 2500);
	tick(r);
	return r;
}

static void modes(void **state)
{
	static const struct {
		enum view_mode mode;
		double first, q;
	} want[] = {
		{VIEW_MAX, 3000e3, 9e12},
		{VIEW_SUM, 6000e3, 14e12},
		{VIEW_AVG, 2000e3, 14e12 / 9},
		// Without a topology nobody knows an edge.
		{VIEW_EDGE, 3000e3, 9e12},
		{VIEW_CORE, 3000e3, 9e12},
	};
	struct rig *r = two_flows();
	const struct addr agent = agent_addr(1);
	const double g = gain(0.1, 2);
	for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++) {
		struct view *v = ask(r, "ALL", want[i].mode);
		size_t n;
		const struct view_row *row = view_rows(v, &n);
		const unsigned one = want[i].mode == VIEW_AVG, other = 1 - one;
		assert_int_equal(n, 2);
		assert_string_equal(row[one].flow.key_text, "10.0.0.1,10.1.0.1");
		assert_int_equal(row[one].n_sources, 3);
		assert_true(addr_equal(&row[one].flow.agent, &agent));
		assert_int_equal(row[one].flow.ds_index, 6);
		assert_float_equal(row[one].flow.value, want[i].first * g, 1e-6);
		assert_float_equal(row[one].flow.error, 1.96 * sqrt(want[i].q) * g, 1e-6);
		assert_float_equal(row[one].flow.n_effective,
				   want[i].first * want[i].first / want[i].q, 1e-9);
		assert_string_equal(row[other].flow.key_text, "10.0.0.2,10.1.0.1");
		assert_int_equal(row[other].n_sources, 1);
		assert_float_equal(row[other].flow.value, 2500e3 * g, 1e-6);
		assert_float_equal(view_summary(v)->total, 8500e3 * g, 1e-6);
		assert_int_equal(view_time(v), r->now);
		view_free(v);
	}
	rig_free(r);
}

static size_t count(struct rig *r, const char *agents)
{
	struct view *v = ask(r, agents, VIEW_ROWS);
	size_t n;
	view_rows(v, &n);
	view_free(v);
	return n;
}

static void agents_are_selected(void **state)
{
	struct rig *r = two_flows();
	struct shot s;
	shot_begin(&s, (struct from){.agent = 2, .sequence = 900, .uptime = 9000});
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE,
			       &(struct counters_sample){.ds_class = 2, .ds_index = 1});
	encode_host_descr(&s.e, &(struct host_descr){.hostname = "leaf2", .os_release = ""});
	encode_sample_end(&s.e);
	fire(r, 2, &s, 10 * MS);
	tick(r);
	assert_int_equal(count(r, "ALL"), 4);
	assert_int_equal(count(r, "192.0.0.1"), 2);
	assert_int_equal(count(r, "leaf2"), 2);
	assert_int_equal(count(r, "192.0.0.9;192.0.0.1,leaf2,192.0.0.2"), 4);
	assert_int_equal(count(r, "leaf3"), 0);
	assert_int_equal(count(r, "TOPOLOGY"), 0);
	assert_int_equal(count(r, "EDGE"), 0);
	assert_int_equal(count(r, "CORE"), 0);
	rig_free(r);
}

static void wrong_questions(void **state)
{
	static const struct {
		struct view_query query;
		const char *message;
	} c[] = {
		{{.flow = "pair", .agents = ""},
		 "agents: expected ALL, TOPOLOGY, EDGE, CORE, addresses or host names"},
		{{.flow = "pair", .agents = ",;"},
		 "agents: expected ALL, TOPOLOGY, EDGE, CORE, addresses or host names"},
		{{.flow = "pair", .filter = "a("}, "filter: pattern, character 2: "},
		{{.flow = "pear"}, "no flow \"pear\""},
	};
	struct rig *r = rig_of(&pair);
	for (unsigned i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct err_msg msg = {0};
		struct view *v = view_new(r->analyzer, &c[i].query, &msg);
		if (v != NULL)
			assert_int_equal(view_read(v, r->analyzer, &msg), ERR_UNKNOWN);
		if (strncmp(msg.text, c[i].message, strlen(c[i].message)) != 0)
			fail_msg("%s", msg.text);
		view_free(v);
	}
	rig_free(r);
}

static void rows_are_chosen(void **state)
{
	struct rig *r = rig_of(&pair);
	for (uint16_t src = 1; src <= 200; src++)
		flow(r, 1, 5, src, 100u * src);
	tick(r);
	struct view_query query = {.flow = "pair", .filter = "10\\.0\\.0\\..*7,.*"};
	query.max_flows = 4;
	query.min_value = 14700e3 * gain(0.1, 2);
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	assert_int_equal(n, 4);
	assert_string_equal(row[0].flow.key_text, "10.0.0.197,10.1.0.1");
	assert_string_equal(row[3].flow.key_text, "10.0.0.167,10.1.0.1");
	view_free(v);
	query.max_flows = 100;
	v = view_of(r, &query, NULL);
	view_rows(v, &n);
	assert_int_equal(n, 6); // 147 is as large as the least
	view_free(v);
	rig_free(r);
}

// Where a key is, and what it is on one data source.
static void one_key(void **state)
{
	struct rig *r = two_flows();
	struct view_query query = {
		.flow = "pair", .mode = VIEW_ROWS, .key = "10.0.0.1,10.1.0.1", .max_flows = 100};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	assert_int_equal(n, 3);
	assert_int_equal(row[0].flow.ds_index, 6);
	view_free(v);
	query.one_source = true;
	query.ds_index = 5;
	query.agents = "192.0.0.2";
	v = view_of(r, &query, NULL);
	row = view_rows(v, &n);
	assert_int_equal(n, 1);
	assert_float_equal(row[0].flow.value, 2000e3 * gain(0.1, 2), 1e-6);
	view_free(v);
	query.ds_class = 1;
	v = view_of(r, &query, NULL);
	view_rows(v, &n);
	assert_int_equal(n, 0);
	view_free(v);
	rig_free(r);
}

static void both_ways(struct rig *r, uint32_t sequence, uint32_t output, uint32_t bytes)
{
	struct shot s;
	const uint8_t h[42] = {[12] = 8, [14] = 0x45, [23] = 17, [26] = 10, [30] = 10};
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .input = output == 5 ? 6 : 5,
				       .output = output};
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, bytes, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 0, &s, 20 * MS);
}

// A port that is sampled in both directions is one data source.
static void directions_are_one_source(void **state)
{
	struct flow_spec spec = pair;
	spec.values = "avg:bytes,max:bytes,bytes";
	struct rig *r = rig_of(&spec);
	both_ways(r, 1, 5, 1000);
	both_ways(r, 2, 6, 3000);
	both_ways(r, 3, 6, 2000);
	tick(r);
	const double g = gain(0.1, 2);
	for (int mode = VIEW_MAX; mode <= VIEW_ROWS; mode++) {
		struct view *v = ask(r, "ALL", (enum view_mode)mode);
		size_t n;
		const struct view_row *row = view_rows(v, &n);
		assert_int_equal(n, 1);
		assert_int_equal(row->n_sources, 1);
		assert_int_equal(row->flow.direction, DIRECTION_UNKNOWN);
		assert_int_equal(row->flow.samples, 3);
		assert_float_equal(row->flow.value, 6000e3 * g, 1e-6);
		assert_int_equal(row->flow.n_values, 3);
		assert_float_equal(row->flow.values[0], 2000, 1e-9);
		assert_float_equal(row->flow.values[1], 3000, 0);
		assert_float_equal(row->flow.values[2], 6000e3 * g, 1e-6);
		view_free(v);
	}
	rig_free(r);
}

static void secondary_values_follow_the_mode(void **state)
{
	struct flow_spec spec = pair;
	spec.values = "min:bytes,max:bytes,avg:bytes,frames,count:ipdestination";
	struct rig *r = rig_of(&spec);
	flow(r, 1, 5, 1, 1000);
	flow(r, 1, 5, 1, 4000);
	flow(r, 2, 5, 1, 400);
	tick(r);
	const double g = RATE * gain(0.1, 2);
	const double want[][5] = {
		[VIEW_MAX] = {1000, 4000, 2500, 2 * g, 1},
		[VIEW_SUM] = {400, 4000, 1800, 3 * g, 1},
		[VIEW_AVG] = {400, 4000, 1800, 1.5 * g, 1},
	};
	for (int mode = VIEW_MAX; mode <= VIEW_AVG; mode++) {
		struct view *v = ask(r, "ALL", (enum view_mode)mode);
		size_t n;
		const struct view_row *row = view_rows(v, &n);
		assert_int_equal(n, 1);
		for (int k = 0; k < 5; k++)
			assert_float_equal(row->flow.values[k], want[mode][k], 1e-6);
		view_free(v);
	}
	rig_free(r);
}

// The store churns while a view is read: a small one, flooded. No flow is seen twice on a data
// source, and one that was there all the time is there.
static uint16_t next_stranger = 1000;

static void churn(struct rig *r)
{
	for (int i = 0; i < 30; i++)
		flow(r, 1 + (uint32_t)i % 3, 5, next_stranger++, 100);
	for (uint32_t agent = 1; agent <= 3; agent++)
		flow(r, agent, 5, 7, 50000);
	tick(r);
}

static void consistent_while_the_store_changes(void **state)
{
	struct settings set = settings_of(&pair);
	set.store_entries = 2000;
	struct rig *r = rig_new(&set);
	for (int i = 0; i < 120; i++)
		churn(r);
	const struct view_query rows = {.flow = "pair", .mode = VIEW_ROWS, .max_flows = 10000};
	for (int round = 0; round < 20; round++) {
		struct view *v = view_of(r, &rows, churn);
		size_t n;
		const struct view_row *row = view_rows(v, &n);
		unsigned elephants = 0;
		assert_true(n > 1500 && n <= 2000);
		for (size_t i = 0; i < n; i++) {
			elephants += strcmp(row[i].flow.key_text, "10.0.0.7,10.1.0.1") == 0;
			assert_true(i == 0 || row[i].flow.value <= row[i - 1].flow.value);
		}
		assert_int_equal(elephants, 3);
		view_free(v);
		const struct view_query max = {.flow = "pair", .max_flows = 1};
		v = view_of(r, &max, churn);
		row = view_rows(v, &n);
		assert_string_equal(row->flow.key_text, "10.0.0.7,10.1.0.1");
		assert_int_equal(row->n_sources, 3);
		view_free(v);
	}
	rig_free(r);
}

static void data_sources_have_a_text(void **state)
{
	static const struct {
		const char *text;
		uint32_t class, index;
	} c[] = {{"4", 0, 4}, {"2.1", 2, 1}, {"3.4294967295", 3, UINT32_MAX}};
	for (unsigned i = 0; i < sizeof(c) / sizeof(*c); i++) {
		uint32_t class = 9, index = 9;
		char text[32];
		struct strbuf b = strbuf_of(text, sizeof(text));
		data_source_format(&b, c[i].class, c[i].index);
		assert_string_equal(text, c[i].text);
		assert_int_equal(data_source_parse(text, strlen(text), &class, &index), 0);
		assert_true(class == c[i].class && index == c[i].index);
	}
	static const char *const wrong[] = {"", ".", "1.", ".1", "a", "1.2.3", "4294967296", "-1"};
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		uint32_t class = 9, index = 9;
		assert_int_equal(data_source_parse(wrong[i], strlen(wrong[i]), &class, &index),
				 ERR_INVALID);
		assert_true(class == 9 && index == 9);
	}
	enum view_mode mode = VIEW_MAX;
	assert_int_equal(view_mode_parse("EDGE", &mode), 0);
	assert_int_equal(mode, VIEW_EDGE);
	assert_int_equal(view_mode_parse("edges", &mode), ERR_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(agents_are_selected),
		cmocka_unit_test(wrong_questions),
		cmocka_unit_test(rows_are_chosen),
		cmocka_unit_test(one_key),
		cmocka_unit_test(directions_are_one_source),
		cmocka_unit_test(secondary_values_follow_the_mode),
		cmocka_unit_test(consistent_while_the_store_changes),
		cmocka_unit_test(data_sources_have_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
