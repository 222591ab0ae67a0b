// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Connect a socket of nng to the collector, with TLS where the URL wants it.
///
///     dial_set(&files);                       // once, from the options
///     err = dial(socket, url, DIAL_WAIT);     // an error of nng
///
/// Thread-safety: the main thread.

#include <nng/nng.h>

#include "common/feed_tls.h"

/// The PEM files of this side; borrowed.
void dial_set(const struct feed_tls *files);

enum dial_mode {
	DIAL_ONCE, ///< an error when nobody is there; blocks as long as the system tries to connect
	DIAL_WAIT, ///< go on trying when nobody is there
	DIAL_LATER, ///< as DIAL_WAIT, and return at once: what is sent waits for a connection
};

/// Certificates that do not go together are an error in any mode but DIAL_LATER (NNG_EPEERAUTH,
/// NNG_ECRYPTO), since waiting does not mend them; files that are wrong are one in any mode, with a
/// message on standard error.
int dial(nng_socket socket, const char *url, enum dial_mode mode);
