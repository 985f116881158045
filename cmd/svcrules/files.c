/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"
#include "command.h"
#include "say.h"
#include "trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS 16         /* files and sockets that are open besides the input */
#define LIMIT_UNKNOWN 256 /* of open files */
#define WRITER_WAIT 1000  /* milliseconds until somebody writes to a FIFO of a directory */

long files_fill(void *arg, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(*(int *)arg, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (long)n;
}

/* ---- Opening ------------------------------------------------------------ */

static int open_failed(struct files *f, const char *path)
{
	say("%s: cannot open: %s", path, strerror(errno));
	f->bad = true;
	return EXIT_DONE;
}

/* Refuses what somebody else could change. Returns an exit code; *ret_fine: it is not refused. */
static int open_check(struct files *f, const char *source, const char *path, int fd, bool *ret_fine)
{
	char *problem = NULL;
	int err = f->guard ? trust_file(path, fd, &problem) : 0;

	if (problem) {
		say("%s: %s: what others may change is refused; --insecure-input goes on", source,
		    problem);
		f->bad = true;
	}
	*ret_fine = !problem;
	free(problem);
	return err ? say_enomem() : EXIT_DONE;
}

/* Does not wait for the writer of a FIFO; reading waits. */
static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), flags;

	if (fd < 0)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

/* Takes over `fd`, which may be -1. */
static int add_file(struct files *f, const char *source, const char *path, int fd, bool listed)
{
	struct open_file *v = reallocarray(f->v, f->n + 1, sizeof(*v));
	char *name = strdup(source);
	bool fine = true;
	struct stat st;
	int code = v && name ? EXIT_DONE : say_enomem();

	if (v)
		f->v = v;
	if (!code && fd >= 0)
		code = open_check(f, source, path, fd, &fine);
	if (code || !fine) {
		free(name);
		if (fd > STDIN_FILENO)
			close(fd);
		return code;
	}
	f->v[f->n++] = (struct open_file){
		.source = name,
		.fd = fd,
		.listed = listed,
		.plain = fd > STDIN_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode),
	};
	return EXIT_DONE;
}

static int open_file(struct files *f, const char *path, bool listed)
{
	int fd = open_path(path);

	if (fd < 0 && errno != EMFILE && errno != ENFILE)
		return open_failed(f, path);
	if (fd >= f->limit) { /* sockets need some, too */
		close(fd);
		fd = -1;
	}
	return add_file(f, path, path, fd, listed);
}

/* True for *.json, *.yaml and *.yml that are not hidden. */
static bool is_input_name(const char *name)
{
	static const char *const ends[] = { ".json", ".yaml", ".yml" };
	size_t n = strlen(name);

	for (size_t i = 0; *name != '.' && i < sizeof(ends) / sizeof(*ends); i++) {
		size_t len = strlen(ends[i]);

		if (n > len && strcmp(name + n - len, ends[i]) == 0)
			return true;
	}
	return false;
}

static int is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Sorts by bytes, which is the same order in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What a directory has. */
struct seen {
	bool files;       /* to read, in it or below it */
	bool directories; /* below it */
};

static int open_entries(struct files *f, const char *path, struct seen *seen);

/* An entry of a directory: a file to read, or a directory, which is one only if `recursive`. */
static int open_entry(struct files *f, const char *path, const char *name, struct seen *seen)
{
	struct stat st;

	/* a link to a directory may lead to a circle */
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		seen->directories = true;
		return f->recursive ? open_entries(f, path, seen) : EXIT_DONE;
	}
	if (!is_input_name(name) ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)))
		return EXIT_DONE;
	seen->files = true;
	return open_file(f, path, true);
}

static int open_child(struct files *f, const char *dir, const char *name, struct seen *seen)
{
	size_t n = strlen(dir);
	char *path;
	int code;

	if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
		return say_enomem();
	code = open_entry(f, path, name, seen);
	free(path);
	return code;
}

static int open_entries(struct files *f, const char *path, struct seen *seen)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_visible, by_name), code = EXIT_DONE;

	if (n < 0)
		return errno == ENOMEM ? say_enomem() : open_failed(f, path);
	for (int i = 0; i < n; i++) {
		if (!code)
			code = open_child(f, path, list[i]->d_name, seen);
		free(list[i]);
	}
	free(list);
	return code;
}

static int open_directory(struct files *f, const char *path)
{
	struct seen seen = { false, false };
	bool bad = f->bad;
	int code;

	f->bad = false;
	code = open_entries(f, path, &seen);
	if (!code && !seen.files && !f->bad) {
		say("%s: the directory has no *.json, *.yaml or *.yml%s", path,
		    f->recursive     ? ", and no directory below it either" :
		    seen.directories ? ": those of the directories below it are read with -R" :
				       "");
		f->bad = true;
	}
	f->bad = f->bad || bad;
	return code;
}

/* As many files may be open as the limit can be raised to. Returns the number for the input. */
static int raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return LIMIT_UNKNOWN;
	if (r.rlim_cur != r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		(void)getrlimit(RLIMIT_NOFILE, &r);
	}
	return r.rlim_cur > INT_MAX ? INT_MAX : (int)r.rlim_cur - OTHERS;
}

int files_open(struct files *f, const char *const *paths, size_t n)
{
	int code = EXIT_DONE;
	struct stat st;

	f->limit = raise_limit();
	for (size_t i = 0; i < n && !code; i++) {
		if (strcmp(paths[i], "-") == 0)
			code = add_file(f, "standard input", NULL, STDIN_FILENO, false);
		else if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			code = open_directory(f, paths[i]);
		else
			code = open_file(f, paths[i], false);
	}
	return code;
}

void files_close(struct files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].fd > STDIN_FILENO)
			close(f->v[i].fd);
		free(f->v[i].source);
	}
	free(f->v);
	*f = (struct files){ .n = 0 };
}

/* ---- Reading ------------------------------------------------------------ */

/*
 * Waits until somebody has opened a FIFO for writing: until then reading it would look like the
 * end of a file. False: nobody did, and it was only found in a directory.
 */
static bool writer_comes(const struct open_file *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLIN };
	struct stat st;
	int r;

	if (fstat(o->fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return true;
	do
		r = poll(&p, 1, o->listed ? WRITER_WAIT : -1);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

/* Opens one that could not be opened with the others. */
static int open_late(struct files *f, const struct open_file *o, bool *ret_open, int *ret_fd)
{
	bool fine = false;
	int code;

	*ret_open = false;
	*ret_fd = open_path(o->source);
	if (*ret_fd < 0)
		return open_failed(f, o->source);
	code = open_check(f, o->source, o->source, *ret_fd, &fine);
	*ret_open = !code && fine;
	if (!*ret_open)
		close(*ret_fd);
	return code;
}

static int read_file(struct files *f, const struct open_file *o,
		     int (*each)(void *arg, const char *source, int fd), void *arg)
{
	struct open_file now = *o;
	bool late = o->fd < 0, open = true;
	int code = late ? open_late(f, o, &open, &now.fd) : EXIT_DONE;

	if (code || !open)
		return code;
	f->found = o->listed && f->recursive;
	if (writer_comes(&now))
		code = each(arg, o->source, now.fd);
	else
		say("notice: %s: passed over: it is a FIFO, and nobody writes to it", o->source);
	if (late)
		close(now.fd);
	return code;
}

int files_each(struct files *f, int (*each)(void *arg, const char *source, int fd), void *arg)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < f->n && !code; i++)
		code = read_file(f, &f->v[i], each, arg);
	return code;
}

bool files_size(const struct files *f, unsigned long long *ret)
{
	struct stat st;

	*ret = 0;
	for (size_t i = 0; i < f->n; i++) {
		if (!f->v[i].plain || fstat(f->v[i].fd, &st) < 0)
			return false;
		*ret += (unsigned long long)st.st_size;
	}
	return f->n > 0 && !f->bad;
}

bool files_rewind(const struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (lseek(f->v[i].fd, 0, SEEK_SET) != 0)
			return false;
	return true;
}
