/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What iptables-save(8) says of chains and hooks of ours: what is loaded already. */
#ifndef SVCR_IPT_LOADED_H
#define SVCR_IPT_LOADED_H

#include "rules/iptables/value.h"

/* Texts are in the arena that the list was made with. */
struct svcr_ipt_names {
	const char **v;
	size_t n, cap;
};

struct svcr_ipt_loaded {
	struct svcr_ipt_names chains[IPT_TABLES]; /* that begin with SVCRULES-, sorted */
	/* by the chain that is jumped to: "PREROUTING -j SVCRULES-PREROUTING" */
	struct svcr_ipt_names hooks[IPT_FIXED_COUNT];
};

/* True if the text is one that iptables-save prints; nothing at all is one, too. */
bool svcr_ipt_saved(const char *text);
/* Fills the zeroed `l` from such a text. 0 or -ENOMEM; the caller releases in both cases. */
int svcr_ipt_loaded_read(struct svcr_ipt_loaded *l, const char *text, struct svcr_arena *arena);
void svcr_ipt_loaded_release(struct svcr_ipt_loaded *l);
/* Compares two names, for qsort(3). */
int svcr_ipt_name_cmp_sort(const void *a, const void *b);

#endif
