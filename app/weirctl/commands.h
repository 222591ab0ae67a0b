// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The commands of weirctl. Each takes its own part of the command line (argv[0] is its name) and
/// returns the exit status: 0 done, 1 failed, 2 wrong usage.

int top_main(int argc, char **argv);
int events_main(int argc, char **argv);
int flows_main(int argc, char **argv);
int records_main(int argc, char **argv);
int stats_main(int argc, char **argv);
int decode_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int define_main(int argc, char **argv); ///< flow, threshold, group, map, forwarding, tenant
int headers_main(int argc, char **argv);
int reload_main(int argc, char **argv);
int pipe_main(int argc, char **argv);
