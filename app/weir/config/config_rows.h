// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The tables of members behind config.h; for config.c alone.
///
/// Thread-safety: constant.

#include "weir/config/config.h"

/// The members at the top of a file, over struct config.
extern const struct schema config_top;

/// The members of an input of each kind, over struct config_input.
extern const struct schema config_input_members[];
/// The member that says which kind it is: "port", "socket", "pcap".
extern const char *const config_input_names[];

/// What the text of a socket member means; false when it means nothing.
bool config_parse_endpoint(const char *text, struct addr *addr, uint32_t *port);
/// The same, with @p def where it names no port.
bool config_parse_endpoint_at(const char *text, uint32_t def, struct addr *addr, uint32_t *port);

/// True for an address of a port that a host can have: no group, no loopback.
bool config_is_port_address(const char *text);

/// True for a list of collectors that config_next_collector() can read to its end.
bool config_is_collectors(const char *text);
