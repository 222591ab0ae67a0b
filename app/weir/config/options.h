// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The command line and the environment, laid over the file.
///
///     int main(int argc, char **argv)
///     {
///             struct options options;
///             struct config config;
///             const int status = options_start(argc, argv, &options, &config);
///             if (status >= 0)
///                     return status; // --help, --version, --check, or a mistake: no EAL yet
///             ...
///             config_free(&config);
///
/// Flags come before the environment (WEIR_TICK=50ms for `tick`), that before the file, that before
/// the defaults. Inputs of a higher layer replace those of the lower ones as a whole, so do feeds;
/// flows of flags are added, or replace the one of their name. Without a file and without --flow a
/// built-in set of flows is measured, so that `weir --pcap FILE` shows something.
///
/// Thread-safety: for the main thread at start: getopt(3) and getenv(3) are not for many threads.
/// Memory: everything that is kept lies in the configuration's arena.

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "weir/config/config.h"

/// Exit status for a mistake of configuration.
#define OPTIONS_EXIT_INVALID 2

enum options_action {
	OPTIONS_RUN,
	OPTIONS_CHECK,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_action action;
	const char *config_path; ///< NULL when there is no file
	double seconds;          ///< s until weir ends by itself; 0 = at a signal
};

/// Read everything into @p o and @p c, which must be freed with config_free() whatever the result.
/// 0, or a negative enum err and a message. May be called again, to read a changed file.
int options_read(int argc, char **argv, struct options *o, struct config *c, struct err_msg *msg);

/// As options_read(), and do what needs no daemon: print help, version, the verdict of --check, or
/// "weir: " and the message to stderr. Returns the exit status, or -1 to go on with @p c.
int options_start(int argc, char **argv, struct options *o, struct config *c);

void options_usage(FILE *f);
