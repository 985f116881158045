/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "footprint.h"
#include "guard.h"
#include "input.h"
#include "kernel/cleanup.h"
#include "kernel/make.h"
#include "kernel/read.h"
#include "kernel/warn.h"
#include "privilege.h"
#include "report.h"
#include "say.h"
#include "state/last_run.h"
#include "state/state_dir.h"
#include "stream.h"
#include "summary.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { GO_ON = -1 }; /* instead of an exit code */

struct apply {
	const struct arguments *args;
	struct svcrules_options *settings;
	struct files files;
	double start;
	struct session session;
	bool opened;
	struct last_run last;                 /* what the last run left in its file */
	struct footprint footprint;           /* what this run reads */
	struct svcrules_ruleset *want, *have; /* have: NULL if it was not needed */
	struct transition way;
	struct guard guard;
	bool repaired; /* the kernel's rules were not those that the last run left */
};

/* ---- What is printed ---------------------------------------------------- */

static bool apply_json(const struct apply *j)
{
	const char *format = j->args->value[OPT_OUTPUT_SUMMARY];

	return format && strcmp(format, "json") == 0;
}

static void apply_summary(const struct apply *j, const struct svcrules_stats *served,
			  const char *done)
{
	const struct summary s = {
		.start = j->start,
		.served = served,
		.changed = &j->way.sent,
		.messages = j->way.messages + j->way.other_messages,
		.other = j->way.other_messages,
		.other_noun = j->way.other_noun,
		.flows = j->way.flows,
		.done = done,
		.checked_only = j->args->given[OPT_CHECK],
		.repaired = j->repaired,
		.json = apply_json(j),
	};

	if (!j->args->given[OPT_QUIET] &&
	    (!j->args->given[OPT_QUIET_UNCHANGED] || summary_changed(&s)))
		summary_print(&s);
}

/* Prints the findings so far; returns `code`. */
static int apply_findings(struct apply *j, int code)
{
	findings_print(&j->session, arguments_quiet(j->args));
	return code;
}

static void print_flow(const char *sentence)
{
	puts(sentence);
}

/*
 * Refuses changes that take too much from clients; without a change of the kernel it warns. A
 * function of struct transition.
 */
static int apply_judge(const struct svcrules_changes *c, void *arg)
{
	struct apply *j = arg;
	char *text;
	int err;

	if (arguments_trial(j->args))
		return guard_warn(&j->guard, c);
	text = guard_objection(&j->guard, c, &err);
	if (!text)
		return err ? say_enomem() : EXIT_DONE;
	say("%s; nothing is changed, --max-lost all accepts that", text);
	free(text);
	return EXIT_LOSS;
}

/* Beside JSON on standard output. */
static void say_flow(const char *sentence)
{
	say("notice: %s", sentence);
}

/* ---- The kernel --------------------------------------------------------- */

static int apply_open(struct apply *j)
{
	int code = j->opened ? EXIT_DONE : session_open(&j->session, j->settings);

	j->opened = true;
	j->way.session = &j->session;
	return apply_findings(j, code);
}

static int apply_lock(const struct apply *j, int *ret_fd)
{
	return session_lock(j->args, j->args->given[OPT_INSECURE_INPUT], ret_fd);
}

/*
 * Reads the parts that their drivers do not read themselves, and prepares the host for the rule
 * set.
 */
static int apply_look(struct apply *j)
{
	bool change = !arguments_trial(j->args), needed = j->args->given[OPT_DRY_RUN];
	struct svcrules_part p;
	int code = EXIT_DONE;

	for (size_t i = 0; svcrules_ruleset_part(j->want, i, &p); i++)
		needed = needed || !driver_of(j->want, i)->reads_itself;
	if (!needed)
		return EXIT_DONE;
	code = kernel_read_own(&j->session, j->want, &j->have);
	if (!code)
		code = kernel_obstacles(&j->session, j->have, j->want);
	for (size_t i = 0; !code && svcrules_ruleset_part(j->want, i, &p); i++)
		if (driver_of(j->want, i)->prepare)
			code = driver_of(j->want, i)->prepare(&j->session, change);
	if (!code && svcrules_settle(j->have, j->want, SVCRULES_SETTLE_APPLY, NULL))
		code = session_no_memory(&j->session);
	j->way.have = j->have;
	return code;
}

/* ---- --dry-run and --check: nothing is changed, so the lock is not needed */

static int apply_dry_run(struct apply *j)
{
	const struct cleanup_rules rules = { .now = j->want,
					     .before = j->have,
					     .would = apply_json(j) ? say_flow : print_flow };
	size_t flows = 0;
	int code = make_compare(&j->way);

	if (!code && !j->args->given[OPT_CHECK]) /* --check has asked already */
		code = apply_judge(j->way.changes, j);
	if (code)
		return code;
	if (svcrules_changes_print(j->way.changes, apply_json(j) ? "json" : NULL, out_colour(),
				   out_write, NULL) == -ENOMEM)
		return session_no_memory(&j->session);
	return cleanup_flows(&j->session, &rules, &flows);
}

static int apply_try(struct apply *j, const struct svcrules_stats *served)
{
	int code = apply_findings(j, apply_look(j));

	j->way.want = j->want;
	if (!code && j->args->given[OPT_CHECK]) /* what would be refused is not printed */
		code = make_check(&j->way);
	if (!code && j->args->given[OPT_DRY_RUN])
		code = apply_dry_run(j);
	apply_findings(j, code);
	if (!code && j->args->given[OPT_CHECK])
		apply_summary(j, served, "accepted, not made");
	return code;
}

/* ---- Making it ---------------------------------------------------------- */

static int64_t apply_now(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Prints why the state was not left, unless that is as usual; returns an exit code. */
static int apply_not_left(const struct apply *j, int err)
{
	if (err == -ENOMEM)
		return say_enomem();
	/* a host without a writable /run has no such file; other errors are printed */
	if (err && err != -ENOENT && err != -EROFS && err != -EACCES && !j->args->given[OPT_QUIET])
		say("warning: cannot leave the state in %s: %s; the next run reads the kernel's "
		    "rules",
		    STATE_DIR, strerror(-err));
	return EXIT_DONE;
}

/*
 * Leaves the rules and the sum of the input for the next run, and for `status`. Where the kernel
 * cannot be trusted to stay as it is (`sure` false), the generation is 0: the next run looks again.
 */
static int apply_remember(struct apply *j, const struct svcrules_stats *served, bool sure)
{
	static char none[] = "";
	struct last_run l = {
		.bytes = j->footprint.bytes, .stats = *served, .messages = none, .addresses = none
	};
	const struct driver *d = driver_last(j->want);

	if (!sure || !d->settled || !d->settled(&j->way, &l.stats.generation))
		l.stats.generation = 0;
	if (stream_flush(j->footprint.messages, &j->footprint.messages_text) ||
	    stream_flush(j->footprint.inputs, &j->footprint.inputs_text))
		return say_enomem();
	l.messages = j->footprint.messages_text;
	l.inputs = j->footprint.inputs_text;
	l.host = j->footprint.addresses != NULL;
	l.addresses = l.host ? j->footprint.addresses : none;
	l.changed = !j->way.messages && !j->way.other_messages && j->last.changed ?
			    j->last.changed :
			    apply_now();
	snprintf(l.version, sizeof(l.version), "%s", svcrules_version());
	memcpy(l.key, j->last.key, sizeof(l.key));
	siphash_end(&j->footprint.sum, l.digest);
	return apply_not_left(j, last_run_write(STATE_DIR, &l, j->want));
}

/* Reads the rules that the last run left; the generation will show whether they are still there. */
static int apply_recall(struct apply *j)
{
	struct svcrules_ruleset *known = NULL;
	const struct driver *d = driver_last(j->want);
	int err, code = d->start(&j->way);

	if (code || j->args->given[OPT_VERIFY] || !j->last.stats.generation)
		return code;
	err = last_run_read_rules(STATE_DIR, j->want, &j->last, &known);
	if (!err)
		d->know(&j->way, known, j->last.stats.generation);
	return err == -ENOMEM ? session_no_memory(&j->session) : EXIT_DONE;
}

static int apply_retire_target(struct apply *j, const struct svcrules_target *t, bool *ret_left)
{
	struct svcrules_ruleset *none = svcrules_ruleset_new(t->name, j->settings, NULL);
	struct transition way = { .session = &j->session, .want = none };
	const struct driver *d = none ? driver_last(none) : NULL;
	int code = d ? EXIT_DONE : session_no_memory(&j->session);
	bool left = false;

	if (d && d->retire && d->in_use(&j->session, none, false))
		code = d->retire(&way, j->want, &left);
	*ret_left |= left;
	j->way.flows += d && !d->ends_flows ? way.flows : 0;
	svcrules_ruleset_free(none);
	return code;
}

/*
 * Removes what other targets left, now that this one serves. *ret_left: some of it stays for its
 * connections.
 */
static int apply_retire(struct apply *j, bool *ret_left)
{
	const struct svcrules_target *t;
	int code = EXIT_DONE;

	for (size_t i = 0; !code && (t = svcrules_target(i)); i++)
		if (t->kernel && t != j->args->target)
			code = apply_retire_target(j, t, ret_left);
	return code;
}

/*
 * Finds out whether other programs had changed the rules: the last run had the same input, and yet
 * there was something to change. (With another input that cannot be told from what it changes.)
 */
static void apply_look_for_repair(struct apply *j)
{
	j->repaired = j->last.stats.generation && !j->way.proved && j->way.messages &&
		      footprint_equal(&j->footprint, &j->last);
	if (j->repaired && !j->args->given[OPT_QUIET])
		say("warning: another program, or a run that was killed, had changed the rules; "
		    "they are as before now");
}

static int apply_make(struct apply *j, const struct svcrules_stats *served)
{
	int lock = -1, code = apply_lock(j, &lock);
	bool left = false;

	if (!code)
		code = apply_findings(j, apply_look(j));
	if (!code && driver_last(j->want)->settled)
		code = apply_findings(j, apply_recall(j));
	if (!code)
		code = apply_findings(j, make_all(&j->way));
	if (!code)
		apply_look_for_repair(j);
	if (!code)
		code = apply_findings(j, apply_retire(j, &left));
	if (!code)
		code = apply_remember(j, served, !left);
	if (lock >= 0)
		close(lock);
	if (!code)
		apply_summary(j, served, "sent");
	return code;
}

/* Adds warnings about the host. Those about rules are recorded for a run in which none changed. */
static void apply_warn(struct apply *j, const struct svcrules_stats *served)
{
	warn_rules(&j->session, served);
	for (size_t i = 0; j->footprint.messages && i < j->session.nfindings; i++)
		if (j->session.findings[i].text)
			fprintf(j->footprint.messages, "%s\n", j->session.findings[i].text);
	warn_host(&j->session, served);
}

static int apply_work(struct apply *j)
{
	struct svcrules_stats served;
	int code = apply_open(j);

	if (code)
		return code;
	j->way.want = j->want;
	j->way.judge = apply_judge;
	j->way.judge_arg = j;
	svcrules_ruleset_stats(j->want, &served);
	if (!arguments_quiet(j->args))
		apply_warn(j, &served);
	apply_findings(j, EXIT_DONE);
	return arguments_trial(j->args) ? apply_try(j, &served) : apply_make(j, &served);
}

/* ---- Nothing to do ------------------------------------------------------ */

/* Prints again what was printed about the same input. */
static void repeat_messages(const struct last_run *l)
{
	for (const char *line = l->messages, *end; (end = strchr(line, '\n')); line = end + 1)
		say("%.*s", (int)(end - line), line);
}

/*
 * If the input is the same and the generation is the one that the last run left, the kernel has
 * what is wanted, and nothing is read but the files' bytes. Returns an exit code, or GO_ON.
 */
static int nothing_changed(struct apply *j, const struct svcrules_ruleset *none)
{
	const struct driver *d = driver_last(none);
	const struct svcrules_stats *last = &j->last.stats;
	struct svcrules_stats stats;
	int lock = -1, code;

	if (!j->last.stats.generation || j->args->given[OPT_VERIFY])
		return GO_ON;
	code = apply_open(j);
	if (code)
		return code;
	svcrules_ruleset_stats(none, &stats);
	if (!d->unchanged(&j->session, stats.table, last) ||
	    !footprint_same(j->args, &j->files, &j->last))
		return GO_ON;
	code = apply_lock(j, &lock);
	if (!code && !d->unchanged(&j->session, stats.table, last))
		code = GO_ON;
	if (lock >= 0)
		close(lock);
	if (code)
		return code;
	last_run_touch(STATE_DIR, stats.table);
	if (!j->args->given[OPT_QUIET_UNCHANGED])
		repeat_messages(&j->last);
	if (!arguments_quiet(j->args))
		warn_host(&j->session, last);
	apply_findings(j, EXIT_DONE);
	apply_summary(j, last, "sent");
	return EXIT_DONE;
}

/* Reads what the last run left; if there is nothing, makes a key for the sum of the input. */
static int look_back(struct apply *j, const struct svcrules_stats *none)
{
	int err = last_run_read(STATE_DIR, none->table, &j->last);

	if (err == -ENOENT &&
	    getrandom(j->last.key, sizeof(j->last.key), 0) != (ssize_t)sizeof(j->last.key))
		memset(j->last.key, 0, sizeof(j->last.key)); /* no worse than a known key */
	return err == -ENOMEM ? say_enomem() : EXIT_DONE;
}

/*
 * Ends the run if nothing changed since the last one; GO_ON otherwise. *ret_footprint: what
 * records the input; NULL: nothing does.
 */
static int apply_start(struct apply *j, struct footprint **ret_footprint)
{
	struct svcrules_ruleset *none = svcrules_ruleset_new(j->args->target->name, j->settings,
							     NULL);
	struct svcrules_stats stats;
	int code = none ? EXIT_DONE : say_enomem();

	*ret_footprint = NULL;
	if (code || arguments_trial(j->args)) {
		svcrules_ruleset_free(none);
		return code ? code : GO_ON;
	}
	svcrules_ruleset_stats(none, &stats);
	code = look_back(j, &stats);
	if (!code)
		code = nothing_changed(j, none);
	svcrules_ruleset_free(none);
	if (code != GO_ON)
		return code;
	*ret_footprint = &j->footprint;
	return footprint_start(&j->footprint, j->args, j->last.key) ? say_enomem() : GO_ON;
}

static int apply_run_with(struct apply *j)
{
	struct footprint *footprint;
	int code = apply_start(j, &footprint);

	if (code != GO_ON)
		return code;
	/* Before the lock is taken: reading may last, as from a pipe. */
	code = input_build(j->args, &j->files, j->settings, true, footprint, &j->want);
	return code ? code : apply_work(j);
}

static int apply_run(const struct arguments *a)
{
	struct apply j = { .args = a, .start = summary_clock() };
	unsigned unused;
	int code = arguments_wait(a, &unused); /* a wrong value is reported before any work */

	if (!code)
		code = guard_read(a, &j.guard);
	if (!code)
		code = input_settings(a, &j.settings);
	if (code)
		return code;
	code = input_open(a, a->files, a->nfiles, !a->given[OPT_INSECURE_INPUT], &j.files);
	state_dir_tidy(STATE_DIR);
	privilege_drop(true);
	if (!code)
		code = apply_run_with(&j);
	files_close(&j.files);
	make_release(&j.way);
	session_close(&j.session);
	svcrules_ruleset_free(j.have);
	svcrules_ruleset_free(j.want);
	footprint_release(&j.footprint);
	last_run_release(&j.last);
	svcrules_options_free(j.settings);
	return code;
}

const struct command command_apply = {
	.name = "apply",
	.synopsis = "-f FILE [-f FILE]... [--dry-run] [--check] [--verify] [OPTION...]",
	.summary = "make the kernel serve what FILE says",
	.about =
		"FILE is all Services of the cluster: what is not in it goes.\n"
		"Changes the rules of this network namespace to those made from FILE, with as few\n"
		"changes as possible; rules of nftables change in one transaction. Nothing is\n"
		"changed if FILE has an error, or if other users may write it.\n",
	.options = (const struct option_group *const[]){ &input_options, &try_options,
							 &summary_options, &node_options,
							 &table_options, &family_options,
							 &apply_target_options, &empty_options,
							 &loss_options, &insecure_options,
							 &writer_options, &help_options, NULL },
	.kernel = true,
	.run = apply_run,
};
