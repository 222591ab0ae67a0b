// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_steer.h"

#include <stdlib.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "weir/util/log.h"

enum {
	MOST_QUEUES = 1024,
	N_RULES = 4,
	LONGEST = 5, // Ethernet, VLAN, IP, UDP, end
};

static const char *reason(const struct rte_flow_error *error, int err)
{
	return error->message != NULL ? error->message : rte_strerror(err);
}

bool port_steer_isolate(uint16_t port, const char *name)
{
	struct rte_flow_error error = {0};
	const int err = rte_flow_isolate(port, 1, &error);
	if (err == 0)
		return true;
	LOG(WARNING, PORT, "%s: steer: the driver does not isolate: %s: all frames come", name,
	    reason(&error, -err));
	return false;
}

static void write_pattern(struct rte_flow_item pattern[LONGEST], bool vlan, bool ip6,
			  const struct rte_flow_item_udp *udp)
{
	static const struct rte_flow_item_udp mask = {.hdr.dst_port = RTE_BE16(0xffff)};
	unsigned n = 0;
	pattern[n++] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_ETH};
	if (vlan)
		pattern[n++] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_VLAN};
	pattern[n++] = (struct rte_flow_item){.type = ip6 ? RTE_FLOW_ITEM_TYPE_IPV6
							  : RTE_FLOW_ITEM_TYPE_IPV4};
	pattern[n++] =
		(struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = udp, .mask = &mask};
	pattern[n] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_END};
}

static struct rte_flow *create(uint16_t port, const struct rte_flow_item *pattern,
			       uint16_t n_queues, struct rte_flow_error *error)
{
	static const struct rte_flow_attr ingress = {.ingress = 1};
	static const struct rte_flow_action_queue only = {.index = 0};
	uint16_t queue[MOST_QUEUES];
	for (uint16_t i = 0; i < n_queues && i < MOST_QUEUES; i++)
		queue[i] = i;
	const struct rte_flow_action_rss spread = {
		.types = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP, .queue_num = n_queues, .queue = queue};
	const struct rte_flow_action action[] = {
		n_queues > 1 ? (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_RSS, &spread}
			     : (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_QUEUE, &only},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};
	return rte_flow_create(port, &ingress, pattern, action, error);
}

unsigned port_steer_start(uint16_t port, const char *name, uint16_t udp_port, uint16_t n_queues)
{
	const struct rte_flow_item_udp udp = {.hdr.dst_port = rte_cpu_to_be_16(udp_port)};
	struct rte_flow_error error = {0}, first = {0};
	struct rte_flow_item pattern[LONGEST];
	unsigned taken = 0;
	int err = 0;
	struct log_hold hold;
	log_hold(&hold);
	for (unsigned i = 0; i < N_RULES; i++) {
		write_pattern(pattern, i & 2, i & 1, &udp);
		if (create(port, pattern, n_queues, &error) != NULL) {
			taken++;
		} else if (err == 0) {
			err = rte_errno;
			first = error;
		}
	}
	log_release(&hold);
	free(hold.text);
	if (taken == N_RULES)
		LOG(INFO, PORT, "%s: steer: the card picks UDP port %u out", name, udp_port);
	else
		LOG(WARNING, PORT,
		    "%s: steer: the driver takes %u of %d rules: %s: workers sort the rest", name,
		    taken, N_RULES, reason(&first, err));
	return taken;
}
