/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup.h"
#include "command.h"
#include "input.h"
#include "kernel.h"
#include "say.h"
#include "footprint.h"
#include "state.h"
#include "sync.h"
#include "warn.h"
#include "writer.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { GO_ON = -1 }; /* instead of an exit code */

struct job {
	const struct arguments *args;
	const char *table;
	struct svcrules_options *settings;
	double start;
	struct state last; /* what the last run left */
	struct footprint footprint;  /* what this one reads */
	struct sync sync;
};

static double seconds(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void summary(const struct job *j, const struct svcrules_nft_stats *served, const char *done)
{
	const struct sync *s = &j->sync;

	if (j->args->given[OPT_QUIET])
		return;
	printf("%zu service%s, %zu endpoint%s: ", served->services, plural(served->services), served->endpoints,
	       plural(served->endpoints));
	if (s->messages)
		printf("%zu element%s added, %zu removed (%zu change%s %s)", s->stats.elements_added,
		       plural(s->stats.elements_added), s->stats.elements_removed, s->messages, plural(s->messages),
		       done);
	else
		printf("no changes");
	if (s->flows)
		printf(", %zu stale UDP flow%s deleted", s->flows, plural(s->flows));
	printf(" in %.3f s\n", seconds() - j->start);
}

/* --dry-run and --check: nothing is touched, so the lock is not needed. */
static int try_only(struct job *j, const struct svcrules_nft_stats *served)
{
	struct sync *s = &j->sync;
	bool check = j->args->given[OPT_CHECK];
	int code = check ? sync_check(s) : sync_compare(s);

	if (!code && j->args->given[OPT_DRY_RUN]) {
		if (svcrules_changes_print(s->changes, out_colour(), out_write, NULL) == -ENOMEM)
			return say_enomem();
		code = cleanup_udp(s->wanted, s->first, true, &s->flows);
		s->flows = 0; /* none was deleted */
	}
	if (!code && check)
		summary(j, served, "accepted, not made");
	return code;
}

/* Leaves for the next run what it may build upon. */
static int remember(struct job *j, const struct svcrules_nft_stats *served)
{
	static char none[] = "";
	struct state s = { .bytes = j->footprint.bytes, .stats = *served, .told = none, .addresses = none };
	int err;

	if (!sync_settled(&j->sync, &s.genid))
		return EXIT_DONE;
	if (fflush(j->footprint.told) != 0)
		return say_enomem();
	s.told = j->footprint.told_text;
	s.addresses = j->footprint.addresses ? j->footprint.addresses : none;
	memcpy(s.key, j->last.key, sizeof(s.key));
	siphash_end(&j->footprint.sum, s.digest);
	s.ipv4 = svcrules_nft_has_table(j->sync.wanted, NFPROTO_IPV4);
	s.ipv6 = svcrules_nft_has_table(j->sync.wanted, NFPROTO_IPV6);
	err = state_write(STATE_DIR, j->table, &s, j->sync.wanted);
	if (err == -ENOMEM)
		return say_enomem();
	/* Without a /run to write to there is none; anything else is worth a word. */
	if (err && err != -ENOENT && err != -EROFS && err != -EACCES && !j->args->given[OPT_QUIET])
		say("warning: cannot leave the state in %s: %s; the next run reads the kernel's rules", STATE_DIR,
		    strerror(-err));
	return EXIT_DONE;
}

/* The rules that the last run left, for when the generation proves that they are still there. */
static int recall(struct job *j)
{
	int err;

	if (j->args->given[OPT_VERIFY] || !j->last.genid)
		return EXIT_DONE;
	err = state_read_rules(STATE_DIR, j->table, &j->last, &j->sync.known);
	j->sync.known_genid = j->last.genid;
	return err == -ENOMEM ? say_enomem() : EXIT_DONE;
}

static int make_so(struct job *j, const struct svcrules_nft_stats *served)
{
	int lock = -1, code = writer_lock(j->args, &lock);

	if (!code)
		code = recall(j);
	if (!code)
		code = sync_make(&j->sync);
	if (!code)
		code = remember(j, served);
	if (lock >= 0)
		close(lock);
	if (!code)
		summary(j, served, "sent");
	return code;
}

static bool is_trial(const struct arguments *a)
{
	return a->given[OPT_DRY_RUN] || a->given[OPT_CHECK];
}

static int open_kernel(struct job *j)
{
	if (!j->sync.nl)
		j->sync.nl = kernel_open();
	return j->sync.nl ? EXIT_DONE : EXIT_KERNEL;
}

static int work(struct job *j)
{
	const struct svcrules_nft *wanted = j->sync.wanted;
	struct svcrules_nft_stats served;
	int code = open_kernel(j);

	if (code)
		return code;
	svcrules_nft_stats(wanted, &served);
	if (!j->args->given[OPT_QUIET])
		warn_host(j->sync.nl, svcrules_nft_has_table(wanted, NFPROTO_IPV4), svcrules_nft_has_table(wanted, NFPROTO_IPV6),
			  &served);
	return is_trial(j->args) ? try_only(j, &served) : make_so(j, &served);
}

static bool rules_unchanged(struct job *j)
{
	return kernel_unchanged(j->sync.nl, j->last.genid, j->table, j->last.ipv4, j->last.ipv6);
}

/* Says again what was said about the same input. */
static void retell(const struct state *s)
{
	for (const char *line = s->told, *end; (end = strchr(line, '\n')); line = end + 1)
		say("%.*s", (int)(end - line), line);
}

/*
 * The same input, and the generation that the last run left: then the kernel
 * has what is wanted, and nothing is read but the files' bytes. GO_ON otherwise.
 */
static int nothing_changed(struct job *j)
{
	const struct state *last = &j->last;
	int lock = -1, code;

	if (!last->genid || j->args->given[OPT_VERIFY])
		return GO_ON;
	code = open_kernel(j);
	if (code)
		return code;
	if (!rules_unchanged(j) || !footprint_same(j->args, last))
		return GO_ON;
	code = writer_lock(j->args, &lock);
	if (!code && !rules_unchanged(j))
		code = GO_ON;
	if (lock >= 0)
		close(lock);
	if (code)
		return code;
	retell(last);
	if (!j->args->given[OPT_QUIET])
		warn_host(j->sync.nl, last->ipv4, last->ipv6, &last->stats);
	summary(j, &last->stats, "sent");
	return EXIT_DONE;
}

/* What the last run left; with none, the key that this one's sum is made with. */
static int look_back(struct job *j)
{
	int err = state_read(STATE_DIR, j->table, &j->last);

	if (err == -ENOENT && getrandom(j->last.key, sizeof(j->last.key), 0) != (ssize_t)sizeof(j->last.key))
		memset(j->last.key, 0, sizeof(j->last.key)); /* no worse than a known key */
	return err == -ENOMEM ? say_enomem() : EXIT_DONE;
}

static int read_and_work(struct job *j)
{
	const struct arguments *a = j->args;
	bool trial = is_trial(a);
	int code = EXIT_DONE;

	if (!trial) {
		code = look_back(j);
		if (!code)
			code = nothing_changed(j);
		if (code != GO_ON)
			return code;
		code = footprint_start(&j->footprint, a, j->last.key) ? say_enomem() : EXIT_DONE;
	}
	/* Before the lock is taken: reading may last, as from a pipe. */
	if (!code)
		code = input_build(a, a->files, a->nfiles, j->settings, true, trial ? NULL : &j->footprint, &j->sync.wanted);
	return code ? code : work(j);
}

static int run(const struct arguments *a)
{
	struct job j = { .args = a, .start = seconds() };
	unsigned ms;
	int code = writer_wait(a, &ms); /* a wrong value is told before any work */

	if (!code)
		code = input_settings(a, &j.settings);
	if (code)
		return code;
	j.table = j.sync.table = svcrules_options_table(j.settings);
	code = read_and_work(&j);
	sync_release(&j.sync);
	nfnl_close(j.sync.nl);
	svcrules_nft_free(j.sync.wanted);
	svcrules_options_free(j.settings);
	footprint_release(&j.footprint);
	state_release(&j.last);
	return code;
}

const struct command command_apply = {
	.id = CMD_APPLY,
	.name = "apply",
	.synopsis = "-f FILE... [--dry-run] [--check] [--verify] [OPTION...]",
	.summary = "make the kernel serve what FILE says",
	.about = "Brings this network namespace's rules to what FILE says in one transaction, with\n"
		 "the smallest change. Nothing is changed if FILE has an error.\n",
	.run = run,
};
