// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What is defined: flows, thresholds, groups and maps as objects that do not change, and sets of
/// them that do; for control.c.
///
///     struct definitions next = {0};
///     definitions_copy(&next, &now, &msg);
///     struct definition *d = definition_read(CONTROL_FLOW, "pair", body, &msg);
///     definitions_put(&next, d, &msg);       // takes the reference
///     definitions_view(&next, &config, &view, &arena);
///     program = config_compile(&view, &msg);
///
/// Thread-safety: a definition is constant, references may be taken and given back by any thread; a
/// set belongs to one thread. Memory: each definition has an arena of its own, so that what is
/// replaced a million times takes no more than what is there.

#include "weir/config/config.h"
#include "weir/control/control.h"

struct definition {
	uint32_t refs;
	enum control_kind kind;
	const char *name;
	struct arena arena; ///< of all texts
	struct flow_spec flow;
	struct threshold_spec threshold;
	struct program_table table; ///< with a reference to its group or map
	const struct node *body;    ///< of a group or map
};

/// One list per kind, in the order of their definition.
struct definitions {
	struct definition **at[CONTROL_KINDS];
	size_t n[CONTROL_KINDS];
};

/// With one reference; NULL and a message.
struct definition *definition_read(enum control_kind kind, const char *name,
				   const struct node *body, struct err_msg *msg);
struct definition *definition_ref(struct definition *d);
void definition_free(struct definition *d);
/// The same text: nothing to change.
bool definition_equal(const struct definition *a, const struct definition *b);
/// A flow's texts in another arena; false when memory is short.
bool flow_spec_copy(struct arena *arena, const struct flow_spec *from, struct flow_spec *to);
bool threshold_spec_copy(struct arena *arena, const struct threshold_spec *from,
			 struct threshold_spec *to);

/// All that a configuration defines. 0 or ERR_MEMORY.
int definitions_of(struct definitions *set, const struct config *c, struct err_msg *msg);
/// @p to is empty. 0 or ERR_MEMORY.
int definitions_copy(struct definitions *to, const struct definitions *from, struct err_msg *msg);
void definitions_clear(struct definitions *set);
struct definition *definitions_find(const struct definitions *set, enum control_kind kind,
				    const char *name);
/// Append, or replace the one of its name; takes the reference, also when it fails (ERR_MEMORY).
int definitions_put(struct definitions *set, struct definition *d, struct err_msg *msg);
/// False when there is none.
bool definitions_remove(struct definitions *set, enum control_kind kind, const char *name);

/// What changed from @p before to @p after, done to @p set too. 0 or ERR_MEMORY.
int definitions_merge(struct definitions *set, const struct definitions *before,
		      const struct definitions *after, struct err_msg *msg);

/// The configuration @p c with these definitions instead of its own, for the functions of config.h;
/// lives as long as the set and @p arena. 0 or ERR_MEMORY.
int definitions_view(const struct definitions *set, const struct config *c, struct arena *arena,
		     struct config *view, struct err_msg *msg);
