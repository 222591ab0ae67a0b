// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Bodies of requests: whatever is read is written back as strict JSON that reads as the same tree,
// every refusal has a message, and the validator copes with any tree.

#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "weir/config/config.h"
#include "weir/config/json.h"

static void print_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == '"' || *p == '\\')
			fprintf(f, "\\u%04x", *p);
		else
			fputc(*p, f);
	}
	fputc('"', f);
}

static void print_tree(FILE *f, const struct node *n)
{
	if (n->name != NULL) {
		print_text(f, n->name);
		fputc(':', f);
	}
	if (n->kind == NODE_STRING)
		print_text(f, n->text);
	else if (n->kind != NODE_MAP && n->kind != NODE_LIST)
		fputs(n->text, f);
	else {
		uint32_t n_children = 0;
		fputc(n->kind == NODE_MAP ? '{' : '[', f);
		for (const struct node *e = n->child; e != NULL; e = e->next) {
			FUZZ_CHECK(e->parent == n);
			FUZZ_CHECK((e->name != NULL) == (n->kind == NODE_MAP));
			n_children++;
			print_tree(f, e);
			fputs(e->next != NULL ? "," : "", f);
		}
		FUZZ_CHECK(n_children == n->n_children);
		fputc(n->kind == NODE_MAP ? '}' : ']', f);
	}
}

static char *print(const struct node *root, size_t *size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, size);
	print_tree(f, root);
	fclose(f);
	return text;
}

static void check_round_trip(const struct node *root)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct json_limits limits = {.size = SIZE_MAX, .depth = json_body_limits.depth};
	size_t size, size_again;
	char *text = print(root, &size);
	const struct node *again = json_read(&arena, "again", text, size, &limits, &msg);
	FUZZ_CHECK(again != NULL);
	char *text_again = print(again, &size_again);
	FUZZ_CHECK(size == size_again && memcmp(text, text_again, size) == 0);
	free(text);
	free(text_again);
	arena_free(&arena);
}

static void validate(struct arena *arena, const struct node *root, bool lenient)
{
	struct err_msg msg = {0};
	const struct schema_context ctx = {.arena = arena, .lenient = lenient, .msg = &msg};
	struct flow_spec flow;
	if (config_flow(&ctx, root, "flow", &flow) == 0)
		FUZZ_CHECK(flow.value[0] != '\0' && flow.n >= 1 && flow.t >= 0.01);
	else
		FUZZ_CHECK(msg.text[0] != '\0');
	struct threshold_spec threshold;
	msg.text[0] = '\0';
	if (config_threshold(&ctx, root, "threshold", &threshold) == 0)
		FUZZ_CHECK(threshold.value >= 0 && threshold.timeout > 0);
	else
		FUZZ_CHECK(msg.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct err_msg msg = {0};
	const struct node *root =
		json_read(&arena, "body", (const char *)data, size, &json_body_limits, &msg);
	FUZZ_CHECK((root == NULL) == (msg.text[0] != '\0'));
	if (root != NULL) {
		check_round_trip(root);
		validate(&arena, root, true);
		validate(&arena, root, false);
	}
	arena_free(&arena);
	return 0;
}
