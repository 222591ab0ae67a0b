// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The datagrams of late, kept so that an event can show the sampled headers that made it.
///
/// A worker writes what it takes in behind one another into the `struct trace` of its bank, which
/// is its own as long as the bank is: no lock, no atomic, no allocation; one memcpy() per datagram,
/// and nothing at all while the bank has none. The aggregator deals the traces of a worker's ring
/// out, one per interval, and may read all but the one that the worker has:
///
///     bank->trace = trace_ring_turn(ring, now);              // before the bank is published
///     trace_push(bank->trace, payload, n);                   // worker, once per burst
///     ...
///     struct trace_reader *r = trace_reader_init(mem, program);
///     for (i = 0; (t = trace_ring_past(ring, i)) != NULL; i++) {   // aggregator; latest first
///             trace_reader_open(r, t);
///             while (trace_next(r, &sample))
///                     if (trace_key(&sample, def, key) && ...) ...
///     }
///
/// A trace is two halves: when one is full the other begins anew, so it holds the latest of its
/// interval, at least half of what fits. Where little comes two traces go on being filled in turn,
/// until one is half full and TRACE_TURN has passed, so that a ring reaches back some seconds.
///
/// What is kept are datagrams as they came, duplicates and such of agents that are not admitted
/// too; the reader takes them apart anew, with the decoder that measures.
///
/// Thread-safety: as said; the readers of a program belong to one thread, which matches patterns in
/// the program's scratch memory. Memory: the caller's, trace_ring_size()
/// for a ring, trace_reader_size() (some 100 kB) for a reader. Limits: a datagram that exceeds half
/// a trace is not kept.

#include "bank/bank.h"
#include "packet/packet.h"

/// Traces of a ring.
#define TRACE_SEGMENTS 32
/// ns: two traces take turns for so long at least.
#define TRACE_TURN UINT64_C(100000000)

struct trace {
	uint8_t *half[2];
	uint32_t used[2]; ///< bytes
	uint32_t size;    ///< of a half
	uint32_t at;      ///< the half that is being filled
};

struct trace_ring {
	struct trace trace[TRACE_SEGMENTS];
	uint64_t turned; ///< ns: when the present pair of traces began
	uint32_t pair;   ///< traces 2 pair, 2 pair + 1
	uint32_t side;   ///< of the pair: the one that the worker has
	bool started;
};

/// @p bytes for datagrams.
size_t trace_ring_size(size_t bytes);
/// @p mem is zeroed, aligned to 64 bytes.
struct trace_ring *trace_ring_init(void *mem, size_t bytes);
/// The trace of the interval that begins at @p now, ns.
struct trace *trace_ring_turn(struct trace_ring *r, uint64_t now);
/// The i-th of those that the worker does not have, latest first; NULL at the end.
const struct trace *trace_ring_past(const struct trace_ring *r, uint32_t i);

void trace_push(struct trace *t, const struct payload *p, uint32_t n);

/// A flow sample that was kept. Points into the trace and the reader, valid until the next one.
struct trace_sample {
	uint64_t time; ///< payload.time, ns
	struct addr agent;
	uint32_t ds_class, ds_index;
	uint32_t direction; ///< enum packet_direction
	uint32_t bytes;     ///< of the frame on the wire
	bool discarded;
	const struct packet *packet;
	struct hs_scratch *scratch; ///< the program's
	const uint8_t *header;      ///< NULL: the sample has no raw header
	uint32_t header_len;
	uint32_t protocol; ///< enum header_protocol
};

struct flow_def;
struct trace_reader;

size_t trace_reader_size(void);
/// @p mem is zeroed, aligned to 64 bytes. @p program outlives the reader's use.
struct trace_reader *trace_reader_init(void *mem, const struct program *program);
void trace_reader_open(struct trace_reader *r, const struct trace *t);
/// The next flow sample; false at the end.
bool trace_next(struct trace_reader *r, struct trace_sample *out);
/// The key under which @p def measures it (source 0), PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK bytes;
/// false when it does not.
bool trace_key(const struct trace_sample *s, const struct flow_def *def, uint8_t *key);
