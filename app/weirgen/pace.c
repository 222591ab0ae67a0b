// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/pace.h"

#include <time.h>

uint64_t pace_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t pace_wait(struct pace *p, uint64_t time)
{
	if (p->speed == 0)
		return 0;
	const uint64_t now = pace_clock();
	if (!p->begun) {
		p->begun = true;
		p->first_virtual = time;
		p->first_clock = now;
	}
	const double elapsed = (double)(time - p->first_virtual) / p->speed;
	const uint64_t due = p->first_clock + (uint64_t)elapsed;
	return due > now ? due - now : 0;
}

void pace_sleep(uint64_t ns)
{
	const struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000),
				    .tv_nsec = (long)(ns % 1000000000)};
	nanosleep(&ts, NULL);
}
