// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Runs in the kernel, for every frame that a NIC receives, before all else: sFlow goes to weir, the
// rest goes its usual way. So one NIC serves both, and the kernel goes on answering for it. Or all
// goes to weir: the program that libxdp has for that wants CAP_SYS_ADMIN, to look itself up.
//
// sFlow is UDP to one port over IPv4 or IPv6, behind up to two VLAN tags. Frames that are not for
// this host never come here but on a promiscuous NIC; which of ours they are for, frame.c judges.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "choice.h"

enum {
	MOST_TAGS = 2,
	MOST_QUEUES = 256,
	FRAGMENT_BITS = 0x3fff, // more to come, or not the first
};

struct vlan_tag {
	__be16 id;
	__be16 type;
};

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, MOST_QUEUES);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} xsks_map SEC(".maps"); // the name that the driver looks for

const volatile struct weir_xdp_choice choice = {.mark = WEIR_XDP_MARK, .udp_port = bpf_htons(6343)};

static __always_inline int is_sflow(const void *p, const void *end)
{
	const struct udphdr *udp = p;
	return (const void *)(udp + 1) <= end && udp->dest == choice.udp_port;
}

// Behind options the header lies at an offset that is not constant. Without CAP_PERFMON the
// verifier takes no such pointer, hence the copy.
static __always_inline int is_sflow_at(struct xdp_md *ctx, __u32 offset)
{
	struct udphdr udp;
	return bpf_xdp_load_bytes(ctx, offset, &udp, sizeof(udp)) == 0 &&
	       udp.dest == choice.udp_port;
}

static __always_inline int is_sflow4(struct xdp_md *ctx, const void *p, const void *end,
				     __u32 offset)
{
	const struct iphdr *ip = p;
	if ((const void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP || ip->ihl < 5)
		return 0;
	if (ip->frag_off & bpf_htons(FRAGMENT_BITS))
		return choice.fragments;
	if (ip->ihl == 5)
		return is_sflow(ip + 1, end);
	return is_sflow_at(ctx, offset + ip->ihl * 4);
}

static __always_inline int is_sflow6(const void *p, const void *end)
{
	const struct ipv6hdr *ip = p;
	const __u8 *behind = p + sizeof(*ip);
	if ((const void *)(behind + 1) > end)
		return 0;
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		return choice.fragments && *behind == IPPROTO_UDP;
	return ip->nexthdr == IPPROTO_UDP && is_sflow(behind, end);
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	// A queue that weir does not read goes to the kernel too.
	if (choice.all)
		return bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
	const void *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const void *p = eth + 1;
	if (p > end)
		return XDP_PASS;
	__be16 type = eth->h_proto;
	__u32 offset = sizeof(*eth);
	for (int i = 0; i < MOST_TAGS; i++) {
		const struct vlan_tag *tag = p;
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((const void *)(tag + 1) > end)
			return XDP_PASS;
		type = tag->type;
		p = tag + 1;
		offset += sizeof(*tag);
	}
	const int ours = type == bpf_htons(ETH_P_IP)     ? is_sflow4(ctx, p, end, offset)
			 : type == bpf_htons(ETH_P_IPV6) ? is_sflow6(p, end)
							 : 0;
	return ours ? bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char weir_license[] SEC("license") = "Dual BSD/GPL";
