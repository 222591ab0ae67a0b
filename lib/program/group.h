// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A group: address prefixes with labels; the longest prefix that has an address decides.
///
///     struct group *g = group_create();
///     group_add(g, &addr, 8, "private", &msg); // 10.0.0.0/8, and so on, in any order
///     group_build(g, &msg);
///     const char *label = group_find(g, ADDR_IP4, (const uint8_t[]){10, 1, 2, 3});
///
/// Overlapping prefixes are cut into disjoint ranges once, so that a lookup is a search in a
/// sorted array. An index by the first bits in which they differ, as large as the group deserves,
/// leaves only the last steps of that search.
///
/// Thread-safety: filled by one thread; after group_build() it is constant and any thread may look
/// up, and take or give back a reference. A change makes a new group: whoever still uses the old
/// one, a program that a worker's bank carries for instance, keeps it alive.
/// Memory: per range 8 bytes (IPv4) or 20 bytes (IPv6), at most two ranges per prefix, the index,
/// and each label once. Labels belong to the group.
/// Limits: a label has 1 to PROGRAM_LABEL_MAX bytes; prefixes and labels as memory allows.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/// Longest label of a group or map in bytes.
#define PROGRAM_LABEL_MAX 48

struct group;

/// With one reference.
struct group *group_create(void);
/// One more reference; NULL stays NULL.
const struct group *group_ref(const struct group *g);
/// Give one reference back; the last one frees the group.
void group_free(const struct group *g);

/// Bits of @p addr beyond @p bits are ignored. ERR_RANGE: label too long or empty.
int group_add(struct group *g, const struct addr *addr, unsigned bits, const char *label,
	      struct err_msg *msg);
/// Make it ready. ERR_EXISTS when a prefix has two labels; the message names it.
int group_build(struct group *g, struct err_msg *msg);

/// The label of an address of 4 or 16 bytes in network order, or NULL. The label is followed by a
/// NUL.
const char *group_find(const struct group *g, enum addr_family family, const uint8_t *bytes);

/// Prefixes added.
size_t group_len(const struct group *g);
/// Bytes that it takes.
size_t group_size(const struct group *g);
