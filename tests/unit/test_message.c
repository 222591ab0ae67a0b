// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Results as messages, compared with the bytes that subscribers were built against: the files
// tests/data/feed/*.hex. `test_message --write DIR` makes them anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "feed_fixture.h"

static const struct message_head head = {
	.run = 77,
	.tick = 12,
	.time = FIXTURE_TIME - 1000000000,
	.offset = 1000000000,
};

static struct program *program;

static Weir__FlowSet *pair_set(struct arena *a)
{
	const struct flow_row rows[] = {fixture_pair(program, 0), fixture_pair(program, 1)};
	struct flow_row *kept = arena_array(a, 2, sizeof(*kept));
	memcpy(kept, rows, sizeof(rows));
	return message_flow_set(a, &head,
				&(struct message_flows){
					.def = &program->def[FIXTURE_PAIR],
					.rows = kept,
					.n_rows = 2,
					.summary = fixture_summary(),
					.interval = 1000000000,
				});
}

static Weir__FlowSet *port_set(struct arena *a)
{
	const struct flow_row rows[] = {fixture_port(program, true), fixture_port(program, false)};
	struct flow_row *kept = arena_array(a, 2, sizeof(*kept));
	memcpy(kept, rows, sizeof(rows));
	return message_flow_set(a, &head,
				&(struct message_flows){
					.def = &program->def[FIXTURE_PORT],
					.rows = kept,
					.n_rows = 2,
				});
}

static Weir__Event *event(struct arena *a)
{
	struct flow_row *row = arena_alloc(a, sizeof(*row));
	*row = fixture_pair(program, 3);
	struct threshold_event e = fixture_event(9, "big", row);
	e.time = head.time;
	return message_event(a, &head, &program->def[FIXTURE_PAIR], &e);
}

static Weir__CompletedSet *completed(struct arena *a)
{
	struct completed_row *rows = arena_array(a, 2, sizeof(*rows));
	rows[0] = fixture_completed(program, 0);
	rows[1] = fixture_completed(program, 1);
	return message_completed(a, &head, &program->def[FIXTURE_PAIR], rows, 2);
}

static Weir__Final * final(struct arena *a)
{
	static struct message_topic topics[] = {{"flow.pair", 12}, {"event.big", 1}};
	return message_final(a, &head, "signal", topics, 2);
}

static const struct golden {
	const char *name;
	ProtobufCMessage *(*make)(struct arena *a);
} golden[] = {
	{"flow_set_pair", (ProtobufCMessage * (*)(struct arena *)) pair_set},
	{"flow_set_port", (ProtobufCMessage * (*)(struct arena *)) port_set},
	{"event", (ProtobufCMessage * (*)(struct arena *)) event},
	{"completed", (ProtobufCMessage * (*)(struct arena *)) completed},
	{"final", (ProtobufCMessage * (*)(struct arena *)) final},
};

enum {
	N_GOLDEN = sizeof(golden) / sizeof(golden[0]),
};

// The bytes of a message as hexadecimal digits, 32 bytes on a line.
static char *hex_of(const ProtobufCMessage *m)
{
	const size_t size = protobuf_c_message_get_packed_size(m);
	uint8_t *bytes = malloc(size);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	protobuf_c_message_pack(m, bytes);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x%s", bytes[i], i % 32 == 31 ? "\n" : "");
	fputc('\n', out);
	fclose(out);
	free(bytes);
	return text;
}

static char *read_golden(const char *name)
{
	char path[512], *text = NULL;
	size_t size = 0;
	snprintf(path, sizeof(path), "%s/%s.hex", getenv("WEIR_FEED_GOLDEN"), name);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	assert_true(getdelim(&text, &size, '\0', in) > 0);
	fclose(in);
	return text;
}

static void bytes_are_those_of_the_first_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDEN; i++) {
		struct arena a = {0};
		char *now = hex_of(golden[i].make(&a)), *then = read_golden(golden[i].name);
		assert_string_equal(now, then);
		free(now);
		free(then);
		arena_free(&a);
	}
}

static void completed_flows_say_what_they_had(void **state)
{
	(void)state;
	struct arena a = {0};
	const Weir__CompletedSet *m = completed(&a);
	assert_non_null(m);
	assert_int_equal(m->tick, 12);
	assert_string_equal(m->name, "pair");
	assert_string_equal(m->unit, "bytes"); // a total, no rate
	assert_int_equal(m->n_fields, 2);
	assert_int_equal(m->n_flows, 2);
	const Weir__CompletedFlow *c = m->flows[1];
	assert_int_equal(c->start, FIXTURE_TIME - 9000000000);
	assert_int_equal(c->end, FIXTURE_TIME + 995000000);
	assert_string_equal(c->flow->key, "10.0.0.1,10.0.1.1");
	assert_true(c->flow->value == 4e6 && c->flow->uncorrected == 0);
	assert_int_equal(c->flow->n_parts, 2);
	assert_string_equal(c->flow->data_source, "5");
	arena_free(&a);
}

static void flow_set_says_all_there_is(void **state)
{
	(void)state;
	struct arena a = {0};
	const Weir__FlowSet *m = pair_set(&a);
	assert_non_null(m);
	assert_int_equal(m->run, 77);
	assert_int_equal(m->tick, 12);
	assert_true(m->time == FIXTURE_TIME);
	assert_string_equal(m->name, "pair");
	assert_string_equal(m->unit, "bytes/s");
	assert_string_equal(m->filter, "ipprotocol=6");
	assert_int_equal(m->n_fields, 2);
	assert_string_equal(m->fields[1]->text, "ipdestination");
	assert_int_equal(m->fields[1]->kind, WEIR__KIND__KIND_IP4);
	assert_true(m->floor == 1e4 && m->total == 3e8 && m->tracked == 2.7e8);
	assert_int_equal(m->n_flows, 2);
	const Weir__Flow *f = m->flows[1];
	assert_string_equal(f->key, "10.0.0.1,10.0.1.1");
	assert_int_equal(f->parts[0]->kind, WEIR__KIND__KIND_IP4);
	assert_memory_equal(f->parts[0]->value.data, ((const uint8_t[]){10, 0, 0, 1}), 4);
	assert_string_equal(f->agent, "192.0.2.1");
	assert_string_equal(f->data_source, "5");
	assert_string_equal(f->agent_name, "leaf1");
	assert_string_equal(f->port_name, "swp1");
	assert_int_equal(f->direction, WEIR__DIRECTION__DIRECTION_EGRESS);
	assert_true(f->value == 5e7 && f->error == 1e6 && f->inherited == 2e6);
	assert_true(f->last == FIXTURE_TIME + 1000000000 - 5000000);
	arena_free(&a);
}

static void absent_parts_have_no_bytes(void **state)
{
	(void)state;
	struct arena a = {0};
	const Weir__FlowSet *m = port_set(&a);
	assert_string_equal(m->fields[1]->text, "null:vlan:none");
	assert_string_equal(m->fields[1]->name, "vlan");
	assert_true(m->fields[1]->optional && !m->fields[0]->optional);
	assert_int_equal(m->fields[2]->bits, 9);
	const Weir__Flow *with = m->flows[0], *without = m->flows[1];
	assert_string_equal(with->key, "020000000001_SEP_42_SEP_000010010");
	assert_int_equal(with->parts[1]->kind, WEIR__KIND__KIND_UINT);
	assert_int_equal(with->parts[1]->value.len, 2);
	assert_int_equal(with->parts[1]->value.data[1], 42);
	assert_string_equal(without->key, "020000000001_SEP_none_SEP_000010010");
	assert_int_equal(without->parts[1]->kind, WEIR__KIND__KIND_ABSENT);
	assert_int_equal(without->parts[1]->value.len, 0);
	assert_string_equal(with->agent, "2001:DB8::1");
	assert_string_equal(with->data_source, "2.1");
	assert_int_equal(with->n_values, 2);
	arena_free(&a);
}

// Names are what somebody sent; protobuf wants UTF-8.
static void names_become_utf8(void **state)
{
	(void)state;
	struct arena a = {0};
	struct flow_row row = fixture_pair(program, 0);
	strcpy(row.agent_name, "le\xff"
			       "f");
	strcpy(row.port_name, "\xc3\xa9th0");
	const struct message_flows flows = {
		.def = &program->def[FIXTURE_PAIR], .rows = &row, .n_rows = 1};
	const Weir__FlowSet *m = message_flow_set(&a, &head, &flows);
	assert_string_equal(m->flows[0]->agent_name, "le?f");
	assert_string_equal(m->flows[0]->port_name, "\xc3\xa9th0");
	arena_free(&a);
}

static void stats_name_every_counter(void **state)
{
	(void)state;
	struct arena a = {0};
	struct stats stats[2] = {0};
	stats_add(&stats[0], STAT_rx_datagrams, 10);
	stats_add(&stats[1], STAT_rx_datagrams, 5);
	stats_add(&stats[0], STAT_used_datagrams, 9);
	stats_add(&stats[1], STAT_used_datagrams, 4);
	stats_add(&stats[1], STAT_datagram_short, 1);
	const struct message_worker workers[] = {{1, "port 0 queue 0", &stats[0]},
						 {2, "port 0 queue 1", &stats[1]}};
	const struct threshold_row threshold = {.name = "big", .metric = "pair", .value = 5e7};
	struct message_stats in = {
		.program = program,
		.thresholds = &threshold,
		.n_thresholds = 1,
		.workers = workers,
		.n_workers = 2,
		.analyzer = {.agents = 4},
	};
	static struct unknown_tags unknown;
	const struct addr agent = addr_ip4((const uint8_t[]){192, 0, 2, 1});
	unknown_add(&unknown, RECORD_FLOW,
		    &(struct sflow_record){
			    .tag = SFLOW_TAG(99, 2), .len = 3, .body = (const uint8_t *)"abc"},
		    &agent);
	unknown.n_other = 8;
	in.unknown = &unknown;
	const struct message_publisher publisher = {.subscribers = 3};
	const Weir__Stats *m = message_stats(&a, &head, &in, &publisher, NULL, 0);
	assert_int_equal(m->n_counters, N_STATS);
	assert_int_equal(m->n_total, N_STATS);
	assert_string_equal(m->counters[STAT_rx_datagrams]->name, "rx_datagrams");
	assert_int_equal(m->counters[STAT_rx_datagrams]->role, WEIR__ROLE__ROLE_RECEIVED);
	assert_int_equal(m->total[STAT_rx_datagrams], 15);
	assert_int_equal(m->n_workers, 2);
	assert_int_equal(m->workers[1]->values[STAT_rx_datagrams], 5);
	assert_int_equal(m->n_ledgers, 4);
	assert_string_equal(m->ledgers[1]->name, "datagrams");
	assert_int_equal(m->ledgers[1]->received, 15);
	assert_int_equal(m->ledgers[1]->used, 13);
	assert_int_equal(m->ledgers[1]->reasons, 1);
	assert_int_equal(m->n_flows, 2);
	assert_string_equal(m->thresholds[0]->name, "big");
	assert_int_equal(m->analyzer->agents, 4);
	assert_int_equal(m->publisher->subscribers, 3);
	assert_int_equal(m->n_unknown_records, 1);
	assert_string_equal(m->unknown_records[0]->kind, "flow");
	assert_int_equal(m->unknown_records[0]->enterprise, 99);
	assert_int_equal(m->unknown_records[0]->format, 2);
	assert_int_equal(m->unknown_records[0]->n, 1);
	assert_string_equal(m->unknown_records[0]->agent, "192.0.2.1");
	assert_int_equal(m->unknown_records[0]->length, 3);
	assert_int_equal(m->unknown_records[0]->example.len, 3);
	assert_memory_equal(m->unknown_records[0]->example.data, "abc", 3);
	assert_int_equal(m->unknown_other, 8);
	arena_free(&a);
}

static int make_program(void **state)
{
	(void)state;
	program = fixture_program();
	return program != NULL ? 0 : -1;
}

static int free_program(void **state)
{
	(void)state;
	program_free(program);
	return 0;
}

static int write_golden(const char *dir)
{
	make_program(NULL);
	for (size_t i = 0; i < N_GOLDEN; i++) {
		struct arena a = {0};
		char path[512], *text = hex_of(golden[i].make(&a));
		snprintf(path, sizeof(path), "%s/%s.hex", dir, golden[i].name);
		FILE *out = fopen(path, "w");
		if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0)
			return 1;
		free(text);
		arena_free(&a);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_golden(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_the_first_day),
		cmocka_unit_test(completed_flows_say_what_they_had),
		cmocka_unit_test(flow_set_says_all_there_is),
		cmocka_unit_test(absent_parts_have_no_bytes),
		cmocka_unit_test(names_become_utf8),
		cmocka_unit_test(stats_name_every_counter),
	};
	return cmocka_run_group_tests(tests, make_program, free_program);
}
