/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/place.h"
#include "exit.h"
#include "say.h"
#include "trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Says what is wrong with DIR, unless only the exit code is wanted. Returns EXIT_KERNEL. */
static int __attribute__((format(printf, 2, 3)))
complain(const struct place *p, const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	if (p->silent)
		return EXIT_KERNEL;
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		return say_enomem();
	say("%s: %s", p->shown, text);
	free(text);
	return EXIT_KERNEL;
}

int place_failed(const struct place *p, const char *what, int err)
{
	if (err == -ENOMEM)
		return say_enomem();
	return complain(p, "cannot %s: %s", what, strerror(-err));
}

/* ---- The folder above ---------------------------------------------------- */

/* Splits "PARENT/NAME/" into malloc'ed parts. */
static int split_path(struct place *p, char **ret_parent)
{
	size_t len = strlen(p->shown), start;

	while (len > 1 && p->shown[len - 1] == '/')
		len--;
	for (start = len; start > 0 && p->shown[start - 1] != '/';)
		start--;
	p->name = strndup(p->shown + start, len - start);
	*ret_parent = start ? strndup(p->shown, start) : strdup(".");
	if (!p->name || !*ret_parent || asprintf(&p->work_name, ".%s.svcrules", p->name) < 0) {
		p->work_name = NULL;
		return say_enomem();
	}
	if (*p->name && strcmp(p->name, ".") != 0 && strcmp(p->name, "..") != 0)
		return EXIT_DONE;
	say("-o: '%s' does not end with the name of a folder", p->shown);
	return EXIT_USAGE;
}

/* Refuses what others could replace. `problem` is a sentence, which it frees, or NULL. */
static int refuse_problem(const struct place *p, const char *where, char *problem)
{
	int code;

	if (!problem)
		return EXIT_DONE;
	code = complain(p, "%s%s: what others may replace is refused; --insecure-output goes on",
			where, problem);
	free(problem);
	return code;
}

static int open_parent(struct place *p, const char *path)
{
	char *problem = NULL;

	p->parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->parent_path = p->parent < 0 ? NULL : realpath(path, NULL);
	if (!p->parent_path)
		return place_failed(p, "open the folder above it", -errno);
	if (!p->insecure && trust_file(path, p->parent, &problem))
		return say_enomem();
	return refuse_problem(p, "the folder above it: ", problem);
}

int place_open(const char *shown, bool insecure, struct place *ret)
{
	char *parent = NULL;
	int code;

	*ret = (struct place){
		.shown = shown, .insecure = insecure, .parent = -1, .work = -1, .old = -1
	};
	code = split_path(ret, &parent);
	if (!code)
		code = open_parent(ret, parent);
	free(parent);
	return code;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void place_close(struct place *p)
{
	close_fd(&p->old);
	close_fd(&p->work);
	close_fd(&p->parent);
	manifest_free(&p->have);
	free(p->parent_path);
	free(p->name);
	free(p->work_name);
	*p = (struct place){ .parent = -1, .work = -1, .old = -1 };
}

/* ---- What DIR is --------------------------------------------------------- */

/* True if the text of a symbolic link leads to a slot of the work folder. */
static bool is_own_link(struct place *p, const char *text)
{
	size_t n = strlen(p->work_name);

	if (strncmp(text, p->work_name, n) != 0 || text[n] != '/')
		return false;
	for (p->used = RUNNER_A; p->used < RUNNER_SLOTS; p->used++)
		if (strcmp(text + n + 1, runner_slot_name(p->used)) == 0)
			return true;
	return false;
}

static int look_at_link(struct place *p)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(p->parent, p->name, text, sizeof(text) - 1);
	int work;

	if (n < 0)
		return place_failed(p, "read the link", -errno);
	text[n] = '\0';
	if (!is_own_link(p, text))
		return complain(p, "is a symbolic link: name the folder that it leads to");
	p->is_link = true;
	work = openat(p->parent, p->work_name, FOLDER);
	if (work >= 0)
		p->old = openat(work, runner_slot_name(p->used), FOLDER);
	if (p->old < 0 && errno != ENOENT)
		return place_failed(p, "open it", -errno);
	close_fd(&work);
	return EXIT_DONE;
}

static int look_at_folder(struct place *p)
{
	struct stat above, st;

	p->old = openat(p->parent, p->name, FOLDER);
	if (p->old < 0)
		return place_failed(p, "open it", -errno);
	if (fstat(p->parent, &above) == 0 && fstat(p->old, &st) == 0 && st.st_dev != above.st_dev)
		return complain(p, "is a mount point, which cannot be exchanged: name a folder in "
				   "it");
	return EXIT_DONE;
}

static int find_old(struct place *p)
{
	struct stat st;

	if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? EXIT_DONE : place_failed(p, "open it", -errno);
	if (S_ISLNK(st.st_mode))
		return look_at_link(p);
	if (S_ISDIR(st.st_mode))
		return look_at_folder(p);
	return complain(p, "is no folder");
}

static int check_old(struct place *p)
{
	char *problem = NULL;
	struct stat st;

	if (fstat(p->old, &st) < 0)
		return place_failed(p, "open it", -errno);
	p->mode = st.st_mode & 07777;
	p->uid = st.st_uid;
	p->gid = st.st_gid;
	if (!p->insecure && trust_status("it", &st, &problem))
		return say_enomem();
	return refuse_problem(p, "", problem);
}

/* ---- Whose files it has -------------------------------------------------- */

/* True for a file of ours, as far as its name and type tell, or one that is gone. */
static bool is_own_file(const struct manifest *m, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return (strcmp(name, MANIFEST_NAME) == 0 || manifest_has(m, name)) && S_ISREG(st.st_mode);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Opens a folder once more, for reading its entries. NULL: errno says why. */
static DIR *open_entries_of(int dir)
{
	int fd = openat(dir, ".", FOLDER);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static int refuse_strange(const struct place *p, const char *name)
{
	return complain(p, "has '%s', which svcrules did not write: nothing is changed", name);
}

static int check_entries(const struct place *p)
{
	DIR *d = open_entries_of(p->old);
	struct dirent *e;
	int code = EXIT_DONE;

	if (!d)
		return place_failed(p, "read it", -errno);
	while (!code && (errno = 0, e = readdir(d)))
		if (!is_dots(e->d_name) && !is_own_file(&p->have, p->old, e->d_name))
			code = refuse_strange(p, e->d_name);
	if (!code && errno)
		code = place_failed(p, "read it", -errno);
	closedir(d);
	return code;
}

static int check_content(struct place *p, const char *target)
{
	int err = manifest_read(p->old, &p->have);

	if (err == -EBADMSG)
		return refuse_strange(p, MANIFEST_NAME);
	if (err)
		return place_failed(p, "read the list of its files", err);
	if (!p->have.target || strcmp(p->have.target, target) == 0)
		return check_entries(p);
	return complain(p, "has the files of --target %s: nothing is changed", p->have.target);
}

/* Finds DIR, and forgets what it was. */
static int place_find_old(struct place *p)
{
	int code;

	close_fd(&p->old);
	manifest_free(&p->have);
	p->is_link = false;
	p->mode = 0755;
	p->uid = geteuid();
	p->gid = getegid();
	code = find_old(p);
	return code || p->old < 0 ? code : check_old(p);
}

int place_look(struct place *p, const char *target)
{
	int code = place_find_old(p);

	return code || p->old < 0 ? code : check_content(p, target);
}

void place_peek(struct place *p)
{
	p->silent = true;
	(void)place_find_old(p);
	p->silent = false;
}

/* ---- The work folder ----------------------------------------------------- */

/* What a run has in the work folder until it ends. */
static const char *const leftovers[] = { "new", "probe", "a", "b", "link", PLACE_DUE, PLACE_SWAP };
#define LEFTOVER_FOLDERS 4 /* the first ones */

static bool is_used(const struct place *p, const char *name)
{
	return p->is_link && strcmp(name, runner_slot_name(p->used)) == 0;
}

bool place_has_work(const struct place *p)
{
	int work = openat(p->parent, p->work_name, FOLDER);
	bool any = work >= 0 ? !p->is_link : errno != ENOENT;

	for (size_t i = 0; !any && work >= 0 && i < sizeof(leftovers) / sizeof(*leftovers); i++)
		any = !is_used(p, leftovers[i]) &&
		      faccessat(work, leftovers[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (work >= 0)
		close(work);
	return any;
}

static int remove_all(int at, const char *name);

/* Removes the entries of a folder that `keep` (NULL: nothing) does not list. */
static int remove_entries(int dir, const struct manifest *keep)
{
	DIR *d = open_entries_of(dir);
	struct dirent *e;
	int err = d ? 0 : -errno;

	while (!err && (errno = 0, e = readdir(d)))
		if (!is_dots(e->d_name) && !(keep && (strcmp(e->d_name, MANIFEST_NAME) == 0 ||
						      manifest_has(keep, e->d_name))))
			err = remove_all(dir, e->d_name);
	if (!err && errno)
		err = -errno;
	if (d)
		closedir(d);
	return err;
}

/* Removes a file, or a folder with all that is in it. 0 if there is none. */
static int remove_all(int at, const char *name)
{
	int fd, err;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat(at, name, FOLDER);
	if (fd < 0)
		return -errno;
	err = remove_entries(fd, NULL);
	close(fd);
	return !err && unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : err;
}

/* Removes a folder as far as its list says. 0 if there is none. */
static int remove_listed(int work, const char *name)
{
	int fd = openat(work, name, FOLDER), err;
	struct manifest m;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = manifest_read(fd, &m);
	for (size_t i = 0; !err && i < m.n; i++)
		if (unlinkat(fd, m.names[i], 0) < 0 && errno != ENOENT)
			err = -errno;
	/* the list goes last: a run that is killed here leaves what the next one understands */
	if (!err && unlinkat(fd, MANIFEST_NAME, 0) < 0 && errno != ENOENT)
		err = -errno;
	manifest_free(&m);
	close(fd);
	return !err && unlinkat(work, name, AT_REMOVEDIR) < 0 ? -errno : err;
}

int place_tidy(const struct place *p, int dir)
{
	struct manifest m;
	int err = manifest_read(dir, &m);

	if (!err)
		err = remove_entries(dir, &m);
	manifest_free(&m);
	return err ? place_failed(p, "remove what --validate left in the new folder", err) :
		     EXIT_DONE;
}

int place_clean(struct place *p)
{
	bool swapped = place_is_marked(p, PLACE_SWAP);

	for (size_t i = 0; i < LEFTOVER_FOLDERS; i++) {
		const char *name = leftovers[i];
		int err = is_used(p, name) ? 0 :
			  swapped          ? remove_listed(p->work, name) :
					     remove_all(p->work, name);

		if (err == -ENOTEMPTY || err == -EEXIST || err == -EISDIR || err == -EBADMSG)
			return complain(
				p, "%s/%s/%s has a file that svcrules did not write: remove it",
				p->parent_path, p->work_name, name);
		if (err)
			return place_failed(p, "remove what an earlier run left", err);
	}
	if (unlinkat(p->work, "link", 0) < 0 && errno != ENOENT)
		return place_failed(p, "remove what an earlier run left", -errno);
	place_clear_mark(p, PLACE_SWAP);
	return EXIT_DONE;
}
