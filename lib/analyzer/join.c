// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/join.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/metric_row.h"
#include "analyzer/selector.h"
#include "analyzer/state.h"
#include "base/suggest.h"

// What a slice looks at, beside the rows that it may write.
#define SLICE 256

// Rows of one port at most: its adapters, its UUID, its agent, itself.
#define PORT_ROWS (METRIC_WORDS / 2 + 3)

static struct join_row *add(struct join *j, const char *label, size_t len, uint64_t time)
{
	struct join_row *row = &j->row[j->n++];
	*row = (struct join_row){.time = time};
	memcpy(row->label, label, len < PROGRAM_LABEL_MAX ? len : PROGRAM_LABEL_MAX);
	return row;
}

static struct strbuf value_of(struct join_row *row)
{
	return strbuf_of(row->value, sizeof(row->value));
}

// A data source, unless its agent has no address by which it could be found.
static void add_source(struct join *j, const struct addr *agent, uint32_t ds_class,
		       uint32_t ds_index, const char *label, uint64_t time)
{
	if (agent->family == ADDR_NONE)
		return;
	struct join_row *row = add(j, label, strlen(label), time);
	struct strbuf value = value_of(row);
	row->agent = *agent;
	data_source_format(&value, ds_class, ds_index);
}

static void add_port(struct join *j, const struct addr *agent, uint32_t ifindex, const char *link)
{
	add_source(j, agent, SFLOW_DS_IFINDEX, ifindex, link, 0);
}

// --- links --------------------------------------------------------------------------------------

static void add_known_link(const struct analyzer *a, struct join *j, uint32_t port)
{
	const struct port *p = sources_port(&a->sources, port);
	if (p->ds_class != SFLOW_DS_IFINDEX || p->named != 0)
		return;
	const struct topology_place at = query_place_of(a, port);
	const char *link = at.link != NULL ? at.link->name : query_known(a, port).link;
	if (link != NULL)
		add_port(j, &sources_agent(&a->sources, p->agent)->addr, p->ds_index, link);
}

// A port that the topology lists by number, though it may not have said anything yet.
static void add_listed_link(const struct topology *t, struct join *j)
{
	struct addr agent;
	const struct topology_node *node = topology_node_at(t, j->node);
	if (j->node_port >= topology_n_ports(t, j->node) || node->agent == NULL ||
	    addr_parse(node->agent, &agent) != 0) {
		j->node++;
		j->node_port = 0;
		return;
	}
	const struct topology_port *port = topology_port_at(t, j->node, j->node_port++);
	if (port->ifindex == NULL || port->ifindex[0] == '\0')
		return;
	const struct topology_sight sight = {
		.agent = &agent,
		.agent_name = "",
		.ds_class = SFLOW_DS_IFINDEX,
		.ds_index = (uint32_t)strtoul(port->ifindex, NULL, 10),
		.port_name = "",
	};
	const struct topology_place at = topology_find(t, &sight);
	if (at.link != NULL)
		add_port(j, &agent, sight.ds_index, at.link->name);
}

static void add_named_link(const struct names_row *said, struct join *j)
{
	if (said->is_port && said->link[0] != '\0')
		add_port(j, &said->agent, said->ifindex, said->link);
}

static bool next_link(const struct analyzer *a, struct join *j)
{
	if (j->port < a->sources.port.n)
		add_known_link(a, j, ++j->port);
	else if (a->topology != NULL && j->node < topology_n_nodes(a->topology))
		add_listed_link(a->topology, j);
	else if (j->name < names_len(a->names))
		add_named_link(names_at(a->names, j->name++), j);
	else
		return false;
	return true;
}

// --- hosts --------------------------------------------------------------------------------------

// The metrics that are read of every port.
struct host_metrics {
	struct row_counter label, uuid, vir_uuid;
};

struct host {
	uint32_t port;
	char label[PROGRAM_LABEL_MAX + 1];
	size_t len;
	uint64_t time;
};

// What the metric says of a port; false: nothing.
static bool read_host(const struct row_reader *r, const struct row_counter *metric, struct host *h)
{
	struct strbuf label = strbuf_of(h->label, sizeof(h->label));
	struct row_value v;
	const bool inherit = sources_port(&r->a->sources, h->port)->ds_class != SFLOW_DS_IFINDEX;
	row_counter_column(r, metric, inherit, &v);
	if (v.value.kind == METRIC_NONE)
		return false;
	if (v.value.kind == METRIC_TEXT)
		strbuf_bytes(&label, v.value.text, v.value.len);
	else
		strbuf_fmt(&label, "%.15g", v.value.number);
	h->len = label.len;
	h->time = v.time;
	return h->len > 0;
}

static void add_adapters(const struct block *b, const struct host *h, struct join *j)
{
	for (uint32_t i = 0; i + 2 <= b->n_words; i += 2) {
		struct strbuf value = value_of(add(j, h->label, h->len, b->time));
		addr_mac_format(&value, (const uint8_t *)&b->word[i]);
	}
}

static bool add_uuid(const struct row_reader *r, const struct row_counter *uuid,
		     const struct host *h, struct join *j)
{
	struct row_value v;
	if (!row_counter(r, uuid, &v) || v.value.kind != METRIC_TEXT)
		return false;
	struct strbuf value = value_of(add(j, h->label, h->len, v.time));
	strbuf_bytes(&value, v.value.text, v.value.len);
	return true;
}

static void add_host(const struct analyzer *a, const struct host_metrics *metrics, struct join *j,
		     uint32_t port)
{
	const struct port *p = sources_port(&a->sources, port);
	const struct addr *agent = &sources_agent(&a->sources, p->agent)->addr;
	const struct metrics *m = &a->metrics;
	const struct row_reader r = {.a = a, .port = port};
	struct host h = {.port = port};
	if (p->named != 0 || !read_host(&r, &metrics->label, &h))
		return;
	for (const struct block *b = metrics_first(m, port); b != NULL; b = metrics_next(m, b))
		if (b->layout == BLOCK_ADAPTERS && j->n < JOIN_ROWS - 3 - b->n_words / 2)
			add_adapters(b, &h, j);
	if (!add_uuid(&r, &metrics->uuid, &h, j))
		add_uuid(&r, &metrics->vir_uuid, &h, j);
	add_source(j, agent, p->ds_class, p->ds_index, h.label, h.time);
	if (m->agent[p->agent].host != port || agent->family == ADDR_NONE)
		return;
	struct strbuf value = value_of(add(j, h.label, h.len, h.time));
	addr_format(&value, agent);
}

static bool next_host(const struct analyzer *a, const struct host_metrics *metrics, struct join *j)
{
	if (j->port >= a->sources.port.n)
		return false;
	add_host(a, metrics, j, ++j->port);
	return true;
}

// --- walks --------------------------------------------------------------------------------------

// A name may be empty, or begin with a NUL: it says nothing, and finds nothing.
static void drop_empty(struct join *j)
{
	size_t n = 0;
	for (size_t i = 0; i < j->n; i++) {
		if (j->row[i].label[0] == '\0' || j->row[i].value[0] == '\0')
			continue;
		if (n != i)
			j->row[n] = j->row[i];
		n++;
	}
	j->n = n;
}

static struct row_counter counter_of(const struct analyzer *a, const char *name)
{
	return row_counter_of(a, name, strlen(name));
}

bool join_next(const struct analyzer *a, struct join *j)
{
	struct host_metrics metrics;
	bool more = true;
	if (j->metric != NULL)
		metrics = (struct host_metrics){counter_of(a, j->metric), counter_of(a, "uuid"),
						counter_of(a, "vir_uuid")};
	j->n = 0;
	for (unsigned i = 0; i < SLICE && more && j->n + PORT_ROWS <= JOIN_ROWS; i++)
		more = j->metric == NULL ? next_link(a, j) : next_host(a, &metrics, j);
	drop_empty(j);
	return more;
}

// True when it is computed from counters, which are never the same twice.
static bool counts(const struct catalog *c, const struct catalog_def *d)
{
	bool any = catalog_is_rate(d);
	for (uint8_t i = 0; i < d->n_args && !any; i++)
		any = counts(c, &c->def[d->arg[i]]);
	return any;
}

// True when the metric stands in records that name or describe, and is none of their counters:
// its values stay.
static bool is_lasting(const struct catalog *c, const char *metric)
{
	const int name = catalog_name(c, metric, strlen(metric));
	for (uint16_t i = name >= 0 ? c->name_def[name] : 0; i != 0; i = c->def[i - 1].next)
		if (!c->layout[c->def[i - 1].layout].texts || counts(c, &c->def[i - 1]))
			return false;
	return true;
}

uint64_t join_version(const struct analyzer *a, const char *metric)
{
	if (metric == NULL)
		return (uint64_t)a->topology_version + a->names_version + a->sources.named;
	const struct metrics *m = &a->metrics;
	// The file of names tells of ports that describe nothing themselves, too.
	const uint64_t said =
		((uint64_t)a->names_version << 32) + (a->names != NULL ? a->sources.port.n : 0u);
	return said + m->described + (is_lasting(&m->catalog, metric) ? 0 : m->stats.used);
}

static const char *name_at(const void *catalog, size_t i)
{
	const struct catalog *c = catalog;
	return c->name[i];
}

int join_check_metric(const char *name, struct err_msg *msg)
{
	struct catalog c;
	struct carve need = {0};
	catalog_layout(&c, &need);
	void *mem = calloc(1, need.used + CARVE_ALIGN);
	if (mem == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	struct carve carve = {.base = carve_start(mem)};
	int err = 0;
	catalog_layout(&c, &carve);
	if (catalog_name(&c, name, strlen(name)) < 0) {
		const char *near = suggest(name, strlen(name), c.n_names, name_at, &c);
		err = near != NULL
			      ? err_set(msg, ERR_UNKNOWN,
					"unknown metric \"%s\" (did you mean \"%s\"?)", name, near)
			      : err_set(msg, ERR_UNKNOWN,
					"unknown metric \"%s\", expected one of counters samples, "
					"such as vir_host_name",
					name);
	}
	free(mem);
	return err;
}
