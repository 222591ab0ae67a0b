// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The feed is for ever: what subscribers were built against may not change. The list of fields in
// tests/data/weir.proto.fields is compared with the messages as compiled: a field may be added (to
// both), a line of the list may never be altered or removed. `test_proto --print` writes the list.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/weir.pb-c.h"

static const ProtobufCMessageDescriptor *const messages[] = {
	&weir__head__descriptor,          &weir__flow_set__descriptor,
	&weir__field__descriptor,         &weir__flow__descriptor,
	&weir__part__descriptor,          &weir__event__descriptor,
	&weir__stats__descriptor,         &weir__counter__descriptor,
	&weir__worker__descriptor,        &weir__ledger__descriptor,
	&weir__input__descriptor,         &weir__memory__descriptor,
	&weir__aggregator__descriptor,    &weir__topic__descriptor,
	&weir__publisher__descriptor,     &weir__final__descriptor,
	&weir__analyzer__descriptor,      &weir__threshold__descriptor,
	&weir__timing__descriptor,        &weir__unknown_record__descriptor,
	&weir__missing__descriptor,       &weir__missed__descriptor,
	&weir__completed_set__descriptor, &weir__completed_flow__descriptor,
};

static const ProtobufCEnumDescriptor *const enums[] = {
	&weir__kind__descriptor,
	&weir__direction__descriptor,
	&weir__role__descriptor,
};

static const char *type_name(const ProtobufCFieldDescriptor *f)
{
	static const char *const names[] = {
		[PROTOBUF_C_TYPE_UINT32] = "uint32",   [PROTOBUF_C_TYPE_UINT64] = "uint64",
		[PROTOBUF_C_TYPE_FIXED64] = "fixed64", [PROTOBUF_C_TYPE_DOUBLE] = "double",
		[PROTOBUF_C_TYPE_BOOL] = "bool",       [PROTOBUF_C_TYPE_STRING] = "string",
		[PROTOBUF_C_TYPE_BYTES] = "bytes",
	};
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return ((const ProtobufCMessageDescriptor *)f->descriptor)->short_name;
	if (f->type == PROTOBUF_C_TYPE_ENUM)
		return ((const ProtobufCEnumDescriptor *)f->descriptor)->short_name;
	return (size_t)f->type < sizeof(names) / sizeof(names[0]) ? names[f->type] : NULL;
}

// All fields and enum values, one per line.
static char *list_now(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		for (unsigned k = 0; k < messages[i]->n_fields; k++) {
			const ProtobufCFieldDescriptor *f = &messages[i]->fields[k];
			const char *type = type_name(f);
			assert_non_null(type);
			fprintf(out, "%s %u %s%s %s\n", messages[i]->short_name, f->id,
				f->label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : "", type,
				f->name);
		}
	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++)
		for (unsigned k = 0; k < enums[i]->n_values; k++)
			fprintf(out, "%s %d %s\n", enums[i]->short_name, enums[i]->values[k].value,
				enums[i]->values[k].name);
	fclose(out);
	return text;
}

static char *list_committed(void)
{
	const char *path = getenv("WEIR_PROTO_FIELDS");
	assert_non_null(path);
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	char *text = NULL;
	size_t size = 0;
	const ssize_t len = getdelim(&text, &size, '\0', in);
	fclose(in);
	assert_true(len > 0);
	return text;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strcspn(p, "\n") == len && memcmp(p, line, len) == 0)
			return true;
	return false;
}

// Every line of @p a is in @p b.
static void assert_lines(const char *a, const char *b, const char *complaint)
{
	for (const char *p = a; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (!has_line(b, p, strcspn(p, "\n")))
			fail_msg("%s: %.*s", complaint, (int)strcspn(p, "\n"), p);
}

static void fields_only_grow(void **state)
{
	(void)state;
	char *committed = list_committed(), *now = list_now();
	assert_lines(committed, now, "a field was changed or removed");
	assert_lines(now, committed, "a new field is not in tests/data/weir.proto.fields yet");
	free(committed);
	free(now);
}

// Any message may be read as Head.
static void head_is_common(void **state)
{
	(void)state;
	Weir__FlowSet set = WEIR__FLOW_SET__INIT;
	set.run = 7, set.sequence = 8, set.time = 9, set.tick = 10;
	set.name = "pair", set.total = 11.0;
	uint8_t bytes[128];
	const size_t size = weir__flow_set__get_packed_size(&set);
	assert_true(size <= sizeof(bytes));
	weir__flow_set__pack(&set, bytes);
	Weir__Head *head = weir__head__unpack(NULL, size, bytes);
	assert_non_null(head);
	assert_int_equal(head->run, 7);
	assert_int_equal(head->sequence, 8);
	assert_int_equal(head->time, 9);
	assert_int_equal(head->tick, 10);
	weir__head__free_unpacked(head, NULL);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(messages[i], "run");
		for (unsigned k = 0; f != NULL && k < weir__head__descriptor.n_fields; k++) {
			const ProtobufCFieldDescriptor *want = &weir__head__descriptor.fields[k];
			assert_int_equal(messages[i]->fields[k].id, want->id);
			assert_int_equal(messages[i]->fields[k].type, want->type);
			assert_string_equal(messages[i]->fields[k].name, want->name);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		fputs(list_now(), stdout);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_only_grow),
		cmocka_unit_test(head_is_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
