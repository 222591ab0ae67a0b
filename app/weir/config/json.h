// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Documents that people write: lenient JSON and YAML, read into one kind of tree whose nodes know
/// their line and column, so that whoever checks them can say where a mistake is.
///
///     struct arena arena = {0};
///     struct err_msg msg = {0};
///     const struct node *root = json_read(&arena, "body", text, size, &json_body_limits, &msg);
///     if (root == NULL)
///             return refuse(msg.text); // body:1:17: expected "," or "}" after the value
///     const struct node *n = node_get(root, "n");
///     ...
///     arena_free(&arena);
///
/// The JSON is RFC 8259 plus what clients of sFlow-RT send: names without quotes, strings in single
/// quotes, a comma behind the last element, a leading "+" and a bare leading "." in numbers.
/// Whether a text may stand for a number is not decided here: that is the validator's business.
///
/// The YAML is the subset that means the same as JSON: maps, lists, scalars, comments, both
/// styles. Anchors, aliases, tags and several documents in one file are refused. A plain scalar is
/// null (empty, `~`, `null`), a bool (`true`, `false`), a number, or a string; everything in quotes
/// is a string. In flow style YAML reads `{value:"bytes"}`, without a space after the colon, as one
/// name without a value; it is taken apart here, since no member is meant to be called that.
///
/// In both a name given twice in one map is an error, not a lottery.
///
/// Thread-safety: a tree is constant once read. Memory: all nodes and texts lie in the caller's
/// arena, about 100 bytes per node (the worst body of 1 MiB takes 50 MiB while it is looked at);
/// freeing the arena frees the tree. Limits: size and depth, by struct json_limits; nothing
/// recurses, hence a hostile depth costs no stack.

#include <stddef.h>

#include "weir/util/arena.h"
#include "base/error.h"
#include "weir/util/node.h"

struct json_limits {
	size_t size;    ///< bytes of text
	unsigned depth; ///< lists and maps inside one another
};

/// A REST body: 1 MiB, 16 deep.
extern const struct json_limits json_body_limits;
/// A configuration file: 64 MiB (groups of prefixes may be long), 32 deep.
extern const struct json_limits json_file_limits;

/// Read lenient JSON. NULL with @p msg set when it is malformed, beyond the limits, or memory is
/// short. @p text need not end in NUL. @p source is copied.
const struct node *json_read(struct arena *arena, const char *source, const char *text, size_t size,
			     const struct json_limits *limits, struct err_msg *msg);

/// Read YAML; as json_read(). An empty document is an empty map.
const struct node *json_read_yaml(struct arena *arena, const char *source, const char *text,
				  size_t size, const struct json_limits *limits,
				  struct err_msg *msg);

/// Read a whole YAML file. NULL with @p msg set when it cannot be read or is malformed.
const struct node *json_load_yaml(struct arena *arena, const char *path,
				  const struct json_limits *limits, struct err_msg *msg);

/// For readers: 0, or ERR_RANGE with @p msg set when @p size bytes are more than is allowed.
int json_check_size(const char *source, size_t size, const struct json_limits *limits,
		    struct err_msg *msg);
