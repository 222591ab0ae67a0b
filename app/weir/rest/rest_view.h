// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A view (analyzer/view.h) for a request: read in slices, refused as REST refuses.
///
/// Thread-safety: functions of their arguments; the analyzer's lock is taken for a slice. Memory:
/// the view is the caller's.

#include "analyzer/view.h"
#include "weir/http/http.h"

enum {
	REST_MAX_FLOWS = 100,      ///< default of maxFlows
	REST_MOST_FLOWS = 1000000, ///< more are not asked of a view, whatever the client says
};

/// A view that has been read, or NULL and a refusal, with status @p unknown where there is no such
/// flow.
struct view *rest_view(const struct http_request *r, struct http_answer *a,
		       const struct view_query *q, unsigned unknown);

/// The parameter aggMode, VIEW_MAX where there is none; false and a 400.
bool rest_view_mode(const struct http_request *r, struct http_answer *a, enum view_mode *mode);
