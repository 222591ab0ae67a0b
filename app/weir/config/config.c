// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "common/paths.h"
#include "weir/config/config_plan.h"
#include "weir/config/config_names.h"
#include "weir/config/config_rows.h"
#include "weir/config/config_threshold.h"
#include "weir/config/config_tables.h"
#include "weir/config/json.h"

static struct schema_context context_of(struct config *c, struct err_msg *msg)
{
	return (struct schema_context){.arena = &c->arena, .lenient = false, .msg = msg};
}

static int out_of_memory(struct err_msg *msg)
{
	return err_set(msg, ERR_MEMORY, "out of memory");
}

int config_init(struct config *c, struct err_msg *msg)
{
	*c = (struct config){0};
	const struct schema_context ctx = context_of(c, msg);
	char url[PATHS_SIZE];
	int err = paths_feed_url(url, sizeof(url), msg);
	if (err == 0)
		err = schema_defaults(&ctx, &config_top, c);
	if (err == 0)
		err = config_http_defaults(c, msg);
	return err == 0 ? config_set(c, "feed", "XDG_RUNTIME_DIR", url, msg) : err;
}

void config_free(struct config *c)
{
	config_tables_free(c);
	arena_free(&c->arena);
	*c = (struct config){0};
}

int config_read(struct config *c, const char *path, struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	const struct node *root = json_load_yaml(&c->arena, path, &json_file_limits, msg);
	return root != NULL ? schema_read(&ctx, &config_top, root, c) : ERR_INVALID;
}

int config_read_text(struct config *c, const char *source, const char *text, struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	const struct node *root =
		json_read_yaml(&c->arena, source, text, strlen(text), &json_file_limits, msg);
	return root != NULL ? schema_read(&ctx, &config_top, root, c) : ERR_INVALID;
}

int config_load(const char *path, struct config *c, struct err_msg *msg)
{
	int err = config_init(c, msg);
	if (err == 0)
		err = config_read(c, path, msg);
	return err == 0 ? config_finish(c, msg) : err;
}

int config_set(struct config *c, const char *member, const char *origin, const char *text,
	       struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	return schema_set(&ctx, &config_top, c, member, origin, text);
}

int config_add_input(struct config *c, enum config_input_kind kind, const char *origin,
		     const char *name, struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	struct config_input in = {.kind = kind};
	int err = schema_defaults(&ctx, &config_input_members[kind], &in);
	if (err == 0)
		err = config_set_input(c, &in, config_input_names[kind], origin, name, msg);
	if (err != 0)
		return err;
	struct config_input *inputs = arena_array(&c->arena, c->n_inputs + 1, sizeof(*inputs));
	if (inputs == NULL)
		return out_of_memory(msg);
	if (c->n_inputs > 0)
		memcpy(inputs, c->inputs, c->n_inputs * sizeof(*inputs));
	inputs[c->n_inputs++] = in;
	c->inputs = inputs;
	return 0;
}

int config_set_input(struct config *c, struct config_input *in, const char *member,
		     const char *origin, const char *text, struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	const int err = schema_set(&ctx, &config_input_members[in->kind], in, member, origin, text);
	if (err == 0 && in->kind == CONFIG_SOCKET)
		config_parse_endpoint(in->name, &in->addr, &in->udp_port);
	return err;
}

// Put @p spec behind the others, or in the place of the one of that name.
static int put_flow(struct config *c, const struct flow_spec *spec, const struct node *n,
		    struct err_msg *msg)
{
	size_t i = 0;
	while (i < c->n_flows && strcmp(c->flows[i].name, spec->name) != 0)
		i++;
	if (i == c->n_flows) {
		struct flow_spec *flows = arena_array(&c->arena, i + 1, sizeof(*flows));
		const struct node **nodes = arena_array(&c->arena, i + 1, sizeof(*nodes));
		if (flows == NULL || nodes == NULL)
			return out_of_memory(msg);
		if (i > 0) {
			memcpy(flows, c->flows, i * sizeof(*flows));
			memcpy(nodes, c->flow_nodes, i * sizeof(*nodes));
		}
		c->flows = flows;
		c->flow_nodes = nodes;
		c->n_flows++;
	}
	c->flows[i] = *spec;
	c->flow_nodes[i] = n;
	return 0;
}

int config_set_flow(struct config *c, const char *origin, const char *name, const char *body,
		    struct err_msg *msg)
{
	const struct schema_context ctx = context_of(c, msg);
	const struct node *n =
		json_read(&c->arena, origin, body, strlen(body), &json_body_limits, msg);
	if (n == NULL)
		return ERR_INVALID;
	struct flow_spec spec;
	const char *copy = arena_strndup(&c->arena, name, strlen(name));
	if (copy == NULL)
		return out_of_memory(msg);
	const int err = config_flow(&ctx, n, copy, &spec);
	return err == 0 ? put_flow(c, &spec, n, msg) : err;
}

uint32_t config_input_workers(const struct config_input *in)
{
	switch (in->kind) {
	case CONFIG_PORT: return in->workers > in->queues ? in->workers : in->queues;
	case CONFIG_SOCKET: return in->workers;
	case CONFIG_PCAP:
	case CONFIG_RELAY: return 1;
	}
	return 0;
}

uint32_t config_workers(const struct config *c)
{
	uint32_t n = 0;
	for (size_t i = 0; i < c->n_inputs; i++)
		n += config_input_workers(&c->inputs[i]);
	return n;
}

bool config_agent_allowed(const struct config *c, const struct addr *agent)
{
	return c->agents_allow.n == 0 || prefix_list_has(&c->agents_allow, agent);
}

const struct config_sampling *config_sampling_of(const struct config *c, const struct addr *agent)
{
	for (size_t i = 0; i < c->n_sampling; i++)
		if (prefix_list_has(&c->sampling[i].agents, agent))
			return &c->sampling[i];
	return NULL;
}

void config_print(const struct config *c, FILE *f)
{
	schema_print(f, &config_top, c, 0);
}

// As it is printed; NULL when memory is short.
static char *member_text(const struct config *c, const struct member *m)
{
	const struct schema one = {m, 1};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	if (f == NULL)
		return NULL;
	schema_print(f, &one, c, 0);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

bool config_differences(const struct config *a, const struct config *b, struct strbuf *names)
{
	static const char *const changing[] = {"flows", "thresholds", "groups",
					       "maps",  "memory",     "names"};
	for (size_t i = 0; i < config_top.n; i++) {
		const struct member *m = &config_top.at[i];
		bool skip = false;
		for (size_t k = 0; k < sizeof(changing) / sizeof(changing[0]); k++)
			skip |= strcmp(m->name, changing[k]) == 0;
		if (skip)
			continue;
		char *x = member_text(a, m), *y = member_text(b, m);
		const bool whole = x != NULL && y != NULL;
		if (whole && strcmp(x, y) != 0)
			strbuf_fmt(names, "%s%s", names->len > 0 ? ", " : "", m->name);
		free(x);
		free(y);
		if (!whole)
			return false;
	}
	return true;
}

// A capture drives the clock, and there is one clock.
static int check_clock(const struct config *c, const struct config_input *in, struct err_msg *msg)
{
	const bool replay = c->inputs[0].kind == CONFIG_PCAP;
	if ((in->kind == CONFIG_PCAP) != replay)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: a capture runs on its own clock, expected captures "
			       "only, or none",
			       in->name);
	if (replay && in->speed != c->inputs[0].speed)
		return err_set(
			msg, ERR_INVALID,
			"inputs: %s: got speed %g, expected %g as for %s: they share a clock",
			in->name, in->speed, c->inputs[0].speed, c->inputs[0].name);
	return 0;
}

static bool has_count(const struct count_list *list, uint32_t n, uint32_t v)
{
	for (uint32_t i = 0; i < n; i++)
		if (list->at[i] == v)
			return true;
	return false;
}

// No lcore may be given to two workers, of this input or of one before.
static int check_lcores(const struct config *c, size_t i, struct err_msg *msg)
{
	const struct config_input *in = &c->inputs[i];
	if (in->lcores.n != 0 && in->lcores.n != config_input_workers(in))
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: %u lcores for %u workers, expected one each", in->name,
			       in->lcores.n, config_input_workers(in));
	for (uint32_t k = 0; k < in->lcores.n; k++) {
		const uint32_t v = in->lcores.at[k];
		bool twice = has_count(&in->lcores, k, v);
		for (size_t j = 0; j < i && !twice; j++)
			twice = has_count(&c->inputs[j].lcores, c->inputs[j].lcores.n, v);
		if (twice)
			return err_set(msg, ERR_EXISTS, "inputs: %s: lcore %u already has a worker",
				       in->name, v);
	}
	return 0;
}

// An address on a VLAN that is not taken would never be asked for.
static int check_vlans(const struct config_input *in, struct err_msg *msg)
{
	struct addr addr;
	uint32_t bits, vlan;
	for (uint32_t i = 0; i < in->addresses.n; i++)
		if (config_parse_address(in->addresses.at[i], &addr, &bits, &vlan) &&
		    vlan != CONFIG_ANY_VLAN && in->vlans.n > 0 &&
		    !has_count(&in->vlans, in->vlans.n, vlan))
			return err_set(msg, ERR_INVALID,
				       "inputs: %s: address %s: expected one of its `vlans`, or "
				       "none",
				       in->name, in->addresses.at[i]);
	return 0;
}

static bool has_member(const struct config_input *in, uint32_t n, const char *device)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(in->members.at[i], device) == 0)
			return true;
	return false;
}

// No device is in two places.
static bool is_used(const struct config *c, size_t i, uint32_t k)
{
	const char *device = c->inputs[i].members.at[k];
	bool used = has_member(&c->inputs[i], k, device);
	for (size_t j = 0; j < c->n_inputs; j++) {
		const struct config_input *other = &c->inputs[j];
		if (other->kind != CONFIG_PORT)
			continue;
		used = used || strcmp(other->name, device) == 0;
		used = used || (j < i && has_member(other, other->members.n, device));
	}
	return used;
}

// A bond is called what its driver is called.
static int check_bond(const struct config *c, size_t i, struct err_msg *msg)
{
	enum {
		MOST = 8
	};
	const struct config_input *in = &c->inputs[i];
	if (in->kind != CONFIG_PORT || in->members.n == 0)
		return 0;
	if (strncmp(in->name, "net_bonding", 11) != 0 || strchr(in->name, ',') != NULL)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: members: expected a port called net_bonding0 or the "
			       "like, without arguments",
			       in->name);
	if (in->members.n > MOST)
		return err_set(msg, ERR_RANGE, "inputs: %s: members: got %u, expected %d at most",
			       in->name, in->members.n, MOST);
	if (in->xdp != CONFIG_XDP_NONE)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: xdp: a bond runs no XDP program, expected none",
			       in->name);
	if (in->bond == CONFIG_BOND_LACP && in->steer == CONFIG_STEER_ISOLATE)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: steer: `isolate` keeps out what the switch says of the "
			       "bond; expected `sflow` or `none` with `bond: lacp`",
			       in->name);
	for (uint32_t k = 0; k < in->members.n; k++)
		if (is_used(c, i, k))
			return err_set(msg, ERR_EXISTS, "inputs: %s: members: %s is used already",
				       in->name, in->members.at[k]);
	return 0;
}

// With an XDP program the kernel has its own interface to the NIC.
static int check_kernel(const struct config *c, size_t i, struct err_msg *msg)
{
	const struct config_input *in = &c->inputs[i];
	if (in->kind != CONFIG_PORT || *in->kernel == '\0')
		return 0;
	if (in->xdp != CONFIG_XDP_NONE)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: kernel: with `xdp` the kernel keeps the NIC, expected "
			       "one of the two",
			       in->name);
	if (in->steer == CONFIG_STEER_ISOLATE)
		return err_set(msg, ERR_INVALID,
			       "inputs: %s: kernel: with `steer: isolate` nothing comes that the "
			       "kernel could get, expected one of the two",
			       in->name);
	for (size_t j = 0; j < i; j++)
		if (c->inputs[j].kind == CONFIG_PORT &&
		    strcmp(c->inputs[j].kernel, in->kernel) == 0)
			return err_set(msg, ERR_EXISTS, "inputs: %s: kernel: %s is that of %s",
				       in->name, in->kernel, c->inputs[j].name);
	return 0;
}

static int check_inputs(const struct config *c, struct err_msg *msg)
{
	if (c->n_inputs == 0)
		return err_set(msg, ERR_INVALID,
			       "inputs: expected at least one input: a port, "
			       "a socket, or a pcap");
	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct config_input *in = &c->inputs[i];
		int err = check_clock(c, in, msg);
		if (err == 0)
			err = check_lcores(c, i, msg);
		if (err == 0)
			err = check_vlans(in, msg);
		if (err == 0)
			err = check_kernel(c, i, msg);
		if (err == 0)
			err = check_bond(c, i, msg);
		if (err != 0)
			return err;
	}
	return 0;
}

// The store cannot guarantee more flows per data source than it holds.
int config_check_guarantees(const struct config *c, struct err_msg *msg)
{
	static const char what[] = "got %u, expected at most what `store` holds, %u";
	for (size_t i = 0; i < c->n_flows; i++) {
		const struct flow_spec *f = &c->flows[i];
		const struct node *n =
			c->flow_nodes[i] != NULL ? node_get(c->flow_nodes[i], "n") : NULL;
		if (f->n <= c->store)
			continue;
		if (n != NULL)
			return node_error(n, msg, ERR_RANGE, what, f->n, c->store);
		err_set(msg, ERR_RANGE, what, f->n, c->store);
		err_prefix(msg, "n");
		err_prefix(msg, f->name);
		return ERR_RANGE;
	}
	return 0;
}

static int check_flows(const struct config *c, struct err_msg *msg)
{
	const int failed = config_check_guarantees(c, msg);
	if (failed != 0)
		return failed;
	struct program *program = config_compile(c, msg);
	if (program == NULL)
		return ERR_INVALID;
	const int err = config_check_memory(c, program, msg);
	program_free(program);
	return err;
}

// Wrong names are found before anything starts.
static int check_names(const struct config *c, struct err_msg *msg)
{
	if (c->names == NULL || c->names[0] == '\0')
		return 0;
	struct names *names = config_names(c->names, msg);
	names_free(names);
	return names != NULL ? 0 : ERR_INVALID;
}

int config_finish(struct config *c, struct err_msg *msg)
{
	int err = check_inputs(c, msg);
	if (err == 0)
		err = config_check_thresholds(c, msg);
	if (err == 0)
		err = config_check_http(&c->http, msg);
	if (err == 0)
		err = check_names(c, msg);
	return err == 0 ? check_flows(c, msg) : err;
}
