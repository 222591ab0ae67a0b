// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The samples of one datagram: who saw the packet, how often it counts, where its layers lie.
//
// Nearly all samples of nearly all agents are plain: a compact flow sample of a port that was met
// before, in order, at the sampling rate of the one before it, with a raw header that
// dissect_plain() knows and at most extended_switch behind it. Those are decided and counted here,
// in one piece, from the words of the wire; sample_ingest() does the same for any sample.

#include "bank/passage.h"
#include "packet/dissect.h"

// Samples of a datagram whose data sources are asked for together.
#define STAGE 16

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

// Words of the wire as they lie in memory, to compare without turning them round.
static inline uint32_t load_raw(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

#define WIRE(n) __builtin_bswap32(n)

// The compact flow sample (sFlow v5 section 5), bytes from its body. Behind the fixed part: tag and
// length of the first record, and its body: a raw header's four words.
enum {
	AT_SEQUENCE = 0,
	AT_SOURCE = 4,
	AT_RATE = 8,
	AT_POOL = 12,
	AT_DROPS = 16,
	AT_INPUT = 20,
	AT_OUTPUT = 24,
	AT_N_RECORDS = 28,
	AT_TAG = 32,
	AT_LEN = 36,
	AT_PROTOCOL = 40,
	AT_FRAME_LEN = 44,
	AT_STRIPPED = 48,
	AT_HEADER_LEN = 52,
	AT_HEADER = 56,
	SWITCH_SIZE = 24, // extended_switch with its tag and length
};

/// A plain sample, as far as its bytes tell.
struct plain_sample {
	struct plain header;
	const uint8_t *switch_record; ///< body of extended_switch, or NULL
	uint32_t n_records;
};

// Read the records. False when they are not plain.
static inline bool read_plain(const struct staged *st, struct plain_sample *out)
{
	const uint8_t *b = st->sample.body, *end = b + st->sample.len;
	if (st->sample.len < AT_HEADER || load_raw(b + AT_TAG) != WIRE(SFLOW_SAMPLED_HEADER) ||
	    load_raw(b + AT_PROTOCOL) != WIRE(HEADER_ETHERNET))
		return false;
	const uint32_t len = load_be32(b + AT_LEN), said = load_be32(b + AT_HEADER_LEN);
	if (len < AT_HEADER - AT_PROTOCOL || len > st->sample.len - AT_PROTOCOL)
		return false;
	const uint32_t room = len - (AT_HEADER - AT_PROTOCOL);
	const uint8_t *next = b + AT_PROTOCOL + ((len + 3) & ~3u);
	out->n_records = load_be32(b + AT_N_RECORDS);
	out->switch_record = NULL;
	if (out->n_records == 2) {
		if (end - next != SWITCH_SIZE || load_raw(next) != WIRE(SFLOW_EXTENDED_SWITCH) ||
		    load_raw(next + 4) != WIRE(SWITCH_SIZE - 8))
			return false;
		out->switch_record = next + 8;
	} else if (out->n_records != 1 || next != end) {
		return false;
	}
	return dissect_plain(b + AT_HEADER, said < room ? said : room, &out->header);
}

// Count the sample for its source. False, with nothing changed, unless it is the next one of a
// source that this interval knows, at the rate of the one before it.
static inline bool count_plain(struct passage *ps, const struct staged *st, uint32_t source,
			       double *rate, uint32_t bytes)
{
	const uint8_t *b = st->sample.body;
	struct registry_source *known = &ps->in->registry.source[source];
	struct source_cell *cell = &ps->bank->source[source];
	const uint32_t sequence = load_be32(b + AT_SEQUENCE), sent = load_be32(b + AT_RATE);
	const uint32_t ahead = sequence - known->window.high;
	if (!source_is(&known->id, &st->id) || cell->epoch != ps->bank->epoch ||
	    cell->samples == 0 || !is_later(sequence, cell->sequence) ||
	    known->restarts != ps->sender.agent->restarts || !known->window.started ||
	    ahead - 1 >= 63 || sent != known->rate || sent - 1 >= SANE_RATE)
		return false;
	const double r = *rate = known->weight, w = r * bytes;
	known->window.seen = known->window.seen << ahead | 1;
	known->window.high = sequence;
	cell->bytes += w;
	cell->frames += r;
	cell->q_bytes += w * w;
	cell->q_frames += r * r;
	cell->sequence = sequence;
	cell->pool = load_be32(b + AT_POOL);
	cell->drops = load_be32(b + AT_DROPS);
	cell->rate = sent;
	cell->samples++;
	cell->last = ps->ms;
	return true;
}

// False, with nothing changed, when the sample is not plain.
static inline bool ingest_plain(struct passage *ps, const struct staged *st)
{
	struct plain_sample plain;
	double rate;
	if (st->sample.tag != SFLOW_FLOW_SAMPLE || !read_plain(st, &plain))
		return false;
	const uint8_t *b = st->sample.body;
	const uint32_t source = *st->recent, bytes = load_be32(b + AT_FRAME_LEN);
	if (!count_plain(ps, st, source, &rate, bytes))
		return false;
	const uint32_t at = (uint32_t)(b + AT_HEADER - ps->data);
	struct sample *s = &ps->in->sample[ps->in->n_samples++];
	s->rate = rate;
	s->datagram = ps->data;
	s->body = b;
	s->switch_record = plain.switch_record;
	s->datagram_len = ps->len;
	s->source = source;
	s->bytes = bytes;
	s->ms = ps->ms;
	s->end = plain.header.end;
	s->has = (uint16_t)plain.header.has;
	s->at[PLAIN_FROM_ETH] = (uint16_t)at;
	s->at[PLAIN_FROM_NETWORK] = (uint16_t)(at + plain.header.network_at);
	s->at[PLAIN_FROM_TRANSPORT] = (uint16_t)(at + plain.header.transport_at);
	if (at + plain.header.transport_at + PLAIN_ROOM_BYTES <= ps->len)
		s->has |= PLAIN_ROOM;
	s->direction = (uint8_t)st->id.direction;
	s->discarded = false;
	s->packet = false;
	ps->tally.used_records += plain.n_records;
	ps->tally.flow_samples++;
	return true;
}

void sample_packet(const struct program *program, const struct sample *s, struct packet *p)
{
	const uint32_t at = s->at[PLAIN_FROM_ETH];
	const struct plain f = {
		.has = s->has,
		.network_at = s->at[PLAIN_FROM_NETWORK] - at,
		.transport_at = s->at[PLAIN_FROM_TRANSPORT] - at,
		.end = s->end,
	};
	packet_reset(p, s->datagram, s->datagram_len);
	packet_note_plain(p, at, &f, program->inner ? DISSECT_ALL : DISSECT_OUTER);
	if (s->switch_record != NULL)
		p->first[LAYER_SWITCH] = (uint16_t)(s->switch_record - s->datagram);
	p->meta = (struct packet_meta){
		.input = WIRE(packet_port(load_be32(s->body + AT_INPUT))),
		.output = WIRE(packet_port(load_be32(s->body + AT_OUTPUT))),
		.sampling_rate = load_raw(s->body + AT_RATE),
		.bytes = load_raw(s->body + AT_FRAME_LEN),
		.stripped = load_raw(s->body + AT_STRIPPED),
		.frames = WIRE(1),
		.direction = s->direction,
		.protocol = HEADER_ETHERNET,
	};
}

// The samples of a datagram come from many ports: ask for all their sources before the first is
// needed, then go through them in order.
static void ingest_staged(struct passage *ps, const struct staged *st, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (__builtin_expect(!ingest_plain(ps, &st[i]), 0))
			sample_ingest(ps, &st[i]);
		if (ps->in->n_samples == SAMPLES)
			measure_staged(ps->bank, ps->in);
	}
}

// Work out the data source and ask for it; false when the fixed part is cut.
static inline bool stage_flow(struct passage *ps, const struct sflow_sample *s, struct staged *st)
{
	struct flow_sample fs;
	if (__builtin_expect(flow_sample_open(s, &fs) != SFLOW_OK, 0)) {
		stats_add(ps->in->stats, STAT_sample_short, 1);
		return false;
	}
	const uint32_t direction = direction_of(&fs);
	st->sample = *s;
	st->id = (struct source_id){
		.agent = ps->sender.index,
		.ds_class = fs.ds_class,
		.ds_index = fs.ds_index,
		.direction = direction,
	};
	const struct registry *r = &ps->in->registry;
	st->recent = registry_recent(r, ps->sender.index, fs.ds_index, direction);
	__builtin_prefetch(&r->source[*st->recent], 1);
	__builtin_prefetch(&ps->bank->source[*st->recent], 1);
	return true;
}

void samples_ingest(struct passage *ps, struct sflow_datagram *dg)
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
		case SFLOW_COUNTERS_SAMPLE_EXPANDED: counters_ingest(ps, &s); break;
		case SFLOW_RTMETRIC: custom_ingest(ps, &s); break;
		default: sample_refuse(ps, &s);
		}
		if (n == STAGE) {
			ingest_staged(ps, staged, n);
			n = 0;
		}
	}
	ingest_staged(ps, staged, n);
	ps->tally.samples += n_samples;
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
