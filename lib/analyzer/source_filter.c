// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "analyzer/source_filter.h"

#include <string.h>

#include "analyzer/metric_row.h"
#include "analyzer/state.h"

static size_t count(const char *text, char what)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += *text == what;
	return n;
}

// Where the parts lie; without a base it only measures.
static struct source_filter *layout(struct carve *c, const char *text, const char ***pattern,
				    char **copy)
{
	struct source_filter *f = carve(c, 1, sizeof(*f));
	struct metric_filter *filter = carve(c, count(text, '\n') + 1, sizeof(*filter));
	*pattern = carve(c, count(text, '\t') + 1, sizeof(**pattern));
	*copy = carve(c, strlen(text) + 1, 1);
	if (f != NULL)
		f->filter = filter;
	return f;
}

size_t source_filter_size(const char *text)
{
	struct carve c = {0};
	const char **pattern;
	char *copy;
	layout(&c, text != NULL ? text : "", &pattern, &copy);
	return c.used;
}

struct source_filter *source_filter_init(void *mem, const struct analyzer *a, const char *text)
{
	struct carve c = {.base = mem};
	const char **pattern;
	char *copy;
	text = text != NULL ? text : "";
	struct source_filter *f = layout(&c, text, &pattern, &copy);
	f->analyzer = a;
	memcpy(copy, text, strlen(text) + 1);
	const char *rest = copy;
	struct threshold_part part = {.last = true};
	while (threshold_filter_next(&rest, &part)) {
		copy[part.text - copy + (ptrdiff_t)part.len] = '\0';
		if (part.metric) {
			f->filter[f->n++] = (struct metric_filter){
				.column = {.token = part.text,
					   .name = part.text,
					   .name_len = part.len},
				.pattern = pattern,
			};
			continue;
		}
		*pattern++ = part.text;
		f->filter[f->n - 1].n++;
	}
	return f;
}

bool source_filter_passes(struct source_filter *f, uint32_t port)
{
	if (f->n == 0)
		return true;
	const uint32_t slot = port % SOURCE_FILTER_SLOTS;
	if (f->known[slot].port != port || f->known[slot].tick != f->analyzer->ticks) {
		const struct row_reader r = {.a = f->analyzer, .port = port, .no_flows = true};
		f->known[slot].port = port;
		f->known[slot].tick = f->analyzer->ticks;
		f->known[slot].passes = row_passes(&r, f->filter, f->n);
	}
	return f->known[slot].passes;
}
