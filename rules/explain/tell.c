/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/tell.h"
#include "rules/policy/layout.h"

#include <errno.h>

/*
 * Keeps the comment of the element that matched: the rules of another node go before the
 * explanation.
 */
static int keep_element(struct svcr_arena *a, const struct svcr_nft_event *v,
			struct svcr_explain_step *s)
{
	const char *comment = v->elem ? svcr_nft_comment(&v->table->sets[v->stmt->set], v->elem) :
					NULL;

	s->element = comment ? svcr_arena_strndup(a, comment, strlen(comment)) : NULL;
	return comment && !s->element ? -ENOMEM : 0;
}

int svcr_explain_say(struct svcr_explain_walker *w, const struct svcr_nft_event *v,
		     const char *where, const char *fmt, ...)
{
	struct svcr_arena *a = &w->x->e->arena;
	struct svcr_explain_step *s = SVCR_GROW(w->steps);
	char name[SVCR_NFT_NAME_MAX];
	va_list ap;
	int err;

	if (!s)
		return -ENOMEM;
	s->where = where;
	err = keep_element(a, v, s);
	svcr_nft_chain_name(v->table, v->chain->id, name);
	s->chain = svcr_arena_strndup(a, name, strlen(name));
	va_start(ap, fmt);
	s->text = svcr_arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s->chain && s->text ? err : -ENOMEM;
}

/* Rules that another program made are named: what they do is not known. */
static int tell_foreign(struct svcr_explain_walker *w)
{
	int err = 0;

	for (size_t i = w->told; i < w->eval.events.n && !err; i++) {
		const struct svcr_nft_event *v = &w->eval.events.v[i];

		if (!v->stmt)
			err = svcr_explain_say(w, v, w->where,
					       "a rule that svcrules did not make is passed over: "
					       "%.200s",
					       v->rule->canon);
	}
	return err;
}

int svcr_explain_tell(struct svcr_explain_walker *w, enum svcr_nft_fate fate)
{
	const struct svcr_nft_event *v = w->told < w->eval.events.n ? &w->eval.events.v[w->told] :
								      NULL;
	int err = w->eval.no_memory ? -ENOMEM : tell_foreign(w);

	if (!err && v)
		err = strcmp(v->table->layout->serves, SVCR_POLICY_WORD) == 0 ?
			      svcr_explain_tell_policies(w, fate) :
			      svcr_explain_tell_services(w, fate);
	w->told = w->eval.events.n;
	return err;
}
