// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_line.h"

#include <inttypes.h>

#include "sflow/sflow.h"

static void put_addr(FILE *f, const struct addr *a, char end)
{
	static const struct record_field field = {.type = RECORD_ADDR};
	char text[ADDR_TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	record_format(&b, &(struct record_value){.field = &field,
						 .bytes = a->bytes,
						 .len = a->family == ADDR_IP4   ? 4
							: a->family == ADDR_IP6 ? 16
										: 0});
	fprintf(f, "%s%c", text, end);
}

static void put_mac(FILE *f, const uint8_t *m)
{
	fprintf(f, "%02x%02x%02x%02x%02x%02x,", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void flow_line(FILE *f, const struct decoder *d, const struct flow *flow)
{
	fputs("FLOW,", f);
	put_addr(f, &d->agent, ',');
	fprintf(f, "%" PRId32 ",%" PRId32 ",", (int32_t)d->input, (int32_t)d->output);
	put_mac(f, flow->eth_source);
	put_mac(f, flow->eth_destination);
	fprintf(f, "0x%04x,%" PRId32 ",%" PRId32 ",", flow->eth_type, (int32_t)flow->vlan_in,
		(int32_t)flow->vlan_out);
	put_addr(f, &flow->ip_source, ',');
	put_addr(f, &flow->ip_destination, ',');
	fprintf(f, "%u,0x%02x,%u,%u,%u,0x%02x,", flow->ip_protocol, flow->ip_tos, flow->ip_ttl,
		flow->port_source, flow->port_destination, flow->tcp_flags);
	const uint32_t ip_size = flow->packet_size - flow->stripped - flow->ip_offset;
	fprintf(f, "%" PRId32 ",%" PRId32 ",%" PRId32 "\n", (int32_t)flow->packet_size,
		(int32_t)ip_size, (int32_t)d->sampling_rate);
}

static void counters_line(FILE *f, const struct decoder *d, const struct record_value *values)
{
	fputs("CNTR,", f);
	put_addr(f, &d->agent, ',');
	for (int i = 0; i < DECODER_IF_COUNTERS; i++)
		fprintf(f, "%" PRIu64 "%c", values[i].u, i + 1 < DECODER_IF_COUNTERS ? ',' : '\n');
}

void line_sample(void *ctx, const struct decoder *d, const struct flow *flow,
		 const struct record_value *if_counters)
{
	if (if_counters != NULL)
		counters_line(ctx, d, if_counters);
	else if (d->tag != SFLOW_DISCARDED_PACKET)
		flow_line(ctx, d, flow);
}
