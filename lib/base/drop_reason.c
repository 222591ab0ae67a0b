// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "base/drop_reason.h"

#include <string.h>

#include "base/error.h"

static const char *const names[] = {
#define DROP_REASON(name, code) [code] = #name,
#include "base/drop_reasons.def"
#undef DROP_REASON
};

enum {
	N_NAMES = sizeof(names) / sizeof(names[0])
};

const char *drop_reason_name(uint32_t code)
{
	return code < N_NAMES ? names[code] : NULL;
}

int drop_reason_parse(const char *name, size_t len, uint32_t *code)
{
	for (uint32_t i = 0; i < N_NAMES; i++)
		if (names[i] != NULL && strlen(names[i]) == len &&
		    memcmp(names[i], name, len) == 0) {
			*code = i;
			return ERR_NONE;
		}
	return ERR_UNKNOWN;
}
