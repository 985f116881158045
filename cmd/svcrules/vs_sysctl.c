/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vs_sysctl.h"
#include "command.h"
#include "host.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

struct setting {
	const char *path; /* below /proc/sys */
	const char *want;
	const char *why;  /* what breaks without it */
	bool strict_arp;  /* wanted for that only */
};

static const struct setting settings[] = {
	{ "net/ipv4/vs/conntrack", "1",
	  "what goes through IPVS is not tracked and so not masqueraded", false },
	{ "net/ipv4/vs/conn_reuse_mode", "1",
	  "a client that uses a port again is sent to its old endpoint, even one that drains", false },
	{ "net/ipv4/vs/expire_nodest_conn", "1",
	  "connections to an endpoint that was removed hang until they time out", false },
	{ "net/ipv4/vs/expire_quiescent_template", "1",
	  "session affinity keeps sending clients to endpoints that drain", false },
	{ "net/ipv4/conf/all/arp_ignore", "1",
	  "this node answers ARP requests for addresses of svcrules0 on every interface", true },
	{ "net/ipv4/conf/all/arp_announce", "2",
	  "this node may ask by ARP with an address of svcrules0 as its own", true },
};

/* "net.ipv4.vs.conntrack", as sysctl(8) has it. */
static void dotted(const char *path, char *to, size_t size)
{
	snprintf(to, size, "%s", path);
	for (; *to; to++)
		if (*to == '/')
			*to = '.';
}

/* One write() takes the whole value or nothing. */
static int set(const char *path, const char *value)
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

static const char *why_not(int err)
{
	switch (-err) {
	case ENOENT: return "there is no such setting (module ip_vs is not loaded, or built without it)";
	case EROFS: return "/proc/sys is mounted read-only";
	case EACCES: return "not permitted (needs root)";
	default: return strerror(-err);
	}
}

static int apply(const struct setting *s, bool quiet)
{
	char name[64], now[16];
	int err = host_sysctl(s->path, now, sizeof(now));

	dotted(s->path, name, sizeof(name));
	if (!err && strcmp(now, s->want) == 0)
		return EXIT_DONE;
	if (!err)
		err = set(s->path, s->want);
	if (err) {
		say("cannot set sysctl %s to %s: %s; --no-sysctls goes on without", name, s->want, why_not(err));
		return EXIT_KERNEL;
	}
	if (!quiet)
		say("notice: sysctl %s: %s -> %s", name, now, s->want);
	return EXIT_DONE;
}

int vs_sysctl_apply(bool strict_arp, bool quiet)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if ((strict_arp || !settings[i].strict_arp) && apply(&settings[i], quiet) != EXIT_DONE)
			code = EXIT_KERNEL;
	return code;
}

void vs_sysctl_warn(bool strict_arp)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct setting *s = &settings[i];
		char name[64], now[16];

		if ((s->strict_arp && !strict_arp) || host_sysctl(s->path, now, sizeof(now)) < 0 ||
		    strcmp(now, s->want) == 0)
			continue;
		dotted(s->path, name, sizeof(name));
		say("warning: sysctl %s is %s, not %s: %s", name, now, s->want, s->why);
	}
}
