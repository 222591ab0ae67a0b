// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Any message as JSON, by its descriptor: every field, also one that was added yesterday.
///
/// Names are those of weir.proto; an enum is the name of its value, bytes are hexadecimal, a number
/// that is not finite is null. Thread-safety: no state.

#include <stdint.h>

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/// A new object, or NULL when memory is short.
json_t *jsonline_of(const ProtobufCMessage *message);

/// Print one line: {"topic": ..., "lost": ..., and the fields of @p message}.
void jsonline_print(const char *topic, uint64_t lost, const ProtobufCMessage *message);
