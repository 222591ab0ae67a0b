// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The texts of a flow definition, as they come from requests: keys, and the filter in the next
// line. What compiles is evaluated for a packet made of the text itself.

#include <string.h>

#include "fuzz.h"
#include "packet/dissect.h"
#include "program/group.h"
#include "program/map.h"
#include "program/program.h"

static struct program_table rows[2];

static const struct program_tables *tables(void)
{
	static const struct program_tables all = {rows, 2};
	if (rows[0].group != NULL)
		return &all;
	struct group *g = group_create();
	struct map *m = map_create();
	const struct addr ten = addr_ip4((const uint8_t[]){10, 0, 0, 0});
	FUZZ_CHECK(group_add(g, &ten, 8, "ten", NULL) == 0 && group_build(g, NULL) == 0);
	FUZZ_CHECK(map_add(m, "6", "six", NULL) == 0);
	rows[0] = (struct program_table){"group", "g", g, NULL};
	rows[1] = (struct program_table){"map", "m", NULL, m};
	return &all;
}

static void evaluate(const struct flow_def *def, struct hs_scratch *scratch, const uint8_t *data,
		     size_t size)
{
	struct packet p;
	memset(&p, 0, sizeof(p));
	packet_reset(&p, data, (uint32_t)size);
	packet_dissect(&p, HEADER_ETHERNET, 1, (uint32_t)size - 1, DISSECT_ALL);
	_Alignas(8) uint8_t key[PROGRAM_KEY_MAX];
	flow_def_match(def, &p, scratch);
	if (!flow_def_key(def, &p, 1, key))
		return;
	char text[4096];
	struct strbuf b = strbuf_of(text, sizeof(text));
	flow_def_key_format(def, key, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char keys[1024];
	if (size < 2 || size >= sizeof(keys))
		return 0;
	memcpy(keys, data, size);
	keys[size] = '\0';
	char *line = strchr(keys, '\n');
	if (line != NULL)
		*line++ = '\0';
	const struct flow_spec spec = {.name = "f",
				       .keys = keys,
				       .value = "bytes",
				       .values = "",
				       .filter = line != NULL ? line : "",
				       .fs = ",",
				       .n = 5,
				       .t = 1};
	struct err_msg msg = {0};
	struct program *p = program_compile_with(&spec, 1, tables(), &msg);
	FUZZ_CHECK((p == NULL) == (msg.text[0] != '\0'));
	if (p != NULL)
		evaluate(&p->def[0], p->scratch, data, size);
	program_free(p);
	return 0;
}
