// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Datagrams from other weirs over TLS as an input: the other end of outlet.h.
///
///     struct relay *r = relay_open("tls+tcp://0.0.0.0:6344", &tls, &msg);
///     struct input *in = relay_input(r);
///     ...
///     relay_close(r);
///
/// A message of nng (its pipeline protocol) is one datagram, as the other weir took it in: who the
/// agent is says the datagram; who sent it is the other weir. It shows our certificate, and with a
/// `ca` lets in only those whose certificate that has signed. Messages of more than 64 KiB end
/// their connection. Who sends faster than the worker takes is held up by TCP and drops at his end.
///
/// Threading: open and close by main, the input by its worker; nng's threads take messages in.
/// Memory: nng's messages, at most RELAY_QUEUE of them wait for the worker.

#include "base/error.h"
#include "common/feed_tls.h"
#include "weir/input/input.h"

#define RELAY_QUEUE 1024

struct relay;

/// NULL and a message that names the remedy.
struct relay *relay_open(const char *url, const struct feed_tls *tls, struct err_msg *msg);
struct input *relay_input(struct relay *r);
void relay_close(struct relay *r);
