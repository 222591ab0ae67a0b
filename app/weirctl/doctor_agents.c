// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "doctor.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

enum {
	SILENT = 60000,  // ms; agents send counters at least so often
	LINES = 10,      // of a kind; the rest is counted
	JUMPS = 20,      // one datagram in so many that does not follow the one before
	REPLY = 1 << 16, // bytes of a page, at most
	PAGE = 64,       // agents
	TIMEOUT = 2,     // s
	MOST = 1 << 20,  // agents; weir keeps no more
};

static bool is_silent(const struct doctor_agent *a)
{
	return a->datagrams > 0 && a->silent > SILENT;
}

static bool comes_twice(const struct doctor_agent *a)
{
	return a->duplicates > a->datagrams / 100;
}

// Two devices that count their datagrams apart look like one that restarts all the time.
static bool is_shared(const struct doctor_agent *a)
{
	return a->restarts > 2 && a->restarts + a->late > a->datagrams / JUMPS;
}

static void tell(struct doctor *d, const struct doctor_agent *a,
		 bool (*holds)(const struct doctor_agent *), unsigned *told)
{
	const char *open = a->name[0] != '\0' ? " (" : "", *close = a->name[0] != '\0' ? ")" : "";
	if (!holds(a) || ++*told > LINES)
		return;
	if (holds == is_silent)
		doctor_say(d, DOCTOR_FIX, "silent",
			   "%s%s%s%s: nothing for %" PRIu64
			   " s: is it up, does it still send here?",
			   a->address, open, a->name, close, a->silent / 1000);
	else if (holds == comes_twice)
		doctor_say(d, DOCTOR_FIX, "duplicates",
			   "%s%s%s%s: %" PRIu64 " of %" PRIu64 " datagrams came twice: it has this "
			   "collector twice, or the network duplicates",
			   a->address, open, a->name, close, a->duplicates, a->datagrams);
	else
		doctor_say(d, DOCTOR_FIX, "shared",
			   "%s%s%s%s: %" PRIu64 " restarts in %" PRIu64
			   " datagrams: two devices use "
			   "this agent address; give each its own",
			   a->address, open, a->name, close, a->restarts, a->datagrams);
}

void doctor_agents(struct doctor *d, const struct doctor_agent *agents, size_t n)
{
	static bool (*const kinds[])(const struct doctor_agent *) = {is_silent, comes_twice,
								     is_shared};
	bool good = true;
	for (unsigned k = 0; k < 3; k++) {
		unsigned told = 0;
		for (size_t i = 0; i < n; i++)
			tell(d, &agents[i], kinds[k], &told);
		good = good && told == 0;
		if (told > LINES)
			doctor_say(d, DOCTOR_INFO, "agents", "and %u more like that", told - LINES);
	}
	if (good && n > 0)
		doctor_say(d, DOCTOR_GOOD, "agents", "%zu send, none twice, none fell silent", n);
}

// The collector's stats socket -------------------------------------------------------------------

static int connect_to(const char *dir, const char *prefix)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval timeout = {.tv_sec = TIMEOUT};
	char greeting[1024];
	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s/dpdk/%s/dpdk_telemetry.v2", dir, prefix) >=
	    (int)sizeof(a.sun_path))
		return -1;
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
	    recv(fd, greeting, sizeof(greeting), 0) > 0)
		return fd;
	close(fd);
	return -1;
}

static json_t *ask(int fd, uint64_t from)
{
	static char reply[REPLY];
	char command[64];
	const int len = snprintf(command, sizeof(command), "/weir/agents,%" PRIu64, from);
	if (send(fd, command, (size_t)len, MSG_NOSIGNAL) != len)
		return NULL;
	const ssize_t got = recv(fd, reply, sizeof(reply), 0);
	return got > 0 ? json_loadb(reply, (size_t)got, 0, NULL) : NULL;
}

static uint64_t cell(const json_t *page, const char *column, size_t i)
{
	const json_int_t v = json_integer_value(json_array_get(json_object_get(page, column), i));
	return v > 0 ? (uint64_t)v : 0;
}

static const char *text(const json_t *page, const char *column, size_t i)
{
	const char *s = json_string_value(json_array_get(json_object_get(page, column), i));
	return s != NULL ? s : "";
}

// The texts live as long as the pages.
static size_t read_page(const json_t *page, struct doctor_agent *a)
{
	const size_t n = json_array_size(json_object_get(page, "agent"));
	for (size_t i = 0; i < n && i < PAGE; i++)
		a[i] = (struct doctor_agent){.address = text(page, "agent", i),
					     .name = text(page, "name", i),
					     .datagrams = cell(page, "datagrams", i),
					     .duplicates = cell(page, "duplicates", i),
					     .restarts = cell(page, "restarts", i),
					     .late = cell(page, "late", i),
					     .silent = cell(page, "silent_ms", i)};
	return n < PAGE ? n : PAGE;
}

void doctor_ask_agents(struct doctor *d, const char *prefix)
{
	const char *own = getenv("XDG_RUNTIME_DIR");
	int fd = own != NULL && *own != '\0' ? connect_to(own, prefix) : -1;
	if (fd < 0)
		fd = connect_to("/run", prefix);
	if (fd < 0)
		return;
	json_t *pages = json_array();
	struct doctor_agent *all = NULL;
	size_t n = 0;
	for (uint64_t from = 0; n < MOST;) {
		json_t *reply = ask(fd, from);
		const json_t *page = json_object_get(reply, "/weir/agents");
		struct doctor_agent *more = realloc(all, (n + PAGE) * sizeof(*all));
		json_array_append_new(pages, reply);
		if (more == NULL || page == NULL)
			break;
		all = more;
		n += read_page(page, &all[n]);
		const json_int_t next = json_integer_value(json_object_get(page, "next"));
		if (next <= (json_int_t)from)
			break;
		from = (uint64_t)next;
	}
	doctor_agents(d, all, n);
	free(all);
	json_decref(pages);
	close(fd);
}
