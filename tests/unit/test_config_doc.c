// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What is written about the configuration is true: the examples are valid, the commented default
// names every member, and the tables of doc/configuration.md are those of the rows. When a row has
// changed, `WEIR_UPDATE_DOC=1 build/tests/unit/test_config_doc` writes the tables anew.
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source_file.h"
#include "weir/config/config.h"
#include "weir/config/options.h"
#include "weir/config/schema_value.h"

#define REFERENCE "doc/configuration.md"

static const char *type_name(const struct member *m)
{
	switch (m->type) {
	case MEMBER_BOOL: return "bool";
	case MEMBER_COUNT: return "count";
	case MEMBER_BYTES: return "size";
	case MEMBER_REAL: return "number";
	case MEMBER_SECONDS: return "duration";
	case MEMBER_TEXT: return "text";
	case MEMBER_WORD: return "word";
	case MEMBER_JOINED:
	case MEMBER_TEXTS: return "list of texts";
	case MEMBER_COUNTS: return "list of counts";
	case MEMBER_PREFIXES: return "list of prefixes";
	case MEMBER_OTHER: return m->print != NULL ? "see there" : "-";
	}
	return "";
}

static const char *unit_name(const struct member *m)
{
	if (m->type == MEMBER_BYTES)
		return "bytes";
	return m->type == MEMBER_SECONDS ? "s" : "-";
}

static void print_range(FILE *f, const struct member *m, enum value_units units)
{
	char low[64], high[64];
	struct strbuf l = strbuf_of(low, sizeof(low)), h = strbuf_of(high, sizeof(high));
	if (units == UNITS_DECIMAL) {
		fprintf(f, isinf(m->max) ? "from %.15g" : "%.15g to %.15g", m->min, m->max);
		return;
	}
	value_format(&l, m->min, units);
	value_format(&h, m->max, units);
	fprintf(f, "%s to %s", low, high);
}

static void print_words(FILE *f, const struct member *m)
{
	for (size_t i = 0; m->words[i] != NULL; i++)
		fprintf(f, "%s`%s`", i > 0 ? ", " : "", m->words[i]);
}

static void print_allowed(FILE *f, const struct member *m)
{
	switch (m->type) {
	case MEMBER_BOOL: fputs("`true`, `false`", f); return;
	case MEMBER_COUNT:
	case MEMBER_COUNTS:
	case MEMBER_REAL: print_range(f, m, UNITS_DECIMAL); return;
	case MEMBER_BYTES: print_range(f, m, UNITS_BYTES); return;
	case MEMBER_SECONDS: print_range(f, m, UNITS_SECONDS); return;
	case MEMBER_WORD: print_words(f, m); return;
	default: break;
	}
	if (m->expect != NULL)
		fputs(m->expect, f);
	else if (m->type == MEMBER_TEXT)
		fprintf(f, "%.0f to %.0f bytes", m->min, m->max);
	else
		fputs("-", f);
}

static void print_row(FILE *f, const struct member *m)
{
	fprintf(f, "| `%s` | %s | %s | ", m->name, type_name(m), unit_name(m));
	print_allowed(f, m);
	if (m->required)
		fputs(" | required", f);
	else if (m->def == NULL || m->def[0] == '\0')
		fputs(" | none", f);
	else
		fprintf(f, " | `%s`", m->def);
	fprintf(f, " | %s |\n", m->help);
}

static void print_section(FILE *f, const struct config_section *s)
{
	fputs("| member | type | unit | allowed | default | meaning |\n|---|---|---|---|---|---|\n",
	      f);
	for (size_t i = 0; i < s->schema->n; i++)
		print_row(f, &s->schema->at[i]);
}

// What belongs behind the marker on the line that begins at @p line; false when it is none.
static bool print_block(FILE *f, const char *line)
{
	char marker[128];
	if (strncmp(line, "<!-- usage -->\n", 15) == 0) {
		fputs("```\n", f);
		options_usage(f);
		fputs("```\n", f);
		return true;
	}
	for (size_t i = 0; i < config_n_sections; i++) {
		const char *name = config_sections[i].name;
		snprintf(marker, sizeof(marker), "<!-- members:%s%s -->\n", *name ? " " : "", name);
		if (strncmp(line, marker, strlen(marker)) == 0) {
			print_section(f, &config_sections[i]);
			return true;
		}
	}
	return false;
}

static void the_reference_has_every_row(void **state)
{
	check_reference(REFERENCE, print_block, config_n_sections + 1); // and the flags
}

static void every_member_explains_itself(void **state)
{
	for (size_t i = 0; i < config_n_sections; i++) {
		const struct schema *s = config_sections[i].schema;
		for (size_t j = 0; j < s->n; j++) {
			const struct member *m = &s->at[j];
			assert_non_null(m->help);
			assert_true(m->help[0] != '\0' && m->help[strlen(m->help) - 1] != '.');
			assert_null(strchr(m->help, '|')); // it stands in a table
			if (m->type == MEMBER_OTHER)
				assert_non_null(m->expect);
		}
	}
}

static void the_default_file_names_every_member(void **state)
{
	char *text = read_file(source_path("config/weir.yaml"));
	for (size_t i = 0; i < config_sections[0].schema->n; i++) {
		char plain[80], comment[80];
		const char *name = config_sections[0].schema->at[i].name;
		snprintf(plain, sizeof(plain), "\n%s:", name);
		snprintf(comment, sizeof(comment), "\n# %s:", name);
		if (strstr(text, plain) == NULL && strstr(text, comment) == NULL)
			fail_msg("config/weir.yaml does not name %s", name);
	}
	free(text);
}

// What is commented out is said to be the default: it is, where it is one value.
static void commented_members_are_defaults(void **state)
{
	char *text = read_file(source_path("config/weir.yaml"));
	const struct schema *s = config_sections[0].schema;
	unsigned n = 0;
	for (size_t i = 0; i < s->n; i++) {
		char line[128];
		const struct member *m = &s->at[i];
		snprintf(line, sizeof(line), "\n# %s: ", m->name);
		const char *at = strstr(text, line);
		if (at == NULL || m->def == NULL)
			continue;
		at += strlen(line);
		assert_int_equal(strcspn(at, " \n"), strlen(m->def));
		assert_memory_equal(at, m->def, strlen(m->def));
		n++;
	}
	assert_in_range(n, 15, s->n);
	free(text);
}

static void the_files_are_valid(const char *pattern, size_t at_least)
{
	glob_t found;
	assert_int_equal(glob(source_path(pattern), 0, NULL, &found), 0);
	assert_in_range(found.gl_pathc, at_least, 1000);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct config c;
		struct err_msg msg = {0};
		if (config_load(found.gl_pathv[i], &c, &msg) != 0)
			fail_msg("%s", msg.text);
		assert_in_range(c.n_flows, 1, 100);
		config_free(&c);
	}
	globfree(&found);
}

static void examples_are_valid(void **state)
{
	the_files_are_valid("config/*.yaml", 1);
	the_files_are_valid("config/examples/*.yaml", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_has_every_row),
		cmocka_unit_test(every_member_explains_itself),
		cmocka_unit_test(the_default_file_names_every_member),
		cmocka_unit_test(commented_members_are_defaults),
		cmocka_unit_test(examples_are_valid),
	};
	return cmocka_run_group_tests_name("config_doc", tests, NULL, NULL);
}
