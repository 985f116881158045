/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/session.h"
#include "exit.h"
#include "netlink/transaction.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_take(struct session *s, char *text)
{
	struct finding *v = reallocarray(s->findings, s->nfindings + 1, sizeof(*v));

	if (!v) { /* then the exit code has to do */
		free(text);
		return;
	}
	s->findings = v;
	v[s->nfindings++] = (struct finding){ .text = text };
}

static void __attribute__((format(printf, 3, 0)))
session_add(struct session *s, bool notice, const char *format, va_list ap)
{
	size_t n = s->nfindings;
	char *text;

	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	session_take(s, text);
	if (s->nfindings > n)
		s->findings[s->nfindings - 1].notice = notice;
}

void session_find(struct session *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	session_add(s, false, format, ap);
	va_end(ap);
}

void session_notice(struct session *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	session_add(s, true, format, ap);
	va_end(ap);
}

int session_no_memory(struct session *s)
{
	session_find(s, "out of memory");
	return EXIT_KERNEL;
}

int session_failed(struct session *s, const char *what, int err)
{
	if (err == -ENOMEM)
		return session_no_memory(s);
	session_find(s, "cannot %s: %s", what, svcrules_errno_text(err));
	return EXIT_KERNEL;
}

int session_open(struct session *s, const struct svcrules_options *settings)
{
	uint32_t genid;
	int err = 0;

	*s = (struct session){ .settings = settings };
	s->netfilter = netlink_open(NETLINK_NETFILTER, &err);
	if (s->netfilter)
		err = transaction_genid(s->netfilter, &genid);
	if (!err)
		return EXIT_DONE;
	/* nfnetlink answers EINVAL for a subsystem that is not there */
	if (err != -EINVAL && err != -EOPNOTSUPP && err != -EPROTONOSUPPORT)
		return session_failed(s, "reach nftables", err);
	session_find(s, "this kernel has no nf_tables (CONFIG_NF_TABLES, module nf_tables)");
	return EXIT_KERNEL;
}

void session_close(struct session *s)
{
	netlink_close(s->netfilter);
	netlink_close(s->route);
	generic_close(s->generic);
	netlink_close(s->watch);
	for (size_t i = 0; i < s->nfindings; i++)
		free(s->findings[i].text);
	free(s->findings);
	*s = (struct session){ .nfindings = 0 };
}

struct netlink *session_route(struct session *s, int *err)
{
	if (!s->route)
		s->route = netlink_open(NETLINK_ROUTE, err);
	return s->route;
}

struct generic *session_generic(struct session *s, const char *family, int *err)
{
	if (s->generic && strcmp(s->generic_family, family) == 0)
		return s->generic;
	generic_close(s->generic);
	s->generic = generic_open(family, err);
	snprintf(s->generic_family, sizeof(s->generic_family), "%s", family);
	if (!s->generic && *err == -ENOENT)
		*err = -EPROTONOSUPPORT;
	return s->generic;
}

bool session_is_set(const struct session *s, const char *setting)
{
	return svcrules_options_get(s->settings, setting);
}
