// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What metrics are, for people.
#include "analyzer/catalog.h"

#include <string.h>

#include "analyzer/metric_query.h"

bool catalog_is_text(const struct catalog_def *d)
{
	switch (d->form) {
	case CATALOG_TEXT:
	case CATALOG_MAC:
	case CATALOG_UUID:
	case CATALOG_HEX64: return true;
	case CATALOG_DERIVED: return d->formula <= DERIVE_UP_BIT_1 || d->formula >= DERIVE_K8S_POD;
	default: return d->enumeration != SFLOW_ENUM_none;
	}
}

const char *catalog_unit(const char *name)
{
#define UNIT(pattern, unit) {pattern, unit},
	static const struct {
		const char *pattern, *unit;
	} units[] = {
#include "analyzer/units.def"
	};
#undef UNIT
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (metric_glob(units[i].pattern, name, strlen(name)))
			return units[i].unit;
	return NULL;
}

bool catalog_is_rate(const struct catalog_def *d)
{
	return d->form == CATALOG_COUNTER32 || d->form == CATALOG_COUNTER64 ||
	       (d->form == CATALOG_DERIVED && d->formula == DERIVE_SUM);
}

void catalog_describe(const struct catalog *c, const struct catalog_def *d, struct strbuf *b)
{
	const char *record = c->layout[d->layout].record->name;
	if (d->form == CATALOG_DERIVED) {
		strbuf_fmt(b, "%s (%s)", d->help, record);
		return;
	}
	const char *unit = catalog_is_text(d) ? "text" : catalog_unit(c->name[d->name]);
	strbuf_fmt(b, "%s%s: %s of %s", unit != NULL ? unit : "number",
		   catalog_is_rate(d) ? " per second" : "", d->field->name, record);
}
