/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is explained agrees with what others say: of random clusters, the endpoints with the choice
 * of the view, and what passes with what the policies mean (rules/policy/meaning_test.h).
 */
#include "rules/explain/explain.h"
#include "rules/laws_run_test.h"
#include "rules/policy/judge_test.h"
#include "select.h"

static struct svcrules_explanation *law_explain(struct svcrules_ruleset *rs,
						const struct svcrules_model *m,
						const struct svcrules_options *o, const char *from,
						const char *to, uint8_t protocol)
{
	const struct svcrules_question q = { from, to, protocol, 5 };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_explanation *e = NULL;

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(svcrules_explain(rs, NULL, m, o, &q, d, &e), 0);
	svcrules_diags_free(d);
	return e;
}

/* ---- Endpoints ------------------------------------------------------------- */

enum law_place { LAW_POD, LAW_OUTSIDE, LAW_NODE, LAW_PLACES };

static const char *const law_places[LAW_PLACES][SVCR_FAMILY__COUNT] = {
	[LAW_POD] = { "10.244.3.3", "fd00:244::3" },
	[LAW_OUTSIDE] = { "198.51.100.7", "2001:db8:ffff::7" },
	[LAW_NODE] = { "192.0.2.1", "2001:db8::1" },
};

static bool law_in_ranges(const struct svcr_range *v, size_t n, const struct svcr_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (svcr_addr_cmp(&v[i].first, a) <= 0 && svcr_addr_cmp(&v[i].last, a) >= 0)
			return true;
	return false;
}

/* The endpoints for a source; NULL: its packets are dropped by the source ranges. */
static const struct svcr_endpoint_addrs *law_expected(const struct svcr_view *w,
						      const struct svcr_vip *v,
						      enum law_place place,
						      const struct svcr_addr *src)
{
	uint8_t f = v->addr.family;
	bool inside = place == LAW_NODE;

	if (v->sources && !law_in_ranges(v->sources->v, v->sources->n, src))
		return NULL;
	if (w->nown_pod_ranges[f])
		inside |= law_in_ranges(w->own_pod_ranges[f], w->nown_pod_ranges[f], src);
	else
		inside |= law_in_ranges(w->pod_ranges[f], w->npod_ranges[f], src);
	return v->local && (v->kind == SVCR_VIP_CLUSTER || !inside) ? &v->choice->local :
								      &v->choice->cluster;
}

static void law_check_flow(const struct svcr_explain_flow *f, const struct svcr_vip *v,
			   const struct svcr_endpoint_addrs *l)
{
	if (!l || !l->n) {
		enum svcr_explain_verdict expected = l && !v->choice->cluster.n ?
							     SVCR_EXPLAIN_REFUSED :
							     SVCR_EXPLAIN_DROPPED;

		ck_assert_uint_eq(f->ways.n, 1);
		ck_assert_int_eq(f->verdict, expected);
		ck_assert(!f->ways.v[0].chosen);
		return;
	}
	ck_assert_int_eq(f->verdict, SVCR_EXPLAIN_DELIVERED);
	ck_assert_uint_eq(f->ways.n, l->n);
	for (size_t i = 0; i < l->n; i++) {
		bool found = false;

		ck_assert_uint_eq(f->ways.v[i].odds * l->n, f->ways.v[i].of);
		for (size_t k = 0; k < l->n; k++)
			found |= svcr_endpoint_addr_cmp(&f->ways.v[i].endpoint, &l->v[k]) == 0;
		ck_assert(found);
	}
}

static void law_check_vip(struct svcrules_ruleset *rs, const struct gen_input *in,
			  const struct svcr_view *w, const struct svcr_vip *v)
{
	char to[SVCR_IPVS_PLACE_TEXT];

	svcr_ipvs_place_text(&v->addr, v->port, to);
	for (int p = 0; p < LAW_PLACES; p++) {
		const char *from = law_places[p][v->addr.family];
		struct svcrules_explanation *e = law_explain(rs, in->m, in->o, from, to,
							     v->protocol);
		struct svcr_addr src;

		ck_assert(svcr_addr_parse(&src, (struct svcr_str){ from, strlen(from) }));
		ck_assert_uint_eq(e->flows.n, 1);
		law_check_flow(&e->flows.v[0], v, law_expected(w, v, (enum law_place)p, &src));
		ck_assert_int_eq(svcrules_explanation_delivered(e),
				 e->flows.v[0].verdict == SVCR_EXPLAIN_DELIVERED);
		svcrules_explanation_free(e);
	}
}

static void law_check_cluster(const char *target, int seed)
{
	struct gen_cluster c = gen_cluster((uint64_t)seed, 1 + (size_t)seed % 12);
	char *text = gen_json(&c, 0);
	struct gen_input in = gen_read(target, text, c.options);
	struct svcrules_ruleset *rs = gen_build_input(&in);
	struct svcr_view view;

	ck_assert_int_eq(svcr_select(&view, in.m, in.o, in.d), 0);
	for (size_t i = 0; i < view.nvips; i++)
		law_check_vip(rs, &in, &view, &view.vips[i]);
	svcr_view_release(&view);
	svcrules_ruleset_free(rs);
	gen_release(&in);
	free(text);
	free(c.v);
}

START_TEST(law_endpoints_nftables)
{
	law_check_cluster("nftables", _i);
}
END_TEST

START_TEST(law_endpoints_ipvs)
{
	law_check_cluster("ipvs", _i);
}
END_TEST

/* ---- Policies -------------------------------------------------------------- */

struct law_policies {
	struct np_cluster *c;
	struct gen_input in;
	struct svcrules_ruleset *rs;
};

static void law_host_addresses(const struct np_cluster *c, char *buf, size_t size)
{
	char text[4][INET6_ADDRSTRLEN];

	for (int v6 = 0; v6 < 2; v6++) {
		struct np_addr node = np_node_addr(v6, c->node);
		struct np_addr gateway = np_pod_range(v6, c->node, NP_GATEWAY);

		inet_ntop(v6 ? AF_INET6 : AF_INET, node.bytes, text[2 * v6], INET6_ADDRSTRLEN);
		inet_ntop(v6 ? AF_INET6 : AF_INET, gateway.bytes, text[2 * v6 + 1],
			  INET6_ADDRSTRLEN);
	}
	snprintf(buf, size, "%s,%s,%s,%s", text[0], text[1], text[2], text[3]);
}

static struct law_policies law_compile(int seed)
{
	struct law_policies p = { .c = np_cluster((uint64_t)seed) };
	char *json = np_json(p.c, 0), node[16], hosts[256];
	const char *text = json;

	p.in = (struct gen_input){ "nftables", .d = svcrules_diags_new(),
				   .o = svcrules_options_new() };
	snprintf(node, sizeof(node), "node%u", p.c->node);
	law_host_addresses(p.c, hosts, sizeof(hosts));
	judge_set(p.in.o, "node-name", node, p.in.d);
	judge_set(p.in.o, "network-policy", NULL, p.in.d);
	judge_set(p.in.o, "host-ip", hosts, p.in.d);
	p.in.m = svcrules_model_new("nftables", p.in.o);
	gen_valid(&p.in, svcrules_model_read(p.in.m, "generated", gen_fill, &text, p.in.d));
	p.rs = gen_build_input(&p.in);
	free(json);
	return p;
}

/* A packet that comes from elsewhere with an address of the pod, or of its node, was forged. */
static bool law_forged(const struct np_cluster *c, const struct np_packet *p)
{
	const struct np_pod *pod = np_pod_at(c, &p->dst);
	struct np_cluster *other;
	bool forged;

	if (!pod || !pod->node || pod->node == c->node)
		return np_addr_eq(&p->src, &p->dst);
	other = np_copy(c);
	other->node = pod->node;
	forged = np_pod_has(pod, &p->src) || np_host_owns(other, &p->src);
	free(other);
	return forged;
}

/* What this node's policies say and, if it is another one, those of the destination's node. */
static bool law_allowed(const struct np_cluster *c, const struct np_packet *p)
{
	const struct np_pod *pod = np_pod_at(c, &p->dst);
	struct np_cluster *other;
	bool allowed = np_allowed(c, p);

	if (!allowed || !pod || !pod->node || pod->node == c->node)
		return allowed;
	other = np_copy(c);
	other->node = pod->node;
	allowed = np_allowed(other, p);
	free(other);
	return allowed;
}

/* What is said about a packet that policies let pass names a rule of the input, not a map. */
static void law_names_rules(const struct svcr_explain_way *w)
{
	for (size_t i = 0; i < w->steps.n; i++) {
		const char *t = w->steps.v[i].text;

		if (strncmp(w->steps.v[i].where, "policy", 6) != 0 || !strstr(t, ": allows "))
			continue;
		ck_assert_msg(strstr(t, " to all ports") || strstr(t, " at ") ||
				      strchr(strstr(t, ": allows "), '/') ||
				      strstr(t, " to port ") || strstr(t, "all ports of"),
			      "%s", t);
		ck_assert_msg(!strstr(t, "that holds it") && !strstr(t, "that it selects"), "%s",
			      t);
	}
}

static void law_check_packet(struct law_policies *l, const struct np_packet *p, int seed)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN + 16];
	struct svcrules_explanation *e;
	int family = p->src.v6 ? AF_INET6 : AF_INET;
	bool dropped;

	inet_ntop(family, p->src.bytes, src, sizeof(src));
	inet_ntop(family, p->dst.bytes, dst, sizeof(dst));
	snprintf(to, sizeof(to), p->src.v6 ? "[%s]:%u" : "%s:%u", dst, p->port);
	e = law_explain(l->rs, l->in.m, l->in.o, src, to, p->protocol);
	ck_assert_uint_eq(e->flows.n, 1);
	dropped = e->flows.v[0].verdict == SVCR_EXPLAIN_DROPPED;
	if (dropped == law_allowed(l->c, p))
		judge_fail("explained wrongly", seed, l->c, p);
	law_names_rules(&e->flows.v[0].ways.v[0]);
	svcrules_explanation_free(e);
}

START_TEST(law_policies_mean)
{
	struct law_policies l = law_compile(_i);
	uint64_t rng = (uint64_t)_i * 77 + 5;

	for (int i = 0; i < 40; i++) {
		struct np_packet p = np_packet(l.c, &rng);

		if ((p.protocol != 6 && p.protocol != 17 && p.protocol != 132) || !p.port)
			continue;
		/* a pod reaches itself by a service alone, which these clusters do not have */
		if (law_forged(l.c, &p))
			continue;
		law_check_packet(&l, &p, _i);
	}
	svcrules_ruleset_free(l.rs);
	gen_release(&l.in);
	free(l.c);
}
END_TEST

static void law_add(TCase *tc)
{
	tcase_add_loop_test(tc, law_endpoints_nftables, 0, 300);
	tcase_add_loop_test(tc, law_endpoints_ipvs, 0, 300);
	tcase_add_loop_test(tc, law_policies_mean, 0, 400);
}

int main(void)
{
	return laws_run("explain-laws", law_add);
}
