// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/metric.h"

#include <string.h>

#include "sflow/rt.h"

// An uptime that is behind by no more than this came late (source.c says the same).
#define LATE_MS 10000
// A sweep goes round in so many ticks, and visits at least so many ports in each.
#define SWEEP_TICKS 512
#define SWEEP_LEAST 64

#define ABSENT UINT32_MAX

static void layout(struct metrics *m, struct carve *c, const struct metrics_config *config)
{
	const size_t sources = (size_t)config->max_sources + 1;
	const size_t agents = (size_t)config->max_agents + 1;
	const uint64_t texts = sources + 4 * agents + 1024;
	*m = (struct metrics){.config = *config};
	catalog_layout(&m->catalog, c);
	slab_layout(&m->slab, c, config->bytes);
	texts_layout(&m->texts, c, &m->slab,
		     texts < UINT32_MAX / 4 ? (uint32_t)texts : UINT32_MAX / 4, &config->secret);
	m->first = carve(c, sources, sizeof(*m->first));
	m->sampler = carve(c, 2 * sources, sizeof(*m->sampler)); // as there are in source.h
	m->touched = carve(c, sources, sizeof(*m->touched));
	m->touched_in = carve(c, sources, sizeof(*m->touched_in));
	m->agent = carve(c, agents, sizeof(*m->agent));
	m->scratch = carve(c, METRIC_WORDS, sizeof(*m->scratch));
}

size_t metrics_size(const struct metrics_config *config)
{
	struct metrics m;
	struct carve c = {0};
	layout(&m, &c, config);
	return c.used;
}

void metrics_init(struct metrics *m, void *mem, const struct metrics_config *config)
{
	struct carve c = {.base = mem};
	layout(m, &c, config);
}

void metrics_begin(struct metrics *m, uint64_t now)
{
	m->now = now;
	m->n_touched = 0;
	m->tick++;
}

// --- sequence -----------------------------------------------------------------------------------

bool metrics_sample(struct metrics *m, uint32_t agent, uint32_t sequence, struct metric_said *said)
{
	struct metric_sampler *s = &m->sampler[said->sampler];
	struct metric_agent *a = &m->agent[agent];
	const bool known = s->window.started;
	const uint32_t high = s->window.high;
	said->restarted = known && (int32_t)(said->uptime - s->uptime) < -LATE_MS;
	if (said->restarted)
		s->window.started = false;
	switch (seq_window_check(&s->window, sequence)) {
	case SEQ_NEW:
		if (known && !said->restarted)
			a->lost += sequence - high - 1;
		break;
	case SEQ_LATE:
		a->late++;
		a->lost -= a->lost > 0;
		return false;
	case SEQ_DUPLICATE: a->duplicates++; return false;
	case SEQ_RESTART: said->restarted = true; break;
	}
	s->uptime = said->uptime;
	return true;
}

// --- blocks -------------------------------------------------------------------------------------

static struct block *find_block(const struct metrics *m, uint32_t port, uint32_t sampler,
				uint32_t layout)
{
	for (uint32_t i = m->first[port]; i != 0; i = metrics_block(m, i)->next) {
		struct block *b = metrics_block(m, i);
		if (b->layout == layout && b->sampler == sampler)
			return b;
	}
	return NULL;
}

static uint32_t block_bytes(uint32_t n_words)
{
	return (uint32_t)(sizeof(struct block) + n_words * sizeof(uint32_t));
}

// The place that points to a block.
static uint32_t *link_to(struct metrics *m, uint32_t port, const struct block *b)
{
	uint32_t *link = &m->first[port];
	while (metrics_block(m, *link) != b)
		link = &metrics_block(m, *link)->next;
	return link;
}

// A larger block in the place of a smaller one; NULL: no room, nothing changed.
static struct block *enlarge(struct metrics *m, uint32_t port, struct block *b, uint32_t n_words)
{
	uint32_t *link = link_to(m, port, b);
	const uint32_t old = *link;
	if (slab_block_size(&m->slab, old) >= block_bytes(n_words))
		return b;
	const uint32_t new = slab_take(&m->slab, block_bytes(n_words));
	if (new == 0)
		return NULL;
	struct block *larger = metrics_block(m, new);
	memcpy(larger, b, block_bytes(b->n_words));
	*link = new;
	slab_give(&m->slab, old);
	return larger;
}

static struct block *make_block(struct metrics *m, uint32_t agent, uint32_t port, uint32_t n_words)
{
	const uint32_t i = slab_take(&m->slab, block_bytes(n_words));
	if (i == 0)
		return NULL;
	struct block *b = metrics_block(m, i);
	b->next = m->first[port];
	m->agent[agent].ports += m->first[port] == 0;
	m->first[port] = i;
	return b;
}

// The time between two samples: the agent's own, unless its clock stands.
static uint32_t elapsed(const struct block *b, const struct metric_said *said)
{
	const int32_t own = (int32_t)(said->uptime - b->uptime);
	const uint64_t here = said->time > b->time ? (said->time - b->time) / 1000000 : 0;
	if (said->restarted || own < 0)
		return 0;
	return own > 0 ? (uint32_t)own : here < UINT32_MAX ? (uint32_t)here : UINT32_MAX;
}

static void note_time(struct metrics *m, struct block *b, const struct metric_said *said,
		      uint32_t dt)
{
	if (m->touched_in[said->port] != m->tick)
		m->touched[m->n_touched++] = said->port;
	m->touched_in[said->port] = m->tick;
	const uint64_t here = said->time > b->time ? (said->time - b->time) / 1000000 : 0;
	const uint32_t faded = b->interval - b->interval / 8;
	if (b->time != 0)
		b->interval = here > faded && here < UINT32_MAX ? (uint32_t)here : faded;
	b->dt = dt;
	b->sampler = said->sampler;
	b->uptime = said->uptime;
	b->time = said->time;
}

// --- records ------------------------------------------------------------------------------------

static void drop_texts(struct metrics *m, const struct catalog_layout *l, const uint32_t *word,
		       uint32_t n_words)
{
	const struct catalog_def *d = &m->catalog.def[l->first];
	for (uint32_t i = 0; l->texts && i < l->n; i++)
		if (d[i].form == CATALOG_TEXT && d[i].at < n_words && word[d[i].at] != ABSENT)
			texts_drop(&m->texts, word[d[i].at]);
}

static void put_u64(uint32_t *word, uint64_t v)
{
	word[0] = (uint32_t)v;
	word[1] = (uint32_t)(v >> 32);
}

static void put_value(struct metrics *m, const struct catalog_def *d, const struct record_value *v)
{
	uint32_t *word = &m->scratch[d->at];
	const float f = (float)v->f;
	switch (d->form) {
	case CATALOG_COUNTER64:
	case CATALOG_U64: put_u64(word, v->u); break;
	case CATALOG_F32: memcpy(word, &f, sizeof(f)); break;
	case CATALOG_I32:
	case CATALOG_PERCENT: *word = (uint32_t)v->i; break;
	case CATALOG_TEXT:
		*word = texts_enter(&m->texts, v->bytes, v->len);
		*word = *word != 0 ? *word : ABSENT;
		break;
	case CATALOG_MAC:
		word[0] = word[1] = 0;
		memcpy(word, v->bytes, v->len);
		break;
	case CATALOG_UUID: memcpy(word, v->bytes, v->len); break;
	case CATALOG_HEX64:
		for (int i = 0; i < 8; i++)
			((uint8_t *)word)[i] = (uint8_t)(v->u >> (56 - 8 * i));
		break;
	default: *word = (uint32_t)v->u; break;
	}
}

static uint32_t put_list(struct metrics *m, const struct catalog_def *d,
			 const struct record_value *v)
{
	const uint64_t n = v->u < CATALOG_LANES ? v->u : CATALOG_LANES;
	m->stats.lanes += v->u - n;
	for (uint32_t i = 0; i < n; i++)
		m->scratch[d[i].at] = load_be32(v->bytes + 4 * (size_t)i);
	return n > 0 ? d[n - 1].at + 1u : 0;
}

// All values into the scratch words; returns how many words were said.
static uint32_t read_record(struct metrics *m, const struct catalog_layout *l,
			    struct record_walk *w)
{
	uint32_t n_words = 2u * l->n_counters;
	struct record_value v;
	memset(m->scratch, 0xff, l->n_words * sizeof(uint32_t));
	while (record_next(w, &v)) {
		const uint16_t at = l->field[v.field - l->record->fields];
		if (at == 0)
			continue;
		if (v.index >= CATALOG_LANES) {
			m->stats.lanes++;
			continue;
		}
		const struct catalog_def *d = &m->catalog.def[at - 1 + v.index * l->stride];
		uint32_t end = d->at + d->words;
		if (v.field->type == RECORD_PERCENTS)
			end = put_list(m, d, &v);
		else
			put_value(m, d, &v);
		n_words = end > n_words ? end : n_words;
	}
	return n_words;
}

// The scratch words become the latest; counters move on.
static void take(struct metrics *m, const struct catalog_layout *l, struct block *b,
		 uint32_t n_words, uint32_t dt)
{
	const size_t counters = l->n_counters * sizeof(uint32_t);
	const uint32_t rest = 2u * l->n_counters;
	if (l->texts)
		m->described += b->n_words != n_words || memcmp(b->word + rest, m->scratch + rest,
								(n_words - rest) * 4u) != 0;
	drop_texts(m, l, b->word, b->n_words);
	if (dt > 0)
		memcpy(m->scratch + l->n_counters, b->word, counters);
	else
		memset(m->scratch + l->n_counters, 0xff, counters);
	memcpy(b->word, m->scratch, n_words * sizeof(uint32_t));
	b->n_words = (uint16_t)n_words;
}

enum record_fate {
	FATE_USED,
	FATE_UNKNOWN,
	FATE_UNUSED,
	FATE_REPEATED,
	FATE_BAD,
	FATE_ROOM,
};

static bool keep_record(struct metrics *m, uint32_t agent, const struct metric_said *said,
			uint16_t layout, uint32_t n_words)
{
	const struct catalog_layout *l = &m->catalog.layout[layout];
	struct block *b = find_block(m, said->port, said->sampler, layout);
	const uint32_t dt = b != NULL ? elapsed(b, said) : 0;
	if (b != NULL && (b = enlarge(m, said->port, b, n_words)) != NULL) {
		take(m, l, b, n_words, dt);
	} else if (find_block(m, said->port, said->sampler, layout) == NULL &&
		   (b = make_block(m, agent, said->port, n_words)) != NULL) {
		b->layout = layout;
		take(m, l, b, n_words, 0);
	}
	if (b == NULL) {
		drop_texts(m, l, m->scratch, n_words);
		return false;
	}
	note_time(m, b, said, dt);
	return true;
}

// The addresses into the scratch words; returns how many words.
static uint32_t read_adapters(struct metrics *m, struct record_walk *w)
{
	struct record_value v;
	uint32_t n = 0;
	while (record_next(w, &v)) {
		for (uint32_t i = 0; v.field->type == RECORD_MACS && i < v.u; i++) {
			if (n + 2 > METRIC_WORDS) {
				m->stats.lanes++;
				continue;
			}
			m->scratch[n] = m->scratch[n + 1] = 0;
			memcpy(&m->scratch[n], v.bytes + 8 * (size_t)i, 6);
			n += 2;
		}
	}
	return n;
}

static bool keep_adapters(struct metrics *m, uint32_t agent, const struct metric_said *said,
			  uint32_t n_words)
{
	const size_t size = n_words * sizeof(uint32_t);
	struct block *b = find_block(m, said->port, said->sampler, BLOCK_ADAPTERS);
	b = b != NULL ? enlarge(m, said->port, b, n_words)
		      : make_block(m, agent, said->port, n_words);
	if (b == NULL)
		return false;
	m->described += b->layout != BLOCK_ADAPTERS || b->n_words != n_words ||
			memcmp(b->word, m->scratch, size) != 0;
	memcpy(b->word, m->scratch, size);
	b->layout = BLOCK_ADAPTERS;
	b->n_words = (uint16_t)n_words;
	note_time(m, b, said, 0);
	return true;
}

static enum record_fate fate_of(struct metrics *m, const struct sources *sources,
				const struct metric_said *said, const struct sflow_record *r)
{
	const struct port *port = sources_port(sources, said->port);
	const bool adapters = r->tag == SFLOW_HOST_ADAPTERS;
	const int layout =
		adapters ? BLOCK_ADAPTERS : catalog_find(&m->catalog, r->tag, port->ds_class);
	struct record_walk w;
	if (layout < 0)
		return record_find(RECORD_COUNTERS, r->tag) != NULL ? FATE_UNUSED : FATE_UNKNOWN;
	const struct block *b = find_block(m, said->port, said->sampler, (uint32_t)layout);
	if (b != NULL && b->time == said->time && b->uptime == said->uptime)
		return FATE_REPEATED;
	if (record_open(&w, RECORD_COUNTERS, r) != SFLOW_OK)
		return FATE_BAD;
	const uint32_t n_words =
		adapters ? read_adapters(m, &w) : read_record(m, &m->catalog.layout[layout], &w);
	if (!(adapters ? keep_adapters(m, port->agent, said, n_words)
		       : keep_record(m, port->agent, said, (uint16_t)layout, n_words)))
		return FATE_ROOM;
	if (r->tag == SFLOW_HOST_DESCR && port->ds_class != SFLOW_DS_LOGICAL)
		m->agent[port->agent].host = said->port;
	return FATE_USED;
}

bool metrics_record(struct metrics *m, const struct sources *sources,
		    const struct metric_said *said, const struct sflow_record *r)
{
	m->stats.records++;
	const enum record_fate fate = fate_of(m, sources, said, r);
	switch (fate) {
	case FATE_USED: m->stats.used++; break;
	case FATE_UNKNOWN: m->stats.unknown++; break;
	case FATE_UNUSED: m->stats.unused++; break;
	case FATE_REPEATED: m->stats.repeated++; break;
	case FATE_BAD: m->stats.bad++; break;
	case FATE_ROOM: m->stats.room++; break;
	}
	return fate != FATE_UNKNOWN;
}

// --- custom metrics -----------------------------------------------------------------------------

#define CUSTOM_WORDS (sizeof(struct block_custom) / sizeof(uint32_t))

static void drop_custom(struct metrics *m, const struct block_custom *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		texts_drop(&m->texts, c[i].name);
		if (c[i].type == RT_METRIC_TEXT)
			texts_drop(&m->texts, (uint32_t)c[i].now);
	}
}

static void put_custom(struct metrics *m, struct block_custom *c, const struct rt_value *v)
{
	*c = (struct block_custom){
		.name = texts_enter(&m->texts, v->name, v->name_len),
		.type = v->type,
		.now = v->u,
		.before = UINT64_MAX,
	};
	if (v->type == RT_METRIC_TEXT)
		c->now = texts_enter(&m->texts, v->bytes, v->len);
	else if (v->type == RT_METRIC_FLOAT || v->type == RT_METRIC_DOUBLE)
		memcpy(&c->now, &v->f, sizeof(c->now));
}

// The sample's metrics into the scratch words: how many, or -1 when it cannot be used.
static int read_custom(struct metrics *m, struct cursor *c)
{
	struct record_value list = {.u = cursor_u32(c)};
	list.bytes = c->p;
	list.len = (uint32_t)cursor_left(c);
	struct rt_walk w = rt_open(&list, SFLOW_RTMETRIC);
	struct block_custom *out = (struct block_custom *)(void *)m->scratch;
	struct rt_value v;
	int n = 0, got = -1;
	while (!c->bad && n < (int)(METRIC_WORDS / CUSTOM_WORDS) && (got = rt_next(&w, &v)) > 0) {
		if (!custom_name_ok(v.name, v.name_len, false)) {
			got = -1;
			break;
		}
		put_custom(m, &out[n++], &v);
		if (out[n - 1].name == 0) {
			got = -1;
			break;
		}
	}
	if (got == 0 && n > 0)
		return n;
	drop_custom(m, out, (uint32_t)n);
	return -1;
}

// Counters of the block before go on in the new one.
static void carry_on(const struct block *b, struct block_custom *c, uint32_t n)
{
	const uint32_t n_old = block_n_custom(b);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < n_old; k++) { // as a rule the same order
			const struct block_custom *old = block_custom(b, (i + k) % n_old);
			if (old->name != c[i].name)
				continue;
			if (old->type == c[i].type)
				c[i].before = old->now;
			break;
		}
	}
}

static struct block *find_custom(const struct metrics *m, uint32_t port, uint32_t first_name)
{
	for (uint32_t i = m->first[port]; i != 0; i = metrics_block(m, i)->next) {
		struct block *b = metrics_block(m, i);
		if (b->layout == BLOCK_CUSTOM && block_custom(b, 0)->name == first_name)
			return b;
	}
	return NULL;
}

static bool keep_custom(struct metrics *m, uint32_t agent, const struct metric_said *said,
			uint32_t n)
{
	struct block_custom *c = (struct block_custom *)(void *)m->scratch;
	const uint32_t n_words = n * (uint32_t)CUSTOM_WORDS;
	struct block *b = find_custom(m, said->port, c[0].name);
	const bool is_new = b == NULL;
	const uint32_t dt = is_new ? 0 : elapsed(b, said);
	if (dt > 0)
		carry_on(b, c, n);
	b = is_new ? make_block(m, agent, said->port, n_words) : enlarge(m, said->port, b, n_words);
	if (b == NULL) {
		drop_custom(m, c, n);
		return false;
	}
	drop_custom(m, block_custom(b, 0), block_n_custom(b));
	memcpy(b->word, c, n_words * sizeof(uint32_t));
	b->layout = BLOCK_CUSTOM;
	b->n_words = (uint16_t)n_words;
	note_time(m, b, said, dt);
	return true;
}

void metrics_custom(struct metrics *m, struct sources *sources, uint32_t agent, uint32_t uptime,
		    uint64_t time, const uint8_t *body, uint32_t len)
{
	struct cursor c = cursor_of(body, len);
	uint32_t name_len = cursor_u32(&c);
	const char *name = (const char *)cursor_bytes(&c, name_len);
	cursor_skip(&c, -name_len & 3);
	m->stats.samples++;
	if (!c.bad && name_len == 0) {
		name = CUSTOM_NAME_NONE;
		name_len = sizeof(CUSTOM_NAME_NONE) - 1;
	}
	const int n = !c.bad && custom_name_ok(name, name_len, true) ? read_custom(m, &c) : -1;
	if (n < 0) {
		m->stats.samples_bad++;
		return;
	}
	const struct metric_said said = {
		.port = sources_named_port(sources, agent, name, name_len),
		.uptime = uptime,
		.time = time,
	};
	if (said.port == 0)
		drop_custom(m, (struct block_custom *)(void *)m->scratch, (uint32_t)n);
	if (said.port != 0 && keep_custom(m, agent, &said, (uint32_t)n))
		m->stats.samples_used++;
	else
		m->stats.samples_room++;
}

// --- forgetting ---------------------------------------------------------------------------------

static void forget(struct metrics *m, uint32_t *link)
{
	const uint32_t i = *link;
	struct block *b = metrics_block(m, i);
	*link = b->next;
	if (b->layout == BLOCK_CUSTOM)
		drop_custom(m, block_custom(b, 0), block_n_custom(b));
	else if (b->layout != BLOCK_ADAPTERS)
		drop_texts(m, &m->catalog.layout[b->layout], b->word, b->n_words);
	m->described++;
	slab_give(&m->slab, i);
}

static void sweep_port(struct metrics *m, const struct sources *sources, uint32_t port)
{
	const bool any = m->first[port] != 0;
	for (uint32_t *link = &m->first[port]; *link != 0;) {
		if (metrics_visible(m, metrics_block(m, *link)))
			link = &metrics_block(m, *link)->next;
		else
			forget(m, link);
	}
	if (any && m->first[port] == 0)
		m->agent[sources_port(sources, port)->agent].ports--;
}

void metrics_end(struct metrics *m, const struct sources *sources)
{
	const uint32_t n_ports = sources->port.n;
	uint32_t n = n_ports / SWEEP_TICKS + SWEEP_LEAST;
	for (n = n < n_ports ? n : n_ports; n > 0; n--) {
		m->sweep = m->sweep % n_ports + 1;
		sweep_port(m, sources, m->sweep);
	}
}
