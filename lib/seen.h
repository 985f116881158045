/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects read so far, to find those that come twice. */
#ifndef SVCR_SEEN_H
#define SVCR_SEEN_H

#include <stdbool.h>
#include <stddef.h>

/* Strings are interned: their addresses count. `kind` may be any address that stands for one. */
struct svcr_seen {
	const void *kind;
	const char *ns, *name;
	const char *source; /* where it was read; never NULL */
};

struct svcr_seen_set {
	struct svcr_seen *slots;
	size_t used, size;
};

/* The entry for that kind, namespace and name, which is `o` if there was none; NULL: out of memory. */
const struct svcr_seen *svcr_seen_add(struct svcr_seen_set *t, const struct svcr_seen *o, bool *ret_added);

#endif
