// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/config_http.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "weir/config/config.h"
#include "weir/config/config_row.h"
#include "weir/config/config_rows.h"

enum {
	HTTP_PORT = 8008, // sFlow-RT's
};

static bool is_listen(const char *text)
{
	struct addr addr;
	uint32_t port;
	return strcmp(text, "off") == 0 || config_parse_endpoint_at(text, HTTP_PORT, &addr, &port);
}

// 127.0.0.0/8 or ::1: nobody else gets there.
static bool is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};
	return a->family == ADDR_IP4 ? a->bytes[0] == 127 : memcmp(a->bytes, one, sizeof(one)) == 0;
}

static bool is_prefix(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!isalpha((unsigned char)*p) && *p != '_' &&
		    (p == text || !isdigit((unsigned char)*p)))
			return false;
	return true;
}

#define HTTP(field) .offset = offsetof(struct config_http, field)

static const struct member http_rows[] = {
	TEXT("listen", HTTP(listen), 1, 255, "127.0.0.1:8008",
	     "where HTTP is answered; `off`: nowhere. `http: ADDRESS:PORT` is short for it",
	     .check = is_listen, .expect = "ADDRESS:PORT, such as 127.0.0.1:8008, or off"),
	TEXT("token_file", HTTP(token_file), 0, 4095, "",
	     "file with the token that every request must bring, 16 bytes or more; others must not "
	     "be able to read it; none: no token"),
	TEXT("certificate", HTTP(certificate), 0, 4095, "",
	     "PEM file: speak TLS with this certificate; none: no TLS"),
	TEXT("key", HTTP(key), 0, 4095, "", "PEM file: the key of the certificate"),
	TEXT("client_ca", HTTP(client_ca), 0, 4095, "",
	     "PEM file: clients need a certificate that one of these has signed"),
	BOOL("insecure", HTTP(insecure), "false",
	     "listen elsewhere than on this host without token and client certificates: everybody "
	     "who gets there may change what is measured"),
	BOOL("readonly", HTTP(readonly), "false", "refuse PUT, POST and DELETE"),
	TEXT("prometheus_prefix", HTTP(prometheus_prefix), 0, 63, "sflow_",
	     "what names of metrics begin with for Prometheus", .check = is_prefix,
	     .expect = "letters, digits and _, no digit first"),
	SECONDS("prometheus_keep", HTTP(prometheus_keep), 1, 86400, "5m",
		"a flow that a scrape has defined is taken away when it was not scraped for so "
		"long"),
	TEXTS("cors", HTTP(cors),
	      "origins whose pages may read answers and change things, `*`: all; none: own pages "
	      "only"),
	TEXTS("hosts", HTTP(hosts),
	      "further names that requests may be addressed to, besides addresses, `localhost` and "
	      "the name of the host; asked for only without token and certificates"),
	COUNT("threads", HTTP(threads), 1, 64, "2", "threads that answer"),
	COUNT("connections", HTTP(connections), 8, 65536, "1024",
	      "connections at once; above three quarters the one idle for the longest is ended for "
	      "a new one"),
	COUNT("per_client", HTTP(per_client), 0, 65536, "0",
	      "connections at once from one address; 0: any number"),
	COUNT("rate", HTTP(rate), 0, 1000000, "10000",
	      "requests a second from one address, and as many at once (IPv6: from a /64); beyond: "
	      "429; 0: any number"),
	COUNT("polls", HTTP(polls), 1, 65536, "256", "requests at once that wait for an event"),
	SECONDS("timeout", HTTP(timeout), 1, 3600, "30s",
		"a connection may be idle for so long, or take so long for headers, body or "
		"answer, "
		"and a second more for each 8 kB; then it is cut"),
	BYTES("max_body", HTTP(max_body), 1024, 0x1p30, "1MiB", "largest body"),
	BYTES("max_table", HTTP(max_table), 1024, 0x1p30, "64MiB",
	      "largest body of a group or map"),
	BYTES("bodies", HTTP(bodies), 0x1p20, 0x1p40, "128MiB", "room for all bodies at once"),
	BYTES("answers", HTTP(answers), 0x1p20, 0x1p40, "256MiB",
	      "room for all answers that are made and not yet taken by their clients; one that is "
	      "made while someone reads, such as `/dump`, counts with some 2 MB; beyond: 503"),
};

const struct schema config_http_members = ROWS(http_rows);

static void set_endpoint(struct config_http *http)
{
	http->on = strcmp(http->listen, "off") != 0;
	if (http->on)
		config_parse_endpoint_at(http->listen, HTTP_PORT, &http->addr, &http->port);
}

int config_http_defaults(struct config *c, struct err_msg *msg)
{
	const struct schema_context ctx = {.arena = &c->arena, .msg = msg};
	const int err = schema_defaults(&ctx, &config_http_members, &c->http);
	set_endpoint(&c->http);
	return err;
}

int config_read_http(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *object)
{
	struct config_http *http = &((struct config *)object)->http;
	int err = 0;
	if (n->kind == NODE_MAP) {
		err = schema_read(ctx, &config_http_members, n, http);
		http->given |= node_get(n, "listen") != NULL;
	} else if (n->text != NULL && is_listen(n->text)) {
		http->listen = n->text;
		http->given = true;
	} else {
		err = schema_refuse(ctx, m, n);
	}
	if (err == 0)
		set_endpoint(http);
	return err;
}

void config_print_http(FILE *f, const void *object, unsigned indent)
{
	const struct config *c = object;
	fputs("\n", f);
	schema_print(f, &config_http_members, &c->http, indent + 2);
}

int config_check_http(const struct config_http *http, struct err_msg *msg)
{
	const bool tls = http->certificate[0] != '\0';
	if (!http->on)
		return 0;
	if (tls != (http->key[0] != '\0'))
		return err_set(msg, ERR_INVALID,
			       "http: expected both certificate and key, or none");
	if (http->client_ca[0] != '\0' && !tls)
		return err_set(msg, ERR_INVALID, "http: client_ca: expected a certificate as well");
	if (http->bodies < http->max_body || http->bodies < http->max_table)
		return err_set(msg, ERR_RANGE,
			       "http: bodies: expected at least max_body and max_table");
	const bool guarded = http->token_file[0] != '\0' || http->client_ca[0] != '\0';
	if (guarded || http->insecure || is_loopback(&http->addr))
		return 0;
	return err_set(msg, ERR_PERMISSION,
		       "http: listen: %s can be reached from elsewhere: expected token_file, "
		       "client_ca, or insecure: true",
		       http->listen);
}
