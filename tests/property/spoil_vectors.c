// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Cut every test vector at every byte, and spoil every byte of it in several ways. Whatever comes
// of it, `weirctl decode -j` prints one line of JSON, and the collector's loss ledger closes: each
// datagram, sample and record is used or lost under a name.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank/bank.h"
#include "decode_datagram.h"
#include "vectors.h"

// What replaces a byte: all bits flipped, each kind of edge, one bit flipped.
static const struct {
	uint8_t keep, set, flip;
} spoils[] = {{0xff, 0, 0xff}, {0, 0, 0},    {0, 0xff, 0},
	      {0xff, 0, 0x80}, {0xff, 0, 1}, {0, 0x7f, 0}};

#define N_SPOILS (sizeof(spoils) / sizeof(spoils[0]))

static struct {
	const char *vector;
	size_t at;
	const char *how;
	size_t runs;
} now;

static void fail(const char *what)
{
	fprintf(stderr, "%s, byte %zu %s: %s\n", now.vector, now.at, now.how, what);
	exit(1);
}

static void check_json(const uint8_t *data, size_t len)
{
	static struct decoder d;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	d = (struct decoder){.out = {.file = f, .format = OUT_JSON}};
	decoder_datagram(&d, data, len, &(struct arrival){.captured = true});
	fclose(f);
	json_t *json = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	if (json == NULL || memchr(text, '\n', size) != text + size - 1)
		fail(text);
	json_decref(json);
	free(text);
}

static void *aligned(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	if (mem == NULL)
		abort();
	return mem;
}

// A worker for one datagram, so that none is taken for a duplicate of the one before.
static void check_ledger(const struct program *program, const uint8_t *data, size_t len)
{
	static void *bank_mem, *intake_mem;
	static size_t bank_len, intake_len;
	static struct stats stats;
	struct bank_config config = {
		.entries = 64, .max_agents = 2, .max_sources = 8, .log_size = 2048, .seed = 1};
	hash_secret_init(&config.secret, 1);
	if (bank_mem == NULL) {
		bank_mem = aligned(bank_len = bank_size(program, &config));
		intake_mem = aligned(intake_len = intake_size(&config));
	}
	memset(bank_mem, 0, bank_len);
	memset(intake_mem, 0, intake_len);
	memset(&stats, 0, sizeof(stats));
	struct bank *bank = bank_init(bank_mem, program, &config);
	struct intake *intake = intake_init(intake_mem, &config, NULL, &stats);
	bank_ingest(bank, intake, &(struct payload){.data = data, .len = (uint32_t)len}, 1);
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
		if (!stats_ledger_closes(&stats, (enum stat_group)g))
			fail("the ledger does not close");
}

static void check(const struct program *program, const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len + 1); // so that a sanitizer sees one byte too many
	memcpy(exact, data, len);
	check_json(exact, len);
	check_ledger(program, exact, len);
	free(exact);
	now.runs++;
}

static void spoil(const struct program *program, const struct vector *v)
{
	uint8_t data[VECTOR_SIZE];
	const size_t len = vector_build(v, data);
	now.vector = v->name;
	for (now.at = 0; now.at < len; now.at++) {
		now.how = "cut off";
		check(program, data, now.at);
		now.how = "spoilt";
		const uint8_t byte = data[now.at];
		for (size_t i = 0; i < N_SPOILS; i++) {
			data[now.at] = (uint8_t)(((byte & spoils[i].keep) | spoils[i].set) ^
						 spoils[i].flip);
			check(program, data, len);
		}
		data[now.at] = byte;
	}
}

int main(void)
{
	const struct flow_spec spec = {.name = "all",
				       .keys = "stack,null:ipsource,null:ip6source,null:vlansource",
				       .value = "bytes",
				       .values = "",
				       .filter = "",
				       .fs = ",",
				       .n = 5,
				       .t = 2};
	struct err_msg msg = {0};
	struct program *program = program_compile(&spec, 1, &msg);
	size_t n;
	const struct vector *list = vector_list(&n);
	if (program == NULL) {
		fprintf(stderr, "%s\n", msg.text);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		spoil(program, &list[i]);
	printf("%zu vectors, %zu datagrams\n", n, now.runs);
	program_free(program);
	return 0;
}
