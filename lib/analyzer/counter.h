// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Read the bank's log of raw counters samples: names, speeds, metrics.
///
/// port_name (0:1005) names a port, host_descr (0:2000) of a physical entity names the agent, of a
/// logical one (virtual machine, container) that entity, and if_counters (0:1) tells a port's speed
/// and what the audit compares (audit.h). All records go to the metric store (metric.h). Texts are
/// the sender's: what is not printable ASCII becomes `?`, what is too long is cut. A record that
/// ends too early is left alone; one of a type that nobody knows is remembered (sflow/unknown.h).
/// The names of the fields of custom events are noted (event_field.h).
///
/// Thread-safety, memory: as source.h; nothing of its own.

#include "analyzer/event_field.h"
#include "analyzer/metric.h"
#include "analyzer/source.h"
#include "sflow/unknown.h"

/// Read the counter log of one worker's bank, after sources_merge() of it.
void counter_merge(struct metrics *m, struct sources *s, uint32_t worker, const struct bank *bank,
		   struct unknown_tags *unknown, struct event_fields *fields);
