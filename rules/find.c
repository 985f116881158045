/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/find.h"
#include "rules/nft/attr.h"
#include "rules/nft/decode.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

/* Only the names of tables are read, so this layout has no sets and no chains. */
static const struct svcr_nft_set_layout no_sets[1] = { { .name = NULL } };
static const struct svcr_nft_chain_layout no_chains[1] = { { .name = NULL } };
static const struct svcr_nft_layout bare_layout = {
	.serves = "", .sets = no_sets, .nsets = 1, .chains = no_chains, .nchains = 1, .noun = ""
};

struct svcr_finder {
	const struct svcr_target *target; /* NULL: all */
	char *name;                       /* malloc'ed; NULL: any */
	struct svcr_nft *found;
	bool taken;     /* `found` belongs to the caller */
	uint8_t family; /* asked for now */
	char buf[512] __attribute__((aligned(8)));
};

struct svcr_finder *svcr_finder_new(const struct svcr_target *t, const char *table)
{
	struct svcr_finder *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->target = t;
	f->name = table ? strdup(table) : NULL;
	f->found = svcr_nft_new();
	if (f->found && (!table || f->name))
		return f;
	svcr_finder_free(f);
	return NULL;
}

void svcr_finder_free(struct svcr_finder *f)
{
	if (!f)
		return;
	if (!f->taken)
		svcr_nft_free(f->found);
	free(f->name);
	free(f);
}

struct svcr_part *svcr_finder_part(struct svcr_finder *f)
{
	f->taken = true;
	return &f->found->part;
}

int svcr_finder_next(struct svcr_finder *f, struct svcrules_request *ret)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *g;

	if (f->family == SVCR_FAMILY__COUNT)
		return 0;
	memset(f->buf, 0, sizeof(f->buf));
	nlh = mnl_nlmsg_put_header(f->buf);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	*g = (struct nfgenmsg){ .nfgen_family = svcr_nft_nfproto(f->family),
				.version = NFNETLINK_V0 };
	if (f->name && !mnl_attr_put_strz_check(nlh, sizeof(f->buf), NFTA_TABLE_NAME, f->name))
		return -EMSGSIZE;
	*ret = (struct svcrules_request){ .netlink = SVCRULES_NETLINK_NETFILTER,
					  .dump = !f->name,
					  .msg = nlh };
	return 1;
}

static int add_found(struct svcr_finder *f, const char *name, uint8_t family, bool owned)
{
	struct svcr_nft_table *t = svcr_nft_table(f->found, name, family);

	if (!t && svcr_nft_add_tables(f->found, &bare_layout, name))
		return -ENOMEM;
	t = svcr_nft_table(f->found, name, family);
	t->present = owned;
	t->foreign = !owned;
	return 0;
}

/* Tables of network policies serve all targets. */
static bool is_of_target(const struct svcr_finder *f, const char *table)
{
	return !f->target ||
	       (svcr_target_of_table(table) == f->target && !svcr_policy_table(table));
}

int svcr_finder_take(struct svcr_finder *f, const void *msg)
{
	const char *name = "";
	uint8_t nfproto = 0;
	bool owned = svcr_nft_owned(msg, &name, &nfproto);
	int family = svcr_nft_family(nfproto);

	if (owned && family >= 0 && is_of_target(f, name))
		return add_found(f, name, (uint8_t)family, true);
	if (!owned && f->name) /* the request was for that table only */
		return add_found(f, f->name, f->family, false);
	return 0;
}

int svcr_finder_answered(struct svcr_finder *f, int err)
{
	if (err && err != -ENOENT && err != -EAFNOSUPPORT)
		return err;
	f->family++;
	return 0;
}
