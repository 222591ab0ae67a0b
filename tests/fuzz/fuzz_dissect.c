// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz the sampled header: bytes that anybody on the network can choose. The input is one byte and
// the header. The byte: five bits of header_protocol, one that says that these bytes are a flow
// record instead (of the kind that the five bits choose), two that choose which quarter of the
// fields is read, so that the time goes into more inputs.
//
// Whatever the bytes, both depths agree, the common case decides as the walk does, every offset is
// inside the header, and every field of it can be read and written as text. The input is copied to
// memory of just its size, so that the sanitizer sees a read beyond it.

#include <string.h>

#include "base/cursor.h"
#include "base/strbuf.h"
#include "packet/dissect.h"
#include "packet/field.h"
#include "packet/record.h"
#include "fuzz.h"

enum {
	BEFORE = 8,
	MAX_SIZE = 4096,
	OCCURRENCES = 3
};

static void check_offsets(const struct packet *p, uint32_t len)
{
	FUZZ_CHECK(p->start == BEFORE);
	FUZZ_CHECK(p->end[SPACE_HEADER] >= BEFORE && p->end[SPACE_HEADER] <= BEFORE + len);
	FUZZ_CHECK(p->n_stack <= PACKET_DEPTH);
	for (unsigned i = 0; i < p->n_stack; i++) {
		const struct packet_place *place = &p->stack[i];
		FUZZ_CHECK(place->off >= BEFORE && place->off < BEFORE + len);
		FUZZ_CHECK(place->layer >= LAYER_ETH && place->layer <= LAYER_IBBT);
		FUZZ_CHECK(p->first[place->layer] != 0 && p->first[place->layer] <= place->off);
	}
}

static void check_same(const struct packet *a, const struct packet *b)
{
	FUZZ_CHECK(memcmp(a->first, b->first, sizeof(a->first)) == 0);
	FUZZ_CHECK(a->clipped == b->clipped);
	FUZZ_CHECK(a->n_stack == b->n_stack || a->n_stack == 0 || b->n_stack == 0);
	for (unsigned i = 0; i < a->n_stack && i < b->n_stack; i++)
		FUZZ_CHECK(a->stack[i].layer == b->stack[i].layer &&
			   a->stack[i].off == b->stack[i].off);
}

// Memory of just the size of a field's value, made once.
static uint8_t *value_of(size_t i)
{
	static uint8_t *values[512];
	FUZZ_CHECK(i < sizeof(values) / sizeof(values[0]));
	if (values[i] == NULL)
		values[i] = malloc(field_at(i)->size);
	return values[i];
}

// False when the field is absent.
static bool read_field(const struct packet *p, size_t i, unsigned occurrence)
{
	const struct field *f = field_at(i);
	const size_t size = field_read(f, occurrence, p, value_of(i));
	FUZZ_CHECK(size == 0 || size == f->size || (f->kind == KIND_TEXT && size < f->size));
	if (size == 0)
		return false;
	char text[FIELD_VALUE_MAX * 4];
	struct strbuf b = strbuf_of(text, sizeof(text));
	field_format(&b, f->kind, value_of(i), size, f->bits);
	FUZZ_CHECK(!b.cut);
	return true;
}

// An occurrence is looked for where the one before was found: what is not there is nearly always
// not there at all.
static void read_fields(const struct packet *p, unsigned quarter, unsigned n_occurrences)
{
	const size_t n = field_count();
	for (size_t i = quarter; i < n; i += 4)
		for (unsigned k = 0; k < n_occurrences && read_field(p, i, k); k++)
			;
}

// The whole input as one flow record, behind its tag and length.
static void read_record(const uint8_t *input, uint32_t size, unsigned kind, unsigned quarter)
{
	static const uint16_t formats[] = {1001, 1002, 1003, 1023, 1024, 1025, 1026, 1029, 1030,
					   1036, 1039, 1040, 2200, 2202, 2206, 2209, 2210};
	const uint16_t format = formats[kind % (sizeof(formats) / sizeof(formats[0]))];
	uint8_t *data = malloc(BEFORE + size);
	struct packet p;
	store_be32(data, format);
	store_be32(data + 4, size);
	memcpy(data + BEFORE, input, size);
	packet_reset(&p, data, BEFORE + size);
	if (packet_record(&p, format, BEFORE, size) == PACKET_RECORD_NOTED)
		read_fields(&p, quarter, 1);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (size < 1 || size > MAX_SIZE)
		return 0;
	const uint32_t protocol = input[0] & 31, len = (uint32_t)size - 1;
	const unsigned quarter = input[0] >> 6;
	if (input[0] & 32) {
		read_record(input + 1, len, protocol, quarter);
		return 0;
	}
	uint8_t *data = malloc(BEFORE + len);
	memset(data, 0xff, BEFORE);
	memcpy(data + BEFORE, input + 1, len);
	struct packet all, outer, walked;
	packet_reset(&all, data, BEFORE + len);
	packet_dissect(&all, protocol, BEFORE, len, DISSECT_ALL);
	packet_reset(&outer, data, BEFORE + len);
	packet_dissect(&outer, protocol, BEFORE, len, DISSECT_OUTER);
	packet_reset(&walked, data, BEFORE + len);
	packet_walk(&walked, protocol, BEFORE, len, DISSECT_ALL);
	check_offsets(&all, len);
	check_same(&all, &outer);
	check_same(&all, &walked);
	FUZZ_CHECK(all.n_stack == walked.n_stack);
	read_fields(&all, quarter, OCCURRENCES);
	free(data);
	return 0;
}
