// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flows for Prometheus: a scrape says what it wants to have measured, as with sFlow-RT's exporter.
///
///     e = exports_new();
///     ... GET /app/prometheus/scripts/export.js/flows/ALL/txt?metric=pair&key=...&value=bytes
///     exports_expire(e, control, 300);      // once a second
///     exports_free(e);
///
/// The first scrape defines the flow, under a name made of the metric and of all that is said of
/// it; a flow that nobody scrapes any more is taken away again.
///
/// Thread-safety: any thread; exports_expire() blocks until the next tick when there is something
/// to take away, 2 s at most (control_expire()). Memory: a name per flow; the flows themselves are
/// bounded by `memory` as all definitions are.

#include <stdbool.h>

#include "base/error.h"
#include "weir/control/control.h"

struct exports;

/// NULL when memory is short.
struct exports *exports_new(void);
/// @p name is scraped now. False: it is new, and is remembered when @p enter says so and there is
/// memory.
bool exports_touch(struct exports *e, const char *name, bool enter);
/// Take away one flow that was not scraped for @p keep seconds, if there is one. One that cannot be
/// taken away has its turn again: after as long when somebody uses it, else with the next call.
void exports_expire(struct exports *e, struct control *control, double keep);
void exports_free(struct exports *e);
