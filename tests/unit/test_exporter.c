// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Completed flows over a real socket: templates, sequence, who gets what, what is counted.
#include "analyzer_rig.h"
#include "ipfix_decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weir/config/config.h"
#include "weir/output/exporter.h"
#include "program/element.h"

#define LATER EXPORTER_TEMPLATES

static unsigned refuse; // so many messages: the socket's buffer is full

// In front of the one of libc.
ssize_t send(int fd, const void *data, size_t len, int flags)
{
	if (refuse == 0)
		return sendto(fd, data, len, flags, NULL, 0);
	refuse--;
	errno = EAGAIN;
	return -1;
}

struct listener {
	int fd;
	char text[32]; // "127.0.0.1:PORT"
	struct ipfix_collector c;
};

static struct listener *listen_anywhere(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(in);
	struct listener *l = calloc(1, sizeof(*l));
	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&in, &len), 0);
	snprintf(l->text, sizeof(l->text), "127.0.0.1:%u", ntohs(in.sin_port));
	return l;
}

static void listener_free(struct listener *l)
{
	close(l->fd);
	free(l);
}

// All that came; loopback hands over at once. Returns how many records.
static unsigned receive(struct listener *l)
{
	uint8_t data[65536];
	ssize_t n;
	l->c.n_records = 0;
	while ((n = recv(l->fd, data, sizeof(data), 0)) >= 0)
		collect(&l->c, data, (size_t)n);
	return l->c.n_records;
}

static struct flow_spec exported(const char *name, const char *keys, const char *to)
{
	struct flow_spec spec = pair;
	spec.name = name;
	spec.keys = keys;
	spec.ipfix = to;
	return spec;
}

// @p n flows that end now.
static void flows(struct rig *r, uint16_t n)
{
	static uint32_t sequence;
	for (uint16_t i = 0; i < n; i++, sequence++)
		sample(r, (int)(sequence % WORKERS), 1, sequence, 5, (uint16_t)(i + 1), 100);
	tick(r);
}

static void end(struct rig *r, struct exporter *x, uint64_t now)
{
	for (uint32_t d = 0; d < r->program->n_def; d++)
		while (analyzer_end_flow(r->analyzer, d))
			exporter_flows(x, r->analyzer, d, 5000000, now);
}

static struct exporter_stats sum_of(struct exporter *x)
{
	struct exporter_stats s;
	exporter_sum(x, &s);
	return s;
}

static void flows_arrive_with_their_templates(void **state)
{
	struct listener *l = listen_anywhere();
	const struct flow_spec spec = exported("a", "ipsource,null:vlan", l->text);
	struct rig *r = rig_of(&spec);
	struct exporter *x = exporter_new();
	const uint64_t start = r->now + 10 * MS; // as sample() stamps them
	exporter_program(x, r->program);
	exporter_tick(x, 0);
	assert_int_equal(receive(l), 0);
	flows(r, 60);
	end(r, x, 0);
	assert_int_equal(receive(l), 60);
	assert_int_equal(l->c.n_template_sets, 1);
	bool seen[61] = {0};
	for (unsigned i = 0; i < 60; i++) {
		const struct collected *c = &l->c.record[i];
		const uint64_t last = number_of(c, 8) & 0xff;
		assert_true(last >= 1 && last <= 60 && !seen[last]);
		seen[last] = true;
		assert_int_equal(number_of(c, 1), 100 * RATE);
		assert_int_equal(number_of(c, 152), start / MS + 5);
		assert_int_equal(number_of(c, 130), 0xc0000001); // 192.0.0.1
		assert_int_equal(number_of(c, 138), 5);
		assert_null(found(c, 243));
	}
	const struct exporter_stats s = sum_of(x);
	assert_true(s.records == 60 && s.templates == 1 && s.messages >= 2);
	exporter_free(x);
	rig_free(r);
	listener_free(l);
}

static void templates_come_again(void **state)
{
	struct listener *l = listen_anywhere();
	const struct flow_spec spec = exported("a", "ipsource", l->text);
	struct rig *r = rig_of(&spec);
	struct exporter *x = exporter_new();
	exporter_program(x, r->program);
	flows(r, 1);
	end(r, x, 100);
	assert_int_equal(receive(l), 1);
	exporter_tick(x, 100 + LATER - 1);
	receive(l);
	assert_int_equal(l->c.n_template_sets, 1);
	exporter_tick(x, 100 + LATER);
	assert_int_equal(receive(l), 0);
	assert_int_equal(l->c.n_template_sets, 2);
	assert_int_equal(l->c.n_templates, 1);
	exporter_tick(x, 100 + LATER);
	flows(r, 1);
	end(r, x, 100 + LATER);
	assert_int_equal(receive(l), 1);
	assert_int_equal(l->c.n_template_sets, 2);
	assert_int_equal(l->c.expected, 2);
	exporter_free(x);
	rig_free(r);
	listener_free(l);
}

static void a_refused_template_comes_with_the_next_record(void **state)
{
	struct listener *l = listen_anywhere();
	const struct flow_spec spec = exported("a", "ipsource", l->text);
	struct rig *r = rig_of(&spec);
	struct exporter *x = exporter_new();
	exporter_program(x, r->program);
	refuse = 1;
	flows(r, 1);
	end(r, x, 0);
	assert_int_equal(receive(l), 0);
	assert_true(sum_of(x).templates == 0 && sum_of(x).no_room == 1);
	flows(r, 1);
	end(r, x, 1);
	l->c.expected = 1; // as its sequence says
	assert_int_equal(receive(l), 1);
	assert_true(sum_of(x).templates == 1);
	// More than a message: what follows the refused one can be read.
	exporter_tick(x, LATER);
	refuse = 1;
	exporter_tick(x, 2 * LATER);
	receive(l);
	const unsigned sets = l->c.n_template_sets;
	flows(r, 60);
	refuse = 1;
	end(r, x, 2 * LATER);
	l->c.expected += (uint32_t)sum_of(x).no_room - 1;
	assert_in_range(receive(l), 1, 59);
	assert_int_equal(l->c.n_template_sets, sets + 1);
	exporter_free(x);
	rig_free(r);
	listener_free(l);
}

// Another program as the aggregator would bring it, in a rig of its own.
static void change(struct rig **r, struct exporter *x, const struct flow_spec *spec, size_t n)
{
	struct settings set = settings_of(spec);
	memcpy(set.spec, spec, n * sizeof(*spec));
	set.n_specs = n;
	struct rig *next = rig_new(&set);
	exporter_program(x, next->program);
	rig_free(*r);
	*r = next;
}

static void ids_belong_to_names_and_layouts(void **state)
{
	struct listener *l = listen_anywhere();
	struct flow_spec spec[2] = {exported("a", "ipsource", l->text),
				    exported("b", "ipsource", l->text)};
	struct rig *r = rig_of(&spec[0]);
	struct exporter *x = exporter_new();
	exporter_program(x, r->program);
	flows(r, 1);
	end(r, x, 0);
	receive(l);
	const unsigned first = l->c.record[0].template;
	// A twin of another name has another template; a filter changes none.
	spec[0].filter = "ipprotocol=17";
	change(&r, x, spec, 2);
	flows(r, 1);
	end(r, x, 0);
	assert_int_equal(receive(l), 2);
	assert_int_equal(l->c.record[0].template, first);
	assert_int_not_equal(l->c.record[1].template, first);
	assert_int_equal(l->c.n_template_sets, 2);
	// Other keys have another template, and the number of the former is not used again.
	spec[0].keys = "ipdestination";
	change(&r, x, spec, 2);
	flows(r, 1);
	end(r, x, 0);
	assert_int_equal(receive(l), 2);
	assert_int_not_equal(l->c.record[0].template, first);
	assert_int_equal(l->c.n_templates, 3);
	exporter_free(x);
	rig_free(r);
	listener_free(l);
}

static void each_collector_gets_its_own_sequence(void **state)
{
	struct listener *one = listen_anywhere(), *two = listen_anywhere();
	char both[128];
	snprintf(both, sizeof(both), "%s, %s,%s", one->text, two->text, one->text);
	struct flow_spec spec[2] = {exported("a", "ipsource", both),
				    exported("b", "ipdestination", two->text)};
	struct rig *r = rig_of(&spec[0]);
	struct exporter *x = exporter_new();
	change(&r, x, spec, 2);
	flows(r, 7);
	end(r, x, 0);
	assert_int_equal(receive(one), 7); // once, though it is named twice
	assert_int_equal(receive(two), 8);
	// Who is named no longer gets nothing; what he got is counted on.
	spec[0].ipfix = two->text;
	change(&r, x, spec, 2);
	flows(r, 3);
	end(r, x, 0);
	assert_int_equal(receive(one), 0);
	assert_int_equal(receive(two), 4);
	assert_true(sum_of(x).records == 19);
	exporter_free(x);
	rig_free(r);
	listener_free(one);
	listener_free(two);
}

// A collector that a definition names no longer gets its template no more.
static void templates_go_with_their_collector(void **state)
{
	struct listener *one = listen_anywhere(), *two = listen_anywhere();
	char both[64];
	snprintf(both, sizeof(both), "%s,%s", one->text, two->text);
	struct flow_spec spec[2] = {exported("a", "ipsource", both),
				    exported("b", "ipdestination", one->text)};
	struct rig *r = rig_of(&spec[0]);
	struct exporter *x = exporter_new();
	change(&r, x, spec, 2);
	flows(r, 1);
	end(r, x, 0);
	assert_int_equal(receive(one), 2);
	assert_int_equal(receive(two), 1);
	assert_true(sum_of(x).templates == 3);
	spec[0].ipfix = two->text;
	change(&r, x, spec, 2);
	exporter_tick(x, LATER);
	assert_true(sum_of(x).templates == 5);
	exporter_free(x);
	rig_free(r);
	listener_free(one);
	listener_free(two);
}

static void collectors_are_read_as_written(void **state)
{
	static const struct {
		const char *text, *addr;
		uint32_t port;
	} want[] = {
		{"192.0.2.9", "192.0.2.9", 4739},
		{"192.0.2.9:2055", "192.0.2.9", 2055},
		{"2001:db8::9", "2001:DB8::9", 4739},
		{"[2001:db8::9]", "2001:DB8::9", 4739},
		{"[2001:db8::9]:65535", "2001:DB8::9", 65535},
	};
	const char *list = "192.0.2.9, 192.0.2.9:2055,2001:db8::9 , [2001:db8::9],"
			   "[2001:db8::9]:65535,";
	static const char *const wrong[] = {"192.0.2.9:", "192.0.2.9:65536", "2001:db8::9:x",
					    "[192.0.2.9]", "10.0.0.1,collector.example"};
	char text[ADDR_TEXT_SIZE];
	struct addr addr;
	uint32_t port;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(config_next_collector(&list, &addr, &port), 1);
		assert_string_equal(addr_text(&addr, text), want[i].addr);
		assert_int_equal(port, want[i].port);
	}
	assert_int_equal(config_next_collector(&list, &addr, &port), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int n;
		list = wrong[i];
		while ((n = config_next_collector(&list, &addr, &port)) > 0)
			continue;
		assert_int_equal(n, ERR_INVALID);
	}
}

// Nobody listens: the kernel says so with the next message, which is none of its fault.
static void what_nobody_hears_is_sent_all_the_same(void **state)
{
	struct listener *l = listen_anywhere();
	const struct flow_spec spec[] = {exported("a", "ipsource", l->text),
					 exported("b", "ipsource", "127.0.0.1:1,255.255.255.255")};
	struct rig *r = rig_of(&spec[0]);
	struct exporter *x = exporter_new();
	change(&r, x, spec, 1);
	close(l->fd);
	for (unsigned i = 0; i < 20; i++) {
		flows(r, 1);
		end(r, x, 0);
	}
	struct exporter_stats s = sum_of(x);
	assert_true(s.records >= 19); // each is tried again
	assert_true(s.records + s.unreachable == 20);
	change(&r, x, &spec[1], 1); // a broadcast, which a socket must be allowed
	flows(r, 1);
	end(r, x, 0);
	s = sum_of(x);
	assert_true(s.no_socket == 1);
	assert_true(s.records + s.unreachable + s.no_socket == 22);
	exporter_free(x);
	rig_free(r);
	free(l);
}

// The address of the loopback interface, and with it the route; INADDR_ANY takes it away.
static void set_loopback(uint32_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(address)}};
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = {.ifr_name = "lo"};
	memcpy(&lo.ifr_addr, &in, sizeof(in));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &lo), 0);
	lo.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

// The way to a collector goes, and comes back. The process stays in a network of its own.
static void what_is_not_sent_is_counted(void **state)
{
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		skip();
	set_loopback(INADDR_LOOPBACK);
	struct listener *l = listen_anywhere();
	const struct flow_spec spec = exported("a", "ipsource", l->text);
	struct rig *r = rig_of(&spec);
	struct exporter *x = exporter_new();
	exporter_program(x, r->program);
	flows(r, 2);
	end(r, x, 0);
	assert_int_equal(receive(l), 2);
	set_loopback(INADDR_ANY);
	flows(r, 3);
	end(r, x, 0);
	struct exporter_stats s = sum_of(x);
	assert_true(s.records == 2 && s.unreachable == 3);
	set_loopback(INADDR_LOOPBACK);
	flows(r, 4);
	end(r, x, 0);
	l->c.expected += 3; // they have their numbers
	assert_int_equal(receive(l), 4);
	s = sum_of(x);
	assert_true(s.records == 6 && s.unreachable == 3 && s.no_socket == 0);
	exporter_free(x);
	rig_free(r);
	listener_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_arrive_with_their_templates),
		cmocka_unit_test(templates_come_again),
		cmocka_unit_test(a_refused_template_comes_with_the_next_record),
		cmocka_unit_test(ids_belong_to_names_and_layouts),
		cmocka_unit_test(each_collector_gets_its_own_sequence),
		cmocka_unit_test(templates_go_with_their_collector),
		cmocka_unit_test(collectors_are_read_as_written),
		cmocka_unit_test(what_nobody_hears_is_sent_all_the_same),
		cmocka_unit_test(what_is_not_sent_is_counted), // last: see there
	};
	return cmocka_run_group_tests_name("exporter", tests, NULL, NULL);
}
