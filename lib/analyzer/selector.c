// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/selector.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/state.h"

enum scope {
	SCOPE_ALL,
	SCOPE_AGENTS,
	SCOPE_TOPOLOGY,
	SCOPE_EDGE,
	SCOPE_CORE,
};

struct wanted {
	struct addr addr; // family ADDR_NONE: by name
	char name[SOURCE_NAME_SIZE];
};

struct selector {
	enum scope scope;
	size_t n_agents;
	struct wanted *agent; // in order of address
	uint32_t max_ports;
	uint8_t flags[]; // by port
};

static enum scope scope_of(const char *text)
{
	static const char *const word[] = {"ALL", NULL, "TOPOLOGY", "EDGE", "CORE"};
	for (unsigned i = 0; i < sizeof(word) / sizeof(*word); i++)
		if (word[i] != NULL && strcmp(text, word[i]) == 0)
			return (enum scope)i;
	return SCOPE_AGENTS;
}

static int compare_wanted(const void *x, const void *y)
{
	const struct wanted *a = x, *b = y;
	return memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

// One element of the list. Longer texts than a name can be match nothing.
static void add_agent(struct selector *s, const char *text, size_t len)
{
	struct wanted *w = &s->agent[s->n_agents];
	if (len == 0 || len >= SOURCE_NAME_SIZE)
		return;
	memcpy(w->name, text, len);
	if (addr_parse(w->name, &w->addr) != 0)
		w->addr = (struct addr){0};
	s->n_agents++;
}

static int parse_agents(struct selector *s, const char *text, struct err_msg *msg)
{
	size_t most = 1;
	for (const char *p = text; *p != '\0'; p++)
		most += *p == ',' || *p == ';';
	if (most > SELECTOR_AGENTS)
		return err_set(msg, ERR_RANGE, "agents: got %zu, expected at most %d", most,
			       SELECTOR_AGENTS);
	s->agent = calloc(most, sizeof(*s->agent));
	if (s->agent == NULL)
		return err_set(msg, ERR_MEMORY, "agents: out of memory");
	for (;; text++) {
		const size_t len = strcspn(text, ",;");
		add_agent(s, text, len);
		text += len;
		if (*text == '\0')
			break;
	}
	if (s->n_agents == 0)
		return err_set(
			msg, ERR_INVALID,
			"agents: expected ALL, TOPOLOGY, EDGE, CORE, addresses or host names");
	qsort(s->agent, s->n_agents, sizeof(*s->agent), compare_wanted);
	return 0;
}

struct selector *selector_new(const struct analyzer *a, const char *text, struct err_msg *msg)
{
	const uint32_t max_ports = a->config.max_sources;
	struct selector *s = calloc(1, sizeof(*s) + max_ports + 1);
	if (s == NULL) {
		err_set(msg, ERR_MEMORY, "agents: out of memory");
		return NULL;
	}
	s->max_ports = max_ports;
	s->scope = scope_of(text);
	if (s->scope == SCOPE_AGENTS && parse_agents(s, text, msg) != 0) {
		selector_free(s);
		return NULL;
	}
	return s;
}

void selector_free(struct selector *s)
{
	if (s == NULL)
		return;
	free(s->agent);
	free(s);
}

// Names have no address and stand in front.
static bool has_names(const struct selector *s)
{
	return s->agent[0].addr.family == ADDR_NONE;
}

static bool has_agent(const struct selector *s, const struct analyzer *a, uint32_t port)
{
	const struct agent *agent =
		sources_agent(&a->sources, sources_port(&a->sources, port)->agent);
	const struct wanted w = {.addr = agent->addr};
	if (bsearch(&w, s->agent, s->n_agents, sizeof(w), compare_wanted) != NULL)
		return true;
	if (!has_names(s))
		return false;
	const char *name = query_known(a, port).agent;
	for (size_t i = 0; i < s->n_agents && s->agent[i].addr.family == ADDR_NONE; i++)
		if (strcmp(s->agent[i].name, name) == 0)
			return true;
	return false;
}

static bool is_in(const struct selector *s, const struct analyzer *a, uint32_t port,
		  enum topology_role role)
{
	switch (s->scope) {
	case SCOPE_ALL: return true;
	case SCOPE_AGENTS: return has_agent(s, a, port);
	case SCOPE_TOPOLOGY: return role != TOPOLOGY_OUTSIDE;
	case SCOPE_EDGE: return role == TOPOLOGY_EDGE;
	case SCOPE_CORE: return role == TOPOLOGY_CORE;
	}
	return false;
}

static unsigned decide(const struct selector *s, const struct analyzer *a, uint32_t port)
{
	const enum topology_role role = query_place_of(a, port).role;
	unsigned flags = SELECTOR_KNOWN;
	flags |= is_in(s, a, port, role) ? SELECTOR_IN : 0;
	flags |= role == TOPOLOGY_EDGE ? SELECTOR_EDGE : 0;
	flags |= role == TOPOLOGY_CORE ? SELECTOR_CORE : 0;
	return flags;
}

unsigned selector_flags(struct selector *s, const struct analyzer *a, uint32_t port)
{
	if (port > s->max_ports)
		return 0;
	if (s->flags[port] == 0)
		s->flags[port] = (uint8_t)decide(s, a, port);
	return s->flags[port];
}

// The first port of the i-th agent of the list; 0 = it has none, or was in the list before.
static uint32_t port_of_listed(const struct selector *s, const struct sources *sources, uint32_t i)
{
	const struct agent id = {.addr = s->agent[i].addr};
	if (i > 0 && compare_wanted(&s->agent[i - 1], &s->agent[i]) == 0)
		return 0;
	const uint32_t agent = roster_find(&sources->agent, &sources->config.secret, &id);
	return sources_agent(sources, agent)->first_port;
}

// On to the next agent: of the list, or, where there are names in it, of all.
static bool next_agent(const struct selector *s, const struct analyzer *a,
		       struct selector_walk *walk)
{
	const uint32_t i = walk->agent++;
	if (!has_names(s)) {
		walk->port = i < s->n_agents ? port_of_listed(s, &a->sources, i) : 0;
		return i < s->n_agents;
	}
	if (i >= a->sources.agent.n)
		return false;
	const uint32_t port = sources_agent(&a->sources, i + 1)->first_port;
	walk->port = port != 0 && has_agent(s, a, port) ? port : 0;
	return true;
}

static bool next_port(const struct selector *s, const struct analyzer *a,
		      struct selector_walk *walk)
{
	const struct sources *sources = &a->sources;
	if (s == NULL || s->scope != SCOPE_AGENTS)
		return walk->port++ < sources->port.n;
	if (walk->port != 0)
		walk->port = sources_port(sources, walk->port)->next;
	return walk->port != 0 || next_agent(s, a, walk);
}

bool selector_next(struct selector *s, const struct analyzer *a, struct selector_walk *walk)
{
	const bool more = next_port(s, a, walk);
	walk->in = more && walk->port != 0 &&
		   (s == NULL || (selector_flags(s, a, walk->port) & SELECTOR_IN) != 0);
	return more;
}

void data_source_format(struct strbuf *b, uint32_t ds_class, uint32_t ds_index)
{
	if (ds_class != 0) {
		strbuf_u64(b, ds_class);
		strbuf_char(b, '.');
	}
	strbuf_u64(b, ds_index);
}

// Digits up to @p end of a number that fits 32 bits.
static int parse_u32(const char *text, const char *end, uint32_t *out)
{
	uint64_t v = 0;
	if (text == end || end - text > 10)
		return ERR_INVALID;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return ERR_INVALID;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*out = (uint32_t)v;
	return v <= UINT32_MAX ? 0 : ERR_INVALID;
}

int data_source_parse(const char *text, size_t len, uint32_t *ds_class, uint32_t *ds_index)
{
	const char *dot = memchr(text, '.', len), *end = text + len;
	uint32_t class = 0, index;
	if (dot != NULL && parse_u32(text, dot, &class) != 0)
		return ERR_INVALID;
	if (parse_u32(dot != NULL ? dot + 1 : text, end, &index) != 0)
		return ERR_INVALID;
	*ds_class = class;
	*ds_index = index;
	return 0;
}
