// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <jansson.h>

enum {
	BATCH = 64, // records written at once
};

struct journal {
	struct journal_config config;
	char path[PATH_MAX], old[PATH_MAX]; // the present file and the one before
	int fd;                             // thread: rw
	uint64_t size;                      // of the present file; thread: rw
	pthread_t thread;
	sem_t work; // posted for each record, and once for the end

	pthread_mutex_t lock; // of the queue
	const struct record *queue[JOURNAL_QUEUE];
	uint64_t head, tail; // taken, entered
	bool stop;

	struct journal_stats stats; // atomic, relaxed
};

static int read_old(struct journal *j, struct record_log *log, struct err_msg *msg);
static void *write_main(void *journal);

struct journal *journal_open(const struct journal_config *config, struct record_log *log,
			     struct err_msg *msg)
{
	struct journal *j = calloc(1, sizeof(*j));
	if (j == NULL) {
		err_set(msg, ERR_MEMORY, "journal: out of memory");
		return NULL;
	}
	j->config = *config;
	j->fd = -1;
	sem_init(&j->work, 0, 0);
	pthread_mutex_init(&j->lock, NULL);
	const int len = snprintf(j->path, sizeof(j->path), "%s", config->path);
	if (len >= PATH_MAX - 3)
		err_set(msg, ERR_RANGE, "journal: %s: too long a path", config->path);
	else if (snprintf(j->old, sizeof(j->old), "%.*s.1", len, j->path),
		 read_old(j, log, msg) == 0) {
		if (pthread_create(&j->thread, NULL, write_main, j) == 0) {
			pthread_setname_np(j->thread, "weir-journal");
			return j;
		}
		err_set(msg, ERR_IO, "journal: cannot start its thread");
	}
	if (j->fd >= 0)
		close(j->fd);
	free(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_mutex_unlock(&j->lock);
	sem_post(&j->work);
	pthread_join(j->thread, NULL);
	close(j->fd);
	sem_destroy(&j->work);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

void journal_stats(const struct journal *j, struct journal_stats *out)
{
	out->written = __atomic_load_n(&j->stats.written, __ATOMIC_RELAXED);
	out->last = __atomic_load_n(&j->stats.last, __ATOMIC_RELAXED);
	out->dropped = __atomic_load_n(&j->stats.dropped, __ATOMIC_RELAXED);
	out->skipped = __atomic_load_n(&j->stats.skipped, __ATOMIC_RELAXED);
	out->error = __atomic_load_n(&j->stats.error, __ATOMIC_RELAXED);
}

void journal_add(struct journal *j, const struct record *r)
{
	if (j == NULL || r == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	const bool room = j->tail - j->head < JOURNAL_QUEUE;
	if (room) {
		record_hold(r);
		j->queue[j->tail++ % JOURNAL_QUEUE] = r;
	}
	pthread_mutex_unlock(&j->lock);
	if (room)
		sem_post(&j->work);
	else
		count(&j->stats.dropped, 1);
}

// What was ---------------------------------------------------------------------------------------

// Take up one line; false when it makes no sense.
static bool restore(struct journal *j, struct record_log *log, const char *line, size_t len)
{
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(json, j->config.name));
	const json_int_t id = json_integer_value(json_object_get(json, j->config.id));
	// The latest number counts: numbers never go back.
	const bool sane = name != NULL && id > 0 && (uint64_t)id >= record_log_next(log);
	if (sane) {
		char *text = strndup(line, len);
		if (text != NULL)
			record_log_restore(log, (uint64_t)id, name, text);
		free(text);
	}
	json_decref(json);
	return sane;
}

// All whole lines of a file; returns where the last of them ends.
static off_t read_lines(struct journal *j, struct record_log *log, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	off_t end = 0;
	ssize_t len;
	while ((len = getline(&line, &room, f)) > 0 && line[len - 1] == '\n') {
		if (!restore(j, log, line, (size_t)len - 1))
			j->stats.skipped++;
		end += len;
	}
	free(line);
	return end;
}

static int fail(const struct journal *j, struct err_msg *msg)
{
	return err_set(msg, ERR_IO, "journal: %s: %s", j->path, strerror(errno));
}

static int read_old(struct journal *j, struct record_log *log, struct err_msg *msg)
{
	FILE *f = fopen(j->old, "re");
	if (f != NULL) {
		read_lines(j, log, f);
		fclose(f);
	}
	j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return fail(j, msg);
	if (!S_ISREG(st.st_mode))
		return err_set(msg, ERR_INVALID, "journal: %s: expected a file", j->path);
	f = fopen(j->path, "re");
	if (f == NULL)
		return fail(j, msg);
	const off_t end = read_lines(j, log, f);
	fclose(f);
	// What was being written when the process before us died.
	if (end < st.st_size && ftruncate(j->fd, end) != 0)
		return fail(j, msg);
	j->size = (uint64_t)end;
	return 0;
}

// What comes --------------------------------------------------------------------------------------

// The oldest of the queue; @p stop is set when there will be no more.
static size_t take(struct journal *j, const struct record **batch, bool *stop)
{
	size_t n = 0;
	pthread_mutex_lock(&j->lock);
	while (n < BATCH && j->head < j->tail)
		batch[n++] = j->queue[j->head++ % JOURNAL_QUEUE];
	*stop = j->stop && j->head == j->tail;
	pthread_mutex_unlock(&j->lock);
	return n;
}

// The present file becomes the one before, if it is large enough. False, and errno, when there is
// no file to write to.
static bool make_room(struct journal *j, uint64_t more)
{
	if (j->size == 0 || j->size + more <= j->config.size / 2)
		return true;
	if (rename(j->path, j->old) != 0)
		return false;
	const int fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return false;
	close(j->fd);
	j->fd = fd;
	j->size = 0;
	return true;
}

static bool write_batch(struct journal *j, const struct record **batch, size_t n)
{
	struct iovec part[2 * BATCH];
	uint64_t size = 0;
	for (size_t i = 0; i < n; i++) {
		part[2 * i] = (struct iovec){(void *)(uintptr_t)batch[i]->text, batch[i]->size};
		part[2 * i + 1] = (struct iovec){(void *)(uintptr_t) "\n", 1};
		size += batch[i]->size + 1;
	}
	if (!make_room(j, size))
		return false;
	errno = 0;
	const ssize_t written = writev(j->fd, part, (int)(2 * n));
	if (written == (ssize_t)size) {
		j->size += size;
		return true;
	}
	const int error = errno != 0 ? errno : ENOSPC;
	// Half a line would spoil the next one.
	if (written > 0 && ftruncate(j->fd, (off_t)j->size) != 0)
		j->size += (uint64_t)written;
	errno = error;
	return false;
}

static void write_and_drop(struct journal *j, const struct record **batch, size_t n)
{
	const bool written = write_batch(j, batch, n);
	__atomic_store_n(&j->stats.error, written ? 0 : errno, __ATOMIC_RELAXED);
	if (written)
		__atomic_store_n(&j->stats.last, batch[n - 1]->id, __ATOMIC_RELAXED);
	count(written ? &j->stats.written : &j->stats.dropped, n);
	for (size_t i = 0; i < n; i++)
		record_drop(batch[i]);
}

static void *write_main(void *journal)
{
	struct journal *j = journal;
	const struct record *batch[BATCH];
	for (bool stop = false; !stop;) {
		while (sem_wait(&j->work) != 0 && errno == EINTR)
			continue;
		const size_t n = take(j, batch, &stop);
		if (n > 0)
			write_and_drop(j, batch, n);
	}
	return NULL;
}
