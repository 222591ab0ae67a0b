// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "weir/config/config.h"
#include "weir/config/config_row.h"

static bool is_address(const char *text)
{
	struct addr addr;
	return addr_parse(text, &addr) == 0;
}

static bool is_address_or_none(const char *text)
{
	return text[0] == '\0' || is_address(text);
}

static bool is_url_or_none(const char *text)
{
	return text[0] == '\0' || config_is_relay(text);
}

bool config_is_relay(const char *text)
{
	static const char scheme[] = "tls+tcp://";
	const char *port = strrchr(text, ':');
	if (strncmp(text, scheme, strlen(scheme)) != 0 || port <= text + strlen(scheme))
		return false;
	const size_t digits = strspn(port + 1, "0123456789");
	const unsigned long n = strtoul(port + 1, NULL, 10);
	return port[1 + digits] == '\0' && digits > 0 && digits <= 5 && n > 0 && n <= UINT16_MAX;
}

struct addr forward_agent(const uint8_t *data, uint32_t len)
{
	struct cursor c = cursor_of(data, len);
	struct addr none = {0};
	cursor_u32(&c);
	const uint32_t family = cursor_u32(&c);
	const uint8_t *bytes = cursor_bytes(&c, family == ADDR_IP6 ? 16 : 4);
	if (bytes == NULL || (family != ADDR_IP4 && family != ADDR_IP6))
		return none;
	return family == ADDR_IP4 ? addr_ip4(bytes) : addr_ip6(bytes);
}

bool forward_wants(const struct prefix_list *agents, const struct addr *agent)
{
	return agents->n == 0 || prefix_list_has(agents, agent);
}

const char *tenant_port(const char *text, struct addr *agent)
{
	char address[ADDR_TEXT_SIZE];
	const char *rest = strchr(text, '_');
	if (rest == NULL || rest[1] == '\0' || (size_t)(rest - text) >= sizeof(address))
		return NULL;
	memcpy(address, text, (size_t)(rest - text));
	address[rest - text] = '\0';
	return addr_parse(address, agent) == 0 ? rest + 1 : NULL;
}

bool tenant_port_index(const char *text, struct addr *agent, uint32_t *index)
{
	const char *digits = tenant_port(text, agent);
	if (digits == NULL || strlen(digits) > 10 || strspn(digits, "0123456789") != strlen(digits))
		return false;
	const unsigned long long n = strtoull(digits, NULL, 10);
	*index = (uint32_t)n;
	return n > 0 && n <= UINT32_MAX;
}

static bool is_port_index(const char *text)
{
	struct addr agent;
	uint32_t index;
	return tenant_port_index(text, &agent, &index);
}

static bool is_port_name(const char *text)
{
	struct addr agent;
	return tenant_port(text, &agent) != NULL;
}

static bool is_mac(const char *text)
{
	uint8_t mac[6];
	return addr_mac_parse(text, mac) == 0;
}

#define TARGET(field) .offset = offsetof(struct forward_target, field)

static const struct member forward_rows[] = {
	TEXT("address", TARGET(address), 0, 64, "", "address of the other collector",
	     .check = is_address_or_none, .expect = "an IP address"),
	TEXT("url", TARGET(url), 0, 255, "",
	     "instead of an address: a weir with an input `relay`, reached over TLS",
	     .check = is_url_or_none, .expect = CONFIG_RELAY_EXPECT),
	COUNT("port", TARGET(port), 1, 65535, "6343", "UDP port of the other collector"),
	TEXT("through", TARGET(through), 0, 64, "",
	     "the `port` of an input with `addresses`, by which datagrams leave, from its address; "
	     "what came by it is not copied. None: the kernel sends"),
	TEXT("via", TARGET(via), 0, 64, "",
	     "with `through`: address of the router; none: the other collector is on the link",
	     .check = is_address_or_none, .expect = "an IP address"),
	PREFIXES("agents", TARGET(agents), "agents whose datagrams it gets; none: all"),
};

static const struct member filter_rows[] = {
	TEXTS("ifindex", TARGET(filters.ifindex),
	      "ports as AGENT_IFINDEX: their counters, and packets that were sampled at, came in "
	      "by, "
	      "or went out by one of them",
	      .check = is_port_index, .expect = "an address, an underscore, and an ifIndex"),
	TEXTS("ifname", TARGET(filters.ifname),
	      "the same as AGENT_IFNAME, once the agent has told the name (record 0:1005)",
	      .check = is_port_name, .expect = "an address, an underscore, and a name"),
	PREFIXES("cidr", TARGET(filters.cidr),
		 "packets whose outermost source or destination lies in one of them"),
	TEXTS("mac", TARGET(filters.mac), "packets with one of them as source or destination",
	      .check = is_mac, .expect = "a MAC address"),
};

const struct schema tenant_filter_members = ROWS(filter_rows);

static int read_filters(const struct schema_context *ctx, const struct member *m,
			const struct node *n, void *target)
{
	struct forward_target *t = target;
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	const int err = schema_read(ctx, &tenant_filter_members, n, t);
	if (err != 0)
		return err;
	const struct tenant_filters *f = &t->filters;
	if (f->ifindex.n + f->ifname.n + f->mac.n + f->cidr.n == 0) // it would never get anything
		return schema_refuse_as(ctx, n, "at least one of ifindex, ifname, cidr, mac");
	return 0;
}

static void print_filters(FILE *f, const void *target, unsigned indent)
{
	fputs("\n", f);
	schema_print(f, &tenant_filter_members, target, indent + 2);
}

static const struct member tenant_rows[] = {
	TEXT("collectorAddress", TARGET(address), 1, 64, NULL, "address of the tenant's collector",
	     .required = true, .check = is_address, .expect = "an IP address"),
	COUNT("collectorPort", TARGET(port), 1, 65535, "6343",
	      "UDP port of the tenant's collector"),
	OTHER("filters", read_filters, print_filters, "a map with ifindex, ifname, cidr, mac",
	      "which samples it gets: those that one of them selects", .required = true),
};

const struct schema forward_members = ROWS(forward_rows);
const struct schema tenant_members = ROWS(tenant_rows);

static int read_target(const struct schema_context *ctx, const struct schema *members,
		       const struct node *n, struct forward_target *out)
{
	struct forward_target t = *out;
	int err = schema_defaults(ctx, members, &t);
	if (err == 0)
		err = schema_read(ctx, members, n, &t);
	if (err == 0 && t.address[0] != '\0')
		err = addr_parse(t.address, &t.addr);
	if (err == 0)
		*out = t;
	return err;
}

static int check_way(const struct schema_context *ctx, const struct node *n,
		     const struct forward_target *t)
{
	struct addr via;
	if (t->through[0] != '\0' && t->url[0] != '\0')
		return schema_refuse_as(ctx, n, "no `through` beside url: the kernel sends that");
	if (t->via[0] == '\0')
		return 0;
	if (t->through[0] == '\0')
		return schema_refuse_as(ctx, n,
					"`through` beside via: the kernel knows its routers");
	if (addr_parse(t->via, &via) != 0 || via.family != t->addr.family)
		return schema_refuse_as(ctx, n, "address and via of the same version of IP");
	return 0;
}

int config_forward(const struct schema_context *ctx, const struct node *n, const char *name,
		   struct forward_target *out)
{
	*out = (struct forward_target){.name = name};
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n,
					"a map with address or url, port, through, via, agents");
	const int err = read_target(ctx, &forward_members, n, out);
	if (err == 0 && (out->address[0] != '\0') == (out->url[0] != '\0'))
		return schema_refuse_as(ctx, n, "exactly one of address and url");
	return err != 0 ? err : check_way(ctx, n, out);
}

int config_tenant(const struct schema_context *ctx, const struct node *n, const char *name,
		  struct forward_target *out)
{
	*out = (struct forward_target){.name = name, .tenant = true};
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n,
					"a map with collectorAddress, collectorPort, filters");
	return read_target(ctx, &tenant_members, n, out);
}

// All of a map from names to targets.
static int read_all(const struct schema_context *ctx, const struct member *m, const struct node *n,
		    int (*read)(const struct schema_context *, const struct node *, const char *,
				struct forward_target *),
		    struct forward_target **targets, size_t *n_targets)
{
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	struct forward_target *at = arena_array(ctx->arena, n->n_children, sizeof(*at));
	if (at == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const int err = read(ctx, e, e->name, &at[i++]);
		if (err != 0)
			return err;
	}
	*targets = at;
	*n_targets = i;
	return 0;
}

static void print_all(FILE *f, const struct schema *members, const struct forward_target *targets,
		      size_t n, unsigned indent)
{
	fputs(n == 0 ? " {}\n" : "\n", f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%*s", (int)indent + 2, "");
		schema_print_text(f, targets[i].name);
		fputs(":\n", f);
		schema_print(f, members, &targets[i], indent + 4);
	}
}

int config_read_forwarding(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object)
{
	struct config *c = object;
	return read_all(ctx, m, n, config_forward, &c->forwarding, &c->n_forwarding);
}

void config_print_forwarding(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	print_all(f, &forward_members, c->forwarding, c->n_forwarding, indent);
}

int config_read_tenants(const struct schema_context *ctx, const struct member *m,
			const struct node *n, void *object)
{
	struct config *c = object;
	return read_all(ctx, m, n, config_tenant, &c->tenants, &c->n_tenants);
}

void config_print_tenants(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	print_all(f, &tenant_members, c->tenants, c->n_tenants, indent);
}
