/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "kernel/driver.h"
#include "kernel/read.h"
#include "kernel/tables.h"
#include "privilege.h"
#include "report.h"
#include "say.h"
#include "state/last_run.h"
#include "state/state_dir.h"

#include <stdlib.h>
#include <unistd.h>

struct deletion {
	const struct arguments *args;
	struct svcrules_options *settings;
	struct session session;
	size_t deleted; /* tables, and other things of targets */
	size_t flows;   /* to services that are gone */
};

static bool delete_chosen(const struct deletion *j, const struct svcrules_target *t)
{
	return t->kernel && (!j->args->given[OPT_TARGET] || t == j->args->target);
}

/* A dry run prints nothing else, so --quiet does not silence it. */
static void delete_say(const struct deletion *j, const char *noun, const char *what)
{
	if (j->args->given[OPT_DRY_RUN])
		printf("would delete %s%s\n", noun, what);
	else if (!j->args->given[OPT_QUIET])
		printf("deleted %s%s\n", noun, what);
}

/* Removes what a target has besides tables. All its connections end. */
static int delete_rest(struct deletion *j, const struct svcrules_target *t)
{
	struct svcrules_ruleset *none = svcrules_ruleset_new(t->name, j->settings, NULL);
	const struct driver *d = none ? driver_last(none) : NULL;
	bool any = !j->args->given[OPT_TABLE];
	char *text = NULL;
	int code = none ? EXIT_DONE : say_enomem();

	/* looking may load a module: unless the target is named, there must be a sign of it */
	if (d && d->remove && (j->args->given[OPT_TARGET] || d->in_use(&j->session, none, any)))
		code = d->remove(&j->session, t, any, j->args->given[OPT_DRY_RUN], &text);
	if (text)
		delete_say(j, "", text);
	j->deleted += text != NULL;
	free(text);
	svcrules_ruleset_free(none);
	return code;
}

static void delete_report(const char *family, const char *name, void *arg)
{
	struct deletion *j = arg;
	char *text;

	j->deleted++;
	if (asprintf(&text, "%s %s", family, name) < 0)
		text = NULL;
	delete_say(j, "table ", text ? text : "");
	free(text);
}

/* Deletes the tables of the targets chosen: of any name, or of the one given. */
static int delete_tables(struct deletion *j)
{
	struct tables_choice choice = { .report_foreign = !j->args->given[OPT_QUIET],
					.dry_run = j->args->given[OPT_DRY_RUN],
					.flows = &j->flows };
	const struct svcrules_target *t;
	int code = EXIT_DONE;

	if (!j->args->given[OPT_TABLE]) {
		choice.target = j->args->given[OPT_TARGET] ? j->args->target->name : NULL;
		return tables_delete(&j->session, &choice, delete_report, j);
	}
	for (size_t i = 0; !code && (t = svcrules_target(i)); i++) {
		char name[256];

		snprintf(name, sizeof(name), "%s%s", svcrules_options_get(j->settings, "table"),
			 t->table_suffix);
		choice.name = name;
		choice.target = t->name;
		if (delete_chosen(j, t))
			code = tables_delete(&j->session, &choice, delete_report, j);
	}
	return code;
}

/* True if another target than those chosen has tables whose names begin with `base`. */
static bool delete_leaves(struct deletion *j, const char *base)
{
	const struct svcrules_target *t;
	bool any = false;

	for (size_t i = 0; !any && (t = svcrules_target(i)); i++) {
		struct svcrules_ruleset *found = NULL;
		char name[256];
		uint8_t family;

		if (!t->kernel || delete_chosen(j, t))
			continue;
		snprintf(name, sizeof(name), "%s%s", base, t->table_suffix);
		any = kernel_find(&j->session, t->name, name, &found) ||
		      svcrules_ruleset_table(found, 0, &family);
		svcrules_ruleset_free(found);
	}
	return any;
}

/* Deletes the tables of policies named like the tables that are chosen, unless others need them. */
static int delete_policies(struct deletion *j, const struct svcrules_ruleset *found)
{
	const char *name, *last = "";
	uint8_t family;
	int code = EXIT_DONE;

	for (size_t i = 0; !code && (name = svcrules_ruleset_table(found, i, &family)); i++) {
		struct tables_choice choice = { .name = name,
						.dry_run = j->args->given[OPT_DRY_RUN] };
		char base[256];
		size_t len;

		if (strcmp(name, last) == 0 || !tables_of_policies(name, &len))
			continue;
		last = name;
		snprintf(base, sizeof(base), "%.*s", (int)len, name);
		if ((!j->args->given[OPT_TABLE] ||
		     strcmp(base, svcrules_options_get(j->settings, "table")) == 0) &&
		    !delete_leaves(j, base))
			code = tables_delete(&j->session, &choice, delete_report, j);
	}
	return code;
}

/* Without --table and --target, delete_tables() deletes them with all others. */
static int delete_policies_of(struct deletion *j)
{
	struct svcrules_ruleset *found = NULL;
	int err, code;

	if (!j->args->given[OPT_TABLE] && !j->args->given[OPT_TARGET])
		return EXIT_DONE;
	err = kernel_find(&j->session, NULL, NULL, &found);
	code = err ? session_failed(&j->session, "read the kernel's tables", err) :
		     delete_policies(j, found);
	svcrules_ruleset_free(found);
	return code;
}

/* What runs left for tables that are gone, whoever deleted them. */
static void delete_forget(const struct deletion *j)
{
	const struct svcrules_target *t;
	char name[256];

	for (size_t i = 0; (t = svcrules_target(i)); i++) {
		snprintf(name, sizeof(name), "%s%s", svcrules_options_get(j->settings, "table"),
			 t->table_suffix);
		if (delete_chosen(j, t))
			last_run_forget(STATE_DIR, name);
	}
}

static int delete_work(struct deletion *j)
{
	bool dry_run = j->args->given[OPT_DRY_RUN]; /* which needs no lock */
	int lock = -1, code = dry_run ? EXIT_DONE : session_lock(j->args, true, &lock);
	const struct svcrules_target *t;

	if (!code)
		code = session_open(&j->session, j->settings);
	/* virtual servers come before tables, which show that svcrules made them */
	for (size_t i = 0; !code && (t = svcrules_target(i)); i++)
		if (delete_chosen(j, t))
			code = delete_rest(j, t);
	if (!code)
		code = delete_tables(j);
	if (!code)
		code = delete_policies_of(j);
	if (!code && !dry_run)
		delete_forget(j);
	findings_print(&j->session, j->args->given[OPT_QUIET]);
	if (j->flows && !j->args->given[OPT_QUIET])
		printf("deleted %zu flow%s to services\n", j->flows, j->flows == 1 ? "" : "s");
	if (!code && !j->deleted && !j->args->given[OPT_QUIET])
		puts("nothing to delete");
	session_close(&j->session);
	if (lock >= 0)
		close(lock);
	return code;
}

static int delete_run(const struct arguments *a)
{
	struct deletion j = { .args = a };
	int code = input_settings(a, &j.settings);

	if (code)
		return code;
	if (!a->given[OPT_DRY_RUN])
		state_dir_tidy(STATE_DIR);
	privilege_drop(true);
	code = delete_work(&j);
	svcrules_options_free(j.settings);
	return code;
}

const struct command command_delete = {
	.name = "delete",
	.synopsis = "[--dry-run] [OPTION...]",
	.summary = "remove all that svcrules installed",
	.about =
		"Removes everything that svcrules installed, and nothing else: nftables tables of\n"
		"any name, virtual servers and the interface svcrules0, and the flows of UDP and\n"
		"SCTP to their services from connection tracking. --table limits that to the\n"
		"tables of one name and what belongs to them, --target to one target. It is no\n"
		"error if there is nothing to remove.\n",
	.options = (const struct option_group *const[]){ &delete_try_options, &delete_table_options,
							 &delete_target_options, &writer_options,
							 &help_options, NULL },
	.kernel = true,
	.run = delete_run,
};
