// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: replay_NAME DIRECTORY
//
// Runs a fuzz target over each file of a corpus: the file itself, its prefixes, and a number of
// mutations that depend only on its bytes. Needs no libFuzzer, hence any compiler and any sanitizer
// will do; the input that was running when the target aborted is named.

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/rng.h"
#include "fuzz.h"

#define MAX_SIZE    65536
#define N_PREFIXES  512
#define N_MUTATIONS 512

// For the signal handler: which input is running.
static const char *running_file;
static const char *running_kind;
static unsigned running_number;

static void say_input(int sig)
{
	char text[512];
	const int n = snprintf(text, sizeof(text), "replay: %s, %s %u\n", running_file,
			       running_kind, running_number);
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
	raise(sig);
}

// A copy of exactly `size` bytes, so that a sanitizer sees the first byte beyond.
static void run(const uint8_t *data, size_t size, const char *kind, unsigned number)
{
	running_kind = kind;
	running_number = number;
	uint8_t *copy = malloc(size > 0 ? size : 1);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_prefixes(const uint8_t *data, size_t size)
{
	const size_t step = size / N_PREFIXES + 1;
	for (size_t n = 0; n < size; n += step)
		run(data, n, "prefix", (unsigned)n);
}

// Flip bits, put in numbers at the edges of their types, copy a piece elsewhere.
static void mutate(struct rng *r, uint8_t *data, size_t size)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	const uint64_t n_changes = 1 + rng_below(r, 4);
	for (uint64_t i = 0; i < n_changes; i++) {
		const size_t at = rng_below(r, size);
		switch (rng_below(r, 3)) {
		case 0: data[at] ^= (uint8_t)(1u << rng_below(r, 8)); break;
		case 1: data[at] = edges[rng_below(r, sizeof(edges))]; break;
		default: {
			const size_t from = rng_below(r, size);
			const size_t room = size - (from > at ? from : at);
			memmove(data + at, data + from, 1 + rng_below(r, room));
		}
		}
	}
}

static void run_mutations(const uint8_t *data, size_t size)
{
	static uint8_t copy[MAX_SIZE];
	struct hash_secret secret;
	hash_secret_init(&secret, 1);
	struct rng r = rng_seeded(hash_bytes(&secret, data, size));
	for (unsigned i = 0; size > 0 && i < N_MUTATIONS; i++) {
		memcpy(copy, data, size);
		mutate(&r, copy, size);
		run(copy, size, "mutation", i);
	}
}

static bool run_file(const char *directory, const char *name)
{
	static uint8_t data[MAX_SIZE];
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return false;
	}
	const size_t size = fread(data, 1, sizeof(data), f);
	fclose(f);
	running_file = path;
	run(data, size, "the file", 0);
	run_prefixes(data, size);
	run_mutations(data, size);
	return true;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (dir == NULL) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, say_input);
	signal(SIGSEGV, say_input);
	unsigned n = 0;
	bool ok = true;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		ok = run_file(argv[1], e->d_name) && ok;
		n++;
	}
	closedir(dir);
	printf("%u files\n", n);
	return ok && n > 0 ? 0 : 1;
}
