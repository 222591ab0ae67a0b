// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The member `forwarding` of a configuration, and the body of a request for one entry:
///
///     forwarding:
///       backup: {address: 10.0.0.9, port: 6343, agents: [10.1.0.0/16]}
///
/// Thread-safety: constant once read. Memory: the arena of the configuration or request.

#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "schema.h"

/// Another collector that gets datagrams as they came.
struct forward_target {
	const char *name;
	const char *address; ///< as it was written
	struct addr addr;
	uint32_t port;
	struct prefix_list agents; ///< whose datagrams; none = all
};

extern const struct schema forward_members;

int config_forward(const struct schema_context *ctx, const struct node *n, const char *name,
		   struct forward_target *out);
int config_read_forwarding(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object);
void config_print_forwarding(FILE *f, const void *object, unsigned indent);
