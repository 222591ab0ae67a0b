// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The parts of weirctl that need no collector: losses, numbers, the table, JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed_fixture.h"
#include "format.h"
#include "jsonline.h"
#include "loss.h"
#include "missed.h"
#include "view.h"

static void gaps_are_losses(void **state)
{
	(void)state;
	struct loss l = {0};
	assert_int_equal(loss_message(&l, 1, "flow.a", 17), 0); // we came late
	assert_int_equal(loss_message(&l, 1, "flow.a", 18), 0);
	assert_int_equal(loss_message(&l, 1, "flow.b", 3), 0);
	assert_int_equal(loss_message(&l, 1, "flow.a", 21), 2);
	assert_int_equal(loss_message(&l, 1, "flow.a", 23), 3);
	assert_int_equal(l.total, 3);
	loss_free(&l);
}

static void a_list_tells_what_no_message_did(void **state)
{
	(void)state;
	struct loss l = {0};
	loss_message(&l, 1, "event.a", 2);
	loss_topic(&l, "event.a", 4); // two were lost, and nothing came since
	loss_topic(&l, "event.b", 9); // before our time
	loss_listed(&l);
	assert_int_equal(l.total, 2);
	assert_int_equal(loss_message(&l, 1, "event.a", 5), 2);
	assert_int_equal(loss_message(&l, 1, "event.b", 10), 0);
	// Not on the list: it began since, so its first two are lost.
	assert_int_equal(loss_message(&l, 1, "event.c", 3), 2);
	loss_topic(&l, "event.d", 1);
	assert_int_equal(l.total, 5);
	loss_free(&l);
}

// Its definition went: when the name comes back, it counts from 1, and nobody takes that for a
// collector that started anew.
static void what_is_listed_no_more_is_forgotten(void **state)
{
	(void)state;
	struct loss l = {0};
	loss_message(&l, 1, "flow.a", 7);
	loss_message(&l, 1, "flow.b", 7);
	loss_message(&l, 1, "stats", 3);
	loss_topic(&l, "flow.a", 9);
	loss_topic(&l, "flow.b", 7);
	loss_listed(&l);
	assert_int_equal(l.total, 2);
	loss_message(&l, 1, "stats", 4);
	loss_topic(&l, "flow.b", 7);
	loss_listed(&l);
	assert_int_equal(l.n_topics, 2); // flow.b, stats
	assert_int_equal(loss_message(&l, 1, "flow.a", 1), 0);
	assert_int_equal(loss_message(&l, 1, "flow.b", 9), 1);
	assert_int_equal(loss_message(&l, 1, "stats", 6), 1);
	loss_free(&l);
}

static void a_new_run_begins_anew(void **state)
{
	(void)state;
	struct loss l = {0};
	loss_message(&l, 1, "stats", 5);
	loss_listed(&l);
	loss_message(&l, 1, "stats", 7);
	assert_int_equal(l.total, 1);
	assert_int_equal(loss_message(&l, 2, "stats", 100), 0);
	assert_int_equal(loss_message(&l, 2, "stats", 1), 0); // replays all have run 0
	assert_int_equal(loss_message(&l, 2, "stats", 3), 1);
	assert_int_equal(l.total, 2);
	loss_free(&l);
}

static const char *si(double v)
{
	static char text[32];
	struct strbuf b = strbuf_of(text, sizeof(text));
	format_si(&b, v);
	return text;
}

static void numbers_have_three_digits(void **state)
{
	(void)state;
	assert_string_equal(si(0), "0");
	assert_string_equal(si(0.25), "0.25");
	assert_string_equal(si(1), "1.00");
	assert_string_equal(si(9.994), "9.99");
	assert_string_equal(si(9.996), "10.0");
	assert_string_equal(si(99.96), "100");
	assert_string_equal(si(999.4), "999");
	assert_string_equal(si(999.6), "1.00k");
	assert_string_equal(si(554.2e6), "554M");
	assert_string_equal(si(-1.1e9), "-1.10G");
	assert_string_equal(si(5e21), "5000E");
	assert_string_equal(si((double)INFINITY), "-");
}

static void durations_have_units(void **state)
{
	(void)state;
	char text[32];
	struct strbuf b = strbuf_of(text, sizeof(text));
	format_duration(&b, 8000);
	strbuf_char(&b, ' ');
	format_duration(&b, 1234567);
	strbuf_char(&b, ' ');
	format_duration(&b, 2500000000);
	assert_string_equal(text, "8.0 us 1.23 ms 2.50 s");
}

// A message as a subscriber gets it.
static ProtobufCMessage *over_the_wire(const ProtobufCMessage *m)
{
	const size_t size = protobuf_c_message_get_packed_size(m);
	uint8_t *bytes = malloc(size);
	protobuf_c_message_pack(m, bytes);
	ProtobufCMessage *copy = protobuf_c_message_unpack(m->descriptor, NULL, size, bytes);
	free(bytes);
	return copy;
}

static const struct message_head head = {.run = 1, .tick = 247, .time = FIXTURE_TIME};

static Weir__FlowSet *flow_set(const struct program *p, unsigned n, const char *agent_name)
{
	struct arena a = {0};
	struct flow_row rows[16];
	for (unsigned i = 0; i < n; i++) {
		rows[i] = fixture_pair(p, i);
		snprintf(rows[i].agent_name, sizeof(rows[i].agent_name), "%s", agent_name);
	}
	Weir__FlowSet *m = message_flow_set(&a, &head,
					    &(struct message_flows){
						    .def = &p->def[FIXTURE_PAIR],
						    .rows = rows,
						    .n_rows = n,
						    .summary = fixture_summary(),
					    });
	m = (Weir__FlowSet *)over_the_wire(&m->base);
	arena_free(&a);
	return m;
}

static Weir__Event *event(const struct program *p, uint64_t id)
{
	struct arena a = {0};
	const struct flow_row row = fixture_pair(p, 0);
	const struct threshold_event e = fixture_event(id, "big", &row);
	Weir__Event *m = message_event(&a, &head, &p->def[FIXTURE_PAIR], &e);
	m = (Weir__Event *)over_the_wire(&m->base);
	arena_free(&a);
	return m;
}

static Weir__Stats *stats(const struct program *p)
{
	struct arena a = {0};
	struct stats counters = {0};
	stats_add(&counters, STAT_rx_datagrams, 120);
	stats_add(&counters, STAT_used_datagrams, 110);
	stats_add(&counters, STAT_datagram_short, 7);
	stats_add(&counters, STAT_datagram_duplicate, 2);
	const struct message_worker worker = {.input = "replay", .stats = &counters};
	const struct message_input input = {.name = "replay", .missed = 3, .kernel_drops = 4};
	const struct message_stats in = {
		.program = p,
		.workers = &worker,
		.n_workers = 1,
		.inputs = &input,
		.n_inputs = 1,
		.analyzer = {.agents = 4, .sources = 16},
	};
	const struct message_publisher publisher = {0};
	Weir__Stats *m = message_stats(&a, &head, &in, &publisher, NULL, 0);
	m = (Weir__Stats *)over_the_wire(&m->base);
	arena_free(&a);
	return m;
}

// What view_write() makes of made-up results.
struct fixture {
	struct program *program;
	Weir__FlowSet *sets[2];
	Weir__Event *events[2];
	Weir__Stats *stats;
	struct view view;
};

static struct fixture make_fixture(unsigned n_rows, const char *agent_name)
{
	struct fixture f = {.program = fixture_program()};
	for (unsigned i = 0; i < 2; i++) {
		f.sets[i] = flow_set(f.program, n_rows, agent_name);
		f.events[i] = event(f.program, i + 1);
	}
	f.stats = stats(f.program);
	f.view = (struct view){
		.url = "ipc:///feed",
		.connected = true,
		.stats = f.stats,
		.lost = 2,
	};
	return f;
}

static void free_fixture(struct fixture *f)
{
	for (unsigned i = 0; i < 2; i++) {
		weir__flow_set__free_unpacked(f->sets[i], NULL);
		weir__event__free_unpacked(f->events[i], NULL);
	}
	weir__stats__free_unpacked(f->stats, NULL);
	program_free(f->program);
}

static char *show(struct fixture *f, unsigned n_sets, unsigned n_events, struct screen_size size)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	f->view.sets = f->sets;
	f->view.n_sets = n_sets;
	f->view.events = f->events;
	f->view.n_events = n_events;
	view_write(out, &f->view, size);
	fclose(out);
	return text;
}

static void table_shows_all_of_it(void **state)
{
	(void)state;
	struct fixture f = make_fixture(3, "leaf1");
	char *text = show(&f, 1, 1, (struct screen_size){0});
	assert_int_equal(strncmp(text, "weir ", 5), 0);
	assert_string_equal(
		strstr(text, "2015"),
		"2015-03-13 10:00:24.7  lost here 2  agents 4  sources 16  ipc:///feed\n"
		"\n"
		"pair  ipsource,ipdestination  filter ipprotocol=6  t=2s\n"
		"  total 2.40G bit/s  tracked 2.16G (90%)  floor 80.0k  entries 900/65536"
		"  evicted 3\n"
		"    bit/s      +/-  n_eff  agent  port      key\n"
		"     800M    8.00M    204  leaf1  swp0      10.0.0.0,10.0.1.0\n"
		"    ~400M    8.00M    204  leaf1  swp1/out  10.0.0.1,10.0.1.1\n"
		"     267M    8.00M    204  leaf1  swp2      10.0.0.2,10.0.1.2\n"
		"\n"
		"10:00:24.7 #1 big: pair 800M +/- 8.00M >= 400M bit/s  leaf1 swp0"
		"  10.0.0.0,10.0.1.0\n"
		"\n"
		"frames 0 = 0 used + 0\n"
		"datagrams 120 = 110 used + 9: short 7, duplicate 2 (+ 1 in work)\n"
		"samples 0 = 0 used + 0\n"
		"records 0 = 0 used + 0\n"
		"lost before: NIC 3, no buffer 0, kernel 4\n");
	free(text);
	free_fixture(&f);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

// Whatever the height, the table fits, and shows the first flows of what it shows.
static void table_fits_any_height(void **state)
{
	(void)state;
	struct fixture f = make_fixture(16, "leaf1");
	for (size_t rows = 9; rows < 70; rows++) {
		char *text = show(&f, 2, 2, (struct screen_size){.columns = 100, .rows = rows});
		assert_true(count(text, "\n") <= rows);
		assert_true(count(text, "10.0.0.0,10.0.1.0\n") >= 1);
		assert_true(rows < 60 || count(text, "10.0.0.15,10.0.1.15\n") == 2);
		free(text);
	}
	free_fixture(&f);
}

static void table_leaves_out_columns(void **state)
{
	(void)state;
	struct fixture f =
		make_fixture(1, "an agent with a name that is much too long for a table");
	char *wide = show(&f, 1, 0, (struct screen_size){.columns = 120, .rows = 24});
	char *narrow = show(&f, 1, 0, (struct screen_size){.columns = 79, .rows = 24});
	assert_non_null(strstr(wide, "n_eff"));
	assert_null(strstr(narrow, "n_eff"));
	assert_non_null(strstr(wide, "an agent with a name tha  swp0"));
	free(wide);
	free(narrow);
	free_fixture(&f);
}

static void terminal_gets_no_escapes(void **state)
{
	(void)state;
	struct fixture f = make_fixture(1, "x\x1b]0;pwned\x07\xc2\x9b");
	format_make_printable(&f.sets[0]->base);
	char *text = show(&f, 1, 0, (struct screen_size){0});
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "x?]0;pwned???"));
	free(text);
	free_fixture(&f);
}

static void json_has_every_field(void **state)
{
	(void)state;
	struct fixture f = make_fixture(2, "leaf1");
	const ProtobufCMessage *const messages[] = {&f.sets[0]->base, &f.events[0]->base,
						    &f.stats->base};
	for (unsigned i = 0; i < 3; i++) {
		json_t *json = jsonline_of(messages[i]);
		const ProtobufCMessageDescriptor *d = messages[i]->descriptor;
		assert_int_equal(json_object_size(json), d->n_fields);
		for (unsigned k = 0; k < d->n_fields; k++)
			assert_non_null(json_object_get(json, d->fields[k].name));
		json_decref(json);
	}
	f.sets[0]->floor = (double)NAN;
	json_t *json = jsonline_of(&f.sets[0]->base);
	const json_t *flow = json_array_get(json_object_get(json, "flows"), 1);
	const json_t *part = json_array_get(json_object_get(flow, "parts"), 1);
	assert_true(json_is_null(json_object_get(json, "floor")));
	assert_true(json_real_value(json_object_get(flow, "value")) == 5e7);
	assert_string_equal(json_string_value(json_object_get(part, "value")), "0a000101");
	assert_string_equal(json_string_value(json_object_get(part, "kind")), "KIND_IP4");
	assert_true(json_integer_value(json_object_get(json, "time")) == (json_int_t)FIXTURE_TIME);
	json_decref(json);
	free_fixture(&f);
}

static void nobody_is_shown(void *ctx, const Weir__Event *event)
{
	fail();
}

// Its queue is full and nobody takes from it: further attempts are dropped, as by a filter.
static void a_filtered_replay_is_given_up(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(in);
	struct err_msg msg = {0};
	char feed[64];
	uint64_t last = 0;
	int fill[4];
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	for (unsigned i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&in, len);
	}
	snprintf(feed, sizeof(feed), "tcp://127.0.0.1:%u", ntohs(in.sin_port) - 1u);
	const time_t start = time(NULL);
	assert_int_equal(missed_events(feed, NULL, &last, nobody_is_shown, NULL, &msg), ERR_IO);
	assert_in_range(time(NULL) - start, 0, 20);
	assert_non_null(strstr(msg.text, "imed out"));
	for (unsigned i = 0; i < 4; i++)
		close(fill[i]);
	close(fd);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_losses),
		cmocka_unit_test(a_list_tells_what_no_message_did),
		cmocka_unit_test(what_is_listed_no_more_is_forgotten),
		cmocka_unit_test(a_new_run_begins_anew),
		cmocka_unit_test(numbers_have_three_digits),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(table_shows_all_of_it),
		cmocka_unit_test(table_fits_any_height),
		cmocka_unit_test(table_leaves_out_columns),
		cmocka_unit_test(terminal_gets_no_escapes),
		cmocka_unit_test(json_has_every_field),
		cmocka_unit_test(a_filtered_replay_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
