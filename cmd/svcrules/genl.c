/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "genl.h"
#include "nlsock.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

struct genl {
	struct nlsock *sock;
	uint16_t id;
};

static int family_cb(const struct nlmsghdr *nlh, void *arg)
{
	const int header = sizeof(struct genlmsghdr);
	const struct nlattr *id = nla_find(nlmsg_attrdata(nlh, header), nlmsg_attrlen(nlh, header),
					   CTRL_ATTR_FAMILY_ID);

	if (!id || nla_len(id) != sizeof(uint16_t))
		return -EPROTO;
	*(uint16_t *)arg = nla_get_u16(id);
	return 0;
}

/* genl_ctrl_resolve() would do, were its errors the kernel's. */
static int family_find(struct nlsock *s, const char *family, uint16_t *ret_id)
{
	struct nl_msg *msg = nlmsg_alloc();
	uint16_t id = 0;
	int r = -ENOMEM;

	if (msg && genlmsg_put(msg, 0, 0, GENL_ID_CTRL, 0, 0, CTRL_CMD_GETFAMILY, 1) &&
	    nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, family) == 0)
		r = nlsock_talk(s, nlmsg_hdr(msg), NLM_F_ACK, family_cb, &id);
	nlmsg_free(msg);
	if (r < 0)
		return r;
	if (id == 0)
		return -EPROTO;
	*ret_id = id;
	return 0;
}

struct genl *genl_open(const char *family, int *err)
{
	struct genl *g = calloc(1, sizeof(*g));
	int r = -ENOMEM;

	if (g)
		g->sock = nlsock_open(NETLINK_GENERIC, &r);
	if (g && g->sock)
		r = family_find(g->sock, family, &g->id);
	if (r == 0)
		return g;
	genl_close(g);
	*err = r;
	return NULL;
}

void genl_close(struct genl *g)
{
	if (!g)
		return;
	nlsock_close(g->sock);
	free(g);
}

uint16_t genl_id(const struct genl *g)
{
	return g->id;
}

int genl_dump(struct genl *g, const void *request,
	      int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	return nlsock_talk(g->sock, request, NLM_F_DUMP, cb, arg);
}

int genl_ask(struct genl *g, const void *request,
	     int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	return nlsock_talk(g->sock, request, NLM_F_ACK, cb, arg);
}

struct refusals {
	struct genl_error *v;
	size_t max, count;
	int first;
};

static void refused(uint32_t seq, int err, void *arg)
{
	struct refusals *l = arg;

	if (!l->first)
		l->first = err;
	if (l->count < l->max)
		l->v[l->count++] = (struct genl_error){ .seq = seq, .err = err };
}

int genl_batch(struct genl *g, const void *buf, size_t len, size_t nmsgs,
	       struct genl_error *errors, size_t max_errors, size_t *nerrors)
{
	struct refusals l = { .v = errors, .max = max_errors };
	int r = nlsock_batch(g->sock, buf, len, nmsgs, refused, &l);

	*nerrors = l.count;
	return r < 0 ? r : l.first;
}
