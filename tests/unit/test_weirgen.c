// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <math.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/strbuf.h"
#include "common/capture.h"
#include "sflow/flow_sample.h"
#include "weirgen/generate.h"
#include "weirgen_args.h"

// An output that keeps what it was sent.
struct memory {
	struct output base;
	uint8_t *bytes;
	size_t size, len;
	struct stored {
		uint64_t time;
		struct addr agent;
		size_t at, len;
	} * datagrams;
	size_t n;
};

static int keep(struct output *out, const struct datagram_out *d, struct err_msg *msg)
{
	struct memory *m = (struct memory *)out;
	if (m->len + d->len > m->size) {
		m->size = 2 * m->size + (1 << 20);
		m->bytes = realloc(m->bytes, m->size);
	}
	if ((m->n & (m->n - 1)) == 0)
		m->datagrams = realloc(m->datagrams, 2 * (m->n + 1) * sizeof(*m->datagrams));
	assert_true(m->bytes != NULL && m->datagrams != NULL);
	memcpy(m->bytes + m->len, d->payload, d->len);
	m->datagrams[m->n++] = (struct stored){d->time, *d->agent, m->len, d->len};
	m->len += d->len;
	return 0;
}

static void memory_free(struct memory *m)
{
	free(m->bytes);
	free(m->datagrams);
}

static struct fabric_stats run_into(struct output *out, const char *text, const char *truth)
{
	struct options o;
	struct err_msg msg = {0};
	struct fabric_stats stats;
	if (parse(&o, text, &msg) != 0)
		fail_msg("%s", msg.text);
	o.truth = truth;
	if (generate(&o, out, NULL, &stats, &msg) != 0)
		fail_msg("%s", msg.text);
	options_free(&o);
	return stats;
}

static struct fabric_stats run(struct memory *m, const char *text, const char *truth)
{
	*m = (struct memory){.base = {.send = keep}};
	return run_into(&m->base, text, truth);
}

static bool same_run(const struct memory *a, const struct memory *b)
{
	if (a->n != b->n || a->len != b->len || memcmp(a->bytes, b->bytes, a->len) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->datagrams[i].time != b->datagrams[i].time)
			return false;
	return true;
}

static void a_seed_says_it_all(void **state)
{
	static const char *const runs[] = {
		"--pcap - --preset demo",
		"--pcap - --preset bench --datagrams 2000",
		"--pcap - --flood 0.5 --loss 0.2 --expanded 0.5 --ipv6 0.5 --vlan 0.5 --counters 1",
	};
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct memory a, b, c;
		char other[256];
		snprintf(other, sizeof(other), "%s --seed 2", runs[i]);
		run(&a, runs[i], NULL);
		run(&b, runs[i], NULL);
		run(&c, other, NULL);
		assert_true(a.n > 100 && same_run(&a, &b));
		assert_false(same_run(&a, &c));
		memory_free(&a);
		memory_free(&b);
		memory_free(&c);
	}
}

// What a walk over the datagrams and the truth are both reduced to.
struct fact {
	char key[240];
	uint64_t samples, frames, bytes;
};

struct facts {
	struct fact *list;
	size_t n;
};

static void add_fact(struct facts *f, const struct fact *fact)
{
	if ((f->n & (f->n - 1)) == 0)
		f->list = realloc(f->list, 2 * (f->n + 1) * sizeof(*f->list));
	assert_non_null(f->list);
	f->list[f->n++] = *fact;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct fact *)a)->key, ((const struct fact *)b)->key);
}

// Sort, and add up what has the same key.
static void combine(struct facts *f)
{
	size_t n = 0;
	if (f->n != 0)
		qsort(f->list, f->n, sizeof(*f->list), by_key);
	for (size_t i = 0; i < f->n; i++) {
		if (n != 0 && strcmp(f->list[n - 1].key, f->list[i].key) == 0) {
			f->list[n - 1].samples += f->list[i].samples;
			f->list[n - 1].frames += f->list[i].frames;
			f->list[n - 1].bytes += f->list[i].bytes;
		} else {
			f->list[n++] = f->list[i];
		}
	}
	f->n = n;
}

static void expect_same(struct facts *got, struct facts *want)
{
	combine(got);
	combine(want);
	assert_int_equal(got->n, want->n);
	for (size_t i = 0; i < got->n; i++) {
		const struct fact *g = &got->list[i], *w = &want->list[i];
		if (strcmp(g->key, w->key) != 0 || g->samples != w->samples ||
		    g->frames != w->frames || g->bytes != w->bytes)
			fail_msg("%s: %lu bytes, expected %s: %lu", g->key, g->bytes, w->key,
				 w->bytes);
	}
	free(got->list);
	free(want->list);
}

// The key of a sampled header, in the words of the truth; reads it on its own, by offsets.
static void key_of_header(struct strbuf *b, const uint8_t *h, size_t len)
{
	const bool tagged = load_be16(h + 12) == 0x8100;
	const uint8_t *ip = h + (tagged ? 18 : 14);
	const bool v6 = load_be16(ip - 2) == 0x86dd;
	const struct addr source = v6 ? addr_ip6(ip + 8) : addr_ip4(ip + 12);
	const struct addr destination = v6 ? addr_ip6(ip + 24) : addr_ip4(ip + 16);
	const uint8_t *l4 = ip + (v6 ? 40 : 20);
	assert_true(len >= (size_t)(l4 - h) + 4);
	if (load_be16(l4 + 2) == 53 &&
	    strcmp(addr_text(&destination, (char[46]){0}), "192.0.2.66") == 0) {
		strbuf_str(b, "flood");
		return;
	}
	strbuf_fmt(b, "%u %u ", tagged ? load_be16(h + 14) : 0, v6 ? ip[6] : ip[9]);
	addr_format(b, &source);
	strbuf_char(b, ' ');
	addr_format(b, &destination);
	strbuf_fmt(b, " %u %u", load_be16(l4), load_be16(l4 + 2));
}

static void walk_flow_sample(struct facts *facts, uint64_t time_ms, const struct sflow_datagram *dg,
			     const struct sflow_sample *s)
{
	struct flow_sample fs;
	struct sflow_record r;
	assert_int_equal(flow_sample_open(s, &fs), SFLOW_OK);
	while (sflow_record_next(&fs.records, &r) > 0) {
		if (r.tag != SFLOW_SAMPLED_HEADER)
			continue;
		const uint32_t frame_len = load_be32(r.body + 4);
		struct fact fact = {.samples = 1, .frames = fs.sampling_rate};
		fact.bytes = (uint64_t)fs.sampling_rate * frame_len;
		struct strbuf b = strbuf_of(fact.key, sizeof(fact.key));
		strbuf_fmt(&b, "%lu ", time_ms);
		const size_t mark = b.len;
		const struct addr agent =
			dg->agent_type == ADDR_IP6 ? addr_ip6(dg->agent) : addr_ip4(dg->agent);
		addr_format(&b, &agent);
		strbuf_fmt(&b, "/%u %u>%u ", dg->sub_agent, fs.ds_index, fs.output);
		const size_t key = b.len;
		key_of_header(&b, r.body + 16, load_be32(r.body + 12));
		if (strcmp(fact.key + key, "flood") == 0) // is told as a whole
			strcpy(fact.key + mark, "flood");
		assert_int_equal(fs.input, fs.ds_index);
		add_fact(facts, &fact);
	}
}

// Visit all samples of a run with lib/sflow alone.
static void walk(const struct memory *m, uint64_t interval_ms, struct facts *facts)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct stored *d = &m->datagrams[i];
		struct sflow_datagram dg;
		struct sflow_sample s;
		int got;
		assert_int_equal(sflow_open(&dg, m->bytes + d->at, d->len), SFLOW_OK);
		const uint64_t ms = d->time / 1000000 / interval_ms * interval_ms;
		uint32_t n = 0;
		while ((got = sflow_next(&dg, &s)) > 0) {
			n++;
			if (s.tag == SFLOW_FLOW_SAMPLE || s.tag == SFLOW_FLOW_SAMPLE_EXPANDED)
				walk_flow_sample(facts, ms, &dg, &s);
		}
		assert_int_equal(got, 0);
		assert_int_equal(n, dg.n_samples);
	}
}

static unsigned member(const json_t *line, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(line, name));
}

static const char *text_member(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static void key_of_line(struct strbuf *b, const json_t *line, bool flood)
{
	if (flood) {
		strbuf_str(b, "flood");
		return;
	}
	strbuf_fmt(b, "%s/%u %u>%u %u %u %s %s %u %u", text_member(line, "agent"),
		   member(line, "sub_agent"), member(line, "port"), member(line, "output"),
		   member(line, "vlan"), member(line, "protocol"), text_member(line, "source"),
		   text_member(line, "destination"), member(line, "source_port"),
		   member(line, "destination_port"));
}

static uint64_t sum_member(const json_t *line, const char *sum, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(json_object_get(line, sum), name));
}

static void fact_of_line(struct facts *facts, const json_t *line, const char *sum)
{
	const char *record = text_member(line, "record");
	const bool flood = strcmp(record, "flood") == 0;
	if (!flood && strcmp(record, "flow") != 0)
		return;
	struct fact fact = {.samples = sum_member(line, sum, "samples"),
			    .frames = sum_member(line, sum, "frames"),
			    .bytes = sum_member(line, sum, "bytes")};
	if (fact.samples == 0)
		return;
	struct strbuf b = strbuf_of(fact.key, sizeof(fact.key));
	strbuf_fmt(&b, "%lld ", json_integer_value(json_object_get(line, "time_ms")));
	key_of_line(&b, line, flood);
	add_fact(facts, &fact);
}

// Call @p visit for each line of a truth file.
static void each_line(const char *path, void (*visit)(const json_t *line, void *arg), void *arg)
{
	char text[4096];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(text, sizeof(text), file) != NULL) {
		json_t *line = json_loads(text, 0, NULL);
		if (line == NULL)
			fail_msg("not JSON: %s", text);
		visit(line, arg);
		json_decref(line);
	}
	fclose(file);
}

struct reading {
	const char *sum;
	struct facts facts;
};

static void read_facts(const json_t *line, void *arg)
{
	struct reading *r = arg;
	fact_of_line(&r->facts, line, r->sum);
}

static char truth_path[] = "/tmp/weirgen-truth-XXXXXX";

static int make_truth_path(void **state)
{
	const int fd = mkstemp(truth_path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_truth_path(void **state)
{
	return unlink(truth_path);
}

#define RICH                                                                                   \
	"--pcap - --agents 5 --subagents 3 --ports 7 --flows 300 --zipf 0.8 --rate 4000 "      \
	"--duration 5 --counters 1 --ipv6 0.3 --vlan 0.4 --expanded 0.5 --flood 0.2 --life 2 " \
	"--elephant 200M,1,2,0.5 --elephant 100M,3 "

static void truth_is_what_a_walk_finds(void **state)
{
	static const char *const losses[] = {"--loss 0", "--loss 0.3", "--loss 0 --transport-ipv6"};
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		char text[512];
		struct memory m;
		struct facts found = {0};
		struct reading told = {.sum = "arrived"};
		snprintf(text, sizeof(text), RICH "%s", losses[i]);
		run(&m, text, truth_path);
		walk(&m, 1000, &found);
		each_line(truth_path, read_facts, &told);
		assert_true(found.n > 10000);
		expect_same(&found, &told.facts);
		memory_free(&m);
	}
}

// The lost datagrams are those missing between the numbers, and "sent" is the run without loss.
static void loss_is_accounted(void **state)
{
	struct memory lossy, whole;
	const struct fabric_stats stats = run(&lossy, RICH "--loss 0.3", truth_path);
	struct reading told = {.sum = "sent"};
	struct facts found = {0};
	each_line(truth_path, read_facts, &told);
	run(&whole, RICH "--loss 0", NULL);
	walk(&whole, 1000, &found);
	expect_same(&found, &told.facts);
	assert_int_equal(stats.datagrams, whole.n);
	assert_int_equal(stats.datagrams - stats.lost, lossy.n);
	const double fraction = (double)stats.lost / (double)stats.datagrams;
	assert_true(fabs(fraction - 0.3) < 4 * sqrt(0.3 * 0.7 / (double)stats.datagrams));
	// Each datagram that arrives is one of the whole run, in order.
	size_t at = 0;
	for (size_t i = 0; i < lossy.n; i++, at++)
		while (at < whole.n &&
		       (whole.datagrams[at].len != lossy.datagrams[i].len ||
			memcmp(whole.bytes + whole.datagrams[at].at,
			       lossy.bytes + lossy.datagrams[i].at, lossy.datagrams[i].len) != 0))
			at++;
	assert_true(at <= whole.n);
	memory_free(&lossy);
	memory_free(&whole);
}

struct totals {
	uint64_t flow_bytes, port_in, port_out, all, datagrams;
};

static void read_totals(const json_t *line, void *arg)
{
	struct totals *t = arg;
	const char *record = text_member(line, "record");
	if (strcmp(record, "flow_total") == 0 || strcmp(record, "flood_total") == 0) {
		t->flow_bytes += sum_member(line, "arrived", "bytes");
	} else if (strcmp(record, "port_total") == 0) {
		t->port_in += sum_member(line, "arrived_in", "bytes");
		t->port_out += sum_member(line, "arrived_out", "bytes");
	} else if (strcmp(record, "total") == 0) {
		t->all = sum_member(line, "arrived", "bytes");
		t->datagrams = member(line, "datagrams_arrived");
	}
}

static void totals_agree(void **state)
{
	struct memory m;
	struct totals t = {0};
	run(&m, RICH "--loss 0.1", truth_path);
	each_line(truth_path, read_totals, &t);
	assert_true(t.all > 0);
	assert_int_equal(t.flow_bytes, t.all);
	assert_int_equal(t.port_in, t.all);
	assert_int_equal(t.port_out, t.all);
	assert_int_equal(t.datagrams, m.n);
	memory_free(&m);
}

// Numbers of datagrams, of samples and of counters run on without a gap, for each that counts.
static void sequences_have_no_gaps(void **state)
{
	enum {
		N_AGENTS = 5,
		N_SUBS = 3,
		N_PORTS = 7
	};
	uint32_t datagrams[N_AGENTS][N_SUBS] = {0}, flows[N_AGENTS][N_PORTS] = {0};
	uint32_t counters[N_AGENTS][N_PORTS] = {0};
	struct memory m;
	run(&m, RICH, NULL);
	for (size_t i = 0; i < m.n; i++) {
		struct sflow_datagram dg;
		struct sflow_sample s;
		assert_int_equal(sflow_open(&dg, m.bytes + m.datagrams[i].at, m.datagrams[i].len),
				 SFLOW_OK);
		const uint32_t agent = dg.agent[3] - 1u;
		assert_int_equal(dg.sequence, ++datagrams[agent][dg.sub_agent]);
		while (sflow_next(&dg, &s) > 0) {
			struct flow_sample fs;
			struct counters_sample cs;
			if (s.tag == SFLOW_FLOW_SAMPLE || s.tag == SFLOW_FLOW_SAMPLE_EXPANDED) {
				assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
				const uint32_t n = ++flows[agent][fs.ds_index - 1];
				assert_int_equal(fs.sequence, n);
				assert_int_equal(fs.sample_pool, n * fs.sampling_rate);
				assert_int_equal((fs.ds_index - 1) % N_SUBS, dg.sub_agent);
			} else {
				assert_int_equal(counters_sample_open(&s, &cs), SFLOW_OK);
				if (cs.ds_class == SFLOW_DS_IFINDEX)
					assert_int_equal(cs.sequence,
							 ++counters[agent][cs.ds_index - 1]);
			}
		}
	}
	assert_int_equal(counters[0][0], 5);
	memory_free(&m);
}

// The octets that ports report grow with the samples: their last report is the truth so far.
static void counters_agree_with_the_traffic(void **state)
{
	struct memory m;
	uint64_t octets = 0, sampled = 0;
	// One datagram per sample: counters and samples are seen in the order they were made.
	run(&m,
	    "--pcap - --agents 1 --ports 1 --rate 1000 --counters 1 --duration 3.5 "
	    "--samples-per-datagram 1",
	    NULL);
	for (size_t i = 0; i < m.n; i++) {
		struct sflow_datagram dg;
		struct sflow_sample s = {0};
		struct sflow_record r = {0};
		sflow_open(&dg, m.bytes + m.datagrams[i].at, m.datagrams[i].len);
		assert_int_equal(sflow_next(&dg, &s), 1);
		struct flow_sample fs;
		struct counters_sample cs;
		if (s.tag == SFLOW_FLOW_SAMPLE) {
			flow_sample_open(&s, &fs);
			assert_int_equal(sflow_record_next(&fs.records, &r), 1);
			sampled += 1000ull * load_be32(r.body + 4);
			continue;
		}
		counters_sample_open(&s, &cs);
		assert_int_equal(sflow_record_next(&cs.records, &r), 1);
		if (r.tag != SFLOW_TAG(0, 1))
			continue; // the agent describes itself
		octets = load_be64(r.body + 24);
		assert_true(octets == sampled);
	}
	assert_true(octets > 2000 * 64 * 1000);
	memory_free(&m);
}

struct elephant_rate {
	double bits[16]; // by second
};

static void read_elephant(const json_t *line, void *arg)
{
	struct elephant_rate *e = arg;
	const char *source = text_member(line, "source");
	if (strcmp(text_member(line, "record"), "flow") != 0 || source == NULL ||
	    strcmp(source, "192.168.10.1") != 0)
		return;
	const json_int_t ms = json_integer_value(json_object_get(line, "time_ms"));
	e->bits[ms / 1000 - 1760000000] = 8.0 * (double)sum_member(line, "sent", "bytes");
}

static void an_elephant_keeps_its_rate(void **state)
{
	struct memory m;
	struct elephant_rate e = {0};
	run(&m, "--pcap - --duration 12 --elephant 1G,3,5,1 --flush 0.001", truth_path);
	each_line(truth_path, read_elephant, &e);
	const double sample = 1518 * 8 * 1000;
	for (int second = 0; second < 12; second++) {
		const bool on = second >= 1 && (second - 1) % 5 < 3;
		assert_true(fabs(e.bits[second] - (on ? 1e9 : 0)) <= 2 * sample);
	}
	memory_free(&m);
}

// Read a pcap of ours with the reader of captures: frame, port, time and payload are as sent.
static void a_pcap_holds_what_was_sent(void **state)
{
	static const char *const runs[] = {"--duration 2 --loss 0.1",
					   "--duration 2 --transport-ipv6 --datagram-size 8k"};
	for (size_t i = 0; i < 2; i++) {
		char path[] = "/tmp/weirgen-pcap-XXXXXX", text[256];
		close(mkstemp(path));
		struct memory m;
		struct err_msg msg = {0};
		snprintf(text, sizeof(text), "--pcap %s %s", path, runs[i]);
		struct options o;
		struct fabric_stats stats;
		assert_int_equal(parse(&o, text, &msg), 0);
		struct output *out = output_pcap_open(&o, &msg);
		assert_non_null(out);
		assert_int_equal(generate(&o, out, NULL, &stats, &msg), 0);
		assert_int_equal(out->close(out, &msg), 0);
		run(&m, text, NULL);
		struct capture *c = capture_open(path, SFLOW_PORT, &msg);
		struct datagram d;
		size_t n = 0;
		for (; capture_next(c, &d) > 0; n++) {
			const struct stored *s = &m.datagrams[n];
			assert_true(d.time == s->time && addr_equal(&d.source, &s->agent));
			assert_int_equal(d.len, s->len);
			assert_memory_equal(d.payload, m.bytes + s->at, d.len);
		}
		assert_int_equal(n, m.n);
		assert_int_equal(capture_stats(c)->frames, n);
		capture_close(c);
		unlink(path);
		memory_free(&m);
	}
}

// Loopback delivers inside the system call: all is there when the run is over.
static void udp_arrives_completely(void **state)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &size), 0);
	char text[256];
	snprintf(text, sizeof(text),
		 "--udp 127.0.0.1:%u --rate 300 --duration 1 --speed 20 --loss 0.1 --flush 0.1",
		 ntohs(here.sin_port));
	struct options o;
	struct err_msg msg = {0};
	struct fabric_stats stats;
	assert_int_equal(parse(&o, text, &msg), 0);
	struct output *out = output_udp_open(&o, &msg);
	assert_non_null(out);
	assert_int_equal(generate(&o, out, NULL, &stats, &msg), 0);
	assert_int_equal(out->close(out, &msg), 0);
	struct memory m;
	run(&m, text, NULL);
	assert_true(m.n > 40 && m.n == stats.datagrams - stats.lost);
	for (size_t i = 0; i < m.n; i++) {
		uint8_t got[2048];
		const ssize_t len = recv(fd, got, sizeof(got), MSG_DONTWAIT);
		assert_int_equal(len, m.datagrams[i].len);
		assert_memory_equal(got, m.bytes + m.datagrams[i].at, m.datagrams[i].len);
	}
	assert_int_equal(recv(fd, text, 1, MSG_DONTWAIT), -1);
	close(fd);
	memory_free(&m);
}

static void a_run_ends_where_it_should(void **state)
{
	struct memory m;
	struct fabric_stats s = run(&m, "--pcap - --datagrams 77 --duration 0 --counters 1", NULL);
	assert_int_equal(s.datagrams, 77);
	assert_int_equal(m.n, 77);
	memory_free(&m);
	s = run(&m, "--pcap - --samples 1234 --duration 0 --elephant 1G,1,2", NULL);
	assert_int_equal(s.flow_samples, 1234);
	memory_free(&m);
	s = run(&m, "--pcap - --rate 1k --duration 3", NULL);
	assert_int_equal(s.flow_samples, 3000);
	memory_free(&m);
	s = run(&m, "--pcap - --datagram-rate 100 --samples-per-datagram 4 --duration 2", NULL);
	assert_int_equal(s.flow_samples, 800);
	assert_in_range(s.datagrams, 200, 204); // each of four agents may leave one unfilled
	memory_free(&m);
}

// No sample waits longer than --flush.
static void datagrams_leave_in_time(void **state)
{
	struct memory m;
	run(&m, "--pcap - --agents 50 --rate 100 --duration 5 --flush 0.25", NULL);
	uint64_t last = 0;
	for (size_t i = 0; i < m.n; i++) {
		assert_true(m.datagrams[i].time >= last);
		last = m.datagrams[i].time;
	}
	assert_true(m.n > 300); // two samples per agent and second: mostly one by one
	memory_free(&m);
}

static void bench_looks_like_the_reference(void **state)
{
	struct memory m;
	const struct fabric_stats s = run(&m, "--pcap - --preset bench --datagrams 20000", NULL);
	const double per_datagram = (double)s.flow_samples / (double)s.datagrams;
	const double frame = (double)s.bytes / (double)s.datagrams + 42;
	assert_true(fabs(per_datagram - 6.07) < 0.1);
	assert_true(fabs(frame - 1320) < 30);
	assert_true(fabs((double)s.counters_samples / (double)s.datagrams - 0.134) < 0.02);
	memory_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_says_it_all),
		cmocka_unit_test(truth_is_what_a_walk_finds),
		cmocka_unit_test(loss_is_accounted),
		cmocka_unit_test(totals_agree),
		cmocka_unit_test(sequences_have_no_gaps),
		cmocka_unit_test(counters_agree_with_the_traffic),
		cmocka_unit_test(an_elephant_keeps_its_rate),
		cmocka_unit_test(a_pcap_holds_what_was_sent),
		cmocka_unit_test(udp_arrives_completely),
		cmocka_unit_test(a_run_ends_where_it_should),
		cmocka_unit_test(datagrams_leave_in_time),
		cmocka_unit_test(bench_looks_like_the_reference),
	};
	return cmocka_run_group_tests_name("weirgen", tests, make_truth_path, remove_truth_path);
}
