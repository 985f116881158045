/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages byte for byte, hostile ones, and which virtual servers svcrules made. */
#include "rules/ipvs/decode.h"
#include "rules/ipvs/inputs_test.h"
#include "rules/ipvs/parts_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

/* ---- Bytes --------------------------------------------------------------- */

/* Numbers in the host's order, as the kernel has them; this machine's are little-endian. */
static const uint8_t add_server[] = {
	0x68,
	0,
	0,
	0,
	GENL,
	0,
	0x01,
	0,
	1,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	IPVS_CMD_NEW_SERVICE,
	1,
	0,
	0,
	0x54,
	0,
	0x01,
	0x80, /* the service, nested */
	6,
	0,
	1,
	0,
	2,
	0,
	0,
	0, /* AF_INET */
	6,
	0,
	2,
	0,
	6,
	0,
	0,
	0, /* TCP */
	20,
	0,
	3,
	0,
	10,
	96,
	0,
	1,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	6,
	0,
	4,
	0,
	0,
	80,
	0,
	0, /* the port in network order */
	7,
	0,
	6,
	0,
	'r',
	'r',
	0,
	0,
	12,
	0,
	7,
	0,
	0,
	0,
	0,
	0x40,
	0xff,
	0xff,
	0xff,
	0xff, /* our mark */
	8,
	0,
	8,
	0,
	0,
	0,
	0,
	0,
	8,
	0,
	9,
	0,
	0xff,
	0xff,
	0xff,
	0xff,
};

START_TEST(ipvs_bytes)
{
	struct svcrules_ruleset *v = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_messages m = gen_servers_messages(v);

	ck_assert_uint_eq(m.count, 4); /* cluster IP and node port */
	if (htons(1) != 1) {
		ck_assert_uint_ge(m.len, sizeof(add_server));
		ck_assert_mem_eq(m.buf, add_server, sizeof(add_server));
	}
	free(m.buf);
	svcrules_ruleset_free(v);
}
END_TEST

/* ---- Hostile messages ---------------------------------------------------- */

/* In memory of its own, so that a sanitizer sees what is read past its end. */
static void ipvs_decode_copy(const void *msg, size_t len)
{
	struct svcrules_ruleset *rs = gen_empty("ipvs");
	struct svcr_ipvs_parts parts = svcr_ipvs_parts(rs);
	struct svcr_ipvs_server *s = SVCR_GROW(&parts.ipvs->servers);
	void *copy = malloc(len);
	int err;

	*s = (struct svcr_ipvs_server){ .protocol = 6, .port = 80 };
	memcpy(copy, msg, len);
	((struct nlmsghdr *)copy)->nlmsg_len = (uint32_t)len;
	err = svcr_ipvs_decode_real(parts.ipvs, 0, copy);
	ck_assert(err == 0 || err == -EBADMSG);
	err = svcr_ipvs_decode(parts.ipvs, copy);
	ck_assert(err == 0 || err == -EBADMSG);
	ck_assert_int_eq(svcr_ipvs_own(&parts), 0);
	ck_assert_int_eq(svcr_ipvs_decode_end(parts.ipvs), 0);
	free(copy);
	svcrules_ruleset_free(rs);
}

/* Decodes a message with one byte changed, then with a second one, for each byte of it. */
static void ipvs_decode_changed(uint8_t *at, size_t size, uint32_t *rng)
{
	for (size_t i = sizeof(struct nlmsghdr); i < size; i++) {
		uint8_t *other = at + sizeof(struct nlmsghdr) +
				 (*rng >> 8) % (size - sizeof(struct nlmsghdr));
		uint8_t was = at[i], was_other = *other;

		*rng = *rng * 1664525u + 1013904223u;
		at[i] = (uint8_t)(*rng >> 24);
		ipvs_decode_copy(at, size);
		*other = (uint8_t)(*rng >> 16);
		ipvs_decode_copy(at, size);
		*other = was_other;
		at[i] = was;
	}
}

START_TEST(ipvs_hostile)
{
	struct svcrules_ruleset *v = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_messages m = gen_servers_messages(v);
	uint32_t rng = (uint32_t)_i * 2654435761u + 1;
	struct nlmsghdr *nlh = m.buf;
	int left = (int)m.len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		size_t size = nlh->nlmsg_len;

		for (size_t cut = sizeof(*nlh); cut < size; cut++)
			ipvs_decode_copy(nlh, cut);
		ipvs_decode_changed((uint8_t *)nlh, size, &rng);
	}
	free(m.buf);
	svcrules_ruleset_free(v);
}
END_TEST

/* ---- Owners --------------------------------------------------------------- */

/* A virtual server as a dump has it. */
static void ipvs_dumped(struct svcrules_ruleset *v, const char *ip, uint16_t port, uint32_t flags,
			uint32_t fwmark)
{
	const struct ip_vs_flags f = { .flags = flags, .mask = UINT32_MAX };
	char buf[512] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *nest;
	uint8_t addr[16] = { 0 };

	inet_pton(AF_INET, ip, addr);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	nest = mnl_attr_nest_start(nlh, IPVS_CMD_ATTR_SERVICE);
	mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_AF, AF_INET);
	if (fwmark) {
		mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_FWMARK, fwmark);
	} else {
		mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PROTOCOL, 6);
		mnl_attr_put(nlh, IPVS_SVC_ATTR_ADDR, sizeof(addr), addr);
		mnl_attr_put_u16(nlh, IPVS_SVC_ATTR_PORT, htons(port));
	}
	mnl_attr_put_strz(nlh, IPVS_SVC_ATTR_SCHED_NAME, "rr");
	mnl_attr_put(nlh, IPVS_SVC_ATTR_FLAGS, sizeof(f), &f);
	mnl_attr_put_u32(nlh, IPVS_SVC_ATTR_NETMASK, UINT32_MAX);
	mnl_attr_nest_end(nlh, nest);
	ck_assert_int_eq(svcr_ipvs_decode(gen_servers(v), nlh), 0);
}

static int ipvs_own_all(struct svcrules_ruleset *rs)
{
	struct svcr_ipvs_parts parts = svcr_ipvs_parts(rs);

	return svcr_ipvs_own(&parts);
}

static const struct {
	const char *ip;
	uint16_t port;
	uint32_t flags, fwmark;
	bool ours, read;
} owners[] = {
	/* an address of svcrules0 */
	{ "10.96.0.1", 80, IP_VS_SVC_F_HASHED, 0, true, true },
	/* the same, no service there */
	{ "10.96.0.1", 99, IP_VS_SVC_F_HASHED, 0, true, true },
	/* in the table */
	{ "192.0.2.1", 30080, IP_VS_SVC_F_HASHED, 0, true, true },
	/* somebody's on a node address */
	{ "192.0.2.1", 30081, IP_VS_SVC_F_HASHED, 0, false, true },
	/* marked, all else lost */
	{ "192.0.2.1", 30082, SVCR_IPVS_MARK | IP_VS_SVC_F_HASHED, 0, true, true },
	/* somebody's */
	{ "198.51.100.1", 80, IP_VS_SVC_F_HASHED, 0, false, true },
	/* by firewall mark, which svcrules never uses */
	{ NULL, 0, IP_VS_SVC_F_HASHED, 7, false, false },
};

START_TEST(ipvs_owner)
{
	const struct svcr_addr address = { .family = SVCR_IPV4, .bytes = { 10, 96, 0, 1 } };
	struct svcrules_ruleset *wanted = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ruleset *v = gen_over(wanted), *to;
	struct svcr_ipvs_changes *c;

	ck_assert_int_eq(svcr_addrs_add(gen_addresses(v), &address), 0);
	ipvs_dumped(v, owners[_i].ip ? owners[_i].ip : "0.0.0.0", owners[_i].port, owners[_i].flags,
		    owners[_i].fwmark);
	ck_assert_int_eq(ipvs_own_all(v), 0);
	ck_assert_int_eq(svcr_ipvs_decode_end(gen_servers(v)), 0);
	ck_assert_uint_eq(gen_servers(v)->servers.n, owners[_i].ours);
	ck_assert_uint_eq(gen_servers(v)->foreign.n, owners[_i].read && !owners[_i].ours);
	to = gen_over(wanted); /* nothing wanted: what is ours goes, nothing else */
	c = gen_servers_diff(v, to);
	ck_assert_uint_eq(c->v.n, owners[_i].ours);
	svcr_ipvs_changes_free(c);
	gen_over_free(to);
	gen_over_free(v);
	svcrules_ruleset_free(wanted);
}
END_TEST

static const struct {
	const char *endpoint; /* or NULL: the service is refused */
	const char *ip;
	uint16_t port;
	const char *text; /* NULL: in nobody's way */
} conflicts[] = {
	{ ENDPOINT("10.244.0.1"), "192.0.2.1", 30080, "Service a/web:p 192.0.2.1:30080/tcp" },
	{ NULL, "192.0.2.1", 30080, "Service a/web:p 192.0.2.1:30080/tcp" },
	{ NULL, "10.96.0.1", 443, "10.96.0.1:443/tcp" }, /* svcrules0 is to get its address */
	{ ENDPOINT("10.244.0.1"), "192.0.2.1", 443, NULL },
	{ ENDPOINT("10.244.0.1"), "198.51.100.1", 80, NULL },
};

/* The sentences on what is in the way: one on the virtual server, one on what can be done. */
static void ipvs_assert_obstacles(const struct svcrules_ruleset *have,
				  const struct svcrules_ruleset *wanted, const char *server)
{
	char *text, expected[160];

	snprintf(expected, sizeof(expected),
		 "%s: IPVS has a virtual server there that svcrules did not make", server);
	ck_assert_int_eq(svcrules_obstacle(have, wanted, 0, &text), 1);
	ck_assert_str_eq(text, expected);
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, wanted, 1, &text), 1);
	ck_assert_str_eq(text, "nothing was changed; kube-proxy's are removed by "
			       "'kube-proxy --cleanup', others by 'ipvsadm -D'");
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, wanted, 2, &text), 0);
}

START_TEST(ipvs_conflict)
{
	struct svcrules_ruleset *wanted = gen_build_text(
		"ipvs",
		conflicts[_i].endpoint ? WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")) :
					 WEB SLICE("web", "TCP", ""),
		0);
	struct svcrules_ruleset *have = gen_empty("ipvs"), *after = gen_over(wanted);
	char *text;

	ipvs_dumped(have, conflicts[_i].ip, conflicts[_i].port, IP_VS_SVC_F_HASHED, 0);
	ck_assert_int_eq(ipvs_own_all(have), 0);
	if (conflicts[_i].text)
		ipvs_assert_obstacles(have, wanted, conflicts[_i].text);
	else
		ck_assert_int_eq(svcrules_obstacle(have, wanted, 0, &text), 0);
	/* a table that refuses its port does not make it ours */
	ipvs_dumped(after, conflicts[_i].ip, conflicts[_i].port, IP_VS_SVC_F_HASHED, 0);
	ck_assert_int_eq(ipvs_own_all(after), 0);
	ck_assert_uint_eq(gen_servers(after)->servers.n, _i == 0);
	gen_over_free(after);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(wanted);
}
END_TEST

/* ---- Flags ---------------------------------------------------------------- */

/* The flags in a message about a virtual server. */
static void *ipvs_flags_of(void *msg)
{
	struct nlattr *nest = mnl_nlmsg_get_payload_offset(msg, sizeof(struct genlmsghdr)), *a;

	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) == IPVS_SVC_ATTR_FLAGS)
			return mnl_attr_get_payload(a);
	ck_abort_msg("no flags");
}

/*
 * What sh and mh choose may have weight 0: then they must take another one,
 * which is a flag of theirs. Without it, or with it at another scheduler, a
 * virtual server is not as svcrules makes it.
 */
START_TEST(ipvs_fallback)
{
	static const char *const names[] = { "sh", "mh", "rr" };
	struct gen_input in = gen_read("ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ruleset *v, *back;
	struct svcrules_messages m;
	struct ip_vs_flags f;

	ck_assert_int_eq(svcrules_options_set(in.o, "ipvs-scheduler", names[_i], in.d), 0);
	v = gen_build_input(&in);
	back = gen_over(v);
	m = gen_servers_messages(v);
	ck_assert_int_eq(svcr_ipvs_decode(gen_servers(back), m.buf), 0);
	ck_assert(!gen_servers(back)->servers.v[0].damaged);
	memcpy(&f, ipvs_flags_of(m.buf), sizeof(f));
	ck_assert_int_eq(!!(f.flags & IP_VS_SVC_F_SCHED1), _i < 2);
	f.flags ^= IP_VS_SVC_F_SCHED1;
	memcpy(ipvs_flags_of(m.buf), &f, sizeof(f));
	ck_assert_int_eq(svcr_ipvs_decode(gen_servers(back), m.buf), 0);
	ck_assert(gen_servers(back)->servers.v[1].damaged);
	free(m.buf);
	gen_over_free(back);
	svcrules_ruleset_free(v);
	gen_release(&in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs-decode");
	TCase *tc = tcase_create("ipvs-decode");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, ipvs_bytes);
	tcase_add_loop_test(tc, ipvs_hostile, 0, 4);
	tcase_add_loop_test(tc, ipvs_owner, 0, (int)ARRAY_SIZE(owners));
	tcase_add_loop_test(tc, ipvs_conflict, 0, (int)ARRAY_SIZE(conflicts));
	tcase_add_loop_test(tc, ipvs_fallback, 0, 3);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
