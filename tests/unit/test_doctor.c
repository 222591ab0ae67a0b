// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cpus.h"
#include "doctor.h"

static char root[] = "/tmp/weir-doctor-XXXXXX";

// A file below the root, with the folders that it takes.
static void put(const char *path, const char *text)
{
	char name[512];
	snprintf(name, sizeof(name), "%s%s", root, path);
	for (char *p = name + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(name, 0700);
		*p = '/';
	}
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void put_nic(const char *pci, const char *class, const char *cpus)
{
	char path[256];
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", pci);
	put(path, class);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/local_cpulist", pci);
	put(path, cpus);
}

static char *report(struct doctor *d, void (*check)(struct doctor *))
{
	char *text = NULL;
	size_t size = 0;
	*d = (struct doctor){.out = open_memstream(&text, &size), .root = root};
	check(d);
	fclose(d->out);
	return text;
}

static void expect_layout(const char *want)
{
	struct doctor d;
	char *text = report(&d, doctor_layout);
	assert_string_equal(text, want);
	free(text);
}

// Two nodes of four CPUs; on the second, CPUs 6 and 7 are the other threads of 4 and 5.
static void nics_get_cpus_of_their_node(void **state)
{
	put("/sys/devices/system/cpu/online", "0-7");
	put("/sys/devices/system/cpu/isolated", "");
	put("/sys/devices/system/cpu/cpu4/topology/thread_siblings_list", "4,6");
	put("/sys/devices/system/cpu/cpu6/topology/thread_siblings_list", "4,6");
	put("/sys/devices/system/cpu/cpu5/topology/thread_siblings_list", "5,7");
	put("/sys/devices/system/cpu/cpu7/topology/thread_siblings_list", "5,7");
	put_nic("0000:81:00.0", "0x020000", "4-7");
	put_nic("0000:00:02.0", "0x030000", "0-3"); // graphics
	expect_layout("info  layout     {port: \"0000:81:00.0\", queues: 2, lcores: [4, 5]}\n");
	put_nic("0000:01:00.0", "0x020000", "0-3"); // the first CPU stays for all else
	put_nic("0000:81:00.1", "0x020000", "4-7"); // shares a node
	expect_layout("info  layout     {port: \"0000:01:00.0\", queues: 3, lcores: [1, 2, 3]}\n"
		      "info  layout     {port: \"0000:81:00.0\", queues: 1, lcores: [4]}\n"
		      "info  layout     {port: \"0000:81:00.1\", queues: 1, lcores: [5]}\n");
	put("/sys/devices/system/cpu/isolated", "2-4");
	expect_layout("info  layout     {port: \"0000:01:00.0\", queues: 2, lcores: [2, 3]}\n"
		      "info  layout     {port: \"0000:81:00.0\", queues: 1, lcores: [4]}\n"
		      "fix   layout     0000:81:00.1: no CPU of its node is left for a worker: use "
		      "fewer NICs, or isolate CPUs of its node\n");
}

// What weir places its workers by: of a card, of the interface below a vdev, of neither.
static void what_is_near_is_known(void **state)
{
	cpu_set_t near;
	put("/sys/class/net/eth7/device/local_cpulist", "2,8-9");
	assert_true(cpus_near(root, "net_af_xdp0,start_queue=0,iface=eth7,queue_count=2", &near));
	assert_int_equal(CPU_COUNT(&near), 3);
	assert_true(CPU_ISSET(2, &near) && CPU_ISSET(8, &near) && CPU_ISSET(9, &near));
	put_nic("0000:81:00.0", "0x020000", "4-7");
	assert_true(cpus_near(root, "0000:81:00.0,some=argument", &near));
	assert_int_equal(CPU_COUNT(&near), 4);
	assert_false(cpus_near(root, "net_pcap0,iface=none", &near));
	assert_false(cpus_near(root, "net_bonding0", &near));
	assert_int_equal(CPU_COUNT(&near), 0);
}

static const struct doctor_agent agents[] = {
	{"192.0.2.1", "", 10000, 3, 1, 5, 200},
	{"192.0.2.2", "edge", 10000, 0, 0, 0, 75000},
	{"192.0.2.3", "", 1000, 400, 0, 0, 10},
	{"192.0.2.4", "", 1000, 0, 300, 90, 10},
};

static void ask_all(struct doctor *d)
{
	doctor_agents(d, agents, 4);
}

static void ask_first(struct doctor *d)
{
	doctor_agents(d, agents, 1);
}

static void agents_that_are_not_well_are_told_of(void **state)
{
	struct doctor d;
	char *text = report(&d, ask_all);
	assert_int_equal(d.fixes, 3);
	assert_int_equal(d.good, 0);
	assert_non_null(strstr(text, "silent     192.0.2.2 (edge): nothing for 75 s"));
	assert_non_null(strstr(text, "duplicates 192.0.2.3: 400 of 1000 datagrams came twice"));
	assert_non_null(strstr(text, "shared     192.0.2.4: 300 restarts in 1000 datagrams"));
	assert_null(strstr(text, "192.0.2.1"));
	free(text);
	text = report(&d, ask_first);
	assert_int_equal(d.fixes, 0);
	assert_non_null(strstr(text, "1 send, none twice, none fell silent"));
	free(text);
}

static void many(struct doctor *d)
{
	struct doctor_agent a[25];
	for (unsigned i = 0; i < 25; i++)
		a[i] = agents[1];
	doctor_agents(d, a, 25);
}

static void many_agents_are_told_of_shortly(void **state)
{
	struct doctor d;
	char *text = report(&d, many);
	assert_int_equal(d.fixes, 10);
	assert_non_null(strstr(text, "and 15 more like that"));
	free(text);
}

static int make_root(void **state)
{
	return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nics_get_cpus_of_their_node),
		cmocka_unit_test(what_is_near_is_known),
		cmocka_unit_test(agents_that_are_not_well_are_told_of),
		cmocka_unit_test(many_agents_are_told_of_shortly),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
