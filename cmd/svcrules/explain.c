/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "kernel/read.h"
#include "privilege.h"
#include "questions.h"
#include "report.h"
#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What one run of the command works on. */
struct explaining {
	const struct arguments *a;
	struct svcrules_options *settings;
	struct questions questions;
	const char *host; /* the node's name unless --node-name or a pod says which */
	const char *node; /* that `rules` are for */
	bool answered;    /* some question is */
	bool named;       /* some question has a name that is to be resolved */
	struct svcrules_ruleset *rules, *names; /* NULL: not built yet, or not needed */
};

/* Prints what is wrong with a question, beside its line if it has one. */
static void explain_say(const struct explaining *x, size_t i, const struct svcrules_diags *d)
{
	for (size_t k = 0; k < svcrules_diags_count(d); k++) {
		const struct svcrules_diag *one = svcrules_diags_get(d, k);

		if (x->questions.lines)
			say("%s:%u: %s", x->a->value[OPT_QUESTIONS], x->questions.lines[i],
			    one->text);
		else
			say("%s: %s", one->field, one->text);
	}
}

/*
 * Without --node-name and --live the rules are those of the pod's node. *ret is valid as long as
 * the model.
 */
static int explain_node(const struct explaining *x, const struct svcrules_model *m, size_t i,
			const char **ret)
{
	const char *node = svcrules_explain_node(m, &x->questions.v[i]);

	*ret = x->host;
	if (x->a->given[OPT_NODE_NAME])
		return EXIT_DONE;
	if (node && !x->a->given[OPT_LIVE])
		*ret = node;
	else if (x->a->given[OPT_NETWORK_POLICY] && x->a->given[OPT_LIVE]) {
		say("--network-policy needs --node-name with --live; see 'svcrules help explain'");
		return EXIT_USAGE;
	} else if (x->a->given[OPT_NETWORK_POLICY]) {
		say("--network-policy needs --node-name, as --from '%.200s' is no Pod of the input "
		    "that is on a node; see 'svcrules help explain'",
		    x->questions.v[i].from);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* Builds the rules of the node that question `i` is about. */
static int explain_rules(struct explaining *x, const struct svcrules_model *m, size_t i,
			 struct svcrules_diags *d)
{
	const char *node;
	int code = explain_node(x, m, i, &node), err = 0;

	if (code || (x->rules && strcmp(node, x->node) == 0))
		return code;
	svcrules_ruleset_free(x->rules);
	x->rules = NULL;
	x->node = node;
	if (*node)
		err = svcrules_options_set(x->settings, "node-name", node, d);
	if (err != -ENOMEM)
		err = svcrules_build(m, x->settings, x->a->target->name, d, &x->rules);
	return !err ? EXIT_DONE : err == -EINVAL ? EXIT_INPUT : say_enomem();
}

/* Separates the answers to several questions; in JSON each names its own. */
static void explain_head(struct explaining *x, size_t i)
{
	const char *format = x->a->value[OPT_OUTPUT_EXPLANATION];
	const struct svcrules_question *q = &x->questions.v[i];

	if (x->questions.lines && !(format && strcmp(format, "json") == 0))
		printf("%s# %s %s %s\n", x->answered ? "\n" : "", q->from, q->to,
		       question_protocol(q));
}

/* The text has names from the input: of labels, of hosts. */
static int explanation_print(const struct svcrules_explanation *e, const char *format)
{
	struct out_lines lines;
	int err;

	if (format && strcmp(format, "json") == 0)
		return svcrules_explanation_print(e, format, out_write, NULL);
	err = out_lines_start(&lines);
	if (err)
		return err;
	err = svcrules_explanation_print(e, format, out_lines_write, &lines);
	return out_lines_end(&lines, err);
}

static int explain_print(struct explaining *x, struct svcrules_ruleset *rs,
			 const struct svcrules_model *m, size_t i)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_explanation *e = NULL;
	int code = EXIT_DONE;
	int err = d ? svcrules_explain(rs, x->names, m, x->settings, &x->questions.v[i], d, &e) :
		      -ENOMEM;

	if (d)
		explain_say(x, i, d);
	if (err == -EINVAL)
		code = EXIT_USAGE;
	else if (err == -ENOENT)
		code = EXIT_INPUT;
	else if (err)
		code = say_enomem();
	if (!err)
		explain_head(x, i);
	x->answered = x->answered || !err;
	/* Any other error is of standard output, and reported at the end. */
	if (!err && explanation_print(e, x->a->value[OPT_OUTPUT_EXPLANATION]) == -ENOMEM)
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

	if (!x->named)
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

/* While the target changes the rules of both see packets, and those of one are followed. */
static void warn_others(struct session *s, const struct svcrules_options *o,
			const struct svcrules_target *followed)
{
	const struct svcrules_target *t;

	for (size_t i = 0; (t = svcrules_target(i)); i++) {
		struct svcrules_ruleset *like, *have = NULL;
		uint8_t family;

		if (!t->kernel || t == followed)
			continue;
		like = svcrules_ruleset_new(t->name, o, NULL);
		if (like && kernel_find(s, t->name, NULL, &have) == EXIT_DONE &&
		    svcrules_ruleset_table(have, 0, &family))
			say("warning: rules of the target %s are here, too, and are not followed; "
			    "--target %s follows them",
			    t->name, t->name);
		svcrules_ruleset_free(have);
		svcrules_ruleset_free(like);
	}
}

static int explain_live(const struct explaining *x, const struct svcrules_ruleset *like,
			struct svcrules_ruleset **ret)
{
	struct session s;
	int code = session_open(&s, x->settings);

	if (!code)
		code = kernel_read_own(&s, like, ret);
	if (!code)
		warn_others(&s, x->settings, x->a->target);
	findings_print(&s, false);
	session_close(&s);
	if (!code)
		warn_nothing(*ret);
	return code;
}

static int explain_build(void *arg, const struct svcrules_model *m, struct svcrules_diags *d)
{
	struct explaining *x = arg;
	int code = explain_rules(x, m, 0, d), err;

	if (code)
		return code;
	err = explain_names(x, m, &x->names);
	return !err ? EXIT_DONE : err == -EINVAL ? EXIT_INPUT : say_enomem();
}

/* What is odd about objects is printed for the first node. */
static int explain_one(struct explaining *x, const struct svcrules_model *m,
		       struct svcrules_ruleset *live, size_t i)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int code = !d ? say_enomem() : live ? EXIT_DONE : explain_rules(x, m, i, d);

	svcrules_diags_free(d);
	return code ? code : explain_print(x, live ? live : x->rules, m, i);
}

static int explain_end(void *arg, const struct svcrules_model *m)
{
	struct explaining *x = arg;
	struct svcrules_ruleset *live = NULL;
	int code = x->a->given[OPT_LIVE] ? explain_live(x, x->rules, &live) : EXIT_DONE, worst = 0;

	/* a question that cannot be answered does not keep others from it */
	for (size_t i = 0; i < x->questions.n && code < EXIT_KERNEL; i++) {
		code = explain_one(x, m, live, i);
		worst = code > worst ? code : worst;
	}
	svcrules_ruleset_free(live);
	return code > worst ? code : worst;
}

/* Reasons are found too. */
static int explain_settings(struct explaining *x)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int err = d ? svcrules_options_set(x->settings, "explain", NULL, d) : -ENOMEM;

	svcrules_diags_free(d);
	return err ? say_enomem() : EXIT_DONE;
}

static bool explain_any_named(const struct questions *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (svcrules_explain_named(&q->v[i]))
			return true;
	return false;
}

static int explain_files(struct explaining *x, struct files *questions)
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
	if (!code)
		code = questions_read(&x->questions, a, questions);
	if (!code) {
		x->named = explain_any_named(&x->questions);
		m = svcrules_model_explaining(a->target->name, x->settings, x->named);
		code = input_use(a, &files, x->settings, live, m, &use);
	}
	files_close(&files);
	return code;
}

static int explain_run(const struct arguments *a)
{
	struct explaining x = { .a = a, .settings = NULL };
	struct files questions;
	int code = questions_take(&x.questions, a, &questions);
	char *host = NULL;

	if (!code && !a->target->explained) {
		say("'explain' cannot follow what --target %s makes; see 'svcrules help explain'",
		    a->target->name);
		code = EXIT_USAGE;
	}
	if (!code)
		code = input_settings(a, &x.settings);
	if (!code && !(x.host = host = strdup(svcrules_options_get(x.settings, "node-name") ?: "")))
		code = say_enomem();
	if (!code)
		code = explain_settings(&x);
	if (!code)
		code = explain_files(&x, &questions);
	svcrules_ruleset_free(x.rules);
	svcrules_ruleset_free(x.names);
	svcrules_options_free(x.settings);
	questions_release(&x.questions);
	files_close(&questions);
	free(host);
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.synopsis = "[-f FILE]... --from PLACE --to PLACE [OPTION...]",
	.summary = "tell what happens to a connection, and why",
	.about =
		"Follows the first packet of a connection through the rule set made from FILE or,\n"
		"with --live, through the kernel's, and prints what each rule decides. Without\n"
		"--node-name the rules are those of the node that the pod of --from is on.\n"
		"--questions asks many at once: lines FROM TO [tcp|udp|sctp].\n"
		"Exit status: 0 delivered, 1 refused or dropped, above 1 error.\n",
	.options = (const struct option_group *const[]){ &input_options, &question_options,
							 &node_options, &table_options,
							 &family_options, &explain_target_options,
							 &empty_options, &help_options, NULL },
	.run = explain_run,
};
