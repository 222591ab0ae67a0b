// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Connect a socket of nng to the collector, with TLS where the URL wants it.
///
///     dial_set(&files);                       // once, from the options
///     err = dial(socket, url, wait);          // an error of nng
///
/// Thread-safety: the main thread.

#include <stdbool.h>

#include <nng/nng.h>

#include "common/feed_tls.h"

/// The PEM files of this side; borrowed.
void dial_set(const struct feed_tls *files);
/// @p wait: go on trying when nobody is there. Certificates that do not go together are an error
/// all the same (NNG_EPEERAUTH, NNG_ECRYPTO), since waiting does not mend them; files that are
/// wrong are too, with a message on standard error.
int dial(nng_socket socket, const char *url, bool wait);
