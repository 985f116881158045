/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup.h"
#include "command.h"
#include "input.h"
#include "ipvs_apply.h"
#include "kernel.h"
#include "say.h"
#include "state/footprint.h"
#include "state.h"
#include "summary.h"
#include "sync.h"
#include "warn.h"
#include "exclusive.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <sys/random.h>
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
	struct rules rules;
};

static void summary(const struct job *j, const struct svcrules_nft_stats *served, const char *done)
{
	const struct sync *s = &j->sync;

	if (!j->args->given[OPT_QUIET])
		summary_print(&(struct summary){ .start = j->start, .served = served, .changed = &s->stats,
						 .messages = s->messages, .flows = s->flows, .done = done });
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
		code = cleanup_udp(&(struct cleanup_rules){ .now = s->wanted, .before = s->first }, true, &s->flows);
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
	int lock = -1, code = exclusive_lock(j->args, &lock);
	bool left = false;

	if (!code)
		code = recall(j);
	if (!code)
		code = sync_make(&j->sync);
	if (!code) /* now that these rules serve, IPVS need not */
		code = ipvs_retire(j->args, j->sync.nl, j->settings, &left);
	if (!code && !left) /* else the next run has to look again */
		code = remember(j, served);
	if (lock >= 0)
		close(lock);
	if (!code)
		summary(j, served, "sent");
	return code;
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
	return arguments_trial(j->args) ? try_only(j, &served) : make_so(j, &served);
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
	code = exclusive_lock(j->args, &lock);
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
	bool trial = arguments_trial(a);
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
		code = input_build(a, a->files, a->nfiles, j->settings, true, trial ? NULL : &j->footprint, &j->rules);
	j->sync.wanted = j->rules.nft;
	return code ? code : work(j);
}

static int nftables_apply(const struct arguments *a, struct svcrules_options *settings)
{
	struct job j = { .args = a, .settings = settings, .start = summary_clock() };
	int code;

	j.table = j.sync.table = svcrules_options_table(settings);
	code = read_and_work(&j);
	sync_release(&j.sync);
	netlink_close(j.sync.nl);
	rules_release(&j.rules);
	footprint_release(&j.footprint);
	state_release(&j.last);
	return code;
}

static int run(const struct arguments *a)
{
	struct svcrules_options *settings;
	unsigned unused;
	int code = options_wait(a, &unused); /* wrong values are told before any work */

	if (!code)
		code = options_drain_timeout(a, &unused);
	if (!code)
		code = input_settings(a, &settings);
	if (code)
		return code;
	code = arguments_ipvs(a) ? ipvs_apply(a, settings) : nftables_apply(a, settings);
	svcrules_options_free(settings);
	return code;
}

const struct command command_apply = {
	.id = CMD_APPLY,
	.name = "apply",
	.synopsis = "-f FILE... [--dry-run] [--check] [--verify] [OPTION...]",
	.summary = "make the kernel serve what FILE says",
	.about = "Brings this network namespace's rules to what FILE says, with nftables in one\n"
		 "transaction, with the smallest change. Nothing is changed if FILE has an error.\n",
	.run = run,
};
