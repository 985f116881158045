/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings below /proc/sys, of the network namespace of the caller. */
#ifndef SVCRULES_KERNEL_SYSCTL_H
#define SVCRULES_KERNEL_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#define SYSCTL_VALUE_SIZE 16
#define SYSCTL_NAME_SIZE 64

/*
 * Reads /proc/sys/<path>, e.g. "net/ipv4/ip_forward", into `buf`, terminated and
 * without the end of the line. Returns 0; -ENOENT: no such setting (module not
 * loaded); -ENAMETOOLONG: `path` is too long; -EOVERFLOW: the value does not
 * fit; or another error of open() or read().
 */
int sysctl_read(const char *path, char *buf, size_t size);

/* A setting that something needs. */
struct sysctl_setting {
	const char *path; /* below /proc/sys */
	const char *want;
	const char *why; /* what breaks without it */
	bool strict_arp; /* needed only for strict ARP */
};

/* A setting that has not the value that is needed. */
struct sysctl_finding {
	char name[SYSCTL_NAME_SIZE]; /* "net.ipv4.ip_forward", as in sysctl(8) */
	char now[SYSCTL_VALUE_SIZE]; /* the value read; "" if it could not be read */
	const char *want;            /* the value needed */
	const char *why;             /* what breaks without it */
	int err;                     /* 0, or why it could not be read or set: a negative errno */
	bool set;                    /* it has the value `want` now */
};

typedef void (*sysctl_finding_fn)(const struct sysctl_finding *f, void *arg);

/*
 * Sets each of `n` settings that has another value, and calls `cb` for it (f->set), or if it
 * could not be read or set (f->err). Continues after a failure. Those for strict ARP are
 * included only if `strict_arp`.
 */
void sysctl_set_all(const struct sysctl_setting *v, size_t n, bool strict_arp, sysctl_finding_fn cb,
		    void *arg);

/*
 * Calls `cb` for each setting that has another value. Those that cannot be read are left out.
 * Changes nothing.
 */
void sysctl_check_all(const struct sysctl_setting *v, size_t n, bool strict_arp,
		      sysctl_finding_fn cb, void *arg);

#endif
