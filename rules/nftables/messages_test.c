/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of generated clusters as netlink messages, as text and as JSON; names in messages. */
#include "rules/nft/decode.h"
#include "rules/nft/encode.h"
#include "rules/nftables/laws_test.h"

#include <errno.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

/* ---- Messages ----------------------------------------------------------- */

static struct svcrules_messages messages_encode(struct svcrules_changes *c)
{
	return gen_encode(c, 0, SVCRULES_ADD, 0);
}

/* Calls decode for the messages of one type; what comes as NEW is what a dump says. */
static size_t messages_decode_type(struct svcr_nft *n, const struct svcrules_messages *m,
				   unsigned int type)
{
	int left = (int)m->len;
	size_t all = 0;

	for (const struct nlmsghdr *nlh = m->buf; mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left), all++)
		if ((nlh->nlmsg_type & 0xff) == type)
			ck_assert_int_eq(svcr_nft_decode(n, nlh), 0);
	ck_assert_int_eq(left, 0);
	return all;
}

static struct svcrules_ruleset *messages_decode(const struct svcrules_messages *m)
{
	static const unsigned int order[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWSET, NFT_MSG_NEWCHAIN,
					      NFT_MSG_NEWRULE, NFT_MSG_NEWSETELEM };
	struct svcrules_ruleset *rs = gen_empty("nftables");

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		ck_assert_uint_eq(messages_decode_type(gen_nft(rs), m, order[i]), m->count);
	svcr_nft_decode_end(gen_nft(rs));
	return rs;
}

START_TEST(messages_round)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 14);
	struct svcrules_ruleset *x = laws_build(&c, 0), *empty = gen_empty("nftables"), *y;
	struct svcrules_changes *changes = gen_diff(empty, x);
	struct svcrules_messages m = messages_encode(changes);

	y = messages_decode(&m);
	ck_assert(gen_same(y, x));
	ck_assert(gen_same(x, y));
	ck_assert_ptr_null(svcr_nft_foreign(gen_nft(y), NULL));
	svcrules_changes_free(changes);
	free(m.buf);
	svcrules_ruleset_free(x);
	svcrules_ruleset_free(y);
	svcrules_ruleset_free(empty);
	free(c.v);
}
END_TEST

/* What is said if the kernel refuses message `seq`; malloc'ed. */
static char *messages_refused(const struct svcrules_changes *c, size_t seq)
{
	const struct svcrules_refusal refusal = { (uint32_t)seq, -EINVAL };
	char *text = NULL;

	ck_assert_int_eq(svcrules_changes_refused(c, 0, SVCRULES_ADD, &refusal, 1, 0, &text),
			 SVCRULES_REFUSED);
	ck_assert_ptr_nonnull(text);
	return text;
}

static void messages_assert_named(const struct laws_pair *p, size_t message)
{
	const struct svcr_nft_message *m = &p->nft->messages[message];
	const struct svcr_nft_change *ch = &p->nft->v[m->change];
	char *text = messages_refused(p->changes, message + 1);
	const struct svcr_nft_table *t = svcr_nft_change_table(ch);
	const struct svcr_nft_set *services = &t->sets[SET_SERVICES];
	const char *comment;

	ck_assert_ptr_null(strchr(text, '\n'));
	if ((ch->op == CHANGE_ADD_ELEMS || ch->op == CHANGE_DEL_ELEMS) &&
	    t->layout->sets[ch->set].key[0] == F_DADDR &&
	    t->layout->sets[ch->set].key[1] == F_L4PROTO) {
		const uint8_t *e = svcr_nft_find(services, p->nft->elems[m->first]);

		ck_assert_uint_gt(m->count, 0);
		ck_assert_ptr_nonnull(e);
		comment = svcr_nft_comment(services, e);
		ck_assert_ptr_nonnull(
			memmem(text, strlen(text), comment, svcr_nft_comment_name(comment)));
	}
	free(text);
}

/* A refusal of no message in particular is one of the whole change. */
static void messages_assert_whole(const struct svcrules_changes *c, size_t seq)
{
	char *text = messages_refused(c, seq);

	ck_assert_str_eq(text, "the change was refused: the kernel finds it invalid");
	free(text);
}

START_TEST(messages_describe)
{
	struct svcrules_messages m;
	struct laws_pair p;

	laws_make_pair(&p, _i);
	m = messages_encode(p.changes);
	for (size_t i = 0; i < m.count; i++)
		messages_assert_named(&p, i);
	messages_assert_whole(p.changes, 0);
	messages_assert_whole(p.changes, m.count + 1);
	free(m.buf);
	laws_release_pair(&p);
}
END_TEST

static struct gen_text messages_printed(const struct svcrules_changes *c, const char *format,
					bool colour)
{
	struct gen_text t = { NULL, 0 };

	ck_assert_int_eq(svcrules_changes_print(c, format, colour, gen_write, &t), 0);
	return t;
}

START_TEST(messages_print)
{
	struct gen_text nft, json, plain;
	struct laws_pair p;
	json_t *root;

	laws_make_pair(&p, _i);
	nft = messages_printed(p.changes, "nft", false);
	json = messages_printed(p.changes, "json", false);
	plain = messages_printed(p.changes, NULL, _i & 1);
	ck_assert_int_eq(nft.len == 0, svcrules_changes_empty(p.changes));
	ck_assert_int_eq(strcmp(plain.p, "no changes\n") == 0, svcrules_changes_empty(p.changes));
	root = json_loadb(json.p, json.len, 0, NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert_int_eq(json_is_true(json_object_get(root, "same")),
			 svcrules_changes_empty(p.changes));
	json_decref(root);
	free(nft.p);
	free(json.p);
	free(plain.p);
	laws_release_pair(&p);
}
END_TEST

START_TEST(messages_print_json)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *x = laws_build(&c, 0);
	char *json = gen_printed(x, "json");
	json_t *root = json_loads(json, 0, NULL);

	ck_assert_ptr_nonnull(root);
	json_decref(root);
	free(json);
	svcrules_ruleset_free(x);
	free(c.v);
}
END_TEST

/* ---- What a change costs ------------------------------------------------ */

static size_t messages_count(const struct gen_cluster *a, const struct gen_cluster *b)
{
	struct svcrules_ruleset *from = laws_build(a, 0), *to = laws_build(b, 0);
	struct svcrules_changes *c = gen_diff(from, to);
	struct svcrules_messages m = messages_encode(c);

	ck_assert(!svcrules_changes_empty(c));
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	free(m.buf);
	return m.count;
}

/*
 * The most: a number of endpoints that no other service has, so with new chains: balance, sticky,
 * and marked before.
 */
static const struct {
	size_t services;
	enum gen_type type;
	bool affinity;
	size_t most;
} costs[] = {
	{ 10, GEN_CLUSTER_IP, false, 7 },    { 10, GEN_NODE_PORT, false, 9 },
	{ 10, GEN_LOAD_BALANCER, false, 9 }, { 10, GEN_LOAD_BALANCER, true, 11 },
	{ 1000, GEN_CLUSTER_IP, false, 7 },  { 1000, GEN_LOAD_BALANCER, false, 9 },
};

START_TEST(messages_cost)
{
	struct gen_cluster a = laws_uniform(costs[_i].services, costs[_i].type, 3,
					    costs[_i].affinity),
			   b;
	const struct gen_endpoint fresh = { 250, 1, 0, 0 };

	b = gen_copy(&a);
	b.v[5].endpoints[1] = fresh;
	ck_assert_uint_le(messages_count(&a, &b), costs[_i].most);
	b.v[5] = a.v[5];
	b.v[5].endpoints[b.v[5].nendpoints++] = fresh;
	ck_assert_uint_le(messages_count(&a, &b), costs[_i].most);
	ck_assert_uint_le(messages_count(&b, &a), costs[_i].most);
	free(a.v);
	free(b.v);
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

#define NAMED(ns, name, ip, port) \
	"{\"kind\":\"Service\",\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\"}," \
	"\"spec\":{\"clusterIP\":\"" ip "\",\"ports\":[{\"name\":\"" port "\",\"port\":80}]}}"
#define NAMED_SLICE(ns, name, ip) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"namespace\":\"" ns "\"," \
	"\"name\":\"" name "\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"" name "\"}},\"addressType\":\"IPv4\",\"ports\":[{" \
	"\"name\":\"p\"," \
	"\"port\":8080}],\"endpoints\":[{\"addresses\":[\"" ip "\"]}]}"
#define N62 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijab"

static const char *messages_comment_at(const struct svcrules_ruleset *n, size_t i)
{
	const struct svcr_nft_set *s = &gen_nft(n)->tables[SVCR_IPV4].sets[SET_SERVICES];

	ck_assert_uint_lt(i, s->n);
	return svcr_nft_comment(s, svcr_nft_elem(s, i));
}

START_TEST(messages_namesakes)
{
	struct svcrules_ruleset *n = gen_build_text(
		"nftables",
		NAMED("a", "b-c", "10.96.0.1", "p") NAMED("a-b", "c", "10.96.0.2", "p")
			NAMED_SLICE("a", "b-c", "10.244.0.1") NAMED_SLICE("a-b", "c", "10.244.0.2"),
		0);
	const struct svcr_nft_set *s = &gen_nft(n)->tables[SVCR_IPV4].sets[SET_ENDPOINTS];

	ck_assert_str_eq(messages_comment_at(n, 0), "a/b-c:p");
	ck_assert_str_eq(messages_comment_at(n, 1), "a-b/c:p");
	ck_assert_uint_eq(s->n, 2);
	for (uint8_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(svcr_nft_elem(s, i)[3], i + 1);
		ck_assert_uint_eq(svcr_nft_elem_data(s, svcr_nft_elem(s, i))[3], i + 1);
	}
	svcrules_ruleset_free(n);
}
END_TEST

START_TEST(messages_long_names)
{
	struct svcrules_ruleset *n = gen_build_text(
		"nftables",
		NAMED(N62 "x", N62 "x", "10.96.0.1", N62 "p")
			NAMED(N62 "x", N62 "y", "10.96.0.2", N62 "p")
				NAMED(N62 "y", N62 "x", "10.96.0.3", N62 "p"),
		0);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_le(strlen(messages_comment_at(n, i)), SVCR_NFT_COMMENT_MAX);
		ck_assert_int_eq(messages_comment_at(n, i)[strlen(messages_comment_at(n, i)) - 1],
				 '~');
		ck_assert_str_ne(messages_comment_at(n, i), messages_comment_at(n, (i + 1) % 3));
	}
	svcrules_ruleset_free(n);
}
END_TEST

static void messages_add(TCase *tc)
{
	tcase_add_loop_test(tc, messages_round, 0, SEEDS);
	tcase_add_loop_test(tc, messages_describe, 0, SEEDS);
	tcase_add_loop_test(tc, messages_print, 0, SEEDS);
	tcase_add_loop_test(tc, messages_print_json, 0, SEEDS);
	tcase_add_loop_test(tc, messages_cost, 0, (int)ARRAY_SIZE(costs));
	tcase_add_test(tc, messages_namesakes);
	tcase_add_test(tc, messages_long_names);
}

int main(void)
{
	return laws_run("messages", messages_add);
}
