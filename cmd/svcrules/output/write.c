/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exit.h"
#include "output/output.h"
#include "output/wanted.h"
#include "progress.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* One run that writes. */
struct writing {
	struct output *o;
	struct place *p;
	struct wanted wanted;
	enum runner_slot slot; /* where the new folder is written */
	int fd;                /* the new folder; -1: not open */
	size_t written, removed;
};

/* ---- Files --------------------------------------------------------------- */

static int all_write(void *arg, const char *buf, size_t len)
{
	const int *fd = arg;

	while (len > 0) {
		ssize_t n = write(*fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Makes a new file, open as *ret_fd in every case that is not -1. Its mode is the wanted one at
 * most from the first moment, and exactly that at the end, whatever the umask is.
 */
static int new_file_fill(const struct writing *w, const struct wanted_file *f, int *ret_fd)
{
	int fd = openat(w->fd, f->file.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			f->file.secret ? 0600 : f->file.mode);

	*ret_fd = fd;
	if (fd < 0 || fchmod(fd, f->file.mode) < 0)
		return -errno;
	return wanted_print(&w->wanted, f, all_write, &fd);
}

static int new_file_failed(const struct writing *w, const struct wanted_file *f, int err)
{
	char what[sizeof("write ") + 255];

	snprintf(what, sizeof(what), "write %s", f->file.name);
	return place_failed(w->p, what, err);
}

static int new_file_write(const struct writing *w, const struct wanted_file *f)
{
	int fd, err = new_file_fill(w, f, &fd);
	int code = err ? EXIT_DONE : owner_give(w->p, w->slot, &f->file, fd);

	if (!err && !code && fsync(fd) < 0)
		err = -errno;
	if (fd >= 0 && close(fd) < 0 && !err)
		err = -errno;
	return code || !err ? code : new_file_failed(w, f, err);
}

/*
 * A link to the old file is as good as a copy, and costs nothing. The kernel may refuse one to a
 * file of another user (fs.protected_hardlinks).
 */
static int new_file(const struct writing *w, const struct wanted_file *f)
{
	if (f->same && linkat(w->p->old, f->file.name, w->fd, f->file.name, 0) == 0)
		return EXIT_DONE;
	return new_file_write(w, f);
}

/* ---- The new folder ------------------------------------------------------ */

/* Servers that could read the old folder can read the new one. */
static int new_folder_owner(struct writing *w)
{
	const struct place *p = w->p;
	struct stat st;
	int err = fstat(w->fd, &st) < 0 ? -errno : 0;

	if (p->old >= 0 && !err && (st.st_uid != p->uid || st.st_gid != p->gid)) {
		err = runner_chown(&w->o->runner, w->slot);
		if (err)
			return place_failed(p, "give the new folder the owner of the old one", err);
	}
	/* the set-group-ID bit of a group that is not ours stays only if it is not set again */
	if (!err && fstat(w->fd, &st) < 0)
		err = -errno;
	if (!err && (st.st_mode & 07777) != p->mode && fchmod(w->fd, p->mode) < 0)
		err = -errno;
	return err ? place_failed(p, "make the new folder", err) : EXIT_DONE;
}

/* The list comes first: with it, a later run knows what it may remove. */
static int new_folder_fill(struct writing *w)
{
	int code = EXIT_DONE;

	progress_begin("writing the files", w->wanted.n);
	for (size_t i = 0; i < w->wanted.n && !code; i++) {
		code = new_file(w, &w->wanted.v[i]);
		progress_add(1);
	}
	if (!code && fsync(w->fd) < 0)
		code = place_failed(w->p, "write the new folder", -errno);
	progress_end();
	return code;
}

static int new_folder(struct writing *w)
{
	const char *name = runner_slot_name(w->slot);
	int code;

	if (mkdirat(w->p->work, name, 0700) < 0)
		return place_failed(w->p, "make the new folder", -errno);
	w->fd = openat(w->p->work, name, FOLDER);
	if (w->fd < 0)
		return place_failed(w->p, "make the new folder", -errno);
	code = new_folder_owner(w);
	return code ? code : new_folder_fill(w);
}

/* ---- Commands ------------------------------------------------------------ */

/* What became of a command, as an exit code. `after` says what that means for DIR. */
static int command_end(const struct place *p, const char *option, int status, const char *after)
{
	if (status == 0)
		return EXIT_DONE;
	if (status < 0)
		say("%s: %s: cannot run the command: %s: %s", p->shown, option, strerror(-status),
		    after);
	else if (WIFSIGNALED(status))
		say("%s: %s: the command was ended by signal %d: %s", p->shown, option,
		    WTERMSIG(status), after);
	else
		say("%s: %s: the command ended with status %d: %s", p->shown, option,
		    WEXITSTATUS(status), after);
	return EXIT_KERNEL;
}

static int new_folder_validate(struct writing *w)
{
	int code;

	if (!w->o->arguments->given[OPT_VALIDATE])
		return EXIT_DONE;
	code = command_end(w->p, "--validate", runner_validate(&w->o->runner, w->slot),
			   "nothing is changed");
	return code ? code : place_tidy(w->p, w->fd);
}

/* ---- The exchange -------------------------------------------------------- */

static bool cannot_exchange(int err)
{
	return err == -EINVAL || err == -ENOSYS || err == -EOPNOTSUPP || err == -ENOTTY;
}

/*
 * Tries with two empty folders whether the file system can exchange; decides what DIR will be. DIR
 * does not exist yet.
 */
static int choose_layout(struct writing *w)
{
	int work = w->p->work, err = 0;

	if (mkdirat(work, "new", 0700) < 0 || mkdirat(work, "probe", 0700) < 0 ||
	    renameat2(work, "new", work, "probe", RENAME_EXCHANGE) < 0)
		err = -errno;
	(void)unlinkat(work, "probe", AT_REMOVEDIR);
	(void)unlinkat(work, "new", AT_REMOVEDIR);
	if (err && !cannot_exchange(err))
		return place_failed(w->p, "make a folder beside it", err);
	w->p->is_link = err != 0;
	w->p->used = RUNNER_B; /* so that the first one is written to "a" */
	if (err && !arguments_quiet(w->o->arguments))
		say("notice: %s: this file system cannot exchange two folders: it is a symbolic "
		    "link to a folder in %s",
		    w->p->shown, w->p->work_name);
	return EXIT_DONE;
}

/* Replaces a symbolic link, or makes the first. */
static int exchange_link(const struct writing *w)
{
	const struct place *p = w->p;
	char *text;
	int err = asprintf(&text, "%s/%s", p->work_name, runner_slot_name(w->slot)) < 0 ? -ENOMEM :
											  0;

	if (err)
		return err;
	if (symlinkat(text, p->work, "link") < 0 ||
	    renameat(p->work, "link", p->parent, p->name) < 0)
		err = -errno;
	free(text);
	return err;
}

static int exchange(const struct writing *w)
{
	const struct place *p = w->p;
	int err;

	if (p->is_link)
		return exchange_link(w);
	/* a rename of a folder replaces nothing but an empty folder */
	err = p->old < 0 ? renameat(p->work, "new", p->parent, p->name) :
			   renameat2(p->work, "new", p->parent, p->name, RENAME_EXCHANGE);
	return err < 0 ? -errno : 0;
}

static int exchange_failed(const struct writing *w, int err)
{
	if (!cannot_exchange(err))
		return place_failed(w->p, "put the new folder in its place", err);
	say("%s: this file system cannot exchange two folders: move it away, and the next run "
	    "makes it a symbolic link, which can be replaced",
	    w->p->shown);
	return EXIT_KERNEL;
}

/* Notes what a later run must know if this one is killed, and brings all to the disk. */
static int prepare_exchange(struct writing *w)
{
	int code = place_set_mark(w->p, PLACE_SWAP);

	if (!code && w->o->arguments->given[OPT_THEN])
		code = place_set_mark(w->p, PLACE_DUE);
	if (!code && fsync(w->p->work) < 0)
		code = place_failed(w->p, "write the new folder", -errno);
	return code;
}

/* Puts the new folder in place. *ret_due: --then must be run, even by a later run. */
static int put_in_place(struct writing *w, bool *ret_due)
{
	bool was_due = place_is_marked(w->p, PLACE_DUE);
	int code = prepare_exchange(w), err = code ? 0 : exchange(w);

	if (code || err) {
		if (!was_due)
			place_clear_mark(w->p, PLACE_DUE);
		return code ? code : exchange_failed(w, err);
	}
	*ret_due = true;
	/* what place_clean() keeps is the new one from now on */
	w->p->used = w->slot;
	if (fsync(w->p->parent) < 0 || fsync(w->p->work) < 0) {
		err = -errno;
		say("%s: the new files are there, but perhaps not on the disk: %s", w->p->shown,
		    strerror(-err));
		return EXIT_KERNEL;
	}
	return EXIT_DONE;
}

/* ---- The whole ----------------------------------------------------------- */

static int compare_all(struct writing *w, bool *ret_same)
{
	w->written = w->removed = 0;
	*ret_same = w->p->old >= 0;
	for (size_t i = 0; i < w->wanted.n; i++) {
		struct wanted_file *f = &w->wanted.v[i];

		if (wanted_compare(&w->wanted, f, w->p))
			return say_enomem();
		*ret_same = *ret_same && f->same;
		w->written += i > 0 && !f->same;
	}
	return EXIT_DONE;
}

static void count_gone(struct writing *w)
{
	const struct manifest *m = &w->p->have;
	size_t at = 1;

	for (size_t i = 0; i < m->n; i++) {
		while (at < w->wanted.n && strcmp(w->wanted.v[at].file.name, m->names[i]) < 0)
			at++;
		w->removed += at >= w->wanted.n ||
			      strcmp(w->wanted.v[at].file.name, m->names[i]) != 0;
	}
}

static void say_done(const struct writing *w, bool changed)
{
	char line[100];
	int n = changed ? snprintf(line, sizeof(line),
				   ": files: %zu written, %zu removed, %zu unchanged\n", w->written,
				   w->removed, w->wanted.n - 1 - w->written) :
			  snprintf(line, sizeof(line), ": no changes\n");

	if (w->o->arguments->given[OPT_QUIET])
		return;
	/* an error of standard output is reported at the end */
	(void)out_write(NULL, w->p->shown, strlen(w->p->shown));
	(void)out_write(NULL, line, (size_t)n);
	(void)fflush(stdout); /* before the words of --then */
}

static int run_then(struct writing *w, bool due)
{
	int code;

	if (!w->o->arguments->given[OPT_THEN] || !due)
		return EXIT_DONE;
	code = command_end(w->p, "--then", runner_then(&w->o->runner),
			   "the new files are in place; the next run with --then runs it again");
	if (!code)
		place_clear_mark(w->p, PLACE_DUE);
	return code;
}

/* Makes the new folder and puts it in place; the work folder is locked and clean. */
static int write_new(struct writing *w, bool *ret_due)
{
	int code = w->p->old < 0 && !w->p->is_link ? choose_layout(w) : EXIT_DONE;

	w->slot = !w->p->is_link ? RUNNER_NEW : w->p->used == RUNNER_A ? RUNNER_B : RUNNER_A;
	if (!code)
		code = new_folder(w);
	if (!code)
		code = new_folder_validate(w);
	if (!code)
		code = put_in_place(w, ret_due);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	return code;
}

/* Everything that needs the lock. */
static int write_locked(struct writing *w)
{
	bool same = false, due;
	int code = place_look(w->p, w->o->target), cleaned;

	if (!code)
		code = place_clean(w->p);
	if (!code)
		code = compare_all(w, &same);
	if (code)
		return code;
	due = place_is_marked(w->p, PLACE_DUE);
	count_gone(w);
	if (!same)
		code = write_new(w, &due);
	if (!code)
		say_done(w, !same);
	if (!code)
		code = run_then(w, due);
	/* the old folder, or a new one that failed; of two errors the first one counts */
	cleaned = same ? EXIT_DONE : place_clean(w->p);
	return code ? code : cleaned;
}

/* True if there is nothing to do, found out without a lock and without writing anything. */
static bool is_up_to_date(struct writing *w)
{
	bool same = false;
	int code;

	w->p->silent = true;
	code = place_look(w->p, w->o->target);
	w->p->silent = false;
	return !code && compare_all(w, &same) == EXIT_DONE && same && !place_has_work(w->p);
}

int output_write(struct output *o, const struct svcrules_ruleset *rs)
{
	struct writing w = { .o = o, .p = &o->place, .fd = -1 };
	int code = wanted_list(rs, o->target, &o->place.owner, &w.wanted);

	if (!code && is_up_to_date(&w)) {
		say_done(&w, false);
	} else if (!code) {
		code = place_lock(w.p, o->wait_ms);
		if (!code)
			code = write_locked(&w);
		place_unlock(w.p);
	}
	wanted_free(&w.wanted);
	return code;
}
