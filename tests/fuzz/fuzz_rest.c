// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What REST takes from anybody: targets with their names, selectors, metrics and parameters, and
// bodies in lenient JSON, by the very handlers of the daemon, without sockets. An input is a list
// of requests: a line "PUT /flow/x/json", the body, and a line "---" before the next. They meet a
// collector that has seen a few datagrams; between two of them a tick passes.
//
// Whatever the bytes: a request is answered once; a refusal says why; what is JSON by its type
// reads as JSON; and what was taken can be read, put again as it reads, and then reads the same.

#include <stdio.h>
#include <string.h>

#include "analyzer/analyzer.h"
#include "analyzer/topology.h"
#include "fuzz.h"
#include "sflow/encode.h"
#include "sflow/sflow.h"
#include "weir/collector.h"
#include "weir/config/config_plan.h"
#include "weir/control/control.h"
#include "weir/output/exporter.h"
#include "weir/output/forward.h"
#include "weir/http/http_server.h"
#include "weir/config/json.h"
#include "weir/rest/rest.h"

enum {
	MAX_REQUESTS = 8,
	MAX_EVENTS = 16,
	TICK = 100000000, // ns
	ANSWER_MAX = 64 << 20,
};

#define START UINT64_C(1000000000)

static const char settings[] =
	"inputs: [{socket: 127.0.0.1}]\n"
	"entries: 64\nagents: 16\nsources: 64\ncounter_log: 4096\n"
	"store: 64\ntop: 16\ntriggered: 16\nevents: 16\nmetrics: 64k\nmemory: 64M\n";

// libmicrohttpd's responses, as far as answers use them: kept whole, where they can be looked at.

struct MHD_Response {
	char *text;
	size_t size;
	bool json;
};

static struct MHD_Response *response_of(size_t size, const void *bytes)
{
	struct MHD_Response *r = calloc(1, sizeof(*r));
	FUZZ_CHECK(r != NULL && (r->text = malloc(size + 1)) != NULL);
	if (size > 0)
		memcpy(r->text, bytes, size);
	r->size = size;
	return r;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer,
						     enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r = response_of(size, buffer);
	if (mode == MHD_RESPMEM_MUST_FREE)
		free(buffer);
	return r;
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block,
						       MHD_ContentReaderCallback more, void *ctx,
						       MHD_ContentReaderFreeCallback end)
{
	struct http_out out = {0};
	char slice[4096];
	ssize_t n;
	(void)size, (void)block;
	while ((n = more(ctx, out.len, slice, sizeof(slice))) > 0) {
		http_out_bytes(&out, slice, (size_t)n);
		FUZZ_CHECK(out.len < ANSWER_MAX);
	}
	FUZZ_CHECK(n == MHD_CONTENT_READER_END_OF_STREAM);
	struct MHD_Response *r = response_of(out.len, out.text);
	free(out.text);
	end(ctx);
	return r;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *r, const char *name, const char *value)
{
	r->json = r->json || strcmp(value, "application/json") == 0;
	(void)name;
	return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *r)
{
	free(r->text);
	free(r);
}

// A collector without threads -------------------------------------------------------------------

static struct rig {
	struct config config;
	struct collector c;
	struct worker *worker;
	struct bank *bank[2];
	struct intake *intake;
	struct input input;
	uint64_t now;      // ns: the beginning of the open interval
	uint32_t sequence; // of datagrams
	bool changed;      // what is defined
	struct threshold_event event[MAX_EVENTS];
} g = {.changed = true};

static void *zeroed(size_t size)
{
	size = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	FUZZ_CHECK(mem != NULL);
	return memset(mem, 0, size);
}

static void *take_table(void *ctx, uint32_t worker, size_t size, struct err_msg *msg)
{
	(void)ctx, (void)worker, (void)msg;
	return zeroed(size);
}

static void give_table(void *ctx, void *mem)
{
	(void)ctx;
	free(mem);
}

static void ignore_tick(void *ctx, const struct tick *tick)
{
	(void)ctx, (void)tick;
}

static void read_settings(void)
{
	struct err_msg msg = {0};
	if (config_init(&g.config, &msg) == 0 &&
	    config_read_text(&g.config, "rig", settings, &msg) == 0)
		config_finish(&g.config, &msg);
	fputs(msg.text, stderr);
	FUZZ_CHECK(msg.text[0] == '\0');
	// Where its losses are counted; there is no input, hence no socket.
	struct config none = g.config;
	none.n_inputs = 0;
	g.c.inputs = inputs_open(&none, &msg);
	FUZZ_CHECK(g.c.inputs != NULL);
	g.c.exporter = exporter_new();
	FUZZ_CHECK(g.c.exporter != NULL);
	g.c.config = &g.config;
	g.c.n_workers = 1;
	g.c.worker = &g.worker;
	g.c.spare = &g.bank[1];
}

static void make_worker(struct bank_config *bank)
{
	const size_t size = bank_shell_size(bank);
	hash_secret_init(&bank->secret, 1);
	bank->seed = 1;
	g.worker = zeroed(sizeof(*g.worker));
	for (int i = 0; i < 2; i++)
		g.bank[i] = bank_shell_init(zeroed(size), bank);
	g.intake = intake_init(zeroed(intake_size(bank)), bank, NULL, worker_stats(g.worker));
	worker_init(g.worker, &(struct worker_config){
				      .input = &g.input, .intake = g.intake, .bank = g.bank[0]});
}

static void make_analyzer(const struct bank_config *bank, struct err_msg *msg)
{
	static const struct program nothing;
	struct analyzer_config a = {0};
	config_analyzer(&g.config, &a);
	a.secret = bank->secret;
	a.seed = 1;
	a.n_workers = 1;
	g.c.analyzer = analyzer_new(&a, &nothing, NULL, 0, msg);
	FUZZ_CHECK(g.c.analyzer != NULL);
}

// The aggregator is never started: verbs come into force at once.
static void open_rig(void)
{
	struct err_msg msg = {0};
	struct bank_config bank = {0};
	read_settings();
	config_bank(&g.config, &bank);
	make_worker(&bank);
	make_analyzer(&bank, &msg);
	const struct aggregator_config a = {.n_workers = 1,
					    .worker = g.c.worker,
					    .spare = g.c.spare,
					    .analyzer = g.c.analyzer,
					    .n_threads = 1,
					    .tick = TICK,
					    .max_events = MAX_EVENTS,
					    .publish = ignore_tick};
	g.c.aggregator = aggregator_new(&a, &msg);
	const struct control_config k = {.config = &g.config,
					 .aggregator = g.c.aggregator,
					 .analyzer = g.c.analyzer,
					 .bank = bank,
					 .n_workers = 1,
					 .take = take_table,
					 .give = give_table};
	g.c.control = control_new(&k, &msg);
	FUZZ_CHECK(g.c.aggregator != NULL && g.c.control != NULL);
	g.now = START;
	bank_clear(g.bank[0], g.now, UINT64_MAX);
}

static void delete_all(enum control_kind kind)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const char *const *names;
	size_t n;
	FUZZ_CHECK(control_names(g.c.control, kind, &arena, &names, &n) == 0);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(control_delete(g.c.control, kind, names[i], &msg) == 0);
	arena_free(&arena);
}

static void define(enum control_kind kind, const char *name, const char *text)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct node *body =
		json_read(&arena, name, text, strlen(text), &json_body_limits, &msg);
	if (body != NULL)
		control_put(g.c.control, kind, name, body, &msg);
	fputs(msg.text, stderr);
	FUZZ_CHECK(body != NULL && msg.text[0] == '\0');
	arena_free(&arena);
}

static void note_target(void *some, const struct forward_target *t, const struct forward_stats *s)
{
	(void)t, (void)s;
	*(bool *)some = true;
}

// Without targets. What wants TLS is refused, so that nothing is ever dialled.
static void clear_forward(void)
{
	bool some = g.c.forward == NULL;
	if (!some)
		forward_each(g.c.forward, false, note_target, &some);
	if (!some)
		forward_each(g.c.forward, true, note_target, &some);
	if (!some)
		return;
	forward_free(g.c.forward);
	g.c.forward = forward_new(g.c.worker, 1, NULL, &(struct feed_tls){.ca = "/nowhere"});
	FUZZ_CHECK(g.c.forward != NULL);
}

// What every input finds. Agents, sources and the time stay as they are.
static void begin_input(void)
{
	struct err_msg msg = {0};
	if (g.c.config == NULL)
		open_rig();
	if (g.changed) {
		delete_all(CONTROL_THRESHOLD);
		delete_all(CONTROL_FLOW);
		delete_all(CONTROL_GROUP);
		delete_all(CONTROL_MAP);
		define(CONTROL_GROUP, "inside", "{net: '10.0.0.0/8'}");
		define(CONTROL_MAP, "web", "{http: '80,8080'}");
		define(CONTROL_FLOW, "pair",
		       "{keys: 'ipsource,ipdestination', value: 'bytes', values: 'avg:bytes', "
		       "log: true}");
		define(CONTROL_THRESHOLD, "most", "{metric: 'pair', value: 1, byFlow: true}");
		topology_free(topology_release(analyzer_set_topology(g.c.analyzer, NULL)));
	}
	g.changed = false;
	clear_forward();
	g.c.rest = rest_new(&g.c, &msg);
	FUZZ_CHECK(g.c.rest != NULL);
}

// Two agents with a port each: what it counts, and one sampled frame.
static void fill_bank(void)
{
	const uint32_t sequence = ++g.sequence;
	static const struct addr via = {.family = ADDR_IP4, .bytes = {127, 0, 0, 1}};
	for (uint8_t i = 1; i <= 2; i++) {
		uint8_t data[1024];
		const struct addr agent = addr_ip4((const uint8_t[]){192, 0, 2, i});
		const struct addr from = addr_ip4((const uint8_t[]){10, 0, 0, i});
		struct encoder e =
			encode_begin(data, sizeof(data), &agent, 0, sequence, sequence * 100);
		const struct flow_sample fs = {.sequence = sequence,
					       .ds_index = i,
					       .sampling_rate = 100,
					       .sample_pool = sequence * 100,
					       .input = i};
		encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &fs);
		encode_sampled_ip(&e, &(struct sampled_ip){.length = 1000,
							   .protocol = 6,
							   .src = from,
							   .dst = agent,
							   .src_port = 5000,
							   .dst_port = 80});
		encode_sample_end(&e);
		const struct counters_sample cs = {.sequence = sequence, .ds_index = i};
		encode_counters_sample(&e, SFLOW_COUNTERS_SAMPLE, &cs);
		encode_if_counters(&e, &(struct if_counters){.if_index = i,
							     .if_speed = 1000000000,
							     .in_octets = sequence * 1000});
		encode_port_name(&e, "eth\x01\xff");
		encode_sample_end(&e);
		const struct payload p = {.data = data,
					  .len = (uint32_t)encode_end(&e),
					  .via_family = ADDR_IP4,
					  .via = via.bytes,
					  .time = g.now + TICK / 2};
		FUZZ_CHECK(p.len > 0);
		bank_ingest(g.bank[0], g.intake, &p, 1);
	}
}

static void pass_tick(void)
{
	struct analyzer *a = g.c.analyzer;
	const uint64_t end = g.now + TICK;
	fill_bank();
	analyzer_tick_begin(a, g.now, end);
	analyzer_merge_sources(a, 0, intake_registry(g.intake), g.bank[0]);
	for (uint32_t d = 0; d < query_n_flows(a); d++) {
		analyzer_merge_flow(a, d, 0, g.bank[0]);
		analyzer_tick_flow(a, d);
	}
	const size_t n = analyzer_tick_end(a, g.event, MAX_EVENTS);
	const struct tick tick = {.number = g.sequence,
				  .start = g.now,
				  .end = end,
				  .wall = end,
				  .events = g.event,
				  .n_events = n};
	rest_tick(g.c.rest, &tick);
	for (uint32_t d = 0; d < query_n_flows(a); d++)
		if (query_completes(a, d))
			rest_completed(g.c.rest, d, &tick);
	bank_clear(g.bank[0], end, UINT64_MAX);
	g.now = end;
}

// Requests --------------------------------------------------------------------------------------

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
	{"GET ", HTTP_GET}, {"PUT ", HTTP_PUT}, {"POST ", HTTP_POST}, {"DELETE ", HTTP_DELETE}};

static const struct http_row *find_row(struct http_request *view)
{
	size_t n;
	const struct http_rows *const *tables = rest_families(&n);
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t]->n; i++)
			if (uri_match(&view->uri, tables[t]->at[i].pattern, view->value) &&
			    (tables[t]->at[i].methods & view->method) != 0)
				return &tables[t]->at[i];
	return NULL;
}

static void check_answer(const struct http_answer *a)
{
	const struct MHD_Response *r = a->response;
	FUZZ_CHECK(r != NULL && a->status >= 200 && a->status < 600 && a->status != 500);
	json_t *json = r->json ? json_loadb(r->text, r->size, JSON_DECODE_ANY, NULL) : NULL;
	FUZZ_CHECK(!r->json || json != NULL);
	if (a->status >= 400 && r->json) {
		const char *error = json_string_value(json_object_get(json, "error"));
		FUZZ_CHECK(error != NULL && error[0] != '\0');
	}
	json_decref(json);
}

// The status, or 0 when nobody handles such a request. The text is the caller's.
static unsigned ask(enum http_method method, const char *target, const char *body, size_t size,
		    char **text, size_t *len)
{
	static struct http http = {.set = &g.config.http};
	static struct peer peer;
	struct err_msg msg = {0};
	struct request r = {.http = &http, .peer = &peer};
	struct http_request *view = &r.view;
	r.answer.request = &r;
	*view = (struct http_request){.method = method,
				      .body = body,
				      .body_size = size,
				      .arena = &r.arena,
				      .ctx = g.c.rest,
				      .last = true};
	*text = NULL;
	*len = 0;
	const struct http_row *row =
		uri_parse(&r.arena, target, &view->uri, &msg) == 0 ? find_row(view) : NULL;
	if (row != NULL) {
		g.changed |= method != HTTP_GET || (row->flags & HTTP_CHANGES) != 0;
		g.c.rest->http = &http; // whose statistics some answers tell
		row->handle(view, &r.answer);
		g.c.rest->http = NULL;
		check_answer(&r.answer);
		*text = r.answer.response->text;
		*len = r.answer.response->size;
		free(r.answer.response);
	}
	arena_free(&r.arena);
	return row != NULL ? r.answer.status : 0;
}

// Whether a definition survives being read and put again.
static void check_put(const char *target)
{
	char *text, *again, *nothing;
	size_t len, len_again, none;
	FUZZ_CHECK(ask(HTTP_GET, target, NULL, 0, &text, &len) == 200);
	if (strncmp(target, "/topology", 9) != 0) { // its version rises
		FUZZ_CHECK(ask(HTTP_PUT, target, text, len, &nothing, &none) == 204);
		FUZZ_CHECK(ask(HTTP_GET, target, NULL, 0, &again, &len_again) == 200);
		FUZZ_CHECK(len == len_again && memcmp(text, again, len) == 0);
		free(again);
		free(nothing);
	}
	free(text);
}

// One request; @p text is of exactly @p len bytes and a NUL.
static void run_request(char *text, size_t len)
{
	char *line_end = memchr(text, '\n', len), *answer;
	char *body = line_end != NULL ? line_end + 1 : NULL;
	const size_t body_size = body != NULL ? len - (size_t)(body - text) : 0;
	size_t m = 0, answer_len;
	if (line_end != NULL)
		*line_end = '\0';
	while (m < sizeof(methods) / sizeof(methods[0]) &&
	       strncmp(text, methods[m].name, strlen(methods[m].name)) != 0)
		m++;
	if (m == sizeof(methods) / sizeof(methods[0]))
		return;
	const char *target = text + strlen(methods[m].name);
	const unsigned status =
		ask(methods[m].method, target, body, body_size, &answer, &answer_len);
	free(answer);
	if (status == 204 && (methods[m].method & (HTTP_PUT | HTTP_POST)) != 0)
		check_put(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char separator[] = "\n---\n";
	const uint8_t *at = data, *const end = data + size;
	begin_input();
	pass_tick();
	for (uint32_t i = 0; i < MAX_REQUESTS && at < end; i++) {
		const uint8_t *stop = memmem(at, (size_t)(end - at), separator, 5);
		const size_t len = (size_t)((stop != NULL ? stop : end) - at);
		char *copy = malloc(len + 1); // so that a sanitizer sees the first byte beyond
		FUZZ_CHECK(copy != NULL);
		memcpy(copy, at, len);
		copy[len] = '\0';
		run_request(copy, len);
		free(copy);
		pass_tick();
		at = stop != NULL ? stop + 5 : end;
	}
	rest_free(g.c.rest);
	return 0;
}
