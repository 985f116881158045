/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements byte by byte; messages that no kernel of ours would send; flows and remembered clients. */
#include "rules/nftables/diff.h"
#include "rules/nftables/expr.h"
#include "rules/nftables/generate_test.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Messages ----------------------------------------------------------- */

struct msg { char buf[8192]; struct nlmsghdr *nlh; };

static void start(struct msg *m, uint16_t type, uint8_t family)
{
	struct nfgenmsg *nfg;

	memset(m->buf, 0, sizeof(m->buf));
	m->nlh = mnl_nlmsg_put_header(m->buf);
	m->nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg = mnl_nlmsg_put_extra_header(m->nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
}

/* Decodes a copy without a byte to spare, so that a sanitizer sees what is read past the end. */
static int send_to(struct svcrules_nft *n, const struct msg *m)
{
	void *copy = malloc(m->nlh->nlmsg_len);
	int err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, m->buf, m->nlh->nlmsg_len);
	err = svcrules_nft_decode(n, copy);
	free(copy);
	return err;
}

static void put_value(struct nlmsghdr *nlh, uint16_t attr, const void *data, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, attr);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, data);
	mnl_attr_nest_end(nlh, nest);
}

static void start_elems(struct msg *m, const char *table, const char *set)
{
	start(m, NFT_MSG_NEWSETELEM, NFPROTO_IPV4);
	mnl_attr_put_strz(m->nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(m->nlh, NFTA_SET_ELEM_LIST_SET, set);
}

static int send_table(struct svcrules_nft *n, const char *name, const void *userdata, size_t len)
{
	struct msg m;

	start(&m, NFT_MSG_NEWTABLE, NFPROTO_IPV4);
	mnl_attr_put_strz(m.nlh, NFTA_TABLE_NAME, name);
	if (userdata)
		mnl_attr_put(m.nlh, NFTA_TABLE_USERDATA, len, userdata);
	return send_to(n, &m);
}

static const char owner[] = "\0\024managed by svcrules";

static struct svcrules_nft *ours(void)
{
	struct svcrules_nft *n = svcrules_nft_new("svcrules");

	ck_assert_int_eq(send_table(n, "svcrules", owner, sizeof(owner)), 0);
	return n;
}

/* ---- Elements, byte by byte --------------------------------------------- */

#define SERVICE(spec, status) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},\"spec\":{\"clusterIP\":" \
	"\"10.96.0.1\"," spec "},\"status\":{" status "}}"
#define SLICE(ports, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv4\",\"ports\":[" ports "],\"endpoints\":[" \
	endpoints "]}"
#define END(ip, node) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"" node "\"}"
#define WEB "\"ports\":[{\"name\":\"http\",\"port\":80}]"
#define WEB_SLICE(endpoints) SLICE("{\"name\":\"http\",\"port\":8080}", endpoints)

/* The list of elements that goes into a set of the new table; malloc'ed. */
static uint8_t *elements(const char *input, const char *set, size_t *len)
{
	struct svcrules_nft *x = gen_build_text(input, 2), *empty = svcrules_nft_new("svcrules");
	struct svcrules_changes *c;
	uint8_t *found = NULL;
	size_t buf_len, n;
	void *buf;
	int left;

	ck_assert_int_eq(svcrules_nft_diff(empty, x, &c), 0);
	ck_assert_int_eq(svcrules_changes_encode(c, &buf, &buf_len, &n), 0);
	left = (int)buf_len;
	for (const struct nlmsghdr *nlh = buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlattr *a;
		bool wanted = false;

		if ((nlh->nlmsg_type & 0xff) != NFT_MSG_NEWSETELEM || found)
			continue;
		mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_SET)
				wanted = strcmp(mnl_attr_get_str(a), set) == 0;
			if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS && wanted) {
				*len = mnl_attr_get_payload_len(a);
				found = malloc(*len);
				ck_assert_ptr_nonnull(found);
				memcpy(found, mnl_attr_get_payload(a), *len);
			}
		}
	}
	free(buf);
	svcrules_changes_free(c);
	svcrules_nft_free(x);
	svcrules_nft_free(empty);
	ck_assert_ptr_nonnull(found);
	return found;
}

static const struct { const char *input, *set; size_t len; const char *bytes; } literals[] = {
	{ SERVICE(WEB, "") WEB_SLICE(END("10.244.0.1", "node1")), "services", 76,
	  "\x4c\0\x01\x80"
	  "\x14\0\x01\x80" "\x10\0\x01\0" "\x0a\x60\0\x01" "\x06\0\0\0" "\0\x50\0\0"
	  "\x20\0\x02\x80" "\x1c\0\x02\x80" "\x08\0\x01\0" "\xff\xff\xff\xfc" "\x0e\0\x02\0" "balance-1\0\0\0"
	  "\x14\0\x06\0" "\0\x0eprod/web:http\0" },
	{ SERVICE(WEB, ""), "pod-cidrs", 40,
	  "\x10\0\x01\x80" "\x0c\0\x01\x80" "\x08\0\x01\0" "\x0a\xf4\0\0"
	  "\x18\0\x01\x80" "\x0c\0\x01\x80" "\x08\0\x01\0" "\x0a\xf5\0\0" "\x08\0\x03\0" "\0\0\0\x01" },
	{ SERVICE("\"type\":\"LoadBalancer\",\"loadBalancerSourceRanges\":[\"192.0.2.0/24\"]," WEB,
		  "\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}") WEB_SLICE(END("10.244.0.1", "node1")),
	  "allowed-sources", 104,
	  "\x34\0\x01\x80"
	  "\x18\0\x01\x80" "\x14\0\x01\0" "\xcb\0\x71\x01" "\x06\0\0\0" "\0\x50\0\0" "\xc0\0\x02\0"
	  "\x18\0\x0a\x80" "\x14\0\x01\0" "\xcb\0\x71\x01" "\x06\0\0\0" "\0\x50\0\0" "\xc0\0\x02\xff"
	  "\x34\0\x01\x80" /* the service's own address is always allowed */
	  "\x18\0\x01\x80" "\x14\0\x01\0" "\xcb\0\x71\x01" "\x06\0\0\0" "\0\x50\0\0" "\xcb\0\x71\x01"
	  "\x18\0\x0a\x80" "\x14\0\x01\0" "\xcb\0\x71\x01" "\x06\0\0\0" "\0\x50\0\0" "\xcb\0\x71\x01" },
};

START_TEST(test_literal)
{
	size_t len = 0;
	uint8_t *bytes = elements(literals[_i].input, literals[_i].set, &len);

	if (htons(1) != 1) { /* netlink's own lengths are numbers of this host */
		ck_assert_uint_eq(len, literals[_i].len);
		ck_assert_mem_eq(bytes, literals[_i].bytes, len);
	}
	free(bytes);
}
END_TEST

START_TEST(test_index_256)
{
	static const uint8_t key[] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0 }, port[] = { 0x1f, 0x90, 0, 0 };
	const uint32_t index = 256;
	const size_t each = 4 + 4 + 4 + 16 + 4 + 4 + 8;
	size_t len, text_len;
	uint8_t *bytes;
	char *text;
	FILE *f = open_memstream(&text, &text_len);

	fprintf(f, "%s", SERVICE(WEB, "") "{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},"
		"\"subsets\":[{\"ports\":[{\"name\":\"http\",\"port\":8080}],\"addresses\":[");
	for (int i = 0; i < 257; i++)
		fprintf(f, "%s{\"ip\":\"10.244.%d.%d\"}", i ? "," : "", i / 250, i % 250 + 1);
	fprintf(f, "]}]}");
	fclose(f);
	bytes = elements(text, "endpoints", &len);
	ck_assert_uint_eq(len, 257 * each);
	ck_assert_mem_eq(bytes + 256 * each + 12, key, sizeof(key));
	ck_assert_mem_eq(bytes + 256 * each + 24, &index, 4);
	ck_assert_mem_eq(bytes + 257 * each - 4, port, 4);
	free(bytes);
	free(text);
}
END_TEST

/* ---- Hostile messages ---------------------------------------------------- */

/* An element whose key has `len` bytes, and data of `data` bytes (0: none). */
static int send_elem(struct svcrules_nft *n, const char *set, size_t len, size_t data)
{
	static const uint8_t bytes[64] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80 };
	struct nlattr *list, *elem;
	struct msg m;

	start_elems(&m, "svcrules", set);
	list = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m.nlh, NFTA_LIST_ELEM);
	put_value(m.nlh, NFTA_SET_ELEM_KEY, bytes, len);
	if (data)
		put_value(m.nlh, NFTA_SET_ELEM_DATA, bytes, data);
	mnl_attr_nest_end(m.nlh, elem);
	mnl_attr_nest_end(m.nlh, list);
	return send_to(n, &m);
}

static const struct { const char *set; size_t key, data; int result; } sizes[] = {
	{ "services", 12, 0, 0 }, { "services", 11, 0, -EBADMSG }, { "services", 0, 0, -EBADMSG },
	{ "services", 60, 0, -EBADMSG }, { "endpoints", 16, 8, 0 }, { "endpoints", 16, 0, -EBADMSG },
	{ "endpoints", 16, 7, -EBADMSG }, { "endpoints", 16, 20, -EBADMSG }, { "pod-cidrs", 4, 0, 0 },
	{ "pod-cidrs", 16, 0, -EBADMSG }, { "allowed-sources", 16, 0, 0 }, { "allowed-sources", 12, 0, -EBADMSG },
	{ "protocols", 1, 0, 0 }, { "protocols", 4, 0, -EBADMSG }, { "affinity", 1, 1, 0 }, { "foreign", 3, 3, 0 },
};

START_TEST(test_size)
{
	struct svcrules_nft *n = ours();

	ck_assert_int_eq(send_elem(n, sizes[_i].set, sizes[_i].key, sizes[_i].data), sizes[_i].result);
	ck_assert_int_eq(svcrules_nft_decode_end(n), 0);
	svcrules_nft_free(n);
}
END_TEST

/* Any message cut off anywhere, and with any attribute shorter than it should be. */
START_TEST(test_truncated)
{
	struct gen_cluster c = gen_cluster(5, 8);
	struct svcrules_nft *x = gen_build(&c, 0), *empty = svcrules_nft_new("svcrules"), *n = ours();
	struct svcrules_changes *changes;
	size_t len, messages;
	struct msg m;
	void *buf;
	int left;

	ck_assert_int_eq(svcrules_nft_diff(empty, x, &changes), 0);
	ck_assert_int_eq(svcrules_changes_encode(changes, &buf, &len, &messages), 0);
	left = (int)len;
	for (const struct nlmsghdr *nlh = buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		for (uint32_t cut = sizeof(*nlh); cut < nlh->nlmsg_len && cut < 600; cut++) {
			memcpy(m.buf, nlh, cut);
			m.nlh = (struct nlmsghdr *)m.buf;
			m.nlh->nlmsg_len = cut;
			ck_assert_int_ne(send_to(n, &m), -ENOMEM);
		}
	ck_assert_int_eq(svcrules_nft_decode_end(n), 0);
	free(buf);
	free(c.v);
	svcrules_changes_free(changes);
	svcrules_nft_free(x);
	svcrules_nft_free(empty);
	svcrules_nft_free(n);
}
END_TEST

/* An expression with one attribute of `len` bytes, the last thing in the message. */
static int send_expr(struct svcrules_nft *n, const char *name, uint16_t attr, size_t len)
{
	static const uint8_t zeros[64];
	struct nlattr *list, *elem, *data;
	struct msg m;

	start(&m, NFT_MSG_NEWRULE, NFPROTO_IPV4);
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
	return send_to(n, &m);
}

START_TEST(test_expr_sizes)
{
	static const char *const names[] = { "payload", "meta", "ct", "numgen", "bitwise", "byteorder", "cmp", "lookup",
					     "dynset", "immediate", "nat", "masq", "reject", "counter" };
	struct svcrules_nft *n = ours();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (uint16_t attr = 1; attr < 20; attr++)
			for (size_t len = 0; len < 20; len++)
				ck_assert_int_eq(send_expr(n, names[i], attr, len), 0);
	svcrules_nft_free(n);
}
END_TEST

/* Sends services' one element with this verdict; what becomes of it. */
static struct svcr_nft_chain_id verdict(struct svcrules_nft *n, int code, const char *chain)
{
	static const uint8_t key[] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0 };
	const struct svcr_nft_set *s = &n->tables[SVCR_IPV4].sets[SET_SERVICES];
	struct nlattr *list, *elem, *data, *v;
	struct svcr_nft_chain_id id;
	struct msg m;

	start_elems(&m, "svcrules", "services");
	list = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m.nlh, NFTA_LIST_ELEM);
	put_value(m.nlh, NFTA_SET_ELEM_KEY, key, sizeof(key));
	data = mnl_attr_nest_start(m.nlh, NFTA_SET_ELEM_DATA);
	v = mnl_attr_nest_start(m.nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(m.nlh, NFTA_VERDICT_CODE, htonl((uint32_t)code));
	if (chain)
		mnl_attr_put_strz(m.nlh, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(m.nlh, v);
	mnl_attr_nest_end(m.nlh, data);
	mnl_attr_nest_end(m.nlh, elem);
	mnl_attr_nest_end(m.nlh, list);
	ck_assert_int_eq(send_to(n, &m), 0);
	memcpy(&id, svcr_nft_elem_data(s, svcr_nft_elem(s, s->n - 1)), sizeof(id));
	return id;
}

START_TEST(test_verdicts)
{
	struct svcrules_nft *n = ours();
	char name[SVCR_NFT_NAME_MAX];
	struct svcr_nft_chain_id id;

	ck_assert_uint_eq(verdict(n, NF_DROP, NULL).kind, VERDICT_DROP);
	ck_assert_uint_eq(verdict(n, NFT_GOTO, "reject-new").kind, CHAIN_REJECT);
	id = verdict(n, NFT_GOTO, "balance-4294967295");
	ck_assert_uint_eq(id.kind, CHAIN_BALANCE);
	ck_assert_uint_eq(id.n, 4294967295u);
	ck_assert_uint_eq(verdict(n, NFT_GOTO, "balance-4294967296").kind, CHAIN_FOREIGN);
	ck_assert_uint_eq(verdict(n, NFT_GOTO, "balance-01").kind, CHAIN_FOREIGN);
	ck_assert_uint_eq(verdict(n, NFT_GOTO, NULL).kind, CHAIN_FOREIGN);
	ck_assert_uint_eq(verdict(n, NF_ACCEPT, NULL).kind, CHAIN_FOREIGN);
	id = verdict(n, NFT_JUMP, "reject-new");
	ck_assert_uint_eq(id.kind, CHAIN_FOREIGN);
	ck_assert_ptr_nonnull(strstr(svcr_nft_chain_name(n, id, name), "reject-new"));
	svcrules_nft_free(n);
}
END_TEST

static void send_named(struct svcrules_nft *n, uint16_t type, uint16_t table, uint16_t attr, const char *name)
{
	struct msg m;

	start(&m, type, NFPROTO_IPV4);
	mnl_attr_put_strz(m.nlh, table, "svcrules");
	mnl_attr_put_strz(m.nlh, attr, name);
	ck_assert_int_eq(send_to(n, &m), 0);
}

static size_t count_op(const struct svcrules_changes *c, enum svcr_nft_change_op op)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].op == op;
	return n;
}

/* What somebody else put into our table goes. */
START_TEST(test_foreign_inside)
{
	struct svcrules_nft *n = ours(), *to = gen_build_text(SERVICE(WEB, ""), 0);
	struct svcrules_changes *c;

	send_named(n, NFT_MSG_NEWSET, NFTA_SET_TABLE, NFTA_SET_NAME, "theirs");
	send_named(n, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, "theirs");
	send_named(n, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, "theirs");
	ck_assert_int_eq(svcrules_nft_decode_end(n), 0);
	ck_assert_int_eq(svcrules_nft_diff(n, to, &c), 0);
	ck_assert_uint_eq(count_op(c, CHANGE_DEL_SET), 1);
	ck_assert_uint_eq(count_op(c, CHANGE_DEL_CHAIN), 1);
	ck_assert_uint_eq(count_op(c, CHANGE_FLUSH_CHAIN), 1);
	ck_assert_uint_eq(count_op(c, CHANGE_ADD_TABLE), 0);
	svcrules_changes_free(c);
	svcrules_nft_free(n);
	svcrules_nft_free(to);
}
END_TEST

static const struct { const char *name, *userdata; size_t len; bool present, foreign; } tables[] = {
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

START_TEST(test_tables)
{
	struct svcrules_nft *n = svcrules_nft_new("svcrules");

	ck_assert_int_eq(send_table(n, tables[_i].name, tables[_i].userdata, tables[_i].len), 0);
	ck_assert_int_eq(n->tables[SVCR_IPV4].present, tables[_i].present);
	ck_assert_int_eq(svcrules_nft_foreign(n), tables[_i].foreign ? NFPROTO_IPV4 : 0);
	svcrules_nft_free(n);
}
END_TEST

START_TEST(test_other_messages)
{
	struct svcrules_nft *n = svcrules_nft_new("svcrules");
	struct msg m;

	start(&m, NFT_MSG_NEWTABLE, NFPROTO_INET);
	mnl_attr_put_strz(m.nlh, NFTA_TABLE_NAME, "svcrules");
	ck_assert_int_eq(send_to(n, &m), 0);
	start(&m, NFT_MSG_NEWGEN, NFPROTO_IPV4);
	ck_assert_int_eq(send_to(n, &m), 0);
	start(&m, 0xff, NFPROTO_IPV4);
	ck_assert_int_eq(send_to(n, &m), 0);
	start(&m, NFT_MSG_NEWTABLE, NFPROTO_IPV4);
	m.nlh->nlmsg_len = sizeof(struct nlmsghdr);
	ck_assert_int_eq(send_to(n, &m), -EBADMSG);
	ck_assert(!n->tables[SVCR_IPV4].present && !n->tables[SVCR_IPV6].present);
	svcrules_nft_free(n);
}
END_TEST

/* ---- Registers ------------------------------------------------------------ */

static struct nftnl_expr *expr(struct nftnl_rule *r, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	ck_assert_ptr_nonnull(e);
	nftnl_rule_add_expr(r, e);
	return e;
}

/* meta mark into `reg`, compared with 1; or, for `other`, with 2. */
static const char *canon(struct svcrules_nft *n, uint32_t reg, uint32_t value)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	const struct nlattr *a, *found = NULL;
	struct nftnl_expr *e = expr(r, "meta");
	const char *text;
	struct msg m;

	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
	e = expr(r, "cmp");
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &value, sizeof(value));
	start(&m, NFT_MSG_NEWRULE, NFPROTO_IPV4);
	nftnl_rule_nlmsg_build_payload(m.nlh, r);
	mnl_attr_for_each(a, m.nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
			found = a;
	text = svcr_nft_canon(n, SVCR_IPV4, found);
	ck_assert_ptr_nonnull(text);
	nftnl_rule_free(r);
	return text;
}

START_TEST(test_registers)
{
	struct svcrules_nft *n = svcrules_nft_new("svcrules");
	const char *first = canon(n, NFT_REG_1, 1);

	ck_assert_str_eq(canon(n, NFT_REG_2, 1), first);
	ck_assert_str_eq(canon(n, NFT_REG32_00, 1), first);
	ck_assert_str_eq(canon(n, NFT_REG32_15, 1), first);
	ck_assert_str_ne(canon(n, NFT_REG_1, 2), first);
	svcrules_nft_free(n);
}
END_TEST

/* ---- Flows ---------------------------------------------------------------- */

#define DNS "\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",\"sessionAffinity\":\"ClientIP\"," \
	"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":60}}," \
	"\"ports\":[{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"}]"
#define DNS_STATUS "\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}"
#define DNS_SLICE(endpoints) SLICE("{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"}", endpoints)
#define HERE END("10.244.0.1", "node1")
#define THERE END("10.244.1.1", "node2")

static void address(uint8_t *to, const char *text)
{
	ck_assert_int_eq(inet_pton(AF_INET, text, to), 1);
}

static const struct { const char *source, *destination; uint16_t port; const char *reply; bool stale; } flows[] = {
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.1.1", false }, /* a pod: any endpoint */
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.0.1", false },
	{ "192.0.2.1", "203.0.113.1", 53, "10.244.1.1", false }, /* the node */
	{ "198.51.100.7", "203.0.113.1", 53, "10.244.0.1", false }, /* from outside: only the local one */
	{ "198.51.100.7", "203.0.113.1", 53, "10.244.1.1", true },
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.0.2", true },
	{ "10.244.0.9", "10.96.0.1", 53, "10.244.1.1", false },
	{ "198.51.100.7", "10.96.0.1", 53, "10.244.1.1", false },
	{ "10.244.0.9", "10.96.0.1", 53, "10.96.0.1", true },
	{ "10.244.0.9", "10.96.0.1", 54, "10.244.0.2", false }, /* no service's */
	{ "10.244.0.9", "203.0.113.2", 53, "203.0.113.2", false },
};

START_TEST(test_flow)
{
	struct svcrules_nft *n = gen_build_text(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE "," THERE), 2);
	struct svcrules_nft *none = svcrules_nft_new("svcrules");
	uint8_t source[4], destination[4], reply[4];

	address(source, flows[_i].source);
	address(destination, flows[_i].destination);
	address(reply, flows[_i].reply);
	ck_assert_int_eq(svcrules_nft_flow_stale(n, NULL, NFPROTO_IPV4, source, destination, flows[_i].port, reply, 53),
			 flows[_i].stale);
	ck_assert(!svcrules_nft_flow_stale(none, NULL, NFPROTO_IPV4, source, destination, flows[_i].port, reply, 53));
	ck_assert(!svcrules_nft_flow_stale(n, n, NFPROTO_ARP, source, destination, flows[_i].port, reply, 53));
	/* a service that is gone leaves all its flows stale */
	ck_assert_int_eq(svcrules_nft_flow_stale(none, n, NFPROTO_IPV4, source, destination, flows[_i].port, reply, 53),
			 flows[_i].port == 53 && strcmp(flows[_i].destination, "203.0.113.2") != 0);
	svcrules_nft_free(n);
	svcrules_nft_free(none);
}
END_TEST

/* ---- Clients --------------------------------------------------------------- */

static const struct {
	const char *client, *endpoint;
	uint64_t timeout, left; /* ms */
	size_t messages;
	uint64_t new_left;
} clients[] = {
	{ "10.244.0.9", "10.244.0.1", 60000, 5000, 0, 0 },
	{ "10.244.0.9", "10.244.0.2", 60000, 5000, 1, 0 },   /* an endpoint that is gone */
	{ "198.51.100.7", "10.244.1.1", 60000, 5000, 1, 0 }, /* Local: not for it */
	{ "10.244.0.9", "10.244.0.1", 90000, 80000, 2, 50000 },
	{ "10.244.0.9", "10.244.0.1", 90000, 20000, 1, 0 },  /* idle for longer than the new timeout */
};

static void start_client(struct msg *m, int i)
{
	uint8_t key[16] = { 0, 0, 0, 0, 10, 96, 0, 1, 17, 0, 0, 0, 0, 53, 0, 0 }, data[8] = { 0, 0, 0, 0, 0, 53 };
	struct nlattr *list, *elem;

	address(key, clients[i].client);
	if (key[0] == 198) {
		const uint8_t balancer[] = { 203, 0, 113, 1 };

		memcpy(key + 4, balancer, 4);
	}
	address(data, clients[i].endpoint);
	start_elems(m, "svcrules", SVCRULES_NFT_AFFINITY);
	list = mnl_attr_nest_start(m->nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m->nlh, NFTA_LIST_ELEM);
	put_value(m->nlh, NFTA_SET_ELEM_KEY, key, sizeof(key));
	put_value(m->nlh, NFTA_SET_ELEM_DATA, data, sizeof(data));
	mnl_attr_put_u64(m->nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(clients[i].timeout));
	mnl_attr_put_u64(m->nlh, NFTA_SET_ELEM_EXPIRATION, htobe64(clients[i].left));
	mnl_attr_nest_end(m->nlh, elem);
	mnl_attr_nest_end(m->nlh, list);
}

START_TEST(test_client)
{
	struct svcrules_nft *n = gen_build_text(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE "," THERE), 2);
	const struct nlmsghdr *nlh;
	size_t len = 0, messages = 0;
	void *buf = NULL;
	struct msg m;
	uint64_t left;

	ck_assert(svcrules_nft_has_affinity(n, NFPROTO_IPV4));
	start_client(&m, _i);
	ck_assert_int_eq(svcrules_nft_affinity(n, m.nlh, &buf, &len, &messages), 0);
	ck_assert_uint_eq(messages, clients[_i].messages);
	nlh = buf;
	if (messages)
		ck_assert_int_eq(nlh->nlmsg_type & 0xff, NFT_MSG_DELSETELEM);
	if (messages == 2) { /* the time left is the last attribute */
		ck_assert_int_eq(((const struct nlmsghdr *)((const char *)buf + nlh->nlmsg_len))->nlmsg_type & 0xff,
				 NFT_MSG_NEWSETELEM);
		memcpy(&left, (const char *)buf + len - 8, 8);
		ck_assert_uint_eq(be64toh(left), clients[_i].new_left);
	}
	free(buf);
	svcrules_nft_free(n);
}
END_TEST

START_TEST(test_client_broken)
{
	struct svcrules_nft *n = gen_build_text(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE), 2);
	size_t len = 0, messages = 0;
	void *buf = NULL;
	struct msg m;

	start_client(&m, 0);
	for (uint32_t cut = m.nlh->nlmsg_len - 1; cut >= sizeof(struct nlmsghdr); cut--) {
		struct nlmsghdr *copy = malloc(cut);

		memcpy(copy, m.buf, cut);
		copy->nlmsg_len = cut;
		ck_assert_int_ne(svcrules_nft_affinity(n, copy, &buf, &len, &messages), -ENOMEM);
		free(copy);
	}
	free(buf);
	svcrules_nft_free(n);
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
	tcase_add_loop_test(tc, test_literal, 0, (int)ARRAY_SIZE(literals));
	tcase_add_test(tc, test_index_256);
	tcase_add_loop_test(tc, test_size, 0, (int)ARRAY_SIZE(sizes));
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_expr_sizes);
	tcase_add_test(tc, test_verdicts);
	tcase_add_test(tc, test_foreign_inside);
	tcase_add_loop_test(tc, test_tables, 0, (int)ARRAY_SIZE(tables));
	tcase_add_test(tc, test_other_messages);
	tcase_add_test(tc, test_registers);
	tcase_add_loop_test(tc, test_flow, 0, (int)ARRAY_SIZE(flows));
	tcase_add_loop_test(tc, test_client, 0, (int)ARRAY_SIZE(clients));
	tcase_add_test(tc, test_client_broken);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
