// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/encode.h"

#include <string.h>

static const uint8_t zeros[3]; // XDR padding

// Room for n more bytes, or NULL and bad.
static uint8_t *take(struct encoder *e, size_t n)
{
	if (e->bad || n > e->size - e->len) {
		e->bad = true;
		return NULL;
	}
	uint8_t *p = e->data + e->len;
	e->len += n;
	return p;
}

// The offset of a word that an end fills in.
static size_t reserve(struct encoder *e)
{
	const size_t at = e->len;
	encode_u32(e, 0);
	return at;
}

struct encoder encode_begin(uint8_t *data, size_t size, const struct addr *agent,
			    uint32_t sub_agent, uint32_t sequence, uint32_t uptime)
{
	struct encoder e = {.data = data, .size = size};
	encode_u32(&e, 5);
	encode_addr(&e, agent);
	encode_u32(&e, sub_agent);
	encode_u32(&e, sequence);
	encode_u32(&e, uptime);
	e.samples_at = reserve(&e);
	return e;
}

size_t encode_end(struct encoder *e)
{
	e->bad |= e->sample_at != 0;
	if (e->bad)
		return 0;
	store_be32(e->data + e->samples_at, e->n_samples);
	return e->len;
}

void encode_sample(struct encoder *e, uint32_t tag)
{
	e->bad |= e->sample_at != 0;
	encode_u32(e, tag);
	e->sample_at = reserve(e);
	e->records_at = 0;
	e->n_records = 0;
}

void encode_flow_sample(struct encoder *e, uint32_t tag, const struct flow_sample *fs)
{
	encode_sample(e, tag);
	encode_u32(e, fs->sequence);
	if (tag == SFLOW_FLOW_SAMPLE) {
		encode_u32(e, fs->ds_class << 24 | (fs->ds_index & 0xffffff));
	} else {
		encode_u32(e, fs->ds_class);
		encode_u32(e, fs->ds_index);
	}
	if (tag != SFLOW_DISCARDED_PACKET) {
		encode_u32(e, fs->sampling_rate);
		encode_u32(e, fs->sample_pool);
	}
	encode_u32(e, fs->drops);
	if (tag == SFLOW_FLOW_SAMPLE) {
		encode_u32(e, fs->input);
		encode_u32(e, fs->output);
	} else if (tag == SFLOW_DISCARDED_PACKET) {
		encode_u32(e, fs->input & SFLOW_IF_INTERNAL);
		encode_u32(e, fs->output & SFLOW_IF_INTERNAL);
		encode_u32(e, fs->reason);
	} else {
		encode_u32(e, fs->input >> 30);
		encode_u32(e, fs->input & SFLOW_IF_INTERNAL);
		encode_u32(e, fs->output >> 30);
		encode_u32(e, fs->output & SFLOW_IF_INTERNAL);
	}
	e->records_at = reserve(e);
}

void encode_counters_sample(struct encoder *e, uint32_t tag, const struct counters_sample *cs)
{
	encode_sample(e, tag);
	encode_u32(e, cs->sequence);
	if (tag == SFLOW_COUNTERS_SAMPLE) {
		encode_u32(e, cs->ds_class << 24 | (cs->ds_index & 0xffffff));
	} else {
		encode_u32(e, cs->ds_class);
		encode_u32(e, cs->ds_index);
	}
	e->records_at = reserve(e);
}

void encode_sample_end(struct encoder *e)
{
	e->bad |= e->sample_at == 0 || e->record_at != 0;
	if (e->bad)
		return;
	store_be32(e->data + e->sample_at, (uint32_t)(e->len - e->sample_at - 4));
	if (e->records_at != 0)
		store_be32(e->data + e->records_at, e->n_records);
	e->sample_at = 0;
	e->n_samples++;
}

void encode_record(struct encoder *e, uint32_t tag)
{
	e->bad |= e->sample_at == 0 || e->record_at != 0;
	encode_u32(e, tag);
	e->record_at = reserve(e);
}

void encode_record_end(struct encoder *e)
{
	e->bad |= e->record_at == 0;
	if (e->bad)
		return;
	const size_t len = e->len - e->record_at - 4;
	store_be32(e->data + e->record_at, (uint32_t)len);
	e->record_at = 0;
	e->n_records++;
	encode_bytes(e, zeros, -len & 3);
}

void encode_record_bytes(struct encoder *e, uint32_t tag, const void *body, size_t len)
{
	encode_record(e, tag);
	encode_bytes(e, body, len);
	encode_record_end(e);
}

void encode_sampled_header(struct encoder *e, uint32_t protocol, uint32_t frame_length,
			   uint32_t stripped, const void *header, size_t len)
{
	encode_record(e, SFLOW_SAMPLED_HEADER);
	encode_u32(e, protocol);
	encode_u32(e, frame_length);
	encode_u32(e, stripped);
	encode_opaque(e, header, len);
	encode_record_end(e);
}

void encode_sampled_ethernet(struct encoder *e, uint32_t length, const uint8_t src[6],
			     const uint8_t dst[6], uint32_t type)
{
	encode_record(e, SFLOW_SAMPLED_ETHERNET);
	encode_u32(e, length);
	encode_mac(e, src);
	encode_mac(e, dst);
	encode_u32(e, type);
	encode_record_end(e);
}

void encode_sampled_ip(struct encoder *e, const struct sampled_ip *ip)
{
	const bool six = ip->src.family == ADDR_IP6;
	e->bad |= ip->src.family == ADDR_NONE || ip->src.family != ip->dst.family;
	encode_record(e, six ? SFLOW_SAMPLED_IPV6 : SFLOW_SAMPLED_IPV4);
	encode_u32(e, ip->length);
	encode_u32(e, ip->protocol);
	encode_bytes(e, ip->src.bytes, six ? 16 : 4);
	encode_bytes(e, ip->dst.bytes, six ? 16 : 4);
	encode_u32(e, ip->src_port);
	encode_u32(e, ip->dst_port);
	encode_u32(e, ip->tcp_flags);
	encode_u32(e, ip->tos);
	encode_record_end(e);
}

void encode_extended_switch(struct encoder *e, uint32_t src_vlan, uint32_t src_priority,
			    uint32_t dst_vlan, uint32_t dst_priority)
{
	encode_record(e, SFLOW_EXTENDED_SWITCH);
	encode_u32(e, src_vlan);
	encode_u32(e, src_priority);
	encode_u32(e, dst_vlan);
	encode_u32(e, dst_priority);
	encode_record_end(e);
}

void encode_extended_router(struct encoder *e, const struct addr *next_hop, uint32_t src_mask_len,
			    uint32_t dst_mask_len)
{
	encode_record(e, SFLOW_EXTENDED_ROUTER);
	encode_addr(e, next_hop);
	encode_u32(e, src_mask_len);
	encode_u32(e, dst_mask_len);
	encode_record_end(e);
}

void encode_if_counters(struct encoder *e, const struct if_counters *c)
{
	encode_record(e, SFLOW_IF_COUNTERS);
	encode_u32(e, c->if_index);
	encode_u32(e, c->if_type);
	encode_u64(e, c->if_speed);
	encode_u32(e, c->if_direction);
	encode_u32(e, c->if_status);
	encode_u64(e, c->in_octets);
	encode_u32(e, c->in_ucast);
	encode_u32(e, c->in_multicast);
	encode_u32(e, c->in_broadcast);
	encode_u32(e, c->in_discards);
	encode_u32(e, c->in_errors);
	encode_u32(e, c->in_unknown_protos);
	encode_u64(e, c->out_octets);
	encode_u32(e, c->out_ucast);
	encode_u32(e, c->out_multicast);
	encode_u32(e, c->out_broadcast);
	encode_u32(e, c->out_discards);
	encode_u32(e, c->out_errors);
	encode_u32(e, c->promiscuous_mode);
	encode_record_end(e);
}

void encode_port_name(struct encoder *e, const char *name)
{
	encode_record(e, SFLOW_PORT_NAME);
	encode_string(e, name);
	encode_record_end(e);
}

void encode_host_descr(struct encoder *e, const struct host_descr *h)
{
	encode_record(e, SFLOW_HOST_DESCR);
	encode_string(e, h->hostname);
	encode_bytes(e, h->uuid, sizeof(h->uuid));
	encode_u32(e, h->machine_type);
	encode_u32(e, h->os_name);
	encode_string(e, h->os_release);
	encode_record_end(e);
}

void encode_u32(struct encoder *e, uint32_t v)
{
	uint8_t *p = take(e, 4);
	if (p != NULL)
		store_be32(p, v);
}

void encode_u64(struct encoder *e, uint64_t v)
{
	uint8_t *p = take(e, 8);
	if (p != NULL)
		store_be64(p, v);
}

void encode_f32(struct encoder *e, float v)
{
	uint32_t word;
	memcpy(&word, &v, sizeof(word));
	encode_u32(e, word);
}

void encode_bytes(struct encoder *e, const void *bytes, size_t len)
{
	uint8_t *p = take(e, len);
	if (p != NULL && len > 0)
		memcpy(p, bytes, len);
}

void encode_padded(struct encoder *e, const void *bytes, size_t len)
{
	encode_bytes(e, bytes, len);
	encode_bytes(e, zeros, -len & 3);
}

void encode_opaque(struct encoder *e, const void *bytes, size_t len)
{
	e->bad |= len > UINT32_MAX;
	encode_u32(e, (uint32_t)len);
	encode_padded(e, bytes, len);
}

void encode_string(struct encoder *e, const char *text)
{
	encode_opaque(e, text, strlen(text));
}

void encode_addr(struct encoder *e, const struct addr *a)
{
	static const uint8_t sizes[] = {0, 4, 16};
	e->bad |= a->family > ADDR_IP6;
	encode_u32(e, a->family);
	encode_bytes(e, a->bytes, a->family > ADDR_IP6 ? 0 : sizes[a->family]);
}

void encode_mac(struct encoder *e, const uint8_t mac[6])
{
	encode_padded(e, mac, 6);
}
