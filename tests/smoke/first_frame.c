// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: first_frame nap|interrupt NAP_US FRAMES
//
// How long a frame that comes to an idle port waits for its worker, and what idling costs. The
// port is a TAP device; frames are sent into it, far apart, with the time of sending in them. The
// loop is a worker's (worker.c): 64 polls, then rests that double from 20 us up to the nap. Prints
// one line of JSON: quantiles of the delay in us, and CPU time of the loop in parts of the time.
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "base/cursor.h"
#include "weir/input/checksum.h"
#include "weir/util/clock.h"
#include "weir/input/eal.h"
#include "weir/input/port.h"

enum {
	HEADERS = 14 + 20 + 8,
	PAYLOAD = 8, // the time
	SPIN_POLLS = 64,
	MOST = 10000,
};

#define GAP       (37 * CLOCK_NS_PER_MS) // longer than a nap takes to grow
#define FIRST_NAP (20 * CLOCK_NS_PER_US)
#define DEADLINE  (20 * CLOCK_NS_PER_S)

static int n_frames;
static uint64_t sent_last; // ns, 0 = some are still to come; sender: w; loop: r

static void sleep_for(uint64_t ns)
{
	const struct timespec ts = clock_timespec(ns);
	nanosleep(&ts, NULL);
}

static void *send_frames(void *arg)
{
	uint8_t f[HEADERS + PAYLOAD] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45};
	const int fd = socket(AF_PACKET, SOCK_RAW, 0);
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex("first0"),
				       .sll_halen = 6};
	store_be16(f + 16, HEADERS - 14 + PAYLOAD);
	f[22] = 64;
	f[23] = 17;
	checksum_store(f + 24, checksum_add(0, f + 14, 20));
	store_be16(f + 36, 6343);
	store_be16(f + 38, 8 + PAYLOAD);
	for (int i = 0; i < n_frames; i++) {
		sleep_for(GAP + (uint64_t)i % 11 * CLOCK_NS_PER_MS);
		const uint64_t now = clock_monotonic();
		memcpy(f + HEADERS, &now, sizeof(now));
		if (sendto(fd, f, sizeof(f), 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
			perror("sendto");
	}
	__atomic_store_n(&sent_last, clock_monotonic(), __ATOMIC_RELAXED);
	close(fd);
	return arg;
}

// Frames that are not there by then are lost.
static bool is_late(void)
{
	const uint64_t sent = __atomic_load_n(&sent_last, __ATOMIC_RELAXED);
	return sent != 0 && clock_monotonic() - sent > DEADLINE;
}

// The worker's loop, until all frames have come; returns the number of delays.
static int receive(struct input *in, uint64_t max_nap, double *delay)
{
	static struct burst b;
	uint64_t nap = 0;
	int n = 0;
	unsigned idle = 0;
	while (n < n_frames && !is_late()) {
		if (in->burst(in, UINT64_MAX, &b) == INPUT_READY) {
			for (unsigned i = 0; i < b.n && n < MOST; i++) {
				uint64_t sent;
				memcpy(&sent, b.payload[i].data, sizeof(sent));
				delay[n++] = (double)(clock_monotonic() - sent) / 1000;
			}
			in->release(in);
			idle = 0;
			nap = 0;
		} else if (++idle >= SPIN_POLLS) {
			nap = nap == 0 ? FIRST_NAP : 2 * nap;
			nap = nap < max_nap ? nap : max_nap;
			in->wait(in, nap);
		}
	}
	return n;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double cpu_time(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

struct task {
	struct input *in;
	const char *how;
	uint64_t max_nap; // ns
};

// Not on the main thread, whose naps net_tap's signals would end.
static void *measure(void *arg)
{
	const struct task *t = arg;
	static double delay[MOST];
	pthread_t sender;
	pthread_create(&sender, NULL, send_frames, NULL);
	const uint64_t start = clock_monotonic();
	const double before = cpu_time();
	const int n = receive(t->in, t->max_nap, delay);
	const double spent = cpu_time() - before;
	const double took = (double)(clock_monotonic() - start) * 1e-9;
	pthread_join(sender, NULL);
	qsort(delay, (size_t)n, sizeof(*delay), ascending);
	printf("{\"how\": \"%s\", \"nap_us\": %.0f, \"frames\": %d, \"p50_us\": %.1f, "
	       "\"p90_us\": %.1f, \"max_us\": %.1f, \"cpu\": %.4f}\n",
	       t->how, (double)t->max_nap / 1000, n, n > 0 ? delay[n / 2] : 0,
	       n > 0 ? delay[n * 9 / 10] : 0, n > 0 ? delay[n - 1] : 0, spent / took);
	return NULL;
}

int main(int argc, char **argv)
{
	static const uint32_t any = EAL_ANY_CPU;
	const struct eal_config e = {
		.file_prefix = "first", .memory = 64 << 20, .wish = &any, .n_workers = 1};
	struct port_config c = {.device = "net_tap0,iface=first0",
				.queues = 1,
				.descriptors = 64,
				.mtu = 1500,
				.policy = {.udp_port = 6343}};
	struct err_msg msg = {0};
	struct stats stats = {0};
	struct eal eal;
	if (argc != 4)
		return 2;
	c.interrupt = strcmp(argv[1], "interrupt") == 0;
	n_frames = atoi(argv[3]);
	struct port *p = NULL;
	if (eal_start(&eal, &e, &msg) == 0 && (p = port_open(&c, &msg)) != NULL &&
	    port_start(p, &msg) == 0) {
		port_input(p, 0)->stats = &stats;
		struct task t = {port_input(p, 0), argv[1],
				 strtoull(argv[2], NULL, 10) * CLOCK_NS_PER_US};
		pthread_t loop;
		pthread_create(&loop, NULL, measure, &t);
		pthread_join(loop, NULL);
	} else {
		fprintf(stderr, "%s\n", msg.text);
	}
	port_close(p);
	eal_stop(&eal);
	return msg.text[0] != '\0';
}
