// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Databases that functions look up, made here; names that come late, by a resolver of our own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "program/group.h"
#include "program/map.h"
#include "weir/config/database.h"
#include "weir/config/resolver.h"

// A writer of MaxMind DB files, https://maxmind.github.io/MaxMind-DB/: 32-bit records.
struct mmdb {
	uint32_t child[512][2]; // 0 = empty; below TAIL: a node; else data
	uint32_t n_nodes;
	uint8_t data[2048];
	size_t len;
};

#define TAIL 0x10000u

static void put(struct mmdb *m, const void *bytes, size_t n)
{
	memcpy(m->data + m->len, bytes, n);
	m->len += n;
}

static void put_control(struct mmdb *m, unsigned type, size_t size)
{
	const uint8_t head = (uint8_t)((type < 8 ? type << 5 : 0) | (size < 29 ? size : 29));
	put(m, &head, 1);
	if (type >= 8)
		put(m, &(uint8_t){(uint8_t)(type - 7)}, 1);
	if (size >= 29)
		put(m, &(uint8_t){(uint8_t)(size - 29)}, 1);
}

static void put_text(struct mmdb *m, const char *text)
{
	put_control(m, 2, strlen(text));
	put(m, text, strlen(text));
}

static void put_number(struct mmdb *m, const char *key, unsigned type, uint32_t v)
{
	const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			      (uint8_t)v};
	const size_t size = type == 5 ? 2 : 4;
	put_text(m, key);
	put_control(m, type, size);
	put(m, b + 4 - size, size);
}

// The record of a prefix is what was put at @p data.
static void insert(struct mmdb *m, const uint8_t *bytes, unsigned bits, size_t data)
{
	uint32_t node = 0;
	for (unsigned i = 0; i < bits; i++) {
		uint32_t *child = &m->child[node][bytes[i / 8] >> (7 - i % 8) & 1];
		if (i + 1 == bits) {
			*child = TAIL + (uint32_t)data;
			return;
		}
		if (*child == 0)
			*child = m->n_nodes++;
		node = *child;
	}
}

static void write_u32(FILE *f, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		fputc((int)(v >> shift & 255), f);
}

static void mmdb_write(struct mmdb *m, const char *path)
{
	FILE *f = fopen(path, "w");
	for (uint32_t i = 0; i < m->n_nodes; i++)
		for (int k = 0; k < 2; k++)
			write_u32(f, m->child[i][k] == 0 ? m->n_nodes
				     : m->child[i][k] < TAIL
					     ? m->child[i][k]
					     : m->child[i][k] - TAIL + m->n_nodes + 16);
	fwrite((const uint8_t[16]){0}, 1, 16, f);
	fwrite(m->data, 1, m->len, f);
	fputs("\xab\xcd\xefMaxMind.com", f);
	m->len = 0;
	put_control(m, 7, 9);
	put_number(m, "binary_format_major_version", 5, 2);
	put_number(m, "binary_format_minor_version", 5, 0);
	put_number(m, "build_epoch", 9, 1700000000);
	put_text(m, "database_type");
	put_text(m, "Test");
	put_text(m, "description");
	put_control(m, 7, 0);
	put_number(m, "ip_version", 5, 6);
	put_text(m, "languages");
	put_control(m, 11, 0);
	put_number(m, "node_count", 6, m->n_nodes);
	put_number(m, "record_size", 5, 32);
	fwrite(m->data, 1, m->len, f);
	fclose(f);
}

static size_t country_record(struct mmdb *m, const char *code, const char *name)
{
	const size_t at = m->len;
	put_control(m, 7, 1);
	put_text(m, "country");
	put_control(m, 7, 2);
	put_text(m, "iso_code");
	put_text(m, code);
	put_text(m, "names");
	put_control(m, 7, 1);
	put_text(m, "en");
	put_text(m, name);
	return at;
}

static size_t asn_record(struct mmdb *m, uint32_t number, const char *descr)
{
	const size_t at = m->len;
	put_control(m, 7, 2);
	put_number(m, "autonomous_system_number", 6, number);
	put_text(m, "autonomous_system_organization");
	put_text(m, descr);
	return at;
}

static const uint8_t ten[16] = {[12] = 10};                   // ::10.0.0.0
static const uint8_t doc6[16] = {0x20, 0x01, 0x0d, 0xb8};     // 2001:db8::
static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff}; // ::ffff:0:0
static char directory[] = "/tmp/weir-database-XXXXXX";
static char country_path[64], asn_path[64], oui_path[64];
static struct database_paths paths = {country_path, asn_path, oui_path};

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(country_path, sizeof(country_path), "%s/c.mmdb", directory);
	snprintf(asn_path, sizeof(asn_path), "%s/a.mmdb", directory);
	snprintf(oui_path, sizeof(oui_path), "%s/oui.txt", directory);
	struct mmdb *m = calloc(1, sizeof(*m));
	m->n_nodes = 1;
	insert(m, ten, 104, country_record(m, "NZ", "New Zealand"));
	insert(m, doc6, 32, country_record(m, "IS", "Iceland"));
	// ::ffff:0:0/96 leads to the IPv4 part, as in real files.
	uint32_t node = 0;
	for (unsigned i = 0; i < 96; i++)
		node = m->child[node][0];
	insert(m, mapped, 96, 0);
	uint32_t last = 0;
	for (unsigned i = 0; i < 95; i++)
		last = m->child[last][mapped[i / 8] >> (7 - i % 8) & 1];
	m->child[last][1] = node;
	mmdb_write(m, country_path);
	memset(m, 0, sizeof(*m));
	m->n_nodes = 1;
	insert(m, ten, 104,
	       asn_record(m, 64500, "A network with a name that is longer than a label may be"));
	mmdb_write(m, asn_path);
	free(m);
	FILE *f = fopen(oui_path, "w");
	fputs("OUI/MA-L                                                    Organization\n\n"
	      "66-77-88   (hex)\t\tAcme, Inc\r\n667788     (base 16)\t\tAcme, Inc\r\n"
	      "\t\t\t\tSome Street\r\n00:00:0C\tCisco\tCisco Systems, Inc\n"
	      "MA-L,001122,\"Beta, Ltd\",\"Street, 1\"\n# 0011223 no\n",
	      f);
	fclose(f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	database_clear();
	unlink(country_path);
	unlink(asn_path);
	unlink(oui_path);
	return rmdir(directory);
}

static const char *look_up(const char *function, const char *name, const char *address)
{
	static char label[64];
	struct program_table t = {0};
	struct err_msg msg = {0};
	struct addr a;
	if (database_load(&paths, function, name, &t, &msg) != 0)
		fail_msg("%s", msg.text);
	const char *found = NULL;
	if (t.group != NULL && addr_parse(address, &a) == 0)
		found = group_find(t.group, (enum addr_family)a.family, a.bytes);
	else if (t.map != NULL)
		found = map_find(t.map, address, strlen(address));
	snprintf(label, sizeof(label), "%s", found != NULL ? found : "-");
	group_free(t.group);
	map_free(t.map);
	return label;
}

static void databases_tell_of_addresses(void **state)
{
	(void)state;
	assert_string_equal(look_up("country", "code", "10.1.2.3"), "NZ");
	assert_string_equal(look_up("country", "name", "10.1.2.3"), "New Zealand");
	assert_string_equal(look_up("country", "code", "11.1.2.3"), "-");
	assert_string_equal(look_up("country", "code", "2001:db8::7"), "IS");
	assert_string_equal(look_up("country", "code", "2001:db9::7"), "-");
	assert_string_equal(look_up("country", "code", "::ffff:10.1.2.3"), "-");
	assert_string_equal(look_up("country", "continent", "10.1.2.3"), "-");
	assert_string_equal(look_up("asn", "number", "10.1.2.3"), "64500");
	assert_string_equal(look_up("asn", "descr", "10.1.2.3"),
			    "A network with a name that is longer than a labe");
	assert_string_equal(look_up("asn", "both", "10.1.2.3"),
			    "64500 A network with a name that is longer than ");
	assert_string_equal(look_up("oui", "name", "667788"), "Acme, Inc");
	assert_string_equal(look_up("oui", "name", "00000C"), "Cisco");
	assert_string_equal(look_up("oui", "name", "001122"), "Beta, Ltd");
	assert_string_equal(look_up("oui", "number", "001122"), "001122");
	assert_string_equal(look_up("oui", "name", "001123"), "-");
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	struct program_table t;
	struct err_msg msg = {0};
	assert_int_equal(database_load(&(struct database_paths){0}, "country", "code", &t, &msg),
			 ERR_UNKNOWN);
	assert_string_equal(msg.text, "");
	assert_int_equal(database_load(&paths, "country", "cod", &t, &msg), ERR_UNKNOWN);
	assert_string_equal(msg.text, "unknown \"cod\", expected one of code, name, continent");
	const struct database_paths swapped = {.country = oui_path, .oui = country_path};
	assert_int_equal(database_load(&swapped, "country", "code", &t, &msg), ERR_IO);
	assert_non_null(strstr(msg.text, oui_path));
	assert_int_equal(database_load(&swapped, "oui", "name", &t, &msg), ERR_INVALID);
	assert_non_null(strstr(msg.text, "no makers in it"));
	const struct database_paths gone = {.asn = "/nowhere/a.mmdb"};
	assert_int_equal(database_load(&gone, "asn", "both", &t, &msg), ERR_IO);
	assert_string_equal(msg.text, "/nowhere/a.mmdb: No such file or directory");
}

// Bytes that were overwritten anywhere in the file: refused or read, never a crash.
static void damaged_files_do_no_harm(void **state)
{
	(void)state;
	uint8_t whole[16384];
	FILE *f = fopen(country_path, "r");
	const size_t n = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	char path[80];
	snprintf(path, sizeof(path), "%s/damaged", directory);
	for (size_t at = 0; at < n; at += 13) {
		f = fopen(path, "w");
		fwrite(whole, 1, at, f);
		fputc(whole[at] ^ 0xff, f);
		fwrite(whole + at + 1, 1, n - at - 1, f);
		fclose(f);
		const struct database_paths damaged = {.country = path};
		struct program_table t = {0};
		if (database_load(&damaged, "country", "code", &t, NULL) == 0)
			group_free(t.group);
	}
	unlink(path);
}

static bool answer(const struct addr *addr, char *name)
{
	strcpy(name, "host.example");
	return addr->bytes[3] == 1;
}

static const char *name_of(uint8_t last)
{
	static char text[64];
	const struct program_resolver *r = resolver_program();
	const struct addr a = addr_ip4((const uint8_t[]){10, 0, 0, last});
	struct strbuf b = strbuf_of(text, sizeof(text));
	return r->name(r->ctx, &a, &b) ? text : NULL;
}

static void names_are_looked_up_meanwhile(void **state)
{
	(void)state;
	assert_null(name_of(1)); // not started: there are none
	assert_int_equal(resolver_start(answer, NULL), 0);
	const time_t deadline = time(NULL) + 10;
	while (name_of(1) == NULL && time(NULL) < deadline)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_string_equal(name_of(1), "host.example");
	for (int i = 0; i < 1000; i++) // far more than the queue holds
		assert_null(name_of((uint8_t)(2 + i % 250)));
	assert_string_equal(name_of(1), "host.example");
	resolver_stop();
	assert_null(name_of(1));
	resolver_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(databases_tell_of_addresses),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(names_are_looked_up_meanwhile),
	};
	return cmocka_run_group_tests_name("database", tests, set_up, tear_down);
}
