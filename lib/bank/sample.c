// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The samples of one datagram: who saw the packet, how often it counts, where its layers lie.
//
// Nearly all samples of nearly all agents are plain: a compact flow sample of a port that was met
// before, in order, at the sampling rate of the one before it, with a raw header that
// dissect_plain() knows and at most extended_switch behind it. Those are read
// (plain_sample.h) and counted here, from the words of the wire; sample_settle() does so with any
// sample.

#include "bank/passage.h"
#include "bank/plain_sample.h"
#include "packet/dissect.h"

static inline bool open_flow(struct passage *ps, const struct sflow_sample *wire,
			     struct flow_sample *fs)
{
	if (__builtin_expect(flow_sample_open(wire, fs) == SFLOW_OK, 1))
		return true;
	stats_add(ps->in->stats, STAT_sample_short, 1);
	return false;
}

static inline struct source_id source_of(const struct passage *ps, const struct flow_sample *fs)
{
	return (struct source_id){
		.agent = ps->from->agent,
		.ds_class = fs->ds_class,
		.ds_index = fs->ds_index,
		.direction = direction_of(fs),
	};
}

// Where a source should be; it is asked for.
static inline uint32_t ask_for(const struct passage *ps, const struct source_id *id)
{
	const struct registry *r = &ps->in->registry;
	const uint32_t source = *registry_recent(r, id);
	__builtin_prefetch(&r->source[source], 1);
	__builtin_prefetch(&ps->bank->source[source], 1);
	return source;
}

// Stage a flow sample and ask for its data source; false when the fixed part is cut.
static inline __attribute__((always_inline)) bool stage_flow(struct passage *ps,
							     const struct sflow_sample *wire,
							     bool compact)
{
	struct flow_sample fs;
	if (!open_flow(ps, wire, &fs))
		return false;
	struct intake *in = ps->in;
	struct sample *s = &in->sample[in->n_samples];
	const struct source_id id = source_of(ps, &fs);
	s->source = ask_for(ps, &id);
	s->from = ps->from;
	s->body = wire->body;
	s->id = id;
	s->packet = false;
	if (!compact || !plain_sample_read(wire->body, wire->len, &s->has, s->at))
		s->has = 0;
	else if ((fs.input | fs.output) >> 30 == SFLOW_IF_INDEX)
		s->has |= PLAIN_IFINDEX;
	in->n_samples++;
	if (in->n_samples == SAMPLES)
		samples_flush(ps);
	return true;
}

// Count a sample in its source's sequence. False, with nothing changed, unless it is the next one
// of a source that this interval knows, at the rate of the one before it.
static inline bool count_next(const struct bank *bank, struct registry_source *known,
			      struct source_cell *cell, const struct source_id *id,
			      const struct origin *from, const struct numbers *n)
{
	const uint32_t ahead = n->sequence - known->window.high;
	// A sample in this interval and no restart since: the window has begun, what lies ahead of
	// it lies ahead of the cell's sequence number, and the cell's rate is that of the source.
	if (!source_is(&known->id, id) || cell->epoch != bank->epoch || cell->samples == 0 ||
	    known->restarts != from->restarts || ahead - 1 >= 63 || n->rate != known->rate ||
	    n->rate - 1 >= SANE_RATE)
		return false;
	known->window.seen = known->window.seen << ahead | 1;
	known->window.high = n->sequence;
	cell->sequence = n->sequence;
	cell->pool = n->pool;
	cell->drops = n->drops;
	cell->samples++;
	cell->last = from->ms;
	from->cell->flow_samples++;
	return true;
}

// Count a sample for its source, at @p scale times its rate. False, with nothing changed, unless it
// is plain, and the next one of its source.
static inline bool settle_plain(struct bank *bank, struct registry_source *known, struct sample *s,
				double scale)
{
	const uint8_t *b = s->body;
	struct source_cell *cell = &bank->source[s->source];
	const struct numbers n = {load_be32(b + AT_SEQUENCE), load_be32(b + AT_RATE),
				  load_be32(b + AT_POOL), load_be32(b + AT_DROPS)};
	if (s->has == 0 || !count_next(bank, known, cell, &s->id, s->from, &n))
		return false;
	s->bytes = load_be32(b + AT_FRAME_LEN);
	const double r = s->rate = known->weight * scale, w = s->volume = r * s->bytes;
	s->kind = SAMPLE_FLOW;
	cell->bytes += w;
	cell->frames += r;
	cell->q_bytes += w * w;
	cell->q_frames += r * r;
	return true;
}

// Settle what is staged, up to sample number @p end.
static inline void settle_staged(struct passage *ps, uint32_t end)
{
	struct intake *in = ps->in;
	struct bank *bank = ps->bank;
	struct registry_source *sources = in->registry.source;
	struct origin *at_hand = ps->from;
	const double scale = in->scale;
	uint32_t n_plain = 0, n_records = 0;
	for (uint32_t k = in->n_settled; k < end; k++) {
		struct sample *s = &in->sample[k];
		if (__builtin_expect(settle_plain(bank, &sources[s->source], s, scale), 1)) {
			n_plain++;
			n_records += load_raw(s->body + AT_N_RECORDS) >> 24;
		} else {
			ps->from = (struct origin *)(uintptr_t)s->from;
			sample_settle(ps, s, &in->packet[k]);
		}
	}
	in->n_settled = end;
	ps->from = at_hand;
	ps->tally.flow_samples += n_plain;
	ps->tally.used_records += n_records;
}

// Settle what is stepped over, and before each what was staged before it.
static __attribute__((noinline)) void settle_stepped(struct passage *ps)
{
	struct intake *in = ps->in;
	struct bank *bank = ps->bank;
	for (uint32_t k = 0; k < in->n_stepped; k++) {
		const struct stepped *step = &in->stepped[k];
		if (in->n_settled < step->at)
			settle_staged(ps, step->at);
		if (count_next(bank, &in->registry.source[step->source],
			       &bank->source[step->source], &step->id, ps->from, &step->numbers))
			ps->tally.shed++;
		else
			sample_step(ps, step);
	}
	in->n_stepped = 0;
}

void samples_flush(struct passage *ps)
{
	struct intake *in = ps->in;
	if (__builtin_expect(in->n_stepped > 0, 0))
		settle_stepped(ps);
	settle_staged(ps, in->n_samples);
	measure_staged(ps->bank, in);
	in->n_settled = 0;
}

void sample_packet(enum dissect_depth depth, const struct sample *s, struct packet *p)
{
	const struct origin *from = s->from;
	const uint8_t *b = s->body, *tags = plain_sample_switch(b);
	packet_reset(p, from->data, from->len);
	packet_dissect(p, HEADER_ETHERNET, (uint32_t)(b + AT_HEADER - from->data),
		       plain_sample_header_len(b), depth);
	if (tags != NULL)
		p->first[LAYER_SWITCH] = (uint16_t)(tags - from->data);
	p->meta = (struct packet_meta){
		.input = WIRE(packet_port(load_be32(b + AT_INPUT))),
		.output = WIRE(packet_port(load_be32(b + AT_OUTPUT))),
		.sampling_rate = load_raw(b + AT_RATE),
		.bytes = load_raw(b + AT_FRAME_LEN),
		.stripped = load_raw(b + AT_STRIPPED),
		.frames = WIRE(1),
		.direction = (uint8_t)s->id.direction,
		.protocol = HEADER_ETHERNET,
	};
}

// Any sample but the compact flow sample; true when it is staged.
static __attribute__((noinline)) bool other_sample(struct passage *ps, const struct sflow_sample *s)
{
	switch (s->tag) {
	case SFLOW_FLOW_SAMPLE_EXPANDED:
	case SFLOW_DISCARDED_PACKET: return stage_flow(ps, s, false);
	case SFLOW_COUNTERS_SAMPLE:
	case SFLOW_COUNTERS_SAMPLE_EXPANDED: counters_ingest(ps, s); break;
	case SFLOW_RTFLOW: return rtflow_stage(ps, s);
	case SFLOW_RTMETRIC: custom_ingest(ps, s); break;
	default: sample_refuse(ps, s);
	}
	return false;
}

// Note a flow sample that is stepped over, and ask for its data source.
static inline void step_over(struct passage *ps, const struct sflow_sample *wire)
{
	struct intake *in = ps->in;
	struct flow_sample fs;
	if (!open_flow(ps, wire, &fs))
		return;
	struct stepped *step = &in->stepped[in->n_stepped++];
	step->id = source_of(ps, &fs);
	step->source = ask_for(ps, &step->id);
	step->at = in->n_samples;
	step->numbers = (struct numbers){fs.sequence, fs.sampling_rate, fs.sample_pool, fs.drops};
	if (in->n_stepped == SAMPLES)
		settle_stepped(ps);
}

// True when the lot falls on a sample, which is stepped over then: flow samples only.
static inline bool is_shed(struct passage *ps, const struct sflow_sample *wire)
{
	struct intake *in = ps->in;
	if (wire->tag != SFLOW_FLOW_SAMPLE && wire->tag != SFLOW_FLOW_SAMPLE_EXPANDED)
		return false;
	if (in->ahead-- == 0) {
		in->ahead = intake_draw(in);
		return false;
	}
	step_over(ps, wire);
	return true;
}

// Stage the samples of a datagram; some are stepped over if @p sheds. Returns what sflow_next() did
// at the end.
static inline __attribute__((always_inline)) int take_samples(struct passage *ps,
							      struct sflow_datagram *dg, bool sheds)
{
	unsigned n_samples = 0;
	bool any = false;
	struct sflow_sample s;
	int got;
	while ((got = sflow_next(dg, &s)) > 0) {
		n_samples++;
		ask_ahead(ps);
		if (sheds && is_shed(ps, &s))
			continue;
		any |= __builtin_expect(s.tag == SFLOW_FLOW_SAMPLE, 1) ? stage_flow(ps, &s, true)
								       : other_sample(ps, &s);
	}
	ps->in->n_origins += any;
	ps->tally.samples += n_samples;
	return got;
}

static __attribute__((noinline)) int take_some_samples(struct passage *ps,
						       struct sflow_datagram *dg)
{
	const int got = take_samples(ps, dg, true);
	settle_stepped(ps); // they are of ps->from
	return got;
}

void samples_ingest(struct passage *ps, struct sflow_datagram *dg)
{
	struct stats *stats = ps->in->stats;
	const bool sheds = ps->in->keep < 1;
	const int got = __builtin_expect(sheds, 0) ? take_some_samples(ps, dg)
						   : take_samples(ps, dg, false);
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
