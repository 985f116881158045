/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/notes.h"
#include "out.h"
#include "rules/nft/describe.h"
#include "rules/nft/rule_text.h"

#include <string.h>

#define RULES_SHOWN 20 /* of each chain */

/* True for what only another program can have done. */
static bool is_note(const struct svcr_nft_change *ch)
{
	return ch->op == CHANGE_WAKE_TABLE || ch->op == CHANGE_MEND_CHAIN ||
	       (ch->op == CHANGE_DEL_SET && ch->set == SVCR_NFT_NO_SET) ||
	       (ch->op == CHANGE_DEL_CHAIN && ch->chain.kind == CHAIN_FOREIGN);
}

static bool has_rule(const struct svcr_nft_chain *c, const struct svcr_nft_rule *r)
{
	for (size_t i = 0; c && i < c->nrules; i++)
		if (strcmp(c->rules[i].canon, r->canon) == 0)
			return true;
	return false;
}

/* True if all rules of `to` are in `from`, in that order: others were only put between them. */
static bool only_inserted(const struct svcr_nft_chain *from, const struct svcr_nft_chain *to)
{
	size_t k = 0;

	for (size_t i = 0; i < from->nrules && k < to->nrules; i++)
		k += strcmp(from->rules[i].canon, to->rules[k].canon) == 0;
	return k == to->nrules;
}

static const struct svcr_nft_chain *wanted_chain(const struct svcr_nft_change *ch)
{
	return ch->chain.kind == CHAIN_FOREIGN ? NULL :
						 svcr_nft_find_chain(ch->pair->to, ch->chain);
}

/* True if the chain is ours but for rules that were put into it. */
static bool is_inserted(const struct svcr_nft_change *ch)
{
	const struct svcr_nft_chain *to = wanted_chain(ch),
				    *from = to ? svcr_nft_find_chain(ch->pair->from, ch->chain) :
						 NULL;

	return from && only_inserted(from, to);
}

/* True if a rule uses a set that has a name, after any `word`; nft(8) names others __setN. */
static bool uses_set(const char *canon, const char *word)
{
	while ((canon = strstr(canon, word))) {
		canon += strlen(word);
		if (*canon >= '0' && *canon <= '9') /* flags come first */
			canon += strcspn(canon, ":") + 1;
		if (strncmp(canon, "__", 2) != 0)
			return true;
	}
	return false;
}

/* True if a rule may well be ours: other options, or another version, make other rules. */
static bool may_be_ours(const struct svcr_nft_rule *r, bool inserted)
{
	if (uses_set(r->canon, "lookup(") || uses_set(r->canon, "map(") ||
	    uses_set(r->canon, "dynset("))
		return true;
	return !inserted &&
	       (strstr(r->canon, "verdict(-3") || strstr(r->canon, "verdict(-4")); /* jump, goto */
}

/*
 * The rules of a chain of the kernel that another program made, as far as can be told. Returns
 * true if that is all that differs.
 */
static bool out_chain_rules(struct svcr_out *o, const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *t = ch->pair->from;
	const struct svcr_nft_chain *from = svcr_nft_find_chain(t, ch->chain);
	const struct svcr_nft_chain *to = wanted_chain(ch);
	char name[SVCR_NFT_NAME_MAX];
	bool foreign = ch->chain.kind == CHAIN_FOREIGN, inserted = is_inserted(ch);
	size_t shown = 0;

	for (size_t i = 0; i < from->nrules; i++) {
		const struct svcr_nft_rule *r = &from->rules[i];

		if (r->nstmts || has_rule(to, r) || (!foreign && may_be_ours(r, inserted)))
			continue;
		if (shown++ >= RULES_SHOWN)
			continue;
		svcr_out_str(o, "- rule in chain ");
		svcr_nft_out_name(o, svcr_nft_chain_name(t, ch->chain, name));
		svcr_out(o, " (%s): ", svcr_nft_family_name(t->family));
		svcr_nft_out_canon(o, t->family, r->canon);
		svcr_out_str(o, "\n");
	}
	if (shown > RULES_SHOWN)
		svcr_out(o, "- %zu more rules in this chain\n", shown - RULES_SHOWN);
	return shown && (inserted || foreign);
}

size_t svcr_nft_out_notes(struct svcr_out *o, const struct svcr_nft_changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct svcr_nft_change *ch = &c->v[i];

		if (svcr_nft_change_named(ch) ||
		    (!ch->pair->from->present && ch->op != CHANGE_ADD_TABLE))
			continue;
		if (ch->op == CHANGE_FLUSH_CHAIN) {
			n += !out_chain_rules(o, ch);
		} else if (is_note(ch)) {
			svcr_nft_out_change(o, ch);
			svcr_out_str(o, "\n");
		} else if (ch->op != CHANGE_ADD_RULE || !is_inserted(ch)) {
			n += ch->count ? ch->count : 1;
		}
	}
	return n;
}
