// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/audit.h"

#include <math.h>
#include <string.h>

#include "analyzer/source.h"

// Longest frame of an ordinary interface: so many bytes make at least one sample in N.
#define FRAME 1518

static const double z95 = 1.96;

const char *audit_text(enum audit_verdict verdict)
{
	static const char *const text[] = {
		[AUDIT_TOO_LITTLE] = "too little to say",
		[AUDIT_AGREES] = "agrees",
		[AUDIT_NOT_SAMPLED] = "not sampled",
		[AUDIT_LOSS] = "datagrams lost on the way",
		[AUDIT_CLIPPING] = "the agent drops samples",
		[AUDIT_RATE] = "sampling rate wrong",
	};
	return text[verdict];
}

static struct audit_sum total_of(const struct sources *s, const struct port *p, unsigned direction)
{
	const uint32_t i = p->source[direction];
	if (i == 0)
		return (struct audit_sum){0};
	const struct source_sums *total = &sources_at(s, i)->total;
	return (struct audit_sum){total->bytes, total->q_bytes};
}

static void halve(struct audit *a)
{
	a->intervals /= 2;
	a->seconds /= 2;
	a->counted_in /= 2;
	a->counted_out /= 2;
	for (unsigned d = 0; d < 3; d++) {
		a->sampled[d].bytes /= 2;
		a->sampled[d].q /= 4;
	}
}

static void add_interval(const struct sources *s, const struct port *p, struct audit *a,
			 uint64_t in, uint64_t out)
{
	if (a->intervals == AUDIT_INTERVALS)
		halve(a);
	a->intervals++;
	a->seconds += (double)(s->now - a->at) * 1e-9;
	a->counted_in += (double)(in - a->in);
	a->counted_out += (double)(out - a->out);
	for (unsigned d = 0; d < 3; d++) {
		const struct audit_sum now = total_of(s, p, d);
		a->sampled[d].bytes += now.bytes - a->before[d].bytes;
		a->sampled[d].q += now.q - a->before[d].q;
	}
}

void audit_counters(const struct sources *s, struct port *port, uint64_t in, uint64_t out)
{
	struct audit *a = &port->audit;
	if (in == UINT64_MAX || out == UINT64_MAX || s->now == a->at)
		return;
	// At first contact the samples before it have no counters to be compared with, and when the
	// agent began anew nothing before it counts.
	if (a->at != 0 && in >= a->in && out >= a->out)
		add_interval(s, port, a, in, out);
	else
		*a = (struct audit){0};
	a->at = s->now;
	a->in = in;
	a->out = out;
	for (unsigned d = 0; d < 3; d++)
		a->before[d] = total_of(s, port, d);
}

static bool is_near(double a, double b, double error)
{
	return fabs(a - b) <= AUDIT_TOLERANCE * fmax(a, b) + error;
}

static enum audit_verdict judge(double counted, const struct audit_sum *sampled,
				const struct audit_evidence *e)
{
	const double error = z95 * sqrt(sampled->q), bytes = sampled->bytes;
	const double due =
		counted / ((double)(e->sampling_rate > 0 ? e->sampling_rate : 1) * FRAME);
	const double n = sampled->q > 0 ? bytes * bytes / sampled->q : 0;
	if (n == 0 && e->sampling_rate > 0 && due < AUDIT_SAMPLES)
		return AUDIT_TOO_LITTLE;
	if (n == 0)
		return counted > 0 ? AUDIT_NOT_SAMPLED : AUDIT_TOO_LITTLE;
	if (is_near(bytes, counted, error))
		return n >= AUDIT_SAMPLES || due >= AUDIT_SAMPLES ? AUDIT_AGREES : AUDIT_TOO_LITTLE;
	if (n < AUDIT_SAMPLES && due < AUDIT_SAMPLES)
		return AUDIT_TOO_LITTLE;
	if (bytes > counted)
		return AUDIT_RATE;
	const double lost = e->correction;
	const double dropped = e->effective_rate > e->sampling_rate && e->sampling_rate > 0
				       ? e->effective_rate / e->sampling_rate
				       : 1;
	if (lost > 1 + AUDIT_TOLERANCE && is_near(bytes * lost, counted, error * lost))
		return AUDIT_LOSS;
	if (dropped > 1 + AUDIT_TOLERANCE &&
	    is_near(bytes * lost * dropped, counted, error * lost * dropped))
		return AUDIT_CLIPPING;
	return AUDIT_RATE;
}

struct audit_finding audit_judge(const struct audit *a, uint32_t direction,
				 const struct audit_evidence *evidence)
{
	const struct audit_sum *sampled = &a->sampled[direction % 3];
	const double counted = direction == DIRECTION_INGRESS  ? a->counted_in
			       : direction == DIRECTION_EGRESS ? a->counted_out
							       : a->counted_in + a->counted_out;
	struct audit_finding f = {.seconds = a->seconds, .verdict = AUDIT_TOO_LITTLE};
	if (a->seconds <= 0)
		return f;
	f.counted = counted / a->seconds;
	f.sampled = sampled->bytes / a->seconds;
	f.error = z95 * sqrt(sampled->q) / a->seconds;
	f.implied_rate =
		sampled->bytes > 0 ? counted / sampled->bytes * evidence->sampling_rate : 0;
	f.verdict = judge(counted, sampled, evidence);
	return f;
}
