// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The members `forwarding` and `tenants` of a configuration, and the body of a request for one
/// entry:
///
///     forwarding:
///       backup: {address: 10.0.0.9, port: 6343, agents: [10.1.0.0/16]}
///     tenants:
///       blue: {collectorAddress: 10.0.0.8, filters: {ifindex: [10.1.0.1_2], cidr: [10.7.0.0/16]}}
///
/// Thread-safety: constant once read. Memory: the arena of the configuration or request.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "weir/config/schema.h"

/// Which samples a tenant gets: those that one of them selects (tenant.h).
struct tenant_filters {
	struct text_list ifindex; ///< "AGENT_IFINDEX"
	struct text_list ifname;  ///< "AGENT_IFNAME"
	struct text_list mac;     ///< 12 hexadecimal digits, or with colons
	struct prefix_list cidr;
};

/// Another collector that gets datagrams as they came, or a tenant's, which gets samples.
struct forward_target {
	const char *name;
	const char *address; ///< as it was written; "" = there is a `url`
	const char *url;     ///< of a weir's input `relay`, tls+tcp://HOST:PORT; "" or NULL = UDP
	struct addr addr;
	uint32_t port;
	const char
		*through; ///< port of an input by which it is sent; "" or NULL = the kernel sends
	const char *via;  ///< next hop there; "" or NULL = the address itself
	struct prefix_list agents; ///< whose datagrams; none = all
	bool tenant;               ///< `filters` say what it gets, instead of `agents`
	struct tenant_filters filters;
};

/// Whether a text is the URL of a relay, and what is said when it is none.
bool config_is_relay(const char *text);
#define CONFIG_RELAY_EXPECT "tls+tcp://HOST:PORT"

extern const struct schema forward_members, tenant_members, tenant_filter_members;

/// The agent of a datagram: behind its version lie type of address and address, in all versions of
/// sFlow. None (ADDR_NONE) when they are not there.
struct addr forward_agent(const uint8_t *data, uint32_t len);
/// True when datagrams of @p agent are wanted by who wants those of @p agents; none = all.
bool forward_wants(const struct prefix_list *agents, const struct addr *agent);

/// Take "10.0.0.1_eth3" to pieces: the agent, and what follows the `_`. NULL when it is none.
const char *tenant_port(const char *text, struct addr *agent);
/// The same of "10.0.0.1_2"; false when it is none.
bool tenant_port_index(const char *text, struct addr *agent, uint32_t *index);

int config_forward(const struct schema_context *ctx, const struct node *n, const char *name,
		   struct forward_target *out);
int config_read_forwarding(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object);
void config_print_forwarding(FILE *f, const void *object, unsigned indent);

/// The same of tenants.
int config_tenant(const struct schema_context *ctx, const struct node *n, const char *name,
		  struct forward_target *out);
int config_read_tenants(const struct schema_context *ctx, const struct member *m,
			const struct node *n, void *object);
void config_print_tenants(FILE *f, const void *object, unsigned indent);
