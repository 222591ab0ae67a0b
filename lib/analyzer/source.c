// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/source.h"

#include "analyzer/query.h"

_Static_assert(offsetof(struct agent, name) == 24, "identity of three words");
_Static_assert(offsetof(struct port, name) == 16, "identity of two words");

// A number that is behind by no more than this came late; sequence windows have this width.
#define LATE 64
// An uptime that is behind by no more than this came late (bank/intake.c says the same).
#define LATE_MS 10000
// After first contact, datagrams from before it may still be under way in other workers, ns.
#define SETTLING 1000000000u

static void layout(struct sources *s, struct carve *c, const struct source_config *config)
{
	const uint32_t agents = config->max_agents, sources = config->max_sources;
	*s = (struct sources){.config = *config};
	roster_layout(&s->agent, c, sizeof(struct agent), 3, agents);
	roster_layout(&s->sub_agent, c, sizeof(struct sub_agent), 1, agents);
	roster_layout(&s->port, c, sizeof(struct port), 2, sources);
	roster_layout(&s->sampler, c, sizeof(struct sampler), 1, 2 * sources);
	roster_layout(&s->source, c, sizeof(struct source), 1, sources);
	s->touched = carve(c, (size_t)sources + 1, sizeof(uint32_t));
	s->touched_samplers = carve(c, 2 * (size_t)sources + 1, sizeof(uint32_t));
	s->touched_subs = carve(c, (size_t)agents + 1, sizeof(uint32_t));
	s->worker = carve(c, config->n_workers, sizeof(*s->worker));
	for (uint32_t w = 0; w < config->n_workers; w++) {
		struct translation t = {
			.n_agents = 1, // number 0 is none everywhere
			.n_sources = 1,
			.sub_agent = carve(c, (size_t)agents + 1, sizeof(uint32_t)),
			.sampler = carve(c, (size_t)sources + 1, sizeof(uint32_t)),
			.source = carve(c, (size_t)sources + 1, sizeof(uint32_t)),
		};
		if (c->base != NULL)
			s->worker[w] = t;
	}
}

size_t sources_size(const struct source_config *config)
{
	struct sources s;
	struct carve c = {0};
	layout(&s, &c, config);
	return c.used;
}

void sources_init(struct sources *s, void *mem, const struct source_config *config)
{
	struct carve c = {.base = mem};
	layout(s, &c, config);
	s->decay = decay_of(SOURCE_T);
}

// --- translation --------------------------------------------------------------------------------

static uint32_t sub_agent_of(struct sources *s, const struct agent_id *id)
{
	const struct agent agent = {.addr = id->addr};
	bool is_new;
	const uint32_t a = roster_enter(&s->agent, &s->config.secret, &agent, &is_new);
	if (a == 0)
		return 0;
	const struct sub_agent sub = {.agent = a, .id = id->sub_agent};
	const uint32_t i = roster_enter(&s->sub_agent, &s->config.secret, &sub, &is_new);
	if (is_new) {
		sources_sub_agent(s, i)->next = sources_agent(s, a)->first_sub;
		sources_agent(s, a)->first_sub = i;
		sources_agent(s, a)->n_subs++;
	}
	return i;
}

static void enter_agent(struct sources *s, struct translation *t, uint32_t i,
			const struct agent_id *id)
{
	t->sub_agent[i] = sub_agent_of(s, id);
	s->agents_refused += t->sub_agent[i] == 0;
}

// The number of a port; a new one is entered, and goes to the end of its agent's list. 0 = full.
static uint32_t enter_port(struct sources *s, const struct port *port, bool *is_new)
{
	const uint32_t p = roster_enter(&s->port, &s->config.secret, port, is_new);
	struct agent *a = sources_agent(s, port->agent);
	if (!*is_new)
		return p;
	if (a->last_port != 0)
		sources_port(s, a->last_port)->next = p;
	else
		a->first_port = p;
	a->last_port = p;
	return p;
}

uint32_t sources_named_port(struct sources *s, uint32_t agent, const char *name, uint32_t len)
{
	const struct port port = {.agent = agent, .named = texts_enter(s->config.texts, name, len)};
	bool is_new = false;
	const uint32_t p = port.named != 0 ? enter_port(s, &port, &is_new) : 0;
	if (!is_new) // the port keeps the text for life
		texts_drop(s->config.texts, port.named);
	s->sources_refused += p == 0;
	return p;
}

const char *sources_port_name(const struct sources *s, const struct port *p)
{
	return p->named != 0 ? texts_str(s->config.texts, p->named) : NULL;
}

static uint32_t enter_numbered(struct sources *s, struct translation *t, uint32_t i, uint32_t sub,
			       const struct source_id *id)
{
	const struct port port = {.agent = sources_sub_agent(s, sub)->agent,
				  .ds_class = id->ds_class,
				  .ds_index = id->ds_index};
	bool is_new;
	const uint32_t p = enter_port(s, &port, &is_new);
	if (p == 0)
		return 0;
	const struct sampler sampler = {.port = p, .sub_agent = sub};
	t->sampler[i] = roster_enter(&s->sampler, &s->config.secret, &sampler, &is_new);
	s->sources_refused += t->sampler[i] == 0;
	if (is_new) {
		sources_sampler(s, t->sampler[i])->next = sources_port(s, p)->first_sampler;
		sources_port(s, p)->first_sampler = t->sampler[i];
	}
	return p;
}

// A worker's source: our port, sampler and source.
static void find_source(struct sources *s, struct translation *t, uint32_t i,
			const struct source_id *id, const struct registry_name *name)
{
	const uint32_t sub = id->agent < t->n_agents ? t->sub_agent[id->agent] : 0;
	if (sub == 0)
		return;
	const uint32_t p = name == NULL ? enter_numbered(s, t, i, sub, id)
					: sources_named_port(s, sources_sub_agent(s, sub)->agent,
							     name->text, name->len);
	if (p == 0)
		return;
	bool is_new;
	const struct source source = {.port = p, .direction = id->direction};
	t->source[i] = roster_enter(&s->source, &s->config.secret, &source, &is_new);
	if (is_new && id->direction < 3)
		sources_port(s, p)->source[id->direction] = t->source[i];
}

// The name of a data source, if it has one.
static const struct registry_name *name_of(const struct registry *registry, const struct bank *bank,
					   const struct source_id *id)
{
	return id->ds_class == REGISTRY_NAMED && id->ds_index > 0 && id->ds_index < bank->n_names
		       ? &registry->name[id->ds_index]
		       : NULL;
}

static void enter_source(struct sources *s, struct translation *t, uint32_t i,
			 const struct registry *registry, const struct bank *bank)
{
	const struct source_id *id = &registry->source[i].id;
	const uint64_t refused = s->sources_refused;
	t->sampler[i] = 0;
	t->source[i] = 0;
	find_source(s, t, i, id, name_of(registry, bank, id));
	// Once, whatever found no room.
	s->sources_refused =
		t->source[i] == 0 || s->sources_refused > refused ? refused + 1 : refused;
}

static void translate(struct sources *s, struct translation *t, const struct registry *registry,
		      const struct bank *bank)
{
	for (; t->n_agents < bank->n_agents && t->n_agents <= s->config.max_agents; t->n_agents++)
		enter_agent(s, t, t->n_agents, &registry->agent[t->n_agents].id);
	for (; t->n_sources < bank->n_sources && t->n_sources <= s->config.max_sources;
	     t->n_sources++)
		enter_source(s, t, t->n_sources, registry, bank);
}

void sources_by_agent(struct sources *s)
{
	for (; s->n_by_agent < s->agent.n; s->n_by_agent++) {
		const uint32_t agent = s->n_by_agent + 1;
		const struct port port = {.agent = agent};
		bool is_new;
		const uint32_t p = enter_port(s, &port, &is_new);
		if (p == 0)
			continue;
		const struct source source = {.port = p, .direction = DIRECTION_UNKNOWN};
		const uint32_t i = roster_enter(&s->source, &s->config.secret, &source, &is_new);
		sources_port(s, p)->source[DIRECTION_UNKNOWN] = i;
		sources_agent(s, agent)->source = i;
	}
}

// --- sequence accounting -------------------------------------------------------------------------

static int32_t ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void see(struct sight *best, const struct sight *sight)
{
	if (!best->valid || ahead(sight->sequence, best->sequence) > 0)
		*best = *sight;
}

// What one worker saw in this tick. @p restarted: the worker says that a new sequence began.
static void tally_add(struct tally *t, const struct sight *sight, uint32_t received, bool restarted)
{
	const int32_t numbers = ahead(sight->sequence, t->high.sequence);
	const int32_t time = ahead(sight->uptime, t->high.uptime);
	const bool fresh = t->high.valid && (restarted ? numbers <= 0 || time < 0
						       : numbers < -LATE && time < -LATE_MS);
	t->received += received;
	see(fresh ? &t->fresh : &t->same, sight);
}

static void tally_settle(struct tally *t, uint64_t received, uint64_t grown, uint64_t now)
{
	const uint64_t due = t->lost + grown;
	t->lost = due > received ? due - received : 0;
	if (due < received && now - t->since > SETTLING)
		t->surplus += received - due;
}

// All workers are in. Returns false when counting begins anew, so that growth means nothing.
static bool tally_end(struct tally *t, uint64_t now)
{
	const bool begins = t->fresh.valid || !t->high.valid;
	const struct sight *news = t->fresh.valid ? &t->fresh : &t->same;
	const int32_t grown = ahead(news->sequence, t->high.sequence);
	if (begins) {
		t->restarts += t->fresh.valid;
		t->since = now;
		t->high = *news;
	} else {
		tally_settle(t, t->received, grown > 0 ? (uint64_t)grown : 0, now);
		if (grown > 0)
			t->high = *news;
	}
	t->received = 0;
	t->same.valid = t->fresh.valid = false;
	return !begins;
}

// --- the tick -----------------------------------------------------------------------------------

void sources_begin(struct sources *s, uint64_t start, uint64_t end)
{
	decay_tick(&s->decay, (double)(end - start) * 1e-9);
	s->start = start;
	s->now = end;
	s->tick++;
	s->n_touched = s->n_touched_samplers = s->n_touched_subs = 0;
	s->received = s->lost = 0;
}

static void merge_agent(struct sources *s, uint32_t i, const struct agent_cell *cell)
{
	struct sub_agent *sub = sources_sub_agent(s, i);
	struct agent *a = sources_agent(s, sub->agent);
	if (sub->tick != s->tick) {
		sub->tick = s->tick;
		s->touched_subs[s->n_touched_subs++] = i;
	}
	const struct sight sight = {
		.valid = true, .sequence = cell->sequence, .uptime = cell->uptime};
	if (cell->datagrams > 0)
		tally_add(&sub->tally, &sight, cell->datagrams,
			  (cell->flags & AGENT_RESTARTED) != 0);
	a->datagrams += cell->datagrams;
	a->bytes += cell->bytes;
	a->duplicates += cell->duplicates;
	a->late += cell->late;
	a->flow_samples += cell->flow_samples;
	a->counters_samples += cell->counters_samples;
	a->discards += cell->discards;
	a->flow_duplicates += cell->flow_duplicates;
	a->flow_late += cell->flow_late;
	a->discard_duplicates += cell->discard_duplicates;
	a->discard_late += cell->discard_late;
	if (cell->last >= a->last) {
		a->last = cell->last;
		a->via = cell->via;
		a->uptime = cell->uptime;
	}
	if (a->first == 0)
		a->first = cell->last;
}

static struct sampler *touch_sampler(struct sources *s, uint32_t i)
{
	struct sampler *m = sources_sampler(s, i);
	if (m->tick != s->tick) {
		m->tick = s->tick;
		s->touched_samplers[s->n_touched_samplers++] = i;
	}
	return m;
}

// @p i: the sampler of the same port's flow samples.
static void merge_discards(struct sources *s, uint32_t i, const struct source_cell *cell,
			   const struct discard_cell *discard)
{
	struct sampler *flows = sources_sampler(s, i);
	const struct sampler id = {.port = flows->port,
				   .sub_agent = flows->sub_agent | SAMPLER_DISCARDS};
	bool is_new;
	if (flows->no_discards)
		return;
	const uint32_t own = roster_enter(&s->sampler, &s->config.secret, &id, &is_new);
	if (own == 0) {
		flows->no_discards = true;
		s->sources_refused++;
		return;
	}
	struct port *p = sources_port(s, id.port);
	sources_agent(s, p->agent)->n_discarding += !p->discarding;
	p->discarding = true;
	const struct sight sight = {
		.valid = true, .sequence = discard->sequence, .drops = discard->drops};
	tally_add(&touch_sampler(s, own)->tally, &sight, discard->samples,
		  (cell->flags & SOURCE_RESTARTED) != 0);
}

static void merge_sampler(struct sources *s, uint32_t i, const struct source_cell *cell)
{
	struct sampler *m = touch_sampler(s, i);
	if (!m->used) {
		struct port *p = sources_port(s, m->port);
		m->used = true;
		p->n_samplers++;
		sources_agent(s, p->agent)->n_ports += p->n_samplers == 1;
		s->conflicts += p->n_samplers == 2;
	}
	m->rate_changed |= (cell->flags & SOURCE_RATE_CHANGED) != 0;
	const struct sight sight = {.valid = true,
				    .sequence = cell->sequence,
				    .pool = cell->pool,
				    .drops = cell->drops};
	tally_add(&m->tally, &sight, cell->samples, (cell->flags & SOURCE_RESTARTED) != 0);
}

static void add_sums(struct source_sums *to, const struct source_sums *from, double f)
{
	to->bytes += from->bytes * f;
	to->frames += from->frames * f;
	to->q_bytes += from->q_bytes * f * f;
	to->q_frames += from->q_frames * f * f;
}

static void merge_source(struct sources *s, uint32_t i, const struct source_cell *cell,
			 uint64_t start)
{
	struct source *o = sources_at(s, i);
	const struct source_sums sums = {cell->bytes, cell->frames, cell->q_bytes, cell->q_frames};
	const uint64_t last = start + cell->last * (uint64_t)1000000;
	if (o->tick != s->tick) {
		o->tick = s->tick;
		s->touched[s->n_touched++] = i;
	}
	if (s->config.correct_loss)
		o->correction = sources_agent(s, sources_port(s, o->port)->agent)->correction;
	add_sums(&o->added, &sums, sources_correction(s, i));
	o->samples += cell->samples;
	o->discards += cell->discards;
	o->flags |= cell->flags;
	if (last >= o->last) {
		o->last = last;
		if (cell->samples > 0)
			o->sampling_rate = cell->rate;
	}
}

void sources_merge(struct sources *s, uint32_t worker, const struct registry *registry,
		   const struct bank *bank)
{
	struct translation *t = &s->worker[worker];
	translate(s, t, registry, bank);
	for (uint32_t i = 0; i < bank->n_touched_agents; i++) {
		const uint32_t local = bank->touched_agents[i];
		const uint32_t sub = local < t->n_agents ? t->sub_agent[local] : 0;
		if (sub != 0)
			merge_agent(s, sub, &bank->agent[local]);
	}
	for (uint32_t i = 0; i < bank->n_touched_sources; i++) {
		const uint32_t local = bank->touched_sources[i];
		const struct source_cell *cell = &bank->source[local];
		merge_source(s, sources_translate(s, worker, local), cell, bank->start);
		const uint32_t sampler = local < t->n_sources ? t->sampler[local] : 0;
		if (sampler != 0 && cell->samples > 0)
			merge_sampler(s, sampler, cell);
		if (sampler != 0 && cell->discards > 0)
			merge_discards(s, sampler, cell, &bank->discard[local]);
	}
}

// Pool and drops grow with the sequence; a sampler whose agent began anew does so too.
static void end_sampler(struct sources *s, struct sampler *m)
{
	struct tally *t = &m->tally;
	const bool discards = (m->sub_agent & SAMPLER_DISCARDS) != 0;
	struct sub_agent *sub = sources_sub_agent(s, m->sub_agent & ~SAMPLER_DISCARDS);
	const uint32_t restarts = (uint32_t)sub->tally.restarts;
	if (m->restarts != restarts && t->high.valid && !t->fresh.valid)
		t->fresh = t->same;
	m->restarts = restarts;
	const struct sight before = t->high;
	const uint64_t lost = t->lost;
	const uint32_t received = t->received;
	const bool goes_on = tally_end(t, s->now);
	if (!goes_on || m->rate_changed) {
		m->pool = m->pool_samples = 0;
	} else if (ahead(t->high.sequence, before.sequence) > 0) {
		m->pool += t->high.pool - before.pool;
		m->pool_samples += received;
	} else {
		m->pool_samples += received;
	}
	const int32_t drops = goes_on ? ahead(t->high.drops, before.drops) : 0;
	m->drops += (uint64_t)(drops > 0 ? drops : 0);
	*(discards ? &sub->discard_drops : &sub->drops) += (uint64_t)(drops > 0 ? drops : 0);
	*(discards ? &sub->lost_discards : &sub->lost_samples) += t->lost - lost;
	m->rate_changed = false;
}

static void end_source(struct sources *s, struct source *o)
{
	const double f = decay_shift(&s->decay, o->gen);
	struct source_sums rate = {0};
	add_sums(&rate, &o->rate, f);
	add_sums(&rate, &o->added, s->decay.add);
	add_sums(&o->total, &o->added, 1);
	o->rate = rate;
	o->gen = s->decay.gen;
	o->added = (struct source_sums){0};
}

double sources_effective(const struct sources *s, const struct port *p, double *n_samples)
{
	uint64_t pool = 0, samples = 0;
	for (uint32_t k = p->first_sampler; k != 0; k = sources_sampler(s, k)->next) {
		pool += sources_sampler(s, k)->pool;
		samples += sources_sampler(s, k)->pool_samples;
	}
	*n_samples = (double)samples;
	return samples > 0 ? (double)pool / (double)samples : 0;
}

static uint32_t doubts_of(const struct sources *s, const struct source *o)
{
	const struct port *p = sources_port(s, o->port);
	const struct agent *agent = sources_agent(s, p->agent);
	const double loss = agent->correction > 1 ? agent->correction : 1;
	double n;
	const double effective = sources_effective(s, p, &n) / loss;
	const double ratio = o->sampling_rate > 0 ? effective / o->sampling_rate : 0;
	const bool differs =
		n >= DOUBT_SAMPLES && ratio > 0 && (ratio > DOUBT_RATIO || ratio < 1 / DOUBT_RATIO);
	return ((o->flags & SOURCE_RATE_ZERO) != 0 ? DOUBT_RATE_ZERO : 0) |
	       (o->sampling_rate > SANE_RATE ? DOUBT_RATE_ABSURD : 0) |
	       (differs ? DOUBT_RATE_DIFFERS : 0) | (p->n_samplers > 1 ? DOUBT_CONFLICT : 0);
}

static void doubt(struct sources *s, struct source *o)
{
	const uint32_t before = o->doubts;
	o->doubts = doubts_of(s, o);
	s->doubtful += (uint64_t)(o->doubts != 0) - (uint64_t)(before != 0);
}

// How many datagrams of late should have come; as many of them as came.
static void end_sub_agent(struct sources *s, struct sub_agent *sub)
{
	struct tally *t = &sub->tally;
	const uint32_t received = t->received;
	const struct sight before = t->high;
	const uint64_t lost = t->lost;
	const bool goes_on = tally_end(t, s->now);
	s->received += received;
	s->lost += t->lost > lost ? t->lost - lost : 0;
	s->missing += t->lost > lost ? t->lost - lost : 0;
	if (!goes_on) {
		sub->due = sub->got = 0;
		return;
	}
	const int32_t grown = ahead(t->high.sequence, before.sequence);
	sub->due += fmin(grown > 0 ? grown : 0, received * (double)SOURCE_CORRECTION_MAX);
	sub->got += received;
	if (sub->due < SOURCE_LOSS_WINDOW)
		return;
	sub->due /= 2;
	sub->got /= 2;
}

static void correct(struct sources *s, struct agent *a)
{
	double due = 0, got = 0;
	for (uint32_t k = a->first_sub; k != 0; k = sources_sub_agent(s, k)->next) {
		due += sources_sub_agent(s, k)->due;
		got += sources_sub_agent(s, k)->got;
	}
	a->correction = got > 0 ? fmin(fmax(due / got, 1), SOURCE_CORRECTION_MAX) : 1;
	s->most_correction = fmax(s->most_correction, a->correction);
	if (a->source != 0) // nothing is merged into it, but flows are
		sources_at(s, a->source)->correction = a->correction;
}

void sources_end(struct sources *s)
{
	s->most_correction = 1;
	for (uint32_t i = 0; i < s->n_touched_subs; i++) {
		struct sub_agent *sub = sources_sub_agent(s, s->touched_subs[i]);
		end_sub_agent(s, sub);
		correct(s, sources_agent(s, sub->agent));
	}
	for (uint32_t i = 0; i < s->n_touched_samplers; i++)
		end_sampler(s, sources_sampler(s, s->touched_samplers[i]));
	for (uint32_t i = 0; i < s->n_touched; i++)
		end_source(s, sources_at(s, s->touched[i]));
	for (uint32_t i = 0; i < s->n_touched; i++)
		doubt(s, sources_at(s, s->touched[i]));
}

// --- reading ------------------------------------------------------------------------------------

struct source_sums sources_rate(const struct sources *s, uint32_t i)
{
	const struct source *o = sources_at(s, i);
	struct source_sums rate = {0};
	add_sums(&rate, &o->rate, decay_shift(&s->decay, o->gen) * s->decay.scale);
	return rate;
}

uint32_t sources_of(const struct sources *s, const struct addr *agent, uint32_t ds_class,
		    uint32_t ds_index, uint32_t out[3])
{
	const struct agent a = {.addr = *agent};
	const struct port p = {.agent = roster_find(&s->agent, &s->config.secret, &a),
			       .ds_class = ds_class,
			       .ds_index = ds_index};
	const uint32_t port = roster_find(&s->port, &s->config.secret, &p);
	uint32_t n = 0;
	for (uint32_t d = 0; d < 3 && port != 0; d++) {
		out[n] = sources_port(s, port)->source[d];
		n += out[n] != 0;
	}
	return n;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int sources_order(const void *ctx, uint32_t a, uint32_t b)
{
	const struct sources *s = ctx;
	const struct source *x = sources_at(s, a), *y = sources_at(s, b);
	const struct port *p = sources_port(s, x->port), *q = sources_port(s, y->port);
	const struct addr *u = &sources_agent(s, p->agent)->addr;
	const struct addr *v = &sources_agent(s, q->agent)->addr;
	int c = compare_u32(u->family, v->family);
	if (c == 0)
		c = memcmp(u->bytes, v->bytes, sizeof(u->bytes));
	if (c == 0)
		c = compare_u32(p->ds_class, q->ds_class);
	if (c == 0)
		c = compare_u32(p->ds_index, q->ds_index);
	if (c == 0)
		c = compare_u32(p->named, q->named);
	return c != 0 ? c : compare_u32(x->direction, y->direction);
}
