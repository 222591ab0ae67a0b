// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// PEM files and tokens: small files that are read as a whole, some of them secret.
///
///     char *key = small_file_read("/etc/weir/key.pem", true, &msg);
///     ...
///     explicit_bzero(key, strlen(key));
///     free(key);
///
/// Thread-safety: none needed. Memory: the file's size, SMALL_FILE_MAX at most.

#include <stdbool.h>

#include "base/error.h"

#define SMALL_FILE_MAX (1 << 20)

/// All of a regular file, NUL-terminated, from malloc(3). NULL and a message when it cannot be
/// read, is larger than SMALL_FILE_MAX bytes, or is @p secret and others may read or write it.
char *small_file_read(const char *path, bool secret, struct err_msg *msg);
