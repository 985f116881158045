/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes the kernel's dump messages. Attributes are checked here because libnftnl's parsers
 * (1.2.4) end the process when an attribute has an unexpected size.
 */
#include "rules/nft/decode.h"
#include "rules/nft/attr.h"
#include "rules/nft/canon.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>

/* The table's user data is a list of type, length, value; type 0 is the comment (nft 0.9.9 on). */
static bool owned(svcr_nft_attr userdata)
{
	const uint8_t *p, *end;

	if (!userdata)
		return false;
	p = mnl_attr_get_payload(userdata);
	for (end = p + mnl_attr_get_payload_len(userdata); end - p >= 2 && end - p >= 2 + p[1];
	     p += 2 + p[1])
		if (p[0] == 0)
			return p[1] == sizeof(SVCR_NFT_OWNER) &&
			       memcmp(p + 2, SVCR_NFT_OWNER, p[1]) == 0;
	return false;
}

static int decode_table(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a)
{
	(void)n;
	t->present = true;
	t->foreign = !owned(a[NFTA_TABLE_USERDATA]);
	t->dormant = svcr_nft_attr_u32(a[NFTA_TABLE_FLAGS]) & NFT_TABLE_F_DORMANT;
	return 0;
}

/*
 * libmnl rounds a message's length up to a multiple of 4 and would read past the end of a
 * message with another length, which the kernel never sends.
 */
static bool header_whole(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nfgenmsg)) &&
	       nlh->nlmsg_len % NLMSG_ALIGNTO == 0;
}

bool svcr_nft_owned(const void *msg, const char **ret_name, uint8_t *ret_family)
{
	const struct nlmsghdr *nlh = msg;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };

	if ((nlh->nlmsg_type & 0xff) != NFT_MSG_NEWTABLE || !header_whole(nlh))
		return false;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	*ret_name = svcr_nft_attr_string(a[NFTA_TABLE_NAME]);
	*ret_family = ((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family;
	return owned(a[NFTA_TABLE_USERDATA]);
}

static bool base_chain_same(const struct svcr_nft_chain_layout *l, const svcr_nft_attr *a)
{
	svcr_nft_attr hook[SVCR_NFT_ATTRS] = { NULL };

	if (!a[NFTA_CHAIN_HOOK])
		return !l->hook;
	if (!l->hook || strcmp(svcr_nft_attr_string(a[NFTA_CHAIN_TYPE]), l->type) != 0)
		return false;
	mnl_attr_parse_nested(a[NFTA_CHAIN_HOOK], svcr_nft_attr_collect, hook);
	return svcr_nft_attr_u32(hook[NFTA_HOOK_HOOKNUM]) == l->hook_number &&
	       (int32_t)svcr_nft_attr_u32(hook[NFTA_HOOK_PRIORITY]) == l->priority;
}

static int decode_chain(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a)
{
	struct svcr_nft_chain_id id;
	struct svcr_nft_chain *c;
	int err = svcr_nft_chain_parse(n, t, svcr_nft_attr_string(a[NFTA_CHAIN_NAME]), &id);

	if (err)
		return err;
	c = svcr_nft_chain(t, id);
	if (!c)
		return -ENOMEM;
	c->policy = a[NFTA_CHAIN_HOOK] && svcr_nft_attr_u32(a[NFTA_CHAIN_POLICY]) != NF_ACCEPT;
	c->damaged = id.kind != CHAIN_FOREIGN &&
		     !base_chain_same(svcr_nft_chain_row(t->layout, id), a);
	return 0;
}

/*
 * Reads the comment from the user data of an element or a rule: type 0, with its final NUL. A
 * comment that svcrules never writes is read as none (NULL).
 */
static int comment_of(struct svcr_nft *n, svcr_nft_attr userdata, const char **ret)
{
	const uint8_t *p = userdata ? mnl_attr_get_payload(userdata) : NULL;
	size_t len = userdata ? mnl_attr_get_payload_len(userdata) : 0;

	*ret = NULL;
	if (len < 3 || p[0] != 0 || p[1] < 1 || len < 2u + p[1] ||
	    p[1] > SVCR_NFT_COMMENT_MAX + 1 || !svcr_nft_printable(p + 2, p[1] - 1u))
		return 0;
	*ret = svcr_arena_strndup(&n->arena, (const char *)p + 2, p[1] - 1u);
	return *ret ? 0 : -ENOMEM;
}

static int decode_rule(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a)
{
	struct svcr_nft_chain_id id;
	struct svcr_nft_chain *c;
	struct svcr_nft_rule *r;
	const char *comment;
	int err = svcr_nft_chain_parse(n, t, svcr_nft_attr_string(a[NFTA_RULE_CHAIN]), &id);

	if (err)
		return err;
	c = svcr_nft_chain(t, id);
	r = c ? svcr_nft_add_rule(c) : NULL;
	if (!r)
		return -ENOMEM;
	err = comment_of(n, a[NFTA_RULE_USERDATA], &comment);
	if (!err)
		r->canon = svcr_nft_canon(n, t, a[NFTA_RULE_EXPRESSIONS], comment);
	return err || !r->canon ? -ENOMEM : 0;
}

static bool set_same(const struct svcr_nft_set *s, const svcr_nft_attr *a)
{
	const struct svcr_nft_set_layout *l = s->layout;
	uint32_t compared = NFT_SET_INTERVAL | NFT_SET_MAP | NFT_SET_EVAL | NFT_SET_TIMEOUT |
			    NFT_SET_OBJECT;

	if ((svcr_nft_attr_u32(a[NFTA_SET_FLAGS]) & compared) !=
		    (svcr_nft_set_flags(l) & compared) ||
	    svcr_nft_attr_u32(a[NFTA_SET_KEY_LEN]) != s->key_len)
		return false;
	if (l->data == DATA_VERDICT)
		return svcr_nft_attr_u32(a[NFTA_SET_DATA_TYPE]) == (uint32_t)NFT_DATA_VERDICT;
	return l->data == DATA_NONE || svcr_nft_attr_u32(a[NFTA_SET_DATA_LEN]) == s->data_len;
}

static uint32_t decode_size(svcr_nft_attr desc)
{
	svcr_nft_attr d[SVCR_NFT_ATTRS] = { NULL };

	if (desc)
		mnl_attr_parse_nested(desc, svcr_nft_attr_collect, d);
	return svcr_nft_attr_u32(d[NFTA_SET_DESC_SIZE]);
}

static int decode_numbered(struct svcr_nft_set *s, uint32_t number, const svcr_nft_attr *a)
{
	uint32_t *slot = SVCR_GROW(set_same(s, a) ? &s->found : &s->broken);

	if (!slot)
		return -ENOMEM;
	*slot = number;
	return 0;
}

static int decode_set(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a)
{
	const char *name = svcr_nft_attr_string(a[NFTA_SET_NAME]), **slot;
	uint32_t number;
	size_t id = svcr_nft_set_parse(t->layout, name, &number);

	if (id < t->layout->nsets) {
		struct svcr_nft_set *s = &t->sets[id];

		if (number)
			return decode_numbered(s, number, a);
		s->present = true;
		s->damaged = !set_same(s, a);
		s->size = s->layout->interval ? 0 : decode_size(a[NFTA_SET_DESC]);
		return 0;
	}
	/* the kernel removes it together with its rule */
	if (svcr_nft_attr_u32(a[NFTA_SET_FLAGS]) & NFT_SET_ANONYMOUS)
		return 0;
	name = svcr_intern(&n->strings, &n->arena, (struct svcr_str){ name, strlen(name) });
	slot = name ? svcr_grow((void **)&t->foreign_sets, &t->nforeign_sets, &t->foreign_sets_cap,
				sizeof(*slot)) :
		      NULL;
	if (!slot)
		return -ENOMEM;
	*slot = name;
	return 0;
}

static int decode_verdict(struct svcr_nft *n, struct svcr_nft_table *t, svcr_nft_attr data,
			  struct svcr_nft_chain_id *ret)
{
	svcr_nft_attr d[SVCR_NFT_ATTRS] = { NULL }, v[SVCR_NFT_ATTRS] = { NULL };
	char other[SVCR_NFT_NAME_MAX];
	int code, err;

	if (data)
		mnl_attr_parse_nested(data, svcr_nft_attr_collect, d);
	if (d[NFTA_DATA_VERDICT])
		mnl_attr_parse_nested(d[NFTA_DATA_VERDICT], svcr_nft_attr_collect, v);
	code = (int)svcr_nft_attr_u32(v[NFTA_VERDICT_CODE]);
	*ret = (struct svcr_nft_chain_id){ VERDICT_DROP, 0 };
	if (code == NF_DROP)
		return 0;
	if (code == NFT_GOTO || code == NFT_JUMP) {
		err = svcr_nft_chain_parse(n, t, svcr_nft_attr_string(v[NFTA_VERDICT_CHAIN]), ret);
		if (err || svcr_nft_chain_row(t->layout, *ret)->jumped == (code == NFT_JUMP))
			return err;
	}
	snprintf(other, sizeof(other), "(verdict %d %s)", code,
		 svcr_nft_attr_string(v[NFTA_VERDICT_CHAIN]));
	return svcr_nft_chain_parse(n, t, other, ret);
}

/*
 * Reads the end of an interval. A set of one field has one element at the start of an interval
 * and one, with a flag, behind its end; they are marked here and paired by join_intervals().
 */
static int decode_interval_end(const struct svcr_nft_set *s, uint8_t *e, const svcr_nft_attr *a)
{
	size_t len = s->sort_len - s->number_len - s->key_len;
	const uint8_t *end = svcr_nft_attr_value(a[NFTA_SET_ELEM_KEY_END], s->key_len);

	if (svcr_nft_interval_single(s)) {
		e[s->number_len + s->key_len] = (svcr_nft_attr_u32(a[NFTA_SET_ELEM_FLAGS]) &
						 NFT_SET_ELEM_INTERVAL_END) ?
							0 :
							1;
		return 0;
	}
	if (a[NFTA_SET_ELEM_KEY_END] && !end)
		return -EBADMSG;
	memcpy(e + s->key_len, (end ? end : e) + s->key_len - len, len);
	return 0;
}

/* The end of an interval of one field has no data. */
static int decode_data(struct svcr_nft *n, struct svcr_nft_table *t, const struct svcr_nft_set *s,
		       uint8_t *e, const svcr_nft_attr *a)
{
	struct svcr_nft_chain_id verdict;
	const uint8_t *value;
	int err;

	if (svcr_nft_interval_single(s) && !e[s->number_len + s->key_len])
		return 0;
	switch (s->layout->data) {
	case DATA_VERDICT:
		err = decode_verdict(n, t, a[NFTA_SET_ELEM_DATA], &verdict);
		if (!err)
			memcpy(svcr_nft_elem_data(s, e), &verdict, sizeof(verdict));
		return err;
	case DATA_ENDPOINT:
	case DATA_NUMBER:
		value = svcr_nft_attr_value(a[NFTA_SET_ELEM_DATA], s->data_len);
		if (!value)
			return -EBADMSG;
		memcpy(svcr_nft_elem_data(s, e), value, s->data_len);
		if (s->layout->data == DATA_NUMBER)
			svcr_nft_swap_number(svcr_nft_elem_data(s, e));
		break;
	case DATA_NONE: break;
	}
	return 0;
}

static int decode_elem(struct svcr_nft *n, struct svcr_nft_table *t, struct svcr_nft_set *s,
		       uint32_t number, svcr_nft_attr nest)
{
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };
	const char *comment;
	const uint8_t *key;
	uint8_t *e;
	int err = 0;

	mnl_attr_parse_nested(nest, svcr_nft_attr_collect, a);
	key = svcr_nft_attr_value(a[NFTA_SET_ELEM_KEY], s->key_len);
	if (!key)
		return -EBADMSG;
	e = svcr_nft_add(s);
	if (!e)
		return -ENOMEM;
	if (s->number_len)
		svcr_nft_put_number(e, number);
	memcpy(e + s->number_len, key, s->key_len);
	svcr_nft_swap_key(s->layout, s->family, e + s->number_len);
	if (s->layout->interval)
		err = decode_interval_end(s, e, a);
	if (!err)
		err = decode_data(n, t, s, e, a);
	if (!err)
		err = comment_of(n, a[NFTA_SET_ELEM_USERDATA], &comment);
	if (!err)
		svcr_nft_set_comment(s, e, comment);
	return err;
}

static int decode_elems(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a)
{
	uint32_t number;
	size_t id = svcr_nft_set_parse(t->layout, svcr_nft_attr_string(a[NFTA_SET_ELEM_LIST_SET]),
				       &number);
	struct svcr_nft_set *s = id < t->layout->nsets ? &t->sets[id] : NULL;
	svcr_nft_attr nest;

	if (!s || s->damaged || s->layout->dynamic || !a[NFTA_SET_ELEM_LIST_ELEMENTS] ||
	    svcr_nft_numbers_have(&s->broken, number))
		return 0;
	mnl_attr_for_each_nested(nest, a[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		int err = decode_elem(n, t, s, number, nest);

		if (err)
			return err;
	}
	return 0;
}

static const struct {
	int (*decode)(struct svcr_nft *n, struct svcr_nft_table *t, const svcr_nft_attr *a);
	int table; /* the attribute that names the table */
} messages[NFT_MSG_MAX] = {
	[NFT_MSG_NEWTABLE] = { decode_table, NFTA_TABLE_NAME },
	[NFT_MSG_NEWCHAIN] = { decode_chain, NFTA_CHAIN_TABLE },
	[NFT_MSG_NEWRULE] = { decode_rule, NFTA_RULE_TABLE },
	[NFT_MSG_NEWSET] = { decode_set, NFTA_SET_TABLE },
	[NFT_MSG_NEWSETELEM] = { decode_elems, NFTA_SET_ELEM_LIST_TABLE },
};

int svcr_nft_decode(struct svcr_nft *n, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	unsigned int type = nlh->nlmsg_type & 0xff;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };
	struct svcr_nft_table *t;
	int family;

	if (!header_whole(nlh))
		return -EBADMSG;
	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || type >= NFT_MSG_MAX ||
	    !messages[type].decode)
		return 0;
	family = svcr_nft_family(
		((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family);
	if (family < 0)
		return 0;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	t = svcr_nft_table(n, svcr_nft_attr_string(a[messages[type].table]), (uint8_t)family);
	return t ? messages[type].decode(n, t, a) : 0;
}

/* In all messages but those of the generation, the attribute with the number 1 names the table. */
bool svcr_nft_concerned(const struct svcr_nft *n, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };
	int family;

	if (!header_whole(nlh) || nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (nlh->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		return false;
	family = svcr_nft_family(
		((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family);
	if (family < 0)
		return false;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	return svcr_nft_table(n, svcr_nft_attr_string(a[NFTA_TABLE_NAME]), (uint8_t)family);
}

static void one_less(uint8_t *addr, size_t len)
{
	while (len-- && addr[len]-- == 0)
		;
}

/*
 * Makes ranges from the sorted starts and ends of one set, from index i to `end`; of a start and
 * an end at the same address the end comes first. Writes them from index `kept` on, and returns
 * the index behind them.
 */
static size_t join_intervals(struct svcr_nft_set *s, size_t i, size_t end, size_t kept)
{
	size_t len = s->key_len, at = s->number_len;
	bool open = false;

	for (; i < end; i++) {
		uint8_t *e = svcr_nft_elem(s, i) + at, *to = svcr_nft_elem(s, kept) + at, addr[16];
		bool start = e[len];

		memcpy(addr, e, len);
		if (open) {
			memcpy(to + len, addr, len);
			one_less(to + len, len);
			to = svcr_nft_elem(s, ++kept) + at;
		}
		if (start) {
			memmove(to - at, e - at, s->stride);
			memcpy(to, addr, len);
		}
		open = start;
	}
	if (open)
		memset(svcr_nft_elem(s, kept++) + at + len, 0xff, len);
	return kept;
}

static void join_all(struct svcr_nft_set *s)
{
	size_t kept = 0;

	for (size_t i = 0, end; i < s->n; i = end) {
		end = svcr_nft_numbered_end(s, i);
		kept = join_intervals(s, i, end, kept);
	}
	s->n = kept;
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t m = *(const uint32_t *)a, n = *(const uint32_t *)b;

	return m < n ? -1 : m > n;
}

/* Moves the numbers of sets without elements from `found` to `broken`. */
static int find_empty(struct svcr_nft_set *s)
{
	size_t kept = 0, i = 0;

	if (s->found.n)
		qsort(s->found.v, s->found.n, sizeof(*s->found.v), number_cmp);
	for (size_t k = 0; k < s->found.n; k++) {
		uint32_t number = s->found.v[k], *slot;

		while (i < s->n && svcr_nft_elem_number(s, svcr_nft_elem(s, i)) < number)
			i = svcr_nft_numbered_end(s, i);
		if (i < s->n && svcr_nft_elem_number(s, svcr_nft_elem(s, i)) == number) {
			s->found.v[kept++] = number;
			continue;
		}
		slot = SVCR_GROW(&s->broken);
		if (!slot)
			return -ENOMEM;
		*slot = number;
	}
	s->found.n = kept;
	return 0;
}

int svcr_nft_decode_end(struct svcr_nft *n)
{
	int err = 0;

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t id = 0; id < n->tables[i].layout->nsets && !err; id++) {
			struct svcr_nft_set *s = &n->tables[i].sets[id];

			svcr_nft_sort(s);
			if (svcr_nft_interval_single(s))
				join_all(s);
			err = find_empty(s);
		}
	return err;
}

const struct svcr_nft_table *svcr_nft_foreign(const struct svcr_nft *n,
					      const struct svcr_nft *wanted)
{
	for (size_t i = 0; i < n->ntables; i++) {
		const struct svcr_nft_table *t = &n->tables[i];
		const struct svcr_nft_table *to = wanted && t->layout->optional ?
							  svcr_nft_table(wanted, t->name,
									 t->family) :
							  NULL;

		if (t->foreign && (!to || to->present))
			return t;
	}
	return NULL;
}
