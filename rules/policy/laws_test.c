/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for the rules of NetworkPolicies in every cluster. First of all: a packet's walk
 * through the tables ends as the meaning of the policies says (meaning_test.h).
 */
#include "rules/kernel_test.h"
#include "rules/laws_run_test.h"
#include "rules/nft/apply_test.h"
#include "rules/policy/facts_test.h"
#include "rules/policy/judge_test.h"
#include "rules/policy/mutate_test.h"

#define JUDGE_SEEDS 500
#define JUDGE_PACKETS 600
#define JUDGE_FEW 120 /* seeds of the other laws */

/* ---- The meaning ----------------------------------------------------------- */

/* Of all packets: how many there were, and how many did not pass. */
static struct {
	size_t packets, dropped;
} counted[2]; /* 1: of those that a policy judges */

static bool judge_is_judged(const struct np_cluster *c, const struct np_packet *p)
{
	const struct np_pod *from = np_pod_at(c, &p->src), *to = np_pod_at(c, &p->dst);

	return (from && from->node == c->node && np_isolated(c, from, NP_EGRESS)) ||
	       (to && to->node == c->node && np_isolated(c, to, NP_INGRESS));
}

/* Replies and what belongs to a connection are not judged; what is of no connection is. */
static void judge_states(const struct svcrules_ruleset *rs, const struct np_cluster *c,
			 const struct np_packet *p, uint64_t *rng, bool expected)
{
	struct walk_packet w = judge_packet(c, p, rng);

	w.state = WALK_INVALID;
	WALK_ASSERT(judge_walk(rs, &w) == expected, "invalid");
	w.state = WALK_ESTABLISHED;
	WALK_ASSERT(judge_walk(rs, &w), "established");
	w.state = WALK_RELATED;
	WALK_ASSERT(judge_walk(rs, &w), "related");
	w.state = WALK_UNTRACKED;
	WALK_ASSERT(judge_walk(rs, &w), "untracked");
}

START_TEST(judge_agrees)
{
	uint64_t rng = (uint64_t)_i * 31 + 5;
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *rs = judge_compile(_i % 5 == 4 ? "ipvs" : "nftables", c, 0, true);

	for (int i = 0; i < JUDGE_PACKETS; i++) {
		const struct np_packet p = np_packet(c, &rng);
		bool expected = np_allowed(c, &p), judged = judge_is_judged(c, &p);

		if (judge_passes(rs, c, &p, &rng) != expected)
			judge_fail(expected ? "does not pass" : "passes", _i, c, &p);
		if (gen_one_in(&rng, 10))
			judge_states(rs, c, &p, &rng, expected);
		for (int j = 0; j <= (judged ? 1 : 0); j++) {
			counted[j].packets++;
			counted[j].dropped += !expected;
		}
	}
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* The law would say little if all packets passed, or none. */
START_TEST(judge_agreed_on_both)
{
	ck_assert_uint_ge(counted[1].packets, 100000);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_ge(counted[i].dropped * 100, counted[i].packets * 15);
		ck_assert_uint_le(counted[i].dropped * 100, counted[i].packets * 85);
	}
}
END_TEST

START_TEST(judge_facts)
{
	const struct fact *f = &facts[_i / 2];
	struct np_cluster *c = facts_cluster(f);
	struct svcrules_ruleset *rs = judge_build(c);
	const char *text = f->packets, *rest;
	bool v6 = _i % 2, expected;
	uint64_t rng = (uint64_t)_i;
	struct np_packet p;

	while (f->families != (v6 ? 4 : 6) && (rest = facts_packet(text, v6, &p, &expected))) {
		ck_assert_msg(judge_passes(rs, c, &p, &rng) == expected, "%s: %.*s", f->says,
			      (int)(rest - text), text);
		text = rest;
	}
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* ---- What is installed ------------------------------------------------------ */

static bool judge_any_isolated(const struct np_cluster *c, bool v6)
{
	struct np_addr addrs[2];

	for (size_t i = 0; i < c->npods; i++) {
		const struct np_pod *p = &c->pods[i];

		if (np_ended(p) || p->host_network || p->node != c->node ||
		    !(np_isolated(c, p, NP_INGRESS) || np_isolated(c, p, NP_EGRESS)))
			continue;
		for (size_t n = np_pod_addrs(p, addrs); n > 0; n--)
			if (addrs[n - 1].v6 == v6)
				return true;
	}
	return false;
}

/* Nothing without the option, and nothing for a family in which no pod of the node is selected. */
START_TEST(judge_installs_nothing)
{
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *with = judge_build(c),
				*without = judge_compile("nftables", c, 0, false);

	for (int v6 = 0; v6 < 2; v6++) {
		ck_assert(!judge_table(without, v6)->present);
		ck_assert_uint_eq(judge_table(without, v6)->nchains, 0);
		if (!judge_any_isolated(c, v6))
			ck_assert(!judge_table(with, v6)->present);
	}
	svcrules_ruleset_free(with);
	svcrules_ruleset_free(without);
	free(c);
}
END_TEST

static void judge_set_in_order(const struct svcr_nft_table *t, size_t set)
{
	const struct svcr_nft_set *s = &t->sets[set];

	apply_disjoint(s);
	for (size_t i = 1; i < s->n; i++)
		WALK_ASSERT(memcmp(svcr_nft_elem(s, i - 1), svcr_nft_elem(s, i), s->sort_len) < 0,
			    "%s is not sorted", s->layout->name);
	for (size_t i = 0; i < s->n && s->layout->numbered; i++)
		WALK_ASSERT(apply_users_of_set(t, set,
					       svcr_nft_elem_number(s, svcr_nft_elem(s, i))) > 0,
			    "a set %s is not used", s->layout->name);
}

/*
 * A class of pods has a chain only if a pod is of it, and ranges of addresses only if its rules use
 * them. Sets are in order.
 */
START_TEST(judge_nothing_idle)
{
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *rs = judge_build(c);

	for (int v6 = 0; v6 < 2; v6++) {
		const struct svcr_nft_table *t = judge_table(rs, v6);

		for (size_t i = 0; i < t->nchains; i++)
			WALK_ASSERT(!svcr_nft_chain_row(t->layout, t->chains[i].id)->numbered ||
					    apply_users_of_chain(t, t->chains[i].id) > 0,
				    "chain %u of no pod", t->chains[i].id.n);
		for (size_t i = 0; i < t->layout->nsets; i++)
			judge_set_in_order(t, i);
	}
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* ---- Values and changes ------------------------------------------------------ */

static void judge_equal(const struct svcrules_ruleset *a, const struct svcrules_ruleset *b,
			int seed, const struct np_cluster *c, const char *what)
{
	char *x = gen_printed(a, NULL), *y = gen_printed(b, NULL);

	if (strcmp(x, y) != 0) {
		fprintf(stderr, "%s\n---- and ----\n%s\n", x, y);
		judge_fail(what, seed, c, NULL);
	}
	free(x);
	free(y);
}

START_TEST(judge_order)
{
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *a = judge_build(c), *again = judge_build(c),
				*other = judge_compile("nftables", c, (uint64_t)_i + 1, true);

	judge_equal(a, other, _i, c, "the order of the input matters");
	judge_equal(a, again, _i, c, "the same cluster gives other rules");
	ck_assert(gen_same(a, again));
	ck_assert(gen_same(a, other));
	ck_assert(gen_same(a, a));
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(again);
	svcrules_ruleset_free(other);
	free(c);
}
END_TEST

/* Mostly a few changes lead from one cluster to the other; some have nothing in common. */
static struct np_cluster *judge_changed(const struct np_cluster *c, int seed)
{
	struct np_cluster *to;

	if (seed % 8 == 5) {
		to = np_cluster((uint64_t)seed + 7777);
		to->node = c->node;
		if (seed % 16 == 5)
			to->npolicies = 0;
		return to;
	}
	to = np_copy(c);
	for (uint32_t i = 1 + gen_random(&to->rng, 6); i > 0; i--)
		np_mutate(to);
	return to;
}

/* The changes, carried out on the first value, give the second. */
START_TEST(judge_apply)
{
	struct np_cluster *a = np_cluster((uint64_t)_i), *b = judge_changed(a, _i);
	struct svcrules_ruleset *from = judge_build(a), *work = judge_build(a),
				*to = judge_build(b), *again = judge_build(b);
	struct svcrules_changes *c = gen_diff(from, to);
	const struct svcr_nft_changes *nft = gen_nft_changes(c);

	for (size_t i = 0; i < nft->n; i++)
		apply_change(nft, &nft->v[i], gen_nft(work));
	judge_equal(work, to, _i, b, "changes do not lead to what was wanted");
	ck_assert(gen_same(work, again));
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(work);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(again);
	free(a);
	free(b);
}
END_TEST

/* What the kernel has after the messages that make the rules is what they were made of. */
START_TEST(judge_reads_back)
{
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *rs = judge_build(c), *back = NULL;
	struct svcrules_reader *r = svcrules_reader_new(rs);
	struct svcrules_messages messages[FAKE_PARTS];
	struct fake_kernel k = { .messages = messages, .generation = 7 };
	struct gen_text packed = { NULL, 0 };

	fake_messages(messages, rs);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(fake_read(&k, r), 0);
	ck_assert_int_eq(svcrules_reader_end(r, &back), 0);
	if (!gen_same(back, rs))
		judge_fail("other rules are read back", _i, c, NULL);
	svcrules_ruleset_free(back);
	ck_assert_int_eq(svcrules_pack(rs, gen_write, &packed), 0);
	ck_assert_int_eq(svcrules_unpack(rs, packed.p, packed.len, &back), 0);
	ck_assert(gen_same(back, rs));
	free(packed.p);
	fake_messages_release(messages, rs->nparts);
	svcrules_reader_free(r);
	svcrules_ruleset_free(back);
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* ---- Small changes ----------------------------------------------------------- */

/* A pod more, which is as `like` but for its name, node and address. */
static struct np_pod *judge_twin(struct np_cluster *c, const struct np_pod *like, uint8_t node)
{
	struct np_pod *p;

	ck_assert_uint_lt(c->npods, NP_PODS);
	p = &c->pods[c->npods];
	*p = *like;
	p->id = c->next_id++;
	p->node = p->home = node;
	np_place(c, p);
	c->npods++;
	return p;
}

/*
 * A named port together with a block makes the addresses of the block that are pods a class of
 * their own; so no pod is then as another one at another address.
 */
static void judge_unname_blocks(struct np_cluster *c)
{
	for (size_t i = 0; i < c->npolicies; i++)
		for (size_t r = 0; r < c->policies[i].rules[NP_EGRESS].n; r++) {
			struct np_rule *rule = &c->policies[i].rules[NP_EGRESS].v[r];
			bool block = false;

			for (size_t n = 0; n < rule->npeers; n++)
				block |= rule->peers[n].is_block;
			for (size_t n = 0; n < rule->nports && block; n++)
				rule->ports[n].name = 0;
		}
}

/* A pod of this node, if there is one, and room for three more. */
static struct np_pod *judge_some_pod(struct np_cluster *c)
{
	judge_unname_blocks(c);
	while (c->npods > NP_PODS - 4)
		c->npods--;
	for (size_t i = 0; i < c->npods; i++) {
		struct np_pod *p = &c->pods[i];

		if (p->node == c->node && !np_ended(p) && !p->host_network)
			return p;
	}
	return NULL;
}

/* Compares, and looks at what changed: elements alone, and at most that many. */
static void judge_few_changes(const struct np_cluster *before, const struct np_cluster *after,
			      size_t most, int seed, const char *what)
{
	struct svcrules_ruleset *from = judge_build(before), *to = judge_build(after);
	struct svcrules_changes *c = gen_diff(from, to);
	const struct svcr_nft_changes *nft = gen_nft_changes(c);

	if (nft->other || nft->elements_added + nft->elements_removed > most) {
		fprintf(stderr, "%zu added, %zu removed, %zu others\n", nft->elements_added,
			nft->elements_removed, nft->other);
		judge_fail(what, seed, after, NULL);
	}
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}

#define PER_ADDRESS 4

/*
 * A pod gets the labels and ports of another pod; a third is as it was before. So there is no new
 * class, and none goes: each element of the pod's addresses is replaced at most.
 */
START_TEST(judge_label_changes)
{
	struct np_cluster *before = np_cluster((uint64_t)_i), *after;
	struct np_pod *p = judge_some_pod(before), *like;

	if (p) {
		like = judge_twin(before, p, before->node);
		like->families = p->families = NP_V4_V6;
		like->single = p->single = false;
		like = judge_twin(before, p, before->node);
		like->labels = np_labels(&before->rng);
		after = np_copy(before);
		after->pods[p - before->pods].labels = like->labels;
		judge_few_changes(before, after, 2 * PER_ADDRESS * 2, _i, "labels of a pod");
		free(after);
	}
	free(before);
}
END_TEST

/* A pod moves to this node, where others are like it, from one where others are too. */
START_TEST(judge_moves)
{
	struct np_cluster *before = np_cluster((uint64_t)_i), *after;
	struct np_pod *p = judge_some_pod(before), *moves;
	uint8_t elsewhere = (uint8_t)(before->node % NP_NODES + 1);

	if (p) {
		p->families = NP_V6_V4;
		p->single = false;
		judge_twin(before, p, elsewhere);
		moves = judge_twin(before, p, elsewhere);
		after = np_copy(before);
		moves = &after->pods[moves - before->pods];
		moves->node = moves->home = before->node;
		moves->phase = NP_FAILED;
		np_place(after, moves);
		moves->phase = NP_RUNNING;
		judge_few_changes(before, after, 2 * PER_ADDRESS * 2, _i, "a pod moves here");
		after->npods--; /* away from here, and one less there */
		before->npods--;
		ck_assert_ptr_eq(moves, &after->pods[after->npods]);
		judge_twin(after, p, after->node);
		judge_few_changes(before, after, PER_ADDRESS * 2, _i, "one pod more");
		judge_few_changes(after, before, PER_ADDRESS * 2, _i, "one pod less");
		free(after);
	}
	free(before);
}
END_TEST

/* ---- Policies more and less ---------------------------------------------------- */

enum judge_end { JUDGE_UNTOUCHED, JUDGE_ISOLATED_BEFORE, JUDGE_NEWLY_ISOLATED };

/* What another policy means for one end of the packet, if that is a pod of this node. */
static enum judge_end judge_end(const struct np_cluster *c, const struct np_policy *more,
				const struct np_packet *p, enum np_direction d)
{
	const struct np_pod *pod = np_pod_at(c, d == NP_INGRESS ? &p->dst : &p->src);

	if (!pod || pod->node != c->node || !np_isolates(more, d) || !np_selects(more, pod))
		return JUDGE_UNTOUCHED;
	return np_isolated(c, pod, d) ? JUDGE_ISOLATED_BEFORE : JUDGE_NEWLY_ISOLATED;
}

/* With one policy more: what a selected pod had isolated opens at most, other pods see nothing. */
static void judge_one_more(const struct np_cluster *c, const struct np_policy *more,
			   const struct np_packet *p, const bool passes[2], int seed)
{
	enum judge_end out = judge_end(c, more, p, NP_EGRESS);
	enum judge_end in = judge_end(c, more, p, NP_INGRESS);

	if (passes[0] && !passes[1] && out != JUDGE_NEWLY_ISOLATED && in != JUDGE_NEWLY_ISOLATED)
		judge_fail("a policy more closed what was isolated before, or is not selected",
			   seed, c, p);
	if (!passes[0] && passes[1] && out != JUDGE_ISOLATED_BEFORE && in != JUDGE_ISOLATED_BEFORE)
		judge_fail("a policy more opened what it does not select", seed, c, p);
}

START_TEST(judge_adds)
{
	struct np_cluster *c = np_cluster((uint64_t)_i), *more = np_copy(c);
	uint64_t rng = (uint64_t)_i + 99;
	const struct np_policy *added;
	struct svcrules_ruleset *rs[2];

	np_add_policy(more);
	added = &more->policies[more->npolicies - 1];
	rs[0] = judge_build(c);
	rs[1] = judge_build(more);
	for (int i = 0; i < JUDGE_PACKETS; i++) {
		const struct np_packet p = np_packet(more, &rng);
		const bool passes[2] = { judge_passes(rs[0], c, &p, &rng),
					 judge_passes(rs[1], c, &p, &rng) };

		judge_one_more(c, added, &p, passes, _i);
	}
	svcrules_ruleset_free(rs[0]);
	svcrules_ruleset_free(rs[1]);
	free(c);
	free(more);
}
END_TEST

static bool judge_selects_here(const struct np_cluster *c, const struct np_policy *policy)
{
	for (size_t i = 0; i < c->npods; i++)
		if (c->pods[i].node == c->node && np_selects(policy, &c->pods[i]))
			return true;
	return false;
}

/* Policies that select no pod of this node leave no trace here. */
START_TEST(judge_others_policies)
{
	struct np_cluster *c = np_cluster((uint64_t)_i), *fewer = np_copy(c);
	struct svcrules_ruleset *all = judge_build(c), *few;

	fewer->npolicies = 0;
	for (size_t i = 0; i < c->npolicies; i++)
		if (judge_selects_here(c, &c->policies[i]))
			fewer->policies[fewer->npolicies++] = c->policies[i];
	few = judge_build(fewer);
	judge_equal(all, few, _i, c, "a policy that selects no pod here matters");
	svcrules_ruleset_free(all);
	svcrules_ruleset_free(few);
	free(c);
	free(fewer);
}
END_TEST

/* A policy that allows everything opens the pods that it selects, whatever others say. */
START_TEST(judge_opens)
{
	static const struct np_rule everything = { .peers_absent = true, .ports_absent = true };
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct np_pod *pod = judge_some_pod(c);
	struct np_policy p = { .types = NP_TYPE_INGRESS | NP_TYPE_EGRESS };
	struct svcrules_ruleset *rs;
	uint64_t rng = (uint64_t)_i;

	p.ns = pod ? pod->ns : 0;
	for (int d = 0; d < 2; d++) {
		p.rules[d].present = true;
		p.rules[d].n = 1;
		p.rules[d].v[0] = everything;
	}
	c->policies[c->npolicies++] = p;
	rs = judge_build(c);
	for (int i = 0; i < JUDGE_PACKETS; i++) {
		struct np_packet packet = np_packet(c, &rng);
		const struct np_pod *from = np_pod_at(c, &packet.src);
		const struct np_pod *to = np_pod_at(c, &packet.dst);

		if ((!from || from->ns == p.ns) && (!to || to->ns == p.ns) &&
		    !judge_passes(rs, c, &packet, &rng))
			judge_fail("a pod that may do everything may not", _i, c, &packet);
	}
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* ---- All ----------------------------------------------------------------------- */

static void judge_add(TCase *tc)
{
	tcase_add_loop_test(tc, judge_facts, 0, 2 * (int)FACTS);
	tcase_add_loop_test(tc, judge_agrees, 0, JUDGE_SEEDS);
	tcase_add_test(tc, judge_agreed_on_both);
	tcase_add_loop_test(tc, judge_installs_nothing, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_nothing_idle, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_order, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_apply, 0, 2 * JUDGE_FEW);
	tcase_add_loop_test(tc, judge_reads_back, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_label_changes, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_moves, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_adds, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_others_policies, 0, JUDGE_FEW);
	tcase_add_loop_test(tc, judge_opens, 0, JUDGE_FEW);
}

int main(void)
{
	return laws_run("policies", judge_add);
}
