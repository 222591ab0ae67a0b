// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Values worked out of flow records whose parts have no fixed place.

#include "packet/compute.h"

// The body of a record, by the length word before it; empty and bad when there is none.
static struct cursor record_body(const struct packet *p, enum packet_layer layer,
				 unsigned occurrence)
{
	const uint32_t off = occurrence == 0 ? p->first[layer] : 0;
	const uint8_t *length = off < 4 ? NULL : packet_bytes(p, SPACE_RECORD, off - 4, 4);
	if (length == NULL) {
		struct cursor none = cursor_of(p->base[SPACE_RECORD], 0);
		none.bad = true;
		return none;
	}
	struct cursor rest = cursor_of(length + 4, p->end[SPACE_RECORD] - off);
	return cursor_sub(&rest, load_be32(length));
}

// An XDR string: bytes and length, moved behind its padding. NULL when it does not fit.
static const uint8_t *record_string(struct cursor *c, uint32_t *len)
{
	*len = cursor_u32(c);
	const uint8_t *s = cursor_bytes(c, *len);
	if (c->bad)
		return NULL;
	const uint64_t padding = xdr_padded(*len) - *len;
	cursor_skip(c, padding < cursor_left(c) ? padding : cursor_left(c));
	return s;
}

static void skip_strings(struct cursor *c, unsigned n)
{
	uint32_t len;
	while (n-- > 0)
		record_string(c, &len);
}

// ---- extended_switch

// A word of the record; all ones is what the agent does not know, or a frame without a tag.
static size_t compute_known(const struct packet *p, unsigned occurrence, uint32_t at, uint8_t *out)
{
	const uint32_t off = packet_layer_at(p, LAYER_SWITCH, occurrence);
	const uint8_t *word = off == 0 ? NULL : packet_bytes(p, SPACE_RECORD, off + at, 4);
	return word == NULL || load_be32(word) == UINT32_MAX ? 0
							     : compute_u32(out, load_be32(word));
}

size_t field_compute_vlansource(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_known(p, occurrence, 0, out);
}

size_t field_compute_prioritysource(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_known(p, occurrence, 4, out);
}

size_t field_compute_vlandestination(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_known(p, occurrence, 8, out);
}

size_t field_compute_prioritydestination(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_known(p, occurrence, 12, out);
}

// ---- extended_gateway

struct as_path {
	uint32_t first, last; // AS numbers
	uint32_t n;           // of them
};

// Read the path behind the three AS numbers; each AS is also written to @p b if there is one. The
// counts come from the wire and are bounded by the bytes.
static struct as_path read_as_path(struct cursor *c, struct strbuf *b)
{
	struct as_path path = {0};
	const uint32_t type = cursor_u32(c);
	cursor_skip(c, (type == 1 ? 4 : type == 2 ? 16 : 0) + 12);
	for (uint32_t segments = cursor_u32(c); segments > 0 && !c->bad; segments--) {
		cursor_skip(c, 4); // set or sequence
		for (uint32_t hops = cursor_u32(c); hops > 0 && !c->bad; hops--) {
			path.last = cursor_u32(c);
			if (path.n++ == 0)
				path.first = path.last;
			if (b != NULL && !c->bad)
				strbuf_fmt(b, b->len > 0 ? "-%u" : "%u", path.last);
		}
	}
	return path;
}

static size_t compute_as(const struct packet *p, unsigned occurrence, bool last, uint8_t *out)
{
	struct cursor c = record_body(p, LAYER_GATEWAY, occurrence);
	const struct as_path path = read_as_path(&c, NULL);
	return c.bad || path.n == 0 ? 0 : compute_u32(out, last ? path.last : path.first);
}

size_t field_compute_bgpdestinationas(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_as(p, occurrence, true, out);
}

size_t field_compute_bgpdestinationpeeras(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_as(p, occurrence, false, out);
}

size_t field_compute_bgpdestinationaspath(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[129];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct cursor c = record_body(p, LAYER_GATEWAY, occurrence);
	read_as_path(&c, &b);
	return c.bad ? 0 : compute_list(out, &b, '-');
}

// As operators write them (RFC 1997): 65535:666.
size_t field_compute_bgpcommunities(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[129];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct cursor c = record_body(p, LAYER_GATEWAY, occurrence);
	read_as_path(&c, NULL);
	for (uint32_t n = cursor_u32(&c); n > 0 && !c.bad; n--) {
		const uint32_t v = cursor_u32(&c);
		strbuf_fmt(&b, b.len > 0 ? "-%u:%u" : "%u:%u", v >> 16, v & 0xffff);
	}
	return c.bad ? 0 : compute_list(out, &b, '-');
}

size_t field_compute_bgplocalpref(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	struct cursor c = record_body(p, LAYER_GATEWAY, occurrence);
	read_as_path(&c, NULL);
	const uint64_t communities = cursor_u32(&c);
	cursor_skip(&c, communities * 4);
	const uint32_t localpref = cursor_u32(&c);
	return c.bad ? 0 : compute_u32(out, localpref);
}

// ---- extended_tcp_info, extended_entities

size_t field_compute_tcprttwait(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	struct cursor c = record_body(p, LAYER_TCPINFO, occurrence);
	const uint8_t *b = cursor_bytes(&c, 48);
	if (b == NULL)
		return 0;
	const uint32_t rtt = load_be32(b + 28), least = load_be32(b + 44);
	return least <= rtt ? compute_u32(out, rtt - least) : 0; // all ones: not measured yet
}

// A data source as it is written elsewhere: "3.105", or "7" for ifIndex 7.
static size_t compute_entity(const struct packet *p, unsigned occurrence, uint32_t at, uint8_t *out)
{
	char text[25];
	struct strbuf b = strbuf_of(text, sizeof(text));
	struct cursor c = record_body(p, LAYER_ENTITIES, occurrence);
	cursor_skip(&c, at);
	const uint32_t class = cursor_u32(&c), index = cursor_u32(&c);
	if (c.bad)
		return 0;
	if (class != 0)
		strbuf_fmt(&b, "%u.", class);
	strbuf_u64(&b, index);
	return compute_text(out, &b);
}

size_t field_compute_dssource(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_entity(p, occurrence, 0, out);
}

size_t field_compute_dsdestination(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	return compute_entity(p, occurrence, 8, out);
}

// ---- application samples

// A text of the wire, up to its first NUL, cut to what its field holds.
static void add_text(struct strbuf *b, const uint8_t *s, uint32_t len)
{
	strbuf_bytes(b, (const char *)s, strnlen((const char *)s, len));
}

// Where the path of a URI begins: behind the authority of one that is whole (RFC 9112, 3.2.2: as
// proxies are asked for it), else at its start.
static uint32_t path_at(const uint8_t *uri, uint32_t len, bool *whole)
{
	uint32_t at = 0;
	while (at < len && uri[at] != ':' && uri[at] != '/' && uri[at] != '?' && uri[at] != '#')
		at++;
	*whole = at > 0 && len - at >= 3 && memcmp(uri + at, "://", 3) == 0;
	if (!*whole)
		return 0;
	for (at += 3; at < len && uri[at] != '/' && uri[at] != '?' && uri[at] != '#';)
		at++;
	return at;
}

size_t field_compute_httpurl(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[241];
	uint32_t uri_len, host_len;
	bool whole;
	struct cursor c = record_body(p, LAYER_HTTP, occurrence);
	cursor_skip(&c, 8); // method and protocol
	const uint8_t *uri = record_string(&c, &uri_len);
	const uint8_t *host = record_string(&c, &host_len);
	if (uri == NULL || host == NULL)
		return 0;
	struct strbuf b = strbuf_of(text, sizeof(text));
	path_at(uri, uri_len, &whole);
	if (!whole) {
		strbuf_str(&b, "http://");
		add_text(&b, host, host_len);
	}
	add_text(&b, uri, uri_len);
	return compute_text(out, &b);
}

// The URI up to its query or fragment, without the host that it may name.
size_t field_compute_uripath(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[241];
	uint32_t len;
	bool whole;
	struct cursor c = record_body(p, LAYER_HTTP, occurrence);
	cursor_skip(&c, 8);
	const uint8_t *uri = record_string(&c, &len);
	if (uri == NULL)
		return 0;
	struct strbuf b = strbuf_of(text, sizeof(text));
	const uint32_t from = path_at(uri, len, &whole);
	uint32_t path = from;
	while (path < len && uri[path] != '?' && uri[path] != '#')
		path++;
	add_text(&b, uri + from, path - from);
	return compute_text(out, &b);
}

size_t field_compute_memcachekey(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	char text[241];
	uint32_t len;
	struct cursor c = record_body(p, LAYER_MEMCACHE, occurrence);
	cursor_skip(&c, 8); // protocol and command
	const uint8_t *key = record_string(&c, &len);
	if (key == NULL)
		return 0;
	struct strbuf b = strbuf_of(text, sizeof(text));
	add_text(&b, key, len);
	return compute_text(out, &b);
}

size_t field_compute_memcachestatus(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	static const char *const names[] = {
		"UNKNOWN", "OK",         "ERROR",  "CLIENT_ERROR", "SERVER_ERROR",
		"STORED",  "NOT_STORED", "EXISTS", "NOT_FOUND",    "DELETED",
	};
	char text[17];
	struct cursor c = record_body(p, LAYER_MEMCACHE, occurrence);
	cursor_skip(&c, 8);
	skip_strings(&c, 1);
	cursor_skip(&c, 12); // keys, bytes, duration
	const uint32_t status = cursor_u32(&c);
	if (c.bad)
		return 0;
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (status < sizeof(names) / sizeof(names[0]))
		strbuf_str(&b, names[status]);
	else
		strbuf_u64(&b, status);
	return compute_text(out, &b);
}

size_t field_compute_duration(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	struct cursor c;
	if (p->first[LAYER_HTTP] != 0) {
		c = record_body(p, LAYER_HTTP, occurrence);
		cursor_skip(&c, 8);
		skip_strings(&c, 7);
		cursor_skip(&c, 16); // request and response bytes
	} else if (p->first[LAYER_APP] != 0) {
		c = record_body(p, LAYER_APP, occurrence);
		skip_strings(&c, 4);
		cursor_skip(&c, 16);
	} else {
		c = record_body(p, LAYER_MEMCACHE, occurrence);
		cursor_skip(&c, 8);
		skip_strings(&c, 1);
		cursor_skip(&c, 8);
	}
	const uint32_t us = cursor_u32(&c);
	return c.bad ? 0 : compute_u32(out, us);
}
