// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/control/control.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/analyzer.h"
#include "program/pattern.h"
#include "weir/config/config_names.h"
#include "weir/config/config_plan.h"
#include "weir/core/aggregator.h"
#include "weir/util/clock.h"
#include "weir/control/definition.h"
#include "weir/control/learned.h"

enum verb {
	VERB_PUT,
	VERB_DELETE,
	VERB_RELOAD,
	VERB_REFRESH,
};

// What one caller asks for; on its stack while it waits.
struct request {
	enum verb verb;
	enum control_kind kind;
	const char *name;
	const struct node *body; // put
	struct definition *made; // put: read from the body
	struct err_msg *msg;
	int err;
	bool done;
	struct request *next;
};

struct control {
	struct control_config config;
	pthread_mutex_t mutex; // of the next five
	pthread_cond_t changed;
	struct request *first, **last; // that wait
	bool busy;                     // somebody puts some in force
	uint32_t brief;                // who wait to be busy before all others
	struct definitions now;        // in force; written by who is busy, under the mutex

	// Of who is busy.
	struct definitions file; // as the file was read last
	struct program *program;
	struct learned *learned;
	uint64_t memory; // bytes: the budget
	uint64_t serial; // of thresholds that were put
};

// What is asked for, tried one request after the other.
struct trial {
	struct definitions set;
	struct program *program; // of the set; NULL = the one in force
	uint64_t round;          // of its compilation (learned.h)
	struct definitions file; // after a reload
	struct names *names;     // likewise; NULL = none
	bool reloaded;
	uint64_t memory;
	unsigned seconds; // for the aggregator to take it
};

static int ask(struct control *c, struct request *r);
static int ask_briefly(struct control *c, struct request *r);
static void serve(struct control *c, struct request *list, unsigned seconds);
static int try_request(struct control *c, struct trial *t, struct request *r);
static int put_in_force(struct control *c, struct trial *t, struct err_msg *msg);

// What the file of names says now.
static int read_names(const struct config *config, struct names **out, struct err_msg *msg)
{
	*out = NULL;
	if (config->names == NULL || config->names[0] == '\0')
		return 0;
	*out = config_names(config->names, msg);
	return *out != NULL ? 0 : ERR_INVALID;
}

struct control *control_new(const struct control_config *config, struct err_msg *msg)
{
	struct control *c = calloc(1, sizeof(*c));
	struct program *none = program_compile(NULL, 0, msg);
	if (c != NULL)
		c->learned = learned_new(config->aggregator, config->analyzer);
	if (c == NULL || c->learned == NULL || none == NULL) {
		if (c != NULL)
			learned_free(c->learned);
		free(c);
		program_free(none);
		err_set(msg, ERR_MEMORY, "control: out of memory");
		return NULL;
	}
	c->config = *config;
	c->program = none;
	c->last = &c->first;
	c->memory = config->config->memory;
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->changed, NULL);
	struct trial t = {.memory = c->memory};
	int err = read_names(config->config, &t.names, msg);
	if (err == 0) {
		analyzer_set_names(config->analyzer, t.names); // its own now; it had none
		t.names = NULL;
		struct config known = *config->config;
		known.learn = learned_load;
		known.learned = c->learned;
		t.round = learned_begin(c->learned);
		t.program = config_compile(&known, msg);
		err = t.program != NULL ? definitions_of(&c->now, config->config, msg)
					: ERR_INVALID;
	}
	if (err == 0)
		err = definitions_copy(&c->file, &c->now, msg);
	if (err == 0)
		err = definitions_copy(&t.set, &c->now, msg);
	if (err == 0)
		err = put_in_force(c, &t, msg);
	definitions_clear(&t.set);
	if (err == 0)
		return c;
	program_free(t.program);
	control_free(c);
	return NULL;
}

int control_put(struct control *c, enum control_kind kind, const char *name,
		const struct node *body, struct err_msg *msg)
{
	struct request r = {.verb = VERB_PUT, .kind = kind, .name = name, .body = body, .msg = msg};
	r.made = definition_read(kind, name, body, msg);
	return r.made != NULL ? ask(c, &r) : ERR_INVALID;
}

int control_delete(struct control *c, enum control_kind kind, const char *name, struct err_msg *msg)
{
	struct request r = {.verb = VERB_DELETE, .kind = kind, .name = name, .msg = msg};
	return ask(c, &r);
}

int control_expire(struct control *c, const char *name, struct err_msg *msg)
{
	struct request r = {.verb = VERB_DELETE, .kind = CONTROL_FLOW, .name = name, .msg = msg};
	return ask_briefly(c, &r);
}

int control_reload(struct control *c, struct err_msg *msg)
{
	struct request r = {.verb = VERB_RELOAD, .msg = msg};
	if (c->config.load == NULL)
		return err_set(msg, ERR_UNKNOWN, "there is no configuration to read anew");
	return ask(c, &r);
}

int control_refresh(struct control *c, struct err_msg *msg)
{
	struct request r = {.verb = VERB_REFRESH, .msg = msg};
	return ask_briefly(c, &r);
}

// The first who finds nobody busy serves all that wait; the others are served together when he is
// done: what is asked for within one tick becomes one change.
static int ask(struct control *c, struct request *r)
{
	pthread_mutex_lock(&c->mutex);
	*c->last = r;
	c->last = &r->next;
	while (!r->done) {
		if (c->busy || c->brief > 0) {
			pthread_cond_wait(&c->changed, &c->mutex);
			continue;
		}
		struct request *list = c->first;
		c->first = NULL;
		c->last = &c->first;
		c->busy = true;
		pthread_mutex_unlock(&c->mutex);
		serve(c, list, CONTROL_DEADLINE);
		pthread_mutex_lock(&c->mutex);
		c->busy = false;
		for (struct request *next; list != NULL; list = next) {
			next = list->next; // its owner may leave as soon as it is done
			list->done = true;
		}
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->mutex);
	return r->err;
}

// Alone, so that nobody else's deadline is in force; as soon as nobody is busy.
static int ask_briefly(struct control *c, struct request *r)
{
	const struct timespec until =
		clock_timespec(clock_monotonic() + CONTROL_BRIEF * CLOCK_NS_PER_S);
	pthread_mutex_lock(&c->mutex);
	c->brief++;
	for (int err = 0; c->busy && err == 0;)
		err = pthread_cond_clockwait(&c->changed, &c->mutex, CLOCK_MONOTONIC, &until);
	c->brief--;
	if (c->busy) {
		pthread_mutex_unlock(&c->mutex);
		return err_set(r->msg, ERR_IO, "another change takes more than %d s",
			       CONTROL_BRIEF);
	}
	c->busy = true;
	pthread_mutex_unlock(&c->mutex);
	serve(c, r, CONTROL_BRIEF);
	pthread_mutex_lock(&c->mutex);
	c->busy = false;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
	return r->err;
}

// All that were in order share the fate of the change.
static void fail(struct request *list, int err, const struct err_msg *why)
{
	for (struct request *r = list; r != NULL; r = r->next) {
		if (r->err != 0)
			continue;
		r->err = err;
		err_set(r->msg, err, "%s", why->text);
	}
}

static void exchange_definitions(struct control *c, struct trial *t)
{
	pthread_mutex_lock(&c->mutex);
	const struct definitions before = c->now;
	c->now = t->set;
	t->set = before;
	pthread_mutex_unlock(&c->mutex);
	c->memory = t->memory;
	if (!t->reloaded)
		return;
	const struct definitions file = c->file;
	c->file = t->file;
	t->file = file;
}

static void serve(struct control *c, struct request *list, unsigned seconds)
{
	struct trial t = {.memory = c->memory, .seconds = seconds};
	struct err_msg why = {0};
	int err = definitions_copy(&t.set, &c->now, &why);
	for (struct request *r = list; r != NULL && err == 0; r = r->next)
		r->err = try_request(c, &t, r);
	if (err == 0 && t.program != NULL)
		err = put_in_force(c, &t, &why);
	if (err == 0) {
		exchange_definitions(c, &t);
	} else {
		fail(list, err, &why);
		program_free(t.program);
	}
	definitions_clear(&t.set);
	definitions_clear(&t.file);
	names_free(t.names);
	for (struct request *r = list; r != NULL; r = r->next)
		definition_free(r->made);
}

// The program of a set, if it compiles and fits.
static int compile(struct control *c, const struct trial *t, const struct definitions *set,
		   uint64_t memory, const struct request *r, struct program **program,
		   uint64_t *round)
{
	struct arena arena = {0};
	struct config view;
	int err = definitions_view(set, c->config.config, &arena, &view, r->msg);
	if (err == 0) {
		view.memory = memory;
		view.former = t->program != NULL ? t->program : c->program;
		view.learn = learned_load;
		view.learned = c->learned;
		*round = learned_begin(c->learned);
		for (size_t i = 0; i < view.n_flows && r->verb == VERB_PUT; i++)
			if (set->at[CONTROL_FLOW][i] == r->made)
				view.flow_nodes[i] = r->body;
		err = config_check_guarantees(&view, r->msg);
	}
	if (err == 0) {
		*program = config_compile(&view, r->msg);
		view.learned_size = learned_size(c->learned, *round);
		err = *program != NULL ? config_check_memory(&view, *program, r->msg) : ERR_INVALID;
	}
	if (err != 0) {
		program_free(*program);
		*program = NULL;
	}
	arena_free(&arena);
	return err;
}

// The set of the trial with @p next in its place, unless it does not compile.
static int accept(struct control *c, struct trial *t, struct definitions *next, uint64_t memory,
		  struct request *r)
{
	struct program *program = NULL;
	uint64_t round = 0;
	const int err = compile(c, t, next, memory, r, &program, &round);
	if (err != 0)
		return err;
	program_free(t->program);
	t->program = program;
	t->round = round;
	t->memory = memory;
	definitions_clear(&t->set);
	t->set = *next;
	*next = (struct definitions){0};
	return 0;
}

static int try_put(struct control *c, struct trial *t, struct definitions *next, struct request *r)
{
	if (r->kind == CONTROL_THRESHOLD)
		r->made->threshold.serial = ++c->serial;
	const struct definition *before = definitions_find(next, r->kind, r->name);
	if (r->kind != CONTROL_THRESHOLD && before != NULL && definition_equal(before, r->made))
		return 0; // as it is
	int err = definitions_put(next, definition_ref(r->made), r->msg);
	return err == 0 ? accept(c, t, next, t->memory, r) : err;
}

static int try_delete(struct control *c, struct trial *t, struct definitions *next,
		      struct request *r)
{
	if (!definitions_remove(next, r->kind, r->name))
		return err_set(r->msg, ERR_UNKNOWN, "\"%s\" is not defined", r->name);
	return accept(c, t, next, t->memory, r);
}

static int try_config(struct control *c, struct trial *t, struct definitions *next,
		      const struct config *read, struct request *r)
{
	char text[256];
	struct strbuf names = strbuf_of(text, sizeof(text));
	if (!config_differences(c->config.config, read, &names))
		return err_set(r->msg, ERR_MEMORY, "out of memory");
	if (names.len > 0)
		return err_set(r->msg, ERR_INVALID, "a restart is needed to change: %s", text);
	struct definitions file = {0};
	struct names *said = NULL;
	int err = definitions_of(&file, read, r->msg);
	if (err == 0)
		err = read_names(read, &said, r->msg);
	if (err == 0)
		err = definitions_merge(next, t->reloaded ? &t->file : &c->file, &file, r->msg);
	if (err == 0)
		err = accept(c, t, next, read->memory, r);
	if (err != 0) {
		definitions_clear(&file);
		names_free(said);
		return err;
	}
	definitions_clear(&t->file);
	t->file = file;
	names_free(t->names);
	t->names = said;
	t->reloaded = true;
	return 0;
}

static int try_reload(struct control *c, struct trial *t, struct definitions *next,
		      struct request *r)
{
	struct config read = {0};
	int err = c->config.load(c->config.load_ctx, &read, r->msg);
	if (err == 0)
		err = try_config(c, t, next, &read, r);
	config_free(&read);
	return err;
}

static int try_request(struct control *c, struct trial *t, struct request *r)
{
	struct definitions next = {0};
	const int due = r->verb == VERB_REFRESH ? learned_look(c->learned, r->msg) : 1;
	if (due <= 0)
		return due;
	int err = definitions_copy(&next, &t->set, r->msg);
	if (err == 0 && r->verb == VERB_PUT)
		err = try_put(c, t, &next, r);
	else if (err == 0 && r->verb == VERB_DELETE)
		err = try_delete(c, t, &next, r);
	else if (err == 0 && r->verb == VERB_RELOAD)
		err = try_reload(c, t, &next, r);
	else if (err == 0) // all definitions as they are
		err = accept(c, t, &next, t->memory, r);
	if (err == 0 && r->verb == VERB_PUT && r->kind == CONTROL_FLOW)
		config_awaits(program_find(t->program != NULL ? t->program : c->program, r->name),
			      r->msg);
	definitions_clear(&next);
	return err;
}

static bool is_taken(const int32_t *from, uint32_t n, uint32_t i)
{
	for (uint32_t k = 0; k < n; k++)
		if (from[k] == (int32_t)i)
			return true;
	return false;
}

// The lists of tables of a change, with those that are new, and memory to match patterns in.
static int make_kits(struct control *c, struct change *change, struct err_msg *msg)
{
	const struct program *p = change->program;
	// No definitions need no list: so the last change of all leaves nothing to be freed.
	for (uint32_t i = 0; i < 2 * c->config.n_workers && p->n_def > 0; i++) {
		struct bank_kit *kit = &change->kit[i];
		kit->table = calloc(p->n_def, sizeof(struct bank_table *));
		if (p->scratch != NULL)
			kit->scratch = pattern_scratch_copy(p->scratch);
		if (kit->table == NULL || (p->scratch != NULL && kit->scratch == NULL))
			return err_set(msg, ERR_MEMORY, "out of memory");
		for (uint32_t d = 0; d < p->n_def; d++) {
			if (change->from[d] >= 0)
				continue;
			const struct bank_config *bank = &c->config.bank;
			void *mem = c->config.take(c->config.ctx, i / 2,
						   bank_table_size(&p->def[d], bank), msg);
			if (mem == NULL)
				return ERR_MEMORY;
			kit->table[d] =
				bank_table_init(mem, &p->def[d], bank, bank->seed + i / 2 + d);
		}
	}
	return 0;
}

// What is measured no longer: of kits of @p p, the tables that @p next does not have.
static void free_kits(struct control *c, struct change *change, const struct program *p,
		      const struct program *next)
{
	for (uint32_t i = 0; i < 2 * c->config.n_workers; i++) {
		struct bank_table **list = change->kit[i].table;
		for (uint32_t d = 0; list != NULL && d < p->n_def; d++)
			if (list[d] != NULL &&
			    (next == NULL || !is_taken(change->from, next->n_def, d)))
				c->config.give(c->config.ctx, list[d]);
		free(list);
		pattern_scratch_free(change->kit[i].scratch);
	}
}

static int prepare(struct control *c, struct change *change, const struct definitions *set,
		   struct err_msg *msg)
{
	struct arena arena = {0};
	struct config view;
	int err = definitions_view(set, c->config.config, &arena, &view, msg);
	if (err == 0)
		err = make_kits(c, change, msg);
	if (err == 0) {
		change->analyzer =
			analyzer_prepare(c->config.analyzer, change->program, change->from,
					 view.thresholds, view.n_thresholds, msg);
		err = change->analyzer != NULL ? 0 : ERR_MEMORY;
	}
	arena_free(&arena);
	return err;
}

// Once, when it begins.
static void warn(const struct control *c, const struct program *before, const struct program *now)
{
	if (c->config.warn == NULL)
		return;
	for (uint32_t i = 0; i < now->n_def; i++) {
		const struct flow_def *same = program_find(before, now->def[i].name);
		struct err_msg then = {0}, msg = {0};
		if (same != NULL)
			config_awaits(same, &then);
		if (config_awaits(&now->def[i], &msg) && strcmp(then.text, msg.text) != 0)
			c->config.warn(c->config.ctx, msg.text);
	}
}

// The program of the trial becomes ours.
static int put_in_force(struct control *c, struct trial *t, struct err_msg *msg)
{
	struct program *before = c->program;
	int32_t *from = calloc(t->program->n_def + 1, sizeof(*from));
	struct change change = {
		.program = t->program, .from = from, .rename = t->reloaded, .names = t->names};
	change.kit = calloc(2 * (size_t)c->config.n_workers, sizeof(*change.kit));
	int err =
		from != NULL && change.kit != NULL ? 0 : err_set(msg, ERR_MEMORY, "out of memory");
	sem_init(&change.done, 0, 0);
	if (err == 0) {
		program_match(before, t->program, from);
		err = prepare(c, &change, &t->set, msg);
		if (err == 0)
			err = aggregator_change(c->config.aggregator, &change, t->seconds, msg);
		// Before it is in force the kits have what is new, after it what was before.
		free_kits(c, &change, err == 0 ? before : t->program, err == 0 ? t->program : NULL);
	}
	analyzer_change_free(change.analyzer);
	sem_destroy(&change.done);
	free(change.kit);
	free(from);
	if (err == 0) {
		warn(c, before, t->program);
		program_free(before);
		c->program = t->program;
		t->names = change.names;
		learned_settle(c->learned, t->round);
	}
	return err;
}

void control_free(struct control *c)
{
	struct err_msg msg = {0};
	if (c == NULL)
		return;
	// Nothing is measured any more: that gives all tables back.
	struct trial t = {.program = program_compile(NULL, 0, &msg)};
	if (t.program != NULL && put_in_force(c, &t, &msg) != 0)
		program_free(t.program);
	definitions_clear(&c->now);
	definitions_clear(&c->file);
	program_free(c->program);
	learned_free(c->learned);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}

// A definition that stays while it is read.
static struct definition *look_up(struct control *c, enum control_kind kind, const char *name)
{
	pthread_mutex_lock(&c->mutex);
	struct definition *d = definitions_find(&c->now, kind, name);
	if (d != NULL)
		definition_ref(d);
	pthread_mutex_unlock(&c->mutex);
	return d;
}

int control_names(struct control *c, enum control_kind kind, struct arena *arena,
		  const char *const **names, size_t *n)
{
	pthread_mutex_lock(&c->mutex);
	*n = c->now.n[kind];
	const char **list = arena_array(arena, *n + 1, sizeof(*list));
	bool whole = list != NULL;
	for (size_t i = 0; i < *n && whole; i++) {
		const char *name = c->now.at[kind][i]->name;
		list[i] = arena_strndup(arena, name, strlen(name));
		whole = list[i] != NULL;
	}
	pthread_mutex_unlock(&c->mutex);
	*names = list;
	return whole ? 0 : ERR_MEMORY;
}

int control_get_flow(struct control *c, const char *name, struct arena *arena,
		     struct flow_spec *out)
{
	struct definition *d = look_up(c, CONTROL_FLOW, name);
	if (d == NULL)
		return ERR_UNKNOWN;
	const bool whole = flow_spec_copy(arena, &d->flow, out);
	definition_free(d);
	return whole ? 0 : ERR_MEMORY;
}

int control_get_threshold(struct control *c, const char *name, struct arena *arena,
			  struct threshold_spec *out)
{
	struct definition *d = look_up(c, CONTROL_THRESHOLD, name);
	if (d == NULL)
		return ERR_UNKNOWN;
	const bool whole = threshold_spec_copy(arena, &d->threshold, out);
	definition_free(d);
	return whole ? 0 : ERR_MEMORY;
}

int control_get_table(struct control *c, enum control_kind kind, const char *name,
		      struct arena *arena, const struct node **out)
{
	struct definition *d = look_up(c, kind, name);
	if (d == NULL)
		return ERR_UNKNOWN;
	*out = node_copy(arena, d->body);
	definition_free(d);
	return *out != NULL ? 0 : ERR_MEMORY;
}
