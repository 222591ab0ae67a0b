// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/text.h"

#define ALTERNATE_ON  "\x1b[?1049h\x1b[?25l"
#define ALTERNATE_OFF "\x1b[?25h\x1b[?1049l"
#define HOME          "\x1b[H"
#define ERASE_LINE    "\x1b[K"
#define ERASE_REST    "\x1b[J"

static char frame[1 << 16]; // stdout's buffer: a frame leaves in one write
static struct termios before;
static bool taken, keys_taken;

struct screen_size screen_size(void)
{
	struct winsize w;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0)
		return (struct screen_size){.columns = w.ws_col, .rows = w.ws_row};
	return (struct screen_size){.columns = 80, .rows = 24};
}

bool screen_enter(void)
{
	static bool registered;
	if (taken || !isatty(STDOUT_FILENO))
		return taken;
	if (!registered) {
		setvbuf(stdout, frame, _IOFBF, sizeof(frame));
		registered = atexit(screen_leave) == 0;
	}
	keys_taken = tcgetattr(STDIN_FILENO, &before) == 0;
	if (keys_taken) {
		struct termios raw = before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	fputs(ALTERNATE_ON, stdout);
	fflush(stdout);
	taken = true;
	return true;
}

void screen_leave(void)
{
	if (!taken)
		return;
	taken = false;
	fputs(ALTERNATE_OFF, stdout);
	fflush(stdout);
	if (keys_taken)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void screen_show(const char *lines, struct screen_size size)
{
	size_t row = 0;
	fputs(HOME, stdout);
	for (; row < size.rows && *lines != '\0'; row++) {
		const size_t len = strcspn(lines, "\n"), cut = text_cut(lines, size.columns);
		fputs(row > 0 ? "\r\n" ERASE_LINE : ERASE_LINE, stdout);
		fwrite(lines, 1, cut < len ? cut : len, stdout);
		lines += len + (lines[len] == '\n');
	}
	if (row < size.rows)
		fputs("\r\n" ERASE_REST, stdout);
	fflush(stdout);
}
