// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/message.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "common/text.h"
#include "program/key.h"

// A message in the making. After the first allocation that failed the rest is harmless, and the
// message is dropped at the end.
struct builder {
	struct arena *arena;
	const struct message_head *head;
	bool failed;
};

static Weir__Flow **flows_of(struct builder *b, const struct flow_def *def,
			     const struct flow_row *rows, size_t n);
static Weir__CompletedFlow **completed_of(struct builder *b, const struct flow_def *def,
					  const struct completed_row *rows, size_t n);
static Weir__Field **fields_of(struct builder *b, const struct flow_def *def);
static char **value_names_of(struct builder *b, const struct flow_def *def);
static char *unit_of(struct builder *b, const struct flow_def *def);
static char *text_of(struct builder *b, const char *text);
static void *alloc(struct builder *b, size_t n, size_t size);
static void *pointers(struct builder *b, size_t n, size_t size);
static uint64_t unix_time(const struct builder *b, uint64_t time);
static Weir__Topic **topics_of(struct builder *b, const struct message_topic *topics, size_t n);
static void set_names(struct builder *b, Weir__Stats *m, const struct message_stats *stats);
static void set_thresholds(struct builder *b, Weir__Stats *m, const struct message_stats *stats);
static void set_counters(struct builder *b, Weir__Stats *m, const struct message_stats *stats);
static void set_ledgers(struct builder *b, Weir__Stats *m, const struct stats *sum);
static void set_inputs(struct builder *b, Weir__Stats *m, const struct message_stats *stats);
static void set_memory(struct builder *b, Weir__Stats *m, const struct message_stats *stats);
static void set_aggregator(struct builder *b, Weir__Stats *m,
			   const struct message_aggregator *from);
static void set_analyzer(struct builder *b, Weir__Stats *m, const struct analyzer_stats *from);
static void set_publisher(struct builder *b, Weir__Stats *m, const struct message_publisher *from);
static void set_unknown(struct builder *b, Weir__Stats *m, const struct unknown_tags *from);

// The fields that all messages share by name.
#define SET_HEAD(m, b)                                           \
	((m)->run = (b)->head->run, (m)->tick = (b)->head->tick, \
	 (m)->time = unix_time((b), (b)->head->time))

// Those that tell of a definition.
#define SET_DEFINITION(m, b, def)                                                                 \
	((m)->name = text_of((b), (def)->name), (m)->keys = text_of((b), (def)->keys),            \
	 (m)->value = text_of((b), (def)->value), (m)->filter = text_of((b), (def)->filter_text), \
	 (m)->n_fields = (def)->n_part, (m)->fields = fields_of((b), def),                        \
	 (m)->separator = text_of((b), (def)->fs))

Weir__FlowSet *message_flow_set(struct arena *a, const struct message_head *head,
				const struct message_flows *flows)
{
	struct builder b = {.arena = a, .head = head};
	const struct flow_def *def = flows->def;
	const struct flow_summary *s = &flows->summary;
	Weir__FlowSet *m = alloc(&b, 1, sizeof(*m));
	if (m == NULL)
		return NULL;
	weir__flow_set__init(m);
	SET_HEAD(m, &b);
	SET_DEFINITION(m, &b, def);
	m->n_value_names = def->n_value;
	m->value_names = value_names_of(&b, def);
	m->unit = unit_of(&b, def);
	m->t = def->t, m->n = def->n, m->dropped = def->dropped;
	m->interval = flows->interval;
	m->total = s->total, m->tracked = s->tracked, m->floor = s->floor;
	m->entries = s->entries, m->capacity = s->capacity;
	m->samples = s->samples, m->evicted = s->evicted;
	m->n_flows = flows->n_rows;
	m->flows = flows_of(&b, def, flows->rows, flows->n_rows);
	return b.failed ? NULL : m;
}

Weir__Event *message_event(struct arena *a, const struct message_head *head,
			   const struct flow_def *def, const struct threshold_event *event)
{
	struct builder b = {.arena = a, .head = head};
	Weir__Event *m = alloc(&b, 1, sizeof(*m));
	if (m == NULL)
		return NULL;
	weir__event__init(m);
	SET_HEAD(m, &b);
	m->time = unix_time(&b, event->time);
	m->id = event->id;
	m->threshold = text_of(&b, event->threshold);
	m->metric = text_of(&b, event->metric);
	m->limit = event->limit;
	m->counter = def == NULL;
	Weir__Flow **flow = flows_of(&b, def, event->row, 1);
	m->flow = flow != NULL ? flow[0] : NULL;
	if (def == NULL) {
		if (m->flow != NULL && event->source != NULL)
			m->flow->data_source = text_of(&b, event->source);
		return b.failed ? NULL : m;
	}
	m->unit = unit_of(&b, def);
	m->n_fields = def->n_part;
	m->fields = fields_of(&b, def);
	m->separator = text_of(&b, def->fs);
	m->value = text_of(&b, def->value);
	m->n_value_names = def->n_value;
	m->value_names = value_names_of(&b, def);
	return b.failed ? NULL : m;
}

Weir__CompletedSet *message_completed(struct arena *a, const struct message_head *head,
				      const struct flow_def *def, const struct completed_row *rows,
				      size_t n)
{
	struct builder b = {.arena = a, .head = head};
	Weir__CompletedSet *m = alloc(&b, 1, sizeof(*m));
	if (m == NULL)
		return NULL;
	weir__completed_set__init(m);
	SET_HEAD(m, &b);
	SET_DEFINITION(m, &b, def);
	m->unit = text_of(&b, def->value);
	m->dropped = def->dropped;
	m->at_start = def->flow_start;
	m->n_flows = n;
	m->flows = completed_of(&b, def, rows, n);
	return b.failed ? NULL : m;
}

Weir__Stats *message_stats(struct arena *a, const struct message_head *head,
			   const struct message_stats *stats,
			   const struct message_publisher *publisher,
			   const struct message_topic *topics, size_t n_topics)
{
	struct builder b = {.arena = a, .head = head};
	Weir__Stats *m = alloc(&b, 1, sizeof(*m));
	if (m == NULL)
		return NULL;
	weir__stats__init(m);
	SET_HEAD(m, &b);
	m->version = (char *)WEIR_VERSION;
	m->start = unix_time(&b, stats->start);
	set_names(&b, m, stats);
	set_thresholds(&b, m, stats);
	set_counters(&b, m, stats);
	set_inputs(&b, m, stats);
	set_memory(&b, m, stats);
	set_aggregator(&b, m, &stats->aggregator);
	set_analyzer(&b, m, &stats->analyzer);
	set_unknown(&b, m, stats->unknown);
	set_publisher(&b, m, publisher);
	m->n_topics = n_topics;
	m->topics = topics_of(&b, topics, n_topics);
	return b.failed ? NULL : m;
}

Weir__Final *message_final(struct arena *a, const struct message_head *head, const char *reason,
			   const struct message_topic *topics, size_t n_topics)
{
	struct builder b = {.arena = a, .head = head};
	Weir__Final *m = alloc(&b, 1, sizeof(*m));
	if (m == NULL)
		return NULL;
	weir__final__init(m);
	SET_HEAD(m, &b);
	m->reason = text_of(&b, reason);
	m->n_topics = n_topics;
	m->topics = topics_of(&b, topics, n_topics);
	return b.failed ? NULL : m;
}

static void *alloc(struct builder *b, size_t n, size_t size)
{
	void *p = arena_array(b->arena, n, size);
	b->failed |= p == NULL;
	return p;
}

// What protobuf-c takes for a repeated message: an array of pointers, here to items side by side.
static void *pointers(struct builder *b, size_t n, size_t size)
{
	char *items = alloc(b, n, size);
	void **p = alloc(b, n, sizeof(*p));
	for (size_t i = 0; i < n && !b->failed; i++)
		p[i] = items + i * size;
	return b->failed ? NULL : p;
}

static uint64_t unix_time(const struct builder *b, uint64_t time)
{
	return time + (uint64_t)b->head->offset; // two's complement: a negative offset subtracts
}

// protobuf-c only reads texts, though its pointers are not const.
static char *text_of(struct builder *b, const char *text)
{
	if (text == NULL)
		return (char *)protobuf_c_empty_string;
	if (text_is_utf8(text))
		return (char *)text;
	char *copy = arena_strndup(b->arena, text, strlen(text));
	if (copy == NULL)
		b->failed = true;
	else
		text_make_utf8(copy);
	return copy;
}

// "4", or "2.1" for a class other than ifIndex.
static char *source_text(struct builder *b, uint32_t ds_class, uint32_t ds_index)
{
	char text[24];
	const int len = ds_class == 0 ? snprintf(text, sizeof(text), "%u", ds_index)
				      : snprintf(text, sizeof(text), "%u.%u", ds_class, ds_index);
	char *copy = arena_strndup(b->arena, text, (size_t)len);
	b->failed |= copy == NULL;
	return copy;
}

static char *unit_of(struct builder *b, const struct flow_def *def)
{
	const size_t size = strlen(def->value) + sizeof("/s");
	char *text = alloc(b, 1, size);
	if (text == NULL)
		return NULL;
	snprintf(text, size, flow_def_is_rate(def) ? "%s/s" : "%s", def->value);
	text_make_utf8(text);
	return text;
}

static Weir__Kind kind_of(const struct field *f)
{
	if (f == NULL)
		return WEIR__KIND__KIND_ABSENT;
	switch ((enum field_kind)f->kind) {
	case KIND_UINT: return WEIR__KIND__KIND_UINT;
	case KIND_IP4: return WEIR__KIND__KIND_IP4;
	case KIND_IP6: return WEIR__KIND__KIND_IP6;
	case KIND_MAC: return WEIR__KIND__KIND_MAC;
	case KIND_BOOL: return WEIR__KIND__KIND_BOOL;
	case KIND_FLAGS: return WEIR__KIND__KIND_FLAGS;
	case KIND_IFINDEX: return WEIR__KIND__KIND_IFINDEX;
	case KIND_DIRECTION: return WEIR__KIND__KIND_DIRECTION;
	case KIND_REASON: return WEIR__KIND__KIND_REASON;
	case KIND_TEXT: return WEIR__KIND__KIND_TEXT;
	}
	return WEIR__KIND__KIND_ABSENT;
}

static Weir__Direction direction_of(uint32_t direction)
{
	return direction == DIRECTION_INGRESS  ? WEIR__DIRECTION__DIRECTION_INGRESS
	       : direction == DIRECTION_EGRESS ? WEIR__DIRECTION__DIRECTION_EGRESS
					       : WEIR__DIRECTION__DIRECTION_UNKNOWN;
}

// The next component of the definition's keys as written; @p keys moves behind it.
static char *expression_of(struct builder *b, const char **keys)
{
	const char *text = *keys;
	size_t len = key_split(text, strlen(text), ',');
	*keys += len + (text[len] == ',');
	key_trim(&text, &len);
	char *copy = arena_strndup(b->arena, text, len);
	b->failed |= copy == NULL;
	if (copy != NULL)
		text_make_utf8(copy);
	return copy;
}

static Weir__Field **fields_of(struct builder *b, const struct flow_def *def)
{
	const char *keys = def->keys;
	Weir__Field **fields = pointers(b, def->n_part, sizeof(**fields));
	for (unsigned i = 0; fields != NULL && i < def->n_part; i++) {
		const struct key_expr *expr = &def->part[i].expr;
		const struct field *f = expr->alt[0].field;
		weir__field__init(fields[i]);
		fields[i]->text = expression_of(b, &keys);
		fields[i]->name = text_of(b, f->name);
		fields[i]->kind = kind_of(f);
		fields[i]->bits = f->bits;
		fields[i]->optional = expr->optional;
	}
	return fields;
}

static char **value_names_of(struct builder *b, const struct flow_def *def)
{
	char **names = alloc(b, def->n_value, sizeof(*names));
	for (unsigned i = 0; names != NULL && i < def->n_value; i++)
		names[i] = text_of(b, def->cell[i].text);
	return names;
}

static Weir__Part **parts_of(struct builder *b, const struct flow_def *def,
			     const struct flow_row *row)
{
	Weir__Part **parts = pointers(b, def->n_part, sizeof(**parts));
	for (unsigned i = 0; parts != NULL && i < def->n_part; i++) {
		const uint8_t *value;
		const struct field *f = flow_def_key_part(def, row->key, i, &value);
		weir__part__init(parts[i]);
		parts[i]->kind = kind_of(f);
		if (f != NULL) {
			parts[i]->value.data = (uint8_t *)value;
			parts[i]->value.len = f->kind == KIND_TEXT
						      ? strnlen((const char *)value, f->size)
						      : f->size;
		}
	}
	return parts;
}

static void set_flow(struct builder *b, Weir__Flow *m, const struct flow_def *def,
		     const struct flow_row *row)
{
	weir__flow__init(m);
	m->key = text_of(b, row->key_text);
	m->n_parts = def != NULL ? def->n_part : 0;
	m->parts = def != NULL ? parts_of(b, def, row) : NULL;
	m->value = row->value, m->error = row->error;
	m->n_effective = row->n_effective, m->inherited = row->inherited;
	m->uncorrected = row->uncorrected != row->value ? row->uncorrected : 0;
	m->samples = row->samples;
	m->last = unix_time(b, row->last);
	m->n_values = row->n_values;
	m->values = (double *)row->values;
	char *agent = alloc(b, 1, ADDR_TEXT_SIZE);
	m->agent = agent != NULL ? addr_text(&row->agent, agent) : NULL;
	m->ds_class = row->ds_class, m->ds_index = row->ds_index;
	m->data_source = row->source != NULL ? text_of(b, row->source)
					     : source_text(b, row->ds_class, row->ds_index);
	m->direction = direction_of(row->direction);
	m->agent_name = text_of(b, row->agent_name);
	m->port_name = text_of(b, row->port_name);
}

static Weir__Flow **flows_of(struct builder *b, const struct flow_def *def,
			     const struct flow_row *rows, size_t n)
{
	Weir__Flow **flows = pointers(b, n, sizeof(**flows));
	for (size_t i = 0; flows != NULL && i < n; i++)
		set_flow(b, flows[i], def, &rows[i]);
	return flows;
}

static Weir__CompletedFlow **completed_of(struct builder *b, const struct flow_def *def,
					  const struct completed_row *rows, size_t n)
{
	Weir__CompletedFlow **list = pointers(b, n, sizeof(**list));
	Weir__Flow **flows = pointers(b, n, sizeof(**flows));
	for (size_t i = 0; list != NULL && flows != NULL && i < n; i++) {
		weir__completed_flow__init(list[i]);
		set_flow(b, flows[i], def, &rows[i].flow);
		list[i]->flow = flows[i];
		list[i]->start = unix_time(b, rows[i].start);
		list[i]->end = unix_time(b, rows[i].end);
	}
	return list;
}

static Weir__Topic **topics_of(struct builder *b, const struct message_topic *topics, size_t n)
{
	Weir__Topic **list = pointers(b, n, sizeof(**list));
	for (size_t i = 0; list != NULL && i < n; i++) {
		weir__topic__init(list[i]);
		list[i]->text = text_of(b, topics[i].text);
		list[i]->sequence = topics[i].sequence;
	}
	return list;
}

static void set_names(struct builder *b, Weir__Stats *m, const struct message_stats *stats)
{
	const uint32_t n_def = stats->program->n_def;
	m->flows = alloc(b, n_def, sizeof(*m->flows));
	for (; m->flows != NULL && m->n_flows < n_def; m->n_flows++)
		m->flows[m->n_flows] = text_of(b, stats->program->def[m->n_flows].name);
}

static void set_thresholds(struct builder *b, Weir__Stats *m, const struct message_stats *stats)
{
	m->thresholds = pointers(b, stats->n_thresholds, sizeof(**m->thresholds));
	for (; m->thresholds != NULL && m->n_thresholds < stats->n_thresholds; m->n_thresholds++) {
		const struct threshold_row *from = &stats->thresholds[m->n_thresholds];
		Weir__Threshold *to = m->thresholds[m->n_thresholds];
		weir__threshold__init(to);
		to->name = text_of(b, from->name);
		to->metric = text_of(b, from->metric);
		to->value = from->value, to->timeout = from->timeout;
		to->by_flow = from->by_flow, to->below_floor = from->below_floor;
		to->triggered = from->triggered, to->events = from->events;
	}
}

static Weir__Role role_of(uint8_t role)
{
	static const Weir__Role roles[] = {
		[STAT_ROLE_RECEIVED] = WEIR__ROLE__ROLE_RECEIVED,
		[STAT_ROLE_USED] = WEIR__ROLE__ROLE_USED,
		[STAT_ROLE_REASON] = WEIR__ROLE__ROLE_REASON,
		[STAT_ROLE_INFO] = WEIR__ROLE__ROLE_INFO,
	};
	return roles[role];
}

// A consistent copy of one worker's counters, each read once.
static uint64_t *snapshot(struct builder *b, const struct stats *live, struct stats *sum)
{
	uint64_t *values = alloc(b, N_STATS, sizeof(*values));
	for (unsigned i = 0; values != NULL && i < N_STATS; i++) {
		values[i] = stats_read(live, (enum stat_id)i);
		sum->v[i] += values[i];
	}
	return values;
}

static Weir__Timing *timing_of(struct builder *b, const struct message_timing *from)
{
	Weir__Timing *to = alloc(b, 1, sizeof(*to));
	if (to == NULL)
		return NULL;
	weir__timing__init(to);
	to->n = from->n, to->sum = from->sum, to->max = from->max;
	to->p50 = from->p50, to->p99 = from->p99, to->p999 = from->p999;
	to->p9999 = from->p9999;
	return to;
}

static void set_counters(struct builder *b, Weir__Stats *m, const struct message_stats *stats)
{
	struct stats *sum = alloc(b, 1, sizeof(*sum));
	m->counters = pointers(b, N_STATS, sizeof(**m->counters));
	m->workers = pointers(b, stats->n_workers, sizeof(**m->workers));
	if (b->failed)
		return;
	for (; m->n_counters < N_STATS; m->n_counters++) {
		Weir__Counter *c = m->counters[m->n_counters];
		weir__counter__init(c);
		c->name = (char *)stat_info[m->n_counters].name;
		c->group = (char *)stat_group_name[stat_info[m->n_counters].group];
		c->role = role_of(stat_info[m->n_counters].role);
	}
	for (; m->n_workers < stats->n_workers; m->n_workers++) {
		const struct message_worker *from = &stats->workers[m->n_workers];
		Weir__Worker *w = m->workers[m->n_workers];
		weir__worker__init(w);
		w->index = (uint32_t)m->n_workers;
		w->lcore = from->lcore;
		w->input = text_of(b, from->input);
		w->n_values = N_STATS;
		w->values = snapshot(b, from->stats, sum);
		w->gap = timing_of(b, &from->gap);
		w->taken = timing_of(b, &from->taken);
	}
	m->n_total = N_STATS;
	m->total = sum->v;
	set_ledgers(b, m, sum);
}

static void set_ledgers(struct builder *b, Weir__Stats *m, const struct stats *sum)
{
	m->ledgers = pointers(b, STAT_GROUP_WORKER, sizeof(**m->ledgers));
	for (; m->ledgers != NULL && m->n_ledgers < STAT_GROUP_WORKER; m->n_ledgers++) {
		const struct ledger from = stats_ledger(sum, (enum stat_group)m->n_ledgers);
		Weir__Ledger *l = m->ledgers[m->n_ledgers];
		weir__ledger__init(l);
		l->name = (char *)stat_group_name[m->n_ledgers];
		l->received = from.received, l->used = from.used, l->reasons = from.reasons;
	}
}

static void set_inputs(struct builder *b, Weir__Stats *m, const struct message_stats *stats)
{
	m->inputs = pointers(b, stats->n_inputs, sizeof(**m->inputs));
	for (; m->inputs != NULL && m->n_inputs < stats->n_inputs; m->n_inputs++) {
		const struct message_input *from = &stats->inputs[m->n_inputs];
		Weir__Input *in = m->inputs[m->n_inputs];
		weir__input__init(in);
		in->name = text_of(b, from->name);
		in->received = from->received;
		in->missed = from->missed;
		in->errors = from->errors;
		in->no_buffer = from->no_buffer;
		in->kernel_drops = from->kernel_drops;
		in->outages = from->outages;
	}
}

static void set_memory(struct builder *b, Weir__Stats *m, const struct message_stats *stats)
{
	m->memory = pointers(b, stats->n_memory, sizeof(**m->memory));
	for (; m->memory != NULL && m->n_memory < stats->n_memory; m->n_memory++) {
		const struct message_memory *from = &stats->memory[m->n_memory];
		Weir__Memory *mem = m->memory[m->n_memory];
		weir__memory__init(mem);
		mem->name = text_of(b, from->name);
		mem->bytes = from->bytes;
	}
}

static void set_aggregator(struct builder *b, Weir__Stats *m, const struct message_aggregator *from)
{
	Weir__Aggregator *to = alloc(b, 1, sizeof(*to));
	m->aggregator = to;
	if (to == NULL)
		return;
	weir__aggregator__init(to);
	to->interval = from->interval;
	to->missed = from->missed;
	to->grace = timing_of(b, &from->grace);
	to->merge = timing_of(b, &from->merge);
	to->late = timing_of(b, &from->late);
	to->lock = timing_of(b, &from->lock);
	to->publish = timing_of(b, &from->publish);
	to->tick = timing_of(b, &from->tick);
}

static void set_analyzer(struct builder *b, Weir__Stats *m, const struct analyzer_stats *from)
{
	Weir__Analyzer *to = alloc(b, 1, sizeof(*to));
	m->analyzer = to;
	if (to == NULL)
		return;
	weir__analyzer__init(to);
	to->agents = from->agents, to->sub_agents = from->sub_agents;
	to->sources = from->sources;
	to->agents_full = from->agents_full, to->sources_full = from->sources_full;
	to->ds_conflict = from->ds_conflict;
	to->doubtful = from->doubtful;
	to->events = from->events, to->events_lost = from->events_lost;
	to->triggered_full = from->triggered_full;
}

static void set_publisher(struct builder *b, Weir__Stats *m, const struct message_publisher *from)
{
	Weir__Publisher *to = alloc(b, 1, sizeof(*to));
	m->publisher = to;
	if (to == NULL)
		return;
	weir__publisher__init(to);
	to->subscribers = from->subscribers;
	to->messages = from->messages, to->bytes = from->bytes;
	to->failed = from->failed, to->longest = from->longest;
}

static void unknown_of(struct builder *b, Weir__UnknownRecord *to, const struct unknown_tag *from)
{
	const uint32_t shown = unknown_shown(from);
	char *agent = alloc(b, ADDR_TEXT_SIZE, 1);
	uint8_t *example = alloc(b, shown + 1, 1);
	weir__unknown_record__init(to);
	if (agent == NULL || example == NULL)
		return;
	memcpy(example, from->example, shown);
	to->kind = (char *)unknown_kind_text(from->kind);
	to->enterprise = SFLOW_ENTERPRISE(from->tag);
	to->format = SFLOW_FORMAT(from->tag);
	to->n = from->n;
	to->agent = addr_text(&from->agent, agent);
	to->length = from->len;
	to->example = (ProtobufCBinaryData){.len = shown, .data = example};
}

static void set_unknown(struct builder *b, Weir__Stats *m, const struct unknown_tags *from)
{
	if (from == NULL)
		return;
	m->unknown_other = from->n_other;
	m->unknown_records = pointers(b, from->n_tags, sizeof(**m->unknown_records));
	for (; m->unknown_records != NULL && m->n_unknown_records < from->n_tags;
	     m->n_unknown_records++)
		unknown_of(b, m->unknown_records[m->n_unknown_records],
			   &from->tag[m->n_unknown_records]);
}
