// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// weirgen: deterministic sFlow with its ground truth. See doc/weirgen.md.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "weirgen/generate.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static double wall_seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void report(const struct fabric_stats *s, double seconds)
{
	fprintf(stderr,
		"weirgen: %" PRIu64 " datagrams (%" PRIu64 " lost on the way), %" PRIu64
		" flow samples, %" PRIu64 " counters samples, %" PRIu64 " bytes in %.3f s: "
		"%.0f samples/s\n",
		s->datagrams, s->lost, s->flow_samples, s->counters_samples, s->bytes, seconds,
		seconds > 0 ? (double)s->flow_samples / seconds : 0);
}

static struct output *open_output(const struct options *o, struct err_msg *msg)
{
	if (o->pcap != NULL)
		return output_pcap_open(o, msg);
	if (o->udp != NULL)
		return output_udp_open(o, msg);
#ifdef WEIRGEN_DPDK
	return output_dpdk_open(o, msg);
#else
	err_set(msg, ERR_UNKNOWN, "--dpdk: this weirgen was built without DPDK");
	return NULL;
#endif
}

static int run(const struct options *o, struct err_msg *msg)
{
	struct output *out = open_output(o, msg);
	if (out == NULL)
		return ERR_IO;
	struct fabric_stats stats;
	const double begin = wall_seconds();
	const int err = generate(o, out, &stop, &stats, msg);
	const int err_close = out->close(out, err == 0 ? msg : NULL);
	report(&stats, wall_seconds() - begin);
	return err != 0 ? err : err_close;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err_msg msg = {0};
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("weirgen " WEIR_VERSION);
		return 0;
	}
	int err = options_parse(&o, argc, argv, &msg);
	int status = err != 0 ? 2 : 0;
	if (err == ERR_END) {
		options_help();
		options_free(&o);
		return 0;
	}
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (err == 0 && (err = run(&o, &msg)) != 0)
		status = 1;
	if (err != 0)
		fprintf(stderr, "weirgen: %s\n", msg.text);
	options_free(&o);
	return status;
}
