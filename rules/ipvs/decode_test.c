/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages byte for byte, hostile ones, whose is what, and what is said of refusals. */
#include "rules/ipvs/diff.h"
#include "rules/nftables/generate_test.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netfilter.h>

#define GENL 29
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define SERVICE(name, type, ip, more, ports) \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"" more "}," \
	"\"spec\":{\"type\":\"" type "\",\"clusterIPs\":[\"" ip "\"],\"ports\":[" ports "]}}"
#define PORT(protocol, node) \
	"{\"name\":\"p\",\"port\":80,\"protocol\":\"" protocol "\",\"nodePort\":" node "}"
#define SLICE(name, protocol, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"addressType\":\"IPv4\",\"metadata\":{" \
	"\"name\":\"" name "-1\",\"namespace\":\"a\",\"labels\":{\"kubernetes.io/service-name\":\"" name "\"}}," \
	"\"ports\":[{\"name\":\"p\",\"port\":8080,\"protocol\":\"" protocol "\"}],\"endpoints\":[" endpoints "]}"
#define ENDPOINT(ip) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"node2\"}"
#define HERE(ip) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"node1\"}"
#define WEB SERVICE("web", "NodePort", "10.96.0.1", "", PORT("TCP", "30080"))
#define DNS SERVICE("dns", "ClusterIP", "10.96.0.2", "", PORT("UDP", "0"))

static struct svcrules_ipvs_changes *diff(const struct svcrules_ipvs *from, const struct svcrules_ipvs *to)
{
	struct svcrules_ipvs_changes *c = NULL;

	ck_assert_int_eq(svcrules_ipvs_diff(from, to, &c), 0);
	return c;
}

/* ---- Bytes --------------------------------------------------------------- */

/* Numbers in the host's order, as the kernel has them; this machine's are little-endian. */
static const uint8_t add_server[] = {
	0x68, 0, 0, 0, GENL, 0, 0x01, 0, 1, 0, 0, 0, 0, 0, 0, 0, IPVS_CMD_NEW_SERVICE, 1, 0, 0,
	0x54, 0, 0x01, 0x80, /* the service, nested */
	6, 0, 1, 0, 2, 0, 0, 0, /* AF_INET */
	6, 0, 2, 0, 6, 0, 0, 0, /* TCP */
	20, 0, 3, 0, 10, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	6, 0, 4, 0, 0, 80, 0, 0, /* the port in network order */
	7, 0, 6, 0, 'r', 'r', 0, 0,
	12, 0, 7, 0, 0, 0, 0, 0x40, 0xff, 0xff, 0xff, 0xff, /* our mark */
	8, 0, 8, 0, 0, 0, 0, 0,
	8, 0, 9, 0, 0xff, 0xff, 0xff, 0xff,
};

START_TEST(test_bytes)
{
	struct svcrules_ipvs *v = gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *empty = svcrules_ipvs_new(svcrules_ipvs_nft(v));
	struct svcrules_ipvs_changes *c = diff(empty, v);
	size_t len, messages;
	void *buf;

	ck_assert_int_eq(svcrules_ipvs_changes_encode(c, false, GENL, &buf, &len, &messages), 0);
	ck_assert_uint_eq(messages, 4); /* cluster IP and node port */
	if (htons(1) != 1) {
		ck_assert_uint_ge(len, sizeof(add_server));
		ck_assert_mem_eq(buf, add_server, sizeof(add_server));
	}
	free(buf);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(empty);
	svcrules_ipvs_free(v);
}
END_TEST

/* ---- Hostile messages ---------------------------------------------------- */

/* In memory of its own, so that a sanitizer sees what is read past its end. */
static void decode_copy(const void *msg, size_t len)
{
	struct svcrules_nft *nft = svcrules_nft_new("svcrules-ipvs");
	struct svcrules_ipvs *v = svcrules_ipvs_new(nft);
	struct svcr_ipvs_server *s = SVCR_GROW(&v->servers);
	void *copy = malloc(len);
	int err;

	*s = (struct svcr_ipvs_server){ .protocol = 6, .port = 80 };
	memcpy(copy, msg, len);
	((struct nlmsghdr *)copy)->nlmsg_len = (uint32_t)len;
	err = svcrules_ipvs_decode_real(v, 0, copy);
	ck_assert(err == 0 || err == -EBADMSG);
	err = svcrules_ipvs_decode(v, copy);
	ck_assert(err == 0 || err == -EBADMSG);
	ck_assert_int_eq(svcrules_ipvs_own(v), 0);
	ck_assert_int_eq(svcrules_ipvs_decode_end(v), 0);
	free(copy);
	svcrules_ipvs_free(v);
	svcrules_nft_free(nft);
}

START_TEST(test_hostile)
{
	struct svcrules_ipvs *v = gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *empty = svcrules_ipvs_new(svcrules_ipvs_nft(v));
	struct svcrules_ipvs_changes *c = diff(empty, v);
	size_t len, messages;
	uint8_t *buf, *at;
	void *all;
	uint32_t rng = (uint32_t)_i * 2654435761u + 1;
	int left;

	ck_assert_int_eq(svcrules_ipvs_changes_encode(c, false, GENL, &all, &len, &messages), 0);
	buf = all;
	left = (int)len;
	for (struct nlmsghdr *nlh = all; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		size_t size = nlh->nlmsg_len;

		at = (uint8_t *)nlh;
		for (size_t cut = sizeof(*nlh); cut < size; cut++)
			decode_copy(at, cut);
		for (size_t i = sizeof(*nlh); i < size; i++) { /* one byte, then a second one as well */
			uint8_t was = at[i], *other = at + sizeof(*nlh) + (rng >> 8) % (size - sizeof(*nlh)), their = *other;

			rng = rng * 1664525u + 1013904223u;
			at[i] = (uint8_t)(rng >> 24);
			decode_copy(at, size);
			*other = (uint8_t)(rng >> 16);
			decode_copy(at, size);
			*other = their;
			at[i] = was;
		}
	}
	free(buf);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(empty);
	svcrules_ipvs_free(v);
}
END_TEST

/* ---- Whose is it --------------------------------------------------------- */

/* A virtual server as a dump has it. */
static void dumped(struct svcrules_ipvs *v, const char *ip, uint16_t port, uint32_t flags, uint32_t fwmark)
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
	ck_assert_int_eq(svcrules_ipvs_decode(v, nlh), 0);
}

static const struct {
	const char *ip;
	uint16_t port;
	uint32_t flags, fwmark;
	bool ours, read;
} owners[] = {
	{ "10.96.0.1", 80, IP_VS_SVC_F_HASHED, 0, true, true },           /* an address of svcrules0 */
	{ "10.96.0.1", 99, IP_VS_SVC_F_HASHED, 0, true, true },           /* the same, no service there */
	{ "192.0.2.1", 30080, IP_VS_SVC_F_HASHED, 0, true, true },        /* in the table */
	{ "192.0.2.1", 30081, IP_VS_SVC_F_HASHED, 0, false, true },       /* somebody's on a node address */
	{ "192.0.2.1", 30082, SVCR_IPVS_MARK | IP_VS_SVC_F_HASHED, 0, true, true }, /* marked, all else lost */
	{ "198.51.100.1", 80, IP_VS_SVC_F_HASHED, 0, false, true },       /* somebody's */
	{ NULL, 0, IP_VS_SVC_F_HASHED, 7, false, false },                 /* by firewall mark: nobody of ours */
};

START_TEST(test_owner)
{
	struct svcrules_ipvs *wanted = gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *v = svcrules_ipvs_new(svcrules_ipvs_nft(wanted)), *to;
	struct svcrules_ipvs_changes *c;

	svcrules_ipvs_decode_address(v, NFPROTO_IPV4, (const uint8_t[]){ 10, 96, 0, 1 });
	dumped(v, owners[_i].ip ? owners[_i].ip : "0.0.0.0", owners[_i].port, owners[_i].flags, owners[_i].fwmark);
	ck_assert_int_eq(svcrules_ipvs_own(v), 0);
	ck_assert_int_eq(svcrules_ipvs_decode_end(v), 0);
	ck_assert_uint_eq(svcrules_ipvs_servers(v), owners[_i].ours);
	ck_assert_uint_eq(v->foreign.n, owners[_i].read && !owners[_i].ours);
	to = svcrules_ipvs_new(svcrules_ipvs_nft(wanted)); /* nothing wanted: what is ours goes, nothing else */
	c = diff(v, to);
	ck_assert_uint_eq(c->v.n, owners[_i].ours);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(to);
	svcrules_ipvs_free(v);
	svcrules_ipvs_free(wanted);
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

START_TEST(test_conflict)
{
	struct svcrules_nft *none = svcrules_nft_new("svcrules-ipvs");
	struct svcrules_ipvs *wanted = conflicts[_i].endpoint ?
		gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0) : gen_ipvs_text(WEB SLICE("web", "TCP", ""), 0);
	struct svcrules_ipvs *have = svcrules_ipvs_new(none), *after = svcrules_ipvs_new(svcrules_ipvs_nft(wanted));
	char *text;

	dumped(have, conflicts[_i].ip, conflicts[_i].port, IP_VS_SVC_F_HASHED, 0);
	ck_assert_int_eq(svcrules_ipvs_own(have), 0);
	text = svcrules_ipvs_conflict(have, wanted, 0);
	if (conflicts[_i].text) {
		ck_assert_str_eq(text, conflicts[_i].text);
		ck_assert_ptr_null(svcrules_ipvs_conflict(have, wanted, 1));
	} else {
		ck_assert_ptr_null(text);
	}
	free(text);
	/* a table that refuses its port does not make it ours */
	dumped(after, conflicts[_i].ip, conflicts[_i].port, IP_VS_SVC_F_HASHED, 0);
	ck_assert_int_eq(svcrules_ipvs_own(after), 0);
	ck_assert_uint_eq(svcrules_ipvs_servers(after), _i == 0);
	svcrules_ipvs_free(after);
	svcrules_ipvs_free(have);
	svcrules_ipvs_free(wanted);
	svcrules_nft_free(none);
}
END_TEST

/* ---- What a change costs, and what is said of it ------------------------- */

START_TEST(test_cost)
{
	struct svcrules_ipvs *from = gen_ipvs_text(WEB SLICE("web", "TCP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.2"))
						   DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *to = gen_ipvs_text(WEB SLICE("web", "TCP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.3"))
						 DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs_changes_stats stats;
	struct svcrules_ipvs_changes *c;
	struct svcrules_changes *nft;
	size_t len, messages;
	void *buf;

	ck_assert_int_eq(svcrules_ipvs_settle(from, to, 900, SVCRULES_IPVS_APPLY), 0);
	c = diff(from, to);
	ck_assert_int_eq(svcrules_nft_diff(svcrules_ipvs_nft(from), svcrules_ipvs_nft(to), &nft), 0);
	ck_assert_int_eq(svcrules_changes_encode(nft, &buf, &len, &messages), 0);
	svcrules_ipvs_changes_stats(c, &stats);
	/* at the cluster IP and at the node port one comes and one is set to weight 0; the table notes both in one message */
	ck_assert_uint_eq(stats.reals, 4);
	ck_assert_uint_eq(stats.servers + stats.addresses, 0);
	ck_assert_uint_eq(messages, 1);
	free(buf);
	svcrules_changes_free(nft);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(from);
	svcrules_ipvs_free(to);
}
END_TEST

static const struct {
	bool removals;
	uint32_t seq;
	int err;
	const char *text; /* NULL: harmless */
} refusals[] = {
	{ false, 1, -ENOENT, "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: no such scheduler in this "
			     "kernel: 'rr' (module ip_vs_rr)" },
	{ false, 1, -EEXIST, "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: another program just made "
			     "one there" },
	{ false, 1, -EPERM, "Service a/web:p 10.96.0.1:80/tcp: cannot add the virtual server: needs CAP_NET_ADMIN (root)" },
	{ false, 3, -ESRCH, "Service a/web:p 10.96.0.1:80/tcp: cannot add real server 10.244.0.1:8080: another program just "
			    "removed its virtual server" },
	{ false, 3, -EINVAL, "Service a/web:p 10.96.0.1:80/tcp: cannot add real server 10.244.0.1:8080: the kernel takes no "
			     "such address for a real server" },
	{ false, 4, -ENOMEM, "Service a/web:p 192.0.2.1:30080/tcp: cannot add real server 10.244.0.1:8080: Cannot allocate "
			     "memory" },
	{ true, 1, -ESRCH, NULL },
	{ true, 1, -EPERM, "Service a/dns:p 10.96.0.2:80/udp: cannot remove the virtual server: needs CAP_NET_ADMIN (root)" },
};

START_TEST(test_refusals)
{
	struct svcrules_ipvs *from = gen_ipvs_text(DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *to = gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs_changes *c = diff(from, to);
	bool removals = refusals[_i].removals;
	char *text = svcrules_ipvs_changes_describe(c, removals, refusals[_i].seq, refusals[_i].err);

	ck_assert(svcrules_ipvs_changes_harmless(c, removals, refusals[_i].seq, refusals[_i].err) == !refusals[_i].text);
	if (refusals[_i].text)
		ck_assert_str_eq(text, refusals[_i].text);
	ck_assert(svcrules_ipvs_changes_same_server(c, false, 1, 3));
	ck_assert(!svcrules_ipvs_changes_same_server(c, false, 1, 4));
	free(text);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(from);
	svcrules_ipvs_free(to);
}
END_TEST

/* ---- Schedulers ---------------------------------------------------------- */

#define ANNOTATED(value) \
	SERVICE("web", "ClusterIP", "10.96.0.1", ",\"annotations\":{\"x\":\"y\",\"svcrules.io/ipvs-scheduler\":\"" value "\"}", \
		PORT("TCP", "0")) SLICE("web", "TCP", ENDPOINT("10.244.0.1"))

static const struct {
	const char *text, *option, *scheduler, *warning;
} schedulers[] = {
	{ ANNOTATED("sh"), NULL, "sh", NULL },
	{ ANNOTATED("sh"), "wlc", "sh", NULL },
	{ ANNOTATED(""), "wlc", "wlc", NULL },
	{ ANNOTATED("lblcr"), NULL, "lblcr", NULL },
	{ ANNOTATED("lblc"), NULL, "lblc", NULL },
	{ ANNOTATED("r"), "lc", "lc", "'r' is no scheduler, expected one of rr, wrr, lc, wlc, sh, mh, dh, sed, nq, lblc, lblcr: "
				      "ignored, lc is used" },
	{ ANNOTATED("rr, wrr"), NULL, "rr", "'rr, wrr' is no scheduler, expected one of rr, wrr, lc, wlc, sh, mh, dh, sed, nq, "
					     "lblc, lblcr: ignored, rr is used" },
};

START_TEST(test_schedulers)
{
	struct gen_input in = gen_read(schedulers[_i].text, 0);
	struct svcrules_diags *other = svcrules_diags_new();
	const struct svcrules_diag *d;
	struct svcrules_ipvs *v;

	if (schedulers[_i].option)
		ck_assert_int_eq(svcrules_options_set(in.o, "ipvs-scheduler", schedulers[_i].option, in.d), 0);
	ck_assert_int_eq(svcrules_options_set(in.o, "ipvs-scheduler", "rrr", other), -EINVAL);
	svcrules_diags_free(other);
	ck_assert_int_eq(svcrules_ipvs_build(in.m, in.o, in.d, &v), 0);
	ck_assert_uint_eq(svcrules_ipvs_servers(v), 1);
	ck_assert_str_eq(v->servers.v[0].scheduler, schedulers[_i].scheduler);
	ck_assert_uint_eq(svcrules_diags_count(in.d), schedulers[_i].warning != NULL);
	d = schedulers[_i].warning ? svcrules_diags_get(in.d, 0) : NULL;
	if (d) {
		ck_assert_str_eq(d->text, schedulers[_i].warning);
		ck_assert_str_eq(d->object, "Service a/web");
		ck_assert_str_eq(d->check, "ipvs-scheduler");
		ck_assert_int_eq(d->severity, SVCRULES_WARNING);
	}
	svcrules_ipvs_free(v);
	gen_release(&in);
}
END_TEST

/* The flags in a message about a virtual server. */
static void *flags_of(void *msg)
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
START_TEST(test_fallback)
{
	static const char *const names[] = { "sh", "mh", "rr" };
	struct gen_input in = gen_read(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *v, *empty, *back;
	struct svcrules_ipvs_changes *c;
	struct ip_vs_flags f;
	size_t len, messages;
	void *buf;

	ck_assert_int_eq(svcrules_options_set(in.o, "ipvs-scheduler", names[_i], in.d), 0);
	ck_assert_int_eq(svcrules_ipvs_build(in.m, in.o, in.d, &v), 0);
	empty = svcrules_ipvs_new(svcrules_ipvs_nft(v));
	back = svcrules_ipvs_new(svcrules_ipvs_nft(v));
	c = diff(empty, v);
	ck_assert_int_eq(svcrules_ipvs_changes_encode(c, false, GENL, &buf, &len, &messages), 0);
	ck_assert_int_eq(svcrules_ipvs_decode(back, buf), 0);
	ck_assert(!back->servers.v[0].damaged);
	memcpy(&f, flags_of(buf), sizeof(f));
	ck_assert_int_eq(!!(f.flags & IP_VS_SVC_F_SCHED1), _i < 2);
	f.flags ^= IP_VS_SVC_F_SCHED1;
	memcpy(flags_of(buf), &f, sizeof(f));
	ck_assert_int_eq(svcrules_ipvs_decode(back, buf), 0);
	ck_assert(back->servers.v[1].damaged);
	free(buf);
	svcrules_ipvs_changes_free(c);
	svcrules_ipvs_free(back);
	svcrules_ipvs_free(empty);
	svcrules_ipvs_free(v);
	gen_release(&in);
}
END_TEST

/* A node's address that no interface has: a gateway translates it, so no packet for it ends here. */
START_TEST(test_address_elsewhere)
{
	struct gen_input in = gen_read(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	struct svcr_ipvs_server like = { .addr = { .family = SVCR_IPV4, .bytes = { 203, 0, 113, 99 } },
					 .protocol = SVCR_TCP, .port = 30080 };
	struct svcrules_ipvs *v;

	ck_assert_int_eq(svcrules_options_set(in.o, "node-ip", "203.0.113.99,192.0.2.1", in.d), 0);
	if (_i) /* else nothing is known of interfaces */
		ck_assert_int_eq(svcrules_options_set(in.o, "host-ip", "192.0.2.7,192.0.2.1", in.d), 0);
	ck_assert_int_eq(svcrules_ipvs_build(in.m, in.o, in.d, &v), 0);
	ck_assert_uint_eq(svcrules_ipvs_servers(v), _i ? 2 : 3);
	ck_assert((svcr_ipvs_find(v, &like) == NULL) == _i);
	ck_assert(svcr_ipvs_in_table(v, SET_SERVICES, &like));
	ck_assert(svcr_ipvs_told(v, &like) == !_i);
	svcrules_ipvs_free(v);
	gen_release(&in);
}
END_TEST

/* ---- Flows --------------------------------------------------------------- */

static const uint8_t client[16] = { 203, 0, 113, 5 }, vip[16] = { 10, 96, 0, 2 }, pod[16] = { 10, 244, 0, 1 },
		     gone[16] = { 10, 244, 0, 9 }, other[16] = { 10, 96, 0, 3 };

START_TEST(test_flows)
{
	struct svcrules_ipvs *v = gen_ipvs_text(DNS SLICE("dns", "UDP", ENDPOINT("10.244.0.1")), 0);
	struct svcrules_ipvs *without = gen_ipvs_text(WEB SLICE("web", "TCP", ENDPOINT("10.244.0.1")), 0);
	const struct svcrules_nft *old = svcrules_ipvs_nft(v);

	ck_assert(!svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, vip, 80, pod, 8080));
	ck_assert(svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, vip, 80, pod, 8081));
	ck_assert(svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, vip, 80, gone, 8080));
	ck_assert(svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, vip, 80, vip, 80)); /* from before the service */
	ck_assert(!svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, other, 80, pod, 8080));
	ck_assert(svcrules_ipvs_flow_stale(without, old, NFPROTO_IPV4, client, vip, 80, pod, 8080)); /* a removed service */
	ck_assert(!svcrules_ipvs_flow_stale(without, NULL, NFPROTO_IPV4, client, vip, 80, pod, 8080));
	svcrules_ipvs_free(v);
	svcrules_ipvs_free(without);
}
END_TEST

#define LOCAL \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"dns\",\"namespace\":\"a\"},\"spec\":{" \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",\"clusterIPs\":[\"10.96.0.2\"]," \
	"\"externalIPs\":[\"203.0.113.1\"],\"ports\":[" PORT("UDP", "0") "]}}"

/* externalTrafficPolicy Local: only from outside do flows end at local endpoints. */
START_TEST(test_local_flows)
{
	static const uint8_t external[16] = { 203, 0, 113, 1 }, elsewhere[16] = { 10, 244, 0, 2 };
	struct svcrules_ipvs *v =
		gen_ipvs_text(LOCAL SLICE("dns", "UDP", HERE("10.244.0.1") "," ENDPOINT("10.244.0.2")), 0);

	ck_assert(!svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, external, 80, pod, 8080));
	ck_assert(svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, external, 80, elsewhere, 8080));
	/* to an address of its own a node speaks from that address */
	ck_assert(!svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, external, external, 80, elsewhere, 8080));
	ck_assert(!svcrules_ipvs_flow_stale(v, NULL, NFPROTO_IPV4, client, vip, 80, elsewhere, 8080));
	svcrules_ipvs_free(v);
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
	tcase_add_test(tc, test_bytes);
	tcase_add_loop_test(tc, test_hostile, 0, 4);
	tcase_add_loop_test(tc, test_owner, 0, (int)ARRAY_SIZE(owners));
	tcase_add_loop_test(tc, test_conflict, 0, (int)ARRAY_SIZE(conflicts));
	tcase_add_loop_test(tc, test_fallback, 0, 3);
	tcase_add_loop_test(tc, test_address_elsewhere, 0, 2);
	tcase_add_test(tc, test_cost);
	tcase_add_loop_test(tc, test_refusals, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_loop_test(tc, test_schedulers, 0, (int)ARRAY_SIZE(schedulers));
	tcase_add_test(tc, test_flows);
	tcase_add_test(tc, test_local_flows);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
