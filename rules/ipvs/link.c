/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/link.h"
#include "rules/ipvs/drift.h"
#include "rules/json.h"
#include "rules/nft/attr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MESSAGE_MAX 128 /* no message about one address is longer */

int svcr_addrs_add(struct svcr_addrs *l, const struct svcr_addr *a)
{
	struct svcr_addr *slot = SVCR_GROW(l);

	if (!slot)
		return -ENOMEM;
	*slot = *a;
	return 0;
}

struct svcr_link *svcr_link_new(const char *table)
{
	struct svcr_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->part.ops = &svcr_link_ops;
	snprintf(l->table, sizeof(l->table), "%s", table);
	return l;
}

void svcr_link_free(struct svcr_link *l)
{
	if (!l)
		return;
	free(l->addresses.v);
	free(l->preferred.v);
	free(l);
}

static const struct svcr_link *link_of(const struct svcr_part *p)
{
	return (const struct svcr_link *)p;
}

static const struct svcr_link_changes *link_changes_of(const struct svcr_part_changes *c)
{
	return (const struct svcr_link_changes *)c;
}

static void link_free(struct svcr_part *p)
{
	svcr_link_free((struct svcr_link *)p);
}

static struct svcr_part *link_like(const struct svcr_part *p)
{
	return (struct svcr_part *)svcr_link_new(link_of(p)->table);
}

static void link_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	ret->count = link_of(p)->addresses.n;
	ret->owner = link_of(p)->owner;
	ret->present = link_of(p)->present && !link_of(p)->foreign;
}

/* ---- Printing ----------------------------------------------------------- */

static void out_address(struct svcr_out *o, const char *command, const struct svcr_addr *a)
{
	bool quiet_ipv6 = a->family == SVCR_IPV6 && strcmp(command, "del") != 0;
	char text[SVCR_ADDR_TEXT];

	svcr_out(o, "address %s %s/%d dev %s%s\n", command, svcr_addr_text(a, text),
		 svcr_addr_len(a->family) * 8, SVCRULES_INTERFACE,
		 quiet_ipv6 ? " nodad noprefixroute preferred_lft 0" : "");
}

static void out_interface(struct svcr_out *o, const struct svcr_link *l)
{
	const struct svcr_addrs *a = &l->addresses;

	svcr_out(o, "link add %s type dummy\n", SVCRULES_INTERFACE);
	svcr_out(o, "link set %s alias \"%s%s\"\n", SVCRULES_INTERFACE, SVCRULES_INTERFACE_OWNER,
		 l->table);
	if (a->n && a->v[a->n - 1].family == SVCR_IPV6) /* no link-local address */
		svcr_out(o, "link set %s addrgenmode none\n", SVCRULES_INTERFACE);
	svcr_out(o, "link set %s up\n", SVCRULES_INTERFACE);
}

static void link_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		       struct svcr_out *o)
{
	const struct svcr_link *l = link_of(p);

	(void)rs;
	out_interface(o, l);
	for (size_t i = 0; i < l->addresses.n; i++)
		out_address(o, "add", &l->addresses.v[i]);
}

static int link_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	const struct svcr_addrs *a = &link_of(p)->addresses;
	json_t *list = json_array();
	char text[SVCR_ADDR_TEXT];
	int err;

	(void)rs;
	for (size_t i = 0; i < a->n; i++)
		list = svcr_json_append(list, json_string(svcr_addr_text(&a->v[i], text)));
	err = svcr_json_set(root, "interface", json_string(SVCRULES_INTERFACE));
	if (!err)
		return svcr_json_set(root, "addresses", list);
	json_decref(list);
	return err;
}

/* True if the address is there, but with another lifetime. */
static bool is_mended(const struct svcr_link_changes *c, const struct svcr_addr *a)
{
	return svcr_addrs_have(&c->from->preferred, a);
}

/* An interface without addresses need not exist. */
static void link_print_changes(const struct svcr_part_changes *changes, struct svcr_out *o)
{
	const struct svcr_link_changes *c = link_changes_of(changes);

	if (c->bind.n && !c->from->addresses.n)
		out_interface(o, c->to);
	for (size_t i = 0; i < c->bind.n; i++)
		out_address(o, is_mended(c, c->bind.v[i]) ? "replace" : "add", c->bind.v[i]);
	if (c->unbind.n && !c->to->addresses.n) {
		svcr_out(o, "link del %s\n", SVCRULES_INTERFACE);
		return;
	}
	for (size_t i = 0; i < c->unbind.n; i++)
		out_address(o, "del", c->unbind.v[i]);
}

static size_t link_print_notes(const struct svcr_part_changes *changes, struct svcr_out *o)
{
	(void)o;
	return link_changes_of(changes)->bind.n + link_changes_of(changes)->unbind.n;
}

static json_t *json_addresses(const struct svcr_addr *const *v, size_t n)
{
	json_t *list = json_array();
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		list = svcr_json_append(list, json_string(svcr_addr_text(v[i], text)));
	return list;
}

static int link_json_rest(const struct svcr_part_changes *changes, json_t *root)
{
	const struct svcr_link_changes *c = link_changes_of(changes);
	int err = svcr_json_set(root, "addresses_added", json_addresses(c->bind.v, c->bind.n));

	return err ? err :
		     svcr_json_set(root, "addresses_removed",
				   json_addresses(c->unbind.v, c->unbind.n));
}

/* ---- Changes ------------------------------------------------------------ */

static void link_changes_free(struct svcr_part_changes *changes)
{
	struct svcr_link_changes *c = (struct svcr_link_changes *)changes;

	free(c->bind.v);
	free(c->unbind.v);
	free(c);
}

static bool link_changes_empty(const struct svcr_part_changes *c)
{
	return link_changes_of(c)->bind.n == 0 && link_changes_of(c)->unbind.n == 0;
}

static void link_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats)
{
	stats->addresses += link_changes_of(c)->bind.n + link_changes_of(c)->unbind.n;
}

static int add_address_change(struct svcr_link_changes *c, bool bind, const struct svcr_addr *a)
{
	const struct svcr_addr **slot = bind ? SVCR_GROW(&c->bind) : SVCR_GROW(&c->unbind);

	if (!slot)
		return -ENOMEM;
	*slot = a;
	return 0;
}

static int link_diff(const struct svcr_part *a, struct svcr_part *b, struct svcr_part_changes **ret)
{
	const struct svcr_addrs *from = &link_of(a)->addresses, *to = &link_of(b)->addresses;
	struct svcr_link_changes *c = calloc(1, sizeof(*c));
	size_t i = 0, j = 0;
	int err = c ? 0 : -ENOMEM;

	if (c)
		*c = (struct svcr_link_changes){ .part = { &svcr_link_ops },
						 .from = link_of(a),
						 .to = link_of(b) };
	while (!err && (i < from->n || j < to->n)) {
		int cmp = i == from->n ? 1 :
			  j == to->n   ? -1 :
					 svcr_addr_cmp(&from->v[i], &to->v[j]);

		if (cmp != 0)
			err = add_address_change(c, cmp > 0, cmp > 0 ? &to->v[j] : &from->v[i]);
		else if (is_mended(c, &to->v[j]))
			err = add_address_change(c, true, &to->v[j]);
		i += cmp <= 0;
		j += cmp >= 0;
	}
	if (!err)
		*ret = &c->part;
	else if (c)
		link_changes_free(&c->part);
	return err;
}

/* ---- Messages ----------------------------------------------------------- */

/*
 * IPv6 addresses get no duplicate address detection and no route for their prefix. They are never
 * preferred: else the kernel would choose one as source where the interface on the way has only a
 * link-local address, as for masquerade, and other nodes would answer themselves (seen on 6.1).
 */
static size_t put_address(void *buf, bool add, uint32_t index, const struct svcr_addr *a,
			  uint32_t seq)
{
	static const struct ifa_cacheinfo deprecated = { .ifa_valid = UINT32_MAX };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t len = svcr_addr_len(a->family);
	bool v6 = a->family == SVCR_IPV6;
	struct ifaddrmsg *ifa;

	nlh->nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (!add ? 0 :
						       v6   ? NLM_F_CREATE | NLM_F_REPLACE :
							      NLM_F_CREATE | NLM_F_EXCL));
	nlh->nlmsg_seq = seq;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = v6 ? AF_INET6 : AF_INET;
	ifa->ifa_prefixlen = (uint8_t)(len * 8);
	ifa->ifa_index = index;
	mnl_attr_put(nlh, IFA_LOCAL, len, a->bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, len, a->bytes);
	if (v6)
		mnl_attr_put_u32(nlh, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	if (add && v6)
		mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(deprecated), &deprecated);
	return nlh->nlmsg_len;
}

static int link_encode(struct svcr_part_changes *changes, enum svcrules_stage stage,
		       uint32_t number, struct svcrules_messages *ret)
{
	const struct svcr_link_changes *c = link_changes_of(changes);
	bool add = stage == SVCRULES_ADD;
	const struct svcr_addr *const *v = add ? c->bind.v : c->unbind.v;
	size_t n = stage == SVCRULES_STOP ? 0 : add ? c->bind.n : c->unbind.n, len = 0;
	char *buf = calloc(n + 1, MESSAGE_MAX);

	if (!buf)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		len += put_address(buf + len, add, number, v[i], (uint32_t)i + 1);
	*ret = (struct svcrules_messages){ .buf = buf, .len = len, .count = n };
	return 0;
}

static bool link_harmless(const struct svcr_part_changes *c, enum svcrules_stage stage,
			  uint32_t seq, int err)
{
	(void)c;
	(void)seq;
	if (stage == SVCRULES_ADD) /* an IPv4 address is there already */
		return err == -EEXIST;
	return err == -EADDRNOTAVAIL || err == -ENODEV; /* the address is gone already */
}

static char *link_describe(const struct svcr_part_changes *changes,
			   const struct svcrules_changes *whole, enum svcrules_stage stage,
			   uint32_t seq, int err)
{
	const struct svcr_link_changes *c = link_changes_of(changes);
	bool add = stage == SVCRULES_ADD;
	size_t n = add ? c->bind.n : c->unbind.n;
	const struct svcr_addr *a = seq > 0 && seq <= n ? (add ? c->bind.v : c->unbind.v)[seq - 1] :
							  NULL;
	bool off = a && a->family == SVCR_IPV6 &&
		   (err == -EACCES || err == -EOPNOTSUPP || err == -EAFNOSUPPORT);
	char text[SVCR_ADDR_TEXT] = "addresses", *ret;

	(void)whole;
	if (a)
		svcr_addr_text(a, text);
	if (asprintf(&ret, "cannot %s %s %s %s: %s", add ? "add" : "remove", text,
		     add ? "to" : "from", SVCRULES_INTERFACE,
		     off ? "IPv6 is off on this host (disable_ipv6); --family ipv4 leaves it out" :
			   svcrules_errno_text(err)) < 0)
		return NULL;
	return ret;
}

/* ---- Reading back ------------------------------------------------------- */

static void decode_alias(struct svcr_link *l, const struct nlattr *a)
{
	static const char prefix[] = SVCRULES_INTERFACE_OWNER;
	const size_t skip = sizeof(prefix) - 1;
	size_t len = strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	const char *alias = mnl_attr_get_payload(a);

	l->named = true;
	if (len < skip || memcmp(alias, prefix, skip) != 0 || len - skip >= sizeof(l->owner)) {
		l->foreign = true;
		return;
	}
	memcpy(l->owner, alias + skip, len - skip);
	l->owner[len - skip] = '\0';
}

static bool is_dummy(const struct nlattr *info)
{
	static const char kind[] = "dummy";
	const struct nlattr *a;

	if (!info)
		return false;
	mnl_attr_for_each_nested(a, info)
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			return strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)) ==
				       sizeof(kind) - 1 &&
			       memcmp(mnl_attr_get_payload(a), kind, sizeof(kind) - 1) == 0;
	return false;
}

static void decode_link(struct svcr_link *l, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *kind = NULL, *alias = NULL;

	mnl_attr_for_each(a, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			kind = a;
		else if (mnl_attr_get_type(a) == IFLA_IFALIAS)
			alias = a;
	}
	l->present = true;
	l->index = info->ifi_index;
	l->up = info->ifi_flags & IFF_UP;
	l->foreign = !is_dummy(kind);
	if (alias && !l->foreign)
		decode_alias(l, alias);
}

static bool is_link_local(const struct svcr_addr *a)
{
	return a->family == SVCR_IPV6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* True if the address is never preferred, and does not expire. */
static bool is_deprecated(const struct nlattr *cache)
{
	struct ifa_cacheinfo info;

	if (!cache || mnl_attr_get_payload_len(cache) < sizeof(info))
		return false;
	memcpy(&info, mnl_attr_get_payload(cache), sizeof(info));
	return info.ifa_prefered == 0 && info.ifa_valid == UINT32_MAX;
}

/*
 * Takes an address of any interface: kernels before 5.0 cannot dump one interface only. For
 * IPv4, IFA_ADDRESS is the peer; IPv6 sends no IFA_LOCAL without a peer.
 */
static int decode_address(struct svcr_link *l, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct svcr_addr addr = { .family = ifa->ifa_family == AF_INET6 ? SVCR_IPV6 : SVCR_IPV4 };
	const struct nlattr *a, *found = NULL, *cache = NULL;
	size_t len = svcr_addr_len(addr.family);
	int err;

	if ((int)ifa->ifa_index != l->index ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(a) == IFA_LOCAL ||
		    (!found && mnl_attr_get_type(a) == IFA_ADDRESS))
			found = a;
		else if (mnl_attr_get_type(a) == IFA_CACHEINFO)
			cache = a;
	}
	if (!found || mnl_attr_get_payload_len(found) != len)
		return 0;
	memcpy(addr.bytes, mnl_attr_get_payload(found), len);
	if (is_link_local(&addr))
		return 0;
	/* no alias: another program's, or left by a killed run, which has no address yet */
	if (!l->named)
		l->foreign = true;
	/*
	 * An address with another prefix length was not added by svcrules. While the interface
	 * is down no address works; adding them again does no harm.
	 */
	if (!l->up || ifa->ifa_prefixlen != len * 8)
		return 0;
	err = svcr_addrs_add(&l->addresses, &addr);
	if (!err && addr.family == SVCR_IPV6 && !is_deprecated(cache))
		err = svcr_addrs_add(&l->preferred, &addr);
	return err;
}

int svcr_link_decode(struct svcr_link *l, const void *msg)
{
	const struct nlmsghdr *nlh = msg;
	size_t header = nlh->nlmsg_type == RTM_NEWLINK ? sizeof(struct ifinfomsg) :
							 sizeof(struct ifaddrmsg);

	if (nlh->nlmsg_len < NLMSG_LENGTH(header) || nlh->nlmsg_len % NLMSG_ALIGNTO)
		return 0;
	if (nlh->nlmsg_type == RTM_NEWLINK)
		decode_link(l, nlh);
	return nlh->nlmsg_type == RTM_NEWADDR ? decode_address(l, nlh) : 0;
}

void svcr_link_decode_end(struct svcr_link *l)
{
	svcr_addrs_sort(&l->addresses);
	svcr_addrs_sort(&l->preferred);
}

enum { STEP_LINK, STEP_ADDRESSES, STEP_END };

struct link_reader {
	int step;
	char buf[256] __attribute__((aligned(8)));
};

static int link_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			    struct svcrules_request *ret)
{
	struct link_reader *r = state;
	struct nlmsghdr *nlh;

	(void)have;
	(void)p;
	if (r->step == STEP_END)
		return 0;
	memset(r->buf, 0, sizeof(r->buf));
	nlh = mnl_nlmsg_put_header(r->buf);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_type = r->step == STEP_LINK ? RTM_GETLINK : RTM_GETADDR;
	mnl_nlmsg_put_extra_header(nlh, r->step == STEP_LINK ? sizeof(struct ifinfomsg) :
							       sizeof(struct ifaddrmsg));
	if (r->step == STEP_LINK)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, SVCRULES_INTERFACE);
	*ret = (struct svcrules_request){ .netlink = SVCRULES_NETLINK_ROUTE,
					  .dump = r->step == STEP_ADDRESSES,
					  .msg = nlh };
	return 1;
}

static int link_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			    const void *msg)
{
	(void)state;
	(void)have;
	return svcr_link_decode((struct svcr_link *)p, msg);
}

static int link_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
				int err)
{
	struct svcr_link *l = (struct svcr_link *)p;
	struct link_reader *r = state;

	(void)have;
	if (err == -ENODEV && r->step == STEP_LINK)
		err = 0;
	if (err)
		return err;
	r->step = r->step == STEP_LINK && l->present ? STEP_ADDRESSES : STEP_END;
	if (r->step == STEP_END)
		svcr_link_decode_end(l);
	return 0;
}

static int link_obstacle(const struct svcr_part *have, const struct svcrules_ruleset *whole,
			 const struct svcrules_ruleset *want, size_t i, char **ret)
{
	const struct svcr_link *l = link_of(have);
	int n = 0;

	(void)whole;
	(void)want;
	if (i > 0 || !l->present)
		return 0;
	if (l->foreign)
		n = asprintf(ret,
			     "the interface %s was not made by svcrules and is left alone: rename "
			     "or delete it",
			     SVCRULES_INTERFACE);
	else if (*l->owner && strcmp(l->owner, l->table) != 0)
		n = asprintf(ret,
			     "the interface %s belongs to the table %s of another --table: only "
			     "one can use IPVS here",
			     SVCRULES_INTERFACE, l->owner);
	return n < 0 ? -ENOMEM : n > 0;
}

static int link_drift(const struct svcr_part *left, const struct svcr_part *have,
		      struct svcr_out *o)
{
	svcr_link_drift(link_of(left), link_of(have), o);
	return 0;
}

static int link_pack(const struct svcr_part *p, svcrules_write_fn write, void *arg)
{
	return svcr_link_pack(link_of(p), write, arg);
}

static int link_unpack(const void *buf, size_t len, struct svcr_part *into)
{
	return svcr_link_unpack(buf, len, (struct svcr_link *)into);
}

const struct svcr_part_ops svcr_link_ops = {
	.kind = "link",
	.format = "ip",
	.change_format = "ip",
	.heading = "ip -batch",
	.print_order = 1,
	.free = link_free,
	.like = link_like,
	.describe_part = link_describe_part,
	.print = link_print,
	.json = link_json,
	.diff = link_diff,
	.changes_free = link_changes_free,
	.changes_empty = link_changes_empty,
	.count = link_count,
	.print_changes = link_print_changes,
	.print_notes = link_print_notes,
	.json_rest = link_json_rest,
	.drift = link_drift,
	.pack = link_pack,
	.unpack = link_unpack,
	.encode = link_encode,
	.describe = link_describe,
	.harmless = link_harmless,
	.reader_size = sizeof(struct link_reader),
	.reader_next = link_reader_next,
	.reader_take = link_reader_take,
	.reader_answered = link_reader_answered,
	.obstacle = link_obstacle,
};
