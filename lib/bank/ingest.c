// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/bank.h"

#include <stddef.h>
#include <string.h>

#include "bank/passage.h"
#include "sflow/legacy.h"

// How many datagrams ahead their lines are asked for.
#define PAYLOADS_AHEAD 2

_Static_assert(offsetof(struct agent_id, addr.bytes) == 4 &&
		       offsetof(struct agent_id, sub_agent) == 20,
	       "see agent_of()");

static struct agent_cell *touch_agent(struct bank *b, uint32_t index)
{
	struct agent_cell *cell = &b->agent[index];
	if (cell->epoch != b->epoch) {
		*cell = (struct agent_cell){.epoch = b->epoch};
		b->touched_agents[b->n_touched_agents++] = index;
	}
	return cell;
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
	struct origin *from = ps->from;
	enum sflow_reason reason = sflow_open(dg, from->data, from->len);
	if (__builtin_expect(reason == SFLOW_OK, 1))
		return true;
	if (reason == SFLOW_BAD_VERSION && legacy_version(from->data, from->len) != 0) {
		enum sflow_reason rest;
		samples_flush(ps); // may point to the scratch memory
		from->len = (uint32_t)legacy_upgrade(from->data, from->len, ps->in->upgraded,
						     sizeof(ps->in->upgraded), &rest);
		from->data = ps->in->upgraded;
		ps->cut = from->len > 0 && rest != SFLOW_OK;
		reason = from->len > 0 ? sflow_open(dg, from->data, from->len) : rest;
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

/// An agent in whole words, as it is hashed and compared: what is put together from smaller pieces
/// is read only when the store buffer has drained.
union agent {
	struct agent_id id;
	uint64_t word[sizeof(struct agent_id) / 8];
};

static inline void agent_of(const struct sflow_datagram *dg, union agent *agent)
{
	uint32_t ip4;
	agent->word[0] = dg->agent_type;
	agent->word[1] = agent->word[2] = 0;
	if (dg->agent_type == ADDR_IP4) {
		memcpy(&ip4, dg->agent, sizeof(ip4));
		agent->word[0] |= (uint64_t)ip4 << 32;
	} else if (dg->agent_type == ADDR_IP6) {
		memcpy(agent->id.addr.bytes, dg->agent, 16);
	}
	agent->word[2] |= (uint64_t)dg->sub_agent << 32;
}

static void ingest_datagram(struct passage *ps, const struct payload *p)
{
	struct intake *in = ps->in;
	struct bank *b = ps->bank;
	struct origin *from = ps->from = &in->origin[in->n_origins % (2 * SAMPLES)];
	struct sflow_datagram dg;
	struct sender sender;
	// A layer is a 16-bit offset into the datagram; UDP cannot carry more either.
	from->len = p->len <= UINT16_MAX ? p->len : UINT16_MAX;
	from->data = p->data;
	from->time = p->time;
	ps->cut = false;
	ps->tally.datagrams++;
	if (!open_datagram(ps, &dg))
		return;
	union agent agent;
	agent_of(&dg, &agent);
	if (!intake_admit(in, &agent.id, dg.sequence, dg.uptime, p->time, &sender)) {
		if (sender.verdict == SEQ_DUPLICATE)
			touch_agent(b, sender.index)->duplicates++;
		return;
	}
	from->agent = sender.index;
	from->known = sender.agent;
	from->restarts = sender.agent->restarts;
	from->cell = count_agent(b, &sender, p, &dg);
	from->ms = p->time > b->start ? (uint32_t)((p->time - b->start) / 1000000u) : 0;
	ps->tally.used_datagrams++;
	samples_ingest(ps, &dg);
	if (__builtin_expect(ps->cut, 0)) {
		stats_add(in->stats, STAT_rx_samples, 1);
		stats_add(in->stats, STAT_sample_overrun, 1);
	}
}

static void count(struct stats *s, const struct tally *t)
{
	stats_add(s, STAT_rx_datagrams, t->datagrams);
	stats_add(s, STAT_used_datagrams, t->used_datagrams);
	stats_add(s, STAT_rx_samples, t->samples);
	stats_add(s, STAT_used_flow_samples, t->flow_samples);
	stats_add(s, STAT_sample_shed, t->shed);
	stats_add(s, STAT_rx_records, t->used_records);
	stats_add(s, STAT_used_records, t->used_records);
}

// A datagram comes from memory line by line; what hardware prefetches ends at a page.
static inline void ask_rest(struct passage *ps)
{
	while (ps->ahead < ps->ahead_end)
		ask_ahead(ps);
}

static inline void ask_next(struct passage *ps, const struct payload *p)
{
	ask_rest(ps);
	ps->ahead = p->data;
	ps->ahead_end = p->data + p->len;
}

void bank_ingest(struct bank *b, struct intake *in, const struct payload *p, unsigned n)
{
	struct passage ps = {.bank = b, .in = in};
	for (unsigned i = 0; i < n && i < PAYLOADS_AHEAD; i++)
		ask_next(&ps, &p[i]);
	ask_rest(&ps);
	for (unsigned i = 0; i < n; i++) {
		if (i + PAYLOADS_AHEAD < n)
			ask_next(&ps, &p[i + PAYLOADS_AHEAD]);
		ingest_datagram(&ps, &p[i]);
	}
	samples_flush(&ps);
	measure_finish(b, in);
	count(in->stats, &ps.tally);
	b->n_agents = in->registry.n_agents;
	b->n_sources = in->registry.n_sources;
	b->n_names = in->registry.n_names;
}
