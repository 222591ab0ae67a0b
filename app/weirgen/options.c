// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weirgen/flow.h"

enum kind {
	KIND_U32,
	KIND_U64,
	KIND_NUMBER,
	KIND_TEXT,
	KIND_FLAG, // takes no value
	KIND_PRESET,
	KIND_ELEPHANT,
	KIND_SPEED,
};

struct row {
	const char *name;
	enum kind kind;
	size_t offset; // of the member
	double min, max;
	const char *value;
	const char *help;
};

#define AT(member) offsetof(struct options, member)

// 2^53 is where a double stops telling whole numbers apart.
static const struct row rows[] = {
	{"preset", KIND_PRESET, 0, 0, 0, "NAME", "demo or bench; later options change it"},
	{"seed", KIND_U64, AT(seed), 0, 0x1p53, "N", "another seed, another run"},
	{"agents", KIND_U32, AT(agents), 1, 1 << 20, "N", "switches that sample"},
	{"subagents", KIND_U32, AT(subagents), 1, 1 << 16, "N", "sub-agents of each agent"},
	{"ports", KIND_U32, AT(ports), 1, 1 << 20, "N", "ports of each agent"},
	{"if-speed", KIND_U64, AT(if_speed), 1, 0x1p53, "BITS", "speed of each port, bit/s"},
	{"uptime", KIND_NUMBER, AT(uptime), 0, 4e6, "SEC",
	 "of agents at the start; less: restarted"},
	{"flows", KIND_U64, AT(flows), 1, 0x1p31, "N", "flows at a time"},
	{"zipf", KIND_NUMBER, AT(zipf), 0, 10, "S", "skew: flow r is chosen as often as 1/r^S"},
	{"life", KIND_NUMBER, AT(life), 0, 1e9, "SEC", "mean life of a flow; 0: for ever"},
	{"ipv6", KIND_NUMBER, AT(ipv6), 0, 1, "FRACTION", "flows over IPv6"},
	{"vlan", KIND_NUMBER, AT(vlan), 0, 1, "FRACTION", "flows with an 802.1Q tag"},
	{"flood", KIND_NUMBER, AT(flood), 0, 1, "FRACTION", "samples with a key never seen before"},
	{"elephant", KIND_ELEPHANT, 0, 0, 0, "BITS,ON[,PERIOD[,OFFSET]]",
	 "a flow of BITS/s, on for ON s in every PERIOD s"},
	{"rate", KIND_NUMBER, AT(rate), 1e-3, 1e9, "N", "flow samples per second"},
	{"datagram-rate", KIND_NUMBER, AT(datagram_rate), 0, 1e9, "N",
	 "datagrams per second instead"},
	{"sampling-rate", KIND_U32, AT(sampling_rate), 1, 0xffffffff, "R", "1 in R packets"},
	{"header-size", KIND_U32, AT(header_size), 14, 1500, "BYTES", "of a frame, at most"},
	{"samples-per-datagram", KIND_U32, AT(samples_per_datagram), 0, 1 << 16, "N",
	 "at most; 0: what fits"},
	{"datagram-size", KIND_U32, AT(datagram_size), 512, 65487, "BYTES", "of UDP, at most"},
	{"flush", KIND_NUMBER, AT(flush), 1e-6, 3600, "SEC", "a sample waits no longer"},
	{"expanded", KIND_NUMBER, AT(expanded), 0, 1, "FRACTION", "sources of expanded samples"},
	{"counters", KIND_NUMBER, AT(counters), 0, 1e6, "SEC",
	 "between a port's counters; 0: none"},
	{"loss", KIND_NUMBER, AT(loss), 0, 1, "FRACTION", "datagrams lost on the way"},
	{"start", KIND_NUMBER, AT(start), 0, 4e9, "TIME", "of the first second, since 1970"},
	{"duration", KIND_NUMBER, AT(duration), 0, 1e9, "SEC", "virtual; 0: until stopped"},
	{"samples", KIND_U64, AT(max_samples), 0, 0x1p53, "N", "end after N flow samples"},
	{"datagrams", KIND_U64, AT(max_datagrams), 0, 0x1p53, "N", "end after N datagrams"},
	{"pcap", KIND_TEXT, AT(pcap), 0, 0, "FILE", "write a capture; - is standard output"},
	{"udp", KIND_TEXT, AT(udp), 0, 0, "HOST:PORT", "send to a socket, paced by the clock"},
	{"dpdk", KIND_FLAG, AT(dpdk), 0, 0, NULL, "send on a DPDK port; EAL arguments after --"},
	{"transport-ipv6", KIND_FLAG, AT(transport6), 0, 0, NULL, "agents and transport are IPv6"},
	{"speed", KIND_SPEED, 0, 0, 0, "X|max", "of virtual time, for --udp and --dpdk"},
	{"truth", KIND_TEXT, AT(truth), 0, 0, "FILE", "write what is true, as JSON lines"},
	{"truth-interval", KIND_NUMBER, AT(truth_interval), 0, 1e9, "SEC", "0: totals only"},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int parse_option(struct options *o, char **argv, int *i, struct err_msg *msg);
static int check(struct options *o, struct err_msg *msg);

static const struct options defaults = {
	.seed = 1,
	.agents = 4,
	.subagents = 1,
	.ports = 8,
	.if_speed = 100000000000,
	.flows = 1000,
	.zipf = 1,
	.rate = 1000,
	.uptime = 3600,
	.sampling_rate = 1000,
	.header_size = 128,
	.datagram_size = 1400,
	.flush = 1,
	.start = 1760000000,
	.duration = 10,
	.speed = 1,
	.truth_interval = 1,
};

int options_parse(struct options *o, int argc, char **argv, struct err_msg *msg)
{
	*o = defaults;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			o->eal_argc = argc - i;
			o->eal_argv = argv + i;
			break;
		}
		const int err = parse_option(o, argv, &i, msg);
		if (err != 0)
			return err;
	}
	return check(o, msg);
}

void options_free(struct options *o)
{
	free(o->elephants);
	o->elephants = NULL;
	o->n_elephants = 0;
}

void options_help(void)
{
	printf("usage: weirgen [OPTION]... (--pcap FILE | --udp HOST:PORT | --dpdk -- EAL...)\n"
	       "Generate sFlow version 5, the same bytes for the same options, and the truth "
	       "about it.\n\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		char head[64];
		snprintf(head, sizeof(head), "--%s %s", rows[i].name,
			 rows[i].value != NULL ? rows[i].value : "");
		printf("  %-32s %s\n", head, rows[i].help);
	}
	printf("  %-32s %s\n  %-32s %s\n", "--help", "or -h: print this", "--version",
	       "print the version");
	printf("\nNumbers may end in k, M or G (powers of 1000).\n");
}

// "1.5M": a number and a power of 1000.
static int parse_number(const char *text, double *out)
{
	char *end;
	errno = 0;
	double v = strtod(text, &end);
	if (end == text || errno != 0 || !isfinite(v))
		return ERR_INVALID;
	static const char powers[] = "kMGT";
	const char *power = *end != 0 ? strchr(powers, *end) : NULL;
	if (power != NULL) {
		for (const char *p = powers; p <= power; p++)
			v *= 1000;
		end++;
	}
	if (*end != 0)
		return ERR_INVALID;
	*out = v;
	return 0;
}

static int set_number(struct options *o, const struct row *row, const char *text,
		      struct err_msg *msg)
{
	void *member = (char *)o + row->offset;
	const bool whole = row->kind != KIND_NUMBER;
	double v = 0;
	if (parse_number(text, &v) != 0 || v < row->min || v > row->max || (whole && v != floor(v)))
		return err_set(msg, ERR_RANGE,
			       "--%s: got \"%s\", expected a %snumber from %g to %g", row->name,
			       text, whole ? "whole " : "", row->min, row->max);
	if (row->kind == KIND_U32)
		*(uint32_t *)member = (uint32_t)v;
	else if (row->kind == KIND_U64)
		*(uint64_t *)member = (uint64_t)v;
	else
		*(double *)member = v;
	return 0;
}

static int add_elephant(struct options *o, const char *text, struct err_msg *msg)
{
	double v[4] = {0};
	int n = 0;
	char copy[128];
	snprintf(copy, sizeof(copy), "%s", text);
	char *state;
	for (char *p = strtok_r(copy, ",", &state); p != NULL; p = strtok_r(NULL, ",", &state)) {
		if (n == 4 || parse_number(p, &v[n]) != 0 || v[n] < 0)
			n = 5;
		n++;
	}
	if (n < 2 || n > 4 || v[0] <= 0 || v[1] <= 0 || (v[2] != 0 && v[2] < v[1]))
		return err_set(msg, ERR_INVALID,
			       "--elephant: got \"%s\", expected BITS,ON[,PERIOD[,OFFSET]] with "
			       "PERIOD 0 or at least ON",
			       text);
	struct elephant *all = realloc(o->elephants, (o->n_elephants + 1) * sizeof(*all));
	if (all == NULL)
		return err_set(msg, ERR_MEMORY, "--elephant: out of memory");
	all[o->n_elephants++] = (struct elephant){v[0], v[1], v[2], v[3]};
	o->elephants = all;
	return 0;
}

// A minute of a small network that looks alive: flows come and go, an elephant passes twice.
static int preset_demo(struct options *o, struct err_msg *msg)
{
	o->agents = 8;
	o->ports = 8;
	o->if_speed = 10000000000;
	o->flows = 300;
	o->zipf = 0.9;
	o->life = 30;
	o->ipv6 = 0.15;
	o->vlan = 0.3;
	o->rate = 280;
	o->sampling_rate = 2000;
	o->flush = 0.2;
	o->counters = 5;
	o->duration = 60;
	return add_elephant(o, "1G,20,40,10", msg);
}

// 200,000 datagrams of about 6 samples, like those that the figures of bench/ were measured on.
static void preset_bench(struct options *o)
{
	o->agents = 64;
	o->ports = 48;
	o->flows = 1000000;
	o->zipf = 1;
	o->rate = 100000;
	o->counters = 1.4;
	o->duration = 0;
	o->max_datagrams = 200000;
	o->truth_interval = 0;
}

static int set_preset(struct options *o, const char *name, struct err_msg *msg)
{
	if (strcmp(name, "demo") == 0)
		return preset_demo(o, msg);
	if (strcmp(name, "bench") != 0)
		return err_set(msg, ERR_UNKNOWN, "--preset: got \"%s\", expected demo or bench",
			       name);
	preset_bench(o);
	return 0;
}

static int set_speed(struct options *o, const char *text, struct err_msg *msg)
{
	o->speed = 0;
	if (strcmp(text, "max") == 0)
		return 0;
	if (parse_number(text, &o->speed) != 0 || o->speed < 1e-6 || o->speed > 1e9)
		return err_set(msg, ERR_RANGE,
			       "--speed: got \"%s\", expected max or a number from 1e-06 to 1e+09",
			       text);
	return 0;
}

static int set_value(struct options *o, const struct row *row, const char *text,
		     struct err_msg *msg)
{
	switch (row->kind) {
	case KIND_TEXT: *(const char **)((char *)o + row->offset) = text; return 0;
	case KIND_PRESET: return set_preset(o, text, msg);
	case KIND_ELEPHANT: return add_elephant(o, text, msg);
	case KIND_SPEED: return set_speed(o, text, msg);
	default: return set_number(o, row, text, msg);
	}
}

// "--name value" or "--name=value"; moves @p i over the value.
static int parse_option(struct options *o, char **argv, int *i, struct err_msg *msg)
{
	const char *arg = argv[*i];
	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
		return ERR_END;
	const char *name = strncmp(arg, "--", 2) == 0 ? arg + 2 : "";
	const size_t len = strcspn(name, "=");
	for (size_t r = 0; r < N_ROWS; r++) {
		const struct row *row = &rows[r];
		if (strlen(row->name) != len || strncmp(row->name, name, len) != 0)
			continue;
		if (row->kind == KIND_FLAG && name[len] == 0) {
			*(bool *)((char *)o + row->offset) = true;
			return 0;
		}
		const char *value = name[len] == '=' ? name + len + 1 : argv[*i + 1];
		if (value == NULL || row->kind == KIND_FLAG)
			return err_set(msg, ERR_INVALID, "--%s: expected %s", row->name,
				       row->value != NULL ? row->value : "no value");
		*i += name[len] != '=';
		return set_value(o, row, value, msg);
	}
	return err_set(msg, ERR_UNKNOWN, "%s: no such option, see --help", arg);
}

static int check_outputs(const struct options *o, struct err_msg *msg)
{
	const int n_outputs = (o->pcap != NULL) + (o->udp != NULL) + o->dpdk;
	if (n_outputs != 1)
		return err_set(msg, ERR_INVALID,
			       "got %d outputs, expected one of --pcap, --udp, --dpdk", n_outputs);
	if (o->eal_argc != 0 && !o->dpdk)
		return err_set(msg, ERR_INVALID, "--: EAL arguments are for --dpdk");
	if (o->pcap != NULL && o->duration == 0 && o->max_samples == 0 && o->max_datagrams == 0)
		return err_set(msg, ERR_INVALID,
			       "--pcap: the run has no end, expected --duration, --samples or "
			       "--datagrams");
	return 0;
}

static int check(struct options *o, struct err_msg *msg)
{
	if (o->datagram_rate != 0) {
		if (o->samples_per_datagram == 0)
			return err_set(msg, ERR_INVALID,
				       "--datagram-rate: expected --samples-per-datagram too");
		o->rate = o->datagram_rate * o->samples_per_datagram;
	}
	if (o->subagents > o->ports)
		return err_set(msg, ERR_RANGE,
			       "--subagents: got %u, expected at most the %u of --ports",
			       o->subagents, o->ports);
	if (o->datagram_size < o->header_size + 256)
		return err_set(msg, ERR_RANGE,
			       "--datagram-size: got %u, expected at least %u for --header-size %u",
			       o->datagram_size, o->header_size + 256, o->header_size);
	if (o->life != 0 && o->duration == 0)
		return err_set(msg, ERR_INVALID, "--life: expected a --duration");
	if (flow_ids(o) > flow_capacity(o))
		return err_set(msg, ERR_RANGE,
			       "--life: %g flows in the whole run, expected at most %g for --flows "
			       "%llu",
			       flow_ids(o), flow_capacity(o), (unsigned long long)o->flows);
	return check_outputs(o, msg);
}
