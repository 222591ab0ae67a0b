// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Differences between versions of DPDK, all of them.

#include <rte_eth_bond.h>
#include <rte_eth_bond_8023ad.h>
#include <rte_telemetry.h>
#include <rte_version.h>

/// Whole numbers are called _uint from 23.03 on, _u64 before.
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define TEL_UINT_VAL       RTE_TEL_UINT_VAL
#define tel_add_uint       rte_tel_data_add_dict_uint
#define tel_add_array_uint rte_tel_data_add_array_uint
#else
#define TEL_UINT_VAL       RTE_TEL_U64_VAL
#define tel_add_uint       rte_tel_data_add_dict_u64
#define tel_add_array_uint rte_tel_data_add_array_u64
#endif

/// What a bond consists of has another name from 23.11 on.
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
#define bond_member_add     rte_eth_bond_member_add
#define bond_member_remove  rte_eth_bond_member_remove
#define bond_active_members rte_eth_bond_active_members_get
#define bond_lacp           rte_eth_bond_8023ad_member_info
#else
#define bond_member_add     rte_eth_bond_slave_add
#define bond_member_remove  rte_eth_bond_slave_remove
#define bond_active_members rte_eth_bond_active_slaves_get
#define bond_lacp           rte_eth_bond_8023ad_slave_info
#endif
