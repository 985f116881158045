/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences about the tables that enforce network policies. */
#include "rules/explain/tell.h"
#include "rules/explain/policy_rule.h"
#include "rules/nft/canon.h"
#include "rules/policy/layout.h"

#include <errno.h>

static const char *where_of(const struct svcr_explain_walker *w)
{
	return w->policy_where ? w->policy_where : "policy";
}

/* What the events of one base chain say. */
struct judgement {
	const struct svcr_nft_event *isolated; /* the element of the pod */
	const struct svcr_nft_event *jump;     /* of the class: the last one to its ports */
	const struct svcr_nft_event *last;
	struct svcr_nft_chain_id class;
};

static struct judgement class_judgement(const struct svcr_explain_walker *w)
{
	struct judgement j = { .isolated = NULL };

	for (size_t i = w->told; i < w->eval.events.n; i++) {
		const struct svcr_nft_event *v = &w->eval.events.v[i];

		if (!v->stmt)
			continue;
		if (v->stmt->op == OP_VMAP && v->held) {
			j.isolated = v;
			j.class = svcr_nft_elem_verdict(&v->table->sets[v->stmt->set], v->elem);
		}
		if (v->stmt->op == OP_JUMP)
			j.jump = v;
		j.last = v;
	}
	return j;
}

/* "production/go-api,production/default-deny": the comment of the class's last rule. */
static const char *class_names(const struct judgement *j)
{
	const struct svcr_nft_chain *c = svcr_nft_find_chain(j->isolated->table, j->class);
	const struct svcr_nft_rule *r = c && c->nrules ? &c->rules[c->nrules - 1] : NULL;
	const char *names = NULL;

	if (r)
		names = r->comment ? r->comment :
			r->canon   ? svcr_nft_canon_comment(r->canon) :
				     NULL;
	return names ? names : "unnamed policies";
}

/* What the rule that allowed the packet asks of the other address. */
static const char *allowed_peer(const struct judgement *j, bool in)
{
	const struct svcr_nft_stmt *first = &j->jump->rule->stmts[0];

	if (first->op == OP_PRIORITY_SET)
		return in ? "every client" : "every destination";
	if (first->set == SET_BLOCKS)
		return "an address block that holds it";
	return j->jump->rule->stmts[1].op == OP_PRIORITY_SET ? "every pod" :
							       "a pod that it selects";
}

static int tell_allowed(struct svcr_explain_walker *w, const struct judgement *j, bool in)
{
	const char *direction = in ? "ingress" : "egress", *rule;
	int err = svcr_explain_policy_rule(w, in, &rule);

	if (err)
		return err;
	if (rule)
		return svcr_explain_say(w, j->isolated, where_of(w), "%s", rule);
	return svcr_explain_say(w, j->isolated, where_of(w), "%s: allows %s %s %s", class_names(j),
				direction, in ? "from" : "to", allowed_peer(j, in));
}

/* Accepted in the end of a class, where nothing of its policies fits. */
static const char *exception(const struct judgement *j)
{
	for (size_t i = 0; i < j->last->rule->nstmts; i++)
		switch (j->last->rule->stmts[i].op) {
		case OP_FROM_HOST: return "a node reaches its pods, whatever policies say";
		case OP_LOCAL: return "a pod reaches its node, whatever policies say";
		default: break;
		}
	return "a pod reaches itself, whatever policies say";
}

/* The rule that went to the chain that accepts. */
static const struct svcr_nft_event *accepting(const struct svcr_explain_walker *w)
{
	const struct svcr_nft_event *found = NULL;

	for (size_t i = w->told; i < w->eval.events.n; i++) {
		const struct svcr_nft_event *v = &w->eval.events.v[i];

		if (v->stmt && v->stmt->op == OP_GOTO && v->stmt->chain.kind == CHAIN_ALLOW)
			found = v;
	}
	return found;
}

int svcr_explain_tell_policies(struct svcr_explain_walker *w, enum svcr_nft_fate fate)
{
	struct judgement j = class_judgement(w);
	const struct svcr_nft_packet *p = &w->eval.packet;
	char addr[SVCR_ADDR_TEXT];
	bool in;

	if (!j.isolated)
		return 0;
	in = j.isolated->stmt->set == SET_ISOLATED_IN;
	if (fate == SVCR_FATE_DROPPED)
		return svcr_explain_say(w, j.isolated, where_of(w),
					"%s: nothing allows %s %s %s %s %u/%s", class_names(&j),
					in ? "ingress" : "egress", in ? "from" : "to",
					svcr_addr_text(in ? &p->src : &p->dst, addr),
					in ? "to" : "at", p->port, svcr_protocol_name(p->protocol));
	j.last = accepting(w);
	if (j.last && j.last->chain->id.kind == CHAIN_PORTS)
		return tell_allowed(w, &j, in);
	return j.last ? svcr_explain_say(w, j.isolated, where_of(w), "%s: %s", class_names(&j),
					 exception(&j)) :
			0;
}
