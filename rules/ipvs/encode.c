/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From changes, and questions, to generic netlink messages (linux/ip_vs.h). */
#include "rules/ipvs/diff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#define MESSAGE_MAX 256 /* bytes: a real server's takes below 200 */

_Static_assert(SVCRULES_IPVS_REQUEST_SIZE >= MESSAGE_MAX, "room for any message");
_Static_assert(SVCR_SCHEDULER_MAX == IP_VS_SCHEDNAME_MAXLEN, "a scheduler's name");

static struct nlmsghdr *start(void *buf, uint16_t genl, uint8_t command, uint32_t seq)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *g;

	memset(buf, 0, MESSAGE_MAX);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = genl;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = command;
	g->version = IPVS_GENL_VERSION;
	return nlh;
}

static uint16_t af(const struct svcr_addr *a)
{
	return a->family == SVCR_IPV6 ? AF_INET6 : AF_INET;
}

/* What names a virtual server and, if `whole`, all that it is. */
static void put_server(struct nlmsghdr *nlh, const struct svcr_ipvs_server *s, bool whole)
{
	const struct ip_vs_flags flags = {
		.flags = SVCR_IPVS_MARK | (s->persistence ? IP_VS_SVC_F_PERSISTENT : 0) |
			 (svcr_ipvs_needs_fallback(s) ? IP_VS_SVC_F_SCHED1 : 0),
		.mask = UINT32_MAX,
	};
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);

	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, af(&s->addr));
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, s->protocol);
	mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(s->addr.bytes), s->addr.bytes);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, htons(s->port));
	if (whole) {
		mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_SCHED_NAME, s->scheduler);
		mnl_attr_put(nlh, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_TIMEOUT, s->persistence);
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK, s->addr.family == SVCR_IPV6 ? 128 : UINT32_MAX);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_real(struct nlmsghdr *nlh, const struct svcr_ipvs_real *r, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_DEST);

	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_ADDR_FAMILY, af(&r->addr));
	mnl_attr_put(nlh, IPVS_DEST_ATTR_ADDR, sizeof(r->addr.bytes), r->addr.bytes);
	mnl_attr_put_u16(nlh, IPVS_DEST_ATTR_PORT, htons(r->port));
	if (whole) {
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_WEIGHT, r->weight);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_U_THRESH, 0);
		mnl_attr_put_u32(nlh, IPVS_DEST_ATTR_L_THRESH, 0);
	}
	mnl_attr_nest_end(nlh, nest);
}

static const struct {
	uint8_t command;
	bool whole;
} commands[IPVS_OP__COUNT] = {
	[IPVS_ADD_SERVER] = { IPVS_CMD_NEW_SERVICE, true }, [IPVS_EDIT_SERVER] = { IPVS_CMD_SET_SERVICE, true },
	[IPVS_ADD_REAL] = { IPVS_CMD_NEW_DEST, true }, [IPVS_EDIT_REAL] = { IPVS_CMD_SET_DEST, true },
	[IPVS_DEL_REAL] = { IPVS_CMD_DEL_DEST, false }, [IPVS_DEL_SERVER] = { IPVS_CMD_DEL_SERVICE, false },
};

int svcrules_ipvs_changes_encode(const struct svcrules_ipvs_changes *c, bool removals, uint16_t genl, void **ret_buf,
				 size_t *ret_len, size_t *ret_messages)
{
	const struct svcr_ipvs_change *v;
	size_t n = svcr_ipvs_stage(c, removals, &v), len = 0;
	char *buf = calloc(n + 1, MESSAGE_MAX);

	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct nlmsghdr *nlh = start(buf + len, genl, commands[v[i].op].command, (uint32_t)i + 1);

		put_server(nlh, v[i].server, commands[v[i].op].whole && !v[i].real);
		if (v[i].real)
			put_real(nlh, v[i].real, commands[v[i].op].whole);
		len += nlh->nlmsg_len;
	}
	*ret_buf = buf;
	*ret_len = len;
	*ret_messages = n;
	return 0;
}

void svcrules_ipvs_ask(uint16_t genl, void *buf)
{
	start(buf, genl, IPVS_CMD_GET_SERVICE, 0);
}

bool svcrules_ipvs_ask_real(const struct svcrules_ipvs *v, size_t i, uint16_t genl, void *buf)
{
	if (i >= v->servers.n)
		return false;
	put_server(start(buf, genl, IPVS_CMD_GET_DEST, 0), &v->servers.v[i], false);
	return true;
}

/* The places of the elements of svcr_ipvs_tellers, numbered through. */
static bool place_at(const struct svcrules_ipvs *v, size_t i, struct svcr_ipvs_server *ret)
{
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		size_t len = svcr_addr_len((uint8_t)f);

		for (size_t k = 0; k < SVCR_IPVS_TELLERS; k++) {
			const struct svcr_nft_set *s = &v->nft->tables[f].sets[svcr_ipvs_tellers[k]];
			const uint8_t *e;

			if (i >= s->n) {
				i -= s->n;
				continue;
			}
			e = svcr_nft_elem(s, i);
			*ret = (struct svcr_ipvs_server){ .addr.family = (uint8_t)f, .protocol = e[len],
							  .port = (uint16_t)(e[len + 4] << 8 | e[len + 5]) };
			memcpy(ret->addr.bytes, e, len);
			return true;
		}
	}
	return false;
}

bool svcrules_ipvs_ask_missing(const struct svcrules_ipvs *v, size_t *at, uint16_t genl, void *buf)
{
	struct svcr_ipvs_server s;

	while (place_at(v, (*at)++, &s)) {
		if (svcr_ipvs_find(v, &s) || svcr_ipvs_find_foreign(v, &s) || !svcr_ipvs_told(v, &s))
			continue;
		put_server(start(buf, genl, IPVS_CMD_GET_SERVICE, 0), &s, false);
		return true;
	}
	return false;
}
