/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every cluster: of random ones, the laws of build, settle and diff. */
#include "rules/ipvs/parts_test.h"
#include "rules/nftables/serving.h"

#include <errno.h>

static struct svcrules_ruleset *ipvs_build(const struct gen_cluster *c, uint64_t shuffle)
{
	return gen_build("ipvs", c, shuffle);
}

/* ---- The kernel's part: changes carried out on a value ------------------ */

static struct svcr_ipvs_server *ipvs_laws_must_find(struct svcr_ipvs *v,
						    const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *found = svcr_ipvs_find(v, s);

	ck_assert_ptr_nonnull(found); /* ESRCH */
	return found;
}

static void ipvs_laws_set_server(struct svcr_ipvs_server *to, const struct svcr_ipvs_server *s)
{
	memcpy(to->scheduler, s->scheduler, sizeof(to->scheduler));
	to->persistence = s->persistence;
	to->marked = true;
	to->damaged = false;
}

static void ipvs_laws_add_server(struct svcr_ipvs *v, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *slot;

	ck_assert_ptr_null(svcr_ipvs_find(v, s)); /* EEXIST */
	slot = SVCR_GROW(&v->servers);
	*slot = (struct svcr_ipvs_server){ .addr = s->addr,
					   .protocol = s->protocol,
					   .port = s->port };
	ipvs_laws_set_server(slot, s);
	svcr_ipvs_sort(v);
}

static void ipvs_laws_del_server(struct svcr_ipvs *v, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *found = ipvs_laws_must_find(v, s);

	free(found->reals);
	v->servers.n--;
	memmove(found, found + 1, (size_t)(v->servers.v + v->servers.n - found) * sizeof(*found));
}

static void ipvs_laws_change_real(struct svcr_ipvs *v, const struct svcr_ipvs_change *ch)
{
	struct svcr_ipvs_server *s = ipvs_laws_must_find(v, ch->server);
	struct svcr_ipvs_real *r = svcr_ipvs_find_real(s, ch->real);

	if (ch->op == IPVS_ADD_REAL) {
		ck_assert_ptr_null(r); /* EEXIST */
		svcr_ipvs_add_real(s, &(struct svcr_ipvs_real){ .addr = ch->real->addr,
								.port = ch->real->port,
								.weight = ch->real->weight });
		svcr_ipvs_sort(v);
		return;
	}
	ck_assert_ptr_nonnull(r); /* ENOENT */
	if (ch->op == IPVS_EDIT_REAL) {
		r->weight = ch->real->weight;
		r->damaged = false;
		return;
	}
	s->nreals--;
	memmove(r, r + 1, (size_t)(s->reals + s->nreals - r) * sizeof(*r));
}

static void ipvs_laws_carry_out(struct svcr_ipvs *v, const struct svcr_ipvs_changes *c)
{
	for (size_t i = 0; i < c->v.n; i++) {
		const struct svcr_ipvs_change *ch = &c->v.v[i];

		ck_assert(i == 0 || c->v.v[i - 1].op <= ch->op);
		switch (ch->op) {
		case IPVS_ADD_SERVER: ipvs_laws_add_server(v, ch->server); break;
		case IPVS_EDIT_SERVER:
			ipvs_laws_set_server(ipvs_laws_must_find(v, ch->server), ch->server);
			break;
		case IPVS_DEL_SERVER: ipvs_laws_del_server(v, ch->server); break;
		default: ipvs_laws_change_real(v, ch); break;
		}
	}
}

/* Gives each real server that number of connections. */
static void ipvs_laws_set_conns(struct svcr_ipvs *v, uint32_t conns)
{
	for (size_t i = 0; i < v->servers.n; i++)
		for (size_t k = 0; k < v->servers.v[i].nreals; k++)
			v->servers.v[i].reals[k].conns = conns;
}

/* ---- Helpers ------------------------------------------------------------ */

static void ipvs_laws_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *wanted,
			     enum svcrules_settle how, const struct svcrules_ruleset *now)
{
	ck_assert_int_eq(svcrules_settle(have, wanted, how, now), 0);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT;
	     f++) /* the default of the option drain-timeout */
		ck_assert_uint_eq(svcr_services_set(gen_nft(wanted), f, SET_DRAINING)->timeout,
				  900);
}

static bool ipvs_laws_is_draining(const struct svcr_nft *nft, const struct svcr_ipvs_server *s,
				  const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_DRAINING_MAX];

	svcr_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	return svcr_nft_find(&nft->tables[s->addr.family].sets[SET_DRAINING], key);
}

/*
 * What an apply of `b` over `a` leaves, when each real server had `conns` connections at `a`.
 */
static struct svcrules_ruleset *ipvs_laws_applied(const struct gen_cluster *a,
						  const struct gen_cluster *b, uint32_t conns)
{
	struct svcrules_ruleset *read = ipvs_build(a, 0), *have = ipvs_build(a, 0),
				*wanted = ipvs_build(b, 0);
	struct svcrules_changes *c;
	struct svcr_part *tables;

	ipvs_laws_set_conns(gen_servers(read), conns);
	ipvs_laws_settle(read, wanted, SVCRULES_SETTLE_APPLY, NULL);
	c = gen_diff(read, wanted); /* arranges the tables */
	ipvs_laws_carry_out(gen_servers(have),
			    (struct svcr_ipvs_changes *)svcr_changes_find(c, &svcr_ipvs_ops));
	gen_addresses(have)->n = 0;
	for (size_t i = 0; i < gen_addresses(wanted)->n; i++)
		svcr_addrs_add(gen_addresses(have), &gen_addresses(wanted)->v[i]);
	svcrules_changes_free(c);
	svcrules_ruleset_free(read);
	tables = have->parts[0]; /* the transaction made them those of `wanted` */
	have->parts[0] = wanted->parts[0];
	wanted->parts[0] = tables;
	svcrules_ruleset_free(wanted);
	return have;
}

/* ---- Laws --------------------------------------------------------------- */

START_TEST(ipvs_laws_same)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *a = ipvs_build(&c, 0), *b = ipvs_build(&c, (uint64_t)_i + 1);
	char *x = gen_printed(a, NULL), *y = gen_printed(b, NULL);

	ck_assert(gen_same(a, b));
	ck_assert_str_eq(x, y); /* the order of the input means nothing */
	free(x);
	free(y);
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(b);
	free(c.v);
}
END_TEST

/*
 * The virtual servers are those that the tables send on to IPVS, each at an address of this host.
 */
START_TEST(ipvs_laws_build)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 1 + (size_t)_i % 12);
	struct svcrules_ruleset *v = ipvs_build(&c, 0);
	size_t sent = 0;

	for (size_t i = 0; i < gen_servers(v)->servers.n; i++) {
		const struct svcr_ipvs_server *s = &gen_servers(v)->servers.v[i];
		char text[SVCR_ADDR_TEXT];

		ck_assert_uint_gt(s->nreals, 0);
		ck_assert(svcr_ipvs_in_table(gen_nft(v), SET_SERVICES, s));
		svcr_addr_text(&s->addr, text);
		ck_assert(svcr_addrs_have(gen_addresses(v), &s->addr) ||
			  strcmp(text, "192.0.2.1") == 0 || strcmp(text, "2001:db8::1") == 0);
	}
	/* each VIP is in one of the two maps with the verdict to go on */
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		for (enum svcr_services_set id = SET_SERVICES; id <= SET_SERVICES_EXTERNAL; id++)
			for (size_t i = 0; i < gen_nft(v)->tables[f].sets[id].n; i++) {
				const struct svcr_nft_set *s = &gen_nft(v)->tables[f].sets[id];
				struct svcr_nft_chain_id verdict = svcr_nft_elem_verdict(
					s, svcr_nft_elem(s, i));

				sent += verdict.kind == CHAIN_DELEGATE ||
					verdict.kind == CHAIN_MASQUERADED_DELEGATE;
			}
	ck_assert_uint_eq(sent, gen_servers(v)->servers.n);
	svcrules_ruleset_free(v);
	free(c.v);
}
END_TEST

/* Carrying out the changes gives what is wanted, and what drains is no difference then. */
START_TEST(ipvs_laws_apply)
{
	struct gen_cluster a, b;
	struct svcrules_ruleset *have, *wanted;

	gen_pair(&a, &b, _i);
	have = ipvs_laws_applied(&a, &b, (uint32_t)_i % 3);
	wanted = ipvs_build(&b, 0);
	ipvs_laws_settle(have, wanted, SVCRULES_SETTLE_COMPARE, NULL);
	ck_assert(gen_same(have, wanted));
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(wanted);
	free(a.v);
	free(b.v);
}
END_TEST

static bool ipvs_laws_serves(const struct svcrules_ruleset *v, const struct svcr_ipvs_server *s,
			     const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_VIP_MAX], data[SVCR_ENDPOINT_MAX];

	svcr_ipvs_key(key, s);
	svcr_endpoint_data(data, &r->addr, r->port);
	return svcr_serving_has(v->serving, s->addr.family, key, data);
}

/* True if the real server may stay until its connections end, now that `fresh` is wanted. */
static bool ipvs_laws_may_stay(const struct svcrules_ruleset *fresh,
			       const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *r)
{
	return svcr_ipvs_in_table(gen_nft(fresh), SET_SERVICES, s) &&
	       (s->protocol == SVCR_TCP || ipvs_laws_serves(fresh, s, r));
}

/*
 * After one apply: what is wanted has weight 1, what drains weight 0 and, if it is TCP, a place in
 * the set. Nothing drains at an address and port that no service has any longer.
 */
START_TEST(ipvs_laws_drain)
{
	struct gen_cluster a, b;
	struct svcrules_ruleset *have, *fresh, *before;

	gen_pair(&a, &b, _i);
	before = ipvs_build(&a, 0);
	have = ipvs_laws_applied(&a, &b, 1);
	fresh = ipvs_build(&b, 0);
	for (size_t i = 0; i < gen_servers(have)->servers.n; i++) {
		const struct svcr_ipvs_server *s = &gen_servers(have)->servers.v[i],
					      *to = svcr_ipvs_find(gen_servers(fresh), s);

		for (size_t k = 0; k < s->nreals; k++) {
			bool wanted = to && svcr_ipvs_find_real(to, &s->reals[k]);

			ck_assert_uint_eq(s->reals[k].weight, wanted);
			ck_assert(ipvs_laws_is_draining(gen_nft(have), s, &s->reals[k]) ==
				  (!wanted && s->protocol == SVCR_TCP));
			ck_assert(wanted || ipvs_laws_may_stay(fresh, s, &s->reals[k]));
		}
	}
	for (size_t i = 0; i < gen_servers(before)->servers.n; i++) { /* nothing else is lost */
		const struct svcr_ipvs_server *s = &gen_servers(before)->servers.v[i],
					      *now = svcr_ipvs_find(gen_servers(have), s);

		for (size_t k = 0; k < s->nreals; k++)
			ck_assert(!ipvs_laws_may_stay(fresh, s, &s->reals[k]) ||
				  (now && svcr_ipvs_find_real(now, &s->reals[k])));
	}
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(fresh);
	svcrules_ruleset_free(before);
	free(a.v);
	free(b.v);
}
END_TEST

/*
 * The next run: without connections, or once the set has forgotten those of TCP, they go; else
 * they stay.
 */
static void ipvs_laws_assert_next(const struct gen_cluster *a, const struct gen_cluster *b,
				  uint32_t conns, bool forgotten, bool stay)
{
	struct svcrules_ruleset *have = ipvs_laws_applied(a, b, 1), *wanted = ipvs_build(b, 0),
				*fresh = ipvs_build(b, 0);

	ipvs_laws_set_conns(gen_servers(have), conns);
	for (int f = 0; f < SVCR_FAMILY__COUNT && forgotten; f++)
		gen_nft(have)->tables[f].sets[SET_DRAINING].n = 0;
	ipvs_laws_settle(have, wanted, SVCRULES_SETTLE_APPLY, NULL);
	if (stay)
		ck_assert(gen_same(have, wanted));
	else if (conns == 0)
		ck_assert(gen_same(wanted, fresh));
	for (size_t i = 0; !stay && i < gen_servers(wanted)->servers.n; i++) {
		const struct svcr_ipvs_server *s = &gen_servers(wanted)->servers.v[i];

		for (size_t k = 0; k < s->nreals; k++)
			ck_assert(s->protocol != SVCR_TCP || s->reals[k].weight == 1);
	}
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(wanted);
	svcrules_ruleset_free(fresh);
}

START_TEST(ipvs_laws_drained)
{
	struct gen_cluster a, b;

	gen_pair(&a, &b, _i);
	ipvs_laws_assert_next(&a, &b, 0, false, false);
	ipvs_laws_assert_next(&a, &b, 5, true, false);
	ipvs_laws_assert_next(&a, &b, 5, false, true);
	free(a.v);
	free(b.v);
}
END_TEST

/*
 * Once another target serves, everything that it serves still drains, else only TCP, and no table
 * refuses anybody.
 */
START_TEST(ipvs_laws_retire)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *have = ipvs_build(&a, 0), *wanted = gen_empty("ipvs"),
				*now = _i % 2 ? gen_build("nftables", &a, 0) : NULL;
	size_t bound = 0, serving = 0;

	ipvs_laws_set_conns(gen_servers(have), 1);
	ipvs_laws_settle(have, wanted, SVCRULES_SETTLE_RETIRE, now);
	for (size_t i = 0; i < gen_servers(have)->servers.n; i++)
		serving += gen_servers(have)->servers.v[i].nreals > 0;
	if (now)
		ck_assert_uint_eq(gen_servers(wanted)->servers.n, serving);
	for (size_t i = 0; i < gen_servers(wanted)->servers.n; i++) {
		ck_assert(now || gen_servers(wanted)->servers.v[i].protocol == SVCR_TCP);
		for (size_t k = 0; k < gen_servers(wanted)->servers.v[i].nreals; k++)
			ck_assert_uint_eq(gen_servers(wanted)->servers.v[i].reals[k].weight, 0);
	}
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		const struct svcr_nft_table *t = &gen_nft(wanted)->tables[f];

		bound += t->sets[SET_BOUND_IPS].n;
		ck_assert_uint_eq(t->nchains,
				  t->sets[SET_BOUND_IPS].n >
					  0); /* what the node sends from them is masqueraded */
		if (t->nchains) {
			ck_assert_int_eq(t->chains[0].id.kind, CHAIN_POSTROUTING);
			ck_assert_uint_eq(t->chains[0].nrules, 1);
		}
		for (int i = 0; i < SET__COUNT; i++)
			ck_assert(i == SET_DRAINING || i == SET_BOUND_IPS || !t->sets[i].present);
	}
	ck_assert_uint_eq(bound, gen_addresses(wanted)->n);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(wanted);
	svcrules_ruleset_free(now);
	free(a.v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs-laws");
	TCase *tc = tcase_create("ipvs-laws");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	srunner_set_fork_status(runner, CK_NOFORK);
	tcase_add_loop_test(tc, ipvs_laws_same, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_laws_build, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_laws_apply, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_laws_drain, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_laws_drained, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_laws_retire, 0, SEEDS);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
