/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sysctl.h"
#include "kernel/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int sysctl_read(const char *path, char *buf, size_t size)
{
	char name[PATH_MAX];
	int len = snprintf(name, sizeof(name), "/proc/sys/%s", path);
	ssize_t n;

	if (len < 0 || (size_t)len >= sizeof(name))
		return -ENAMETOOLONG;
	n = proc_read(name, buf, size);
	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return n < 0 ? (int)n : 0;
}

/* One write() takes the whole value or nothing. */
static int sysctl_write(const char *path, const char *value)
{
	char name[PATH_MAX];
	ssize_t n;
	int fd, r;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do
		n = write(fd, value, strlen(value));
	while (n < 0 && errno == EINTR);
	r = n < 0 ? -errno : 0;
	(void)close(fd);
	return r;
}

/* Reads the setting; true if its value is the one needed. */
static bool sysctl_right(const struct sysctl_setting *s, struct sysctl_finding *f)
{
	*f = (struct sysctl_finding){ .want = s->want, .why = s->why };
	snprintf(f->name, sizeof(f->name), "%s", s->path);
	for (char *p = f->name; *p; p++)
		if (*p == '/')
			*p = '.';
	f->err = sysctl_read(s->path, f->now, sizeof(f->now));
	if (f->err)
		f->now[0] = '\0';
	return !f->err && strcmp(f->now, s->want) == 0;
}

void sysctl_set_all(const struct sysctl_setting *v, size_t n, bool strict_arp, sysctl_finding_fn cb,
		    void *arg)
{
	for (size_t i = 0; i < n; i++) {
		struct sysctl_finding f;

		if ((v[i].strict_arp && !strict_arp) || sysctl_right(&v[i], &f))
			continue;
		if (!f.err)
			f.err = sysctl_write(v[i].path, v[i].want);
		f.set = !f.err;
		cb(&f, arg);
	}
}

void sysctl_check_all(const struct sysctl_setting *v, size_t n, bool strict_arp,
		      sysctl_finding_fn cb, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		struct sysctl_finding f;

		if (!(v[i].strict_arp && !strict_arp) && !sysctl_right(&v[i], &f) && !f.err)
			cb(&f, arg);
	}
}
