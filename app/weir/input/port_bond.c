// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_bond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_bond.h>
#include <rte_ethdev.h>

#include "weir/util/clock.h"
#include "weir/util/compat.h"
#include "weir/util/log.h"

#define LOOK      (100 * CLOCK_NS_PER_MS)
#define TRY_AGAIN CLOCK_NS_PER_S

// A device without its arguments, for "%.*s".
#define NAME(device) (int)strcspn(device, ","), device

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
	if (err == 0) {
		b->device[b->n] = device;
		b->interface[b->n] = port_bond_interface(device);
		b->member[b->n++] = id;
		err = bond_member_add(b->id, id);
	}
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
		if (b->member[i] != RTE_MAX_ETHPORTS)
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
		const uint64_t bit = UINT64_C(1) << i;
		if ((now & bit) == (b->active & bit))
			continue;
		LOG(NOTICE, PORT, "%s: member %.*s %s (%d of %u do)", b->name, NAME(b->device[i]),
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
	if (active >= 0 && rte_eth_dev_is_valid_port((uint16_t)active) &&
	    has_link((uint16_t)active))
		return;
	for (uint16_t i = 0; i < b->n; i++)
		if (b->member[i] != active && b->member[i] != RTE_MAX_ETHPORTS &&
		    has_link(b->member[i])) {
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

// Members that come and go -------------------------------------------------------------------

unsigned port_bond_interface(const char *device)
{
	static const char *const users[] = {"net_af_packet", "net_af_xdp", "net_pcap"};
	char name[IF_NAMESIZE];
	const char *at = strstr(device, ",iface=");
	for (unsigned i = 0; at != NULL && i < sizeof(users) / sizeof(users[0]); i++) {
		if (strncmp(device, users[i], strlen(users[i])) != 0)
			continue;
		at += strlen(",iface=");
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
		return if_nametoindex(name);
	}
	return 0;
}

// Is the device of a pulled member here again?
static bool can_return(struct port_bond *b, uint16_t i)
{
	const unsigned interface = port_bond_interface(b->device[i]);
	struct log_hold hold;
	if (b->interface[i] != 0 && interface == 0)
		return false;
	log_hold(&hold); // it may not be for hours
	const int err = find(b->device[i], &b->comes[i]);
	log_release(&hold);
	free(hold.text);
	if (err == 0)
		b->interface[i] = interface;
	return err == 0;
}

bool port_bond_look(struct port_bond *b, uint64_t pulled, uint64_t now)
{
	const bool try = now >= b->next_try;
	for (uint16_t i = 0; i < b->n; i++) {
		const uint64_t bit = UINT64_C(1) << i;
		if (b->member[i] == RTE_MAX_ETHPORTS) {
			if (try && (b->coming & bit) == 0 && can_return(b, i))
				b->coming |= bit;
		} else if ((pulled & bit) != 0 ||
			   port_bond_interface(b->device[i]) != b->interface[i]) {
			b->going |= bit;
		}
	}
	if (try)
		b->next_try = now + TRY_AGAIN;
	return (b->going | b->coming) != 0;
}

static void let_go(struct port_bond *b, uint16_t i)
{
	struct rte_ether_addr mac;
	// Neighbours know the bond by this one, which may have been the member's.
	if (rte_eth_macaddr_get(b->id, &mac) == 0)
		rte_eth_bond_mac_address_set(b->id, &mac);
	bond_member_remove(b->id, b->member[i]);
	b->left[b->n_left++] = b->member[i];
	b->member[i] = RTE_MAX_ETHPORTS;
}

static int take_back(struct port_bond *b, uint16_t i)
{
	const int err = bond_member_add(b->id, b->comes[i]);
	if (err == 0)
		b->member[i] = b->comes[i];
	else
		b->left[b->n_left++] = b->comes[i];
	return err;
}

void port_bond_change(struct port_bond *b)
{
	for (uint16_t i = 0; i < b->n; i++) {
		const uint64_t bit = UINT64_C(1) << i;
		struct log_hold hold; // the driver complains of what is gone
		int err = 0;
		log_hold(&hold);
		if ((b->going & bit) != 0)
			let_go(b, i);
		else if ((b->coming & bit) != 0)
			err = take_back(b, i);
		log_release(&hold);
		if ((b->going & bit) != 0)
			LOG(ERR, PORT, "%s: member %.*s is gone: the others go on without it",
			    b->name, NAME(b->device[i]));
		else if ((b->coming & bit) != 0 && err == 0)
			LOG(NOTICE, PORT, "%s: member %.*s is back", b->name, NAME(b->device[i]));
		else if ((b->coming & bit) != 0)
			LOG(ERR, PORT, "%s: member %.*s cannot come back: %s%s%.*s", b->name,
			    NAME(b->device[i]), rte_strerror(-err), hold.size > 0 ? ": " : "",
			    hold.text != NULL ? (int)strcspn(hold.text, "\n") : 0, hold.text);
		free(hold.text);
	}
	for (uint16_t i = 0; i < b->n; i++)
		if ((b->coming >> i & 1) != 0 && b->member[i] != RTE_MAX_ETHPORTS)
			open_member(b, b->member[i]);
	b->going = b->coming = 0;
}

bool port_bond_is_empty(const struct port_bond *b)
{
	for (uint16_t i = 0; i < b->n; i++)
		if (b->member[i] != RTE_MAX_ETHPORTS)
			return false;
	return true;
}

void port_bond_forget(struct port_bond *b)
{
	struct log_hold hold;
	log_hold(&hold);
	for (uint16_t i = 0; i < b->n_left; i++) {
		struct rte_eth_dev_info info = {0};
		rte_eth_dev_info_get(b->left[i], &info);
		rte_eth_dev_stop(b->left[i]);
		if (info.device == NULL || rte_dev_remove(info.device) != 0)
			rte_eth_dev_close(b->left[i]);
	}
	b->n_left = 0;
	log_release(&hold);
	free(hold.text);
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
