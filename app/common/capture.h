// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Read the UDP datagrams of a packet capture: what a socket would have received, with its times.
///
///     struct err_msg msg = {0};
///     struct capture *c = capture_open("sflow.pcap", SFLOW_PORT, &msg);
///     if (c == NULL)
///             die(msg.text);
///     struct datagram d;
///     while (capture_next(c, &d) > 0)
///             ... d.time, d.source, d.payload, d.len ...
///     capture_close(c);
///
/// pcap and pcapng, both byte orders, micro- and nanoseconds; Ethernet with any number of VLAN
/// tags, raw IP, Linux cooked v1 and v2, null and loop; IPv4 with options, IPv6 with extension
/// headers, fragments of both put together again. The payload is the least of what the UDP header,
/// the IP header and the captured bytes allow: Ethernet padding is never taken for data.
///
/// Every frame that yields no datagram is counted under one reason, so that always
///
///     frames = datagrams + the sum of reasons[]
///
/// UDP checksums are not verified: a capture made on the sending host holds frames whose checksum
/// the network card was going to fill in.
///
/// Thread-safety: one capture belongs to one thread. Memory: one frame, and up to 64 kB for each of
/// CAPTURE_FRAGMENT_SETS datagrams that wait for fragments, taken when the first fragment is seen.
/// Limits: a pcapng file whose interfaces differ in link type is refused or ends early (libpcap
/// reads one link type per file), and `cut_short` says so.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

/// Incomplete datagrams kept at a time; the oldest is given up for a new one.
#define CAPTURE_FRAGMENT_SETS 64

/// Why a frame yielded no datagram: constant, name in metrics, description.
#define CAPTURE_REASONS(X)                                                                  \
	X(CAPTURE_NOT_IP, "not_ip", "neither IPv4 nor IPv6")                                \
	X(CAPTURE_NOT_UDP, "not_udp", "IP, but not UDP")                                    \
	X(CAPTURE_OTHER_PORT, "other_port", "UDP to another port")                          \
	X(CAPTURE_BAD_LENGTH, "bad_length", "an IP or UDP length contradicts the headers")  \
	X(CAPTURE_TRUNCATED, "truncated", "captured bytes end inside the headers")          \
	X(CAPTURE_FRAGMENT, "fragment", "held for, or lost with, the rest of its datagram") \
	X(CAPTURE_BAD_FRAGMENT, "bad_fragment", "overlaps another, or is of impossible size")

enum capture_reason {
	CAPTURE_OK = 0,
#define X(constant, name, text) constant,
	CAPTURE_REASONS(X)
#undef X
	CAPTURE_N_REASONS,
};

struct datagram {
	uint64_t time; ///< ns since 1970, of the frame that completed it
	struct addr source;
	struct addr destination;
	uint16_t source_port;
	uint16_t destination_port;
	bool cut;               ///< the UDP header promised more than was captured
	const uint8_t *payload; ///< valid until the next call on the same capture
	size_t len;             ///< bytes of payload
};

/// Counts since capture_open(), over all rounds. Read by the owner of the capture.
struct capture_stats {
	uint64_t frames;
	uint64_t datagrams;
	uint64_t reasons[CAPTURE_N_REASONS]; ///< by enum capture_reason; [CAPTURE_OK] stays 0
	uint64_t reassembled;                ///< datagrams made from fragments, among `datagrams`
	uint64_t cut;                        ///< datagrams shorter than their UDP header says
	bool cut_short;                      ///< the file ended inside a record or is damaged
	char why[256];                       ///< libpcap's words for cut_short, else empty
};

struct capture;

/// Open a file, or standard input for "-". Only datagrams to @p udp_port are delivered; 0 means all
/// ports. NULL and @p msg when the file cannot be read or its link type is not known.
struct capture *capture_open(const char *path, uint16_t udp_port, struct err_msg *msg);
void capture_close(struct capture *c);

/// The next datagram: 1, or 0 at the end, be it clean or cut short.
int capture_next(struct capture *c, struct datagram *d);

/// Begin again at the first frame; statistics continue, waiting fragments are dropped. 0, or
/// ERR_INVALID when the input is a pipe, or ERR_IO when the file cannot be read any more.
int capture_rewind(struct capture *c, struct err_msg *msg);

const struct capture_stats *capture_stats(const struct capture *c);

/// The name of a reason ("other_port"), for metrics and logs; "ok" for CAPTURE_OK.
const char *capture_reason_name(enum capture_reason reason);
/// What a reason means, in a few words.
const char *capture_reason_text(enum capture_reason reason);
