// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The addresses of a port, and of collectors of IPFIX, as they are written.
#include <stdlib.h>
#include <string.h>

#include "weir/config/config.h"
#include "weir/config/config_rows.h"

enum {
	VLAN_MOST = 4094,
	IPFIX_UDP_PORT = 4739, // as registered
	COLLECTOR_SIZE = ADDR_TEXT_SIZE + sizeof("[]:65535"),
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

// "192.0.2.9", "192.0.2.9:2055", "2001:db8::9", "[2001:db8::9]:2055".
static bool parse_collector(const char *text, struct addr *addr, uint32_t *port)
{
	*port = IPFIX_UDP_PORT;
	return addr_parse(text, addr) == 0 ||
	       config_parse_endpoint_at(text, IPFIX_UDP_PORT, addr, port);
}

int config_next_collector(const char **list, struct addr *addr, uint32_t *port)
{
	const char *text = *list + strspn(*list, ", ");
	const size_t len = strcspn(text, ", ");
	char one[COLLECTOR_SIZE];
	*list = text + len;
	if (len == 0)
		return 0;
	if (len >= sizeof(one))
		return ERR_INVALID;
	memcpy(one, text, len);
	one[len] = '\0';
	return parse_collector(one, addr, port) ? 1 : ERR_INVALID;
}

bool config_is_collectors(const char *text)
{
	struct addr addr;
	uint32_t port;
	int n;
	while ((n = config_next_collector(&text, &addr, &port)) > 0)
		continue;
	return n == 0;
}
