// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Where a worker's datagrams come from: a queue of a port, a socket, or a capture.
///
///     struct burst b;
///     state = in->burst(in, bank->until, &b);      // lends b.payload
///     bank_ingest(bank, intake, b.payload, b.n);
///     in->release(in);                             // takes the bytes back
///
/// One call serves a burst, so what the indirection costs is shared by up to INPUT_BURST datagrams.
///
/// An input counts what it takes and what it refuses in the worker's stats (group FRAME): frames
/// taken = datagrams handed over + the sum of the reasons.
///
/// Threading: the functions belong to the worker, `next` to the aggregator while the worker waits
/// for its turn. Memory: an input lends its buffers from burst() to release().

#include <stdint.h>

#include "bank/bank.h"

/// Datagrams per burst at most.
#define INPUT_BURST 64

/// What an input lends for one burst.
struct burst {
	unsigned n;        ///< payloads
	unsigned n_frames; ///< taken from the input, usable or not
	struct payload payload[INPUT_BURST];
};

enum input_state {
	INPUT_READY,   ///< something came: ask again at once
	INPUT_IDLE,    ///< nothing there just now
	INPUT_ARRIVED, ///< replay: the next datagram belongs to a later interval
	INPUT_ENDED,   ///< replay: nothing will come any more
};

struct input {
	/// Take up to INPUT_BURST datagrams older than @p until (ns; the live inputs, whose
	/// datagrams are always of now, do not look at it).
	enum input_state (*burst)(struct input *in, uint64_t until, struct burst *b);
	/// Take back what the latest burst lent.
	void (*release)(struct input *in);
	/// Wait until something may be there: @p ns, or, where an arrival ends the wait, longer
	/// (the worker looks whether it is to stop only afterwards). The caller is off-line for
	/// RCU.
	void (*wait)(struct input *in, uint64_t ns);
	/// Replay: time of the next datagram, ns, once burst() returned INPUT_ARRIVED. NULL = live.
	uint64_t (*next)(const struct input *in);
	/// How full the queue is from which burst() takes, of 1; negative when it cannot be told.
	/// Asked after a full burst now and then. NULL = it never can.
	double (*fill)(struct input *in);
	bool wakes;          ///< an arrival ends wait(): no use in polling before it
	struct stats *stats; ///< of the worker that this input serves; set by worker_init()
};

/// A live input has no capture clock: it never arrives and never ends.
static inline bool input_is_replay(const struct input *in)
{
	return in->next != NULL;
}
