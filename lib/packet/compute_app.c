// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Values worked out of DNS (RFC 1035) and of the InfiniBand base transport header (IBTA volume 1,
// chapter 9).

#include "packet/compute.h"

// ---- DNS

enum {
	DNS_HEADER = 12,
	DNS_NAME_MAX = 255
};

// Names are not case sensitive (RFC 4343), and some resolvers vary the case at random: write them
// in lower case. What could be mistaken for a separator is escaped as in RFC 1035 section 5.1.
static void format_label(struct strbuf *b, const uint8_t *label, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const uint8_t c = label[i];
		if (c >= 'A' && c <= 'Z')
			strbuf_char(b, (char)(c + 32));
		else if (c == '.' || c == '\\')
			strbuf_fmt(b, "\\%c", c);
		else if (c <= ' ' || c >= 127)
			strbuf_fmt(b, "\\%03u", c);
		else
			strbuf_char(b, (char)c);
	}
}

// Read the name of the first question to @p b (may be NULL) and leave the cursor behind it. False
// when there is none or it is cut off. A name that is compressed cannot be in the first question:
// nothing precedes it.
static bool read_question_name(const struct packet *p, unsigned occurrence, struct cursor *c,
			       struct strbuf *b)
{
	const uint32_t off = packet_layer_at(p, LAYER_DNS, occurrence);
	if (off == 0 || off > p->end[SPACE_HEADER])
		return false;
	*c = cursor_of(p->base[SPACE_HEADER] + off, p->end[SPACE_HEADER] - off);
	cursor_skip(c, 4);
	const uint16_t n_questions = cursor_u16(c);
	cursor_skip(c, DNS_HEADER - 6);
	size_t wire_size = 0;
	for (uint8_t len = cursor_u8(c); len != 0; len = cursor_u8(c)) {
		const uint8_t *label = len < 64 ? cursor_bytes(c, len) : NULL;
		wire_size += 1 + (size_t)len;
		if (label == NULL || wire_size >= DNS_NAME_MAX)
			return false;
		if (b != NULL && b->len > 0)
			strbuf_char(b, '.');
		if (b != NULL)
			format_label(b, label, len);
	}
	return !c->bad && n_questions > 0;
}

size_t field_compute_dnsqname(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	struct cursor c;
	char text[241];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (!read_question_name(p, occurrence, &c, &b))
		return 0;
	if (b.len == 0)
		strbuf_char(&b, '.'); // the root
	return compute_text(out, &b);
}

static bool read_question_type(const struct packet *p, unsigned occurrence, uint16_t *type)
{
	struct cursor c;
	if (!read_question_name(p, occurrence, &c, NULL))
		return false;
	*type = cursor_u16(&c);
	return !c.bad;
}

size_t field_compute_dnsqtype(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	uint16_t type;
	return read_question_type(p, occurrence, &type) ? compute_u16(out, type) : 0;
}

// The IANA registry's names of the types that are asked for in practice.
static const char *dns_type_name(uint16_t type)
{
	switch (type) {
	case 1: return "A";
	case 2: return "NS";
	case 5: return "CNAME";
	case 6: return "SOA";
	case 10: return "NULL";
	case 12: return "PTR";
	case 13: return "HINFO";
	case 15: return "MX";
	case 16: return "TXT";
	case 28: return "AAAA";
	case 29: return "LOC";
	case 33: return "SRV";
	case 35: return "NAPTR";
	case 36: return "KX";
	case 37: return "CERT";
	case 39: return "DNAME";
	case 43: return "DS";
	case 44: return "SSHFP";
	case 46: return "RRSIG";
	case 47: return "NSEC";
	case 48: return "DNSKEY";
	case 50: return "NSEC3";
	case 51: return "NSEC3PARAM";
	case 52: return "TLSA";
	case 53: return "SMIMEA";
	case 59: return "CDS";
	case 60: return "CDNSKEY";
	case 61: return "OPENPGPKEY";
	case 62: return "CSYNC";
	case 63: return "ZONEMD";
	case 64: return "SVCB";
	case 65: return "HTTPS";
	case 99: return "SPF";
	case 108: return "EUI48";
	case 109: return "EUI64";
	case 249: return "TKEY";
	case 250: return "TSIG";
	case 251: return "IXFR";
	case 252: return "AXFR";
	case 255: return "ANY";
	case 256: return "URI";
	case 257: return "CAA";
	default: return NULL;
	}
}

size_t field_compute_dnsqtypename(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	uint16_t type;
	if (!read_question_type(p, occurrence, &type))
		return 0;
	char text[17];
	struct strbuf b = strbuf_of(text, sizeof(text));
	const char *name = dns_type_name(type);
	if (name != NULL)
		strbuf_str(&b, name);
	else
		strbuf_fmt(&b, "TYPE%u", type); // RFC 3597 section 5
	return compute_text(out, &b);
}

// ---- InfiniBand

enum {
	BTH_SIZE = 12
};

enum bth_transport {
	BTH_RC = 0,  ///< reliable connection
	BTH_UC = 1,  ///< unreliable connection
	BTH_RD = 2,  ///< reliable datagram
	BTH_UD = 3,  ///< unreliable datagram
	BTH_CNP = 4, ///< congestion notification
	BTH_XRC = 5, ///< extended reliable connection
};

static const char *const transport_names[8] = {
	[BTH_RC] = "RC", [BTH_UC] = "UC",   [BTH_RD] = "RD",
	[BTH_UD] = "UD", [BTH_CNP] = "CNP", [BTH_XRC] = "XRC",
};

// The lower five bits of an opcode, whatever the transport.
static const char *const operation_names[32] = {
	[0x00] = "SEND_FIRST",
	[0x01] = "SEND_MIDDLE",
	[0x02] = "SEND_LAST",
	[0x03] = "SEND_LAST_WITH_IMMEDIATE",
	[0x04] = "SEND_ONLY",
	[0x05] = "SEND_ONLY_WITH_IMMEDIATE",
	[0x06] = "RDMA_WRITE_FIRST",
	[0x07] = "RDMA_WRITE_MIDDLE",
	[0x08] = "RDMA_WRITE_LAST",
	[0x09] = "RDMA_WRITE_LAST_WITH_IMMEDIATE",
	[0x0a] = "RDMA_WRITE_ONLY",
	[0x0b] = "RDMA_WRITE_ONLY_WITH_IMMEDIATE",
	[0x0c] = "RDMA_READ_REQUEST",
	[0x0d] = "RDMA_READ_RESPONSE_FIRST",
	[0x0e] = "RDMA_READ_RESPONSE_MIDDLE",
	[0x0f] = "RDMA_READ_RESPONSE_LAST",
	[0x10] = "RDMA_READ_RESPONSE_ONLY",
	[0x11] = "ACKNOWLEDGE",
	[0x12] = "ATOMIC_ACKNOWLEDGE",
	[0x13] = "COMPARE_SWAP",
	[0x14] = "FETCH_ADD",
	[0x15] = "RESYNC",
	[0x16] = "SEND_LAST_WITH_INVALIDATE",
	[0x17] = "SEND_ONLY_WITH_INVALIDATE",
};

static size_t compute_name(const char *name, uint8_t *out)
{
	if (name == NULL)
		name = "unknown";
	const size_t len = strlen(name);
	memcpy(out, name, len);
	return len;
}

size_t field_compute_ibbtoptransport(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IBBT, occurrence, 0, 1);
	return b == NULL ? 0 : compute_name(transport_names[b[0] >> 5], out);
}

size_t field_compute_ibbtopname(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IBBT, occurrence, 0, 1);
	if (b == NULL)
		return 0;
	const bool cnp = b[0] >> 5 == BTH_CNP;
	return compute_name(cnp ? transport_names[BTH_CNP] : operation_names[b[0] & 31], out);
}

// Where the RDMA extended transport header lies in the packet; 0 when the operation has none.
static uint32_t reth_offset(uint8_t opcode)
{
	switch (opcode & 31) {
	case 0x06:
	case 0x0a:
	case 0x0b:
	case 0x0c: break;
	default: return 0;
	}
	switch (opcode >> 5) {
	case BTH_RC:
	case BTH_UC: return BTH_SIZE;
	case BTH_RD: return BTH_SIZE + 4 + 8; // behind RDETH and DETH
	case BTH_XRC: return BTH_SIZE + 4;    // behind XRCETH
	default: return 0;
	}
}

size_t field_compute_ibbtrdmalen(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IBBT, occurrence, 0, 1);
	const uint32_t reth = b == NULL ? 0 : reth_offset(b[0]);
	b = reth == 0 ? NULL : compute_bytes(p, LAYER_IBBT, occurrence, reth + 12, 4);
	return b == NULL ? 0 : compute_u32(out, load_be32(b));
}

// Where the acknowledge extended transport header lies; 0 when the operation has none.
static uint32_t aeth_offset(uint8_t opcode)
{
	switch (opcode & 31) {
	case 0x0d:
	case 0x0f:
	case 0x10:
	case 0x11:
	case 0x12: break;
	default: return 0;
	}
	switch (opcode >> 5) {
	case BTH_RC:
	case BTH_XRC: return BTH_SIZE;
	case BTH_RD: return BTH_SIZE + 4; // behind RDETH
	default: return 0;
	}
}

// The syndrome is an acknowledgement when its upper three bits are zero; the rest is the credit
// count then (IBTA volume 1, section 9.7.5.1.2).
size_t field_compute_ibbtaethack(const struct packet *p, unsigned occurrence, uint8_t *out)
{
	const uint8_t *b = compute_bytes(p, LAYER_IBBT, occurrence, 0, 1);
	const uint32_t aeth = b == NULL ? 0 : aeth_offset(b[0]);
	b = aeth == 0 ? NULL : compute_bytes(p, LAYER_IBBT, occurrence, aeth, 1);
	return b == NULL || b[0] >> 5 != 0 ? 0 : compute_u8(out, b[0]);
}
