// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int paths_run_dir(char *out, size_t size, struct err_msg *msg)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const uid_t uid = geteuid();
	int len;
	if (uid == 0)
		len = snprintf(out, size, PATHS_SYSTEM_DIR);
	else if (runtime != NULL && runtime[0] == '/')
		len = snprintf(out, size, "%s/weir", runtime);
	else
		len = snprintf(out, size, "/tmp/weir-%u", (unsigned)uid);
	if (len < 0 || (size_t)len >= size)
		return err_set(msg, ERR_RANGE,
			       "XDG_RUNTIME_DIR: longer than a socket's path may be");
	return 0;
}

int paths_feed_url(char *out, size_t size, struct err_msg *msg)
{
	char dir[PATHS_SIZE];
	const int err = paths_run_dir(dir, sizeof(dir), msg);
	if (err < 0)
		return err;
	const int len = snprintf(out, size, "ipc://%s/feed.ipc", dir);
	if (len < 0 || (size_t)len >= size)
		return err_set(msg, ERR_RANGE, "%s: longer than a socket's path may be", dir);
	return 0;
}

int paths_find_feed_url(char *out, size_t size, struct err_msg *msg)
{
	static const char system_path[] = PATHS_SYSTEM_DIR "/feed.ipc";
	const int err = paths_feed_url(out, size, msg);
	if (err < 0 || access(out + strlen("ipc://"), F_OK) == 0 || access(system_path, F_OK) != 0)
		return err;
	snprintf(out, size, "ipc://%s", system_path);
	return 0;
}

int paths_make_dir(const char *dir, mode_t mode, struct err_msg *msg)
{
	struct stat st;
	if (mkdir(dir, mode) == 0)
		return 0;
	if (errno != EEXIST || lstat(dir, &st) < 0)
		return err_set(msg, ERR_IO, "%s: %s", dir, strerror(errno));
	// Root's may be somebody else's: root has given it away, nobody else could have.
	const bool mine = st.st_uid == geteuid() || geteuid() == 0;
	if (!S_ISDIR(st.st_mode) || !mine || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(msg, ERR_PERMISSION,
			       "%s: expected a directory that is ours and that nobody else may "
			       "write to",
			       dir);
	return 0;
}

int paths_replay_url(char *out, size_t size, const char *feed, struct err_msg *msg)
{
	const char *colon = strrchr(feed, ':');
	int len;
	if (strncmp(feed, "tcp://", 6) == 0 || strncmp(feed, "tls+tcp://", 10) == 0) {
		const unsigned long port = strtoul(colon + 1, NULL, 10);
		if (port == 0 || port >= 65535)
			return err_set(msg, ERR_RANGE, "%s: there is no next port for the replay",
				       feed);
		len = snprintf(out, size, "%.*s:%lu", (int)(colon - feed), feed, port + 1);
	} else {
		len = snprintf(out, size, "%s%s", feed,
			       strncmp(feed, "ws", 2) == 0 ? "/replay" : ".replay");
	}
	if ((size_t)len >= size)
		return err_set(msg, ERR_RANGE, "%s: too long for the replay beside it", feed);
	return 0;
}
