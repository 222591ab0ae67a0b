// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/statistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool selects(enum metric_aggregate a)
{
	return a == METRIC_MAX || a == METRIC_MIN || a == METRIC_ANY;
}

static bool has_quartiles(enum metric_aggregate a)
{
	return a == METRIC_MED || a == METRIC_Q1 || a == METRIC_Q2 || a == METRIC_Q3 ||
	       a == METRIC_IQR;
}

static bool is_better(const struct statistic *s, const struct metric_cell *cell)
{
	if (!s->selected)
		return true;
	if (s->aggregate == METRIC_ANY)
		return false;
	if (cell->kind != s->kind)
		return cell->kind == METRIC_NUMBER;
	const bool greater = cell->kind == METRIC_NUMBER ? cell->number > s->value
							 : strcmp(cell->text, s->text) > 0;
	const bool equal = cell->kind == METRIC_NUMBER ? cell->number == s->value
						       : strcmp(cell->text, s->text) == 0;
	return !equal && greater == (s->aggregate == METRIC_MAX);
}

static void choose(struct statistic *s, const struct metric_cell *cell,
		   const struct metric_row *row)
{
	s->selected = true;
	s->kind = cell->kind;
	s->time = cell->time;
	s->flow = cell->flow;
	s->agent = row->agent;
	s->ds_class = row->ds_class;
	s->ds_index = row->ds_index;
	snprintf(s->source, sizeof(s->source), "%s", row->source);
	if (cell->kind == METRIC_NUMBER)
		s->value = cell->number;
	else
		snprintf(s->text, sizeof(s->text), "%s", cell->text);
}

static int keep(struct statistic *s, double value)
{
	if (s->n_all == s->room) {
		const uint64_t room = s->room == 0 ? 256 : 2 * s->room;
		double *all = realloc(s->all, room * sizeof(*all));
		if (all == NULL)
			return ERR_MEMORY;
		s->all = all;
		s->room = room;
	}
	s->all[s->n_all++] = value;
	return 0;
}

int statistic_add(struct statistic *s, const struct metric_cell *cell, const struct metric_row *row)
{
	s->youngest = s->n == 0 || cell->time > s->youngest ? cell->time : s->youngest;
	s->oldest = s->n == 0 || cell->time < s->oldest ? cell->time : s->oldest;
	s->n++;
	if (selects(s->aggregate)) {
		if (is_better(s, cell))
			choose(s, cell, row);
		return 0;
	}
	if (cell->kind != METRIC_NUMBER)
		return 0;
	s->n_numbers++;
	s->sum += cell->number;
	const double off = cell->number - s->mean;
	s->mean += off / (double)s->n_numbers;
	s->m2 += off * (cell->number - s->mean);
	return has_quartiles(s->aggregate) ? keep(s, cell->number) : 0;
}

static int compare(const void *x, const void *y)
{
	const double a = *(const double *)x, b = *(const double *)y;
	return (a > b) - (a < b);
}

static double quantile(const struct statistic *s, double p)
{
	const double at = p * (double)(s->n_all - 1);
	const uint64_t i = (uint64_t)at;
	const double next = i + 1 < s->n_all ? s->all[i + 1] : s->all[i];
	return s->all[i] + (at - (double)i) * (next - s->all[i]);
}

static void quartiles(struct statistic *s)
{
	qsort(s->all, s->n_all, sizeof(*s->all), compare);
	s->min = s->all[0];
	s->q1 = quantile(s, 0.25);
	s->med = quantile(s, 0.5);
	s->q3 = quantile(s, 0.75);
	s->max = s->all[s->n_all - 1];
}

bool statistic_end(struct statistic *s)
{
	if (selects(s->aggregate))
		return s->selected;
	if (s->n_numbers == 0)
		return false;
	s->kind = METRIC_NUMBER;
	if (has_quartiles(s->aggregate))
		quartiles(s);
	switch (s->aggregate) {
	case METRIC_SUM: s->value = s->sum; break;
	case METRIC_AVG: s->value = s->mean; break;
	case METRIC_VAR: s->value = s->m2 / (double)s->n_numbers; break;
	case METRIC_SDEV: s->value = sqrt(s->m2 / (double)s->n_numbers); break;
	case METRIC_Q1: s->value = s->q1; break;
	case METRIC_Q3: s->value = s->q3; break;
	case METRIC_IQR: s->value = s->q3 - s->q1; break;
	default: s->value = s->med; break;
	}
	return true;
}

void statistic_free(struct statistic *s)
{
	free(s->all);
	s->all = NULL;
	s->n_all = s->room = 0;
}
