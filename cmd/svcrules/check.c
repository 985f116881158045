/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "privilege.h"
#include "progress.h"
#include "say.h"
#include "secrecy.h"
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checking {
	struct svcrules_model *model;
	struct svcrules_findings *findings;
	struct files files;
	bool bad; /* some input has errors */
};

/* ---- Reading ----------------------------------------------------------------------- */

static int check_read_file(void *arg, const char *name, int fd)
{
	struct checking *k = arg;
	struct input_source from = { .fd = fd };
	struct svcrules_diags *d = svcrules_diags_new();
	const struct svcrules_diag *foreign = NULL;
	int err;

	input_progress(name, fd);
	err = d ? svcrules_model_read(k->model, name, input_fill, &from, d) : -ENOMEM;
	progress_end();
	if (err == -EINVAL && !from.error && k->files.found)
		foreign = input_foreign(d, 0);
	if (from.error)
		say("%s: cannot read: %s", name, strerror(from.error));
	if (foreign)
		say("warning: %s: passed over: %s [%s]", name, foreign->text, foreign->check);
	else if (d && svcrules_findings_add(k->findings, d))
		err = -ENOMEM;
	k->bad = k->bad || (err && !foreign);
	svcrules_diags_free(d);
	return err == -ENOMEM && !from.error ? say_enomem() : EXIT_DONE;
}

static int check_read(struct checking *k, const struct arguments *a)
{
	int code = input_open(a, a->files, a->nfiles, false, &k->files);

	privilege_drop(false);
	secrecy_begin(); /* any input may have Secrets */
	if (!code)
		code = files_each(&k->files, check_read_file, k);
	k->bad = k->bad || k->files.bad;
	k->bad = k->bad || (!code && !input_has_all_pages(k->model));
	files_close(&k->files);
	return code;
}

/* ---- Levels --------------------------------------------------------------------------- */

static int unknown_check(const char *typed, const char *name)
{
	const char *names[128], *near;
	struct svcrules_check c;
	size_t n = 0;

	while (n < sizeof(names) / sizeof(*names) && svcrules_check_at(n, &c))
		names[n++] = c.name;
	near = nearest(name, names, n);
	if (near)
		say("%s: there is no check '%s', did you mean '%s'? See 'svcrules help --checks'",
		    typed, name, near);
	else
		say("%s: there is no check '%s'; see 'svcrules help --checks'", typed, name);
	return EXIT_USAGE;
}

/* A check may be called "no-slice", so that "no-" counts only before the name of another one. */
static int set_level(struct svcrules_findings *f, const struct given_level *g)
{
	const char *name = g->value;

	if (svcrules_findings_level(
		    f, name, g->id == OPT_ERROR ? SVCRULES_CHECK_ERROR : SVCRULES_CHECK_ON) == 0)
		return EXIT_DONE;
	if (g->id == OPT_WARN && strncmp(name, "no-", 3) == 0) {
		name += 3;
		if (svcrules_findings_level(f, name, SVCRULES_CHECK_OFF) == 0)
			return EXIT_DONE;
	}
	return unknown_check(g->id == OPT_ERROR ? "-E" : "-W", name);
}

/* ---- Output ---------------------------------------------------------------------------- */

static int print_findings(const struct svcrules_findings *f, const char *format)
{
	struct out_lines lines;
	int err;

	if (format && (strcmp(format, "json") == 0 || strcmp(format, "sarif") == 0))
		return svcrules_findings_print(f, format, out_write, NULL);
	err = out_lines_start(&lines);
	if (err)
		return err;
	err = svcrules_findings_print(f, format, out_lines_write, &lines);
	return out_lines_end(&lines, err);
}

/* ---- The command ------------------------------------------------------------------------- */

/* "nothing found" is no answer where nothing was looked at; a program gets an empty list. */
static bool is_silent(const struct checking *k, const char *format)
{
	return (!format || strcmp(format, "text") == 0) && !svcrules_findings_get(k->findings, 0);
}

/* Prints what was found, also of an input with errors: those are all that is known then. */
static int check_end(struct checking *k, const struct arguments *a,
		     const struct svcrules_options *settings)
{
	bool certificates = !k->bad && svcrules_check_certificates(k->model);
	int code = certificates ? secrecy_certificates() : EXIT_DONE, err = 0;

	if (code)
		return code;
	progress_begin("checking", 0);
	if (!k->bad)
		err = svcrules_findings_run(k->findings, k->model, settings);
	progress_end();
	if (!err && (!k->bad || !is_silent(k, a->value[OPT_OUTPUT_FINDINGS])))
		err = print_findings(k->findings, a->value[OPT_OUTPUT_FINDINGS]);
	if (err == -ENOMEM)
		return say_enomem();
	if (k->bad) {
		(void)fflush(stdout); /* the errors come first; a failure is reported at the end */
		say("the input has errors: no check was run");
		return EXIT_INPUT;
	}
	return svcrules_findings_count(k->findings, SVCRULES_WARNING) ||
			       svcrules_findings_count(k->findings, SVCRULES_ERROR) ?
		       EXIT_DIFFERS :
		       EXIT_DONE;
}

static int check_run(const struct arguments *a)
{
	struct checking k = { .model = svcrules_check_model(),
			      .findings = svcrules_findings_new() };
	struct svcrules_options *settings = NULL;
	int code = k.model && k.findings ? EXIT_DONE : say_enomem();

	for (size_t i = 0; i < a->nlevels && !code; i++)
		code = set_level(k.findings, &a->levels[i]);
	if (!code)
		code = input_settings_given(a, &settings);
	if (!code)
		code = check_read(&k, a);
	if (!code)
		code = check_end(&k, a, settings);
	svcrules_options_free(settings);
	svcrules_findings_free(k.findings);
	svcrules_model_free(k.model);
	return code;
}

const struct command command_check = {
	.name = "check",
	.synopsis = "-f FILE [-f FILE]... [OPTION...]",
	.summary = "find mistakes in Services, policies and Ingress",
	.about = "Runs named checks over FILE, a cluster's answer or manifests, and prints what\n"
		 "they find. 'svcrules help --checks' lists them. Checks that need objects which\n"
		 "FILE does not have are named. Needs neither kernel nor root. The exit status\n"
		 "is 1 if there are warnings or errors; notices alone leave it 0.\n",
	.options = (const struct option_group *const[]){ &input_options, &check_options,
							 &family_options, &help_options, NULL },
	.run = check_run,
};
