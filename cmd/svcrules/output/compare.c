/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff -o DIR: only the files that differ are in memory, each as a part of two rule sets. */
#include "exit.h"
#include "output/output.h"
#include "output/wanted.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOKS 3
#define OTHERS_MAX (64U << 20) /* bytes of a file that another user can make longer */

struct comparing {
	const struct place *p;
	bool secrets; /* of the target: what it wrote and is gone may have been a key */
	struct wanted wanted;
	struct svcrules_ruleset *from, *to;
	bool owners; /* a file has another owner than it must have */
};

struct text {
	char *p;
	size_t n, cap;
};

/* May hold a secret: what it leaves is overwritten. */
static void text_release(struct text *t)
{
	if (t->p)
		explicit_bzero(t->p, t->cap);
	free(t->p);
}

static int text_append(void *arg, const char *buf, size_t len)
{
	struct text *t = arg, more = { NULL, t->n, (t->n + len + 1) * 2 };

	if (!t->p || t->cap - t->n <= len) {
		more.p = malloc(more.cap);
		if (!more.p)
			return -ENOMEM;
		if (t->n)
			memcpy(more.p, t->p, t->n);
		text_release(t);
		*t = more;
	}
	memcpy(t->p + t->n, buf, len);
	t->n += len;
	t->p[t->n] = '\0';
	return 0;
}

static int old_text_read(int fd, size_t limit, struct text *t)
{
	char buf[65536];
	ssize_t n;
	int err = text_append(t, "", 0);

	while (!err && (n = read(fd, buf, sizeof(buf))) != 0)
		if (n > 0)
			err = t->n > limit ? -EFBIG : text_append(t, buf, (size_t)n);
		else if (errno != EINTR)
			err = -errno;
	explicit_bzero(buf, sizeof(buf));
	return err;
}

/* Reads a file of DIR, which may be missing: then t->p remains NULL. */
static int old_read(const struct comparing *c, const char *name, unsigned *ret_mode, struct text *t)
{
	int fd = c->p->old < 0 ? -ENOENT : owner_open(c->p, name), err;
	bool other = false;
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fstatat(c->p->old, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		*ret_mode = st.st_mode & 07777;
		other = c->p->owner.name && st.st_uid != geteuid();
	}
	err = fd < 0 ? fd : old_text_read(fd, other ? OTHERS_MAX : SIZE_MAX, t);
	if (fd >= 0)
		close(fd);
	/* the server's user may have made anything of it, which differs */
	if (!other || (err != -EACCES && err != -EPERM && err != -EFBIG))
		return err;
	t->n = 0;
	return text_append(t, "", 0);
}

/* Adds the file as DIR has it; it may be missing. */
static int add_old(struct comparing *c, const struct svcrules_file *like)
{
	struct svcrules_file f = *like;
	struct text t = { NULL };
	int err = old_read(c, f.name, &f.mode, &t);

	if (!err)
		err = svcrules_files_add(c->from, &f, t.p, t.n);
	text_release(&t);
	return err ? place_failed(c->p, "read its files", err) : EXIT_DONE;
}

/* Adds the file as it shall be; `w` NULL: it shall be gone. */
static int add_new(struct comparing *c, const struct svcrules_file *f, const struct wanted_file *w)
{
	struct text t = { NULL };
	int err = w ? text_append(&t, "", 0) : 0;

	if (!err && w)
		err = wanted_print(&c->wanted, w, text_append, &t);
	if (!err)
		err = svcrules_files_add(c->to, f, t.p, t.n);
	text_release(&t);
	return err ? say_enomem() : EXIT_DONE;
}

static int add_both(struct comparing *c, const struct svcrules_file *f, const struct wanted_file *w)
{
	int code = add_old(c, f);

	return code ? code : add_new(c, f, w);
}

/* A file that differs may have the right text and mode. */
static void check_owner(struct comparing *c, const struct svcrules_file *f)
{
	const struct owner *o = &c->p->owner;
	struct stat st;

	if (!o->name || !f->worker || c->p->old < 0 ||
	    fstatat(c->p->old, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_uid == owner_uid(o, f))
		return;
	c->owners = true;
	say("%s: %s does not belong to the user '%s', who must read it", c->p->shown, f->name,
	    o->name);
}

/* The files that DIR has and shall have are both in the order of their names. */
static int gather(struct comparing *c)
{
	const struct manifest *m = &c->p->have;
	size_t i = 0, k = 1;
	int code = EXIT_DONE;

	while (!code && (i < m->n || k < c->wanted.n)) {
		struct wanted_file *w = k < c->wanted.n ? &c->wanted.v[k] : NULL;
		int order = !w ? -1 : i >= m->n ? 1 : strcmp(m->names[i], w->file.name);
		struct svcrules_file gone = { .name = order < 0 ? m->names[i] : "",
					      .secret = c->secrets };

		i += order <= 0;
		k += order >= 0;
		if (order < 0)
			code = add_both(c, &gone, NULL);
		else if (wanted_compare(&c->wanted, w, c->p))
			code = say_enomem();
		else if (!w->same)
			code = add_both(c, &w->file, w);
		if (!code && order >= 0 && !w->same)
			check_owner(c, &w->file);
	}
	return code;
}

static int compare_print(const struct comparing *c)
{
	struct svcrules_changes *changes;
	int err, code;

	if (svcrules_diff(c->from, c->to, &changes))
		return say_enomem();
	err = svcrules_changes_print(changes, NULL, out_colour(), out_write, NULL);
	code = svcrules_changes_empty(changes) && !c->owners ? EXIT_DONE : EXIT_DIFFERS;
	svcrules_changes_free(changes);
	/* any other error is of standard output, and reported at the end */
	return err == -ENOMEM ? say_enomem() : code;
}

/* While another run replaces DIR, what was opened may be removed: then it is opened again. */
static int look(struct output *o)
{
	int code = EXIT_KERNEL;

	o->place.silent = true;
	for (int i = 0; code && i < LOOKS; i++)
		code = place_look(&o->place, o->target);
	o->place.silent = false;
	return code ? place_look(&o->place, o->target) : EXIT_DONE;
}

int output_diff(struct output *o, const struct svcrules_ruleset *rs)
{
	struct comparing c = { .p = &o->place,
			       .secrets = o->arguments->target->secrets,
			       .from = svcrules_files_new(),
			       .to = svcrules_files_new() };
	int code = wanted_list(rs, o->target, &o->place.owner, &c.wanted);

	if (!code)
		code = look(o);
	if (!code && (!c.from || !c.to))
		code = say_enomem();
	if (!code)
		code = gather(&c);
	if (!code)
		code = compare_print(&c);
	svcrules_ruleset_free(c.from);
	svcrules_ruleset_free(c.to);
	wanted_free(&c.wanted);
	return code;
}
