// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Settles a flow sample of any kind, step by step; sample.c does so with the plain ones.

#include "bank/passage.h"
#include "bank/rtflow.h"
#include "bank/synth.h"
#include "packet/dissect.h"
#include "packet/record.h"
#include "sflow/record.h"

static struct source_cell *touch_source(struct bank *b, uint32_t index)
{
	struct source_cell *cell = &b->source[index];
	if (cell->epoch != b->epoch) {
		*cell = (struct source_cell){.epoch = b->epoch};
		b->touched_sources[b->n_touched_sources++] = index;
	}
	return cell;
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
	unknown_add(ps->bank->unknown, kind, r, &ps->from->known->id.addr);
	return false;
}

void sample_refuse(struct passage *ps, const struct sflow_sample *s)
{
	const struct sflow_record r = {.tag = s->tag, .len = s->len, .body = s->body};
	const bool known = refuse(ps, RECORD_SAMPLE, &r);
	stats_add(ps->in->stats, known ? STAT_sample_unused : STAT_sample_unknown, 1);
}

static enum stat_id note_record(struct passage *ps, struct packet *p, struct headers *h,
				const struct sflow_record *r)
{
	switch (r->tag) {
	case SFLOW_SAMPLED_HEADER: return keep_header(&h->raw, r, 16);
	case SFLOW_SAMPLED_ETHERNET: return keep_header(&h->ethernet, r, 24);
	case SFLOW_SAMPLED_IPV4: return keep_header(&h->ip4, r, 32);
	case SFLOW_SAMPLED_IPV6: return keep_header(&h->ip6, r, 56);
	default: break;
	}
	const uint32_t off = (uint32_t)(r->body - ps->from->data);
	switch (packet_record(p, r->tag, off, r->len)) {
	case PACKET_RECORD_NOTED: return STAT_used_records;
	case PACKET_RECORD_SHORT: return STAT_record_short;
	case PACKET_RECORD_UNUSED: break;
	}
	return refuse(ps, RECORD_FLOW, r) ? STAT_record_unused : STAT_record_unknown;
}

static inline bool is_raw_header(const struct headers *h, const struct sflow_record *r)
{
	return r->tag == SFLOW_SAMPLED_HEADER && r->len >= 16 && h->raw.body == NULL;
}

// Any record but the two that nearly every sample carries.
static __attribute__((noinline)) void other_record(struct passage *ps, struct packet *p,
						   struct headers *h, const struct sflow_record *r)
{
	struct stats *stats = ps->in->stats;
	const enum stat_id stat = note_record(ps, p, h, r);
	stats_add(stats, STAT_rx_records, 1);
	stats_add(stats, stat, 1);
}

static __attribute__((noinline)) void count_end(struct passage *ps, const struct sflow_items *items,
						int got)
{
	struct stats *stats = ps->in->stats;
	if (got < 0) {
		stats_add(stats, STAT_rx_records, 1);
		stats_add(stats, STAT_record_overrun, 1);
	} else if (sflow_items_end(items) == SFLOW_ITEMS_MISSING) {
		stats_add(stats, STAT_records_missing, 1);
	} else {
		stats_add(stats, STAT_slack, 1);
	}
}

static inline void walk_records(struct passage *ps, struct packet *p, struct sflow_items *records,
				struct headers *h)
{
	struct sflow_record r;
	uint32_t n_used = 0;
	int got;
	while ((got = sflow_record_next(records, &r)) > 0) {
		if (is_raw_header(h, &r))
			h->raw = r;
		else if (packet_is_switch(p, r.tag, r.len))
			p->first[LAYER_SWITCH] = (uint16_t)(r.body - ps->from->data);
		else {
			other_record(ps, p, h, &r);
			continue;
		}
		n_used++;
	}
	ps->tally.used_records += n_used;
	if (__builtin_expect(got < 0 || sflow_items_end(records) != SFLOW_OK, 0))
		count_end(ps, records, got);
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
static inline uint32_t read_packet(struct passage *ps, struct packet *p,
				   const struct flow_sample *fs, const struct headers *h)
{
	const enum dissect_depth depth = dissect_depth_of(ps->bank);
	uint32_t bytes = 0, stripped = 0, protocol = 0;
	if (__builtin_expect(h->raw.body != NULL, 1)) {
		const uint8_t *r = h->raw.body;
		const uint32_t room = h->raw.len - 16, said = load_be32(r + 12);
		protocol = load_be32(r);
		bytes = load_be32(r + 4);
		stripped = load_be32(r + 8);
		packet_dissect(p, protocol, (uint32_t)(r + 16 - ps->from->data),
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

// False when this sample was seen before. The windows begin anew with their agent.
static bool check_sample(struct passage *ps, struct registry_source *source,
			 struct source_cell *cell, const struct flow_sample *fs, bool discarded)
{
	if (source->restarts != ps->from->restarts) {
		source->restarts = ps->from->restarts;
		source->window.started = false;
		source->discards.started = false;
		cell->flags |= SOURCE_RESTARTED;
	}
	struct agent_cell *agent = ps->from->cell;
	const enum seq_verdict verdict =
		seq_window_check(discarded ? &source->discards : &source->window, fs->sequence);
	if (verdict == SEQ_DUPLICATE) {
		stats_add(ps->in->stats, STAT_sample_duplicate, 1);
		*(discarded ? &agent->discard_duplicates : &agent->flow_duplicates) += 1;
		return false;
	}
	if (verdict == SEQ_LATE)
		*(discarded ? &agent->discard_late : &agent->flow_late) += 1;
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
	if (fs->sampling_rate - 1 >= SANE_RATE) {
		const bool zero = fs->sampling_rate == 0;
		cell->flags |= zero ? SOURCE_RATE_ZERO : SOURCE_RATE_ABSURD;
		stats_add(ps->in->stats, zero ? STAT_rate_zero : STAT_rate_absurd, 1);
	}
	const struct registry_agent *agent = ps->from->known;
	if (agent->rate_override != 0)
		source->weight = agent->rate_override;
	else if (fs->sampling_rate != 0)
		source->weight = fs->sampling_rate;
	else
		source->weight = agent->rate_default != 0 ? agent->rate_default : 1;
	return source->weight;
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

static void count_discard(struct passage *ps, uint32_t source, const struct flow_sample *fs)
{
	struct source_cell *cell = &ps->bank->source[source];
	struct discard_cell *d = &ps->bank->discard[source];
	if (cell->discards == 0)
		*d = (struct discard_cell){0};
	if (d->samples == 0 || is_later(fs->sequence, d->sequence)) {
		d->sequence = fs->sequence;
		d->drops = fs->drops;
	}
	d->samples++;
	cell->discards = (uint16_t)(cell->discards + (cell->discards < UINT16_MAX));
	cell->last = ps->from->ms;
	ps->from->cell->discards++;
	stats_add(ps->in->stats, STAT_used_discards, 1);
}

static inline uint32_t read_sample(struct passage *ps, struct packet *p, struct flow_sample *fs,
				   uint32_t direction, struct headers *h)
{
	headers_clear(h);
	packet_reset(p, ps->from->data, ps->from->len);
	p->meta.direction = (uint8_t)direction;
	walk_records(ps, p, &fs->records, h);
	return read_packet(ps, p, fs, h);
}

uint32_t sample_read(struct passage *ps, struct packet *p, struct flow_sample *fs,
		     uint32_t direction, bool discarded, struct sflow_record *raw)
{
	struct headers h;
	const uint32_t bytes = read_sample(ps, p, fs, direction, &h);
	if (discarded)
		packet_reason(p, fs->reason);
	*raw = h.raw;
	return bytes;
}

// The index of a sample's source, whose cell is in use then; 0: refused, and counted.
static uint32_t admit(struct passage *ps, const struct source_id *id, const struct flow_sample *fs,
		      bool discarded)
{
	struct registry *r = &ps->in->registry;
	const uint32_t i = registry_source(r, id);
	if (i == 0) {
		stats_add(ps->in->stats, STAT_sample_sources_full, 1);
		return 0;
	}
	struct source_cell *cell = touch_source(ps->bank, i);
	return check_sample(ps, &r->source[i], cell, fs, discarded) ? i : 0;
}

void sample_step(struct passage *ps, const struct stepped *step)
{
	const struct flow_sample fs = {.sequence = step->numbers.sequence,
				       .sampling_rate = step->numbers.rate,
				       .sample_pool = step->numbers.pool,
				       .drops = step->numbers.drops};
	const uint32_t i = admit(ps, &step->id, &fs, false);
	if (i == 0)
		return;
	struct source_cell *cell = &ps->bank->source[i];
	rate_of(ps, &ps->in->registry.source[i], cell, &fs);
	count_source(cell, &fs, 0, 0, ps->from->ms);
	ps->from->cell->flow_samples++;
	ps->tally.shed++;
}

// An event: its packet is its fields, and ends where the sample does.
static void settle_rtflow(struct passage *ps, struct sample *s, struct packet *p)
{
	const struct origin *from = ps->from;
	const uint32_t len = load_be32(s->body - 4);
	struct rtflow f;
	rtflow_read(s->body, len, &f); // was done before, and went well
	s->source = registry_source(&ps->in->registry, &s->id);
	if (s->source == 0) {
		stats_add(ps->in->stats, STAT_sample_sources_full, 1);
		return;
	}
	struct source_cell *cell = touch_source(ps->bank, s->source);
	const struct flow_sample fs = {.sampling_rate = f.rate};
	cell->flags |= SOURCE_EVENTS;
	s->kind = SAMPLE_RTFLOW;
	s->rate = rate_of(ps, &ps->in->registry.source[s->source], cell, &fs);
	s->bytes = 0;
	s->volume = 0;
	packet_reset(p, from->data, (uint32_t)(s->body + len - from->data));
	p->first[LAYER_RTFLOW] = (uint16_t)(f.fields - from->data);
	p->meta.direction = DIRECTION_UNKNOWN;
	set_meta(p, &fs, 0, 0, 0);
	s->packet = true;
	count_source(cell, &fs, s->rate, 0, from->ms);
	from->cell->flow_samples++;
	stats_add(ps->in->stats, STAT_used_rtflow_samples, 1);
}

void sample_settle(struct passage *ps, struct sample *s, struct packet *p)
{
	struct intake *in = ps->in;
	const struct origin *from = ps->from;
	const uint8_t *head = s->body - 8; // tag and length
	const struct sflow_sample wire = {load_be32(head), load_be32(head + 4), s->body};
	const bool discarded = wire.tag == SFLOW_DISCARDED_PACKET;
	struct flow_sample fs;
	s->kind = SAMPLE_REFUSED;
	s->has = 0;
	if (wire.tag == SFLOW_RTFLOW) {
		settle_rtflow(ps, s, p);
		return;
	}
	flow_sample_open(&wire, &fs); // was done before, and went well
	s->source = admit(ps, &s->id, &fs, discarded);
	if (s->source == 0)
		return;
	struct source_cell *cell = &ps->bank->source[s->source];
	s->rate =
		discarded ? 1 : in->scale * rate_of(ps, &in->registry.source[s->source], cell, &fs);
	struct headers h;
	s->bytes = read_sample(ps, p, &fs, s->id.direction, &h);
	s->volume = s->rate * s->bytes;
	s->packet = true;
	if (discarded) {
		s->kind = SAMPLE_DISCARDED;
		packet_reason(p, fs.reason);
		count_discard(ps, s->source, &fs);
	} else {
		s->kind = SAMPLE_FLOW;
		count_source(cell, &fs, s->rate, s->bytes, from->ms);
		from->cell->flow_samples++;
		ps->tally.flow_samples++;
	}
}
