// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "bank/bank.h"

// The attributes that the vectors are about.
static const char *const attributes[] = {
	"stack",
	"direction",
	"inputifindex",
	"outputifindex",
	"samplingrate",
	"bytes",
	"reason",
	"macsource",
	"macdestination",
	"ethernetprotocol",
	"vlan",
	"vlan.1",
	"priority",
	"vlansource",
	"vlandestination",
	"mplslabel",
	"mplslabel.1",
	"pppoesession",
	"ipsource",
	"ipdestination",
	"ipprotocol",
	"ipbytes",
	"ipsource.1",
	"ipdestination.1",
	"ip6source",
	"ip6destination",
	"ip6nexthdr",
	"ip6source.1",
	"tcpsourceport",
	"tcpdestinationport",
	"tcpflags",
	"tcpsourceport.1",
	"udpsourceport",
	"udpdestinationport",
	"udpsourceport.1",
	"vxlanvni",
	"bgpsourceas",
	"bgpsourcepeeras",
	"ipsourcemaskbits",
	"ipnexthoprouter",
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

// Flows and frames of each attribute, of flow samples and of discarded packets.
#define N_DEFS (4 * N_ATTRIBUTES)

struct measurement {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
};

static void *zeroed(size_t size)
{
	size = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	if (mem == NULL)
		abort();
	return memset(mem, 0, size);
}

static struct program *compile(void)
{
	static struct flow_spec specs[N_DEFS];
	static char names[N_DEFS][16];
	struct err_msg msg = {0};
	for (size_t i = 0; i < N_DEFS; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		specs[i] = (struct flow_spec){.name = names[i],
					      .keys = attributes[i / 4],
					      .value = i % 2 ? "frames" : "bytes",
					      .values = "",
					      .filter = "",
					      .fs = ",",
					      .n = 5,
					      .t = 2,
					      .dropped = i % 4 >= 2};
	}
	struct program *p = program_compile(specs, N_DEFS, &msg);
	if (p == NULL) {
		fprintf(stderr, "%s\n", msg.text);
		abort();
	}
	return p;
}

static void begin(struct measurement *m)
{
	struct bank_config config = {
		.entries = 64, .max_agents = 4, .max_sources = 16, .log_size = 4096, .seed = 1};
	hash_secret_init(&config.secret, 1);
	m->program = compile();
	m->bank = bank_init(zeroed(bank_size(m->program, &config)), m->program, &config);
	m->intake = intake_init(zeroed(intake_size(&config)), &config, NULL, &m->stats);
}

static void end(struct measurement *m)
{
	free(m->bank);
	free(m->intake);
	program_free(m->program);
}

struct line {
	char key[256];
	double value;
};

// The entries of a table in order of their keys.
static size_t read_table(const struct measurement *m, size_t def, struct line *lines, size_t max)
{
	struct table_iter i = {0};
	size_t n = 0;
	for (const struct table_entry *e;
	     (e = table_next(&m->bank->table[def]->table, &i)) != NULL;) {
		struct line line = {.value = e->value};
		struct strbuf b = strbuf_of(line.key, sizeof(line.key));
		flow_def_key_format(&m->program->def[def], e->key, &b);
		size_t at = n++;
		if (n > max)
			abort();
		for (; at > 0 && strcmp(lines[at - 1].key, line.key) > 0; at--)
			lines[at] = lines[at - 1];
		lines[at] = line;
	}
	return n;
}

static void print_attribute(FILE *out, const struct measurement *m, size_t def, const char *what)
{
	struct line bytes[16], frames[16];
	const size_t n = read_table(m, def, bytes, 16);
	if (read_table(m, def + 1, frames, 16) != n)
		abort();
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s %s %.0f %.0f\n", what, attributes[def / 4], bytes[i].key,
			bytes[i].value, frames[i].value);
}

static void print_counters(FILE *out, const struct stats *s)
{
	for (int id = 0; id < N_STATS; id++) {
		const struct stat_info *info = &stat_info[id];
		const uint64_t n = stats_read(s, id);
		const bool lost = info->role == STAT_ROLE_REASON || info->role == STAT_ROLE_USED;
		if (n > 0 && lost)
			fprintf(out, "counter %s %llu\n", info->name, (unsigned long long)n);
	}
}

void measure_datagram(FILE *out, const uint8_t *data, size_t len)
{
	struct measurement m = {0};
	begin(&m);
	const struct payload p = {.data = data, .len = (uint32_t)len};
	bank_ingest(m.bank, m.intake, &p, 1);
	for (size_t i = 0; i < N_DEFS; i += 4) {
		print_attribute(out, &m, i, "");
		print_attribute(out, &m, i + 2, "dropped ");
	}
	print_counters(out, &m.stats);
	end(&m);
}
