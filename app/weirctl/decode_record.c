// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/cursor.h"
#include "decode_header.h"
#include "sflow/rt.h"
#include "sflow/sflow.h"

// Most values of a structure that is not printed in the order of the wire.
#define MAX_VALUES 16

struct values {
	struct record_value v[MAX_VALUES];
	unsigned n;
};

static void read_all(struct record_walk *w, struct values *vs)
{
	vs->n = 0;
	while (vs->n < MAX_VALUES && record_next(w, &vs->v[vs->n]))
		vs->n++;
}

static struct addr address_of(const struct record_value *v)
{
	return v->len == 4 ? addr_ip4(v->bytes) : addr_ip6(v->bytes);
}

static bool better(struct flow *f, enum flow_source source)
{
	if (source < f->source)
		return false;
	f->source = source;
	return true;
}

// Versions 2 and 4 do not know `stripped`.
static void print_header(struct out *o, struct record_walk *w, struct flow *f)
{
	struct values vs;
	read_all(w, &vs);
	const struct record_value *v = vs.v, *header = &vs.v[vs.n - 1];
	struct flow mine = {.header_protocol = (uint32_t)v[0].u,
			    .packet_size = (uint32_t)v[1].u,
			    .stripped = vs.n == 4 ? (uint32_t)v[2].u : 0,
			    .header = header->bytes,
			    .header_len = header->len,
			    .have_vlans = f->have_vlans,
			    .vlan_in = f->vlan_in,
			    .vlan_out = f->vlan_out,
			    .eth_type = f->eth_type,
			    .source = FLOW_HEADER};
	memcpy(mine.eth_source, f->eth_source, 6);
	memcpy(mine.eth_destination, f->eth_destination, 6);
	for (unsigned i = 0; i + 1 < vs.n; i++)
		out_value(o, v[i].field->name, &v[i]);
	out_number(o, "headerLen", header->len);
	out_value(o, header->field->name, header);
	header_print(o, &mine);
	if (better(f, FLOW_HEADER))
		*f = mine;
}

// Type and length first, then source and destination, as they are on the wire.
static void print_ethernet(struct out *o, struct record_walk *w, struct flow *f)
{
	static const uint8_t order[] = {3, 0, 1, 2};
	struct values vs;
	read_all(w, &vs);
	for (unsigned i = 0; i < 4; i++)
		out_value(o, vs.v[order[i]].field->name, &vs.v[order[i]]);
	const bool known = f->source == FLOW_HEADER && f->header_protocol == HEADER_ETHERNET;
	if (w->layout->tag != SFLOW_SAMPLED_ETHERNET || known)
		return;
	memcpy(f->eth_source, vs.v[1].bytes, 6);
	memcpy(f->eth_destination, vs.v[2].bytes, 6);
	f->eth_type = (uint32_t)vs.v[3].u;
}

// A name with the prefix of a tunnel record.
static void put_prefixed(struct out *o, const char *prefix, size_t prefix_len, const char *name,
			 uint64_t value)
{
	char text[64];
	snprintf(text, sizeof(text), "%.*s%s", (int)prefix_len, prefix, name);
	out_number(o, text, value);
}

enum ip_value {
	IP_SIZE,
	IP_PROTOCOL,
	IP_SRC,
	IP_DST,
	IP_SPORT,
	IP_DPORT,
	IP_FLAGS,
	IP_TOS
};

static void print_ip_ports(struct out *o, const struct record_value *v)
{
	const char *prefix = v[IP_SIZE].field->name;
	const size_t len = strlen(prefix) - strlen("IPSize");
	switch (v[IP_PROTOCOL].u) {
	case 1: put_prefixed(o, prefix, len, "ICMPType", v[IP_DPORT].u); break;
	case 6:
		put_prefixed(o, prefix, len, "TCPSrcPort", v[IP_SPORT].u);
		put_prefixed(o, prefix, len, "TCPDstPort", v[IP_DPORT].u);
		put_prefixed(o, prefix, len, "TCPFlags", v[IP_FLAGS].u);
		break;
	case 17:
		put_prefixed(o, prefix, len, "UDPSrcPort", v[IP_SPORT].u);
		put_prefixed(o, prefix, len, "UDPDstPort", v[IP_DPORT].u);
		break;
	default: break;
	}
}

static void flow_set_ip(struct flow *f, const struct record_value *v)
{
	f->ip_source = address_of(&v[IP_SRC]);
	f->ip_destination = address_of(&v[IP_DST]);
	f->ip_protocol = (uint32_t)v[IP_PROTOCOL].u;
	f->ip_tos = (uint32_t)v[IP_TOS].u;
	f->port_source = (uint32_t)v[IP_SPORT].u;
	f->port_destination = (uint32_t)v[IP_DPORT].u;
	f->tcp_flags = f->ip_protocol == 6 ? (uint32_t)v[IP_FLAGS].u : 0;
	f->packet_size = (uint32_t)v[IP_SIZE].u;
}

static void print_ip(struct out *o, struct record_walk *w, struct flow *f)
{
	static const uint8_t order[] = {IP_SIZE, IP_SRC, IP_DST, IP_PROTOCOL, IP_TOS};
	struct values vs;
	read_all(w, &vs);
	const struct record_value *v = vs.v;
	const char *prefix = v[IP_SIZE].field->name;
	put_prefixed(o, prefix, strlen(prefix) - strlen("IPSize"), "sampledPacketSize",
		     v[IP_SIZE].u);
	for (unsigned i = 0; i < sizeof(order); i++)
		out_value(o, v[order[i]].field->name, &v[order[i]]);
	print_ip_ports(o, v);
	const bool tunnel = w->layout->tag > SFLOW_SAMPLED_IPV6;
	if (!tunnel && better(f, FLOW_SAMPLED))
		flow_set_ip(f, v);
}

// First AS number of the first segment and last of the last, 0 where there is none.
static void path_ends(const struct record_value *path, uint32_t *first, uint32_t *last)
{
	struct cursor c = cursor_of(path->bytes, path->len);
	*first = *last = 0;
	for (bool outermost = true; cursor_left(&c) >= 8; outermost = false) {
		cursor_skip(&c, 4);
		const uint32_t len = cursor_u32(&c) * 4;
		const uint8_t *as = cursor_bytes(&c, len);
		if (outermost && len > 0)
			*first = load_be32(as);
		*last = len > 0 ? load_be32(as + len - 4) : 0;
	}
}

static void print_gateway(struct out *o, struct record_walk *w)
{
	struct record_value v;
	while (record_next(w, &v)) {
		if (v.u > 0 ||
		    (v.field->type != RECORD_AS_PATH && v.field->type != RECORD_U32_LIST))
			out_value(o, v.field->name, &v);
		if (v.field->type != RECORD_AS_PATH)
			continue;
		uint32_t first, last;
		path_ends(&v, &first, &last);
		out_number(o, "dst_as", last);
		out_number(o, "dst_peer_as", first);
	}
}

// Version 2: a path without segments, printed behind what is made from it.
static void print_gateway_v2(struct out *o, struct record_walk *w)
{
	struct values vs;
	read_all(w, &vs);
	const struct record_value *path = &vs.v[3];
	for (unsigned i = 0; i < 3; i++)
		out_value(o, vs.v[i].field->name, &vs.v[i]);
	out_number(o, "dst_as", path->len > 0 ? load_be32(path->bytes + path->len - 4) : 0);
	out_number(o, "dst_peer_as", path->len > 0 ? load_be32(path->bytes) : 0);
	out_number(o, "dst_as_path_len", path->u);
	if (path->u > 0)
		out_value(o, path->field->name, path);
}

// Character sets first. Versions 2 and 4 have none.
static void print_user(struct out *o, struct record_walk *w)
{
	struct values vs;
	read_all(w, &vs);
	for (int text = 0; text < 2; text++)
		for (unsigned i = 0; i < vs.n; i++)
			if ((vs.v[i].field->type == RECORD_TEXT) == text)
				out_value(o, vs.v[i].field->name, &vs.v[i]);
}

// JSON nests adapters and their addresses, text numbers them.
static void print_adapter_macs(struct out *o, const struct record_value *v)
{
	char name[48], mac[16];
	if (out_is_json(o))
		out_array(o, "mac_list");
	for (uint32_t i = 0; i < v->u; i++) {
		const uint8_t *m = v->bytes + i * 8;
		snprintf(mac, sizeof(mac), "%02x%02x%02x%02x%02x%02x", m[0], m[1], m[2], m[3], m[4],
			 m[5]);
		if (out_is_json(o)) {
			out_item(o, mac);
			continue;
		}
		snprintf(name, sizeof(name), "adaptor_%" PRIu32 "_MAC_%" PRIu32, v->index, i);
		out_text(o, name, mac);
	}
	if (out_is_json(o))
		out_close(o);
}

static void print_adapters(struct out *o, struct record_walk *w)
{
	struct record_value v;
	out_array(o, "adaptor_list");
	while (record_next(w, &v)) {
		if (v.field->type == RECORD_REPEAT)
			continue;
		char name[48];
		const bool json = out_is_json(o);
		snprintf(name, sizeof(name), "adaptor_%" PRIu32 "_%s", v.index, v.field->name);
		if (v.field->type != RECORD_MACS)
			out_object(o);
		out_number(o, json ? v.field->name : name, v.u);
		if (v.field->type != RECORD_MACS)
			continue;
		print_adapter_macs(o, &v);
		out_close(o);
	}
	out_close(o);
}

// A field of a repetition: JSON has it under its own name and under a numbered one, text only
// under the latter, as sflowtool does for the lanes of optics.
static void print_repeated(struct out *o, const struct record_value *v)
{
	char name[96];
	snprintf(name, sizeof(name), "sfp_lane_%s.%" PRIu32, v->field->name, v->index);
	if (out_is_json(o))
		out_value(o, v->field->name, v);
	out_value(o, name, v);
}

static void print_lanes(struct out *o, struct record_walk *w)
{
	struct record_value v;
	const struct record_field *repeat = NULL;
	uint32_t n = 0;
	while (record_next(w, &v)) {
		if (repeat == NULL) {
			out_value(o, v.field->name, &v);
			if (v.field->type != RECORD_REPEAT)
				continue;
			repeat = v.field;
			out_array(o, repeat->list);
			continue;
		}
		if (n % repeat->n == 0)
			out_object(o);
		print_repeated(o, &v);
		if (++n % repeat->n == 0)
			out_close(o);
	}
	if (repeat != NULL)
		out_close(o);
}

// sflowtool leaves out what is empty, except in records 0:1004 and 0:1005.
static bool is_empty(const struct record_value *v)
{
	switch (v->field->type) {
	case RECORD_TEXT:
	case RECORD_KEY:
	case RECORD_CHARS16:
	case RECORD_OPAQUE:
	case RECORD_REST: return v->len == 0;
	case RECORD_U32_LIST:
	case RECORD_PERCENTS:
	case RECORD_LABELS:
	case RECORD_VLANS: return v->u == 0;
	default: return false;
	}
}

static void print_fields(struct out *o, struct record_walk *w)
{
	struct record_value v;
	while (record_next(w, &v))
		if (!is_empty(&v) || w->layout->tag == SFLOW_EXTENDED_URL)
			out_value(o, v.field->name, &v);
}

static void print_switch(struct out *o, struct record_walk *w, struct flow *f)
{
	struct values vs;
	read_all(w, &vs);
	for (unsigned i = 0; i < vs.n; i++)
		out_value(o, vs.v[i].field->name, &vs.v[i]);
	f->have_vlans = true;
	f->vlan_in = (uint32_t)vs.v[0].u;
	f->vlan_out = (uint32_t)vs.v[2].u;
}

static void print_socket(struct out *o, struct record_walk *w, struct flow *f)
{
	struct values vs;
	read_all(w, &vs);
	for (unsigned i = 0; i < vs.n; i++)
		out_value(o, vs.v[i].field->name, &vs.v[i]);
	if (!better(f, FLOW_SOCKET))
		return;
	f->ip_source = address_of(&vs.v[1]);
	f->ip_destination = address_of(&vs.v[2]);
}

// The cipher suite, then, from some agents, a sampled header.
static void print_80211_payload(struct out *o, struct record_walk *w, struct flow *f)
{
	struct record_value v;
	if (w->layout->n_fields == 2 || !record_next(w, &v)) {
		print_fields(o, w);
		return;
	}
	out_value(o, v.field->name, &v);
	out_text(o, "flowSampleType", "HEADER");
	print_header(o, w, f);
}

static void print_flow(struct out *o, struct record_walk *w, uint32_t version, struct flow *f)
{
	switch (w->layout->tag) {
	case SFLOW_SAMPLED_HEADER: print_header(o, w, f); break;
	case SFLOW_SAMPLED_ETHERNET:
	case SFLOW_TAG(0, 1021):
	case SFLOW_TAG(0, 1022): print_ethernet(o, w, f); break;
	case SFLOW_SAMPLED_IPV4:
	case SFLOW_SAMPLED_IPV6:
	case SFLOW_TAG(0, 1023):
	case SFLOW_TAG(0, 1024):
	case SFLOW_TAG(0, 1025):
	case SFLOW_TAG(0, 1026): print_ip(o, w, f); break;
	case SFLOW_EXTENDED_SWITCH: print_switch(o, w, f); break;
	case SFLOW_EXTENDED_GATEWAY:
		if (version == 2)
			print_gateway_v2(o, w);
		else
			print_gateway(o, w);
		break;
	case SFLOW_EXTENDED_USER: print_user(o, w); break;
	case SFLOW_TAG(0, 1013): print_80211_payload(o, w, f); break;
	case SFLOW_TAG(0, 2100):
	case SFLOW_TAG(0, 2101): print_socket(o, w, f); break;
	default: print_fields(o, w); break;
	}
}

static const char *label_name(enum record_label label)
{
	switch (label) {
	case RECORD_SAMPLE_TYPE: return "sampleType";
	case RECORD_EXTENDED_TYPE: return "extendedType";
	case RECORD_FLOW_TYPE: return "flowSampleType";
	default: return "";
	}
}

void record_print(struct out *o, struct record_walk *w, uint32_t version, struct flow *flow)
{
	const struct record_layout *l = w->layout;
	if (l->label_as != RECORD_NO_LABEL)
		out_text(o, label_name(l->label_as), l->label);
	if (l->kind != RECORD_COUNTERS)
		print_flow(o, w, version, flow);
	else if (l->tag == SFLOW_TAG(0, 2001))
		print_adapters(o, w);
	else if (l->tag == SFLOW_TAG(0, 10))
		print_lanes(o, w);
	else
		print_fields(o, w);
}

static void print_metric(struct out *o, const struct rt_walk *w, const struct rt_value *v)
{
	char name[512];
	struct strbuf b = strbuf_of(name, sizeof(name));
	strbuf_fmt(&b, "%s_%s_", w->flow ? "rtflow" : "rtmetric", rt_type_text(w->flow, v->type));
	strbuf_bytes(&b, v->name, strnlen(v->name, v->name_len));
	if (v->type == 0)
		out_bytes(o, name, (const char *)v->bytes, v->len);
	else if (w->flow && v->type == RT_FLOW_MAC)
		out_format(o, name, "%02x%02x%02x%02x%02x%02x", v->bytes[0], v->bytes[1],
			   v->bytes[2], v->bytes[3], v->bytes[4], v->bytes[5]);
	else if (w->flow && (v->type == RT_FLOW_IP4 || v->type == RT_FLOW_IP6))
		out_address(o, name, v->bytes, v->len);
	else if (v->type >= (uint32_t)(w->flow ? RT_FLOW_FLOAT : RT_METRIC_FLOAT))
		out_format(o, name, "%.3f", v->f);
	else
		out_number(o, name, v->u);
}

bool metrics_print(struct out *o, const struct record_value *metrics, uint32_t tag)
{
	struct rt_walk w = rt_open(metrics, tag);
	struct rt_value v;
	int got;
	while ((got = rt_next(&w, &v)) > 0)
		print_metric(o, &w, &v);
	return got == 0 && w.n_left == 0;
}
