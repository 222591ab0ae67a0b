// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz the cursor, on which every bounds check of the wire formats stands, against a model: a
// position, an end and a flag. The input is a program, of pairs (operation, operand), and behind
// its first zero operation the bytes that are read.
//
// Whatever the program: the cursor reads what the model reads, fails where it fails, and a parent
// and a child cursor never leave the bytes that are theirs. The bytes are copied to memory of just
// their size, so that the sanitizer sees a read beyond them.

#include <string.h>

#include "base/cursor.h"
#include "fuzz.h"

enum {
	MAX_SIZE = 1024,
	DEPTH = 8, // cursors of cursors
};

enum operation {
	OP_END,
	OP_U8,
	OP_U16,
	OP_U32,
	OP_U64,
	OP_BYTES,
	OP_SKIP,
	OP_HUGE, // more bytes than there can be: the upper end of size_t
	OP_ITEM, // a length word of the wire and what it promises, padded
	OP_SUB,  // go into a part
	OP_UP,   // go back to the whole
	N_OPERATIONS,
};

struct model {
	size_t pos, end;
	bool bad;
};

struct machine {
	const uint8_t *data;
	struct cursor c[DEPTH];
	struct model m[DEPTH];
	unsigned top;
};

// Where the model's next n bytes begin; false when they are not there, and nothing is left then.
static bool model_take(struct model *m, size_t n, size_t *at)
{
	*at = m->pos;
	if (n > m->end - m->pos) {
		m->bad = true;
		m->pos = m->end;
		return false;
	}
	m->pos += n;
	return true;
}

static uint64_t model_number(struct model *m, const uint8_t *data, size_t n)
{
	size_t at;
	uint64_t v = 0;
	if (model_take(m, n, &at))
		for (size_t i = 0; i < n; i++)
			v = v << 8 | data[at + i];
	return v;
}

static void check_bytes(struct machine *x, size_t n)
{
	size_t at;
	const uint8_t *p = cursor_bytes(&x->c[x->top], n);
	if (!model_take(&x->m[x->top], n, &at)) {
		FUZZ_CHECK(p == NULL);
		return;
	}
	FUZZ_CHECK(p == x->data + at);
	volatile uint8_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum ^ p[i]);
}

static void check_item(struct machine *x)
{
	const uint32_t len = cursor_u32(&x->c[x->top]);
	FUZZ_CHECK(len == model_number(&x->m[x->top], x->data, 4));
	const uint64_t padded = xdr_padded(len);
	FUZZ_CHECK(padded >= len && padded - len < 4 && padded % 4 == 0);
	check_bytes(x, padded);
}

static void check_sub(struct machine *x, size_t n)
{
	size_t at;
	if (x->top + 1 == DEPTH)
		return;
	struct model *m = &x->m[x->top];
	x->c[x->top + 1] = cursor_sub(&x->c[x->top], n);
	x->m[x->top + 1] = model_take(m, n, &at)
				   ? (struct model){.pos = at, .end = at + n}
				   : (struct model){.pos = m->end, .end = m->end, .bad = true};
	x->top++;
}

static void check_same(const struct machine *x)
{
	const struct cursor *c = &x->c[x->top];
	const struct model *m = &x->m[x->top];
	FUZZ_CHECK(c->p == x->data + m->pos && c->end == x->data + m->end);
	FUZZ_CHECK(c->bad == m->bad && cursor_left(c) == m->end - m->pos);
}

static void step(struct machine *x, enum operation op, uint8_t operand)
{
	struct cursor *c = &x->c[x->top];
	struct model *m = &x->m[x->top];
	size_t at;
	switch (op) {
	case OP_U8: FUZZ_CHECK(cursor_u8(c) == model_number(m, x->data, 1)); break;
	case OP_U16: FUZZ_CHECK(cursor_u16(c) == model_number(m, x->data, 2)); break;
	case OP_U32: FUZZ_CHECK(cursor_u32(c) == model_number(m, x->data, 4)); break;
	case OP_U64: FUZZ_CHECK(cursor_u64(c) == model_number(m, x->data, 8)); break;
	case OP_BYTES: check_bytes(x, operand); break;
	case OP_SKIP:
		cursor_skip(c, operand);
		model_take(m, operand, &at);
		break;
	case OP_HUGE: check_bytes(x, SIZE_MAX - operand); break;
	case OP_ITEM: check_item(x); break;
	case OP_SUB: check_sub(x, operand); break;
	case OP_UP: x->top -= x->top > 0; break;
	case OP_END:
	case N_OPERATIONS: break;
	}
	check_same(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	size_t program = 0;
	if (size > MAX_SIZE)
		return 0;
	while (program + 2 <= size && input[program] % N_OPERATIONS != OP_END)
		program += 2;
	const size_t from = program + 2 <= size ? program + 2 : size, len = size - from;
	uint8_t *data = malloc(len > 0 ? len : 1);
	FUZZ_CHECK(data != NULL);
	memcpy(data, input + from, len);
	struct machine x = {.data = data};
	x.c[0] = cursor_of(data, len);
	x.m[0] = (struct model){.end = len};
	for (size_t i = 0; i < program; i += 2)
		step(&x, (enum operation)(input[i] % N_OPERATIONS), input[i + 1]);
	free(data);
	return 0;
}
