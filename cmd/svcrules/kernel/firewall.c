/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/firewall.h"
#include "kernel/iptables.h"
#include "netlink/nfnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>

#define DUMP_TRIES 5

struct search {
	uint8_t family; /* NFPROTO_; 0 ends a list */
	char *buf;      /* what was found first, or "" */
	uint8_t table_family;
	char table[FIREWALL_TEXT];
};

static uint32_t firewall_number(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(a)) :
								 UINT32_MAX;
}

static bool is_forward(const struct nlattr *hook)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, hook)
		if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM)
			return firewall_number(a) == NF_INET_FORWARD;
	return false;
}

static const char *firewall_text(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0 ? "" : mnl_attr_get_str(a);
}

static void firewall_found(struct search *w, uint8_t family, const char *table, const char *chain)
{
	const char *name = family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";

	if (*w->buf)
		return;
	snprintf(w->buf, FIREWALL_TEXT, "chain %s of table %s %s", chain, name, table);
	snprintf(w->table, sizeof(w->table), "%s", table);
	w->table_family = family;
}

static int firewall_chain_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const char *table = "", *chain = "";
	bool forward = false, drops = false;
	struct search *w = arg;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE: table = firewall_text(a); break;
		case NFTA_CHAIN_NAME: chain = firewall_text(a); break;
		case NFTA_CHAIN_HOOK: forward = is_forward(a); break;
		case NFTA_CHAIN_POLICY: drops = firewall_number(a) == NF_DROP; break;
		}
	}
	for (; forward && drops && w->family; w++)
		if (nfg->nfgen_family == w->family || nfg->nfgen_family == NFPROTO_INET)
			firewall_found(w, nfg->nfgen_family, table, chain);
	return 0;
}

static int firewall_table_cb(const struct nlmsghdr *nlh, void *arg)
{
	bool *dormant = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS)
			*dormant = firewall_number(a) & NFT_TABLE_F_DORMANT;
	return 0;
}

/* The chains of a table that is switched off see no packets. */
static void firewall_forget_dormant(struct netlink *s, struct search *w)
{
	bool dormant = false;

	if (*w->buf &&
	    nfnetlink_table(s, w->table_family, w->table, firewall_table_cb, &dormant) == 0 &&
	    dormant)
		*w->buf = '\0';
}

int firewall_drops_forwarded(struct netlink *s, char ipv4[static FIREWALL_TEXT],
			     char ipv6[static FIREWALL_TEXT])
{
	struct search w[] = { { .family = NFPROTO_IPV4, .buf = ipv4 },
			      { .family = NFPROTO_IPV6, .buf = ipv6 },
			      { .family = 0 } };
	int r = -EINTR;

	for (int k = 0; k < DUMP_TRIES && r == -EINTR; k++) {
		*ipv4 = *ipv6 = '\0';
		r = nfnetlink_dump(s, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL,
				   firewall_chain_cb, w);
	}
	firewall_forget_dormant(s, &w[0]);
	firewall_forget_dormant(s, &w[1]);
	if (!*ipv4 && iptables_legacy_forward_drops(NFPROTO_IPV4))
		snprintf(ipv4, FIREWALL_TEXT, "chain FORWARD of iptables-legacy");
	if (!*ipv6 && iptables_legacy_forward_drops(NFPROTO_IPV6))
		snprintf(ipv6, FIREWALL_TEXT, "chain FORWARD of ip6tables-legacy");
	return r;
}
