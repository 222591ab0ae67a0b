// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Read any sample, flow record or counter record by the table of records.def.
///
///     struct record_walk w;
///     struct record_value v;
///     if (record_open(&w, RECORD_COUNTERS, &r) == SFLOW_OK)
///             while (record_next(&w, &v))
///                     if (v.field->metric != NULL && !v.unknown)
///                             store(v.field->metric, v.field->role, &v);
///
/// A record is whole or refused: record_open() walks it once without looking at values, so that
/// record_next() cannot fail half-way. Counts and lengths of the wire are compared with the bytes
/// that are left before use, in 64 bits; they allocate nothing and bound no loop. What a newer
/// agent appends is left alone (record_appended()); what an older one does not know yet is simply
/// not there. Where a tag has several layouts, that one is taken which uses up the record.
///
/// Agents built with InMon's reference encoder write an unknown address (type 0) with four bytes of
/// filler that the specification does not have: taken when only so the record comes out even.
///
/// Thread-safety: the tables are constant, a walk belongs to one thread. Memory: values borrow the
/// record's bytes. Limits: none.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/strbuf.h"
#include "sflow/datagram.h"
#include "sflow/enums.h"

enum record_kind {
	RECORD_SAMPLE,
	RECORD_FLOW,
	RECORD_COUNTERS,
	RECORD_V4_SAMPLE,
	RECORD_V4_FLOW,
	RECORD_V2_FLOW,
};

/// The form of a field on the wire, and with it which members of a record_value are set.
enum record_type {
	// Numbers: `u`, and `i` for signed ones.
	RECORD_U8,
	RECORD_U32,
	RECORD_I32,
	RECORD_U64,
	RECORD_HEX64,   ///< an identifier, written as sixteen hex digits
	RECORD_F32,     ///< `f`; -1 = unknown
	RECORD_PERCENT, ///< `i`, hundredths of a percent; -1 = unknown
	// Addresses: `bytes`, `len`.
	RECORD_IP4,
	RECORD_IP6,
	RECORD_MAC,  ///< six bytes, two more of padding on the wire
	RECORD_ADDR, ///< `len` 0, 4 or 16
	RECORD_UUID,
	// Bytes: `bytes`, `len`.
	RECORD_TEXT,    ///< not checked: may hold any byte
	RECORD_KEY,     ///< TEXT, URL-encoded when written
	RECORD_CHARS16, ///< sixteen bytes, padded with NUL; `len` without the padding
	RECORD_OPAQUE,
	RECORD_HEADER, ///< OPAQUE; one that is longer than its record is cut
	RECORD_REST,   ///< whatever is left
	// Lists: `bytes`, `len` hold the items as on the wire, `u` is their number.
	RECORD_U32_LIST,
	RECORD_PERCENTS,
	RECORD_LABELS,  ///< MPLS labels
	RECORD_VLANS,   ///< TPID and TCI in a word each
	RECORD_AS_PATH, ///< segments: type (1 set, 2 sequence), count, that many AS numbers
	RECORD_MACS,    ///< eight bytes each
	RECORD_METRICS, ///< see rt.h
	RECORD_FLOW_RECORDS,
	RECORD_COUNTER_RECORDS,
	// Parts of a sample. `u` is the class or format, `i` the index or value.
	RECORD_SOURCE,
	RECORD_SOURCE_EXPANDED,
	RECORD_PORT,
	RECORD_PORT_EXPANDED,
	RECORD_V4_OUTPUT, ///< `u` 2: `i` ports
	// Not values.
	RECORD_OPTIONAL,
	RECORD_REPEAT, ///< `u` is the number of times that the next `n` fields come
};

enum record_role {
	RECORD_COUNTER, ///< grows; all ones = unknown
	RECORD_GAUGE,
	RECORD_LABEL, ///< names or describes
	RECORD_ATTR,  ///< of one packet, transaction or sample
};

struct record_field {
	const char *name;    ///< as sflowtool prints it; NULL: not printed
	const char *metric;  ///< metric or flow key as users of sFlow-RT know it, or NULL
	const char *list;    ///< RECORD_REPEAT: name of the list
	uint8_t type;        ///< enum record_type
	uint8_t role;        ///< enum record_role
	uint8_t enumeration; ///< enum sflow_enumeration
	bool named;          ///< sflowtool prints the name, not the number
	uint8_t n;           ///< RECORD_REPEAT: how many fields come again
};

/// Which member a label is.
enum record_label {
	RECORD_NO_LABEL,
	RECORD_SAMPLE_TYPE,   ///< sampleType
	RECORD_EXTENDED_TYPE, ///< extendedType
	RECORD_FLOW_TYPE,     ///< flowSampleType
};

struct record_layout {
	uint32_t tag;     ///< SFLOW_TAG()
	uint8_t kind;     ///< enum record_kind
	uint8_t label_as; ///< enum record_label
	uint16_t n_fields;
	const char *name;
	const char *label;
	const struct record_field *fields;
};

struct record_value {
	const struct record_field *field;
	uint32_t index; ///< of the repetition; 0 outside of one
	bool unknown;   ///< the agent says that it does not know
	uint32_t len;
	const uint8_t *bytes;
	uint64_t u;
	int64_t i;
	double f;
};

struct record_walk {
	const struct record_layout *layout;
	struct cursor c;
	uint16_t at;       ///< next field
	uint16_t again;    ///< first field of the repetition
	uint8_t n_again;   ///< fields of the repetition; 0 outside of one
	bool filler;       ///< addresses of type 0 have four bytes
	bool optional;     ///< behind RECORD_OPTIONAL
	bool unsized;      ///< see record_open_unsized()
	uint32_t n_repeat; ///< repetitions still to come, this one included
	uint32_t index;
};

/// All layouts in the order of records.def, and how many.
const struct record_layout *record_layouts(size_t *n);

/// The first layout of a tag, or NULL when it is not known.
const struct record_layout *record_find(enum record_kind kind, uint32_t tag);

/// SFLOW_OK; SFLOW_UNKNOWN: no such tag; SFLOW_RECORD_SHORT: the record ends inside what its layout
/// demands, or a count or length in it is larger than what is left.
enum sflow_reason record_open(struct record_walk *w, enum record_kind kind,
			      const struct sflow_record *r);

/// Open a structure that has no length of its own (versions 2 and 4): it starts where @p c stands,
/// which is moved past it. SFLOW_OK or SFLOW_RECORD_SHORT.
enum sflow_reason record_open_unsized(struct record_walk *w, const struct record_layout *layout,
				      struct cursor *c);

/// The next value; false at the end.
bool record_next(struct record_walk *w, struct record_value *v);

/// Bytes behind the last field, once record_next() returned false.
size_t record_appended(const struct record_walk *w);

/// A value as a number: numbers, percentages as percent.
double record_number(const struct record_value *v);

/// A value as text, as sflowtool writes it; texts and keys as they are, control characters too:
/// whoever prints escapes.
void record_format(struct strbuf *b, const struct record_value *v);
