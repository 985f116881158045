/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/reader.h"
#include "rules/nft/attr.h"
#include "rules/nft/decode.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum {
	STEP_GENERATION, /* of what will be read */
	STEP_TABLE,
	STEP_SETS,
	STEP_CHAINS,
	STEP_RULES, /* after it comes the next table */
	STEP_ELEMENTS,
	STEP_AGAIN, /* reads the generation again, which must be the same */
	STEP_END
};

/* The request of a step: its message type, and the attribute that names the table. */
static const struct {
	uint16_t type, table;
	bool dump;
} asked[STEP_END] = {
	[STEP_GENERATION] = { NFT_MSG_GETGEN, 0, false },
	[STEP_TABLE] = { NFT_MSG_GETTABLE, NFTA_TABLE_NAME, false },
	[STEP_SETS] = { NFT_MSG_GETSET, NFTA_SET_TABLE, true },
	[STEP_CHAINS] = { NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, true },
	[STEP_RULES] = { NFT_MSG_GETRULE, NFTA_RULE_TABLE, true },
	[STEP_ELEMENTS] = { NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE, true },
	[STEP_AGAIN] = { NFT_MSG_GETGEN, 0, false },
};

/*
 * The kernel sends only the rules and sets of the named table (seen on 6.18), but the chains of
 * all tables; the decoder skips chains of other tables.
 */
static void request_fill(struct svcr_nft_reader *r, const struct svcr_nft_table *t, const char *set,
			 struct svcrules_request *ret)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *g;

	memset(r->buf, 0, sizeof(r->buf));
	nlh = mnl_nlmsg_put_header(r->buf);
	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | asked[r->step].type);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->version = NFNETLINK_V0;
	if (t) {
		g->nfgen_family = svcr_nft_nfproto(t->family);
		mnl_attr_put_strz(nlh, asked[r->step].table, t->name);
	}
	if (set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	*ret = (struct svcrules_request){ .netlink = SVCRULES_NETLINK_NETFILTER,
					  .dump = asked[r->step].dump,
					  .msg = nlh };
}

/* Moves to the next set whose elements must be read. False: there is none. */
static bool find_set(struct svcr_nft_reader *r, const struct svcr_nft *n)
{
	for (; r->table < n->ntables; r->table++, r->set = 0)
		for (; r->set < n->tables[r->table].layout->nsets; r->set++, r->numbered = 0) {
			const struct svcr_nft_set *s = &n->tables[r->table].sets[r->set];

			if (s->layout->numbered ? r->numbered < s->found.n :
						  s->present && !s->damaged && !s->layout->dynamic)
				return true;
		}
	return false;
}

/* The name of the set found, in buf[SVCR_NFT_NAME_MAX] or kept elsewhere. */
static const char *found_name(const struct svcr_nft_reader *r, const struct svcr_nft_table *t,
			      char *buf)
{
	const struct svcr_nft_set *s = &t->sets[r->set];

	return svcr_nft_set_name(s->layout, s->layout->numbered ? s->found.v[r->numbered] : 0, buf);
}

int svcr_nft_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			 struct svcrules_request *ret)
{
	const struct svcr_nft *n = (const struct svcr_nft *)p;
	struct svcr_nft_reader *r = state;
	const struct svcr_nft_table *t = NULL;
	const char *set = NULL;
	char name[SVCR_NFT_NAME_MAX];

	(void)have;
	if (r->step == STEP_TABLE && r->table == n->ntables) {
		r->step = STEP_ELEMENTS;
		r->table = r->set = 0;
	}
	if (r->step == STEP_ELEMENTS && !find_set(r, n))
		r->step = STEP_AGAIN;
	if (r->step == STEP_END)
		return 0;
	if (r->step != STEP_GENERATION && r->step != STEP_AGAIN)
		t = &n->tables[r->table];
	if (r->step == STEP_ELEMENTS)
		set = found_name(r, t, name);
	request_fill(r, t, set, ret);
	return 1;
}

static void take_generation(struct svcr_nft_reader *r, const struct nlmsghdr *nlh)
{
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)) ||
	    nlh->nlmsg_len % NLMSG_ALIGNTO)
		return;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	r->last_generation = svcr_nft_attr_u32(a[NFTA_GEN_ID]);
}

int svcr_nft_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			 const void *msg)
{
	struct svcr_nft_reader *r = state;

	(void)have;
	if (r->step != STEP_GENERATION && r->step != STEP_AGAIN)
		return svcr_nft_decode((struct svcr_nft *)p, msg);
	take_generation(r, msg);
	return 0;
}

void svcr_nft_reader_watched(void *state)
{
	((struct svcr_nft_reader *)state)->watched = true;
}

static int end_reading(struct svcr_nft_reader *r, struct svcr_nft *n)
{
	r->step = STEP_END;
	if (r->generation != r->last_generation && !r->watched)
		return -EINTR;
	n->generation = r->last_generation;
	return svcr_nft_decode_end(n);
}

int svcr_nft_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			     int err)
{
	struct svcr_nft_reader *r = state;

	(void)have;
	/* no such table; EAFNOSUPPORT: a kernel without IPv6 */
	if (r->step == STEP_TABLE && (err == -ENOENT || err == -EAFNOSUPPORT)) {
		r->table++;
		return 0;
	}
	if (err) /* the table, or a set in it, was deleted meanwhile */
		return err == -ENOENT ? -EINTR : err;
	switch (r->step) {
	case STEP_GENERATION:
		r->generation = r->last_generation;
		r->step = STEP_TABLE;
		return r->generation ? 0 : -EPROTO;
	case STEP_RULES:
		r->table++;
		r->step = STEP_TABLE;
		return 0;
	case STEP_ELEMENTS:
		if (((struct svcr_nft *)p)->tables[r->table].sets[r->set].layout->numbered)
			r->numbered++;
		else
			r->set++;
		return 0;
	case STEP_AGAIN: return end_reading(r, (struct svcr_nft *)p);
	default: r->step++; return 0;
	}
}
