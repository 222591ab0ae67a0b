// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How much a worker measures that cannot keep up: with which probability it keeps a flow sample
/// (intake_keep()).
///
///     shed_init(&s);
///     each poll:
///             if (shed_poll(&s, n_frames))                        // time to look
///                     if (shed_look(&s, fill of the input, losing))
///                             intake_keep(intake, s.keep);
///
/// What arrives and is not taken waits in the input's queue, so how full that is says whether the
/// worker keeps up, and is the one thing that is controlled. Above SHED_HIGH the probability
/// shrinks by a fifth with every look, above SHED_URGENT by half; below SHED_LOW it grows by a
/// fiftieth; between it stays. So it falls within a few hundred datagrams, before a queue of usual
/// length overflows, and comes back slowly enough not to swing. It is decided by what happened
/// before a burst, never by what is in it, hence does not bias what is drawn.
///
/// Of an input that cannot tell how full it is, full bursts in a row stand for that. Some inputs
/// always have more (a generator, a capture in a loop), and are none the worse for it: there a
/// worker begins to shed only while datagrams are being lost.
///
/// Pure computing, one call per burst; no clock. Threading: the worker's own.

#include <stdbool.h>
#include <stdint.h>

/// Polls from one look to the next.
#define SHED_POLLS 8
/// Fill levels, of 1.
#define SHED_LOW    0.125
#define SHED_HIGH   0.5
#define SHED_URGENT 0.75
/// So many full bursts in a row are taken for a full queue.
#define SHED_FULL 128

struct shed {
	double keep;    ///< probability, 1 as a rule
	uint32_t polls; ///< since the latest look
	uint32_t full;  ///< full bursts in a row
};

static inline void shed_init(struct shed *s)
{
	*s = (struct shed){.keep = 1};
}

/// Note a poll that found @p n_frames of @p most; true when it is time to look.
static inline bool shed_poll(struct shed *s, unsigned n_frames, unsigned most)
{
	s->full = n_frames >= most / 2 ? s->full + 1 : 0; // some drivers give no more at once
	return ++s->polls >= SHED_POLLS;
}

/// How full the queue is: @p fill of 1, or negative where the input cannot tell. @p losing:
/// datagrams are being lost. True when `keep` has changed.
bool shed_look(struct shed *s, double fill, bool losing);

/// The worker rests: there is less to do than it could.
bool shed_rest(struct shed *s);
