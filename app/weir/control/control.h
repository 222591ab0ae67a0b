// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The verbs: flows, thresholds, groups and maps are defined, changed and removed while traffic
/// runs. File, requests and SIGHUP all end here.
///
///     const struct node *body = json_read(&arena, "request", text, len, &json_body_limits, &msg);
///     if (control_put(c, CONTROL_FLOW, "pair", body, &msg) != 0)
///             answer(400, msg.text); // request:1:9: keys: unknown attribute "ipsorce" (did...
///     ...
///     struct flow_spec spec;
///     if (control_get_flow(c, "pair", &arena, &spec) == ERR_UNKNOWN)
///             answer(404, ...);
///
/// A verb validates with the validator of the configuration file, checks the memory budget,
/// compiles all definitions into a new program, takes memory for the tables that are new, and hands
/// all of it to the aggregator, which exchanges it for the old with the next tick: no sample is
/// lost, no worker waits. The verb returns when the tick is published: from then on the definition
/// is measured. What is asked for within one tick goes into one change. Whatever fails changes
/// nothing: one verb either happens as a whole or says why not.
///
/// **What keeps its state**: a flow of the same name whose text did not change keeps its store, the
/// thresholds on it, and the numbers of its topic; replacing a group or a map leaves all flows
/// their state, since labels lie in the keys as text. A flow with another text begins anew, and so
/// do its thresholds. A threshold that is put again begins anew, too. A threshold whose flow is not
/// there is dormant; it revives with the flow. What a flow looks up in a group or map that is not
/// there is absent until that is put, and again when it is deleted.
///
/// **What is learned** (`host:`, `link:`) is frozen into the program like groups and maps, and so
/// are news of it, as often as somebody calls control_refresh().
///
/// **Reload** applies what the file says now and did not say when it was read last. What came by a
/// request stays, unless the file has changed its mind about that very name. The file of names is
/// read with it, and its names are shown from the next tick on. Members that need a restart are
/// named, and then nothing is changed.
///
/// Threading: any thread may call; a caller blocks until the tick after its request, 10 s at most
/// (CONTROL_DEADLINE) before the aggregator has taken the change. Two verbs are for a thread that
/// must not be away for long: they go before all others, and each waits CONTROL_BRIEF for its turn
/// and as long for the aggregator. Readers do not block on changes.
/// Inside, a mutex guards what is defined; it is held for copies of lists, never while something
/// is compiled, allocated or waited for. The aggregator's lock is not held by callers.
/// Memory: copies in the caller's arena; `memory` of the configuration bounds what all definitions
/// together take once the change is done (the replaced tables live one tick longer).

#include <stdbool.h>
#include <stddef.h>

#include "analyzer/threshold.h"
#include "bank/bank.h"
#include "base/error.h"
#include "program/program.h"
#include "weir/util/arena.h"
#include "weir/util/node.h"

/// s: how long a verb waits for the aggregator to take its change.
#define CONTROL_DEADLINE 10
#define CONTROL_BRIEF    1

struct control;
struct config;
struct aggregator;
struct analyzer;

struct control_config {
	const struct config *config; ///< finished; outlives the control
	struct aggregator *aggregator;
	struct analyzer *analyzer; ///< of the aggregator; with the program of no definitions
	struct bank_config bank;   ///< as of the workers' banks; its seed is that of worker 0
	uint32_t n_workers;
	/// Zeroed memory for a table of a worker, aligned to 64 bytes. NULL and a message.
	void *(*take)(void *ctx, uint32_t worker, size_t size, struct err_msg *msg);
	void (*give)(void *ctx, void *mem);
	/// What is in force and perhaps not meant (config_awaits()), once; any thread. May be NULL.
	void (*warn)(void *ctx, const char *text);
	/// Read the configuration anew into @p c, which config_free() takes whatever the result.
	/// 0 or negative with a message. NULL: there is nothing to read.
	int (*load)(void *load_ctx, struct config *c, struct err_msg *msg);
	void *ctx, *load_ctx;
};

/// Measure what the configuration defines; before aggregator_start(). NULL and a message.
struct control *control_new(const struct control_config *config, struct err_msg *msg);
/// The aggregator has stopped, nobody calls a verb any more. Tables are given back; the analyzer
/// and the banks have no program then.
void control_free(struct control *c);

/// What can be defined.
enum control_kind {
	CONTROL_FLOW,
	CONTROL_THRESHOLD,
	CONTROL_GROUP,
	CONTROL_MAP,
	CONTROL_KINDS,
};

/// Define @p name, or replace it. @p body is what stands after the name in the file, read by json.h
/// (unknown members are ignored); it is not kept. 0 when it is measured, and @p msg then says what
/// it waits for, if anything (config_awaits()), or
/// ERR_INVALID, ERR_RANGE, ERR_UNKNOWN: the body is wrong, the message says where and what;
/// ERR_FULL: beyond the memory budget; ERR_MEMORY: the system has no more;
/// ERR_IO: the aggregator did not take it in time, or ends.
int control_put(struct control *c, enum control_kind kind, const char *name,
		const struct node *body, struct err_msg *msg);

/// Remove @p name. ERR_UNKNOWN when there is none; else as control_put().
int control_delete(struct control *c, enum control_kind kind, const char *name,
		   struct err_msg *msg);

/// Remove the flow @p name. As control_delete(), but brief: ERR_IO also when another change is
/// under way all the time.
int control_expire(struct control *c, const char *name, struct err_msg *msg);

/// Read the configuration anew and apply what changed. 0 also when nothing did.
int control_reload(struct control *c, struct err_msg *msg);

/// Freeze anew what `host:` and `link:` look up, where telemetry, topology or names have news for
/// a definition that uses them; brief. 0 also when there is nothing to do, which is cheap;
/// ERR_MEMORY; ERR_IO as above: it is still to be done then.
int control_refresh(struct control *c, struct err_msg *msg);

/// The names of a kind, in the order of their definition; copied into @p arena. ERR_MEMORY.
int control_names(struct control *c, enum control_kind kind, struct arena *arena,
		  const char *const **names, size_t *n);

/// One flow as it was defined, defaults filled in; texts are copied into @p arena. ERR_UNKNOWN.
int control_get_flow(struct control *c, const char *name, struct arena *arena,
		     struct flow_spec *out);
/// One threshold likewise.
int control_get_threshold(struct control *c, const char *name, struct arena *arena,
			  struct threshold_spec *out);
/// One group or map as it was written: a map from labels to a text or a list of texts; the tree is
/// copied into @p arena.
int control_get_table(struct control *c, enum control_kind kind, const char *name,
		      struct arena *arena, const struct node **out);
