// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/bank.h"

#include <math.h>
#include <string.h>

#include "bank/intake.h"
#include "packet/dissect.h"
#include "sflow/flow_sample.h"
#include "table/cell.h"

// Additions gathered before a table is touched, so that its cache lines arrive meanwhile.
#define BATCH 32
// How far ahead of the addition its entry is asked for.
#define ENTRY_AHEAD 6

struct addition {
	uint64_t hash;
	double value; ///< rate x value
	double rate;
	uint32_t last;
};

/// Additions on their way to one table.
struct batch {
	uint32_t n;
	uint32_t key_size;
	uint8_t *key;   ///< BATCH keys
	double *values; ///< BATCH x n_cell attributes; NaN = absent
	struct addition item[BATCH];
};

/// A datagram on its way through.
struct passage {
	struct bank *bank;
	struct intake *in;
	struct sender sender;
	struct agent_cell *cell;
	const uint8_t *data;
	uint32_t len;
	uint32_t ms; ///< since the bank's start
	uint64_t time;
};

_Static_assert(sizeof(struct source_cell) == 64, "a source cell is one cache line");

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static struct table_shape shape_of(const struct flow_def *def, const struct bank_config *config)
{
	return (struct table_shape){
		.entries = config->entries,
		.key_size = def->key_size,
		.cells_size = (uint16_t)(def->n_cell * sizeof(struct cell)),
	};
}

static size_t batch_size(const struct flow_def *def)
{
	return round_up((size_t)BATCH * def->key_size) +
	       round_up((size_t)BATCH * def->n_cell * sizeof(double));
}

size_t bank_size(const struct program *program, const struct bank_config *config)
{
	const size_t agents = (size_t)config->max_agents + 1;
	const size_t sources = (size_t)config->max_sources + 1;
	size_t size =
		round_up(sizeof(struct bank)) + round_up(program->n_def * sizeof(struct table)) +
		round_up(program->n_def * sizeof(struct batch)) +
		round_up(agents * sizeof(struct agent_cell)) + round_up(agents * sizeof(uint32_t)) +
		round_up(sources * sizeof(struct source_cell)) +
		round_up(sources * sizeof(uint32_t)) + round_up(config->log_size);
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct table_shape shape = shape_of(&program->def[i], config);
		size += round_up(table_size(&shape)) + batch_size(&program->def[i]);
	}
	return size;
}

static void *take(uint8_t **p, size_t size)
{
	void *mem = *p;
	*p += round_up(size);
	return mem;
}

struct bank *bank_init(void *mem, const struct program *program, const struct bank_config *config)
{
	const size_t agents = (size_t)config->max_agents + 1;
	const size_t sources = (size_t)config->max_sources + 1;
	uint8_t *p = mem;
	struct bank *b = take(&p, sizeof(*b));
	b->program = program;
	b->config = *config;
	b->table = take(&p, program->n_def * sizeof(struct table));
	b->batch = take(&p, program->n_def * sizeof(struct batch));
	b->agent = take(&p, agents * sizeof(struct agent_cell));
	b->touched_agents = take(&p, agents * sizeof(uint32_t));
	b->source = take(&p, sources * sizeof(struct source_cell));
	b->touched_sources = take(&p, sources * sizeof(uint32_t));
	b->log = take(&p, config->log_size);
	b->log_size = config->log_size;
	for (uint32_t i = 0; i < program->n_def; i++) {
		const struct flow_def *def = &program->def[i];
		const struct table_shape shape = shape_of(def, config);
		table_init(&b->table[i], take(&p, table_size(&shape)), &shape, config->seed + i);
		b->batch[i].key_size = def->key_size;
		b->batch[i].key = take(&p, (size_t)BATCH * def->key_size);
		b->batch[i].values = take(&p, (size_t)BATCH * def->n_cell * sizeof(double));
	}
	bank_clear(b, 0, UINT64_MAX);
	return b;
}

void bank_clear(struct bank *b, uint64_t start, uint64_t until)
{
	b->start = start;
	b->until = until;
	b->n_touched_agents = 0;
	b->n_touched_sources = 0;
	b->n_agents = 0;
	b->n_sources = 0;
	b->log_len = 0;
	for (uint32_t i = 0; i < b->program->n_def; i++)
		table_clear(&b->table[i]);
	if (++b->epoch != 0)
		return;
	// 2^32 intervals later: epochs would repeat.
	for (uint32_t i = 0; i <= b->config.max_agents; i++)
		b->agent[i].epoch = 0;
	for (uint32_t i = 0; i <= b->config.max_sources; i++)
		b->source[i].epoch = 0;
	b->epoch = 1;
}

const struct source_cell *bank_source(const struct bank *b, uint32_t index)
{
	return b->source[index].epoch == b->epoch ? &b->source[index] : NULL;
}

const struct agent_cell *bank_agent(const struct bank *b, uint32_t index)
{
	return b->agent[index].epoch == b->epoch ? &b->agent[index] : NULL;
}

const struct log_entry *bank_log_next(const struct bank *b, const struct log_entry *e)
{
	size_t at = 0;
	if (e != NULL)
		at = (size_t)((const uint8_t *)e - b->log) + sizeof(*e) + ((e->len + 7u) & ~7u);
	return at < b->log_len ? (const struct log_entry *)(const void *)(b->log + at) : NULL;
}

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

static void flush(struct bank *b, struct intake *in, uint32_t i)
{
	const struct flow_def *def = &b->program->def[i];
	struct table *t = &b->table[i];
	struct batch *batch = &b->batch[i];
	const uint32_t n = batch->n;
	const uint64_t relabelled = t->relabelled;
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
		if (e == NULL || def->n_cell == 0)
			continue;
		struct cell *cell = table_cells(t, e);
		const double *value = batch->values + (size_t)k * def->n_cell;
		for (unsigned c = 0; c < def->n_cell; c++)
			if (!isnan(value[c]))
				cell_add(&cell[c], (enum cell_kind)def->cell[c].kind, value[c],
					 item->rate);
	}
	batch->n = 0;
	stats_add(in->stats, STAT_added, n);
	stats_add(in->stats, STAT_relabelled, t->relabelled - relabelled);
}

static void read_cells(const struct flow_def *def, const struct packet *p, double *out)
{
	for (unsigned c = 0; c < def->n_cell; c++)
		if (!flow_def_number(&def->cell[c].source, p, &out[c]))
			out[c] = NAN;
}

// Queue the sample for the table of definition @p i if that measures it.
static inline void measure(struct bank *b, struct intake *in, uint32_t i, uint32_t source,
			   double rate, uint32_t ms)
{
	const struct flow_def *def = &b->program->def[i];
	const struct packet *p = &in->packet;
	struct batch *batch = &b->batch[i];
	uint8_t *key = batch->key + (size_t)batch->n * batch->key_size;
	double value;
	if (!flow_def_match(def, p)) {
		stats_add(in->stats, STAT_filtered, 1);
		return;
	}
	if (!flow_def_key(def, p, source, key) || !flow_def_value(def, p, &value)) {
		stats_add(in->stats, STAT_no_key, 1);
		return;
	}
	const uint64_t hash = table_hash(&b->config.secret, key, batch->key_size);
	table_prefetch_head(&b->table[i], hash);
	if (def->n_cell != 0)
		read_cells(def, p, batch->values + (size_t)batch->n * def->n_cell);
	batch->item[batch->n++] =
		(struct addition){.hash = hash, .value = rate * value, .rate = rate, .last = ms};
	if (batch->n == BATCH)
		flush(b, in, i);
}

// Which records of a sample describe the packet; their order does not matter, the raw header wins.
struct headers {
	struct sflow_record raw, ethernet, ip4, ip6;
};

// Flow records whose fixed part flow keys read, and how long that is.
static enum packet_layer record_layer(const struct sflow_record *r, uint32_t *size)
{
	switch (r->tag) {
	case SFLOW_EXTENDED_SWITCH: *size = 16; return LAYER_SWITCH;
	case SFLOW_EXTENDED_ROUTER: // address type first
		*size = 16;
		if (r->len >= 4 && load_be32(r->body) == ADDR_IP6) {
			*size = 28;
			return LAYER_ROUTER6;
		}
		return LAYER_ROUTER;
	case SFLOW_TAG(0, 1029): *size = 4; return LAYER_VNIEGRESS;
	case SFLOW_TAG(0, 1030): *size = 4; return LAYER_VNIINGRESS;
	case SFLOW_TAG(0, 1036): *size = 4; return LAYER_EGRESSQUEUE;
	case SFLOW_TAG(0, 1039): *size = 4; return LAYER_TRANSIT;
	case SFLOW_TAG(0, 1040): *size = 4; return LAYER_QUEUE;
	case SFLOW_TAG(0, 2209): *size = 48; return LAYER_TCPINFO;
	case SFLOW_TAG(0, 2210): *size = 16; return LAYER_ENTITIES;
	default: return LAYER_NONE;
	}
}

// Structures of sflow.org that flow keys do not read.
static bool is_published(uint32_t tag)
{
	return (tag >= SFLOW_TAG(0, 1001) && tag <= SFLOW_TAG(0, 1043)) ||
	       (tag >= SFLOW_TAG(0, 2000) && tag <= SFLOW_TAG(0, 2003)) ||
	       (tag >= SFLOW_TAG(0, 2100) && tag <= SFLOW_TAG(0, 2103)) ||
	       (tag >= SFLOW_TAG(0, 2200) && tag <= SFLOW_TAG(0, 2210));
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

static enum stat_id note_record(struct passage *ps, struct headers *h, const struct sflow_record *r)
{
	switch (r->tag) {
	case SFLOW_SAMPLED_HEADER: return keep_header(&h->raw, r, 16);
	case SFLOW_SAMPLED_ETHERNET: return keep_header(&h->ethernet, r, 24);
	case SFLOW_SAMPLED_IPV4: return keep_header(&h->ip4, r, 32);
	case SFLOW_SAMPLED_IPV6: return keep_header(&h->ip6, r, 56);
	default: break;
	}
	uint32_t size = 0;
	const enum packet_layer layer = record_layer(r, &size);
	if (layer == LAYER_NONE)
		return is_published(r->tag) ? STAT_record_unused : STAT_record_unknown;
	if (r->len < size)
		return STAT_record_short;
	struct packet *p = &ps->in->packet;
	if (p->first[layer] != 0)
		return STAT_record_unused;
	p->first[layer] = (uint16_t)(r->body - ps->data);
	return STAT_used_records;
}

static void walk_records(struct passage *ps, struct flow_sample *fs, struct headers *h)
{
	struct stats *stats = ps->in->stats;
	struct sflow_record r;
	int got;
	while ((got = sflow_record_next(&fs->records, &r)) > 0) {
		stats_add(stats, STAT_rx_records, 1);
		stats_add(stats, note_record(ps, h, &r), 1);
	}
	if (got < 0) {
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

// sampled_ethernet, then the transport ports of sampled_ipv4/ipv6, written as the header they were
// read from, so that one dissector serves all. Returns the length.
static uint32_t put_ethernet(uint8_t *to, const struct headers *h)
{
	memset(to, 0, 14);
	if (h->ethernet.body != NULL) { // length, source, destination (each 6 + 2), type
		memcpy(to, h->ethernet.body + 12, 6);
		memcpy(to + 6, h->ethernet.body + 4, 6);
		memcpy(to + 12, h->ethernet.body + 22, 2);
	} else {
		store_be16(to + 12, h->ip4.body != NULL ? ETHERTYPE_IP4 : ETHERTYPE_IP6);
	}
	return 14;
}

static uint32_t put_transport(uint8_t *to, uint32_t protocol, const uint8_t *ports)
{
	if (protocol != 6 && protocol != 17 && protocol != 132)
		return 0;
	memset(to, 0, 20);
	memcpy(to, ports + 2, 2);
	memcpy(to + 2, ports + 6, 2);
	if (protocol != 6)
		return 8;
	to[12] = 5 << 4;
	to[13] = ports[11]; // flags
	return 20;
}

static uint32_t put_ip4(uint8_t *to, const uint8_t *r)
{
	memset(to, 0, 20);
	to[0] = 0x45;
	to[1] = r[31];             // tos
	memcpy(to + 2, r + 2, 2);  // total length
	to[9] = r[7];              // protocol
	memcpy(to + 12, r + 8, 8); // source, destination
	return 20 + put_transport(to + 20, load_be32(r + 4), r + 16);
}

static uint32_t put_ip6(uint8_t *to, const uint8_t *r)
{
	memset(to, 0, 40);
	const uint32_t length = load_be32(r);
	store_be32(to, 6u << 28 | (load_be32(r + 52) & 0xff) << 20);
	store_be16(to + 4, (uint16_t)(length > 40 ? length - 40 : 0));
	to[6] = r[7];
	memcpy(to + 8, r + 8, 32);
	return 40 + put_transport(to + 40, load_be32(r + 4), r + 40);
}

static void dissect_synthetic(struct packet *p, const struct headers *h, enum dissect_depth depth)
{
	uint8_t *to = p->synth + 1; // offset 0 means absent
	uint32_t len = 0;
	if (h->ethernet.body != NULL)
		len = put_ethernet(to, h);
	const uint32_t protocol = len > 0               ? HEADER_ETHERNET
				  : h->ip4.body != NULL ? HEADER_IP4
							: HEADER_IP6;
	if (h->ip4.body != NULL)
		len += put_ip4(to + len, h->ip4.body);
	else if (h->ip6.body != NULL)
		len += put_ip6(to + len, h->ip6.body);
	p->base[SPACE_HEADER] = p->synth;
	packet_dissect(p, protocol, 1, len, depth);
}

static void set_meta(struct packet *p, const struct flow_sample *fs, uint32_t bytes,
		     uint32_t stripped, uint32_t protocol)
{
	p->meta.input = __builtin_bswap32(fs->input);
	p->meta.output = __builtin_bswap32(fs->output);
	p->meta.sampling_rate = __builtin_bswap32(fs->sampling_rate);
	p->meta.bytes = __builtin_bswap32(bytes);
	p->meta.stripped = __builtin_bswap32(stripped);
	p->meta.reason = __builtin_bswap32(fs->reason);
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
		dissect_synthetic(p, h, depth);
	} else {
		stats_add(ps->in->stats, STAT_header_none, 1);
	}
	if (p->clipped)
		stats_add(ps->in->stats, STAT_header_clipped, 1);
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

// The rate that scales this sample: an override, what was sent, or 1 for 0.
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
	if (ps->sender.agent->rate_override != 0)
		return ps->sender.agent->rate_override;
	return fs->sampling_rate != 0 ? fs->sampling_rate : 1;
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

static void measure_all(struct passage *ps, uint32_t source, double rate, bool discarded)
{
	const struct program *program = ps->bank->program;
	for (uint32_t i = 0; i < program->n_def; i++)
		if (program->def[i].dropped == discarded)
			measure(ps->bank, ps->in, i, source, rate, ps->ms);
}

static void ingest_flow(struct passage *ps, const struct sflow_sample *s)
{
	struct intake *in = ps->in;
	const bool discarded = s->tag == SFLOW_DISCARDED_PACKET;
	struct flow_sample fs;
	if (flow_sample_open(s, &fs) != SFLOW_OK) {
		stats_add(in->stats, STAT_sample_short, 1);
		return;
	}
	const struct source_id id = {
		.agent = ps->sender.index,
		.ds_class = fs.ds_class,
		.ds_index = fs.ds_index,
		.direction = direction_of(&fs),
	};
	const uint32_t source = registry_source(&in->registry, &id);
	if (source == 0) {
		stats_add(in->stats, STAT_sample_sources_full, 1);
		return;
	}
	struct registry_source *known = &in->registry.source[source];
	struct source_cell *cell = touch_source(ps->bank, source);
	if (!check_sample(ps, known, cell, &fs, discarded))
		return;
	const double rate = discarded ? 1 : rate_of(ps, known, cell, &fs);
	struct headers h = {0};
	packet_reset(&in->packet, ps->data, ps->len);
	in->packet.meta.direction = (uint8_t)id.direction;
	walk_records(ps, &fs, &h);
	const uint32_t bytes = read_packet(ps, &fs, &h);
	if (discarded) {
		cell->discards = (uint16_t)(cell->discards + (cell->discards < UINT16_MAX));
		cell->last = ps->ms;
		ps->cell->discards++;
		stats_add(in->stats, STAT_used_discards, 1);
	} else {
		count_source(cell, &fs, rate, bytes, ps->ms);
		ps->cell->flow_samples++;
		stats_add(in->stats, STAT_used_flow_samples, 1);
	}
	measure_all(ps, source, rate, discarded);
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
	const uint32_t source = registry_source(&ps->in->registry, &id);
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
	struct sflow_sample s;
	int got;
	while ((got = sflow_next(dg, &s)) > 0) {
		stats_add(stats, STAT_rx_samples, 1);
		switch (s.tag) {
		case SFLOW_FLOW_SAMPLE:
		case SFLOW_FLOW_SAMPLE_EXPANDED:
		case SFLOW_DISCARDED_PACKET: ingest_flow(ps, &s); break;
		case SFLOW_COUNTERS_SAMPLE:
		case SFLOW_COUNTERS_SAMPLE_EXPANDED: ingest_counters(ps, &s); break;
		default: stats_add(stats, STAT_sample_unknown, 1);
		}
	}
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

static const enum stat_id open_failures[] = {
	[SFLOW_SHORT_HEADER] = STAT_datagram_short,
	[SFLOW_BAD_VERSION] = STAT_datagram_version,
	[SFLOW_BAD_ADDRESS] = STAT_datagram_address,
};

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

static void ingest_datagram(struct bank *b, struct intake *in, const struct payload *p)
{
	stats_add(in->stats, STAT_rx_datagrams, 1);
	// A layer is a 16-bit offset into the datagram; UDP cannot carry more either.
	const uint32_t len = p->len <= UINT16_MAX ? p->len : UINT16_MAX;
	struct sflow_datagram dg;
	const enum sflow_reason reason = sflow_open(&dg, p->data, len);
	if (reason != SFLOW_OK) {
		stats_add(in->stats, open_failures[reason], 1);
		return;
	}
	struct agent_id id = {.addr.family = dg.agent_type, .sub_agent = dg.sub_agent};
	if (dg.agent_type == ADDR_IP4)
		memcpy(id.addr.bytes, dg.agent, 4);
	else if (dg.agent_type == ADDR_IP6)
		memcpy(id.addr.bytes, dg.agent, 16);
	struct passage ps = {.bank = b, .in = in, .data = p->data, .len = len, .time = p->time};
	if (!intake_admit(in, &id, dg.sequence, dg.uptime, p->time, &ps.sender)) {
		if (ps.sender.verdict == SEQ_DUPLICATE)
			touch_agent(b, ps.sender.index)->duplicates++;
		return;
	}
	ps.cell = count_agent(b, &ps.sender, p, &dg);
	ps.ms = p->time > b->start ? (uint32_t)((p->time - b->start) / 1000000u) : 0;
	stats_add(in->stats, STAT_used_datagrams, 1);
	ingest_samples(&ps, &dg);
}

void bank_ingest(struct bank *b, struct intake *in, const struct payload *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i + 1 < n)
			__builtin_prefetch(p[i + 1].data);
		ingest_datagram(b, in, &p[i]);
	}
	for (uint32_t i = 0; i < b->program->n_def; i++)
		if (b->batch[i].n > 0)
			flush(b, in, i);
	b->n_agents = in->registry.n_agents;
	b->n_sources = in->registry.n_sources;
	stats_add(in->stats, STAT_bursts, 1);
}
