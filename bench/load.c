// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "load.h"

#include <math.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/rng.h"
#include "sflow/datagram.h"

#define HUGE_PAGE        (2u << 20)
#define N_AGENTS         64
#define N_PORTS          48
#define SAMPLES_PER_DG   6
#define COUNTERS_EVERY   8
#define HEADER_SIZE      128
#define DATAGRAM_SIZE    2048 // more than any datagram made here
#define SAMPLING_RATE    1000
#define START_NS         1700000000000000000u
#define NS_PER_DATAGRAM  10000
#define CACHE_LINE       64u
#define FRAME_BYTES_MEAN 800

void *pages_map(size_t size, int small_pages, size_t *mapped, enum load_pages *kind)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	*mapped = (size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
	if (!small_pages) {
		void *p = mmap(NULL, *mapped, PROT_READ | PROT_WRITE,
			       flags | MAP_HUGETLB | MAP_POPULATE, -1, 0);
		*kind = PAGES_HUGETLB;
		if (p != MAP_FAILED)
			return p;
	}
	// A huge page must start at a multiple of its size: map one more, give back both ends.
	uint8_t *p = mmap(NULL, *mapped + HUGE_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	const size_t head = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (head > 0)
		munmap(p, head);
	munmap(p + head + *mapped, HUGE_PAGE - head);
	p += head;
	const int advice = small_pages ? MADV_NOHUGEPAGE : MADV_HUGEPAGE;
	*kind = madvise(p, *mapped, advice) == 0 && !small_pages ? PAGES_TRANSPARENT : PAGES_4K;
	memset(p, 0, *mapped);
	return p;
}

void pages_unmap(void *p, size_t mapped)
{
	if (p != NULL)
		munmap(p, mapped);
}

const char *pages_str(enum load_pages kind)
{
	static const char *const names[] = {
		[PAGES_4K] = "4 kB pages",
		[PAGES_TRANSPARENT] = "transparent huge pages",
		[PAGES_HUGETLB] = "reserved huge pages",
	};
	return names[kind];
}

static int load_map(struct load *l, size_t size, size_t capacity, int small_pages)
{
	*l = (struct load){.capacity = capacity};
	l->datagrams = calloc(capacity, sizeof(*l->datagrams));
	l->bytes = pages_map(size, small_pages, &l->mapped, &l->pages);
	if (l->datagrams == NULL || l->bytes == NULL) {
		load_free(l);
		return ERR_MEMORY;
	}
	return 0;
}

void load_free(struct load *l)
{
	free(l->datagrams);
	pages_unmap(l->bytes, l->mapped);
	*l = (struct load){0};
}

static size_t count_samples(const uint8_t *data, size_t len)
{
	struct sflow_datagram dg;
	struct sflow_sample s;
	size_t n = 0;
	if (sflow_open(&dg, data, len) != SFLOW_OK)
		return 0;
	while (sflow_next(&dg, &s) > 0)
		n += s.tag == SFLOW_FLOW_SAMPLE || s.tag == SFLOW_FLOW_SAMPLE_EXPANDED;
	return n;
}

// Datagrams start on a cache line, as the payloads of mbufs do within a few bytes.
static uint8_t *load_next(struct load *l)
{
	l->size = (l->size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	return l->bytes + l->size;
}

static void load_add(struct load *l, uint32_t len, uint32_t source, uint64_t time_ns)
{
	const uint8_t *data = load_next(l);
	l->datagrams[l->n_datagrams++] = (struct load_datagram){
		.data = data, .len = len, .source = source, .time_ns = time_ns};
	l->n_samples += count_samples(data, len);
	l->size += len;
}

// ---- the standard load ----

struct generator {
	struct rng rng;
	double *cumulative; ///< of the Zipf law; NULL = uniform
	size_t n_flows;
	uint64_t flow_seed;
	uint32_t agent_sequence[N_AGENTS];
	uint32_t port_sequence[N_AGENTS][N_PORTS];
	uint8_t *p; ///< where the next word goes
};

static void put32(struct generator *g, uint32_t v)
{
	store_be32(g->p, v);
	g->p += 4;
}

static size_t draw_flow(struct generator *g)
{
	if (g->cumulative == NULL)
		return rng_below(&g->rng, g->n_flows);
	const double u = rng_double(&g->rng) * g->cumulative[g->n_flows - 1];
	size_t low = 0, high = g->n_flows - 1;
	while (low < high) {
		const size_t mid = (low + high) / 2;
		if (g->cumulative[mid] < u)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

// A flow's addresses and ports follow from its number alone.
static void put_frame(struct generator *g, size_t flow, uint32_t frame_bytes)
{
	uint64_t state = g->flow_seed + flow;
	const uint64_t a = rng_splitmix(&state), b = rng_splitmix(&state);
	uint8_t *f = g->p;
	memset(f, 0, HEADER_SIZE);
	store_be64(f, 0x0200000000000000u | (a & 0xffffff) << 16 | 0x0200);
	store_be32(f + 8, (uint32_t)b);
	store_be16(f + 12, 0x0800);
	f[14] = 0x45;
	store_be16(f + 16, (uint16_t)(frame_bytes - 18));
	f[22] = 64;
	f[23] = flow % 10 < 8 ? 6 : 17;
	store_be32(f + 26, 0x0a000000 | (uint32_t)(a >> 40));
	store_be32(f + 30, 0xac100000 | (uint32_t)(b >> 44));
	store_be16(f + 34, (uint16_t)(1024 + b % 60000));
	store_be16(f + 36, flow % 3 ? 443 : 53);
	if (f[23] == 6)
		f[46] = 0x50;
	g->p += HEADER_SIZE;
}

static void put_flow_sample(struct generator *g, size_t agent)
{
	const uint32_t port = (uint32_t)rng_below(&g->rng, N_PORTS);
	const uint32_t sequence = ++g->port_sequence[agent][port];
	const uint32_t frame_bytes = 64 + (uint32_t)rng_below(&g->rng, 2 * FRAME_BYTES_MEAN - 64);
	put32(g, 1); // flow_sample
	put32(g, 32 + 8 + 16 + HEADER_SIZE + 8 + 16);
	put32(g, sequence);
	put32(g, port + 1); // data source: ifIndex
	put32(g, SAMPLING_RATE);
	put32(g, sequence * SAMPLING_RATE);
	put32(g, 0); // drops
	put32(g, port + 1);
	put32(g, (port + 7) % N_PORTS + 1);
	put32(g, 2); // records
	put32(g, 1); // sampled_header
	put32(g, 16 + HEADER_SIZE);
	put32(g, 1); // Ethernet
	put32(g, frame_bytes);
	put32(g, 4); // stripped: the frame check sequence
	put32(g, HEADER_SIZE);
	put_frame(g, draw_flow(g), frame_bytes);
	put32(g, 1001); // extended_switch
	put32(g, 16);
	for (int i = 0; i < 2; i++) {
		put32(g, 10); // VLAN
		put32(g, 0);  // priority
	}
}

static void put_counters_sample(struct generator *g, size_t agent)
{
	const uint32_t port = (uint32_t)rng_below(&g->rng, N_PORTS);
	put32(g, 2); // counters_sample
	put32(g, 12 + 8 + 88);
	put32(g, g->agent_sequence[agent]);
	put32(g, port + 1);
	put32(g, 1); // records
	put32(g, 1); // if_counters
	put32(g, 88);
	put32(g, port + 1);
	memset(g->p, 0, 84);
	g->p += 84;
}

static uint32_t put_datagram(struct generator *g, size_t i, size_t agent)
{
	const uint8_t *start = g->p;
	const bool counters = i % COUNTERS_EVERY == 0;
	put32(g, 5);
	put32(g, 1); // IPv4
	put32(g, 0x0a000001 + (uint32_t)agent);
	put32(g, 0); // sub-agent
	put32(g, ++g->agent_sequence[agent]);
	put32(g, (uint32_t)(i * NS_PER_DATAGRAM / 1000000));
	put32(g, SAMPLES_PER_DG + counters);
	if (counters)
		put_counters_sample(g, agent);
	for (int k = 0; k < SAMPLES_PER_DG; k++)
		put_flow_sample(g, agent);
	return (uint32_t)(g->p - start);
}

static double *zipf_cumulative(size_t n, double s)
{
	double *c = malloc(n * sizeof(*c)), sum = 0;
	for (size_t i = 0; c != NULL && i < n; i++)
		c[i] = sum += pow((double)(i + 1), -s);
	return c;
}

int load_generate(struct load *l, const struct load_params *params)
{
	struct generator *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return ERR_MEMORY;
	int err = load_map(l, params->n_datagrams * DATAGRAM_SIZE, params->n_datagrams,
			   params->small_pages);
	if (err == 0 && params->zipf_s > 0) {
		g->cumulative = zipf_cumulative(params->n_flows, params->zipf_s);
		if (g->cumulative == NULL)
			err = ERR_MEMORY;
	}
	g->rng = rng_seeded(params->seed);
	g->flow_seed = params->seed << 32;
	g->n_flows = params->n_flows;
	for (size_t i = 0; err == 0 && i < params->n_datagrams; i++) {
		const size_t agent = rng_below(&g->rng, N_AGENTS);
		g->p = load_next(l);
		const uint32_t len = put_datagram(g, i, agent);
		load_add(l, len, 0x0a000001 + (uint32_t)agent, START_NS + i * NS_PER_DATAGRAM);
	}
	free(g->cumulative);
	free(g);
	return err;
}

// ---- a capture ----

// The UDP payload of an IPv4 or IPv6 packet to the sFlow port, or NULL.
static const uint8_t *udp_payload(const uint8_t *p, size_t len, uint32_t *n, uint32_t *source)
{
	struct cursor c = cursor_of(p, len);
	const uint8_t version = len > 0 ? p[0] >> 4 : 0;
	*source = 0;
	if (version == 4 && len >= 20 && p[9] == 17) {
		*source = load_be32(p + 12);
		cursor_skip(&c, (p[0] & 15u) * 4u);
	} else if (version == 6 && len >= 40 && p[6] == 17) {
		cursor_skip(&c, 40);
	} else {
		return NULL;
	}
	const uint8_t *udp = cursor_bytes(&c, 8);
	if (udp == NULL || load_be16(udp + 2) != SFLOW_PORT || load_be16(udp + 4) < 8)
		return NULL;
	*n = load_be16(udp + 4) - 8u;
	return cursor_bytes(&c, *n);
}

static void load_frame(struct load *l, int link, const struct pcap_pkthdr *h, const uint8_t *frame)
{
	size_t skip = 0;
	if (link == DLT_EN10MB)
		skip = h->caplen >= 18 && load_be16(frame + 12) == 0x8100 ? 18 : 14;
	uint32_t len, source;
	if (h->caplen <= skip)
		return;
	const uint8_t *payload = udp_payload(frame + skip, h->caplen - skip, &len, &source);
	if (payload == NULL || l->n_datagrams == l->capacity)
		return;
	memcpy(load_next(l), payload, len);
	load_add(l, len, source,
		 (uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec * 1000u);
}

int load_read(struct load *l, const char *path, int small_pages, struct err_msg *msg)
{
	char why[PCAP_ERRBUF_SIZE];
	struct stat st;
	pcap_t *pcap = stat(path, &st) == 0 ? pcap_open_offline(path, why) : NULL;
	if (pcap == NULL)
		return err_set(msg, ERR_IO, "%s: cannot read it as a capture", path);
	// Each datagram carries 28 bytes of IP and UDP and 16 of the capture's own header: a list
	// of that many is long enough, and its padding to a cache line is added.
	const size_t capacity = (size_t)st.st_size / 44 + 1;
	int err = load_map(l, (size_t)st.st_size + capacity * CACHE_LINE, capacity, small_pages);
	if (err != 0) {
		pcap_close(pcap);
		return err_set(msg, err, "%s: not enough memory", path);
	}
	struct pcap_pkthdr *h;
	const u_char *frame;
	while (pcap_next_ex(pcap, &h, &frame) == 1)
		load_frame(l, pcap_datalink(pcap), h, frame);
	pcap_close(pcap);
	if (l->n_samples > 0)
		return 0;
	load_free(l);
	return err_set(msg, ERR_INVALID, "%s: no flow sample sent to UDP port %d", path,
		       SFLOW_PORT);
}
