// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// IPv4, IPv6 and MAC addresses as values: parse, format, compare.
///
/// Text forms are those that users of sFlow-RT know: IPv4 dotted, IPv6 zero-compressed in upper
/// case (RFC 5952 otherwise, `FE80::1`), MAC as twelve upper-case hex digits (`D8D385B2DD2B`).
///
/// Thread-safety: values only, no state.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/// Numbered as sFlow v5 `address_type` (section 5.3).
enum addr_family {
	ADDR_NONE = 0,
	ADDR_IP4 = 1,
	ADDR_IP6 = 2,
};

/// Bytes in network order; IPv4 uses the first four, the rest is zero. Compares as a whole.
struct addr {
	uint32_t family; ///< enum addr_family
	uint8_t bytes[16];
};

/// Longest text of an address, NUL included.
#define ADDR_TEXT_SIZE 46

struct addr addr_ip4(const uint8_t bytes[4]);
struct addr addr_ip6(const uint8_t bytes[16]);

/// "192.0.2.1", "2001:db8::1". 0 or ERR_INVALID; @p out is unchanged on failure.
int addr_parse(const char *text, struct addr *out);
/// "10.0.0.0/8", "fc00::/7"; without "/": all bits. Bits beyond the prefix are cleared.
int addr_parse_prefix(const char *text, struct addr *out, unsigned *bits);
bool addr_equal(const struct addr *a, const struct addr *b);
/// True when the first @p bits bits of both are the same and the families agree.
bool addr_in_prefix(const struct addr *a, const struct addr *prefix, unsigned bits);

void addr_ip4_format(struct strbuf *b, const uint8_t bytes[4]);
void addr_ip6_format(struct strbuf *b, const uint8_t bytes[16]);
void addr_mac_format(struct strbuf *b, const uint8_t bytes[6]);
/// The text of an address; "unknown" for ADDR_NONE.
void addr_format(struct strbuf *b, const struct addr *a);
/// As addr_format(), into a buffer of ADDR_TEXT_SIZE; returns @p text.
char *addr_text(const struct addr *a, char text[ADDR_TEXT_SIZE]);
/// "D8D385B2DD2B", "d8:d3:85:b2:dd:2b", "d8-d3-85-b2-dd-2b". 0 or ERR_INVALID.
int addr_mac_parse(const char *text, uint8_t out[6]);
