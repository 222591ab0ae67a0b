// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/feed_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/small_file.h"

#define SCHEME "tls+tcp://"

enum {
	NAME_MAX_LEN = 255, // of a host
};

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

bool feed_tls_wanted(const char *url)
{
	return strncmp(url, SCHEME, strlen(SCHEME)) == 0;
}

static bool is_given(const char *file)
{
	return file != NULL && file[0] != '\0';
}

static int set_own(nng_tls_config *tls, const struct feed_tls *files, struct err_msg *msg)
{
	char *cert = small_file_read(files->cert, false, msg);
	char *key = cert != NULL ? small_file_read(files->key, true, msg) : NULL;
	int err = key != NULL ? nng_tls_config_own_cert(tls, cert, key, NULL) : 0;
	if (err != 0)
		err_set(msg, ERR_INVALID, "%s, %s: expected a certificate and its key in PEM: %s",
			files->cert, files->key, nng_strerror(err));
	if (key != NULL)
		explicit_bzero(key, strlen(key));
	const bool ok = key != NULL && err == 0;
	free(cert);
	free(key);
	return ok ? 0 : ERR_INVALID;
}

static int set_ca(nng_tls_config *tls, const char *file, struct err_msg *msg)
{
	char *ca = small_file_read(file, false, msg);
	const int err = ca != NULL ? nng_tls_config_ca_chain(tls, ca, NULL) : 0;
	if (err != 0)
		err_set(msg, ERR_INVALID, "%s: expected certificates in PEM: %s", file,
			nng_strerror(err));
	const bool ok = ca != NULL && err == 0;
	free(ca);
	return ok ? 0 : ERR_INVALID;
}

// The host of a URL, without port and brackets.
static void host_of(const char *url, char host[NAME_MAX_LEN + 1])
{
	const char *start = url + strlen(SCHEME);
	const bool bracket = *start == '[';
	start += bracket;
	snprintf(host, NAME_MAX_LEN + 1, "%.*s", (int)strcspn(start, bracket ? "]" : ":"), start);
}

static int fill(nng_tls_config *tls, const char *url, bool server, const struct feed_tls *files,
		struct err_msg *msg)
{
	char host[NAME_MAX_LEN + 1];
	int err = 0;
	if (is_given(files->cert) != is_given(files->key))
		return err_set(msg, ERR_INVALID,
			       "%s: expected both a certificate and its key, or none", url);
	if (is_given(files->cert))
		err = set_own(tls, files, msg);
	if (err == 0 && is_given(files->ca))
		err = set_ca(tls, files->ca, msg);
	else if (err == 0 && !server)
		err = set_ca(tls, system_ca, msg);
	if (err != 0)
		return err;
	host_of(url, host);
	const bool peers = !server || is_given(files->ca);
	if (nng_tls_config_auth_mode(tls, peers ? NNG_TLS_AUTH_MODE_REQUIRED
						: NNG_TLS_AUTH_MODE_NONE) != 0 ||
	    (!server && nng_tls_config_server_name(tls, host) != 0))
		return err_set(msg, ERR_MEMORY, "%s: out of memory", url);
	return 0;
}

int feed_tls_config(const char *url, bool server, const struct feed_tls *files,
		    nng_tls_config **out, struct err_msg *msg)
{
	*out = NULL;
	if (!feed_tls_wanted(url))
		return 0;
	if (server && !is_given(files->cert))
		return err_set(msg, ERR_INVALID,
			       "%s: needs feed_certificate and feed_key in the configuration", url);
	if (strcmp(nng_tls_engine_name(), "none") == 0)
		return err_set(msg, ERR_INVALID, "%s: nng was built without TLS on this system",
			       url);
	if (nng_tls_config_alloc(out, server ? NNG_TLS_MODE_SERVER : NNG_TLS_MODE_CLIENT) != 0)
		return err_set(msg, ERR_MEMORY, "%s: out of memory", url);
	const int err = fill(*out, url, server, files, msg);
	if (err != 0) {
		nng_tls_config_free(*out);
		*out = NULL;
	}
	return err;
}
