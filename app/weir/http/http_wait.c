// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What takes time: parked requests, verbs that wait for a tick, and clients that are too slow.
#include "weir/http/http_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "weir/util/clock.h"

enum {
	LOOK_MS = 500, // how often the keeper looks at peers without being woken
};

static void *keeper_main(void *http);
static void *verb_main(void *http);

static void enqueue(struct request **head, struct request *r)
{
	r->next = *head;
	r->link = head;
	if (r->next != NULL)
		r->next->link = &r->next;
	*head = r;
}

static void unlink_request(struct request *r)
{
	*r->link = r->next;
	if (r->next != NULL)
		r->next->link = r->link;
}

int http_wait_open(struct http *h, struct err_msg *msg)
{
	h->verbs_end = &h->verbs;
	sem_init(&h->wake, 0, 0);
	sem_init(&h->work, 0, 0);
	h->keeper_runs = pthread_create(&h->keeper, NULL, keeper_main, h) == 0;
	if (h->keeper_runs)
		pthread_setname_np(h->keeper, "weir-http");
	while (h->n_verbs < HTTP_VERB_THREADS &&
	       pthread_create(&h->verb[h->n_verbs], NULL, verb_main, h) == 0)
		pthread_setname_np(h->verb[h->n_verbs++], "weir-verb");
	if (h->keeper_runs && h->n_verbs == HTTP_VERB_THREADS)
		return 0;
	return err_set(msg, ERR_IO, "http: cannot start threads");
}

static bool stopped(struct http *h)
{
	return __atomic_load_n(&h->stop, __ATOMIC_RELAXED);
}

// The threads end; what they leave is handed back by the last of them, the keeper.
void http_wait_stop(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	__atomic_store_n(&h->stop, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&h->lock);
	for (unsigned i = 0; i < h->n_verbs; i++)
		sem_post(&h->work);
	for (unsigned i = 0; i < h->n_verbs; i++)
		pthread_join(h->verb[i], NULL);
	if (h->keeper_runs) {
		sem_post(&h->wake);
		pthread_join(h->keeper, NULL);
	}
	h->n_verbs = 0;
	h->keeper_runs = false;
}

void http_wait_close(struct http *h)
{
	if (h->verbs_end == NULL)
		return;
	sem_destroy(&h->wake);
	sem_destroy(&h->work);
}

void http_wake(struct http *h, enum http_channel channel)
{
	if (h == NULL)
		return;
	__atomic_fetch_add(&h->turn[channel], 1, __ATOMIC_RELEASE);
	sem_post(&h->wake);
}

bool http_park(struct request *r)
{
	struct http *h = r->http;
	if (r->until == 0)
		r->until = clock_monotonic() + (uint64_t)(r->answer.seconds * 1e9);
	pthread_mutex_lock(&h->lock);
	const bool room = h->stats.parked < h->set->polls;
	if (room) {
		__atomic_store_n(&r->peer->deadline, HTTP_FOREVER, __ATOMIC_RELAXED);
		MHD_suspend_connection(r->connection);
		enqueue(&h->parked, r);
		http_count(&h->stats.parked, 1);
	}
	pthread_mutex_unlock(&h->lock);
	if (room)
		sem_post(&h->wake); // it may have a nearer end than the others, or be too late
	else
		http_answer_error(&r->answer, 503, "too many requests wait, at most %u do",
				  h->set->polls);
	return room;
}

// Back to its own thread, where the handler has another look. Under the lock.
static void unpark(struct http *h, struct request *r)
{
	unlink_request(r);
	http_count(&h->stats.parked, -1);
	MHD_resume_connection(r->connection);
}

// True when the client has gone, or has said that it says no more.
static bool is_gone(const struct request *r)
{
	struct pollfd p = {.fd = r->peer->fd, .events = POLLRDHUP};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Hand back all that came, whose time is over, or whose client left; returns the next end.
static uint64_t look_at_parked(struct http *h, uint64_t now, bool look)
{
	uint64_t turns = 0, next = HTTP_FOREVER;
	for (unsigned i = 0; i < N_HTTP_CHANNELS; i++)
		turns += __atomic_load_n(&h->turn[i], __ATOMIC_ACQUIRE);
	for (struct request *r = h->parked, *after; r != NULL; r = after) {
		after = r->next;
		if (look && is_gone(r))
			r->until = now; // whatever it is answered: sending finds out
		if (turns != r->turn || now >= r->until || stopped(h))
			unpark(h, r);
		else if (r->until < next)
			next = r->until;
	}
	return next;
}

// A peer that is cut finds its connection at its end, and MHD with it.
static void cut(struct http *h, struct peer *p)
{
	__atomic_store_n(&p->deadline, HTTP_FOREVER, __ATOMIC_RELAXED);
	shutdown(p->fd, SHUT_RDWR);
	http_count(&h->stats.cut, 1);
}

static void look_at_peers(struct http *h, uint64_t now)
{
	for (struct peer *p = h->peers; p != NULL; p = p->next)
		if (now >= __atomic_load_n(&p->deadline, __ATOMIC_RELAXED))
			cut(h, p);
}

static void *keeper_main(void *http)
{
	struct http *h = http;
	uint64_t look = 0; // when to look at what nobody wakes us for
	for (bool stop = false; !stop;) {
		pthread_mutex_lock(&h->lock);
		const uint64_t now = clock_monotonic();
		const bool due = now >= look;
		stop = stopped(h);
		uint64_t next = look_at_parked(h, now, due);
		if (due) {
			look_at_peers(h, now);
			look = now + LOOK_MS * CLOCK_NS_PER_MS;
		}
		pthread_mutex_unlock(&h->lock);
		next = next < look ? next : look;
		const struct timespec until = clock_timespec(next);
		while (!stop && sem_clockwait(&h->wake, CLOCK_MONOTONIC, &until) != 0 &&
		       errno == EINTR)
			continue;
	}
	return NULL;
}

bool http_queue_verb(struct request *r)
{
	struct http *h = r->http;
	pthread_mutex_lock(&h->lock);
	const bool queued = !stopped(h);
	if (queued) {
		__atomic_store_n(&r->peer->deadline, HTTP_FOREVER, __ATOMIC_RELAXED);
		MHD_suspend_connection(r->connection);
		r->next = NULL;
		*h->verbs_end = r;
		h->verbs_end = &r->next;
	}
	pthread_mutex_unlock(&h->lock);
	if (queued)
		sem_post(&h->work);
	else
		http_answer_error(&r->answer, 503, "ending");
	return queued;
}

static struct request *next_verb(struct http *h)
{
	while (sem_wait(&h->work) != 0 && errno == EINTR)
		continue;
	pthread_mutex_lock(&h->lock);
	struct request *r = h->verbs;
	if (r != NULL) {
		h->verbs = r->next;
		if (h->verbs == NULL)
			h->verbs_end = &h->verbs;
	}
	pthread_mutex_unlock(&h->lock);
	return r;
}

// Verbs that are queued when the end comes are still done: there is a post for each.
static void *verb_main(void *http)
{
	struct http *h = http;
	struct request *r;
	while ((r = next_verb(h)) != NULL) {
		http_handle(r);
		r->ran = true;
		http_phase(r);
		MHD_resume_connection(r->connection);
	}
	return NULL;
}

// The connection that is idle for the longest, or NULL.
static struct peer *idlest(const struct http *h)
{
	struct peer *found = NULL;
	uint64_t since = HTTP_FOREVER;
	for (struct peer *p = h->peers; p != NULL; p = p->next) {
		const uint64_t idle = __atomic_load_n(&p->idle, __ATOMIC_RELAXED);
		const uint64_t deadline = __atomic_load_n(&p->deadline, __ATOMIC_RELAXED);
		if (idle != 0 && idle < since && deadline != HTTP_FOREVER) {
			found = p;
			since = idle;
		}
	}
	return found;
}

// Who comes when connections run short takes the place of one that asks for nothing.
void http_peer_add(struct http *h, struct peer *p)
{
	pthread_mutex_lock(&h->lock);
	struct peer *out = h->stats.connections >= h->set->connections / 4 * 3 ? idlest(h) : NULL;
	if (out != NULL)
		cut(h, out);
	p->next = h->peers;
	p->link = &h->peers;
	if (p->next != NULL)
		p->next->link = &p->next;
	h->peers = p;
	http_count(&h->stats.connections, 1);
	http_count(&h->stats.accepted, 1);
	pthread_mutex_unlock(&h->lock);
}

void http_peer_remove(struct http *h, struct peer *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	http_count(&h->stats.connections, -1);
	pthread_mutex_unlock(&h->lock);
}
