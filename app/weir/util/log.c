// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/util/log.h"

#include <stdarg.h>

static const char *const names[N_LOG_TYPES] = {
	[LOG_MAIN] = "weir.main",
	[LOG_EAL] = "weir.eal",
	[LOG_PORT] = "weir.port",
	[LOG_SOCKET] = "weir.socket",
	[LOG_REPLAY] = "weir.replay",
	[LOG_MEMORY] = "weir.memory",
	[LOG_AGGREGATOR] = "weir.aggregator",
	[LOG_PUBLISH] = "weir.publish",
	[LOG_TELEMETRY] = "weir.telemetry",
	[LOG_HTTP] = "weir.http",
};

static int types[N_LOG_TYPES];

// DPDK takes the levels of --log-level over to types that are registered before or after it.
__attribute__((constructor)) static void register_types(void)
{
	for (int i = 0; i < N_LOG_TYPES; i++)
		types[i] = rte_log_register_type_and_pick_level(names[i], RTE_LOG_INFO);
}

void log_line(uint32_t level, enum log_type type, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rte_log(level, (uint32_t)types[type], "%s: %s\n", names[type], text);
}

void log_set_level(uint32_t level)
{
	for (int i = 0; i < N_LOG_TYPES; i++)
		rte_log_set_level((uint32_t)types[i], level);
}

void log_hold(struct log_hold *h)
{
	*h = (struct log_hold){0};
	if (rte_log_get_level((uint32_t)types[LOG_EAL]) < (int)RTE_LOG_DEBUG)
		h->stream = open_memstream(&h->text, &h->size);
	if (h->stream != NULL)
		rte_openlog_stream(h->stream);
}

void log_release(struct log_hold *h)
{
	// EAL's own default would write to the system log too.
	rte_openlog_stream(stderr);
	if (h->stream != NULL)
		fclose(h->stream);
	h->stream = NULL;
}
