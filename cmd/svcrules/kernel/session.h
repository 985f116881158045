/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drivers of one run share: sockets, settings, and findings. A finding is a sentence
 * for the user; drivers collect them and commands print them.
 */
#ifndef SVCRULES_KERNEL_SESSION_H
#define SVCRULES_KERNEL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/generic.h"
#include "svcrules.h"

struct finding {
	bool notice; /* left out under --quiet */
	char *text;  /* malloc'ed; NULL: out of memory */
};

struct session {
	struct netlink *netfilter;
	struct netlink *route;   /* opened when it is first needed */
	struct generic *generic; /* likewise: of the family `generic_family` */
	char generic_family[32];
	struct netlink *watch;                   /* opened when it is first needed; see watch.h */
	bool watch_changed;                      /* a notification concerned what was read */
	uint32_t watch_generation;               /* up to which notifications were taken */
	const struct svcrules_options *settings; /* the caller's */
	struct finding *findings;
	size_t nfindings;
};

/*
 * Opens the socket to nf_tables and tries it. `settings` must outlive the session. Returns an
 * exit code, with findings (no permission, no nf_tables); session_close() in both cases.
 */
int session_open(struct session *s, const struct svcrules_options *settings);
/* Closes all sockets and frees the findings; *s is all zero then. */
void session_close(struct session *s);
/* The socket of route netlink, which stays the session's; NULL with *err a negative errno. */
struct netlink *session_route(struct session *s, int *err);
/*
 * The socket of a generic netlink family, which stays the session's, until the next call with
 * another family. NULL with *err a negative errno: -EPROTONOSUPPORT if the kernel does not have
 * the family.
 */
struct generic *session_generic(struct session *s, const char *family, int *err);

/* Adds a finding. */
void session_find(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds one that is left out under --quiet. */
void session_notice(struct session *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds a malloc'ed text, which is taken over; NULL stands for a lack of memory. */
void session_take(struct session *s, char *text);
/* Adds "cannot <what>: <why>"; `err` is a negative errno. Returns EXIT_KERNEL. */
int session_failed(struct session *s, const char *what, int err);
/* Adds "out of memory"; returns EXIT_KERNEL. */
int session_no_memory(struct session *s);

/* True if that setting of a target, which takes no value, was given. */
bool session_is_set(const struct session *s, const char *setting);

#endif
