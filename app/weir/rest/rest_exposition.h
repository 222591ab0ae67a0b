// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Prometheus' text format, version 0.0.4: names, labels, and what each metric is.
///
/// Names and texts may come from the wire: names become [a-zA-Z0-9_], texts UTF-8, so that nothing
/// that an agent says can spoil the scrape of all others.
///
/// Thread-safety: values. Memory: the text's (http.h).

#include "weir/http/http.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/// A name: @p prefix and @p name, what is not allowed replaced by "_".
void exposition_name(struct http_out *out, const char *prefix, const char *name, size_t len);
/// label="value", escaped.
void exposition_label(struct http_out *out, const char *name, const char *value);
/// The two lines that go before the samples of a gauge; @p help is one line.
void exposition_gauge(struct http_out *out, const char *prefix, const char *name, size_t len,
		      const char *help);

/// Metrics that were described in this answer, by hash; start with zeros. What finds no place is
/// not described, which is allowed.
struct exposition_seen {
	uint64_t slot[4096];
	uint32_t n;
};

/// True the first time that a name is seen.
bool exposition_first(struct exposition_seen *seen, const char *name, size_t len);
