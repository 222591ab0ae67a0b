// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "watch.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
	IDLE_MS = 100,
	TELL_MS = 500, // how long connecting may take before we say that we wait
};

struct watch {
	const struct options *options;
	const struct watch_ops *ops;
	void *ctx;
	struct feed *feed;
	uint64_t start; // ns, monotonic
	uint64_t end;   // ns, monotonic; UINT64_MAX = never
	bool came;      // at least one message did
	bool connected; // when last looked
	bool told;      // that we wait
	bool keys;      // standard input is a terminal
};

static volatile sig_atomic_t stopped, suspended;

static void take_signals(void);
static int loop(struct watch *w);
static uint64_t now_ns(void);

int watch_run(const struct options *o, const char *const *topics, size_t n_topics,
	      const struct watch_ops *ops, void *ctx)
{
	struct err_msg msg = {0};
	struct watch w = {.options = o,
			  .ops = ops,
			  .ctx = ctx,
			  .start = now_ns(),
			  .end = UINT64_MAX,
			  .keys = isatty(STDIN_FILENO)};
	sigset_t all, before;
	if (o->seconds > 0)
		w.end = w.start + (uint64_t)(o->seconds * 1e9);
	take_signals();
	// nng's threads shall not get any signal.
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	w.feed = feed_open(o->feed, topics, n_topics, !o->no_wait, &msg);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (w.feed == NULL) {
		fprintf(stderr, "weirctl: %s\n", msg.text);
		return 1;
	}
	const int status = loop(&w);
	feed_close(w.feed);
	return status;
}

static void on_signal(int signal)
{
	if (signal == SIGTSTP)
		suspended = 1;
	else if (signal != SIGWINCH) // that one only ends poll(2)
		stopped = 1;
}

static void take_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		const bool ends = signals[i] != SIGTSTP && signals[i] != SIGWINCH;
		const struct sigaction action = {
			.sa_handler = on_signal,
			.sa_flags = ends ? 0 : SA_RESTART,
		};
		sigaction(signals[i], &action, NULL);
	}
}

static void tell(const struct watch *w, const char *what, const char *detail)
{
	if (!w->ops->quiet)
		fprintf(stderr, "weirctl: %s %s\n", what, detail);
}

// Hand over what came. True when the command is done, with its status.
static bool take_messages(struct watch *w, int *status)
{
	struct feed_message m;
	bool more = true;
	while (more && !stopped && feed_next(w->feed, &m)) {
		const bool final = m.kind == FEED_FINAL;
		w->came = true;
		if (final)
			tell(w, "the collector has ended:", m.final->reason);
		more = w->ops->message(w->ctx, w->feed, &m) && !final;
		feed_message_free(&m);
	}
	*status = 0;
	if (more && ferror(stdout) && !stopped) {
		*status = 1; // nobody reads what we write
		return true;
	}
	return !more;
}

// True when the collector has gone for good.
static bool note_connection(struct watch *w)
{
	const bool was = w->connected;
	w->connected = feed_connected(w->feed);
	if (was && !w->connected) {
		tell(w, "lost the collector at", w->options->feed);
		return w->options->no_wait;
	}
	if (!w->connected && !w->told && now_ns() - w->start > TELL_MS * UINT64_C(1000000)) {
		tell(w, "waiting for the collector at", w->options->feed);
		w->told = true;
	}
	return false;
}

static void stop_for_now(struct watch *w)
{
	suspended = 0;
	if (w->ops->suspend != NULL)
		w->ops->suspend(w->ctx, true);
	raise(SIGSTOP);
	if (w->ops->suspend != NULL)
		w->ops->suspend(w->ctx, false);
}

// Sleep until something happens. False when the user has had enough.
static bool wait_for_more(struct watch *w)
{
	struct pollfd fds[] = {
		{.fd = feed_fd(w->feed), .events = POLLIN},
		{.fd = w->ops->key != NULL && w->keys ? STDIN_FILENO : -1, .events = POLLIN},
	};
	char c;
	if (poll(fds, 2, IDLE_MS) > 0 && (fds[1].revents & POLLIN) != 0 &&
	    read(STDIN_FILENO, &c, 1) == 1)
		return w->ops->key(w->ctx, c);
	if (suspended)
		stop_for_now(w);
	return true;
}

static int loop(struct watch *w)
{
	int status;
	while (!stopped) {
		// In this order: what came before the connection broke is handed over first.
		const bool gone = note_connection(w);
		if (take_messages(w, &status))
			return status;
		if (gone)
			return 1;
		if (now_ns() >= w->end)
			return w->options->once || !w->came ? 1 : 0;
		if (w->ops->idle != NULL)
			w->ops->idle(w->ctx, w->feed);
		if (!wait_for_more(w))
			return 0;
	}
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
