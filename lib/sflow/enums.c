// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/enums.h"

#include <string.h>

#include "base/drop_reason.h"
#include "base/error.h"

struct named {
	uint32_t value;
	const char *text;
};

#define VALUE(number, name)  \
	{                    \
		number, name \
	}
#define NAMED(...) ((const struct named[]){__VA_ARGS__})

static const struct enumeration {
	const struct named *values;
	size_t n;
} enumerations[] = {
	{NULL, 0}, {NULL, 0}, // drop_reason
#define ENUMERATION(name, ...) \
	{NAMED(__VA_ARGS__), sizeof(NAMED(__VA_ARGS__)) / sizeof(struct named)},
#include "sflow/enums.def"
#undef ENUMERATION
};

const char *sflow_enum_text(enum sflow_enumeration e, uint32_t value)
{
	if (e == SFLOW_ENUM_drop_reason)
		return drop_reason_name(value);
	const struct enumeration *en = &enumerations[e];
	size_t low = 0, high = en->n;
	while (low < high) {
		const size_t mid = (low + high) / 2;
		if (en->values[mid].value == value)
			return en->values[mid].text;
		if (en->values[mid].value < value)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

int sflow_enum_value(enum sflow_enumeration e, const char *text, size_t len, uint32_t *value)
{
	if (e == SFLOW_ENUM_drop_reason)
		return drop_reason_parse(text, len, value);
	const struct enumeration *en = &enumerations[e];
	for (size_t i = 0; i < en->n; i++) {
		const char *name = en->values[i].text;
		if (strlen(name) == len && memcmp(name, text, len) == 0) {
			*value = en->values[i].value;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}
