/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that no kernel of ours would send, and what other programs put into our tables. */
#include "rules/nft/canon.h"
#include "rules/nftables/decode_test.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

/* Decodes a copy without a byte to spare, so that a sanitizer sees what is read past the end. */
static int decode_send(struct svcr_nft *n, const struct msg *m)
{
	void *copy = malloc(m->nlh->nlmsg_len);
	int err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, m->buf, m->nlh->nlmsg_len);
	err = svcr_nft_decode(n, copy);
	free(copy);
	return err;
}

static int decode_send_table(struct svcr_nft *n, const char *name, const void *userdata, size_t len)
{
	struct msg m;

	decode_start(&m, NFT_MSG_NEWTABLE, NFPROTO_IPV4);
	mnl_attr_put_strz(m.nlh, NFTA_TABLE_NAME, name);
	if (userdata)
		mnl_attr_put(m.nlh, NFTA_TABLE_USERDATA, len, userdata);
	return decode_send(n, &m);
}

static const char owner[] = "\0\024managed by svcrules";

static struct svcr_nft *decode_ours(void)
{
	struct svcr_nft *n = svcr_nft_new_tables(&svcr_services_layout, "svcrules");

	ck_assert_int_eq(decode_send_table(n, "svcrules", owner, sizeof(owner)), 0);
	return n;
}

/* ---- Hostile messages ---------------------------------------------------- */

/* An element whose key has `len` bytes, and data of `data` bytes (0: none). */
static int decode_send_elem(struct svcr_nft *n, const char *set, size_t len, size_t data)
{
	static const uint8_t bytes[64] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80 };
	struct nlattr *list, *elem;
	struct msg m;

	decode_start_elems(&m, "svcrules", set);
	list = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m.nlh, NFTA_LIST_ELEM);
	svcr_nft_attr_put_value(m.nlh, NFTA_SET_ELEM_KEY, bytes, len);
	if (data)
		svcr_nft_attr_put_value(m.nlh, NFTA_SET_ELEM_DATA, bytes, data);
	mnl_attr_nest_end(m.nlh, elem);
	mnl_attr_nest_end(m.nlh, list);
	return decode_send(n, &m);
}

static const struct {
	const char *set;
	size_t key, data;
	int result;
} sizes[] = {
	{ "services", 12, 0, 0 },         { "services", 11, 0, -EBADMSG },
	{ "services", 0, 0, -EBADMSG },   { "services", 60, 0, -EBADMSG },
	{ "endpoints", 16, 8, 0 },        { "endpoints", 16, 0, -EBADMSG },
	{ "endpoints", 16, 7, -EBADMSG }, { "endpoints", 16, 20, -EBADMSG },
	{ "pod-cidrs", 4, 0, 0 },         { "pod-cidrs", 16, 0, -EBADMSG },
	{ "sources-7", 4, 0, 0 },         { "sources-7", 16, 0, -EBADMSG },
	{ "sources-07", 16, 0, 0 },       { "sources-", 16, 0, 0 },
	{ "protocols", 1, 0, 0 },         { "protocols", 4, 0, -EBADMSG },
	{ "affinity", 1, 1, 0 },          { "foreign", 3, 3, 0 },
};

START_TEST(decode_key_size)
{
	struct svcr_nft *n = decode_ours();

	ck_assert_int_eq(decode_send_elem(n, sizes[_i].set, sizes[_i].key, sizes[_i].data),
			 sizes[_i].result);
	svcr_nft_decode_end(n);
	svcr_nft_free(n);
}
END_TEST

/* Any message cut off anywhere, and with any attribute shorter than it should be. */
START_TEST(decode_truncated)
{
	struct gen_cluster c = gen_cluster(5, 8);
	struct svcrules_ruleset *x = gen_build("nftables", &c, 0);
	struct svcr_nft *n = decode_ours();
	struct svcrules_messages all = decode_encode_all(gen_nft(x));
	const struct nlmsghdr *nlh = all.buf;
	int left = (int)all.len;
	struct msg m;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		for (uint32_t cut = sizeof(*nlh); cut < nlh->nlmsg_len && cut < 600; cut++) {
			memcpy(m.buf, nlh, cut);
			m.nlh = (struct nlmsghdr *)m.buf;
			m.nlh->nlmsg_len = cut;
			ck_assert_int_ne(decode_send(n, &m), -ENOMEM);
		}
	svcr_nft_decode_end(n);
	free(all.buf);
	free(c.v);
	svcrules_ruleset_free(x);
	svcr_nft_free(n);
}
END_TEST

/* An expression with one attribute of `len` bytes, the last thing in the message. */
static int decode_send_expr(struct svcr_nft *n, const char *name, uint16_t attr, size_t len)
{
	static const uint8_t zeros[64];
	struct nlattr *list, *elem, *data;
	struct msg m;

	decode_start(&m, NFT_MSG_NEWRULE, NFPROTO_IPV4);
	mnl_attr_put_strz(m.nlh, NFTA_RULE_TABLE, "svcrules");
	mnl_attr_put_strz(m.nlh, NFTA_RULE_CHAIN, "services");
	list = mnl_attr_nest_start(m.nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(m.nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(m.nlh, NFTA_EXPR_NAME, name);
	data = mnl_attr_nest_start(m.nlh, NFTA_EXPR_DATA);
	mnl_attr_put(m.nlh, attr, len, zeros);
	mnl_attr_nest_end(m.nlh, data);
	mnl_attr_nest_end(m.nlh, elem);
	mnl_attr_nest_end(m.nlh, list);
	return decode_send(n, &m);
}

START_TEST(decode_expr_sizes)
{
	static const char *const names[] = { "payload",   "meta", "ct",     "numgen", "bitwise",
					     "byteorder", "cmp",  "lookup", "dynset", "immediate",
					     "nat",       "masq", "reject", "counter" };
	struct svcr_nft *n = decode_ours();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (uint16_t attr = 1; attr < 20; attr++)
			for (size_t len = 0; len < 20; len++)
				ck_assert_int_eq(decode_send_expr(n, names[i], attr, len), 0);
	svcr_nft_free(n);
}
END_TEST

/* Sends an element of the map services with this verdict. Returns the verdict as decoded. */
static struct svcr_nft_chain_id decode_send_verdict(struct svcr_nft *n, int code, const char *chain)
{
	static const uint8_t key[] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0 };
	const struct svcr_nft_set *s = &n->tables[SVCR_IPV4].sets[SET_SERVICES];
	struct nlattr *list, *elem, *data, *v;
	struct svcr_nft_chain_id id;
	struct msg m;

	decode_start_elems(&m, "svcrules", "services");
	list = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m.nlh, NFTA_LIST_ELEM);
	svcr_nft_attr_put_value(m.nlh, NFTA_SET_ELEM_KEY, key, sizeof(key));
	data = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_DATA);
	v = mnl_attr_nest_start(m.nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(m.nlh, NFTA_VERDICT_CODE, htonl((uint32_t)code));
	if (chain)
		mnl_attr_put_strz(m.nlh, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(m.nlh, v);
	mnl_attr_nest_end(m.nlh, data);
	mnl_attr_nest_end(m.nlh, elem);
	mnl_attr_nest_end(m.nlh, list);
	ck_assert_int_eq(decode_send(n, &m), 0);
	memcpy(&id, svcr_nft_elem_data(s, svcr_nft_elem(s, s->n - 1)), sizeof(id));
	return id;
}

START_TEST(decode_verdicts)
{
	struct svcr_nft *n = decode_ours();
	char name[SVCR_NFT_NAME_MAX];
	struct svcr_nft_chain_id id;

	ck_assert_uint_eq(decode_send_verdict(n, NF_DROP, NULL).kind, VERDICT_DROP);
	ck_assert_uint_eq(decode_send_verdict(n, NFT_GOTO, "reject-new").kind, CHAIN_REJECT);
	id = decode_send_verdict(n, NFT_GOTO, "balance-4294967295");
	ck_assert_uint_eq(id.kind, CHAIN_BALANCE);
	ck_assert_uint_eq(id.n, 4294967295u);
	ck_assert_uint_eq(decode_send_verdict(n, NFT_GOTO, "balance-4294967296").kind,
			  CHAIN_FOREIGN);
	ck_assert_uint_eq(decode_send_verdict(n, NFT_GOTO, "balance-01").kind, CHAIN_FOREIGN);
	ck_assert_uint_eq(decode_send_verdict(n, NFT_GOTO, NULL).kind, CHAIN_FOREIGN);
	ck_assert_uint_eq(decode_send_verdict(n, NF_ACCEPT, NULL).kind, CHAIN_FOREIGN);
	id = decode_send_verdict(n, NFT_JUMP, "reject-new");
	ck_assert_uint_eq(id.kind, CHAIN_FOREIGN);
	ck_assert_ptr_nonnull(
		strstr(svcr_nft_chain_name(&n->tables[SVCR_IPV4], id, name), "reject-new"));
	svcr_nft_free(n);
}
END_TEST

static void decode_send_named(struct svcr_nft *n, uint16_t type, uint16_t table, uint16_t attr,
			      const char *name)
{
	struct msg m;

	decode_start(&m, type, NFPROTO_IPV4);
	mnl_attr_put_strz(m.nlh, table, "svcrules");
	mnl_attr_put_strz(m.nlh, attr, name);
	ck_assert_int_eq(decode_send(n, &m), 0);
}

static size_t decode_count_op(const struct svcr_nft_changes *c, enum svcr_nft_change_op op)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].op == op;
	return n;
}

/* What somebody else put into our table goes. */
START_TEST(decode_foreign_inside)
{
	struct svcr_nft *n = decode_ours();
	struct svcrules_ruleset *to = gen_build_text("nftables", SERVICE(WEB, ""), 0);
	struct svcr_nft_changes *c;

	decode_send_named(n, NFT_MSG_NEWSET, NFTA_SET_TABLE, NFTA_SET_NAME, "theirs");
	decode_send_named(n, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, "theirs");
	decode_send_named(n, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, "theirs");
	svcr_nft_decode_end(n);
	ck_assert_int_eq(svcr_nft_diff(n, gen_nft(to), &c), 0);
	ck_assert_uint_eq(decode_count_op(c, CHANGE_DEL_SET), 1);
	ck_assert_uint_eq(decode_count_op(c, CHANGE_DEL_CHAIN), 1);
	ck_assert_uint_eq(decode_count_op(c, CHANGE_FLUSH_CHAIN), 1);
	ck_assert_uint_eq(decode_count_op(c, CHANGE_ADD_TABLE), 0);
	svcr_nft_changes_free(c);
	svcr_nft_free(n);
	svcrules_ruleset_free(to);
}
END_TEST

static const struct {
	const char *name, *userdata;
	size_t len;
	bool present, foreign;
} tables[] = {
	{ "svcrules", owner, sizeof(owner), true, false },
	{ "svcrules", NULL, 0, true, true },
	{ "svcrules", "", 0, true, true },
	{ "svcrules", "\0\024managed by svcrule", 21, true, true },
	{ "svcrules", "\0\024managed by svcruleS", 22, true, true },
	{ "svcrules", "\001\002ab\0\024managed by svcrules", 26, true, false },
	{ "svcrules", "\001\377ab", 4, true, true },
	{ "svcrules", "\0", 1, true, true },
	{ "svcrules2", owner, sizeof(owner), false, false },
	{ "", owner, sizeof(owner), false, false },
};

START_TEST(decode_tables)
{
	struct svcr_nft *n = svcr_nft_new_tables(&svcr_services_layout, "svcrules");

	ck_assert_int_eq(decode_send_table(n, tables[_i].name, tables[_i].userdata, tables[_i].len),
			 0);
	ck_assert_int_eq(n->tables[SVCR_IPV4].present, tables[_i].present);
	ck_assert_ptr_eq(svcr_nft_foreign(n, NULL),
			 tables[_i].foreign ? &n->tables[SVCR_IPV4] : NULL);
	svcr_nft_free(n);
}
END_TEST

START_TEST(decode_other_messages)
{
	struct svcr_nft *n = svcr_nft_new_tables(&svcr_services_layout, "svcrules");
	struct msg m;

	decode_start(&m, NFT_MSG_NEWTABLE, NFPROTO_INET);
	mnl_attr_put_strz(m.nlh, NFTA_TABLE_NAME, "svcrules");
	ck_assert_int_eq(decode_send(n, &m), 0);
	decode_start(&m, NFT_MSG_NEWGEN, NFPROTO_IPV4);
	ck_assert_int_eq(decode_send(n, &m), 0);
	decode_start(&m, 0xff, NFPROTO_IPV4);
	ck_assert_int_eq(decode_send(n, &m), 0);
	decode_start(&m, NFT_MSG_NEWTABLE, NFPROTO_IPV4);
	m.nlh->nlmsg_len = sizeof(struct nlmsghdr);
	ck_assert_int_eq(decode_send(n, &m), -EBADMSG);
	ck_assert(!n->tables[SVCR_IPV4].present && !n->tables[SVCR_IPV6].present);
	svcr_nft_free(n);
}
END_TEST

/* ---- Registers ------------------------------------------------------------ */

static struct nftnl_expr *decode_add_expr(struct nftnl_rule *r, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	ck_assert_ptr_nonnull(e);
	nftnl_rule_add_expr(r, e);
	return e;
}

/* What this does: meta mark into `reg`, compared with `value`. */
static const char *decode_canon(struct svcr_nft *n, uint32_t reg, uint32_t value)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	const struct nlattr *a, *found = NULL;
	struct nftnl_expr *e = decode_add_expr(r, "meta");
	const char *text;
	struct msg m;

	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
	e = decode_add_expr(r, "cmp");
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &value, sizeof(value));
	decode_start(&m, NFT_MSG_NEWRULE, NFPROTO_IPV4);
	nftnl_rule_nlmsg_build_payload(m.nlh, r);
	mnl_attr_for_each(a, m.nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
			found = a;
	text = svcr_nft_canon(n, &n->tables[SVCR_IPV4], found, NULL);
	ck_assert_ptr_nonnull(text);
	nftnl_rule_free(r);
	return text;
}

START_TEST(decode_registers)
{
	struct svcr_nft *n = svcr_nft_new_tables(&svcr_services_layout, "svcrules");
	const char *first = decode_canon(n, NFT_REG_1, 1);

	ck_assert_str_eq(decode_canon(n, NFT_REG_2, 1), first);
	ck_assert_str_eq(decode_canon(n, NFT_REG32_00, 1), first);
	ck_assert_str_eq(decode_canon(n, NFT_REG32_15, 1), first);
	ck_assert_str_ne(decode_canon(n, NFT_REG_1, 2), first);
	svcr_nft_free(n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode");
	TCase *tc = tcase_create("decode");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, decode_key_size, 0, (int)ARRAY_SIZE(sizes));
	tcase_add_test(tc, decode_truncated);
	tcase_add_test(tc, decode_expr_sizes);
	tcase_add_test(tc, decode_verdicts);
	tcase_add_test(tc, decode_foreign_inside);
	tcase_add_loop_test(tc, decode_tables, 0, (int)ARRAY_SIZE(tables));
	tcase_add_test(tc, decode_other_messages);
	tcase_add_test(tc, decode_registers);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
