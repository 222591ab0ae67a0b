// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Write named values as sflowtool does: lines of text, or JSON on one line or indented.
///
///     struct out o = {.file = stdout, .format = OUT_JSON};
///     out_begin(&o);                                 // {
///     out_text(&o, "agent", "192.0.2.1");            // "agent":"192.0.2.1"
///     out_array(&o, "samples"); out_object(&o); ...; out_close(&o); out_close(&o);
///     out_end(&o);                                   // }
///
/// Every value is a JSON string, as in sflowtool, because some are 64 bits wide. In text, arrays
/// and objects leave no trace. Bytes that came from the network are escaped: in JSON as RFC 8259
/// wants it, bytes that are not UTF-8 as the code point of the same number; in text control
/// characters as \xNN. OUT_NONE writes nothing.
///
/// Thread-safety: one writer at a time in a process: long values share a buffer. Memory: that one.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "sflow/record.h"

enum out_format {
	OUT_TEXT,
	OUT_JSON,
	OUT_JSON_INDENTED,
	OUT_NONE,
};

/// Objects and arrays inside each other: datagram, samples, sample, elements, element, list, item.
#define OUT_DEPTH 8

struct out {
	FILE *file;
	enum out_format format;
	const char *prefix; ///< before each name; NULL: none
	unsigned depth;
	bool first;            ///< nothing has been written in this object or array
	char close[OUT_DEPTH]; ///< what ends each open one
};

static inline bool out_is_json(const struct out *o)
{
	return o->format == OUT_JSON || o->format == OUT_JSON_INDENTED;
}

/// One datagram.
void out_begin(struct out *o);
void out_end(struct out *o);

/// A member that holds an array, an object in it, and the end of either.
void out_array(struct out *o, const char *name);
void out_object(struct out *o);
void out_close(struct out *o);

/// A member. @p name may come from the network.
void out_bytes(struct out *o, const char *name, const char *text, size_t len);
void out_text(struct out *o, const char *name, const char *text);
void out_number(struct out *o, const char *name, uint64_t v);
void out_format(struct out *o, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/// An address of 0, 4 or 16 bytes, as sflowtool writes it: IPv6 in full.
void out_address(struct out *o, const char *name, const uint8_t *bytes, uint32_t len);
/// A value of a record under its own name or under @p name.
void out_value(struct out *o, const char *name, const struct record_value *v);
/// An element of an array without a name.
void out_item(struct out *o, const char *text);

/// A line that only text has.
void out_line(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
