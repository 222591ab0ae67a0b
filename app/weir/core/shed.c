// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/core/shed.h"

#include <math.h>

#include "bank/bank.h"

static bool set(struct shed *s, double factor)
{
	const double before = s->keep;
	s->keep = fmin(fmax(s->keep * factor, INTAKE_KEEP_MIN), 1);
	return s->keep != before;
}

bool shed_look(struct shed *s, double fill, bool losing)
{
	s->polls = 0;
	if (fill < 0)
		fill = s->keep == 1 && !losing ? 0 : (double)s->full / SHED_FULL;
	if (fill >= SHED_URGENT)
		return set(s, 0.5);
	if (fill >= SHED_HIGH)
		return set(s, 0.8);
	return fill < SHED_LOW && set(s, 1.02);
}

bool shed_rest(struct shed *s)
{
	return set(s, 1.1);
}
