/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet's way through the hooks of the kernel. */
#include "rules/explain/elsewhere.h"
#include "rules/explain/hooks.h"

#include <errno.h>
#include <linux/netfilter.h>

static bool is_loopback(const struct svcr_addr *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return a->family == SVCR_IPV4 ? a->bytes[0] == 127 : memcmp(a->bytes, loopback6, 16) == 0;
}

bool svcr_explain_own(const struct svcr_explainer *x, const struct svcr_addr *a)
{
	return is_loopback(a) || svcr_addrs_have(&x->own, a) ||
	       (x->ipvs.link && svcr_addrs_have(&x->ipvs.link->addresses, a));
}

/* ---- Ways ---------------------------------------------------------------- */

static enum svcr_nft_fate walk_chains(struct svcr_explain_walker *w, uint32_t hook,
				      const char *where, bool *masqueraded, int *err)
{
	return svcr_explain_hook(w, w->x->nft, hook, where, masqueraded, err);
}

static enum svcr_explain_verdict verdict_of(enum svcr_nft_fate fate,
					    const struct svcr_explain_way *way)
{
	switch (fate) {
	case SVCR_FATE_DROPPED: return SVCR_EXPLAIN_DROPPED;
	case SVCR_FATE_REFUSED: return SVCR_EXPLAIN_REFUSED;
	default: return way->chosen ? SVCR_EXPLAIN_DELIVERED : SVCR_EXPLAIN_PASSED;
	}
}

/* The hooks after the endpoint was chosen. Locally made packets to this host come in again. */
static int walk_on(struct svcr_explain_walker *w, struct svcr_explain_way *way)
{
	enum svcr_nft_fate fate = SVCR_FATE_PASSES;
	int err = 0;

	if (!w->eval.packet.dst_local || w->eval.packet.from_host)
		fate = walk_chains(w, NF_INET_POST_ROUTING, "postrouting", &way->masqueraded, &err);
	if (!err && fate == SVCR_FATE_PASSES && w->eval.packet.dst_local) {
		bool none = false;

		fate = walk_chains(w, NF_INET_LOCAL_IN, "input", &none, &err);
	}
	if (!err && fate == SVCR_FATE_PASSES)
		err = svcr_explain_elsewhere(w, way->masqueraded, &fate);
	way->verdict = verdict_of(fate, way);
	way->why = way->masqueraded ? w->marked : way->chosen ? svcr_explain_unmasked(w) : NULL;
	return err;
}

static struct svcr_explain_way *add_way(struct svcr_explain_flow *f, uint64_t odds, uint64_t of)
{
	struct svcr_explain_way *way = SVCR_GROW(&f->ways);

	if (way) {
		way->odds = odds;
		way->of = of;
	}
	return way;
}

static const char *walk_pod_text(struct svcr_explainer *x, const struct svcr_addr *a, int *err)
{
	const struct svcr_pod *p = svcr_explain_pod(x, a);
	const char *text = p ? svcr_arena_printf(&x->e->arena, "%s/%s", p->ns, p->name) : NULL;

	if (p && !text)
		*err = -ENOMEM;
	return text;
}

/* Walks on to one endpoint, from the point that `from` has reached. */
static int walk_to(const struct svcr_explain_walker *from, struct svcr_explain_flow *f,
		   const struct svcr_endpoint_addr *to, bool translated, uint64_t odds, uint64_t of)
{
	struct svcr_explain_walker w = *from;
	struct svcr_explain_way *way = add_way(f, odds, of);
	int err = 0;

	if (!way)
		return -ENOMEM;
	memset(&w.eval.events, 0, sizeof(w.eval.events));
	w.told = 0;
	w.steps = &way->steps;
	if (to) {
		way->chosen = true;
		way->endpoint = *to;
		way->pod = walk_pod_text(w.x, &to->addr, &err);
		w.eval.packet.dst = to->addr;
		w.eval.packet.port = to->port;
		w.eval.packet.translated = translated;
		w.eval.packet.dst_local = svcr_explain_own(w.x, &to->addr);
	}
	if (!err)
		err = walk_on(&w, way);
	svcr_nft_eval_release(&w.eval);
	return err;
}

static struct svcr_endpoint_addr endpoint_of(const struct svcr_nft_set *s, size_t i)
{
	const uint8_t *d = svcr_nft_elem_data(s, svcr_nft_elem(s, i));
	size_t len = svcr_addr_len(s->family);
	struct svcr_endpoint_addr e = { .addr = { .family = s->family } };

	memcpy(e.addr.bytes, d, len);
	e.port = (uint16_t)(d[len] << 8 | d[len + 1]);
	return e;
}

/* The table chooses. */
static int walk_translated(struct svcr_explain_walker *w, struct svcr_explain_flow *f)
{
	const struct svcr_nft_eval *v = &w->eval;
	int err = svcr_explain_index_pods(w->x, v->found);

	f->remembered = svcr_explain_remembered(w);
	for (size_t i = 0; i < v->found && !err; i++) {
		struct svcr_endpoint_addr e = endpoint_of(v->set, v->first + i);

		err = walk_to(w, f, &e, true, 1, v->modulus);
	}
	if (!err && v->found < v->modulus)
		err = walk_to(w, f, NULL, false, v->modulus - v->found, v->modulus);
	return err;
}

static const struct svcr_ipvs_server *server_of(const struct svcr_explain_walker *w)
{
	const struct svcr_nft_packet *p = &w->eval.packet;
	const struct svcr_ipvs_server like = { .addr = p->dst,
					       .port = p->port,
					       .protocol = p->protocol };

	if (!w->x->ipvs.ipvs || !(p->dst_local || p->from_host))
		return NULL;
	return svcr_ipvs_find(w->x->ipvs.ipvs, &like);
}

/* IPVS chooses, by the weights of the real servers. */
static int walk_server(struct svcr_explain_walker *w, const struct svcr_ipvs_server *s,
		       struct svcr_explain_flow *f)
{
	uint64_t total = 0;
	int err = svcr_explain_index_pods(w->x, s->nreals);

	for (size_t i = 0; i < s->nreals; i++)
		total += s->reals[i].weight;
	f->choice = svcr_arena_strndup(&w->x->e->arena, s->scheduler, strlen(s->scheduler));
	f->remembered = s->persistence;
	if (!f->choice)
		return -ENOMEM;
	for (size_t i = 0; i < s->nreals && !err; i++) {
		const struct svcr_endpoint_addr e = { s->reals[i].addr, s->reals[i].port };

		if (s->reals[i].weight)
			err = walk_to(w, f, &e, false, s->reals[i].weight, total);
	}
	return err;
}

/* One way, which ends in this hook. */
static int walk_ended(struct svcr_explain_flow *f, enum svcr_nft_fate fate)
{
	struct svcr_explain_way *way = add_way(f, 1, 1);

	if (!way)
		return -ENOMEM;
	way->verdict = verdict_of(fate, way);
	return 0;
}

/* True if the packet never leaves the network namespace of a pod, or the host of a client. */
static bool stays_inside(const struct svcr_nft_packet *p)
{
	return !p->from_host && (svcr_addr_eq(&p->src, &p->dst) || is_loopback(&p->dst));
}

static int walk_inside(struct svcr_explain_flow *f)
{
	struct svcr_explain_way *way = add_way(f, 1, 1);

	if (!way)
		return -ENOMEM;
	way->verdict = SVCR_EXPLAIN_PASSED;
	way->end = "it does not leave the client, and no rule of a node sees it";
	return 0;
}

static int walk_first(struct svcr_explain_walker *w, struct svcr_explain_flow *f)
{
	bool host = w->eval.packet.from_host, none = false;
	const struct svcr_ipvs_server *s;
	int err = 0;
	enum svcr_nft_fate fate = walk_chains(w, host ? NF_INET_LOCAL_OUT : NF_INET_PRE_ROUTING,
					      host ? "output" : "prerouting", &none, &err);

	if (err)
		return err;
	if (fate == SVCR_FATE_DROPPED || fate == SVCR_FATE_REFUSED)
		return walk_ended(f, fate);
	if (fate == SVCR_FATE_TRANSLATED)
		return walk_translated(w, f);
	s = server_of(w);
	return s && s->nreals ? walk_server(w, s, f) : walk_to(w, f, NULL, false, 1, 1);
}

int svcr_explain_walk(struct svcr_explainer *x, struct svcr_explain_flow *f)
{
	struct svcr_explain_walker w = { .x = x, .steps = &f->steps };
	struct svcr_nft_packet *p = &w.eval.packet;
	int err;

	*p = (struct svcr_nft_packet){ .src = f->from.addr,
				       .dst = f->to.addr,
				       .first_src = f->from.addr,
				       .first_dst = f->to.addr,
				       .port = f->to.port,
				       .first_port = f->to.port,
				       .protocol = f->protocol,
				       .src_local = f->from.host,
				       .dst_local = svcr_explain_own(x, &f->to.addr),
				       .from_host = f->from.host };
	err = stays_inside(p) ? walk_inside(f) : walk_first(&w, f);
	svcr_nft_eval_release(&w.eval);
	for (size_t i = 0; i < f->ways.n; i++)
		if (f->ways.v[i].verdict > f->verdict || i == 0)
			f->verdict = f->ways.v[i].verdict;
	return err;
}
