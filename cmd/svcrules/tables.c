/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tables.h"
#include "command.h"
#include "kernel.h"
#include "state.h"
#include "svcrules.h"
#include "say.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define TRIES_MAX 10
#define REFUSALS_MAX 20

struct table {
	char *name;
	uint8_t family;
};

struct tables {
	struct tables_choice choice;
	struct table *v;
	size_t n;
	uint8_t foreign; /* family of a table of the wanted name that is not ours */
};

static void tables_free(struct tables *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].name);
	free(t->v);
	t->v = NULL;
	t->n = 0;
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_IPV4 ? "ip" : "inet";
}

static int add(struct tables *t, const char *name, uint8_t family)
{
	struct table *v = reallocarray(t->v, t->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n] = (struct table){ strdup(name), family };
	return v[t->n].name ? (t->n++, 0) : -ENOMEM;
}

static int collect(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	struct tables *t = arg;
	const char *name;
	uint8_t family;

	if (svcrules_nft_owned(nlh, &name, &family))
		return t->choice.chosen(name) ? add(t, name, family) : 0;
	if (t->choice.name) /* then only that table was asked for */
		t->foreign = g->nfgen_family;
	return 0;
}

static int fill_name(struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_put_strz_check(nlh, NFNETLINK_REQUEST_SIZE, NFTA_TABLE_NAME, arg) ? 0 : -EMSGSIZE;
}

static int find(struct netlink *n, struct tables *t)
{
	for (size_t i = 0; i < KERNEL_FAMILIES; i++) {
		uint8_t family = kernel_families[i];
		int err;

		if (t->choice.name)
			err = nfnetlink_request(n, NFT_MSG_GETTABLE, family, fill_name, (void *)(uintptr_t)t->choice.name,
					   collect, t);
		else
			err = nfnetlink_dump(n, NFT_MSG_GETTABLE, family, NULL, NULL, collect, t);
		if (err && err != -ENOENT && err != -EAFNOSUPPORT)
			return err;
	}
	return 0;
}

/* A message of nf_tables about all of a table: NFT_MSG_DELTABLE, or NFT_MSG_DELRULE for the rules of all its chains. */
static void put_message(void *buf, uint16_t type, const struct table *t, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = t->family;
	g->version = NFNETLINK_V0;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, t->name); /* as NFTA_RULE_TABLE */
}

/* A name has at most NFT_NAME_MAXLEN bytes (the kernel's), so each message fits. */
#define MESSAGE_MAX (NFT_NAME_MAXLEN + 64)

_Static_assert((int)NFTA_TABLE_NAME == (int)NFTA_RULE_TABLE, "one attribute for both messages");

/* One transaction: an exit code, or -1 if the tables changed meanwhile. */
static int send_all(struct netlink *n, uint16_t type, const struct tables *t, uint32_t genid)
{
	struct transaction_error errors[REFUSALS_MAX];
	char *buf = calloc(t->n, MESSAGE_MAX);
	size_t len = 0, nerrors = 0;
	int err;

	if (!buf)
		return say_enomem();
	for (size_t i = 0; i < t->n; i++) {
		put_message(buf + len, type, &t->v[i], (uint32_t)i + 1);
		len += MNL_ALIGN(((struct nlmsghdr *)(void *)(buf + len))->nlmsg_len);
	}
	err = transaction_send(n, buf, len, true, genid, t->n, errors, REFUSALS_MAX, &nerrors, NULL);
	free(buf);
	if (err == -ERESTART || (err == -ENOBUFS && !nerrors))
		return -1;
	return err ? kernel_refused(NULL, err, errors, nerrors) : EXIT_DONE;
}

/*
 * Rules first, in a transaction of their own: the chains of a table that is
 * deleted run on until their hook is gone, but with maps whose verdicts are gone
 * already (nf_tables_commit_chain_prepare() leaves them out; seen on 6.1). Then
 * every service is refused for a moment, also those that another table serves.
 */
static int send_deletions(struct netlink *n, const struct tables *t, uint32_t genid)
{
	int code = send_all(n, NFT_MSG_DELRULE, t, genid), err;

	if (code)
		return code;
	err = transaction_genid(n, &genid);
	return err ? kernel_failed("read the kernel's tables", err) : send_all(n, NFT_MSG_DELTABLE, t, genid);
}

/* One try: an exit code, or -1 if the tables changed meanwhile. */
static int try_delete(struct netlink *n, const struct tables_choice *choice, size_t *ret_count)
{
	struct tables t = { .choice = *choice };
	uint32_t genid;
	int err = transaction_genid(n, &genid), code = EXIT_DONE;

	if (!err)
		err = find(n, &t);
	if (err == -EINTR || err == -ENOBUFS)
		code = -1;
	else if (err)
		code = kernel_failed("read the kernel's tables", err);
	else if (t.foreign && !choice->quiet)
		code = kernel_foreign(t.foreign, choice->name);
	else if (t.n)
		code = send_deletions(n, &t, genid);
	for (size_t i = 0; i < t.n && !code; i++) {
		state_forget(STATE_DIR, t.v[i].name);
		if (!choice->quiet)
			printf("deleted table %s %s\n", family_name(t.v[i].family), t.v[i].name);
	}
	*ret_count = t.n;
	tables_free(&t);
	return code;
}

int tables_empty(struct netlink *n, const char *name)
{
	struct tables t = { .choice = { .name = name, .chosen = tables_any, .quiet = true } };
	int err = find(n, &t), code = err ? kernel_failed("read the kernel's tables", err) : EXIT_DONE;

	if (!code && t.n)
		code = send_all(n, NFT_MSG_DELRULE, &t, 0);
	tables_free(&t);
	return code < 0 ? kernel_failed("remove rules", -EINTR) : code;
}

bool tables_any(const char *name)
{
	(void)name;
	return true;
}

int tables_delete(struct netlink *n, const struct tables_choice *choice, size_t *ret_count)
{
	int code = -1;

	for (int i = 0; i < TRIES_MAX && code < 0; i++)
		code = try_delete(n, choice, ret_count);
	return code < 0 ? kernel_failed("delete tables", -EINTR) : code;
}
