/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's generic netlink messages (linux/ip_vs.h) to a rule set.
 * Numbers are in the host's order there, ports and addresses in network order.
 */
#include "rules/ipvs/decode.h"
#include "rules/nft/attr.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#define FLAGS_KNOWN (IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | SVCR_IPVS_MARK)

static uint32_t attr_number(svcr_nft_attr a)
{
	return svcr_nft_attr_has(a, 4) ? mnl_attr_get_u32(a) : 0;
}

static uint16_t attr_small(svcr_nft_attr a)
{
	return svcr_nft_attr_has(a, 2) ? mnl_attr_get_u16(a) : 0;
}

/* The kernel sends every address as a union of 16 bytes; an IPv4 address is in the first 4. */
static bool attr_address(svcr_nft_attr a, uint16_t family, struct svcr_addr *ret)
{
	size_t len = family == AF_INET ? 4 : 16;

	if ((family != AF_INET && family != AF_INET6) || !a || mnl_attr_get_payload_len(a) < len)
		return false;
	*ret = (struct svcr_addr){ .family = family == AF_INET ? SVCR_IPV4 : SVCR_IPV6 };
	memcpy(ret->bytes, mnl_attr_get_payload(a), len);
	return true;
}

/* The attributes nested in the message's attribute `type`; false if there is none. */
static bool message_attrs(const struct nlmsghdr *nlh, uint16_t type, svcr_nft_attr *a)
{
	svcr_nft_attr top[SVCR_NFT_ATTRS] = { NULL };

	if (nlh->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) || nlh->nlmsg_len % NLMSG_ALIGNTO)
		return false;
	mnl_attr_parse(nlh, GENL_HDRLEN, svcr_nft_attr_collect, top);
	if (!top[type])
		return false;
	mnl_attr_parse_nested(top[type], svcr_nft_attr_collect, a);
	return true;
}

/* Copies the name of a scheduler; one that svcrules never sets is read as "". */
static void decode_scheduler(struct svcr_ipvs_server *s, svcr_nft_attr a)
{
	const char *name = svcr_nft_attr_string(a);

	if (svcr_nft_printable((const uint8_t *)name, strlen(name)))
		snprintf(s->scheduler, sizeof(s->scheduler), "%s", name);
}

static void decode_flags(struct svcr_ipvs_server *s, const svcr_nft_attr *a)
{
	struct ip_vs_flags f = { 0 };
	uint32_t mask = attr_number(a[IPVS_SVC_ATTR_NETMASK]);

	if (svcr_nft_attr_has(a[IPVS_SVC_ATTR_FLAGS], sizeof(f)))
		memcpy(&f, mnl_attr_get_payload(a[IPVS_SVC_ATTR_FLAGS]), sizeof(f));
	s->marked = f.flags & SVCR_IPVS_MARK;
	if (f.flags & IP_VS_SVC_F_PERSISTENT)
		s->persistence = attr_number(a[IPVS_SVC_ATTR_TIMEOUT]);
	s->damaged = (f.flags & ~FLAGS_KNOWN) !=
		     (svcr_scheduler_needs_fallback(s->scheduler) ? IP_VS_SVC_F_SCHED1 : 0);
	if (s->persistence && mask != (s->addr.family == SVCR_IPV6 ? 128 : UINT32_MAX))
		s->damaged = true;
}

int svcr_ipvs_decode(struct svcr_ipvs *v, const void *msg)
{
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };
	struct svcr_ipvs_server s = { .port = 0 }, *slot;

	if (!message_attrs(msg, IPVS_CMD_ATTR_SERVICE, a))
		return -EBADMSG;
	if (a[IPVS_SVC_ATTR_FWMARK]) /* svcrules makes no virtual server for a firewall mark */
		return 0;
	if (!attr_address(a[IPVS_SVC_ATTR_ADDR], attr_small(a[IPVS_SVC_ATTR_AF]), &s.addr))
		return -EBADMSG;
	s.protocol = (uint8_t)attr_small(a[IPVS_SVC_ATTR_PROTOCOL]);
	s.port = ntohs(attr_small(a[IPVS_SVC_ATTR_PORT]));
	decode_scheduler(&s, a[IPVS_SVC_ATTR_SCHED_NAME]);
	decode_flags(&s, a);
	slot = SVCR_GROW(&v->servers);
	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static bool is_ours(const struct svcr_ipvs_parts *p, const struct svcr_ipvs_server *s)
{
	return s->marked || (p->link && svcr_addrs_have(&p->link->addresses, &s->addr)) ||
	       svcr_ipvs_sent_to(p->nft, s);
}

int svcr_ipvs_own(struct svcr_ipvs_parts *p)
{
	struct svcr_ipvs *v = p->ipvs;
	size_t kept = 0;

	svcr_ipvs_sort(v);
	if (svcr_ipvs_has_duplicates(v))
		return -EINTR;
	for (size_t i = 0; i < v->servers.n; i++) {
		struct svcr_ipvs_server *s = &v->servers.v[i], *slot;

		if (is_ours(p, s)) {
			v->servers.v[kept++] = *s;
			continue;
		}
		slot = SVCR_GROW(&v->foreign);
		if (!slot)
			return -ENOMEM;
		*slot = *s;
	}
	v->servers.n = kept;
	svcr_ipvs_sort(v);
	return 0;
}

int svcr_ipvs_decode_real(struct svcr_ipvs *v, size_t i, const void *msg)
{
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };
	struct svcr_ipvs_server *s = &v->servers.v[i];
	struct svcr_ipvs_real r = { .port = 0 };
	uint16_t family = s->addr.family == SVCR_IPV6 ? AF_INET6 : AF_INET;

	if (!message_attrs(msg, IPVS_CMD_ATTR_DEST, a))
		return -EBADMSG;
	if (a[IPVS_DEST_ATTR_ADDR_FAMILY]) /* sent since Linux 3.18 */
		family = attr_small(a[IPVS_DEST_ATTR_ADDR_FAMILY]);
	if (!attr_address(a[IPVS_DEST_ATTR_ADDR], family, &r.addr))
		return -EBADMSG;
	r.port = ntohs(attr_small(a[IPVS_DEST_ATTR_PORT]));
	r.weight = attr_number(a[IPVS_DEST_ATTR_WEIGHT]);
	r.conns = attr_number(a[IPVS_DEST_ATTR_ACTIVE_CONNS]) +
		  attr_number(a[IPVS_DEST_ATTR_INACT_CONNS]);
	r.damaged = (attr_number(a[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK) !=
			    IP_VS_CONN_F_MASQ ||
		    attr_number(a[IPVS_DEST_ATTR_U_THRESH]) ||
		    attr_number(a[IPVS_DEST_ATTR_L_THRESH]);
	return svcr_ipvs_add_real(s, &r) ? 0 : -ENOMEM;
}

int svcr_ipvs_decode_end(struct svcr_ipvs *v)
{
	svcr_ipvs_sort(v);
	return svcr_ipvs_has_duplicates(v) ? -EINTR : 0;
}
