/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/hooks.h"

/* A base chain of a table. */
struct base {
	const struct svcr_nft_table *table;
	const struct svcr_nft_chain *chain;
	int32_t priority;
};

/*
 * Finds the chain of the hook that comes next after *b in order of priorities and, among equal
 * ones, of tables. A chain that another program changed is at a place that is not known.
 */
static bool next_base(const struct svcr_nft *n, uint8_t family, uint32_t hook, struct base *b)
{
	struct base best = { .table = NULL };
	bool after = !b->table;

	for (size_t i = 0; n && i < n->ntables; i++) {
		const struct svcr_nft_table *t = &n->tables[i];

		if (!t->present || t->foreign || t->dormant || t->family != family)
			continue;
		for (size_t k = 0; k < t->nchains; k++) {
			const struct svcr_nft_chain *c = &t->chains[k];
			const struct svcr_nft_chain_layout *row = svcr_nft_chain_row(t->layout,
										     c->id);
			bool passed = b->table && (row->priority < b->priority ||
						   (row->priority == b->priority && !after));

			if (c == b->chain)
				after = true;
			if (!row->type || row->hook_number != hook || c->damaged || passed ||
			    c == b->chain)
				continue;
			if (!best.table || row->priority < best.priority)
				best = (struct base){ t, c, row->priority };
		}
	}
	*b = best;
	return best.table;
}

enum svcr_nft_fate svcr_explain_hook(struct svcr_explain_walker *w, const struct svcr_nft *n,
				     uint32_t hook, const char *where, bool *masqueraded, int *err)
{
	struct base b = { .table = NULL };

	w->where = where;
	while (next_base(n, w->eval.packet.dst.family, hook, &b)) {
		enum svcr_nft_fate fate = svcr_nft_walk(&w->eval, b.table, b.chain);

		*err = svcr_explain_tell(w, fate);
		if (*err || fate == SVCR_FATE_DROPPED || fate == SVCR_FATE_REFUSED ||
		    fate == SVCR_FATE_TRANSLATED)
			return fate;
		if (fate == SVCR_FATE_MASQUERADED)
			*masqueraded = true;
	}
	return SVCR_FATE_PASSES;
}
