// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/database.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <maxminddb.h>

#include "base/addr.h"
#include "base/strbuf.h"
#include "program/group.h"
#include "program/map.h"

// An attribute that was read, and of which file.
struct loaded {
	const char *function, *name; // of `attributes`; NULL = free
	dev_t device;
	ino_t inode;
	struct timespec changed;
	struct program_table table;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct loaded kept[DATABASE_TABLES];

static int read_mmdb(const char *path, size_t attribute, struct program_table *out,
		     struct err_msg *msg);
static int read_oui(const char *path, size_t attribute, struct program_table *out,
		    struct err_msg *msg);

static const struct attribute {
	const char *function, *name;
	const char *const *at, *const *otherwise; // where it is in a record of the database
	int (*read)(const char *path, size_t attribute, struct program_table *out,
		    struct err_msg *msg);
} attributes[] = {
	{"country", "code", (const char *const[]){"country", "iso_code", NULL},
	 (const char *const[]){"registered_country", "iso_code", NULL}, read_mmdb},
	{"country", "name", (const char *const[]){"country", "names", "en", NULL},
	 (const char *const[]){"registered_country", "names", "en", NULL}, read_mmdb},
	{"country", "continent", (const char *const[]){"continent", "code", NULL}, NULL, read_mmdb},
	{"asn", "number", (const char *const[]){"autonomous_system_number", NULL}, NULL, read_mmdb},
	{"asn", "descr", (const char *const[]){"autonomous_system_organization", NULL}, NULL,
	 read_mmdb},
	{"asn", "both", (const char *const[]){"autonomous_system_number", NULL},
	 (const char *const[]){"autonomous_system_organization", NULL}, read_mmdb},
	{"oui", "name", NULL, NULL, read_oui},
	{"oui", "number", NULL, NULL, read_oui},
};

enum {
	N_ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0])
};

_Static_assert(N_ATTRIBUTES <= DATABASE_TABLES, "each attribute has its place");

static const char *path_of(const struct database_paths *paths, const char *function)
{
	const char *path = strcmp(function, "country") == 0 ? paths->country
			   : strcmp(function, "asn") == 0   ? paths->asn
			   : strcmp(function, "oui") == 0   ? paths->oui
							    : NULL;
	return path != NULL && path[0] != '\0' ? path : NULL;
}

static void let_go(struct loaded *l)
{
	group_free(l->table.group);
	map_free(l->table.map);
	*l = (struct loaded){0};
}

// The attribute as it is kept, read if it is not or the file is another one.
static int keep(const char *path, size_t i, struct loaded **out, struct err_msg *msg)
{
	struct loaded *l = &kept[i];
	struct stat st;
	if (stat(path, &st) != 0)
		return err_set(msg, ERR_IO, "%s: %s", path, strerror(errno));
	*out = l;
	if (l->function != NULL && l->device == st.st_dev && l->inode == st.st_ino &&
	    memcmp(&l->changed, &st.st_mtim, sizeof(l->changed)) == 0)
		return 0;
	struct program_table table = {0};
	const int err = attributes[i].read(path, i, &table, msg);
	if (err != 0)
		return err;
	let_go(l);
	*l = (struct loaded){.function = attributes[i].function,
			     .name = attributes[i].name,
			     .device = st.st_dev,
			     .inode = st.st_ino,
			     .changed = st.st_mtim,
			     .table = table};
	return 0;
}

static int unknown_attribute(const char *function, const char *name, struct err_msg *msg)
{
	char known[128];
	struct strbuf b = strbuf_of(known, sizeof(known));
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (strcmp(attributes[i].function, function) == 0)
			strbuf_fmt(&b, "%s%s", b.len > 0 ? ", " : "", attributes[i].name);
	return err_set(msg, ERR_UNKNOWN, "unknown \"%s\", expected one of %s", name, known);
}

int database_load(const struct database_paths *paths, const char *function, const char *name,
		  struct program_table *out, struct err_msg *msg)
{
	const char *path = path_of(paths, function);
	if (path == NULL)
		return ERR_UNKNOWN;
	size_t i = 0;
	while (i < N_ATTRIBUTES && (strcmp(attributes[i].function, function) != 0 ||
				    strcmp(attributes[i].name, name) != 0))
		i++;
	if (i == N_ATTRIBUTES)
		return unknown_attribute(function, name, msg);
	struct loaded *l = NULL;
	pthread_mutex_lock(&lock);
	const int err = keep(path, i, &l, msg);
	if (err == 0)
		*out = (struct program_table){.function = l->function,
					      .name = l->name,
					      .group = group_ref(l->table.group),
					      .map = map_ref(l->table.map)};
	pthread_mutex_unlock(&lock);
	return err;
}

void database_clear(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < DATABASE_TABLES; i++)
		let_go(&kept[i]);
	pthread_mutex_unlock(&lock);
}

// A label of at most PROGRAM_LABEL_MAX bytes; false when nothing is left. Bytes of a character that
// is cut are left out.
static bool make_label(char label[PROGRAM_LABEL_MAX + 1], const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len > PROGRAM_LABEL_MAX) {
		len = PROGRAM_LABEL_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(label, text, len);
	label[len] = '\0';
	return len > 0 && memchr(label, '\0', len) == NULL;
}

// MaxMind DB --------------------------------------------------------------------------------------

struct reader {
	MMDB_s db;
	size_t attribute;
	struct group *group;
	uint8_t bits[16]; // the way to the node
	uint64_t n_visited;
	struct err_msg *msg;
};

// One value of a record as text; false where there is none.
static bool read_text(MMDB_entry_s *entry, const char *const *at, struct strbuf *b)
{
	MMDB_entry_data_s data;
	if (at == NULL || MMDB_aget_value(entry, &data, at) != MMDB_SUCCESS || !data.has_data)
		return false;
	if (data.type == MMDB_DATA_TYPE_UTF8_STRING)
		strbuf_bytes(b, data.utf8_string, data.data_size);
	else if (data.type == MMDB_DATA_TYPE_UINT32)
		strbuf_u64(b, data.uint32);
	else if (data.type == MMDB_DATA_TYPE_UINT16)
		strbuf_u64(b, data.uint16);
	else
		return false;
	return b->len > 0;
}

static bool read_label(const struct reader *r, MMDB_entry_s *entry, char label[])
{
	const struct attribute *a = &attributes[r->attribute];
	char text[256];
	struct strbuf b = strbuf_of(text, sizeof(text));
	bool any = read_text(entry, a->at, &b);
	if (strcmp(a->name, "both") == 0) {
		if (any)
			strbuf_char(&b, ' ');
		any |= read_text(entry, a->otherwise, &b);
	} else if (!any) {
		any = read_text(entry, a->otherwise, &b);
	}
	return any && make_label(label, text, b.len);
}

// True when the first @p n bits of the way are 0.
static bool is_zero(const struct reader *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if ((r->bits[i / 8] >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static int add_prefix(struct reader *r, MMDB_entry_s *entry, unsigned depth)
{
	char label[PROGRAM_LABEL_MAX + 1];
	if (!read_label(r, entry, label))
		return 0;
	if (r->db.metadata.ip_version == 4) {
		const struct addr a = addr_ip4(r->bits);
		return group_add(r->group, &a, depth, label, r->msg);
	}
	int err = 0;
	// IPv4 lies below ::/96.
	if (is_zero(r, depth < 96 ? depth : 96)) {
		const struct addr a = addr_ip4(r->bits + 12);
		err = group_add(r->group, &a, depth < 96 ? 0 : depth - 96, label, r->msg);
	}
	if (err == 0 && (depth < 96 || !is_zero(r, 96))) {
		const struct addr a = addr_ip6(r->bits);
		err = group_add(r->group, &a, depth, label, r->msg);
	}
	return err;
}

static int visit(struct reader *r, uint32_t node, unsigned depth);

static int visit_record(struct reader *r, uint64_t record, uint8_t type, MMDB_entry_s *entry,
			unsigned depth)
{
	switch (type) {
	case MMDB_RECORD_TYPE_EMPTY: return 0;
	case MMDB_RECORD_TYPE_DATA: return add_prefix(r, entry, depth);
	case MMDB_RECORD_TYPE_SEARCH_NODE: return visit(r, (uint32_t)record, depth);
	default: return err_set(r->msg, ERR_INVALID, "the search tree is damaged");
	}
}

static int visit(struct reader *r, uint32_t node, unsigned depth)
{
	const unsigned width = r->db.metadata.ip_version == 4 ? 32 : 128;
	MMDB_search_node_s s;
	// Other names of the IPv4 part (2002::/16, ::ffff:0:0/96) would tell all of it again.
	if (width == 128 && node == r->db.ipv4_start_node.node_value && depth > 0 &&
	    !is_zero(r, depth))
		return 0;
	if (depth == width || ++r->n_visited > 2 * (uint64_t)r->db.metadata.node_count ||
	    MMDB_read_node(&r->db, node, &s) != MMDB_SUCCESS)
		return err_set(r->msg, ERR_INVALID, "the search tree is damaged");
	int err =
		visit_record(r, s.left_record, s.left_record_type, &s.left_record_entry, depth + 1);
	if (err != 0)
		return err;
	r->bits[depth / 8] |= (uint8_t)(0x80 >> depth % 8);
	err = visit_record(r, s.right_record, s.right_record_type, &s.right_record_entry,
			   depth + 1);
	r->bits[depth / 8] &= (uint8_t) ~(0x80 >> depth % 8);
	return err;
}

static int read_mmdb(const char *path, size_t attribute, struct program_table *out,
		     struct err_msg *msg)
{
	struct err_msg found = {0};
	struct reader r = {.attribute = attribute, .group = group_create(), .msg = &found};
	const int status = MMDB_open(path, MMDB_MODE_MMAP, &r.db);
	if (status != MMDB_SUCCESS) {
		group_free(r.group);
		return err_set(msg, ERR_IO, "%s: %s", path, MMDB_strerror(status));
	}
	int err = r.group != NULL ? visit(&r, 0, 0) : err_set(&found, ERR_MEMORY, "out of memory");
	if (err == 0)
		err = group_build(r.group, &found);
	MMDB_close(&r.db);
	if (err == 0) {
		out->group = r.group;
		return 0;
	}
	group_free(r.group);
	return err_set(msg, err, "%s: %s", path, found.text);
}

// Makers ------------------------------------------------------------------------------------------

// Six digits, perhaps in pairs with a mark between; returns what follows, or NULL.
static const char *read_digits(const char *p, char digits[7])
{
	for (unsigned n = 0; n < 6; n++) {
		if (n > 0 && n % 2 == 0 && (*p == ':' || *p == '-' || *p == '.'))
			p++;
		if (!isxdigit((unsigned char)*p))
			return NULL;
		digits[n] = (char)toupper((unsigned char)*p++);
	}
	digits[6] = '\0';
	return *p == ' ' || *p == '\t' || *p == ',' ? p : NULL;
}

// "00-00-0C   (hex)\t\tCisco Systems, Inc", "MA-L,00000C,\"Cisco Systems, Inc\",...",
// "00:00:0C\tCisco\tCisco Systems, Inc". Anything else is no entry.
static void add_maker(struct map *m, const char *line, bool number)
{
	char digits[7], label[PROGRAM_LABEL_MAX + 1];
	const bool csv = strncmp(line, "MA-L,", 5) == 0;
	const char *p = read_digits(csv ? line + 5 : line, digits);
	if (p == NULL)
		return;
	p += strspn(p, csv ? "," : " \t");
	if (strncmp(p, "(hex)", 5) == 0)
		p += 5 + strspn(p + 5, " \t");
	if (strncmp(p, "(base 16)", 9) == 0)
		return; // the same again
	const bool quoted = *p == '"';
	p += quoted;
	const size_t len = strcspn(p, quoted ? "\"" : csv ? "," : "\t\r\n");
	if (make_label(label, p, len))
		map_add(m, digits, number ? digits : label, NULL); // the first of two counts
}

static int read_oui(const char *path, size_t attribute, struct program_table *out,
		    struct err_msg *msg)
{
	char line[1024];
	FILE *f = fopen(path, "re");
	struct map *m = map_create();
	if (f == NULL || m == NULL) {
		const int err = f == NULL ? err_set(msg, ERR_IO, "%s: %s", path, strerror(errno))
					  : err_set(msg, ERR_MEMORY, "out of memory");
		if (f != NULL)
			fclose(f);
		map_free(m);
		return err;
	}
	while (fgets(line, sizeof(line), f) != NULL)
		add_maker(m, line, strcmp(attributes[attribute].name, "number") == 0);
	fclose(f);
	if (map_len(m) == 0) {
		map_free(m);
		return err_set(msg, ERR_INVALID,
			       "%s: no makers in it, expected oui.txt, oui.csv or manuf", path);
	}
	out->map = m;
	return 0;
}
