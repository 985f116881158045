/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup.h"
#include "command.h"
#include "input.h"
#include "kernel.h"
#include "say.h"
#include "svcrules.h"
#include "warn.h"
#include "writer.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define TRIES_MAX 10
#define REFUSALS_MAX 20 /* told; more say nothing new */

enum { AGAIN = -1 }; /* instead of an exit code: the kernel's rules moved */

struct job {
	const struct arguments *args;
	const char *table;
	struct nfnl *nl;
	struct svcrules_nft *wanted;
	struct svcrules_nft *first;  /* the kernel's, before we changed anything */
	struct svcrules_nft *before; /* the kernel's, as last read; may be `first` */
	struct svcrules_changes *changes;
	struct svcrules_changes_stats stats; /* of the changes sent */
	uint32_t genid;
	size_t messages; /* sent */
	size_t flows;    /* stale UDP flows deleted */
	bool keep;       /* let the kernel remember what is removed, until its flows are */
	bool kept;       /* there was something to remember */
};

static double seconds(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void forget_reading(struct job *j)
{
	svcrules_changes_free(j->changes);
	if (j->before != j->first)
		svcrules_nft_free(j->before);
	j->changes = NULL;
	j->before = NULL;
}

/* Reads the kernel's rules and finds what to change. */
static int compare(struct job *j)
{
	int code;

	forget_reading(j);
	code = kernel_read_own(j->nl, j->table, &j->before, &j->genid);
	if (code)
		return code;
	if (!j->first)
		j->first = j->before;
	if (j->keep && svcrules_nft_keep_removed(j->wanted, j->before, &j->kept))
		return say_enomem();
	return svcrules_nft_diff(j->before, j->wanted, &j->changes) ? say_enomem() : EXIT_DONE;
}

static int send_changes(struct job *j, bool commit)
{
	struct nfnl_error errors[REFUSALS_MAX];
	size_t len, messages, nerrors = 0;
	void *buf;
	int err = svcrules_changes_encode(j->changes, &buf, &len, &messages);

	if (err)
		return say_enomem();
	err = nfnl_batch_send(j->nl, buf, len, commit, j->genid, messages, errors, REFUSALS_MAX, &nerrors, NULL);
	free(buf);
	if (err == -ERESTART)
		return AGAIN;
	/* With answers lost, the changes may be made or not: the next reading tells. */
	if (!err || (err == -ENOBUFS && nerrors == 0)) {
		if (!j->messages) /* the first are the services'; forgetting what was removed comes after */
			svcrules_changes_stats(j->changes, &j->stats);
		j->messages += messages;
	}
	if (err == -ENOBUFS && nerrors == 0)
		return AGAIN;
	return err ? kernel_refused(j->changes, err, errors, nerrors) : EXIT_DONE;
}

/* Brings the kernel's rules to what is wanted, or with `commit` false asks whether they could be. */
static int synchronize(struct job *j, bool commit)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int code = compare(j);

		if (!code && !svcrules_changes_empty(j->changes))
			code = send_changes(j, commit);
		if (code != AGAIN)
			return code;
	}
	return kernel_failed("change the kernel's rules", -ERESTART);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void summary(const struct job *j, double start, const char *done)
{
	struct svcrules_nft_stats s;

	svcrules_nft_stats(j->wanted, &s);
	printf("%zu service%s, %zu endpoint%s: ", s.services, plural(s.services), s.endpoints, plural(s.endpoints));
	if (j->messages)
		printf("%zu element%s added, %zu removed (%zu change%s %s)", j->stats.elements_added,
		       plural(j->stats.elements_added), j->stats.elements_removed, j->messages, plural(j->messages),
		       done);
	else
		printf("no changes");
	if (j->flows)
		printf(", %zu stale UDP flow%s deleted", j->flows, plural(j->flows));
	printf(" in %.3f s\n", seconds() - start);
}

/* --dry-run and --check: nothing is touched, so the lock is not needed. */
static int try_only(struct job *j, double start)
{
	bool check = j->args->given[OPT_CHECK];
	int code = check ? synchronize(j, false) : compare(j);

	if (!code && j->args->given[OPT_DRY_RUN]) {
		if (svcrules_changes_print(j->changes, out_colour(), out_write, NULL) == -ENOMEM)
			return say_enomem();
		code = cleanup_udp(j->wanted, j->first, true, &j->flows);
		j->flows = 0; /* none was deleted */
	}
	if (!code && check && !j->args->given[OPT_QUIET])
		summary(j, start, "accepted, not made");
	return code;
}

/* Rules, then remembered clients, then flows; a run that is killed anywhere is completed by the next. */
static int make_all(struct job *j)
{
	int code;

	j->keep = true;
	code = synchronize(j, true);
	if (!code)
		code = cleanup_affinity(j->nl, j->wanted, j->table);
	if (!code)
		code = cleanup_udp(j->wanted, j->first, false, &j->flows);
	if (code || !j->kept)
		return code;
	j->keep = false;
	svcrules_nft_forget_removed(j->wanted);
	return synchronize(j, true);
}

static int make_so(struct job *j, double start)
{
	int lock = -1, code = writer_lock(j->args, &lock);

	if (!code)
		code = make_all(j);
	if (lock >= 0)
		close(lock);
	if (!code && !j->args->given[OPT_QUIET])
		summary(j, start, "sent");
	return code;
}

static int work(struct job *j, double start)
{
	const struct arguments *a = j->args;

	j->nl = kernel_open();
	if (!j->nl)
		return EXIT_KERNEL;
	if (!a->given[OPT_QUIET])
		warn_host(j->nl, j->wanted);
	return a->given[OPT_DRY_RUN] || a->given[OPT_CHECK] ? try_only(j, start) : make_so(j, start);
}

static int run(const struct arguments *a)
{
	struct job j = { .args = a };
	struct svcrules_options *settings;
	double start = seconds();
	unsigned ms;
	int code = writer_wait(a, &ms); /* a wrong value is told before any work */

	if (!code)
		code = input_settings(a, &settings);
	if (code)
		return code;
	/* Before the lock is taken: reading may last, as from a pipe. */
	code = input_build(a, a->files, a->nfiles, settings, true, &j.wanted);
	if (!code) {
		j.table = svcrules_options_table(settings);
		code = work(&j, start);
	}
	forget_reading(&j);
	svcrules_nft_free(j.first);
	nfnl_close(j.nl);
	svcrules_nft_free(j.wanted);
	svcrules_options_free(settings);
	return code;
}

const struct command command_apply = {
	.id = CMD_APPLY,
	.name = "apply",
	.synopsis = "-f FILE... [--dry-run] [--check] [OPTION...]",
	.summary = "make the kernel serve what FILE says",
	.about = "Brings this network namespace's rules to what FILE says in one transaction, with\n"
		 "the smallest change. Nothing is changed if FILE has an error.\n",
	.run = run,
};
