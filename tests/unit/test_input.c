// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The inputs that need no device: captures and sockets, and what is said about the daemon's state.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "weir/input/replay.h"
#include "weir/util/sd_notify.h"
#include "weir/input/socket.h"

#define SECOND UINT64_C(1000000000)

// Captures --------------------------------------------------------------------------------------

static char path[32]; // of the latest capture

static void put(FILE *f, const void *bytes, size_t size)
{
	assert_int_equal(fwrite(bytes, 1, size, f), size);
}

// A capture of raw IPv4 with datagrams to port 6343 at the given times (ms), numbered in their
// payload from 0; one to another port stands at the front.
static char *make_capture(const uint32_t *ms, uint32_t n, size_t payload)
{
	static uint8_t packet[65536];
	strcpy(path, "/tmp/weir-test-XXXXXX");
	FILE *f = fdopen(mkstemp(path), "w");
	const uint32_t header[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 101};
	put(f, header, sizeof(header));
	for (uint32_t i = 0; i <= n; i++) {
		const uint32_t number = i - 1, time = i == 0 ? ms[0] : ms[number];
		const uint32_t len = (uint32_t)(28 + payload);
		const uint32_t record[4] = {time / 1000, time % 1000 * 1000, len, len};
		memset(packet, 0, len);
		packet[0] = 0x45;
		store_be16(packet + 2, (uint16_t)len);
		packet[9] = 17;
		packet[12] = 10, packet[15] = 1;
		store_be16(packet + 22, i == 0 ? 53 : 6343);
		store_be16(packet + 24, (uint16_t)(8 + payload));
		store_be32(packet + 28, number);
		put(f, record, sizeof(record));
		put(f, packet, len);
	}
	fclose(f);
	return path;
}

static struct replay *open_replay(const char *file, bool loop, struct stats *stats)
{
	const struct replay_config c = {.path = file, .udp_port = 6343, .loop = loop};
	struct err_msg msg = {0};
	struct replay *r = replay_open(&c, &msg);
	if (r == NULL)
		fail_msg("%s", msg.text);
	replay_input(r)->stats = stats;
	return r;
}

// Take all that is due before @p until; the datagrams must be numbered from *next on.
static enum input_state take(struct replay *r, uint64_t until, uint32_t *next)
{
	struct input *in = replay_input(r);
	static struct burst b;
	enum input_state state;
	do {
		state = in->burst(in, until, &b);
		for (unsigned i = 0; i < b.n; i++) {
			assert_true(b.payload[i].time < until);
			assert_int_equal(load_be32(b.payload[i].data), (*next)++);
			assert_memory_equal(b.payload[i].via, "\x0a\0\0\x01", 4);
		}
		in->release(in);
	} while (state == INPUT_READY);
	return state;
}

static void close_replay(struct replay *r)
{
	replay_close(r);
	unlink(path);
}

static void a_capture_stops_at_the_interval(void **state)
{
	const uint32_t ms[] = {1000, 1050, 1100, 1100, 1199, 1500};
	struct stats stats = {0};
	struct replay *r = open_replay(make_capture(ms, 6, 40), false, &stats);
	uint32_t next = 0;
	assert_true(replay_first(r) == SECOND);
	assert_int_equal(take(r, SECOND, &next), INPUT_ARRIVED);
	assert_int_equal(next, 0);
	assert_int_equal(take(r, SECOND + SECOND / 10, &next), INPUT_ARRIVED);
	assert_int_equal(next, 2);
	assert_true(replay_input(r)->next(replay_input(r)) == SECOND + SECOND / 10);
	assert_true(stats_ledger_closes(&stats, STAT_GROUP_FRAME));
	assert_int_equal(stats_read(&stats, STAT_rx_frames), 3);
	assert_int_equal(take(r, SECOND + SECOND / 5, &next), INPUT_ARRIVED);
	assert_int_equal(next, 5);
	assert_int_equal(take(r, 2 * SECOND, &next), INPUT_ENDED);
	assert_int_equal(next, 6);
	assert_int_equal(take(r, 3 * SECOND, &next), INPUT_ENDED);
	assert_true(stats_ledger_closes(&stats, STAT_GROUP_FRAME));
	assert_int_equal(stats_read(&stats, STAT_frame_datagrams), 6);
	assert_int_equal(stats_read(&stats, STAT_frame_other_port), 1);
	close_replay(r);
}

static void time_never_runs_backwards(void **state)
{
	const uint32_t ms[] = {1000, 5000, 2000, 3000, 5001};
	struct stats stats = {0};
	struct replay *r = open_replay(make_capture(ms, 5, 40), false, &stats);
	struct input *in = replay_input(r);
	struct burst b;
	in->burst(in, UINT64_MAX, &b);
	assert_int_equal(b.n, 5);
	assert_true(b.payload[1].time == 5 * SECOND && b.payload[2].time == 5 * SECOND);
	assert_true(b.payload[4].time == 5 * SECOND + SECOND / 1000);
	close_replay(r);
}

// More than fits a burst, and payloads so large that the arena decides.
static void large_datagrams_survive(void **state)
{
	uint32_t ms[200], next = 0;
	struct stats stats = {0};
	for (uint32_t i = 0; i < 200; i++)
		ms[i] = 1000 + i;
	struct replay *r = open_replay(make_capture(ms, 200, 65000), false, &stats);
	for (uint32_t i = 1; i <= 200; i += 7)
		assert_int_equal(take(r, SECOND + i * SECOND / 1000, &next), INPUT_ARRIVED);
	assert_int_equal(take(r, UINT64_MAX, &next), INPUT_ENDED);
	assert_int_equal(next, 200);
	close_replay(r);
}

static void rounds_follow_one_another(void **state)
{
	const uint32_t ms[] = {1000, 1010, 1020};
	struct stats stats = {0};
	struct replay *r = open_replay(make_capture(ms, 3, 40), true, &stats);
	struct input *in = replay_input(r);
	struct burst b;
	uint64_t last = 0;
	for (uint32_t i = 0; i < 30;) {
		assert_int_equal(in->burst(in, UINT64_MAX, &b), INPUT_READY);
		for (unsigned k = 0; k < b.n; k++, i++) {
			assert_int_equal(load_be32(b.payload[k].data), i % 3);
			assert_true(b.payload[k].time > last);
			assert_true(i == 0 || b.payload[k].time - last <= SECOND / 99);
			last = b.payload[k].time;
		}
		in->release(in);
	}
	assert_true(stats_ledger_closes(&stats, STAT_GROUP_FRAME));
	close_replay(r);
}

static void rounds_of_one_instant_are_seconds_apart(void **state)
{
	const uint32_t ms[] = {1000, 1000};
	struct stats stats = {0};
	uint32_t next = 0;
	struct replay *r = open_replay(make_capture(ms, 2, 40), true, &stats);
	assert_int_equal(take(r, replay_first(r) + SECOND / 10, &next), INPUT_ARRIVED);
	assert_int_equal(next, 2);
	assert_int_equal(replay_first(r), 2 * SECOND);
	close_replay(r);
}

static void missing_captures_are_named(void **state)
{
	const struct replay_config c = {.path = "/nowhere/at.pcap"};
	struct err_msg msg = {0};
	assert_null(replay_open(&c, &msg));
	assert_non_null(strstr(msg.text, "/nowhere/at.pcap"));
	replay_close(NULL);
}

// Sockets ---------------------------------------------------------------------------------------

static struct socket_input *open_socket(const char *address, uint64_t rcvbuf, struct stats *stats)
{
	struct socket_config c = {.rcvbuf = rcvbuf};
	struct err_msg msg = {0};
	assert_int_equal(addr_parse(address, &c.addr), 0);
	struct socket_input *s = socket_open(&c, &msg);
	if (s == NULL)
		fail_msg("%s", msg.text);
	socket_input(s)->stats = stats;
	return s;
}

static void send_from_ip4(uint16_t port, const void *data, size_t len, unsigned times)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	while (times-- > 0)
		sendto(fd, data, len, 0, (const struct sockaddr *)&to, sizeof(to));
	close(fd);
}

// Loopback delivers before sendto() returns: what was sent is there.
static unsigned drain(struct socket_input *s, size_t len)
{
	struct input *in = socket_input(s);
	struct burst b;
	unsigned n = 0;
	while (in->burst(in, UINT64_MAX, &b) == INPUT_READY) {
		for (unsigned i = 0; i < b.n; i++) {
			assert_int_equal(b.payload[i].len, len);
			assert_int_equal(b.payload[i].via_family, ADDR_IP4);
			assert_memory_equal(b.payload[i].via, "\x7f\0\0\x01", 4);
			assert_true(b.payload[i].time > 0);
		}
		n += b.n;
		in->release(in);
	}
	return n;
}

static void datagrams_arrive(void **state)
{
	static uint8_t data[60000] = {1, 2, 3};
	static const char *const addresses[] = {"127.0.0.1", "::", "0.0.0.0"};
	for (size_t i = 0; i < 3; i++) {
		struct stats stats = {0};
		struct socket_input *s = open_socket(addresses[i], 4 << 20, &stats);
		send_from_ip4(socket_port(s), data, 100, 150);
		assert_int_equal(drain(s, 100), 150);
		send_from_ip4(socket_port(s), data, sizeof(data), 3);
		assert_int_equal(drain(s, sizeof(data)), 3);
		assert_int_equal(stats_read(&stats, STAT_rx_frames), 153);
		assert_true(stats_ledger_closes(&stats, STAT_GROUP_FRAME));
		assert_int_equal(socket_drops(s), 0);
		socket_close(s);
	}
}

static void kernel_drops_are_counted(void **state)
{
	static uint8_t data[1000];
	struct stats stats = {0};
	struct socket_input *s = open_socket("127.0.0.1", 20000, &stats);
	send_from_ip4(socket_port(s), data, sizeof(data), 500);
	const unsigned first = drain(s, sizeof(data));
	assert_true(first > 0 && first < 500);
	// The kernel tells with the next datagram that it takes.
	send_from_ip4(socket_port(s), data, sizeof(data), 1);
	assert_int_equal(drain(s, sizeof(data)), 1);
	assert_int_equal(socket_drops(s), 500 - first);
	socket_close(s);
}

// Nor need another datagram come: an idle worker asks. What it then reads may know of fewer.
static void the_last_drops_are_counted(void **state)
{
	static uint8_t data[1000];
	struct stats stats = {0};
	struct socket_input *s = open_socket("127.0.0.1", 20000, &stats);
	struct input *in = socket_input(s);
	send_from_ip4(socket_port(s), data, sizeof(data), 500);
	const unsigned first = drain(s, sizeof(data));
	in->wait(in, 0);
	assert_int_equal(socket_drops(s), 500 - first);
	send_from_ip4(socket_port(s), data, sizeof(data), 500);
	in->wait(in, 0);
	const unsigned second = drain(s, sizeof(data));
	assert_int_equal(socket_drops(s), 1000 - first - second);
	socket_close(s);
}

// What a worker sheds by.
static void sockets_tell_how_full_they_are(void **state)
{
	static uint8_t data[1000];
	struct stats stats = {0};
	struct socket_input *s = open_socket("127.0.0.1", 20000, &stats);
	struct input *in = socket_input(s);
	assert_true(in->fill(in) == 0);
	send_from_ip4(socket_port(s), data, sizeof(data), 500); // more than fit
	assert_true(in->fill(in) > 0.75);
	drain(s, sizeof(data));
	assert_true(in->fill(in) < 0.125);
	socket_close(s);
}

static void taken_ports_are_named(void **state)
{
	struct stats stats = {0};
	struct socket_input *s = open_socket("127.0.0.1", 0, &stats);
	struct socket_config c = {.udp_port = socket_port(s)};
	struct err_msg msg = {0};
	assert_int_equal(addr_parse("127.0.0.1", &c.addr), 0);
	assert_null(socket_open(&c, &msg));
	assert_non_null(strstr(msg.text, "taken by another program"));
	assert_int_equal(addr_parse("203.0.113.77", &c.addr), 0);
	assert_null(socket_open(&c, &msg));
	assert_non_null(strstr(msg.text, "no address 203.0.113.77"));
	socket_close(s);
	socket_close(NULL);
}

// systemd ---------------------------------------------------------------------------------------

static void the_service_manager_hears(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char text[200];
	const int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "weir-%d", getpid());
	const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)),
			 0);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(sd_notify("READY=1"), 0);
	snprintf(text, sizeof(text), "@%s", a.sun_path + 1);
	setenv("NOTIFY_SOCKET", text, 1);
	assert_int_equal(sd_notify("READY=1"), 0);
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 7);
	assert_memory_equal(text, "READY=1", 7);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(sd_notify("READY=1"), ERR_INVALID);
	close(fd);
	setenv("WATCHDOG_USEC", "2000000", 1);
	assert_true(sd_watchdog() == 2 * SECOND);
	setenv("WATCHDOG_PID", "1", 1);
	assert_true(sd_watchdog() == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_stops_at_the_interval),
		cmocka_unit_test(time_never_runs_backwards),
		cmocka_unit_test(large_datagrams_survive),
		cmocka_unit_test(rounds_follow_one_another),
		cmocka_unit_test(rounds_of_one_instant_are_seconds_apart),
		cmocka_unit_test(missing_captures_are_named),
		cmocka_unit_test(datagrams_arrive),
		cmocka_unit_test(kernel_drops_are_counted),
		cmocka_unit_test(the_last_drops_are_counted),
		cmocka_unit_test(sockets_tell_how_full_they_are),
		cmocka_unit_test(taken_ports_are_named),
		cmocka_unit_test(the_service_manager_hears),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
