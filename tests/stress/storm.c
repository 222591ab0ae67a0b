// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: storm [CHANGES]   definitions come, change and go while traffic runs
//
// Three threads put, change and remove flows, thresholds, groups and maps under full load, and have
// links frozen anew; what nobody touches must not lose a sample or count it twice, and the memory
// must come back.
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/topology.h"
#include "weir/config/config_plan.h"
#include "weir/config/json.h"
#include "rig.h"
#include "weir/util/clock.h"

enum {
	THREADS = 3,
	NAMES = 4, // of each thread and kind
};

struct weather {
	struct rig *rig;
	uint32_t index;
	uint32_t n; // changes to make
	uint64_t put, removed, refused;
	struct rng rng;
};

// Without what the allocator keeps for later: how much that is depends on its luck.
static long resident_pages(void)
{
	malloc_trim(0);
	long total = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	CHECK(f != NULL && fscanf(f, "%ld %ld", &total, &resident) == 2);
	fclose(f);
	return resident;
}

// A body of the kind, a different one almost every time.
static void body_of(struct weather *w, enum control_kind kind, char *text, size_t size)
{
	static const char *const keys[] = {
		"ipsource",
		"ipdestination",
		"ipprotocol",
		"group:ipsource:net",
		"map:ipsource:who",
		"inputifindex",
		"null:[link:inputifindex]:-",
		"host:ipsource:os_name",
	};
	static const char *const filters[] = {
		"",
		"ipsource~10\\\\..*",
		"stack~.*\\\\.(tcp|udp)&ipdestination!~192.*",
		"stack~eth.*&ipprotocol=6,17",
	};
	const unsigned v = (unsigned)rng_below(&w->rng, sizeof(keys) / sizeof(*keys));
	switch (kind) {
	case CONTROL_FLOW:
		snprintf(text, size, "{keys:'%s',value:'%s',values:'%s',t:%u,filter:'%s'}", keys[v],
			 v % 2 ? "bytes" : "frames", v > 3 ? "count:ipsource,avg:ipttl" : "",
			 1 + v % 3, filters[rng_below(&w->rng, 4)]);
		break;
	case CONTROL_THRESHOLD:
		snprintf(text, size, "{metric:'f%u-%u',value:%u,byFlow:%s,timeout:1}", w->index,
			 v % NAMES, 1000 * v + 1, v % 2 ? "true" : "false");
		break;
	case CONTROL_GROUP:
		snprintf(text, size, "{a%u:'10.%u.0.0/16',b:['10.0.0.0/24','2001:db8::/32']}", v,
			 v);
		break;
	default: snprintf(text, size, "{x%u:'10.0.0.%u'}", v, v); break;
	}
}

static int put(struct weather *w, enum control_kind kind, const char *name)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	char text[256];
	body_of(w, kind, text, sizeof(text));
	const struct node *n =
		json_read(&arena, "storm", text, strlen(text), &json_body_limits, &msg);
	CHECKF(n != NULL, "%s: %s", text, msg.text);
	const int err = control_put(w->rig->control, kind, name, n, &msg);
	CHECKF(err == 0, "%s: %s", text, msg.text);
	arena_free(&arena);
	return err;
}

static void check_listed(struct weather *w, enum control_kind kind, const char *name, bool wanted)
{
	struct arena arena = {0};
	const char *const *names;
	size_t n;
	bool found = false;
	CHECK(control_names(w->rig->control, kind, &arena, &names, &n) == 0);
	for (size_t i = 0; i < n; i++)
		found |= strcmp(names[i], name) == 0;
	CHECKF(found == wanted, "%s", name);
	if (kind == CONTROL_FLOW) {
		struct flow_spec spec;
		const int err = control_get_flow(w->rig->control, name, &arena, &spec);
		CHECK(err == (wanted ? 0 : ERR_UNKNOWN));
		uint32_t def;
		aggregator_lock(w->rig->aggregator);
		CHECK(query_find(w->rig->analyzer, name, &def) == wanted);
		aggregator_unlock(w->rig->aggregator);
	}
	arena_free(&arena);
}

// Brief, and so to be asked again: within the time that other verbs have.
static int refresh(struct control *c, struct err_msg *msg)
{
	const uint64_t until = clock_monotonic() + CONTROL_DEADLINE * CLOCK_NS_PER_S;
	int err;
	do
		err = control_refresh(c, msg);
	while (err == ERR_IO && clock_monotonic() < until);
	return err;
}

// Links have other names, and who uses them hears of it.
static void rename_links(struct weather *w)
{
	struct err_msg msg = {0};
	char link[16];
	struct topology *t = topology_new();
	CHECK(t != NULL);
	snprintf(link, sizeof(link), "l%u", (unsigned)rng_below(&w->rng, 1000));
	const int n = topology_node(t, &(struct topology_node){.name = "s1", .agent = "10.0.0.1"});
	topology_port(t, n, &(struct topology_port){.name = "p1", .ifindex = "1"});
	topology_link(
		t,
		&(struct topology_link){
			.name = link, .node1 = "s1", .port1 = "p1", .node2 = "s2", .port2 = "p1"});
	CHECKF(topology_seal(t, &msg) == 0, "%s", msg.text);
	aggregator_lock(w->rig->aggregator);
	t = topology_release(analyzer_set_topology(w->rig->analyzer, t));
	aggregator_unlock(w->rig->aggregator);
	topology_free(t);
	const int err = refresh(w->rig->control, &msg);
	CHECKF(err == 0, "%s", msg.text);
}

static void change(struct weather *w)
{
	static const char letters[CONTROL_KINDS] = "ftgm";
	const uint64_t lot = rng_below(&w->rng, 8);
	const enum control_kind kind = lot < 4    ? CONTROL_FLOW
				       : lot < 6  ? CONTROL_THRESHOLD
				       : lot == 6 ? CONTROL_GROUP
						  : CONTROL_MAP;
	char name[32];
	if (rng_below(&w->rng, 16) == 0)
		rename_links(w);
	if (kind == CONTROL_GROUP || kind == CONTROL_MAP) { // shared, always there
		put(w, kind, kind == CONTROL_GROUP ? "net" : "who");
		w->put++;
		return;
	}
	snprintf(name, sizeof(name), "%c%u-%u", letters[kind], w->index,
		 (unsigned)rng_below(&w->rng, NAMES));
	if (rng_below(&w->rng, 3) > 0) {
		put(w, kind, name);
		check_listed(w, kind, name, true);
		w->put++;
		return;
	}
	struct err_msg msg = {0};
	const int err = control_delete(w->rig->control, kind, name, &msg);
	CHECKF(err == 0 || err == ERR_UNKNOWN, "%s", msg.text);
	check_listed(w, kind, name, false);
	w->removed += err == 0;
	w->refused += err != 0;
}

static void *blow(void *arg)
{
	struct weather *w = arg;
	for (uint32_t i = 0; i < w->n; i++)
		change(w);
	return NULL;
}

static void clear_up(struct rig *r)
{
	for (uint32_t t = 0; t < THREADS; t++) {
		for (uint32_t i = 0; i < NAMES; i++) {
			char name[32];
			snprintf(name, sizeof(name), "f%u-%u", t, i);
			control_delete(r->control, CONTROL_FLOW, name, NULL);
			snprintf(name, sizeof(name), "t%u-%u", t, i);
			control_delete(r->control, CONTROL_THRESHOLD, name, NULL);
		}
	}
}

static void storm(struct rig *r, uint32_t changes, struct weather *sum)
{
	struct weather w[THREADS];
	pthread_t thread[THREADS];
	for (uint32_t i = 0; i < THREADS; i++) {
		w[i] = (struct weather){
			.rig = r, .index = i, .n = changes / THREADS, .rng = rng_seeded(i + 1)};
		CHECK(pthread_create(&thread[i], NULL, blow, &w[i]) == 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		sum->put += w[i].put;
		sum->removed += w[i].removed;
		sum->refused += w[i].refused;
	}
	clear_up(r);
}

// A wrong body: the message says so, and nothing has changed. A group in use may go, and come.
static void refusals(struct rig *r)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const char text[] = "{keys:'ipsorce',value:'bytes'}",
		   in_use[] = "{keys:'group:ipsource:net'"
			      ",value:'bytes'}",
		   net[] = "{a:'10.0.0.0/8'}";
	const struct node *n =
		json_read(&arena, "body", text, strlen(text), &json_body_limits, &msg);
	CHECK(control_put(r->control, CONTROL_FLOW, "wrong", n, &msg) != 0);
	CHECKF(strstr(msg.text, "ipsorce") != NULL && strncmp(msg.text, "body:1:", 7) == 0, "%s",
	       msg.text);
	n = json_read(&arena, "body", in_use, strlen(in_use), &json_body_limits, &msg);
	CHECKF(control_put(r->control, CONTROL_FLOW, "user", n, &msg) == 0, "%s", msg.text);
	CHECK(control_delete(r->control, CONTROL_GROUP, "net", &msg) == 0);
	CHECK(control_put(r->control, CONTROL_FLOW, "user", n, &msg) == 0);
	CHECKF(strstr(msg.text, "there is no group \"net\"") != NULL, "%s", msg.text);
	n = json_read(&arena, "body", net, strlen(net), &json_body_limits, &msg);
	CHECKF(control_put(r->control, CONTROL_GROUP, "net", n, &msg) == 0, "%s", msg.text);
	CHECK(control_delete(r->control, CONTROL_FLOW, "user", &msg) == 0);
	CHECK(control_delete(r->control, CONTROL_FLOW, "user", &msg) == ERR_UNKNOWN);
	CHECK(control_reload(r->control, &msg) == ERR_UNKNOWN);
	arena_free(&arena);
}

// One definition more than the budget allows; before the threads run, changes happen at once.
static void budget(void)
{
	struct rig_config config = {.n_threads = 1, .tick = CLOCK_NS_PER_MS};
	struct rig *r = rig_new(&config);
	struct program *program = config_compile(&r->config, NULL);
	config.memory = config_memory(&r->config, program) + 1000;
	program_free(program);
	rig_free(r);
	r = rig_new(&config);
	struct weather w = {.rig = r, .rng = rng_seeded(1)};
	struct arena arena = {0};
	struct err_msg msg = {0};
	const char text[] = "{keys:'ipsource',value:'bytes'}";
	const struct node *n =
		json_read(&arena, "body", text, strlen(text), &json_body_limits, &msg);
	CHECK(control_put(r->control, CONTROL_FLOW, "more", n, &msg) == ERR_FULL);
	CHECKF(strstr(msg.text, "memory") != NULL, "%s", msg.text);
	CHECK(query_n_flows(r->analyzer) == 3);
	check_listed(&w, CONTROL_FLOW, "more", false);
	CHECKF(control_delete(r->control, CONTROL_FLOW, "pair", &msg) == 0, "%s", msg.text);
	CHECKF(control_put(r->control, CONTROL_FLOW, "more", n, &msg) == 0, "%s", msg.text);
	check_listed(&w, CONTROL_FLOW, "more", true);
	arena_free(&arena);
	rig_free(r);
}

int main(int argc, char **argv)
{
	const uint32_t changes = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	const struct rig_config config = {
		.mood = {MAKER_BUSY, MAKER_IDLE, MAKER_SLEEPY, MAKER_BUSY},
		.n_threads = 2,
		.tick = CLOCK_NS_PER_MS,
	};
	budget();
	struct rig *r = rig_new(&config);
	struct weather first = {.rig = r, .rng = rng_seeded(9)}, sum = {0};
	rig_start(r);
	put(&first, CONTROL_GROUP, "net");
	put(&first, CONTROL_MAP, "who");
	refusals(r);
	storm(r, changes > 600 ? changes / 4 : 150, &first); // what the allocator keeps
	const long before = resident_pages();
	storm(r, changes, &sum);
	const long grown = resident_pages() - before;
	rig_stop(r);
	rig_check_totals(r);
	CHECK(query_n_flows(r->analyzer) == 3 && query_n_thresholds(r->analyzer) == 1);
	printf("%lu put, %lu removed, %lu were not there; %lu ticks; resident memory grew by %ld "
	       "kB\n",
	       sum.put, sum.removed, sum.refused, r->ticks, grown * 4);
#ifndef __SANITIZE_ADDRESS__
#if !defined(__has_feature)
	// Holes between what lives: up to 10 MB were seen, and less than none as often. What is
	// lost for good, however small, is found by the leak checker.
	CHECKF(grown < 8192, "%ld pages more", grown);
#endif
#endif
	rig_free(r);
	return 0;
}
