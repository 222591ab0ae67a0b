// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The journal over many lives: killed at any moment, full disks, torn lines, bounded size.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "weir/output/journal.h"

enum {
	DEADLINE = 20, // s
	KILLS = 100,
};

struct life {
	struct record_log *log;
	struct journal *journal;
};

static char dir[] = "/tmp/weir-journal-XXXXXX";
static char path[64], old[64];

static struct life begin(uint64_t size)
{
	const struct journal_config config = {
		.path = path, .size = size, .id = "eventID", .name = "thresholdID"};
	struct life l = {.log = record_log_new(1000, 0)};
	struct err_msg msg = {0};
	l.journal = journal_open(&config, l.log, &msg);
	if (l.journal == NULL)
		fail_msg("%s", msg.text);
	return l;
}

static void end(struct life *l)
{
	journal_close(l->journal);
	record_log_free(l->log);
}

static uint64_t add(struct life *l)
{
	char text[128];
	const uint64_t id = record_log_next(l->log);
	snprintf(text, sizeof(text), "{\"eventID\":%lu,\"thresholdID\":\"t\",\"value\":1.5}",
		 (unsigned long)id);
	journal_add(l->journal, record_log_add(l->log, "t", text));
	return id;
}

static struct journal_stats wait_settled(const struct life *l, uint64_t n)
{
	struct journal_stats s;
	const time_t until = time(NULL) + DEADLINE;
	do
		journal_stats(l->journal, &s);
	while (s.written + s.dropped < n && time(NULL) < until);
	assert_int_equal(s.written + s.dropped, n);
	return s;
}

static size_t n_records(struct record_log *log)
{
	const struct record *r[1000];
	const struct record_query q = {.after = -1, .max = 1000};
	const size_t n = record_log_read(log, &q, r);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			assert_int_equal(r[i]->id, r[i - 1]->id - 1);
		if (i > 0)
			record_drop(r[i - 1]);
	}
	if (n > 0)
		record_drop(r[n - 1]);
	return n;
}

static int setup(void **state)
{
	unlink(path);
	unlink(old);
	return 0;
}

static void test_numbers_go_on(void **state)
{
	struct life l = begin(1 << 20);
	for (int i = 0; i < 10; i++)
		add(&l);
	end(&l); // writes what waits
	l = begin(1 << 20);
	assert_int_equal(n_records(l.log), 10);
	assert_int_equal(add(&l), 11);
	end(&l);
	l = begin(1 << 20);
	assert_int_equal(n_records(l.log), 11);
	end(&l);
}

static void append(const char *text)
{
	FILE *f = fopen(path, "ae");
	fputs(text, f);
	fclose(f);
}

static void test_what_makes_no_sense_is_left_out(void **state)
{
	struct life l = begin(1 << 20);
	struct journal_stats s;
	add(&l);
	end(&l);
	append("nonsense\n{\"eventID\":0,\"thresholdID\":\"t\"}\n{\"eventID\":5}\n");
	append("{\"eventID\":1,\"thresholdID\":\"again\"}\n{\"eventID\":7,\"thresholdID\":\"t\"");
	l = begin(1 << 20);
	journal_stats(l.journal, &s);
	assert_int_equal(s.skipped, 4);
	assert_int_equal(n_records(l.log), 1);
	assert_int_equal(add(&l), 2);
	end(&l);
	l = begin(1 << 20); // the torn line is gone, and did not spoil the one after
	assert_int_equal(n_records(l.log), 2);
	end(&l);
}

static uint64_t size_of(const char *file)
{
	struct stat st;
	return stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void test_the_size_is_bounded(void **state)
{
	const uint64_t size = 8192;
	struct life l = begin(size);
	for (int i = 1; i <= 1000; i++) {
		add(&l);
		wait_settled(&l, (uint64_t)i);
		assert_true(size_of(path) + size_of(old) <= size);
	}
	end(&l);
	assert_true(size_of(old) > size / 4);
	l = begin(size);
	const size_t n = n_records(l.log);
	assert_true(n >= size / 2 / 64 && n < 1000);
	assert_int_equal(record_log_next(l.log), 1001);
	end(&l);
}

static void test_a_full_disk_stops_nothing(void **state)
{
	struct life l = begin(1 << 20);
	struct rlimit before, full = {.rlim_cur = 500};
	struct journal_stats s;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	full.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &full);
	for (int i = 1; i <= 50; i++) {
		add(&l);
		s = wait_settled(&l, (uint64_t)i);
	}
	assert_true(s.error == EFBIG || s.error == ENOSPC); // none of it fitted, or a part
	assert_in_range(s.dropped, 30, 49);
	assert_int_equal(n_records(l.log), 50); // the log has them all
	setrlimit(RLIMIT_FSIZE, &before);
	add(&l);
	s = wait_settled(&l, 51);
	assert_int_equal(s.error, 0);
	end(&l);
	const uint64_t kept = s.written;
	l = begin(1 << 20);
	journal_stats(l.journal, &s);
	assert_int_equal(s.skipped, 0); // no half lines
	assert_int_equal(record_log_next(l.log), 52);
	const struct record *r[100];
	const struct record_query q = {.after = -1, .max = 100};
	const size_t n = record_log_read(l.log, &q, r);
	assert_int_equal(n, kept);
	for (size_t i = 0; i < n; i++)
		record_drop(r[i]);
	end(&l);
}

static void test_paths_that_are_no_files(void **state)
{
	const struct journal_config config = {
		.path = "/dev/null", .size = 1 << 20, .id = "eventID", .name = "thresholdID"};
	struct record_log *log = record_log_new(10, 0);
	struct err_msg msg = {0};
	assert_null(journal_open(&config, log, &msg));
	assert_non_null(strstr(msg.text, "expected a file"));
	const struct journal_config none = {
		.path = "/nonexistent/x", .size = 1 << 20, .id = "eventID", .name = "thresholdID"};
	assert_null(journal_open(&none, log, &msg));
	assert_non_null(strstr(msg.text, "No such file"));
	record_log_free(log);
}

// One life that ends by SIGKILL @p us after its first record, or after its birth; what it knew to
// be written stands in @p written.
static void live_and_die(uint64_t *written, unsigned us, bool young)
{
	const uint64_t before = *written;
	const time_t until = time(NULL) + DEADLINE;
	const pid_t child = fork();
	if (child == 0) {
		struct life l = begin(1 << 16);
		struct journal_stats s;
		for (;;) {
			if (add(&l) % 64 == 0)
				usleep(50);
			journal_stats(l.journal, &s);
			if (s.last > 0)
				__atomic_store_n(written, s.last, __ATOMIC_RELEASE);
		}
	}
	while (!young && __atomic_load_n(written, __ATOMIC_ACQUIRE) == before && time(NULL) < until)
		usleep(100);
	usleep(us);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_killed_a_hundred_times(void **state)
{
	uint64_t *written = mmap(NULL, sizeof(*written), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t lives = 0;
	srand(1);
	for (int i = 0; i < KILLS; i++) {
		const uint64_t before = *written;
		live_and_die(written, (unsigned)rand() % 2000, i % 8 == 0);
		struct life l = begin(1 << 16);
		const uint64_t last = record_log_next(l.log) - 1;
		assert_true(last >= *written); // whatever was known to be written is there
		n_records(l.log);              // and nothing in between is missing
		lives += *written > before;
		end(&l);
	}
	assert_true(lives > KILLS / 2);
	munmap(written, sizeof(*written));
}

int main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/events", dir);
	snprintf(old, sizeof(old), "%s/events.1", dir);
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers_go_on),           TEST(test_what_makes_no_sense_is_left_out),
		TEST(test_the_size_is_bounded),     TEST(test_a_full_disk_stops_nothing),
		TEST(test_paths_that_are_no_files), TEST(test_killed_a_hundred_times),
	};
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(old);
	rmdir(dir);
	return failed;
}
