// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What weir serves over HTTP: the resources of sFlow-RT, and our own below /weir/.
///
///     c->rest = rest_new(c, &msg);
///     rest_start(c->rest, &msg);             // when the aggregator runs: listen
///     rest_tick(c->rest, tick);              // from the aggregator, after each tick
///     rest_stop(c->rest);                    // after it: long polls get what came last
///     rest_free(c->rest);
///
/// One file of handlers per family, rest_NAME.c; each offers its table of routes below, and rest.c
/// lists the tables. A handler gets `struct rest` as request->ctx.
///
/// Thread-safety: rest_tick() and rest_completed() belong to the aggregator and never block;
/// handlers run on the server's threads, several at once. They take the analyzer's lock for one
/// slice at a time (aggregator.h) and format outside. Memory: that of the server, and of the logs.

#include <pthread.h>

#include "base/error.h"
#include "weir/http/http.h"
#include "weir/output/journal.h"
#include "weir/output/record_log.h"

struct collector;
struct tick;

struct rest {
	struct collector *collector;
	pthread_mutex_t lock; ///< of `http`
	struct http *http;    ///< NULL before rest_start(), after rest_stop(), and when it is off
	struct record_log *events, *flows;
	struct exports *exports; ///< flows that Prometheus scrapes
	struct journal *journal; ///< of events; NULL = none
	uint64_t dropped;        ///< by the journal, as last logged; aggregator: rw
	uint64_t born;           ///< ns, monotonic
};

/// NULL and a message when memory is short.
struct rest *rest_new(struct collector *c, struct err_msg *msg);
/// Listen, unless HTTP is switched off. Nobody wrote the address and it is taken: a warning, and
/// weir goes on without. Else 0, or negative with a message.
int rest_start(struct rest *r, struct err_msg *msg);
void rest_tick(struct rest *r, const struct tick *tick);
/// Definition @p def completed flows: aggregator_config.completed.
void rest_completed(struct rest *r, uint32_t def, const struct tick *tick);
/// From main, once a second or so: take away a flow that nobody scrapes any more. May block for 2 s
/// (exports_expire()).
void rest_expire(struct rest *r);
void rest_stop(struct rest *r);
void rest_free(struct rest *r);

/// The tables of routes.
extern const struct http_rows rest_export_rows, rest_status_rows, rest_event_rows, rest_page_rows,
	rest_define_rows, rest_flow_rows, rest_forward_rows, rest_metric_rows, rest_prometheus_rows,
	rest_source_rows, rest_topology_rows;

/// All tables, in the order in which they are looked through.
const struct http_rows *const *rest_families(size_t *n);

/// What /analyzer/json says; NULL when memory is short.
json_t *rest_analyzer(const struct rest *r);

/// The body of a request, read leniently; NULL when it has been refused.
const struct node *rest_body(const struct http_request *r, struct http_answer *a);

// rest_event.c: the aggregator's part
void rest_log_events(struct rest *r, const struct tick *tick);

/// Have requests looked at that wait on a channel.
void rest_wake(struct rest *r, enum http_channel channel);
