// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "weir/config/config_row.h"
#include "weir/config/config_tables.h"
#include "weir/config/config_threshold.h"
#include "weir/config/schema_value.h"

#define SPEED_MIN 1e-3
#define SPEED_MAX 1e6

enum {
	SFLOW_UDP_PORT = 6343,
	IPC_PATH_SIZE = 108, // of sockaddr_un, the NUL included
};

// Inputs ------------------------------------------------------------------------------------------

const char *const config_input_names[] = {
	[CONFIG_PORT] = "port",
	[CONFIG_SOCKET] = "socket",
	[CONFIG_PCAP] = "pcap",
	[CONFIG_RELAY] = "relay",
};

enum {
	N_INPUT_KINDS = sizeof(config_input_names) / sizeof(config_input_names[0])
};

bool config_parse_endpoint(const char *text, struct addr *addr, uint32_t *port)
{
	return config_parse_endpoint_at(text, SFLOW_UDP_PORT, addr, port);
}

bool config_parse_endpoint_at(const char *text, uint32_t def, struct addr *addr, uint32_t *port)
{
	char host[ADDR_TEXT_SIZE];
	const bool bracket = *text == '[';
	const char *start = text + bracket;
	const size_t len = strcspn(start, bracket ? "]" : ":");
	const char *rest = start + len;
	if (len >= sizeof(host) || (bracket && *rest++ != ']'))
		return false;
	memcpy(host, start, len);
	host[len] = '\0';
	struct addr a;
	if (addr_parse(host, &a) != 0 || (a.family == ADDR_IP6) != bracket)
		return false;
	unsigned long p = def;
	if (*rest == ':' && rest[1] >= '0' && rest[1] <= '9') {
		char *end;
		p = strtoul(rest + 1, &end, 10);
		rest = end;
	}
	if (*rest != '\0' || p == 0 || p > UINT16_MAX)
		return false;
	*addr = a;
	*port = (uint32_t)p;
	return true;
}

static bool is_endpoint(const char *text)
{
	struct addr addr;
	uint32_t port;
	return config_parse_endpoint(text, &addr, &port);
}

// What the kernel takes for a name.
static bool is_interface(const char *text)
{
	return strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       strpbrk(text, "/: \t\n,=") == NULL;
}

static int read_speed(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, void *object);
static void print_speed(FILE *f, const void *object, unsigned indent);

#define INPUT(field) .offset = offsetof(struct config_input, field)

static const char *const spread_modes[] = {
	[CONFIG_SPREAD_AUTO] = "auto",
	[CONFIG_SPREAD_ALWAYS] = "always",
	[CONFIG_SPREAD_NEVER] = "never",
	NULL,
};

static const char *const steer_modes[] = {
	[CONFIG_STEER_NONE] = "none",
	[CONFIG_STEER_SFLOW] = "sflow",
	[CONFIG_STEER_ISOLATE] = "isolate",
	NULL,
};

static const char *const bond_modes[] = {
	[CONFIG_BOND_LACP] = "lacp",
	[CONFIG_BOND_ACTIVE_BACKUP] = "active-backup",
	NULL,
};

static const char *const xdp_choices[] = {
	[CONFIG_XDP_NONE] = "none",
	[CONFIG_XDP_SFLOW] = "sflow",
	[CONFIG_XDP_FRAGMENTS] = "fragments",
	NULL,
};

static const struct member port_rows[] = {
	TEXT("port", INPUT(name), 1, 4095, NULL,
	     "DPDK port: PCI address, or a vdev with its arguments", .required = true,
	     .expect = "a PCI address such as 0000:01:00.0, or a vdev such as "
		       "net_af_packet0,iface=eth1"),
	COUNT("queues", INPUT(queues), 1, 1024, "1",
	      "receive queues; each has its own worker on its own lcore; the worker of one that "
	      "the "
	      "device lacks lives from what the others deal"),
	COUNT("workers", INPUT(workers), 0, 1024, "0",
	      "workers; those beyond the queues live from what the others deal; 0: one per queue"),
	{.name = "spread",
	 .type = MEMBER_WORD,
	 INPUT(spread),
	 .words = spread_modes,
	 .def = "auto",
	 .help = "workers deal datagrams to one another: `auto`: when a queue is overloaded; "
		 "`always`: all that come; `never`"},
	COUNT("fragments", INPUT(fragments), 0, 65536, "64",
	      "datagrams per worker that are put together from IP fragments at a time, 64 KiB "
	      "each; "
	      "0: fragments are refused"),
	LCORES("lcores", INPUT(lcores),
	       "lcores of its workers, in order; none: the next free ones"),
	TEXTS("addresses", INPUT(addresses),
	      "addresses of the port: it answers ARP, ND and echo for them and takes sFlow sent to "
	      "them; `@7` at the end: on VLAN 7 only, `@0`: untagged only, else on each of "
	      "`vlans`; "
	      "none: sFlow to any address is taken and nothing is answered",
	      .check = config_is_port_address,
	      .expect = "an address, perhaps with a prefix length and a VLAN, such as "
			"192.0.2.10/24 or 2001:db8::10@7"),
	BOOL("unreachable", INPUT(unreachable), "false",
	     "answer datagrams to other UDP ports of these addresses with port unreachable"),
	COUNT("answer_rate", INPUT(answer_rate), 0, 1000000, "1000",
	      "answers per second, of each kind: resolution, echo, unreachable; 0: none"),
	COUNTS("vlans", INPUT(vlans), 4094, "VLAN ids that are taken, 0: untagged; none: any"),
	COUNT("udp_port", INPUT(udp_port), 1, 65535, "6343", "UDP port that agents send to"),
	BOOL("checksums", INPUT(checksums), "true",
	     "verify the checksums of IP and UDP that the card does not"),
	TEXTS("members", INPUT(members),
	      "the port is a bond (`port: net_bonding0`) of these devices, 8 at most, named as in "
	      "`port`; none: it is no bond"),
	{.name = "bond",
	 .type = MEMBER_WORD,
	 INPUT(bond),
	 .words = bond_modes,
	 .def = "lacp",
	 .help = "how a bond uses its members: `lacp`: all that the switch agrees to (802.3ad); "
		 "`active-backup`: one, the others in reserve"},
	TEXT("kernel", INPUT(kernel), 0, 15, "",
	     "interface of the kernel, made by weir with the port's MAC address: all but sFlow "
	     "goes "
	     "there, and what the kernel sends there leaves by the port; the kernel answers for "
	     "`addresses`, which are to be set on it; none: what is no sFlow is counted and "
	     "dropped",
	     .check = is_interface, .expect = "a name for an interface, such as weir0"),
	{.name = "xdp",
	 .type = MEMBER_WORD,
	 INPUT(xdp),
	 .words = xdp_choices,
	 .def = "none",
	 .help = "a net_af_xdp device shares its NIC with the kernel: `sflow`: only UDP to "
		 "`udp_port` "
		 "comes to weir; `fragments`: and fragments of UDP; `none`: all comes to weir"},
	{.name = "steer",
	 .type = MEMBER_WORD,
	 INPUT(steer),
	 .words = steer_modes,
	 .def = "none",
	 .help = "rules for the card (rte_flow): `sflow`: UDP to `udp_port` goes to the queues; "
		 "`isolate`: and nothing else comes to weir, a driver that shares the card with "
		 "the kernel leaves the rest there; what a driver refuses is told of, and workers "
		 "sort instead"},
	BOOL("interrupt", INPUT(interrupt), "false",
	     "an idle worker sleeps until the card interrupts, where the driver can; else, and "
	     "with "
	     "`false`, it naps, for `nap` at the longest"),
	BOOL("promiscuous", INPUT(promiscuous), "true", "take frames to any MAC address"),
	COUNT("mtu", INPUT(mtu), 576, 16000, "1500", "largest IP packet in bytes"),
	COUNT("descriptors", INPUT(descriptors), 32, 32768, "1024",
	      "frames that each queue holds for its worker; fewer if the card has fewer, 2048 at "
	      "least with net_af_xdp"),
	COUNT("buffers", INPUT(buffers), 0, 1 << 28, "0",
	      "packet buffers; 0: as many as the descriptors need"),
};

static const struct member socket_rows[] = {
	TEXT("socket", INPUT(name), 1, 255, NULL, "UDP socket of the kernel; `[::]` takes IPv4 too",
	     .required = true, .check = is_endpoint,
	     .expect = "ADDRESS:PORT, such as 0.0.0.0:6343 or [::]:6343"),
	COUNT("workers", INPUT(workers), 1, 1024, "1",
	      "workers; each has its own socket (SO_REUSEPORT) and lcore"),
	LCORES("lcores", INPUT(lcores),
	       "lcores of its workers, in order; none: the next free ones"),
	BYTES("rcvbuf", INPUT(rcvbuf), 0, 0x1p30, "4MiB",
	      "receive buffer of each socket; 0: the system's default"),
};

static const struct member pcap_rows[] = {
	TEXT("pcap", INPUT(name), 1, 4095, NULL,
	     "capture file (pcap, pcapng), played by its own timestamps", .required = true),
	OTHER("speed", read_speed, print_speed, "a number from 0.001 to 1000000, or max",
	      "times real time; `max`: as fast as possible. The results are the same", .def = "1"),
	BOOL("loop", INPUT(loop), "false",
	     "begin again at the end; each round counts as a restart of its agents"),
	LCORES("lcores", INPUT(lcores), "lcore of its worker; none: the next free one"),
	COUNT("udp_port", INPUT(udp_port), 0, 65535, "6343",
	      "UDP port that sFlow was sent to; 0: any"),
};

static const struct member relay_rows[] = {
	TEXT("relay", INPUT(name), 1, 255, NULL,
	     "where other weirs send datagrams to over TLS (their `forwarding: url`)",
	     .required = true, .check = config_is_relay, .expect = CONFIG_RELAY_EXPECT),
	LCORES("lcores", INPUT(lcores), "lcore of its worker; none: the next free one"),
};

const struct schema config_input_members[] = {
	[CONFIG_PORT] = ROWS(port_rows),
	[CONFIG_SOCKET] = ROWS(socket_rows),
	[CONFIG_PCAP] = ROWS(pcap_rows),
	[CONFIG_RELAY] = ROWS(relay_rows),
};

static int read_speed(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, void *object)
{
	struct config_input *in = object;
	double speed = 0;
	if (n->text == NULL)
		return schema_refuse(ctx, m, n);
	if (strcmp(n->text, "max") != 0 && (value_number(n->text, UNITS_DECIMAL, &speed) != 0 ||
					    speed < SPEED_MIN || speed > SPEED_MAX))
		return schema_refuse(ctx, m, n);
	in->speed = speed;
	return 0;
}

static void print_speed(FILE *f, const void *object, unsigned indent)
{
	const struct config_input *in = object;
	if (in->speed == 0)
		fputs(" max\n", f);
	else
		fprintf(f, " %.17g\n", in->speed);
}

// Which kind the entry is: the one whose naming member it has. -1 when it has none or two.
static int input_kind(const struct node *n)
{
	int kind = -1;
	for (int i = 0; i < N_INPUT_KINDS; i++) {
		if (node_get(n, config_input_names[i]) == NULL)
			continue;
		if (kind >= 0)
			return -1;
		kind = i;
	}
	return kind;
}

static int read_input(const struct schema_context *ctx, const struct node *n,
		      struct config_input *in)
{
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n, "a map with one of port, socket, pcap, relay");
	const int kind = input_kind(n);
	if (kind < 0)
		return node_error(n, ctx->msg, ERR_INVALID,
				  "expected exactly one of the members port, socket, pcap, "
				  "relay");
	in->kind = (enum config_input_kind)kind;
	int err = schema_defaults(ctx, &config_input_members[kind], in);
	if (err == 0)
		err = schema_read(ctx, &config_input_members[kind], n, in);
	if (err == 0 && kind == CONFIG_SOCKET)
		config_parse_endpoint(in->name, &in->addr, &in->udp_port);
	return err;
}

static int read_inputs(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, void *object)
{
	struct config *c = object;
	if (n->kind != NODE_LIST)
		return schema_refuse(ctx, m, n);
	struct config_input *inputs = arena_array(ctx->arena, n->n_children, sizeof(*inputs));
	if (inputs == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const int err = read_input(ctx, e, &inputs[i++]);
		if (err != 0)
			return err;
	}
	c->inputs = inputs;
	c->n_inputs = i;
	return 0;
}

static void print_inputs(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs(c->n_inputs == 0 ? " []\n" : "\n", f);
	for (size_t i = 0; i < c->n_inputs; i++)
		schema_print_item(f, &config_input_members[c->inputs[i].kind], &c->inputs[i],
				  indent);
}

// Sampling rates ----------------------------------------------------------------------------------

#define SAMPLING(field) .offset = offsetof(struct config_sampling, field)

static const struct member sampling_rows[] = {
	PREFIXES("agents", SAMPLING(agents), "the agents that it is about", .required = true),
	COUNT("override", SAMPLING(override), 0, UINT32_MAX, "0",
	      "rate to use whatever their samples say; 0: not set"),
	COUNT("default", SAMPLING(fallback), 0, UINT32_MAX, "0",
	      "rate to use where a sample says 0; 0: not set"),
};

static const struct schema sampling_members = ROWS(sampling_rows);

static int read_sampling(const struct schema_context *ctx, const struct member *m,
			 const struct node *n, void *object)
{
	struct config *c = object;
	if (n->kind != NODE_LIST)
		return schema_refuse(ctx, m, n);
	struct config_sampling *at = arena_array(ctx->arena, n->n_children, sizeof(*at));
	if (at == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next, i++) {
		int err = schema_defaults(ctx, &sampling_members, &at[i]);
		if (err == 0)
			err = schema_read(ctx, &sampling_members, e, &at[i]);
		if (err != 0)
			return err;
	}
	c->sampling = at;
	c->n_sampling = i;
	return 0;
}

static void print_sampling(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs(c->n_sampling == 0 ? " []\n" : "\n", f);
	for (size_t i = 0; i < c->n_sampling; i++)
		schema_print_item(f, &sampling_members, &c->sampling[i], indent);
}

// Flow definitions --------------------------------------------------------------------------------

static const char *const agg_modes[] = {
	[FLOW_AGG_SOURCE] = "",
	[FLOW_AGG_AGENT] = "agent",
	[FLOW_AGG_EDGE] = "edge",
};

static int read_agg_mode(const struct schema_context *ctx, const struct member *m,
			 const struct node *n, void *object)
{
	struct flow_spec *spec = object;
	for (uint8_t i = 0; n->text != NULL && i < sizeof(agg_modes) / sizeof(*agg_modes); i++) {
		if (strcasecmp(n->text, agg_modes[i]) == 0) {
			spec->agg_mode = i;
			return 0;
		}
	}
	return schema_refuse(ctx, m, n);
}

static void print_agg_mode(FILE *f, const void *object, unsigned indent)
{
	(void)indent;
	fputs(" ", f);
	schema_print_text(f, agg_modes[((const struct flow_spec *)object)->agg_mode]);
	fputs("\n", f);
}

#define FLOW(field) .offset = offsetof(struct flow_spec, field)

static const struct member flow_rows[] = {
	JOINED("keys", FLOW(keys), 4096,
	       "key expressions, comma separated or a list; none: one flow per data source"),
	TEXT("value", FLOW(value), 1, 256, NULL, "what is measured, per second", .required = true,
	     .expect = "a value such as bytes or frames"),
	JOINED("values", FLOW(values), 4096, "secondary values, comma separated or a list"),
	TEXT("filter", FLOW(filter), 0, 65536, "", "packets that count; none: all"),
	COUNT("n", FLOW(n), 1, 100000, "5", "largest flows kept per data source"),
	SECONDS("t", FLOW(t), 0.01, 86400, "2s", "time constant of the smoothing"),
	BOOL("dropped", FLOW(dropped), "false",
	     "measure notifications of discarded packets instead of packet samples"),
	TEXT("fs", FLOW(fs), 1, 64, ",", "what separates the parts of a key in text"),
	BOOL("log", FLOW(log), "false", "keep completed flows in the flow log"),
	BOOL("flowStart", FLOW(flow_start), "false",
	     "log a flow when it begins, and again every `activeTimeout`, not when it ends"),
	SECONDS("activeTimeout", FLOW(active_timeout), 1, 86400, "60s",
		"a flow that lasts longer is completed, and begun anew with its next packet; so is "
		"one without packets for this long or 15s"),
	JOINED("ipfixCollectors", FLOW(ipfix), 4096,
	       "collectors that get completed flows as IPFIX over UDP, port 4739 unless they name "
	       "one; "
	       "comma separated or a list",
	       .check = config_is_collectors,
	       .expect = "addresses, perhaps with a port, such as 192.0.2.9 or [2001:db8::9]:2055"),
	OTHER("aggMode", read_agg_mode, print_agg_mode, "agent, edge, or an empty text",
	      "`agent`: one flow over all data sources of an agent; `edge`: only of ports that are "
	      "no links of the topology; without: of each data source",
	      .def = ""),
};

static const struct schema flow_members = ROWS(flow_rows);

// Names are topics of the feed and parts of a path: any text, but not without end.
int config_check_name(const struct schema_context *ctx, const struct node *n, const char *name)
{
	const size_t len = strlen(name);
	if (len > 0 && len <= CONFIG_NAME_LONGEST)
		return 0;
	return node_error(n, ctx->msg, ERR_INVALID, "expected a name of 1 to %d bytes, got %zu",
			  CONFIG_NAME_LONGEST, len);
}

int config_flow(const struct schema_context *ctx, const struct node *n, const char *name,
		struct flow_spec *out)
{
	struct flow_spec spec = {.name = name};
	int err = config_check_name(ctx, n, name);
	if (err == 0)
		err = schema_defaults(ctx, &flow_members, &spec);
	if (err == 0)
		err = schema_read(ctx, &flow_members, n, &spec);
	if (err == 0)
		*out = spec;
	return err;
}

static int read_flows(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, void *object)
{
	struct config *c = object;
	if (n->kind != NODE_MAP)
		return schema_refuse(ctx, m, n);
	struct flow_spec *flows = arena_array(ctx->arena, n->n_children, sizeof(*flows));
	const struct node **nodes = arena_array(ctx->arena, n->n_children, sizeof(*nodes));
	if (flows == NULL || nodes == NULL)
		return err_set(ctx->msg, ERR_MEMORY, "out of memory");
	size_t i = 0;
	for (const struct node *e = n->child; e != NULL; e = e->next, i++) {
		const int err = config_flow(ctx, e, e->name, &flows[i]);
		if (err != 0)
			return err;
		nodes[i] = e;
	}
	c->flows = flows;
	c->flow_nodes = nodes;
	c->n_flows = i;
	return 0;
}

static void print_flows(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs(c->n_flows == 0 ? " {}\n" : "\n", f);
	for (size_t i = 0; i < c->n_flows; i++) {
		fprintf(f, "%*s", (int)indent + 2, "");
		schema_print_text(f, c->flows[i].name);
		fputs(":\n", f);
		schema_print(f, &flow_members, &c->flows[i], indent + 4);
	}
}

// The top -----------------------------------------------------------------------------------------

// "HOST:PORT" and perhaps a path. A browser's socket stays on this machine (@p loopback): whoever
// wants it elsewhere puts a server with authentication in front.
static bool has_host_and_port(const char *text, bool loopback)
{
	const size_t host = *text == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/");
	char *end;
	if (host == 0 || host >= strlen(text) || text[host] != ':')
		return false;
	if (text[host + 1] < '0' || text[host + 1] > '9')
		return false;
	const unsigned long port = strtoul(text + host + 1, &end, 10);
	if (port < 1 || port > UINT16_MAX || (*end != '\0' && !(loopback && *end == '/')))
		return false;
	return !loopback || strncmp(text, "127.", 4) == 0 || strncmp(text, "[::1]", 5) == 0 ||
	       strncmp(text, "localhost:", 10) == 0;
}

static bool is_feed_url(const char *url)
{
	if (strncmp(url, "ipc://", 6) == 0)
		return url[6] == '/' && strlen(url + 6) < IPC_PATH_SIZE;
	if (strncmp(url, "tcp://", 6) == 0)
		return has_host_and_port(url + 6, false);
	if (strncmp(url, "tls+tcp://", 10) == 0)
		return has_host_and_port(url + 10, false);
	return strncmp(url, "ws://", 5) == 0 && has_host_and_port(url + 5, true);
}

static bool is_file_prefix(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_")] == '\0';
}

static const char *const log_levels[] = {
	[CONFIG_LOG_ERROR] = "error",   [CONFIG_LOG_WARNING] = "warning",
	[CONFIG_LOG_NOTICE] = "notice", [CONFIG_LOG_INFO] = "info",
	[CONFIG_LOG_DEBUG] = "debug",   NULL,
};

#define TOP(field) .offset = offsetof(struct config, field)

static const struct member top_rows[] = {
	OTHER("inputs", read_inputs, print_inputs, "a list of inputs",
	      "where sFlow comes from; at least one"),
	TEXTS("eal", TOP(eal), "further arguments for DPDK's EAL, one each", .separators = " "),
	LCORES("lcores", TOP(lcores),
	       "lcores that weir may use; none: those that the process may run on"),
	BOOL("hugepages", TOP(hugepages), "true",
	     "use hugepages; where there are none and no NIC needs them weir goes on without, "
	     "slower, and says so; `false` does without from the start"),
	BOOL("populate", TOP(populate), "true",
	     "have all memory that the first lines of the log state from the start, so that "
	     "nothing "
	     "waits for a page later; `false` takes ordinary memory as it is used"),
	TEXT("file_prefix", TOP(file_prefix), 1, 64, "weir",
	     "names this process among those that use DPDK on the machine", .check = is_file_prefix,
	     .expect = "a text of 1 to 64 letters, digits, - and _"),
	TEXT("user", TOP(user), 0, 255, "",
	     "who to be, for good, once all is open, when root starts weir (weir(8), \"Rights\"); "
	     "none: no change"),
	SECONDS("tick", TOP(tick), 0.01, 10, "100ms",
		"interval between two looks at what the workers counted"),
	SECONDS("nap", TOP(nap), 0, 0.1, "500us",
		"longest sleep of a worker that has nothing to do; 0: it polls without end"),
	COUNT("aggregators", TOP(aggregators), 1, 64, "1", "threads that merge"),
	COUNT("entries", TOP(entries), 8, 1 << 28, "16384",
	      "flows per definition and worker in one tick; rounded up to a power of two"),
	COUNT("store", TOP(store), 8, 1 << 28, "65536", "flows per definition, all workers merged"),
	COUNT("agents", TOP(agents), 1, (1 << 24) - 1, "4096",
	      "agents that are told apart; beyond, they are refused and counted"),
	COUNT("sources", TOP(sources), 1, 1 << 28, "65536",
	      "data sources (ports) that are told apart: one each for what a port samples on the "
	      "way in, on the way out, and for its counters; beyond, they are refused and "
	      "counted"),
	BYTES("counter_log", TOP(counter_log), 4096, 0x1p30, "1MiB",
	      "room for counters samples per worker and tick"),
	BYTES("metrics", TOP(metrics), 65536, 0x1p40, "32MiB",
	      "room for counter records as metrics: some 400 bytes per switch port, 2 kB per host"),
	COUNT("top", TOP(top), 1, 100000, "100",
	      "largest flows per definition that are kept ready and published"),
	COUNT("triggered", TOP(triggered), 1, 1 << 28, "16384",
	      "flows per threshold that made an event and may not make the next one yet"),
	COUNT("events", TOP(events), 1, 1 << 20, "1024",
	      "events per tick; more are counted as lost"),
	COUNT("sketches", TOP(sketches), 0, 1 << 20, "64",
	      "flows per definition whose `count:` is above six and still good to 1 %; 32 kB each"),
	SECONDS("retention", TOP(retention), 1, 30 * 86400, "15m",
		"a flow without samples for so long, and for 30 t, is forgotten"),
	BOOL("correct_loss", TOP(correct_loss), "false",
	     "scale what an agent's samples add by datagrams numbered / received"),
	BOOL("shedding", TOP(shedding), "true",
	     "a worker that falls behind measures some of the flow samples, drawn by lot and "
	     "scaled up, instead of losing datagrams (doc/accuracy.md)"),
	BYTES("memory", TOP(memory), 0x1p20, 0x1p50, "1GiB",
	      "what all tables may take together; refused at start when they do not fit"),
	TEXT("names", TOP(names), 0, 4095, "",
	     "a YAML file of agents and ports: names, speeds and links (doc/views.md)"),
	PREFIXES("agents_allow", TOP(agents_allow),
		 "agents that may send, by agent address; none: all"),
	COUNT("agent_rate", TOP(agent_rate), 0, UINT32_MAX, "0",
	      "datagrams per second taken from one agent; 0: any number"),
	OTHER("sampling", read_sampling, print_sampling,
	      "a list of maps with agents, override, default",
	      "sampling rates of agents that send none or wrong ones"),
	TEXTS("feed", TOP(feed),
	      "where results are published; default: `ipc:///run/weir/feed.ipc` for root, else "
	      "below `$XDG_RUNTIME_DIR`; an empty list: nowhere",
	      .check = is_feed_url,
	      .expect = "ipc:///PATH, tcp://HOST:PORT, tls+tcp://HOST:PORT, or "
			"ws://LOOPBACK:PORT/PATH"),
	TEXT("feed_certificate", TOP(feed_certificate), 0, 4095, "",
	     "PEM file: the certificate that subscribers of tls+tcp:// are shown"),
	TEXT("feed_key", TOP(feed_key), 0, 4095, "", "PEM file: the key of that certificate"),
	TEXT("feed_client_ca", TOP(feed_client_ca), 0, 4095, "",
	     "PEM file: subscribers of tls+tcp:// need a certificate that one of these has signed"),
	SECONDS("feed_interval", TOP(feed_interval), 0, 3600, "1s",
		"between two publications of the largest flows; 0: with every tick"),
	COUNT("feed_queue", TOP(feed_queue), 1, 8192, "1024",
	      "messages kept for a slow subscriber; the oldest are dropped beyond"),
	COUNT("feed_wait", TOP(feed_wait), 0, 1000, "0",
	      "subscribers that the start waits for, at most 10 s: they see all of a replay"),
	COUNT("event_log", TOP(event_log), 1, 1000000, "1000",
	      "latest events that are kept for requests"),
	BYTES("event_headers", TOP(event_headers), 0, 0x1p32, "8MiB",
	      "memory per worker for datagrams of late, from which an event gets the sampled "
	      "headers "
	      "that made it; 0: events come without. Used only while there are thresholds"),
	TEXT("journal", TOP(journal), 0, 4000, "",
	     "file that events are appended to, so that their numbers and the latest `event_log` "
	     "of "
	     "them outlive a restart; none: no journal. A replay keeps none"),
	BYTES("journal_size", TOP(journal_size), 0x1p16, 0x1p40, "64MiB",
	      "the journal and the one before it (PATH.1) together; they hold at least half of it"),
	COUNT("flow_log", TOP(flow_log), 1, 1000000, "1000",
	      "latest completed flows that are kept for requests"),
	{.name = "log_level",
	 .type = MEMBER_WORD,
	 TOP(log_level),
	 .words = log_levels,
	 .def = "info",
	 .help = "the least important messages that are written"},
	OTHER("http", config_read_http, config_print_http, "a map, ADDRESS:PORT, or off",
	      "REST, long poll and pages for programs and people"),
	OTHER("forwarding", config_read_forwarding, config_print_forwarding,
	      "a map of targets by name",
	      "other collectors that get datagrams as they came, by name"),
	TEXT("relay_certificate", TOP(relay_certificate), 0, 4095, "",
	     "PEM file: the certificate that an input `relay` shows, and forwarding to one"),
	TEXT("relay_key", TOP(relay_key), 0, 4095, "",
	     "PEM file: its key; nobody else may read it"),
	TEXT("relay_ca", TOP(relay_ca), 0, 4095, "",
	     "PEM file: who signs the other weir's; none: forwarding trusts whom the system "
	     "trusts, "
	     "an input `relay` takes datagrams from anybody"),
	OTHER("tenants", config_read_tenants, config_print_tenants, "a map of tenants by name",
	      "collectors of others that get the samples that concern them, by name"),
	TEXT("country_database", TOP(country_database), 0, 4095, "",
	     "file in MaxMind's format that `country:` looks up, such as GeoLite2-Country.mmdb"),
	TEXT("asn_database", TOP(asn_database), 0, 4095, "",
	     "file in MaxMind's format that `asn:` looks up, such as GeoLite2-ASN.mmdb"),
	TEXT("oui_list", TOP(oui_list), 0, 4095, "",
	     "file that `oui:` looks up: oui.txt or oui.csv of the IEEE, or manuf of Wireshark"),
	BOOL("dns", TOP(dns), "false", "ask the system's resolver for the names that `dns:` shows"),
	OTHER("groups", config_read_groups, config_print_groups, "a map of groups by name",
	      "prefixes with labels, for the function `group:`"),
	OTHER("maps", config_read_maps, config_print_maps, "a map of maps by name",
	      "values with labels, for the function `map:`"),
	OTHER("flows", read_flows, print_flows, "a map of flow definitions by name",
	      "what is measured, by name"),
	OTHER("thresholds", config_read_thresholds, config_print_thresholds,
	      "a map of thresholds by name", "when an event is made, by name"),
};

const struct schema config_top = ROWS(top_rows);

const struct config_section config_sections[] = {
	{"", &config_top},
	{"inputs: port", &config_input_members[CONFIG_PORT]},
	{"inputs: socket", &config_input_members[CONFIG_SOCKET]},
	{"inputs: pcap", &config_input_members[CONFIG_PCAP]},
	{"inputs: relay", &config_input_members[CONFIG_RELAY]},
	{"sampling", &sampling_members},
	{"flows", &flow_members},
	{"thresholds", &threshold_members},
	{"http", &config_http_members},
	{"forwarding", &forward_members},
	{"tenants", &tenant_members},
	{"tenants: filters", &tenant_filter_members},
};

const size_t config_n_sections = sizeof(config_sections) / sizeof(config_sections[0]);
