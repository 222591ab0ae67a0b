// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/eal.h"

#include <stdlib.h>

#include <rte_config.h>

static int allow(const struct eal_config *c, const cpu_set_t *may, cpu_set_t *allowed,
		 struct err_msg *msg);
static int place_wishes(struct eal *e, const struct eal_config *c, const cpu_set_t *may,
			struct err_msg *msg);
static void place_others(struct eal *e, const struct eal_config *c, const cpu_set_t *allowed);
static void set_control(struct eal *e, const cpu_set_t *allowed);
static int number_lcores(struct eal *e, struct err_msg *msg);

int eal_plan(struct eal *e, const struct eal_config *config, const cpu_set_t *may,
	     struct err_msg *msg)
{
	cpu_set_t allowed;
	e->n_workers = config->n_workers;
	e->worker = calloc(config->n_workers + 1, sizeof(*e->worker));
	if (e->worker == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	int err = allow(config, may, &allowed, msg);
	if (err == 0)
		err = place_wishes(e, config, may, msg);
	if (err != 0)
		return err;
	place_others(e, config, &allowed);
	set_control(e, &allowed);
	return number_lcores(e, msg);
}

static int refuse_cpu(uint32_t cpu, struct err_msg *msg)
{
	return err_set(
		msg, ERR_RANGE,
		"lcores: this process may not run on CPU %u: `taskset -cp $$` shows where it "
		"may",
		cpu);
}

static bool has(const cpu_set_t *set, uint32_t cpu)
{
	return cpu < CPU_SETSIZE && CPU_ISSET(cpu, set);
}

// CPUs that the configuration names, or all that the process may run on.
static int allow(const struct eal_config *c, const cpu_set_t *may, cpu_set_t *allowed,
		 struct err_msg *msg)
{
	if (c->n_cpus == 0) {
		*allowed = *may;
		return 0;
	}
	CPU_ZERO(allowed);
	for (uint32_t i = 0; i < c->n_cpus; i++) {
		if (!has(may, c->cpus[i]))
			return refuse_cpu(c->cpus[i], msg);
		CPU_SET(c->cpus[i], allowed);
	}
	return 0;
}

static int place_wishes(struct eal *e, const struct eal_config *c, const cpu_set_t *may,
			struct err_msg *msg)
{
	for (uint32_t i = 0; i < c->n_workers; i++) {
		if (c->wish[i] != EAL_ANY_CPU && !has(may, c->wish[i]))
			return refuse_cpu(c->wish[i], msg);
		e->worker[i].cpu = c->wish[i];
	}
	return 0;
}

// The @p k-th CPU of a set that is not empty, counted round and round.
static uint32_t nth_cpu(const cpu_set_t *set, uint32_t k)
{
	k %= (uint32_t)CPU_COUNT(set);
	for (uint32_t cpu = 0;; cpu++)
		if (CPU_ISSET(cpu, set) && k-- == 0)
			return cpu;
}

// Does it matter to the worker where it is?
static bool is_choosy(const struct eal_config *c, uint32_t i)
{
	return c->near != NULL && CPU_COUNT(&c->near[i]) > 0;
}

// Workers from @p i on that want one of the same CPUs.
static uint32_t count_alike(const struct eal_config *c, uint32_t i)
{
	uint32_t n = 0;
	for (uint32_t k = i; k < c->n_workers; k++)
		n += c->wish[k] == EAL_ANY_CPU && is_choosy(c, k) == is_choosy(c, i) &&
		     (!is_choosy(c, i) || CPU_EQUAL(&c->near[k], &c->near[i]));
	return n;
}

// One of @p left, near the device as long as there is one; when all have been given, once more.
static uint32_t choose(const struct eal_config *c, uint32_t i, const cpu_set_t *all,
		       cpu_set_t *left)
{
	if (CPU_COUNT(left) == 0)
		*left = *all;
	cpu_set_t from = *left;
	if (is_choosy(c, i))
		CPU_AND(&from, left, &c->near[i]);
	if (CPU_COUNT(&from) == 0)
		from = *left;
	const uint32_t n = (uint32_t)CPU_COUNT(&from), alike = count_alike(c, i);
	const uint32_t cpu = nth_cpu(&from, n > alike ? n - alike : 0);
	CPU_CLR(cpu, left);
	return cpu;
}

// The last of the free CPUs: the first ones, where interrupts and housekeeping tend to live, are
// left for control. Who cares chooses first.
static void place_others(struct eal *e, const struct eal_config *c, const cpu_set_t *allowed)
{
	cpu_set_t all = *allowed;
	for (uint32_t i = 0; i < c->n_workers; i++)
		if (c->wish[i] != EAL_ANY_CPU)
			CPU_CLR(c->wish[i], &all);
	if (CPU_COUNT(&all) == 0)
		all = *allowed;
	cpu_set_t left = all;
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < c->n_workers; i++)
			if (c->wish[i] == EAL_ANY_CPU && is_choosy(c, i) == (pass == 0))
				e->worker[i].cpu = choose(c, i, &all, &left);
}

static void set_control(struct eal *e, const cpu_set_t *allowed)
{
	e->control = *allowed;
	for (uint32_t i = 0; i < e->n_workers; i++)
		CPU_CLR(e->worker[i].cpu, &e->control);
	if (CPU_COUNT(&e->control) == 0)
		e->control = *allowed;
	e->n_control = (uint32_t)CPU_COUNT(&e->control);
}

// An lcore goes by the number of its CPU if every one has its own and DPDK can count so far.
static int number_lcores(struct eal *e, struct err_msg *msg)
{
	cpu_set_t taken;
	bool own = true;
	CPU_ZERO(&taken);
	e->main_lcore = nth_cpu(&e->control, 0);
	CPU_SET(e->main_lcore, &taken);
	for (uint32_t i = 0; i < e->n_workers; i++) {
		own = own && !has(&taken, e->worker[i].cpu) && e->worker[i].cpu < RTE_MAX_LCORE;
		CPU_SET(e->worker[i].cpu, &taken);
	}
	own = own && e->main_lcore < RTE_MAX_LCORE;
	if (!own && e->n_workers >= RTE_MAX_LCORE)
		return err_set(msg, ERR_RANGE, "%u workers, this DPDK has room for %d lcores",
			       e->n_workers, RTE_MAX_LCORE - 1);
	e->main_lcore = own ? e->main_lcore : 0;
	for (uint32_t i = 0; i < e->n_workers; i++)
		e->worker[i].id = own ? e->worker[i].cpu : i + 1;
	return 0;
}
