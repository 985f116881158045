/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/encode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MESSAGE_MAX SVCR_IPVS_REQUEST_SIZE /* a real server's message takes below 200 bytes */

_Static_assert(SVCR_SCHEDULER_MAX == IP_VS_SCHEDNAME_MAXLEN, "a scheduler's name");

static struct nlmsghdr *ipvs_message(void *buf, uint16_t number, uint8_t command, uint32_t seq)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *g;

	memset(buf, 0, MESSAGE_MAX);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = number;
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

/* Puts the attributes that identify a virtual server and, if `whole`, all others. */
static void put_server(struct nlmsghdr *nlh, const struct svcr_ipvs_server *s, bool whole)
{
	const struct ip_vs_flags flags = {
		.flags = SVCR_IPVS_MARK | (s->persistence ? IP_VS_SVC_F_PERSISTENT : 0) |
			 (svcr_scheduler_needs_fallback(s->scheduler) ? IP_VS_SVC_F_SCHED1 : 0),
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
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK,
				 s->addr.family == SVCR_IPV6 ? 128 : UINT32_MAX);
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
	[IPVS_ADD_SERVER] = { IPVS_CMD_NEW_SERVICE, true },
	[IPVS_EDIT_SERVER] = { IPVS_CMD_SET_SERVICE, true },
	[IPVS_ADD_REAL] = { IPVS_CMD_NEW_DEST, true },
	[IPVS_EDIT_REAL] = { IPVS_CMD_SET_DEST, true },
	[IPVS_DEL_REAL] = { IPVS_CMD_DEL_DEST, false },
	[IPVS_DEL_SERVER] = { IPVS_CMD_DEL_SERVICE, false },
};

int svcr_ipvs_encode(const struct svcr_ipvs_changes *c, enum svcrules_stage stage, uint16_t number,
		     struct svcrules_messages *ret)
{
	const struct svcr_ipvs_change *v;
	size_t n = svcr_ipvs_stage(c, stage, &v), len = 0;
	char *buf = calloc(n + 1, MESSAGE_MAX);

	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		bool whole = commands[v[i].op].whole;
		struct nlmsghdr *nlh = ipvs_message(buf + len, number, commands[v[i].op].command,
						    (uint32_t)i + 1);

		put_server(nlh, v[i].server, whole && !v[i].real);
		if (v[i].real)
			put_real(nlh, v[i].real, whole);
		len += nlh->nlmsg_len;
	}
	*ret = (struct svcrules_messages){ .buf = buf, .len = len, .count = n };
	return 0;
}

void svcr_ipvs_ask_all(void *buf)
{
	ipvs_message(buf, 0, IPVS_CMD_GET_SERVICE, 0);
}

void svcr_ipvs_ask_one(const struct svcr_ipvs_server *s, void *buf)
{
	put_server(ipvs_message(buf, 0, IPVS_CMD_GET_SERVICE, 0), s, false);
}

void svcr_ipvs_ask_reals(const struct svcr_ipvs_server *s, void *buf)
{
	put_server(ipvs_message(buf, 0, IPVS_CMD_GET_DEST, 0), s, false);
}
