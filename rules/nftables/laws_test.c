/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every cluster: of random ones, the laws of diff, encode, decode and print. */
#include "rules/nftables/diff.h"
#include "rules/nftables/generate_test.h"

#include <check.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#define SEEDS 300
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Two clusters of a seed -------------------------------------------- */

struct pair {
	struct gen_cluster a, b;
	struct svcrules_nft *from, *to;
	struct svcrules_changes *changes;
};

static struct svcrules_changes *diff(const struct svcrules_nft *from, struct svcrules_nft *to)
{
	struct svcrules_changes *c = NULL;

	ck_assert_int_eq(svcrules_nft_diff(from, to, &c), 0);
	return c;
}

static bool same(const struct svcrules_nft *from, struct svcrules_nft *to)
{
	struct svcrules_changes *c = diff(from, to);
	bool empty = svcrules_changes_empty(c);

	svcrules_changes_free(c);
	return empty;
}

static void make_pair(struct pair *p, int seed)
{
	gen_pair(&p->a, &p->b, seed);
	p->from = gen_build(&p->a, 0);
	p->to = gen_build(&p->b, 0);
	p->changes = diff(p->from, p->to);
}

static void release_pair(struct pair *p)
{
	svcrules_changes_free(p->changes);
	svcrules_nft_free(p->from);
	svcrules_nft_free(p->to);
	free(p->a.v);
	free(p->b.v);
}

static char *printed(const struct svcrules_nft *n)
{
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_nft_print(n, gen_write, &t), 0);
	return t.p;
}

static void assert_printed_equal(const struct svcrules_nft *a, const struct svcrules_nft *b)
{
	char *x = printed(a), *y = printed(b);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
}

/* ---- The kernel's part: changes carried out on a value ------------------ */

static bool uses_set(const struct svcr_nft_stmt *s, enum svcr_nft_set_id id)
{
	return (s->op == OP_LOOKUP || s->op == OP_VMAP || s->op == OP_DNAT || s->op == OP_UPDATE) && s->set == id;
}

static size_t users_of_set(const struct svcr_nft_table *t, enum svcr_nft_set_id id)
{
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += uses_set(&t->chains[i].rules[r].stmts[s], id);
	return users;
}

static struct svcr_nft_chain_id verdict_of(const struct svcr_nft_set *s, const uint8_t *e)
{
	struct svcr_nft_chain_id id;

	memcpy(&id, svcr_nft_elem_data(s, e), sizeof(id));
	return id;
}

static size_t users_of_chain(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += t->chains[i].rules[r].stmts[s].op == OP_GOTO &&
					 svcr_nft_chain_cmp(t->chains[i].rules[r].stmts[s].chain, id) == 0;
	for (int i = 0; i < SET__COUNT; i++)
		for (size_t e = 0; svcr_nft_sets[i].data == DATA_VERDICT && e < t->sets[i].n; e++)
			users += svcr_nft_chain_cmp(verdict_of(&t->sets[i], svcr_nft_elem(&t->sets[i], e)), id) == 0;
	return users;
}

static void apply_add_elems(const struct svcrules_changes *c, const struct svcr_nft_change *ch,
			    struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	ck_assert(s->present);
	for (size_t i = 0; i < ch->count; i++) {
		const uint8_t *e = c->elems[ch->first + i];
		uint8_t *added;

		ck_assert_ptr_null(svcr_nft_find(s, e));
		if (svcr_nft_sets[ch->set].data == DATA_VERDICT && verdict_of(s, e).kind != VERDICT_DROP)
			ck_assert_ptr_nonnull(svcr_nft_find_chain(t, verdict_of(s, e)));
		added = svcr_nft_add(s);
		memcpy(added, e, s->stride);
		svcr_nft_sort(s);
		ck_assert(s->size == 0 || s->n <= s->size); /* the kernel refuses more */
	}
}

static void apply_del_elems(const struct svcrules_changes *c, const struct svcr_nft_change *ch,
			    struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	for (size_t i = 0; i < ch->count; i++) {
		uint8_t *e = svcr_nft_find(s, c->elems[ch->first + i]);

		ck_assert_ptr_nonnull(e);
		ck_assert_mem_eq(e, c->elems[ch->first + i], s->sort_len + s->data_len);
		memmove(e, e + s->stride, (size_t)(s->v + s->n * s->stride - (e + s->stride)));
		s->n--;
	}
}

static void apply_del_chain(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);

	ck_assert_ptr_nonnull(chain);
	chain->nrules = 0;
	ck_assert_uint_eq(users_of_chain(t, ch->chain), 0);
	free(chain->rules);
	t->nchains--;
	memmove(chain, chain + 1, (size_t)(t->chains + t->nchains - chain) * sizeof(*chain));
}

static void apply_add_rule(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);
	struct svcr_nft_rule *r;

	ck_assert_ptr_nonnull(chain);
	for (size_t i = 0; i < ch->rule->nstmts; i++) {
		const struct svcr_nft_stmt *s = &ch->rule->stmts[i];

		if (s->op == OP_GOTO)
			ck_assert_ptr_nonnull(svcr_nft_find_chain(t, s->chain));
		if (uses_set(s, s->set))
			ck_assert(t->sets[s->set].present);
	}
	r = svcr_grow((void **)&chain->rules, &chain->nrules, &chain->cap, sizeof(*r));
	*r = *ch->rule;
}

static void apply_del_table(struct svcr_nft_table *t)
{
	ck_assert(t->present);
	t->present = false;
	for (int i = 0; i < SET__COUNT; i++) {
		t->sets[i].present = false;
		t->sets[i].n = 0;
	}
	for (size_t i = 0; i < t->nchains; i++)
		free(t->chains[i].rules);
	t->nchains = 0;
}

static void apply_del_set(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	ck_assert_int_lt(ch->set, SET__COUNT);
	ck_assert(t->sets[ch->set].present);
	ck_assert_uint_eq(users_of_set(t, ch->set), 0);
	t->sets[ch->set].present = false;
	t->sets[ch->set].n = 0;
}

static void apply_change(const struct svcrules_changes *c, const struct svcr_nft_change *ch, struct svcrules_nft *n)
{
	struct svcr_nft_table *t = &n->tables[ch->family];

	switch (ch->op) {
	case CHANGE_WAKE_TABLE: ck_assert(t->present); t->dormant = false; break;
	case CHANGE_MEND_CHAIN: svcr_nft_find_chain(t, ch->chain)->policy = false; break;
	case CHANGE_ADD_TABLE: ck_assert(!t->present); t->present = true; break;
	case CHANGE_DEL_TABLE: apply_del_table(t); break;
	case CHANGE_FLUSH_CHAIN:
		ck_assert_ptr_nonnull(svcr_nft_find_chain(t, ch->chain));
		svcr_nft_find_chain(t, ch->chain)->nrules = 0;
		break;
	case CHANGE_DEL_ELEMS: apply_del_elems(c, ch, t); break;
	case CHANGE_DEL_SET: apply_del_set(ch, t); break;
	case CHANGE_DEL_CHAIN: apply_del_chain(ch, t); break;
	case CHANGE_ADD_CHAIN:
		ck_assert_ptr_null(svcr_nft_find_chain(t, ch->chain));
		ck_assert_ptr_nonnull(svcr_nft_chain(t, ch->chain));
		break;
	case CHANGE_ADD_SET:
		ck_assert(!t->sets[ch->set].present);
		t->sets[ch->set].present = true;
		t->sets[ch->set].size = c->to->tables[ch->family].sets[ch->set].size;
		break;
	case CHANGE_ADD_ELEMS: apply_add_elems(c, ch, t); break;
	case CHANGE_ADD_RULE: apply_add_rule(ch, t); break;
	}
}

/* ---- Laws --------------------------------------------------------------- */

START_TEST(test_same)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_nft *a = gen_build(&c, 0), *b = gen_build(&c, 0);

	ck_assert(same(a, b));
	ck_assert(same(a, a));
	svcrules_nft_free(a);
	svcrules_nft_free(b);
	free(c.v);
}
END_TEST

START_TEST(test_order)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 1 + (size_t)_i % 12);
	struct svcrules_nft *a = gen_build(&c, 0), *b = gen_build(&c, (uint64_t)_i + 1);

	assert_printed_equal(a, b);
	svcrules_nft_free(a);
	svcrules_nft_free(b);
	free(c.v);
}
END_TEST

START_TEST(test_apply)
{
	struct svcrules_nft *work, *again;
	struct pair p;

	make_pair(&p, _i);
	work = gen_build(&p.a, 0);
	again = gen_build(&p.b, 0);
	for (size_t i = 0; i < p.changes->n; i++)
		apply_change(p.changes, &p.changes->v[i], work);
	assert_printed_equal(work, p.to);
	ck_assert(same(work, again));
	assert_printed_equal(work, again);
	svcrules_nft_free(work);
	svcrules_nft_free(again);
	release_pair(&p);
}
END_TEST

/* With a rule that comes after the elements the kernel walks their map anew for each chain. */
START_TEST(test_rules_first)
{
	struct pair p;
	bool elements[SVCR_FAMILY__COUNT] = { false };

	make_pair(&p, _i);
	for (size_t i = 0; i < p.changes->n; i++) {
		const struct svcr_nft_change *ch = &p.changes->v[i];

		elements[ch->family] |= ch->op == CHANGE_ADD_ELEMS;
		ck_assert(ch->op != CHANGE_ADD_RULE || !elements[ch->family]);
	}
	release_pair(&p);
}
END_TEST

/* Is the target of `e` among those that `fresh` has for the same address? */
static bool has_target(const struct svcr_nft_set *fresh, const uint8_t *e)
{
	size_t len = fresh->key_len - 4, i = svcr_nft_lower(fresh, e, len);

	for (; i < fresh->n && memcmp(svcr_nft_elem(fresh, i), e, len) == 0; i++)
		if (memcmp(svcr_nft_elem(fresh, i) + fresh->sort_len, e + fresh->sort_len, fresh->data_len) == 0)
			return true;
	return false;
}

static void assert_permuted(const struct svcr_nft_set *fresh, const struct svcr_nft_set *aligned)
{
	ck_assert_uint_eq(fresh->n, aligned->n);
	for (size_t i = 0; i < fresh->n; i++) {
		ck_assert_mem_eq(svcr_nft_elem(fresh, i), svcr_nft_elem(aligned, i), fresh->sort_len);
		ck_assert(has_target(fresh, svcr_nft_elem(aligned, i)));
		ck_assert(has_target(aligned, svcr_nft_elem(fresh, i)));
	}
}

/* Aligning moves endpoints among the indexes of their address and does nothing else. */
START_TEST(test_align)
{
	struct svcrules_nft *fresh;
	struct pair p;

	make_pair(&p, _i);
	fresh = gen_build(&p.b, 0);
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		const struct svcr_nft_set *x = fresh->tables[f].sets, *y = p.to->tables[f].sets;

		assert_permuted(&x[SET_ENDPOINTS], &y[SET_ENDPOINTS]);
		assert_permuted(&x[SET_LOCAL_ENDPOINTS], &y[SET_LOCAL_ENDPOINTS]);
		for (int i = 0; i < SET__COUNT; i++)
			ck_assert_uint_eq(x[i].n, y[i].n);
	}
	svcrules_nft_free(fresh);
	release_pair(&p);
}
END_TEST

/* ---- Messages ----------------------------------------------------------- */

struct messages { void *buf; size_t len, n; };

static struct messages encode(struct svcrules_changes *c)
{
	struct messages m = { NULL, 0, 0 };

	ck_assert_int_eq(svcrules_changes_encode(c, &m.buf, &m.len, &m.n), 0);
	return m;
}

/* Calls decode for the messages of one type; what comes as NEW is what a dump says. */
static size_t decode_type(struct svcrules_nft *n, const struct messages *m, unsigned int type)
{
	int left = (int)m->len;
	size_t all = 0;

	for (const struct nlmsghdr *nlh = m->buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left), all++)
		if ((nlh->nlmsg_type & 0xff) == type)
			ck_assert_int_eq(svcrules_nft_decode(n, nlh), 0);
	ck_assert_int_eq(left, 0);
	return all;
}

static struct svcrules_nft *decode(const struct messages *m)
{
	static const unsigned int order[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWSET, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE,
					      NFT_MSG_NEWSETELEM };
	struct svcrules_nft *n = svcrules_nft_new("svcrules");

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		ck_assert_uint_eq(decode_type(n, m, order[i]), m->n);
	ck_assert_int_eq(svcrules_nft_decode_end(n), 0);
	return n;
}

START_TEST(test_round)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 14);
	struct svcrules_nft *x = gen_build(&c, 0), *empty = svcrules_nft_new("svcrules"), *y;
	struct svcrules_changes *changes = diff(empty, x);
	struct messages m = encode(changes);

	y = decode(&m);
	ck_assert(same(y, x));
	ck_assert(same(x, y));
	ck_assert_uint_eq(svcrules_nft_foreign(y), 0);
	svcrules_changes_free(changes);
	free(m.buf);
	svcrules_nft_free(x);
	svcrules_nft_free(y);
	svcrules_nft_free(empty);
	free(c.v);
}
END_TEST

static void assert_named(const struct svcrules_changes *c, size_t message)
{
	const struct svcr_nft_message *m = &c->messages[message];
	const struct svcr_nft_change *ch = &c->v[m->change];
	char *text = svcrules_changes_describe(c, (uint32_t)message + 1);
	const struct svcr_nft_set *services = &svcr_nft_change_nft(c, ch)->tables[ch->family].sets[SET_SERVICES];

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strchr(text, '\n'));
	if ((ch->op == CHANGE_ADD_ELEMS || ch->op == CHANGE_DEL_ELEMS) && svcr_nft_sets[ch->set].key[0] == F_DADDR &&
	    svcr_nft_sets[ch->set].key[1] == F_L4PROTO) {
		const uint8_t *e = svcr_nft_find(services, c->elems[m->first]);

		ck_assert_uint_gt(m->count, 0);
		ck_assert_ptr_nonnull(e);
		ck_assert_ptr_nonnull(strstr(text, svcr_nft_comment(services, e)));
	}
	free(text);
}

START_TEST(test_describe)
{
	struct messages m;
	struct pair p;

	make_pair(&p, _i);
	m = encode(p.changes);
	for (size_t i = 0; i < m.n; i++)
		assert_named(p.changes, i);
	ck_assert_ptr_null(svcrules_changes_describe(p.changes, 0));
	ck_assert_ptr_null(svcrules_changes_describe(p.changes, (uint32_t)m.n + 1));
	free(m.buf);
	release_pair(&p);
}
END_TEST

START_TEST(test_print)
{
	struct gen_text nft = { NULL, 0 }, json = { NULL, 0 }, plain = { NULL, 0 };
	struct pair p;
	json_t *root;

	make_pair(&p, _i);
	ck_assert_int_eq(svcrules_changes_print_nft(p.changes, gen_write, &nft), 0);
	ck_assert_int_eq(svcrules_changes_print_json(p.changes, gen_write, &json), 0);
	ck_assert_int_eq(svcrules_changes_print(p.changes, _i & 1, gen_write, &plain), 0);
	ck_assert_int_eq(nft.len == 0, svcrules_changes_empty(p.changes));
	ck_assert_int_eq(strcmp(plain.p, "no changes\n") == 0, svcrules_changes_empty(p.changes));
	root = json_loadb(json.p, json.len, 0, NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert_int_eq(json_is_true(json_object_get(root, "same")), svcrules_changes_empty(p.changes));
	json_decref(root);
	free(nft.p);
	free(json.p);
	free(plain.p);
	release_pair(&p);
}
END_TEST

START_TEST(test_print_json)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_nft *x = gen_build(&c, 0);
	struct gen_text json = { NULL, 0 };
	json_t *root;

	ck_assert_int_eq(svcrules_nft_print_json(x, gen_write, &json), 0);
	root = json_loadb(json.p, json.len, 0, NULL);
	ck_assert_ptr_nonnull(root);
	json_decref(root);
	free(json.p);
	svcrules_nft_free(x);
	free(c.v);
}
END_TEST

/* ---- What a change costs ------------------------------------------------ */

/* Alike services, so that one of them can be told from all others by its change alone. */
static struct gen_cluster uniform(size_t services, enum gen_type type, size_t endpoints, bool affinity)
{
	struct gen_cluster c = { .next_id = 1, .options = 3, .n = services };

	c.v = calloc(services, sizeof(*c.v));
	ck_assert_ptr_nonnull(c.v);
	for (uint32_t i = 0; i < services; i++) {
		struct gen_service *s = &c.v[i];

		*s = (struct gen_service){ .id = i + 1, .type = type, .v4 = true, .nports = 1 };
		s->ports[0] = (struct gen_port){ 80, type == GEN_CLUSTER_IP ? 0 : 30000 + i, 6 };
		s->balancer_ip = type == GEN_LOAD_BALANCER && i == 5;
		s->timeout = affinity ? 60 : 0;
		s->nendpoints = endpoints;
		for (uint32_t e = 0; e < endpoints; e++)
			s->endpoints[e] = (struct gen_endpoint){ (i * 7 + e) % 240 + 1, 1, 0, 0 };
	}
	return c;
}

static size_t cost(const struct gen_cluster *a, const struct gen_cluster *b)
{
	struct svcrules_nft *from = gen_build(a, 0), *to = gen_build(b, 0);
	struct svcrules_changes *c = diff(from, to);
	struct messages m = encode(c);

	ck_assert(!svcrules_changes_empty(c));
	svcrules_changes_free(c);
	svcrules_nft_free(from);
	svcrules_nft_free(to);
	free(m.buf);
	return m.n;
}

/* The most: a number of endpoints that no other service has, so with new chains: balance, sticky, and marked before. */
static const struct { size_t services; enum gen_type type; bool affinity; size_t most; } costs[] = {
	{ 10, GEN_CLUSTER_IP, false, 7 }, { 10, GEN_NODE_PORT, false, 9 }, { 10, GEN_LOAD_BALANCER, false, 9 },
	{ 10, GEN_LOAD_BALANCER, true, 11 }, { 1000, GEN_CLUSTER_IP, false, 7 },
	{ 1000, GEN_LOAD_BALANCER, false, 9 },
};

START_TEST(test_cost)
{
	struct gen_cluster a = uniform(costs[_i].services, costs[_i].type, 3, costs[_i].affinity), b;
	const struct gen_endpoint fresh = { 250, 1, 0, 0 };

	b = gen_copy(&a);
	b.v[5].endpoints[1] = fresh;
	ck_assert_uint_le(cost(&a, &b), costs[_i].most);
	b.v[5] = a.v[5];
	b.v[5].endpoints[b.v[5].nendpoints++] = fresh;
	ck_assert_uint_le(cost(&a, &b), costs[_i].most);
	ck_assert_uint_le(cost(&b, &a), costs[_i].most);
	free(a.v);
	free(b.v);
}
END_TEST

/* ---- Room to grow ------------------------------------------------------- */

static size_t replaced_sets(const struct svcrules_changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].op == CHANGE_DEL_SET;
	return n;
}

/* A map that grows keeps its size while it can, is then replaced once, and keeps the larger size. */
START_TEST(test_outgrown)
{
	struct gen_cluster small = uniform(600, GEN_CLUSTER_IP, 1, false), large = uniform(1000, GEN_CLUSTER_IP, 1, false);
	struct svcrules_nft *now = gen_build(&small, 0), *more = gen_build(&large, 0), *less = gen_build(&small, 0);
	struct svcrules_changes *c;
	uint32_t size = now->tables[SVCR_IPV4].sets[SET_SERVICES].size;

	ck_assert_uint_ge(size, 600);
	ck_assert_uint_lt(size, 1000);
	c = diff(now, more);
	ck_assert_uint_ge(replaced_sets(c), 1);
	ck_assert_uint_ge(more->tables[SVCR_IPV4].sets[SET_SERVICES].size, 1000);
	for (size_t i = 0; i < c->n; i++)
		apply_change(c, &c->v[i], now);
	ck_assert(same(now, more));
	svcrules_changes_free(c);
	c = diff(more, less);
	ck_assert_uint_eq(replaced_sets(c), 0);
	ck_assert_uint_ge(less->tables[SVCR_IPV4].sets[SET_SERVICES].size, 1000);
	svcrules_changes_free(c);
	svcrules_nft_free(now);
	svcrules_nft_free(more);
	svcrules_nft_free(less);
	free(small.v);
	free(large.v);
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

#define NAMED(ns, name, ip, port) \
	"{\"kind\":\"Service\",\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\"},\"spec\":{\"clusterIP\":\"" \
	ip "\",\"ports\":[{\"name\":\"" port "\",\"port\":80}]}}"
#define NAMED_SLICE(ns, name, ip) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"" name "\"}},\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"p\"," \
	"\"port\":8080}],\"endpoints\":[{\"addresses\":[\"" ip "\"]}]}"
#define N62 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijab"

static const char *comment_at(const struct svcrules_nft *n, size_t i)
{
	const struct svcr_nft_set *s = &n->tables[SVCR_IPV4].sets[SET_SERVICES];

	ck_assert_uint_lt(i, s->n);
	return svcr_nft_comment(s, svcr_nft_elem(s, i));
}

START_TEST(test_namesakes)
{
	struct svcrules_nft *n = gen_build_text(NAMED("a", "b-c", "10.96.0.1", "p") NAMED("a-b", "c", "10.96.0.2", "p")
		NAMED_SLICE("a", "b-c", "10.244.0.1") NAMED_SLICE("a-b", "c", "10.244.0.2"), 0);
	const struct svcr_nft_set *s = &n->tables[SVCR_IPV4].sets[SET_ENDPOINTS];

	ck_assert_str_eq(comment_at(n, 0), "a/b-c:p");
	ck_assert_str_eq(comment_at(n, 1), "a-b/c:p");
	ck_assert_uint_eq(s->n, 2);
	for (uint8_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(svcr_nft_elem(s, i)[3], i + 1);
		ck_assert_uint_eq(svcr_nft_elem_data(s, svcr_nft_elem(s, i))[3], i + 1);
	}
	svcrules_nft_free(n);
}
END_TEST

START_TEST(test_long_names)
{
	struct svcrules_nft *n = gen_build_text(NAMED(N62 "x", N62 "x", "10.96.0.1", N62 "p")
		NAMED(N62 "x", N62 "y", "10.96.0.2", N62 "p") NAMED(N62 "y", N62 "x", "10.96.0.3", N62 "p"), 0);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_le(strlen(comment_at(n, i)), SVCR_NFT_COMMENT_MAX);
		ck_assert_int_eq(comment_at(n, i)[strlen(comment_at(n, i)) - 1], '~');
		ck_assert_str_ne(comment_at(n, i), comment_at(n, (i + 1) % 3));
	}
	svcrules_nft_free(n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("laws");
	TCase *tc = tcase_create("laws");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_NOFORK); /* thousands of forks are slow with sanitizers */
	tcase_add_loop_test(tc, test_same, 0, SEEDS);
	tcase_add_loop_test(tc, test_order, 0, SEEDS);
	tcase_add_loop_test(tc, test_apply, 0, SEEDS);
	tcase_add_loop_test(tc, test_rules_first, 0, SEEDS);
	tcase_add_loop_test(tc, test_align, 0, SEEDS);
	tcase_add_loop_test(tc, test_round, 0, SEEDS);
	tcase_add_loop_test(tc, test_describe, 0, SEEDS);
	tcase_add_loop_test(tc, test_print, 0, SEEDS);
	tcase_add_loop_test(tc, test_print_json, 0, SEEDS);
	tcase_add_loop_test(tc, test_cost, 0, (int)ARRAY_SIZE(costs));
	tcase_add_test(tc, test_outgrown);
	tcase_add_test(tc, test_namesakes);
	tcase_add_test(tc, test_long_names);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
