// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Files that functions look up: the bytes as a database of countries, of autonomous systems, and as
// a list of makers. Whatever is in them: refused with a message, or a table whose labels are short.

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "program/group.h"
#include "program/map.h"
#include "weir/config/database.h"

static void check_label(const char *label)
{
	FUZZ_CHECK(label == NULL || (label[0] != '\0' &&
				     strnlen(label, PROGRAM_LABEL_MAX + 1) <= PROGRAM_LABEL_MAX));
}

static void check_table(const struct program_table *t)
{
	static const uint8_t addresses[][16] = {{0},
						{10, 1, 2, 3},
						{0x20, 0x01, 0x0d, 0xb8},
						{[10] = 0xff, [11] = 0xff, [12] = 10}};
	FUZZ_CHECK((t->group != NULL) != (t->map != NULL));
	for (unsigned i = 0; i < 4 && t->group != NULL; i++) {
		check_label(group_find(t->group, ADDR_IP4, addresses[i]));
		check_label(group_find(t->group, ADDR_IP6, addresses[i]));
	}
	if (t->map != NULL)
		check_label(map_find(t->map, "00000C", 6));
	group_free(t->group);
	map_free(t->map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[][2] = {
		{"country", "code"}, {"country", "name"}, {"country", "continent"},
		{"asn", "number"},   {"asn", "descr"},    {"asn", "both"},
		{"oui", "name"},     {"oui", "number"},
	};
	char path[32];
	const int fd = memfd_create("database", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const struct database_paths paths = {path, path, path};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct program_table t = {0};
		struct err_msg msg = {0};
		const int err = database_load(&paths, names[i][0], names[i][1], &t, &msg);
		FUZZ_CHECK((err != 0) == (msg.text[0] != '\0'));
		if (err == 0)
			check_table(&t);
	}
	database_clear();
	close(fd);
	return 0;
}
