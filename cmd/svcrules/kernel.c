/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"
#include "command.h"
#include "say.h"
#include "svcrules.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define READS_MAX 10

const uint8_t kernel_families[KERNEL_FAMILIES] = { NFPROTO_IPV4, NFPROTO_IPV6 };

static const char *why(int err)
{
	switch (-err) {
	case EPERM: return "needs CAP_NET_ADMIN (root)";
	case EINTR: return "another program keeps changing nftables; try again";
	case ERESTART: return "another program keeps changing nftables; try again";
	case EBADMSG: return "the kernel's answer could not be understood";
	case EMSGSIZE: return "the change is larger than this namespace may send; run as root, or raise net.core.wmem_max";
	default: return strerror(-err);
	}
}

int kernel_failed(const char *what, int err)
{
	if (err == -ENOMEM)
		return say_enomem();
	say("cannot %s: %s", what, why(err));
	return EXIT_KERNEL;
}

struct netlink *kernel_open(void)
{
	uint32_t genid;
	int err = 0;
	struct netlink *n = netlink_open(NETLINK_NETFILTER, &err);

	if (n)
		err = transaction_genid(n, &genid);
	/* Nfnetlink answers EINVAL for a subsystem that is not there. */
	if (err == -EINVAL || err == -EOPNOTSUPP || err == -EPROTONOSUPPORT)
		say("this kernel has no nf_tables (CONFIG_NF_TABLES, module nf_tables)");
	else if (err)
		kernel_failed("reach nftables", err);
	if (!err)
		return n;
	netlink_close(n);
	return NULL;
}

struct object {
	uint16_t table_attribute, set_attribute;
	const char *table, *set;
};

static int fill_object(struct nlmsghdr *nlh, void *arg)
{
	const struct object *o = arg;

	if (!mnl_attr_put_strz_check(nlh, NFNETLINK_REQUEST_SIZE, o->table_attribute, o->table))
		return -EMSGSIZE;
	if (o->set && !mnl_attr_put_strz_check(nlh, NFNETLINK_REQUEST_SIZE, o->set_attribute, o->set))
		return -EMSGSIZE;
	return 0;
}

static int decode(const struct nlmsghdr *nlh, void *arg)
{
	return svcrules_nft_decode(arg, nlh);
}

int kernel_elements(struct netlink *n, uint8_t family, const char *table, const char *set, netlink_cb_fn cb, void *arg)
{
	struct object o = { NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, table, set };

	return nfnetlink_dump(n, NFT_MSG_GETSETELEM, family, fill_object, &o, cb, arg);
}

/*
 * One table by name, then what is in it. The kernel sends rules and sets of
 * the table named only (seen on 6.18; chains it sends of all tables: decode
 * drops the others).
 */
static int read_family(struct netlink *n, uint8_t family, const char *table, struct svcrules_nft *into)
{
	struct object o = { NFTA_TABLE_NAME, 0, table, NULL };
	int err = nfnetlink_request(n, NFT_MSG_GETTABLE, family, fill_object, &o, decode, into);

	if (err == -ENOENT || err == -EAFNOSUPPORT) /* the latter: a kernel without IPv6 */
		return 0;
	o.table_attribute = NFTA_SET_TABLE;
	if (!err)
		err = nfnetlink_dump(n, NFT_MSG_GETSET, family, fill_object, &o, decode, into);
	o.table_attribute = NFTA_CHAIN_TABLE;
	if (!err)
		err = nfnetlink_dump(n, NFT_MSG_GETCHAIN, family, fill_object, &o, decode, into);
	o.table_attribute = NFTA_RULE_TABLE;
	if (!err)
		err = nfnetlink_dump(n, NFT_MSG_GETRULE, family, fill_object, &o, decode, into);
	return err == -ENOENT ? -EINTR : err; /* the table went away meanwhile */
}

bool kernel_unchanged(struct netlink *n, uint32_t genid, const char *table, bool ipv4, bool ipv6)
{
	struct object o = { NFTA_TABLE_NAME, 0, table, NULL };
	uint32_t now;

	if (transaction_genid(n, &now) < 0 || now != genid)
		return false;
	return (!ipv4 || nfnetlink_request(n, NFT_MSG_GETTABLE, NFPROTO_IPV4, fill_object, &o, NULL, NULL) == 0) &&
	       (!ipv6 || nfnetlink_request(n, NFT_MSG_GETTABLE, NFPROTO_IPV6, fill_object, &o, NULL, NULL) == 0);
}

bool kernel_has_table(struct netlink *n, const char *table)
{
	struct object o = { NFTA_TABLE_NAME, 0, table, NULL };
	bool found = false;

	for (size_t i = 0; i < KERNEL_FAMILIES && !found; i++)
		found = nfnetlink_request(n, NFT_MSG_GETTABLE, kernel_families[i], fill_object, &o, NULL, NULL) == 0;
	return found;
}

static int read_elements(struct netlink *n, const char *table, struct svcrules_nft *into)
{
	const char *set;
	uint8_t family;

	for (size_t i = 0; (set = svcrules_nft_set(into, i, &family)); i++) {
		int err;

		if (strcmp(set, SVCRULES_NFT_AFFINITY) == 0)
			continue;
		err = kernel_elements(n, family, table, set, decode, into);
		if (err)
			return err == -ENOENT ? -EINTR : err;
	}
	return 0;
}

static int read_once(struct netlink *n, const char *table, struct svcrules_nft *into, uint32_t *ret_genid)
{
	uint32_t before, after;
	int err = transaction_genid(n, &before);

	for (size_t i = 0; i < KERNEL_FAMILIES && !err; i++)
		err = read_family(n, kernel_families[i], table, into);
	if (!err)
		err = read_elements(n, table, into);
	if (!err)
		err = transaction_genid(n, &after);
	if (!err && before != after)
		err = -EINTR;
	if (!err)
		err = svcrules_nft_decode_end(into);
	if (!err)
		*ret_genid = before;
	return err;
}

int kernel_read(struct netlink *n, const char *table, struct svcrules_nft **ret, uint32_t *ret_genid)
{
	int err = -EINTR;

	for (int i = 0; i < READS_MAX && (err == -EINTR || err == -ENOBUFS); i++) {
		struct svcrules_nft *now = svcrules_nft_new(table);

		err = now ? read_once(n, table, now, ret_genid) : -ENOMEM;
		if (!err)
			*ret = now;
		else
			svcrules_nft_free(now);
	}
	return err;
}

int kernel_foreign(uint8_t family, const char *table)
{
	say("table %s %s was not made by svcrules and is left alone; --table names another",
	    family == NFPROTO_IPV6 ? "ip6" : "ip", table);
	return EXIT_KERNEL;
}

int kernel_read_own(struct netlink *n, const char *table, struct svcrules_nft **ret, uint32_t *ret_genid)
{
	struct svcrules_nft *now;
	uint32_t genid;
	uint8_t family;
	int err = kernel_read(n, table, &now, &genid);

	if (err)
		return kernel_failed("read the kernel's rules", err);
	family = svcrules_nft_foreign(now);
	if (family) {
		svcrules_nft_free(now);
		return kernel_foreign(family, table);
	}
	*ret = now;
	*ret_genid = genid;
	return EXIT_DONE;
}

static const char *refusal(int err)
{
	switch (-err) {
	case ENOENT: return "no such object, or this kernel lacks a module for it";
	case EEXIST: return "exists already and differs (changed by another program?)";
	case EOPNOTSUPP: return "this kernel cannot do that";
	case EAFNOSUPPORT: return "this kernel lacks the address family; --family chooses one";
	case EBUSY: return "still in use (by rules of another program?)";
	case EINVAL: return "the kernel finds it invalid";
	case ENFILE: return "the set is full";
	case EMLINK: return "too many jumps one after another";
	default: return why(err);
	}
}

static void refusal_say(const struct svcrules_changes *c, const struct transaction_error *e)
{
	char *about = c && e->seq ? svcrules_changes_describe(c, e->seq) : NULL;

	say("%s: %s%s%s", about ? about : "the change was refused", refusal(e->err), e->msg[0] ? ": " : "", e->msg);
	free(about);
}

int kernel_refused(const struct svcrules_changes *c, int err, const struct transaction_error *errors, size_t nerrors)
{
	if (nerrors == 0 || err == -EPERM)
		return kernel_failed("change the kernel's rules", err);
	for (size_t i = 0; i < nerrors; i++)
		refusal_say(c, &errors[i]);
	say("nothing was changed");
	return EXIT_KERNEL;
}
