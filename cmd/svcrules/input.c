/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"
#include "command.h"
#include "files.h"
#include "footprint.h"
#include "kernel/host.h"
#include "say.h"
#include "stream.h"
#include "svcrules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

struct reading {
	struct svcrules_model *model;
	struct svcrules_diags *diags;
	struct footprint *footprint; /* records what is read and printed; may be NULL */
	size_t printed;              /* diagnostics printed already */
	bool quiet;
	bool bad; /* some input has errors */
};

/* Prints a message, and records it for a next run that reads the same. */
static void __attribute__((format(printf, 2, 3)))
input_say(const struct reading *r, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	say("%s", text ? text : "out of memory");
	if (text && r->footprint)
		fprintf(r->footprint->messages, "%s\n", text);
	free(text);
}

static const char *const severity_prefix[] = {
	[SVCRULES_NOTICE] = "notice: ", [SVCRULES_WARNING] = "warning: ", [SVCRULES_ERROR] = ""
};

static void diag_say(const struct reading *r, const struct svcrules_diag *g)
{
	char place[48] = "";

	if (g->line)
		snprintf(place, sizeof(place), ":%" PRIu64 ":%" PRIu64, g->line, g->column);
	input_say(r, "%s%s%s%s%s%s%s%s%s [%s]", severity_prefix[g->severity],
		  g->source ? g->source : "", place, g->source || g->line ? ": " : "",
		  g->object ? g->object : "", g->object ? ": " : "", g->field ? g->field : "",
		  g->field ? ": " : "", g->text, g->check);
}

/* Prints what came since the last call. */
static void diags_say(struct reading *r)
{
	for (; r->printed < svcrules_diags_count(r->diags); r->printed++) {
		const struct svcrules_diag *g = svcrules_diags_get(r->diags, r->printed);

		if (g->severity == SVCRULES_NOTICE && r->quiet)
			continue;
		diag_say(r, g);
		if (g->more)
			input_say(r, "%s%s%s... and %" PRIu64 " more [%s]",
				  severity_prefix[g->severity], g->source ? g->source : "",
				  g->source ? ": " : "", g->more, g->check);
	}
}

struct source {
	int fd;
	uint64_t bytes;
	struct footprint *footprint;
};

static long file_fill(void *arg, char *buf, size_t size)
{
	struct source *s = arg;
	long n = files_fill(&s->fd, buf, size);

	if (n > 0 && s->footprint)
		siphash_add(&s->footprint->sum, buf, (size_t)n);
	s->bytes += n > 0 ? (uint64_t)n : 0;
	return n;
}

/* Reads one open file; returns an exit code if reading cannot go on. */
static int input_read_file(void *arg, const char *source, int fd)
{
	struct reading *r = arg;
	struct source from = { .fd = fd, .footprint = r->footprint };
	int err;

	if (r->footprint)
		footprint_file(r->footprint, source);
	err = svcrules_model_read(r->model, source, file_fill, &from, r->diags);
	if (r->footprint)
		footprint_file_end(r->footprint, from.bytes);
	diags_say(r);
	if (err == -ENOMEM || svcrules_diags_failed(r->diags))
		return say_enomem();
	if (err && err != -EINVAL)
		say("%s: cannot read: %s", source, strerror(-err));
	r->bad = r->bad || err;
	return EXIT_DONE;
}

/* Prints "ignored: 3 Pod, 1 Secret". */
static int ignored_say(const struct reading *r)
{
	char *text = NULL;
	const char *kind;
	size_t size, count;
	FILE *f;

	if (r->quiet || !svcrules_model_ignored(r->model, 0, &count))
		return EXIT_DONE;
	f = open_memstream(&text, &size);
	if (!f)
		return say_enomem();
	for (size_t i = 0; (kind = svcrules_model_ignored(r->model, i, &count)); i++)
		fprintf(f, "%s%zu %s", i ? ", " : "", count, kind);
	if (stream_end(f, &text))
		return say_enomem();
	input_say(r, "notice: ignored: %s", text);
	free(text);
	return EXIT_DONE;
}

static int read_all(struct reading *r, const struct arguments *a, struct files *files)
{
	int code = files_each(files, input_read_file, r);

	if (code)
		return code;
	if (r->bad || files->bad)
		return EXIT_INPUT;
	if (svcrules_model_services(r->model) == 0 && !a->given[OPT_ALLOW_EMPTY]) {
		say("the input has no Service at all; --allow-empty accepts that");
		return EXIT_INPUT;
	}
	return ignored_say(r);
}

/*
 * With --strict, warnings about objects are errors. Those about the input as a
 * whole depend on the node that compiles it, too, and stay warnings.
 */
static int strict_code(const struct reading *r, const struct arguments *a)
{
	const struct svcrules_diag *g;
	uint64_t n = 0;

	for (size_t i = 0; (g = svcrules_diags_get(r->diags, i)); i++)
		if (g->severity == SVCRULES_WARNING && g->object)
			n += 1 + g->more;
	if (!n || !a->given[OPT_STRICT])
		return EXIT_DONE;
	say("%" PRIu64 " warning%s about objects, which --strict takes for %s", n,
	    n == 1 ? "" : "s", n == 1 ? "an error" : "errors");
	return EXIT_INPUT;
}

/* Sets the addresses of the host's interfaces. */
static int host_addresses_set(struct reading *r, struct svcrules_options *settings)
{
	char *list = NULL;
	int err = host_address_list(&list);

	if (!err && *list)
		err = svcrules_options_set(settings, "host-ip", list, r->diags);
	if (!err && r->footprint) {
		free(r->footprint->addresses);
		r->footprint->addresses = list;
	} else {
		free(list);
	}
	if (err)
		say("cannot read this host's addresses: %s; --node-ip gives them", strerror(-err));
	return err ? EXIT_KERNEL : EXIT_DONE;
}

static const char *node_name(const struct arguments *a, char *buf, size_t size)
{
	if (a->given[OPT_NODE_NAME])
		return a->value[OPT_NODE_NAME];
	return host_name(buf, size) == 0 ? buf : "";
}

static int input_compile(struct reading *r, const struct arguments *a,
			 const struct svcrules_options *settings, struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *made = NULL;
	int err = svcrules_build(r->model, settings, a->target->name, r->diags, &made);
	int code;

	diags_say(r);
	code = err || svcrules_diags_failed(r->diags) ? say_enomem() : strict_code(r, a);
	if (code)
		svcrules_ruleset_free(made);
	else
		*ret = made;
	return code;
}

/* Sets the addresses that the target needs and the input does not have. */
static int input_host(struct reading *r, const struct arguments *a,
		      struct svcrules_options *settings)
{
	char name[256];

	if (a->target->host_addresses ||
	    (!svcrules_options_get(settings, "node-ip") &&
	     !svcrules_model_has_node_addresses(r->model, node_name(a, name, sizeof(name)))))
		return host_addresses_set(r, settings);
	return EXIT_DONE;
}

int input_open(const char *const *paths, size_t n, bool guard, struct files *ret)
{
	*ret = (struct files){ .guard = guard };
	if (n)
		return files_open(ret, paths, n);
	say("no input: name a file, a directory or '-' with -f");
	return EXIT_USAGE;
}

int input_build(const struct arguments *a, struct files *files, struct svcrules_options *settings,
		bool use_host, struct footprint *footprint, struct svcrules_ruleset **ret)
{
	struct reading r = { .model = svcrules_model_new(a->target->name),
			     .diags = svcrules_diags_new(),
			     .footprint = footprint,
			     .quiet = arguments_quiet(a) };
	int code;

	if (!r.model || !r.diags)
		code = say_enomem();
	else
		code = read_all(&r, a, files);
	if (!code && use_host)
		code = input_host(&r, a, settings);
	if (!code)
		code = input_compile(&r, a, settings, ret);
	svcrules_model_free(r.model);
	svcrules_diags_free(r.diags);
	return code;
}

static int input_set(struct svcrules_options *o, const char *name, const char *value)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int err = d ? svcrules_options_set(o, name, value, d) : -ENOMEM;

	if (err == -EINVAL && svcrules_diags_count(d)) {
		const struct svcrules_diag *g = svcrules_diags_get(d, 0);

		say("%s: %s", g->field ? g->field : name, g->text);
	} else if (err) {
		say("--%s: %s", name, strerror(-err));
	}
	svcrules_diags_free(d);
	return !err ? EXIT_DONE : err == -ENOMEM ? EXIT_KERNEL : EXIT_USAGE;
}

int input_settings(const struct arguments *a, struct svcrules_options **ret)
{
	struct svcrules_options *o;
	char name[256];
	int code = EXIT_DONE;

	o = svcrules_options_new();
	if (!o)
		return say_enomem();
	if (!a->given[OPT_NODE_NAME] && host_name(name, sizeof(name)) == 0)
		code = input_set(o, "node-name", name);
	for (size_t i = 0; i < OPT_COUNT && !code; i++)
		if (a->given[i] && option_library_name(i))
			code = input_set(o, option_library_name(i), a->value[i]);
	for (size_t i = 0; i < a->nsettings && !code; i++)
		code = input_set(o, a->settings[i].setting->name, a->settings[i].value);
	if (code)
		svcrules_options_free(o);
	else
		*ret = o;
	return code;
}
