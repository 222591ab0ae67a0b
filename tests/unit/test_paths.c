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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_dir_follows_the_user),
		cmocka_unit_test(url_is_a_socket_in_it),
		cmocka_unit_test(only_our_own_directory_will_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
