// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Numbers, times and names of the feed as people read them.
///
/// Thread-safety: texts go to the caller's buffer; no state.

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "common/weir.pb-c.h"

/// Three digits and an SI prefix: "554M", "1.10G", "12.0", "0". "-" when not finite.
void format_si(struct strbuf *b, double v);

/// How a unit of the feed is shown: bytes as bits.
struct format_unit {
	double scale;     ///< shown = value * scale
	const char *text; ///< "bit/s"
};
struct format_unit format_unit(const char *unit);

/// Unix time in ns as local date and time with tenths of a second; "-" for 0.
void format_time(struct strbuf *b, uint64_t time);
/// As format_time(), without the date.
void format_clock(struct strbuf *b, uint64_t time);

/// A duration in ns: "12.0 us", "1.50 ms", "2.00 s".
void format_duration(struct strbuf *b, uint64_t ns);

/// The agent's name, or its address.
const char *format_agent(const Weir__Flow *flow);
/// The port's name or else its data source; "/out" behind it when sampled on the way out.
void format_port(struct strbuf *b, const Weir__Flow *flow);

/// "datagrams 1200 = 1190 used + 10: duplicate 8, short 2"
void format_ledger(struct strbuf *b, const Weir__Stats *stats, const Weir__Ledger *ledger);

/// Make every text in an unpacked message fit for a terminal: names come from the network, and
/// might carry escape sequences.
void format_make_printable(ProtobufCMessage *message);
