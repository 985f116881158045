/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"
#include "command.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a directory has apart from files to read. */
struct seen {
	bool directories;
};

long files_fill(void *arg, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(*(int *)arg, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (long)n;
}

static int open_failed(struct files *f, const char *path)
{
	if (!f->silent)
		say("%s: cannot open: %s", path, strerror(errno));
	f->bad = true;
	return EXIT_DONE;
}

static int read_file(struct files *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return open_failed(f, path);
	code = f->each(f->arg, path, fd);
	close(fd);
	return code;
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

static int read_directory(struct files *f, const char *path, bool below);

/* An entry of a directory: a file is read, a directory below it only with `recursive`. */
static int read_entry(struct files *f, const char *path, const char *name, struct seen *seen)
{
	struct stat st;
	int code;

	/* a link to a directory may lead to a circle */
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		seen->directories = true;
		return f->recursive ? read_directory(f, path, true) : EXIT_DONE;
	}
	if (!is_input_name(name) || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return EXIT_DONE;
	f->any = true;
	f->found = f->recursive;
	code = read_file(f, path);
	f->found = false;
	return code;
}

static int read_child(struct files *f, const char *dir, const char *name, struct seen *seen)
{
	size_t n = strlen(dir);
	char *path;
	int code;

	if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
		return say_enomem();
	code = read_entry(f, path, name, seen);
	free(path);
	return code;
}

static void nothing_found(struct files *f, const char *path, const struct seen *seen)
{
	const char *more = f->recursive      ? ", and no directory below it either" :
			   seen->directories ? ": those of the directories below it are read "
					       "with -R" :
					       "";

	if (!f->silent)
		say("%s: the directory has no *.json, *.yaml or *.yml%s", path, more);
	f->bad = true;
}

static int read_directory(struct files *f, const char *path, bool below)
{
	struct dirent **list = NULL;
	struct seen seen = { false };
	int n = scandir(path, &list, is_visible, by_name), code = EXIT_DONE;

	if (n < 0)
		return errno == ENOMEM ? say_enomem() : open_failed(f, path);
	if (!below)
		f->any = false;
	for (int i = 0; i < n; i++) {
		if (!code)
			code = read_child(f, path, list[i]->d_name, &seen);
		free(list[i]);
	}
	free(list);
	if (!code && !below && !f->any)
		nothing_found(f, path, &seen);
	return code;
}

static int read_path(struct files *f, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return f->each(f->arg, "standard input", STDIN_FILENO);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(f, path, false);
	return read_file(f, path);
}

int files_each(struct files *f, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int code = read_path(f, paths[i]);

		if (code)
			return code;
	}
	return EXIT_DONE;
}
