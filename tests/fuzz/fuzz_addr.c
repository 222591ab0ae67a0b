// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Address text, as it comes from configuration files and filters: what is read is written back in a
// form that reads as the same address.

#include <string.h>

#include "base/addr.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char in[128], out[ADDR_TEXT_SIZE];
	if (size >= sizeof(in))
		return 0;
	memcpy(in, data, size);
	in[size] = '\0';
	struct addr a, again;
	unsigned bits;
	if (addr_parse(in, &a) == 0) {
		FUZZ_CHECK(addr_parse(addr_text(&a, out), &again) == 0);
		FUZZ_CHECK(addr_equal(&a, &again));
	}
	if (addr_parse_prefix(in, &a, &bits) == 0) {
		FUZZ_CHECK(bits <= (a.family == ADDR_IP4 ? 32 : 128));
		FUZZ_CHECK(addr_in_prefix(&a, &a, bits));
	}
	uint8_t mac[6], mac_again[6];
	if (addr_mac_parse(in, mac) == 0) {
		struct strbuf b = strbuf_of(out, sizeof(out));
		addr_mac_format(&b, mac);
		FUZZ_CHECK(addr_mac_parse(out, mac_again) == 0);
		FUZZ_CHECK(memcmp(mac, mac_again, sizeof(mac)) == 0);
	}
	return 0;
}
