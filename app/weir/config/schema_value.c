// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/schema_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "weir/util/node.h"

// A value of `name` is a number times `mul` over `div`. One of the two is 1: a division rounds
// correctly where 0.001 would not be exact.
struct unit {
	const char *name;
	double mul, div;
};

// In each list the first name of a factor is the one that is written.
static const struct unit decimal[] = {
	{"", 1, 1}, {"k", 1e3, 1}, {"M", 1e6, 1}, {"G", 1e9, 1}, {"T", 1e12, 1}, {NULL, 0, 0},
};

static const struct unit bytes[] = {
	{"", 1, 1},         {"KiB", 0x1p10, 1}, {"k", 0x1p10, 1},  {"K", 0x1p10, 1},
	{"kB", 0x1p10, 1},  {"MiB", 0x1p20, 1}, {"M", 0x1p20, 1},  {"MB", 0x1p20, 1},
	{"GiB", 0x1p30, 1}, {"G", 0x1p30, 1},   {"GB", 0x1p30, 1}, {"TiB", 0x1p40, 1},
	{"T", 0x1p40, 1},   {"TB", 0x1p40, 1},  {"B", 1, 1},       {NULL, 0, 0},
};

static const struct unit seconds[] = {
	{"us", 1, 1e6}, {"ms", 1, 1e3},  {"s", 1, 1}, {"m", 60, 1}, {"min", 60, 1},
	{"h", 3600, 1}, {"d", 86400, 1}, {"", 1, 1},  {NULL, 0, 0},
};

static const struct unit *const units_of[] = {
	[UNITS_DECIMAL] = decimal,
	[UNITS_BYTES] = bytes,
	[UNITS_SECONDS] = seconds,
};

static const struct unit *find_unit(const struct unit *u, const char *name)
{
	for (; u->name != NULL; u++)
		if (strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

int value_number(const char *text, enum value_units units, double *out)
{
	char number[64];
	const size_t len = strspn(text, "0123456789+-.eE");
	if (len >= sizeof(number))
		return ERR_INVALID;
	memcpy(number, text, len);
	number[len] = '\0';
	const char *name = text + len + strspn(text + len, " ");
	const struct unit *u = find_unit(units_of[units], name);
	if (u == NULL || !node_is_number(number))
		return ERR_INVALID;
	*out = strtod(number, NULL) * u->mul / u->div;
	return isfinite(*out) ? 0 : ERR_INVALID;
}

void value_format(struct strbuf *b, double value, enum value_units units)
{
	const struct unit *best = find_unit(units_of[units], units == UNITS_SECONDS ? "s" : "");
	double best_number = value;
	for (const struct unit *u = units_of[units]; u->name != NULL; u++) {
		const double number = value * u->div / u->mul;
		const bool whole = number == floor(number) && number >= 1;
		const bool shorter = best_number != floor(best_number) || number < best_number;
		if (whole && shorter && number * u->mul / u->div == value) {
			best = u;
			best_number = number;
		}
	}
	strbuf_fmt(b, "%.17g%s", best_number, best->name);
}

int value_bool(const char *text, bool *out)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*out = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*out = false;
	else
		return ERR_INVALID;
	return 0;
}
