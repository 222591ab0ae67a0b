// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Walk an sFlow version 5 datagram: header, samples, records.
///
///     struct sflow_datagram dg;
///     int reason = sflow_open(&dg, data, len);
///     struct sflow_sample s;
///     while ((reason = sflow_next(&dg, &s)) > 0)
///             ... s.tag, s.body, s.len ...
///
/// Iteration ends with the count of the wire or with the bytes, whichever is first: a count
/// allocates nothing, and what lies behind the last item (padding of some switches, left-over
/// bytes of a reused buffer) is not read as one more. A sample is skipped by its outer length, so
/// an unknown one costs nobody else. Lengths that are not a multiple of four are padded up (XDR,
/// RFC 4506).
///
/// Thread-safety: values only. Memory: borrows the datagram.

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cursor.h"
#include "sflow/sflow.h"

/// Why a datagram, sample or record cannot be read: constant, text. Each is a counter of the loss
/// ledger.
#define SFLOW_REASONS(X)                                                                \
	X(SFLOW_SHORT_HEADER, "the datagram ends inside its header")                    \
	X(SFLOW_BAD_VERSION, "not a version of sFlow")                                  \
	X(SFLOW_BAD_ADDRESS, "unknown type of agent address")                           \
	X(SFLOW_SAMPLE_OVERRUN, "a sample is longer than what is left of the datagram") \
	X(SFLOW_SAMPLE_SHORT, "a sample ends inside its fixed part")                    \
	X(SFLOW_RECORD_OVERRUN, "a record is longer than what is left of its sample")   \
	X(SFLOW_RECORD_SHORT, "a record ends inside its fixed part")                    \
	X(SFLOW_ITEMS_MISSING, "fewer samples or records than their count says")        \
	X(SFLOW_UNKNOWN, "a tag that is not known")                                     \
	X(SFLOW_SLACK, "bytes behind the last sample or record: skipped, nothing is lost")

enum sflow_reason {
	SFLOW_OK = 0,
#define X(constant, text) constant,
	SFLOW_REASONS(X)
#undef X
	SFLOW_N_REASONS,
};

/// What a reason means, in a few words; "" for SFLOW_OK.
const char *sflow_reason_text(enum sflow_reason reason);

/// Samples, flow records or counter records still to be read: the same shape at each level.
struct sflow_items {
	struct cursor rest; ///< bytes not yet read
	uint32_t n_left;    ///< items that the count promises: not to be trusted
};

struct sflow_datagram {
	uint32_t version;
	uint32_t agent_type;  ///< enum addr_family
	const uint8_t *agent; ///< 0, 4 or 16 bytes
	uint32_t sub_agent;
	uint32_t sequence;  ///< of datagrams, per (agent, sub-agent)
	uint32_t uptime;    ///< ms since the agent started; wraps after 49.7 days
	uint32_t n_samples; ///< as the datagram says: not to be trusted
	struct sflow_items samples;
};

struct sflow_sample {
	uint32_t tag; ///< SFLOW_TAG()
	uint32_t len; ///< bytes of body, all inside the datagram
	const uint8_t *body;
};

/// A flow or counter record: the same shape one level down.
struct sflow_record {
	uint32_t tag;
	uint32_t len;
	const uint8_t *body;
};

/// Read the header. SFLOW_OK or the reason; then the datagram has no samples.
static inline enum sflow_reason sflow_open(struct sflow_datagram *dg, const uint8_t *data,
					   size_t len)
{
	struct cursor c = cursor_of(data, len);
	*dg = (struct sflow_datagram){0};
	dg->version = cursor_u32(&c);
	if (c.bad)
		return SFLOW_SHORT_HEADER;
	if (dg->version != 5)
		return SFLOW_BAD_VERSION;
	dg->agent_type = cursor_u32(&c);
	if (dg->agent_type > ADDR_IP6)
		return SFLOW_BAD_ADDRESS;
	static const uint8_t address_size[] = {0, 4, 16};
	dg->agent = cursor_bytes(&c, address_size[dg->agent_type]);
	const uint8_t *fixed = cursor_bytes(&c, 16);
	if (fixed == NULL)
		return SFLOW_SHORT_HEADER;
	dg->sub_agent = load_be32(fixed);
	dg->sequence = load_be32(fixed + 4);
	dg->uptime = load_be32(fixed + 8);
	dg->n_samples = load_be32(fixed + 12);
	dg->samples = (struct sflow_items){.rest = c, .n_left = dg->n_samples};
	return SFLOW_OK;
}

/// One {tag, opaque<>} item. 1 = read, 0 = nothing left (fewer than eight bytes), -1 = its length
/// runs past the end; @p c is then empty. The padding of a last item may be missing.
static inline int sflow_item(struct cursor *c, struct sflow_record *r)
{
	const uint8_t *head = cursor_left(c) < 8 ? NULL : c->p;
	if (head == NULL)
		return 0;
	r->tag = load_be32(head);
	r->len = load_be32(head + 4);
	r->body = head + 8;
	const size_t left = cursor_left(c) - 8;
	if (__builtin_expect(r->len > left, 0)) {
		c->p = c->end;
		c->bad = true;
		return -1;
	}
	const uint64_t step = xdr_padded(r->len);
	c->p = step > left ? c->end : r->body + step;
	return 1;
}

/// The next record of a sample: 1, 0 = no more, or -1 = SFLOW_RECORD_OVERRUN (nothing after it is
/// read).
static inline int sflow_record_next(struct sflow_items *records, struct sflow_record *r)
{
	if (records->n_left == 0)
		return 0;
	const int got = sflow_item(&records->rest, r);
	records->n_left -= got > 0;
	return got;
}

/// Foundry and Brocade switches put some samples into a wrapper of their own (1991:1): flags,
/// number of the access list, then the whole sample. Step into it; @p s stays as it is when nothing
/// whole is inside.
static inline void sflow_unwrap(struct sflow_record *s)
{
	struct sflow_record inner;
	struct cursor c = cursor_of(s->body, s->len);
	cursor_skip(&c, 8);
	if (sflow_item(&c, &inner) > 0)
		*s = inner;
}

/// The next sample, out of its wrapper: 1 = read, 0 = no more, -1 = SFLOW_SAMPLE_OVERRUN (nothing
/// after it is read).
static inline int sflow_next(struct sflow_datagram *dg, struct sflow_sample *s)
{
	struct sflow_record item;
	const int got = sflow_record_next(&dg->samples, &item);
	if (got <= 0)
		return got;
	if (__builtin_expect(item.tag == SFLOW_ACL_PREFIX, 0))
		sflow_unwrap(&item);
	*s = (struct sflow_sample){.tag = item.tag, .len = item.len, .body = item.body};
	return got;
}

/// What an iteration that ended with 0 says about its count: SFLOW_OK, SFLOW_ITEMS_MISSING or
/// SFLOW_SLACK.
static inline enum sflow_reason sflow_items_end(const struct sflow_items *items)
{
	if (items->n_left > 0)
		return SFLOW_ITEMS_MISSING;
	return cursor_left(&items->rest) > 0 ? SFLOW_SLACK : SFLOW_OK;
}
