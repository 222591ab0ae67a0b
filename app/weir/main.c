// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The daemon: order of birth and death, signals, nothing else.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "weir/config/options.h"
#include "weir/output/publish.h"
#include "weir/rest/rest.h"
#include "weir/util/clock.h"
#include "weir/collector.h"
#include "weir/util/log.h"
#include "weir/util/sd_notify.h"
#include "weir/watch.h"

enum {
	EXIT_FAILED = 1,        // something that the configuration cannot tell beforehand
	LOOK_MS = 500,          // how often main looks whether all goes well
	SUBSCRIBERS_MS = 10000, // how long a start waits for subscribers
};

static void wait_for_subscribers(struct collector *c, int signals);
static int run(struct collector *c, const struct options *options, int signals);

// Blocked before any thread exists, hence in all of them; read from a descriptor instead.
static int take_signals(void)
{
	sigset_t set;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP); // read the configuration anew
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

struct arguments {
	int argc;
	char **argv;
};

// All layers again: what flags say still stands above the file.
static int read_anew(void *arguments, struct config *c, struct err_msg *msg)
{
	const struct arguments *a = arguments;
	struct options options;
	return options_read(a->argc, a->argv, &options, c, msg);
}

int main(int argc, char **argv)
{
	struct options options;
	struct config config;
	struct collector collector;
	struct err_msg msg = {0};
	int status = options_start(argc, argv, &options, &config);
	if (status >= 0)
		return status;
	rights_begin();
	const int signals = take_signals();
	struct arguments arguments = {argc, argv};
	const struct collector_loader loader = {read_anew, &arguments};
	int err = collector_open(&collector, &config, &loader, &msg);
	if (err == 0)
		wait_for_subscribers(&collector, signals);
	if (err == 0)
		err = collector_start(&collector, &msg);
	status = err == 0 ? run(&collector, &options, signals) : EXIT_FAILED;
	if (err != 0) {
		fprintf(stderr, "weir: %s\n", msg.text);
		if (!collector_stop(&collector, "failure"))
			_exit(EXIT_FAILED);
	}
	collector_close(&collector);
	config_free(&config);
	close(signals);
	return status;
}

// A replay begins with its viewers, or it is over before they came. A signal ends the wait; it is
// still there to be read afterwards.
static void wait_for_subscribers(struct collector *c, int signals)
{
	const uint32_t n = c->config->feed_wait;
	struct pollfd p = {.fd = signals, .events = POLLIN};
	for (int left = SUBSCRIBERS_MS; n > 0 && left > 0; left -= 100)
		if (publish_wait(c->publish, n, 100) || poll(&p, 1, 0) > 0)
			return;
	if (n > 0)
		LOG(WARNING, MAIN, "no %u subscribers within %d s: beginning without", n,
		    SUBSCRIBERS_MS / 1000);
}

// The service manager hears from us as long as the aggregator ticks: a grace period that never ends
// is a missed watchdog.
static void look(const struct collector *c, uint64_t watchdog)
{
	uint64_t since;
	const char *phase = aggregator_phase(c->aggregator, &since);
	const uint64_t now = clock_monotonic();
	const uint64_t age = now > since ? now - since : 0;
	// Between ticks, and while a replay is paced, time may pass.
	const bool waits = c->replay || age < 2 * CLOCK_NS_PER_S;
	if (!waits && age > (uint64_t)(2e9 * c->config->tick))
		LOG(WARNING, MAIN, "the aggregator is busy with \"%s\" for %.1f s", phase,
		    (double)age / 1e9);
	else if (watchdog > 0)
		sd_notify("WATCHDOG=1");
}

static void reload(struct collector *c)
{
	struct err_msg msg = {0};
	char text[64];
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)(clock_monotonic() / CLOCK_NS_PER_US));
	sd_notify(text);
	if (control_reload(c->control, &msg) == 0)
		LOG(INFO, MAIN, "reloaded");
	else
		LOG(ERR, MAIN, "reload: nothing was changed: %s", msg.text);
	sd_notify("READY=1");
}

// What telemetry and topology say of hosts and links may have changed; once a second is enough.
// Each wait is brief (control.h): a signal is heard within the time that a service manager gives,
// and the watchdog between them.
static void refresh(struct collector *c, uint64_t watchdog, uint64_t *due)
{
	struct err_msg msg = {0};
	const uint64_t now = clock_monotonic();
	if (now < *due)
		return;
	*due = now + CLOCK_NS_PER_S;
	rest_expire(c->rest);
	look(c, watchdog);
	const int err = control_refresh(c->control, &msg);
	if (err != 0 && err != ERR_IO) // that one is to be tried again, or weir ends
		LOG(WARNING, MAIN, "host:, link: stay as they are: %s", msg.text);
}

// True when the signal ends us.
static bool take_signal(struct collector *c, int signals)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo != SIGHUP)
		return true;
	reload(c);
	return false;
}

// Until a signal, the end of a replay, or the time is over; returns why.
static const char *wait_for_end(struct collector *c, const struct options *options, int signals)
{
	const uint64_t watchdog = sd_watchdog();
	const uint64_t end =
		options->seconds > 0 ? clock_monotonic() + (uint64_t)(options->seconds * 1e9) : 0;
	struct watch watch = {0};
	uint64_t due = 0;
	struct pollfd p[] = {{.fd = signals, .events = POLLIN}, {.fd = c->ended, .events = POLLIN}};
	for (;;) {
		const uint64_t now = clock_monotonic();
		if (end != 0 && now >= end)
			return "end of the given time";
		const uint64_t left = end != 0 ? (end - now) / CLOCK_NS_PER_MS + 1 : LOOK_MS;
		if (poll(p, 2, left < LOOK_MS ? (int)left : LOOK_MS) < 0 && errno != EINTR)
			return "failure";
		if (p[0].revents != 0 && take_signal(c, signals))
			return "signal";
		if (p[1].revents != 0)
			return "end of the capture";
		look(c, watchdog);
		inputs_mend(c->inputs);
		refresh(c, watchdog, &due);
		watch_look(&watch, c);
	}
}

static int run(struct collector *c, const struct options *options, int signals)
{
	if (options->config_path != NULL && access(options->config_path, R_OK) != 0)
		LOG(WARNING, MAIN, "%s: %s: a reload will be refused", options->config_path,
		    strerror(errno));
	sd_notify("READY=1");
	LOG(INFO, MAIN, "measuring %u definitions with %u workers", query_n_flows(c->analyzer),
	    c->n_workers);
	const char *reason = wait_for_end(c, options, signals);
	sd_notify("STOPPING=1");
	LOG(INFO, MAIN, "ending: %s", reason);
	if (!collector_stop(c, reason))
		_exit(EXIT_FAILED);
	return 0;
}
