// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/query.h"

#include <math.h>
#include <string.h>

#include "analyzer/metric_row.h"
#include "analyzer/state.h"

const char *const source_flag_words[SOURCE_WORDS] = {"restarted", "rate_zero", "rate_changed",
						     "rate_absurd", "events"};
const char *const source_doubt_words[SOURCE_WORDS] = {"rate_zero", "rate_absurd", "rate_differs",
						      "conflict"};

static void copy_name(char to[SOURCE_NAME_SIZE], const char *from)
{
	memset(to, 0, SOURCE_NAME_SIZE);
	memcpy(to, from, strnlen(from, SOURCE_NAME_SIZE - 1));
}

const char *query_agent_name(const struct analyzer *a, const struct agent *agent)
{
	if (agent->name[0] != '\0')
		return agent->name;
	const struct names_row *said = names_agent(a->names, &agent->addr);
	return said != NULL ? said->name : "";
}

struct known query_known(const struct analyzer *a, uint32_t port)
{
	const struct port *p = sources_port(&a->sources, port);
	const struct agent *agent = sources_agent(&a->sources, p->agent);
	const struct names_row *said = a->names != NULL && p->ds_class == 0 && p->named == 0
					       ? names_port(a->names, &agent->addr, p->ds_index)
					       : NULL;
	return (struct known){
		.agent = query_agent_name(a, agent),
		.port = p->name[0] != '\0' || said == NULL ? p->name : said->name,
		.link = said != NULL && said->link[0] != '\0' ? said->link : NULL,
		.speed = p->speed != 0 || said == NULL ? p->speed : said->speed,
	};
}

static void fill_port(const struct analyzer *a, uint32_t port, struct flow_row *row)
{
	const struct port *p = sources_port(&a->sources, port);
	const struct known known = query_known(a, port);
	row->agent = sources_agent(&a->sources, p->agent)->addr;
	row->ds_class = p->ds_class;
	row->ds_index = p->ds_index;
	row->source = sources_port_name(&a->sources, p);
	copy_name(row->agent_name, known.agent);
	copy_name(row->port_name, known.port);
}

void query_fill_source(const struct analyzer *a, uint32_t source, struct flow_row *row)
{
	const struct source *o = sources_at(&a->sources, source);
	fill_port(a, o->port, row);
	row->direction = o->direction;
}

void query_counter_row(const struct analyzer *a, const struct counter_event *e,
		       struct flow_row *row)
{
	*row = (struct flow_row){
		.direction = DIRECTION_UNKNOWN,
		.value = e->value,
		.uncorrected = e->value,
		.last = e->time,
	};
	fill_port(a, e->port, row);
}

bool query_find(const struct analyzer *a, const char *name, uint32_t *def)
{
	const struct flow_def *found = program_find(a->set.program, name);
	if (found != NULL)
		*def = (uint32_t)(found - a->set.program->def);
	return found != NULL;
}

const struct program *query_program(const struct analyzer *a)
{
	return a->set.program;
}

uint32_t query_n_flows(const struct analyzer *a)
{
	return a->set.program->n_def;
}

const struct flow_def *query_flow(const struct analyzer *a, uint32_t def)
{
	return &a->set.program->def[def];
}

void query_row(const struct analyzer *a, const struct flow *f, uint32_t entry, struct flow_row *row)
{
	const struct store *s = &f->store;
	const struct store_rate rate = store_rate(s, entry);
	const struct store_past *past = store_past(s, entry);
	*row = (struct flow_row){
		.key_size = f->def->key_size,
		.value = rate.value,
		.error = QUERY_Z95 * sqrt(rate.q),
		.n_effective = rate.n_effective,
		.inherited = rate.inherited,
		.uncorrected = rate.value / sources_correction(&a->sources, store_source(s, entry)),
		.samples = past->n,
		.last = past->last,
		.n_values = f->def->n_value,
	};
	query_fill_source(a, store_source(s, entry), row);
	// Our number of the source means nothing outside.
	memcpy(row->key + PROGRAM_KEY_SOURCE, store_entry(s, entry)->key + PROGRAM_KEY_SOURCE,
	       (size_t)f->def->key_size - PROGRAM_KEY_SOURCE);
	struct strbuf text = strbuf_of(row->key_text, sizeof(row->key_text));
	flow_def_key_format(f->def, row->key, &text);
	for (unsigned k = 0; k < f->def->n_value; k++)
		row->values[k] = store_cell(s, entry, k);
}

void query_summary(const struct flow *f, struct flow_summary *summary)
{
	const struct store *s = &f->store;
	// Figures do not add up: nothing is said of totals.
	const double scale = s->figure == NULL ? s->decay.scale : 0;
	*summary = (struct flow_summary){
		.total = s->total * scale,
		.tracked = fmax(0, s->total - s->inherited) * scale,
		.floor = (s->floor_tables + s->floor_lost) * scale,
		.entries = s->used,
		.capacity = s->config.entries,
		.samples = f->samples,
		.evicted = s->evicted,
		.relabelled = f->relabelled,
		.sources = s->n_sources,
		.n = f->def->n,
		.n_kept = store_kept(s),
	};
}

static uint32_t fill_rows(const struct analyzer *a, const struct flow *f, uint32_t n,
			  struct flow_row *rows)
{
	for (uint32_t i = 0; i < n; i++)
		query_row(a, f, a->set.pick[i], &rows[i]);
	return n;
}

size_t query_top(const struct analyzer *a, uint32_t def, struct flow_row *rows, size_t n,
		 struct flow_summary *summary)
{
	const struct flow *f = a->set.flow[def];
	const uint32_t most = f->store.config.top;
	if (summary != NULL)
		query_summary(f, summary);
	return fill_rows(a, f, store_top(&f->store, a->set.pick, n < most ? (uint32_t)n : most),
			 rows);
}

size_t query_agents(const struct analyzer *a, size_t from, struct agent_row *rows, size_t n)
{
	const struct sources *s = &a->sources;
	size_t len = 0;
	for (size_t i = from + 1; i <= s->agent.n && len < n; i++) {
		const struct agent *agent = sources_agent(s, (uint32_t)i);
		struct agent_row *row = &rows[len++];
		*row = (struct agent_row){
			.agent = agent->addr,
			.sub_agents = agent->n_subs,
			.via = agent->via,
			.datagrams = agent->datagrams,
			.bytes = agent->bytes,
			.duplicates = agent->duplicates,
			.late = agent->late,
			.flow_samples = agent->flow_samples,
			.counters_samples = agent->counters_samples,
			.discards = agent->discards,
			.flow_duplicates = agent->flow_duplicates,
			.flow_late = agent->flow_late,
			.discard_duplicates = agent->discard_duplicates,
			.discard_late = agent->discard_late,
			.discard_sources = agent->n_discarding,
			.sources = agent->n_ports,
			.counters_sources = a->metrics.agent[i].ports,
			.counters_lost = a->metrics.agent[i].lost,
			.counters_duplicates = a->metrics.agent[i].duplicates,
			.counters_late = a->metrics.agent[i].late,
			.uptime = agent->uptime,
			.first = agent->first,
			.last = agent->last,
		};
		copy_name(row->name, query_agent_name(a, agent));
		for (uint32_t k = agent->first_sub; k != 0; k = sources_sub_agent(s, k)->next) {
			const struct sub_agent *sub = sources_sub_agent(s, k);
			const struct tally *t = &sub->tally;
			row->lost += t->lost;
			row->duplicates += t->surplus;
			row->restarts += t->restarts;
			row->lost_samples += sub->lost_samples;
			row->drops += sub->drops;
			row->lost_discards += sub->lost_discards;
			row->discard_drops += sub->discard_drops;
		}
	}
	return len;
}

static void fill_sampling(const struct sources *s, const struct port *p, struct source_row *row)
{
	double n;
	for (uint32_t k = p->first_sampler; k != 0; k = sources_sampler(s, k)->next) {
		const struct sampler *m = sources_sampler(s, k);
		row->lost_samples += m->tally.lost;
		row->drops += m->drops;
	}
	row->effective_rate = sources_effective(s, p, &n);
}

static void fill_source_row(const struct analyzer *a, uint32_t i, struct source_row *row)
{
	const struct sources *s = &a->sources;
	const struct source *o = sources_at(s, i);
	const struct port *p = sources_port(s, o->port);
	const struct agent *agent = sources_agent(s, p->agent);
	const struct source_sums rate = sources_rate(s, i);
	*row = (struct source_row){
		.agent = agent->addr,
		.sub_agents = p->n_samplers,
		.ds_class = p->ds_class,
		.ds_index = p->ds_index,
		.source = sources_port_name(s, p),
		.direction = o->direction,
		.samples = o->samples,
		.bytes = o->total.bytes,
		.frames = o->total.frames,
		.bytes_rate = rate.bytes,
		.frames_rate = rate.frames,
		.bytes_error = QUERY_Z95 * sqrt(rate.q_bytes),
		.frames_error = QUERY_Z95 * sqrt(rate.q_frames),
		.sampling_rate = o->sampling_rate,
		.discards = o->discards,
		.last = o->last,
		.flags = o->flags,
		.doubts = o->doubts,
		.correction = agent->correction > 1 ? agent->correction : 1,
		.corrected = s->config.correct_loss,
	};
	const struct known known = query_known(a, o->port);
	row->speed = known.speed;
	copy_name(row->agent_name, known.agent);
	copy_name(row->port_name, known.port);
	fill_sampling(s, p, row);
}

size_t query_sources(const struct analyzer *a, size_t from, struct source_row *rows, size_t n)
{
	size_t len = 0;
	for (size_t i = from + 1; i <= a->sources.source.n && len < n; i++)
		fill_source_row(a, (uint32_t)i, &rows[len++]);
	return len;
}

static uint32_t sampling_rate_of(const struct sources *s, const struct port *p, uint32_t direction)
{
	if (p->source[direction] != 0 && sources_at(s, p->source[direction])->sampling_rate != 0)
		return sources_at(s, p->source[direction])->sampling_rate;
	for (unsigned d = 0; d < 3; d++)
		if (p->source[d] != 0 && sources_at(s, p->source[d])->sampling_rate != 0)
			return sources_at(s, p->source[d])->sampling_rate;
	return 0;
}

static void fill_audit(const struct analyzer *a, uint32_t port, uint32_t direction,
		       struct audit_row *row)
{
	const struct sources *s = &a->sources;
	const struct port *p = sources_port(s, port);
	const struct known known = query_known(a, port);
	const struct agent *agent = sources_agent(s, p->agent);
	const double loss = agent->correction > 1 ? agent->correction : 1;
	double n;
	const struct audit_evidence evidence = {
		.sampling_rate = sampling_rate_of(s, p, direction),
		.effective_rate = sources_effective(s, p, &n) / loss,
		.correction = s->config.correct_loss ? 1 : loss,
	};
	const struct audit_finding f = audit_judge(&p->audit, direction, &evidence);
	*row = (struct audit_row){
		.agent = agent->addr,
		.ds_class = p->ds_class,
		.ds_index = p->ds_index,
		.direction = direction,
		.seconds = f.seconds,
		.counted = f.counted,
		.sampled = f.sampled,
		.error = f.error,
		.sampling_rate = evidence.sampling_rate,
		.effective_rate = evidence.effective_rate,
		.implied_rate = f.implied_rate,
		.verdict = f.verdict,
		.text = audit_text(f.verdict),
	};
	copy_name(row->agent_name, known.agent);
	copy_name(row->port_name, known.port);
}

size_t query_audit(const struct analyzer *a, size_t *from, struct audit_row *rows, size_t n)
{
	const struct sources *s = &a->sources;
	const size_t end = *from + 1024 < s->port.n ? *from + 1024 : s->port.n;
	size_t len = 0;
	for (; *from < end && len + 2 <= n; (*from)++) {
		const struct port *p = sources_port(s, (uint32_t)*from + 1);
		if (p->audit.intervals == 0)
			continue;
		if (p->source[DIRECTION_INGRESS] == 0 && p->source[DIRECTION_EGRESS] == 0 &&
		    p->audit.sampled[DIRECTION_UNKNOWN].bytes > 0) {
			fill_audit(a, (uint32_t)*from + 1, DIRECTION_UNKNOWN, &rows[len++]);
			continue;
		}
		fill_audit(a, (uint32_t)*from + 1, DIRECTION_INGRESS, &rows[len++]);
		fill_audit(a, (uint32_t)*from + 1, DIRECTION_EGRESS, &rows[len++]);
	}
	return len;
}

const struct catalog *query_catalog(const struct analyzer *a)
{
	return &a->metrics.catalog;
}

struct topology *query_topology(const struct analyzer *a, uint32_t *version)
{
	*version = a->topology_version;
	return a->topology;
}

struct topology_place query_place_of(const struct analyzer *a, uint32_t port)
{
	const struct port *p = sources_port(&a->sources, port);
	const struct agent *agent = sources_agent(&a->sources, p->agent);
	const struct known known = query_known(a, port);
	const struct topology_sight sight = {
		.agent = &agent->addr,
		.agent_name = known.agent,
		.ds_class = p->ds_class,
		.ds_index = p->ds_index,
		.port_name = known.port,
	};
	return topology_find(a->topology, &sight);
}

size_t query_places(const struct analyzer *a, size_t from, struct place_row *rows, size_t n)
{
	size_t len = 0;
	for (size_t i = from + 1; i <= a->sources.port.n && len < n; i++) {
		const struct port *p = sources_port(&a->sources, (uint32_t)i);
		const struct agent *agent = sources_agent(&a->sources, p->agent);
		const struct topology_place at = query_place_of(a, (uint32_t)i);
		const struct known known = query_known(a, (uint32_t)i);
		rows[len++] = (struct place_row){
			.agent = agent->addr,
			.ds_class = p->ds_class,
			.ds_index = p->ds_index,
			.agent_name = known.agent,
			.port_name = known.port,
			.node = at.node,
			.port = at.port,
			.link = at.link != NULL ? at.link->name : known.link,
			.second = at.second,
			.edge = at.role == TOPOLOGY_EDGE,
		};
	}
	return len;
}

static bool is_counter(const struct analyzer *a, const char *name)
{
	const struct row_counter c = row_counter_of(a, name, strlen(name));
	return c.number >= 0 || c.text != 0;
}

size_t query_thresholds(const struct analyzer *a, size_t from, struct threshold_row *rows, size_t n)
{
	size_t len = 0;
	for (size_t i = from; i < a->set.n_thresholds && len < n; i++) {
		const struct threshold *t = a->set.threshold[i];
		const struct threshold_tally tally = threshold_tally(t);
		rows[len++] = (struct threshold_row){
			.name = t->spec.name,
			.metric = t->spec.metric,
			.value = t->spec.value,
			.timeout = t->spec.timeout,
			.by_flow = t->spec.by_flow,
			.dormant = t->flow == NULL && !is_counter(a, t->spec.metric),
			.below_floor = t->triggers.below_floor,
			.triggered = tally.triggered,
			.events = t->events + tally.events,
		};
	}
	return len;
}

uint32_t query_n_thresholds(const struct analyzer *a)
{
	return a->set.n_thresholds;
}

void query_stats(const struct analyzer *a, struct analyzer_stats *stats)
{
	const struct sources *s = &a->sources;
	*stats = (struct analyzer_stats){
		.ticks = a->ticks,
		.agents = s->agent.n,
		.sub_agents = s->sub_agent.n,
		.sources = s->source.n,
		.agents_full = s->agents_refused,
		.sources_full = s->sources_refused,
		.datagrams_lost = s->missing,
		.doubtful = s->doubtful,
		.ds_conflict = s->conflicts,
		.events = a->events,
		.events_lost = a->events_lost,
		.triggered_full = a->triggered_full,
	};
	for (uint32_t i = 0; i < a->set.n_thresholds; i++)
		stats->triggered_full += threshold_tally(a->set.threshold[i]).full;
	for (uint32_t i = 0; i < a->set.program->n_def; i++)
		stats->completed_lost += a->set.flow[i]->store.spans.lost;
}

uint64_t query_seen(const struct analyzer *a, uint32_t field, uint32_t occurrence)
{
	return field < N_FIELDS && occurrence < SEEN_OCCURRENCES
		       ? a->seen[field * SEEN_OCCURRENCES + occurrence]
		       : 0;
}

size_t query_event_fields(const struct analyzer *a, struct event_field *out, size_t max)
{
	const size_t n = a->event_fields.n < max ? a->event_fields.n : max;
	memcpy(out, a->event_fields.at, n * sizeof(*out));
	return n;
}

bool query_has_event_field(const struct analyzer *a, const char *name)
{
	return event_fields_find((struct event_fields *)&a->event_fields, name, strlen(name)) !=
	       NULL;
}

void query_unknown(const struct analyzer *a, struct unknown_tags *unknown)
{
	*unknown = a->unknown;
}
