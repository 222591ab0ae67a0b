// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/element.h"

#include <string.h>

#include "program/key.h"

static const struct row {
	const char *attribute;
	struct element element;
} rows[] = {
#define ELEMENT(name, id_, size_, shift_) {#name, {.id = id_, .size = size_, .shift = shift_}},
#include "program/elements.def"
#undef ELEMENT
};

const struct element *element_of(const struct field *f)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].attribute, f->name) == 0)
			return &rows[i].element;
	return NULL;
}

const struct element *element_of_value(const struct flow_def *def)
{
	static const struct element bytes = {.id = 1, .size = 8};           // octetDeltaCount
	static const struct element frames = {.id = 2, .size = 8};          // packetDeltaCount
	static const struct element dropped_bytes = {.id = 132, .size = 8}; // droppedOctetDelta...
	static const struct element dropped_frames = {.id = 133, .size = 8};
	switch (def->value_kind) {
	case VALUE_BYTES: return def->dropped ? &dropped_bytes : &bytes;
	case VALUE_FRAMES: return def->dropped ? &dropped_frames : &frames;
	default: return NULL;
	}
}

// Alternatives of one form are not told apart in a key: they must be the same to IPFIX, too.
static bool has_elements(const struct key_part *part)
{
	const struct key_field *alt = part->expr.alt;
	for (unsigned i = 0; i < part->expr.n_alt; i++) {
		const struct element *e = alt[i].function == NULL ? element_of(alt[i].field) : NULL;
		if (e == NULL || (!part->tagged && e->id != element_of(alt[0].field)->id))
			return false;
	}
	return true;
}

// The text of the i-th key expression.
static const char *expression(const struct flow_def *def, unsigned i, size_t *len)
{
	const char *text = def->keys;
	*len = key_split(text, strlen(text), ',');
	for (; i > 0; i--) {
		text += *len + 1;
		*len = key_split(text, strlen(text), ',');
	}
	key_trim(&text, len);
	return text;
}

int element_check(const struct flow_def *def, struct err_msg *msg)
{
	for (unsigned i = 0; i < def->n_part; i++) {
		if (has_elements(&def->part[i]))
			continue;
		size_t len;
		const char *text = expression(def, i, &len);
		return err_set(
			msg, ERR_INVALID,
			"flow \"%s\": keys: \"%.*s\" is nothing that IPFIX has a name for; "
			"with ipfixCollectors, expected MAC or IP addresses, protocols, ports, "
			"VLANs, interfaces and the like, without functions but null: and or:",
			def->name, (int)len, text);
	}
	if (element_of_value(def) == NULL)
		return err_set(msg, ERR_INVALID,
			       "flow \"%s\": value: got \"%s\", expected bytes or frames where "
			       "there are ipfixCollectors",
			       def->name, def->value);
	return 0;
}
