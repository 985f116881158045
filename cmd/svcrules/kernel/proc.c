/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

ssize_t proc_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			n = -errno;
		else
			len += (size_t)n;
	}
	(void)close(fd);
	if (n < 0)
		return n;
	if (len == size)
		return -EOVERFLOW;
	buf[len] = '\0';
	return (ssize_t)len;
}
