// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Targets of requests: whatever is taken is UTF-8 without NUL and within the limits, every refusal
// has a message, and patterns match or do not.

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "weir/util/node.h"
#include "weir/http/uri.h"

static void check_text(const char *text)
{
	FUZZ_CHECK(node_check_text(text, strlen(text)) == 0);
}

static void check_uri(struct arena *arena, const struct uri *u)
{
	static const char *const patterns[] = {"/", "/flow/{name}/json", "/metric/{a}/{m}/json",
					       "/{a}/{b}/{c}/{d}"};
	const char *value[URI_SEGMENTS_MAX];
	const char **part;
	FUZZ_CHECK(u->n_segments <= URI_SEGMENTS_MAX && u->n_params <= URI_PARAMS_MAX);
	for (uint32_t i = 0; i < u->n_segments; i++) {
		check_text(u->segment[i]);
		FUZZ_CHECK(uri_split(arena, u->segment[i], ",;", &part) >= 0);
	}
	for (uint32_t i = 0; i < u->n_params; i++) {
		check_text(u->param[i].name);
		check_text(u->param[i].value);
		FUZZ_CHECK(uri_query(u, u->param[i].name, NULL) != NULL);
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		uri_match(u, patterns[i], value);
	uint32_t n = 0;
	for (const char *v = NULL; (v = uri_query(u, "x", v)) != NULL;)
		FUZZ_CHECK(++n <= u->n_params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	struct uri u;
	char *target = strndup((const char *)data, size);
	if (uri_parse(&arena, target, &u, &msg) == 0)
		check_uri(&arena, &u);
	else
		FUZZ_CHECK(msg.text[0] != '\0');
	free(target);
	arena_free(&arena);
	return 0;
}
