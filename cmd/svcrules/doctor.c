/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/doctor.h"
#include "command.h"
#include "input.h"
#include "installed.h"
#include "kernel/read.h"
#include "privilege.h"
#include "report.h"
#include "say.h"
#include "state/last_run.h"
#include "state/state_dir.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which they are printed. */
static const struct {
	const char *name;
	void (*look)(struct doctor *d);
} examinations[] = {
	{ "features", doctor_features },
	{ "forwarding", doctor_forwarding },
	{ "bridges", doctor_bridges },
	{ "routes", doctor_routes },
	{ "forward-chains", doctor_forward_chains },
	{ "other-proxies", doctor_proxies },
	{ "flush-on-restart", doctor_flush },
	{ "reverse-path", doctor_reverse_path },
	{ "conntrack-room", doctor_conntrack_room },
	{ "conntrack-window", doctor_conntrack_window },
	{ "local-ports", doctor_local_ports },
	{ "listeners", doctor_listeners },
	{ "modules", doctor_modules },
	{ "settings", doctor_settings },
	{ "tunnels", doctor_tunnels },
	{ "clock", doctor_clock },
	{ "state", doctor_state },
};

static const char *const words[] = { [VERDICT_FINE] = "ok",
				     [VERDICT_NOTE] = "note",
				     [VERDICT_TROUBLE] = "trouble",
				     [VERDICT_UNKNOWN] = "unknown" };

/* ---- Looking -------------------------------------------------------------------- */

/* What the last run knew of its rules, and the kernel does not say: which routes they need. */
static void look_back_at_run(struct doctor *d)
{
	struct last_run l;

	if (last_run_read(STATE_DIR, d->stats.table, &l) != 0)
		return;
	memcpy(d->stats.routed, l.stats.routed, sizeof(d->stats.routed));
	last_run_release(&l);
}

/* Reads what svcrules has in the kernel, of whatever target, in tables of the name in `o`. */
static void look_at_named(struct doctor *d, const struct svcrules_options *o)
{
	const struct svcrules_target *t;

	for (size_t i = 0; !d->installed && (t = svcrules_target(i)); i++) {
		struct svcrules_ruleset *like, *have = NULL;
		char name[256];
		bool there;

		if (!t->kernel)
			continue;
		snprintf(name, sizeof(name), "%s%s", svcrules_options_get(o, "table"),
			 t->table_suffix);
		like = svcrules_ruleset_new(t->name, o, NULL);
		if (like && installed_has(d->session, t, name, &there) == EXIT_DONE && there)
			d->installed = kernel_read(d->session, like, &have) == 0;
		if (d->installed) {
			svcrules_ruleset_stats(have, &d->stats);
			look_back_at_run(d);
			d->no_memory = svcrules_installed_new(have, &d->services) == -ENOMEM;
			d->have = have;
			have = NULL;
		}
		d->stats.target = d->installed ? t : NULL;
		svcrules_ruleset_free(have);
		svcrules_ruleset_free(like);
	}
}

/* Without --table, tables of another name are looked at if there are no others. */
static void look_at_installed(struct doctor *d, const struct arguments *a,
			      struct svcrules_options *o)
{
	struct svcrules_ruleset *found = NULL;
	const char *name = NULL;
	uint8_t family;
	char base[256];

	look_at_named(d, o);
	if (d->installed)
		return;
	if (a->given[OPT_TABLE])
		say("warning: there are no tables '%s' of svcrules in this network namespace",
		    a->value[OPT_TABLE]);
	else if (kernel_find(d->session, NULL, NULL, &found) == 0)
		name = svcrules_ruleset_table(found, 0, &family);
	if (name) {
		installed_base_of(name, base);
		if (svcrules_options_set(o, "table", base, NULL) == 0)
			look_at_named(d, o);
	}
	svcrules_ruleset_free(found);
}

static void look_at_all(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(examinations) / sizeof(*examinations); i++) {
		d->name = examinations[i].name;
		examinations[i].look(d);
	}
}

/* ---- Printing -------------------------------------------------------------------- */

static void doctor_print_text(const struct doctor *d, bool quiet)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct verdict_found *f = &d->v[i];

		if (quiet && f->verdict == VERDICT_FINE)
			continue;
		printf("%-8s %-17s %s\n", words[f->verdict], f->name, f->evidence);
		if (f->effect)
			printf("%26s so: %s\n", "", f->effect);
		if (f->mend)
			printf("%26s mend: %s\n", "", f->mend);
	}
}

static int doctor_print_json(const struct doctor *d)
{
	json_t *list = json_array();
	json_t *all = list ? json_pack("{s:i, s:o}", "version", 1, "findings", list) : NULL;
	int err = all ? 0 : -1;

	for (size_t i = 0; i < d->n && !err; i++) {
		const struct verdict_found *f = &d->v[i];

		err = json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:s?}",
							    "verdict", words[f->verdict], "name",
							    f->name, "evidence", f->evidence,
							    "effect", f->effect, "mend", f->mend));
	}
	if (!err)
		err = json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) ||
		      putchar('\n') == EOF;
	json_decref(all);
	return err ? say_enomem() : EXIT_DONE;
}

static int doctor_print(const struct arguments *a, const struct doctor *d)
{
	const char *format = a->value[OPT_OUTPUT_SUMMARY];
	size_t troubles = 0;
	int code = EXIT_DONE;

	for (size_t i = 0; i < d->n; i++)
		troubles += d->v[i].verdict == VERDICT_TROUBLE;
	if (d->no_memory)
		return say_enomem();
	if (format && strcmp(format, "json") == 0)
		code = doctor_print_json(d);
	else
		doctor_print_text(d, a->given[OPT_QUIET]);
	return code ? code : troubles ? EXIT_DIFFERS : EXIT_DONE;
}

static int doctor_run(const struct arguments *a)
{
	struct doctor d = { .session = NULL };
	struct session session = { .settings = NULL };
	struct svcrules_options *settings = NULL;
	int code = input_settings(a, &settings);

	if (code)
		return code;
	privilege_drop(true);
	if (session_open(&session, settings) == EXIT_DONE)
		d.session = &session;
	if (d.session)
		look_at_installed(&d, a, settings);
	look_at_all(&d);
	code = doctor_print(a, &d);
	for (size_t i = 0; i < d.n; i++) {
		free(d.v[i].evidence);
		free(d.v[i].mend);
	}
	free(d.v);
	svcrules_installed_free(d.services);
	svcrules_ruleset_free(d.have);
	session_close(&session);
	svcrules_options_free(settings);
	return code;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "[-o FORMAT] [OPTION...]",
	.summary = "find what keeps services from working on this node",
	.about = "Looks at this host and its kernel, and changes nothing. Of each examination it\n"
		 "prints what is there, what that does to services, and how to mend it.\n"
		 "Exit status: 0 no trouble, 1 trouble.\n",
	.options = (const struct option_group *const[]){ &doctor_options, &table_options,
							 &help_options, NULL },
	.kernel = true,
	.run = doctor_run,
};
