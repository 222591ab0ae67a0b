// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Names of fields that custom events (rtflow samples) had, and when.
///
/// A name that is known may be written in a definition without `rtflow:`; hence it stays known, and
/// the definition right, until the end. Senders choose names: those that come when there is no
/// place left are written with `rtflow:`.
///
/// Thread-safety: one thread notes, behind the lock of the analyzer. Memory: none of its own.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/custom_name.h"

#define EVENT_FIELDS_MAX 256

struct event_field {
	char name[CUSTOM_NAME_MAX + 1];
	uint64_t time; ///< ns, of the tick that saw it last
};

struct event_fields {
	uint32_t n;
	struct event_field at[EVENT_FIELDS_MAX];
};

/// Note the fields of a sample: @p size bytes from their count on.
void event_fields_note(struct event_fields *f, const uint8_t *fields, size_t size, uint64_t now);

/// The field of that name, or NULL.
struct event_field *event_fields_find(struct event_fields *f, const char *name, size_t len);
