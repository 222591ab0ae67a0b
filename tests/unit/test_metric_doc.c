// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// doc/metrics.md lists every metric, with its unit, and where it comes from. When a record, a
// derived metric, a unit or a counter of weir has changed, `WEIR_UPDATE_DOC=1
// build/tests/unit/test_metric_doc` writes the tables anew.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/metric.h"
#include "analyzer/metric_query.h"
#include "bank/stats.h"
#include "sflow/sflow.h"
#include "source_file.h"

#define REFERENCE "doc/metrics.md"

static struct catalog catalog;

static int build_catalog(void **state)
{
	struct carve c = {0};
	catalog_layout(&catalog, &c);
	c = (struct carve){.base = calloc(1, c.used)};
	*state = c.base;
	if (c.base == NULL)
		return -1;
	catalog_layout(&catalog, &c);
	return 0;
}

static int free_catalog(void **state)
{
	free(*state);
	return 0;
}

// The first of repetitions stands for all: opt_lane_tx_power_1 to _16.
static bool is_repetition(const struct catalog_def *d, char *plain, size_t size)
{
	const char *name = catalog.name[d->name];
	const char *metric = d->field != NULL ? d->field->metric : NULL;
	if (metric == NULL || strncmp(name, metric, strlen(metric)) != 0 ||
	    name[strlen(metric)] != '_')
		return false;
	snprintf(plain, size, "%s_N", metric);
	return true;
}

static const char *kind_of(const struct catalog_def *d)
{
	if (catalog_is_text(d))
		return "text";
	if (d->form == CATALOG_DERIVED)
		return "derived";
	return catalog_is_rate(d) ? "counter" : "gauge";
}

static void print_def(FILE *f, const struct catalog_def *d)
{
	char plain[2 * CATALOG_NAME];
	const char *name = catalog.name[d->name], *unit = catalog_unit(name);
	if (is_repetition(d, plain, sizeof(plain))) {
		if (strcmp(strrchr(name, '_'), "_1") != 0)
			return;
		name = plain;
	}
	if (catalog_is_text(d))
		unit = "-";
	fprintf(f, "| `%s` | %s%s | %s | %s |\n", name, unit != NULL ? unit : "?",
		catalog_is_rate(d) ? "/s" : "", kind_of(d),
		d->field != NULL ? d->field->name : d->help);
}

static void print_layout(FILE *f, const struct catalog_layout *l)
{
	const uint32_t tag = l->record->tag;
	bool shown = false;
	for (uint16_t i = l->first; i < l->first + l->n; i++) {
		if (catalog.def[i].name == CATALOG_HIDDEN)
			continue;
		if (!shown)
			fprintf(f,
				"\n### %s (%u:%u)%s\n\n| metric | unit | kind | from |\n"
				"|---|---|---|---|\n",
				l->record->name, tag >> 12, tag & 0xfff,
				l->logical ? " of data sources 3.n" : "");
		shown = true;
		print_def(f, &catalog.def[i]);
	}
}

static void print_own(FILE *f)
{
	fputs("| metric | kind | meaning |\n|---|---|---|\n", f);
#define STAT(name, group, role, help) \
	fprintf(f, "| `weir_%s_total` | counter | %s |\n", #name, help);
#include "bank/stats.def"
#undef STAT
#define X(name, help) \
	fprintf(f, "| `weir_metric_records_%s_total` | counter | %s |\n", #name, help);
	METRIC_STATS(X)
#undef X
}

static bool print_block(FILE *f, const char *line)
{
	if (strncmp(line, "<!-- metrics -->\n", 17) == 0)
		for (uint16_t i = 0; i < catalog.n_layouts; i++)
			print_layout(f, &catalog.layout[i]);
	else if (strncmp(line, "<!-- own -->\n", 13) == 0)
		print_own(f);
	else
		return false;
	return true;
}

static void the_reference_has_every_metric(void **state)
{
	check_reference(REFERENCE, print_block, 2);
}

static void every_number_has_a_unit(void **state)
{
	for (uint16_t i = 0; i < catalog.n_defs; i++) {
		const struct catalog_def *d = &catalog.def[i];
		if (d->name == CATALOG_HIDDEN || catalog_is_text(d))
			continue;
		if (catalog_unit(catalog.name[d->name]) == NULL)
			fail_msg("units.def has no row for %s", catalog.name[d->name]);
	}
}

// A row that is the first for no metric is a mistake in its pattern, or out of date.
static void every_row_of_units_is_used(void **state)
{
#define UNIT(pattern, unit) {pattern, unit},
	static const struct {
		const char *pattern, *unit;
	} rows[] = {
#include "analyzer/units.def"
	};
#undef UNIT
	enum {
		N_ROWS = sizeof(rows) / sizeof(rows[0])
	};
	bool used[N_ROWS] = {false};
	for (uint16_t i = 0; i < catalog.n_defs; i++) {
		const struct catalog_def *d = &catalog.def[i];
		if (d->name == CATALOG_HIDDEN || catalog_is_text(d))
			continue;
		const char *name = catalog.name[d->name];
		size_t k = 0;
		while (k < N_ROWS && !metric_glob(rows[k].pattern, name, strlen(name)))
			k++;
		assert_true(k < N_ROWS);
		assert_string_equal(catalog_unit(name), rows[k].unit);
		used[k] = true;
	}
	for (size_t k = 0; k < N_ROWS; k++)
		if (!used[k])
			fail_msg("units.def: nothing is \"%s\" by \"%s\"", rows[k].unit,
				 rows[k].pattern);
}

static void metrics_describe_themselves(void **state)
{
	char text[256];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const int i = catalog_name(&catalog, "ifinoctets", 10);
	catalog_describe(&catalog, &catalog.def[catalog.name_def[i] - 1], &b);
	assert_string_equal(text, "bytes per second: ifInOctets of if_counters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reference_has_every_metric),
		cmocka_unit_test(every_number_has_a_unit),
		cmocka_unit_test(every_row_of_units_is_used),
		cmocka_unit_test(metrics_describe_themselves),
	};
	return cmocka_run_group_tests(tests, build_catalog, free_catalog);
}
