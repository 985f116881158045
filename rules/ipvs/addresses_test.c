/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part "link": what the kernel says of the interface, and changes of its addresses. */
#include "rules/ipvs/parts_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define INDEX 9

/* Messages have memory of their own, so that a sanitizer sees what is read past their end. */
static void addresses_send(struct svcr_link *l, const struct nlmsghdr *nlh)
{
	void *copy = malloc(nlh->nlmsg_len);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, nlh, nlh->nlmsg_len);
	ck_assert_int_eq(svcr_link_decode(l, copy), 0);
	free(copy);
}

/* An interface of that kind with that alias; NULL: without. */
static void addresses_send_link(struct svcr_link *l, const char *kind, const char *alias, bool up)
{
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct nlattr *nest;

	nlh->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = INDEX;
	info->ifi_flags = up ? IFF_UP : 0;
	if (alias)
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, alias);
	if (kind) {
		nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
		mnl_attr_nest_end(nlh, nest);
	}
	addresses_send(l, nlh);
}

/* IPv6 addresses may become a source if `preferred`. */
static void addresses_send_lifetime(struct svcr_link *l, int index, const char *text,
				    uint8_t prefix, bool preferred)
{
	const struct ifa_cacheinfo cache = { .ifa_prefered = preferred ? UINT32_MAX : 0,
					     .ifa_valid = UINT32_MAX };
	char buf[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	bool v6 = strchr(text, ':');
	uint8_t bytes[16];

	ck_assert_int_eq(inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes), 1);
	nlh->nlmsg_type = RTM_NEWADDR;
	*ifa = (struct ifaddrmsg){ .ifa_family = v6 ? AF_INET6 : AF_INET,
				   .ifa_prefixlen = prefix,
				   .ifa_index = (uint32_t)index };
	mnl_attr_put(nlh, IFA_ADDRESS, v6 ? 16 : 4, bytes);
	mnl_attr_put(nlh, IFA_CACHEINFO, sizeof(cache), &cache);
	addresses_send(l, nlh);
}

static void addresses_send_address(struct svcr_link *l, int index, const char *text, uint8_t prefix)
{
	addresses_send_lifetime(l, index, text, prefix, false);
}

/* ---- Owners --------------------------------------------------------------- */

#define OURS SVCRULES_INTERFACE_OWNER "svcrules-ipvs"

static const struct {
	const char *kind, *alias;
	bool address; /* it has one */
	bool foreign;
	const char *owner;
} interfaces[] = {
	{ "dummy", OURS, true, false, "svcrules-ipvs" },
	{ "dummy", SVCRULES_INTERFACE_OWNER "other", true, false, "other" },
	{ "dummy", NULL, false, false, "" }, /* left by a run that was killed */
	{ "dummy", NULL, true, true, "" },
	{ "dummy", "somebody's", false, true, "" },
	{ "dummy", "managed by svcrules", false, true, "" },
	{ "bridge", OURS, false, true, "" },
	{ "dummy0", OURS, false, true, "" },
	{ NULL, OURS, false, true, "" },
};

START_TEST(addresses_owner)
{
	struct svcr_link *l = svcr_link_new("svcrules-ipvs");

	addresses_send_link(l, interfaces[_i].kind, interfaces[_i].alias, true);
	if (interfaces[_i].address)
		addresses_send_address(l, INDEX, "10.96.0.1", 32);
	svcr_link_decode_end(l);
	ck_assert(l->present);
	ck_assert(l->foreign == interfaces[_i].foreign);
	ck_assert_str_eq(l->owner, interfaces[_i].owner);
	svcr_link_free(l);
}
END_TEST

/* ---- Addresses ------------------------------------------------------------ */

static const struct {
	const char *text;
	uint8_t prefix;
	int index;
	bool up, taken;
} addresses[] = {
	{ "10.96.0.1", 32, INDEX, true, true },
	{ "fd00::1", 128, INDEX, true, true },
	{ "10.96.0.1", 24, INDEX, true, false }, /* svcrules never makes one with that prefix */
	{ "fd00::1", 64, INDEX, true, false },
	{ "10.96.0.1", 32, INDEX + 1, true, false }, /* of another interface */
	{ "10.96.0.1", 32, INDEX, false, false },    /* an interface that is down serves nothing */
	{ "fe80::1", 128, INDEX, true, false },      /* the kernel's own */
};

START_TEST(addresses_address)
{
	struct svcr_link *l = svcr_link_new("svcrules-ipvs");
	char text[SVCR_ADDR_TEXT];

	addresses_send_link(l, "dummy", OURS, addresses[_i].up);
	addresses_send_address(l, addresses[_i].index, addresses[_i].text, addresses[_i].prefix);
	svcr_link_decode_end(l);
	ck_assert_uint_eq(l->addresses.n, addresses[_i].taken);
	if (addresses[_i].taken)
		ck_assert_str_eq(svcr_addr_text(&l->addresses.v[0], text), addresses[_i].text);
	ck_assert(!l->foreign);
	svcr_link_free(l);
}
END_TEST

/* Messages of any length say nothing rather than too much. */
START_TEST(addresses_truncated)
{
	static const uint16_t types[] = { RTM_NEWLINK, RTM_NEWADDR, RTM_DELADDR };
	char buf[256] __attribute__((aligned(8)));
	struct svcr_link *l = svcr_link_new("svcrules-ipvs");

	for (uint32_t len = sizeof(struct nlmsghdr); len < sizeof(buf); len++)
		for (uint32_t fill = 0; fill < 256; fill += 3) {
			struct nlmsghdr *nlh = (struct nlmsghdr *)buf;

			memset(buf, (int)fill, sizeof(buf));
			nlh->nlmsg_len = len;
			nlh->nlmsg_type = types[fill % ARRAY_SIZE(types)];
			addresses_send(l, nlh);
		}
	svcr_link_decode_end(l);
	svcr_link_free(l);
}
END_TEST

/* ---- Changes -------------------------------------------------------------- */

#define PART_LINK 1 /* of a rule set */

static struct svcrules_ruleset *addresses_with(const char *a, const char *b)
{
	struct svcrules_ruleset *rs = gen_empty("ipvs");
	struct svcr_link *l = svcr_ipvs_parts(rs).link;

	addresses_send_link(l, "dummy", OURS, true);
	addresses_send_address(l, INDEX, a, strchr(a, ':') ? 128 : 32);
	addresses_send_address(l, INDEX, b, strchr(b, ':') ? 128 : 32);
	svcr_link_decode_end(l);
	return rs;
}

/* What is encoded to add addresses decodes to these addresses. */
START_TEST(addresses_round)
{
	struct svcrules_ruleset *to = addresses_with("10.96.0.1", "fd00::1"),
				*empty = gen_empty("ipvs");
	struct svcrules_changes *c = gen_diff(empty, to);
	struct svcrules_messages m = gen_encode(c, PART_LINK, SVCRULES_ADD, INDEX);
	struct svcr_link *back = svcr_link_new("svcrules-ipvs");
	const struct nlmsghdr *nlh = m.buf;
	int left = (int)m.len;

	ck_assert_uint_eq(m.count, 2);
	addresses_send_link(back, "dummy", OURS, true);
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		addresses_send(back, nlh);
	svcr_link_decode_end(back);
	ck_assert_uint_eq(back->addresses.n, 2);
	ck_assert_uint_eq(back->preferred.n, 0);
	for (size_t i = 0; i < 2; i++)
		ck_assert(svcr_addr_eq(&back->addresses.v[i], &gen_addresses(to)->v[i]));
	free(m.buf);
	svcr_link_free(back);
	svcrules_changes_free(c);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(empty);
}
END_TEST

static const struct {
	enum svcrules_stage stage;
	uint32_t seq;
	int err;
	const char *text; /* NULL: harmless */
} refused[] = {
	{ SVCRULES_ADD, 1, -EEXIST, NULL },
	{ SVCRULES_ADD, 1, -EPERM, "cannot add fd00::1 to svcrules0: needs CAP_NET_ADMIN (root)" },
	{ SVCRULES_ADD, 1, -EACCES,
	  "cannot add fd00::1 to svcrules0: IPv6 is off on this host (disable_ipv6); "
	  "--family ipv4 leaves it out" },
	{ SVCRULES_REMOVE, 1, -EADDRNOTAVAIL, NULL },
	{ SVCRULES_REMOVE, 1, -ENODEV, NULL },
	{ SVCRULES_REMOVE, 1, -EPERM,
	  "cannot remove 10.96.0.1 from svcrules0: needs CAP_NET_ADMIN (root)" },
	{ SVCRULES_REMOVE, 9, -EPERM,
	  "cannot remove addresses from svcrules0: needs CAP_NET_ADMIN (root)" },
};

START_TEST(addresses_refused)
{
	const struct svcrules_refusal refusal = { refused[_i].seq, refused[_i].err };
	struct svcrules_ruleset *from = addresses_with("10.96.0.1", "10.96.0.2"),
				*to = addresses_with("10.96.0.2", "fd00::1");
	struct svcrules_changes *c = gen_diff(from, to);
	char *text = NULL;

	ck_assert_int_eq(
		svcrules_changes_refused(c, PART_LINK, refused[_i].stage, &refusal, 1, 0, &text),
		refused[_i].text ? SVCRULES_REFUSED : SVCRULES_REFUSED_HARMLESS);
	if (refused[_i].text)
		ck_assert_str_eq(text, refused[_i].text);
	free(text);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* As commands; the interface comes with its first address and goes with its last one. */
START_TEST(addresses_print)
{
	static const char *const expected[] = {
		"link add svcrules0 type dummy\n"
		"link set svcrules0 alias \"managed by svcrules: svcrules-ipvs\"\n"
		"link set svcrules0 addrgenmode none\nlink set svcrules0 up\n"
		"address add 10.96.0.1/32 dev svcrules0\n"
		"address add fd00::1/128 dev svcrules0 nodad noprefixroute preferred_lft 0\n",
		"link del svcrules0\n",
		"address add 10.96.0.2/32 dev svcrules0\naddress del fd00::1/128 dev svcrules0\n",
	};
	struct svcrules_ruleset *one = addresses_with("10.96.0.1", "fd00::1"),
				*none = gen_empty("ipvs"),
				*other = addresses_with("10.96.0.1", "10.96.0.2");
	struct svcrules_ruleset *from[] = { none, one, one }, *to[] = { one, none, other };
	struct svcrules_changes *c = gen_diff(from[_i], to[_i]);
	struct gen_text t = { NULL, 0 };

	ck_assert_int_eq(svcrules_changes_print(c, "ip", false, gen_write, &t), 0);
	ck_assert_str_eq(t.p, expected[_i]);
	free(t.p);
	svcrules_changes_free(c);
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(other);
}
END_TEST

/*
 * An IPv6 address that may become a source is mended, also in a reading that ends; one without
 * lifetimes is, too. An IPv4 address has no such thing.
 */
START_TEST(addresses_preferred)
{
	struct svcrules_ruleset *from = gen_empty("ipvs"),
				*to = addresses_with("fd00::1", "fd00::2");
	struct svcr_link *l = svcr_ipvs_parts(from).link;
	struct svcrules_changes *c;
	struct svcrules_changes_stats stats;
	struct gen_text t = { NULL, 0 };

	addresses_send_link(l, "dummy", OURS, true);
	addresses_send_lifetime(l, INDEX, "fd00::1", 128, true);
	addresses_send_lifetime(l, INDEX, "fd00::2", 128, false);
	addresses_send_lifetime(l, INDEX, "fd00::3", 128, true);
	addresses_send_lifetime(l, INDEX, "10.96.0.1", 32, true);
	svcr_link_decode_end(l);
	ck_assert_uint_eq(l->addresses.n, 4);
	ck_assert_uint_eq(l->preferred.n, 2);
	c = gen_diff(from, to);
	ck_assert_int_eq(svcrules_changes_print(c, "ip", false, gen_write, &t), 0);
	ck_assert_str_eq(t.p, "address replace fd00::1/128 dev svcrules0 nodad noprefixroute "
			      "preferred_lft 0\n"
			      "address del 10.96.0.1/32 dev svcrules0\n"
			      "address del fd00::3/128 dev svcrules0\n");
	ck_assert_int_eq(svcrules_changes_stats(c, &stats), 0);
	ck_assert_uint_eq(stats.addresses, 3);
	free(t.p);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("addresses");
	TCase *tc = tcase_create("addresses");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, addresses_owner, 0, (int)ARRAY_SIZE(interfaces));
	tcase_add_loop_test(tc, addresses_address, 0, (int)ARRAY_SIZE(addresses));
	tcase_add_test(tc, addresses_truncated);
	tcase_add_test(tc, addresses_round);
	tcase_add_loop_test(tc, addresses_refused, 0, (int)ARRAY_SIZE(refused));
	tcase_add_loop_test(tc, addresses_print, 0, 3);
	tcase_add_test(tc, addresses_preferred);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
