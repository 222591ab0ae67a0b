// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_bond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_bond.h>
#include <rte_ethdev.h>

#include "weir/util/clock.h"
#include "weir/util/compat.h"
#include "weir/util/log.h"

#define LOOK (100 * CLOCK_NS_PER_MS)

enum {
	SEND_QUEUE = 0,
	LACP_DISTRIBUTING = 0x20, // IEEE 802.1AX, 6.4.2.3: Actor_Oper_Port_State
};

static const uint8_t modes[] = {
	[BOND_LACP] = BONDING_MODE_8023AD,
	[BOND_ACTIVE_BACKUP] = BONDING_MODE_ACTIVE_BACKUP,
};

// A vdev goes by what stands before its arguments.
static int find(const char *device, uint16_t *id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	const int err = rte_dev_probe(device);
	return err != 0 ? err : rte_eth_dev_get_port_by_name(name, id);
}

static int add_member(struct port_bond *b, const char *device, struct err_msg *msg)
{
	uint16_t id = RTE_MAX_ETHPORTS;
	struct log_hold hold;
	log_hold(&hold);
	int err = find(device, &id);
	if (err == 0)
		b->member[b->n++] = id;
	if (err == 0)
		err = bond_member_add(b->id, id);
	log_release(&hold);
	if (err != 0)
		err_set(msg, ERR_IO, "port %s: member %s: %s: %.*s", b->name, device,
			rte_strerror(-err), hold.text != NULL ? (int)strcspn(hold.text, "\n") : 0,
			hold.text != NULL ? hold.text : "");
	free(hold.text);
	return err == 0 ? 0 : ERR_IO;
}

int port_bond_make(struct port_bond *b, const char *name, const struct port_bond_config *config,
		   struct err_msg *msg)
{
	*b = (struct port_bond){.id = RTE_MAX_ETHPORTS, .mode = config->mode};
	snprintf(b->name, sizeof(b->name), "%s", name);
	struct log_hold hold;
	log_hold(&hold);
	const int id = rte_eth_bond_create(name, modes[config->mode],
					   (uint8_t)(config->socket >= 0 ? config->socket : 0));
	log_release(&hold);
	free(hold.text);
	if (id < 0)
		return err_set(msg, ERR_IO, "port %s: cannot make the bond: %s", name,
			       rte_strerror(-id));
	b->id = (uint16_t)id;
	int err = 0;
	for (uint32_t i = 0; i < config->n_members && i < PORT_BOND_MOST && err == 0; i++)
		err = add_member(b, config->member[i], msg);
	return err;
}

// Take frames to the bond's MAC address and to groups, or if that cannot be, all.
static void open_member(const struct port_bond *b, uint16_t id)
{
	struct rte_ether_addr bond, own;
	char name[RTE_ETH_NAME_MAX_LEN] = "";
	rte_eth_macaddr_get(b->id, &bond);
	rte_eth_macaddr_get(id, &own);
	rte_eth_dev_get_name_by_port(id, name);
	const bool takes =
		rte_is_same_ether_addr(&bond, &own) || rte_eth_dev_mac_addr_add(id, &bond, 0) == 0;
	const bool groups = rte_eth_allmulticast_enable(id) == 0;
	if (takes && groups)
		return;
	if (rte_eth_promiscuous_enable(id) == 0)
		LOG(INFO, PORT, "%s: member %s has no filter for %s: it takes all frames", b->name,
		    name, takes ? "groups" : "a second MAC address");
	else
		LOG(WARNING, PORT, "%s: member %s may not receive what is for the bond", b->name,
		    name);
}

void port_bond_started(struct port_bond *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		open_member(b, b->member[i]);
}

// Has the peer agreed to use it? Without LACP one is in use.
static bool carries(const struct port_bond *b, uint16_t id)
{
	struct bond_lacp info;
	if (b->mode != BOND_LACP)
		return rte_eth_bond_primary_get(b->id) == id;
	return bond_lacp(b->id, id, &info) == 0 && (info.actor_state & LACP_DISTRIBUTING) != 0;
}

static uint64_t look_at_members(const struct port_bond *b)
{
	uint16_t active[RTE_MAX_ETHPORTS];
	uint64_t found = 0;
	const int n = bond_active_members(b->id, active, RTE_MAX_ETHPORTS);
	for (int k = 0; k < n; k++)
		for (uint16_t i = 0; i < b->n; i++)
			if (active[k] == b->member[i] && carries(b, active[k]))
				found |= UINT64_C(1) << i;
	return found;
}

static bool tell_members(struct port_bond *b)
{
	const uint64_t now = look_at_members(b);
	const bool changed = now != b->active;
	for (uint16_t i = 0; i < b->n && now != b->active; i++) {
		char name[RTE_ETH_NAME_MAX_LEN] = "";
		const uint64_t bit = UINT64_C(1) << i;
		if ((now & bit) == (b->active & bit))
			continue;
		rte_eth_dev_get_name_by_port(b->member[i], name);
		LOG(NOTICE, PORT, "%s: member %s %s (%d of %u do)", b->name, name,
		    now & bit ? "carries traffic" : "carries no traffic", __builtin_popcountll(now),
		    b->n);
	}
	b->active = now;
	return changed;
}

static bool has_link(uint16_t id)
{
	struct rte_eth_link link = {0};
	return rte_eth_link_get_nowait(id, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

// The bond goes by interrupts, which some drivers promise and never raise (net_tap): look, too.
static void choose_active(const struct port_bond *b)
{
	const int active = rte_eth_bond_primary_get(b->id);
	if (active >= 0 && has_link((uint16_t)active))
		return;
	for (uint16_t i = 0; i < b->n; i++)
		if (b->member[i] != active && has_link(b->member[i])) {
			rte_eth_bond_primary_set(b->id, b->member[i]);
			return;
		}
}

bool port_bond_beat(struct port_bond *b, uint64_t now)
{
	if (b->mode == BOND_LACP)
		rte_eth_tx_burst(b->id, SEND_QUEUE, NULL, 0);
	if (now - b->told < LOOK)
		return false;
	b->told = now;
	if (b->mode == BOND_ACTIVE_BACKUP)
		choose_active(b);
	return tell_members(b);
}

void port_bond_close(struct port_bond *b)
{
	struct log_hold hold; // closing the bond has stopped them
	log_hold(&hold);
	for (uint16_t i = 0; i < b->n; i++)
		if (rte_eth_dev_is_valid_port(b->member[i])) {
			rte_eth_dev_stop(b->member[i]);
			rte_eth_dev_close(b->member[i]);
		}
	b->n = 0;
	log_release(&hold);
	free(hold.text);
}
