/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_EXPLAIN_HOOKS_H
#define SVCR_EXPLAIN_HOOKS_H

#include "rules/explain/tell.h"

/*
 * Walks the chains of a hook, by priority. Returns how the packet leaves it; *masqueraded is set if
 * a chain decided that. The translation of a destination ends the hook, as no other chain follows.
 * *err: 0 or -ENOMEM.
 */
enum svcr_nft_fate svcr_explain_hook(struct svcr_explain_walker *w, const struct svcr_nft *n,
				     uint32_t hook, const char *where, bool *masqueraded, int *err);

#endif
