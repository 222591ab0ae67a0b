// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Who may ask for what: token, certificates of clients, pages of other origins, read-only mode.
#include "weir/http/http_server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "common/small_file.h"

enum {
	TOKEN_MIN = 16, // bytes: below that it can be guessed
	TOKEN_MAX = 1024,
};

static char *read_file(const char *member, const char *path, bool secret, struct err_msg *msg)
{
	char *text = small_file_read(path, secret, msg);
	if (text == NULL) {
		err_prefix(msg, member);
		err_prefix(msg, "http");
	}
	return text;
}

static int read_token(struct http *h, struct err_msg *msg)
{
	h->token = read_file("token_file", h->set->token_file, true, msg);
	if (h->token == NULL)
		return ERR_IO;
	const size_t len = strcspn(h->token, " \t\r\n");
	h->token[len] = '\0';
	if (len >= TOKEN_MIN && len <= TOKEN_MAX)
		return 0;
	return err_set(msg, ERR_INVALID,
		       "http: token_file: %s: got %zu bytes, expected one line of %d to %d",
		       h->set->token_file, len, TOKEN_MIN, TOKEN_MAX);
}

int http_guard_open(struct http *h, struct err_msg *msg)
{
	const struct config_http *set = h->set;
	if (gethostname(h->host, sizeof(h->host) - 1) != 0)
		h->host[0] = '\0';
	if (set->token_file[0] != '\0' && read_token(h, msg) != 0)
		return ERR_IO;
	if (set->certificate[0] == '\0')
		return 0;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return err_set(msg, ERR_INVALID,
			       "http: certificate: this libmicrohttpd is built without TLS");
	h->cert = read_file("certificate", set->certificate, false, msg);
	h->key = h->cert != NULL ? read_file("key", set->key, true, msg) : NULL;
	if (h->key == NULL)
		return ERR_IO;
	if (set->client_ca[0] == '\0')
		return 0;
	h->ca = read_file("client_ca", set->client_ca, false, msg);
	return h->ca != NULL ? 0 : ERR_IO;
}

static void forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void http_guard_close(struct http *h)
{
	forget(h->token);
	forget(h->key);
	free(h->cert);
	free(h->ca);
}

static const char *header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

// As long for a wrong token as for a right one.
static bool is_token(const struct http *h, const char *text)
{
	const size_t len = strlen(h->token), size = strlen(text);
	unsigned differ = len != size;
	for (size_t i = 0; i < size; i++)
		differ |= (unsigned char)text[i] ^ (unsigned char)h->token[i % len];
	return differ == 0;
}

// "Bearer TOKEN", or HTTP's Basic with the token as the password, which browsers and curl know.
static bool has_token(const struct request *r)
{
	const char *text = header(r, MHD_HTTP_HEADER_AUTHORIZATION);
	char *password = NULL;
	if (text != NULL && strncasecmp(text, "Bearer ", 7) == 0)
		return is_token(r->http, text + 7 + strspn(text + 7, " "));
	char *user = MHD_basic_auth_get_username_password(r->connection, &password);
	const bool is = password != NULL && is_token(r->http, password);
	MHD_free(user);
	MHD_free(password);
	return is;
}

static bool has_certificate(const struct request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status;
	return info != NULL && info->tls_session != NULL &&
	       gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}

static bool in_list(const struct text_list *list, const char *text)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], text) == 0 || strcmp(list->at[i], "*") == 0)
			return true;
	return false;
}

// The name in a Host header, without its port.
static size_t host_length(const char *host)
{
	return host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
}

static bool is_name(const char *host, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(host, name, len) == 0;
}

// A name that leads here by right. Any page may point a name of its own at 127.0.0.1 and so become
// of one origin with us (DNS rebinding); it cannot do so with an address.
static bool is_own_name(const struct http *h, const char *host)
{
	const size_t len = host_length(host);
	char name[ADDR_TEXT_SIZE];
	struct addr addr;
	if (host[0] == '[' || is_name(host, len, "localhost") || is_name(host, len, h->host))
		return true;
	for (uint32_t i = 0; i < h->set->hosts.n; i++)
		if (is_name(host, len, h->set->hosts.at[i]))
			return true;
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	return addr_parse(name, &addr) == 0;
}

// True when the page that asks came from here, or is on the list, or no page asks at all. A browser
// names no origin for an image or a link of a page, but says whether that is of another site.
static bool is_own_origin(const struct request *r)
{
	const char *origin = header(r, MHD_HTTP_HEADER_ORIGIN);
	const char *site = header(r, "Sec-Fetch-Site");
	const char *host = header(r, MHD_HTTP_HEADER_HOST);
	const char *mine = origin != NULL ? strstr(origin, "://") : NULL;
	if (in_list(&r->http->set->cors, origin != NULL ? origin : ""))
		return true;
	if (origin == NULL)
		return site == NULL || strcmp(site, "same-origin") == 0 ||
		       strcmp(site, "none") == 0; // typed by a person
	return mine != NULL && host != NULL && strcmp(mine + 3, host) == 0;
}

unsigned http_guard(struct request *r)
{
	const struct http *h = r->http;
	const char *host = header(r, MHD_HTTP_HEADER_HOST);
	struct http_answer *a = &r->answer;
	const bool open = (r->row->flags & HTTP_OPEN) != 0;
	const bool changes = r->view.method != HTTP_GET || (r->row->flags & HTTP_CHANGES) != 0;
	if (h->ca != NULL && !has_certificate(r))
		http_answer_error(a, 403, "expected a certificate that client_ca has signed");
	else if (h->token != NULL && !open && !has_token(r)) {
		http_answer_header(a, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
				   "Bearer realm=\"weir\", Basic realm=\"weir\"");
		http_answer_error(a, 401, "expected the token, as \"Authorization: Bearer TOKEN\"");
	} else if (h->token == NULL && h->ca == NULL && !h->set->insecure && host != NULL &&
		   !is_own_name(h, host))
		http_answer_error(a, 403,
				  "host: got \"%s\", expected an address, this host, or one of "
				  "http.hosts",
				  host);
	else if (changes && !is_own_origin(r))
		http_answer_error(a, 403, "a page of another origin may not change anything");
	else if (r->view.method != HTTP_GET && h->set->readonly)
		http_answer_error(a, 403, "read-only: http.readonly is set");
	return a->response != NULL ? a->status : 0;
}

// The origin that a page may be of to read the answer, or NULL.
static const char *allowed_origin(const struct request *r)
{
	const struct text_list *cors = &r->http->set->cors;
	const char *origin = header(r, MHD_HTTP_HEADER_ORIGIN);
	for (uint32_t i = 0; i < cors->n; i++)
		if (strcmp(cors->at[i], "*") == 0)
			return "*";
	return origin != NULL && in_list(cors, origin) ? origin : NULL;
}

void http_preflight(struct request *r, unsigned methods)
{
	struct http_answer *a = &r->answer;
	if (allowed_origin(r) != NULL) {
		http_answer_header(a, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS,
				   (methods & ~HTTP_GET) != 0 ? "GET, PUT, POST, DELETE" : "GET");
		http_answer_header(a, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS,
				   "Authorization, Content-Type");
		http_answer_header(a, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE, "600");
	}
	http_answer_empty(a, 204);
}

void http_guard_headers(const struct request *r, struct MHD_Response *response)
{
	const char *origin = allowed_origin(r);
	if (origin != NULL) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN,
					origin);
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ORIGIN);
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "X-Frame-Options", "DENY");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'self'; frame-ancestors 'none'");
}
