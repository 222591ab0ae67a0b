// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Results and messages.
///
/// A function that can fail returns 0 or a negative `enum err`; a constructor returns a pointer or
/// NULL. Where a person must mend something (configuration, command line, REST body) the function
/// also takes a `struct err_msg` and fills in one line: where, what, and what was expected:
///
///     config/weir.yaml:12:9: flows.pair.n: got "many", expected a whole number from 1 to 100000
///
/// Thread-safety: values only, no state.

#include <stdarg.h>

enum err {
	ERR_NONE = 0,
	ERR_INVALID = -1,    ///< the input is malformed
	ERR_TRUNCATED = -2,  ///< the input ends too early
	ERR_RANGE = -3,      ///< a value is out of its range
	ERR_UNKNOWN = -4,    ///< a name is not known
	ERR_EXISTS = -5,     ///< the name or address is taken
	ERR_FULL = -6,       ///< a bounded table or budget is used up
	ERR_MEMORY = -7,     ///< the allocator refused
	ERR_IO = -8,         ///< the operating system refused; errno says why
	ERR_PERMISSION = -9, ///< rights are missing
	ERR_END = -10,       ///< nothing left: not a failure for an iterator
};

/// One line for a person. Empty (text[0] == 0) until something failed.
struct err_msg {
	char text[512];
};

/// The short English name of a result ("out of range"); never NULL.
const char *err_str(int err);

/// Format a message and return @p err, so that a caller can `return err_set(msg, ERR_RANGE, ...)`.
/// @p msg may be NULL. An earlier message is replaced. Too long a text is cut, never overrun.
int err_set(struct err_msg *msg, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_vset(struct err_msg *msg, int err, const char *fmt, va_list ap);

/// Put "@p where: " before the text already in @p msg; for callers that know the place.
void err_prefix(struct err_msg *msg, const char *where);
