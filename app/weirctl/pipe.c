// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl pipe: sFlow datagrams as lines of text, and back. What carries lines carries sFlow:
//
//     ssh far weirctl pipe --listen 6343 | weirctl pipe --send 127.0.0.1:6343
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"

enum {
	DATAGRAM_MAX = 65535,
};

static int usage(FILE *out)
{
	fprintf(out,
		"usage: weirctl pipe --listen [ADDRESS:]PORT | --send ADDRESS:PORT\n"
		"Writes sFlow datagrams as lines of hexadecimal digits, or sends such lines as "
		"datagrams.\n\n"
		"  --listen [ADDRESS:]PORT  datagrams that come there go to standard output\n"
		"  --send ADDRESS:PORT      lines of standard input go there\n"
		"  --help                   this text\n");
	return out == stdout ? 0 : 2;
}

// A UDP socket bound or connected to "HOST:PORT", "[::1]:PORT" or "PORT"; -1 with a message.
static int open_socket(const char *text, bool listens)
{
	const char *colon = strrchr(text, ':');
	const char *port = colon != NULL ? colon + 1 : text;
	char host[256] = "";
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = listens ? AI_PASSIVE : 0},
			*found = NULL;
	if (colon != NULL) {
		const bool bracket = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text) - 2 * bracket,
			 text + bracket);
	}
	const int err = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &found);
	if (err != 0) {
		fprintf(stderr, "weirctl: %s: %s\n", text, gai_strerror(err));
		return -1;
	}
	const int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool done =
		fd >= 0 && (listens ? bind(fd, found->ai_addr, found->ai_addrlen)
				    : connect(fd, found->ai_addr, found->ai_addrlen)) == 0;
	freeaddrinfo(found);
	if (done)
		return fd;
	fprintf(stderr, "weirctl: %s: %s\n", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int receive_all(int fd)
{
	static const char digits[] = "0123456789abcdef";
	static uint8_t data[DATAGRAM_MAX];
	static char line[2 * DATAGRAM_MAX + 1];
	for (;;) {
		const ssize_t len = recv(fd, data, sizeof(data), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			break;
		for (ssize_t i = 0; i < len; i++) {
			line[2 * i] = digits[data[i] >> 4];
			line[2 * i + 1] = digits[data[i] & 15];
		}
		line[2 * len] = '\n';
		// At once: whoever reads wants to know now.
		if (fwrite(line, 1, (size_t)(2 * len + 1), stdout) == 0 || fflush(stdout) != 0)
			return 0; // the reader left
	}
	fprintf(stderr, "weirctl: %s\n", strerror(errno));
	return 1;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	const char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The bytes of a line, or -1 when it is none of ours.
static ssize_t parse_line(const char *line, size_t len, uint8_t *data)
{
	if (len % 2 != 0 || len / 2 > DATAGRAM_MAX)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		const int high = hex(line[2 * i]), low = hex(line[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return (ssize_t)(len / 2);
}

static int send_all(int fd)
{
	static uint8_t data[DATAGRAM_MAX];
	static char line[2 * DATAGRAM_MAX + 3];
	uint64_t bad = 0;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const ssize_t len = parse_line(line, strcspn(line, "\r\n"), data);
		if (len < 0 && bad++ == 0)
			fprintf(stderr, "weirctl: a line that is no datagram is left out\n");
		if (len > 0 && send(fd, data, (size_t)len, 0) < 0 && errno == ECONNREFUSED)
			(void)!send(fd, data, (size_t)len, 0); // the error was of the one before
	}
	return bad > 0;
}

int pipe_main(int argc, char **argv)
{
	static const struct option list[] = {
		{"listen", 1, NULL, 'l'}, {"send", 1, NULL, 's'}, {"help", 0, NULL, 'h'}, {0}};
	const char *listens = NULL, *sends = NULL;
	for (int key; (key = getopt_long(argc, argv, "", list, NULL)) != -1;) {
		switch (key) {
		case 'l': listens = optarg; break;
		case 's': sends = optarg; break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	if ((listens == NULL) == (sends == NULL) || optind < argc)
		return usage(stderr);
	const int fd = open_socket(listens != NULL ? listens : sends, listens != NULL);
	if (fd < 0)
		return 1;
	const int status = listens != NULL ? receive_all(fd) : send_all(fd);
	close(fd);
	return status;
}
