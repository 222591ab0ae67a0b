// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What a card does and no vdev: preloaded into weir, it stands between weir and DPDK's ethdev.
//
//     LD_PRELOAD=libcard.so weir ...
//
// It takes every rule of rte_flow and prints it, isolates, and lets a device be reset. By the stats
// socket it raises what a driver raises: "/card/reset,NAME" that the host of the virtual function
// NAME resets it, "/card/remove,NAME" that it is pulled.

#include <errno.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_telemetry.h>

struct rte_eth_dev;
// ethdev's for its drivers; not in its headers.
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event, void *ret);

static int raise_event(const char *name, enum rte_eth_event_type event, struct rte_tel_data *d)
{
	struct rte_eth_dev *dev = name != NULL ? rte_eth_dev_allocated(name) : NULL;
	if (dev == NULL)
		return -ENODEV;
	rte_eth_dev_callback_process(dev, event, NULL);
	return rte_tel_data_string(d, "raised");
}

static int on_reset(const char *cmd, const char *name, struct rte_tel_data *d)
{
	return raise_event(name, RTE_ETH_EVENT_INTR_RESET, d);
}

static int on_remove(const char *cmd, const char *name, struct rte_tel_data *d)
{
	return raise_event(name, RTE_ETH_EVENT_INTR_RMV, d);
}

__attribute__((constructor)) static void begin(void)
{
	rte_telemetry_register_cmd("/card/reset", on_reset, "Reset a port. Parameter: its name.");
	rte_telemetry_register_cmd("/card/remove", on_remove, "Pull a port. Parameter: its name.");
}

// In place of ethdev's ----------------------------------------------------------------------------

int rte_eth_dev_reset(uint16_t port)
{
	fprintf(stderr, "card: port %u was reset\n", port);
	return 0;
}

int rte_flow_isolate(uint16_t port, int set, struct rte_flow_error *error)
{
	fprintf(stderr, "card: port %u is isolated: %d\n", port, set);
	return 0;
}

static const char *item_name(const struct rte_flow_item *item)
{
	switch (item->type) {
	case RTE_FLOW_ITEM_TYPE_ETH: return "eth";
	case RTE_FLOW_ITEM_TYPE_VLAN: return "vlan";
	case RTE_FLOW_ITEM_TYPE_IPV4: return "ipv4";
	case RTE_FLOW_ITEM_TYPE_IPV6: return "ipv6";
	case RTE_FLOW_ITEM_TYPE_UDP: return "udp";
	default: return "other";
	}
}

// What testpmd would call it.
static void print_rule(uint16_t port, const struct rte_flow_attr *attr,
		       const struct rte_flow_item *item, const struct rte_flow_action *action)
{
	char text[400];
	int n = snprintf(text, sizeof(text), "card: flow create %u %s pattern", port,
			 attr->ingress ? "ingress" : "egress");
	for (; item->type != RTE_FLOW_ITEM_TYPE_END; item++) {
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s", item_name(item));
		const struct rte_flow_item_udp *spec = item->spec, *mask = item->mask;
		if (item->type == RTE_FLOW_ITEM_TYPE_UDP)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " dst %u mask %x",
				      rte_be_to_cpu_16(spec->hdr.dst_port),
				      rte_be_to_cpu_16(mask->hdr.dst_port));
	}
	if (action->type == RTE_FLOW_ACTION_TYPE_RSS) {
		const struct rte_flow_action_rss *rss = action->conf;
		n += snprintf(text + n, sizeof(text) - (size_t)n, " rss %u queues", rss->queue_num);
	} else if (action->type == RTE_FLOW_ACTION_TYPE_QUEUE) {
		const struct rte_flow_action_queue *queue = action->conf;
		n += snprintf(text + n, sizeof(text) - (size_t)n, " queue %u", queue->index);
	}
	fprintf(stderr, "%s%s\n", text, action[1].type == RTE_FLOW_ACTION_TYPE_END ? "" : " more");
}

struct rte_flow *rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
				 const struct rte_flow_item pattern[],
				 const struct rte_flow_action actions[],
				 struct rte_flow_error *error)
{
	static char rule;
	print_rule(port, attr, pattern, actions);
	return (struct rte_flow *)&rule;
}
