// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A weir that root starts by hand gives root up for good (`user`), as soon as all that takes root
/// is open: devices, sockets, the XDP program, files, privileged ports.
///
///     rights_begin();                              // first of all: no program grants us more
///     if (rights_plan(&r, &config, &msg) != 0) ... // before anything is opened
///     ... open everything ...
///     if (rights_give_up(&r, &config, &msg) != 0) ...
///     ... start the threads that work on devices ...
///
/// What that user is to remove or to write anew becomes the user's: the sockets of the feed with
/// their directory, the journal. Then every thread becomes that user with its groups (glibc changes
/// all of a process), none can go back, and no thread that is there by then has a capability.
/// Where a device's driver needs some to be opened again after an outage, main keeps them and the
/// threads that main starts from then on inherit them (inputs_capabilities() says which): hosts and
/// ways to the kernel.
///
/// What takes root later is refused by the kernel, in the words of whatever asked for it: files
/// that only root may read are not read anew by a reload, a VFIO group of root's is not opened
/// again. Memory that is locked is unlimited from here on: that, too, only root can ask for.
///
/// Without `user` nothing changes: the unit starts weir as its user, with what its drop-ins add.
///
/// Thread-safety: main alone.

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct config;

struct rights {
	const char *user; ///< NULL: nothing is given up
	uid_t uid;
	gid_t gid;
	uint64_t keep; ///< bit per capability that main keeps
};

/// No file that is executed gives this process more rights than it has; inherited by all threads.
void rights_begin(void);
/// Who we shall be. 0, ERR_UNKNOWN when there is no such user, ERR_PERMISSION when we are not root,
/// and not that user either.
int rights_plan(struct rights *r, const struct config *config, struct err_msg *msg);
/// 0, or ERR_PERMISSION and a message: the user could not go on with the journal, or the kernel
/// refuses.
int rights_give_up(const struct rights *r, const struct config *config, struct err_msg *msg);
