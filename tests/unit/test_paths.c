// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/paths.h"

static void run_dir_follows_the_user(void **state)
{
	(void)state;
	char dir[PATHS_SIZE], want[PATHS_SIZE];
	setenv("XDG_RUNTIME_DIR", "/run/user/12", 1);
	assert_int_equal(paths_run_dir(dir, sizeof(dir), NULL), 0);
	assert_string_equal(dir, geteuid() == 0 ? "/run/weir" : "/run/user/12/weir");
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(paths_run_dir(dir, sizeof(dir), NULL), 0);
	snprintf(want, sizeof(want), "/tmp/weir-%u", (unsigned)geteuid());
	assert_string_equal(dir, geteuid() == 0 ? "/run/weir" : want);
}

static void url_is_a_socket_in_it(void **state)
{
	(void)state;
	char dir[PATHS_SIZE], url[PATHS_SIZE], want[2 * PATHS_SIZE];
	struct err_msg msg = {0};
	assert_int_equal(paths_run_dir(dir, sizeof(dir), &msg), 0);
	assert_int_equal(paths_feed_url(url, sizeof(url), &msg), 0);
	snprintf(want, sizeof(want), "ipc://%s/feed.ipc", dir);
	assert_string_equal(url, want);
	assert_int_equal(paths_feed_url(url, 10, &msg), ERR_RANGE);
	assert_true(msg.text[0] != '\0');
}

static void only_our_own_directory_will_do(void **state)
{
	(void)state;
	char base[] = "/tmp/weir-test-XXXXXX", dir[64], link[64];
	struct err_msg msg = {0};
	assert_non_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/a", base);
	snprintf(link, sizeof(link), "%s/b", base);
	assert_int_equal(paths_make_dir(dir, 0700, &msg), 0);
	assert_int_equal(paths_make_dir(dir, 0700, &msg), 0);
	assert_int_equal(symlink(dir, link), 0);
	assert_int_equal(paths_make_dir(link, 0700, &msg), ERR_PERMISSION);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(paths_make_dir(dir, 0700, &msg), ERR_PERMISSION);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(dir), 0);
	snprintf(dir, sizeof(dir), "%s/none/a", base);
	assert_int_equal(paths_make_dir(dir, 0700, &msg), ERR_IO);
	assert_non_null(strstr(msg.text, "none/a"));
	assert_int_equal(rmdir(base), 0);
}

static void the_replay_is_beside_the_feed(void **state)
{
	static const char *const urls[][2] = {
		{"ipc:///run/weir/feed.ipc", "ipc:///run/weir/feed.ipc.replay"},
		{"tcp://127.0.0.1:5343", "tcp://127.0.0.1:5344"},
		{"tcp://[::1]:99", "tcp://[::1]:100"},
		{"ws://127.0.0.1:80/feed", "ws://127.0.0.1:80/feed/replay"},
	};
	char out[PATHS_SIZE], longest[PATHS_SIZE];
	struct err_msg msg = {0};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(paths_replay_url(out, sizeof(out), urls[i][0], &msg), 0);
		assert_string_equal(out, urls[i][1]);
	}
	assert_int_equal(paths_replay_url(out, sizeof(out), "tcp://127.0.0.1:65535", &msg),
			 ERR_RANGE);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(paths_replay_url(out, sizeof(out), longest, &msg), ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_dir_follows_the_user),
		cmocka_unit_test(url_is_a_socket_in_it),
		cmocka_unit_test(only_our_own_directory_will_do),
		cmocka_unit_test(the_replay_is_beside_the_feed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
