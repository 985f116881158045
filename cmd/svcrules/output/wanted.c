/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/wanted.h"
#include "say.h"
#include "exit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The list ----------------------------------------------------------- */

static int compare_wanted(const void *a, const void *b)
{
	return strcmp(((const struct wanted_file *)a)->file.name,
		      ((const struct wanted_file *)b)->file.name);
}

static int wanted_add(struct wanted *w, size_t *cap, const struct wanted_file *f)
{
	struct wanted_file *v = w->v;

	if (w->n == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		v = reallocarray(w->v, *cap, sizeof(*v));
		if (!v)
			return say_enomem();
		w->v = v;
	}
	v[w->n++] = *f;
	return EXIT_DONE;
}

static int wanted_gather(struct wanted *w)
{
	struct wanted_file f = { .file = { .name = MANIFEST_NAME, .mode = 0644 }, .text = "" };
	struct svcrules_part part;
	size_t cap = 0;
	int code = wanted_add(w, &cap, &f);

	f.text = NULL;
	for (f.part = 0; !code && svcrules_ruleset_part(w->rs, f.part, &part); f.part++)
		for (f.i = 0; !code && svcrules_ruleset_file(w->rs, f.part, f.i, &f.file); f.i++)
			code = wanted_add(w, &cap, &f);
	if (!code)
		qsort(w->v + 1, w->n - 1, sizeof(*w->v), compare_wanted);
	return code;
}

/* Two files of one name, or a name that leads out of the folder, come from no target. */
static int wanted_check(const struct wanted *w, const struct owner *owner)
{
	int code = EXIT_DONE;

	for (size_t i = 1; i < w->n; i++) {
		const char *name = w->v[i].file.name;

		if (manifest_name_ok(name) && (i == 1 || strcmp(w->v[i - 1].file.name, name) != 0))
			continue;
		say("'%s' cannot be the name of a file, or two files have it", name);
		return EXIT_KERNEL;
	}
	for (size_t i = 1; !code && i < w->n; i++)
		code = owner_check(owner, &w->v[i].file);
	return code;
}

static int wanted_make_list(struct wanted *w, const char *target)
{
	const char **names = calloc(w->n, sizeof(*names));

	for (size_t i = 1; names && i < w->n; i++)
		names[i - 1] = w->v[i].file.name;
	w->list = names ? manifest_text(target, names, w->n - 1) : NULL;
	w->v[0].text = w->list;
	free(names);
	return w->list ? EXIT_DONE : say_enomem();
}

int wanted_list(const struct svcrules_ruleset *rs, const char *target, const struct owner *owner,
		struct wanted *ret)
{
	int code;

	*ret = (struct wanted){ .rs = rs };
	code = wanted_gather(ret);
	if (!code)
		code = wanted_check(ret, owner);
	return code ? code : wanted_make_list(ret, target);
}

void wanted_free(struct wanted *w)
{
	free(w->v);
	free(w->list);
	*w = (struct wanted){ NULL };
}

int wanted_print(const struct wanted *w, const struct wanted_file *f, svcrules_write_fn write,
		 void *arg)
{
	return f->text ? write(arg, f->text, strlen(f->text)) :
			 svcrules_file_print(w->rs, f->part, f->i, write, arg);
}

/* ---- Comparing ---------------------------------------------------------- */

#define DIFFERS (-ECANCELED) /* ends the printing at the first difference */

/* A file that is compared: its text as DIR has it. */
struct old_file {
	int fd;
	char have[16384];
};

/* Reads as many bytes as were printed, and compares; a svcrules_write_fn. */
static int compare_write(void *arg, const char *buf, size_t len)
{
	struct old_file *old = arg;

	while (len > 0) {
		ssize_t n = read(old->fd, old->have,
				 len < sizeof(old->have) ? len : sizeof(old->have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || memcmp(old->have, buf, (size_t)n) != 0)
			return DIFFERS;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int compare_text(const struct wanted *w, const struct wanted_file *f, int fd)
{
	struct old_file old;
	int err;

	old.fd = fd;
	err = wanted_print(w, f, compare_write, &old);
	if (f->file.secret)
		explicit_bzero(&old, sizeof(old));
	return err;
}

static bool is_at_end(int fd)
{
	ssize_t n;
	char c;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

int wanted_compare(const struct wanted *w, struct wanted_file *f, const struct place *p)
{
	int err, fd = p->old < 0 ? -1 : owner_open(p, f->file.name);
	struct stat st;

	f->same = false;
	if (fd < 0)
		return 0;
	err = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
			      st.st_uid != owner_uid(&p->owner, &f->file) ||
			      (st.st_mode & 07777) != f->file.mode ?
		      DIFFERS :
		      compare_text(w, f, fd);
	f->same = !err && is_at_end(fd);
	close(fd);
	return err == -ENOMEM ? err : 0;
}
