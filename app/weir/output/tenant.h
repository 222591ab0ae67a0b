// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The samples of a datagram that concern a tenant, as a datagram of their own.
///
///     struct tenant *t = tenant_new(&filters, &msg);
///     const uint32_t n = tenant_select(t, data, len, out, &size);
///     if (n > 0) send(out, size);
///
/// A flow or discarded-packet sample is selected when it was taken at a port of `ifindex` or
/// `ifname`, or its packet came in by one or went out by one; when the outermost source or
/// destination address of the packet lies in a prefix of `cidr`; or when its source or destination
/// MAC is one of `mac`. A counters sample is selected when it is of such a port. A port's name is
/// known from the first counters sample that tells it (record 0:1005), for as long as the tenant
/// is there. Samples of other kinds, and datagrams before version 5, are nobody's.
///
/// Samples are copied as they are, agent and sub-agent stay; but datagrams and samples are numbered
/// anew, from 1, so that whoever gets a part misses nothing. With that, losses on the way to us do
/// not show. After TENANT_SAMPLERS numbered things the rest keeps the agent's numbers.
///
/// Threading: one thread at a time. Memory: the lists, and 64 bytes for each data source that was
/// selected from, kind of sample and sub-agent.

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/config/config_forward.h"

#define TENANT_SAMPLERS (1 << 18)

struct tenant;

/// @p filters are as config_tenant() read them; copied. NULL and a message when memory is short.
struct tenant *tenant_new(const struct tenant_filters *filters, struct err_msg *msg);
void tenant_free(struct tenant *t);

/// How many samples of the datagram were selected; these lie in @p out then, which has room for @p
/// len + 8 bytes, @p size of them used.
uint32_t tenant_select(struct tenant *t, const uint8_t *data, uint32_t len, uint8_t *out,
		       size_t *size);
