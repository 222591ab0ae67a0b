// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "doctor.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

enum {
	CPUS = 1024,
	TEXT = 4096,
	MOST = 4, // workers that are proposed for a NIC
	NICS = 16,
};

struct cpus {
	bool has[CPUS];
	unsigned n;
};

struct nic {
	char pci[32];
	struct cpus local;
};

static bool read_text(const struct doctor *d, const char *folder, const char *name,
		      const char *file, char text[TEXT])
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s/%s/%s", d->root, folder, name, file);
	FILE *f = fopen(path, "re");
	const bool found = f != NULL && fgets(text, TEXT, f) != NULL;
	if (f != NULL)
		fclose(f);
	if (!found)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return found;
}

// "0-3,8": what the kernel calls a list of CPUs.
static struct cpus read_list(const char *text)
{
	struct cpus c = {0};
	for (const char *p = text; *p >= '0' && *p <= '9';) {
		char *end;
		const unsigned long first = strtoul(p, &end, 10);
		const unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
		for (unsigned long i = first; i <= last && i < CPUS; i++) {
			c.n += !c.has[i];
			c.has[i] = true;
		}
		p = *end == ',' ? end + 1 : end;
	}
	return c;
}

static bool is_network(const struct doctor *d, const char *pci)
{
	char text[TEXT];
	return read_text(d, "/sys/bus/pci/devices", pci, "class", text) &&
	       strncmp(text, "0x02", 4) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct nic *)a)->pci, ((const struct nic *)b)->pci);
}

static unsigned read_nics(const struct doctor *d, struct nic nic[NICS])
{
	char path[PATH_MAX], text[TEXT];
	unsigned n = 0;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices", d->root);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir != NULL && n < NICS && (e = readdir(dir)) != NULL;) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof(nic[n].pci) ||
		    !is_network(d, e->d_name))
			continue;
		read_text(d, "/sys/bus/pci/devices", e->d_name, "local_cpulist", text);
		nic[n].local = read_list(text);
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
	char name[32], text[TEXT];
	snprintf(name, sizeof(name), "cpu%u", cpu);
	if (!read_text(d, "/sys/devices/system/cpu", name, "topology/thread_siblings_list", text))
		return true;
	return strtoul(text, NULL, 10) == cpu;
}

// CPUs that workers may have.
static struct cpus read_usable(const struct doctor *d)
{
	char text[TEXT];
	read_text(d, "/sys/devices/system", "cpu", "isolated", text);
	struct cpus isolated = read_list(text), usable = {0};
	read_text(d, "/sys/devices/system", "cpu", "online", text);
	const struct cpus online = read_list(text);
	bool first = true;
	for (unsigned i = 0; i < CPUS; i++) {
		if (!online.has[i])
			continue;
		const bool free_cpu = isolated.n > 0 ? isolated.has[i] : !first;
		first = false;
		usable.has[i] = free_cpu && is_first_thread(d, i);
		usable.n += usable.has[i];
	}
	return usable;
}

// NICs from @p i on that want CPUs of the same node.
static unsigned count_rivals(const struct nic *nic, unsigned i, unsigned n)
{
	unsigned rivals = 0;
	for (unsigned k = i; k < n; k++)
		rivals += memcmp(nic[k].local.has, nic[i].local.has, sizeof(nic[i].local.has)) == 0;
	return rivals;
}

static void propose(struct doctor *d, const struct nic *nic, unsigned i, unsigned n,
		    struct cpus *usable)
{
	char list[128] = "";
	struct strbuf b = strbuf_of(list, sizeof(list));
	unsigned left = 0, given = 0;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		left += usable->has[cpu] && nic[i].local.has[cpu];
	const unsigned rivals = count_rivals(nic, i, n);
	const unsigned share = (left + rivals - 1) / rivals;
	for (unsigned cpu = 0; cpu < CPUS && given < share && given < MOST; cpu++) {
		if (!usable->has[cpu] || !nic[i].local.has[cpu])
			continue;
		usable->has[cpu] = false;
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
	struct cpus usable = read_usable(d);
	for (unsigned i = 0; i < n; i++)
		if (nic[i].local.n > 0)
			propose(d, nic, i, n, &usable);
}
