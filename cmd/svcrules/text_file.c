/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_FILE_MAX (256u << 20)

/* Reads until the end, and makes room as it goes. */
static int read_to_end(int fd, char **text, size_t *len)
{
	size_t cap = 0;

	for (;;) {
		ssize_t n;

		if (*len + 1 >= cap) {
			char *more = realloc(*text, cap ? 2 * cap : 65536);

			if (!more)
				return -ENOMEM;
			*text = more;
			cap = cap ? 2 * cap : 65536;
		}
		n = read(fd, *text + *len, cap - *len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		*len += n > 0 ? (size_t)n : 0;
		if (*len > TEXT_FILE_MAX)
			return -EFBIG;
	}
	(*text)[*len] = '\0';
	return memchr(*text, '\0', *len) ? -EILSEQ : 0;
}

int text_read(const char *path, char **ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	char *text = NULL;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	err = read_to_end(fd, &text, &len);
	close(fd);
	if (err)
		free(text);
	else
		*ret = text;
	return err;
}
