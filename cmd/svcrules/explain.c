/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "kernel/read.h"
#include "privilege.h"
#include "report.h"
#include "say.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define NDOTS_DEFAULT 5 /* as the kubelet writes it into each pod's resolv.conf */
#define NDOTS_MAX 15    /* resolv.conf(5): more count as 15 */

/* What one run of the command works on. */
struct explaining {
	const struct arguments *a;
	struct svcrules_options *settings;
	struct svcrules_question question;
	struct svcrules_ruleset *rules, *names; /* NULL: not built yet, or not needed */
};

static int explain_question(const struct arguments *a, struct svcrules_question *ret)
{
	const char *protocol = a->value[OPT_PROTOCOL], *ndots = a->value[OPT_NDOTS];
	unsigned long n = NDOTS_DEFAULT;
	char *end;

	if (!a->given[OPT_SOURCE] || !a->given[OPT_TO]) {
		say("%s is missing; see 'svcrules help explain'",
		    a->given[OPT_SOURCE] ? "--to PLACE" : "--from PLACE");
		return EXIT_USAGE;
	}
	if (ndots) {
		errno = 0;
		n = strtoul(ndots, &end, 10);
		if (*ndots < '0' || *ndots > '9' || *end || errno || n > NDOTS_MAX) {
			say("--ndots: '%s' is not valid, expected a number from 0 to %d", ndots,
			    NDOTS_MAX);
			return EXIT_USAGE;
		}
	}
	*ret = (struct svcrules_question){
		.from = a->value[OPT_SOURCE],
		.to = a->value[OPT_TO],
		.ndots = (unsigned)n,
		.protocol = !protocol || strcmp(protocol, "tcp") == 0 ? IPPROTO_TCP :
			    strcmp(protocol, "udp") == 0              ? IPPROTO_UDP :
									IPPROTO_SCTP,
	};
	return EXIT_DONE;
}

/* Without --node-name and --live the rules are those of the pod's node. */
static int explain_node(const struct explaining *x, const struct svcrules_model *m,
			struct svcrules_diags *d)
{
	const char *node = svcrules_explain_node(m, &x->question);

	if (x->a->given[OPT_NODE_NAME])
		return EXIT_DONE;
	if (node && !x->a->given[OPT_LIVE])
		return svcrules_options_set(x->settings, "node-name", node, d) == -ENOMEM ?
			       say_enomem() :
			       EXIT_DONE;
	if (!x->a->given[OPT_NETWORK_POLICY])
		return EXIT_DONE;
	say("--network-policy needs --node-name here; see 'svcrules help explain'");
	return EXIT_USAGE;
}

static int explain_print(const struct explaining *x, struct svcrules_ruleset *rs,
			 const struct svcrules_ruleset *dns, const struct svcrules_model *m)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_explanation *e = NULL;
	int code = EXIT_DONE;
	int err = d ? svcrules_explain(rs, dns, m, x->settings, &x->question, d, &e) : -ENOMEM;

	for (size_t i = 0; i < svcrules_diags_count(d); i++)
		say("%s: %s", svcrules_diags_get(d, i)->field, svcrules_diags_get(d, i)->text);
	if (err == -EINVAL)
		code = EXIT_USAGE;
	else if (err == -ENOENT)
		code = EXIT_INPUT;
	else if (err)
		code = say_enomem();
	/* Any other error is of standard output, and reported at the end. */
	if (!err && svcrules_explanation_print(e, x->a->value[OPT_OUTPUT_EXPLANATION], out_write,
					       NULL) == -ENOMEM)
		code = say_enomem();
	if (!code && !svcrules_explanation_delivered(e))
		code = EXIT_DIFFERS;
	svcrules_explanation_free(e);
	svcrules_diags_free(d);
	return code;
}

/* The names that pods can resolve. What is odd about objects is said about the rules already. */
static int explain_names(const struct explaining *x, const struct svcrules_model *m,
			 struct svcrules_ruleset **ret)
{
	struct svcrules_diags *d;
	int err;

	if (!svcrules_explain_named(&x->question))
		return 0;
	d = svcrules_diags_new();
	err = d ? svcrules_build(m, x->settings, "dns", d, ret) : -ENOMEM;
	for (size_t i = 0; err == -EINVAL && i < svcrules_diags_count(d); i++)
		if (svcrules_diags_get(d, i)->severity == SVCRULES_ERROR)
			say("%s: %s", svcrules_diags_get(d, i)->object,
			    svcrules_diags_get(d, i)->text);
	svcrules_diags_free(d);
	return err;
}

/* Rules of another target, or with another name, would be overlooked in silence. */
static void warn_nothing(const struct svcrules_ruleset *live)
{
	struct svcrules_stats stats;
	uint8_t family;

	if (svcrules_ruleset_table(live, 0, &family))
		return;
	svcrules_ruleset_stats(live, &stats);
	say("warning: the kernel has no tables '%s'; --target and --table name others",
	    stats.table);
}

static int explain_live(const struct explaining *x, const struct svcrules_ruleset *like,
			struct svcrules_ruleset **ret)
{
	struct session s;
	int code = session_open(&s, x->settings);

	if (!code)
		code = kernel_read_own(&s, like, ret);
	findings_print(&s, false);
	session_close(&s);
	if (!code)
		warn_nothing(*ret);
	return code;
}

static int explain_build(void *arg, const struct svcrules_model *m, struct svcrules_diags *d)
{
	struct explaining *x = arg;
	int code = explain_node(x, m, d), err;

	if (code)
		return code;
	err = svcrules_build(m, x->settings, x->a->target->name, d, &x->rules);
	if (!err)
		err = explain_names(x, m, &x->names);
	return !err ? EXIT_DONE : err == -EINVAL ? EXIT_INPUT : say_enomem();
}

static int explain_end(void *arg, const struct svcrules_model *m)
{
	struct explaining *x = arg;
	struct svcrules_ruleset *live = NULL;
	int code = x->a->given[OPT_LIVE] ? explain_live(x, x->rules, &live) : EXIT_DONE;

	if (!code)
		code = explain_print(x, live ? live : x->rules, x->names, m);
	svcrules_ruleset_free(live);
	return code;
}

/* Reasons are found too. */
static int explain_settings(struct explaining *x)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int err = d ? svcrules_options_set(x->settings, "explain", NULL, d) : -ENOMEM;

	svcrules_diags_free(d);
	return err ? say_enomem() : EXIT_DONE;
}

static int explain_files(struct explaining *x)
{
	const struct arguments *a = x->a;
	bool live = a->given[OPT_LIVE];
	const struct input_use use = { explain_build, explain_end, x };
	struct files files = { .n = 0 };
	struct svcrules_model *m;
	int code = EXIT_DONE;

	if (a->nfiles || !live)
		code = input_open(a, a->files, a->nfiles, false, &files);
	privilege_drop(live);
	if (!code) {
		m = svcrules_model_explaining(a->target->name, x->settings,
					      svcrules_explain_named(&x->question));
		code = input_use(a, &files, x->settings, live, m, &use);
	}
	files_close(&files);
	return code;
}

static int explain_run(const struct arguments *a)
{
	struct explaining x = { .a = a, .settings = NULL };
	int code = explain_question(a, &x.question);

	if (!code && !a->target->explained) {
		say("'explain' cannot follow what --target %s makes; see 'svcrules help explain'",
		    a->target->name);
		code = EXIT_USAGE;
	}
	if (!code)
		code = input_settings(a, &x.settings);
	if (!code)
		code = explain_settings(&x);
	if (!code)
		code = explain_files(&x);
	svcrules_ruleset_free(x.rules);
	svcrules_ruleset_free(x.names);
	svcrules_options_free(x.settings);
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.synopsis = "-f FILE [-f FILE]... --from PLACE --to PLACE [OPTION...]",
	.summary = "tell what happens to a connection, and why",
	.about =
		"Follows the first packet of a connection through the rule set made from FILE or,\n"
		"with --live, through the kernel's, and prints what each rule decides. Without\n"
		"--node-name the rules are those of the node that the pod of --from is on.\n"
		"Exit status: 0 delivered, 1 refused or dropped, above 1 error.\n",
	.options = (const struct option_group *const[]){ &input_options, &question_options,
							 &node_options, &table_options,
							 &family_options, &explain_target_options,
							 &empty_options, &help_options, NULL },
	.run = explain_run,
};
