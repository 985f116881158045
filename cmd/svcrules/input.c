/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"
#include "command.h"
#include "files.h"
#include "footprint.h"
#include "kernel/host.h"
#include "progress.h"
#include "say.h"
#include "stream.h"
#include "svcrules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

struct reading {
	struct svcrules_model *model;
	struct svcrules_diags *diags;
	struct footprint *footprint; /* records what is read and printed; may be NULL */
	const struct files *files;
	struct files *overlay; /* laid over `files`; may be NULL */
	char *remarks;         /* what the overlay leaves open, in lines; malloc'ed */
	size_t printed;        /* diagnostics printed already */
	bool quiet;
	bool asks;     /* a question: kinds that play no part in it are not worth a notice */
	bool policies; /* NetworkPolicy objects are enforced */
	bool bad;      /* some input has errors */
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

long input_fill(void *arg, char *buf, size_t size)
{
	struct input_source *s = arg;
	long n = files_fill(&s->fd, buf, size);

	if (n > 0 && s->footprint)
		siphash_add(&s->footprint->sum, buf, (size_t)n);
	s->bytes += n > 0 ? (uint64_t)n : 0;
	progress_add(n > 0 ? (size_t)n : 0);
	s->error = n < 0 ? (int)-n : 0;
	return n;
}

const struct svcrules_diag *input_foreign(const struct svcrules_diags *d, size_t first)
{
	const struct svcrules_diag *found = NULL, *g;

	for (size_t i = first; (g = svcrules_diags_get(d, i)); i++) {
		if (g->severity != SVCRULES_ERROR)
			continue;
		if (strcmp(g->check, "not-kubernetes") != 0)
			return NULL;
		found = found ? found : g;
	}
	return found;
}

/* With -R, a file that has something else than Kubernetes objects is passed over. */
static bool pass_over(struct reading *r, const char *source)
{
	const struct svcrules_diag *g = r->files->found ? input_foreign(r->diags, r->printed) :
							  NULL;

	if (!g)
		return false;
	input_say(r, "warning: %s: passed over: %s [%s]", source, g->text, g->check);
	r->printed = svcrules_diags_count(r->diags);
	return true;
}

void input_progress(const char *source, int fd)
{
	struct stat st;
	char *text;

	if (asprintf(&text, "reading %s", source) < 0)
		return;
	progress_begin(text, fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (size_t)st.st_size : 0);
	free(text);
}

/* Reads one open file; returns an exit code if reading cannot go on. */
static int input_read_file(void *arg, const char *source, int fd)
{
	struct reading *r = arg;
	struct input_source from = { .fd = fd, .footprint = r->footprint };
	int err;

	if (r->footprint)
		footprint_file(r->footprint, source);
	input_progress(source, fd);
	err = svcrules_model_read(r->model, source, input_fill, &from, r->diags);
	if (r->footprint) {
		footprint_file_end(r->footprint, from.bytes);
		footprint_input(r->footprint, source, fd, from.bytes);
	}
	if (err == -EINVAL && !from.error && pass_over(r, source))
		return EXIT_DONE;
	diags_say(r);
	if (from.error)
		say("%s: cannot read: %s", source, strerror(from.error));
	else if (err == -ENOMEM || svcrules_diags_failed(r->diags))
		return say_enomem();
	r->bad = r->bad || err;
	return EXIT_DONE;
}

/* ---- What the input has ------------------------------------------------- */

/* "3 EndpointSlice, 2 Node", of one of the library's lists; malloc'ed, NULL without memory. */
static char *kinds_text(const struct svcrules_model *m,
			const char *(*list)(const struct svcrules_model *, size_t, size_t *))
{
	char *text = NULL;
	const char *kind, *comma = "";
	size_t size, count;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; (kind = list(m, i, &count)); i++) {
		if (!count)
			continue;
		fprintf(f, "%s%zu %.64s", comma, count, kind);
		comma = ", ";
	}
	return stream_end(f, &text) ? NULL : text;
}

/* Prints "ignored: 3 Pod, 1 Secret". */
static int ignored_say(const struct reading *r)
{
	size_t count;
	char *text;

	if (r->quiet || r->asks || !svcrules_model_ignored(r->model, 0, &count))
		return EXIT_DONE;
	text = kinds_text(r->model, svcrules_model_ignored);
	if (text)
		input_say(r, "notice: ignored: %s", text);
	free(text);
	return text ? EXIT_DONE : say_enomem();
}

/* The number of objects of a kind that is not read. */
static size_t ignored_count(const struct svcrules_model *m, const char *name)
{
	const char *kind;
	size_t count;

	for (size_t i = 0; (kind = svcrules_model_ignored(m, i, &count)); i++)
		if (strcmp(kind, name) == 0)
			return count;
	return 0;
}

static size_t kind_count(const struct svcrules_model *m, const char *name)
{
	const char *kind;
	size_t count;

	for (size_t i = 0; (kind = svcrules_model_kind(m, i, &count)); i++)
		if (count && strcmp(kind, name) == 0)
			return count;
	return 0;
}

/* Says what there is in place of Services. */
static int no_services(const struct reading *r)
{
	char *read = kinds_text(r->model, svcrules_model_kind);
	char *ignored = kinds_text(r->model, svcrules_model_ignored);

	if (!read || !ignored)
		say_enomem();
	else if (!*read && !*ignored)
		say("no Service in the input, and nothing else; --allow-empty accepts that");
	else
		say("no Service in the input; it has %s%s%s%s%s; --allow-empty accepts that", read,
		    *read && *ignored ? ", and what is not read: " : "", ignored,
		    *ignored && !*read ? ", which is not read" : "",
		    ignored_count(r->model, "Template") ?
			    " ('oc process' makes objects of a Template)" :
			    "");
	free(read);
	free(ignored);
	return read && ignored ? EXIT_INPUT : EXIT_KERNEL;
}

static const char *input_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static const char *none_of(size_t n, char text[static 64])
{
	if (n == 1)
		return "the only service has no cluster IP";
	snprintf(text, 64, "none of %zu services has a cluster IP", n);
	return text;
}

/* An input that would leave the node without any service, as no cluster's answer does. */
static int check_whole(const struct reading *r)
{
	size_t all = svcrules_model_services(r->model), pending;
	size_t served = svcrules_model_cluster_ips(r->model, &pending);
	char text[64];

	if (!all)
		return no_services(r);
	if (!served && pending)
		say("%s: %s, not a cluster's answer (kubectl get "
		    "services,endpointslices,nodes -A -o json), over which "
		    "'svcrules diff --overlay' lays manifests; --allow-empty accepts that",
		    none_of(all, text),
		    all == 1 ? "this looks like a manifest" : "these look like manifests");
	else if (!served)
		say("%s, %s headless or of type ExternalName: this is not the whole cluster, which "
		    "has default/kubernetes; --allow-empty accepts that",
		    none_of(all, text), all == 1 ? "it is" : "all are");
	else if (svcrules_model_answered(r->model) && !kind_count(r->model, "EndpointSlice") &&
		 !kind_count(r->model, "Endpoints") && !kind_count(r->model, "Pod"))
		say("%zu service%s with a cluster IP, but no EndpointSlice and no Endpoints in the "
		    "input, so that all would refuse: kubectl get services,endpointslices,nodes "
		    "-A -o json prints them; --allow-empty accepts that",
		    served, input_plural(served));
	else
		return EXIT_DONE;
	return EXIT_INPUT;
}

/*
 * What the last run enforced would go: without pods no policy selects anything, as after an export
 * that forgot them.
 */
static int check_pods(const struct reading *r)
{
	if (!r->policies || kind_count(r->model, "Pod"))
		return EXIT_DONE;
	say("--network-policy, but no Pod in the input, so that no policy would be enforced: "
	    "kubectl get services,endpointslices,nodes,pods,namespaces,networkpolicies -A -o json "
	    "prints them; --allow-empty accepts that");
	return EXIT_INPUT;
}

/* What the target serves would go, as after an export that forgot the kind. */
static int check_needs(const struct reading *r, const struct arguments *a)
{
	const char *kind = a->target->needs;

	if (!kind || kind_count(r->model, kind))
		return EXIT_DONE;
	say("no %s in the input, so that the target %s would serve nothing; --allow-empty accepts "
	    "that",
	    kind, a->target->name);
	return EXIT_INPUT;
}

/* One page of a list is as incomplete as a truncated file. */
bool input_has_all_pages(const struct svcrules_model *m)
{
	const char *kind = svcrules_model_incomplete(m);

	if (!kind)
		return true;
	say("a list of %s goes on, on a page that is not in the input (metadata.continue): add all "
	    "pages, or ask the server without limit",
	    kind);
	return false;
}

/* Keeps what was found since number `first`, for those who read only the product. */
static int keep_remarks(struct reading *r, size_t first)
{
	const struct svcrules_diag *g;
	size_t size;
	FILE *f = open_memstream(&r->remarks, &size);

	for (size_t i = first; f && (g = svcrules_diags_get(r->diags, i)); i++)
		if (g->object && strcmp(g->check, "endpoints-from-pods") != 0)
			fprintf(f, "%s: %s: %s\n", g->object, g->field ? g->field : "", g->text);
	return f && !stream_end(f, &r->remarks) ? EXIT_DONE : say_enomem();
}

static int read_overlay(struct reading *r)
{
	size_t first;
	int code;

	svcrules_model_overlay(r->model);
	r->files = r->overlay;
	code = files_each(r->overlay, input_read_file, r);
	first = svcrules_diags_count(r->diags);
	if (!code && svcrules_model_overlay_end(r->model, r->diags))
		return say_enomem();
	if (!code)
		code = keep_remarks(r, first);
	diags_say(r);
	r->bad |= r->overlay->bad;
	return code;
}

static int read_files(struct reading *r, struct files *files)
{
	int code;

	r->files = files;
	code = files_each(files, input_read_file, r);
	if (!code && r->overlay)
		code = read_overlay(r);
	progress_end();
	return code;
}

static int read_all(struct reading *r, const struct arguments *a, struct files *files)
{
	int code = read_files(r, files);

	if (code)
		return code;
	if (r->bad || files->bad)
		return EXIT_INPUT;
	if (!a->given[OPT_ALLOW_EMPTY] && !a->target->any_input)
		code = check_whole(r);
	if (!code && !a->given[OPT_ALLOW_EMPTY])
		code = check_pods(r);
	if (!code && !a->given[OPT_ALLOW_EMPTY])
		code = check_needs(r, a);
	if (!code && !input_has_all_pages(r->model))
		code = EXIT_INPUT;
	return code ? code : ignored_say(r);
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
	int err, code;

	progress_begin("compiling", 0);
	err = svcrules_build(r->model, settings, a->target->name, r->diags, &made);
	progress_end();
	diags_say(r);
	if (err == -EINVAL && !svcrules_diags_failed(r->diags))
		return EXIT_INPUT;
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

int input_open(const struct arguments *a, const char *const *paths, size_t n, bool guard,
	       struct files *ret)
{
	*ret = (struct files){ .guard = guard, .recursive = a->given[OPT_RECURSIVE] };
	if (n)
		return files_open(ret, paths, n);
	say("no input: name a file, a directory or '-' with -f");
	return EXIT_USAGE;
}

static int input_build_all(const struct arguments *a, struct files *files, struct files *overlay,
			   struct svcrules_options *settings, bool use_host,
			   struct footprint *footprint, char **ret_remarks,
			   struct svcrules_ruleset **ret)
{
	struct reading r = { .model = svcrules_model_new(a->target->name, settings),
			     .diags = svcrules_diags_new(),
			     .footprint = footprint,
			     .overlay = overlay,
			     .quiet = arguments_quiet(a),
			     .policies = a->given[OPT_NETWORK_POLICY] };
	int code;

	if (!r.model || !r.diags)
		code = say_enomem();
	else
		code = read_all(&r, a, files);
	if (!code && use_host)
		code = input_host(&r, a, settings);
	if (!code)
		code = input_compile(&r, a, settings, ret);
	if (!code && ret_remarks)
		*ret_remarks = r.remarks;
	else
		free(r.remarks);
	svcrules_model_free(r.model);
	svcrules_diags_free(r.diags);
	return code;
}

int input_use(const struct arguments *a, struct files *files, struct svcrules_options *settings,
	      bool use_host, struct svcrules_model *m, const struct input_use *use)
{
	struct reading r = { .model = m,
			     .diags = svcrules_diags_new(),
			     .asks = true,
			     .quiet = arguments_quiet(a),
			     .policies = a->given[OPT_NETWORK_POLICY] };
	int code = EXIT_DONE;

	if (!r.model || !r.diags)
		code = say_enomem();
	else if (a->nfiles)
		code = read_all(&r, a, files);
	if (!code && use_host)
		code = input_host(&r, a, settings);
	if (!code) {
		progress_begin("compiling", 0);
		code = use->build(use->arg, r.model, r.diags);
		progress_end();
		diags_say(&r);
		code = code ? code : strict_code(&r, a);
	}
	if (!code)
		code = use->end(use->arg, r.model);
	svcrules_model_free(r.model);
	svcrules_diags_free(r.diags);
	return code;
}

int input_build(const struct arguments *a, struct files *files, struct svcrules_options *settings,
		bool use_host, struct footprint *footprint, struct svcrules_ruleset **ret)
{
	return input_build_all(a, files, NULL, settings, use_host, footprint, NULL, ret);
}

int input_build_overlaid(const struct arguments *a, struct files *files, struct files *overlay,
			 struct svcrules_options *settings, bool use_host, char **ret_remarks,
			 struct svcrules_ruleset **ret)
{
	return input_build_all(a, files, overlay, settings, use_host, NULL, ret_remarks, ret);
}
