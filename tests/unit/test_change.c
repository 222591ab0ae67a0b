// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Programs and thresholds that change between ticks: what keeps its state, what begins anew.
#include "analyzer_rig.h"
#include "program/group.h"

// A rig whose tables are objects of their own, as in the daemon.
struct changing {
	struct rig *rig;
	struct program_tables tables;
};

static struct changing *changing_new(const struct settings *set)
{
	struct changing *c = calloc(1, sizeof(*c));
	c->rig = rig_new(set);
	// Banks with the tables in one block cannot give them back one by one.
	for (int w = 0; w < WORKERS; w++) {
		struct bank *shell = bank_shell_init(zeroed(bank_shell_size(&c->rig->bank_config)),
						     &c->rig->bank_config);
		struct bank_kit kit = {calloc(set->n_specs + 1, sizeof(struct bank_table *)), NULL};
		int32_t from[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
		for (uint32_t d = 0; d < c->rig->program->n_def; d++)
			kit.table[d] =
				bank_table_init(zeroed(bank_table_size(&c->rig->program->def[d],
								       &c->rig->bank_config)),
						&c->rig->program->def[d], &c->rig->bank_config, d);
		bank_bind(shell, c->rig->program, from, &kit);
		bank_clear(shell, c->rig->now, UINT64_MAX);
		free(c->rig->worker[w].bank);
		c->rig->worker[w].bank = shell;
	}
	return c;
}

static bool taken(const int32_t *from, uint32_t n, uint32_t i)
{
	for (uint32_t k = 0; k < n; k++)
		if (from[k] == (int32_t)i)
			return true;
	return false;
}

static void bind_worker(struct changing *c, struct worker *k, const struct program *next,
			const int32_t *from)
{
	const struct program *before = k->bank->program;
	struct bank_kit kit = {calloc(next->n_def + 1, sizeof(struct bank_table *)), NULL};
	for (uint32_t d = 0; d < next->n_def; d++)
		if (from[d] < 0)
			kit.table[d] = bank_table_init(
				zeroed(bank_table_size(&next->def[d], &c->rig->bank_config)),
				&next->def[d], &c->rig->bank_config, d);
	bank_bind(k->bank, next, from, &kit);
	for (uint32_t d = 0; d < before->n_def; d++)
		if (!taken(from, next->n_def, d))
			free(kit.table[d]);
	free(kit.table);
	bank_clear(k->bank, c->rig->now, UINT64_MAX);
}

// Everything as in @p set from now on.
static void change(struct changing *c, const struct settings *set)
{
	struct rig *r = c->rig;
	struct err_msg msg = {0};
	struct program *next = program_compile_with(set->spec, set->n_specs, &c->tables, &msg);
	int32_t from[8];
	if (next == NULL)
		fail_msg("%s", msg.text);
	program_match(r->program, next, from);
	struct analyzer_change *a =
		analyzer_prepare(r->analyzer, next, from, set->threshold, set->n_thresholds, &msg);
	assert_non_null(a);
	analyzer_apply(r->analyzer, a);
	analyzer_change_free(a);
	for (int w = 0; w < WORKERS; w++)
		bind_worker(c, &r->worker[w], next, from);
	program_free(r->program);
	r->program = next;
}

static void changing_free(struct changing *c)
{
	const struct settings none = {0};
	change(c, &none);
	for (int w = 0; w < WORKERS; w++) {
		free(c->rig->worker[w].bank->table);
		free(c->rig->worker[w].bank);
		free(c->rig->worker[w].intake);
	}
	analyzer_free(c->rig->analyzer);
	program_free(c->rig->program);
	free(c->rig);
	free(c);
}

static void traffic(struct changing *c, uint16_t src, uint32_t bytes)
{
	static uint32_t sequence;
	sequence++;
	sample(c->rig, (int)(sequence % WORKERS), 1, sequence, 5, src, bytes);
}

static struct flow_summary summary_of(const struct changing *c, const char *name)
{
	struct flow_summary s = {0};
	uint32_t def;
	assert_true(query_find(c->rig->analyzer, name, &def));
	query_top(c->rig->analyzer, def, NULL, 0, &s);
	return s;
}

static struct threshold_row threshold_of(const struct changing *c, const char *name)
{
	struct threshold_row row[8];
	const size_t n = query_thresholds(c->rig->analyzer, 0, row, 8);
	assert_int_equal(n, query_n_thresholds(c->rig->analyzer));
	for (size_t i = 0; i < n; i++)
		if (strcmp(row[i].name, name) == 0)
			return row[i];
	fail_msg("no threshold %s", name);
	return (struct threshold_row){0};
}

static void unchanged_flows_keep_their_state(void **state)
{
	struct settings set = settings_of(&pair);
	struct changing *c = changing_new(&set);
	traffic(c, 1, 1000);
	tick(c->rig);
	const struct flow_summary before = summary_of(c, "pair");

	set.spec[0] = total; // in front, so that numbers shift
	set.spec[1] = pair;
	set.n_specs = 2;
	change(c, &set);
	const struct flow_summary after = summary_of(c, "pair");
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(summary_of(c, "total").samples, 0);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(summary_of(c, "pair").samples, 2);
	assert_int_equal(summary_of(c, "total").samples, 1);

	set.n_specs = 1; // pair is gone
	change(c, &set);
	uint32_t def;
	assert_false(query_find(c->rig->analyzer, "pair", &def));
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(summary_of(c, "total").samples, 2);

	set.spec[1] = pair; // and back: from the beginning
	set.n_specs = 2;
	change(c, &set);
	assert_int_equal(summary_of(c, "pair").samples, 0);
	changing_free(c);
}

static void another_text_begins_anew(void **state)
{
	struct settings set = settings_of(&pair);
	struct changing *c = changing_new(&set);
	traffic(c, 1, 1000);
	tick(c->rig);
	set.spec[0].fs = "_"; // how it is written is not what is measured
	change(c, &set);
	assert_int_equal(summary_of(c, "pair").samples, 1);
	struct flow_row row;
	assert_int_equal(query_top(c->rig->analyzer, 0, &row, 1, NULL), 1);
	assert_string_equal(row.key_text, "10.0.0.1_10.1.0.1");
	set.spec[0].filter = "ipprotocol=17";
	change(c, &set);
	assert_int_equal(summary_of(c, "pair").samples, 0);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(summary_of(c, "pair").samples, 1);
	changing_free(c);
}

static struct group *group_of(const char *label)
{
	struct group *g = group_create();
	struct addr net;
	unsigned bits;
	assert_int_equal(addr_parse_prefix("10.0.0.0/16", &net, &bits), 0);
	assert_int_equal(group_add(g, &net, bits, label, NULL), 0);
	assert_int_equal(group_build(g, NULL), 0);
	return g;
}

static void another_group_keeps_the_state(void **state)
{
	struct settings set = settings_of(&pair);
	struct changing *c = changing_new(&set);
	struct group *first = group_of("campus"), *second = group_of("street");
	struct program_table row = {.function = "group", .name = "g", .group = first};
	c->tables = (struct program_tables){&row, 1};
	set.spec[1] = pair;
	set.spec[1].name = "where";
	set.spec[1].keys = "group:ipsource:g";
	set.n_specs = 2;
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	row.group = second;
	change(c, &set);
	group_free(first);
	traffic(c, 1, 3000);
	tick(c->rig);
	struct flow_row rows[3];
	assert_int_equal(query_top(c->rig->analyzer, 1, rows, 3, NULL), 2);
	assert_string_equal(rows[0].key_text, "street");
	assert_string_equal(rows[1].key_text, "campus");
	c->tables.n = 0; // and so does its end: nothing is added
	change(c, &set);
	traffic(c, 1, 9000);
	tick(c->rig);
	assert_int_equal(query_top(c->rig->analyzer, 1, rows, 3, NULL), 2);
	assert_int_equal(rows[0].samples, 1);
	assert_int_equal(rows[1].samples, 1);
	c->tables.n = 1;
	change(c, &set);
	traffic(c, 1, 9000);
	tick(c->rig);
	assert_int_equal(query_top(c->rig->analyzer, 1, rows, 3, NULL), 2);
	assert_string_equal(rows[0].key_text, "street");
	assert_int_equal(rows[0].samples, 2);
	changing_free(c);
	group_free(second);
}

static struct threshold_spec above(const char *name, const char *metric, double value)
{
	return (struct threshold_spec){
		.name = name, .metric = metric, .value = value, .by_flow = true, .timeout = 10};
}

static void unaffected_thresholds_stay_triggered(void **state)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = above("low", "pair", 1000);
	set.n_thresholds = 1;
	struct changing *c = changing_new(&set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 1);

	set.threshold[0] = above("lower", "pair", 900);
	set.threshold[1] = above("low", "pair", 1000);
	set.n_thresholds = 2;
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 1); // the new one alone
	assert_string_equal(c->rig->event[0].threshold, "lower");
	assert_int_equal(c->rig->event[0].id, 2);

	set.threshold[1].serial = 7; // put again
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 1);
	assert_string_equal(c->rig->event[0].threshold, "low");
	assert_int_equal(threshold_of(c, "low").events, 1);

	set.threshold[0] = set.threshold[1];
	set.n_thresholds = 1;
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 0);
	assert_int_equal(threshold_of(c, "low").triggered, 1);
	changing_free(c);
}

static void a_threshold_sleeps_without_its_flow(void **state)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = above("low", "pair", 1000);
	set.n_thresholds = 1;
	struct changing *c = changing_new(&set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 1);
	set.n_specs = 0;
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 0);
	assert_true(threshold_of(c, "low").dormant);
	assert_int_equal(threshold_of(c, "low").triggered, 0);
	assert_int_equal(threshold_of(c, "low").events, 1);
	set.n_specs = 1;
	change(c, &set);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(c->rig->n_events, 1);
	assert_false(threshold_of(c, "low").dormant);
	assert_int_equal(threshold_of(c, "low").events, 2);
	changing_free(c);
}

// What a threshold takes grows with its texts and with the parts of its filter.
static void filters_take_memory(void **state)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = above("low", "pair", 1000);
	set.n_thresholds = 1;
	struct rig *r = rig_new(&set);
	const size_t plain = analyzer_size(&r->config, r->program, set.threshold, 1);
	assert_int_equal(analyzer_memory(r->analyzer), plain);
	rig_free(r);
	char filter[600] = "ifname";
	for (size_t len = 6; len < 500; len += 4)
		memcpy(filter + len, "\tsw1", 5);
	set.threshold[0].filter = filter;
	r = rig_new(&set);
	assert_int_equal(analyzer_memory(r->analyzer),
			 analyzer_size(&r->config, r->program, set.threshold, 1));
	// The text, its copy that is taken apart, and 124 patterns.
	assert_true(analyzer_memory(r->analyzer) >= plain + 2 * 400 + 124 * sizeof(char *));
	rig_free(r);
}

static void a_change_may_be_dropped(void **state)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = above("low", "pair", 1000);
	set.n_thresholds = 1;
	struct changing *c = changing_new(&set);
	traffic(c, 1, 1000);
	tick(c->rig);
	const struct flow_spec both[] = {pair, total};
	const struct threshold_spec other = above("other", "total", 5);
	struct program *next = program_compile(both, 2, NULL);
	int32_t from[2];
	program_match(c->rig->program, next, from);
	analyzer_change_free(analyzer_prepare(c->rig->analyzer, next, from, &other, 1, NULL));
	program_free(next);
	traffic(c, 1, 1000);
	tick(c->rig);
	assert_int_equal(summary_of(c, "pair").samples, 2);
	assert_int_equal(threshold_of(c, "low").triggered, 1);
	analyzer_change_free(NULL);
	changing_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_flows_keep_their_state),
		cmocka_unit_test(another_text_begins_anew),
		cmocka_unit_test(another_group_keeps_the_state),
		cmocka_unit_test(unaffected_thresholds_stay_triggered),
		cmocka_unit_test(a_threshold_sleeps_without_its_flow),
		cmocka_unit_test(filters_take_memory),
		cmocka_unit_test(a_change_may_be_dropped),
	};
	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
