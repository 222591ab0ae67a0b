// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/cpus.h"
#include "weir/input/eal.h"
#include "weir/input/port.h"
#include "weir/input/relay.h"
#include "weir/input/replay.h"
#include "weir/input/socket.h"

#define HUGEPAGE (2u << 20) // the smallest kind there is

// A port, a socket, a relay, or a capture (none of them).
struct row {
	struct port *port;
	struct frame_address *address; // of the port's policy
	struct socket_input *socket;
	struct relay *relay;
	uint32_t first, n_workers; // that serve it
};

struct inputs {
	uint32_t n_workers, n_rows;
	struct worker_input *worker;
	struct row *row;
};

static int open_port(struct inputs *all, const struct config_input *in, uint32_t slot,
		     struct err_msg *msg);
static int open_sockets(struct inputs *all, const struct config_input *in, uint32_t slot,
			struct err_msg *msg);
static int open_replay(struct inputs *all, const struct config_input *in, uint32_t slot,
		       struct err_msg *msg);
static int open_relay(struct inputs *all, const struct config *c, const struct config_input *in,
		      uint32_t slot, struct err_msg *msg);

const char *inputs_device(const struct config *c, uint32_t i)
{
	for (size_t k = 0; k < c->n_inputs; k++) {
		const struct config_input *in = &c->inputs[k];
		if (in->kind != CONFIG_PORT)
			continue;
		if (i == 0)
			return in->name;
		if (i <= in->members.n)
			return in->members.at[i - 1];
		i -= 1 + in->members.n;
	}
	return NULL;
}

void inputs_wishes(const struct config *c, uint32_t *wish)
{
	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct config_input *in = &c->inputs[i];
		const uint32_t n = config_input_workers(in);
		for (uint32_t k = 0; k < n; k++)
			*wish++ = k < in->lcores.n ? in->lcores.at[k] : EAL_ANY_CPU;
	}
}

void inputs_near(const struct config *c, cpu_set_t *near)
{
	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct config_input *in = &c->inputs[i];
		const uint32_t n = config_input_workers(in);
		cpu_set_t local;
		CPU_ZERO(&local);
		if (in->kind == CONFIG_PORT)
			cpus_near("", in->members.n > 0 ? in->members.at[0] : in->name, &local);
		for (uint32_t k = 0; k < n; k++)
			*near++ = local;
	}
}

static struct port_config port_config_of(const struct config_input *in)
{
	return (struct port_config){
		.device = in->name,
		.queues = (uint16_t)in->queues,
		.workers = (uint16_t)in->workers,
		.spread = (enum spread_mode)in->spread,
		.fragments = in->fragments,
		.descriptors = (uint16_t)in->descriptors,
		.mtu = (uint16_t)in->mtu,
		.buffers = in->buffers,
		.steer = (enum steer_mode)in->steer,
		.interrupt = in->interrupt,
		.promiscuous = in->promiscuous,
		.member = in->members.at,
		.n_members = in->members.n,
		.bond = (enum bond_mode)in->bond,
		.kernel = *in->kernel != '\0' ? in->kernel : NULL,
		.xdp = in->xdp != CONFIG_XDP_NONE,
		.xdp_fragments = in->xdp == CONFIG_XDP_FRAGMENTS,
		.unreachable = in->unreachable,
		.answer_rate = in->answer_rate,
		.policy = {.vlan = in->vlans.at,
			   .n_vlan = in->vlans.n,
			   .udp_port = (uint16_t)in->udp_port,
			   .checksums = in->checksums},
	};
}

uint64_t inputs_memory(const struct config *c, bool hugepages)
{
	const size_t page = hugepages ? HUGEPAGE : (size_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes = 0;
	for (size_t i = 0; i < c->n_inputs; i++) {
		if (c->inputs[i].kind != CONFIG_PORT)
			continue;
		const struct port_config p = port_config_of(&c->inputs[i]);
		bytes += port_memory(&p, page);
	}
	return bytes;
}

static uint64_t device_capabilities(const char *device)
{
	static const uint64_t admin = UINT64_C(1) << CAP_NET_ADMIN, raw = UINT64_C(1)
									  << CAP_NET_RAW;
	static const struct {
		const char *driver;
		uint64_t needs;
	} drivers[] = {
		{"net_af_packet", admin | raw},
		{"net_af_xdp", admin | raw | UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_IPC_LOCK},
		{"net_pcap", admin | raw},
		{"net_tap", admin},
	};
	for (unsigned i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strncmp(device, drivers[i].driver, strlen(drivers[i].driver)) == 0)
			return drivers[i].needs;
	return 0;
}

uint64_t inputs_capabilities(const struct config *c)
{
	uint64_t all = 0;
	const char *device;
	for (uint32_t i = 0; (device = inputs_device(c, i)) != NULL; i++)
		all |= device_capabilities(device);
	for (size_t i = 0; i < c->n_inputs; i++)
		if (c->inputs[i].kind == CONFIG_PORT && c->inputs[i].kernel[0] != '\0')
			all |= UINT64_C(1) << CAP_NET_ADMIN;
	return all;
}

bool inputs_are_replay(const struct config *c)
{
	return c->n_inputs > 0 && c->inputs[0].kind == CONFIG_PCAP;
}

static int open_input(struct inputs *all, const struct config *c, const struct config_input *in,
		      uint32_t slot, struct err_msg *msg)
{
	switch (in->kind) {
	case CONFIG_PORT: return open_port(all, in, slot, msg);
	case CONFIG_SOCKET: return open_sockets(all, in, slot, msg);
	case CONFIG_PCAP: return open_replay(all, in, slot, msg);
	case CONFIG_RELAY: return open_relay(all, c, in, slot, msg);
	}
	return ERR_INVALID;
}

struct inputs *inputs_open(const struct config *c, struct err_msg *msg)
{
	const uint32_t n_workers = config_workers(c);
	struct inputs *all = calloc(1, sizeof(*all));
	uint32_t slot = 0;
	if (all == NULL)
		goto no_memory;
	all->worker = calloc(n_workers, sizeof(*all->worker));
	all->row = calloc(n_workers, sizeof(*all->row));
	if (all->worker == NULL || all->row == NULL)
		goto no_memory;
	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct config_input *in = &c->inputs[i];
		if (open_input(all, c, in, slot, msg) != 0) {
			inputs_close(all);
			return NULL;
		}
		slot += config_input_workers(in);
	}
	return all;

no_memory:
	inputs_close(all);
	err_set(msg, ERR_MEMORY, "inputs: out of memory");
	return NULL;
}

int inputs_start(struct inputs *all, struct err_msg *msg)
{
	int err = 0;
	for (uint32_t i = 0; i < all->n_rows && err == 0; i++)
		if (all->row[i].port != NULL)
			err = port_start(all->row[i].port, msg);
	return err;
}

int inputs_begin(struct inputs *all, struct err_msg *msg)
{
	int err = 0;
	for (uint32_t i = 0; i < all->n_rows && err == 0; i++)
		if (all->row[i].port != NULL)
			err = port_begin(all->row[i].port, msg);
	return err;
}

void inputs_mend(struct inputs *all)
{
	for (uint32_t i = 0; i < all->n_rows; i++)
		if (all->row[i].port != NULL)
			port_mend(all->row[i].port);
}

void inputs_close(struct inputs *all)
{
	if (all == NULL)
		return;
	for (uint32_t i = 0; i < all->n_workers; i++)
		replay_close(all->worker[i].replay);
	for (uint32_t i = 0; i < all->n_rows; i++) {
		socket_close(all->row[i].socket);
		relay_close(all->row[i].relay);
		port_close(all->row[i].port);
		free(all->row[i].address);
	}
	free(all->worker);
	free(all->row);
	free(all);
}

uint32_t inputs_workers(const struct inputs *all)
{
	return all->n_workers;
}

const struct worker_input *inputs_worker(const struct inputs *all, uint32_t i)
{
	return &all->worker[i];
}

uint64_t inputs_first(const struct inputs *all)
{
	uint64_t first = UINT64_MAX;
	for (uint32_t i = 0; i < all->n_workers; i++) {
		const struct replay *r = all->worker[i].replay;
		if (r != NULL && replay_first(r) < first)
			first = replay_first(r);
	}
	return first == UINT64_MAX ? 0 : first;
}

uint32_t inputs_n_losses(const struct inputs *all)
{
	return all->n_rows;
}

static void port_losses(const struct port *p, struct input_losses *losses)
{
	struct port_stats s;
	port_stats(p, &s);
	losses->name = port_name(p);
	losses->received = s.frames;
	losses->missed = s.missed;
	losses->errors = s.errors;
	losses->no_buffer = s.no_buffer;
	losses->outages = s.outages;
}

const struct host *inputs_host(const struct inputs *all, uint32_t i)
{
	return all->row[i].port != NULL ? port_host(all->row[i].port) : NULL;
}

struct port_out *inputs_out(const struct inputs *all, const char *name)
{
	for (uint32_t i = 0; all != NULL && i < all->n_rows; i++)
		if (all->row[i].port != NULL && strcmp(port_name(all->row[i].port), name) == 0)
			return port_out(all->row[i].port);
	return NULL;
}

struct port_out *inputs_worker_out(const struct inputs *all, uint32_t i)
{
	for (uint32_t k = 0; all != NULL && k < all->n_rows; k++) {
		const struct row *r = &all->row[k];
		if (r->port != NULL && i >= r->first && i < r->first + r->n_workers)
			return port_out(r->port);
	}
	return NULL;
}

void inputs_kernel_sum(const struct inputs *all, struct port_kernel_stats *sum)
{
	struct port_kernel_stats s;
	*sum = (struct port_kernel_stats){0};
	for (uint32_t i = 0; i < all->n_rows; i++) {
		if (all->row[i].port == NULL)
			continue;
		port_kernel_counts(all->row[i].port, &s);
		sum->to_kernel += s.to_kernel;
		sum->to_kernel_lost += s.to_kernel_lost;
		sum->from_kernel += s.from_kernel;
		sum->from_kernel_lost += s.from_kernel_lost;
	}
}

void inputs_losses(const struct inputs *all, uint32_t i, struct input_losses *losses)
{
	const struct row *row = &all->row[i];
	const struct worker_input *w = &all->worker[row->first];
	*losses = (struct input_losses){.name = w->name};
	if (row->port != NULL) {
		port_losses(row->port, losses);
		return;
	}
	if (w->input->stats != NULL)
		losses->received = stats_read(w->input->stats, STAT_rx_frames);
	if (row->socket == NULL)
		return;
	// What the kernel took is what it gave us and what it dropped.
	losses->kernel_drops = socket_drops(row->socket);
	losses->received += losses->kernel_drops;
}

void inputs_losses_sum(const struct inputs *all, struct input_losses *sum)
{
	*sum = (struct input_losses){0};
	for (uint32_t i = 0; i < inputs_n_losses(all); i++) {
		struct input_losses l;
		inputs_losses(all, i, &l);
#define X(name, help) sum->name += l.name;
		INPUT_LOSSES(X)
#undef X
	}
}

void inputs_stats(const struct inputs *all, uint32_t i, struct stats *sum)
{
	const struct row *row = &all->row[i];
	*sum = (struct stats){0};
	for (uint32_t w = row->first; w < row->first + row->n_workers; w++)
		if (all->worker[w].input->stats != NULL)
			stats_sum(sum, all->worker[w].input->stats);
}

static struct row *add_row(struct inputs *all)
{
	struct row *row = &all->row[all->n_rows++];
	row->first = all->n_workers;
	return row;
}

// Of the row that was added last.
static struct worker_input *add_worker(struct inputs *all, struct input *input, uint32_t slot,
				       int socket)
{
	struct worker_input *w = &all->worker[all->n_workers++];
	all->row[all->n_rows - 1].n_workers++;
	*w = (struct worker_input){.input = input, .slot = slot, .socket = socket};
	return w;
}

// An address without a VLAN is ours on each of those that are taken.
static struct frame_address *copy_addresses(const struct config_input *in, uint32_t *n)
{
	const size_t most = (size_t)in->addresses.n * (in->vlans.n + 1) + 1;
	struct frame_address *at = calloc(most, sizeof(*at));
	*n = 0;
	for (uint32_t i = 0; at != NULL && i < in->addresses.n; i++) {
		struct addr a;
		uint32_t bits, vlan;
		if (!config_parse_address(in->addresses.at[i], &a, &bits, &vlan))
			continue; // cannot be: the configuration was checked
		const bool each = vlan == CONFIG_ANY_VLAN && in->vlans.n > 0;
		for (uint32_t k = 0; k < (each ? in->vlans.n : 1); k++)
			at[(*n)++] = (struct frame_address){
				.addr = a,
				.vlan = each ? (uint16_t)in->vlans.at[k]
					     : (uint16_t)(vlan == CONFIG_ANY_VLAN ? FRAME_ANY_VLAN
										  : vlan)};
	}
	return at;
}

static int open_port(struct inputs *all, const struct config_input *in, uint32_t slot,
		     struct err_msg *msg)
{
	struct port_config config = port_config_of(in);
	uint32_t n_address;
	struct frame_address *address = copy_addresses(in, &n_address);
	if (address == NULL)
		return err_set(msg, ERR_MEMORY, "port %s: out of memory", in->name);
	config.policy.address = address;
	config.policy.n_address = n_address;
	struct port *p = port_open(&config, msg);
	if (p == NULL) {
		free(address);
		return ERR_IO;
	}
	struct row *row = add_row(all);
	row->address = address;
	row->port = p;
	for (uint16_t i = 0; i < port_workers(p); i++) {
		struct worker_input *w =
			add_worker(all, port_input(p, i), slot + i, port_socket(p));
		snprintf(w->name, sizeof(w->name), "port %s %s %u", port_name(p),
			 i < port_queues(p) ? "queue" : "helper", i);
	}
	return 0;
}

static int open_sockets(struct inputs *all, const struct config_input *in, uint32_t slot,
			struct err_msg *msg)
{
	struct socket_config config = {
		.addr = in->addr, .udp_port = (uint16_t)in->udp_port, .rcvbuf = in->rcvbuf};
	for (uint32_t i = 0; i < in->workers; i++) {
		if (in->workers > 1)
			config.group = i == 0 ? SOCKET_FIRST : SOCKET_NEXT;
		struct socket_input *s = socket_open(&config, msg);
		if (s == NULL)
			return ERR_IO;
		add_row(all)->socket = s;
		struct worker_input *w = add_worker(all, socket_input(s), slot + i, -1);
		snprintf(w->name, sizeof(w->name), "socket %s", in->name);
	}
	return 0;
}

static int open_replay(struct inputs *all, const struct config_input *in, uint32_t slot,
		       struct err_msg *msg)
{
	const struct replay_config config = {
		.path = in->name, .udp_port = (uint16_t)in->udp_port, .loop = in->loop};
	struct replay *r = replay_open(&config, msg);
	if (r == NULL)
		return ERR_IO;
	add_row(all);
	struct worker_input *w = add_worker(all, replay_input(r), slot, -1);
	w->replay = r;
	snprintf(w->name, sizeof(w->name), "pcap %s", in->name);
	return 0;
}

static int open_relay(struct inputs *all, const struct config *c, const struct config_input *in,
		      uint32_t slot, struct err_msg *msg)
{
	const struct feed_tls tls = {c->relay_certificate, c->relay_key, c->relay_ca};
	struct relay *r = relay_open(in->name, &tls, msg);
	if (r == NULL)
		return ERR_IO;
	add_row(all)->relay = r;
	struct worker_input *w = add_worker(all, relay_input(r), slot, -1);
	snprintf(w->name, sizeof(w->name), "relay %s", in->name);
	return 0;
}
