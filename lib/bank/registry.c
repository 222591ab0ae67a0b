// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/registry.h"

#include <string.h>

_Static_assert(sizeof(struct agent_id) == 24, "hashed as three words");
_Static_assert(sizeof(struct registry_source) == 64, "a source is one cache line");
_Static_assert(REGISTRY_NEWCOMER_SET * sizeof(struct registry_newcomer) == 64, "so is a set");

enum seq_verdict seq_window_slow(struct seq_window *w, uint32_t seq)
{
	const int32_t ahead = (int32_t)(seq - w->high);
	if (!w->started || ahead <= -64 || ahead >= 1 << 24) {
		const bool first = !w->started;
		*w = (struct seq_window){.seen = 1, .high = seq, .started = true};
		return first ? SEQ_NEW : SEQ_RESTART;
	}
	if (ahead > 0) {
		w->seen = 1;
		w->high = seq;
		return SEQ_NEW;
	}
	const uint64_t bit = (uint64_t)1 << -ahead;
	if (w->seen & bit)
		return SEQ_DUPLICATE;
	w->seen |= bit;
	return SEQ_LATE;
}

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

// Slots: at least twice the entries, a power of two.
static uint32_t slots_for(uint32_t max)
{
	uint32_t n = 64;
	while (n < 2 * ((uint64_t)max + 1))
		n *= 2;
	return n;
}

// Places of the probation pool: a power of two as well.
static uint32_t newcomers_for(uint32_t max_agents)
{
	const uint32_t n = slots_for(max_agents) / 2;
	return n > REGISTRY_NEWCOMERS ? n : REGISTRY_NEWCOMERS;
}

// Twice the names, index 0 included.
#define NAME_SLOTS (2 * REGISTRY_NAMES)

size_t registry_size(uint32_t max_agents, uint32_t max_sources)
{
	return round_up(((size_t)max_agents + 1) * sizeof(struct registry_agent)) +
	       round_up(((size_t)max_sources + 1) * sizeof(struct registry_source)) +
	       round_up((size_t)slots_for(max_agents) * sizeof(uint32_t)) +
	       round_up((size_t)slots_for(max_sources) * sizeof(struct registry_slot)) +
	       (REGISTRY_NAMES + 1) * sizeof(struct registry_name) + NAME_SLOTS * sizeof(uint32_t) +
	       ((size_t)max_agents + 1) * 3 * REGISTRY_RECENT * sizeof(uint32_t) +
	       newcomers_for(max_agents) * sizeof(struct registry_newcomer);
}

void registry_init(struct registry *r, void *mem, uint32_t max_agents, uint32_t max_sources,
		   const struct hash_secret *secret)
{
	uint8_t *p = mem;
	*r = (struct registry){
		.max_agents = max_agents,
		.max_sources = max_sources,
		.n_agents = 1,
		.n_sources = 1,
		.n_names = 1,
		.agent_mask = slots_for(max_agents) - 1,
		.source_mask = slots_for(max_sources) - 1,
		.newcomer_mask = newcomers_for(max_agents) / REGISTRY_NEWCOMER_SET - 1,
		.lot = secret->word[0],
		.secret = *secret,
	};
	r->agent = (void *)p;
	p += round_up(((size_t)max_agents + 1) * sizeof(struct registry_agent));
	r->source = (void *)p;
	p += round_up(((size_t)max_sources + 1) * sizeof(struct registry_source));
	r->agent_slot = (void *)p;
	p += round_up((size_t)slots_for(max_agents) * sizeof(uint32_t));
	r->source_slot = (void *)p;
	p += round_up((size_t)slots_for(max_sources) * sizeof(struct registry_slot));
	r->recent = (void *)p;
	p += ((size_t)max_agents + 1) * 3 * REGISTRY_RECENT * sizeof(uint32_t);
	r->newcomer = (void *)p;
	p += newcomers_for(max_agents) * sizeof(struct registry_newcomer);
	r->name = (void *)p;
	p += (REGISTRY_NAMES + 1) * sizeof(struct registry_name);
	r->name_slot = (void *)p;
}

// While places are plenty everybody gets one at once; later only who keeps coming.
static bool is_believed(struct registry *r, uint64_t hash)
{
	if (r->n_agents - 1 < r->max_agents / 2)
		return true;
	const uint32_t fingerprint = (uint32_t)hash, n = REGISTRY_NEWCOMER_SET;
	struct registry_newcomer *set = &r->newcomer[(hash >> 32 & r->newcomer_mask) * n];
	struct registry_newcomer *c = NULL, *free = NULL;
	for (uint32_t i = 0; i < n && c == NULL; i++) {
		c = set[i].fingerprint == fingerprint ? &set[i] : NULL;
		free = free == NULL && set[i].sightings == 0 ? &set[i] : free;
	}
	if (c == NULL) {
		// By lot: if the oldest had to go, nine that come in turn would all go before
		// their third.
		c = free != NULL ? free : &set[rng_splitmix(&r->lot) % n];
		*c = (struct registry_newcomer){.fingerprint = fingerprint};
	}
	if (++c->sightings < REGISTRY_SIGHTINGS)
		return false;
	*c = (struct registry_newcomer){0}; // a place for others
	return true;
}

static uint32_t enter_agent(struct registry *r, const struct agent_id *id,
			    enum registry_verdict *verdict)
{
	const uint64_t hash = hash_words(&r->secret, id, sizeof(*id) / 8);
	uint32_t slot = (uint32_t)hash & r->agent_mask;
	for (; r->agent_slot[slot] != 0; slot = (slot + 1) & r->agent_mask) {
		const uint32_t i = r->agent_slot[slot];
		if (memcmp(&r->agent[i].id, id, sizeof(*id)) == 0) {
			*verdict = REGISTRY_FOUND;
			return i;
		}
	}
	if (r->n_agents > r->max_agents) {
		*verdict = REGISTRY_FULL;
		return 0;
	}
	if (!is_believed(r, hash)) {
		*verdict = REGISTRY_HELD;
		return 0;
	}
	const uint32_t i = r->n_agents++;
	r->agent[i] = (struct registry_agent){.id = *id};
	r->agent_slot[slot] = i;
	*verdict = REGISTRY_NEW;
	return i;
}

static uint32_t enter_source(struct registry *r, const struct source_id *id)
{
	const uint64_t hash = hash_pair(&r->secret, (uint64_t)id->agent << 32 | id->ds_class,
					(uint64_t)id->ds_index << 32 | id->direction);
	const uint32_t tag = (uint32_t)(hash >> 32);
	uint32_t at = (uint32_t)hash & r->source_mask;
	for (; r->source_slot[at].index != 0; at = (at + 1) & r->source_mask) {
		const struct registry_slot *slot = &r->source_slot[at];
		if (slot->tag == tag && source_is(&r->source[slot->index].id, id))
			return slot->index;
	}
	if (r->n_sources > r->max_sources)
		return 0;
	const uint32_t i = r->n_sources++;
	r->source[i] = (struct registry_source){.id = *id};
	r->source_slot[at] = (struct registry_slot){.tag = tag, .index = i};
	return i;
}

uint32_t registry_agent(struct registry *r, const struct agent_id *id,
			enum registry_verdict *verdict)
{
	const uint8_t *b = id->addr.bytes; // ends with a number of its own, be it IPv4 or IPv6
	uint32_t *recent = &r->recent_agent[(b[3] + b[15] + id->sub_agent) % 256];
	if (*recent != 0 && memcmp(&r->agent[*recent].id, id, sizeof(*id)) == 0) {
		*verdict = REGISTRY_FOUND;
		return *recent;
	}
	return *recent = enter_agent(r, id, verdict);
}

uint32_t registry_name(struct registry *r, const char *text, uint32_t len)
{
	uint32_t slot = (uint32_t)hash_bytes(&r->secret, text, len) % NAME_SLOTS;
	for (; r->name_slot[slot] != 0; slot = (slot + 1) % NAME_SLOTS) {
		const struct registry_name *name = &r->name[r->name_slot[slot]];
		if (name->len == len && memcmp(name->text, text, len) == 0)
			return r->name_slot[slot];
	}
	if (r->n_names > REGISTRY_NAMES)
		return 0;
	struct registry_name *name = &r->name[r->n_names];
	name->len = len;
	memcpy(name->text, text, len);
	return r->name_slot[slot] = r->n_names++;
}

uint32_t registry_source(struct registry *r, const struct source_id *id)
{
	uint32_t *recent = registry_recent(r, id);
	if (source_is(&r->source[*recent].id, id))
		return *recent;
	const uint32_t source = enter_source(r, id);
	if (source != 0)
		*recent = source;
	return source;
}
