// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *small_file_read(const char *path, bool secret, struct err_msg *msg)
{
	struct stat st;
	char *text = NULL;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set(msg, ERR_IO, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_size > SMALL_FILE_MAX) {
		err_set(msg, ERR_INVALID, "%s: expected a file of at most %d bytes", path,
			SMALL_FILE_MAX);
	} else if (secret && (st.st_mode & 0007) != 0) {
		err_set(msg, ERR_PERMISSION, "%s: others may read it; chmod o= it", path);
	} else if ((text = calloc(1, (size_t)st.st_size + 1)) == NULL ||
		   read(fd, text, (size_t)st.st_size) != st.st_size) {
		err_set(msg, ERR_IO, "%s: cannot be read", path);
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}
