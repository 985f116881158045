/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/manifest.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "svcrules 1 "
#define SIZE_MAX_TEXT (64L << 20)

bool manifest_name_ok(const char *name)
{
	if (!*name || *name == '.')
		return false;
	for (; *name; name++)
		if (*name == '/' || (unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

/* Reads the whole file into malloc'ed memory, and ends it. */
static int manifest_load(int fd, char **ret, size_t *ret_len)
{
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_TEXT)
		return -EBADMSG;
	*ret = malloc((size_t)st.st_size + 1);
	if (!*ret)
		return -ENOMEM;
	while (n > 0 && len < (size_t)st.st_size) {
		n = read(fd, *ret + len, (size_t)st.st_size - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n < 0) {
		int err = -errno;

		free(*ret);
		return err;
	}
	(*ret)[len] = '\0';
	*ret_len = len;
	return 0;
}

/* True if each name may be one, and they are in order. */
static bool manifest_names_ok(const struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (!manifest_name_ok(m->names[i]) ||
		    (i > 0 && strcmp(m->names[i - 1], m->names[i]) >= 0))
			return false;
	return true;
}

/*
 * Cuts the text into lines. A last one without an end was cut off, when a run was killed while it
 * wrote the list: then no file exists yet.
 */
static int manifest_parse(struct manifest *m, size_t len)
{
	size_t lines = 0, head = sizeof(HEAD) - 1;
	char *end;

	if (strlen(m->text) != len || strncmp(m->text, HEAD, len < head ? len : head) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		lines += m->text[i] == '\n';
	if (lines == 0)
		return 0;
	m->names = calloc(lines, sizeof(*m->names));
	if (!m->names)
		return -ENOMEM;
	for (char *p = m->text; (end = strchr(p, '\n')); p = end + 1) {
		*end = '\0';
		if (p == m->text)
			m->target = p + head;
		else
			m->names[m->n++] = p;
	}
	return manifest_names_ok(m) ? 0 : -EBADMSG;
}

int manifest_read(int dir, struct manifest *ret)
{
	int fd = openat(dir, MANIFEST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err;
	size_t len = 0;

	*ret = (struct manifest){ NULL };
	if (fd < 0)
		return errno == ENOENT ? 0 : errno == ELOOP ? -EBADMSG : -errno;
	err = manifest_load(fd, &ret->text, &len);
	close(fd);
	if (err)
		ret->text = NULL;
	else
		err = manifest_parse(ret, len);
	if (err)
		manifest_free(ret);
	return err;
}

void manifest_free(struct manifest *m)
{
	free(m->text);
	free(m->names);
	*m = (struct manifest){ NULL };
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool manifest_has(const struct manifest *m, const char *name)
{
	return m->n && bsearch(&name, m->names, m->n, sizeof(*m->names), compare_names);
}

char *manifest_text(const char *target, const char *const *names, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, HEAD "%s\n", target);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s\n", names[i]);
	return stream_end(f, &text) ? NULL : text;
}
