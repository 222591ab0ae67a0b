// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "missed.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "common/paths.h"
#include "dial.h"

enum {
	TIMEOUT_MS = 5000,
};

static char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	return text != NULL ? (char *)(uintptr_t)text : (char *)(uintptr_t) "";
}

static double number_of(const json_t *json, const char *name)
{
	return json_number_value(json_object_get(json, name));
}

static Weir__Direction direction_of(const char *text)
{
	return strcmp(text, "ingress") == 0  ? WEIR__DIRECTION__DIRECTION_INGRESS
	       : strcmp(text, "egress") == 0 ? WEIR__DIRECTION__DIRECTION_EGRESS
					     : WEIR__DIRECTION__DIRECTION_UNKNOWN;
}

static void set_flow(Weir__Flow *f, const json_t *json)
{
	weir__flow__init(f);
	f->key = text_of(json, "flowKey");
	f->value = number_of(json, "value");
	f->error = number_of(json, "error");
	f->inherited = number_of(json, "inherited");
	f->samples = (uint64_t)json_integer_value(json_object_get(json, "samples"));
	f->agent = text_of(json, "agent");
	f->data_source = text_of(json, "dataSource");
	if (sscanf(f->data_source, "%u.%u", &f->ds_class, &f->ds_index) == 1) {
		f->ds_index = f->ds_class;
		f->ds_class = 0;
	}
	f->direction = direction_of(text_of(json, "direction"));
	f->agent_name = text_of(json, "agentName");
	f->port_name = text_of(json, "portName");
}

// Returns the id, or 0 when the text is no event.
static uint64_t show_one(const char *text, uint64_t run,
			 void (*show)(void *ctx, const Weir__Event *event), void *ctx)
{
	json_t *json = json_loads(text, 0, NULL);
	const json_int_t id = json_integer_value(json_object_get(json, "eventID"));
	Weir__Event e = WEIR__EVENT__INIT;
	Weir__Flow f;
	if (id > 0) {
		set_flow(&f, json);
		e.run = run;
		e.id = (uint64_t)id;
		e.time = (uint64_t)json_integer_value(json_object_get(json, "timestamp")) * 1000000;
		e.threshold = text_of(json, "thresholdID");
		e.metric = text_of(json, "metric");
		e.limit = number_of(json, "threshold");
		e.counter = json_object_get(json, "flowKey") == NULL;
		e.flow = &f;
		show(ctx, &e);
	}
	json_decref(json);
	return (uint64_t)id;
}

static int ask(nng_socket socket, const Weir__Missing *q, Weir__Missed **answer)
{
	nng_msg *msg;
	int err = nng_msg_alloc(&msg, weir__missing__get_packed_size(q));
	if (err != 0)
		return err;
	weir__missing__pack(q, nng_msg_body(msg));
	if ((err = nng_sendmsg(socket, msg, 0)) != 0) {
		nng_msg_free(msg);
		return err;
	}
	if ((err = nng_recvmsg(socket, &msg, 0)) != 0)
		return err;
	*answer = weir__missed__unpack(NULL, nng_msg_len(msg), nng_msg_body(msg));
	nng_msg_free(msg);
	return *answer != NULL ? 0 : NNG_EPROTO;
}

static int connect_to(nng_socket *socket, const char *url)
{
	int err = nng_req0_open(socket);
	if (err != 0)
		return err;
	nng_socket_set_ms(*socket, NNG_OPT_RECVTIMEO, TIMEOUT_MS);
	nng_socket_set_ms(*socket, NNG_OPT_SENDTIMEO, TIMEOUT_MS);
	nng_socket_set_size(*socket, NNG_OPT_RECVMAXSZ, 64 << 20);
	// A port that is filtered would be tried for minutes: the question waits, as long as said.
	err = dial(*socket, url, DIAL_LATER);
	if (err != 0)
		nng_close(*socket);
	return err;
}

int missed_events(const char *feed, const char *threshold, uint64_t *last,
		  void (*show)(void *ctx, const Weir__Event *event), void *ctx, struct err_msg *msg)
{
	char url[PATHS_SIZE];
	nng_socket socket;
	int err = paths_replay_url(url, sizeof(url), feed, msg);
	if (err != 0)
		return err;
	err = connect_to(&socket, url);
	if (err != 0)
		return err_set(msg, ERR_IO, "%s: %s", url, nng_strerror(err));
	for (bool more = true; more && err == 0;) {
		Weir__Missing q = WEIR__MISSING__INIT;
		Weir__Missed *m = NULL;
		q.after = *last;
		q.threshold = threshold != NULL ? (char *)(uintptr_t)threshold : q.threshold;
		err = ask(socket, &q, &m);
		if (err != 0)
			break;
		if (*last > m->last) // of an earlier life
			*last = 0;
		for (size_t i = 0; i < m->n_events; i++) {
			const uint64_t id = show_one(m->events[i], m->life, show, ctx);
			*last = id > *last ? id : *last;
		}
		more = m->more && m->n_events > 0;
		weir__missed__free_unpacked(m, NULL);
	}
	nng_close(socket);
	return err == 0 ? 0 : err_set(msg, ERR_IO, "%s: %s", url, nng_strerror(err));
}
