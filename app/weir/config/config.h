// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What the daemon is told: one validator for the file, the command line, and requests.
///
///     struct config c;
///     struct err_msg msg = {0};
///     if (config_load("weir.yaml", &c, &msg) != 0)
///             die(msg.text); // weir.yaml:12:9: flows.pair.n: got "many", expected ...
///     for (size_t i = 0; i < c.n_inputs; i++) ...
///     config_free(&c);
///
/// Layers are laid over one another: config_init() (defaults), config_read() (file), then
/// config_set() and its like (environment, flags; options.h), and config_finish(), which checks
/// what only the whole can tell. A request for one flow or threshold takes config_flow() or
/// config_threshold(), the very functions that read the file's entries, with `lenient` set.
///
/// The rows of every member, with defaults and ranges, are in config.c; doc/configuration.md is
/// checked against them.
///
/// Thread-safety: one configuration belongs to one thread until it is finished, then it is
/// constant. Memory: everything lies in its arena. Limits: those of the rows, and the memory
/// budget, which config_finish() adds up.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analyzer/threshold.h"
#include "weir/util/arena.h"
#include "base/addr.h"
#include "base/error.h"
#include "weir/config/config_forward.h"
#include "weir/config/config_http.h"
#include "weir/util/node.h"
#include "program/program.h"
#include "weir/config/schema.h"

enum config_input_kind {
	CONFIG_PORT,   ///< a DPDK port
	CONFIG_SOCKET, ///< a UDP socket of the kernel
	CONFIG_PCAP,   ///< a capture file
	CONFIG_RELAY,  ///< other weirs over TLS
};

/// When workers of a port deal frames to one another (numbered as enum spread_mode).
enum config_spread {
	CONFIG_SPREAD_AUTO,
	CONFIG_SPREAD_ALWAYS,
	CONFIG_SPREAD_NEVER,
};

/// What the card is told of sFlow (numbered as enum steer_mode).
enum config_steer {
	CONFIG_STEER_NONE,
	CONFIG_STEER_SFLOW,
	CONFIG_STEER_ISOLATE, ///< and that it shall give nothing else
};

/// How a bond uses its members (numbered as enum bond_mode).
enum config_bond {
	CONFIG_BOND_LACP,
	CONFIG_BOND_ACTIVE_BACKUP,
};

/// What an XDP program of weir's takes from the kernel.
enum config_xdp {
	CONFIG_XDP_NONE, ///< there is none: a net_af_xdp device takes all
	CONFIG_XDP_SFLOW,
	CONFIG_XDP_FRAGMENTS, ///< and fragments of UDP
};

struct config_input {
	enum config_input_kind kind;
	const char *name;           ///< device, "ADDRESS:PORT", path, or URL
	struct count_list lcores;   ///< of its workers, in order; none = the next free ones
	uint32_t udp_port;          ///< that sFlow arrives at; pcap: 0 = any
	uint32_t queues;            ///< port: receive queues, one worker each
	struct text_list addresses; ///< port: that it answers for (config_parse_address());
				    ///< none = any destination
	struct text_list members;   ///< port: devices of the bond that it is; none = it is none
	uint32_t bond;              ///< port: enum config_bond
	const char *kernel;         ///< port: interface for what is not weir's; "" = none
	uint32_t xdp;               ///< port: enum config_xdp
	bool unreachable;           ///< port: answer datagrams to other UDP ports
	uint32_t answer_rate;       ///< port: answers per second, of each kind
	struct count_list vlans;    ///< port: VLAN ids that are taken, 0 = untagged; none = any
	bool checksums;             ///< port: verify what the card does not
	uint32_t steer;             ///< port: enum config_steer
	bool interrupt;             ///< port: an idle worker waits for the card's interrupt
	bool promiscuous;           ///< port: take frames to any MAC address
	uint32_t mtu;               ///< port: largest IP packet, bytes
	uint32_t descriptors;       ///< port: per queue
	uint32_t buffers;           ///< port: packet buffers; 0 = what the descriptors need
	struct addr addr;           ///< socket: to bind to
	uint32_t workers;           ///< socket: workers, one socket each; port: at least so many,
				    ///< 0 = one per queue
	uint32_t spread;            ///< port: enum config_spread
	uint32_t fragments;         ///< port: datagrams per worker in reassembly; 0 = none
	uint64_t rcvbuf;            ///< socket: receive buffer, bytes; 0 = the system's default
	double speed;               ///< pcap: times real time; 0 = as fast as possible
	bool loop;                  ///< pcap: begin again at the end
};

/// Sampling rates of some agents. Of several entries the first that has the agent counts.
struct config_sampling {
	struct prefix_list agents;
	uint32_t override; ///< used whatever the sample says; 0 = not set
	uint32_t fallback; ///< used where the sample says 0; 0 = not set
};

enum config_log_level {
	CONFIG_LOG_ERROR,
	CONFIG_LOG_WARNING,
	CONFIG_LOG_NOTICE,
	CONFIG_LOG_INFO,
	CONFIG_LOG_DEBUG,
};

struct config {
	struct arena arena;

	struct config_input *inputs;
	size_t n_inputs;

	struct text_list eal;     ///< further EAL arguments
	struct count_list lcores; ///< that EAL may use; none = EAL's choice
	bool hugepages;
	bool populate; ///< all pages of all tables at start
	const char *file_prefix;
	const char *user; ///< that root becomes once all is open; "" = nobody else

	double tick;          ///< s
	double nap;           ///< s: longest sleep of an idle worker; 0 = it never sleeps
	uint32_t aggregators; ///< threads

	uint32_t entries; ///< per definition and worker; rounded up to a power of two by the table
	uint32_t store;   ///< merged entries per definition
	uint32_t agents;  ///< agents that are told apart
	uint32_t sources; ///< data sources that are told apart
	uint64_t counter_log; ///< bytes of counters samples per worker and tick
	uint64_t metrics;     ///< bytes for counter records as metrics
	uint32_t top;         ///< rows per definition that are kept ready and published
	uint32_t triggered;   ///< flows per threshold that fired and are not armed again
	uint32_t events;      ///< per tick
	uint32_t sketches;    ///< per table or store of a definition that counts distinct values
	bool correct_loss;    ///< scale by datagrams lost on the way
	bool shedding;        ///< a worker that falls behind steps over samples
	double retention;     ///< s; a flow without samples for so long is forgotten
	uint64_t memory;      ///< bytes that all of this may take together

	const char *names;               ///< path; "" = none
	struct prefix_list agents_allow; ///< none = all
	uint32_t agent_rate;             ///< datagrams per second and agent; 0 = any
	struct config_sampling *sampling;
	size_t n_sampling;

	struct text_list feed; ///< URLs to publish at
	double feed_interval;  ///< s between flow sets; 0 = with every tick
	uint32_t feed_queue;   ///< messages kept for a slow subscriber
	const char *feed_certificate, *feed_key, *feed_client_ca; ///< PEM files; "" = none
	const char *relay_certificate, *relay_key, *relay_ca;     ///< likewise
	uint32_t feed_wait;     ///< subscribers that the start waits for
	uint32_t event_log;     ///< records
	uint64_t event_headers; ///< bytes per worker for datagrams of late; 0 = none
	const char *journal;    ///< file; "" = none
	uint64_t journal_size;  ///< bytes
	uint32_t flow_log;      ///< records
	uint32_t log_level;     ///< enum config_log_level

	struct config_http http;
	struct forward_target *forwarding;
	size_t n_forwarding;
	struct forward_target *tenants;
	size_t n_tenants;

	const char *country_database, *asn_database, *oui_list; ///< files; "" = none
	bool dns;                                               ///< look up names of addresses

	/// What host: and link: look up (learned.h), as program_tables.load; NULL: nothing is
	/// known of hosts and links yet.
	int (*learn)(void *learned, const char *function, const char *name,
		     struct program_table *out, struct err_msg *msg);
	void *learned;
	const struct program *former; ///< program_tables.former
	uint64_t learned_size;        ///< bytes of the maps that it has given; part of the budget

	struct program_table *tables; ///< groups and maps, as read; not in the arena
	size_t n_tables;
	const struct node *group_nodes, *map_nodes; ///< where they were written; NULL = none

	struct flow_spec *flows;
	const struct node **flow_nodes; ///< where each was written
	size_t n_flows;
	struct threshold_spec *thresholds;
	const struct node **threshold_nodes;
	size_t n_thresholds;
};

/// All defaults; no inputs, no flows. 0 or ERR_MEMORY. @p c may be freed whatever the result.
int config_init(struct config *c, struct err_msg *msg);
/// Lay a YAML file over @p c: members that it has replace those of @p c, lists as a whole.
int config_read(struct config *c, const char *path, struct err_msg *msg);
/// As config_read(), from memory.
int config_read_text(struct config *c, const char *source, const char *text, struct err_msg *msg);
/// What only the whole can tell: names that refer to one another, queues and lcores, the budget.
int config_finish(struct config *c, struct err_msg *msg);
/// No flow asks for more than the store holds; part of config_finish().
int config_check_guarantees(const struct config *c, struct err_msg *msg);
/// The names of members at the top that differ, but for flows, thresholds, groups, maps, memory
/// and names, into @p names, comma separated. False when memory is short.
bool config_differences(const struct config *a, const struct config *b, struct strbuf *names);
/// config_init(), config_read() and config_finish().
int config_load(const char *path, struct config *c, struct err_msg *msg);
/// Give everything back; the configuration may be of any state after config_init().
void config_free(struct config *c);

/// Set one member at the top from a text; @p origin ("--tick") names it in messages.
int config_set(struct config *c, const char *member, const char *origin, const char *text,
	       struct err_msg *msg);
/// Append an input of a kind with its defaults; it is the last of c->inputs then.
int config_add_input(struct config *c, enum config_input_kind kind, const char *origin,
		     const char *name, struct err_msg *msg);
/// Set one member of an input.
int config_set_input(struct config *c, struct config_input *in, const char *member,
		     const char *origin, const char *text, struct err_msg *msg);
/// Add a flow definition, or replace the one of that name; @p body is lenient JSON.
int config_set_flow(struct config *c, const char *origin, const char *name, const char *body,
		    struct err_msg *msg);

/// Read one flow definition, as in a file or in the body of a request (ctx->lenient). 0, or a
/// negative enum err and a message. Texts of @p out lie in ctx->arena and @p name is borrowed.
int config_flow(const struct schema_context *ctx, const struct node *n, const char *name,
		struct flow_spec *out);
/// The same for a threshold.
int config_threshold(const struct schema_context *ctx, const struct node *n, const char *name,
		     struct threshold_spec *out);

/// A port's address that is not bound to a VLAN.
#define CONFIG_ANY_VLAN UINT32_MAX

/// What "192.0.2.10/24@7" means; without a length all bits. False when it means nothing.
bool config_parse_address(const char *text, struct addr *addr, uint32_t *bits, uint32_t *vlan);

/// The next of the collectors in flow_spec.ipfix, with the registered port where none is named;
/// @p list moves behind it. 1, 0 at the end, or ERR_INVALID.
int config_next_collector(const char **list, struct addr *addr, uint32_t *port);

/// Workers of all inputs together.
uint32_t config_workers(const struct config *c);
/// Workers of one input.
uint32_t config_input_workers(const struct config_input *in);

/// True when @p agent may send: it is in agents_allow, or that is empty.
bool config_agent_allowed(const struct config *c, const struct addr *agent);
/// The entry of `sampling` for an agent, or NULL.
const struct config_sampling *config_sampling_of(const struct config *c, const struct addr *agent);

/// Print the effective configuration as YAML, which config_read() reads again.
void config_print(const struct config *c, FILE *f);

/// One table of members, for the reference and its test.
struct config_section {
	const char *name; ///< "flows.NAME", "inputs: port"; "" for the top
	const struct schema *schema;
};
extern const struct config_section config_sections[];
extern const size_t config_n_sections;
