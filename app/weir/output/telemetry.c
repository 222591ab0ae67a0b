// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#include "weir/util/clock.h"
#include "weir/util/compat.h"

// Rows of a page: at most some 300 bytes each in JSON, of the 16 kB that a reply holds.
#define PAGE_AGENTS  32
#define PAGE_EXPORT  32
#define PAGE_FLOWS   32
#define PAGE_INPUTS  16
#define PAGE_RECORDS 32
#define PAGE_SOURCES 32

// Of a name; longer ones are cut.
#define TEXT_SIZE 128

// Questions arrive on DPDK's thread, also while the daemon goes down.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct telemetry_config *active; // under `lock`

typedef int (*answer_fn)(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d);

static int answer_version(const struct telemetry_config *c, const char *params,
			  struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", "weir");
	return rte_tel_data_add_dict_string(d, "version", WEIR_VERSION);
}

static struct stats sum_of(const struct telemetry_config *c)
{
	struct stats sum = {0};
	for (uint32_t i = 0; i < c->n_workers; i++)
		stats_sum(&sum, worker_stats(c->worker[i]));
	return sum;
}

static void add_stats(struct rte_tel_data *d, const struct stats *s)
{
	for (unsigned i = 0; i < N_STATS; i++)
		tel_add_uint(d, stat_info[i].name, stats_read(s, (enum stat_id)i));
}

static int answer_stats(const struct telemetry_config *c, const char *params,
			struct rte_tel_data *d)
{
	const struct stats sum = sum_of(c);
	rte_tel_data_start_dict(d);
	add_stats(d, &sum);
	return 0;
}

static int answer_workers(const struct telemetry_config *c, const char *params,
			  struct rte_tel_data *d)
{
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (uint32_t i = 0; i < c->n_workers; i++)
		rte_tel_data_add_array_string(d, inputs_worker(c->inputs, i)->name);
	return 0;
}

// The whole number that a command's parameter is; -1 when it is none.
static int64_t number(const char *params)
{
	if (params == NULL || *params == '\0')
		return 0;
	char *end;
	errno = 0;
	const unsigned long long v = strtoull(params, &end, 10);
	return *end != '\0' || *params == '-' || errno != 0 || v > INT32_MAX ? -1 : (int64_t)v;
}

// Where the next page begins; 0 = this was the last.
static void add_next(struct rte_tel_data *d, int64_t from, size_t n, size_t page)
{
	tel_add_uint(d, "next", n == page ? (uint64_t)from + n : 0);
}

static void add_histogram(struct rte_tel_data *d, const char *name, const struct histogram *h)
{
	static const struct {
		const char *suffix;
		double share;
	} parts[] = {{"p50_ns", 0.5},
		     {"p99_ns", 0.99},
		     {"p999_ns", 0.999},
		     {"p9999_ns", 0.9999},
		     {"max_ns", 1}};
	char text[64];
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(text, sizeof(text), "%s_%s", name, parts[i].suffix);
		tel_add_uint(d, text,
			     parts[i].share < 1 ? histogram_quantile(h, parts[i].share)
						: histogram_load(&h->max));
	}
}

static int answer_worker(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	const int64_t i = number(params);
	if (i < 0 || i >= c->n_workers)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "input", inputs_worker(c->inputs, (uint32_t)i)->name);
	add_stats(d, worker_stats(c->worker[i]));
	add_histogram(d, "gap", &c->worker[i]->gap.own);
	add_histogram(d, "gap_taken", &c->worker[i]->gap.taken);
	return 0;
}

static void add_losses(const struct telemetry_config *c, struct rte_tel_data *d)
{
	struct input_losses sum;
	inputs_losses_sum(c->inputs, &sum);
	tel_add_uint(d, "nic_missed", sum.missed);
	tel_add_uint(d, "nic_errors", sum.errors);
	tel_add_uint(d, "nic_no_buffer", sum.no_buffer);
	tel_add_uint(d, "kernel_drops", sum.kernel_drops);
	tel_add_uint(d, "outages", sum.outages);
}

// Flat names ("datagrams_received"): older DPDK shows no dictionary in a dictionary. Reasons that
// did not occur are left out.
static int answer_ledger(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	const struct stats s = sum_of(c);
	char name[64];
	rte_tel_data_start_dict(d);
	for (unsigned g = 0; g < STAT_GROUP_WORKER; g++) {
		const struct ledger l = stats_ledger(&s, (enum stat_group)g);
		snprintf(name, sizeof(name), "%s_received", stat_group_name[g]);
		tel_add_uint(d, name, l.received);
		snprintf(name, sizeof(name), "%s_used", stat_group_name[g]);
		tel_add_uint(d, name, l.used);
		snprintf(name, sizeof(name), "%s_closes", stat_group_name[g]);
		rte_tel_data_add_dict_int(d, name, l.received == l.used + l.reasons);
		for (unsigned i = 0; i < N_STATS; i++)
			if (stat_info[i].group == g && stat_info[i].role == STAT_ROLE_REASON &&
			    s.v[i] > 0)
				tel_add_uint(d, stat_info[i].name, s.v[i]);
	}
	add_losses(c, d);
	return 0;
}

// A page of rows is a dictionary of columns, each an array: older DPDK shows no dictionary inside
// an array. `i` is the row in @p value.
#define COLUMN(d, name, type, add, n, value)                                  \
	do {                                                                  \
		struct rte_tel_data *column = rte_tel_data_alloc();           \
		if (column == NULL)                                           \
			break;                                                \
		rte_tel_data_start_array(column, type);                       \
		for (size_t i = 0; i < (n); i++)                              \
			add(column, value);                                   \
		if (rte_tel_data_add_dict_container(d, name, column, 0) != 0) \
			rte_tel_data_free(column);                            \
	} while (0)
#define NUMBERS(d, name, n, value) COLUMN(d, name, TEL_UINT_VAL, tel_add_array_uint, n, value)
#define TEXTS(d, name, n, value) \
	COLUMN(d, name, RTE_TEL_STRING_VAL, rte_tel_data_add_array_string, n, value)

static uint64_t sum_of_stat(const struct stats *s, size_t n, unsigned stat)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += s[i].v[stat];
	return sum;
}

static bool closes_on_the_way_in(const struct stats *s)
{
	return stats_ledger_closes(s, STAT_GROUP_FRAME) &&
	       stats_ledger_closes(s, STAT_GROUP_DATAGRAM);
}

// What became of what each input took: frames and datagrams received, used, and the reasons that
// occurred on this page.
static void add_input_ledgers(struct rte_tel_data *d, const struct stats *s, size_t n)
{
	for (unsigned stat = 0; stat < N_STATS; stat++) {
		const struct stat_info *info = &stat_info[stat];
		if (info->group > STAT_GROUP_DATAGRAM)
			continue;
		if (info->role == STAT_ROLE_REASON && sum_of_stat(s, n, stat) == 0)
			continue;
		NUMBERS(d, info->name, n, s[i].v[stat]);
	}
	NUMBERS(d, "closes", n, closes_on_the_way_in(&s[i]));
}

static int answer_inputs(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	const int64_t from = number(params);
	struct input_losses l[PAGE_INPUTS];
	struct stats s[PAGE_INPUTS];
	const uint32_t all = inputs_n_losses(c->inputs);
	size_t n = 0;
	if (from < 0)
		return -EINVAL;
	for (uint32_t i = (uint32_t)from; i < all && n < PAGE_INPUTS; i++, n++) {
		inputs_losses(c->inputs, i, &l[n]);
		inputs_stats(c->inputs, i, &s[n]);
	}
	rte_tel_data_start_dict(d);
	TEXTS(d, "name", n, l[i].name);
	NUMBERS(d, "received", n, l[i].received);
	NUMBERS(d, "missed", n, l[i].missed);
	NUMBERS(d, "errors", n, l[i].errors);
	NUMBERS(d, "no_buffer", n, l[i].no_buffer);
	NUMBERS(d, "kernel_drops", n, l[i].kernel_drops);
	NUMBERS(d, "outages", n, l[i].outages);
	add_input_ledgers(d, s, n);
	add_next(d, from, n, PAGE_INPUTS);
	return 0;
}

// The library knows whole numbers only; rates are rounded to one per second.
static uint64_t rounded(double v)
{
	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

static int answer_flows(const struct telemetry_config *c, const char *params,
			struct rte_tel_data *d)
{
	const int64_t from = number(params);
	struct flow_summary s[PAGE_FLOWS];
	char name[PAGE_FLOWS][TEXT_SIZE];
	size_t n = 0;
	if (from < 0)
		return -EINVAL;
	aggregator_lock(c->aggregator);
	const uint32_t all = query_n_flows(c->analyzer);
	for (uint32_t i = (uint32_t)from; i < all && n < PAGE_FLOWS; i++, n++) {
		query_top(c->analyzer, i, NULL, 0, &s[n]);
		snprintf(name[n], TEXT_SIZE, "%s", query_flow(c->analyzer, i)->name);
	}
	aggregator_unlock(c->aggregator);
	rte_tel_data_start_dict(d);
	TEXTS(d, "name", n, name[i]);
	NUMBERS(d, "total", n, rounded(s[i].total));
	NUMBERS(d, "tracked", n, rounded(s[i].tracked));
	NUMBERS(d, "floor", n, rounded(s[i].floor));
	NUMBERS(d, "entries", n, s[i].entries);
	NUMBERS(d, "capacity", n, s[i].capacity);
	NUMBERS(d, "samples", n, s[i].samples);
	NUMBERS(d, "evicted", n, s[i].evicted);
	add_next(d, from, n, PAGE_FLOWS);
	return 0;
}

// Since the latest datagram, ms. A capture has no now.
static uint64_t silence(const struct telemetry_config *c, const struct agent_row *a)
{
	const uint64_t now = clock_monotonic();
	const bool live = inputs_worker(c->inputs, 0)->replay == NULL;
	return live && now > a->last ? (now - a->last) / CLOCK_NS_PER_MS : 0;
}

static int answer_agents(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	const int64_t from = number(params);
	struct agent_row a[PAGE_AGENTS];
	char text[ADDR_TEXT_SIZE];
	if (from < 0)
		return -EINVAL;
	aggregator_lock(c->aggregator);
	const size_t n = query_agents(c->analyzer, (size_t)from, a, PAGE_AGENTS);
	aggregator_unlock(c->aggregator);
	rte_tel_data_start_dict(d);
	TEXTS(d, "agent", n, addr_text(&a[i].agent, text));
	TEXTS(d, "name", n, a[i].name);
	TEXTS(d, "via", n, addr_text(&a[i].via, text));
	NUMBERS(d, "datagrams", n, a[i].datagrams);
	NUMBERS(d, "lost", n, a[i].lost);
	NUMBERS(d, "duplicates", n, a[i].duplicates);
	NUMBERS(d, "late", n, a[i].late);
	NUMBERS(d, "restarts", n, a[i].restarts);
	NUMBERS(d, "silent_ms", n, silence(c, &a[i]));
	NUMBERS(d, "flow_samples", n, a[i].flow_samples);
	NUMBERS(d, "lost_samples", n, a[i].lost_samples);
	NUMBERS(d, "counters_samples", n, a[i].counters_samples);
	NUMBERS(d, "discards", n, a[i].discards);
	add_next(d, from, n, PAGE_AGENTS);
	return 0;
}

// What was odd about a data source, ever: words; "" = nothing.
static const char *oddities(uint32_t flags, char *text, size_t size)
{
	struct strbuf b = strbuf_of(text, size);
	for (unsigned i = 0; i < SOURCE_WORDS; i++)
		if ((flags & 1u << i) != 0)
			strbuf_fmt(&b, "%s%s", b.len > 0 ? " " : "", source_flag_words[i]);
	return text;
}

static int answer_sources(const struct telemetry_config *c, const char *params,
			  struct rte_tel_data *d)
{
	static const char *const directions[] = {"unknown", "ingress", "egress"};
	const int64_t from = number(params);
	struct source_row s[PAGE_SOURCES];
	char text[64];
	if (from < 0)
		return -EINVAL;
	aggregator_lock(c->aggregator);
	const size_t n = query_sources(c->analyzer, (size_t)from, s, PAGE_SOURCES);
	aggregator_unlock(c->aggregator);
	rte_tel_data_start_dict(d);
	TEXTS(d, "agent", n, addr_text(&s[i].agent, text));
	NUMBERS(d, "class", n, s[i].ds_class);
	NUMBERS(d, "index", n, s[i].ds_index);
	TEXTS(d, "direction", n, directions[s[i].direction % 3]);
	TEXTS(d, "port", n, s[i].source != NULL ? s[i].source : s[i].port_name);
	NUMBERS(d, "samples", n, s[i].samples);
	NUMBERS(d, "lost_samples", n, s[i].lost_samples);
	NUMBERS(d, "drops", n, s[i].drops);
	NUMBERS(d, "discards", n, s[i].discards);
	NUMBERS(d, "bytes_rate", n, rounded(s[i].bytes_rate));
	NUMBERS(d, "bytes_error", n, rounded(s[i].bytes_error));
	NUMBERS(d, "frames_rate", n, rounded(s[i].frames_rate));
	NUMBERS(d, "sampling_rate", n, s[i].sampling_rate);
	NUMBERS(d, "effective_rate", n, rounded(s[i].effective_rate));
	TEXTS(d, "flags", n, oddities(s[i].flags, text, sizeof(text)));
	NUMBERS(d, "doubts", n, s[i].doubts);
	NUMBERS(d, "correction_ppm", n, rounded(s[i].correction * 1e6));
	add_next(d, from, n, PAGE_SOURCES);
	return 0;
}

// Samples against counters. A page may be empty though there is a next one: most ports of the
// index sent no counters.
static int answer_audit(const struct telemetry_config *c, const char *params,
			struct rte_tel_data *d)
{
	static const char *const directions[] = {"unknown", "ingress", "egress"};
	const int64_t first = number(params);
	struct audit_row r[PAGE_SOURCES];
	char text[ADDR_TEXT_SIZE];
	if (first < 0)
		return -EINVAL;
	size_t from = (size_t)first;
	aggregator_lock(c->aggregator);
	const size_t n = query_audit(c->analyzer, &from, r, PAGE_SOURCES);
	aggregator_unlock(c->aggregator);
	rte_tel_data_start_dict(d);
	TEXTS(d, "agent", n, addr_text(&r[i].agent, text));
	NUMBERS(d, "class", n, r[i].ds_class);
	NUMBERS(d, "index", n, r[i].ds_index);
	TEXTS(d, "direction", n, directions[r[i].direction % 3]);
	TEXTS(d, "port", n, r[i].port_name);
	NUMBERS(d, "seconds", n, rounded(r[i].seconds));
	NUMBERS(d, "counted_rate", n, rounded(r[i].counted));
	NUMBERS(d, "sampled_rate", n, rounded(r[i].sampled));
	NUMBERS(d, "sampled_error", n, rounded(r[i].error));
	NUMBERS(d, "sampling_rate", n, r[i].sampling_rate);
	NUMBERS(d, "effective_rate", n, rounded(r[i].effective_rate));
	NUMBERS(d, "implied_rate", n, rounded(r[i].implied_rate));
	TEXTS(d, "verdict", n, r[i].text);
	tel_add_uint(d, "next", from > (size_t)first ? from : 0);
	return 0;
}

// The hosts on the ports, summed: "arp_replies" and the like.
static int answer_host(const struct telemetry_config *c, const char *params, struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (unsigned k = 0; k < N_HOST_STATS; k++) {
		uint64_t sum = 0;
		for (uint32_t i = 0; i < inputs_n_losses(c->inputs); i++) {
			const struct host *h = inputs_host(c->inputs, i);
			sum += h != NULL ? host_count(h, (enum host_stat)k) : 0;
		}
		tel_add_uint(d, host_stat_info[k].name, sum);
	}
	return 0;
}

// The ways to the kernel, summed.
static int answer_kernel(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	struct port_kernel_stats s;
	inputs_kernel_sum(c->inputs, &s);
	rte_tel_data_start_dict(d);
	tel_add_uint(d, "to_kernel", s.to_kernel);
	tel_add_uint(d, "to_kernel_lost", s.to_kernel_lost);
	tel_add_uint(d, "from_kernel", s.from_kernel);
	return tel_add_uint(d, "from_kernel_lost", s.from_kernel_lost);
}

// Collectors of IPFIX, and those that are gone as one without a name.
struct export_page {
	int64_t from, i;
	size_t n;
	struct export_row {
		struct addr addr;
		uint32_t port;
		struct exporter_stats stats;
	} row[PAGE_EXPORT];
};

static void copy_export(void *page, const struct addr *addr, uint32_t port,
			const struct exporter_stats *stats)
{
	struct export_page *p = page;
	if (p->i++ >= p->from && p->n < PAGE_EXPORT)
		p->row[p->n++] = (struct export_row){*addr, port, *stats};
}

static int answer_ipfix(const struct telemetry_config *c, const char *params,
			struct rte_tel_data *d)
{
	struct export_page p = {.from = number(params)};
	char text[ADDR_TEXT_SIZE];
	if (p.from < 0)
		return -EINVAL;
	exporter_each(c->exporter, copy_export, &p);
	rte_tel_data_start_dict(d);
	TEXTS(d, "collector", p.n, p.row[i].port != 0 ? addr_text(&p.row[i].addr, text) : "former");
	NUMBERS(d, "port", p.n, p.row[i].port);
	NUMBERS(d, "messages", p.n, p.row[i].stats.messages);
	NUMBERS(d, "templates", p.n, p.row[i].stats.templates);
	NUMBERS(d, "records", p.n, p.row[i].stats.records);
#define X(name, help) NUMBERS(d, #name, p.n, p.row[i].stats.name);
	EXPORTER_REASONS(X)
#undef X
	add_next(d, p.from, p.n, PAGE_EXPORT);
	return 0;
}

static int answer_aggregator(const struct telemetry_config *c, const char *params,
			     struct rte_tel_data *d)
{
	const struct aggregator_stats *s = aggregator_stats(c->aggregator);
	uint64_t since;
	rte_tel_data_start_dict(d);
	tel_add_uint(d, "ticks", histogram_load(&s->ticks));
	tel_add_uint(d, "missed", histogram_load(&s->missed));
	tel_add_uint(d, "events", histogram_load(&s->events));
	rte_tel_data_add_dict_string(d, "phase", aggregator_phase(c->aggregator, &since));
#define X(name, help) add_histogram(d, #name, &s->name);
	AGGREGATOR_TIMES(X)
#undef X
	return 0;
}

// Two hexadecimal digits a byte.
static const char *example_text(const struct unknown_tag *t, char *text, size_t size)
{
	struct strbuf b = strbuf_of(text, size);
	for (uint32_t i = 0; i < unknown_shown(t); i++)
		strbuf_fmt(&b, "%02x", t->example[i]);
	return text;
}

static const char *tag_text(uint32_t tag, char *text, size_t size)
{
	snprintf(text, size, "%u:%u", SFLOW_ENTERPRISE(tag), SFLOW_FORMAT(tag));
	return text;
}

static int answer_records(const struct telemetry_config *c, const char *params,
			  struct rte_tel_data *d)
{
	const int64_t from = number(params);
	struct unknown_tags u;
	char text[2 * UNKNOWN_EXAMPLE + 1];
	if (from < 0)
		return -EINVAL;
	aggregator_lock(c->aggregator);
	query_unknown(c->analyzer, &u);
	aggregator_unlock(c->aggregator);
	const size_t left = from < u.n_tags ? u.n_tags - (size_t)from : 0;
	const size_t n = left < PAGE_RECORDS ? left : PAGE_RECORDS;
	const struct unknown_tag *t = &u.tag[from < u.n_tags ? from : 0];
	rte_tel_data_start_dict(d);
	TEXTS(d, "kind", n, unknown_kind_text(t[i].kind));
	TEXTS(d, "tag", n, tag_text(t[i].tag, text, sizeof(text)));
	NUMBERS(d, "n", n, t[i].n);
	TEXTS(d, "agent", n, addr_text(&t[i].agent, text));
	NUMBERS(d, "length", n, t[i].len);
	TEXTS(d, "example", n, example_text(&t[i], text, sizeof(text)));
	tel_add_uint(d, "other", u.n_other);
	add_next(d, from, n, PAGE_RECORDS);
	return 0;
}

static int answer_memory(const struct telemetry_config *c, const char *params,
			 struct rte_tel_data *d)
{
	rte_tel_data_start_dict(d);
	for (uint32_t i = 0; i < c->n_memory; i++)
		tel_add_uint(d, c->memory[i].name, c->memory[i].bytes);
	return 0;
}

static const struct {
	const char *name;
	const char *help;
	answer_fn answer;
} commands[] = {
	{"/weir/version", "Name and version.", answer_version},
	{"/weir/stats", "All counters, summed over workers.", answer_stats},
	{"/weir/workers", "Inputs of the workers, by number.", answer_workers},
	{"/weir/worker",
	 "Counters of one worker, how long it did not look at its input. Parameter: "
	 "its number.",
	 answer_worker},
	{"/weir/ledger", "Received = used + reasons, per stage.", answer_ledger},
	{"/weir/inputs", "The ledger of each input. Parameter: the first to show (0).",
	 answer_inputs},
	{"/weir/records", "Unknown types of samples and records. Parameter: the first to show (0).",
	 answer_records},
	{"/weir/flows", "Flow definitions: rates, entries. Parameter: the first to show (0).",
	 answer_flows},
	{"/weir/agents", "Agents. Parameter: the first to show (0).", answer_agents},
	{"/weir/sources", "Data sources. Parameter: the first to show (0).", answer_sources},
	{"/weir/audit", "Samples against counters, by port. Parameter: the first to show (0).",
	 answer_audit},
	{"/weir/aggregator", "Ticks and how long they take.", answer_aggregator},
	{"/weir/host", "What was answered for the addresses of ports.", answer_host},
	{"/weir/kernel", "Frames between ports and the kernel.", answer_kernel},
	{"/weir/ipfix", "Collectors of IPFIX. Parameter: the first to show (0).", answer_ipfix},
	{"/weir/memory", "Bytes by purpose.", answer_memory},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int dispatch(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int err = -ESHUTDOWN;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; active != NULL && i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, cmd) == 0)
			err = commands[i].answer(active, params, d);
	pthread_mutex_unlock(&lock);
	return err < 0 ? err : 0;
}

int telemetry_start(const struct telemetry_config *config, struct err_msg *msg)
{
	pthread_mutex_lock(&lock);
	active = config;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const int err =
			rte_telemetry_register_cmd(commands[i].name, dispatch, commands[i].help);
		if (err != 0 && err != -EEXIST)
			return err_set(msg, ERR_IO, "telemetry: %s: %s", commands[i].name,
				       strerror(-err));
	}
	return 0;
}

void telemetry_stop(void)
{
	pthread_mutex_lock(&lock);
	active = NULL;
	pthread_mutex_unlock(&lock);
}
