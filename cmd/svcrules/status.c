/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "installed.h"
#include "kernel/read.h"
#include "list/status.h"
#include "privilege.h"
#include "report.h"
#include "say.h"
#include "state/last_run.h"
#include "state/state_dir.h"
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

struct looking {
	const struct arguments *args;
	struct svcrules_options *settings;
	struct session session;
	struct status_report report;
};

/* ---- One target ------------------------------------------------------------------ */

/*
 * Compares with what the last run left. Without that, or with another program's version, it is
 * not known.
 */
static int status_compare(const struct svcrules_ruleset *like, const struct svcrules_ruleset *have,
			  struct status_entry *e)
{
	struct svcrules_ruleset *left = NULL;
	size_t size;
	FILE *f;
	int err = last_run_read_rules(STATE_DIR, like, &e->last, &left);

	if (err)
		return err == -ENOENT ? 0 : err;
	f = open_memstream(&e->drift, &size);
	err = f ? svcrules_drift(left, have, stream_append, f) : -ENOMEM;
	if (f && stream_end(f, &e->drift))
		err = -ENOMEM;
	svcrules_ruleset_free(left);
	return err;
}

static int status_tables(const struct svcrules_ruleset *have, struct status_entry *e)
{
	const char *name, *comma = "";
	char *text = NULL;
	uint8_t family;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (size_t i = 0; f && (name = svcrules_ruleset_table(have, i, &family)); i++) {
		fprintf(f, "%s%s %s", comma, family == NFPROTO_IPV6 ? "ip6" : "ip", name);
		comma = ", ";
	}
	if (!f || stream_end(f, &text))
		return -ENOMEM;
	e->tables = text;
	return 0;
}

/* Counts addresses of the interface and virtual servers; parts that are tables are listed. */
static void status_parts(const struct svcrules_ruleset *have, struct status_entry *e)
{
	struct svcrules_part p;

	for (size_t i = 0; svcrules_ruleset_part(have, i, &p); i++) {
		if (strcmp(p.kind, "link") == 0 && p.present) {
			e->interface = true;
			e->addresses = p.count;
		} else if (strcmp(p.kind, "link") != 0 && strcmp(p.kind, "nft") != 0) {
			e->has_servers = true;
			e->servers = p.count;
		}
	}
}

static int status_fill(const struct svcrules_ruleset *like, const struct svcrules_ruleset *have,
		       struct status_entry *e)
{
	struct svcrules_stats stats;
	int err = status_tables(have, e);

	svcrules_ruleset_stats(have, &stats);
	status_parts(have, e);
	if (!err)
		err = last_run_read(STATE_DIR, stats.table, &e->last);
	e->known = !err;
	if (err == -ENOENT)
		err = 0;
	else if (!err)
		err = status_compare(like, have, e);
	return err ? err : svcrules_installed_new(have, &e->installed);
}

static int status_add(struct looking *s, const struct svcrules_target *t,
		      const struct svcrules_ruleset *like, struct svcrules_ruleset *have)
{
	struct status_entry *e = status_entry_add(&s->report);

	if (!e) {
		svcrules_ruleset_free(have);
		return session_no_memory(&s->session);
	}
	e->target = t->name;
	e->have = have;
	return status_fill(like, have, e) ? session_no_memory(&s->session) : EXIT_DONE;
}

/* ---- All that is installed ---------------------------------------------------------- */

/* Reads the tables that have `base` as the start of their names, of one target. */
static int status_target(struct looking *s, const struct svcrules_target *t)
{
	struct svcrules_ruleset *like = installed_like(t, s->settings), *have = NULL;
	int code = like ? kernel_read(&s->session, like, &have) : session_no_memory(&s->session);

	if (!code)
		code = status_add(s, t, like, have);
	svcrules_ruleset_free(like);
	return code;
}

/*
 * Reads each target that left tables, or a state: its tables may be gone. `found`: there are tables
 * with names that begin like that, perhaps of network policies alone.
 */
static int status_base(struct looking *s, const char *base, bool found)
{
	const struct svcrules_target *t;
	size_t before = s->report.n;
	int code = EXIT_DONE;

	if (svcrules_options_set(s->settings, "table", base, NULL))
		return session_no_memory(&s->session);
	for (size_t i = 0; !code && (t = svcrules_target(i)); i++) {
		char name[256];
		struct last_run last;
		bool left = false, there = false;

		if (!t->kernel)
			continue;
		snprintf(name, sizeof(name), "%s%s", base, t->table_suffix);
		left = last_run_read(STATE_DIR, name, &last) == 0;
		if (left)
			last_run_release(&last);
		code = installed_has(&s->session, t, name, &there);
		if (!code && (left || there))
			code = status_target(s, t);
	}
	if (!code && found && s->report.n == before)
		code = status_target(s, svcrules_target(0));
	return code;
}

/* True if one of the first n tables has that base. */
static bool status_has_base(const struct svcrules_ruleset *found, size_t n, const char *base)
{
	const char *name;
	uint8_t family;
	char other[256];

	for (size_t i = 0; i < n && (name = svcrules_ruleset_table(found, i, &family)); i++) {
		installed_base_of(name, other);
		if (strcmp(other, base) == 0)
			return true;
	}
	return false;
}

/* All names that tables of svcrules have; the one that the options name comes first. */
static int status_all(struct looking *s)
{
	struct svcrules_ruleset *found = NULL;
	char own[256], base[256];
	const char *name;
	uint8_t family;
	int code, err = kernel_find(&s->session, NULL, NULL, &found);

	if (err)
		return session_failed(&s->session, "read the kernel's tables", err);
	snprintf(own, sizeof(own), "%s", svcrules_options_get(s->settings, "table"));
	code = status_base(s, own, status_has_base(found, SIZE_MAX, own));
	for (size_t i = 0; !code && !s->args->given[OPT_TABLE] &&
			   (name = svcrules_ruleset_table(found, i, &family));
	     i++) {
		installed_base_of(name, base);
		if (strcmp(base, own) != 0 && !status_has_base(found, i, base))
			code = status_base(s, base, true);
	}
	svcrules_ruleset_free(found);
	return code;
}

static int status_work(struct looking *s)
{
	const char *format = s->args->value[OPT_OUTPUT_SUMMARY];
	int code = session_open(&s->session, s->settings);

	if (!code)
		code = status_all(s);
	findings_print(&s->session, false);
	session_close(&s->session);
	if (code)
		return code;
	if (format && strcmp(format, "json") == 0)
		status_json(&s->report);
	else
		status_text(&s->report);
	return status_as_left(&s->report) ? EXIT_DONE : EXIT_DIFFERS;
}

static int status_run(const struct arguments *a)
{
	struct looking s = { .args = a, .report = { .now = age_now() } };
	int code = input_settings(a, &s.settings);

	if (code)
		return code;
	s.report.table = a->given[OPT_TABLE] ? a->value[OPT_TABLE] : NULL;
	privilege_drop(true);
	code = status_work(&s);
	status_release(&s.report);
	svcrules_options_free(s.settings);
	return code;
}

const struct command command_status = {
	.name = "status",
	.synopsis = "[-o FORMAT] [--table NAME]",
	.summary = "say what is installed, since when, and whether it is as it was left",
	.about =
		"Says what svcrules installed in this network namespace, which version did it and\n"
		"when, from which input, and in what it differs from what the last run left.\n"
		"Exit status: 0 as it was left, 1 differs, missing or unknown, above 1 error.\n",
	.options = (const struct option_group *const[]){ &status_options, &table_options,
							 &help_options, NULL },
	.run = status_run,
};
