// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What weir is and how it is.
#include "weir/rest/rest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "weir/rest/rest_text.h"
#include "weir/util/clock.h"
#include "weir/collector.h"

static struct collector *collector_of(const struct http_request *r)
{
	return ((struct rest *)r->ctx)->collector;
}

static void set(json_t *object, const char *name, uint64_t v)
{
	json_object_set_new(object, name, json_integer((json_int_t)v));
}

// MAJOR.MINOR-BUILD, as clients of sFlow-RT take it apart.
static void write_version(char *text, size_t size)
{
	const char *build = strrchr(WEIR_VERSION, '.');
	snprintf(text, size, "%.*s-%s", (int)(build - WEIR_VERSION), WEIR_VERSION, build + 1);
}

static void get_version(const struct http_request *r, struct http_answer *a)
{
	char text[64];
	write_version(text, sizeof(text));
	http_answer_text(a, 200, "%s", text);
}

// Alive: the process answers and its aggregator moves.
static void get_healthz(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = collector_of(r);
	uint64_t since;
	const char *phase = aggregator_phase(c->aggregator, &since);
	const uint64_t age = clock_monotonic() - since;
	if (c->replay || age < 5 * CLOCK_NS_PER_S + (uint64_t)(2e9 * c->config->tick))
		http_answer_text(a, 200, "OK\n");
	else
		http_answer_text(a, 503, "the aggregator is busy with \"%s\" for %.1f s\n", phase,
				 (double)age / 1e9);
}

// Ready: it measures, so its answers mean something.
static void get_readyz(const struct http_request *r, struct http_answer *a)
{
	const uint64_t *ticks = &aggregator_stats(collector_of(r)->aggregator)->ticks;
	if (__atomic_load_n(ticks, __ATOMIC_RELAXED) > 0)
		http_answer_text(a, 200, "OK\n");
	else
		http_answer_text(a, 503, "no interval is over yet\n");
}

// All scripts run, since there are none: weir's scripts are programs of their own.
static void get_status(const struct http_request *r, struct http_answer *a)
{
	http_answer_text(a, 200, "OK");
}

static void get_app_status(const struct http_request *r, struct http_answer *a)
{
	http_answer_error(a, 404, "no application \"%s\"", r->value[0]);
}

static void get_nothing(const struct http_request *r, struct http_answer *a)
{
	http_answer_json(a, 200, json_object());
}

static struct stats sum_of_workers(const struct collector *c)
{
	struct stats sum = {0};
	for (uint32_t i = 0; i < c->n_workers; i++)
		stats_sum(&sum, worker_stats(c->worker[i]));
	return sum;
}

static void add_sflow(json_t *json, const struct collector *c)
{
	const struct stats s = sum_of_workers(c);
	struct input_losses l;
	inputs_losses_sum(c->inputs, &l);
	const struct ledger datagrams = stats_ledger(&s, STAT_GROUP_DATAGRAM);
	struct analyzer_stats known;
	aggregator_lock(c->aggregator);
	query_stats(c->analyzer, &known);
	aggregator_unlock(c->aggregator);
	set(json, "sFlowAgents", known.agents);
	set(json, "sFlowDatagramsReceived", datagrams.received);
	set(json, "sFlowBytesReceived", s.v[STAT_rx_bytes]);
	set(json, "sFlowDatagramsDiscarded", l.missed + l.no_buffer + l.kernel_drops);
	set(json, "sFlowParseErrors",
	    s.v[STAT_datagram_short] + s.v[STAT_sample_overrun] + s.v[STAT_sample_short] +
		    s.v[STAT_record_overrun] + s.v[STAT_record_short]);
	set(json, "sFlowUnsupportedVersion", s.v[STAT_datagram_version]);
	set(json, "eventsGenerated", known.events);
	set(json, "eventsLost", known.events_lost);
}

static void add_http(json_t *json, const struct rest *rest)
{
	struct http_stats s;
	http_stats(rest->http, &s);
	set(json, "httpConnectionsCurrent", s.connections);
	set(json, "httpConnectionsTotal", s.accepted);
	set(json, "httpRequestsLimited", s.limited);
	set(json, "httpMessagesReceived", s.requests);
	set(json, "httpMessagesSent", s.answers_2xx + s.answers_4xx + s.answers_5xx);
	set(json, "httpBytesReceived", s.bytes_in);
	set(json, "httpBytesSent", s.bytes_out);
}

static uint64_t cpu_ms(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

// One number from a file of /proc, as @p format finds it; 0 = not found.
static uint64_t proc_number(const char *path, const char *format)
{
	char line[256];
	unsigned long v = 0;
	FILE *f = fopen(path, "re");
	bool found = false;
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, format, &v) == 1;
	if (f != NULL)
		fclose(f);
	return found ? v : 0;
}

// Bytes of this process in memory.
static uint64_t resident(void)
{
	return proc_number("/proc/self/statm", "%*u %lu") * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add_machine(json_t *json, const struct collector *c)
{
	struct sysinfo machine;
	const long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double load = 0;
	sysinfo(&machine);
	if (getloadavg(&load, 1) != 1)
		load = 0;
	load /= (double)n_cpus;
	const uint64_t up = (clock_monotonic() - c->rest->born) / CLOCK_NS_PER_MS;
	set(json, "uptime", up);
	set(json, "cpuTime", cpu_ms());
	json_object_set_new(json, "cpuLoadSystem", json_real(load < 1 ? load : 1));
	json_object_set_new(json, "cpuLoadProcess",
			    json_real((double)cpu_ms() / (double)(up + 1) / (double)n_cpus));
	set(json, "availableProcessors", (uint64_t)n_cpus);
	set(json, "memTotal", (uint64_t)machine.totalram * machine.mem_unit);
	set(json, "memFree", (uint64_t)machine.freeram * machine.mem_unit);
	// The nearest to a heap: what the budget allows, and what is resident.
	set(json, "heapMax", c->config->memory);
	set(json, "heapUsed", resident());
	// All threads live as long as weir, and nothing is collected.
	const uint64_t threads = proc_number("/proc/self/status", "Threads: %lu");
	set(json, "threadCount", threads);
	set(json, "threadDaemonCount", threads);
	set(json, "threadTotalStartedCount", threads);
	set(json, "gcCount", 0);
	set(json, "gcTime", 0);
}

json_t *rest_analyzer(const struct rest *rest)
{
	char version[64];
	write_version(version, sizeof(version));
	json_t *json = json_pack("{s:s,s:b,s:s}", "version", version, "updateAvailable", 0,
				 "product", "weir");
	if (json == NULL)
		return NULL;
	add_machine(json, rest->collector);
	add_sflow(json, rest->collector);
	add_http(json, rest);
	set(json, "flowsGenerated", record_log_next(rest->flows) - 1);
	set(json, "flowsLost", 0);
	return json;
}

static void get_analyzer(const struct http_request *r, struct http_answer *a)
{
	http_answer_json(a, 200, rest_analyzer(r->ctx));
}

// sFlow-RT's status page wants to hear of a licence without limits, and how fast sFlow comes in.
static void get_license(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	const struct stats s = sum_of_workers(rest->collector);
	const double up = (double)(clock_monotonic() - rest->born) / 1e9;
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	json_t *license =
		json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:s}", "type", "production", "license",
			  "BSD-3-Clause", "account", "open source", "host", host, "host_ok", 1,
			  "max_bps_ok", 1, "expires_ok", 1, "product", "weir");
	http_answer_json(a, 200,
			 json_pack("{s:o,s:{s:s,s:f}}", "license", license, "analyzer", "host",
				   host, "bps", 8 * (double)s.v[STAT_rx_bytes] / (up + 1e-3)));
}

static json_t *ledger_json(const struct stats *s, unsigned group)
{
	const struct ledger l = stats_ledger(s, (enum stat_group)group);
	json_t *reasons = json_object();
	for (unsigned i = 0; i < N_STATS; i++)
		if (stat_info[i].group == group && stat_info[i].role == STAT_ROLE_REASON)
			set(reasons, stat_info[i].name, s->v[i]);
	return json_pack("{s:I,s:I,s:b,s:o}", "received", (json_int_t)l.received, "used",
			 (json_int_t)l.used, "closes", l.received == l.used + l.reasons, "reasons",
			 reasons);
}

// Where everything that came went; each ledger closes but for a burst in the making.
static void get_ledger(const struct http_request *r, struct http_answer *a)
{
	const struct stats s = sum_of_workers(collector_of(r));
	json_t *json = json_object();
	for (unsigned g = 0; g < STAT_GROUP_WORKER; g++)
		json_object_set_new(json, stat_group_name[g], ledger_json(&s, g));
	http_answer_json(a, 200, json);
}

static void get_inputs(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = collector_of(r);
	json_t *json = json_array();
	for (uint32_t i = 0; i < inputs_n_losses(c->inputs); i++) {
		struct input_losses l;
		inputs_losses(c->inputs, i, &l);
		json_array_append_new(
			json,
			json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "name", rest_json_text(l.name),
				  "received", (json_int_t)l.received, "missed",
				  (json_int_t)l.missed, "errors", (json_int_t)l.errors, "noBuffer",
				  (json_int_t)l.no_buffer, "kernelDrops",
				  (json_int_t)l.kernel_drops, "outages", (json_int_t)l.outages));
	}
	http_answer_json(a, 200, json);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/version", get_version},
	{HTTP_GET, "/analyzer/json", get_analyzer},
	{HTTP_GET, "/license/json", get_license},
	{HTTP_GET, "/status", get_status},
	{HTTP_GET, "/app/{name}/status", get_app_status},
	{HTTP_GET, "/apps/json", get_nothing},
	{HTTP_GET, "/scripts/json", get_nothing},
	{HTTP_GET, "/weir/healthz", get_healthz, HTTP_OPEN},
	{HTTP_GET, "/weir/readyz", get_readyz, HTTP_OPEN},
	{HTTP_GET, "/weir/ledger", get_ledger},
	{HTTP_GET, "/weir/inputs", get_inputs},
};

const struct http_rows rest_status_rows = {rows, sizeof(rows) / sizeof(rows[0])};
