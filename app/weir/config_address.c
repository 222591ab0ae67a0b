// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The addresses of a port, as they are written.
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_rows.h"

enum {
	VLAN_MOST = 4094,
};

bool config_parse_address(const char *text, struct addr *addr, uint32_t *bits, uint32_t *vlan)
{
	char host[ADDR_TEXT_SIZE];
	char *end;
	const size_t len = strcspn(text, "/@");
	const char *rest = text + len;
	struct addr a;
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(host, &a) != 0)
		return false;
	const unsigned long most = a.family == ADDR_IP4 ? 32 : 128;
	unsigned long b = most, v = CONFIG_ANY_VLAN;
	if (*rest == '/' && rest[1] >= '0' && rest[1] <= '9') {
		b = strtoul(rest + 1, &end, 10);
		rest = end;
	}
	if (*rest == '@' && rest[1] >= '0' && rest[1] <= '9') {
		v = strtoul(rest + 1, &end, 10);
		rest = v <= VLAN_MOST ? end : rest;
	}
	if (*rest != '\0' || b == 0 || b > most)
		return false;
	*addr = a;
	*bits = (uint32_t)b;
	*vlan = (uint32_t)v;
	return true;
}

// One that a host can have: no group, no loopback, not "any".
bool config_is_port_address(const char *text)
{
	static const uint8_t zero[16], loopback[16] = {[15] = 1};
	struct addr a;
	uint32_t bits, vlan;
	if (!config_parse_address(text, &a, &bits, &vlan))
		return false;
	if (a.family == ADDR_IP4)
		return a.bytes[0] != 0 && a.bytes[0] != 127 && a.bytes[0] < 224;
	return a.bytes[0] != 0xff && memcmp(a.bytes, zero, 16) != 0 &&
	       memcmp(a.bytes, loopback, 16) != 0;
}
