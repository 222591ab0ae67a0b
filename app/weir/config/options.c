// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "weir/config/config_plan.h"
#include "weir/config/config_rows.h"
#include "weir/config/schema_value.h"

// Measured when nobody says what: the heaviest conversations.
static const char builtin_flows[] =
	"flows:\n"
	"  pair: {keys: 'ipsource,ipdestination', value: bytes, n: 20}\n"
	"  pair6: {keys: 'ip6source,ip6destination', value: bytes, n: 20}\n";

enum {
	ENV_SIZE = 64,
	FIRST_FLAG = 256, // what getopt returns for flags[0], beyond any character
	MAX_SECONDS = 30 * 86400,
};

struct reading {
	struct options *options;
	struct config *config;
	struct err_msg *msg;
	bool has_inputs;        // this layer named one: those of the layers below are gone
	const char *feed;       // URLs of this layer, with commas between
	const char *sflow_file; // -Dsflow.file
	const char *sflow_port; // -Dsflow.port
};

// One flag. Inputs are made in a first pass over all layers and changed in a second one, so that
// the order of flags does not matter.
struct flag {
	const char *name;
	const char *value; // what its value is called; NULL = it has none
	const char *help;
	int (*apply)(struct reading *r, const char *origin, const char *text); // or `member`
	const char *member; // of the configuration
	const char *fixed;  // value for `member` where the flag has none
	bool late;          // second pass
	bool env;           // WEIR_NAME does the same
};

// A flag or variable with its value.
struct given {
	const struct flag *flag;
	const char *origin; // "--tick", "WEIR_TICK"
	const char *text;   // NULL when the flag has no value
};

struct layer {
	struct given *at;
	size_t n;
};

static int out_of_memory(struct err_msg *msg)
{
	return err_set(msg, ERR_MEMORY, "out of memory");
}

// Flags to actions --------------------------------------------------------------------------------

static int add_input(struct reading *r, enum config_input_kind kind, const char *origin,
		     const char *name)
{
	if (!r->has_inputs)
		r->config->n_inputs = 0;
	r->has_inputs = true;
	return config_add_input(r->config, kind, origin, name, r->msg);
}

static int add_pcap(struct reading *r, const char *origin, const char *text)
{
	return add_input(r, CONFIG_PCAP, origin, text);
}

static int add_socket(struct reading *r, const char *origin, const char *text)
{
	return add_input(r, CONFIG_SOCKET, origin, text);
}

static int add_port(struct reading *r, const char *origin, const char *text)
{
	return add_input(r, CONFIG_PORT, origin, text);
}

// Set @p member of every input of a kind; returns how many there are, or a negative enum err.
static int set_inputs(struct reading *r, enum config_input_kind kind, const char *member,
		      const char *origin, const char *text)
{
	int n = 0;
	for (size_t i = 0; i < r->config->n_inputs; i++) {
		struct config_input *in = &r->config->inputs[i];
		if (in->kind != kind)
			continue;
		const int err = config_set_input(r->config, in, member, origin, text, r->msg);
		if (err != 0)
			return err;
		n++;
	}
	return n;
}

static int set_pcaps(struct reading *r, const char *member, const char *origin, const char *text)
{
	const int n = set_inputs(r, CONFIG_PCAP, member, origin, text);
	if (n == 0)
		return err_set(r->msg, ERR_INVALID, "%s: there is no pcap among the inputs",
			       origin);
	return n < 0 ? n : 0;
}

static int set_speed(struct reading *r, const char *origin, const char *text)
{
	return set_pcaps(r, "speed", origin, text);
}

static int set_loop(struct reading *r, const char *origin, const char *text)
{
	return set_pcaps(r, "loop", origin, text != NULL ? text : "true");
}

static int set_workers(struct reading *r, const char *origin, const char *text)
{
	const int n_sockets = set_inputs(r, CONFIG_SOCKET, "workers", origin, text);
	const int n_ports =
		n_sockets < 0 ? n_sockets : set_inputs(r, CONFIG_PORT, "queues", origin, text);
	if (n_ports < 0)
		return n_ports;
	if (n_sockets + n_ports == 0)
		return err_set(r->msg, ERR_INVALID,
			       "%s: there is no socket and no port among the inputs", origin);
	return 0;
}

static int add_feed(struct reading *r, const char *origin, const char *text)
{
	const char *before = r->feed != NULL ? r->feed : "";
	const size_t size = strlen(before) + strlen(text) + 2;
	char *joined = arena_alloc(&r->config->arena, size);
	if (joined == NULL)
		return out_of_memory(r->msg);
	struct strbuf b = strbuf_of(joined, size);
	strbuf_fmt(&b, "%s%s%s", before, *before != '\0' ? "," : "", text);
	r->feed = joined;
	return config_set(r->config, "feed", origin, joined, r->msg);
}

// "NAME=VALUE" to its two halves.
static int split_pair(struct reading *r, const char *origin, const char *text, const char *expected,
		      const char **name, const char **value)
{
	const char *equals = strchr(text, '=');
	*name = *value = NULL;
	if (equals == NULL || equals == text)
		return err_set(r->msg, ERR_INVALID, "%s: got \"%s\", expected %s", origin, text,
			       expected);
	*name = arena_strndup(&r->config->arena, text, (size_t)(equals - text));
	*value = equals + 1;
	return *name != NULL ? 0 : out_of_memory(r->msg);
}

static int add_flow(struct reading *r, const char *origin, const char *text)
{
	const char *name, *body;
	const int err = split_pair(r, origin, text,
				   "NAME={...}, such as pair={keys:\"ipsource\",value:\"bytes\"}",
				   &name, &body);
	return err == 0 ? config_set_flow(r->config, origin, name, body, r->msg) : err;
}

static int set_member(struct reading *r, const char *origin, const char *text)
{
	const char *name, *value;
	const int err =
		split_pair(r, origin, text, "MEMBER=VALUE, such as entries=65536", &name, &value);
	if (err != 0)
		return err;
	char where[ENV_SIZE];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "%s %s", origin, name);
	return config_set(r->config, name, where, value, r->msg);
}

static int set_seconds(struct reading *r, const char *origin, const char *text)
{
	double v;
	if (value_number(text, UNITS_SECONDS, &v) != 0 || v <= 0 || v > MAX_SECONDS)
		return err_set(r->msg, ERR_INVALID, "%s: got \"%s\", expected a duration up to 30d",
			       origin, text);
	r->options->seconds = v;
	return 0;
}

static int set_action(struct reading *r, const char *origin, const char *text)
{
	if (strcmp(origin, "--check") == 0)
		r->options->action = OPTIONS_CHECK;
	return 0; // the others were looked for before anything was read
}

// sFlow-RT's properties that have a counterpart. The rest is refused by name, not ignored.
static int set_property(struct reading *r, const char *origin, const char *text)
{
	const char *name, *value;
	const int err =
		split_pair(r, origin, text, "NAME=VALUE, such as sflow.port=6343", &name, &value);
	if (err != 0)
		return err;
	if (strcmp(name, "sflow.file") == 0)
		r->sflow_file = value;
	else if (strcmp(name, "sflow.port") == 0)
		r->sflow_port = value;
	else
		return err_set(r->msg, ERR_UNKNOWN,
			       "-D%s: not a property of weir; sflow.port and sflow.file are, the "
			       "rest is in its configuration",
			       name);
	return 0;
}

// A file takes the place of the live port, whose number then is that of the captured datagrams.
static int add_sflow_rt_input(struct reading *r)
{
	if (r->sflow_file != NULL) {
		const int err = add_input(r, CONFIG_PCAP, "-Dsflow.file", r->sflow_file);
		if (err != 0 || r->sflow_port == NULL)
			return err;
		return set_pcaps(r, "udp_port", "-Dsflow.port", r->sflow_port);
	}
	if (r->sflow_port == NULL)
		return 0;
	char endpoint[ENV_SIZE];
	struct strbuf b = strbuf_of(endpoint, sizeof(endpoint));
	strbuf_fmt(&b, "[::]:%s", r->sflow_port);
	return add_input(r, CONFIG_SOCKET, "-Dsflow.port", endpoint);
}

#define VALUE(name_, value_, help_, ...)                                   \
	{                                                                  \
		.name = name_, .value = value_, .help = help_, __VA_ARGS__ \
	}
#define PLAIN(name_, help_, ...)                          \
	{                                                 \
		.name = name_, .help = help_, __VA_ARGS__ \
	}

static const struct flag flags[] = {
	VALUE("config", "FILE", "read this configuration", .apply = set_action, .env = true),
	PLAIN("check", "only say whether the configuration is valid: exit 0 or 2",
	      .apply = set_action),
	VALUE("pcap", "FILE", "play a capture as it was sent", .apply = add_pcap, .env = true),
	VALUE("speed", "X|max", "play captures X times as fast, or as fast as possible",
	      .apply = set_speed, .late = true, .env = true),
	PLAIN("loop", "begin captures again at their end", .apply = set_loop, .late = true,
	      .env = true),
	VALUE("socket", "ADDRESS:PORT", "receive on a UDP socket, such as [::]:6343",
	      .apply = add_socket, .env = true),
	VALUE("port", "DEVICE", "receive on a DPDK port: PCI address or vdev", .apply = add_port,
	      .env = true),
	VALUE("workers", "N", "workers of each socket, queues of each port", .apply = set_workers,
	      .late = true, .env = true),
	VALUE("feed", "URL", "publish here: ipc:///PATH, tcp://HOST:PORT; repeatable",
	      .apply = add_feed),
	VALUE("flow", "NAME=SPEC",
	      "measure this too; SPEC is JSON: {keys:\"ipsource\",value:\"bytes\"}",
	      .apply = add_flow),
	VALUE("tick", "T", "interval between two looks at the counts, such as 100ms",
	      .member = "tick"),
	PLAIN("no-huge", "do without hugepages", .member = "hugepages", .fixed = "false"),
	VALUE("user", "NAME", "started as root: be NAME for good once all is open",
	      .member = "user"),
	VALUE("set", "MEMBER=VALUE", "set any other member of the configuration",
	      .apply = set_member),
	VALUE("seconds", "N", "end after so long", .apply = set_seconds, .env = true),
	VALUE("define", "NAME=VALUE", "or -D: sflow.port or sflow.file, as for sFlow-RT",
	      .apply = set_property),
	PLAIN("version", "print the version", .apply = set_action),
	PLAIN("help", "or -h: print this", .apply = set_action),
};

#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))

static const struct flag *find_flag(const char *name)
{
	for (size_t i = 0; i < N_FLAGS; i++)
		if (strcmp(flags[i].name, name) == 0)
			return &flags[i];
	return NULL;
}

static const char *flag_name(const void *ctx, size_t i)
{
	return flags[i].name;
}

// Layers ------------------------------------------------------------------------------------------

static int apply_given(struct reading *r, const struct given *g)
{
	const struct flag *f = g->flag;
	if (f->apply != NULL)
		return f->apply(r, g->origin, g->text);
	return config_set(r->config, f->member, g->origin, g->text != NULL ? g->text : f->fixed,
			  r->msg);
}

static int apply_layer(struct reading *r, const struct layer *layer, bool late)
{
	r->has_inputs = false;
	r->feed = NULL;
	for (size_t i = 0; i < layer->n; i++) {
		if (layer->at[i].flag->late != late)
			continue;
		const int err = apply_given(r, &layer->at[i]);
		if (err != 0)
			return err;
	}
	return late ? 0 : add_sflow_rt_input(r);
}

// "no-huge" -> WEIR_NO_HUGE.
static const char *env_of(const char *name, char out[ENV_SIZE])
{
	struct strbuf b = strbuf_of(out, ENV_SIZE);
	strbuf_str(&b, "WEIR_");
	for (; *name != '\0'; name++)
		strbuf_char(&b, *name == '-' ? '_' : (char)toupper((unsigned char)*name));
	const char *value = getenv(out);
	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *copy_text(struct reading *r, const char *text)
{
	return arena_strndup(&r->config->arena, text, strlen(text));
}

static int read_env(struct reading *r, struct layer *layer)
{
	layer->at = arena_array(&r->config->arena, N_FLAGS, sizeof(*layer->at));
	if (layer->at == NULL)
		return out_of_memory(r->msg);
	for (size_t i = 0; i < N_FLAGS; i++) {
		char name[ENV_SIZE];
		const char *value = flags[i].env ? env_of(flags[i].name, name) : NULL;
		if (value == NULL)
			continue;
		const char *origin = copy_text(r, name);
		if (origin == NULL)
			return out_of_memory(r->msg);
		layer->at[layer->n++] =
			(struct given){.flag = &flags[i], .origin = origin, .text = value};
	}
	return 0;
}

// Every member at the top that a text can hold: WEIR_ENTRIES=65536.
static int apply_env_members(struct reading *r)
{
	for (size_t i = 0; i < config_top.n; i++) {
		const struct member *m = &config_top.at[i];
		char name[ENV_SIZE];
		const char *value = m->type != MEMBER_OTHER ? env_of(m->name, name) : NULL;
		const int err =
			value != NULL ? config_set(r->config, m->name, name, value, r->msg) : 0;
		if (err != 0)
			return err;
	}
	return 0;
}

// The command line --------------------------------------------------------------------------------

static int refuse_flag(struct reading *r, const char *text)
{
	const char *near = NULL;
	if (strncmp(text, "--", 2) == 0)
		near = schema_suggest(text + 2, N_FLAGS, flag_name, NULL);
	return err_set(r->msg, ERR_UNKNOWN, "%s: unknown flag%s%s%s", text,
		       near != NULL ? ", did you mean --" : ", see --help",
		       near != NULL ? near : "", near != NULL ? "?" : "");
}

static int add_given(struct reading *r, struct layer *layer, int c)
{
	if (c == 1)
		return err_set(r->msg, ERR_INVALID,
			       "\"%s\" is not a flag; arguments for EAL go behind --", optarg);
	const struct flag *f = c == 'h'   ? find_flag("help")
			       : c == 'D' ? find_flag("define")
					  : &flags[c - FIRST_FLAG];
	const size_t size = strlen(f->name) + 3;
	char *origin = arena_alloc(&r->config->arena, size);
	if (origin == NULL)
		return out_of_memory(r->msg);
	struct strbuf b = strbuf_of(origin, size);
	strbuf_fmt(&b, "--%s", f->name);
	layer->at[layer->n++] = (struct given){.flag = f, .origin = origin, .text = optarg};
	return 0;
}

static int read_flags(struct reading *r, int argc, char **argv, struct layer *layer)
{
	struct option longs[N_FLAGS + 1] = {0};
	for (size_t i = 0; i < N_FLAGS; i++)
		longs[i] = (struct option){
			.name = flags[i].name,
			.has_arg = flags[i].value != NULL ? required_argument : no_argument,
			.val = FIRST_FLAG + (int)i,
		};
	layer->at = arena_array(&r->config->arena, (size_t)argc, sizeof(*layer->at));
	if (layer->at == NULL)
		return out_of_memory(r->msg);
	optind = 0; // glibc: begin anew
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "-:hD:", longs, NULL)) != -1;) {
		if (c == '?')
			return refuse_flag(r, argv[optind - 1]);
		if (c == ':')
			return err_set(r->msg, ERR_INVALID, "%s: expected a value, got none",
				       argv[optind - 1]);
		const int err = add_given(r, layer, c);
		if (err != 0)
			return err;
	}
	return 0;
}

// What stands behind "--" goes to EAL, behind what the file says.
static int add_eal(struct reading *r, int argc, char **argv)
{
	struct config *c = r->config;
	const size_t n_more = (size_t)(argc - optind);
	const char **at = arena_array(&c->arena, c->eal.n + n_more, sizeof(*at));
	if (at == NULL)
		return out_of_memory(r->msg);
	if (c->eal.n > 0)
		memcpy(at, c->eal.at, c->eal.n * sizeof(*at));
	for (size_t i = 0; i < n_more; i++)
		at[c->eal.n++] = argv[optind + (int)i];
	c->eal.at = at;
	return 0;
}

static const char *find_given(const struct layer *layer, const char *name)
{
	for (size_t i = layer->n; i-- > 0;)
		if (strcmp(layer->at[i].flag->name, name) == 0)
			return layer->at[i].text != NULL ? layer->at[i].text : "";
	return NULL;
}

static int apply_layers(struct reading *r, const struct layer *env, const struct layer *line)
{
	int err = apply_env_members(r);
	if (err == 0)
		err = apply_layer(r, env, false);
	if (err == 0)
		err = apply_layer(r, line, false);
	if (err == 0)
		err = apply_layer(r, env, true);
	return err == 0 ? apply_layer(r, line, true) : err;
}

static int read_file(struct reading *r, const struct layer *env, const struct layer *line)
{
	const char *path = find_given(line, "config");
	if (path == NULL)
		path = find_given(env, "config");
	r->options->config_path = path;
	return path != NULL ? config_read(r->config, path, r->msg) : 0;
}

static int complete(struct reading *r)
{
	struct config *c = r->config;
	if (r->options->config_path == NULL && c->n_inputs == 0)
		return err_set(r->msg, ERR_INVALID,
			       "nothing to do: give --config FILE, or an input: --pcap FILE, "
			       "--socket ADDRESS:PORT, or --port DEVICE (see --help)");
	if (r->options->config_path == NULL && c->n_flows == 0) {
		const int err = config_read_text(c, "built-in", builtin_flows, r->msg);
		if (err != 0)
			return err;
	}
	return config_finish(c, r->msg);
}

int options_read(int argc, char **argv, struct options *o, struct config *c, struct err_msg *msg)
{
	struct reading r = {.options = o, .config = c, .msg = msg};
	struct layer env = {0}, line = {0};
	*o = (struct options){.action = OPTIONS_RUN};
	int err = config_init(c, msg);
	if (err == 0)
		err = read_flags(&r, argc, argv, &line);
	if (err != 0)
		return err;
	if (find_given(&line, "help") != NULL || find_given(&line, "version") != NULL) {
		o->action = find_given(&line, "help") != NULL ? OPTIONS_HELP : OPTIONS_VERSION;
		return 0;
	}
	err = read_env(&r, &env);
	if (err == 0)
		err = read_file(&r, &env, &line);
	if (err == 0)
		err = apply_layers(&r, &env, &line);
	if (err == 0)
		err = add_eal(&r, argc, argv);
	return err == 0 ? complete(&r) : err;
}

// Of what is valid, and perhaps not meant.
static void warn(const struct config *c)
{
	struct err_msg msg;
	struct program *p = config_compile(c, &msg);
	for (uint32_t i = 0; p != NULL && i < p->n_def; i++)
		if (config_awaits(&p->def[i], &msg))
			fprintf(stderr, "weir: warning: %s\n", msg.text);
	program_free(p);
}

int options_start(int argc, char **argv, struct options *o, struct config *c)
{
	struct err_msg msg = {0};
	int status = -1;
	if (options_read(argc, argv, o, c, &msg) != 0) {
		fprintf(stderr, "weir: %s\n", msg.text);
		status = OPTIONS_EXIT_INVALID;
	} else if (o->action == OPTIONS_HELP) {
		options_usage(stdout);
		status = EXIT_SUCCESS;
	} else if (o->action == OPTIONS_VERSION) {
		printf("weir %s\n", WEIR_VERSION);
		status = EXIT_SUCCESS;
	} else if (o->action == OPTIONS_CHECK) {
		warn(c);
		printf("%s: valid\n", o->config_path != NULL ? o->config_path : "command line");
		status = EXIT_SUCCESS;
	}
	if (status >= 0)
		config_free(c);
	return status;
}

void options_usage(FILE *f)
{
	fputs("usage: weir [FLAG]... [-- EAL-ARGUMENT...]\n\n"
	      "Collects sFlow and publishes the largest flows and events as they happen.\n\n",
	      f);
	for (size_t i = 0; i < N_FLAGS; i++)
		fprintf(f, "  --%s%s%-*s %s\n", flags[i].name, flags[i].value != NULL ? " " : "",
			(int)(24 - strlen(flags[i].name) - (flags[i].value != NULL)),
			flags[i].value != NULL ? flags[i].value : "", flags[i].help);
	fputs("\nWEIR_NAME in the environment sets the member NAME of the configuration, and does\n"
	      "what --name does for",
	      f);
	for (size_t i = 0; i < N_FLAGS; i++)
		if (flags[i].env)
			fprintf(f, " %s", flags[i].name);
	fputs(".\nFlags come before the environment, that before the file, that before defaults.\n",
	      f);
}
