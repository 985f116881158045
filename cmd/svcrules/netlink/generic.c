/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/generic.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#define REQUEST_SIZE 1024 /* a family's name has at most GENL_NAMSIZ (16) bytes */

struct generic {
	struct netlink *sock;
	uint16_t id;
};

static int family_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *id = NULL;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID && !id)
			id = a;
	if (!id || mnl_attr_get_payload_len(id) != sizeof(uint16_t))
		return -EPROTO;
	*(uint16_t *)arg = mnl_attr_get_u16(id);
	return 0;
}

static int family_find(struct netlink *s, const char *family, uint16_t *ret_id)
{
	char buf[REQUEST_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	uint16_t id = 0;
	int r;

	nlh->nlmsg_type = GENL_ID_CTRL;
	header->cmd = CTRL_CMD_GETFAMILY;
	header->version = 1;
	if (!mnl_attr_put_strz_check(nlh, sizeof(buf), CTRL_ATTR_FAMILY_NAME, family))
		return -ENOENT;
	r = netlink_talk(s, nlh, NLM_F_ACK, family_cb, &id);
	if (r < 0)
		return r;
	if (id == 0)
		return -EPROTO;
	*ret_id = id;
	return 0;
}

struct generic *generic_open(const char *family, int *err)
{
	struct generic *g = calloc(1, sizeof(*g));
	int r = -ENOMEM;

	if (g)
		g->sock = netlink_open(NETLINK_GENERIC, &r);
	if (g && g->sock)
		r = family_find(g->sock, family, &g->id);
	if (r == 0)
		return g;
	generic_close(g);
	*err = r;
	return NULL;
}

void generic_close(struct generic *g)
{
	if (!g)
		return;
	netlink_close(g->sock);
	free(g);
}

uint16_t generic_id(const struct generic *g)
{
	return g->id;
}

int generic_dump(struct generic *g, const void *request, netlink_cb_fn cb, void *arg)
{
	return netlink_talk(g->sock, request, NLM_F_DUMP, cb, arg);
}

int generic_ask(struct generic *g, const void *request, netlink_cb_fn cb, void *arg)
{
	return netlink_talk(g->sock, request, NLM_F_ACK, cb, arg);
}

struct generic_refusals {
	struct generic_error *v;
	size_t max, count;
	int first;
};

static void generic_refused(uint32_t seq, int err, void *arg)
{
	struct generic_refusals *l = arg;

	if (!l->first)
		l->first = err;
	if (l->count < l->max)
		l->v[l->count++] = (struct generic_error){ .seq = seq, .err = err };
}

int generic_batch(struct generic *g, const void *buf, size_t len, size_t nmsgs,
		  struct generic_error *errors, size_t max_errors, size_t *nerrors)
{
	struct generic_refusals l = { .v = errors, .max = max_errors };
	int r = netlink_batch(g->sock, buf, len, nmsgs, generic_refused, &l);

	*nerrors = l.count;
	return r < 0 ? r : l.first;
}
