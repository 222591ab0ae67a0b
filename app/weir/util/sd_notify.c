// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/util/sd_notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

// "/path", or "@name" in the abstract name space (a leading NUL on the wire). 0 = not usable.
static socklen_t listener(const char *path, struct sockaddr_un *to)
{
	const size_t len = strlen(path);
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len < 2 || len >= sizeof(to->sun_path) || (path[0] != '/' && path[0] != '@'))
		return 0;
	memcpy(to->sun_path, path, len);
	if (path[0] == '@')
		to->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

int sd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	if (path == NULL || *path == '\0')
		return 0;
	const socklen_t to_len = listener(path, &to);
	if (to_len == 0)
		return ERR_INVALID;
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	const size_t len = strlen(state);
	const ssize_t sent =
		sendto(fd, state, len, MSG_NOSIGNAL, (const struct sockaddr *)&to, to_len);
	close(fd);
	return sent == (ssize_t)len ? 0 : ERR_IO;
}

uint64_t sd_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(usec, NULL, 10) * 1000;
}
