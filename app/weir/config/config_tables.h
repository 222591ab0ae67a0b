// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The members `groups` and `maps`: what the functions of that name look up; for config*.c alone.
///
///     groups:
///       campus:
///         lab: 10.1.0.0/16
///         office: [10.2.0.0/16, "2001:db8::/32"]
///     maps:
///       people: {alice: "d8:d3:85:b2:dd:2b, 001122334455"}
///
/// Thread-safety, memory: as the configuration that they are read into. Groups and maps themselves
/// are not in its arena: config_tables_free() frees them.

#include "weir/config/config.h"

int config_read_groups(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, void *object);
int config_read_maps(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *object);
void config_print_groups(FILE *f, const void *object, unsigned indent);
void config_print_maps(FILE *f, const void *object, unsigned indent);

/// Read one group (or map) into @p row, as in a file or in the body of a request. 0, or a negative
/// enum err and a message. What @p row has then must be given back, whatever the result.
int config_table(const struct schema_context *ctx, const struct node *n, bool is_group,
		 struct program_table *row);
void config_table_free(struct program_table *row);

void config_tables_free(struct config *c);
/// Bytes that all groups and maps take.
uint64_t config_tables_size(const struct config *c);
