// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/replay.h"

#include <stdlib.h>
#include <string.h>

#include "common/capture.h"
#include "weir/util/clock.h"
#include "weir/util/log.h"

enum {
	ARENA_SIZE = 1 << 20,
	LARGEST = 65536, // bytes of a UDP payload, at most
};

struct replay {
	struct input input; // first, so that the worker's pointer is ours
	struct capture *capture;
	struct intake *intake;
	char *path;
	bool loop;

	uint64_t offset;   // what a round adds to capture time
	uint64_t first;    // capture time of the round's first datagram
	uint64_t last;     // virtual time of the latest datagram
	uint64_t in_round; // datagrams of this round
	uint64_t rounds;   // finished

	bool held; // read, but not handed over yet
	struct payload next;
	struct addr next_via;

	struct capture_stats counted; // as already in the worker's stats
	size_t used;                  // of the arena
	struct addr via[INPUT_BURST];
	uint8_t arena[ARENA_SIZE]; // payloads; libpcap keeps only the latest
};

static enum input_state burst(struct input *in, uint64_t until, struct burst *b);
static void release(struct input *in);
static void wait_for_turn(struct input *in, uint64_t ns);
static uint64_t next_time(const struct input *in);
static bool fetch(struct replay *r);
static bool begin_round(struct replay *r);
static void hold(struct replay *r, const struct datagram *d);
static void count_frames(struct replay *r, struct burst *b);

struct replay *replay_open(const struct replay_config *config, struct err_msg *msg)
{
	struct replay *r = calloc(1, sizeof(*r));
	char *path = strdup(config->path);
	if (r == NULL || path == NULL) {
		free(r);
		free(path);
		err_set(msg, ERR_MEMORY, "pcap %s: out of memory", config->path);
		return NULL;
	}
	r->input = (struct input){
		.burst = burst, .release = release, .wait = wait_for_turn, .next = next_time};
	r->path = path;
	r->capture = capture_open(path, config->udp_port, msg);
	// Better now than after the first round.
	if (r->capture == NULL || (config->loop && capture_rewind(r->capture, msg) != 0)) {
		err_prefix(msg, "pcap");
		replay_close(r);
		return NULL;
	}
	fetch(r);
	r->loop = config->loop;
	return r;
}

void replay_close(struct replay *r)
{
	if (r == NULL)
		return;
	if (r->capture != NULL) {
		const struct capture_stats *s = capture_stats(r->capture);
		LOG(INFO, REPLAY, "%s: %lu frames, %lu datagrams", r->path,
		    (unsigned long)s->frames, (unsigned long)s->datagrams);
		if (s->cut_short)
			LOG(WARNING, REPLAY, "%s: ends early: %s", r->path, s->why);
	}
	capture_close(r->capture);
	free(r->path);
	free(r);
}

struct input *replay_input(struct replay *r)
{
	return &r->input;
}

uint64_t replay_first(const struct replay *r)
{
	return r->held ? r->next.time : UINT64_MAX;
}

void replay_bind(struct replay *r, struct intake *intake)
{
	r->intake = intake;
}

static enum input_state burst(struct input *in, uint64_t until, struct burst *b)
{
	struct replay *r = (struct replay *)in;
	enum input_state state = INPUT_READY;
	b->n = 0;
	while (b->n < INPUT_BURST) {
		// A new round changes the intake: what came before it must be ingested first.
		if (!r->held && !fetch(r) && (b->n > 0 || !begin_round(r) || !fetch(r))) {
			state = b->n > 0 ? INPUT_READY : INPUT_ENDED;
			break;
		}
		if (r->next.time >= until) {
			state = INPUT_ARRIVED;
			break;
		}
		struct payload *p = &b->payload[b->n];
		r->via[b->n] = r->next_via;
		*p = r->next;
		p->via = r->via[b->n].bytes;
		b->n++;
		r->held = false;
		if (ARENA_SIZE - r->used < LARGEST)
			break;
	}
	count_frames(r, b);
	return state;
}

static void release(struct input *in)
{
	struct replay *r = (struct replay *)in;
	r->used = 0;
	if (!r->held)
		return;
	memmove(r->arena, r->next.data, r->next.len);
	r->next.data = r->arena;
	r->used = r->next.len;
}

// A capture always has more, or waits for its turn, or has ended: nobody naps over it.
static void wait_for_turn(struct input *in, uint64_t ns)
{
}

static uint64_t next_time(const struct input *in)
{
	return ((const struct replay *)in)->next.time;
}

// Read the next datagram of this round; false when there is none.
static bool fetch(struct replay *r)
{
	struct datagram d;
	if (capture_next(r->capture, &d) <= 0)
		return false;
	hold(r, &d);
	return true;
}

static void hold(struct replay *r, const struct datagram *d)
{
	uint8_t *to = r->arena + r->used;
	const uint32_t len = d->len < LARGEST ? (uint32_t)d->len : LARGEST;
	if (r->in_round++ == 0)
		r->first = d->time;
	const uint64_t time = d->time + r->offset;
	r->last = time > r->last ? time : r->last;
	memcpy(to, d->payload, len);
	r->used += len;
	r->next_via = d->source;
	r->next = (struct payload){
		.data = to,
		.len = len,
		.via_family = (uint8_t)d->source.family,
		.time = r->last,
	};
	r->held = true;
}

// The next round goes on where this one ended, at the distance that datagrams had on average; a
// second later when all of them are of the same instant, or rounds would follow without end in it.
static bool begin_round(struct replay *r)
{
	if (!r->loop || r->in_round == 0 || capture_rewind(r->capture, NULL) != 0)
		return false;
	const uint64_t length = r->last - r->offset - r->first;
	const uint64_t distance = length > 0 ? length / (r->in_round - 1) + 1 : CLOCK_NS_PER_S;
	r->offset = r->last + distance - r->first;
	r->in_round = 0;
	r->rounds++;
	if (r->intake != NULL)
		intake_restart(r->intake);
	return true;
}

static const uint8_t verdict[CAPTURE_N_REASONS] = {
	[CAPTURE_NOT_IP] = STAT_frame_not_ip,
	[CAPTURE_NOT_UDP] = STAT_frame_not_udp,
	[CAPTURE_OTHER_PORT] = STAT_frame_other_port,
	[CAPTURE_BAD_LENGTH] = STAT_frame_bad_length,
	[CAPTURE_TRUNCATED] = STAT_frame_truncated,
	[CAPTURE_FRAGMENT] = STAT_frame_fragment,
	[CAPTURE_BAD_FRAGMENT] = STAT_frame_bad_fragment,
};

// What was read but is held back for a later interval is not counted yet: the ledger closes.
static void count_frames(struct replay *r, struct burst *b)
{
	const struct capture_stats *now = capture_stats(r->capture);
	struct stats *stats = r->input.stats;
	uint64_t bytes = 0;
	b->n_frames = b->n;
	for (unsigned i = 0; i < b->n; i++)
		bytes += b->payload[i].len;
	for (unsigned i = 1; i < CAPTURE_N_REASONS; i++) {
		const uint64_t n = now->reasons[i] - r->counted.reasons[i];
		stats_add(stats, verdict[i], n);
		b->n_frames += (unsigned)n;
	}
	r->counted = *now;
	stats_add(stats, STAT_rx_frames, b->n_frames);
	stats_add(stats, STAT_rx_bytes, bytes);
	stats_add(stats, STAT_frame_datagrams, b->n);
}
