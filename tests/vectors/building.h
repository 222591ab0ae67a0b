// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What recipes of vectors share: private to this folder.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "sflow/encode.h"

/// The whole frame: 1514 bytes and the FCS.
#define FRAME_LENGTH  1518
#define HEADER_LENGTH 128

/// How one vector is written: @p tag says which kind of flow sample.
struct building {
	struct encoder e;
	uint32_t tag;
};

struct recipe {
	const char *name;
	const char *about;
	void (*build)(struct building *b);
	bool single; ///< no expanded twin
};

/// What others were known to fail at (build_hostile.c).
extern const struct recipe hostile_recipes[];
extern const size_t n_hostile_recipes;

/// Port 3 to port 4, one in a thousand.
struct flow_sample sample_of(uint32_t sequence);
void begin_sample(struct building *b, uint32_t sequence);
/// The raw header of f, filled up to HEADER_LENGTH.
void put_header(struct building *b, struct frame *f);
/// A sample with the raw header of f, then extended_switch.
void put_sample(struct building *b, struct frame *f);
/// Ethernet, IPv4, TCP.
struct frame plain_frame(void);
