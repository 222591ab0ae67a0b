// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "common/capture.h"

// A capture under construction: bytes in a buffer, then a temporary file.
struct bytes {
	uint8_t data[1 << 18];
	size_t len;
	bool big; // byte order of the file, not of the packets
};

static struct bytes file, frame;

static void put(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put8(struct bytes *b, unsigned v)
{
	put(b, &(uint8_t){(uint8_t)v}, 1);
}

static void be16(struct bytes *b, unsigned v)
{
	put8(b, v >> 8);
	put8(b, v);
}

static void be32(struct bytes *b, uint32_t v)
{
	be16(b, v >> 16);
	be16(b, v & 0xffff);
}

static void zeros(struct bytes *b, size_t n)
{
	while (n-- > 0)
		put8(b, 0);
}

static void file16(unsigned v)
{
	put8(&file, file.big ? v >> 8 : v);
	put8(&file, file.big ? v : v >> 8);
}

static void file32(uint32_t v)
{
	file16(file.big ? v >> 16 : v & 0xffff);
	file16(file.big ? v & 0xffff : v >> 16);
}

static void pcap_begin(bool big, bool nano, uint32_t link_type)
{
	file.len = 0;
	file.big = big;
	file32(nano ? 0xa1b23c4d : 0xa1b2c3d4);
	file16(2);
	file16(4);
	file32(0);
	file32(0);
	file32(262144);
	file32(link_type);
}

// Frame `frame`, of which all but the last @p missing bytes were captured.
static void pcap_frame(uint32_t sec, uint32_t fraction, size_t missing)
{
	file32(sec);
	file32(fraction);
	file32((uint32_t)(frame.len - missing));
	file32((uint32_t)frame.len);
	put(&file, frame.data, frame.len - missing);
}

static void pcapng_begin(bool big, unsigned link_type, unsigned resolution)
{
	file.len = 0;
	file.big = big;
	file32(0x0a0d0d0a);
	file32(28);
	file32(0x1a2b3c4d);
	file16(1);
	file16(0);
	file32(0xffffffff);
	file32(0xffffffff);
	file32(28);
	file32(1); // interface description
	file32(32);
	file16(link_type);
	file16(0);
	file32(262144);
	file16(9); // if_tsresol
	file16(1);
	put8(&file, resolution);
	zeros(&file, 3);
	file32(0);
	file32(32);
}

static void pcapng_frame(uint64_t ticks)
{
	const uint32_t padded = (uint32_t)(frame.len + 3) & ~3u;
	file32(6); // enhanced packet
	file32(32 + padded);
	file32(0);
	file32((uint32_t)(ticks >> 32));
	file32((uint32_t)ticks);
	file32((uint32_t)frame.len);
	file32((uint32_t)frame.len);
	put(&file, frame.data, frame.len);
	zeros(&file, padded - frame.len);
	file32(32 + padded);
}

static void ethernet(unsigned type)
{
	frame.len = 0;
	zeros(&frame, 12);
	be16(&frame, type);
}

static void ip4(unsigned total_len, unsigned fragment_word, unsigned protocol, unsigned n_options)
{
	put8(&frame, 0x45 + n_options);
	put8(&frame, 0);
	be16(&frame, total_len);
	be16(&frame, 77); // identification
	be16(&frame, fragment_word);
	put8(&frame, 64);
	put8(&frame, protocol);
	be16(&frame, 0);
	put(&frame, (uint8_t[]){192, 0, 2, 1, 198, 51, 100, 7}, 8);
	zeros(&frame, n_options * 4);
}

static void ip6(unsigned payload_len, unsigned next)
{
	be32(&frame, 0x60000000);
	be16(&frame, payload_len);
	put8(&frame, next);
	put8(&frame, 64);
	put(&frame, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}, 16);
	put(&frame, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 2}, 16);
}

static void udp(unsigned port, unsigned len)
{
	be16(&frame, 40000);
	be16(&frame, port);
	be16(&frame, len);
	be16(&frame, 0);
}

static void udp4(unsigned port, const char *text)
{
	const unsigned len = (unsigned)strlen(text);
	ip4(28 + len, 0, 17, 0);
	udp(port, 8 + len);
	put(&frame, text, len);
}

static void udp6(const char *text)
{
	const unsigned len = (unsigned)strlen(text);
	ip6(8 + len, 17);
	udp(6343, 8 + len);
	put(&frame, text, len);
}

static struct capture *open_bytes(uint16_t port, struct err_msg *msg)
{
	char path[] = "/tmp/weir-capture-XXXXXX";
	const int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	close(fd);
	struct capture *c = capture_open(path, port, msg);
	unlink(path);
	return c;
}

static struct capture *open_good(uint16_t port)
{
	struct err_msg msg = {0};
	struct capture *c = open_bytes(port, &msg);
	assert_string_equal(msg.text, "");
	assert_non_null(c);
	return c;
}

static void expect_text(struct capture *c, const char *text)
{
	struct datagram d;
	assert_int_equal(capture_next(c, &d), 1);
	assert_int_equal(d.len, strlen(text));
	assert_memory_equal(d.payload, text, d.len);
}

static void expect_end(struct capture *c)
{
	struct datagram d;
	assert_int_equal(capture_next(c, &d), 0);
	const struct capture_stats *s = capture_stats(c);
	uint64_t sum = s->datagrams;
	for (int i = 0; i < CAPTURE_N_REASONS; i++)
		sum += s->reasons[i];
	assert_int_equal(sum, s->frames);
}

// The one frame in `frame`, as Ethernet, must be counted under @p reason.
static void expect_reason(enum capture_reason reason, size_t missing)
{
	pcap_begin(false, false, 1);
	pcap_frame(1, 0, missing);
	struct capture *c = open_good(6343);
	expect_end(c);
	assert_int_equal(capture_stats(c)->frames, 1);
	if (capture_stats(c)->reasons[reason] != 1)
		fail_msg("not counted as %s", capture_reason_name(reason));
	capture_close(c);
}

static void times_and_byte_orders(void **state)
{
	for (int i = 0; i < 4; i++) {
		const bool big = i & 1, nano = i & 2;
		ethernet(0x0800);
		udp4(6343, "hello");
		pcap_begin(big, nano, 1);
		pcap_frame(1700000000, nano ? 123456789 : 123456, 0);
		struct capture *c = open_good(6343);
		struct datagram d;
		assert_int_equal(capture_next(c, &d), 1);
		assert_true(d.time == 1700000000000000000u + (nano ? 123456789u : 123456000u));
		char text[ADDR_TEXT_SIZE];
		assert_string_equal(addr_text(&d.source, text), "192.0.2.1");
		assert_string_equal(addr_text(&d.destination, text), "198.51.100.7");
		assert_int_equal(d.source_port, 40000);
		assert_int_equal(d.destination_port, 6343);
		assert_false(d.cut);
		assert_int_equal(d.len, 5);
		assert_memory_equal(d.payload, "hello", 5);
		expect_end(c);
		assert_false(capture_stats(c)->cut_short);
		capture_close(c);
	}
}

static void pcapng_is_read(void **state)
{
	for (int i = 0; i < 4; i++) {
		const bool big = i & 1, nano = i & 2;
		ethernet(0x86dd);
		udp6("six");
		pcapng_begin(big, 1, nano ? 9 : 6);
		pcapng_frame(nano ? 1700000000123456789u : 1700000000123456u);
		struct capture *c = open_good(0);
		struct datagram d;
		assert_int_equal(capture_next(c, &d), 1);
		assert_true(d.time == 1700000000123456000u + (nano ? 789 : 0));
		char text[ADDR_TEXT_SIZE];
		assert_string_equal(addr_text(&d.source, text), "2001:DB8::1");
		assert_int_equal(d.len, 3);
		expect_end(c);
		capture_close(c);
	}
}

static void link_header(unsigned link_type, unsigned type)
{
	frame.len = 0;
	switch (link_type) {
	case 0: put(&frame, (uint8_t[]){type == 0x0800 ? 2 : 30, 0, 0, 0}, 4); break;
	case 108: be32(&frame, type == 0x0800 ? 2 : 24); break;
	case 113:
		zeros(&frame, 14);
		be16(&frame, type);
		break;
	case 276:
		be16(&frame, type);
		zeros(&frame, 18);
		break;
	default: break;
	}
}

static void link_types(void **state)
{
	static const unsigned links[] = {0, 101, 108, 113, 228, 229, 276};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		pcap_begin(i % 2, false, links[i]);
		if (links[i] != 229) {
			link_header(links[i], 0x0800);
			udp4(6343, "four");
			pcap_frame(1, 0, 0);
		}
		if (links[i] != 228) {
			link_header(links[i], 0x86dd);
			udp6("six");
			pcap_frame(1, 0, 0);
		}
		struct capture *c = open_good(6343);
		if (links[i] != 229)
			expect_text(c, "four");
		if (links[i] != 228)
			expect_text(c, "six");
		expect_end(c);
		capture_close(c);
	}
}

static void vlan_tags_are_stepped_over(void **state)
{
	pcap_begin(false, false, 1);
	ethernet(0x8100);
	be16(&frame, 100);
	be16(&frame, 0x0800);
	udp4(6343, "vlan");
	pcap_frame(1, 0, 0);
	ethernet(0x88a8);
	be16(&frame, 7);
	be16(&frame, 0x8100);
	be16(&frame, 8);
	be16(&frame, 0x86dd);
	udp6("qinq");
	pcap_frame(2, 0, 0);
	struct capture *c = open_good(6343);
	expect_text(c, "vlan");
	expect_text(c, "qinq");
	expect_end(c);
	capture_close(c);
}

static void payload_is_the_least_of_three_lengths(void **state)
{
	pcap_begin(false, false, 1);
	ethernet(0x0800); // UDP says less than IP; the frame is padded besides
	ip4(20 + 8 + 20, 0, 17, 0);
	udp(6343, 8 + 4);
	put(&frame, "udp!++++++++++++++++padding", 27);
	pcap_frame(1, 0, 0);
	ethernet(0x0800); // IP says less than UDP
	ip4(24 + 8 + 2, 0, 17, 1);
	udp(6343, 8 + 9);
	put(&frame, "ip+++++++", 9);
	pcap_frame(1, 0, 0);
	ethernet(0x0800); // captured less than both
	udp4(6343, "snap1234");
	pcap_frame(1, 0, 4);
	struct capture *c = open_good(6343);
	expect_text(c, "udp!");
	assert_int_equal(capture_stats(c)->cut, 0);
	expect_text(c, "ip");
	expect_text(c, "snap");
	expect_end(c);
	assert_int_equal(capture_stats(c)->cut, 2);
	capture_close(c);
}

static void ipv6_extension_headers_are_stepped_over(void **state)
{
	pcap_begin(false, false, 1);
	ethernet(0x86dd);
	ip6(8 + 16 + 12 + 8 + 8 + 3, 0);
	put(&frame, (uint8_t[8]){60}, 8);          // hop by hop
	put(&frame, (uint8_t[16]){51, 1}, 16);     // destination options
	put(&frame, (uint8_t[12]){44, 1}, 12);     // authentication
	put(&frame, (uint8_t[8]){17, 0, 0, 0}, 8); // an atomic fragment
	udp(6343, 11);
	put(&frame, "ext", 3);
	pcap_frame(1, 0, 0);
	struct capture *c = open_good(6343);
	expect_text(c, "ext");
	expect_end(c);
	capture_close(c);
}

static void what_yields_nothing_is_counted(void **state)
{
	ethernet(0x0806);
	zeros(&frame, 28);
	expect_reason(CAPTURE_NOT_IP, 0);
	ethernet(0x0800);
	ip6(0, 17);
	expect_reason(CAPTURE_NOT_IP, 0);
	ethernet(0x0800);
	ip4(40, 0, 6, 0);
	zeros(&frame, 20);
	expect_reason(CAPTURE_NOT_UDP, 0);
	ethernet(0x0800);
	udp4(53, "dns");
	expect_reason(CAPTURE_OTHER_PORT, 0);
	ethernet(0x8100);
	expect_reason(CAPTURE_TRUNCATED, 0);
	ethernet(0x0800);
	udp4(6343, "");
	expect_reason(CAPTURE_TRUNCATED, 1);
	ethernet(0x0800);
	udp4(6343, "");
	expect_reason(CAPTURE_TRUNCATED, 9);
	ethernet(0x86dd);
	ip6(100, 0);
	expect_reason(CAPTURE_TRUNCATED, 0);
}

static void bad_lengths_are_counted(void **state)
{
	for (unsigned len = 0; len < 8; len++) {
		ethernet(0x0800);
		ip4(28, 0, 17, 0);
		udp(6343, len);
		expect_reason(CAPTURE_BAD_LENGTH, 0);
	}
	ethernet(0x0800);
	ip4(19, 0, 17, 0);
	udp(6343, 8);
	expect_reason(CAPTURE_BAD_LENGTH, 0);
	ethernet(0x0800);
	ip4(27, 0, 17, 0);
	udp(6343, 8);
	expect_reason(CAPTURE_BAD_LENGTH, 0);
	ethernet(0x0800);
	udp4(6343, "");
	frame.data[14] = 0x44; // header of 16 bytes
	expect_reason(CAPTURE_BAD_LENGTH, 0);
	ethernet(0x86dd);
	ip6(4, 0);
	zeros(&frame, 8);
	expect_reason(CAPTURE_BAD_LENGTH, 0);
}

// A fragment of an IPv4 packet whose payload is the UDP header and 'a' to 'z'.
static void fragment4(uint32_t sec, unsigned offset, unsigned len, bool more)
{
	static struct bytes whole;
	whole.len = 0;
	be16(&whole, 40000);
	be16(&whole, 6343);
	be16(&whole, 8 + 26);
	be16(&whole, 0);
	for (int i = 0; i < 26; i++)
		put8(&whole, 'a' + i);
	ethernet(0x0800);
	ip4(20 + len, (more ? 0x2000 : 0) + offset / 8, 17, 0);
	put(&frame, whole.data + offset, len);
	zeros(&frame, 20); // Ethernet padding is no part of a fragment
	pcap_frame(sec, 0, 0);
}

static void fragments_in_any_order(void **state)
{
	static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	pcap_begin(false, false, 1);
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 3; j++) {
			const unsigned part = orders[i][j];
			fragment4(1, part * 16, part == 2 ? 2 : 16, part != 2);
			if (j == 0)
				fragment4(1, part * 16, part == 2 ? 2 : 16, part != 2); // twice
		}
	}
	struct capture *c = open_good(6343);
	for (int i = 0; i < 6; i++)
		expect_text(c, "abcdefghijklmnopqrstuvwxyz");
	expect_end(c);
	assert_int_equal(capture_stats(c)->reassembled, 6);
	assert_int_equal(capture_stats(c)->reasons[CAPTURE_FRAGMENT], 18);
	capture_close(c);
}

static void impossible_fragments_are_counted(void **state)
{
	pcap_begin(false, false, 1);
	fragment4(1, 0, 16, true);
	fragment4(1, 8, 16, true); // overlaps: both are lost
	fragment4(1, 16, 18, false);
	fragment4(1, 24, 8, true); // a part of what has come: a duplicate
	fragment4(1, 32, 8, true); // goes on beyond the known end
	fragment4(1, 0, 12, true); // not a multiple of eight, not the last
	struct capture *c = open_good(6343);
	expect_end(c);
	assert_int_equal(capture_stats(c)->frames, 6);
	assert_int_equal(capture_stats(c)->reasons[CAPTURE_BAD_FRAGMENT], 3);
	capture_close(c);

	pcap_begin(false, false, 1);
	ethernet(0x0800);
	ip4(20 + 16, 0x1fff, 17, 0); // ends beyond 64 kB
	zeros(&frame, 16);
	pcap_frame(1, 0, 0);
	c = open_good(6343);
	expect_end(c);
	assert_int_equal(capture_stats(c)->reasons[CAPTURE_BAD_FRAGMENT], 1);
	capture_close(c);
}

static void old_fragments_are_given_up(void **state)
{
	pcap_begin(false, false, 1);
	fragment4(1, 0, 16, true);
	fragment4(40, 16, 18, false);
	struct capture *c = open_good(6343);
	expect_end(c);
	assert_int_equal(capture_stats(c)->reasons[CAPTURE_FRAGMENT], 2);
	capture_close(c);
}

// More packets in pieces than sets: the newest ones survive.
static void fragment_memory_is_bounded(void **state)
{
	const unsigned n = CAPTURE_FRAGMENT_SETS * 3;
	pcap_begin(false, false, 1);
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < n; i++) {
			ethernet(0x0800);
			ip4(20 + 8, pass == 0 ? 0x2000 : 1, 17, 0);
			frame.data[26 + 3] = (uint8_t)i; // source address
			if (pass == 0)
				udp(6343, 16);
			else
				put(&frame, "datagram", 8);
			pcap_frame(1, i, 0);
		}
	}
	struct capture *c = open_good(6343);
	struct datagram d;
	unsigned got = 0;
	while (capture_next(c, &d) > 0)
		got++;
	assert_in_range(got, 1, CAPTURE_FRAGMENT_SETS);
	expect_end(c);
	capture_close(c);
}

static void fragments_of_ipv6(void **state)
{
	pcap_begin(false, false, 1);
	for (int i = 0; i < 2; i++) {
		ethernet(0x86dd);
		ip6(8 + (i == 0 ? 16 : 3), 44);
		put(&frame, (uint8_t[]){60, 0, 0, i == 0 ? 1 : 16, 0, 0, 0, 9}, 8);
		if (i == 0) {
			put(&frame, (uint8_t[8]){17}, 8); // destination options, in fragment one
			udp(6343, 8 + 3);
		} else {
			put(&frame, "six", 3);
		}
		pcap_frame(1, 0, 0);
	}
	struct capture *c = open_good(6343);
	expect_text(c, "six");
	expect_end(c);
	assert_int_equal(capture_stats(c)->reassembled, 1);
	capture_close(c);
}

static void a_truncated_file_ends_cleanly(void **state)
{
	ethernet(0x0800);
	udp4(6343, "hello");
	pcap_begin(false, false, 1);
	pcap_frame(1, 0, 0);
	const size_t one = file.len;
	pcap_frame(2, 0, 0);
	const size_t two = file.len;
	for (size_t len = one; len <= two; len++) {
		file.len = len;
		struct capture *c = open_good(6343);
		expect_text(c, "hello");
		if (len == two)
			expect_text(c, "hello");
		expect_end(c);
		assert_int_equal(capture_stats(c)->cut_short, len != one && len != two);
		assert_int_equal(capture_stats(c)->why[0] != 0, capture_stats(c)->cut_short);
		capture_close(c);
	}
}

static void rewind_begins_again(void **state)
{
	char path[] = "/tmp/weir-capture-XXXXXX";
	ethernet(0x0800);
	udp4(6343, "again");
	pcap_begin(false, false, 1);
	pcap_frame(1, 0, 0);
	const int fd = mkstemp(path);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	close(fd);
	struct err_msg msg = {0};
	struct capture *c = capture_open(path, 0, &msg);
	for (int i = 0; i < 3; i++) {
		expect_text(c, "again");
		expect_end(c);
		assert_int_equal(capture_rewind(c, &msg), 0);
	}
	assert_int_equal(capture_stats(c)->frames, 3);
	unlink(path);
	assert_int_equal(capture_rewind(c, &msg), ERR_IO);
	expect_text(c, "again"); // a failed rewind changes nothing
	capture_close(c);
}

static void messages_name_the_file(void **state)
{
	struct err_msg msg = {0};
	assert_null(capture_open("/nowhere/x.pcap", 0, &msg));
	assert_string_equal(msg.text, "/nowhere/x.pcap: No such file or directory");
	file.len = 0;
	put(&file, "this is not a capture, really not one", 37);
	assert_null(open_bytes(0, &msg));
	assert_non_null(strstr(msg.text, "expected an uncompressed pcap or pcapng"));
	pcap_begin(false, false, 147);
	assert_null(open_bytes(0, &msg));
	assert_non_null(strstr(msg.text, "link type 147"));
	capture_close(NULL);
}

// Read a whole capture with all ports; returns the frames, checks that the sum closes.
static uint64_t read_all(const char *path, uint64_t *n_datagrams)
{
	struct err_msg msg = {0};
	struct capture *c = capture_open(path, 0, &msg);
	if (c == NULL)
		fail_msg("%s", msg.text);
	struct datagram d;
	while (capture_next(c, &d) > 0)
		assert_true(d.len <= 65535 && d.time != 0);
	expect_end(c);
	assert_false(capture_stats(c)->cut_short);
	const uint64_t frames = capture_stats(c)->frames;
	*n_datagrams = capture_stats(c)->datagrams;
	capture_close(c);
	return frames;
}

// The captures of other projects: MANIFEST.md has a heading "### NAME.pcap" for each, and a line
// "- sha256 ..., N bytes, F frames, S sFlow datagrams" below most.
static void captures_hold_what_their_manifest_says(void **state)
{
	const char *shared = getenv("WEIR_SHARED");
	char path[4096], line[4096], name[256] = "";
	snprintf(path, sizeof(path), "%s/captures/MANIFEST.md", shared != NULL ? shared : "");
	FILE *manifest = fopen(path, "r");
	if (manifest == NULL)
		skip();
	unsigned n_read = 0;
	while (fgets(line, sizeof(line), manifest) != NULL) {
		unsigned frames;
		uint64_t n_datagrams;
		if (sscanf(line, "### %255s", name) == 1) {
			snprintf(path, sizeof(path), "%s/captures/%s", shared, name);
			assert_true(read_all(path, &n_datagrams) > 0);
		} else if (sscanf(line, "- sha256 %*[^,], %*u bytes, %u frames", &frames) == 1) {
			assert_int_equal(read_all(path, &n_datagrams), frames);
			assert_int_equal(n_datagrams, frames);
			n_read++;
		}
	}
	fclose(manifest);
	assert_in_range(n_read, 20, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_and_byte_orders),
		cmocka_unit_test(pcapng_is_read),
		cmocka_unit_test(link_types),
		cmocka_unit_test(vlan_tags_are_stepped_over),
		cmocka_unit_test(payload_is_the_least_of_three_lengths),
		cmocka_unit_test(ipv6_extension_headers_are_stepped_over),
		cmocka_unit_test(what_yields_nothing_is_counted),
		cmocka_unit_test(bad_lengths_are_counted),
		cmocka_unit_test(fragments_in_any_order),
		cmocka_unit_test(impossible_fragments_are_counted),
		cmocka_unit_test(old_fragments_are_given_up),
		cmocka_unit_test(fragment_memory_is_bounded),
		cmocka_unit_test(fragments_of_ipv6),
		cmocka_unit_test(a_truncated_file_ends_cleanly),
		cmocka_unit_test(rewind_begins_again),
		cmocka_unit_test(messages_name_the_file),
		cmocka_unit_test(captures_hold_what_their_manifest_says),
	};
	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
