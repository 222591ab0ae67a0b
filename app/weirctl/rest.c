// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl flow, threshold, group, map, forwarding, tenant, reload, headers: what is measured, over
// HTTP.
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>

#include "commands.h"

enum {
	BODY_MAX = 64 << 20, // what the server takes at most
	TOKEN_MAX = 1024,
	TIMEOUT = 30, // s: a verb waits for the next tick, and for memory
};

static const char default_url[] = "http://127.0.0.1:8008";

struct target {
	const char *url;
	const char *token_file;
	const char *ca, *cert, *key;
};

static int usage(FILE *out, const char *kind)
{
	if (strcmp(kind, "reload") == 0)
		fprintf(out, "usage: weirctl reload [OPTION...]\n"
			     "Has the collector read its configuration again.\n");
	else if (strcmp(kind, "headers") == 0)
		fprintf(out,
			"usage: weirctl headers ID [OPTION...]\n"
			"Writes the sampled headers that made an event to standard output, as a "
			"packet capture.\n");
	else
		fprintf(out,
			"usage: weirctl %s list | show NAME | put NAME BODY | delete NAME "
			"[OPTION...]\n"
			"BODY is as in the configuration, {keys: ipsource, value: bytes}; @FILE "
			"reads "
			"it, - from standard input.\n",
			kind);
	fprintf(out,
		"\n"
		"  --url URL          where the collector listens (%s, or $WEIR_URL)\n"
		"  --token-file FILE  file with the token that it asks for (or $WEIR_TOKEN_FILE)\n"
		"  --ca FILE          certificates that its own must be signed by\n"
		"  --cert FILE        certificate to show\n"
		"  --key FILE         key of that certificate\n"
		"  --help             this text\n",
		default_url);
	return out == stdout ? 0 : 2;
}

// -1 to go on, or the exit status.
static int parse(struct target *t, int argc, char **argv)
{
	static const struct option list[] = {
		{"url", 1, NULL, 'u'},
		{"token-file", 1, NULL, 't'},
		{"ca", 1, NULL, 'a'},
		{"cert", 1, NULL, 'c'},
		{"key", 1, NULL, 'k'},
		{"help", 0, NULL, 'h'},
		{0},
	};
	const char *url = getenv("WEIR_URL");
	*t = (struct target){.url = url != NULL ? url : default_url,
			     .token_file = getenv("WEIR_TOKEN_FILE")};
	for (int key; (key = getopt_long(argc, argv, "", list, NULL)) != -1;) {
		switch (key) {
		case 'u': t->url = optarg; break;
		case 't': t->token_file = optarg; break;
		case 'a': t->ca = optarg; break;
		case 'c': t->cert = optarg; break;
		case 'k': t->key = optarg; break;
		case 'h': return usage(stdout, argv[0]);
		default: return usage(stderr, argv[0]);
		}
	}
	return -1;
}

// All of a file, NUL-terminated; NULL with a message.
static char *read_all(FILE *f, const char *name, size_t max)
{
	size_t len = 0, room = 4096;
	char *text = malloc(room + 1);
	while (f != NULL && text != NULL) {
		len += fread(text + len, 1, room - len, f);
		if (len < room || room > max)
			break;
		room *= 2;
		char *grown = realloc(text, room + 1);
		if (grown == NULL)
			free(text);
		text = grown;
	}
	if (f == NULL || text == NULL || ferror(f) || len > max) {
		fprintf(stderr, "weirctl: %s: cannot be read\n", name);
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static char *read_file(const char *name, size_t max)
{
	FILE *f = fopen(name, "re");
	char *text = read_all(f, name, max);
	if (f != NULL)
		fclose(f);
	return text;
}

static char *read_body(const char *argument)
{
	if (strcmp(argument, "-") == 0)
		return read_all(stdin, "standard input", BODY_MAX);
	return argument[0] == '@' ? read_file(argument + 1, BODY_MAX) : strdup(argument);
}

// What came, as it comes.
struct reply {
	char *text;
	size_t len;
};

static size_t keep(char *data, size_t size, size_t n, void *reply)
{
	struct reply *r = reply;
	char *grown = realloc(r->text, r->len + n + 1);
	if (grown == NULL)
		return 0;
	memcpy(grown + r->len, data, n);
	r->text = grown;
	r->len += n;
	r->text[r->len] = '\0';
	return n;
}

static struct curl_slist *authorization(const struct target *t, bool *ok)
{
	char header[TOKEN_MAX + 64];
	*ok = true;
	if (t->token_file == NULL)
		return NULL;
	char *token = read_file(t->token_file, TOKEN_MAX);
	*ok = token != NULL;
	if (token == NULL)
		return NULL;
	snprintf(header, sizeof(header), "Authorization: Bearer %.*s",
		 (int)strcspn(token, " \t\r\n"), token);
	free(token);
	return curl_slist_append(NULL, header);
}

static void set_options(CURL *curl, const struct target *t, const char *method, const char *body)
{
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	if (t->ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, t->ca);
	if (t->cert != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, t->cert);
	if (t->key != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, t->key);
	if (body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
}

// What the collector did, and thinks was perhaps not meant: `299 weir "..."`.
static void print_warning(CURL *curl)
{
	struct curl_header *header;
	if (curl_easy_header(curl, "Warning", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return;
	const char *quote = strchr(header->value, '"');
	fputs("weirctl: warning: ", stderr);
	for (const char *p = quote != NULL ? quote + 1 : header->value; *p != '\0' && *p != '"';
	     p++) {
		p += *p == '\\' && p[1] != '\0';
		fputc(*p, stderr);
	}
	fputc('\n', stderr);
}

// The status of the answer, or 0 with a message.
static long ask(const struct target *t, const char *method, const char *path, const char *body,
		struct reply *reply)
{
	CURL *curl = curl_easy_init();
	bool ok;
	struct curl_slist *headers = authorization(t, &ok);
	char *url = NULL;
	long status = 0;
	if (curl != NULL && ok && asprintf(&url, "%s%s", t->url, path) >= 0) {
		set_options(curl, t, method, body);
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
		const CURLcode err = curl_easy_perform(curl);
		if (err != CURLE_OK)
			fprintf(stderr, "weirctl: %s: %s\n", t->url, curl_easy_strerror(err));
		else
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		print_warning(curl);
	}
	free(url);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return status;
}

static void print_reply(const struct reply *reply, bool names_only)
{
	json_t *json = json_loadb(reply->text, reply->len, JSON_DECODE_ANY, NULL);
	const char *name;
	json_t *value;
	if (names_only && json_is_object(json)) {
		json_object_foreach(json, name, value) puts(name);
	} else if (json != NULL) {
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
		putchar('\n');
	}
	json_decref(json);
}

// 0, or 1 and what the collector said.
static int conclude(long status, const struct reply *reply, bool names_only)
{
	if (status == 0)
		return 1;
	if (status < 300) {
		if (reply->len > 0)
			print_reply(reply, names_only);
		return 0;
	}
	json_t *json = json_loadb(reply->text != NULL ? reply->text : "", reply->len, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));
	fprintf(stderr, "weirctl: %s (status %ld)\n", error != NULL ? error : "refused", status);
	json_decref(json);
	return 1;
}

// "/flow/NAME/json", the name percent-encoded; NULL when memory is short.
static char *path_of(const char *kind, const char *name)
{
	char *path = NULL;
	char *escaped = name != NULL ? curl_easy_escape(NULL, name, 0) : NULL;
	const int len = name == NULL ? asprintf(&path, "/%s/json", kind)
				     : asprintf(&path, "/%s/%s/json", kind, escaped);
	curl_free(escaped);
	return len >= 0 ? path : NULL;
}

static const struct verb {
	const char *name;
	const char *method;
	int n_arguments;
} verbs[] = {
	{"list", "GET", 0},
	{"show", "GET", 1},
	{"put", "PUT", 2},
	{"delete", "DELETE", 1},
};

static int run_verb(const struct target *t, const char *kind, const struct verb *v, char **argument)
{
	struct reply reply = {0};
	char *path = path_of(kind, v->n_arguments > 0 ? argument[0] : NULL);
	char *body = v->n_arguments == 2 ? read_body(argument[1]) : NULL;
	int status = 1;
	if (path != NULL && (body != NULL || v->n_arguments < 2))
		status = conclude(ask(t, v->method, path, body, &reply), &reply,
				  v->n_arguments == 0);
	free(reply.text);
	free(body);
	free(path);
	return status;
}

int define_main(int argc, char **argv)
{
	struct target t;
	const int status = parse(&t, argc, argv);
	if (status >= 0)
		return status;
	const int left = argc - optind;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (left > 0 && strcmp(argv[optind], verbs[i].name) == 0 &&
		    left - 1 == verbs[i].n_arguments)
			return run_verb(&t, argv[0], &verbs[i], argv + optind + 1);
	return usage(stderr, argv[0]);
}

// As it came: a capture is no text.
static int write_capture(long status, const struct reply *reply)
{
	if (status != 200)
		return conclude(status, reply, false);
	return fwrite(reply->text, 1, reply->len, stdout) == reply->len && fflush(stdout) == 0 ? 0
											       : 1;
}

int headers_main(int argc, char **argv)
{
	struct target t;
	struct reply reply = {0};
	char path[64];
	int status = parse(&t, argc, argv);
	if (status >= 0)
		return status;
	if (optind + 1 != argc || argv[optind][strspn(argv[optind], "0123456789")] != '\0')
		return usage(stderr, argv[0]);
	if (isatty(STDOUT_FILENO)) {
		fprintf(stderr,
			"weirctl: a capture is not for a terminal: weirctl headers %s | "
			"tcpdump -r -\n",
			argv[optind]);
		return 2;
	}
	snprintf(path, sizeof(path), "/weir/events/%.20s/pcap", argv[optind]);
	status = write_capture(ask(&t, "GET", path, NULL, &reply), &reply);
	free(reply.text);
	return status;
}

int reload_main(int argc, char **argv)
{
	struct target t;
	struct reply reply = {0};
	int status = parse(&t, argc, argv);
	if (status >= 0)
		return status;
	if (optind < argc)
		return usage(stderr, argv[0]);
	status = conclude(ask(&t, "POST", "/weir/reload", "", &reply), &reply, false);
	free(reply.text);
	return status;
}
