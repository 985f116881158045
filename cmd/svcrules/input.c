/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"
#include "command.h"
#include "host.h"
#include "say.h"
#include "svcrules.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_MAX 20 /* of each severity and file: keeps a hopeless file readable */

struct reading {
	struct svcrules_model *model;
	struct svcrules_diags *diags;
	size_t told; /* diagnostics printed already */
	bool quiet;
	bool bad; /* some input has errors */
};

static void diag_say(const struct svcrules_diag *g)
{
	static const char *const prefix[] = {
		[SVCRULES_NOTICE] = "notice: ", [SVCRULES_WARNING] = "warning: ", [SVCRULES_ERROR] = ""
	};
	char place[48] = "";

	if (g->line)
		snprintf(place, sizeof(place), ":%" PRIu64 ":%" PRIu64, g->line, g->column);
	say("%s%s%s%s%s%s%s%s%s [%s]", prefix[g->severity], g->source ? g->source : "", place,
	    g->source || g->line ? ": " : "", g->object ? g->object : "", g->object ? ": " : "",
	    g->field ? g->field : "", g->field ? ": " : "", g->text, g->check);
}

/* Prints what came since the last call; `source` is the file it is about, or NULL. */
static void diags_tell(struct reading *r, const char *source)
{
	static const char *const noun[] = { "notices", "warnings", "errors" };
	size_t seen[3] = { 0 };

	for (; r->told < svcrules_diags_count(r->diags); r->told++) {
		const struct svcrules_diag *g = svcrules_diags_get(r->diags, r->told);

		if (g->severity == SVCRULES_NOTICE && r->quiet)
			continue;
		if (seen[g->severity]++ < SHOWN_MAX)
			diag_say(g);
	}
	for (int s = SVCRULES_ERROR; s >= SVCRULES_NOTICE; s--)
		if (seen[s] > SHOWN_MAX)
			say("%s%s... and %zu more %s", source ? source : "", source ? ": " : "", seen[s] - SHOWN_MAX,
			    noun[s]);
}

static long fill_fd(void *arg, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(*(int *)arg, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (long)n;
}

/* Reads one open file; returns an exit code for what cannot be survived. */
static int read_fd(struct reading *r, const char *source, int fd)
{
	int err = svcrules_model_read(r->model, source, fill_fd, &fd, r->diags);

	diags_tell(r, source);
	if (err == -ENOMEM || svcrules_diags_failed(r->diags))
		return say_enomem();
	if (err && err != -EINVAL)
		say("%s: cannot read: %s", source, strerror(-err));
	r->bad = r->bad || err;
	return EXIT_DONE;
}

static int open_failed(struct reading *r, const char *path)
{
	say("%s: cannot open: %s", path, strerror(errno));
	r->bad = true;
	return EXIT_DONE;
}

static int read_file(struct reading *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return open_failed(r, path);
	code = read_fd(r, path, fd);
	close(fd);
	return code;
}

static int is_json(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

/* By bytes: the same order in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_entry(struct reading *r, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;
	int code;

	if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
		return say_enomem();
	code = read_file(r, path);
	free(path);
	return code;
}

static int read_directory(struct reading *r, const char *path)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_json, by_name), code = EXIT_DONE;

	if (n < 0)
		return errno == ENOMEM ? say_enomem() : open_failed(r, path);
	if (n == 0) {
		say("%s: the directory has no *.json", path);
		r->bad = true;
	}
	for (int i = 0; i < n; i++) {
		if (!code)
			code = read_entry(r, path, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return code;
}

static int read_path(struct reading *r, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return read_fd(r, "standard input", STDIN_FILENO);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(r, path);
	return read_file(r, path);
}

/* "ignored: 3 Pod, 1 Secret" */
static int ignored_tell(const struct reading *r)
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
	if (fclose(f) == 0)
		say("notice: ignored: %s", text);
	free(text);
	return EXIT_DONE;
}

static int read_all(struct reading *r, const struct arguments *a, const char *const *files, size_t nfiles)
{
	if (nfiles == 0) {
		say("no input: name a file, a directory or '-' with -f");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < nfiles; i++) {
		int code = read_path(r, files[i]);

		if (code)
			return code;
	}
	if (r->bad)
		return EXIT_INPUT;
	if (svcrules_model_services(r->model) == 0 && !a->given[OPT_ALLOW_EMPTY]) {
		say("the input has no Service at all; --allow-empty accepts that");
		return EXIT_INPUT;
	}
	return ignored_tell(r);
}

static void address_print(uint8_t family, const uint8_t addr[16], void *arg)
{
	char text[INET6_ADDRSTRLEN];
	FILE *f = arg;

	if (inet_ntop(family, addr, text, sizeof(text)))
		fprintf(f, "%s%s", ftell(f) > 0 ? "," : "", text);
}

/* Sets the host's addresses as this node's. */
static int host_addresses_set(struct svcrules_options *settings, struct svcrules_diags *d)
{
	char *list = NULL;
	size_t size;
	FILE *f = open_memstream(&list, &size);
	int err;

	if (!f)
		return say_enomem();
	err = host_addresses(address_print, f);
	if (fclose(f) != 0)
		err = -ENOMEM;
	if (!err && *list)
		err = svcrules_options_set(settings, "node-ip", list, d);
	free(list);
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

static int build(struct reading *r, const struct arguments *a, struct svcrules_options *settings, bool of_host,
		 struct svcrules_nft **ret)
{
	char name[256];
	int err, code = EXIT_DONE;

	if (of_host && !svcrules_options_has_node_ip(settings) &&
	    !svcrules_model_has_node_addresses(r->model, node_name(a, name, sizeof(name))))
		code = host_addresses_set(settings, r->diags);
	if (code)
		return code;
	err = svcrules_nft_build(r->model, settings, r->diags, ret);
	diags_tell(r, NULL);
	if (err || svcrules_diags_failed(r->diags)) {
		if (!err)
			svcrules_nft_free(*ret);
		return say_enomem();
	}
	return EXIT_DONE;
}

int input_build(const struct arguments *a, const char *const *files, size_t nfiles,
		struct svcrules_options *settings, bool of_host, struct svcrules_nft **ret)
{
	struct reading r = { .model = svcrules_model_new(), .diags = svcrules_diags_new(),
			     .quiet = a->given[OPT_QUIET] };
	int code;

	if (!r.model || !r.diags)
		code = say_enomem();
	else
		code = read_all(&r, a, files, nfiles);
	if (!code)
		code = build(&r, a, settings, of_host, ret);
	svcrules_model_free(r.model);
	svcrules_diags_free(r.diags);
	return code;
}

static int setting(struct svcrules_options *o, const char *name, const char *value)
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
		code = setting(o, "node-name", name);
	for (size_t i = 0; i < OPT_COUNT && !code; i++)
		if (option_specs[i].library && a->given[i])
			code = setting(o, option_specs[i].name, a->value[i]);
	if (code)
		svcrules_options_free(o);
	else
		*ret = o;
	return code;
}
