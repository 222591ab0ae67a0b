// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl: the client of a running collector. One file per command; the table below is all that
// knows them.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static const struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"top", "live table of the largest flows", top_main},
	{"events", "one line for each event", events_main},
	{"headers", "the packets that made an event, as a capture", headers_main},
	{"flows", "one line for each completed flow", flows_main},
	{"stats", "counters, loss ledgers and timing of the collector", stats_main},
	{"records", "types of samples and records that are not known", records_main},
	{"doctor", "what of this machine keeps weir from running well", doctor_main},
	{"flow", "list, show, put or delete flow definitions", define_main},
	{"threshold", "the same for thresholds", define_main},
	{"group", "the same for groups of prefixes", define_main},
	{"map", "the same for maps of values", define_main},
	{"forwarding", "the same for collectors that get datagrams as they came", define_main},
	{"tenant", "the same for collectors that get the samples of a tenant", define_main},
	{"reload", "have the collector read its configuration again", reload_main},
	{"pipe", "sFlow datagrams as lines of text, and back", pipe_main},
	{"decode", "print sFlow datagrams from a capture or as they arrive", decode_main},
};

static int usage(FILE *out)
{
	fprintf(out, "usage: weirctl COMMAND [OPTION...]\n\ncommands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\nweirctl COMMAND --help tells the options of a command.\n");
	return out == stdout ? 0 : 2;
}

// Output that failed, or was broken off by Ctrl-C, is not tried again at exit: it might block.
static int finish(int status)
{
	if (ferror(stdout))
		_exit(status);
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0) {
		puts("weirctl " WEIR_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return finish(commands[i].run(argc - 1, argv + 1));
	fprintf(stderr, "weirctl: unknown command \"%s\"\n", argv[1]);
	return usage(stderr);
}
