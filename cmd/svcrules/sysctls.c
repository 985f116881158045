/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctls.h"
#include "command.h"
#include "kernel/sysctl.h"
#include "say.h"

#include <errno.h>

static const char *sysctls_error(int err)
{
	switch (-err) {
	case ENOENT:
		return "there is no such setting (module ip_vs is not loaded, or built without it)";
	case EROFS: return "/proc/sys is mounted read-only";
	case EACCES: return "not permitted (needs root)";
	default: return strerror(-err);
	}
}

struct sysctls_job {
	bool quiet;
	int code; /* an exit code */
};

static void sysctls_report(const struct sysctl_finding *f, void *arg)
{
	struct sysctls_job *j = arg;

	if (f->err) {
		say("cannot set sysctl %s to %s: %s; --no-sysctls goes on without", f->name,
		    f->want, sysctls_error(f->err));
		j->code = EXIT_KERNEL;
	} else if (!j->quiet) {
		say("notice: sysctl %s: %s -> %s", f->name, f->now, f->want);
	}
}

int sysctls_apply(bool strict_arp, bool quiet)
{
	struct sysctls_job j = { .quiet = quiet, .code = EXIT_DONE };

	sysctl_ipvs_set(strict_arp, sysctls_report, &j);
	return j.code;
}

static void sysctls_warn_of(const struct sysctl_finding *f, void *arg)
{
	(void)arg;
	say("warning: sysctl %s is %s, not %s: %s", f->name, f->now, f->want, f->why);
}

void sysctls_warn(bool strict_arp)
{
	sysctl_ipvs_check(strict_arp, sysctls_warn_of, NULL);
}
