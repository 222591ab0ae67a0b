// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

struct addr addr_ip4(const uint8_t bytes[4])
{
	struct addr a = {.family = ADDR_IP4};
	memcpy(a.bytes, bytes, 4);
	return a;
}

struct addr addr_ip6(const uint8_t bytes[16])
{
	struct addr a = {.family = ADDR_IP6};
	memcpy(a.bytes, bytes, 16);
	return a;
}

int addr_parse(const char *text, struct addr *out)
{
	struct addr a = {.family = ADDR_IP4};
	if (inet_pton(AF_INET, text, a.bytes) != 1) {
		a.family = ADDR_IP6;
		if (inet_pton(AF_INET6, text, a.bytes) != 1)
			return ERR_INVALID;
	}
	*out = a;
	return 0;
}

static void mask_bits(uint8_t *bytes, unsigned width, unsigned bits)
{
	for (unsigned i = 0; i < width; i++) {
		const unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		if (keep < 8)
			bytes[i] &= (uint8_t)(0xff00u >> keep);
	}
}

int addr_parse_prefix(const char *text, struct addr *out, unsigned *bits)
{
	char head[ADDR_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof(head))
		return ERR_INVALID;
	memcpy(head, text, len);
	head[len] = '\0';
	struct addr a;
	if (addr_parse(head, &a) != 0)
		return ERR_INVALID;
	const unsigned width = a.family == ADDR_IP4 ? 32 : 128;
	unsigned n = width;
	if (slash != NULL) {
		if (slash[1] < '0' || slash[1] > '9')
			return ERR_INVALID;
		char *end;
		const unsigned long v = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || v > width)
			return ERR_INVALID;
		n = (unsigned)v;
	}
	mask_bits(a.bytes, width / 8, n);
	*out = a;
	*bits = n;
	return 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool addr_in_prefix(const struct addr *a, const struct addr *prefix, unsigned bits)
{
	if (a->family != prefix->family)
		return false;
	struct addr m = *a;
	mask_bits(m.bytes, a->family == ADDR_IP4 ? 4 : 16, bits);
	return memcmp(m.bytes, prefix->bytes, sizeof(m.bytes)) == 0;
}

void addr_ip4_format(struct strbuf *b, const uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			strbuf_char(b, '.');
		strbuf_u64(b, bytes[i]);
	}
}

// RFC 5952 section 4.2: the longest run of two or more zero groups, the first of equals.
static void longest_zero_run(const uint8_t bytes[16], int *start, int *len)
{
	*start = -1;
	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;
		while (i + n < 8 && load_be16(bytes + 2 * (i + n)) == 0)
			n++;
		if (n > *len) {
			*start = i;
			*len = n;
		}
		i += n;
	}
}

void addr_ip6_format(struct strbuf *b, const uint8_t bytes[16])
{
	int run, run_len;
	longest_zero_run(bytes, &run, &run_len);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			strbuf_str(b, "::");
			i += run_len - 1;
			continue;
		}
		if (i > 0 && (run < 0 || i != run + run_len))
			strbuf_char(b, ':');
		strbuf_fmt(b, "%X", load_be16(bytes + 2 * i));
	}
}

void addr_mac_format(struct strbuf *b, const uint8_t bytes[6])
{
	static const char hex[] = "0123456789ABCDEF";
	for (int i = 0; i < 6; i++) {
		strbuf_char(b, hex[bytes[i] >> 4]);
		strbuf_char(b, hex[bytes[i] & 15]);
	}
}

void addr_format(struct strbuf *b, const struct addr *a)
{
	if (a->family == ADDR_IP4)
		addr_ip4_format(b, a->bytes);
	else if (a->family == ADDR_IP6)
		addr_ip6_format(b, a->bytes);
	else
		strbuf_str(b, "unknown");
}

char *addr_text(const struct addr *a, char text[ADDR_TEXT_SIZE])
{
	struct strbuf b = strbuf_of(text, ADDR_TEXT_SIZE);
	addr_format(&b, a);
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int addr_mac_parse(const char *text, uint8_t out[6])
{
	uint8_t mac[6];
	for (int i = 0; i < 6; i++) {
		if (i > 0 && (*text == ':' || *text == '-'))
			text++;
		const int hi = hex_digit(text[0]);
		const int lo = hi < 0 ? -1 : hex_digit(text[1]);
		if (lo < 0)
			return ERR_INVALID;
		mac[i] = (uint8_t)(hi << 4 | lo);
		text += 2;
	}
	if (*text != '\0')
		return ERR_INVALID;
	memcpy(out, mac, 6);
	return 0;
}
