/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/notes.h"
#include "out.h"
#include "rules/nft/describe.h"

/* True for what only another program can have done. */
static bool is_note(const struct svcr_nft_change *ch)
{
	return ch->op == CHANGE_WAKE_TABLE || ch->op == CHANGE_MEND_CHAIN ||
	       (ch->op == CHANGE_DEL_SET && ch->set == SVCR_NFT_NO_SET) ||
	       (ch->op == CHANGE_DEL_CHAIN && ch->chain.kind == CHAIN_FOREIGN);
}

size_t svcr_nft_out_notes(struct svcr_out *o, const struct svcr_nft_changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct svcr_nft_change *ch = &c->v[i];

		if (svcr_nft_change_named(ch) ||
		    (!ch->pair->from->present && ch->op != CHANGE_ADD_TABLE))
			continue;
		if (is_note(ch)) {
			svcr_nft_out_change(o, ch);
			svcr_out_str(o, "\n");
		} else {
			n += ch->count ? ch->count : 1;
		}
	}
	return n;
}
