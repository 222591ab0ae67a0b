// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Forward decay (Cormode, Shkapenyuk, Srivastava and Xu, "Forward Decay", ICDE 2009): many values
/// fade together and nobody walks over them.
///
/// A value is stored divided by `scale`, and a tick multiplies `scale` alone. A rate follows
///
///     V = V e^(-dt/t) + X (1 - e^(-dt/t)) / dt        X: what an interval of dt seconds added
///
/// hence one unit of X adds `add` = (1 - e^(-dt/t)) / dt / scale to the stored value. When dt is
/// small beside t that is 1/t, and at constant traffic V settles at X/dt exactly, whatever dt is.
///
/// `scale` would underflow after some 700 t. Before that it is multiplied by 2^64 and `gen` goes
/// up by one. A stored value of an older generation is brought up to date by decay_shift() when it
/// is next met: a power of two, so no digit changes and no walk is needed.
///
///     decay_tick(&d, dt);                                          // each tick
///     v->stored = v->stored * decay_shift(&d, v->gen) + x * d.add; // a touched value
///     v->gen = d.gen;
///     rate = v->stored * decay_shift(&d, v->gen) * d.scale;        // any value, any time
///
/// Squares (q) use the square of each factor. Thread-safety: values only.

#include <math.h>
#include <stdint.h>

#define DECAY_SHIFT 64

struct decay {
	double t;     ///< time constant, s; > 0
	double scale; ///< rate = stored value x scale; within (2^-64, 1]
	double add;   ///< what one unit of this interval adds to a stored value
	uint32_t gen; ///< how often `scale` was multiplied by 2^64
};

static inline struct decay decay_of(double t)
{
	return (struct decay){.t = t, .scale = 1, .add = 1 / t};
}

/// An interval of @p dt seconds passes.
static inline void decay_tick(struct decay *d, double dt)
{
	// Beyond 600 time constants nothing is left that a double could show.
	const double fade = exp(-fmin(dt / d->t, 600));
	const double gain = dt > 0 ? -expm1(-dt / d->t) / dt : 1 / d->t;
	for (d->scale *= fade; d->scale < 0x1p-64; d->scale *= 0x1p64)
		d->gen++;
	d->add = gain / d->scale;
}

/// What a value that was stored in generation @p gen must be multiplied by.
static inline double decay_shift(const struct decay *d, uint32_t gen)
{
	const uint32_t behind = d->gen - gen;
	if (__builtin_expect(behind == 0, 1))
		return 1;
	return behind < 16 ? ldexp(1, -DECAY_SHIFT * (int)behind) : 0;
}
