// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// weirgen's command line in one text, for tests: "--a 1 --b 2".
///
/// Thread-safety: none, the words live in one buffer until the next call.

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "weirgen/options.h"

#define WEIRGEN_MAX_ARGS 48

/// As options_parse().
static inline int parse(struct options *o, const char *text, struct err_msg *msg)
{
	static char copy[1024];
	char *argv[WEIRGEN_MAX_ARGS] = {"weirgen"};
	int argc = 1;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok(copy, " "); p != NULL; p = strtok(NULL, " "))
		argv[argc++] = p;
	assert(argc < WEIRGEN_MAX_ARGS);
	return options_parse(o, argc, argv, msg);
}
