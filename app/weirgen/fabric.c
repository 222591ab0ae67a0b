// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/fabric.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/rng.h"
#include "sflow/encode.h"

#define NONE UINT32_MAX

struct port {
	uint32_t sequence; // of flow samples
	uint32_t counters_sequence;
	uint32_t pool;
	bool expanded;
	uint64_t in_octets, in_frames;
	uint64_t out_octets, out_frames;
};

// A sub-agent and the datagram it is filling.
struct stream {
	struct addr agent;
	uint32_t sub_agent;
	uint32_t sequence; // of datagrams
	struct encoder e;
	uint64_t begun;     // time of the first sample, ns
	uint32_t n_samples; // 0: no datagram begun
	uint32_t n_flow_samples;
	struct truth_sample *samples; // those of the datagram
	uint32_t newer, older;        // neighbours in the queue of those that wait
};

struct fabric {
	const struct options *o;
	struct truth *truth;
	struct output *out;
	struct rng loss;
	uint64_t start;               // ns
	uint64_t patience;            // ns
	struct port *ports;           // agent * ports + port
	struct stream *streams;       // agent * subagents + sub-agent
	uint32_t *host_sequence;      // by agent: of the samples that describe it
	uint64_t n_sampled;           // flow samples, sent or waiting
	uint32_t oldest, newest;      // streams that wait, in the order they began
	uint8_t *memory;              // of all datagrams
	struct truth_sample *samples; // of all datagrams
	struct fabric_stats stats;
};

static int emit(struct fabric *f, struct stream *s, uint64_t time, struct err_msg *msg);

static void init_ports(struct fabric *f)
{
	// A stream of its own: what is expanded does not depend on anything else.
	struct rng rng = rng_seeded(f->o->seed + 1);
	for (size_t i = 0; i < (size_t)f->o->agents * f->o->ports; i++)
		f->ports[i].expanded = rng_double(&rng) < f->o->expanded;
}

static void init_streams(struct fabric *f, uint32_t max_samples)
{
	const struct options *o = f->o;
	for (uint32_t i = 0; i < o->agents * o->subagents; i++) {
		struct stream *s = &f->streams[i];
		s->agent = flow_agent_address(o, i / o->subagents);
		s->sub_agent = i % o->subagents;
		s->samples = f->samples + (size_t)i * max_samples;
		s->e.data = f->memory + (size_t)i * o->datagram_size;
		s->e.size = o->datagram_size;
	}
}

struct fabric *fabric_create(const struct options *o, struct truth *truth, struct output *out,
			     struct err_msg *msg)
{
	// The shortest flow sample, 32 bytes and its head, without any record.
	const uint32_t max_samples = o->datagram_size / 40;
	const size_t n_streams = (size_t)o->agents * o->subagents;
	struct fabric *f = calloc(1, sizeof(*f));
	if (f != NULL) {
		f->ports = calloc((size_t)o->agents * o->ports, sizeof(*f->ports));
		f->streams = calloc(n_streams, sizeof(*f->streams));
		f->host_sequence = calloc(o->agents, sizeof(*f->host_sequence));
		f->memory = malloc(n_streams * o->datagram_size);
		f->samples = malloc(n_streams * max_samples * sizeof(*f->samples));
	}
	if (f == NULL || f->ports == NULL || f->streams == NULL || f->host_sequence == NULL ||
	    f->memory == NULL || f->samples == NULL) {
		fabric_destroy(f);
		err_set(msg, ERR_MEMORY, "%u agents: out of memory", o->agents);
		return NULL;
	}
	f->o = o;
	f->truth = truth;
	f->out = out;
	f->loss = rng_seeded(o->seed + 2);
	f->start = (uint64_t)(o->start * 1e9);
	f->patience = (uint64_t)(o->flush * 1e9);
	f->oldest = f->newest = NONE;
	init_ports(f);
	init_streams(f, max_samples);
	return f;
}

void fabric_destroy(struct fabric *f)
{
	if (f == NULL)
		return;
	free(f->ports);
	free(f->streams);
	free(f->host_sequence);
	free(f->memory);
	free(f->samples);
	free(f);
}

const struct fabric_stats *fabric_stats(const struct fabric *f)
{
	return &f->stats;
}

static void enqueue(struct fabric *f, struct stream *s)
{
	const uint32_t at = (uint32_t)(s - f->streams);
	s->older = f->newest;
	s->newer = NONE;
	if (f->newest != NONE)
		f->streams[f->newest].newer = at;
	else
		f->oldest = at;
	f->newest = at;
}

static void dequeue(struct fabric *f, struct stream *s)
{
	if (s->older != NONE)
		f->streams[s->older].newer = s->newer;
	else
		f->oldest = s->newer;
	if (s->newer != NONE)
		f->streams[s->newer].older = s->older;
	else
		f->newest = s->older;
}

static struct stream *stream_of(struct fabric *f, uint32_t agent, uint32_t port)
{
	return &f->streams[agent * f->o->subagents + port % f->o->subagents];
}

static uint32_t uptime_ms(const struct fabric *f, uint64_t time)
{
	return (uint32_t)((time - f->start) / 1000000 + (uint64_t)(f->o->uptime * 1000));
}

static void begin(struct fabric *f, struct stream *s, uint64_t time)
{
	s->e = encode_begin(s->e.data, s->e.size, &s->agent, s->sub_agent, ++s->sequence,
			    uptime_ms(f, time));
	s->begun = time;
	s->n_flow_samples = 0;
	enqueue(f, s);
}

static bool full(const struct fabric *f, const struct stream *s)
{
	return f->o->samples_per_datagram != 0 && s->n_samples >= f->o->samples_per_datagram;
}

// What adds a sample to a datagram: encodes, no more; it may be called again for the next one.
struct addition {
	void (*encode)(struct encoder *e, const struct addition *a);
	struct fabric *f;
	const struct flow *flow;
	uint32_t frame_len;
	uint32_t agent, port;
};

// Add a sample, in a datagram of its own if it does not fit.
static int add(struct fabric *f, struct stream *s, uint64_t time, const struct addition *a,
	       struct err_msg *msg)
{
	if (s->n_samples != 0) {
		const struct encoder mark = s->e;
		a->encode(&s->e, a);
		if (!s->e.bad) {
			s->n_samples++;
			return 0;
		}
		s->e = mark;
		const int err = emit(f, s, time, msg);
		if (err != 0)
			return err;
	}
	begin(f, s, time);
	a->encode(&s->e, a);
	if (s->e.bad)
		return err_set(msg, ERR_RANGE, "--datagram-size: got %u, too small for a sample",
			       f->o->datagram_size);
	s->n_samples = 1;
	return 0;
}

static void encode_flow(struct encoder *e, const struct addition *a)
{
	const struct options *o = a->f->o;
	const struct port *p = &a->f->ports[(size_t)a->agent * o->ports + a->port];
	const struct flow_sample fs = {
		.sequence = p->sequence,
		.ds_index = a->port + 1,
		.sampling_rate = o->sampling_rate,
		.sample_pool = p->pool,
		.input = a->flow->in + 1,
		.output = a->flow->out + 1,
	};
	uint8_t header[FLOW_HEADER_MAX];
	const size_t len = flow_header(a->flow, a->frame_len, header, o->header_size);
	const uint32_t vlan = a->flow->vlan != 0 ? a->flow->vlan : 1;
	encode_flow_sample(e, p->expanded ? SFLOW_FLOW_SAMPLE_EXPANDED : SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(e, 1, a->frame_len, 4, header, len);
	encode_extended_switch(e, vlan, 0, vlan, 0);
	encode_sample_end(e);
}

int fabric_sample(struct fabric *f, uint64_t time, const struct flow *flow, uint32_t frame_len,
		  struct err_msg *msg)
{
	const uint32_t rate = f->o->sampling_rate;
	struct port *agent = f->ports + (size_t)flow->agent * f->o->ports;
	struct port *in = &agent[flow->in], *out = &agent[flow->out];
	in->sequence++;
	in->pool += rate;
	in->in_frames += rate;
	in->in_octets += (uint64_t)rate * frame_len;
	out->out_frames += rate;
	out->out_octets += (uint64_t)rate * frame_len;
	struct stream *s = stream_of(f, flow->agent, flow->in);
	const struct addition a = {.encode = encode_flow,
				   .f = f,
				   .flow = flow,
				   .frame_len = frame_len,
				   .agent = flow->agent,
				   .port = flow->in};
	const int err = add(f, s, time, &a, msg);
	if (err != 0)
		return err;
	s->samples[s->n_flow_samples++] = (struct truth_sample){flow->id, frame_len};
	f->n_sampled++;
	return full(f, s) ? emit(f, s, time, msg) : 0;
}

static void encode_port(struct encoder *e, const struct addition *a)
{
	const struct options *o = a->f->o;
	const struct port *p = &a->f->ports[(size_t)a->agent * o->ports + a->port];
	const struct counters_sample cs = {.sequence = p->counters_sequence,
					   .ds_index = a->port + 1};
	const struct if_counters c = {
		.if_index = a->port + 1,
		.if_type = 6, // ethernetCsmacd
		.if_speed = o->if_speed,
		.if_direction = 1,
		.if_status = 3,
		.in_octets = p->in_octets,
		.in_ucast = (uint32_t)p->in_frames,
		.out_octets = p->out_octets,
		.out_ucast = (uint32_t)p->out_frames,
	};
	char name[16];
	snprintf(name, sizeof(name), "swp%u", a->port + 1);
	encode_counters_sample(
		e, p->expanded ? SFLOW_COUNTERS_SAMPLE_EXPANDED : SFLOW_COUNTERS_SAMPLE, &cs);
	encode_if_counters(e, &c);
	encode_port_name(e, name);
	encode_sample_end(e);
}

static void encode_host(struct encoder *e, const struct addition *a)
{
	const struct counters_sample cs = {.sequence = a->f->host_sequence[a->agent],
					   .ds_class = SFLOW_DS_PHYSICAL,
					   .ds_index = 1};
	char name[24];
	snprintf(name, sizeof(name), "switch-%u", a->agent + 1);
	struct host_descr h = {
		.hostname = name, .machine_type = 3, .os_name = 2, .os_release = "6.1"};
	store_be32(h.uuid, 0x77656972); // "weir"
	store_be32(h.uuid + 12, a->agent + 1);
	encode_counters_sample(e, SFLOW_COUNTERS_SAMPLE, &cs);
	encode_host_descr(e, &h);
	encode_sample_end(e);
}

static int add_counters(struct fabric *f, uint64_t time, const struct addition *a,
			struct err_msg *msg)
{
	struct stream *s = stream_of(f, a->agent, a->port);
	const int err = add(f, s, time, a, msg);
	if (err != 0)
		return err;
	return full(f, s) ? emit(f, s, time, msg) : 0;
}

int fabric_counters(struct fabric *f, uint64_t time, uint32_t agent, uint32_t port,
		    struct err_msg *msg)
{
	struct addition a = {.encode = encode_host, .f = f, .agent = agent, .port = port};
	if (port == 0) {
		f->host_sequence[agent]++;
		const int err = add_counters(f, time, &a, msg);
		if (err != 0 || fabric_done(f))
			return err;
	}
	f->ports[(size_t)agent * f->o->ports + port].counters_sequence++;
	a.encode = encode_port;
	return add_counters(f, time, &a, msg);
}

static int emit(struct fabric *f, struct stream *s, uint64_t time, struct err_msg *msg)
{
	const size_t len = encode_end(&s->e);
	// The uptime is that of sending; it lies before the count of samples.
	store_be32(s->e.data + s->e.samples_at - 4, uptime_ms(f, time));
	const bool lost = rng_double(&f->loss) < f->o->loss;
	dequeue(f, s);
	s->n_samples = 0;
	f->stats.datagrams++;
	f->stats.lost += lost;
	f->stats.flow_samples += s->n_flow_samples;
	f->stats.counters_samples += s->e.n_samples - s->n_flow_samples;
	f->stats.bytes += len;
	const int err = truth_datagram(f->truth, time, s->samples, s->n_flow_samples, lost, msg);
	if (err != 0 || lost)
		return err;
	const struct datagram_out d = {
		.time = time,
		.agent = &s->agent,
		.source_port = (uint16_t)(40000 + s->sub_agent % 20000),
		.payload = s->e.data,
		.len = len,
	};
	return f->out->send(f->out, &d, msg);
}

static bool all_sent(const struct fabric *f)
{
	return f->o->max_datagrams != 0 && f->stats.datagrams >= f->o->max_datagrams;
}

bool fabric_done(const struct fabric *f)
{
	return all_sent(f) || (f->o->max_samples != 0 && f->n_sampled >= f->o->max_samples);
}

static bool waiting(const struct fabric *f)
{
	return f->oldest != NONE && !all_sent(f);
}

int fabric_flush(struct fabric *f, uint64_t time, struct err_msg *msg)
{
	int err = 0;
	while (err == 0 && waiting(f) && f->streams[f->oldest].begun + f->patience <= time) {
		struct stream *s = &f->streams[f->oldest];
		err = emit(f, s, s->begun + f->patience, msg);
	}
	return err;
}

int fabric_finish(struct fabric *f, uint64_t time, struct err_msg *msg)
{
	int err = 0;
	while (err == 0 && waiting(f))
		err = emit(f, &f->streams[f->oldest], time, msg);
	return err;
}
