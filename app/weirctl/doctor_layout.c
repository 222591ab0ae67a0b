// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "doctor.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "common/cpus.h"

enum {
	TEXT = 4096,
	MOST = 4, // workers that are proposed for a NIC
	NICS = 16,
};

struct nic {
	char pci[32];
	cpu_set_t local;
};

static bool is_network(const struct doctor *d, const char *pci)
{
	char name[64], text[TEXT];
	snprintf(name, sizeof(name), "bus/pci/devices/%s/class", pci);
	return cpus_sys_line(d->root, name, text, TEXT) && strncmp(text, "0x02", 4) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct nic *)a)->pci, ((const struct nic *)b)->pci);
}

static unsigned read_nics(const struct doctor *d, struct nic nic[NICS])
{
	char path[PATH_MAX];
	unsigned n = 0;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices", d->root);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir != NULL && n < NICS && (e = readdir(dir)) != NULL;) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof(nic[n].pci) ||
		    !is_network(d, e->d_name))
			continue;
		cpus_near(d->root, e->d_name, &nic[n].local);
		strcpy(nic[n++].pci, e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	qsort(nic, n, sizeof(*nic), by_name);
	return n;
}

// The first CPU of a physical core, whose other threads would share its caches and units.
static bool is_first_thread(const struct doctor *d, unsigned cpu)
{
	char name[80], text[TEXT];
	snprintf(name, sizeof(name), "devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
	if (!cpus_sys_line(d->root, name, text, TEXT))
		return true;
	return strtoul(text, NULL, 10) == cpu;
}

// CPUs that workers may have.
static cpu_set_t read_usable(const struct doctor *d)
{
	char text[TEXT];
	cpu_set_t isolated, online, usable;
	CPU_ZERO(&usable);
	cpus_sys_line(d->root, "devices/system/cpu/isolated", text, TEXT);
	cpus_parse(text, &isolated);
	cpus_sys_line(d->root, "devices/system/cpu/online", text, TEXT);
	cpus_parse(text, &online);
	bool first = true;
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &online))
			continue;
		const bool free_cpu = CPU_COUNT(&isolated) > 0 ? CPU_ISSET(i, &isolated) : !first;
		first = false;
		if (free_cpu && is_first_thread(d, i))
			CPU_SET(i, &usable);
	}
	return usable;
}

// NICs from @p i on that want CPUs of the same node.
static unsigned count_rivals(const struct nic *nic, unsigned i, unsigned n)
{
	unsigned rivals = 0;
	for (unsigned k = i; k < n; k++)
		rivals += CPU_EQUAL(&nic[k].local, &nic[i].local) != 0;
	return rivals;
}

static void propose(struct doctor *d, const struct nic *nic, unsigned i, unsigned n,
		    cpu_set_t *usable)
{
	char list[128] = "";
	struct strbuf b = strbuf_of(list, sizeof(list));
	unsigned given = 0;
	cpu_set_t both;
	CPU_AND(&both, usable, &nic[i].local);
	const unsigned left = (unsigned)CPU_COUNT(&both);
	const unsigned rivals = count_rivals(nic, i, n);
	const unsigned share = (left + rivals - 1) / rivals;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && given < share && given < MOST; cpu++) {
		if (!CPU_ISSET(cpu, &both))
			continue;
		CPU_CLR(cpu, usable);
		strbuf_fmt(&b, "%s%u", given++ > 0 ? ", " : "", cpu);
	}
	if (given == 0)
		doctor_say(
			d, DOCTOR_FIX, "layout",
			"%s: no CPU of its node is left for a worker: use fewer NICs, or isolate "
			"CPUs of its node",
			nic[i].pci);
	else
		doctor_say(d, DOCTOR_INFO, "layout", "{port: \"%s\", queues: %u, lcores: [%s]}",
			   nic[i].pci, given, list);
}

void doctor_layout(struct doctor *d)
{
	static struct nic nic[NICS];
	const unsigned n = read_nics(d, nic);
	cpu_set_t usable = read_usable(d);
	for (unsigned i = 0; i < n; i++)
		if (CPU_COUNT(&nic[i].local) > 0)
			propose(d, nic, i, n, &usable);
}
