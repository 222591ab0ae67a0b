// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The file of names: what agents and ports are called that do not say so themselves.
///
///     10.0.0.1:
///       name: leaf1
///       ports:
///         4: {name: swp4, speed: 10G, link: up1}
///         5: swp5
///
/// Thread-safety: none needed. Memory: that of names.h; the tree is freed before it returns.

#include "analyzer/names.h"

/// Sealed; NULL and a message "names.yaml:4:9: ..." when the file cannot be read or is wrong.
struct names *config_names(const char *path, struct err_msg *msg);
