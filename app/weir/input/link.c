// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char attributes[64];
};

static int begin(struct request *r, const char *interface)
{
	const unsigned index = if_nametoindex(interface);
	*r = (struct request){
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(r->info)),
			 .nlmsg_type = RTM_NEWLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.info = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index},
	};
	return index != 0 ? 0 : -errno;
}

static void add(struct request *r, unsigned short type, const void *value, unsigned short size)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));
	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(a), value, size);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static int ask(const struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512]; // the request, repeated
	} answer;
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	int err = 0;
	if (send(fd, r, r->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (answer.head.nlmsg_type == NLMSG_ERROR)
		err = answer.error.error; // 0 = done
	close(fd);
	return err;
}

int link_set_up(const char *interface, uint32_t mtu)
{
	struct request r;
	const int err = begin(&r, interface);
	if (err != 0)
		return err;
	r.info.ifi_flags = r.info.ifi_change = IFF_UP;
	add(&r, IFLA_MTU, &mtu, sizeof(mtu));
	return ask(&r);
}

int link_set_carrier(const char *interface, bool carrier)
{
	const uint8_t value = carrier;
	struct request r;
	const int err = begin(&r, interface);
	if (err != 0)
		return err;
	add(&r, IFLA_CARRIER, &value, sizeof(value));
	return ask(&r);
}
