// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Databases that functions look up: countries, autonomous systems, makers of network cards.
///
///     const struct database_paths paths = {.country = "/var/lib/GeoLite2-Country.mmdb"};
///     err = database_load(&paths, "country", "code", &table, &msg);
///
/// Nothing is shipped. country: and asn: read files in the format of MaxMind DB; oui: the lists of
/// the IEEE (oui.txt, oui.csv) or of Wireshark (manuf). One attribute of a file is read as a whole
/// into a group or a map when a definition first asks for it, and shared by all programs after
/// that; a file that was replaced is read anew when definitions are next compiled.
///
///     country   code (default), name, continent
///     asn       number (default), descr, both: "64500 EXAMPLE-AS"
///     oui       name (default), number: the six digits, where the list knows them
///
/// Labels are cut to PROGRAM_LABEL_MAX bytes, at a whole character.
///
/// Thread-safety: any thread; a mutex guards what was read, and is held while a file is read.
/// Memory: that of the groups and maps. Limits: DATABASE_TABLES attributes are kept at once.

#include "base/error.h"
#include "program/program.h"

/// Attributes that are kept; there are eight.
#define DATABASE_TABLES 8

/// Files; "" or NULL = not configured.
struct database_paths {
	const char *country, *asn, *oui;
};

/// As program_tables.load: 0 and @p out with references of its own; ERR_UNKNOWN without a message
/// when the function has no database, and with one when it lacks the attribute; ERR_IO,
/// ERR_INVALID.
int database_load(const struct database_paths *paths, const char *function, const char *name,
		  struct program_table *out, struct err_msg *msg);

/// Let go of everything that was read.
void database_clear(void);
