// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The maps of `host:` and `link:`: what telemetry, topology and names say now, frozen for a
/// program.
///
///     struct learned *l = learned_new(aggregator, analyzer);
///     learned_begin(l);                                     // a compilation
///     err = learned_load(l, "host", "vir_host_name", &table, &msg); // as program_tables.load
///     learned_settle(l, round);                             // its program is in force
///     ...
///     if (learned_look(l, &msg) > 0) ... compile again ...
///
/// A map is made when a definition first asks for it, and made again when the analyzer says that
/// there is news (join_version()). Only where its content has changed is a compilation due. Maps
/// that the program in force does not use are forgotten when it is settled.
///
/// Thread-safety: one thread at a time; the analyzer's lock is taken for slices, and nothing is
/// built under it. Memory: the maps, and while one is made 150 bytes for each row of it.

#include <stdint.h>

#include "base/error.h"
#include "program/program.h"

struct aggregator;
struct analyzer;
struct learned;

/// NULL when memory is short.
struct learned *learned_new(struct aggregator *aggregator, const struct analyzer *analyzer);
void learned_free(struct learned *l);

/// A compilation begins; its number.
uint64_t learned_begin(struct learned *l);
/// The map of `host:K:name`, or of `link:K`. 0, or ERR_MEMORY and a message. Of function "rtflow",
/// whether samples had that field: 0 or ERR_UNKNOWN.
int learned_load(void *learned, const char *function, const char *name, struct program_table *out,
		 struct err_msg *msg);
/// Bytes of the maps that compilation @p round has asked for.
uint64_t learned_size(const struct learned *l, uint64_t round);
/// The program of compilation @p round is in force.
void learned_settle(struct learned *l, uint64_t round);
/// Look for news of the maps in force. 1: a compilation is due; 0; ERR_MEMORY and a message.
int learned_look(struct learned *l, struct err_msg *msg);
