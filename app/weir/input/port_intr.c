// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_intr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_interrupts.h>

int port_intr_open(struct port_intr *i, uint16_t port, uint16_t queue)
{
	*i = (struct port_intr){
		.epoll = epoll_create1(EPOLL_CLOEXEC), .port = port, .queue = queue};
	if (i->epoll < 0)
		return -errno;
	const int err = rte_eth_dev_rx_intr_ctl_q(port, queue, i->epoll, RTE_INTR_EVENT_ADD, NULL);
	if (err != 0)
		port_intr_close(i);
	return err;
}

// net_tap reads only after a signal of its own said that there is something. By default any thread
// may get that, and this one would look too early and then sleep. Elsewhere it does nothing.
static void settle(struct port_intr *i)
{
	const struct f_owner_ex me = {.type = F_OWNER_TID, .pid = gettid()};
	fcntl(rte_eth_dev_rx_intr_ctl_q_get_fd(i->port, i->queue), F_SETOWN_EX, &me);
	i->settled = true;
}

void port_intr_wait(struct port_intr *i, int ms)
{
	struct rte_epoll_event event[2];
	if (!i->settled) {
		settle(i);
		return; // what came before may have signalled another thread
	}
	rte_eth_dev_rx_intr_enable(i->port, i->queue);
	// What came before the interrupt was on raises none; a driver that cannot tell is negative.
	if (rte_eth_rx_queue_count(i->port, i->queue) <= 0)
		rte_epoll_wait(i->epoll, event, 2, ms);
	rte_eth_dev_rx_intr_disable(i->port, i->queue);
}

void port_intr_close(struct port_intr *i)
{
	if (i->epoll >= 0)
		close(i->epoll);
	i->epoll = -1;
}
