// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/intake.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(struct intake) % 64 == 0, "what follows it begins a cache line");

// An agent whose uptime went back by more than this began anew; less is a datagram that came late.
#define RESTART_MS 10000

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

size_t intake_size(const struct bank_config *config)
{
	return round_up(sizeof(struct intake)) +
	       registry_size(config->max_agents, config->max_sources);
}

struct intake *intake_init(void *mem, const struct bank_config *config,
			   const struct intake_policy *policy, struct stats *stats)
{
	struct intake *in = mem;
	if (policy != NULL)
		in->policy = *policy;
	in->stats = stats;
	in->rng = rng_seeded(~config->seed); // not the lots of the tables
	intake_keep(in, 1);
	registry_init(&in->registry, (uint8_t *)mem + round_up(sizeof(*in)), config->max_agents,
		      config->max_sources, &config->secret);
	return in;
}

const struct registry *intake_registry(const struct intake *in)
{
	return &in->registry;
}

void intake_keep(struct intake *in, double p)
{
	p = p > INTAKE_KEEP_MIN ? p : INTAKE_KEEP_MIN;
	in->keep = p < 1 ? p : 1;
	in->scale = 1 / in->keep;
	in->ahead = intake_draw(in);
}

uint32_t intake_draw(struct intake *in)
{
	if (in->keep == 1)
		return 0;
	return (uint32_t)(log1p(-rng_double(&in->rng)) / log1p(-in->keep));
}

void intake_restart(struct intake *in)
{
	for (uint32_t i = 1; i < in->registry.n_agents; i++) {
		in->registry.agent[i].window.started = false;
		in->registry.agent[i].restarts++;
	}
}

static void ask_policy(const struct intake_policy *policy, struct registry_agent *agent)
{
	if (policy->allow != NULL)
		agent->denied = !policy->allow(policy->ctx, &agent->id.addr);
	if (policy->sampling_rate != NULL)
		agent->rate_override = policy->sampling_rate(policy->ctx, &agent->id.addr);
	if (policy->default_rate != NULL)
		agent->rate_default = policy->default_rate(policy->ctx, &agent->id.addr);
}

// True while the agent keeps to its datagrams per second.
static bool within_rate(struct registry_agent *agent, uint32_t limit, uint64_t time)
{
	if (limit == 0)
		return true;
	const uint64_t second = time / 1000000000u;
	if (second != agent->rate_second) {
		agent->rate_second = second;
		agent->rate_count = 0;
	}
	return ++agent->rate_count <= limit;
}

static uint32_t find_agent(struct intake *in, const struct agent_id *id)
{
	enum registry_verdict verdict;
	const uint32_t i = registry_agent(&in->registry, id, &verdict);
	if (verdict == REGISTRY_NEW) {
		ask_policy(&in->policy, &in->registry.agent[i]);
		in->registry.agent[i].window.started = false;
	} else if (verdict == REGISTRY_HELD) {
		stats_add(in->stats, STAT_datagram_probation, 1);
	} else if (verdict == REGISTRY_FULL) {
		stats_add(in->stats, STAT_datagram_agents_full, 1);
	}
	return i;
}

// The sequence window, which an agent that began anew leaves behind.
static enum seq_verdict check_sequence(struct intake *in, struct registry_agent *agent,
				       uint32_t sequence, uint32_t uptime)
{
	const int32_t back = (int32_t)(agent->uptime - uptime);
	const bool was_started = agent->window.started;
	const bool went_back = was_started && back > RESTART_MS;
	if (went_back)
		agent->window.started = false;
	enum seq_verdict verdict = seq_window_check(&agent->window, sequence);
	if (went_back || (!was_started && agent->restarts > 0))
		verdict = SEQ_RESTART;
	if (verdict == SEQ_RESTART) {
		agent->restarts += was_started; // a replayed capture has counted already
		stats_add(in->stats, STAT_restarts, 1);
	}
	if (verdict == SEQ_NEW || verdict == SEQ_RESTART)
		agent->uptime = uptime;
	return verdict;
}

bool intake_admit(struct intake *in, const struct agent_id *id, uint32_t sequence, uint32_t uptime,
		  uint64_t time, struct sender *out)
{
	*out = (struct sender){.index = find_agent(in, id)};
	if (out->index == 0)
		return false;
	struct registry_agent *agent = out->agent = &in->registry.agent[out->index];
	if (agent->denied) {
		stats_add(in->stats, STAT_datagram_denied, 1);
		return false;
	}
	if (!within_rate(agent, in->policy.max_datagram_rate, time)) {
		stats_add(in->stats, STAT_datagram_rate, 1);
		return false;
	}
	out->verdict = check_sequence(in, agent, sequence, uptime);
	if (out->verdict == SEQ_LATE)
		stats_add(in->stats, STAT_out_of_order, 1);
	if (out->verdict == SEQ_DUPLICATE)
		stats_add(in->stats, STAT_datagram_duplicate, 1);
	return out->verdict != SEQ_DUPLICATE;
}
