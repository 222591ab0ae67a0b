// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Decoding alone, beside the floor's parser in the same run: what each step adds, from the walk
// over datagram, samples and records to every field of the sampled header and every value of every
// record. With datagrams that stay in L2, and with all of them, the one after the next prefetched.
//
// bench/instructions counts the same passes with callgrind: it finds them by the names of their
// functions, and the samples that each of them saw in the last lines of the output.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bank/plain_sample.h"
#include "bench.h"
#include "floor.h"
#include "packet/dissect.h"
#include "packet/field.h"
#include "program/program.h"
#include "sflow/flow_sample.h"
#include "sflow/record.h"

enum {
	HOT_SAMPLES = 1000000, // per run of a case that stays in L2
	AHEAD = 2,
	LINE = 64,
};

struct span {
	size_t n, times; // datagrams, passes over them
	bool ahead;
};

// What the passes found; it keeps the compiler from dropping the work.
static uint64_t sink;
static struct packet packet;
static const char *const pass_names[] = {"walk", "tuple", "fields", "records"};
static size_t n_seen; // samples of the pass at hand
static const struct flow_def *tuple;

struct found {
	const uint8_t *data; // of the datagram
	uint32_t len;
	struct flow_sample fs;
	struct sampled_header header;
};

// What is done with each flow sample, once its records were walked.
typedef void (*sample_fn)(const struct found *f);
typedef bool (*plain_fn)(const struct sflow_sample *s);

// The records of a flow sample; the raw header is found.
static inline __attribute__((always_inline)) bool walk_records(const struct sflow_sample *s,
							       struct found *f)
{
	struct sflow_record r;
	bool raw = false;
	if (flow_sample_open(s, &f->fs) != SFLOW_OK)
		return false;
	struct sflow_items records = f->fs.records;
	while (sflow_record_next(&records, &r) > 0)
		if (r.tag == SFLOW_SAMPLED_HEADER)
			raw = sampled_header_open(&r, &f->header) == SFLOW_OK;
	return raw;
}

// Datagram, samples, records. Inlined into each pass, and what it does with a sample with it:
// @p plain, which says whether the sample was to its taste; if not, @p then.
static inline __attribute__((always_inline)) size_t walk(const struct load_datagram *d,
							 plain_fn plain, sample_fn then)
{
	struct sflow_datagram dg;
	struct sflow_sample s;
	struct found f = {.data = d->data, .len = d->len};
	size_t n = 0;
	if (sflow_open(&dg, d->data, d->len) != SFLOW_OK)
		return 0;
	while (sflow_next(&dg, &s) > 0) {
		if (s.tag != SFLOW_FLOW_SAMPLE && s.tag != SFLOW_FLOW_SAMPLE_EXPANDED)
			continue;
		n++;
		if ((plain == NULL || !plain(&s)) && walk_records(&s, &f))
			then(&f);
	}
	return n;
}

static inline void prefetch(const struct load *l, size_t i, size_t n)
{
	for (uint32_t off = 0; i < n && off < l->datagrams[i].len; off += LINE)
		__builtin_prefetch(l->datagrams[i].data + off);
}

static inline __attribute__((always_inline)) double pass(const struct load *l, struct span span,
							 plain_fn plain, sample_fn then)
{
	size_t n_samples = 0;
	const uint64_t start = bench_now();
	for (size_t t = 0; t < span.times; t++)
		for (size_t i = 0; i < span.n; i++) {
			if (span.ahead)
				prefetch(l, i + AHEAD, span.n);
			n_samples += walk(&l->datagrams[i], plain, then);
		}
	n_seen = n_samples;
	return n_samples > 0 ? (double)(bench_now() - start) / (double)n_samples : 0;
}

static inline void take_header(const struct found *f)
{
	sink += f->header.frame_length * (uint64_t)f->fs.sampling_rate + f->header.len;
}

static inline void dissect(const struct found *f, enum dissect_depth depth)
{
	packet_reset(&packet, f->data, f->len);
	packet_dissect(&packet, f->header.protocol, (uint32_t)(f->header.header - f->data),
		       f->header.len, depth);
}

static uint64_t tuple_key[(PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK) / 8];

static inline void take_tuple(const struct found *f)
{
	take_header(f);
	dissect(f, DISSECT_OUTER);
	sink += flow_def_key(tuple, &packet, f->fs.ds_index, (uint8_t *)tuple_key);
}

// As ingest gathers it: by copies from a plain sample, by the layers of any other.
static inline bool take_plain(const struct sflow_sample *s)
{
	const uint32_t needs = tuple->plain_needs;
	const uint8_t *b = s->body;
	uint8_t at[N_PLAIN_FROM];
	uint16_t has;
	if (s->tag != SFLOW_FLOW_SAMPLE || !plain_sample_read(b, s->len, &has, at) ||
	    (has & needs) != needs)
		return false;
	sink += load_be32(b + AT_FRAME_LEN) * (uint64_t)load_be32(b + AT_RATE);
	flow_def_plain_key(tuple->plain, b, at, load_be32(b + AT_SOURCE) & 0xffffff,
			   (uint8_t *)tuple_key, 2, tuple->plain->n_windows);
	__asm__ volatile("" : : "r"(tuple_key) : "memory");
	return true;
}

static inline void take_fields(const struct found *f)
{
	static uint8_t value[FIELD_VALUE_MAX];
	const size_t n = field_count();
	dissect(f, DISSECT_ALL);
	for (size_t i = 0; i < n; i++)
		sink += field_read(field_at(i), 0, &packet, value);
}

static inline void take_records(const struct found *f)
{
	struct sflow_items records = f->fs.records;
	struct sflow_record r;
	struct record_walk w;
	struct record_value v;
	while (sflow_record_next(&records, &r) > 0)
		if (record_open(&w, RECORD_FLOW, &r) == SFLOW_OK)
			while (record_next(&w, &v))
				sink += v.u + v.len;
}

static __attribute__((noinline)) double pass_walk(const struct load *l, struct span s)
{
	return pass(l, s, NULL, take_header);
}

static __attribute__((noinline)) double pass_tuple(const struct load *l, struct span s)
{
	return pass(l, s, take_plain, take_tuple);
}

static __attribute__((noinline)) double pass_fields(const struct load *l, struct span s)
{
	return pass(l, s, NULL, take_fields);
}

static __attribute__((noinline)) double pass_records(const struct load *l, struct span s)
{
	return pass(l, s, NULL, take_records);
}

static struct span hot_span(const struct load *l)
{
	const long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
	const size_t room = l2 > 0 ? (size_t)l2 / 2 : 256 * 1024;
	size_t n = 0, used = 0;
	while (n < l->n_datagrams && used + l->datagrams[n].len <= room)
		used += l->datagrams[n++].len;
	n += n == 0;
	return (struct span){.n = n,
			     .times = HOT_SAMPLES / (l->n_samples * n / l->n_datagrams + 1) + 1};
}

static struct program *compile_tuple(void)
{
	const struct flow_spec spec = {
		.name = "tuple",
		.keys = BENCH_TUPLE,
		.value = "bytes",
		.values = "",
		.filter = "",
		.fs = ",",
		.n = 5,
		.t = 2,
	};
	struct err_msg msg = {0};
	struct program *p = program_compile(&spec, 1, &msg);
	if (p == NULL) {
		fprintf(stderr, "bench_decode: %s\n", msg.text);
		exit(1);
	}
	tuple = &p->def[0];
	return p;
}

// Case by case beside the floor, run by run; the floor meets each span as often as all cases.
static void measure(struct bench_report *report, const struct bench_options *o,
		    const struct load *l, struct span span, const char *const names[4])
{
	static double (*const passes[])(const struct load *, struct span) = {
		pass_walk, pass_tuple, pass_fields, pass_records};
	static double ns[4][BENCH_MAX_RUNS], floor[4][BENCH_MAX_RUNS];
	size_t total[4] = {0};
	for (unsigned i = 0; i < o->runs; i++)
		for (unsigned c = 0; c < 4; c++) {
			struct span s = span;
			if (c >= 2 && s.times > 20)
				s.times /= 20; // some hundred times as slow
			floor[c][i] = floor_parse(l, 0, span.n, span.times,
						  span.ahead ? FETCH_AHEAD : FETCH_PLAIN);
			ns[c][i] = passes[c](l, s);
			total[c] += n_seen;
		}
	for (unsigned c = 0; c < 4; c++) {
		bench_report_add(report, names[c], ns[c], floor[c], o->runs);
		printf("# samples pass_%s %zu\n", pass_names[c], total[c]);
	}
	printf("# samples floor_parse %zu\n",
	       4 * o->runs * span.times * (l->n_samples * span.n / l->n_datagrams));
}

int main(int argc, char **argv)
{
	static const char *const hot[] = {"decode_walk_l2", "decode_walk_5tuple_l2",
					  "decode_walk_fields_l2", "decode_walk_records_l2"};
	static const char *const ahead[] = {"decode_walk", "decode_walk_5tuple",
					    "decode_walk_fields", "decode_walk_records"};
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	struct load l = bench_load(&o, 1.0);
	struct program *program = compile_tuple();
	printf("# %zu datagrams, %zu flow samples, %.0f MB (%s), %zu fields\n", l.n_datagrams,
	       l.n_samples, (double)l.size / 1e6, pages_str(l.pages), field_count());
	measure(&report, &o, &l, hot_span(&l), hot);
	measure(&report, &o, &l, (struct span){.n = l.n_datagrams, .times = 1, .ahead = true},
		ahead);
	program_free(program);
	load_free(&l);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
