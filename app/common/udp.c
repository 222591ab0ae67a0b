// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int udp_connect(const struct addr *addr, uint32_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	const bool is4 = addr->family == ADDR_IP4;
	const int size = UDP_SNDBUF;
	memcpy(&in.sin_addr, addr->bytes, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, addr->bytes, sizeof(in6.sin6_addr));
	const int fd =
		socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if ((is4 ? connect(fd, (struct sockaddr *)&in, sizeof(in))
		 : connect(fd, (struct sockaddr *)&in6, sizeof(in6))) == 0)
		return fd;
	const int err = errno;
	close(fd);
	errno = err;
	return -1;
}
