// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "weir/input/eal.h"

static cpu_set_t cpus(uint32_t first, uint32_t last)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	for (uint32_t cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &set);
	return set;
}

static int plan(struct eal *e, cpu_set_t may, const uint32_t *wish, uint32_t n, struct err_msg *msg)
{
	const struct eal_config c = {.wish = wish, .n_workers = n};
	*e = (struct eal){0};
	return eal_plan(e, &c, &may, msg);
}

static void workers_get_the_last_cpus(void **state)
{
	const uint32_t wish[] = {EAL_ANY_CPU, EAL_ANY_CPU};
	struct eal e;
	assert_int_equal(plan(&e, cpus(0, 3), wish, 2, NULL), 0);
	assert_int_equal(e.worker[0].cpu, 2);
	assert_int_equal(e.worker[1].cpu, 3);
	assert_int_equal(e.worker[0].id, 2);
	assert_int_equal(e.main_lcore, 0);
	assert_int_equal(e.n_control, 2);
	assert_true(CPU_ISSET(0, &e.control) && CPU_ISSET(1, &e.control));
	free(e.worker);
}

static void wishes_are_granted(void **state)
{
	const uint32_t wish[] = {EAL_ANY_CPU, 0, EAL_ANY_CPU};
	struct eal e;
	assert_int_equal(plan(&e, cpus(0, 3), wish, 3, NULL), 0);
	assert_int_equal(e.worker[0].cpu, 2);
	assert_int_equal(e.worker[1].cpu, 0);
	assert_int_equal(e.worker[2].cpu, 3);
	assert_int_equal(e.main_lcore, 1);
	assert_int_equal(e.n_control, 1);
	free(e.worker);
}

static void few_cpus_are_shared(void **state)
{
	const uint32_t wish[] = {EAL_ANY_CPU, EAL_ANY_CPU, EAL_ANY_CPU};
	struct eal e;
	assert_int_equal(plan(&e, cpus(4, 5), wish, 3, NULL), 0);
	assert_int_equal(e.main_lcore, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(e.worker[i].id, i + 1);
		assert_int_equal(e.worker[i].cpu, i == 0 ? 4 : 5);
	}
	assert_int_equal(e.n_control, 2);
	free(e.worker);
	assert_int_equal(plan(&e, cpus(0, 0), wish, 1, NULL), 0);
	assert_int_equal(e.worker[0].cpu, 0);
	assert_int_equal(e.worker[0].id, 1);
	free(e.worker);
}

// Two NICs on two nodes of four CPUs; one has more workers than its node has CPUs.
static void workers_are_near_their_device(void **state)
{
	const uint32_t wish[] = {EAL_ANY_CPU, EAL_ANY_CPU, EAL_ANY_CPU, EAL_ANY_CPU, 7};
	cpu_set_t near[] = {cpus(0, 3), cpus(4, 7), cpus(4, 7), cpus(1, 0), cpus(0, 3)};
	const cpu_set_t may = cpus(0, 7);
	const struct eal_config c = {.wish = wish, .near = near, .n_workers = 5};
	struct eal e = {0};
	assert_int_equal(eal_plan(&e, &c, &may, NULL), 0);
	assert_int_equal(e.worker[0].cpu, 3);
	assert_int_equal(e.worker[1].cpu, 5);
	assert_int_equal(e.worker[2].cpu, 6);
	assert_int_equal(e.worker[3].cpu, 4); // anywhere; those that care came first
	assert_int_equal(e.worker[4].cpu, 7); // a wish stands above
	free(e.worker);
	near[0] = near[3] = cpus(4, 7);
	assert_int_equal(eal_plan(&e, &c, &may, NULL), 0);
	const uint32_t got[] = {4, 5, 6, 3};
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(e.worker[i].cpu, got[i]);
	free(e.worker);
}

// DPDK numbers lcores up to a limit; CPUs may have higher numbers.
static void high_cpus_get_low_numbers(void **state)
{
	const uint32_t wish[] = {1000, 1001};
	struct eal e;
	assert_int_equal(plan(&e, cpus(990, 1010), wish, 2, NULL), 0);
	assert_int_equal(e.worker[0].cpu, 1000);
	assert_int_equal(e.worker[0].id, 1);
	assert_int_equal(e.worker[1].id, 2);
	assert_int_equal(e.n_control, 19);
	free(e.worker);
}

static void forbidden_cpus_are_refused(void **state)
{
	const uint32_t wish[] = {9};
	struct err_msg msg = {0};
	struct eal e;
	assert_int_equal(plan(&e, cpus(0, 3), wish, 1, &msg), ERR_RANGE);
	assert_non_null(strstr(msg.text, "CPU 9"));
	free(e.worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_get_the_last_cpus),
		cmocka_unit_test(wishes_are_granted),
		cmocka_unit_test(workers_are_near_their_device),
		cmocka_unit_test(few_cpus_are_shared),
		cmocka_unit_test(high_cpus_get_low_numbers),
		cmocka_unit_test(forbidden_cpus_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
