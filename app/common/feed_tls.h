// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// TLS for the feed: what both ends make of their PEM files for URLs of nng that begin with
/// tls+tcp://.
///
///     nng_tls_config *tls;
///     int err = feed_tls_config(url, true, &files, &tls, &msg);
///     if (err == 0 && tls != NULL) { nng_listener_set_ptr(l, NNG_OPT_TLS_CONFIG, tls); ... }
///     nng_tls_config_free(tls), once the listener is started
///
/// A collector shows `cert` and, with a `ca`, asks subscribers for a certificate that it has
/// signed. A subscriber wants a certificate of the host in the URL that its `ca` (or those that the
/// system trusts) has signed, and shows `cert` where it has one. A key that others may read is
/// refused.
///
/// Thread-safety: none needed. Memory: files of 1 MiB at most, while they are read.

#include <stdbool.h>

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#include "base/error.h"

struct feed_tls {
	const char *cert, *key, *ca; ///< PEM files; NULL or "" = none
};

/// True for a URL that means TLS.
bool feed_tls_wanted(const char *url);
/// What it takes; NULL in @p out when @p url does not want TLS. 0, or negative and a message.
int feed_tls_config(const char *url, bool server, const struct feed_tls *files,
		    nng_tls_config **out, struct err_msg *msg);
