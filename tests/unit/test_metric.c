// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Counter records as metrics: from datagrams to cells.
#include "analyzer_rig.h"

#include <stdio.h>

#include "analyzer/metric_query.h"
#include "analyzer/metric_row.h"
#include "analyzer/selector.h"
#include "analyzer/state.h"
#include "analyzer/statistic.h"

static struct metric_page page;

static void scan_of(struct rig *r, const struct metric_request *q, struct metric_scan *s)
{
	*s = (struct metric_scan){.request = q};
	metric_scan_next(r->analyzer, s, &page);
}

// The value of one column on one data source of agent 1.
static struct metric_cell cell_of(struct rig *r, const char *token)
{
	struct metric_column c;
	struct err_msg msg = {0};
	struct metric_scan s;
	struct selector *agent = selector_new(r->analyzer, "192.0.0.1", &msg);
	assert_int_equal(metric_column_parse(token, &c, &msg), 0);
	const struct metric_request q = {
		.selector = agent, .column = &c, .n_columns = 1, .keys = true};
	scan_of(r, &q, &s);
	selector_free(agent);
	return page.n_rows > 0 ? page.row[0].cell[0] : (struct metric_cell){0};
}

static bool absent(struct rig *r, const char *token)
{
	return cell_of(r, token).kind == METRIC_NONE;
}

static double number(struct rig *r, const char *token)
{
	const struct metric_cell c = cell_of(r, token);
	if (c.kind != METRIC_NUMBER)
		fail_msg("%s is no number", token);
	return c.number;
}

static const char *text(struct rig *r, const char *token)
{
	const struct metric_cell c = cell_of(r, token);
	return c.kind == METRIC_TEXT ? c.text : "";
}

static void port_counters(struct rig *r, uint32_t sequence, uint32_t uptime,
			  const struct if_counters *c)
{
	struct shot s;
	shot_counters(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = uptime}, 0, 5);
	encode_if_counters(&s.e, c);
	encode_port_name(&s.e, "swp5");
	fire_counters(r, 0, &s);
	tick_of(r, 10000 * MS);
}

static struct if_counters port_of(uint64_t octets, uint32_t packets)
{
	return (struct if_counters){
		.if_index = 7,
		.if_type = 6,
		.if_speed = 1000000000,
		.if_direction = 1,
		.if_status = 1,
		.in_octets = octets,
		.in_ucast = packets,
		.in_multicast = UINT32_MAX,
		.in_broadcast = packets,
		.in_unknown_protos = UINT32_MAX,
		.out_octets = 2 * octets,
		.out_ucast = packets,
	};
}

static void rates_follow_the_agents_clock(void **state)
{
	struct rig *r = rig_of(&pair);
	struct if_counters c = port_of(1000000, 100);
	port_counters(r, 1, 50000, &c);
	assert_true(absent(r, "ifinoctets") && absent(r, "ifinutilization"));
	assert_string_equal(text(r, "iftype"), "ethernetCsmacd");
	assert_string_equal(text(r, "ifadminstatus"), "up");
	assert_string_equal(text(r, "ifoperstatus"), "down");
	assert_string_equal(text(r, "ifdirection"), "full-duplex");
	assert_string_equal(text(r, "ifname"), "swp5");
	assert_float_equal(number(r, "ifspeed"), 1e9, 0);
	assert_float_equal(number(r, "ifindex"), 7, 0);
	c = port_of(26000000, 600);
	port_counters(r, 2, 52000, &c); // 2 s by the agent's clock, 10 by ours
	assert_float_equal(number(r, "ifinoctets"), 12.5e6, 1e-9);
	assert_float_equal(number(r, "ifinutilization"), 10, 1e-12);
	assert_float_equal(number(r, "ifoututilization"), 20, 1e-12);
	assert_float_equal(number(r, "ifinucastpkts"), 250, 1e-9);
	assert_true(absent(r, "ifinmulticastpkts") && absent(r, "ifinunknownprotos"));
	assert_float_equal(number(r, "ifinpkts"), 500, 1e-9); // what is known of it
	assert_float_equal(number(r, "5.ifoutpkts"), 250, 1e-9);
	assert_true(absent(r, "6.ifoutpkts") && absent(r, "nonsense"));
	assert_int_equal(cell_of(r, "ifinpkts").time, START + 10010 * MS);
	rig_free(r);
}

static void counters_wrap_or_are_reset(void **state)
{
	struct rig *r = rig_of(&pair);
	struct if_counters c = port_of(UINT64_MAX - 1000, UINT32_MAX - 100);
	port_counters(r, 1, 1000, &c);
	c = port_of(999, 899);
	port_counters(r, 2, 2000, &c);
	assert_float_equal(number(r, "ifinoctets"), 2000, 1e-9);
	assert_float_equal(number(r, "ifinucastpkts"), 1000, 1e-9);
	c = port_of(500000, 800000);
	port_counters(r, 3, 3000, &c);
	c = port_of(100, 200); // cleared by hand
	port_counters(r, 4, 4000, &c);
	assert_true(absent(r, "ifinoctets") && absent(r, "ifinucastpkts"));
	c = port_of(100, 200 + 3000000000u); // more than half the range, but forward
	port_counters(r, 5, 5000, &c);
	assert_float_equal(number(r, "ifinucastpkts"), 3e9, 1);
	rig_free(r);
}

static void restarts_begin_anew(void **state)
{
	struct rig *r = rig_of(&pair);
	struct if_counters c = port_of(5000, 50);
	port_counters(r, 700, 900000, &c);
	c = port_of(9000, 90);
	port_counters(r, 701, 910000, &c);
	assert_float_equal(number(r, "ifinoctets"), 400, 1e-9);
	c = port_of(20000, 200); // larger than before: only the clock tells
	port_counters(r, 1, 4000, &c);
	assert_true(absent(r, "ifinoctets"));
	c = port_of(30000, 300);
	port_counters(r, 2, 14000, &c);
	assert_float_equal(number(r, "ifinoctets"), 1000, 1e-9);
	assert_int_equal(r->analyzer->metrics.agent[1].lost, 0);
	c = port_of(40000, 400);
	port_counters(r, 5, 24000, &c);
	assert_int_equal(r->analyzer->metrics.agent[1].lost, 2);
	// The clock wraps after 49.7 days.
	port_counters(r, 6, UINT32_MAX - 999, &c);
	c = port_of(41000, 400);
	port_counters(r, 7, 1000, &c);
	assert_float_equal(number(r, "ifinoctets"), 500, 1e-9);
	rig_free(r);
}

static void duplicates_change_nothing(void **state)
{
	struct rig *r = rig_of(&pair);
	struct if_counters c = port_of(1000, 10);
	for (uint32_t i = 1; i <= 3; i++) {
		c = port_of(1000 * i, 10);
		port_counters(r, i, 1000 * i, &c);
	}
	struct shot s;
	shot_counters(&s, (struct from){.agent = 1, .sequence = 3, .uptime = 3500}, 0, 5);
	c = port_of(99999, 10);
	encode_if_counters(&s.e, &c);
	fire_counters(r, 0, &s);
	tick(r);
	assert_float_equal(number(r, "ifinoctets"), 1000, 1e-9);
	assert_int_equal(r->analyzer->metrics.agent[1].duplicates, 1);
	assert_int_equal(r->analyzer->metrics.stats.stale, 1);
	rig_free(r);
}

static void host_cpu(struct shot *s, uint32_t user, uint32_t idle, bool old)
{
	struct encoder *e = &s->e;
	encode_record(e, SFLOW_TAG(0, 2003));
	encode_f32(e, 2.0f);
	encode_f32(e, -1.0f); // unknown
	encode_f32(e, 0.5f);
	encode_u32(e, 3); // proc_run
	encode_u32(e, 300);
	encode_u32(e, 4);    // cpu_num
	encode_u32(e, 2400); // MHz
	encode_u32(e, 86400);
	encode_u32(e, user);
	encode_u32(e, 0);
	encode_u32(e, user / 2); // system
	encode_u32(e, idle);
	encode_u32(e, UINT32_MAX); // wio: unknown
	encode_u32(e, 0);
	encode_u32(e, 0);
	encode_u32(e, 1000);
	encode_u32(e, 2000);
	for (int i = 0; i < 3 && !old; i++)
		encode_u32(e, 0);
	encode_record_end(e);
}

static void host_memory(struct shot *s)
{
	struct encoder *e = &s->e;
	encode_record(e, SFLOW_TAG(0, 2004));
	const uint64_t levels[] = {1000, 200, 0, 50, 150, 0, 0};
	for (int i = 0; i < 7; i++)
		encode_u64(e, levels[i] << 20);
	for (int i = 0; i < 4; i++)
		encode_u32(e, 0);
	encode_record_end(e);
	encode_record(e, SFLOW_TAG(0, 2005));
	encode_u64(e, 1000);
	encode_u64(e, 250);
	encode_u32(e, 8123);
	for (int i = 0; i < 8; i++)
		encode_u32(e, 0);
	encode_record_end(e);
}

static void host(struct rig *r, uint32_t sequence, uint32_t user, uint32_t idle)
{
	static const uint8_t uuid[16] = {0xde, 0xad, 0xbe, 0xef, 0, 1, 2,  3,
					 4,    5,    6,    7,    8, 9, 10, 11};
	struct host_descr h = {
		.hostname = "web1", .machine_type = 3, .os_name = 2, .os_release = "6.1"};
	memcpy(h.uuid, uuid, sizeof(uuid));
	struct shot s;
	shot_counters(&s,
		      (struct from){.agent = 1, .sequence = sequence, .uptime = sequence * 10000},
		      2, 1);
	encode_host_descr(&s.e, &h);
	host_cpu(&s, user, idle, sequence == 1);
	host_memory(&s);
	fire_counters(r, 0, &s);
	tick_of(r, 10000 * MS);
}

static void hosts_have_percentages(void **state)
{
	struct rig *r = rig_of(&pair);
	host(r, 1, 1000, 100000);
	assert_true(absent(r, "cpu_utilization") && absent(r, "cpu_steal"));
	host(r, 2, 3000, 107000); // 2000 user, 1000 system, 7000 idle
	assert_float_equal(number(r, "cpu_user"), 20, 1e-9);
	assert_float_equal(number(r, "cpu_system"), 10, 1e-9);
	assert_float_equal(number(r, "cpu_idle"), 70, 1e-9);
	assert_float_equal(number(r, "cpu_utilization"), 30, 1e-9);
	assert_true(absent(r, "cpu_wio"));
	assert_float_equal(number(r, "load_one"), 2, 1e-9);
	assert_float_equal(number(r, "load_one_per_cpu"), 0.5, 1e-9);
	assert_true(absent(r, "load_five"));
	assert_float_equal(number(r, "mem_used"), 600.0 * 1048576, 1e-9);
	assert_float_equal(number(r, "mem_utilization"), 60, 1e-9);
	assert_float_equal(number(r, "disk_utilization"), 75, 1e-9);
	assert_float_equal(number(r, "part_max_used"), 81.23, 1e-9);
	assert_string_equal(text(r, "2.1.uuid"), "deadbeef-0001-0203-0405-060708090a0b");
	assert_string_equal(text(r, "os_name"), "linux");
	assert_string_equal(text(r, "machine_type"), "x86_64");
	host(r, 3, 3000, 107000); // nothing happened: 0 of 0
	assert_true(absent(r, "cpu_user"));
	rig_free(r);
}

static void logical(struct rig *r, uint32_t sequence, uint32_t index, const char *name, uint32_t os)
{
	const struct host_descr h = {.hostname = name, .os_name = os, .os_release = ""};
	struct shot s;
	shot_counters(&s,
		      (struct from){.agent = 1, .sequence = sequence, .uptime = sequence * 1000}, 3,
		      index);
	encode_host_descr(&s.e, &h);
	encode_record(&s.e, SFLOW_TAG(0, 2101));
	encode_u32(&s.e, 1);
	encode_u32(&s.e, sequence * 500); // ms
	encode_u32(&s.e, 2);
	encode_record_end(&s.e);
	fire_counters(r, 0, &s);
	tick(r);
}

static void containers_are_named(void **state)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t i = 1; i <= 2; i++) {
		logical(r, i, 7, "k8s_nginx_web-5d9_shop_0a1b_2", 2);
		logical(r, i, 8, "cron.service", 2);
		logical(r, i, 9, "api.3.abcdefghijklmnopqrstuvwxy", 2);
		logical(r, i, 10, "web", 2);
		logical(r, i, 11, "guest", 0); // a virtual machine: nobody knows its system
	}
	assert_string_equal(text(r, "3.7.vir_host_name"), "k8s_nginx_web-5d9_shop_0a1b_2");
	assert_string_equal(text(r, "3.7.k8s_name"), "web-5d9");
	assert_string_equal(text(r, "3.7.k8s_namespace"), "shop");
	assert_string_equal(text(r, "3.8.systemd_service"), "cron.service");
	assert_string_equal(text(r, "3.9.swarm_name"), "api");
	assert_true(absent(r, "3.8.swarm_name") && absent(r, "3.9.k8s_name"));
	assert_string_equal(text(r, "3.10.docker_name"), "web");
	for (int i = 7; i <= 11; i++) {
		char name[32];
		snprintf(name, sizeof(name), "3.%d.docker_name", i);
		assert_true(i == 10 || absent(r, name));
	}
	assert_true(absent(r, "3.7.host_name"));
	assert_float_equal(number(r, "3.7.vir_cpu_utilization"), 25, 1e-9);
	rig_free(r);
}

static void custom(struct rig *r, uint32_t uptime, const char *source, uint32_t counter)
{
	struct shot s;
	shot_begin(&s, next_datagram((struct from){.agent = 1, .uptime = uptime}));
	encode_sample(&s.e, SFLOW_RTMETRIC);
	encode_string(&s.e, source);
	encode_u32(&s.e, 3);
	encode_string(&s.e, "jobs");
	encode_u32(&s.e, 1); // counter32
	encode_u32(&s.e, counter);
	encode_string(&s.e, "heat");
	encode_u32(&s.e, 5); // float
	encode_f32(&s.e, 36.5f);
	encode_string(&s.e, "mood");
	encode_u32(&s.e, 0);
	encode_string(&s.e, "good");
	encode_sample_end(&s.e);
	fire(r, 0, &s, 10 * MS);
	tick(r);
}

static void custom_metrics_are_metrics(void **state)
{
	struct rig *r = rig_of(&pair);
	custom(r, 1000, "web1", UINT32_MAX - 99);
	assert_true(absent(r, "jobs"));
	assert_string_equal(text(r, "web1.mood"), "good");
	assert_float_equal(number(r, "heat"), 36.5, 0);
	custom(r, 3000, "web1", 100);
	assert_float_equal(number(r, "web1.jobs"), 100, 1e-9);
	custom(r, 4000, "2web", 100); // begins with a digit
	custom(r, 5000, "web 2", 100);
	const struct metric_stats *stats = &r->analyzer->metrics.stats;
	assert_int_equal(stats->samples, 4);
	assert_int_equal(stats->samples_used, 2);
	assert_int_equal(stats->samples_bad, 2);
	custom(r, 6000, "", 7);
	assert_string_equal(text(r, "custom.mood"), "good");
	rig_free(r);
}

static void silence_is_forgotten(void **state)
{
	struct rig *r = rig_of(&pair);
	struct if_counters c = port_of(1000, 10);
	port_counters(r, 1, 1000, &c);
	port_counters(r, 2, 11000, &c);
	struct metrics *m = &r->analyzer->metrics;
	assert_int_equal(m->agent[1].ports, 1);
	for (int i = 0; i < 10; i++)
		tick_of(r, 10000 * MS);
	assert_false(absent(r, "ifspeed"));
	tick_of(r, 20001 * MS);
	assert_true(absent(r, "ifspeed"));
	assert_int_equal(m->slab.used, 0);
	assert_int_equal(m->texts.n, 0);
	assert_int_equal(m->agent[1].ports, 0);
	// A slow poller is given five of its intervals.
	port_counters(r, 3, 101000, &c);
	tick_of(r, 90000 * MS);
	port_counters(r, 4, 201000, &c);
	tick_of(r, 400000 * MS);
	assert_false(absent(r, "ifspeed"));
	tick_of(r, 100000 * MS);
	assert_true(absent(r, "ifspeed"));
	rig_free(r);
}

// Every byte is bounded: what finds no room is counted, and does no harm.
static void full_is_counted(void **state)
{
	struct settings set = settings_of(&pair);
	struct rig *r = rig_new(&set);
	struct metrics *m = &r->analyzer->metrics;
	m->slab.n_pages = 3; // less than asked for
	const struct if_counters c = port_of(1000, 10);
	for (uint32_t ds = 1; ds <= 200; ds++) {
		char name[16];
		struct shot s;
		snprintf(name, sizeof(name), "eth%u", ds);
		shot_counters(&s, (struct from){.agent = 1, .sequence = ds, .uptime = ds}, 0, ds);
		encode_if_counters(&s.e, &c);
		encode_port_name(&s.e, name);
		fire_counters(r, 0, &s);
	}
	tick(r);
	assert_true(m->stats.room > 0);
	assert_int_equal(m->stats.records, m->stats.used + m->stats.room);
	for (int i = 0; i < 20; i++)
		tick_of(r, 13000 * MS);
	assert_int_equal(m->slab.used, 0);
	assert_int_equal(m->texts.n, 0);
	rig_free(r);
}

static void tables_join_hosts_and_ports(void **state)
{
	struct rig *r = rig_of(&pair);
	host(r, 1, 1000, 100000);
	struct if_counters c = port_of(1000, 10);
	port_counters(r, 1, 10500, &c);
	sample(r, 1, 1, 7777, 5, 3, 1000);
	tick(r);
	struct metric_column col[4];
	struct err_msg msg = {0};
	struct metric_scan s;
	static const char *const tokens[] = {"host_name", "ifname", "null:ifinoctets", "pair"};
	for (int i = 0; i < 4; i++)
		assert_int_equal(metric_column_parse(tokens[i], &col[i], &msg), 0);
	struct metric_request q = {
		.column = col, .n_columns = 4, .whole = true, .inherit = true, .keys = true};
	scan_of(r, &q, &s);
	assert_int_equal(page.n_rows, 1);
	const struct metric_cell *cell = page.row[0].cell;
	assert_int_equal(page.row[0].n_cells, 4);
	assert_string_equal(cell[0].text, "web1");
	assert_string_equal(cell[1].text, "swp5");
	assert_int_equal(cell[2].kind, METRIC_NONE); // one sample makes no rate
	assert_true(cell[3].flow);
	assert_int_equal(cell[3].n_keys, 1);
	assert_string_equal(cell[3].key[0].key, "10.0.0.3,10.1.0.1");
	assert_string_equal(page.row[0].source, "5");
	q.n_columns = 1; // only 2.1 itself says it
	scan_of(r, &q, &s);
	assert_int_equal(page.n_rows, 1);
	assert_string_equal(page.row[0].source, "2.1");
	rig_free(r);
}

// What all definitions may list together is shared: each has room, however much each wants.
static void all_definitions_have_room(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	struct settings set = settings_of(&pair);
	set.n_specs = 6;
	for (unsigned i = 0; i < 6; i++) {
		set.spec[i] = pair;
		set.spec[i].name = names[i];
		set.spec[i].n = 4096;
	}
	struct rig *r = rig_new(&set);
	for (uint32_t i = 1; i <= 50; i++)
		sample(r, 1, 1, i, 5, (uint16_t)i, 1000 + i);
	tick(r);
	const struct metric_request q = {.keys = true};
	static struct metric_scan s;
	scan_of(r, &q, &s);
	assert_int_equal(page.n_rows, 1);
	assert_int_equal(page.row[0].n_cells, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_string_equal(page.row[0].cell[i].name, names[i]);
		assert_int_equal(page.row[0].cell[i].n_keys, 50);
		assert_string_equal(page.row[0].cell[i].key[0].key, "10.0.0.50,10.1.0.1");
	}
	rig_free(r);
}

static void leaving(struct rig *r, uint32_t sequence, uint16_t src, uint32_t bytes)
{
	uint8_t h[42] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 200};
	memcpy(h + 26, (const uint8_t[]){10, 0, (uint8_t)(src >> 8), (uint8_t)src, 10, 1, 0, 1}, 8);
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .input = 6,
				       .output = 5};
	struct shot s;
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, bytes, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 1, &s, 10 * MS);
}

// Of a port that samples both directions more flows are looked at than are listed: what is not
// listed takes no room from the texts of a page.
static void only_what_is_listed_is_written(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[0].keys = "ipsource,ipdestination,macsource,macdestination";
	set.spec[0].fs = " ................................ ";
	set.spec[0].n = 800;
	set.bank_entries = set.store_entries = 16384;
	struct rig *r = rig_new(&set);
	for (uint32_t i = 1; i <= 2400; i++)
		sample(r, 1, 1, i, 5, (uint16_t)i, 1000 + i);
	// In sum the largest, though the smaller in either direction.
	sample(r, 1, 1, 2401, 5, 3000, 2000);
	leaving(r, 2402, 3000, 2001);
	tick(r);
	const struct metric_request q = {.keys = true};
	static struct metric_scan s;
	scan_of(r, &q, &s);
	while (page.n_rows == 0) // slice by slice
		assert_true(metric_scan_next(r->analyzer, &s, &page));
	assert_int_equal(page.n_rows, 1);
	assert_string_equal(page.row[0].source, "5");
	const struct metric_cell *c = &page.row[0].cell[0];
	assert_int_equal(c->n_keys, 800);
	assert_memory_equal(c->key[0].key, "10.0.11.184 ", 12);
	size_t texts = 0;
	for (uint32_t i = 0; i < c->n_keys; i++) {
		assert_true(strlen(c->key[i].key) >= 100);
		assert_true(i == 0 || c->key[i].value <= c->key[i - 1].value);
		texts += strlen(c->key[i].key) + 1;
	}
	assert_true(page.n_text < texts + 100); // a name, a number
	rig_free(r);
}

// A pick may hold nothing but a flow whose other direction, which stands for both, is not in it.
static void a_flow_of_two_directions_needs_the_larger(void **state)
{
	struct rig *r = rig_of(&pair);
	sample(r, 1, 1, 1, 5, 300, 2000);
	leaving(r, 2, 300, 1000);
	tick(r);
	const struct metric_pick all = {.wanted = 5, .room = 15};
	struct metric_pick pick = all;
	uint32_t best[15], left = UINT32_MAX;
	const struct store *store = &r->analyzer->set.flow[0]->store;
	row_pick_begin(r->analyzer, 1, &pick, best);
	assert_true(store_pick_step(store, &pick.pick, &left));
	store_pick_end(store, &pick.pick);
	assert_int_equal(pick.pick.n, 2);
	const struct row_reader reader = {.a = r->analyzer, .port = 1, .pick = &pick, .n_picks = 1};
	struct row_value v;
	assert_true(row_flow_value(&reader, 0, &v));
	assert_true(v.flow && v.value.kind == METRIC_NUMBER);
	pick.pick.n = 1;
	best[0] = best[1];
	assert_false(row_flow_value(&reader, 0, &v));
	assert_int_equal(v.value.kind, METRIC_NONE);
	assert_false(v.flow);
	rig_free(r);
}

static size_t filtered(struct rig *r, const char *metric, const char *const *pattern, size_t n)
{
	struct metric_filter f = {.pattern = pattern, .n = n};
	struct err_msg msg = {0};
	struct metric_scan s;
	assert_int_equal(metric_column_parse(metric, &f.column, &msg), 0);
	const struct metric_request q = {.filter = &f, .n_filters = 1, .labels = true};
	scan_of(r, &q, &s);
	return page.n_rows;
}

static void filters_choose_rows(void **state)
{
	static const char *const any[] = {"*"}, *const linux_[] = {"windows", "linux"},
				 *const two[] = {"x", "1e9"}, *const glob[] = {"w*b?", "w*1"};
	struct rig *r = rig_of(&pair);
	host(r, 1, 1000, 100000);
	struct if_counters c = port_of(1000, 10);
	port_counters(r, 1, 10500, &c);
	assert_int_equal(filtered(r, "os_name", linux_, 2), 2); // inherited by the port
	assert_int_equal(filtered(r, "os_name", linux_, 1), 0);
	assert_int_equal(filtered(r, "ifspeed", two, 2), 1);
	assert_string_equal(page.row[0].label[METRIC_LABEL_HOST], "web1");
	assert_string_equal(page.row[0].label[METRIC_LABEL_IFNAME], "swp5");
	assert_int_equal(filtered(r, "host_name", glob, 2), 2);
	assert_int_equal(filtered(r, "cpu_num", any, 1), 1); // numbers are not inherited
	rig_free(r);
}

// Names that people gave: of agent 1 and its port 5, which runs at 2 Gbit/s.
static struct names *said(void)
{
	struct names *n = names_new();
	struct err_msg msg = {0};
	const struct addr agent = agent_addr(1);
	names_add(n, &(struct names_row){.agent = agent, .name = "leaf1"});
	names_add(n, &(struct names_row){.agent = agent,
					 .is_port = true,
					 .ifindex = 5,
					 .name = "uplink",
					 .speed = 2000000000});
	assert_int_equal(names_seal(n, &msg), 0);
	return n;
}

// Counters of port 5 that tell neither its name nor its speed.
static void dumb_counters(struct rig *r, uint32_t sequence, uint64_t octets)
{
	struct if_counters c = port_of(octets, 10);
	struct shot s;
	c.if_speed = 0;
	shot_counters(&s,
		      (struct from){.agent = 1, .sequence = sequence, .uptime = 1000 * sequence}, 0,
		      5);
	encode_if_counters(&s.e, &c);
	fire_counters(r, 0, &s);
	tick_of(r, 1000 * MS);
}

static uint64_t age_of(struct rig *r, const char *name)
{
	struct metric_names n = {.seen = calloc(METRIC_NAMES, sizeof(struct metric_seen))};
	uint64_t time = 0;
	while (metric_names_next(r->analyzer, &n))
		;
	for (uint32_t i = 0; i < n.n; i++)
		if (strcmp(n.seen[i].name, name) == 0)
			time = n.seen[i].time;
	free(n.seen);
	return time;
}

// No row is missing because the telemetry lacks a name.
static void people_name_rows(void **state)
{
	static const char *const uplink[] = {"up*"}, *const leaf[] = {"leaf1"},
				 *const two[] = {"2000000000"};
	struct rig *r = rig_of(&pair);
	dumb_counters(r, 1, 1000000);
	dumb_counters(r, 2, 26000000);
	assert_true(absent(r, "ifname") && absent(r, "ifinutilization"));
	assert_float_equal(number(r, "ifspeed"), 0, 0);
	assert_int_equal(age_of(r, "ifname"), 0);
	assert_null(analyzer_set_names(r->analyzer, said()));
	assert_string_equal(text(r, "ifname"), "uplink");
	assert_float_equal(number(r, "ifspeed"), 2e9, 0);
	assert_float_equal(number(r, "ifinutilization"), 10, 1e-12);
	assert_float_equal(number(r, "ifoututilization"), 20, 1e-12);
	assert_int_not_equal(age_of(r, "ifinutilization"), 0);
	assert_int_equal(age_of(r, "ifname"), cell_of(r, "ifinoctets").time);
	assert_true(metric_agent_known(r->analyzer, "leaf1"));
	assert_int_equal(filtered(r, "ifname", uplink, 1), 1);
	assert_string_equal(page.row[0].label[METRIC_LABEL_HOST], "leaf1");
	assert_string_equal(page.row[0].label[METRIC_LABEL_IFNAME], "uplink");
	unsigned names = 0, speeds = 0;
	for (uint32_t i = 0; i < page.row[0].n_cells; i++) {
		names += strcmp(page.row[0].cell[i].name, "ifname") == 0;
		speeds += strcmp(page.row[0].cell[i].name, "ifspeed") == 0;
	}
	assert_int_equal(names, 1);
	assert_int_equal(speeds, 1);
	assert_int_equal(filtered(r, "ifspeed", two, 1), 1);
	assert_int_equal(filtered(r, "host_name", leaf, 1), 1);
	// What a port inherits is no row of its own.
	assert_true(absent(r, "host_name"));
	// The telemetry goes before.
	struct if_counters c = port_of(51000000, 10);
	port_counters(r, 3, 3000, &c);
	assert_string_equal(text(r, "ifname"), "swp5");
	assert_float_equal(number(r, "ifinutilization"), 20, 1e-12);
	assert_float_equal(number(r, "ifspeed"), 1e9, 0);
	names_free(analyzer_set_names(r->analyzer, NULL));
	rig_free(r);
}

static void columns_are_parsed(void **state)
{
	struct metric_column c;
	struct err_msg msg = {0};
	assert_int_equal(metric_column_parse("sort:null:q3:2.1.load_one:-10", &c, &msg), 0);
	assert_true(c.sort && c.optional && c.keep == -10 && c.aggregate == METRIC_Q3);
	assert_int_equal(c.source_len, 3);
	assert_memory_equal(c.source, "2.1", 3);
	assert_int_equal(c.name_len, 8);
	assert_memory_equal(c.name, "load_one", 8);
	assert_int_equal(metric_column_parse("load_one", &c, &msg), 0);
	assert_true(c.source == NULL && c.aggregate == METRIC_MAX && !c.sort);
	static const char *const bad[] = {"",     "2.1.",     "best:load_one",
					  "max:", "sort:x:y", "sort:x:"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(metric_column_parse(bad[i], &c, &msg), ERR_INVALID);
	assert_true(metric_glob("a*b*c", "aXbYbc", 6));
	assert_false(metric_glob("a*b*c", "aXbYb", 5));
	assert_true(metric_glob("**", "", 0));
	assert_false(metric_glob("", "a", 1));
}

static double statistic_of(enum metric_aggregate aggregate, const double *values, size_t n)
{
	struct statistic s = {.aggregate = aggregate};
	const struct metric_row row = {.source = "5"};
	for (size_t i = 0; i < n; i++) {
		const struct metric_cell cell = {
			.kind = METRIC_NUMBER, .number = values[i], .time = i};
		assert_int_equal(statistic_add(&s, &cell, &row), 0);
	}
	assert_true(statistic_end(&s));
	assert_int_equal(s.n, n);
	const double value = s.value;
	statistic_free(&s);
	return value;
}

static void statistics(void **state)
{
	static const double v[] = {4, 1, 3, 2, 10};
	static const double expected[METRIC_AGGREGATES] = {
		[METRIC_MAX] = 10, [METRIC_MIN] = 1,  [METRIC_SUM] = 20,
		[METRIC_AVG] = 4,  [METRIC_VAR] = 10, [METRIC_SDEV] = 3.1622776601683795,
		[METRIC_MED] = 3,  [METRIC_Q1] = 2,   [METRIC_Q2] = 3,
		[METRIC_Q3] = 4,   [METRIC_IQR] = 2,  [METRIC_ANY] = 4,
	};
	for (int i = 0; i < METRIC_AGGREGATES; i++)
		assert_float_equal(statistic_of((enum metric_aggregate)i, v, 5), expected[i],
				   1e-12);
	struct statistic none = {.aggregate = METRIC_AVG};
	assert_false(statistic_end(&none));
}

static void names_have_ages(void **state)
{
	struct rig *r = rig_of(&pair);
	host(r, 1, 1000, 100000);
	custom(r, 20000, "web1", 5);
	sample(r, 1, 1, 7777, 5, 3, 1000);
	tick(r);
	struct metric_names n = {.seen = calloc(METRIC_NAMES, sizeof(struct metric_seen))};
	while (metric_names_next(r->analyzer, &n))
		;
	int found = 0;
	for (uint32_t i = 0; i < n.n; i++) {
		const char *name = n.seen[i].name;
		if (strcmp(name, "load_one") == 0 || strcmp(name, "heat") == 0 ||
		    strcmp(name, "pair") == 0)
			found += n.seen[i].time != 0;
		if (strcmp(name, "load_five") == 0 || strcmp(name, "ifspeed") == 0)
			assert_int_equal(n.seen[i].time, 0);
	}
	assert_int_equal(found, 3);
	free(n.seen);
	rig_free(r);
}

static void slab_gives_pages_back(void **state)
{
	static uint32_t h[1000];
	struct carve c = {0};
	struct slab s;
	slab_layout(&s, &c, 10 * SLAB_PAGE);
	c = (struct carve){.base = zeroed(c.used)};
	void *mem = c.base;
	slab_layout(&s, &c, 10 * SLAB_PAGE);
	for (uint32_t size = 1; size <= SLAB_PAGE; size = size * 3 / 2 + 1) {
		uint32_t n = 0;
		while (n < 1000 && (h[n] = slab_take(&s, size)) != 0) {
			assert_true(slab_block_size(&s, h[n]) >= size);
			memset(slab_at(&s, h[n]), 0x5a, size);
			n++;
		}
		const uint32_t units = (size + SLAB_UNIT - 1) / SLAB_UNIT;
		const uint32_t room = 10 * (SLAB_PAGE / SLAB_UNIT / units);
		assert_int_equal(n, room < 1000 ? room : 1000);
		for (uint32_t i = 0; i < n; i += 2)
			slab_give(&s, h[i]);
		for (uint32_t i = 0; i < n; i += 2)
			h[i] = slab_take(&s, size);
		for (uint32_t i = n; i-- > 0;) {
			assert_int_not_equal(h[i], 0);
			slab_give(&s, h[i]);
		}
		assert_int_equal(s.used, 0);
	}
	assert_int_equal(slab_take(&s, SLAB_PAGE + 1), 0);
	free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_follow_the_agents_clock),
		cmocka_unit_test(counters_wrap_or_are_reset),
		cmocka_unit_test(restarts_begin_anew),
		cmocka_unit_test(duplicates_change_nothing),
		cmocka_unit_test(hosts_have_percentages),
		cmocka_unit_test(containers_are_named),
		cmocka_unit_test(custom_metrics_are_metrics),
		cmocka_unit_test(silence_is_forgotten),
		cmocka_unit_test(full_is_counted),
		cmocka_unit_test(tables_join_hosts_and_ports),
		cmocka_unit_test(all_definitions_have_room),
		cmocka_unit_test(only_what_is_listed_is_written),
		cmocka_unit_test(a_flow_of_two_directions_needs_the_larger),
		cmocka_unit_test(filters_choose_rows),
		cmocka_unit_test(people_name_rows),
		cmocka_unit_test(columns_are_parsed),
		cmocka_unit_test(statistics),
		cmocka_unit_test(names_have_ages),
		cmocka_unit_test(slab_gives_pages_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
