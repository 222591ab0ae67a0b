// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The daemon's worker on a DPDK port against the floor's own chain on the same port, pass by pass
// in one run: rx_burst, check of Ethernet, IP and UDP, datagram, samples, table.
#include <stdio.h>
#include <stdlib.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "bank_rig.h"
#include "chain.h"
#include "floor.h"
#include "weir/core/worker.h"

#define AHEAD 8 // frames whose first line is asked for while the floor checks one

// ---- the floor ----

static inline bool floor_frame(const struct rte_mbuf *m, struct load_datagram *d)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	if (m->data_len < 42 || p[12] != 0x08 || p[13] != 0 || p[23] != 17)
		return false;
	const uint8_t *udp = p + 14 + (p[14] & 15) * 4;
	const uint32_t len = udp + 8 <= p + m->data_len ? (uint32_t)(udp[4] << 8 | udp[5]) : 0;
	if (len < 8 || udp + len > p + m->data_len || (udp[2] << 8 | udp[3]) != 6343)
		return false;
	d->data = udp + 8;
	d->len = len - 8;
	return true;
}

// ns per flow sample of the next @p n datagrams of a port.
static double floor_chain(struct floor *f, uint16_t port, size_t n)
{
	struct rte_mbuf *m[INPUT_BURST];
	struct load_datagram d[INPUT_BURST];
	size_t n_samples = 0;
	const uint64_t start = bench_now();
	for (size_t done = 0; done < n;) {
		const uint16_t got = rte_eth_rx_burst(port, 0, m, INPUT_BURST);
		size_t k = 0;
		for (uint16_t i = 0; i < AHEAD && i < got; i++)
			rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
		for (uint16_t i = 0; i < got; i++) {
			if (i + AHEAD < got)
				rte_prefetch0(rte_pktmbuf_mtod(m[i + AHEAD], const void *));
			k += floor_frame(m[i], &d[k]);
		}
		n_samples += floor_burst(f, d, k);
		rte_pktmbuf_free_bulk(m, got);
		done += got;
	}
	floor_flush(f);
	return (double)(bench_now() - start) / (double)n_samples;
}

// ---- the worker ----

// The input of a port, until so many datagrams have come.
struct limited {
	struct input input;
	struct input *port;
	size_t left;
};

static enum input_state limited_burst(struct input *in, uint64_t until, struct burst *b)
{
	struct limited *l = (struct limited *)in;
	b->n = b->n_frames = 0;
	if (l->left == 0)
		return INPUT_ENDED;
	const enum input_state state = l->port->burst(l->port, until, b);
	l->left -= l->left < b->n_frames ? l->left : b->n_frames;
	return state;
}

static void limited_release(struct input *in)
{
	struct limited *l = (struct limited *)in;
	l->port->release(l->port);
}

struct rig {
	struct worker worker;
	struct limited limited;
	struct bank_rig *bank;
};

static struct rig *rig_new(struct port *p, uint32_t entries, int small_pages)
{
	struct rig *r = aligned_alloc(WORKER_ALIGN, RTE_ALIGN_CEIL(sizeof(*r), WORKER_ALIGN));
	*r = (struct rig){.limited = {.input = {.burst = limited_burst, .release = limited_release},
				      .port = port_input(p, 0)}};
	r->bank = bank_rig_new(&(struct bank_rig_params){1, entries, small_pages},
			       worker_stats(&r->worker));
	worker_init(&r->worker, &(struct worker_config){.input = &r->limited.input,
							.intake = r->bank->intake,
							.bank = r->bank->bank});
	return r;
}

static void rig_free(struct rig *r)
{
	worker_fini(&r->worker);
	bank_rig_free(r->bank);
	free(r);
}

// ns per flow sample of the next @p n datagrams.
static double pass(struct rig *r, size_t n)
{
	const struct stats *stats = &r->worker.stats;
	const uint64_t before = stats_read(stats, STAT_used_flow_samples);
	bank_rig_restart(r->bank);
	r->limited.left = n;
	r->limited.port->stats = worker_stats(&r->worker);
	const uint64_t start = bench_now();
	worker_run(&r->worker);
	const uint64_t ns = bench_now() - start;
	const uint64_t samples = stats_read(stats, STAT_used_flow_samples) - before;
	bank_rig_check(r->bank, samples);
	const struct ledger frames = stats_ledger(stats, STAT_GROUP_FRAME);
	if (samples == 0 || frames.used != frames.received) {
		fprintf(stderr, "bench_worker: the worker refuses frames\n");
		exit(1);
	}
	return (double)ns / (double)samples;
}

// ---- cases ----

#define MAX_RIGS 2

static void measure(struct bench_report *report, const struct bench_options *o, struct port *p,
		    const struct load *l, const char *const names[MAX_RIGS])
{
	static const uint32_t entries[MAX_RIGS] = {1 << 20, 1 << 14};
	static double floor_ns[BENCH_MAX_RUNS], ns[MAX_RIGS][BENCH_MAX_RUNS];
	struct rig *rigs[MAX_RIGS];
	uint16_t id;
	if (rte_eth_dev_get_port_by_name(port_name(p), &id) != 0)
		exit(1);
	struct floor *f = floor_create((unsigned)o->table_bits, o->small_pages);
	floor_chain(f, id, l->n_datagrams);
	for (unsigned k = 0; k < MAX_RIGS; k++) {
		rigs[k] = rig_new(p, entries[k], o->small_pages);
		pass(rigs[k], l->n_datagrams);
	}
	for (unsigned i = 0; i < o->runs; i++) {
		floor_ns[i] = floor_chain(f, id, l->n_datagrams);
		for (unsigned k = 0; k < MAX_RIGS; k++)
			ns[k][i] = pass(rigs[k], l->n_datagrams);
	}
	for (unsigned k = 0; k < MAX_RIGS; k++) {
		bench_report_add(report, names[k], ns[k], floor_ns, o->runs);
		rig_free(rigs[k]);
	}
	floor_destroy(f);
}

static void run_cases(struct bench_report *report, const struct bench_options *o, double zipf_s,
		      const char *const ring[MAX_RIGS], const char *const pcap[MAX_RIGS])
{
	struct load l = bench_load(o, zipf_s);
	chain_start(chain_memory(l.n_datagrams));
	struct frames *frames = frames_new(&l, o->small_pages);
	printf("# frames on %s, buffers of net_pcap on %s\n", pages_str(frames->pages),
	       chain_pages());
	struct port *p = chain_ring_port(frames);
	measure(report, o, p, &l, ring);
	port_close(p);
	p = chain_pcap_port(frames);
	frames_free(frames);
	measure(report, o, p, &l, pcap);
	port_close(p);
	load_free(&l);
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	if (o.pcap != NULL) {
		run_cases(&report, &o, 0,
			  (const char *const[]){"worker_zerocopy_pcap", "worker_zerocopy_pcap_16k"},
			  (const char *const[]){"worker_pcap_pcap", "worker_pcap_pcap_16k"});
		return bench_report_write(&report, &o) == 0 ? 0 : 1;
	}
	run_cases(&report, &o, 1.0, (const char *const[]){"worker_zerocopy", "worker_zerocopy_16k"},
		  (const char *const[]){"worker_pcap", "worker_pcap_16k"});
	run_cases(&report, &o, 0.0,
		  (const char *const[]){"worker_zerocopy_uniform", "worker_zerocopy_uniform_16k"},
		  (const char *const[]){"worker_pcap_uniform", "worker_pcap_uniform_16k"});
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
