// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/generate.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "weirgen/zipf.h"

#define NEVER UINT64_MAX

// One elephant's progress: sample `sample` of burst `burst` is due at `due`.
struct herd {
	uint64_t due; // ns, NEVER when done
	uint64_t burst, sample;
};

struct run {
	const struct options *o;
	struct flow_space space;
	struct zipf zipf;
	struct rng rng;
	struct fabric *fabric;
	struct herd *herd; // o->n_elephants
	uint64_t start, end;
	uint64_t now;
	uint64_t n_samples;  // elephants apart
	uint64_t n_counters; // reports of ports
	uint64_t n_flood;
	uint64_t due_sample, due_counters, due_elephant;
	struct err_msg *msg;
};

static int run_all(struct run *r, const volatile sig_atomic_t *stop);

// The n-th of events that come @p rate times a second. Not summed up: no error accumulates.
static uint64_t event_time(const struct run *r, uint64_t n, double rate)
{
	return r->start + (uint64_t)((double)n / rate * 1e9);
}

static void plan_sample(struct run *r)
{
	r->due_sample = event_time(r, r->n_samples, r->o->rate);
}

static void plan_counters(struct run *r)
{
	const double n_ports = (double)r->o->agents * r->o->ports;
	r->due_counters = r->o->counters == 0
				  ? NEVER
				  : event_time(r, r->n_counters, n_ports / r->o->counters);
}

// Samples are spread evenly over a burst: its volume is known to within one sample.
static void plan_elephant(struct run *r, size_t k)
{
	const struct elephant *e = &r->o->elephants[k];
	struct herd *h = &r->herd[k];
	struct flow f;
	flow_of(&r->space, FLOW_ELEPHANT | k, &f);
	const double rate = e->bits_per_second / 8 / f.len_max / r->o->sampling_rate;
	double at = ((double)h->sample + 0.5) / rate;
	if (at >= e->on) {
		h->burst++;
		h->sample = 0;
		at = 0.5 / rate;
	}
	// So rare that a burst may pass between two samples, or a burst that does not come back.
	const bool over = at >= e->on || (h->burst != 0 && e->period == 0);
	h->due =
		over ? NEVER
		     : r->start + (uint64_t)((e->offset + (double)h->burst * e->period + at) * 1e9);
}

static void next_elephant(struct run *r)
{
	r->due_elephant = NEVER;
	for (size_t k = 0; k < r->o->n_elephants; k++)
		if (r->herd[k].due < r->due_elephant)
			r->due_elephant = r->herd[k].due;
}

static int init(struct run *r)
{
	const struct options *o = r->o;
	r->space = flow_space_of(o);
	r->rng = rng_seeded(o->seed);
	r->start = r->now = (uint64_t)(o->start * 1e9);
	r->end = o->duration == 0 ? NEVER : r->start + (uint64_t)(o->duration * 1e9);
	r->herd = calloc(o->n_elephants + 1, sizeof(*r->herd));
	if (r->herd == NULL || zipf_init(&r->zipf, o->flows, o->zipf) != 0)
		return err_set(r->msg, ERR_MEMORY, "--flows: out of memory");
	plan_sample(r);
	plan_counters(r);
	for (size_t k = 0; k < o->n_elephants; k++)
		plan_elephant(r, k);
	next_elephant(r);
	return 0;
}

int generate(const struct options *o, struct output *out, const volatile sig_atomic_t *stop,
	     struct fabric_stats *stats, struct err_msg *msg)
{
	struct run r = {.o = o, .msg = msg};
	struct truth *truth = NULL;
	*stats = (struct fabric_stats){0};
	int err = init(&r);
	if (err == 0 && o->truth != NULL && (truth = truth_open(o, msg)) == NULL)
		err = ERR_IO;
	if (err == 0 && (r.fabric = fabric_create(o, truth, out, msg)) == NULL)
		err = ERR_MEMORY;
	if (err == 0)
		err = run_all(&r, stop);
	if (r.fabric != NULL)
		*stats = *fabric_stats(r.fabric);
	fabric_destroy(r.fabric);
	const int err_truth = truth_close(truth, err == 0 ? msg : NULL);
	zipf_free(&r.zipf);
	free(r.herd);
	return err != 0 ? err : err_truth;
}

// A place in the ranking is held by one flow after another.
static uint64_t tenant(const struct run *r, uint64_t rank)
{
	if (r->o->life == 0)
		return rank;
	uint64_t state = r->space.secret + rank;
	const double life = r->o->life * (0.5 + (double)(rng_splitmix(&state) >> 11) * 0x1p-53);
	const double phase = (double)(rng_splitmix(&state) >> 11) * 0x1p-53;
	const double lives = (double)(r->now - r->start) / 1e9 / life + phase;
	return (uint64_t)lives * r->o->flows + rank;
}

static int sample(struct run *r)
{
	const bool flood = r->o->flood != 0 && rng_double(&r->rng) < r->o->flood;
	const uint64_t id =
		flood ? FLOW_FLOOD | r->n_flood++ : tenant(r, zipf_draw(&r->zipf, &r->rng));
	struct flow f;
	flow_of(&r->space, id, &f);
	const uint32_t len = f.len_min + (uint32_t)rng_below(&r->rng, f.len_max - f.len_min + 1);
	r->n_samples++;
	plan_sample(r);
	return fabric_sample(r->fabric, r->now, &f, len, r->msg);
}

static int elephants(struct run *r)
{
	for (size_t k = 0; k < r->o->n_elephants; k++) {
		struct herd *h = &r->herd[k];
		if (h->due > r->now)
			continue;
		struct flow f;
		flow_of(&r->space, FLOW_ELEPHANT | k, &f);
		const int err = fabric_sample(r->fabric, r->now, &f, f.len_max, r->msg);
		if (err != 0 || fabric_done(r->fabric))
			return err;
		h->sample++;
		plan_elephant(r, k);
	}
	next_elephant(r);
	return 0;
}

// Ports take turns, so that their counters are spread over the interval.
static int counters(struct run *r)
{
	const uint64_t turn = r->n_counters++ % ((uint64_t)r->o->agents * r->o->ports);
	plan_counters(r);
	return fabric_counters(r->fabric, r->now, (uint32_t)(turn % r->o->agents),
			       (uint32_t)(turn / r->o->agents), r->msg);
}

static uint64_t next_time(const struct run *r)
{
	uint64_t t = r->due_sample;
	if (r->due_counters < t)
		t = r->due_counters;
	return r->due_elephant < t ? r->due_elephant : t;
}

static int step(struct run *r, uint64_t t)
{
	const int err = fabric_flush(r->fabric, t, r->msg);
	if (err != 0 || fabric_done(r->fabric))
		return err;
	r->now = t;
	return t == r->due_counters ? counters(r) : t == r->due_elephant ? elephants(r) : sample(r);
}

static int run_all(struct run *r, const volatile sig_atomic_t *stop)
{
	int err = 0;
	while (err == 0 && !fabric_done(r->fabric) && (stop == NULL || !*stop)) {
		const uint64_t t = next_time(r);
		if (t >= r->end)
			break;
		err = step(r, t);
	}
	// What waits leaves with the last sample.
	return err != 0 ? err : fabric_finish(r->fabric, r->now, r->msg);
}
