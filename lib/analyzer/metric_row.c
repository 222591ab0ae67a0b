// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/metric_row.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/selector.h"
#include "analyzer/state.h"
#include "analyzer/view_item.h"

// --- counters -----------------------------------------------------------------------------------

static bool custom_metric(const struct metrics *m, const struct block *b, uint32_t text,
			  struct metric_value *v)
{
	for (uint32_t i = 0; text != 0 && i < block_n_custom(b); i++) {
		const struct block_custom *c = block_custom(b, i);
		if (c->name != text)
			continue;
		block_custom_value(&m->texts, b, c, v);
		return v->kind != METRIC_NONE;
	}
	return false;
}

static bool block_metric(const struct metrics *m, const struct block *b, int name,
			 struct metric_value *v)
{
	const struct catalog *c = &m->catalog;
	for (uint16_t i = name >= 0 ? c->name_def[name] : 0; i != 0; i = c->def[i - 1].next) {
		if (c->def[i - 1].layout != b->layout)
			continue;
		block_value(c, &m->texts, b, &c->def[i - 1], v);
		if (v->kind != METRIC_NONE)
			return true;
	}
	return false;
}

struct row_counter row_counter_of(const struct analyzer *a, const char *name, size_t len)
{
	struct row_counter c = {
		.number = catalog_name(&a->metrics.catalog, name, len),
		.text = texts_find(&a->metrics.texts, name, len),
	};
	for (unsigned i = ROW_SAID_PORT; a->names != NULL && i < ROW_SAID_KINDS; i++)
		if (strlen(row_said_metric[i]) == len && memcmp(row_said_metric[i], name, len) == 0)
			c.said = i;
	return c;
}

bool row_counter(const struct row_reader *r, const struct row_counter *c, struct row_value *v)
{
	const struct metrics *m = &r->a->metrics;
	const struct block *b = metrics_first(m, r->port);
	v->said = false;
	for (; b != NULL; b = metrics_next(m, b)) {
		v->time = b->time;
		if (b->layout == BLOCK_CUSTOM ? custom_metric(m, b, c->text, &v->value)
					      : block_metric(m, b, c->number, &v->value)) {
			if (c->said != ROW_SAID_SPEED ||
			    !row_overruled(r, row_said_metric[ROW_SAID_SPEED], &v->value))
				return true;
			break;
		}
	}
	v->said =
		c->said != ROW_SAID_NOTHING && c->said != ROW_SAID_AGENT && row_said(r, c->said, v);
	return v->said;
}

// --- what people say ----------------------------------------------------------------------------

const char *const row_said_metric[ROW_SAID_KINDS] = {
	[ROW_SAID_PORT] = "ifname",
	[ROW_SAID_AGENT] = "host_name",
	[ROW_SAID_SPEED] = "ifspeed",
	[ROW_SAID_IN_USE] = "ifinutilization",
	[ROW_SAID_OUT_USE] = "ifoututilization",
};

// When the row was last heard of: its latest counters, or samples. 0 = never.
static uint64_t row_time(const struct row_reader *r)
{
	const struct port *p = sources_port(&r->a->sources, r->port);
	const struct block *b = metrics_first(&r->a->metrics, r->port);
	uint64_t time = 0;
	for (; b != NULL; b = metrics_next(&r->a->metrics, b))
		time = b->time > time ? b->time : time;
	for (unsigned i = 0; i < 3; i++)
		if (p->source[i] != 0 && sources_at(&r->a->sources, p->source[i])->last > time)
			time = sources_at(&r->a->sources, p->source[i])->last;
	return time;
}

// bit/s of a port by the file; 0 = it does not say.
static uint64_t file_speed(const struct row_reader *r)
{
	const struct port *p = sources_port(&r->a->sources, r->port);
	if (r->a->names == NULL || p->named != 0 || p->ds_class != SFLOW_DS_IFINDEX)
		return 0;
	const struct agent *agent = sources_agent(&r->a->sources, p->agent);
	const struct names_row *said = names_port(r->a->names, &agent->addr, p->ds_index);
	return said != NULL ? said->speed : 0;
}

bool row_overruled(const struct row_reader *r, const char *name, const struct metric_value *value)
{
	return r->a->names != NULL && value->kind == METRIC_NUMBER && value->number == 0 &&
	       strcmp(name, row_said_metric[ROW_SAID_SPEED]) == 0 && file_speed(r) != 0;
}

static bool said_speed(const struct row_reader *r, struct row_value *v)
{
	v->value.kind = METRIC_NUMBER;
	v->value.number = (double)file_speed(r);
	v->time = row_time(r);
	return v->value.number != 0 && v->time != 0;
}

// By the speed that the file gives: as derived.def has it, where the port has none.
static bool said_use(const struct row_reader *r, const char *octets, uint64_t speed,
		     struct row_value *v)
{
	const struct row_counter c = row_counter_of(r->a, octets, strlen(octets));
	if (speed == 0 || !row_counter(r, &c, v) || v->value.kind != METRIC_NUMBER)
		return false;
	v->value.number *= 800 / (double)speed;
	return true;
}

static bool said_text(const struct row_reader *r, const char *text, struct row_value *v)
{
	const uint64_t time = text[0] != '\0' ? row_time(r) : 0;
	if (time == 0)
		return false;
	v->value.kind = METRIC_TEXT;
	v->value.text = text;
	v->value.len = (uint32_t)strlen(text);
	v->time = time;
	return true;
}

bool row_said(const struct row_reader *r, enum row_said what, struct row_value *v)
{
	const struct port *p = sources_port(&r->a->sources, r->port);
	if (r->a->names == NULL)
		return false;
	const struct known known = query_known(r->a, r->port);
	if (what == ROW_SAID_AGENT)
		return said_text(r, known.agent, v);
	if (p->named != 0 || p->ds_class != SFLOW_DS_IFINDEX)
		return false;
	switch (what) {
	case ROW_SAID_PORT: return said_text(r, known.port, v);
	case ROW_SAID_SPEED: return said_speed(r, v);
	case ROW_SAID_IN_USE: return said_use(r, "ifinoctets", known.speed, v);
	case ROW_SAID_OUT_USE: return said_use(r, "ifoutoctets", known.speed, v);
	default: return false;
	}
}

// --- flows --------------------------------------------------------------------------------------

static const struct flow *flow_at(const struct analyzer *a, uint32_t def)
{
	return a->set.flow[def];
}

// Candidates for one value where there are two directions.
#define VALUE_ROOM 15

uint32_t row_room(uint32_t wanted)
{
	const uint64_t room = (uint64_t)wanted * 3;
	return room < VALUE_ROOM         ? VALUE_ROOM
	       : room < METRIC_PAGE_KEYS ? (uint32_t)room
					 : METRIC_PAGE_KEYS;
}

void row_pick_begin(const struct analyzer *a, uint32_t port, struct metric_pick *p, uint32_t *best)
{
	const struct port *at = sources_port(&a->sources, port);
	p->pick = (struct store_pick){.best = best};
	for (unsigned i = 0; i < 3; i++)
		if (at->source[i] != 0)
			p->pick.source[p->pick.n_sources++] = at->source[i];
	p->pick.max = p->pick.n_sources > 1 || p->room < p->wanted ? p->room : p->wanted;
}

static const struct store_pick *picked(const struct row_reader *r, uint32_t def)
{
	if (def < r->n_picks && r->pick[def].def == def) // all definitions were picked
		return &r->pick[def].pick;
	for (uint32_t i = 0; i < r->n_picks; i++)
		if (r->pick[i].def == def)
			return &r->pick[i].pick;
	return NULL;
}

// The entry of the same flow in another direction; 0 = none.
static uint32_t find_twin(const struct store *s, uint32_t entry, uint32_t source)
{
	_Alignas(8) uint8_t key[PROGRAM_KEY_MAX];
	memcpy(key, store_entry(s, entry)->key, s->def->key_size);
	memcpy(key, &source, sizeof(source));
	const uint32_t twin = store_find(s, key, store_tag(s, key));
	return twin != 0 && store_visible(s, twin) ? twin : 0;
}

/// An item (view_item.h) with room for its cells and key.
union roomy_item {
	struct item item;
	uint8_t bytes[sizeof(struct item) + (PROGRAM_VALUES_MAX + 1) * sizeof(struct cell) +
		      PROGRAM_KEY_MAX];
};

static void join_twins(const struct row_reader *r, const struct store *s, const uint32_t *twin,
		       uint32_t n, struct row_flow *flow)
{
	const struct item_shape shape = item_shape_of(s->def);
	union roomy_item sum, other;
	item_read(&sum.item, &shape, r->a, s, flow->entry);
	for (uint32_t i = 0; i < n; i++) {
		item_read(&other.item, &shape, r->a, s, twin[i]);
		item_join(&sum.item, &shape, &other.item);
	}
	flow->value = sum.item.value;
	flow->time = sum.item.last;
}

// A candidate with what the other directions have of it.
static bool read_flow(const struct row_reader *r, const struct store *s, const struct store_pick *p,
		      uint32_t i, struct row_flow *flow)
{
	const uint32_t entry = p->best[i], own = store_source(s, entry);
	uint32_t twin[3], n = 0;
	for (uint32_t k = 0; k < p->n_sources; k++) {
		twin[n] = p->source[k] != own ? find_twin(s, entry, p->source[k]) : 0;
		if (twin[n] != 0 && store_before(s, twin[n], entry))
			return false;
		n += twin[n] != 0;
	}
	*flow = (struct row_flow){.value = store_rate(s, entry).value,
				  .time = store_past(s, entry)->last,
				  .entry = entry};
	if (n > 0)
		join_twins(r, s, twin, n, flow);
	return true;
}

bool row_flow_value(const struct row_reader *r, uint32_t def, struct row_value *v)
{
	const struct store *s = &flow_at(r->a, def)->store;
	const struct store_pick *p = picked(r, def);
	struct metric_pick now = {.wanted = 1, .room = VALUE_ROOM};
	uint32_t best[VALUE_ROOM], all = UINT32_MAX;
	struct row_flow flow;
	if (p == NULL) {
		row_pick_begin(r->a, r->port, &now, best);
		store_pick_step(s, &now.pick, &all);
		store_pick_end(s, &now.pick);
		p = &now.pick;
	}
	v->value.kind = METRIC_NONE;
	for (uint32_t i = 0; i < p->n; i++) {
		if (!read_flow(r, s, p, i, &flow) ||
		    (v->value.kind == METRIC_NUMBER && flow.value <= v->value.number))
			continue;
		v->value.kind = METRIC_NUMBER;
		v->value.number = flow.value;
		v->time = flow.time;
	}
	v->flow = v->value.kind != METRIC_NONE;
	v->def = def;
	return v->flow;
}

uint32_t row_flows(const struct row_reader *r, uint32_t def)
{
	const struct store_pick *p = picked(r, def);
	return p != NULL ? p->n : 0;
}

bool row_flow(const struct row_reader *r, uint32_t def, uint32_t i, struct row_flow *flow)
{
	return read_flow(r, &flow_at(r->a, def)->store, picked(r, def), i, flow);
}

// --- columns ------------------------------------------------------------------------------------

void row_metric(const struct row_reader *r, const char *name, size_t len, struct row_value *v)
{
	char text[TEXT_MAX + 1];
	uint32_t def;
	v->value.kind = METRIC_NONE;
	v->inherited = v->flow = false;
	const struct row_counter c = row_counter_of(r->a, name, len);
	if (row_counter(r, &c, v) || len > TEXT_MAX || r->no_flows)
		return;
	memcpy(text, name, len);
	text[len] = 0;
	if (query_find(r->a, text, &def))
		row_flow_value(r, def, v);
}

static bool is_source(const struct row_reader *r, const struct metric_column *c)
{
	char text[TEXT_MAX + 1];
	return c->source == NULL || (row_source(r->a, r->port, text) == c->source_len &&
				     memcmp(text, c->source, c->source_len) == 0);
}

// A text of the agent's host, since a port has no load.
static bool host_text(const struct row_reader *r, const struct row_counter *c, struct row_value *v)
{
	const struct metrics *m = &r->a->metrics;
	const uint32_t host = m->agent[sources_port(&r->a->sources, r->port)->agent].host;
	const struct row_reader at_host = {.a = r->a, .port = host};
	return host != 0 && host != r->port && row_counter(&at_host, c, v) &&
	       v->value.kind == METRIC_TEXT;
}

static void inherit_text(const struct row_reader *r, const struct row_counter *c,
			 struct row_value *v)
{
	v->inherited = true;
	if (!host_text(r, c, v) && !(c->said == ROW_SAID_AGENT && row_said(r, c->said, v)))
		v->value.kind = METRIC_NONE;
}

void row_counter_column(const struct row_reader *r, const struct row_counter *c, bool inherit,
			struct row_value *v)
{
	*v = (struct row_value){.value.kind = METRIC_NONE};
	if (!row_counter(r, c, v) && inherit)
		inherit_text(r, c, v);
}

void row_column(const struct row_reader *r, const struct metric_column *c, bool inherit,
		struct row_value *v)
{
	*v = (struct row_value){.value.kind = METRIC_NONE};
	if (is_source(r, c))
		row_metric(r, c->name, c->name_len, v);
	if (v->value.kind != METRIC_NONE || !inherit || c->source != NULL)
		return;
	const struct row_counter metric = row_counter_of(r->a, c->name, c->name_len);
	inherit_text(r, &metric, v);
}

// --- names --------------------------------------------------------------------------------------

size_t row_source(const struct analyzer *a, uint32_t port, char text[TEXT_MAX + 1])
{
	const struct port *p = sources_port(&a->sources, port);
	struct strbuf b = strbuf_of(text, TEXT_MAX + 1);
	if (p->named != 0)
		strbuf_str(&b, texts_str(&a->metrics.texts, p->named));
	else
		data_source_format(&b, p->ds_class, p->ds_index);
	return b.len;
}

uint32_t row_agent(const struct analyzer *a, const char *name)
{
	const struct sources *s = &a->sources;
	struct agent id = {0};
	if (addr_parse(name, &id.addr) == 0)
		return roster_find(&s->agent, &s->config.secret, &id);
	for (uint32_t i = 1; i <= s->agent.n && name[0] != 0; i++)
		if (strcmp(query_agent_name(a, sources_agent(s, i)), name) == 0)
			return i;
	return 0;
}

// --- the list of names --------------------------------------------------------------------------

#define NAMES_COST 512 // ports per slice

static struct metric_seen *seen_of(struct metric_names *n, const char *name)
{
	uint32_t i = 0;
	while (i < n->n && strcmp(n->seen[i].name, name) != 0)
		i++;
	if (i == METRIC_NAMES) {
		n->refused++;
		return NULL;
	}
	if (i == n->n)
		snprintf(n->seen[n->n++].name, sizeof(n->seen[0].name), "%s", name);
	return &n->seen[i];
}

static void see(struct metric_seen *seen, uint64_t time)
{
	if (seen != NULL && time > seen->time)
		seen->time = time;
}

static void see_block(const struct metrics *m, const struct block *b, struct metric_names *n)
{
	const struct catalog *c = &m->catalog;
	if (b->layout == BLOCK_CUSTOM) {
		for (uint32_t i = 0; i < block_n_custom(b); i++)
			see(seen_of(n, texts_str(&m->texts, block_custom(b, i)->name)), b->time);
		return;
	}
	if (b->layout == BLOCK_ADAPTERS)
		return;
	const struct catalog_layout *l = &c->layout[b->layout];
	for (uint32_t i = l->first; i < (uint32_t)l->first + l->n; i++) {
		struct metric_value v;
		// The names of the catalogue come first, in its order.
		if (c->def[i].name == CATALOG_HIDDEN || b->time <= n->seen[c->def[i].name].time)
			continue;
		block_value(c, &m->texts, b, &c->def[i], &v);
		if (v.kind != METRIC_NONE)
			n->seen[c->def[i].name].time = b->time;
	}
}

static void begin_names(const struct analyzer *a, struct metric_names *n)
{
	const struct catalog *c = &a->metrics.catalog;
	for (uint16_t i = 0; i < c->n_names; i++)
		memcpy(n->seen[i].name, c->name[i], CATALOG_NAME);
	n->n = c->n_names;
}

// A flow metric is as young as the samples of the data sources that have flows of it.
static void see_flows(const struct analyzer *a, uint32_t source, struct metric_names *n)
{
	for (uint32_t def = 0; def < query_n_flows(a); def++)
		if (flow_at(a, def)->store.chain[source].count > 0)
			see(seen_of(n, query_flow(a, def)->name),
			    sources_at(&a->sources, source)->last);
}

// What the file of names adds to the counters of a port.
static void see_said(const struct analyzer *a, struct metric_names *n)
{
	const struct row_reader r = {.a = a, .port = n->port};
	for (unsigned i = ROW_SAID_PORT; a->names != NULL && i < ROW_SAID_KINDS; i++) {
		struct row_value v;
		const struct row_counter c =
			row_counter_of(a, row_said_metric[i], strlen(row_said_metric[i]));
		if (i != ROW_SAID_AGENT && row_counter(&r, &c, &v) && v.said)
			see(seen_of(n, row_said_metric[i]), v.time);
	}
}

bool metric_names_next(const struct analyzer *a, struct metric_names *n)
{
	const struct metrics *m = &a->metrics;
	n->now = a->now;
	if (n->port == 0)
		begin_names(a, n);
	for (uint32_t cost = 0; cost < NAMES_COST; cost++) {
		if (n->port >= a->sources.port.n && n->source >= a->sources.source.n)
			return false;
		if (n->port >= a->sources.port.n) {
			see_flows(a, ++n->source, n);
			continue;
		}
		n->port++;
		const struct block *b = metrics_first(m, n->port);
		if (b != NULL)
			see_said(a, n);
		for (; b != NULL; b = metrics_next(m, b))
			see_block(m, b, n);
	}
	return true;
}
