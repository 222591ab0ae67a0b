// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The way to another collector: UDP, or TLS to a weir that has an input `relay` (relay.h).
///
///     struct outlet *o = outlet_open(&target, &tls, &msg);
///     if (!outlet_send(o, data, len)) failed++;
///     outlet_close(o);
///
/// Neither end of a connection over TLS takes the other without a certificate that its authority
/// has signed (feed_tls.h); a lost connection is made anew for as long as the outlet is there.
/// Sending never waits: without a connection, or when OUTLET_QUEUE datagrams are on their way, what
/// comes is refused. What was in a connection that breaks is lost without a trace.
///
/// Threading: one thread sends; nng's own threads move what is queued. Memory: a socket; over TLS
/// the queue, too.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "common/feed_tls.h"
#include "weir/config/config_forward.h"

#define OUTLET_QUEUE 1024

struct outlet;

/// @p tls is what we show and whom we trust. NULL and a message.
struct outlet *outlet_open(const struct forward_target *target, const struct feed_tls *tls,
			   struct err_msg *msg);
bool outlet_send(struct outlet *o, const uint8_t *data, size_t len);
/// May take as long as nng's threads need to leave the socket.
void outlet_close(struct outlet *o);
