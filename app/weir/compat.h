// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Differences between versions of DPDK, all of them.

#include <rte_telemetry.h>
#include <rte_version.h>

/// rte_tel_data_add_dict_uint() is called _u64 before 23.03.
static inline int tel_add_uint(struct rte_tel_data *d, const char *name, uint64_t v)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_tel_data_add_dict_uint(d, name, v);
#else
	return rte_tel_data_add_dict_u64(d, name, v);
#endif
}
