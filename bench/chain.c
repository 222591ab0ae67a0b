// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "chain.h"

#include <pcap/pcap.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/cursor.h"
#include "sflow/sflow.h"
#include "weir/input/checksum.h"
#include "weir/input/eal.h"
#include "weir/util/log.h"

enum {
	HEADERS = 14 + 20 + 8,
	CACHE_LINE = 64,
	MTU = 1500,
	POOL_CACHE = 256, // as port.c has it
	SPARE_BUFFERS = 8192,
	BUFFER_BYTES = 2048 + 128 + 256, // with what EAL adds
};

static const char *pages_name;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

void chain_start(size_t bytes)
{
	if (pages_name != NULL)
		return;
	const bool huge = eal_free_hugepages() >= bytes;
	static char prefix[48], memory[32];
	snprintf(prefix, sizeof(prefix), "--file-prefix=bench%d", (int)getpid());
	snprintf(memory, sizeof(memory), "%zu", (bytes >> 20) + 64);
	char *with[] = {"bench", "--no-pci", "--no-telemetry", prefix, "--in-memory"};
	char *without[] = {"bench", "--no-pci",  "--no-telemetry",
			   prefix,  "--no-huge", "--no-shconf",
			   "-m",    memory};
	cpu_set_t cpus;
	sched_getaffinity(0, sizeof(cpus), &cpus);
	struct log_hold hold;
	log_set_level(RTE_LOG_ERR);
	log_hold(&hold);
	const int err = huge ? rte_eal_init(5, with) : rte_eal_init(8, without);
	log_release(&hold);
	if (err < 0)
		die("EAL", hold.text != NULL ? hold.text : rte_strerror(rte_errno));
	free(hold.text);
	sched_setaffinity(0, sizeof(cpus), &cpus); // EAL has pinned us where another may run
	pages_name = pages_str(huge ? PAGES_HUGETLB : PAGES_4K);
}

const char *chain_pages(void)
{
	return pages_name;
}

size_t chain_memory(size_t n)
{
	return (2 * SPARE_BUFFERS + n) * BUFFER_BYTES + 2 * n * sizeof(struct rte_mbuf) +
	       (64 << 20);
}

// Of a collector's network; the sender made no checksum of UDP, which is right in IPv4.
static void put_headers(uint8_t *p, const struct load_datagram *d)
{
	memset(p, 0, HEADERS);
	memcpy(p, "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08", 13);
	uint8_t *ip = p + 14, *udp = ip + 20;
	ip[0] = 0x45;
	store_be16(ip + 2, (uint16_t)(28 + d->len));
	ip[8] = 64;
	ip[9] = 17;
	store_be32(ip + 12, d->source);
	store_be32(ip + 16, 0x0a0000fe);
	checksum_store(ip + 10, checksum_add(0, ip, 20));
	store_be16(udp, SFLOW_PORT);
	store_be16(udp + 2, SFLOW_PORT);
	store_be16(udp + 4, (uint16_t)(8 + d->len));
}

struct frames *frames_new(const struct load *l, int small_pages)
{
	struct frames *f = calloc(1, sizeof(*f));
	f->frame = calloc(l->n_datagrams, sizeof(*f->frame));
	size_t size = 0;
	for (size_t i = 0; i < l->n_datagrams; i++)
		size += RTE_ALIGN_CEIL(l->datagrams[i].len + HEADERS, CACHE_LINE);
	f->bytes = pages_map(size, small_pages, &f->mapped, &f->pages);
	if (f->frame == NULL || f->bytes == NULL)
		die("frames", "out of memory");
	uint8_t *p = f->bytes;
	for (; f->n < l->n_datagrams; f->n++) {
		const struct load_datagram *d = &l->datagrams[f->n];
		put_headers(p, d);
		memcpy(p + HEADERS, d->data, d->len);
		f->frame[f->n] = (struct frame){p, (uint16_t)(d->len + HEADERS)};
		p += RTE_ALIGN_CEIL(d->len + HEADERS, CACHE_LINE);
	}
	return f;
}

void frames_free(struct frames *f)
{
	pages_unmap(f->bytes, f->mapped);
	free(f->frame);
	free(f);
}

static struct port *open_port(const char *device, uint32_t buffers)
{
	struct err_msg msg = {0};
	const struct port_config config = {.device = device,
					   .queues = 1,
					   .workers = 1,
					   .descriptors = 1024,
					   .mtu = MTU,
					   .buffers = buffers,
					   .policy = {.udp_port = SFLOW_PORT, .checksums = true}};
	struct port *p = port_open(&config, &msg);
	if (p == NULL || port_start(p, &msg) != 0)
		die("port", msg.text);
	return p;
}

// As a card leaves it, which has verified the checksums.
static void attach(struct rte_mempool *pool, void *frames, void *object, unsigned i)
{
	const struct frames *f = frames;
	struct rte_mbuf *m = object;
	rte_pktmbuf_init(pool, NULL, object, i);
	m->buf_addr = f->frame[i].data;
	m->buf_len = f->frame[i].len;
	m->data_off = 0;
	m->data_len = f->frame[i].len;
	m->pkt_len = f->frame[i].len;
	m->port = 0;
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

struct port *chain_ring_port(const struct frames *f)
{
	static unsigned n;
	char name[32];
	struct rte_pktmbuf_pool_private head = {0};
	snprintf(name, sizeof(name), "bench%u", n++);
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, (unsigned)f->n, sizeof(struct rte_mbuf), POOL_CACHE,
					 sizeof(head), SOCKET_ID_ANY, 0);
	if (pool == NULL || rte_mempool_set_ops_byname(pool, "ring_mp_mc", NULL) != 0)
		die(name, rte_strerror(rte_errno));
	rte_pktmbuf_pool_init(pool, &head);
	if (rte_mempool_populate_default(pool) != (int)f->n)
		die(name, "no memory for the mbufs");
	rte_mempool_obj_iter(pool, attach, (void *)f);
	struct rte_ring *ring = pool->pool_data;
	char device[RTE_ETH_NAME_MAX_LEN];
	const int port = rte_eth_from_rings(name, &ring, 1, &ring, 1, 0);
	if (port < 0 || rte_eth_dev_get_name_by_port((uint16_t)port, device) != 0)
		die(name, "no net_ring");
	return open_port(device, SPARE_BUFFERS);
}

static void write_capture(const struct frames *f, int fd)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *to = pcap_dump_fopen(pcap, fdopen(fd, "w"));
	if (to == NULL)
		die("capture", pcap_geterr(pcap));
	for (size_t i = 0; i < f->n; i++) {
		const struct pcap_pkthdr h = {.caplen = f->frame[i].len, .len = f->frame[i].len};
		pcap_dump((u_char *)to, &h, f->frame[i].data);
	}
	if (pcap_dump_flush(to) != 0)
		die("capture", "cannot write it");
	pcap_dump_close(to);
	pcap_close(pcap);
}

struct port *chain_pcap_port(const struct frames *f)
{
	static unsigned n;
	const char *dir = getenv("TMPDIR");
	char path[256], device[320];
	snprintf(path, sizeof(path), "%s/bench-XXXXXX", dir != NULL ? dir : "/tmp");
	const int fd = mkstemp(path);
	if (fd < 0)
		die(path, "cannot make it");
	write_capture(f, fd);
	snprintf(device, sizeof(device), "net_pcap%u,rx_pcap=%s,infinite_rx=1", n++, path);
	struct port *p = open_port(device, (uint32_t)f->n + SPARE_BUFFERS);
	unlink(path);
	return p;
}
