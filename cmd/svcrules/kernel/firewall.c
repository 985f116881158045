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
	char *buf;
	size_t size;
	bool found;
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

static int firewall_chain_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const char *table = "", *chain = "";
	bool forward = false, drops = false;
	struct search *w = arg;
	const struct nlattr *a;

	if (w->found || mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE: table = firewall_text(a); break;
		case NFTA_CHAIN_NAME: chain = firewall_text(a); break;
		case NFTA_CHAIN_HOOK: forward = is_forward(a); break;
		case NFTA_CHAIN_POLICY: drops = firewall_number(a) == NF_DROP; break;
		}
	}
	w->found = forward && drops;
	if (w->found)
		snprintf(w->buf, w->size, "chain %s of table %s %s", chain,
			 nfg->nfgen_family == NFPROTO_IPV4 ? "ip" :
			 nfg->nfgen_family == NFPROTO_IPV6 ? "ip6" :
							     "inet",
			 table);
	return 0;
}

int firewall_drops_forwarded(struct netlink *s, uint8_t family, char *buf, size_t size)
{
	const uint8_t families[] = { family, NFPROTO_INET };
	struct search w = { buf, size, false };
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0 && !w.found; i++) {
		r = -EINTR;
		for (int k = 0; k < DUMP_TRIES && r == -EINTR && !w.found; k++)
			r = nfnetlink_dump(s, NFT_MSG_GETCHAIN, families[i], NULL, NULL,
					   firewall_chain_cb, &w);
	}
	if (!w.found && r == 0 && iptables_legacy_forward_drops(family)) {
		snprintf(buf, size, "chain FORWARD of %s-legacy",
			 family == NFPROTO_IPV6 ? "ip6tables" : "iptables");
		w.found = true;
	}
	return w.found ? 1 : r;
}
