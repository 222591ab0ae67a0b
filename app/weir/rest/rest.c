// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "weir/config/json.h"
#include "weir/rest/rest_export.h"
#include "weir/util/clock.h"
#include "weir/collector.h"
#include "weir/util/log.h"

static const struct http_rows *const families[] = {
	&rest_status_rows, &rest_event_rows,    &rest_page_rows,   &rest_define_rows,
	&rest_flow_rows,   &rest_forward_rows,  &rest_metric_rows, &rest_prometheus_rows,
	&rest_source_rows, &rest_topology_rows, &rest_export_rows,
};

const struct http_rows *const *rest_families(size_t *n)
{
	*n = sizeof(families) / sizeof(families[0]);
	return families;
}

static void log_listening(const struct config_http *set)
{
	LOG(INFO, HTTP, "listening on %s%s%s", set->listen, set->certificate[0] ? ", TLS" : "",
	    set->readonly ? ", read-only" : "");
	if (set->insecure && set->token_file[0] == '\0' && set->client_ca[0] == '\0')
		LOG(WARNING, HTTP, "insecure: everybody who reaches %s may %s", set->listen,
		    set->readonly ? "read everything" : "change what is measured");
}

// A replay keeps none: its events happened long ago, and do so again with each run.
static int open_journal(struct rest *r, struct err_msg *msg)
{
	const struct config *config = r->collector->config;
	const struct journal_config j = {.path = config->journal,
					 .size = config->journal_size,
					 .id = "eventID",
					 .name = "thresholdID"};
	if (config->journal[0] == '\0' || r->collector->replay)
		return 0;
	r->journal = journal_open(&j, r->events, msg);
	return r->journal != NULL ? 0 : ERR_IO;
}

struct rest *rest_new(struct collector *c, struct err_msg *msg)
{
	struct rest *r = calloc(1, sizeof(*r));
	if (r == NULL) {
		err_set(msg, ERR_MEMORY, "http: out of memory");
		return NULL;
	}
	r->collector = c;
	r->born = clock_monotonic();
	pthread_mutex_init(&r->lock, NULL);
	r->events = record_log_new(c->config->event_log, 0);
	r->flows = record_log_new(c->config->flow_log, 0);
	r->exports = exports_new();
	if (r->events == NULL || r->flows == NULL || r->exports == NULL)
		err_set(msg, ERR_MEMORY, "http: out of memory");
	else if (open_journal(r, msg) == 0)
		return r;
	rest_free(r);
	return NULL;
}

static void set_http(struct rest *r, struct http *http)
{
	pthread_mutex_lock(&r->lock);
	r->http = http;
	pthread_mutex_unlock(&r->lock);
}

int rest_start(struct rest *r, struct err_msg *msg)
{
	const struct config_http *set = &r->collector->config->http;
	if (!set->on)
		return 0;
	const struct http_config config = {.config = set,
					   .tables = families,
					   .n_tables = sizeof(families) / sizeof(families[0]),
					   .ctx = r,
					   .cpus = &r->collector->eal.control};
	struct http *http = http_open(&config, msg);
	set_http(r, http);
	if (http != NULL) {
		log_listening(set);
		return 0;
	}
	if (set->given) // a default is a courtesy, what somebody wrote is a must
		return ERR_IO;
	LOG(WARNING, HTTP, "%s; going on without", msg->text);
	msg->text[0] = '\0';
	return 0;
}

// A disk that takes no more is nobody's surprise: said at once, then at most with each doubling.
static void log_journal(struct rest *r)
{
	struct journal_stats s;
	if (r->journal == NULL)
		return;
	journal_stats(r->journal, &s);
	if (s.dropped == 0 || s.dropped < 2 * r->dropped)
		return;
	r->dropped = s.dropped;
	LOG(ERR, HTTP, "journal: %s: %s; %" PRIu64 " events are not in it",
	    r->collector->config->journal, s.error != 0 ? strerror(s.error) : "too slow",
	    s.dropped);
}

void rest_tick(struct rest *r, const struct tick *tick)
{
	log_journal(r);
	if (tick->n_events == 0)
		return;
	rest_log_events(r, tick);
	rest_wake(r, HTTP_EVENTS);
}

void rest_wake(struct rest *r, enum http_channel channel)
{
	pthread_mutex_lock(&r->lock);
	http_wake(r->http, channel);
	pthread_mutex_unlock(&r->lock);
}

void rest_expire(struct rest *r)
{
	exports_expire(r->exports, r->collector->control,
		       r->collector->config->http.prometheus_keep);
}

void rest_stop(struct rest *r)
{
	if (r == NULL)
		return;
	struct http *http = r->http;
	set_http(r, NULL);
	http_close(http);
}

void rest_free(struct rest *r)
{
	if (r == NULL)
		return;
	rest_stop(r);
	journal_close(r->journal);
	record_log_free(r->events);
	record_log_free(r->flows);
	exports_free(r->exports);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

const struct node *rest_body(const struct http_request *r, struct http_answer *a)
{
	const struct json_limits limits = {.size = SIZE_MAX, .depth = json_body_limits.depth};
	struct err_msg msg = {0};
	if (r->body == NULL) {
		http_answer_error(a, 400, "expected a body");
		return NULL;
	}
	// The server has looked at the size: it knows which routes take how much.
	const struct node *n = json_read(r->arena, "body", r->body, r->body_size, &limits, &msg);
	if (n == NULL)
		http_answer_err(a, ERR_INVALID, &msg);
	return n;
}
