// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Completed flows as IPFIX (RFC 7011): what exporter.h sends.
///
///     ipfix_record(def, row, offset, &record);
///     ... find or choose the id of the template of record.layout ...
///     ipfix_begin(&message, max);
///     ipfix_add_template(&message, id, &record.layout);     // false: no room, send it first
///     ipfix_add_record(&message, id, &record);
///     ipfix_end(&message, seconds, sequence);
///     ... send message.len bytes of message.data ...
///
/// A record holds, in this order: flowStartMilliseconds, flowEndMilliseconds, octetDeltaCount or
/// packetDeltaCount (their dropped* counterparts where discarded packets are measured),
/// exporterIPv4Address or exporterIPv6Address of the agent, observationPointId (the data source:
/// its index, with its class in the upper 32 bits), flowDirection where it is known, and the parts
/// of the key by program/elements.def. A part that is absent is left out, so one definition may
/// have several layouts. All fields have the full size of their type; counts are scaled by the
/// sampling rate already, hence no element tells that rate.
///
/// Pure: rows in, bytes out; no clock, no socket. Thread-safety: none is needed. Memory: the
/// caller's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/query.h"
#include "program/program.h"

/// Bytes of a message: what passes every path of IPv6, and Ethernet without a tunnel.
#define IPFIX_MESSAGE_MIN 1232
#define IPFIX_MESSAGE_MAX 1472

/// Fields in front of those of the key.
#define IPFIX_FIELDS_FIRST 6
#define IPFIX_FIELDS_MAX   (IPFIX_FIELDS_FIRST + PROGRAM_KEY_MAX - PROGRAM_KEY_SOURCE)

/// The first id of a template; smaller ones are those of other sets.
#define IPFIX_TEMPLATE_FIRST 256
#define IPFIX_TEMPLATES      (65536 - IPFIX_TEMPLATE_FIRST)

/// A field of a template: information element of IANA's registry, bytes.
struct ipfix_field {
	uint16_t id, size;
};

struct ipfix_layout {
	uint32_t n;
	struct ipfix_field field[IPFIX_FIELDS_MAX];
};

struct ipfix_record {
	struct ipfix_layout layout;
	size_t len;
	uint8_t data[IPFIX_MESSAGE_MIN];
};

struct ipfix_message {
	size_t max;         ///< bytes at most
	size_t len;         ///< bytes so far
	size_t set;         ///< where the open set begins; 0 = none
	uint16_t set_id;    ///< of the open set
	uint32_t n_records; ///< data records
	uint8_t data[IPFIX_MESSAGE_MAX];
};

/// The record of a flow that @p def measured, and its layout. @p def is one that element_check()
/// accepts; @p offset: ns from the times of @p row to Unix time.
void ipfix_record(const struct flow_def *def, const struct completed_row *row, int64_t offset,
		  struct ipfix_record *out);

bool ipfix_layout_equal(const struct ipfix_layout *a, const struct ipfix_layout *b);

/// An empty message of at most @p max bytes, IPFIX_MESSAGE_MIN to IPFIX_MESSAGE_MAX.
void ipfix_begin(struct ipfix_message *m, size_t max);
/// False when there is no room left: an empty message has room for any template and any record.
bool ipfix_add_template(struct ipfix_message *m, uint16_t id, const struct ipfix_layout *layout);
bool ipfix_add_record(struct ipfix_message *m, uint16_t id, const struct ipfix_record *record);
/// Complete the header. @p time: s since 1970; @p sequence: data records sent before.
void ipfix_end(struct ipfix_message *m, uint32_t time, uint32_t sequence);

/// True when there is nothing in it but a header.
bool ipfix_is_empty(const struct ipfix_message *m);
