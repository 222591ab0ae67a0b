// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// From what was said to what is built: the program, the sizes of tables, and what they take.
///
///     struct program *program = config_compile(&c, &msg);
///     struct bank_config bank = {0};
///     struct intake_policy policy;
///     config_bank(&c, &bank);      // sizes; the caller adds secret and seed
///     config_policy(&c, &policy);
///
/// config_finish() has done all of it once: a configuration that it accepted compiles and fits.
///
/// Thread-safety: a configuration is constant once it is finished. Memory: the program is the
/// caller's, to be freed with program_free(); a policy points at the configuration, which must
/// outlive it.

#include "analyzer/analyzer.h"
#include "bank/bank.h"
#include "weir/config/config.h"

/// Compile the flow definitions. NULL and a message that names file, line, column and member.
struct program *config_compile(const struct config *c, struct err_msg *msg);

/// True when @p def names a group or map that is not there (yet); @p msg says so.
bool config_awaits(const struct flow_def *def, struct err_msg *msg);

/// The sizes of a bank and of an intake.
void config_bank(const struct config *c, struct bank_config *out);
/// The sizes of the analyzer.
void config_analyzer(const struct config *c, struct analyzer_config *out);
/// Who may send, how much, and which sampling rates count.
void config_policy(const struct config *c, struct intake_policy *out);

/// Bytes that banks, intakes and the analyzer take together.
uint64_t config_memory(const struct config *c, const struct program *program);
/// 0, or ERR_FULL when that is more than the budget allows.
int config_check_memory(const struct config *c, const struct program *program, struct err_msg *msg);
