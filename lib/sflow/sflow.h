// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The vocabulary of sFlow version 5 (sflow_version_5.txt, sflow.org), named as there.

#include <stdint.h>

/// A data format: enterprise (20 bits) and format (12 bits) in one word, section 5 "data_format".
/// Samples, flow records and counter records have separate number spaces.
#define SFLOW_TAG(enterprise, format) ((uint32_t)(enterprise) << 12 | (uint32_t)(format))
#define SFLOW_ENTERPRISE(tag)         ((uint32_t)(tag) >> 12)
#define SFLOW_FORMAT(tag)             ((uint32_t)(tag)&0xfff)

#define SFLOW_PORT 6343 ///< UDP port registered for sFlow

enum sflow_sample_tag {
	SFLOW_FLOW_SAMPLE = SFLOW_TAG(0, 1),
	SFLOW_COUNTERS_SAMPLE = SFLOW_TAG(0, 2),
	SFLOW_FLOW_SAMPLE_EXPANDED = SFLOW_TAG(0, 3),
	SFLOW_COUNTERS_SAMPLE_EXPANDED = SFLOW_TAG(0, 4),
	SFLOW_DISCARDED_PACKET = SFLOW_TAG(0, 5),
	SFLOW_ACL_PREFIX = SFLOW_TAG(1991, 1),
	SFLOW_RTMETRIC = SFLOW_TAG(4300, 1002),
	SFLOW_RTFLOW = SFLOW_TAG(4300, 1003),
};

/// Flow records that the flow path reads; the complete list is records.def.
enum sflow_flow_tag {
	SFLOW_SAMPLED_HEADER = SFLOW_TAG(0, 1),
	SFLOW_SAMPLED_ETHERNET = SFLOW_TAG(0, 2),
	SFLOW_SAMPLED_IPV4 = SFLOW_TAG(0, 3),
	SFLOW_SAMPLED_IPV6 = SFLOW_TAG(0, 4),
	SFLOW_EXTENDED_SWITCH = SFLOW_TAG(0, 1001),
	SFLOW_EXTENDED_ROUTER = SFLOW_TAG(0, 1002),
	SFLOW_EXTENDED_GATEWAY = SFLOW_TAG(0, 1003),
	SFLOW_EXTENDED_USER = SFLOW_TAG(0, 1004),
	SFLOW_EXTENDED_URL = SFLOW_TAG(0, 1005),
};

/// Counter records that have their own code; the complete list is records.def.
enum sflow_counter_tag {
	SFLOW_IF_COUNTERS = SFLOW_TAG(0, 1),
	SFLOW_PORT_NAME = SFLOW_TAG(0, 1005),
	SFLOW_HOST_DESCR = SFLOW_TAG(0, 2000),
	SFLOW_HOST_ADAPTERS = SFLOW_TAG(0, 2001),
};

/// Format of an interface value, section 5 "interface": two bits in the compact form.
enum sflow_interface_format {
	SFLOW_IF_INDEX = 0,     ///< ifIndex; 0 = unknown, SFLOW_IF_INTERNAL = the device itself
	SFLOW_IF_DISCARDED = 1, ///< the value is the reason
	SFLOW_IF_MULTIPLE = 2,  ///< the value is the number of output ports, 0 = unknown
};

#define SFLOW_IF_INTERNAL 0x3fffffffu

/// Class of a data source, section 5 "sflow_data_source".
enum sflow_ds_class {
	SFLOW_DS_IFINDEX = 0,
	SFLOW_DS_VLAN = 1,
	SFLOW_DS_PHYSICAL = 2,
	SFLOW_DS_LOGICAL = 3,
};
