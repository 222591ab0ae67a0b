// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "doctor.h"

#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

#include "commands.h"
#include "common/paths.h"
#include "feed.h"

#define GOOD DOCTOR_GOOD
#define INFO DOCTOR_INFO
#define FIX  DOCTOR_FIX
#define say  doctor_say

enum {
	TEXT = 512,
	HUGEPAGES_MB = 512,  // for some ports and a handful of definitions
	RCVBUF = 4 << 20,    // what a socket asks for by default
	SFLOW_MEMLOCK = 256, // MB
	LONGEST_WAIT_MS = 3000,
};

void doctor_say(struct doctor *d, enum doctor_kind kind, const char *about, const char *fmt, ...)
{
	static const char *const words[] = {
		[DOCTOR_GOOD] = "good", [DOCTOR_INFO] = "info", [DOCTOR_FIX] = "fix "};
	va_list ap;
	d->good += kind == DOCTOR_GOOD;
	d->fixes += kind == DOCTOR_FIX;
	fprintf(d->out, "%s  %-10s ", words[kind], about);
	va_start(ap, fmt);
	vfprintf(d->out, fmt, ap);
	va_end(ap);
	fputc('\n', d->out);
}

// The first line of a file, without its end; "" when there is none.
__attribute__((format(printf, 3, 4))) static const char *first_line(const struct doctor *d,
								    char text[TEXT],
								    const char *fmt, ...)
{
	char path[PATH_MAX], name[PATH_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	text[0] = '\0';
	if (snprintf(path, sizeof(path), "%s%s", d->root, name) >= (int)sizeof(path))
		return text;
	FILE *f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(text, TEXT, f) == NULL)
			text[0] = '\0';
		fclose(f);
	}
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static long number(const struct doctor *d, const char *path)
{
	char text[TEXT];
	return strtol(first_line(d, text, "%s", path), NULL, 10);
}

// Names in a folder, in no order; NULL at the end.
static DIR *open_dir(const struct doctor *d, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s", d->root, name);
	return opendir(path);
}

static const char *next_name(DIR *dir)
{
	struct dirent *e = NULL;
	while (dir != NULL && (e = readdir(dir)) != NULL && e->d_name[0] == '.')
		continue;
	if (e == NULL && dir != NULL)
		closedir(dir);
	return e != NULL ? e->d_name : NULL;
}

static unsigned count_names(const struct doctor *d, const char *name)
{
	unsigned n = 0;
	DIR *dir = open_dir(d, name);
	while (dir != NULL && next_name(dir) != NULL)
		n++;
	return n;
}

static bool exists(const struct doctor *d, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s", d->root, name);
	return access(path, F_OK) == 0;
}

// Memory and CPUs ---------------------------------------------------------------------------------

static void check_hugepages(struct doctor *d)
{
	unsigned long free_mb = 0;
	char text[TEXT];
	DIR *dir = open_dir(d, "/sys/kernel/mm/hugepages");
	for (const char *name; (name = next_name(dir)) != NULL;) {
		const unsigned long kb = strtoul(name + strcspn(name, "-") + 1, NULL, 10);
		first_line(d, text, "/sys/kernel/mm/hugepages/%s/free_hugepages", name);
		free_mb += strtoul(text, NULL, 10) * kb / 1024;
	}
	if (free_mb >= HUGEPAGES_MB)
		say(d, GOOD, "hugepages", "%lu MB are free", free_mb);
	else
		say(d, FIX, "hugepages",
		    "%lu MB are free, a NIC needs some %d: `weir-setup-host --hugepages %d do`",
		    free_mb, HUGEPAGES_MB, HUGEPAGES_MB);
}

static void check_numa(struct doctor *d)
{
	unsigned nodes = 0;
	DIR *dir = open_dir(d, "/sys/devices/system/node");
	for (const char *name; (name = next_name(dir)) != NULL;)
		nodes += strncmp(name, "node", 4) == 0 && name[4] >= '0' && name[4] <= '9';
	if (nodes > 1)
		say(d, INFO, "NUMA", "%u nodes: give each port lcores of its own node (below)",
		    nodes);
	else
		say(d, GOOD, "NUMA", "one node: every CPU is as near");
}

static void check_isolation(struct doctor *d)
{
	char text[TEXT];
	first_line(d, text, "/sys/devices/system/cpu/isolated");
	if (text[0] != '\0')
		say(d, GOOD, "isolation", "CPUs %s are kept free: use them as `lcores`", text);
	else
		say(d, FIX, "isolation",
		    "the scheduler uses all CPUs: add isolcpus=, nohz_full= and rcu_nocbs= with "
		    "the workers' CPUs to the kernel's command line");
}

static void check_governor(struct doctor *d)
{
	char text[TEXT];
	first_line(d, text, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	if (text[0] == '\0')
		say(d, INFO, "governor", "the CPUs' frequency is not ours to choose");
	else if (strcmp(text, "performance") == 0)
		say(d, GOOD, "governor", "performance");
	else
		say(d, FIX, "governor", "%s: `cpupower frequency-set -g performance`", text);
}

// Devices and rights ------------------------------------------------------------------------------

static void check_iommu(struct doctor *d)
{
	if (count_names(d, "/sys/class/iommu") > 0)
		say(d, GOOD, "IOMMU", "it is on: a NIC can write to weir's memory only");
	else
		say(d, FIX, "IOMMU",
		    "it is off: turn VT-d or AMD-Vi on in the firmware, and add intel_iommu=on "
		    "iommu=pt to the kernel's command line");
}

static void check_vfio(struct doctor *d)
{
	char text[TEXT];
	first_line(d, text, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	if (!exists(d, "/sys/bus/pci/drivers/vfio-pci"))
		say(d, FIX, "VFIO", "the driver is not loaded: `modprobe vfio-pci`");
	else if (text[0] == 'Y')
		say(d, FIX, "VFIO",
		    "no-IOMMU mode: a NIC may write anywhere, and weir must be root; turn the "
		    "IOMMU "
		    "on instead");
	else
		say(d, GOOD, "VFIO", "loaded");
}

static void base_name_of_link(const struct doctor *d, const char *name, char text[TEXT])
{
	char path[PATH_MAX], target[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s", d->root, name);
	const ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(target, '/');
	snprintf(text, TEXT, "%.*s", TEXT - 1, slash != NULL ? slash + 1 : target);
}

static void check_nic(struct doctor *d, const char *pci)
{
	char text[TEXT], driver[TEXT], cpus[TEXT], link[PATH_MAX];
	first_line(d, text, "/sys/bus/pci/devices/%s/class", pci);
	if (strncmp(text, "0x02", 4) != 0)
		return;
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", pci);
	base_name_of_link(d, link, driver);
	first_line(d, text, "/sys/bus/pci/devices/%s/numa_node", pci);
	first_line(d, cpus, "/sys/bus/pci/devices/%s/local_cpulist", pci);
	if (strncmp(driver, "vfio", 4) == 0)
		say(d, GOOD, "NIC", "%s is weir's to take: {port: \"%s\", lcores: %s} (node %s)",
		    pci, pci, cpus, text);
	else if (strcmp(driver, "mlx5_core") == 0)
		say(d, GOOD, "NIC",
		    "%s is shared with the kernel by its driver (lcores %s, node %s)", pci, cpus,
		    text);
	else
		say(d, INFO, "NIC",
		    "%s is the kernel's (%s): `weir-setup-host --nic %s do` gives it to weir, or "
		    "share "
		    "it "
		    "by net_af_xdp (lcores %s, node %s)",
		    pci, driver[0] != '\0' ? driver : "no driver", pci, cpus, text);
}

static void check_nics(struct doctor *d)
{
	DIR *dir = open_dir(d, "/sys/bus/pci/devices");
	for (const char *name; dir != NULL && (name = next_name(dir)) != NULL;)
		check_nic(d, name);
}

static void check_queues(struct doctor *d)
{
	char path[PATH_MAX];
	DIR *dir = open_dir(d, "/sys/class/net");
	for (const char *name; dir != NULL && (name = next_name(dir)) != NULL;) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/device", name);
		if (!exists(d, path))
			continue; // lo and the like
		unsigned n = 0;
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
		DIR *queues = open_dir(d, path);
		for (const char *q; queues != NULL && (q = next_name(queues)) != NULL;)
			n += strncmp(q, "rx-", 3) == 0;
		say(d, n > 1 ? GOOD : INFO, "RSS", "%s: %u receive queue%s", name, n,
		    n == 1 ? ": one agent's port may fill it; `workers` above `queues` deals"
			   : "s");
	}
}

static void check_rights(struct doctor *d)
{
	static const struct {
		const char *name;
		unsigned bit;
	} wanted[] = {{"NET_ADMIN", 12}, {"NET_RAW", 13}, {"IPC_LOCK", 14}, {"BPF", 39}};
	char path[PATH_MAX], line[TEXT], missing[TEXT] = "";
	unsigned long long caps = 0;
	snprintf(path, sizeof(path), "%s/proc/self/status", d->root);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "CapEff:", 7) == 0)
			caps = strtoull(line + 7, NULL, 16);
	if (f != NULL)
		fclose(f);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if ((caps >> wanted[i].bit & 1) == 0)
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				 " CAP_%s", wanted[i].name);
	if (missing[0] == '\0')
		say(d, GOOD, "rights", "enough for net_af_xdp and net_af_packet");
	else
		say(d, INFO, "rights",
		    "without%s: enough for sockets and VFIO; net_af_xdp needs them (weir(8), "
		    "\"Rights\")",
		    missing);
}

static void check_memlock(struct doctor *d)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_MEMLOCK, &r) != 0)
		return;
	if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= (rlim_t)SFLOW_MEMLOCK << 20)
		say(d, GOOD, "memlock", "enough memory may be locked");
	else
		say(d, FIX, "memlock",
		    "%lu kB may be locked: VFIO and net_af_xdp need more: `ulimit -l unlimited`, "
		    "LimitMEMLOCK=infinity in a unit",
		    (unsigned long)r.rlim_cur / 1024);
}

// The kernel's network ----------------------------------------------------------------------------

static void check_buffers(struct doctor *d)
{
	const long most = number(d, "/proc/sys/net/core/rmem_max");
	if (most >= RCVBUF)
		say(d, GOOD, "rmem_max", "%ld bytes", most);
	else
		say(d, FIX, "rmem_max",
		    "%ld bytes, a socket of weir asks for %d: `weir-setup-host --rmem %d do`", most,
		    RCVBUF, RCVBUF);
}

// Who has the port: lines of /proc/net/udp are "  1: 00000000:18C7 00000000:0000 07 ... inode ...".
static bool is_listening(const struct doctor *d, const char *table)
{
	char path[PATH_MAX], line[TEXT];
	bool found = false;
	snprintf(path, sizeof(path), "%s%s", d->root, table);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *colon = strchr(line, ':');
		const char *port = colon != NULL ? strchr(colon + 1, ':') : NULL;
		found |= port != NULL && strtoul(port + 1, NULL, 16) == d->udp_port;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static void check_port(struct doctor *d)
{
	if (is_listening(d, "/proc/net/udp") || is_listening(d, "/proc/net/udp6"))
		say(d, INFO, "UDP port",
		    "somebody listens on %u: weir, or another collector (`ss -lnup sport = %u`)",
		    d->udp_port, d->udp_port);
	else
		say(d, GOOD, "UDP port", "%u is free, or weir's own NIC takes it", d->udp_port);
}

static void check_firewall(struct doctor *d)
{
	char text[TEXT];
	const bool old = first_line(d, text, "/proc/net/ip_tables_names")[0] != '\0';
	if (!old && number(d, "/sys/module/nf_tables/refcnt") == 0)
		say(d, GOOD, "firewall", "no tables are loaded");
	else
		say(d, INFO, "firewall",
		    "tables are loaded: see that UDP port %u may come in (`nft list ruleset`, "
		    "`iptables -S`); ports that weir owns are not filtered",
		    d->udp_port);
}

static void check_clock(struct doctor *d)
{
	struct timex t = {0};
	if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		say(d, FIX, "clock",
		    "it is not synchronized: timestamps of events will be off; run chrony or "
		    "systemd-timesyncd");
	else
		say(d, GOOD, "clock", "synchronized");
}

void doctor_machine(struct doctor *d)
{
	check_hugepages(d);
	check_iommu(d);
	check_vfio(d);
	check_nics(d);
	check_numa(d);
	doctor_layout(d);
	check_isolation(d);
	check_governor(d);
	check_queues(d);
	check_rights(d);
	check_memlock(d);
	check_buffers(d);
	check_port(d);
	check_firewall(d);
	check_clock(d);
}

// The collector -----------------------------------------------------------------------------------

static uint64_t counter(const Weir__Stats *s, const char *name)
{
	for (size_t i = 0; i < s->n_counters && i < s->n_total; i++)
		if (strcmp(s->counters[i]->name, name) == 0)
			return s->total[i];
	return 0;
}

static void check_losses(struct doctor *d, const Weir__Stats *s)
{
	uint64_t lost = 0, received = 0;
	for (size_t i = 0; i < s->n_inputs; i++) {
		const Weir__Input *in = s->inputs[i];
		lost += in->missed + in->no_buffer + in->kernel_drops;
		received += in->received;
	}
	if (lost == 0)
		say(d, GOOD, "losses", "none before the workers");
	else
		say(d, FIX, "losses",
		    "%" PRIu64 " of %" PRIu64 " lost before the workers: more `queues` or "
		    "`workers`, or a larger `rcvbuf`; `weirctl stats` tells where",
		    lost, received + lost);
}

static void check_shedding(struct doctor *d, const Weir__Stats *s)
{
	const uint64_t shed = counter(s, "sample_shed"), all = counter(s, "rx_samples");
	if (shed == 0)
		say(d, GOOD, "load", "the workers keep up: every flow sample is measured");
	else
		say(d, FIX, "load",
		    "the workers fell behind: %" PRIu64 " of %" PRIu64 " samples were stepped over "
		    "and made up for by wider error bars: more `queues` or `workers`, or fewer "
		    "`flows`",
		    shed, all);
}

static void check_agents(struct doctor *d, const Weir__Stats *s)
{
	const uint64_t twice = counter(s, "datagram_duplicate"), all = counter(s, "rx_datagrams");
	if (all == 0)
		say(d, FIX, "agents",
		    "no datagram has come: check the agents' collector address, and the way");
	else if (twice > all / 100)
		say(d, FIX, "agents",
		    "%" PRIu64 " of %" PRIu64 " datagrams came twice: two agents share an address, "
		    "an agent has this collector twice, or the network duplicates",
		    twice, all);
	else
		say(d, GOOD, "agents", "%" PRIu64 " datagrams, %" PRIu64 " of them twice", all,
		    twice);
}

void doctor_collector(struct doctor *d, const Weir__Stats *s)
{
	check_losses(d, s);
	check_shedding(d, s);
	check_agents(d, s);
	const uint64_t no_host = counter(s, "frame_other_host");
	if (no_host > 0)
		say(d, INFO, "addresses",
		    "%" PRIu64 " frames were for other addresses or VLANs than `addresses` has",
		    no_host);
}

// The next Stats of the feed, which come once a second; false when there is no collector.
static bool ask_collector(struct doctor *d, const char *url)
{
	struct err_msg msg;
	struct feed_message m;
	bool found = false;
	struct feed *feed = feed_open(url, NULL, 0, false, &msg);
	if (feed == NULL)
		return false;
	struct pollfd p = {.fd = feed_fd(feed), .events = POLLIN};
	while (!found && poll(&p, 1, LONGEST_WAIT_MS) > 0)
		while (!found && feed_next(feed, &m)) {
			found = m.kind == FEED_STATS;
			if (found)
				doctor_collector(d, m.stats);
			feed_message_free(&m);
		}
	feed_close(feed);
	return found;
}

static int usage(FILE *out)
{
	fprintf(out, "usage: weirctl doctor [OPTION...]\n\n"
		     "What of this machine keeps weir from running well, and what to do: lines of\n"
		     "good, info and fix. Status 0 when there is nothing to do, else 1.\n\n"
		     "  --feed URL   ask this collector too (default: the one on this machine)\n"
		     "  --file-prefix NAME  of the collector, if it has another one than weir: its "
		     "stats\n               socket knows the agents\n"
		     "  --port N     UDP port that agents send to (6343)\n"
		     "  --root DIR   look at the /sys and /proc below DIR\n"
		     "  --help       or -h: print this\n");
	return out == stdout ? 0 : 2;
}

int doctor_main(int argc, char **argv)
{
	static const struct option options[] = {{"feed", required_argument, NULL, 'f'},
						{"file-prefix", required_argument, NULL, 'x'},
						{"port", required_argument, NULL, 'p'},
						{"root", required_argument, NULL, 'r'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct doctor d = {.out = stdout, .root = "", .udp_port = 6343};
	char url[PATHS_SIZE];
	struct err_msg msg;
	const char *feed = NULL, *prefix = "weir";
	char *end = "";
	unsigned long port = d.udp_port;
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (c) {
		case 'f': feed = optarg; break;
		case 'p': port = strtoul(optarg, &end, 10); break;
		case 'x': prefix = optarg; break;
		case 'r': d.root = optarg; break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	if (optind < argc || *end != '\0' || port == 0 || port > UINT16_MAX)
		return usage(stderr);
	d.udp_port = (uint16_t)port;
	doctor_machine(&d);
	if (feed == NULL && paths_find_feed_url(url, sizeof(url), &msg) == 0)
		feed = url;
	if (feed == NULL || !ask_collector(&d, feed))
		say(&d, INFO, "collector", "none is running here: nothing is known of its agents");
	doctor_ask_agents(&d, prefix);
	fprintf(d.out, "%u good, %u to fix\n", d.good, d.fixes);
	return d.fixes > 0;
}
