// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "base/strbuf.h"
#include "common/paths.h"
#include "weir/config/config.h"
#include "weir/input/inputs.h"
#include "weir/util/log.h"

void rights_begin(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int rights_plan(struct rights *r, const struct config *config, struct err_msg *msg)
{
	*r = (struct rights){0};
	if (config->user[0] == '\0') {
		if (geteuid() == 0 && !inputs_are_replay(config))
			LOG(NOTICE, MAIN, "runs as root: `user` says who to be once all is open");
		return 0;
	}
	errno = 0;
	const struct passwd *pw = getpwnam(config->user);
	if (pw == NULL)
		return err_set(msg, ERR_UNKNOWN, "user: %s: %s", config->user,
			       errno != 0 ? strerror(errno) : "there is no such user");
	if (pw->pw_uid == 0)
		return err_set(msg, ERR_INVALID, "user: %s is root: expected somebody else",
			       config->user);
	if (geteuid() == pw->pw_uid)
		return 0;
	if (geteuid() != 0)
		return err_set(
			msg, ERR_PERMISSION,
			"user: only root can become %s: start weir as root, or as %s without "
			"`user`",
			config->user, config->user);
	*r = (struct rights){.user = config->user,
			     .uid = pw->pw_uid,
			     .gid = pw->pw_gid,
			     .keep = inputs_capabilities(config)};
	return 0;
}

// By a descriptor: whoever may write to the directory cannot put a link in its place meanwhile.
static void hand_over(const struct rights *r, const char *path)
{
	struct stat st;
	const int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	const bool plain = fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
			   (S_ISSOCK(st.st_mode) || S_ISDIR(st.st_mode) ||
			    (S_ISREG(st.st_mode) && st.st_nlink == 1));
	if (plain && fchownat(fd, "", r->uid, r->gid, AT_EMPTY_PATH) != 0)
		LOG(WARNING, MAIN, "%s stays root's: %s", path, strerror(errno));
	close(fd);
}

static void hand_over_feed(const struct rights *r, const char *url)
{
	static const char ipc[] = "ipc://";
	char replay[PATHS_SIZE + 8];
	if (strncmp(url, ipc, strlen(ipc)) != 0)
		return;
	if (strncmp(url + strlen(ipc), PATHS_SYSTEM_DIR "/", strlen(PATHS_SYSTEM_DIR) + 1) == 0)
		hand_over(r, PATHS_SYSTEM_DIR);
	hand_over(r, url + strlen(ipc));
	if (paths_replay_url(replay, sizeof(replay), url, NULL) == 0)
		hand_over(r, replay + strlen(ipc));
}

static void hand_over_journal(const struct rights *r, const char *path)
{
	char old[PATH_MAX];
	hand_over(r, path);
	snprintf(old, sizeof(old), "%s.1", path);
	hand_over(r, old);
}

// Once it is half full a new one begins.
static int check_journal(const struct rights *r, const char *path, struct err_msg *msg)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	if (slash != NULL)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	if (*path == '\0' || (access(dir, W_OK | X_OK) == 0 && access(path, W_OK) == 0))
		return 0;
	return err_set(msg, ERR_PERMISSION,
		       "journal: %s: the user %s may not write to it and make a new one in %s",
		       path, r->user, dir);
}

static int set_capabilities(uint64_t all)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)all, .permitted = (uint32_t)all},
		{.effective = (uint32_t)(all >> 32), .permitted = (uint32_t)(all >> 32)},
	};
	return (int)syscall(SYS_capset, &head, data);
}

static int become(const struct rights *r)
{
	// Of this thread alone: the others lose all that they have.
	if (prctl(PR_SET_KEEPCAPS, r->keep != 0, 0, 0, 0) != 0 ||
	    initgroups(r->user, r->gid) != 0 || setresgid(r->gid, r->gid, r->gid) != 0 ||
	    setresuid(r->uid, r->uid, r->uid) != 0 || set_capabilities(r->keep) != 0)
		return -1;
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (setresuid(0, 0, 0) == 0) { // that would be no giving up
		errno = EPERM;
		return -1;
	}
	return 0;
}

static void tell(const struct rights *r)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
		{CAP_NET_RAW, "CAP_NET_RAW"},
		{CAP_IPC_LOCK, "CAP_IPC_LOCK"},
		{CAP_BPF, "CAP_BPF"},
	};
	char text[128];
	struct strbuf b = strbuf_of(text, sizeof(text));
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((r->keep >> names[i].bit & 1) != 0)
			strbuf_fmt(&b, "%s%s", b.len > 0 ? ", " : " but ", names[i].name);
	LOG(NOTICE, MAIN, "root is given up: from now on %s (%u), no capabilities%s", r->user,
	    (unsigned)r->uid, text);
}

int rights_give_up(const struct rights *r, const struct config *config, struct err_msg *msg)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	if (r->user == NULL)
		return 0;
	for (uint32_t i = 0; i < config->feed.n; i++)
		hand_over_feed(r, config->feed.at[i]);
	hand_over_journal(r, config->journal);
	// What a card may write to counts as locked. In a container root may not ask for it.
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0)
		LOG(INFO, MAIN, "locked memory stays limited: %s", strerror(errno));
	if (become(r) != 0)
		return err_set(msg, ERR_PERMISSION, "user: cannot become %s: %s", r->user,
			       strerror(errno));
	tell(r);
	return check_journal(r, config->journal, msg);
}
