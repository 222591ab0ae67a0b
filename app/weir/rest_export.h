// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flows for Prometheus: a scrape says what it wants to have measured, as with sFlow-RT's exporter.
///
///     e = exports_new();
///     ... GET /app/prometheus/scripts/export.js/flows/ALL/txt?metric=pair&key=...&value=bytes
///     exports_expire(e, control, 300);      // now and then
///     exports_free(e);
///
/// The first scrape defines the flow, under a name made of the metric and of all that is said of
/// it; a flow that nobody scrapes any more is taken away again.
///
/// Thread-safety: any thread; exports_expire() blocks until the next tick when there is something
/// to take away (control.h). Memory: a name per flow; the flows themselves are bounded by
/// `memory` as all definitions are.

#include <stdbool.h>

#include "base/error.h"
#include "weir/control.h"

struct exports;

/// NULL when memory is short.
struct exports *exports_new(void);
/// @p name is scraped now. False: it is new, and is remembered when @p enter says so and there is
/// memory.
bool exports_touch(struct exports *e, const char *name, bool enter);
/// Take away what was not scraped for @p keep seconds.
void exports_expire(struct exports *e, struct control *control, double keep);
void exports_free(struct exports *e);
