// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/cpus.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 4096

bool cpus_sys_line(const char *root, const char *name, char *text, int size)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/sys/%s", root, name);
	FILE *f = fopen(path, "re");
	const bool found = f != NULL && fgets(text, size, f) != NULL;
	if (f != NULL)
		fclose(f);
	if (!found)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return found;
}

void cpus_parse(const char *text, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (const char *p = text; *p >= '0' && *p <= '9';) {
		char *end;
		const unsigned long first = strtoul(p, &end, 10);
		const unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
		for (unsigned long i = first; i <= last && i < CPU_SETSIZE; i++)
			CPU_SET(i, set);
		p = *end == ',' ? end + 1 : end;
	}
}

bool cpus_near(const char *root, const char *device, cpu_set_t *near)
{
	char name[160], text[TEXT];
	const char *interface = strstr(device, ",iface=");
	if (interface != NULL) {
		interface += strlen(",iface=");
		snprintf(name, sizeof(name), "class/net/%.*s/device/local_cpulist",
			 (int)strcspn(interface, ",/"), interface);
	} else {
		snprintf(name, sizeof(name), "bus/pci/devices/%.*s/local_cpulist",
			 (int)strcspn(device, ",/"), device);
	}
	cpus_sys_line(root, name, text, sizeof(text));
	cpus_parse(text, near);
	return CPU_COUNT(near) > 0;
}
