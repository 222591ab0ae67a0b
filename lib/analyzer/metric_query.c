// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/metric_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/metric_row.h"
#include "analyzer/selector.h"
#include "analyzer/state.h"
#include "analyzer/view.h"

// What a slice may cost, and what costs it: in units of VIEW_SLICE.
enum {
	SLICE_COST = VIEW_SLICE,
	COST_PORT = 10, // that is passed by
	COST_ROW = 30,
	COST_CELL = 8,
	COST_KEY = 128, // a flow that is written as text
	COST_ENTRY = 4, // a flow that is looked at
};

const char *const metric_aggregates[METRIC_AGGREGATES] = {
	"max", "min", "sum", "avg", "var", "sdev", "med", "q1", "q2", "q3", "iqr", "any",
};

const char *const metric_labels[METRIC_LABELS] = {
	"host", "ifname", "vir_host", "k8s_name", "k8s_namespace", "swarm_name",
};

// --- columns ------------------------------------------------------------------------------------

static bool take_prefix(const char **at, const char *prefix)
{
	const size_t len = strlen(prefix);
	if (strncmp(*at, prefix, len) != 0 || (*at)[len] != ':')
		return false;
	*at += len + 1;
	return true;
}

static void take_modifiers(const char **at, struct metric_column *c)
{
	for (;;) {
		int i = METRIC_AGGREGATES;
		if (take_prefix(at, "null")) {
			c->optional = true;
			continue;
		}
		if (take_prefix(at, "sort")) {
			c->sort = true;
			continue;
		}
		while (--i >= 0 && !take_prefix(at, metric_aggregates[i]))
			;
		if (i < 0)
			return;
		c->aggregate = (enum metric_aggregate)i;
	}
}

int metric_column_parse(const char *token, struct metric_column *out, struct err_msg *msg)
{
	struct metric_column c = {.token = token};
	const char *at = token;
	take_modifiers(&at, &c);
	size_t len = strcspn(at, ":");
	if (c.sort && at[len] == ':') {
		char *end;
		c.keep = strtoll(at + len + 1, &end, 10);
		if (*end != 0 || end == at + len + 1)
			return err_set(msg, ERR_INVALID, "%s: expected sort:METRIC:-N", token);
	} else if (at[len] != 0) {
		return err_set(msg, ERR_INVALID,
			       "%s: \"%.*s\" is no aggregator: expected max, min, sum, avg, var, "
			       "sdev, med, q1, q2, q3, iqr, any, null or sort",
			       token, (int)len, at);
	}
	const char *dot = at + len;
	while (dot > at && dot[-1] != '.')
		dot--;
	c.name = dot;
	c.name_len = (size_t)(at + len - dot);
	if (dot > at) {
		c.source = at;
		c.source_len = (size_t)(dot - 1 - at);
	}
	if (c.name_len == 0)
		return err_set(msg, ERR_INVALID, "\"%s\": expected the name of a metric", token);
	*out = c;
	return 0;
}

bool metric_glob(const char *pattern, const char *text, size_t len)
{
	const char *end = text + len, *star = NULL, *again = text;
	while (text < end || *pattern != 0) {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
		} else if (text < end && *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL && again < end) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	return true;
}

// --- one row ------------------------------------------------------------------------------------

static const char *copy_text(struct metric_page *p, const char *text, size_t len)
{
	if (len >= METRIC_PAGE_TEXT - p->n_text)
		len = METRIC_PAGE_TEXT - 1 - p->n_text;
	char *to = p->text + p->n_text;
	memcpy(to, text, len);
	to[len] = 0;
	p->n_text += (uint32_t)len + (p->n_text + len + 1 < METRIC_PAGE_TEXT);
	return to;
}

static struct metric_cell *add_cell(struct metric_page *p, uint32_t column, const char *name)
{
	if (p->n_cells == METRIC_PAGE_CELLS)
		return NULL;
	struct metric_cell *cell = &p->cell[p->n_cells++];
	*cell = (struct metric_cell){.column = column, .name = name};
	return cell;
}

static void fill_cell(struct metric_page *p, struct metric_cell *cell, const struct metric_value *v,
		      uint64_t time)
{
	cell->kind = v->kind;
	cell->time = time;
	if (v->kind == METRIC_NUMBER)
		cell->number = v->number;
	else if (v->kind == METRIC_TEXT)
		cell->text = copy_text(p, v->text, v->len);
}

static void add_key(struct metric_page *p, const struct flow *f, const struct row_flow *flow)
{
	char text[sizeof(((struct flow_row *)0)->key_text)];
	struct strbuf b = strbuf_of(text, sizeof(text));
	flow_def_key_format(f->def, store_entry(&f->store, flow->entry)->key, &b);
	p->key[p->n_keys++] = (struct metric_key){
		.value = flow->value, .time = flow->time, .key = copy_text(p, text, b.len)};
}

static int compare_keys(const void *x, const void *y)
{
	const struct metric_key *a = x, *b = y;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return strcmp(a->key, b->key);
}

static int compare_flows(const void *x, const void *y, void *store)
{
	const struct row_flow *a = x, *b = y;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return store_before(store, a->entry, b->entry) ? -1 : 1;
}

// The largest of the flows that were picked: only those that stay are written as text.
static void add_keys(const struct row_reader *r, struct metric_page *p, uint32_t def,
		     struct metric_cell *cell)
{
	struct flow *f = r->a->set.flow[def];
	const uint32_t before = p->n_keys, picked = row_flows(r, def);
	uint32_t most = query_flow(r->a, def)->n, n = 0;
	for (uint32_t i = 0; i < picked; i++)
		n += row_flow(r, def, i, &p->flow[n]);
	// Sums over two directions are in no order yet.
	qsort_r(p->flow, n, sizeof(p->flow[0]), compare_flows, &f->store);
	most = most < METRIC_PAGE_KEYS - before ? most : METRIC_PAGE_KEYS - before;
	for (uint32_t i = 0; i < n && i < most; i++)
		add_key(p, f, &p->flow[i]);
	// Equal ones are in the order of their texts.
	qsort(&p->key[before], p->n_keys - before, sizeof(p->key[0]), compare_keys);
	cell->key = &p->key[before];
	cell->n_keys = p->n_keys - before;
}

// A column of the request. False: the row lacks it.
static bool add_column(const struct row_reader *r, const struct metric_request *q, uint32_t i,
		       struct metric_page *p, bool *own)
{
	const struct metric_column *c = &q->column[i];
	struct row_value v;
	row_column(r, c, q->inherit, &v);
	if (v.value.kind == METRIC_NONE && q->whole)
		return c->optional ? add_cell(p, i, c->token) != NULL : false;
	if (v.value.kind == METRIC_NONE)
		return true;
	struct metric_cell *cell = add_cell(p, i, c->token);
	if (cell == NULL)
		return false;
	*own |= !v.inherited;
	fill_cell(p, cell, &v.value, v.time);
	cell->flow = v.flow;
	if (v.flow && q->keys)
		add_keys(r, p, v.def, cell);
	return true;
}

static bool add_columns(const struct row_reader *r, const struct metric_request *q,
			struct metric_page *p)
{
	bool own = false;
	for (uint32_t i = 0; i < q->n_columns; i++)
		if (!add_column(r, q, i, p, &own))
			return false;
	return own;
}

static void add_value(const struct metric_request *q, struct metric_page *p, const char *name,
		      const struct metric_value *v, uint64_t time)
{
	if (v->kind == METRIC_NONE || (v->kind == METRIC_TEXT && q->no_texts))
		return;
	struct metric_cell *cell = add_cell(p, 0, name);
	if (cell != NULL)
		fill_cell(p, cell, v, time);
}

static void add_block(const struct row_reader *r, const struct metric_request *q,
		      const struct block *b, struct metric_page *p)
{
	const struct metrics *m = &r->a->metrics;
	struct metric_value v;
	if (b->layout == BLOCK_CUSTOM) {
		for (uint32_t i = 0; i < block_n_custom(b); i++) {
			const struct block_custom *c = block_custom(b, i);
			const struct text *name = texts_at(&m->texts, c->name);
			block_custom_value(&m->texts, b, c, &v);
			if (v.kind != METRIC_NONE)
				add_value(q, p, copy_text(p, name->text, name->len), &v, b->time);
		}
		return;
	}
	if (b->layout == BLOCK_ADAPTERS)
		return;
	const struct catalog_layout *l = &m->catalog.layout[b->layout];
	for (uint32_t i = l->first; i < (uint32_t)l->first + l->n; i++) {
		const struct catalog_def *d = &m->catalog.def[i];
		if (d->name == CATALOG_HIDDEN)
			continue;
		block_value(&m->catalog, &m->texts, b, d, &v);
		if (!row_overruled(r, m->catalog.name[d->name], &v))
			add_value(q, p, m->catalog.name[d->name], &v, b->time);
	}
}

// What the file of names adds to counters that lack it.
static void add_said(const struct row_reader *r, const struct metric_request *q,
		     struct metric_page *p)
{
	for (unsigned i = ROW_SAID_PORT; r->a->names != NULL && i < ROW_SAID_KINDS; i++) {
		struct row_value v;
		const char *name = row_said_metric[i];
		const struct row_counter c = row_counter_of(r->a, name, strlen(name));
		if (i != ROW_SAID_AGENT && row_counter(r, &c, &v) && v.said)
			add_value(q, p, name, &v.value, v.time);
	}
}

static bool add_all(const struct row_reader *r, const struct metric_request *q,
		    struct metric_page *p)
{
	const struct metrics *m = &r->a->metrics;
	const uint32_t before = p->n_cells;
	const struct block *b = metrics_first(m, r->port);
	for (; b != NULL; b = metrics_next(m, b))
		add_block(r, q, b, p);
	if (metrics_first(m, r->port) != NULL)
		add_said(r, q, p);
	for (uint32_t def = 0; !q->no_flows && def < query_n_flows(r->a); def++) {
		struct row_value v;
		if (!row_flow_value(r, def, &v))
			continue;
		const char *name = query_flow(r->a, def)->name;
		struct metric_cell *cell = add_cell(p, 0, copy_text(p, name, strlen(name)));
		if (cell == NULL)
			break;
		fill_cell(p, cell, &v.value, v.time);
		cell->flow = true;
		if (q->keys)
			add_keys(r, p, def, cell);
	}
	return p->n_cells > before;
}

// --- filters ------------------------------------------------------------------------------------

static bool matches(const char *pattern, const struct metric_value *v)
{
	if (v->kind == METRIC_TEXT)
		return metric_glob(pattern, v->text, v->len);
	char text[32], *end;
	const double number = strtod(pattern, &end);
	if (end != pattern && *end == 0)
		return v->number == number;
	const int len = snprintf(text, sizeof(text), "%.15g", v->number);
	return metric_glob(pattern, text, (size_t)len);
}

bool row_passes(const struct row_reader *r, const struct metric_filter *filter, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct row_value v;
		row_column(r, &filter[i].column, true, &v);
		if (v.value.kind == METRIC_NONE)
			return false;
		size_t k = 0;
		while (k < filter[i].n && !matches(filter[i].pattern[k], &v.value))
			k++;
		if (k == filter[i].n)
			return false;
	}
	return true;
}

// --- rows ---------------------------------------------------------------------------------------

static void add_labels(const struct row_reader *r, struct metric_row *row, struct metric_page *p)
{
	static const char *const metric[METRIC_LABELS] = {
		[METRIC_LABEL_VIR_HOST] = "vir_host_name",
		[METRIC_LABEL_K8S_NAME] = "k8s_name",
		[METRIC_LABEL_K8S_NAMESPACE] = "k8s_namespace",
		[METRIC_LABEL_SWARM_NAME] = "swarm_name",
	};
	const struct port *port = sources_port(&r->a->sources, r->port);
	const struct known known = query_known(r->a, r->port);
	if (known.agent[0] != 0)
		row->label[METRIC_LABEL_HOST] = copy_text(p, known.agent, strlen(known.agent));
	if (port->ds_class == SFLOW_DS_IFINDEX && known.port[0] != 0)
		row->label[METRIC_LABEL_IFNAME] = copy_text(p, known.port, strlen(known.port));
	for (int i = METRIC_LABEL_VIR_HOST; port->ds_class == SFLOW_DS_LOGICAL && i < METRIC_LABELS;
	     i++) {
		struct row_value v;
		row_metric(r, metric[i], strlen(metric[i]), &v);
		if (v.value.kind == METRIC_TEXT)
			row->label[i] = copy_text(p, v.value.text, v.value.len);
	}
}

static void identify(const struct row_reader *r, struct metric_row *row, struct metric_page *p)
{
	char text[TEXT_MAX + 1];
	const struct port *port = sources_port(&r->a->sources, r->port);
	const size_t len = row_source(r->a, r->port, text);
	row->agent = sources_agent(&r->a->sources, port->agent)->addr;
	row->ds_class = port->ds_class;
	row->ds_index = port->ds_index;
	row->source = copy_text(p, text, len);
}

static void add_row(const struct analyzer *a, const struct metric_scan *s, struct metric_page *p)
{
	const struct metric_request *q = s->request;
	const struct row_reader r = {
		.a = a, .port = s->walk.port, .pick = s->pick, .n_picks = s->n_picks};
	const struct metric_page before = {
		.n_cells = p->n_cells, .n_keys = p->n_keys, .n_text = p->n_text};
	if (row_passes(&r, q->filter, q->n_filters) &&
	    (q->n_columns > 0 ? add_columns(&r, q, p) : add_all(&r, q, p))) {
		struct metric_row *row = &p->row[p->n_rows++];
		*row = (struct metric_row){.cell = &p->cell[before.n_cells],
					   .n_cells = p->n_cells - before.n_cells};
		identify(&r, row, p);
		if (q->labels)
			add_labels(&r, row, p);
		return;
	}
	p->n_cells = before.n_cells;
	p->n_keys = before.n_keys;
	p->n_text = before.n_text;
}

// --- scans --------------------------------------------------------------------------------------

static bool has_room(const struct metric_page *p)
{
	return p->n_rows < METRIC_PAGE_ROWS && p->n_cells < METRIC_PAGE_CELLS / 2 &&
	       p->n_keys < METRIC_PAGE_KEYS / 2 && p->n_text < METRIC_PAGE_TEXT / 2;
}

static void plan_pick(const struct analyzer *a, struct metric_scan *s, uint32_t def)
{
	const struct flow_def *d = query_flow(a, def);
	const uint32_t wanted = s->request->keys ? d->n : 1;
	if (s->n_picks < METRIC_PAGE_CELLS)
		s->pick[s->n_picks++] = (struct metric_pick){
			.def = def, .id = d->id, .wanted = wanted, .room = row_room(wanted)};
}

static uint32_t room_within(const struct metric_scan *s, uint32_t most)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < s->n_picks; i++)
		sum += s->pick[i].room < most ? s->pick[i].room : most;
	return sum;
}

// Every definition has room, if need be less than it could use.
static void share_room(struct metric_scan *s)
{
	uint32_t most = METRIC_PAGE_KEYS, *at = s->best;
	while (room_within(s, most) > sizeof(s->best) / sizeof(*s->best))
		most -= most / 8 + 1;
	for (struct metric_pick *p = s->pick; p < s->pick + s->n_picks; at += p->room, p++) {
		p->room = p->room < most ? p->room : most;
		p->pick.best = at;
	}
}

static void plan_column(const struct analyzer *a, struct metric_scan *s,
			const struct metric_column *c)
{
	char name[TEXT_MAX + 1];
	uint32_t def;
	if (c->name_len > TEXT_MAX)
		return;
	memcpy(name, c->name, c->name_len);
	name[c->name_len] = 0;
	if (!query_find(a, name, &def))
		return;
	for (uint32_t i = 0; i < s->n_picks; i++)
		if (s->pick[i].def == def)
			return;
	plan_pick(a, s, def);
}

// Which flows the rows are about.
static void plan_picks(const struct analyzer *a, struct metric_scan *s)
{
	const struct metric_request *q = s->request;
	s->n_picks = 0;
	for (uint32_t def = 0; q->n_columns == 0 && !q->no_flows && def < query_n_flows(a); def++)
		plan_pick(a, s, def);
	for (size_t i = 0; i < q->n_columns; i++)
		plan_column(a, s, &q->column[i]);
	for (size_t i = 0; i < q->n_filters; i++)
		plan_column(a, s, &q->filter[i].column);
	share_room(s);
}

static bool is_planned(const struct analyzer *a, const struct metric_scan *s)
{
	for (uint32_t i = 0; i < s->n_picks; i++)
		if (s->pick[i].def >= query_n_flows(a) ||
		    s->pick[i].id != query_flow(a, s->pick[i].def)->id)
			return false;
	return s->begun;
}

static void begin_picks(const struct analyzer *a, struct metric_scan *s)
{
	s->at_pick = 0;
	s->picking = true;
	for (uint32_t i = 0; i < s->n_picks; i++)
		row_pick_begin(a, s->walk.port, &s->pick[i], s->pick[i].pick.best);
}

static void spend(uint32_t *cost, uint32_t units)
{
	*cost -= units < *cost ? units : *cost;
}

// True: all flows of the port are found; *cost is what may still be spent.
static bool pick_flows(const struct analyzer *a, struct metric_scan *s, uint32_t *cost)
{
	uint32_t left = *cost / COST_ENTRY;
	while (s->at_pick < s->n_picks) {
		struct metric_pick *p = &s->pick[s->at_pick];
		if (!store_pick_step(&a->set.flow[p->def]->store, &p->pick, &left))
			break;
		s->at_pick++;
	}
	*cost = left * COST_ENTRY;
	s->picking = s->at_pick < s->n_picks;
	for (uint32_t i = 0; i < s->n_picks && !s->picking; i++)
		store_pick_end(&a->set.flow[s->pick[i].def]->store, &s->pick[i].pick);
	return !s->picking;
}

// The next port that was asked for; false: there is none.
static bool next_port(const struct analyzer *a, struct metric_scan *s, uint32_t *cost)
{
	for (; *cost > 0 && !s->ended; spend(cost, COST_PORT)) {
		s->ended = !selector_next(s->request->selector, a, &s->walk);
		if (s->walk.in)
			return true;
	}
	return false;
}

bool metric_scan_next(const struct analyzer *a, struct metric_scan *s, struct metric_page *p)
{
	uint32_t cost = SLICE_COST;
	p->n_rows = p->n_cells = p->n_keys = p->n_text = 0;
	p->now = a->now;
	if (!is_planned(a, s)) {
		s->begun = true;
		plan_picks(a, s);
		if (s->picking)
			begin_picks(a, s);
	}
	while (cost > 0 && has_room(p)) {
		if (!s->picking) {
			if (!next_port(a, s, &cost))
				return !s->ended;
			begin_picks(a, s);
		}
		if (!pick_flows(a, s, &cost))
			return true;
		const uint32_t n_cells = p->n_cells, n_keys = p->n_keys;
		add_row(a, s, p);
		spend(&cost, COST_ROW + COST_CELL * (p->n_cells - n_cells) +
				     COST_KEY * (p->n_keys - n_keys));
	}
	return true;
}

bool metric_agent_known(const struct analyzer *a, const char *name)
{
	const uint32_t i = row_agent(a, name);
	return i != 0 && a->now - sources_agent(&a->sources, i)->last <= METRIC_AGENT_SILENCE;
}

void query_metric_health(const struct analyzer *a, struct metric_health *health)
{
	const struct metrics *m = &a->metrics;
	*health = (struct metric_health){
		.stats = m->stats,
		.used = m->slab.used,
		.size = (uint64_t)m->slab.n_pages * SLAB_PAGE,
		.texts = m->texts.n,
	};
}
