// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "jsonline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *hex_of(const ProtobufCBinaryData *bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * bytes->len + 1);
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < bytes->len; i++) {
		text[2 * i] = digits[bytes->data[i] >> 4];
		text[2 * i + 1] = digits[bytes->data[i] & 0xf];
	}
	json_t *json = json_stringn(text, 2 * bytes->len);
	free(text);
	return json;
}

static json_t *enum_of(const ProtobufCEnumDescriptor *descriptor, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(descriptor, value);
	return v != NULL ? json_string(v->name) : json_integer(value);
}

static json_t *text_of(const char *text)
{
	json_t *json = json_string(text != NULL ? text : "");
	return json != NULL ? json : json_null(); // no UTF-8: not from weir
}

// The value at @p p, of a field's type.
static json_t *value_of(const ProtobufCFieldDescriptor *f, const void *p)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_UINT32: return json_integer(*(const uint32_t *)p);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: return json_integer((json_int_t) * (const uint64_t *)p);
	case PROTOBUF_C_TYPE_DOUBLE:
		return isfinite(*(const double *)p) ? json_real(*(const double *)p) : json_null();
	case PROTOBUF_C_TYPE_BOOL: return json_boolean(*(const protobuf_c_boolean *)p);
	case PROTOBUF_C_TYPE_ENUM: return enum_of(f->descriptor, *(const int *)p);
	case PROTOBUF_C_TYPE_STRING: return text_of(*(char *const *)p);
	case PROTOBUF_C_TYPE_BYTES: return hex_of(p);
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *m = *(ProtobufCMessage *const *)p;
		return m != NULL ? jsonline_of(m) : json_null();
	}
	default: return json_null(); // a type that weir.proto does not use
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_UINT32: return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_DOUBLE: return sizeof(double);
	case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
	case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
	default: return sizeof(void *);
	}
}

static json_t *list_of(const ProtobufCFieldDescriptor *f, const char *items, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < n; i++)
		json_array_append_new(list, value_of(f, items + i * size_of(f)));
	return list;
}

json_t *jsonline_of(const ProtobufCMessage *message)
{
	const char *base = (const char *)message;
	const ProtobufCMessageDescriptor *d = message->descriptor;
	json_t *object = json_object();
	for (unsigned i = 0; object != NULL && i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		const char *p = base + f->offset;
		json_t *value = f->label == PROTOBUF_C_LABEL_REPEATED
					? list_of(f, *(char *const *)p,
						  *(const size_t *)(base + f->quantifier_offset))
					: value_of(f, p);
		json_object_set_new(object, f->name, value);
	}
	return object;
}

void jsonline_print(const char *topic, uint64_t lost, const ProtobufCMessage *message)
{
	json_t *line = json_object(), *fields = jsonline_of(message);
	json_object_set_new(line, "topic", text_of(topic));
	json_object_set_new(line, "lost", json_integer((json_int_t)lost));
	json_object_update(line, fields);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(fields);
	json_decref(line);
}
