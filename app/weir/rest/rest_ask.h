// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A question about the table of metrics, from the elements of a path and the parameters that
/// follow (analyzer/metric_query.h).
///
///     struct ask *k = ask_new(r, a, agents, metrics);   // NULL: the request was refused
///     k->request.keys = true;
///     do {
///             more = ask_next(k);
///             ... k->page->row[0 .. k->page->n_rows) ...
///     } while (more);
///     ask_free(k);
///
/// Every parameter is a filter: its name a metric, its values what that may be.
///
/// Thread-safety: one thread; ask_next() takes the analyzer's lock for a slice. Memory: a page of
/// about 0.8 MB and the selector; texts lie in the request's arena.

#include "analyzer/statistic.h"
#include "weir/http/http.h"

struct ask {
	const struct rest *rest;
	struct metric_request request;
	struct metric_scan scan;
	struct metric_page *page;
	struct http_out head; ///< what the members of a row begin with
	bool begun;           ///< for streams: something was written
	bool more;
};

/// Bytes that one takes.
#define ASK_MEMORY (sizeof(struct ask) + sizeof(struct metric_page))

/// @p metrics: a list, "ALL", or NULL = all. NULL: refused with 400 or 503.
struct ask *ask_new(const struct http_request *r, struct http_answer *a, const char *agents,
		    const char *metrics);
bool ask_next(struct ask *k);
/// Read all rows into one statistic per column. 0 or ERR_MEMORY.
int ask_gather(struct ask *k, struct statistic *s);
void ask_free(struct ask *k);

/// Stream what @p more makes of the pages; ctx is @p k, which the stream frees.
void ask_stream(struct http_answer *a, struct ask *k, const char *type,
		bool (*more)(void *ctx, struct http_out *out));

/// A number as clients read it: 15 digits.
void ask_number(struct http_out *out, double number);
