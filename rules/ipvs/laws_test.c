/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every cluster: of random ones, the laws of build, settle, diff, encode and decode. */
#include "rules/ipvs/diff.h"
#include "rules/nftables/generate_test.h"

#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#define SEEDS 300
#define GENL 29
#define TIMEOUT 900

/* ---- The kernel's part: changes carried out on a value ------------------ */

static struct svcr_ipvs_server *must_find(struct svcrules_ipvs *v, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *found = svcr_ipvs_find(v, s);

	ck_assert_ptr_nonnull(found); /* ESRCH */
	return found;
}

static void set_server(struct svcr_ipvs_server *to, const struct svcr_ipvs_server *s)
{
	memcpy(to->scheduler, s->scheduler, sizeof(to->scheduler));
	to->persistence = s->persistence;
	to->marked = true;
	to->damaged = false;
}

static void add_server(struct svcrules_ipvs *v, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *slot;

	ck_assert_ptr_null(svcr_ipvs_find(v, s)); /* EEXIST */
	slot = SVCR_GROW(&v->servers);
	*slot = (struct svcr_ipvs_server){ .addr = s->addr, .protocol = s->protocol, .port = s->port };
	set_server(slot, s);
	svcr_ipvs_sort(v);
}

static void del_server(struct svcrules_ipvs *v, const struct svcr_ipvs_server *s)
{
	struct svcr_ipvs_server *found = must_find(v, s);

	free(found->reals);
	v->servers.n--;
	memmove(found, found + 1, (size_t)(v->servers.v + v->servers.n - found) * sizeof(*found));
}

static void change_real(struct svcrules_ipvs *v, const struct svcr_ipvs_change *ch)
{
	struct svcr_ipvs_server *s = must_find(v, ch->server);
	struct svcr_ipvs_real *r = svcr_ipvs_find_real(s, ch->real);

	if (ch->op == IPVS_ADD_REAL) {
		ck_assert_ptr_null(r); /* EEXIST */
		svcr_ipvs_add_real(s, &(struct svcr_ipvs_real){ .addr = ch->real->addr, .port = ch->real->port,
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

static void carry_out(struct svcrules_ipvs *v, const struct svcrules_ipvs_changes *c)
{
	for (size_t i = 0; i < c->v.n; i++) {
		const struct svcr_ipvs_change *ch = &c->v.v[i];

		ck_assert(i == 0 || c->v.v[i - 1].op <= ch->op);
		switch (ch->op) {
		case IPVS_ADD_SERVER: add_server(v, ch->server); break;
		case IPVS_EDIT_SERVER: set_server(must_find(v, ch->server), ch->server); break;
		case IPVS_DEL_SERVER: del_server(v, ch->server); break;
		default: change_real(v, ch); break;
		}
	}
	v->addresses.n = 0;
	for (size_t i = 0; i < c->to->addresses.n; i++)
		svcr_ipvs_add_addr(&v->addresses, &c->to->addresses.v[i]);
}

/* Every real server of it with so many connections. */
static void set_conns(struct svcrules_ipvs *v, uint32_t conns)
{
	for (size_t i = 0; i < v->servers.n; i++)
		for (size_t k = 0; k < v->servers.v[i].nreals; k++)
			v->servers.v[i].reals[k].conns = conns;
}

/* ---- Helpers ------------------------------------------------------------ */

static struct svcrules_ipvs_changes *diff(const struct svcrules_ipvs *from, const struct svcrules_ipvs *to)
{
	struct svcrules_ipvs_changes *c = NULL;

	ck_assert_int_eq(svcrules_ipvs_diff(from, to, &c), 0);
	return c;
}

static bool same(const struct svcrules_ipvs *from, struct svcrules_ipvs *to)
{
	struct svcrules_ipvs_changes *c = diff(from, to);
	struct svcrules_changes *nft = NULL;
	bool empty;

	ck_assert_int_eq(svcrules_nft_diff(from->nft, to->nft, &nft), 0);
	empty = svcrules_ipvs_changes_empty(c) && svcrules_changes_empty(nft);
	svcrules_ipvs_changes_free(c);
	svcrules_changes_free(nft);
	return empty;
}

static char *printed(const struct svcrules_ipvs *v)
{
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_ipvs_print(v, SVCRULES_IPVS_ALL, gen_write, &t), 0);
	return t.p;
}

static void settle(const struct svcrules_ipvs *have, struct svcrules_ipvs *wanted, enum svcrules_ipvs_settle how)
{
	ck_assert_int_eq(svcrules_ipvs_settle(have, wanted, TIMEOUT, how), 0);
}

static bool is_draining(const struct svcrules_nft *nft, const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *r)
{
	uint8_t key[SVCR_NFT_DRAINING_MAX];

	svcr_nft_draining_key(key, &s->addr, s->protocol, s->port, &r->addr, r->port);
	return svcr_nft_find(&nft->tables[s->addr.family].sets[SET_DRAINING], key);
}

/* What an apply of `b` over `a` leaves, with so many connections everywhere at `a`. Owns its table. */
static struct svcrules_ipvs *applied(const struct gen_cluster *a, const struct gen_cluster *b, uint32_t conns)
{
	struct svcrules_ipvs *read = gen_ipvs(a, 0), *have = gen_ipvs(a, 0), *wanted = gen_ipvs(b, 0);
	struct svcrules_ipvs_changes *c;
	struct svcrules_changes *nft;

	set_conns(read, conns);
	settle(read, wanted, SVCRULES_IPVS_APPLY);
	c = diff(read, wanted);
	carry_out(have, c);
	svcrules_ipvs_changes_free(c);
	ck_assert_int_eq(svcrules_nft_diff(read->nft, wanted->nft, &nft), 0); /* arranges it */
	svcrules_changes_free(nft);
	svcrules_ipvs_free(read);
	svcrules_nft_free(have->nft); /* the transaction made it so */
	have->nft = wanted->nft;
	wanted->owns_nft = false;
	svcrules_ipvs_free(wanted);
	return have;
}

/* ---- Laws --------------------------------------------------------------- */

START_TEST(test_same)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ipvs *a = gen_ipvs(&c, 0), *b = gen_ipvs(&c, (uint64_t)_i + 1);
	char *x = printed(a), *y = printed(b);

	ck_assert(same(a, b));
	ck_assert_str_eq(x, y); /* the order of the input means nothing */
	free(x);
	free(y);
	svcrules_ipvs_free(a);
	svcrules_ipvs_free(b);
	free(c.v);
}
END_TEST

/* Its virtual servers are what the table sends on to IPVS, each reached at an address of this host. */
START_TEST(test_build)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 1 + (size_t)_i % 12);
	struct svcrules_ipvs *v = gen_ipvs(&c, 0);
	size_t sent = 0;

	for (size_t i = 0; i < v->servers.n; i++) {
		const struct svcr_ipvs_server *s = &v->servers.v[i];
		char text[SVCR_ADDR_TEXT];

		ck_assert_uint_gt(s->nreals, 0);
		ck_assert(svcr_ipvs_in_table(v, SET_SERVICES, s));
		svcr_addr_text(&s->addr, text);
		ck_assert(svcr_addrs_have(&v->addresses, &s->addr) || strcmp(text, "192.0.2.1") == 0 ||
			  strcmp(text, "2001:db8::1") == 0);
	}
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) /* each VIP is in one of the two maps with the verdict to go on */
		for (enum svcr_nft_set_id id = SET_SERVICES; id <= SET_SERVICES_EXTERNAL; id++)
			for (size_t i = 0; i < v->nft->tables[f].sets[id].n; i++) {
				const struct svcr_nft_set *s = &v->nft->tables[f].sets[id];
				struct svcr_nft_chain_id verdict;

				memcpy(&verdict, svcr_nft_elem_data(s, svcr_nft_elem(s, i)), sizeof(verdict));
				sent += verdict.kind == CHAIN_IPVS || verdict.kind == CHAIN_MASQUERADED_IPVS;
			}
	ck_assert_uint_eq(sent, v->servers.n);
	svcrules_ipvs_free(v);
	free(c.v);
}
END_TEST

/* Carrying out the changes gives what is wanted, and what drains is no difference then. */
START_TEST(test_apply)
{
	struct gen_cluster a, b;
	struct svcrules_ipvs *have, *wanted;

	gen_pair(&a, &b, _i);
	have = applied(&a, &b, (uint32_t)_i % 3);
	wanted = gen_ipvs(&b, 0);
	settle(have, wanted, SVCRULES_IPVS_COMPARE);
	ck_assert(same(have, wanted));
	svcrules_ipvs_free(have);
	svcrules_ipvs_free(wanted);
	free(a.v);
	free(b.v);
}
END_TEST

/* After one apply: what is wanted has weight 1, what drains weight 0 and a place in the set, UDP does not drain. */
START_TEST(test_drain)
{
	struct gen_cluster a, b;
	struct svcrules_ipvs *have, *fresh, *before;

	gen_pair(&a, &b, _i);
	before = gen_ipvs(&a, 0);
	have = applied(&a, &b, 1);
	fresh = gen_ipvs(&b, 0);
	for (size_t i = 0; i < have->servers.n; i++) {
		const struct svcr_ipvs_server *s = &have->servers.v[i], *to = svcr_ipvs_find(fresh, s);

		for (size_t k = 0; k < s->nreals; k++) {
			bool wanted = to && svcr_ipvs_find_real(to, &s->reals[k]);

			ck_assert_uint_eq(s->reals[k].weight, wanted);
			ck_assert(is_draining(have->nft, s, &s->reals[k]) == !wanted);
			ck_assert(wanted || s->protocol != SVCR_UDP);
		}
	}
	for (size_t i = 0; i < before->servers.n; i++) { /* nothing of TCP is lost */
		const struct svcr_ipvs_server *s = &before->servers.v[i], *now = svcr_ipvs_find(have, s);

		for (size_t k = 0; k < s->nreals && s->protocol != SVCR_UDP; k++)
			ck_assert(now && svcr_ipvs_find_real(now, &s->reals[k]));
	}
	svcrules_ipvs_free(have);
	svcrules_ipvs_free(fresh);
	svcrules_ipvs_free(before);
	free(a.v);
	free(b.v);
}
END_TEST

/* The next run: without connections, or once the set has forgotten them, they go; else they stay. */
static void assert_next(const struct gen_cluster *a, const struct gen_cluster *b, uint32_t conns, bool forgotten, bool stay)
{
	struct svcrules_ipvs *have = applied(a, b, 1), *wanted = gen_ipvs(b, 0), *fresh = gen_ipvs(b, 0);

	set_conns(have, conns);
	for (int f = 0; f < SVCR_FAMILY__COUNT && forgotten; f++)
		have->nft->tables[f].sets[SET_DRAINING].n = 0;
	settle(have, wanted, SVCRULES_IPVS_APPLY);
	if (stay) {
		struct svcrules_ipvs_changes *c = diff(have, wanted);

		ck_assert(svcrules_ipvs_changes_empty(c));
		svcrules_ipvs_changes_free(c);
	} else {
		ck_assert(same(wanted, fresh));
	}
	svcrules_ipvs_free(have);
	svcrules_ipvs_free(wanted);
	svcrules_ipvs_free(fresh);
}

START_TEST(test_drained)
{
	struct gen_cluster a, b;

	gen_pair(&a, &b, _i);
	assert_next(&a, &b, 0, false, false);
	assert_next(&a, &b, 5, true, false);
	assert_next(&a, &b, 5, false, true);
	free(a.v);
	free(b.v);
}
END_TEST

/* Given up for another back end, all of it drains, and no table of it refuses anybody. */
START_TEST(test_retire)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_nft *nothing = svcrules_nft_new("svcrules-ipvs");
	struct svcrules_ipvs *have = gen_ipvs(&a, 0), *wanted = svcrules_ipvs_new(nothing);
	size_t bound = 0;

	set_conns(have, 1);
	settle(have, wanted, SVCRULES_IPVS_RETIRE);
	for (size_t i = 0; i < wanted->servers.n; i++) {
		ck_assert(wanted->servers.v[i].protocol != SVCR_UDP);
		for (size_t k = 0; k < wanted->servers.v[i].nreals; k++)
			ck_assert_uint_eq(wanted->servers.v[i].reals[k].weight, 0);
	}
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		const struct svcr_nft_table *t = &nothing->tables[f];

		bound += t->sets[SET_BOUND_IPS].n;
		ck_assert_uint_eq(t->nchains, t->sets[SET_BOUND_IPS].n > 0); /* what the node sends from them is masqueraded */
		if (t->nchains) {
			ck_assert_int_eq(t->chains[0].id.kind, CHAIN_POSTROUTING);
			ck_assert_uint_eq(t->chains[0].nrules, 1);
		}
		for (int i = 0; i < SET__COUNT; i++)
			ck_assert(i == SET_DRAINING || i == SET_BOUND_IPS || !t->sets[i].present);
	}
	ck_assert_uint_eq(bound, wanted->addresses.n);
	svcrules_ipvs_free(have);
	svcrules_ipvs_free(wanted);
	svcrules_nft_free(nothing);
	free(a.v);
}
END_TEST

/* ---- Messages ----------------------------------------------------------- */

static uint8_t command_of(const struct nlmsghdr *nlh)
{
	return ((const struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd;
}

/* Decodes the i-th virtual server into `to` as often as `times(i)` says. Returns how many there are. */
static size_t dump_some(struct svcrules_ipvs *to, const void *buf, size_t len, unsigned (*times)(size_t i))
{
	size_t n = 0;
	int left = (int)len;

	for (const struct nlmsghdr *nlh = buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		unsigned count = command_of(nlh) == IPVS_CMD_NEW_SERVICE ? times(n++) : 0;

		for (; count > 0; count--)
			ck_assert_int_eq(svcrules_ipvs_decode(to, nlh), 0);
	}
	return n;
}

static unsigned once(size_t i) { (void)i; return 1; }
static unsigned not_each_third(size_t i) { return i % 3 != 1; }
static unsigned one_twice(size_t i) { return i == 2 ? 2 : 1; }

/* How many are asked for; each is answered, and none is asked for twice. */
static size_t asked(struct svcrules_ipvs *v)
{
	char buf[SVCRULES_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	size_t n = 0, at = 0;

	for (; svcrules_ipvs_ask_missing(v, &at, GENL, buf); n++) {
		ck_assert_int_eq(command_of((struct nlmsghdr *)buf), IPVS_CMD_GET_SERVICE);
		ck_assert_int_eq(svcrules_ipvs_decode(v, buf), 0); /* a question names it as an answer does */
		v->servers.v[v->servers.n - 1].marked = true;
		ck_assert_int_eq(svcrules_ipvs_own(v), 0);
	}
	return n;
}

/* What a dump skipped is asked for; what it has twice is noticed. */
START_TEST(test_moving_dump)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ipvs *v = gen_ipvs(&c, 0), *empty = svcrules_ipvs_new(v->nft);
	struct svcrules_ipvs *all = svcrules_ipvs_new(v->nft), *some = svcrules_ipvs_new(v->nft),
			     *twice = svcrules_ipvs_new(v->nft);
	struct svcrules_ipvs_changes *changes = diff(empty, v);
	size_t len, messages, n;
	void *buf;

	ck_assert_int_eq(svcrules_ipvs_changes_encode(changes, false, GENL, &buf, &len, &messages), 0);
	n = dump_some(all, buf, len, once);
	ck_assert_uint_eq(n, v->servers.n);
	ck_assert_int_eq(svcrules_ipvs_own(all), 0);
	ck_assert_uint_eq(asked(all), 0);
	dump_some(some, buf, len, not_each_third);
	ck_assert_int_eq(svcrules_ipvs_own(some), 0);
	ck_assert_uint_eq(asked(some), (n + 1) / 3);
	ck_assert_uint_eq(some->servers.n, n);
	dump_some(twice, buf, len, one_twice);
	ck_assert_int_eq(svcrules_ipvs_own(twice), n > 2 ? -EINTR : 0);
	free(buf);
	svcrules_ipvs_changes_free(changes);
	svcrules_ipvs_free(twice);
	svcrules_ipvs_free(some);
	svcrules_ipvs_free(all);
	svcrules_ipvs_free(empty);
	svcrules_ipvs_free(v);
	free(c.v);
}
END_TEST

/* What is sent to add it all is what the kernel's dumps say of it. */
START_TEST(test_round)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ipvs *v = gen_ipvs(&c, 0), *empty = svcrules_ipvs_new(v->nft), *back = svcrules_ipvs_new(v->nft);
	struct svcrules_ipvs_changes *changes = diff(empty, v);
	size_t len, messages, server = 0, count = 0;
	void *buf;
	int left;

	ck_assert_int_eq(svcrules_ipvs_changes_encode(changes, false, GENL, &buf, &len, &messages), 0);
	left = (int)len;
	for (const struct nlmsghdr *nlh = buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		ck_assert_uint_eq(nlh->nlmsg_seq, ++count);
		ck_assert_uint_eq(nlh->nlmsg_type, GENL);
		if (command_of(nlh) == IPVS_CMD_NEW_SERVICE) {
			ck_assert_int_eq(svcrules_ipvs_decode(back, nlh), 0);
			continue;
		}
		ck_assert_int_eq(command_of(nlh), IPVS_CMD_NEW_DEST); /* in order of the servers */
		while (back->servers.v[server].nreals == v->servers.v[server].nreals)
			server++;
		ck_assert_int_eq(svcrules_ipvs_decode_real(back, server, nlh), 0);
	}
	ck_assert_int_eq(left, 0);
	ck_assert_uint_eq(count, messages);
	for (size_t i = 0; i < v->addresses.n; i++)
		svcrules_ipvs_decode_address(back, svcr_nft_nfproto(v->addresses.v[i].family), v->addresses.v[i].bytes);
	ck_assert_int_eq(svcrules_ipvs_decode_end(back), 0);
	ck_assert(same(v, back));
	free(buf);
	svcrules_ipvs_changes_free(changes);
	svcrules_ipvs_free(back);
	svcrules_ipvs_free(empty);
	svcrules_ipvs_free(v);
	free(c.v);
}
END_TEST

/* Every change can be told, with its service's name, as sentences and as commands. */
START_TEST(test_describe)
{
	struct gen_cluster a, b;
	struct svcrules_ipvs *from, *to;
	struct svcrules_ipvs_changes *c;
	struct svcrules_changes *nft;
	struct gen_text text = { NULL, 0 }, commands = { NULL, 0 };

	gen_pair(&a, &b, _i);
	from = gen_ipvs(&a, 0);
	to = gen_ipvs(&b, 0);
	settle(from, to, SVCRULES_IPVS_APPLY);
	c = diff(from, to);
	ck_assert_int_eq(svcrules_nft_diff(from->nft, to->nft, &nft), 0);
	for (int removals = 0; removals < 2; removals++) {
		const struct svcr_ipvs_change *v;
		size_t n = svcr_ipvs_stage(c, removals, &v);

		for (size_t i = 1; i <= n; i++) {
			char *said = svcrules_ipvs_changes_describe(c, removals, (uint32_t)i, -ENOENT);

			ck_assert_ptr_nonnull(strstr(said, "Service "));
			ck_assert_ptr_nonnull(strstr(said, ": cannot "));
			free(said);
		}
		ck_assert_ptr_null(svcrules_ipvs_changes_describe(c, removals, (uint32_t)n + 1, -ENOENT));
		ck_assert_ptr_null(svcrules_ipvs_changes_describe(c, removals, 0, -ENOENT));
	}
	ck_assert_int_eq(svcrules_ipvs_changes_print(c, nft, true, gen_write, &text), 0);
	ck_assert_int_eq(svcrules_ipvs_changes_print_json(c, nft, gen_write, &text), 0);
	gen_write(&commands, "", 0);
	ck_assert_int_eq(svcrules_ipvs_changes_print_commands(c, SVCRULES_IPVS_IPVSADM, gen_write, &commands), 0);
	for (const char *p = commands.p; (p = strchr(p, '\n')); p++)
		ck_assert_uint_gt(c->v.n--, 0); /* a line each */
	ck_assert_uint_eq(c->v.n, 0);
	free(text.p);
	free(commands.p);
	svcrules_changes_free(nft);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(from);
	svcrules_ipvs_free(to);
	free(a.v);
	free(b.v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs-laws");
	TCase *tc = tcase_create("ipvs-laws");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_NOFORK);
	tcase_add_loop_test(tc, test_same, 0, SEEDS);
	tcase_add_loop_test(tc, test_build, 0, SEEDS);
	tcase_add_loop_test(tc, test_apply, 0, SEEDS);
	tcase_add_loop_test(tc, test_drain, 0, SEEDS);
	tcase_add_loop_test(tc, test_drained, 0, SEEDS);
	tcase_add_loop_test(tc, test_retire, 0, SEEDS);
	tcase_add_loop_test(tc, test_round, 0, SEEDS);
	tcase_add_loop_test(tc, test_moving_dump, 0, SEEDS);
	tcase_add_loop_test(tc, test_describe, 0, SEEDS);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
