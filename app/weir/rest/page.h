// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The files of page/, as they are, in the program (scripts/embed).
///
/// Thread-safety: constant.

#include <stddef.h>

extern const unsigned char page_index_html[], page_page_js[], page_page_css[];
extern const size_t page_index_html_size, page_page_js_size, page_page_css_size;
