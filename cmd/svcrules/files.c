/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"
#include "command.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int is_json(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

/* Sorts by bytes, which is the same order in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_entry(struct files *f, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;
	int code;

	if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
		return say_enomem();
	code = read_file(f, path);
	free(path);
	return code;
}

static int read_directory(struct files *f, const char *path)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_json, by_name), code = EXIT_DONE;

	if (n < 0)
		return errno == ENOMEM ? say_enomem() : open_failed(f, path);
	if (n == 0) {
		if (!f->silent)
			say("%s: the directory has no *.json", path);
		f->bad = true;
	}
	for (int i = 0; i < n; i++) {
		if (!code)
			code = read_entry(f, path, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return code;
}

static int read_path(struct files *f, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return f->each(f->arg, "standard input", STDIN_FILENO);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(f, path);
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
