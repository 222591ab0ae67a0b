// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/port_xdp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "xdp/choice.h"

enum {
	LARGEST = 1 << 20, // of a compiled program; ours has some 10 kB
};

// Where the program was installed, or WEIR_XDP in the environment (a build folder).
static const char *program_path(void)
{
	const char *path = getenv("WEIR_XDP");
	return path != NULL && *path != '\0' ? path : WEIR_XDP_DIR "/weir_xdp.o";
}

static uint8_t *load(const char *path, size_t *size, struct err_msg *msg)
{
	FILE *f = fopen(path, "re");
	uint8_t *bytes = f != NULL ? malloc(LARGEST) : NULL;
	*size = bytes != NULL ? fread(bytes, 1, LARGEST, f) : 0;
	if (*size == 0)
		err_set(msg, ERR_UNKNOWN,
			"xdp: cannot read the XDP program %s: %s: weir may have been built without "
			"clang (meson: -Dxdp=enabled); WEIR_XDP names another file",
			path, strerror(errno));
	if (f != NULL)
		fclose(f);
	if (*size > 0)
		return bytes;
	free(bytes);
	return NULL;
}

// Fill in the choice, which stands once in the file.
static int choose(uint8_t *bytes, size_t size, const struct port_xdp_choice *c, struct err_msg *msg)
{
	struct weir_xdp_choice *choice = memmem(bytes, size, WEIR_XDP_MARK, sizeof(WEIR_XDP_MARK));
	if (choice == NULL || (uint8_t *)(choice + 1) > bytes + size)
		return err_set(msg, ERR_INVALID, "xdp: %s is no program of weir", program_path());
	store_be16((uint8_t *)&choice->udp_port, c->udp_port);
	choice->fragments = c->fragments;
	choice->all = c->all;
	return 0;
}

static int save(struct port_xdp *x, const uint8_t *bytes, size_t size, struct err_msg *msg)
{
	const char *dir = getenv("TMPDIR");
	if (asprintf(&x->path, "%s/weir-xdp-XXXXXX", dir != NULL ? dir : "/tmp") < 0) {
		x->path = NULL;
		return err_set(msg, ERR_MEMORY, "xdp: out of memory");
	}
	const int fd = mkstemp(x->path); // 0600
	const bool written = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
	if (!written)
		err_set(msg, ERR_IO, "xdp: cannot write %s: %s", x->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return written ? 0 : ERR_IO;
}

int port_xdp_prepare(struct port_xdp *x, const char *device, const struct port_xdp_choice *choice,
		     struct err_msg *msg)
{
	*x = (struct port_xdp){0};
	if (strncmp(device, "net_af_xdp", 10) != 0)
		return err_set(msg, ERR_INVALID,
			       "port %s: xdp: only a net_af_xdp device runs an XDP program",
			       device);
	size_t size;
	uint8_t *bytes = load(program_path(), &size, msg);
	if (bytes == NULL)
		return ERR_UNKNOWN;
	int err = choose(bytes, size, choice, msg);
	if (err == 0)
		err = save(x, bytes, size, msg);
	free(bytes);
	if (err == 0 && asprintf(&x->device, "%s,xdp_prog=%s", device, x->path) < 0) {
		x->device = NULL;
		err = err_set(msg, ERR_MEMORY, "xdp: out of memory");
	}
	if (err != 0)
		port_xdp_done(x);
	return err;
}

void port_xdp_done(struct port_xdp *x)
{
	if (x->path != NULL)
		unlink(x->path);
	free(x->path);
	free(x->device);
	*x = (struct port_xdp){0};
}
