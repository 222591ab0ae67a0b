// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The member `http` of a configuration: who may talk to weir over HTTP, and how much.
///
///     http: off
///     http: 127.0.0.1:8008
///     http: {listen: "[::]:8008", token_file: /etc/weir/token, readonly: true}
///
/// Whoever can change what is measured can fill its memory and read what passes a network. So it
/// listens on this host only, unless there is a token, or certificates of clients are asked for, or
/// `insecure: true` says in so many words that everybody may.
///
/// Thread-safety: constant once read. Memory: the arena of the configuration.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "weir/config/schema.h"

struct config_http {
	const char *listen; ///< "ADDRESS:PORT", or "off"
	bool on;
	bool given;             ///< somebody wrote it: failing to listen is an error
	struct addr addr;       ///< of `listen`
	uint32_t port;          ///< of `listen`
	const char *token_file; ///< "" = no token
	const char *certificate, *key, *client_ca; ///< PEM files; "" = none
	bool insecure;
	bool readonly;
	const char *prometheus_prefix; ///< of the names of metrics
	double prometheus_keep;        ///< s: flows that are not scraped any more
	struct text_list cors;         ///< origins, or "*"
	struct text_list hosts;        ///< further names that this server goes by
	uint32_t threads;
	uint32_t connections, per_client, polls;
	uint32_t rate;                ///< requests/s of one address; 0 = any number
	double timeout;               ///< s
	uint64_t max_body, max_table; ///< bytes of one body
	uint64_t bodies;              ///< bytes of all bodies at once
	uint64_t answers;             ///< bytes of all answers on their way
};

struct config;

extern const struct schema config_http_members;

int config_http_defaults(struct config *c, struct err_msg *msg);
int config_read_http(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *object);
void config_print_http(FILE *f, const void *object, unsigned indent);
/// What only the whole can tell: listening elsewhere than here needs a guard.
int config_check_http(const struct config_http *http, struct err_msg *msg);
