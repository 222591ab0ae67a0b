// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[0] = "no error",
	[-ERR_INVALID] = "malformed",
	[-ERR_TRUNCATED] = "truncated",
	[-ERR_RANGE] = "out of range",
	[-ERR_UNKNOWN] = "unknown",
	[-ERR_EXISTS] = "already exists",
	[-ERR_FULL] = "full",
	[-ERR_MEMORY] = "out of memory",
	[-ERR_IO] = "input/output error",
	[-ERR_PERMISSION] = "permission denied",
	[-ERR_END] = "end",
};

const char *err_str(int err)
{
	if (err > 0 || -err >= (int)(sizeof(names) / sizeof(names[0])))
		return "unknown error";
	return names[-err];
}

int err_vset(struct err_msg *msg, int err, const char *fmt, va_list ap)
{
	if (msg != NULL)
		vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
	return err;
}

int err_set(struct err_msg *msg, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_vset(msg, err, fmt, ap);
	va_end(ap);
	return err;
}

void err_prefix(struct err_msg *msg, const char *where)
{
	if (msg == NULL)
		return;
	char text[sizeof(msg->text)];
	memcpy(text, msg->text, sizeof(text));
	const int n = snprintf(msg->text, sizeof(msg->text), "%s: ", where);
	if (n > 0 && (size_t)n < sizeof(msg->text)) {
		const size_t left = sizeof(msg->text) - (size_t)n;
		strncpy(msg->text + n, text, left - 1);
		msg->text[sizeof(msg->text) - 1] = '\0';
	}
}
