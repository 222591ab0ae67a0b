// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A topology as people write it, and as they read it back.
///
///     {"nodes": {"leaf1": {"agent": "10.0.0.1", "dpid": "3", "tags": {"rack": "7"},
///                          "ports": {"eth1": {"ifindex": "2", "ofport": "1", "dpid": "3"}}}},
///      "links": {"link1": {"node1": "leaf1", "port1": "eth1",
///                          "node2": "spine1", "port2": "eth2"}}}
///
/// Both members may be absent, and so may everything in them but the four ends of a link. Numbers
/// may stand for texts, members with other names are ignored.
///
/// Thread-safety: none needed; the topology is whole before anybody else sees it. Memory: the
/// topology's own, and jansson's. Limits: those of whoever read the body.

#include <stdint.h>

#include <jansson.h>

#include "analyzer/topology.h"
#include "weir/util/node.h"

/// Sealed; NULL and a message when the body is wrong or memory is short.
struct topology *topology_read(const struct node *body, struct err_msg *msg);

/// NULL when memory is short. @p t may be NULL: nothing is wired.
json_t *topology_json(const struct topology *t, uint32_t version);
