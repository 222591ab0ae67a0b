// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The configuration file: every refusal has a message, and what is accepted prints as a
// configuration that reads as the same one.

#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "weir/config/config.h"

static char *print(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	config_print(c, f);
	fclose(f);
	return text;
}

static void check_round_trip(const struct config *c)
{
	struct config again;
	struct err_msg msg = {0};
	char *text = print(c);
	FUZZ_CHECK(config_init(&again, &msg) == 0);
	FUZZ_CHECK(config_read_text(&again, "again", text, &msg) == 0);
	char *text_again = print(&again);
	FUZZ_CHECK(strcmp(text, text_again) == 0);
	free(text);
	free(text_again);
	config_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;
	struct err_msg msg = {0};
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	FUZZ_CHECK(config_init(&c, &msg) == 0);
	const int err = config_read_text(&c, "file", text, &msg);
	FUZZ_CHECK((err != 0) == (msg.text[0] != '\0'));
	if (err == 0) {
		check_round_trip(&c);
		if (config_finish(&c, &msg) != 0)
			FUZZ_CHECK(msg.text[0] != '\0');
	}
	config_free(&c);
	free(text);
	return 0;
}
