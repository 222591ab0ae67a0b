// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/datagram.h"

const char *sflow_reason_text(enum sflow_reason reason)
{
	static const char *const texts[SFLOW_N_REASONS] = {[SFLOW_OK] = "",
#define X(constant, text) [constant] = text,
							   SFLOW_REASONS(X)
#undef X
	};
	return reason < SFLOW_N_REASONS ? texts[reason] : "";
}
