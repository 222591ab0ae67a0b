// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_pcap.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "decode_header.h"
#include "sflow/sflow.h"

#define ETHERNET_SIZE 14

// A header is at most what a UDP datagram holds.
#define FRAME_SIZE (65536 + ETHERNET_SIZE)

struct pcap_out {
	struct pcap_out_options options;
	pcap_t *pcap;
	pcap_dumper_t *dump;
	uint64_t left_out;
	uint8_t frame[FRAME_SIZE];
};

struct pcap_out *pcap_out_open(const char *path, const struct pcap_out_options *options,
			       struct err_msg *msg)
{
	struct pcap_out *p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->pcap = pcap_open_dead(DLT_EN10MB, FRAME_SIZE);
	if (p == NULL || p->pcap == NULL) {
		free(p);
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	p->options = *options;
	p->dump = pcap_dump_open(p->pcap, path);
	if (p->dump != NULL)
		return p;
	err_set(msg, ERR_IO, "%s", pcap_geterr(p->pcap));
	pcap_out_close(p);
	return NULL;
}

int pcap_out_close(struct pcap_out *p)
{
	int result = 0;
	if (p == NULL)
		return 0;
	if (p->dump != NULL) {
		if (pcap_dump_flush(p->dump) != 0)
			result = ERR_IO;
		pcap_dump_close(p->dump);
	}
	pcap_close(p->pcap);
	free(p);
	return result;
}

uint64_t pcap_out_left_out(const struct pcap_out *p)
{
	return p->left_out;
}

// The bytes in front of the header, or -1 when it cannot stand in a capture of Ethernet.
static int put_link_header(struct pcap_out *p, uint32_t protocol)
{
	memset(p->frame, 0, ETHERNET_SIZE);
	switch (protocol) {
	case HEADER_ETHERNET: return 0;
	case HEADER_IP4: store_be16(p->frame + 12, 0x0800); return ETHERNET_SIZE;
	case HEADER_IP6: store_be16(p->frame + 12, 0x86dd); return ETHERNET_SIZE;
	default: return -1;
	}
}

void pcap_out_sample(void *ctx, const struct decoder *d, const struct flow *flow,
		     const struct record_value *if_counters)
{
	struct pcap_out *p = ctx;
	if (if_counters != NULL || flow->header == NULL ||
	    p->options.discards != (d->tag == SFLOW_DISCARDED_PACKET))
		return;
	const int link = put_link_header(p, flow->header_protocol);
	if (link < 0) {
		p->left_out++;
		return;
	}
	uint32_t len = flow->header_len;
	if (p->options.no_payload && flow->payload_offset != 0 && flow->payload_offset < len)
		len = flow->payload_offset;
	memcpy(p->frame + link, flow->header, len);
	struct pcap_pkthdr h = {
		.ts = {.tv_sec = (time_t)(d->arrival->time / 1000000000),
		       .tv_usec = (suseconds_t)(d->arrival->time / 1000 % 1000000)},
		.caplen = len + (uint32_t)link,
		.len = flow->packet_size + (uint32_t)link,
	};
	if (h.len < h.caplen)
		h.len = h.caplen;
	pcap_dump((u_char *)p->dump, &h, p->frame);
}
