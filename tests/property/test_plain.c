// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The short way through ingest (bank/sample.c) and the long one (bank/sample_any.c) agree. Every
// datagram is made twice: with compact flow samples, of which the plain ones go the short way, and
// with expanded ones, which never do. Counters, cells of sources and tables must be the same, bit
// for bit, also where some samples are stepped over.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank/bank.h"
#include "base/cursor.h"
#include "base/rng.h"

#define ROUNDS    300
#define DATAGRAMS 64
#define ROOM      4096

static const struct flow_spec specs[] = {
	{.name = "tuple",
	 .keys = "ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport,"
		 "or:tcpdestinationport:udpdestinationport",
	 .value = "bytes"},
	{.name = "pair6", .keys = "ip6source,ip6destination,ip6nexthdr", .value = "frames"},
	{.name = "link", .keys = "macsource,macdestination,vlan", .value = "bytes"},
	{.name = "type", .keys = "ethernetprotocol,null:vlan", .value = "bytes"},
	{.name = "ports", .keys = "inputifindex,outputifindex,direction", .value = "bytes"},
	{.name = "stack", .keys = "stack", .value = "frames", .values = "avg:bytes,count:ipsource"},
	{.name = "flags", .keys = "tcpflags,tcpsourceport", .value = "bytes"},
	{.name = "udp", .keys = "udpdestinationport,ipdestination", .value = "frames"},
	{.name = "none", .keys = "", .value = "bytes"},
	{.name = "some", .keys = "ipsource", .value = "bytes", .filter = "ipprotocol=6"},
	{.name = "switch", .keys = "vlansource,vlandestination", .value = "bytes"},
	{.name = "end", .keys = "or:tcpdestinationport:udpdestinationport", .value = "bytes"},
	{.name = "size", .keys = "ipprotocol", .value = "ipbytes"},
};

enum {
	N_SPECS = sizeof(specs) / sizeof(specs[0])
};

struct side {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
	uint8_t *datagram[DATAGRAMS]; // each of its exact size, so that a sanitizer sees its end
	struct payload payload[DATAGRAMS];
};

struct text {
	uint8_t bytes[ROOM];
	uint32_t len;
};

static void *zeroed(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_non_null(mem);
	return memset(mem, 0, size);
}

static void side_init(struct side *s)
{
	struct flow_spec all[N_SPECS];
	struct err_msg msg = {0};
	struct bank_config config = {.entries = 64,
				     .max_agents = 8,
				     .max_sources = 64,
				     .log_size = 1 << 16,
				     .sketches = 4,
				     .seed = 5};
	hash_secret_init(&config.secret, 3);
	for (unsigned i = 0; i < N_SPECS; i++) {
		all[i] = specs[i];
		all[i].values = specs[i].values != NULL ? specs[i].values : "";
		all[i].filter = specs[i].filter != NULL ? specs[i].filter : "";
		all[i].fs = ",";
		all[i].n = 5;
		all[i].t = 2;
	}
	*s = (struct side){.program = program_compile(all, N_SPECS, &msg)};
	if (s->program == NULL)
		fail_msg("%s", msg.text);
	s->bank = bank_init(zeroed(bank_size(s->program, &config)), s->program, &config);
	s->intake = intake_init(zeroed(intake_size(&config)), &config, NULL, &s->stats);
}

static void side_free(struct side *s)
{
	free(s->bank);
	free(s->intake);
	program_free(s->program);
}

static void put(struct text *t, uint32_t word)
{
	store_be32(t->bytes + t->len, word);
	t->len += 4;
}

static void put_bytes(struct text *t, const uint8_t *bytes, uint32_t len)
{
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static uint32_t below(struct rng *r, uint32_t n)
{
	return (uint32_t)rng_below(r, n);
}

static bool one_in(struct rng *r, uint32_t n)
{
	return below(r, n) == 0;
}

static uint32_t put_tags(struct rng *r, uint8_t *to)
{
	static const uint32_t n_tags[] = {0, 0, 0, 0, 0, 1, 1, 2, 3};
	const uint32_t n = n_tags[below(r, 9)];
	for (uint32_t i = 0; i < n; i++) {
		store_be16(to + 4 * i, one_in(r, 2) ? 0x8100 : 0x88a8);
		store_be16(to + 4 * i + 2, (uint16_t)below(r, 0x10000));
	}
	return 4 * n;
}

// A frame that is plain as a rule, and a little off at times. Returns its length.
static uint32_t make_frame(struct rng *r, uint8_t *to)
{
	static const uint8_t protocols[] = {6, 6, 6, 17, 17, 1, 58, 47, 4};
	static const uint16_t ports[] = {80, 443, 1024, 53, 4789, 6081, 2152, 8472};
	for (uint32_t i = 0; i < 160; i++)
		to[i] = (uint8_t)below(r, 4);
	uint32_t at = 12 + put_tags(r, to + 12);
	const bool six = one_in(r, 3);
	const uint8_t protocol = protocols[below(r, 9)];
	store_be16(to + at, one_in(r, 30) ? (uint16_t)below(r, 0x10000) : six ? 0x86dd : 0x0800);
	at += 2;
	const uint32_t size = 20 + below(r, 90);
	const uint32_t end = at + (six ? 40 : 20) + size;
	to[at] = six ? 0x60 : one_in(r, 20) ? 0x46 : 0x45;
	if (six) {
		store_be16(to + at + 4, (uint16_t)(one_in(r, 20) ? below(r, 99) : size));
		to[at + 6] = protocol;
	} else {
		store_be16(to + at + 2, (uint16_t)(one_in(r, 20) ? below(r, 99) : 20 + size));
		store_be16(to + at + 6, one_in(r, 20) ? 0x2003 : 0x4000);
		to[at + 9] = protocol;
	}
	at += six ? 40 : 20;
	store_be16(to + at, ports[below(r, 8)]);
	store_be16(to + at + 2, ports[below(r, 8)]);
	if (one_in(r, 10))
		to[below(r, end)] ^= (uint8_t)(1 << below(r, 8));
	return end;
}

static void put_raw_header(struct rng *r, struct text *t)
{
	uint8_t frame[256];
	uint32_t len = make_frame(r, frame);
	if (one_in(r, 3))
		len = below(r, len + 1);
	const uint32_t padded = one_in(r, 20) ? len : (len + 3) & ~3u;
	put(t, 1);
	put(t, 16 + (one_in(r, 2) ? padded : len));
	put(t, one_in(r, 20) ? 11 : 1);
	put(t, 64 + below(r, 1400));
	put(t, 4);
	put(t, one_in(r, 20) ? len + 3 : one_in(r, 20) ? len / 2 : len);
	put_bytes(t, frame, padded);
}

static void put_switch(struct rng *r, struct text *t)
{
	const bool is_short = one_in(r, 20);
	put(t, 1001);
	put(t, is_short ? 12 : 16);
	for (int i = 0; i < (is_short ? 3 : 4); i++)
		put(t, below(r, 5));
}

// Returns how many records it says there are.
static uint32_t put_records(struct rng *r, struct text *t)
{
	uint32_t n = 0;
	if (!one_in(r, 20)) {
		put_raw_header(r, t);
		n++;
	}
	if (!one_in(r, 3)) {
		put_switch(r, t);
		n++;
	}
	if (one_in(r, 10)) {
		put_switch(r, t);
		n++;
	}
	if (one_in(r, 10)) {
		put(t, 4 << 12 | 7);
		put(t, 4);
		put(t, 0);
		n++;
	}
	if (one_in(r, 20))
		put_bytes(t, (const uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 12);
	return one_in(r, 30) ? n + below(r, 3) : n;
}

static void put_sample(struct text *t, bool expanded, const uint32_t f[8], const struct text *rest)
{
	put(t, expanded ? 3 : 1);
	put(t, (expanded ? 44 : 32) + rest->len);
	put(t, f[0]); // sequence
	if (expanded)
		put(t, 0);
	put(t, f[1]); // source
	put(t, f[2]); // rate
	put(t, f[3]); // pool
	put(t, f[4]); // drops
	for (int i = 5; i < 7; i++) {
		if (expanded)
			put(t, f[i] >> 30);
		put(t, expanded ? f[i] & 0x3fffffff : f[i]);
	}
	put(t, f[7]); // records
	put_bytes(t, rest->bytes, rest->len);
	while (t->len % 4 != 0)
		t->bytes[t->len++] = 0;
}

static void make_samples(struct rng *r, struct text *compact, struct text *expanded)
{
	static uint32_t sequence = 1;
	for (uint32_t n = 1 + below(r, 7); n > 0; n--) {
		struct text records = {.len = 0};
		const uint32_t n_records = put_records(r, &records);
		const uint32_t source = below(r, 4);
		const uint32_t other = one_in(r, 5) ? 0x40000003 : below(r, 4);
		sequence += one_in(r, 40) ? below(r, 1000) : one_in(r, 10) ? 0 : 1;
		const uint32_t fields[8] = {
			one_in(r, 20) ? sequence - below(r, 80) : sequence,
			source,
			one_in(r, 40) ? below(r, 3) : 100,
			sequence * 100,
			below(r, 2),
			one_in(r, 3) ? other : source,
			one_in(r, 2) ? other : source,
			n_records,
		};
		put_sample(compact, false, fields, &records);
		put_sample(expanded, true, fields, &records);
	}
}

static void make_datagram(struct rng *r, struct side *a, struct side *b, uint32_t i)
{
	static uint32_t sequence;
	struct text text[2] = {{.len = 0}, {.len = 0}};
	struct side *side[2] = {a, b};
	const uint32_t agent = 1 + below(r, 3);
	sequence++;
	for (int k = 0; k < 2; k++) {
		const uint32_t head[] = {5, 1, agent, 0, sequence, 1000, 0};
		for (int w = 0; w < 7; w++)
			put(&text[k], head[w]);
	}
	make_samples(r, &text[0], &text[1]);
	for (int k = 0; k < 2; k++) {
		store_be32(text[k].bytes + 24, 99); // the length counts, not the count
		side[k]->datagram[i] = malloc(text[k].len);
		memcpy(side[k]->datagram[i], text[k].bytes, text[k].len);
		side[k]->payload[i] = (struct payload){
			.data = side[k]->datagram[i], .len = text[k].len, .time = 1000000 + i};
	}
}

static void assert_tables_equal(const struct table *a, const struct table *b)
{
	struct table_iter i = {0}, j = {0};
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->added, b->added);
	assert_memory_equal(&a->total, &b->total, sizeof(a->total));
	assert_memory_equal(&a->floor, &b->floor, sizeof(a->floor));
	for (const struct table_entry *e; (e = table_next(a, &i)) != NULL;) {
		const struct table_entry *f = table_next(b, &j);
		assert_non_null(f);
		assert_memory_equal(e, f, a->entry_size);
	}
}

static void assert_equal(const struct side *a, const struct side *b)
{
	for (unsigned i = 0; i < N_STATS; i++)
		if (a->stats.v[i] != b->stats.v[i])
			fail_msg("%s: %llu and %llu", stat_info[i].name,
				 (unsigned long long)a->stats.v[i],
				 (unsigned long long)b->stats.v[i]);
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
		assert_true(stats_ledger_closes(&a->stats, (enum stat_group)g));
	assert_int_equal(a->bank->n_sources, b->bank->n_sources);
	assert_int_equal(a->bank->n_touched_sources, b->bank->n_touched_sources);
	for (uint32_t i = 1; i < a->bank->n_sources; i++)
		assert_memory_equal(&a->bank->source[i], &b->bank->source[i],
				    sizeof(struct source_cell));
	for (uint32_t i = 0; i < N_SPECS; i++)
		assert_tables_equal(&a->bank->table[i]->table, &b->bank->table[i]->table);
}

static void test_both_ways_agree(void **state)
{
	(void)state;
	static struct side a, b;
	struct rng r = rng_seeded(11);
	side_init(&a);
	side_init(&b);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		if (round % 10 == 0) {
			bank_clear(a.bank, round, UINT64_MAX);
			bank_clear(b.bank, round, UINT64_MAX);
		}
		if (round % 50 == 49) {
			intake_restart(a.intake);
			intake_restart(b.intake);
		}
		intake_keep(a.intake, round % 4 == 3 ? 0.3 : 1);
		intake_keep(b.intake, round % 4 == 3 ? 0.3 : 1);
		for (uint32_t i = 0; i < DATAGRAMS; i++)
			make_datagram(&r, &a, &b, i);
		bank_ingest(a.bank, a.intake, a.payload, DATAGRAMS);
		bank_ingest(b.bank, b.intake, b.payload, DATAGRAMS);
		for (uint32_t i = 0; i < DATAGRAMS; i++) {
			free(a.datagram[i]);
			free(b.datagram[i]);
		}
		assert_equal(&a, &b);
	}
	// It would prove nothing if nothing were measured.
	assert_true(stats_read(&a.stats, STAT_used_flow_samples) > 50000);
	assert_true(stats_read(&a.stats, STAT_no_key) > 10000);
	assert_true(stats_read(&a.stats, STAT_sample_shed) > 5000);
	side_free(&a);
	side_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_ways_agree)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
