// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/bank.h"

#include <math.h>
#include <string.h>

#include "bank/batch.h"
#include "bank/intake.h"
#include "bank/synth.h"
#include "packet/dissect.h"
#include "packet/record.h"
#include "sflow/flow_sample.h"
#include "sflow/legacy.h"
#include "sflow/record.h"
#include "table/cell.h"

// How far ahead of the addition its entry is asked for.
#define ENTRY_AHEAD 6
// How many datagrams ahead their lines are asked for.
#define PAYLOADS_AHEAD 2
// Samples of a datagram whose data sources are looked up together.
#define STAGE 16

/// A datagram on its way through.
struct passage {
	struct bank *bank;
	struct intake *in;
	struct sender sender;
	struct agent_cell *cell;
	const uint8_t *data;
	uint32_t len;
	uint32_t ms;        ///< since the bank's start
	uint32_t n_flow;    ///< flow samples measured, not yet counted
	uint32_t n_records; ///< flow records read, not yet counted
	uint64_t time;
	bool cut; ///< an older version's datagram, of which not all could be read
};

static struct agent_cell *touch_agent(struct bank *b, uint32_t index)
{
	struct agent_cell *cell = &b->agent[index];
	if (cell->epoch != b->epoch) {
		*cell = (struct agent_cell){.epoch = b->epoch};
		b->touched_agents[b->n_touched_agents++] = index;
	}
	return cell;
}

static struct source_cell *touch_source(struct bank *b, uint32_t index)
{
	struct source_cell *cell = &b->source[index];
	if (cell->epoch != b->epoch) {
		*cell = (struct source_cell){.epoch = b->epoch};
		b->touched_sources[b->n_touched_sources++] = index;
	}
	return cell;
}

static inline bool is_later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

// Hashing waits until the batch is full: a key that was just put together from pieces is still in
// the store buffer, and reading it by words would wait for it to drain.
static void hash_all(const struct bank *b, const struct table *t, struct batch *batch)
{
	const uint8_t *key = batch->key;
	for (uint32_t k = 0; k < batch->n; k++, key += batch->key_size) {
		const uint64_t hash = table_hash(&b->config.secret, key, batch->key_size);
		batch->item[k].hash = hash;
		table_prefetch_head(t, hash);
	}
}

static void add_cells(struct bank *b, uint32_t i, struct table_entry *e,
		      const union attribute *value, double rate)
{
	const struct flow_def *def = &b->program->def[i];
	struct cell *cell = table_cells(&b->table[i]->table, e);
	struct distinct *set = bank_sets(b, i, e);
	for (unsigned c = 0; c < def->n_cell; c++) {
		const enum cell_kind kind = (enum cell_kind)def->cell[c].kind;
		if (kind == CELL_COUNT) {
			if (value[c].hash != 0)
				distinct_add(&b->table[i]->pool, &set[def->cell[c].set],
					     value[c].hash);
		} else if (!isnan(value[c].number)) {
			cell_add(&cell[c], kind, value[c].number, rate);
		}
	}
}

static void flush(struct bank *b, struct intake *in, uint32_t i)
{
	const struct flow_def *def = &b->program->def[i];
	struct table *t = &b->table[i]->table;
	struct batch *batch = b->table[i]->batch;
	const uint32_t n = batch->n;
	const uint64_t relabelled = t->relabelled;
	hash_all(b, t, batch);
	for (uint32_t k = 0; k < n && k < ENTRY_AHEAD; k++)
		table_prefetch_entry(t, batch->item[k].hash);
	for (uint32_t k = 0; k < n; k++) {
		if (k + ENTRY_AHEAD < n)
			table_prefetch_entry(t, batch->item[k + ENTRY_AHEAD].hash);
		const struct addition *item = &batch->item[k];
		const struct table_add add = {
			.key = batch->key + (size_t)k * batch->key_size,
			.hash = item->hash,
			.value = item->value,
			.q = item->value * item->value,
			.n = 1,
			.last = item->last,
		};
		struct table_entry *e = table_add(t, &add);
		if (e != NULL && def->n_cell != 0)
			add_cells(b, i, e, batch->values + (size_t)k * def->n_cell, item->rate);
	}
	batch->n = 0;
	stats_add(in->stats, STAT_added, n);
	stats_add(in->stats, STAT_relabelled, t->relabelled - relabelled);
}

// The hash of an attribute of any kind, never 0; 0 when it is absent.
static uint64_t attribute_hash(const struct hash_secret *secret, const struct key_field *f,
			       const struct packet *p)
{
	uint8_t value[FIELD_VALUE_MAX];
	const size_t n = field_read(f->field, f->occurrence, p, value);
	return n == 0 ? 0 : hash_bytes(secret, value, n) | 1;
}

static void read_cells(const struct bank *b, const struct flow_def *def, const struct packet *p,
		       union attribute *out)
{
	for (unsigned c = 0; c < def->n_cell; c++) {
		const struct cell_def *cell = &def->cell[c];
		if (cell->kind == CELL_COUNT)
			out[c].hash = attribute_hash(&b->config.secret, &cell->source, p);
		else if (!flow_def_number(&cell->source, p, &out[c].number))
			out[c].number = NAN;
	}
}

// Queue the sample for the table of definition @p i if that measures it.
static inline void measure(struct bank *b, struct intake *in, uint32_t i, uint32_t source,
			   double rate, uint32_t bytes, uint32_t ms)
{
	const struct flow_def *def = &b->program->def[i];
	const struct packet *p = &in->packet;
	struct batch *batch = b->table[i]->batch;
	uint8_t *key = batch->key + (size_t)batch->n * batch->key_size;
	double value;
	if (!flow_def_match(def, p)) {
		stats_add(in->stats, STAT_filtered, 1);
		return;
	}
	if (!flow_def_key(def, p, source, key) || !flow_def_value(def, p, bytes, &value)) {
		stats_add(in->stats, STAT_no_key, 1);
		return;
	}
	if (def->n_cell != 0)
		read_cells(b, def, p, batch->values + (size_t)batch->n * def->n_cell);
	struct addition *item = &batch->item[batch->n++];
	item->value = rate * value;
	item->rate = rate;
	item->last = ms;
	if (batch->n == BATCH)
		flush(b, in, i);
}

static enum stat_id keep_header(struct sflow_record *slot, const struct sflow_record *r,
				uint32_t size)
{
	if (r->len < size)
		return STAT_record_short;
	if (slot->body != NULL)
		return STAT_record_unused;
	*slot = *r;
	return STAT_used_records;
}

// What is not measured: known to the decoder, or remembered for the operator.
static bool refuse(struct passage *ps, enum record_kind kind, const struct sflow_record *r)
{
	if (record_find(kind, r->tag) != NULL)
		return true;
	unknown_add(ps->bank->unknown, kind, r, &ps->sender.agent->id.addr);
	return false;
}

static void refuse_sample(struct passage *ps, const struct sflow_sample *s)
{
	const struct sflow_record r = {.tag = s->tag, .len = s->len, .body = s->body};
	const bool known = refuse(ps, RECORD_SAMPLE, &r);
	stats_add(ps->in->stats, known ? STAT_sample_unused : STAT_sample_unknown, 1);
}

static enum stat_id note_record(struct passage *ps, struct headers *h, const struct sflow_record *r)
{
	switch (r->tag) {
	case SFLOW_SAMPLED_HEADER: return keep_header(&h->raw, r, 16);
	case SFLOW_SAMPLED_ETHERNET: return keep_header(&h->ethernet, r, 24);
	case SFLOW_SAMPLED_IPV4: return keep_header(&h->ip4, r, 32);
	case SFLOW_SAMPLED_IPV6: return keep_header(&h->ip6, r, 56);
	default: break;
	}
	const uint32_t off = (uint32_t)(r->body - ps->data);
	switch (packet_record(&ps->in->packet, r->tag, off, r->len)) {
	case PACKET_RECORD_NOTED: return STAT_used_records;
	case PACKET_RECORD_SHORT: return STAT_record_short;
	case PACKET_RECORD_UNUSED: break;
	}
	return refuse(ps, RECORD_FLOW, r) ? STAT_record_unused : STAT_record_unknown;
}

// The common record, and once per sample: the raw header.
static inline bool is_raw_header(const struct headers *h, const struct sflow_record *r)
{
	return r->tag == SFLOW_SAMPLED_HEADER && r->len >= 16 && h->raw.body == NULL;
}

static inline void walk_records(struct passage *ps, struct flow_sample *fs, struct headers *h)
{
	struct stats *stats = ps->in->stats;
	struct sflow_record r;
	int got;
	while ((got = sflow_record_next(&fs->records, &r)) > 0) {
		if (__builtin_expect(is_raw_header(h, &r), 1)) {
			h->raw = r;
			ps->n_records++;
			continue;
		}
		const enum stat_id stat = note_record(ps, h, &r);
		if (__builtin_expect(stat == STAT_used_records, 1)) {
			ps->n_records++;
			continue;
		}
		stats_add(stats, STAT_rx_records, 1);
		stats_add(stats, stat, 1);
	}
	if (__builtin_expect(got < 0, 0)) {
		stats_add(stats, STAT_rx_records, 1);
		stats_add(stats, STAT_record_overrun, 1);
		return;
	}
	const enum sflow_reason end = sflow_items_end(&fs->records);
	if (end == SFLOW_ITEMS_MISSING)
		stats_add(stats, STAT_records_missing, 1);
	else if (end == SFLOW_SLACK)
		stats_add(stats, STAT_slack, 1);
}

static void set_meta(struct packet *p, const struct flow_sample *fs, uint32_t bytes,
		     uint32_t stripped, uint32_t protocol)
{
	p->meta.input = __builtin_bswap32(packet_port(fs->input));
	p->meta.output = __builtin_bswap32(packet_port(fs->output));
	p->meta.sampling_rate = __builtin_bswap32(fs->sampling_rate);
	p->meta.bytes = __builtin_bswap32(bytes);
	p->meta.stripped = __builtin_bswap32(stripped);
	p->meta.frames = __builtin_bswap32(1);
	p->meta.protocol = (uint8_t)protocol;
}

// Note the layers of the sampled packet; returns its length in bytes on the wire.
static uint32_t read_packet(struct passage *ps, const struct flow_sample *fs,
			    const struct headers *h)
{
	struct packet *p = &ps->in->packet;
	const enum dissect_depth depth = ps->bank->program->inner ? DISSECT_ALL : DISSECT_OUTER;
	uint32_t bytes = 0, stripped = 0, protocol = 0;
	if (__builtin_expect(h->raw.body != NULL, 1)) {
		const uint8_t *r = h->raw.body;
		const uint32_t room = h->raw.len - 16, said = load_be32(r + 12);
		protocol = load_be32(r);
		bytes = load_be32(r + 4);
		stripped = load_be32(r + 8);
		packet_dissect(p, protocol, (uint32_t)(r + 16 - ps->data),
			       said < room ? said : room, depth);
	} else if (h->ethernet.body != NULL || h->ip4.body != NULL || h->ip6.body != NULL) {
		const struct sflow_record *r = h->ethernet.body != NULL ? &h->ethernet
					       : h->ip4.body != NULL    ? &h->ip4
									: &h->ip6;
		bytes = load_be32(r->body);
		synth_dissect(p, h, depth);
	} else {
		stats_add(ps->in->stats, STAT_header_none, 1);
	}
	if (p->clipped)
		stats_add(ps->in->stats, STAT_header_clipped, 1);
	if (ps->bank->program->meta)
		set_meta(p, fs, bytes, stripped, protocol);
	return bytes;
}

// The data source saw the packet come in when it is the input port, go out when it is the output
// port. Sources that are no ports (a whole switch or bridge) sample what comes in.
static enum packet_direction direction_of(const struct flow_sample *fs)
{
	if (fs->ds_class != SFLOW_DS_IFINDEX)
		return fs->input >> 30 == SFLOW_IF_INDEX && fs->input != 0 ? DIRECTION_INGRESS
									   : DIRECTION_UNKNOWN;
	if (fs->input == fs->ds_index)
		return DIRECTION_INGRESS;
	return fs->output == fs->ds_index ? DIRECTION_EGRESS : DIRECTION_UNKNOWN;
}

// False when this sample was seen before. The windows begin anew with their agent.
static bool check_sample(struct passage *ps, struct registry_source *source,
			 struct source_cell *cell, const struct flow_sample *fs, bool discarded)
{
	if (source->restarts != ps->sender.agent->restarts) {
		source->restarts = ps->sender.agent->restarts;
		source->window.started = false;
		source->discards.started = false;
		cell->flags |= SOURCE_RESTARTED;
	}
	const enum seq_verdict verdict =
		seq_window_check(discarded ? &source->discards : &source->window, fs->sequence);
	if (verdict == SEQ_DUPLICATE) {
		stats_add(ps->in->stats, STAT_sample_duplicate, 1);
		return false;
	}
	if (verdict == SEQ_RESTART)
		cell->flags |= SOURCE_RESTARTED;
	return true;
}

// The rate that scales this sample: an override, what was sent, or for 0 the default, if only 1:
// traffic is never made nothing of.
static double rate_of(struct passage *ps, struct registry_source *source, struct source_cell *cell,
		      const struct flow_sample *fs)
{
	if (source->rate != 0 && source->rate != fs->sampling_rate)
		cell->flags |= SOURCE_RATE_CHANGED;
	source->rate = fs->sampling_rate;
	cell->rate = fs->sampling_rate;
	if (fs->sampling_rate == 0) {
		cell->flags |= SOURCE_RATE_ZERO;
		stats_add(ps->in->stats, STAT_rate_zero, 1);
	}
	const struct registry_agent *agent = ps->sender.agent;
	if (agent->rate_override != 0)
		return agent->rate_override;
	if (fs->sampling_rate != 0)
		return fs->sampling_rate;
	return agent->rate_default != 0 ? agent->rate_default : 1;
}

static void count_source(struct source_cell *cell, const struct flow_sample *fs, double rate,
			 uint32_t bytes, uint32_t ms)
{
	const double w = rate * bytes;
	cell->bytes += w;
	cell->frames += rate;
	cell->q_bytes += w * w;
	cell->q_frames += rate * rate;
	if (cell->samples == 0 || (cell->flags & SOURCE_RESTARTED) != 0 ||
	    is_later(fs->sequence, cell->sequence)) {
		cell->sequence = fs->sequence;
		cell->pool = fs->sample_pool;
		cell->drops = fs->drops;
	}
	cell->samples++;
	cell->last = ms;
}

static inline void measure_all(struct passage *ps, uint32_t source, double rate, uint32_t bytes,
			       bool discarded)
{
	const struct program *program = ps->bank->program;
	for (uint32_t i = 0; i < program->n_def; i++)
		if (program->def[i].dropped == discarded)
			measure(ps->bank, ps->in, i, source, rate, bytes, ps->ms);
}

/// A flow sample whose fixed part was read and whose data source is being looked up.
struct staged {
	struct flow_sample fs;
	struct source_id id;
	uint64_t hash;
	uint32_t guess; ///< index of the source, probably
	bool discarded;
};

static void ingest_flow(struct passage *ps, struct staged *st)
{
	struct intake *in = ps->in;
	struct flow_sample *fs = &st->fs;
	const uint32_t source = registry_source(&in->registry, &st->id, st->hash, st->guess);
	if (source == 0) {
		stats_add(in->stats, STAT_sample_sources_full, 1);
		return;
	}
	struct registry_source *known = &in->registry.source[source];
	struct source_cell *cell = touch_source(ps->bank, source);
	if (!check_sample(ps, known, cell, fs, st->discarded))
		return;
	const double rate = st->discarded ? 1 : rate_of(ps, known, cell, fs);
	struct headers h = {0};
	packet_reset(&in->packet, ps->data, ps->len);
	in->packet.meta.direction = (uint8_t)st->id.direction;
	walk_records(ps, fs, &h);
	const uint32_t bytes = read_packet(ps, fs, &h);
	if (st->discarded) {
		packet_reason(&in->packet, fs->reason);
		cell->discards = (uint16_t)(cell->discards + (cell->discards < UINT16_MAX));
		cell->last = ps->ms;
		ps->cell->discards++;
		stats_add(in->stats, STAT_used_discards, 1);
	} else {
		count_source(cell, fs, rate, bytes, ps->ms);
		ps->n_flow++;
	}
	measure_all(ps, source, rate, bytes, st->discarded);
}

// The samples of a datagram come from many ports: ask for all their sources before the first is
// needed, then go through them in order.
static void ingest_staged(struct passage *ps, struct staged *st, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		st[i].guess = registry_source_guess(&ps->in->registry, st[i].hash);
		__builtin_prefetch(&ps->bank->source[st[i].guess], 1);
	}
	for (unsigned i = 0; i < n; i++)
		ingest_flow(ps, &st[i]);
}

// Read the fixed part; false when it is cut.
static bool stage_flow(struct passage *ps, const struct sflow_sample *s, struct staged *st)
{
	if (flow_sample_open(s, &st->fs) != SFLOW_OK) {
		stats_add(ps->in->stats, STAT_sample_short, 1);
		return false;
	}
	st->discarded = s->tag == SFLOW_DISCARDED_PACKET;
	st->id = (struct source_id){
		.agent = ps->sender.index,
		.ds_class = st->fs.ds_class,
		.ds_index = st->fs.ds_index,
		.direction = direction_of(&st->fs),
	};
	st->hash = registry_source_hash(&ps->in->registry, &st->id);
	return true;
}

static void ingest_counters(struct passage *ps, const struct sflow_sample *s)
{
	struct bank *b = ps->bank;
	struct counters_sample cs;
	if (counters_sample_open(s, &cs) != SFLOW_OK) {
		stats_add(ps->in->stats, STAT_sample_short, 1);
		return;
	}
	const struct source_id id = {
		.agent = ps->sender.index,
		.ds_class = cs.ds_class,
		.ds_index = cs.ds_index,
		.direction = DIRECTION_UNKNOWN,
	};
	struct registry *r = &ps->in->registry;
	const uint32_t source = registry_source_find(r, &id, registry_source_hash(r, &id));
	if (source == 0) {
		stats_add(ps->in->stats, STAT_sample_sources_full, 1);
		return;
	}
	const uint32_t len = (uint32_t)cursor_left(&cs.records.rest);
	const size_t need = sizeof(struct log_entry) + ((len + 7u) & ~7u);
	if (need > b->log_size - b->log_len) {
		stats_add(ps->in->stats, STAT_sample_log_full, 1);
		return;
	}
	struct log_entry *e = (struct log_entry *)(void *)(b->log + b->log_len);
	*e = (struct log_entry){
		.source = source,
		.len = len,
		.sequence = cs.sequence,
		.uptime = ps->sender.agent->uptime,
		.time = ps->time,
	};
	memcpy(e + 1, cs.records.rest.p, len);
	b->log_len += (uint32_t)need;
	ps->cell->counters_samples++;
	stats_add(ps->in->stats, STAT_used_counters_samples, 1);
}

static void ingest_samples(struct passage *ps, struct sflow_datagram *dg)
{
	struct stats *stats = ps->in->stats;
	struct staged staged[STAGE];
	unsigned n = 0, n_samples = 0;
	struct sflow_sample s;
	int got;
	while ((got = sflow_next(dg, &s)) > 0) {
		n_samples++;
		switch (s.tag) {
		case SFLOW_FLOW_SAMPLE:
		case SFLOW_FLOW_SAMPLE_EXPANDED:
		case SFLOW_DISCARDED_PACKET: n += stage_flow(ps, &s, &staged[n]); break;
		case SFLOW_COUNTERS_SAMPLE:
		case SFLOW_COUNTERS_SAMPLE_EXPANDED: ingest_counters(ps, &s); break;
		default: refuse_sample(ps, &s);
		}
		if (n == STAGE) {
			ingest_staged(ps, staged, n);
			n = 0;
		}
	}
	ingest_staged(ps, staged, n);
	stats_add(stats, STAT_rx_samples, n_samples);
	if (got < 0) {
		stats_add(stats, STAT_rx_samples, 1);
		stats_add(stats, STAT_sample_overrun, 1);
		return;
	}
	const enum sflow_reason end = sflow_items_end(&dg->samples);
	if (end == SFLOW_ITEMS_MISSING)
		stats_add(stats, STAT_samples_missing, 1);
	else if (end == SFLOW_SLACK)
		stats_add(stats, STAT_slack, 1);
}

static struct addr via_of(const struct payload *p)
{
	if (p->via_family == ADDR_IP4)
		return addr_ip4(p->via);
	if (p->via_family == ADDR_IP6)
		return addr_ip6(p->via);
	return (struct addr){0};
}

static struct agent_cell *count_agent(struct bank *b, const struct sender *sender,
				      const struct payload *p, const struct sflow_datagram *dg)
{
	struct agent_cell *cell = touch_agent(b, sender->index);
	const bool restarted = sender->verdict == SEQ_RESTART;
	if (cell->datagrams == 0 || restarted || is_later(dg->sequence, cell->sequence)) {
		cell->sequence = dg->sequence;
		cell->uptime = dg->uptime;
		cell->via = via_of(p);
	}
	cell->flags |= restarted ? AGENT_RESTARTED : 0;
	cell->datagrams++;
	cell->bytes += p->len;
	cell->late += sender->verdict == SEQ_LATE;
	cell->last = p->time;
	return cell;
}

// Versions 2 and 4 are put into the words of version 5 first. False: not readable, and counted.
static bool open_datagram(struct passage *ps, struct sflow_datagram *dg)
{
	struct stats *stats = ps->in->stats;
	enum sflow_reason reason = sflow_open(dg, ps->data, ps->len);
	if (__builtin_expect(reason == SFLOW_OK, 1))
		return true;
	if (reason == SFLOW_BAD_VERSION && legacy_version(ps->data, ps->len) != 0) {
		enum sflow_reason rest;
		ps->len = (uint32_t)legacy_upgrade(ps->data, ps->len, ps->in->upgraded,
						   sizeof(ps->in->upgraded), &rest);
		ps->data = ps->in->upgraded;
		ps->cut = ps->len > 0 && rest != SFLOW_OK;
		reason = ps->len > 0 ? sflow_open(dg, ps->data, ps->len) : rest;
		stats_add(stats, STAT_datagrams_upgraded, 1);
	}
	if (reason == SFLOW_OK)
		return true;
	stats_add(stats,
		  reason == SFLOW_BAD_VERSION   ? STAT_datagram_version
		  : reason == SFLOW_BAD_ADDRESS ? STAT_datagram_address
						: STAT_datagram_short,
		  1);
	return false;
}

static struct agent_id agent_of(const struct sflow_datagram *dg)
{
	struct agent_id id = {.addr.family = dg->agent_type, .sub_agent = dg->sub_agent};
	if (dg->agent_type == ADDR_IP4)
		memcpy(id.addr.bytes, dg->agent, 4);
	else if (dg->agent_type == ADDR_IP6)
		memcpy(id.addr.bytes, dg->agent, 16);
	return id;
}

static void ingest_datagram(struct bank *b, struct intake *in, const struct payload *p)
{
	// A layer is a 16-bit offset into the datagram; UDP cannot carry more either.
	struct passage ps = {
		.bank = b,
		.in = in,
		.data = p->data,
		.len = p->len <= UINT16_MAX ? p->len : UINT16_MAX,
		.time = p->time,
	};
	struct sflow_datagram dg;
	stats_add(in->stats, STAT_rx_datagrams, 1);
	if (!open_datagram(&ps, &dg))
		return;
	const struct agent_id id = agent_of(&dg);
	if (!intake_admit(in, &id, dg.sequence, dg.uptime, p->time, &ps.sender)) {
		if (ps.sender.verdict == SEQ_DUPLICATE)
			touch_agent(b, ps.sender.index)->duplicates++;
		return;
	}
	ps.cell = count_agent(b, &ps.sender, p, &dg);
	ps.ms = p->time > b->start ? (uint32_t)((p->time - b->start) / 1000000u) : 0;
	stats_add(in->stats, STAT_used_datagrams, 1);
	ingest_samples(&ps, &dg);
	if (__builtin_expect(ps.cut, 0)) {
		stats_add(in->stats, STAT_rx_samples, 1);
		stats_add(in->stats, STAT_sample_overrun, 1);
	}
	ps.cell->flow_samples += ps.n_flow;
	stats_add(in->stats, STAT_used_flow_samples, ps.n_flow);
	stats_add(in->stats, STAT_rx_records, ps.n_records);
	stats_add(in->stats, STAT_used_records, ps.n_records);
}

// A datagram comes from memory line by line; what hardware prefetches ends at a page.
static inline void prefetch_payload(const struct payload *p)
{
	const uint8_t *at = p->data, *end = p->data + p->len;
	for (; at + 256 <= end; at += 256) {
		__builtin_prefetch(at);
		__builtin_prefetch(at + 64);
		__builtin_prefetch(at + 128);
		__builtin_prefetch(at + 192);
	}
	for (; at < end; at += 64)
		__builtin_prefetch(at);
}

void bank_ingest(struct bank *b, struct intake *in, const struct payload *p, unsigned n)
{
	for (unsigned i = 0; i < n && i < PAYLOADS_AHEAD; i++)
		prefetch_payload(&p[i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + PAYLOADS_AHEAD < n)
			prefetch_payload(&p[i + PAYLOADS_AHEAD]);
		ingest_datagram(b, in, &p[i]);
	}
	for (uint32_t i = 0; i < b->program->n_def; i++)
		if (b->table[i]->batch->n > 0)
			flush(b, in, i);
	b->n_agents = in->registry.n_agents;
	b->n_sources = in->registry.n_sources;
	stats_add(in->stats, STAT_bursts, 1);
}
