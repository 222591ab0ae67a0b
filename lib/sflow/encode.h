// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Build sFlow version 5 datagrams in memory of the caller: for generators and for tests.
///
///     uint8_t data[1400];
///     struct encoder e = encode_begin(data, sizeof(data), &agent, sub_agent, sequence, uptime);
///     encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &fs);
///     encode_sampled_header(&e, 1, frame_length, 4, header, header_len);
///     encode_sample_end(&e);
///     const size_t len = encode_end(&e); // 0: did not fit
///
/// The twin of base/cursor.h: what does not fit sets `bad`, and all later calls write nothing. A
/// begin without its end, or an end without its begin, is `bad` too. Lengths and counts are filled
/// in by the ends, so that they are always true; a test that wants a lie patches the bytes.
///
/// An encoder is a value that holds offsets: a copy is a mark to go back to. A generator fills a
/// datagram up to its size so:
///
///     const struct encoder mark = e;
///     add_sample(&e);
///     if (e.bad) {
///             e = mark;
///             send(data, encode_end(&e));
///             ...
///
/// Thread-safety: one encoder belongs to one thread. Memory: borrows the caller's bytes; @p size
/// bounds every write. Limits: none but @p size.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "sflow/flow_sample.h"
#include "sflow/sflow.h"

struct encoder {
	uint8_t *data;      ///< caller's memory
	size_t size;        ///< bytes of it
	size_t len;         ///< bytes written
	bool bad;           ///< sticky: something did not fit, or a begin and an end do not pair
	uint32_t n_samples; ///< of the datagram, so far
	uint32_t n_records; ///< of the open sample, so far
	size_t samples_at;  ///< offset of the datagram's count of samples
	size_t sample_at;   ///< offset of the open sample's length; 0: none is open
	size_t records_at;  ///< offset of the open sample's count of records; 0: it has none
	size_t record_at;   ///< offset of the open record's length; 0: none is open
};

/// Start a datagram. An agent of family ADDR_NONE is written as address type 0.
struct encoder encode_begin(uint8_t *data, size_t size, const struct addr *agent,
			    uint32_t sub_agent, uint32_t sequence, uint32_t uptime);
/// Finish it. The bytes of the datagram, or 0 when the encoder is bad.
size_t encode_end(struct encoder *e);

/// @name Samples
/// Each begins a sample that encode_sample_end() closes; records go between.
/// @{

/// Any sample: what is written before its end is its body.
void encode_sample(struct encoder *e, uint32_t tag);
/// A flow sample (0:1), expanded flow sample (0:3) or discarded-packet sample (0:5) as @p tag says;
/// fs->records is not looked at. Port words are split for 0:3; for 0:5 only their values count.
void encode_flow_sample(struct encoder *e, uint32_t tag, const struct flow_sample *fs);
/// A counters sample (0:2) or expanded counters sample (0:4); cs->records is not looked at.
void encode_counters_sample(struct encoder *e, uint32_t tag, const struct counters_sample *cs);
void encode_sample_end(struct encoder *e);
/// @}

/// @name Records
/// @{

/// Begin any record: what is written before encode_record_end() is its body.
void encode_record(struct encoder *e, uint32_t tag);
/// Close it. Its length is what was written; the padding to four bytes does not count.
void encode_record_end(struct encoder *e);
/// A whole record from its body.
void encode_record_bytes(struct encoder *e, uint32_t tag, const void *body, size_t len);

/// Raw packet header (flow record 0:1). @p frame_length counts what was @p stripped; @p protocol
/// is a header_protocol (1 Ethernet, 11 IPv4, 12 IPv6).
void encode_sampled_header(struct encoder *e, uint32_t protocol, uint32_t frame_length,
			   uint32_t stripped, const void *header, size_t len);
/// Flow record 0:2.
void encode_sampled_ethernet(struct encoder *e, uint32_t length, const uint8_t src[6],
			     const uint8_t dst[6], uint32_t type);

/// Flow records 0:3 and 0:4, by the family of the addresses (which must agree).
struct sampled_ip {
	uint32_t length; ///< bytes of the IP packet
	uint32_t protocol;
	struct addr src, dst;
	uint32_t src_port, dst_port;
	uint32_t tcp_flags;
	uint32_t tos; ///< IPv6: priority
};
void encode_sampled_ip(struct encoder *e, const struct sampled_ip *ip);

/// Flow record 0:1001; 0xffffffff where untagged or unknown.
void encode_extended_switch(struct encoder *e, uint32_t src_vlan, uint32_t src_priority,
			    uint32_t dst_vlan, uint32_t dst_priority);
/// Flow record 0:1002.
void encode_extended_router(struct encoder *e, const struct addr *next_hop, uint32_t src_mask_len,
			    uint32_t dst_mask_len);

/// Counter record 0:1; all ones in a counter: unknown.
struct if_counters {
	uint32_t if_index;
	uint32_t if_type;
	uint64_t if_speed;     ///< bits per second
	uint32_t if_direction; ///< 0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out
	uint32_t if_status;    ///< bit 0 admin up, bit 1 oper up
	uint64_t in_octets;
	uint32_t in_ucast, in_multicast, in_broadcast, in_discards, in_errors, in_unknown_protos;
	uint64_t out_octets;
	uint32_t out_ucast, out_multicast, out_broadcast, out_discards, out_errors;
	uint32_t promiscuous_mode;
};
void encode_if_counters(struct encoder *e, const struct if_counters *c);

/// Counter record 0:1005.
void encode_port_name(struct encoder *e, const char *name);

/// Counter record 0:2000.
struct host_descr {
	const char *hostname;
	uint8_t uuid[16];
	uint32_t machine_type;
	uint32_t os_name;
	const char *os_release;
};
void encode_host_descr(struct encoder *e, const struct host_descr *h);
/// @}

/// @name Primitives: XDR (RFC 4506)
/// @{
void encode_u32(struct encoder *e, uint32_t v);
void encode_u64(struct encoder *e, uint64_t v);
void encode_f32(struct encoder *e, float v);
/// As they are: no length, no padding.
void encode_bytes(struct encoder *e, const void *bytes, size_t len);
/// Padded to four bytes, no length.
void encode_padded(struct encoder *e, const void *bytes, size_t len);
/// Length, bytes, padding.
void encode_opaque(struct encoder *e, const void *bytes, size_t len);
/// As encode_opaque(); @p text ends in NUL.
void encode_string(struct encoder *e, const char *text);
/// Type and 0, 4 or 16 bytes.
void encode_addr(struct encoder *e, const struct addr *a);
/// Six bytes and two of padding.
void encode_mac(struct encoder *e, const uint8_t mac[6]);
/// @}
