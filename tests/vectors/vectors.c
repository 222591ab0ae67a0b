// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: vectors check|write DIR
//
// Each vector is three files: NAME.sflow, the UDP payload; NAME.json, what `weirctl decode -J`
// prints of it; NAME.flows, what the collector measures. `write` makes them and the README anew,
// for a change that is meant; `check` compares and says which differ.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode_datagram.h"
#include "measure.h"
#include "vectors.h"

// Anything longer would not be a good vector.
#define FILE_SIZE 65536

struct text {
	char *data;
	size_t len;
};

static struct text decode_text(const uint8_t *data, size_t len)
{
	struct text t;
	FILE *f = open_memstream(&t.data, &t.len);
	static struct decoder d;
	d = (struct decoder){.out = {.file = f, .format = OUT_JSON_INDENTED}};
	decoder_datagram(&d, data, len, &(struct arrival){.captured = true});
	fclose(f);
	return t;
}

static struct text flows_text(const uint8_t *data, size_t len)
{
	struct text t;
	FILE *f = open_memstream(&t.data, &t.len);
	measure_datagram(f, data, len);
	fclose(f);
	return t;
}

// README: how the files are to be read, then the list.
static struct text list_text(void)
{
	struct text t;
	size_t n;
	FILE *f = open_memstream(&t.data, &t.len);
	const struct vector *list = vector_list(&n);
	fputs("# sFlow test vectors\n\n"
	      "Datagrams that decoders have trouble with, for any decoder; BSD-3-Clause. Three "
	      "files\n"
	      "each:\n\n"
	      "- `NAME.sflow`: the payload of the UDP datagram;\n"
	      "- `NAME.json`: what `weirctl decode -J` prints of it (doc/decode.md);\n"
	      "- `NAME.flows`: what weir measures: attribute, value, bytes and frames scaled by "
	      "the\n"
	      "  sampling rate, for flow samples and (`dropped`) discarded packets; then what was "
	      "used\n"
	      "  and what was lost, by counter.\n\n"
	      "Written by tests/vectors; `vectors write DIR` makes them anew.\n\n"
	      "| name | about |\n|---|---|\n",
	      f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "| %s | %s |\n", list[i].name, list[i].about);
	fclose(f);
	return t;
}

static FILE *open_file(const char *dir, const char *name, const char *suffix, const char *mode)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	return fopen(path, mode);
}

static int write_file(const char *dir, const char *name, const char *suffix, const void *data,
		      size_t len)
{
	FILE *f = open_file(dir, name, suffix, "wb");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
		perror(name);
		return 1;
	}
	return 0;
}

static int check_file(const char *dir, const char *name, const char *suffix, const void *data,
		      size_t len)
{
	static char have[FILE_SIZE];
	FILE *f = open_file(dir, name, suffix, "rb");
	const size_t n = f == NULL ? 0 : fread(have, 1, sizeof(have), f);
	const int differs = f == NULL || n != len || memcmp(have, data, len) != 0;
	if (differs)
		printf("%s%s differs; now it is\n%.*s\n", name, suffix,
		       strcmp(suffix, ".sflow") == 0 ? 0 : (int)len, (const char *)data);
	if (f != NULL)
		fclose(f);
	return differs;
}

typedef int handle_file(const char *dir, const char *name, const char *suffix, const void *data,
			size_t len);

static int handle_text(handle_file *handle, const char *dir, const char *name, const char *suffix,
		       struct text t)
{
	const int failed = handle(dir, name, suffix, t.data, t.len);
	free(t.data);
	return failed;
}

int main(int argc, char **argv)
{
	const int writing = argc == 3 && strcmp(argv[1], "write") == 0;
	if (argc != 3 || (!writing && strcmp(argv[1], "check") != 0)) {
		fprintf(stderr, "usage: vectors check|write DIR\n");
		return 2;
	}
	handle_file *handle = writing ? write_file : check_file;
	size_t n;
	int failed = 0;
	const struct vector *list = vector_list(&n);
	for (size_t i = 0; i < n; i++) {
		uint8_t data[VECTOR_SIZE];
		const size_t len = vector_build(&list[i], data);
		failed += handle(argv[2], list[i].name, ".sflow", data, len);
		failed +=
			handle_text(handle, argv[2], list[i].name, ".json", decode_text(data, len));
		failed +=
			handle_text(handle, argv[2], list[i].name, ".flows", flows_text(data, len));
	}
	failed += handle_text(handle, argv[2], "README", ".md", list_text());
	return failed > 0;
}
