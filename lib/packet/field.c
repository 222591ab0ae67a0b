// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "packet/field.h"

#include <string.h>

#include "base/cursor.h"
#include "base/suggest.h"
#include "packet/compute.h"

static const struct field fields[] = {
#define FIELD(name_, layer_, offset_, width_, shift_, bits_, kind_) \
	{                                                           \
		.name = #name_,                                     \
		.layer = LAYER_##layer_,                            \
		.space = (uint8_t)LAYER_SPACE_##layer_,             \
		.offset = offset_,                                  \
		.width = width_,                                    \
		.shift = shift_,                                    \
		.bits = bits_,                                      \
		.kind = KIND_##kind_,                               \
		.size = ((bits_) + 7) / 8,                          \
	},
#define COMPUTED(name_, function_, size_, kind_)                          \
	{                                                                 \
		.name = #name_,                                           \
		.compute = field_compute_##function_,                     \
		.bits = KIND_##kind_ == KIND_TEXT ? 0 : 8 * (size_)&0xff, \
		.kind = KIND_##kind_,                                     \
		.size = size_,                                            \
	},
#include "packet/fields.def"
#undef FIELD
#undef COMPUTED
};

size_t field_count(void)
{
	return N_FIELDS;
}

const struct field *field_at(size_t i)
{
	return &fields[i];
}

const struct field *field_find(const char *name, size_t len)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		if (strncmp(fields[i].name, name, len) == 0 && fields[i].name[len] == '\0')
			return &fields[i];
	return NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
	(void)ctx;
	return fields[i].name;
}

const char *field_suggest(const char *name, size_t len)
{
	return suggest(name, len, N_FIELDS, name_at, NULL);
}

static uint64_t load(const uint8_t *b, unsigned width)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < width; i++)
		v = v << 8 | b[i];
	return v;
}

static void store(uint8_t *b, unsigned width, uint64_t v)
{
	for (unsigned i = width; i-- > 0; v >>= 8)
		b[i] = (uint8_t)v;
}

size_t field_read(const struct field *f, unsigned occurrence, const struct packet *p, uint8_t *out)
{
	if (f->compute != NULL)
		return f->compute(p, occurrence, out);
	const uint16_t layer = packet_layer_at(p, f->layer, occurrence);
	if (layer == 0)
		return 0;
	const uint8_t *b = packet_bytes(p, f->space, (uint32_t)layer + f->offset, f->width);
	if (b == NULL)
		return 0;
	if (f->bits == 8 * f->width)
		memcpy(out, b, f->width);
	else
		store(out, f->size, load(b, f->width) >> f->shift & (((uint64_t)1 << f->bits) - 1));
	return f->size;
}

bool field_needs_stack(const struct field *f, unsigned occurrence)
{
	return occurrence > 0 || f->compute == field_compute_stack;
}

bool field_number(const struct field *f, unsigned occurrence, const struct packet *p, uint64_t *out)
{
	uint8_t value[FIELD_VALUE_MAX];
	const size_t size = f->kind == KIND_TEXT ? 0 : field_read(f, occurrence, p, value);
	if (size == 0 || size > 8)
		return false;
	*out = load(value, (unsigned)size);
	return true;
}
