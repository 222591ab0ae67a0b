// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How values look in answers: what the handlers have in common.
///
/// Thread-safety: functions of their arguments.

#include <jansson.h>

#include "analyzer/query.h"
#include "weir/config/schema.h"
#include "weir/http/http.h"

/// Flags of json_dumps(): numbers are estimates, 15 digits are more than enough.
#define REST_DUMP (JSON_COMPACT | JSON_REAL_PRECISION(15))

/// Longest text of a data source ("3.4294967295"), NUL included.
#define REST_SOURCE_SIZE 24

/// @p name of a custom data source, or "4", "2.1", which are written to @p text.
const char *rest_source_text(const char *name, uint32_t ds_class, uint32_t ds_index,
			     char text[REST_SOURCE_SIZE]);
/// "ingress", "egress", "unknown".
const char *rest_direction(uint32_t direction);
/// What stands for bytes that are no UTF-8: U+FFFD.
#define REST_UNKNOWN_CHAR "\xef\xbf\xbd"

/// Bytes of the character at @p text, of which @p len are there; 0 = it is none.
size_t rest_char_size(const char *text, size_t len);
/// A JSON text of bytes that the wire may have chosen: what is no UTF-8 becomes U+FFFD.
json_t *rest_json_text(const char *text);
/// The same, appended to an answer; and numbers as json_integer(), json_real() would look. Where
/// there are many values these take a tenth of the time.
void rest_put_text(struct http_out *out, const char *text);
void rest_put_count(struct http_out *out, uint64_t n);
void rest_put_real(struct http_out *out, double number);
/// A list of addresses and prefixes.
json_t *rest_prefixes(const struct prefix_list *list);
/// agentName and portName, where the telemetry told them.
void rest_add_names(json_t *json, const struct flow_row *row);
/// values, where the definition has secondary ones.
void rest_add_values(json_t *json, const struct flow_row *row);
/// A number for a text, the same in every run.
uint64_t rest_hash(const char *text, size_t len);
/// ms from @p time to @p now, both ns; 0 when it is ahead.
json_int_t rest_age(uint64_t now, uint64_t time);
